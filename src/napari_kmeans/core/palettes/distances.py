"""Distances: how far clusters are from each other, and which are close."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def linkage(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the complete linkage of points, (n, n_channels): (n - 1, 4).

    Two groups are as far from each other as their two points that are farthest apart
    (D. Müllner, "Modern hierarchical, agglomerative clustering algorithms", 2011).
    """
    from scipy.cluster import hierarchy
    from scipy.spatial.distance import pdist

    if len(points) < 2:
        return np.empty((0, 4))
    # A power of two: no square overflows, and no digit is lost.
    scale = math.frexp(float(np.abs(points).max()))[1]
    found = hierarchy.linkage(pdist(np.ldexp(points, -scale)), "complete")
    found[:, 2] = np.ldexp(found[:, 2], scale)
    return np.asarray(found)


def closer(points: NDArray[np.float64], distance: float) -> list[list[int]]:
    """Return groups of points of which any two are closer than a distance.

    Examples
    --------
    >>> closer(np.array([[0.0], [5.0], [1.0], [2.0]]), 2)
    [[0, 2], [1], [3]]
    """
    groups = {at: [at] for at in range(len(points))}
    for row, (a, b, height, _) in enumerate(linkage(points).tolist()):
        if height >= distance:
            break
        groups[len(points) + row] = groups.pop(int(a)) + groups.pop(int(b))
    return sorted(sorted(group) for group in groups.values())
