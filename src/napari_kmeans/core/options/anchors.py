"""Anchors: centers that a user gave, to stay where they are or to start from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import validation

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Anchors:
    """Centers that a clustering is to have, and others that it is to start from.

    Attributes
    ----------
    name : {"init", "keep"}
        The option that gave those that stay.
    centers : (n, n_channels) float64
        Of the clusters that stay, in the units of the image.
    starts : (m, n_channels) float64
        Where the search starts from, beside them.
    palette : Palette or None
        What those that stay are clusters of; None of an array.
    places : (n,) intp
        Which clusters of it, or rows of the array, they are, from 0.
    """

    name: str
    centers: NDArray[np.float64]
    starts: NDArray[np.float64]
    palette: Any
    places: NDArray[np.intp]

    @classmethod
    def of(
        cls,
        init: Any,
        centers: NDArray[np.float64] | None,
        fixed: Any,
        keep: Any,
        like: Any,
    ) -> Anchors | None:
        """Return what is given; None where nothing is.

        Parameters
        ----------
        init : Palette or other
        centers : (n, n_channels) float64, or None
            Those of `init`, where it has some.
        fixed : bool, or sequence of int or bool
        keep : Palette or None
            With locked clusters.
        like : Palette or None
            Whose numbers clusters are to have.
        """
        stay = validation.check_fixed(fixed, None if centers is None else len(centers))
        for name, other in {"keep": keep, "like": like}.items():
            validation.check_alone("fixed", fixed, stay.any(), name, other)
        if keep is not None:
            places = np.flatnonzero(keep.locked)
            own = keep.centers[places]
            starts = own[:0] if centers is None else centers
            return cls("keep", own, starts, keep, places)
        if centers is None:
            return None
        palette = init if hasattr(init, "quantizer") else None
        places = np.flatnonzero(stay)
        return cls("init", centers[stay], centers[~stay], palette, places)

    @property
    def n(self) -> int:
        """How many clusters stay."""
        return len(self.centers)

    @property
    def leading(self) -> bool:
        """Whether those that stay come first, in their order; not by brightness."""
        return self.name == "init"

    @property
    def used(self) -> NDArray[np.bool_]:
        """Which centers of the palette's quantizer are of those that stay."""
        return np.isin(self.palette.owners, self.places)

    @property
    def unmatched(self) -> NDArray[np.bool_]:
        """Which of those that stay have no center of the palette's quantizer."""
        return np.isin(self.places, self.palette.owners, invert=True)

    @property
    def owners(self) -> NDArray[np.intp]:
        """Of which cluster, from 0, each center is: a merged cluster has several.

        First those of the quantizer, then those that have none there.
        """
        rank = np.arange(self.n)
        if self.palette is None:
            return rank
        ranks = np.full(self.palette.k, -1)
        ranks[self.places] = rank
        own = ranks[self.palette.owners[self.used]]
        return np.concatenate([own, rank[self.unmatched]])

    def is_of(self, space: str) -> bool:
        """Whether they are of a palette that measures distances in that space."""
        return self.palette is not None and self.palette.space.name == space

    @property
    def record(self) -> dict[str, Any]:
        """What was given as plain values."""
        told: dict[str, Any] = {}
        if self.name == "keep":
            told["keep"] = self.centers.tolist()
            return told | ({"init": self.starts.tolist()} if len(self.starts) else {})
        init = np.empty((self.n + len(self.starts), self.centers.shape[1]))
        stay = np.zeros(len(init), np.bool_)
        stay[self.places] = True
        init[stay], init[~stay] = self.centers, self.starts
        told["init"] = init.tolist()
        told |= {"fixed": (self.places + 1).tolist()} if self.n else {}
        if self.n and self.palette is not None:
            told["of_palette"] = True  # whose names and further centers they have, too
        return told
