"""Tiles of samples: the nearest centers, their sums, and the farthest samples."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .jit import finite, kernel, part, reordered

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Samples in a tile.
TILE = 128

#: Up to this many centers are summed one after the other, in vector instructions.
FEW = 8


@part
def _candidates(
    box: NDArray[np.float64],
    centers: NDArray[np.float64],
    least: NDArray[np.float64],
    found: NDArray[np.int32],
) -> int:
    """Find the centers that may be nearest to a sample in a box; return their number.

    The filter of Kanungo et al., "An efficient k-means clustering algorithm", IEEE
    PAMI 24 (2002), one level deep. It loses nothing to rounding: the bounds are sums
    of the same operations, in the same order, as the distances, and these operations
    are monotone.

    Parameters
    ----------
    box : (2, n_channels) float64
    centers : (k, n_channels) float64
    least : (k,) float64
        Scratch: the least squared distance of each center to a point of the box.
    found : (k,) int32
        Receives the candidates, ascending.
    """
    bound = math.inf
    for k in range(centers.shape[0]):
        near = far = 0.0
        for channel in range(centers.shape[1]):
            below = box[0, channel] - centers[k, channel]
            above = box[1, channel] - centers[k, channel]
            to_far = max(-below, above)
            to_near = max(0.0, max(below, -above))
            near += to_near * to_near
            far += to_far * to_far
        least[k] = near
        bound = min(bound, far)
    n = 0
    for k in range(centers.shape[0]):
        found[n] = k
        n += least[k] <= bound
    return n


@part
def _load(
    values: NDArray[Any], start: int, size: int, local: NDArray[np.float64]
) -> None:
    """Copy the samples of a tile to where they are float64 and close together."""
    for channel in range(values.shape[0]):
        for i in range(size):
            local[channel, i] = values[channel, start + i]


@part
def _nearest(
    local: NDArray[np.float64],
    size: int,
    centers: NDArray[np.float64],
    candidates: NDArray[np.int32],
    n_candidates: int,
    scratch: NDArray[np.float64],
    squared: NDArray[np.float64],
    labels: NDArray[np.int32],
) -> None:
    """Find the nearest of the candidates, ties to the lowest, for a tile's samples.

    `squared` receives the squared distance: the sum of ``(value - center)**2`` over
    the channels, in their order, in float64.
    """
    n_channels = centers.shape[1]
    for i in range(size):  # of one beyond measure, too, it is a label
        squared[i], labels[i] = math.inf, candidates[0]
    for candidate in range(n_candidates):
        k = candidates[candidate]
        if n_channels == 3:  # in one loop, which is faster; the same sums
            x, y, z = centers[k, 0], centers[k, 1], centers[k, 2]
            for i in range(size):
                a, b, c = local[0, i] - x, local[1, i] - y, local[2, i] - z
                distance = a * a + b * b + c * c
                nearer = distance < squared[i]
                squared[i] = distance if nearer else squared[i]
                labels[i] = k if nearer else labels[i]
            continue
        for i in range(size):
            a = local[0, i] - centers[k, 0]
            scratch[i] = a * a
        for channel in range(1, n_channels):
            for i in range(size):
                a = local[channel, i] - centers[k, channel]
                scratch[i] += a * a
        for i in range(size):
            nearer = scratch[i] < squared[i]
            squared[i] = scratch[i] if nearer else squared[i]
            labels[i] = k if nearer else labels[i]


@part
def _split(
    addends: NDArray[np.float64],
    size: int,
    splitters: NDArray[np.float64],
    halves: NDArray[np.float64],
) -> None:
    """Split addends at the two quanta: see "Exact sums" above.

    Adding and subtracting a splitter rounds to its quantum.
    """
    first, second = splitters[0], splitters[1]
    for i in range(size):
        halves[0, i] = (addends[i] + first) - first
        halves[1, i] = ((addends[i] - halves[0, i]) + second) - second


@reordered
def _sum_of(
    halves: NDArray[np.float64], labels: NDArray[np.int32], size: int, label: int
) -> tuple[float, float]:
    """Sum those of one label. Exact, hence the same in whatever order."""
    first = second = 0.0
    for i in range(size):
        first += halves[0, i] if labels[i] == label else 0.0
        second += halves[1, i] if labels[i] == label else 0.0
    return first, second


@part
def _add(
    sums: NDArray[np.float64],
    column: int,
    addends: NDArray[np.float64],
    labels: NDArray[np.int32],
    size: int,
    candidates: NDArray[np.int32],
    n_candidates: int,
    splitters: NDArray[np.float64],
    halves: NDArray[np.float64],
) -> None:
    """Add to the sums of the labels, which are among the candidates, exactly."""
    _split(addends, size, splitters[column], halves)
    if n_candidates <= FEW:
        for candidate in range(n_candidates):
            k = candidates[candidate]
            first, second = _sum_of(halves, labels, size, k)
            sums[k, column, 0] += first
            sums[k, column, 1] += second
        return
    for i in range(size):
        sums[labels[i], column, 0] += halves[0, i]
        sums[labels[i], column, 1] += halves[1, i]


@part
def _count(
    sums: NDArray[np.float64],
    column: int,
    labels: NDArray[np.int32],
    size: int,
    candidates: NDArray[np.int32],
    n_candidates: int,
) -> None:
    """Add the numbers of samples to the sums of the labels: weights of 1 each."""
    if n_candidates <= FEW:
        for candidate in range(n_candidates):
            k = candidates[candidate]
            n = 0
            for i in range(size):
                n += labels[i] == k
            sums[k, column, 0] += n
        return
    for i in range(size):
        sums[labels[i], column, 0] += 1.0


@part
def _add_tile(
    sums: NDArray[np.float64],
    local: NDArray[np.float64],
    weights: NDArray[np.float64],
    at: int,
    size: int,
    labels: NDArray[np.int32],
    candidates: NDArray[np.int32],
    n_candidates: int,
    origin: NDArray[np.float64],
    splitters: NDArray[np.float64],
    scratch: NDArray[np.float64],
    halves: NDArray[np.float64],
) -> None:
    """Add the weighted samples of a tile, and their weights, to the labels' sums."""
    n_channels = local.shape[0]
    weighted = weights.shape[0] > 0
    if not weighted:
        _count(sums, n_channels, labels, size, candidates, n_candidates)
    for column in range(n_channels + weighted):
        for i in range(size):
            weight = weights[at + i] if weighted else 1.0
            if column < n_channels:
                weight *= local[column, i] - origin[column]
            scratch[i] = weight
        _add(
            sums,
            column,
            scratch,
            labels,
            size,
            candidates,
            n_candidates,
            splitters,
            halves,
        )


