"""The dock's model: what is chosen, what that allows, and what runs have found.

Knows no Qt: the dock shows the model and changes it, and so can a script or a test.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakKeyDictionary, ref

from psygnal import Signal

from .job import Job, run
from .layers import showing
from .settings import said_of
from .sources import changed
from .summary import by_blocks, summary
from .workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari.components import ViewerModel
    from napari.layers import Layer

    from ..core.palettes.palette import Palette
    from .bench import Bench
    from .job import Outcome

    Make = Callable[[], Job]

#: Seconds of showing layers after which the window is to answer.
TURN = 0.05


class KMeansModel(Workbench):
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
    refining : bool
        Whether a full answer is to replace a preview yet.

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

    changed = Signal()

    _models: ClassVar[WeakKeyDictionary[ViewerModel, ref[KMeansModel]]] = (
        WeakKeyDictionary()
    )

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self.progress: float | None = None
        self.start: Callable[[Job], None] = self.wait
        self._running = self._quiet = self.refining = False
        self._next: list[tuple[list[Layer], Make]] = []
        self._said, self._failed, self._notice = "", False, ""
        self.choice.changed.connect(self._on_changed)
        self.choice.moved.connect(self._on_moved)
        self.choice.lost.connect(self._on_lost)
        self.choice.touched.connect(self._on_touched)

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
        elif make != self.job or make not in [one for _, one in self._next]:
            self._next.append((self.sources, make))  # to run once more is enough

    def _go_on(self, sources: list[Layer], make: Make) -> None:
        """Do what was to be done next, of what was chosen then; a run, of what is."""
        if make == self.job or sources == self.sources:
            self.do(make)
            return
        names = ", ".join(repr(source.name) for source in sources)
        self._fail(ValueError(f"{names} should stay chosen until all is done to it."))

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
        if self.is_latest(job) and not job.quiet:
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
        if not self.is_latest(job):
            return
        self.progress = None
        try:
            yield from self._show(job, outcome)
        finally:
            self._running = self._quiet = False
            self.choice.follow()
            self.told.emit()
        while self._next and not self._running:
            self._go_on(*self._next.pop(0))

    def is_latest(self, job: Job) -> bool:
        """Whether a job is the one that is under way."""
        return self.busy and job.generation == self._generation

    def _show(self, job: Job, outcome: Outcome) -> Iterator[None]:
        if outcome.error is not None:
            if not job.quiet:
                self._fail(outcome.error)
            return
        if why := changed(self.viewer.layers, job.sources, job.data):
            if not job.quiet:
                self._tell(f"{why}: nothing was added")
            return
        if job.question is not None:
            self.remember(job, outcome)
            self._tell(self.bench.said)
            yield from job.question.then(outcome.answer, job) or ()
            return
        yield from self.put(job, outcome)

    def put(self, job: Job, outcome: Outcome) -> Iterator[None]:
        """Show a result as layers, in steps; where their sources are the same yet."""
        from napari.utils.notifications import show_warning

        self.remember(job, outcome)
        result, layers = outcome.result, self.viewer.layers
        if result is None:
            return
        bench = self.bench_of(job.sources)
        shown = bench.shown if job.view is None else None
        self.choice.held = True  # what is chosen stays
        self.changed.emit()
        try:
            begun = time.perf_counter()
            for layer in showing(
                self.viewer, self.layers_of(job, result, outcome.step)
            ):
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
            act = outcome.step.name if job.step and outcome.step else None
            said = summary(result, outcome.seconds, act, outcome.cleaned)
            bench.said = self._notice + said
            self._tell(self.bench.said)
            self.shown.emit()
            if result.note and not job.quiet:
                show_warning(result.note)

    def _clear(self, bench: Bench) -> None:
        super()._clear(bench)
        self._tell(self.bench.said)

    def undo(self) -> Palette | None:
        """Show the clusters before; return what is the current palette then."""
        if self.can_undo:
            self.do(lambda: self.gone(max(self.earlier, self.earliest)))
        return self.palette

    def redo(self) -> Palette | None:
        """Show the clusters that were undone; return what is the current then."""
        if self.history.can_redo:
            self.do(lambda: self.gone(self.later))
        return self.palette

    # -- what is said --------------------------------------------------------------

    @property
    def message(self) -> str:
        """What is said of the latest run, or of what cannot be run."""
        if self._running or self._failed or self._said != self.bench.said:
            return self._said
        quality = self.bench.quality
        lost = None if quality is None else str(quality).replace("), ", ")\n")
        stale = "Refining…" if self.refining else self.stale
        lines = self._said, lost, stale
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
