"""Validation: every check on what a user passes, and every message.

A message is one sentence: the argument, its value, and what it should be.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import prod
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from .lazy import is_lazy
from .spaces import MOST_INTENSITY, SPACES

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Labels are at most uint16, and 0 is taken.
MOST_CLUSTERS = 65_535

#: OpenCV's ``setRNGSeed`` takes a C int.
MOST_SEED = 2**31 - 1

#: Squared distances of values beyond this may overflow float32, in which OpenCV works.
MOST_PLAIN = 1e18

#: Squares of more extreme factors would hide some channels altogether.
MOST_FACTOR = 1e9

#: Sums of extreme weights could not be held in float64.
MOST_WEIGHT = 1e50

#: Characters of a value in a message.
MOST_SHOWN = 72

#: How many times the least of the weights all may be together, for an optimum.
MOST_OPTIMAL_WEIGHT = 1e12

SCALINGS = ("none", "range", "variance")

INITS = ("random", "k-means++", "optimal")


def check_integer(name: str, value: Any, least: int, most: int) -> int:
    """Return `value` as an int between `least` and `most`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(f"{name}={shown(value)} should be an integer.")
    integer = int(value)
    if not least <= integer <= most:
        bounds = f"at least {least}" if integer < least else f"at most {most:,}"
        raise ValueError(f"{name}={shown(integer)} should be {bounds}.")
    return integer


def check_k(k: Any) -> int:
    """Return the number of clusters as an int."""
    return check_integer("k", k, 1, MOST_CLUSTERS)


def check_enough(k: int, n_samples: int, what: str) -> None:
    """Raise where there are fewer samples than clusters."""
    if n_samples == 0:
        raise ValueError(f"{what} should have at least one valid sample, but has none.")
    if k > n_samples:
        raise ValueError(f"k={k} should be at most the {n_samples} samples given.")


def check_attempts(attempts: Any) -> int:
    """Return the number of attempts as an int."""
    return check_integer("attempts", attempts, 1, MOST_SEED)


def check_color(color: Any) -> NDArray[np.float64]:
    """Return a color as red, green and blue from 0 to 1."""
    if isinstance(color, str):
        if re.fullmatch("#[0-9a-fA-F]{6}", color):
            return np.array([*bytes.fromhex(color[1:])]) / 255
        raise ValueError(f"color={shown(color)} should be such as '#ff8000'.")
    try:
        found = np.asarray(color, np.float64)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.shape != (3,) or not ((found >= 0) & (found <= 1)).all():
        raise ValueError(
            f"color={shown(color)} should be red, green and blue, each from 0 to 1."
        )
    return found


def check_samples(samples: Any) -> None:
    """Raise where something is not the samples of an image."""
    if not hasattr(samples, "prepare"):
        raise TypeError(
            f"samples={shown(samples)} should be what read_samples has returned."
        )


def check_progress(progress: Any) -> None:
    """Raise where progress cannot be told."""
    if progress is not None and not callable(progress):
        raise TypeError(f"progress={shown(progress)} should be callable or None.")


def check_seed(seed: Any) -> int:
    """Return the seed as an int."""
    return check_integer("seed", seed, 0, MOST_SEED)


def check_max_samples(max_samples: Any, k: int) -> int | None:
    """Return the size of the search's sample as an int, None for no limit."""
    if max_samples is None:
        return None
    size = check_integer("max_samples", max_samples, 1, MOST_SEED)
    if size < k:
        raise ValueError(f"max_samples={size} should be at least k={k}, or None.")
    return size


def check_flag(name: str, value: Any) -> bool:
    """Return `value` as a bool."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}={shown(value)} should be True or False.")
    return bool(value)


def shown(value: Any) -> str:
    """Return a value as a message has it: on one line, and no longer than that.

    Examples
    --------
    >>> shown("five"), shown(np.zeros((2, 2)))
    ("'five'", 'array([[0., 0.], [0., 0.]])')
    """
    text = " ".join(repr(value).split())
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."


def _as_array(name: str, values: Any, *, lazy: bool = False) -> NDArray[Any]:
    """Return values as an array; refuse what NumPy would tacitly make of some.

    Of NumPy, but with `lazy` of dask where they are.
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise TypeError(
            f"{name} should be a plain array, not a masked one: mask=, or NaN, leaves "
            "elements out."
        )
    if is_lazy(values):
        if np.isnan(values.shape).any():
            raise ValueError(
                f"{name} of unknown shape {values.shape} should have a known one: "
                "compute_chunk_sizes() finds it."
            )
        return values if lazy else np.asarray(values)
    if not isinstance(values, (list, tuple)):
        return np.asarray(values)
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"{name} of {len(values)} nested sequences should have rows of one length."
        ) from error


