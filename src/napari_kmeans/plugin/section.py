"""Sections: headings that open and close what is below them, and are remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSettings, QSize, Qt
from qtpy.QtWidgets import (
    QFrame,
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

    def _on_toggled(self) -> None:
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """Return the size at which nothing has to scroll."""
        return self._inside.sizeHint()

    def minimumSizeHint(self) -> QSize:
        """Return the least size: a heading or two."""
        return QSize(self._inside.minimumSizeHint().width(), 40)


def remembered() -> QSettings:
    """Return what is remembered from one session to the next."""
    form, scope = QSettings.Format.IniFormat, QSettings.Scope.UserScope
    return QSettings(form, scope, "napari-kmeans", "dock")
