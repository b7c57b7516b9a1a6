"""Kernels: the loops over pixels, compiled.

Words
-----
sample
    A column of `values`, an array of shape (n_channels, n_samples): one contiguous row
    a channel, so that the compiler turns loops over samples into vector instructions.
tile
    128 consecutive samples: few enough for the processor's first cache, and often so
    close together that few centers, or one, can be nearest to any of them.
code
    The number of a color in a table of all possible colors.

Every kernel is serial and lets go of the GIL; what runs in parallel is blocks of
samples (see `blocks`). Nothing is compiled with `fastmath`, but the order of sums that
are exact: the nearest center is what the same formula gives in NumPy.

Exact sums
----------
A floating-point sum depends on its order, hence on the number of threads and the size
of the blocks. `visit` therefore splits each addend at two fixed quanta, chosen by
`quanta` so coarse that every partial sum is a multiple of its quantum below 2**53 of
them: additions are then exact, in any order. The method is the pre-rounding of
Demmel and Nguyen, "Fast reproducible floating-point summation", ARITH 21 (2013).
Together the two levels resolve about 2**-54 of the largest addend for 2**24 samples.
"""

from __future__ import annotations

import math
import warnings
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba
import numpy as np
from numba.core.caching import FunctionCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

F = TypeVar("F", bound="Callable[..., Any]")

#: Samples in a tile.
TILE = 128

#: Up to this many centers are summed one after the other, in vector instructions.
FEW = 4

#: Adding and subtracting a quantum times this rounds to the quantum.
SPLITTER = 1.5 * 2.0**52

#: Codes in a cell of a table: where nothing was counted, a cell need not be read.
CELL = np.uint32(512)


class _Cache(FunctionCache):
    """What is compiled, on disk; where that fails, the kernel runs all the same."""

    def load_overload(self, *signature: Any) -> Any:
        with _compiled_anew():
            return super().load_overload(*signature)  # type: ignore[no-untyped-call]

    def save_overload(self, *compiled: Any) -> None:
        with _compiled_anew():
            super().save_overload(*compiled)  # type: ignore[no-untyped-call]


@contextmanager
def _compiled_anew() -> Iterator[None]:
    try:
        yield
    except OSError:
        _tell_compiled_anew()


@cache
def _tell_compiled_anew() -> None:
    """Warn, once, that there is no place for what is compiled."""
    warnings.warn(
        "napari-kmeans compiles anew at each start, for some seconds, as it cannot "
        "write what it has compiled to its own folder or to that of the user: "
        "NUMBA_CACHE_DIR should name a folder where it can.",
        stacklevel=2,
    )


def _kernel(function: F) -> F:
    kernel: Any = numba.njit(nogil=True)(function)
    try:
        # As `cache=True` does, which fails without a folder that can be written to.
        kernel._cache = _Cache(function)  # type: ignore[no-untyped-call]
    except RuntimeError:
        _tell_compiled_anew()
    return cast("F", kernel)


#: Of what is called by kernels only, nothing is kept but what it becomes in them.
_PART: dict[str, Any] = {"nogil": True, "no_cpython_wrapper": True}


def _part(function: F) -> F:
    return cast("F", numba.njit(**_PART)(function))


def _reordered(function: F) -> F:
    """Compile with leave to reorder sums, which vector instructions need."""
    return cast("F", numba.njit(**_PART, fastmath={"reassoc", "nsz"})(function))


def quanta(largest: float, total_weight: float, n: int) -> NDArray[np.float64]:
    """Return the two quanta at which `visit` splits what it adds.

    Parameters
    ----------
    largest : float
        An upper bound of the absolute values, before weights.
    total_weight : float
        The sum of all weights.
    n : int
        The number of samples.

    Returns
    -------
    (2,) float64
        Powers of two, the first so coarse that the sum of all stays below 2**52 of
        them, the second the same for the remainders.

    Examples
    --------
    >>> quanta(255, 1000, 1000).tolist() == [2.0**-33, 2.0**-75]
    True
    """
    bound = largest * total_weight
    if not 0 < bound < math.inf:
        return np.array([1.0, 2.0**-51])
    # Below 2**-1074 there is nothing left to split.
    first = max(math.frexp(bound)[1] - 51, -1074)
    second = max(first + math.frexp(n)[1] - 52, -1074)
    return np.array([2.0**first, 2.0**second])


