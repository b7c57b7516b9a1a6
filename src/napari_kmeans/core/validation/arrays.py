"""Arrays: images, points, masks, weights and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import held, plain
from ..run.lazy import is_lazy
from .values import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Squares of more extreme factors would hide some channels altogether.
MOST_FACTOR = 1e9

SCALINGS = ("none", "range", "variance")

#: Sums of extreme weights could not be held in float64.
MOST_WEIGHT = 1e50

INITS = ("random", "k-means++", "optimal")


def _as_array(name: str, values: Any, *, lazy: bool = False) -> NDArray[Any]:
    """Return values as an array; refuse what NumPy would tacitly make of some.

    Of NumPy, but with `lazy` of dask where they are that, or go by blocks.
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise TypeError(
            f"{name} should be a plain array, not a masked one: mask=, or NaN, leaves "
            "elements out."
        )
    values = plain(values)
    if is_lazy(values):
        if np.isnan(values.shape).any():
            raise ValueError(
                f"{name} of unknown shape {values.shape} should have a known one: "
                "compute_chunk_sizes() finds it."
            )
        return values if lazy else np.asarray(values)
    if not isinstance(values, (list, tuple)):
        return held(name, values)
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


def check_label_image(labels: Any) -> NDArray[Any]:
    """Return labels of pixels, 0 where there is none, as an array."""
    array = _as_array("labels", labels, lazy=True)
    if array.dtype.kind not in "iu":
        raise TypeError(f"labels of dtype {array.dtype} should be integers.")
    if array.size == 0:
        raise ValueError(f"labels of shape {array.shape} should not be empty.")
    if array.ndim == 0:
        raise ValueError("labels of shape () should have at least one dimension.")
    return array


def check_other_labels(labels: Any, shape: tuple[int, ...]) -> NDArray[Any]:
    """Return labels that are to take the place of others, as an array."""
    array = check_label_image(labels)
    if array.shape != shape:
        raise ValueError(
            f"labels of shape {array.shape} should have the shape of those they "
            f"replace, {shape}."
        )
    return array


def check_label_range(labels: NDArray[Any], k: int) -> None:
    """Raise where labels are not from 0 to k."""
    if labels.size and (labels.min() < 0 or labels.max() > k):
        raise ValueError(
            f"labels from {labels.min()} to {labels.max()} should be from 0 to k={k}."
        )


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


def check_quantized(shape: tuple[int, ...], quantized: tuple[int, ...]) -> None:
    """Raise where an image does not have the shape of the one that was quantized."""
    if shape != quantized:
        raise ValueError(
            f"image of shape {shape} should have that of the quantized one, "
            f"{quantized}."
        )


def check_regions(regions: Any, shape: tuple[int, ...], *, lazy: bool) -> Any:
    """Return the number of the region of each pixel; lazy for such an image only.

    None where there are none.
    """
    if regions is None:
        return None
    array = _as_array("regions", regions, lazy=lazy)
    if array.dtype.kind not in "biu":
        raise TypeError(f"regions of dtype {array.dtype} should be integers.")
    if not array.ndim or array.shape != shape[-array.ndim :]:
        raise ValueError(
            f"regions of shape {array.shape} should have the shape of the image "
            f"without channels, {shape}, or of its last axes."
        )
    if array.shape == shape:
        return array
    if not is_lazy(array):
        return np.broadcast_to(array, shape)
    import dask.array as da

    return da.broadcast_to(array, shape)


