"""Centers that are given: to start from, to stay, to map to; and what is too far."""

import warnings
from functools import partial

import dask.array as da
import numpy as np
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import deltaE_ciede2000

import reference
from napari_kmeans import (
    Palette,
    error_map,
    fit,
    kmeans,
    margin_map,
    measure,
    paint_samples,
    quantize,
    quantize_planes,
    quantize_samples,
    read_samples,
    sweep,
)
from napari_kmeans.core.spaces import convert

COFFEE = skimage.data.coffee()[::4, ::4]
RNG = np.random.default_rng(0)

#: Images, and how they are read.
CASES = {
    "color": (COFFEE, {}),
    "gray": (COFFEE[..., 0], {}),
    "oklab": (COFFEE, {"color_space": "oklab"}),
    "scaled": (COFFEE, {"scaling": "variance"}),
    "floats": (RNG.normal(size=(60, 70)), {}),
    "channels": (RNG.normal(size=(2, 50, 40)), {"channel_axis": 0}),
    "extreme": (RNG.random((40, 50)) * 1e200, {}),
    "weights": (COFFEE, {"weights": RNG.integers(0, 3, COFFEE.shape[:2])}),
    "mask": (COFFEE, {"mask": COFFEE[..., 1] > 70}),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    """An image, how it is read, its samples, and some centers near its values."""
    image, options = CASES[request.param]
    samples = read_samples(image, **options)
    centers = fit(samples, k=4, seed=3).centers[[2, 0, 3, 1]]
    return image, options, samples, centers * 1.01


def rows_of(image, options):
    """Return the pixels of an image, a row each."""
    if "channel_axis" in options:
        return np.moveaxis(image, 0, -1).reshape(-1, image.shape[0])
    return image.reshape(-1, 3 if image.shape[-1] == 3 else 1)


# -- centers to start from ----------------------------------------------------------


def test_all_centers_are_where_it_starts_from():
    samples = read_samples(COFFEE)
    start = COFFEE[[3, 50, 80], [5, 70, 100]].astype(float) + 0.5
    found = fit(samples, init=start, criteria=(3, 1, 0))
    expected = reference.lloyd_step(COFFEE.reshape(-1, 3), start)
    order = np.argsort(expected @ [0.2125, 0.7154, 0.0721])
    np.testing.assert_allclose(found.centers, expected[order], rtol=1e-12)
    again = fit(samples, 3, init=start.tolist(), criteria=(3, 1, 0), seed=5)
    assert found == again
    assert found.settings["init"] == start.tolist()
    assert not {"keep", "fixed", "reject"} & found.settings.keys()


def test_some_centers_leave_the_others_to_the_search():
    samples = read_samples(COFFEE)
    found = fit(samples, 6, init=[[200, 30, 20]], criteria=(3, 100, 0))
    assert found.converged
    assert found.k == 6
    assert found == fit(samples, 6, init=[[200, 30, 20]], criteria=(3, 100, 0))
    free = fit(samples, 6)
    assert found.compactness < 1.5 * free.compactness
    again = fit(samples, 6, init=free)
    np.testing.assert_allclose(again.compactness, free.compactness, rtol=1e-3)
    assert not any(again.locked)
    assert fit(samples, 6, init=[[1e308, -1e308, 0]]).k == 6


@pytest.mark.parametrize(
    "options", [{}, {"color_space": "oklab"}, {"scaling": "range"}]
)
def test_centers_are_in_the_units_of_the_image(options):
    samples = read_samples(COFFEE, **options)
    best = fit(samples, 5, criteria=(3, 200, 0))
    again = fit(samples, 5, init=best.centers, criteria=(3, 200, 0))
    np.testing.assert_allclose(again.compactness, best.compactness, rtol=0.02)


def test_integers_of_the_shape_of_the_image_are_labels():
    image = np.array([[1], [9], [5]], np.uint8)  # of the shape of centers, too
    assert quantize(image, 3, init=[[0], [2], [1]]).settings["init"] == "labels"
    found = quantize(image, init=[[0.0], [2.0], [9.0]])
    assert found.settings["init"] == [[0.0], [2.0], [9.0]]
    assert kmeans(image.ravel()[:, np.newaxis], 2, init=[0, 1, 1]).k == 2


def test_k_is_as_many_as_the_centers_or_five():
    image = np.arange(40, dtype=np.uint8).reshape(5, 8)
    assert quantize(image).k == fit(read_samples(image)).k == 5
    for fixed in (False, True):
        given_centers = {"init": [[3], [20], [30]], "fixed": fixed}
        assert quantize(image, **given_centers).k == 3
        assert quantize(image, 4, **given_centers).k == 4
        assert kmeans(image.reshape(-1, 1), **given_centers).k == 3
        assert quantize_planes(image[np.newaxis], **given_centers).k == 3


# -- centers that stay ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("fixed", "stay"),
    [
        (True, [0, 1, 2, 3]),
        ([3, 1], [0, 2]),
        (np.array([False, True, False, False]), [1]),
    ],
)
@pytest.mark.parametrize("k", [4, 7])
def test_fixed_centers_come_out_to_the_bit_and_first(case, fixed, stay, k):
    image, options, samples, centers = case
    q = quantize_samples(samples, k, init=centers, fixed=fixed)
    n, found = len(stay), q.palette
    assert q.k == found.k == k
    assert found.centers[:n].tobytes() == centers[stay].tobytes()
    assert found.locked == (True,) * n + (False,) * (k - n)
    free = fit(samples, k, init=centers, fixed=fixed).lock(locked=False)
    bright = [at for at in free._order("brightness") if at >= n]
    assert bright == [*range(n, k)]
    labels, painted = found.apply(image, mask=options.get("mask"))
    np.testing.assert_array_equal(q.labels, labels)
    np.testing.assert_array_equal(q.quantized, painted)
    np.testing.assert_array_equal(
        q.counts, np.bincount(labels.ravel(), minlength=k + 1)[1:]
    )
    assert found == fit(samples, k, init=centers, fixed=fixed)
    again = paint_samples(samples, found)
    np.testing.assert_array_equal(again.labels, q.labels)
    np.testing.assert_allclose(again.compactness, q.compactness, rtol=1e-9)
    if n == k:
        assert q.n_iter == 0
        assert q.converged


