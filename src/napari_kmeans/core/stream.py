"""Streams: images of dask, read block by block and never held whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from .codes import count
from .frame import Frame
from .lazy import corners, each_block, is_distributed, take_each
from .pixels import Pixels
from .samples import Samples, from_pixels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from .codes import Codes

T = TypeVar("T")

#: Bytes of a block that is read at once, about.
BLOCK = 2**24

#: The same on a cluster, where each block is a message to and from its scheduler.
CLUSTER_BLOCK = 2**26


@dataclass(frozen=True)
class Block:
    """A block of a stream, in memory.

    Attributes
    ----------
    pixels : Pixels
    start : tuple of int
        Where it begins, along each axis but that of the channels.
    whole : tuple of int
        The shape of the whole image without channels.
    """

    pixels: Pixels
    start: tuple[int, ...]
    whole: tuple[int, ...]

    @cached_property
    def valid(self) -> tuple[NDArray[np.bool_] | None, dict[str, int]]:
        """Which pixels take part, and why others do not: see `Pixels.valid`."""
        return self.pixels.valid()

    @property
    def channels(self) -> list[NDArray[Any]]:
        """The channels of the pixels that take part."""
        valid, channels = self.valid[0], self.pixels.channels
        return channels if valid is None else [channel[valid] for channel in channels]

    def position(self, index: int) -> int:
        """Return where a pixel that takes part stands in the whole image."""
        valid = self.valid[0]
        local = index if valid is None else int(np.flatnonzero(valid)[index])
        place = np.unravel_index(local, self.pixels.shape)
        there = tuple(p + s for p, s in zip(place, self.start, strict=True))
        return int(np.ravel_multi_index(there, self.whole))

    def lines(self) -> NDArray[np.intp]:
        """Return which of the whole image's lines, along the last axis, it cuts."""
        ranges = zip(self.start[:-1], self.pixels.shape[:-1], strict=True)
        grid = np.meshgrid(*(np.arange(a, a + n) for a, n in ranges), indexing="ij")
        if not grid:
            return np.zeros(1, np.intp)
        return np.ravel_multi_index(grid, self.whole[:-1]).ravel()


class Survey(NamedTuple):
    """What is known of the pixels of a block, or of all, that take part.

    `minima` and `maxima` are of the channels, exact; None where there are no pixels.
    `distinct`, (n, n_channels), stops growing where it has more than was asked for.
    `least` and `greatest` are the extent in the color space that was asked for.
    """

    n: int
    excluded: dict[str, int]
    minima: tuple[Any, ...] | None
    maxima: tuple[Any, ...] | None
    distinct: NDArray[Any]
    least: NDArray[np.float64]
    greatest: NDArray[np.float64]
    lines: NDArray[np.intp]
    counts: NDArray[np.uint32]


@dataclass(frozen=True)
class Stream:
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
    def _chunks(self) -> tuple[tuple[int, ...], ...]:
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

    def each(self, function: Callable[..., T], *args: Any) -> list[T]:
        """Call ``function(block, *args)`` for each block; return what it returned."""
        return each_block(
            self._arrays, self._chunks, _on_block, self._known, function, args
        )

    @property
    def _known(self) -> tuple[int, float | None, tuple[int, ...]]:
        """What a block knows of the whole."""
        return self.n_channels, self.no_data, self.shape

    def read(self) -> Pixels:
        """Read all pixels into memory."""
        image = np.empty(self.image.shape, self.image.dtype)
        mask = None if self.mask is None else np.empty(self.shape, np.bool_)

        starts = list(corners(self._chunks[:-1]))

        def keep(index: int, chunks: list[NDArray[Any]]) -> None:
            sizes = zip(starts[index], chunks[0].shape, strict=False)
            there = tuple(slice(start, start + size) for start, size in sizes)
            image[there] = chunks[0]
            if mask is not None:
                mask[there] = chunks[1].reshape(mask[there].shape)

        take_each(keep, self._arrays, self._chunks, _chunks)
        return Pixels(image, self.n_channels, mask, self.no_data)

    def survey(self, most: int, frame: Frame | None) -> tuple[Survey, list[Survey]]:
        """Read all pixels once; return what is known of all, and of each block.

        Parameters
        ----------
        most : int
            How many distinct pixels to tell.
        frame : Frame or None
            Of the color space whose extent is to be told, too.
        """
        blocks = self.each(_survey, most, frame)
        return _joined(blocks, most), blocks

    def count(
        self, codes: Codes
    ) -> tuple[NDArray[np.uint32], NDArray[np.float64], dict[str, int]]:
        """Count the colors; return those that occur, ascending, and how often.

        And, for each reason, the number of pixels that are left out.
        """
        table = np.zeros(codes.n)
        excluded: Counter[str] = Counter()

        def add(_: int, found: tuple[Any, Any, dict[str, int]]) -> None:
            table[found[0]] += found[1]
            for reason, n in found[2].items():
                excluded[reason] += n

        given = self._known, _count, (codes,)
        take_each(add, self._arrays, self._chunks, _on_block, *given)
        occurring = np.flatnonzero(table).astype(np.uint32)
        return occurring, table[occurring], dict(excluded)

    def gather(
        self, ranks: NDArray[np.int64], surveys: Sequence[Survey]
    ) -> tuple[list[NDArray[Any]], NDArray[np.int64]]:
        """Return pixels by their rank among those that take part, in C order.

        Parameters
        ----------
        ranks : (n,) int64
            Ascending.
        surveys : sequence of Survey
            Of the blocks.

        Returns
        -------
        list of (n,) arrays
            A channel each.
        (n,) int64
            Where they stand in the image without channels, in C order.
        """
        wanted = _in_blocks(ranks, surveys)
        starts = list(corners(self._chunks[:-1]))
        by_start = {starts[block]: where for block, where in wanted.items()}
        found = self.each(_gather, by_start)
        some = [found[block] for block in wanted]
        ordered = np.argsort(np.concatenate([where.which for where in wanted.values()]))
        channels = [
            np.concatenate([channels[channel] for channels, _ in some])[ordered]
            for channel in range(self.n_channels)
        ]
        return channels, np.concatenate([positions for _, positions in some])[ordered]


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


