"""The dock's model: what is chosen, what that allows, and what runs have found.

Knows no Qt: the dock shows the model and changes it, and so can a script or a test.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from ..core.run.memory import forecast, free_memory, keepable
from ..core.validation import check_k
from .choice import Choice
from .history import History
from .job import Job, run
from .layers import showing
from .reading import Reading
from .regions import mask
from .settings import LABELS
from .sources import changed, check_channels, full_resolution, part, plane
from .summary import by_blocks, summary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from napari.components import ViewerModel
    from napari.layers import Image, Layer

    from ..core.options.keywords import ReadOptions
    from ..core.palettes.palette import Palette
    from .job import Outcome
    from .reading import Kept
    from .settings import DockSettings

#: Seconds of showing layers after which the window is to answer.
TURN = 0.05


class KMeansModel:
    """What the dock shows, and what it changes.

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
    choice : Choice
        What is chosen, and what there is to choose from.
    message : str
        What is said of the latest run, or of what cannot be run.
    progress : float or None
        The part of a run that is done; None where nothing is to be shown.

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

    changed, told = Signal(), Signal()

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self.choice = Choice(viewer)
        self.message = ""
        self.progress: float | None = None
        self._generation, self._running = 0, False
        self._kept: Kept | None = None
        self._histories: dict[tuple[UUID, ...], History[Palette]] = {}
        self._failed, self._notice = False, ""
        self.choice.changed.connect(self._on_changed)
        self.choice.moved.connect(self._on_moved)
        self.choice.lost.connect(self._on_lost)
        self.choice.touched.connect(self._on_touched)
        viewer.layers.events.removed.connect(self._on_removed)

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

    def _on_moved(self) -> None:
        if not self._running:  # what is said is of others
            self._tell("")

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
                self._tell("")

    def _on_removed(self, event: Any) -> None:
        self._forget()
        histories, gone = self._histories, event.value.unique_id
        self._histories = {ids: histories[ids] for ids in histories if gone not in ids}

    def _forget(self) -> None:
        """Let go of samples of data that no layer has any more."""
        if self._kept is not None:
            there = {id(full_resolution(layer)) for layer in self._viewer.layers}
            if not {*map(id, self._kept.reading.data)} <= there:
                self._kept = None

    # -- a run ---------------------------------------------------------------------

    def job(self) -> Job:
        """Return what is to be done, as a job; raise where that is not valid."""
        settings, sources, images = (
            self.settings,
            self.sources,
            self.choice.offers.images,
        )
        if not sources:
            raise ValueError("layer=None should be an Image or Points layer.")
        job = Job(
            self._generation + 1,
            sources,
            [full_resolution(source) for source in sources],
            check_k(settings.integer("k")),
            settings.fitting(self.choice.epsilon.default),
            settings.roles(points=not images),
        )
        if not images:
            return job
        check_channels(images)
        rgb = bool(images[0].rgb)
        needed = sum(forecast(array.shape, array.dtype, rgb=rgb) for array in job.data)
        by_blocks, scope = needed > free_memory() // 2, settings.scope
        around = partial(mask, settings.mask, images[0]) if settings.mask else None
        cut = plane(self._viewer.dims, images[0], scope.axes) if scope.current else ()
        reading = Reading(job.data, cut, self._options(images), around, by_blocks)
        kept = self._kept
        return replace(
            job,
            reading=reading,
            start_labels=self._painted(),
            axes=() if scope.current else scope.axes,
            needed=needed if by_blocks else None,
            kept=kept if kept and kept.reading.is_like(reading) else None,
        )

    def _options(self, images: list[Image]) -> ReadOptions:
        """Return how images are read."""
        settings, rgb = self.settings, bool(images[0].rgb)
        options: ReadOptions = {"rgb": rgb, "no_data": settings.number()}
        if rgb:
            options["color_space"] = settings.color_space
        if rgb or len(images) > 1:
            options["scaling"] = settings.scaling
        if len(images) > 1:
            options["channel_axis"] = 0
            options["channel_names"] = [image.name for image in images]
        return options

    def _painted(self) -> Any:
        """Return the labels to start from, where that was asked for."""
        if self.settings.init != LABELS:
            return None
        if self.settings.start_labels is None:
            raise ValueError(
                "start='Labels layer' should go with a Labels layer, but none is "
                "chosen."
            )
        return full_resolution(self.settings.start_labels)

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._running

    def run(self) -> None:
        """Cluster, and show what came out, as the Run button does; wait for it."""
        if job := self.begin():
            for _ in self.finish(job, run(job)):
                pass

    def begin(self) -> Job | None:
        """Begin a run: return its job, to be done and handed to `finish`.

        None where a run is under way, and where the settings are not valid: then there
        is a notification.
        """
        if self._running:
            return None
        try:
            job = self.job()
        except ValueError as error:
            self._fail(error)
            return None
        if job.kept is None or not keepable(job.kept.nbytes):
            self._kept, job = None, replace(job, kept=None)
        self._generation, self._running = job.generation, True
        self._notice = by_blocks(job)
        self._tell(f"{self._notice}Preparing")
        self.changed.emit()
        return job

    def report(self, job: Job, stage: str, part: float) -> None:
        """Say how far a job has come; nothing of one that is not under way any more."""
        if self._is_latest(job):
            self.progress = part
            self._tell(f"{self._notice}{stage}")

    def cancel(self) -> None:
        """End the run that is under way: its answer will be stale."""
        if self._running and not self.choice.held:
            self._generation += 1
            self._running, self.progress = False, None
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
            self._running = False
            self.choice.follow()

    def _is_latest(self, job: Job) -> bool:
        return self._running and job.generation == self._generation

    def _show(self, job: Job, outcome: Outcome) -> Iterator[None]:
        from napari.utils.notifications import show_warning

        from ..layers.tuples import to_layers

        result, layers = outcome.result, self._viewer.layers
        if result is None:
            self._fail(outcome.error)
            return
        if why := changed(layers, job.sources, job.data):
            self._tell(f"{why}: nothing was added")
            return
        self._remember(outcome)
        self.choice.held = True  # what is chosen stays
        self.changed.emit()
        try:
            cut = job.reading.cut if job.reading else ()
            placed = [part(source, cut) if cut else source for source in job.sources]
            source = placed[0] if len(placed) == 1 else placed
            begun = time.perf_counter()
            for layer in showing(self._viewer, to_layers(result, source, job.roles)):
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
        self._tell(self._notice + summary(result, outcome.seconds))
        if result.note:
            show_warning(result.note)

    def _remember(self, outcome: Outcome) -> None:
        """Keep what was read, where there is room, and the palette."""
        kept = outcome.kept
        self._kept = kept if kept and keepable(kept.nbytes) else None
        if palette := getattr(outcome.result, "palette", None):
            self.history.add(palette.untabled)

    # -- palettes ------------------------------------------------------------------

    @property
    def history(self) -> History[Palette]:
        """The palettes of the sources, as runs and edits have made them."""
        ids = tuple(layer.unique_id for layer in self.sources)
        return self._histories.setdefault(ids, History())

    @property
    def palette(self) -> Palette | None:
        """The current palette of the sources; None before the first run."""
        return self.history.current

    def undo(self) -> Palette | None:
        """Go back to the palette before; return what is the current then."""
        self.history.undo()
        self.changed.emit()
        return self.palette

    def redo(self) -> Palette | None:
        """Go forth to the palette that was undone; return what is the current then."""
        self.history.redo()
        self.changed.emit()
        return self.palette

    # -- what is said --------------------------------------------------------------

    def _tell(self, text: str, *, failed: bool = False) -> None:
        self.message, self._failed = text, failed
        self.told.emit()

    def _fail(self, error: Exception | None) -> None:
        """Say what is wrong; of a fault, with its traceback."""
        from napari.utils.notifications import notification_manager, show_error

        self._tell(f"Failed: {error}", failed=True)
        if isinstance(error, (TypeError, ValueError, OSError)):
            show_error(str(error))
        elif error is not None:
            notification_manager.receive_error(type(error), error, error.__traceback__)
