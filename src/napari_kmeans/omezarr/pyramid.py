"""Pyramids: an image cut into regions, each put into every level while in memory.

A *level* has every 2**level-th pixel along the last two axes. A *region* is what is
computed at once. A *chunk* is what is stored at once: it may take several regions.
"""

from __future__ import annotations

from itertools import product
from math import isqrt, prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

#: The last level is no longer than this, and chunks have about the square of it.
EDGE = 1024

Slices = tuple[slice, ...]


def n_levels(shape: Sequence[int]) -> int:
    """Return how many levels there are until no side is longer than `EDGE`.

    Examples
    --------
    >>> [n_levels((3, 7, n)) for n in (1, 1024, 1025, 2048, 2049)]
    [1, 1, 2, 2, 3]
    """
    return 1 + ((max(1, *shape[-2:]) - 1) // EDGE).bit_length()


def level_shape(shape: Sequence[int], level: int) -> tuple[int, ...]:
    """Return the shape of a level of an image.

    Examples
    --------
    >>> level_shape((3, 2050, 2049), 1)
    (3, 1025, 1025)
    """
    return *shape[:-2], *(-(-n // 2**level) for n in shape[-2:])


def reduce(
    start: Sequence[int], block: NDArray[Any], level: int
) -> tuple[tuple[int, ...], NDArray[Any]]:
    """Return where a level's part of a block starts, and that part.

    Examples
    --------
    >>> reduce((0, 3), np.arange(3, 9).reshape(1, 6), 2)
    ((0, 1), array([[4, 8]]))
    """
    step = 2**level
    y, x = (-first % step for first in start[-2:])
    begin = *start[:-2], *(-(-first // step) for first in start[-2:])
    return begin, block[..., y::step, x::step]


def taken(
    start: Sequence[int], block: NDArray[Any], places: Sequence[NDArray[np.int64]]
) -> tuple[tuple[int, ...], NDArray[Any]]:
    """Return where a block's part of a level starts, and that part.

    `places` are, along each axis, those of the image that the level has, ascending.

    Examples
    --------
    >>> taken((3,), np.arange(3, 9), [np.array([1, 4, 7])])
    ((1,), array([4, 7]))
    """
    begins = []
    for axis, (first, at) in enumerate(zip(start, places, strict=True)):
        low, high = np.searchsorted(at, (first, first + block.shape[axis]))
        block = block.take(at[low:high] - first, axis)
        begins.append(int(low))
    return tuple(begins), block


def chunk_shape(
    shape: Sequence[int], sizes: Sequence[Sequence[int]], n_pixels: int
) -> tuple[int, ...]:
    """Return a shape of chunks that fits an image and the blocks it comes in.

    Parameters
    ----------
    shape : sequence of int
        Of the image without channels.
    sizes : sequence of sequences of int
        Along each axis the sizes of the blocks, as a dask array's `chunks`; none where
        any part is as easy to get as any other.
    n_pixels : int
        The most pixels in memory. Where blocks are deep, chunks are the less wide.

    Returns
    -------
    tuple of int
        1024 x 1024, or near it where that makes whole blocks whole chunks; as many
        planes as have about as many pixels, of small planes; 1 along other axes.
    """
    depth = prod(max(along, default=1) for along in sizes[:-2])
    edge = EDGE
    while depth * edge**2 > n_pixels and edge > EDGE // 8:
        edge //= 2
    plane = [
        min(n, _fit(along[0] if along else edge, edge))
        for n, along in zip(shape[-2:], sizes[-2:], strict=True)
    ]
    if len(shape) == 2:
        return tuple(plane)
    planes = min(shape[-3], max(1, EDGE**2 // prod(plane)))
    size = sizes[-3][0] if sizes[-3] else 1
    if size > 1:
        planes = max(n for n in range(1, planes + 1) if size % n == 0)
    return *(1 for _ in shape[:-3]), planes, *plane


def _fit(size: int, edge: int) -> int:
    """Return a length near an edge that is a multiple or a part of a block's size."""
    if size < edge:
        return size * (edge // size)
    parts = round(size / edge)
    return edge if size % parts else size // parts


def regions(
    shape: Sequence[int],
    sizes: Sequence[Sequence[int]],
    chunk: Sequence[int],
    n_pixels: int,
) -> list[Slices]:
    """Cut an image into regions of whole blocks.

    Parameters
    ----------
    shape, sizes
        As for `chunk_shape`.
    chunk : sequence of int
        The shape of the chunks, which regions hold whole ones of where they can.
    n_pixels : int
        The most pixels of a region; more where a single block has more.

    Returns
    -------
    list of tuple of slice
        Together every pixel once. Those of a plane are in an order that has done
        squares of 2, 4, 8, ... regions a side one after another, so that few chunks of
        any level are unfinished at a time.
    """
    blocks = [
        along or _equal(n, size)
        for n, along, size in zip(shape, sizes, chunk, strict=True)
    ]
    least = [max(along, default=1) for along in blocks]
    groups: list[list[slice]] = []
    for axis in reversed(range(len(shape))):
        longest = (
            max((s.stop - s.start for s in along), default=1) for along in groups
        )
        most = n_pixels // max(1, prod(longest) * prod(least[:axis]))
        if axis == len(shape) - 1:
            most = min(most, isqrt(most * least[-2]))
        if most > chunk[axis]:
            most -= most % chunk[axis]
        groups.insert(0, _joined(blocks[axis], most))
    rows, columns = (range(len(along)) for along in groups[-2:])
    spread = [_spread(i) for i in range(max(len(rows), len(columns)))]
    planes = sorted(
        product(rows, columns), key=lambda at: 2 * spread[at[0]] + spread[at[1]]
    )
    return [
        (*leading, groups[-2][y], groups[-1][x])
        for leading in product(*groups[:-2])
        for y, x in planes
    ]


def _equal(n: int, size: int) -> tuple[int, ...]:
    return tuple(min(size, n - start) for start in range(0, n, size))


def _joined(sizes: Sequence[int], most: int) -> list[slice]:
    """Join neighbors while they are together at most so long."""
    joined: list[slice] = []
    start = 0
    for size in sizes:
        stop = start + size
        if joined and stop - joined[-1].start <= most:
            joined[-1] = slice(joined[-1].start, stop)
        else:
            joined.append(slice(start, stop))
        start = stop
    return joined


def _spread(index: int) -> int:
    """Return a number with a zero between its bits: two such are Morton's order."""
    return sum((index >> b & 1) << 2 * b for b in range(index.bit_length()))


class Part(NamedTuple):
    """What a piece has of a chunk: where that is, where it starts, and its pixels."""

    low: tuple[int, ...]
    high: tuple[int, ...]
    start: tuple[int, ...]
    pixels: NDArray[Any]

    @property
    def is_whole(self) -> bool:
        """Whether the piece has all of the chunk."""
        return self.pixels.shape == tuple(np.subtract(self.high, self.low))


def parts(
    start: Sequence[int],
    piece: NDArray[Any],
    shape: Sequence[int],
    chunk: Sequence[int],
) -> Iterator[Part]:
    """Cut a piece that starts there along the chunks of an array.

    Examples
    --------
    >>> for part in parts((0, 1), np.array([[5, 6, 7]]), (1, 5), (1, 2)):
    ...     print(part.low, part.high, part.start, part.pixels, part.is_whole)
    (0, 0) (1, 2) (0, 1) [[5]] False
    (0, 2) (1, 4) (0, 2) [[6 7]] True
    """
    if not piece.size:
        return
    begins = np.array(start)
    ends = begins + piece.shape
    for index in product(*map(range, begins // chunk, -(-ends // np.array(chunk)))):
        low = np.multiply(index, chunk)
        high = np.minimum(low + chunk, shape)
        first, last = np.maximum(low, begins), np.minimum(high, ends)
        pixels = piece[tuple(map(slice, first - begins, last - begins))]
        yield Part(_tuple(low), _tuple(high), _tuple(first), pixels)


def _tuple(place: NDArray[Any]) -> tuple[int, ...]:
    return tuple(place.tolist())


class Chunks:
    """The chunks of an array, put together from pieces of any shape.

    Parameters
    ----------
    shape, chunk : sequence of int
        Of the array, and of its chunks; those at the end may be smaller.

    Examples
    --------
    >>> chunks = Chunks((1, 3), (1, 2))
    >>> list(chunks.add((0, 0), np.array([[1]])))
    []
    >>> list(chunks.add((0, 1), np.array([[2, 3]])))
    [((0, 0), array([[1, 2]])), ((0, 2), array([[3]]))]
    """

    def __init__(self, shape: Sequence[int], chunk: Sequence[int]) -> None:
        self._shape = tuple(shape)
        self._chunk = tuple(chunk)
        self._open: dict[tuple[int, ...], tuple[NDArray[Any], int]] = {}

    def add(
        self, start: Sequence[int], piece: NDArray[Any]
    ) -> Iterator[tuple[tuple[int, ...], NDArray[Any]]]:
        """Add the piece that starts there; yield what chunks that makes whole."""
        for part in parts(start, piece, self._shape, self._chunk):
            if part.is_whole:
                yield part.low, part.pixels
                continue
            if part.low in self._open:
                chunk, missing = self._open.pop(part.low)
            else:
                chunk = np.empty(np.subtract(part.high, part.low), piece.dtype)
                missing = chunk.size
            there = map(
                slice,
                np.subtract(part.start, part.low),
                np.subtract(part.start, part.low) + part.pixels.shape,
            )
            chunk[tuple(there)] = part.pixels
            if missing > part.pixels.size:
                self._open[part.low] = chunk, missing - part.pixels.size
            else:
                yield part.low, chunk
