"""Edits of palettes that samples tell more of: split, deleted, painted, inherited."""

import dask.array as da
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

import reference
from napari_kmeans import (
    Canceled,
    error_map,
    fit,
    margin_map,
    measure,
    paint_samples,
    quantize,
    quantize_samples,
    read_samples,
    to_layers,
)
from napari_kmeans.core.reading.distinct import distinct
from napari_kmeans.core.spaces import convert

COFFEE = skimage.data.coffee()[::4, ::4]
OTHER = skimage.data.astronaut()[::5, ::5]
RNG = np.random.default_rng(0)

#: Images, and how they are read: counted, in memory, by blocks.
CASES = {
    "color": (COFFEE, {}),
    "few": (COFFEE[:40, :40], {}),
    "gray": (COFFEE[..., 0], {}),
    "oklab": (COFFEE, {"color_space": "oklab"}),
    "scaled": (COFFEE, {"scaling": "variance"}),
    "scaled lab": (COFFEE, {"color_space": "cielab", "scaling": "range"}),
    "floats": (RNG.normal(size=(60, 70)), {}),
    "float channels": (RNG.normal(size=(2, 50, 40)), {"channel_axis": 0}),
    "extreme": (RNG.random((40, 50)) * 1e200, {}),
    "large integers": (RNG.integers(2**60, 2**60 + 10**6, (50, 60)), {}),
    "weights": (COFFEE, {"weights": RNG.integers(0, 3, COFFEE.shape[:2])}),
    "mask": (COFFEE, {"mask": COFFEE[..., 1] > 70}),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    """An image, how it is read, its samples, and a palette of it."""
    image, settings = CASES[request.param]
    samples = read_samples(image, **settings)
    return image, settings, samples, fit(samples, k=6)


@pytest.fixture(scope="module")
def samples():
    return read_samples(COFFEE)


@pytest.fixture(scope="module")
def palette(samples):
    return fit(samples, k=6)


def a_color(samples):
    """Return a color that occurs."""
    return distinct(samples, 7).values[3].astype(float)


def edits(palette, samples):
    """Yield a palette, edited in several ways."""
    yield palette.merge([1, 3])
    yield palette.reorder([3, 1, 2, 6, 5, 4])
    yield palette.recolor(2, "#ff0000").rename(3, "third").lock(3)
    yield palette.split(2, samples, 3)
    yield palette.delete([1, 4], samples)
    yield palette.add(a_color(samples), samples)
    yield palette.merge([1, 6]).add(a_color(samples), samples).merge([2, 6])
    yield palette.merge([2, 5]).split(3, samples).delete(1, samples).merge([1, 2])


def weighted_counts(labels, k, samples):
    """Return how many pixels that took part each label has."""
    used = getattr(samples, "used", None)
    flat = np.asarray(labels).ravel()
    flat = flat if used is None else flat[used]
    return np.bincount(flat, minlength=k + 1)[1:]


# -- painting what was read --------------------------------------------------------


@pytest.mark.parametrize("lazy", [False, True])
def test_a_palette_paints_another_image_with_colors_of_its_own(lazy):
    rng = np.random.default_rng(0)
    image, other = rng.integers(0, 255, (2, 60, 60, 3), np.uint8)
    palette = fit(read_samples(image), 4)
    differences = other[:, :, np.newaxis].astype(float) - palette.centers
    expected = (differences**2).sum(axis=-1).argmin(axis=-1) + 1
    given = da.from_array(other, chunks=31) if lazy else other
    samples = read_samples(given)
    found = paint_samples(samples, palette)
    np.testing.assert_array_equal(found.labels, expected)
    np.testing.assert_array_equal(palette.label(given), expected)
    assert found.counts.tolist() == np.bincount(expected.ravel())[1:].tolist()
    errors = np.asarray(error_map(given, palette))
    nearest = np.sqrt((differences**2).sum(axis=-1).min(axis=-1))
    np.testing.assert_allclose(errors, nearest, rtol=1e-6)
    assert not np.isnan(np.asarray(margin_map(given, palette))).any()
    assert measure(samples, palette) == measure(read_samples(other), found.palette)


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("k", [1, 6, 600])
def test_an_unedited_palette_paints_what_was_quantized(case, lazy, k):
    image, settings, *_ = case
    if k == 600 and (image.size > 6000 or image.dtype.kind == "f"):
        return
    image = da.from_array(image, chunks=31) if lazy else image
    samples = read_samples(image, **settings)
    expected = quantize_samples(samples, k)
    for palette in (expected.palette, fit(samples, k)):
        found = paint_samples(samples, palette)
        assert isinstance(found.labels, da.Array) == lazy
        assert found.labels.dtype == expected.labels.dtype
        np.testing.assert_array_equal(found.labels, expected.labels)
        np.testing.assert_array_equal(found.quantized, expected.quantized)
        np.testing.assert_array_equal(found.counts, expected.counts)
        assert found.compactness == expected.compactness
        assert found.palette == expected.palette
        assert found.n_colors == expected.n_colors
        assert found.value_range == expected.value_range
        for one, other in zip(
            found.palette.moments, expected.palette.moments, strict=True
        ):
            np.testing.assert_array_equal(one, other)


def test_edited_palettes_paint_as_they_are_applied(case):
    image, settings, samples, palette = case
    mask = settings.get("mask")
    for edited in edits(palette, samples):
        q = paint_samples(samples, edited)
        labels, painted = edited.apply(image, mask=mask)
        np.testing.assert_array_equal(q.labels, labels)
        np.testing.assert_array_equal(q.quantized, painted)
        np.testing.assert_array_equal(
            q.counts, np.bincount(labels.ravel(), minlength=edited.k + 1)[1:]
        )
        counts = weighted_counts(labels, edited.k, samples)
        np.testing.assert_array_equal(q.palette.counts, counts)
        np.testing.assert_array_equal(edited.counts, counts)
        np.testing.assert_array_equal(q.centers, edited.centers)
        np.testing.assert_array_equal(q.colors, edited.colors)
        assert q.palette.names == edited.names
        assert q.palette.locked == edited.locked
        np.testing.assert_allclose(q.compactness, edited.compactness, rtol=1e-9)
        np.testing.assert_allclose(q.palette.spreads, edited.spreads, rtol=1e-6)


@pytest.mark.parametrize("read", [{}, {"color_space": "oklab"}, {"scaling": "range"}])
@pytest.mark.parametrize("made", [{}, {"color_space": "oklab"}, {"scaling": "range"}])
@pytest.mark.parametrize("kind", ["counted", "floats", "lazy", "lazy floats"])
def test_the_palette_of_another_image_paints_as_it_is_applied(
    read, made, kind, monkeypatch
):
    monkeypatch.setattr("napari_kmeans.core.reading.source.SMALL", 0)
    monkeypatch.setattr("napari_kmeans.core.reading.streamed.FINE", 2**10)
    one, other = COFFEE, OTHER
    if "floats" in kind:
        one, other = one / np.float32(255), other / np.float32(255)
    palette = fit(read_samples(one, **made), k=5).merge([1, 2])
    given = da.from_array(other, chunks=(40, 50, 3)) if "lazy" in kind else other
    memory = {"memory": 1} if "lazy" in kind else {}
    q = paint_samples(read_samples(given, **read, **memory), palette)
    labels, painted = palette.apply(other)
    np.testing.assert_array_equal(q.labels, labels)
    np.testing.assert_array_equal(q.quantized, painted)
    np.testing.assert_array_equal(
        q.counts, np.bincount(labels.ravel(), minlength=5)[1:]
    )
    if not made:
        pixels = other.reshape(-1, 3).astype(float)
        squares = (pixels - palette.centers[labels.ravel() - 1]) ** 2
        np.testing.assert_allclose(q.compactness, squares.sum(), rtol=1e-5)


def test_pixels_read_again_and_again_are_measured_too(monkeypatch):
    image = RNG.normal(size=(300, 400))
    monkeypatch.setattr("napari_kmeans.core.reading.source.SMALL", 0)
    samples = read_samples(da.from_array(image, chunks=100), memory=1)
    palette = fit(samples, k=4)
    found = paint_samples(samples, palette)
    assert found.palette == palette
    np.testing.assert_array_equal(found.labels, palette.label(image))
    parts = palette.split(2, samples)
    held = palette.split(2, read_samples(image))
    np.testing.assert_allclose(parts.centers, held.centers, atol=0.05)
    labels = parts.label(image)
    np.testing.assert_array_equal(
        parts.counts, np.bincount(labels.ravel(), minlength=6)[1:]
    )
    assert parts.delete([1, 4], samples).counts.sum() == image.size
    merged = paint_samples(samples, palette.merge([1, 2]))
    np.testing.assert_array_equal(merged.labels, palette.merge([1, 2]).label(image))


def test_a_result_shows_the_colors_and_the_names_of_its_palette(samples, palette):
    plain = paint_samples(samples, palette)
    assert "name" not in plain.features
    q = paint_samples(samples, palette.recolor(2, "#ff0000").rename(2, "red"))
    assert [*q.features][:3] == ["index", "name", "color"]
    assert q.features["name"].tolist() == ["", "red", "", "", "", ""]
    _, labels, _ = to_layers(q, "image")
    assert labels[1]["features"]["name"].tolist() == ["", "", "red", "", "", "", ""]
    assert labels[1]["colormap"][2].tolist() == [1, 0, 0, 1]
    assert q.features["color"][1] == "#ff0000"
    assert (q.quantized[q.labels == 2] == [255, 0, 0]).all()


def test_painting_tells_how_far_it_is_and_can_be_stopped(samples, palette):
    told = []
    paint_samples(samples, palette, progress=lambda *one: told.append(one))
    assert told[-1] == ("Done", 1.0)
    parts = [part for _, part in told]
    assert parts == sorted(parts)

    def stop(stage, part):
        raise Canceled

    for act in (
        lambda: paint_samples(samples, palette, progress=stop),
        lambda: palette.split(1, samples, progress=stop),
        lambda: palette.delete(1, samples, progress=stop),
        lambda: palette.add(a_color(samples), samples, progress=stop),
    ):
        with pytest.raises(Canceled):
            act()


# -- split and deleted -------------------------------------------------------------


def test_what_is_split_is_given_to_the_nearest_of_all(case):
    image, settings, samples, palette = case
    named = palette.rename(3, "third").rename(4, "fourth")
    parts = named.split(3, samples, 3, seed=5)
    assert parts.k == 8
    at = [0, 1, 5, 6, 7]
    np.testing.assert_array_equal(parts.centers[at], palette.centers[[0, 1, 3, 4, 5]])
    np.testing.assert_array_equal(parts.colors[at], palette.colors[[0, 1, 3, 4, 5]])
    assert parts.names[5] == "fourth"
    largest = 2 + int(parts.counts[2:5].argmax())
    assert [*parts.names].index("third") == largest
    assert len({*map(tuple, parts.centers.tolist())}) == 8
    labels = parts.label(image, mask=settings.get("mask"))
    np.testing.assert_array_equal(parts.counts, weighted_counts(labels, 8, samples))
    if image.dtype.kind != "f" or np.abs(image).max() < 1e100:
        assert parts.compactness < palette.compactness
    assert parts == named.split(3, samples, 3, seed=5)
    np.testing.assert_array_equal(paint_samples(samples, parts).centers, parts.centers)


def test_centers_of_parts_are_means_of_what_was_in_the_cluster():
    image = np.array([[1, 2, 11, 12, 100, 101, 110, 200]], np.uint8)
    samples = read_samples(image)
    palette = fit(samples, k=2)
    assert palette.label(image).tolist() == [[1, 1, 1, 1, 2, 2, 2, 2]]
    parts = palette.split(1, samples)
    assert parts.centers[:2].ravel().tolist() == [1.5, 11.5]
    assert parts.counts.tolist() == [2, 2, 4]
    gray = read_samples(np.array([[1, 2, 11, 12, 100, 101, 110, 200]], np.float32))
    assert fit(gray, k=2).split(1, gray).centers[:2].ravel().tolist() == [1.5, 11.5]


def test_in_a_color_space_parts_are_told_by_the_means_of_their_pixels():
    samples = read_samples(COFFEE, color_space="oklab")
    parts = fit(samples, k=4).split(2, samples)
    labels = parts.label(COFFEE)
    for label in (2, 3):
        mean = COFFEE[labels == label].mean(axis=0)
        np.testing.assert_allclose(parts.centers[label - 1], mean, rtol=1e-9)
        painted = parts.paint(COFFEE)[labels == label]
        assert (painted == np.rint(mean)).all()


def test_a_merged_cluster_is_split_as_one(samples, palette):
    merged = palette.merge([2, 4])
    parts = merged.split(2, samples)
    assert parts.k == 6
    inside = COFFEE[merged.label(COFFEE) == 2].astype(float)
    assert (parts.centers[1:3] >= inside.min(axis=0)).all()
    assert (parts.centers[1:3] <= inside.max(axis=0)).all()
    centers = parts.quantizer.frame.inverse(parts.quantizer.centers)
    flat = reference.nearest(COFFEE.reshape(-1, 3), centers)
    np.testing.assert_array_equal(parts.owners[flat] + 1, parts.label(COFFEE).ravel())


images = hnp.arrays(
    np.float64, (5, 8), elements=st.integers(-50, 50).map(lambda n: n / 4)
)


@given(images, st.integers(2, 5), st.data())
def test_what_is_deleted_goes_to_the_nearest_left(image, k, data):
    k = min(k, len(np.unique(image)))
    if k < 2:
        return
    samples = read_samples(image, rgb=False)
    before = fit(samples, k, attempts=1)
    some = st.lists(st.integers(1, k), min_size=1, max_size=k - 1, unique=True)
    gone = data.draw(some)
    palette = before.delete(gone, samples)
    left = [at for at in range(k) if at + 1 not in gone]
    centers = before.centers[left]
    np.testing.assert_array_equal(palette.centers, centers)
    rows = image.reshape(-1, 1)
    labels = reference.nearest(rows, centers)
    np.testing.assert_array_equal(palette.label(image).ravel(), labels + 1)
    counts = np.bincount(labels, minlength=len(left))
    np.testing.assert_array_equal(palette.counts, counts)
    expected = reference.compactness(rows, labels, centers)
    np.testing.assert_allclose(palette.compactness, expected, atol=1e-9)
    with np.errstate(invalid="ignore"):
        squares = np.bincount(labels, ((rows - centers[labels]) ** 2).sum(axis=1))
        spreads = np.sqrt(squares / counts)
    np.testing.assert_allclose(palette.spreads, spreads, atol=1e-9)


def test_of_merged_clusters_all_centers_are_deleted(samples, palette):
    merged = palette.merge([1, 3])  # clusters: {1, 3}, 2, 4, 5, 6
    one = merged.delete(1, samples)
    assert one == palette.delete([1, 3], samples)
    assert merged.delete([2], samples).k == 4
    left = merged.delete(5, samples)
    assert (left.owners == 0).sum() == 2
    np.testing.assert_array_equal(left.moments.means, merged.moments.means[:4])


def test_edits_are_undone_by_the_palette_before(samples, palette):
    for edited in edits(palette, samples):
        assert edited != palette
    assert paint_samples(samples, palette).palette == palette


# -- added -------------------------------------------------------------------------


def test_what_is_added_takes_what_is_nearest_to_it_and_nothing_else_changes(case):
    image, settings, samples, palette = case
    color, mask = a_color(samples), settings.get("mask")
    before = palette.rename(3, "third").recolor(2, "#ff0000").lock(1)
    added = before.add(color, samples)
    assert added.k == 7
    np.testing.assert_array_equal(added.centers[:6], before.centers)
    np.testing.assert_array_equal(added.colors[:6], before.colors)
    np.testing.assert_array_equal(added.centers[6], color)
    np.testing.assert_array_equal(added.colors[6:], added.own_colors(added.centers[6:]))
    assert added.names == (*before.names, "")
    assert added.locked == (*before.locked, False)
    labels, painted = added.apply(image, mask=mask)
    old = before.label(image, mask=mask)
    assert (labels[labels != old] == 7).all()
    assert (labels == 7).any()
    np.testing.assert_array_equal(added.counts, weighted_counts(labels, 7, samples))
    taken = labels == 7
    if "channel_axis" in settings:
        painted = np.moveaxis(painted, 0, -1)
    found = painted[taken].astype(float)  # all of it that a center can hold
    np.testing.assert_array_equal(found, np.broadcast_to(color, found.shape))
    assert added == before.add(color.tolist(), samples)


@given(images, st.integers(1, 4), st.data())
def test_labels_with_a_center_added_are_those_of_the_nearest(image, k, data):
    k = min(k, len(np.unique(image)))
    samples = read_samples(image, rgb=False)
    before = fit(samples, k, attempts=1)
    center = data.draw(st.sampled_from(sorted({*image.ravel().tolist()})))
    centers = np.append(before.centers, [[center]], axis=0)
    rows = image.reshape(-1, 1)
    labels = reference.nearest(rows, centers)
    if not (labels == k).any():
        with pytest.raises(ValueError, match=r"center=.* nearest center of some"):
            before.add([center], samples)
        return
    palette = before.add([center], samples)
    np.testing.assert_array_equal(palette.centers, centers)
    np.testing.assert_array_equal(palette.label(image).ravel(), labels + 1)
    np.testing.assert_array_equal(palette.counts, np.bincount(labels, minlength=k + 1))
    expected = reference.compactness(rows, labels, centers)
    np.testing.assert_allclose(palette.compactness, expected, atol=1e-9)


# -- merged by distance ------------------------------------------------------------


@pytest.mark.parametrize("image", [COFFEE, COFFEE[..., 1]], ids=["color", "gray"])
def test_what_is_merged_is_closer_than_asked_and_what_is_not_is_not(image):
    palette = fit(read_samples(image), k=20)
    shown = palette.centers
    if image.ndim == 3:
        shown = convert(np.ascontiguousarray(palette.centers.T / 255), "cielab").T
    between = np.linalg.norm(shown[:, np.newaxis] - shown, axis=-1)
    for distance in (0, 3.0, 9.0, 25.0, 1e9):
        merged = palette.merge_closer(distance)
        of = merged.owners
        assert merged.k == len({*of.tolist()})
        for one in range(merged.k):
            inside = between[np.ix_(of == one, of == one)]
            assert inside.max() < max(distance, 1e-9)
            for other in range(one):  # or these would have been merged, too
                assert between[np.ix_(of == one, of == other)].max() >= distance
    assert palette.merge_closer(0) == palette
    assert palette.merge_closer(np.inf).k == 1


@pytest.mark.parametrize("scaling", ["none", "range", "variance", (1, 3.5, 0.25)])
@given(st.integers(0, 2**31))
@settings(max_examples=10)
def test_distances_are_those_of_what_was_clustered(scaling, seed):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, [[[1000]], [[2]], [[30]]], (3, 9, 8)).astype(float)
    samples = read_samples(image, channel_axis=0, scaling=scaling)
    palette = fit(samples, k=5)
    rows = image.reshape(3, -1)
    if isinstance(scaling, str):
        reach = {"none": np.ones(3), "range": np.ptp(rows, 1), "variance": rows.std(1)}
        scaling = reach[scaling].max() / reach[scaling]
    scaled = palette.centers * scaling
    between = np.linalg.norm(scaled[:, np.newaxis] - scaled, axis=-1)
    tree = palette.dendrogram
    np.testing.assert_allclose(
        tree, hierarchy.complete(squareform(between, checks=False)), rtol=1e-9
    )
    # As far as they are told is how far they are for the clusters, too.
    away = np.linalg.norm(scaled - scaled[0], axis=1)
    far = fit(samples, init=palette.centers[:1], fixed=True, reject=away[1] + 1e-6)
    pixels = palette.centers.T[:, np.newaxis]
    np.testing.assert_array_equal(far.label(pixels)[0] == 1, away <= away[1] + 1e-6)
    # And so are clusters the same ones when they are found again.
    assert fit(samples, k=5, seed=1).inherit(palette.rename(2, "this")).k == 5


