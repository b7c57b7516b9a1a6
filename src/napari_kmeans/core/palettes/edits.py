"""Edits of palettes: each returns a new one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from .. import validation
from ..cluster.moments import averages
from .colors import of_centers
from .values import to_dtype

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..cluster.moments import Moments
    from ..data.distance import Space
    from ..data.layout import Layout
    from .quantizer import Quantizer


@dataclass(frozen=True, eq=False, repr=False)
class Editable:
    """What a palette is made of, and how others are made of it: see `Palette`."""

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

    def rename(self, label: int, name: str) -> Self:
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

    def recolor(self, label: int, color: Sequence[float] | str) -> Self:
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

    def lock(self, *labels: int, locked: bool = True) -> Self:
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

    def reorder(self, labels: Sequence[int]) -> Self:
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
        order = [
            self._at("labels", label)
            for label in validation.check_labels("labels", labels)
        ]
        if sorted(order) != [*range(self.k)]:
            raise ValueError(
                f"labels={validation.shown(labels)} should be those from 1 to "
                f"{self.k}, each once."
            )
        return self._grouped([[at] for at in order])

    def merge(self, labels: Sequence[int], name: str | None = None) -> Self:
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
        merged = sorted(
            {self._free("labels", x) for x in validation.check_labels("labels", labels)}
        )
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

    def own_colors(self, centers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return in what colors centers are shown by themselves."""
        full = self.space.full if self.layout.rgb else None
        return of_centers(centers, self.value_range, full)

    def _grouped(self, groups: list[list[int]]) -> Self:
        """Return a palette with a cluster for each group of clusters."""
        used = self.quantizer.untabled
        new = np.empty(self.k, np.intp)
        for index, group in enumerate(groups):
            new[group] = index
        owners = new if used.owners is None else new[used.owners]
        largest = [max(group, key=lambda at: self.counts[at]) for group in groups]
        centers = averages(self.centers, self.moments.weights, groups)
        values, colors = used.values[largest], self.colors[largest]
        own = (self.colors == self.own_colors(self.centers)).all(axis=1)
        for index, group in enumerate(groups):
            if len(group) > 1 and own[group].all():
                mean = centers[index : index + 1]
                values[index] = to_dtype(mean, values.dtype)
                colors[index] = self.own_colors(mean)
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

    def _name(self, group: Sequence[int]) -> str:
        """Return the name of the largest of some clusters that has one."""
        by_size = sorted(group, key=lambda at: -self.counts[at])
        return next((self.names[at] for at in by_size if self.names[at]), "")
