"""The dock's model: what is chosen, what that allows, and what runs have found.

Knows no Qt: the dock shows the model and changes it, and so can a script or a test.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, cast
from weakref import WeakKeyDictionary, ref

from psygnal import Signal

from ..core.results.image import QuantizedImage
from ..core.run.memory import keepable
from .bench import Bench, Shown
from .choice import Choice
from .job import Job, Question, run
from .layers import is_kept, keep, showing, side_by_side
from .request import request
from .settings import said_of
from .sources import changed, full_resolution, part
from .steps import UNCLEANED
from .summary import by_blocks, summary
from .view import of_sources, view_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from napari.components import ViewerModel
    from napari.layers import Layer

    from ..core.palettes.edit import Edit
    from ..core.palettes.palette import Palette
    from ..core.quality import Quality
    from ..core.reading.fit import ImageSamples
    from ..layers.metadata import LayerData
    from .history import History
    from .job import Outcome
    from .reading import Kept, Reading
    from .settings import DockSettings
    from .steps import CleanUp, Step

    Make = Callable[[], Job]

#: Seconds of showing layers after which the window is to answer.
TURN = 0.05


class KMeansModel:
    """What the docks of a viewer show, and what they change.

    Parameters
    ----------
    viewer : napari.components.ViewerModel
        The viewer whose layers are offered, and to which results are added.

    Attributes
    ----------
    changed : psygnal.Signal
        Emitted when what is chosen, offered or possible may have changed.
    told : psygnal.Signal
        Emitted when `message` or `progress` has changed.
    shown : psygnal.Signal
        Emitted when layers show other clusters than before, or other sources are
        chosen.
    choice : Choice
        What is chosen, and what there is to choose from.
    progress : float or None
        The part of a run that is done; None where nothing is to be shown.
    start : callable
        What does jobs: by default at once, and waits for their end.

    Examples
    --------
    >>> import numpy as np
    >>> from napari.components import ViewerModel
    >>> viewer = ViewerModel()
    >>> _ = viewer.add_image(np.array([[1, 2], [8, 9]], np.uint8), name="tiny")
    >>> model = KMeansModel(viewer)
    >>> model.change(k=2)
    >>> model.run()
    >>> viewer.layers["tiny labels"].data.tolist()
    [[1, 1], [2, 2]]
    """

    changed, told, shown = Signal(), Signal(), Signal()

    _models: ClassVar[WeakKeyDictionary[ViewerModel, ref[KMeansModel]]] = (
        WeakKeyDictionary()
    )

    def __init__(self, viewer: ViewerModel) -> None:
        self.viewer = viewer
        self.choice = Choice(viewer)
        self.progress: float | None = None
        self.start: Callable[[Job], None] = self.wait
        self._generation, self._running, self._quiet = 0, False, False
        self._next: list[Make] = []
        self._kept: Kept | None = None
        self._benches: dict[tuple[UUID, ...], Bench] = {}
        self._said, self._failed, self._notice = "", False, ""
        self.choice.changed.connect(self._on_changed)
        self.choice.moved.connect(self._on_moved)
        self.choice.lost.connect(self._on_lost)
        self.choice.touched.connect(self._on_touched)
        viewer.layers.events.removed.connect(self._on_removed)

    @classmethod
    def of(cls, viewer: ViewerModel) -> KMeansModel:
        """Return the model of a viewer: one, whatever its docks."""
        there = cls._models.get(viewer)
        model = there() if there else None
        if model is None:
            model = cls(viewer)
            cls._models[viewer] = ref(model)
        return model

    # -- what is chosen ------------------------------------------------------------

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

    @property
    def hidden(self) -> set[str]:
        """The settings, "channels" and "progress", where they are not to be shown."""
        return self.choice.hidden | ({"progress"} if self.progress is None else set())

    @property
    def disabled(self) -> set[str]:
        """The settings, and "run" and "cancel", that cannot be used now."""
        off = {"run"} if self._running or not self.sources else set()
        off |= set() if self._running and not self.choice.held else {"cancel"}
        return self.choice.disabled | off

    def _on_changed(self) -> None:
        self.changed.emit()
        self.told.emit()

    def _on_moved(self) -> None:
        if not self._running:  # what is said is of others
            self._tell(self.bench.said)
        self.shown.emit()

    def _on_lost(self, lines: str) -> None:
        if self._running:
            self._notice += f"{lines}\n"
        elif self.sources:
            self._tell(lines)

    def _on_touched(self) -> None:
        """Let go of samples, and of an error, whose cause may be gone."""
        self._forget()
        if self._failed:
            try:
                self.job()
            except ValueError as error:
                self._tell(f"Failed: {error}", failed=True)
            else:
                self._tell(self.bench.said)

    def _on_removed(self, event: Any) -> None:
        self._forget()
        benches, gone = self._benches, event.value.unique_id
        self._benches = {ids: benches[ids] for ids in benches if gone not in ids}

    def _forget(self) -> None:
        """Let go of samples of data that no layer has any more."""
        if self._kept is not None:
            there = {id(full_resolution(layer)) for layer in self.viewer.layers}
            if not {*map(id, self._kept.reading.data)} <= there:
                self._kept = None

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
        if self.history.current is None:
            raise ValueError("There should be clusters to change: run first.")
        place = self.history.place if place is None else place
        job = self._showing(self.history.values[place])
        return replace(job, edit=edit, place=place)

    def cleaned(self, clean_up: CleanUp) -> Job:
        """Return the job of cleaning up the labels that are shown."""
        step = self.history.current
        if step is None:
            raise ValueError("There should be clusters to clean up: run first.")
        return self._showing(step.cleaned(clean_up))

    def asked(self, question: Question) -> Job:
        """Return the job of asking something of the samples of what is shown."""
        step = self.history.current
        if step is None:
            raise ValueError("There should be clusters to tell of: run first.")
        return replace(self._showing(step), question=question)

    def gone(self, place: int) -> Job:
        """Return the job of going back, or forth, to a step of the history."""
        return replace(self._showing(self.history.values[place]), place=place)

    def _showing(self, step: Step) -> Job:
        """Return the job of showing a step."""
        sources = self.sources
        data = [full_resolution(source) for source in sources]
        run, settings = step.run, self.settings
        if run.reading is None:
            raise ValueError("Points should be clustered anew: they are not edited.")
        reading = replace(run.reading, data=data)
        roles = settings.roles(points=False)
        job = Job(sources, data, run.k, run.fitting, roles, reading, step=step)
        like = self._like(step, reading)
        return self._equipped(replace(job, settings=run.settings, like=like))

    def _like(self, step: Step, reading: Reading) -> QuantizedImage | None:
        """Return pixels that need not be assigned anew: those shown, or finer ones."""
        shown = self.bench.shown
        if shown is None or shown.reading is None or not shown.reading.is_like(reading):
            return None
        for known in (shown.result, self.bench.finest):
            if (
                isinstance(known, QuantizedImage)
                and not math.isnan(known.compactness)  # else it was cleaned up
                and known.groups(step.palette) is not None
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

    # -- a job ---------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether something is under way that was asked for."""
        return self._running

    @property
    def busy(self) -> bool:
        """Whether something is under way, be it a preview."""
        return self._running or self._quiet

    def run(self) -> None:
        """Cluster, and show what came out, as the Run button does; wait for it."""
        if job := self.begin():
            self.wait(job)

    def do(self, make: Make) -> None:
        """Do a job, by what does jobs; where another is under way, after that.

        Parameters
        ----------
        make : callable
            Returns the job when its time has come: `job`, or what `edited` returns.
        """
        if not self._running:
            if job := self.begin(make):
                self.start(job)
        elif make != self.job or make not in self._next:  # once more is enough
            self._next.append(make)

    def wait(self, job: Job) -> None:
        """Do a job at once."""
        for _ in self.finish(job, run(job)):
            pass

    def begin(self, make: Make | None = None) -> Job | None:
        """Begin a job, by default a run: return it, to be done and handed to `finish`.

        None where one is under way, and where it is not valid: then there is a
        notification. One that is quiet gives way to others.
        """
        if self._running:
            return None
        try:
            job = (make or self.job)()
        except ValueError as error:
            self._fail(error)
            return None
        self._started(job)
        self._notice = by_blocks(job)
        self._tell(f"{self._notice}Preparing")
        self.changed.emit()
        return job

    def begin_quietly(self, make: Make) -> Job | None:
        """Begin a job that nobody has asked for; None where it is not valid."""
        if self.busy:
            return None
        try:
            job = replace(make(), quiet=True)
        except ValueError:  # while something is typed
            return None
        self._started(job)
        return job

    def _started(self, job: Job) -> None:
        if job.kept is None and not job.quiet:
            self._kept = None
        self._generation, self._running = job.generation, not job.quiet
        self._quiet = job.quiet

    def report(self, job: Job, stage: str, part: float) -> None:
        """Say how far a job has come; nothing of one that is not under way any more."""
        if self._is_latest(job) and not job.quiet:
            self.progress = part
            self._tell(f"{self._notice}{stage}")

    def cancel(self) -> None:
        """End what is under way: its answer will be stale."""
        if self.busy and not self.choice.held:
            was_running = self._running
            self._generation += 1
            self._running, self._quiet, self.progress = False, False, None
            self._next.clear()
            if was_running:
                self._tell("Canceled")
            self.choice.follow()

    def finish(self, job: Job, outcome: Outcome) -> Iterator[None]:
        """Show what came out, in steps: a window can answer in between.

        That is layers and a line, or a notification; of a stale answer, nothing.
        """
        if not self._is_latest(job):
            return
        self.progress = None
        try:
            yield from self._show(job, outcome)
        finally:
            self._running = self._quiet = False
            self.choice.follow()
            self.told.emit()
        if self._next:
            self.do(self._next.pop(0))

    def _is_latest(self, job: Job) -> bool:
        return self.busy and job.generation == self._generation

    def _show(self, job: Job, outcome: Outcome) -> Iterator[None]:
        from napari.utils.notifications import show_warning

        result, layers = outcome.result, self.viewer.layers
        if outcome.error is not None:
            if not job.quiet:
                self._fail(outcome.error)
            return
        if why := changed(layers, job.sources, job.data):
            if not job.quiet:
                self._tell(f"{why}: nothing was added")
            return
        self._remember(job, outcome)
        if job.question is not None:
            self._tell(self.bench.said)
            job.question.then(outcome.answer, job)
            return
        if result is None:
            return
        shown = self.bench.shown if job.view is None else None
        self.choice.held = True  # what is chosen stays
        self.changed.emit()
        try:
            begun = time.perf_counter()
            for layer in showing(self.viewer, self._made(job, result)):
                if shown and layer not in shown.layers:
                    shown.layers.append(layer)
                # Drawing takes longer than the update of a layer that is there.
                if layer.visible and time.perf_counter() - begun < TURN:
                    continue
                yield
                begun = time.perf_counter()
                if why := changed(layers, job.sources, job.data):
                    self._tell(f"{why}: the rest was not added")
                    return
        except Exception as error:
            self._fail(error)
            return
        finally:
            self.choice.held = False
        if job.view is None:
            act = (
                None if job.step is None or outcome.step is None else outcome.step.name
            )
            said = summary(result, outcome.seconds, act, outcome.cleaned)
            self.bench.said = self._notice + said
            self._tell(self.bench.said)
            self.shown.emit()
            if result.note and not job.quiet:
                show_warning(result.note)

    def _made(self, job: Job, result: Any) -> list[LayerData]:
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
        return made

    def _remember(self, job: Job, outcome: Outcome) -> None:
        """Keep what was read, where there is room, and what came out."""
        if job.view is not None:
            return
        kept, bench = outcome.kept, self.bench
        self._kept = kept if kept and keepable(kept.nbytes) else None
        if job.question is not None:
            return
        bench.quality = None
        result, step = outcome.result, outcome.step
        if not job.is_light:
            whole = isinstance(result, QuantizedImage)
            clean = step is not None and step.clean_up == UNCLEANED
            bench.finest = cast("QuantizedImage", result) if whole and clean else None
        bench.shown = Shown(result, job.settings, [], outcome.cleaned, job.reading)
        if job.place is not None:
            bench.history.go(job.place)
        if step is not None:
            bench.history.add(step)

    # -- what came out -------------------------------------------------------------

    @property
    def bench(self) -> Bench:
        """What runs and edits have made of the sources."""
        ids = tuple(layer.unique_id for layer in self.sources)
        return self._benches.setdefault(ids, Bench())

    @property
    def history(self) -> History[Step]:
        """The steps of the clusters of the sources, as runs and edits made them."""
        return self.bench.history

    @property
    def palette(self) -> Palette | None:
        """The current palette of the sources; None before the first run."""
        step = self.history.current
        return None if step is None else step.palette

    def undo(self) -> Palette | None:
        """Show the clusters before; return what is the current palette then."""
        if self.history.can_undo:
            self.do(lambda: self.gone(self.history.place - 1))
        return self.palette

    def redo(self) -> Palette | None:
        """Show the clusters that were undone; return what is the current then."""
        if self.history.can_redo:
            self.do(lambda: self.gone(self.history.place + 1))
        return self.palette

    def measured(self) -> Job:
        """Return the job of measuring what is lost by the clusters that are shown."""
        from ..core.quality import measure

        palette, bench = self.palette, self.bench
        if palette is None:
            raise ValueError("There should be clusters to measure: run first.")

        def then(quality: Quality, _job: Job) -> None:
            if self.palette == palette:
                bench.quality = quality
                self.told.emit()

        def ask(samples: ImageSamples, _job: Job) -> Quality:
            return measure(samples, palette)

        return self.asked(Question(ask, then))

    def keep(self) -> None:
        """Make the present result the user's own, named by its K.

        Further runs and edits leave its layers alone, and have layers of their own.
        """
        shown = self.bench.shown
        if shown is None or not self.can_keep:
            raise ValueError("There should be a result to keep: run first.")
        there = [layer for layer in shown.layers if layer in self.viewer.layers]
        keep(there, f"K={shown.result.k}")
        shown.layers.clear()
        self.shown.emit()

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

    # -- what is said --------------------------------------------------------------

    @property
    def message(self) -> str:
        """What is said of the latest run, or of what cannot be run."""
        if self._running or self._failed or self._said != self.bench.said:
            return self._said
        lines = self._said, self.bench.quality and str(self.bench.quality), self.stale
        return "\n".join(line for line in lines if line)

    @property
    def stale(self) -> str:
        """Where the layers do not hold what the controls say, what of it."""
        shown = self.bench.shown
        if shown is None or shown.settings is None:
            return ""
        return said_of(shown.settings, self.settings)

    def _tell(self, text: str, *, failed: bool = False) -> None:
        self._said, self._failed = text, failed
        self.told.emit()

    def _fail(self, error: Exception | None) -> None:
        """Say what is wrong; of a fault, with its traceback."""
        from napari.utils.notifications import notification_manager, show_error

        self._tell(f"Failed: {error}", failed=True)
        if isinstance(error, (TypeError, ValueError, OSError)):
            show_error(str(error))
        elif error is not None:
            notification_manager.receive_error(type(error), error, error.__traceback__)
