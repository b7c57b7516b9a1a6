"""The panel "Clusters": what there is in an image, to be looked at and changed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QAction, QColor, QKeySequence  # type: ignore[attr-defined]
from qtpy.QtWidgets import (  # type: ignore[attr-defined]
    QCheckBox,
    QColorDialog,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QShortcut,
    QVBoxLayout,
    QWidget,
)

from ..core.palettes.colors import hexadecimal
from .closer import Closer
from .desk import Desk
from .drops import Drops
from .exports import Exports
from .pointing import Pointing
from .rows import Rows
from .section import Section
from .shelf import Shelf
from .space import Space

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari.viewer

#: Text of a button, the method of `ClustersWidget` that it calls, what it does, and the
#: keys that do the same.
ACTS = (
    ("Merge", "merge", "Make the selected clusters one", "M"),
    ("Split", "split", "Make two of the selected cluster, by k-means inside it", "S"),
    ("Delete", "delete", "Give the selected clusters' pixels to the nearest", "Del"),
    ("Color…", "recolor", "Choose the color of the selected cluster", "C"),
    ("Hide", "hide_selected", "Hide the selected clusters, or show them again", "H"),
    ("Lock", "lock", "Keep the selected clusters as they are in further runs", "L"),
    ("Isolate", "isolate", "Fade all but the selected clusters", "I"),
    ("Show all", "show_all", "Show all clusters, none faded", "A"),
)

#: By what clusters can be numbered.
ORDERS = ("brightness", "share", "hue")


class ClustersWidget(QWidget):
    """The clusters of the layer that is chosen in the dock.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer

    Attributes
    ----------
    clusters : Clusters
        What the panel shows and changes: a script can do the same.
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.desk = Desk.of(napari_viewer)
        self._word = ""
        self.clusters = self.desk.clusters
        self.exports = Exports(self, self.desk)
        self.shelf = Shelf(self, self.desk)
        self._build()
        self.drops = Drops(self, self.shelf.take)
        self.space = Space(self.desk)
        self.pointing = Pointing(self.clusters, self._on_hover)
        self._listening = False
        # A method of what is destroyed would not be called.
        self.destroyed.connect(lambda: self._listen(False))
        self._listen()

    def event(self, event: QEvent) -> bool:
        """Listen while docked: a dock that is closed lets go of its widget."""
        if event.type() == QEvent.Type.ParentChange:
            self._listen(self.parent() is not None)
        return bool(super().event(event))

    def _listen(self, listening: bool = True) -> None:
        """Listen to the clusters and to the mouse, or no more."""
        if listening == self._listening:
            return
        self._listening = listening
        for signal, heard in (
            (self.clusters.changed, self._on_changed),
            (self.clusters.looked, self._on_looked),
            (self.clusters.wrote, self._on_wrote),
            (self.clusters.model.told, self._on_told),
        ):
            if listening:
                signal.connect(heard)
            else:
                signal.disconnect(heard)
        self.pointing.listen(listening)
        if listening:
            self._on_changed()
        else:
            self.space.close()

    # -- how it is built -----------------------------------------------------------

    def _build(self) -> None:
        self.rows = Rows(self.desk, self.recolor)
        self.closer = Closer(self.desk)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(4)
        layout.addWidget(self.rows, 1)
        layout.addWidget(self.said)
        layout.addLayout(self._acts())
        layout.addLayout(self._steps())
        layout.addWidget(self.closer)
        layout.addWidget(self._clean_up())

    def _acts(self) -> QGridLayout:
        """Return the buttons of what is done to the selected clusters."""
        grid = QGridLayout()
        grid.setSpacing(2)
        self.buttons: dict[str, QPushButton] = {}
        for place, (text, name, tip, key) in enumerate(ACTS):
            button = self._button(text, f"{tip} ({told(key)}).", getattr(self, name))
            self._on_key(key, getattr(self, name))
            self.buttons[name] = button
            grid.addWidget(button, place // 4, place % 4)
        self._on_key("Backspace", self.delete)  # as many keyboards of a Mac have no Del
        return grid

    def _steps(self) -> QHBoxLayout:
        """Return the buttons of the history, of palettes and of exports."""
        row = QHBoxLayout()
        row.setSpacing(2)
        steps = (
            ("↶", "undo", "Undo", QKeySequence.StandardKey.Undo),
            ("↷", "redo", "Redo", "Ctrl+Shift+Z"),
        )
        for text, name, tip, key in steps:
            button = self._button(text, f"{tip} ({told(key)}).", getattr(self, name))
            self._on_key(key, getattr(self, name))
            self.buttons[name] = button
            row.addWidget(button)
        for text, name, tip, fill in (
            ("Steps", "steps", "What was done: go back, or forth, to any", self._fill),
            ("Palette", "palettes", "Save, open, and apply a palette", self.shelf.fill),
            ("Export", "export", "Save or copy the result", self.exports.fill),
            ("More", "more", "Columns, order, and further views", self._more),
        ):
            self.buttons[name] = self._menu(text, f"{tip}.", fill)
            row.addWidget(self.buttons[name])
        return row

    def _clean_up(self) -> Section:
        """Return what cleans up labels."""
        self.speck = QDoubleSpinBox()
        self.speck.setRange(0, 10**9)
        self.speck.setDecimals(1)
        self.speck.setValue(20)
        self.speck.setToolTip("Smaller components go to a neighbor; 0: none do.")
        self.least = QDoubleSpinBox()
        self.least.setRange(0, 1)
        self.least.setSingleStep(0.05)
        self.least.setToolTip("The least margin of a pixel that stays; 0: all stay.")
        speck = "Give small components to the neighbor with the longest shared border."
        unsure = "Leave out pixels that are nearly as near to another center."
        self.buttons["despeckle"] = self._button("Despeckle", speck, self.despeckle)
        self.buttons["reject"] = self._button("Reject unsure", unsure, self.reject)
        self.unit = QComboBox()
        self.unit.setToolTip("What the size of a component is told in.")
        self.by_plane = QCheckBox("each plane on its own")
        self.by_plane.setToolTip("Components end where a plane does.")
        content = QWidget()
        grid = QGridLayout(content)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        rows = (("despeckle", self.speck), ("reject", self.least))
        for row, (name, box) in enumerate(rows):
            self.buttons[name].setMinimumWidth(0)  # that of its text
            box.setMinimumWidth(64)
            box.lineEdit().returnPressed.connect(self.buttons[name].click)
            grid.addWidget(self.buttons[name], row, 0)
            grid.addWidget(box, row, 1)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.unit, 0, 2)
        grid.addWidget(self.by_plane, 2, 0, 1, 3)
        return Section("Clean up", content)

    def _button(self, text: str, tip: str, act: Callable[[], Any]) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setMinimumWidth(20)
        button.setStyleSheet("QPushButton { padding: 3px; }")
        button.clicked.connect(lambda: act())
        return button

    def _menu(self, text: str, tip: str, fill: Callable[[QMenu], None]) -> QPushButton:
        """Return a button with a menu that is filled when it is opened."""
        button = self._button(text, tip, lambda: None)
        menu = QMenu(button)

        def renew() -> None:
            menu.clear()
            fill(menu)

        menu.aboutToShow.connect(renew)
        button.setMenu(menu)
        # The arrow, which is drawn over what is at the right, is to leave it readable.
        button.setStyleSheet(
            "QPushButton { padding: 3px 0px 3px 3px; text-align: left; }"
            "QPushButton::menu-indicator { width: 8px; }"
        )
        return button

    def _on_key(self, key: Any, act: Callable[[], Any]) -> None:
        shortcut = QShortcut(QKeySequence(key), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(act)

    # -- what it shows -------------------------------------------------------------

    def _on_changed(self) -> None:
        self.rows.renew()
        self.closer.renew()
        self._show_units()
        self._on_looked()

    def _on_looked(self) -> None:
        """Show what is selected and hidden."""
        self._word = ""
        self.rows.look()
        self._enable()
        self._on_hover(0)

    def _show_units(self) -> None:
        """Offer pixels, and the units of the layer, for the sizes of components."""
        _, unit = self.clusters.pixel
        units = ["px", *([unit] if unit else [])]
        if units != [self.unit.itemText(at) for at in range(self.unit.count())]:
            self.unit.clear()
            self.unit.addItems(units)
        self.by_plane.setVisible(bool(self.clusters.planes))

    def _enable(self) -> None:
        """Enable what can be done now."""
        clusters = self.clusters
        n, locked = len(clusters.selected), self._locked
        edited = self._edited
        free = edited and not locked
        possible = {
            "merge": free and n > 1,
            "split": free and n == 1,
            "delete": free and 0 < n < clusters.k,
            "recolor": free and n == 1,
            "hide_selected": n > 0,
            "lock": edited and n > 0,
            "isolate": n > 0,
            "show_all": bool(clusters.hidden) or clusters.alone,
            "undo": clusters.model.can_undo,
            "redo": clusters.history.can_redo,
            "steps": clusters.model.can_undo or clusters.history.can_redo,
            "export": clusters.k > 0,
            "despeckle": edited,
            "reject": edited,
        }
        for name, can in possible.items():
            self.buttons[name].setEnabled(bool(can))
        self.buttons["lock"].setText("Unlock" if 0 < n == len(locked) else "Lock")
        for _, name, tip, key in ACTS[:4]:
            why = f"Locked: {', '.join(map(str, locked[:8]))}. Unlock first (L)."
            self.buttons[name].setToolTip(why if locked else f"{tip} ({told(key)}).")
        self.speck.setEnabled(edited)
        self.least.setEnabled(edited)
        self.closer.setEnabled(edited)

    @property
    def _edited(self) -> bool:
        """Whether the clusters that are shown can be edited."""
        return self.clusters.palette is not None

    @property
    def _locked(self) -> list[int]:
        """The labels that are selected and locked."""
        palette = self.clusters.palette
        locked = () if palette is None else palette.locked
        return [at for at in self.clusters.selected if any(locked[at - 1 : at])]

    def _on_told(self) -> None:
        """Heed that something may be possible, or known, that was not."""
        self._enable()
        self._on_hover(self.pointing.label)

    def _on_hover(self, label: int) -> None:
        """Tell of the cluster below the cursor, or of all."""
        told = self.clusters.said(label)
        if not told:
            told = self._summary()
        self.said.setText(told)

    def _on_wrote(self, said: str) -> None:
        """Say what was written, until there is something else to be seen."""
        self._word = said
        self._on_hover(0)

    def _summary(self) -> str:
        clusters = self.clusters
        if not clusters.k:
            return "No clusters yet: run k-means in the dock, or open a palette."
        # While others are being shown, some of those that were may not be there.
        there = [label for label in clusters.selected if label <= clusters.k]
        selected = [*map(str, there)]
        said = self._word or f"{clusters.k} clusters"
        if selected and not self._word:
            share = clusters.share_of(there)
            said += f"; selected: {', '.join(selected[:8])}, {100 * share:.1f} %"
        quality = clusters.model.bench.quality
        return said if quality is None else f"{said}\n{quality}"

    # -- what is done --------------------------------------------------------------

    def merge(self) -> None:
        """Merge the selected clusters."""
        if len(self.clusters.selected) > 1:
            self._do(self.clusters.merge, self.clusters.selected)

    def split(self) -> None:
        """Split the selected cluster in two."""
        if len(self.clusters.selected) == 1:
            self._do(self.clusters.split, self.clusters.selected[0])

    def delete(self) -> None:
        """Delete the selected clusters."""
        if 0 < len(self.clusters.selected) < self.clusters.k:
            self._do(self.clusters.delete, self.clusters.selected)

    def recolor(self) -> None:
        """Ask for the color of the selected cluster."""
        if self.clusters.palette is None or len(self.clusters.selected) != 1:
            return
        [label] = self.clusters.selected
        now = QColor(hexadecimal(self.clusters.colors)[label - 1])
        if self._locked:  # there is nothing to choose: it is told why
            self._do(self.clusters.recolor, label, now.name())
            return
        chosen = QColorDialog.getColor(now, self, f"Color of cluster {label}")
        if chosen.isValid():
            self._do(self.clusters.recolor, label, chosen.name())

    def hide_selected(self) -> None:
        """Hide the selected clusters; where all of them are hidden, show them."""
        selected = {*self.clusters.selected}
        if selected <= self.clusters.hidden:
            self.clusters.reveal(selected)
        else:
            self.clusters.hide(selected)

    def lock(self) -> None:
        """Lock the selected clusters; where all of them are locked, unlock them."""
        palette, selected = self.clusters.palette, self.clusters.selected
        if palette is not None and selected:
            unlock = len(self._locked) == len(selected)
            self._do(self.clusters.lock, selected, locked=not unlock)

    def isolate(self) -> None:
        """Fade all but the selected clusters, or no more."""
        self.clusters.isolate(not self.clusters.alone)

    def show_all(self) -> None:
        """Show all clusters, none hidden or faded."""
        self.clusters.reveal()
        self.clusters.isolate(False)

    def undo(self) -> None:
        """Undo the last step."""
        self._do(self.clusters.undo)

    def redo(self) -> None:
        """Do again what was undone."""
        self._do(self.clusters.redo)

    def despeckle(self) -> None:
        """Clean up the labels."""
        size = self.speck.value()
        if self.unit.currentIndex() > 0:
            size /= self.clusters.pixel[0]
        axes = self.clusters.planes if self.by_plane.isChecked() else ()
        self._do(self.clusters.despeckle, math.ceil(size), axes)

    def reject(self) -> None:
        """Leave out pixels that are unsure."""
        self._do(self.clusters.reject, self.least.value())

    def _do(self, act: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        self.desk.do(act, *args, **kwargs)

    # -- menus ---------------------------------------------------------------------

    def _fill(self, menu: QMenu) -> None:
        """Offer the steps of the history."""
        history, bench = self.clusters.history, self.clusters.model.bench
        names = dict(enumerate(step.name for step in history.values))
        if bench.first in history.values[:1]:
            names = {-1: "No clusters", **names}
        for place, name in names.items():
            action = QAction(name, menu, checkable=True)
            is_shown = self._edited or bench.shown is None
            action.setChecked(place == history.place and is_shown)
            action.triggered.connect(
                lambda _on=False, place=place: self._do(self.clusters.go, place)
            )
            menu.addAction(action)

    def _fill_orders(self, menu: QMenu) -> None:
        for by in ORDERS:
            action = menu.addAction(by.capitalize())
            action.triggered.connect(
                lambda _on=False, by=by: self._do(self.clusters.reorder, by)
            )

    def _more(self, menu: QMenu) -> None:
        """Offer further views of the result, and the columns of the table."""
        clusters = self.clusters
        color = clusters.palette is not None and clusters.palette.layout.rgb
        for text, act, can in (
            ("Colors in 3-D", self.space.open, True),
            ("Add a center by clicking", clusters.add_center, True),
            ("Error map", clusters.show_errors, True),
            ("Error map (CIEDE2000)", lambda: clusters.show_errors("ciede2000"), color),
            ("Margin map", clusters.show_margins, True),
        ):
            action = menu.addAction(text)
            action.setEnabled(bool(clusters.palette is not None and can))
            action.triggered.connect(lambda _on=False, act=act: self._do(act))
        orders = menu.addMenu("Number by")
        orders.setEnabled(self._edited)
        self._fill_orders(orders)
        self.rows.fill_columns(menu.addMenu("Columns"))


def told(key: Any) -> str:
    """Return keys as the keyboard has them: Ctrl is Command on a Mac."""
    return str(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText))
