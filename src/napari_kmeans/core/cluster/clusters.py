"""Clusters: what comes of samples, in the order of their brightness."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .. import validation
from . import lloyd

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
    of plain OpenCV, which does not tell.
    """

    labels: NDArray[np.unsignedinteger]
    centers: NDArray[np.float64]
    weights: NDArray[np.float64]
    compactness: float
    n_iter: int
    converged: bool
    epsilon: float
    squared: NDArray[np.float64] | None = None


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


def finish(
    samples: Samples,
    centers: NDArray[np.float64],
    luminance: NDArray[np.float64] | None,
    n_iter: int,
    converged: bool,
    epsilon: float,
) -> Clusters:
    """Order the centers, and assign every sample to its nearest."""
    centers = samples.rounded(centers)
    centers = centers[brightness(centers, luminance)]
    assigned = lloyd.assign(samples, centers)
    for _ in range(len(centers)):
        if (assigned.weights > 0).all():
            break
        moved = lloyd.relocate(samples, centers, assigned)
        if np.array_equal(moved, centers):  # float64 tells no more colors apart
            moved = centers[assigned.weights > 0]
        else:
            converged = False
        centers = moved[brightness(moved, luminance)]
        assigned = lloyd.assign(samples, centers)
    unit = samples.frame.unit
    return Clusters(
        assigned.labels,
        centers,
        assigned.weights,
        float(assigned.squared.sum()) * unit * unit,
        n_iter,
        converged,
        epsilon,
        assigned.squared,
    )