@given(st.integers(0, 2**20), st.integers(1, 4), st.integers(1, 3), st.booleans())
@settings(max_examples=25)
def test_all_fixed_is_the_nearest_of_a_brute_force(seed, k, n_channels, floats):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 30, (n_channels, 12, 15)).astype(np.uint8)
    image = image.astype(float) if floats else image
    centers = rng.integers(0, 30, (k, n_channels)) / 2  # some of them may be equal
    q = quantize(image, init=centers, fixed=True, channel_axis=0)
    rows = image.reshape(n_channels, -1).T
    nearest = reference.nearest(rows, centers)
    np.testing.assert_array_equal(q.labels.ravel(), nearest + 1)
    np.testing.assert_array_equal(q.centers, centers)
    np.testing.assert_array_equal(q.counts, np.bincount(nearest, minlength=k))
    expected = reference.compactness(rows, nearest, centers)
    np.testing.assert_allclose(q.compactness, expected, rtol=1e-12)
    c = kmeans(rows, init=centers, fixed=True)
    np.testing.assert_array_equal(c.labels, nearest)
    np.testing.assert_array_equal(c.centers, centers)
    np.testing.assert_allclose(c.compactness, expected, rtol=1e-12)


@given(st.integers(0, 2**20), st.integers(1, 3), st.integers(1, 3))
@settings(max_examples=25)
def test_one_step_beside_fixed_ones_is_that_of_a_brute_force(seed, n, n_channels):
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 30, (180, n_channels)).astype(float)
    start = rng.integers(0, 30, (n + 2, n_channels)) + 0.25
    fixed = [1, n + 2]
    c = kmeans(rows, init=start, fixed=fixed, criteria=(3, 1, 0))
    first, free = start[[0, -1]], start[1:-1]
    free = free[np.lexsort((*free.T[::-1], free.mean(axis=1)))]
    free = reference.lloyd_step(rows, np.vstack([first, free]))[2:]
    if np.isnan(free).any():  # an empty cluster was given a sample
        return
    free = free[np.lexsort((*free.T[::-1], free.mean(axis=1)))]
    expected = np.vstack([first, free])
    if len({*reference.nearest(rows, expected)} | {0, 1}) == n + 2:
        np.testing.assert_allclose(c.centers, expected, atol=1e-12)


