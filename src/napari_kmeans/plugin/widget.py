"""The dock "K-means quantization": shows its model, and changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QShortcut  # type: ignore[attr-defined]

from .controls import Controls, said, show
from .desk import Desk
from .docks import CHOOSE, CLUSTERS, open_panel
from .drops import Drops
from .scale import LEAST, MOST
from .shelf import Shelf

if TYPE_CHECKING:
    import napari.viewer
    from napari.qt.threading import FunctionWorker

    from .job import Job, Outcome


class KMeansWidget(Controls):
    """Quantize an Image layer, or cluster a Points layer, by k-means.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        The viewer whose layers are offered, and to which results are added.

    Attributes
    ----------
    model : KMeansModel
        What is chosen, can be done, and has been found; knows no window.

    Examples
    --------
    From a script that drives a viewer, set the controls and run::

        dock, widget = viewer.window.add_plugin_dock_widget("napari-kmeans")
        widget.layer.value = viewer.layers["photo"]
        widget.k.value = 3
        widget.run(block=True)
    """

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        self.desk = Desk.of(napari_viewer)
        self.model = self.desk.model
        self._showing = False
        super().__init__(self.model.choice.offers)
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_key(key, self._on_return)
        self._show()
        self._show_told()
        self._show_mark()
        self.model.changed.connect(self._show)
        self.model.told.connect(self._show_told)
        self.desk.sweeps.changed.connect(self._show_mark)
        for container in (self.settings, *self.folded.values(), self.buttons):
            container.changed.connect(self._on_said)
        # Of None, which stands for no layer, the control itself would not tell.
        self.layer.native.currentIndexChanged.connect(self._on_said)
        for typed in (self.k, self.max_iter, self.attempts, self.seed):
            typed.native.lineEdit().textChanged.connect(self._on_said)
        self.scale.valueChanged.connect(self._on_slid)
        self.run_button.changed.connect(lambda: self.run())
        self.cancel_button.changed.connect(self.cancel)
        self.keep_button.changed.connect(self._keep)
        self.grid_button.changed.connect(lambda: self.model.side_by_side())
        self.choose_button.changed.connect(self._choose)
        self.drops = Drops(self.native, Shelf(self.native, self.desk).take)
        self._on_key(QKeySequence.StandardKey.Undo, self._undo)
        self._on_key("Ctrl+Shift+Z", self._redo)
        self._opened = False
        self.model.shown.connect(self._on_shown)
        self.native_parent_changed.connect(self._on_parent)
        self.native.destroyed.connect(self._on_destroyed)

    def _on_key(self, key: Any, act: Any) -> None:
        """Let a key act within the dock."""
        shortcut = QShortcut(QKeySequence(key), self.native)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(act)

    # -- the model, shown and changed ----------------------------------------------

    def reset_choices(self, *_: Any) -> None:
        """Show what there is to choose from now; napari asks when layers change."""
        self.model.choice.follow()

    def _show(self) -> None:
        """Show what is chosen, offered and possible."""
        model, settings = self.model, self.model.settings
        disabled, hidden = model.disabled, model.hidden
        self._showing = True
        try:
            self.shape_epsilon(model.choice.epsilon.step, model.choice.epsilon.decimals)
            for name, control in self.of_settings.items():
                show(control, getattr(settings, name))
                control.enabled = name not in disabled
                control.visible = name not in hidden
            if isinstance(settings.k, int):
                self.scale.setValue(min(max(settings.k, LEAST), MOST))
        finally:
            self._showing = False
        self.channels.value = "\n".join(layer.name for layer in model.sources)
        self.channels.visible = "channels" not in hidden
        self.keep_button.enabled = self.model.can_keep or self.model.refining
        self.grid_button.enabled = self.model.has_kept
        self.run_button.enabled = "run" not in disabled
        self.cancel_button.enabled = "cancel" not in disabled
        self.show_sections()

    def _show_told(self) -> None:
        """Show what is said, and how far a run has come."""
        self.message.value = self.model.message
        self.unfold(self.message.native)
        self.progress.visible = "progress" not in self.model.hidden
        self.progress.value = round(100 * (self.model.progress or 0))

    def _show_mark(self) -> None:
        """Mark the K that is suggested."""
        self.scale.show_mark(self.desk.sweeps.suggested)

    def _on_said(self, _event: Any = None) -> None:
        """Change the model to what the controls say, where that is new."""
        if not self._showing:
            now = {name: said(one) for name, one in self.of_settings.items()}
            before = vars(self.model.settings)
            new = {name: value for name, value in now.items() if value != before[name]}
            self.model.change(**new)

    def _on_slid(self, k: int) -> None:
        if not self._showing:
            self.model.change(k=k)

    def _on_shown(self) -> None:
        """Open the panel of clusters with the first result."""
        self._show()
        if not self._opened and self.model.bench.shown is not None:
            self._opened = True
            open_panel(self.model.viewer, CLUSTERS)
            self.room.ask_for_room()

    # -- a run ---------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self.model.running

    def job(self) -> Job:
        """Return what the controls say, as a job; raise where that is not valid."""
        return self.model.job()

    def run(self, *, block: bool = False) -> FunctionWorker[Outcome] | None:
        """Run k-means on the chosen layer, as the Run button does.

        Parameters
        ----------
        block : bool, default False
            False runs in a worker and returns it at once. True, for scripts, returns
            when the layers are there; the window waits.

        Returns
        -------
        napari.qt.threading.FunctionWorker or None
            The worker that was started. None with `block`, where a run is under way,
            and where the settings are not valid: then there is a notification.
        """
        self.desk.live.stop()
        if block:
            self.model.run()
            return None
        if (job := self.model.begin()) is None:
            return None
        self.desk.start(job)
        return self.desk.worker.native if self.desk.worker else None

    def cancel(self) -> None:
        """Stop a run at once; the viewer stays as it is."""
        self.desk.cancel()

    def _keep(self) -> None:
        """Keep the result; one that is a preview yet, in full."""
        if self.model.refining:
            self.model.cancel()
            self.desk.live.settle()
        self.desk.do(self.model.keep)

    def _choose(self) -> None:
        open_panel(self.model.viewer, CHOOSE)

    def _undo(self) -> None:
        self.desk.do(self.model.undo)

    def _redo(self) -> None:
        self.desk.do(self.model.redo)

    def _on_parent(self, parent: Any) -> None:
        # A dock that is closed lets go of its widget; one that is hidden does not.
        if parent is None:
            self.cancel()
            self.desk.live.settle()

    def _on_destroyed(self, *_: Any) -> None:
        self.model.changed.disconnect(self._show)
        self.model.told.disconnect(self._show_told)
        self.model.shown.disconnect(self._on_shown)
        self.desk.sweeps.changed.disconnect(self._show_mark)
        self.cancel()

    def _on_return(self) -> None:
        """Run; where a run is under way, once more after it."""
        focused = self.native.focusWidget()
        if hasattr(focused, "interpretText"):  # a number just typed
            focused.interpretText()
        self.desk.live.stop()
        self.desk.do(self.model.do, self.model.job)
