"""Moments: what is known of the samples of clusters, so that these can be merged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..data.counted import Colors
from . import lloyd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..data.samples import Samples
    from .clusters import Clusters

    Groups = Sequence[Sequence[int]]

#: Up to this many samples that are not counted, moments are found out.
MEASURED = 2**20


class Moments(NamedTuple):
    """Sums over the samples of each cluster, in the frame in which they are clustered.

    Attributes
    ----------
    means : (k, n_channels) float64
        The centers; of merged clusters, their means by weight.
    weights : (k,) float64
        The sums of the weights.
    squared : (k,) float64, or None where it is not known
        The sums of the weighted squared distances to `means`.
    drift : (k, n_channels) float64, or None where it is not known
        The sums of the weighted differences from `means`: zero where the centers have
        come to rest.
    """

    means: NDArray[np.float64]
    weights: NDArray[np.float64]
    squared: NDArray[np.float64] | None = None
    drift: NDArray[np.float64] | None = None

    def ordered(self, order: Sequence[int]) -> Moments:
        """Return those of the same clusters in another order."""
        at = list(order)
        rest = (None if each is None else each[at] for each in self[2:])
        return Moments(self.means[at], self.weights[at], *rest)

    def placed(self, places: NDArray[np.intp], means: NDArray[np.float64]) -> Moments:
        """Return those of more clusters, of which these are some: others have nothing.

        Parameters
        ----------
        places : (k,) int
            Where among all of them these are.
        means : (n, n_channels) float64
            What the means of the others are.

        Examples
        --------
        >>> one = Moments(np.array([[3.0]]), np.array([2.0]), np.array([0.5]))
        >>> more = one.placed(np.array([1]), np.array([[9.0], [0.0]]))
        >>> more.means.tolist(), more.weights.tolist(), more.squared.tolist()
        ([[9.0], [3.0]], [0.0, 2.0], [0.0, 0.5])
        """

        def among(some: NDArray[np.float64], all_: NDArray[np.float64]) -> Any:
            found = all_.copy()
            found[places] = some
            return found

        nothing = np.zeros(len(means))
        drift = None if self.drift is None else among(self.drift, np.zeros(means.shape))
        return Moments(
            among(self.means, means),
            among(self.weights, nothing),
            None if self.squared is None else among(self.squared, nothing),
            drift,
        )

    def total(self, unit: float) -> float:
        """Return the sum of all squares in the units of the data; NaN if not known."""
        if self.squared is None:
            return np.nan
        # Not squared first: that may be beyond what a float can hold.
        return float(self.squared.sum()) * unit * unit

    def grouped(
        self, groups: Groups, means: NDArray[np.float64] | None = None
    ) -> Moments:
        """Return those of groups of clusters, about given means, or their own.

        About another point than its own, a sum of squares grows by the square of the
        way there, and by twice the way times the drift.

        Examples
        --------
        >>> means, zero = np.array([[0.0], [2.0]]), np.zeros(2)
        >>> each = Moments(means, np.ones(2), zero, np.zeros((2, 1)))
        >>> each.grouped([[0, 1]]).squared
        array([2.])
        """
        if means is None:
            means = averages(self.means, self.weights, groups)
        weights = np.array([self.weights[[*group]].sum() for group in groups])
        if self.squared is None or self.drift is None:
            return Moments(means, weights)
        squared, drift = np.empty(len(groups)), np.empty(means.shape)
        for index, group in enumerate(map(list, groups)):
            way = self.means[group] - means[index]
            weighted = self.weights[group, np.newaxis] * way
            grown = (way * (weighted + 2 * self.drift[group])).sum(axis=1)
            squared[index] = (self.squared[group] + grown).sum()
            drift[index] = (self.drift[group] + weighted).sum(axis=0)
        return Moments(means, weights, squared, drift)


def moments_of(
    samples: Samples, clusters: Clusters, *, anyway: bool = False
) -> Moments:
    """Return the moments of clusters; their drift where one more pass is short.

    Or anyway, but where a few values are so far off that sums of all lose the others.
    """
    centers, weights = clusters.centers, clusters.weights
    if not samples.frame.euclidean:  # about another point, squares are not known
        return Moments(centers, weights, clusters.squared)
    if clusters.drift is not None:
        return Moments(centers, weights, clusters.squared, clusters.drift)
    counted = isinstance(samples, Colors)
    short = anyway or counted or (samples.in_memory and samples.n <= MEASURED)
    if clusters.squared is None or not short or samples.dominated:
        return Moments(centers, weights, clusters.squared)
    sums = (lloyd.totals(samples, centers))[:, :-2]
    drift = sums - weights[:, np.newaxis] * (centers - samples.minima)
    return Moments(centers, weights, clusters.squared, drift)


def averages(
    centers: NDArray[np.float64], weights: NDArray[np.float64], groups: Groups
) -> NDArray[np.float64]:
    """Return the mean center of each group of clusters, by weight."""
    return np.array([_average(centers[[*g]], weights[[*g]]) for g in groups])


def _average(
    centers: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    if len(centers) == 1:
        return np.asarray(centers[0])
    if not weights.any():  # as many as there are pixels: none
        return np.asarray(centers.mean(axis=0))
    return np.asarray(np.average(centers, axis=0, weights=weights))
