"""The dock "K-means quantization": its controls, and a worker that obeys them."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from magicgui.widgets import (
    CheckBox,
    ComboBox,
    Container,
    FloatSpinBox,
    Label,
    ProgressBar,
    PushButton,
    SpinBox,
)
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QLabel, QShortcut, QSizePolicy  # type: ignore[attr-defined]

from ..core.criteria import Criteria
from ..core.progress import Progress, exhaust, n_steps
from ..core.result import QuantizedImage
from ..core.validation import MOST_CLUSTERS, MOST_SEED
from .job import Job, Outcome, run
from .layers import is_result, role, show

if TYPE_CHECKING:
    import napari.viewer
    from napari.layers import Image, Labels, Layer, Points
    from napari.qt.threading import GeneratorWorker

    from ..core.result import ClusteredPoints

BOTH, MAX_ITER, EPSILON = "both", "max iterations", "epsilon"
RANDOM, PLUSPLUS, OPTIMAL = "random", "k-means++", "optimal"
LABELS = "Labels layer"

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
    k: SpinBox
    criteria: ComboBox
    max_iter: SpinBox
    epsilon: FloatSpinBox
    attempts: SpinBox
    init: ComboBox
    start_labels: ComboBox
    seed: SpinBox
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
        self._begun = 0.0
        outputs = Container[Any](
            name="outputs",
            label="Add",
            layout="horizontal",
            labels=False,
            widgets=[
                CheckBox(
                    name="add_quantized",
                    text="Quantized",
                    value=True,
                    tooltip="Add the image with each pixel in the color of its center.",
                ),
                CheckBox(
                    name="add_labels",
                    text="Labels",
                    value=True,
                    tooltip="Add the cluster of each pixel or point.",
                ),
                CheckBox(
                    name="add_centers",
                    text="Centers",
                    value=True,
                    tooltip="Add a point for each cluster: for 2-D images at the mean "
                    "position of its pixels, for points at their mean.",
                ),
            ],
        )
        settings = Container[Any](name="settings")
        settings.extend([*self._settings(), outputs])
        buttons = Container[Any](
            name="buttons",
            layout="horizontal",
            labels=False,
            widgets=[
                PushButton(name="run_button", text="Run", tooltip="Run (Return)."),
                PushButton(
                    name="cancel_button",
                    text="Cancel",
                    enabled=False,
                    tooltip="Stop at the next step and leave the viewer as it is.",
                ),
            ],
        )
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

    def _settings(self) -> list[Any]:
        """Return the controls of the settings, in order."""
        return [
            ComboBox(
                name="layer",
                choices=self._sources,
                tooltip="The Image or Points layer to cluster. Follows the active "
                "layer.",
            ),
            SpinBox(
                name="k",
                label="K",
                value=5,
                min=1,
                max=MOST_CLUSTERS,
                tooltip="Number of clusters: of colors or gray values to keep.",
            ),
            ComboBox(
                name="criteria",
                choices=[BOTH, MAX_ITER, EPSILON],
                tooltip="What ends an iteration: the number of steps, centers that "
                "rest, or whichever comes first.",
            ),
            SpinBox(
                name="max_iter",
                label="max iterations",
                value=10,
                min=1,
                max=MOST_SEED,
                tooltip="The most steps of an iteration. The search by OpenCV holds it "
                "to 2..100; the refinement after it does not.",
            ),
            FloatSpinBox(
                name="epsilon",
                value=1.0,
                min=0,
                max=1e300,
                tooltip="Stop when no center moves farther than this, in the units of "
                "the layer. At first 1/255 of the range of its values.",
            ),
            SpinBox(
                name="attempts",
                value=10,
                min=1,
                max=10_000,
                tooltip="How often to search from a new start; the best counts.",
            ),
            ComboBox(
                name="init",
                label="start",
                choices=self._inits,
                tooltip="Where an attempt starts from: random centers, random samples "
                "far apart (k-means++), or labels that you have painted. Optimal, for "
                "gray images, solves for the best clusters there are.",
            ),
            ComboBox(
                name="start_labels",
                label="start labels",
                choices=self._start_labels,
                tooltip="Labels 1..K to start from; unpainted pixels (0) start with "
                "the nearest. Further attempts start at random.",
            ),
            SpinBox(
                name="seed",
                value=0,
                min=0,
                max=MOST_SEED,
                tooltip="Seed of the random starts: the same seed gives the same "
                "result.",
            ),
        ]

    def _shape_native(self) -> None:
        """Arrange what magicgui leaves to Qt."""
        native = self.native
        self.message.native.setWordWrap(True)
        self.message.native.setSizePolicy(
            QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred
        )
        self.message.native.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
        )
        self.progress.visible = False
        # Magicgui aligns labels by a font narrower than napari's.
        labels = [row.findChild(QLabel) for row in self.settings.native.children()]
        width = max(label.sizeHint().width() for label in labels if label)
        for label in filter(None, labels):
            label.setMinimumWidth(round(1.2 * width))
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
        self._viewer.layers.selection.events.active.connect(self._follow_active)
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

    def _inits(self, _widget: Any = None) -> list[str]:
        # Also called before there is a layer control.
        image = self._image if hasattr(self, "layer") else None
        if image is None:  # points have no pixels that a Labels layer could label
            return [RANDOM, PLUSPLUS]
        return [RANDOM, PLUSPLUS, *([] if image.rgb else [OPTIMAL]), LABELS]

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
        active = self._viewer.layers.selection.active
        if active is not None and active in self.layer.choices:
            self.layer.value = active

    def _on_layer(self) -> None:
        self.init.reset_choices()
        self._show_epsilon()
        self._enable()

    def _enable(self) -> None:
        """Enable what applies."""
        image, points = self._image, self._points
        searched = self.init.value != OPTIMAL
        for control in (self.criteria, self.attempts, self.seed):
            control.enabled = searched
        self.max_iter.enabled = searched and self.criteria.value != EPSILON
        self.epsilon.enabled = searched and self.criteria.value != MAX_ITER
        self.start_labels.enabled = self.init.value == LABELS
        self.add_quantized.enabled = points is None
        self.add_centers.enabled = points is not None or (
            image is None or image.ndim == 2
        )
        self.run_button.enabled = self.layer.value is not None and not self.running

    def _show_epsilon(self) -> None:
        """Show the default epsilon of the layer: 1/255 of the range of its values."""
        if self.layer.value is None:
            return
        epsilon = value_range(self.layer.value) / 255 or 1.0
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
        source = self.layer.value
        if self._points is not None:
            return Job(source.data, None, self.k.value, settings)
        data = source.data[0] if source.multiscale else source.data
        start_labels: Labels | None = None
        if self.init.value == LABELS:
            start_labels = self.start_labels.value
            if start_labels is None:
                raise ValueError(
                    "start='Labels layer' should go with a Labels layer, but none is "
                    "chosen."
                )
        painted = None if start_labels is None else start_labels.data
        return Job(data, bool(source.rgb), self.k.value, settings, painted)

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
        from napari.utils.notifications import show_error

        if self.running:
            return None
        source = self.layer.value
        if source is None:
            show_error("layer=None should be an Image or Points layer.")
            return None
        try:
            job = self.job()
        except ValueError as error:
            self.message.value = f"Failed: {error}"
            show_error(str(error))
            return None
        if block:
            self._finish(source, exhaust(run(job)))
            return None
        total = n_steps(self.attempts.value, job.settings["criteria"].max_iter)
        worker = create_worker(
            run,
            job,
            _progress={"desc": f"K-means: {source.name}"},
            _start_thread=False,
        )
        # Napari would count what is yielded; some steps count for more.
        worker.pbar.total = total
        self._worker = worker
        worker.yielded.connect(self._on_progress)
        worker.returned.connect(lambda outcome: self._on_returned(source, outcome))
        worker.finished.connect(self._on_finished)
        self._begin(total)
        worker.start()
        return worker

    def cancel(self) -> None:
        """Stop a run at its next step; the viewer stays as it is."""
        if self._worker is not None:
            self._worker.quit()
            self.cancel_button.enabled = False
            self.message.value = "Canceling"

    def _begin(self, total: int) -> None:
        self.run_button.enabled = False
        self.cancel_button.enabled = True
        self.progress.max = total
        self.progress.value = 0
        self.message.value = "Preparing"
        self._begun = time.perf_counter()

    def _on_progress(self, progress: Progress) -> None:
        if time.perf_counter() - self._begun < PATIENCE:
            return
        if self._worker is not None and not self._worker.abort_requested:
            self.progress.visible = True
            self.progress.value = progress.done
            self.message.value = progress.stage
            # Last, since napari lets Qt draw here, and so what is yielded next arrive.
            self._worker.pbar.update(progress.done - self._worker.pbar.n)

    def _on_returned(self, source: Layer, outcome: Outcome) -> None:
        # Canceled during the last step, a worker still returns.
        if self._worker is not None and not self._worker.abort_requested:
            self._finish(source, outcome)

    def _on_finished(self) -> None:
        if self._worker is not None and self._worker.abort_requested:
            self.message.value = "Canceled"
        self._worker = None
        self.progress.visible = False
        self.cancel_button.enabled = False
        self._enable()

    def _on_return(self) -> None:
        focused = self.native.focusWidget()
        if hasattr(focused, "interpretText"):  # a number just typed
            focused.interpretText()
        self.run()

    def _finish(self, source: Layer, outcome: Outcome) -> None:
        """Show what came out: layers and a line, or a notification."""
        from napari.utils.notifications import (
            notification_manager,
            show_error,
            show_warning,
        )

        result, error = outcome.result, outcome.error
        if result is None:
            self.message.value = f"Failed: {error}"
            if isinstance(error, (TypeError, ValueError)):
                show_error(str(error))
            elif error is not None:  # a fault, to be reported with its traceback
                notification_manager.receive_error(
                    type(error), error, error.__traceback__
                )
            return
        if source not in self._viewer.layers:
            self.message.value = f"{source.name} is gone: nothing was added"
            return
        wanted = {
            "quantized": self.add_quantized.value,
            "labels": self.add_labels.value,
            "centers": self.add_centers.value,
        }
        show(self._viewer, [x for x in result.to_layers(source) if wanted[role(x)]])
        self.message.value = summary(result, outcome.seconds)
        if result.note:
            show_warning(result.note)


def value_range(layer: Layer) -> float:
    """Return about the range of a layer's values; of a large one, from some of them."""
    data = layer.data[0] if getattr(layer, "multiscale", False) else layer.data
    if getattr(layer, "rgb", False):
        data = data[..., :3]
    step = max(1, math.ceil((data.size / 2**22) ** (1 / data.ndim)))
    some = np.asarray(data[(slice(None, None, step),) * data.ndim])
    some = some[np.isfinite(some)].astype(np.float64)
    return float(np.ptp(some)) if some.size else 0.0


def summary(result: QuantizedImage | ClusteredPoints, seconds: float) -> str:
    """Return what came out, in a few lines."""
    steps = "1 step" if result.n_iter == 1 else f"{result.n_iter} steps"
    if result.settings["init"] == "optimal":
        steps = "The best there is"
    lines = [f"Compactness {result.compactness:.6g}"]
    if isinstance(result, QuantizedImage):
        before = "" if result.n_colors is None else f"{result.n_colors:,} → "
        what = "colors" if result.rgb else "values"
        lines.append(f"{before}{result.n_colors_quantized:,} unique {what}")
    lines.append(f"{steps}, {seconds:.2f} s")
    if result.n_excluded:
        what = "pixels" if isinstance(result, QuantizedImage) else "points"
        lines.append(f"{result.n_excluded:,} {what} left out")
    if result.note:
        lines.append(result.note)
    return "\n".join(lines)
