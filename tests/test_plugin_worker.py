"""Runs that are canceled, or whose dock or viewer is closed, in the real viewer."""

import gc
import subprocess
import sys
import weakref

import numpy as np
import pytest
import skimage.data
from qtpy.QtCore import QThreadPool
from qtpy.QtWidgets import QApplication, QLabel

from dock import TITLE, by_script, click, names, open_from, run, wait
from napari_kmeans import quantize


def begin(widget, qtbot, searched):
    """Press Run, and wait until it searches; return napari's worker."""
    click(widget.run_button, qtbot)
    qtbot.waitUntil(lambda: len(searched) > 3, timeout=60_000)
    return widget.desk.worker.native


def settle(qtbot):
    """Wait for all workers, and for what they have said."""
    assert QThreadPool.globalInstance().waitForDone(60_000)
    said = []
    qtbot.waitUntil(lambda: said.append(1) or len(said) > 3)


def wrapper(viewer):
    [dock] = [d for n, d in viewer.window._wrapped_dock_widgets.items() if TITLE in n]
    return dock


CLOSED = {
    "button": lambda viewer, _, qtbot: click(wrapper(viewer).title.close_button, qtbot),
    "dock removed": lambda viewer, *_: viewer.window.remove_dock_widget(
        wrapper(viewer)
    ),
    "widget removed": lambda viewer, widget, _: viewer.window.remove_dock_widget(
        widget.native
    ),
}


@pytest.mark.parametrize("how", CLOSED)
def test_a_closed_dock_cancels(viewer, road, qtbot, searched, notified, how):
    viewer.add_image(skimage.data.camera(), name="camera")
    widget = road(viewer)
    worker = begin(widget, qtbot, searched)
    CLOSED[how](viewer, widget, qtbot)
    assert worker.abort_requested
    settle(qtbot)
    assert not widget.running
    assert names(viewer) == ["camera"]
    assert notified == []


@pytest.mark.parametrize("close", ["close", "window"])
def test_a_closed_viewer_cancels(viewer, road, qtbot, searched, notified, close):
    image = viewer.add_image(skimage.data.camera(), name="camera")
    widget = road(viewer)
    worker = begin(widget, qtbot, searched)
    gone = []
    widget.native.destroyed.connect(lambda: gone.append(1))
    if close == "close":
        viewer.close()
    else:
        viewer.window._qt_window.close()
        del viewer.window._qt_window  # the fixture would close it once more
    qtbot.waitUntil(lambda: bool(gone))
    assert worker.abort_requested
    settle(qtbot)
    assert not widget.running
    assert list(viewer.layers) in ([], [image])
    assert notified == []


def test_a_closed_viewer_leaves_the_run_of_another(make_napari_viewer, canvas, qtbot):
    first, second = make_napari_viewer(), make_napari_viewer()
    image = skimage.data.camera()
    for viewer in (first, second):
        viewer.add_image(image, name="camera")
    widgets = [by_script(viewer) for viewer in (first, second)]
    for widget in widgets:
        click(widget.run_button, qtbot)
    first.close()
    wait(widgets[1], qtbot)
    settle(qtbot)
    assert names(first) == []
    assert len(second.layers) == 4
    np.testing.assert_array_equal(
        second.layers["camera labels"].data, quantize(image, 5).labels
    )


@pytest.mark.parametrize("how", ["dock", "viewer"])
def test_closed_when_the_result_was_on_its_way(viewer, qtbot, notified, how):
    viewer.add_image(skimage.data.camera(), name="camera")
    widget = by_script(viewer)
    widget.run()
    # The event loop does not turn: what the worker says arrives afterwards.
    assert QThreadPool.globalInstance().waitForDone(60_000)
    if how == "dock":
        click(wrapper(viewer).title.close_button, qtbot)
    else:
        viewer.close()
    settle(qtbot)
    assert not widget.running
    assert names(viewer) == (["camera"] if how == "dock" else [])
    assert notified == []


def hide(viewer, qtbot):
    click(wrapper(viewer).title.hide_button, qtbot)


def toggle(viewer, qtbot):
    open_from(viewer.window.plugins_menu, viewer)


def tab(viewer, qtbot):
    viewer.window.add_dock_widget(QLabel("other"), name="other", tabify=True)


def lift(viewer, qtbot):
    click(wrapper(viewer).title.float_button, qtbot)


@pytest.mark.parametrize("move", [hide, toggle, tab, lift])
def test_a_dock_out_of_sight_goes_on(viewer, qtbot, move):
    viewer.window._qt_window.show()
    viewer.add_image(skimage.data.camera(), name="camera")
    widget = open_from(viewer.window.plugins_menu, viewer)
    click(widget.run_button, qtbot)
    move(viewer, qtbot)
    assert widget.running
    wait(widget, qtbot)
    assert len(viewer.layers) == 4
    assert widget.message.value.startswith("Compactness")


