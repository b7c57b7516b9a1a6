"""The optimum of a single channel, against every clustering there is."""

from itertools import combinations

import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st

from napari_kmeans import kmeans, quantize
from napari_kmeans.core.cluster import optimum as module
from napari_kmeans.core.cluster.optimum import optimum
from napari_kmeans.core.data.samples import from_pixels
from napari_kmeans.core.run.progress import Canceled, follow, stage
from telling import Told


def cost(values, weights):
    mean = np.average(values, weights=weights)
    return (weights * (values - mean) ** 2).sum()


def least(values, weights, k):
    """Try every way to cut the sorted values into k intervals."""
    order = np.argsort(values)
    values, weights = values[order], weights[order]
    n = len(values)
    return min(
        sum(
            cost(values[a:b], weights[a:b])
            for a, b in zip((0, *cuts), (*cuts, n), strict=True)
        )
        for cuts in combinations(range(1, n), k - 1)
    )


@given(
    st.lists(
        st.tuples(st.integers(-50, 50), st.integers(1, 9)),
        min_size=2,
        max_size=9,
        unique_by=lambda pair: pair[0],
    ),
    st.data(),
)
def test_nothing_is_better(pairs, data):
    values, weights = np.array(pairs, float).T
    k = data.draw(st.integers(1, len(pairs)))
    c = kmeans(values[:, np.newaxis], k, weights=weights, init="optimal")
    assert c.k == k
    best = least(values, weights, k)
    assert c.compactness == pytest.approx(best, rel=1e-9, abs=1e-9)
    labels = np.abs(values[:, np.newaxis] - c.centers.T).argmin(axis=1)
    np.testing.assert_array_equal(c.labels, labels)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32])
@pytest.mark.parametrize("k", [2, 5, 20])
def test_no_search_finds_better(dtype, k):
    image = (skimage.data.camera()[::4, ::4].astype(int) * 100 - 77).astype(dtype)
    best = quantize(image, k, init="optimal")
    assert best.converged
    assert best.counts.min() > 0
    for seed in range(3):
        for init in ("random", "k-means++"):
            other = quantize(image, k, init=init, seed=seed)
            assert best.compactness <= other.compactness * (1 + 1e-12)


@pytest.mark.parametrize("max_samples", [100, None])
def test_the_optimum_depends_on_nothing_else(max_samples):
    image = skimage.data.camera()[::4, ::4]
    a = quantize(image, 6, init="optimal")
    b = quantize(image, 6, init="optimal", max_samples=max_samples, seed=5, attempts=1)
    np.testing.assert_array_equal(a.labels, b.labels)
    np.testing.assert_array_equal(a.centers, b.centers)
    assert a.settings["init"] == "optimal"


def test_several_channels_are_refused():
    with pytest.raises(ValueError, match="'optimal' should go with a single channel"):
        quantize(skimage.data.coffee(), 5, init="optimal")
    with pytest.raises(ValueError, match="should not go with refine=False"):
        quantize(skimage.data.camera(), 5, init="optimal", refine=False)


def test_what_would_take_too_much_memory_is_refused(monkeypatch):
    monkeypatch.setattr(module, "MOST", 1000)
    with pytest.raises(ValueError, match="k=11 with init='optimal' should be at most"):
        quantize(np.arange(100, dtype=np.uint8).reshape(10, 10), 11, init="optimal")


def test_solving_can_be_stopped_between_clusters():
    samples = from_pixels([np.arange(50.0)])

    def work():
        with stage("Cluster", n_steps=4):
            return optimum(samples, 4)

    told = Told()
    follow(work, told)
    assert told.stages[-4:] == ["Cluster 1", "Cluster 2", "Cluster 3", "Done"]
    told = Told(lambda name, _: name == "Cluster 2")
    with pytest.raises(Canceled):
        follow(work, told)
    assert optimum(samples, 5).ravel().tolist() == [
        4.5,
        14.5,
        24.5,
        34.5,
        44.5,
    ]
