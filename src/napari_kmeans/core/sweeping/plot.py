"""Plots: what is explained and the silhouette over K, by matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Read on white as well as on black: curves, and all that is text or line.
EXPLAINED, SILHOUETTE, LINES = "#3d85c6", "#d9822b", "#808080"


def draw(
    ks: Sequence[int], explained: Floats, silhouettes: Floats, suggested: int, axes: Any
) -> Any:
    """Do what `Sweep.plot` does."""
    if axes is None:
        axes = _new_axes()
    axes.plot(ks, explained, "o-", color=EXPLAINED, ms=4, label="explained")
    axes.plot(ks, silhouettes, "s-", color=SILHOUETTE, ms=4, label="silhouette")
    axes.axvline(suggested, color=LINES, ls=":", label=f"suggested: K={suggested}")
    axes.set_xlabel("K", color=LINES)
    lowest = float(np.nanmin([0.0, *silhouettes]))
    axes.set_ylim(lowest - 0.02, 1.02)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.tick_params(colors=LINES)
    axes.grid(color=LINES, alpha=0.25)
    axes.patch.set_alpha(0)
    for name, spine in axes.spines.items():
        spine.set_color(LINES)
        spine.set_visible(name in ("left", "bottom"))
    axes.legend(frameon=False, labelcolor=LINES)
    return axes


def _new_axes() -> Any:
    """Return axes in a new figure of pyplot; raise a sentence without matplotlib."""
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            "Plots are drawn by matplotlib, which is not installed: "
            'pip install "napari-kmeans[plots]".'
        ) from error
    figure, axes = pyplot.subplots(figsize=(6, 3.5), layout="constrained")
    figure.patch.set_alpha(0)
    return axes