def test_a_channel_that_counts_little_does_not_keep_clusters_apart():
    image = np.array([[[0, 1000, 0, 1000]], [[0, 0, 1, 1]]])
    samples = read_samples(image, channel_axis=0, scaling="variance")
    palette = fit(samples, k=4)
    np.testing.assert_allclose(palette.dendrogram[:2, 2], 1000)
    assert palette.merge_closer(999).k == 4
    assert palette.merge_closer(1001).k == 2


def test_locked_clusters_are_not_merged(palette):
    locked = palette.lock(2, 4)
    merged = locked.merge_closer(1e6)
    assert merged.k == 3
    assert sum(merged.locked) == 2
    for label in (2, 4):
        assert (merged.centers == palette.centers[label - 1]).all(axis=1).any()


def test_the_dendrogram_says_what_is_merged_when(palette):
    tree = palette.dendrogram
    assert tree.shape == (5, 4)
    assert hierarchy.is_valid_linkage(tree)
    for n, (_, _, distance, _) in enumerate(tree):
        assert palette.merge_closer(distance * (1 + 1e-12)).k == 5 - n
        assert palette.merge_closer(distance).k == 6 - n
    assert palette.merge(range(1, 7)).dendrogram.shape == (0, 4)


def test_extreme_centers_have_distances():
    image = np.array([[1e308, -1e308, 5e307, 0]])
    palette = fit(read_samples(image), k=4)
    assert palette.merge_closer(6e307).k == 3
    assert np.isfinite(palette.dendrogram[:2]).all()


