"""Threads: arrays in memory worked on piece by piece, on all processors."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from .systems import n_processors

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

#: Samples in a block: enough to make Python's share vanish, and few enough to spread.
SIZE = 2**18

#: Whether this is one of several threads, which starts no more of them.
_is_worker: ContextVar[bool] = ContextVar("is_worker", default=False)


def n_threads() -> int:
    """Return the number of processors this process may use, or dask's `num_workers`."""
    dask = sys.modules.get("dask")
    limit = dask.config.get("num_workers", None) if dask else None
    most = n_processors()
    return min(most, limit or most)


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
        Must let go of the GIL to gain from threads. Where it calls `map_blocks`, that
        runs in its own thread.
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
    threads = min(n_parallel(), len(blocks))
    if threads < 2:
        return [function(start, stop) for start, stop in blocks]
    calls = _executor(threads).map(lambda block: serially(function, *block), blocks)
    return list(calls)


def n_parallel() -> int:
    """Return the number of threads that `map_blocks` may use in this one."""
    return 1 if _is_worker.get() else n_threads()


class _Kept(threading.local):
    """What a thread keeps; None in threads that go on when the work is done."""

    things: dict[Any, Any] | None = None


_kept = _Kept()


def keep() -> None:
    """Let this thread, which ends with the work, keep what `kept` makes."""
    _kept.things = {}


def kept(key: Any, make: Callable[[], T]) -> tuple[T, bool]:
    """Return what this thread has kept, or makes now, and whether it keeps it.

    For what takes as long to make as to use, and can be used again and again.
    """
    things = _kept.things
    if things is None:
        return make(), False
    if key not in things:
        things[key] = make()
    return things[key], True


def serially(function: Callable[..., T], *args: Any) -> T:
    """Call a function in a thread that is one of several: it starts no more of them."""
    token = _is_worker.set(True)
    try:
        return function(*args)
    finally:
        _is_worker.reset(token)
