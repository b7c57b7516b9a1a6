"""Epsilon: by default 1/255 of the range of the layers chosen, or what was typed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .sources import value_range

if TYPE_CHECKING:
    from uuid import UUID

    from napari.layers import Layer

#: The greatest that can be typed.
MOST = 1e300


class Epsilon:
    """The default for layers, and how it is shown; what was typed is kept for these.

    Attributes
    ----------
    default : float
        As it is shown, with four digits.
    step : float
        By how much arrows change it: its first digit by one.
    decimals : int
    """

    def __init__(self) -> None:
        self.default, self.step, self.decimals = 1.0, 1.0, 3
        self._layers: tuple[UUID, ...] = ()
        self._typed: dict[tuple[UUID, ...], float] = {}

    def of(self, layers: list[Layer], shown: float) -> float:
        """Return what to show for layers, be it those before, with other data.

        Parameters
        ----------
        layers : list of napari.layers.Layer
        shown : float
            What was shown for those before; where it is not the default, it was typed.
        """
        self._typed.pop(self._layers, None)
        if shown != self.default:
            self._typed[self._layers] = shown
        self._layers = tuple(layer.unique_id for layer in layers)
        if not layers:
            return shown
        epsilon = min(max(map(value_range, layers)) / 255 or 1.0, MOST)
        exponent = math.floor(math.log10(epsilon))
        self.step = 10.0**exponent
        self.decimals = min(max(3 - exponent, 0), 300)
        self.default = float(f"{epsilon:.{self.decimals}f}")
        return self._typed.get(self._layers, self.default)
