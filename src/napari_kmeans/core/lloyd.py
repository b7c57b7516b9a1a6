"""Lloyd's iteration over all samples: means in float64 of what is nearest.

The method is that of S. P. Lloyd, "Least squares quantization in PCM", IEEE Trans.
Inf. Theory 28 (1982); empty clusters are treated as `cv2.kmeans` treats them.
"""

from __future__ import annotations

from functools import partial
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from . import kernels
from .blocks import map_blocks
from .samples import TILES

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from numpy.typing import NDArray

    from .samples import Samples

    Centers = NDArray[np.float64]


#: What a compactness may be off by, as a part of it.
PRECISION = 2.0**-40


class Refined(NamedTuple):
    """Where the iteration ended."""

    centers: Centers
    n_iter: int
    converged: bool


class Assigned(NamedTuple):
    """Each sample's nearest center, ties to the lowest index."""

    labels: NDArray[np.unsignedinteger]
    weights: NDArray[np.float64]
    squared: NDArray[np.float64]
    each: NDArray[np.float64]


def label_dtype(k: int) -> type[np.unsignedinteger]:
    """Return the dtype that holds labels 0..k."""
    return np.uint8 if k <= np.iinfo(np.uint8).max else np.uint16


def refine(
    samples: Samples,
    centers: Centers,
    max_iter: int | None,
    epsilon: float,
    sort: Callable[[Centers], Centers],
) -> Generator[int, None, Refined]:
    """Move the centers to the means of their samples, again and again.

    Parameters
    ----------
    samples : Samples
    centers : (k, n_channels) float64
        Where to start from.
    max_iter : int or None
        The most steps; None for no limit.
    epsilon : float
        Stop after a step that moves no center farther than this.
    sort : callable
        Puts centers into the order they will be used in: a sample as near to one as to
        another belongs to the first, so that at rest the order must not change.

    Yields
    ------
    int
        The number of steps done.

    Returns
    -------
    Refined
        `converged` is whether epsilon was what stopped it.
    """
    centers = earlier = sort(centers)
    for n_iter in count(1):
        moved = step(samples, centers)
        shift = np.sqrt(((moved - centers) ** 2).sum(axis=1).max())
        centers = sort(moved)
        yield n_iter
        if shift <= epsilon:
            return Refined(centers, n_iter, True)
        # Between equally good centers, rounding might send it around for ever: sooner
        # or later it would meet the centers of a step that is a power of two.
        if n_iter == max_iter or np.array_equal(centers, earlier):
            break
        if n_iter & (n_iter - 1) == 0:
            earlier = centers
    return Refined(centers, n_iter, False)


def step(samples: Samples, centers: Centers) -> Centers:
    """Return the mean of the samples nearest to each center."""
    return step_and_merit(samples, centers)[0]


def step_and_merit(samples: Samples, centers: Centers) -> tuple[Centers, float]:
    """Return the means of `step`, and what the step is worth: less is better.

    The merit is the compactness of the samples about these means, but for a constant.
    """
    origin = samples.minima
    none = np.empty(0, label_dtype(len(centers)))
    sums = _visit(samples, centers, 0.0, none, np.empty(0))
    totals, weights = sums[:, :-2], sums[:, -2]
    if (weights <= 0).any():
        _fill(samples, centers, origin, totals, weights)
    means = totals / weights[:, np.newaxis]
    merit = -float((weights * (means**2).sum(axis=1)).sum())
    # A rounding error must not take a mean out of the data's range.
    means = np.clip(origin + means, samples.minima, samples.maxima)
    return samples.rounded(means), merit


