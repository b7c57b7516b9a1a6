"""Veils: labels of which some are hidden or faded, by their colors alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.palettes.colors import label_colormap
from ..layers.metadata import METADATA
from .recoloring import colors_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from napari.components import ViewerModel
    from napari.layers import Labels, Layer
    from numpy.typing import NDArray

#: How much of a label that is faded is covered.
FADED = 0.85


def veil(
    layer: Labels,
    hidden: Collection[int],
    faded: Collection[int],
    cover: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> None:
    """Hide labels, or fade them; others have their colors again.

    A label is covered, in the color of the canvas: what is below it would show it else.

    Parameters
    ----------
    layer : napari.layers.Labels
        Of a result.
    hidden, faded : collection of int
        Labels from 1.
    cover : tuple of float
        A color from 0 to 1.
    """
    record = dict(layer.metadata[METADATA])
    n = len(record["colors"])
    colors = unveiled(layer)
    record.pop("unveiled", None)
    shown = _covered(colors, hidden, faded, cover)
    if not np.allclose(shown, colors_of(layer.colormap, n)):
        layer.colormap = label_colormap(np.arange(1, n), shown[1:])
        # A colormap does not know whether only one label is shown.
        layer.show_selected_label = layer.show_selected_label
    if hidden or faded:
        record["unveiled"] = colors
    layer.metadata = {**layer.metadata, METADATA: record}


def canvas_color(viewer: ViewerModel) -> tuple[float, float, float]:
    """Return the color of a viewer's canvas, from 0 to 1."""
    from napari.utils.theme import get_theme

    red, green, blue = get_theme(viewer.theme).canvas.as_rgb_tuple()[:3]
    return red / 255, green / 255, blue / 255


def is_veiled(layer: Layer) -> bool:
    """Whether some labels of a layer are hidden or faded."""
    return "unveiled" in layer.metadata.get(METADATA, {})


def unveiled(layer: Labels) -> NDArray[Any]:
    """Return the colors that labels have without a veil, from label 0: (n, 4)."""
    record = layer.metadata[METADATA]
    colors = record.get("unveiled")
    if colors is None:
        colors = colors_of(layer.colormap, len(record["colors"]))
    return np.asarray(colors)


def _covered(
    colors: NDArray[Any],
    hidden: Collection[int],
    faded: Collection[int],
    cover: tuple[float, float, float],
) -> NDArray[Any]:
    """Return colors of labels from 0, (n, 4), as a veil lets them be seen."""
    covered = colors.copy()
    for labels, alpha in ((faded, FADED), (hidden, 1.0)):
        rows = [label for label in labels if label < len(colors)]
        covered[rows] = (*cover, alpha)
    return covered
