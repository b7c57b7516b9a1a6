"""Layers: results put into a viewer, in place where they were before.

What one call puts there is a *result*, with a number in the metadata of its layers. A
result is its user's from when one of its layers has another name, labels that were
painted on, or points that were moved: it is left alone, and the next has new layers.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.run.threads import map_blocks
from ..layers.centers import border_color
from ..layers.metadata import METADATA, LayerData, ndim_of
from ..layers.source import ROLES
from .recoloring import clusters, recolored, with_colors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from napari.components import ViewerModel
    from napari.layers import Layer, Points

    from .recoloring import Recolored

#: What an update sets anew; all else of a layer stays as the user has it.
_PLACEMENT = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")

#: What napari appends to a name that is taken.
_COUNT = re.compile(r" \[\d+\]$")


def show(viewer: ViewerModel, layers: Iterable[LayerData]) -> list[Layer]:
    """Add layers to a viewer, or update those of an earlier run.

    A layer is of an earlier run where its metadata name the same source, be it since
    renamed, and the same role, and it is of the same type; any other layer is left
    alone, whatever its name, and so is a result that has become its user's. What the
    user has set on a layer stays, as does the selection; colors given to labels stay
    where their cluster is still there.

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
    return list(dict.fromkeys(showing(viewer, layers)))


def showing(viewer: ViewerModel, layers: Iterable[LayerData]) -> Iterator[Layer]:
    """Show layers as `show` does, yielding each, or part of it: a window answers then.

    A new layer is there, with its controls, in one step, and drawn after the next:
    together, the first of a session would take too long.
    """
    layers = list(layers)
    number = _number_to_update(viewer, layers)
    earlier = [_find(_members(viewer, number), viewer, layer) for layer in layers]
    number = number or 1 + max(map(_number, viewer.layers), default=0)
    colors: Recolored = {}
    for layer_data, old in zip(layers, earlier, strict=True):
        selection = viewer.layers.selection
        active, selected = selection.active, set(selection)
        old = old if old in viewer.layers else None
        if layer_data[2] == "labels" and old is not None:
            colors = recolored(old, layer_data[1])
        layer = _show(viewer, old, layer_data, colors, number)
        if old is None:
            selection.active = active
            selection.update(selected & set(viewer.layers))
        if old is None:
            try:
                yield layer
            finally:  # also where nothing further is shown
                layer.visible = True
        yield layer


def keep(layers: Iterable[Layer], name: str) -> None:
    """Make layers of a result the user's own: further runs leave them alone.

    Parameters
    ----------
    layers : iterable of napari.layers.Layer
    name : str
        What is appended to their names.
    """
    for layer in layers:
        record = {**layer.metadata[METADATA], "kept": True}
        layer.metadata = {**layer.metadata, METADATA: record}
        layer.name = f"{layer.name} {name}"


def side_by_side(viewer: ViewerModel) -> None:
    """Show what was kept, and its source, in napari's grid; hide all else.

    Of each result one layer is shown: the quantized image where there is one. Those of
    fewer clusters come first.
    """
    kept = [layer for layer in viewer.layers if is_kept(layer)]
    best: dict[int, Layer] = {}
    for layer in kept:
        one = best.setdefault(_number(layer), layer)
        if _rank(layer) < _rank(one):
            best[_number(layer)] = layer
    shown = sorted(best.values(), key=lambda layer: layer.metadata[METADATA]["k"])
    ids = {i for layer in shown for i in _source_ids(layer)}
    sources = [layer for layer in viewer.layers if _id(layer) in ids]
    for layer in viewer.layers:
        layer.visible = layer in shown or layer in sources
    for place, layer in enumerate([*sources, *shown]):
        viewer.layers.move(viewer.layers.index(layer), place)
    grid = getattr(viewer, "canvas", viewer).grid
    # From the lowest of the list on, which is the source.
    grid.stride, grid.shape, grid.enabled = 1, (-1, -1), True
    viewer.reset_view()


