"""Tables: a row a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .colors import hexadecimal

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray


def cluster_table(
    colors: NDArray[np.float64],
    centers: NDArray[np.float64],
    channels: tuple[str, ...],
    counts: NDArray[np.int64],
    shares: NDArray[np.float64],
    names: Sequence[str] = (),
    **more: Any,
) -> pd.DataFrame:
    """Return the features of an image's clusters; see `QuantizedImage.features`.

    With the names, where any is given, and with more columns.
    """
    import pandas as pd

    titles = ["center"] if len(channels) == 1 else [f"center_{c}" for c in channels]
    return pd.DataFrame(
        {
            "index": np.arange(1, len(centers) + 1),
            **({"name": [*names]} if any(names) else {}),
            "color": hexadecimal(colors),
            **dict(zip(titles, centers.T, strict=True)),
            "pixels": counts,
            "share": shares,
            **more,
        }
    )
