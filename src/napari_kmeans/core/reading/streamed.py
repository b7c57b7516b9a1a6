"""Streamed images: read block by block, never held whole, clustered again and again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from .. import validation
from ..cluster import lloyd
from ..cluster.clustering import cluster
from ..cluster.clusters import nearest
from ..cluster.settling import FINE, coarse_size
from ..cluster.sums import sums_by
from ..data.codes import Codes
from ..data.counted import Colors, from_colors
from ..data.distance import framing, scale_of, splitters_of
from ..data.frame import Frame
from ..data.pixels import Pixels
from ..data.samples import from_pixels, origin, unit_of
from ..data.sampling import NO_WEIGHTS, probe, stratified
from ..data.stream import Streamed
from ..run.progress import stage
from .fit import (
    Fit,
    check_given,
    check_plain,
    described,
    ends_of,
    means,
    restored,
)
from .held import HeldSamples

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ..data.block import Block, Survey
    from ..data.blocks import Blocks
    from ..data.distance import Space
    from ..data.layout import Layout
    from ..data.samples import Samples
    from ..options.settings import Settings

    Counted = tuple[NDArray[np.uint32], NDArray[np.float64], dict[str, int]]

T = TypeVar("T")

#: Up to this many clusters, one survey serves all.
MOST = 64

#: Which part of a fit is done, about, once the stream was counted or surveyed.
READING = 2 / 3

#: The same of what comes after that, once pixels were picked, and then clustered.
PICKING, CLUSTERED = 0.1, 0.95


class StreamedSamples:
    """The pixels of an image that is never held whole.

    Colors are counted in one reading, where they can be; others are read once to know
    their extent, once for what is picked of them, and once a step. What was counted,
    and the extent, are kept.

    Parameters
    ----------
    stream : Blocks
    layout : Layout
    space : Space
    """

    weighted = False
    weights = NO_WEIGHTS

    def __init__(self, stream: Blocks, layout: Layout, space: Space) -> None:
        self.stream, self.layout, self.space = stream, layout, space
        self._counted: dict[Codes, Counted] = {}
        self._colors: Colors | None = None
        self._surveyed: _Surveyed | None = None

    def __repr__(self) -> str:
        """Return a line with what was read, and what is kept of it."""
        return described(self)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the image without channels."""
        return self.stream.shape

    @property
    def mask(self) -> Any:
        """Which pixels take part, True; None for all."""
        return self.stream.mask

    @property
    def masked(self) -> bool:
        """Whether a mask was given."""
        return self.stream.mask is not None

    @property
    def nbytes(self) -> int:
        """How many bytes are kept, besides the image."""
        counted = sum(a.nbytes + b.nbytes for a, b, _ in self._counted.values())
        lines = self._surveyed.blocks if self._surveyed else []
        kept = self._colors.nbytes if self._colors else 0
        return kept + counted + sum(s.lines.nbytes + s.counts.nbytes for s in lines)

    def check(self, settings: Settings) -> None:
        """Raise where these samples cannot be clustered so."""
        check_given(self.layout, self.space, settings)
        if not settings.refine:
            check_plain(self.space, weighted=False)

    def prepare(self) -> None:
        """Read what every clustering asks for, of up to `MOST` clusters."""
        if self._codes:
            self._count(self._codes)
        else:
            self._survey(MOST)
        validation.check_enough(1, self.n, "image")

    @property
    def n(self) -> int:
        """How many pixels take part."""
        if self._surveyed:
            return self._surveyed.all.n
        return sum(int(counted[1].sum()) for counted in self._counted.values())

    @property
    def excluded(self) -> dict[str, int]:
        """For each reason, how many pixels were left out."""
        if self._surveyed:
            return self._surveyed.all.excluded
        return next((excluded for *_, excluded in self._counted.values()), {})

    @property
    def colors(self) -> Colors | None:
        """The distinct colors and their counts; None where these are not counted."""
        codes = self._codes
        if codes is None:
            survey = self._survey(MOST).all
            ends = survey.minima, survey.maxima
            codes = Codes.of_extent(self._dtype, *ends, survey.n)
        if codes is None:
            return None
        self._count(codes)
        return self._colored(codes)

    @property
    def is_read(self) -> bool:
        """Whether nothing of the image has to be read again to know its pixels."""
        return bool(self._counted)

    @property
    def extent(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The least and the greatest value of each channel, exact."""
        if colors := self.colors:  # nothing is read again
            return ends_of(colors.channels(self._dtype))
        survey = self._survey(MOST).all
        return survey.minima or (), survey.maxima or ()

    def each(self, function: Callable[..., T], *args: Any) -> list[T]:
        """Call ``function(channels, weights, *args)`` for each part of the pixels."""
        return self.stream.each(_on_channels, function, args)

    def gather(self, ranks: NDArray[np.int64]) -> list[NDArray[Any]]:
        """Return pixels by their rank among those that take part, a channel each."""
        return self.stream.gather(ranks, self._survey(MOST).blocks)[0]

    @property
    def _dtype(self) -> np.dtype[Any]:
        return self.stream.dtype

    @property
    def _codes(self) -> Codes | None:
        """The numbers of the colors, where the dtype alone says that they are few."""
        return Codes.of_dtype(self._dtype, self.stream.n_channels)

    def _count(self, codes: Codes) -> Counted:
        """Count the colors, unless that was done already."""
        if codes not in self._counted:
            with stage("Counting colors"):
                self._counted[codes] = self.stream.count(codes)
        return self._counted[codes]

    def _survey(self, most: int) -> _Surveyed:
        """Read the extent, unless that was done already, for as many clusters."""
        kept = self._surveyed
        if kept is None or kept.most < most:
            with stage("Surveying"):
                found = self.stream.survey(most, self.space.converted)
            kept = self._surveyed = _Surveyed(most, *found)
        return kept

    def fit(self, settings: Settings) -> Fit:
        """Cluster the samples."""
        by_pixel = settings.max_samples is None or settings.initial_labels is not None
        codes = self._codes
        if codes and not by_pixel:
            with stage(high=READING):
                n = int(self._count(codes)[1].sum())
            validation.check_enough(settings.least, n, "image")
            if settings.init == "optimal" or n > settings.search_size:
                with stage(low=READING):
                    return self._by_color(codes, settings)
        with stage(high=READING / 2):
            survey = self._survey(settings.n_centers).all
        self._check_survey(survey, settings)
        codes = codes or Codes.of_extent(
            self._dtype, survey.minima, survey.maxima, survey.n
        )
        if settings.init == "optimal" and not codes:
            raise ValueError(
                "init='optimal' should go with an image that fits in memory or whose "
                "values can be counted."
            )
        few = survey.n <= max(FINE, settings.max_samples or survey.n)
        if codes and not by_pixel and not few:
            with stage(low=READING / 2, high=READING):
                self._count(codes)
            with stage(low=READING):
                return self._by_color(codes, settings)
        with stage(low=READING / 2):
            return self._gathered(settings) if few else self._by_pixel(codes, settings)

    def _check_survey(self, survey: Survey, settings: Settings) -> None:
        validation.check_enough(settings.least, survey.n, "image")
        ends = zip(survey.minima or (), survey.maxima or (), strict=True)
        validation.check_values(
            "image",
            [np.array(pair, self._dtype) for pair in ends],
            None,
            color_space=self.space.name,
            refine=settings.refine,
        )

    def _gathered(self, settings: Settings) -> Fit:
        """Cluster pixels that are few enough to be held, in their order."""
        with stage("Reading", 0, PICKING):
            held, positions = self._held()
        if settings.initial_labels is not None:
            labels = np.asarray(settings.initial_labels).reshape(-1)[positions]
            settings = replace(settings, initial_labels=labels)
        with stage(low=PICKING):
            fit = held.fit(settings)
        return fit._replace(excluded=self.excluded)

    def _held(self) -> tuple[HeldSamples, NDArray[np.int64]]:
        """Read all pixels that take part; return also where they stand."""
        survey, blocks = self._known
        channels, positions = self.stream.gather(np.arange(survey.n), blocks)
        pixels = Pixels(np.stack(channels, axis=-1), len(channels))
        return HeldSamples(pixels, self.layout, self.space), positions

    def measure(
        self, frame: Frame, centers: NDArray[np.float64], *, counted: bool
    ) -> Fit:
        """Assign the samples to centers in a frame."""
        codes = self._codes
        with stage(high=READING):
            n = int(self._count(codes)[1].sum()) if codes else self._survey(1).all.n
            few = n <= FINE and not (codes and counted)
            if few or not codes:
                survey = self._survey(1).all
                codes = codes or Codes.of_extent(
                    self._dtype, survey.minima, survey.maxima, survey.n
                )
            if codes and not few:
                self._count(codes)
        with stage("Assigning", READING):
            if few:
                found = self._held()[0].measure(frame, centers, counted=counted)
                return found._replace(excluded=self.excluded)
            if codes is None:
                return self._measured(frame, centers)
            samples = self._colored(codes)
            samples = samples if samples.frame == frame else samples.framed(frame)
            clusters = nearest(samples, centers)
            raw = restored(samples, clusters, list)
            return Fit(samples, clusters, *raw, n, self.excluded)

    def _measured(self, frame: Frame, centers: NDArray[np.float64]) -> Fit:
        """Assign pixels that are read anew."""
        survey, blocks = self._known
        converted = replace(frame, scale=()) if frame.converts else None
        if converted not in (None, self.space.converted):
            survey, blocks = self.stream.survey(1, converted)
        some = stratified(survey.n, np.empty(0), FINE, 0)
        wanted = np.unique(np.concatenate([probe(survey.n), some]))
        channels, _ = self.stream.gather(wanted, blocks)
        samples = _in_frame(self.stream, survey, wanted, channels, frame)
        clusters = nearest(samples, centers)
        if frame.converts:
            raw = _averaged(self.stream, survey, samples, centers)
        else:
            raw = restored(samples, clusters, list)
        return Fit(samples, clusters, *raw, survey.n, survey.excluded)

    def _colored(self, codes: Codes) -> Colors:
        """Return the colors that were counted as samples."""
        if self._colors is None:
            occurring, counts, _ = self._count(codes)
            self._colors = from_colors(codes, occurring, counts, framing(self.space))
        return self._colors

    def picked(self, index: NDArray[np.int64]) -> list[NDArray[Any]]:
        """Return the channels of some of the pixels, by their rank, ascending."""
        with stage("Picking pixels"):
            return self.stream.gather(index, self._survey(MOST).blocks)[0]

    def _by_color(self, codes: Codes, settings: Settings) -> Fit:
        """Cluster colors that were counted."""
        samples = self._colored(codes)

        def pick() -> tuple[NDArray[Any], None]:
            size, seed = settings.search_size, settings.seed
            index = stratified(samples.n, samples.weights, size, seed)
            return samples.pick(index).T, None

        clusters = cluster(
            samples,
            pick,
            settings,
            whole=False,
            luminance=self.space.luminance(samples.frame, samples.n_channels),
        )
        _, counts, excluded = self._counted[codes]
        raw = restored(samples, clusters, list)
        return Fit(samples, clusters, *raw, int(counts.sum()), excluded)

    @property
    def _known(self) -> tuple[Survey, list[Survey]]:
        """What was surveyed: of all, and of each block."""
        if self._surveyed is None:
            raise RuntimeError("A stream should be surveyed first.")
        return self._surveyed.all, self._surveyed.blocks

    def _by_pixel(self, codes: Codes | None, settings: Settings) -> Fit:
        """Cluster pixels that are read anew for each step."""
        stream, space, (survey, blocks) = self.stream, self.space, self._known
        n, seed = survey.n, settings.seed
        none = np.empty(0)
        sizes = (
            settings.search_size,
            coarse_size(settings.n_centers, counted=False),
            FINE,
        )
        picks = [probe(n), *(stratified(n, none, size, seed) for size in sizes)]
        wanted = np.unique(np.concatenate(picks))
        with stage("Picking pixels", 0, PICKING / 2):
            channels, positions = stream.gather(wanted, blocks)
        samples: Samples
        with stage("Scaling", PICKING / 2, PICKING):
            if codes:
                self._count(codes)
                samples = self._colored(codes)
            else:
                samples = _streamed(stream, survey, wanted, channels, space)

        def pick() -> tuple[NDArray[Any], NDArray[np.int32] | None]:
            index = np.searchsorted(wanted, stratified(n, none, sizes[0], seed))
            rows = samples.frame.forward([channel[index] for channel in channels]).T
            if settings.initial_labels is None:
                return rows, None
            initial = np.asarray(settings.initial_labels).reshape(-1)
            return rows, initial[positions[index]]

        with stage(low=PICKING, high=CLUSTERED):
            clusters = cluster(
                samples,
                pick,
                settings,
                whole=False,
                luminance=space.luminance(samples.frame, stream.n_channels),
            )
        if isinstance(samples, Streamed) and samples.frame.converts:
            with stage("Averaging", CLUSTERED):
                raw = _averaged(stream, survey, samples, clusters.centers)
        else:
            raw = restored(samples, clusters, list)
        return Fit(samples, clusters, *raw, n, survey.excluded)


class _Surveyed(NamedTuple):
    """What is known of up to `most` distinct pixels, of all and of each block."""

    most: int
    all: Survey
    blocks: list[Survey]


def _averaged(
    stream: Blocks, survey: Survey, samples: Streamed, centers: NDArray[np.float64]
) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Return the means of the values as they are, and the range of these."""
    low = np.array(survey.minima, np.float64)
    high = np.array(survey.maxima, np.float64)
    splitters = splitters_of([*(high - low), 1.0], float(survey.n), survey.n)
    sums = stream.each(_raw_sums, samples.frame, centers, low, splitters)
    value_range = float(low.min()), float(high.max())
    return means(np.sum(sums, axis=0), low), value_range


def _streamed(
    stream: Blocks,
    survey: Survey,
    ranks: NDArray[np.int64],
    channels: Sequence[NDArray[Any]],
    space: Space,
) -> Streamed:
    """Return the samples of a stream, once it is known how they are scaled."""
    dtype = channels[0].dtype
    frame = space.converted
    if frame is None:
        frame = Frame(_origin(survey, ranks, channels))
        if dtype == np.float64:
            frame = replace(frame, unit=unit_of(*_ends(survey, frame, dtype)))
    if space.scaled:
        samples = _in_frame(stream, survey, ranks, channels, frame)
        scale = scale_of(samples, space.scaling)
        frame = replace(frame, scale=scale)
    return _in_frame(stream, survey, ranks, channels, frame)


def _origin(
    survey: Survey, ranks: NDArray[np.int64], channels: Sequence[NDArray[Any]]
) -> tuple[int, ...]:
    """Return what integers are counted from, zeros for others."""
    if channels[0].dtype.kind not in "iu":
        return (0,) * len(channels)
    ends = list(zip(survey.minima or (), survey.maxima or (), strict=True))
    at = np.searchsorted(ranks, probe(survey.n))
    return origin(ends, lambda: [channel[at] for channel in channels])


def _ends(survey: Survey, frame: Frame, dtype: np.dtype[Any]) -> NDArray[np.float64]:
    """Return the least and the greatest values in a frame: (2, n_channels)."""
    if frame.converts:
        converted = np.stack([survey.least, survey.greatest])
        return converted * frame.scale if frame.scale else converted
    ends = zip(survey.minima or (), survey.maxima or (), strict=True)
    return frame.forward([np.array(pair, dtype) for pair in ends]).T.astype(np.float64)


def _in_frame(
    stream: Blocks,
    survey: Survey,
    ranks: NDArray[np.int64],
    channels: Sequence[NDArray[Any]],
    frame: Frame,
) -> Streamed:
    dtype = channels[0].dtype
    least, greatest = _ends(survey, frame, dtype)
    few = frame.forward(list(survey.distinct.T.astype(dtype)))
    return Streamed(
        np.empty((len(channels), 0)),
        np.empty(0),
        frame,
        dtype.kind != "f",
        None,
        stream=stream,
        size=survey.n,
        least=least,
        greatest=greatest,
        few=few.T.astype(np.float64),
        ranks=ranks,
        gathered=frame.forward(channels),
    )


def _on_channels(block: Block, function: Callable[..., T], args: Any) -> T:
    return function(block.channels, NO_WEIGHTS, *args)


def _raw_sums(
    block: Block,
    frame: Frame,
    centers: NDArray[np.float64],
    origin: NDArray[np.float64],
    splitters: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return exact sums of the values, as they are, of each cluster of a space."""
    channels = block.channels
    if channels[0].size == 0:
        return np.zeros((len(centers), len(channels) + 1, 2))
    labels = lloyd.assign(from_pixels(channels, frame=frame), centers).labels
    plain = from_pixels(channels, frame=Frame((0,) * len(channels)))
    return sums_by(plain, labels, len(centers), origin, splitters)