def _rank(layer: Layer) -> int:
    return ROLES.index(layer.metadata[METADATA]["layer"])


def _source_ids(layer: Layer) -> list[str]:
    return str(layer.metadata[METADATA].get("source_id", "")).split()


def role(layer: LayerData) -> str:
    """Return which of a result's layers this is: quantized, labels or centers."""
    return str(layer[1]["metadata"][METADATA]["layer"])


def is_result(layer: Layer) -> bool:
    """Whether this plugin has made a layer."""
    return METADATA in layer.metadata


def is_kept(layer: Layer) -> bool:
    """Whether a layer is of a result that was kept."""
    return bool(layer.metadata.get(METADATA, {}).get("kept"))


# -- whose a result is -----------------------------------------------------------------


def _number_to_update(viewer: ViewerModel, layers: list[LayerData]) -> int | None:
    """Return the number of the latest result of this source that is not the user's."""
    found = [
        layer
        for layer in viewer.layers
        if is_result(layer) and any(_is_for(layer, viewer, one) for one in layers)
    ]
    for number in sorted(set(map(_number, found)), reverse=True):
        # Those without a number a script has added, maybe of several sources.
        members = _members(viewer, number) if number else found
        if not any(is_users(layer) for layer in members if _number(layer) == number):
            return number
    return None


def _number(layer: Layer) -> int:
    """Return the number of the result that a layer belongs to; 0 for none."""
    return int(layer.metadata.get(METADATA, {}).get("result", 0))


def _members(viewer: ViewerModel, number: int | None) -> list[Layer]:
    """Return the layers of a result. A copy that the user has made is not one."""
    if number is None:
        return []
    results = [layer for layer in viewer.layers if is_result(layer)]
    return [
        layer
        for layer in results
        if _number(layer) == number
        and layer.metadata[METADATA].get("id", _id(layer)) == _id(layer)
    ]


def _id(layer: Layer) -> str:
    return str(layer.unique_id)


def is_users(layer: Layer) -> bool:
    """Whether the user has kept or renamed a layer, painted, or moved its points."""
    record = layer.metadata[METADATA]
    if is_kept(layer):
        return True
    if _COUNT.sub("", layer.name) != _COUNT.sub("", record.get("name", layer.name)):
        return True
    return "digest" in record and bool(record["digest"] != _digest(layer))


def _digest(layer: Layer) -> str | None:
    """Return a fingerprint of what a user may edit by hand; None for all else."""
    data = layer.data
    if layer._type_string == "image" or not isinstance(data, np.ndarray):
        return None
    flat = np.ascontiguousarray(data).reshape(-1)
    parts = map_blocks(lambda start, stop: zlib.crc32(flat[start:stop].data), flat.size)
    return f"{data.dtype} {data.shape} {zlib.crc32(np.array(parts).data):x}"


# -- which layer is for what -----------------------------------------------------------


def _find(layers: list[Layer], viewer: ViewerModel, wanted: LayerData) -> Layer | None:
    return next((layer for layer in layers if _is_for(layer, viewer, wanted)), None)


def _is_for(layer: Layer, viewer: ViewerModel, wanted: LayerData) -> bool:
    """Whether a layer of a result is what an earlier run has made for this purpose."""
    data, attributes, kind = wanted
    theirs, ours = layer.metadata[METADATA], attributes["metadata"][METADATA]
    return (
        layer._type_string == kind
        and theirs.get("layer") == ours["layer"]
        and _same_source(viewer, theirs, ours)
        and getattr(layer, "rgb", False) == attributes.get("rgb", False)
        and layer.ndim == ndim_of(data, attributes, kind)
    )


def _same_source(
    viewer: ViewerModel, theirs: dict[str, Any], record: dict[str, Any]
) -> bool:
    """Whether two results are of one source: of one layer, or of a name now free."""
    theirs_id, ours_id = theirs.get("source_id"), record["source_id"]
    if theirs_id and theirs_id == ours_id:
        return True
    if ours_id and any(_id(layer) == theirs_id for layer in viewer.layers):
        return False
    return bool(theirs.get("source") == record["source"])