# -- order, names, tables ----------------------------------------------------------


def test_clusters_come_in_the_order_of_a_quality(case):
    palette = case[3]
    mixed = palette.reorder([4, 2, 6, 1, 5, 3])
    np.testing.assert_array_equal(mixed.reorder("brightness").centers, palette.centers)
    by_share = mixed.reorder("share")
    assert (np.diff(by_share.counts) <= 0).all()
    assert {*by_share.counts.tolist()} == {*palette.counts.tolist()}


def test_clusters_come_by_hue_grays_first():
    colors = [[0, 0, 255], [250, 250, 250], [255, 0, 0], [9, 9, 9], [0, 200, 0]]
    image = np.tile(np.array(colors, np.uint8), (8, 8, 1))
    palette = fit(read_samples(image, rgb=True), k=5).reorder("hue")
    assert palette.centers.tolist() == [colors[i] for i in (3, 1, 2, 4, 0)]
    yellow = palette.recolor(1, "#ffff00").reorder("hue")
    assert yellow.centers.tolist() == [colors[i] for i in (1, 2, 3, 4, 0)]


def test_names_locks_and_colors_are_inherited(samples, palette):
    named = palette.rename(1, "dark").recolor(6, "#00ff00").lock(6)
    again = fit(samples, k=6, seed=3).inherit(named)
    assert again.names[0] == "dark"
    assert again.locked[5]
    assert again.colors[5].tolist() == [0, 1, 0]
    np.testing.assert_array_equal(again.colors[:5], again.own_colors(again.centers)[:5])
    labels = again.label(COFFEE)
    assert (again.paint(COFFEE)[labels == 6] == [0, 255, 0]).all()
    assert palette.inherit(palette) == palette
    gray = fit(read_samples(COFFEE[..., 0]), k=6)
    assert gray.inherit(named) == gray
    one = palette.merge(range(1, 7))
    assert one.inherit(one.rename(1, "all")).names == ("all",)


