"""Quantization: images to clusters and back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from . import lloyd, validation
from .criteria import Criteria
from .fitting import fitting
from .held import HeldSamples
from .pixels import Pixels, channels_last
from .progress import READING, exhaust, follow, shifted, waited
from .quantizer import quantize_lazily
from .reading import READ, Source
from .result import QuantizedImage
from .samples import from_pixels
from .settings import MAX_SAMPLES, Settings

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from .fit import Fit, ImageSamples
    from .palette import Palette
    from .progress import Progress, Report
    from .quantizer import Quantizer
    from .stream import Stream
    from .streamed import StreamedSamples


def quantize(
    image: ArrayLike,
    k: int = 5,
    *,
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
    memory: int | None = None,
    progress: Report | None = None,
) -> QuantizedImage:
    """Quantize an image to k colors or gray values by k-means.

    Parameters
    ----------
    image : array_like or dask.array.Array
        At least two axes; booleans, integers or floats of at most 64 bits. Alpha is not
        clustered; pixels that are fully transparent, NaN or infinite are left out. Of
        dask, it is read block by block, and labels and quantized image are dask's.
    k : int, default 5
        Number of clusters, 1 to 65,535.
    criteria : Criteria or tuple, optional
        When an iteration stops; OpenCV's ``(type, max_iter, epsilon)`` will do.
    attempts : int, default 10
        How often OpenCV searches, from different starts; the best counts.
    init : {"random", "k-means++", "optimal"} or array of int, default "random"
        How attempts start. Labels 0..k-1, of the shape of the image without channels,
        are where the first attempt starts from. "optimal", for a single channel only,
        does not search but solve: no clustering has a smaller compactness.
    seed : int, default 0
        Seed of the random starts, 0 to 2**31 - 1. The same seed, the same answer.
    mask : array of bool, optional
        Of the shape of the image without channels; False leaves a pixel out.
    no_data : float, optional
        The value that, in all channels of a pixel, says that there is none.
    weights : array_like, optional
        Of the shape of the image without channels: how much each pixel counts, at least
        0. Pixels of weight 0 are labeled, but have no part in the centers. The image,
        even if dask's, is then held in memory.
    rgb : bool, optional
        Whether the channels, 3 or 4, are red, green, blue (and alpha). By default
        guessed as napari does: without a `channel_axis` they are, where the last axis
        has 3 or 4 and the two before it are longer than 30.
    channel_axis : int, optional
        The axis of the channels. By default the last one of an RGB image; other images
        have none.
    channel_names : sequence of str, optional
        Names of the channels along `channel_axis`, of other than RGB images; by default
        their numbers.
    color_space : {"rgb", "cielab", "oklab"}, default "rgb"
        Where distances between colors are measured; of an RGB image only. Float images
        have values from 0 to 1. Centers are the mean RGB of their pixels; compactness
        and epsilon are of the space.
    scaling : {"none", "range", "variance"} or sequence of float, default "none"
        Multiplies channels for clustering: by nothing; to the range, or the standard
        deviation, of that with the greatest; or by these factors above 0. Centers are
        in the units of the image; compactness and epsilon are of what is clustered.
    max_samples : int or None, default 65_536
        More pixels than this are searched in a sample of this size, and refined over
        all. None searches all, as the OpenCV tutorials do.
    refine : bool, default True
        Refine the centers in float64 over all pixels. False is plain OpenCV; its
        labels, too, where the whole image was searched.
    memory : int, optional
        Bytes that an image of dask whose colors cannot be counted may take; a larger
        one is read again for each step. By default half of the memory that is free.
    progress : callable, optional
        Is told, between steps and at least each half second, the stage and the part of
        all that is done: ``progress("Searching, attempt 3", 0.1)``. What it raises, as
        a `Canceled`, stops the work and comes out.

    Returns
    -------
    QuantizedImage
        `labels`, `centers`, `quantized`, `compactness`, `counts`, `features` and more;
        clusters are in the order of the brightness of their centers.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described; before any work.

    Warns
    -----
    UserWarning
        Where the image has fewer distinct colors than `k`.

    References
    ----------
    OpenCV's ``cv2.kmeans`` searches; S. P. Lloyd, "Least squares quantization in PCM"
    (1982) is the refinement.

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
    """
    validation.check_progress(progress)
    result = follow(
        quantize_steps(
            image,
            k,
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
            memory=memory,
        ),
        progress,
    )
    result.warn()
    return result


def quantize_steps(
    image: ArrayLike, k: int = 5, *, memory: int | None = None, **arguments: Any
) -> Generator[Progress, None, QuantizedImage]:
    """Do what `quantize` does, in steps.

    The arguments are checked at once, before the first step is asked for.

    Yields
    ------
    Progress
        Between steps; close the generator to stop.

    Returns
    -------
    QuantizedImage
    """
    of_image = {name: arguments.pop(name) for name in READ & {*arguments}}
    source = Source.of(image, memory=memory, **of_image)
    settings = Settings.of(source.shape, source.layout.n_channels, k=k, **arguments)
    source.check(settings)
    if source.held is not None:
        source.held.check(settings)
        return _quantize(source.held, settings)
    return _read_and_quantize(source, settings)


def _read_and_quantize(
    source: Source, settings: Settings
) -> Generator[Progress, None, QuantizedImage]:
    """Quantize an image of dask."""
    if not source.is_to_be_held():
        return (yield from _quantize(source.streamed, settings))
    samples = yield from source.holding()
    samples.check(settings)
    return (yield from shifted(_quantize(samples, settings), READING))


def _quantize(
    samples: ImageSamples, settings: Settings
) -> Generator[Progress, None, QuantizedImage]:
    """Quantize samples; of an image of dask, labels are made when asked for."""
    if isinstance(samples, HeldSamples):
        result = yield from _quantize_held(samples, settings)
        return result if samples.stream is None else _lazily(result, samples.stream)
    streamed = cast("StreamedSamples", samples)
    fit, palette = yield from fitting(streamed, settings)
    lazily = quantize_lazily(palette.quantizer, streamed.stream)
    return _result(streamed, fit, palette, *lazily)


def _quantize_held(
    samples: HeldSamples, settings: Settings
) -> Generator[Progress, None, QuantizedImage]:
    """Quantize pixels in memory."""
    fit, palette = yield from fitting(samples, settings)
    pixels = samples.pixels

    def paint() -> tuple[NDArray[Any], NDArray[Any]]:
        labels = _labels(samples, fit, palette.quantizer)
        return labels, palette.quantizer.paint(pixels, labels)

    total = settings.n_steps
    labels, quantized = yield from waited(paint, "Painting", total - 1, total)
    return _result(samples, fit, palette, labels, quantized)


def _lazily(result: QuantizedImage, stream: Stream) -> QuantizedImage:
    """Return the result of an image of dask that was held, as dask's again."""
    if result.settings["refine"]:
        lazily = quantize_lazily(result.palette.quantizer, stream)
        labels, quantized = lazily[0], result.palette.layout.restore(lazily[1])
    else:  # OpenCV's own labels are not always the nearest
        import dask.array as da

        held = (da.from_array(array) for array in (result.labels, result.quantized))
        labels, quantized = held
    return replace(result, labels=labels, quantized=quantized, mask=stream.mask)


