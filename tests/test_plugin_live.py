"""Live: results that follow the controls, in the real viewer."""

import threading

import dask.array as da
import numpy as np
import pytest
import skimage.data
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication

from dock import by_script, click, names, tick, wait
from napari_kmeans import quantize
from napari_kmeans.core.cluster import opencv
from napari_kmeans.plugin import live, settings
from napari_kmeans.plugin.preferences import Preferences
from napari_kmeans.plugin.view import view_of

PHOTO = skimage.data.coffee()


@pytest.fixture
def widget(viewer, qtbot):
    """Return the dock of a photo, live, after a run."""
    viewer.add_image(PHOTO, name="photo")
    widget = by_script(viewer)
    tick(widget.live, qtbot)
    assert widget.live.value
    click(widget.run_button, qtbot)
    rest(widget, qtbot)
    return widget


def rest(widget, qtbot):
    """Wait until nothing is under way, and what is shown is the full answer."""
    desk = widget.desk
    qtbot.waitUntil(
        lambda: (
            not desk.model.busy
            and not desk.live.coarse
            and not desk.live.waiting
            and desk.worker is None
        ),
        timeout=60_000,
    )


def press_return(widget, qtbot):
    """Press Return where K is typed."""
    window = widget.model.viewer.window._qt_window
    window.show()
    window.activateWindow()
    box = widget.k.native
    box.setFocus()
    qtbot.waitUntil(lambda: QApplication.focusWidget() is box, timeout=5_000)
    qtbot.keyClick(box, Qt.Key.Key_Return)


def labels_of(widget):
    return widget.model.viewer.layers["photo labels"]


@pytest.mark.parametrize("hand", ["arrow key", "typed", "script"])
def test_labels_and_image_follow_k(widget, qtbot, hand):
    if hand == "arrow key":
        qtbot.keyClick(widget.scale, Qt.Key.Key_Right)
    elif hand == "typed":
        widget.k.native.selectAll()
        qtbot.keyClicks(widget.k.native, "6")
    else:
        widget.k.value = 6
    assert widget.model.busy
    rest(widget, qtbot)
    expected = quantize(PHOTO, 6)
    np.testing.assert_array_equal(labels_of(widget).data, expected.labels)
    layers = widget.model.viewer.layers
    np.testing.assert_array_equal(layers["photo quantized"].data, expected.quantized)
    np.testing.assert_array_equal(layers["photo centers"].data, expected.positions)
    assert (widget.scale.value(), widget.k.value) == (6, 6)


def test_what_is_seen_comes_first_coarse_and_in_its_place(widget, qtbot, monkeypatch):
    monkeypatch.setattr(live, "BRIEF", 0.0)
    widget.desk.live._brief.clear()
    viewer = widget.model.viewer
    getattr(viewer, "scene", viewer).camera.zoom = 0.3
    before = labels_of(widget).extent.world
    widget.k.value = 8
    qtbot.waitUntil(lambda: widget.desk.live.coarse, timeout=30_000)
    seen = labels_of(widget)
    assert seen.data.shape < PHOTO.shape[:2]
    assert seen.data.max() == 8
    step = int(seen.scale[0])
    whole = quantize(PHOTO, 8).labels
    np.testing.assert_array_equal(seen.data, whole[::step, ::step])
    np.testing.assert_allclose(seen.extent.world, before, atol=2 * step)
    rest(widget, qtbot)
    np.testing.assert_array_equal(seen.data, whole)
    np.testing.assert_allclose(seen.extent.world, before)
    assert names(viewer).count("photo labels") == 1


def test_a_hand_that_moves_on_sees_the_last_answer(widget, qtbot):
    for k in range(6, 20):
        widget.scale.setValue(k)
        if k % 5 == 0:
            qtbot.wait(30)
    rest(widget, qtbot)
    np.testing.assert_array_equal(labels_of(widget).data, quantize(PHOTO, 19).labels)
    assert "Not run yet" not in widget.message.value


def test_other_settings_are_followed_too(widget, qtbot):
    widget.color_space.value = "oklab"
    rest(widget, qtbot)
    expected = quantize(PHOTO, 5, color_space="oklab")
    np.testing.assert_array_equal(labels_of(widget).data, expected.labels)


def test_what_is_not_live_is_told(widget, qtbot):
    tick(widget.live, qtbot)
    widget.k.value = 7
    assert not widget.model.busy
    assert widget.message.value.endswith("Not run yet: K 5 → 7")
    widget.k.value = 5
    assert "Not run yet" not in widget.message.value
    widget.k.value = 7
    press_return(widget, qtbot)
    wait(widget, qtbot)
    assert "Not run yet" not in widget.message.value


def test_what_cannot_be_run_changes_nothing(widget, qtbot, notified):
    before = labels_of(widget).data
    widget.k.native.selectAll()
    qtbot.keyClick(widget.k.native, Qt.Key.Key_Backspace)
    assert not widget.model.busy
    assert labels_of(widget).data is before
    assert notified == []


