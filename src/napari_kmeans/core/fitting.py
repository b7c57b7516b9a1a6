"""Fitting: samples to a palette, as often as one likes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import validation
from .criteria import Criteria
from .moments import moments_of
from .palette import palette_of
from .progress import follow, staged
from .result import note_of, versions, warn
from .settings import MAX_SAMPLES, Settings

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import ArrayLike

    from .fit import Fit, ImageSamples
    from .palette import Palette
    from .progress import Progress, Report


def fit(
    samples: ImageSamples,
    k: int = 5,
    *,
    criteria: Criteria | tuple[int, int, float] = Criteria(),  # noqa: B008 (frozen)
    attempts: int = 10,
    init: str | ArrayLike = "random",
    seed: int = 0,
    max_samples: int | None = MAX_SAMPLES,
    refine: bool = True,
    progress: Report | None = None,
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
    settings = Settings.of(
        samples.shape,
        samples.layout.n_channels,
        k=k,
        criteria=criteria,
        attempts=attempts,
        init=init,
        seed=seed,
        max_samples=max_samples,
        refine=refine,
    )
    samples.check(settings)
    validation.check_progress(progress)
    _, palette = follow(fitting(samples, settings), progress)
    warn(note_of(settings.k, palette.k))
    return palette


def fitting(
    samples: ImageSamples, settings: Settings
) -> Generator[Progress, None, tuple[Fit, Palette]]:
    """Do what `fit` does, in steps; return also what belongs to the samples."""
    found = yield from samples.fitting(settings)
    measuring, last = moments_of(found.samples, found.clusters), settings.n_steps - 1
    moments = yield from staged(measuring, "Measuring", last, settings.n_steps)
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
