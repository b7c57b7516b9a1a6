"""Levels: results in the resolutions in which a viewer shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.run.lazy import is_lazy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..core.results.image import QuantizedImage

#: The longest axis that a texture may have: napari shows longer Labels downsampled.
LONGEST = 16_384

#: A pyramid ends where no axis is longer.
SHORT = 2_048


def levels_of(
    result: QuantizedImage, lower: Sequence[Any]
) -> tuple[list[Any], list[Any]]:
    """Quantize the lower levels of a multiscale image.

    Parameters
    ----------
    result : QuantizedImage
        Of the highest level.
    lower : sequence of arrays
        The other levels.

    Returns
    -------
    labels, quantized : lists of arrays
        All levels, from the highest.
    """
    labels, quantized = [result.labels], [result.quantized]
    for level in lower:
        mask = result.mask
        if mask is not None:
            # Level by level, or to show a little all would have to be read.
            shape = _without_channels(level.shape, result)
            mask = np.asarray(mask) if is_lazy(mask) else mask
            mask = downsampled(mask, shape)
        of_level = result.palette.apply(level, mask=mask)
        labels.append(of_level[0])
        quantized.append(of_level[1])
    return labels, quantized


def _without_channels(
    shape: tuple[int, ...], result: QuantizedImage
) -> tuple[int, ...]:
    axis = result.channel_axis
    return tuple(n for i, n in enumerate(shape) if i != axis)


def thinned(labels: Any) -> list[Any]:
    """Return views of labels, each with every other pixel of the one before.

    In the last two axes, which are those that a viewer shows at first.

    Examples
    --------
    >>> [level.shape for level in thinned(np.zeros((3, 9000, 5000), np.uint8))]
    [(3, 9000, 5000), (3, 4500, 2500), (3, 2250, 1250), (3, 1125, 625)]
    """
    levels = [labels]
    while max(levels[-1].shape[-2:]) > SHORT:
        levels.append(levels[-1][..., ::2, ::2])
    return levels


def downsampled(mask: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return the mask of a lower level of a multiscale image.

    Parameters
    ----------
    mask : ndarray of bool
        The mask of the full resolution; a view of a smaller array stays one.
    shape : tuple of int
        The shape of the level, without colors.

    Returns
    -------
    ndarray of bool
        Pixel i of m is pixel ``floor((i + 0.5) * n / m)`` of n.

    Raises
    ------
    ValueError
        Where the numbers of dimensions differ.

    Examples
    --------
    >>> downsampled(np.array([[True, False, False, True]]), (1, 2))
    array([[False,  True]])
    """
    if len(shape) != mask.ndim:
        raise ValueError(
            f"shape={shape} should have the {mask.ndim} dimensions of the mask."
        )
    repeated = [stride == 0 for stride in mask.strides]
    indices = [
        np.zeros(1, np.intp) if r else (2 * np.arange(m) + 1) * n // (2 * m)
        for r, n, m in zip(repeated, mask.shape, shape, strict=True)
    ]
    level = mask[np.ix_(*indices)]
    return level if level.shape == shape else np.broadcast_to(level, shape)
