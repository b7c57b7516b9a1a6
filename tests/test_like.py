"""The numbers, names and colors of another palette: matched to it, or like it."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from napari.layers import Image

from napari_kmeans import (
    error_map,
    fit,
    margin_map,
    measure,
    one_layer_each,
    paint_samples,
    quantize,
    quantize_samples,
    read_samples,
    to_layers,
)
from reference import squared_distances

IMAGE = np.array([[10, 12, 90, 91], [92, 200, 201, 240]], np.uint8)
SAMPLES = read_samples(IMAGE)
KNOWN = fit(SAMPLES, k=4).rename(2, "stain").reorder([3, 2, 4, 1]).lock(2)


def least_cost(mine, theirs):
    """Return the least sum of squares of all pairings, by trying them."""
    if len(mine) > len(theirs):
        mine, theirs = theirs, mine
    costs = squared_distances(mine, theirs)
    rows = np.arange(len(mine))
    picks = permutations(range(len(theirs)), len(mine))
    return min(costs[rows, list(pick)].sum() for pick in picks)


pixels = st.lists(st.integers(0, 255), min_size=6, max_size=24, unique=True)


@given(pixels, pixels, st.integers(1, 5), st.integers(1, 5))
def test_partners_are_those_of_the_least_sum_of_squares(first, second, k, k_like):
    samples = read_samples(np.array([first], np.uint8))
    own = fit(samples, k)
    like = fit(read_samples(np.array([second], np.uint8)), k_like)
    palette = own.matched(like)
    assert palette.k == max(k, k_like)
    there = np.flatnonzero(palette.has_centers)
    assert sorted(palette.centers[there].ravel()) == sorted(own.centers.ravel())
    pairs = there[there < k_like]
    cost = ((palette.centers[pairs] - like.centers[pairs]) ** 2).sum()
    assert cost == pytest.approx(least_cost(own.centers, like.centers))
    assert len(pairs) == min(k, k_like)
    lost = [at - 1 for at in palette.unmatched]
    np.testing.assert_array_equal(palette.centers[lost], like.centers[lost])
    assert (palette.counts[lost] == 0).all()


@given(pixels, st.integers(1, 5), st.permutations([1, 2, 3, 4]))
def test_pixels_are_in_the_same_clusters_by_other_numbers(values, k, order):
    image = np.array([values], np.uint8)
    like, own = KNOWN.reorder(order), quantize(image, k)
    found = quantize(image, k, like=like) if k == 4 else None
    labels = own.palette.matched(like).label(image)
    if found is not None:
        np.testing.assert_array_equal(found.labels, labels)
    pairs = {*zip(own.labels.ravel().tolist(), labels.ravel().tolist(), strict=True)}
    assert len(pairs) == k == len({new for _, new in pairs})
    assert not {*labels.ravel().tolist()} & {*own.palette.matched(like).unmatched}


def test_names_locks_and_given_colors_go_over():
    red = KNOWN.lock(2, locked=False).recolor(1, "#ff0000").lock(2)
    palette = fit(SAMPLES, k=4).matched(red)
    assert palette.names == KNOWN.names
    assert palette.locked == KNOWN.locked
    assert palette.colors[0].tolist() == [1, 0, 0]
    np.testing.assert_array_equal(palette.centers, KNOWN.centers)
    np.testing.assert_array_equal(palette.counts, KNOWN.counts)
    assert palette.recolored.tolist() == [True, False, False, False]


def test_a_palette_matched_to_itself_is_itself():
    assert KNOWN.matched(KNOWN) == KNOWN
    merged = KNOWN.merge([1, 3])
    assert merged.matched(merged) == merged


def test_as_many_clusters_as_the_other_has():
    assert fit(SAMPLES, like=KNOWN).k == 4
    assert quantize(IMAGE, like=KNOWN).palette == KNOWN
    assert quantize_samples(SAMPLES, like=KNOWN).palette == KNOWN
    assert fit(SAMPLES).k == 5


def without_stain():
    """Return a result that lacks the cluster of label 2."""
    image = np.where((IMAGE >= 90) & (IMAGE <= 92), 10, IMAGE)
    with pytest.warns(UserWarning, match="No partner for 1 cluster of like: 2 'stain'"):
        return image, quantize(image, 3, like=KNOWN)


def test_what_has_no_partner_is_told_and_labels_nothing():
    _, result = without_stain()
    assert result.unmatched == result.palette.unmatched == (2,)
    assert result.k == 4
    assert result.counts[1] == 0
    assert result.palette.names[1] == "stain"
    np.testing.assert_array_equal(result.centers[1], KNOWN.centers[1])
    assert result.settings["like"] == KNOWN.centers.tolist()
    # Even a pixel of its very color goes to another.
    painted = result.palette.label(np.full((2, 2), KNOWN.centers[1, 0]))
    assert (painted != 2).all()
    assert result.note.startswith("No partner for 1 cluster of like")


def test_all_else_goes_on_with_a_cluster_without_partner():
    image, result = without_stain()
    samples, palette = read_samples(image), result.palette
    again = paint_samples(samples, palette)
    np.testing.assert_array_equal(again.labels, result.labels)
    assert again.palette == palette
    assert again.compactness == result.compactness
    assert palette.table()["pixels"].tolist() == result.counts.tolist()
    assert np.isnan(palette.spreads[1])
    assert measure(samples, palette).psnr > 0
    assert np.isfinite(margin_map(image, palette)).all()
    assert np.isfinite(error_map(image, palette)).all()
    assert len(to_layers(result, Image(image, name="tissue"))) == 3
    assert one_layer_each(result.labels, palette, Image(image))
    assert len(palette.dendrogram) == 3
    free = palette.lock(locked=False)
    merged = free.merge([1, 2])
    regrouped = result.regrouped(merged)
    np.testing.assert_array_equal(regrouped.labels, merged.label(image))
    np.testing.assert_array_equal(regrouped.counts, merged.counts)
    assert regrouped.counts.sum() == image.size
    assert not regrouped.note
    assert free.reorder("share").k == 4
    assert not free.delete(2, samples).unmatched
    assert free.split(1, samples).counts.sum() == image.size
    assert free.add([12], samples).unmatched == (2,)
    with pytest.raises(ValueError, match="at least k=2 distinct colors"):
        free.split(2, samples)
    with pytest.raises(ValueError, match="should be some of the 4 clusters"):
        free.delete([1, 3, 4], samples)
    assert free.merge_closer(1e9).counts.tolist() == [image.size]
    # It is no cluster to keep, but one to be like.
    assert fit(samples, 3, keep=palette).k == 3
    assert fit(SAMPLES, like=palette).names == KNOWN.names


def test_more_clusters_get_the_next_numbers():
    palette = fit(SAMPLES, 6, like=KNOWN)
    assert palette.k == 6
    assert palette.names == (*KNOWN.names, "", "")
    assert not palette.unmatched
    bright = palette.centers[4:].ravel()
    assert bright[0] < bright[1]


def test_fewer_colors_than_asked_for_and_no_partner_are_both_told():
    image = np.array([[12, 200, 200, 12]], np.uint8)
    with pytest.warns(UserWarning, match="distinct colors") as warned:
        result = quantize(image, like=KNOWN)
    (said,) = [str(one.message) for one in warned]
    assert "k=4 should be at most the 2 distinct colors" in said
    assert "No partner for 2 clusters of like: " in said
    assert result.k == 4
    assert len(result.unmatched) == 2


@pytest.mark.parametrize("space", ["rgb", "oklab"])
@pytest.mark.parametrize("lazy", [False, True])
def test_colors_are_matched_where_distances_are_measured(space, lazy):
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    known = quantize(image, 6, color_space=space).palette.reorder([4, 2, 6, 1, 5, 3])
    darker = (image * 0.95).astype(np.uint8)
    if lazy:
        da = pytest.importorskip("dask.array")
        result = quantize(da.from_array(darker), like=known, color_space=space)
    else:
        result = quantize(darker, like=known, color_space=space)
    frame = result.palette.quantizer.frame
    theirs = frame.adopt(known.moments.means, known.quantizer.frame)
    cost = ((result.palette.moments.means - theirs) ** 2).sum()
    assert cost == pytest.approx(least_cost(result.palette.moments.means, theirs))
    np.testing.assert_array_equal(
        np.asarray(result.labels), result.palette.label(darker)
    )


def test_plain_opencv_and_the_optimum_are_matched_too():
    for options in ({"refine": False, "max_samples": None}, {"init": "optimal"}):
        own = quantize(IMAGE, 4, **options)
        result = quantize(IMAGE, like=KNOWN, **options)
        assert result.method == own.method
        again = {*zip(own.labels.ravel(), result.labels.ravel(), strict=True)}
        assert len(again) == 4
        np.testing.assert_array_equal(result.quantized, own.quantized)


def test_what_is_no_partner_is_refused():
    color = np.zeros((40, 40, 3), np.uint8)
    color[:20] = 200
    rgb = quantize(color, 2).palette
    with pytest.raises(ValueError, match="like of 1 channels should be of 3 channels"):
        quantize(color, like=KNOWN)
    with pytest.raises(ValueError, match="like of color_space='rgb' should be of"):
        quantize(color, like=rgb, color_space="oklab")
    with pytest.raises(ValueError, match="like of dtype uint8 should be of float64"):
        quantize(color / 255, like=rgb)
    with pytest.raises(ValueError, match="other of 3 channels should be of 1"):
        KNOWN.matched(rgb)
    with pytest.raises(TypeError, match="like=5 should be a Palette or None"):
        quantize(color, like=5)
    with pytest.raises(TypeError, match="other=5 should be a Palette"):
        KNOWN.matched(5)
