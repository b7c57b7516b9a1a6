"""The dock in the real viewer, opened from the menus and by a script."""

import math
import threading
import time

import dask.array as da
import numpy as np
import pytest
import skimage.data
from napari.layers import Image, Labels, Points
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from dock import by_script, click, names, run, select, tick, type_into, wait
from napari_kmeans import kmeans, quantize, quantize_planes, sample_data
from napari_kmeans.core.cluster import opencv
from napari_kmeans.core.run.progress import step
from napari_kmeans.plugin.widget import KMeansWidget


@pytest.fixture
def listening(monkeypatch):
    """What a run waits for in its search, so that no signal is missed before."""
    search, event = opencv.search, threading.Event()

    def held(*args, **kwargs):
        event.wait()
        return search(*args, **kwargs)

    monkeypatch.setattr(opencv, "search", held)
    return event


def test_photo_by_every_road(viewer, road, qtbot):
    photo = skimage.data.coffee()
    viewer.add_image(photo, name="photo")
    widget = road(viewer)
    assert isinstance(widget, KMeansWidget)
    widget.k.value = 3
    run(widget, qtbot)
    assert names(viewer)[1:] == ["photo quantized", "photo labels", "photo centers"]
    expected = quantize(photo, 3)
    _, quantized, labels, centers = viewer.layers
    np.testing.assert_array_equal(quantized.data, expected.quantized)
    np.testing.assert_array_equal(labels.data, expected.labels)
    np.testing.assert_array_equal(centers.data, expected.positions)
    assert viewer.layers.selection.active.name == "photo"
    assert f"{expected.n_colors:,} → 3 unique colors" in widget.message.value
    assert f"Compactness {expected.compactness:.6g}" in widget.message.value


def test_follows_the_active_layer_by_every_road(viewer, road, qtbot):
    first = viewer.add_image(np.zeros((40, 50)), name="first")
    widget = road(viewer)
    assert widget.layer.value == first
    second = viewer.add_image(np.ones((40, 50)), name="second")
    assert widget.layer.value == second
    viewer.layers.selection.active = first
    assert widget.layer.value == first
    labels = viewer.add_labels(np.zeros((40, 50), int))
    assert viewer.layers.selection.active is labels
    assert widget.layer.value == first
    viewer.layers.remove(first)
    assert widget.layer.value == second
    second.name = "renamed"
    assert widget.layer.value == second


def test_gray_and_again_with_another_k(viewer, qtbot):
    viewer.add_image(skimage.data.camera(), name="camera", colormap="viridis")
    widget = by_script(viewer)
    run(widget, qtbot)
    before = list(viewer.layers)
    viewer.layers["camera labels"].opacity = 0.3
    widget.k.value = 8
    run(widget, qtbot)
    assert list(viewer.layers) == before
    assert viewer.layers["camera labels"].data.max() == 8
    assert viewer.layers["camera labels"].opacity == 0.3
    assert len(viewer.layers["camera centers"].data) == 8


def test_stack_of_16_bits(viewer, qtbot):
    rng = np.random.default_rng(0)
    stack = rng.integers(0, 60_000, (5, 60, 70), np.uint16)
    viewer.add_image(stack, name="stack", scale=(3, 1, 1))
    widget = by_script(viewer)
    assert widget.epsilon.value == pytest.approx(np.ptp(stack) / 255, rel=1e-3)
    run(widget, qtbot)
    roles = ["stack quantized", "stack labels", "stack centers"]
    assert names(viewer) == ["stack", *roles]
    quantized, labels, centers = viewer.layers[1:]
    assert quantized.data.dtype == np.uint16
    assert labels.data.dtype == np.uint8
    expected = quantize(stack, 5)
    np.testing.assert_array_equal(labels.data, expected.labels)
    np.testing.assert_array_equal(quantized.data, expected.quantized)
    assert list(labels.scale) == list(centers.scale) == [3, 1, 1]
    np.testing.assert_array_equal(centers.data, expected.positions)


def test_blobs(viewer, qtbot):
    [(data, attributes, _)] = sample_data.blobs()
    source = viewer.add_points(data, **attributes)
    widget = by_script(viewer)
    assert widget.layer.value == source
    assert not widget.add_quantized.enabled
    assert "Labels layer" not in widget.init.choices
    run(widget, qtbot)
    expected = kmeans(source.data, 5)
    points, centers = viewer.layers[1:]
    assert list(points.features["cluster"]) == list(expected.labels + 1)
    np.testing.assert_array_equal(centers.data, expected.centers)
    assert isinstance(points, Points)
    assert viewer.layers.selection.active is source


