"""Edits: clusters merged and put in order, each as a new palette."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from .. import validation
from ..cluster.clusters import brightness
from ..cluster.moments import averages
from ..spaces import convert
from .colors import hue_order
from .distances import closer, linkage
from .looks import Looks
from .partners import numbered_as
from .values import to_dtype

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, repr=False)
class Editable(Looks):
    """How others are made of a palette that label otherwise: see `Palette`."""

    def reorder(self, labels: Sequence[int | str] | str) -> Self:
        """Return a palette with its clusters in another order.

        Parameters
        ----------
        labels : sequence of int or str, or {"brightness", "share", "hue"}
            All of 1..k, or their names: the first becomes label 1, and so on. Or by
            what they are ordered: from dark to bright, as `fit` does; those of most
            pixels first; or by the hue of the colors they are shown in, from red over
            green and blue, with grays before, from dark to bright.

        Returns
        -------
        Palette

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
        >>> palette.reorder("brightness").centers.ravel().tolist()
        [1.5, 8.5]
        """
        if isinstance(labels, str):
            return self.grouped([[at] for at in self._order(labels)])
        order = [
            self._at("labels", label)
            for label in validation.check_labels("labels", labels)
        ]
        if sorted(order) != [*range(self.k)]:
            raise ValueError(
                f"labels={validation.shown(labels)} should be those from 1 to "
                f"{self.k}, each once."
            )
        return self.grouped([[at] for at in order])

    def merge(self, labels: Sequence[int | str], name: str | None = None) -> Self:
        """Return a palette in which several clusters are one.

        It has the lowest of their labels; those above move down. Its pixels are those
        of all of them, its center is the mean of their centers by weight, its color the
        center's unless one of them was given a color: then it is that of the largest.

        Parameters
        ----------
        labels : sequence of int or str
            At least two different ones, or their names.
        name : str, optional
            By default that of the largest that has one.

        Returns
        -------
        Palette

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
        palette = self.grouped(sorted([merged, *rest]))
        return palette if name is None else palette.rename(merged[0] + 1, name)

    def merge_closer(self, distance: float) -> Self:
        """Return a palette in which clusters that are close to each other are one.

        By complete linkage: any two of those that are merged are closer than that.
        Locked clusters are left alone.

        Parameters
        ----------
        distance : float
            Of color images in CIELAB, between the colors of the centers (Delta E 1976:
            2 is just seen). Of others in the units of the image, each channel
            multiplied by what `scaling` made of it: so those of the widest channel with
            "range" or "variance". At least 0.

        Returns
        -------
        Palette

        Raises
        ------
        TypeError, ValueError
            Where it is not that.

        Examples
        --------
        >>> from napari_kmeans import fit, read_samples
        >>> palette = fit(read_samples(np.array([[1, 3, 8, 9]], np.uint8)), k=4)
        >>> palette.merge_closer(3).centers.ravel().tolist()
        [2.0, 8.5]
        """
        distance = validation.check_distance("distance", distance)
        free = [at for at in range(self.k) if not self.locked[at]]
        groups = [[at] for at in range(self.k) if self.locked[at]]
        merged = closer(self._shown_centers[free], distance)
        groups += [[free[place] for place in group] for group in merged]
        return self if len(groups) == self.k else self.grouped(sorted(groups))

    @property
    def dendrogram(self) -> NDArray[np.float64]:
        """In which order clusters would be merged, the closest first: (k - 1, 4).

        A linkage matrix of SciPy, as ``scipy.cluster.hierarchy.dendrogram`` draws it:
        each row the two that are merged, clusters from 0 and then rows before from k,
        their distance as of `merge_closer`, and how many clusters they have together.

        Examples
        --------
        >>> from napari_kmeans import fit, read_samples
        >>> palette = fit(read_samples(np.array([[1, 3, 9, 20]], np.uint8)), k=3)
        >>> palette.dendrogram.tolist()
        [[0.0, 1.0, 7.0, 2.0], [2.0, 3.0, 18.0, 3.0]]

        Of channels that were scaled, in the units of the widest:

        >>> image = np.array([[[0, 1000, 1000]], [[0, 0, 1]]])
        >>> samples = read_samples(image, channel_axis=0, scaling="range")
        >>> fit(samples, k=3).dendrogram[:, 2].round(2).tolist()
        [1000.0, 1414.21]
        """
        return linkage(self._shown_centers)

    @property
    def _shown_centers(self) -> NDArray[np.float64]:
        """The centers where their distances tell how alike they look."""
        if not self.layout.rgb:
            return self.scaled(self.centers)
        colors = self.own_colors(self.centers)
        return convert(np.ascontiguousarray(colors.T), "cielab").T

    def _order(self, by: str) -> list[int]:
        """Return the clusters in the order of a quality."""
        if by == "share":
            order = np.argsort(-self.counts, kind="stable")
        elif by == "brightness":
            frame = self.quantizer.frame
            luminance = self.space.luminance(frame, self.layout.n_channels)
            order = brightness(self.moments.means, luminance)
        elif by == "hue":
            order = hue_order(self.colors)
        else:
            raise ValueError(
                f"labels={validation.shown(by)} should be one of 'brightness', "
                "'share', 'hue', or a sequence of labels."
            )
        return [int(at) for at in order]

    def matched(self, other: Editable) -> Self:
        """Return a palette with the numbers, names and colors of another.

        For when another image, or the same one again, is to have the same clusters:
        what is label 3 there is label 3 here. Each cluster gets the partner that it
        has in the optimal assignment: that of the least sum of squared distances
        between centers, measured as for the clustering. It keeps its own center, and
        takes over label, name, lock, and a color that was given.

        Where the other has more clusters, those without a partner stay as they are
        there, but no pixel is given to them: `unmatched` tells their labels. Where it
        has fewer, clusters without a partner get the next labels, in their order.

        Parameters
        ----------
        other : Palette
            Of as many channels, and the same color space.

        Returns
        -------
        Palette

        Raises
        ------
        TypeError, ValueError
            Where it is not that.

        References
        ----------
        H. W. Kuhn, "The Hungarian method for the assignment problem" (1955).

        Examples
        --------
        >>> from napari_kmeans import fit, read_samples
        >>> known = fit(read_samples(np.array([[10, 90, 200]], np.uint8)), k=3)
        >>> known = known.rename(3, "sky").reorder([3, 1, 2])
        >>> samples = read_samples(np.array([[15, 15, 190]], np.uint8))
        >>> palette = fit(samples, k=2).matched(known)
        >>> palette.centers.ravel().tolist(), palette.counts.tolist()
        ([190.0, 15.0, 90.0], [1, 2, 0])
        >>> palette.names, palette.unmatched
        (('sky', '', ''), (3,))
        """
        if not isinstance(other, Editable):
            raise validation.no_palette("other", other)
        other.check_same("other", self.layout, self.space)
        return numbered_as(self.present, other)

    @property
    def present(self) -> Self:
        """The same without clusters that no pixel is given: see `unmatched`."""
        has = self.has_centers
        if has.all():
            return self
        owners = (np.cumsum(has) - 1)[self.owners]
        found = self._picked(np.flatnonzero(has).tolist())
        return found._of_centers(self.quantizer.centers, owners)

    def _picked(self, places: list[int]) -> Self:
        """Return a palette of some of its clusters; what labels is as it was."""
        used = self.quantizer
        return replace(
            self,
            centers=self.centers[places],
            counts=self.counts[places],
            names=tuple(self.names[at] for at in places),
            colors=self.colors[places],
            locked=tuple(self.locked[at] for at in places),
            quantizer=replace(used, values=used.values[places]),
            moments=self.moments.ordered(places),
        )

    def _of_centers(
        self, centers: NDArray[np.float64], owners: NDArray[np.intp]
    ) -> Self:
        """Return a palette that labels by other centers, each of the cluster given."""
        flat = np.array_equal(owners, np.arange(self.k))
        new = replace(self.quantizer, centers=centers, owners=None if flat else owners)
        return replace(self, quantizer=new)

    def grouped(
        self, groups: list[list[int]], means: NDArray[np.float64] | None = None
    ) -> Self:
        """Return a palette with a cluster for each group of clusters.

        About given means, in the frame, or their own.
        """
        used = self.quantizer
        new = np.empty(self.k, np.intp)
        for index, group in enumerate(groups):
            new[group] = index
        owners = new[self.owners]
        largest = [max(group, key=lambda at: self.counts[at]) for group in groups]
        centers = averages(self.centers, self.moments.weights, groups)
        values, colors = used.values[largest], self.colors[largest]
        recolored = self.recolored
        for index, group in enumerate(groups):
            if len(group) > 1 and not recolored[group].any():
                mean = centers[index : index + 1]
                values[index] = to_dtype(mean, values.dtype)
                colors[index] = self.own_colors(mean)
        moments, compactness = self.moments.grouped(groups, means), self.compactness
        if len(groups) == self.k:
            moments = self.moments.ordered([group[0] for group in groups])
        else:
            compactness = moments.total(used.frame.unit)
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