def _survey(block: Block, most: int, frame: Frame | None) -> Survey:
    valid, excluded = block.valid
    channels = block.channels
    width = block.pixels.shape[-1]
    n_lines = block.pixels.size // width
    if valid is None:
        counts = np.full(n_lines, width, np.uint32)
    else:
        counts = valid.reshape(n_lines, width).sum(axis=1, dtype=np.uint32)
    n = channels[0].size
    if n == 0:
        none = np.empty((0, len(channels)), channels[0].dtype)
        ends = np.full(len(channels), np.inf)
        lines = block.lines()
        return Survey(0, excluded, None, None, none, ends, -ends, lines, counts)
    plain = from_pixels(channels, frame=Frame((0,) * len(channels)))
    converted = from_pixels(channels, frame=frame) if frame else plain
    return Survey(
        n,
        excluded,
        tuple(channel.min().item() for channel in channels),
        tuple(channel.max().item() for channel in channels),
        plain.distinct(most),
        converted.minima,
        converted.maxima,
        block.lines(),
        counts,
    )


def _joined(blocks: Sequence[Survey], most: int) -> Survey:
    """Return what is known of all pixels."""
    some = [block for block in blocks if block.minima is not None]
    minima = maxima = None
    distinct = np.empty((0, blocks[0].distinct.shape[1]))
    if some:
        minima = tuple(map(min, zip(*(block.minima for block in some), strict=True)))
        maxima = tuple(map(max, zip(*(block.maxima for block in some), strict=True)))
    for block in some:
        if len(distinct) > most:
            break
        distinct = np.unique(np.concatenate([distinct, block.distinct]), axis=0)
    return Survey(
        sum(block.n for block in blocks),
        _added([block.excluded for block in blocks]),
        minima,
        maxima,
        distinct,
        np.min([block.least for block in blocks], axis=0),
        np.max([block.greatest for block in blocks], axis=0),
        np.empty(0, np.intp),
        np.empty(0, np.uint32),
    )


def _added(counts: Sequence[dict[str, int]]) -> dict[str, int]:
    return {reason: sum(count[reason] for count in counts) for reason in counts[0]}


def _count(
    block: Block, codes: Codes
) -> tuple[NDArray[np.uint32], NDArray[np.float64], dict[str, int]]:
    channels = block.channels
    if channels[0].size == 0:
        return np.empty(0, np.uint32), np.empty(0), block.valid[1]
    return *count(channels, codes), block.valid[1]


class _Wanted(NamedTuple):
    """Pixels wanted of a block: which they are, their lines, and ranks in these."""

    which: NDArray[np.intp]
    lines: NDArray[np.intp]
    ranks: NDArray[np.int64]


def _in_blocks(
    ranks: NDArray[np.int64], surveys: Sequence[Survey]
) -> dict[int, _Wanted]:
    """Return in which blocks pixels of given ranks are, and where there."""
    lines = np.concatenate([survey.lines for survey in surveys])
    counts = np.concatenate([survey.counts for survey in surveys])
    sizes = [survey.lines.size for survey in surveys]
    owners = np.repeat(np.arange(len(surveys)), sizes)
    local = np.concatenate([np.arange(size) for size in sizes])
    # Of blocks that share a line, those further on come later.
    order = np.argsort(lines, kind="stable")
    ends = np.cumsum(counts[order], dtype=np.int64)
    at = np.searchsorted(ends, ranks, side="right")
    within = ranks - (ends[at] - counts[order[at]])
    owner = owners[order[at]]
    return {
        int(block): _Wanted(which, local[order[at[which]]], within[which])
        for block in np.unique(owner)
        for which in [np.flatnonzero(owner == block)]
    }


def _gather(
    block: Block, wanted: dict[tuple[int, ...], _Wanted]
) -> tuple[list[NDArray[Any]], NDArray[np.int64]]:
    shape, channels = block.pixels.shape, block.pixels.channels
    if block.start not in wanted:
        return [channel[:0] for channel in channels], np.empty(0, np.int64)
    _, lines, ranks = wanted[block.start]
    valid = block.valid[0]
    columns = ranks
    if valid is not None:
        rows = valid.reshape(-1, shape[-1])
        columns = np.empty_like(ranks)
        for line in np.unique(lines):
            here = lines == line
            columns[here] = np.flatnonzero(rows[line])[ranks[here]]
    index = lines * shape[-1] + columns
    places = zip(np.unravel_index(index, shape), block.start, strict=True)
    there = tuple(place + start for place, start in places)
    positions = np.ravel_multi_index(there, block.whole)
    return [channel[index] for channel in channels], positions.astype(np.int64)


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
    part = _Part(frame.values(channels), none, frame, integral, None, block=block)
    return function(part, *args)


@dataclass(frozen=True)
class Streamed(Samples):
    """The pixels of a stream as samples, one each.

    Attributes
    ----------
    stream : Stream
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

    stream: Stream = field(kw_only=True)
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
