"""Sets: points in two dimensions, made by formula, whose clusters are known.

In the manner of the sets of P. Fränti and S. Sieranoja, "K-means properties on six
clustering benchmark datasets", Applied Intelligence 48 (2018): not their points, but
the shapes, sizes and overlaps that they tell of.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .workloads import Workload

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[Any]

#: Points of a cluster of Birch and of A; of all clusters of S.
OF_BIRCH, OF_A, OF_S = 1000, 150, 5000

#: Clusters of S, and the standard deviations that make them overlap, of a side of 1.
S, OVERLAPS = 15, {"S1": 0.025, "S2": 0.04, "S3": 0.055, "S4": 0.07}

#: Clusters of the sets A.
A = {"A1": 20, "A2": 35, "A3": 50}


class Made(NamedTuple):
    """Points, (n, 2) in float32, and the centers they were drawn around, (k, 2)."""

    points: Array
    centers: Array


def birch_grid(random: np.random.Generator) -> Made:
    """Return 100 clusters on a grid of 10 by 10, as Birch1."""
    grid = np.stack(np.meshgrid(np.arange(10.0), np.arange(10.0)), axis=-1)
    return _drawn(grid.reshape(-1, 2), 0.25, OF_BIRCH, random)


def birch_sine(random: np.random.Generator) -> Made:
    """Return 100 clusters along a sine of four periods, as Birch2."""
    x = np.arange(100.0)
    centers = np.stack([x, 12 * np.sin(2 * np.pi * x / 25)], axis=1)
    return _drawn(centers, 0.4, OF_BIRCH, random)


def overlapping(random: np.random.Generator, deviation: float) -> Made:
    """Return 15 clusters in a square of side 1, as S1 to S4."""
    # The same places for each overlap.
    centers = _apart(S, 0.17, np.random.default_rng(15))
    return _drawn(centers, deviation, OF_S // S, random)


def many(random: np.random.Generator, k: int) -> Made:
    """Return clusters of which each has its place beside others, as A1 to A3."""
    centers = _apart(k, 0.65 / np.sqrt(k), np.random.default_rng(k))
    return _drawn(centers, 0.13 / np.sqrt(k), OF_A, random)


SETS: dict[str, Callable[[np.random.Generator], Made]] = {
    "Birch1": birch_grid,
    "Birch2": birch_sine,
    **{name: partial(overlapping, deviation=s) for name, s in OVERLAPS.items()},
    **{name: partial(many, k=k) for name, k in A.items()},
}


def made(name: str) -> Made:
    """Return a set: the same points at each call."""
    return SETS[name](np.random.default_rng(0))


def workload(name: str) -> Workload:
    """Return a set to be divided into its clusters."""
    found = made(name)
    return Workload(
        name,
        name,
        partial(_points, name=name),
        (len(found.points),),
        len(found.centers),
        # What the package takes by default.
        epsilon=float(np.ptp(found.points, axis=0).max()) / 255,
        channel_axis=-1,
        points=True,
    )


def _points(shape: tuple[int, ...], name: str) -> Array:
    return made(name).points[: shape[0]]


def _drawn(
    centers: Array, deviation: float, each: int, random: np.random.Generator
) -> Made:
    """Return Gaussian clusters around centers, in no order."""
    points = np.repeat(centers, each, axis=0)
    points += random.normal(0, deviation, points.shape)
    return Made(random.permutation(points).astype(np.float32), centers)


def _apart(k: int, distance: float, random: np.random.Generator) -> Array:
    """Return places in a square of side 1, none nearer to another than a distance."""
    places: list[Array] = []
    while len(places) < k:
        place = random.random(2)
        if all(np.hypot(*(place - other)) >= distance for other in places):
            places.append(place)
    return np.array(places)


def centroid_index(found: Array, true: Array) -> int:
    """Return how many clusters are in the wrong place.

    Centers are orphans where they are nearest to none of the other solution; the more
    of the two ways counts. P. Fränti, M. Rezaei, Q. Zhao, "Centroid index: cluster
    level similarity measure", Pattern Recognition 47 (2014).
    """
    from scipy.spatial.distance import cdist

    distances = cdist(found, true)
    ways = (distances.argmin(axis=1), len(true)), (distances.argmin(axis=0), len(found))
    return max(n - len(np.unique(taken)) for taken, n in ways)
