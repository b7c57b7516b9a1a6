"""Layer data: results as napari's LayerDataTuples, without importing napari."""

from __future__ import annotations

import colorsys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .blocks import is_lazy
from .levels import LONGEST, levels_of, thinned

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from .planes import QuantizedPlanes
    from .result import ClusteredPoints, ImageClusters, QuantizedImage

#: Data, the attributes of the layer, and its type.
LayerData = tuple[Any, dict[str, Any], str]

#: The key in a layer's metadata under which stands what made it.
METADATA = "napari-kmeans"

RED = (1.0, 0.0, 0.0, 1.0)


#: What layers of a result are for.
ROLES = ("quantized", "labels", "centers")


def image_layers(
    result: QuantizedImage, source: Any, roles: Collection[str]
) -> list[LayerData]:
    """Return the quantized image, the labels and the centers as layers."""
    colors, features = _colors_and_features(result, source)
    lower = _lower_levels(source)
    labels, quantized = [result.labels], [result.quantized]
    if lower and {"quantized", "labels"} & set(roles):
        labels, quantized = levels_of(result, lower)
    elif max(result.labels.shape) > LONGEST:
        labels = thinned(result.labels)
    layers = []
    if "quantized" in roles:
        layers += _quantized(result, quantized, source)
    if "labels" in roles:
        content = _labels(labels, colors, features)
        layers.append(_layer(content, "labels", "labels", result, source))
    if "centers" in roles:
        placed = result.counts > 0
        centers = _centers(
            result.positions[placed],
            colors[placed],
            features[placed],
            max(result.labels.shape),
        )
        layers.append(_layer(centers, "centers", "points", result, source))
    return layers


def _colors_and_features(
    result: ImageClusters, source: Any
) -> tuple[NDArray[np.float64], pd.DataFrame]:
    colors = _display_colors(result, source)
    features = result.features
    features["color"] = hexadecimal(colors)
    return colors, features


def _lower_levels(source: Any) -> list[Any]:
    """Return the lower levels of a multiscale source, as images like the highest."""
    sources = source if isinstance(source, list) else [source]
    if not all(getattr(layer, "multiscale", False) for layer in sources):
        return []
    levels = list(zip(*(layer.data[1:] for layer in sources), strict=False))
    if not isinstance(source, list):
        return [level for (level,) in levels]
    return [stacked(level) for level in levels]


def stacked(channels: Sequence[Any]) -> Any:
    """Return images as the channels of one, along its first axis."""
    if not any(map(is_lazy, channels)):
        return np.stack(channels)
    import dask.array as da

    return da.stack([da.asarray(channel) for channel in channels])


def planes_layers(
    result: QuantizedPlanes, source: Any, roles: Collection[str]
) -> list[LayerData]:
    """Return the quantized image, the labels and each plane's centers as layers."""
    layers = []
    if "quantized" in roles:
        layers += _quantized(result.summary, [result.quantized], source)
    if "labels" in roles:
        colors, features = _colors_and_features(result.summary, source)
        large = max(result.labels.shape) > LONGEST
        labels = thinned(result.labels) if large else [result.labels]
        content = _labels(labels, colors, features)
        layers.append(_layer(content, "labels", "labels", result.summary, source))
    if "centers" in roles and result.labels.ndim - len(result.axes) <= 3:
        placed = result.counts > 0
        shown = replace(result.summary, centers=result.centers[placed])
        colors = _display_colors(shown, source)
        features = result.features[placed.reshape(-1)]
        features = features.assign(color=hexadecimal(colors))
        left = np.delete(result.labels.shape, result.label_axes)
        centers = _centers(result.positions[placed], colors, features, int(left.max()))
        layers.append(_layer(centers, "centers", "points", result.summary, source))
    return layers


def points_layers(
    result: ClusteredPoints, source: Any, roles: Collection[str]
) -> list[LayerData]:
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
    contents = {"labels": (result.points, attributes)}
    contents["centers"] = (result.centers, centers)
    return [
        _layer(content, role, "points", result, source)
        for role, content in contents.items()
        if role in roles
    ]


def _layer(
    content: tuple[Any, dict[str, Any]],
    role: str,
    kind: str,
    result: ImageClusters | ClusteredPoints,
    source: Any,
    channel: Any = None,
) -> LayerData:
    """Name a layer, put it where its source is, and note what made it.

    Of several sources it may be for one, the channel.
    """
    data, attributes = content
    several = source if isinstance(source, list) else [source]
    ids = [str(getattr(one, "unique_id", "")) for one in several]
    name = ", ".join(map(_name, several))
    if len(several) > 1 and channel is not None:
        name = f"{name}: {_name(channel)}"
        ids.append(str(getattr(channel, "unique_id", "")))
    record = {
        "source": name,
        "source_id": " ".join(ids),
        "layer": role,
        **result.settings,
    }
    common = {"name": f"{name} {role}", "metadata": {METADATA: record}}
    placement = _placement(several[0])
    if placement and role != "quantized" and not isinstance(source, list):
        placement = _without_axis(placement, result.settings.get("channel_axis"))
    return data, {**placement, **common, **attributes}, kind


def _name(source: Any) -> str:
    return str(source if isinstance(source, str) else source.name)


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


def _quantized(
    result: ImageClusters, levels: list[Any], source: Any
) -> list[LayerData]:
    """Return the quantized image as a layer; of several sources, as one for each."""
    sources = source if isinstance(source, list) else [source]
    layers = []
    for channel, one in enumerate(sources):
        attributes: dict[str, Any] = {"rgb": result.rgb}
        if not isinstance(one, str) and not result.rgb:
            attributes["colormap"] = one.colormap
            attributes["contrast_limits"] = one.contrast_limits
            attributes["gamma"] = one.gamma
            attributes["blending"] = one.blending if channel else _over(one.blending)
        data = levels
        if isinstance(source, list):
            at = (*(slice(None),) * result.settings["channel_axis"], channel)
            data = [level[at] for level in levels]
        content = _one_or_all(data, attributes)
        layers.append(_layer(content, "quantized", "image", result, source, one))
    return layers


def _over(blending: str) -> str:
    """Return a blending that hides the sources below: added to them, all is too bright.

    Other channels are then blended with that one as those of the source.
    """
    mixing = ("additive", "minimum", "multiplicative")
    return "translucent_no_depth" if blending in mixing else blending


def _one_or_all(
    levels: list[Any], attributes: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """Return the levels of a layer, and its attributes."""
    if len(levels) == 1:
        return levels[0], attributes
    return levels, {**attributes, "multiscale": True}


def _labels(
    levels: list[Any], colors: NDArray[np.float64], features: pd.DataFrame
) -> tuple[Any, dict[str, Any]]:
    colormap = np.vstack([np.zeros(4), opaque(colors)])
    return _one_or_all(levels, {"colormap": colormap, "features": features})


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


def _display_colors(result: ImageClusters, source: Any) -> NDArray[np.float64]:
    """Return the color in which the source shows each center: (k, 3).

    Of several layers, the sum of their colors, as napari blends them additively.
    """
    several = source if isinstance(source, list) else [source]
    n_channels = result.centers.shape[1]
    if result.rgb or isinstance(several[0], str) or len(several) != n_channels:
        return result.colors
    colors = np.zeros((len(result.centers), 3))
    for layer, values in zip(several, result.centers.T, strict=True):
        low, high = layer.contrast_limits
        shown = np.clip((values - low) / ((high - low) or 1.0), 0, 1) ** layer.gamma
        colors += np.asarray(layer.colormap.map(shown), np.float64)[:, :3]
    return np.clip(colors, 0, 1)


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
