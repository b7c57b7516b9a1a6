"""Blocks: arrays worked on piece by piece, in threads or by dask's workers.

The one module that knows how dask runs what it is given.
"""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from itertools import accumulate, islice, product
from queue import Empty, Full, Queue, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from numpy.typing import NDArray

T = TypeVar("T")
R = TypeVar("R")

#: Samples in a block: enough to make Python's share vanish, and few enough to spread.
SIZE = 2**18

#: Seconds after which a run that waits for a block looks whether it should stop.
PATIENCE = 0.1

#: Results of blocks that may wait to be taken: where they are many, blocks wait.
MOST_WAITING = 4

_thread = threading.local()


class Canceled(Exception):
    """Ends the tasks that are left when a run is stopped."""


def n_threads() -> int:
    """Return the number of processors this process may use, or dask's `num_workers`."""
    dask = sys.modules.get("dask")
    limit = dask.config.get("num_workers", None) if dask else None
    try:
        most = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS or Windows
        most = os.cpu_count() or 1
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
    return 1 if _is_worker() else n_threads()


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
        # A task that waits for others would keep them from the thread it runs in.
        distributed.get_worker()
    except ValueError:
        pass
    else:
        return None
    try:
        return distributed.get_client()
    except ValueError:
        return None


def n_tasks() -> int:
    """Return how many tasks dask runs at once: on a cluster where there is one."""
    client = _client()
    return n_threads() if client is None else max(1, sum(client.nthreads().values()))


def each_block(
    arrays: Sequence[Any], function: Callable[..., T], *args: Any
) -> Generator[float, None, list[T]]:
    """Call ``function(chunks, start, *args)`` for each chunk of arrays of dask.

    On the workers of a cluster where there is one, and in threads elsewhere.

    Parameters
    ----------
    arrays : sequence of dask.array.Array
        Of the same chunks. All but the first may lack axes at the end, along which the
        first has a single chunk.
    function : callable
        Gets a list of chunks, one of each array, and where the first begins: a tuple.

    Yields
    ------
    float
        The part of the chunks that is done, at least each `PATIENCE` seconds. Where the
        generator is closed, chunks whose turn has not come are given up.

    Returns
    -------
    list
        What the calls returned, in the order of the chunks.
    """
    results: list[Any] = [None] * arrays[0].npartitions
    yield from take_each(results.__setitem__, arrays, function, *args)
    return results


def take_each(
    take: Callable[[int, Any], None],
    arrays: Sequence[Any],
    function: Callable[..., Any],
    *args: Any,
) -> Generator[float, None, None]:
    """Do what `each_block` does; call ``take(index, result)`` here for each result.

    As soon as it is there, so that all of them are never held at once.
    """
    client = _client()
    start = _here if client is None else _there
    lazy = _mapped(arrays, function, args)
    results = _Results()
    work = threading.Thread(
        target=results.fill_by,
        args=(start, client, lazy),
        name="napari-kmeans-blocks",
        daemon=True,
    )
    work.start()
    try:
        for n_done in range(lazy.npartitions):
            yield n_done / lazy.npartitions
            while not (found := results.get()):
                yield n_done / lazy.npartitions
            take(*found)
    finally:
        results.stop()


def apart(steps: Generator[T, None, R], first: T) -> Generator[T, None, R]:
    """Take steps in another thread; yield the latest again while the next takes long.

    So that what cannot be interrupted can be left: where the generator is closed, the
    thread goes on to the end of its step, unheard.

    Parameters
    ----------
    first : object
        What to yield before there is a step.

    Yields
    ------
    object
        A step, at least each `PATIENCE` seconds.
    """
    told: SimpleQueue[tuple[bool, Any]] = SimpleQueue()
    stopped = threading.Event()

    def work() -> None:
        try:
            while not stopped.is_set():
                told.put((True, next(steps)))
        except BaseException as error:
            told.put((False, error))

    target = partial(serially, work) if _is_worker() else work
    threading.Thread(target=target, name="napari-kmeans-apart", daemon=True).start()
    try:
        while True:
            try:
                going_on, found = told.get(timeout=PATIENCE)
            except Empty:
                yield first
                continue
            if isinstance(found, StopIteration):
                result: R = found.value
                return result
            if not going_on:
                raise found
            first = found
            yield first
    finally:
        stopped.set()


def patiently(function: Callable[..., T], *args: Any) -> Generator[float, None, T]:
    """Call a function in another thread; yield 0.0 now and then while it takes long."""

    def steps() -> Generator[float, None, T]:
        return function(*args)
        yield

    return apart(steps(), 0.0)


