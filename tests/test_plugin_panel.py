"""The panel of clusters in the real viewer, with clicks and keys."""

import numpy as np
import pandas as pd
import pytest
import skimage.data
from PIL import Image as Picture
from qtpy.QtCore import QPoint, Qt, QTranslator
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QApplication, QColorDialog, QFileDialog, QLineEdit, QMenu

from dock import TITLE, by_script, click, names, open_from, run
from napari_kmeans import despeckle, measure, quantize, read_samples
from napari_kmeans.plugin.docks import CLUSTERS, open_panel
from napari_kmeans.plugin.panel import ACTS, ClustersWidget
from napari_kmeans.plugin.section import Section
from napari_kmeans.plugin.table import LOCKED

PHOTO = skimage.data.coffee()[::2, ::2].copy()
STACK = np.stack([skimage.data.camera()[::8, ::8]] * 3)


@pytest.fixture
def panel(viewer, qtbot):
    """Return the panel of a photo in five colors."""
    viewer.add_image(PHOTO, name="photo")
    return begun(viewer, qtbot)


def begun(viewer, qtbot, k=5):
    widget = by_script(viewer)
    widget.k.value = k
    run(widget, qtbot)
    panel = open_panel(viewer, CLUSTERS)
    viewer.window._qt_window.show()
    still(panel, qtbot)
    return panel


def still(panel, qtbot):
    """Wait until nothing is under way."""
    desk = panel.desk
    qtbot.waitUntil(lambda: not desk.model.busy and desk.worker is None, timeout=60_000)


def labels_of(panel):
    return np.asarray(panel.clusters.layer.data)


def choose(panel, qtbot, *labels, column="name"):
    """Click on rows of the table, with Ctrl but for the first."""
    for number, label in enumerate(labels):
        place = center_of(panel, label, column)
        keys = Qt.KeyboardModifier.ControlModifier
        qtbot.mouseClick(
            panel.rows.viewport(),
            Qt.MouseButton.LeftButton,
            keys if number else Qt.KeyboardModifier.NoModifier,
            place,
        )


def center_of(panel, label, column):
    row = [panel.rows.table.label(r) for r in range(panel.rows.table.rowCount())].index(
        label
    )
    at = panel.rows.table.index(row, panel.rows.table.columns.index(column))
    return panel.rows.visualRect(panel.rows.order.mapFromSource(at)).center()


def press(panel, name, qtbot):
    click(panel.buttons[name], qtbot)
    still(panel, qtbot)


@pytest.mark.parametrize("road", ["first result", "plugins menu", "script"])
def test_the_panel_opens_by_every_road(viewer, qtbot, road):
    viewer.add_image(PHOTO, name="photo")
    if road == "plugins menu":
        panel = open_from(viewer.window.plugins_menu, viewer, "Clusters")
    elif road == "script":
        panel = viewer.window.add_plugin_dock_widget("napari-kmeans", CLUSTERS)[1]
    widget = by_script(viewer)
    if road == "first result":
        assert not any(title.startswith(CLUSTERS) for title in docks(viewer))
    run(widget, qtbot)
    assert [title for title in docks(viewer) if title.startswith(CLUSTERS)]
    panel = open_panel(viewer, CLUSTERS)
    assert isinstance(panel, ClustersWidget)
    assert panel.rows.table.rowCount() == 5


def docks(viewer):
    return list(viewer.window.dock_widgets)


def test_a_row_that_is_clicked_is_seen_alone(panel, qtbot):
    choose(panel, qtbot, 3)
    assert panel.clusters.selected == (3,)
    colors = panel.clusters.layer.colormap.colors
    expected = quantize(PHOTO, 5).colors
    np.testing.assert_allclose(colors[3, :3], expected[2], atol=1e-6)
    np.testing.assert_allclose(colors[1], [0, 0, 0, 0.85])
    press(panel, "show_all", qtbot)
    np.testing.assert_allclose(colors_of(panel), expected, atol=1e-6)


def colors_of(panel):
    k = panel.clusters.k
    return panel.clusters.layer.colormap.colors[1 : k + 1, :3]


