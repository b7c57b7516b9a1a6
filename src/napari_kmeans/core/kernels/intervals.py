"""Intervals of a line: what the best clusters up to each sample cost."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .jit import kernel, part

if TYPE_CHECKING:
    from numpy.typing import NDArray


@part
def _cost(sums: NDArray[np.float64], begin: int, end: int) -> float:
    """Return the compactness of the samples from `begin` to `end` about their mean."""
    weight = sums[0, end] - sums[0, begin]
    first = sums[1, end] - sums[1, begin]
    cost = sums[2, end] - sums[2, begin] - first * (first / weight)
    return max(0.0, float(cost))


@kernel
def first_costs(sums: NDArray[np.float64], costs: NDArray[np.float64]) -> None:
    """Write the least compactness of one cluster of the samples before each end.

    `sums`, (3, n + 1), are the cumulative sums of the weights, and of the weighted
    values and their squares, of samples in ascending order.
    """
    costs[0] = 0.0
    for end in range(1, costs.shape[0]):
        costs[end] = _cost(sums, 0, end)


@kernel
def next_costs(
    sums: NDArray[np.float64],
    costs: NDArray[np.float64],
    cluster: int,
    begins: NDArray[np.int32],
) -> NDArray[np.float64]:
    """Return the least compactness of one cluster more, before each end.

    Parameters
    ----------
    sums : (3, n + 1) float64
        As for `first_costs`.
    costs : (n + 1,) float64
        With `cluster` clusters.
    cluster : int
        The number of the cluster, from 0: no end lies before it.
    begins : (n + 1,) int32
        Receives where it best begins, for each end.
    """
    n = costs.shape[0] - 1
    found = np.full(n + 1, math.inf)
    # Ranges of ends, with those of their beginnings; at most one a halving waits.
    waiting = np.empty((64, 4), np.int64)
    waiting[0, 0], waiting[0, 1] = cluster + 1, n
    waiting[0, 2], waiting[0, 3] = cluster, n - 1
    depth = 1
    while depth > 0:
        depth -= 1
        low, high = waiting[depth, 0], waiting[depth, 1]
        first, last = waiting[depth, 2], waiting[depth, 3]
        if low > high:
            continue
        end = (low + high) // 2
        best = first
        for begin in range(first, min(last, end - 1) + 1):
            cost = costs[begin] + _cost(sums, begin, end)
            if cost < found[end]:
                found[end] = cost
                best = begin
        begins[end] = best
        waiting[depth, 0], waiting[depth, 1] = low, end - 1
        waiting[depth, 2], waiting[depth, 3] = first, best
        waiting[depth + 1, 0], waiting[depth + 1, 1] = end + 1, high
        waiting[depth + 1, 2], waiting[depth + 1, 3] = best, last
        depth += 2
    return found
