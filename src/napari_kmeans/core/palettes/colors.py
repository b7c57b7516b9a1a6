"""Colors: those in which clusters are shown, as RGB from 0 to 1."""

from __future__ import annotations

import colorsys
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..spaces import convert

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Colors = NDArray[np.float64]

#: The distance in Oklab below which two colors are hard to tell apart side by side.
CLOSE = 0.1

#: More colors than this cannot be told apart, whatever they are.
MOST = 64

#: Colors that are as far apart as can be, until they are used again.
CYCLE = 255

#: A sum of colors that is above in all of red, green and blue is near white.
WHITISH = 0.9

#: Beyond this, sums may be beyond float64.
LARGE = 2.0**1000

#: The chroma in Oklab below which a color is seen as gray.
GRAY = 0.02

#: The lightness in Oklab from which on black is read better on a color than white.
BRIGHT = 0.65


def opaque(colors: Colors) -> Colors:
    """Return colors with alpha 1: (k, 4).

    Examples
    --------
    >>> opaque(np.zeros((1, 3))).tolist()
    [[0.0, 0.0, 0.0, 1.0]]
    """
    return np.column_stack([colors, np.ones(len(colors))])


def hexadecimal(colors: Colors) -> list[str]:
    """Return colors as text.

    Examples
    --------
    >>> hexadecimal(np.array([[1, 0.5, 0]]))
    ['#ff8000']
    """
    bytes_ = np.rint(np.clip(colors, 0, 1) * 255).astype(int)
    return ["#{:02x}{:02x}{:02x}".format(*color) for color in bytes_]


def of_centers(
    centers: NDArray[np.float64],
    value_range: tuple[float, float],
    full: float | None = None,
) -> Colors:
    """Return in what colors the centers of an image are shown: (k, 3).

    Where `full`, the value of full intensity, is given, the image is in color. Others
    are gray, from the least to the greatest value; of several channels, their mean.

    Examples
    --------
    >>> of_centers(np.array([[10.0], [20.0]]), (10, 30)).tolist()
    [[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]
    """
    if full is not None:
        return np.clip(centers / full, 0, 1)
    # Sums and differences of the largest floats are beyond float64.
    half = 0.5 / centers.shape[1] if max(map(abs, value_range)) > LARGE else 1.0
    low, high = (value * half for value in value_range)
    gray = ((half * centers).mean(axis=1) - low) / ((high - low) or 1.0)
    return np.repeat(np.clip(gray, 0, 1)[:, np.newaxis], 3, axis=1)


def spectral(k: int) -> Colors:
    """Return colors for clusters of points, from yellow to violet: (k, 3).

    Red is left out: it is the color of the centers.
    """
    hues = np.linspace(0.14, 0.80, k)
    colors = [colorsys.hsv_to_rgb(hue, 0.75, 0.95) for hue in hues]
    return np.array(colors).reshape(k, 3)


def black_or_white(colors: Colors) -> Colors:
    """Return for each color that of black and white which is read better on it.

    Examples
    --------
    >>> black_or_white(np.array([[1, 1, 0], [0, 0, 1.0]])).tolist()
    [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]]
    """
    dark = _oklab(colors)[:, :1] < BRIGHT
    return np.repeat(dark, 3, axis=1).astype(np.float64)


def are_close(colors: Colors) -> bool:
    """Whether some of the colors cannot be told apart.

    Examples
    --------
    >>> are_close(np.array([[1, 1, 1], [0.99, 1, 1]])), are_close(np.eye(3))
    (True, False)
    """
    if len(colors) > MOST:
        return True
    lab = _oklab(colors)
    distances = np.linalg.norm(lab[:, np.newaxis] - lab, axis=-1)
    np.fill_diagonal(distances, np.inf)
    return bool(distances.min() < CLOSE)


