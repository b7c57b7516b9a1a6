"""Quantization: images to clusters and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from . import lloyd, validation
from .blocks import is_distributed, is_lazy
from .criteria import Criteria
from .fit import Space, fit_pixels, fit_stream
from .kmeans import MAX_SAMPLES, Settings
from .memory import free_memory
from .pixels import Pixels, channels_last, channels_restored
from .progress import READING, Progress, exhaust, shifted, staged, waited
from .quantizer import Quantizer, quantize_lazily
from .result import QuantizedImage, to_dtype, versions
from .samples import Codes, Colors, from_pixels
from .stream import Stream

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from .fit import Fit

#: Images of dask of at most this many pixels are read into memory.
SMALL = 2**20


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
    result = exhaust(
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
        )
    )
    result.warn()
    return result


def quantize_steps(
    image: ArrayLike,
    k: int = 5,
    *,
    mask: ArrayLike | None = None,
    no_data: float | None = None,
    weights: ArrayLike | None = None,
    rgb: bool | None = None,
    channel_axis: int | None = None,
    channel_names: Sequence[str] | None = None,
    color_space: str = "rgb",
    scaling: str | Sequence[float] = "none",
    memory: int | None = None,
    **settings: Any,
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
    array = validation.check_image(image)
    is_rgb, axis = validation.check_channels(rgb, channel_axis, array.shape)
    arranged, n_channels = channels_last(array, is_rgb, axis)
    shape = arranged.shape[:-1]
    checked = Settings.of(shape, n_channels, k=k, **settings)
    space = Space(
        is_rgb,
        validation.check_color_space(color_space, is_rgb),
        validation.check_scaling(scaling, n_channels),
        float(np.iinfo(array.dtype).max) if array.dtype.kind in "iu" else 1.0,
    )
    if not checked.refine:
        validation.check_unchanged(space.name, space.scaling, weights)
    request = _Request(
        arranged,
        n_channels,
        validation.check_mask(mask, shape, lazy=is_lazy(array)),
        validation.check_no_data(no_data),
        validation.check_image_weights(weights, shape),
        validation.check_channel_names(channel_names, axis, n_channels, is_rgb),
        axis,
        validation.check_memory(memory),
        checked,
        space,
    )
    if is_lazy(array):
        return _quantize_lazily(request)
    return _quantize(request, request.pixels)


@dataclass(frozen=True)
class _Request:
    """What was asked for, validated. The image has its channels last."""

    image: Any
    n_channels: int
    mask: Any
    no_data: float | None
    weights: NDArray[np.float64] | None
    channels: tuple[str, ...]
    channel_axis: int | None
    memory: int | None
    settings: Settings
    space: Space

    @property
    def pixels(self) -> Pixels:
        """The image, of NumPy."""
        return Pixels(self.image, self.n_channels, self.mask, self.no_data)

    @property
    def record(self) -> dict[str, Any]:
        """The settings as plain values, to be kept with a result."""
        scaling = self.space.scaling
        return {
            "rgb": self.space.rgb,
            "channel_axis": self.channel_axis,
            "masked": self.mask is not None,
            "no_data": self.no_data,
            "weighted": self.weights is not None,
            "color_space": self.space.name,
            "scaling": scaling if isinstance(scaling, str) else list(scaling),
        }

    def restore(self, image: Any) -> Any:
        """Return an image with its channels where they were."""
        return channels_restored(image, self.space.rgb, self.channel_axis)


def _quantize(
    request: _Request, pixels: Pixels
) -> Generator[Progress, None, QuantizedImage]:
    """Quantize pixels in memory; what is not valid is found out at once."""
    settings = request.settings
    valid, excluded = pixels.valid()
    used, weights = valid, np.empty(0)
    if request.weights is not None:
        flat = request.weights.reshape(-1)
        used = flat > 0 if valid is None else valid & (flat > 0)
        weights = flat[used]
    n = pixels.size if used is None else int(np.count_nonzero(used))
    validation.check_enough(settings.k, n, "image")
    validation.check_values(
        "image",
        pixels.channels,
        valid,
        color_space=request.space.name,
        refine=settings.refine,
    )

    def steps() -> Generator[Progress, None, QuantizedImage]:
        fitting = fit_pixels(pixels, used, excluded, weights, settings, request.space)
        fit = yield from fitting
        quantizer = _quantizer(fit, pixels.image.dtype)

        def paint() -> tuple[NDArray[Any], NDArray[Any]]:
            labels = _labels(fit, quantizer, pixels, valid, used)
            return labels, quantizer.paint(pixels, labels)

        total = settings.n_steps
        labels, quantized = yield from waited(paint, "Painting", total - 1, total)
        return _result(request, fit, quantizer, labels, quantized)

    return steps()


def _labels(
    fit: Fit,
    quantizer: Quantizer,
    pixels: Pixels,
    valid: NDArray[np.bool_] | None,
    used: NDArray[np.bool_] | None,
) -> NDArray[Any]:
    """Return the label of each pixel: where each is a sample, it is known."""
    known = fit.clusters.labels
    if quantizer.table is not None or used is not valid:
        return quantizer.label(pixels, valid)
    if valid is None:
        return np.asarray(known + known.dtype.type(1)).reshape(pixels.shape)
    labels = np.zeros(valid.size, known.dtype)
    labels[valid] = known + known.dtype.type(1)
    return labels.reshape(pixels.shape)


def _quantize_lazily(
    request: _Request,
) -> Generator[Progress, None, QuantizedImage]:
    """Quantize an image of dask: labels and quantized image are made when asked for."""
    settings, space = request.settings, request.space
    stream = Stream(request.image, request.n_channels, request.mask, request.no_data)
    if _is_to_be_held(request, stream):
        reading = staged(stream.read(), "Reading", 0, READING)
        pixels = yield from reading
        result = yield from shifted(_quantize(request, pixels), READING)
        if not settings.refine:  # OpenCV's own labels are not always the nearest
            import dask.array as da

            held = (da.from_array(array) for array in (result.labels, result.quantized))
            labels, quantized = held
            return replace(result, labels=labels, quantized=quantized)
        labels, quantized = quantize_lazily(result.quantizer, stream)
        return replace(result, labels=labels, quantized=request.restore(quantized))
    fit = yield from fit_stream(stream, settings, space)
    quantizer = _quantizer(fit, request.image.dtype)
    return _result(request, fit, quantizer, *quantize_lazily(quantizer, stream))


def _is_to_be_held(request: _Request, stream: Stream) -> bool:
    """Whether to hold an image of dask: small, not to be counted, or weighted.

    On a cluster nothing but what is small comes together.
    """
    image, n_channels = request.image, request.n_channels
    needed = stream.size * (image.dtype.itemsize * image.shape[-1] + 8 * n_channels + 2)
    fits = needed <= (free_memory() // 2 if request.memory is None else request.memory)
    if request.weights is not None:
        if not fits:
            raise ValueError(
                f"weights should go with an image that fits in memory, but this needs "
                f"{needed:,} bytes."
            )
        return True
    if stream.size <= SMALL:
        return True
    counted = Codes.of_dtype(image.dtype, n_channels) is not None
    return fits and not counted and not is_distributed()


def _quantizer(fit: Fit, dtype: np.dtype[Any]) -> Quantizer:
    """Return what labels pixels as the fit has found."""
    samples, centers = fit.samples, fit.clusters.centers
    if samples.long:
        counted = samples.frame.unscaled(centers)
        palette = _long_palette(counted, samples.frame.origin, dtype)
    else:
        palette = to_dtype(fit.centers, dtype)
    if not isinstance(samples, Colors):
        return Quantizer(centers, palette, samples.frame)
    table = samples.table(fit.clusters.labels)
    return Quantizer(centers, palette, samples.frame, samples.codes, table)


def _result(
    request: _Request, fit: Fit, quantizer: Quantizer, labels: Any, quantized: Any
) -> QuantizedImage:
    """Return the result; `quantized` has its channels last."""
    clusters = fit.clusters
    return QuantizedImage(
        labels=labels,
        centers=fit.centers,
        counts=_counts(request, fit, labels),
        compactness=clusters.compactness,
        n_iter=clusters.n_iter,
        converged=clusters.converged,
        n_excluded=sum(fit.excluded.values()),
        settings=request.settings.record
        | {"epsilon": clusters.epsilon}
        | request.record
        | {"versions": versions()},
        quantized=request.restore(quantized),
        palette=quantizer.palette,
        n_colors=fit.samples.n_colors,
        value_range=fit.value_range,
        channels=request.channels,
        excluded={reason: n for reason, n in fit.excluded.items() if n},
        quantizer=quantizer,
        mask=request.mask,
    )


def _counts(request: _Request, fit: Fit, labels: Any) -> NDArray[np.int64]:
    """Return how many pixels are in each cluster, of whatever weight."""
    if request.weights is None:
        return fit.clusters.weights.astype(np.int64)
    return np.bincount(labels.reshape(-1), minlength=len(fit.centers) + 1)[1:]


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


def _long_palette(
    centers: NDArray[np.float64], origin: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Return centers less their origin as 64-bit integers, which float64 may round."""
    info = np.iinfo(dtype)
    rows = [
        [round(Fraction(v) + least) for v, least in zip(center, origin, strict=True)]
        for center in centers.tolist()
    ]
    clipped = [[min(max(v, info.min), info.max) for v in row] for row in rows]
    return np.array(clipped, dtype)
