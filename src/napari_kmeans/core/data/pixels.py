"""Pixels: an image, or a block of one, in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..run.lazy import extended, reduced
from ..run.threads import map_blocks

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

#: Why a pixel may be left out, in the order in which it is asked.
REASONS = ("masked", "not finite", "transparent", "no data")


def channels_last(image: Any, rgb: bool, channel_axis: int | None) -> tuple[Any, int]:
    """Return an image with its channels as last axis, and how many there are.

    Of NumPy or dask; alpha comes last and is not counted.
    """
    if channel_axis is not None:
        order = [axis for axis in range(image.ndim) if axis != channel_axis]
        image = image.transpose([*order, channel_axis])
    elif not rgb:
        image = extended(image)
    return image, 3 if rgb else image.shape[-1]


def channels_restored(image: Any, rgb: bool, channel_axis: int | None) -> Any:
    """Return an image, whose channels are last, as it was before `channels_last`."""
    if channel_axis is not None:
        last = image.ndim - 1
        order = list(range(last))
        order.insert(channel_axis, last)
        return image.transpose(order)
    return image if rgb else reduced(image)


@dataclass(frozen=True)
class Pixels:
    """Pixels in C order.

    Attributes
    ----------
    image : array
        With the channels as last axis.
    n_channels : int
        Channels to cluster by: without alpha.
    mask : array of bool, or None
        False where a pixel is to be left out.
    no_data : float or None
        The value that, in all channels, says that there is none.
    """

    image: NDArray[Any]
    n_channels: int
    mask: NDArray[np.bool_] | None = None
    no_data: float | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape without channels."""
        return self.image.shape[:-1]

    @property
    def size(self) -> int:
        """Number of pixels."""
        return int(np.prod(self.shape))

    @property
    def channels(self) -> list[NDArray[Any]]:
        """The channels to cluster by, each (n,), in native byte order.

        Views of the image where its memory allows.
        """
        native = self.image.dtype.newbyteorder("=")
        return [
            self.image[..., channel].reshape(-1).astype(native, copy=False)
            for channel in range(self.n_channels)
        ]

    def valid(self) -> tuple[NDArray[np.bool_] | None, dict[str, int]]:
        """Return which pixels take part, (n,) or None for all, and why others do not.

        Left out are those outside the mask, with a channel that is not finite, fully
        transparent ones where there is alpha, and those without data.

        Returns
        -------
        (n,) bool, or None
        dict
            From each of `REASONS` to the number of pixels it leaves out.
        """
        checks = self.checks()
        if not checks:
            return None, dict.fromkeys(REASONS, 0)
        valid = np.ones(self.size, np.bool_)

        def narrow(start: int, stop: int) -> list[int]:
            left = [stop - start]
            for reason in REASONS:
                if reason in checks:
                    valid[start:stop] &= checks[reason](start, stop)
                left.append(int(np.count_nonzero(valid[start:stop])))
            return left

        left = np.sum(map_blocks(narrow, self.size), axis=0)
        counts = dict(zip(REASONS, (-np.diff(left)).tolist(), strict=True))
        return (None if left[-1] == self.size else valid), counts

    def checks(self) -> dict[str, Callable[[int, int], Any]]:
        """Return, for reasons that there may be, what is not left out for them.

        Each gets (start, stop), and returns booleans of these pixels.
        """
        checks: dict[str, Callable[[int, int], Any]] = {}
        channels = self.channels
        if self.mask is not None:
            mask = self.mask.reshape(-1)
            checks["masked"] = lambda start, stop: mask[start:stop]
        if self.image.dtype.kind == "f":
            checks["not finite"] = lambda start, stop: np.logical_and.reduce(
                [np.isfinite(channel[start:stop]) for channel in channels]
            )
        if self.has_alpha:
            alpha = self.image[..., 3].reshape(-1)
            checks["transparent"] = lambda start, stop: alpha[start:stop] > 0
        if (none := _as_value(self.no_data, self.image.dtype)) is not None:
            checks["no data"] = lambda start, stop: np.logical_or.reduce(
                [channel[start:stop] != none for channel in channels]
            )
        return checks

    @property
    def has_alpha(self) -> bool:
        """Whether the image has an alpha channel."""
        return self.n_channels == 3 and self.image.shape[-1] == 4


def _as_value(number: float | None, dtype: np.dtype[Any]) -> Any:
    """Return a number as a value of a dtype; None where it has no such value."""
    if number is None or dtype.kind == "f":
        with np.errstate(over="ignore"):
            return None if number is None else dtype.type(number)
    info = np.iinfo(np.uint8 if dtype.kind == "b" else dtype)
    high = 1 if dtype.kind == "b" else int(info.max)
    if int(info.min) <= number <= high and number == int(number):
        return dtype.type(int(number))
    return None
