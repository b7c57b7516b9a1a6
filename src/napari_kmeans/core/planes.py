"""Planes: each clustered on its own, then numbered alike."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import validation
from .blocks import is_lazy
from .criteria import Criteria
from .numbering import Numbered, Numbering, cuts, renumbered
from .pixels import Pixels, channels_last, channels_restored
from .progress import Progress, exhaust, follow
from .quantize import quantize_steps
from .result import ImageClusters, QuantizedImage, centroids, cluster_table
from .settings import MAX_SAMPLES
from .stream import Stream
from .sums import label_dtype
from .text import told

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from .progress import Report

#: Settings that may be arrays, of the shape of the image without channels.
ARRAYS = ("mask", "weights", "init")

#: Steps of a plane for a progress bar.
PARTS = 100


class PlanesSummary(ImageClusters):
    """The planes of an image together: what layers and tables show of them.

    Each center is the mean of its number's centers in the planes, weighted by counts;
    counts, steps and compactness are totals. `labels` and `quantized` are those of the
    planes, so a pixel has the color of its plane's own center rather than that of the
    mean.
    """


@dataclass(frozen=True, eq=False, repr=False)
class QuantizedPlanes:
    """The planes of an image, each quantized by k-means on its own, numbered alike.

    Planes are in the order of their indices along `axes`, the last of which varies
    fastest. A number is missing in a plane that has fewer colors than there are
    numbers, or no valid pixel.

    Attributes
    ----------
    labels : shape of the image without channels, uint8 or uint16
        1..k, and 0 for pixels left out; uint16 from 256 clusters on. Of NumPy, or of
        dask where the image is.
    quantized : shape and dtype of the image
        Each pixel the value of its plane's center. Pixels left out, and alpha, are as
        in the image. Of NumPy, or of dask where the image is.
    centers : (n_planes, k, n_channels) float64
        In the units of the image; NaN where a number is missing.
    counts : (n_planes, k) int64
        How many pixels of a plane are in each cluster.
    compactness : (n_planes,) float64
        The sum over a plane's pixels of the squared distance to their center.
    n_iter : (n_planes,) int64
        Refining steps done.
    converged : (n_planes,) bool
        Whether epsilon, not `max_iter`, ended the refinement; True for planes without
        valid pixels.
    n_excluded : int
        How many pixels were left out: masked, transparent, not finite or no data; or
        of a plane without any weight.
    settings : dict
        What made this result: the arguments, and the versions of what computed it.
    axes : tuple of int
        The axes of the image along which the planes lie, counted from the front.
    plane_shape : tuple of int
        The sizes of the image along `axes`; `n_planes` is their product.
    summary : PlanesSummary
        All planes together, a cluster for each number.
    """

    labels: Any
    quantized: Any
    centers: NDArray[np.float64]
    counts: NDArray[np.int64]
    compactness: NDArray[np.float64]
    n_iter: NDArray[np.int64]
    converged: NDArray[np.bool_]
    n_excluded: int
    settings: dict[str, Any] = field(repr=False)
    axes: tuple[int, ...]
    plane_shape: tuple[int, ...]
    summary: PlanesSummary = field(repr=False)

    def __repr__(self) -> str:
        """Return a line with what the planes are, and their clusters together."""
        shape = " x ".join(map(str, self.quantized.shape))
        shares = self.counts.sum(axis=0) / max(int(self.counts.sum()), 1)
        planes = f"{len(self.centers)} planes of {shape} {self.quantized.dtype}"
        return f"QuantizedPlanes({planes}, {self.k} clusters: {told(shares)})"

    def _repr_html_(self) -> str:
        """Return the table of all planes together."""
        return str(self.summary.features.to_html(index=False))

    @property
    def k(self) -> int:
        """Number of clusters: as asked for, or fewer where no plane needed as many."""
        return int(self.centers.shape[1])

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels, as of a `QuantizedImage`."""
        return self.summary.channels

    @property
    def excluded(self) -> dict[str, int]:
        """Why pixels were left out, and how many for each reason."""
        return self.summary.excluded

    @property
    def rgb(self) -> bool:
        """Whether the channels are red, green, blue (, alpha)."""
        return self.summary.rgb

    @property
    def label_axes(self) -> tuple[int, ...]:
        """The axes of the labels along which the planes lie."""
        return _label_axes(self.axes, self.settings["channel_axis"])

    @property
    def present(self) -> NDArray[np.bool_]:
        """Whether a plane has a cluster of each number: (n_planes, k)."""
        return ~np.isnan(self.centers[..., 0])

    @property
    def shares(self) -> NDArray[np.float64]:
        """The part of a plane's clustered pixels in each cluster: (n_planes, k)."""
        totals = self.counts.sum(axis=1, keepdims=True)
        return np.asarray(self.counts / np.maximum(totals, 1))

    @property
    def note(self) -> str:
        """What the user should be warned of, or nothing."""
        asked, n_planes = self.settings["k"], len(self.centers)
        found = self.present.sum(axis=1)
        few, empty = int(((found > 0) & (found < asked)).sum()), int((found == 0).sum())
        notes = []
        if few:
            notes.append(
                f"k={asked} should be at most the distinct colors of a plane: {few} of "
                f"{n_planes} planes have fewer clusters."
            )
        if empty:
            notes.append(f"{empty} of {n_planes} planes have no valid pixel.")
        return " ".join(notes)

    def warn(self) -> None:
        """Issue `note` as a warning, at the caller of the public function."""
        if self.note:
            warnings.warn(self.note, UserWarning, stacklevel=3)

    @cached_property
    def positions(self) -> NDArray[np.float64]:
        """The mean position of each cluster's pixels: (n_planes, k, labels.ndim).

        In pixels; along the axes of the planes, the plane's index. NaN for a number
        without pixels.
        """
        return exhaust(_positions(self))

    def locate(self) -> Generator[float, None, None]:
        """Find the `positions` plane by plane, yielding the part that is done."""
        if "positions" not in self.__dict__:
            self.__dict__["positions"] = yield from _positions(self)

    @property
    def features(self) -> pd.DataFrame:
        """A table with a row for each plane and number.

        Columns ``plane`` (of several axes: ``axis_0`` and so on, by their number in the
        image), ``index`` (the label), ``color`` (hexadecimal; none where the number is
        missing), ``center`` (for several channels: ``center_red`` and so on; NaN where
        it is missing), ``pixels`` and ``share`` (of the plane).
        """
        present = self.present.reshape(-1)
        centers = self.centers.reshape(present.size, -1)
        colors = np.zeros((present.size, 3))
        colors[present] = replace(self.summary, centers=centers[present]).colors
        table = cluster_table(
            colors,
            centers,
            self.channels,
            self.counts.reshape(-1),
            self.shares.reshape(-1),
        )
        table["index"] = np.tile(np.arange(1, self.k + 1), len(self.centers))
        table["color"] = table["color"].where(present, None)
        planes = np.repeat(_indices(self.plane_shape), self.k, axis=0)
        for place, axis in enumerate(self.axes):
            name = "plane" if len(self.axes) == 1 else f"axis_{axis}"
            table.insert(place, name, planes[:, place])
        return table