def test_a_pixel_that_is_clicked_selects_its_row(panel, qtbot, viewer):
    place = (50, 70)
    canvas = on_canvas(viewer, place)
    native = viewer.window._qt_viewer.canvas.native
    qtbot.mouseMove(native, canvas)
    qtbot.mouseClick(native, Qt.MouseButton.LeftButton, pos=canvas)
    label = labels_of(panel)[place]
    qtbot.waitUntil(lambda: panel.clusters.selected == (label,), timeout=5_000)
    rows = panel.rows.selectionModel().selectedRows()
    assert [
        panel.rows.table.label(panel.rows.order.mapToSource(r).row()) for r in rows
    ] == [label]


def on_canvas(viewer, position):
    """Return where on the canvas a position in the image is."""
    QApplication.processEvents()
    camera = getattr(viewer, "scene", viewer).camera
    native = viewer.window._qt_viewer.canvas.native
    away = (np.array(position) - camera.center[-2:]) * camera.zoom
    return QPoint(
        round(native.width() / 2 + away[1]), round(native.height() / 2 + away[0])
    )


def test_the_cursor_tells_of_the_cluster_below_it(panel, qtbot, viewer):
    panel.clusters.rename(2, "table")
    place = tuple(np.argwhere(labels_of(panel) == 2)[500])
    native = viewer.window._qt_viewer.canvas.native
    qtbot.mouseMove(native, on_canvas(viewer, place))
    share = 100 * panel.clusters.palette.shares[1]
    qtbot.waitUntil(
        lambda: panel.said.text() == f"2 table, {share:.1f} %", timeout=5_000
    )


def test_clusters_are_merged_undone_and_done_again(panel, qtbot):
    before = labels_of(panel).copy()
    choose(panel, qtbot, 2, 4)
    press(panel, "merge", qtbot)
    merged = np.array([0, 1, 2, 3, 2, 4])[before]
    np.testing.assert_array_equal(labels_of(panel), merged)
    assert panel.rows.table.rowCount() == 4
    press(panel, "undo", qtbot)
    np.testing.assert_array_equal(labels_of(panel), before)
    assert not panel.buttons["undo"].isEnabled()
    press(panel, "redo", qtbot)
    np.testing.assert_array_equal(labels_of(panel), merged)
    assert not panel.buttons["redo"].isEnabled()


def test_all_of_it_works_by_keys(panel, qtbot, monkeypatch):
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_, **__: QColor("#00ff00"))
    window = panel.clusters.model.viewer.window._qt_window
    window.activateWindow()
    panel.rows.setFocus()
    qtbot.waitUntil(panel.rows.hasFocus, timeout=5_000)

    def key(*keys):
        for one in keys:
            one = one if isinstance(one, tuple) else (one,)
            qtbot.keyClick(panel.rows, *one)
            still(panel, qtbot)

    shift, control = (
        Qt.KeyboardModifier.ShiftModifier,
        Qt.KeyboardModifier.ControlModifier,
    )
    panel.rows.selectRow(0)
    key((Qt.Key.Key_Down, shift))
    assert panel.clusters.selected == (1, 2)
    key("M")
    assert panel.clusters.k == 4
    key(Qt.Key.Key_End)
    panel.rows.selectRow(3)
    key("S")
    assert panel.clusters.k == 5
    key((Qt.Key.Key_Z, control))
    assert panel.clusters.k == 4
    key((Qt.Key.Key_Z, control | shift))
    assert panel.clusters.k == 5
    key(Qt.Key.Key_Home, Qt.Key.Key_Down)
    assert panel.clusters.selected == (2,)
    key("C")
    np.testing.assert_allclose(panel.clusters.palette.colors[1], [0, 1, 0])
    key("L")
    assert panel.clusters.palette.locked[1]
    key("L", "H")
    assert panel.clusters.hidden == {2}
    key("A")
    assert not panel.clusters.hidden
    key(Qt.Key.Key_Up, Qt.Key.Key_Delete)
    assert panel.clusters.k == 4
    key(Qt.Key.Key_Home, Qt.Key.Key_Backspace)
    assert panel.clusters.k == 3


class German(QTranslator):
    def translate(self, _context, text, *_):
        return {"Ctrl": "Strg", "Shift": "Umschalt"}.get(text, text)


def test_keys_are_told_as_the_keyboard_has_them(viewer):
    """On a Mac, Ctrl is Command: here Qt is told what it is called."""
    translator = German()
    QApplication.installTranslator(translator)
    try:
        panel = ClustersWidget(viewer)
    finally:
        QApplication.removeTranslator(translator)
    assert panel.buttons["undo"].toolTip() == "Undo (Strg+Z)."
    assert panel.buttons["redo"].toolTip() == "Redo (Strg+Umschalt+Z)."
    panel.deleteLater()