def test_multiscale_and_lazy_layers_have_results_of_their_kind(viewer, qtbot):
    image = skimage.data.camera()
    levels = [da.from_array(image, chunks=200), da.from_array(image[::2, ::2])]
    viewer.add_image(levels, multiscale=True, name="levels")
    widget = by_script(viewer)
    run(widget, qtbot)
    expected = quantize(image, 5)
    quantized, labels, centers = viewer.layers[1:]
    for layer, array in ((labels, expected.labels), (quantized, expected.quantized)):
        assert layer.multiscale
        assert all(isinstance(level, da.Array) for level in layer.data)
        assert [level.shape for level in layer.data] == [(512, 512), (256, 256)]
        np.testing.assert_array_equal(layer.data[0], array)
        np.testing.assert_array_equal(layer.data[1], array[::2, ::2])
    np.testing.assert_array_equal(centers.data, expected.positions)
    # And once more in place.
    widget.k.value = 3
    run(widget, qtbot)
    assert len(viewer.layers) == 4
    assert viewer.layers["levels labels"].data[0].max().compute() == 3


def test_a_result_of_another_kind_takes_the_place_of_the_earlier(viewer, qtbot):
    image = skimage.data.camera()
    source = viewer.add_image(image, name="camera")
    widget = by_script(viewer)
    run(widget, qtbot)
    viewer.layers["camera labels"].opacity = 0.3
    viewer.layers["camera quantized"].visible = False
    viewer.layers.remove(source)
    levels = [da.from_array(image), da.from_array(image[::2, ::2])]
    viewer.add_image(levels, multiscale=True, name="camera")
    run(widget, qtbot)
    assert len(viewer.layers) == 4
    assert viewer.layers["camera labels"].multiscale
    assert viewer.layers["camera labels"].opacity == 0.3
    assert not viewer.layers["camera quantized"].visible


def test_selected_layers_are_channels(viewer, qtbot):
    rng = np.random.default_rng(0)
    data = rng.integers(0, 999, (2, 40, 50)).astype(np.uint16)
    viewer.add_image(rng.random((9, 9)), name="other")
    first = viewer.add_image(data[0], name="DAPI", colormap="blue", scale=(2, 2))
    second = viewer.add_image(data[1], name="GFP", colormap="green", scale=(2, 2))
    widget = by_script(viewer)
    assert not widget.channels.visible
    viewer.layers.selection = {first, second}
    viewer.layers.selection.active = first
    viewer.layers.selection.add(second)
    assert not widget.channels.native.isHidden()
    assert widget.channels.value == "DAPI\nGFP"
    widget.scaling.value = "range"
    run(widget, qtbot)
    expected = quantize(
        data, 5, channel_axis=0, channel_names=["DAPI", "GFP"], scaling="range"
    )
    roles = ["DAPI quantized", "GFP quantized", "labels", "centers"]
    roles = [f"DAPI, GFP{': ' if 'q' in r else ' '}{r}" for r in roles]
    assert names(viewer)[3:] == roles
    np.testing.assert_array_equal(viewer.layers[3].data, expected.quantized[0])
    np.testing.assert_array_equal(viewer.layers[4].data, expected.quantized[1])
    assert viewer.layers[4].colormap.name == "green"
    labels = viewer.layers[5]
    np.testing.assert_array_equal(labels.data, expected.labels)
    assert {"center_DAPI", "center_GFP"} <= set(labels.features)
    # Blue and green, as bright as the contrast shows the centers, without red.
    low, high = first.contrast_limits
    blue = (expected.centers[:, 0] - low) / (high - low)
    shown = [labels.colormap.map(np.uint8(label)) for label in range(1, 6)]
    np.testing.assert_allclose(np.array(shown)[:, 2], blue, atol=0.01)
    assert not np.array(shown)[:, 0].any()
    assert list(labels.scale) == [2, 2]
    run(widget, qtbot)
    assert len(viewer.layers) == 7


def test_channels_are_taken_whatever_was_active_before(viewer):
    a, b, other = (viewer.add_image(np.eye(5), name=name) for name in "abc")
    widget = by_script(viewer)
    viewer.layers.selection.active = other
    assert widget.layer.value is other
    select(viewer, a, b)
    assert widget.channels.value == "a\nb"
    assert widget.layer.value is a


@pytest.mark.parametrize("lazy", [False, True])
def test_channels_of_a_movie_plane_by_plane(viewer, qtbot, lazy):
    rng = np.random.default_rng(0)
    data = rng.integers(0, 999, (2, 3, 4, 20, 30)).astype(np.uint16)
    layers = [da.from_array(d, chunks=10) if lazy else d for d in data]
    added = [
        viewer.add_image(d, name=n, axis_labels=("t", "z", "y", "x"))
        for d, n in zip(layers, "ab", strict=True)
    ]
    widget = by_script(viewer)
    select(viewer, *added)
    titles = [title for title, _ in widget.scope._widget._mgui_get_choices()]
    assert titles[2:] == [f"each plane along {axes}" for axes in ("t", "z", "t, z")]
    widget.k.value = 3
    widget.scope.value = widget.scope.choices[3]
    run(widget, qtbot)
    assert "4 planes" in widget.message.value
    expected = quantize_planes(data, 3, axes=2, channel_axis=0)
    np.testing.assert_array_equal(viewer.layers["a, b labels"].data, expected.labels)
    quantized = viewer.layers["a, b: b quantized"].data
    np.testing.assert_array_equal(quantized, expected.quantized[1])


