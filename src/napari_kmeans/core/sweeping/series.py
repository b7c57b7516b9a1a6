"""Series: the clusters of the same samples for each K."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from ..fitting import fitted
from ..run.progress import stage
from .silhouette import Silhouettes, few

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..options.settings import Settings
    from ..palettes.palette import Palette
    from ..reading.fit import Fit, ImageSamples


class Clustered(NamedTuple):
    """What one K gives: distortion as where distances are measured."""

    palette: Palette
    distortion: float
    silhouette: float


@dataclass(frozen=True)
class Series:
    """What samples give for each K.

    Attributes
    ----------
    found : list of Clustered
        By ascending K; fewer than were asked for, where there are fewer colors.
    total : float
        The distortion of a single cluster.
    unit : float
        What distances are counted in.
    weight : float
        Of all samples.
    n_silhouette : int
        How many samples silhouettes are measured on.
    """

    found: list[Clustered]
    total: float
    unit: float
    weight: float
    n_silhouette: int

    def at(self, place: int) -> Clustered:
        """Return what the K at a place gives, or the last one before it."""
        return self.found[min(place, len(self.found) - 1)]


def series_of(samples: ImageSamples, settings: Sequence[Settings]) -> Series:
    """Cluster samples with each of several settings, which differ in K only.

    Parameters
    ----------
    samples : ImageSamples
    settings : sequence of Settings
        By ascending K; of K beyond the number of colors only the first counts.
    """
    n_steps = len(settings) + 1
    with stage("Fitting, K=1", high=1 / n_steps, whole=True):
        single = samples.fit(_single(settings[0]))
    total, silhouettes = _distortion(single), Silhouettes(few(single.samples))
    found: list[Clustered] = []
    for place, asked in enumerate(settings, 1):
        k = min(asked.k, samples.n)
        low, high = place / n_steps, (place + 1) / n_steps
        with stage(f"Fitting, K={k}", low, high, whole=True):
            fit, palette = fitted(samples, replace(asked, k=k))
        if not found or palette.k > found[-1].palette.k:
            mean = silhouettes.mean(fit.clusters.centers)
            found.append(Clustered(palette, _distortion(fit), mean))
        if palette.k < asked.k:
            break
    frame, weight = single.samples.frame, single.samples.total_weight
    return Series(found, total, frame.unit, weight, silhouettes.samples.n)


def _single(settings: Settings) -> Settings:
    """Return the settings that find the mean of all, which needs no search."""
    return replace(settings, k=1, init="random", attempts=1, refine=True)


def _distortion(fit: Fit) -> float:
    """Return the compactness as where distances are measured.

    In the units of the data it may be beyond what a float can hold.
    """
    unit, squared = fit.samples.frame.unit, fit.clusters.squared
    if squared is None:
        return fit.clusters.compactness / unit / unit
    return float(squared.sum())
