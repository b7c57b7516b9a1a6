"""Tables: a row a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..palettes.colors import hexadecimal

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def cluster_table(
    colors: NDArray[np.float64],
    centers: NDArray[np.float64],
    channels: tuple[str, ...],
    counts: NDArray[np.int64],
    shares: NDArray[np.float64],
) -> pd.DataFrame:
    """Return the features of an image's clusters; see `QuantizedImage.features`."""
    import pandas as pd

    names = ["center"] if len(channels) == 1 else [f"center_{c}" for c in channels]
    return pd.DataFrame(
        {
            "index": np.arange(1, len(centers) + 1),
            "color": hexadecimal(colors),
            **dict(zip(names, centers.T, strict=True)),
            "pixels": counts,
            "share": shares,
        }
    )
