"""Memory: what a run needs, and what there is."""

from __future__ import annotations

import math
import mmap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .lazy import is_lazy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import DTypeLike, NDArray

#: Bytes of the tables in which colors are counted and looked up.
TABLES = 150_000_000

#: Bytes of a page of memory, and how many it is faster to get one by one.
PAGE, FEW_PAGES = 2**12, 2**10

#: Bytes of a process before it reads; of one that reads an image block by block in a
#: single thread; and of each thread more: measured, and rounded up.
PROCESS, STREAMING, THREAD = 300_000_000, 600_000_000, 150_000_000


def are_scattered(some: NDArray[Any], dtype: DTypeLike) -> bool:
    """Whether some indices of a table, unsigned, lie in so many of its pages."""
    per_page = PAGE // np.dtype(dtype).itemsize
    return np.unique(some // np.uint32(per_page)).size > FEW_PAGES


def zeros(n: int, dtype: DTypeLike, *, scattered: bool) -> NDArray[Any]:
    """Return n zeros, for a table that is to be written to in many pages or in few.

    Of few, only those pages are in memory that are written to. `numpy.zeros` asks for
    large pages, in which little is left out, but which are sooner there than as many
    small ones.

    Examples
    --------
    >>> zeros(3, "uint8", scattered=False).tolist()
    [0, 0, 0]
    """
    if scattered:
        return np.zeros(n, dtype)
    return np.frombuffer(mmap.mmap(-1, n * np.dtype(dtype).itemsize), dtype)


def free_memory() -> int:
    """Return the bytes of memory that are free."""
    import psutil

    return int(psutil.virtual_memory().available)


def keepable(nbytes: int) -> bool:
    """Whether there is room to keep so much for later: a quarter of what is free.

    For what spares a computation, not for what one needs; ask again from time to time.
    """
    return nbytes <= free_memory() // 4


def forecast(shape: tuple[int, ...], dtype: np.dtype[Any], *, rgb: bool) -> int:
    """Return the bytes that quantizing an image in memory needs, above its own.

    Parameters
    ----------
    shape : tuple of int
        With the channels where it is in color.
    dtype : numpy.dtype
    rgb : bool
        Whether its last axis is color.

    Examples
    --------
    >>> import numpy as np
    >>> forecast((100, 1000, 1000), np.dtype(np.float32), rgb=False)
    1200000000
    """
    values = math.prod(shape)
    pixels = values // shape[-1] if rgb else values
    # Labels, what is valid, and the quantized image.
    needed = 2 * pixels + values * dtype.itemsize
    if dtype.kind in "biu" and dtype.itemsize * (3 if rgb else 1) <= 3:
        return needed + TABLES
    single = dtype.itemsize <= 2 or dtype == "float32"
    # The samples, their labels, and numbers in between.
    return needed + values * (4 if single else 8) + 2 * pixels


@dataclass(frozen=True)
class Budget:
    """The most memory that a process may take, and what that allows.

    Attributes
    ----------
    n_bytes : int

    Examples
    --------
    >>> budget = Budget(1_000_000_000)
    >>> budget.n_threads(64), budget.of_pixels
    (3, 200000000)
    """

    n_bytes: int

    def n_threads(self, most: int) -> int:
        """Return how many threads may read blocks, one at least, of these."""
        return min(most, 1 + max(0, self.n_bytes - STREAMING) // THREAD)

    @property
    def of_pixels(self) -> int:
        """What the pixels of an image of dask may take: `memory` of `quantize`.

        Twice that is needed at its peak.
        """
        return max(1, (self.n_bytes - STREAMING) // 2)


def least(
    image: Any, *, axes: Sequence[int] | None = None, is_result_held: bool = True
) -> int:
    """Return the bytes that a process needs, at least, to quantize an image.

    Parameters
    ----------
    image : array
        Of NumPy, or of dask, which is read block by block.
    axes : sequence of int, optional
        Where each plane along these is clustered on its own. A plane is held.
    is_result_held : bool, default True
        Whether the result is held as a whole, too, or also goes block by block.

    Examples
    --------
    >>> import numpy as np
    >>> least(np.zeros((100, 1000, 1000), np.float32))
    1900000000
    """
    if not is_lazy(image):
        return PROCESS + _held(image.shape, image.dtype)
    needed = STREAMING
    if axes is not None:
        along = {axis % image.ndim for axis in axes}
        plane = (n for axis, n in enumerate(image.shape) if axis not in along)
        needed += _held(tuple(plane), image.dtype)
    return needed + (3 * int(image.nbytes) if is_result_held else 0)


def _held(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """Return the bytes of an image in memory, and of quantizing it."""
    return math.prod(shape) * dtype.itemsize + forecast(shape, dtype, rgb=False)