def check_numeric(name: str, array: NDArray[Any]) -> None:
    """Raise where an array is empty or does not hold real numbers of 8 to 64 bits."""
    if array.dtype.kind not in "biuf" or array.dtype.itemsize > 8:
        raise TypeError(
            f"{name} of dtype {array.dtype} should hold booleans, integers or floats "
            "of at most 64 bits."
        )
    if array.size == 0:
        raise ValueError(f"{name} of shape {array.shape} should not be empty.")


def check_image(image: Any) -> NDArray[Any]:
    """Return the image as an array of at least two axes."""
    array = _as_array("image", image, lazy=True)
    check_numeric("image", array)
    if array.ndim < 2:
        raise ValueError(
            f"image of shape {array.shape} should have at least two dimensions."
        )
    return array


def check_points(points: Any) -> NDArray[Any]:
    """Return the points as an array of two axes."""
    array = _as_array("points", points)
    check_numeric("points", array)
    if array.ndim != 2:
        raise ValueError(
            f"points of shape {array.shape} should have two axes, "
            "(n_samples, n_features)."
        )
    return array


def check_values(
    name: str,
    channels: Sequence[NDArray[Any]],
    valid: NDArray[np.bool_] | None,
    *,
    color_space: str,
    refine: bool,
) -> None:
    """Raise where values are beyond what can be squared, where they will be.

    That is in plain OpenCV, in float32, and of floats in a color space.
    """
    most, why = np.inf, ""
    if not refine:
        most = MOST_PLAIN / max(1.0, np.sqrt(len(channels)) / 8)
        why = "refine=False, which is plain OpenCV"
    elif color_space != "rgb" and channels[0].dtype.kind == "f":
        most, why = MOST_INTENSITY, f"color_space={shown(color_space)}"
    if most == np.inf or channels[0].dtype.itemsize < 4:
        return
    for channel in channels:
        some = channel if valid is None else channel[valid]
        largest = max(-some.min().item(), some.max().item())
        if largest > most:
            raise ValueError(
                f"{name} with values up to {largest:.3g} should have none beyond "
                f"{most:.0e} with {why}."
            )


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


def check_mask(
    mask: Any, shape: tuple[int, ...], *, lazy: bool
) -> NDArray[np.bool_] | None:
    """Return the mask, True where a pixel takes part; lazy for such an image only."""
    if mask is None:
        return None
    array = _as_array("mask", mask, lazy=lazy)
    if array.dtype != np.bool_:
        raise TypeError(f"mask of dtype {array.dtype} should be boolean.")
    if array.shape != shape:
        raise ValueError(
            f"mask of shape {array.shape} should have the shape of the image without "
            f"channels, {shape}."
        )
    return array


def check_no_data(no_data: Any) -> float | int | None:
    """Return the value that stands for none; NaN is left out anyway."""
    if no_data is None:
        return None
    if isinstance(no_data, (bool, np.bool_)) or not isinstance(no_data, Real):
        raise TypeError(f"no_data={shown(no_data)} should be a number or None.")
    return int(no_data) if isinstance(no_data, Integral) else float(no_data)


def check_memory(memory: Any) -> int | None:
    """Return the memory that an image may take, in bytes."""
    return None if memory is None else check_integer("memory", memory, 1, 2**63 - 1)


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


def check_color_space(color_space: Any, rgb: bool) -> str:
    """Return the name of the space that colors are clustered in."""
    if not isinstance(color_space, str) or color_space not in SPACES:
        raise ValueError(
            f"color_space={shown(color_space)} should be one of "
            f"{', '.join(map(repr, SPACES))}."
        )
    if color_space != "rgb" and not rgb:
        raise ValueError(
            f"color_space={shown(color_space)} should go with an RGB image: rgb=True."
        )
    return str(color_space)


def check_scaling(scaling: Any, n_channels: int) -> str | tuple[float, ...]:
    """Return how channels are scaled: by name, or by factors."""
    if isinstance(scaling, str):
        if scaling not in SCALINGS:
            raise ValueError(
                f"scaling={shown(scaling)} should be one of "
                f"{', '.join(map(repr, SCALINGS))}, or a factor for each channel."
            )
        return scaling
    factors = _as_array("scaling", scaling)
    if factors.dtype.kind not in "iuf" or factors.shape != (n_channels,):
        raise ValueError(
            f"scaling={shown(scaling)} should have a factor for each of the "
            f"{n_channels} channels."
        )
    floats = factors.astype(np.float64)
    if not ((floats >= 1 / MOST_FACTOR) & (floats <= MOST_FACTOR)).all():
        raise ValueError(
            f"scaling={shown(scaling)} should have factors from {1 / MOST_FACTOR:.0e} "
            f"to {MOST_FACTOR:.0e}."
        )
    return tuple(floats.tolist())


def check_unchanged(
    color_space: str, scaling: str | tuple[float, ...], *, weighted: bool
) -> None:
    """Raise where plain OpenCV is asked for what it does not do."""
    asked = {"color_space": color_space, "scaling": scaling}
    for name, plain in (("color_space", "rgb"), ("scaling", "none")):
        if asked[name] != plain:
            raise ValueError(
                f"{name}={shown(asked[name])} should not go with refine=False, which "
                "is plain OpenCV."
            )
    if weighted:
        raise ValueError(
            "weights should not go with refine=False, which is plain OpenCV."
        )


