"""Silhouettes: whether samples are nearer to their own cluster than to any other."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from ..cluster import lloyd
from ..data.samples import Samples
from ..data.sampling import NO_WEIGHTS, probe, select, stratified

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The most samples that silhouettes are measured on: their distances take 8 MB.
MOST = 1_024


def few(samples: Samples) -> Samples:
    """Return at most `MOST` samples that stand for all, each as heavy as the others.

    Of more, they are spread evenly over the weights. Those of a stream are among the
    ones of `probe`, which are in memory, and so those of an image in memory are, too.
    """
    n, weights = samples.n, samples.weights
    index = select(n, weights, MOST)
    if index is None and weights.size:
        index = stratified(n, weights, MOST, seed=0)
    elif index is None:
        pool = probe(n)
        index = pool[stratified(pool.size, NO_WEIGHTS, MOST, seed=0)]
    values = np.ascontiguousarray(samples.pick(index), np.float64)
    return Samples(values, NO_WEIGHTS, samples.frame, samples.integral, None)


class Silhouettes:
    """What the silhouettes of some samples are, for as many clusterings as one likes.

    P. J. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation
    of cluster analysis", J. Comput. Appl. Math. 20 (1987). All of a clustering ask for
    the same distances, which are found once.

    Parameters
    ----------
    samples : Samples
        As many as `few` returns, at most.
    """

    def __init__(self, samples: Samples) -> None:
        self.samples = samples

    @cached_property
    def _distances(self) -> NDArray[np.float64]:
        from scipy.spatial.distance import cdist

        rows = np.ascontiguousarray(self.samples.values.T)
        return np.asarray(cdist(rows, rows))

    def mean(self, centers: NDArray[np.float64]) -> float:
        """Return the mean silhouette where each sample belongs to its nearest center.

        NaN where all belong to the same.
        """
        found = self.each(lloyd.assign(self.samples, centers).labels)
        return float(found.mean())

    def each(self, labels: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return the silhouette of each sample, -1 to 1.

        Of a sample alone in its cluster it is 0; of all, NaN where there is but one
        cluster.
        """
        n = labels.size
        order = np.argsort(labels, kind="stable")
        present, starts, own, counts = _runs(labels, order)
        if len(present) < 2:
            return np.full(n, np.nan)
        # Row by row of neighbors in memory; summed in one order, on any machine.
        sums = np.add.reduceat(self._distances[order], starts, axis=0)
        each = np.arange(n)
        inside = sums[own, each] / np.maximum(counts[own] - 1, 1)
        means = sums / counts[:, np.newaxis]
        means[own, each] = np.inf
        outside = means.min(axis=0)
        larger = np.maximum(inside, outside)
        some, found = (larger > 0) & (counts[own] > 1), np.zeros(n)
        np.divide(outside - inside, larger, out=found, where=some)
        return found


def _runs(
    labels: NDArray[np.integer], order: NDArray[np.intp]
) -> tuple[NDArray[np.integer], NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Return the labels there are, where each starts in order, whose, and how many."""
    present, starts, own, counts = np.unique(
        labels[order], return_index=True, return_inverse=True, return_counts=True
    )
    of_each = np.empty_like(own)
    of_each[order] = own
    return present, starts, of_each, counts
