"""Curves: what is explained and the silhouette over K, drawn where matplotlib is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

if TYPE_CHECKING:
    from ..core.sweeping.result import Sweep

#: Pixels, and points of what is written.
HEIGHT, SIZE = 160, 8

#: What is said where there is no matplotlib.
MISSING = 'A plot takes matplotlib: pip install "napari-kmeans[plots]".'

#: What can be done with a plot, or with a table.
TIP = "Click to set K to the nearest, and run."


class Colors(NamedTuple):
    """Colors of a theme, as "#rrggbb": of text, behind it, and of what is chosen."""

    text: str
    background: str
    current: str


class Curve(QWidget):
    """A plot of a sweep, or without matplotlib a table, on which K can be chosen.

    Parameters
    ----------
    colors : Colors

    Attributes
    ----------
    chosen : Signal
        Emitted with a K.
    canvas : FigureCanvasQTAgg or None
        None before the first plot, and without matplotlib.
    table : QTableWidget or None
        What there is without matplotlib.
    """

    chosen = Signal(int)

    def __init__(self, colors: Colors) -> None:
        super().__init__()
        self.canvas: Any = None
        self.table: QTableWidget | None = None
        self._colors = colors
        self._sweep: Sweep | None = None
        self._k: Any = None
        self._rings: Any = None
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(2)

    def show_sweep(self, sweep: Sweep, k: Any) -> None:
        """Show a sweep, and which K is set."""
        self._sweep, self._k = sweep, k
        if self.canvas is None and self.table is None:
            self._build()
        self._draw()

    def mark(self, k: Any) -> None:
        """Show that another K is set."""
        if k != self._k:
            self._k = k
            self._mark()

    def recolor(self, colors: Colors) -> None:
        """Draw in the colors of another theme."""
        self._colors = colors
        self._draw()

    def _build(self) -> None:
        """Make what is drawn on: it takes a while, and so is not made before."""
        try:
            from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
            from matplotlib.figure import Figure
        except ImportError:
            self._build_table()
            return
        made: Any = FigureCanvasQTAgg  # which has no types
        self.canvas = made(Figure(layout="constrained"))
        self.canvas.setFixedHeight(HEIGHT)
        self.canvas.setToolTip(TIP)
        self.canvas.setCursor(Qt.CursorShape.PointingHandCursor)
        self.canvas.setAccessibleName("What is explained, and the silhouette, over K")
        self.canvas.mpl_connect("button_press_event", self._on_pressed)
        self.canvas.mpl_connect("motion_notify_event", self._on_moved)
        self._rows.addWidget(self.canvas)

    def _build_table(self) -> None:
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels(["K", "explained", "silhouette"])
        self.table.setToolTip("Click, or press Return, to set K and run.")
        self.table.setFixedHeight(HEIGHT - 40)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(24)
        self.table.horizontalHeader().setSectionResizeMode(
            QHeaderView.ResizeMode.Stretch
        )
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.cellClicked.connect(self._on_row)
        said = QLabel(MISSING)
        said.setWordWrap(True)
        said.setMinimumHeight(2 * said.fontMetrics().lineSpacing() + 4)
        said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._rows.addWidget(self.table)
        self._rows.addWidget(said)

    # -- drawing -------------------------------------------------------------------

    def _draw(self) -> None:
        if self._sweep is None:
            return
        if self.table is not None:
            self._fill(self.table, self._sweep)
        elif self.canvas is not None:
            self._plot(self._sweep)
        self._mark()

    def _mark(self) -> None:
        """Mark the K that is set, where it is among those of the sweep."""
        if (sweep := self._sweep) is None:
            return
        places = [place for place, k in enumerate(sweep.ks) if k == self._k]
        if self.table is not None:
            self.table.clearSelection()
            for row in places:
                self.table.selectRow(row)
        elif self.canvas is not None:
            found = [*sweep.explained[places], *sweep.silhouettes[places]]
            self._rings.set_data([self._k] * len(found), found)
            self.canvas.draw_idle()

    def _fill(self, table: QTableWidget, sweep: Sweep) -> None:
        table.setRowCount(len(sweep))
        for row, k in enumerate(sweep.ks):
            for column, text in enumerate(figures(sweep, row)):
                item = QTableWidgetItem(text)
                item.setTextAlignment(
                    Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                )
                if k == sweep.suggestion.k:
                    font = item.font()
                    font.setBold(True)
                    item.setFont(font)
                table.setItem(row, column, item)

    def _plot(self, sweep: Sweep) -> None:
        text, background, _ = self._colors
        figure = self.canvas.figure
        figure.clear()
        figure.set_facecolor(background)
        axes = sweep.plot(figure.add_subplot())
        axes.tick_params(colors=text, labelsize=SIZE)
        axes.xaxis.label.set(color=text, fontsize=SIZE)
        for spine in axes.spines.values():
            spine.set_color(text)
        handles, names = axes.get_legend_handles_labels()
        axes.legend(
            handles[:2],  # the text says what is suggested
            names[:2],
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=2,
            frameon=False,
            labelcolor=text,
            fontsize=SIZE,
        )
        [self._rings] = axes.plot([], [], "o", ms=9, mfc="none", mec=text)

    # -- choosing ------------------------------------------------------------------

    def _nearest(self, event: Any) -> int | None:
        """Return where the K nearest to a mouse is; None outside of the axes."""
        if self._sweep is None or event.xdata is None:
            return None
        return int(np.argmin(np.abs(np.array(self._sweep.ks) - event.xdata)))

    def _on_pressed(self, event: Any) -> None:
        place = self._nearest(event)
        if place is not None and self._sweep is not None and event.button == 1:
            self.chosen.emit(self._sweep.ks[place])

    def _on_moved(self, event: Any) -> None:
        place = self._nearest(event)
        if place is not None and self._sweep is not None:
            self.canvas.setToolTip(f"{told(self._sweep, place)}\n{TIP}")

    def _on_row(self, row: int, _column: int = 0) -> None:
        if self._sweep is not None:
            self.chosen.emit(self._sweep.ks[row])


def figures(sweep: Sweep, place: int) -> tuple[str, str, str]:
    """Return K, what is explained and the silhouette, as they are written."""
    silhouette = sweep.silhouettes[place]
    return (
        str(sweep.ks[place]),
        f"{100 * sweep.explained[place]:.1f} %",
        "" if np.isnan(silhouette) else f"{silhouette:.2f}",
    )


def told(sweep: Sweep, place: int) -> str:
    """Return the figures of a K in a line."""
    k, explained, silhouette = figures(sweep, place)
    said = f"K={k}: {explained} explained"
    return f"{said}, silhouette {silhouette}" if silhouette else said
