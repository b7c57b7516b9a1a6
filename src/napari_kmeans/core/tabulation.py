"""Tabulation: a table of the clusters of each region of an image."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import validation
from .census import OTHER, Census, Counter
from .data.pixels import REASONS
from .labeled import Labeling, stripped
from .palettes.colors import hexadecimal
from .palettes.numbering import cuts
from .palettes.placing import as_of
from .results.image import QuantizedImage
from .results.planes import QuantizedPlanes
from .run.lazy import is_lazy
from .run.progress import follow, stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from .palettes.palette import Palette
    from .run.progress import Report

#: What the columns of pixels without a label begin with.
LEFT_OUT = "left out: "


def tabulate(
    image: ArrayLike,
    result: QuantizedImage | QuantizedPlanes | Palette,
    regions: ArrayLike | None = None,
    *,
    pixel_area: float = 1.0,
    unit: str = "",
    progress: Report | None = None,
) -> pd.DataFrame:
    """Return a table with a row for each region of an image and cluster.

    To compare parts of an image, such as leaves, cores of tissue or objects that were
    segmented: how much of each is in which cluster. Every region has a row for every
    cluster, be it of 0 pixels, so that a pivot of the table has no holes.

    Parameters
    ----------
    image : array_like or dask.array.Array
        The one that was quantized; of dask, it is read once, by blocks. Without
        regions, what a `QuantizedImage` knows is not counted anew, and nothing is read.
    result : QuantizedImage, QuantizedPlanes or Palette
        Whose labels are counted; a palette labels the image, as `Palette.label` does.
    regions : array_like or dask.array.Array of int or bool, optional
        Which region each pixel is in, 0 outside of all: of the shape of the image
        without channels, or of its last axes, as they are for each plane before these.
        By default, the whole image is one.
    pixel_area : float, default 1.0
        What area, or volume, a pixel has; above 0.
    unit : str, optional
        Of that area, such as ``"µm²"``.
    progress : callable, optional
        As for `quantize`.

    Returns
    -------
    pandas.DataFrame
        Ordered by plane, region and label, with the columns

        - ``plane``, where planes were quantized each on its own, from 0 (of several
          axes: ``axis_0`` and so on, by their number in the image);
        - ``region``, where there are regions: those that have a pixel (in the plane);
        - ``label``, 1..k, ``name`` and ``color`` (hexadecimal; none where a number is
          missing in a plane) of the cluster;
        - ``pixels``, and ``share``: their part of the clustered pixels of the region,
          0 where it has none (the table of ``napari-kmeans batch`` has ``%`` of it);
        - ``area`` or ``area (unit)``, where a pixel's area or a unit was given;
        - ``compactness``: the sum of the squared distances of these pixels to the
          center of the cluster, as they are measured to cluster, each of weight 1;
        - ``left out: masked`` and so on, for each reason that there is: how many pixels
          of the region are in no cluster. The same in each of its rows.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described; before any work.

    Notes
    -----
    The sums are exact, hence the same bits in whatever order and blocks the image is
    read: R. M. Neal, "Fast exact summation using small and large superaccumulators",
    arXiv:1505.05571 (2015).

    Examples
    --------
    >>> from napari_kmeans import quantize
    >>> image = np.array([[1, 3, 8, 8], [1, 1, 3, 9]], np.uint8)
    >>> leaves = np.array([[1, 1, 1, 0], [0, 2, 2, 2]])
    >>> table = tabulate(image, quantize(image, k=2), leaves, pixel_area=0.5, unit="m²")
    >>> table[["region", "label", "pixels", "area (m²)", "compactness"]].round(2)
       region  label  pixels  area (m²)  compactness
    0       1      1       2        1.0         2.08
    1       1      2       1        0.5         0.11
    2       2      1       2        1.0         2.08
    3       2      2       1        0.5         0.44
    >>> table.pivot(index="region", columns="label", values="share").round(2).to_numpy()
    array([[0.67, 0.33],
           [0.67, 0.33]])
    """
    array = validation.check_image(image)
    validation.check_result(result)
    area, layout = area_of(pixel_area, unit), result.layout
    arranged = layout.arrange(array)
    if labeling := Labeling.of(image, layout.rgb, layout.channel_axis):
        regions = labeling.aligned("regions", regions, last=True)
    if isinstance(result, (QuantizedImage, QuantizedPlanes)):
        result = stripped(result)
        validation.check_quantized(array.shape, result.quantized.shape)
    shape, lazy = arranged.shape[:-1], is_lazy(arranged)
    checked = validation.check_regions(regions, shape, lazy=lazy)
    validation.check_progress(progress)
    work = partial(tabulated, arranged, result, checked, area)
    return follow(work, progress)


def area_of(pixel_area: float, unit: str) -> dict[str, float]:
    """Return the title of a column of areas, and a pixel's; nothing if not wanted."""
    pixel_area = validation.check_positive("pixel_area", pixel_area)
    unit = validation.check_unit(unit)
    if not unit and pixel_area == 1:
        return {}
    return {f"area ({unit})" if unit else "area": pixel_area}


