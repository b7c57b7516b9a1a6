"""Turns: work in the window's thread, in between of which the window answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qtpy.QtCore import QObject


def in_turns(parent: QObject, steps: Iterator[Any]) -> None:
    """Take a step in each turn of the event loop.

    Parameters
    ----------
    parent : QObject
        Where it is deleted, no further step is taken.
    steps : iterator
        An exception that it raises ends it, and is passed on.
    """
    timer = QTimer(parent)

    def turn() -> None:
        try:
            next(steps)
        except BaseException as end:
            timer.stop()
            timer.deleteLater()
            if not isinstance(end, StopIteration):
                raise

    timer.timeout.connect(turn)
    timer.start(0)
