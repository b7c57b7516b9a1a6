"""Held images: pixels in memory as samples, to be clustered as often as one likes."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from .. import validation
from ..cluster.clustering import cluster
from ..cluster.clusters import nearest
from ..data.codes import Codes, count
from ..data.counted import Colors, from_colors
from ..data.distance import framing, scale_of
from ..data.samples import Samples, from_pixels, tell_distinct
from ..data.sampling import stratified
from ..options.keywords import MAX_SAMPLES
from ..options.settings import SEARCHED
from ..run.progress import at, stage
from ..run.threads import spans
from .fit import Fit, check_given, check_plain, described, ends_of, restored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ..data.distance import Space
    from ..data.frame import Frame
    from ..data.layout import Layout
    from ..data.pixels import Pixels
    from ..data.stream import Stream
    from ..options.settings import Settings

T = TypeVar("T")

#: Pixels that are gone through without a pause.
PART = 2**22

#: Which part of a fit counting is, about, where nothing was counted yet.
COUNTING = 0.2


class HeldSamples:
    """The pixels of an image in memory; where colors are counted, these are kept.

    Parameters
    ----------
    pixels : Pixels
    layout : Layout
    space : Space
    weights : array of float64, optional
        Of the shape of the image without channels, at least 0; by default 1 each.
    stream : Stream, optional
        Where they were read from.

    Attributes
    ----------
    is_read : bool
        True: nothing of the image has to be read again.
    valid : (n_pixels,) bool, or None for all
        Which pixels are labeled.
    used : (n_pixels,) bool, or None for all
        Which take part: those of them that have a weight.
    weights : (n,) float64, or (0,)
        Of those; empty where every weight is 1.
    weighted : bool
        Whether weights were given.
    """

    is_read = True

    def __init__(
        self,
        pixels: Pixels,
        layout: Layout,
        space: Space,
        weights: NDArray[np.float64] | None = None,
        stream: Stream | None = None,
    ) -> None:
        self.pixels, self.layout, self.space = pixels, layout, space
        self.stream = stream
        self.valid, self._excluded = pixels.valid()
        self.used, self.weights = self.valid, np.empty(0)
        self.weighted = weights is not None
        if weights is not None:
            flat = weights.reshape(-1)
            self.used = flat > 0 if self.valid is None else self.valid & (flat > 0)
            self.weights = flat[self.used]
        used = self.used
        self._n = pixels.size if used is None else int(np.count_nonzero(used))
        #: As colors, or as pixels: what has been asked for.
        self._kept: dict[str, Samples] = {}

    def __repr__(self) -> str:
        """Return a line with what was read, and what is kept of it."""
        return described(self)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the image without channels."""
        return self.pixels.shape

    @property
    def n(self) -> int:
        """How many pixels take part."""
        return self._n

    @property
    def excluded(self) -> dict[str, int]:
        """For each reason, how many pixels were left out."""
        return self._excluded

    @property
    def nbytes(self) -> int:
        """How many bytes are kept, besides the image."""
        kept: list[Any] = [self.weights, *self._kept.values()]
        if self.valid is not None:
            kept.append(self.valid)
        if self.used is not None and self.used is not self.valid:
            kept.append(self.used)
        return sum(int(each.nbytes) for each in kept)

    @property
    def mask(self) -> Any:
        """Which pixels take part, True; None for all."""
        return self.pixels.mask if self.stream is None else self.stream.mask

    @property
    def masked(self) -> bool:
        """Whether a mask was given."""
        return self.pixels.mask is not None

    @property
    def colors(self) -> Colors | None:
        """The distinct colors and their counts; None where these are not counted."""
        samples = self.samples(whole=False) if self._codes else None
        return samples if isinstance(samples, Colors) else None

    @property
    def extent(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The least and the greatest value of each channel, exact."""
        colors, dtype = self.colors, self.layout.dtype.newbyteorder("=")
        return ends_of(colors.channels(dtype) if colors else self._channels)

    def each(self, function: Callable[..., T], *args: Any) -> list[T]:
        """Call ``function(channels, weights, *args)`` for each part of the pixels."""
        channels, weights, found = self._channels, self.weights, []
        for start, stop in spans(self.n, PART):
            at(start / self.n)
            part = [channel[start:stop] for channel in channels]
            found.append(function(part, weights[start:stop], *args))
        return found

    def gather(self, ranks: NDArray[np.int64]) -> list[NDArray[Any]]:
        """Return pixels by their rank among those that take part, a channel each."""
        if self.used is not None:
            ranks = np.flatnonzero(self.used)[ranks]
        return [channel[ranks] for channel in self.pixels.channels]

    def prepare(self) -> None:
        """Read what is asked of the image: its colors, where it has many."""
        validation.check_enough(1, self.n, "image")
        whole = not self.weights.size and self.n <= SEARCHED
        with stage("Counting colors"):
            self.samples(whole)

    def check(self, settings: Settings) -> None:
        """Raise where these samples cannot be clustered so."""
        validation.check_enough(settings.least, self.n, "image")
        validation.check_values(
            "image",
            self.pixels.channels,
            self.valid,
            color_space=self.space.name,
            refine=settings.refine,
        )
        check_given(self.layout, self.space, settings)
        if not settings.refine:
            check_plain(self.space, weighted=self.weighted)

    def whole(self, settings: Settings) -> bool:
        """Whether all pixels are searched, in their order."""
        limit = settings.search_limit
        few = limit is None or self.n <= limit
        return settings.init != "optimal" and not self.weights.size and few

    def fit(self, settings: Settings) -> Fit:
        """Cluster the samples."""
        whole = self.whole(settings)
        with stage("Counting colors", 0, COUNTING):
            samples = self.samples(whole)
        with stage(low=COUNTING):
            clusters = cluster(
                samples,
                lambda: self._picked(samples, settings, whole),
                settings,
                whole=whole,
                luminance=self.space.luminance(samples.frame, samples.n_channels),
            )
        raw = restored(samples, clusters, lambda: self._channels)
        return Fit(samples, clusters, *raw, self.n, self.excluded)

    def measure(
        self, frame: Frame, centers: NDArray[np.float64], *, counted: bool
    ) -> Fit:
        """Assign the samples to centers in a frame."""
        with stage("Counting colors", 0, COUNTING):
            samples = self.samples(not counted and self.n <= MAX_SAMPLES)
        with stage("Assigning", COUNTING):
            samples = self._framed(samples, frame)
            clusters = nearest(samples, centers)
        raw = restored(samples, clusters, lambda: self._channels)
        return Fit(samples, clusters, *raw, self.n, self.excluded)

    def _framed(self, samples: Samples, frame: Frame) -> Samples:
        """Return samples of these pixels in a frame."""
        if samples.frame == frame:
            return samples
        if isinstance(samples, Colors):
            return samples.framed(frame)
        made = from_pixels(self._channels, self.weights, frame)
        return replace(made, n_colors=samples.n_colors)

    @property
    def _channels(self) -> list[NDArray[Any]]:
        """The channels of the pixels that take part."""
        channels = self.pixels.channels
        return channels if self.used is None else [c[self.used] for c in channels]

    @cached_property
    def _codes(self) -> Codes | None:
        """The numbers of the colors; None where they are not counted."""
        dtype = self.pixels.image.dtype.newbyteorder("=")
        if self.weights.size or dtype.kind == "f":
            return None
        codes = Codes.of_dtype(dtype, self.pixels.n_channels)
        return codes or Codes.of(self._channels)

    def samples(self, whole: bool) -> Samples:
        """Return colors where these are counted, and not all pixels are wanted."""
        kind = "pixels" if whole or not self._codes else "colors"
        if kind not in self._kept:
            make = self._as_pixels if kind == "pixels" else self._as_colors
            self._kept[kind] = make(self._channels)
        return self._kept[kind]

    def picked(self, index: NDArray[np.int64]) -> list[NDArray[Any]]:
        """Return the channels of some of the pixels, by their rank, ascending."""
        return [channel[index] for channel in self._channels]

    def _as_colors(self, channels: Sequence[NDArray[Any]]) -> Samples:
        codes = cast("Codes", self._codes)
        return from_colors(codes, *count(channels, codes), framing(self.space))

    def _as_pixels(self, channels: Sequence[NDArray[Any]]) -> Samples:
        samples = _pixel_samples(channels, self.weights, self.space)
        if self._codes and samples.n_colors is None:
            n_colors = len(count(channels, self._codes)[0])
            samples = replace(samples, n_colors=n_colors)
        return samples

    def _picked(
        self, samples: Samples, settings: Settings, whole: bool
    ) -> tuple[NDArray[Any], NDArray[np.int32] | None]:
        """Return what is searched, and the labels to start from."""
        initial_labels = settings.initial_labels
        if initial_labels is not None:
            initial_labels = initial_labels.reshape(-1)
            if self.used is not None:
                initial_labels = initial_labels[self.used]
        if whole:
            return samples.values.T, initial_labels
        size, seed = settings.search_size, settings.seed
        if initial_labels is None:
            index = stratified(samples.n, samples.weights, size, seed)
            return samples.pick(index).T, None
        # Pixels of one color may start from different labels: pick pixels.
        index = stratified(self.n, self.weights, size, seed)
        if not isinstance(samples, Colors):
            return samples.pick(index).T, initial_labels[index]
        picked = samples.frame.forward([c[index] for c in self._channels])
        return picked.T, initial_labels[index]


def _pixel_samples(
    channels: Sequence[NDArray[Any]], weights: NDArray[np.float64], space: Space
) -> Samples:
    samples = from_pixels(channels, weights, space.converted)
    if space.converted:
        samples = tell_distinct(samples)
    if not space.scaled:
        return samples
    scale = scale_of(samples, space.scaling)
    frame = replace(samples.frame, scale=scale)
    return replace(from_pixels(channels, weights, frame), n_colors=samples.n_colors)