def test_a_run_of_the_user_goes_before_what_follows(widget, qtbot):
    widget.k.value = 9
    click(widget.run_button, qtbot)
    wait(widget, qtbot)
    rest(widget, qtbot)
    np.testing.assert_array_equal(labels_of(widget).data, quantize(PHOTO, 9).labels)


def test_layers_that_are_chosen_are_not_run(widget, qtbot):
    viewer = widget.model.viewer
    viewer.add_image(np.eye(40), name="other")
    assert widget.layer.value.name == "other"
    assert not widget.model.busy
    assert "other labels" not in names(viewer)


def test_of_lazy_images_what_is_seen_is_clustered(viewer, qtbot):
    movie = np.stack([np.full((60, 80), 50 * n) for n in range(4)]).astype(np.uint8)
    movie[:, :30] += 20
    viewer.add_image(da.from_array(movie, chunks=(1, 60, 80)), name="photo")
    viewer.dims.set_point(0, 2)
    widget = by_script(viewer)
    tick(widget.live, qtbot)
    widget.k.value = 2
    qtbot.waitUntil(lambda: widget.desk.live.coarse, timeout=30_000)
    seen = labels_of(widget)
    assert seen.data.shape[0] == 1
    assert seen.translate[0] == 2
    assert set(np.unique(seen.data)) == {1, 2}
    rest(widget, qtbot)
    assert labels_of(widget).data.shape == movie.shape


def test_return_during_a_run_runs_again_after_it(viewer, qtbot, monkeypatch):
    viewer.add_image(PHOTO, name="photo")
    widget = by_script(viewer)
    search, event = opencv.search, threading.Event()

    def held(*args, **kwargs):
        event.wait()
        return search(*args, **kwargs)

    monkeypatch.setattr(opencv, "search", held)
    click(widget.run_button, qtbot)
    widget.k.value = 3
    press_return(widget, qtbot)
    assert widget.running
    event.set()
    qtbot.waitUntil(
        lambda: not widget.running and widget.model.palette.k == 3, timeout=60_000
    )
    assert [step.name for step in widget.model.history.values] == ["K=5", "K=3"]


def test_a_dock_closed_in_between_leaves_the_full_answer(widget, qtbot):
    viewer = widget.model.viewer
    widget.desk.live._brief.clear()
    widget.k.value = 8
    qtbot.waitUntil(lambda: widget.desk.live.coarse, timeout=30_000)
    viewer.window.remove_dock_widget(widget.native)
    assert viewer.layers["photo labels"].data.shape == PHOTO.shape[:2]


def test_in_3d_all_of_an_image_is_seen(viewer, qtbot):
    volume = np.arange(24 * 40 * 50, dtype=np.uint16).reshape(24, 40, 50)
    image = viewer.add_image(volume, name="volume")
    viewer.dims.ndisplay = 3
    image.corner_pixels = np.array([[10, 12, 14], [13, 20, 30]])
    view = view_of(viewer, image)
    assert view.data(image).shape == volume.shape


def test_lazy_images_are_not_followed_unless_asked_for(viewer, monkeypatch):
    monkeypatch.setattr(settings, "preferences", lambda: Preferences(live=True))
    viewer.add_image(da.zeros((40, 50), np.uint8), name="lazy")
    widget = by_script(viewer)
    assert not widget.live.value
    viewer.add_image(PHOTO, name="photo")
    assert widget.live.value


def test_the_last_answer_of_one_that_takes_long_is_told_of(widget, qtbot, monkeypatch):
    widget.desk.live._brief.clear()
    monkeypatch.setattr(live, "QUICK", 0.0)
    widget.desk.live._quick.clear()
    told = []
    widget.model.told.connect(lambda: told.append(widget.model.message))
    widget.k.value = 9
    rest(widget, qtbot)
    assert any("Preparing" in message for message in told)
    np.testing.assert_array_equal(labels_of(widget).data, quantize(PHOTO, 9).labels)


def test_the_first_change_after_another_layer_is_followed(widget, qtbot):
    viewer = widget.model.viewer
    viewer.add_image(PHOTO[::2].copy(), name="other")
    assert widget.layer.value.name == "other"
    widget.live.value = True
    widget.k.value = 4
    rest(widget, qtbot)
    assert viewer.layers["other labels"].data.max() == 4
    widget.layer.value = viewer.layers["photo"]
    widget.k.value = 6
    rest(widget, qtbot)
    assert labels_of(widget).data.max() == 6


def test_what_is_kept_while_it_is_refined_is_kept_in_full(widget, qtbot):
    widget.desk.live._brief.clear()
    click(widget.keep_button, qtbot)
    widget.k.value = 8
    qtbot.waitUntil(lambda: widget.desk.live.coarse, timeout=30_000)
    assert "Refining…" in widget.message.value
    click(widget.keep_button, qtbot)
    rest(widget, qtbot)
    viewer = widget.model.viewer
    for k in (5, 8):
        kept = viewer.layers[f"photo labels K={k}"].data
        np.testing.assert_array_equal(kept, quantize(PHOTO, k).labels)
    assert "Refining" not in widget.message.value
