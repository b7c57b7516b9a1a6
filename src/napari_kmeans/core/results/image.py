"""The result of an image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..palettes.tables import cluster_table
from .centroids import Located, centroids
from .clusters import ImageClusters

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ..palettes.palette import Palette


@dataclass(frozen=True, eq=False, repr=False)
class QuantizedImage(Located, ImageClusters):
    """An image quantized by k-means; a notebook shows its clusters as a table.

    Attributes
    ----------
    labels : shape of the image without channels, uint8 or uint16
        1..k, and 0 for pixels left out; uint16 from 256 clusters on. Of dask, and
        made when asked for, where the image is dask's.
    palette : Palette
        The clusters as a value: it labels and paints other images, and can be edited.
    n_colors : int or None
        The number of distinct colors among the clustered pixels. None for images
        whose pixels nearly all differ, which are not counted: of floats, or of
        several channels of more than 8 bits, beyond 65,536 pixels.
    """

    palette: Palette
    n_colors: int | None
    mask: Any = field(repr=False)

    @property
    def colors(self) -> NDArray[np.float64]:
        """The colors in which the clusters are shown, as RGB from 0 to 1: (k, 3).

        Those of the palette: of the centers, or such as were given.
        """
        return self.palette.colors

    @property
    def features(self) -> pd.DataFrame:
        """A table with a row a cluster.

        Columns ``index`` (its label), ``name`` (where any cluster has one), ``color``
        (hexadecimal), ``center`` (for several channels: ``center_red`` and so on),
        ``pixels`` and ``share``.
        """
        told = self.centers, self.channels, self.counts, self.shares
        return cluster_table(self.colors, *told, self.palette.names)

    def __repr__(self) -> str:
        """Return a line with what the image is, and its clusters."""
        return f"QuantizedImage({self._said}, {self.palette!r})"

    def _repr_html_(self) -> str:
        """Return a line with what the image is, and a table of its clusters."""
        return f"<p>{self._said}</p>{self.palette._repr_html_()}"

    @property
    def _said(self) -> str:
        shape = " x ".join(map(str, self.quantized.shape))
        out = f", {self.n_excluded:,} pixels left out" if self.n_excluded else ""
        compactness = f"compactness {self.compactness:,.6g}"
        return f"{shape} {self.quantized.dtype}, {compactness}{out}"

    @property
    def n_colors_quantized(self) -> int:
        """The number of distinct colors in the quantized image."""
        return len(np.unique(self.palette.quantizer.values[self.counts > 0], axis=0))

    def _positions(self) -> NDArray[np.float64]:
        return centroids(self.labels, self.k)
