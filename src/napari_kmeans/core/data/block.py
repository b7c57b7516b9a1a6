"""Blocks: parts of an image in memory, and what is known of the pixels of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .codes import count
from .frame import Frame
from .samples import from_pixels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .codes import Codes
    from .pixels import Pixels


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


def survey(block: Block, most: int, frame: Frame | None) -> Survey:
    """Return what is known of the pixels of a block: see `Blocks.survey`."""
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


def joined(blocks: Sequence[Survey], most: int) -> Survey:
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


def counted(
    block: Block, codes: Codes
) -> tuple[NDArray[np.uint32], NDArray[np.float64], dict[str, int]]:
    """Return the colors of a block, how often each occurs, and what is left out."""
    channels = block.channels
    if channels[0].size == 0:
        return np.empty(0, np.uint32), np.empty(0), block.valid[1]
    return *count(channels, codes), block.valid[1]


class _Wanted(NamedTuple):
    """Pixels wanted of a block: which they are, their lines, and ranks in these."""

    which: NDArray[np.intp]
    lines: NDArray[np.intp]
    ranks: NDArray[np.int64]


def in_blocks(
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


def gather(
    block: Block, wanted: dict[tuple[int, ...], _Wanted]
) -> tuple[list[NDArray[Any]], NDArray[np.int64]]:
    """Return some pixels of a block, channel by channel, and where they stand."""
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
