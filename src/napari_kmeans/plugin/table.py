"""Tables: the clusters as Qt's views show them, a row each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QStyledItemDelegate

from ..core.palettes.colors import black_or_white, hexadecimal

if TYPE_CHECKING:
    from qtpy.QtCore import QRect
    from qtpy.QtGui import QPainter
    from qtpy.QtWidgets import QStyleOptionViewItem

    from .desk import Desk

    #: The place of a value.
    Index = QModelIndex | QPersistentModelIndex

#: Columns of the table of clusters that are not shown at first.
FOLDED = {"color", "locked"}

ROLE = Qt.ItemDataRole
FLAG = Qt.ItemFlag

#: The role of the color of a cluster, and of what is written on it.
COLOR = ROLE.UserRole + 1

#: How wide a lock is, with what is left beside it.
LOCK = 10

#: The role of whether a cluster is locked.
LOCKED = ROLE.UserRole + 2


class ClusterTable(QAbstractTableModel):
    """The table of clusters, in which they are named, and hidden.

    Parameters
    ----------
    desk : Desk
        What does to the clusters what is done in it.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk, self._clusters = desk, desk.clusters
        self.columns: list[str] = []
        self._values: list[Any] = []
        self._colors: list[QColor] = []
        self._inks: list[QColor] = []
        self.renew()

    def renew(self) -> None:
        """Show the clusters that there are now."""
        table = self._clusters.table
        if "name" not in table and len(table):
            table.insert(1, "name", "")
        if "locked" not in table and len(table):
            table["locked"] = False
        columns: list[str] = [str(name) for name in table]
        columns.sort(key=_rank)
        table = table[columns]
        same = columns == self.columns and len(table) == self.rowCount()
        if not same:
            self.beginResetModel()
        self.columns = columns
        self._values = [table[name].tolist() for name in table]
        rgb = self._clusters.colors
        self._colors = [QColor(color) for color in hexadecimal(rgb)]
        white = black_or_white(rgb)[:, 0]
        self._inks = [QColor("white" if is_white else "black") for is_white in white]
        if same:
            self.told()
        else:
            self.endResetModel()

    def told(self) -> None:
        """Tell views that any value may be another."""
        if self.rowCount():
            last = self.index(self.rowCount() - 1, self.columnCount() - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def rowCount(self, parent: Index | None = None) -> int:
        """Return the number of clusters."""
        nested = parent is not None and parent.isValid()
        return 0 if nested or not self._values else len(self._values[0])

    def columnCount(self, parent: Index | None = None) -> int:
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = ROLE.DisplayRole
    ) -> Any:
        """Return what a column is called."""
        if orientation == Qt.Orientation.Horizontal and role == ROLE.DisplayRole:
            return _title(self.columns[section])
        return None

    def label(self, row: int) -> int:
        """Return the label of the cluster in a row."""
        return int(self._values[self.columns.index("label")][row])

    def data(self, index: Index, role: int = ROLE.DisplayRole) -> Any:
        """Return what is shown of a cluster in a column."""
        row, name = index.row(), self.columns[index.column()]
        value = self._values[index.column()][row]
        if role == ROLE.UserRole:  # to sort by
            return value
        if role in (ROLE.DisplayRole, ROLE.EditRole):
            return None if name == "locked" else _text(name, value)
        if name == "label":
            return self._of_label(row, role)
        if name == "name" and role == ROLE.ToolTipRole and self._is_locked(row):
            return "Locked: unlock it to name it."
        if name == "locked" and role == ROLE.CheckStateRole:
            return _checked(bool(value))
        if role == ROLE.TextAlignmentRole and isinstance(value, (int, float)):
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def _is_locked(self, row: int) -> bool:
        return bool(self._values[self.columns.index("locked")][row])

    def _of_label(self, row: int, role: int) -> Any:
        """Return how a number is shown: on its color, with a tick, and a lock."""
        if role == ROLE.CheckStateRole:
            return _checked(self.label(row) not in self._clusters.hidden)
        if role == COLOR and self._colors:
            return self._colors[row], self._inks[row]
        if role == LOCKED:
            return self._is_locked(row)
        if role == ROLE.ToolTipRole:
            does = "Double-click: choose its color."
            why = "Locked: further runs and edits leave it as it is."
            return f"Tick: show this cluster. {why if self._is_locked(row) else does}"
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return what can be done to a value."""
        name = self.columns[index.column()]
        can = FLAG.ItemIsEnabled | FLAG.ItemIsSelectable
        editable = self._clusters.palette is not None
        if name == "label" or (name == "locked" and editable):
            return can | FLAG.ItemIsUserCheckable
        named = name == "name" and editable and not self._is_locked(index.row())
        return can | FLAG.ItemIsEditable if named else can

    def setData(self, index: Index, value: Any, role: int = ROLE.EditRole) -> bool:
        """Name, lock, hide or show a cluster."""
        name, label = self.columns[index.column()], self.label(index.row())
        if role == ROLE.CheckStateRole:
            ticked = Qt.CheckState(value) == Qt.CheckState.Checked
            if name == "label":
                act = self._clusters.reveal if ticked else self._clusters.hide
                act([label])
            else:
                self._desk.do(self._clusters.lock, [label], locked=ticked)
            return True
        if role == ROLE.EditRole and name == "name":
            self._desk.do(self._clusters.rename, label, str(value).strip())
            return True
        return False


class ByValue(QSortFilterProxyModel):
    """The table in another order: by values, not by how they are written."""

    def __init__(self, table: ClusterTable) -> None:
        super().__init__()
        self.setSourceModel(table)
        self.setSortRole(ROLE.UserRole)
        self.setDynamicSortFilter(True)


class Swatch(QStyledItemDelegate):
    """What draws the number of a cluster on its color, which style sheets ignore."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: Index
    ) -> None:
        """Draw the tick, and beside it the number on its color, with its lock."""
        super().paint(painter, option, index)
        if (colors := index.data(COLOR)) is None:
            return
        color, ink = colors
        box = option.rect.adjusted(24, 2, -2, -2)
        painter.save()
        painter.fillRect(box, color)
        painter.setPen(QColor(128, 128, 128))  # an edge on any background
        painter.drawRect(box)
        painter.setPen(ink)
        if index.data(LOCKED):
            _draw_lock(painter, box, ink)
            box.setLeft(box.left() + LOCK)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(index.data()))
        painter.restore()


