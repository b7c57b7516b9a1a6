"""Lloyd's iteration: means, never worse, and no cluster without samples."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import reference
from napari_kmeans.core.cluster import lloyd, sums
from napari_kmeans.core.data.samples import from_pixels
from napari_kmeans.core.run import threads as module
from napari_kmeans.core.run.progress import follow, stage
from telling import Told


def fine(integer):
    """Return a number that is not so close to zero that it vanishes beside others."""
    return integer / 1024


@st.composite
def problems(draw, elements=None, weighted=None):
    """Draw samples, weights or None, and centers that are some of the samples."""
    if elements is None:
        elements = draw(
            st.sampled_from(
                [st.integers(0, 8).map(float), st.integers(-(2**20), 2**20).map(fine)]
            )
        )
    n, n_channels = draw(st.integers(1, 40)), draw(st.integers(1, 4))
    rows = draw(hnp.arrays(np.float64, (n, n_channels), elements=elements))
    weights = None
    if draw(st.booleans()) if weighted is None else weighted:
        weights = draw(hnp.arrays(np.float64, n, elements=st.sampled_from([0.1, 1, 7])))
    k = draw(st.integers(1, 6))
    index = draw(st.lists(st.integers(0, n - 1), min_size=k, max_size=k))
    return rows, weights, rows[index]


def samples_of(rows, weights=None):
    return from_pixels(list(rows.T), np.empty(0) if weights is None else weights)


def refine(samples, centers, max_iter, epsilon):
    def order(centers, _):
        return np.lexsort(centers.T)

    return lloyd.refine(samples, centers, max_iter, epsilon, order)


@given(problems())
def test_labels_are_those_of_brute_force(problem):
    rows, weights, centers = problem
    assigned = lloyd.assign(samples_of(rows, weights), centers)
    expected = reference.nearest(rows, centers)
    np.testing.assert_array_equal(assigned.labels, expected)
    ones = np.ones(len(rows)) if weights is None else weights
    totals = np.bincount(expected, ones, minlength=len(centers))
    np.testing.assert_allclose(assigned.weights, totals, rtol=1e-14)
    exact = reference.compactness(rows, expected, centers, weights)
    assert assigned.squared.sum() == pytest.approx(exact, rel=1e-13, abs=1e-300)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("hot", [1e3, 1e6, 1e9, 1e12])
def test_a_hot_pixel_does_not_make_the_compactness_coarse(dtype, weighted, hot):
    rng = np.random.default_rng(0)
    rows = rng.normal(0.5, 0.1, (100_000, 1)).astype(dtype)
    rows[5] = hot
    weights = rng.random(len(rows)) if weighted else None
    centers = np.array([[0.5], [rows[5, 0]]], np.float64)
    assigned = lloyd.assign(samples_of(rows, weights), centers)
    squared = reference.squared_distances(rows, centers).min(axis=1)
    expected = math.fsum(squared * (1 if weights is None else weights))
    assert assigned.squared.sum() == pytest.approx(expected, rel=1e-11)


@given(problems())
def test_a_step_goes_to_the_means(problem):
    rows, weights, centers = problem
    moved = lloyd.step_and_merit(samples_of(rows, weights), centers)[0]
    expected = reference.lloyd_step(rows, centers, weights)
    full = ~np.isnan(expected).any(axis=1)
    if not full.all():
        return  # a full cluster gave a sample to an empty one
    np.testing.assert_allclose(moved, expected, rtol=1e-13, atol=np.ptp(rows) * 1e-15)


@given(problems())
def test_compactness_never_rises(problem):
    rows, weights, centers = problem
    samples = samples_of(rows, weights)
    found = []
    for _ in range(8):
        labels = reference.nearest(rows, centers)
        found.append(reference.compactness(rows, labels, centers, weights))
        centers = lloyd.step_and_merit(samples, centers)[0]
    for before, after in pairwise(found):
        assert after <= before * (1 + 1e-12) + 1e-300


@given(problems())
def test_a_converged_center_is_the_mean_of_its_samples(problem):
    rows, weights, centers = problem
    refined = refine(samples_of(rows, weights), centers, None, 0)
    assert refined.converged
    labels = reference.nearest(rows, refined.centers)
    weights = np.ones(len(rows)) if weights is None else weights
    for label in np.unique(labels):
        inside = labels == label
        np.testing.assert_allclose(
            refined.centers[label],
            reference.mean(rows[inside], weights[inside]),
            rtol=1e-12,
            atol=np.ptp(rows) * 1e-15,
        )


@given(problems())
def test_no_cluster_stays_empty_while_there_are_colors_to_give(problem):
    rows, weights, centers = problem
    samples = samples_of(rows, weights)
    refined = refine(samples, centers, None, 0)
    assigned = lloyd.assign(samples, refined.centers)
    if len(samples.distinct(100)) >= len(centers):
        assert (assigned.weights > 0).all()


def test_an_empty_cluster_gets_the_farthest_sample_of_the_largest():
    rows = np.array([[0.0], [0.0], [1.0], [9.0], [20.0], [21.0]])
    centers = np.array([[1.0], [20.5], [100.0]])
    moved = lloyd.step_and_merit(samples_of(rows), centers)[0]
    # The cluster 0, 0, 1, 9 has the mean 2.5, without 9 the mean 1/3.
    np.testing.assert_allclose(moved, [[1 / 3], [20.5], [9.0]], rtol=1e-15)


def test_a_color_is_given_with_all_of_its_pixels():
    rows, weights = np.array([[0.0], [10.0]]), np.array([4.0, 4.0])
    moved = lloyd.step_and_merit(samples_of(rows, weights), np.array([[5.0], [100.0]]))[
        0
    ]
    repeated = np.repeat(rows, 4, axis=0)
    expected = lloyd.step_and_merit(samples_of(repeated), np.array([[5.0], [100.0]]))[0]
    np.testing.assert_array_equal(moved, expected)
    np.testing.assert_array_equal(moved, [[0.0], [10.0]])


@given(
    st.lists(st.sampled_from([0.1, 1.0, 7.0]), min_size=4, max_size=12),
    st.integers(2, 6),
    st.integers(0, 2**32 - 1),
)
def test_one_color_is_not_split_where_its_mean_is_rounded(weights, k, seed):
    # The mean of 0.1, 0.1 and 0.1 threes is not 3.
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 4, (len(weights), 1)) * 3.0
    centers = rows[rng.integers(0, len(rows), k)]
    samples = samples_of(rows, np.array(weights))
    refined = refine(samples, centers, 30, 0)
    assert refined.converged


def test_going_around_for_ever_ends(monkeypatch):
    samples = samples_of(np.arange(4.0)[:, np.newaxis])

    def turn(samples, centers, fixed):
        return (centers + 1) % 5, 0.0

    monkeypatch.setattr(lloyd, "step_and_merit", turn)
    refined = refine(samples, np.array([[0.0], [2.0]]), None, 0)
    assert not refined.converged


def test_a_center_stays_where_there_is_nothing_to_give():
    rows = np.array([[3.0], [3.0]])
    moved = lloyd.step_and_merit(samples_of(rows), np.array([[3.0], [3.0], [3.0]]))[0]
    np.testing.assert_array_equal(moved, [[3.0]] * 3)


@pytest.mark.parametrize("max_iter", [1, 2, 5])
def test_steps_are_counted_up_to_the_limit(max_iter):
    rows = np.random.default_rng(0).random((500, 2))
    told = Told()

    def work():
        with stage("Step", n_steps=max_iter):
            return refine(samples_of(rows), rows[:5], max_iter, 0)

    refined = follow(work, told)
    steps = [f"Step {n}" for n in range(1, max_iter + 1)]
    assert told.stages == ["Preparing", "Step", *steps, "Done"][-len(told.stages) :]
    assert refined.n_iter == max_iter
    assert not refined.converged


def test_epsilon_ends_the_iteration():
    rows = np.random.default_rng(0).random((500, 2))
    samples = samples_of(rows)
    coarse = refine(samples, rows[:5], None, 0.01)
    fine = refine(samples, rows[:5], None, 0)
    assert coarse.converged
    assert 1 < coarse.n_iter < fine.n_iter
    before = refine(samples, rows[:5], coarse.n_iter - 1, 0.01)
    assert not before.converged
    last = np.linalg.norm(coarse.centers - before.centers, axis=1).max()
    assert last <= 0.01
    assert refine(samples, rows[:5], coarse.n_iter, 0.01).converged


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_bits_do_not_depend_on_threads_or_blocks(weighted, dtype, monkeypatch):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(20_000, 3)).astype(dtype)
    weights = rng.random(len(rows)) if weighted else None
    centers = rng.normal(size=(7, 3))
    centers[3] = 50  # empty

    def run():
        samples = samples_of(rows, weights)
        refined = refine(samples, centers, 6, 0)
        return refined.centers, *lloyd.assign(samples, refined.centers)

    expected = run()
    for threads, size in ((1, 20_000), (2, 3_333), (8, 1_024), (8, 1_000)):
        monkeypatch.setattr(module, "n_threads", lambda threads=threads: threads)
        monkeypatch.setattr(module, "SIZE", size)
        for ours, theirs in zip(run(), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(("k", "dtype"), [(1, "u1"), (255, "u1"), (256, "u2")])
def test_labels_are_as_short_as_they_can_be(k, dtype):
    assert sums.label_dtype(k) == np.dtype(dtype)
    rows = np.arange(300.0)[:, np.newaxis]
    assert lloyd.assign(samples_of(rows), rows[:k]).labels.dtype == dtype


@given(problems())
def test_relocated_centers_lie_on_samples_and_gain(problem):
    rows, weights, centers = problem
    samples = samples_of(rows, weights)
    assigned = lloyd.assign(samples, centers)
    moved = lloyd.relocate(samples, centers, assigned, assigned.weights <= 0)
    changed = (moved != centers).any(axis=1)
    assert not changed[assigned.weights > 0].any()
    for center in moved[changed]:
        assert (rows == center).all(axis=1).any()
    again = lloyd.assign(samples, moved)
    if changed.any():
        assert again.squared.sum() < assigned.squared.sum()
    else:
        # Where nothing can be moved, every sample is at its center.
        empty = (assigned.weights == 0).any()
        assert not empty or assigned.squared.sum() == 0


def test_labels_that_are_not_kept_take_no_memory():
    samples = from_pixels([np.arange(1000.0)])
    centers = np.array([[0.0], [999.0]])
    given = centers, samples.minima, samples.splitters[[0, 0, 0]]
    labels = lloyd._assigned_of(samples, *given, keep=False, each=False)[1]
    assert labels.size == 0
    assert labels.base is None
