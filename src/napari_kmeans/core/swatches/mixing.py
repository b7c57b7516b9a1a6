"""Mixing: colors of other models as those of sRGB."""

from __future__ import annotations

import colorsys
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

#: From XYZ of the white D50, adapted to D65 by Bradford's matrix, to linear sRGB:
#: B. Lindbloom, "RGB/XYZ matrices" (brucelindbloom.com).
_FROM_XYZ = np.array(
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ]
)

#: The white D50.
_WHITE = np.array([0.96422, 1.0, 0.82521])


def rgb(values: Sequence[float]) -> list[int]:
    """Return a color of red, green and blue from 0 to 1.

    Examples
    --------
    >>> rgb([1.0, 0.5, -0.2])
    [255, 128, 0]
    """
    return [round(255 * min(max(value, 0.0), 1.0)) for value in values[:3]]


def hsb(values: Sequence[float]) -> list[int]:
    """Return a color of hue, saturation and brightness from 0 to 1."""
    hue, saturation, brightness = values[:3]
    return rgb(colorsys.hsv_to_rgb(hue, saturation, brightness))


def cmyk(values: Sequence[float]) -> list[int]:
    """Return a color of inks from 0 to 1, as if these were ideal.

    What is printed depends on inks and paper, of which swatches say nothing.
    """
    *inks, black = values[:4]
    return rgb([(1 - ink) * (1 - black) for ink in inks])


def gray(values: Sequence[float]) -> list[int]:
    """Return a gray from 0, black, to 1."""
    return rgb([values[0]] * 3)


def lab(values: Sequence[float]) -> list[int]:
    """Return a color of CIELAB, of the white D50 as Adobe has it.

    Examples
    --------
    >>> lab([100, 0, 0]), lab([0, 0, 0])
    ([255, 255, 255], [0, 0, 0])
    """
    lightness, a, b = np.clip(values[:3], [0, -128, -128], [100, 127, 127])
    y = (lightness + 16) / 116
    roots = np.array([y + a / 500, y, y - b / 200])
    near = (roots - 16 / 116) / 7.787
    linear = _FROM_XYZ @ (_WHITE * np.where(roots > 6 / 29, roots**3, near))
    linear = np.clip(linear, 0, 1)
    curved = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055
    )
    return rgb(curved.tolist())
