"""Clustering: samples to clusters. The search, the refinement, the order."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import lloyd, validation
from .optimum import optimum
from .progress import stage
from .settling import SETTLING, settle
from .sums import label_dtype

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from .samples import Samples
    from .settings import Settings

#: How far off, in ranges of the others, a few far values are searched.
MARGIN = 2.0**10

#: Steps of a refinement without a limit, to tell how far it is.
UNLIMITED = 100

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


def cluster(
    samples: Samples,
    pick: Callable[[], tuple[NDArray[Any], NDArray[np.int32] | None]],
    settings: Settings,
    *,
    whole: bool,
    luminance: NDArray[np.float64] | None = None,
) -> Clusters:
    """Cluster samples.

    Parameters
    ----------
    samples : Samples
        All of them.
    pick : callable
        Returns what to search: rows, (n, n_channels), as the samples are, and their
        initial labels or None.
    settings : Settings
    whole : bool
        Whether these rows are the samples, all of them and in their order.
    luminance : (n_channels,) float64, optional
        What to order the clusters by; by default the mean of the channels.
    """
    searched, settled, refined = _milestones(settings)
    _check_reach(samples, settings)
    max_iter, epsilon = settings.criteria.resolve(samples.range, samples.frame.unit)
    told = settings.criteria.epsilon
    if told is None:
        told = epsilon * samples.frame.unit

    def sort(centers: NDArray[np.float64]) -> NDArray[np.float64]:
        return centers[_brightness(centers, luminance)]

    def finish(centers: NDArray[np.float64], n_iter: int, converged: bool) -> Clusters:
        with stage("Assigning", refined):
            return _finish(samples, centers, luminance, n_iter, converged, told)

    few = samples.distinct(settings.k) if _may_be_few(samples, settings.k) else None
    if few is not None and len(few) <= settings.k - (not settings.refine):
        # Each distinct sample is a cluster of its own: nothing to search for.
        return finish(few, 0, True)

    if settings.init == "optimal":
        with stage("Solving, cluster", 0, refined, n_steps=settings.k):
            return finish(optimum(samples, settings.k), 0, True)
    with stage("Searching, attempt", 0, searched, n_steps=settings.attempts):
        found = _search(*pick(), samples, settings, max_iter, epsilon)
    if not settings.refine and whole:
        return _plain(found, luminance, told)
    if not settings.refine:
        return finish(found.centers, 0, False)
    centers = found.centers
    if settings.initial_labels is None:
        with stage("Settling, swap", searched, settled, n_steps=SETTLING):
            centers = settle(samples, centers, settings.seed)
    most = max_iter or UNLIMITED
    with stage("Refining, step", settled, refined, n_steps=most):
        end = lloyd.refine(samples, centers, max_iter, epsilon, sort)
    return finish(*end)


def _milestones(settings: Settings) -> NDArray[np.float64]:
    """Return about which part of all is done once it is searched, settled, refined."""
    refining = (SETTLING, settings.criteria.max_iter or UNLIMITED)
    steps = [settings.attempts, *(n * settings.refine for n in refining), 1]
    return np.asarray(np.cumsum(steps)[:3] / sum(steps))


def _check_reach(samples: Samples, settings: Settings) -> None:
    """Raise where some values, or weights, would leave nothing of the others."""
    if settings.init == "optimal" and samples.weights.size:
        validation.check_optimal_weights(samples.weights)
    if samples.dominated:
        window = samples.frame.restore(samples.window)
        ends = samples.frame.restore(np.stack([samples.minima, samples.maxima]))
        vanish = samples.frame.unit != 1 and samples.range < VANISHING
        validation.check_reach(ends, window, settings.init, vanish=vanish)


class _Found(NamedTuple):
    compactness: float
    labels: NDArray[np.int32]
    centers: NDArray[np.float64]


def _may_be_few(samples: Samples, k: int) -> bool:
    return samples.n_colors is None or samples.n_colors <= k


def _search(
    rows: NDArray[Any],
    initial_labels: NDArray[np.int32] | None,
    samples: Samples,
    settings: Settings,
    max_iter: int | None,
    epsilon: float,
) -> _Found:
    """Search by OpenCV, on values that float32 holds well."""
    from . import opencv

    if settings.refine and samples.dominated:  # the others would be one to float32
        low, high = samples.window
        rows = np.clip(rows, low - MARGIN * (high - low), high + MARGIN * (high - low))
    offset, scale = _conditioning(rows, samples, plain=not settings.refine)
    attempts = 1 if settings.k == 1 else settings.attempts
    found = opencv.search(
        np.ascontiguousarray((rows - offset) * scale, np.float32),
        settings.k,
        max_iter=max_iter,
        epsilon=epsilon * scale,
        attempts=attempts,
        init=settings.init,
        initial_labels=initial_labels,
        seed=settings.seed,
    )
    centers = found.centers.astype(np.float64) / scale + offset
    return _Found(found.compactness, found.labels, centers)


def _conditioning(
    rows: NDArray[Any], samples: Samples, *, plain: bool
) -> tuple[NDArray[np.float64], float]:
    """Return what to subtract, and a power of two to multiply by, before float32.

    OpenCV sums in float32, so values far from zero would lose what tells them apart,
    and extreme ones would overflow when squared. Plain OpenCV gets the data's own
    values. Else integers count from their least, so that an image and the same image
    shifted are searched alike, and ordinary floats are left alone.
    """
    if plain:
        frame = samples.frame
        return -np.array(frame.origin, np.float64), frame.unit
    low, high = rows.min(axis=0).astype(np.float64), rows.max(axis=0).astype(np.float64)
    reach = float((high - low).max())
    offset = np.zeros(samples.n_channels)
    if max(-low.min(), high.max()) > 8 * reach:
        offset = low + (high - low) / 2
    if reach == 0 or 1e-9 < reach < 1e9:
        return offset, 1.0
    return offset, 2.0 ** min(-math.frexp(reach)[1], 1000)


def _brightness(
    centers: NDArray[np.float64], luminance: NDArray[np.float64] | None
) -> NDArray[np.intp]:
    """Return the order of the centers by brightness, then channel by channel."""
    bright = centers.mean(axis=1) if luminance is None else centers @ luminance
    return np.lexsort((*centers.T[::-1], bright))


def _plain(
    found: _Found,
    luminance: NDArray[np.float64] | None,
    epsilon: float,
) -> Clusters:
    """Return OpenCV's own answer, but for the order of the clusters."""
    order = _brightness(found.centers, luminance)
    k = len(order)
    rank = np.empty(k, label_dtype(k))
    rank[order] = np.arange(k)
    labels = rank[found.labels]
    weights = np.bincount(labels, minlength=k).astype(np.float64)
    return Clusters(
        labels, found.centers[order], weights, found.compactness, 0, False, epsilon
    )


def _finish(
    samples: Samples,
    centers: NDArray[np.float64],
    luminance: NDArray[np.float64] | None,
    n_iter: int,
    converged: bool,
    epsilon: float,
) -> Clusters:
    """Order the centers, and assign every sample to its nearest."""
    centers = samples.rounded(centers)
    centers = centers[_brightness(centers, luminance)]
    assigned = lloyd.assign(samples, centers)
    for _ in range(len(centers)):
        if (assigned.weights > 0).all():
            break
        moved = lloyd.relocate(samples, centers, assigned)
        if np.array_equal(moved, centers):  # float64 tells no more colors apart
            moved = centers[assigned.weights > 0]
        else:
            converged = False
        centers = moved[_brightness(moved, luminance)]
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
