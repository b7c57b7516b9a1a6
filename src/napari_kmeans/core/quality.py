"""Quality: what an image loses when it is painted by a palette."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import kernels, losses, validation
from .data.distance import splitters_of
from .data.samples import unit_of
from .data.sampling import NO_WEIGHTS, stratified
from .palettes.placing import as_of
from .run.progress import follow, stage
from .run.threads import map_blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .palettes.palette import Palette
    from .palettes.quantizer import Quantizer
    from .reading.fit import ImageSamples
    from .run.progress import Report

    Channels = list[NDArray[Any]]

#: Of more pixels that are not counted, the color differences of so many are measured.
MOST = 2**18

#: Of the pixels, which part a color difference that is told of is not exceeded by.
NUMERATOR, DENOMINATOR = 19, 20

#: Which part of it is done, about, once the squares are summed.
SUMMED = 0.5


class Quality(NamedTuple):
    """What an image keeps when it is painted by a palette; as text, one line.

    Attributes
    ----------
    psnr : float
        The peak signal-to-noise ratio in dB: infinite where nothing is lost.
    explained : float
        The part of the variance that is explained, in the units of the image: 0 to 1.
    mean_delta_e : float or None
        The mean color difference CIEDE2000; None where the image is not RGB.
    delta_e_95 : float or None
        The least difference that 95 % of the pixels do not exceed.
    n : int
        How many pixels were measured: all that take part.
    n_delta_e : int
        Of how many of them the color differences are: all, or a sample.

    Examples
    --------
    >>> print(Quality(27.31, 0.931, 4.12, 10.2, 240_000, 240_000))
    PSNR 27.3 dB, ΔE 4.1 (95 %: 10.2), 93.1 % explained
    """

    psnr: float
    explained: float
    mean_delta_e: float | None
    delta_e_95: float | None
    n: int
    n_delta_e: int

    def __str__(self) -> str:
        """Return a line that tells it."""
        told = [f"PSNR {self.psnr:.1f} dB" if self.psnr < math.inf else "lossless"]
        if self.mean_delta_e is not None:
            of = f", of {self.n_delta_e:,} pixels" if self.n_delta_e < self.n else ""
            told.append(f"ΔE {self.mean_delta_e:.1f} (95 %: {self.delta_e_95:.1f}{of})")
        return ", ".join([*told, f"{self.explained * 100:.1f} % explained"])

    def _repr_html_(self) -> str:
        """Return the line for a notebook, which would show the tuple."""
        return f"<p>{self}</p>"


def measure(
    samples: ImageSamples, palette: Palette, *, progress: Report | None = None
) -> Quality:
    """Return what an image loses when it is painted by a palette.

    To compare palettes of one image: several K, color spaces, or edits. What is
    compared are the values that `Palette.paint` gives, rounded as the image's dtype
    asks, and in the colors that clusters were given.

    Parameters
    ----------
    samples : ImageSamples
        What `read_samples` has returned. Of its colors, where they are counted, nothing
        of the image is read again. Pixels count as much as their weights say.
    palette : Palette
        Of this image, or of another with such channels.
    progress : callable, optional
        As for `quantize`.

    Returns
    -------
    Quality
        `psnr`, whose peak is, of integers, the range of the dtype, and of floats that
        of their values; `explained`; and, of RGB images, `mean_delta_e` and
        `delta_e_95`: of all pixels, but of 262,144 spread evenly over them where there
        are more whose colors are not counted.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described; before any work.

    References
    ----------
    G. Sharma, W. Wu and E. N. Dalal, "The CIEDE2000 color-difference formula", Color
    Res. Appl. 30 (2005).

    Examples
    --------
    >>> from napari_kmeans import fit, read_samples
    >>> samples = read_samples(np.array([[10, 12, 200], [14, 220, 202]], np.uint8))
    >>> for k in 1, 2, 6:
    ...     print(measure(samples, fit(samples, k)))
    PSNR 8.3 dB, 0.0 % explained
    PSNR 31.9 dB, 99.6 % explained
    lossless, 100.0 % explained
    """
    validation.check_samples(samples)
    validation.check_palette(palette)
    validation.check_progress(progress)
    validation.check_same_channels(samples.layout.n_channels, palette.layout.n_channels)
    return follow(lambda: measured(samples, palette), progress)


def measured(samples: ImageSamples, palette: Palette) -> Quality:
    """Do what `measure` does."""
    samples.prepare()
    dtype = samples.layout.dtype.newbyteorder("=")
    palette = as_of(palette, dtype, "samples")
    quantizer = palette.quantizer_of(dtype)
    with stage("Measuring", 0, SUMMED):
        shifted = _Shifted.of(samples, palette, quantizer)
        errors, variances = _sums(samples, shifted)
    with stage("Measuring colors", SUMMED):
        differences, weights = _color_differences(samples, quantizer)
    mean, most = None, None
    if differences is not None:
        mean = float((differences * weights).sum() / weights.sum())
        most = _exceeded_by_few(differences, weights)
    n_delta_e = 0 if differences is None else _n_compared(samples)
    return Quality(
        _psnr(_peak(samples, shifted.unit), float(errors.mean())),
        _explained(float(errors.sum()), float(variances.sum())),
        mean,
        most,
        samples.n,
        n_delta_e,
    )


def _peak(samples: ImageSamples, unit: float) -> float:
    """Return what errors in a unit are measured against."""
    dtype = samples.layout.dtype
    if dtype.kind == "b":
        return 1.0
    if dtype.kind in "iu":
        return float(int(np.iinfo(dtype).max) - int(np.iinfo(dtype).min))
    least, greatest = samples.extent
    return float(max(greatest) / unit - min(least) / unit)


def _psnr(peak: float, error: float) -> float:
    """Return the ratio of a peak to a mean squared error, in dB."""
    if error == 0:
        return math.inf
    return 20 * math.log10(peak) - 10 * math.log10(error) if peak else -math.inf


def _explained(errors: float, variance: float) -> float:
    """Return which part of a variance errors leave."""
    if errors == 0:
        return 1.0
    return min(max(1 - errors / variance, 0.0), 1.0) if variance > 0 else 0.0


@dataclass(frozen=True)
class _Shifted:
    """Values less an origin and in a unit, so that sums of their squares are good.

    Attributes
    ----------
    quantizer : Quantizer
    origins : tuple of float
        About the means of the channels; whole numbers of integers.
    unit : float
    painted : (k, n_channels) float64
        What pixels become, so shifted.
    splitters : (n_channels, 3, 2) float64
        Of the squared errors, the values and their squares.
    """

    quantizer: Quantizer
    origins: tuple[float, ...]
    unit: float
    painted: NDArray[np.float64]
    splitters: NDArray[np.float64]

    @classmethod
    def of(
        cls, samples: ImageSamples, palette: Palette, quantizer: Quantizer
    ) -> _Shifted:
        """Find an origin, and how far values reach from it."""
        values, integral = quantizer.values, samples.layout.dtype.kind != "f"
        unit, weight = 1.0, _total_weight(samples)
        ends = np.array(samples.extent, values.dtype)
        if not integral:
            unit = unit_of(*(f(np.vstack([ends, values]), 0) for f in (np.min, np.max)))
        shares = palette.counts / max(int(palette.counts.sum()), 1)
        means = (palette.centers * (shares / unit)[:, np.newaxis]).sum(axis=0)
        means = means.tolist()
        origins = tuple(map(round, means)) if integral else tuple(means)
        shifted = cls(quantizer, origins, unit, values, np.empty(0))
        painted = shifted.shift(list(values.T)).T
        least, greatest = shifted.shift(list(ends.T)).T
        low = np.minimum(least, painted.min(axis=0))
        high = np.maximum(greatest, painted.max(axis=0))
        reach = np.maximum(np.abs(least), np.abs(greatest))
        rows = np.stack([(high - low) ** 2, reach, reach**2], axis=1)
        splitters = [splitters_of(row.tolist(), weight, samples.n) for row in rows]
        return cls(quantizer, origins, unit, painted, np.array(splitters))

    def shift(self, channels: Channels) -> NDArray[np.float64]:
        """Return values of the image so shifted: (n_channels, n)."""
        if channels[0].dtype.kind == "f":
            rows = [channel.astype(np.float64) / self.unit for channel in channels]
            return np.asarray(np.stack(rows) - np.array([self.origins]).T)
        pairs = zip(channels, self.origins, strict=True)
        return np.stack([losses.relative(*pair) for pair in pairs])


def _total_weight(samples: ImageSamples) -> float:
    """Return how much all pixels weigh."""
    weights = samples.weights
    return float(weights.sum()) if weights.size else float(samples.n)


def _sums(
    samples: ImageSamples, shifted: _Shifted
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean squared error of each channel, and its variance."""
    if colors := samples.colors:
        channels = colors.channels(samples.layout.dtype.newbyteorder("="))
        parts = [_part_sums(channels, colors.weights, shifted)]
    else:
        parts = samples.each(_part_sums, shifted)
    weight = _total_weight(samples)
    sums = np.sum(parts, axis=0).sum(axis=-1) / weight
    errors, means, squares = sums.T
    return errors, np.maximum(squares - means**2, 0)