def test_lazy_channels_have_lazy_results(viewer, qtbot):
    data = np.random.default_rng(0).integers(0, 99, (2, 60, 70)).astype(np.uint8)
    added = [
        viewer.add_image(da.from_array(d, chunks=30), name=n)
        for d, n in zip(data, "ab", strict=True)
    ]
    widget = by_script(viewer)
    select(viewer, *added)
    run(widget, qtbot)
    quantized = viewer.layers["a, b: b quantized"].data
    assert isinstance(quantized, da.Array)
    np.testing.assert_array_equal(
        quantized, quantize(data, channel_axis=0).quantized[1]
    )


def test_each_plane_of_a_lazy_movie(viewer, qtbot):
    movie = np.random.default_rng(0).integers(0, 99, (4, 60, 70)).astype(np.uint8)
    viewer.add_image(da.from_array(movie, chunks=(1, 60, 30)), name="movie")
    widget = by_script(viewer)
    widget.k.value, widget.no_data.value = 3, "7"
    widget.scope.value = widget.scope.choices[2]
    run(widget, qtbot)
    quantized, labels, centers = viewer.layers[1:]
    assert isinstance(quantized.data, da.Array)
    assert isinstance(labels.data, da.Array)
    expected = quantize_planes(movie, 3, no_data=7)
    assert f"{(movie == 7).sum()} pixels left out: no data" in widget.message.value
    np.testing.assert_array_equal(quantized.data, expected.quantized)
    np.testing.assert_array_equal(labels.data, expected.labels)
    np.testing.assert_array_equal(centers.data, expected.positions.reshape(-1, 3))


def test_what_is_said_of_a_layer_goes_with_it(viewer, qtbot):
    first = viewer.add_image(np.eye(40), name="first")
    second = viewer.add_image(np.eye(30), name="second")
    widget = by_script(viewer)
    run(widget, qtbot)
    viewer.layers.selection.active = viewer.layers["second labels"]
    assert "Compactness" in widget.message.value
    viewer.layers.selection.active = first
    assert widget.message.value == ""
    run(widget, qtbot)
    assert "Compactness" in widget.message.value
    viewer.layers.remove(first)
    assert widget.layer.value is second
    assert "Compactness" in widget.message.value  # of its own run


def test_runs_of_other_parts_have_layers_of_their_own(viewer, qtbot):
    a = viewer.add_image(movie_of_steps(), name="a")
    b = viewer.add_image(movie_of_steps()[:, ::-1, ::-1], name="b")
    widget = by_script(viewer)
    widget.k.value = 2
    found = {}
    for chosen in ([a], [a, b]):
        for scope in (0, 1):
            select(viewer, *chosen)
            widget.scope.value = widget.scope.choices[scope]
            run(widget, qtbot)
            new = [
                layer
                for layer in viewer.layers
                if layer not in found and layer not in (a, b)
            ]
            assert len(new) == (3 if len(chosen) == 1 else 4)
            found.update({layer: np.array(layer.data) for layer in new})
    assert not any("[" in name for name in names(viewer))
    for layer, data in found.items():
        np.testing.assert_array_equal(layer.data, data)
    # Again whole, after one of its layers was removed.
    viewer.layers.remove(viewer.layers["a labels"])
    select(viewer, a)
    widget.scope.value = widget.scope.choices[0]
    run(widget, qtbot)
    assert viewer.layers["a labels"].data.shape == (4, 20, 30)


def test_what_cannot_be_shown_is_told(viewer, qtbot, monkeypatch):
    def fail(*_):
        raise RuntimeError("cannot be shown")

    monkeypatch.setattr("napari_kmeans.plugin.model.showing", fail)
    monkeypatch.setattr(
        notification_manager, "receive_error", lambda *error: told.append(error)
    )
    told = []
    viewer.add_image(skimage.data.camera())
    widget = by_script(viewer)
    run(widget, qtbot)
    assert widget.message.value == "Failed: cannot be shown"
    assert len(told) == 1


def movie_of_steps():
    movie = np.zeros((4, 20, 30), np.uint8)
    for frame, values in enumerate([(10, 200), (20, 220), (30, 240), (40, 250)]):
        movie[frame, :, :15], movie[frame, :, 15:] = values
    return movie


def test_each_plane_on_its_own(viewer, qtbot):
    movie = movie_of_steps()
    viewer.add_image(movie, name="movie", scale=(5, 2, 2))
    widget = by_script(viewer)
    titles = widget.scope._widget._mgui_get_choices()
    assert [title for title, _ in titles] == [
        "whole image",
        "current plane",
        "each plane along axis 0",
    ]
    widget.k.value = 2
    widget.scope.value = widget.scope.choices[2]
    run(widget, qtbot)
    quantized, labels, centers = viewer.layers[1:]
    np.testing.assert_array_equal(quantized.data, movie)
    np.testing.assert_array_equal(
        labels.data, 1 + (np.arange(30) >= 15) * np.ones_like(movie)
    )
    assert centers.data.shape == (8, 3)
    assert sorted(set(centers.data[:, 0])) == [0, 1, 2, 3]
    assert list(labels.scale) == list(centers.scale) == [5, 2, 2]
    assert "4 planes" in widget.message.value


