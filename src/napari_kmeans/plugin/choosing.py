"""The panel "Choose K": an image at several K, and which to take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ..core.palettes.colors import hexadecimal
from .curve import Colors, Curve, told
from .desk import Desk
from .sweeps import LEAST, MOST
from .thumbnails import Thumbnails

if TYPE_CHECKING:
    from collections.abc import Callable

    import napari.viewer
    from qtpy.QtGui import QKeyEvent

    from .swept import Swept

#: The most clusters of a sweep: more cannot be told apart by eye.
LAST = 255

#: What is said before the first sweep.
FIRST = "A sweep clusters the image for each K, to compare them. It adds no layers."


class ChooseWidget(QWidget):
    """What clusters of several K look like, of the image that is chosen in the dock.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer

    Attributes
    ----------
    desk : Desk
        What the docks of the window share.
    sweeps : Sweeps
        What the panel shows and does: a script can do the same.

    Examples
    --------
    From a script that drives a viewer::

        _, panel = viewer.window.add_plugin_dock_widget("napari-kmeans", "Choose K")
        panel.sweeps.sweep(2, 10)
        panel.sweeps.choose(panel.sweeps.suggested)
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.desk = Desk.of(napari_viewer)
        self.sweeps = self.desk.sweeps
        self._shown: Swept | None = None
        self._build()
        self._show()
        model = self.desk.model
        self.sweeps.changed.connect(self._show)
        model.told.connect(self._show_told)
        model.viewer.events.theme.connect(self._on_theme)
        # What is bound to an object that is destroyed would not be called.
        self.destroyed.connect(lambda: self._on_destroyed())

    # -- how it is built -----------------------------------------------------------

    def _build(self) -> None:
        self.bar = QProgressBar()
        self.bar.setRange(0, 100)
        self.curve = Curve(self._colors)
        self.said, self.stale = QLabel(), QLabel()
        for label in (self.said, self.stale):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.stale.setStyleSheet("font-weight: bold;")
        self.thumbnails = Thumbnails()
        self.thumbnails.recolor(self._colors.current)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(4)
        layout.addLayout(self._range())
        layout.addLayout(self._buttons())
        for part in (self.bar, self.curve, self.said, self.stale):
            layout.addWidget(part)
        layout.addWidget(self.thumbnails, 1)
        layout.addStretch()
        self.curve.chosen.connect(self._on_chosen)
        self.thumbnails.chosen.connect(self._on_chosen)

    def _range(self) -> QHBoxLayout:
        """Return the row of what is swept."""
        self.least = self._spin(LEAST, "The least number of clusters to try.")
        self.most = self._spin(MOST, "The greatest number of clusters to try.")
        self.least.valueChanged.connect(
            lambda k: self.most.setValue(max(k, self.most.value()))
        )
        self.most.valueChanged.connect(
            lambda k: self.least.setValue(min(k, self.least.value()))
        )
        row = QHBoxLayout()
        row.setSpacing(4)
        for part in (QLabel("K from"), self.least, QLabel("to"), self.most):
            row.addWidget(part)
        row.addStretch(1)
        return row

    def _buttons(self) -> QHBoxLayout:
        """Return the row of the buttons."""
        self.sweep_button = self._button(
            "Sweep",
            "Cluster the image for each K of the range (Return), with the settings of "
            "the dock. No layer changes.",
            self.sweep,
        )
        self.cancel_button = self._button("Cancel", "Stop at once (Esc).", self.cancel)
        row = QHBoxLayout()
        row.setSpacing(4)
        for button in (self.sweep_button, self.cancel_button):
            row.addWidget(button, 1)
        return row

    def _spin(self, k: int, tip: str) -> QSpinBox:
        spin = QSpinBox()
        spin.setRange(1, LAST)
        spin.setValue(k)
        spin.setToolTip(tip)
        spin.setFixedWidth(60)
        spin.lineEdit().returnPressed.connect(self.sweep)
        return spin

    def _button(self, text: str, tip: str, act: Callable[[], Any]) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setMinimumWidth(20)
        button.setStyleSheet("QPushButton { padding: 3px; }")
        button.clicked.connect(lambda: act())
        return button

    # -- what it shows -------------------------------------------------------------

    def _show(self) -> None:
        """Show the sweep that there is, and whether it still counts."""
        swept, k = self.sweeps.swept, self.desk.model.settings.k
        if swept is not self._shown:
            self._shown = swept
            if swept is not None:
                sweep = swept.sweep
                tips = [told(sweep, place) for place in range(len(sweep))]
                self.thumbnails.show_pictures(sweep.ks, swept.thumbnails, tips)
                self.curve.show_sweep(sweep, k)
        for part in (self.curve, self.thumbnails):
            part.setVisible(swept is not None)
            part.mark(k)
        self.said.setText(self.sweeps.said or FIRST)
        self.stale.setText(self.sweeps.stale)
        self.stale.setVisible(bool(self.sweeps.stale))
        self._show_told()

    def _show_told(self) -> None:
        """Show how far a sweep has come."""
        model = self.desk.model
        sweeping = self.sweeps.running
        self.sweep_button.setEnabled(not sweeping)
        self.cancel_button.setEnabled(sweeping)
        self.bar.setVisible(sweeping)
        if sweeping:
            self.bar.setValue(round(100 * (model.progress or 0)))
            lines = model.message.splitlines() or [""]
            self.bar.setFormat(lines[-1].replace("%", "%%"))

    @property
    def _colors(self) -> Colors:
        from napari.utils.theme import get_theme

        theme = get_theme(self.desk.model.viewer.theme)
        shades = theme.text, theme.background, theme.current
        rgb = np.array([shade.as_rgb_tuple()[:3] for shade in shades]) / 255
        return Colors(*hexadecimal(rgb))

    def _on_theme(self, _event: Any = None) -> None:
        self.curve.recolor(self._colors)
        self.thumbnails.recolor(self._colors.current)

    # -- what is done --------------------------------------------------------------

    def sweep(self) -> None:
        """Sweep the range that is set, in a thread."""
        for spin in (self.least, self.most):
            spin.interpretText()  # a number just typed
        if not self.sweeps.running:
            self.desk.do(self.sweeps.sweep, self.least.value(), self.most.value())

    def cancel(self) -> None:
        """Stop a sweep at once: what was found before stays."""
        if self.sweeps.running:
            self.desk.cancel()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Cancel by Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.cancel()
        else:
            super().keyPressEvent(event)

    def _on_chosen(self, k: int) -> None:
        self.desk.do(self.sweeps.choose, k)

    # -- the end -------------------------------------------------------------------

    def _on_destroyed(self) -> None:
        model = self.desk.model
        self.sweeps.changed.disconnect(self._show)
        model.told.disconnect(self._show_told)
        model.viewer.events.theme.disconnect(self._on_theme)
        if self.sweeps.running:
            self.desk.cancel()
