"""Signals: what is told to end does so without a traceback, and leaves nothing behind.

Imports no more than Python itself has at its start, as this comes before all else.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    Handler = Callable[[int, FrameType | None], Any] | int | None

#: What asks a program to end: Ctrl-C, kill, a terminal that is closed; and Ctrl-Break
#: of Windows, which lacks the last.
NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


def handle(handler: Handler) -> dict[int, Handler]:
    """Have signals handled; return what handled each before.

    Those that the process was started to ignore, as by nohup, it ignores.
    """
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    kept = (signal.SIG_IGN, None)
    heeded = [number for number in numbers if signal.getsignal(number) not in kept]
    return {number: signal.signal(number, handler) for number in heeded}


def end(number: int, _frame: FrameType | None = None) -> NoReturn:
    """End at once, where there is nothing to put in order."""
    os._exit(128 + number)


def unwind(number: int, _frame: FrameType | None = None) -> None:
    """Leave everything that was entered, and end."""
    error = sys.exc_info()[1]
    while error is not None:
        if isinstance(error, SystemExit):  # it is being left, and that is to be done
            return
        error = error.__context__
    raise SystemExit(128 + number)


@contextmanager
def handled(handler: Handler) -> Iterator[None]:
    """Have signals handled for a while."""
    before = handle(handler)
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
