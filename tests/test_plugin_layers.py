"""Results as layers: the tuples, and what an update in a viewer keeps."""

import numpy as np
import pytest
import skimage.data
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer, Points

from napari_kmeans import kmeans, quantize
from napari_kmeans.plugin.layers import is_result, show


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def photo(viewer):
    layer = viewer.add_image(
        skimage.data.coffee()[::8, ::8],
        name="photo",
        scale=(2, 3),
        translate=(5, 7),
        rotate=20,
        shear=[0.5],
        affine=[[1, 0, 3], [0, 2, 4], [0, 0, 1]],
        units=("um", "um"),
        axis_labels=("y", "x"),
    )
    viewer.layers.selection.active = layer
    return layer


def gray(viewer, **attributes):
    return viewer.add_image(skimage.data.camera()[::8, ::8], name="gray", **attributes)


@pytest.mark.parametrize("source", ["photo", None])
def test_to_layers_makes_layers_by_the_script_road(viewer, photo, source):
    for layer in quantize(photo.data, 3).to_layers(source or photo):
        viewer.add_layer(Layer.create(*layer))
    names = [(layer.name, type(layer)) for layer in viewer.layers[1:]]
    assert names == [
        ("photo quantized", Image),
        ("photo labels", Labels),
        ("photo centers", Points),
    ]


def test_layers_lie_where_their_source_lies(viewer, photo):
    corners = np.array([[0, 0], [10, 0], [0, 10], [10, 10]], float)
    for layer in show(viewer, quantize(photo.data, 3).to_layers(photo)):
        for corner in corners:
            np.testing.assert_allclose(
                layer.data_to_world(corner), photo.data_to_world(corner)
            )
        assert layer.units == photo.units
        assert layer.axis_labels == photo.axis_labels


def test_labels_have_the_colors_of_the_quantized_image(viewer, photo):
    quantized, labels, _ = show(viewer, quantize(photo.data, 4).to_layers(photo))
    for label in range(1, 5):
        color = quantized.data[labels.data == label][0] / 255
        np.testing.assert_allclose(labels.get_color(label)[:3], color, atol=0.5 / 255)
    assert labels.data.dtype == np.uint8


def test_gray_labels_have_the_colors_of_the_source_colormap(viewer):
    layer = gray(viewer, colormap="viridis", contrast_limits=(20, 180), gamma=0.7)
    q = quantize(layer.data, 4)
    quantized, labels, centers = show(viewer, q.to_layers(layer))
    shown = np.clip((q.centers[:, 0] - 20) / 160, 0, 1) ** 0.7
    expected = layer.colormap.map(shown)
    for label in range(1, 5):
        np.testing.assert_allclose(labels.get_color(label), expected[label - 1])
    np.testing.assert_allclose(centers.face_color, expected, atol=1e-6)
    assert quantized.colormap.name == "viridis"
    assert quantized.contrast_limits == [20, 180]
    assert quantized.gamma == 0.7
    assert quantized.data.dtype == layer.data.dtype


def test_centers_are_the_mean_positions_of_the_clusters(viewer, photo):
    _, labels, centers = show(viewer, quantize(photo.data, 4).to_layers(photo))
    for label in range(1, 5):
        expected = np.argwhere(labels.data == label).mean(axis=0)
        np.testing.assert_allclose(centers.data[label - 1], expected)


def test_features_table(viewer, photo):
    q = quantize(photo.data, 4)
    _, labels, centers = show(viewer, q.to_layers(photo))
    table = labels.features
    assert list(table["index"]) == [1, 2, 3, 4]
    assert list(table["pixels"]) == list(q.counts)
    assert table["share"].sum() == pytest.approx(1)
    assert list(table["color"]) == [
        "#{:02x}{:02x}{:02x}".format(*color) for color in q.palette
    ]
    assert table["center_green"].tolist() == q.centers[:, 1].tolist()
    assert centers.features.equals(table)


def test_metadata_say_what_made_the_layers(viewer, photo):
    for layer in show(viewer, quantize(photo.data, 4, seed=7).to_layers(photo)):
        record = layer.metadata["napari-kmeans"]
        assert record["seed"] == 7
        assert record["k"] == 4
        assert record["source"] == "photo"
        assert set(record["versions"]) >= {"napari-kmeans", "opencv", "numpy"}
        assert is_result(layer)
    assert not is_result(photo)


