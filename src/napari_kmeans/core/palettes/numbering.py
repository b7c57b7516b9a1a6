"""Numberings: what gives the pixels of planes their numbers, plane by plane."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..run.lazy import is_lazy
from .quantizer import quantize_lazily

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import DTypeLike, NDArray

    from ..data.pixels import Pixels
    from ..data.stream import Stream
    from .quantizer import Quantizer

    Cut = tuple[int | slice, ...]


class Numbered(NamedTuple):
    """The quantizer of a plane, and the number of each of its clusters, from 0."""

    quantizer: Quantizer
    numbers: NDArray[np.intp]

    def paint(self, pixels: Pixels, labels: NDArray[Any]) -> NDArray[Any]:
        """Return the plane, each labeled pixel in the color of its number."""
        values = self.quantizer.values
        by_number = np.zeros((self.numbers.max() + 1, *values.shape[1:]), values.dtype)
        by_number[self.numbers] = values
        return replace(self.quantizer, values=by_number).paint(pixels, labels)


@dataclass(frozen=True, eq=False)
class Numbering:
    """The numbered clusters of planes: labels and paints blocks of several planes.

    Attributes
    ----------
    axes : tuple of int
        The axes of the labels along which the planes lie.
    planes : list of Numbered or None
        None for a plane without valid pixels.
    label_dtype : dtype
    """

    axes: tuple[int, ...]
    planes: list[Numbered | None]
    label_dtype: DTypeLike

    def quantize_lazily(self, stream: Stream) -> tuple[Any, Any]:
        """Return labels and quantized image, channels last: see `quantize_lazily`."""
        return quantize_lazily(self, stream, self.places(stream.image), self.axes)

    def places(self, image: Any) -> Any:
        """Return the place of each plane among all; of dask where the image is."""
        sizes = [image.shape[axis] for axis in self.axes]
        places = np.arange(len(self.planes)).reshape(sizes)
        if not is_lazy(image):
            return places
        import dask.array as da

        chunks = tuple(image.chunks[axis] for axis in self.axes)
        return da.from_array(places, chunks=chunks)

    def label_valid(self, pixels: Pixels, places: NDArray[np.intp]) -> NDArray[Any]:
        """Return the labels of planes: numbers from 1, or 0.

        Parameters
        ----------
        pixels : Pixels
            Of these planes.
        places : array of int
            Their places among all planes.
        """
        labels = np.zeros(pixels.shape, self.label_dtype)
        for cut, own, plane in self._each(pixels, places):
            if plane is not None:
                found = plane.quantizer.label_valid(own)
                labels[cut] = renumbered(found, plane.numbers, labels.dtype)
        return labels

    def paint(
        self, pixels: Pixels, labels: NDArray[Any], places: NDArray[np.intp]
    ) -> NDArray[Any]:
        """Return the planes, each labeled pixel in the color of its number."""
        painted = pixels.image.copy(order="C")
        for cut, own, plane in self._each(pixels, places):
            if plane is not None:
                painted[cut] = plane.paint(own, np.ascontiguousarray(labels[cut]))
        return painted

    def _each(
        self, pixels: Pixels, places: NDArray[np.intp]
    ) -> Iterator[tuple[Cut, Pixels, Numbered | None]]:
        of_planes = cuts(pixels.shape, self.axes)
        for place, cut in zip(places.flat, of_planes, strict=True):
            mask = pixels.mask
            own = replace(
                pixels,
                image=np.ascontiguousarray(pixels.image[cut]),
                mask=None if mask is None else np.ascontiguousarray(mask[cut]),
            )
            yield cut, own, self.planes[place]


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


def cuts(shape: tuple[int, ...], axes: tuple[int, ...]) -> Iterator[Cut]:
    """Yield what to index an array with for each of its planes.

    In the order of the axes along which they lie, the last of which varies fastest.
    """
    for indices in np.ndindex(*(shape[axis] for axis in axes)):
        cut: list[int | slice] = [slice(None)] * len(shape)
        for axis, index in zip(axes, indices, strict=True):
            cut[axis] = index
        yield tuple(cut)
