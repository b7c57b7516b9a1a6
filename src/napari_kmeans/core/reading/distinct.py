"""Distinct colors: those of an image, or so many of them as can be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..data.sampling import NO_WEIGHTS, stratified

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data.counted import Colors
    from .fit import ImageSamples


class Distinct(NamedTuple):
    """Distinct colors of an image.

    Attributes
    ----------
    values : (n, n_channels) array
        In the units and the dtype of the image.
    pixels : (n,) int64
        How many pixels are of each, of those that were counted or picked.
    """

    values: NDArray[Any]
    pixels: NDArray[np.int64]


def distinct(samples: ImageSamples, most: int) -> Distinct:
    """Return at most so many of the distinct colors of what takes part.

    Where there are more that were counted, they are cut, as they lie near to each
    other, into so many runs of one length, and each run is told by its most frequent
    color, the first of several: the whole cloud is there, rare colors too. Where
    colors are not counted, so many pixels are picked, spread evenly over the image, and
    those that are equal are one.

    Parameters
    ----------
    samples : ImageSamples
    most : int

    Examples
    --------
    >>> from napari_kmeans import read_samples
    >>> found = distinct(read_samples(np.array([[3, 3, 4], [8, 9, 9]], np.uint8)), 2)
    >>> found.values.ravel().tolist(), found.pixels.tolist()
    ([3, 9], [2, 2])
    """
    colors = samples.colors
    if colors is None:
        index = np.arange(samples.n)
        if samples.n > most:
            index = stratified(samples.n, NO_WEIGHTS, most, seed=0)
        rows = np.stack(samples.picked(index), axis=1)
        return Distinct(*np.unique(rows, axis=0, return_counts=True))
    index = frequent(colors.weights, most)
    dtype = samples.layout.dtype.newbyteorder("=")
    return Distinct(_restored(colors, index, dtype), colors.weights[index].astype(int))


def frequent(counts: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Return where the greatest is in each of so many runs; all, if there are fewer.

    Examples
    --------
    >>> frequent(np.array([1.0, 5.0, 2.0, 2.0, 3.0]), 2).tolist()
    [1, 4]
    """
    n = len(counts)
    if n <= most:
        return np.arange(n)
    starts = np.arange(most) * n // most
    greatest = np.maximum.reduceat(counts, starts)
    lengths = np.diff(starts, append=n)
    at = np.flatnonzero(counts == np.repeat(greatest, lengths))
    return np.asarray(at[np.searchsorted(at, starts)])


def _restored(
    colors: Colors, index: NDArray[np.intp], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Return some colors as the image has them: (n, n_channels)."""
    values = colors.codes.decode(colors.occurring[index]).astype(np.uint64)
    # Unsigned arithmetic wraps, so any integers come right.
    values += np.array([[m % 2**64] for m in colors.codes.minima], np.uint64)
    return np.ascontiguousarray(values.T.astype(dtype))