def _fill(
    samples: Samples,
    centers: Centers,
    origin: Centers,
    totals: Centers,
    weights: NDArray[np.float64],
) -> None:
    """Give each empty cluster the farthest sample of the largest, as OpenCV does."""
    taken = np.empty((0, samples.n_channels))
    for k in np.flatnonzero(weights <= 0):
        for donor in np.argsort(-weights, kind="stable"):
            if weights[donor] <= 0:
                # Nothing left to give: the center stays where it is.
                totals[k], weights[k] = centers[k] - origin, 1.0
                break
            mean = origin + totals[donor] / weights[donor]
            distance, index = _farthest(samples, centers, int(donor), mean, taken)
            if distance <= 0:  # one color throughout: to split it would gain nothing
                continue
            sample = samples.values[:, index].astype(np.float64)
            # Rounded, the mean of one color may lie beside it.
            if _farthest(samples, centers, int(donor), sample, taken)[0] <= 0:
                continue
            weight = _weight(samples, sample)
            if weight >= weights[donor]:  # the others are lost in rounding
                continue
            totals[donor] -= weight * (sample - origin)
            weights[donor] -= weight
            totals[k], weights[k] = weight * (sample - origin), weight
            taken = np.vstack([taken, sample])
            break


def _weight(samples: Samples, sample: Centers) -> float:
    """Return the weight of all samples that equal one: to part them would be vain."""
    equal = (samples.values == sample[:, np.newaxis]).all(axis=0)
    return float(samples.weights[equal].sum() if samples.weights.size else equal.sum())


def _farthest(
    samples: Samples, centers: Centers, label: int, center: Centers, taken: Centers
) -> tuple[float, int]:
    """Return the last of the samples of a cluster that are farthest from `center`."""
    given = samples.values, samples.boxes
    found = map_blocks(
        lambda start, stop: kernels.farthest(
            *given, centers, label, center, taken, start, stop
        ),
        samples.n_tiles,
        TILES,
    )
    return max(found)


def assign(samples: Samples, centers: Centers, *, each: bool = False) -> Assigned:
    """Label each sample with its nearest center, ties to the lowest index.

    With `each`, also return the weighted squared distance of each sample.
    """
    distances = np.empty(samples.n if each else 0)
    k = len(centers)
    labels = np.empty(samples.n, label_dtype(k))
    lowest = np.minimum(samples.minima, centers.min(axis=0))
    highest = np.maximum(samples.maxima, centers.max(axis=0))
    most = float(((highest - lowest) ** 2).sum()) * samples.total_weight
    sums = _visit(samples, centers, most, labels, distances)
    error = samples.n * kernels.quanta(most, 1.0, samples.n)[1]
    if error > PRECISION * sums[:, -1].sum():
        # Far fewer samples are far from their center than there might have been.
        distances = distances if each else np.empty(samples.n)
        _visit(samples, centers, most, labels, distances)
        most = float(distances.max()) * samples.n
        sums = _visit(samples, centers, most, labels, distances)
    return Assigned(labels, sums[:, -2], sums[:, -1], distances)


def _visit(
    samples: Samples,
    centers: Centers,
    most: float,
    labels: NDArray[np.unsignedinteger],
    distances: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Visit all samples: see `kernels.visit`.

    `most` bounds the sum of their weighted squared distances.
    """
    last = kernels.quanta(most, 1.0, samples.n)
    splitters = np.vstack([samples.splitters, kernels.SPLITTER * last])
    visit = partial(
        kernels.visit,
        samples.values,
        samples.weights,
        samples.minima,
        samples.boxes,
        samples.totals,
        centers,
        splitters,
    )
    parts = map_blocks(
        lambda start, stop: visit(start, stop, labels, distances),
        samples.n_tiles,
        TILES,
    )
    return np.asarray(np.sum(parts, axis=0).sum(axis=-1))


def relocate(samples: Samples, centers: Centers, assigned: Assigned) -> Centers:
    """Return the centers with those of empty clusters put on far samples."""
    moved = centers.copy()
    taken = np.empty((0, samples.n_channels))
    for k in np.flatnonzero(assigned.weights <= 0):
        largest = int(assigned.squared.argmax())
        distance, index = _farthest(samples, centers, largest, centers[largest], taken)
        if distance > 0:
            moved[k] = samples.values[:, index]
            taken = np.vstack([taken, moved[k]])
    return moved
