"""The panel "Choose K" and what it needs: sweeps of what is chosen in the dock."""

import gc
import sys
import weakref

import dask.array as da
import numpy as np
import pytest
import skimage.data
from napari.components import ViewerModel
from qtpy.QtCore import QPoint, Qt, QThreadPool
from qtpy.QtWidgets import QApplication, QToolTip

from dock import by_script, click, names, open_from, select, wait
from napari_kmeans import quantize, sweep
from napari_kmeans.core.reading import source
from napari_kmeans.plugin.choosing import ChooseWidget
from napari_kmeans.plugin.curve import MISSING
from napari_kmeans.plugin.desk import Desk
from napari_kmeans.plugin.model import KMeansModel
from napari_kmeans.plugin.settings import LABELS
from napari_kmeans.plugin.sources import Scope
from napari_kmeans.plugin.sweeps import Sweeps

COFFEE = skimage.data.coffee()[::8, ::8].copy()
GRAY = skimage.data.camera()[::8, ::8].copy()
STACK = np.random.default_rng(0).integers(0, 60_000, (3, 20, 30), np.uint16)

TITLE = "Choose K"
ROADS = {
    "plugins_menu": lambda viewer: open_from(viewer.window.plugins_menu, viewer, TITLE),
    "by_script": lambda viewer: viewer.window.add_plugin_dock_widget(
        "napari-kmeans", TITLE
    )[1],
}


