"""Termination criteria: when a k-means iteration stops."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from ..validation import shown

#: Bits of OpenCV's ``TermCriteria.type``.
COUNT, EPS = 1, 2

#: What OpenCV takes for epsilon where its criteria leave epsilon out (FLT_EPSILON).
OPENCV_EPSILON = 2.0**-23


@dataclass(frozen=True, slots=True)
class Criteria:
    """When k-means stops: after some iterations, or when the centers rest.

    Parameters
    ----------
    max_iter : int or None, default 10
        The most iterations to take; at least 1. None leaves them unlimited. The
        search by OpenCV, which comes first, holds this number to 2..100.
    epsilon : float or None, default None
        Stop when no center has moved farther than this, in the units of the data;
        at least 0. None means 1/255 of the range of the data, which for a full
        8-bit image is the 1.0 of the OpenCV tutorials. 0 means: until nothing moves.

    Raises
    ------
    TypeError
        If `max_iter` is not an integer or `epsilon` is not a real number.
    ValueError
        If `max_iter` is less than 1 or `epsilon` is negative or not finite.

    Examples
    --------
    >>> Criteria()
    Criteria(max_iter=10, epsilon=None)
    >>> Criteria.from_opencv((3, 10, 1.0))  # cv2.TERM_CRITERIA_EPS + _MAX_ITER
    Criteria(max_iter=10, epsilon=1.0)
    """

    max_iter: int | None = 10
    epsilon: float | None = None

    def __post_init__(self) -> None:
        if self.max_iter is not None:
            if isinstance(self.max_iter, bool) or not isinstance(
                self.max_iter, Integral
            ):
                raise TypeError(
                    f"max_iter={shown(self.max_iter)} should be an integer or None."
                )
            if self.max_iter < 1:
                raise ValueError(
                    f"max_iter={shown(self.max_iter)} should be at least 1."
                )
            object.__setattr__(self, "max_iter", int(self.max_iter))
        if self.epsilon is not None:
            if isinstance(self.epsilon, bool) or not isinstance(self.epsilon, Real):
                raise TypeError(
                    f"epsilon={shown(self.epsilon)} should be a number or None."
                )
            try:
                epsilon = float(self.epsilon)
            except OverflowError:  # an integer that is no float
                epsilon = math.inf
            if not 0 <= epsilon < math.inf:
                raise ValueError(
                    f"epsilon={shown(self.epsilon)} should be a finite number of at "
                    "least 0."
                )
            object.__setattr__(self, "epsilon", epsilon)

    @classmethod
    def from_opencv(cls, criteria: tuple[int, int, float]) -> Criteria:
        """Read OpenCV's ``(type, max_iter, epsilon)``, as pasted from a script.

        Parameters
        ----------
        criteria : tuple of (int, int, float)
            `type` is ``cv2.TERM_CRITERIA_MAX_ITER``, ``cv2.TERM_CRITERIA_EPS`` or
            their sum.

        Returns
        -------
        Criteria
            Without a limit on iterations where `type` leaves it out; with OpenCV's
            own epsilon, 2**-23, where `type` leaves that out.

        Raises
        ------
        TypeError
            If `criteria` is not such a tuple.
        ValueError
            If `type` names neither criterion or a value is out of its range.
        """
        if len(criteria) != 3:
            raise TypeError(
                f"criteria={shown(criteria)} should be a Criteria or OpenCV's "
                "(type, max_iter, epsilon)."
            )
        kind, max_iter, epsilon = criteria
        if isinstance(kind, bool) or not isinstance(kind, Integral):
            raise TypeError(
                f"criteria={shown(criteria)} should begin with OpenCV's type, an "
                "integer."
            )
        if kind not in (COUNT, EPS, COUNT | EPS):
            raise ValueError(
                f"criteria={shown(criteria)} should begin with 1 (iterations), 2 "
                "(epsilon) or 3 (both)."
            )
        return cls(
            max_iter if kind & COUNT else None,
            epsilon if kind & EPS else OPENCV_EPSILON,
        )

    @classmethod
    def of(cls, criteria: Any) -> Criteria:
        """Return `criteria` as a Criteria: itself, or read from OpenCV's tuple."""
        if isinstance(criteria, Criteria):
            return criteria
        if isinstance(criteria, (tuple, list)):
            return cls.from_opencv(tuple(criteria))
        raise TypeError(
            f"criteria={shown(criteria)} should be a Criteria or OpenCV's "
            "(type, max_iter, epsilon)."
        )

    def resolve(self, data_range: float, unit: float = 1.0) -> tuple[int | None, float]:
        """Return the iterations, and the epsilon for data of this range.

        Parameters
        ----------
        data_range : float
            Range of the data, in `unit`.
        unit : float, default 1.0
            What the range and the returned epsilon are counted in.
        """
        if self.epsilon is None:
            return self.max_iter, data_range / 255
        return self.max_iter, self.epsilon / unit
