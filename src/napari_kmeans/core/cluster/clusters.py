"""Clusters: what comes of samples, in the order of their brightness."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .. import validation
from . import lloyd, sums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data.samples import Samples
    from ..options.settings import Settings

#: In the unit of the farthest values, those within this have no squares.
VANISHING = 2.0**-400


class Clusters(NamedTuple):
    """The clusters of samples, by the brightness of their centers.

    `labels` is 0..k-1, one for each sample; `centers` is as the samples are: less their
    origin, in their unit. `compactness` and `epsilon` are in the units of the data.
    `squared` is the part of each cluster of the compactness, as the samples are: none
    of plain OpenCV, which does not tell. `fixed` is, where centers were given to stay,
    which of them each is, and -1 for the others. Where samples were left out, as by
    `within`, their label is k, and `drift` is that of the moments of the others.
    """

    labels: NDArray[np.unsignedinteger]
    centers: NDArray[np.float64]
    weights: NDArray[np.float64]
    compactness: float
    n_iter: int
    converged: bool
    epsilon: float
    squared: NDArray[np.float64] | None = None
    fixed: NDArray[np.intp] | None = None
    drift: NDArray[np.float64] | None = None


class Limits(NamedTuple):
    """When an iteration stops, in the unit of the samples; and what is told of that.

    Attributes
    ----------
    max_iter : int or None
    epsilon : float
    told : float
        Epsilon in the units of the data.
    """

    max_iter: int | None
    epsilon: float
    told: float

    @classmethod
    def of(cls, samples: Samples, settings: Settings) -> Limits:
        """Return the user's criteria, with what they leave open."""
        max_iter, epsilon = settings.criteria.resolve(samples.range, samples.frame.unit)
        told = settings.criteria.epsilon
        if told is None:
            told = epsilon * samples.frame.unit
        return cls(max_iter, epsilon, told)


def few_distinct(samples: Samples, k: int) -> NDArray[np.float64] | None:
    """Return the distinct samples, where they may be at most k; None where not."""
    if samples.n_colors is not None and samples.n_colors > k:
        return None
    few = samples.distinct(k)
    return few if len(few) <= k else None


def check_reach(samples: Samples, settings: Settings) -> None:
    """Raise where some values, or weights, would leave nothing of the others."""
    if settings.init == "optimal" and samples.weights.size:
        validation.check_optimal_weights(samples.weights)
    if samples.dominated:
        window = samples.frame.inverse(samples.window)
        ends = samples.frame.inverse(np.stack([samples.minima, samples.maxima]))
        vanish = samples.frame.unit != 1 and samples.range < VANISHING
        validation.check_reach(ends, window, settings.init, vanish=vanish)


def brightness(
    centers: NDArray[np.float64], luminance: NDArray[np.float64] | None
) -> NDArray[np.intp]:
    """Return the order of the centers by brightness, then channel by channel."""
    bright = centers.mean(axis=1) if luminance is None else centers @ luminance
    return np.lexsort((*centers.T[::-1], bright))


def ordering(luminance: NDArray[np.float64] | None, *, leading: bool) -> lloyd.Order:
    """Return what orders centers by brightness; those `leading` that are fixed."""

    def order(
        centers: NDArray[np.float64], fixed: lloyd.Fixed | None
    ) -> NDArray[np.intp]:
        by = brightness(centers, luminance)
        if fixed is None or not leading:
            return by
        rank = np.where(fixed < 0, len(fixed), fixed)
        return by[np.argsort(rank[by], kind="stable")]

    return order


def finish(
    samples: Samples,
    centers: NDArray[np.float64],
    order: lloyd.Order,
    n_iter: int,
    converged: bool,
    epsilon: float,
    fixed: lloyd.Fixed | None = None,
) -> Clusters:
    """Order the centers, and assign every sample to its nearest.

    Those that are `fixed`, not below 0, stay where they are, even if none is nearest.
    """
    those = np.full(len(centers), -1) if fixed is None else fixed
    moved = np.where(those[:, np.newaxis] < 0, samples.rounded(centers), centers)
    for _ in range(len(centers) + 1):
        ordered = order(moved, those)
        centers, which = moved[ordered], those[ordered]
        assigned = lloyd.assign(samples, centers)
        missing = (assigned.weights <= 0) & (which < 0)
        if not missing.any():
            break
        moved = lloyd.relocate(samples, centers, assigned, missing)
        if np.array_equal(moved, centers):  # float64 tells no more colors apart
            moved, those = centers[~missing], which[~missing]
        else:
            those, converged = which, False
    found = _clusters(samples, centers, assigned)
    found = found._replace(n_iter=n_iter, converged=converged, epsilon=epsilon)
    return found if fixed is None else found._replace(fixed=which)


def within(samples: Samples, clusters: Clusters, reject: float) -> Clusters:
    """Leave out the samples that are farther than that from every center.

    In the units of the data. The centers stay where they are.
    """
    unit, centers = samples.frame.unit, clusters.centers
    reach = reject / unit
    added = sums.own_sums(samples, centers, reach)
    labels = clusters.labels
    if samples.in_memory:
        labels = np.concatenate(samples.each(sums.nearest, centers, reach))
    squared = added[:, -1]
    return clusters._replace(
        labels=labels,
        weights=added[:, -2],
        squared=squared,
        compactness=float(squared.sum()) * unit * unit,
        drift=added[:, :-2],
    )


def nearest(samples: Samples, centers: NDArray[np.float64]) -> Clusters:
    """Assign every sample to the nearest of given centers, which stay as they are."""
    return _clusters(samples, centers, lloyd.assign(samples, centers))


def _clusters(
    samples: Samples, centers: NDArray[np.float64], assigned: lloyd.Assigned
) -> Clusters:
    unit = samples.frame.unit
    return Clusters(
        labels=assigned.labels,
        centers=centers,
        weights=assigned.weights,
        compactness=float(assigned.squared.sum()) * unit * unit,
        n_iter=0,
        converged=True,
        epsilon=0.0,
        squared=assigned.squared,
    )
