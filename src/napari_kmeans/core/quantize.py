"""Quantization: images to clusters and back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from . import kernels, lloyd, validation
from .blocks import map_blocks
from .criteria import Criteria
from .kmeans import LUMINANCE, MAX_SAMPLES, Settings, cluster
from .progress import Progress, exhaust
from .result import QuantizedImage, to_dtype, versions
from .samples import Codes, Colors, count, from_colors, from_pixels, spread

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Pixels:
    """An image as a row of pixels in C order.

    Attributes
    ----------
    image : array
        With the channels, where there are any, as last axis.
    n_channels : int
        Channels to cluster by: without alpha.
    shape : tuple of int
        Shape of the image without channels.
    """

    image: NDArray[Any]
    n_channels: int
    shape: tuple[int, ...]

    @classmethod
    def of(cls, image: NDArray[Any], rgb: bool, channel_axis: int | None) -> Pixels:
        """Find the channels of a validated image."""
        if channel_axis is not None:
            image = np.moveaxis(image, channel_axis, -1)
            return cls(image, image.shape[-1], image.shape[:-1])
        if rgb:
            return cls(image, 3, image.shape[:-1])
        return cls(image[..., np.newaxis], 1, image.shape)

    @property
    def channels(self) -> list[NDArray[Any]]:
        """The channels to cluster by, each (n,), in native byte order.

        Views of the image where its memory allows.
        """
        native = self.image.dtype.newbyteorder("=")
        return [
            self.image[..., channel].reshape(-1).astype(native, copy=False)
            for channel in range(self.n_channels)
        ]

    def valid(self, mask: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
        """Return which pixels take part, (n,); None for all.

        Left out are those outside the mask, with a channel that is not finite, and,
        where there is alpha, the fully transparent.
        """
        n = int(np.prod(self.shape))
        if mask is None and self.image.dtype.kind != "f" and not self._has_alpha:
            return None
        valid = np.ones(n, np.bool_) if mask is None else mask.reshape(-1).copy()
        channels = self.channels if self.image.dtype.kind == "f" else []
        alpha = self.image[..., 3].reshape(-1) if self._has_alpha else None

        def narrow(start: int, stop: int) -> None:
            for channel in channels:
                valid[start:stop] &= np.isfinite(channel[start:stop])
            if alpha is not None:
                valid[start:stop] &= alpha[start:stop] > 0

        map_blocks(narrow, n)
        return None if valid.all() else valid

    @property
    def _has_alpha(self) -> bool:
        return self.n_channels == 3 and self.image.shape[-1] == 4


def quantize(
    image: ArrayLike,
    k: int = 5,
    *,
    criteria: Criteria | tuple[int, int, float] = Criteria(),  # noqa: B008 (frozen)
    attempts: int = 10,
    init: str | ArrayLike = "random",
    seed: int = 0,
    mask: ArrayLike | None = None,
    rgb: bool | None = None,
    channel_axis: int | None = None,
    max_samples: int | None = MAX_SAMPLES,
    refine: bool = True,
) -> QuantizedImage:
    """Quantize an image to k colors or gray values by k-means.

    Parameters
    ----------
    image : array_like
        At least two axes; booleans, integers or floats of at most 64 bits. Alpha is not
        clustered; pixels that are fully transparent, NaN or infinite are left out.
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
    rgb : bool, optional
        Whether the last axis, of 3 or 4, is color. By default guessed as napari does:
        it is, where the two axes before it are longer than 30.
    channel_axis : int, optional
        The axis of the channels of an image that is not RGB; by default there is none.
    max_samples : int or None, default 65_536
        More pixels than this are searched in a sample of this size, and refined over
        all. None searches all, as the OpenCV tutorials do.
    refine : bool, default True
        Refine the centers in float64 over all pixels. False is plain OpenCV; its
        labels, too, where the whole image was searched.

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
            rgb=rgb,
            channel_axis=channel_axis,
            max_samples=max_samples,
            refine=refine,
        )
    )
    result.warn()
    return result


