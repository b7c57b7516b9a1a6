"""Reading: an OME-Zarr folder as lazy layers."""

from __future__ import annotations

import json
import operator
import re
import warnings
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..layers.metadata import METADATA
from .source import Source, reason

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

    from ..layers.metadata import LayerData

T = TypeVar("T")

#: How channels are shown that are red, green and blue; and how these are called.
RGB = ["FF0000", "00FF00", "0000FF"]
NAMES_OF_RGB = [["red", "green", "blue"], ["r", "g", "b"]]

#: What metadata of another shape than was expected raise.
MALFORMED = (KeyError, TypeError, AttributeError, IndexError)


def napari_get_reader(path: str | list[str]) -> Callable[[str], list[LayerData]] | None:
    """Return `read` for an OME-Zarr image, and None for anything else."""
    return read if isinstance(path, str) and _is_image(path) else None


def _is_image(path: str) -> bool:
    """Whether it has the metadata of OME-Zarr, be it without an image."""
    try:
        if "://" in path:
            return _is_ours(dict(_open(path).attrs))
        if (file := Path(path, "zarr.json")).is_file():
            return _is_ours(json.loads(file.read_bytes())["attributes"])
        return _is_ours(json.loads(Path(path, ".zattrs").read_bytes()))
    except RecursionError:  # nested so deep that `read` has to say so
        return True
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError):
        return False


def _is_ours(attributes: Any) -> bool:
    keys = attributes.get("ome", attributes).keys()
    return bool({"multiscales", "bioformats2raw.layout", "plate", "well"} & keys)


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
        them, from large to small. Colors are the last axis: three or four channels
        whose names or colors are red, green and blue, in this order. Other images of
        several channels have a `channel_axis`, and attributes without it.

    Raises
    ------
    ModuleNotFoundError
        Without zarr.
    ValueError
        Where it is no OME-Zarr image. Where a block cannot be read, computing it says
        so. A missing chunk is all fill value, as Zarr has it; it is an error only
        where a coarser level tells that there was something.

    Warns
    -----
    UserWarning
        Once, of what the file has that is optional and malformed: names, scales, how
        channels are shown, labels. It is ignored.
    """
    path = path.rstrip("/")
    optional = _Optional()
    try:
        layers = _layers(_open(path), path, optional)
    except (*MALFORMED, RecursionError) as error:
        raise ValueError(
            f"{path} should have the metadata of OME-Zarr: "
            f"{type(error).__name__}: {reason(error)}."
        ) from error
    if optional.ignored:
        what = ", ".join(dict.fromkeys(optional.ignored))
        warnings.warn(f"{path}: {what} malformed, and ignored.", stacklevel=2)
    return layers


class _Optional:
    """Gets what need not be there, and notes what was there but malformed."""

    def __init__(self) -> None:
        self.ignored: list[str] = []

    def get(self, name: str, function: Callable[..., T], *args: Any) -> T | None:
        """Return what a function does; None where it stumbles over what it is given."""
        try:
            return function(*args)
        except (*MALFORMED, ValueError, OverflowError, RecursionError):
            self.ignored.append(name)
            return None


def _layers(group: Any, path: str, optional: _Optional) -> list[LayerData]:
    ome = _ome(group)
    if "multiscales" in ome:
        return _image_and_labels(group, path, optional)
    if "bioformats2raw.layout" in ome:
        layers = []
        for name in sorted(filter(str.isdecimal, group.group_keys()), key=int):
            layers += _image_and_labels(group[name], f"{path}/{name}", optional)
        if layers:
            return layers
    for kind in ("plate", "well"):
        if kind in ome:
            fields = optional.get(kind, _fields, group, ome) or ["<well>/0"]
            raise ValueError(
                f"{path} is a {kind}: one of its fields should be opened, such as "
                f"{path}/{fields[0]}."
            )
    raise ValueError(f"{path} should be an OME-Zarr image, but has no multiscales.")


def _fields(group: Any, ome: dict[str, Any]) -> list[str]:
    """Return the paths of the fields of a well, or of a plate's first one."""
    if "well" in ome:
        return [str(image["path"]) for image in ome["well"]["images"]]
    well = str(ome["plate"]["wells"][0]["path"])
    return [f"{well}/{field}" for field in _fields(group[well], _ome(group[well]))]


def _open(path: str) -> Any:
    try:
        import zarr
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'{path} needs zarr, which is missing: pip install "napari-kmeans[zarr]".'
        ) from error
    try:
        return zarr.open_group(path, mode="r")
    except RecursionError as error:
        raise ValueError(
            f"{path} should have metadata that are not nested so deep."
        ) from error
    except Exception as error:  # a store may raise anything
        raise ValueError(
            f"{path} should be an OME-Zarr folder: {reason(error)}."
        ) from error


