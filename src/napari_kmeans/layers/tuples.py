"""Layer data: results as napari's LayerDataTuples, without importing napari."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.labeled import stripped
from ..core.palettes.colors import label_colormap, opaque, spectral
from ..core.results.image import QuantizedImage
from ..core.results.planes import QuantizedPlanes
from ..core.results.points import ClusteredPoints
from ..core.validation import shown
from .centers import centers_content
from .coloring import ClusterColors, colors_of, display_colors, with_colors
from .levels import LONGEST, levels_of, thinned
from .metadata import METADATA, LayerData, ndim_of
from .source import (
    ROLES,
    attribute_of,
    check,
    lower_levels,
    name_of,
    placement_in,
    title,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd

    from ..core.results.clusters import ImageClusters


def to_layers(
    result: QuantizedImage | QuantizedPlanes | ClusteredPoints,
    source: Any,
    roles: Collection[str] = ROLES,
) -> list[LayerData]:
    """Return a result as napari layers.

    Parameters
    ----------
    result : QuantizedImage, QuantizedPlanes or ClusteredPoints
        What is to be shown.
    source : napari.layers.Image, napari.layers.Points or str
        The layer that was clustered, whose name, transform, units, colormap and
        contrast the new layers take over; or just a name. A list of layers where each
        was a channel.
    roles : collection of str, default ("quantized", "labels", "centers")
        What layers to return. Of points, "labels" are the points, colored by cluster,
        and "centers" their centers in red.

    Returns
    -------
    list of (data, attributes, type)
        Napari's LayerDataTuples, for ``napari.layers.Layer.create``. The centers, each
        at the mean position of its pixels, are points with the number of their label;
        of planes, one set a plane, where these have two or three dimensions. A large
        2-D image has its labels in several resolutions, a multiscale one everything;
        an image in color is one with its channels last.

    Raises
    ------
    TypeError, ValueError
        Where the source or the roles are not as described.

    Notes
    -----
    The tables are those of ``result.features``, ``color`` being that in which the
    source shows the center. Napari takes the place of a row for the label, so the table
    of the Labels layer begins with label 0, the pixels left out, and lacks ``index``;
    that of the centers calls it ``label``, of points ``cluster``. Labels of several
    channels whose centers look alike have colors of their own: ``label_color``.

    Examples
    --------
    >>> from napari_kmeans import quantize
    >>> image = np.array([[1, 2], [8, 9]], np.uint8)
    >>> _, labels, _ = to_layers(quantize(image, 2), "image")
    >>> labels[1]["features"][["color", "center", "pixels"]]
             color  center  pixels
    0  transparent     NaN       0
    1      #101010     1.5       2
    2      #efefef     8.5       2
    """
    if isinstance(result, QuantizedPlanes):
        return _planes_layers(stripped(result), source, roles)
    if isinstance(result, ClusteredPoints):
        return _points_layers(result, source, roles)
    if not isinstance(result, QuantizedImage):
        raise TypeError(
            f"result={shown(result)} should be what quantize, quantize_planes or "
            "kmeans has returned."
        )
    return _image_layers(stripped(result), source, roles)


def _image_layers(
    result: QuantizedImage, source: Any, roles: Collection[str]
) -> list[LayerData]:
    """Return the quantized image, the labels and the centers as layers."""
    check(source, roles, "contrast_limits", _apart(result))
    colors = colors_of(result, source)
    lower = lower_levels(source)
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
        features = with_colors(result.features, colors)
        centers = centers_content(
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
    return None if result.layout.channel_axis is None else result.channels


def _planes_layers(
    result: QuantizedPlanes, source: Any, roles: Collection[str]
) -> list[LayerData]:
    """Return the quantized image, the labels and each plane's centers as layers."""
    summary = result.summary
    check(source, roles, "contrast_limits", _apart(summary))
    layers = []
    if "quantized" in roles:
        layers += _quantized(summary, [result.quantized], source)
    colors = colors_of(summary, source)
    if "labels" in roles:
        large = max(result.labels.shape) > LONGEST
        labels = thinned(result.labels) if large else [result.labels]
        content = _labels(labels, summary, colors)
        layers.append(_layer(content, "labels", "labels", summary, source))
    if "centers" in roles and result.labels.ndim - len(result.axes) <= 3:
        placed = result.counts > 0
        own = replace(summary, centers=result.centers[placed])
        own_colors, _ = display_colors(own, source)
        of_labels = own_colors
        if colors.labels is not colors.centers:
            of_labels = colors.labels[np.nonzero(placed)[1]]
        features = result.features[placed.reshape(-1)]
        features = with_colors(features, ClusterColors(own_colors, of_labels))
        left = np.delete(result.labels.shape, result.label_axes)
        centers = centers_content(
            result.positions[placed],
            of_labels,
            features.rename(columns={"index": "label"}),
            int(left.max()),
            result.k,
        )
        layers.append(_layer(centers, "centers", "points", summary, source))
    return layers


