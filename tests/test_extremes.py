"""Extremes: values and weights of which a few are very far from all others."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from napari_kmeans import Criteria, kmeans, quantize
from napari_kmeans.core.data.samples import from_pixels
from napari_kmeans.core.data.sampling import drawn

TO_THE_END = Criteria(None, 0)

#: Fill values as files have them, and values that are merely large.
FAR = [-3.4028235e38, 3.4028235e38, 1e20, -1e12, 9.96921e36, 1e9]

seeds = st.integers(0, 1000)


def assert_right(q, rows, weights=None):
    """Labels are of the nearest, centers are means, compactness is the sum."""
    labels = q.labels.reshape(-1) - 1
    weights = np.ones(len(rows)) if weights is None else weights
    np.testing.assert_array_equal(labels, reference.nearest(rows, q.centers))
    for label, center in enumerate(q.centers):
        inside = labels == label
        mean = reference.mean(rows[inside], weights[inside])
        spread = np.ptp(rows[inside].astype(float), axis=0)
        assert (abs(center - mean) <= 1e-6 * spread + 1e-15 * abs(mean)).all()
    exact = reference.compactness(rows, labels, q.centers, weights)
    assert q.compactness == pytest.approx(exact, rel=1e-9, abs=1e-300)


def best_of_two(values):
    """Return the least compactness of two clusters of single values."""
    ordered = np.sort(values.astype(np.float64))
    n = np.arange(1, ordered.size)
    total, squares = ordered.sum(), (ordered**2).sum()
    sums = np.cumsum(ordered)[:-1]
    return squares - (sums**2 / n + (total - sums) ** 2 / (ordered.size - n)).max()


@given(
    seeds,
    st.sampled_from(FAR),
    st.sampled_from(["f4", "f8"]),
    st.integers(1, 2),
    st.integers(3, 6),
    st.sampled_from([100, 65_536]),
)
def test_far_values_leave_the_others_right(seed, far, dtype, n_far, k, max_samples):
    image = np.random.default_rng(seed).random((16, 20)).astype(dtype)
    image[0, :n_far] = far
    q = quantize(image, k, criteria=TO_THE_END, max_samples=max_samples, attempts=3)
    assert q.converged
    assert_right(q, image.reshape(-1, 1))


@pytest.mark.parametrize("far", FAR)
@pytest.mark.parametrize("shape", [(40, 50), (300, 400)])
def test_far_values_have_a_cluster_and_the_others_the_best_there_is(far, shape):
    image = np.random.default_rng(0).random(shape).astype(np.float32)
    image[0, 0] = far
    q = quantize(image, 3)
    assert q.compactness < 1.01 * best_of_two(image.reshape(-1)[1:])
    assert np.sort(q.counts)[0] == 1


def test_far_colors_are_far_in_one_channel():
    image = np.random.default_rng(0).random((20, 30, 3)).astype(np.float32)
    image[0, 0, 1] = 1e30
    q = quantize(image, 4, rgb=True, criteria=TO_THE_END)
    assert_right(q, image.reshape(-1, 3))


@pytest.mark.parametrize("base", [0, -(2**60), 2**62])
@pytest.mark.parametrize("far", [-(2**63), 2**63 - 1])
def test_integers_beside_a_far_one_stay_apart(base, far):
    near = np.random.default_rng(0).integers(0, 200, (30, 40))
    image = near + base
    image[0, 0] = far
    q = quantize(image, 3, criteria=TO_THE_END)
    alone = np.delete(near.reshape(-1), 0)
    labels = np.delete(q.labels.reshape(-1), 0)
    assert q.compactness < 1.01 * best_of_two(alone)
    means = [alone[labels == label].mean() for label in np.unique(labels)]
    assert len(means) == 2
    kept = np.delete(q.quantized.reshape(-1), 0) - base
    np.testing.assert_array_equal(np.unique(kept), np.sort(np.rint(means)))
    assert q.quantized[0, 0] == pytest.approx(far, rel=1e-15)


def test_values_of_many_magnitudes_are_not_taken_for_far_ones():
    image = np.exp(np.random.default_rng(0).normal(0, 3, (100, 100)))
    assert not from_pixels([image.reshape(-1)]).dominated
    assert_right(quantize(image, 5, criteria=TO_THE_END), image.reshape(-1, 1))


@pytest.mark.parametrize("far", [1e200, -1.7976931348623157e308])
def test_values_beside_which_others_have_no_squares_are_refused(far):
    image = np.random.default_rng(0).random((20, 30))
    image[0, 0] = far
    with pytest.raises(ValueError, match=r"^values from .* should have none so far"):
        quantize(image, 3)
    q = quantize(image, 3, no_data=far)
    assert q.excluded == {"no data": 1}
    assert q.compactness < 20


def test_an_optimum_is_one_or_refused():
    image = np.random.default_rng(0).random((20, 30))
    weights = np.ones((20, 30))
    weights[0, 0] = 1e30
    with pytest.raises(ValueError, match=r"^weights from 1, .* init='optimal'"):
        quantize(image, 3, init="optimal", weights=weights)
    image[0, 0] = 1e20
    with pytest.raises(ValueError, match=r"^values .* so far off with init='optimal'"):
        quantize(image, 3, init="optimal")
    image[0, 0] = 1e3
    best = quantize(image, 3, init="optimal").compactness
    assert best == pytest.approx(best_of_two(image.reshape(-1)[1:]), rel=1e-9)


@given(
    seeds,
    st.sampled_from([6e49, 1e30, 1e12, 1e-50, 1e-30]),
    st.integers(1, 3),
    st.integers(2, 5),
)
def test_heavy_pixels_leave_the_others_right(seed, heavy, n_heavy, k):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 200, (12, 15)).astype(np.uint16)
    weights = rng.random((12, 15)) + 0.5
    weights[0, :n_heavy] *= heavy
    q = quantize(image, k, weights=weights, criteria=TO_THE_END, attempts=3)
    assert q.converged
    assert_right(q, image.reshape(-1, 1), weights.reshape(-1))
    assert (q.counts > 0).all()


def test_a_heavy_pixel_has_a_cluster_and_the_others_good_ones():
    image = np.random.default_rng(0).random((300, 400))
    weights = np.ones(image.shape)
    weights[0, 0], image[0, 0] = 1e30, 0.5
    q = quantize(image, 4, weights=weights)
    # Where four may lie freely, none is in the middle.
    assert q.compactness < 1.5 * quantize(image, 4, init="optimal").compactness
    assert q.centers[q.labels[0, 0] - 1, 0] == 0.5


def test_weights_that_are_not_heavy_are_drawn_by():
    weights = np.random.default_rng(0).random(1000)
    assert drawn(weights) is weights
    assert drawn(np.array([3.0])).tolist() == [3.0]
    assert drawn(np.array([1e40, 1.0, 1e30, 2.0])).tolist() == [3.0, 1.0, 3.0, 2.0]


@pytest.mark.parametrize("epsilon", [1e100, 1e155, 1e200, 1.7e308])
@pytest.mark.parametrize("refine", [True, False])
@pytest.mark.parametrize("unit", [1, 1e-200, 1e-300])
def test_an_epsilon_beyond_its_square_ends_after_a_step(epsilon, refine, unit):
    image = np.random.default_rng(0).random((20, 30)) * (unit if refine else 1)
    q = quantize(image, 3, criteria=Criteria(10, epsilon), refine=refine)
    assert q.settings["epsilon"] == epsilon
    assert q.n_iter == refine
    assert q.k == 3


@pytest.mark.parametrize("space", ["cielab", "oklab"])
@pytest.mark.parametrize("value", [1e10, 1e200, -1e200, 1.7e308])
def test_colors_beyond_any_light_are_refused_in_a_space(space, value):
    image = np.random.default_rng(0).random((5, 6, 3))
    image[0, 0, 0] = value
    with pytest.raises(ValueError, match=rf"^image .* with color_space='{space}'"):
        quantize(image, 3, rgb=True, color_space=space)
    q = quantize(
        image, 3, rgb=True, color_space=space, no_data=7, mask=abs(image[..., 0]) < 2
    )
    labels, painted = q.palette.apply(image)
    assert labels.min() == 1
    assert np.isfinite(painted).all()


@pytest.mark.parametrize("space", ["cielab", "oklab"])
@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", "f4", "f8"])
def test_negative_colors_are_measured_in_silence(space, dtype):
    image = np.array([[[-5, 0, 0], [5, 9, 9]], [[-5, 0, 0], [100, 2, -100]]], dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        q = quantize(image, 3, rgb=True, color_space=space)
    np.testing.assert_array_equal(q.quantized, image)


def test_plain_opencv_refuses_what_it_cannot_square():
    image = np.array([[2**62, 5], [7, 9]])
    with pytest.raises(ValueError, match=r"^image with values up to 4.61e\+18 "):
        quantize(image, 2, refine=False)
    with pytest.raises(ValueError, match=r"^points with values up to 4.61e\+18 "):
        kmeans(image, 2, refine=False)
    many = np.full((4, 10_000), 9e17)
    many[0] = -9e17
    with pytest.raises(ValueError, match=r"^points with values up to 9e\+17 "):
        kmeans(many, 2, refine=False)


@pytest.mark.parametrize("n_channels", [1, 2, 5])
def test_a_single_sample_is_its_cluster(n_channels):
    row = np.arange(10.0, 10 + n_channels)
    for refine in (True, False):
        c = kmeans(row[np.newaxis], 1, refine=refine)
        assert c.centers.tolist() == [row.tolist()]
        assert c.labels.tolist() == [0]
        assert c.compactness == 0
    mask = np.zeros((3, 4), bool)
    mask[1, 1] = True
    image = np.tile(row, (3, 4, 1))
    q = quantize(image, 1, channel_axis=2, mask=mask, refine=False)
    assert q.centers.tolist() == [row.tolist()]


@pytest.mark.parametrize("dtype", ["?", "u1", "i2", "u8", "i8", "f2", "f4", "f8"])
@pytest.mark.parametrize(
    "no_data", [0, 1, 2, -9999, 300, 2**63, 2**70, 0.5, 1e300, -np.inf, np.nan, 6.0]
)
def test_no_data_beyond_the_dtype_is_nowhere(dtype, no_data):
    image = np.array([[0, 1, 0, 1], [1, 0, 1, 1]], dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        q = quantize(image, 1, no_data=no_data)
    assert q.n_excluded == sum(value == no_data for value in image.ravel().tolist())


def test_no_data_is_the_value_that_the_dtype_has():
    image = np.array([[0.1, 0.2, -3.4028235e38]], np.float32)
    assert quantize(image, 1, no_data=0.1).n_excluded == 1
    assert quantize(image, 1, no_data=-3.4028235e38).n_excluded == 1
    large = np.array([[2**53, 2**53 + 1]])
    assert quantize(large, 1, no_data=2.0**53).n_excluded == 1


def test_nothing_ends_the_process():
    code = """
import itertools, numpy as np
from napari_kmeans import Criteria, quantize
values = [0, 1, -1, 1e-320, 1e-160, 1e19, 1e38, 1e77, 1e155, 1e200, 1.7e308]
values.append(-1.7e308)
for a, b in itertools.combinations(values, 2):
    image = np.array([[[a, b, a], [b, a, b]], [[a, a, b], [b, b, b]]])
    for options in ({"color_space": "cielab"}, {"color_space": "oklab"},
                    {"refine": False}, {"scaling": "range"}, {"init": "k-means++"},
                    {"scaling": (1e9, 1, 1e-9)}, {"criteria": Criteria(3, 1e300)}):
        try:
            quantize(image, 3, rgb=True, attempts=2, **options)
        except ValueError as error:
            assert "should" in str(error), error
print("whole")
"""
    run = [sys.executable, "-W", "error::RuntimeWarning", "-c", code]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("whole\n", 0), done.stderr
