"""Results as layers: the tuples, and what an update in a viewer keeps."""

import os
import subprocess
import sys

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import skimage.data
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer, Points
from napari.utils.colormaps import DirectLabelColormap

from napari_kmeans import kmeans, quantize, quantize_planes, to_layers
from napari_kmeans.core.palettes.colors import are_close, label_colormap
from napari_kmeans.plugin.layers import is_result, show, showing


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
    for layer in to_layers(quantize(photo.data, 3), source or photo):
        viewer.add_layer(Layer.create(*layer))
    names = [(layer.name, type(layer)) for layer in viewer.layers[1:]]
    assert names == [
        ("photo quantized", Image),
        ("photo labels", Labels),
        ("photo centers", Points),
    ]


def test_layers_lie_where_their_source_lies(viewer, photo):
    corners = np.array([[0, 0], [10, 0], [0, 10], [10, 10]], float)
    for layer in show(viewer, to_layers(quantize(photo.data, 3), photo)):
        for corner in corners:
            np.testing.assert_allclose(
                layer.data_to_world(corner), photo.data_to_world(corner)
            )
        assert layer.units == photo.units
        assert layer.axis_labels == photo.axis_labels


def test_labels_have_the_colors_of_the_quantized_image(viewer, photo):
    quantized, labels, _ = show(viewer, to_layers(quantize(photo.data, 4), photo))
    for label in range(1, 5):
        color = quantized.data[labels.data == label][0] / 255
        np.testing.assert_allclose(labels.get_color(label)[:3], color, atol=0.5 / 255)
    assert labels.data.dtype == np.uint8


def test_gray_labels_have_the_colors_of_the_source_colormap(viewer):
    layer = gray(viewer, colormap="viridis", contrast_limits=(20, 180), gamma=0.7)
    q = quantize(layer.data, 4)
    quantized, labels, centers = show(viewer, to_layers(q, layer))
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
    _, labels, centers = show(viewer, to_layers(quantize(photo.data, 4), photo))
    for label in range(1, 5):
        expected = np.argwhere(labels.data == label).mean(axis=0)
        np.testing.assert_allclose(centers.data[label - 1], expected)


def test_features_table(viewer, photo):
    q = quantize(photo.data, 4)
    _, labels, centers = show(viewer, to_layers(q, photo))
    table = labels.features
    assert list(table.index) == [0, 1, 2, 3, 4]  # napari shows this as a column
    assert "index" not in table
    assert table["color"][0] == "transparent"
    assert table["center_green"].isna().tolist() == [True] + [False] * 4
    assert list(table["pixels"]) == [0, *q.counts]
    assert table["share"].sum() == pytest.approx(1)
    rows = table[1:].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows, q.features.drop(columns="index"))
    assert centers.features["label"].tolist() == [1, 2, 3, 4]
    pd.testing.assert_frame_equal(centers.features.drop(columns="label"), rows)


def test_the_row_of_label_0_says_how_many_pixels_were_left_out(photo):
    mask = np.ones(photo.data.shape[:2], bool)
    mask[:3] = False
    q = quantize(photo.data, 3, mask=mask)
    [(_, attributes, _)] = to_layers(q, photo, ("labels",))
    pixels = attributes["features"]["pixels"]
    assert pixels.tolist() == [q.n_excluded, *q.counts]
    assert pixels.sum() == mask.size


def test_metadata_say_what_made_the_layers(viewer, photo):
    for layer in show(viewer, to_layers(quantize(photo.data, 4, seed=7), photo)):
        record = layer.metadata["napari-kmeans"]
        assert record["seed"] == 7
        assert record["k"] == 4
        assert record["source"] == "photo"
        assert set(record["versions"]) >= {"napari-kmeans", "opencv", "numpy"}
        assert is_result(layer)
    assert not is_result(photo)


