"""Thumbnails: an image, small, as each of several palettes paints it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..data.pixels import Pixels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..data.layout import Layout
    from ..palettes.palette import Palette


def small(
    image: Any, layout: Layout, axes: tuple[int, ...], size: int
) -> tuple[NDArray[Any], tuple[int, ...]]:
    """Return the middle plane of an image, about as small, and the index along `axes`.

    Parameters
    ----------
    image : array
        Of NumPy or dask; of the latter only what is shown is computed.
    layout : Layout
    axes : tuple of int
        The axes of the labels along which planes lie: those are not shown.
    size : int
        Of the longer side, at most.

    Returns
    -------
    (height, width, n_channels) array, and tuple of int
    """
    arranged = layout.arrange(image)
    shape = arranged.shape[:-1]
    shown = [axis for axis in range(len(shape)) if axis not in axes][-2:]
    middle = tuple(n // 2 for n in shape)
    cut = tuple(slice(None) if axis in shown else at for axis, at in enumerate(middle))
    plane = arranged[cut]
    longer = max(plane.shape[:2])
    rows, columns = (
        np.arange(m := max(1, round(n * min(1.0, size / longer)))) * n // m
        for n in plane.shape[:2]
    )
    picked = np.asarray(plane[rows][:, columns])
    return picked, tuple(middle[axis] for axis in axes)


def painted(
    plane: NDArray[Any], layout: Layout, palettes: Sequence[Palette | None]
) -> NDArray[np.uint8]:
    """Return a plane as each palette shows it: (n, height, width[, 3]).

    Black where pixels are left out.
    """
    pixels = Pixels(plane, layout.n_channels, None, layout.no_data)
    end = (3,) if layout.rgb else ()
    found = np.zeros((len(palettes), *plane.shape[:2], *end), np.uint8)
    for out, palette in zip(found, palettes, strict=True):
        if palette is not None:
            labels = palette.quantizer.label_valid(pixels)
            colors = np.vstack([np.zeros(3), palette.colors])
            shown = np.rint(255 * colors).astype(np.uint8)
            out[:] = shown[labels] if layout.rgb else shown[labels, 0]
    return found