def test_opened_again_in_the_middle_of_a_run(viewer, qtbot, searched, monkeypatch):
    viewer.add_image(skimage.data.camera(), name="camera")
    first = open_from(viewer.window.plugins_menu, viewer)
    begin(first, qtbot, searched)
    click(wrapper(viewer).title.close_button, qtbot)
    second = open_from(viewer.window.plugins_menu, viewer)
    assert second is not first
    assert not second.running
    monkeypatch.undo()
    run(second, qtbot)
    settle(qtbot)
    assert len(viewer.layers) == 4


def test_a_widget_taken_out_and_docked_again_can_run(viewer, qtbot, searched):
    viewer.add_image(skimage.data.camera(), name="camera")
    widget = by_script(viewer)
    begin(widget, qtbot, searched)
    viewer.window.remove_dock_widget(widget.native)
    viewer.window.add_dock_widget(widget, name="again")
    wait(widget, qtbot)
    assert widget.message.value == "Canceled"
    searched.clear()
    begin(widget, qtbot, searched)
    click(widget.cancel_button, qtbot)
    wait(widget, qtbot)
    assert names(viewer) == ["camera"]


def test_what_was_read_is_let_go_with_its_layer(viewer, qtbot):
    viewer.add_image(skimage.data.camera(), name="camera")
    widget = by_script(viewer)
    run(widget, qtbot)
    samples = weakref.ref(widget.model.job().kept.samples)
    viewer.layers.clear()
    settle(qtbot)
    gc.collect()
    assert samples() is None


def test_two_docks_of_one_viewer(viewer, qtbot):
    image = viewer.add_image(skimage.data.camera(), name="camera")
    first, second = by_script(viewer), type(by_script(viewer))(viewer)
    viewer.window.add_dock_widget(second, name="second")
    second.k.value = 3
    click(first.run_button, qtbot)
    click(second.run_button, qtbot)
    wait(first, qtbot)
    wait(second, qtbot)
    for widget in (first, second):
        assert widget.layer.value is image
        assert widget.message.value.startswith("Compactness")
    for layer in viewer.layers[1:]:
        record = layer.metadata["napari-kmeans"]
        if record["layer"] == "labels":
            expected = quantize(image.data, record["k"]).labels
            np.testing.assert_array_equal(layer.data, expected)


def test_the_app_is_quit_in_the_middle_of_a_run():
    code = """
import napari, numpy as np, time
from napari._qt.qt_event_loop import quit_app
from napari_kmeans.core.cluster import opencv
from napari_kmeans.core.run.progress import step
from qtpy.QtCore import QTimer

def endless(*args, **kwargs):
    while True:
        searched.append(1)
        time.sleep(0.01)
        step(1)

def look():
    if len(searched) > 3:
        timer.stop()
        quit_app()

searched, opencv.search = [], endless
viewer = napari.Viewer()
viewer.add_image(np.random.default_rng(0).random((50, 60)))
widget = viewer.window.add_plugin_dock_widget("napari-kmeans")[1]
timer = QTimer()
timer.timeout.connect(look)
timer.start(10)
QTimer.singleShot(0, widget.run_button.native.click)
napari.run()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr


def test_a_bar_of_more_steps_than_qt_can_count(viewer, qtbot, searched, monkeypatch):
    monkeypatch.setattr("napari_kmeans.plugin.worker.PATIENCE", 0)
    viewer.add_image(skimage.data.camera(), name="camera")
    widget = by_script(viewer)
    widget.attempts.value = 2**31 - 1
    widget.max_iter.value = 2**31 - 1
    begin(widget, qtbot, searched)
    qtbot.waitUntil(lambda: "attempt" in widget.message.value, timeout=60_000)
    assert not widget.progress.native.isHidden()
    click(widget.cancel_button, qtbot)
    wait(widget, qtbot)
    QApplication.processEvents()
    assert widget.message.value == "Canceled"


@pytest.mark.parametrize("end", ["", "viewer.close()"])
def test_programs_end_in_silence_whatever_is_under_way(end):
    script = f"""
import napari, skimage.data
viewer = napari.Viewer()
viewer.add_image(skimage.data.astronaut(), name="photo")
dock, widget = viewer.window.add_plugin_dock_widget("napari-kmeans")
widget.k.value = 4
widget.run(block=True)
widget.k.value = 9
widget.run()
{end}
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True)
    told = ended.stderr.decode()  # napari may draw a bar there, of what takes long
    assert ended.returncode == 0
    assert "Error" not in told
    assert "deleted" not in told
