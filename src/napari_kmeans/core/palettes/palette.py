"""Palettes: clusters as a value that labels, paints and can be edited."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import validation
from ..cluster.moments import averages
from ..data.pixels import Pixels
from ..data.stream import Stream
from ..run.lazy import is_lazy
from ..run.progress import follow, stage
from .colors import hexadecimal, of_centers
from .quantizer import Quantizer, quantize_lazily
from .text import SHOWN, told
from .values import to_dtype

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from ..cluster.moments import Moments
    from ..data.distance import Space
    from ..data.layout import Layout
    from ..run.progress import Report


@dataclass(frozen=True, eq=False, repr=False)
class Palette:
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
        Which clusters were locked: those are not merged, recolored or renamed.
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

    centers: NDArray[np.float64]
    counts: NDArray[np.int64]
    compactness: float
    names: tuple[str, ...]
    colors: NDArray[np.float64]
    locked: tuple[bool, ...]
    n_iter: int
    converged: bool
    value_range: tuple[float, float]
    settings: dict[str, Any]
    layout: Layout = field(repr=False)
    space: Space = field(repr=False)
    quantizer: Quantizer = field(repr=False)
    moments: Moments = field(repr=False)

    # -- what it is ----------------------------------------------------------------

    @property
    def k(self) -> int:
        """Number of clusters."""
        return len(self.centers)

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels."""
        return self.layout.channels

    @property
    def shares(self) -> NDArray[np.float64]:
        """The part of the clustered pixels in each cluster: (k,), sum 1."""
        return np.asarray(self.counts / max(int(self.counts.sum()), 1))

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
            np.array([self.compactness, *self.value_range]).tobytes(),
            replace(self.layout, dtype=_native(self.layout.dtype)),
            *(self.names, self.locked, self.space, used.frame),
        )

    def __eq__(self, other: object) -> bool:
        """Whether another palette holds, labels and shows the same."""
        if not isinstance(other, Palette):
            return NotImplemented
        return self._value == other._value

    def __hash__(self) -> int:
        """Return what equal palettes have in common."""
        return hash(self._value)

    def _rows(self) -> list[tuple[int, str, str, str]]:
        """Return label, color, share and name of the clusters that are shown."""
        rows = zip(hexadecimal(self.colors), self.shares, self.names, strict=True)
        return [
            (label, color, told([share]), name)
            for label, (color, share, name) in enumerate(rows, 1)
        ][:SHOWN]

    def __repr__(self) -> str:
        """Return a line with the color, the share and the name of each cluster."""
        rows = [
            f"{label} {color} {share}" + (f" {name!r}" if name else "")
            for label, color, share, name in self._rows()
        ]
        more = ["..."] if self.k > SHOWN else []
        clusters = "cluster" if self.k == 1 else "clusters"
        return f"Palette({self.k} {clusters}: {', '.join([*rows, *more])})"

    def _repr_html_(self) -> str:
        """Return a table with a swatch, the share and the name of each cluster."""
        rows = "".join(
            f'<tr><td>{label}</td><td style="background:{color};width:3em"></td>'
            f"<td>{color}</td><td>{share}</td><td>{escape(name)}</td></tr>"
            for label, color, share, name in self._rows()
        )
        more = f"<p>{self.k - SHOWN} more</p>" if self.k > SHOWN else ""
        head = "".join(f"<th>{t}</th>" for t in ("", "color", "", "share", "name"))
        return f"<table><tr>{head}</tr>{rows}</table>{more}"

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
        image : array_like or dask.array.Array
            With the axes and the channels of the image that was clustered.
        mask : array of bool, optional
            Of the shape of the image without channels; False leaves a pixel out.
        progress : callable, optional
            As for `quantize`.

        Returns
        -------
        array of uint8 or uint16
            1..k, and 0 for pixels left out; of dask where the image is.

        Raises
        ------
        TypeError, ValueError
            Where the image does not have these channels.

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
            Of the shape and dtype of the image; of dask where the image is.

        Raises
        ------
        TypeError, ValueError
            Where the image does not have these channels.

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
        labels, quantized : arrays

        Raises
        ------
        TypeError, ValueError
            Where the image does not have these channels.
        """
        validation.check_progress(progress)
        return follow(lambda: self._apply(image, mask), progress)

    def _apply(
        self, image: ArrayLike, mask: ArrayLike | None, *, painted: bool = True
    ) -> tuple[Any, Any]:
        """Do what `apply` does; what is not to be painted is None."""
        array = validation.check_image(image)
        arranged = self.layout.arrange(array)
        lazy = is_lazy(array)
        checked = validation.check_mask(mask, arranged.shape[:-1], lazy=lazy)
        given = arranged, self.layout.n_channels, checked, self.layout.no_data
        values = self._values(array.dtype)
        quantizer = replace(self.quantizer.untabled, values=values)
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

    # -- edits ---------------------------------------------------------------------

    def rename(self, label: int, name: str) -> Palette:
        """Return a palette in which a cluster has a name.

        Parameters
        ----------
        label : int
            1..k.
        name : str
            Empty for none.

        Raises
        ------
        TypeError, ValueError
            Where there is no such cluster, or it is locked.

        Examples
        --------
        >>> from napari_kmeans import fit, read_samples
        >>> palette = fit(read_samples(np.array([[1, 2], [8, 9]], np.uint8)), k=2)
        >>> palette.rename(1, "dark").names
        ('dark', '')
        """
        at = self._free("label", label)
        if not isinstance(name, str):
            raise TypeError(f"name={validation.shown(name)} should be text.")
        names = (*self.names[:at], name, *self.names[at + 1 :])
        return replace(self, names=names)

    def recolor(self, label: int, color: Sequence[float] | str) -> Palette:
        """Return a palette in which a cluster is shown, and painted, in a color.

        Its center stays what it is, and what is nearest to it. Images that are not in
        color are painted as before.

        Parameters
        ----------
        label : int
            1..k.
        color : str or sequence of float
            Such as ``"#ff8000"``, or red, green and blue from 0 to 1.

        Raises
        ------
        TypeError, ValueError
            Where there is no such cluster, it is locked, or it is no color.

        Examples
        --------
        >>> from napari_kmeans import fit, read_samples
        >>> palette = fit(read_samples(np.array([[1, 2], [8, 9]], np.uint8)), k=2)
        >>> palette.recolor(2, "#ff8000").colors[1].round(2).tolist()
        [1.0, 0.5, 0.0]
        """
        at = self._free("label", label)
        colors = self.colors.copy()
        colors[at] = validation.check_color(color)
        values = self.quantizer.values
        if self.layout.rgb:
            values = values.copy()
            values[at] = to_dtype(colors[at] * self.space.full, values.dtype)
        quantizer = replace(self.quantizer.untabled, values=values)
        return replace(self, colors=colors, quantizer=quantizer)

    def lock(self, *labels: int, locked: bool = True) -> Palette:
        """Return a palette in which clusters are locked, or are not any more.

        Parameters
        ----------
        *labels : int
            1..k; none for all.
        locked : bool, default True
            False unlocks them.

        Raises
        ------
        TypeError, ValueError
            Where there is no such cluster.

        Examples
        --------
        >>> from napari_kmeans import fit, read_samples
        >>> palette = fit(read_samples(np.array([[1, 2], [8, 9]], np.uint8)), k=2)
        >>> palette.lock(2).locked
        (False, True)
        """
        flag = validation.check_flag("locked", locked)
        places = {self._at("label", label) for label in labels} or {*range(self.k)}
        new = [flag if at in places else was for at, was in enumerate(self.locked)]
        return replace(self, locked=tuple(new))

    def reorder(self, labels: Sequence[int]) -> Palette:
        """Return a palette with its clusters in another order.

        Parameters
        ----------
        labels : sequence of int
            All of 1..k: the first becomes label 1, and so on.

        Raises
        ------
        TypeError, ValueError
            Where they are not that.

        Examples
        --------
        >>> from napari_kmeans import fit, read_samples
        >>> palette = fit(read_samples(np.array([[1, 2], [8, 9]], np.uint8)), k=2)
        >>> palette.reorder([2, 1]).centers.ravel().tolist()
        [8.5, 1.5]
        """
        order = [self._at("labels", label) for label in _listed("labels", labels)]
        if sorted(order) != [*range(self.k)]:
            raise ValueError(
                f"labels={validation.shown(labels)} should be those from 1 to "
                f"{self.k}, each once."
            )
        return self._grouped([[at] for at in order])

    def merge(self, labels: Sequence[int], name: str | None = None) -> Palette:
        """Return a palette in which several clusters are one.

        It has the lowest of their labels; those above move down. Its pixels are those
        of all of them, its center is the mean of their centers by weight, its color the
        center's unless one of them was given a color: then it is that of the largest.

        Parameters
        ----------
        labels : sequence of int
            At least two different ones.
        name : str, optional
            By default that of the largest that has one.

        Raises
        ------
        TypeError, ValueError
            Where there are no such clusters, or one is locked.

        Examples
        --------
        >>> from napari_kmeans import fit, read_samples
        >>> image = np.array([[1, 3, 8, 9]], np.uint8)
        >>> merged = fit(read_samples(image), k=4).merge([1, 2])
        >>> merged.centers.ravel().tolist(), merged.compactness
        ([2.0, 8.0, 9.0], 2.0)
        """
        merged = sorted({self._free("labels", x) for x in _listed("labels", labels)})
        if len(merged) < 2:
            raise ValueError(
                f"labels={validation.shown(labels)} should be at least two different "
                "clusters."
            )
        rest = [[at] for at in range(self.k) if at not in merged]
        palette = self._grouped(sorted([merged, *rest]))
        return palette if name is None else palette.rename(merged[0] + 1, name)

    def _at(self, name: str, label: Any) -> int:
        """Return where the cluster of a label is."""
        return validation.check_integer(name, label, 1, self.k) - 1

    def _free(self, name: str, label: Any) -> int:
        """Return where the cluster of a label is, which should not be locked."""
        at = self._at(name, label)
        if self.locked[at]:
            raise ValueError(f"{name}={label} should be a cluster that is not locked.")
        return at

    def _grouped(self, groups: list[list[int]]) -> Palette:
        """Return a palette with a cluster for each group of clusters."""
        used = self.quantizer.untabled
        new = np.empty(self.k, np.intp)
        for index, group in enumerate(groups):
            new[group] = index
        owners = new if used.owners is None else new[used.owners]
        largest = [max(group, key=lambda at: self.counts[at]) for group in groups]
        centers = averages(self.centers, self.moments.weights, groups)
        values, colors = used.values[largest], self.colors[largest]
        own = (self.colors == self._own_colors(self.centers)).all(axis=1)
        for index, group in enumerate(groups):
            if len(group) > 1 and own[group].all():
                mean = centers[index : index + 1]
                values[index] = to_dtype(mean, values.dtype)
                colors[index] = self._own_colors(mean)
        moments, compactness = self.moments.grouped(groups), self.compactness
        if len(groups) == self.k:
            moments = self.moments.ordered([group[0] for group in groups])
        else:
            total = np.nan if moments.squared is None else moments.squared.sum()
            # Not squared first: that may be beyond what a float can hold.
            compactness = float(total) * used.frame.unit * used.frame.unit
        return replace(
            self,
            centers=centers,
            counts=np.array([self.counts[group].sum() for group in groups]),
            compactness=compactness,
            names=tuple(self._name(group) for group in groups),
            colors=colors,
            locked=tuple(self.locked[at] for at in largest),
            quantizer=replace(used, values=values, owners=owners),
            moments=moments,
        )

    def _own_colors(self, centers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return in what colors centers are shown by themselves."""
        full = self.space.full if self.layout.rgb else None
        return of_centers(centers, self.value_range, full)

    def _name(self, group: Sequence[int]) -> str:
        """Return the name of the largest of some clusters that has one."""
        by_size = sorted(group, key=lambda at: -self.counts[at])
        return next((self.names[at] for at in by_size if self.names[at]), "")

    def _values(self, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return what pixels of each cluster become in an image of a dtype."""
        own = self.quantizer.values
        if dtype == own.dtype:
            return own
        values = to_dtype(self.centers, dtype)
        given = (own != to_dtype(self.centers, own.dtype)).any(axis=1)
        values[given] = to_dtype(own[given].astype(np.float64), dtype)
        return values


def _native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return a dtype in this machine's byte order."""
    return dtype.newbyteorder("=")


def _listed(name: str, labels: Any) -> list[Any]:
    """Return labels as a list."""
    if isinstance(labels, (str, bytes)) or not isinstance(labels, Iterable):
        raise TypeError(
            f"{name}={validation.shown(labels)} should be a sequence of labels."
        )
    return list(labels)