def quantize_planes(
    image: ArrayLike,
    k: int = 5,
    *,
    axes: int | Sequence[int] = (0,),
    criteria: Criteria | tuple[int, int, float] = Criteria(),  # noqa: B008 (frozen)
    attempts: int = 10,
    init: str | ArrayLike = "random",
    seed: int = 0,
    mask: ArrayLike | None = None,
    no_data: float | None = None,
    weights: ArrayLike | None = None,
    rgb: bool | None = None,
    channel_axis: int | None = None,
    channel_names: Sequence[str] | None = None,
    color_space: str = "rgb",
    scaling: str | Sequence[float] = "none",
    max_samples: int | None = MAX_SAMPLES,
    refine: bool = True,
    progress: Report | None = None,
) -> QuantizedPlanes:
    """Quantize each plane of an image by k-means; number the clusters alike.

    Each plane is searched anew, with the same seed. Its clusters then get the numbers
    whose latest known centers they are nearest to, by the assignment with the least
    sum of squared distances, measured as for the clustering of the plane; those of the
    first plane are in the order of brightness.
    So label 3 stays label 3 through a movie, also where the order of brightness changes
    or a number is missing from some planes. (Of a single channel, the least sum of
    squares keeps the order of brightness as long as no number is missing.)

    While there are numbers that no plane has had yet, a cluster takes one of those
    rather than a known one that it matches badly: where it is farther off than half
    the way from the nearest known center to that one's nearest other.

    Parameters
    ----------
    image : array_like
        As for `quantize`. Of a dask array, a plane is computed when it is its turn, and
        labels and quantized image are of dask, too, but with ``refine=False``.
    k : int, default 5
        Number of clusters in each plane, 1 to 65,535.
    axes : int or sequence of int, default (0,)
        The axes of the image along which the planes lie: a plane is what is left when
        an index is chosen on each. Not the axis of the channels, and at least two other
        axes are left. The planes are matched in the order of these axes, the last of
        which varies fastest.
    criteria, attempts, init, seed
        As for `quantize`. Initial labels are of the shape of the whole image without
        channels.
    mask, no_data, weights
        As for `quantize`; mask and weights of the shape of the whole image without
        channels.
    rgb, channel_axis, channel_names, color_space, scaling
        As for `quantize`, the axis being one of the whole image. Scaling to the range
        or the variance is to that of each plane.
    max_samples, refine, progress
        As for `quantize`.

    Returns
    -------
    QuantizedPlanes
        `labels`, `quantized`, and for each plane `centers`, `counts`, `compactness` and
        more; `features` has a row for each plane and number.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described; before any work. Whether a dask array has
        a valid pixel at all shows only when it is computed.

    Warns
    -----
    UserWarning
        Where planes have fewer distinct colors than `k`, or no valid pixel.

    Examples
    --------
    Green is brighter than red at first and darker then, and keeps its number:

    >>> import numpy as np
    >>> red, green = np.eye(2, 3)
    >>> movie = np.array([[[100 * red, 40 * green]], [[100 * red, 20 * green]]])
    >>> q = quantize_planes(movie, k=2, rgb=True)
    >>> q.labels.tolist()
    [[[1, 2]], [[1, 2]]]
    >>> q.centers[:, 1].tolist()
    [[0.0, 40.0, 0.0], [0.0, 20.0, 0.0]]
    """
    validation.check_progress(progress)
    result = follow(
        quantize_planes_steps(
            image,
            k,
            axes=axes,
            criteria=criteria,
            attempts=attempts,
            init=init,
            seed=seed,
            mask=mask,
            no_data=no_data,
            weights=weights,
            rgb=rgb,
            channel_axis=channel_axis,
            channel_names=channel_names,
            color_space=color_space,
            scaling=scaling,
            max_samples=max_samples,
            refine=refine,
        ),
        progress,
    )
    result.warn()
    return result


