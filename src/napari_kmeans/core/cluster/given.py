"""Given centers: those that are kept, and those to start from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .clusters import few_distinct
from .search import MARGIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data.samples import Samples
    from ..options.settings import Settings
    from .lloyd import Fixed


class Given(NamedTuple):
    """Centers that a search has to have, as the samples are.

    Attributes
    ----------
    centers : (n, n_channels) float64
        First those that are kept.
    n_kept : int
    n_free : int
        How many centers there are to be beside those that are kept.
    """

    centers: NDArray[np.float64]
    n_kept: int
    n_free: int

    @classmethod
    def of(cls, samples: Samples, settings: Settings) -> Given:
        """Return what the settings ask for."""
        kept = seeds = np.empty((0, samples.n_channels))
        if settings.keep is not None:
            locked, used = np.array(settings.keep.locked), settings.keep.quantizer
            of = locked if used.owners is None else locked[used.owners]
            kept = samples.frame.adopt(used.centers[of], used.frame)
        if settings.seeds is not None:
            low, high = samples.window
            far = MARGIN * (high - low)  # beyond that, squares might be beyond float64
            found = samples.frame.relative(settings.seeds)
            seeds = np.clip(found, low - far, high + far)
        n_free = settings.n_centers - len(kept)
        return cls(np.vstack([kept, seeds]), len(kept), n_free)

    @property
    def n_all(self) -> int:
        """How many centers there are to be."""
        return self.n_kept + self.n_free

    @property
    def all_given(self) -> bool:
        """Whether there is no other center to be searched for."""
        return len(self.centers) == self.n_all

    def fixed(self, k: int) -> Fixed | None:
        """Return for each of k centers which of the kept it is, or -1; None if none."""
        if not self.n_kept:
            return None
        which = np.arange(k)
        return np.where(which < self.n_kept, which, -1)

    def few(self, samples: Samples) -> NDArray[np.float64] | None:
        """Return the kept and all other distinct samples, where no more are asked for.

        None where there are more.
        """
        kept = self.centers[: self.n_kept]
        if not self.n_free:
            return kept
        distinct = few_distinct(samples, self.n_all)
        if distinct is None or not self.n_kept:
            return distinct
        is_kept = (distinct[:, np.newaxis] == kept).all(axis=2).any(axis=1)
        others = distinct[~is_kept]
        return np.vstack([kept, others]) if len(others) <= self.n_free else None

    def among(self, centers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the given centers, and of others those that they do not replace.

        They replace the nearest, so that all ways together are the shortest (H. W.
        Kuhn, "The Hungarian method for the assignment problem", 1955).
        """
        from scipy.optimize import linear_sum_assignment
        from scipy.spatial.distance import cdist

        costs = cdist(self.centers, centers, "sqeuclidean")
        given, replaced = linear_sum_assignment(costs)
        # The nearest first, unless too few would be left.
        distance = np.full(len(centers), np.inf)
        distance[replaced] = costs[given, replaced]
        rest = np.argsort(-distance, kind="stable")
        n_rest = self.n_all - len(self.centers)
        return np.vstack([self.centers, centers[np.sort(rest[:n_rest])]])
