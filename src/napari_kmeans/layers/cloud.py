"""Clouds: the colors of an image as points, where distances are measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import validation
from ..core.data.pixels import Pixels
from ..core.palettes.colors import black_or_white, of_centers, opaque
from ..core.palettes.palette import Palette
from ..core.reading.distinct import distinct
from ..core.run.progress import follow, stage
from ..core.spaces import AXES
from .centers import centers_content

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ..core.data.frame import Frame
    from ..core.reading.distinct import Distinct
    from ..core.reading.fit import ImageSamples
    from ..core.run.progress import Report
    from .metadata import LayerData

    Rows = NDArray[np.float64]

#: The diameters of the rarest and of the most frequent color, as parts of the extent of
#: the cloud, and the least and the greatest on the screen, in pixels.
SIZES, ON_SCREEN = (1 / 300, 1 / 30), (2, 30)

#: The color of what is in no cluster.
OUTSIDE = (0.5, 0.5, 0.5)

#: The bars of a histogram, and how high it is for its width.
BINS, HEIGHT = 256, 0.5

#: Which part of it is done, about, once the colors are there.
READ = 0.8


def cloud(
    samples: ImageSamples,
    palette: Palette,
    *,
    most: int = 20_000,
    own_colors: bool = False,
    progress: Report | None = None,
) -> list[LayerData]:
    """Return the colors of an image as points, with the centers of their clusters.

    To see why a cluster is what it is, and whether two are one. The points lie in the
    space in which distances are measured, so near is alike; for a viewer of their own.

    Parameters
    ----------
    samples : ImageSamples
        What `read_samples` has returned.
    palette : Palette
        The clusters: of these samples, or of others with such channels.
    most : int, default 20,000
        The most points. Of more colors, those that lie near to each other in runs of
        one length are shown by the most frequent one of each run. Of images whose
        colors are not counted, so many pixels are picked, spread evenly.
    own_colors : bool, default False
        Show points in their own colors, not in those of their clusters.
    progress : callable, optional
        As for `quantize`.

    Returns
    -------
    list of (data, attributes, type)
        Napari's LayerDataTuples of two Points layers, "colors" and "centers".
        Coordinates are in the units of the image, or of its color space, and the
        layers' scale is that of the channels: in the world, distances are those that
        were measured. Of two channels they lie in a plane; of one they are a histogram:
        the value across, and upwards (or down, as the viewer is turned) the pixels in
        its 256th part of the range; of more than three they are the first three
        principal components, with the part of the variance that each explains.
        Points are as large as they are frequent, by volume; features are their
        ``label``, their ``pixels``, of those counted or picked, and their ``value``,
        or, of several channels, ``value_red`` and so on.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described.

    References
    ----------
    K. Pearson, "On lines and planes of closest fit to systems of points in space"
    (1901), for the principal components.

    Examples
    --------
    >>> from napari_kmeans import fit, read_samples
    >>> image = np.array([[[0, 0, 9], [0, 0, 8]], [[250, 9, 0], [0, 0, 9]]], np.uint8)
    >>> samples = read_samples(image, rgb=True)
    >>> colors, centers = cloud(samples, fit(samples, k=2))
    >>> colors[0].tolist(), colors[1]["features"]["pixels"].tolist()
    ([[0.0, 0.0, 8.0], [0.0, 0.0, 9.0], [250.0, 9.0, 0.0]], [1, 2, 1])
    >>> colors[1]["axis_labels"], centers[1]["features"]["label"].tolist()
    (('red', 'green', 'blue'), [1, 2])
    """
    validation.check_progress(progress)
    validation.check_samples(samples)
    if not isinstance(palette, Palette):
        raise validation.no_palette("palette", palette)
    most = validation.check_integer("most", most, 1, 2**31 - 1)
    own = validation.check_flag("own_colors", own_colors)
    n = samples.layout.n_channels
    if n != palette.layout.n_channels:
        raise ValueError(
            f"palette of {palette.layout.n_channels} channels should have {n}, as the "
            "samples."
        )

    def work() -> list[LayerData]:
        with stage("Counting colors", 0, READ):
            found = distinct(samples, most)
        with stage("Placing points", READ):
            return _layers(found, palette, own=own)

    return follow(work, progress)


def value_names(palette: Palette) -> list[str]:
    """Return what the features of colors are called that hold their values."""
    channels = palette.channels
    return ["value"] if len(channels) == 1 else [f"value_{name}" for name in channels]


def _layers(found: Distinct, palette: Palette, *, own: bool) -> list[LayerData]:
    """Return the points, and the centers."""
    import pandas as pd

    used = palette.quantizer
    channels = list(np.ascontiguousarray(found.values.T))
    labels = used.label(Pixels(found.values, len(channels)), None)
    values = used.frame.forward(channels).T.astype(np.float64)
    view = _view(values, found.pixels, palette)
    data, last = view.place(values, found.pixels), abs(view.scale[-1])
    extent = float((np.ptp(data, axis=0) * view.scale).max()) or 1.0
    shares = (found.pixels / found.pixels.max()) ** (1 / 3)
    colors = np.vstack([OUTSIDE, palette.colors])[labels]
    if own:
        full = palette.space.full if palette.layout.rgb else None
        shown = found.values.astype(np.float64)
        colors = of_centers(shown, palette.value_range, full)
    features = {"label": labels, "pixels": found.pixels}
    features |= zip(value_names(palette), found.values.T, strict=True)
    placement = {"scale": view.scale, "axis_labels": view.names}
    points = {
        **placement,
        "name": "colors",
        "features": pd.DataFrame(features),
        "face_color": opaque(colors),
        "border_color": opaque(colors),  # napari draws one, however narrow
        "border_width": 0.0,
        "size": np.interp(shares, (0, 1), SIZES) * extent / last,
        "canvas_size_limits": ON_SCREEN,
        "shading": "spherical" if data.shape[1] == 3 else "none",
    }
    means = view.place(palette.moments.means, np.zeros(palette.k, np.int64))
    centers = _centers(means, palette, extent / last)
    return [
        (data, points, "points"),
        (means, {**centers, **placement, "name": "centers"}, "points"),
    ]


def _centers(means: Rows, palette: Palette, extent: float) -> dict[str, Any]:
    """Return how centers are shown: with numbers, and a ring that is seen on colors."""
    _, attributes = centers_content(
        means, palette.colors, palette.table(), extent, palette.k
    )
    through = "translucent_no_depth"  # seen through the cloud
    return {
        **attributes,
        "border_color": opaque(black_or_white(palette.colors)),
        "border_width": 0.15,
        "canvas_size_limits": (0, 10_000),  # none: they would be all ring
        "text": {**attributes["text"], "blending": through},
        "blending": through,
    }


@dataclass(frozen=True)
class _View:
    """Where values in the frame are shown.

    Attributes
    ----------
    place : callable
        Gets values, (n, n_channels), and the pixels of each; returns coordinates.
    scale : tuple of float
        What makes distances of coordinates those that are measured.
    names : tuple of str
        Of the axes.
    """

    place: Callable[[Rows, NDArray[np.int64]], Rows]
    scale: tuple[float, ...]
    names: tuple[str, ...]


def _view(values: Rows, pixels: NDArray[np.int64], palette: Palette) -> _View:
    """Return where values like these are shown."""
    frame, n = palette.quantizer.frame, values.shape[1]
    scale = frame.scale or (1.0,) * n
    if n > 3:
        return _components(values, pixels)
    if n == 1:
        return _histogram(values, pixels, frame, palette.channels[0])
    names = AXES[frame.space] if frame.converts else palette.channels
    return _View(lambda rows, _: _restored(frame, rows), scale, names)


def _restored(frame: Frame, rows: Rows) -> Rows:
    """Return values of the frame in the units of the image, or of its color space."""
    return frame.unscaled(rows) if frame.converts else frame.inverse(rows)


def _histogram(
    values: Rows, pixels: NDArray[np.int64], frame: Frame, channel: str
) -> _View:
    """Return a view of a single channel: how many pixels are about there, and where."""
    across = _restored(frame, values)
    ends = float(across.min()), float(across.max())

    def place(rows: Rows, counts: NDArray[np.int64]) -> Rows:
        places = _restored(frame, rows)
        part = (places[:, 0] - ends[0]) / ((ends[1] - ends[0]) or 1.0)
        bins = (part * BINS).clip(0, BINS - 1).astype(np.intp)
        heights = np.bincount(bins, counts, BINS)[bins]
        return np.column_stack([heights, places])

    highest = place(values, pixels)[:, 0].max()
    upwards = HEIGHT * ((ends[1] - ends[0]) or 1.0) / highest
    return _View(place, (upwards, 1.0), ("pixels", channel))


def _components(values: Rows, pixels: NDArray[np.int64]) -> _View:
    """Return a view along the axes in which values differ the most."""
    mean = np.average(values, axis=0, weights=pixels)
    away = values - mean  # not np.cov, which takes one row for a column
    variances, axes = np.linalg.eigh((away.T * pixels) @ away / pixels.sum())
    axes, parts = axes[:, :-4:-1], variances[:-4:-1] / (variances.sum() or 1.0)
    # Of the two ways that an axis may point, that of its greatest part.
    greatest = axes[np.abs(axes).argmax(axis=0), np.arange(3)]
    axes = axes * np.where(greatest < 0, -1.0, 1.0)
    names = tuple(f"component {i}: {part:.0%}" for i, part in enumerate(parts, 1))
    return _View(lambda rows, _: (rows - mean) @ axes, (1.0,) * 3, names)