def test_the_current_plane(viewer, qtbot):
    turned = [[1, 0, 0], [0, 0.8, -0.6], [0, 0.6, 0.8]]
    movie = movie_of_steps()
    viewer.add_image(
        movie, name="movie", scale=(5, 2, 2), translate=(7, 1, 1), rotate=turned
    )
    widget = by_script(viewer)
    widget.k.value = 2
    widget.scope.value = widget.scope.choices[1]
    source = viewer.layers[0]
    viewer.dims.set_point(range(3), source.data_to_world((2, 10, 15)))
    run(widget, qtbot)
    quantized, labels, centers = viewer.layers[1:]
    np.testing.assert_array_equal(quantized.data, movie[2:3])
    assert labels.data.shape == (1, 20, 30)
    for corner in ((0, 0, 0), (0, 19, 29)):
        there = source.data_to_world(np.add(corner, (2, 0, 0)))
        for layer in (quantized, labels, centers):
            np.testing.assert_allclose(layer.data_to_world(corner), there)


def test_a_mask_drawn_as_shapes_on_a_rotated_image(viewer, qtbot):
    image = skimage.data.camera()[:200, :300]
    source = viewer.add_image(image, name="image", scale=(2, 3), rotate=30)
    shapes = viewer.add_shapes(name="region")
    corners = [(20, 20), (20, 150), (90, 150), (90, 20)]
    shapes.add_polygons(np.array([source.data_to_world(c) for c in corners]))
    viewer.layers.selection.active = source
    widget = by_script(viewer)
    widget.mask.value = shapes
    run(widget, qtbot)
    labels = viewer.layers["image labels"]
    inside = np.zeros(image.shape, bool)
    inside[21:90, 21:150] = True
    assert (labels.data[inside] > 0).all()
    assert (labels.data[:19] == 0).all()
    assert (labels.data[:, 152:] == 0).all()
    assert "pixels left out: masked" in widget.message.value
    outside = labels.data == 0
    quantized = viewer.layers["image quantized"].data
    np.testing.assert_array_equal(quantized[outside], image[outside])


def test_a_mask_without_pixels_is_told(viewer, qtbot, notified):
    source = viewer.add_image(skimage.data.camera(), name="camera")
    viewer.add_labels(np.zeros((512, 512), int), name="nothing")
    viewer.layers.selection.active = source
    widget = by_script(viewer)
    widget.mask.value = viewer.layers["nothing"]
    run(widget, qtbot)
    assert len(viewer.layers) == 2
    [message] = notified
    assert "nothing" in message


def test_values_without_data_are_left_out(viewer, qtbot, notified):
    image = skimage.data.camera().astype(np.float32)
    image[:100] = -9999
    viewer.add_image(image, name="camera")
    widget = by_script(viewer)
    widget.no_data.value = "-9999"
    run(widget, qtbot)
    assert "51,200 pixels left out: no data" in widget.message.value
    widget.no_data.value = "none"
    assert widget.run() is None
    assert notified == ["no data='none' should be a number or empty."]


def test_colors_in_another_space(viewer, qtbot):
    image = skimage.data.coffee()
    viewer.add_image(image, name="coffee")
    widget = by_script(viewer)
    assert not widget.color_space.native.isHidden()
    widget.color_space.value = "oklab"
    run(widget, qtbot)
    expected = quantize(image, 5, color_space="oklab")
    np.testing.assert_array_equal(viewer.layers["coffee labels"].data, expected.labels)


def test_what_needs_too_much_memory_runs_by_blocks(viewer, qtbot, monkeypatch):
    monkeypatch.setattr("napari_kmeans.plugin.request.free_memory", lambda: 10**6)
    image = skimage.data.camera()
    viewer.add_image(image, name="camera")
    widget = by_script(viewer)
    run(widget, qtbot)
    labels = viewer.layers["camera labels"].data
    assert isinstance(labels, da.Array)
    np.testing.assert_array_equal(labels, quantize(image, 5).labels)
    assert "By blocks: whole, it would need 0.2 GB" in widget.message.value


def test_cancel_does_not_wait_for_a_block(viewer, qtbot):
    shown, reading, go_on = (threading.Event() for _ in range(3))

    def read(block):
        if shown.is_set():  # napari reads, too
            reading.set()
            go_on.wait()
        return block

    none = np.empty((0, 0, 0), np.uint8)
    movie = da.zeros((300, 100, 100), chunks=(10, 100, 100), dtype=np.uint8)
    lazy = movie.map_blocks(read, dtype=np.uint8, meta=none)
    viewer.add_image(lazy, name="lazy", contrast_limits=(0, 255), multiscale=False)
    widget = by_script(viewer)
    shown.set()
    try:
        widget.run()
        qtbot.waitUntil(reading.is_set, timeout=120_000)
        widget.cancel()
        wait(widget, qtbot)
        assert not go_on.is_set()
        assert widget.message.value == "Canceled"
        assert len(viewer.layers) == 1
    finally:
        go_on.set()


