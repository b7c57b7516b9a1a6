"""Sources: what the dock asks of the layers that it clusters."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from napari.components import Dims, LayerList
    from napari.layers import Image, Layer


class Scope(NamedTuple):
    """What is clustered together.

    Attributes
    ----------
    axes : tuple of int
        Each plane along these axes on its own; without any, the whole image.
    current : bool
        Only the plane that is shown.
    """

    axes: tuple[int, ...] = ()
    current: bool = False


def axis_name(image: Image, axis: int) -> str:
    """Return the label of an axis, or its number where it has none of its own."""
    label = image.axis_labels[axis]
    # Those that napari gives by itself are "-3", and were "axis -3" once.
    is_number = label.removeprefix("axis ").lstrip("-").isdigit()
    return f"axis {axis}" if is_number else label


def full_resolution(layer: Layer) -> Any:
    """Return the data of a layer, the largest of a multiscale one."""
    return layer.data[0] if getattr(layer, "multiscale", False) else layer.data


def image_shape(image: Image) -> tuple[int, ...]:
    """Return the shape of an image in full resolution, without colors."""
    return tuple(map(int, full_resolution(image).shape[: image.ndim]))


def sliders(dims: Dims, image: Image) -> tuple[int, ...]:
    """Return the axes of an image that have a slider."""
    missing = dims.ndim - image.ndim
    return tuple(sorted(a - missing for a in dims.not_displayed if a >= missing))


def plane(dims: Dims, image: Image, axes: tuple[int, ...]) -> tuple[slice, ...]:
    """Return what cuts the plane out of an image that is shown."""
    place = image.world_to_data(dims.point[-image.ndim :])
    cut = [slice(None)] * image.ndim
    for axis in axes:
        index = round(place[axis])
        if not 0 <= index < image_shape(image)[axis]:
            raise ValueError(
                f"The plane that is shown should cut {image.name!r}, but lies outside."
            )
        cut[axis] = slice(index, index + 1)
    return tuple(cut)


def part(image: Image, cut: tuple[slice, ...]) -> Image:
    """Return a part of an image as a layer that lies where it does in the whole."""
    from napari.layers import Image

    _, attributes, _ = image.as_layer_data_tuple()
    data = full_resolution(image)[cut]
    corner = image.data_to_world([one.start or 0 for one in cut])
    placed = {"translate": image.affine.inverse(corner), "multiscale": False}
    placed["name"] = f"{image.name} plane"
    return Image(data, **{**attributes, **placed})


def pixel_size(source: Layer) -> tuple[float, str]:
    """Return the area, or volume, of a pixel in a layer's units, and these.

    Time is no part of it. It is 1, of no unit, where axes have other units than others.
    """
    last = range(source.ndim)[-3:]
    axes = [i for i in last if source.axis_labels[i].lower() not in ("t", "time")]
    axes = axes or [*last]
    size = float(np.prod(np.abs(source.scale[axes])))
    units = {f"{source.units[i]:~}" for i in axes}
    if len(units) > 1:
        return 1.0, ""
    unit = units.pop()
    if unit in {"pixel", "px", ""}:
        return size, ""
    power = {2: "²", 3: "³"}.get(len(axes), "")
    return size, f"{unit}{power}"


def check_channels(images: list[Image]) -> None:
    """Raise where layers cannot be the channels of one image."""
    first, *others = images
    for other in others:
        colored = other if other.rgb else first
        if colored.rgb:
            beside = first if colored is other else other
            raise ValueError(
                f"{colored.name!r} should not be in color to be a channel beside "
                f"{beside.name!r}."
            )
        ours, theirs = image_shape(first), image_shape(other)
        if ours != theirs:
            raise ValueError(
                f"{first.name!r} of shape {ours} and {other.name!r} of shape {theirs} "
                "should have one shape to be channels."
            )
        corners = np.vstack([np.zeros(first.ndim), np.diag(ours)])
        here = [first.data_to_world(corner) for corner in corners]
        there = [other.data_to_world(corner) for corner in corners]
        if not np.allclose(here, there):
            raise ValueError(
                f"{first.name!r} and {other.name!r} should lie in one place to be "
                "channels."
            )


def value_range(layer: Layer) -> float:
    """Return about the range of a layer's values, at most that of float64.

    Of a large layer from some of them; of one that is not in memory, what napari shows.
    """
    data = layer.data
    if getattr(layer, "multiscale", False):
        data = data[-1]
    if not isinstance(data, np.ndarray) or isinstance(data, np.memmap):
        data = np.asarray(layer.contrast_limits)
    if getattr(layer, "rgb", False):
        data = data[..., :3]
    step = max(1, math.ceil((data.size / 2**20) ** (1 / data.ndim)))
    some = np.asarray(data[(slice(None, None, step),) * data.ndim])
    some = some[np.isfinite(some)].astype(np.float64)
    if not some.size:
        return 0.0
    return min(float(some.max()) - float(some.min()), sys.float_info.max)


def changed(layers: LayerList, sources: list[Layer], data: list[Any]) -> str:
    """Return which source is gone or has other data than it had, or nothing.

    Parameters
    ----------
    layers : napari.components.LayerList
        Those that there are.
    sources : list of napari.layers.Layer
    data : list of arrays
        What they had in full resolution.
    """
    for source, had in zip(sources, data, strict=True):
        if source not in layers:
            return f"{source.name!r} is gone"
        if full_resolution(source) is not had:
            return f"{source.name!r} has changed"
    return ""
