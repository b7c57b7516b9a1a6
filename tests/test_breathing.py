"""Breathing and merging: against plain NumPy, and never worse than the start."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_kmeans.core import kernels
from napari_kmeans.core.cluster import breathing
from napari_kmeans.core.data.samples import from_pixels


def samples_of(seed, n_channels, n, weighted=False):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n_channels, n)) * 10
    weights = rng.uniform(0.5, 9, n) if weighted else np.empty(0)
    return from_pixels(list(values), weights)


def drawn(samples, k, seed=0):
    index = np.random.default_rng(seed).choice(samples.n, k, replace=False)
    return np.ascontiguousarray(samples.values[:, index])


def nearest(samples, centers):
    """Return labels and squared distances, by brute force; centers (n_channels, k)."""
    away = samples.values[:, :, np.newaxis] - centers[:, np.newaxis]
    squared = (away**2).sum(axis=0)
    return squared.argmin(axis=1), squared.min(axis=1)


def weights_of(samples):
    weights = samples.weights if samples.weights.size else np.ones(samples.n)
    return weights / weights.max()


def cost(samples, centers):
    return (weights_of(samples) * nearest(samples, centers)[1]).sum()


@pytest.mark.usefixtures("jit")
@given(
    st.integers(0, 99), st.integers(1, 4), st.integers(1, 5), st.booleans(), st.data()
)
def test_steps_are_those_of_lloyd(seed, n_channels, k, weighted, data):
    samples = samples_of(seed, n_channels, 70, weighted)
    steps = data.draw(st.integers(0, 3))
    centers = drawn(samples, k)
    answer = breathing._stepped(breathing._tiled(samples), centers, steps)
    weights = weights_of(samples)
    for _ in range(steps):
        labels, _ = nearest(samples, centers)
        total = np.bincount(labels, weights, k)
        sums = [np.bincount(labels, weights * row, k) for row in samples.values]
        centers = np.where(total > 0, sums / np.maximum(total, 1e-300), centers)
    labels, squared = nearest(samples, centers)
    np.testing.assert_allclose(answer.centers, centers, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(answer.weights, np.bincount(labels, weights, k))
    np.testing.assert_allclose(answer.cost, (weights * squared).sum())
    np.testing.assert_allclose(answer.squared.ravel()[: samples.n], squared, atol=1e-9)


def merged(centers, weights, n_merged):
    """Merge by brute force."""
    centers, weights = [*centers.T], [*weights]
    for _ in range(n_merged):
        costs = {
            (i, j): weights[i]
            * weights[j]
            / (weights[i] + weights[j])
            * ((centers[i] - centers[j]) ** 2).sum()
            for i in range(len(centers))
            for j in range(i)
        }
        i, j = min(costs, key=costs.get)
        total = weights[i] + weights[j]
        centers[j] = (weights[i] * centers[i] + weights[j] * centers[j]) / total
        weights[j] = total
        del centers[i], weights[i]
    return np.array(sorted(map(tuple, centers))), total


@pytest.mark.usefixtures("jit")
@given(st.integers(0, 999), st.integers(1, 4), st.integers(3, 7), st.data())
def test_those_are_merged_that_cost_the_least(seed, n_channels, n, data):
    rng = np.random.default_rng(seed)
    centers, weights = rng.normal(size=(n_channels, n)), rng.uniform(0.1, 9, n)
    n_merged = data.draw(st.integers(1, n - 1))
    expected, _ = merged(centers, weights, n_merged)
    scratch = np.zeros(n, np.int32), np.empty(n), np.empty(n)
    total = weights.sum()
    kernels.merge(centers, weights, n_merged, *scratch)
    found = np.array(sorted(map(tuple, centers[:, weights > 0].T)))
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert weights.sum() == pytest.approx(total)


@pytest.mark.usefixtures("jit")
def test_those_without_weight_are_no_partners():
    centers = np.array([[0.0, 0.1, 5.0, 9.0]])
    weights = np.array([1.0, 0.0, 1.0, 1.0])
    scratch = np.zeros(4, np.int32), np.empty(4), np.empty(4)
    kernels.merge(centers, weights, 1, *scratch)
    assert centers[:, weights > 0].ravel().tolist() == [0.0, 7.0]


@pytest.mark.parametrize("k", [2, 5, 20, 70])
@pytest.mark.parametrize("n_starts", [1, 3, 10])
def test_what_is_breathed_is_no_worse(k, n_starts):
    samples = samples_of(0, 2, 900, weighted=True)
    starts = [drawn(samples, k, seed).T for seed in range(n_starts)]
    found = breathing.breathed(samples, samples, starts, 0)
    assert found.shape == (k, 2)
    best = min(cost(samples, start.T) for start in starts)
    assert cost(samples, found.T) < best


def test_groups_are_found_from_a_start_in_one_of_them():
    rng = np.random.default_rng(0)
    middles = rng.uniform(0, 1000, (2, 15))
    values = middles[:, np.arange(3000) % 15] + rng.normal(size=(2, 3000))
    samples = from_pixels(list(values))
    start = values[:, :3000:200][:, :15]
    assert len(np.unique(np.arange(0, 3000, 200) % 15)) < 15
    found = breathing.breathed(samples, samples, [start.T], 0)
    assert cost(samples, found.T) < 1.01 * cost(samples, middles)


def test_empty_clusters_get_a_place():
    samples = samples_of(0, 2, 900)
    start = np.tile(samples.values[:, :1].T, (9, 1))
    found = breathing.breathed(samples, samples, [start], 0)
    others = [
        breathing.breathed(samples, samples, [drawn(samples, 9, i).T], 0)
        for i in (0, 1)
    ]
    assert cost(samples, found.T) < 1.05 * min(cost(samples, o.T) for o in others)


def test_fewer_distinct_samples_than_centers_are_no_error():
    samples = from_pixels([np.array([1.0, 2.0, 3.0, 3.0])])
    starts = [np.array([[1.0], [2.0], [3.0], [3.0]])]
    found = breathing.breathed(samples, samples, starts, 0)
    assert np.isin([1, 2, 3], found).all()


@pytest.mark.parametrize("weight", [1e-300, 1.0, 1e300])
def test_the_size_of_weights_says_nothing(weight):
    values = np.random.default_rng(0).normal(size=(2, 300))
    plain = from_pixels(list(values), np.ones(300))
    heavy = from_pixels(list(values), np.full(300, weight))
    starts = [values[:, :7].T]
    expected = breathing.breathed(plain, plain, starts, 0)
    np.testing.assert_array_equal(breathing.breathed(heavy, heavy, starts, 0), expected)


def test_the_same_bits_with_any_number_of_threads(monkeypatch):
    samples = samples_of(0, 3, 3000)
    starts = [drawn(samples, 12, seed).T for seed in range(10)]
    found = []
    for n in (1, 2, 8):
        monkeypatch.setattr("napari_kmeans.core.run.threads.n_threads", lambda n=n: n)
        found.append(breathing.breathed(samples, samples, starts, 0).tobytes())
    assert len(set(found)) == 1
