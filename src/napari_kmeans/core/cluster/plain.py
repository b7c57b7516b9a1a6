"""Plain OpenCV: its labels, centers and compactness, but for the order of clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..run.progress import stage
from .clusters import (
    Clusters,
    Limits,
    brightness,
    check_reach,
    few_distinct,
    finish,
    ordering,
)
from .search import search
from .sums import label_dtype

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ..data.samples import Samples
    from ..options.settings import Settings
    from .search import Found, Picked


def plain(
    samples: Samples,
    pick: Callable[[], Picked],
    settings: Settings,
    *,
    whole: bool,
    luminance: NDArray[np.float64] | None = None,
) -> Clusters:
    """Cluster samples as ``cv2.kmeans`` does, with ``refine=False``.

    Where it is given all samples, what it returns is the answer; where it is given some
    of them, the others go to the nearest of its centers. Fewer distinct samples than
    clusters, with which OpenCV would leave clusters empty, are a cluster each.

    Parameters
    ----------
    samples, pick, settings, whole, luminance
        As for `cluster`.
    """
    check_reach(samples, settings)
    limits = Limits.of(samples, settings)
    order = ordering(luminance, leading=False)
    few = few_distinct(samples, settings.k)
    if few is not None and len(few) < settings.k:
        return finish(samples, few, order, 0, True, limits.told)
    # In the values of the data, whatever float32 makes of them.
    origin = -np.array(samples.frame.origin, np.float64)
    with stage("Searching, attempt", n_steps=settings.attempts):
        found = search(pick(), settings, limits, origin, samples.frame.unit)
    if whole:
        return _sorted(found, luminance, limits.told)
    with stage("Assigning", low=1):
        return finish(samples, found.centers, order, 0, False, limits.told)


def _sorted(
    found: Found, luminance: NDArray[np.float64] | None, epsilon: float
) -> Clusters:
    """Return OpenCV's own answer in the order of brightness."""
    order = brightness(found.centers, luminance)
    k = len(order)
    rank = np.empty(k, label_dtype(k))
    rank[order] = np.arange(k)
    labels = rank[found.labels]
    weights = np.bincount(labels, minlength=k).astype(np.float64)
    return Clusters(
        labels, found.centers[order], weights, found.compactness, 0, False, epsilon
    )
