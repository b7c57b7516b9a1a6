"""Maps: how far each pixel is from what it becomes, and how sure its label is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from . import kernels, losses, validation
from .data.codes import Codes, count
from .data.pixels import Pixels
from .data.stream import Stream
from .labeled import Labeling, labeled, masked
from .palettes.placing import as_of
from .run.lazy import is_lazy
from .run.progress import at, follow, stage
from .run.threads import map_blocks, spans
from .spaces import full_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from .palettes.palette import Palette
    from .palettes.quantizer import Quantizer
    from .run.progress import Report

    Channels = list[NDArray[Any]]

#: Pixels that are gone through without a pause.
PART = 2**22

#: A table of colors, where it has at most so many for each pixel, is worth its while.
SPARSE = 16


def error_map(
    image: ArrayLike,
    palette: Palette,
    *,
    metric: Literal["distance", "ciede2000"] = "distance",
    mask: ArrayLike | None = None,
    progress: Report | None = None,
) -> Any:
    """Return how far each pixel of an image is from what stands for its cluster.

    To see where a palette loses most, and so whether a cluster is missing there.

    Parameters
    ----------
    image : array_like, dask.array.Array, zarr.Array or xarray.DataArray
        As for `quantize`; with the axes and the channels of the image that was
        clustered.
    palette : Palette
        What labels and paints it.
    metric : {"distance", "ciede2000"}, default "distance"
        The Euclidean distance to the center of the cluster as the palette tells it, in
        the units of the image; or, of RGB images, the color difference CIEDE2000 to
        what `Palette.paint` paints: about 1 can just be seen.
    mask : array of bool, optional
        Of the shape of the image without channels; False leaves a pixel out.
    progress : callable, optional
        As for `quantize`; of an image of NumPy.

    Returns
    -------
    array of float32
        Of the shape of the image without channels, NaN for pixels left out, also by the
        palette's `reject`. Of dask, made when asked for, where the image goes by
        blocks, with the same values; a DataArray where the image is one.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described; before any work.

    References
    ----------
    G. Sharma, W. Wu and E. N. Dalal, "The CIEDE2000 color-difference formula", Color
    Res. Appl. 30 (2005).

    Examples
    --------
    >>> from napari_kmeans import fit, read_samples
    >>> image = np.array([[10, 12, 200], [14, 201, 202]], np.uint8)
    >>> error_map(image, fit(read_samples(image), k=2)).tolist()
    [[2.0, 0.0, 1.0], [2.0, 0.0, 1.0]]
    """
    validation.check_palette(palette)
    validation.check_progress(progress)
    array = validation.check_image(image)
    labeling, mask = masked(image, mask, palette.layout)
    palette, rgb = as_of(palette, array.dtype), palette.layout.rgb
    quantizer = palette.quantizer_of(array.dtype)
    validation.check_metric(metric, rgb)
    of: _Of = _Distances(quantizer, palette.centers)
    if metric == "ciede2000":
        of = _ColorDifferences(quantizer, full_of(array.dtype))
    found = _map("Measuring errors", of, array, palette, mask, progress)
    return labeled(found, labeling, "error")


def margin_map(
    image: ArrayLike,
    palette: Palette,
    *,
    mask: ArrayLike | None = None,
    progress: Report | None = None,
) -> Any:
    """Return how sure the label of each pixel of an image is, from 0 to 1.

    That is 1 - d1 / d2: d1 is its distance to the nearest center, d2 to the nearest one
    of another cluster, where the palette measures distances. `reject` leaves out what
    is unsure.

    Parameters
    ----------
    image : array_like, dask.array.Array, zarr.Array or xarray.DataArray
        As for `quantize`; with the axes and the channels of the image that was
        clustered.
    palette : Palette
        Of a merged cluster all centers count as its own.
    mask : array of bool, optional
        Of the shape of the image without channels; False leaves a pixel out.
    progress : callable, optional
        As for `quantize`; of an image of NumPy.

    Returns
    -------
    array of float32
        Of the shape of the image without channels: 0 where two clusters are equally
        near, 1 on a center, and everywhere where there is but one cluster; NaN for
        pixels left out, also by the palette's `reject`. Of dask, made when asked for,
        where the image goes by blocks, with the same values; a DataArray where the
        image is one.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described; before any work.

    Examples
    --------
    >>> from napari_kmeans import fit, read_samples
    >>> palette = fit(read_samples(np.array([[10, 10, 50]], np.uint8)), k=2)
    >>> margin_map(np.array([[10, 20, 30]], np.uint8), palette).round(2)
    array([[1.  , 0.67, 0.  ]], dtype=float32)
    """
    validation.check_palette(palette)
    validation.check_progress(progress)
    array = validation.check_image(image)
    labeling, mask = masked(image, mask, palette.layout)
    palette = as_of(palette, array.dtype)
    of = _Margins(palette.quantizer_of(array.dtype))
    found = _map("Measuring margins", of, array, palette, mask, progress)
    return labeled(found, labeling, "margin")


def reject(labels: Any, margins: Any, least: float) -> tuple[Any, Any]:
    """Return labels without those whose margin is below some least.

    Parameters
    ----------
    labels : array of int
        Of NumPy, dask or xarray, 0 where there is none, such as `Palette.label` gives.
    margins : array of float
        What `margin_map` gives for the same pixels.
    least : float
        From 0, which rejects none, to 1.

    Returns
    -------
    labels : array
        0 where they are rejected.
    n : int
        How many were; of dask, and counted when asked for, where one of the arrays is.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described.

    Examples
    --------
    >>> labels, n = reject(np.array([[1, 2, 0]]), np.array([[0.9, 0.1, np.nan]]), 0.5)
    >>> labels.tolist(), n
    ([[1, 0, 0]], 1)
    """
    labeling = Labeling.of(labels, rgb=False, channel_axis=None)
    if labeling is not None:
        margins = labeling.aligned("margins", margins)
    labels, margins = validation.check_margins(labels, margins)
    least = validation.check_least(least)
    unsure = (margins < least) & (labels > 0)
    kept = np.where(unsure, labels.dtype.type(0), labels)
    n = unsure.sum() if is_lazy(unsure) else int(np.count_nonzero(unsure))
    return labeled(kept, labeling, "labels"), n


class _Of(Protocol):
    """What a map has for pixels, given channel by channel."""

    def __call__(self, channels: Channels) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class _Distances:
    """How far pixels are from the centers of their clusters."""

    quantizer: Quantizer
    centers: NDArray[np.float64]

    def __call__(self, channels: Channels) -> NDArray[np.float32]:
        labels = self.quantizer.label_channels(channels)
        return _labeled(losses.distances(channels, labels, self.centers), labels)


@dataclass(frozen=True)
class _ColorDifferences:
    """How different pixels look from what they are painted in."""

    quantizer: Quantizer
    full: float

    def __call__(self, channels: Channels) -> NDArray[np.float32]:
        labels = self.quantizer.label_channels(channels)
        painted = self.quantizer.values
        found = losses.color_differences(channels, labels, painted, self.full)
        return _labeled(found, labels)


def _labeled(found: NDArray[np.float32], labels: NDArray[Any]) -> NDArray[np.float32]:
    """Return a map with NaN where the label is 0."""
    found[labels == 0] = np.nan
    return found


@dataclass(frozen=True)
class _Margins:
    """How sure the labels of pixels are."""

    quantizer: Quantizer

    def __call__(self, channels: Channels) -> NDArray[np.float32]:
        quantizer = self.quantizer
        values, owners = quantizer.frame.forward(channels), quantizer.owners
        if owners is None:
            owners = np.arange(len(quantizer.centers))
        clusters = [quantizer.centers[owners == at] for at in np.unique(owners)]
        squares = _squares if quantizer.frame.euclidean else _color_squares
        least = partial(_least_squares, squares)
        reach = np.inf if quantizer.reach is None else quantizer.reach

        def part(start: int, stop: int) -> NDArray[np.float64]:
            rows = values[:, start:stop].astype(np.float64)
            nearest, second = np.full((2, stop - start), np.inf)
            for centers in clusters:
                squared = least(rows, centers)
                np.minimum(second, np.maximum(nearest, squared), out=second)
                np.minimum(nearest, squared, out=nearest)
            margins = 1 - np.sqrt(nearest / second)
            # As far from both as can be told: not at all, or beyond all numbers.
            undecided = (second == 0) | (nearest == np.inf)
            margins[undecided] = 0 if len(clusters) > 1 else 1
            margins[np.sqrt(nearest) > reach] = np.nan
            return np.asarray(margins)

        return losses.mapped(part, channels[0].size)


def _least_squares(
    squares: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
    rows: NDArray[np.float64],
    centers: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the squared distances of columns to the nearest of some centers: (n,)."""
    least = squares(rows, centers[0])
    for center in centers[1:]:
        np.minimum(least, squares(rows, center), out=least)
    return least


