"""Losses: how far pixels are from the centers, or the colors, of their clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .data.frame import subtract
from .run.threads import map_blocks
from .spaces import convert

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Channels = Sequence[NDArray[Any]]

#: Pixels in a block, whose numbers in between stay in the processor's cache.
SIZE = 2**14


def distances(
    channels: Channels, labels: NDArray[Any], centers: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return the Euclidean distance of each pixel to the center of its cluster.

    Parameters
    ----------
    channels : sequence of (n,) arrays
        One a channel, all of one dtype.
    labels : (n,) unsigned integers
        1..k.
    centers : (k, n_channels) float64
        In the units of the pixels.

    Examples
    --------
    >>> rows = [np.array([0, 3], np.uint8), np.array([5, 9], np.uint8)]
    >>> distances(rows, np.array([1, 1]), np.array([[0.0, 5.0]])).tolist()
    [0.0, 5.0]
    """
    # Of long integers the differences are exact; floats are as they are.
    integral = channels[0].dtype.kind != "f"
    origins = [round(value) if integral else 0.0 for value in centers[0].tolist()]

    def part(start: int, stop: int) -> NDArray[np.float64]:
        squares, to = np.zeros(stop - start), labels[start:stop].astype(np.intp) - 1
        for channel, origin, own in zip(channels, origins, centers.T, strict=True):
            values = relative(channel[start:stop], origin)
            values -= (own - origin)[to]
            squares += np.square(values, out=values)
        return np.sqrt(squares, out=squares)

    return mapped(part, labels.size)


def color_differences(
    channels: Channels, labels: NDArray[Any], painted: NDArray[Any], full: float
) -> NDArray[np.float32]:
    """Return the CIEDE2000 difference of each pixel to the color it is painted in.

    The formula is that of G. Sharma, W. Wu and E. N. Dalal, "The CIEDE2000
    color-difference formula", Color Res. Appl. 30 (2005).

    Parameters
    ----------
    channels : sequence of three (n,) arrays
        Red, green and blue.
    labels : (n,) unsigned integers
        1..k.
    painted : (k, 3) array
        What pixels of each cluster become.
    full : float
        The value of full intensity.

    Examples
    --------
    >>> gray = [np.array([0, 255], np.uint8)] * 3
    >>> color_differences(gray, np.array([1, 1]), np.zeros((1, 3)), 255.0).tolist()
    [0.0, 100.0]
    """
    from skimage.color import deltaE_ciede2000

    colors = convert(painted.T.astype(np.float64) / full, "cielab")

    def part(start: int, stop: int) -> NDArray[np.float64]:
        rgb = np.stack([channel[start:stop].astype(np.float64) for channel in channels])
        lab = convert(rgb / full, "cielab")
        of_clusters = colors[:, labels[start:stop].astype(np.intp) - 1]
        found = deltaE_ciede2000(lab, of_clusters, channel_axis=0)  # type: ignore[no-untyped-call]
        return np.asarray(found)

    return mapped(part, labels.size)


def relative(channel: NDArray[Any], origin: float) -> NDArray[np.float64]:
    """Return values less an origin: for integers a whole one, and exact."""
    values = np.empty(channel.shape)
    subtract(channel, origin, values)  # type: ignore[arg-type]
    return values


def mapped(
    function: Callable[[int, int], NDArray[np.float64]], n: int
) -> NDArray[np.float32]:
    """Return what a function of (start, stop) gives, in small blocks, on threads."""
    found = np.empty(n, np.float32)

    def part(start: int, stop: int) -> None:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            found[start:stop] = function(start, stop)

    map_blocks(part, n, SIZE)
    return found
