"""Results: the table, the colors, the positions, and values in the image's dtype."""

import dataclasses
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from napari.layers import Image, Points

from napari_kmeans import kmeans, quantize, quantize_planes, to_layers
from napari_kmeans.core.palettes.values import to_dtype
from napari_kmeans.core.results.centroids import centroids

GRAY = np.array([[10, 10, 250, 250], [10, 10, 250, 100]], np.uint8)


def color_image(dtype=np.uint8, full=255):
    """Return red, green, and white stripes of 20, 15 and 5 columns."""
    image = np.zeros((40, 40, 3))
    image[:, :20, 0] = image[:, 20:35, 1] = image[:, 35:] = full
    return image.astype(dtype)


def test_results_cannot_be_changed():
    q = quantize(GRAY, 3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        q.labels = None


def test_the_table_of_a_gray_image():
    table = quantize(GRAY, 3).features
    assert table.columns.tolist() == ["index", "color", "center", "pixels", "share"]
    assert table["index"].tolist() == [1, 2, 3]
    assert table["center"].tolist() == [10.0, 100.0, 250.0]
    assert table["pixels"].tolist() == [4, 1, 3]
    assert table["share"].tolist() == [0.5, 0.125, 0.375]
    # Gray from the least to the greatest value: 0, 90/240 and 1.
    assert table["color"].tolist() == ["#000000", "#606060", "#ffffff"]


@pytest.mark.parametrize(
    ("dtype", "full"), [("u1", 255), ("u2", 65_535), ("f4", 1), ("f8", 1), ("?", 1)]
)
def test_the_table_of_a_color_image(dtype, full):
    q = quantize(color_image(dtype, full), 3)
    table = q.features
    assert table.columns.tolist() == [
        "index",
        "color",
        "center_red",
        "center_green",
        "center_blue",
        "pixels",
        "share",
    ]
    assert table["color"].tolist() == ["#ff0000", "#00ff00", "#ffffff"]
    assert table["center_red"].tolist() == [full, 0, full]
    assert table["pixels"].tolist() == [800, 600, 200]
    np.testing.assert_array_equal(q.colors, [[1, 0, 0], [0, 1, 0], [1, 1, 1]])


def test_the_table_of_several_channels():
    image = np.stack([GRAY, GRAY // 2])
    table = quantize(image, 3, channel_axis=0).features
    assert table.columns.tolist()[2:4] == ["center_0", "center_1"]
    assert table["center_1"].tolist() == [5.0, 50.0, 125.0]


def test_the_table_of_points():
    c = kmeans([[0.0, 1.0], [0.0, 3.0], [9.0, 9.0]], 2)
    table = c.features
    assert table.columns.tolist() == [
        "index",
        "color",
        "center_0",
        "center_1",
        "points",
        "share",
    ]
    assert table["center_1"].tolist() == [2.0, 9.0]
    assert table["points"].tolist() == [2, 1]
    assert len(set(table["color"])) == 2


@given(st.integers(1, 300))
def test_shares_add_up_to_one(k):
    shares = kmeans(np.arange(400.0)[:, np.newaxis], k, attempts=1).shares
    assert shares.sum() == pytest.approx(1)
    assert (shares > 0).all()


@pytest.mark.parametrize("dtype", ["?", "u1", "i2", "u2", "i8", "u8", "f4", "f8"])
@pytest.mark.parametrize("rgb", [False, True])
def test_colors_are_between_0_and_1(dtype, rgb):
    rng = np.random.default_rng(0)
    image = (300 * rng.normal(size=(40, 40, 3))).clip(0).astype(dtype)
    colors = quantize(image, 2, rgb=rgb).colors
    assert colors.shape == (2, 3)
    assert colors.min() >= 0
    assert colors.max() <= 1


def test_a_constant_image_has_a_color():
    q = quantize(np.full((3, 4), 7, np.uint8), 1)
    assert q.colors.tolist() == [[0, 0, 0]]
    assert q.value_range == (7, 7)


def test_unique_colors_are_counted_as_they_are_painted():
    # Two centers less than one half apart are one color of an 8-bit image.
    image = np.array([[1] * 9 + [2] * 1, [0] * 1 + [1] * 9], np.uint8)
    q = quantize(image, 3)
    assert (q.n_colors, q.n_colors_quantized) == (3, 3)
    near = quantize(np.array([[1.0, 1.1, 9.0]]), 3)
    assert near.n_colors_quantized == 3
    values = near.palette.quantizer.values.astype(np.uint8)
    quantizer = dataclasses.replace(near.palette.quantizer, values=values)
    palette = dataclasses.replace(near.palette, quantizer=quantizer)
    assert dataclasses.replace(near, palette=palette).n_colors_quantized == 2


@given(
    hnp.arrays(
        np.uint8,
        hnp.array_shapes(min_dims=2, max_dims=4, max_side=6),
        elements=st.integers(0, 4),
    )
)
def test_centroids_are_mean_positions(labels):
    found = centroids(labels, 4)
    assert found.shape == (4, labels.ndim)
    for label in range(1, 5):
        positions = np.argwhere(labels == label)
        if len(positions):
            np.testing.assert_allclose(found[label - 1], positions.mean(axis=0))
        else:
            assert np.isnan(found[label - 1]).all()


def test_positions_are_those_of_the_clusters():
    q = quantize(GRAY, 3)
    np.testing.assert_allclose(q.positions, [[0.5, 0.5], [1, 3], [1 / 3, 7 / 3]])


INTEGERS = [f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)]


@given(st.sampled_from(INTEGERS), st.floats(-1e20, 1e20))
def test_integers_are_rounded_to_the_nearest_there_is(dtype, value):
    (found,) = to_dtype(np.array([value]), np.dtype(dtype)).tolist()
    info = np.iinfo(dtype)
    nearest = min(max(round(value), int(info.min)), int(info.max))
    # The greatest 64-bit integers are not floats.
    assert abs(found - nearest) <= (2**11 if abs(nearest) > 2**53 else 0)


@given(st.sampled_from(["f2", "f4", "f8", ">f4"]), st.floats(-6e4, 6e4))
def test_floats_are_those_of_the_dtype(dtype, value):
    found = to_dtype(np.array([value]), np.dtype(dtype))
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, np.array([value]).astype(dtype))


def test_booleans_are_what_is_more():
    centers = np.array([0.0, 0.49, 0.5, 1.0])
    assert to_dtype(centers, np.dtype(bool)).tolist() == [False, False, True, True]


def test_results_compare_by_identity_and_show_no_settings():
    a, b = quantize(GRAY, 2), quantize(GRAY, 2)
    assert len({a, b, a}) == 2
    assert a != b
    assert "versions" not in repr(a)


@pytest.mark.parametrize(
    ("source", "begins"),
    [
        *((odd, "source=") for odd in (None, 5, 2.5, b"x", (), {"name": 1}, object())),
        (["a", "b", 3], "source="),
        (["a", "b"], "source of 2 layers should have one for each channel, 0, 1, 2."),
        (Points(np.zeros((2, 2))), "source="),
    ],
)
def test_layers_are_of_a_layer_or_a_name(source, begins):
    image = np.arange(60.0).reshape(3, 4, 5)
    for q in (
        quantize(image, 2, channel_axis=0),
        quantize_planes(image[:, np.newaxis], 2, axes=1, channel_axis=0),
    ):
        with pytest.raises((TypeError, ValueError), match=f"^{re.escape(begins)}"):
            to_layers(q, source)


def test_layers_of_color_are_of_one_source():
    q = quantize(np.zeros((3, 4, 3), np.uint8), 1, rgb=True)
    with pytest.raises(ValueError, match=r"^source=.* should be one layer or name"):
        to_layers(q, ["a", "b", "c"])


@pytest.mark.parametrize("roles", ["labels", 5, None, ["label"], {"labels", "foo"}])
@pytest.mark.parametrize(
    "result", [quantize(np.eye(3), 2), kmeans(np.eye(3), 2)], ids=["image", "points"]
)
def test_roles_are_some_of_three(result, roles):
    with pytest.raises(ValueError, match=r"^roles=.* should be some of 'quantized', "):
        to_layers(result, "name", roles)
    assert to_layers(result, "name", ()) == []


def test_points_are_not_of_an_image():
    with pytest.raises(TypeError, match=r"^source=.* should be a Points layer"):
        to_layers(kmeans(np.eye(3), 2), Image(np.eye(3)))


def test_results_say_what_they_are_in_a_line():
    image = np.array([[1, 2], [8, 9]], np.uint8)
    q = quantize(image, 2, mask=image < 9)
    assert repr(q) == f"QuantizedImage({q.quantized.shape[0]} x 2 uint8, " + (
        f"compactness 0.5, 1 pixels left out, {q.palette!r})"
    )
    assert q.palette._repr_html_() in q._repr_html_()
    c = kmeans([[0, 0], [0, 1], [9, 9]], 2)
    assert repr(c) == (
        "ClusteredPoints(3 points of 2 features in 2 clusters: 66.7 %, 33.3 %)"
    )
    assert "<table" in c._repr_html_()
    planes = quantize_planes(np.stack([image, image]), 2, rgb=False)
    assert repr(planes) == (
        "QuantizedPlanes(2 planes of 2 x 2 x 2 uint8, 2 clusters: 50.0 %, 50.0 %)"
    )
    assert "<table" in planes._repr_html_()
    many = kmeans(np.eye(40), 40)
    assert repr(many).endswith("2.5 %, ...)")
    for result in (q, c, planes, many):
        assert "\n" not in repr(result)


def test_what_is_no_result_is_refused():
    with pytest.raises(TypeError, match="result=5 should be what quantize"):
        to_layers(5, "name")
