"""Sections: headings that open and close what is below them, and are remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSettings, QSize, Qt, QTimer
from qtpy.QtWidgets import (
    QDockWidget,
    QFrame,
    QMainWindow,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


class Section(QWidget):
    """A heading that a click, or the space bar, opens and closes.

    Parameters
    ----------
    title : str
        By which it is remembered whether it was open.
    content : QWidget
    """

    def __init__(self, title: str, content: QWidget) -> None:
        super().__init__()
        self.content = content
        self.heading = QToolButton()
        self.heading.setText(title)
        self.heading.setCheckable(True)
        self.heading.setAutoRaise(True)
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.setStyleSheet("QToolButton { border: none; font-weight: bold; }")
        self.heading.setToolTip(f"Show or hide: {title}.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.heading)
        layout.addWidget(content)
        opened = remembered().value(self._key, False, type=bool)
        self.heading.setChecked(bool(opened))
        self._show(bool(opened))
        self.heading.toggled.connect(self._on_toggled)

    @property
    def _key(self) -> str:
        return f"sections/{self.heading.text()}"

    def _on_toggled(self, opened: bool) -> None:
        remembered().setValue(self._key, opened)
        self._show(opened)

    def _show(self, opened: bool) -> None:
        arrow = Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow
        self.heading.setArrowType(arrow)
        self.content.setVisible(opened)


class Sections(QScrollArea):
    """Sections below each other, that scroll where there is no room for all."""

    def __init__(self, sections: Iterable[Section]) -> None:
        super().__init__()
        self._inside = QWidget()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._make_room)
        layout = QVBoxLayout(self._inside)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for section in sections:
            layout.addWidget(section)
            section.heading.toggled.connect(self._on_toggled)
        layout.addStretch()
        self.setWidget(self._inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        policy = QSizePolicy.Policy
        self.setSizePolicy(policy.Preferred, policy.Preferred)

    def _on_toggled(self, opened: bool) -> None:
        self.updateGeometry()
        if opened:
            self.ask_for_room()

    def ask_for_room(self) -> None:
        """Have the dock grow, once all that has changed is laid out."""
        self._soon.start(0)

    def _make_room(self) -> None:
        """Have the dock that it is in grow, at the cost of those above and below."""
        dock: QWidget | None = self
        while dock is not None and not isinstance(dock, QDockWidget):
            dock = dock.parentWidget()
        window, layout = self.window(), self._inside.layout()
        if dock is None or layout is None or not isinstance(window, QMainWindow):
            return
        layout.activate()
        more = self.sizeHint().height() - self.height()
        others = [one for one in window.findChildren(QDockWidget) if one is not dock]
        beside = [one for one in others if _is_beside(one, dock)]
        if more > 0 and beside:
            tallest = max(beside, key=lambda one: one.height())
            heights = [dock.height() + more, max(tallest.height() - more, 1)]
            window.resizeDocks([dock, tallest], heights, Qt.Orientation.Vertical)

    def sizeHint(self) -> QSize:
        """Return the size at which nothing has to scroll."""
        return self._inside.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """Return the least size: a heading or two."""
        return QSize(self._inside.minimumSizeHint().width(), 40)


def _is_beside(one: QDockWidget, dock: QDockWidget) -> bool:
    """Whether a dock is seen above or below another."""
    seen = not one.isFloating() and not one.visibleRegion().isEmpty()
    return seen and one.x() == dock.x()


def remembered() -> QSettings:
    """Return what is remembered from one session to the next."""
    form, scope = QSettings.Format.IniFormat, QSettings.Scope.UserScope
    return QSettings(form, scope, "napari-kmeans", "dock")
