"""Colors in a viewer of their own: what is seen and selected, and what follows."""

from types import SimpleNamespace

import numpy as np
import pytest
import skimage.data
from napari.components import ViewerModel
from qtpy.QtCore import QEvent, QPoint, Qt
from qtpy.QtTest import QTest

from dock import actions_below, by_script, wait
from napari_kmeans import cloud, fit, read_samples
from napari_kmeans.plugin.cloud import Cloud, camera_and_axes, question
from napari_kmeans.plugin.clusters import Clusters
from napari_kmeans.plugin.docks import CLUSTERS, open_panel
from napari_kmeans.plugin.model import KMeansModel

COFFEE = skimage.data.coffee()[::8, ::8].copy()
GRAY = skimage.data.camera()[::8, ::8].copy()
IMAGES = {"photo": COFFEE, "gray": GRAY}


def shown(cloud):
    """Show what there is to be shown now."""
    clusters = cloud.clusters
    clusters.model.do(
        lambda: clusters.model.asked(question(clusters, lambda it, _: cloud.show(it)))
    )


@pytest.fixture
def two():
    """A cloud of a photo in five clusters, in a viewer without a window."""
    viewer = ViewerModel()
    viewer.add_image(COFFEE.copy(), name="photo")
    model = KMeansModel(viewer)
    model.change(k=5)
    model.run()
    two = Cloud(Clusters(model), ViewerModel())
    shown(two)
    return two


@pytest.fixture
def colors(two):
    return two.viewer.layers["colors"]


def labels_of(layer):
    return layer.features["label"].to_numpy()


def are_of(layer, palette):
    """Whether points are those of a palette, in its colors."""
    (data, attributes, _), centers = cloud(read_samples(COFFEE), palette)
    np.testing.assert_array_equal(layer.data, data)
    np.testing.assert_array_equal(labels_of(layer), attributes["features"]["label"])
    np.testing.assert_allclose(layer.face_color, attributes["face_color"], atol=1e-6)
    return centers


# -- without a window --------------------------------------------------------------


def test_edits_are_followed(two, colors):
    clusters, layers = two.clusters, two.viewer.layers
    camera, axes = camera_and_axes(two.viewer)
    assert axes.visible
    assert axes.labels
    camera.angles = angles = (10, 20, 30)
    for act in (
        lambda: clusters.merge([1, 3]),
        lambda: clusters.recolor(2, "#00ff00"),
        lambda: clusters.split(1, 3),
        lambda: clusters.rename(2, "sky"),
        lambda: clusters.delete([1]),
        clusters.undo,
    ):
        act()
        assert two.is_stale
        shown(two)
        assert not two.is_stale
        centers = are_of(colors, clusters.palette)
        np.testing.assert_array_equal(layers["centers"].data, centers[0])
        assert layers["centers"].features["name"].tolist() == [*clusters.palette.names]
        numbers = [str(label) for label in range(1, clusters.k + 1)]
        assert layers["centers"].text.values.tolist() == numbers
        assert [*layers] == [colors, layers["centers"]]
    assert camera.angles == angles
    assert two.viewer.title == "Colors of photo"


def test_another_space_and_other_layers_are_followed(two):
    clusters, model, viewer = two.clusters, two.clusters.model, two.viewer
    assert viewer.dims.ndisplay == 3
    assert viewer.dims.axis_labels == ("red", "green", "blue")
    model.change(color_space="cielab")
    model.run()
    shown(two)
    assert viewer.dims.axis_labels == ("L*", "a*", "b*")
    gray = model.viewer.add_image(GRAY, name="gray")
    model.viewer.layers.selection = {gray}
    assert clusters.palette is None
    assert two.is_stale
    two.clear()
    assert not viewer.layers
    model.run()
    shown(two)
    assert viewer.title == "Colors of gray"
    assert viewer.dims.ndisplay == viewer.dims.ndim == 2
    assert viewer.dims.axis_labels == ("pixels", "value")
    assert tuple(map(str, camera_and_axes(viewer)[0].orientation2d)) == ("up", "right")


def test_clusters_of_selected_colors_are_selected(two, colors):
    told = []
    two.picked.connect(lambda: told.append(len(two.colors)))
    labels = labels_of(colors)
    some = [int(np.flatnonzero(labels == label)[0]) for label in (2, 4)]
    colors.selected_data = set(some)
    assert two.clusters.selected == (2, 4)
    assert two.clusters.alone
    np.testing.assert_array_equal(two.colors, colors.data[sorted(some)])
    assert told[-1] == 2
    colors.selected_data = set()
    assert two.clusters.selected == ()
    assert not two.clusters.alone
    two.viewer.layers["centers"].selected_data = {2}
    assert two.clusters.selected == (3,)


