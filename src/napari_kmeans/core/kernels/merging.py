"""Merging: of many centers fewer, two at a time, those that cost the least."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .jit import finite, kernel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@finite
def _least(values: Floats) -> int:
    """Return where the least value is first."""
    least = math.inf
    for i in range(values.shape[0]):
        least = values[i] if values[i] < least else least
    i = 0
    while i < values.shape[0] - 1 and values[i] > least:
        i += 1
    return i


@finite
def _find_partner(
    centers: Floats,
    weights: Floats,
    i: int,
    partners: NDArray[np.int32],
    costs: Floats,
    scratch: Floats,
) -> None:
    """Find with which other a center would best be merged, and what that costs."""
    n_channels, n = centers.shape
    for j in range(n):
        scratch[j] = 0.0
    for channel in range(n_channels):
        center = centers[channel, i]
        for j in range(n):
            away = centers[channel, j] - center
            scratch[j] += away * away
    weight = weights[i]
    for j in range(n):  # without weight, it has been merged
        cost = scratch[j] * (weight * weights[j] / (weight + weights[j]))
        scratch[j] = cost if weights[j] > 0.0 else math.inf
    scratch[i] = math.inf
    j = _least(scratch)
    partners[i], costs[i] = j, scratch[j]


@kernel
def merge(
    centers: Floats,
    weights: Floats,
    n_merged: int,
    partners: NDArray[np.int32],
    costs: Floats,
    scratch: Floats,
) -> None:
    """Merge centers, two at a time, those that cost the least.

    The pairwise nearest neighbor method of W. H. Equitz, "A new vector quantization
    clustering algorithm" (1989), with Ward's cost.

    Parameters
    ----------
    centers : (n_channels, n) float64
        Changed.
    weights : (n,) float64
        Changed: 0 is that of centers that are merged into others.
    n_merged : int
        How many to merge into others; fewer than have weight.
    partners, costs, scratch : (n,) int32, (n,) float64, (n,) float64
        Scratch.
    """
    n_channels, n = centers.shape
    for i in range(n):
        costs[i] = math.inf
        if weights[i] > 0:
            _find_partner(centers, weights, i, partners, costs, scratch)
    for _ in range(n_merged):
        i = _least(costs)
        j = partners[i]
        part = weights[j] / (weights[i] + weights[j])
        for channel in range(n_channels):
            away = centers[channel, j] - centers[channel, i]
            centers[channel, i] += away * part
        weights[i] += weights[j]
        weights[j], costs[j] = 0.0, math.inf
        for other in range(n):
            stale = other == i or partners[other] == i or partners[other] == j
            if stale and weights[other] > 0:
                _find_partner(centers, weights, other, partners, costs, scratch)