def test_the_table_says_what_there_is(samples, palette):
    named = palette.rename(2, "sky").lock(2)
    table = named.table()
    assert [*table] == [
        *("label", "name", "color", "center_red", "center_green", "center_blue"),
        *("pixels", "share", "spread", "locked"),
    ]
    assert table["label"].tolist() == [1, 2, 3, 4, 5, 6]
    assert table["name"].tolist() == ["", "sky", "", "", "", ""]
    assert table["locked"].tolist() == [False, True, False, False, False, False]
    np.testing.assert_array_equal(table["pixels"], palette.counts)
    np.testing.assert_array_equal(table["center_green"], palette.centers[:, 1])
    areas = named.table(0.25, "µm²")["area (µm²)"]
    np.testing.assert_allclose(areas, palette.counts / 4)
    assert "area" in named.table(2)
    assert "area (px)" in named.table(unit="px")


def test_spreads_are_root_mean_squares_about_the_centers(case):
    image, settings, _, palette = case
    labels = palette.label(image, mask=settings.get("mask"))
    if settings.keys() & {"color_space", "scaling", "weights"}:
        squares = palette.spreads**2 * palette.moments.weights
        np.testing.assert_allclose(squares.sum(), palette.compactness)
        return
    rows = np.moveaxis(image, palette.layout.channel_axis or -1, -1)
    if palette.layout.n_channels == 1:
        rows = image[..., np.newaxis]
    if palette.layout.channel_axis == 0:
        rows = np.moveaxis(image, 0, -1)
    for at in range(6):
        inside = rows[labels == at + 1].astype(np.longdouble)
        squares = ((inside - palette.centers[at]) ** 2).sum(axis=1)
        np.testing.assert_allclose(
            palette.spreads[at], float(np.sqrt(squares.mean())), rtol=1e-5
        )


