"""The result of points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..palettes.colors import hexadecimal, spectral
from ..palettes.text import told
from .clusters import Clustering

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, repr=False)
class ClusteredPoints(Clustering):
    """Points clustered by k-means.

    Attributes
    ----------
    labels : (n_samples,) int32
        0..k-1, to index `centers`; -1 for points left out.
    points : (n_samples, n_features)
        As they were given.
    """

    points: NDArray[Any]

    def __repr__(self) -> str:
        """Return a line with the number of points, and the shares of the clusters."""
        return f"ClusteredPoints({self._said})"

    def _repr_html_(self) -> str:
        """Return a line with the number of points, and a table of the clusters."""
        table = self.features.to_html(index=False)
        return f"<p>{self._said}</p>{table}"

    @property
    def _said(self) -> str:
        n, n_features = self.points.shape
        points = f"{n:,} points of {n_features} features"
        return f"{points} in {self.k} clusters: {told(self.shares)}"

    @property
    def features(self) -> pd.DataFrame:
        """A table with a row a cluster: index, color, center_0 ..., points, share."""
        import pandas as pd

        table: dict[str, Any] = {
            "index": np.arange(1, self.k + 1),
            "color": hexadecimal(spectral(self.k)),
        }
        for axis in range(self.centers.shape[1]):
            table[f"center_{axis}"] = self.centers[:, axis]
        table["points"] = self.counts
        table["share"] = self.shares
        return pd.DataFrame(table)