def test_colors_of_selected_clusters_stand_out(two, colors):
    full, sizes = colors.face_color.copy(), colors.size.copy()
    two.clusters.select([2])
    np.testing.assert_allclose(colors.face_color, full)
    two.clusters.isolate()
    out = labels_of(colors) == 2
    np.testing.assert_allclose(colors.face_color[out], full[out])
    assert (colors.face_color[~out, 3] < 0.5).all()
    assert (colors.size[~out] < sizes[~out]).all()
    two.clusters.hide([5])
    np.testing.assert_array_equal(colors.shown, labels_of(colors) != 5)
    assert two.viewer.layers["centers"].shown.tolist() == [True] * 4 + [False]
    two.clusters.reveal()
    two.clusters.isolate(False)
    np.testing.assert_allclose(colors.face_color, full)
    np.testing.assert_allclose(colors.size, sizes)
    assert colors.shown.all()


def test_another_selection_in_the_panel_takes_the_place_of_that_of_colors(two, colors):
    colors.selected_data = set(np.flatnonzero(labels_of(colors) == 2)[:5].tolist())
    two.clusters.select([2])
    assert len(colors.selected_data) == 5
    two.clusters.select([3])
    assert len(colors.selected_data) == 0
    assert two.clusters.selected == (3,)


def test_selected_colors_become_a_cluster(two, colors):
    of = np.flatnonzero(labels_of(colors) == 4)
    brightest = of[colors.data[of].sum(axis=1).argsort()[-40:]]
    colors.selected_data = set(brightest.tolist())
    pixels = colors.features["pixels"].to_numpy()[brightest]
    mean = np.average(colors.data[brightest], axis=0, weights=pixels)
    two.add()
    palette = two.clusters.palette
    assert palette.k == two.clusters.k == 6
    np.testing.assert_allclose(palette.centers[5], mean)
    shown(two)
    assert len(two.colors) == 40
    labels = {*labels_of(colors)[brightest].tolist()}
    assert 6 in labels
    assert {*two.clusters.selected} == labels
    layer = two.clusters.layer
    np.testing.assert_array_equal(layer.data, palette.label(COFFEE))
    two.clusters.undo()
    assert two.clusters.k == 5


def test_one_color_becomes_a_cluster_whatever_it_is():
    image = np.full((9, 10), 0.1)
    image[0, :4], image[5] = [0.7, 0.3, 0.2, 0.9], 0.4
    viewer = ViewerModel()
    viewer.add_image(image, name="floats")
    model = KMeansModel(viewer)
    model.change(k=2)
    model.run()
    two = Cloud(Clusters(model), ViewerModel())
    shown(two)
    for value in (0.1, 0.7):
        values = two.viewer.layers["colors"].features["value"].to_numpy()
        two.viewer.layers["colors"].selected_data = {int((values == value).argmax())}
        k = two.clusters.k
        two.add()
        shown(two)
        assert two.clusters.k == k + 1
        assert two.clusters.palette.centers[-1].tolist() == [value]


def test_without_selected_colors_there_is_nothing_to_make_a_cluster_of(two):
    with pytest.raises(ValueError, match="There should be colors to make a cluster"):
        two.add()


def test_colors_stay_where_they_are(two, colors):
    data, features = colors.data.copy(), colors.features.copy()
    sizes = colors.size.copy()
    colors.selected_data = {0, 1, 2}
    colors.remove_selected()
    np.testing.assert_array_equal(colors.data, data)
    assert colors.features.equals(features)
    are_of(colors, two.clusters.palette)
    colors.add([1, 2, 3])
    np.testing.assert_array_equal(colors.data, data)
    np.testing.assert_allclose(colors.size, sizes)
    moved = data.copy()
    moved[5] += 9
    colors.data = moved
    np.testing.assert_array_equal(colors.data, data)


def test_a_cloud_that_has_stopped_does_not_follow(two, colors):
    two.stop()
    full = colors.face_color.copy()
    two.clusters.select([2])
    two.clusters.isolate()
    np.testing.assert_array_equal(colors.face_color, full)


# -- with windows ------------------------------------------------------------------


@pytest.fixture
def panel(viewer, qtbot, request):
    """The panel of clusters of an image in a window."""
    kind = getattr(request, "param", "photo")
    viewer.add_image(IMAGES[kind].copy(), name=kind)
    widget = by_script(viewer)
    widget.k.value = 4
    widget.run(block=True)
    panel = open_panel(viewer, CLUSTERS)
    return getattr(panel, "_magic_widget", panel)


def opened(panel, qtbot):
    """Open the colors from the menu; return their viewer."""
    menu = panel.buttons["more"].menu()
    menu.aboutToShow.emit()
    [action] = [a for a in actions_below(menu) if a.text() == "Colors in 3-D"]
    action.trigger()
    qtbot.waitUntil(lambda: panel.space.viewer is not None, timeout=60_000)
    qtbot.waitUntil(lambda: len(panel.space.viewer.layers) == 2)
    return panel.space.viewer


def bar_of(viewer):
    dock = viewer.window.dock_widgets["Colors"]
    return getattr(dock, "_magic_widget", dock)


def follows(panel, qtbot):
    """Wait until what is shown is what there is."""
    qtbot.waitUntil(lambda: not panel.space.cloud.is_stale, timeout=60_000)


