"""Samples: the pixels of an image, or points, as k-means sees them.

Where integer pixels can take no more than 2**24 colors (8-bit RGB; any single channel
of 8 or 16 bits, or of more where the values lie close together), the samples are the
distinct colors, in ascending order, weighted by their counts: an image of 14 million
pixels often has no more than 300,000. Other pixels are samples themselves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from . import kernels
from .frame import Frame, less
from .progress import at
from .threads import map_blocks, n_parallel, spans

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

T = TypeVar("T")

#: The most possible colors that are counted in a table.
TABLE = 2**24

#: Up to this many pixels are counted by sorting: faster than walking a large table.
SORTED = 2**17

#: Up to this many pixels that are not counted, their distinct colors are still told.
DISTINCT = 2**16

#: Integers up to this are held exactly by float64.
FLOAT64 = 2**53

#: Floats beyond this, or within its inverse of zero, have squares beyond float64.
EXTREME = 2.0**300

#: Where values reach this many times as far as most do, sums of all lose the others.
FAR = 2.0**26

#: Samples that tell where most lie.
PROBE = 2**13

#: The most samples, each as heavy as a great many others, that are not drawn the more.
MOST_HEAVY, HEAVY = 16, 64

#: Integer weights are repetitions up to this many, where there is no other limit.
MOST_REPEATED = 2**24

#: Tiles in a block that one thread works on.
TILES = 2**10

#: Samples times values of centers that are gone through without a pause: some tenths of
#: a second; and samples of which a part has a multiple, to be shared by threads.
PASS, SPAN = 2**30, 2 * TILES * kernels.TILE

_NO_WEIGHTS = np.empty(0)


@dataclass(frozen=True)
class Samples:
    """What is clustered.

    Attributes
    ----------
    values : (n_channels, n) float32 or float64
    weights : (n,) float64, or (0,)
        Above 0; empty where every weight is 1.
    frame : Frame
        How the values are made from those of the data.
    integral : bool
        Whether the data are integers or booleans.
    n_colors : int or None
        The number of distinct samples, where it was counted.
    compact : bool
        Whether samples close in order are close in value.
    """

    values: NDArray[Any]
    weights: NDArray[np.float64]
    frame: Frame
    integral: bool
    n_colors: int | None
    compact: bool = False

    @property
    def n(self) -> int:
        """Number of samples."""
        return int(self.values.shape[1])

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return int(self.values.shape[0])

    @property
    def nbytes(self) -> int:
        """How many bytes are kept."""
        kept = vars(self).values()
        return sum(value.nbytes for value in kept if isinstance(value, np.ndarray))

    @property
    def n_tiles(self) -> int:
        """Number of tiles: see `kernels`."""
        return -(-self.n // kernels.TILE)

    @cached_property
    def boxes(self) -> NDArray[np.float64]:
        """The least and the greatest values of each tile: (n_tiles, 2, n_channels)."""
        boxes = np.empty((self.n_tiles, 2, self.n_channels))

        def part(start: int, stop: int) -> None:
            values = self.values[:, start * kernels.TILE : stop * kernels.TILE]
            boxes[start:stop, 0] = _per_tile(np.minimum, values).T
            boxes[start:stop, 1] = _per_tile(np.maximum, values).T

        map_blocks(part, self.n_tiles, TILES)
        return boxes

    @cached_property
    def minima(self) -> NDArray[np.float64]:
        """The least value of each channel."""
        return np.asarray(self.boxes[:, 0].min(axis=0))

    @cached_property
    def maxima(self) -> NDArray[np.float64]:
        """The greatest value of each channel."""
        return np.asarray(self.boxes[:, 1].max(axis=0))

    @cached_property
    def splitters(self) -> NDArray[np.float64]:
        """What splits values less `minima`, and weights: (n_channels + 1, 2)."""
        reach = (*(self.maxima - self.minima), 1.0)
        quanta = [kernels.quanta(r, self.total_weight, self.n) for r in reach]
        return kernels.SPLITTER * np.array(quanta)

    @cached_property
    def totals(self) -> NDArray[np.float64]:
        """The sums over tiles where these are compact, so that most have one candidate.

        (n_tiles, n_channels + 1, 2), or (0, n_channels + 1, 2).
        """
        n_tiles = self.n_tiles if self.compact else 0
        totals = np.empty((n_tiles, self.n_channels + 1, 2))
        minima, splitters = self.minima, self.splitters

        def part(start: int, stop: int) -> None:
            at = slice(start * kernels.TILE, stop * kernels.TILE)
            values = self.values[:, at] - minima[:, np.newaxis]
            rows = np.vstack([values, np.ones(values.shape[1])])
            if self.weights.size:
                rows *= self.weights[at]
            # As the kernel `visit` does it: exact, so in whatever order.
            high, low = kernels.halves(rows, *splitters.T[..., np.newaxis])
            totals[start:stop, :, 0] = _per_tile(np.add, high).T
            totals[start:stop, :, 1] = _per_tile(np.add, low).T

        map_blocks(part, n_tiles, TILES // 4)
        return totals

    def coarse(self, size: int, seed: int) -> Samples:
        """Return about `size` samples that stand for all; compact, if few channels."""
        index, weights = select(self.n, self.weights, size), _NO_WEIGHTS
        if index is None:
            index = spread(self.n, self.weights, size, seed)
            if (by := drawn(self.weights)) is not self.weights:
                weights = self.weights[index] / by[index]
        picked = self.pick(index)
        compact = self.n_channels <= 3
        if compact:
            order = _order(_place(picked))
            picked, weights = picked[:, order], weights[order if weights.size else []]
        return Samples(
            np.ascontiguousarray(picked, np.float64),
            weights,
            self.frame,
            self.integral,
            n_colors=None,
            compact=compact,
        )

    @cached_property
    def long(self) -> bool:
        """Whether there are integers that float64 would round."""
        if not self.integral or self.frame.converts:
            return False
        ends = self.frame.unscaled(np.stack([self.minima, self.maxima]))
        origin = self.frame.origin
        restored = (
            a + int(v) for a, column in zip(origin, ends.T, strict=True) for v in column
        )
        return max(map(abs, restored)) > FLOAT64

    @cached_property
    def window(self) -> NDArray[np.float64]:
        """The least and the greatest values, (2, n_channels), but for a few far ones.

        Those are left out of a channel that reaches `FAR` times as far with them.
        """
        ends = np.stack([self.minima, self.maxima])
        reach = ends[1] - ends[0]
        if self.integral and reach.max() < FAR:
            return ends
        for channel, row in enumerate(self.pick(probe(self.n))):
            distinct = np.unique(row).astype(np.float64)
            n_far = min(max(2, distinct.size // 128), distinct.size - 2)
            if n_far < 0:
                continue
            starts, stops = distinct[: n_far + 1], distinct[-n_far - 1 :]
            shortest = int((stops - starts).argmin())
            most = starts[shortest], stops[shortest]
            if (most[1] - most[0]) * FAR < reach[channel]:
                ends[:, channel] = most
        return ends

    @property
    def range(self) -> float:
        """The range of the values, the widest of the channels, but for far ones."""
        return float((self.window[1] - self.window[0]).max())

    @property
    def dominated(self) -> bool:
        """Whether a few values are so far off that sums of all lose the others."""
        return bool((self.window != [self.minima, self.maxima]).any())

    @cached_property
    def total_weight(self) -> float:
        """The sum of the weights."""
        return float(self.weights.sum()) if self.weights.size else float(self.n)

    def rounded(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return centers of samples as they are once restored, unless `long`.

        What is near to a center is then also near to what is told of it. Centers in
        another color space are not told of.
        """
        if self.long or self.frame.converts:
            return values
        return self.frame.relative(self.frame.restore(values))

    def pick(self, index: NDArray[np.int64] | slice) -> NDArray[Any]:
        """Return some of the samples: (n_channels, n_picked)."""
        return self.values[:, index]

    def each(self, function: Callable[..., T], *args: Any) -> list[T]:
        """Call ``function(samples, *args)`` for each part of the samples in memory.

        The work grows with the first of `args`: where that takes long, there are
        several parts, in order.
        """
        size = PASS // (np.size(args[0]) * SPAN) * SPAN
        found = []
        for start, stop in spans(self.n, max(size, SPAN)):
            if start:
                at(start / self.n)
            part = self if stop - start == self.n else _Slice.of(self, start, stop)
            found.append(function(part, *args))
        return found

    @property
    def in_memory(self) -> bool:
        """Whether all samples are."""
        return True

    def position(self, index: int) -> int:
        """Return where a sample stands in the order of all."""
        return index

    def distinct(self, most: int) -> NDArray[np.float64]:
        """Return the distinct samples, stopping beyond `most`.

        Returns
        -------
        (n_distinct, n_channels) float64
            All of them where they are at most `most`, else more than `most`.
        """
        found = self.values[:, :0]
        start, size = 0, 4 * most + 1024
        while start < self.n and found.shape[1] <= most:
            block = self.values[:, start : start + size]
            found = _distinct(np.concatenate([found, block], axis=1))
            start, size = start + size, max(size, DISTINCT)
        return found.T.astype(np.float64)


