"""Fitting: samples to a palette, as often as one likes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from . import validation
from .moments import moments_of
from .options import FIT, keywords, split
from .palette import palette_of
from .progress import follow, stage
from .result import note_of, warn
from .settings import Settings
from .versions import versions

if TYPE_CHECKING:
    from .fit import Fit, ImageSamples
    from .options import FitOptions
    from .palette import Palette
    from .progress import Report

#: Which part of it is done, about, once the clusters are found.
FITTED = 0.95


@keywords(FIT)
def fit(
    samples: ImageSamples,
    k: int = 5,
    *,
    progress: Report | None = None,
    **options: Unpack[FitOptions],
) -> Palette:
    """Cluster samples by k-means.

    The second step of `quantize`, for when one image is to be clustered several times:
    with another K, nothing of the image is read again where its colors are counted.

    Parameters
    ----------
    samples : ImageSamples
        What `read_samples` has returned.
    k : int, default 5
        Number of clusters, 1 to 65,535.
    criteria, attempts, init, seed, max_samples, refine, progress
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
        Where the image has fewer distinct colors than `k`.

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
    (search,) = split("fit", options, FIT)

    def work() -> Palette:
        settings = Settings.of(samples.shape, samples.layout.n_channels, k=k, **search)
        samples.check(settings)
        return fitted(samples, settings)[1]

    palette = follow(work, progress)
    warn(note_of(k, palette.k))
    return palette


def fitted(samples: ImageSamples, settings: Settings) -> tuple[Fit, Palette]:
    """Do what `fit` does; return also what belongs to the samples."""
    with stage(high=FITTED):
        found = samples.fit(settings)
    with stage("Measuring", FITTED):
        moments = moments_of(found.samples, found.clusters)
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
    return found, palette_of(found, moments, layout, space, record)
