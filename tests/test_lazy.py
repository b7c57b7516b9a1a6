"""Lazy arrays: each block once, in order, and given up when nobody waits for it."""

import threading
import time

import dask.array as da
import numpy as np
import pytest

from napari_kmeans.core.run import lazy
from napari_kmeans.core.run.progress import Canceled, follow
from napari_kmeans.core.run.threads import n_threads
from telling import Told


def chunked(n):
    return da.arange(n, chunks=1, dtype=int)


def test_each_chunk_is_given_with_its_start_in_order():
    image = da.arange(24, chunks=24).reshape(4, 6).rechunk((3, 6))
    mask = da.ones(4, chunks=3, dtype=bool)

    def shapes(chunks, start, *args):
        return [chunk.shape for chunk in chunks], int(chunks[0][0, 0]), start, args

    assert lazy.each_block([image, mask], image.chunks, shapes, "x", 2) == [
        ([(3, 6), (3, 1)], 0, (0, 0), ("x", 2)),
        ([(1, 6), (1, 1)], 18, (3, 0), ("x", 2)),
    ]


def test_what_is_done_of_the_chunks_is_told():
    told = Told()
    given = [chunked(20)], chunked(20).chunks, np.add
    follow(lambda: lazy.each_block(*given), told)
    assert told.parts == sorted(told.parts)
    assert set(told.parts) >= {n / 20 for n in range(20)}


def test_an_error_in_a_chunk_ends_the_others():
    begun = []

    def fail(chunks, start):
        begun.append(start)
        raise OSError(f"no chunk {start[0]}")

    with pytest.raises(OSError, match="no chunk"):
        lazy.each_block([chunked(500)], chunked(500).chunks, fail)
    assert len(begun) < 500


def test_stopped_in_the_middle_of_a_chunk_it_does_not_wait():
    """Or it would wait for ever."""
    release, begun = threading.Event(), threading.Event()

    def wait(chunks, start):
        begun.set()
        release.wait()

    given = [chunked(500)], chunked(500).chunks, wait
    with pytest.raises(Canceled):
        follow(lambda: lazy.each_block(*given), Told(lambda *_: begun.is_set()))
    release.set()


def test_no_more_blocks_are_worked_on_than_there_are_processors():
    running, most, lock = [], [], threading.Lock()

    def make(chunks, start):
        with lock:
            running.append(start)
            most.append(len(running))
        time.sleep(0.002)
        with lock:
            running.pop()

    lazy.each_block([chunked(100)], chunked(100).chunks, make)
    assert len(most) == 100
    assert max(most) <= n_threads()


def test_results_wait_to_be_taken_in_small_numbers():
    """Their making waits for those who take them."""
    made = []
    # One is on its way from the queue, and one in the hands of each thread.
    most = lazy.MOST_WAITING + 1 + n_threads()

    def make(chunks, start):
        made.append(start)

    def take(index, result):
        taken.append(index)
        assert len(made) - len(taken) <= most

    taken = []
    lazy.take_each(take, [chunked(500)], chunked(500).chunks, make)
    assert sorted(taken) == list(range(500))