@dataclass(frozen=True)
class _Slice(Samples):
    """Some of the samples, whole tiles of them; what sums need is known of all."""

    whole: Samples = field(kw_only=True)
    start: int = field(kw_only=True)

    @classmethod
    def of(cls, whole: Samples, start: int, stop: int) -> _Slice:
        """Return the samples from `start` to `stop`."""
        return cls(
            whole.values[:, start:stop],
            whole.weights[start:stop],
            whole.frame,
            whole.integral,
            None,
            whole.compact,
            whole=whole,
            start=start,
        )

    @property
    def _tiles(self) -> slice:
        first = self.start // kernels.TILE
        return slice(first, first + self.n_tiles)

    @property
    def boxes(self) -> NDArray[np.float64]:
        """Those of all."""
        return self.whole.boxes[self._tiles]

    @property
    def totals(self) -> NDArray[np.float64]:
        """Those of all."""
        return self.whole.totals[self._tiles]

    def position(self, index: int) -> int:
        """Return where a sample stands in the order of all."""
        return self.start + index


def _per_tile(ufunc: np.ufunc, rows: NDArray[Any]) -> NDArray[Any]:
    """Reduce each tile of rows, (n_rows, n), to one value: (n_rows, n_tiles)."""
    whole = rows.shape[1] // kernels.TILE * kernels.TILE
    tiles = rows[:, :whole].reshape(len(rows), -1, kernels.TILE)
    found = ufunc.reduce(tiles, axis=2)
    if whole < rows.shape[1]:
        last = ufunc.reduce(rows[:, whole:], axis=1, keepdims=True)
        found = np.hstack([found, last])
    return np.asarray(found)