@pytest.mark.parametrize("k", [2, 3, 9])
def test_again_updates_in_place_and_keeps_what_the_user_set(viewer, photo, k):
    first = show(viewer, to_layers(quantize(photo.data, 3), photo))
    quantized, labels, centers = first
    quantized.opacity, labels.contour, centers.visible = 0.5, 2, False
    labels.blending = "additive"
    centers.size = 3
    q = quantize(photo.data, k)
    assert show(viewer, to_layers(q, photo)) == first
    assert len(viewer.layers) == 4
    np.testing.assert_array_equal(quantized.data, q.quantized)
    np.testing.assert_array_equal(labels.data, q.labels)
    np.testing.assert_array_equal(centers.data, q.positions)
    assert (quantized.opacity, labels.contour, centers.visible) == (0.5, 2, False)
    assert labels.blending == "additive"
    assert (centers.size == 3).all()
    assert len(labels.features) == k + 1
    assert len(centers.features) == k
    np.testing.assert_allclose(labels.get_color(k)[:3], q.colors[k - 1])
    np.testing.assert_allclose(centers.face_color[:, :3], q.colors, atol=1e-6)
    assert labels.metadata["napari-kmeans"]["k"] == k


def test_gray_look_is_kept(viewer):
    layer = gray(viewer)
    quantized, *_ = show(viewer, to_layers(quantize(layer.data, 3), layer))
    quantized.colormap, quantized.contrast_limits = "magma", (10, 20)
    show(viewer, to_layers(quantize(layer.data, 4), layer))
    assert quantized.colormap.name == "magma"
    assert quantized.contrast_limits == [10, 20]


def test_an_update_follows_a_source_that_was_renamed(viewer, photo):
    first = show(viewer, to_layers(quantize(photo.data, 3), photo))
    photo.name = "renamed"
    assert show(viewer, to_layers(quantize(photo.data, 4), photo)) == first
    assert show(viewer, to_layers(quantize(photo.data, 5), photo)) == first


def test_an_update_follows_a_source_that_was_moved(viewer, photo):
    shown = show(viewer, to_layers(quantize(photo.data, 3), photo))
    photo.scale = (4, 4)
    photo.affine = np.eye(3)
    show(viewer, to_layers(quantize(photo.data, 3), photo))
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
    shown = show(viewer, to_layers(quantize(photo.data, 3), photo))
    assert theirs not in shown
    assert theirs.name == name
    np.testing.assert_array_equal(theirs.data, data)
    again = show(viewer, to_layers(quantize(photo.data, 4), photo))
    assert again == shown
    assert len(viewer.layers) == 5


def test_the_source_stays_active(viewer, photo):
    show(viewer, to_layers(quantize(photo.data, 3), photo))
    assert viewer.layers.selection.active is photo


def test_another_shape_of_image_under_the_same_name(viewer, photo):
    first = show(viewer, to_layers(quantize(photo.data, 3), photo))
    viewer.layers.remove(photo)
    stack = viewer.add_image(np.zeros((4, 6, 8), np.uint8), name="photo")
    stack.data[2:] = 9
    second = show(viewer, to_layers(quantize(stack.data, 2), stack))
    assert not set(first) & set(second)
    assert second[2].ndim == 3


@pytest.mark.parametrize("ndim", [2, 3])
def test_points(viewer, ndim):
    data = np.random.default_rng(0).normal(size=(60, ndim))
    source = viewer.add_points(
        data, name="blobs", size=0.2, symbol="square", scale=[2] * ndim
    )
    c = kmeans(data, 4)
    points, centers = show(viewer, to_layers(c, source))
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
    assert show(viewer, to_layers(again, source)) == [points, centers]
    np.testing.assert_array_equal(centers.data, again.centers)
    assert (centers.size == centers.size[0]).all()
    assert (centers.face_color == [1, 0, 0, 1]).all()
    assert set(points.features["cluster"]) == set(range(1, 7))


def test_points_left_out_are_gray_and_in_no_cluster(viewer):
    data = np.array([[0, 0], [0, 1], [9, 9], [np.nan, 0]])
    points, _ = to_layers(kmeans(data, 2), "blobs")
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
    quantized, labels, centers = show(viewer, to_layers(q, source))
    assert quantized.data.shape == source.data.shape
    np.testing.assert_allclose(quantized.scale, source.scale)
    position = np.array([3.0, 4.0])
    expected = np.delete(source.data_to_world(np.insert(position, axis, 0)), axis)
    for layer in (labels, centers):
        np.testing.assert_allclose(layer.data_to_world(position), expected)


def test_results_of_a_renamed_source_are_not_taken_for_a_new_layer_of_its_name(
    viewer, photo
):
    first = show(viewer, to_layers(quantize(photo.data, 3), photo))
    labels = first[1].data.copy()
    photo.name = "renamed"
    other = viewer.add_image(photo.data[::-1].copy(), name="photo")
    second = show(viewer, to_layers(quantize(other.data, 4), other))
    assert not set(first) & set(second)
    np.testing.assert_array_equal(first[1].data, labels)