def quantize_planes_steps(
    image: ArrayLike,
    k: int = 5,
    *,
    axes: int | Sequence[int] = (0,),
    rgb: bool | None = None,
    channel_axis: int | None = None,
    **settings: Any,
) -> Generator[Progress, None, QuantizedPlanes]:
    """Do what `quantize_planes` does, in steps.

    The arguments are checked at once, before the first step is asked for.

    Yields
    ------
    Progress
        Between steps; close the generator to stop.

    Returns
    -------
    QuantizedPlanes
    """
    array = validation.check_image(image)
    is_rgb, axis = validation.check_channels(rgb, channel_axis, array.shape)
    channels: dict[str, Any] = {"rgb": is_rgb, "channel_axis": axis}
    # All planes together are an image: it checks what planes and image have in common.
    quantize_steps(array, k, **channels, **settings).close()
    checked = validation.check_axes(axes, array.shape, is_rgb, axis)
    shape = _label_shape(array.shape, **channels)
    validation.check_plane(k, shape, _label_axes(checked, axis))
    return _quantize_planes(array, int(k), checked, channels, settings)


def _quantize_planes(
    image: Any,
    k: int,
    axes: tuple[int, ...],
    channels: dict[str, Any],
    settings: dict[str, Any],
) -> Generator[Progress, None, QuantizedPlanes]:
    channel_axis = channels["channel_axis"]
    # OpenCV's own labels are not always the nearest, and so known only now.
    lazy = is_lazy(image) and settings.get("refine", True)
    shape = _label_shape(image.shape, **channels)
    labels: Any = None if lazy else np.zeros(shape, label_dtype(k))
    quantized: Any = None if lazy else np.empty(image.shape, image.dtype)
    arrays = {
        name: settings[name] if is_lazy(settings[name]) else np.asarray(settings[name])
        for name in ARRAYS
        if not isinstance(settings.get(name), str | None)
    }
    of_plane = dict(channels)
    if channel_axis is not None:
        before = sum(axis < channel_axis for axis in axes)
        of_plane["channel_axis"] = channel_axis - before
    plane_shape = tuple(image.shape[axis] for axis in axes)
    label_axes = _label_axes(axes, channel_axis)
    of_planes = zip(cuts(image.shape, axes), cuts(shape, label_axes), strict=True)
    found: list[_Numbered | None] = []
    known = np.empty((0, 0))
    excluded: Counter[str] = Counter()
    for cut, inside in of_planes:
        plane = np.asarray(image[cut])
        own = {name: np.asarray(array[inside]) for name, array in arrays.items()}
        own = settings | own | of_plane
        steps = _quantize_plane(plane, k, own)
        q = yield from _staged(steps, len(found), math.prod(plane_shape))
        if q is None:
            if not lazy:
                quantized[cut] = plane
            excluded.update(_count(plane, own)[1])
            found.append(None)
            continue
        if not known.size:
            known = np.full((k, q.centers.shape[1]), np.nan)
        measured = q.palette.quantizer.frame.relative
        numbers = match(measured(q.centers), measured(known))
        known[numbers] = q.centers
        if not lazy:
            labels[inside] = renumbered(q.labels, numbers, labels.dtype)
            quantized[cut] = q.quantized
        excluded.update(q.excluded)
        found.append(_Numbered(numbers, _small(q)))
    record = _record(k, settings) | channels | {"axes": axes}
    if lazy:
        planes = [
            p and Numbered(p.clusters.palette.quantizer, p.numbers) for p in found
        ]
        numbering = Numbering(label_axes, planes, label_dtype(k))
        given = arrays.get("mask"), settings.get("no_data")
        stream = Stream(*channels_last(image, **channels), *given)
        labels, quantized = numbering.quantize_lazily(stream)
        quantized = channels_restored(quantized, **channels)
    return _collect(found, labels, quantized, +excluded, record, plane_shape)


