"""A job: one run of the dock, to be done in a thread. Touches no viewer and no Qt."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..core.run.progress import follow, stage
from .reading import Kept, marks_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from napari.layers import Layer
    from numpy.typing import NDArray

    from ..core.options.keywords import FitOptions
    from ..core.results.image import QuantizedImage
    from ..core.results.planes import QuantizedPlanes
    from ..core.results.points import ClusteredPoints
    from ..core.run.progress import Report
    from .reading import Reading

    Result = QuantizedImage | QuantizedPlanes | ClusteredPoints

#: Of all that is done, what comes after reading, and what after clustering.
READING, CLUSTERED = 0.4, 0.9


@dataclass(frozen=True, eq=False)
class Job:
    """What to cluster, and how.

    Attributes
    ----------
    generation : int
        Which job of the dock this is: an answer to any but the latest is stale.
    sources : list of napari.layers.Layer
    data : list of arrays
        Of the sources, in full resolution: points, or images, each of them a channel.
    k : int
    fitting : dict
        How to cluster: options of `fit`.
    roles : collection of str
        Which layers are wanted; without "centers", these need not be located.
    reading : Reading or None
        How to read images; None for points.
    start_labels : array or None
        Labels 1..k of some or all pixels to start from; 0 where there is none.
    axes : tuple of int
        Each plane along these axes is clustered on its own.
    needed : int or None
        The bytes that the image would need as a whole, where these are too many: then
        it is worked on by blocks.
    kept : Kept or None
        What an earlier job has read, as it seems of the same.
    """

    generation: int
    sources: list[Layer]
    data: list[Any]
    k: int
    fitting: FitOptions
    roles: Collection[str]
    reading: Reading | None = None
    start_labels: Any = None
    axes: tuple[int, ...] = ()
    needed: int | None = None
    kept: Kept | None = None


class Outcome(NamedTuple):
    """How a job ended: with a result, and what was read for it, or with an error."""

    result: Result | None
    error: Exception | None
    seconds: float
    kept: Kept | None = None


def run(job: Job, progress: Report | None = None) -> Outcome:
    """Do a job; an error, and a `Canceled` that `progress` raises, are in the outcome.

    Raised in a napari worker, one would be reported twice. Nor is there a warning, the
    filters of which all threads share: the `note` of the result tells of few colors.
    """
    start = time.perf_counter()
    try:
        result, kept = follow(lambda: _done(job), progress)
    except Exception as error:
        return Outcome(None, error, time.perf_counter() - start)
    return Outcome(result, None, time.perf_counter() - start, kept)


def _done(job: Job) -> tuple[Result, Kept | None]:
    # First of all, before the user paints on: the first imports may take seconds.
    inside, labels = None, None
    if job.reading is not None:
        inside = job.reading.inside()
        if job.start_labels is not None:
            labels = job.start_labels[job.reading.cut]
    if isinstance(labels, np.ndarray):
        labels = labels.copy()

    from ..core.kmeans import clustered

    kept: Kept | None = None
    if job.reading is None:
        with stage(high=CLUSTERED):
            result: Result = clustered(job.data[0], job.k, None, dict(job.fitting))
    elif job.axes:
        with stage(high=CLUSTERED):
            result = _planes(job, job.reading, inside, labels)
        _locate(job, result)
    else:
        result, kept = _image(job, job.reading, inside, labels)
        _locate(job, result)
    # Imports pandas, which takes long, here and not in the window's thread.
    _ = result.features
    return result, kept


def _image(
    job: Job, reading: Reading, inside: NDArray[np.bool_] | None, labels: Any
) -> tuple[QuantizedImage, Kept | None]:
    """Quantize an image, and read it only where it was not."""
    from ..core.quantize import quantized_samples
    from ..core.reading.source import read_samples

    kept = job.kept
    if kept is not None and kept.holds(inside):
        read, samples = 0.0, kept.samples
    else:
        read, marks = READING, marks_of(reading)
        with stage(high=READING):
            samples = read_samples(reading.image(), **reading.masked(inside))
        kept = Kept.of(samples, reading, inside, marks)
    search = dict(_started(job, reading, labels))
    with stage("", read, CLUSTERED):
        return quantized_samples(samples, job.k, search), kept


def _planes(
    job: Job, reading: Reading, inside: NDArray[np.bool_] | None, labels: Any
) -> QuantizedPlanes:
    """Quantize each plane on its own."""
    from ..core.planes import quantized_planes

    # Channels are stacked in front of all other axes.
    before = "channel_axis" in reading.options
    return quantized_planes(
        reading.image(),
        job.k,
        tuple(axis + before for axis in job.axes),
        dict(reading.masked(inside)),
        dict(_started(job, reading, labels)),
    )


def _started(job: Job, reading: Reading, labels: Any) -> FitOptions:
    """Return how to cluster, with the labels to start from where there are."""
    if labels is None:
        return job.fitting
    from ..core.quantize import extend_labels

    init = extend_labels(
        reading.image(),
        labels,
        job.k,
        rgb=bool(reading.options["rgb"]),
        channel_axis=reading.options.get("channel_axis"),
    )
    return {**job.fitting, "init": init}


def _locate(job: Job, result: QuantizedImage | QuantizedPlanes) -> None:
    """Find where the centers are, here and not in the window's thread."""
    if "centers" in job.roles:
        with stage("Locating centers", CLUSTERED):
            result.locate()
