"""Views: the part of an image that is on the screen, as coarse as it is shown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..layers.levels import downsampled
from .sources import image_shape, plane, sliders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Image

    from ..layers.metadata import LayerData

#: The most pixels of a view.
MOST = 2**21


class View(NamedTuple):
    """What is seen of an image.

    Attributes
    ----------
    level : int
        Which level of a multiscale image is shown.
    cut : tuple of slice
        What cuts the view out of that level, without colors.
    """

    level: int
    cut: tuple[slice, ...]

    def of(self, array: Any) -> Any:
        """Return the part of an array of the shape of the level."""
        return array[self.cut]

    def inside(self, mask: Any, image: Image) -> Any:
        """Return the part that is seen of a mask, of all of an image or of a plane."""
        if image.multiscale:
            mask = downsampled(mask, image.data[self.level].shape[: image.ndim])
        one = slice(0, 1)
        sizes = zip(self.cut, mask.shape, strict=True)
        return mask[tuple(one if size == 1 else cut for cut, size in sizes)]

    def data(self, image: Image) -> Any:
        """Return the part of an image that is seen."""
        return self.of(image.data[self.level] if image.multiscale else image.data)

    def placed(self, image: Image, name: str) -> Image:
        """Return it as a layer that lies where it does in the whole.

        A pixel that stands for several lies in their middle.
        """
        from napari.layers import Image

        factors = self._factors(image)
        steps = np.array([one.step or 1 for one in self.cut])
        starts = np.array([one.start or 0 for one in self.cut])
        corner = (starts + (steps - 1) / 2 + 0.5) * factors - 0.5
        _, attributes, _ = image.as_layer_data_tuple()
        placed = {
            "name": name,
            "multiscale": False,
            "scale": image.scale * steps * factors,
            "translate": image.affine.inverse(image.data_to_world(corner)),
        }
        return Image(self.data(image), **{**attributes, **placed})

    def _factors(self, image: Image) -> Any:
        """Return how many pixels of the full resolution one of the level is."""
        if not image.multiscale:
            return np.ones(image.ndim)
        whole, level = (
            np.array(image.data[at].shape[: image.ndim]) for at in (0, self.level)
        )
        return whole / level


def view_of(viewer: ViewerModel, image: Image) -> View:
    """Return what is seen of an image; all of it where nothing is drawn yet."""
    level = int(image.data_level) if image.multiscale else 0
    shape = image_shape(image)
    if image.multiscale:
        shape = tuple(image.data[level].shape[: image.ndim])
    axes = sliders(viewer.dims, image)
    full = plane(viewer.dims, image, axes)
    shown = [axis for axis in range(image.ndim) if axis not in axes]
    cut = [slice(None)] * image.ndim
    for axis in axes:  # of the level
        start = full[axis].start * shape[axis] // image_shape(image)[axis]
        cut[axis] = slice(start, start + 1)
    corners = np.asarray(image.corner_pixels)
    for axis in shown:
        low, high = int(corners[0, axis]), int(corners[1, axis]) + 1
        if high - low < 2 or len(shown) > 2:  # not drawn yet, or seen from aside
            low, high = 0, shape[axis]
        cut[axis] = slice(max(low, 0), min(high, shape[axis]), 1)
    step = _step(viewer, image, shape, [cut[axis] for axis in shown])
    for axis in shown:
        cut[axis] = slice(cut[axis].start, cut[axis].stop, step)
    return View(level, tuple(cut))


def _step(
    viewer: ViewerModel, image: Image, shape: Sequence[int], cut: list[slice]
) -> int:
    """Return how many pixels of an image are one on the screen, at least."""
    sizes = [one.stop - one.start for one in cut]
    needed = (math.prod(sizes) / MOST) ** (1 / len(sizes))
    whole = image_shape(image)
    factor = min(n / m for n, m in zip(whole, shape, strict=True))
    width = float(np.abs(image.scale).min()) * factor  # of a pixel, in the world
    on_screen = getattr(viewer, "scene", viewer).camera.zoom * width
    wanted = 1 / on_screen if on_screen > 0 else 1
    return int(max(1, math.ceil(needed), math.floor(wanted)))


def of_sources(
    layers: list[LayerData], placed: list[Image], sources: list[Image]
) -> list[LayerData]:
    """Return layers of views as those of the sources that these are views of."""
    from ..layers.metadata import METADATA

    ids = {
        str(one.unique_id): str(source.unique_id)
        for one, source in zip(placed, sources, strict=True)
    }
    renamed = []
    for data, attributes, kind in layers:
        record = dict(attributes["metadata"][METADATA])
        named = record["source_id"].split()
        record["source_id"] = " ".join(ids.get(one, one) for one in named)
        renamed.append((data, {**attributes, "metadata": {METADATA: record}}, kind))
    return renamed
