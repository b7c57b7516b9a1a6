"""Layout: how an image is cut into chunks, and how they are encoded.

It is all that a worker of a cluster needs to know of what is written elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import pyramid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

#: Of Zstandard: fast, and a damaged chunk is noticed.
LEVEL, CHECKSUM = 1, True


class Piece(NamedTuple):
    """What a block has of a level, from a place on: a chunk encoded, or pixels."""

    level: int
    start: tuple[int, ...]
    content: bytes | NDArray[Any]


@dataclass(frozen=True)
class Layout:
    """The chunks of an image, of all its levels.

    Colors are interleaved, as Zarr's transpose codec has it: a color that occurs again
    is then the same bytes again, which makes chunks half as large, and faster.

    Attributes
    ----------
    shape, chunk : tuple of int
        Of the image, and of its chunks.
    dtype : numpy.dtype
        Of the image.
    interleaved : int, optional
        The axis of colors, which is stored last.
    places : sequence of sequences of arrays of int64, optional
        Which pixels each level has, along each axis. By default each level has every
        other pixel of the one before it, along the last two.
    """

    shape: tuple[int, ...]
    chunk: tuple[int, ...]
    dtype: np.dtype[Any]
    interleaved: int | None = None
    places: Sequence[Sequence[NDArray[np.int64]]] | None = None

    @cached_property
    def levels(self) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
        """The shape of each level, and that of its chunks."""
        if self.places is None:
            n_levels = pyramid.n_levels(self.shape)
            shapes = [pyramid.level_shape(self.shape, i) for i in range(n_levels)]
        else:
            shapes = [tuple(map(len, places)) for places in self.places]
        return [
            (shape, tuple(map(min, zip(self.chunk, shape, strict=True))))
            for shape in shapes
        ]

    @property
    def order(self) -> tuple[int, ...]:
        """The axes as they are stored."""
        axes = [axis for axis in range(len(self.shape)) if axis != self.interleaved]
        return tuple(axes if self.interleaved is None else [*axes, self.interleaved])

    def codecs(self, zarr_format: int = 3) -> dict[str, Any]:
        """Return what `encode` does, as Zarr creates an array of it."""
        if zarr_format == 2:
            from numcodecs import Zstd

            # An older numcodecs takes no word of the checksum; each frame tells it.
            return {"compressors": Zstd(LEVEL)}
        from zarr.codecs import TransposeCodec, ZstdCodec

        return {
            "filters": (
                None if self.interleaved is None else [TransposeCodec(order=self.order)]
            ),
            "compressors": ZstdCodec(level=LEVEL, checksum=CHECKSUM),
        }

    def encode(self, level: int, chunk: NDArray[Any]) -> bytes:
        """Encode a chunk as Zarr would, but in this thread and without its copies."""
        from numcodecs import Zstd

        _, size = self.levels[level]
        interleaved = chunk.transpose(self.order)
        sizes = [size[axis] for axis in self.order]
        stored = np.zeros(sizes, self.dtype.newbyteorder("<"))
        stored[tuple(map(slice, interleaved.shape))] = interleaved
        encoded: bytes = Zstd(LEVEL, CHECKSUM).encode(stored)
        return encoded

    def pieces(self, start: Sequence[int], block: NDArray[Any]) -> Iterator[Piece]:
        """Return what a block has of each level: chunks it holds whole are encoded."""
        for level, (shape, size) in enumerate(self.levels):
            if self.places is None:
                begin, reduced = pyramid.reduce(start, block, level)
            else:
                begin, reduced = pyramid.taken(start, block, self.places[level])
            for part in pyramid.parts(begin, reduced, shape, size):
                pixels, whole = part.pixels, part.is_whole
                content = self.encode(level, pixels) if whole else pixels
                yield Piece(level, part.start, content)
