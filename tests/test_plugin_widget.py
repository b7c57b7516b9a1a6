"""The dock in the real viewer, opened from the menus and by a script."""

import math
import time

import numpy as np
import pytest
import skimage.data
from napari.layers import Image, Labels, Points
from napari.utils.notifications import notification_manager
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from napari_kmeans import kmeans, quantize
from napari_kmeans.core import opencv
from napari_kmeans.plugin import samples
from napari_kmeans.plugin.widget import KMeansWidget

TITLE = "K-means quantization"


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer()


@pytest.fixture
def notified():
    """The messages of the notifications that were shown during a test."""
    messages = []
    notification_manager.notification_ready.connect(
        receive := lambda notification: messages.append(notification.message)
    )
    yield messages
    notification_manager.notification_ready.disconnect(receive)


def actions_below(menu):
    for action in menu.actions():
        if action.menu() is None:
            yield action
        else:
            yield from actions_below(action.menu())


def open_from(menu, viewer):
    [action] = [a for a in actions_below(menu) if a.text().startswith(TITLE)]
    action.trigger()
    dock = next(d for name, d in viewer.window.dock_widgets.items() if TITLE in name)
    return getattr(dock, "_magic_widget", dock)


def by_script(viewer):
    return viewer.window.add_plugin_dock_widget("napari-kmeans")[1]


ROADS = {
    "plugins menu": lambda viewer: open_from(viewer.window.plugins_menu, viewer),
    "layers menu": lambda viewer: open_from(viewer.window.layers_menu, viewer),
    "script": by_script,
}


@pytest.fixture(params=ROADS)
def road(request):
    return ROADS[request.param]


def run(widget, qtbot):
    """Press Run, and wait for the end."""
    qtbot.mouseClick(widget.run_button.native, Qt.MouseButton.LeftButton)
    wait(widget, qtbot)


def wait(widget, qtbot):
    qtbot.waitUntil(lambda: not widget.running, timeout=120_000)


def names(viewer):
    return [layer.name for layer in viewer.layers]


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


def test_results_are_not_offered_as_sources(viewer, qtbot):
    image = viewer.add_image(skimage.data.camera(), name="camera")
    widget = by_script(viewer)
    run(widget, qtbot)
    viewer.layers.selection.active = viewer.layers["camera quantized"]
    assert widget.layer.value == image
    assert list(widget.layer.choices) == [image]


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
    assert not widget.add_centers.enabled
    assert widget.epsilon.value == pytest.approx(np.ptp(stack) / 255, rel=1e-3)
    run(widget, qtbot)
    assert names(viewer) == ["stack", "stack quantized", "stack labels"]
    quantized, labels = viewer.layers[1:]
    assert quantized.data.dtype == np.uint16
    assert labels.data.dtype == np.uint8
    expected = quantize(stack, 5)
    np.testing.assert_array_equal(labels.data, expected.labels)
    np.testing.assert_array_equal(quantized.data, expected.quantized)
    assert list(labels.scale) == [3, 1, 1]


def test_blobs(viewer, qtbot):
    [(data, attributes, _)] = samples.blobs()
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


def test_multiscale_and_lazy_layers_are_read_in_full_resolution(viewer, qtbot):
    import dask.array

    image = skimage.data.camera()
    levels = [dask.array.from_array(image), dask.array.from_array(image[::2, ::2])]
    viewer.add_image(levels, multiscale=True, name="levels")
    widget = by_script(viewer)
    run(widget, qtbot)
    np.testing.assert_array_equal(
        viewer.layers["levels labels"].data, quantize(image, 5).labels
    )


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
    assert not widget.start_labels.enabled
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


def test_labels_start_without_a_labels_layer_is_an_error(viewer, qtbot, notified):
    viewer.add_image(skimage.data.camera())
    widget = by_script(viewer)
    widget.init.value = "Labels layer"
    run(widget, qtbot)
    assert len(viewer.layers) == 1
    [message] = notified
    assert "should go with a Labels layer" in message


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
            yield 1

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


def test_canceled_in_the_last_step_shows_nothing(viewer, qtbot):
    viewer.add_image(skimage.data.camera())
    widget = by_script(viewer)
    worker = widget.run()
    worker.returned.disconnect()
    worker.returned.connect(lambda outcome: returned.append(outcome))
    returned = []
    wait(widget, qtbot)
    [outcome] = returned
    assert len(viewer.layers) == 1

    # What the worker returns after Cancel was pressed is dropped.
    worker = widget.run()
    widget.cancel()
    widget._on_returned(viewer.layers[0], outcome)
    wait(widget, qtbot)
    assert len(viewer.layers) == 1


@pytest.mark.parametrize("patience", [0.0, math.inf])
def test_progress_is_shown_once_a_run_takes_long(viewer, qtbot, patience, monkeypatch):
    monkeypatch.setattr("napari_kmeans.plugin.widget.PATIENCE", patience)
    viewer.add_image(skimage.data.coffee())
    widget = by_script(viewer)
    stages, seen = [], set()
    worker = widget.run()
    worker.yielded.connect(lambda progress: stages.append(progress.stage))
    worker.yielded.connect(lambda _: seen.add(widget.progress.native.isHidden()))
    worker.yielded.connect(lambda _: seen.add(widget.message.value))
    assert widget.message.value == "Preparing"
    assert widget.progress.native.isHidden()
    wait(widget, qtbot)
    assert widget.progress.native.isHidden()
    known = {"Preparing", "Counting", "Searching", "Settling", "Refining"}
    assert {stage.split()[0].strip(",") for stage in stages} <= known
    if patience:
        assert seen == {True, "Preparing"}
    else:
        assert False in seen
        assert seen & set(stages)


def test_a_second_run_waits_for_the_first(viewer, qtbot):
    viewer.add_image(skimage.data.camera())
    widget = by_script(viewer)
    assert widget.run() is not None
    assert widget.run() is None
    wait(widget, qtbot)
    assert len(viewer.layers) == 4


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
    controls = [*widget.settings[:-1], *widget.settings[-1], *widget.buttons]
    assert len(controls) == 14
    assert all(control.tooltip for control in controls)


def test_a_source_removed_during_a_run(viewer, qtbot):
    image = viewer.add_image(skimage.data.camera(), name="camera")
    widget = by_script(viewer)
    widget.run()
    viewer.layers.remove(image)
    wait(widget, qtbot)
    assert names(viewer) == []
    assert widget.message.value == "camera is gone: nothing was added"
    assert not widget.run_button.enabled


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
