"""Blocks: arrays worked on piece by piece, in threads or by dask's workers.

The one module that knows how dask runs what it is given.
"""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import accumulate, product
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

T = TypeVar("T")

#: Samples in a block: enough to make Python's share vanish, and few enough to spread.
SIZE = 2**18

#: Seconds after which a run that waits for a block looks whether it should stop.
PATIENCE = 0.1

_thread = threading.local()


class Canceled(Exception):
    """Ends the tasks that are left when a run is stopped."""


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
    threads = 1 if _is_worker() else min(n_threads(), len(blocks))
    if threads < 2:
        return [function(start, stop) for start, stop in blocks]
    calls = _executor(threads).map(lambda block: serially(function, *block), blocks)
    return list(calls)


def _is_worker() -> bool:
    return getattr(_thread, "is_worker", False)


def serially(function: Callable[..., T], *args: Any) -> T:
    """Call a function in a thread that is one of several: it starts no more of them."""
    before = _is_worker()
    _thread.is_worker = True
    try:
        return function(*args)
    finally:
        _thread.is_worker = before


def is_lazy(array: Any) -> bool:
    """Whether an array is one of dask's."""
    dask_array = sys.modules.get("dask.array")
    return dask_array is not None and isinstance(array, dask_array.Array)


def is_distributed() -> bool:
    """Whether a client of dask.distributed is active."""
    return _client() is not None


def _client() -> Any:
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    try:
        return distributed.get_client()
    except ValueError:
        return None


def each_block(
    array: Any, function: Callable[..., T], *args: Any
) -> Generator[float, None, list[T]]:
    """Call ``function(block, start, *args)`` for each chunk of an array of dask.

    `start` is where the chunk begins. Between chunks, the part that is done is yielded.
    """
    import dask

    call = dask.delayed(_on_chunk, pure=False)
    starts = product(*(accumulate((0, *sizes[:-1])) for sizes in array.chunks))
    chunks = zip(array.to_delayed().ravel(), starts, strict=True)
    tasks = [call(function, chunk, start, args) for chunk, start in chunks]
    return (yield from run(tasks))


def _on_chunk(
    function: Callable[..., T], chunk: Any, start: tuple[int, ...], args: Any
) -> T:
    return serially(function, chunk, start, *args)


def run(tasks: Sequence[Any]) -> Generator[float, None, list[Any]]:
    """Compute dask's delayed values, on the workers of a cluster where there is one.

    Yields
    ------
    float
        The part of the tasks that is done, at least each `PATIENCE` seconds. Where the
        generator is closed, tasks that have not begun are given up.

    Returns
    -------
    list
        What the tasks returned, in their order.
    """
    client = _client()
    done: SimpleQueue[tuple[int, Any, BaseException | None]] = SimpleQueue()
    start = _start_here if client is None else _start_there
    stop = start(client, tasks, done)
    results: list[Any] = [None] * len(tasks)
    n_done = 0
    try:
        while n_done < len(tasks):
            try:
                index, result, error = done.get(timeout=PATIENCE)
            except Empty:
                yield n_done / len(tasks)
                continue
            if error is not None:
                raise error
            results[index] = result
            n_done += 1
            yield n_done / len(tasks)
    finally:
        stop()
    return results


def _start_here(_client: None, tasks: Sequence[Any], done: Any) -> Callable[[], None]:
    """Start tasks in threads; return what stops them."""
    import dask

    stopped = threading.Event()

    def put(index: int, result: Any) -> None:
        if stopped.is_set():
            raise Canceled
        done.put((index, result, None))

    puts = [dask.delayed(put, pure=False)(i, task) for i, task in enumerate(tasks)]

    def work() -> None:
        try:
            dask.compute(*puts, scheduler="threads")
        except Canceled:
            pass
        except BaseException as error:
            done.put((-1, None, error))

    threading.Thread(target=work, name="napari-kmeans-blocks", daemon=True).start()
    return stopped.set


def _start_there(client: Any, tasks: Sequence[Any], done: Any) -> Callable[[], None]:
    """Start tasks on the workers of a cluster; return what stops them."""
    futures = client.compute(list(tasks))

    def finish(index: int, future: Any) -> None:
        if future.status == "error":
            done.put((index, None, future.exception()))
        elif future.status == "finished":
            done.put((index, future.result(), None))

    for index, future in enumerate(futures):
        future.add_done_callback(lambda future, index=index: finish(index, future))
    return lambda: client.cancel(futures)
