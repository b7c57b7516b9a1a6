"""Controls: what the dock asks of its user."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from magicgui.widgets import (
    CheckBox,
    ComboBox,
    Container,
    FloatSpinBox,
    Label,
    LineEdit,
    PushButton,
    SpinBox,
)

if TYPE_CHECKING:
    from .offers import Offers

BOTH, MAX_ITER, EPSILON = "both", "max iterations", "epsilon"

#: What can be typed is more than what is valid: a box would turn it into another number
#: without a word. Below the least, one is enough, and arrows go no further.
MOST = 2**53


def settings(offers: Offers) -> Container[Any]:
    """Return the controls of the settings, in order."""
    controls: list[Any] = [
        ComboBox(
            name="layer",
            choices=offers.layers,
            tooltip="The Image or Points layer to cluster. Follows the active "
            "layer, but for results: choose these here. Image layers selected "
            "together are the channels of one clustering.",
        ),
        Label(
            name="channels",
            tooltip="The selected Image layers: a channel each.",
        ),
        ComboBox(
            name="scope",
            label="cluster",
            choices=offers.scopes,
            tooltip="All planes together, the one that is shown, or each on its "
            "own; the clusters of planes are then numbered alike.",
        ),
        SpinBox(
            name="k",
            label="K",
            value=5,
            min=0,
            max=MOST,
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
            min=0,
            max=MOST,
            tooltip="The most steps of an iteration. The search by OpenCV holds it "
            "to 2..100; the refinement after it does not.",
        ),
        FloatSpinBox(
            name="epsilon",
            value=1.0,
            min=-1e300,
            max=1e300,
            tooltip="Stop when no center moves farther than this, in the units of "
            "the layer. At first 1/255 of the range of its values.",
        ),
        SpinBox(
            name="attempts",
            value=10,
            min=0,
            max=MOST,
            tooltip="How often to search from a new start; the best counts.",
        ),
        ComboBox(
            name="init",
            label="start",
            choices=offers.inits,
            tooltip="Where an attempt starts from: random centers, random samples "
            "far apart (k-means++), or labels that you have painted. Optimal, for "
            "gray images, solves for the best clusters there are.",
        ),
        ComboBox(
            name="start_labels",
            label="start labels",
            choices=offers.start_labels,
            nullable=True,
            tooltip="Labels 1..K to start from, of the shape of the image; unpainted "
            "pixels (0) start with the nearest. Further attempts start at random.",
        ),
        SpinBox(
            name="seed",
            value=0,
            min=-1,
            max=MOST,
            tooltip="Seed of the random starts: the same seed gives the same result.",
        ),
        ComboBox(
            name="color_space",
            label="color space",
            choices=[("RGB", "rgb"), ("CIELAB", "cielab"), ("Oklab", "oklab")],
            tooltip="Where distances between colors are measured; in CIELAB and "
            "Oklab they are about as the eye sees them.",
        ),
        ComboBox(
            name="scaling",
            choices=[
                ("none", "none"),
                ("equal range", "range"),
                ("equal variance", "variance"),
            ],
            tooltip="What makes channels of different brightness count alike.",
        ),
        ComboBox(
            name="mask",
            choices=offers.regions,
            nullable=True,
            tooltip="A Labels or Shapes layer: what is outside is left out.",
        ),
        LineEdit(
            name="no_data",
            label="no data",
            tooltip="A value that says that there is none: such pixels are left "
            "out. Those that are NaN, infinite or transparent always are.",
        ),
    ]
    container = Container[Any](name="settings")
    container.extend(controls)
    return container


def outputs() -> Container[Any]:
    """Return the choice of layers to add."""
    return Container[Any](
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


def buttons() -> Container[Any]:
    """Return what begins and ends a run."""
    return Container[Any](
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


def integer(box: SpinBox) -> int:
    """Return the number that was typed, which a box shows as it takes it."""
    if (text := box.native.text()) != str(box.value):
        raise ValueError(f"{box.name}={text!r} should be an integer.")
    return int(box.value)


def number(text: str) -> float | int | None:
    """Return the number that was typed; None for nothing."""
    if not text.strip():
        return None
    with suppress(ValueError):
        if math.isfinite(value := float(text)):
            whole = text.strip().lstrip("+-").isdecimal()
            return int(text) if whole else value  # as a float, it may be another
    raise ValueError(f"no data={text!r} should be a number or empty.")
