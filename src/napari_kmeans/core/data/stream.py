"""Streams: images of dask, read block by block and never held whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..run.lazy import corners, is_distributed, take_each
from ..run.threads import serially
from .block import Block
from .blocks import Blocks
from .pixels import Pixels
from .samples import Samples

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from .frame import Frame

T = TypeVar("T")

#: Bytes of a block that is read at once, about.
BLOCK = 2**24

#: The same on a cluster, where each block is a message to and from its scheduler.
CLUSTER_BLOCK = 2**26


@dataclass(frozen=True)
class Stream(Blocks):
    """An image of dask, in blocks.

    Attributes
    ----------
    image : dask.array.Array
        With the channels as last axis.
    n_channels : int
        Channels to cluster by: without alpha.
    mask : dask.array.Array, NumPy array or None
        Of booleans.
    no_data : float or None
    """

    image: Any
    n_channels: int
    mask: Any
    no_data: float | None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape without channels."""
        return tuple(self.image.shape[:-1])

    @property
    def size(self) -> int:
        """Number of pixels."""
        return int(np.prod(self.shape, dtype=object))

    @property
    def _arrays(self) -> list[Any]:
        """The image and, where there is one, the mask."""
        return [self.image] if self.mask is None else [self.image, self.mask]

    @cached_property
    def chunks(self) -> tuple[tuple[int, ...], ...]:
        """The blocks in which the image is read."""
        from dask.array.core import normalize_chunks

        image = self.image
        limit = CLUSTER_BLOCK if is_distributed() else BLOCK
        if image.dtype.kind == "f":  # more numbers in between, none of a byte
            limit //= 2
        chunks: tuple[tuple[int, ...], ...] = normalize_chunks(
            ("auto",) * (image.ndim - 1) + image.shape[-1:],
            shape=image.shape,
            limit=limit,
            dtype=image.dtype,
            previous_chunks=image.chunks,
        )
        return chunks

    def chunked_mask(self, chunks: tuple[tuple[int, ...], ...]) -> Any:
        """Return the mask as dask array of such chunks."""
        import dask.array as da

        if isinstance(self.mask, np.ndarray):
            return da.from_array(self.mask, chunks=chunks)
        return self.mask.rechunk(chunks)

    def take(
        self, take: Callable[[int, Any], None], function: Callable[..., Any], *args: Any
    ) -> None:
        """Call ``take(index, function(block, *args))`` for each block."""
        given = self._known, function, args
        take_each(take, self._arrays, self.chunks, _on_block, *given)

    @property
    def starts(self) -> list[tuple[int, ...]]:
        """Where the blocks begin, along each axis but that of the channels."""
        return list(corners(self.chunks[:-1]))

    @property
    def dtype(self) -> np.dtype[Any]:
        """That of the image, in native byte order."""
        dtype: np.dtype[Any] = self.image.dtype.newbyteorder("=")
        return dtype

    @property
    def _known(self) -> tuple[int, float | None, tuple[int, ...]]:
        """What a block knows of the whole."""
        return self.n_channels, self.no_data, self.shape

    def mapped(
        self, function: Callable[..., NDArray[Any]], dtype: Any, *beside: Any
    ) -> Any:
        """Return ``function(pixels)`` of each chunk, of dask: made when asked for.

        Parameters
        ----------
        function : callable
        dtype : dtype
        *beside : dask.array.Array and tuple of int, in turn
            What else the function is to get of each chunk, and the axes of the image
            along which that lies.
        """
        import dask
        import dask.array as da

        image = self.image.rechunk({self.image.ndim - 1: -1})
        axes = tuple(range(image.ndim))
        mask: tuple[Any, Any] = (None, None)
        if self.mask is not None:
            mask = (self.chunked_mask(image.chunks[:-1]), axes[:-1])
        return da.blockwise(
            _on_pixels,
            axes[:-1],
            *(image, axes, *mask, *beside),
            # Once in the graph, not once a chunk.
            function=dask.delayed(function, traverse=False),
            n_channels=self.n_channels,
            no_data=self.no_data,
            concatenate=True,
            dtype=dtype,
            meta=np.empty((0,) * len(self.shape), dtype),
        )

    def read(self) -> Pixels:
        """Read all pixels into memory."""
        image = np.empty(self.image.shape, self.image.dtype)
        mask = None if self.mask is None else np.empty(self.shape, np.bool_)

        starts = self.starts

        def keep(index: int, chunks: list[NDArray[Any]]) -> None:
            sizes = zip(starts[index], chunks[0].shape, strict=False)
            there = tuple(slice(start, start + size) for start, size in sizes)
            image[there] = chunks[0]
            if mask is not None:
                mask[there] = chunks[1].reshape(mask[there].shape)

        take_each(keep, self._arrays, self.chunks, _chunks)
        return Pixels(image, self.n_channels, mask, self.no_data)


