"""Thumbnails: a list of small pictures, one of which is chosen by its K."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QIcon, QImage, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QListView, QListWidget, QListWidgetItem

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from qtpy.QtGui import QFocusEvent, QKeyEvent

#: Pixels of the longer side of a picture, and what is around it.
SIDE, MARGIN, LINE = 76, 6, 18


class Thumbnails(QListWidget):
    """Pictures with their K: arrows go from one to the next, a click or Return chooses.

    Attributes
    ----------
    chosen : Signal
        Emitted with a K.
    """

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._k: Any = None
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setIconSize(QSize(SIDE, SIDE))
        self.setUniformItemSizes(True)
        self.setSpacing(1)
        self.setMinimumHeight(SIDE + MARGIN + LINE + 8)
        self.setAccessibleName("The image at each K")
        self.setToolTip(
            "The image at each K; of a stack, its middle plane. Click, or press "
            "Return, to set K and run."
        )
        self.itemClicked.connect(self._on_clicked)

    def show_pictures(
        self, ks: Sequence[int], pictures: NDArray[np.uint8], tips: Sequence[str]
    ) -> None:
        """Show other pictures."""
        self.clear()
        height = 0
        for k, picture, tip in zip(ks, pictures, tips, strict=True):
            pixmap = _pixmap(picture)
            height = max(height, pixmap.height())
            icon = QIcon(pixmap)
            icon.addPixmap(pixmap, QIcon.Mode.Selected)  # in its own colors, too
            item = QListWidgetItem(icon, f"K={k}")
            item.setData(Qt.ItemDataRole.UserRole, k)
            item.setToolTip(f"{tip}\nClick, or press Return, to set K and run.")
            self.addItem(item)
        size = QSize(SIDE + MARGIN, height + MARGIN + LINE)
        self.setIconSize(QSize(SIDE, max(height, 1)))
        for place in range(self.count()):
            self.item(place).setSizeHint(size)

    def mark(self, k: Any) -> None:
        """Show which K is set, where it is among them: selected, and in bold."""
        self._k = k
        self.clearSelection()
        for place in range(self.count()):
            item = self.item(place)
            is_set = item.data(Qt.ItemDataRole.UserRole) == k
            font = item.font()
            font.setBold(is_set)
            item.setFont(font)
            if is_set:
                self.setCurrentItem(item)

    def recolor(self, current: str) -> None:
        """Show what is selected on another color."""
        self.setStyleSheet(f"QListWidget::item:selected {{ background: {current}; }}")

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Select what is set, wherever arrows have gone."""
        super().focusOutEvent(event)
        self.mark(self._k)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose by Return; leave all other keys to Qt."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if (item := self.currentItem()) is not None:
                self._on_clicked(item)
            return
        super().keyPressEvent(event)

    def _on_clicked(self, item: QListWidgetItem) -> None:
        self.chosen.emit(item.data(Qt.ItemDataRole.UserRole))


def _pixmap(picture: NDArray[np.uint8]) -> QPixmap:
    """Return a picture as Qt shows it; a smaller one as squares."""
    height, width, *channels = picture.shape
    kinds = QImage.Format
    kind = kinds.Format_RGB888 if channels else kinds.Format_Grayscale8
    values = picture.tobytes()  # a copy, which Qt looks at until it has its own
    image = QImage(values, width, height, len(values) // height, kind)
    smooth = max(height, width) > SIDE
    modes = Qt.TransformationMode
    return QPixmap.fromImage(image).scaled(
        SIDE,
        SIDE,
        Qt.AspectRatioMode.KeepAspectRatio,
        modes.SmoothTransformation if smooth else modes.FastTransformation,
    )
