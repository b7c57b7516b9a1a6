"""The dock "K-means quantization": its controls, and a worker that obeys them."""

from __future__ import annotations

import math
import time
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

from ..core.criteria import Criteria
from ..core.memory import forecast, free_memory
from ..core.progress import Progress, exhaust, n_steps
from . import controls
from .controls import (
    EACH,
    EPSILON,
    LABELS,
    MAX_ITER,
    OPTIMAL,
    PLANE,
    PLUSPLUS,
    RANDOM,
    WHOLE,
)
from .job import Job, Outcome, run
from .layers import is_result, showing
from .regions import is_region, mask
from .sources import (
    Scope,
    axis_name,
    check_channels,
    full_resolution,
    part,
    value_range,
)
from .summary import by_blocks, summary
from .turns import in_turns

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import napari.viewer
    from napari.layers import Image, Layer, Points
    from napari.qt.threading import GeneratorWorker

#: Seconds before progress is shown: to draw it would take much of a short run's time.
PATIENCE = 0.3


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
        self._worker: GeneratorWorker[Progress, None, Outcome] | None = None
        self._epsilon_shown: float | None = None
        self._shown_for: list[Layer] = []
        self._showing: Iterator[None] = iter(())
        self._begun = 0.0
        self._notice = ""
        choices = controls.Choices(
            self._sources,
            self._scopes,
            self._inits,
            self._start_labels,
            self._regions,
        )
        settings, outputs = controls.settings(choices), controls.outputs()
        settings.append(outputs)
        buttons = controls.buttons()
        super().__init__(
            labels=False,
            widgets=[
                settings,
                buttons,
                ProgressBar(name="progress", min=0, max=1, value=0),
                Label(name="message", value=""),
            ],
        )
        for widget in (*settings, *outputs, *buttons):
            object.__setattr__(self, widget.name, widget)
        self._shape_native()
        self._connect()
        self.reset_choices()
        self._on_layer()

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
        layers, dims = self._viewer.layers, self._viewer.dims
        layers.selection.events.active.connect(self._follow_active)
        layers.selection.events.changed.connect(self._on_selection)
        dims.events.order.connect(self._offer_scopes)
        dims.events.ndisplay.connect(self._offer_scopes)
        self.layer.changed.connect(self._on_layer)
        self.criteria.changed.connect(self._enable)
        self.init.changed.connect(self._enable)
        self.run_button.changed.connect(lambda: self.run())
        self.cancel_button.changed.connect(self.cancel)

    # -- what is offered ---------------------------------------------------------

    def _sources(self, _widget: Any = None) -> list[Layer]:
        from napari.layers import Image, Points

        return [
            layer
            for layer in self._viewer.layers
            if isinstance(layer, (Image, Points)) and not is_result(layer)
        ]

    def _start_labels(self, _widget: Any = None) -> list[Layer]:
        from napari.layers import Labels

        return [layer for layer in self._viewer.layers if isinstance(layer, Labels)]

    def _regions(self, _widget: Any = None) -> list[Layer]:
        return [layer for layer in self._viewer.layers if is_region(layer)]

    def _inits(self, _widget: Any = None) -> list[str]:
        # Also called before there is a layer control.
        images = self._images if hasattr(self, "layer") else []
        if not images:  # points have no pixels that a Labels layer could label
            return [RANDOM, PLUSPLUS]
        gray = len(images) == 1 and not images[0].rgb
        return [RANDOM, PLUSPLUS, *([OPTIMAL] if gray else []), LABELS]

    def _scopes(self, _widget: Any = None) -> list[tuple[str, Scope]]:
        images = self._images if hasattr(self, "layer") else []
        axes = self._sliders(images[0]) if images else ()
        if not axes:
            return [(WHOLE, Scope())]
        # One by one, as the frames of a movie of volumes, and all together.
        some = [(axis,) for axis in axes] if len(axes) > 1 else []
        each = [
            (f"{EACH} {', '.join(axis_name(images[0], a) for a in group)}", group)
            for group in [*some, axes]
        ]
        scopes = [(title, Scope(group)) for title, group in each]
        return [(WHOLE, Scope()), (PLANE, Scope(axes, current=True)), *scopes]

    def _sliders(self, image: Image) -> tuple[int, ...]:
        """Return the axes of an image that have a slider."""
        dims = self._viewer.dims
        missing = dims.ndim - image.ndim
        return tuple(sorted(a - missing for a in dims.not_displayed if a >= missing))

    def _offer_scopes(self, _event: Any = None) -> None:
        self.scope.reset_choices()
        self._enable()

    @property
    def _images(self) -> list[Image]:
        """The Image layers to cluster: the one chosen, or those selected with it."""
        from napari.layers import Image

        chosen = self._image
        if chosen is None:
            return []
        selected = [layer for layer in self._selected if isinstance(layer, Image)]
        return selected if chosen in selected else [chosen]

    @property
    def _selected(self) -> list[Layer]:
        """The layers selected of those that can be chosen, in their order."""
        selection = self._viewer.layers.selection
        return [layer for layer in self.layer.choices if layer in selection]

    @property
    def _image(self) -> Image | None:
        from napari.layers import Image

        value = self.layer.value
        return value if isinstance(value, Image) else None

    @property
    def _points(self) -> Points | None:
        from napari.layers import Points

        value = self.layer.value
        return value if isinstance(value, Points) else None

    def reset_choices(self, *_: Any) -> None:
        """Offer the layers that there are now; follow the active one."""
        super().reset_choices()
        self._follow_active()
        self._enable()

    def _follow_active(self, _event: Any = None) -> None:
        active, selected = self._viewer.layers.selection.active, self._selected
        if active is not None and active in self.layer.choices:
            self.layer.value = active
        elif active is None and selected and self.layer.value not in selected:
            self.layer.value = selected[0]

    def _on_selection(self, _event: Any = None) -> None:
        self._follow_active()
        self._on_layer()

    def _on_layer(self, _event: Any = None) -> None:
        sources = self._sources_chosen
        if sources == self._shown_for:
            return
        self._shown_for = sources
        if not self.running:  # what is said is of others
            self.message.value = ""
        self.init.reset_choices()
        self.scope.reset_choices()
        self.channels.value = "\n".join(layer.name for layer in sources)
        self._show_epsilon()
        self._enable()

    @property
    def _sources_chosen(self) -> list[Layer]:
        """The layers that a run will take."""
        return self._images or ([] if self.layer.value is None else [self.layer.value])

    def _enable(self) -> None:
        """Enable and show what applies."""
        images, points = self._images, self._points
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
        self.add_quantized.enabled = points is None
        self.run_button.enabled = self.layer.value is not None and not self.running

    def _show_epsilon(self) -> None:
        """Show the default epsilon of the layer: 1/255 of the range of its values."""
        if not self._sources_chosen:
            return
        epsilon = max(map(value_range, self._sources_chosen)) / 255 or 1.0
        exponent = math.floor(math.log10(epsilon))
        self.epsilon.native.setDecimals(min(max(3 - exponent, 0), 300))
        self.epsilon.step = 10.0**exponent
        self.epsilon.value = epsilon
        self._epsilon_shown = self.epsilon.value

    # -- a run ---------------------------------------------------------------------

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._worker is not None

    def job(self) -> Job:
        """Return what the controls say, as a job."""
        max_iter = None if self.criteria.value == EPSILON else self.max_iter.value
        epsilon: float | None = self.epsilon.value
        if epsilon == self._epsilon_shown:  # as shown, to the last digit
            epsilon = None
        if self.criteria.value == MAX_ITER:
            epsilon = 0.0
        settings = {
            "criteria": Criteria(max_iter, epsilon),
            "attempts": self.attempts.value,
            "init": RANDOM if self.init.value == LABELS else self.init.value,
            "seed": self.seed.value,
        }
        if self._points is not None:
            return Job(self.layer.value.data, None, self.k.value, settings)
        images = self._images
        data = [full_resolution(image) for image in images]
        check_channels(images)
        rgb, scope = bool(images[0].rgb), self.scope.value
        settings["color_space"] = self.color_space.value if rgb else "rgb"
        settings["no_data"] = number(self.no_data.value)
        if rgb or len(images) > 1:
            settings["scaling"] = self.scaling.value
        if len(images) > 1:
            settings["channel_names"] = [image.name for image in images]
        needed = sum(forecast(array.shape, array.dtype, rgb=rgb) for array in data)
        return Job(
            data if len(images) > 1 else data[0],
            rgb,
            self.k.value,
            settings,
            start_labels=self._painted(),
            mask=partial(mask, self.mask.value, images[0]) if self.mask.value else None,
            axes=() if scope.current else scope.axes,
            cut=self._current(images[0], scope.axes) if scope.current else (),
            needed=needed if needed > free_memory() // 2 else None,
            centers=self.add_centers.value,
        )

    def _painted(self) -> Any:
        """Return the labels to start from, where that was asked for."""
        if self.init.value != LABELS:
            return None
        if self.start_labels.value is None:
            raise ValueError(
                "start='Labels layer' should go with a Labels layer, but none is "
                "chosen."
            )
        return self.start_labels.value.data

    def _current(self, image: Image, axes: tuple[int, ...]) -> tuple[slice, ...]:
        """Return what cuts the plane out of an image that is shown."""
        place = image.world_to_data(self._viewer.dims.point[-image.ndim :])
        shape = full_resolution(image).shape[: image.ndim]
        cut = [slice(None)] * image.ndim
        for axis in axes:
            index = round(place[axis])
            if not 0 <= index < shape[axis]:
                raise ValueError(
                    f"The plane that is shown should cut {image.name!r}, but lies "
                    "outside."
                )
            cut[axis] = slice(index, index + 1)
        return tuple(cut)

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
        from napari.qt.threading import create_worker

        if self.running:
            return None
        sources = self._sources_chosen
        if not sources:
            self._fail(ValueError("layer=None should be an Image or Points layer."))
            return None
        try:
            job = self.job()
        except ValueError as error:
            self._fail(error)
            return None
        if block:
            exhaust(self._finish(sources, job.cut, exhaust(run(job))))
            return None
        total = n_steps(self.attempts.value, job.settings["criteria"].max_iter)
        worker = create_worker(
            run,
            job,
            _progress={"desc": f"K-means: {', '.join(s.name for s in sources)}"},
            _start_thread=False,
        )
        # Napari would count what is yielded; some steps count for more.
        worker.pbar.total = total
        self._worker = worker
        worker.yielded.connect(self._on_progress)
        worker.returned.connect(
            lambda outcome: self._on_returned(sources, job.cut, outcome)
        )
        worker.finished.connect(self._on_finished)
        self._begin(total, by_blocks(job))
        worker.start()
        return worker

    def cancel(self) -> None:
        """Stop a run at its next step; the viewer stays as it is."""
        if self._worker is not None:
            self._worker.quit()
            self.cancel_button.enabled = False
            self.message.value = "Canceling"

    def _begin(self, total: int, notice: str) -> None:
        self.run_button.enabled = False
        self.cancel_button.enabled = True
        self.progress.max = total
        self.progress.value = 0
        self._notice = notice
        self.message.value = f"{notice}Preparing"
        self._begun = time.perf_counter()

    def _on_progress(self, progress: Progress) -> None:
        if time.perf_counter() - self._begun < PATIENCE:
            return
        if self._worker is not None and not self._worker.abort_requested:
            self.progress.visible = True
            self.progress.max = progress.total
            self.progress.value = progress.done
            self.message.value = f"{self._notice}{progress.stage}"
            # Last, since napari lets Qt draw here, and so what is yielded next arrive.
            pbar = self._worker.pbar
            pbar.total = progress.total
            pbar.update(progress.done - pbar.n)

    def _on_returned(
        self, sources: list[Layer], cut: tuple[slice, ...], outcome: Outcome
    ) -> None:
        # Canceled during the last step, a worker still returns.
        if self._worker is not None and not self._worker.abort_requested:
            self._showing = self._finish(sources, cut, outcome)

    def _on_finished(self) -> None:
        if self._worker is not None and self._worker.abort_requested:
            self.message.value = "Canceled"
        self.progress.visible = False
        self.cancel_button.enabled = False
        in_turns(self.native, self._showing, self._on_shown)

    def _on_shown(self) -> None:
        self._worker = None
        self._showing = iter(())
        self._enable()

    def _on_return(self) -> None:
        focused = self.native.focusWidget()
        if hasattr(focused, "interpretText"):  # a number just typed
            focused.interpretText()
        self.run()

    def _finish(
        self, sources: list[Layer], cut: tuple[slice, ...], outcome: Outcome
    ) -> Generator[None, None, None]:
        """Show what came out: layers, one a step, and a line, or a notification."""
        from napari.utils.notifications import show_warning

        result, error = outcome.result, outcome.error
        if result is None:
            self._fail(error)
            return
        for source in sources:
            if source not in self._viewer.layers:
                self.message.value = f"{source.name} is gone: nothing was added"
                return
        if cut:
            sources = [part(source, cut) for source in sources]
        source = sources[0] if len(sources) == 1 else sources
        wanted = {
            "quantized": self.add_quantized.value,
            "labels": self.add_labels.value,
            "centers": self.add_centers.value,
        }
        roles = {name for name, is_wanted in wanted.items() if is_wanted}
        try:
            yield from showing(self._viewer, result.to_layers(source, roles))
        except Exception as error:
            self._fail(error)
            return
        self.message.value = self._notice + summary(result, outcome.seconds)
        if result.note:
            show_warning(result.note)

    def _fail(self, error: Exception | None) -> None:
        """Say what is wrong; of a fault, with its traceback."""
        from napari.utils.notifications import notification_manager, show_error

        self.message.value = f"Failed: {error}"
        if isinstance(error, (TypeError, ValueError, OSError)):
            show_error(str(error))
        elif error is not None:
            notification_manager.receive_error(type(error), error, error.__traceback__)


def number(text: str) -> float | int | None:
    """Return the number that was typed; None for nothing."""
    if not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"no data={text!r} should be a number or empty.")
    return int(value) if value.is_integer() else value
