"""Closer: a slider that merges the clusters that are closest to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget

from ..core.palettes.edit import Edit

if TYPE_CHECKING:
    from .desk import Desk


class Closer(QWidget):
    """The slider: a place for each merger, in the order of the dendrogram.

    However far it is moved, that is one step of the history.

    Parameters
    ----------
    desk : Desk
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk, self._clusters = desk, desk.clusters
        self._base: int | None = None
        self._heights: list[float] = []
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 0)
        self.slider.setPageStep(1)
        self.slider.setToolTip(
            "Merge the clusters that are closest to each other: the farther to the "
            "right, the fewer are left."
        )
        self.slider.valueChanged.connect(self._on_moved)
        self.said = QLabel()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(QLabel("Merge closer"))
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.said)

    def renew(self) -> None:
        """Show of how many mergers the clusters are, from where the slider began."""
        history, step = self._clusters.history, self._clusters.history.current
        last = step.made[-1] if step and step.made else None
        merged = isinstance(last, Edit) and last.method == "merge_closer"
        if not merged or self._base is None or self._base >= history.place:
            self._base = history.place if not merged else max(history.place - 1, 0)
        base = history.values[self._base].palette if self._base >= 0 else None
        self._heights = [] if base is None else base.dendrogram[:, 2].tolist()
        now = len(self._heights) + 1 - self._clusters.k if base is not None else 0
        self.slider.blockSignals(True)
        self.slider.setRange(0, max(len(self._heights) - 1, 0))
        self.slider.setValue(max(now, 0))
        self.slider.blockSignals(False)
        self._tell()

    def _tell(self) -> None:
        n, heights = self.slider.value(), self._heights
        left = f"{len(heights) + 1 - n} left" if heights else ""
        palette = self._clusters.palette
        unit = "ΔE " if palette is not None and palette.layout.rgb else ""
        self.said.setText(f"{unit}{heights[n - 1]:.3g}, {left}" if n else left)

    def _on_moved(self, n: int) -> None:
        self._tell()
        base, heights = self._base, self._heights
        if base is None:
            return
        if n == 0:
            self._desk.do(self._clusters.go, base)
            return
        height = heights[n - 1]
        above = heights[n] if n < len(heights) else 2 * height + 1
        self._desk.do(self._clusters.merge_closer, (height + above) / 2, base)
