"""Fits that keep the locked clusters of a palette."""

import dask.array as da
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st

import reference
from napari_kmeans import (
    fit,
    kmeans,
    paint_samples,
    quantize,
    quantize_planes,
    quantize_samples,
    read_samples,
)

COFFEE = skimage.data.coffee()[::4, ::4]
OTHER = skimage.data.astronaut()[::5, ::5]
RNG = np.random.default_rng(0)

CASES = {
    "color": (COFFEE, {}),
    "gray": (COFFEE[..., 0], {}),
    "oklab": (COFFEE, {"color_space": "oklab"}),
    "scaled": (COFFEE, {"scaling": "variance"}),
    "floats": (RNG.normal(size=(60, 70)), {}),
    "channels": (RNG.normal(size=(2, 50, 40)), {"channel_axis": 0}),
    "extreme": (RNG.random((40, 50)) * 1e200, {}),
    "large integers": (RNG.integers(2**60, 2**60 + 10**6, (50, 60)), {}),
    "weights": (COFFEE, {"weights": RNG.integers(0, 3, COFFEE.shape[:2])}),
    "mask": (COFFEE, {"mask": COFFEE[..., 1] > 70}),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    """An image, how it is read, its samples, and a palette of it, some locked."""
    image, options = CASES[request.param]
    samples = read_samples(image, **options)
    palette = fit(samples, k=5).rename(2, "second").recolor(4, "#00ff00").lock(2, 4)
    return image, options, samples, palette


@pytest.fixture(scope="module")
def locked():
    return fit(read_samples(COFFEE), k=5).lock(2, 4)


def fine(palette):
    """Return the centers of locked clusters, each with the cluster's place."""
    used = np.array(palette.locked)[palette.owners]
    return palette.quantizer.centers[used]


def assert_kept(found, keep):
    """Check that the locked clusters of a palette are in another, as they were."""
    assert sum(found.locked) == sum(keep.locked)
    there = np.flatnonzero(found.locked)
    was = np.flatnonzero(keep.locked)
    assert found.centers[there].tobytes() == keep.centers[was].tobytes()
    assert found.colors[there].tobytes() == keep.colors[was].tobytes()
    assert [found.names[at] for at in there] == [keep.names[at] for at in was]
    assert fine(found).tobytes() == fine(keep).tobytes()


@pytest.mark.parametrize("k", [2, 3, 8])
def test_kept_clusters_are_as_they_were_and_all_labels_nearest(case, k):
    image, options, samples, keep = case
    q = quantize_samples(samples, k, keep=keep)
    found = q.palette
    assert found.k == k
    assert_kept(found, keep)
    labels, painted = found.apply(image, mask=options.get("mask"))
    np.testing.assert_array_equal(q.labels, labels)
    np.testing.assert_array_equal(q.quantized, painted)
    np.testing.assert_array_equal(
        q.counts, np.bincount(labels.ravel(), minlength=k + 1)[1:]
    )
    assert found == fit(samples, k, keep=keep)
    assert found == quantize(image, k, keep=keep, **options).palette
    np.testing.assert_array_equal(found.reorder("brightness").centers, found.centers)
    again = paint_samples(samples, found)
    np.testing.assert_array_equal(again.labels, q.labels)
    np.testing.assert_allclose(again.compactness, q.compactness, rtol=1e-9)
    if image is COFFEE and not options:
        rows = image.reshape(-1, 3)
        nearest = reference.nearest(rows, found.centers)
        np.testing.assert_array_equal(nearest + 1, labels.ravel())
        expected = reference.compactness(rows, nearest, found.centers)
        np.testing.assert_allclose(q.compactness, expected, rtol=1e-9)
    if k == 2:
        assert q.n_iter == 0
        assert q.converged


def test_what_moves_comes_to_rest_at_the_means(case):
    image, options, samples, keep = case
    if options or image is not COFFEE:
        return
    found = fit(samples, 6, keep=keep, criteria=(3, 1000, 0))
    assert found.converged
    rows, labels = COFFEE.reshape(-1, 3), found.label(COFFEE).ravel()
    for at in range(6):
        if not found.locked[at]:
            mean = reference.mean(rows[labels == at + 1])
            np.testing.assert_allclose(found.centers[at], mean, rtol=1e-12)


def test_what_is_kept_costs_little_beside_a_free_fit(locked):
    samples = read_samples(COFFEE)
    free = fit(samples, 8)
    kept = fit(samples, 8, keep=free.lock(1, 5))
    assert kept.compactness <= free.compactness * (1 + 1e-3)
    assert fit(samples, 8, keep=locked).compactness < locked.compactness


@given(st.integers(0, 2**20), st.integers(1, 4), st.integers(1, 3))
@settings(max_examples=25)
def test_one_step_is_that_of_a_brute_force(seed, n_kept, n_channels):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 30, (n_channels, 12, 15)).astype(float)
    samples = read_samples(image, channel_axis=0)
    before = fit(samples, n_kept + 1, seed=seed % 9, attempts=2)
    keep = before.lock(*range(1, n_kept + 1))
    seeds = rng.integers(0, 30, (2, n_channels)) + 0.25
    found = fit(samples, n_kept + 2, keep=keep, init=seeds, criteria=(3, 1, 0))
    rows = image.reshape(n_channels, -1).T
    start = np.vstack([keep.centers[:n_kept], seeds])
    start = start[np.lexsort((*start.T[::-1], start.mean(axis=1)))]
    moved = reference.lloyd_step(rows, start)
    stay = (start[:, np.newaxis] == keep.centers[:n_kept]).all(axis=2).any(axis=1)
    moved[stay] = start[stay]
    if np.isnan(moved).any():  # an empty cluster was given a sample
        return
    moved = moved[np.lexsort((*moved.T[::-1], moved.mean(axis=1)))]
    labels = reference.nearest(rows, moved)
    if len({*labels.tolist()}) == len(moved):
        np.testing.assert_allclose(found.centers, moved, atol=1e-12)


