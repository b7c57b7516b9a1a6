"""Calls: a function of each of several things that take long, as files do to be read.

In threads, or on the workers of a cluster where there is one.
"""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from itertools import islice
from typing import TYPE_CHECKING, Any

from . import lazy
from .progress import PATIENCE, at
from .threads import keep, n_parallel, serially

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor, Future

#: Calls that a thread knows of: one more than it works on.
AHEAD = 2


def take_calls(
    take: Callable[[int, Any], None],
    function: Callable[..., Any],
    args: Sequence[tuple[Any, ...]],
) -> None:
    """Call ``function(*args[i])`` for each i; call ``take(i, result)`` here for each.

    As soon as it is there, so that not all results are held at once. What is called
    starts no more threads. While it is waited for, progress is told; where that stops
    it, or a call raises, those whose turn has not come are given up.

    Parameters
    ----------
    take, function : callable
    args : sequence of tuple

    Examples
    --------
    >>> found = {}
    >>> take_calls(found.__setitem__, pow, [(2, 3), (3, 2)])
    >>> sorted(found.items())
    [(0, 8), (1, 9)]
    """
    executor, n_threads = _executor()
    todo, n_done = iter(enumerate(args)), 0
    waiting: dict[Future[Any], int] = {}
    try:
        while n_done < len(args):
            at(n_done / len(args))
            for index, given in islice(todo, AHEAD * n_threads - len(waiting)):
                waiting[executor.submit(serially, function, *given)] = index
            for future in wait(waiting, PATIENCE, FIRST_COMPLETED).done:
                take(waiting.pop(future), future.result())
                n_done += 1
    finally:
        for future in waiting:
            future.cancel()
        executor.shutdown(wait=False)


def _executor() -> tuple[Executor, int]:
    """Return what calls functions, and how many at once; it is to be shut down."""
    n = n_parallel()
    return lazy.executor() or (ThreadPoolExecutor(n, "napari-kmeans-calls", keep), n)
