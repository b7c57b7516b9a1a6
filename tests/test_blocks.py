"""Blocks: each sample once, in order, on any number of threads."""

import itertools
import threading
import time

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_kmeans.core import blocks
from napari_kmeans.core.progress import exhaust


@given(st.integers(0, 1000), st.integers(1, 1200))
def test_spans_cover_every_sample_once(n, size):
    covered = [i for start, stop in blocks.spans(n, size) for i in range(start, stop)]
    assert covered == list(range(n))
    assert all(stop - start <= size for start, stop in blocks.spans(n, size))


@pytest.mark.parametrize("threads", [1, 2, 8])
@given(n=st.integers(0, 300), size=st.integers(1, 350))
def test_results_are_in_the_order_of_the_blocks(threads, n, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "n_threads", lambda: threads)
        results = blocks.map_blocks(lambda start, stop: (start, stop), n, size)
    assert results == blocks.spans(n, size)


def test_blocks_are_of_the_module_s_size_by_default(monkeypatch):
    monkeypatch.setattr(blocks, "SIZE", 10)
    lengths = blocks.map_blocks(lambda start, stop: stop - start, 25)
    assert lengths == [10, 10, 5]


def thread_names(n):
    def name(start, stop):
        return threading.current_thread().name

    return blocks.map_blocks(name, n, size=1)


def test_many_blocks_run_in_threads_of_the_package(monkeypatch):
    monkeypatch.setattr(blocks, "n_threads", lambda: 3)
    assert all(name.startswith("napari-kmeans") for name in thread_names(10))


def test_one_block_stays_in_the_calling_thread():
    assert thread_names(1) == [threading.current_thread().name]


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_in_a_block_reaches_the_caller(threads, monkeypatch):
    monkeypatch.setattr(blocks, "n_threads", lambda: threads)

    def fail(start, stop):
        if start:
            raise ValueError(f"block from {start}")

    with pytest.raises(ValueError, match="block from 10"):
        blocks.map_blocks(fail, 30, size=10)


def test_threads_may_each_map_blocks():
    data = np.arange(1000)
    sums = []

    def work():
        sums.append(sum(blocks.map_blocks(lambda a, b: data[a:b].sum(), 1000, 7)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [499_500] * 4


def test_there_is_a_processor():
    assert blocks.n_threads() >= 1


def chunked(n):
    return da.arange(n, chunks=1, dtype=int)


def test_each_chunk_is_given_with_its_start_in_order():
    image = da.arange(24, chunks=24).reshape(4, 6).rechunk((3, 6))
    mask = da.ones(4, chunks=3, dtype=bool)

    def shapes(chunks, start, *args):
        return [chunk.shape for chunk in chunks], int(chunks[0][0, 0]), start, args

    assert exhaust(blocks.each_block([image, mask], image.chunks, shapes, "x", 2)) == [
        ([(3, 6), (3, 1)], 0, (0, 0), ("x", 2)),
        ([(1, 6), (1, 1)], 18, (3, 0), ("x", 2)),
    ]


def test_what_is_done_of_the_chunks_is_yielded():
    steps = blocks.each_block([chunked(20)], chunked(20).chunks, np.add)
    parts = list(steps)
    assert parts == sorted(parts)
    assert set(parts) >= {n / 20 for n in range(20)}


def test_an_error_in_a_chunk_ends_the_others():
    begun = []

    def fail(chunks, start):
        begun.append(start)
        raise OSError(f"no chunk {start[0]}")

    with pytest.raises(OSError, match="no chunk"):
        exhaust(blocks.each_block([chunked(500)], chunked(500).chunks, fail))
    assert len(begun) < 500


def test_closed_in_the_middle_of_a_chunk_it_does_not_wait():
    """Or it would wait for ever."""
    release, begun = threading.Event(), threading.Event()

    def wait(chunks, start):
        begun.set()
        release.wait()

    steps = blocks.each_block([chunked(500)], chunked(500).chunks, wait)
    while not begun.is_set():
        next(steps)
    steps.close()
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

    exhaust(blocks.each_block([chunked(100)], chunked(100).chunks, make))
    assert len(most) == 100
    assert max(most) <= blocks.n_threads()


def test_results_wait_to_be_taken_in_small_numbers():
    """Their making waits for those who take them."""
    made = []
    # One is on its way from the queue, and one in the hands of each thread.
    most = blocks.MOST_WAITING + 1 + blocks.n_threads()

    def make(chunks, start):
        made.append(start)

    def take(index, result):
        taken.append(index)
        assert len(made) - len(taken) <= most

    taken = []
    exhaust(blocks.take_each(take, [chunked(500)], chunked(500).chunks, make))
    assert sorted(taken) == list(range(500))


def test_what_takes_long_tells_so_and_may_be_left():
    go_on, gone_on = threading.Event(), threading.Event()

    def slow():
        yield 1
        go_on.wait()
        yield 2
        gone_on.set()

    steps = blocks.apart(slow(), 0)
    told = list(itertools.islice((n for n in steps if n), 3))
    assert told == [1, 1, 1]
    steps.close()  # at once, though the step has not come to its end
    go_on.set()
    assert not gone_on.is_set()


def test_steps_apart_are_those_of_one_thread():
    def steps():
        names.append(threading.current_thread().name)
        yield 1
        names.append(threading.current_thread().name)
        return "done"

    names = []
    assert exhaust(blocks.apart(steps(), 0)) == "done"
    assert names == ["napari-kmeans-apart"] * 2


def test_errors_come_back_from_apart():
    def fails():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        exhaust(blocks.patiently(fails))


def test_a_thread_apart_starts_no_more_than_its_caller():
    assert exhaust(blocks.patiently(blocks.n_parallel)) == blocks.n_parallel()
    assert blocks.serially(exhaust, blocks.patiently(blocks.n_parallel)) == 1