def _distinct(values: NDArray[Any]) -> NDArray[Any]:
    """Return the distinct columns, each where it first occurs."""
    import pandas as pd  # napari has loaded it; a script may never need it

    return values[:, ~pd.DataFrame(values.T).duplicated().to_numpy()]


def _interleave(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Spread the bits of 8-bit values, two places between them."""
    spread = np.zeros_like(values)
    for bit in range(8):
        spread |= (values >> bit & 1) << (3 * bit)
    return spread


#: What each value of red, green and blue contributes to the code of an 8-bit color.
#: Their bits alternate (Morton order), so that codes close to each other are of colors
#: close to each other: in tiles of few candidates, and in few lines of the cache.
BITS = np.stack([_interleave(np.arange(256, dtype=np.uint32)) << s for s in (2, 1, 0)])


def _order(codes: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Return what sorts codes: NumPy sorts numbers faster than it finds their order."""
    keys = codes.astype(np.uint64) << np.uint64(32)
    keys |= np.arange(codes.size, dtype=np.uint64)
    keys.sort()
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.intp)


def _order_of_distinct(codes: NDArray[np.uint32], n_codes: int) -> NDArray[np.intp]:
    """Return what sorts distinct codes, by a table of which little is touched."""
    places = np.zeros((-(-n_codes // int(kernels.CELL)), int(kernels.CELL)), np.uint32)
    places.reshape(-1)[codes] = np.arange(1, codes.size + 1, dtype=np.uint32)
    touched = np.zeros(len(places), np.bool_)
    touched[codes // kernels.CELL] = True
    found = places[touched]
    return found[found > 0].astype(np.intp) - 1


def _place(values: NDArray[Any]) -> NDArray[np.uint32]:
    """Return about where up to three channels lie on the curve of `BITS`."""
    least = values.min(axis=1, keepdims=True)
    reach = np.maximum(np.ptp(values, axis=1).max(), np.finfo(values.dtype).tiny)
    bytes_ = ((values - least) / reach * 255).astype(np.uint8)
    place = np.zeros(values.shape[1], np.uint32)
    for bits, channel in zip(BITS, bytes_, strict=False):
        place |= bits[channel]
    return place


def _deinterleave(codes: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Return the red, green and blue of codes: (3, n)."""
    values = np.empty((3, codes.size), np.float32)

    def part(start: int, stop: int) -> None:
        for channel, shift in enumerate((2, 1, 0)):
            rest = codes[start:stop] >> np.uint32(shift) & np.uint32(0x249249)
            for places, mask in ((2, 0x0C30C3), (4, 0x00F00F), (8, 0x0000FF)):
                rest = (rest | rest >> np.uint32(places)) & np.uint32(mask)
            values[channel, start:stop] = rest

    map_blocks(part, codes.size, 2**16)
    return values


@dataclass(frozen=True)
class Codes:
    """How the colors of an image are numbered: row by row, but 8-bit RGB by `BITS`.

    Attributes
    ----------
    minima : tuple of int
        The least possible value of each channel.
    sizes : tuple of int
        The number of possible values of each channel.
    """

    minima: tuple[int, ...]
    sizes: tuple[int, ...]

    @property
    def n(self) -> int:
        """Number of possible colors."""
        return int(np.prod(self.sizes, dtype=object))

    @classmethod
    def of(cls, channels: Sequence[NDArray[Any]]) -> Codes | None:
        """Return numbers for the colors of integers; None where they are too many."""
        dtype = channels[0].dtype
        if codes := cls.of_dtype(dtype, len(channels)):
            return codes
        if dtype.kind not in "iu":
            return None
        minima = tuple(int(channel.min()) for channel in channels)
        maxima = tuple(int(channel.max()) for channel in channels)
        return cls.of_extent(dtype, minima, maxima, channels[0].size)

    @classmethod
    def of_dtype(cls, dtype: np.dtype[Any], n_channels: int) -> Codes | None:
        """Return numbers for all colors that a dtype can have, if they are few."""
        if dtype.kind == "b":
            return cls((0,) * n_channels, (2,) * n_channels)._if_few()
        if dtype.kind not in "iu" or dtype.itemsize > 2:
            return None
        info = np.iinfo(dtype)
        size = int(info.max) - int(info.min) + 1
        return cls((int(info.min),) * n_channels, (size,) * n_channels)._if_few()

    @classmethod
    def of_extent(
        cls,
        dtype: np.dtype[Any],
        minima: tuple[int, ...] | None,
        maxima: tuple[int, ...] | None,
        n: int,
    ) -> Codes | None:
        """Return numbers for the colors between given values, of n pixels."""
        if dtype.kind not in "iu" or minima is None or maxima is None:
            return None
        sizes = tuple(b - a + 1 for a, b in zip(minima, maxima, strict=True))
        codes = cls(minima, sizes)
        # A table much longer than the image would cost more than it saves.
        return codes if codes.n <= min(TABLE, 4 * n + 2**16) else None

    def _if_few(self) -> Codes | None:
        return self if self.n <= TABLE else None

    @property
    def are_rgb(self) -> bool:
        """Whether the codes are those of three 8-bit channels."""
        return self.minima == (0, 0, 0) and self.sizes == (256, 256, 256)

    def encode(self, channels: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Return the codes of pixels, unsigned."""
        first = channels[0]
        if self.are_rgb:
            red, green, blue = (b[c] for b, c in zip(BITS, channels, strict=True))
            return np.asarray(red | green | blue)
        if len(channels) == 1 and first.dtype.kind == "u" and self.minima == (0,):
            return first
        codes = np.zeros(first.shape, np.uint32)
        for channel, least, size in zip(channels, self.minima, self.sizes, strict=True):
            codes *= np.uint32(size)
            codes += less(channel, least).astype(np.uint32)
        return codes

    def decode(self, codes: NDArray[np.uint32]) -> NDArray[np.float32]:
        """Return the values of codes less the minima: (n_channels, n), exact."""
        if self.are_rgb:
            return _deinterleave(codes)
        values = np.empty((len(self.sizes), codes.size), np.float32)
        rest = codes
        for channel in reversed(range(len(self.sizes))):
            rest, values[channel] = np.divmod(rest, np.uint32(self.sizes[channel]))
        return values


def count(channels: Sequence[NDArray[Any]], codes: Codes) -> tuple[Any, Any]:
    """Return the codes that occur, ascending, and their counts.

    Parameters
    ----------
    channels : sequence of (n,) integers
        One array a channel, all of one dtype.
    codes : Codes

    Returns
    -------
    (n_colors,) uint32, (n_colors,) float64
    """
    n = channels[0].size
    if n <= SORTED and codes.n > 2**16:
        ordered = np.sort(codes.encode(channels))
        first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
        at = np.flatnonzero(first)
        return ordered[at], np.diff(at, append=n).astype(np.float64)

    n_cells = -(-codes.n // int(kernels.CELL))
    touched = np.zeros(n_cells, np.bool_)

    def table(start: int, stop: int) -> NDArray[np.uint32]:
        counts = np.zeros(codes.n, np.uint32)
        if codes.are_rgb:
            red, green, blue = channels
            kernels.count3(red, green, blue, BITS, counts, touched, start, stop)
        else:
            for a, b in spans(stop - start, 2**16):
                part = [c[start + a : start + b] for c in channels]
                kernels.count1(codes.encode(part), counts, touched, 0, b - a)
        return counts

    # One table a thread, of at most two, each with its part of the pixels.
    first, *others = map_blocks(table, n, size=-(-n // min(2, n_parallel())))
    second = others[0] if others else first[:0]
    cells = np.flatnonzero(touched)

    def occurring(start: int, stop: int) -> tuple[Any, Any]:
        size = (stop - start) * int(kernels.CELL)
        codes, counts = np.empty(size, np.uint32), np.empty(size)
        found = kernels.collect(first, second, cells[start:stop], codes, counts)
        return codes[:found].copy(), counts[:found].copy()

    parts = map_blocks(occurring, len(cells), 2**9)
    return (
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
    )


@dataclass(frozen=True)
class Colors(Samples):
    """The distinct colors of an image, weighted by their counts.

    Attributes
    ----------
    codes : Codes
    occurring : (n,) uint32
        The codes of the samples.
    """

    codes: Codes = field(kw_only=True)
    occurring: NDArray[np.uint32] = field(kw_only=True)

    def coarse(self, size: int, seed: int) -> Samples:  # noqa: ARG002
        """Return about `size` samples, the means of colors close to each other."""
        group = self.n // size
        if group < 2:
            return self
        starts = np.arange(0, self.n, group)
        weights = np.add.reduceat(self.weights, starts)
        values = np.add.reduceat(self.values * self.weights, starts, axis=1) / weights
        return Samples(values, weights, self.frame, False, None, True)

    def table(self, labels: NDArray[Any]) -> NDArray[Any]:
        """Return the label of each possible color, from 1; 0 where there is none."""
        lut = np.zeros(self.codes.n, labels.dtype)
        lut[self.occurring] = labels + labels.dtype.type(1)
        return lut


def look_up(
    channels: Sequence[NDArray[Any]], codes: Codes, lut: NDArray[Any]
) -> NDArray[Any]:
    """Return what a table of colors has for each pixel: (n,)."""
    found = np.empty(channels[0].size, lut.dtype)

    def part(start: int, stop: int) -> None:
        if codes.are_rgb:
            red, green, blue = channels
            kernels.look_up3(red, green, blue, BITS, lut, found, start, stop)
            return
        for a, b in spans(stop - start, 2**16):
            some = [channel[start + a : start + b] for channel in channels]
            out = found[start + a : start + b]
            kernels.look_up1(codes.encode(some), lut, out, 0, b - a)

    map_blocks(part, found.size)
    return found


def from_colors(
    codes: Codes,
    occurring: NDArray[np.uint32],
    counts: NDArray[np.float64],
    frame: Callable[[NDArray[np.float64], NDArray[np.float64]], Frame] | None = None,
) -> Colors:
    """Return the distinct colors of integer pixels as samples.

    Parameters
    ----------
    codes : Codes
    occurring, counts : (n,) uint32, (n,) float64
        The colors that occur, ascending, and how often.
    frame : callable, optional
        Returns the frame for values of the data, (n_channels, n), and their weights.
        By default values count from their least.
    """
    values = codes.decode(occurring).astype(np.float64)
    least = values.min(axis=1, keepdims=True)
    if codes.are_rgb and least.any():
        # In the order that the same image has, shifted to begin at 0.
        shifted = codes.encode(list((values - least).astype(np.uint8)))
        order = _order_of_distinct(shifted, codes.n)
        occurring, counts = occurring[order], counts[order]
        values = np.ascontiguousarray(values[:, order])
    if frame is None:
        values -= least
        minima = zip(codes.minima, least[:, 0], strict=True)
        made = Frame(tuple(a + int(b) for a, b in minima))
    else:
        values += np.array(codes.minima, np.float64)[:, np.newaxis]
        made = frame(values, counts)
        values = made.values(list(values))
    return Colors(
        values,
        counts,
        made,
        integral=True,
        n_colors=len(occurring),
        compact=True,
        codes=codes,
        occurring=occurring,
    )


def from_pixels(
    channels: Sequence[NDArray[Any]],
    weights: NDArray[np.float64] = _NO_WEIGHTS,
    frame: Frame | None = None,
) -> Samples:
    """Return pixels or points as samples, one each.

    Parameters
    ----------
    channels : sequence of (n,) arrays
        One array a channel, all of one dtype.
    weights : (n,) float64, or (0,)
        Above 0; empty where every weight is 1.
    frame : Frame, optional
        By default integers count from their least values, and extreme floats are
        divided by a power of two.
    """
    made = frame or Frame(_origin(channels))
    integral = channels[0].dtype.kind != "f"
    samples = Samples(made.values(channels), weights, made, integral, None)
    if frame is not None:
        return samples
    if channels[0].dtype == np.float64:
        samples = _in_unit(samples)
    return tell_distinct(samples)


def tell_distinct(samples: Samples) -> Samples:
    """Count the distinct samples, where they are not too many for that."""
    if samples.n > DISTINCT:
        return samples
    return replace(samples, n_colors=len(samples.distinct(samples.n)))


def _origin(channels: Sequence[NDArray[Any]]) -> tuple[int, ...]:
    if channels[0].dtype.kind not in "iu":
        return (0,) * len(channels)
    ends = [(int(channel.min()), int(channel.max())) for channel in channels]
    return origin(ends, lambda: [channel[probe(channel.size)] for channel in channels])


def origin(
    ends: Sequence[tuple[int, int]], some: Callable[[], Sequence[NDArray[Any]]]
) -> tuple[int, ...]:
    """Return what integers are counted from: see `Frame`.

    Parameters
    ----------
    ends : sequence of (int, int)
        The least and the greatest value of each channel.
    some : callable
        Returns some values of each channel: see `probe`.
    """
    least = tuple(low for low, _ in ends)
    if all(high - low <= FLOAT64 for low, high in ends):
        return least
    return tuple(int(np.sort(values)[values.size // 2]) for values in some())


def probe(n: int) -> NDArray[np.int64]:
    """Return which of n samples are looked at to know where most lie."""
    return spread(n, _NO_WEIGHTS, min(n, PROBE), seed=0)


def _in_unit(samples: Samples) -> Samples:
    """Divide extreme values by a power of two: k-means works on their squares."""
    unit = unit_of(samples.minima, samples.maxima)
    if unit == 1:
        return samples
    frame = replace(samples.frame, unit=unit)
    return replace(samples, values=samples.values / unit, frame=frame)


def unit_of(minima: NDArray[np.float64], maxima: NDArray[np.float64]) -> float:
    """Return what to divide floats by, so that their squares can be held."""
    largest = float(max(np.abs(minima).max(), np.abs(maxima).max()))
    if largest == 0 or 1 / EXTREME <= largest <= EXTREME:
        return 1.0
    return 2.0 ** (math.frexp(largest)[1] - 1)


def select(
    n: int, weights: NDArray[np.float64], most: int | None
) -> NDArray[np.int64] | slice | None:
    """Return what picks n samples whole, or None where they are more than `most`.

    Integer weights count as repetitions, so that the answer is that of the samples
    repeated.

    Parameters
    ----------
    weights : (n,) float64, or (0,)
        Empty where every weight is 1.
    most : int or None
        None for no limit.
    """
    if not weights.size:
        return slice(None) if most is None or n <= most else None
    if weights.sum() <= (most or MOST_REPEATED) and (weights == np.rint(weights)).all():
        return np.repeat(np.arange(n), weights.astype(np.int64))
    return None


def spread(
    n: int, weights: NDArray[np.float64], size: int, seed: int
) -> NDArray[np.int64]:
    """Pick `size` of n samples, spread evenly over their weights.

    The whole weight is cut into `size` equal parts and one place is drawn in each: a
    fixed step would fall in with the period of a striped image. Of weights see `drawn`.

    Parameters
    ----------
    weights : (n,) float64, or (0,)
        Above 0; empty where every weight is 1.

    Returns
    -------
    (size,) int64
        Ascending; a sample of large weight comes several times.

    Examples
    --------
    >>> spread(2, np.array([1.0, 3.0]), 4, seed=0).tolist()
    [0, 1, 1, 1]
    """
    places = np.arange(size) + np.random.default_rng(seed).random(size)
    if not weights.size:
        return np.minimum(places * (n / size), n - 1).astype(np.int64)
    cumulative = np.cumsum(drawn(weights))
    places *= cumulative[-1] / size
    index = np.searchsorted(cumulative, places, side="right")
    return np.asarray(np.minimum(index, n - 1), np.int64)


def drawn(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by what weights samples are drawn.

    By their own, unless a few are heavier than all others together, which would then
    never be drawn: those count as much as all the others.

    Examples
    --------
    >>> drawn(np.array([1.0, 1e30, 2.0])).tolist()
    [1.0, 3.0, 2.0]
    """
    for _ in range(MOST_HEAVY):
        heavy = weights > weights.sum() / (MOST_HEAVY + 1)
        if not heavy.any():
            break
        rest = weights[~heavy].sum()
        if not 0 < HEAVY * rest < weights[heavy].min():
            break
        weights = np.where(heavy, rest, weights)
    return weights