def _on_pixels(
    image: NDArray[Any],
    mask: NDArray[np.bool_] | None,
    *beside: NDArray[Any],
    function: Callable[..., NDArray[Any]],
    n_channels: int,
    no_data: float | None,
) -> NDArray[Any]:
    pixels = Pixels(np.asarray(image), n_channels, mask, no_data)
    return serially(function, pixels, *beside)


def _chunks(chunks: list[NDArray[Any]], _: tuple[int, ...]) -> list[NDArray[Any]]:
    return chunks


def _on_block(
    chunks: list[NDArray[Any]],
    start: tuple[int, ...],
    known: tuple[int, float | None, tuple[int, ...]],
    function: Callable[..., T],
    args: tuple[Any, ...],
) -> T:
    n_channels, no_data, whole = known
    image, *masks = map(np.asarray, chunks)
    mask = masks[0][..., 0] if masks else None
    pixels = Pixels(image, n_channels, mask, no_data)
    return function(Block(pixels, start[:-1], whole), *args)


@dataclass(frozen=True)
class _Part(Samples):
    """The samples of a block."""

    block: Block = field(kw_only=True)

    def position(self, index: int) -> int:
        """Return where a sample stands in the order of all."""
        return self.block.position(index)


def _on_samples(block: Block, frame: Frame, function: Callable[..., T], args: Any) -> T:
    channels = block.channels
    integral = channels[0].dtype.kind != "f"
    none = np.empty(0)
    part = _Part(frame.forward(channels), none, frame, integral, None, block=block)
    return function(part, *args)


@dataclass(frozen=True)
class Streamed(Samples):
    """The pixels of a stream as samples, one each.

    Attributes
    ----------
    stream : Blocks
    size : int
        How many there are.
    least, greatest : (n_channels,) float64
        Of each channel, in the frame.
    few : (n, n_channels) float64
        The distinct samples, or more than will be asked for.
    ranks : (n_gathered,) int64
        Of samples that are in memory, ascending.
    gathered : (n_channels, n_gathered) float64
        These.
    """

    stream: Blocks = field(kw_only=True)
    size: int = field(kw_only=True)
    least: NDArray[np.float64] = field(kw_only=True)
    greatest: NDArray[np.float64] = field(kw_only=True)
    few: NDArray[np.float64] = field(kw_only=True)
    ranks: NDArray[np.int64] = field(kw_only=True)
    gathered: NDArray[np.float64] = field(kw_only=True)

    @property
    def n(self) -> int:
        """Number of samples."""
        return self.size

    @property
    def in_memory(self) -> bool:
        """Whether `each` has one part."""
        return False

    @property
    def minima(self) -> NDArray[np.float64]:
        """The least value of each channel."""
        return self.least

    @property
    def maxima(self) -> NDArray[np.float64]:
        """The greatest value of each channel."""
        return self.greatest

    def each(self, function: Callable[..., T], *args: Any) -> list[T]:
        """Call ``function(samples, *args)`` for the samples of each block."""
        return self.stream.each(_on_samples, self.frame, function, args)

    def pick(self, index: NDArray[np.int64] | slice) -> NDArray[Any]:
        """Return some of the samples, of those in memory: (n_channels, n_picked)."""
        ranks = np.arange(self.n)[index] if isinstance(index, slice) else index
        return self.gathered[:, np.searchsorted(self.ranks, ranks)]

    def distinct(self, most: int) -> NDArray[np.float64]:  # noqa: ARG002
        """Return the distinct samples, or more than `most` where there are more."""
        return self.few