@pytest.mark.parametrize(
    ("act", "error", "match"),
    [
        (lambda p, s: p.split(0, s), ValueError, "label=0 should be"),
        (lambda p, s: p.split(1, s, 1), ValueError, "k=1 should be at least 2"),
        (lambda p, s: p.split(1, s, seed=-1), ValueError, "seed=-1 should be"),
        (lambda p, _: p.split(1, COFFEE), TypeError, "samples=.* read_samples"),
        (lambda p, s: p.split(1, s, 10**4), ValueError, "label=1 .* k=10000 distinct"),
        (lambda p, s: p.lock(1).split(1, s), ValueError, "label=1 .* not locked"),
        (lambda p, s: p.delete(7, s), ValueError, "labels=7 should be"),
        (lambda p, s: p.delete([], s), ValueError, "labels=.* some of the 6"),
        (lambda p, s: p.delete(range(1, 7), s), ValueError, "labels=.* not all"),
        (lambda p, s: p.delete("1", s), ValueError, "labels='1' should be"),
        (lambda p, s: p.lock(2).delete([1, 2], s), ValueError, "labels=2 .* locked"),
        (lambda p, _: p.delete(1, None), TypeError, "samples=None should be"),
        (lambda p, s: p.add([1, 2], s), ValueError, "center=.* should be 3 numbers"),
        (lambda p, s: p.add([1, 2, np.nan], s), ValueError, "center=.* all finite"),
        (lambda p, s: p.add("red", s), ValueError, "center='red' should be 3 numbers"),
        (lambda p, s: p.add([1, 2, 999], s), ValueError, "center=.* lie within the"),
        (lambda p, s: p.add(p.centers[1], s), ValueError, "center=.* some pixels"),
        (lambda p, _: p.add([1, 2, 3], 4), TypeError, "samples=4 should be"),
        (lambda p, _: p.merge_closer(-1), ValueError, "distance=-1 should be"),
        (lambda p, _: p.merge_closer(np.nan), ValueError, "distance=nan should be"),
        (lambda p, _: p.merge_closer("2"), TypeError, "distance='2' should be"),
        (lambda p, _: p.reorder("size"), ValueError, "labels='size' should be one of"),
        (lambda p, _: p.inherit(None), TypeError, "other=None should be a Palette"),
        (lambda p, _: p.table(0), ValueError, "pixel_area=0 should be"),
        (lambda p, _: p.table(unit=1), TypeError, "unit=1 should be text"),
        (lambda _, s: paint_samples(s, "p"), TypeError, "palette='p' should be"),
        (lambda p, _: paint_samples(COFFEE, p), TypeError, "samples=.* should be"),
        (lambda p, s: paint_samples(s, p, progress=1), TypeError, "progress=1 should"),
        (
            lambda p, _: paint_samples(read_samples(COFFEE[..., 0]), p),
            ValueError,
            "samples of 1 channels should be of 3 channels",
        ),
        (
            lambda p, _: p.delete(1, read_samples(COFFEE, channel_axis=2, rgb=False)),
            ValueError,
            "samples of rgb=False should be of rgb=True",
        ),
    ],
)
def test_edits_that_cannot_be_are_refused(samples, palette, act, error, match):
    with pytest.raises(error, match=match) as refused:
        act(palette, samples)
    assert "\n" not in str(refused.value)


