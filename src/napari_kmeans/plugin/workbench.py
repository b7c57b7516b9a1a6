"""Workbenches: what there is to work on, and what can be done with it, as jobs."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from psygnal import Signal

from ..core.results.image import QuantizedImage
from ..core.run.memory import keepable
from .bench import Bench, Shown
from .choice import Choice
from .hues import with_hues
from .job import Job, Question
from .layers import is_kept, is_users, keep, side_by_side
from .opened import Opened
from .reading import is_same
from .request import reading_of, request
from .settings import DockSettings
from .sources import check_channels, full_resolution, part
from .steps import UNCLEANED, Run, Step
from .view import of_sources, view_of

if TYPE_CHECKING:
    from uuid import UUID

    from napari.components import ViewerModel
    from napari.layers import Image, Layer

    from ..core.options.keywords import ReadOptions
    from ..core.palettes.edit import Edit
    from ..core.palettes.palette import Palette
    from ..core.quality import Quality
    from ..core.reading.fit import ImageSamples
    from ..layers.metadata import LayerData
    from .history import History
    from .job import Outcome
    from .reading import Kept, Reading
    from .steps import CleanUp


class Workbench:
    """What is chosen in a viewer, what was made of it, and the jobs that can be done.

    Parameters
    ----------
    viewer : napari.components.ViewerModel

    Attributes
    ----------
    told : psygnal.Signal
        Emitted when there may be something else to tell.
    shown : psygnal.Signal
        Emitted when layers show other clusters than before, or other sources are
        chosen.
    choice : Choice
        What is chosen, and what there is to choose from.
    """

    told, shown = Signal(), Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        self.viewer = viewer
        self.choice = Choice(viewer)
        self._generation = 0
        self._kept: Kept | None = None
        self._benches: dict[tuple[UUID, ...], Bench] = {}
        viewer.layers.events.removed.connect(self._on_removed)

    @property
    def settings(self) -> DockSettings:
        """What is chosen and typed."""
        return self.choice.settings

    @property
    def sources(self) -> list[Layer]:
        """The layers to cluster."""
        return self.choice.sources

    def change(self, **settings: Any) -> None:
        """Choose or type something.

        Parameters
        ----------
        **settings
            By the names of `DockSettings`.

        Raises
        ------
        ValueError
            Where it is not among what can be chosen; then nothing changes.
        """
        self.choice.change(**settings)

    # -- what was made of it ---------------------------------------------------------

    @property
    def bench(self) -> Bench:
        """What runs and edits have made of the sources."""
        return self.bench_of(self.sources)

    def bench_of(self, sources: list[Layer]) -> Bench:
        """Return what runs and edits have made of some sources."""
        ids = tuple(layer.unique_id for layer in sources)
        return self._benches.setdefault(ids, Bench())

    @property
    def history(self) -> History[Step]:
        """The steps of the clusters of the sources, as runs and edits made them."""
        return self.bench.history

    @property
    def step(self) -> Step | None:
        """The step that layers show; None of planes and points, which have none."""
        shown = self.bench.shown
        edited = shown is not None and isinstance(shown.result, QuantizedImage)
        return self.history.current if edited else None

    @property
    def palette(self) -> Palette | None:
        """The current palette of the sources; None where there is no `step`."""
        return None if self.step is None else self.step.palette

    @property
    def earlier(self) -> int:
        """The place of the step before what is shown; -1 where there is none."""
        return self.history.place - (self.step is not None)

    @property
    def later(self) -> int:
        """The place of the step after the current; that of the last is its own."""
        return self.history.place + self.history.can_redo

    @property
    def earliest(self) -> int:
        """The place of the earliest step; -1 where there is nothing before it."""
        history, first = self.history, self.bench.first
        is_first = first is not None and history.place >= 0
        return -1 if is_first and history.values[0] == first else 0

    @property
    def can_undo(self) -> bool:
        """Whether there is an earlier step, or nothing was there before the first."""
        return self.earlier >= self.earliest

    def keep(self) -> None:
        """Make the present result the user's own, named by its K.

        Further runs and edits leave its layers alone, and have layers of their own.
        """
        shown = self.bench.shown
        if shown is None or not self.can_keep:
            raise ValueError("There should be a result to keep: run first.")
        there = [layer for layer in shown.layers if layer in self.viewer.layers]
        keep(there, f"K={shown.result.k}")
        # Labels that may be painted on are no basis of others.
        self.bench.shown = shown._replace(layers=[], reading=None)
        self.bench.finest = None
        self.shown.emit()

    def shows(self, layer: Layer) -> bool:
        """Whether it is by a layer that the clusters of some sources are shown."""
        there = [bench.shown for bench in self._benches.values()]
        return any(layer in shown.layers for shown in there if shown)

    def has_result(self, layer: Layer) -> bool:
        """Whether clusters of a layer are shown."""
        return self.bench_of([layer]).shown is not None

    @property
    def can_keep(self) -> bool:
        """Whether there is a result that can be kept."""
        shown = self.bench.shown
        layers = shown.layers if shown else []
        return any(layer in self.viewer.layers for layer in layers)

    @property
    def has_kept(self) -> bool:
        """Whether some results were kept."""
        return any(is_kept(layer) for layer in self.viewer.layers)

    def side_by_side(self) -> None:
        """Show the results that were kept, and their source, in napari's grid."""
        side_by_side(self.viewer)

    # -- what is let go ------------------------------------------------------------

    def _on_removed(self, event: Any) -> None:
        self._forget()
        benches, gone = self._benches, event.value.unique_id
        self._benches = {ids: benches[ids] for ids in benches if gone not in ids}

    def _forget(self) -> None:
        """Let go of samples, and of results, of data that no layer has any more."""
        there = {id(full_resolution(layer)) for layer in self.viewer.layers}

        def is_gone(reading: Reading | None) -> bool:
            return reading is not None and not {*map(id, reading.data)} <= there

        if self._kept is not None and is_gone(self._kept.reading):
            self._kept = None
        for bench in self._benches.values():
            if bench.shown is not None and is_gone(bench.shown.reading):
                bench.shown = bench.shown._replace(reading=None)
                bench.finest = None

    # -- what is to be done --------------------------------------------------------

    def job(self) -> Job:
        """Return what is to be done, as a job; raise where that is not valid."""
        job = request(self.viewer, self.choice)
        return self._equipped(replace(job, before=self._before))

    @property
    def _before(self) -> Step | None:
        """The clusters there are, where something was said of them that is to stay."""
        step = self.history.current
        if step is None:
            return None
        of = step.palette
        own = of.own_colors(of.centers)
        said = any(of.names) or any(of.locked) or bool((own != of.colors).any())
        return step if said else None

    def preview(self) -> Job:
        """Return a job that shows what a run would, of what is seen, and as coarse."""
        job = replace(self.job(), quiet=True)
        roles = [role for role in job.roles if role != "centers"]
        view = view_of(self.viewer, self.choice.offers.images[0])
        return replace(job, view=view, roles=roles or job.roles)

    def edited(self, edit: Edit, place: int | None = None) -> Job:
        """Return the job of editing clusters: of those that are shown, or of a step."""
        self._current("change")
        place = self.history.place if place is None else place
        return replace(self.gone(place), edit=edit)

    def cleaned(self, clean_up: CleanUp) -> Job:
        """Return the job of cleaning up the labels that are shown."""
        return self._showing(self._current("clean up").cleaned(clean_up))

    def asked(self, question: Question) -> Job:
        """Return the job of asking something of the samples of what is shown."""
        return replace(self._showing(self._current("tell of")), question=question)

    def told_of(self, question: Question) -> Job:
        """Return the job of asking something of the labels that are shown.

        Of planes each on its own, too; no samples are read for that.
        """
        shown = self.bench.shown
        if shown is None or shown.reading is None:
            raise ValueError("There should be clusters of an image: run first.")
        reading = replace(shown.reading, mask=None)
        k = shown.result.k
        job = Job(self.sources, reading.data, k, {}, (), reading, question=question)
        return self._equipped(job)

    def gone(self, place: int) -> Job:
        """Return the job of going back, or forth, to a step of the history.

        To -1, that is of taking the layers away, where there were none before.
        """
        values = self.history.values
        if place == self.earliest == -1:
            return self._nothing()
        if not 0 <= place < len(values):
            raise ValueError(
                f"place={place} should be that of one of the {len(values)} steps."
            )
        return replace(self._showing(values[place]), place=place)

    def _nothing(self) -> Job:
        """Return the job of showing nothing, as before the first step."""
        clear = partial(self._clear, self.bench)
        return self.apart(Question(lambda *_: None, lambda *_: clear(), False), "undo")

    def _clear(self, bench: Bench) -> None:
        """Take away the layers of a result, but for those that are its user's now."""
        there = bench.shown.layers if bench.shown else []
        bench.shown = bench.finest = bench.quality = None
        bench.said = ""
        bench.history.go(-1)
        for layer in there:
            if layer in self.viewer.layers and not is_users(layer):
                self.viewer.layers.remove(layer)
        self.shown.emit()

    def opened(
        self, opened: Opened, name: str, images: list[Image] | None = None
    ) -> Job:
        """Return the job of showing a palette that was there before the image.

        Parameters
        ----------
        opened : Opened
        name : str
            What the step is called.
        images : list of napari.layers.Image, optional
            One, or the channels of one; by default those chosen.
        """
        own = images is None or images == self.sources
        images = self.choice.offers.images if images is None else images
        settings = self.settings if own else DockSettings()
        reading, palette = self.read_by(opened.palette, images, settings)
        kept = replace(reading, data=[])
        shown = replace(settings, layer=None) if own else None
        ran = Run(palette.k, {}, kept, None, shown)
        step = Step(name, palette, ran, (opened,))
        return self._showing(step, images)

    def read_by(
        self, palette: Palette, images: list[Image], settings: DockSettings
    ) -> tuple[Reading, Palette]:
        """Return how images are read, and a palette as it is of them."""
        from ..core.palettes.placing import placed

        if not images:
            raise ValueError("There should be an Image layer to put a palette on.")
        check_channels(images)
        reading = reading_of(self.viewer, images, settings)
        if reading.options.get("no_data") is None:
            options: ReadOptions = {
                **reading.options,
                "no_data": palette.layout.no_data,
            }
            reading = replace(reading, options=options)
        return reading, placed(palette, reading.layout)

    def apart(self, question: Question, title: str) -> Job:
        """Return the job of a question that is not of the sources alone."""
        return self._equipped(Job([], [], 0, {}, (), question=question, title=title))

    def _current(self, act: str) -> Step:
        """Return the step that is shown; raise where there is none to do an act to."""
        if self.step is not None:
            return self.step
        if self.bench.shown is None:
            raise ValueError(f"There should be clusters to {act}: run first.")
        raise ValueError(
            f"There should be clusters of an image to {act}, not of points, or of "
            "planes each on its own."
        )

    def _showing(self, step: Step, images: list[Image] | None = None) -> Job:
        """Return the job of showing a step, by default of the sources."""
        sources: list[Layer] = self.sources if images is None else [*images]
        data = [full_resolution(source) for source in sources]
        run, settings = step.run, self.settings
        if run.reading is None:
            raise ValueError("Points should be clustered anew: they are not edited.")
        reading = replace(run.reading, data=data)
        roles = settings.roles(points=False)
        job = Job(sources, data, run.k, run.fitting, roles, reading, step=step)
        like = self._like(step, reading) if sources == self.sources else None
        return self._equipped(replace(job, settings=run.settings, like=like))

    def _like(self, step: Step, reading: Reading) -> QuantizedImage | None:
        """Return pixels that need not be assigned anew: those shown, or finer ones."""
        shown = self.bench.shown
        if shown is None or shown.reading is None or not shown.reading.is_like(reading):
            return None
        if any(map(is_users, shown.layers)):  # in whose arrays it may have painted
            return None
        for known in (shown.result, self.bench.finest):
            if (
                isinstance(known, QuantizedImage)
                and not math.isnan(known.compactness)  # else it was cleaned up
                and known.groups(step.palette) is not None
                and is_same(known.mask, reading.inside())
            ):
                return known
        return None

    def _equipped(self, job: Job) -> Job:
        """Return a job with its number, and with what was read before."""
        kept = self._kept
        like = kept and job.reading and kept.reading.is_like(job.reading)
        if not (kept and like and keepable(kept.nbytes)):
            kept = None
        return replace(job, kept=kept, generation=self._generation + 1)

    def measured(self) -> Job:
        """Return the job of measuring what is lost by the clusters that are shown.

        Of an image that would have to be read again, it is not measured.
        """
        from ..core.quality import measure

        step, bench = self._current("measure"), self.bench
        if step.clean_up != UNCLEANED:
            raise ValueError("Labels that were cleaned up should not be measured.")
        palette = step.palette

        def then(quality: Quality | None, _job: Job) -> None:
            if quality is not None and self.palette == palette:
                bench.quality = quality
                self.told.emit()

        def ask(samples: ImageSamples, _job: Job) -> Quality | None:
            # Not by reading the image once more, which nobody has asked for.
            return measure(samples, palette) if samples.is_read else None

        return self.asked(Question(ask, then))

    def layers_of(
        self, job: Job, result: Any, step: Step | None = None
    ) -> list[LayerData]:
        """Return the layers of a result, where their sources are."""
        from ..layers.tuples import to_layers

        cut = job.reading.cut if job.reading else ()
        placed = [part(source, cut) if cut else source for source in job.sources]
        if job.view is not None:
            placed = [
                job.view.placed(source, there.name)
                for source, there in zip(job.sources, placed, strict=True)
            ]
        source = placed[0] if len(placed) == 1 else placed
        made = to_layers(result, source, job.roles)
        if job.view is not None and not cut:
            made = of_sources(made, placed, job.sources)
        return made if step is None else with_hues(made, step.palette, step.hues)

    def remember(self, job: Job, outcome: Outcome) -> None:
        """Keep what was read, where there is room, and what came out."""
        if job.view is not None or (job.question and not job.question.reads):
            return
        kept, bench = outcome.kept, self.bench_of(job.sources)
        self._kept = kept if kept and keepable(kept.nbytes) else None
        if job.question is not None:
            return
        result, step = outcome.result, outcome.step
        if step is None or not step.paints_as(bench.history.current):
            bench.quality = None
        if not job.is_light:
            whole = isinstance(result, QuantizedImage)
            clean = step is not None and step.clean_up == UNCLEANED
            bench.finest = cast("QuantizedImage", result) if whole and clean else None
        if bench.shown is None and step is not None and bench.history.place < 0:
            bench.first = step if isinstance(step.made[-1], Opened) else None
        bench.shown = Shown(result, job.settings, [], outcome.cleaned, job.reading)
        if job.place is not None:
            bench.history.go(job.place)
        if step is not None:
            bench.history.add(step)
