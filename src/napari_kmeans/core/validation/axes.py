"""Axes: those of the channels, of the planes, and of what is left."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from numbers import Integral
from typing import Any

import numpy as np

from .values import check_flag, shown


def check_channels(
    rgb: Any, channel_axis: Any, shape: tuple[int, ...]
) -> tuple[bool, int | None]:
    """Return whether the channels are color, and their axis: None for the last.

    Where they are not color, None is for a single channel without an axis.
    """
    if channel_axis is None:
        return check_rgb(rgb, shape), None
    axis = check_channel_axis(channel_axis, len(shape))
    if rgb is None or not check_flag("rgb", rgb):
        return False, axis
    if shape[axis] not in (3, 4):
        raise ValueError(
            f"channel_axis={axis} should have 3 or 4 channels to go with rgb=True, but "
            f"the image has the shape {shape}."
        )
    return True, None if axis == len(shape) - 1 else axis


def check_channel_axis(channel_axis: Any, ndim: int) -> int:
    """Return the axis of the channels, counted from the front."""
    if isinstance(channel_axis, str):
        raise TypeError(_unnamed("channel_axis", channel_axis))
    if isinstance(channel_axis, (bool, np.bool_)) or not isinstance(
        channel_axis, Integral
    ):
        raise TypeError(
            f"channel_axis={shown(channel_axis)} should be an integer or None."
        )
    axis = int(channel_axis)
    if not -ndim <= axis < ndim:
        raise ValueError(
            f"channel_axis={shown(axis)} should be an axis of the image, "
            f"from {-ndim} to {ndim - 1}."
        )
    if ndim < 3:
        raise ValueError(
            f"channel_axis={axis} should go with an image of at least three "
            f"dimensions, not {ndim}."
        )
    return axis % ndim


def _unnamed(name: str, given: Any) -> str:
    return (
        f"{name}={shown(given)} by name should go with a DataArray, whose dims have "
        "names: of other arrays axes are numbers."
    )


def check_dim(name: str, dim: Any, dims: Sequence[Any]) -> Any:
    """Return the number of the axis that a dim of a DataArray is; others as they are.

    Whether a number is that of an axis is left to the checks of all arrays.
    """
    if not isinstance(dim, str):
        return dim
    if dim not in dims:
        raise ValueError(
            f"{name}={shown(dim)} should be one of the dims, "
            f"{', '.join(map(repr, dims))}."
        )
    return dims.index(dim)


def check_rgb(rgb: Any, shape: tuple[int, ...]) -> bool:
    """Return whether the last axis is color; None follows napari's guess."""
    if rgb is None:
        return (
            len(shape) > 2
            and shape[-1] in (3, 4)
            and all(size > 30 for size in shape[-3:-1])
        )
    if check_flag("rgb", rgb) and (len(shape) < 3 or shape[-1] not in (3, 4)):
        raise ValueError(
            f"rgb=True should go with a last axis of 3 or 4 channels, but the image "
            f"has the shape {shape}."
        )
    return bool(rgb)


def check_axes(
    axes: Any, shape: tuple[int, ...], rgb: bool, channel_axis: int | None
) -> tuple[int, ...]:
    """Return the axes of the planes, counted from the front."""
    ndim = len(shape)
    given = axes if isinstance(axes, (tuple, list, range, np.ndarray)) else [axes]
    for axis in given:
        if isinstance(axis, str):
            raise TypeError(_unnamed("axes", axes))
        if isinstance(axis, (bool, np.bool_)) or not isinstance(axis, Integral):
            raise TypeError(
                f"axes={shown(axes)} should be an integer or a sequence of integers."
            )
        if not -ndim <= int(axis) < ndim:
            raise ValueError(
                f"axes={shown(axes)} should be axes of the image, from {-ndim} to "
                f"{ndim - 1}."
            )
    counted = tuple(int(axis) % ndim for axis in given)
    if not counted or len(set(counted)) < len(counted):
        raise ValueError(
            f"axes={shown(axes)} should be one axis, or several that differ."
        )
    channels = ndim - 1 if rgb and channel_axis is None else channel_axis
    if channels in counted:
        raise ValueError(
            f"axes={shown(axes)} should not include axis {channels}, that of the "
            "channels."
        )
    left = ndim - (channels is not None) - len(counted)
    if left < 2:
        raise ValueError(
            f"axes={shown(axes)} should leave at least two axes to a plane, but of an "
            f"image of shape {shape}{' in color' if rgb else ''} {left} would be left."
        )
    return counted


def check_plane(k: int, shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    """Raise where no plane has as many pixels as there are clusters."""
    size = prod(n for axis, n in enumerate(shape) if axis not in axes)
    if k > size:
        raise ValueError(f"k={k} should be at most the {size} pixels of a plane.")


def check_channel_names(
    names: Any, channel_axis: int | None, n_channels: int, rgb: bool
) -> tuple[str, ...]:
    """Return a name for each channel."""
    if rgb:
        default: tuple[str, ...] = ("red", "green", "blue")
    else:
        numbers = tuple(map(str, range(n_channels)))
        default = ("value",) if channel_axis is None else numbers
    if names is None:
        return default if n_channels > 1 or rgb else ("value",)
    if rgb:
        raise ValueError(
            f"channel_names={shown(names)} should not go with an RGB image, whose "
            "channels are red, green and blue."
        )
    if channel_axis is None:
        raise ValueError(f"channel_names={shown(names)} should go with a channel_axis.")
    if (
        isinstance(names, str)
        or not isinstance(names, Sequence)
        or not all(isinstance(name, str) for name in names)
    ):
        raise TypeError(f"channel_names={shown(names)} should be a sequence of text.")
    if len(names) != n_channels or len(set(names)) != n_channels:
        raise ValueError(
            f"channel_names={shown(names)} should be {n_channels} different names."
        )
    return tuple(names)
