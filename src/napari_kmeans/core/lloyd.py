"""Lloyd's iteration over all samples: means in float64 of what is nearest.

The method is that of S. P. Lloyd, "Least squares quantization in PCM", IEEE Trans.
Inf. Theory 28 (1982); empty clusters are treated as `cv2.kmeans` treats them.
"""

from __future__ import annotations

from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from . import kernels
from .blocks import map_blocks
from .progress import exhaust
from .samples import TILES

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from numpy.typing import NDArray

    from .samples import Samples

    Centers = NDArray[np.float64]


R = TypeVar("R")

#: Whether clusters were summed each on its own, as merits of the two ways differ by
#: more than a step is worth; and the merit.
Merit = tuple[bool, float]

#: What a compactness may be off by, as a part of it; and the weight of a cluster.
PRECISION, WEIGHING = 2.0**-40, 2.0**-30


class Refined(NamedTuple):
    """Where the iteration ended."""

    centers: Centers
    n_iter: int
    converged: bool


class Assigned(NamedTuple):
    """Each sample's nearest center, ties to the lowest index.

    `weights` and `squared` are the sums of the weights, and of the weighted squared
    distances, for each center. `labels` and `each`, the squared distances, are for each
    sample, where these are in memory.
    """

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
) -> Generator[float, None, Refined]:
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
    float
        The number of steps done, with that part of a step that is done.

    Returns
    -------
    Refined
        `converged` is whether epsilon was what stopped it.
    """
    centers = earlier = sort(centers)
    for n_iter in count(1):
        moved, _ = yield from step_and_merit(samples, centers, n_iter - 1)
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
    return exhaust(step_and_merit(samples, centers))[0]


def step_and_merit(
    samples: Samples, centers: Centers, done: int = 0
) -> Generator[float, None, tuple[Centers, Merit]]:
    """Return the means of `step`, and what the step is worth: less is better.

    The merit is the compactness of the samples about these means, but for a constant.
    Between parts of the samples, the part that is done is yielded, plus `done`.
    """
    own = samples.dominated
    if not own:
        last = kernels.quanta(0.0, 1.0, samples.n)
        splitters = np.vstack([samples.splitters, kernels.SPLITTER * last])
        summing = samples.each(_sums, centers, samples.minima, splitters)
        sums = np.sum((yield from ahead(summing, done)), axis=0).sum(axis=-1)
        origins = np.broadcast_to(samples.minima, centers.shape)
        constant, own = 0.0, _lost(samples, sums[:, -2])
    if own:
        sums = yield from ahead(_own_sums(samples, centers), done)
        origins, constant = centers, float(sums[:, -1].sum())
    totals, weights = sums[:, :-2], sums[:, -2]
    if (weights <= 0).any():
        yield from ahead(_fill(samples, centers, origins, totals, weights), done)
    means = totals / weights[:, np.newaxis]
    merit = constant - float((weights * (means**2).sum(axis=1)).sum())
    # A rounding error must not take a mean out of the data's range.
    means = np.clip(origins + means, samples.minima, samples.maxima)
    return samples.rounded(means), (own, merit)


def _fill(
    samples: Samples,
    centers: Centers,
    origins: Centers,
    totals: Centers,
    weights: NDArray[np.float64],
) -> Generator[float, None, None]:
    """Give each empty cluster the farthest sample of the largest, as OpenCV does.

    `totals` are sums less `origins`, of each cluster its own.
    """
    taken = np.empty((0, samples.n_channels))
    for k in np.flatnonzero(weights <= 0):
        for donor in np.argsort(-weights, kind="stable"):
            if weights[donor] <= 0:
                # Nothing left to give: the center stays where it is.
                totals[k], weights[k] = centers[k] - origins[k], 1.0
                break
            mean = origins[donor] + totals[donor] / weights[donor]
            far = partial(_farthest, samples, centers, int(donor), taken=taken)
            distance, sample = yield from far(mean)
            if distance <= 0:  # one color throughout: to split it would gain nothing
                continue
            # Rounded, the mean of one color may lie beside it.
            if (yield from far(sample))[0] <= 0:
                continue
            # The weight of all samples that equal it: to part them would be vain.
            weight = sum((yield from samples.each(_weight, sample)))
            if weight >= weights[donor]:  # the others are lost in rounding
                continue
            totals[donor] -= weight * (sample - origins[donor])
            weights[donor] -= weight
            totals[k], weights[k] = weight * (sample - origins[k]), weight
            taken = np.vstack([taken, sample])
            break


def _weight(samples: Samples, sample: Centers) -> float:
    """Return the weight of all samples that equal one."""
    equal = (samples.values == sample[:, np.newaxis]).all(axis=0)
    return float(samples.weights[equal].sum() if samples.weights.size else equal.sum())


def _farthest(
    samples: Samples, centers: Centers, label: int, center: Centers, taken: Centers
) -> Generator[float, None, tuple[float, Centers]]:
    """Return the last of the samples of a cluster that are farthest from `center`.

    With its squared distance, which is -1 where there is none.
    """
    found = yield from samples.each(_farthest_of, centers, label, center, taken)
    distance, _, sample = max(found, key=lambda far: far[:2])
    return distance, sample


def _farthest_of(
    samples: Samples, centers: Centers, label: int, center: Centers, taken: Centers
) -> tuple[float, int, Centers]:
    given = samples.values, samples.boxes
    found = map_blocks(
        lambda start, stop: kernels.farthest(
            *given, centers, label, center, taken, start, stop
        ),
        samples.n_tiles,
        TILES,
    )
    distance, index = max(found, default=(-1.0, -1))
    if distance < 0:
        return distance, index, center
    sample = samples.values[:, index].astype(np.float64)
    return distance, samples.position(index), sample


def assign(
    samples: Samples, centers: Centers, *, each: bool = False
) -> Generator[float, None, Assigned]:
    """Label each sample with its nearest center, ties to the lowest index.

    With `each`, also return the weighted squared distance of each sample. Between parts
    of the samples, the part that is done is yielded.
    """
    lowest = np.minimum(samples.minima, centers.min(axis=0))
    highest = np.maximum(samples.maxima, centers.max(axis=0))
    most = float(((highest - lowest) ** 2).sum()) * samples.total_weight
    found, quantum = yield from _assigned(samples, centers, most, each)
    if samples.n * quantum > PRECISION * found.squared.sum():
        # Far fewer samples are far from their center than there might have been.
        largest = yield from samples.each(_largest, centers)
        most = max(largest) * samples.n
        found, _ = yield from _assigned(samples, centers, most, each)
    if samples.dominated or _lost(samples, found.weights):
        sums = yield from _own_sums(samples, centers)
        found = found._replace(weights=sums[:, -2], squared=sums[:, -1])
    return found


def _assigned(
    samples: Samples, centers: Centers, most: float, each: bool
) -> Generator[float, None, tuple[Assigned, float]]:
    """Assign; `most` bounds the sum of the weighted squared distances.

    Also return the quantum to which these are rounded.
    """
    last = kernels.quanta(most, 1.0, samples.n)
    splitters = np.vstack([samples.splitters, kernels.SPLITTER * last])
    given = centers, samples.minima, splitters, samples.in_memory, each
    parts = yield from samples.each(_assigned_of, *given)
    sums = np.sum([part[0] for part in parts], axis=0).sum(axis=-1)
    _, labels, distances = parts[0]
    return Assigned(labels, sums[:, -2], sums[:, -1], distances), float(last[1])


def _assigned_of(
    samples: Samples,
    centers: Centers,
    origin: Centers,
    splitters: NDArray[np.float64],
    keep: bool,
    each: bool,
) -> tuple[NDArray[np.float64], NDArray[np.unsignedinteger], NDArray[np.float64]]:
    """Return sums, labels and distances; the labels empty but to be kept."""
    labels = np.empty(samples.n, label_dtype(len(centers)))
    distances = np.empty(samples.n if each else 0)
    sums = _visit(samples, centers, origin, splitters, labels, distances)
    # A view would hold all of them.
    return sums, labels if keep else labels[:0].copy(), distances


def _largest(samples: Samples, centers: Centers) -> float:
    """Return the largest weighted squared distance to a nearest center."""
    return float(_labeled(samples, centers)[1].max(initial=0.0))


def _labeled(
    samples: Samples, centers: Centers
) -> tuple[NDArray[np.unsignedinteger], NDArray[np.float64]]:
    """Return the label of each sample, and its weighted squared distance."""
    labels = np.empty(samples.n, label_dtype(len(centers)))
    distances = np.empty(samples.n)
    origin, none = np.zeros(samples.n_channels), np.zeros((samples.n_channels + 2, 2))
    _visit(samples, centers, origin, none, labels, distances)
    return labels, distances


def _lost(samples: Samples, weights: NDArray[np.float64]) -> bool:
    """Whether clusters have so little of all weight that sums lose some of it."""
    if not samples.weights.size:  # counts are exact
        return False
    quantum = samples.splitters[-1, 1] / kernels.SPLITTER
    return bool((weights * WEIGHING < samples.n * quantum).any())


def _own_sums(
    samples: Samples, centers: Centers
) -> Generator[float, None, NDArray[np.float64]]:
    """Return the sums of each cluster, to a precision of its own.

    Where a few values are very far from the others, or very heavy, quanta that all have
    in common would be too coarse for the clusters of the others.

    Returns
    -------
    (k, n_channels + 2) float64
        The weighted sums of the channels less the center, the sums of the weights, and
        those of the weighted squared distances.
    """
    found = yield from samples.each(_extents, centers)
    largest = np.max([extents for extents, _ in found], axis=0)
    counts = np.sum([counts for _, counts in found], axis=0)
    quanta = [
        [kernels.quanta(value, float(n), int(n)) for value in of_cluster]
        for of_cluster, n in zip(largest.T.tolist(), counts, strict=True)
    ]
    splitters = kernels.SPLITTER * np.array(quanta)
    parts = yield from samples.each(_split_sums, centers, splitters)
    return np.asarray(np.sum(parts, axis=0).sum(axis=-1))


def _addends(
    samples: Samples, centers: Centers
) -> Callable[[int, int], tuple[NDArray[np.unsignedinteger], NDArray[np.float64]]]:
    """Return what gives the labels of a block, and what `_own_sums` adds up of it."""
    labels, distances = _labeled(samples, centers)

    def of_block(start: int, stop: int) -> tuple[Any, NDArray[np.float64]]:
        at = slice(start, stop)
        weights = samples.weights[at] if samples.weights.size else np.ones(stop - start)
        deviations = samples.values[:, at] - centers.T[:, labels[at]]
        return labels[at], np.vstack([weights * deviations, weights, distances[at]])

    return of_block


def _extents(
    samples: Samples, centers: Centers
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the largest addends of each cluster, and how many samples it has."""
    addends, k = _addends(samples, centers), len(centers)

    def extents(start: int, stop: int) -> tuple[Any, Any]:
        labels, rows = addends(start, stop)
        largest = np.zeros((len(rows), k))
        for found, row in zip(largest, rows, strict=True):
            np.maximum.at(found, labels, np.abs(row))
        return largest, np.bincount(labels, minlength=k)

    none = np.zeros((samples.n_channels + 2, k)), np.zeros(k, np.int64)
    parts = [none, *map_blocks(extents, samples.n)]
    largest, counts = zip(*parts, strict=True)
    return np.max(largest, axis=0), np.sum(counts, axis=0)


