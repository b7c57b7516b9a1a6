"""Worker: a job done in a thread of napari's, with its progress and its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from .job import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.qt.threading import GeneratorWorker

    from ..core.run.progress import Progress
    from .job import Job, Outcome

#: Seconds before progress is shown: to draw it would take much of a short run's time.
PATIENCE = 0.3

#: Steps of a progress bar: those of a job may be more than Qt can count.
STEPS = 1000


class Worker:
    """A job under way.

    Parameters
    ----------
    job : Job
    title : str
        What napari's activity dialog calls it.
    progressed : callable
        Gets the stage of a job that takes long, and of `STEPS` those that are done, in
        the window's thread.
    ended : callable
        Gets the outcome there, or None of a job that was canceled, at its end.
    """

    #: Those under way: what PySide6 has on its way to an object that is no more goes to
    #: whatever has its memory by then.
    _all: ClassVar[set[Worker]] = set()

    def __init__(
        self,
        job: Job,
        title: str,
        progressed: Callable[[str, int], None],
        ended: Callable[[Outcome | None], None],
    ) -> None:
        from napari.qt.threading import create_worker

        self._progressed, self._ended = progressed, ended
        self._outcome: Outcome | None = None
        self._begun = time.perf_counter()
        # Napari would count what is yielded; some steps count for more.
        self.native: GeneratorWorker[Progress, None, Outcome] = create_worker(
            run, job, _progress={"desc": title}, _start_thread=False
        )
        self.native.yielded.connect(self._on_yielded)
        self.native.returned.connect(self._on_returned)
        self.native.finished.connect(self._on_finished)

    def start(self) -> None:
        """Begin."""
        self._all.add(self)
        self.native.start()

    @property
    def canceled(self) -> bool:
        """Whether the job will end without an outcome."""
        return bool(self.native.abort_requested)

    def cancel(self) -> None:
        """End at the next step."""
        self.native.quit()

    def leave(self) -> None:
        """End at the next step, and say nothing more: who asked is gone."""
        self.cancel()
        self._ended = lambda _: None

    def _on_yielded(self, progress: Progress) -> None:
        if self.canceled or time.perf_counter() - self._begun < PATIENCE:
            return
        done = STEPS * progress.done // progress.total
        self._progressed(progress.stage, done)
        # Last, since napari lets Qt draw here, and so what is yielded next arrive.
        bar = self.native.pbar
        bar.total = STEPS
        bar.update(done - bar.n)

    def _on_returned(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def _on_finished(self) -> None:
        self._all.discard(self)
        # Canceled during the last step, a worker still returns.
        self._ended(None if self.canceled else self._outcome)
