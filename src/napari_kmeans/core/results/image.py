"""The result of an image."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import validation
from ..labeled import relabels
from ..palettes.tables import cluster_table
from ..run.lazy import is_lazy
from ..run.progress import follow, stage
from ..run.threads import map_blocks
from .centroids import Located, count, exchanged, means_of, summed
from .clusters import ImageClusters, note_on
from .thumbnail import picture

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from ..palettes.palette import Palette
    from ..run.progress import Report


@dataclass(frozen=True, eq=False, repr=False)
class QuantizedImage(Located, ImageClusters):
    """An image quantized by k-means; a notebook shows its clusters as a table.

    Attributes
    ----------
    labels : shape of the image without channels, uint8 or uint16
        1..k, and 0 for pixels left out; uint16 from 256 clusters on. Of dask, and
        made when asked for, where the image goes by blocks; a DataArray, as is
        `quantized`, where the image is one.
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
    #: Whether pixels counted more or less in the clustering.
    weighted: bool = field(default=False, repr=False)

    @property
    def colors(self) -> NDArray[np.float64]:
        """The colors in which the clusters are shown, as RGB from 0 to 1: (k, 3).

        Those of the palette: of the centers, or such as were given.
        """
        return self.palette.colors

    @property
    def unmatched(self) -> tuple[int, ...]:
        """The labels of the clusters of `like` that found no partner here."""
        return self.palette.unmatched

    @property
    def note(self) -> str:
        """What the user should be warned of, or nothing."""
        return note_on(self.asked, self.palette)

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
        """Return what the image is, a thumbnail, and a table of its clusters."""
        shown = picture(self.labels, self.palette.colors)
        return f"<p>{self._said}</p>{shown}{self.palette._repr_html_()}"

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

    @relabels
    def relabeled(
        self, labels: ArrayLike, *, progress: Report | None = None
    ) -> QuantizedImage:
        """Return the same clusters with other pixels, such as `despeckle` gives them.

        Parameters
        ----------
        labels : array_like or dask.array.Array
            Integers 1..k, and 0 where those of this result are; of their shape.
        progress : callable, optional
            As for `quantize`.

        Returns
        -------
        QuantizedImage
            With these `labels`, `quantized` painted anew and `counts` made anew.
            `centers` and `palette` are the same; `compactness` is NaN, as it is not
            known of pixels that are not with their nearest center.

        Raises
        ------
        TypeError, ValueError
            Where the labels are not as described.

        Examples
        --------
        >>> from napari_kmeans import despeckle, quantize
        >>> q = quantize(np.array([[10, 10, 10], [10, 90, 12], [10, 11, 90]]), k=2)
        >>> q.labels.tolist()
        [[1, 1, 1], [1, 2, 1], [1, 1, 2]]
        >>> cleaned = q.relabeled(despeckle(q.labels, 2).labels)
        >>> cleaned.quantized.tolist(), cleaned.counts.tolist()
        ([[10, 10, 10], [10, 10, 10], [10, 10, 10]], [9, 0])
        """
        validation.check_progress(progress)
        array = exchanged(labels, self.labels)
        return follow(lambda: self._relabeled(array), progress)

    def _relabeled(self, labels: Any) -> QuantizedImage:
        from ..palettes.quantizer import repaint

        with stage("Counting", 0, 0.5):
            counts = count(labels, self.k)
        validation.check_left_out(int(counts.sum()), int(self.counts.sum()))
        labels = labels.astype(self.labels.dtype, copy=False)
        with stage("Painting", 0.5):
            image, n_channels = self.layout.arrange(self.quantized), len(self.channels)
            painted = repaint(self.palette.quantizer, image, n_channels, labels)
        return replace(
            self,
            labels=labels,
            quantized=self.layout.restore(painted),
            counts=counts,
            compactness=math.nan,
        )

    @relabels
    def rejected(
        self, image: ArrayLike, least: float, *, progress: Report | None = None
    ) -> QuantizedImage:
        """Return the same without the pixels whose label is not sure enough.

        Parameters
        ----------
        image : array_like or dask.array.Array
            The one that was quantized.
        least : float
            The least margin of a pixel that stays, 0 to 1: see `margin_map`.
        progress : callable, optional
            As for `quantize`.

        Returns
        -------
        QuantizedImage
            With label 0, and its own value in `quantized`, where a pixel was rejected;
            `excluded` tells how many "rejected" these are. `compactness` is NaN.

        Raises
        ------
        TypeError, ValueError
            Where an argument is not as described.

        Examples
        --------
        >>> from napari_kmeans import quantize
        >>> image = np.array([[1, 1, 5, 8, 9]], np.uint8)
        >>> sure = quantize(image, k=2).rejected(image, 0.5)
        >>> sure.labels.tolist(), sure.quantized.tolist(), sure.excluded
        ([[1, 1, 0, 2, 2]], [[1, 1, 5, 7, 7]], {'rejected': 1})
        """
        validation.check_progress(progress)
        array = validation.check_image(image)
        least = validation.check_least(least)
        validation.check_quantized(array.shape, self.quantized.shape)
        return follow(lambda: self._rejected(array, least), progress)

    def _rejected(self, image: Any, least: float) -> QuantizedImage:
        from ..maps import margin_map, reject
        from ..palettes.quantizer import repaint

        with stage("Measuring margins", 0, 0.7):
            margins = margin_map(image, self.palette, mask=self.mask)
        with stage("Counting", 0.7, 0.85):
            labels, n = reject(self.labels, margins, least)
            counts, n = count(labels, self.k), int(n)
        with stage("Painting", 0.85):
            arranged = self.layout.arrange(image)
            given = self.palette.quantizer, arranged, len(self.channels), labels
            painted = repaint(*given)
        return replace(
            self,
            labels=labels,
            quantized=self.layout.restore(painted),
            counts=counts,
            compactness=math.nan,
            excluded={**self.excluded, **({"rejected": n} if n else {})},
            n_excluded=self.n_excluded + n,
        )

    # -- the same pixels in other clusters -------------------------------------------

    def groups(self, palette: Palette) -> NDArray[np.intp] | None:
        """Return the cluster of a palette, from 0, that each of these is part of.

        Parameters
        ----------
        palette : Palette
            Such as this result's own, merged.

        Returns
        -------
        (k,) int, or None
            None where the palette has other centers than this result, or parts a
            cluster.
        """
        used, other = self.palette.quantizer, palette.quantizer
        if (used.frame, used.reject) != (other.frame, other.reject):
            return None
        if not np.array_equal(used.centers, other.centers):
            return None
        # Those without a center have no pixels either: they may go anywhere.
        group = np.minimum(np.arange(self.k), palette.k - 1)
        group[self.palette.owners] = palette.owners
        same = np.array_equal(group[self.palette.owners], palette.owners)
        return group if same else None

    @relabels
    def regrouped(self, palette: Palette) -> QuantizedImage:
        """Return these pixels by a palette that has the same centers in other groups.

        What `paint_samples` would, in a moment: a table of labels is changed, and no
        pixel is assigned anew.

        Parameters
        ----------
        palette : Palette
            For which there are `groups`.

        Returns
        -------
        QuantizedImage

        Raises
        ------
        ValueError
            Where there are none.

        Examples
        --------
        >>> from napari_kmeans import quantize
        >>> q = quantize(np.array([[1, 3, 8, 9]], np.uint8), k=4)
        >>> q.regrouped(q.palette.merge([1, 2])).labels.tolist()
        [[1, 1, 2, 3]]
        """
        from ..palettes.quantizer import repaint

        group = self.groups(palette)
        if group is None:
            raise ValueError("palette should have the centers of this result.")
        labels, quantized = self.labels, self.quantized
        if not np.array_equal(group, np.arange(self.k)):
            labels = _looked_up(labels, group, palette.quantizer.label_dtype)
        values, before = palette.quantizer.values, self.palette.quantizer.values
        if not np.array_equal(values[group], before):
            arranged, n = self.layout.arrange(quantized), len(self.channels)
            painted = repaint(palette.quantizer, arranged, n, labels)
            quantized = self.layout.restore(painted)
        counts = np.bincount(group, self.counts, palette.k).astype(np.int64)
        found = replace(
            self,
            labels=labels,
            quantized=quantized,
            centers=palette.centers,
            counts=counts,
            compactness=palette.compactness,
            palette=palette,
            asked=palette.present.k,
        )
        if "_moments" in vars(self):
            sums = np.zeros((len(self._moments), palette.k), np.int64)
            np.add.at(sums.T, group, self._moments.T)
            vars(found)["_moments"] = sums
        return found

    @cached_property
    def _moments(self) -> NDArray[np.int64]:
        """The sums of the positions of each cluster's pixels, and their numbers."""
        return summed(self.labels, self.k)

    def _positions(self) -> NDArray[np.float64]:
        return means_of(self._moments)


def _looked_up(labels: Any, group: NDArray[np.intp], dtype: Any) -> Any:
    """Return the labels of groups; of dask, made when asked for."""
    table = np.concatenate([[0], group + 1]).astype(dtype)
    if is_lazy(labels):
        return labels.map_blocks(table.__getitem__, dtype=dtype)
    flat = labels.reshape(-1)
    found = np.empty(flat.size, dtype)

    def part(start: int, stop: int) -> None:
        np.take(table, flat[start:stop], out=found[start:stop], mode="clip")

    map_blocks(part, flat.size)
    return found.reshape(labels.shape)