def separated(n: int, beside: Colors | None = None) -> Colors:
    """Return colors that are well separated from each other: (n, 3).

    Each is the one of some thousand colors, neither gray nor glaring, dark nor pale,
    that is farthest in Oklab from all before it; after `CYCLE` of them they repeat.

    Parameters
    ----------
    n : int
    beside : (k, 3) float64, optional
        Colors that they should be separated from, too.

    Examples
    --------
    >>> are_close(separated(12)), are_close(separated(8, np.eye(3)))
    (False, False)
    """
    rgb, lab = _candidates()
    # From the backgrounds, too.
    others = _oklab(np.array([[0.0] * 3, [0.5] * 3, [1.0] * 3]))
    if beside is not None:
        others = np.vstack([others, _oklab(beside)])
    distances = np.full(len(lab), np.inf)
    for other in others:
        np.minimum(distances, _squares(lab, other), out=distances)
    chosen: list[int] = []
    for _ in range(min(n, CYCLE)):
        chosen.append(int(distances.argmax()))
        np.minimum(distances, _squares(lab, lab[chosen[-1]]), out=distances)
    return np.asarray(rgb[np.resize(chosen, n)])


def label_colormap(labels: ArrayLike, colors: ArrayLike) -> Any:
    """Return the colors of labels in the form in which napari draws them at once.

    Napari takes a dictionary, too, and would compile for seconds, in the window's
    thread, before it draws the first layer that has one.

    Parameters
    ----------
    labels : (k,) int
        Numbers of labels. Of 0, the background, a color is ignored.
    colors : (k, 3) or (k, 4) array_like
        Their colors, from 0 to 1.

    Returns
    -------
    (n, 4) float32, or dict
        For the argument ``colormap`` of a Labels layer: row i is the color of label i.
        Row 0 is transparent; labels without a color have some, too, other than those
        given.
        A dictionary where there are labels below 0 or above 65,535.

    Examples
    --------
    >>> label_colormap([2], [[1, 0, 0]])[[0, 2]].tolist()
    [[0.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 1.0]]
    """
    numbers, given = np.asarray(labels, np.int64), np.asarray(colors, np.float64)
    if given.shape[1] == 3:
        given = opaque(given)
    if numbers.min(initial=0) < 0 or numbers.max(initial=0) >= 2**16:
        direct = dict(zip(numbers.tolist(), given, strict=True))
        return {**direct, None: np.zeros(4), 0: np.zeros(4)}
    # All labels of 8 bits; of 16, as many as napari can shuffle.
    n = 2**8 if numbers.max(initial=0) < 2**8 else max(2**16 - 1, numbers.max() + 1)
    colormap = np.zeros((n, 4), np.float32)
    others = separated(MOST, given[:, :3] if len(given) <= MOST else None)
    colormap[numbers] = given
    free = np.setdiff1d(np.arange(1, n), numbers)
    colormap[free] = np.resize(opaque(others), (len(free), 4))
    colormap[0] = 0
    return colormap


def hue_order(colors: Colors) -> NDArray[np.intp]:
    """Return the order of colors by hue, from red over green and blue.

    Grays come first, from dark to bright.

    Examples
    --------
    >>> hue_order(np.array([[0, 0, 1.0], [1, 1, 1], [1, 0, 0], [0, 0, 0]]))
    array([3, 1, 2, 0])
    """
    lab = _oklab(colors)
    gray = np.hypot(lab[:, 1], lab[:, 2]) < GRAY
    hues = np.array([colorsys.rgb_to_hsv(*color)[0] for color in colors.tolist()])
    return np.lexsort((lab[:, 0], np.where(gray, 0.0, hues), ~gray))


@cache
def _candidates() -> tuple[Colors, Colors]:
    """Return colors to choose from, in RGB and in Oklab."""
    axis = np.linspace(0, 1, 17)
    rgb = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    lab = _oklab(rgb)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    kept = (lab[:, 0] > 0.5) & (lab[:, 0] < 0.88) & (chroma > 0.08) & (chroma < 0.2)
    return rgb[kept], lab[kept]


def _oklab(rgb: Colors) -> Colors:
    return convert(np.ascontiguousarray(rgb.T), "oklab").T


def _squares(points: Colors, point: Colors) -> Colors:
    return np.asarray(((points - point) ** 2).sum(axis=1))
