"""Measuring: what samples tell of the clusters of a palette."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from .. import validation
from ..cluster.clustering import cluster
from ..cluster.moments import moments_of
from ..cluster.sums import nearest
from ..data.samples import Samples
from ..data.sampling import select, stratified
from ..options.keywords import MAX_SAMPLES
from ..options.settings import Settings
from ..run.progress import stage
from .parts import Parts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..cluster.search import Picked
    from ..reading.fit import Fit, ImageSamples

P = TypeVar("P", bound=Parts)

#: Which part of it is done, about, once the samples are assigned.
ASSIGNED = 0.8


def check_alike(samples: ImageSamples, palette: Parts) -> None:
    """Raise where samples do not have the channels and the range of a palette."""
    validation.check_samples(samples)
    found, own = samples.layout, palette.layout
    given = found.n_channels, found.rgb
    validation.check_same("samples", given, (own.n_channels, own.rgb))
    palette.check_full("samples", found.dtype)


def measured(samples: ImageSamples, palette: P) -> tuple[Fit, P]:
    """Return a palette with the counts, compactness and moments of some samples.

    And the fit, whose clusters are the centers of the quantizer, each its own.
    """
    used = palette.quantizer
    with stage(high=ASSIGNED):
        found = _assigned(samples, palette)
    merged = used.merged
    with stage("Measuring", ASSIGNED):
        moments = moments_of(found.samples, found.clusters, anyway=merged)
    counts, compactness = found.counts, found.clusters.compactness
    if used.owners is not None:
        counts = np.bincount(used.owners, counts, palette.k).astype(np.int64)
        if merged:
            own = (np.flatnonzero(used.owners == at) for at in range(palette.k))
            groups = [centers.tolist() for centers in own]
            moments = moments.grouped(groups, palette.moments.means)
            compactness = moments.total(used.frame.unit)
        else:
            moments = moments.placed(used.owners, palette.moments.means)
    new = replace(palette, counts=counts, compactness=compactness, moments=moments)
    return found, new


def _assigned(samples: ImageSamples, palette: Parts) -> Fit:
    used = palette.quantizer
    counted = used.codes is not None
    return samples.measure(used.frame, used.centers, counted=counted).within(
        used.reject
    )


def parted(
    samples: ImageSamples, palette: Parts, at: int, k: int, seed: int
) -> NDArray[np.float64]:
    """Return k centers of the samples of a cluster, as they are in the palette's frame.

    From dark to bright.
    """
    settings = Settings.of((0,), palette.layout.n_channels, k=k, seed=seed)
    with stage(high=ASSIGNED / 2):
        within = _within(_assigned(samples, palette), palette, at)
    if len(within.distinct(k)) < k:
        raise ValueError(
            f"label={at + 1} should be a cluster of at least k={k} distinct colors."
        )

    def pick() -> Picked:
        index = select(within.n, within.weights, settings.search_limit)
        if index is None:
            size = settings.search_size
            index = stratified(within.n, within.weights, size, seed)
        return within.pick(index).T, None

    luminance = palette.space.luminance(within.frame, within.n_channels)
    with stage(low=ASSIGNED / 2, high=ASSIGNED):
        found = cluster(within, pick, settings, whole=False, luminance=luminance)
    return found.centers


def _within(fit: Fit, palette: Parts, at: int) -> Samples:
    """Return the samples of a cluster; of those that are not in memory, a sample."""
    samples, labels = fit.samples, fit.clusters.labels
    if not samples.in_memory:
        samples = samples.coarse(MAX_SAMPLES, seed=0)
        used = palette.quantizer
        labels = np.concatenate(samples.each(nearest, used.centers, used.reach))
    of = palette.quantizer.numbered(labels) == at + 1
    weights = samples.weights[of] if samples.weights.size else samples.weights
    given = samples.frame, samples.integral, None, samples.compact
    return Samples(samples.values[:, of], weights, *given)
