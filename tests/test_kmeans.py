"""K-means of points: nearest centers, true means, weights, a stable order."""

import warnings

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import reference
from napari_kmeans import Criteria, kmeans, quantize, read_points
from napari_kmeans.core.data.sampling import stratified
from napari_kmeans.core.options.settings import MAX_SAMPLES

TO_THE_END = Criteria(None, 0)


@st.composite
def point_sets(draw, min_distinct=1, elements=None):
    """Draw points, and a number of clusters up to that of the distinct ones."""
    if elements is None:
        few = st.integers(-4, 4).map(float)
        many = st.integers(-(2**24), 2**24).map(lambda integer: integer / 1024)
        elements = draw(st.sampled_from([few, many]))
    shape = draw(st.tuples(st.integers(1, 30), st.integers(1, 4)))
    points = draw(hnp.arrays(np.float64, shape, elements=elements))
    distinct = len(np.unique(points, axis=0))
    assume(distinct >= min_distinct)
    return points, draw(st.integers(1, min(6, distinct)))


options = st.fixed_dictionaries(
    {
        "attempts": st.integers(1, 3),
        "init": st.sampled_from(["random", "k-means++"]),
        "seed": st.integers(0, 100),
        "max_samples": st.sampled_from([None, 6, 20, MAX_SAMPLES]),
    }
)


