"""Palettes: clusters as a value that labels, paints and can be edited."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import validation
from ..data.pixels import Pixels
from ..data.stream import Stream
from ..labeled import labeled, masked
from ..run.lazy import is_lazy
from ..run.progress import follow, stage
from .colors import hexadecimal
from .differing import Differing
from .filing import Filed
from .placing import as_of, placed
from .quantizer import quantize_lazily
from .tables import cluster_table
from .text import line, table
from .values import in_dtype

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from ..reading.fit import ImageSamples
    from ..run.progress import Report
    from .quantizer import Quantizer
    from .text import Row


@dataclass(frozen=True, eq=False, repr=False)
class Palette(Filed):
    """Clusters as a value: what labels and paints any image with such channels.

    An edit returns a new palette, so that a list of palettes is a history. Clusters
    are told by their labels, 1..k, as they are in a Labels layer. Palettes are equal
    where they hold, label and show the same.

    Attributes
    ----------
    centers : (k, n_channels) float64
        In the units of the image. After `merge`, the mean of the merged centers, each
        with the weight of its cluster; pixels are still those nearest to either.
    counts : (k,) int64
        How many pixels of the image that was clustered are in each.
    compactness : float
        The sum over its pixels of the squared distances to their center, weighted where
        there were weights. NaN after an edit where it cannot be known.
    names : tuple of str
        Of the clusters: empty where none was given.
    colors : (k, 3) float64
        How clusters are shown, as RGB from 0 to 1.
    locked : tuple of bool
        Which clusters were locked: those are not merged, split, deleted, recolored or
        renamed, and stay as they are in a fit that is to `keep` them.
    n_iter : int
        Refining steps that led to it.
    converged : bool
        Whether epsilon, not `max_iter`, ended them.
    value_range : tuple of float
        The least and the greatest value among the clustered pixels.
    settings : dict
        What made it: the arguments, and the versions of what computed it. On record,
        and no part of its value.

    Examples
    --------
    >>> from napari_kmeans import fit, read_samples
    >>> image = np.array([[10, 12, 200], [14, 220, 202]], np.uint8)
    >>> palette = fit(read_samples(image), k=3)
    >>> palette
    Palette(3 clusters: 1 #020202 50.0 %, 2 #e8e8e8 33.3 %, 3 #ffffff 16.7 %)
    >>> fewer = palette.merge([2, 3]).rename(2, "bright")
    >>> fewer.label(image).tolist()
    [[1, 1, 2], [1, 2, 2]]
    >>> fewer.centers.ravel().round(2).tolist(), fewer.counts.tolist()
    ([12.0, 207.33], [3, 3])
    """

    @cached_property
    def _value(self) -> tuple[Any, ...]:
        """What equality is of."""
        used, owners = self.quantizer, self.quantizer.owners
        arrays = (
            *(self.centers, self.counts, self.colors),
            *(used.centers, used.values),
            np.arange(len(used.centers)) if owners is None else owners,
        )
        return (
            *(array.astype(_native(array.dtype)).tobytes() for array in arrays),
            # NaN are equal here, whatever made them.
            *(repr(float(x)) for x in (self.compactness, *self.value_range)),
            replace(self.layout, dtype=_native(self.layout.dtype)),
            *(self.names, self.locked, self.space, used.frame, used.reject),
        )

    def __eq__(self, other: object) -> bool:
        """Whether another palette holds, labels and shows the same."""
        if not isinstance(other, Palette):
            return NotImplemented
        return self._value == other._value

    def __hash__(self) -> int:
        """Return what equal palettes have in common."""
        return hash(self._value)

    def _rows(self) -> list[Row]:
        """Return label, color, share and name of each cluster."""
        rows = zip(hexadecimal(self.colors), self.shares, self.names, strict=True)
        return [(label, *row) for label, row in enumerate(rows, 1)]

    def __repr__(self) -> str:
        """Return a line with the color, the share and the name of each cluster."""
        return f"Palette({line(self._rows())})"

    def _repr_html_(self) -> str:
        """Return a table with a swatch, the share and the name of each cluster."""
        return table(self._rows())

    def table(self, pixel_area: float = 1.0, unit: str = "") -> pd.DataFrame:
        """Return a table with a row a cluster.

        Parameters
        ----------
        pixel_area : float, default 1.0
            What area, or volume, a pixel has; above 0.
        unit : str, optional
            Of that area, such as ``"µm²"``.

        Returns
        -------
        pandas.DataFrame
            Columns ``label``, ``name``, ``color`` (hexadecimal), ``center`` (for
            several channels: ``center_red`` and so on), ``pixels``, ``share``, where a
            pixel's area or a unit was given ``area`` or ``area (unit)``, ``spread``
            (see `spreads`) and ``locked``.

        Raises
        ------
        TypeError, ValueError
            Where an argument is not as described.

        Examples
        --------
        >>> from napari_kmeans import fit, read_samples
        >>> palette = fit(read_samples(np.array([[1, 3, 8, 8]], np.uint8)), k=2)
        >>> palette.rename(2, "sky").table(0.25, "mm²")["area (mm²)"].tolist()
        [0.5, 0.5]
        """
        pixel_area = validation.check_positive("pixel_area", pixel_area)
        unit = validation.check_unit(unit)
        area: dict[str, Any] = {}
        if unit or pixel_area != 1:
            area[f"area ({unit})" if unit else "area"] = self.counts * pixel_area
        told = self.colors, self.centers, self.channels, self.counts, self.shares
        more = {**area, "spread": self.spreads, "locked": self.locked}
        table = cluster_table(*told, **more).rename(columns={"index": "label"})
        table.insert(1, "name", self.names)
        return table

    def quantizer_of(self, dtype: np.dtype[Any]) -> Quantizer:
        """Return what labels and paints images of a dtype, whatever their colors."""
        self.check_full("image", dtype)
        values = in_dtype(self.quantizer.values, self.centers, dtype)
        return replace(self.quantizer, values=values)

    def differences(
        self,
        image: ArrayLike,
        *,
        compute: bool = False,
        progress: Report | None = None,
    ) -> tuple[str, ...]:
        """Return what of an image is not as of that which the palette was made of.

        To say before labels are made that they may not be what one expects. Where the
        channels differ, or full intensity is another in colors, `label` refuses the
        image; for the rest it does not.

        Parameters
        ----------
        image : array_like or dask.array.Array
            The one to be labeled.
        compute : bool, default False
            Whether the values of dask are computed, to tell how far they reach.
        progress : callable, optional
            As for `quantize`.

        Returns
        -------
        tuple of str
            A sentence each: of the channels, the dtype, and of values where they are in
            other units, or farther beyond those that were clustered than these are
            apart. None where nothing differs.

        Raises
        ------
        TypeError, ValueError
            Where it is no image.

        Examples
        --------
        >>> from napari_kmeans import fit, read_samples
        >>> palette = fit(read_samples(np.array([[1, 200]], np.uint8)), k=2)
        >>> for sentence in palette.differences(np.array([[0.0, 0.7]])):
        ...     print(sentence)
        image of dtype float64 should be of uint8, as before.
        image of values from 0 to 0.7 should have some from 1 to 200, as before.
        """
        array = validation.check_image(image)
        computed = validation.check_flag("compute", compute)
        validation.check_progress(progress)
        made_of = Differing(self.layout, self.value_range)
        return follow(lambda: made_of.sentences(array, compute=computed), progress)

    def placed_on(self, samples: ImageSamples) -> Palette:
        """Return the palette as it is of an image: channels are where that has them.

        Colors that are of no image, as a chart's, are of the dtype of this one.

        Parameters
        ----------
        samples : ImageSamples
            What `read_samples` has returned.

        Returns
        -------
        Palette

        Raises
        ------
        TypeError, ValueError
            Where it is not that, or has other channels.

        Examples
        --------
        >>> from napari_kmeans import read_samples
        >>> samples = read_samples(np.zeros((1, 1, 3), np.uint16), rgb=True)
        >>> Palette.of_colors(["#ff8000"]).placed_on(samples).centers.tolist()
        [[65535.0, 32896.0, 0.0]]
        """
        validation.check_samples(samples)
        return placed(self, samples.layout)

    # -- what it does --------------------------------------------------------------

    def label(
        self,
        image: ArrayLike,
        *,
        mask: ArrayLike | None = None,
        progress: Report | None = None,
    ) -> Any:
        """Return the label of each pixel of an image.

        Parameters
        ----------
        image : array_like, dask.array.Array, zarr.Array or xarray.DataArray
            As for `quantize`; with the axes and the channels of the image that was
            clustered.
        mask : array of bool, optional
            Of the shape of the image without channels; False leaves a pixel out.
        progress : callable, optional
            As for `quantize`.

        Returns
        -------
        array of uint8 or uint16
            1..k, and 0 for pixels left out, and for those beyond `reject`; of dask
            where the image goes by blocks, and a DataArray where it is one.

        Raises
        ------
        TypeError, ValueError
            Where the image does not have these channels, or is in color and of a dtype
            whose full intensity is another, as floats beside integers.

        Examples
        --------
        >>> from napari_kmeans import fit, read_samples
        >>> palette = fit(read_samples(np.array([[1, 2], [8, 9]], np.uint8)), k=2)
        >>> palette.label(np.array([[0, 7]], np.uint8)).tolist()
        [[1, 2]]
        """
        validation.check_progress(progress)
        return follow(lambda: self._apply(image, mask, painted=False), progress)[0]

    def paint(
        self,
        image: ArrayLike,
        *,
        mask: ArrayLike | None = None,
        progress: Report | None = None,
    ) -> Any:
        """Return an image, each pixel in the value of its cluster.

        That is its center, or the color that was given to it. Pixels left out, and
        alpha, are as in the image.

        Parameters
        ----------
        image, mask, progress
            As for `label`.

        Returns
        -------
        array
            Of the shape and dtype of the image; of dask, or a DataArray, where `label`
            gives that.

        Raises
        ------
        TypeError, ValueError
            Where the image does not have these channels, or is in color and of a dtype
            whose full intensity is another, as floats beside integers.

        Examples
        --------
        >>> from napari_kmeans import fit, read_samples
        >>> palette = fit(read_samples(np.array([[1, 3], [8, 8]], np.uint8)), k=2)
        >>> palette.paint(np.array([[0, 7]], np.uint8)).tolist()
        [[2, 8]]
        """
        return self.apply(image, mask=mask, progress=progress)[1]

    def apply(
        self,
        image: ArrayLike,
        *,
        mask: ArrayLike | None = None,
        progress: Report | None = None,
    ) -> tuple[Any, Any]:
        """Return what `label` and `paint` return, having labeled but once.

        Parameters
        ----------
        image, mask, progress
            As for `label`.

        Returns
        -------
        labels : array of uint8 or uint16
            As of `label`.
        quantized : array
            As of `paint`.

        Raises
        ------
        TypeError, ValueError
            Where the image does not have these channels, or is in color and of a dtype
            whose full intensity is another, as floats beside integers.
        """
        validation.check_progress(progress)
        return follow(lambda: self._apply(image, mask), progress)

    def _apply(
        self, image: ArrayLike, mask: ArrayLike | None, *, painted: bool = True
    ) -> tuple[Any, Any]:
        """Do what `apply` does; what is not to be painted is None."""
        labeling, mask = masked(image, mask, self.layout)
        labels, quantized = self._plain(image, mask, painted=painted)
        if quantized is not None:
            quantized = labeled(quantized, labeling)
        return labeled(labels, labeling, "labels"), quantized

    def _plain(
        self, image: ArrayLike, mask: ArrayLike | None, *, painted: bool
    ) -> tuple[Any, Any]:
        """Do what `_apply` does, with plain arrays."""
        array = validation.check_image(image)
        arranged = self.layout.arrange(array)
        lazy = is_lazy(array)
        checked = validation.check_mask(mask, arranged.shape[:-1], lazy=lazy)
        given = arranged, self.layout.n_channels, checked, self.layout.no_data
        quantizer = as_of(self, array.dtype).quantizer_of(array.dtype)
        if lazy:
            labels, quantized = quantize_lazily(quantizer, Stream(*given))
            return labels, self.layout.restore(quantized)
        pixels = Pixels(*given)
        with stage("Labeling", 0, 0.5 if painted else 1):
            labels = quantizer.label_valid(pixels)
        if not painted:
            return labels, None
        with stage("Painting", 0.5):
            quantized = quantizer.paint(pixels, labels)
        return labels, self.layout.restore(quantized)


def _native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return a dtype in this machine's byte order."""
    return dtype.newbyteorder("=")
