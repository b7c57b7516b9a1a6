"""Blocks: a long array worked on piece by piece, in threads."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

#: Samples in a block: enough to make Python's share vanish, and few enough to spread.
SIZE = 2**18


def n_threads() -> int:
    """Return the number of processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS or Windows
        return os.cpu_count() or 1


@cache
def _executor(n: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n, thread_name_prefix="napari-kmeans")


def spans(n: int, size: int) -> list[tuple[int, int]]:
    """Return the (start, stop) of the blocks of n samples."""
    return [(start, min(start + size, n)) for start in range(0, n, size)]


def map_blocks(
    function: Callable[[int, int], T], n: int, size: int | None = None
) -> list[T]:
    """Call ``function(start, stop)`` for each block of n samples, in threads.

    Parameters
    ----------
    function : callable
        Must let go of the GIL to gain from threads; must not call `map_blocks`.
    n : int
        Number of samples; 0 calls nothing.
    size : int, optional
        Samples in a block.

    Returns
    -------
    list
        What the calls returned, in the order of the blocks, whatever thread ran them.

    Examples
    --------
    >>> map_blocks(lambda start, stop: stop - start, 10, size=4)
    [4, 4, 2]
    """
    blocks = spans(n, size or SIZE)
    threads = min(n_threads(), len(blocks))
    if threads < 2:
        return [function(start, stop) for start, stop in blocks]
    return list(_executor(threads).map(lambda block: function(*block), blocks))
