"""Values: what centers become in an image of some dtype."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data.samples import Samples


def to_long(
    centers: NDArray[np.float64], origin: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Return centers less their origin as 64-bit integers, which float64 may round."""
    info = np.iinfo(dtype)
    rows = [
        [round(Fraction(v) + least) for v, least in zip(center, origin, strict=True)]
        for center in centers.tolist()
    ]
    clipped = [[min(max(v, info.min), info.max) for v in row] for row in rows]
    return np.array(clipped, dtype)


def values_of(
    samples: Samples,
    centers: NDArray[np.float64],
    told: NDArray[np.float64],
    dtype: np.dtype[Any],
) -> NDArray[Any]:
    """Return what the pixels of clusters become.

    Parameters
    ----------
    samples : Samples
    centers : (k, n_channels) float64
        As the samples are.
    told : (k, n_channels) float64
        The same in the units of the image.
    dtype : dtype
        Of the image.
    """
    if not samples.long:
        return to_dtype(told, dtype)
    return to_long(samples.frame.unscaled(centers), samples.frame.origin, dtype)


def to_dtype(centers: NDArray[np.float64], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return centers as values of an image: rounded to nearest where it has integers.

    Examples
    --------
    >>> to_dtype(np.array([-0.2, 99.5, 254.7, 255.0]), np.dtype(np.uint8))
    array([  0, 100, 255, 255], dtype=uint8)
    """
    if dtype.kind == "f":
        return centers.astype(dtype)
    if dtype.kind == "b":
        return np.asarray(centers >= 0.5, dtype)
    info = np.iinfo(dtype)
    # The greatest 64-bit integers are no float64: take the greatest floats below.
    highest = float(info.max)
    if highest > info.max:
        highest = float(np.nextafter(highest, 0))
    return np.clip(np.rint(centers), float(info.min), highest).astype(dtype)


def in_dtype(
    own: NDArray[Any], centers: NDArray[np.float64], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Return values of clusters in another dtype; those that were given stay so."""
    if dtype == own.dtype:
        return own
    values = to_dtype(centers, dtype)
    given = (own != to_dtype(centers, own.dtype)).any(axis=1)
    values[given] = to_dtype(own[given].astype(np.float64), dtype)
    return values
