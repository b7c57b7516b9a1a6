"""Breathing: never worse than the start, and near the best there is."""

import numpy as np
import pytest

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