class _Numbered(NamedTuple):
    """The clusters of a plane, and the number of each, from 0."""

    numbers: NDArray[np.intp]
    clusters: QuantizedImage


def _quantize_plane(
    plane: NDArray[Any], k: int, settings: dict[str, Any]
) -> Generator[Progress, None, QuantizedImage | None]:
    """Quantize a plane; to fewer clusters, or None, where it has too few valid pixels.

    The settings as such are checked already.
    """
    try:
        steps = quantize_steps(plane, k, **settings)
    except ValueError:
        n_used, _ = _count(plane, settings)
        if n_used >= k:
            raise
        if n_used == 0:
            return None
        steps = quantize_steps(plane, n_used, **settings | _unlabeled(settings))
    return (yield from steps)


def _count(plane: NDArray[Any], settings: dict[str, Any]) -> tuple[int, dict[str, int]]:
    """Return how many pixels are clustered; why others are not, were it to be none."""
    image, n_channels = channels_last(plane, settings["rgb"], settings["channel_axis"])
    pixels = Pixels(image, n_channels, settings.get("mask"), settings.get("no_data"))
    valid, excluded = pixels.valid()
    n_valid = pixels.size - sum(excluded.values())
    weights = settings.get("weights")
    if weights is None:
        return n_valid, excluded
    used = weights.reshape(-1) > 0
    n_used = int(np.count_nonzero(used if valid is None else used & valid))
    return n_used, {**excluded, "no weight": n_valid - n_used}