def assert_same(found, expected):
    """Compare two sweeps."""
    assert found.ks == expected.ks
    assert found.suggestion == expected.suggestion
    for name in ("explained", "silhouettes", "compactness"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    for one, other in zip(found.palettes, expected.palettes, strict=True):
        pairs = zip(one, other, strict=True) if found.axes else [(one, other)]
        for ours, theirs in pairs:
            np.testing.assert_array_equal(ours.centers, theirs.centers)


# -- without a window ------------------------------------------------------------------


def begun(image, **attributes):
    """Return the sweeps of an image that is chosen."""
    viewer = ViewerModel()
    viewer.add_image(image.copy(), name="first", **attributes)
    return Sweeps(KMeansModel(viewer))


@pytest.fixture
def reads(monkeypatch):
    """How often an image is read."""
    read, calls = source.read_samples, []

    def counted(*args, **kwargs):
        calls.append(1)
        return read(*args, **kwargs)

    monkeypatch.setattr(source, "read_samples", counted)
    return calls


@pytest.mark.parametrize("image", [COFFEE, GRAY, GRAY / 255, STACK])
def test_a_sweep_is_that_of_the_settings(image):
    sweeps = begun(image)
    sweeps.model.change(seed=3, attempts=2, color_space="oklab")
    sweeps.sweep(2, 5)
    space = {"color_space": "oklab"} if image is COFFEE else {}
    expected = sweep(image, range(2, 6), seed=3, attempts=2, **space)
    assert_same(sweeps.swept.sweep, expected)
    shown = expected.thumbnails(image, 160)
    np.testing.assert_array_equal(sweeps.swept.thumbnails, shown)
    assert sweeps.suggested == expected.suggestion.k
    assert sweeps.said == f"Suggested: {expected.suggestion.reason}"
    assert len(sweeps.model.viewer.layers) == 1


def test_what_is_chosen_shows_the_clusters_of_the_sweep():
    sweeps = begun(COFFEE)
    sweeps.sweep(2, 6)
    for k in (4, 2, 6):
        sweeps.choose(k)
        palette = sweeps.swept.sweep[k]
        labels = sweeps.model.viewer.layers["first labels"].data
        np.testing.assert_array_equal(labels, palette.apply(COFFEE)[0])
        assert sweeps.model.settings.k == k
        assert sweeps.stale == ""


def test_an_image_is_read_once(reads):
    sweeps = begun(COFFEE)
    sweeps.sweep(2, 4)
    sweeps.sweep(5, 6)
    sweeps.choose(5)
    assert len(reads) == 1


def test_what_a_run_has_read_serves_sweeps(reads):
    sweeps = begun(COFFEE)
    sweeps.model.run()
    sweeps.sweep(2, 4)
    assert len(reads) == 1


def test_what_is_masked_does_not_count():
    sweeps = begun(GRAY)
    inside = np.zeros(GRAY.shape, int)
    inside[10:40, 20:50] = 1
    mask = sweeps.model.viewer.add_labels(inside, name="mask")
    sweeps.model.change(mask=mask)
    sweeps.sweep(2, 4)
    assert_same(sweeps.swept.sweep, sweep(GRAY, range(2, 5), mask=inside > 0))


def test_layers_that_are_channels():
    viewer = ViewerModel()
    layers = [
        viewer.add_image(one, name=n) for one, n in zip(STACK, "abc", strict=True)
    ]
    sweeps = Sweeps(KMeansModel(viewer))
    select(viewer, *layers)
    sweeps.sweep(2, 4)
    assert_same(sweeps.swept.sweep, sweep(STACK, range(2, 5), channel_axis=0))


@pytest.mark.parametrize("lazy", [False, True])
def test_each_plane_on_its_own(lazy):
    sweeps = begun(da.from_array(STACK, chunks=(1, 20, 30)) if lazy else STACK)
    sweeps.model.change(scope=Scope((0,)))
    sweeps.sweep(2, 4)
    expected = sweep(STACK, range(2, 5), axes=0)
    assert_same(sweeps.swept.sweep, expected)
    np.testing.assert_array_equal(
        sweeps.swept.thumbnails, expected.thumbnails(STACK, 160)
    )


@pytest.mark.parametrize("axis", [0, 2])
def test_the_plane_that_is_shown(axis):
    sweeps = begun(STACK)
    viewer = sweeps.model.viewer
    viewer.dims.order = (axis, *(a for a in range(3) if a != axis))
    viewer.dims.set_point(axis, 1)
    sweeps.model.change(scope=Scope((axis,), current=True))
    sweeps.sweep(2, 4)
    shown = STACK.take(1, axis)
    assert_same(sweeps.swept.sweep, sweep(shown, range(2, 5)))
    assert sweeps.swept.thumbnails.shape == (3, *shown.shape)
    viewer.dims.set_point(axis, 2)
    assert sweeps.stale == "Another plane was swept than is shown. Sweep again."
    assert sweeps.suggested is None
    viewer.dims.set_point(axis, 1)
    assert sweeps.stale == ""


def test_lazy_images_have_the_same_sweep_and_stay_lazy():
    levels = [da.from_array(GRAY, chunks=20), da.from_array(GRAY[::2, ::2])]
    viewer = ViewerModel()
    layer = viewer.add_image(levels, multiscale=True, name="first")
    sweeps = Sweeps(KMeansModel(viewer))
    sweeps.sweep(2, 4)
    assert_same(sweeps.swept.sweep, sweep(GRAY, range(2, 5)))
    assert all(isinstance(level, da.Array) for level in layer.data)


def test_fewer_colors_are_told_without_a_warning(notified):
    sweeps = begun(GRAY // 64)
    sweeps.sweep(2, 9)
    assert sweeps.swept.sweep.ks == (2, 3, 4)
    assert "k=9 should be at most the 4 distinct colors" in sweeps.said
    assert notified == []


def test_labels_to_start_from_do_not_count():
    sweeps = begun(GRAY)
    start = sweeps.model.viewer.add_labels((GRAY > 100) + 1, name="start")
    sweeps.model.change(init=LABELS, start_labels=start)
    sweeps.sweep(2, 4)
    assert_same(sweeps.swept.sweep, sweep(GRAY, range(2, 5)))


def repaint(sweeps):
    sweeps.model.viewer.layers["mask"].paint((5, 5), 0)


def renew(sweeps):
    sweeps.model.sources[0].data = GRAY[::-1].copy()


CHANGED = "The image or its mask has changed since the sweep. Sweep again."


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda s: s.model.change(k=9), ""),
        (lambda s: s.model.change(live=True, add_centers=False), ""),
        (
            lambda s: s.model.change(seed=7),
            "Swept with other settings: seed 0 → 7. Sweep again.",
        ),
        (
            lambda s: s.model.change(mask=None),
            "Swept with other settings: mask. Sweep again.",
        ),
        (renew, CHANGED),
        (repaint, CHANGED),
    ],
)
def test_a_sweep_of_something_else_is_said_to_be(act, said):
    sweeps = begun(GRAY)
    mask = sweeps.model.viewer.add_labels((GRAY > 9).astype(int), name="mask")
    sweeps.model.change(mask=mask)
    sweeps.sweep(2, 4)
    told = []
    sweeps.changed.connect(lambda: told.append(sweeps.stale))
    suggested = sweeps.suggested
    assert suggested is not None
    act(sweeps)
    assert told[-1] == sweeps.stale == said
    assert sweeps.suggested == (None if said else suggested)
    sweeps.sweep(2, 4)
    assert sweeps.stale == ""


def test_each_source_has_its_own_sweep():
    sweeps = begun(GRAY)
    sweeps.sweep(2, 4)
    first = sweeps.swept
    other = sweeps.model.viewer.add_image(COFFEE, name="other")
    assert sweeps.swept is None
    assert sweeps.said == ""
    sweeps.sweep(2, 3)
    assert sweeps.swept.sweep.ks == (2, 3)
    sweeps.model.viewer.layers.remove(other)
    assert sweeps.swept is first


