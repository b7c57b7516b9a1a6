"""Codes: the numbers of the colors of integer images, by which they are counted."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import kernels
from ..run.memory import are_scattered, zeros
from ..run.threads import kept, map_blocks, n_parallel, spans
from .frame import less
from .sampling import probe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: The most possible colors that are counted in a table.
TABLE = 2**24

#: Up to this many pixels are counted by sorting: faster than walking a large table;
#: and where their colors lie all over it.
SORTED, SCATTERED = 2**17, 2**20


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


def order(codes: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Return what sorts codes: NumPy sorts numbers faster than it finds their order."""
    keys = codes.astype(np.uint64) << np.uint64(32)
    keys |= np.arange(codes.size, dtype=np.uint64)
    keys.sort()
    return (keys & np.uint64(0xFFFFFFFF)).astype(np.intp)


def place_of(values: NDArray[Any]) -> NDArray[np.uint32]:
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


def words_of(
    channels: Sequence[NDArray[np.uint8]], *, write: bool = False
) -> NDArray[np.uint32]:
    """Return the bytes of 8-bit RGB as words, three for four pixels; a view.

    None of what does not lie pixel by pixel, and of the last pixels that are no four:
    what reads words reads the rest byte by byte.
    """
    first, n = channels[0], channels[0].size // 4 * 4
    places = [channel.__array_interface__["data"][0] for channel in channels]
    side_by_side = places == [places[0], places[0] + 1, places[0] + 2]
    strides = {channel.strides for channel in channels}
    usable = side_by_side and strides == {(3,)} and places[0] % 4 == 0
    if not usable or sys.byteorder != "little":
        return np.empty(0, np.uint32)
    whole = np.lib.stride_tricks.as_strided(first, (3 * n,), (1,), writeable=write)
    return whole.view(np.uint32)


def packed_rgb(colors: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return 8-bit colors, (k, 3), as `words_of` has pixels; those of labels 1..k.

    Examples
    --------
    >>> packed_rgb(np.array([[1, 2, 3]], np.uint8)).tolist() == [0, 0x030201]
    True
    """
    red, green, blue = colors.astype(np.uint32).T
    packed = red | green << np.uint32(8) | blue << np.uint32(16)
    return np.concatenate([np.zeros(1, np.uint32), packed])


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

    def are_scattered(self, channels: Sequence[NDArray[Any]]) -> bool:
        """Whether the colors of pixels lie too far apart for a table of them."""
        some = self.encode([channel[probe(channel.size)] for channel in channels])
        return are_scattered(some, np.uint32)

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

    def channels(
        self, codes: NDArray[np.uint32], dtype: np.dtype[Any]
    ) -> list[NDArray[Any]]:
        """Return the colors of codes as the image has them, a channel each: (n,)."""
        # Unsigned arithmetic wraps, so any dtype comes right.
        return [
            (row.astype(np.uint64) + np.uint64(least % 2**64)).astype(dtype)
            for row, least in zip(self.decode(codes), self.minima, strict=True)
        ]


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
    scattered = codes.are_scattered(channels)
    if n <= (SCATTERED if scattered else SORTED) and codes.n > 2**16:
        ordered = np.sort(codes.encode(channels))
        first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
        at = np.flatnonzero(first)
        return ordered[at], np.diff(at, append=n).astype(np.float64)

    n_cells = -(-codes.n // int(kernels.CELL))
    touched = np.zeros(n_cells, np.bool_)

    def table(start: int, stop: int) -> tuple[NDArray[np.uint32], bool]:
        make = partial(zeros, codes.n, np.uint32, scattered=scattered)
        counts, is_kept = kept((count, codes.n), make)
        if codes.are_rgb:
            words = words_of([channel[start:stop] for channel in channels])
            done = start + words.size // 3 * 4
            kernels.count4(words, BITS, counts, touched, 0, words.size // 3)
            red, green, blue = channels
            kernels.count3(red, green, blue, BITS, counts, touched, done, stop)
        else:
            for a, b in spans(stop - start, 2**16):
                part = [c[start + a : start + b] for c in channels]
                kernels.count1(codes.encode(part), counts, touched, 0, b - a)
        return counts, is_kept

    # One table a thread, of at most two, each with its part of the pixels, in fours:
    # these begin where words do.
    size = 4 * -(-n // (4 * min(2, n_parallel())))
    (first, is_kept), *others = map_blocks(table, n, size)
    second = others[0][0] if others else first[:0]
    cells = np.flatnonzero(touched)

    def occurring(start: int, stop: int) -> tuple[Any, Any]:
        size = (stop - start) * int(kernels.CELL)
        codes, counts = np.empty(size, np.uint32), np.empty(size)
        found = kernels.collect(first, second, cells[start:stop], codes, counts)
        return codes[:found].copy(), counts[:found].copy()

    parts = map_blocks(occurring, len(cells), 2**9)
    found = np.concatenate([part[0] for part in parts])
    if is_kept:  # for the next, which begins with zeros
        first[found] = 0
    return found, np.concatenate([part[1] for part in parts])


def look_up(
    channels: Sequence[NDArray[Any]], codes: Codes, lut: NDArray[Any]
) -> NDArray[Any]:
    """Return what a table of colors has for each pixel: (n,)."""
    found = np.empty(channels[0].size, lut.dtype)

    def part(start: int, stop: int) -> None:
        if codes.are_rgb:
            words = words_of([channel[start:stop] for channel in channels])
            done = start + words.size // 3 * 4
            kernels.look_up4(words, BITS, lut, found[start:], 0, words.size // 3)
            red, green, blue = channels
            kernels.look_up3(red, green, blue, BITS, lut, found, done, stop)
            return
        for a, b in spans(stop - start, 2**16):
            some = [channel[start + a : start + b] for channel in channels]
            out = found[start + a : start + b]
            kernels.look_up1(codes.encode(some), lut, out, 0, b - a)

    map_blocks(part, found.size)
    return found
