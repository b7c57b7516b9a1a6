"""Settling: never worse than OpenCV's best attempt, and near the best there is."""

import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st

from napari_kmeans.core.cluster import lloyd, settling
from napari_kmeans.core.data.codes import Codes, count
from napari_kmeans.core.data.counted import from_colors
from napari_kmeans.core.data.samples import from_pixels


def compactness(samples, centers):
    return float(lloyd.assign(samples, centers).squared.sum())


def photo(step=4):
    image = skimage.data.coffee()[::step, ::step]
    channels = [np.ascontiguousarray(image[..., c]).ravel() for c in range(3)]
    codes = Codes.of(channels)
    return from_colors(codes, *count(channels, codes))


def drawn_centers(samples, k, seed):
    index = np.random.default_rng(seed).choice(samples.n, k, replace=False)
    return samples.values[:, index].T.astype(np.float64)


@pytest.mark.parametrize("k", [1, 2, 3, 8, 40])
@pytest.mark.parametrize("seed", [0, 1])
def test_settled_centers_are_no_worse(k, seed):
    samples = photo()
    centers = drawn_centers(samples, k, seed)
    settled = settling.settle(samples, [centers], seed)
    assert settled.shape == centers.shape
    assert compactness(samples, settled) <= compactness(samples, centers)


@given(st.integers(0, 2**31), st.integers(1, 6), st.integers(1, 4))
def test_rest_is_no_worse_than_as_many_plain_steps_make_it(seed, k, n_channels):
    rng = np.random.default_rng(seed)
    samples = from_pixels(list(rng.integers(0, 50, (n_channels, 300)).astype(float)))
    centers = drawn_centers(samples, k, seed)
    rested = settling.rest(samples, centers, 20)
    first = lloyd.step_and_merit(samples, centers)[0]
    tolerance = 1e-12 * compactness(samples, first)
    assert compactness(samples, rested) <= compactness(samples, first) + tolerance


def test_rest_ends_where_plain_steps_end_too():
    samples = photo()
    centers = settling.rest(samples, drawn_centers(samples, 5, 0), 200)
    shift = np.abs(lloyd.step_and_merit(samples, centers)[0] - centers).max()
    assert shift <= 10 * settling.TOLERANCE * samples.range


def test_a_poor_place_is_left():
    # All centers but one on the same color: no Lloyd step parts them well.
    samples = photo()
    centers = np.tile(samples.values[:, :1].T.astype(np.float64), (12, 1))
    centers[:, 0] += np.arange(12) / 100
    starts = (drawn_centers(samples, 12, seed) for seed in range(4))
    good = min(
        compactness(samples, settling.rest(samples, start, 100)) for start in starts
    )
    settled = settling.settle(samples, [centers], 0)
    assert compactness(samples, settled) <= 1.05 * good


def test_the_same_seed_gives_the_same_bits():
    samples = photo()
    centers = drawn_centers(samples, 9, 0)
    a, b = (settling.settle(samples, [centers], 3) for _ in range(2))
    np.testing.assert_array_equal(a, b)
