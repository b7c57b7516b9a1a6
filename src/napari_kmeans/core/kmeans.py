"""K-means of points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import lloyd, validation
from .clustering import cluster
from .criteria import Criteria
from .progress import exhaust, follow
from .result import ClusteredPoints, versions
from .samples import from_pixels, select, spread
from .settings import MAX_SAMPLES, Settings

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import ArrayLike, NDArray

    from .progress import Progress, Report


def kmeans(
    points: ArrayLike,
    k: int = 5,
    *,
    weights: ArrayLike | None = None,
    criteria: Criteria | tuple[int, int, float] = Criteria(),  # noqa: B008 (frozen)
    attempts: int = 10,
    init: str | ArrayLike = "random",
    seed: int = 0,
    max_samples: int | None = MAX_SAMPLES,
    refine: bool = True,
    progress: Report | None = None,
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
    result = follow(
        kmeans_steps(
            points,
            k,
            weights=weights,
            criteria=criteria,
            attempts=attempts,
            init=init,
            seed=seed,
            max_samples=max_samples,
            refine=refine,
        ),
        progress,
    )
    result.warn()
    return result


def kmeans_steps(
    points: ArrayLike, k: int = 5, *, weights: ArrayLike | None = None, **settings: Any
) -> Generator[Progress, None, ClusteredPoints]:
    """Do what `kmeans` does, in steps.

    The arguments are checked at once, before the first step is asked for.

    Yields
    ------
    Progress
        Between steps; close the generator to stop.

    Returns
    -------
    ClusteredPoints
    """
    array = validation.check_points(points)
    checked = Settings.of(array.shape[:1], array.shape[1], k=k, **settings)
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
) -> Generator[Progress, None, ClusteredPoints]:
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

    clusters = yield from cluster(samples, pick, settings, whole=whole)
    centers = samples.frame.restore(clusters.centers)
    labels = np.full(len(points), -1, np.int32)
    labels[used] = clusters.labels
    rest = valid & ~used
    if rest.any():  # without weight, these are labeled all the same
        others = from_pixels(list(points[rest].T))
        relative = others.frame.relative(centers)
        labels[rest] = exhaust(lloyd.assign(others, relative)).labels
    return ClusteredPoints(
        labels=labels,
        centers=centers,
        counts=np.bincount(labels[valid], minlength=len(centers)),
        compactness=clusters.compactness,
        n_iter=clusters.n_iter,
        converged=clusters.converged,
        n_excluded=int((~valid).sum()),
        settings=settings.record
        | {"epsilon": clusters.epsilon, "weighted": weights.size > 0}
        | {"versions": versions()},
        points=points,
    )
