"""Results: what comes out of a clustering."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..palettes.colors import of_centers
from ..palettes.text import told
from ..run.progress import follow
from .centroids import centroids

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from ..data.layout import Layout
    from ..palettes.palette import Palette
    from ..run.progress import Report


def note_of(asked: int, k: int) -> str:
    """Return what the user should be warned of where there are fewer clusters."""
    if k == asked:
        return ""
    return (
        f"k={asked} should be at most the {k} distinct colors or points given: there "
        f"are {k} clusters."
    )


def warn(note: str, stacklevel: int = 3) -> None:
    """Issue a warning, if there is one, at the caller of the public function."""
    if note:
        warnings.warn(note, UserWarning, stacklevel=stacklevel)


@dataclass(frozen=True, eq=False)
class _Clustering:
    """What images and points have in common.

    Attributes
    ----------
    labels : array
        The cluster of each pixel or point; see the subclass.
    centers : (k, n_channels) float64
        In the units of the data, from dark to bright.
    counts : (k,) int64
        How many pixels or points are in each cluster.
    compactness : float
        The sum over all pixels or points of the squared distance to their center,
        weighted where there are weights.
    n_iter : int
        Refining steps done; 0 where nothing was refined.
    converged : bool
        Whether epsilon, not `max_iter`, ended the refinement. False with
        ``refine=False``, as OpenCV does not tell.
    n_excluded : int
        How many pixels or points were left out: masked, transparent or not finite.
    asked : int
        How many clusters were asked for.
    settings : dict
        What made this result: the arguments, and the versions of what computed it. On
        record: nothing is decided by it.
    """

    labels: NDArray[Any]
    centers: NDArray[np.float64]
    counts: NDArray[np.int64]
    compactness: float
    n_iter: int
    converged: bool
    n_excluded: int
    asked: int
    settings: dict[str, Any] = field(repr=False)

    @property
    def k(self) -> int:
        """Number of clusters: as asked for, or fewer where there were fewer colors."""
        return len(self.centers)

    @property
    def note(self) -> str:
        """What the user should be warned of, or nothing."""
        return note_of(self.asked, self.k)

    def warn(self) -> None:
        """Issue `note` as a warning, at the caller of the public function."""
        warn(self.note, stacklevel=4)

    @property
    def shares(self) -> NDArray[np.float64]:
        """The part of the clustered pixels or points in each cluster: (k,), sum 1."""
        return self.counts / max(int(self.counts.sum()), 1)


@dataclass(frozen=True, eq=False)
class ImageClusters(_Clustering):
    """The clusters of an image, or of the planes of an image together.

    Attributes
    ----------
    quantized : shape and dtype of the image
        Each pixel the value of its center. Pixels left out, and alpha, are as in the
        image.
    value_range : tuple of float
        The least and the greatest value among the clustered pixels.
    layout : Layout
        What the axes and values of the image are.
    excluded : dict
        Why pixels were left out, and how many for each reason: "masked", "not finite",
        "transparent" or "no data".
    """

    quantized: NDArray[Any]
    value_range: tuple[float, float]
    layout: Layout
    excluded: dict[str, int]

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels.

        ``("red", "green", "blue")``, ``("value",)`` or ``("0", "1", ...)``, or as they
        were given.
        """
        return self.layout.channels

    @property
    def rgb(self) -> bool:
        """Whether the channels are red, green, blue (, alpha)."""
        return self.layout.rgb

    @property
    def channel_axis(self) -> int | None:
        """The axis of the channels in the image; None where there is none."""
        axis = self.layout.channel_axis
        return self.labels.ndim if self.rgb and axis is None else axis

    @property
    def colors(self) -> NDArray[np.float64]:
        """The colors of the centers as RGB from 0 to 1: (k, 3).

        Of an image without color: gray, from its least to its greatest value, and the
        mean of several channels.
        """
        full = None
        if self.rgb:
            dtype = self.quantized.dtype
            full = float(np.iinfo(dtype).max) if dtype.kind in "iu" else 1.0
        return of_centers(self.centers, self.value_range, full)

    @property
    def features(self) -> pd.DataFrame:
        """A table with a row a cluster.

        Columns ``index`` (its label), ``color`` (hexadecimal), ``center`` (for several
        channels: ``center_red`` and so on), ``pixels`` and ``share``.
        """
        return cluster_table(
            self.colors, self.centers, self.channels, self.counts, self.shares
        )


@dataclass(frozen=True, eq=False, repr=False)
class QuantizedImage(ImageClusters):
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

    @cached_property
    def positions(self) -> NDArray[np.float64]:
        """The mean position of each cluster's pixels: (k, labels.ndim), in pixels."""
        return self.locate()

    def locate(self, progress: Report | None = None) -> NDArray[np.float64]:
        """Find the `positions`, which takes long where labels are made when asked for.

        Parameters
        ----------
        progress : callable, optional
            As for `quantize`.

        Returns
        -------
        (k, labels.ndim) float64
            Kept as `positions`.
        """
        if "positions" not in self.__dict__:
            found = follow(lambda: centroids(self.labels, self.k), progress)
            self.__dict__["positions"] = found
        return self.positions


@dataclass(frozen=True, eq=False, repr=False)
class ClusteredPoints(_Clustering):
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

        from ..palettes.colors import hexadecimal, spectral

        table: dict[str, Any] = {
            "index": np.arange(1, self.k + 1),
            "color": hexadecimal(spectral(self.k)),
        }
        for axis in range(self.centers.shape[1]):
            table[f"center_{axis}"] = self.centers[:, axis]
        table["points"] = self.counts
        table["share"] = self.shares
        return pd.DataFrame(table)


def cluster_table(
    colors: NDArray[np.float64],
    centers: NDArray[np.float64],
    channels: tuple[str, ...],
    counts: NDArray[np.int64],
    shares: NDArray[np.float64],
) -> pd.DataFrame:
    """Return the features of an image's clusters; see `QuantizedImage.features`."""
    import pandas as pd

    from ..palettes.colors import hexadecimal

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