def test_of_equal_centers_the_first_has_the_pixels():
    image = np.array([[10, 11, 200]], np.uint8)
    for k in (3, 4):
        q = quantize(image, k, init=[[200], [10], [10]], fixed=True)
        assert q.centers.ravel().tolist() == [200, 10, 10, 11][:k]
        assert q.counts.tolist() == ([1, 2, 0] if k == 3 else [1, 1, 0, 1])


def test_more_centers_than_pixels_can_be_mapped_to():
    q = quantize(
        np.array([[1, 9]], np.uint8), init=[[n] for n in range(20)], fixed=True
    )
    assert q.labels.tolist() == [[2, 10]]
    assert q.counts.sum() == 2
    c = kmeans([[1], [9]], init=np.arange(300)[:, np.newaxis], fixed=True)
    assert c.labels.tolist() == [1, 9]
    with pytest.warns(UserWarning, match="k=6 should be at most the 5"):
        q = quantize(np.array([[1, 1, 9, 9]], np.uint8), 6, init=[[3]] * 3, fixed=True)
    assert q.centers.ravel().tolist() == [3, 3, 3, 1, 9]


def test_of_a_palette_names_and_colors_stay(case):
    image, options, samples, _ = case
    chart = fit(samples, k=5).rename(2, "second").recolor(4, "#00ff00")
    everything = quantize_samples(samples, init=chart, fixed=True)
    assert everything.palette == chart.lock() or "weights" in options
    np.testing.assert_array_equal(
        everything.labels, chart.label(image, mask=options.get("mask"))
    )
    some = quantize_samples(samples, 6, init=chart, fixed=[4, 2]).palette
    assert some.names[:2] == ("second", "")
    assert some.locked == (True, True, *[False] * 4)
    assert some.centers[:2].tobytes() == chart.centers[[1, 3]].tobytes()
    np.testing.assert_array_equal(some.colors[:2], chart.colors[[1, 3]])
    values = some.quantizer.values[:2]
    np.testing.assert_array_equal(values, chart.quantizer.values[[1, 3]])


def test_merged_clusters_of_a_palette_are_one():
    samples = read_samples(COFFEE)
    chart = fit(samples, k=6).merge([2, 5]).rename(2, "both")
    q = quantize_samples(samples, init=chart, fixed=True)
    np.testing.assert_array_equal(q.labels, chart.label(COFFEE))
    assert q.palette.quantizer.centers.tobytes() == chart.quantizer.centers.tobytes()
    np.testing.assert_array_equal(q.palette.owners, chart.owners)
    np.testing.assert_allclose(q.compactness, chart.compactness)
    turned = chart.reorder([3, 1, 2, 5, 4])
    q = quantize(COFFEE, init=turned, fixed=True)
    np.testing.assert_array_equal(q.labels, turned.label(COFFEE))
    turned = fit(samples, k=5).reorder([3, 1, 2, 5, 4])
    q = quantize(COFFEE, init=turned, fixed=True, color_space="oklab")
    assert q.centers.tobytes() == turned.centers.tobytes()
    oklab = [
        convert(rows.reshape(-1, 3).T / 255.0, "oklab").T
        for rows in (COFFEE, turned.centers)
    ]
    np.testing.assert_array_equal(q.labels.ravel() - 1, reference.nearest(*oklab))
    more = fit(samples, 7, init=chart, fixed=[2])
    assert more.names[0] == "both"
    assert len(more.quantizer.centers) == 8
    assert more.centers[0].tobytes() == chart.centers[1].tobytes()
    points = COFFEE.reshape(-1, 3)
    there = kmeans(points, init=turned, fixed=True)
    assert there.centers.tobytes() == turned.centers.tobytes()
    bare = kmeans(points, init=turned.centers, fixed=True)
    np.testing.assert_array_equal(there.labels, bare.labels)
    with pytest.raises(ValueError, match="init of color_space='rgb' should be of"):
        fit(read_samples(COFFEE, color_space="oklab"), init=chart, fixed=True)
    with pytest.raises(ValueError, match="init of merged clusters that are fixed"):
        kmeans(COFFEE.reshape(-1, 3), init=chart, fixed=True)


