"""Lazy arrays: those of dask, worked on block by block, in threads or on a cluster.

The one module that knows how dask runs what it is given.
"""

from __future__ import annotations

import sys
import threading
from concurrent.futures import CancelledError
from contextlib import suppress
from functools import partial
from itertools import accumulate, islice, product
from math import prod
from queue import Empty, Full, Queue, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import numpy as np

from .progress import PATIENCE, Canceled, at
from .threads import n_threads, serially

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Executor

    from numpy.typing import NDArray

T = TypeVar("T")

#: An array of dask whose chunks are results of blocks, and the indices of these.
Portion = tuple[Any, "NDArray[np.intp]"]
#: Chunks that dask is told of at once, for each thread: each takes some kilobytes and a
#: part of a millisecond before the first is begun.
PORTION = 2**9

#: The same on a cluster, for all of its threads, as each portion is a message.
CLUSTER_PORTION = 2**14

#: Blocks that a cluster knows of, for each of its threads: one more than it works on.
AHEAD = 2

#: Results of blocks that may wait to be taken: where they are many, blocks wait.
MOST_WAITING = 4


def is_lazy(array: Any) -> bool:
    """Whether an array is one of dask's."""
    dask_array = sys.modules.get("dask.array")
    return dask_array is not None and isinstance(array, dask_array.Array)


def is_distributed() -> bool:
    """Whether a client of dask.distributed is active."""
    return _client() is not None


def _client() -> Any:
    distributed: Any = sys.modules.get("distributed")
    # Dask imports it in whatever thread first computes something: it may be half there.
    if not hasattr(distributed, "get_worker"):
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
    return n_threads() if client is None else _n_threads_of(client)


def _n_threads_of(client: Any) -> int:
    threads: dict[str, int] = client.nthreads()
    return max(1, sum(threads.values()))


def executor() -> tuple[Executor, int] | None:
    """Return what calls functions on a cluster, and how many at once; None without.

    It is to be shut down.
    """
    client = _client()
    if client is None:
        return None
    return client.get_executor(pure=False), _n_threads_of(client)


def each_block(
    arrays: Sequence[Any],
    chunks: Sequence[Sequence[int]],
    function: Callable[..., T],
    *args: Any,
) -> list[T]:
    """Call ``function(blocks, start, *args)`` for each block of arrays of dask.

    On the workers of a cluster where there is one, and in threads elsewhere.

    Parameters
    ----------
    arrays : sequence of dask.array.Array
        All but the first may be of NumPy, and may lack axes at the end, along which the
        first is a single block.
    chunks : sequence of sequences of int
        The sizes of the blocks along each axis of the first array.
    function : callable
        Gets a list of blocks, one of each array, and where the first begins: a tuple.

    Returns
    -------
    list
        What the calls returned, in the order of the blocks. While they are waited for,
        progress is told; where that stops it, blocks whose turn has not come are given
        up.
    """
    results: list[Any] = [None] * prod(map(len, chunks))
    take_each(results.__setitem__, arrays, chunks, function, *args)
    return results


def take_each(
    take: Callable[[int, Any], None],
    arrays: Sequence[Any],
    chunks: Sequence[Sequence[int]],
    function: Callable[..., Any],
    *args: Any,
) -> None:
    """Do what `each_block` does; call ``take(index, result)`` here for each result.

    As soon as it is there, so that all of them are never held at once. Nor is what dask
    needs to know of all: it gets one portion of the blocks after another.
    """
    n_blocks = prod(map(len, chunks))
    client, results = _client(), _Results()
    if client is None:
        start, most = _here, PORTION * n_threads()
    else:
        start, most = partial(_there, client), CLUSTER_PORTION
    work = threading.Thread(
        target=results.fill_by,
        args=(start, _mapped(arrays, chunks, most, function, args)),
        name="napari-kmeans-blocks",
        daemon=True,
    )
    work.start()
    try:
        for n_done in range(n_blocks):
            at(n_done / n_blocks)
            while not (found := results.get()):
                at(n_done / n_blocks)
            take(*found)
    finally:
        results.stop()