def _ome(group: Any) -> dict[str, Any]:
    """Return the metadata of a group: below a key of their own since version 0.5."""
    attributes = dict(group.attrs)
    return dict(attributes.get("ome", attributes))


def _image_and_labels(group: Any, path: str, optional: _Optional) -> list[LayerData]:
    layers = [_layer(group, path, Path(path).stem, optional)]
    for name in optional.get("labels", _names_of_labels, group) or []:
        where, shown = f"labels/{name}", f"{layers[0][1]['name']} {name}"

        def layer(where: str = where, shown: str = shown) -> LayerData:
            return _layer(group[where], f"{path}/{where}", shown, optional)

        if found := optional.get(where, layer):
            layers.append((*found[:2], "labels"))
    if METADATA in group.attrs:  # of a result: clustering it again is rarely meant
        for _, attributes, kind in layers:
            role = "labels" if kind == "labels" else "quantized"
            attributes["metadata"] = {METADATA: {"layer": role}}
    return layers


def _names_of_labels(group: Any) -> list[str]:
    if "labels" not in group:
        return []
    return [_text(name) for name in _ome(group["labels"]).get("labels", [])]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value} is no text")
    return value


def _layer(group: Any, path: str, name: str, optional: _Optional) -> LayerData:
    """Return an image, or labels, as a layer of its first multiscale."""
    ome = _ome(group)
    multiscale = ome["multiscales"][0]
    paths = [_text(item["path"]) for item in multiscale["datasets"]]
    if not paths:
        raise ValueError(f"{path} should have datasets, but has none.")
    arrays = {where: _array(group, where, path) for where in paths}
    first = arrays[paths[0]]
    axes = _axes(multiscale, first.ndim)
    channel = next((i for i, axis in enumerate(axes) if _is_channel(axis)), None)
    n_channels = 1 if channel is None else first.shape[channel]
    rgb = bool(optional.get("omero", _is_rgb, group, n_channels))
    coarser = [*arrays.values()][1:]
    levels = [
        Source(array, f"{path}/{where}", channel if rgb else None, next_).lazy()
        for (where, array), next_ in zip_longest(arrays.items(), coarser)
    ]
    if channel is not None and n_channels == 1:
        levels = [level.squeeze(channel) for level in levels]
        channel = None
    attributes = _placement(multiscale, axes, optional)
    own = optional.get("name", _text, multiscale.get("name", "")) or ""
    attributes["name"] = own.strip("/") or name
    if len(levels) > 1:
        attributes["multiscale"] = True
    data = levels if len(levels) > 1 else levels[0]
    if "image-label" in ome:
        return data, attributes | _labels(ome["image-label"], optional), "labels"
    if channel is None or rgb:
        attributes["rgb"] = rgb
    else:
        attributes["channel_axis"] = channel
    shown = optional.get("omero", _shown, ome) or []
    if not rgb and len(shown) == n_channels:
        attributes |= _looks(shown, optional)
    return data, attributes, "image"


def _axes(multiscale: dict[str, Any], ndim: int) -> list[dict[str, Any]]:
    """Return the axes, which up to version 0.3 had names only, and the same ones."""
    axes = multiscale.get("axes", "tczyx"[-ndim:])
    if len(axes) != ndim:
        raise TypeError(f"{ndim} axes are named by {len(axes)}")
    named = [{"name": axis} if isinstance(axis, str) else axis for axis in axes]
    return [{**axis, "name": _text(axis["name"])} for axis in named]


def _is_channel(axis: dict[str, Any]) -> bool:
    return axis.get("type") == "channel" or axis["name"] == "c"


def _placement(
    multiscale: dict[str, Any], axes: list[dict[str, Any]], optional: _Optional
) -> dict[str, Any]:
    """Return what puts the first level into the world, without its channels."""
    none = np.ones(len(axes)), np.zeros(len(axes))
    scale, translate = optional.get("scale", _transform, multiscale, *none) or none
    kept = [i for i, axis in enumerate(axes) if not _is_channel(axis)]
    return {
        "scale": tuple(scale[kept].tolist()),
        "translate": tuple(translate[kept].tolist()),
        "units": tuple(_napari_unit(axes[i].get("unit")) for i in kept),
        "axis_labels": tuple(axes[i]["name"] for i in kept),
    }


