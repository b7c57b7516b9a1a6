"""K-means of points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from . import validation
from .options.keywords import FIT, keywords, split
from .options.settings import Settings
from .reading.points import PointSamples, read_points
from .results.points import ClusteredPoints
from .results.versions import versions
from .run.progress import follow

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from .options.keywords import FitOptions
    from .run.progress import Report


@keywords(FIT)
def kmeans(
    points: ArrayLike | PointSamples,
    k: int = 5,
    *,
    weights: ArrayLike | None = None,
    progress: Report | None = None,
    **options: Unpack[FitOptions],
) -> ClusteredPoints:
    """Cluster points by k-means.

    Parameters
    ----------
    points : (n_samples, n_features) array_like, or PointSamples
        Booleans, integers or floats of at most 64 bits, or what `read_points` returned.
        Points with a coordinate that is NaN or infinite are left out.
    k : int, default 5
        Number of clusters, 1 to 65,535.
    weights : (n_samples,) array_like, optional
        How much each point counts, at least 0; by default 1 each. Points of weight 0
        are labeled, but have no part in the centers.
    criteria : Criteria or tuple, optional
        When an iteration stops; OpenCV's ``(type, max_iter, epsilon)`` will do.
    attempts : int, default 10
        How often OpenCV searches, from different starts; the best counts.
    init : {"random", "k-means++", "optimal"} or (n_samples,) array of int
        How attempts start, by default "random". Labels 0..k-1 are where the first
        attempt starts from. "optimal", for a single feature only, does not search but
        solve: no clustering has a smaller compactness.
    seed : int, default 0
        Seed of the random starts, 0 to 2**31 - 1. The same seed, the same answer.
    max_samples : int or None, default 65_536
        How many points OpenCV searches, as of `quantize`; all are refined over. None
        searches all.
    refine : bool, default True
        Refine the centers in float64 over all points. False is plain OpenCV.
    progress : callable, optional
        As for `quantize`.

    Returns
    -------
    ClusteredPoints
        Labels are 0..k-1 and index `centers`; -1 for points left out.

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
    """
    validation.check_progress(progress)
    (search,) = split("kmeans", options, FIT)
    result = follow(lambda: clustered(points, k, weights, search), progress)
    result.warn()
    return result


def clustered(
    points: ArrayLike | PointSamples,
    k: int,
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
    clusters = points.fit(settings)
    labels = points.label(clusters)
    return ClusteredPoints(
        labels=labels,
        centers=points.samples.frame.inverse(clusters.centers),
        counts=np.bincount(labels[points.valid], minlength=len(clusters.centers)),
        compactness=clusters.compactness,
        n_iter=clusters.n_iter,
        converged=clusters.converged,
        n_excluded=sum(points.excluded.values()),
        asked=settings.k,
        method=settings.method,
        settings=settings.record
        | {"epsilon": clusters.epsilon, "weighted": points.weights.size > 0}
        | {"versions": versions()},
        points=array,
    )
