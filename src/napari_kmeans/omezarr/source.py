"""Sources: arrays on disk as lazy arrays, that tell which block cannot be read."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import pyramid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

# A coarser level may be a blurred one: near the border of an empty chunk it may hold
# what is beside the chunk.
_BLUR = 8


class Source:
    """An array on disk that tells which block of it could not be read.

    Parameters
    ----------
    array : zarr.Array
    where : str
        Its path, for messages.
    channel : int or None
        The axis that is to be the last.
    coarser : zarr.Array or None
        The next level of the image.
    """

    def __init__(
        self, array: Any, where: str, channel: int | None, coarser: Any
    ) -> None:
        self.array, self.where, self.channel = array, where, channel
        self.coarser = coarser
        self.dtype = array.dtype
        self.ndim = array.ndim
        self.shape = self._arranged(array.shape)

    def _arranged(self, of_axes: Sequence[Any]) -> tuple[Any, ...]:
        if self.channel is None:
            return tuple(of_axes)
        rest = [value for i, value in enumerate(of_axes) if i != self.channel]
        return *rest, of_axes[self.channel]

    def lazy(self) -> Any:
        """Return a dask array whose blocks are whole chunks, small ones joined."""
        import dask.array as da

        stored = self.array.shards or self.array.chunks
        *leading, y, x = (max(1, size) for size in stored)
        plane = self.array.shape[-2:]
        y, x = (
            min(length, n * max(1, pyramid.EDGE // n))
            for length, n in zip(plane, (y, x), strict=True)
        )
        sizes = [*leading, y, x]
        if self.channel is not None:
            sizes[self.channel] = self.array.shape[self.channel]
        elif leading:
            joined = pyramid.EDGE**2 // (leading[-1] * y * x)
            sizes[-3] *= max(1, joined)
        return da.from_array(
            self,
            chunks=self._arranged(sizes),
            name=False,  # the file may be another one by the next time
            getitem=_read_block,
            # As a task of its own it would have dask list all chunks to take some.
            inline_array=True,
            meta=np.empty((0,) * self.ndim, self.dtype),
        )

    def read(self, block: pyramid.Slices) -> NDArray[Any]:
        """Read a block; of the array as it is arranged here."""
        stored = list(block)
        if self.channel is not None:
            stored.insert(self.channel, stored.pop())
        starts = ", ".join(str(part.start) for part in stored)
        try:
            lost = self._lost(stored)
            data = np.asarray(self.array[tuple(stored)])
        except Exception as error:  # a codec or a store may raise anything
            raise ValueError(
                f"{self.where}: the block at ({starts}) could not be read: "
                f"{self._damaged(stored)}{reason(error)}."
            ) from error
        if lost is not None:
            raise ValueError(
                f"{self.where}: the block at ({starts}) could not be read: {lost} is "
                "missing, though a coarser level holds what was there."
            )
        return data if self.channel is None else np.moveaxis(data, self.channel, -1)

    def _lost(self, block: Sequence[slice]) -> Path | None:
        """Return a chunk of a block that must have been there, but is not."""
        coarser = self.coarser
        if coarser is None or coarser.shape[:-2] != self.array.shape[:-2]:
            return None
        for index, file in self._files(block):
            if not file.exists() and self._coarser_holds(index):
                return file
        return None

    def _damaged(self, block: Sequence[slice]) -> str:
        """Return the chunk of a block that cannot be read, as a beginning of why."""
        for index, file in self._files(block):
            try:
                self.array[tuple(map(slice, *self._ends(index)))]
            except Exception:
                return f"{file}: "
        return ""

    def _files(self, block: Sequence[slice]) -> Iterator[tuple[tuple[int, ...], Path]]:
        """Yield index and file of each chunk of a block, where there are files."""
        folder = Path(self.where)
        if not folder.is_dir():
            return
        spans = [
            range(part.start // n, -(-part.stop // n))
            for part, n in zip(block, self._size, strict=True)
        ]
        for index in product(*spans):
            yield index, folder / str(self.array.metadata.encode_chunk_key(index))

    @property
    def _size(self) -> tuple[int, ...]:
        """Of what is stored in a file."""
        size: tuple[int, ...] = self.array.shards or self.array.chunks
        return size

    def _ends(self, index: Sequence[int]) -> tuple[list[int], list[int]]:
        """Return where a chunk begins and ends."""
        starts = np.multiply(index, self._size)
        return starts.tolist(), (starts + self._size).tolist()

    def _coarser_holds(self, index: Sequence[int]) -> bool:
        """Whether the coarser level has something well inside a chunk."""
        inner = []
        for axis, (i, n) in enumerate(zip(index, self._size, strict=True)):
            length = self.array.shape[axis]
            ratio = self.coarser.shape[axis] / length
            blur = _BLUR if axis >= self.ndim - 2 else 0
            start = int(np.ceil(i * n * ratio)) + blur
            stop = int(min((i + 1) * n, length) * ratio) - blur
            inner.append(slice(start, max(start, stop)))
        values = self.coarser[tuple(inner)]
        return bool((values != (self.array.fill_value or 0)).any())


def _read_block(source: Source, block: pyramid.Slices, *_: Any) -> NDArray[Any]:
    """Read a block; dask, which passes more, does not look into it to read less."""
    return source.read(block)


def reason(error: Exception) -> str:
    """Return why something failed, as the end of a sentence."""
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__
