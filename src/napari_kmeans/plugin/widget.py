"""The dock "K-means quantization": its controls, and a worker that obeys them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from magicgui.widgets import (
    CheckBox,
    ComboBox,
    Container,
    FloatSpinBox,
    Label,
    LineEdit,
    ProgressBar,
    PushButton,
    SpinBox,
)
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QLabel, QShortcut, QSizePolicy  # type: ignore[attr-defined]

from ..core.options.criteria import Criteria
from ..core.run.memory import forecast, free_memory
from ..core.run.progress import exhaust
from ..core.validation import check_attempts, check_k, check_seed
from ..layers.source import ROLES
from . import controls
from .controls import EPSILON, MAX_ITER, integer, number
from .epsilon import Epsilon
from .job import Job, Outcome, run
from .layers import showing
from .offers import LABELS, OPTIMAL, RANDOM, Offers
from .regions import mask
from .sources import changed, check_channels, full_resolution, part, plane
from .summary import by_blocks, summary
from .turns import in_turns
from .worker import STEPS, Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    import napari.viewer
    from napari.layers import Layer
    from napari.qt.threading import GeneratorWorker

#: Events of layers that change what is offered, what a run would find, or if it can be.
_TOUCHES = {
    *("name", "data", "paint"),
    *("translate", "scale", "rotate", "shear", "affine", "units"),
}


class KMeansWidget(Container[Any]):
    """Quantize an Image layer, or cluster a Points layer, by k-means.

    Parameters
    ----------
    napari_viewer : napari.viewer.Viewer
        The viewer whose layers are offered, and to which results are added.

    Examples
    --------
    From a script that drives a viewer, set the controls and run::

        dock, widget = viewer.window.add_plugin_dock_widget("napari-kmeans")
        widget.layer.value = viewer.layers["photo"]
        widget.k.value = 3
        widget.run(block=True)
    """

    settings: Container[Any]
    layer: ComboBox
    channels: Label
    scope: ComboBox
    k: SpinBox
    criteria: ComboBox
    max_iter: SpinBox
    epsilon: FloatSpinBox
    attempts: SpinBox
    init: ComboBox
    start_labels: ComboBox
    seed: SpinBox
    color_space: ComboBox
    scaling: ComboBox
    mask: ComboBox
    no_data: LineEdit
    add_quantized: CheckBox
    add_labels: CheckBox
    add_centers: CheckBox
    run_button: PushButton
    cancel_button: PushButton
    progress: ProgressBar
    message: Label

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        # Scripts hand a proxy, the menu the viewer itself: work on one and the same.
        self._viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self._offers = Offers(self._viewer)
        self._worker: Worker | None = None
        self._adding = False
        self._followed: list[Layer] = []
        self._watched: set[Layer] = set()
        self._failed = False
        self._notice = ""
        settings, outputs = controls.settings(self._offers), controls.outputs()
        settings.append(outputs)
        buttons = controls.buttons()
        super().__init__(
            labels=False,
            widgets=[
                settings,
                buttons,
                ProgressBar(name="progress", min=0, max=STEPS, value=0),
                Label(name="message", value=""),
            ],
        )
        for widget in (*settings, *outputs, *buttons):
            object.__setattr__(self, widget.name, widget)
        self._epsilon = Epsilon(self.epsilon)
        self._shape_native()
        self._connect()
        self.reset_choices()

    def _shape_native(self) -> None:
        """Arrange what magicgui leaves to Qt."""
        native = self.native
        self.message.native.setWordWrap(True)
        for label in (self.message, self.channels):
            label.native.setSizePolicy(
                QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred
            )
        self.message.native.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
        )
        self.progress.visible = False
        self.channels.native.setAlignment(Qt.AlignmentFlag.AlignLeft)
        # Magicgui aligns labels by a font narrower than napari's.
        labels = self.settings.native.findChildren(QLabel)
        labels = [label for label in labels if label is not self.channels.native]
        width = max(label.sizeHint().width() for label in labels)
        for label in labels:
            label.setMinimumWidth(round(1.2 * width))
            label.setAlignment(Qt.AlignmentFlag.AlignLeft)
        # Its widest value, 1e300, would make the dock as wide as the screen.
        self.epsilon.native.setSizePolicy(
            QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed
        )
        native.layout().addStretch()
        for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            shortcut = QShortcut(QKeySequence(key), native)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(self._on_return)

    def _connect(self) -> None:
        dims = self._viewer.dims.events
        self._viewer.layers.selection.events.changed.connect(self._on_selection)
        for event in (dims.ndim, dims.order, dims.ndisplay):
            event.connect(self._offer)
        dims.point.connect(self._on_change)
        # Of None, which stands for no layer, the control itself would not tell.
        self.layer.native.currentIndexChanged.connect(self._on_layer)
        for box in (self.criteria, self.init, self.start_labels, self.mask):
            box.changed.connect(self._enable)
        self.settings.changed.connect(self._on_change)
        for typed in (self.k, self.max_iter, self.attempts, self.seed):
            typed.native.lineEdit().textChanged.connect(self._on_change)
        self.run_button.changed.connect(lambda: self.run())
        self.cancel_button.changed.connect(self.cancel)
        self.native_parent_changed.connect(self._on_parent)
        self.native.destroyed.connect(self._on_destroyed)

    # -- what is offered ---------------------------------------------------------

    @property
    def _sources(self) -> list[Layer]:
        """The layers to cluster: the one chosen, or the images selected with it."""
        from napari.layers import Image

        chosen = self.layer.value
        images = [layer for layer in self._selected if isinstance(layer, Image)]
        if chosen in images:
            return images
        return [] if chosen is None else [chosen]

    @property
    def _selected(self) -> list[Layer]:
        """The layers selected of those that are followed, in their order."""
        selection = self._viewer.layers.selection
        return [layer for layer in self._offers.sources() if layer in selection]

    def reset_choices(self, *_: Any) -> None:
        """Offer the layers that there are now; follow the active one."""
        if not self._adding:
            self._renew(self.layer)
            self._follow()
            self._on_layer()

    def _renew(self, box: ComboBox) -> tuple[str, Any] | None:
        """Renew what a box offers; return what was chosen, where that is gone.

        By itself, a box would keep the name of a layer: another may have it by now.
        """
        from napari.layers import Layer

        title, value = box.current_choice, box.value
        with box.changed.blocked():
            box.reset_choices()
            if not isinstance(value, Layer):
                lost = box.current_choice != title and value is not None
                return (title, value) if lost else None
            if value not in box.choices:
                first = self._offers.layers() if box is self.layer else []
                if first or box is not self.layer:
                    box.value = first[0][1] if first else None
                return title, value
            box.value = value
        return None

    def _follow(self) -> None:
        """Choose what was selected since; another that was chosen by hand stays."""
        selected = self._selected
        if selected == self._followed or not {*selected} <= {*self.layer.choices}:
            return
        self._followed = selected
        if selected and self.layer.value not in selected:
            self.layer.value = selected[0]

    def _on_selection(self, _event: Any = None) -> None:
        if not self._adding:
            self._follow()
            self._on_layer()

    def _on_layer(self, _event: Any = None) -> None:
        sources = self._sources
        if sources != self._offers.chosen:
            self._offers.chosen = sources
            if not self.running:  # what is said is of others
                self._tell("")
            self._epsilon.show(sources)
        self._offer()

    def _on_touched(self, event: Any) -> None:
        """Heed that a layer has a new name, or that one that was chosen has changed."""
        if event.type == "name":  # which an older napari does not tell by itself
            self.reset_choices()
            return
        chosen = (*self._offers.chosen, self.start_labels.value, self.mask.value)
        if event.source not in chosen:
            return
        if event.type == "data" and event.source in self._offers.chosen:
            self._epsilon.show(self._offers.chosen)
        self._offer()
        self._on_change()

    def _offer(self, _event: Any = None) -> None:
        """Offer what goes with the layers chosen; say what does not any more."""
        lost = {self.scope: self._renew(self.scope)}
        if (start := self._renew(self.start_labels)) and self.init.value == LABELS:
            self.init.value = RANDOM
            lost[self.init] = start
        else:
            lost[self.init] = self._renew(self.init)
        lost[self.mask] = self._renew(self.mask)
        said = [self._lost(box, *was) for box, was in lost.items() if was]
        if said and self.running:
            self._notice += "".join(f"{line}\n" for line in said)
        elif said and self._offers.chosen:
            self._tell("\n".join(said))
        self.channels.value = "\n".join(layer.name for layer in self._offers.chosen)
        self._enable()

    def _lost(self, box: ComboBox, title: str, value: Any) -> str:
        """Return what is chosen instead of what cannot be any more, and why."""
        from napari.layers import Layer

        now = "none" if box.value is None else box.current_choice
        if isinstance(value, Layer) and value not in self._viewer.layers:
            return f"{box.label} is {now} again: {title!r} is gone."
        chosen = ", ".join(repr(layer.name) for layer in self._offers.chosen)
        return f"{box.label} is {now} again: {title!r} does not fit {chosen}."

    def _enable(self) -> None:
        """Enable and show what applies."""
        images = self._offers.images
        searched = self.init.value != OPTIMAL
        for control in (self.criteria, self.attempts, self.seed):
            control.enabled = searched
        self.max_iter.enabled = searched and self.criteria.value != EPSILON
        self.epsilon.enabled = searched and self.criteria.value != MAX_ITER
        rgb = bool(images) and bool(images[0].rgb)
        self.start_labels.visible = self.init.value == LABELS
        self.channels.visible = len(images) > 1
        self.scope.visible = len(self.scope.choices) > 1
        self.color_space.visible = rgb
        self.scaling.visible = rgb or len(images) > 1
        self.mask.visible = self.no_data.visible = bool(images)
        self.add_quantized.enabled = bool(images) or not self._offers.chosen
        self.run_button.enabled = bool(self._offers.chosen) and not self.running
        self._watch()

    def _watch(self) -> None:
        """Listen to the layers there are, and to no others."""
        layers = {*self._viewer.layers}
        for layer in self._watched ^ layers:
            for name in _TOUCHES & {*layer.events.emitters}:
                event = layer.events[name]
                if layer in layers:
                    event.connect(self._on_touched)
                else:
                    event.disconnect(self._on_touched)
        self._watched = layers

    # -- a run ---------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._worker is not None

    def job(self) -> Job:
        """Return what the controls say, as a job; raise where that is not valid."""
        sources, images = self._offers.chosen, self._offers.images
        if not sources:
            raise ValueError("layer=None should be an Image or Points layer.")
        k, settings, roles = check_k(integer(self.k)), self._search(), self._roles()
        data = [full_resolution(source) for source in sources]
        if not images:
            return Job(data[0], None, k, settings, roles=roles)
        check_channels(images)
        rgb, scope = bool(images[0].rgb), self.scope.value
        settings["color_space"] = self.color_space.value if rgb else "rgb"
        settings["no_data"] = number(self.no_data.value)
        if rgb or len(images) > 1:
            settings["scaling"] = self.scaling.value
        if len(images) > 1:
            settings["channel_names"] = [image.name for image in images]
        needed = sum(forecast(array.shape, array.dtype, rgb=rgb) for array in data)
        cut = plane(self._viewer.dims, images[0], scope.axes) if scope.current else ()
        return Job(
            data if len(images) > 1 else data[0],
            rgb,
            k,
            settings,
            start_labels=self._painted(),
            mask=partial(mask, self.mask.value, images[0]) if self.mask.value else None,
            axes=() if scope.current else scope.axes,
            cut=cut,
            needed=needed if needed > free_memory() // 2 else None,
            roles=roles,
        )

    def _search(self) -> dict[str, Any]:
        """Return how the search is done; what is disabled does not count."""
        if self.init.value == OPTIMAL:
            return {"init": OPTIMAL}
        max_iter = None if self.criteria.value == EPSILON else integer(self.max_iter)
        epsilon = 0.0 if self.criteria.value == MAX_ITER else self._epsilon.value
        return {
            "criteria": Criteria(max_iter, epsilon),
            "attempts": check_attempts(integer(self.attempts)),
            "init": RANDOM if self.init.value == LABELS else self.init.value,
            "seed": check_seed(integer(self.seed)),
        }

    def _roles(self) -> list[str]:
        """Return which layers to add."""
        boxes = [getattr(self, f"add_{role}") for role in ROLES]
        boxes = [box for box in boxes if box.enabled]
        roles = [box.name.removeprefix("add_") for box in boxes if box.value]
        if not roles:
            titles = ", ".join(box.text for box in boxes)
            raise ValueError(f"Add should have one of {titles} ticked, but has none.")
        return roles

    def _painted(self) -> Any:
        """Return the labels to start from, where that was asked for."""
        if self.init.value != LABELS:
            return None
        if self.start_labels.value is None:
            raise ValueError(
                "start='Labels layer' should go with a Labels layer, but none is "
                "chosen."
            )
        return full_resolution(self.start_labels.value)

    def run(self, *, block: bool = False) -> GeneratorWorker[Any, Any, Any] | None:
        """Run k-means on the chosen layer, as the Run button does.

        Parameters
        ----------
        block : bool, default False
            False runs in a worker and returns it at once. True, for scripts, returns
            when the layers are there; the window waits.

        Returns
        -------
        napari.qt.threading.GeneratorWorker or None
            The worker that was started. None with `block`, where a run is under way,
            and where the settings are not valid: then there is a notification.
        """
        if self.running:
            return None
        try:
            job = self.job()
        except ValueError as error:
            self._fail(error)
            return None
        sources = self._offers.chosen
        self._notice = by_blocks(job)
        if block:
            for _ in self._finish(sources, job, exhaust(run(job))):
                pass
            self._on_shown()
            return None
        title = f"K-means: {', '.join(source.name for source in sources)}"
        ended = partial(self._on_ended, sources, job)
        self._worker = Worker(job, title, self._on_progress, ended)
        self._tell(f"{self._notice}Preparing")
        self.cancel_button.enabled = True
        self._enable()
        self._worker.start()
        return self._worker.native

    def cancel(self) -> None:
        """Stop a run at its next step; the viewer stays as it is."""
        if self._worker is not None and not self._adding:
            self._worker.cancel()
            self.cancel_button.enabled = False
            self._tell("Canceling")

    def _on_progress(self, stage: str, done: int) -> None:
        self.progress.visible = True
        self.progress.value = done
        self._tell(f"{self._notice}{stage}")

    def _on_ended(
        self, sources: list[Layer], job: Job, outcome: Outcome | None
    ) -> None:
        self.progress.visible = False
        self.cancel_button.enabled = False
        steps = self._finish(sources, job, outcome)
        in_turns(self.native, steps, self._on_shown)

    def _on_shown(self) -> None:
        self._worker = None
        self.reset_choices()

    def _on_parent(self, parent: Any) -> None:
        # A dock that is closed lets go of its widget; one that is hidden does not.
        if parent is None:
            self.cancel()

    def _on_destroyed(self, *_: Any) -> None:
        if self._worker is not None:
            self._worker.leave()
            self._worker = None

    def _on_return(self) -> None:
        focused = self.native.focusWidget()
        if hasattr(focused, "interpretText"):  # a number just typed
            focused.interpretText()
        self.run()

    def _finish(
        self, sources: list[Layer], job: Job, outcome: Outcome | None
    ) -> Iterator[None]:
        """Show what came out, in steps: layers and a line, or a notification."""
        from napari.utils.notifications import show_warning

        if outcome is None or (self._worker is not None and self._worker.canceled):
            self._tell("Canceled")
            return
        result, layers = outcome.result, self._viewer.layers
        if result is None:
            self._fail(outcome.error)
            return
        if why := changed(layers, sources, job.data):
            self._tell(f"{why}: nothing was added")
            return
        from ..layers.tuples import to_layers

        self._adding = True  # what is chosen stays
        try:
            placed = (
                [part(source, job.cut) for source in sources] if job.cut else sources
            )
            source = placed[0] if len(placed) == 1 else placed
            for _ in showing(self._viewer, to_layers(result, source, job.roles)):
                yield
                if why := changed(layers, sources, job.data):
                    self._tell(f"{why}: the rest was not added")
                    return
        except Exception as error:
            self._fail(error)
            return
        finally:
            self._adding = False
        self._tell(self._notice + summary(result, outcome.seconds))
        if result.note:
            show_warning(result.note)

    def _tell(self, text: str, *, failed: bool = False) -> None:
        self.message.value = text
        self._failed = failed

    def _fail(self, error: Exception | None) -> None:
        """Say what is wrong; of a fault, with its traceback."""
        from napari.utils.notifications import notification_manager, show_error

        self._tell(f"Failed: {error}", failed=True)
        if isinstance(error, (TypeError, ValueError, OSError)):
            show_error(str(error))
        elif error is not None:
            notification_manager.receive_error(type(error), error, error.__traceback__)

    def _on_change(self, _event: Any = None) -> None:
        """Let go of an error whose cause may be gone."""
        if not self._failed:
            return
        try:
            self.job()
        except ValueError as error:
            self._tell(f"Failed: {error}", failed=True)
        else:
            self._tell("")
