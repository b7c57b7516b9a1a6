"""Drops: files of palettes that are dropped on a dock."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QObject
from qtpy.QtWidgets import QWidget

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtCore import QMimeData

#: How files end that are palettes. A picture is taken for an image, though a strip of
#: colors is one, too: that can be opened.
DROPPED = {".json", ".gpl", ".ase", ".aco", ".act", ".hex", ".pal", ".csv"}

#: What a widget is told while something is dragged over it.
DRAGS = {QEvent.Type.DragEnter, QEvent.Type.DragMove}


class Drops(QObject):
    """What lets a widget take files of palettes; all else that is dropped it leaves.

    Parameters
    ----------
    widget : QWidget
    opened : callable
        Gets the path of a palette that was dropped.
    """

    def __init__(self, widget: QWidget, opened: Callable[[str], None]) -> None:
        super().__init__(widget)
        self._opened = opened
        for child in widget.findChildren(QWidget):  # which would take it for text
            child.setAcceptDrops(False)
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take what is a palette."""
        is_drop = event.type() == QEvent.Type.Drop
        if not is_drop and event.type() not in DRAGS:
            return bool(super().eventFilter(watched, event))
        path = palette_in(event.mimeData())  # type: ignore[attr-defined]
        if path is None:
            event.ignore()
        else:
            event.acceptProposedAction()  # type: ignore[attr-defined]
            if is_drop:
                self._opened(path)
        return True


def palette_in(mime: QMimeData) -> str | None:
    """Return the path of the palette that is dragged; None where it is none."""
    paths = [url.toLocalFile() for url in mime.urls() if url.isLocalFile()]
    if len(mime.urls()) == 1 and paths and Path(paths[0]).suffix.lower() in DROPPED:
        return paths[0]
    return None
