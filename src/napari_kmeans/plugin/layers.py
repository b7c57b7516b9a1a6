"""Layers: results put into a viewer, in place where they were before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.layerdata import METADATA, LayerData

if TYPE_CHECKING:
    from collections.abc import Iterable

    from napari.components import ViewerModel
    from napari.layers import Layer

#: What an update leaves as the user has set it: how a layer looks.
_LOOKS = {
    *("border_color", "border_width", "blending"),
    *("colormap", "contrast_limits", "gamma"),
}
_POINTS_LOOKS = _LOOKS | {"size", "symbol"}


def show(viewer: ViewerModel, layers: Iterable[LayerData]) -> list[Layer]:
    """Add layers to a viewer, or update those of an earlier run.

    A layer is of an earlier run where its metadata name the same source, be it since
    renamed, and the same role, and it is of the same type; any other layer is left
    alone, whatever its name. What the user has set on a layer stays, as does the
    selection.

    Parameters
    ----------
    viewer : napari.Viewer
    layers : iterable of (data, attributes, type)
        From ``to_layers`` of a result.

    Returns
    -------
    list of napari.layers.Layer
        Added or updated, in the order given.
    """
    selection = viewer.layers.selection
    active, selected = selection.active, set(selection)
    shown = [_show(viewer, *layer) for layer in layers]
    selection.active = active
    selection.update(selected & set(viewer.layers))
    return shown


def role(layer: LayerData) -> str:
    """Return which of a result's layers this is: quantized, labels or centers."""
    return str(layer[1]["metadata"][METADATA]["layer"])


def is_result(layer: Layer) -> bool:
    """Whether this plugin has made a layer."""
    return METADATA in layer.metadata


def _show(
    viewer: ViewerModel, data: Any, attributes: dict[str, Any], kind: str
) -> Layer:
    from napari.layers import Layer

    layer = _earlier(viewer, data, attributes, kind)
    multiscale = attributes.get("multiscale", False)
    if layer is not None and (multiscale or getattr(layer, "multiscale", False)):
        return _replace(viewer, layer, Layer.create(data, attributes, kind))
    if layer is None:
        return viewer.add_layer(Layer.create(data, attributes, kind))
    if kind == "points":
        _update_points(layer, data, attributes)
    else:
        layer.data = data
    kept = _POINTS_LOOKS if kind == "points" else _LOOKS
    if kind == "labels":  # its colors are those of the centers
        kept = kept - {"colormap"}
    kept = kept | {"name", "rgb", "metadata", "features", "face_color", "multiscale"}
    for name, value in attributes.items():
        if name not in kept and not _same(getattr(layer, name), value):
            setattr(layer, name, value)
    if "features" in attributes:
        layer.features = attributes["features"]
    layer.metadata = {**layer.metadata, **attributes["metadata"]}
    return layer


def _replace(viewer: ViewerModel, old: Layer, new: Layer) -> Layer:
    """Put a layer where another was, looking the same.

    A single level cannot become many, nor, before napari 0.9, many become others.
    """
    looks = {"opacity", "visible"}
    if old._type_string == "image":
        looks |= {"blending", "contrast_limits", "gamma"}
        looks |= set() if old.rgb else {"colormap"}
    for look in looks:
        setattr(new, look, getattr(old, look))
    name, index = old.name, viewer.layers.index(old)
    viewer.layers.remove(old)
    viewer.layers.insert(index, new)
    new.name = name
    return new


def _earlier(
    viewer: ViewerModel, data: Any, attributes: dict[str, Any], kind: str
) -> Layer | None:
    """Find the layer that an earlier run has made for the same purpose."""
    record = attributes["metadata"][METADATA]
    for layer in viewer.layers:
        theirs = layer.metadata.get(METADATA, {})
        if (
            layer._type_string == kind
            and theirs.get("layer") == record["layer"]
            and _same_source(viewer, theirs, record)
            and getattr(layer, "rgb", False) == attributes.get("rgb", False)
            and layer.ndim == _ndim(data, attributes, kind)
        ):
            return layer
    return None


def _same_source(
    viewer: ViewerModel, theirs: dict[str, Any], record: dict[str, Any]
) -> bool:
    """Whether two results are of one source: of one layer, or of a name now free."""
    theirs_id, ours_id = theirs.get("source_id"), record["source_id"]
    if theirs_id and theirs_id == ours_id:
        return True
    if ours_id and any(str(layer.unique_id) == theirs_id for layer in viewer.layers):
        return False
    return bool(theirs.get("source") == record["source"])


def _ndim(data: Any, attributes: dict[str, Any], kind: str) -> int:
    if kind == "points":
        return int(data.shape[1])
    if attributes.get("multiscale", False):
        data = data[0]
    return int(data.ndim) - bool(attributes.get("rgb", False))


def _same(old: Any, new: Any) -> bool:
    """Whether an attribute need not be set, which would draw the layer again."""
    return np.array_equal(np.asarray(old), np.asarray(new))


def _update_points(layer: Any, data: Any, attributes: dict[str, Any]) -> None:
    """Replace points; those that are new look like the others."""
    sizes = np.unique(layer.size)
    layer.data = data
    if len(sizes) == 1:
        layer.size = sizes[0]
    layer.face_color = attributes["face_color"]
