"""Reading: what a job reads of an image, kept for jobs that would read the same."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import goes_by_blocks, is_labeled, plain
from ..core.run.lazy import is_lazy
from ..core.run.threads import map_blocks
from ..layers.source import stacked

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from napari.layers import Layer
    from numpy.typing import NDArray

    from ..core.data.layout import Layout
    from ..core.options.keywords import ReadOptions
    from ..core.reading.fit import ImageSamples
    from .view import View

#: Bytes of an array that are looked at in one go.
PIECE = 2**20


@dataclass(frozen=True, eq=False)
class Reading:
    """What is read of one or several layers, and how.

    Attributes
    ----------
    data : list of arrays
        In full resolution; of several layers, each is a channel.
    cut : tuple of slice
        The part of each that is read; by default all.
    options : dict
        As for `read_samples`; without the mask.
    mask : callable or None
        Returns that of the whole: to make it may take long.
    by_blocks : bool
        Whether the image is too large to be read as a whole.
    """

    data: list[Any]
    cut: tuple[slice, ...]
    options: ReadOptions
    mask: Callable[[], NDArray[np.bool_]] | None
    by_blocks: bool

    def image(self) -> Any:
        """Return the image as one array; of dask where it is that, or too large."""
        data = list(map(plain, self.data))
        if self.by_blocks:
            import dask.array as da

            data = [da.asarray(array) for array in data]
        parts = [array[self.cut] for array in data]
        return stacked(parts) if "channel_axis" in self.options else parts[0]

    @property
    def layout(self) -> Layout:
        """What the axes and the values of the image are."""
        from ..core.data.layout import Layout
        from ..core.validation import check_channel_names

        options, rgb = self.options, bool(self.options["rgb"])
        axis, n = 0 if "channel_axis" in options else None, 3 if rgb else len(self.data)
        names = check_channel_names(options.get("channel_names"), axis, n, rgb)
        dtype = np.result_type(*(data.dtype for data in self.data))
        return Layout(rgb, axis, names, dtype, options.get("no_data"))

    def axes(self, axes: tuple[int, ...]) -> tuple[int, ...]:
        """Return axes of the layers as those of the image."""
        # Channels are stacked in front of all other axes.
        before = "channel_axis" in self.options
        return tuple(axis + before for axis in axes)

    def flat(self) -> Any:
        """Return the image without the axes along which it is a plane of the data."""
        before = (slice(None),) * ("channel_axis" in self.options)
        return self.image()[(*before, *self.flat_cut)]

    @property
    def flat_cut(self) -> tuple[Any, ...]:
        """What takes the axes along which it is a plane from what was read."""
        return tuple(0 if one != slice(None) else one for one in self.cut)

    def seen(self, view: View, sources: list[Layer]) -> Any:
        """Return what a view shows of the image, as one array."""
        parts = [plain(view.data(source)) for source in sources]
        return stacked(parts) if "channel_axis" in self.options else parts[0]

    def inside(self) -> NDArray[np.bool_] | None:
        """Return the mask of the part that is read."""
        return None if self.mask is None else self.mask()[self.cut]

    def masked(self, inside: NDArray[np.bool_] | None) -> ReadOptions:
        """Return the options with the mask."""
        return {**self.options, "mask": inside}

    def is_like(self, other: Reading) -> bool:
        """Whether the same is read, and alike, as far as can be told at once."""
        return (
            len(self.data) == len(other.data)
            and all(a is b for a, b in zip(self.data, other.data, strict=True))
            and (self.cut, self.options) == (other.cut, other.options)
            and self.by_blocks == other.by_blocks
        )


@dataclass(frozen=True, eq=False)
class Kept:
    """Samples, and by what it is told whether another reading would find the same.

    Attributes
    ----------
    samples : ImageSamples
    reading : Reading
        What was read.
    inside : array of bool, or None
        The mask.
    marks : list
        Of each array, as it was before it was read.
    """

    samples: ImageSamples
    reading: Reading
    inside: NDArray[np.bool_] | None
    marks: list[Hashable]

    @classmethod
    def of(
        cls,
        samples: ImageSamples,
        reading: Reading,
        inside: NDArray[np.bool_] | None,
        marks: list[Hashable],
    ) -> Kept | None:
        """Return samples as they can be kept; None where a change would go unseen."""
        if None in marks:
            return None
        return cls(samples, replace(reading, mask=None), inside, marks)

    @property
    def nbytes(self) -> int:
        """How many bytes are kept, besides the arrays of the layers."""
        copies = [] if self.inside is None else [self.inside]
        if pixels := getattr(self.samples, "pixels", None):  # in memory, not in blocks
            data = self.reading.data
            arrays = [array for array in data if not goes_by_blocks(array)]
            held = [plain(array) for array in arrays]
            if not any(np.may_share_memory(pixels.image, array) for array in held):
                copies.append(pixels.image)
        return self.samples.nbytes + sum(copy.nbytes for copy in copies)

    def holds(self, inside: NDArray[np.bool_] | None, *, look: bool = True) -> bool:
        """Whether mask and data are still what they were.

        Also within an array, at which it looks for that.
        """
        same = is_same(inside, self.inside)
        return same and not (look and marks_of(self.reading) != self.marks)


def is_same(mask: Any, other: Any) -> bool:
    """Whether two masks, or None, are of the same pixels."""
    if mask is None or other is None:
        return mask is other
    return bool(np.array_equal(mask, other))


def marks_of(reading: Reading) -> list[Hashable]:
    """Return, for each array that is read, a mark that changes with its values.

    None where there is no such mark, as of what lies on disk.
    """
    return [_mark(array, reading.cut) for array in reading.data]


def _mark(array: Any, cut: tuple[slice, ...]) -> Hashable:
    if is_labeled(array):
        if array.chunks is None and goes_by_blocks(array):  # it lies on disk
            return None
        array = plain(array)
    if is_lazy(array):  # each change of one of dask's gives it another name
        return str(array.name)
    if not isinstance(array, np.ndarray) or isinstance(array, np.memmap):
        return None
    array = array[cut]
    # Rows as they lie in memory, so that pieces need not be copied, however they are.
    lying = np.argsort([-abs(stride) for stride in array.strides], kind="stable")
    rows = array.transpose(lying)
    if rows.flags.c_contiguous:
        rows = rows.reshape(-1)
    size = max(1, PIECE * len(rows) // max(array.nbytes, 1))

    def look(start: int, stop: int) -> int:
        return zlib.crc32(np.ascontiguousarray(rows[start:stop]).data)

    return tuple(map_blocks(look, len(rows), size))