def _part_sums(
    channels: Channels, weights: NDArray[np.float64], shifted: _Shifted
) -> NDArray[np.float64]:
    """Return exact sums over some pixels: (n_channels, 3, 2), in two levels."""
    labels = shifted.quantizer.label_channels(channels)

    def part(start: int, stop: int) -> NDArray[np.float64]:
        values = shifted.shift([channel[start:stop] for channel in channels])
        at = labels[start:stop].astype(np.intp) - 1
        painted = np.where(at < 0, values, shifted.painted.T[:, at])
        rows = np.stack([(values - painted) ** 2, values, values**2], axis=1)
        if weights.size:
            rows *= weights[start:stop]
        split = kernels.halves(rows, *np.moveaxis(shifted.splitters, -1, 0)[..., None])
        return np.stack([half.sum(axis=-1) for half in split], axis=-1)

    none = np.zeros(shifted.splitters.shape)
    return np.asarray(np.sum([none, *map_blocks(part, labels.size, losses.SIZE)], 0))


def _n_compared(samples: ImageSamples) -> int:
    """Return of how many pixels color differences are measured."""
    return samples.n if samples.colors else min(samples.n, MOST)


def _color_differences(
    samples: ImageSamples, quantizer: Quantizer
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64]]:
    """Return color differences, of RGB images only, and how much each counts."""
    if not samples.layout.rgb:
        return None, NO_WEIGHTS
    if colors := samples.colors:
        channels = colors.channels(samples.layout.dtype.newbyteorder("="))
        weights = colors.weights
    else:
        n = _n_compared(samples)
        ranks = stratified(samples.n, NO_WEIGHTS, n, seed=0)
        channels = samples.gather(ranks)
        weights = samples.weights[ranks] if samples.weights.size else np.ones(n)
    labels, painted = quantizer.label_channels(channels), quantizer.values
    full = samples.space.full
    found = losses.color_differences(channels, labels, painted, full)
    # What is too far from all centers keeps its color.
    return np.where(labels > 0, found, 0.0).astype(np.float64), weights


def _exceeded_by_few(
    differences: NDArray[np.float64], weights: NDArray[np.float64]
) -> float:
    """Return the least difference that most of the weight does not exceed."""
    order = np.argsort(differences, kind="stable")
    within = np.cumsum(weights[order])
    at = np.searchsorted(DENOMINATOR * within, NUMERATOR * within[-1])
    return float(differences[order[at]])
