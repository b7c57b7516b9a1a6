"""Hues: colors of labels of several channels, that stay with their clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..core.palettes.colors import separated
from ..core.palettes.matching import still_there
from .recoloring import with_colors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..core.palettes.palette import Palette
    from ..layers.metadata import LayerData

    Hues = NDArray[np.float64]

#: Parts of red, green and blue below which two colors are taken for one.
ALIKE = 0.5 / 255


def hues_after(before: Palette, hues: Hues | None, after: Palette) -> Hues | None:
    """Return the colors of labels once a palette was edited: (k, 3).

    Those that are still there keep theirs; others have some that nobody has. None for
    images in color, and of one channel: there labels have the colors of their centers.

    Parameters
    ----------
    before, after : Palette
    hues : (k, 3) float64, or None
        Of those before; by default well separated ones.
    """
    if before.layout.rgb or before.layout.n_channels == 1:
        return None
    had = separated(before.k) if hues is None else hues
    there = still_there(before.centers, after.centers)
    found = np.full((after.k, 3), np.nan)
    for old, new in there.items():
        found[new] = had[old]
    fresh = np.isnan(found[:, 0])
    kept, others = found[~fresh], separated(before.k + after.k)
    apart = np.abs(others[:, np.newaxis] - kept).max(axis=2).min(axis=1, initial=1.0)
    free = others[apart > ALIKE]
    # Of very many clusters, some have the same colors anyway.
    found[fresh] = np.resize(free if len(free) else others, (int(fresh.sum()), 3))
    return found


def with_hues(
    layers: list[LayerData], palette: Palette, hues: Hues | None
) -> list[LayerData]:
    """Return layers of a result with these colors; those that were given go before."""
    if hues is None:
        return layers
    own = np.flatnonzero(~palette.recolored)
    colors = {int(at) + 1: np.append(hues[at], 1.0) for at in own}
    shown = []
    for data, attributes, kind in layers:
        apart = "label_color" in attributes.get("features", ())
        new = with_colors(attributes, colors) if apart else attributes
        shown.append((data, new, kind))
    return shown
