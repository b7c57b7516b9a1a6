"""Frame: how the values that are clustered are made from those of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..run.threads import map_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Beyond this many pixels, those that float32 holds exactly are held so.
SINGLE = 2**20


@dataclass(frozen=True)
class Frame:
    """What is subtracted from values of the data, and what they are multiplied by.

    Attributes
    ----------
    origin : tuple of int
        Of integers the least values, so that the answer for an image and for the same
        image shifted is one; where they reach too far for float64, one in the middle
        of most. Zero for others.
    unit : float
        What values are divided by: one but for floats whose squares float64 could not
        hold, a power of two.
    scale : tuple of float
        What each channel is then multiplied by; empty for one each.
    space : str
        The space that colors are converted to.
    full : float
        The value of full intensity, of colors to be converted.
    """

    origin: tuple[int, ...]
    unit: float = 1.0
    scale: tuple[float, ...] = ()
    space: str = "rgb"
    full: float = 1.0

    @property
    def converts(self) -> bool:
        """Whether the values are those of another color space."""
        return self.space != "rgb"

    @property
    def euclidean(self) -> bool:
        """Whether distances are Euclidean; else those of CIEDE2000, in CIELAB."""
        return self.space != "ciede2000"

    def forward(self, channels: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Return what to cluster: (n_channels, n) float64, or float32 where exact.

        Parameters
        ----------
        channels : sequence of (n,) arrays
            One array a channel, all of one dtype.
        """
        if self.converts:
            converted = self._converted(channels)
            return converted * np.array([self.scale]).T if self.scale else converted
        dtype, n = channels[0].dtype, channels[0].size
        exact = dtype.itemsize <= 2 or (dtype.kind == "f" and dtype.itemsize == 4)
        # Few are held as all the rest is: kernels need not be compiled for float32 too.
        single = exact and n > SINGLE and not self.scale and self.unit == 1
        values = np.empty((len(channels), n), np.float32 if single else np.float64)

        def part(start: int, stop: int) -> None:
            for i, (row, channel) in enumerate(zip(values, channels, strict=True)):
                out = row[start:stop]
                subtract(channel[start:stop], self.origin[i], out)
                if self.unit != 1:
                    out /= self.unit
                if self.scale:
                    out *= self.scale[i]

        map_blocks(part, n)
        return values

    def _converted(self, channels: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        from ..spaces import convert

        values = np.empty((3, channels[0].size))

        def part(start: int, stop: int) -> None:
            some = [channel[start:stop].astype(np.float64) for channel in channels]
            rgb = np.stack(some) / self.full
            values[:, start:stop] = convert(rgb, self.space)

        map_blocks(part, values.shape[1], 2**16)
        return values

    def inverse(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values, (k, n_channels), as those of the data: not where converted."""
        return self.unscaled(values) * self.unit + np.array(self.origin, np.float64)

    def unscaled(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values, (k, n_channels), as they are before they are scaled."""
        return values / self.scale if self.scale else values

    def adopt(self, values: NDArray[np.float64], other: Frame) -> NDArray[np.float64]:
        """Return values of another frame, (k, n_channels), as they are in this one.

        The same bits where the frames are equal; both are of one color space.
        """
        if other == self:
            return values
        if not self.converts:
            return self.relative(other.inverse(values))
        found = other.unscaled(values)
        return found * self.scale if self.scale else found

    def relative(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values of the data, (k, n_channels), as those that are clustered."""
        if self.converts:
            return self.forward(list(np.ascontiguousarray(values.T))).T
        found = (values - np.array(self.origin, np.float64)) / self.unit
        return found * self.scale if self.scale else found


def subtract(
    values: NDArray[Any], least: int, out: NDArray[np.float32 | np.float64]
) -> None:
    """Write values less their origin: exact for integers, rounded but once."""
    if values.dtype.kind == "f" or values.dtype.itemsize <= 2:
        np.subtract(values, least, out=out, dtype=out.dtype)
        return
    difference = less(values, least)
    out[:] = difference
    below = values < least
    if below.any():  # there the difference has wrapped
        out[below] = -(-difference[below]).astype(np.float64)


def less(integers: NDArray[Any], least: int) -> NDArray[np.uint64]:
    """Subtract the least value: unsigned arithmetic wraps, so any dtype comes right."""
    if integers.dtype.kind == "b":
        integers = integers.view(np.uint8)
    difference = integers.astype(np.uint64)
    difference -= np.uint64(least % 2**64)
    return difference