# -- adding and updating ---------------------------------------------------------------


def _show(
    viewer: ViewerModel,
    layer: Layer | None,
    wanted: LayerData,
    colors: Recolored,
    number: int,
) -> Layer:
    from napari.layers import Layer

    data, given, kind = wanted
    attributes = with_colors(given, colors) if colors else given
    multiscale = attributes.get("multiscale", False)
    if layer is None:
        hidden = {**attributes, "visible": False}
        layer = viewer.add_layer(Layer.create(data, hidden, kind))
    elif multiscale or getattr(layer, "multiscale", False):
        layer = put_instead(viewer, layer, Layer.create(data, attributes, kind))
    else:
        _update(layer, data, attributes)
    record = {**attributes["metadata"][METADATA], "result": number, "id": _id(layer)}
    record["name"] = layer.name
    if kind == "labels":
        record |= clusters(given)
    if (digest := _digest(layer)) is not None:
        record["digest"] = digest
    layer.metadata = {**layer.metadata, METADATA: record}
    return layer


def _update(layer: Layer, data: Any, attributes: dict[str, Any]) -> None:
    """Set what is new; how a layer looks else is the user's."""
    if layer._type_string == "points":
        _update_points(layer, data, attributes)
    elif layer.data is not data:
        layer.data = data
    for name in _PLACEMENT:
        if name in attributes and not _same(getattr(layer, name), attributes[name]):
            setattr(layer, name, attributes[name])
    if layer._type_string == "labels":
        layer.features = attributes["features"]
        layer.colormap = attributes["colormap"]
        # A colormap does not know whether only one label is shown.
        layer.show_selected_label = layer.show_selected_label


def put_instead(viewer: ViewerModel, old: Layer, new: Layer) -> Layer:
    """Put a layer where another was, looking the same, and selected where that was.

    A single level cannot become many, nor, before napari 0.9, many become others.
    """
    looks = {"opacity", "visible"}
    if old._type_string == "image":
        looks |= {"blending", "contrast_limits", "gamma"}
        looks |= set() if old.rgb else {"colormap"}
    for look in looks:
        setattr(new, look, getattr(old, look))
    name, index = old.name, viewer.layers.index(old)
    selection = viewer.layers.selection
    active, selected = selection.active, {*selection}
    viewer.layers.remove(old)
    viewer.layers.insert(index, new)
    new.name = name
    was = {old: new}
    viewer.layers.selection = {was.get(layer, layer) for layer in selected}
    viewer.layers.selection.active = was.get(active, active)
    return new


def _update_points(layer: Points, data: Any, attributes: dict[str, Any]) -> None:
    """Replace points; those that are new look like the others."""
    sizes = np.unique(layer.size)
    borders, k = layer.border_color, layer.metadata[METADATA]["k"]
    theirs = not _same(borders, border_color(layer.face_color[:, :3], k))
    # Of points that are hidden, napari would look for those that are gone.
    visible, layer.visible = layer.visible, True
    layer.data = data
    if len(sizes) == 1:
        layer.size = sizes[0]
    layer.features = attributes["features"]
    layer.face_color = attributes["face_color"]
    if "text" in attributes:  # these are centers
        before, after = layer.canvas_size_limits, attributes["canvas_size_limits"]
        layer.canvas_size_limits = after
        if before != after:  # otherwise, whether there are numbers is the user's
            layer.text.visible = attributes["text"]["visible"]
        layer.text.color = attributes["text"]["color"]
        layer.border_color = borders[0] if theirs else attributes["border_color"]
    layer.visible = visible


def _same(old: Any, new: Any) -> bool:
    """Whether an attribute need not be set, which would draw the layer again."""
    return np.array_equal(np.asarray(old), np.asarray(new))