def test_a_name_is_typed_into_the_table(panel, qtbot):
    place = center_of(panel, 2, "name")
    viewport = panel.rows.viewport()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    editor = panel.rows.findChild(QLineEdit)
    qtbot.keyClicks(editor, "table")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: panel.clusters.palette.names[1] == "table", timeout=5_000)
    assert panel.clusters.layer.features["name"][2] == "table"


def test_a_color_is_chosen_and_painted_at_once(panel, qtbot, monkeypatch):
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_, **__: QColor("#ff8000"))
    choose(panel, qtbot, 4, column="label")
    qtbot.mouseDClick(
        panel.rows.viewport(),
        Qt.MouseButton.LeftButton,
        pos=center_of(panel, 4, "label"),
    )
    still(panel, qtbot)
    np.testing.assert_allclose(colors_of(panel)[3], [1, 128 / 255, 0], atol=1e-6)
    quantized = panel.clusters.model.viewer.layers["photo quantized"].data
    assert (quantized[labels_of(panel) == 4] == [255, 128, 0]).all()


def test_a_tick_hides_a_cluster(panel, qtbot):
    rect = panel.rows.visualRect(panel.rows.order.index(1, 0))
    qtbot.mouseClick(
        panel.rows.viewport(),
        Qt.MouseButton.LeftButton,
        pos=QPoint(rect.left() + 10, rect.center().y()),
    )
    assert panel.clusters.hidden == {2}
    np.testing.assert_array_equal(panel.clusters.layer.colormap.colors[2], [0, 0, 0, 1])


def test_a_cluster_that_is_locked_looks_so_and_is_unlocked_first(panel, qtbot):
    def lock_of(label):
        index = panel.rows.table.index(label - 1, 0)
        return panel.rows.table.data(index, LOCKED)

    choose(panel, qtbot, 2)
    acts = ["split", "delete", "recolor"]
    assert all(panel.buttons[name].isEnabled() for name in acts)
    before = swatch(panel, 2)
    press(panel, "lock", qtbot)
    assert [lock_of(label) for label in (1, 2, 3)] == [False, True, False]
    assert swatch(panel, 2) != before
    assert panel.buttons["lock"].text() == "Unlock"
    for name in acts:
        assert not panel.buttons[name].isEnabled()
        assert panel.buttons[name].toolTip() == "Locked: 2. Unlock first (L)."
    choose(panel, qtbot, 2, 3)
    assert panel.buttons["lock"].text() == "Lock"
    assert not panel.buttons["merge"].isEnabled()
    at = panel.rows.table.index(1, panel.rows.table.columns.index("name"))
    assert not panel.rows.table.flags(at) & Qt.ItemFlag.ItemIsEditable
    choose(panel, qtbot, 2)
    press(panel, "lock", qtbot)
    assert swatch(panel, 2) == before
    assert panel.buttons["split"].isEnabled()
    assert panel.buttons["split"].toolTip().startswith("Make two of")


def swatch(panel, label):
    """Return what the number of a cluster looks like."""
    panel.rows.clearFocus()
    QApplication.processEvents()
    index = panel.rows.table.index(label - 1, 0)
    rect = panel.rows.visualRect(panel.rows.order.mapFromSource(index))
    return panel.rows.viewport().grab(rect.adjusted(24, 2, -2, -2)).toImage()


def test_the_column_is_called_as_its_entry(panel):
    at = panel.rows.table.columns.index("locked")
    assert panel.rows.table.headerData(at, Qt.Orientation.Horizontal) == "locked"


def test_texts_of_buttons_are_not_cut(panel):
    [section] = panel.findChildren(Section)
    section.heading.click()
    QApplication.processEvents()
    for button in panel.buttons.values():
        text = button.fontMetrics().horizontalAdvance(button.text())
        assert button.width() >= text, button.text()


