"""Censuses: how many pixels of each region are in each cluster, and how far off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import kernels, validation
from .data.pixels import REASONS, Pixels
from .data.stream import Stream
from .run.lazy import is_lazy, take_each
from .run.progress import at
from .run.threads import map_blocks, spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .palettes.quantizer import Quantizer

#: Pixels that are gone through without a pause.
PART = 2**22

#: Rows of censuses that are kept apart, at least, until they are made one.
ROWS = 2**16

#: Why a pixel has no label, if it is for none of `REASONS`.
OTHER = len(REASONS)


class Census(NamedTuple):
    """How many pixels of each region are in each cluster, and how far off.

    Attributes
    ----------
    regions : (n,) int64
        The numbers of the regions, ascending: none is 0.
    counts : (n, k + OTHER + 1) int64
        How many pixels are in each cluster; then how many are left out for each of
        `REASONS`, and for others.
    first : int
        The number of the first word.
    words : (n, k, n_words) int64
        The sums of squared distances: see `kernels.words`.
    """

    regions: NDArray[np.int64]
    counts: NDArray[np.int64]
    first: int
    words: NDArray[np.int64]

    @property
    def squares(self) -> NDArray[np.float64]:
        """The sums of squared distances: (n, k)."""
        return kernels.values_of(self.words, self.first)

    @classmethod
    def joined(cls, parts: Sequence[Census]) -> Census:
        """Return the census of all parts; of whatever parts, it is the same."""
        regions = np.unique(np.concatenate([part.regions for part in parts]))
        some = [part for part in parts if part.words.shape[-1]]
        first = min((part.first for part in some), default=0)
        last = max((part.first + part.words.shape[-1] for part in some), default=0)
        n_columns, k = parts[0].counts.shape[1], parts[0].words.shape[1]
        counts = np.zeros((len(regions), n_columns), np.int64)
        words = np.zeros((len(regions), k, last - first), np.int64)
        for part in parts:
            where = np.searchsorted(regions, part.regions)
            counts[where] += part.counts
            begin = part.first - first if part.words.shape[-1] else 0
            words[where, :, begin : begin + part.words.shape[-1]] += part.words
        return cls(regions, counts, first, words)


@dataclass(frozen=True, eq=False)
class Counter:
    """What counts the pixels of an image.

    Attributes
    ----------
    quantizer : Quantizer
        What labels pixels, where they are not labeled; its frame is where distances
        are measured.
    centers : (k, n_channels) float64
        In that frame.
    n_channels : int
    no_data : float or None
    """

    quantizer: Quantizer
    centers: NDArray[np.float64]
    n_channels: int
    no_data: float | None

    def count(self, image: Any, labels: Any, regions: Any, mask: Any) -> Census:
        """Return the census of an image.

        Parameters
        ----------
        image : array
            With its channels as last axis; of dask, it is read once, by blocks.
        labels : array, or None
            1..k, and 0 for pixels left out; None to find them.
        regions : array of integers, or None
            0 outside; None for a single region, of all.
        mask : array of bool, or None
        """
        beside = {"labels": labels, "regions": regions, "mask": mask}
        given = {name: array for name, array in beside.items() if array is not None}
        if not is_lazy(image):
            return Census.joined([self._none, *self._parts(image, **given)])
        found, waiting = [self._none], 0

        def add(_: int, part: Census) -> None:
            nonlocal waiting
            waiting += len(part.regions)
            if len(part.regions):
                found.append(part)
            # Seldom enough to cost less than what is counted.
            if waiting > len(found[0].regions) + ROWS:
                found[:], waiting = [Census.joined(found)], 0

        chunks = Stream(image, self.n_channels, None, self.no_data).chunks
        take_each(add, [image, *given.values()], chunks, _of_block, self, tuple(given))
        return Census.joined(found)

    @property
    def _none(self) -> Census:
        k = len(self.centers)
        none = np.zeros((0, k + OTHER + 1), np.int64)
        return Census(np.zeros(0, np.int64), none, 0, np.zeros((0, k, 0), np.int64))

    def _parts(
        self,
        image: NDArray[Any],
        labels: NDArray[Any] | None = None,
        regions: NDArray[Any] | None = None,
        mask: NDArray[np.bool_] | None = None,
    ) -> list[Census]:
        """Return the censuses of parts of an image in memory."""
        pixels = Pixels(image, self.n_channels, mask, self.no_data)
        if labels is None:
            labels = self.quantizer.label_valid(pixels)
        channels, checks = pixels.channels, pixels.checks()
        flat = labels.reshape(-1)
        where = None if regions is None else regions.reshape(-1)
        found: list[Census] = []
        for begin, end in spans(pixels.size, PART):
            at(begin / pixels.size)

            def part(start: int, stop: int, begin: int = begin) -> Census:
                one = slice(begin + start, begin + stop)
                own = flat[one]
                validation.check_label_range(own, len(self.centers))
                some = [channel[one] for channel in channels]
                columns = own.astype(np.int64) - 1
                left_out = np.flatnonzero(columns < 0)
                if left_out.size:
                    reasons = np.full(own.size, OTHER)
                    for reason in reversed(checks):
                        takes_part = checks[reason](one.start, one.stop)
                        reasons[~takes_part] = REASONS.index(reason)
                    columns[left_out] = len(self.centers) + reasons[left_out]
                return self._part(some, own, columns, where, one)

            found += map_blocks(part, end - begin)
        return found

    def _part(
        self,
        channels: list[NDArray[Any]],
        labels: NDArray[Any],
        columns: NDArray[np.int64],
        regions: NDArray[Any] | None,
        one: slice,
    ) -> Census:
        numbers, rows = _numbered(regions, one)
        k = len(self.centers)
        counts = np.zeros((len(numbers), k + OTHER + 1), np.int64)
        kernels.count_pairs(rows, columns, counts)
        distances = self._squares(channels, labels)
        first, n_words = kernels.word_range(distances)
        words = np.zeros((len(numbers), k, n_words), np.int64)
        kernels.add_words(distances.view(np.int64), rows, columns, first, words)
        return Census(numbers, counts, first, words)

    def _squares(
        self, channels: list[NDArray[Any]], labels: NDArray[Any]
    ) -> NDArray[np.float64]:
        """Return the squared distances of pixels to their centers; 0 without one."""
        frame, found = self.quantizer.frame, np.zeros(labels.size)
        # Of pixels that are left out anything may come.
        with np.errstate(all="ignore"):
            values = frame.forward(channels)
        if frame.euclidean:
            kernels.squares(values, labels, self.centers, found)
        else:
            for label, center in enumerate(self.centers, 1):
                own = np.flatnonzero(labels == label)
                squared = np.empty(own.size)
                kernels.squares_ciede2000(values[:, own], center, squared)
                found[own] = squared
        if not np.isfinite(found).all():
            raise ValueError(
                "image with a pixel that has a label, but is not finite, should be the "
                "one that was labeled."
            )
        return found


def _numbered(
    regions: NDArray[Any] | None, one: slice
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the regions there are in a part, and the place of each pixel's in these.

    That is -1 outside of all.
    """
    if regions is None:
        return np.ones(1, np.int64), np.zeros(one.stop - one.start, np.int64)
    import pandas as pd

    some = regions[one]
    rows, found = pd.factorize(some.astype(some.dtype.newbyteorder("="), copy=False))
    numbers = validation.check_region_numbers(found)
    outside = np.flatnonzero(numbers == 0)
    if outside.size:
        places = np.arange(len(numbers)) - (np.arange(len(numbers)) > outside[0])
        places[outside[0]] = -1
        rows, numbers = places[rows], np.delete(numbers, outside[0])
    return numbers, rows


def _of_block(
    chunks: list[NDArray[Any]],
    _start: tuple[int, ...],
    counter: Counter,
    names: tuple[str, ...],
) -> Census:
    image, *beside = map(np.asarray, chunks)
    given = {name: a[..., 0] for name, a in zip(names, beside, strict=True)}
    return Census.joined(counter._parts(image, **given))