@pytest.mark.parametrize("space", ["rgb", "oklab", "ciede2000"])
def test_clusters_without_a_partner_are_given_where_they_are(space):
    samples = read_samples(COFFEE)
    with pytest.warns(UserWarning, match="No partner for 3 clusters"):
        chart = quantize(COFFEE, 2, like=fit(samples, k=5)).palette
    q = quantize(COFFEE, init=chart, fixed=True, color_space=space)
    bare = quantize(COFFEE, init=chart.centers, fixed=True, color_space=space)
    assert q.centers.tobytes() == chart.centers.tobytes()
    np.testing.assert_array_equal(q.labels, bare.labels)
    assert q.unmatched == ()
    lost = list(chart.unmatched)
    found = fit(samples, 6, init=chart, fixed=lost)
    assert found.centers[:3].tobytes() == chart.centers[np.array(lost) - 1].tobytes()
    assert (found.k, found.locked) == (6, (True,) * 3 + (False,) * 3)


def test_what_is_kept_and_what_is_started_from_go_together():
    samples = read_samples(COFFEE)
    keep = fit(samples, k=5).lock(2)
    found = fit(samples, 4, keep=keep, init=COFFEE[[3, 9], [5, 70]])
    assert sum(found.locked) == 1
    assert found.settings["init"] == COFFEE[[3, 9], [5, 70]].tolist()
    assert found.settings["keep"] == keep.centers[[1]].tolist()
    same = fit(samples, 5, init=keep.centers[[1]], fixed=True)
    assert same.settings["fixed"] == [1]
    kept = fit(samples, 5, keep=keep)
    np.testing.assert_allclose(same.reorder("brightness").centers, kept.centers)


def test_planes_have_the_fixed_ones_first():
    image = RNG.integers(0, 200, (3, 20, 30)).astype(np.uint8)
    image[1, :, :] = 60
    with pytest.warns(UserWarning, match="1 of 3 planes have fewer"):
        q = quantize_planes(image, 4, init=[[150], [50]], fixed=True)
    for place in range(3):
        assert q.centers[place, :2].ravel().tolist() == [150, 50]
        palette = q.palettes[place]
        numbers = np.flatnonzero(q.present[place]) + 1
        labels = numbers[palette.label(image[place]) - 1]
        np.testing.assert_array_equal(labels, q.labels[place])
        assert palette.locked[:2] == (True, True)
    mapped = quantize_planes(image, init=[[150], [50]], fixed=True, reject=30)
    flat = quantize(image, init=[[150], [50]], fixed=True, reject=30)
    np.testing.assert_array_equal(mapped.labels, flat.labels)
    np.testing.assert_array_equal(mapped.quantized, flat.quantized)
    assert mapped.excluded == flat.excluded
    lazy = quantize_planes(
        da.from_array(image), init=[[150], [50]], fixed=True, reject=30
    )
    np.testing.assert_array_equal(lazy.labels, flat.labels)
    free = quantize_planes(image[::2], init=[[150], [50]])
    assert free.k == 2


# -- what is too far ---------------------------------------------------------------


def distances(rows, centers, frame):
    """Return the distance of each row to each center, where they are measured."""
    channels = list(np.ascontiguousarray(rows.T))
    values = frame.forward(channels).T.astype(float)
    return np.sqrt(reference.squared_distances(values, centers)) * frame.unit


