"""A job: one run of the dock, to be done in a thread. Touches no viewer and no Qt."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from ..core.palettes.edit import Edit
from ..core.run.progress import follow, stage
from .opened import Opened
from .reading import Kept, marks_of
from .script import Fitted
from .steps import UNCLEANED, Run, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from napari.layers import Layer
    from numpy.typing import NDArray

    from ..core.despeckling.despeckle import Despeckled
    from ..core.options.keywords import FitOptions
    from ..core.palettes.palette import Palette
    from ..core.reading.fit import ImageSamples
    from ..core.results.image import QuantizedImage
    from ..core.results.planes import QuantizedPlanes
    from ..core.results.points import ClusteredPoints
    from ..core.run.progress import Report
    from .reading import Reading
    from .script import Made
    from .settings import DockSettings
    from .view import View

    Result = QuantizedImage | QuantizedPlanes | ClusteredPoints

#: Of all that is done, what comes after reading, and what after clustering.
READING, CLUSTERED = 0.4, 0.9


class Question(NamedTuple):
    """What is asked of what was read, instead of clustering it.

    Attributes
    ----------
    ask : callable
        Gets the samples, None where planes are clustered each on its own, and the job,
        in a thread, and returns an answer.
    then : callable
        Gets the answer and the job, in the thread of the viewer. What it returns is
        gone through in steps: a window can answer in between.
    reads : bool
        Whether samples are asked; else None is handed on, and nothing is read.
    """

    ask: Callable[[Any, Job], Any]
    then: Callable[[Any, Job], Iterator[None] | None]
    reads: bool = True


@dataclass(frozen=True, eq=False)
class Job:
    """What to cluster, and how; or which clusters to show; or what else to find out.

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
    before : Step or None
        Clusters whose names, colors and locks are passed on to those that they become.
    step : Step or None
        What to show instead of clustering anew.
    edit : Edit or None
        What to do to its palette first.
    like : QuantizedImage or None
        Of the same pixels, with the finest clusters there are of its centers.
    question : Question or None
        What to ask instead of clustering.
    view : View or None
        The part of the image that is to be shown, and how coarse; None for all.
    place : int or None
        Where the step is in the history, where it is gone back or forth to.
    settings : DockSettings or None
        What was chosen.
    quiet : bool
        Whether nobody has asked for it, and so nothing is told of it but its result.
    title : str
        What it is called while it is under way; by default after its sources.
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
    before: Step | None = None
    step: Step | None = None
    edit: Edit | None = None
    like: QuantizedImage | None = None
    question: Question | None = None
    view: View | None = None
    place: int | None = None
    settings: DockSettings | None = None
    quiet: bool = False
    title: str = ""
    generation: int = 0

    @property
    def is_light(self) -> bool:
        """Whether it takes but a moment: a table of labels is changed, not pixels."""
        step, edit = self.step, self.edit
        if step is None or self.like is None or self.question is not None:
            return False
        if step.clean_up != UNCLEANED or (edit is not None and edit.sampled):
            return False
        return self.like.groups(step.palette) is not None

    @property
    def is_brief(self) -> bool:
        """Whether it takes some tenths of a second, or nobody has asked for it."""
        if self.step is None or self.kept is None:
            return self.quiet
        return self.quiet or self.step.clean_up == UNCLEANED

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
    cleaned : Despeckled or None
        What a clean-up has done.
    answer : object
        What was found out, where a question was asked.
    """

    result: Result | None
    error: Exception | None = None
    seconds: float = 0.0
    kept: Kept | None = None
    step: Step | None = None
    cleaned: Despeckled | None = None
    answer: Any = None


def run(job: Job, progress: Report | None = None) -> Outcome:
    """Do a job; an error, and a `Canceled` that `progress` raises, are in the outcome.

    Raised in a napari worker, one would be reported twice. Nor is there a warning, the
    filters of which all threads share: the `note` of the result tells of few colors.
    """
    start = time.perf_counter()
    try:
        outcome = follow(lambda: done(job), progress)
    except Exception as error:
        return Outcome(None, error, time.perf_counter() - start)
    return outcome._replace(seconds=time.perf_counter() - start)


def done(job: Job) -> Outcome:
    """Do a job, and raise what goes wrong."""
    # First of all, before the user paints on: the first imports may take seconds.
    inside, labels = None, None
    if job.reading is not None and not job.is_light:
        inside = job.reading.inside()
        if job.start_labels is not None:
            labels = job.start_labels[job.reading.cut]
    if isinstance(labels, np.ndarray):
        labels = labels.copy()

    outcome = _outcome(job, inside, labels)
    # Imports pandas, which takes long, here and not in the window's thread.
    _ = outcome.result and outcome.result.features
    return outcome


def _outcome(job: Job, inside: NDArray[np.bool_] | None, labels: Any) -> Outcome:
    from ..core.kmeans import clustered

    if job.reading is None and job.question is None:
        with stage(high=CLUSTERED):
            points = clustered(job.data[0], job.k, None, dict(job.fitting))
        return Outcome(points)
    if job.question is not None:
        samples, kept, read = None, job.kept, 0.0
        if job.reading is not None and not job.axes and job.question.reads:
            samples, kept, read = _samples(job, job.reading, inside)
        with stage("", read):
            answer = job.question.ask(samples, job)
        return Outcome(None, kept=kept, answer=answer)
    if job.reading is None:
        raise TypeError("reading=None should be how an image is read.")
    if job.view is not None:
        return Outcome(seen(job, job.view, inside))
    if job.axes:
        with stage(high=CLUSTERED):
            planes = _planes(job, job.reading, inside, labels)
        _locate(job, planes)
        return Outcome(planes)
    outcome = _image(job, job.reading, inside, labels)
    _locate(job, outcome.result)
    return outcome


def _image(
    job: Job, reading: Reading, inside: NDArray[np.bool_] | None, labels: Any
) -> Outcome:
    """Cluster an image, or edit and show its clusters; read what was not."""
    if job.is_light:
        return _regrouped(job)
    samples, kept, read = _samples(job, reading, inside)
    with stage("", read, CLUSTERED):
        cleaned = None
        if job.step is None:
            result, step = _clustered(job, reading, samples, labels)
        else:
            step = job.step if job.edit is None else job.step.after(job.edit, samples)
            result, cleaned = painted(samples, step, reading.image())
            if isinstance(step.made[-1], Opened):  # counted by this image from now on
                step = replace(step, palette=result.palette)
    return Outcome(result, kept=kept, step=step, cleaned=cleaned)


def _regrouped(job: Job) -> Outcome:
    """Show the clusters of a step without a look at a pixel."""
    if job.step is None or job.like is None:
        raise ValueError("step=None should be what to show.")
    step = job.step if job.edit is None else job.step.after(job.edit)
    return Outcome(job.like.regrouped(step.palette), kept=job.kept, step=step)


def _samples(
    job: Job, reading: Reading, inside: NDArray[np.bool_] | None
) -> tuple[ImageSamples, Kept | None, float]:
    """Return samples, those to keep, and which part of a job it was to read them."""
    kept = job.kept
    # What is edited is what layers show, be there another image by now.
    if kept is not None and kept.holds(inside, look=job.step is None):
        return kept.samples, kept, 0.0
    from ..core.reading.source import read_samples

    marks = marks_of(reading)
    with stage(high=READING):
        samples = read_samples(reading.image(), **reading.masked(inside))
    return samples, Kept.of(samples, reading, inside, marks), READING


def _clustered(
    job: Job, reading: Reading, samples: ImageSamples, labels: Any
) -> tuple[QuantizedImage, Step]:
    """Cluster samples; pass on what those of before were called, and how shown."""
    from ..core.quantize import paint_samples, quantized_samples

    search, before = dict(_started(job, reading, labels)), job.before
    kept = before is not None and any(before.palette.locked)
    if before is not None and kept:
        search["keep"] = before.palette
    result = quantized_samples(samples, job.k, search)
    fitted = Fitted(job.k, job.fitting, started=labels is not None, kept=kept)
    made: tuple[Made, ...] = (fitted,)
    if before is not None:
        looks = looks_of(result.palette, before.palette)
        made = (*(before.made if kept else ()), fitted, *looks)
        palette = result.palette
        for edit in looks:
            palette = edit.apply(palette)
        if looks:
            shown = paint_samples(samples, palette)
            result = replace(
                shown, asked=result.asked, n_iter=result.n_iter, method=result.method
            )
    return result, Step(f"K={job.k}", result.palette, job.ran, made)


def looks_of(palette: Palette, before: Palette) -> list[Edit]:
    """Return the edits that give clusters the looks of those that are still there."""
    heir = palette.inherit(before)
    names = enumerate(zip(palette.names, heir.names, strict=True), 1)
    edits = [Edit("rename", (at, new)) for at, (old, new) in names if old != new]
    edits += [
        Edit("recolor", (int(at) + 1, tuple(heir.colors[at].tolist())))
        for at in np.flatnonzero((palette.colors != heir.colors).any(axis=1))
    ]
    pairs = enumerate(zip(palette.locked, heir.locked, strict=True), 1)
    if locked := [label for label, (old, new) in pairs if new and not old]:
        edits.append(Edit("lock", tuple(locked)))
    return edits


def painted(
    samples: ImageSamples, step: Step, image: Any
) -> tuple[QuantizedImage, Despeckled | None]:
    """Return what an image is by the clusters of a step, and how it was cleaned up."""
    from ..core.despeckling.despeckle import despeckle
    from ..core.quantize import paint_samples

    size, axes, least = step.clean_up
    with stage(high=0.3 if size or least else 1.0):
        result = paint_samples(samples, step.palette)
    if least:
        with stage("Rejecting", 0.3, 0.5):
            result = result.rejected(image, least)
    if not size:
        return result, None
    with stage("Despeckling", 0.5, 0.9):
        cleaned = despeckle(result.labels, size, axes=axes or None)
    with stage("Painting", 0.9):
        return result.relabeled(cleaned.labels), cleaned


def seen(job: Job, view: View, inside: NDArray[np.bool_] | None) -> QuantizedImage:
    """Return what is seen of an image by the clusters that a run would find.

    Where the whole was read, these are the same; else they are those of the view.
    """
    from ..core.fitting import fitted, settings_of
    from ..core.reading.source import read_samples
    from ..core.results.image import QuantizedImage

    reading, kept = job.reading, job.kept
    if reading is None:
        raise TypeError("reading=None should be how an image is read.")
    part = np.asarray(reading.seen(view, job.sources))
    around = None if inside is None else view.inside(inside, job.sources[0])
    whole = kept is not None and not job.axes and kept.holds(inside, look=False)
    if kept is not None and whole:
        samples = kept.samples
    else:
        samples = read_samples(part, **reading.masked(around))
    search: dict[str, Any] = {**job.fitting}
    before = None if job.before is None else job.before.palette
    if before is not None and any(before.locked):
        search["keep"] = before
    palette = fitted(samples, settings_of(samples, job.k, search))[1]
    if before is not None:
        palette = palette.inherit(before)
    labels, quantized = palette.apply(part, mask=around)
    return QuantizedImage(
        labels=labels,
        quantized=quantized,
        centers=palette.centers,
        counts=palette.counts,
        compactness=palette.compactness,
        n_iter=palette.n_iter,
        converged=palette.converged,
        n_excluded=sum(samples.excluded.values()),
        asked=job.k,
        method="refined",
        settings=palette.settings,
        palette=palette,
        n_colors=None,
        value_range=palette.value_range,
        layout=palette.layout,
        excluded=samples.excluded,
        mask=around,
    )


def _planes(
    job: Job, reading: Reading, inside: NDArray[np.bool_] | None, labels: Any
) -> QuantizedPlanes:
    """Quantize each plane on its own."""
    from ..core.planes import quantized_planes

    return quantized_planes(
        reading.image(),
        job.k,
        reading.axes(job.axes),
        dict(reading.masked(inside)),
        dict(_started(job, reading, labels)),
    )


def _started(job: Job, reading: Reading, labels: Any) -> FitOptions:
    """Return how to cluster, with the labels to start from where there are."""
    if labels is None:
        return job.fitting
    from ..core.reading.painted import extend_labels

    init = extend_labels(
        reading.image(),
        labels,
        job.k,
        rgb=bool(reading.options["rgb"]),
        channel_axis=cast("int | None", reading.options.get("channel_axis")),
    )
    return {**job.fitting, "init": init}


def _locate(job: Job, result: Any) -> None:
    """Find where the centers are, here and not in the window's thread."""
    if "centers" in job.roles:
        with stage("Locating centers", CLUSTERED):
            result.locate()
