"""Epsilon: by default 1/255 of the range of the layers chosen, or what was typed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .sources import value_range

if TYPE_CHECKING:
    from uuid import UUID

    from magicgui.widgets import FloatSpinBox
    from napari.layers import Layer


class Epsilon:
    """What the control shows; typed for some layers, it is kept for these."""

    def __init__(self, box: FloatSpinBox) -> None:
        self._box = box
        self._default: float | None = None
        self._layers: tuple[UUID, ...] = ()
        self._typed: dict[tuple[UUID, ...], float] = {}

    @property
    def value(self) -> float | None:
        """What was typed; None for the default, of which not all digits are shown."""
        value = float(self._box.value)
        return None if value == self._default else value

    def show(self, layers: list[Layer]) -> None:
        """Show the epsilon of layers, or of the same where their data have changed."""
        self._typed.pop(self._layers, None)
        if (typed := self.value) is not None:
            self._typed[self._layers] = typed
        self._layers = tuple(layer.unique_id for layer in layers)
        if not layers:
            return
        epsilon = min(max(map(value_range, layers)) / 255 or 1.0, float(self._box.max))
        exponent = math.floor(math.log10(epsilon))
        self._box.native.setDecimals(min(max(3 - exponent, 0), 300))
        self._box.step = 10.0**exponent
        self._box.value = epsilon
        self._default = self._box.value
        self._box.value = self._typed.get(self._layers, self._default)