def test_a_block_that_cannot_be_read_is_told(viewer, qtbot, notified):
    def fail(block, block_info=None):
        if block_info[0]["chunk-location"] == (2, 0, 0):
            raise OSError("movie.zarr/0: the block at (2, 0, 0) could not be read")
        return block

    movie = da.from_array(movie_of_steps(), chunks=(1, 20, 30))
    none = np.empty((0, 0, 0), np.uint8)
    lazy = movie.map_blocks(fail, dtype=np.uint8, meta=none)
    viewer.add_image(lazy, name="lazy", contrast_limits=(0, 255), multiscale=False)
    viewer.dims.set_current_step(0, 0)
    widget = by_script(viewer)
    widget.k.value = 2
    run(widget, qtbot)
    assert len(viewer.layers) == 1
    assert notified == ["movie.zarr/0: the block at (2, 0, 0) could not be read"]


@pytest.mark.parametrize("output", ["quantized", "labels", "centers"])
def test_only_what_is_wanted_is_added(viewer, qtbot, output):
    viewer.add_image(skimage.data.camera(), name="camera")
    widget = by_script(viewer)
    for box in (widget.add_quantized, widget.add_labels, widget.add_centers):
        box.value = box.name == f"add_{output}"
    run(widget, qtbot)
    assert names(viewer) == ["camera", f"camera {output}"]


def test_settings_reach_the_core(viewer, qtbot):
    image = skimage.data.camera()
    viewer.add_image(image, name="camera")
    widget = by_script(viewer)
    widget.k.value = 7
    widget.criteria.value = "max iterations"
    widget.max_iter.value = 4
    widget.attempts.value = 2
    widget.init.value = "k-means++"
    widget.seed.value = 11
    assert not widget.epsilon.enabled
    run(widget, qtbot)
    record = viewer.layers["camera labels"].metadata["napari-kmeans"]
    assert (record["k"], record["attempts"], record["seed"]) == (7, 2, 11)
    assert (record["init"], record["max_iter"], record["epsilon"]) == (
        "k-means++",
        4,
        0.0,
    )
    widget.criteria.value = "epsilon"
    assert widget.epsilon.enabled
    assert not widget.max_iter.enabled
    widget.epsilon.value = 0.5
    run(widget, qtbot)
    record = viewer.layers["camera labels"].metadata["napari-kmeans"]
    assert (record["max_iter"], record["epsilon"]) == (None, 0.5)


def test_epsilon_is_in_the_units_of_the_layer_and_reset_for_a_new_one(viewer, qtbot):
    viewer.add_image(np.linspace(0, 255, 2000, dtype=np.uint8).reshape(40, 50))
    widget = by_script(viewer)
    assert widget.epsilon.value == 1.0
    widget.epsilon.value = 7
    small = np.linspace(0, 1, 2000, dtype=np.float32).reshape(40, 50)
    small[0, 0] = np.nan
    viewer.add_image(small, name="small", contrast_limits=(0, 1))
    assert widget.epsilon.value == pytest.approx(1 / 255, rel=1e-3)
    run(widget, qtbot)
    epsilon = viewer.layers["small labels"].metadata["napari-kmeans"]["epsilon"]
    assert epsilon == quantize(small, 5).settings["epsilon"]
    assert "1 pixels left out" in widget.message.value


def test_painted_labels_to_start_from(viewer, qtbot):
    image = skimage.data.camera()
    viewer.add_image(image, name="camera")
    painted = np.zeros(image.shape, int)
    painted[100:110, 250:260], painted[10:20, 10:20] = 1, 2
    widget = by_script(viewer)
    assert widget.start_labels.native.isHidden()
    start = viewer.add_labels(painted)
    widget.k.value, widget.attempts.value = 2, 1
    widget.init.value = "Labels layer"
    assert widget.start_labels.enabled
    widget.start_labels.value = start
    run(widget, qtbot)
    record = viewer.layers["camera labels"].metadata["napari-kmeans"]
    assert record["init"] == "labels"
    np.testing.assert_array_equal(start.data, painted)


def test_optimal_is_offered_for_gray_images_and_disables_the_search(viewer, qtbot):
    image = skimage.data.camera()[::2, ::2]
    viewer.add_image(skimage.data.coffee(), name="photo")
    widget = by_script(viewer)
    assert "optimal" not in widget.init.choices
    viewer.add_image(image, name="camera")
    widget.init.value = "optimal"
    for control in (widget.attempts, widget.seed, widget.criteria, widget.epsilon):
        assert not control.enabled
    run(widget, qtbot)
    expected = quantize(image, 5, init="optimal")
    np.testing.assert_array_equal(viewer.layers["camera labels"].data, expected.labels)
    viewer.layers.selection.active = viewer.layers["photo"]
    assert widget.init.value == "random"
    assert widget.attempts.enabled


