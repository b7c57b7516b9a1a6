"""The same bits with any number of threads, in any chunks: all workloads, in small."""

from dataclasses import replace

import dask.array as da
import numpy as np
import pytest

from benchmarks.workloads import WORKLOADS
from napari_kmeans import Criteria, kmeans, quantize, quantize_planes

IMAGES = [workload for workload in WORKLOADS if not workload.points]


def small(workload):
    """Return the settings and the data of a workload, with some thousand samples."""
    made = workload.small()
    if not workload.points:
        *planes, _, _ = made.shape
        made = replace(made, shape=(*planes, 90, 122))
    return made, made.data()


def answer(workload, data):
    """Return all that is found, as bytes."""
    settings = {
        "criteria": Criteria(workload.max_iter, workload.epsilon),
        "attempts": workload.attempts,
        "seed": 3,
    }
    if workload.points:
        found = kmeans(data, workload.k, **settings)
        arrays = [found.labels, found.centers, found.counts]
    else:
        axis = None if workload.rgb else workload.channel_axis
        settings |= {"rgb": workload.rgb, "channel_axis": axis}
        found = quantize(data, workload.k, **settings)
        arrays = [found.labels, found.centers, found.counts, found.quantized]
    arrays.append(found.compactness)
    return [np.asarray(array).tobytes() for array in arrays]


@pytest.fixture
def threads(monkeypatch):
    """Return what sets the number of threads."""

    def set_to(n):
        monkeypatch.setattr("napari_kmeans.core.run.threads.n_threads", lambda: n)

    return set_to


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_bits_do_not_depend_on_threads(workload, threads):
    made, data = small(workload)
    found = []
    for n in (1, 2, 8):
        threads(n)
        found.append(answer(made, data))
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("workload", IMAGES, ids=lambda workload: workload.name)
@pytest.mark.parametrize("part", [1 / 3, 0.7])
def test_bits_do_not_depend_on_chunks(workload, part):
    made, data = small(workload)
    chunks = tuple(max(1, int(n * part)) for n in data.shape)
    assert answer(made, data) == answer(made, da.from_array(data, chunks=chunks))


@pytest.mark.filterwarnings("ignore:k=3 should be at most")
def test_planes_side_by_side_are_what_they_are_one_by_one(threads):
    planes = next(w for w in WORKLOADS if w.name == "W4").make((11, 40, 30))
    planes[4] = 7  # of one value
    found = []
    for n in (1, 2, 8):
        threads(n)
        q = quantize_planes(planes, 3, seed=1)
        arrays = [q.labels, q.centers, q.counts, q.compactness, q.quantized]
        found.append([array.tobytes() for array in arrays])
    assert found[0] == found[1] == found[2]
    lazy = quantize_planes(da.from_array(planes, chunks=(2, 17, 30)), 3, seed=1)
    assert np.asarray(lazy.labels).tobytes() == found[0][0]
