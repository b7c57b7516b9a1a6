"""Tables: a row for each image of a batch and cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..core.data.pixels import REASONS
from ..core.palettes.colors import hexadecimal

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from ..core.palettes.palette import Palette

#: What the columns of pixels in no cluster begin with.
LEFT_OUT = "left out: "


class Rows(NamedTuple):
    """What is told of the clusters of an image, and of its pixels in none of them."""

    names: tuple[str, ...]
    colors: Sequence[str]
    counts: NDArray[np.int64]
    shares: NDArray[np.float64]
    compactness: NDArray[np.float64]
    excluded: dict[str, int]


def rows_of(palette: Palette, excluded: dict[str, int]) -> Rows:
    """Return what a palette that was measured on an image knows of it."""
    squared, unit = palette.moments.squared, palette.quantizer.frame.unit
    compactness = np.full(palette.k, np.nan) if squared is None else squared * unit**2
    colors = hexadecimal(palette.colors)
    told = palette.names, colors, palette.counts, palette.shares, compactness
    return Rows(*told, {reason: n for reason, n in excluded.items() if n})


def table_of(
    names: Sequence[str | int], rows: Sequence[Rows], pixel_size: float, unit: str
) -> pd.DataFrame:
    """Return a table of all images."""
    import pandas as pd

    sizes = [len(of_image.counts) for of_image in rows]
    counts = np.concatenate([of_image.counts for of_image in rows])
    area: dict[str, Any] = {}
    if unit or pixel_size != 1:
        area[f"area ({unit})" if unit else "area"] = counts * pixel_size
    reasons = [*REASONS, *(r for each in rows for r in each.excluded)]
    left_out = {
        LEFT_OUT + reason: np.repeat([r.excluded.get(reason, 0) for r in rows], sizes)
        for reason in dict.fromkeys(reasons)
        if any(reason in each.excluded for each in rows)
    }
    return pd.DataFrame(
        {
            "file": np.repeat(np.array(names, object), sizes),
            "label": np.concatenate([np.arange(1, size + 1) for size in sizes]),
            "name": [name for each in rows for name in each.names],
            "color": [color for each in rows for color in each.colors],
            "pixels": counts,
            "share": np.concatenate([each.shares for each in rows]),
            **area,
            "compactness": np.concatenate([each.compactness for each in rows]),
            **left_out,
        }
    )
