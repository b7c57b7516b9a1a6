"""Fitting: samples to a palette, as often as one likes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from . import validation
from .cluster.moments import moments_of
from .data.counted import Colors
from .options.keywords import BOUND, FIT, KEEP, keywords, merged, split
from .options.settings import Settings
from .palettes.colors import of_centers
from .palettes.fixing import told_as, with_fixed
from .palettes.palette import Palette
from .palettes.placing import as_of
from .palettes.quantizer import Quantizer
from .palettes.values import values_of
from .results.clusters import note_on, warn
from .results.versions import versions
from .run.progress import follow, stage

if TYPE_CHECKING:
    import numpy as np

    from .cluster.moments import Moments
    from .data.distance import Space
    from .data.layout import Layout
    from .options.keywords import SamplesOptions
    from .reading.fit import Fit, ImageSamples
    from .reading.source import Source
    from .run.progress import Report

#: Which part of it is done, about, once the clusters are found.
FITTED = 0.95


@keywords(FIT, BOUND, KEEP)
def fit(
    samples: ImageSamples,
    k: int | None = None,
    *,
    progress: Report | None = None,
    **options: Unpack[SamplesOptions],
) -> Palette:
    """Cluster samples by k-means.

    The second step of `quantize`, for when one image is to be clustered several times:
    with another K, nothing of the image is read again where its colors are counted.

    Parameters
    ----------
    samples : ImageSamples
        What `read_samples` has returned.
    k : int, optional
        Number of clusters, 1 to 65,535: by default as many as `init` has centers, or as
        `like` has; where neither is given, 5.
    criteria, attempts, init, seed, max_samples, refine, fixed, reject, keep, like
        As for `quantize`.
    progress : callable, optional
        As for `quantize`.

    Returns
    -------
    Palette
        The same, to the bit, as `quantize` finds.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described; before any work.

    Warns
    -----
    UserWarning
        Where the image has fewer distinct colors than `k`, clusters of `like` found no
        partner, or `reject` leaves no pixel.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_kmeans import read_samples
    >>> samples = read_samples(np.array([[10, 11, 200], [12, 201, 202]], np.uint8))
    >>> [fit(samples, k).compactness for k in (1, 2, 3)]
    [54154.0, 4.0, 2.5]
    """
    validation.check_samples(samples)
    validation.check_progress(progress)
    search = merged(split("fit", options, FIT, BOUND, KEEP))

    def work() -> tuple[Palette, str]:
        settings = settings_of(samples, k, search)
        palette = fitted(samples, settings)[1]
        return palette, note_on(settings.k, palette)

    palette, note = follow(work, progress)
    warn(note)
    return palette


def settings_of(
    samples: ImageSamples | Source, k: int | None, search: dict[str, Any]
) -> Settings:
    """Return how samples are to be clustered; raise where they cannot be so."""
    if samples.layout.rgb:
        for name in ("init", "like"):
            if isinstance(given := search.get(name), Palette) and given.layout.rgb:
                own = as_of(given, samples.layout.dtype, name)
                search = {**search, name: own}
    settings = Settings.of(samples.shape, samples.layout.n_channels, k=k, **search)
    samples.check(settings)
    return settings


def fitted(samples: ImageSamples, settings: Settings) -> tuple[Fit, Palette]:
    """Do what `fit` does; return also what belongs to the samples."""
    with stage(high=FITTED):
        found = samples.fit(settings)
    with stage("Measuring", FITTED):
        found = found.within(settings.reject)
        several = settings.n_centers > settings.k
        moments = moments_of(found.samples, found.clusters, anyway=several)
    anchors, which = settings.anchors, found.clusters.fixed
    if anchors is not None and which is not None:
        found = found._replace(centers=told_as(found.centers, anchors, which))
    layout, space = samples.layout, samples.space
    scaling = space.scaling
    record = settings.record | {
        "epsilon": found.clusters.epsilon,
        "rgb": layout.rgb,
        "channel_axis": layout.channel_axis,
        "masked": samples.masked,
        "no_data": layout.no_data,
        "weighted": samples.weighted,
        "color_space": space.name,
        "scaling": scaling if isinstance(scaling, str) else list(scaling),
        "versions": versions(),
    }
    palette = _palette(found, moments, layout, space, record)
    if anchors is not None and which is not None:
        palette = with_fixed(palette, anchors, which)
    if settings.like is not None:
        palette = palette.matched(settings.like)
    quantizer = replace(palette.quantizer, reject=settings.reject)
    return found, replace(palette, quantizer=quantizer)


def _palette(
    fit: Fit, moments: Moments, layout: Layout, space: Space, record: dict[str, Any]
) -> Palette:
    """Return what a fit has found, as a palette."""
    clusters = fit.clusters
    k, full = len(fit.centers), space.full if layout.rgb else None
    return Palette(
        centers=fit.centers,
        counts=fit.counts,
        compactness=clusters.compactness,
        names=("",) * k,
        colors=of_centers(fit.centers, fit.value_range, full),
        locked=(False,) * k,
        n_iter=clusters.n_iter,
        converged=clusters.converged,
        value_range=fit.value_range,
        settings=record,
        layout=layout,
        space=space,
        quantizer=_quantizer(fit, layout.dtype),
        moments=moments,
    )


def _quantizer(fit: Fit, dtype: np.dtype[Any]) -> Quantizer:
    """Return what labels pixels as the fit has found."""
    samples, centers = fit.samples, fit.clusters.centers
    values = values_of(samples, centers, fit.centers, dtype)
    codes = samples.codes if isinstance(samples, Colors) else None
    return Quantizer(centers, values, samples.frame, codes)
