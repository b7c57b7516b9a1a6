"""Centers: clusters as points, with their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.palettes.colors import black_or_white, opaque

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

#: Clusters whose centers are drawn large enough to hold their numbers.
NUMBERED = 100

#: The diameter of so many centers on the screen, in pixels; their border adds half of
#: it. More are smaller, so that they never cover more of an image.
DIAMETER = 14.0


def centers_content(
    positions: NDArray[np.float64],
    colors: NDArray[np.float64],
    features: pd.DataFrame,
    extent: float,
    k: int,
) -> tuple[Any, dict[str, Any]]:
    """Return centers as points with numbers, as large on the screen at every zoom.

    The size in the world counts for a click: it is about that on the screen where an
    image of this extent fills the window.
    """
    part = min(1.0, (NUMBERED / k) ** 0.5)
    number = "label" if "label" in features else "cluster"
    attributes = {
        "features": features.reset_index(drop=True),
        "face_color": opaque(colors),
        "border_color": border_color(colors, k),
        # Napari draws no narrower one where it limits the size.
        "border_width": 0.5,
        "size": part * extent / 25,
        "canvas_size_limits": (part * DIAMETER, part * DIAMETER),
        "text": {
            "string": f"{{{number}}}",
            "color": opaque(black_or_white(colors)),
            "size": 8,
            "visible": k <= NUMBERED,
        },
    }
    return positions, attributes


def border_color(colors: NDArray[np.float64], k: int) -> NDArray[np.float64]:
    """Return the colors of the borders of centers in these colors: (k, 4).

    A number tells where a center is; one without has a ring that is seen on its color.
    """
    return opaque(colors if k <= NUMBERED else black_or_white(colors))
