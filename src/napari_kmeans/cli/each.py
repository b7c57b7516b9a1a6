"""Each: several files are worked on, one after another or some at once."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event, Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..core.run.progress import Report

#: What an image that cannot be worked on raises.
FAILURES = (ValueError, TypeError, ModuleNotFoundError, OSError)

#: Seconds after which who waits hears signals.
PATIENCE = 0.1


@dataclass
class _Told:
    """Tells how far all are of what is told of each."""

    report: Report
    n: int

    def __post_init__(self) -> None:
        self.parts: dict[str, float] = {}
        self.stopped, self._lock = Event(), Lock()

    def of(self, file: str) -> Report:
        """Return what the progress of a file is told to."""
        from ..core.run.progress import Canceled

        def tell(_stage: str, part: float) -> None:
            if self.stopped.is_set():
                raise Canceled
            with self._lock:
                self.parts[file] = part
                done = sum(self.parts.values()) / self.n
            finished = sum(part == 1 for part in [*self.parts.values()])
            self.report(f"{finished} of {self.n}: {file}", done)

        return tell


def each(
    files: Sequence[str],
    work: Callable[[str, Report], None],
    *,
    jobs: int,
    progress: Report,
) -> dict[str, str]:
    """Call a function with each file, so many at once; return why it failed for some.

    Once this is left, by a signal or an error that is of no file, none goes on.
    """
    told, failed = _Told(progress, len(files)), {}

    def work_on(file: str) -> None:
        report = told.of(file)
        report("", 0.0)
        try:
            work(file, report)
        except FAILURES as error:
            failed[file] = said_of(file, error)
        report("", 1.0)

    with ThreadPoolExecutor(jobs, "napari-kmeans-file") as threads:
        waiting = {threads.submit(work_on, file) for file in files}
        try:
            while waiting:
                done, waiting = wait(waiting, PATIENCE, FIRST_COMPLETED)
                for one in done:
                    one.result()
        finally:
            told.stopped.set()
            threads.shutdown(cancel_futures=True)
    return {file: failed[file] for file in files if file in failed}


def said_of(file: str, error: Exception) -> str:
    """Return why a file failed, which it names."""
    said = str(error).partition("\n")[0] or type(error).__name__
    said = said if said.endswith(".") else f"{said}."
    return said if file in said else f"{file}: {said}"
