"""Spaces: colors where distances are as the eye sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Rows = NDArray[np.float64]

#: In "ciede2000", colors are as in "cielab", and distances by another formula.
SPACES = ("rgb", "cielab", "oklab", "ciede2000")

#: What the axes of spaces are called that colors are converted to.
AXES = {
    "cielab": ("L*", "a*", "b*"),
    "oklab": ("L", "a", "b"),
    "ciede2000": ("L*", "a*", "b*"),
}

#: Of red, green and blue, where full intensity is 1. Beyond it a space tells nothing.
MOST_INTENSITY = 1e9

# From linear sRGB to the responses of the eye's cones, and of their cube roots to
# lightness, green to red, and blue to yellow: B. Ottosson, "A perceptual color space
# for image processing" (2020).
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)

_TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)

# From linear sRGB to CIE XYZ, as parts of those of the white D65.
_TO_XYZ = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ]
) / np.array([[0.95047], [1.0], [1.08883]])

# From the curves of X, Y and Z to CIELAB.
_FROM_LIGHTNESS = np.array([[0.0, 116, 0], [500, -500, 0], [0, 200, -200]])


def full_of(dtype: np.dtype[Any]) -> float:
    """Return the value of full intensity in colors of a dtype.

    Examples
    --------
    >>> full_of(np.dtype(np.uint8)), full_of(np.dtype(np.float32))
    (255.0, 1.0)
    """
    return float(np.iinfo(dtype).max) if dtype.kind in "iu" else 1.0


def convert(rgb: Rows, space: str) -> Rows:
    """Return colors of sRGB in another space.

    Parameters
    ----------
    rgb : (3, n) float64
        Red, green and blue, from 0 to 1; beyond `MOST_INTENSITY` taken as that.
    space : {"cielab", "oklab", "ciede2000"}
        CIELAB is CIE 1976, of the white D65; its lightness goes from 0 to 100. That of
        Oklab goes from 0 to 1. CIEDE2000 is a distance in CIELAB.

    Returns
    -------
    (3, n) float64

    Examples
    --------
    >>> red = convert(np.array([[1.0], [0.0], [0.0]]), "oklab")
    >>> red.round(3).ravel().tolist()
    [0.628, 0.225, 0.126]
    """
    light = to_light(rgb)
    if space == "oklab":
        return _product(_TO_OKLAB, np.cbrt(_product(_TO_CONES, light)))
    x, y, z = _lightness(_product(_TO_XYZ, light))
    return np.stack([116 * y, 500 * (x - y), 200 * (y - z)])


def to_light(rgb: Rows) -> Rows:
    """Return how much light there is of colors of sRGB: linear, from 0 to 1.

    Examples
    --------
    >>> to_light(np.array([0.0, 0.5, 1.0])).round(3).tolist()
    [0.0, 0.214, 1.0]
    """
    rgb = np.clip(rgb, -MOST_INTENSITY, MOST_INTENSITY)  # beyond, powers overflow
    curved = ((np.maximum(rgb, 0.04045) + 0.055) / 1.055) ** 2.4
    return np.where(rgb <= 0.04045, rgb / 12.92, curved)


def from_light(light: Rows) -> Rows:
    """Return the values of sRGB that have so much light: the reverse of `to_light`."""
    curved = 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, curved)


class Way(NamedTuple):
    """The way from light to a space: a matrix, a curve of each channel, a matrix."""

    into: Rows
    curve: Callable[[Rows], Rows]
    out: Rows


def way(space: str) -> Way:
    """Return the way from light to one of `SPACES`.

    Examples
    --------
    >>> into, curve, out = way("oklab")
    >>> (out @ curve(into @ [1, 1, 1])).round(3).tolist()[0]
    1.0
    """
    if space == "rgb":
        return Way(np.eye(3), from_light, np.eye(3))
    if space == "oklab":
        return Way(_TO_CONES, np.cbrt, _TO_OKLAB)
    return Way(_TO_XYZ, _lightness, _FROM_LIGHTNESS)


def _lightness(xyz: Rows) -> Rows:
    # Less the 16/116 that all have in common: what is near to black keeps its digits.
    return np.where(xyz > 0.008856, np.cbrt(xyz) - 16 / 116, 7.787 * xyz)


def _product(matrix: Rows, rows: Rows) -> Rows:
    # In a fixed order: what BLAS does depends on how many colors there are.
    a, b, c = rows
    return np.stack([x * a + y * b + z * c for x, y, z in matrix])