@pytest.mark.parametrize("k", [2, 4, 7])
def test_merged_clusters_that_are_kept_are_one(k):
    samples = read_samples(COFFEE)
    keep = fit(samples, k=6).merge([2, 5]).rename(2, "both").lock(1, 2)
    q = quantize_samples(samples, k, keep=keep)
    found = q.palette
    assert found.k == k
    assert len(found.quantizer.centers) == k + 1
    assert sum(found.locked) == 2
    assert {*keep.centers[:2, 0]} <= {*found.centers[:, 0]}
    assert "both" in found.names
    at = found.names.index("both")
    assert (found.owners == at).sum() == 2
    one, other = (
        p.quantizer.centers[p.owners == i] for p, i in [(found, at), (keep, 1)]
    )
    assert {*map(tuple, one.tolist())} == {*map(tuple, other.tolist())}
    np.testing.assert_array_equal(found.label(COFFEE), q.labels)
    np.testing.assert_array_equal(found.paint(COFFEE), q.quantized)
    pixels = COFFEE.reshape(-1, 3).astype(float)
    squares = (pixels - found.centers[q.labels.ravel() - 1]) ** 2
    np.testing.assert_allclose(q.compactness, squares.sum(), rtol=1e-9)
    assert found.counts.sum() == q.labels.size
    np.testing.assert_array_equal(found.reorder("brightness").centers, found.centers)


