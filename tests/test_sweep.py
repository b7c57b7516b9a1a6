"""Sweeps: what each K gives is what a fit finds, and is measured as it should be."""

import warnings
from itertools import pairwise

import dask.array as da
import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import silhouette_samples

import reference
from blobs import blobs
from napari_kmeans import (
    Canceled,
    Criteria,
    Sweep,
    fit,
    quantize,
    quantize_planes,
    read_samples,
    sweep,
)
from napari_kmeans.core.data import stream
from napari_kmeans.core.reading import source as reading
from napari_kmeans.core.sweeping.silhouette import MOST, Silhouettes, few

COFFEE = skimage.data.coffee()[::4, ::4]
FLOATS = COFFEE.astype(np.float32) / 255
IMAGES = {
    "8-bit RGB": (COFFEE, {}),
    "gray": (COFFEE[..., 0], {}),
    "16-bit": (COFFEE.astype(np.uint16) * 7, {"rgb": False, "channel_axis": 2}),
    "float": (FLOATS, {}),
    "CIELAB, scaled": (COFFEE, {"color_space": "cielab", "scaling": "variance"}),
    "masked": (COFFEE, {"mask": COFFEE[..., 1] > 70}),
    "weighted": (COFFEE, {"weights": COFFEE[..., 1] // 4}),
    "small": (COFFEE[:20, :20], {"rgb": True}),
}
FINE = Criteria(100, 0)


def small_images():
    shape = st.tuples(st.integers(2, 6), st.integers(2, 6), st.integers(1, 3))
    return st.builds(
        lambda shape, most, seed: np.random.default_rng(seed).integers(
            0, most, shape, np.uint8
        ),
        shape,
        st.integers(1, 256),
        st.integers(0, 2**20),
    )


def swept(*args, **given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sweep(*args, **given)


def assert_same(found, expected):
    assert found.ks == expected.ks
    assert found.palettes == expected.palettes
    for name in ("compactness", "explained", "silhouettes", "jumps"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert found.suggestion == expected.suggestion
    assert found.n_silhouette == expected.n_silhouette


# -- properties --------------------------------------------------------------------


@given(image=small_images(), most=st.integers(1, 9))
def test_a_sweep_is_consistent(image, most):
    found = swept(image, range(1, most + 1), channel_axis=2, criteria=FINE)
    n_colors = len(np.unique(image.reshape(-1, image.shape[2]), axis=0))
    assert found.ks == tuple(range(1, min(most, n_colors) + 1))
    assert [palette.k for palette in found.palettes] == list(found.ks)
    assert ((found.explained >= 0) & (found.explained <= 1)).all()
    np.testing.assert_array_equal(
        found.compactness, [palette.compactness for palette in found.palettes]
    )
    known = found.silhouettes[~np.isnan(found.silhouettes)]
    assert (np.abs(known) <= 1).all()
    assert known.size == len(found.ks) - 1
    assert found.suggestion.k in found.ks
    assert f"K={found.suggestion.k}" in found.suggestion.reason
    assert list(found) == list(found.ks)
    assert len(found) == len(found.ks)


@given(image=small_images(), ks=st.sets(st.integers(1, 9), min_size=1))
def test_what_is_measured_is_what_brute_force_finds(image, ks):
    found = swept(image, ks, channel_axis=2)
    rows = image.reshape(-1, image.shape[2]).astype(np.float64)
    total = ((rows - rows.mean(axis=0)) ** 2).sum()
    assert found.n_silhouette == len(rows)
    for place, k in enumerate(found.ks):
        centers = found[k].centers
        labels = reference.nearest(rows, centers)
        compactness = reference.compactness(rows, labels, centers)
        explained = 1 - compactness / total if total else 1
        assert found.explained[place] == pytest.approx(explained, abs=1e-9)
        if 1 < k < len(rows):
            expected = silhouette_samples(rows, labels).mean()
            assert found.silhouettes[place] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", IMAGES)
def test_palettes_are_those_of_fits(name):
    image, given = IMAGES[name]
    samples = read_samples(image, **given)
    found = sweep(image, [2, 5, 9], **given)
    for k, palette in zip(found.ks, found.palettes, strict=True):
        assert palette == found[k] == fit(samples, k)
        assert palette.settings == fit(samples, k).settings
    assert_same(sweep(samples, [9, 2, 5, 5]), found)


@pytest.mark.parametrize(
    "settings",
    [
        {"seed": 3, "attempts": 2, "init": "k-means++"},
        {"max_samples": None, "attempts": 1},
        {"refine": False, "attempts": 2},
    ],
)
def test_options_are_those_of_a_fit(settings):
    found = sweep(COFFEE, [2, 3, 4], **settings)
    for k in found:
        assert found[k] == fit(read_samples(COFFEE), k, **settings)
    assert (np.diff(found.explained) > 0).all()


def test_the_best_there_are_explain_ever_more():
    found = sweep(COFFEE[..., 0], range(1, 20), init="optimal")
    assert (np.diff(found.compactness) < 0).all()
    assert found.explained[0] == 0


@pytest.mark.parametrize("name", IMAGES)
def test_more_clusters_explain_hardly_less(name):
    image, given = IMAGES[name]
    found = sweep(image, range(1, 11), attempts=2, **given)
    assert (found.compactness[1:] <= 1.01 * found.compactness[:-1]).all()
    assert found.explained[0] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("name", ["8-bit RGB", "16-bit", "float", "masked"])
@pytest.mark.parametrize("memory", [None, 1000])
def test_lazy_images_give_the_same(name, memory, monkeypatch):
    monkeypatch.setattr(reading, "SMALL", 0)
    monkeypatch.setattr(stream, "BLOCK", 2**14)
    image, given = IMAGES[name]
    lazy = da.from_array(image, chunks=(30, 40, *image.shape[2:]))
    assert_same(
        sweep(lazy, [2, 4, 7], memory=memory, **given), sweep(image, [2, 4, 7], **given)
    )


def test_large_lazy_images_of_floats_give_the_same(monkeypatch):
    monkeypatch.setattr(reading, "SMALL", 0)
    image = np.random.default_rng(0).normal(size=(300, 300)).astype(np.float32)
    lazy = da.from_array(image, chunks=(100, 70))
    found = sweep(lazy, [2, 3], memory=1000, attempts=2)
    expected = sweep(image, [2, 3], attempts=2)
    np.testing.assert_array_equal(found.silhouettes, expected.silhouettes)
    np.testing.assert_array_equal(found.compactness, expected.compactness)


# -- silhouettes -------------------------------------------------------------------


@pytest.mark.parametrize("name", IMAGES)
def test_silhouettes_are_those_of_the_samples_picked(name):
    image, given = IMAGES[name]
    samples = read_samples(image, **given)
    found = sweep(samples, [2, 6])
    rows = few(samples.samples(samples.n <= 2048)).values.T
    assert found.n_silhouette == len(rows) <= MOST
    for k, mean in zip(found.ks, found.silhouettes, strict=True):
        labels = reference.nearest(rows, found[k].quantizer.centers)
        assert mean == pytest.approx(silhouette_samples(rows, labels).mean(), abs=1e-9)


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=4, max_size=30
    ),
    seed=st.integers(0, 99),
)
def test_each_silhouette_is_that_of_scikit_learn(rows, seed):
    values = np.array(rows, np.float64)
    labels = np.random.default_rng(seed).integers(0, 3, len(rows)).astype(np.uint8)
    labels[:2] = 0, 1  # two clusters, and a sample that is not alone
    labels[2:4] = 0, 1
    samples = few(read_samples(values.T[..., np.newaxis], channel_axis=0).samples(True))
    found = Silhouettes(samples).each(labels)
    np.testing.assert_allclose(found, silhouette_samples(values, labels), atol=1e-12)


def test_silhouettes_of_samples_picked_are_close_to_those_of_all():
    image = COFFEE[:60, :60]
    found = sweep(image, [2, 4, 8])
    rows = image.reshape(-1, 3).astype(np.float64)
    for k, mean in zip(found.ks, found.silhouettes, strict=True):
        labels = quantize(image, k).labels.reshape(-1)
        assert mean == pytest.approx(silhouette_samples(rows, labels).mean(), abs=0.03)


# -- few colors --------------------------------------------------------------------


@pytest.mark.parametrize("lazy", [False, True])
def test_more_clusters_than_colors_are_one_entry_and_one_warning(lazy):
    image = np.array([[1, 1, 50, 50], [90, 90, 91, 200]], np.uint8)
    with pytest.warns(UserWarning, match="k=12 should be at most the 5") as seen:
        found = sweep(da.from_array(image) if lazy else image, [2, 3, 8, 12])
    assert found.ks == (2, 3, 5)
    assert len(seen) == 1
    assert seen[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sweep(image, [2, 5]).ks == (2, 5)


def test_a_single_color_is_one_cluster():
    found = swept(np.full((9, 9), 7.5))
    assert found.ks == (1,)
    assert found.explained.tolist() == [1]
    assert found.suggestion == (1, "K=1 is the only one.")
    assert np.isnan(found.silhouettes).all()
    found._repr_html_()


def test_extreme_values_can_be_swept():
    random = np.random.default_rng(0)
    for scale in (1e-200, 1e200):
        image = scale * (
            random.integers(0, 3, (20, 20)) + random.normal(0, 0.05, (20, 20))
        )
        found = sweep(image, range(2, 6))
        assert found.suggestion.k == 3
        assert ((found.explained > 0.5) & (found.explained <= 1)).all()


# -- planes ------------------------------------------------------------------------

STACK = np.stack([blobs(4, seed) for seed in range(3)])


@pytest.mark.parametrize("lazy", [False, True])
def test_planes_are_swept_each_on_its_own(lazy):
    given = {"rgb": True, "mask": STACK[..., 0] > 40}
    image = da.from_array(STACK, chunks=(1, 40, 40, 3)) if lazy else STACK
    found = sweep(image, [2, 4, 5], axes=0, **given)
    each = [
        sweep(plane, [2, 4, 5], rgb=True, mask=mask)
        for plane, mask in zip(STACK, given["mask"], strict=True)
    ]
    assert found.palettes == tuple(zip(*(one.palettes for one in each), strict=True))
    np.testing.assert_allclose(found.compactness, sum(one.compactness for one in each))
    weights = given["mask"].sum(axis=(1, 2))
    mean = np.average([one.silhouettes for one in each], axis=0, weights=weights)
    np.testing.assert_allclose(found.silhouettes, mean)
    assert found.n_silhouette == sum(one.n_silhouette for one in each)
    planes = quantize_planes(STACK, 4, **given)
    np.testing.assert_allclose(found.compactness[1], planes.compactness.sum())


def test_true_clusters_of_planes_are_found():
    assert sweep(STACK, axes=0, rgb=True).suggestion.k == 4


def test_planes_may_have_few_colors_or_none():
    stack = np.full((3, 8, 9), np.nan)
    stack[0] = np.arange(72).reshape(8, 9)
    stack[1, :, :5] = 3.0
    with pytest.warns(UserWarning, match="k=4 should be .* 1 of 3 planes have") as seen:
        found = sweep(stack, [2, 3, 4], axes=0)
    assert len(seen) == 1
    assert found.ks == (2, 3, 4)
    assert [[p and p.k for p in row] for row in found.palettes] == [
        [2, 1, None],
        [3, 1, None],
        [4, 1, None],
    ]
    assert found.thumbnails(stack).shape == (3, 8, 9)
    with pytest.raises(ValueError, match="at least one valid sample"):
        sweep(np.full((2, 5, 5), np.nan), axes=0)


# -- arguments and progress --------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"k": 5}, TypeError, "k=5 should be a sequence of integers"),
        ({"k": "23"}, TypeError, "k='23' should be a sequence of integers"),
        ({"k": []}, ValueError, r"k=\[\] should have at least one"),
        ({"k": [2, 0]}, ValueError, "k=0 should be at least 1"),
        ({"k": [2.5]}, TypeError, "k=2.5 should be an integer"),
        ({"init": np.ones((3, 3), int)}, TypeError, "init=.* should be a name"),
        ({"init": "x"}, ValueError, "init='x' should be"),
        ({"max_samples": 3}, ValueError, "max_samples=3 should be at least k=4"),
        ({"axes": 7}, ValueError, "axes=7 should be"),
        ({"axes": (), "max_samples": 3}, ValueError, r"axes=\(\) should be"),
        ({"axes": 0, "memory": 9}, TypeError, "memory=9 should not go with axes"),
        ({"progress": 5}, TypeError, "progress=5 should be callable"),
        ({"foo": 5}, TypeError, r"sweep\(\) got an unexpected keyword argument 'foo'"),
        ({"scaling": "range", "refine": False}, ValueError, "should not go with"),
    ],
)
def test_arguments_are_checked_before_any_work(arguments, error, message):
    told = []
    given = {"k": range(2, 9), "progress": lambda *_: told.append(1), **arguments}
    with pytest.raises(error, match=message):
        sweep(da.from_array(COFFEE), **given)
    assert len(told) <= 1


@pytest.mark.parametrize(
    "given",
    [{"axes": 0}, {"memory": 9}, {"mask": np.ones((3, 3))}, {"scaling": "range"}],
)
def test_samples_are_read_already(given):
    with pytest.raises(TypeError, match="should not go with samples, which are read"):
        sweep(read_samples(np.eye(3)), **given)


@pytest.mark.parametrize("given", [{}, {"axes": 0}])
def test_progress_grows_to_the_end(given):
    told = []
    image = STACK if given else COFFEE
    sweep(image, [2, 3], rgb=True, **given, progress=lambda *now: told.append(now))
    parts = [part for _, part in told]
    assert all(a <= b for a, b in pairwise(parts))
    assert told[-1] == ("Done", 1.0)
    stages = {stage for stage, _ in told}
    expected = {"Plane 2 of 3"} if given else {"Fitting, K=2", "Fitting, K=3"}
    assert expected <= stages


@pytest.mark.parametrize("n", [0, 3, 9])
def test_what_progress_raises_stops_it(n):
    samples = read_samples(COFFEE)
    told = []

    def stop(stage, part):
        told.append(stage)
        if len(told) > n:
            raise Canceled

    with pytest.raises(Canceled):
        sweep(samples, progress=stop)
    assert len(told) == n + 1
    assert sweep(samples, [3])[3] == fit(read_samples(COFFEE), 3)


def test_an_image_is_read_once(monkeypatch):
    reads = []

    def block(values):
        reads.append(1)
        return values

    monkeypatch.setattr(reading, "SMALL", 0)
    lazy = da.from_array(COFFEE, chunks=-1).map_blocks(
        block, dtype=np.uint8, meta=COFFEE[:0]
    )
    assert isinstance(sweep(lazy, [2, 3, 4]), Sweep)
    assert len(reads) == 1
