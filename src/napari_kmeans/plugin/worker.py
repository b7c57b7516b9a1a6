"""Worker: a job done in a thread of napari's, with its progress and its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar, cast

from qtpy.QtCore import QThreadPool, QTimer

from ..core.run.progress import Canceled
from .job import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.qt.threading import FunctionWorker

    from .job import Job, Outcome

#: Seconds before progress is shown, which would take much of a short run's time; and
#: from then on between two looks at it.
PATIENCE, INTERVAL = 0.3, 0.1


class Worker:
    """A job under way.

    Parameters
    ----------
    job : Job
    title : str
        What napari's activity dialog calls it.
    progressed : callable
        Gets the stage of a job that takes long, and the part of it that is done, in
        the window's thread.
    ended : callable
        Gets the outcome there; None where napari has canceled the job. Not called where
        `cancel` was.
    """

    #: Those under way: what PySide6 has on its way to an object that is no more goes to
    #: whatever has its memory by then.
    _all: ClassVar[set[Worker]] = set()

    def __init__(
        self,
        job: Job,
        title: str,
        progressed: Callable[[str, float], None],
        ended: Callable[[Outcome | None], None],
    ) -> None:
        from napari.qt.threading import create_worker

        self._job: Job | None = job
        self._outcome: Outcome | None = None
        self._progressed, self._ended = progressed, ended
        self._latest: tuple[str, float] | None = None
        self._begun = time.perf_counter()
        # Napari keeps it with its list of tasks: so it is not given what the job holds.
        # Nobody looks at the bar of what is brief, which takes as long to make as that.
        told = {} if job.is_brief else {"_progress": {"desc": title}}
        self.native: FunctionWorker[Outcome] = create_worker(
            self._work, _start_thread=False, **told
        )
        self.native.returned.connect(self._on_returned)
        self.native.finished.connect(self._on_finished)
        # To look is enough: a signal for all that is told would be a flood.
        self._timer = QTimer()
        self._timer.timeout.connect(self._look)

    def start(self) -> None:
        """Begin."""
        self._all.add(self)
        self._timer.start(round(1000 * INTERVAL))
        self.native.start()

    def cancel(self) -> None:
        """End where the job next tells its progress, and say nothing more."""
        self.native.quit()
        self._timer.stop()
        self._ended = _ignore

    @classmethod
    def end_all(cls) -> None:
        """End all that are under way, and wait until they have ended."""
        for one in [*cls._all]:
            one.cancel()
        if cls._all:
            QThreadPool.globalInstance().waitForDone()
            cls._all.clear()

    def _work(self) -> Outcome:
        return run(cast("Job", self._job), self._hear)

    def _hear(self, stage: str, part: float) -> None:
        """Take note of progress, or stop the job, in its thread."""
        if self.native.abort_requested:
            raise Canceled
        self._latest = stage, part

    def _look(self) -> None:
        latest, self._latest = self._latest, None
        if latest is None or time.perf_counter() - self._begun < PATIENCE:
            return
        stage, part = latest
        self._progressed(stage, part)
        if not hasattr(self.native, "pbar"):
            return
        # Last, since napari lets Qt draw here, and so what comes next arrive.
        bar = self.native.pbar
        bar.total = 100
        bar.update(int(100 * part) - bar.n)

    def _on_returned(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def _on_finished(self) -> None:
        self._all.discard(self)
        self._timer.stop()
        ended, outcome = self._ended, self._outcome
        self._job = self._outcome = None
        self._progressed = self._ended = _ignore
        ended(outcome)


def _ignore(*_: object) -> None:
    """Do nothing any more."""
