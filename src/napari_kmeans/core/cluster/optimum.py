"""Optimum: the best clustering there is, of samples of a single channel.

On a line clusters are intervals, and the best intervals for k clusters end where the
best for k - 1 begin: a dynamic program, as in Wang and Song, "Ckmeans.1d.dp", The R
Journal 3 (2011). The best beginnings only ever move on, so that halving finds them all
in O(n log n) for each cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import kernels
from ..run.progress import step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data.samples import Samples

#: The most samples times clusters: what is remembered takes 4 bytes each.
MOST = 2**28


def optimum(samples: Samples, k: int) -> NDArray[np.float64]:
    """Find the centers of the least compactness.

    Parameters
    ----------
    samples : Samples
        Of one channel; at most `MOST` / k.
    k : int
        At most the number of distinct samples.

    Returns
    -------
    (k, 1) float64
    """
    if k * samples.n > MOST:
        raise ValueError(
            f"k={k} with init='optimal' should be at most {MOST // samples.n} for "
            f"{samples.n:,} distinct values."
        )
    order = np.argsort(samples.values[0], kind="stable")
    values = samples.values[0][order].astype(np.float64)
    weights = samples.weights[order] if samples.weights.size else np.ones(samples.n)
    # About their mean, sums of squares lose the least to rounding.
    mean = (weights * values).sum() / weights.sum()
    centered = values - mean
    sums = np.zeros((3, samples.n + 1))
    for row, power in zip(sums, (0, 1, 2), strict=True):
        np.cumsum(weights * centered**power, out=row[1:])
    begins = np.zeros((k, samples.n + 1), np.int32)
    costs = np.empty(samples.n + 1)
    kernels.first_costs(sums, costs)
    for cluster in range(1, k):
        costs = kernels.next_costs(sums, costs, cluster, begins[cluster])
        step(cluster)
    centers = np.empty((k, 1))
    end = samples.n
    for cluster in reversed(range(k)):
        begin = int(begins[cluster, end])
        inside = slice(begin, end)
        part = weights[inside]
        centers[cluster, 0] = (part * values[inside]).sum() / part.sum()
        end = begin
    return centers
