"""Numberings: what gives the pixels of planes their numbers, plane by plane."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .blocks import serially
from .pixels import Pixels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import DTypeLike, NDArray

    from .quantizer import Quantizer


@dataclass(frozen=True, eq=False)
class Numbering:
    """The quantizers of planes, and the numbers of their clusters.

    Attributes
    ----------
    axes : tuple of int
        The axes of the labels along which the planes lie.
    quantizers : list of Quantizer or None
        Of each plane; None where it has no valid pixel.
    numbers : list of arrays of int, or None
        Of the clusters of each plane, from 0.
    dtype : dtype
        Of the labels.
    n_channels : int
    no_data : float or None
    """

    axes: tuple[int, ...]
    quantizers: list[Quantizer | None]
    numbers: list[NDArray[np.intp] | None]
    dtype: DTypeLike
    n_channels: int
    no_data: float | None

    def quantize_lazily(self, image: Any, mask: Any) -> tuple[Any, Any]:
        """Return labels and quantized image, of dask: made when asked for.

        Parameters
        ----------
        image : dask.array.Array
            With the channels last.
        mask : array of bool or None
            Of NumPy or of dask.

        Returns
        -------
        labels, quantized : dask.array.Array
            In the chunks of the image.
        """
        import dask
        import dask.array as da

        image = image.rechunk({image.ndim - 1: -1})
        axes = tuple(range(image.ndim))
        sizes = [image.shape[axis] for axis in self.axes]
        planes = da.from_array(
            np.arange(len(self.quantizers)).reshape(sizes),
            chunks=tuple(image.chunks[axis] for axis in self.axes),
        )
        masks = []
        if mask is not None:
            masks = [da.asarray(mask).rechunk(image.chunks[:-1]), axes[:-1]]
        # Once in the graph, not once a block.
        numbering = dask.delayed(self, traverse=False)
        labels = da.blockwise(
            _label_block,
            axes[:-1],
            *(image, axes, planes, self.axes, *masks),
            numbering=numbering,
            concatenate=True,
            dtype=self.dtype,
            meta=np.empty((0,) * (image.ndim - 1), self.dtype),
        )
        quantized = da.blockwise(
            _paint_block,
            axes,
            *(image, axes, planes, self.axes, labels, axes[:-1]),
            numbering=numbering,
            concatenate=True,
            dtype=image.dtype,
            meta=np.empty((0,) * image.ndim, image.dtype),
        )
        return labels, quantized

    def label(self, plane: int, image: NDArray[Any], mask: Any) -> NDArray[Any]:
        """Return the labels of pixels of a plane: their numbers from 1, or 0."""
        quantizer, numbers = self.quantizers[plane], self.numbers[plane]
        if quantizer is None or numbers is None:
            return np.zeros(image.shape[:-1], self.dtype)
        pixels = Pixels(image, self.n_channels, mask, self.no_data)
        labels = quantizer.label(pixels, pixels.valid()[0])
        return renumbered(labels, numbers, self.dtype)

    def paint(
        self, plane: int, image: NDArray[Any], labels: NDArray[Any]
    ) -> NDArray[Any]:
        """Return pixels of a plane in the colors of their clusters."""
        quantizer, numbers = self.quantizers[plane], self.numbers[plane]
        if quantizer is None or numbers is None:
            return image
        palette = quantizer.palette
        by_number = np.zeros((numbers.max() + 1, *palette.shape[1:]), palette.dtype)
        by_number[numbers] = palette
        pixels = Pixels(image, self.n_channels, None, self.no_data)
        return replace(quantizer, palette=by_number).paint(pixels, labels)


def renumbered(
    labels: NDArray[Any], numbers: NDArray[np.intp], dtype: DTypeLike
) -> NDArray[Any]:
    """Return labels 1..k, and 0, by the numbers of the clusters, from 0.

    Examples
    --------
    >>> renumbered(np.array([0, 1, 2]), np.array([4, 1]), np.uint8)
    array([0, 5, 2], dtype=uint8)
    """
    return np.asarray(np.append(0, numbers + 1).astype(dtype)[labels])


def cuts(
    shape: tuple[int, ...], axes: tuple[int, ...]
) -> Iterator[tuple[int | slice, ...]]:
    """Yield what to index an array with for each of its planes.

    In the order of the axes along which they lie, the last of which varies fastest.
    """
    for indices in np.ndindex(*(shape[axis] for axis in axes)):
        cut: list[int | slice] = [slice(None)] * len(shape)
        for axis, index in zip(axes, indices, strict=True):
            cut[axis] = index
        yield tuple(cut)


def _label_block(
    image: NDArray[Any],
    planes: NDArray[np.intp],
    mask: NDArray[np.bool_] | None = None,
    *,
    numbering: Numbering,
) -> NDArray[Any]:
    labels = np.empty(image.shape[:-1], numbering.dtype)
    of_planes = cuts(labels.shape, numbering.axes)
    for plane, cut in zip(planes.flat, of_planes, strict=True):
        inside = None if mask is None else np.ascontiguousarray(mask[cut])
        pixels = np.ascontiguousarray(image[cut])
        labels[cut] = serially(numbering.label, int(plane), pixels, inside)
    return labels


def _paint_block(
    image: NDArray[Any],
    planes: NDArray[np.intp],
    labels: NDArray[Any],
    *,
    numbering: Numbering,
) -> NDArray[Any]:
    painted = np.empty_like(image)
    of_planes = cuts(labels.shape, numbering.axes)
    for plane, cut in zip(planes.flat, of_planes, strict=True):
        pixels, own = (np.ascontiguousarray(array[cut]) for array in (image, labels))
        painted[cut] = serially(numbering.paint, int(plane), pixels, own)
    return painted