def blobs(n=100, k=5, n_features=2, seed=10):
    rng = np.random.default_rng(seed)
    means = rng.integers(0, 40, (k, 1, n_features))
    return rng.normal(means, 1.5, (k, n // k, n_features)).reshape(n, n_features)


@given(point_sets(), options)
def test_labels_and_compactness_are_those_of_brute_force(problem, settings):
    points, k = problem
    c = kmeans(points, k, **settings)
    assert c.k == k
    np.testing.assert_array_equal(c.labels, reference.nearest(points, c.centers))
    exact = reference.compactness(points, c.labels, c.centers)
    assert c.compactness == pytest.approx(exact, rel=1e-12, abs=1e-300)
    np.testing.assert_array_equal(c.counts, np.bincount(c.labels, minlength=k))
    assert (c.counts > 0).all()


@given(point_sets(), options)
def test_a_converged_center_is_the_mean_of_its_points(problem, settings):
    points, k = problem
    c = kmeans(points, k, criteria=TO_THE_END, **settings)
    if not c.converged:
        return
    for label, center in enumerate(c.centers):
        mean = reference.mean(points[c.labels == label])
        np.testing.assert_allclose(center, mean, rtol=1e-12, atol=1e-11)


def test_a_point_between_two_centers_belongs_to_the_first_at_rest():
    # From 2, 0, -4 and -2, the point 1 is as near to 2 as to 0.
    points = np.array([[0.0]] * 6 + [[3.0], [-4.0], [1.0], [-2.0]])
    for seed in range(20):
        c = kmeans(points, 4, attempts=1, seed=seed, criteria=TO_THE_END, max_samples=6)
        for label, center in enumerate(c.centers):
            assert center == pytest.approx(points[c.labels == label].mean(axis=0))


@given(point_sets(), options)
def test_clusters_are_in_the_order_of_their_brightness(problem, settings):
    points, k = problem
    means = kmeans(points, k, **settings).centers.mean(axis=1)
    assert (np.diff(means) >= 0).all()


@given(point_sets(), options, st.data())
def test_weighted_equals_repeated(problem, settings, data):
    points, k = problem
    weights = data.draw(hnp.arrays(np.int64, len(points), elements=st.integers(0, 3)))
    repeated = np.repeat(points, weights, axis=0)
    assume(len(np.unique(repeated, axis=0)) >= k)
    # Beyond the sample, the two are sampled alike but for rounding.
    settings["max_samples"] = data.draw(st.sampled_from([None, MAX_SAMPLES]))
    a = kmeans(points, k, weights=weights, **settings)
    b = kmeans(repeated, k, **settings)
    np.testing.assert_allclose(a.centers, b.centers, rtol=1e-12, atol=1e-11)
    assert a.compactness == pytest.approx(b.compactness, rel=1e-12, abs=1e-18)
    assert (a.n_iter, a.converged) == (b.n_iter, b.converged)


def test_weighted_equals_repeated_beyond_the_sample():
    points = blobs(400)
    weights = np.random.default_rng(0).integers(0, 4, len(points))
    a = kmeans(points, 5, weights=weights, max_samples=64)
    b = kmeans(np.repeat(points, weights, axis=0), 5, max_samples=64)
    np.testing.assert_allclose(a.centers, b.centers, rtol=1e-12)
    np.testing.assert_array_equal(np.repeat(a.labels, weights), b.labels)


@given(point_sets(), options, st.integers(-60, 60))
def test_only_the_ratio_of_weights_counts(problem, settings, exponent):
    points, k = problem
    rng = np.random.default_rng(len(points))
    weights = rng.uniform(0.1, 2, len(points))
    a = kmeans(points, k, weights=weights, **settings)
    b = kmeans(points, k, weights=weights * 2.0**exponent, **settings)
    np.testing.assert_allclose(a.centers, b.centers, rtol=1e-9, atol=1e-9)
    assert b.compactness == pytest.approx(a.compactness * 2.0**exponent, rel=1e-9)


@pytest.mark.parametrize("far", [0.0, 1e3, -1.7e308])
@pytest.mark.parametrize("refine", [True, False])
def test_points_without_weight_are_labeled_but_move_nothing(far, refine):
    points = np.vstack([blobs(), [[far, far], [0.0, 0.0]]])
    weights = np.append(np.ones(100), [0, 0])
    a = kmeans(points, 5, weights=weights, refine=refine)
    b = kmeans(points[:100], 5, weights=np.ones(100), refine=refine)
    np.testing.assert_array_equal(a.centers, b.centers)
    np.testing.assert_array_equal(a.labels[:100], b.labels)
    offsets = points[100:, np.newaxis].astype(np.longdouble) - a.centers
    nearest = (offsets**2).sum(axis=-1).argmin(axis=-1)
    np.testing.assert_array_equal(a.labels[100:], nearest)
    assert a.compactness == b.compactness
    assert a.settings == b.settings
    assert a.n_excluded == 0


@pytest.mark.parametrize("weights", [[2, 0, 1], [3, 0, 0], [0, 1, 2]])
def test_weights_that_add_up_to_the_number_of_points_are_still_weights(weights):
    points = np.array([[0.0], [5.0], [10.0]])
    k = np.count_nonzero(weights)
    c = kmeans(points, k, weights=weights, refine=False)
    np.testing.assert_array_equal(c.labels, reference.nearest(points, c.centers))
    assert sorted(c.centers.ravel()) == points[np.array(weights) > 0].ravel().tolist()


@pytest.mark.parametrize("weight", [1e12, 1e-12, 1e50, 1e-50, 0.3])
@pytest.mark.parametrize("max_samples", [None, 10, MAX_SAMPLES])
def test_weights_may_be_of_any_size(weight, max_samples):
    points = blobs()
    a = kmeans(points, 5, max_samples=max_samples, criteria=TO_THE_END)
    b = kmeans(
        points,
        5,
        weights=np.full(100, weight),
        max_samples=max_samples,
        criteria=TO_THE_END,
    )
    np.testing.assert_allclose(b.centers, a.centers, rtol=1e-12)
    assert b.compactness == pytest.approx(weight * a.compactness, rel=1e-12)
    assert b.settings["max_samples"] == max_samples
    assert b.settings["weighted"]


@pytest.mark.parametrize("dtype", ["?", "u1", "i2", "i8", "u8", "f2", "f4", "f8"])
def test_one_cluster_is_the_mean(dtype):
    points = np.random.default_rng(0).integers(0, 100, (1001, 3)).astype(dtype)
    for weights in (None, np.arange(1001)):
        c = kmeans(points, 1, weights=weights)
        mean = reference.mean(
            points.astype(float), None if weights is None else weights.astype(float)
        )
        np.testing.assert_allclose(c.centers[0], mean, rtol=1e-14)
        assert c.converged


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("weighted", [False, True])
def test_points_that_are_not_finite_are_left_out(bad, weighted):
    points = blobs()
    rng = np.random.default_rng(0)
    weights = rng.integers(1, 4, 100) if weighted else None
    invalid = rng.random(100) < 0.3
    spoilt = points.copy()
    spoilt[invalid, rng.integers(0, 2, invalid.sum())] = bad
    a = kmeans(spoilt, 5, weights=weights)
    b = kmeans(points[~invalid], 5, weights=weights[~invalid] if weighted else None)
    np.testing.assert_array_equal(a.centers, b.centers)
    np.testing.assert_array_equal(a.labels[~invalid], b.labels)
    assert (a.labels[invalid] == -1).all()
    assert a.n_excluded == invalid.sum()
    assert b.n_excluded == 0
    assert a.compactness == b.compactness


@given(point_sets(elements=st.floats(-1e3, 1e3, width=32)), st.integers(-900, 900))
def test_scaling_by_a_power_of_two_scales_the_centers_to_the_bit(problem, exponent):
    points, k = problem
    points[np.abs(points) < 1e-3] = 0
    k = min(k, len(np.unique(points, axis=0)))
    factor = 2.0**exponent
    a, b = kmeans(points, k, attempts=2), kmeans(points * factor, k, attempts=2)
    np.testing.assert_array_equal(b.centers, a.centers * factor)
    np.testing.assert_array_equal(b.labels, a.labels)
    assert b.settings["epsilon"] == a.settings["epsilon"] * factor
    with np.errstate(over="ignore"):
        expected = float(a.compactness * np.float64(factor) * factor)
    assert b.compactness == expected


@pytest.mark.parametrize("largest", [1.7e308, 5e-324, 1e-310])
def test_floats_may_be_as_extreme_as_they_are(largest):
    points = largest * np.array([[0, 0], [0, 1], [-1, -1], [-1, 0], [1, 1]])
    c = kmeans(points, 5)
    assert c.n_excluded == 0
    np.testing.assert_array_equal(c.centers[c.labels], points)
    assert c.compactness == 0
    two = kmeans(points, 2)
    assert np.isfinite(two.centers).all()
    assert len(np.unique(two.labels)) == 2


def test_far_from_zero_and_close_together():
    points = 1e9 + np.array([[-1.0], [-0.9], [0.0], [0.1], [1.0]])
    c = kmeans(points, 3, criteria=TO_THE_END)
    assert c.labels.tolist() == [0, 0, 1, 1, 2]
    np.testing.assert_allclose(c.centers.ravel() - 1e9, [-0.95, 0.05, 1.0], atol=2e-7)


@given(
    hnp.arrays(
        np.int64,
        st.tuples(st.integers(60, 90), st.integers(2, 3)),
        elements=st.integers(0, 5000),
    ),
    st.sampled_from([1, -37, 1000, 10**6, -(10**9), 2**40]),
    st.integers(1, 5),
)
def test_shifting_integers_shifts_the_centers(points, shift, k):
    assume(len(np.unique(points, axis=0)) >= k)
    a = kmeans(points, k, attempts=2)
    b = kmeans(points + shift, k, attempts=2)
    np.testing.assert_allclose(b.centers - shift, a.centers, rtol=0, atol=1e-3)
    np.testing.assert_array_equal(a.labels, b.labels)
    assert b.compactness == pytest.approx(a.compactness, rel=1e-6)


@pytest.mark.parametrize("offset", [1e6, 1e9, -1e11])
def test_far_from_zero_the_answer_is_as_good(offset):
    points = blobs(20_000, 20, 3)
    near = kmeans(points, 20, attempts=1, max_samples=1000)
    far = kmeans(points + offset, 20, attempts=1, max_samples=1000)
    assert far.compactness == pytest.approx(near.compactness, rel=1e-4)


@pytest.mark.parametrize("dtype", ["i8", "u8"])
def test_64_bit_integers_beyond_float64_are_told_apart(dtype):
    least = 2**63 - 30 if dtype == "i8" else 2**64 - 30
    points = (np.array([[0], [1], [2], [20], [21], [22]]) + 0).astype(dtype)
    points += np.array(least, dtype)
    c = kmeans(points, 2)
    assert c.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert c.compactness == 4.0


@pytest.mark.parametrize("k", [3, 5, 100])
@pytest.mark.parametrize("refine", [True, False])
def test_fewer_distinct_points_than_clusters_warn_once(k, refine):
    points = np.array([[1.0, 2.0], [3.0, 0.5]] * 100)
    with pytest.warns(UserWarning, match=f"^k={k} should be at most the 2 .*") as seen:
        c = kmeans(points, k, refine=refine)
    assert len(seen) == 1
    assert seen[0].filename == __file__
    assert c.centers.tolist() == [[1.0, 2.0], [3.0, 0.5]] or c.centers.tolist() == [
        [3.0, 0.5],
        [1.0, 2.0],
    ]
    assert c.counts.tolist() == [100, 100]
    assert c.compactness == 0
    assert c.converged


def test_as_many_distinct_points_as_clusters_do_not_warn():
    points = np.array([[1.0, 2.0], [3.0, 0.5], [7.0, 7.0]] * 100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        c = kmeans(points, 3)
    assert c.compactness == 0
    assert c.k == 3


def test_many_points_of_few_kinds_are_few():
    points = np.zeros((200_000, 2), np.float32)
    points[1::2] = 1
    with pytest.warns(UserWarning, match="at most the 2 "):
        c = kmeans(points, 3)
    assert c.counts.tolist() == [100_000, 100_000]


@given(point_sets(), options)
def test_the_same_arguments_give_the_same_bits(problem, settings):
    points, k = problem
    a, b = (kmeans(points, k, **settings) for _ in range(2))
    np.testing.assert_array_equal(a.centers, b.centers)
    np.testing.assert_array_equal(a.labels, b.labels)
    assert a.compactness == b.compactness


def test_points_in_any_form_are_points():
    points = blobs().round(1)
    expected = kmeans(points, 5)
    backward = points.astype(">f8")[::-1, ::-1][::-1, ::-1]
    frozen = np.asfortranarray(points)
    frozen.flags.writeable = False
    for form in (points.tolist(), backward, frozen, np.ma.masked_array(points)):
        c = kmeans(form, 5)
        np.testing.assert_array_equal(c.centers, expected.centers)
        np.testing.assert_array_equal(c.labels, expected.labels)
        assert c.labels.dtype == np.int32
        np.testing.assert_array_equal(c.points, points)


@pytest.mark.parametrize("refine", [True, False])
def test_the_input_is_not_modified(refine):
    points, weights = blobs(), np.arange(100.0)
    labels = np.arange(100) % 5
    before = [array.copy() for array in (points, weights, labels)]
    kmeans(points, 5, weights=weights, init=labels, refine=refine)
    for now, then in zip((points, weights, labels), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_initial_labels_are_where_the_first_attempt_starts():
    points = np.array([[0.0], [1.0], [10.0], [11.0]])
    # Both are fixed points of Lloyd's iteration; a start decides between them.
    good = kmeans(points, 2, init=[0, 0, 1, 1], attempts=1)
    assert good.compactness == 1.0
    square = np.array([[0.0, 0], [0, 1], [2, 0], [2, 1]])
    wide = kmeans(square, 2, init=[0, 1, 0, 1], attempts=1, criteria=TO_THE_END)
    tall = kmeans(square, 2, init=[0, 0, 1, 1], attempts=1, criteria=TO_THE_END)
    assert wide.compactness == 4.0
    assert tall.compactness == 1.0
    assert wide.settings["init"] == "labels"


def test_initial_labels_go_with_their_points():
    square = np.array([[0.0, 0], [0, 1], [1.2, 0], [1.2, 1]])
    points = np.repeat(square, 500, axis=0)
    labels = np.repeat([0, 1, 0, 1], 500)
    order = np.random.default_rng(0).permutation(2000)
    points, labels = points[order], labels[order]
    points = np.vstack([[[np.nan, 0]], points])
    labels = np.append(1, labels)
    for max_samples in (None, 100):
        for weights in (None, np.full(2001, 2), np.full(2001, 0.5)):
            c = kmeans(
                points,
                2,
                init=labels,
                attempts=1,
                weights=weights,
                max_samples=max_samples,
            )
            np.testing.assert_array_equal(c.labels[1:], labels[1:])


def test_unrefined_weighted_points_are_still_nearest():
    points = blobs(400)
    weights = np.random.default_rng(0).random(400)
    c = kmeans(points, 5, weights=weights, refine=False, max_samples=100)
    np.testing.assert_array_equal(c.labels, reference.nearest(points, c.centers))
    assert c.n_iter == 0
    assert not c.converged


def test_refining_never_does_worse_than_opencv():
    for seed in range(10):
        points = blobs(500, seed=seed)
        plain = kmeans(points, 5, attempts=1, seed=seed, refine=False)
        refined = kmeans(points, 5, attempts=1, seed=seed)
        assert refined.compactness <= plain.compactness * (1 + 1e-6)


def test_many_features_will_do():
    points = np.random.default_rng(0).random((300, 50))
    c = kmeans(points, 4, criteria=TO_THE_END)
    assert c.centers.shape == (4, 50)
    np.testing.assert_array_equal(c.labels, reference.nearest(points, c.centers))


@given(
    st.integers(1, 40).flatmap(
        lambda n: st.one_of(
            st.just(np.ones(n)),
            hnp.arrays(np.float64, n, elements=st.sampled_from([0.1, 0.5, 1.0, 7.0])),
        )
    ),
    st.integers(1, 200),
    st.integers(0, 2**31 - 1),
)
def test_a_sample_is_spread_over_the_weights(weights, size, seed):
    index = stratified(len(weights), weights, size, seed)
    assert index.shape == (size,)
    assert (np.diff(index) >= 0).all()
    share = weights * size / weights.sum()
    found = np.bincount(index, minlength=len(weights))
    assert (np.abs(found - share) < 2).all()
    np.testing.assert_array_equal(index, stratified(len(weights), weights, size, seed))
    if (weights == 1).all():
        even = stratified(len(weights), np.empty(0), size, seed)
        np.testing.assert_array_equal(even, index)


@pytest.mark.parametrize("seed", range(10))
def test_an_outlier_does_not_get_a_center_that_others_need(seed):
    """As it would from many a random start."""
    image = np.repeat([50, 100, 150, 255], [10_000] * 3 + [1]).astype(np.uint8)
    best = quantize(image[np.newaxis], 3, init="optimal").compactness
    found = quantize(image[np.newaxis], 3, seed=seed).compactness
    assert found == pytest.approx(best)


@pytest.mark.parametrize("weighted", [False, True])
def test_points_that_were_read_once_give_the_same_bits(weighted):
    rng = np.random.default_rng(0)
    points = rng.random((3000, 2))
    points[7] = np.nan
    weights = rng.integers(0, 3, 3000).astype(float) if weighted else None
    samples = read_points(points, weights=weights)
    assert samples.n == np.count_nonzero(weights) if weighted else samples.n == 2999
    assert samples.excluded == {"not finite": 1}
    assert samples.nbytes > 0
    start = rng.integers(0, 4, 3000)
    for asked in ({}, {"seed": 3}, {"max_samples": 500}, {"init": start}):
        kept = kmeans(samples, 4, **asked)
        anew = kmeans(points, 4, weights=weights, **asked)
        np.testing.assert_array_equal(kept.labels, anew.labels)
        np.testing.assert_array_equal(kept.centers, anew.centers)
        assert kept.compactness == anew.compactness
        assert kept.settings == anew.settings


def test_points_that_were_read_are_not_counted_again(monkeypatch):
    samples = read_points(np.random.default_rng(0).random((300, 2)))
    kmeans(samples, 2)
    monkeypatch.setattr("napari_kmeans.core.reading.points.from_pixels", None)
    assert kmeans(samples, 3).k == 3


def test_points_that_were_read_have_their_weights():
    samples = read_points([[1.0], [2.0]])
    with pytest.raises(ValueError, match="weights should be given to read_points"):
        kmeans(samples, 2, weights=[1, 1])


def test_points_that_were_read_say_what_they_are():
    samples = read_points(np.zeros((1200, 3)))
    assert repr(samples) == "PointSamples(1,200 points of 3 features)"
    assert kmeans([[1.0], [2.0]], 2).method == "refined"
    assert kmeans([[1.0], [2.0]], 2, refine=False).method == "plain"
    assert kmeans([[1.0], [2.0]], 2, init="optimal").method == "optimal"