def test_quantized_is_what_fitted_samples_are_painted_to():
    q = quantize(COFFEE, 7)
    painted = paint_samples(read_samples(COFFEE), q.palette)
    np.testing.assert_array_equal(painted.quantized, q.quantized)


# -- by name -----------------------------------------------------------------------

names = st.lists(st.sampled_from(["", "a", "b", "c", "stain"]), min_size=6, max_size=6)


@given(names, st.sampled_from(["a", "b", "c", "stain", "other", ""]))
def test_a_name_does_what_its_label_does(given_names, name):
    samples = read_samples(COFFEE[::8, ::8, 0])
    palette = fit(samples, k=6).rename(dict(enumerate(given_names, 1)))
    assert [*palette.names] == given_names
    edits = {
        "rename": lambda x: palette.rename(x, "new"),
        "rename by a mapping": lambda x: palette.rename({x: "new"}),
        "recolor": lambda x: palette.recolor(x, "#ff0000"),
        "recolor by a mapping": lambda x: palette.recolor({x: "#ff0000"}),
        "lock": lambda x: palette.lock(x),
        "merge": lambda x: palette.merge([x, 1, 2]),
        "reorder": lambda x: palette.reorder([x, *others]),
        "split": lambda x: palette.split(x, samples),
        "delete": lambda x: palette.delete(x, samples),
    }
    n = given_names.count(name) if name else 0
    at = given_names.index(name) + 1 if n else 1
    others = [label for label in range(1, 7) if label != at]
    for edit in edits.values():
        if n == 1:
            assert edit(name) == edit(at)
            assert palette.label_of(name) == palette.label_of(at) == at
            continue
        said = "the name of one cluster, but is of" if n else "the name of a cluster: "
        with pytest.raises(ValueError, match=f"{name!r} should be {said}"):
            edit(name)


def test_names_change_places_by_a_mapping():
    palette = fit(read_samples(COFFEE[..., 0]), k=3).rename({1: "a", 2: "b"})
    assert palette.rename({"a": "b", "b": "a"}).names == ("b", "a", "")
    colors = {"a": (1, 0, 0), 3: "#0000ff"}
    assert palette.recolor(colors).colors[[0, 2]].tolist() == [[1, 0, 0], [0, 0, 1]]
    for call in (
        lambda: palette.rename({1: "a"}, "b"),
        lambda: palette.recolor({1: "#000000"}, "#ffffff"),
        lambda: palette.rename(1),
        lambda: palette.rename({1: None}),
        lambda: palette.lock("b").rename({"b": "c"}, "d"),
    ):
        with pytest.raises(TypeError, match=r"should be text|should not go with a map"):
            call()
    with pytest.raises(ValueError, match=r"label=2 should be a .* not locked"):
        palette.lock("b").rename({"a": "x", "b": "y"})
