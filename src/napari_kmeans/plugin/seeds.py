"""Seeds: points on an image whose colors the next run starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..layers.metadata import METADATA
from .sources import full_resolution, image_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Image, Points
    from numpy.typing import NDArray

#: Pixels around a seed, along each of the last two axes, whose mean it stands for.
AROUND = 2


def seeds_of(viewer: ViewerModel, images: Sequence[Image]) -> Points | None:
    """Return the layer of the seeds of images, where there is one."""
    ids = _ids(images)
    for layer in viewer.layers:
        record = layer.metadata.get(METADATA, {})
        if record.get("seeds_of") == ids:
            return cast("Points", layer)
    return None


def add_seeds(viewer: ViewerModel, images: Sequence[Image]) -> Points:
    """Return the layer of the seeds of images, a new one where there is none.

    Napari's own tools add points to it, drag them and delete them: those that lie
    outside of the image are no seeds.
    """
    layer = seeds_of(viewer, images)
    if layer is None:
        image = images[0]
        layer = viewer.add_points(
            np.empty((0, image.ndim)),
            name=f"{image.name} seeds",
            size=max(image_shape(image)) / 40,
            face_color="transparent",
            border_color="yellow",
            border_width=0.2,
            scale=image.scale,
            translate=image.translate,
            rotate=image.rotate,
            shear=image.shear,
            affine=image.affine.affine_matrix,
            units=image.units,
            metadata={METADATA: {"seeds_of": _ids(images)}},
        )
    return layer


def colors_at(images: Sequence[Image], points: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean of the pixels around each point that lies in an image.

    Parameters
    ----------
    images : sequence of napari.layers.Image
        One, in color or not, or several that are its channels.
    points : (n, ndim) array
        In pixels of the first.

    Returns
    -------
    (m, n_channels) float64
        Of the 5 x 5 pixels around a point, as far as they are in the image, and finite.
    """
    image = images[0]
    shape = image_shape(image)
    found = []
    for point in np.rint(np.asarray(points, np.float64)):
        if ((point < 0) | (point >= shape)).any():
            continue
        cut = _around(point.astype(int).tolist(), shape)
        parts = [np.asarray(full_resolution(one)[cut], np.float64) for one in images]
        if image.rgb:
            rows = parts[0][..., :3].reshape(-1, 3)
        else:
            rows = np.stack([part.reshape(-1) for part in parts], axis=1)
        rows = rows[np.isfinite(rows).all(axis=1)]
        if len(rows):
            found.append(rows.mean(axis=0))
    channels = 3 if image.rgb else len(images)
    return np.array(found).reshape(-1, channels)


def _around(point: list[int], shape: Sequence[int]) -> tuple[slice, ...]:
    """Return the pixels around one, along the last two axes."""
    cut = []
    for axis, (at, n) in enumerate(zip(point, shape, strict=True)):
        reach = AROUND if axis >= len(shape) - 2 else 0
        cut.append(slice(max(at - reach, 0), min(at + reach + 1, n)))
    return tuple(cut)


def _ids(images: Sequence[Image]) -> str:
    return " ".join(str(image.unique_id) for image in images)
