"""Layer data: results as napari's LayerDataTuples, without importing napari."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .blocks import is_lazy
from .colors import (
    WHITISH,
    are_close,
    black_or_white,
    hexadecimal,
    label_colormap,
    opaque,
    separated,
    spectral,
)
from .levels import LONGEST, levels_of, thinned
from .validation import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from .planes import QuantizedPlanes
    from .result import ClusteredPoints, ImageClusters, QuantizedImage

#: Data, the attributes of the layer, and its type.
LayerData = tuple[Any, dict[str, Any], str]

#: The key in a layer's metadata under which stands what made it.
METADATA = "napari-kmeans"

#: What layers of a result are for.
ROLES = ("quantized", "labels", "centers")

#: Clusters whose centers are drawn large enough to hold their numbers.
NUMBERED = 100

#: The diameter of so many centers on the screen, in pixels; their border adds half of
#: it. More are smaller, so that they never cover more of an image.
DIAMETER = 14.0

#: The longest name of several layers; of more, it says how many.
LONG = 24


class _Colors(NamedTuple):
    """The colors of clusters: of their centers as the source shows them, and of labels.

    They differ where labels could not be told apart by those of the centers.
    """

    centers: NDArray[np.float64]
    labels: NDArray[np.float64]


def image_layers(
    result: QuantizedImage, source: Any, roles: Collection[str]
) -> list[LayerData]:
    """Return the quantized image, the labels and the centers as layers."""
    _check(source, roles, "contrast_limits", _apart(result))
    colors = _colors(result, source)
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
        content = _labels(labels, result, colors)
        layers.append(_layer(content, "labels", "labels", result, source))
    if "centers" in roles:
        placed = result.counts > 0
        features = _with_colors(result.features, colors)
        centers = _centers(
            result.positions[placed],
            colors.labels[placed],
            features[placed].rename(columns={"index": "label"}),
            max(result.labels.shape),
            result.k,
        )
        layers.append(_layer(centers, "centers", "points", result, source))
    return layers


def _apart(result: ImageClusters) -> tuple[str, ...] | None:
    """Return the channels that may be a layer each; None where all are in one."""
    return None if result.settings["channel_axis"] is None else result.channels


def _check(
    source: Any, roles: Any, attribute: str, channels: tuple[str, ...] | None
) -> None:
    """Raise where a source, or the roles of layers, are not such as `to_layers` wants.

    Parameters
    ----------
    attribute : str
        What all layers of the kind of the source have.
    channels : tuple of str, optional
        What layers of several may be one each.
    """
    several = source if isinstance(source, list) else [source]
    if not all(isinstance(one, str) or hasattr(one, attribute) for one in several):
        kind = "an Image" if attribute == "contrast_limits" else "a Points"
        raise TypeError(
            f"source={shown(source)} should be {kind} layer of napari, a name, or of "
            "channels a list of layers."
        )
    if isinstance(source, list) and channels is None:
        raise ValueError(
            f"source={shown(source)} should be one layer or name, not a list."
        )
    if isinstance(source, list) and len(source) != len(channels or ()):
        raise ValueError(
            f"source of {len(source)} layers should have one for each channel, "
            f"{', '.join(channels or ())}."
        )
    known = not isinstance(roles, str) and isinstance(roles, Collection)
    if not known or not set(map(str, roles)) <= set(ROLES):
        raise ValueError(
            f"roles={shown(roles)} should be some of {', '.join(map(repr, ROLES))}."
        )


def _with_colors(features: pd.DataFrame, colors: _Colors) -> pd.DataFrame:
    """Return a table with the colors of the centers; of labels, too, if they differ."""
    table = features.assign(color=hexadecimal(colors.centers))
    if colors.labels is not colors.centers:
        place = table.columns.tolist().index("color") + 1
        table.insert(place, "label_color", hexadecimal(colors.labels))
    return table


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
    summary = result.summary
    _check(source, roles, "contrast_limits", _apart(summary))
    layers = []
    if "quantized" in roles:
        layers += _quantized(summary, [result.quantized], source)
    colors = _colors(summary, source)
    if "labels" in roles:
        large = max(result.labels.shape) > LONGEST
        labels = thinned(result.labels) if large else [result.labels]
        content = _labels(labels, summary, colors)
        layers.append(_layer(content, "labels", "labels", summary, source))
    if "centers" in roles and result.labels.ndim - len(result.axes) <= 3:
        placed = result.counts > 0
        own = replace(summary, centers=result.centers[placed])
        own_colors, _ = _display_colors(own, source)
        of_labels = own_colors
        if colors.labels is not colors.centers:
            of_labels = colors.labels[np.nonzero(placed)[1]]
        features = result.features[placed.reshape(-1)]
        features = _with_colors(features, _Colors(own_colors, of_labels))
        left = np.delete(result.labels.shape, result.label_axes)
        centers = _centers(
            result.positions[placed],
            of_labels,
            features.rename(columns={"index": "label"}),
            int(left.max()),
            result.k,
        )
        layers.append(_layer(centers, "centers", "points", summary, source))
    return layers


def points_layers(
    result: ClusteredPoints, source: Any, roles: Collection[str]
) -> list[LayerData]:
    """Return the points colored by cluster, and their centers in red, as layers."""
    import pandas as pd

    _check(source, roles, "symbol", None)
    kept = result.labels >= 0
    colors = np.vstack([spectral(result.k), [0.5, 0.5, 0.5]])[result.labels]
    features = {"cluster": np.where(kept, result.labels + 1, 0)}
    attributes = {
        "features": pd.DataFrame(features),
        "face_color": opaque(colors),
        "size": _attribute(source, "size", 10.0),
        "symbol": _attribute(source, "symbol", "o"),
    }
    red = np.tile([1.0, 0.0, 0.0], (result.k, 1))
    table = result.features.rename(columns={"index": "cluster"})
    extent = float(np.ptp(result.points[kept], axis=0).max(initial=0)) or 1.0
    contents = {"labels": (result.points, attributes)}
    contents["centers"] = _centers(result.centers, red, table, extent, result.k)
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
    made_of = ", ".join(map(_name, several))
    name = f"{_title(several, channel)} {role}"
    if channel is not None:
        made_of = f"{made_of}: {_name(channel)}"
        ids.append(str(getattr(channel, "unique_id", "")))
    record = {
        "source": made_of,
        "source_id": " ".join(ids),
        "layer": role,
        "name": name,
        **result.settings,
    }
    placement = _placement(several[0])
    axis: int | None = getattr(result, "channel_axis", None)  # points have none
    more = len(placement.get("scale", ())) > ndim_of(data, attributes, kind)
    if axis is not None and more:
        placement = _without_axis(placement, axis)
    common = {"name": name, "metadata": {METADATA: record}}
    return data, {**placement, **common, **attributes}, kind


def ndim_of(data: Any, attributes: dict[str, Any], kind: str) -> int:
    """Return the number of dimensions in which a layer is shown."""
    if kind == "points":
        return int(data.shape[1])
    first = data[0] if attributes.get("multiscale", False) else data
    return int(first.ndim) - bool(attributes.get("rgb", False))


def _title(sources: list[Any], channel: Any = None) -> str:
    """Return the name of layers together, or of the one that is a channel of these.

    Of many, how many they are, and of a channel what it has not in common with others.
    """
    names = [_name(source) for source in sources]
    together = ", ".join(names)
    if len(names) == 1 or len(together) <= LONG:
        return together if channel is None else f"{together}: {_name(channel)}"
    if channel is None:
        return f"{len(names)} channels"
    letters = zip(*names, strict=False)
    alike = sum(1 for _ in takewhile(lambda those: len(set(those)) == 1, letters))
    common = re.sub("[^ _:;,./-]*$", "", names[0][:alike])
    return f"{_name(channel).removeprefix(common)} of {len(names)}"


def _name(source: Any) -> str:
    return str(source if isinstance(source, str) else source.name)


def _without_axis(placement: dict[str, Any], axis: int) -> dict[str, Any]:
    """Return the placement of a layer that lacks the axis of the channels."""
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
    axis = result.channel_axis or 0
    if result.rgb:  # channels last, as a viewer wants them
        data = [np.moveaxis(level, axis, -1) for level in levels]
        content = _one_or_all(data, {"rgb": True})
        return [_layer(content, "quantized", "image", result, source)]
    sources = source if isinstance(source, list) else [source]
    layers = []
    for channel, one in enumerate(sources):
        attributes: dict[str, Any] = {"rgb": False}
        if not isinstance(one, str):
            attributes["colormap"] = one.colormap
            attributes["contrast_limits"] = one.contrast_limits
            attributes["gamma"] = one.gamma
            attributes["blending"] = one.blending if channel else _over(one.blending)
        data = levels
        if isinstance(source, list):
            data = [level[(slice(None),) * axis + (channel,)] for level in levels]
        content = _one_or_all(data, attributes)
        of = one if len(sources) > 1 else None
        layers.append(_layer(content, "quantized", "image", result, source, of))
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
    levels: list[Any], result: ImageClusters, colors: _Colors
) -> tuple[Any, dict[str, Any]]:
    """Return labels with their colors and their table."""
    table = by_label(_with_colors(result.features, colors))
    table.loc[0, table.columns.str.endswith("color")] = "transparent"
    pixels = np.insert(result.counts, 0, result.n_excluded)
    attributes = {
        "colormap": label_colormap(np.arange(1, result.k + 1), colors.labels),
        "features": table.assign(pixels=pixels),
    }
    return _one_or_all(levels, attributes)


def by_label(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table for a Labels layer, whose row i is that of label i, from 0.

    Napari's table of features goes by the places of its rows. It shows these places,
    and saves them, as a column of its own.

    Parameters
    ----------
    table : pandas.DataFrame
        With a row for each of some labels, which are its column ``index``.

    Returns
    -------
    pandas.DataFrame
        Without that column; as it was where a label is below 0 or above 65,535.

    Examples
    --------
    >>> import pandas as pd
    >>> by_label(pd.DataFrame({"index": [2, 1], "center": [0.5, 0.1]}))
       center
    0     NaN
    1     0.1
    2     0.5
    """
    labels = table["index"].to_numpy()
    if labels.min(initial=0) < 0 or labels.max(initial=0) >= 2**16:
        return table
    rows = table.set_index("index").reindex(np.arange(labels.max(initial=0) + 1))
    return rows.reset_index(drop=True)