def _labels(samples: HeldSamples, fit: Fit, quantizer: Quantizer) -> NDArray[Any]:
    """Return the label of each pixel: where each is a sample, it is known."""
    known, valid = fit.clusters.labels, samples.valid
    if quantizer.table is not None or samples.used is not valid:
        return quantizer.label(samples.pixels, valid)
    if valid is None:
        return np.asarray(known + known.dtype.type(1)).reshape(samples.shape)
    labels = np.zeros(valid.size, known.dtype)
    labels[valid] = known + known.dtype.type(1)
    return labels.reshape(samples.shape)


def _result(
    samples: HeldSamples | StreamedSamples,
    fit: Fit,
    palette: Palette,
    labels: Any,
    quantized: Any,
) -> QuantizedImage:
    """Return the result; `quantized` has its channels last."""
    counts = palette.counts
    if samples.weighted:  # those without weight are labeled, too
        counts = np.bincount(labels.reshape(-1), minlength=palette.k + 1)[1:]
    return QuantizedImage(
        labels=labels,
        centers=palette.centers,
        counts=counts,
        compactness=palette.compactness,
        n_iter=palette.n_iter,
        converged=palette.converged,
        n_excluded=sum(fit.excluded.values()),
        settings=palette.settings,
        quantized=samples.layout.restore(quantized),
        palette=palette,
        n_colors=fit.samples.n_colors,
        value_range=fit.value_range,
        channels=palette.channels,
        excluded={reason: n for reason, n in fit.excluded.items() if n},
        mask=samples.mask,
    )


