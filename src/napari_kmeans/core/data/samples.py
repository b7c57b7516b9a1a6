"""Samples: the pixels of an image, or points, as k-means sees them.

Where integer pixels can take no more than 2**24 colors (8-bit RGB; any single channel
of 8 or 16 bits, or of more where the values lie close together), the samples are the
distinct colors, in ascending order, weighted by their counts: an image of 14 million
pixels often has no more than 300,000. Other pixels are samples themselves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .. import kernels
from ..run.progress import at
from ..run.threads import map_blocks, spans
from .codes import order, place_of
from .frame import Frame
from .sampling import NO_WEIGHTS, drawn, probe, select, stratified

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

T = TypeVar("T")

#: Up to this many pixels that are not counted, their distinct colors are still told.
DISTINCT = 2**16

#: Integers up to this are held exactly by float64.
FLOAT64 = 2**53

#: Floats beyond this, or within its inverse of zero, have squares beyond float64.
EXTREME = 2.0**300

#: Where values reach this many times as far as most do, sums of all lose the others.
FAR = 2.0**26

#: Tiles in a block that one thread works on.
TILES = 2**10

#: Samples times values of centers that are gone through without a pause: some tenths of
#: a second; and samples of which a part has a multiple, to be shared by threads.
PASS, SPAN = 2**30, 2 * TILES * kernels.TILE


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
        bound = partial(kernels.bound, self.values, boxes)
        map_blocks(bound, self.n_tiles, TILES)
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
            totals[start:stop, :, 0] = _tile_sums(high).T
            totals[start:stop, :, 1] = _tile_sums(low).T

        map_blocks(part, n_tiles, TILES // 4)
        return totals

    def coarse(self, size: int, seed: int) -> Samples:
        """Return about `size` samples that stand for all; compact, if few channels."""
        index, weights = select(self.n, self.weights, size), NO_WEIGHTS
        if index is None:
            index = stratified(self.n, self.weights, size, seed)
            if (by := drawn(self.weights)) is not self.weights:
                weights = self.weights[index] / by[index]
        picked = self.pick(index)
        compact = self.n_channels <= 3
        if compact:
            near = order(place_of(picked))
            picked, weights = picked[:, near], weights[near if weights.size else []]
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
        return self.frame.relative(self.frame.inverse(values))

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


def _tile_sums(rows: NDArray[Any]) -> NDArray[Any]:
    """Sum each tile of rows, (n_rows, n): (n_rows, n_tiles)."""
    whole = rows.shape[1] // kernels.TILE * kernels.TILE
    tiles = rows[:, :whole].reshape(len(rows), -1, kernels.TILE)
    found = tiles.sum(axis=2)
    if whole < rows.shape[1]:
        last = rows[:, whole:].sum(axis=1, keepdims=True)
        found = np.hstack([found, last])
    return np.asarray(found)


def _distinct(values: NDArray[Any]) -> NDArray[Any]:
    """Return the distinct columns, each where it first occurs."""
    import pandas as pd  # napari has loaded it; a script may never need it

    return values[:, ~pd.DataFrame(values.T).duplicated().to_numpy()]


def from_pixels(
    channels: Sequence[NDArray[Any]],
    weights: NDArray[np.float64] = NO_WEIGHTS,
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
    samples = Samples(made.forward(channels), weights, made, integral, None)
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
