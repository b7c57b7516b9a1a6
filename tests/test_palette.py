"""Palettes: values that label, paint and are edited."""

import copy
import pickle

import dask.array as da
import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_kmeans import Palette, fit, quantize, read_samples
from napari_kmeans.core.data.codes import Codes
from napari_kmeans.core.palettes import quantizer

COFFEE = skimage.data.coffee()[::4, ::4]


@pytest.fixture(scope="module")
def palette():
    return fit(read_samples(COFFEE), k=6)


def relabeled(labels, *groups):
    """Return labels as they are once each group of them is one, in this order."""
    new = np.zeros(labels.max() + 1, labels.dtype)
    for label, group in enumerate(groups, 1):
        new[[*group]] = label
    return new[labels]


def grouped(k, merged):
    """Return the labels that each cluster has, once some are merged."""
    return sorted([sorted(merged), *([x] for x in range(1, k + 1) if x not in merged)])


images = hnp.arrays(
    np.float64, (5, 8), elements=st.integers(-50, 50).map(lambda n: n / 4)
)


@given(images, st.integers(2, 5), st.data())
def test_merged_clusters_are_what_a_brute_force_finds(image, k, data):
    k = min(k, len(np.unique(image)))
    if k < 2:
        return
    samples = read_samples(image, rgb=False)
    before = fit(samples, k, criteria=(1, 1, 0), attempts=1)
    pair = data.draw(st.lists(st.integers(1, k), min_size=2, max_size=k, unique=True))
    palette = before.merge(pair)
    groups = grouped(k, pair)
    labels = relabeled(before.label(image), *groups)
    np.testing.assert_array_equal(palette.label(image), labels)
    np.testing.assert_array_equal(
        palette.counts, np.bincount(labels.ravel(), minlength=len(groups) + 1)[1:]
    )
    expected = [
        np.average(
            before.centers[np.subtract(group, 1), 0],
            weights=before.counts[np.subtract(group, 1)],
        )
        for group in groups
    ]
    np.testing.assert_allclose(palette.centers[:, 0], expected, atol=1e-12)
    # The centers need not be means yet: only one step was made.
    squares = (image - palette.centers[:, 0][labels - 1]) ** 2
    np.testing.assert_allclose(palette.compactness, squares.sum(), atol=1e-9)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"color_space": "oklab"},
        {"scaling": "variance"},
        {"weights": np.arange(COFFEE[..., 0].size).reshape(COFFEE.shape[:2]) % 4},
        {"mask": COFFEE[..., 0] > 60},
    ],
    ids=lambda settings: next(iter(settings), "plain"),
)
def test_merging_twice_is_merging_at_once(settings):
    palette = fit(read_samples(COFFEE, **settings), k=6)
    at_once = palette.merge([1, 3, 5])
    twice = palette.merge([1, 5]).merge([1, 3])
    mask = settings.get("mask")
    labels = palette.label(COFFEE, mask=mask)
    expected = relabeled(labels, (1, 3, 5), (2,), (4,), (6,))
    expected[labels == 0] = 0
    for merged in (at_once, twice):
        assert merged.k == 4
        np.testing.assert_array_equal(merged.label(COFFEE, mask=mask), expected)
        np.testing.assert_allclose(merged.centers, at_once.centers)
        np.testing.assert_allclose(merged.compactness, at_once.compactness)
        np.testing.assert_array_equal(merged.counts, at_once.counts)
    assert at_once.compactness > palette.compactness
    assert palette.k == 6  # it is a value


def test_one_cluster_has_the_compactness_about_the_mean():
    palette = fit(read_samples(COFFEE), k=7).merge(range(1, 8))
    pixels = COFFEE.reshape(-1, 3).astype(float)
    np.testing.assert_allclose(palette.centers[0], pixels.mean(axis=0), rtol=1e-3)
    expected = ((pixels - palette.centers[0]) ** 2).sum()
    np.testing.assert_allclose(palette.compactness, expected)


def test_where_it_cannot_be_known_compactness_is_nan():
    palette = fit(read_samples(COFFEE), k=4, refine=False, max_samples=None)
    assert np.isnan(palette.merge([1, 2]).compactness)
    assert palette.reorder([2, 1, 3, 4]).compactness == palette.compactness


