"""Sums: what each cluster's samples add up to, exactly, whatever the order.

Sums are in two levels, to be added up: see `kernels`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import kernels
from ..data.samples import TILES
from ..data.sampling import NO_WEIGHTS
from ..run.threads import map_blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ..data.samples import Samples

    Centers = NDArray[np.float64]

#: What the weight of a cluster may be off by, as a part of it.
WEIGHING = 2.0**-30

#: Tiles that are worth a thread.
FEW_TILES = 2**6


def label_dtype(k: int) -> type[np.unsignedinteger]:
    """Return the dtype that holds labels 0..k."""
    return np.uint8 if k <= np.iinfo(np.uint8).max else np.uint16


def visit(
    samples: Samples,
    centers: Centers,
    origin: Centers,
    splitters: NDArray[np.float64],
    labels: NDArray[np.unsignedinteger],
    distances: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Visit all samples, by the distances of their frame: see `kernels.visit`."""
    visit_tiles = partial(
        kernels.visit if samples.frame.euclidean else kernels.visit_ciede2000,
        samples.values,
        samples.weights,
        origin,
        samples.boxes,
        samples.totals,
        centers,
        splitters,
    )
    # Where there are few, they are shared by threads all the same.
    size = min(TILES, max(FEW_TILES, -(-samples.n_tiles // 4)))
    parts = map_blocks(
        lambda start, stop: visit_tiles(start, stop, labels, distances),
        samples.n_tiles,
        size,
    )
    none = np.zeros((len(centers), samples.n_channels + 2, 2))
    return np.asarray(np.sum([none, *parts], axis=0))


def labeled(
    samples: Samples, centers: Centers, *, each: bool = True
) -> tuple[NDArray[np.unsignedinteger], NDArray[np.float64]]:
    """Return the label of each sample and, with `each`, its weighted squared distance.

    Labels are 0..k-1, of the nearest center, ties to the lowest index.
    """
    labels = np.empty(samples.n, label_dtype(len(centers)))
    distances = np.empty(samples.n if each else 0)
    origin, none = np.zeros(samples.n_channels), np.zeros((samples.n_channels + 2, 2))
    visit(samples, centers, origin, none, labels, distances)
    return labels, distances


def nearest(
    samples: Samples, centers: Centers, reach: float | None = None
) -> NDArray[np.unsignedinteger]:
    """Return the label of each sample, 0..k-1, and nothing that is summed.

    And k for those that are farther than `reach` from every center.
    """
    if reach is None:
        return labeled(samples, centers, each=False)[0]
    if samples.weights.size:  # distances are to be the same with and without
        samples = replace(samples, weights=NO_WEIGHTS)
    labels, squared = labeled(samples, centers)
    labels[np.sqrt(squared) > reach] = len(centers)
    return labels


def largest(samples: Samples, centers: Centers) -> float:
    """Return the largest weighted squared distance to a nearest center."""
    return float(labeled(samples, centers)[1].max(initial=0.0))


def are_lost(samples: Samples, weights: NDArray[np.float64]) -> bool:
    """Whether clusters have so little of all weight that sums lose some of it."""
    if not samples.weights.size:  # counts are exact
        return False
    quantum = samples.splitters[-1, 1] / kernels.SPLITTER
    return bool((weights * WEIGHING < samples.n * quantum).any())


def own_sums(
    samples: Samples, centers: Centers, reach: float | None = None
) -> NDArray[np.float64]:
    """Return the sums of each cluster, to a precision of its own.

    Where a few values are very far from the others, or very heavy, quanta that all have
    in common would be too coarse for the clusters of the others. Samples that are
    farther than `reach` from every center are left out.

    Returns
    -------
    (k, n_channels + 2) float64
        The weighted sums of the channels less the center, the sums of the weights, and
        those of the weighted squared distances.
    """
    found = samples.each(_extents, centers, reach)
    extents = np.max([extents for extents, _ in found], axis=0)
    counts = np.sum([counts for _, counts in found], axis=0)
    quanta = [
        [kernels.quanta(value, float(n), int(n)) for value in of_cluster]
        for of_cluster, n in zip(extents.T.tolist(), counts, strict=True)
    ]
    splitters = kernels.SPLITTER * np.array(quanta)
    parts = samples.each(_split_sums, centers, splitters, reach)
    return np.asarray(np.sum(parts, axis=0).sum(axis=-1))


def _addends(
    samples: Samples, centers: Centers, reach: float | None
) -> Callable[[int, int], tuple[NDArray[np.unsignedinteger], NDArray[np.float64]]]:
    """Return what gives the labels of a block, and what `own_sums` adds up of it."""
    labels, distances = labeled(samples, centers)
    far = None
    if reach is not None:
        far = nearest(samples, centers, reach) == len(centers)

    def of_block(start: int, stop: int) -> tuple[Any, NDArray[np.float64]]:
        at = slice(start, stop)
        weights = samples.weights[at] if samples.weights.size else np.ones(stop - start)
        deviations = samples.values[:, at] - centers.T[:, labels[at]]
        rows = np.vstack([weights * deviations, weights, distances[at]])
        if far is not None:
            rows[:, far[at]] = 0.0
        return labels[at], rows

    return of_block


def _extents(
    samples: Samples, centers: Centers, reach: float | None
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the largest addends of each cluster, and how many samples it has."""
    addends, k = _addends(samples, centers, reach), len(centers)

    def extents(start: int, stop: int) -> tuple[Any, Any]:
        labels, rows = addends(start, stop)
        most = np.zeros((len(rows), k))
        for found, row in zip(most, rows, strict=True):
            np.maximum.at(found, labels, np.abs(row))
        return most, np.bincount(labels, minlength=k)

    none = np.zeros((samples.n_channels + 2, k)), np.zeros(k, np.int64)
    parts = [none, *map_blocks(extents, samples.n)]
    most, counts = zip(*parts, strict=True)
    return np.max(most, axis=0), np.sum(counts, axis=0)


def _split_sums(
    samples: Samples,
    centers: Centers,
    splitters: NDArray[np.float64],
    reach: float | None,
) -> NDArray[np.float64]:
    """Return the sums of each cluster in two levels, split by splitters of its own."""
    addends, k = _addends(samples, centers, reach), len(centers)

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