def extended(array: Any) -> Any:
    """Return an array with one more axis, of length 1, at the end.

    Of dask or NumPy. Indexing does so, too, but at the cost of a task for each chunk
    before any is wanted.
    """
    if not is_lazy(array):
        return array[..., np.newaxis]
    meta = np.empty((0,) * (array.ndim + 1), array.dtype)
    chunks = (*array.chunks, (1,))
    return array.map_blocks(_extended, chunks=chunks, new_axis=array.ndim, meta=meta)


def reduced(array: Any) -> Any:
    """Return an array without its last axis, of length 1: the reverse of `extended`."""
    if not is_lazy(array):
        return array[..., 0]
    meta = np.empty((0,) * (array.ndim - 1), array.dtype)
    return array.map_blocks(_reduced, drop_axis=array.ndim - 1, meta=meta)


def _extended(block: Any) -> Any:
    return np.asarray(block)[..., np.newaxis]


def _reduced(block: Any) -> Any:
    return np.asarray(block)[..., 0]


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


def _mapped(
    arrays: Sequence[Any],
    chunks: Sequence[Sequence[int]],
    most: int,
    function: Callable[..., Any],
    args: tuple[Any, ...],
) -> Iterator[Portion]:
    """Yield arrays of dask that have the result of a call as each chunk, and its index.

    One layer over those of the arrays, whatever the number of chunks.
    """
    import dask
    import dask.array as da

    ends = [list(accumulate((0, *sizes))) for sizes in chunks]
    indices = np.arange(prod(map(len, chunks))).reshape(*map(len, chunks))
    # Once in the graph, not once a chunk.
    call = dask.delayed(partial(_call, function, args), traverse=False)
    for portion in _portions(chunks, arrays[0].chunks, most):
        sizes = [along[part] for along, part in zip(chunks, portion, strict=True)]
        starts = [along[part] for along, part in zip(ends, portion, strict=True)]
        there = tuple(
            slice(begin[0], begin[-1] + size[-1])
            for begin, size in zip(starts, sizes, strict=True)
        )
        lazy = da.map_blocks(
            _on_chunks,
            *(_blocks(array, there, sizes) for array in arrays),
            starts=starts,
            call=call,
            **_layer("block", list(map(len, sizes))),
        )
        yield lazy, indices[portion]


def _blocks(array: Any, there: tuple[slice, ...], sizes: Sequence[Any]) -> Any:
    """Return a part of an array in such blocks, with as many axes as these have."""
    import dask.array as da

    part, wanted = array[there[: array.ndim]], tuple(map(tuple, sizes[: array.ndim]))
    if is_lazy(part):
        part = part.rechunk(wanted)
    else:
        part = da.from_array(part, chunks=wanted, name=False)
    return part[(..., *[np.newaxis] * (len(sizes) - array.ndim))]


def _portions(
    blocks: Sequence[Sequence[int]], chunks: Sequence[Sequence[int]], most: int
) -> Iterator[tuple[slice, ...]]:
    """Cut the blocks of an array into portions of about so many blocks, or chunks."""
    portions: list[list[slice]] = []
    for of_blocks, of_chunks in zip(reversed(blocks), reversed(chunks), strict=True):
        parts, largest = _parts(of_blocks, of_chunks, most)
        portions.insert(0, parts)
        most //= largest
    return product(*portions)


def _parts(
    blocks: Sequence[int], chunks: Sequence[int], most: int
) -> tuple[list[slice], int]:
    """Cut an axis into parts of at most so many blocks, and chunks that these are of.

    But of one block at least. Where they can, parts end with a chunk, which is read
    once then. Also return how many blocks or chunks the largest has.

    Examples
    --------
    >>> _parts((4, 4, 4, 4, 4), (2,) * 10, 5)
    ([slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)], 4)
    >>> _parts((4, 4, 4, 4, 4), (8, 12), 3)
    ([slice(0, 2, None), slice(2, 5, None)], 3)
    """
    ends, ends_of_chunks = np.cumsum(blocks), np.cumsum(chunks)
    needed = np.searchsorted(ends_of_chunks, ends) + 1
    needed = np.append(0, np.maximum(needed, np.arange(1, len(blocks) + 1)))
    shared = np.isin(ends, ends_of_chunks)
    parts, largest, start = [], 1, 0
    while start < len(blocks):
        stop = int(np.searchsorted(needed, needed[start] + most, side="right")) - 1
        stop = max(stop, start + 1)
        if (at := np.flatnonzero(shared[start:stop])).size:
            stop = start + int(at[-1]) + 1
        parts.append(slice(start, stop))
        largest = max(largest, int(needed[stop] - needed[start]))
        start = stop
    return parts, largest


