"""Fits: from the pixels of an image, in memory or streamed, to clusters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from . import kernels, lloyd, validation
from .frame import Frame
from .kmeans import LUMINANCE, Settings, cluster
from .pixels import Pixels
from .progress import READING, Progress, exhaust, shifted, waited
from .samples import (
    Codes,
    Colors,
    Samples,
    count,
    from_colors,
    from_pixels,
    origin,
    probe,
    spread,
    tell_distinct,
    unit_of,
)
from .settling import COARSE, FINE
from .stream import Streamed
from .sums import sums_by

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from numpy.typing import NDArray

    from .kmeans import Clusters
    from .stream import Block, Stream, Survey

    Steps = Generator[Progress, None, "Fit"]

R = TypeVar("R")


@dataclass(frozen=True)
class Space:
    """Where distances are measured.

    Attributes
    ----------
    rgb : bool
        Whether the channels are red, green and blue.
    name : str
        Of the color space: "rgb" for the values as they are.
    scaling : {"none", "range", "variance"} or tuple of float
        What the channels are multiplied by.
    full : float
        The value of full intensity.
    """

    rgb: bool
    name: str
    scaling: str | tuple[float, ...]
    full: float

    @property
    def converted(self) -> Frame | None:
        """The frame of another color space; None for the values as they are."""
        if self.name == "rgb":
            return None
        return Frame((0,) * 3, space=self.name, full=self.full)

    @property
    def scaled(self) -> bool:
        """Whether channels are multiplied."""
        return self.scaling != "none"

    def luminance(self, frame: Frame, n_channels: int) -> NDArray[np.float64] | None:
        """Return what to order clusters by; None for the mean of the channels."""
        if frame.converts:
            return np.array([1.0, 0.0, 0.0])  # its first channel is the lightness
        if not frame.scale:
            return LUMINANCE if self.rgb else None
        bright = LUMINANCE if self.rgb else np.full(n_channels, 1 / n_channels)
        return np.asarray(bright / np.array(frame.scale))


class Fit(NamedTuple):
    """What was found out of an image.

    Attributes
    ----------
    samples : Samples
    clusters : Clusters
    centers : (k, n_channels) float64
        In the units of the data.
    n : int
        How many pixels took part.
    excluded : dict
        For each reason, how many pixels were left out.
    value_range : tuple of float
        The least and the greatest value among the pixels that took part.
    """

    samples: Samples
    clusters: Clusters
    centers: NDArray[np.float64]
    n: int
    excluded: dict[str, int]
    value_range: tuple[float, float]


def fit_pixels(
    pixels: Pixels,
    valid: NDArray[np.bool_] | None,
    excluded: dict[str, int],
    weights: NDArray[np.float64],
    settings: Settings,
    space: Space,
) -> Steps:
    """Cluster the pixels of an image in memory.

    Parameters
    ----------
    valid : (n,) bool, or None for all
        Which pixels take part.
    excluded : dict
        Why others do not.
    weights : (n,) float64, or (0,)
        Of those that take part, above 0; empty where every weight is 1.
    """

    def kept(array: NDArray[Any]) -> NDArray[Any]:
        return array if valid is None else array[valid]

    channels = [kept(channel) for channel in pixels.channels]
    n = channels[0].size
    initial_labels = settings.initial_labels
    if initial_labels is not None:
        initial_labels = kept(initial_labels.reshape(-1))
    limit = settings.max_samples
    searched = settings.init != "optimal"
    whole = searched and not weights.size and (limit is None or n <= limit)
    stage = "Counting colors", 0, settings.n_steps
    yield Progress(*stage)
    collecting = partial(_samples, channels, weights, space, whole)
    samples = yield from waited(collecting, *stage)

    def pick() -> tuple[NDArray[Any], NDArray[np.int32] | None]:
        if whole:
            return samples.values.T, initial_labels
        size, seed = settings.search_size, settings.seed
        if initial_labels is None:
            index = spread(samples.n, samples.weights, size, seed)
            return samples.pick(index).T, None
        # Pixels of one color may start from different labels: pick pixels.
        index = spread(n, weights, size, seed)
        if not isinstance(samples, Colors):
            return samples.pick(index).T, initial_labels[index]
        picked = samples.frame.values([c[index] for c in channels])
        return picked.T, initial_labels[index]

    clusters = yield from cluster(
        samples,
        pick,
        settings,
        whole=whole,
        luminance=space.luminance(samples.frame, len(channels)),
    )
    centers, value_range = _restored(samples, clusters, channels)
    return Fit(samples, clusters, centers, n, excluded, value_range)


def _samples(
    channels: Sequence[NDArray[Any]],
    weights: NDArray[np.float64],
    space: Space,
    whole: bool,
) -> Samples:
    """Return what is clustered: colors where these are counted and not all searched."""
    codes = None if weights.size else Codes.of(channels)
    if codes and not whole:
        return from_colors(codes, *count(channels, codes), _framing(space))
    samples = _pixel_samples(channels, weights, space)
    if codes and samples.n_colors is None:
        samples = replace(samples, n_colors=len(count(channels, codes)[0]))
    return samples


def _pixel_samples(
    channels: Sequence[NDArray[Any]], weights: NDArray[np.float64], space: Space
) -> Samples:
    samples = from_pixels(channels, weights, space.converted)
    if space.converted:
        samples = tell_distinct(samples)
    if not space.scaled:
        return samples
    scale = exhaust(_scale(samples, space.scaling))
    frame = replace(samples.frame, scale=scale)
    return replace(from_pixels(channels, weights, frame), n_colors=samples.n_colors)


def _framing(
    space: Space,
) -> Callable[[NDArray[np.float64], NDArray[np.float64]], Frame] | None:
    """Return what gives colors their frame; None for the usual one."""
    if not (space.converted or space.scaled):
        return None

    def framed(values: NDArray[np.float64], counts: NDArray[np.float64]) -> Frame:
        frame = space.converted or Frame(tuple(int(row.min()) for row in values))
        if not space.scaled:
            return frame
        samples = Samples(frame.values(list(values)), counts, frame, False, None)
        return replace(frame, scale=exhaust(_scale(samples, space.scaling)))

    return framed


def _scale(
    samples: Samples, scaling: str | tuple[float, ...]
) -> Generator[float, None, tuple[float, ...]]:
    """Return what to multiply the channels by; the widest of them by one."""
    if not isinstance(scaling, str):
        return scaling
    reach = samples.maxima - samples.minima
    if scaling == "variance":
        n = samples.total_weight
        splitters = _splitters([*reach, *reach**2], n, samples.n)
        summing = samples.each(_powers, samples.minima, splitters)
        sums = np.sum((yield from summing), axis=0).sum(axis=-1)
        first, second = np.split(sums / n, 2)
        reach = np.sqrt(np.maximum(second - first**2, 0))
    widest = reach.max() or 1.0
    return tuple(float(widest / r) if r > 0 else 1.0 for r in reach)


def _splitters(
    reach: Sequence[float], total_weight: float, n: int
) -> NDArray[np.float64]:
    quanta = [kernels.quanta(float(r), total_weight, n) for r in reach]
    return kernels.SPLITTER * np.array(quanta)


def _powers(
    samples: Samples, origin: NDArray[np.float64], splitters: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return exact sums of the channels less `origin`, and of their squares."""
    sums = np.zeros((2 * samples.n_channels, 2))
    for channel, row in enumerate(samples.values):
        centered = row - origin[channel]
        for power in (1, 2):
            addends = centered**power
            if samples.weights.size:
                addends = addends * samples.weights
            at = channel + (power - 1) * samples.n_channels
            high, low = kernels.halves(addends, *splitters[at])
            sums[at] += high.sum(), low.sum()
    return sums


