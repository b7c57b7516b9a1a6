"""Exports: what is saved, or copied, of a result."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QApplication, QFileDialog

from ..core.run.systems import usable

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Labels, Shapes
    from qtpy.QtGui import QAction  # type: ignore[attr-defined]
    from qtpy.QtWidgets import QMenu, QWidget

    from .desk import Desk


class Exports:
    """The menu of what can be saved or copied.

    Parameters
    ----------
    parent : QWidget
        Over which dialogs are shown.
    desk : Desk
        Whose clusters these are of.
    """

    def __init__(self, parent: QWidget, desk: Desk) -> None:
        self._parent, self._desk, self._clusters = parent, desk, desk.clusters

    def fill(self, menu: QMenu) -> None:
        """Offer what can be saved or copied."""
        edited = self._clusters.palette is not None
        self._offer(menu, "Table (CSV)…", self.table)
        self._fill_regions(menu.addMenu("Table of regions (CSV)"))
        for text, act in (
            ("Indexed PNG…", self.indexed),
            ("Labels as one layer a cluster", self._clusters.apart),
            ("Copy as Python", self.copy),
        ):
            self._offer(menu, text, act).setEnabled(edited)

    def _offer(self, menu: QMenu, text: str, act: Callable[[], Any]) -> QAction:
        """Offer something; return its action."""
        action = menu.addAction(text)
        action.triggered.connect(lambda _on=False: self._desk.do(act))
        return action

    def _fill_regions(self, menu: QMenu) -> None:
        """Offer the layers of whose regions there can be a table."""
        layers = self._desk.tabulation.layers
        menu.setEnabled(bool(layers))
        menu.setToolTipsVisible(True)
        for layer in layers:
            action = self._offer(menu, f"{layer.name}…", partial(self.regions, layer))
            action.setToolTip("A row for each region of this layer and cluster.")

    def table(self) -> None:
        """Ask for a file, and write the table into it."""
        if path := self._asked("Save the table", "clusters.csv", "CSV (*.csv)"):
            self._clusters.save_table(path)

    def regions(self, layer: Labels | Shapes) -> None:
        """Ask for a file, and write the table of the regions of a layer into it."""
        title = f"Save the table of the regions of {layer.name}"
        if path := self._asked(title, "regions.csv", "CSV (*.csv)"):
            self._desk.tabulation.save(path, layer)

    def indexed(self) -> None:
        """Ask for a file, and write the labels into it as an indexed picture."""
        if path := self._asked("Save an indexed PNG", "clusters.png", "PNG (*.png)"):
            self._clusters.save_indexed(path)

    def copy(self) -> None:
        """Copy code that makes this result."""
        QApplication.clipboard().setText(self._clusters.code)
        self._clusters.wrote.emit("Copied as Python.")

    def _asked(self, title: str, name: str, kinds: str) -> Path | None:
        """Ask for a file; None where that was canceled."""
        beside = self._clusters.model.sources[0].source.path
        folder = Path(beside).parent if beside else Path.cwd()
        proposed = usable(f"{self._clusters.model.sources[0].name} {name}")
        path, _ = QFileDialog.getSaveFileName(
            self._parent, title, str(folder / proposed), kinds
        )
        if not path:
            return None
        suffix = Path(name).suffix
        return Path(path) if Path(path).suffix else Path(path).with_suffix(suffix)
