"""Subset: few weighted samples that stand for all rows while a search goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .compactness import Samples

    Array = NDArray[Any]

#: The most weighted samples that are searched.
SIZE = 2**15

#: The most cells of a grid, occupied or not, and the most axes it has.
CELLS, AXES = 2**24, 3


class Weighted(NamedTuple):
    """Rows, (n, n_channels) in float64, and how much each counts, (n,)."""

    values: Array
    weights: Array


def whole(samples: Samples) -> Weighted:
    """Return all samples."""
    values = samples.values.astype(np.float64)
    if samples.counts is None:
        return Weighted(values, np.ones(len(values)))
    return Weighted(values, samples.counts.astype(np.float64))


def subset(samples: Samples, random: np.random.Generator, size: int = SIZE) -> Weighted:
    """Return all samples where they are few, else at most so many that stand for them.

    In few dimensions these are the means of the cells of a grid, as fine as it may be;
    else they are drawn.
    """
    n, n_channels = samples.values.shape
    if n <= size:
        return whole(samples)
    if n_channels <= AXES:
        return _cells(whole(samples), size)
    if samples.counts is None:
        index, drawn = random.choice(n, size, replace=False), np.ones(size)
    else:
        drawn = random.multinomial(size, samples.counts / samples.counts.sum())
        index = np.flatnonzero(drawn)
        drawn = drawn[index].astype(np.float64)
    return Weighted(samples.values[index].astype(np.float64), drawn)


def _cells(every: Weighted, size: int) -> Weighted:
    """Return the means of the cells of the finest grid with at most `size` of them."""
    low = every.values.min(axis=0)
    length = float(np.ptp(every.values, axis=0).max())
    n_channels = every.values.shape[1]
    side = int(CELLS ** (1 / n_channels) + 1e-9)
    while True:
        index = ((every.values - low) * ((side - 1) / length)).astype(np.intp)
        codes = np.ravel_multi_index(tuple(index.T), (side,) * n_channels)
        weights = np.bincount(codes, every.weights)
        occupied = np.flatnonzero(weights)
        if len(occupied) <= size:
            break
        side = int(side * 0.85)
    weights = weights[occupied]
    sums = [
        np.bincount(codes, every.weights * channel)[occupied]
        for channel in every.values.T
    ]
    return Weighted(np.stack(sums, axis=1) / weights[:, np.newaxis], weights)
