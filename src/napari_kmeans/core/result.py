"""Results: what comes out of a clustering."""

from __future__ import annotations

import platform
import warnings
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from .blocks import each_block, is_lazy, map_blocks
from .colors import of_centers
from .progress import exhaust
from .text import told

if TYPE_CHECKING:
    from collections.abc import Generator

    import pandas as pd
    from numpy.typing import NDArray

    from .palette import Palette


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
    settings : dict
        What made this result: the arguments, and the versions of what computed it.
    """

    labels: NDArray[Any]
    centers: NDArray[np.float64]
    counts: NDArray[np.int64]
    compactness: float
    n_iter: int
    converged: bool
    n_excluded: int
    settings: dict[str, Any] = field(repr=False)

    @property
    def k(self) -> int:
        """Number of clusters: as asked for, or fewer where there were fewer colors."""
        return len(self.centers)

    @property
    def note(self) -> str:
        """What the user should be warned of, or nothing."""
        return note_of(self.settings["k"], self.k)

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
    channels : tuple of str
        Names of the channels: ``("red", "green", "blue")``, ``("value",)`` or
        ``("0", "1", ...)``, or as they were given.
    excluded : dict
        Why pixels were left out, and how many for each reason: "masked", "not finite",
        "transparent" or "no data".
    """

    quantized: NDArray[Any]
    value_range: tuple[float, float]
    channels: tuple[str, ...]
    excluded: dict[str, int]

    @property
    def rgb(self) -> bool:
        """Whether the channels are red, green, blue (, alpha)."""
        return bool(self.settings["rgb"])

    @property
    def channel_axis(self) -> int | None:
        """The axis of the channels in the image; None where there is none."""
        axis: int | None = self.settings["channel_axis"]
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
        return exhaust(centroids(self.labels, self.k))

    def locate(self) -> Generator[float, None, None]:
        """Find the `positions` block by block, yielding the part that is done."""
        if "positions" not in self.__dict__:
            self.__dict__["positions"] = yield from centroids(self.labels, self.k)


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

        from .colors import hexadecimal, spectral

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

    from .colors import hexadecimal

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


def centroids(labels: Any, k: int) -> Generator[float, None, NDArray[np.float64]]:
    """Find the mean position of the pixels of each label 1..k: (k, labels.ndim).

    NaN for a label without pixels. Labels of dask are made block by block; the part of
    them that is done is yielded in between.
    """
    if is_lazy(labels):
        parts = yield from each_block([labels], labels.chunks, _moments_of, k)
    else:
        parts = [moments(labels, (0,) * labels.ndim, k)]
    sums = np.sum(parts, axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray(sums[:-1] / sums[-1]).T


def _moments_of(
    chunks: list[NDArray[Any]], start: tuple[int, ...], k: int
) -> NDArray[np.int64]:
    return moments(chunks[0], start, k)


def moments(labels: NDArray[Any], start: tuple[int, ...], k: int) -> NDArray[np.int64]:
    """Return the sums of positions of a block's labels, and how many there are.

    Parameters
    ----------
    labels : array of unsigned integers
    start : tuple of int
        Where the block begins.
    k : int

    Returns
    -------
    (labels.ndim + 1, k) int64
    """
    from . import kernels

    rows = labels.reshape(-1, labels.shape[-1])
    leading = np.indices(labels.shape[:-1]).reshape(labels.ndim - 1, -1)

    def part(begin: int, end: int) -> NDArray[np.int64]:
        counts = np.zeros((end - begin, k + 1), np.int64)
        columns = np.zeros(k + 1, np.int64)
        kernels.tally(rows[begin:end], counts, columns)
        sums = leading[:, begin:end] @ counts
        return np.vstack([sums, columns, counts.sum(axis=0)])[:, 1:]

    size = max(1, 2**18 // (labels.shape[-1] + k))
    sums = np.sum(map_blocks(part, len(rows), size), axis=0)
    sums[:-1] += np.array(start)[:, np.newaxis] * sums[-1]
    return np.asarray(sums, np.int64)


def versions() -> dict[str, str]:
    """Return the versions of all that has a part in the numbers."""
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    names = ("napari-kmeans", "numpy", "numba")
    found = {name: version(name) for name in names}
    from . import opencv

    return {"python": platform.python_version(), **found, "opencv": opencv.VERSION}