def test_results_of_mere_names_are_told_apart_by_them(viewer, photo):
    a = show(viewer, to_layers(quantize(photo.data, 3), "a"))
    b = show(viewer, to_layers(quantize(photo.data, 4), "b"))
    assert not set(a) & set(b)
    assert show(viewer, to_layers(quantize(photo.data, 5), "a")) == a


def test_labels_longer_than_a_texture_are_shown_in_levels(viewer):
    image = np.zeros((16_400, 40), np.uint8)
    image[8000:] = 9
    layer = viewer.add_image(image, name="strip")
    _, labels, _ = show(viewer, to_layers(quantize(image, 2), layer))
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
    layers = to_layers(result, sources, ("quantized",))
    blendings = [attributes["blending"] for _, attributes, _ in layers]
    assert blendings == ["translucent_no_depth", "additive"]
    [(_, attributes, _)] = to_layers(quantize(data[0], 3), sources[0], ("quantized",))
    assert attributes["blending"] == "translucent_no_depth"


# -- the table in the window -----------------------------------------------------------


@pytest.fixture
def table(canvas, make_napari_viewer):
    """Return napari's table of features, in a window with a gray image."""
    viewer = make_napari_viewer()
    _, widget = viewer.window.add_plugin_dock_widget("napari", "Features table widget")
    return viewer, widget


def rows_selected(widget):
    model = widget.table.model()
    cells = widget.table.selectionModel().selectedIndexes()
    return {model.mapToSource(cell).row() for cell in cells}


@pytest.mark.parametrize("masked", [False, True])
def test_the_selected_label_and_the_row_of_naparis_table_are_one_cluster(table, masked):
    viewer, widget = table
    source = gray(viewer)
    mask = np.arange(source.data.size).reshape(source.data.shape) > 500 * masked
    q = quantize(source.data, 5, mask=mask)
    _, labels, centers = show(viewer, to_layers(q, source))
    viewer.layers.selection.active = labels
    frame = widget.table.model().sourceModel().df
    for label in range(1, 6):
        labels.selected_label = label
        [row] = rows_selected(widget)
        assert frame.index[row] == label
        assert frame.iloc[row]["center"] == q.centers[label - 1, 0]
        assert frame.iloc[row]["pixels"] == (labels.data == label).sum()
    widget.table.selectRow(2)
    assert labels.selected_label == 2
    viewer.layers.selection.active = centers
    centers.selected_data = {3}
    [row] = rows_selected(widget)
    assert widget.table.model().sourceModel().df.iloc[row]["label"] == 4


def test_the_table_saved_as_csv_has_no_column_twice(table, tmp_path, monkeypatch):
    viewer, widget = table
    source = gray(viewer)
    *shown, centers = show(viewer, to_layers(quantize(source.data, 5), source))
    for layer in (shown[1], centers):
        file = tmp_path / f"{layer.name}.csv"
        monkeypatch.setattr(
            "napari_builtins._qt.features_table.QFileDialog.getSaveFileName",
            lambda *_, file=file, **__: (str(file), "*.csv"),
        )
        viewer.layers.selection.active = layer
        widget.save.click()
        saved = pd.read_csv(file)
        assert not saved.columns.duplicated().any()
        assert not saved.T.duplicated().any()


# -- colors of labels ------------------------------------------------------------------