@pytest.mark.parametrize("k", [2, 3, 9])
def test_again_updates_in_place_and_keeps_what_the_user_set(viewer, photo, k):
    first = show(viewer, quantize(photo.data, 3).to_layers(photo))
    quantized, labels, centers = first
    quantized.opacity, labels.contour, centers.visible = 0.5, 2, False
    labels.blending = "additive"
    centers.size = 3
    quantized.name = "my own name"
    q = quantize(photo.data, k)
    assert show(viewer, q.to_layers(photo)) == first
    assert len(viewer.layers) == 4
    np.testing.assert_array_equal(quantized.data, q.quantized)
    np.testing.assert_array_equal(labels.data, q.labels)
    np.testing.assert_array_equal(centers.data, q.positions)
    assert (quantized.opacity, labels.contour, centers.visible) == (0.5, 2, False)
    assert labels.blending == "additive"
    assert (centers.size == 3).all()
    assert quantized.name == "my own name"
    assert len(labels.features) == len(centers.features) == k
    np.testing.assert_allclose(labels.get_color(k)[:3], q.colors[k - 1])
    np.testing.assert_allclose(centers.face_color[:, :3], q.colors, atol=1e-6)
    assert labels.metadata["napari-kmeans"]["k"] == k


def test_gray_look_is_kept(viewer):
    layer = gray(viewer)
    quantized, *_ = show(viewer, quantize(layer.data, 3).to_layers(layer))
    quantized.colormap, quantized.contrast_limits = "magma", (10, 20)
    show(viewer, quantize(layer.data, 4).to_layers(layer))
    assert quantized.colormap.name == "magma"
    assert quantized.contrast_limits == [10, 20]


def test_an_update_follows_a_source_that_was_renamed(viewer, photo):
    first = show(viewer, quantize(photo.data, 3).to_layers(photo))
    photo.name = "renamed"
    assert show(viewer, quantize(photo.data, 4).to_layers(photo)) == first
    assert show(viewer, quantize(photo.data, 5).to_layers(photo)) == first


def test_an_update_follows_a_source_that_was_moved(viewer, photo):
    shown = show(viewer, quantize(photo.data, 3).to_layers(photo))
    photo.scale = (4, 4)
    photo.affine = np.eye(3)
    show(viewer, quantize(photo.data, 3).to_layers(photo))
    for layer in shown:
        np.testing.assert_allclose(layer.scale, (4, 4))
        np.testing.assert_allclose(
            layer.data_to_world((3, 4)), photo.data_to_world((3, 4))
        )


@pytest.mark.parametrize("kind", ["image", "labels", "points"])
@pytest.mark.parametrize("name", ["photo quantized", "photo labels", "photo centers"])
def test_a_layer_of_that_name_that_is_not_ours_is_left_alone(viewer, photo, kind, name):
    data = np.arange(12).reshape(6, 2)
    theirs = viewer.add_layer(Layer.create(data.copy(), {"name": name}, kind))
    shown = show(viewer, quantize(photo.data, 3).to_layers(photo))
    assert theirs not in shown
    assert theirs.name == name
    np.testing.assert_array_equal(theirs.data, data)
    again = show(viewer, quantize(photo.data, 4).to_layers(photo))
    assert again == shown
    assert len(viewer.layers) == 5


def test_the_source_stays_active(viewer, photo):
    show(viewer, quantize(photo.data, 3).to_layers(photo))
    assert viewer.layers.selection.active is photo


def test_another_shape_of_image_under_the_same_name(viewer, photo):
    first = show(viewer, quantize(photo.data, 3).to_layers(photo))
    viewer.layers.remove(photo)
    stack = viewer.add_image(np.zeros((4, 6, 8), np.uint8), name="photo")
    stack.data[2:] = 9
    second = show(viewer, quantize(stack.data, 2).to_layers(stack))
    assert not set(first) & set(second)
    assert second[2].ndim == 3


