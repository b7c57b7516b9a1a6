"""Arrays: whatever is given as one, as an array of NumPy or of dask."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from .run.lazy import is_lazy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Stored chunks that are less along the last two axes are read together: each takes a
#: task of its own. At most so many values are, that a block is some megabytes.
EDGE, MOST = 2**10, 2**22


def is_labeled(values: Any) -> bool:
    """Whether it is a DataArray of xarray, which is never imported for this."""
    xarray = sys.modules.get("xarray")
    known = getattr(xarray, "DataArray", None)  # it may be half imported
    return known is not None and isinstance(values, known)


def is_chunked(values: Any) -> bool:
    """Whether it says its shape, dtype and chunks, as arrays of zarr and h5py do."""
    if isinstance(values, np.ndarray) or is_lazy(values) or is_labeled(values):
        return False
    # Of h5py, a dataset that lies in one piece has chunks of None.
    told = ("shape", "dtype", "chunks", "__getitem__")
    return all(hasattr(values, name) for name in told)


def goes_by_blocks(values: Any) -> bool:
    """Whether `plain` gives an array of dask."""
    if is_labeled(values):
        return values.chunks is not None or not _is_loaded(values)
    return is_lazy(values) or is_chunked(values)


def plain(values: Any) -> Any:
    """Return what says its shape, dtype and chunks as an array of dask.

    Nothing is read before it is asked for. The same array has the same name, as far as
    dask can tell: so two results of it have a block of it in common. Of a DataArray it
    is the data; anything else is returned as it is.

    Raises
    ------
    ModuleNotFoundError
        Without dask.
    """
    if is_labeled(values):
        if values.chunks is None and not _is_loaded(values):
            _check_dask(values)
            values = values.chunk("auto")
        return plain(values.data)
    if not is_chunked(values):
        return values
    _check_dask(values)
    import dask.array as da

    shape, dtype = tuple(map(int, values.shape)), np.dtype(values.dtype)
    stored = getattr(values, "shards", None) or values.chunks
    return da.from_array(
        values,
        chunks=_blocks(stored, shape, dtype),
        # As a task of its own it would have dask list all chunks to take some.
        inline_array=True,
        meta=np.empty((0,) * len(shape), dtype),
    )


def _is_loaded(values: Any) -> bool:
    """Whether a DataArray is in memory: one of an opened file is not, but is no dask's.

    There is no public way to ask for that without reading it.
    """
    return bool(getattr(values.variable, "_in_memory", True))


def _check_dask(values: Any) -> None:
    try:
        import dask.array  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{kind(values)} needs dask, which is missing, to be read by blocks: pip "
            "install 'napari-kmeans[zarr]'."
        ) from error


def _blocks(stored: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """Return chunks for dask: whole stored ones, small ones joined in their plane.

    Examples
    --------
    >>> _blocks((1, 64, 100), (9, 300, 5000), np.dtype(np.uint8))
    ((1, 1, 1, 1, 1, 1, 1, 1, 1), (300,), (1000, 1000, 1000, 1000, 1000))
    >>> _blocks(None, (30_000, 2_000), np.dtype(np.float64))[1]
    (2000,)
    """
    from dask.array.core import normalize_chunks

    if not isinstance(stored, (tuple, list)) or len(stored) != len(shape):
        stored = "auto"
    elif all(isinstance(size, (int, np.integer)) for size in stored):
        stored = _joined([max(1, int(size)) for size in stored], shape)
    return normalize_chunks(stored, shape, limit=MOST * dtype.itemsize, dtype=dtype)


def _joined(sizes: list[int], shape: Sequence[int]) -> tuple[int, ...]:
    for axis in range(len(shape))[-2:][::-1]:
        room = min(EDGE // sizes[axis], MOST // math.prod(sizes))
        sizes[axis] = min(shape[axis], sizes[axis] * max(1, room))
    return tuple(sizes)


def kind(values: Any) -> str:
    """Return what an object is, for messages.

    Examples
    --------
    >>> import datetime
    >>> kind(datetime.date.today()), kind("text")
    ('datetime.date', 'str')
    """
    cls = type(values)
    package = cls.__module__.partition(".")[0]
    return cls.__name__ if package == "builtins" else f"{package}.{cls.__name__}"


def held(name: str, values: Any) -> NDArray[Any]:
    """Return an array of NumPy; raise where something is none, or is on another device.

    Raises
    ------
    TypeError
        Naming what it is, and what its own library says.
    """
    try:
        array = np.asarray(values)
        is_found = array.dtype != object or array.ndim > 0
        if not is_found and hasattr(values, "__dlpack__"):
            array = np.from_dlpack(values)
    except Exception as error:  # of other libraries, which may raise anything
        raise TypeError(
            f"{name} of {kind(values)}{_place(values)} should be an array in main "
            f"memory: {_reason(error)}."
        ) from error
    if array.dtype == object and array.ndim == 0:
        dense = any(hasattr(values, name) for name in ("toarray", "todense"))
        found = f", as its attribute {name} is" if hasattr(values, name) else ""
        found = ", as its toarray() gives" if dense else found
        raise TypeError(f"{name} of {kind(values)} should be an array{found}.")
    return array


def _place(values: Any) -> str:
    device = getattr(values, "device", None)
    return "" if device is None or str(device) == "cpu" else f" on {device}"


def _reason(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
