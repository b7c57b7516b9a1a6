"""Sweeps: samples that are read once, clustered for several K."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from .. import validation
from ..labeled import unlabeled
from ..options.keywords import FIT, READ, keywords, split
from ..options.settings import Settings
from ..planes import checked_planes
from ..reading.source import Source
from ..results.clusters import note_of, warn
from ..run.progress import follow, stage
from .result import Sweep
from .series import series_of
from .suggestion import jumps_of, suggest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from ..data.layout import Layout
    from ..options.keywords import SweepOptions
    from ..reading.fit import ImageSamples
    from ..run.progress import Report
    from .series import Clustered, Series

#: Which part of it is done, about, once an image is read.
READING = 0.3


@keywords(READ, FIT)
def sweep(
    image: ArrayLike | ImageSamples,
    k: Iterable[int] = range(2, 17),
    *,
    axes: int | str | Sequence[int | str] | None = None,
    memory: int | None = None,
    progress: Report | None = None,
    **options: Unpack[SweepOptions],
) -> Sweep:
    """Cluster an image for several K, to choose one.

    The image is read once. The result has the palette of each K, figures that tell how
    good it is, and a suggestion with its reason, by the first of these that holds:

    1. The jump of one K is more than 1.5 times that of any other, and the next K has a
       jump that is less: so many clusters stand apart.
    2. The greatest silhouette is below 0.25: no clusters do. The elbow is suggested,
       where the curve of what is explained is farthest above a straight line.
    3. The silhouette of the elbow is within 0.05 of the greatest: the elbow.
    4. The K with the greatest silhouette.

    Jumps beyond the number of distinct colors, where nothing is left to explain, do not
    count. A suggestion is no more than that: 16 colors of a photo may well be wanted.

    Parameters
    ----------
    image : array_like, dask.array.Array or ImageSamples
        As for `quantize`; or what `read_samples` has returned, which goes without
        `axes`, `memory` and the options of reading.
    k : sequence of int, default range(2, 17)
        Numbers of clusters, each 1 to 65,535.
    axes : int, str or sequence of these, optional
        Axes along which planes lie, each of which is then clustered on its own, as by
        `quantize_planes`. By default the image is clustered as one.
    criteria, attempts, seed, max_samples, refine
        As for `quantize`.
    init : {"random", "k-means++", "optimal"}, default "random"
        As for `quantize`, but for labels to start from, which are of one K.
    mask, no_data, weights, rgb, channel_axis, channel_names, color_space, scaling
        As for `quantize`; with `axes`, as for `quantize_planes`.
    memory, progress
        As for `quantize`; with `axes` there is no `memory`, as one plane at a time is
        held.

    Returns
    -------
    Sweep
        `ks`, `palettes` (the same, to the bit, as of `fit`), `compactness`,
        `explained`, `silhouettes`, `jumps`, `suggestion`, `table`; it can `plot` them,
        and show the image at each K as `thumbnails`.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described; before any work.

    Warns
    -----
    UserWarning
        Once, where there are fewer distinct colors than the greatest `k`: the last K is
        their number.

    References
    ----------
    P. J. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation
    of cluster analysis" (1987), on at most 1,024 samples of an image or plane, spread
    evenly over its pixels by weight. C. A. Sugar and G. M. James, "Finding the number
    of clusters in a dataset: an information-theoretic approach" (2003), for jumps.
    V. Satopää et al., "Finding a 'kneedle' in a haystack" (2011), for the elbow. Below
    0.25 a silhouette tells of no substantial structure by L. Kaufman and P. J.
    Rousseeuw, "Finding groups in data" (1990).

    Examples
    --------
    >>> import numpy as np
    >>> gray = np.random.default_rng(0).normal([[20], [120], [200]], 5, (3, 500))
    >>> found = sweep(gray.astype(np.uint8), k=range(2, 9))
    >>> found.suggestion.k
    3
    >>> found[3].centers.ravel().round().tolist()
    [19.0, 119.0, 200.0]
    """
    ks = validation.check_ks(k)
    validation.check_progress(progress)
    labeling, plain = unlabeled(image, options)
    own = axes if labeling is None else labeling.axes(axes)
    read, search = split("sweep", plain, READ, FIT)
    _check_init(search)
    if hasattr(image, "prepare"):
        _check_alone({**read, "axes": axes, "memory": memory})
    elif axes is not None and memory is not None:
        raise TypeError(
            f"memory={validation.shown(memory)} should not go with axes: one plane "
            "at a time is held."
        )

    found, note = follow(lambda: swept(image, ks, own, memory, read, search), progress)
    warn(note)
    return found


def swept(
    image: Any,
    ks: list[int],
    axes: Any,
    memory: int | None,
    read: dict[str, Any],
    search: dict[str, Any],
) -> tuple[Sweep, str]:
    """Do what `sweep` does with checked K, but return what it would warn of."""
    if axes is not None:
        return _of_planes(image, ks, axes, read, search)
    samples, share = _samples(image, ks, memory, read, search)
    settings = _settings(samples, ks, search)
    samples.check(replace(settings[0], k=1))
    with stage(low=share):
        series = series_of(samples, settings)
    note = note_of(ks[-1], series.at(-1).palette.k)
    return _sweep([series], len(ks), samples.layout), note


def _check_init(search: dict[str, Any]) -> None:
    """Raise where labels to start from are given."""
    init = search.get("init", FIT["init"])
    if not isinstance(init, str):
        raise TypeError(
            f"init={validation.shown(init)} should be a name: labels to start from are "
            "of one K."
        )


def _check_alone(given: dict[str, Any]) -> None:
    """Raise where samples come with what only an image can have."""
    for name, value in given.items():
        if value is not None and value is not READ.get(name, None):
            raise TypeError(
                f"{name}={validation.shown(value)} should not go with samples, which "
                "are read already."
            )


def _settings(of: Any, ks: list[int], search: dict[str, Any]) -> list[Settings]:
    """Return how samples, or what is to be read, are clustered for each K."""
    n_channels = of.layout.n_channels
    return [Settings.of(of.shape, n_channels, k=k, **search) for k in ks]


def _samples(
    image: Any, ks: list[int], memory: int | None, read: dict[str, Any], search: Any
) -> tuple[ImageSamples, float]:
    """Return the samples of an image, and which part of a sweep it was to read them."""
    if hasattr(image, "prepare"):
        return image, 0.0
    source = Source.of(image, memory=memory, **read)
    source.check(replace(_settings(source, ks, search)[0], k=1))
    with stage("Reading", high=READING):
        samples = source.read()
        samples.prepare()
    return samples, READING


def _of_planes(
    image: Any, ks: list[int], axes: Any, read: dict[str, Any], search: dict[str, Any]
) -> tuple[Sweep, str]:
    """Sweep the planes of an image; return also what to warn of."""
    planes = checked_planes(image, 1, axes, read, search)
    settings = _settings(planes, ks, search)
    found: list[Series | None] = []
    n_planes = len(planes.cuts)
    for place, cut in enumerate(planes.cuts):
        part, name = place / n_planes, f"Plane {place + 1} of {n_planes}"
        with stage(name, part, part + 1 / n_planes, whole=True):
            plane, options = planes.plane(cut)
            samples = Source.of(plane, **options).read()
            found.append(series_of(samples, settings) if samples.n else None)
    validation.check_enough(1, sum(one is not None for one in found), "image")
    shape = tuple(planes.image.shape[axis] for axis in planes.axes)
    swept = _sweep(found, len(ks), planes.layout, planes.axes, shape)
    n_less = sum(one is not None and one.at(-1).palette.k < ks[-1] for one in found)
    note = f"k={ks[-1]} should be at most the distinct colors of a plane: {n_less} of "
    note += f"{n_planes} planes have fewer clusters."
    return swept, note if n_less else ""


def _sweep(
    series: Sequence[Series | None],
    n_ks: int,
    layout: Layout,
    axes: tuple[int, ...] = (),
    plane_shape: tuple[int, ...] = (),
) -> Sweep:
    """Return what an image, or planes, give together."""
    some = [one for one in series if one is not None]
    places = range(min(n_ks, max(len(one.found) for one in some)))
    ks = [max(one.at(place).palette.k for one in some) for place in places]
    found = [[one.at(place) for one in some] for place in places]
    unexplained = _unexplained(some, found)
    explained = 1.0 - unexplained
    silhouettes = _means(
        np.array([[each.silhouette for each in row] for row in found]),
        np.array([one.weight for one in some]),
    )
    jumps = jumps_of(ks, unexplained, layout.n_channels)
    of_planes = [
        tuple(None if one is None else one.at(place).palette for one in series)
        for place in places
    ]
    of_image = [row[0].palette for row in found]
    return Sweep(
        ks=tuple(ks),
        palettes=tuple(of_planes) if axes else tuple(of_image),
        compactness=np.array(
            [sum(each.palette.compactness for each in row) for row in found]
        ),
        explained=explained,
        silhouettes=silhouettes,
        jumps=jumps,
        n_silhouette=sum(one.n_silhouette for one in some),
        suggestion=suggest(ks, explained, silhouettes, jumps),
        layout=layout,
        axes=axes,
        plane_shape=plane_shape,
    )


def _unexplained(
    some: Sequence[Series], found: Sequence[Sequence[Clustered]]
) -> NDArray[np.float64]:
    """Return the distortion of each K as a part of that of a single cluster."""
    # Relative to the largest unit, so that none is beyond what a float can hold.
    units = np.array([one.unit for one in some])
    squares = (units / units.max()) ** 2
    total = float((squares * [one.total for one in some]).sum())
    distortion = np.array([[each.distortion for each in row] for row in found])
    parts = (distortion * squares).sum(axis=1) / (total or 1.0)
    return np.asarray(np.clip(parts, 0.0, 1.0))


def _means(
    values: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the weighted mean of each row but for its NaN; NaN where all are."""
    known = ~np.isnan(values)
    sums = (np.where(known, values, 0.0) * weights).sum(axis=1)
    total = (known * weights).sum(axis=1)
    means = np.full(len(values), np.nan)
    np.divide(sums, total, out=means, where=total > 0)
    return means
