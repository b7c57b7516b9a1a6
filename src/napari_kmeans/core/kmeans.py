"""K-means of points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from . import validation
from .cluster import lloyd
from .cluster.clustering import cluster
from .data.drawing import select, spread
from .data.samples import from_pixels
from .options.keywords import FIT, keywords, split
from .options.settings import Settings
from .results.result import ClusteredPoints
from .results.versions import versions
from .run.progress import follow

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from .options.keywords import FitOptions
    from .run.progress import Report


@keywords(FIT)
def kmeans(
    points: ArrayLike,
    k: int = 5,
    *,
    weights: ArrayLike | None = None,
    progress: Report | None = None,
    **options: Unpack[FitOptions],
) -> ClusteredPoints:
    """Cluster points by k-means.

    Parameters
    ----------
    points : (n_samples, n_features) array_like
        Booleans, integers or floats of at most 64 bits. Points with a coordinate that
        is NaN or infinite are left out.
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
        More points than this are searched in a sample of this size, and refined over
        all. None searches all.
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
    result = follow(lambda: _checked(points, k, weights, search), progress)
    result.warn()
    return result


def _checked(
    points: ArrayLike, k: int, weights: ArrayLike | None, search: dict[str, Any]
) -> ClusteredPoints:
    """Check the arguments, and cluster."""
    array = validation.check_points(points)
    checked = Settings.of(array.shape[:1], array.shape[1], k=k, **search)
    checked_weights = validation.check_weights(weights, len(array))
    valid = np.isfinite(array).all(axis=1)
    used = valid & (checked_weights > 0) if checked_weights.size else valid
    validation.check_enough(checked.k, int(used.sum()), "points")
    validation.check_values(
        "points", list(array.T), used, color_space="rgb", refine=checked.refine
    )
    return _kmeans(array, valid, used, checked_weights, checked)


def _kmeans(
    points: NDArray[Any],
    valid: NDArray[np.bool_],
    used: NDArray[np.bool_],
    weights: NDArray[np.float64],
    settings: Settings,
) -> ClusteredPoints:
    if weights.size:
        weights = weights[used]
    initial_labels = settings.initial_labels
    if initial_labels is not None:
        initial_labels = initial_labels[used]
    samples = from_pixels(list(points[used].T), weights)
    everything = select(samples.n, samples.weights, settings.max_samples)
    whole = not weights.size and everything is not None

    def pick() -> tuple[NDArray[Any], NDArray[np.int32] | None]:
        index = everything
        if index is None:
            index = spread(
                samples.n, samples.weights, settings.search_size, settings.seed
            )
        labels = None if initial_labels is None else initial_labels[index]
        return samples.values[:, index].T, labels

    clusters = cluster(samples, pick, settings, whole=whole)
    centers = samples.frame.restore(clusters.centers)
    labels = np.full(len(points), -1, np.int32)
    labels[used] = clusters.labels
    rest = valid & ~used
    if rest.any():  # without weight, these are labeled all the same
        others = from_pixels(list(points[rest].T))
        relative = others.frame.relative(centers)
        labels[rest] = lloyd.assign(others, relative).labels
    return ClusteredPoints(
        labels=labels,
        centers=centers,
        counts=np.bincount(labels[valid], minlength=len(centers)),
        compactness=clusters.compactness,
        n_iter=clusters.n_iter,
        converged=clusters.converged,
        n_excluded=int((~valid).sum()),
        asked=settings.k,
        settings=settings.record
        | {"epsilon": clusters.epsilon, "weighted": weights.size > 0}
        | {"versions": versions()},
        points=points,
    )