@pytest.mark.parametrize("quantile", [0.0, 0.3, 0.9, 1.0])
def test_what_is_too_far_is_that_of_a_brute_force(case, quantile):
    image, options, samples, _ = case
    free = fit(samples, k=3)
    rows, frame = rows_of(image, options), free.quantizer.frame
    away = distances(rows, free.quantizer.centers, frame)
    reject = float(np.quantile(away.min(axis=1), quantile))
    q = quantize_samples(samples, 3, reject=reject)
    expected = np.where(away.min(axis=1) > reject, 0, away.argmin(axis=1) + 1)
    outside = options.get("mask")
    if outside is not None:
        expected[~outside.ravel()] = 0
    labels = expected.reshape(q.labels.shape)
    np.testing.assert_array_equal(q.labels, labels)
    np.testing.assert_array_equal(q.centers, free.centers)
    np.testing.assert_array_equal(q.counts, np.bincount(expected, minlength=4)[1:])
    far = (labels == 0) if outside is None else (labels == 0) & outside
    assert q.excluded.get("far", 0) == far.sum()
    assert q.n_excluded == sum(q.excluded.values()) == (labels == 0).sum()
    same = np.asarray(q.quantized == image)
    if "channel_axis" in options:
        same = same.all(axis=0)
    elif same.ndim > 2:
        same = same.all(axis=2)
    assert same[far].all()
    weights = np.ravel(options.get("weights", np.ones(labels.shape)))
    chosen = (expected > 0) & (weights > 0)
    squares = (away.min(axis=1) / away.max()) ** 2 * weights
    expected_sum, most = float(squares[chosen].sum()), float(away.max())
    if most < 1e150:  # whose squares are no floats
        np.testing.assert_allclose(q.compactness / most**2, expected_sum, rtol=1e-9)
    # The palette does the same, and after edits.
    palette = q.palette
    assert palette.reject == reject
    assert palette != free
    given_mask = {"mask": outside}
    np.testing.assert_array_equal(palette.label(image, **given_mask), labels)
    np.testing.assert_array_equal(paint_samples(samples, palette).labels, labels)
    merged = palette.merge([1, 3]).rename(1, "both").reorder([2, 1])
    assert merged.reject == reject
    groups = np.array([0, 2, 1, 2])
    np.testing.assert_array_equal(merged.label(image, **given_mask), groups[labels])
    again = paint_samples(samples, merged)
    np.testing.assert_array_equal(again.labels, groups[labels])
    assert again.excluded == q.excluded
    np.testing.assert_allclose(
        again.compactness, merged.compactness, rtol=1e-7, equal_nan=True
    )
    np.testing.assert_array_equal(q.regrouped(merged).labels, groups[labels])
    assert q.groups(free) is None


def test_an_optimum_leaves_out_what_is_far():
    image = np.array([[10, 11, 12, 60, 61, 99]], np.uint8)
    q = quantize(image, 2, init="optimal", reject=20)
    assert q.centers.ravel().round(1).tolist() == [11, 73.3]
    assert q.labels.tolist() == [[1, 1, 1, 2, 2, 0]]


def test_edits_that_measure_again_leave_out_what_is_far():
    samples = read_samples(COFFEE)
    palette = fit(samples, k=4, reject=25)
    for edited in (
        palette.split(2, samples),
        palette.add([200, 30, 20], samples),
        palette.delete(1, samples),
        palette.recolor(2, "#ff0000").inherit(palette),
    ):
        labels = edited.label(COFFEE)
        assert edited.reject == 25
        assert (labels == 0).any()
        counts = np.bincount(labels.ravel(), minlength=edited.k + 1)[1:]
        np.testing.assert_array_equal(edited.counts, counts)
        q = paint_samples(samples, edited)
        np.testing.assert_array_equal(q.labels, labels)
        np.testing.assert_allclose(q.palette.spreads, edited.spreads)


def test_maps_and_quality_leave_out_what_is_far():
    samples = read_samples(COFFEE)
    palette = fit(samples, k=4, reject=25)
    far, free = palette.label(COFFEE) == 0, fit(samples, k=4)
    for metric in ("distance", "ciede2000"):
        errors = error_map(COFFEE, palette, metric=metric)
        np.testing.assert_array_equal(np.isnan(errors), far)
        expected = error_map(COFFEE, free, metric=metric)
        np.testing.assert_array_equal(errors[~far], expected[~far])
    margins = margin_map(COFFEE, palette)
    np.testing.assert_array_equal(np.isnan(margins), far)
    np.testing.assert_array_equal(margins[~far], margin_map(COFFEE, free)[~far])
    painted = palette.paint(COFFEE).astype(float)
    error = ((painted - COFFEE) ** 2).mean()
    found = measure(samples, palette)
    np.testing.assert_allclose(found.psnr, 20 * np.log10(255) - 10 * np.log10(error))
    lost = deltaE_ciede2000(lab(palette.paint(COFFEE)), lab(COFFEE), channel_axis=0)
    np.testing.assert_allclose(found.mean_delta_e, lost.mean(), rtol=1e-4)


def test_pixels_that_are_rejected_for_two_reasons_are_told_apart():
    image = np.array([[1, 1, 5, 8, 9, 90]], np.uint8)
    q = quantize(image, init=[[1], [8]], fixed=True, reject=10)
    assert q.rejected(image, 0.5).excluded == {"far": 1, "rejected": 1}