TYPED = [
    ("k", "-3", "k=0 should be at least 1."),
    ("k", "", "k='' should be an integer."),
    ("seed", "-", "seed='-' should be an integer."),
    ("attempts", "3000000000", "attempts=3000000000 should be at most 2,147,483,647."),
    ("epsilon", "-1", "epsilon=-1.0 should be a finite number of at least 0."),
]


@pytest.mark.parametrize("key", [None, Qt.Key.Key_Return])
@pytest.mark.parametrize(("name", "text", "message"), TYPED)
def test_a_number_out_of_its_range_is_told(
    viewer, qtbot, notified, name, text, message, key
):
    viewer.add_image(skimage.data.camera(), name="camera")
    widget = by_script(viewer)
    box = getattr(widget, name)
    widget.sections["Criteria and start"].heading.setChecked(True)
    viewer.window._qt_window.show()
    viewer.window._qt_window.activateWindow()
    box.native.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is box.native, timeout=5_000)
    type_into(box, text, qtbot)
    if not text:
        qtbot.keyClick(box.native, Qt.Key.Key_Backspace)
    if key is None:
        click(widget.run_button, qtbot)
    else:
        qtbot.keyClick(box.native, key)
    assert not widget.running
    assert notified == [message]
    assert widget.message.value == f"Failed: {message}"
    # What has nothing to do with it leaves it; a number that is right does not.
    widget.no_data.value = "7"
    assert widget.message.value == f"Failed: {message}"
    type_into(box, "5", qtbot)
    assert widget.message.value == ""
    run(widget, qtbot)
    assert len(viewer.layers) == 4


def test_a_script_is_told_too(viewer, notified):
    viewer.add_image(skimage.data.camera(), name="camera")
    widget = by_script(viewer)
    widget.k.value = 0
    assert widget.run(block=True) is None
    assert notified == ["k=0 should be at least 1."]
    assert names(viewer) == ["camera"]


def test_nothing_to_add_is_told_before_the_run(viewer, qtbot, notified):
    viewer.add_image(skimage.data.camera(), name="camera")
    widget = by_script(viewer)
    boxes = widget.add_quantized, widget.add_labels, widget.add_centers
    for box in boxes:
        tick(box, qtbot)
    click(widget.run_button, qtbot)
    assert not widget.running
    message = "Add should have one of Quantized, Labels, Centers ticked, but has none."
    assert notified == [message]
    assert widget.message.value == f"Failed: {message}"
    # Of points there is no quantized image.
    viewer.add_points(np.eye(9), name="spots")
    assert widget.message.value == ""
    widget.add_quantized.value = True
    click(widget.run_button, qtbot)
    message = "Add should have one of Labels, Centers ticked, but has none."
    assert notified[1:] == [message]
    tick(widget.add_centers, qtbot)
    assert widget.message.value == ""


def test_an_error_leaves_with_its_cause(viewer, qtbot, notified):
    image = viewer.add_image(np.arange(12, dtype=np.uint8).reshape(3, 4), name="tiny")
    mask = viewer.add_labels(np.zeros((3, 4), np.uint8), name="nothing")
    viewer.layers.selection.active = image
    widget = by_script(viewer)
    widget.k.value = 13

    def failed():
        run(widget, qtbot)
        assert widget.message.value == f"Failed: {notified[-1]}"

    failed()  # found in the run
    widget.k.value = 2
    assert widget.message.value == ""
    widget.mask.value = mask
    failed()
    mask.brush_size = 1
    mask.paint((1, 1), 1)
    assert widget.message.value == ""
    widget.k.value = 3
    failed()
    mask.data = np.ones((3, 4), np.uint8)
    assert widget.message.value == ""
    widget.no_data.value = "none"
    failed()
    widget.no_data.value = ""
    assert widget.message.value == ""
    widget.mask.value = None
    other = viewer.add_image(image.data, name="other", translate=(1, 0))
    select(viewer, image, other)
    failed()
    other.translate = (0, 0)
    assert widget.message.value == ""
    widget.k.value = 13
    failed()
    viewer.layers.selection.active = other
    assert widget.message.value == ""


def test_an_error_is_one_notification_and_changes_nothing(viewer, qtbot, notified):
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    viewer.add_image(image, name="tiny")
    widget = by_script(viewer)
    widget.k.value = 13
    run(widget, qtbot)
    assert notified == ["k=13 should be at most the 12 samples given."]
    assert names(viewer) == ["tiny"]
    widget.k.value = 2
    run(widget, qtbot)
    assert len(viewer.layers) == 4


def test_a_warning_is_one_notification(viewer, qtbot, notified):
    image = np.repeat([[3], [9]], 40, axis=1).astype(np.uint8)
    viewer.add_image(image, name="two")
    widget = by_script(viewer)
    run(widget, qtbot)
    [message] = notified
    assert "k=5 should be at most the 2 distinct colors" in message
    assert message in widget.message.value
    assert viewer.layers["two labels"].data.max() == 2


