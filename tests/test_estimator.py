"""The estimator: as scikit-learn would have it, with the numbers of `kmeans`."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from blobs import blobs
from napari_kmeans import KMeansQuantizer, kmeans
from reference import nearest, squared_distances


@parametrize_with_checks([KMeansQuantizer(n_clusters=3)])
def test_scikit_learn_takes_it_for_one_of_its_own(estimator, check):
    check(estimator)


POINTS = blobs(4, seed=1).reshape(-1, 3).astype(float)


@given(
    k=st.integers(1, 6),
    n=st.integers(40, 300),
    seed=st.integers(0, 99),
    dtype=st.sampled_from([np.float32, np.float64]),
    weighted=st.booleans(),
)
def test_it_finds_what_kmeans_finds_to_the_last_bit(k, n, seed, dtype, weighted):
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 9, (n, 2)).astype(dtype)
    weights = rng.integers(0, 4, n) if weighted else None
    found = KMeansQuantizer(k, random_state=seed).fit(points, sample_weight=weights)
    expected = kmeans(points, k, seed=seed, weights=weights)
    np.testing.assert_array_equal(found.cluster_centers_, expected.centers)
    np.testing.assert_array_equal(found.labels_, expected.labels)
    assert found.inertia_ == expected.compactness
    assert found.n_iter_ == expected.n_iter
    assert found.score(points, sample_weight=weights) == -found.inertia_
    np.testing.assert_array_equal(found.predict(points), found.labels_)


def test_arguments_are_those_of_kmeans():
    given = {"n_init": 3, "max_iter": 50, "random_state": 7, "max_samples": 500}
    found = KMeansQuantizer(5, init="k-means++", tol=1e-6, **given).fit(POINTS)
    epsilon = np.sqrt(1e-6 * POINTS.var(axis=0).mean())
    expected = kmeans(
        POINTS,
        5,
        init="k-means++",
        attempts=3,
        criteria=(3, 50, epsilon),
        seed=7,
        max_samples=500,
    )
    np.testing.assert_array_equal(found.cluster_centers_, expected.centers)
    np.testing.assert_array_equal(found.labels_, expected.labels)
    start = POINTS[[5, 600, 1300]]
    found = KMeansQuantizer(3, init=start).fit(POINTS)
    expected = kmeans(POINTS, 3, init=start)
    np.testing.assert_array_equal(found.cluster_centers_, expected.centers)


def test_it_is_as_good_as_that_of_scikit_learn():
    other = KMeans(6, n_init=10, random_state=0).fit(POINTS)
    found = KMeansQuantizer(6, max_iter=None, tol=0).fit(POINTS)
    assert found.inertia_ <= other.inertia_ * 1.001
    assert found.cluster_centers_.shape == other.cluster_centers_.shape


def test_others_are_told_by_the_nearest_center():
    found = KMeansQuantizer(7).fit(POINTS)
    others = np.random.default_rng(0).uniform(0, 255, (500, 3))
    squared = squared_distances(others, found.cluster_centers_)
    np.testing.assert_array_equal(
        found.predict(others), nearest(others, found.cluster_centers_)
    )
    np.testing.assert_allclose(found.transform(others), np.sqrt(squared))
    np.testing.assert_allclose(found.score(others), -squared.min(axis=1).sum())
    assert found.predict(others).dtype == found.labels_.dtype == np.int32
    assert found.transform(others.astype(np.float32)).dtype == np.float32


def test_none_as_state_is_another_answer_each_time():
    points = np.random.default_rng(0).random((300, 4))
    once = [KMeansQuantizer(9, random_state=0).fit(points).inertia_ for _ in range(2)]
    assert once[0] == once[1]
    anew = KMeansQuantizer(9, n_init=1, max_iter=1, random_state=None, init="random")
    assert len({clone(anew).fit(points).inertia_ for _ in range(6)}) > 1
    state = np.random.RandomState(5)
    seed = int(np.random.RandomState(5).randint(2**31 - 1))
    found = KMeansQuantizer(9, random_state=state).fit(points)
    assert found.inertia_ == kmeans(points, 9, seed=seed).compactness


def test_a_pipeline_of_it_names_what_comes_out():
    pipeline = make_pipeline(StandardScaler(), KMeansQuantizer(4))
    pipeline.set_output(transform="pandas")
    table = pipeline.fit_transform(POINTS)
    names = [f"kmeansquantizer{i}" for i in range(4)]
    assert [*table.columns] == names == [*pipeline[-1].get_feature_names_out()]
    nearest_of = table.to_numpy().argmin(axis=1)
    np.testing.assert_array_equal(pipeline.predict(POINTS), nearest_of)
    np.testing.assert_array_equal(pipeline.fit_predict(POINTS), nearest_of)
    again = pickle.loads(pickle.dumps(pipeline))
    np.testing.assert_array_equal(again.predict(POINTS), nearest_of)
    weights = np.arange(len(POINTS))
    pipeline.fit(POINTS, kmeansquantizer__sample_weight=weights)
    assert pipeline.score(POINTS) == pytest.approx(-table.min(axis=1).pow(2).sum(), 0.1)


def test_of_fewer_points_there_are_fewer_clusters_and_a_warning():
    quantizer = KMeansQuantizer(3)
    with pytest.warns(ConvergenceWarning, match="n_clusters=3 should be at most the 2"):
        quantizer.fit([[0.0], [0], [5], [5]])
    assert quantizer.cluster_centers_.tolist() == [[0.0], [5.0]]
    assert quantizer.transform([[1.0]]).tolist() == [[1.0, 4.0]]
    assert len(quantizer.get_feature_names_out()) == 2


@pytest.mark.parametrize(
    ("changes", "weights", "error", "message"),
    [
        ({"n_clusters": 0}, None, ValueError, "n_clusters=0 should be at least 1."),
        ({"n_clusters": 2.0}, None, TypeError, "n_clusters=2.0 should be an integer."),
        ({"n_clusters": 99}, None, ValueError, "n_clusters=99 .* n_samples=9."),
        ({"n_init": 0}, None, ValueError, "n_init=0 should be at least 1."),
        ({"max_iter": 0}, None, ValueError, "max_iter=0 should be at least 1."),
        ({"tol": -1}, None, ValueError, "tol=-1 should be at least 0."),
        ({"random_state": -1}, None, ValueError, "random_state=-1 should be at least"),
        ({"random_state": "a"}, None, TypeError, "random_state='a' should be an int"),
        ({"init": "best"}, None, ValueError, "init='best' should be one of"),
        ({}, [-1.0] * 9, ValueError, "sample_weight down to -1.0 should not be"),
        ({}, [1.0], ValueError, r"sample_weight of shape \(1,\) should have one value"),
    ],
)
def test_what_it_cannot_be_fitted_with_is_refused(changes, weights, error, message):
    quantizer = KMeansQuantizer(**{"n_clusters": 2} | changes)
    with pytest.raises(error, match=message):
        quantizer.fit(POINTS[:9], sample_weight=weights)


ABSENT = """
import sys
sys.modules["sklearn"] = None
import napari_kmeans
from napari_kmeans import *
assert "KMeansQuantizer" not in dir(napari_kmeans) + napari_kmeans.__all__
try:
    from napari_kmeans import KMeansQuantizer
except ImportError as error:
    print(error)
"""


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_without_scikit_learn_it_says_what_it_takes():
    sentence = "KMeansQuantizer takes scikit-learn: pip install scikit-learn"
    assert run(ABSENT) == sentence


def test_scikit_learn_is_imported_where_it_is_used():
    code = (
        "import sys; from napari_kmeans import kmeans; print('sklearn' in sys.modules)"
    )
    assert run(code) == "False"
