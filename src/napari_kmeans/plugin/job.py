"""A job: one run of the dock, to be done in a thread. Touches no viewer and no Qt."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..core.options.keywords import FIT
from ..core.run.progress import follow, stage
from .reading import Kept, marks_of
from .steps import Run, Step
from .swept import Swept

if TYPE_CHECKING:
    from collections.abc import Collection

    from napari.layers import Layer
    from numpy.typing import NDArray

    from ..core.options.keywords import FitOptions
    from ..core.palettes.edit import Edit
    from ..core.palettes.palette import Palette
    from ..core.reading.fit import ImageSamples
    from ..core.results.image import QuantizedImage
    from ..core.results.planes import QuantizedPlanes
    from ..core.results.points import ClusteredPoints
    from ..core.run.progress import Report
    from .reading import Reading
    from .settings import DockSettings
    from .view import View

    Result = QuantizedImage | QuantizedPlanes | ClusteredPoints

#: Of all that is done, what comes after reading, and what after clustering.
READING, CLUSTERED = 0.4, 0.9

#: Pixels of the longer side of a thumbnail.
THUMBNAIL = 160


@dataclass(frozen=True, eq=False)
class Job:
    """What to cluster, and how; or which clusters to show.

    Attributes
    ----------
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
    before : Palette or None
        Clusters whose names, colors and locks are passed on to those that they become.
    step : Step or None
        What to show instead of clustering anew.
    edit : Edit or None
        What to do to its palette first.
    view : View or None
        The part of the image that is to be shown, and how coarse; None for all.
    place : int or None
        Where the step is in the history, where it is gone back or forth to.
    settings : DockSettings or None
        What was chosen.
    ks : tuple of int
        Numbers of clusters to sweep, to choose one, instead of showing one.
    edits : int
        How often data of the layers had changed before.
    quiet : bool
        Whether nobody has asked for it, and so nothing is told of it but its result.
    generation : int
        Which job of the dock this is: an answer to any but the latest is stale.
    """

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
    before: Palette | None = None
    step: Step | None = None
    edit: Edit | None = None
    view: View | None = None
    place: int | None = None
    settings: DockSettings | None = None
    ks: tuple[int, ...] = ()
    edits: int = 0
    quiet: bool = False
    generation: int = 0

    @property
    def ran(self) -> Run:
        """What is clustered and how, on record."""
        reading = self.reading and replace(self.reading, data=[])
        return Run(self.k, self.fitting, reading, self.start_labels, self.settings)


class Outcome(NamedTuple):
    """How a job ended: with a result and what it was made of, or with an error.

    Attributes
    ----------
    result : QuantizedImage, QuantizedPlanes, ClusteredPoints or None
    error : Exception or None
    seconds : float
    kept : Kept or None
        What was read.
    step : Step or None
        The clusters, as a step of their history; of planes and points there is none.
    swept : Swept or None
        What a sweep has found, which has no other result.
    """

    result: Result | None
    error: Exception | None
    seconds: float
    kept: Kept | None = None
    step: Step | None = None
    swept: Swept | None = None


def run(job: Job, progress: Report | None = None) -> Outcome:
    """Do a job; an error, and a `Canceled` that `progress` raises, are in the outcome.

    Raised in a napari worker, one would be reported twice. Nor is there a warning, the
    filters of which all threads share: the `note` of the result tells of few colors.
    """
    start = time.perf_counter()
    try:
        if job.ks:
            swept, kept = follow(lambda: _swept(job), progress)
            seconds = time.perf_counter() - start
            return Outcome(None, None, seconds, kept, swept=swept)
        result, kept, step = follow(lambda: _done(job), progress)
    except Exception as error:
        return Outcome(None, error, time.perf_counter() - start)
    return Outcome(result, None, time.perf_counter() - start, kept, step)


def _done(job: Job) -> tuple[Result, Kept | None, Step | None]:
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
    step: Step | None = None
    if job.reading is None:
        with stage(high=CLUSTERED):
            result: Result = clustered(job.data[0], job.k, None, dict(job.fitting))
    elif job.view is not None:
        result = seen(job, job.view, inside)
    elif job.axes:
        with stage(high=CLUSTERED):
            result = _planes(job, job.reading, inside, labels)
        _locate(job, result)
    else:
        result, kept, step = _image(job, job.reading, inside, labels)
        _locate(job, result)
    # Imports pandas, which takes long, here and not in the window's thread.
    _ = result.features
    return result, kept, step


def _image(
    job: Job, reading: Reading, inside: NDArray[np.bool_] | None, labels: Any
) -> tuple[QuantizedImage, Kept | None, Step]:
    """Cluster an image, or edit and show its clusters; read only what was not."""
    samples, kept, read = _samples(job, reading, inside)
    with stage("", read, CLUSTERED):
        if job.step is None:
            result, step = _clustered(job, reading, samples, labels)
        else:
            step = job.step if job.edit is None else job.step.after(job.edit, samples)
            result = painted(samples, step)
    return result, kept, step


def _samples(
    job: Job, reading: Reading, inside: NDArray[np.bool_] | None
) -> tuple[ImageSamples, Kept | None, float]:
    """Return samples, those to keep, and which part of a job it was to read them."""
    kept = job.kept
    if kept is not None and kept.holds(inside):
        return kept.samples, kept, 0.0
    from ..core.reading.source import read_samples

    marks = marks_of(reading)
    with stage(high=READING):
        samples = read_samples(reading.image(), **reading.masked(inside))
    return samples, Kept.of(samples, reading, inside, marks), READING


def _swept(job: Job) -> tuple[Swept, Kept | None]:
    """Sweep an image over several K; read it only where it was not.

    Labels, colors and locked clusters to start from, which are of one K, do not count.
    """
    from ..core.sweeping.sweep import swept

    reading = job.reading
    if reading is None:
        raise TypeError("reading=None should be how an image is read.")
    inside, kept = reading.inside(), None
    search: dict[str, Any] = {k: v for k, v in job.fitting.items() if k in FIT}
    if job.axes:
        read: dict[str, Any] = {**reading.masked(inside)}
        axes = _of_image(job.axes, reading)
        with stage(high=CLUSTERED):
            found, note = swept(reading.image(), [*job.ks], axes, None, read, search)
    else:
        samples, kept, part = _samples(job, reading, inside)
        with stage("", part, CLUSTERED):
            found, note = swept(samples, [*job.ks], None, None, {}, search)
    with stage("Thumbnails", CLUSTERED):
        thumbnails = found.thumbnails(reading.flat(), THUMBNAIL)
    return Swept(found, thumbnails, note, job.ran, job.edits), kept


def _of_image(axes: tuple[int, ...], reading: Reading) -> tuple[int, ...]:
    """Return axes of layers as those of the image, whose first may be the channels."""
    return tuple(axis + ("channel_axis" in reading.options) for axis in axes)


def _clustered(
    job: Job, reading: Reading, samples: ImageSamples, labels: Any
) -> tuple[QuantizedImage, Step]:
    """Cluster samples; pass on what those of before were called, and how shown."""
    from ..core.quantize import paint_samples, quantized_samples

    search, before = dict(_started(job, reading, labels)), job.before
    if before is not None and any(before.locked):
        search["keep"] = before
    result = quantized_samples(samples, job.k, search)
    if before is not None:
        palette = result.palette.inherit(before)
        if palette != result.palette:
            shown = paint_samples(samples, palette)
            result = replace(
                shown, asked=result.asked, n_iter=result.n_iter, method=result.method
            )
    return result, Step(f"K={job.k}", result.palette.untabled, job.ran)


def painted(samples: ImageSamples, step: Step) -> QuantizedImage:
    """Return what samples are by the clusters of a step."""
    from ..core.quantize import paint_samples

    result = paint_samples(samples, step.palette)
    if step.clean_up is None:
        return result
    return result.despeckled(*step.clean_up)


def seen(job: Job, view: View, inside: NDArray[np.bool_] | None) -> QuantizedImage:
    """Return what is seen of an image by the clusters that a run would find.

    Where the whole was read, these are the same; else they are those of the view.
    """
    from ..core.fitting import fitted, settings_of
    from ..core.quantize import paint_samples
    from ..core.reading.source import read_samples

    reading, kept = job.reading, job.kept
    if reading is None:
        raise TypeError("reading=None should be how an image is read.")
    part = reading.seen(view, job.sources)
    around = None if inside is None else view.of(inside)
    samples = read_samples(part, **reading.masked(around))
    of = samples
    if kept is not None and not job.axes and kept.holds(inside):
        of = kept.samples
    search = dict(job.fitting)
    if job.before is not None and any(job.before.locked):
        search["keep"] = job.before
    palette = fitted(of, settings_of(of, job.k, search))[1]
    if job.before is not None:
        palette = palette.inherit(job.before)
    result = paint_samples(samples, palette)
    return replace(
        result, palette=palette, counts=palette.counts, compactness=palette.compactness
    )


def _planes(
    job: Job, reading: Reading, inside: NDArray[np.bool_] | None, labels: Any
) -> QuantizedPlanes:
    """Quantize each plane on its own."""
    from ..core.planes import quantized_planes

    return quantized_planes(
        reading.image(),
        job.k,
        _of_image(job.axes, reading),
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
