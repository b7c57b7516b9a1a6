"""Matching: which of the clusters that are known each new one is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def match(centers: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.intp]:
    """Give clusters numbers, by their centers and the latest known of each number.

    Parameters
    ----------
    centers : (n_clusters, n_channels) float64
        At most as many as there are numbers.
    known : (k, n_channels) float64
        NaN for numbers not used yet, which come last.

    Returns
    -------
    (n_clusters,) int
        A number for each cluster, from 0, no two alike. New ones are taken in order.

    Examples
    --------
    >>> match(np.array([[10.0], [50.0]]), np.array([[48.0], [5.0], [90.0]]))
    array([1, 0])
    >>> match(np.array([[10.0], [90.0]]), np.array([[12.0], [30.0], [np.nan]]))
    array([0, 2])
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    n_seen = int((~np.isnan(known[:, 0])).sum())
    n_unseen = len(known) - n_seen
    if n_seen == 0:
        return np.arange(len(centers))
    centers, known = _within_reach(centers, known[:n_seen])
    costs = cdist(centers, known, "sqeuclidean")
    if n_unseen and n_seen == 1:
        # Nothing to compare with: the nearest cluster has the only number.
        bad = np.full(len(centers), costs.max() + 1)
    elif n_unseen:
        apart = cdist(known, known, "sqeuclidean")
        np.fill_diagonal(apart, np.inf)
        bad = apart.min(axis=1)[costs.argmin(axis=1)] / 4
    if n_unseen:
        costs = np.hstack([costs, np.tile(bad[:, np.newaxis], n_unseen)])
    numbers = np.asarray(linear_sum_assignment(costs)[1])
    new = numbers >= n_seen
    numbers[new] = n_seen + np.arange(new.sum())
    return numbers


def paired(
    centers: NDArray[np.float64], known: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which of the centers go with which of those known.

    As many pairs as there can be, and of all such pairings that with the least sum of
    squared distances (H. W. Kuhn, "The Hungarian method for the assignment problem",
    1955).

    Examples
    --------
    >>> mine, theirs = paired(np.array([[1.0], [5], [9]]), np.array([[8.0], [2]]))
    >>> mine.tolist(), theirs.tolist()
    ([0, 2], [1, 0])
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    costs = cdist(*_within_reach(centers, known), "sqeuclidean")
    mine, theirs = linear_sum_assignment(costs)
    return np.asarray(mine), np.asarray(theirs)


def _within_reach(*points: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Return points divided by a power of two.

    So that no square overflows, and no digit is lost.
    """
    scale = -math.frexp(max(np.abs(some).max() for some in points))[1]
    return [np.ldexp(some, scale) for some in points]


def still_there(
    before: NDArray[np.float64], after: NDArray[np.float64]
) -> dict[int, int]:
    """Return which center each earlier one has become, of those that still are there.

    A center is still there where one of the new lies within half the way to its nearest
    neighbor, and has none of the earlier closer to it.

    Examples
    --------
    >>> still_there(np.array([[1.0], [5], [9]]), np.array([[1.5], [8], [20]]))
    {0: 0, 2: 1}
    """
    from scipy.spatial import KDTree

    if before.shape[1] != after.shape[1]:
        return {}
    earlier, later = KDTree(before), KDTree(after)
    distance, nearest = later.query(before)
    neighbor = earlier.query(before, k=[2])[0].ravel()
    mutual = earlier.query(after)[1][nearest] == np.arange(len(before))
    there = np.flatnonzero(mutual & (distance <= neighbor / 2))
    return dict(zip(there.tolist(), nearest[there].tolist(), strict=True))
