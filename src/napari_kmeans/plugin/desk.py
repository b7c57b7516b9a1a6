"""Desks: what the docks of a window share, so that what is done at one shows at all."""

from __future__ import annotations

import atexit
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary, ref

from qtpy.compat import isalive
from qtpy.QtCore import QObject

from .clusters import Clusters
from .job import Outcome
from .live import Live
from .model import KMeansModel
from .sweeps import Sweeps
from .tabulation import Tabulation
from .turns import in_turns
from .worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari.components import ViewerModel

    from .job import Job


class Desk(QObject):
    """The model of a viewer, and the jobs that are done for it in threads.

    Parameters
    ----------
    viewer : napari.viewer.Viewer

    Attributes
    ----------
    model : KMeansModel
    clusters : Clusters
    tabulation : Tabulation
        The clusters of each region of a layer.
    sweeps : Sweeps
    live : Live
        What lets results follow the controls.
    worker : Worker or None
        The job under way.
    """

    _desks: ClassVar[WeakKeyDictionary[ViewerModel, ref[Desk]]] = WeakKeyDictionary()

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self.model = KMeansModel.of(viewer)
        self.worker: Worker | None = None
        self.clusters = Clusters(self.model)
        self.tabulation = Tabulation(self.clusters)
        self.sweeps = Sweeps(self.model)
        self.live = Live(self.model, self.start)

    @classmethod
    def of(cls, viewer: Any) -> Desk:
        """Return the desk of a viewer: one, whatever its docks.

        Scripts hand a proxy of the viewer, the menu the viewer itself.
        """
        viewer = getattr(viewer, "__wrapped__", viewer)
        there = cls._desks.get(viewer)
        desk = there() if there else None
        if desk is None:
            desk = cls(viewer)
            cls._desks[viewer] = ref(desk)
        return desk

    def do(self, act: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Do an act of the model whose job, if it has one, is done in a thread.

        Where it cannot be done, there is a notification.

        Parameters
        ----------
        act : callable
            Such as ``model.undo``.
        *args, **kwargs
            What it gets.
        """
        from napari.utils.notifications import show_error

        try:
            with self._threads():
                act(*args, **kwargs)
        except (OSError, TypeError, ValueError) as error:
            show_error(str(error))

    @contextmanager
    def _threads(self) -> Iterator[None]:
        """Have the model's jobs done in threads."""
        self.model.start, before = self.start, self.model.start
        try:
            yield
        finally:
            self.model.start = before

    def start(self, job: Job) -> None:
        """Do a job that has begun, in a thread, unless it takes but a moment."""
        if self.worker is not None:  # what it does has been given up for this
            self.worker.cancel()
            self.worker = None
        if job.is_light:
            self.model.wait(job)
            self.live.go_on(job, Outcome(None))
            return
        names = job.title or ", ".join(source.name for source in job.sources)
        title = f"K-means: {names}"
        ended = partial(self._on_ended, job)
        self.worker = Worker(job, title, partial(self.model.report, job), ended)
        self.worker.start()

    def cancel(self) -> None:
        """Stop at once what is under way; the viewer stays as it is."""
        self.live.stop()
        self.model.cancel()
        if self.worker is not None and not self.model.busy:
            self.worker.cancel()
            self.worker = None

    def _on_ended(self, job: Job, outcome: Outcome | None) -> None:
        if outcome is None:  # napari has canceled it
            self.cancel()
        else:
            self.worker = None  # with all that it holds
            in_turns(self, self._finishing(job, outcome))

    def _finishing(self, job: Job, outcome: Outcome) -> Iterator[None]:
        with self._threads():
            yield from self.model.finish(job, outcome)
        self.live.go_on(job, outcome)


@atexit.register
def _end() -> None:
    """End what is under way while Qt is still there.

    A script that ends does not close its windows. Python then deletes Qt's objects in
    any order, and a thread that still runs has nothing left to tell its end by.
    """
    for there in [*Desk._desks.values()]:
        desk = there()
        if desk is not None and isalive(desk):  # type: ignore[no-untyped-call]
            desk.cancel()
    Worker.end_all()