def _points_layers(
    result: ClusteredPoints, source: Any, roles: Collection[str]
) -> list[LayerData]:
    """Return the points colored by cluster, and their centers in red, as layers."""
    import pandas as pd

    check(source, roles, "symbol", None)
    kept = result.labels >= 0
    colors = np.vstack([spectral(result.k), [0.5, 0.5, 0.5]])[result.labels]
    features = {"cluster": np.where(kept, result.labels + 1, 0)}
    attributes = {
        "features": pd.DataFrame(features),
        "face_color": opaque(colors),
        "size": attribute_of(source, "size", 10.0),
        "symbol": attribute_of(source, "symbol", "o"),
    }
    red = np.tile([1.0, 0.0, 0.0], (result.k, 1))
    table = result.features.rename(columns={"index": "cluster"})
    extent = float(np.ptp(result.points[kept], axis=0).max(initial=0)) or 1.0
    contents = {"labels": (result.points, attributes)}
    contents["centers"] = centers_content(result.centers, red, table, extent, result.k)
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
    made_of = ", ".join(map(name_of, several))
    name = f"{title(several, channel)} {role}"
    if channel is not None:
        made_of = f"{made_of}: {name_of(channel)}"
        ids.append(str(getattr(channel, "unique_id", "")))
    record = {
        "source": made_of,
        "source_id": " ".join(ids),
        "layer": role,
        "name": name,
        **result.settings,
    }
    if role == "labels" and isinstance(result, QuantizedImage):
        record["palette"] = result.palette
    axis: int | None = getattr(result, "channel_axis", None)  # points have none
    placement = placement_in(several[0], ndim_of(data, attributes, kind), axis)
    common = {"name": name, "metadata": {METADATA: record}}
    return data, {**placement, **common, **attributes}, kind


def _quantized(
    result: ImageClusters, levels: list[Any], source: Any
) -> list[LayerData]:
    """Return the quantized image as a layer; of several sources, as one for each."""
    axis = result.channel_axis or 0
    if result.rgb:  # channels last, as a viewer wants them
        data = [np.moveaxis(level, axis, -1) for level in levels]
        content = one_or_all(data, {"rgb": True})
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
        content = one_or_all(data, attributes)
        of = one if len(sources) > 1 else None
        layers.append(_layer(content, "quantized", "image", result, source, of))
    return layers


def _over(blending: str) -> str:
    """Return a blending that hides the sources below: added to them, all is too bright.

    Other channels are then blended with that one as those of the source.
    """
    mixing = ("additive", "minimum", "multiplicative")
    return "translucent_no_depth" if blending in mixing else blending


def one_or_all(
    levels: list[Any], attributes: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    """Return the levels of a layer, and its attributes."""
    if len(levels) == 1:
        return levels[0], attributes
    return levels, {**attributes, "multiscale": True}


def _labels(
    levels: list[Any], result: ImageClusters, colors: ClusterColors
) -> tuple[Any, dict[str, Any]]:
    """Return labels with their colors and their table."""
    table = by_label(with_colors(result.features, colors))
    table.loc[0, table.columns.str.endswith("color")] = "transparent"
    table.loc[0, table.columns == "name"] = ""
    pixels = np.insert(result.counts, 0, result.n_excluded)
    attributes = {
        "colormap": label_colormap(np.arange(1, result.k + 1), colors.labels),
        "features": table.assign(pixels=pixels),
        # Below are the same colors, or others that would mix with these.
        "opacity": 1.0,
    }
    return one_or_all(levels, attributes)


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
