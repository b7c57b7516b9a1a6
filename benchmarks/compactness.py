"""Compactness: the one judge of every contender's centers.

Plain NumPy in float64, and nothing of the package, which is one of the judged.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The most possible colors that are counted in a table.
TABLE = 2**24

#: Distances held at once.
BLOCK = 2**21


class Samples(NamedTuple):
    """The distinct rows of the data with their counts, or the rows themselves.

    `values` is (n, n_channels), `counts` (n,), or None where each row counts once.
    """

    values: NDArray[Any]
    counts: NDArray[np.int64] | None


def count(rows: NDArray[Any]) -> Samples:
    """Count the distinct of (n, n_channels) rows where a table can hold them."""
    if rows.dtype.kind != "u":
        return Samples(rows, None)
    size = 2 ** (8 * rows.dtype.itemsize)
    n_codes = size ** rows.shape[1]
    if n_codes > TABLE:
        return Samples(rows, None)
    codes = np.zeros(len(rows), np.intp)
    for channel in rows.T:
        codes = codes * size + channel
    table = np.bincount(codes, minlength=n_codes)
    occurring = np.flatnonzero(table)
    values = np.unravel_index(occurring, (size,) * rows.shape[1])
    return Samples(np.stack(values, axis=1), table[occurring])


def compactness(samples: Samples, centers: NDArray[np.float64]) -> float:
    """Return the sum over all rows of the squared distance to the nearest center."""
    n = len(samples.values)
    size = max(1, BLOCK // len(centers))
    return math.fsum(
        _part(samples, slice(start, start + size), centers)
        for start in range(0, n, size)
    )


def _part(samples: Samples, part: slice, centers: NDArray[np.float64]) -> float:
    values = samples.values[part].astype(np.float64)
    squared = np.zeros((len(values), len(centers)))
    for channel in range(centers.shape[1]):
        difference = values[:, [channel]] - centers[:, channel]
        squared += difference * difference
    nearest = squared.min(axis=1)
    if samples.counts is not None:
        nearest *= samples.counts[part]
    return float(nearest.sum())
