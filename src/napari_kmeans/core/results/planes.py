"""The result of planes: each quantized on its own, numbered alike."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import validation
from ..arrays import plain
from ..labeled import relabels
from ..palettes.numbering import Numbered, Numbering, cuts
from ..palettes.quantizer import repaint
from ..palettes.tables import cluster_table
from ..palettes.text import told
from ..run.progress import at, follow, stage
from .centroids import Located, centroids, count, exchanged
from .clusters import ImageClusters
from .thumbnail import picture

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from ..data.layout import Layout
    from ..options.settings import Method
    from ..palettes.palette import Palette
    from ..run.progress import Report


class PlanesSummary(ImageClusters):
    """The planes of an image together: what layers and tables show of them.

    Each center is the mean of its number's centers in the planes, weighted by counts;
    counts, steps and compactness are totals. `labels` and `quantized` are those of the
    planes, so a pixel has the color of its plane's own center rather than that of the
    mean.
    """


@dataclass(frozen=True, eq=False, repr=False)
class QuantizedPlanes(Located):
    """The planes of an image, each quantized by k-means on its own, numbered alike.

    Planes are in the order of their indices along `axes`, the last of which varies
    fastest. A number is missing in a plane that has fewer colors than there are
    numbers, or no valid pixel.

    Attributes
    ----------
    labels : shape of the image without channels, uint8 or uint16
        1..k, and 0 for pixels left out; uint16 from 256 clusters on. Of NumPy, or of
        dask where the image goes by blocks; a DataArray where the image is one.
    quantized : shape and dtype of the image
        Each pixel the value of its plane's center. Pixels left out, and alpha, are as
        in the image. Of NumPy, dask or xarray, as `labels`.
    centers : (n_planes, k, n_channels) float64
        In the units of the image; NaN where a number is missing.
    counts : (n_planes, k) int64
        How many pixels of a plane are in each cluster.
    compactness : (n_planes,) float64
        The sum over a plane's pixels of the squared distance to their center.
    n_iter : (n_planes,) int64
        Refining steps done.
    converged : (n_planes,) bool
        Whether epsilon, not `max_iter`, ended the refinement; True for planes without
        valid pixels.
    n_excluded : int
        How many pixels were left out: masked, transparent, not finite or no data; or
        of a plane without any weight.
    excluded : dict
        Why pixels were left out, and how many for each reason.
    layout : Layout
        What the axes and values of the image are.
    value_range : tuple of float
        The least and the greatest value among the clustered pixels.
    asked : int
        How many clusters were asked for in each plane.
    method : {"refined", "plain", "optimal"}
        How the centers were found, as of a `QuantizedImage`.
    settings : dict
        What made this result: the arguments, and the versions of what computed it. On
        record: nothing is decided by it.
    axes : tuple of int
        The axes of the image along which the planes lie, counted from the front.
    plane_shape : tuple of int
        The sizes of the image along `axes`; ``n_planes`` is their product.
    palettes : tuple of Palette or None
        For each plane, what labels and paints it, and others: of the clusters it has,
        in the order of their numbers. None for a plane without valid pixels.
    """

    labels: Any
    quantized: Any
    centers: NDArray[np.float64]
    counts: NDArray[np.int64]
    compactness: NDArray[np.float64]
    n_iter: NDArray[np.int64]
    converged: NDArray[np.bool_]
    n_excluded: int
    excluded: dict[str, int]
    layout: Layout
    value_range: tuple[float, float]
    asked: int
    method: Method
    settings: dict[str, Any] = field(repr=False)
    axes: tuple[int, ...]
    plane_shape: tuple[int, ...]
    palettes: tuple[Palette | None, ...] = field(repr=False)

    def __repr__(self) -> str:
        """Return a line with what the planes are, and their clusters together."""
        shares = self.counts.sum(axis=0) / max(int(self.counts.sum()), 1)
        return f"QuantizedPlanes({self._said}, {self.k} clusters: {told(shares)})"

    def _repr_html_(self) -> str:
        """Return what the planes are, a thumbnail, and the table of all together."""
        summary = self.summary
        table = summary.features.to_html(index=False)
        return f"<p>{self._said}</p>{picture(self.labels, summary.colors)}{table}"

    @property
    def _said(self) -> str:
        shape = " x ".join(map(str, self.quantized.shape))
        return f"{len(self.centers)} planes of {shape} {self.quantized.dtype}"

    @property
    def k(self) -> int:
        """Number of clusters: as asked for, or fewer where no plane needed as many."""
        return int(self.centers.shape[1])

    @cached_property
    def summary(self) -> PlanesSummary:
        """All planes together, a cluster for each number."""
        return PlanesSummary(
            labels=self.labels,
            quantized=self.quantized,
            centers=_means(self.centers, self.counts),
            layout=self.layout,
            counts=self.counts.sum(axis=0),
            compactness=float(self.compactness.sum()),
            n_iter=int(self.n_iter.sum()),
            converged=bool(self.converged.all()),
            n_excluded=self.n_excluded,
            excluded=self.excluded,
            value_range=self.value_range,
            asked=self.asked,
            method=self.method,
            settings=self.settings,
        )

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels, as of a `QuantizedImage`."""
        return self.layout.channels

    @property
    def rgb(self) -> bool:
        """Whether the channels are red, green, blue (, alpha)."""
        return self.layout.rgb

    @property
    def label_axes(self) -> tuple[int, ...]:
        """The axes of the labels along which the planes lie."""
        return label_axes(self.axes, self.layout.channel_axis)

    @property
    def present(self) -> NDArray[np.bool_]:
        """Whether a plane has a cluster of each number: (n_planes, k)."""
        return ~np.isnan(self.centers[..., 0])

    @property
    def shares(self) -> NDArray[np.float64]:
        """The part of a plane's clustered pixels in each cluster: (n_planes, k)."""
        totals = self.counts.sum(axis=1, keepdims=True)
        return np.asarray(self.counts / np.maximum(totals, 1))

    @property
    def note(self) -> str:
        """What the user should be warned of, or nothing."""
        asked, n_planes = self.asked, len(self.centers)
        found = self.present.sum(axis=1)
        few, empty = int(((found > 0) & (found < asked)).sum()), int((found == 0).sum())
        notes = []
        if few:
            notes.append(
                f"k={asked} should be at most the distinct colors of a plane: {few} of "
                f"{n_planes} planes have fewer clusters."
            )
        if empty:
            notes.append(f"{empty} of {n_planes} planes have no valid pixel.")
        far = int(((found > 0) & (np.asarray(self.counts).sum(axis=1) == 0)).sum())
        if far:
            notes.append(
                f"reject should be greater: in {far} of {n_planes} planes all pixels "
                "are farther than that from every center."
            )
        return " ".join(notes)

    def warn(self) -> None:
        """Issue `note` as a warning, at the caller of the public function."""
        if self.note:
            warnings.warn(self.note, UserWarning, stacklevel=3)

    @relabels
    def relabeled(
        self, labels: ArrayLike, *, progress: Report | None = None
    ) -> QuantizedPlanes:
        """Return the same clusters with other pixels, such as `despeckle` gives them.

        With the `axes` of the planes of the labels, which are `label_axes`.

        Parameters
        ----------
        labels : array_like or dask.array.Array
            Integers 1..k, in each plane such as are `present` in it, and 0 where those
            of this result are; of their shape.
        progress : callable, optional
            As for `quantize`.

        Returns
        -------
        QuantizedPlanes
            With these `labels`, `quantized` painted anew and `counts` made anew.
            `centers` and `palettes` are the same; `compactness` is NaN.

        Raises
        ------
        TypeError, ValueError
            Where the labels are not as described.
        """
        validation.check_progress(progress)
        array = exchanged(labels, self.labels)
        return follow(lambda: self._relabeled(array), progress)

    def _relabeled(self, labels: Any) -> QuantizedPlanes:
        counts, axes = np.zeros_like(self.counts), self.label_axes
        with stage("Counting", 0, 0.5):
            for index, cut in enumerate(cuts(labels.shape, axes)):
                at(index / len(counts))
                counts[index] = count(labels[cut], self.k)
        validation.check_left_out(int(counts.sum()), int(self.counts.sum()))
        validation.check_present(counts, self.present)
        labels = labels.astype(self.labels.dtype, copy=False)
        pairs = zip(self.palettes, self.present, strict=True)
        planes = [
            None if one is None else Numbered(one.quantizer, np.flatnonzero(has))
            for one, has in pairs
        ]
        numbering = Numbering(axes, planes, labels.dtype)
        with stage("Painting", 0.5):
            image, n_channels = self.layout.arrange(self.quantized), len(self.channels)
            places = numbering.places(image)
            painted = repaint(numbering, image, n_channels, labels, places, axes)
        return replace(
            self,
            labels=labels,
            quantized=self.layout.restore(painted),
            counts=counts,
            compactness=np.full(len(counts), np.nan),
        )

    def _positions(self) -> NDArray[np.float64]:
        axes, shape = self.label_axes, self.labels.shape
        rest = [axis for axis in range(len(shape)) if axis not in axes]
        positions = np.empty((*self.counts.shape, len(shape)))
        positions[..., list(axes)] = _indices(self.plane_shape)[:, np.newaxis]
        for index, cut in enumerate(cuts(shape, axes)):
            at(index / len(positions))
            labels = np.ascontiguousarray(plain(self.labels)[cut])
            positions[index][:, rest] = centroids(labels, self.k)
        positions[self.counts == 0] = np.nan
        return positions

    @property
    def places(self) -> dict[str, NDArray[np.intp]]:
        """The index of each plane, (n_planes,), by what its axis is called in tables.

        That is "plane", or of several axes "axis_0" and so on.
        """
        names = [f"axis_{axis}" for axis in self.axes]
        if len(names) == 1:
            names = ["plane"]
        return dict(zip(names, _indices(self.plane_shape).T, strict=True))

    @property
    def features(self) -> pd.DataFrame:
        """A table with a row for each plane and number.

        Columns ``plane`` (of several axes: ``axis_0`` and so on, by their number in the
        image), ``index`` (the label), ``color`` (hexadecimal; none where the number is
        missing), ``center`` (for several channels: ``center_red`` and so on; NaN where
        it is missing), ``pixels`` and ``share`` (of the plane).
        """
        present = self.present.reshape(-1)
        centers = self.centers.reshape(present.size, -1)
        colors = np.zeros((present.size, 3))
        colors[present] = replace(self.summary, centers=centers[present]).colors
        table = cluster_table(
            colors,
            centers,
            self.channels,
            self.counts.reshape(-1),
            self.shares.reshape(-1),
        )
        table["index"] = np.tile(np.arange(1, self.k + 1), len(self.centers))
        table["color"] = table["color"].where(present, None)
        for place, (name, indices) in enumerate(self.places.items()):
            table.insert(place, name, np.repeat(indices, self.k))
        return table


def _means(
    centers: NDArray[np.float64], counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return each number's mean center over the planes, weighted by counts."""
    present = ~np.isnan(centers[..., 0])
    # A number without a pixel anywhere still has centers.
    weights = np.where(counts.sum(axis=0) > 0, counts, present)
    sums = (np.nan_to_num(centers) * weights[..., np.newaxis]).sum(axis=0)
    return np.asarray(sums / weights.sum(axis=0)[:, np.newaxis])


def _indices(plane_shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Return the indices of each plane: (n_planes, n_axes)."""
    return np.indices(plane_shape).reshape(len(plane_shape), -1).T


def label_axes(axes: tuple[int, ...], channel_axis: int | None) -> tuple[int, ...]:
    """Return axes of the image as those of its labels, which have no channels."""
    if channel_axis is None:
        return axes
    return tuple(axis - (axis > channel_axis) for axis in axes)