def check_image_weights(
    weights: Any, shape: tuple[int, ...]
) -> NDArray[np.float64] | None:
    """Return the weights of pixels as float64, None where there are none."""
    if weights is None:
        return None
    array = _as_array("weights", weights)
    if array.shape != shape:
        raise ValueError(
            f"weights of shape {array.shape} should have the shape of the image "
            f"without channels, {shape}."
        )
    return check_weights(array.reshape(-1), array.size).reshape(shape)


def check_init(
    init: Any, k: int, shape: tuple[int, ...]
) -> tuple[str, NDArray[np.int32] | None]:
    """Return how the attempts start, and the labels that the first starts from."""
    if isinstance(init, str):
        if init not in INITS:
            raise ValueError(
                f"init={shown(init)} should be one of {', '.join(map(repr, INITS))}, "
                "or an array of labels."
            )
        return init, None
    labels = _as_array("init", init)
    if labels.dtype.kind not in "iu":
        raise TypeError(
            f"init of dtype {labels.dtype} should be "
            f"{', '.join(map(repr, INITS))}, or an array of integer labels."
        )
    if labels.shape != shape:
        raise ValueError(
            f"init of shape {labels.shape} should have the shape of the data without "
            f"channels, {shape}."
        )
    if labels.size and (labels.min() < 0 or labels.max() >= k):
        raise ValueError(
            f"init with labels from {labels.min()} to {labels.max()} should have them "
            f"from 0 to {k - 1}."
        )
    return "random", labels.astype(np.int32)


def check_optimal(n_channels: int, refine: bool) -> None:
    """Raise where the global optimum cannot be had."""
    if n_channels != 1:
        raise ValueError(
            f"init='optimal' should go with a single channel, not {n_channels}."
        )
    if not refine:
        raise ValueError(
            "init='optimal' should not go with refine=False, which is plain OpenCV."
        )


def check_optimal_weights(weights: NDArray[np.float64]) -> None:
    """Raise where sums of weights would lose some that are above 0."""
    least, total = float(weights.min()), float(weights.sum())
    if total > least * MOST_OPTIMAL_WEIGHT:
        raise ValueError(
            f"weights from {least:.3g}, and of {total:.3g} together, should not be "
            "further apart than 1e12 to go with init='optimal'."
        )


def check_reach(
    ends: NDArray[np.float64], window: NDArray[np.float64], init: str, *, vanish: bool
) -> None:
    """Raise where a few values are too far off for the others to be told apart.

    Parameters
    ----------
    ends, window : (2, n_channels) float64
        Between what all, and most of the values are.
    vanish : bool
        Whether the others have no squares beside them; else only the optimum is lost.
    """
    if not vanish and init != "optimal":
        return
    why = "" if vanish else " with init='optimal'"
    raise ValueError(
        f"values from {ends.min():.3g} to {ends.max():.3g}, most of them from "
        f"{window.min():.3g} to {window.max():.3g}, should have none so far off{why}: "
        "no_data, or a mask, leaves some out."
    )


def check_painted(labels: Any, k: int, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return labels 1..k, of which some may be painted; 0 where there is none."""
    array = _as_array("start labels", labels)
    if array.dtype.kind not in "iu":
        raise TypeError(f"start labels of dtype {array.dtype} should be integers.")
    if array.shape != shape:
        raise ValueError(
            f"start labels of shape {array.shape} should have the shape of the image, "
            f"{shape}."
        )
    if array.min() < 0 or array.max() > k:
        raise ValueError(
            f"start labels from {array.min()} to {array.max()} should be from 0 to "
            f"k={k}."
        )
    if array.max() == 0:
        raise ValueError("start labels of 0 throughout should have a painted pixel.")
    return array


def check_weights(weights: Any, n: int) -> NDArray[np.float64]:
    """Return the weights as float64; empty for None, where every weight is 1."""
    if weights is None:
        return np.empty(0)
    array = _as_array("weights", weights)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"weights of dtype {array.dtype} should be real numbers.")
    if array.shape != (n,):
        raise ValueError(
            f"weights of shape {array.shape} should have one value a sample, ({n},)."
        )
    floats = array.astype(np.float64)
    if not np.isfinite(floats).all():
        raise ValueError("weights with NaN or infinite values should be finite.")
    if floats.min() < 0:
        raise ValueError(f"weights down to {floats.min()} should not be negative.")
    if floats.max() == 0:
        raise ValueError("weights of 0 throughout should have one above 0.")
    if not 1 / MOST_WEIGHT <= floats.max() <= MOST_WEIGHT:
        raise ValueError(
            f"weights up to {floats.max():.3g} should have a maximum from "
            f"{1 / MOST_WEIGHT:.0e} to {MOST_WEIGHT:.0e}."
        )
    return floats
