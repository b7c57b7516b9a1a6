"""Text: what representations say of clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

#: The most clusters that a representation shows.
SHOWN = 32


def told(shares: Sequence[float] | NDArray[np.float64]) -> str:
    """Return the shares of clusters as text.

    Examples
    --------
    >>> told([0.25, 0.75])
    '25.0 %, 75.0 %'
    """
    some = [f"{share * 100:.1f} %" for share in shares[:SHOWN]]
    return ", ".join([*some, "..."] if len(shares) > SHOWN else some)