@pytest.mark.parametrize("ndim", [2, 3])
def test_points(viewer, ndim):
    data = np.random.default_rng(0).normal(size=(60, ndim))
    source = viewer.add_points(
        data, name="blobs", size=0.2, symbol="square", scale=[2] * ndim
    )
    c = kmeans(data, 4)
    points, centers = show(viewer, c.to_layers(source))
    assert list(points.features["cluster"]) == list(c.labels + 1)
    np.testing.assert_array_equal(points.data, data)
    np.testing.assert_array_equal(points.size, source.size)
    assert (points.symbol == source.symbol).all()
    same = points.face_color[c.labels == 2]
    assert (same == same[0]).all()
    assert len(np.unique(points.face_color, axis=0)) == 4
    np.testing.assert_array_equal(centers.data, c.centers)
    assert (centers.face_color == [1, 0, 0, 1]).all()
    assert list(centers.scale) == [2] * ndim
    again = kmeans(data, 6)
    assert show(viewer, again.to_layers(source)) == [points, centers]
    np.testing.assert_array_equal(centers.data, again.centers)
    assert (centers.size == centers.size[0]).all()
    assert (centers.face_color == [1, 0, 0, 1]).all()
    assert set(points.features["cluster"]) == set(range(1, 7))


def test_points_left_out_are_gray_and_in_no_cluster(viewer):
    data = np.array([[0, 0], [0, 1], [9, 9], [np.nan, 0]])
    points, _ = kmeans(data, 2).to_layers("blobs")
    assert points[1]["features"]["cluster"].tolist() == [1, 1, 2, 0]
    np.testing.assert_allclose(points[1]["face_color"][3], [0.5, 0.5, 0.5, 1])


@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_layers_of_an_image_with_a_channel_axis(viewer, axis):
    image = np.random.default_rng(0).integers(0, 255, (3, 40, 50), np.uint8)
    order = [1, 2]
    order.insert(axis, 0)
    angle = np.deg2rad(30)
    rotate = np.eye(3)
    plane = [i for i in range(3) if i != axis]
    rotate[np.ix_(plane, plane)] = [
        [np.cos(angle), -np.sin(angle)],
        [np.sin(angle), np.cos(angle)],
    ]
    source = viewer.add_image(
        image.transpose(order),
        name="channels",
        rgb=False,
        scale=[2 + i for i in range(3)],
        translate=[5, 6, 7],
        rotate=rotate,
    )
    q = quantize(source.data, 3, channel_axis=axis)
    quantized, labels, centers = show(viewer, q.to_layers(source))
    assert quantized.data.shape == source.data.shape
    np.testing.assert_allclose(quantized.scale, source.scale)
    position = np.array([3.0, 4.0])
    expected = np.delete(source.data_to_world(np.insert(position, axis, 0)), axis)
    for layer in (labels, centers):
        np.testing.assert_allclose(layer.data_to_world(position), expected)


def test_results_of_a_renamed_source_are_not_taken_for_a_new_layer_of_its_name(
    viewer, photo
):
    first = show(viewer, quantize(photo.data, 3).to_layers(photo))
    labels = first[1].data.copy()
    photo.name = "renamed"
    other = viewer.add_image(photo.data[::-1].copy(), name="photo")
    second = show(viewer, quantize(other.data, 4).to_layers(other))
    assert not set(first) & set(second)
    np.testing.assert_array_equal(first[1].data, labels)


def test_results_of_mere_names_are_told_apart_by_them(viewer, photo):
    a = show(viewer, quantize(photo.data, 3).to_layers("a"))
    b = show(viewer, quantize(photo.data, 4).to_layers("b"))
    assert not set(a) & set(b)
    assert show(viewer, quantize(photo.data, 5).to_layers("a")) == a


def test_labels_longer_than_a_texture_are_shown_in_levels(viewer):
    image = np.zeros((16_400, 40), np.uint8)
    image[8000:] = 9
    layer = viewer.add_image(image, name="strip")
    _, labels, _ = show(viewer, quantize(image, 2).to_layers(layer))
    assert labels.multiscale
    assert labels.data[0].shape == (16_400, 40)
    assert max(labels.data[-1].shape) <= 2048
    assert [level[-1, 0] for level in labels.data] == [2] * len(labels.data)
    np.testing.assert_array_equal(labels.data[0], 1 + (image > 0))


def test_channels_added_to_each_other_hide_their_sources():
    """Or the picture would be that of the sources and the results together."""
    data = np.random.default_rng(0).integers(0, 99, (2, 20, 30)).astype(np.uint8)
    sources = [Image(plane, blending="additive") for plane in data]
    result = quantize(data, 3, channel_axis=0)
    layers = result.to_layers(sources, ("quantized",))
    blendings = [attributes["blending"] for _, attributes, _ in layers]
    assert blendings == ["translucent_no_depth", "additive"]
    [(_, attributes, _)] = quantize(data[0], 3).to_layers(sources[0], ("quantized",))
    assert attributes["blending"] == "translucent_no_depth"
