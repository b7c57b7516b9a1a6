"""Regions: layers that say where in an image, on the image's own grid.

As a mask, or as the number of the region of each pixel. A Labels layer is inside where
it is not 0, a Shapes layer in its rectangles, ellipses and polygons. What counts is the
world, as napari shows it: layers may differ in scale, place, rotation, units and shape,
and one of fewer dimensions lies on the last axes of another. Pixel i has its center at
the coordinate i.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.run.memory import free_memory
from ..core.run.threads import spans
from .sources import full_resolution, image_shape

if TYPE_CHECKING:
    from napari.layers import Image, Labels, Layer, Shapes
    from numpy.typing import NDArray

#: Types of shapes that have an inside; paths and lines have none.
FILLED = {"rectangle", "ellipse", "polygon"}

#: Decimals of a pixel that count of a vertex: napari holds no more, in float32.
_DECIMALS = 4

#: Elements of the arrays in which a shape is drawn, a band of rows at a time.
_BAND = 2**20


def is_region(layer: Layer) -> bool:
    """Whether a layer can be a mask: a Labels or a Shapes layer."""
    from napari.layers import Labels, Shapes

    return isinstance(layer, (Labels, Shapes))


def mask(region: Labels | Shapes, source: Image) -> NDArray[np.bool_]:
    """Return which pixels of an image are inside a region.

    Parameters
    ----------
    region : napari.layers.Labels or napari.layers.Shapes
        Labels are inside where they are not 0, and taken at the nearest pixel.
        Shapes are inside where the center of a pixel is, or lies on the outline; in a
        layer of as many dimensions as the image, each holds for the one plane that it
        is drawn in.
    source : napari.layers.Image

    Returns
    -------
    ndarray of bool
        In the shape of the source's data, of the full resolution, without colors.
        A read-only view where the region is the same along an axis.

    Raises
    ------
    TypeError
        Where the region is of another type.
    ValueError
        Where nothing of the source is inside, Labels have more dimensions than the
        source, no shape has an inside, one lies in no plane of the source, or the mask
        does not fit in the free memory: it takes a byte a pixel.

    Examples
    --------
    >>> from napari.layers import Image, Shapes
    >>> image = Image(np.zeros((3, 5)), scale=(2, 2))
    >>> mask(Shapes([[0, 2], [2, 6]], shape_type="rectangle"), image).astype(int)
    array([[0, 1, 1, 1, 0],
           [0, 1, 1, 1, 0],
           [0, 0, 0, 0, 0]])
    """
    return _placed(region, source, "mask")


def numbers(region: Labels | Shapes, source: Image) -> NDArray[np.integer[Any]]:
    """Return the number of the region of each pixel of an image, 0 outside of all.

    Parameters
    ----------
    region : napari.layers.Labels or napari.layers.Shapes
        As for `mask`. The numbers of Labels are their own; shapes are numbered from 1
        in the order of the layer, those without an inside, too. Where several overlap,
        a pixel is of the one that napari draws on top.
    source : napari.layers.Image

    Returns
    -------
    ndarray of integers
        In the shape of the source's data, of the full resolution, without colors.
        A read-only view where the region is the same along an axis.

    Raises
    ------
    TypeError, ValueError
        As for `mask`.

    Examples
    --------
    >>> from napari.layers import Image, Shapes
    >>> boxes = [[[0, 0], [1, 1]], [[1, 1], [2, 3]]]
    >>> numbers(Shapes(boxes, shape_type="rectangle"), Image(np.zeros((3, 5))))
    array([[1, 1, 0, 0, 0],
           [1, 2, 2, 2, 0],
           [0, 2, 2, 2, 0]], dtype=uint8)
    """
    return _placed(region, source, "numbers")


def region_names(region: Labels | Shapes) -> dict[int, str]:
    """Return what the regions of a layer are called, by their numbers.

    That is in the column "name" of its features: a row a shape; of Labels, the number
    is in the column "index", and that of the row where there is none. Those without a
    name are left out.

    Examples
    --------
    >>> from napari.layers import Labels
    >>> features = {"index": [0, 4, 7], "name": ["", "leaf", "stem"]}
    >>> region_names(Labels(np.array([[4, 7]]), features=features))
    {4: 'leaf', 7: 'stem'}
    """
    from napari.layers import Labels
    from pandas import isna

    _check_region(region, "regions")
    features = region.features
    if "name" not in features:
        return {}
    at: Any = range(1, len(features) + 1)
    if isinstance(region, Labels):
        at = features["index"] if "index" in features else range(len(features))
    rows = zip(at, features["name"], strict=True)
    return {int(n): str(name) for n, name in rows if not isna(name) and str(name)}


def _check_region(layer: Layer, what: str) -> None:
    if not is_region(layer):
        raise TypeError(
            f"The {type(layer).__name__} layer {layer.name!r} should be a Labels or a "
            f"Shapes layer to be {what}."
        )


def _placed(region: Labels | Shapes, source: Image, what: str) -> NDArray[Any]:
    """Return a layer on the grid of an image, as "mask" or "numbers"."""
    from napari.layers import Labels

    _check_region(region, "a mask" if what == "mask" else "regions")
    shape = image_shape(source)
    if isinstance(region, Labels):
        data = full_resolution(region)
        if what == "numbers" and not isinstance(data, np.ndarray):
            _check_room(region, source, data.shape, np.dtype(data.dtype))
        values = _nonzero(data) if what == "mask" else np.asarray(data)
        found = _labels_placed(region, source, shape, values)
    else:
        values = np.arange(1, len(region.data) + 1)
        dtype = np.dtype(bool) if what == "mask" else np.min_scalar_type(len(values))
        found = _shapes_placed(region, source, shape, values.astype(dtype))
    if not found.any():
        raise ValueError(
            f"{_title(region)} should have a pixel of {source.name!r} inside, but has "
            "none."
        )
    return found if found.shape == shape else np.broadcast_to(found, shape)


def _title(region: Layer) -> str:
    return f"The {type(region).__name__} layer {region.name!r}"


def _to_world(layer: Layer) -> NDArray[np.float64]:
    """Return the matrix from data to the world: (ndim + 1, ndim + 1)."""
    return np.array(layer._data_to_world.affine_matrix, np.float64)


def _region_to_world(region: Layer, source: Image) -> NDArray[np.float64]:
    """Return the matrix from a region's data to the world in the source's units.

    Like napari, take the units for the same where not all can be converted.
    """
    matrix = _to_world(region)
    axes = range(-min(region.ndim, source.ndim), 0)
    units = [(region.units[axis], source.units[axis]) for axis in axes]
    if all(ours.dimensionality == theirs.dimensionality for ours, theirs in units):
        for axis, (ours, theirs) in zip(axes, units, strict=True):
            matrix[axis - 1] *= (1 * ours).to(theirs).magnitude
    return matrix


def _labels_placed(
    region: Labels, source: Image, shape: tuple[int, ...], values: NDArray[Any]
) -> NDArray[Any]:
    """Return values of labels, of size 1 along axes where they are all the same."""
    from scipy import ndimage

    missing = len(shape) - region.ndim
    if missing < 0:
        raise ValueError(
            f"{_title(region)} of {region.ndim} dimensions should have at most the "
            f"{len(shape)} of {source.name!r}."
        )
    to_region = np.linalg.inv(_region_to_world(region, source))
    matrix = to_region @ _to_world(source)[missing:]
    # Free of noise, halves of a pixel are rounded alike.
    matrix = np.round(matrix[:-1], 12)
    inside = values.reshape((1,) * missing + values.shape)
    aligned = np.array_equal(matrix, np.eye(region.ndim, len(shape) + 1, missing))
    if aligned and values.shape == shape[missing:]:
        return inside
    linear = np.zeros((len(shape), len(shape)))
    linear[missing:] = matrix[:, :-1]
    offset = np.append(np.zeros(missing), matrix[:, -1])
    output_shape = tuple(np.where(linear.any(axis=0), shape, 1).tolist())
    _check_room(region, source, output_shape, values.dtype)

    def sampled(array: NDArray[Any]) -> NDArray[Any]:
        found: NDArray[Any] = ndimage.affine_transform(
            array,
            linear,
            offset,
            output_shape=output_shape,
            order=0,
            mode="grid-constant",
            prefilter=False,
        )
        return found

    if values.dtype.itemsize < 8:
        return sampled(inside)
    # It goes through float64, which holds but halves of long integers.
    high, low = np.divmod(inside, values.dtype.type(2**32))
    return np.asarray((sampled(high) << 32) | sampled(low))


def _nonzero(data: Any) -> NDArray[np.bool_]:
    """Return where labels are not 0; lazy ones are read in blocks."""
    if not isinstance(data, np.ndarray):
        import dask.array

        if not isinstance(data, dask.array.Array):
            data = dask.array.from_array(data)
    return np.asarray(data != 0)


def _shapes_placed(
    region: Shapes, source: Image, shape: tuple[int, ...], values: NDArray[Any]
) -> NDArray[Any]:
    """Return values of shapes, of size 1 along axes where they are all the same."""
    each = [*zip(region.shape_type, region.data, values, strict=True)]
    drawn = [each[at] for at in np.argsort(region.z_index, kind="stable")]
    shapes = [(str(kind), *rest) for kind, *rest in drawn if kind in FILLED]
    if not shapes:
        raise ValueError(
            f"{_title(region)} should have a rectangle, an ellipse or a polygon, as "
            "nothing else has an inside."
        )
    missing = max(len(shape) - region.ndim, 0)
    matrix, shift = _to_source(region, source, missing)
    moves = (np.abs(shift) * shape[:missing] > 10.0**-_DECIMALS).any(axis=0)
    leading = tuple(np.where(moves, shape[:missing], 1).tolist())
    _check_room(region, source, leading + shape[missing:], values.dtype)
    inside = np.zeros(leading + shape[missing:], values.dtype)
    for kind, vertices, value in shapes:
        placed = vertices @ matrix[:, :-1].T + matrix[:, -1]
        for index in np.ndindex(leading):
            moved = np.round(placed - shift @ index, _DECIMALS)
            if not _draw(inside[index], kind, moved, value):
                raise ValueError(
                    f"{_title(region)} should have each shape in one plane of "
                    f"{source.name!r}, but has one of type {kind} across several."
                )
    return inside


def _check_room(
    region: Layer, source: Image, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> None:
    """Raise where there is no room for what is to have a shape."""
    needed, free = math.prod(shape) * dtype.itemsize, free_memory()
    if needed > free:
        raise ValueError(
            f"{_title(region)} should fit in memory on the grid of an image, but for "
            f"{source.name!r} it needs {needed / 1e9:.1f} GB, and {free / 1e9:.1f} are "
            "free."
        )


def _to_source(
    region: Shapes, source: Image, missing: int
) -> tuple[NDArray[np.floating[Any]], NDArray[np.floating[Any]]]:
    """Return the matrix from a region's data to the source's, without missing axes.

    That is (ndim - missing, region.ndim + 1), and goes to the first plane along the
    missing axes. The other result is by how many pixels the next plane is shifted
    along the axes that are left, (ndim - missing, missing): in a sheared stack, what
    is above one pixel in the world is above another in the data.
    """
    world = _to_world(source)[missing:-1]
    linear = world[:, missing:-1]
    lengths = np.linalg.norm(_to_world(source)[:-1, missing:-1], axis=0)
    if abs(np.linalg.det(linear / lengths)) < 1e-6:
        raise ValueError(
            f"{_title(region)} should not be at a right angle to the planes of "
            f"{source.name!r}."
        )
    to_world = _region_to_world(region, source)[:-1][-len(world) :]
    to_world[:, -1] -= world[:, -1]
    shift = np.linalg.solve(linear, world[:, :missing])
    return np.linalg.solve(linear, to_world), shift


def _draw(
    inside: NDArray[Any], kind: str, vertices: NDArray[np.floating[Any]], value: Any
) -> bool:
    """Draw a shape into the plane that it lies in; return whether it lies in one.

    A shape may lie across any two axes, as it may have been drawn with axes swapped.
    """
    across = np.sort(np.argsort(np.ptp(vertices, axis=0), stable=True)[-2:])
    along = np.delete(np.arange(inside.ndim), across)
    planes = np.rint(vertices[:, along])
    if np.ptp(planes, axis=0).any():
        return False
    if ((planes >= 0) & (planes < np.take(inside.shape, along))).all():
        index: list[Any] = [slice(None)] * inside.ndim
        for axis, plane in zip(along, planes[0], strict=True):
            index[axis] = int(plane)
        _fill(inside[tuple(index)], kind, vertices[:, across], value)
    return True


def _fill(
    plane: NDArray[Any], kind: str, vertices: NDArray[np.floating[Any]], value: Any
) -> None:
    """Set the pixels of a plane inside a shape, in its bounding box."""
    low = np.clip(np.ceil(vertices.min(axis=0)), 0, plane.shape).astype(int)
    high = np.clip(np.floor(vertices.max(axis=0)) + 1, 0, plane.shape).astype(int)
    if (low >= high).any():
        return
    box = plane[low[0] : high[0], low[1] : high[1]]
    height = max(_BAND // max(box.shape[1], len(vertices)), 1)
    within = _within_ellipse if kind == "ellipse" else _within_polygon
    for start, stop in spans(len(box), height):
        band = box[start:stop]
        band[within(vertices - low - (start, 0), band.shape)] = value


def _within_ellipse(
    corners: NDArray[np.floating[Any]], shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Return the pixels inside the ellipse that touches the sides of a box.

    The box may have become a parallelogram. Of the ellipse, napari draws a polygon.
    """
    axes = np.stack([corners[1] - corners[0], corners[2] - corners[1]], axis=1) / 2
    if abs(np.linalg.det(axes)) < 10.0**-_DECIMALS:
        return np.zeros(shape, np.bool_)
    to_circle = np.linalg.inv(axes)
    row, column = (
        np.arange(n) - center
        for n, center in zip(shape, corners.mean(axis=0), strict=True)
    )
    u, v = (np.add.outer(a * row, b * column) for a, b in to_circle)
    return np.asarray(u * u + v * v <= 1 + 1e-9)