@finite
def _ends(values: NDArray[Any]) -> tuple[float, float]:
    """Return the least and the greatest value."""
    low = high = values[0]
    for i in range(values.shape[0]):
        low = values[i] if values[i] < low else low
        high = values[i] if values[i] > high else high
    return low, high


@kernel
def bound(
    values: NDArray[Any], boxes: NDArray[np.float64], start: int, stop: int
) -> None:
    """Write the boxes of the tiles from `start` to `stop`: see `visit`."""
    n_channels, n = values.shape
    for tile in range(start, stop):
        first, last = tile * TILE, min((tile + 1) * TILE, n)
        for channel in range(n_channels):
            low, high = _ends(values[channel, first:last])
            boxes[tile, 0, channel], boxes[tile, 1, channel] = low, high


@kernel
def visit(
    values: NDArray[Any],
    weights: NDArray[np.float64],
    origin: NDArray[np.float64],
    boxes: NDArray[np.float64],
    totals: NDArray[np.float64],
    centers: NDArray[np.float64],
    splitters: NDArray[np.float64],
    start: int,
    stop: int,
    labels: NDArray[Any],
    squared: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Sum the samples nearest to each center; or write labels and sum distances.

    The two uses, a Lloyd step and an assignment, are one kernel because to compile it
    takes longer than to run it.

    Parameters
    ----------
    values : (n_channels, n) float32 or float64
    weights : (n,) float64, or (0,) where every weight is 1
    origin : (n_channels,) float64
        Subtracted from the values before they are added.
    boxes : (n_tiles, 2, n_channels) float64
        The least and the greatest value of each channel.
    totals : (n_tiles, n_channels + 1, 2) float64, or (0, n_channels + 1, 2)
        The sums over whole tiles, where they are known: a tile with one nearest
        center then need not be visited.
    centers : (k, n_channels) float64
    splitters : (n_channels + 2, 2) float64
        For each channel, for the weights, and for weighted squared distances.
    start, stop : int
        The tiles to visit.
    labels : (n,) unsigned integers, or (0,)
        Where there is room, receives 0..k-1 for each sample visited.
    squared : (n,) float64, or (0,)
        Where there is room, receives the weighted squared distance of each.

    Returns
    -------
    (k, n_channels + 2, 2) float64
        In two levels, to be added up: the weighted sums of the channels, the sums of
        the weights, and those of the weighted squared distances. Without labels, not
        the last; with labels, not the first.
    """
    n_channels, n = values.shape
    assigning = labels.shape[0] > 0
    sums = np.zeros((centers.shape[0], n_channels + 2, 2))
    local, scratch = np.empty((n_channels, TILE)), np.empty(TILE)
    nearest, distances = np.empty(TILE, np.int32), np.empty(TILE)
    halves = np.empty((2, TILE))
    least = np.empty(centers.shape[0])
    candidates = np.empty(centers.shape[0] + 1, np.int32)
    for tile in range(start, stop):
        at = tile * TILE
        size = min(TILE, n - at)
        found = _candidates(boxes[tile], centers, least, candidates)
        if found == 1 and totals.shape[0] > 0 and not assigning:
            for column in range(n_channels + 1):
                for level in range(2):
                    sums[candidates[0], column, level] += totals[tile, column, level]
            continue
        _load(values, at, size, local)
        _nearest(local, size, centers, candidates, found, scratch, distances, nearest)
        if not assigning:
            _add_tile(
                sums,
                local,
                weights,
                at,
                size,
                nearest,
                candidates,
                found,
                origin,
                splitters,
                scratch,
                halves,
            )
            continue
        weighted = weights.shape[0] > 0
        for i in range(size):
            labels[at + i] = nearest[i]
            scratch[i] = weights[at + i] if weighted else 1.0
            distances[i] *= scratch[i]
            if squared.shape[0] > 0:
                squared[at + i] = distances[i]
        if not weighted:
            _count(sums, n_channels, nearest, size, candidates, found)
        for column in range(0 if weighted else 1, 2):
            _add(
                sums,
                n_channels + column,
                distances if column else scratch,
                nearest,
                size,
                candidates,
                found,
                splitters,
                halves,
            )
    return sums


@kernel
def farthest(
    values: NDArray[Any],
    boxes: NDArray[np.float64],
    labels: NDArray[Any],
    label: int,
    center: NDArray[np.float64],
    taken: NDArray[np.float64],
    start: int,
    stop: int,
) -> tuple[float, int]:
    """Find the sample with a label that is farthest from `center`, in some tiles.

    Samples equal to a row of `taken` are passed over; of equally far samples the last
    is found, as by OpenCV.

    Returns
    -------
    float, int
        The squared distance and the index of the sample; -1.0 and -1 without one.
    """
    n_channels, n = values.shape
    best, found = -1.0, -1
    for tile in range(start, stop):
        most = 0.0
        for channel in range(n_channels):
            below = boxes[tile, 0, channel] - center[channel]
            above = boxes[tile, 1, channel] - center[channel]
            far = max(-below, above)
            most += far * far
        if most < best:
            continue
        for i in range(tile * TILE, min((tile + 1) * TILE, n)):
            if labels[i] != label:
                continue
            distance = 0.0
            for channel in range(n_channels):
                a = np.float64(values[channel, i]) - center[channel]
                distance += a * a
            if distance < best:
                continue
            free = True
            for row in range(taken.shape[0]):
                same = True
                for channel in range(n_channels):
                    same &= values[channel, i] == taken[row, channel]
                free &= not same
            if free:
                best, found = distance, i
    return best, found