class Part(NamedTuple):
    """The census of a plane, or of a whole image; what its clusters are called.

    Attributes
    ----------
    regions : (n,) int64
    counts : (n, k) int64
    compactness : (n, k) float64
    left_out : dict
        For each reason, how many pixels of each region: (n,) int64.
    names : list of str
    colors : sequence of str or None
        Hexadecimal.
    """

    regions: NDArray[np.int64]
    counts: NDArray[np.int64]
    compactness: NDArray[np.float64]
    left_out: dict[str, NDArray[np.int64]]
    names: list[str]
    colors: Sequence[str | None]


def tabulated(
    image: Any,
    result: QuantizedImage | QuantizedPlanes | Palette,
    regions: Any,
    area: dict[str, float],
) -> pd.DataFrame:
    """Do what `tabulate` does, of an image whose channels are last.

    `area` has the title of a column, and the size of a pixel, where it is wanted.
    """
    with stage("Counting"):
        if isinstance(result, QuantizedPlanes):
            parts = _of_planes(image, result, regions)
            planes = result.places
        else:
            parts, planes = [_of_image(image, result, regions)], {}
    return table_of(parts, planes, area, told=regions is not None)


def _of_image(image: Any, result: QuantizedImage | Palette, regions: Any) -> Part:
    if not isinstance(result, QuantizedImage):
        result = as_of(result, image.dtype)
        return _part(_counted(image, result, None, regions), result, "far")
    if regions is None and (known := _known(result)) is not None:
        return known
    census = _counted(image, result.palette, result.labels, regions, result.mask)
    return _part(census, result.palette, _other(result.excluded, REASONS))


def _known(result: QuantizedImage) -> Part | None:
    """Return what a result knows of the whole image; None where it does not know all.

    It knows the squares of the pixels that are labeled, unless these were weighted, or
    are not with their nearest center.
    """
    palette, counts = result.palette, result.counts
    _, weights, squared, _ = palette.moments
    if squared is None or np.isnan(result.compactness):
        return None
    if result.weighted or not np.array_equal(weights, counts):
        return None
    return part_of(palette, result.excluded)


def part_of(palette: Palette, excluded: dict[str, int]) -> Part:
    """Return what a palette knows of an image that it was measured on.

    NaN where it does not know the squares.
    """
    squared, unit = palette.moments.squared, palette.quantizer.frame.unit
    squares = np.full(palette.k, np.nan) if squared is None else squared * unit * unit
    left_out = {name: np.array([n]) for name, n in excluded.items()}
    looks = [*palette.names], [*hexadecimal(palette.colors)]
    counts = palette.counts[np.newaxis]
    return Part(np.ones(1, np.int64), counts, squares[np.newaxis], left_out, *looks)