def _split_sums(
    samples: Samples, centers: Centers, splitters: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the sums of each cluster in two levels, split by splitters of its own."""
    addends, k = _addends(samples, centers), len(centers)

    def sums(start: int, stop: int) -> NDArray[np.float64]:
        labels, rows = addends(start, stop)
        found = np.empty((k, len(rows), 2))
        for column, row in enumerate(rows):
            split = kernels.halves(row, *splitters[labels, column].T)
            for level, half in enumerate(split):
                found[:, column, level] = np.bincount(labels, half, k)
        return found

    none = np.zeros((k, samples.n_channels + 2, 2))
    return np.asarray(np.sum([none, *map_blocks(sums, samples.n)], axis=0))


def _sums(
    samples: Samples, centers: Centers, origin: Centers, splitters: NDArray[np.float64]
) -> NDArray[np.float64]:
    none = np.empty(0, label_dtype(len(centers)))
    return _visit(samples, centers, origin, splitters, none, np.empty(0))


def _visit(
    samples: Samples,
    centers: Centers,
    origin: Centers,
    splitters: NDArray[np.float64],
    labels: NDArray[np.unsignedinteger],
    distances: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Visit all samples: see `kernels.visit`."""
    visit = partial(
        kernels.visit,
        samples.values,
        samples.weights,
        origin,
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
    none = np.zeros((len(centers), samples.n_channels + 2, 2))
    return np.asarray(np.sum([none, *parts], axis=0))


def relocate(
    samples: Samples, centers: Centers, assigned: Assigned
) -> Generator[float, None, Centers]:
    """Return the centers with those of empty clusters put on far samples."""
    moved = centers.copy()
    taken = np.empty((0, samples.n_channels))
    largest = int(assigned.squared.argmax())
    for k in np.flatnonzero(assigned.weights <= 0):
        far = _farthest(samples, centers, largest, centers[largest], taken)
        distance, sample = yield from far
        if distance > 0:
            moved[k] = sample
            taken = np.vstack([taken, sample])
    return moved


def sums_by(
    samples: Samples,
    labels: NDArray[Any],
    k: int,
    origin: Centers,
    splitters: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the exact sums of the samples of each label, less `origin`.

    Parameters
    ----------
    labels : (n,) unsigned integers
        0..k-1.
    splitters : (n_channels + 1, 2) float64
        As `samples` has them, or those of all of which these are a part.

    Returns
    -------
    (k, n_channels + 1, 2) float64
        In two levels, to be added up; in the last column those of the weights.
    """
    sums = np.empty((k, samples.n_channels + 1, 2))
    weights = samples.weights if samples.weights.size else np.ones(samples.n)
    for column, (first, second) in enumerate(splitters):
        addends = weights
        if column < samples.n_channels:
            addends = weights * (samples.values[column] - origin[column])
        for level, half in enumerate(kernels.halves(addends, first, second)):
            sums[:, column, level] = np.bincount(labels, half, k)
    return sums


def ahead(steps: Generator[float, None, R], done: int) -> Generator[float, None, R]:
    """Yield the part of a step that is done, after `done` whole ones."""
    while True:
        try:
            part = next(steps)
        except StopIteration as stop:
            result: R = stop.value
            return result
        yield done + part
