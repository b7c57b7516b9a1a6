"""Painted labels: extended to the pixels that are not painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import validation
from ..cluster import lloyd
from ..data.pixels import Pixels, channels_last
from ..data.samples import from_pixels

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def extend_labels(
    image: ArrayLike,
    labels: ArrayLike,
    k: int,
    *,
    rgb: bool,
    channel_axis: int | None = None,
) -> NDArray[np.int32]:
    """Extend painted labels to the whole image: initial labels for `quantize`.

    Parameters
    ----------
    image : array_like
        As for `quantize`.
    labels : array of int
        1..k where painted, 0 elsewhere; of the shape of the image without channels.
    k : int
        Number of clusters.
    rgb : bool
        Whether the channels are color.
    channel_axis : int, optional
        The axis of the channels: by default, of an RGB image, the last.

    Returns
    -------
    array of int32
        Painted labels, less 1; each other pixel has the label whose painted pixels'
        mean is nearest.

    Raises
    ------
    ValueError
        If no pixel is painted, a label is not in 0..k, or the shapes do not match.

    Examples
    --------
    >>> extend_labels(np.array([[1, 2, 8, 9]]), np.array([[1, 0, 0, 2]]), 2, rgb=False)
    array([[0, 0, 1, 1]], dtype=int32)
    """
    k = validation.check_k(k)
    array = np.asarray(validation.check_image(image))
    pixels = Pixels(*channels_last(array, rgb, channel_axis))
    painted = validation.check_painted(labels, k, pixels.shape).reshape(-1)
    valid, _ = pixels.valid()
    usable = painted > 0 if valid is None else (painted > 0) & valid
    if not usable.any():
        raise ValueError("start labels should have a painted pixel that is finite.")
    channels = pixels.channels
    some = np.stack([channel[usable].astype(np.float64) for channel in channels])
    present, index = np.unique(painted[usable], return_inverse=True)
    counts = np.bincount(index)
    means = np.stack([np.bincount(index, row) / counts for row in some], axis=1)
    rest = painted == 0 if valid is None else (painted == 0) & valid
    extended = np.maximum(painted.astype(np.int32) - 1, 0)
    if rest.any():
        samples = from_pixels([channel[rest] for channel in channels])
        nearest = lloyd.assign(samples, samples.frame.relative(means)).labels
        extended[rest] = present[nearest].astype(np.int32) - 1
    return extended.reshape(pixels.shape)