def _of_planes(image: Any, result: QuantizedPlanes, regions: Any) -> list[Part]:
    """Return the censuses of planes, each by the clusters that it has."""
    shape, axes = result.labels.shape, result.label_axes
    colors = result.features["color"].to_numpy(object).reshape(len(result.centers), -1)
    # A mask is not kept with planes: its pixels are known to have no label.
    other = _other(result.excluded, REASONS[1:])
    some = next(palette for palette in result.palettes if palette is not None)
    parts = []
    for index, cut in enumerate(cuts(shape, axes)):
        low, high = index / len(colors), (index + 1) / len(colors)
        palette, present = result.palettes[index] or some, result.present[index]
        means = np.zeros((result.k, len(result.channels)))
        names = [""] * result.k
        if present.any():
            means[present] = palette.moments.means
            for at, name in zip(np.flatnonzero(present), palette.names, strict=True):
                names[at] = name
        own = None if regions is None else regions[cut]
        with stage("", low, high):
            census = _counted(
                *(image[cut], palette, result.labels[cut], own), means=means
            )
        part = _part(census, palette, other)
        parts.append(part._replace(names=names, colors=colors[index].tolist()))
    return parts


def _other(excluded: dict[str, int], told: tuple[str, ...]) -> str:
    """Return why pixels without a label were left out that do not tell so themselves.

    Such as "rejected".
    """
    return " or ".join(name for name in excluded if name not in told) or "other"


def _counted(
    image: Any,
    palette: Palette,
    labels: Any,
    regions: Any,
    mask: Any = None,
    *,
    means: NDArray[np.float64] | None = None,
) -> Census:
    quantizer, layout = palette.quantizer_of(image.dtype), palette.layout
    centers = palette.moments.means if means is None else means
    counter = Counter(quantizer, centers, layout.n_channels, layout.no_data)
    return counter.count(image, labels, regions, mask)


def _part(census: Census, palette: Palette, other: str) -> Part:
    """Return what a census tells."""
    unit = palette.quantizer.frame.unit
    k = census.counts.shape[1] - OTHER - 1
    left_out = dict(zip([*REASONS, other], census.counts[:, k:].T, strict=True))
    looks = [*palette.names], [*hexadecimal(palette.colors)]
    compactness = census.squares * unit * unit
    return Part(census.regions, census.counts[:, :k], compactness, left_out, *looks)


def table_of(
    parts: Sequence[Part],
    places: Mapping[str, Sequence[Any] | NDArray[Any]],
    area: dict[str, float],
    *,
    told: bool = False,
) -> pd.DataFrame:
    """Return what parts tell as one table; `told`: with their regions.

    `places` are columns with a value for each part.
    """
    import pandas as pd

    ks, n_rows = [len(part.names) for part in parts], [len(p.regions) for p in parts]

    def column(values: Iterable[Any]) -> NDArray[Any]:
        """Return the values of regions, those of each part, for each of its labels."""
        return np.concatenate([*map(np.repeat, values, ks)])

    sizes = [part.counts.size for part in parts]
    table: dict[str, Any] = {
        name: np.repeat(np.asarray(values), sizes) for name, values in places.items()
    }
    if told:
        table["region"] = column(part.regions for part in parts)
    labels = [np.tile(np.arange(1, k + 1), n) for k, n in zip(ks, n_rows, strict=True)]
    table["label"] = np.concatenate(labels)
    for name in ("names", "colors"):
        each = zip(parts, n_rows, strict=True)
        values = [value for part, n in each for value in [*getattr(part, name)] * n]
        table[name.removesuffix("s")] = values
    table["pixels"] = np.concatenate([part.counts.reshape(-1) for part in parts])
    shares = [p.counts / np.maximum(p.counts.sum(1, keepdims=True), 1) for p in parts]
    table["share"] = np.concatenate([share.reshape(-1) for share in shares])
    for name, size in area.items():
        table[name] = table["pixels"] * size
    squares = [part.compactness.reshape(-1) for part in parts]
    table["compactness"] = np.concatenate(squares)
    for reason in dict.fromkeys(name for part in parts for name in part.left_out):
        left_out = [
            part.left_out.get(reason, np.zeros(n, np.int64))
            for part, n in zip(parts, n_rows, strict=True)
        ]
        if any(values.any() for values in left_out):
            table[f"{LEFT_OUT}{reason}"] = column(left_out)
    return pd.DataFrame(table)