def test_points_that_are_too_far_have_no_label():
    points = [[0.0], [1.0], [9.0], [30.0], [np.nan]]
    weights = [1, 1, 1, 0, 1]
    c = kmeans(points, init=[[8], [0]], fixed=True, reject=2, weights=weights)
    assert c.labels.tolist() == [1, 1, 0, -1, -1]
    assert (c.n_excluded, c.compactness) == (2, 2.0)
    assert c.counts.tolist() == [1, 2]


# -- CIEDE2000 ---------------------------------------------------------------------


def lab(image):
    """Return the colors of an image of 8 bits in CIELAB: (3, n)."""
    return convert(image.reshape(-1, 3).T / 255.0, "cielab")


@given(st.integers(0, 2**20), st.integers(1, 12))
@settings(max_examples=15)
def test_mapping_is_the_least_difference_of_scikit_image(seed, k):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (31, 40, 3)).astype(np.uint8)
    image[:5] = image[:5, :, :1]  # grays, too
    chart = rng.integers(0, 256, (k, 3))
    q = quantize(image, init=chart, fixed=True, color_space="ciede2000")
    found = np.stack(
        [
            deltaE_ciede2000(lab(image), center, channel_axis=0)
            for center in lab(chart).T[..., np.newaxis]
        ]
    )
    nearest = found.argmin(axis=0)
    labels = q.labels.ravel() - 1
    chosen = found[labels, np.arange(len(labels))]
    np.testing.assert_allclose(chosen, found.min(axis=0), rtol=1e-9, atol=1e-9)
    assert (labels != nearest).mean() < 0.01  # hues that are opposite to the last bit
    np.testing.assert_allclose(q.compactness, (chosen**2).sum(), rtol=1e-9)
    np.testing.assert_array_equal(q.centers, chart)
    spreads = np.sqrt(np.bincount(labels, chosen**2, k) / np.maximum(q.counts, 1))
    some = q.counts > 0
    np.testing.assert_allclose(q.palette.spreads[some], spreads[some], rtol=1e-9)
    np.testing.assert_array_equal(q.palette.label(image), q.labels)
    far = quantize(image, init=chart, fixed=True, color_space="ciede2000", reject=20)
    np.testing.assert_array_equal(
        far.labels.ravel(), np.where(chosen > 20, 0, labels + 1)
    )


def test_equal_colors_go_to_the_first():
    chart = [[10, 200, 30], [90, 90, 90], [10, 200, 30], [90, 90, 90]]
    image = RNG.integers(0, 256, (20, 20, 3)).astype(np.uint8)
    q = quantize(image, init=chart, fixed=True, color_space="ciede2000", rgb=True)
    assert {*np.unique(q.labels)} == {1, 2}


@pytest.fixture(scope="module")
def chart():
    """A palette whose distances are color differences, and its image."""
    names = fit(read_samples(COFFEE), k=9).rename(3, "brown")
    return quantize(COFFEE, init=names, fixed=True, color_space="ciede2000").palette


def test_a_file_has_distances_and_what_is_too_far(chart, tmp_path):
    far = quantize(
        COFFEE, init=chart, fixed=True, color_space="ciede2000", reject=12.5
    ).palette
    for palette in (chart, far, fit(read_samples(COFFEE), k=3, reject=30)):
        palette.save(tmp_path / "palette.json")
        loaded = Palette.load(tmp_path / "palette.json")
        assert loaded == palette
        assert loaded.reject == palette.reject
        np.testing.assert_array_equal(loaded.label(COFFEE), palette.label(COFFEE))


def test_edits_of_color_differences(chart):
    samples = read_samples(COFFEE, color_space="ciede2000")
    assert chart.names[2] == "brown"
    labels = chart.label(COFFEE)
    merged = chart.lock(locked=False).merge([2, 3])
    assert np.isnan(merged.compactness)
    np.testing.assert_array_equal(
        merged.label(COFFEE), np.where(labels > 2, labels - 1, labels)
    )
    q = paint_samples(samples, merged)
    np.testing.assert_array_equal(q.labels, merged.label(COFFEE))
    assert np.isnan(q.compactness)
    free = chart.lock(locked=False)
    assert free.reorder("share").compactness == chart.compactness
    fewer = free.delete(9, samples)
    np.testing.assert_array_equal(paint_samples(samples, fewer).counts, fewer.counts)
    more = fewer.add(chart.centers[8], samples)
    np.testing.assert_array_equal(more.label(COFFEE), labels)
    np.testing.assert_allclose(more.compactness, chart.compactness, rtol=1e-12)
    with pytest.raises(ValueError, match="color_space='ciede2000' should go with"):
        free.split(1, samples)