def test_what_is_no_image_is_refused(notified):
    viewer = ViewerModel()
    sweeps = Sweeps(KMeansModel(viewer))
    sweeps.sweep()
    viewer.add_points(np.eye(5), name="dots")
    sweeps.sweep()
    assert notified == [
        "layer=None should be an Image layer: only images are swept.",
        "layer='dots' should be an Image layer: only images are swept.",
    ]
    assert sweeps.swept is None
    assert names(viewer) == ["dots"]


def test_a_range_without_k_is_refused(notified):
    begun(GRAY).sweep(5, 4)
    [message] = notified
    assert message.startswith("k=range(5, 5) should have at least one")


# -- the panel in the real viewer ------------------------------------------------------


@pytest.fixture(params=ROADS)
def panel_road(request):
    """What opens the panel in a viewer."""
    return ROADS[request.param]


def opened(viewer, image=COFFEE, least=2, most=5):
    """Return the panel, for a few K."""
    viewer.add_image(image, name="first")
    panel = ROADS["by_script"](viewer)
    panel.least.setValue(least)
    panel.most.setValue(most)
    return panel


def settle(panel, qtbot):
    qtbot.waitUntil(lambda: not panel.desk.model.busy, timeout=120_000)
    QApplication.processEvents()


def hexadecimal_of(color):
    return "#{:02x}{:02x}{:02x}".format(*color.as_rgb_tuple()[:3])


def swept(viewer, qtbot, **more):
    """Return the panel after a sweep."""
    panel = opened(viewer, **more)
    click(panel.sweep_button, qtbot)
    settle(panel, qtbot)
    return panel


def place_of(panel, k):
    """Return the middle of a thumbnail."""
    item = panel.thumbnails.item(panel.sweeps.swept.sweep.ks.index(k))
    panel.thumbnails.scrollToItem(item)
    return panel.thumbnails.visualItemRect(item).center()


def click_on(panel, k, qtbot):
    viewport = panel.thumbnails.viewport()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place_of(panel, k))
    settle(panel, qtbot)


def test_by_every_road(viewer, panel_road, qtbot):
    viewer.add_image(COFFEE, name="first")
    panel = panel_road(viewer)
    assert isinstance(panel, ChooseWidget)
    assert panel.thumbnails.isHidden()
    assert panel.curve.canvas is None
    assert (panel.least.value(), panel.most.value()) == (2, 16)
    panel.most.setValue(5)
    click(panel.sweep_button, qtbot)
    assert not panel.sweep_button.isEnabled()
    assert panel.cancel_button.isEnabled()
    settle(panel, qtbot)
    expected = sweep(COFFEE, range(2, 6))
    assert_same(panel.sweeps.swept.sweep, expected)
    assert names(viewer) == ["first"]
    assert panel.said.text() == f"Suggested: {expected.suggestion.reason}"
    texts = [panel.thumbnails.item(row).text() for row in range(4)]
    assert texts == ["K=2", "K=3", "K=4", "K=5"]
    assert panel.sweep_button.isEnabled()
    assert not panel.cancel_button.isEnabled()
    assert panel.bar.isHidden()


def test_the_suggestion_is_marked_in_the_dock_and_not_applied(viewer, qtbot):
    panel = swept(viewer, qtbot)
    dock = by_script(viewer)
    suggested = panel.sweeps.suggested
    assert dock.scale.mark == suggested
    assert f"K={suggested}" in dock.scale.toolTip()
    assert dock.k.value == 5
    dock.seed.value = 3
    assert dock.scale.mark is None
    assert panel.stale.text().startswith("Swept with other settings: seed 0 → 3")
    assert not panel.stale.isHidden()
    dock.seed.value = 0
    assert dock.scale.mark == suggested
    assert panel.stale.isHidden()


def test_a_click_on_a_thumbnail(viewer, qtbot):
    panel = swept(viewer, qtbot)
    viewer.window._qt_window.show()
    dock = by_script(viewer)
    for k in (3, 4):
        click_on(panel, k, qtbot)
        assert dock.k.value == k
        labels = quantize(COFFEE, k).labels
        np.testing.assert_array_equal(viewer.layers["first labels"].data, labels)
        [item] = panel.thumbnails.selectedItems()
        assert item.text() == f"K={k}"
        assert item.font().bold()


