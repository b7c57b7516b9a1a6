"""Coloring: clusters in the colors in which their source shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..core.palettes.colors import WHITISH, are_close, hexadecimal, separated

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ..core.results.clusters import ImageClusters


class ClusterColors(NamedTuple):
    """The colors of clusters: of their centers as the source shows them, and of labels.

    They differ where labels could not be told apart by those of the centers.
    """

    centers: NDArray[np.float64]
    labels: NDArray[np.float64]


def colors_of(result: ImageClusters, source: Any) -> ClusterColors:
    """Return the colors of centers and labels.

    Labels of several channels, which no one color can show, have well separated ones
    where they could not be told apart otherwise. Colors that were given to clusters of
    a palette go before all of these.
    """
    shown, whitish = display_colors(result, source)
    several = not result.rgb and len(result.channels) > 1
    labels = shown
    if several and (whitish or are_close(shown)):
        labels = separated(result.k)
    palette = getattr(result, "palette", None)
    if palette is not None and palette.recolored.any():
        given = palette.recolored
        labels = labels.copy()
        labels[given] = palette.colors[given]
    return ClusterColors(shown, labels)


def display_colors(
    result: ImageClusters, source: Any
) -> tuple[NDArray[np.float64], bool]:
    """Return the color in which the source shows each center, (k, 3).

    Of several layers, the sum of their colors, as napari blends them additively; and
    whether a sum is near white.
    """
    several = source if isinstance(source, list) else [source]
    n_channels = result.centers.shape[1]
    if result.rgb or isinstance(several[0], str) or len(several) != n_channels:
        return result.colors, False
    colors = np.zeros((len(result.centers), 3))
    for layer, values in zip(several, result.centers.T, strict=True):
        low, high = layer.contrast_limits
        shown = np.clip((values - low) / ((high - low) or 1.0), 0, 1) ** layer.gamma
        colors += np.asarray(layer.colormap.map(shown), np.float64)[:, :3]
    return np.clip(colors, 0, 1), bool((colors.min(axis=1) > WHITISH).any())


def with_colors(features: pd.DataFrame, colors: ClusterColors) -> pd.DataFrame:
    """Return a table with the colors of the centers; of labels, too, if they differ."""
    table = features.assign(color=hexadecimal(colors.centers))
    if colors.labels is not colors.centers:
        place = table.columns.tolist().index("color") + 1
        table.insert(place, "label_color", hexadecimal(colors.labels))
    return table