def quantize_steps(
    image: ArrayLike,
    k: int = 5,
    *,
    mask: ArrayLike | None = None,
    rgb: bool | None = None,
    channel_axis: int | None = None,
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
    pixels = Pixels.of(array, is_rgb, axis)
    checked = Settings.of(pixels.shape, pixels.n_channels, k=k, **settings)
    valid = pixels.valid(validation.check_mask(mask, pixels.shape))
    n_valid = int(np.prod(pixels.shape) if valid is None else valid.sum())
    validation.check_enough(checked.k, n_valid, "image")
    if not checked.refine:
        validation.check_plain("image", pixels.channels, valid)
    record = {"rgb": is_rgb, "channel_axis": axis, "masked": mask is not None}
    return _quantize(array, pixels, valid, n_valid, checked, record)


def _quantize(
    image: NDArray[Any],
    pixels: Pixels,
    valid: NDArray[np.bool_] | None,
    n_valid: int,
    settings: Settings,
    record: dict[str, Any],
) -> Generator[Progress, None, QuantizedImage]:
    def kept(array: NDArray[Any]) -> NDArray[Any]:
        return array if valid is None else array[valid]

    channels = [kept(channel) for channel in pixels.channels]
    initial_labels = settings.initial_labels
    if initial_labels is not None:
        initial_labels = kept(initial_labels.reshape(-1))
    searched = settings.init != "optimal"
    limit = settings.max_samples
    whole = searched and (limit is None or n_valid <= limit)
    yield Progress("Counting colors", 0, settings.n_steps)
    codes = Codes.of(channels)
    taken = (
        from_pixels(channels) if whole or not codes else from_colors(channels, codes)
    )
    if codes and taken.n_colors is None:
        taken = replace(taken, n_colors=len(count(channels, codes)[0]))

    def pick() -> tuple[NDArray[Any], NDArray[np.int32] | None]:
        if whole:
            return taken.values.T, initial_labels
        if initial_labels is None:
            index = spread(taken.n, taken.weights, settings.search_size, settings.seed)
            return taken.values[:, index].T, None
        # Pixels of one color may start from different labels: pick pixels.
        index = spread(n_valid, np.empty(0), settings.search_size, settings.seed)
        if not isinstance(taken, Colors):
            return taken.values[:, index].T, initial_labels[index]
        picked = from_pixels([c[index] for c in channels], origin=taken.origin)
        return picked.values.T, initial_labels[index]

    luminance = LUMINANCE if record["rgb"] else None
    clusters = yield from cluster(
        taken,
        pick,
        settings,
        whole=whole,
        sampled=not whole,
        luminance=luminance,
    )
    labels = taken.label(clusters.labels, channels)
    if valid is not None:
        everywhere = np.zeros(valid.size, labels.dtype)
        everywhere[valid] = labels
        labels = everywhere
    centers = taken.restore(clusters.centers)
    if taken.long:
        palette = _long_palette(clusters.centers, taken.origin, image.dtype)
    else:
        palette = to_dtype(centers, image.dtype)
    low, high = taken.restore(taken.minima).min(), taken.restore(taken.maxima).max()
    return QuantizedImage(
        labels=labels.reshape(pixels.shape),
        centers=centers,
        counts=clusters.weights.astype(np.int64),
        compactness=clusters.compactness,
        n_iter=clusters.n_iter,
        converged=clusters.converged,
        n_excluded=labels.size - n_valid,
        settings=settings.record
        | {"epsilon": clusters.epsilon}
        | record
        | {"versions": versions()},
        quantized=_paint(image, pixels, labels, palette, record["channel_axis"]),
        palette=palette,
        n_colors=taken.n_colors,
        value_range=(float(low), float(high)),
        channels=_channel_names(pixels.n_channels, record["rgb"]),
    )


def extend_labels(
    image: ArrayLike, labels: ArrayLike, k: int, *, rgb: bool
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
        Whether the last axis is color.

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
    pixels = Pixels.of(validation.check_image(image), rgb, None)
    painted = validation.check_painted(labels, k, pixels.shape).reshape(-1)
    valid = pixels.valid(None)
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
        nearest = lloyd.assign(samples, samples.relative(means)).labels
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


def _channel_names(n_channels: int, rgb: bool) -> tuple[str, ...]:
    if rgb:
        return ("red", "green", "blue")
    return ("value",) if n_channels == 1 else tuple(map(str, range(n_channels)))


def _paint(
    image: NDArray[Any],
    pixels: Pixels,
    labels: NDArray[Any],
    palette: NDArray[Any],
    channel_axis: int | None,
) -> NDArray[Any]:
    """Return the image with each labeled pixel in the color of its center."""
    whole = pixels.image.shape[-1] == pixels.n_channels and labels.all()
    if whole:
        painted = np.empty(pixels.image.shape, image.dtype)
    else:
        painted = pixels.image.copy(order="C")
    # Bytes are bytes: one compiled kernel for each size of a pixel's value.
    raw = np.dtype(f"u{image.dtype.itemsize}")
    rows = painted.reshape(labels.size, -1).view(raw)
    colors = np.ascontiguousarray(palette).view(raw)
    map_blocks(
        lambda start, stop: kernels.paint(labels, colors, rows, start, stop),
        labels.size,
    )
    if channel_axis is not None:
        return np.moveaxis(painted, -1, channel_axis)
    return painted.reshape(image.shape)