def halves(
    addends: NDArray[np.float64],
    first: NDArray[np.float64],
    second: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Split addends by splitters, as `_split` does, in NumPy; to be summed exactly."""
    high = (addends + first) - first
    low = ((addends - high) + second) - second
    return high, low


@_part
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


@_part
def _load(
    values: NDArray[Any], start: int, size: int, local: NDArray[np.float64]
) -> None:
    """Copy the samples of a tile to where they are float64 and close together."""
    for channel in range(values.shape[0]):
        for i in range(size):
            local[channel, i] = values[channel, start + i]


@_part
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
    for i in range(size):
        squared[i] = math.inf
    for candidate in range(n_candidates):
        k = candidates[candidate]
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


@_part
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


@_reordered
def _sum_of(
    halves: NDArray[np.float64], labels: NDArray[np.int32], size: int, label: int
) -> float:
    """Sum those of one label. Exact, hence the same in whatever order."""
    found = 0.0
    for i in range(size):
        found += halves[i] if labels[i] == label else 0.0
    return found


@_part
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
            for level in range(2):
                sums[k, column, level] += _sum_of(halves[level], labels, size, k)
        return
    for i in range(size):
        sums[labels[i], column, 0] += halves[0, i]
        sums[labels[i], column, 1] += halves[1, i]


@_part
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
    for column in range(n_channels + 1):
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


@_kernel
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
        for i in range(size):
            labels[at + i] = nearest[i]
            scratch[i] = weights[at + i] if weights.shape[0] > 0 else 1.0
            distances[i] *= scratch[i]
            if squared.shape[0] > 0:
                squared[at + i] = distances[i]
        for column in range(2):
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


@_kernel
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


@_kernel
def count1(
    codes: NDArray[Any],
    table: NDArray[np.uint32],
    touched: NDArray[np.bool_],
    start: int,
    stop: int,
) -> None:
    """Count the codes from `start` to `stop` into `table`.

    Parameters
    ----------
    codes : (n,) unsigned integers
    table : (n_codes,) uint32
    touched : (n_codes / CELL, rounded up) bool
        Set for the cells of the table in which something was counted.
    """
    for i in range(start, stop):
        table[codes[i]] += np.uint32(1)
        touched[codes[i] // CELL] = True


@_kernel
def count3(
    red: NDArray[np.uint8],
    green: NDArray[np.uint8],
    blue: NDArray[np.uint8],
    bits: NDArray[np.uint32],
    table: NDArray[np.uint32],
    touched: NDArray[np.bool_],
    start: int,
    stop: int,
) -> None:
    """Count the 8-bit colors from `start` to `stop` into `table`: see `count1`.

    `bits`, (3, 256) uint32, is what each value contributes to the code of a color.
    """
    for i in range(start, stop):
        code = bits[0, red[i]] | bits[1, green[i]] | bits[2, blue[i]]
        table[code] += np.uint32(1)
        touched[code // CELL] = True


@_kernel
def collect(
    first: NDArray[np.uint32],
    second: NDArray[np.uint32],
    cells: NDArray[np.intp],
    codes: NDArray[np.uint32],
    counts: NDArray[np.float64],
) -> int:
    """Write the codes that occur in some cells of two tables; return their number.

    Parameters
    ----------
    first, second : (n_codes,) uint32
        To be added up; the second may be empty.
    cells : (n_cells,) int
    codes : (n_cells * CELL,) uint32
        Receives the codes, in the order of the cells.
    counts : (n_cells * CELL,) float64
        Receives their counts.
    """
    n = 0
    for i in range(cells.shape[0]):
        begin = cells[i] * CELL
        for code in range(begin, min(begin + CELL, first.shape[0])):
            counted = int(first[code])
            if second.shape[0] > 0:
                counted += int(second[code])
            codes[n] = code
            counts[n] = counted
            n += counted > 0
    return n


@_kernel
def look_up1(
    codes: NDArray[Any],
    lut: NDArray[Any],
    labels: NDArray[Any],
    start: int,
    stop: int,
) -> None:
    """Write the label of each code from `start` to `stop`."""
    for i in range(start, stop):
        labels[i] = lut[codes[i]]


@_kernel
def look_up3(
    red: NDArray[np.uint8],
    green: NDArray[np.uint8],
    blue: NDArray[np.uint8],
    bits: NDArray[np.uint32],
    lut: NDArray[Any],
    labels: NDArray[Any],
    start: int,
    stop: int,
) -> None:
    """Write the label of each 8-bit color from `start` to `stop`: see `count3`."""
    for i in range(start, stop):
        code = bits[0, red[i]] | bits[1, green[i]] | bits[2, blue[i]]
        labels[i] = lut[code]


@_kernel
def paint(
    labels: NDArray[Any],
    palette: NDArray[Any],
    pixels: NDArray[Any],
    start: int,
    stop: int,
) -> None:
    """Write ``palette[label - 1]`` into the pixels from `start` to `stop`, but for 0.

    Parameters
    ----------
    labels : (n,) unsigned integers
    palette : (k, n_channels)
    pixels : (n, at least n_channels), of the dtype of `palette`
    """
    n_channels = palette.shape[1]
    for i in range(start, stop):
        label = labels[i]
        if label == 0:
            continue
        if n_channels == 1:
            pixels[i, 0] = palette[label - 1, 0]
        elif n_channels == 3:
            pixels[i, 0] = palette[label - 1, 0]
            pixels[i, 1] = palette[label - 1, 1]
            pixels[i, 2] = palette[label - 1, 2]
        else:
            for channel in range(n_channels):
                pixels[i, channel] = palette[label - 1, channel]


@_kernel
def tally(
    labels: NDArray[Any], counts: NDArray[np.int64], columns: NDArray[np.int64]
) -> None:
    """Count the pixels of each label, row by row, and sum their columns.

    Parameters
    ----------
    labels : (n_rows, width) unsigned integers, 0..k
    counts : (n_rows, k + 1) int64
        Added to.
    columns : (k + 1,) int64
        Added to.
    """
    for row in range(labels.shape[0]):
        for column in range(labels.shape[1]):
            label = labels[row, column]
            counts[row, label] += 1
            columns[label] += column


@_part
def _cost(sums: NDArray[np.float64], begin: int, end: int) -> float:
    """Return the compactness of the samples from `begin` to `end` about their mean."""
    weight = sums[0, end] - sums[0, begin]
    first = sums[1, end] - sums[1, begin]
    cost = sums[2, end] - sums[2, begin] - first * (first / weight)
    return max(0.0, float(cost))


@_kernel
def first_costs(sums: NDArray[np.float64], costs: NDArray[np.float64]) -> None:
    """Write the least compactness of one cluster of the samples before each end.

    `sums`, (3, n + 1), are the cumulative sums of the weights, and of the weighted
    values and their squares, of samples in ascending order.
    """
    costs[0] = 0.0
    for end in range(1, costs.shape[0]):
        costs[end] = _cost(sums, 0, end)


@_kernel
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
