"""Points as samples, to be clustered as often as one likes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import validation
from ..cluster.clustering import cluster
from ..cluster.clusters import nearest as assigned
from ..cluster.clusters import within
from ..cluster.sums import nearest
from ..data.samples import from_pixels
from ..data.sampling import select, stratified

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..cluster.clusters import Clusters
    from ..cluster.search import Picked
    from ..data.samples import Samples
    from ..options.settings import Settings


class PointSamples:
    """Points, and which of them take part.

    Attributes
    ----------
    points : (n_points, n_features) array
    weights : (n_points,) float64, or (0,)
        Empty where every weight is 1.
    valid : (n_points,) bool
        Which are labeled: those with finite coordinates.
    used : (n_points,) bool
        Which take part: those of them that have a weight.
    """

    def __init__(self, points: NDArray[Any], weights: NDArray[np.float64]) -> None:
        self.points, self.weights = points, weights
        self.valid = np.isfinite(points).all(axis=1)
        self.used = self.valid & (weights > 0) if weights.size else self.valid

    def __repr__(self) -> str:
        """Return a line with how many points there are, and what they take."""
        n, n_features = self.points.shape
        return f"PointSamples({n:,} points of {n_features} features)"

    @property
    def n(self) -> int:
        """How many points take part."""
        return int(np.count_nonzero(self.used))

    @property
    def excluded(self) -> dict[str, int]:
        """For each reason, how many points were left out."""
        return {"not finite": int(np.count_nonzero(~self.valid))}

    @property
    def nbytes(self) -> int:
        """How many bytes are kept, besides the points."""
        kept = [self.weights, self.valid, self.used]
        return int(sum(array.nbytes for array in kept)) + self.samples.nbytes

    @cached_property
    def samples(self) -> Samples:
        """Those that take part."""
        weights = self.weights[self.used] if self.weights.size else self.weights
        return from_pixels(list(self.points[self.used].T), weights)

    def check(self, settings: Settings) -> None:
        """Raise where these points cannot be clustered so."""
        validation.check_enough(settings.least, self.n, "points")
        anchors = settings.anchors
        if anchors is not None and anchors.n < len(anchors.owners):
            raise ValueError(
                "init of merged clusters that are fixed should go with an image, not "
                "with points."
            )
        validation.check_values(
            "points",
            list(self.points.T),
            self.used,
            color_space="rgb",
            refine=settings.refine,
        )

    def fit(self, settings: Settings) -> Clusters:
        """Cluster the points."""
        samples, initial = self.samples, settings.initial_labels
        everything = select(samples.n, samples.weights, settings.search_limit)

        def pick() -> Picked:
            index = everything
            if index is None:
                size, seed = settings.search_size, settings.seed
                index = stratified(samples.n, samples.weights, size, seed)
            labels = None if initial is None else initial[self.used][index]
            return samples.values[:, index].T, labels

        whole = not self.weights.size and everything is not None
        found = cluster(samples, pick, settings, whole=whole)
        far = settings.reject
        return found if far is None else within(samples, found, far)

    def assign(self, centers: NDArray[np.float64]) -> Clusters:
        """Assign the points to the nearest of centers, in the units of the data."""
        return assigned(self.samples, self.samples.frame.relative(centers))

    def label(self, clusters: Clusters, reject: float | None) -> NDArray[np.int32]:
        """Return the label of each point: 0..k-1, and -1 for those left out."""
        labels = np.full(len(self.points), -1, np.int32)
        labels[self.used] = clusters.labels
        rest = self.valid & ~self.used
        if rest.any():  # without weight, these are labeled all the same
            others = from_pixels(list(self.points[rest].T))
            centers = self.samples.frame.inverse(clusters.centers)
            relative = others.frame.relative(centers)
            reach = None if reject is None else reject / others.frame.unit
            labels[rest] = nearest(others, relative, reach)
        labels[labels == len(clusters.centers)] = -1  # too far from all
        return labels


def read_points(points: ArrayLike, *, weights: ArrayLike | None = None) -> PointSamples:
    """Read points once, to cluster them as often as one likes.

    For `kmeans`, when several K, or seeds, are to be tried.

    Parameters
    ----------
    points : (n_points, n_features) array_like
        Booleans, integers or floats of at most 64 bits.
    weights : (n_points,) array_like, optional
        How much each point counts, at least 0; by default 1 each.

    Returns
    -------
    PointSamples
        ``n`` tells how many points take part, ``excluded`` how many do not, and why,
        ``nbytes`` how much memory is kept beside them.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described.

    Examples
    --------
    >>> from napari_kmeans import kmeans
    >>> samples = read_points([[0, 0], [0, 1], [10, 10], [10, 11]])
    >>> [kmeans(samples, k).compactness for k in (1, 2, 3)]
    [201.0, 1.0, 0.5]
    """
    array = validation.check_points(points)
    return PointSamples(array, validation.check_weights(weights, len(array)))