def _color_squares(
    rows: NDArray[np.float64], center: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the squared differences CIEDE2000 of columns to a center: (n,)."""
    squared = np.empty(rows.shape[1])
    kernels.squares_ciede2000(rows, center, squared)
    return squared


def _squares(
    rows: NDArray[np.float64], center: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the squared distances of columns to a center: (n,)."""
    squared = rows[0] - center[0]
    squared *= squared
    for row, value in zip(rows[1:], center[1:], strict=True):
        difference = row - value
        difference *= difference
        squared += difference
    return np.asarray(squared)


def _map(
    name: str,
    of: _Of,
    array: NDArray[Any],
    palette: Palette,
    mask: ArrayLike | None,
    progress: Report | None,
) -> Any:
    """Return a map of an image; of dask where the image is."""
    layout, lazy = palette.layout, is_lazy(array)
    arranged = layout.arrange(array)
    checked = validation.check_mask(mask, arranged.shape[:-1], lazy=lazy)
    given = arranged, layout.n_channels, checked, layout.no_data
    if lazy:
        return Stream(*given).mapped(partial(_of_pixels, of), np.float32)

    def work() -> NDArray[np.float32]:
        with stage(name):
            return _of_pixels(of, Pixels(*given))

    return follow(work, progress)


def _of_pixels(of: _Of, pixels: Pixels) -> NDArray[np.float32]:
    """Return a map of pixels, NaN for those that do not take part."""
    valid, _ = pixels.valid()
    channels = pixels.channels
    if valid is not None:
        channels = [channel[valid] for channel in channels]
    found = _by_color(of, channels)
    if valid is not None:
        everywhere = np.full(valid.size, np.nan, np.float32)
        everywhere[valid] = found
        found = everywhere
    return found.reshape(pixels.shape)


def _by_color(of: _Of, channels: Channels) -> NDArray[np.float32]:
    """Return what a map has for pixels: once for each color, if that spares work."""
    n, dtype = channels[0].size, channels[0].dtype
    codes = Codes.of_dtype(dtype, len(channels))
    if codes is None or n * SPARSE < codes.n:
        return _in_parts(of, channels)
    occurring, _ = count(channels, codes)
    if occurring.size * 2 > n:
        return _in_parts(of, channels)
    table = np.zeros(codes.n, np.float32)
    table[occurring] = _in_parts(of, codes.channels(occurring, dtype))
    found = np.empty(n, np.float32)

    def look_up(start: int, stop: int) -> None:
        some = [channel[start:stop] for channel in channels]
        np.take(table, codes.encode(some), out=found[start:stop], mode="clip")

    map_blocks(look_up, n, losses.SIZE)
    return found


def _in_parts(of: _Of, channels: Channels) -> NDArray[np.float32]:
    """Return what a map has for pixels, and tell how far it has come."""
    n = channels[0].size
    found = np.empty(n, np.float32)
    for start, stop in spans(n, PART):
        at(start / n)
        found[start:stop] = of([channel[start:stop] for channel in channels])
    return found
