"""Fits: samples to a palette."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import numpy as np

from .. import validation
from ..cluster.clusters import within
from ..cluster.sums import sums_by
from ..data.counted import Colors
from ..data.frame import Frame
from ..data.samples import from_pixels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from ..cluster.clusters import Clusters
    from ..data.distance import Space
    from ..data.layout import Layout
    from ..data.samples import Samples
    from ..options.settings import Settings

T = TypeVar("T")


class Fit(NamedTuple):
    """What was found out of an image.

    Attributes
    ----------
    samples : Samples
    clusters : Clusters
    centers : (k, n_channels) float64
        In the units of the data.
    value_range : tuple of float
        The least and the greatest value among the pixels that took part.
    n : int
        How many pixels took part.
    excluded : dict
        For each reason, how many pixels were left out; see `within` for "far".
    """

    samples: Samples
    clusters: Clusters
    centers: NDArray[np.float64]
    value_range: tuple[float, float]
    n: int
    excluded: dict[str, int]

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many pixels that took part are in each cluster."""
        samples, (labels, _, weights, *_) = self.samples, self.clusters
        if isinstance(samples, Colors) or not samples.weights.size:
            return weights.astype(np.int64)
        return np.bincount(labels, minlength=len(weights))[: len(weights)]

    def within(self, reject: float | None) -> Fit:
        """Leave out the pixels that are farther than that from every center."""
        if reject is None:
            return self
        found = self._replace(clusters=within(self.samples, self.clusters, reject))
        far = self.n - int(found.counts.sum())
        return found._replace(excluded={**self.excluded, "far": far})


def restored(
    samples: Samples, clusters: Clusters, channels: Callable[[], Sequence[NDArray[Any]]]
) -> tuple[NDArray[np.float64], tuple[float, float]]:
    """Return the centers in the units of the data, and the range of the data.

    Parameters
    ----------
    channels : callable
        Returns the channels of the samples where these are pixels.
    """
    frame = samples.frame
    if not frame.converts:
        ends = np.stack([samples.minima, samples.maxima])
        restored = frame.inverse(ends)
        centers = frame.inverse(clusters.centers)
        return centers, (float(restored.min()), float(restored.max()))
    plain: Samples
    if isinstance(samples, Colors):
        codes = samples.codes
        minima = np.array(codes.minima, np.float64)[:, np.newaxis]
        values = codes.decode(samples.occurring) + minima
        plain = replace(samples, values=values, frame=Frame((0,) * 3))
    else:
        plain = from_pixels(channels(), samples.weights, Frame((0,) * 3))
    k = len(clusters.centers)
    given = plain.minima, plain.splitters
    sums = sums_by(plain, clusters.labels, k, *given)
    value_range = float(plain.minima.min()), float(plain.maxima.max())
    return means(sums, plain.minima), value_range


def means(
    sums: NDArray[np.float64], origin: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the means of what was summed, less `origin`, in two levels.

    NaN where there was nothing.
    """
    totals = sums.sum(axis=-1)
    unknown = np.full((len(totals), len(origin)), np.nan)
    weights = totals[:, -1:]
    return np.asarray(
        origin + np.divide(totals[:, :-1], weights, out=unknown, where=weights > 0)
    )


class ImageSamples(Protocol):
    """The pixels of an image, read once, to be clustered as often as one likes.

    Attributes
    ----------
    layout : Layout
    space : Space
    stream : Stream or None
        Where it is read from, block by block; None for an image in memory.
    """

    layout: Layout
    space: Space
    stream: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the image without channels."""

    @property
    def n(self) -> int:
        """How many pixels take part."""

    @property
    def excluded(self) -> dict[str, int]:
        """For each reason, how many pixels were left out."""

    @property
    def nbytes(self) -> int:
        """How many bytes are kept, besides the image."""

    @property
    def mask(self) -> Any:
        """Which pixels take part, True; None for all."""

    @property
    def masked(self) -> bool:
        """Whether a mask was given."""

    @property
    def weighted(self) -> bool:
        """Whether weights were given."""

    @property
    def colors(self) -> Colors | None:
        """The distinct colors and their counts; None where these are not counted."""

    @property
    def is_read(self) -> bool:
        """Whether nothing of the image has to be read again to know its pixels."""

    @property
    def extent(self) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        """The least and the greatest value of each channel, exact."""

    @property
    def weights(self) -> NDArray[np.float64]:
        """Of the pixels that take part; empty where every weight is 1."""

    def each(self, function: Callable[..., T], *args: Any) -> list[T]:
        """Call ``function(channels, weights, *args)`` for each part of the pixels."""

    def gather(self, ranks: NDArray[np.int64]) -> list[NDArray[Any]]:
        """Return pixels by their rank among those that take part, a channel each."""

    def prepare(self) -> None:
        """Read what is asked of the image."""

    def check(self, settings: Settings) -> None:
        """Raise where these samples cannot be clustered so."""

    def fit(self, settings: Settings) -> Fit:
        """Cluster the samples."""

    def picked(self, index: NDArray[np.int64]) -> list[NDArray[Any]]:
        """Return the channels of some of the pixels, by their rank, ascending."""

    def measure(
        self, frame: Frame, centers: NDArray[np.float64], *, counted: bool
    ) -> Fit:
        """Assign the samples to centers in a frame; by color where they are counted.

        `counted` is whether the centers are those of colors: else, few pixels are not
        counted either.
        """


def check_given(layout: Layout, space: Space, settings: Settings) -> None:
    """Raise where centers are given that are not of such an image, or too few."""
    if settings.like is not None:
        settings.like.check_same("like", layout, space)
    validation.check_mapping(space.name, settings.n_fixed, settings.k)
    anchors = settings.anchors
    if anchors is None or anchors.palette is None:
        return
    given, merged = anchors.palette, len(anchors.owners) > anchors.n
    own = layout.n_channels, layout.rgb, space.name, space.scaling
    known: tuple[Any, ...] = given.layout.n_channels, given.layout.rgb
    if anchors.name == "keep":
        known = (*known, given.space.name, given.space.scaling)
    elif merged:  # centers of other spaces are told of clusters only
        known = (*known, given.space.name)
    validation.check_same(anchors.name, known, own)
    given.check_full(anchors.name, layout.dtype)


def check_plain(space: Space, *, weighted: bool) -> None:
    """Raise where plain OpenCV is asked for what it does not do."""
    validation.check_unchanged(space.name, space.scaling, weighted=weighted)


def ends_of(
    channels: Sequence[NDArray[Any]],
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return the least and the greatest value of each channel, exact."""
    least = tuple(channel.min().item() for channel in channels)
    return least, tuple(channel.max().item() for channel in channels)


def described(samples: ImageSamples) -> str:
    """Return a line with how many pixels take part, and what is kept of them."""
    shape = " x ".join(map(str, samples.shape))
    kept = f"{samples.nbytes / 1e6:,.1f} MB kept"
    channels = ", ".join(samples.layout.channels)
    n = f"{samples.n:,} pixels of {shape} {samples.layout.dtype}"
    return f"ImageSamples({n}, {channels}; {kept})"
