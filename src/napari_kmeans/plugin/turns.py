"""Turns: work in the window's thread, in between of which the window answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QTimer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qtpy.QtCore import QObject


def in_turns(parent: QObject, steps: Iterator[Any], ended: Callable[[], None]) -> None:
    """Take a step in each turn of the event loop; then call what is to follow.

    Parameters
    ----------
    parent : QObject
        Where it is deleted, no further step is taken.
    steps : iterator
        An exception that it raises ends it, and is passed on.
    ended : callable
        Called after the last step, or an exception.
    """
    timer = QTimer(parent)

    def turn() -> None:
        try:
            next(steps)
        except BaseException as end:
            timer.stop()
            timer.deleteLater()
            ended()
            if not isinstance(end, StopIteration):
                raise

    timer.timeout.connect(turn)
    timer.start(0)
