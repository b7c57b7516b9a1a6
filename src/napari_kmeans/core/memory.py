"""Memory: what a run needs, and what there is."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

#: Bytes of the tables in which colors are counted and looked up.
TABLES = 150_000_000

#: Bytes of a process before it reads; of one that reads an image block by block in a
#: single thread; and of each thread more: measured, and rounded up.
PROCESS, STREAMING, THREAD = 300_000_000, 600_000_000, 150_000_000


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
