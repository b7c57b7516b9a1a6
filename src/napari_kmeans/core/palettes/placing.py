"""Placing: a palette put on an image that is not the one it was made of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .. import validation
from ..spaces import full_of

if TYPE_CHECKING:
    from ..data.layout import Layout
    from .making import Made

T = TypeVar("T", bound="Made")


def placed(palette: T, layout: Layout) -> T:
    """Return a palette as it is of an image: its channels are where that has them.

    Colors that are of no image, as a chart's, are of the dtype of this one.

    Parameters
    ----------
    palette : Palette
    layout : Layout
        Of the image.

    Raises
    ------
    ValueError
        Where that has other channels, or colors with another full intensity.

    Examples
    --------
    >>> from napari_kmeans import Palette
    >>> from napari_kmeans.core.data.layout import Layout
    >>> chart = Palette.of_colors(["#ff8000"])
    >>> image = np.zeros((1, 1, 3), np.uint16)
    >>> placed(chart, Layout.of(image, rgb=True)).centers.tolist()
    [[65535.0, 32896.0, 0.0]]
    """
    own = palette.layout
    found, wanted = ((each.n_channels, each.rgb) for each in (layout, own))
    validation.check_same("image", found, wanted)
    if is_chart(palette) and layout.dtype.kind in "iuf":
        palette = _chart(palette, layout.dtype)
    palette.check_full("image", layout.dtype)
    return replace(palette, layout=replace(layout, dtype=palette.layout.dtype))


def as_of(palette: T, dtype: np.dtype[Any], name: str = "image") -> T:
    """Return a palette as it is of images of a dtype.

    Colors that are of no image, as a chart's, are converted. Others, of color images,
    are only of images with the same value of full intensity.

    Parameters
    ----------
    palette : Palette
    dtype : dtype
    name : str, default "image"
        What is refused.

    Raises
    ------
    ValueError
        Where full intensity is another.

    Examples
    --------
    >>> from napari_kmeans import Palette
    >>> chart = Palette.of_colors(["#ff8000"])
    >>> as_of(chart, np.dtype(np.uint16)).centers.tolist()
    [[65535.0, 32896.0, 0.0]]
    >>> as_of(chart.recolor(1, "#000000"), np.dtype(np.uint8)).k
    1
    """
    if dtype.kind in "iuf" and full_of(dtype) != palette.space.full:
        palette = _chart(palette, dtype) if is_chart(palette) else palette
    palette.check_full(name, dtype)
    return palette


def is_chart(palette: Made) -> bool:
    """Whether a palette is nothing but colors of 8 bits, as files of charts have them.

    Examples
    --------
    >>> from napari_kmeans import Palette
    >>> is_chart(Palette.of_colors(["#ff8000"], dtype=np.float32))
    True
    >>> is_chart(Palette.of_colors(["#ff8000"]).recolor(1, "#000000"))
    False
    """
    dtype = palette.layout.dtype
    if not palette.layout.rgb or palette.counts.any() or dtype.kind not in "iuf":
        return False
    return _chart(palette, dtype) == replace(
        palette, layout=palette.of_colors([[0, 0, 0]], dtype=dtype).layout
    )


def _chart(palette: T, dtype: np.dtype[np.generic]) -> T:
    """Return the colors of a palette, of 8 bits, as one for images of a dtype."""
    colors = np.rint(palette.colors * 255).astype(np.uint8)
    return palette.of_colors(colors, palette.names, dtype=dtype)


def renamed(palette: Made, layout: Layout) -> str:
    """Return a sentence where the channels of an image are called otherwise.

    Examples
    --------
    >>> from napari_kmeans import fit, read_samples
    >>> from napari_kmeans.core.data.layout import Layout
    >>> image = np.array([[[1, 2]], [[3, 5]]])
    >>> samples = read_samples(image, channel_axis=0, channel_names=["Fe", "Si"])
    >>> found = Layout.of(image, channel_axis=0, channel_names=["Si", "Fe"])
    >>> renamed(fit(samples, k=2), found)
    'image of channels Si, Fe should be of Fe, Si, as before.'
    """
    names, before = layout.channels, palette.layout.channels
    numbered = tuple(map(str, range(len(names))))
    if names == before or numbered in (names, before) or len(names) == 1:
        return ""
    told = ", ".join(names), ", ".join(before)
    return f"image of channels {told[0]} should be of {told[1]}, as before."
