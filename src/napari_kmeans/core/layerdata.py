"""Layer data: results as napari's LayerDataTuples, without importing napari."""

from __future__ import annotations

import colorsys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .planes import QuantizedPlanes
    from .result import ClusteredPoints, QuantizedImage

#: Data, the attributes of the layer, and its type.
LayerData = tuple[Any, dict[str, Any], str]

#: The key in a layer's metadata under which stands what made it.
METADATA = "napari-kmeans"

RED = (1.0, 0.0, 0.0, 1.0)


def image_layers(result: QuantizedImage, source: Any) -> list[LayerData]:
    """Return the quantized image, the labels and, in 2-D, the centers as layers."""
    colors = _display_colors(result, source)
    features = result.features
    features["color"] = hexadecimal(colors)
    layers = [
        _layer(_quantized(result, source), "quantized", "image", result, source),
        _layer(_labels(result, colors, features), "labels", "labels", result, source),
    ]
    if result.labels.ndim == 2:
        placed = result.counts > 0
        centers = _centers(
            result.positions[placed],
            colors[placed],
            features[placed],
            max(result.labels.shape),
        )
        layers.append(_layer(centers, "centers", "points", result, source))
    return layers


def planes_layers(result: QuantizedPlanes, source: Any) -> list[LayerData]:
    """Return the quantized image, the labels and each plane's centers as layers."""
    layers = image_layers(result.overall, source)
    if result.labels.ndim - len(result.axes) <= 3:
        placed = result.counts > 0
        shown = replace(result.overall, centers=result.centers[placed])
        colors = _display_colors(shown, source)
        features = result.features[placed.reshape(-1)]
        features = features.assign(color=hexadecimal(colors))
        left = np.delete(result.labels.shape, result.label_axes)
        centers = _centers(result.positions[placed], colors, features, int(left.max()))
        layers.append(_layer(centers, "centers", "points", result.overall, source))
    return layers


def points_layers(result: ClusteredPoints, source: Any) -> list[LayerData]:
    """Return the points colored by cluster, and their centers in red, as layers."""
    import pandas as pd

    kept = result.labels >= 0
    colors = np.vstack([cluster_colors(result.k), [0.5, 0.5, 0.5]])[result.labels]
    features = {"cluster": np.where(kept, result.labels + 1, 0)}
    size = _attribute(source, "size", 10.0)
    attributes = {
        "features": pd.DataFrame(features),
        "face_color": opaque(colors),
        "size": size,
        "symbol": _attribute(source, "symbol", "o"),
    }
    centers = {
        "features": result.features,
        "face_color": np.tile(RED, (result.k, 1)),
        "size": 1.5 * float(np.median(size)),
    }
    return [
        _layer((result.points, attributes), "labels", "points", result, source),
        _layer((result.centers, centers), "centers", "points", result, source),
    ]


def _layer(
    content: tuple[Any, dict[str, Any]],
    role: str,
    kind: str,
    result: QuantizedImage | ClusteredPoints,
    source: Any,
) -> LayerData:
    """Name a layer, put it where its source is, and note what made it."""
    data, attributes = content
    name = source if isinstance(source, str) else source.name
    record = {
        "source": name,
        "source_id": str(getattr(source, "unique_id", "")),
        "layer": role,
        **result.settings,
    }
    common = {"name": f"{name} {role}", "metadata": {METADATA: record}}
    placement = _placement(source)
    if placement and role != "quantized":
        placement = _without_axis(placement, result.settings.get("channel_axis"))
    return data, {**placement, **common, **attributes}, kind


def _without_axis(placement: dict[str, Any], axis: int | None) -> dict[str, Any]:
    """Return the placement of a layer that lacks the axis of the channels."""
    if axis is None:
        return placement
    ndim = len(placement["scale"])
    shear = np.zeros((ndim, ndim))
    shear[np.triu_indices(ndim, 1)] = placement["shear"]
    vectors = {"scale", "translate", "units", "axis_labels"}
    reduced: dict[str, Any] = {
        name: tuple(v for i, v in enumerate(value) if i != axis)
        for name, value in placement.items()
        if name in vectors
    }
    matrices = {name: placement[name] for name in ("rotate", "affine")}
    for name, matrix in {**matrices, "shear": shear}.items():
        reduced[name] = np.delete(np.delete(matrix, axis, 0), axis, 1)
    above = np.triu_indices(ndim - 1, 1)
    return {**reduced, "shear": np.asarray(reduced["shear"])[above]}


def _placement(source: Any) -> dict[str, Any]:
    """Return what puts a layer into the world where its source is."""
    if isinstance(source, str):
        return {}
    return {
        "scale": source.scale,
        "translate": source.translate,
        "rotate": source.rotate,
        "shear": source.shear,
        "affine": source.affine.affine_matrix,
        "units": source.units,
        "axis_labels": source.axis_labels,
    }


def _attribute(source: Any, name: str, default: Any) -> Any:
    return default if isinstance(source, str) else getattr(source, name)


def _quantized(result: QuantizedImage, source: Any) -> tuple[Any, dict[str, Any]]:
    attributes: dict[str, Any] = {"rgb": result.rgb}
    if not isinstance(source, str) and not result.rgb:
        attributes["colormap"] = source.colormap
        attributes["contrast_limits"] = source.contrast_limits
        attributes["gamma"] = source.gamma
    return result.quantized, attributes


def _labels(
    result: QuantizedImage, colors: NDArray[np.float64], features: Any
) -> tuple[Any, dict[str, Any]]:
    # Napari asks for a color of all other labels, None, and of the background.
    colormap: dict[int | None, Any] = {None: np.zeros(4), 0: np.zeros(4)}
    colormap |= dict(enumerate(opaque(colors), start=1))
    return result.labels, {"colormap": colormap, "features": features}


def _centers(
    positions: NDArray[np.float64],
    colors: NDArray[np.float64],
    features: Any,
    extent: int,
) -> tuple[Any, dict[str, Any]]:
    """Return centers as points, of a size to be seen in an image of this extent."""
    attributes = {
        "features": features.reset_index(drop=True),
        "face_color": opaque(colors),
        "border_color": "white",
        "border_width": 0.1,
        "size": extent / 25,
    }
    return positions, attributes


def _display_colors(result: QuantizedImage, source: Any) -> NDArray[np.float64]:
    """Return the color in which the source layer shows each center: (k, 3)."""
    if result.rgb or isinstance(source, str) or result.centers.shape[1] > 1:
        return result.colors
    low, high = source.contrast_limits
    shown = (result.centers[:, 0] - low) / ((high - low) or 1.0)
    shown = np.clip(shown, 0, 1) ** source.gamma
    return np.asarray(source.colormap.map(shown), np.float64)[:, :3]


def opaque(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return RGB colors with alpha 1: (k, 4)."""
    return np.column_stack([colors, np.ones(len(colors))])


def hexadecimal(colors: NDArray[np.float64]) -> list[str]:
    """Return RGB colors as text.

    Examples
    --------
    >>> hexadecimal(np.array([[1, 0.5, 0]]))
    ['#ff8000']
    """
    bytes_ = np.rint(np.clip(colors, 0, 1) * 255).astype(int)
    return ["#{:02x}{:02x}{:02x}".format(*color) for color in bytes_]


def cluster_colors(k: int) -> NDArray[np.float64]:
    """Return colors for clusters of points, from yellow to violet: (k, 3).

    Red is left out: it is the color of the centers.
    """
    hues = np.linspace(0.14, 0.80, k)
    return np.array([colorsys.hsv_to_rgb(hue, 0.75, 0.95) for hue in hues])