def test_merged_is_painted_in_the_mean_unless_it_was_recolored(palette):
    merged = palette.merge([2, 5])
    painted, labels = merged.paint(COFFEE), merged.label(COFFEE)
    assert (painted[labels == 2] == np.rint(merged.centers[1])).all()
    np.testing.assert_allclose(merged.colors[1], merged.centers[1] / 255)
    red = palette.recolor(2, "#ff0000").recolor(5, (0, 1, 0)).merge([2, 5])
    largest = [2, 5][int(palette.counts[4] > palette.counts[1])]
    expected = [255, 0, 0] if largest == 2 else [0, 255, 0]
    assert (red.paint(COFFEE)[labels == 2] == expected).all()
    np.testing.assert_array_equal(red.centers, merged.centers)


def test_recolored_is_painted_so_and_labeled_as_before(palette):
    red = palette.recolor(3, "#ff8000")
    labels = palette.label(COFFEE)
    np.testing.assert_array_equal(red.label(COFFEE), labels)
    np.testing.assert_array_equal(red.centers, palette.centers)
    expected = palette.paint(COFFEE)
    expected[labels == 3] = [255, 128, 0]
    np.testing.assert_array_equal(red.paint(COFFEE), expected)
    floats = COFFEE / 255
    orange = fit(read_samples(floats), k=6).recolor(3, "#ff8000")
    painted = orange.paint(floats)[orange.label(floats) == 3]
    np.testing.assert_allclose(painted, np.tile([1, 128 / 255, 0], (len(painted), 1)))
    gray = fit(read_samples(COFFEE[..., 0]), k=3)
    again = gray.recolor(1, [1, 0, 0])
    assert again.colors[0].tolist() == [1, 0, 0]
    np.testing.assert_array_equal(
        again.paint(COFFEE[..., 0]), gray.paint(COFFEE[..., 0])
    )


def test_reordered_and_named(palette):
    order = [3, 1, 2, 6, 5, 4]
    other = palette.rename(1, "shadow").lock(2).reorder(order)
    assert other.names == ("", "shadow", "", "", "", "")
    assert other.locked == (False, False, True, False, False, False)
    np.testing.assert_array_equal(other.centers, palette.centers[np.subtract(order, 1)])
    np.testing.assert_array_equal(
        other.label(COFFEE), relabeled(palette.label(COFFEE), *([x] for x in order))
    )
    np.testing.assert_array_equal(other.paint(COFFEE), palette.paint(COFFEE))
    back = np.argsort(order) + 1
    assert other.reorder(back).rename(1, "").lock(2, locked=False) == palette


def test_names_go_with_the_largest_that_has_one(palette):
    first, second = np.argsort(-palette.counts)[:2] + 1
    third = next(x for x in range(1, 7) if x not in (first, second))
    named = palette.rename(second, "small").rename(third, "least")
    merged = named.merge([first, second, third])
    assert merged.names[min(first, second, third) - 1] == "small"
    assert "all" in named.merge([first, second], "all").names


def test_equal_palettes_are_one(palette):
    same = fit(read_samples(COFFEE), k=6)
    assert same == palette
    assert len({same, palette, palette.rename(1, "a"), same.rename(1, "a")}) == 2
    for other in (
        *(palette.rename(2, "b"), palette.lock(1), palette.recolor(1, "#000001")),
        *(palette.merge([1, 2]), palette.reorder([2, 1, 3, 4, 5, 6])),
        *(fit(read_samples(COFFEE), k=5), "palette"),
        fit(read_samples(COFFEE, color_space="oklab"), k=6),
    ):
        assert other != palette
    assert copy.deepcopy(palette) == pickle.loads(pickle.dumps(palette)) == palette


def test_representations_show_colors_shares_and_names(palette):
    named = palette.rename(2, "<sky>").recolor(2, "#123456")
    text, html = repr(named), named._repr_html_()
    assert text.startswith("Palette(6 clusters: 1 #")
    assert f"2 #123456 {palette.shares[1]:.1%}".replace("%", " % '<sky>'") in text
    assert html.count("<tr>") == 7
    assert "background:#123456" in html
    assert "&lt;sky&gt;" in html
    assert "<sky>" not in html
    many = fit(read_samples(np.arange(40)[np.newaxis]), k=40)
    assert repr(many).endswith("...)")
    assert "8 more" in many._repr_html_()
    assert "1 cluster:" in repr(palette.merge(range(1, 7)))


