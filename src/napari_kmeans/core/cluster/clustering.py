"""Clustering: k-means as it is told in a textbook, from samples to clusters."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..run.progress import stage
from . import lloyd
from .breathing import Effort
from .clusters import Limits, check_reach, finish, ordering
from .given import Given
from .optimum import optimum
from .plain import plain
from .search import MARGIN, search
from .settling import best, coarse_size, settle, settle_beside

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ..data.samples import Samples
    from ..options.settings import Settings
    from .clusters import Clusters
    from .search import Picked

#: Steps of a refinement without a limit, to tell how far it is.
UNLIMITED = 100


def cluster(
    samples: Samples,
    pick: Callable[[], Picked],
    settings: Settings,
    *,
    whole: bool,
    luminance: NDArray[np.float64] | None = None,
) -> Clusters:
    """Cluster samples, as the user asked for it.

    Parameters
    ----------
    samples : Samples
        All of them.
    pick : callable
        Returns what to search: rows, (n, n_channels), as the samples are, and their
        initial labels or None.
    settings : Settings
    whole : bool
        Whether these rows are the samples, all of them and in their order.
    luminance : (n_channels,) float64, optional
        What to order the clusters by; by default the mean of the channels.
    """
    if settings.refine:
        return refined(samples, pick, settings, luminance)
    return plain(samples, pick, settings, whole=whole, luminance=luminance)


def refined(
    samples: Samples,
    pick: Callable[[], Picked],
    settings: Settings,
    luminance: NDArray[np.float64] | None,
) -> Clusters:
    """Search some of the samples; settle; refine over all of them; assign these."""
    check_reach(samples, settings)
    limits = Limits.of(samples, settings)
    searched, settled, moved = _milestones(settings)
    leading = settings.anchors is not None and settings.anchors.leading
    order = ordering(luminance, leading=leading)

    def end(
        centers: NDArray[np.float64],
        n_iter: int,
        converged: bool,
        fixed: lloyd.Fixed | None = None,
    ) -> Clusters:
        done = n_iter, converged, limits.told
        with stage("Assigning", moved):
            return finish(samples, centers, order, *done, fixed)

    given = Given.of(samples, settings)
    few = given.few(samples)
    if few is not None:  # a cluster each: nothing to search for
        return end(few, 0, True, given.fixed(len(few)))
    if settings.init == "optimal":
        with stage("Solving, cluster", 0, moved, n_steps=settings.k):
            best = optimum(samples, settings.k)
        return end(best, 0, True)
    starts = [given.centers]
    if not given.all_given:
        with stage("Searching, attempt", 0, searched, n_steps=settings.attempts):
            starts = _search(pick(), samples, settings, limits, given.n_all)
    effort = Effort.of(settings.n_centers).steps
    with stage("Settling, step", searched, settled, n_steps=effort):
        centers = _settled(samples, starts, settings, given)
    most, fixed = limits.max_iter or UNLIMITED, given.fixed(len(centers))
    with stage("Refining, step", settled, moved, n_steps=most):
        found = lloyd.refine(samples, centers, *limits[:2], order, fixed)
    return end(*found)


def _settled(
    samples: Samples,
    starts: list[NDArray[np.float64]],
    settings: Settings,
    given: Given,
) -> NDArray[np.float64]:
    """Return where to refine from: not far from a start that the user chose."""
    seed, fixed = settings.seed, given.fixed(given.n_all)
    chosen = settings.initial_labels is not None
    if not len(given.centers):
        return starts[0] if chosen else settle(samples, starts, seed)
    if not (chosen or given.all_given):
        # The others are well placed where they would be if none was given.
        starts = [settle(samples, starts, seed), *starts]
    some = [given.among(centers) for centers in starts]
    if fixed is not None and len(given.centers) == given.n_fixed:
        return settle_beside(samples, some, seed, fixed)
    size = coarse_size(given.n_all, counted=samples.compact)
    return best(samples.coarse(size, seed), some, fixed)


def _milestones(settings: Settings) -> NDArray[np.float64]:
    """Return about which part of all is done once it is searched, settled, refined."""
    refining = settings.criteria.max_iter or UNLIMITED
    steps = [settings.attempts, Effort.of(settings.n_centers).steps, refining, 1]
    return np.asarray(np.cumsum(steps)[:3] / sum(steps))


def _search(
    picked: Picked, samples: Samples, settings: Settings, limits: Limits, k: int
) -> list[NDArray[np.float64]]:
    """Return OpenCV's centers, of values that float32 holds well, the best first."""
    rows, initial_labels = picked
    settings = replace(settings, k=min(k, len(rows)))
    if samples.dominated:  # the others would be one to float32
        low, high = samples.window
        rows = np.clip(rows, low - MARGIN * (high - low), high + MARGIN * (high - low))
    picked = rows, initial_labels
    return search(picked, settings, limits, *_conditioning(rows)).attempts


def _conditioning(rows: NDArray[Any]) -> tuple[NDArray[np.float64], float]:
    """Return what to subtract, and a power of two to multiply by, before float32.

    OpenCV sums in float32, so values far from zero would lose what tells them apart,
    and extreme ones would overflow when squared. Integers count from their least, so
    that an image and the same image shifted are searched alike; ordinary floats are
    left alone.
    """
    low, high = rows.min(axis=0).astype(np.float64), rows.max(axis=0).astype(np.float64)
    reach = float((high - low).max())
    offset = np.zeros(rows.shape[1])
    if max(-low.min(), high.max()) > 8 * reach:
        offset = low + (high - low) / 2
    if reach == 0 or 1e-9 < reach < 1e9:
        return offset, 1.0
    return offset, 2.0 ** min(-math.frexp(reach)[1], 1000)