def _within_polygon(
    vertices: NDArray[np.floating[Any]], shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Return the pixels inside a polygon or on its outline, by the even-odd rule.

    Each crossing of the outline with a row turns inside to outside, and back, for all
    pixels from there on: a scan of the rows, in time that hardly grows with the number
    of vertices.
    """
    height, width = shape
    first, second = vertices, np.roll(vertices, -1, axis=0)
    # From the upper end, so that an edge gone to and fro has the same crossings.
    down = first[:, :1] <= second[:, :1]
    (y0, x0), (y1, x1) = (
        np.where(down, first, second).T,
        np.where(down, second, first).T,
    )
    rows = np.arange(height)[:, None]
    row, edge = np.nonzero((y0 <= rows) & (rows <= y1) & (y0 < y1))
    x = x0[edge] + (row - y0[edge]) * (x1 - x0)[edge] / (y1 - y0)[edge]
    column = np.clip(np.ceil(x), 0, width).astype(np.intp)
    turns = np.zeros((height, width + 1), np.bool_)
    crossed = row < y1[edge]
    np.logical_xor.at(turns, (row[crossed], column[crossed]), True)
    within = np.logical_xor.accumulate(turns, axis=1)[:, :width]
    on = (x == column) & (column < width)
    within[row[on], column[on]] = True
    for flat in np.flatnonzero((y0 == y1) & np.isin(y0, rows)):
        start, stop = np.clip(np.sort([x0[flat], x1[flat]]), -1, width)
        within[int(y0[flat]), int(np.ceil(max(start, 0))) : int(stop) + 1] = True
    return within