def test_margins_and_quality_of_color_differences(chart):
    away = np.stack(
        [
            deltaE_ciede2000(lab(COFFEE), center, channel_axis=0)
            for center in lab(chart.centers).T[..., np.newaxis]
        ]
    )
    least, second = np.sort(away, axis=0)[:2]
    found = margin_map(COFFEE, chart)
    np.testing.assert_allclose(found.ravel(), 1 - least / second, rtol=1e-4, atol=1e-6)
    assert measure(read_samples(COFFEE), chart).mean_delta_e > 0
    assert error_map(COFFEE, chart).shape == COFFEE.shape[:2]


# -- the same everywhere -----------------------------------------------------------

LAZY = {
    "color": (COFFEE, {}),
    "ciede2000": (COFFEE, {"color_space": "ciede2000"}),
    "gray": (COFFEE[..., 0], {}),
    "float colors": (COFFEE / 255.0, {"color_space": "ciede2000"}),
    "oklab": (COFFEE / 255.0, {"color_space": "oklab"}),
    "floats": (RNG.normal(size=(300, 400)), {}),
    "mask": (COFFEE, {"mask": COFFEE[..., 1] > 70}),
}


@pytest.mark.parametrize("name", LAZY)
@pytest.mark.parametrize("everything", [True, False])
def test_lazy_images_have_the_same_bits(name, everything, monkeypatch):
    monkeypatch.setattr("napari_kmeans.core.reading.source.SMALL", 0)
    image, options = LAZY[name]
    if options.get("color_space") == "ciede2000" and not everything:
        return
    rows = rows_of(image, options)
    options = options | {"rgb": rows.shape[1] == 3}
    init = rows[[5, 5000, 9000]].astype(float)
    reject = 12 if options.get("color_space") == "ciede2000" else np.ptp(rows) / 9
    asked = {"init": init, "fixed": everything or [1, 3], "reject": float(reject)}
    expected = quantize(image, 3 if everything else 5, **asked, **options)
    assert expected.excluded["far"] > 0
    for chunks, memory in [(33, 1), (120, 1), (120, None)]:
        lazy = da.from_array(image, chunks=(chunks, chunks, -1)[: image.ndim])
        q = quantize(lazy, expected.k, memory=memory, **asked, **options)
        np.testing.assert_array_equal(q.labels, expected.labels)
        np.testing.assert_array_equal(q.quantized, expected.quantized)
        assert q.palette == expected.palette
        assert q.excluded == expected.excluded
        again = expected.palette.label(lazy, mask=options.get("mask"))
        np.testing.assert_array_equal(again, expected.labels)


def test_bits_do_not_depend_on_threads(monkeypatch):
    found = []
    for n in (1, 2, 8):
        monkeypatch.setattr("napari_kmeans.core.run.threads.n_threads", lambda n=n: n)
        samples = read_samples(COFFEE)
        some = fit(samples, 7, init=[[9, 9, 9], [200, 90, 20]], fixed=[2], reject=30)
        perceived = read_samples(COFFEE, color_space="ciede2000")
        found.append([some, fit(perceived, init=some.centers, fixed=True, reject=9)])
    assert found[0] == found[1] == found[2]


# -- what is refused ----------------------------------------------------------------

