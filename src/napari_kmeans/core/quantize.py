"""Quantization: images to clusters and back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from . import validation
from .fitting import fitted, settings_of
from .labeled import labeled, unlabeled
from .options.keywords import BOUND, FIT, KEEP, READ, keywords, merged, split
from .palettes.measuring import check_alike, measured
from .palettes.palette import Palette
from .palettes.placing import as_of
from .palettes.quantizer import quantize_lazily
from .palettes.values import in_dtype
from .reading.held import HeldSamples
from .reading.source import Source
from .results.image import QuantizedImage
from .run.progress import follow, stage

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from .options.keywords import QuantizeOptions, SamplesOptions
    from .options.settings import Method, Settings
    from .palettes.quantizer import Quantizer
    from .reading.fit import Fit, ImageSamples
    from .run.progress import Report

#: Which part of it is done, about, once the clusters are found.
FITTED = 0.9

#: The same of painting, once the samples are assigned to given ones.
ASSIGNED = 0.5


@keywords(READ, FIT, BOUND, KEEP)
def quantize(
    image: ArrayLike,
    k: int | None = None,
    *,
    memory: int | None = None,
    progress: Report | None = None,
    **options: Unpack[QuantizeOptions],
) -> QuantizedImage:
    """Quantize an image to k colors or gray values by k-means.

    Parameters
    ----------
    image : array_like, dask.array.Array, zarr.Array or xarray.DataArray
        At least two axes; booleans, integers or floats of at most 64 bits. Alpha is not
        clustered; pixels that are fully transparent, NaN or infinite are left out. What
        says its chunks is read by blocks, and labels and quantized image are dask's; of
        a DataArray, they are DataArrays of its dims, coordinates and attributes.
    k : int, optional
        Number of clusters, 1 to 65,535: by default as many as `init` has centers, or as
        `like` has; where neither is given, 5.
    criteria : Criteria or tuple, optional
        When an iteration stops; OpenCV's ``(type, max_iter, epsilon)`` will do.
    attempts : int, default 10
        How often OpenCV searches, from different starts; the best counts.
    init : {"random", "k-means++", "optimal"}, array_like or Palette, default "random"
        How attempts start. Labels 0..k-1, integers of the shape of the image without
        channels, are where the first attempt starts from. Any other array is of
        centers, a row each, (n, n_channels), in the units of the image, and so are
        those of a palette: the search finds those that are missing to `k`, and all move
        but such as are `fixed`. "optimal", for a single channel only, does not search
        but solve: no clustering has a smaller compactness.
    seed : int, default 0
        Seed of the random starts, 0 to 2**31 - 1. The same seed, the same answer.
    mask : array of bool, optional
        Of the shape of the image without channels; False leaves a pixel out.
    no_data : float, optional
        The value that, in all channels of a pixel, says that there is none.
    weights : array_like, optional
        How much each pixel counts, at least 0, of the shape of the mask. Those of 0 are
        labeled, but have no part in the centers. The image is then held in memory.
    rgb : bool, optional
        Whether the channels, 3 or 4, are red, green, blue (and alpha). By default
        guessed as napari does: without a `channel_axis` they are, where the last axis
        has 3 or 4 and the two before it are longer than 30.
    channel_axis : int or str, optional
        The axis of the channels, of a DataArray also by the name of its dim. By default
        the last one of an RGB image; other images have none, whatever a dim is called:
        one named "band" or "channel" is to be given here.
    channel_names : sequence of str, optional
        Names of the channels along `channel_axis`, of other than RGB images; by default
        their coordinates in a DataArray, or else their numbers.
    color_space : {"rgb", "cielab", "oklab", "ciede2000"}, default "rgb"
        Where distances between colors are measured; of an RGB image only. Float images
        have values from 0 to 1. Centers are the mean RGB of their pixels; compactness
        and epsilon are of the space. "ciede2000" is the color difference of that name,
        for centers that are all `fixed`: it has no means to move to.
    scaling : {"none", "range", "variance"} or sequence of float, default "none"
        Multiplies channels for clustering: by nothing; to the range, or the standard
        deviation, of that with the greatest; or by these factors above 0. Centers are
        in the units of the image; compactness and epsilon are of what is clustered.
    max_samples : int or None, default 65_536
        OpenCV searches a sample of 2,048 pixels or ``4 * k``, for at most three
        iterations, and at most this many; what it finds is settled on some thousand
        samples, and refined over all. With labels to start from or ``refine=False``,
        the sample is of this size. None searches all, as the OpenCV tutorials do.
    refine : bool, default True
        Refine the centers in float64 over all pixels. False is plain OpenCV; its
        labels, too, where the whole image was searched.
    fixed : bool, or sequence of int or of bool, default False
        Which centers of `init` do not move: all, or these, told by their places in it
        from 1, or by a boolean each. They come out to the bit, and first, in their
        order; the others follow from dark to bright. They are locked, with the names
        and colors of a palette, and stay even if no pixel is nearest. Where all are
        fixed nothing is searched: each pixel gets the nearest, the first of equally
        near ones.
    reject : float, optional
        Pixels farther than this from every center, where distances are measured, get
        the label 0, keep their own value, and count as "far" in `excluded`. The palette
        does the same with other images. All pixels have a part in the centers;
        `counts` and `compactness` are of those that are left.
    keep : Palette, optional
        Its locked clusters stay, to the bit, with their names and colors, and are
        locked in the result; `k` counts them. Only the others are searched for, and
        move. It is of as many channels, and of the same `color_space` and `scaling`.
    like : Palette, optional
        Its numbers, names, locks and given colors go over to the clusters found, each
        to the one nearest in all: see `Palette.matched`. So label 3 is the same in all
        images. Those without a partner are in the result, without pixels: `unmatched`
        tells which. It is of as many channels, and of the same `color_space`.
    memory : int, optional
        Bytes that an image with chunks may take whose colors cannot be counted; a
        larger one is read again for each step. By default half of what is free.
    progress : callable, optional
        Is told, between steps and at least each half second, the stage and the part of
        all that is done: ``progress("Searching, attempt 3", 0.1)``. What it raises, as
        a `Canceled`, stops the work and comes out.

    Returns
    -------
    QuantizedImage
        `labels`, `centers`, `quantized`, `compactness`, `counts`, `features` and more;
        clusters are in the order of the brightness of their centers, after those that
        are `fixed`; or in that of `like`.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described; before any work.

    Warns
    -----
    UserWarning
        Where the image has fewer distinct colors than `k`, clusters of `like` found no
        partner, or `reject` leaves no pixel.

    References
    ----------
    OpenCV's ``cv2.kmeans`` searches; B. Fritzke, "The breathing k-means algorithm"
    (2020), and P. Fränti, "Genetic algorithm with deterministic crossover for vector
    quantization" (2000), are what settles; S. P. Lloyd, "Least squares quantization in
    PCM" (1982) is the refinement. G. Sharma, W. Wu and E. N. Dalal, "The CIEDE2000
    color-difference formula" (2005).

    Examples
    --------
    >>> import numpy as np
    >>> q = quantize(np.array([[10, 11, 200], [12, 201, 202]], np.uint8), k=2)
    >>> q.centers.ravel().tolist()
    [11.0, 201.0]
    >>> q.labels.tolist()
    [[1, 1, 2], [1, 2, 2]]
    >>> q.quantized.tolist()
    [[11, 11, 201], [11, 201, 201]]

    To given values, and not to what is far from all of them:

    >>> gray = np.array([[10, 11, 200], [12, 90, 255]], np.uint8)
    >>> q = quantize(gray, init=[[255], [0]], fixed=True, reject=60)
    >>> q.labels.tolist(), q.excluded
    ([[2, 2, 1], [2, 0, 1]], {'far': 1})
    """
    validation.check_progress(progress)
    labeling, plain = unlabeled(image, options)
    read, *given = split("quantize", plain, READ, FIT, BOUND, KEEP)
    search = merged(given)
    result = follow(lambda: quantized(image, k, memory, read, search), progress)
    result.warn()
    return labeled(result, labeling)


def quantized(
    image: ArrayLike,
    k: int | None,
    memory: int | None,
    read: dict[str, Any],
    search: dict[str, Any],
) -> QuantizedImage:
    """Do what `quantize` does, but warn; `read` and `search` are its options."""
    return read_and_quantized(image, k, memory, read, search)[1]


def read_and_quantized(
    image: ArrayLike,
    k: int | None,
    memory: int | None,
    read: dict[str, Any],
    search: dict[str, Any],
) -> tuple[ImageSamples, QuantizedImage]:
    """Do what `quantized` does; also return what was read."""
    source, settings = checked(image, k, memory, read, search)
    share = source.share
    with stage(high=share):
        samples = source.read()
    if source.held is None:  # what can be known only now
        samples.check(settings)
    with stage(low=share):
        return samples, _quantize(samples, settings)


def checked(
    image: ArrayLike,
    k: int | None,
    memory: int | None,
    read: dict[str, Any],
    search: dict[str, Any],
) -> tuple[Source, Settings]:
    """Check the arguments."""
    source = Source.of(image, memory=memory, **read)
    return source, settings_of(source, k, search)


@keywords(FIT, BOUND, KEEP)
def quantize_samples(
    samples: ImageSamples,
    k: int | None = None,
    *,
    progress: Report | None = None,
    **options: Unpack[SamplesOptions],
) -> QuantizedImage:
    """Quantize an image that has been read by `read_samples`.

    What `quantize` does after that: for when several K, or seeds, of one image are to
    be seen.

    Parameters
    ----------
    samples : ImageSamples
        What `read_samples` has returned.
    k, criteria, attempts, init, seed, max_samples, refine, fixed, reject, keep, like
        As for `quantize`.
    progress : callable, optional
        As for `quantize`.

    Returns
    -------
    QuantizedImage
        The same, to the bit, as of `quantize`.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described; before any work.

    Warns
    -----
    UserWarning
        As `quantize`.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_kmeans import read_samples
    >>> samples = read_samples(np.array([[10, 11, 200], [12, 201, 202]], np.uint8))
    >>> [quantize_samples(samples, k).n_colors_quantized for k in (1, 2, 3)]
    [1, 2, 3]
    """
    validation.check_samples(samples)
    validation.check_progress(progress)
    search = merged(split("quantize_samples", options, FIT, BOUND, KEEP))
    result = follow(lambda: quantized_samples(samples, k, search), progress)
    result.warn()
    return result


def quantized_samples(
    samples: ImageSamples, k: int | None, search: dict[str, Any]
) -> QuantizedImage:
    """Do what `quantize_samples` does, but warn; `search` are its options."""
    return _quantize(samples, settings_of(samples, k, search))


def _quantize(samples: ImageSamples, settings: Settings) -> QuantizedImage:
    """Quantize samples; of an image of dask, labels are made when asked for."""
    with stage(high=FITTED):
        fit, palette = fitted(samples, settings)
    return _result(samples, fit, palette, settings.k, settings.method)


def _result(
    samples: ImageSamples, fit: Fit, palette: Palette, asked: int, method: Method
) -> QuantizedImage:
    """Label and paint the samples, whose centers are those of the palette."""
    # OpenCV's own labels are not always the nearest, and so cannot be made later.
    plain = method == "plain"
    labels = palette.quantizer.numbered(fit.clusters.labels)
    quantizer = palette.quantizer.tabled(fit.samples, labels)
    values = in_dtype(quantizer.values, palette.centers, samples.layout.dtype)
    quantizer = replace(quantizer, values=values)
    if isinstance(samples, HeldSamples) and (samples.stream is None or plain):
        with stage("Painting", FITTED):
            labels, painted = _painted(samples, labels, quantizer)
    else:
        labels, painted = quantize_lazily(quantizer, samples.stream)
    counts, excluded = palette.counts, fit.excluded
    if samples.weighted:  # those without weight are labeled, too
        flat = np.asarray(labels).reshape(-1)
        counts = np.bincount(flat, minlength=palette.k + 1)[1:]
        if "far" in excluded:
            others = sum(samples.excluded.values())
            excluded = {**excluded, "far": flat.size - others - int(counts.sum())}
    return QuantizedImage(
        labels=labels,
        centers=palette.centers,
        counts=counts,
        compactness=palette.compactness,
        n_iter=palette.n_iter,
        converged=palette.converged,
        n_excluded=sum(excluded.values()),
        asked=asked,
        method=method,
        settings=palette.settings,
        quantized=samples.layout.restore(painted),
        palette=palette,
        n_colors=fit.samples.n_colors,
        value_range=fit.value_range,
        layout=samples.layout,
        excluded={reason: n for reason, n in excluded.items() if n},
        mask=samples.mask,
        weighted=samples.weighted,
    )


def _painted(
    samples: HeldSamples, known: NDArray[Any], quantizer: Quantizer
) -> tuple[Any, Any]:
    """Return labels and quantized image, channels last; of dask, where it was that.

    `known` are the labels of what was clustered.
    """
    labels = _labels(samples, known, quantizer)
    painted = quantizer.paint(samples.pixels, labels)
    if samples.stream is None:
        return labels, painted
    import dask.array as da

    return da.from_array(labels), da.from_array(painted)


def _labels(
    samples: HeldSamples, known: NDArray[Any], quantizer: Quantizer
) -> NDArray[Any]:
    """Return the label of each pixel: where each is a sample, it is known."""
    valid = samples.valid
    if quantizer.table is not None or samples.used is not valid:
        return quantizer.label(samples.pixels, valid)
    if valid is None:
        return known.reshape(samples.shape)
    labels = np.zeros(valid.size, known.dtype)
    labels[valid] = known
    return labels.reshape(samples.shape)


def paint_samples(
    samples: ImageSamples, palette: Palette, *, progress: Report | None = None
) -> QuantizedImage:
    """Label and paint an image, read by `read_samples`, by a palette.

    What ``palette.apply`` does without reading the image again: for when a palette was
    edited, or another image was clustered. Where colors are counted, each is labeled
    once, and pixels are looked up.

    Parameters
    ----------
    samples : ImageSamples
        With the channels of the palette.
    palette : Palette
        The clusters, found on these samples or on others.
    progress : callable, optional
        As for `quantize`.

    Returns
    -------
    QuantizedImage
        Its `palette` is the one given, with the counts and the compactness that it has
        on these samples. Of a palette that `fit` has found on them, the same, to the
        bit, as `quantize_samples` returns.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described; before any work.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_kmeans import fit, read_samples
    >>> samples = read_samples(np.array([[10, 20, 200], [10, 230, 230]], np.uint8))
    >>> q = paint_samples(samples, fit(samples, k=4).merge([1, 2]))
    >>> q.labels.tolist(), q.counts.tolist()
    ([[1, 1, 2], [1, 3, 3]], [3, 1, 2])
    """
    if not isinstance(palette, Palette):
        raise validation.no_palette("palette", palette)
    validation.check_samples(samples)
    palette = as_of(palette, samples.layout.dtype, "samples")
    check_alike(samples, palette)
    validation.check_progress(progress)
    return follow(lambda: painted_samples(samples, palette), progress)


def painted_samples(samples: ImageSamples, palette: Palette) -> QuantizedImage:
    """Do what `paint_samples` does."""
    with stage(high=ASSIGNED):
        fit, own = measured(samples, palette)
    with stage(low=ASSIGNED):
        return _result(samples, fit, own, own.present.k, "refined")
