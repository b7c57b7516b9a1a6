"""Scales: a slider of numbers of clusters, on which one can be marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QPainter, QPolygonF
from qtpy.QtWidgets import QSlider, QStyle, QStyleOptionSlider

if TYPE_CHECKING:
    from qtpy.QtGui import QPaintEvent

#: The numbers of clusters that a hand chooses among; more can be typed.
LEAST, MOST = 2, 32

#: What the slider says of itself.
TIP = "Number of clusters: drag, or use the arrow keys."


class Scale(QSlider):
    """A slider from `LEAST` to `MOST`.

    Attributes
    ----------
    mark : int or None
        A number to mark, as it was suggested.
    """

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.setRange(LEAST, MOST)
        self.setPageStep(1)
        self.setMinimumWidth(80)
        self.setToolTip(TIP)
        self.mark: int | None = None

    def show_mark(self, mark: int | None) -> None:
        """Mark a number; None for none."""
        self.mark = mark
        self.setToolTip(f"{TIP} The mark: a sweep suggests K={mark}." if mark else TIP)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the slider, and a small triangle above the number that is marked."""
        super().paintEvent(event)
        if self.mark is None or not LEAST <= self.mark <= MOST:
            return
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        handle = self.style().pixelMetric(
            QStyle.PixelMetric.PM_SliderLength, option, self
        )
        span = self.width() - handle
        place = QStyle.sliderPositionFromValue(LEAST, MOST, self.mark, span)
        x = place + handle / 2
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(self.palette().windowText())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.drawPolygon(
            QPolygonF([QPointF(x - 4, 0), QPointF(x + 4, 0), QPointF(x, 6)])
        )
        painter.end()