def _layer(name: str, shape: Sequence[int]) -> dict[str, Any]:
    """Return what is said of a layer with a single item for each of so many chunks."""
    return {
        "name": f"{name}-{uuid4().hex}",
        "chunks": tuple((1,) * n for n in shape),
        "dtype": object,
        "meta": np.empty((0,) * len(shape), object),
    }


def _on_chunks(
    *chunks: Any,
    starts: list[list[int]],
    call: Callable[[list[Any], tuple[int, ...]], T],
    block_id: tuple[int, ...],
) -> T:
    start = tuple(along[i] for along, i in zip(starts, block_id, strict=True))
    return call(list(chunks), start)


def _call(
    function: Callable[..., T],
    args: tuple[Any, ...],
    chunks: list[Any],
    start: tuple[int, ...],
) -> T:
    return serially(function, chunks, start, *args)


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

    def fill_by(
        self,
        start: Callable[[Iterator[Portion], _Results], None],
        portions: Iterator[Portion],
    ) -> None:
        """Put the results of all blocks."""
        with suppress(Canceled):
            try:
                start(portions, self)
            except Canceled:
                raise
            except BaseException as error:
                self.put(error)


def _here(portions: Iterator[Portion], results: _Results) -> None:
    """Compute blocks in threads of this process, a portion of them after another."""
    for lazy, indices in portions:
        results.check()

        def put(
            result: Any, block_id: tuple[int, ...], indices: NDArray[np.intp]
        ) -> NDArray[Any]:
            results.put((int(indices[block_id]), result))
            return np.empty((1,) * len(block_id), object)

        layer = _layer("put", indices.shape)
        puts = lazy.map_blocks(put, indices=indices, **layer)
        # In all but the main thread dask would take four more than processors.
        puts.compute(scheduler="threads", num_workers=n_threads())


def _there(client: Any, portions: Iterator[Portion], results: _Results) -> None:
    """Compute blocks on the workers of a cluster, which knows of some at a time."""
    futures: dict[int, Any] = {}
    finished: SimpleQueue[int] = SimpleQueue()
    some: list[Any] = []
    enough = 1
    try:
        while True:
            results.check()
            while len(futures) < enough and (portion := next(portions, None)):
                for index, future in _submitted(client, *portion):
                    futures[index] = future
                    future.add_done_callback(lambda _, i=index: finished.put(i))
                enough = AHEAD * _n_threads_of(client)
            if not futures:
                break
            indices = list(islice(_waiting(finished), MOST_WAITING))
            some = [futures.pop(index) for index in indices]
            # It waits for those that were lost since with their worker.
            for found in zip(indices, client.gather(some), strict=True):
                results.put(found)
    except CancelledError as error:
        raise ConnectionError(f"The cluster has given up blocks: {error}.") from error
    finally:
        client.cancel([*some, *futures.values()])


def _submitted(
    client: Any, lazy: Any, indices: NDArray[np.intp]
) -> list[tuple[int, Any]]:
    """Hand a portion to a cluster; return the index and the future of each block."""
    from dask.core import flatten
    from distributed import futures_of

    by_key = {future.key: future for future in futures_of(client.persist(lazy))}
    futures = map(by_key.pop, flatten(lazy.__dask_keys__()))
    return list(zip(indices.reshape(-1).tolist(), futures, strict=True))


def _waiting(queue: SimpleQueue[T]) -> Iterator[T]:
    """Return what is in a queue, once something is; nothing where that takes long."""
    with suppress(Empty):
        yield queue.get(timeout=PATIENCE)
        while True:
            yield queue.get_nowait()
