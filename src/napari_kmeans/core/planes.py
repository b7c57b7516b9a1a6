"""Planes: each clustered on its own, then numbered alike."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

import numpy as np

from . import validation
from .cluster.sums import label_dtype
from .data.pixels import Pixels, channels_last
from .data.stream import Stream
from .labeled import labeled, unlabeled
from .options.keywords import BOUND, FIT, READ, keywords, merged, split
from .palettes.matching import match
from .palettes.numbering import Numbered, Numbering, cuts, renumbered
from .quantize import checked, quantized
from .results.planes import QuantizedPlanes, label_axes
from .run.lazy import is_lazy
from .run.progress import follow, stage
from .run.threads import map_blocks, n_parallel, spans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from .data.layout import Layout
    from .options.keywords import PlanesOptions
    from .options.settings import Settings
    from .palettes.palette import Palette
    from .results.image import QuantizedImage
    from .run.progress import Report

    #: The result of a plane, None without pixels, and how many are left out, and why.
    _Quantized = tuple[QuantizedImage | None, dict[str, int]]

#: Planes of up to so many values are quantized side by side, so many to a processor at
#: a time: those of more than that keep all processors busy on their own.
SMALL, AHEAD = 2**20, 2


@keywords(READ, FIT, BOUND)
def quantize_planes(
    image: ArrayLike,
    k: int | None = None,
    *,
    axes: int | str | Sequence[int | str] = (0,),
    progress: Report | None = None,
    **options: Unpack[PlanesOptions],
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
    image : array_like, dask.array.Array, zarr.Array or xarray.DataArray
        As for `quantize`. By blocks, a plane is computed when it is its turn, and
        labels and quantized image are of dask, too, but with ``refine=False``.
    k : int, optional
        Number of clusters in each plane, 1 to 65,535: by default as many as `init` has
        centers; where it has none, 5.
    axes : int, str or sequence of these, default (0,)
        The axes of the image along which the planes lie, of a DataArray also by the
        names of its dims: a plane is what is left when an index is chosen on each. Not
        the axis of the channels, and at least two other axes are left. The planes are
        matched in the order of these axes, the last of which varies fastest.
    criteria, attempts, init, seed
        As for `quantize`. Initial labels are of the shape of the whole image without
        channels; centers are of each plane.
    fixed, reject
        As for `quantize`. Those that are fixed have the same numbers in each plane, the
        first.
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
    labeling, plain = unlabeled(image, options)
    own = axes if labeling is None else labeling.axes(axes)
    read, *given = split("quantize_planes", plain, READ, FIT, BOUND)
    search = merged(given)
    result = follow(lambda: quantized_planes(image, k, own, read, search), progress)
    result.warn()
    return labeled(result, labeling)


def quantized_planes(
    image: ArrayLike,
    k: int | None,
    axes: Any,
    read: dict[str, Any],
    search: dict[str, Any],
) -> QuantizedPlanes:
    """Do what `quantize_planes` does, but warn; `read` and `search` are its options."""
    planes = checked_planes(image, k, axes, read, search)
    lazy = is_lazy(planes.image) and planes.settings.refine
    outputs = None if lazy else planes.outputs()
    results = planes.quantize()
    for place, cut in enumerate(planes.cuts):
        part, n_planes = place / len(planes.cuts), len(planes.cuts)
        name = f"Plane {place + 1} of {n_planes}"
        with stage(name, part, part + 1 / n_planes, whole=True):
            planes.add(cut, next(results), outputs)
    validation.check_enough(1, sum(one is not None for one in planes.found), "image")
    labels, painted = planes.lazily() if outputs is None else outputs
    return planes.result(labels, painted)


def checked_planes(
    image: ArrayLike,
    k: int | None,
    axes: Any,
    read: dict[str, Any],
    search: dict[str, Any],
) -> Planes:
    """Check the arguments.

    All planes together are an image: it checks what planes and image have in common.
    """
    array = validation.check_image(image)
    source, settings = checked(array, k, None, read, search)
    layout = source.layout
    own_axes = validation.check_axes(axes, array.shape, layout.rgb, layout.channel_axis)
    validation.check_plane(
        settings.least, source.shape, label_axes(own_axes, layout.channel_axis)
    )
    read = read | {"mask": source.mask, "weights": source.weights}
    if settings.initial_labels is not None:
        search = search | {"init": settings.initial_labels}
    return Planes(array, layout, own_axes, settings, read, search)


class _Plane(NamedTuple):
    """The clusters of a plane, and the number of each, from 0."""

    numbers: NDArray[np.intp]
    palette: Palette
    counts: NDArray[np.int64]


@dataclass
class Planes:
    """Planes on their way to a result.

    Attributes
    ----------
    image : array
    layout : Layout
    axes : tuple of int
        Of the image.
    settings : Settings
    read, search : dict
        The options, of all planes together.
    found : list of _Plane or None
        What was found so far.
    known : (k, n_channels) float64
        The latest center of each number; NaN where none had it yet.
    excluded : Counter
    """

    image: Any
    layout: Layout
    axes: tuple[int, ...]
    settings: Settings
    read: dict[str, Any]
    search: dict[str, Any]
    found: list[_Plane | None] = field(default_factory=list)
    known: NDArray[np.float64] = field(init=False)
    excluded: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.known = np.full((self.settings.k, self.layout.n_channels), np.nan)
        axis, shape = self.layout.channel_axis, self.image.shape
        without = len(shape) - 1 if self.layout.rgb and axis is None else axis
        self.shape = tuple(n for at, n in enumerate(shape) if at != without)
        self.label_axes = label_axes(self.axes, axis)
        of_labels = cuts(self.shape, self.label_axes)
        #: What cuts a plane out of the image, and out of the labels.
        self.cuts = [*zip(cuts(shape, self.axes), of_labels, strict=True)]

    def outputs(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return labels and quantized image, to be filled."""
        labels = np.zeros(self.shape, label_dtype(self.settings.k))
        return labels, np.empty(self.image.shape, self.image.dtype)

    def quantize(self) -> Iterator[_Quantized]:
        """Yield the results of the planes, in order; small ones made side by side."""
        size = 1
        if not is_lazy(self.image) and self.image[self.cuts[0][0]].size <= SMALL:
            size = AHEAD * n_parallel()
        for start, stop in spans(len(self.cuts), size):
            some = self.cuts[start:stop]

            def one(at: int, _: int, some: list[Any] = some) -> _Quantized:
                return self._quantize(some[at])

            if len(some) == 1:  # in this thread, where it tells how far it is
                yield one(0, 1)
            else:
                yield from map_blocks(one, len(some), size=1)

    def add(
        self,
        cut: Any,
        quantized: _Quantized,
        outputs: tuple[NDArray[Any], NDArray[Any]] | None,
    ) -> None:
        """Give the clusters of a plane numbers, and fill its part in."""
        of_image, of_labels = cut
        result, excluded = quantized
        self.excluded.update(excluded)
        if result is None:
            if outputs is not None:
                outputs[1][of_image] = np.asarray(self.image[of_image])
            self.found.append(None)
            return
        measured = result.palette.quantizer.frame.relative
        numbers, n = np.arange(result.k), self.settings.n_fixed
        if result.k > n:  # those that are fixed have the first
            others = match(measured(result.centers[n:]), measured(self.known[n:]))
            numbers[n:] = n + others
        self.known[numbers] = result.centers
        if outputs is not None:
            labels, painted = outputs
            labels[of_labels] = renumbered(result.labels, numbers, labels.dtype)
            painted[of_image] = result.quantized
        palette = result.palette
        self.found.append(_Plane(numbers, palette, result.counts))

    def plane(self, cut: Any) -> tuple[NDArray[Any], dict[str, Any]]:
        """Return a plane, in memory, and what `read_samples` is to know of it."""
        of_image, of_labels = cut
        read = self._of_plane(self.read, of_labels) | self._channels()
        return np.asarray(self.image[of_image]), read

    def _of_plane(self, options: dict[str, Any], cut: Any) -> dict[str, Any]:
        """Return options, of arrays a plane's part."""
        parted = {"mask", "weights"}
        if self.settings.initial_labels is not None:
            parted.add("init")
        return {
            name: _part(value, cut) if name in parted else value
            for name, value in options.items()
        }

    def _channels(self) -> dict[str, Any]:
        """Return what the channels of a plane are."""
        axis = self.layout.channel_axis
        if axis is not None:
            axis -= sum(own < axis for own in self.axes)
        return {"rgb": self.layout.rgb, "channel_axis": axis}

    def _quantize(self, cut: Any) -> _Quantized:
        """Quantize a plane; to fewer clusters, or none, where too few pixels count.

        The settings as such are checked already.
        """
        (plane, read), k = self.plane(cut), self.settings.k
        n_fixed, least = self.settings.n_fixed, self.settings.least
        search = self._of_plane(self.search, cut[1])
        try:
            result = quantized(plane, k, None, read, search)
        except ValueError:
            n_used, excluded = self._count(plane, read)
            if n_used >= least:
                raise
            if n_used == 0:
                return None, excluded
            if self.settings.initial_labels is not None:  # too few for their labels
                search = search | {"init": "random"}
            result = quantized(plane, n_fixed + n_used, None, read, search)
        return result, result.excluded

    def _count(
        self, plane: NDArray[Any], read: dict[str, Any]
    ) -> tuple[int, dict[str, int]]:
        """Return how many pixels are clustered, and why the others are not."""
        image, n_channels = channels_last(plane, read["rgb"], read["channel_axis"])
        pixels = Pixels(image, n_channels, read["mask"], self.layout.no_data)
        valid, excluded = pixels.valid()
        n_valid = pixels.size - sum(excluded.values())
        weights = read["weights"]
        if weights is None:
            return n_valid, excluded
        used = weights.reshape(-1) > 0
        n_used = int(np.count_nonzero(used if valid is None else used & valid))
        return n_used, {**excluded, "no weight": n_valid - n_used}

    def lazily(self) -> tuple[Any, Any]:
        """Return labels and quantized image of dask."""
        layout, mask = self.layout, self.read["mask"]
        arranged = layout.arrange(self.image)
        stream = Stream(arranged, layout.n_channels, mask, layout.no_data)
        planes = [p and Numbered(p.palette.quantizer, p.numbers) for p in self.found]
        numbering = Numbering(self.label_axes, planes, label_dtype(self.settings.k))
        labels, painted = numbering.quantize_lazily(stream)
        return labels, layout.restore(painted)

    def result(self, labels: Any, painted: Any) -> QuantizedPlanes:
        """Return the results of the planes as one."""
        some = [plane for plane in self.found if plane is not None]
        k = 1 + max(int(plane.numbers.max()) for plane in some)
        centers = np.full((len(self.found), k, self.layout.n_channels), np.nan)
        counts = np.zeros((len(self.found), k), np.int64)
        for index, plane in enumerate(self.found):
            if plane is not None:
                centers[index, plane.numbers] = plane.palette.centers
                counts[index, plane.numbers] = plane.counts
        palettes = [plane and plane.palette for plane in self.found]
        compactness = np.array([p.compactness if p else 0.0 for p in palettes])
        n_iter = np.array([p.n_iter if p else 0 for p in palettes], np.int64)
        converged = np.array([p.converged if p else True for p in palettes], np.bool_)
        asked = self.settings.record
        record = some[0].palette.settings | {
            "rgb": self.layout.rgb,
            "channel_axis": self.layout.channel_axis,
            "axes": self.axes,
            **{name: asked[name] for name in ("k", "init", "epsilon")},
        }
        ranges = np.array([plane.palette.value_range for plane in some])
        return QuantizedPlanes(
            labels=labels,
            quantized=painted,
            centers=centers,
            counts=counts,
            compactness=compactness,
            n_iter=n_iter,
            converged=converged,
            n_excluded=self.excluded.total(),
            excluded=dict(+self.excluded),
            layout=self.layout,
            value_range=(float(ranges[:, 0].min()), float(ranges[:, 1].max())),
            asked=self.settings.k,
            method=self.settings.method,
            settings=record,
            axes=self.axes,
            plane_shape=tuple(self.image.shape[axis] for axis in self.axes),
            palettes=tuple(plane and _by_number(plane) for plane in self.found),
        )


def _part(value: Any, cut: Any) -> Any:
    """Return a plane's part of an array; anything else as it is."""
    return value if value is None or isinstance(value, str) else np.asarray(value[cut])


def _by_number(plane: _Plane) -> Palette:
    """Return a palette whose clusters are in the order of their numbers."""
    return plane.palette.reorder([at + 1 for at in np.argsort(plane.numbers).tolist()])
