"""Rows: the table of clusters in the window; a row that is selected is a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QItemSelection, QItemSelectionModel, Qt
from qtpy.QtGui import QAction  # type: ignore[attr-defined]
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView

from .section import remembered
from .table import FOLDED, ByValue, ClusterTable, Swatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from .desk import Desk


class Rows(QTableView):
    """The table: what is selected in it is shown alone, and what is selected is there.

    Parameters
    ----------
    desk : Desk
        What does to the clusters what is done here.
    recolor : callable
        Called where a color is clicked twice.

    Attributes
    ----------
    table : ClusterTable
    order : ByValue
        The order in which its rows are shown.
    """

    def __init__(self, desk: Desk, recolor: Callable[[], None]) -> None:
        super().__init__()
        self._clusters, self._recolor = desk.clusters, recolor
        self._selecting = False
        self.table = ClusterTable(desk)
        self.order = ByValue(self.table)
        self.setModel(self.order)
        self.setItemDelegateForColumn(0, Swatch(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setSortingEnabled(True)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.setMinimumHeight(90)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(24)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._on_header)
        self.selectionModel().selectionChanged.connect(self._on_selected)
        self.doubleClicked.connect(self._on_double_click)

    # -- what is shown -------------------------------------------------------------

    def renew(self) -> None:
        """Show the clusters that there are now."""
        self.table.renew()
        self._show_columns()

    def look(self) -> None:
        """Show what is selected and hidden."""
        self.table.told()
        if self.labels != {*self._clusters.selected}:
            self._select()

    @property
    def labels(self) -> set[int]:
        """The labels of the rows that are selected."""
        rows = self.selectionModel().selectedRows()
        return {self.table.label(self.order.mapToSource(row).row()) for row in rows}

    def _select(self) -> None:
        """Select the rows of the clusters that are."""
        chosen = QItemSelection()
        last = self.table.columnCount() - 1
        for row in range(self.table.rowCount()):
            if self.table.label(row) in self._clusters.selected:
                left, right = (self.table.index(row, at) for at in (0, last))
                chosen.select(left, right)
        self._selecting = True
        try:
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
            mapped = self.order.mapSelectionFromSource(chosen)
            self.selectionModel().select(mapped, flags)
            if rows := [one for one in mapped.indexes() if one.column() == 0]:
                self.scrollTo(rows[0])
        finally:
            self._selecting = False

    def _on_selected(self, *_: Any) -> None:
        if not self._selecting:
            labels = self.labels
            self._clusters.select(labels)
            self._clusters.isolate(bool(labels))

    def _on_double_click(self, index: Any) -> None:
        if self.table.columns[index.column()] in ("label", "color"):
            self._recolor()

    # -- columns -------------------------------------------------------------------

    @property
    def _folded(self) -> set[str]:
        folded: Any = remembered().value("columns/folded", sorted(FOLDED), type=list)
        return {*folded}

    def _show_columns(self) -> None:
        folded = self._folded
        for at, name in enumerate(self.table.columns):
            self.setColumnHidden(at, _family(name) in folded)
            self.resizeColumnToContents(at)
        if self.table.columns:
            self.setColumnWidth(0, 58 if self.table.rowCount() < 100 else 76)

    def _on_header(self, place: Any) -> None:
        menu = QMenu(self)
        self.fill_columns(menu)
        menu.exec(self.horizontalHeader().mapToGlobal(place))

    def fill_columns(self, menu: QMenu) -> None:
        """Offer the columns to show."""
        families = dict.fromkeys(map(_family, self.table.columns[1:]))
        for name in families:
            action = QAction(name, menu, checkable=True)
            action.setChecked(name not in self._folded)
            action.toggled.connect(lambda on, name=name: self.show_column(name, on))
            menu.addAction(action)

    def show_column(self, name: str, shown: bool = True) -> None:
        """Show a column of the table, or fold it away; it is remembered."""
        folded = self._folded - {name} if shown else self._folded | {name}
        remembered().setValue("columns/folded", sorted(folded))
        self._show_columns()


def _family(name: str) -> str:
    """Return what columns that are shown together are called."""
    return "center" if name.startswith("center") else name
