"""Steps: plain Lloyd steps of some thousand samples, many in one call.

These sums are not exact. Each is made by one thread and in one order, and all that
hangs on them is where exact steps begin.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .jit import finite, kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Samples in a tile here, where all tiles are full.
SIZE = 64

#: Tiles for which the centers that are far from all of them are left out at once.
TOGETHER = 8


class Tiles(NamedTuple):
    """Samples in tiles; the last is filled up by samples without weight.

    Attributes
    ----------
    values : (n_tiles, n_channels, SIZE) float64
    weights : (n_tiles, SIZE) float64
    boxes : (n_tiles, 2, n_channels) float64
        The least and the greatest value of each channel.
    wholes : (n_wholes, 2, n_channels) float64
        The same of `TOGETHER` tiles in a row.
    """

    values: Floats
    weights: Floats
    boxes: Floats
    wholes: Floats


class Scratch(NamedTuple):
    """Room for what is written anew for each tile, or for each step.

    Made outside: to compile what makes an array takes longer than all loops here.
    `some` and `numbers` are the centers near to the tiles of a whole.
    """

    near: Floats
    far: Floats
    some: Floats
    numbers: NDArray[np.int32]
    candidates: NDArray[np.int32]
    distances: Floats
    labels: NDArray[np.int32]
    sums: Floats

    @classmethod
    def of(cls, n_channels: int, k: int) -> Scratch:
        """Return room for k clusters."""
        return cls(
            np.empty(k),
            np.empty(k),
            np.empty((n_channels, k)),
            np.empty(k + 1, np.int32),
            np.empty(k + 1, np.int32),
            np.empty(SIZE),
            np.empty(SIZE, np.int32),
            np.empty((k, n_channels)),
        )


@finite
def _candidates(
    box: Floats, centers: Floats, k: int, found: NDArray[np.int32], scratch: Scratch
) -> int:
    """Find which of the first k centers may be nearest to a sample in a box.

    As of `tiles`, but that centers lie side by side: here these are many.
    """
    near, far = scratch.near, scratch.far
    for j in range(k):
        near[j] = far[j] = 0.0
    for channel in range(centers.shape[0]):
        low, high = box[0, channel], box[1, channel]
        for j in range(k):
            below, above = low - centers[channel, j], centers[channel, j] - high
            to_near = below if below > above else above
            to_far = above if below > above else below
            to_near = to_near if to_near > 0.0 else 0.0
            near[j] += to_near * to_near
            far[j] += to_far * to_far
    bound = math.inf
    for j in range(k):
        bound = far[j] if far[j] < bound else bound
    n = 0
    for j in range(k):
        found[n] = j
        n += near[j] <= bound
    return n


@finite
def _gather(box: Floats, centers: Floats, scratch: Scratch) -> int:
    """Put the centers that may be nearest to a sample in a box next to each other."""
    n_channels, k = centers.shape
    n = _candidates(box, centers, k, scratch.numbers, scratch)
    for channel in range(n_channels):
        for j in range(n):
            scratch.some[channel, j] = centers[channel, scratch.numbers[j]]
    return n


@finite
def _nearest(values: Floats, n: int, squared: Floats, scratch: Scratch) -> None:
    """Find the nearest of n candidates for each sample of a tile."""
    distances, labels, centers = scratch.distances, scratch.labels, scratch.some
    for i in range(SIZE):
        squared[i] = math.inf
    for candidate in range(n):
        j = scratch.candidates[candidate]
        number = scratch.numbers[j]
        if values.shape[0] == 3:  # in one loop, which is faster
            x, y, z = centers[0, j], centers[1, j], centers[2, j]
            for i in range(SIZE):
                a, b, c = values[0, i] - x, values[1, i] - y, values[2, i] - z
                distance = a * a + b * b + c * c
                nearer = distance < squared[i]
                squared[i] = distance if nearer else squared[i]
                labels[i] = number if nearer else labels[i]
            continue
        for i in range(SIZE):
            distances[i] = 0.0
        for channel in range(values.shape[0]):
            center = centers[channel, j]
            for i in range(SIZE):
                away = values[channel, i] - center
                distances[i] += away * away
        for i in range(SIZE):
            nearer = distances[i] < squared[i]
            squared[i] = distances[i] if nearer else squared[i]
            labels[i] = number if nearer else labels[i]


@kernel
def take_steps(
    tiles: Tiles,
    centers: Floats,
    weights: Floats,
    squared: Floats,
    scratch: Scratch,
    steps: int,
) -> float:
    """Take Lloyd steps; return the compactness about the centers at the end.

    Parameters
    ----------
    tiles : Tiles
    centers : (n_channels, k) float64
        Moved. Those of empty clusters stay.
    weights : (k,) float64
        Receives the weights of the clusters.
    squared : (n_tiles, SIZE) float64
        Receives the squared distance of each sample.
    scratch : Scratch
    steps : int
    """
    n_channels, k = centers.shape
    sums = scratch.sums
    cost, n_near = 0.0, 0
    for left in range(steps, -1, -1):
        cost = 0.0
        for j in range(k):
            weights[j] = 0.0
            for channel in range(n_channels):
                sums[j, channel] = 0.0
        for tile in range(tiles.values.shape[0]):
            if tile % TOGETHER == 0:
                n_near = _gather(tiles.wholes[tile // TOGETHER], centers, scratch)
            values, nearest = tiles.values[tile], squared[tile]
            box, found = tiles.boxes[tile], scratch.candidates
            n = _candidates(box, scratch.some, n_near, found, scratch)
            _nearest(values, n, nearest, scratch)
            for i in range(SIZE):
                weight, j = tiles.weights[tile, i], scratch.labels[i]
                cost += weight * nearest[i]
                weights[j] += weight
                for channel in range(n_channels):
                    away = values[channel, i] - centers[channel, j]
                    sums[j, channel] += weight * away
        for j in range(k):
            if left > 0 and weights[j] > 0:
                for channel in range(n_channels):
                    centers[channel, j] += sums[j, channel] / weights[j]
    return cost