def check_region_numbers(numbers: NDArray[Any]) -> NDArray[np.int64]:
    """Return the numbers of regions as int64."""
    if numbers.size and numbers.max() > np.iinfo(np.int64).max:
        raise ValueError(
            f"regions up to {numbers.max()} should be at most {np.iinfo(np.int64).max}."
        )
    return numbers.astype(np.int64)


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
    init: Any, shape: tuple[int, ...], n_channels: int
) -> tuple[str, NDArray[np.int32] | None, NDArray[np.float64] | None]:
    """Return how the attempts start, and the labels or centers to start from.

    Parameters
    ----------
    init : str, array_like or Palette
    shape : tuple of int
        That of labels: what is of it, and integer, is labels.
    n_channels : int
    """
    if isinstance(init, str):
        if init not in INITS:
            raise ValueError(
                f"init={shown(init)} should be one of {', '.join(map(repr, INITS))}, "
                "an array of labels, or centers."
            )
        return init, None, None
    array = _as_array("init", getattr(init, "centers", init))
    if hasattr(init, "quantizer") and array.shape[1] != n_channels:
        raise ValueError(
            f"init of {array.shape[1]} channels should have {n_channels}, as the image."
        )
    labels = array.dtype.kind in "iu" and array.shape == shape
    if array.ndim == 2 and array.shape[1] == n_channels and not labels:
        return "random", None, _check_centers(array)
    if array.dtype.kind not in "iu":
        raise TypeError(
            f"init of dtype {array.dtype} and shape {array.shape} should be "
            f"{', '.join(map(repr, INITS))}, an array of integer labels, or a center "
            f"a row, (n, {n_channels})."
        )
    if not labels:
        raise ValueError(
            f"init of shape {array.shape} should have the shape of the data without "
            f"channels, {shape}, or a center a row, (n, {n_channels})."
        )
    return "random", array, None


def check_initial_labels(labels: NDArray[Any], k: int) -> NDArray[np.int32]:
    """Return labels to start from, 0..k-1, as OpenCV takes them."""
    if labels.size and (labels.min() < 0 or labels.max() >= k):
        raise ValueError(
            f"init with labels from {labels.min()} to {labels.max()} should have them "
            f"from 0 to {k - 1}."
        )
    return labels.astype(np.int32)


def _check_centers(array: NDArray[Any]) -> NDArray[np.float64]:
    """Return centers as float64."""
    check_numeric("init", array)
    floats = array.astype(np.float64)
    if not np.isfinite(floats).all():
        raise ValueError("init with NaN or infinite values should be finite.")
    return floats


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


def check_margins(labels: Any, margins: Any) -> tuple[Any, Any]:
    """Return labels and margins as arrays of one shape."""
    labels, margins = (
        _as_array(name, values, lazy=True)
        for name, values in (("labels", labels), ("margins", margins))
    )
    if labels.dtype.kind not in "iu":
        raise TypeError(f"labels of dtype {labels.dtype} should be integers.")
    if margins.dtype.kind != "f":
        raise TypeError(f"margins of dtype {margins.dtype} should be floats.")
    if margins.shape != labels.shape:
        raise ValueError(
            f"margins of shape {margins.shape} should have the shape of the labels, "
            f"{labels.shape}."
        )
    return labels, margins


def check_weights(weights: Any, n: int, name: str = "weights") -> NDArray[np.float64]:
    """Return the weights as float64; empty for None, where every weight is 1."""
    if weights is None:
        return np.empty(0)
    array = _as_array(name, weights)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} of dtype {array.dtype} should be real numbers.")
    if array.shape != (n,):
        raise ValueError(
            f"{name} of shape {array.shape} should have one value a sample, ({n},)."
        )
    floats = array.astype(np.float64)
    if not np.isfinite(floats).all():
        raise ValueError(f"{name} with NaN or infinite values should be finite.")
    if floats.min() < 0:
        raise ValueError(f"{name} down to {floats.min()} should not be negative.")
    if floats.max() == 0:
        raise ValueError(f"{name} of zero throughout should have one above 0.")
    if not 1 / MOST_WEIGHT <= floats.max() <= MOST_WEIGHT:
        raise ValueError(
            f"{name} up to {floats.max():.3g} should have a maximum from "
            f"{1 / MOST_WEIGHT:.0e} to {MOST_WEIGHT:.0e}."
        )
    return floats


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
