"""Centers: more or fewer of them, in a new palette that samples are counted by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from .. import validation
from ..run.progress import follow
from .edits import Editable
from .measuring import check_alike, measured, parted
from .values import values_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..reading.fit import ImageSamples
    from ..run.progress import Report


@dataclass(frozen=True, eq=False, repr=False)
class Centered(Editable):
    """How others are made of a palette that have other centers: see `Palette`."""

    def split(
        self,
        label: int | str,
        samples: ImageSamples,
        k: int = 2,
        *,
        seed: int = 0,
        progress: Report | None = None,
    ) -> Self:
        """Return a palette in which a cluster has become several, by k-means.

        That is the k-means of `quantize`, of the cluster's pixels. The new clusters
        have its label and those after it; the labels above move up. Then each pixel is
        given to the nearest of all centers, and counts and compactness are measured
        again. The largest keeps the name; each is shown in the color of its center.

        Parameters
        ----------
        label : int or str
            1..k, or its name.
        samples : ImageSamples
            Of the image, or of another with the same channels. Of one that is read
            again for each step, the k-means is of 65,536 pixels.
        k : int, default 2
            How many it becomes: at least 2.
        seed : int, default 0
            Of the k-means, as for `quantize`.
        progress : callable, optional
            As for `quantize`.

        Returns
        -------
        Palette

        Raises
        ------
        TypeError, ValueError
            Where there is no such cluster, it is locked, or has fewer than `k` distinct
            colors; or where distances are those of CIEDE2000, by which nothing is
            clustered.

        Examples
        --------
        >>> from napari_kmeans import fit, read_samples
        >>> samples = read_samples(np.array([[1, 3, 98, 99]], np.uint8))
        >>> fit(samples, k=2).split(1, samples).centers.ravel().tolist()
        [1.0, 3.0, 98.5]
        """
        at = self._free("label", label)
        most = validation.MOST_CLUSTERS - self.k + 1
        k = validation.check_integer("k", k, 2, most)
        seed = validation.check_seed(seed)
        check_alike(samples, self)
        validation.check_split(self.space.name)
        validation.check_progress(progress)
        return follow(lambda: self._split(at, samples, k, seed), progress)

    def _split(self, at: int, samples: ImageSamples, k: int, seed: int) -> Self:
        within = parted(samples, self, at, k, seed)
        before, after = self.owners < at, self.owners > at
        used = self.quantizer.centers
        places = [*range(at), *[at] * k, *range(at + 1, self.k)]
        new = slice(at, at + k)
        draft = self._picked(places)._of_centers(
            np.concatenate([used[before], within, used[after]]),
            np.concatenate(
                [
                    self.owners[before],
                    np.arange(at, at + k),
                    self.owners[after] + k - 1,
                ]
            ),
        )
        means = draft.moments.means.copy()
        means[new] = within
        draft = replace(draft, moments=draft.moments._replace(means=means))
        found, palette = measured(samples, draft)
        told = found.centers[int(before.sum()) :][:k]
        told = np.where(np.isnan(told), self.centers[at], told)
        centers, names = palette.centers.copy(), [*palette.names]
        centers[new] = told
        largest = at + int(palette.counts[new].argmax())
        names[new] = [self.names[at] if i == largest else "" for i in range(at, at + k)]
        values = palette.quantizer.values.copy()
        values[new] = values_of(found.samples, within, told, values.dtype)
        colors = palette.colors.copy()
        colors[new] = self.own_colors(told)
        return replace(
            palette,
            centers=centers,
            names=tuple(names),
            colors=colors,
            quantizer=replace(palette.quantizer, values=values),
        )

    def add(
        self,
        center: Sequence[float],
        samples: ImageSamples,
        *,
        progress: Report | None = None,
    ) -> Self:
        """Return a palette with one center more: its pixels are those nearest to it.

        To make a cluster of colors that one has picked. It has the last label; the
        other centers stay where they are, and so does it. Counts and compactness are
        measured again. It is shown in the color of the center.

        Parameters
        ----------
        center : sequence of float
            A number a channel, in the units of the image, such as the mean of the
            colors that are meant.
        samples : ImageSamples
            Of the image, or of another with the same channels.
        progress : callable, optional
            As for `quantize`.

        Returns
        -------
        Palette

        Raises
        ------
        TypeError, ValueError
            Where it is not that, lies outside the values of the samples, or no pixel is
            nearer to it than to the centers there are.

        Examples
        --------
        >>> from napari_kmeans import fit, read_samples
        >>> samples = read_samples(np.array([[1, 3, 8, 9]], np.uint8))
        >>> palette = fit(samples, k=1).add([9], samples)
        >>> palette.centers.ravel().tolist(), palette.counts.tolist()
        ([5.25, 9.0], [2, 2])
        """
        row = validation.check_center(center, self.layout.n_channels)
        most = validation.MOST_CLUSTERS
        if self.k == most:
            raise ValueError(
                f"center={validation.shown(center)} should be added to a palette of "
                f"fewer than {most:,} clusters."
            )
        check_alike(samples, self)
        validation.check_progress(progress)
        return follow(lambda: self._added(row, samples), progress)

    def _added(self, center: NDArray[np.float64], samples: ImageSamples) -> Self:
        said = f"center={center.tolist()}"
        samples.prepare()
        low, high = (np.array(end, np.float64) for end in samples.extent)
        if not ((low <= center) & (center <= high)).all():
            raise ValueError(
                f"{said} should lie within the values of the samples, "
                f"{low.tolist()} to {high.tolist()}."
            )
        told = center[np.newaxis]
        used = self.quantizer
        within = used.frame.relative(told)
        draft = self._picked([*range(self.k), 0])._of_centers(
            np.concatenate([used.centers, within]), np.append(self.owners, self.k)
        )
        means = np.concatenate([self.moments.means, within])
        draft = replace(draft, moments=draft.moments._replace(means=means))
        found, palette = measured(samples, draft)
        if not palette.counts[-1]:
            raise ValueError(f"{said} should be the nearest center of some pixels.")
        values = palette.quantizer.values.copy()
        values[-1:] = values_of(found.samples, within, told, values.dtype)
        return replace(
            palette,
            centers=np.concatenate([self.centers, told]),
            names=(*self.names, ""),
            locked=(*self.locked, False),
            colors=np.concatenate([self.colors, self.own_colors(told)]),
            quantizer=replace(palette.quantizer, values=values),
        )

    def delete(
        self,
        labels: int | str | Sequence[int | str],
        samples: ImageSamples,
        *,
        progress: Report | None = None,
    ) -> Self:
        """Return a palette without some clusters: their pixels go to the nearest left.

        The other centers stay where they are; counts and compactness are measured
        again. The labels above move down.

        Parameters
        ----------
        labels : int, str or sequence of these
            Not all of 1..k; or names.
        samples : ImageSamples
            Of the image, or of another with the same channels.
        progress : callable, optional
            As for `quantize`.

        Returns
        -------
        Palette

        Raises
        ------
        TypeError, ValueError
            Where there are no such clusters, one is locked, or none would be left that
            labels pixels.

        Examples
        --------
        >>> from napari_kmeans import fit, read_samples
        >>> samples = read_samples(np.array([[1, 3, 8, 9]], np.uint8))
        >>> palette = fit(samples, k=4).delete(2, samples)
        >>> palette.centers.ravel().tolist(), palette.counts.tolist()
        ([1.0, 8.0, 9.0], [2, 1, 1])
        """
        some = [labels] if isinstance(labels, (int, str, np.integer)) else labels
        gone = {
            self._free("labels", x) for x in validation.check_labels("labels", some)
        }
        left = [at for at in range(self.k) if at not in gone]
        if not gone or not self.has_centers[left].any():
            raise ValueError(
                f"labels={validation.shown(labels)} should be some of the {self.k} "
                "clusters, and not all."
            )
        check_alike(samples, self)
        validation.check_progress(progress)
        stays = np.isin(self.owners, left)
        owners = np.searchsorted(left, self.owners[stays])
        kept = self._picked(left)._of_centers(self.quantizer.centers[stays], owners)
        return follow(lambda: measured(samples, kept)[1], progress)
