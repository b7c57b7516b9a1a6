"""K-means of points."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from . import validation
from .options.keywords import BOUND, FIT, keywords, merged, split
from .options.settings import Settings
from .reading.points import PointSamples, read_points
from .results.points import ClusteredPoints
from .results.versions import versions
from .run.progress import follow

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from .options.keywords import PointsOptions
    from .run.progress import Report


@keywords(FIT, BOUND)
def kmeans(
    points: ArrayLike | PointSamples,
    k: int | None = None,
    *,
    weights: ArrayLike | None = None,
    progress: Report | None = None,
    **options: Unpack[PointsOptions],
) -> ClusteredPoints:
    """Cluster points by k-means.

    Parameters
    ----------
    points : (n_samples, n_features) array_like, or PointSamples
        Booleans, integers or floats of at most 64 bits, or what `read_points` returned.
        Points with a coordinate that is NaN or infinite are left out.
    k : int, optional
        Number of clusters, 1 to 65,535: by default as many as `init` has centers; where
        it has none, 5.
    weights : (n_samples,) array_like, optional
        How much each point counts, at least 0; by default 1 each. Points of weight 0
        are labeled, but have no part in the centers.
    criteria : Criteria or tuple, optional
        When an iteration stops; OpenCV's ``(type, max_iter, epsilon)`` will do.
    attempts : int, default 10
        How often OpenCV searches, from different starts; the best counts.
    init : {"random", "k-means++", "optimal"}, array_like or Palette, default "random"
        How attempts start. Labels 0..k-1, (n_samples,) integers, are where the first
        attempt starts from. An array of two axes, (n, n_features), is of centers, and
        so are those of a palette: the search finds those that are missing to `k`.
        "optimal", for a single feature only, does not search but solve: no clustering
        has a smaller compactness.
    seed : int, default 0
        Seed of the random starts, 0 to 2**31 - 1. The same seed, the same answer.
    max_samples : int or None, default 65_536
        How many points OpenCV searches, as of `quantize`; all are refined over. None
        searches all.
    refine : bool, default True
        Refine the centers in float64 over all points. False is plain OpenCV.
    fixed : bool, or sequence of int or of bool, default False
        Which centers of `init` do not move, as of `quantize`.
    reject : float, optional
        Points farther than this from every center get the label -1; all have a part in
        the centers. `counts` and `compactness` are of those that are left.
    progress : callable, optional
        As for `quantize`.

    Returns
    -------
    ClusteredPoints
        Labels are 0..k-1 and index `centers`; -1 for points left out. The clusters are
        in the order of the brightness of their centers, after those that are `fixed`.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described; before any work.

    Warns
    -----
    UserWarning
        Where there are fewer distinct points than `k`.

    References
    ----------
    OpenCV's ``cv2.kmeans`` searches; S. P. Lloyd, "Least squares quantization in PCM"
    (1982) is the refinement.

    Examples
    --------
    >>> c = kmeans([[0, 0], [0, 1], [10, 10], [10, 11]], k=2)
    >>> c.labels.tolist()
    [0, 0, 1, 1]
    >>> c.centers.tolist()
    [[0.0, 0.5], [10.0, 10.5]]
    >>> c.compactness
    1.0

    Beside a center that stays where it is:

    >>> kmeans([[0], [1], [9], [10]], k=2, init=[[8]], fixed=True).centers.tolist()
    [[8.0], [0.5]]
    """
    validation.check_progress(progress)
    search = merged(split("kmeans", options, FIT, BOUND))
    result = follow(lambda: clustered(points, k, weights, search), progress)
    result.warn()
    return result


def clustered(
    points: ArrayLike | PointSamples,
    k: int | None,
    weights: ArrayLike | None,
    search: dict[str, Any],
) -> ClusteredPoints:
    """Do what `kmeans` does, but warn; `search` are its options."""
    if not isinstance(points, PointSamples):
        points = read_points(points, weights=weights)
    elif weights is not None:
        raise ValueError("weights should be given to read_points, with the points.")
    array = points.points
    settings = Settings.of(array.shape[:1], array.shape[1], k=k, **search)
    points.check(settings)
    if settings.anchors is not None:  # each has one center, in the order of its label
        settings = replace(settings, anchors=replace(settings.anchors, palette=None))
    clusters = points.fit(settings)
    labels = points.label(clusters, settings.reject)
    n_labeled = int(np.count_nonzero(labels >= 0))
    return ClusteredPoints(
        labels=labels,
        centers=_told(points.samples.frame.inverse(clusters.centers), settings),
        counts=np.bincount(labels[labels >= 0], minlength=len(clusters.centers)),
        compactness=clusters.compactness,
        n_iter=clusters.n_iter,
        converged=clusters.converged,
        n_excluded=len(labels) - n_labeled,
        asked=settings.k,
        method=settings.method,
        settings=settings.record
        | {"epsilon": clusters.epsilon, "weighted": points.weights.size > 0}
        | {"versions": versions()},
        points=array,
    )


def _told(centers: NDArray[np.float64], settings: Settings) -> NDArray[np.float64]:
    """Return centers, of which the first are as they were given to stay."""
    if settings.anchors is not None:
        centers[: settings.n_fixed] = settings.anchors.centers
    return centers
