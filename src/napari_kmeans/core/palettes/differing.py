"""Differing: what of an image is not as what a palette was made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..data.block import Block
from ..data.pixels import Pixels
from ..data.stream import Stream
from ..run.lazy import is_lazy

if TYPE_CHECKING:
    from ..data.layout import Layout

#: Of the least and of the most of two images, one beyond so many times the other's is
#: of other units: 12 bits in 16, or 8 bits and from 0 to 1.
FAR = 16


@dataclass(frozen=True)
class Differing:
    """What a palette was made of.

    Attributes
    ----------
    layout : Layout
    value_range : tuple of float
        The least and the greatest value.
    """

    layout: Layout
    value_range: tuple[float, float]

    def sentences(self, image: Any, *, compute: bool) -> tuple[str, ...]:
        """Return what differs in an image of NumPy or dask; see `Palette.differences`.

        Parameters
        ----------
        image : array
        compute : bool
            Whether to read values of dask.
        """
        told = []
        own, found = (d.newbyteorder("=") for d in (self.layout.dtype, image.dtype))
        if found != own:
            told.append(f"image of dtype {found} should be of {own}, as before.")
        try:
            arranged = self.layout.arrange(image)
        except ValueError as error:
            return (str(error), *told)
        if not is_lazy(image) or compute:
            told += self._of_values(arranged)
        return tuple(told)

    def _of_values(self, arranged: Any) -> list[str]:
        """Return what differs in the values of an image whose channels are last."""
        given = arranged, self.layout.n_channels, None, self.layout.no_data
        if is_lazy(arranged):
            ends = Stream(*given).each(_ends)
        else:
            ends = [_ends(Block(Pixels(*given), (), ()))]
        found = [each for each in ends if each is not None]
        if not found:
            return []
        low, high = min(low for low, _ in found), max(high for _, high in found)
        if not self._is_far(low, high):
            return []
        least, most = self.value_range
        return [
            f"image of values from {low:g} to {high:g} should have some from {least:g} "
            f"to {most:g}, as before."
        ]

    def _is_far(self, low: float, high: float) -> bool:
        """Whether values are of other units, or far beyond what they were."""
        least, most = self.value_range
        reach = most - least
        if low < least - reach or high > most + reach:
            return True
        largest = max(abs(least), abs(most))
        return max(abs(low), abs(high)) * FAR <= largest and largest > 0


def _ends(block: Block) -> tuple[float, float] | None:
    """Return the least and the greatest value of the pixels that take part."""
    channels = block.channels
    if not channels[0].size:
        return None
    lows, highs = zip(*((c.min(), c.max()) for c in channels), strict=True)
    return float(min(lows)), float(max(highs))
