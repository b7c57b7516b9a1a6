"""Quantizers: what gives pixels the label and the color of their center."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .. import kernels
from ..cluster.sums import label_dtype, nearest
from ..data.codes import Codes, count, look_up, packed_rgb, words_of
from ..data.counted import Colors
from ..data.pixels import Pixels
from ..data.samples import from_pixels
from ..run.lazy import is_lazy
from ..run.memory import zeros
from ..run.threads import map_blocks, serially

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from ..data.frame import Frame
    from ..data.samples import Samples
    from ..data.stream import Stream

#: From so many pixels on, colors are counted, and each is labeled once.
MANY = 2**22


@dataclass(frozen=True, eq=False)
class Quantizer:
    """Centers, and what is needed to find the nearest of a pixel.

    Attributes
    ----------
    centers : (n_centers, n_channels) float64
        In the frame.
    values : (k, n_channels)
        What pixels of each cluster become, in the dtype of the image.
    frame : Frame
    codes : Codes or None
        The numbers of the colors, where these were counted.
    table : (n_codes,) uint8 or uint16, or None
        The label of each color that occurs in an image, where it is to be looked up. A
        palette, which is for any image, has none.
    owners : (n_centers,) intp, or None
        The cluster, from 0, that each of `centers` is of, where some have several, or
        none: those never label a pixel.
    reject : float or None
        Farther than this from every center, in the units in which distances are
        measured, pixels are of no cluster: their label is 0.
    """

    centers: NDArray[np.float64]
    values: NDArray[Any]
    frame: Frame
    codes: Codes | None = None
    table: NDArray[Any] | None = None
    owners: NDArray[np.intp] | None = None
    reject: float | None = None

    @property
    def label_dtype(self) -> type[np.unsignedinteger[Any]]:
        """The dtype of labels."""
        return label_dtype(len(self.values))

    @property
    def merged(self) -> bool:
        """Whether there is a cluster of several centers."""
        owners = self.owners
        return owners is not None and len(np.unique(owners)) < len(owners)

    def tabled(self, samples: Samples, labels: NDArray[Any]) -> Quantizer:
        """Return the same for the samples of these labels, if these are colors.

        It looks their labels up, and so knows no other colors: it is for these alone.
        """
        if not isinstance(samples, Colors):
            return self
        return replace(self, codes=samples.codes, table=samples.table(labels))

    def numbered(self, nearest: NDArray[Any]) -> NDArray[Any]:
        """Return the labels, 1..k, or 0, of the indices of nearest centers.

        An index that no center has is of what is too far from all.
        """
        if self.owners is None and self.reject is None:
            return np.asarray(nearest + nearest.dtype.type(1))
        n = len(self.centers)
        owners = np.arange(n) if self.owners is None else self.owners
        return np.asarray(np.append(owners + 1, 0).astype(self.label_dtype)[nearest])

    @cached_property
    def _packed(self) -> bytes | None:
        """The table with little room for the colors that do not occur."""
        return None if self.table is None else zlib.compress(self.table.data, level=1)

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"table": None, "_packed": self._packed}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        if self._packed is not None:
            unpacked = np.frombuffer(zlib.decompress(self._packed), self.label_dtype)
            vars(self)["table"] = unpacked.copy()  # or it could not be written to

    def label(
        self, pixels: Pixels, valid: NDArray[np.bool_] | None
    ) -> NDArray[np.unsignedinteger[Any]]:
        """Return the labels of pixels, 1..k, and 0 for those left out."""
        channels = pixels.channels
        if valid is not None:
            channels = [channel[valid] for channel in channels]
        labels = self.label_channels(channels)
        if valid is not None:
            everywhere = np.zeros(valid.size, labels.dtype)
            everywhere[valid] = labels
            labels = everywhere
        return labels.reshape(pixels.shape)

    def label_valid(self, pixels: Pixels) -> NDArray[np.unsignedinteger[Any]]:
        """Return the labels of pixels, 0 for those that are not valid."""
        return self.label(pixels, pixels.valid()[0])

    def label_channels(self, channels: list[NDArray[Any]]) -> NDArray[Any]:
        """Return the labels of pixels, given channel by channel: (n,)."""
        if channels[0].size == 0:
            return np.empty(0, self.label_dtype)
        if self.table is not None and self.codes is not None:
            return look_up(channels, self.codes, self.table)
        if channels[0].size >= MANY:
            codes = Codes.of_dtype(channels[0].dtype, len(channels))
            if codes is not None and not codes.are_scattered(channels):
                return self._label_colors(channels, codes)
        return self._label_each(channels)

    def _label_each(self, channels: list[NDArray[Any]]) -> NDArray[Any]:
        """Return the labels of pixels, each compared with the centers."""
        samples = from_pixels(channels, frame=self.frame)
        found = samples.each(nearest, self.centers, self.reach)
        return self.numbered(np.concatenate(found))

    def _label_colors(self, channels: list[NDArray[Any]], codes: Codes) -> NDArray[Any]:
        """Return the labels of pixels, each color compared with the centers once."""
        occurring, _ = count(channels, codes)
        labels = self._label_each(codes.channels(occurring, channels[0].dtype))
        table = zeros(codes.n, labels.dtype, scattered=False)
        table[occurring] = labels
        return look_up(channels, codes, table)

    @property
    def reach(self) -> float | None:
        """`reject` as the frame has it."""
        return None if self.reject is None else self.reject / self.frame.unit

    def paint(self, pixels: Pixels, labels: NDArray[Any]) -> NDArray[Any]:
        """Return the image, each labeled pixel in the color of its center."""
        image = pixels.image
        everywhere = labels.size > 0 and labels.min() > 0
        if image.shape[-1] == pixels.n_channels and everywhere:
            painted = np.empty(image.shape, image.dtype)
        else:
            painted = image.copy(order="C")
        # Bytes are bytes: one compiled kernel for each size of a pixel's value.
        raw = np.dtype(f"u{image.dtype.itemsize}")
        rows = painted.reshape(labels.size, -1).view(raw)
        colors = np.ascontiguousarray(self.values).view(raw)
        flat = labels.reshape(-1)
        rgb = everywhere and raw == np.uint8 and rows.shape[1] == colors.shape[1] == 3
        packed = packed_rgb(colors) if rgb else None

        def part(start: int, stop: int) -> None:
            done = start
            if packed is not None:
                words = words_of(list(rows[start:stop].T), write=True)
                kernels.paint4(flat[start:], packed, words, 0, words.size // 3)
                done += words.size // 3 * 4
            kernels.paint(flat, colors, rows, done, stop)

        map_blocks(part, flat.size)
        return painted


class Labeler(Protocol):
    """What labels and paints the pixels of a block, as a `Quantizer` does."""

    @property
    def label_dtype(self) -> DTypeLike:
        """The dtype of labels."""

    def label_valid(self, pixels: Pixels, *beside: Any) -> NDArray[Any]:
        """Return the labels of pixels, 0 for those that are not valid."""

    def paint(self, pixels: Pixels, labels: NDArray[Any], *beside: Any) -> NDArray[Any]:
        """Return the image, each labeled pixel in the color of its center."""


def quantize_lazily(labeler: Labeler, stream: Stream, *beside: Any) -> tuple[Any, Any]:
    """Return labels and quantized image, channels last, of dask: made when asked for.

    In the blocks of the stream.

    Parameters
    ----------
    labeler : Labeler
    stream : Stream
    *beside : dask.array.Array and tuple of int, in turn
        What else the labeler is to get of each block, and the axes of the labels along
        which that lies.
    """
    import dask
    import dask.array as da

    image = stream.image.rechunk({stream.image.ndim - 1: -1})
    axes = tuple(range(image.ndim))
    mask: tuple[Any, Any] = (None, None)
    if stream.mask is not None:
        mask = (stream.chunked_mask(image.chunks[:-1]), axes[:-1])
    given = {
        # Once in the graph, not once a block.
        "labeler": dask.delayed(labeler, traverse=False),
        "n_channels": stream.n_channels,
        "no_data": stream.no_data,
    }

    def mapped(function: Any, axes: Any, dtype: DTypeLike, *arrays: Any) -> Any:
        meta = np.empty((0,) * len(axes), dtype)
        return da.blockwise(
            function, axes, *arrays, **given, concatenate=True, dtype=dtype, meta=meta
        )

    labels = mapped(
        _label_block, axes[:-1], labeler.label_dtype, image, axes, *mask, *beside
    )
    quantized = mapped(
        _paint_block, axes, image.dtype, image, axes, labels, axes[:-1], *beside
    )
    return labels, quantized


def repaint(
    labeler: Labeler, image: Any, n_channels: int, labels: Any, *beside: Any
) -> Any:
    """Return an image, channels last, each labeled pixel in the color of its center.

    Parameters
    ----------
    labeler : Labeler
    image : array
        Of NumPy or dask; then so are the labels, and what is returned.
    n_channels : int
    labels : array
    *beside : array and tuple of int, in turn
        As for `quantize_lazily`; of NumPy where the image is.
    """
    if not is_lazy(image):
        pixels = Pixels(image, n_channels)
        return labeler.paint(pixels, np.ascontiguousarray(labels), *beside[::2])
    import dask
    import dask.array as da

    image = image.rechunk({image.ndim - 1: -1})
    axes = tuple(range(image.ndim))
    return da.blockwise(
        *(_paint_block, axes, image, axes, labels, axes[:-1], *beside),
        labeler=dask.delayed(labeler, traverse=False),
        n_channels=n_channels,
        no_data=None,
        concatenate=True,
        dtype=image.dtype,
        meta=np.empty((0,) * image.ndim, image.dtype),
    )


def _label_block(
    image: NDArray[Any],
    mask: NDArray[np.bool_] | None,
    *beside: NDArray[Any],
    labeler: Labeler,
    n_channels: int,
    no_data: float | None,
) -> NDArray[Any]:
    pixels = Pixels(np.asarray(image), n_channels, mask, no_data)
    return serially(labeler.label_valid, pixels, *beside)


def _paint_block(
    image: NDArray[Any],
    labels: NDArray[Any],
    *beside: NDArray[Any],
    labeler: Labeler,
    n_channels: int,
    no_data: float | None,
) -> NDArray[Any]:
    pixels = Pixels(np.asarray(image), n_channels, None, no_data)
    return serially(labeler.paint, pixels, np.ascontiguousarray(labels), *beside)