def quantize_samples(
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
) -> QuantizedImage:
    """Quantize an image that has been read by `read_samples`.

    What `quantize` does after that: for when several K, or seeds, of one image are to
    be seen.

    Parameters
    ----------
    samples : ImageSamples
    k, criteria, attempts, init, seed, max_samples, refine, progress
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
        Where the image has fewer distinct colors than `k`.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_kmeans import read_samples
    >>> samples = read_samples(np.array([[10, 11, 200], [12, 201, 202]], np.uint8))
    >>> [quantize_samples(samples, k).n_colors_quantized for k in (1, 2, 3)]
    [1, 2, 3]
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
    result = follow(_quantize(samples, settings), progress)
    result.warn()
    return result


def extend_labels(
    image: ArrayLike,
    labels: ArrayLike,
    k: int,
    *,
    rgb: bool,
    channel_axis: int | None = None,
) -> NDArray[np.int32]:
    """Extend painted labels to the whole image: initial labels for `quantize`.

    Parameters
    ----------
    image : array_like
        As for `quantize`.
    labels : array of int
        1..k where painted, 0 elsewhere; of the shape of the image without channels.
    k : int
        Number of clusters.
    rgb : bool
        Whether the channels are color.
    channel_axis : int, optional
        The axis of the channels: by default, of an RGB image, the last.

    Returns
    -------
    array of int32
        Painted labels, less 1; each other pixel has the label whose painted pixels'
        mean is nearest.

    Raises
    ------
    ValueError
        If no pixel is painted, a label is not in 0..k, or the shapes do not match.

    Examples
    --------
    >>> extend_labels(np.array([[1, 2, 8, 9]]), np.array([[1, 0, 0, 2]]), 2, rgb=False)
    array([[0, 0, 1, 1]], dtype=int32)
    """
    k = validation.check_k(k)
    array = np.asarray(validation.check_image(image))
    pixels = Pixels(*channels_last(array, rgb, channel_axis))
    painted = validation.check_painted(labels, k, pixels.shape).reshape(-1)
    valid, _ = pixels.valid()
    usable = painted > 0 if valid is None else (painted > 0) & valid
    if not usable.any():
        raise ValueError("start labels should have a painted pixel that is finite.")
    channels = pixels.channels
    some = np.stack([channel[usable].astype(np.float64) for channel in channels])
    present, index = np.unique(painted[usable], return_inverse=True)
    counts = np.bincount(index)
    means = np.stack([np.bincount(index, row) / counts for row in some], axis=1)
    rest = painted == 0 if valid is None else (painted == 0) & valid
    extended = np.maximum(painted.astype(np.int32) - 1, 0)
    if rest.any():
        samples = from_pixels([channel[rest] for channel in channels])
        nearest = exhaust(lloyd.assign(samples, samples.frame.relative(means))).labels
        extended[rest] = present[nearest].astype(np.int32) - 1
    return extended.reshape(pixels.shape)