INIT = [[1.0, 2, 3], [7, 8, 9]]


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"init": [[1, 2]]}, ValueError, r"init of shape \(1, 2\) should"),
        ({"init": [1, 2, 3]}, ValueError, r"init of shape \(3,\) should"),
        ({"init": np.ones((6, 3))}, ValueError, "init with 6 centers .* at most k=5"),
        ({"init": [[1, np.nan, 2]]}, ValueError, "init with NaN"),
        ({"init": [["a", "b", "c"]]}, TypeError, "init of dtype"),
        ({"init": np.empty((0, 3))}, ValueError, "init of shape .* not be empty"),
        (
            {"init": INIT, "refine": False},
            ValueError,
            "init with centers should not go",
        ),
        (
            {"reject": 3, "refine": False},
            ValueError,
            "reject should not go with refine",
        ),
        ({"reject": -1}, ValueError, "reject=-1 should be finite, and at least 0"),
        ({"reject": "far"}, TypeError, "reject='far' should be a number"),
        ({"fixed": True}, ValueError, "fixed=True should go with centers in init"),
        ({"fixed": [1]}, ValueError, r"fixed=\[1\] should go with centers in init"),
        ({"init": INIT, "fixed": [3]}, ValueError, "fixed=3 should be at most 2"),
        ({"init": INIT, "fixed": [0]}, ValueError, "fixed=0 should be at least 1"),
        ({"init": INIT, "fixed": [True]}, ValueError, "a boolean for each of the 2"),
        ({"init": INIT, "fixed": "all"}, TypeError, "fixed='all' should be a sequence"),
        ({"init": INIT, "fixed": [1.5]}, TypeError, "fixed=1.5 should be an integer"),
        ({"init": [[1e200, 0, 0]], "fixed": True}, ValueError, "up to 1e.200 should"),
    ],
)
def test_what_cannot_be_is_refused(options, error, match):
    samples = read_samples(COFFEE)
    given_options = {"k": 5, **options}
    for act in (
        lambda: fit(samples, **given_options),
        lambda: quantize(COFFEE, **given_options),
        lambda: quantize(da.from_array(COFFEE), **given_options),
        lambda: kmeans(COFFEE.reshape(-1, 3), **given_options),
    ):
        with pytest.raises(error, match=match) as refused:
            act()
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "options", [{}, {"k": 3, "init": INIT, "fixed": True}, {"init": INIT, "fixed": [2]}]
)
def test_color_differences_are_for_mapping(options):
    message = "color_space='ciede2000' should go with centers that are all fixed"
    for image in (COFFEE, da.from_array(COFFEE)):
        with pytest.raises(ValueError, match=message):
            quantize(image, color_space="ciede2000", **options)
    with pytest.raises(ValueError, match=message):
        sweep(COFFEE, color_space="ciede2000")
    with pytest.raises(ValueError, match="should go with an RGB image"):
        quantize(COFFEE[..., 0], init=[[1]], fixed=True, color_space="ciede2000")
    given_options = {"init": INIT, "fixed": True, "scaling": "range"}
    with pytest.raises(ValueError, match="scaling='range' should not go with"):
        quantize(COFFEE, color_space="ciede2000", **given_options)


def test_a_palette_of_another_kind_is_refused():
    color = fit(read_samples(COFFEE), k=3)
    with pytest.raises(ValueError, match="init of rgb=True should be of rgb=False"):
        quantize(COFFEE, init=color, fixed=True, rgb=False, channel_axis=2)
    with pytest.raises(ValueError, match="init of dtype uint8 should be of float"):
        quantize(COFFEE / 255, init=color, fixed=True)
    with pytest.raises(ValueError, match="init of 3 channels should have 1, as the"):
        quantize(COFFEE[..., 0], init=color, fixed=True)
    locked = color.lock(1)
    for other in ("keep", "like"):
        with pytest.raises(ValueError, match=f"fixed=True should not go with {other}"):
            quantize(COFFEE, 5, init=color, fixed=True, **{other: locked})
    assert quantize(COFFEE, 5, init=INIT, keep=locked).k == 5
    with pytest.raises(TypeError, match="unexpected keyword argument 'fixed'"):
        sweep(COFFEE, fixed=False)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 99), min_size=2, max_size=12), st.integers(0, 120))
def test_that_all_are_rejected_is_told(values, reject):
    image = np.array([values], np.uint8)
    points, samples = image.T.astype(float), read_samples(image)
    options = {"init": [[120]], "fixed": True, "reject": reject}
    works = (
        partial(quantize, image),
        partial(quantize, da.from_array(image)),
        partial(quantize_samples, samples),
        partial(fit, samples),
        partial(kmeans, points),
        partial(quantize_planes, np.stack([image, image])),
    )
    for work in works:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            work(**options)
        told = [str(warning.message) for warning in caught]
        assert len(told) == (max(values) < 120 - reject), work
        assert all(each.startswith("reject should be greater: ") for each in told)