@pytest.mark.parametrize("live", [False, True])
def test_keys_go_through_thumbnails(viewer, qtbot, live):
    panel = swept(viewer, qtbot)
    viewer.window._qt_window.show()
    panel.desk.model.change(live=live)
    panel.thumbnails.setFocus()
    assert panel.thumbnails.currentItem().text() == "K=5"
    qtbot.keyClick(panel.thumbnails, Qt.Key.Key_Left)
    assert panel.desk.model.settings.k == 5
    qtbot.keyClick(panel.thumbnails, Qt.Key.Key_Return)
    settle(panel, qtbot)
    assert panel.desk.model.settings.k == 4
    assert viewer.layers["first labels"].data.max() == 4
    np.testing.assert_array_equal(
        viewer.layers["first labels"].data, quantize(COFFEE, 4).labels
    )


def test_return_in_a_box_sweeps_and_escape_cancels(viewer, qtbot, searched):
    panel = opened(viewer)
    viewer.window._qt_window.show()
    panel.most.setFocus()
    panel.most.selectAll()
    qtbot.keyClicks(panel.most, "4")
    qtbot.keyClick(panel.most, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(searched) > 3, timeout=60_000)
    assert panel.sweeps.running
    qtbot.keyClick(panel.most, Qt.Key.Key_Escape)
    assert not panel.desk.model.busy
    assert panel.most.value() == 4


def test_ends_of_the_range_push_each_other(viewer):
    panel = opened(viewer, least=2, most=5)
    panel.least.setValue(8)
    assert panel.most.value() == 8
    panel.most.setValue(3)
    assert panel.least.value() == 3


def test_a_click_on_the_curve(viewer, qtbot):
    panel = swept(viewer, qtbot)
    viewer.window._qt_window.show()
    canvas = panel.curve.canvas
    canvas.draw()
    [axes] = canvas.figure.axes
    x, y = axes.transData.transform((3.2, 0.5)) / canvas.device_pixel_ratio
    place = QPoint(round(x), round(canvas.height() - y))
    qtbot.mouseMove(canvas, place)
    qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=place)
    settle(panel, qtbot)
    assert panel.desk.model.settings.k == 3
    assert viewer.layers["first labels"].data.max() == 3
    explained = panel.sweeps.swept.sweep.explained
    line, *_, rings = canvas.figure.axes[0].lines
    np.testing.assert_array_equal(line.get_ydata(), explained)
    silhouette = panel.sweeps.swept.sweep.silhouettes[1]
    assert rings.get_xydata().tolist() == [[3, explained[1]], [3, silhouette]]
    panel.desk.model.change(k=99)
    assert len(rings.get_xdata()) == 0


def test_a_click_beside_the_axes_does_nothing(viewer, qtbot):
    panel = swept(viewer, qtbot)
    qtbot.mouseClick(panel.curve.canvas, Qt.MouseButton.LeftButton, pos=QPoint(1, 1))
    assert not panel.desk.model.busy
    assert names(viewer) == ["first"]


def test_plots_are_in_the_colors_of_the_theme(viewer, qtbot):
    from matplotlib.colors import to_hex
    from napari.utils.theme import get_theme

    panel = swept(viewer, qtbot)
    for name in ("light", "dark"):
        viewer.theme = name
        theme, figure = get_theme(name), panel.curve.canvas.figure
        assert to_hex(figure.get_facecolor()) == hexadecimal_of(theme.background)
        [axes] = figure.axes
        texts = [*axes.get_xticklabels(), *axes.get_legend().get_texts()]
        texts.append(axes.xaxis.label)
        colors = {to_hex(text.get_color()) for text in texts}
        assert colors == {"#{:02x}{:02x}{:02x}".format(*theme.text.as_rgb_tuple()[:3])}
        assert hexadecimal_of(theme.current) in panel.thumbnails.styleSheet()