def test_a_heading_that_is_opened_gets_room(panel, qtbot, viewer):
    viewer.window._qt_window.resize(1500, 950)
    bench = panel.clusters.model.bench  # lines about it take room, too
    qtbot.waitUntil(lambda: bench.quality is not None, timeout=30_000)
    still(panel, qtbot)
    docks = viewer.window.dock_widgets.items()
    [dock] = [one for title, one in docks if title.startswith(TITLE)]
    QApplication.processEvents()
    table = panel.rows.height()
    viewport = dock.room.viewport()

    section = next(iter(dock.sections.values()))
    section.heading.setChecked(False)
    QApplication.processEvents()
    before = viewport.height()
    section.heading.click()

    def has_room():
        dock.room.ask_for_room()  # lines about a run may have come meanwhile
        content = section.content
        bottom = content.mapTo(viewport, content.rect().bottomLeft()).y()
        return content.isVisible() and (
            bottom <= viewport.height() or viewport.height() > before
        )

    qtbot.waitUntil(has_room, timeout=10_000)
    assert 90 <= panel.rows.height() <= table


def test_locked_clusters_survive_a_run(panel, qtbot):
    choose(panel, qtbot, 2)
    press(panel, "lock", qtbot)
    center = panel.clusters.palette.centers[1].copy()
    widget = by_script(panel.clusters.model.viewer)
    widget.k.value = 8
    run(widget, qtbot)
    [at] = np.flatnonzero(panel.clusters.palette.locked)
    np.testing.assert_array_equal(panel.clusters.palette.centers[at], center)


def test_close_clusters_are_merged_with_a_slider(panel, qtbot):
    before = panel.clusters.palette
    for n, key in enumerate([Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left], 1):
        qtbot.keyClick(panel.closer.slider, key)
        still(panel, qtbot)
        merged = [1, 2, 1][n - 1]
        assert panel.clusters.k == 5 - merged
        assert panel.closer.slider.value() == merged
    heights = before.dendrogram[:, 2]
    expected = before.merge_closer((heights[0] + heights[1]) / 2)
    assert panel.clusters.palette == expected
    qtbot.keyClick(panel.closer.slider, Qt.Key.Key_Left)
    still(panel, qtbot)
    assert panel.clusters.palette == before


def test_steps_are_listed_and_gone_to(panel, qtbot):
    panel.clusters.rename(1, "dark")
    panel.clusters.merge([2, 3])
    menu = panel.buttons["steps"].menu()
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions()] == [
        *("K=5", "Name 1 dark", "Merge 2, 3"),
    ]
    menu.actions()[1].trigger()
    still(panel, qtbot)
    assert panel.clusters.k == 5
    assert panel.clusters.palette.names[0] == "dark"


def test_specks_are_removed_and_both_counts_told(panel, qtbot):
    before = np.bincount(labels_of(panel).ravel(), minlength=6)[1:]
    panel.speck.setValue(50)
    press(panel, "despeckle", qtbot)
    after = np.bincount(labels_of(panel).ravel(), minlength=6)[1:]
    assert (before != after).any()
    table = panel.clusters.table
    assert table["pixels"].tolist() == after.tolist()
    assert table["pixels before"].tolist() == before.tolist()
    press(panel, "undo", qtbot)
    assert panel.clusters.table["pixels"].tolist() == before.tolist()


def test_return_in_a_box_of_clean_up_does_what_its_button_does(panel, qtbot):
    before = labels_of(panel).copy()
    panel.speck.setValue(50)
    qtbot.keyClick(panel.speck, Qt.Key.Key_Return)
    still(panel, qtbot)
    expected = despeckle(before, 50).labels
    np.testing.assert_array_equal(labels_of(panel), expected)
    panel.least.setValue(0.5)
    qtbot.keyClick(panel.least, Qt.Key.Key_Enter)
    still(panel, qtbot)
    assert (labels_of(panel) == 0).sum() > (expected == 0).sum()


def test_sizes_of_specks_are_told_in_units_of_the_layer(viewer, qtbot):
    scale = {"scale": (0.5, 0.5), "units": ("um", "um")}
    viewer.add_image(PHOTO, name="photo", **scale)
    panel = begun(viewer, qtbot)
    panel.unit.setCurrentText("µm²")
    panel.speck.setValue(12.5)
    press(panel, "despeckle", qtbot)
    assert panel.clusters.history.current.clean_up.size == 50
    assert panel.by_plane.isHidden()


def test_areas_follow_the_units_of_the_layer_at_once(panel, viewer):
    pixels = panel.clusters.palette.counts
    assert not any("area" in name for name in panel.rows.table.columns)
    viewer.layers["photo"].units = ("um", "um")
    viewer.layers["photo"].scale = (0.5, 0.5)
    at = panel.rows.table.columns.index("area (µm²)")
    areas = [
        panel.rows.table.data(panel.rows.table.index(row, at), Qt.ItemDataRole.UserRole)
        for row in range(5)
    ]
    np.testing.assert_allclose(areas, pixels * 0.25)
    assert panel.unit.itemText(1) == "µm²"