def test_labels_compile_nothing_before_they_are_drawn():
    """Napari would, in the window's thread, for a colormap that is a dictionary."""
    code = """
import numpy as np, napari
from numba.core import event
from napari.layers import Layer
from qtpy.QtWidgets import QApplication
from napari_kmeans import quantize, to_layers

viewer = napari.Viewer()
image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
results = [quantize(image, k, rgb=True) for k in (5, 300)]  # of 8 and 16 bits
for result in results:
    result.positions  # found in the worker
with event.install_recorder("numba:compile") as recorder:
    for result in results:
        for layer in to_layers(result, "image"):
            viewer.add_layer(Layer.create(*layer))
        labels = viewer.layers[-2]
        labels.paint((5, 5), 3)
        labels.selected_label = 4
        labels.show_selected_label = True
        QApplication.processEvents()
        viewer.screenshot(flash=False)
print(labels.data.dtype, len(recorder.buffer))
viewer.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert done.stdout.split() == ["uint16", "0"]


@pytest.mark.parametrize("k", [2, 5, 300])
def test_labels_painted_with_further_numbers_are_seen_and_differ(viewer, k):
    image = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    q = quantize(image, k, rgb=True)
    [labels] = show(viewer, to_layers(q, "image", ("labels",)))
    assert labels.colormap.map(0)[3] == 0
    given = np.array([labels.get_color(label) for label in range(1, k + 1)])
    np.testing.assert_allclose(given[:, :3], q.colors, atol=1e-6)
    assert (given[:, 3] == 1).all()
    others = np.array([labels.get_color(label) for label in range(k + 1, k + 9)])
    assert (others[:, 3] == 1).all()
    assert not are_close(others[:, :3])
    labels.selected_label = k + 1
    np.testing.assert_allclose(labels._selected_color, others[0])
    labels.show_selected_label = True
    assert labels.get_color(1)[3] == 0
    np.testing.assert_allclose(labels.get_color(k + 1), others[0])


def test_a_label_shown_alone_stays_alone_in_an_update(viewer, photo):
    _, labels, _ = show(viewer, to_layers(quantize(photo.data, 3), photo))
    labels.selected_label, labels.show_selected_label = 2, True
    q = quantize(photo.data, 4)
    show(viewer, to_layers(q, photo))
    assert labels.get_color(1)[3] == 0
    np.testing.assert_allclose(labels.get_color(2)[:3], q.colors[1], atol=1e-6)


def test_labels_can_be_shuffled(viewer, photo):
    for k in (3, 300):
        [labels] = show(viewer, to_layers(quantize(photo.data, k), str(k), ("labels",)))
        labels.new_colormap(seed=1)
        assert len({tuple(labels.get_color(label)) for label in range(1, 4)}) == 3


@pytest.mark.parametrize("last", [7, 255, 256, 65_535])
def test_colors_of_any_labels(last):
    labels, red = [2, last], [1, 0, 0, 0.5]
    layer = Labels(np.array([[0, 2, last]]), colormap=label_colormap(labels, [red] * 2))
    for label in labels:
        np.testing.assert_allclose(layer.get_color(label), red)
    assert layer.colormap.map(0)[3] == 0
    assert layer.get_color(3)[3] == 1


@pytest.mark.parametrize("other", [-1, 65_536, 2**40])
def test_labels_too_far_apart_for_a_table_have_a_dictionary(other):
    colormap = label_colormap([1, other], np.eye(2, 3))
    layer = Labels(np.array([[0, 1, other]]), colormap=colormap)
    assert isinstance(layer.colormap, DirectLabelColormap)
    np.testing.assert_allclose(layer.get_color(other), [0, 1, 0, 1])


def channels(viewer, planes, **attributes):
    """Add planes as layers, each of a color of its own."""
    colors = ("red", "green", "blue", "cyan", "magenta", "yellow")
    return [
        viewer.add_image(plane, name=f"{i}", colormap=color, blending="additive")
        for i, (plane, color) in enumerate(zip(planes, colors, strict=False))
    ]


def test_labels_of_channels_have_the_sum_of_their_colors(viewer):
    planes = np.array([[[0, 255, 0, 128]], [[0, 0, 255, 0]]], np.uint8)
    sources = channels(viewer, planes)
    q = quantize(planes, 4, channel_axis=0)
    _, _, labels, centers = show(viewer, to_layers(q, sources))
    shown = {"#000000", "#ff0000", "#00ff00", "#800000"}
    assert set(labels.features["color"][1:]) == shown
    assert "label_color" not in labels.features
    assert {tuple(labels.get_color(label)) for label in range(1, 5)} == {
        tuple(color) for color in centers.face_color
    }


@pytest.mark.parametrize(
    "planes",
    [
        # Two reds that are nearly the same.
        np.array([[[0, 200, 0, 190]], [[0, 0, 200, 0]], [[0, 0, 0, 0]]]),
        # Near white, which all three make together.
        np.array([[[0, 250, 250]], [[0, 250, 0]], [[0, 250, 0]]]),
    ],
    ids=["close", "white"],
)
def test_labels_of_channels_that_look_alike_have_separate_colors(viewer, planes):
    sources = channels(viewer, planes.astype(np.uint8))
    k = planes.shape[-1]
    q = quantize(planes.astype(np.uint8), k, channel_axis=0)
    *_, labels, centers = show(viewer, to_layers(q, sources))
    colors = np.array([labels.get_color(label) for label in range(1, k + 1)])
    assert not are_close(colors[:, :3])
    np.testing.assert_allclose(centers.face_color, colors, atol=1e-6)
    for table in (labels.features[1:], centers.features):
        told = [tuple(bytes.fromhex(color[1:])) for color in table["label_color"]]
        np.testing.assert_allclose(np.array(told) / 255, colors[:, :3], atol=0.5 / 255)
        assert "#000000" in set(table["color"])
        assert not set(table["color"]) & set(table["label_color"])
    assert set(labels.features["label_color"][:1]) == {"transparent"}


def test_labels_of_an_array_of_channels_are_told_apart_though_it_is_shown_gray(viewer):
    image = np.array([[[0, 100]], [[100, 0]]], np.uint8)
    layer = viewer.add_image(image, name="channels", rgb=False)
    q = quantize(image, 2, channel_axis=0)
    _, labels, _ = show(viewer, to_layers(q, layer))
    assert labels.features["color"][1] == labels.features["color"][2]
    colors = np.array([labels.get_color(label) for label in (1, 2)])
    assert not are_close(colors[:, :3])


def test_the_centers_of_planes_have_the_colors_of_their_labels():
    movie = np.array([[[[0, 99]], [[99, 0]]]] * 2, np.uint8)
    q = quantize_planes(movie, 2, channel_axis=1)
    _, labels, centers = (Layer.create(*layer) for layer in to_layers(q, "movie"))
    for label, color in zip(centers.features["label"], centers.face_color, strict=True):
        np.testing.assert_allclose(color, labels.get_color(label), atol=1e-6)


# -- centers ---------------------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 5, 100, 101, 2000])
def test_centers_are_as_large_at_every_zoom_and_cover_little(k):
    image = np.arange(2500, dtype=np.uint16).reshape(50, 50)
    *_, layer = to_layers(quantize(image, k, attempts=1), "image")
    centers = Layer.create(*layer)
    least, most = centers.canvas_size_limits
    assert least == most > 0
    outer = most * (1 + centers.border_width[0])
    assert k * np.pi / 4 * outer**2 < 0.1 * 600 * 600
    assert list(centers.text.string._values) == [str(i) for i in range(1, k + 1)]
    assert centers.text.visible == (k <= 100)


@pytest.mark.parametrize("k", [4, 200])
def test_a_center_can_be_seen_on_black_on_white_and_on_its_own_color(k):
    image = np.linspace(0, 255, 4 * k).astype(np.uint8).reshape(4, k)
    image = np.stack([image, image[:, ::-1], image], axis=-1)
    *_, layer = to_layers(quantize(image, k), "image")
    centers = Layer.create(*layer)
    drawn = centers.text.color._values if k <= 100 else centers.border_color
    for one, face in zip(drawn, centers.face_color, strict=True):
        assert not are_close(np.array([one[:3], face[:3]]))


def test_numbers_follow_the_clusters_and_what_the_user_hid_stays_hidden(viewer, photo):
    *_, centers = show(viewer, to_layers(quantize(photo.data, 3), photo))
    for k in (120, 5, 7):
        q = quantize(photo.data, k)
        show(viewer, to_layers(q, photo))
        assert list(centers.text.string._values) == [str(i + 1) for i in range(k)]
        assert centers.text.visible == (k <= 100)
        assert len(centers.border_color) == k
        faces = centers.face_color[:, :3]
        np.testing.assert_allclose(faces, q.colors, atol=1e-6)
    centers.text.visible = False
    show(viewer, to_layers(quantize(photo.data, 6), photo))
    assert not centers.text.visible
    centers.border_color = "yellow"
    show(viewer, to_layers(quantize(photo.data, 8), photo))
    assert (centers.border_color == [1, 1, 0, 1]).all()


@pytest.mark.parametrize("ndisplay", [2, 3])
def test_centers_that_are_hidden_can_become_fewer(canvas, make_napari_viewer, ndisplay):
    viewer = make_napari_viewer()
    source = viewer.add_image(skimage.data.camera()[::8, ::8], name="gray")
    viewer.dims.ndisplay = ndisplay
    *_, centers = show(viewer, to_layers(quantize(source.data, 9), source))
    centers.visible = False
    q = quantize(source.data, 3)
    show(viewer, to_layers(q, source))
    assert not centers.visible
    centers.visible = True
    np.testing.assert_array_equal(centers.data, q.positions)


# -- names -----------------------------------------------------------------------------


def test_few_channels_are_named_and_many_are_counted(viewer):
    planes = np.arange(24, dtype=np.uint8).reshape(6, 2, 2)
    sources = channels(viewer, planes)
    q = quantize(planes[:2], 2, channel_axis=0)
    assert [attributes["name"] for _, attributes, _ in to_layers(q, sources[:2])] == [
        "0, 1: 0 quantized",
        "0, 1: 1 quantized",
        "0, 1 labels",
        "0, 1 centers",
    ]
    elements = ["Fe K", "Si K", "Al K", "O K", "Mg K", "Ca K"]
    expected = [f"{element} of 6 quantized" for element in elements]
    expected += ["6 channels labels", "6 channels centers"]
    for prefix in ("", "specimen 3, area_7_"):
        for source, element in zip(sources, elements, strict=True):
            source.name = f"{prefix}{element}"
        q = quantize(planes, 2, channel_axis=0)
        layers = to_layers(q, sources)
        assert [attributes["name"] for _, attributes, _ in layers] == expected
        record = layers[-1][1]["metadata"]["napari-kmeans"]
        assert record["source"] == ", ".join(source.name for source in sources)


def test_channels_whose_names_go_on_from_one_another_keep_a_name(viewer):
    planes = np.arange(24, dtype=np.uint8).reshape(6, 2, 2)
    sources = [f"a long name for {name}" for name in ("", "a", "aa", "b b", "c", "d")]
    q = quantize(planes, 2, channel_axis=0)
    names = [attributes["name"] for _, attributes, _ in to_layers(q, sources)]
    assert len(set(names)) == 8
    assert names[1] == "a of 6 quantized"


def test_results_of_as_many_other_channels_are_others(viewer):
    planes = np.arange(24, dtype=np.uint8).reshape(6, 2, 2)
    sources = channels(viewer, planes)
    for source in sources:
        source.name = f"a channel with the name {source.name}"
    q = quantize(planes[:3], 2, channel_axis=0)
    first = show(viewer, to_layers(q, sources[:3]))
    second = show(viewer, to_layers(q, sources[3:]))
    assert not set(first) & set(second)
    assert show(viewer, to_layers(q, sources[:3])) == first


# -- color along any axis --------------------------------------------------------------


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_color_along_any_axis_is_shown_in_color(viewer, photo, axis, lazy):
    image = np.moveaxis(photo.data, -1, axis)
    image = da.from_array(image, chunks=20) if lazy else np.ascontiguousarray(image)
    scale, translate = [5, 6, 7], [1, 2, 3]
    source = viewer.add_image(
        image, name="planar", rgb=False, scale=scale, translate=translate
    )
    q = quantize(image, 3, rgb=True, channel_axis=axis)
    layers = show(viewer, to_layers(q, source))
    assert [layer.name for layer in layers] == [
        "planar quantized",
        "planar labels",
        "planar centers",
    ]
    quantized, labels, _ = layers
    assert quantized.rgb
    assert quantized.data.shape == photo.data.shape
    expected = quantize(photo.data, 3)
    np.testing.assert_array_equal(quantized.data, expected.quantized)
    np.testing.assert_array_equal(labels.data, expected.labels)
    for layer in layers:
        assert layer.scale.tolist() == np.delete(scale, axis).tolist()
        assert layer.translate.tolist() == np.delete(translate, axis).tolist()
    assert show(viewer, to_layers(q, source)) == layers


def test_layers_that_are_red_green_and_blue_have_one_result_in_color(viewer, photo):
    planes = np.ascontiguousarray(np.moveaxis(photo.data, -1, 0))
    sources = channels(viewer, planes)
    q = quantize(planes, 3, rgb=True, channel_axis=0)
    quantized, labels, _ = show(viewer, to_layers(q, sources))
    assert quantized.rgb
    np.testing.assert_array_equal(quantized.data, quantize(photo.data, 3).quantized)
    assert quantized.name == "0, 1, 2 quantized"
    np.testing.assert_allclose(labels.get_color(3)[:3], q.colors[2], atol=1e-6)


# -- what is the user's ----------------------------------------------------------------


def rename(layers):
    layers[1].name = "nuclei"


def paint(layers):
    layers[1].paint((4, 4), 3)


def fill(layers):
    layers[1].fill((4, 4), 9)


def edit_in_a_script(layers):
    layers[1].data[2, 2] = 7


def new_data(layers):
    layers[1].data = layers[1].data + 1


def move_a_center(layers):
    layers[2].data = layers[2].data + 1


def delete_all_centers(layers):
    layers[2].data = np.zeros((0, 2))


def delete_a_center(layers):
    layers[2].selected_data = {0}
    layers[2].remove_selected()


USES = (
    rename,
    paint,
    fill,
    edit_in_a_script,
    new_data,
    move_a_center,
    delete_a_center,
    delete_all_centers,
)


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
def test_a_result_that_was_used_is_left_alone_and_the_next_lies_beside_it(
    viewer, photo, use
):
    first = show(viewer, to_layers(quantize(photo.data, 3), photo))
    use(first)
    kept = [(layer.name, np.array(layer.data)) for layer in first]
    q = quantize(photo.data, 4)
    second = show(viewer, to_layers(q, photo))
    assert not set(first) & set(second)
    np.testing.assert_array_equal(second[1].data, q.labels)
    for layer, (name, data) in zip(first, kept, strict=True):
        assert layer.name == name
        np.testing.assert_array_equal(layer.data, data)
    # The new result is this plugin's again, though napari counts its names.
    assert show(viewer, to_layers(quantize(photo.data, 5), photo)) == second
    assert len(viewer.layers) == 7


def test_what_was_painted_and_undone_is_not_the_users(viewer, photo):
    first = show(viewer, to_layers(quantize(photo.data, 3), photo))
    first[1].paint((4, 4), 3)
    first[1].undo()
    assert show(viewer, to_layers(quantize(photo.data, 4), photo)) == first


def test_a_look_does_not_make_a_result_the_users(viewer, photo):
    first = show(viewer, to_layers(quantize(photo.data, 3), photo))
    first[0].opacity, first[1].contour, first[2].size = 0.3, 1, 4
    first[1].selected_label, first[1].visible = 2, False
    viewer.layers.move(1, 3)
    assert show(viewer, to_layers(quantize(photo.data, 4), photo)) == first


def test_a_copy_is_the_users_and_does_not_count(viewer, photo):
    first = show(viewer, to_layers(quantize(photo.data, 3), photo))
    data, attributes, kind = first[1].as_layer_data_tuple()
    copy = viewer.add_layer(
        Layer.create(data.copy(), {**attributes, "name": "photo labels copy"}, kind)
    )
    copied = copy.data.copy()
    assert show(viewer, to_layers(quantize(photo.data, 5), photo)) == first
    np.testing.assert_array_equal(copy.data, copied)


def test_layers_that_a_script_added_are_updated_unless_renamed(viewer, photo):
    q = quantize(photo.data, 3)
    added = [viewer.add_layer(Layer.create(*layer)) for layer in to_layers(q, photo)]
    assert show(viewer, to_layers(quantize(photo.data, 4), photo)) == added
    again = [viewer.add_layer(Layer.create(*layer)) for layer in to_layers(q, "again")]
    again[1].name = "mine"
    assert not set(show(viewer, to_layers(q, "again"))) & set(again)
    # Of one source, a result that was shown and renamed, and one that a script added.
    shown = show(viewer, to_layers(q, "both"))
    shown[0].name = "theirs"
    script = [viewer.add_layer(Layer.create(*layer)) for layer in to_layers(q, "both")]
    assert show(viewer, to_layers(q, "both")) == script


def test_a_layer_that_was_deleted_comes_back_beside_the_others(viewer, photo):
    first = show(viewer, to_layers(quantize(photo.data, 3), photo))
    viewer.layers.remove(first[1])
    second = show(viewer, to_layers(quantize(photo.data, 4), photo))
    assert [second[0], second[2]] == [first[0], first[2]]
    assert second[1].name == "photo labels"


def test_lazy_labels_are_not_computed_to_see_whose_they_are(viewer, photo):
    def fail(block):
        raise AssertionError(block.shape)

    image = da.from_array(photo.data, chunks=20)
    q = quantize(image, 3)
    [labels] = show(viewer, to_layers(q, "lazy", ("labels",)))
    labels.visible = False
    labels.data = da.map_blocks(
        fail,
        labels.data,
        dtype=labels.data.dtype,
        meta=np.empty((0, 0), labels.data.dtype),
    )
    assert show(viewer, to_layers(q, "lazy", ("labels",))) == [labels]


# -- colors that the user gave ---------------------------------------------------------

PINK = (1.0, 0.4, 0.7, 1.0)


def recolor(labels, label, color=PINK):
    colors = {i: labels.get_color(i) for i in range(1, len(labels.features))}
    clear = [0, 0, 0, 0]
    colors = {None: clear, 0: clear, **colors, label: color}
    labels.colormap = DirectLabelColormap(color_dict=colors)


def test_a_color_given_to_a_label_stays_with_its_cluster(viewer):
    image = np.repeat([[10, 100, 200]], 5, axis=0).astype(np.uint8)
    _, labels, centers = show(viewer, to_layers(quantize(image, 3), "image"))
    recolor(labels, 2)
    for level, label in ((50, 3), (150, 2), (250, 2)):
        # The cluster at 100 is still there, under another number or the same.
        other = np.append(image, np.full((5, 1), level), axis=1).astype(np.uint8)
        q = quantize(other, 4)
        show(viewer, to_layers(q, "image"))
        assert q.centers[label - 1] == [100]
        np.testing.assert_allclose(labels.get_color(label), PINK, atol=1e-6)
        np.testing.assert_allclose(centers.face_color[label - 1], PINK, atol=1e-6)
        for i in set(range(1, 5)) - {label}:
            color = labels.get_color(i)[:3]
            np.testing.assert_allclose(color, q.colors[i - 1], atol=1e-6)


def test_a_color_given_to_a_label_goes_with_its_cluster(viewer):
    image = np.repeat([[10, 100, 200]], 5, axis=0).astype(np.uint8)
    _, labels, _ = show(viewer, to_layers(quantize(image, 3), "image"))
    recolor(labels, 2)
    q = quantize(image[:, ::2].copy(), 2)
    show(viewer, to_layers(q, "image"))
    for label in (1, 2):
        color = labels.get_color(label)[:3]
        np.testing.assert_allclose(color, q.colors[label - 1], atol=1e-6)


def test_colors_that_were_shuffled_stay(viewer, photo):
    q = quantize(photo.data, 4)
    _, labels, _ = show(viewer, to_layers(q, photo))
    labels.new_colormap(seed=3)
    shuffled = [labels.get_color(label) for label in range(1, 5)]
    show(viewer, to_layers(q, photo))
    now = [labels.get_color(label) for label in range(1, 5)]
    np.testing.assert_allclose(now, shuffled, atol=1e-6)


# -- one at a time ---------------------------------------------------------------------


def test_layers_are_shown_one_at_a_time(viewer, photo):
    """In between, the window answers, and draws one layer, not all."""
    steps = showing(viewer, to_layers(quantize(photo.data, 3), photo))
    seen = [(len(viewer.layers), viewer.layers[-1].visible) for _ in steps]
    assert seen == [(2, False), (2, True), (3, False), (3, True), (4, False), (4, True)]
    steps = showing(viewer, to_layers(quantize(photo.data, 4), photo))
    assert [len(viewer.layers) for _ in steps] == [4, 4, 4]


def test_no_layer_stays_hidden_where_the_steps_end_early(viewer, photo):
    steps = showing(viewer, to_layers(quantize(photo.data, 3), photo))
    next(steps)
    steps.close()
    assert [layer.visible for layer in viewer.layers] == [True, True]


def test_what_the_user_does_in_between_stays(viewer, photo):
    first = show(viewer, to_layers(quantize(photo.data, 3), photo))
    steps = showing(viewer, to_layers(quantize(photo.data, 4), photo))
    next(steps)
    viewer.layers.remove(first[2])
    viewer.layers.selection.active = first[0]
    for _ in steps:
        pass
    assert viewer.layers.selection.active is first[0]
    assert [layer.name for layer in viewer.layers[1:]] == [
        "photo quantized",
        "photo labels",
        "photo centers",
    ]
