"""Sweeps: the image that is chosen, clustered for several K, to choose one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from weakref import ref

from psygnal import Signal

from ..core.options.keywords import FIT
from ..core.run.progress import stage
from ..core.validation import check_ks
from .job import Question
from .settings import RANDOM, changes
from .sources import plane
from .swept import Swept

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.reading.fit import ImageSamples
    from .job import Job
    from .model import KMeansModel

#: The numbers of clusters that are swept where nothing else is asked for.
LEAST, MOST = 2, 16

#: Pixels of the longer side of a thumbnail.
THUMBNAIL = 160


class Sweeps:
    """What is known of the K that can be chosen for an image; knows no Qt.

    Parameters
    ----------
    model : KMeansModel

    Attributes
    ----------
    changed : psygnal.Signal
        Emitted when there may be another sweep, or the same may not count any more.

    Examples
    --------
    >>> import numpy as np
    >>> from napari.components import ViewerModel
    >>> from napari_kmeans.plugin.model import KMeansModel
    >>> viewer = ViewerModel()
    >>> image = np.array([[10, 11, 12, 99], [100, 200, 201, 202]], np.uint8)
    >>> _ = viewer.add_image(image, name="tiny")
    >>> sweeps = Sweeps(KMeansModel(viewer))
    >>> sweeps.sweep(2, 4)
    >>> sweeps.said
    'Suggested: K=3 has by far the greatest jump, 4.35 times the next.'
    >>> sweeps.choose(sweeps.suggested)
    >>> viewer.layers["tiny labels"].data.tolist()
    [[1, 1, 1, 2], [2, 3, 3, 3]]
    """

    changed = Signal()

    def __init__(self, model: KMeansModel) -> None:
        self.model = model
        self._job: Callable[[], Job | None] = _none
        model.shown.connect(self._on_changed)
        model.choice.touched.connect(self._on_changed)

    def _on_changed(self) -> None:
        self.changed.emit()

    # -- what there is -------------------------------------------------------------

    @property
    def swept(self) -> Swept | None:
        """The latest sweep of what is chosen; None before the first."""
        return self.model.bench.swept

    @property
    def running(self) -> bool:
        """Whether a sweep is under way."""
        job = self._job()
        return job is not None and self.model.is_latest(job)

    @property
    def suggested(self) -> int | None:
        """The K that is suggested; None where none is, or none any more."""
        swept = self.swept
        return None if swept is None or self.stale else swept.sweep.suggestion.k

    @property
    def said(self) -> str:
        """What is suggested and why, and what to heed."""
        swept = self.swept
        if swept is None:
            return ""
        reason = f"Suggested: {swept.sweep.suggestion.reason}"
        return "\n".join(line for line in (reason, swept.note) if line)

    @property
    def stale(self) -> str:
        """Why the sweep is not of what is chosen now; empty where it is."""
        swept, settings = self.swept, self.model.settings
        if swept is None or swept.ran.settings is None:
            return ""
        if said := changes(replace(swept.ran.settings, k=settings.k), settings):
            return f"Swept with other settings: {said}. Sweep again."
        if self._edits != swept.edits:
            return "The image or its mask has changed since the sweep. Sweep again."
        if self._is_elsewhere(swept):
            return "Another plane was swept than is shown. Sweep again."
        return ""

    @property
    def _edits(self) -> int:
        """How often what is swept has changed, or its mask."""
        layers = [*self.model.sources, self.model.settings.mask]
        return self.model.choice.edits_of(layers)

    def _is_elsewhere(self, swept: Swept) -> bool:
        """Whether another plane is shown than the one that was swept."""
        scope, images = self.model.settings.scope, self.model.choice.offers.images
        if not scope.current or swept.ran.reading is None:
            return False
        try:
            cut = plane(self.model.viewer.dims, images[0], scope.axes)
        except ValueError:  # none is
            return True
        return cut != swept.ran.reading.cut

    # -- what is done --------------------------------------------------------------

    def job(self, least: int = LEAST, most: int = MOST) -> Job:
        """Return the job of sweeping; raise where that is not valid.

        Parameters
        ----------
        least, most : int
            The first K, and the last.
        """
        ks = tuple(check_ks(range(least, most + 1)))
        if not self.model.choice.offers.images:
            layer = self.model.settings.layer
            name = None if layer is None else layer.name
            raise ValueError(
                f"layer={name!r} should be an Image layer: only images are swept."
            )
        question = Question(partial(_swept, ks, self._edits), self._take)
        job = replace(self.model.job(), question=question)
        self._job = ref(job)  # which holds the samples
        return job

    def _take(self, swept: Swept, job: Job) -> None:
        """Keep a sweep with what it is of."""
        self._job = _none
        self.model.bench_of(job.sources).swept = swept
        self.changed.emit()

    def sweep(self, least: int = LEAST, most: int = MOST) -> None:
        """Cluster the image for each K of a range, by what does the model's jobs.

        Layers stay as they are. What is read once serves further sweeps and runs.

        Parameters
        ----------
        least, most : int
            The first K, and the last.
        """
        self.model.do(partial(self.job, least, most))

    def choose(self, k: int) -> None:
        """Set K, and show its clusters."""
        self.model.change(k=k)
        self.model.do(self.model.job)


def _swept(
    ks: tuple[int, ...], edits: int, samples: ImageSamples | None, job: Job
) -> Swept:
    """Sweep an image, or its planes.

    Labels, colors and locked clusters to start from, which are of one K, do not count.
    """
    from ..core.sweeping.sweep import swept

    reading = job.reading
    if reading is None:
        raise TypeError("reading=None should be how an image is read.")
    search = {name: value for name, value in job.fitting.items() if name in FIT}
    if not isinstance(search.get("init", ""), str):
        search["init"] = RANDOM if job.settings is None else job.settings.init
    with stage(high=0.95):
        if samples is None:
            axes, read = reading.axes(job.axes), reading.masked(reading.inside())
            found, note = swept(reading.image(), [*ks], axes, None, {**read}, search)
        else:
            found, note = swept(samples, [*ks], None, None, {}, search)
    with stage("Thumbnails", 0.95):
        thumbnails = found.thumbnails(reading.flat(), THUMBNAIL)
    return Swept(found, thumbnails, note, job.ran, edits)


def _none() -> None:
    """Return no job."""
