"""Recoloring: the colors that the user gave to labels, in an update of these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.palettes.colors import black_or_white, hexadecimal, opaque
from ..core.palettes.matching import still_there
from ..layers.centers import border_color
from ..layers.metadata import METADATA

if TYPE_CHECKING:
    from napari.layers import Labels
    from numpy.typing import NDArray

    #: Colors, RGBA, by the labels that have them.
    Recolored = dict[int, NDArray[np.float64]]


def recolored(layer: Labels, attributes: dict[str, Any]) -> Recolored:
    """Return the colors that the user gave to labels whose clusters are still there."""
    record = layer.metadata[METADATA]
    given, centers = record.get("colors"), record.get("centers")
    if given is None:
        return {}
    colors = record.get("unveiled")
    if colors is None:
        colors = colors_of(layer.colormap, len(given))
    changed = np.abs(colors - given).max(axis=1) > 0.5 / 255
    if not changed.any():
        return {}
    now = still_there(centers, _centers(attributes))
    return {new + 1: colors[old + 1] for old, new in now.items() if changed[old + 1]}


def colors_of(colormap: Any, n: int) -> NDArray[np.float64]:
    """Return the colors of labels 0 to n - 1: (n, 4)."""
    if hasattr(colormap, "color_dict"):
        of, other = colormap.color_dict, colormap.default_color
        return np.array([of.get(label, other) for label in range(n)], np.float64)
    cycle = np.asarray(colormap.colors, np.float64)
    rows = np.arange(n)
    rows[1:] = (rows[1:] - 1) % max(len(cycle) - 1, 1) + 1
    return np.vstack([np.zeros(4), cycle[rows[1:]]])


def _centers(attributes: dict[str, Any]) -> NDArray[np.float64]:
    """Return the centers of labels 1, 2, ... from the table of labels: (k, n)."""
    table = attributes["features"].iloc[1:]
    named = [name for name in table if name.startswith("center")]
    return np.asarray(table[named], np.float64)


def clusters(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return what to note of labels to know later which colors are the user's."""
    colors = attributes["colormap"][: len(attributes["features"])]
    return {"centers": _centers(attributes), "colors": colors}


def with_colors(attributes: dict[str, Any], colors: Recolored) -> dict[str, Any]:
    """Return the attributes of labels, or centers, with the colors of some labels."""
    if "colormap" in attributes and "features" in attributes:
        colormap = attributes["colormap"].copy()
        for label, color in colors.items():
            colormap[label] = color
        table = attributes["features"]
        if "label_color" in table:
            told = hexadecimal(colormap[: len(table), :3])
            told[0] = table["label_color"][0]
            table = table.assign(label_color=told)
        return {**attributes, "colormap": colormap, "features": table}
    if "label" not in attributes.get("features", ()):
        return attributes
    faces = attributes["face_color"].copy()
    for row, label in enumerate(attributes["features"]["label"]):
        faces[row] = colors.get(label, faces[row])
    rgb, k = faces[:, :3], attributes["metadata"][METADATA]["k"]
    text = {**attributes["text"], "color": opaque(black_or_white(rgb))}
    borders = border_color(rgb, k)
    return {**attributes, "face_color": faces, "border_color": borders, "text": text}