def _restored(
    samples: Samples, clusters: Clusters, channels: Sequence[NDArray[Any]]
) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Return the centers in the units of the data, and the range of the data."""
    frame = samples.frame
    if not frame.converts:
        ends = np.stack([samples.minima, samples.maxima])
        restored = frame.restore(ends)
        centers = frame.restore(clusters.centers)
        return centers, (float(restored.min()), float(restored.max()))
    plain: Samples
    if isinstance(samples, Colors):
        codes = samples.codes
        minima = np.array(codes.minima, np.float64)[:, np.newaxis]
        values = codes.decode(samples.occurring) + minima
        plain = replace(samples, values=values, frame=Frame((0,) * 3))
    else:
        plain = from_pixels(channels, samples.weights, Frame((0,) * 3))
    k = len(clusters.centers)
    given = plain.minima, plain.splitters
    sums = sums_by(plain, clusters.labels, k, *given)
    value_range = float(plain.minima.min()), float(plain.maxima.max())
    return _means(sums, plain.minima), value_range


def _means(
    sums: NDArray[np.float64], origin: NDArray[np.float64]
) -> NDArray[np.float64]:
    totals = sums.sum(axis=-1)
    return np.asarray(origin + totals[:, :-1] / totals[:, -1:])


def fit_stream(stream: Stream, settings: Settings, space: Space) -> Steps:
    """Cluster the pixels of an image that is never held whole.

    Colors are counted in one reading, where they can be; others are read once to know
    their extent, once for what is picked of them, and once a step.
    """
    dtype = stream.image.dtype.newbyteorder("=")
    total = settings.n_steps + READING
    codes = Codes.of_dtype(dtype, stream.n_channels)
    by_pixel = settings.max_samples is None or settings.initial_labels is not None
    if codes and not by_pixel:
        counting = stream.count(codes)
        found = yield from _reading(counting, "Counting colors", 0, READING, total)
        occurring, counts, excluded = found
        n = int(counts.sum())
        validation.check_enough(settings.k, n, "image")
        if settings.init == "optimal" or n > (settings.max_samples or 0):
            fitting = _fit_colors(codes, occurring, counts, excluded, settings, space)
            return (yield from shifted(fitting, READING))
    surveying = stream.survey(settings.k, space.converted)
    half = READING // 2
    survey, blocks = yield from _reading(surveying, "Surveying", 0, half, total)
    validation.check_enough(settings.k, survey.n, "image")
    ends = zip(survey.minima or (), survey.maxima or (), strict=True)
    validation.check_values(
        "image",
        [np.array(pair, dtype) for pair in ends],
        None,
        color_space=space.name,
        refine=settings.refine,
    )
    codes = codes or Codes.of_extent(dtype, survey.minima, survey.maxima, survey.n)
    if settings.init == "optimal" and not codes:
        raise ValueError(
            "init='optimal' should go with an image that fits in memory or whose "
            "values can be counted."
        )
    if survey.n <= max(FINE, settings.max_samples or survey.n):
        everything = np.arange(survey.n)
        gathering = stream.gather(everything, blocks)
        gathered = yield from _reading(gathering, "Reading", half, half, total)
        fitting = _fit_gathered(*gathered, survey, settings, space)
    elif codes and not by_pixel:
        counting = stream.count(codes)
        counted = yield from _reading(counting, "Counting colors", half, half, total)
        fitting = _fit_colors(codes, *counted, settings, space)
    else:
        fitting = _fit_streamed(stream, codes, survey, blocks, settings, space)
    return (yield from shifted(fitting, READING))


def _fit_gathered(
    channels: list[NDArray[Any]],
    positions: NDArray[np.int64],
    survey: Survey,
    settings: Settings,
    space: Space,
) -> Steps:
    """Cluster pixels that are few enough to be held, in their order."""
    if settings.initial_labels is not None:
        labels = np.asarray(settings.initial_labels).reshape(-1)[positions]
        settings = replace(settings, initial_labels=labels)
    pixels = Pixels(np.stack(channels, axis=-1), len(channels))
    none = np.empty(0)
    return fit_pixels(pixels, None, survey.excluded, none, settings, space)


def _fit_colors(
    codes: Codes,
    occurring: NDArray[np.uint32],
    counts: NDArray[np.float64],
    excluded: dict[str, int],
    settings: Settings,
    space: Space,
) -> Steps:
    """Cluster colors that were counted."""
    samples = from_colors(codes, occurring, counts, _framing(space))

    def pick() -> tuple[NDArray[Any], None]:
        size, seed = settings.search_size, settings.seed
        return samples.pick(spread(samples.n, samples.weights, size, seed)).T, None

    clusters = yield from cluster(
        samples,
        pick,
        settings,
        whole=False,
        luminance=space.luminance(samples.frame, samples.n_channels),
    )
    centers, value_range = _restored(samples, clusters, [])
    n = int(counts.sum())
    return Fit(samples, clusters, centers, n, excluded, value_range)


def _fit_streamed(
    stream: Stream,
    codes: Codes | None,
    survey: Survey,
    blocks: Sequence[Survey],
    settings: Settings,
    space: Space,
) -> Steps:
    """Cluster pixels that are read anew for each step."""
    n, seed, total = survey.n, settings.seed, settings.n_steps
    none = np.empty(0)
    sizes = (settings.search_size, max(COARSE, 64 * settings.k), FINE)
    picks = [probe(n), *(spread(n, none, size, seed) for size in sizes)]
    wanted = np.unique(np.concatenate(picks))
    reading = stream.gather(wanted, blocks)
    channels, positions = yield from _reading(reading, "Picking pixels", 0, 0, total)
    samples: Samples
    if codes:
        counting = stream.count(codes)
        counted = yield from _reading(counting, "Counting colors", 0, 0, total)
        samples = from_colors(codes, *counted[:2], _framing(space))
    else:
        framing = _streamed(stream, survey, wanted, channels, space)
        samples = yield from _reading(framing, "Scaling", 0, 0, total)

    def pick() -> tuple[NDArray[Any], NDArray[np.int32] | None]:
        index = np.searchsorted(wanted, spread(n, none, sizes[0], seed))
        rows = samples.frame.values([channel[index] for channel in channels]).T
        if settings.initial_labels is None:
            return rows, None
        initial = np.asarray(settings.initial_labels).reshape(-1)
        return rows, initial[positions[index]]

    clusters = yield from cluster(
        samples,
        pick,
        settings,
        whole=False,
        luminance=space.luminance(samples.frame, stream.n_channels),
    )
    if isinstance(samples, Streamed) and samples.frame.converts:
        low = np.array(survey.minima, np.float64)
        high = np.array(survey.maxima, np.float64)
        splitters = _splitters([*(high - low), 1.0], float(n), n)
        given = samples.frame, clusters.centers, low, splitters
        averaging = stream.each(_raw_sums, *given)
        sums = yield from _reading(averaging, "Averaging", total - 1, 0, total)
        centers = _means(np.sum(sums, axis=0), low)
        value_range = float(low.min()), float(high.max())
    else:
        centers, value_range = _restored(samples, clusters, [])
    return Fit(samples, clusters, centers, n, survey.excluded, value_range)


def _streamed(
    stream: Stream,
    survey: Survey,
    ranks: NDArray[np.int64],
    channels: Sequence[NDArray[Any]],
    space: Space,
) -> Generator[float, None, Streamed]:
    """Return the samples of a stream, once it is known how they are scaled."""
    dtype = channels[0].dtype
    frame = space.converted
    if frame is None:
        frame = Frame(_origin(survey, ranks, channels))
        if dtype == np.float64:
            frame = replace(frame, unit=unit_of(*_ends(survey, frame, dtype)))
    if space.scaled:
        samples = _in_frame(stream, survey, ranks, channels, frame)
        scale = yield from _scale(samples, space.scaling)
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
    return frame.values([np.array(pair, dtype) for pair in ends]).T.astype(np.float64)


def _in_frame(
    stream: Stream,
    survey: Survey,
    ranks: NDArray[np.int64],
    channels: Sequence[NDArray[Any]],
    frame: Frame,
) -> Streamed:
    dtype = channels[0].dtype
    least, greatest = _ends(survey, frame, dtype)
    few = frame.values(list(survey.distinct.T.astype(dtype)))
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
        gathered=frame.values(channels),
    )


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
    labels = exhaust(lloyd.assign(from_pixels(channels, frame=frame), centers)).labels
    plain = from_pixels(channels, frame=Frame((0,) * len(channels)))
    return sums_by(plain, labels, len(centers), origin, splitters)


def _reading(
    steps: Generator[float, None, R], stage: str, done: int, share: int, total: int
) -> Generator[Progress, None, R]:
    """Read all blocks; yield how far this has come."""
    while True:
        try:
            part = next(steps)
        except StopIteration as stop:
            result: R = stop.value
            return result
        yield Progress(f"{stage}, {part:.0%}", done + int(share * part), total)
