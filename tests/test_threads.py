"""Threads: each sample once, in order, on any number of them."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_kmeans.core.run import threads as module


@given(st.integers(0, 1000), st.integers(1, 1200))
def test_spans_cover_every_sample_once(n, size):
    covered = [i for start, stop in module.spans(n, size) for i in range(start, stop)]
    assert covered == list(range(n))
    assert all(stop - start <= size for start, stop in module.spans(n, size))


@pytest.mark.parametrize("threads", [1, 2, 8])
@given(n=st.integers(0, 300), size=st.integers(1, 350))
def test_results_are_in_the_order_of_the_blocks(threads, n, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "n_threads", lambda: threads)
        results = module.map_blocks(lambda start, stop: (start, stop), n, size)
    assert results == module.spans(n, size)


def test_blocks_are_of_the_module_s_size_by_default(monkeypatch):
    monkeypatch.setattr(module, "SIZE", 10)
    lengths = module.map_blocks(lambda start, stop: stop - start, 25)
    assert lengths == [10, 10, 5]


def thread_names(n):
    def name(start, stop):
        return threading.current_thread().name

    return module.map_blocks(name, n, size=1)


def test_many_blocks_run_in_threads_of_the_package(monkeypatch):
    monkeypatch.setattr(module, "n_threads", lambda: 3)
    assert all(name.startswith("napari-kmeans") for name in thread_names(10))


def test_one_block_stays_in_the_calling_thread():
    assert thread_names(1) == [threading.current_thread().name]


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_in_a_block_reaches_the_caller(threads, monkeypatch):
    monkeypatch.setattr(module, "n_threads", lambda: threads)

    def fail(start, stop):
        if start:
            raise ValueError(f"block from {start}")

    with pytest.raises(ValueError, match="block from 10"):
        module.map_blocks(fail, 30, size=10)


def test_threads_may_each_map_blocks():
    data = np.arange(1000)
    sums = []

    def work():
        sums.append(sum(module.map_blocks(lambda a, b: data[a:b].sum(), 1000, 7)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [499_500] * 4


def test_there_is_a_processor():
    assert module.n_threads() >= 1
