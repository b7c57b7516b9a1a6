"""Lloyd steps and merging, compiled and as plain Python, against plain NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_kmeans.core import kernels
from napari_kmeans.core.cluster import breathing
from test_breathing import drawn, nearest, samples_of, weights_of

pytestmark = pytest.mark.usefixtures("jit")


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


def test_those_without_weight_are_no_partners():
    centers = np.array([[0.0, 0.1, 5.0, 9.0]])
    weights = np.array([1.0, 0.0, 1.0, 1.0])
    scratch = np.zeros(4, np.int32), np.empty(4), np.empty(4)
    kernels.merge(centers, weights, 1, *scratch)
    assert centers[:, weights > 0].ravel().tolist() == [0.0, 7.0]