def test_a_fault_is_reported_once_with_its_traceback(
    viewer, qtbot, notified, monkeypatch
):
    def broken(*args, **kwargs):
        raise MemoryError("no room")

    monkeypatch.setattr(opencv, "search", broken)
    viewer.add_image(skimage.data.camera())
    widget = by_script(viewer)
    run(widget, qtbot)
    assert notified == ["no room"]
    assert len(viewer.layers) == 1
    assert widget.run_button.enabled


def test_cancel_leaves_the_viewer_as_it_was(viewer, qtbot, monkeypatch):
    searched = []

    def endless(*args, **kwargs):
        while True:
            searched.append(1)
            time.sleep(0.01)  # as a search would, so that the window keeps up
            step(1)

    monkeypatch.setattr(opencv, "search", endless)
    viewer.add_image(skimage.data.camera())
    widget = by_script(viewer)
    qtbot.mouseClick(widget.run_button.native, Qt.MouseButton.LeftButton)
    assert widget.running
    assert not widget.run_button.enabled
    assert widget.cancel_button.enabled
    qtbot.waitUntil(lambda: len(searched) > 3, timeout=60_000)
    qtbot.waitUntil(lambda: "attempt" in widget.message.value, timeout=60_000)
    qtbot.mouseClick(widget.cancel_button.native, Qt.MouseButton.LeftButton)
    wait(widget, qtbot)
    assert len(viewer.layers) == 1
    assert widget.message.value == "Canceled"
    monkeypatch.undo()
    run(widget, qtbot)
    assert len(viewer.layers) == 4


@pytest.mark.parametrize("patience", [0.0, math.inf])
def test_progress_is_shown_once_a_run_takes_long(
    viewer, qtbot, patience, listening, monkeypatch
):
    monkeypatch.setattr("napari_kmeans.plugin.worker.PATIENCE", patience)
    viewer.add_image(skimage.data.coffee())
    widget = by_script(viewer)
    seen = []

    def look():
        seen.append((widget.message.value, widget.progress.native.isHidden()))

    worker = widget.run()
    widget.desk.worker._timer.timeout.connect(look)
    look()
    shown = ("Preparing", True) if patience else ("Searching", False)
    qtbot.waitUntil(lambda: len(seen) > 4 and seen[-1] == shown, timeout=60_000)
    bar, before = worker.pbar.n, {message for message, _ in seen}
    listening.set()
    wait(widget, qtbot)
    assert widget.progress.native.isHidden()
    assert seen[0] == ("Preparing", True)
    if patience:
        assert set(seen) == {("Preparing", True)}
        assert bar == 0
    else:
        assert before <= {"Preparing", "Counting colors", "Searching"}
        assert 0 < bar < 100


def test_a_second_run_waits_for_the_first(viewer, qtbot):
    viewer.add_image(skimage.data.camera())
    widget = by_script(viewer)
    assert widget.run() is not None
    assert widget.run() is None
    wait(widget, qtbot)
    assert len(viewer.layers) == 4


def test_controls_show_what_the_model_is_changed_to(viewer):
    image = viewer.add_image(skimage.data.camera(), name="camera")
    other = viewer.add_image(skimage.data.coffee(), name="photo")
    mask = viewer.add_labels(np.ones((512, 512), np.uint8), name="mask")
    widget = by_script(viewer)
    widget.model.change(layer=image)
    assert widget.layer.value is image
    assert widget.color_space.native.isHidden()
    settings = {
        "k": 9,
        "criteria": "epsilon",
        "max_iter": 3,
        "epsilon": 0.5,
        "seed": 4,
        "attempts": 2,
        "init": "Labels layer",
        "start_labels": mask,
        "mask": mask,
        "no_data": "7",
        "add_labels": False,
    }
    widget.model.change(**settings)
    for name, value in settings.items():
        assert getattr(widget, name).value == value
        assert getattr(widget.model.settings, name) == value
    assert not widget.max_iter.enabled
    widget.model.change(layer=other, k="", scaling="range", color_space="oklab")
    assert widget.layer.value is other
    assert widget.k.native.text() == ""
    assert widget.color_space.value == "oklab"
    assert widget.init.value == "random"  # the mask is not of this shape
    widget.k.value = 4
    assert widget.model.settings.k == 4


def test_all_layers_go_and_others_come(viewer):
    viewer.add_points(np.eye(2), name="spots")
    widget = by_script(viewer)
    viewer.layers.clear()
    assert widget.layer.value is None
    movie = viewer.add_image(movie_of_steps(), name="movie")
    assert widget.layer.value is movie
    assert len(widget.scope.choices) == 3


def test_another_k_is_shown_without_reading_again(viewer, qtbot, monkeypatch):
    viewer.add_image(skimage.data.coffee(), name="coffee")
    widget = by_script(viewer)
    run(widget, qtbot)

    def fail(*_, **__):
        raise AssertionError("read again")

    monkeypatch.setattr("napari_kmeans.core.reading.source.read_samples", fail)
    widget.k.value = 7
    run(widget, qtbot)
    np.testing.assert_array_equal(
        viewer.layers["coffee labels"].data, quantize(skimage.data.coffee(), 7).labels
    )