def _unlabeled(settings: dict[str, Any]) -> dict[str, Any]:
    """Return how to start where there are too few pixels for the initial labels."""
    init = settings.get("init", "random")
    return {"init": init if isinstance(init, str) else "random"}


def _small(result: QuantizedImage) -> QuantizedImage:
    """Return a plane's result without what is as large as the plane, or its colors."""
    nothing = np.empty(0)
    palette = result.palette
    palette = replace(palette, quantizer=palette.quantizer.untabled)
    return replace(result, labels=nothing, quantized=nothing, palette=palette)


def _staged(
    steps: Generator[Progress, None, QuantizedImage | None], plane: int, n_planes: int
) -> Generator[Progress, None, QuantizedImage | None]:
    """Run a plane; yield the progress of all planes, and return its result."""
    stage = f"Plane {plane + 1} of {n_planes}"
    while True:
        try:
            progress = next(steps)
        except StopIteration as stop:
            result: QuantizedImage | None = stop.value
            return result
        part = PARTS * progress.done // progress.total
        yield Progress(stage, PARTS * plane + part, PARTS * n_planes)


def match(centers: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.intp]:
    """Give clusters numbers, by their centers and the latest known of each number.

    Parameters
    ----------
    centers : (n_clusters, n_channels) float64
        At most as many as there are numbers.
    known : (k, n_channels) float64
        NaN for numbers not used yet, which come last.

    Returns
    -------
    (n_clusters,) int
        A number for each cluster, from 0, no two alike. New ones are taken in order.

    Examples
    --------
    >>> match(np.array([[10.0], [50.0]]), np.array([[48.0], [5.0], [90.0]]))
    array([1, 0])
    >>> match(np.array([[10.0], [90.0]]), np.array([[12.0], [30.0], [np.nan]]))
    array([0, 2])
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    n_seen = int((~np.isnan(known[:, 0])).sum())
    n_unseen = len(known) - n_seen
    if n_seen == 0:
        return np.arange(len(centers))
    # A power of two: no square overflows, and no digit is lost.
    reach = max(np.abs(centers).max(), np.abs(known[:n_seen]).max())
    scale = -math.frexp(reach)[1]
    centers, known = np.ldexp(centers, scale), np.ldexp(known[:n_seen], scale)
    costs = cdist(centers, known, "sqeuclidean")
    if n_unseen and n_seen == 1:
        # Nothing to compare with: the nearest cluster has the only number.
        bad = np.full(len(centers), costs.max() + 1)
    elif n_unseen:
        apart = cdist(known, known, "sqeuclidean")
        np.fill_diagonal(apart, np.inf)
        bad = apart.min(axis=1)[costs.argmin(axis=1)] / 4
    if n_unseen:
        costs = np.hstack([costs, np.tile(bad[:, np.newaxis], n_unseen)])
    numbers = np.asarray(linear_sum_assignment(costs)[1])
    new = numbers >= n_seen
    numbers[new] = n_seen + np.arange(new.sum())
    return numbers


def _collect(
    found: list[_Numbered | None],
    labels: Any,
    quantized: Any,
    excluded: Counter[str],
    record: dict[str, Any],
    plane_shape: tuple[int, ...],
) -> QuantizedPlanes:
    """Return the results of the planes as one."""
    results = [plane.clusters for plane in found if plane is not None]
    validation.check_enough(1, len(results), "image")
    k = 1 + max(int(plane.numbers.max()) for plane in found if plane is not None)
    n_planes, n_channels = len(found), results[0].centers.shape[1]
    centers = np.full((n_planes, k, n_channels), np.nan)
    counts = np.zeros((n_planes, k), np.int64)
    compactness = np.zeros(n_planes)
    n_iter = np.zeros(n_planes, np.int64)
    converged = np.ones(n_planes, np.bool_)
    for index, plane in enumerate(found):
        if plane is None:
            continue
        centers[index, plane.numbers] = plane.clusters.centers
        counts[index, plane.numbers] = plane.clusters.counts
        compactness[index] = plane.clusters.compactness
        n_iter[index] = plane.clusters.n_iter
        converged[index] = plane.clusters.converged
    settings = results[0].settings | record
    summary = PlanesSummary(
        labels=labels,
        quantized=quantized,
        centers=_means(centers, counts),
        channels=results[0].channels,
        counts=counts.sum(axis=0),
        compactness=float(compactness.sum()),
        n_iter=int(n_iter.sum()),
        converged=bool(converged.all()),
        n_excluded=excluded.total(),
        excluded=dict(excluded),
        value_range=(
            min(result.value_range[0] for result in results),
            max(result.value_range[1] for result in results),
        ),
        settings=settings,
    )
    return QuantizedPlanes(
        labels=labels,
        quantized=quantized,
        centers=centers,
        counts=counts,
        compactness=compactness,
        n_iter=n_iter,
        converged=converged,
        n_excluded=excluded.total(),
        settings=settings,
        axes=record["axes"],
        plane_shape=plane_shape,
        summary=summary,
    )


def _means(
    centers: NDArray[np.float64], counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return each number's mean center over the planes, weighted by counts."""
    present = ~np.isnan(centers[..., 0])
    # A number without a pixel anywhere still has centers.
    weights = np.where(counts.sum(axis=0) > 0, counts, present)
    sums = (np.nan_to_num(centers) * weights[..., np.newaxis]).sum(axis=0)
    return np.asarray(sums / weights.sum(axis=0)[:, np.newaxis])