def corners(chunks: Sequence[Sequence[int]]) -> Iterator[tuple[int, ...]]:
    """Return where the chunks of an array of dask begin, in C order.

    Examples
    --------
    >>> list(corners(((5, 3), (2,), (4, 1))))
    [(0, 0, 0), (0, 0, 4), (5, 0, 0), (5, 0, 4)]
    """
    return product(*map(_starts, chunks))


def _starts(sizes: Sequence[int]) -> Iterator[int]:
    return accumulate((0, *sizes[:-1]))


def _mapped(arrays: Sequence[Any], function: Callable[..., Any], args: Any) -> Any:
    """Return an array of dask that has the result of a call as each chunk.

    One layer over those of the arrays, whatever the number of chunks.
    """
    import dask
    import dask.array as da

    first = arrays[0]
    aligned = [
        array[(..., *[np.newaxis] * (first.ndim - array.ndim))] for array in arrays
    ]
    return da.map_blocks(
        _on_chunks,
        *aligned,
        starts=[list(_starts(sizes)) for sizes in first.chunks],
        # Once in the graph, not once a chunk.
        call=dask.delayed((function, args), traverse=False),
        **_layer("block", first),
    )


def _layer(name: str, array: Any) -> dict[str, Any]:
    """Return what is said of a layer with a single item for each chunk of an array."""
    return {
        "name": f"{name}-{uuid4().hex}",
        "chunks": tuple((1,) * n for n in array.numblocks),
        "dtype": object,
        "meta": np.empty((0,) * array.ndim, object),
    }


def _on_chunks(
    *chunks: Any,
    starts: list[list[int]],
    call: tuple[Callable[..., T], tuple[Any, ...]],
    block_id: tuple[int, ...],
) -> T:
    function, args = call
    start = tuple(along[i] for along, i in zip(starts, block_id, strict=True))
    return serially(function, list(chunks), start, *args)


class _Results:
    """Results on their way from where they are made to where they are taken."""

    def __init__(self) -> None:
        self._queue: Queue[Any] = Queue(MOST_WAITING)
        self._stopped = threading.Event()

    def get(self) -> tuple[int, Any] | None:
        """Return the next index and result; None where there is none for a while."""
        try:
            found = self._queue.get(timeout=PATIENCE)
        except Empty:
            return None
        if isinstance(found, BaseException):
            raise found
        index, result = found
        return index, result

    def put(self, found: tuple[int, Any] | BaseException) -> None:
        """Hand over a result, or what went wrong, once there is room."""
        while True:
            self.check()
            try:
                return self._queue.put(found, timeout=PATIENCE)
            except Full:
                continue

    def check(self) -> None:
        """Raise `Canceled` where no more are wanted."""
        if self._stopped.is_set():
            raise Canceled

    def stop(self) -> None:
        """Want no more."""
        self._stopped.set()

    def fill_by(self, start: Callable[..., None], client: Any, lazy: Any) -> None:
        """Put the results of all chunks."""
        with suppress(Canceled):
            try:
                start(client, lazy, self)
            except Canceled:
                raise
            except BaseException as error:
                self.put(error)


def _here(_client: None, lazy: Any, results: _Results) -> None:
    """Compute chunks in threads of this process."""
    shape = lazy.numblocks

    def put(result: Any, block_id: tuple[int, ...]) -> NDArray[Any]:
        results.put((int(np.ravel_multi_index(block_id, shape)), result))
        return np.empty((1,) * len(shape), object)

    puts = lazy.map_blocks(put, **_layer("put", lazy))
    # In all but the main thread dask would take four more than there are processors.
    puts.compute(scheduler="threads", num_workers=n_threads())


def _there(client: Any, lazy: Any, results: _Results) -> None:
    """Compute chunks on the workers of a cluster."""
    from dask.core import flatten
    from distributed import futures_of

    by_key = {future.key: future for future in futures_of(client.persist(lazy))}
    futures = dict(enumerate(map(by_key.pop, flatten(lazy.__dask_keys__()))))
    finished: SimpleQueue[int] = SimpleQueue()
    for index in futures:
        futures[index].add_done_callback(lambda _, index=index: finished.put(index))
    some: list[Any] = []
    try:
        while futures:
            results.check()
            indices = list(islice(_waiting(finished), MOST_WAITING))
            some = [futures.pop(index) for index in indices]
            # It waits for those that were lost since with their worker.
            for found in zip(indices, client.gather(some), strict=True):
                results.put(found)
    except CancelledError as error:
        raise ConnectionError(f"The cluster has given up blocks: {error}.") from error
    finally:
        client.cancel([*some, *futures.values()])


def _waiting(queue: SimpleQueue[T]) -> Iterator[T]:
    """Return what is in a queue, once something is; nothing where that takes long."""
    with suppress(Empty):
        yield queue.get(timeout=PATIENCE)
        while True:
            yield queue.get_nowait()
