"""Controls: what the dock asks of its user, each declared once."""

from __future__ import annotations

from dataclasses import fields
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
from magicgui.widgets.bases import ValueWidget, Widget
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QSizePolicy

from . import epsilon
from .scale import Scale
from .section import Section, Sections
from .settings import TITLES, DockSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .offers import Offers

#: What is below each heading.
SECTIONS = {
    "Criteria and start": (
        *("criteria", "max_iter", "epsilon", "attempts"),
        *("init", "start_labels", "seed"),
    ),
    "Colors and channels": ("color_space", "scaling"),
    "Region": ("mask", "no_data"),
    "Output": (),
}

#: What can be typed is more than what is valid: a box would turn it into another number
#: without a word. Below the least, one is enough, and arrows go no further.
MOST = 2**53


class Controls(Container[Any]):
    """The dock with its controls, named as the settings that they show.

    Parameters
    ----------
    offers : Offers
        What the boxes list.
    """

    def __init__(self, offers: Offers) -> None:
        of, defaults = offers.of, DockSettings.preferred()
        self.layer = ComboBox(
            choices=partial(of, "layer"),
            tooltip="The Image or Points layer to cluster. Follows the active "
            "layer, but for results: choose these here. Image layers selected "
            "together are the channels of one clustering.",
        )
        self.channels = Label(tooltip="The selected Image layers: a channel each.")
        self.scope = ComboBox(
            choices=partial(of, "scope"),
            tooltip="All planes together, the one that is shown, or each on its "
            "own; the clusters of planes are then numbered alike.",
        )
        self.k = SpinBox(
            label="K",
            min=0,
            max=MOST,
            tooltip="Number of clusters: of colors or gray values to keep.",
        )
        self.criteria = ComboBox(
            choices=partial(of, "criteria"),
            tooltip="What ends an iteration: the number of steps, centers that "
            "rest, or whichever comes first.",
        )
        self.max_iter = SpinBox(
            label="max iterations",
            min=0,
            max=MOST,
            tooltip="The most steps of an iteration. The search by OpenCV holds it "
            "to 2..100; the refinement after it does not.",
        )
        self.epsilon = FloatSpinBox(
            min=-epsilon.MOST,
            max=epsilon.MOST,
            tooltip="Stop when no center moves farther than this, in the units of "
            "the layer. At first 1/255 of the range of its values.",
        )
        self.attempts = SpinBox(
            min=0,
            max=MOST,
            tooltip="How often to search from a new start; the best counts.",
        )
        self.init = ComboBox(
            choices=partial(of, "init"),
            tooltip="Where an attempt starts from: random centers, random samples "
            "far apart (k-means++), or labels that you have painted. Optimal, for "
            "gray images, solves for the best clusters there are.",
        )
        self.start_labels = ComboBox(
            choices=partial(of, "start_labels"),
            nullable=True,
            tooltip="Labels 1..K to start from, of the shape of the image; unpainted "
            "pixels (0) start with the nearest. Further attempts start at random.",
        )
        self.seed = SpinBox(
            min=-1,
            max=MOST,
            tooltip="Seed of the random starts: the same seed gives the same result.",
        )
        self.color_space = ComboBox(
            choices=partial(of, "color_space"),
            tooltip="Where distances between colors are measured; in CIELAB and "
            "Oklab they are about as the eye sees them.",
        )
        self.scaling = ComboBox(
            choices=partial(of, "scaling"),
            tooltip="What makes channels of different brightness count alike.",
        )
        self.mask = ComboBox(
            choices=partial(of, "mask"),
            nullable=True,
            tooltip="A Labels or Shapes layer: what is outside is left out.",
        )
        self.no_data = LineEdit(
            tooltip="A value that says that there is none: such pixels are left "
            "out. Those that are NaN, infinite or transparent always are.",
        )
        self.add_quantized = CheckBox(
            text="Quantized",
            tooltip="Add the image with each pixel in the color of its center.",
        )
        self.add_labels = CheckBox(
            text="Labels", tooltip="Add the cluster of each pixel or point."
        )
        self.add_centers = CheckBox(
            text="Centers",
            tooltip="Add a point for each cluster: for 2-D images at the mean "
            "position of its pixels, for points at their mean.",
        )
        self.live = CheckBox(
            text="Live",
            tooltip="Let labels and image follow while you change K, or any other "
            "setting: coarse at first, and in full when your hand rests.",
        )
        self.run_button = PushButton(text="Run", tooltip="Run (Return).")
        self.cancel_button = PushButton(
            text="Cancel", tooltip="Stop at once, and leave the viewer as it is."
        )
        self.keep_button = PushButton(
            text="Keep",
            tooltip="Make this result your own, named by its K: further runs leave it "
            "alone.",
        )
        self.grid_button = PushButton(
            text="Side by side",
            tooltip="Show the results that you kept, and their image, in a grid.",
        )
        self.choose_button = PushButton(
            text="K?", tooltip="Choose K: compare the image with each K of a range."
        )
        self.progress = ProgressBar(min=0, max=100, value=0)
        self.message = Label(value="")
        for name, control in vars(self).items():
            if isinstance(control, Widget):
                control.name = name
        #: The controls of the settings, by their names, which are in the same order.
        self.of_settings: dict[str, ValueWidget[Any]] = {
            field.name: getattr(self, field.name) for field in fields(DockSettings)
        }
        for name, title in TITLES.items():
            self.of_settings[name].label = title
        self.scale = Scale()
        ticks = [self.add_quantized, self.add_labels, self.add_centers]
        self.outputs = _row("outputs", ticks, label="Add")
        always = [self.layer, self.channels, self.scope, self.k]
        self.settings = Container[Any](name="settings", widgets=always)
        self.folded = {
            title: Container[Any](
                name=title, widgets=[self.of_settings[name] for name in names]
            )
            for title, names in SECTIONS.items()
        }
        self.folded["Output"].append(self.outputs)
        self.buttons = _row("buttons", [self.run_button, self.cancel_button, self.live])
        self.kept = _row(
            "kept", [self.keep_button, self.grid_button, self.choose_button]
        )
        rows = [self.settings, self.buttons, self.progress, self.message, self.kept]
        super().__init__(labels=False, widgets=rows)
        for name, control in self.of_settings.items():
            if not isinstance(control, ComboBox):
                control.value = getattr(defaults, name)
        self._shape()

    def _shape(self) -> None:
        """Arrange what magicgui leaves to Qt."""
        self.message.native.setWordWrap(True)
        for label in (self.message, self.channels):
            label.native.setSizePolicy(
                QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred
            )
        self.message.native.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
        )
        self.channels.native.setAlignment(Qt.AlignmentFlag.AlignLeft)
        for container in (self.settings, *self.folded.values()):
            self._align(container)
        # What is widest, a name or 1e300, would make the dock as wide as the screen.
        for control in self.of_settings.values():
            if isinstance(control, (ComboBox, FloatSpinBox, SpinBox, LineEdit)):
                control.native.setMinimumWidth(40)
                control.native.setSizePolicy(
                    QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed
                )
        self.k.native.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.k.native.setFixedWidth(64)
        self.k.native.parentWidget().layout().insertWidget(1, self.scale)
        layout = self.native.layout()
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(4)
        for row in (self.settings, self.buttons, self.kept, *self.folded.values()):
            row.native.layout().setContentsMargins(2, 2, 2, 2)
            row.native.layout().setSpacing(4)
        self.sections = {
            title: Section(title, container.native)
            for title, container in self.folded.items()
        }
        self.room = Sections(self.sections.values())
        layout.addWidget(self.room, 1)
        self.native.setSizePolicy(
            QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum
        )

    def _align(self, container: Container[Any]) -> None:
        """Give labels the width that they need in napari's font, which is wider."""
        labels = [
            label
            for label in container.native.findChildren(QLabel)
            if label is not self.channels.native
        ]
        width = max((label.sizeHint().width() for label in labels), default=0)
        for label in labels:
            label.setMinimumWidth(round(1.2 * width))
            label.setAlignment(Qt.AlignmentFlag.AlignLeft)

    def show_sections(self) -> None:
        """Show the headings below which there is something."""
        for title, names in SECTIONS.items():
            hidden = all(self.of_settings[name].native.isHidden() for name in names)
            self.sections[title].setVisible(not hidden or title == "Output")

    def unfold(self, label: QLabel) -> None:
        """Give a label the height of all its lines, or a small window cuts them off."""
        label.setMinimumHeight(0)  # which counts as needed, too
        label.setMinimumHeight(max(label.heightForWidth(label.width()), 0))

    def shape_epsilon(self, step: float, decimals: int) -> None:
        """Show epsilon with so many decimals."""
        if self.epsilon.native.decimals() != decimals:
            self.epsilon.native.setDecimals(decimals)
        self.epsilon.step = step


def said(control: ValueWidget[Any]) -> Any:
    """Return what a control says: the text that was typed, where it takes it otherwise.

    So it is with a number of which only the sign is there, or nothing.
    """
    if isinstance(control, SpinBox):
        text = control.native.text()
        return int(control.value) if text == str(control.value) else text
    return control.value


def show(control: ValueWidget[Any], value: Any) -> None:
    """Let a control say something, if it does not yet."""
    if isinstance(control, ComboBox):
        control.reset_choices()
        if value not in control.choices:  # a layer that went as others are added
            return
    if said(control) == value:
        return
    if isinstance(control, SpinBox) and isinstance(value, str):
        control.native.lineEdit().setText(value)
    else:
        control.value = value


def _row(name: str, widgets: Sequence[Widget], **attributes: Any) -> Container[Any]:
    return Container[Any](
        name=name, layout="horizontal", labels=False, widgets=widgets, **attributes
    )