def _positions(
    planes: QuantizedPlanes,
) -> Generator[float, None, NDArray[np.float64]]:
    """Return where the clusters of each plane are, yielding the part that is done."""
    axes, shape = planes.label_axes, planes.labels.shape
    rest = [axis for axis in range(len(shape)) if axis not in axes]
    positions = np.empty((*planes.counts.shape, len(shape)))
    positions[..., list(axes)] = _indices(planes.plane_shape)[:, np.newaxis]
    for index, cut in enumerate(cuts(shape, axes)):
        yield index / len(positions)
        labels = np.ascontiguousarray(planes.labels[cut])
        positions[index][:, rest] = exhaust(centroids(labels, planes.k))
    positions[planes.counts == 0] = np.nan
    return positions


def _record(k: int, settings: dict[str, Any]) -> dict[str, Any]:
    """Return what was asked for, where the planes' own records may differ."""
    init = settings.get("init", "random")
    return {
        "k": k,
        "init": init if isinstance(init, str) else "labels",
        "epsilon": Criteria.of(settings.get("criteria", Criteria())).epsilon,
    }


def _indices(plane_shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Return the indices of each plane: (n_planes, n_axes)."""
    return np.indices(plane_shape).reshape(len(plane_shape), -1).T


def _label_shape(
    shape: tuple[int, ...], *, rgb: bool, channel_axis: int | None
) -> tuple[int, ...]:
    """Return the shape of an image without channels."""
    without = len(shape) - 1 if rgb and channel_axis is None else channel_axis
    return tuple(n for axis, n in enumerate(shape) if axis != without)


def _label_axes(axes: tuple[int, ...], channel_axis: int | None) -> tuple[int, ...]:
    """Return axes of the image as those of its labels, which have no channels."""
    if channel_axis is None:
        return axes
    return tuple(axis - (axis > channel_axis) for axis in axes)