def drag(viewer, start, end, qtbot):
    """Drag over the canvas, between places that are parts of its width and height."""
    native = viewer.window._qt_viewer.canvas.native
    places = [
        QPoint(round(x * native.width()), round(y * native.height()))
        for x, y in (start, tuple(np.mean([start, end], axis=0)), end)
    ]
    button = Qt.MouseButton.LeftButton
    QTest.mouseMove(native, places[0])
    QTest.mousePress(native, button, Qt.KeyboardModifier.NoModifier, places[0])
    for place in places[1:]:
        QTest.mouseMove(native, place)
        qtbot.wait(50)
    QTest.mouseRelease(native, button, Qt.KeyboardModifier.NoModifier, places[-1])


def test_opened_again_it_is_the_same(panel, qtbot):
    viewer = opened(panel, qtbot)
    assert viewer.window._qt_window.windowTitle() == "Colors of photo"
    assert opened(panel, qtbot) is viewer
    assert viewer.theme == panel.clusters.model.viewer.theme


def test_it_follows_what_is_done_in_the_window(panel, qtbot):
    colors = opened(panel, qtbot).layers["colors"]
    panel.clusters.select([1, 2])
    panel.merge()
    qtbot.waitUntil(lambda: panel.clusters.k == 3)
    follows(panel, qtbot)
    assert labels_of(colors).max() == 3
    panel.undo()
    qtbot.waitUntil(lambda: panel.clusters.k == 4)
    follows(panel, qtbot)
    assert labels_of(colors).max() == 4
    panel.desk.model.change(k=7)
    panel.desk.do(panel.desk.model.do, panel.desk.model.job)
    qtbot.waitUntil(lambda: panel.clusters.k == 7)
    follows(panel, qtbot)
    assert labels_of(colors).max() == 7
    panel.show_all()
    are_of(colors, fit(read_samples(COFFEE), k=7))


@pytest.mark.parametrize("panel", ["gray", "photo"], indirect=True)
def test_a_box_dragged_around_colors_selects_their_clusters(panel, qtbot):
    viewer = opened(panel, qtbot)
    bar, colors = bar_of(viewer), viewer.layers["colors"]
    qtbot.wait_exposed(viewer.window._qt_window)
    qtbot.mouseClick(bar.select_button, Qt.MouseButton.LeftButton)
    assert str(colors.mode) == "select"
    drag(viewer, (0.02, 0.02), (0.98, 0.98), qtbot)
    assert panel.clusters.selected == (1, 2, 3, 4)
    n = len(panel.space.cloud.colors)
    assert n == len(colors.selected_data) > 0.99 * len(colors.data)
    assert bar.said.text() == f"{n:,} colors selected, of clusters 1, 2, 3, 4"
    rows = panel.rows.selectionModel().selectedRows()
    assert len(rows) == 4
    drag(viewer, (0.01, 0.01), (0.02, 0.02), qtbot)
    assert panel.clusters.selected == ()
    assert not bar.add_button.isEnabled()
    qtbot.mouseClick(bar.select_button, Qt.MouseButton.LeftButton)
    assert str(colors.mode) == "pan_zoom"


def test_colors_become_a_cluster_by_a_click(panel, qtbot):
    viewer = opened(panel, qtbot)
    bar, colors = bar_of(viewer), viewer.layers["colors"]
    brightest = int(colors.data.sum(axis=1).argmax())
    colors.selected_data = {brightest}
    qtbot.mouseClick(bar.add_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.clusters.k == 5)
    follows(panel, qtbot)
    assert labels_of(colors)[brightest] == 5
    assert panel.clusters.selected == (5,)
    assert panel.clusters.history.current.name.startswith("Add ")


def test_the_theme_is_that_of_the_window(panel, qtbot):
    viewer = opened(panel, qtbot)
    panel.clusters.model.viewer.theme = "light"
    assert viewer.theme == "light"


def test_closed_it_can_be_opened_again(panel, qtbot):
    first = opened(panel, qtbot)
    by_hand = SimpleNamespace(
        type=lambda: QEvent.Type.Close, spontaneous=lambda: True, ignore=lambda: None
    )
    assert panel.space.eventFilter(first.window._qt_window, by_hand)
    qtbot.waitUntil(lambda: panel.space.viewer is None)
    assert not hasattr(first.window, "_qt_window")
    panel.clusters.select([1])
    second = opened(panel, qtbot)
    assert second is not first
    second.close()
    qtbot.waitUntil(lambda: panel.space.viewer is None)
    panel.clusters.select([2])


def test_it_is_closed_with_the_window(panel, viewer, qtbot):
    colors = opened(panel, qtbot)
    viewer.close()
    assert panel.space.viewer is None
    assert not colors.layers


def test_closed_before_it_was_there_it_is_not_opened(panel, viewer, qtbot):
    panel.space.open()
    wait(panel.desk.model, qtbot)
    panel.space.close()
    qtbot.wait(100)
    assert panel.space.viewer is None


def test_without_clusters_it_cannot_be_opened(viewer, qtbot, notified):
    viewer.add_image(GRAY, name="gray")
    panel = open_panel(viewer, CLUSTERS)
    panel = getattr(panel, "_magic_widget", panel)
    panel.space.open()
    assert notified == ["There should be clusters of an image: run first."]
