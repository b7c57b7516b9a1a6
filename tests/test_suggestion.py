"""Suggestions: truths are found, and each rule has its turn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from blobs import blobs
from napari_kmeans import sweep
from napari_kmeans.core.sweeping.suggestion import elbow_of, jumps_of, suggest


@pytest.mark.parametrize("k", [2, 3, 4, 5, 6, 8, 12])
@pytest.mark.parametrize("seed", [0, 1])
def test_true_clusters_of_colors_are_found(k, seed):
    assert sweep(blobs(k, seed), rgb=True).suggestion.k == k


@pytest.mark.parametrize("k", [2, 3, 5, 7])
def test_true_phases_of_six_channels_are_found(k):
    image = blobs(k, k, n_channels=6, std=10)
    assert sweep(image, range(2, 10), channel_axis=2).suggestion.k == k


@pytest.mark.parametrize("k", [3, 4, 5])
def test_true_levels_of_gray_are_found(k):
    assert sweep(blobs(k, k, n_channels=1, std=5)[..., 0]).suggestion.k == k


def test_true_clusters_of_different_sizes_are_found():
    image = blobs(5, 9, shares=[0.6, 0.2, 0.1, 0.06, 0.04])
    assert sweep(image, rgb=True).suggestion.k == 5


@pytest.mark.filterwarnings("ignore:k=16 should")
def test_flat_colors_are_as_many_as_there_are():
    flat = np.array([0, 30, 90, 120, 180, 250], np.uint8)[np.indices((9, 8))[0] % 6]
    found = sweep(flat)
    assert found.ks[-1] == found.suggestion.k == 6
    assert found.explained[-1] == 1
    assert np.isinf(found.jumps[-1])


@pytest.mark.filterwarnings("ignore:k=16 should")
def test_distinct_values_that_are_close_are_no_clusters():
    near = np.array([10, 11, 12, 100, 101, 102], np.uint8)[np.indices((9, 8))[0] % 6]
    assert sweep(near).suggestion.k == 2


def test_the_rules_of_a_suggestion_come_in_turn():
    ks, none = [2, 3, 4, 5], np.full(4, np.nan)
    explained = np.array([0.5, 0.8, 0.83, 0.84])
    cases = [
        (np.array([0.9, 0.5, 0.5, 0.5]), np.array([1, 2, 4, 2.0]), 4, "by far the"),
        (np.array([0.2, 0.1, 0.1, 0.1]), none, 3, "no clusters stand apart"),
        (
            np.array([0.6, 0.57, 0.1, 0.1]),
            none,
            3,
            "close to the greatest, 0.60 of K=2",
        ),
        (np.array([0.6, 0.5, 0.7, 0.1]), none, 4, "0.70; with K=5 but 1.0 % more"),
        (np.array([0.7, 0.5, 0.5, 0.1]), none, 2, "0.70, and explains 50.0 %."),
        (np.array([0.5, 0.5, 0.5, 0.7]), np.array([1, 1, 1, 9.0]), 5, "84.0 %."),
        (none, none, 3, "elbow of what is explained, 80.0 %."),
    ]
    for silhouettes, jumps, k, words in cases:
        found = suggest(ks, explained, silhouettes, jumps)
        assert (found.k, words in found.reason) == (k, True), found
        assert found.reason.endswith(".")


@given(
    parts=st.lists(st.floats(0, 1), min_size=1, max_size=8),
    n_channels=st.integers(1, 999),
    start=st.integers(1, 5),
)
def test_any_curve_has_a_suggestion(parts, n_channels, start):
    unexplained = np.sort(parts)[::-1]
    ks = range(start, start + len(parts))
    jumps = jumps_of(ks, unexplained, n_channels)
    assert np.isnan(jumps[0]) == (start != 2)
    silhouettes = np.linspace(-1, 1, len(parts))
    for some in (silhouettes, -silhouettes, np.full(len(parts), np.nan)):
        assert suggest(ks, 1 - unexplained, some, jumps).k in ks
    assert 0 <= elbow_of(ks, 1 - unexplained) < len(parts)