def test_planes_of_a_stack_are_cleaned_each_on_its_own(viewer, qtbot):
    viewer.add_image(STACK, name="stack")
    panel = begun(viewer, qtbot)
    assert not panel.by_plane.isHidden()
    panel.by_plane.setChecked(True)
    press(panel, "despeckle", qtbot)
    one, *others = labels_of(panel)
    assert all((one == other).all() for other in others)
    labels = quantize(STACK, 5).labels
    np.testing.assert_array_equal(one, despeckle(labels[0], 20).labels)


def test_what_is_lost_is_told_once_it_is_known_and_not_of_what_was_cleaned(
    panel, qtbot
):
    choose(panel, qtbot, 2)
    choose(panel, qtbot, 3)
    press(panel, "split", qtbot)
    bench = panel.clusters.model.bench
    qtbot.waitUntil(lambda: bench.quality is not None, timeout=30_000)
    assert panel.said.text().endswith(str(bench.quality))
    press(panel, "despeckle", qtbot)
    assert bench.quality is None
    assert "PSNR" not in panel.said.text()


def test_what_is_lost_stays_told_with_a_name_and_is_measured_anew_with_a_color(
    panel, qtbot
):
    clusters = panel.clusters
    bench = clusters.model.bench
    qtbot.waitUntil(lambda: bench.quality is not None, timeout=30_000)
    before = bench.quality
    at = panel.rows.table.index(1, panel.rows.table.columns.index("name"))
    panel.rows.table.setData(at, "cup")
    assert bench.quality is before
    assert panel.said.text().endswith(str(before))
    still(panel, qtbot)
    panel.desk.do(clusters.lock, [3])
    assert bench.quality is before
    still(panel, qtbot)
    panel.desk.do(clusters.recolor, 1, "#00ff00")
    qtbot.waitUntil(lambda: bench.quality not in (None, before), timeout=30_000)
    assert bench.quality == measure(read_samples(PHOTO), clusters.palette)


def test_unsure_pixels_are_rejected_and_counted(panel, qtbot):
    panel.least.setValue(0.2)
    press(panel, "reject", qtbot)
    n = int((labels_of(panel) == 0).sum())
    assert n > 0
    widget = by_script(panel.clusters.model.viewer)
    assert f"{n:,} pixels left out: rejected" in widget.message.value
    features = panel.clusters.layer.features
    assert features["pixels"][0] == n


@pytest.mark.parametrize("entry", ["Table (CSV)…", "Indexed PNG…"])
def test_what_is_saved(panel, qtbot, monkeypatch, tmp_path, entry):
    path = tmp_path / "saved"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    panel.clusters.rename(2, "cup, left")
    act(panel, "export", entry)
    if entry.startswith("Table"):
        table = pd.read_csv(path.with_suffix(".csv"))
        assert table["name"][1] == "cup, left"
        assert table["pixels"].tolist() == panel.clusters.table["pixels"].tolist()
    else:
        with Picture.open(path.with_suffix(".png")) as picture:
            colors = np.asarray(picture.convert("RGB"))
        quantized = panel.clusters.model.viewer.layers["photo quantized"].data
        np.testing.assert_array_equal(colors, quantized)


def act(panel, button, text):
    """Choose an entry of the menu of a button."""
    menu = panel.buttons[button].menu()
    menu.aboutToShow.emit()
    [action] = [one for one in menu.actions() if one.text() == text]
    assert action.isEnabled()
    action.trigger()


def test_a_result_is_copied_as_python_that_makes_it(panel, qtbot, viewer):
    panel.clusters.merge([2, 3])
    panel.clusters.recolor(1, "#102030")
    panel.clusters.split(3)
    panel.clusters.reject(0.1)
    panel.clusters.despeckle(20)
    act(panel, "export", "Copy as Python")
    assert panel.said.text().startswith("Copied as Python.")
    panel.clusters.select([1])
    assert panel.said.text().startswith(f"{panel.clusters.k} clusters; selected: 1")
    made = {"viewer": viewer}
    exec(QApplication.clipboard().text(), made)
    np.testing.assert_array_equal(made["result"].labels, labels_of(panel))
    quantized = viewer.layers["photo quantized"].data
    np.testing.assert_array_equal(made["result"].quantized, quantized)