@pytest.mark.parametrize(
    ("act", "error", "match"),
    [
        (lambda p: p.rename(0, "a"), ValueError, "label=0 should be"),
        (lambda p: p.rename(7, "a"), ValueError, "label=7 should be"),
        (lambda p: p.rename(1.5, "a"), TypeError, r"label=1\.5 should be"),
        (lambda p: p.rename(1, 5), TypeError, "name=5 should be text"),
        (lambda p: p.recolor(1, "red"), ValueError, "color='red' should be"),
        (lambda p: p.recolor(1, (0, 0, 2)), ValueError, "color=.* should be"),
        (lambda p: p.recolor(1, None), ValueError, "color=None should be"),
        (lambda p: p.recolor(1, (0, np.nan, 0)), ValueError, "color=.* should be"),
        (lambda p: p.merge([1]), ValueError, "labels=.* at least two"),
        (lambda p: p.merge([2, 2]), ValueError, "labels=.* at least two"),
        (lambda p: p.merge(3), TypeError, "labels=3 should be a sequence"),
        (lambda p: p.merge("12"), TypeError, "labels='12' should be a sequence"),
        (lambda p: p.merge(None), TypeError, "labels=None should be a sequence"),
        (lambda p: p.merge([[1, 2]]), TypeError, r"labels=\[1, 2\] should be"),
        (lambda p: p.merge([[1, 2], 3]), TypeError, r"labels=\[1, 2\] should be"),
        (lambda p: p.merge([1.0, 2.0]), TypeError, r"labels=1\.0 should be"),
        (lambda p: p.merge([1, 9]), ValueError, "labels=9 should be"),
        (lambda p: p.reorder([1, 2, 3]), ValueError, "labels=.* each once"),
        (lambda p: p.reorder([1, 1, 2, 3, 4, 5]), ValueError, "labels=.* each once"),
        (lambda p: p.lock(0), ValueError, "label=0 should be"),
        (lambda p: p.lock(1, locked=2), TypeError, "locked=2 should be"),
        (lambda p: p.lock(1).rename(1, "a"), ValueError, "label=1 should .* locked"),
        (lambda p: p.lock(1).recolor(1, "#000000"), ValueError, "not locked"),
        (lambda p: p.lock().merge([1, 2]), ValueError, "labels=1 .* not locked"),
    ],
)
def test_edits_that_cannot_be_are_refused(palette, act, error, match):
    with pytest.raises(error, match=match) as refused:
        act(palette)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("merged", [False, True])
def test_lazy_images_are_labeled_and_painted_as_others(palette, merged):
    palette = palette.merge([1, 4]).recolor(2, "#00ff00") if merged else palette
    image = COFFEE[::-1]
    lazy = da.from_array(image, chunks=(40, 33, 3))
    labels, painted = palette.label(lazy), palette.paint(lazy)
    assert isinstance(labels, da.Array)
    np.testing.assert_array_equal(labels, palette.label(image))
    np.testing.assert_array_equal(painted, palette.paint(image))


def test_many_merged_into_few_have_labels_of_one_byte():
    palette = fit(read_samples(np.arange(400)[np.newaxis]), k=400)
    few = palette.merge(range(1, 390))
    labels = few.label(np.arange(400)[np.newaxis])
    assert labels.dtype == np.uint8
    assert labels.ravel().tolist() == [1] * 389 + [*range(2, 13)]


def test_a_result_has_the_palette_that_made_it(palette):
    q = quantize(COFFEE, 6)
    assert isinstance(q.palette, Palette)
    assert q.palette == palette
    np.testing.assert_array_equal(q.labels, palette.label(COFFEE))
    np.testing.assert_array_equal(q.quantized, palette.paint(COFFEE))


@pytest.mark.parametrize(
    "pair", [[1, 2], (2, 1), {1, 2}, np.array([1, 2]), range(1, 3)]
)
def test_labels_may_come_in_any_collection(palette, pair):
    assert palette.merge(pair) == palette.merge([1, 2])


def test_extreme_values_are_merged():
    image = np.array([[1e308, -1e308, 5e307]])
    merged = fit(read_samples(image), k=3).merge([1, 2])
    assert merged.compactness == np.inf
    np.testing.assert_allclose(merged.centers[0], -2.5e307)


@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", ">u2", "bool"])
@pytest.mark.parametrize("n_channels", [1, 2, 3])
@pytest.mark.parametrize("reject", [None, 30])
def test_many_pixels_have_the_labels_of_few(dtype, n_channels, reject, monkeypatch):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 2 if dtype == "bool" else 99, (40, 41, n_channels))
    image = image.astype(dtype)
    palette = fit(read_samples(image, channel_axis=2), 2, reject=reject)
    expected = palette.label(image)
    monkeypatch.setattr(quantizer, "MANY", 1)
    np.testing.assert_array_equal(palette.label(image), expected)
    monkeypatch.setattr(Codes, "are_scattered", lambda *_: True)
    np.testing.assert_array_equal(palette.label(image), expected)