def test_on_another_image_what_is_kept_may_be_empty():
    image = np.array([[10, 12, 30, 32, 50, 53]] * 4, np.uint8)
    keep = fit(read_samples(np.array([[200, 240, 11]], np.uint8)), k=3).lock(2, 3)
    found = fit(read_samples(image), 5, keep=keep)
    assert found.centers.ravel().tolist() == [11.0, 31.0, 51.5, 200.0, 240.0]
    assert found.counts.tolist() == [8, 8, 8, 0, 0]
    assert found.locked == (False, False, False, True, True)
    assert np.isnan(found.spreads[3:]).all()
    color = fit(read_samples(COFFEE, color_space="oklab"), k=6).lock()
    other = read_samples(OTHER // 8, color_space="oklab")
    found = fit(other, 9, keep=color)
    assert sum(found.locked) == 6
    at = np.flatnonzero(found.locked)
    np.testing.assert_array_equal(found.centers[at], color.centers)
    np.testing.assert_array_equal(
        found.label(OTHER // 8), paint_samples(other, found).labels
    )
    assert found.merge_closer(np.inf).k == 7
    assert (found.counts == 0).any()
    empty = np.flatnonzero(found.counts == 0)[:2] + 1
    assert found.lock(locked=False).merge(empty).k == 8


def test_few_colors_beside_what_is_kept_have_a_cluster_each():
    keep = fit(read_samples(np.array([[10, 20, 30]], np.uint8)), k=3).lock(1, 2)
    samples = read_samples(np.array([[10, 11, 12, 30, 30]], np.uint8))
    found = fit(samples, 5, keep=keep)
    assert found.centers.ravel().tolist() == [10, 11, 12, 20, 30]
    np.testing.assert_array_equal(found.counts, [1, 1, 1, 0, 2])
    with pytest.warns(UserWarning, match="k=4 should be at most"):
        few = fit(read_samples(np.array([[10, 10, 10, 30]], np.uint8)), 4, keep=keep)
    assert few.centers.ravel().tolist() == [10, 20, 30]
    many = fit(samples, k=4).merge([1, 2, 3]).lock(1)
    assert fit(read_samples(np.array([[5, 200]], np.uint8)), 2, keep=many).k == 2


@pytest.mark.parametrize("name", ["color", "gray", "oklab", "floats", "channels"])
def test_lazy_images_keep_the_same(name, monkeypatch):
    monkeypatch.setattr("napari_kmeans.core.reading.source.SMALL", 0)
    image, options = CASES[name]
    keep = fit(read_samples(image, **options), k=5).merge([1, 2]).lock(1, 3)
    expected = quantize(image, 6, keep=keep, **options)
    lazy = da.from_array(image, chunks=33)
    for memory in (1, None):
        q = quantize(lazy, 6, keep=keep, memory=memory, **options)
        np.testing.assert_array_equal(q.labels, expected.labels)
        assert q.palette == expected.palette


def test_pixels_read_again_and_again_keep_too(monkeypatch):
    monkeypatch.setattr("napari_kmeans.core.reading.source.SMALL", 0)
    image = RNG.normal(size=(300, 400))
    keep = fit(read_samples(image), k=5).merge([1, 2]).lock(1, 3)
    lazy = da.from_array(image, chunks=100)
    q = quantize(lazy, 6, keep=keep, memory=1)
    assert {*keep.centers[[0, 2], 0]} <= {*q.centers[:, 0]}
    assert q.palette == quantize(image, 6, keep=keep).palette


# -- what is refused ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"k": 1}, ValueError, "k=1 should be at least the 2 locked clusters of keep"),
        ({"refine": False}, ValueError, "keep should not go with refine=False"),
        ({"keep": "p"}, TypeError, "keep='p' should be a Palette or None"),
        ({"keep": None, "init": [[1, 2]]}, ValueError, r"init of shape \(1, 2\)"),
        ({"keep": None, "init": [1, 2, 3]}, ValueError, r"init of shape \(3,\)"),
        ({"init": np.ones((4, 3))}, ValueError, "init with 4 centers .* the 3 that"),
        ({"init": [[1, np.nan, 2]]}, ValueError, "init with NaN"),
        ({"init": [["a", "b", "c"]]}, TypeError, "init of dtype"),
        ({"init": np.empty((0, 3))}, ValueError, "init of shape .* not be empty"),
        (
            {"keep": None, "init": [[1, 2, 3]], "refine": False},
            ValueError,
            "init with centers should not go with refine=False",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(locked, options, error, match):
    given = {"k": 5, "keep": locked, **options}
    samples = read_samples(COFFEE)
    for act in (
        lambda: fit(samples, **given),
        lambda: quantize_samples(samples, **given),
        lambda: quantize(COFFEE, **given),
        lambda: quantize(da.from_array(COFFEE), **given),
    ):
        with pytest.raises(error, match=match) as refused:
            act()
        assert "\n" not in str(refused.value)


def test_a_palette_of_another_kind_is_not_kept(locked):
    for read, match in [
        ({"color_space": "oklab"}, "keep of color_space='rgb' should be of"),
        ({"scaling": "range"}, "keep of scaling='none' should be of scaling='range'"),
        ({"rgb": False, "channel_axis": 2}, "keep of rgb=True should be of rgb=False"),
    ]:
        with pytest.raises(ValueError, match=match):
            fit(read_samples(COFFEE, **read), 5, keep=locked)
        with pytest.raises(ValueError, match=match):
            quantize(da.from_array(COFFEE), 5, keep=locked, **read)
    with pytest.raises(ValueError, match="keep of 3 channels should have 1"):
        fit(read_samples(COFFEE[..., 0]), 5, keep=locked)
    gray = fit(read_samples(COFFEE[..., 0]), k=5).lock(1)
    with pytest.raises(ValueError, match="keep should not go with init='optimal'"):
        fit(read_samples(COFFEE[..., 0]), 5, keep=gray, init="optimal")
    for function in (quantize_planes, kmeans):
        with pytest.raises(TypeError, match="unexpected keyword argument 'keep'"):
            function(COFFEE[..., 0], keep=None)


def test_where_none_is_locked_nothing_is_kept(locked):
    samples = read_samples(COFFEE)
    unlocked = locked.lock(locked=False)
    assert fit(samples, 5, keep=unlocked) == fit(samples, 5)


def test_bits_do_not_depend_on_threads(monkeypatch):
    keep = fit(read_samples(COFFEE), k=6).merge([2, 5]).lock(1, 2)
    found = []
    for n in (1, 2, 8):
        monkeypatch.setattr("napari_kmeans.core.run.threads.n_threads", lambda n=n: n)
        samples = read_samples(OTHER)
        one = fit(samples, 7, keep=keep, init=[[9, 9, 9]])
        other = fit(samples, 7, keep=keep)
        edited = other.lock(locked=False).split(1, samples).delete(2, samples)
        found.append([one, other, edited])
    assert found[0] == found[1] == found[2]