def _transform(
    multiscale: dict[str, Any],
    scale: NDArray[np.float64],
    translate: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the scale and the translation of the first level."""
    ndim = len(scale)
    for owner in (multiscale["datasets"][0], multiscale):
        for step in owner.get("coordinateTransformations", []):
            if "scale" in step:
                factors = _numbers(step["scale"], ndim)
                scale, translate = scale * factors, translate * factors
            elif "translation" in step:
                translate = translate + _numbers(step["translation"], ndim)
    if not (scale > 0).all():
        raise ValueError(f"scale {scale} is not above 0")
    return scale, translate


def _numbers(values: Any, n: int) -> NDArray[np.float64]:
    """Return n finite numbers."""
    numbers = np.asarray(values)
    if numbers.dtype.kind not in "iuf" or numbers.shape != (n,):
        raise TypeError(f"{values} are not {n} numbers")
    floats = numbers.astype(np.float64)
    if not np.isfinite(floats).all():
        raise ValueError(f"{values} are not finite")
    return floats


def _labels(image_label: Any, optional: _Optional) -> dict[str, Any]:
    """Return the colors and the table that the file has of labels."""
    found = {
        "colormap": optional.get("colors of labels", _colors, image_label),
        "features": optional.get("properties of labels", _features, image_label),
    }
    return {key: value for key, value in found.items() if value is not None}


def _colors(image_label: dict[str, Any]) -> dict[int | None, list[float]] | None:
    if not (colors := image_label.get("colors")):
        return None
    clear = [0.0, 0.0, 0.0, 0.0]
    colormap: dict[int | None, list[float]] = {None: clear, 0: clear}
    for item in colors:
        if "rgba" in item:
            rgba = _numbers(item["rgba"], 4) / 255
            colormap[operator.index(item["label-value"])] = rgba.clip(0, 1).tolist()
    return colormap


def _features(image_label: dict[str, Any]) -> pd.DataFrame | None:
    import pandas as pd

    if not (properties := image_label.get("properties")):
        return None
    if not all(isinstance(row, dict) for row in properties):
        raise TypeError(f"{properties} are no rows")
    return pd.DataFrame(properties).rename(columns={"label-value": "index"})


def _array(group: Any, name: str, path: str) -> Any:
    import zarr

    try:
        array = group[name]
        if not isinstance(array, zarr.Array):
            raise TypeError("it is a group")
        if array.ndim < 2 or array.dtype.kind not in "biuf":
            raise TypeError(f"it has {array.ndim} axes of dtype {array.dtype}")
        if min(array.shards or array.chunks) < 1 or array.size == 0:
            raise ValueError(f"it has shape {array.shape}, chunks {array.chunks}")
        return array
    except Exception as error:  # a store may raise anything
        raise ValueError(
            f"{path}/{name} should be an array of Zarr: {reason(error)}."
        ) from error


def _is_rgb(group: Any, n_channels: int) -> bool:
    """Whether channels are red, green and blue, in this order, by name or color."""
    if n_channels not in (3, 4):
        return False
    if METADATA in group.attrs:
        return bool(group.attrs[METADATA]["rgb"])
    shown = _shown(_ome(group))[:3]
    colors = [str(channel.get("color")).upper().lstrip("#")[:6] for channel in shown]
    names = [str(channel.get("label")).strip().lower() for channel in shown]
    return colors == RGB or names in NAMES_OF_RGB


def _shown(ome: dict[str, Any]) -> list[dict[str, Any]]:
    """Return how the file says that channels are shown."""
    channels = ome.get("omero", {}).get("channels", [])
    if not all(isinstance(channel, dict) for channel in channels):
        raise TypeError(f"{channels} are no channels")
    return list(channels)


def _looks(channels: list[dict[str, Any]], optional: _Optional) -> dict[str, Any]:
    """Return how channels are shown; of several, a list of each."""
    found = {
        "contrast_limits": optional.get("windows", _limits, channels),
        "name": optional.get("names of channels", _of_all, channels, "label", _text),
        "colormap": optional.get("colors", _of_all, channels, "color", _hexadecimal),
    }
    looks = {key: value for key, value in found.items() if value is not None}
    if len(channels) > 1:
        return looks
    return {k: v[0] for k, v in looks.items() if k == "contrast_limits"}


def _limits(channels: list[dict[str, Any]]) -> list[tuple[float, float]] | None:
    windows = [channel.get("window", {}) for channel in channels]
    ends = [_numbers([w.get("start", 0), w.get("end", 0)], 2) for w in windows]
    limits = [(low, high) for low, high in np.array(ends).tolist()]
    return limits if all(low < high for low, high in limits) else None


def _of_all(
    channels: list[dict[str, Any]], key: str, function: Callable[[Any], str]
) -> list[str] | None:
    """Return what all channels have; None where one lacks it."""
    if not all(key in channel for channel in channels):
        return None
    return [function(channel[key]) for channel in channels]


def _hexadecimal(color: Any) -> str:
    if not (found := re.fullmatch(r"#?([\dA-Fa-f]{6})([\dA-Fa-f]{2})?", _text(color))):
        raise ValueError(f"{color} is no color")
    return f"#{found[1]}"


def _napari_unit(name: Any) -> str:
    if not isinstance(name, str):
        return "pixel"
    try:
        import pint

        pint.get_application_registry().Unit(name)
    except ModuleNotFoundError:
        return name
    except Exception:  # a name that pint does not know, or cannot parse
        return "pixel"
    return name
