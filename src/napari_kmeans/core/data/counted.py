"""Counted colors as samples: the distinct ones, weighted by their counts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..run.memory import are_scattered, zeros
from .frame import Frame
from .samples import Samples
from .sampling import PROBE

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from .codes import Codes


@dataclass(frozen=True)
class Colors(Samples):
    """The distinct colors of an image, weighted by their counts.

    Attributes
    ----------
    codes : Codes
    occurring : (n,) uint32
        The codes of the samples.
    """

    codes: Codes = field(kw_only=True)
    occurring: NDArray[np.uint32] = field(kw_only=True)

    def channels(self, dtype: np.dtype[Any]) -> list[NDArray[Any]]:
        """Return the colors as the image has them, channel by channel, each (n,)."""
        return self.codes.channels(self.occurring, dtype)

    def coarse(self, size: int, seed: int) -> Samples:  # noqa: ARG002
        """Return about `size` samples, the means of colors close to each other."""
        group = self.n // size
        if group < 2:
            return self
        starts = np.arange(0, self.n, group)
        weights = np.add.reduceat(self.weights, starts)
        values = np.add.reduceat(self.values * self.weights, starts, axis=1) / weights
        return Samples(values, weights, self.frame, False, None, True)

    def framed(self, frame: Frame) -> Colors:
        """Return the same colors as they are in another frame."""
        decoded = self.codes.decode(self.occurring).astype(np.float64)
        minima = zip(self.codes.minima, frame.origin, strict=True)
        # Both are integers: their difference is held where they might not be.
        decoded += np.array([[least - at] for least, at in minima], np.float64)
        if frame.converts:
            values = frame.forward(list(decoded))
        else:
            values = decoded / frame.unit
            if frame.scale:
                values *= np.array([frame.scale]).T
        return replace(self, values=values, frame=frame)

    def table(self, labels: NDArray[Any]) -> NDArray[Any]:
        """Return the label of each possible color; 0 where it does not occur."""
        some = self.occurring[:: max(1, self.n // PROBE)]
        scattered = are_scattered(some, labels.dtype)
        lut = zeros(self.codes.n, labels.dtype, scattered=scattered)
        lut[self.occurring] = labels
        return lut


def from_colors(
    codes: Codes,
    occurring: NDArray[np.uint32],
    counts: NDArray[np.float64],
    frame: Callable[[NDArray[np.float64], NDArray[np.float64]], Frame] | None = None,
) -> Colors:
    """Return the distinct colors of integer pixels as samples.

    Parameters
    ----------
    codes : Codes
    occurring, counts : (n,) uint32, (n,) float64
        The colors that occur, ascending, and how often.
    frame : callable, optional
        Returns the frame for values of the data, (n_channels, n), and their weights.
        By default values count from their least.
    """
    values = codes.decode(occurring).astype(np.float64)
    least = values.min(axis=1, keepdims=True)
    if codes.are_rgb and least.any():
        # In the order that the same image has, shifted to begin at 0.
        shifted = codes.encode(list((values - least).astype(np.uint8)))
        order = np.argsort(shifted, kind="stable")  # fast, as most are in order
        occurring, counts = occurring[order], counts[order]
        values = np.ascontiguousarray(values[:, order])
    if frame is None:
        values -= least
        minima = zip(codes.minima, least[:, 0], strict=True)
        made = Frame(tuple(a + int(b) for a, b in minima))
    else:
        values += np.array(codes.minima, np.float64)[:, np.newaxis]
        made = frame(values, counts)
        values = made.forward(list(values))
    return Colors(
        values,
        counts,
        made,
        integral=True,
        n_colors=len(occurring),
        compact=True,
        codes=codes,
        occurring=occurring,
    )
