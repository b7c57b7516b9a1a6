"""The bar that shows how far a run has come."""

from __future__ import annotations

from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from ..core.run.progress import Report

#: Work that takes longer than this, in seconds, is shown.
LONG = 0.5


@contextmanager
def bar(console: Console) -> Iterator[Report]:
    """Give what progress is told to; on a terminal it is shown, once work is long."""
    from rich.progress import Progress

    shown = Progress(console=console, transient=True)
    task = shown.add_task("", total=1)
    begun = monotonic()

    def report(stage: str, part: float) -> None:
        shown.update(task, description=stage, completed=part)
        if console.is_terminal and monotonic() - begun > LONG:
            shown.start()

    try:
        yield report
    finally:
        if shown.live.is_started:
            shown.stop()