def test_without_matplotlib_there_is_a_table(viewer, qtbot, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_qtagg", None)
    panel = swept(viewer, qtbot)
    viewer.window._qt_window.show()
    table, found = panel.curve.table, panel.sweeps.swept.sweep
    assert panel.curve.canvas is None
    rows = [[table.item(row, at).text() for at in range(3)] for row in range(4)]
    assert rows[1] == [
        "3",
        f"{100 * found.explained[1]:.1f} %",
        f"{found.silhouettes[1]:.2f}",
    ]
    assert MISSING in [
        label.text() for label in panel.curve.findChildren(type(panel.said))
    ]
    place = table.visualItemRect(table.item(1, 0)).center()
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    settle(panel, qtbot)
    assert panel.desk.model.settings.k == 3
    assert [item.row() for item in table.selectedItems()] == [1, 1, 1]
    viewer.theme = "light"


def test_cancel_leaves_what_was_there(viewer, qtbot, searched, monkeypatch):
    monkeypatch.setattr("napari_kmeans.plugin.worker.PATIENCE", 0)
    panel = opened(viewer)
    click(panel.sweep_button, qtbot)
    qtbot.waitUntil(lambda: panel.bar.text().startswith("Fitting, K="), timeout=60_000)
    assert not panel.bar.isHidden()
    worker = panel.desk.worker.native
    click(panel.cancel_button, qtbot)
    assert not panel.desk.model.busy
    assert worker.abort_requested
    assert panel.bar.isHidden()
    assert panel.sweep_button.isEnabled()
    assert panel.sweeps.swept is None
    assert panel.desk.model.message == "Canceled"
    assert names(viewer) == ["first"]


def test_a_closed_panel_cancels(viewer, qtbot, searched):
    panel = opened(viewer)
    desk = Desk.of(viewer)
    click(panel.sweep_button, qtbot)
    qtbot.waitUntil(lambda: len(searched) > 3, timeout=60_000)
    gone = []
    panel.destroyed.connect(lambda: gone.append(1))
    viewer.window.remove_dock_widget(panel)
    panel.deleteLater()
    qtbot.waitUntil(lambda: bool(gone), timeout=5_000)
    assert not desk.model.busy
    viewer.theme = "light"
    desk.model.change(k=3)


def test_a_run_asked_for_during_a_sweep_comes_after_it(viewer, qtbot):
    panel = opened(viewer)
    dock = by_script(viewer)
    click(panel.sweep_button, qtbot)
    panel.desk.do(panel.desk.model.do, panel.desk.model.job)
    wait(dock, qtbot)
    settle(panel, qtbot)
    assert len(panel.sweeps.swept.sweep) == 4
    assert viewer.layers["first labels"].data.max() == 5


def test_a_lazy_stack_plane_by_plane(viewer, qtbot):
    panel = opened(viewer, da.from_array(STACK, chunks=(1, 20, 30)), most=3)
    panel.desk.model.change(scope=Scope((0,)))
    click(panel.sweep_button, qtbot)
    settle(panel, qtbot)
    assert_same(panel.sweeps.swept.sweep, sweep(STACK, [2, 3], axes=0))
    assert panel.thumbnails.count() == 2
    viewer.window._qt_window.show()
    click_on(panel, 2, qtbot)
    assert np.asarray(viewer.layers["first labels"].data).max() == 2


def test_no_image_is_a_notification(viewer, qtbot, notified):
    panel = ROADS["by_script"](viewer)
    click(panel.sweep_button, qtbot)
    viewer.add_points(np.eye(5), name="dots")
    click(panel.sweep_button, qtbot)
    assert [message.split(" ")[0] for message in notified] == [
        "layer=None",
        "layer='dots'",
    ]
    assert names(viewer) == ["dots"]


def test_another_layer_shows_its_own_sweep(viewer, qtbot):
    panel = swept(viewer, qtbot)
    assert panel.thumbnails.count() == 4
    other = viewer.add_image(GRAY, name="other")
    assert panel.thumbnails.isHidden()
    viewer.layers.remove(other)
    assert not panel.thumbnails.isHidden()
    assert panel.thumbnails.count() == 4


def test_everything_says_what_it_does(viewer, qtbot):
    panel = swept(viewer, qtbot)
    controls = (
        *(panel.least, panel.most, panel.sweep_button, panel.cancel_button),
        *(panel.thumbnails, panel.thumbnails.item(0), panel.curve.canvas),
    )
    assert all(control.toolTip() for control in controls)
    assert panel.minimumSizeHint().width() <= 300
    QToolTip.hideText()


def test_a_closed_viewer_cancels(viewer, qtbot, searched, notified):
    panel = opened(viewer)
    desk = panel.desk
    click(panel.sweep_button, qtbot)
    qtbot.waitUntil(lambda: len(searched) > 3, timeout=60_000)
    worker = desk.worker.native
    gone = []
    panel.destroyed.connect(lambda: gone.append(1))
    viewer.close()
    qtbot.waitUntil(lambda: bool(gone), timeout=5_000)
    assert worker.abort_requested
    assert QThreadPool.globalInstance().waitForDone(60_000)
    assert not desk.model.busy
    assert notified == []


def test_what_was_read_is_let_go_with_its_layer(viewer, qtbot):
    panel = swept(viewer, qtbot)
    samples = weakref.ref(panel.desk.model.job().kept.samples)
    viewer.layers.clear()
    QApplication.processEvents()
    gc.collect()
    assert samples() is None
    assert panel.sweeps.swept is None