def _centers(
    positions: NDArray[np.float64],
    colors: NDArray[np.float64],
    features: pd.DataFrame,
    extent: float,
    k: int,
) -> tuple[Any, dict[str, Any]]:
    """Return centers as points with numbers, as large on the screen at every zoom.

    The size in the world counts for a click: it is about that on the screen where an
    image of this extent fills the window.
    """
    part = min(1.0, (NUMBERED / k) ** 0.5)
    number = "label" if "label" in features else "cluster"
    attributes = {
        "features": features.reset_index(drop=True),
        "face_color": opaque(colors),
        "border_color": border_color(colors, k),
        # Napari draws no narrower one where it limits the size.
        "border_width": 0.5,
        "size": part * extent / 25,
        "canvas_size_limits": (part * DIAMETER, part * DIAMETER),
        "text": {
            "string": f"{{{number}}}",
            "color": opaque(black_or_white(colors)),
            "size": 8,
            "visible": k <= NUMBERED,
        },
    }
    return positions, attributes


def border_color(colors: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Return the colors of the borders of centers in these colors: (k, 4).

    A number tells where a center is; one without has a ring that is seen on its color.
    """
    return opaque(colors if k <= NUMBERED else black_or_white(colors))


def _colors(result: ImageClusters, source: Any) -> _Colors:
    """Return the colors of centers and labels.

    Labels of several channels, which no one color can show, have well separated ones
    where they could not be told apart otherwise.
    """
    shown, whitish = _display_colors(result, source)
    several = not result.rgb and len(result.channels) > 1
    if several and (whitish or are_close(shown)):
        return _Colors(shown, separated(result.k))
    return _Colors(shown, shown)


def _display_colors(
    result: ImageClusters, source: Any
) -> tuple[NDArray[np.float64], bool]:
    """Return the color in which the source shows each center, (k, 3).

    Of several layers, the sum of their colors, as napari blends them additively; and
    whether a sum is near white.
    """
    several = source if isinstance(source, list) else [source]
    n_channels = result.centers.shape[1]
    if result.rgb or isinstance(several[0], str) or len(several) != n_channels:
        return result.colors, False
    colors = np.zeros((len(result.centers), 3))
    for layer, values in zip(several, result.centers.T, strict=True):
        low, high = layer.contrast_limits
        shown = np.clip((values - low) / ((high - low) or 1.0), 0, 1) ** layer.gamma
        colors += np.asarray(layer.colormap.map(shown), np.float64)[:, :3]
    return np.clip(colors, 0, 1), bool((colors.min(axis=1) > WHITISH).any())