def test_script_that_blocks(viewer):
    viewer.add_image(skimage.data.camera())
    widget = by_script(viewer)
    widget.run(block=True)
    assert [type(layer) for layer in viewer.layers] == [Image, Image, Labels, Points]


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_return_runs_with_the_number_just_typed(viewer, qtbot, key):
    viewer.add_image(skimage.data.camera())
    widget = by_script(viewer)
    viewer.window._qt_window.show()
    viewer.window._qt_window.activateWindow()
    spin = widget.k.native
    spin.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is spin, timeout=5_000)
    spin.selectAll()
    qtbot.keyClicks(spin, "7")
    qtbot.keyClick(spin, key)
    assert widget.running
    wait(widget, qtbot)
    assert viewer.layers[2].data.max() == 7


def test_without_layers_nothing_can_be_run(viewer, notified):
    widget = by_script(viewer)
    assert widget.layer.value is None
    assert not widget.run_button.enabled
    assert widget.run() is None
    assert notified == ["layer=None should be an Image or Points layer."]


def test_every_control_has_a_tooltip(viewer):
    widget = by_script(viewer)
    buttons = [*widget.buttons, *widget.kept]
    controls = [*widget.of_settings.values(), widget.channels, *buttons]
    assert len(controls) == 25
    assert all(control.tooltip for control in controls)
    assert widget.scale.toolTip()
    assert all(section.heading.toolTip() for section in widget.sections.values())


@pytest.mark.parametrize("kind", ["image", "channels", "points"])
def test_a_source_removed_during_a_run(viewer, qtbot, kind):
    widget = sources_of(viewer, kind)
    widget.run()
    viewer.layers.remove("first")
    left = names(viewer)
    wait(widget, qtbot)
    assert names(viewer) == left
    assert widget.message.value == "'first' is gone: nothing was added"
    assert widget.run_button.enabled == bool(left)


@pytest.mark.parametrize("kind", ["image", "channels", "points"])
@pytest.mark.parametrize("smaller", [False, True])
def test_a_source_with_other_data_since(viewer, qtbot, kind, smaller):
    widget = sources_of(viewer, kind)
    widget.run()
    first, before = viewer.layers["first"], names(viewer)
    first.data = np.array(first.data[:9] if smaller else first.data)
    wait(widget, qtbot)
    assert names(viewer) == before
    assert widget.message.value == "'first' has changed: nothing was added"
    if not (smaller and kind == "channels"):
        run(widget, qtbot)
        assert len(viewer.layers) > len(before)


@pytest.mark.parametrize("kind", ["image", "channels", "points"])
def test_a_source_renamed_and_moved_during_a_run(viewer, qtbot, kind):
    widget = sources_of(viewer, kind)
    widget.run()
    for layer in viewer.layers:
        layer.translate = (5, 6)
    viewer.layers["first"].name = "renamed"
    viewer.layers.reverse()
    before = names(viewer)
    wait(widget, qtbot)
    added = viewer.layers[len(before) :]
    assert len(added) == {"image": 3, "channels": 4, "points": 2}[kind]
    for layer in added:
        assert "renamed" in layer.name
        assert list(layer.translate) == [5, 6]


def sources_of(viewer, kind):
    """Add what is clustered, and open the dock."""
    data = np.random.default_rng(0).integers(0, 99, (2, 40, 50)).astype(np.uint8)
    if kind == "points":
        viewer.add_points(data[0, :, :2], name="first")
        return by_script(viewer)
    layers = [viewer.add_image(data[0], name="first")]
    if kind == "channels":
        layers.append(viewer.add_image(data[1], name="second"))
    widget = by_script(viewer)
    select(viewer, *layers)
    return widget


def test_what_is_wanted_is_what_was_ticked_at_first(viewer, qtbot):
    viewer.add_image(skimage.data.camera(), name="camera")
    widget = by_script(viewer)
    widget.add_centers.value = False
    widget.run()
    widget.add_centers.value, widget.add_labels.value = True, False
    wait(widget, qtbot)
    assert names(viewer) == ["camera", "camera quantized", "camera labels"]


def test_an_empty_layer_can_be_chosen_but_not_clustered(viewer, qtbot, notified):
    widget = by_script(viewer)
    viewer.add_points(np.zeros((0, 2)))
    run(widget, qtbot)
    [message] = notified
    assert "should not be empty" in message
    assert message in widget.message.value
    assert len(viewer.layers) == 1


def test_progress_ends_with_the_summary_however_fast_it_comes(viewer, qtbot):
    viewer.add_image(skimage.data.coffee())
    widget = by_script(viewer)
    for _ in range(5):
        widget.run()
        while widget.running:
            QApplication.processEvents()
        QApplication.processEvents()
        assert widget.message.value.startswith("Compactness")