def _draw_lock(painter: QPainter, box: QRect, ink: QColor) -> None:
    """Draw a lock at the left of a box: a body, and a shackle above it."""
    left, middle = box.left() + 3, box.center().y()
    painter.drawArc(left + 1, middle - 5, LOCK - 5, 9, 0, 180 * 16)
    painter.fillRect(left, middle - 1, LOCK - 2, 6, ink)


def _rank(name: str) -> int:
    """Return where a column stands; those of the same rank stay in their order."""
    ranks = ("label", "name", "share", "area", "volume", "pixels", "spread")
    last = ("center", "color", "locked")
    for at, one in enumerate((*ranks, "", *last)):
        if one and name.startswith(one):
            return at
    return len(ranks)


def _checked(value: bool) -> Any:
    state = Qt.CheckState.Checked if value else Qt.CheckState.Unchecked
    return getattr(state, "value", state)


def _title(name: str) -> str:
    """Return what a column is called."""
    return "#" if name == "label" else name.removeprefix("center_")


def _text(name: str, value: Any) -> str:
    """Return a value as it is written."""
    if name == "share":
        return f"{100 * value:.1f} %"
    if isinstance(value, float):
        digits = ",.0f" if 1e4 <= abs(value) < 1e12 else ",.4g"
        return "" if np.isnan(value) else f"{value:{digits}}"
    return f"{value:,}" if isinstance(value, int) else str(value)
