"""Reading: an OME-Zarr folder as lazy layers."""

from __future__ import annotations

import json
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.layerdata import METADATA
from .source import Source, reason

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.layerdata import LayerData

#: How channels are shown that are red, green and blue.
RGB = ["FF0000", "00FF00", "0000FF"]


def napari_get_reader(path: str | list[str]) -> Callable[[str], list[LayerData]] | None:
    """Return `read` for an OME-Zarr image, and None for anything else."""
    return read if isinstance(path, str) and _is_image(path) else None


def _is_image(path: str) -> bool:
    if "://" in path:
        try:
            attributes = dict(_open(path).attrs)
        except (ValueError, ModuleNotFoundError):
            return False
        return _holds_image(attributes)
    try:
        if (file := Path(path, "zarr.json")).is_file():
            return _holds_image(json.loads(file.read_bytes())["attributes"])
        return _holds_image(json.loads(Path(path, ".zattrs").read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _holds_image(attributes: Any) -> bool:
    return bool(
        {"multiscales", "bioformats2raw.layout"}
        & attributes.get("ome", attributes).keys()
    )


def read(path: str) -> list[LayerData]:
    """Read an OME-Zarr image and its labels, lazily.

    Parameters
    ----------
    path : str
        A folder or a URL.

    Returns
    -------
    list of (data, attributes, type)
        Napari's LayerDataTuples. Data are dask arrays; several levels are a list of
        them, from large to small. Colors are the last axis: three or four channels of
        8 bits that the file shows as red, green and blue, or that it calls RGB. Other
        images of several channels have a `channel_axis`, and attributes without it.

    Raises
    ------
    ModuleNotFoundError
        Without zarr.
    ValueError
        Where it is no OME-Zarr image. Where a block cannot be read, computing it says
        so. A missing chunk is all fill value, as Zarr has it; it is an error only
        where a coarser level tells that there was something.
    """
    path = path.rstrip("/")
    group = _open(path)
    try:
        ome = _ome(group)
        if "multiscales" in ome:
            return _image_and_labels(group, path)
        if "bioformats2raw.layout" in ome:
            layers = []
            for name in sorted(filter(str.isdigit, group.group_keys()), key=int):
                layers += _image_and_labels(group[name], f"{path}/{name}")
            return layers
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(
            f"{path} should have the metadata of OME-Zarr: "
            f"{type(error).__name__}: {error}."
        ) from error
    raise ValueError(f"{path} should be an OME-Zarr image, but has no multiscales.")


def _open(path: str) -> Any:
    try:
        import zarr
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{path} needs zarr, which is missing: pip install 'napari-kmeans[zarr]'."
        ) from error
    try:
        return zarr.open_group(path, mode="r")
    except Exception as error:  # a store may raise anything
        raise ValueError(
            f"{path} should be an OME-Zarr folder: {reason(error)}."
        ) from error


def _ome(group: Any) -> dict[str, Any]:
    """Return the metadata of a group: below a key of their own since version 0.5."""
    attributes = dict(group.attrs)
    return dict(attributes.get("ome", attributes))


def _image_and_labels(group: Any, path: str) -> list[LayerData]:
    layers = [_layer(group, path, Path(path).stem)]
    if "labels" in group:
        for name in _ome(group["labels"]).get("labels", []):
            where = f"{path}/labels/{name}"
            layer = _layer(
                group["labels"][name], where, f"{layers[0][1]['name']} {name}"
            )
            layers.append((*layer[:2], "labels"))
    if METADATA in group.attrs:  # of a result: clustering it again is rarely meant
        for _, attributes, kind in layers:
            role = "labels" if kind == "labels" else "quantized"
            attributes["metadata"] = {METADATA: {"layer": role}}
    return layers


def _layer(group: Any, path: str, name: str) -> LayerData:
    """Return an image, or labels, as a layer of its first multiscale."""
    ome = _ome(group)
    multiscale = ome["multiscales"][0]
    paths = [item["path"] for item in multiscale["datasets"]]
    arrays = {where: _array(group, where, path) for where in paths}
    first = next(iter(arrays.values()))
    axes = _axes(multiscale, first.ndim)
    channel = next((i for i, axis in enumerate(axes) if _is_channel(axis)), None)
    n_channels = 1 if channel is None else first.shape[channel]
    rgb = _is_rgb(group, n_channels, first.dtype)
    coarser = [*arrays.values()][1:]
    levels = [
        Source(array, f"{path}/{where}", channel if rgb else None, next_).lazy()
        for (where, array), next_ in zip_longest(arrays.items(), coarser)
    ]
    if channel is not None and n_channels == 1:
        levels = [level.squeeze(channel) for level in levels]
        channel = None
    attributes = _placement(multiscale, axes)
    attributes["name"] = multiscale.get("name", "").strip("/") or name
    if len(levels) > 1:
        attributes["multiscale"] = True
    data = levels if len(levels) > 1 else levels[0]
    if "image-label" in ome:
        return data, attributes | _labels(ome["image-label"]), "labels"
    if channel is None or rgb:
        attributes["rgb"] = rgb
    else:
        attributes["channel_axis"] = channel
    shown = ome.get("omero", {}).get("channels", [])
    if not rgb and len(shown) == n_channels:
        attributes |= _looks(shown)
    return data, attributes, "image"


def _axes(multiscale: dict[str, Any], ndim: int) -> list[dict[str, Any]]:
    """Return the axes, which up to version 0.3 had names only, and the same ones."""
    axes = multiscale.get("axes", "tczyx"[-ndim:])
    if len(axes) != ndim:
        raise TypeError(f"{ndim} axes are named by {len(axes)}")
    return [{"name": axis} if isinstance(axis, str) else axis for axis in axes]


def _is_channel(axis: dict[str, Any]) -> bool:
    return axis.get("type") == "channel" or axis["name"] == "c"


def _placement(
    multiscale: dict[str, Any], axes: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return what puts the first level into the world, without its channels."""
    scale, translate = np.ones(len(axes)), np.zeros(len(axes))
    for owner in (multiscale["datasets"][0], multiscale):
        for step in owner.get("coordinateTransformations", []):
            if "scale" in step:
                scale, translate = scale * step["scale"], translate * step["scale"]
            elif "translation" in step:
                translate = translate + step["translation"]
    kept = [i for i, axis in enumerate(axes) if not _is_channel(axis)]
    return {
        "scale": tuple(scale[kept].tolist()),
        "translate": tuple(translate[kept].tolist()),
        "units": tuple(_napari_unit(axes[i].get("unit")) for i in kept),
        "axis_labels": tuple(axes[i]["name"] for i in kept),
    }


def _labels(image_label: dict[str, Any]) -> dict[str, Any]:
    """Return the colors and the table that the file has of labels."""
    import pandas as pd

    attributes: dict[str, Any] = {}
    if colors := image_label.get("colors"):
        clear = [0.0, 0.0, 0.0, 0.0]
        attributes["colormap"] = {None: clear, 0: clear} | {
            item["label-value"]: [value / 255 for value in item["rgba"]]
            for item in colors
            if "rgba" in item
        }
    if properties := image_label.get("properties"):
        table = pd.DataFrame(properties).rename(columns={"label-value": "index"})
        attributes["features"] = table
    return attributes


def _array(group: Any, name: str, path: str) -> Any:
    import zarr

    try:
        array = group[name]
        if isinstance(array, zarr.Array):
            return array
        raise TypeError("it is a group")
    except Exception as error:  # a store may raise anything
        raise ValueError(
            f"{path}/{name} should be an array of Zarr: {reason(error)}."
        ) from error


def _is_rgb(group: Any, n_channels: int, dtype: np.dtype[Any]) -> bool:
    if n_channels not in (3, 4):
        return False
    if METADATA in group.attrs:
        return bool(group.attrs[METADATA]["rgb"])
    shown = _ome(group).get("omero", {}).get("channels", [])
    colors = [str(channel.get("color")).upper().lstrip("#") for channel in shown]
    return dtype == np.uint8 and colors[:3] == RGB


def _looks(channels: list[dict[str, Any]]) -> dict[str, Any]:
    """Return how channels are shown; of several, a list of each."""
    looks: dict[str, Any] = {}
    windows = [channel.get("window", {}) for channel in channels]
    limits = [(w.get("start", 0), w.get("end", 0)) for w in windows]
    if all(low < high for low, high in limits):
        looks["contrast_limits"] = limits
    if len(channels) == 1:
        return {key: value[0] for key, value in looks.items()}
    if all("label" in channel for channel in channels):
        looks["name"] = [channel["label"] for channel in channels]
    if all("color" in channel for channel in channels):
        looks["colormap"] = ["#" + c["color"].lstrip("#")[:6] for c in channels]
    return looks


def _napari_unit(name: str | None) -> str:
    if name is None:
        return "pixel"
    try:
        import pint

        pint.get_application_registry().Unit(name)
    except ModuleNotFoundError:
        return name
    except Exception:  # a name that pint does not know, or cannot parse
        return "pixel"
    return name
