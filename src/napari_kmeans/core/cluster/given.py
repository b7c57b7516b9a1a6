"""Given centers: those that are fixed, and those to start from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .. import validation
from ..data.samples import EXTREME
from .clusters import few_distinct
from .search import MARGIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data.frame import Frame
    from ..data.samples import Samples
    from ..options.anchors import Anchors
    from ..options.settings import Settings
    from .lloyd import Fixed


class Given(NamedTuple):
    """Centers that a search has to have, as the samples are.

    Attributes
    ----------
    centers : (n, n_channels) float64
        First those that are fixed.
    n_fixed : int
    n_free : int
        How many centers there are to be beside those that are fixed.
    """

    centers: NDArray[np.float64]
    n_fixed: int
    n_free: int

    @classmethod
    def of(cls, samples: Samples, settings: Settings) -> Given:
        """Return what the settings ask for."""
        anchors = settings.anchors
        if anchors is None:
            return cls(np.empty((0, samples.n_channels)), 0, settings.k)
        stay = in_frame(anchors, samples.frame)
        largest = float(np.abs(stay).max(initial=0.0))
        validation.check_near(anchors.name, anchors.centers, largest <= EXTREME)
        low, high = samples.window
        far = MARGIN * (high - low)  # beyond that, squares might be beyond float64
        starts = samples.frame.relative(anchors.starts)
        starts = np.clip(starts, low - far, high + far)
        n_free = settings.n_centers - len(stay)
        return cls(np.vstack([stay, starts]), len(stay), n_free)

    @property
    def n_all(self) -> int:
        """How many centers there are to be."""
        return self.n_fixed + self.n_free

    @property
    def all_given(self) -> bool:
        """Whether there is no other center to be searched for."""
        return len(self.centers) == self.n_all

    def fixed(self, k: int) -> Fixed | None:
        """Return for each of k centers which fixed one it is, or -1; None if none."""
        if not self.n_fixed:
            return None
        which = np.arange(k)
        return np.where(which < self.n_fixed, which, -1)

    def few(self, samples: Samples) -> NDArray[np.float64] | None:
        """Return the fixed and all other distinct samples, where no more are asked for.

        None where there are more.
        """
        fixed = self.centers[: self.n_fixed]
        if not self.n_free:
            return fixed
        distinct = few_distinct(samples, self.n_all)
        if distinct is None or not self.n_fixed:
            return distinct
        is_fixed = (distinct[:, np.newaxis] == fixed).all(axis=2).any(axis=1)
        others = distinct[~is_fixed]
        return np.vstack([fixed, others]) if len(others) <= self.n_free else None

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


def in_frame(anchors: Anchors, frame: Frame) -> NDArray[np.float64]:
    """Return the centers that stay as they are in a frame; of merged ones, several."""
    if not anchors.is_of(frame.space):
        return frame.relative(anchors.centers[anchors.owners])
    given, unmatched = anchors.palette, anchors.places[anchors.unmatched]
    centers = given.quantizer.centers[anchors.used], given.moments.means[unmatched]
    return frame.adopt(np.vstack(centers), given.quantizer.frame)