def test_labels_become_a_layer_each(panel, qtbot, viewer):
    panel.clusters.rename(3, "cup")
    act(panel, "export", "Labels as one layer a cluster")
    assert "cup" in names(viewer)
    np.testing.assert_array_equal(viewer.layers["cup"].data > 0, labels_of(panel) == 3)


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ("Error map", "photo error"),
        ("Error map (CIEDE2000)", "photo CIEDE2000"),
        ("Margin map", "photo margin"),
    ],
)
def test_maps_are_layers(panel, qtbot, viewer, entry, name):
    act(panel, "more", entry)
    still(panel, qtbot)
    first = np.asarray(viewer.layers[name].data)
    assert first.shape == PHOTO.shape[:2]
    panel.clusters.merge([1, 2])
    act(panel, "more", entry)
    still(panel, qtbot)
    assert names(viewer).count(name) == 1
    assert (np.asarray(viewer.layers[name].data) != first).any()
    widget = by_script(viewer)
    assert widget.layer.value.name == "photo"


def test_clusters_are_numbered_by_their_share(panel, qtbot):
    menu = panel.buttons["more"].menu()
    menu.aboutToShow.emit()
    [orders] = [m for m in menu.findChildren(QMenu) if m.title() == "Number by"]
    [action] = [a for a in orders.actions() if a.text() == "Share"]
    action.trigger()
    still(panel, qtbot)
    shares = panel.clusters.palette.shares
    assert shares.tolist() == sorted(shares, reverse=True)


def test_columns_are_chosen_and_remembered(panel, qtbot, viewer):
    spread = panel.rows.table.columns.index("spread")
    assert not panel.rows.isColumnHidden(spread)
    menu = panel.buttons["more"].menu()
    menu.aboutToShow.emit()
    [columns] = [m for m in menu.findChildren(QMenu) if m.title() == "Columns"]
    [action] = [a for a in columns.actions() if a.text() == "spread"]
    action.trigger()
    assert panel.rows.isColumnHidden(spread)
    panel.clusters.merge([1, 2])
    assert panel.rows.isColumnHidden(spread)


def test_the_table_sorts_by_value(panel, qtbot):
    pixels = panel.rows.table.columns.index("pixels")
    panel.rows.sortByColumn(pixels, Qt.SortOrder.DescendingOrder)
    rows = [panel.rows.order.index(row, 0) for row in range(5)]
    labels = [
        panel.rows.table.label(panel.rows.order.mapToSource(row).row()) for row in rows
    ]
    counts = panel.clusters.palette.counts
    assert labels == (np.argsort(-counts, kind="stable") + 1).tolist()


def test_everything_has_a_tooltip(panel):
    assert all(button.toolTip() for button in panel.buttons.values())
    assert {name for _, name, *_ in ACTS} <= {*panel.buttons}
    assert panel.closer.slider.toolTip()
    assert panel.speck.toolTip()


def test_two_thousand_clusters_are_shown(viewer, qtbot):
    rng = np.random.default_rng(0)
    viewer.add_image(rng.integers(0, 255, (120, 120, 3), np.uint8), name="noise")
    panel = begun(viewer, qtbot, k=2000)
    assert panel.rows.table.rowCount() == 2000
    panel.clusters.select([1500])
    assert panel.rows.selectionModel().selectedRows()


@pytest.mark.parametrize("kind", ["stack", "planes", "points"])
def test_other_kinds_have_a_table_too(viewer, qtbot, kind):
    if kind == "points":
        viewer.add_points(np.random.default_rng(0).random((40, 2)), name="points")
    else:
        viewer.add_image(STACK, name="stack")
    widget = by_script(viewer)
    if kind == "planes":
        widget.scope.value = widget.scope.choices[2]
    run(widget, qtbot)
    panel = open_panel(viewer, CLUSTERS)
    assert panel.rows.table.rowCount() == 5
    assert panel.buttons["despeckle"].isEnabled() == (kind == "stack")
    panel.clusters.select([2])
    panel.clusters.isolate()


def test_a_closed_panel_listens_no_more(panel, qtbot, viewer):
    heard = panel.pointing._on_press
    assert heard in viewer.mouse_drag_callbacks
    viewer.window.remove_dock_widget(panel)
    assert heard not in viewer.mouse_drag_callbacks
    run(by_script(viewer), qtbot)
