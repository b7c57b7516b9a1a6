"""Palettes in the window: saved, opened, dropped, and put on other images."""

import json
from threading import Event

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel
from PIL import Image as Picture
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QApplication, QFileDialog, QInputDialog, QMessageBox

from dock import below, by_script, click, names, run, select
from napari_kmeans import Palette, fit, paint_samples, quantize, read_samples
from napari_kmeans.plugin import palettes as module
from napari_kmeans.plugin.clusters import Clusters
from napari_kmeans.plugin.docks import CLUSTERS, open_panel
from napari_kmeans.plugin.model import KMeansModel
from napari_kmeans.plugin.sources import Scope
from napari_kmeans.plugin.targets import Targets

PHOTO = skimage.data.coffee()[::4, ::4].copy()
GRAY = skimage.data.camera()[::8, ::8].copy()
CHART = Palette.of_colors(["#301008", "#b06030", "#f0e0c0"], ["coffee", "rust", "milk"])
SUFFIXES = [".json", ".gpl", ".ase", ".aco", ".act", ".hex", ".pal", ".csv", ".png"]


def begun(image=PHOTO, name="photo", **settings):
    """Return the clusters of an image that is chosen, not run yet."""
    viewer = ViewerModel()
    viewer.add_image(image.copy(), name=name)
    model = KMeansModel(viewer)
    model.change(**settings)
    return Clusters(model)


def steps(clusters):
    return [step.name for step in clusters.history.values]


def done(clusters):
    """Do what the clusters say as code; return all that it has made."""
    made = {"viewer": clusters.model.viewer}
    exec(clusters.code, made)
    return made


def assert_told(clusters):
    """Check that the code makes what layers show, to the bit."""
    result = done(clusters)["result"]
    np.testing.assert_array_equal(result.labels, clusters.layer.data)
    assert result.palette == clusters.palette


# -- without a window ------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_saved_and_opened_again_shows_the_same(tmp_path, suffix):
    clusters = begun(k=4)
    clusters.model.run()
    clusters.recolor(2, "#00ff00")
    clusters.save(path := tmp_path / f"slide{suffix}")
    labels, palette = np.asarray(clusters.layer.data).copy(), clusters.palette
    other = begun()
    other.open(path)
    assert steps(other) == [f"Palette slide{suffix}"]
    if suffix == ".json":
        np.testing.assert_array_equal(other.layer.data, labels)
        assert other.palette == palette
    bytes_ = np.rint(palette.colors * 255)
    np.testing.assert_array_equal(np.rint(other.palette.colors * 255), bytes_)
    assert_told(other)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_colors_of_a_chart_are_those_one_sees_whatever_the_dtype(tmp_path, dtype):
    CHART.save(path := tmp_path / "drink.gpl")
    full = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    image = (PHOTO / 255 * full).astype(dtype)
    clusters = begun(image)
    assert clusters.differences(path) == ()
    clusters.open(path)
    expected = Palette.of_colors(CHART.colors, CHART.names, dtype=dtype)
    np.testing.assert_array_equal(clusters.layer.data, expected.label(image))
    quantized = clusters.model.viewer.layers["photo quantized"].data
    np.testing.assert_array_equal(quantized, expected.paint(image))
    assert quantized.dtype == dtype
    assert clusters.palette.names == ("coffee", "rust", "milk")
    assert_told(clusters)


def test_a_palette_that_is_opened_is_a_step_that_can_be_undone():
    clusters = begun(k=4)
    clusters.model.run()
    before = np.asarray(clusters.layer.data).copy()
    clusters.open(CHART)
    expected = CHART.label(PHOTO)
    np.testing.assert_array_equal(clusters.layer.data, expected)
    assert steps(clusters) == ["K=4", "Palette of 3"]
    counts = np.bincount(expected.ravel(), minlength=4)[1:]
    assert clusters.palette.counts.tolist() == counts.tolist()
    assert clusters.table["pixels"].tolist() == counts.tolist()
    clusters.undo()
    np.testing.assert_array_equal(clusters.layer.data, before)
    clusters.redo()
    np.testing.assert_array_equal(clusters.layer.data, expected)


def test_a_palette_that_was_put_on_first_can_be_undone():
    clusters = begun(k=4)
    viewer, model = clusters.model.viewer, clusters.model
    clusters.open(CHART)
    labels = np.asarray(clusters.layer.data).copy()
    clusters.merge([1, 2])
    clusters.undo()
    assert model.can_undo
    clusters.undo()
    assert names(viewer) == ["photo"]
    assert (clusters.k, clusters.palette, model.message) == (0, None, "")
    assert not model.can_undo
    clusters.redo()
    np.testing.assert_array_equal(clusters.layer.data, labels)
    assert len(viewer.layers) == 4
    clusters.go(-1)
    assert names(viewer) == ["photo"]
    model.run()
    assert steps(clusters) == ["K=4"]
    assert not model.can_undo
    np.testing.assert_array_equal(clusters.layer.data, quantize(PHOTO, 4).labels)


def test_what_is_the_users_stays_when_the_palette_before_is_undone():
    clusters = begun()
    clusters.open(CHART)
    clusters.layer.name = "mine"
    clusters.undo()
    assert names(clusters.model.viewer) == ["photo", "mine"]


EDITS = {
    "merge": lambda clusters: clusters.merge([1, 2]),
    "split": lambda clusters: clusters.split(2),
    "delete": lambda clusters: clusters.delete([3]),
    "name": lambda clusters: clusters.rename(1, "dark"),
    "lock": lambda clusters: clusters.lock([2]),
    "despeckle": lambda clusters: clusters.despeckle(9),
    "reject": lambda clusters: clusters.reject(0.1),
}


@settings(max_examples=8)
@given(st.lists(st.sampled_from(sorted(EDITS)), unique=True, min_size=1, max_size=3))
def test_code_makes_what_was_edited_after_it_was_opened(edits):
    clusters = begun()
    clusters.open(CHART)
    for edit in edits:
        EDITS[edit](clusters)
    result = done(clusters)["result"]
    np.testing.assert_array_equal(result.labels, clusters.layer.data)


def test_a_model_that_is_no_file_is_told_as_it_is():
    samples = read_samples(PHOTO, color_space="oklab")
    palette = fit(samples, k=3).rename(2, "it's").merge([1, 3])
    clusters = begun(PHOTO[::-1])
    clusters.open(palette)
    assert "Palette.load" not in clusters.code
    np.testing.assert_array_equal(clusters.layer.data, palette.label(PHOTO[::-1]))
    assert_told(clusters)


def test_a_run_goes_on_from_what_was_locked_in_it():
    clusters = begun(k=4)
    clusters.open(CHART)
    clusters.lock([3])
    clusters.model.run()
    [at] = np.flatnonzero(clusters.palette.locked)
    np.testing.assert_array_equal(clusters.palette.centers[at], CHART.centers[2])
    assert clusters.palette.names[at] == "milk"
    assert_told(clusters)


def channels_of(names="abc"):
    """Return clusters of layers that are chosen as channels."""
    viewer = ViewerModel()
    for shift, name in enumerate(names):
        viewer.add_image(np.roll(GRAY, shift, 1), name=name)
    model = KMeansModel(viewer)
    select(viewer, *viewer.layers)
    return Clusters(model)


def test_channels_are_where_the_layers_have_them():
    stack = np.stack([np.roll(GRAY, shift, 1) for shift in range(3)], axis=-1)
    found = quantize(stack, 4, rgb=False, channel_axis=-1, channel_names=[*"abc"])
    clusters = channels_of()
    clusters.open(found.palette)
    np.testing.assert_array_equal(clusters.layer.data, found.labels)
    assert_told(clusters)
    clusters.show_errors()
    errors = clusters.model.viewer.layers["a, b, c error"].data
    assert errors.shape == GRAY.shape


def test_channels_that_are_called_otherwise_are_told():
    clusters = channels_of()
    clusters.model.run()
    palette = clusters.palette
    assert channels_of().differences(palette) == ()
    assert channels_of("bac").differences(palette) == (
        "b, a, c: image of channels b, a, c should be of a, b, c, as before.",
    )


def test_what_does_not_fit_is_refused_and_changes_nothing(notified, tmp_path):
    clusters = begun(GRAY, k=3)
    clusters.model.run()
    before = names(clusters.model.viewer), steps(clusters), clusters.palette
    clusters.open(CHART)
    assert notified == ["image of 1 channels should be of 3 channels."]
    path = tmp_path / "broken.json"
    path.write_text('{"format": "napari-kmeans palette", "version": 99}')
    with pytest.raises(ValueError, match="version"):
        clusters.open(path)
    assert before == (names(clusters.model.viewer), steps(clusters), clusters.palette)


def test_another_dtype_and_range_are_told():
    palette = fit(read_samples(GRAY), k=3)
    clusters = begun(GRAY / 255, "float")
    assert clusters.differences(palette) == (
        "float: image of dtype float64 should be of uint8, as before.",
        f"float: image of values from {GRAY.min() / 255:g} to 1 should have some from "
        f"{GRAY.min()} to {GRAY.max()}, as before.",
    )


def test_a_palette_is_put_on_the_part_that_is_chosen():
    movie = np.stack([GRAY, GRAY // 2, GRAY // 3])
    clusters = begun(movie, "movie")
    clusters.model.viewer.dims.current_step = (1, 0, 0)
    clusters.model.change(scope=Scope((0,), current=True))
    palette = fit(read_samples(GRAY), k=3)
    clusters.open(palette)
    np.testing.assert_array_equal(clusters.layer.data, palette.label(movie[1:2]))
    assert_told(clusters)
    mask = clusters.model.viewer.add_labels(np.tri(*GRAY.shape, dtype=int), name="mask")
    clusters = begun(GRAY)
    mask = clusters.model.viewer.add_labels(mask.data, name="mask")
    clusters.model.viewer.layers.selection.active = clusters.model.viewer.layers[0]
    clusters.model.change(mask=mask)
    clusters.open(palette)
    np.testing.assert_array_equal(clusters.layer.data > 0, mask.data > 0)
    assert_told(clusters)


def test_a_lazy_image_is_labeled_by_blocks():
    clusters = begun()
    layer = clusters.model.viewer.add_image(da.from_array(PHOTO, (40, 50, 3)), name="z")
    clusters.model.change(layer=layer)
    clusters.open(CHART)
    labels = clusters.layer.data
    assert isinstance(labels, da.Array)
    np.testing.assert_array_equal(labels, CHART.label(PHOTO))


def test_a_palette_is_put_on_other_layers(notified):
    clusters = begun(k=4)
    viewer, model = clusters.model.viewer, clusters.model
    others = {
        "flipped": PHOTO[::-1].copy(),
        "small": PHOTO[:40, :50].copy(),
        "gray": PHOTO[..., 0].copy(),
    }
    for name, data in others.items():
        viewer.add_image(data, name=name)
    model.change(layer=viewer.layers["photo"])
    model.run()
    clusters.rename(2, "table")
    palette, before = clusters.palette, steps(clusters)
    assert clusters.why_not(viewer.layers["small"]) == ""
    why = "image of 1 channels should be of 3 channels."
    assert clusters.why_not(viewer.layers["gray"]) == why
    clusters.apply_to([viewer.layers["flipped"], viewer.layers["small"]])
    for name in ("flipped", "small"):
        expected = paint_samples(read_samples(others[name]), palette)
        labels = viewer.layers[f"{name} labels"]
        np.testing.assert_array_equal(labels.data, expected.labels)
        quantized = viewer.layers[f"{name} quantized"].data
        np.testing.assert_array_equal(quantized, expected.quantized)
        assert labels.features["pixels"].tolist() == [0, *expected.counts]
    assert (steps(clusters), clusters.palette) == (before, palette)
    assert model.sources == [viewer.layers["photo"]]
    model.change(layer=viewer.layers["small"])
    assert steps(clusters) == ["Palette of photo"]
    assert model.stale == ""
    assert clusters.table["name"].tolist() == ["", "table", "", ""]
    assert clusters.table["pixels"].sum() == 2000
    assert_told(clusters)
    n = len(viewer.layers)
    model.change(layer=viewer.layers["photo"])
    clusters.merge([1, 2])
    clusters.apply_to([viewer.layers["small"]])
    assert len(viewer.layers) == n
    assert viewer.layers["small labels"].data.max() <= 3
    model.change(layer=viewer.layers["small"])
    clusters.undo()
    expected = paint_samples(read_samples(others["small"]), palette)
    np.testing.assert_array_equal(viewer.layers["small labels"].data, expected.labels)
    assert notified == []


def test_one_layer_that_cannot_be_done_leaves_the_others(notified):
    clusters = begun(PHOTO / 255, k=3)
    viewer = clusters.model.viewer
    empty = viewer.add_image(np.full((40, 40, 3), np.nan), name="empty")
    good = viewer.add_image(PHOTO[::-1] / 255, name="good")
    clusters.model.change(layer=viewer.layers["photo"])
    clusters.model.run()
    clusters.apply_to([empty, good])
    assert "good labels" in viewer.layers
    assert "empty labels" not in viewer.layers
    [told] = notified
    assert told.startswith("1 of 2 layers were left out: empty: ")
    with pytest.raises(ValueError, match="should have at least one"):
        clusters.apply_to([])


def test_channels_of_other_images_are_given_together():
    clusters = channels_of()
    viewer = clusters.model.viewer
    clusters.model.change(k=3)
    clusters.model.run()
    sources = clusters.model.sources
    others = [viewer.add_image(one.data[::-1], name=f"{one.name}2") for one in sources]
    select(viewer, *sources)
    assert clusters.why_not(others[0]) == "image of 1 channels should be of 3 channels."
    expected = np.asarray(clusters.layer.data)[::-1]
    clusters.apply_to([others])
    found = viewer.layers["a2, b2, c2 labels"].data
    np.testing.assert_array_equal(found, expected)


def folder_of(tmp_path):
    """Return a folder of images, two of which are no such."""
    folder = tmp_path / "slides"
    folder.mkdir()
    Picture.fromarray(PHOTO).save(folder / "a2.png")
    Picture.fromarray(PHOTO[::-1]).save(folder / "a10.png")
    Picture.fromarray(PHOTO[..., 0]).save(folder / "gray.png")
    cut = (folder / "a2.png").read_bytes()[:999]
    (folder / "notes.png").write_bytes(cut)
    return folder


def test_a_palette_is_put_on_a_folder_as_the_command_line_does(tmp_path, notified):
    folder, output = folder_of(tmp_path), tmp_path / "out"
    clusters = begun(k=3)
    clusters.model.run()
    clusters.rename(1, "dark")
    clusters.apply_to_folder(folder, output)
    [told] = notified
    first, which, where, *why = told.splitlines()
    assert first == "2 of 4 images written."
    assert which == "Not read: gray.png, notes.png."
    assert where == f"To {output}, with table.csv and palette.json."
    assert why[0].startswith("gray.png: ")
    assert why[1].startswith("notes.png could not be read: ")
    there = {path.name for path in output.iterdir()}
    assert there == {"a2", "a10", "table.csv", "palette.json"}
    assert Palette.load(output / "palette.json") == clusters.palette
    table = pd.read_csv(output / "table.csv")
    assert (
        table["file"].tolist()
        == [str(folder / "a2.png")] * 3 + [str(folder / "a10.png")] * 3
    )
    result = paint_samples(read_samples(PHOTO[::-1]), clusters.palette)
    labels = np.asarray(Picture.open(output / "a10" / "labels.png"))
    np.testing.assert_array_equal(labels, result.labels)
    assert table["pixels"][3:].tolist() == result.counts.tolist()
    assert Palette.load(output / "a10" / "palette.json") == result.palette
    with pytest.raises(ValueError, match="holds a result already"):
        clusters.apply_to_folder(folder, output)
    clusters.apply_to_folder(folder, output, force=True)
    with pytest.raises(ValueError, match="should be a folder apart from"):
        clusters.apply_to_folder(folder, tmp_path)


def test_a_folder_by_the_command_line_is_the_same(tmp_path):
    from typer.testing import CliRunner

    from napari_kmeans import cli

    folder = folder_of(tmp_path)
    (folder / "gray.png").unlink(), (folder / "notes.png").unlink()
    clusters = begun(k=3)
    clusters.model.run()
    clusters.save(model := tmp_path / "model.json")
    clusters.apply_to_folder(folder, tmp_path / "window")
    args = ["batch", str(folder), "--model", str(model), "-o", str(tmp_path / "shell")]
    assert CliRunner().invoke(cli.main, args).exit_code == 0
    of_one = ("a2/labels.png", "a2/quantized.png", "a2/centers.csv")
    for name in ("table.csv", "palette.json", *of_one):
        ours, theirs = (tmp_path / way / name for way in ("window", "shell"))
        assert ours.read_bytes() == theirs.read_bytes()


def test_what_of_a_folder_differs_is_told_before(tmp_path):
    folder, output = folder_of(tmp_path), tmp_path / "out"
    clusters = begun(GRAY, k=3)
    clusters.model.run()
    told = []
    clusters.compare_folder(folder, output, told.extend)
    assert told == ["a2.png: image of 3 channels should be of 1 channels."]
    (folder / "a2.png").unlink(), (folder / "a10.png").unlink()
    clusters.apply_to_folder(folder, output)
    told.clear()
    clusters.compare_folder(folder, output, told.extend)
    assert told == [f"{output}: 1 earlier result would be replaced."]


# -- in the window ---------------------------------------------------------------------


@pytest.fixture
def panel(viewer, qtbot):
    """Return the panel of a photo in four colors."""
    viewer.add_image(PHOTO, name="photo")
    widget = by_script(viewer)
    widget.k.value = 4
    run(widget, qtbot)
    panel = open_panel(viewer, CLUSTERS)
    viewer.window._qt_window.show()
    still(panel, qtbot)
    panel.widget = widget
    return panel


def still(panel, qtbot):
    """Wait until nothing is under way."""
    desk = panel.desk
    qtbot.waitUntil(lambda: not desk.model.busy and desk.worker is None, timeout=60_000)


def choose(panel, title):
    """Choose something in the menu of palettes."""
    menu = panel.buttons["palettes"].menu()
    menu.aboutToShow.emit()
    [action] = [one for one in menu.actions() if one.text() == title]
    assert action.isEnabled()
    action.trigger()


def asked(kind, qtbot):
    """Return the dialog that is open."""

    def found():
        widgets = QApplication.topLevelWidgets()
        return [one for one in widgets if isinstance(one, kind) and one.isVisible()]

    qtbot.waitUntil(lambda: bool(found()), timeout=10_000)
    [dialog] = found()
    return dialog


def press(box, text, qtbot):
    [button] = [one for one in box.buttons() if one.text() == text]
    click(button, qtbot)


def drop(widget, *paths):
    """Drop files on a widget, as a desktop does; return whether it takes them."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    middle = widget.rect().center()
    given = Qt.DropAction.CopyAction, mime
    buttons = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(middle), *given, *buttons)
    enter.ignore()
    QApplication.sendEvent(widget, enter)
    event = QDropEvent(QPointF(middle), *given, *buttons)
    event.ignore()
    if enter.isAccepted():
        QApplication.sendEvent(widget, event)
    assert event.isAccepted() == enter.isAccepted()
    return enter.isAccepted()


@pytest.mark.parametrize("where", ["dock", "panel"])
def test_a_palette_is_dropped_and_undone(panel, qtbot, tmp_path, where):
    CHART.save(path := tmp_path / "drink.gpl")
    before = np.asarray(panel.clusters.layer.data).copy()
    widget = panel if where == "panel" else panel.widget.native
    assert drop(widget, path)
    qtbot.waitUntil(lambda: panel.clusters.k == 3, timeout=20_000)
    still(panel, qtbot)
    np.testing.assert_array_equal(panel.clusters.layer.data, CHART.label(PHOTO))
    assert panel.rows.table.rowCount() == 3
    assert steps(panel.clusters) == ["K=4", "Palette drink.gpl"]
    click(panel.buttons["undo"], qtbot)
    still(panel, qtbot)
    np.testing.assert_array_equal(panel.clusters.layer.data, before)


def test_a_palette_is_dropped_before_anything_was_run(viewer, qtbot, tmp_path):
    CHART.save(path := tmp_path / "drink.gpl")
    viewer.add_image(PHOTO, name="photo")
    widget = by_script(viewer)
    assert drop(widget.native, path)
    qtbot.waitUntil(lambda: "photo labels" in viewer.layers, timeout=20_000)
    still(widget, qtbot)
    assert any(title.startswith(CLUSTERS) for title in viewer.window.dock_widgets)
    panel = open_panel(viewer, CLUSTERS)
    menu = panel.buttons["steps"].menu()
    menu.aboutToShow.emit()
    assert [(one.text(), one.isChecked()) for one in menu.actions()] == [
        ("No clusters", False),
        ("Palette drink.gpl", True),
    ]
    click(panel.buttons["undo"], qtbot)
    still(panel, qtbot)
    assert names(viewer) == ["photo"]
    assert not panel.buttons["undo"].isEnabled()
    click(panel.buttons["redo"], qtbot)
    still(panel, qtbot)
    np.testing.assert_array_equal(
        viewer.layers["photo labels"].data, CHART.label(PHOTO)
    )


def test_images_that_are_dropped_are_left_to_napari(panel, tmp_path):
    for name in ("a.png", "a.tif", "folder"):
        assert not drop(panel, tmp_path / name)
    assert not drop(panel, tmp_path / "a.gpl", tmp_path / "b.gpl")
    assert steps(panel.clusters) == ["K=4"]


def test_what_is_dropped_and_no_palette_is_told(panel, qtbot, tmp_path, notified):
    (path := tmp_path / "other.json").write_text(json.dumps({"a": 1}))
    assert drop(panel, path)
    assert len(notified) == 1
    assert "other.json" in notified[0]
    assert steps(panel.clusters) == ["K=4"]


@pytest.mark.parametrize("answer", ["Apply", "Cancel"])
def test_what_differs_is_asked_before(panel, qtbot, tmp_path, answer):
    palette = fit(read_samples(PHOTO // 40), k=3)
    palette.save(path := tmp_path / "dark.json")
    assert drop(panel, path)
    box = asked(QMessageBox, qtbot)
    assert box.informativeText() == "\n".join(panel.clusters.differences(path))
    assert "should have some from 0 to 6, as before." in box.informativeText()
    assert steps(panel.clusters) == ["K=4"]
    press(box, answer, qtbot)
    still(panel, qtbot)
    expected = ["K=4", "Palette dark.json"][: 1 + (answer == "Apply")]
    assert steps(panel.clusters) == expected


def test_it_is_saved_and_opened_by_the_menu(panel, qtbot, tmp_path, monkeypatch):
    path = tmp_path / "photo"
    kind = "GIMP, Inkscape, Krita (*.gpl)"
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), kind)
    )
    choose(panel, "Save palette…")
    path = path.with_suffix(".gpl")
    assert Palette.load(path).k == 4
    assert panel.said.text().startswith("Saved photo.gpl.")
    monkeypatch.setattr(
        QFileDialog, "getOpenFileName", lambda *_, **__: (str(path), "")
    )
    choose(panel, "Open palette…")
    qtbot.waitUntil(lambda: len(steps(panel.clusters)) == 2, timeout=20_000)
    still(panel, qtbot)
    assert steps(panel.clusters)[1] == "Palette photo.gpl"


def test_what_is_proposed_opens_in_napari_too(panel, monkeypatch):
    asked_for = []
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *args: asked_for.append(args) or ("", "")
    )
    choose(panel, "Save palette…")
    [(_, _, proposed, kinds)] = asked_for
    assert proposed.endswith("photo.kmeans.json")
    assert [f"*{suffix})" in kinds for suffix in SUFFIXES] == [True] * len(SUFFIXES)


def test_it_is_applied_to_the_layers_that_are_ticked(panel, qtbot, viewer):
    for name, data in {"b": PHOTO[::-1], "c": PHOTO[::2], "gray": GRAY}.items():
        viewer.add_image(data.copy(), name=name)
    viewer.layers.selection.active = viewer.layers["photo"]
    choose(panel, "Apply to…")
    dialog = asked(Targets, qtbot)
    items = [dialog.layers.item(row) for row in range(dialog.layers.count())]
    assert [item.text() for item in items] == ["b", "c", "gray"]
    assert [layer.name for layer in dialog.ticked] == ["b", "c"]
    assert items[2].toolTip() == "image of 1 channels should be of 3 channels."
    assert not items[2].flags() & Qt.ItemFlag.ItemIsEnabled
    place = dialog.layers.visualItemRect(items[1])
    at = QPoint(place.left() + 10, place.center().y())
    qtbot.mouseClick(dialog.layers.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert [layer.name for layer in dialog.ticked] == ["b"]
    click(dialog.apply_button, qtbot)
    qtbot.waitUntil(lambda: "b labels" in viewer.layers, timeout=20_000)
    still(panel, qtbot)
    assert "c labels" not in viewer.layers
    expected = panel.clusters.palette.label(PHOTO[::-1])
    np.testing.assert_array_equal(viewer.layers["b labels"].data, expected)


def test_without_other_images_only_a_folder_can_be_chosen(panel, qtbot):
    choose(panel, "Apply to…")
    dialog = asked(Targets, qtbot)
    assert not dialog.apply_button.isEnabled()
    assert dialog.folder_button.isEnabled()
    click(dialog.cancel_button, qtbot)


def test_it_is_applied_to_a_folder(panel, qtbot, tmp_path, monkeypatch, notified):
    folder, output = folder_of(tmp_path), tmp_path / "slides-kmeans"
    monkeypatch.setattr(
        QFileDialog, "getExistingDirectory", lambda *_, **__: str(folder)
    )
    proposed = []

    def answer(_parent, title, _label, *, text):
        proposed.append((title, text))
        return text, True

    monkeypatch.setattr(QInputDialog, "getText", answer)
    choose(panel, "Apply to…")
    click(asked(Targets, qtbot).folder_button, qtbot)
    qtbot.waitUntil(lambda: (output / "table.csv").exists(), timeout=60_000)
    still(panel, qtbot)
    first, which, where = notified[0].splitlines()[:3]
    assert first == "2 of 4 images written."
    assert which == "Not read: gray.png, notes.png."
    assert where == f"To {output}, with table.csv and palette.json."
    assert panel.said.text().startswith(f"{first}\n{which}\n{where}")
    assert proposed == [("Folder for the results", str(output))]


def test_layers_that_have_clusters_are_not_ticked(panel, qtbot, viewer):
    viewer.add_image(PHOTO[::-1].copy(), name="other")
    viewer.layers.selection.active = viewer.layers["other"]
    panel.clusters.open(CHART)
    choose(panel, "Apply to…")
    dialog = asked(Targets, qtbot)
    items = [dialog.layers.item(row) for row in range(dialog.layers.count())]
    assert [item.text() for item in items] == ["photo"]
    assert items[0].flags() & Qt.ItemFlag.ItemIsEnabled
    assert dialog.ticked == []
    assert items[0].toolTip() == "Its clusters would be replaced."
    click(dialog.cancel_button, qtbot)


def test_one_can_cancel_while_layers_are_done(panel, qtbot, viewer, monkeypatch):
    from napari_kmeans.core.run.progress import step

    begun = []

    def endless(_job):
        while True:
            begun.append(1)
            step(len(begun))

    monkeypatch.setattr(module, "done", endless)
    other = viewer.add_image(PHOTO[::-1], name="other")
    viewer.layers.selection.active = viewer.layers["photo"]
    before = names(viewer)
    panel.desk.do(panel.clusters.apply_to, [other])
    qtbot.waitUntil(lambda: bool(begun), timeout=20_000)
    click(panel.widget.cancel_button, qtbot)
    still(panel, qtbot)
    assert names(viewer) == before
    assert panel.widget.message.value.startswith("Canceled")


def test_one_can_cancel_while_files_are_done(panel, qtbot, tmp_path, monkeypatch):
    from napari_kmeans.batch import folder

    begun, go_on = Event(), Event()

    def waiting(*_):
        begun.set()
        go_on.wait(60)
        return folder._Painted(failed="canceled")

    monkeypatch.setattr(folder, "_painted", waiting)
    images, output = folder_of(tmp_path), tmp_path / "out"
    panel.desk.do(panel.clusters.apply_to_folder, images, output)
    try:
        qtbot.waitUntil(begun.is_set, timeout=20_000)
        click(panel.widget.cancel_button, qtbot)
        still(panel, qtbot)
        assert not panel.widget.running
    finally:
        go_on.set()
    assert [*output.iterdir()] == []
    panel.clusters.rename(1, "dark")
    assert steps(panel.clusters) == ["K=4", "Name 1 dark"]


def test_the_palette_of_a_layer_is_put_on_another(panel, qtbot, viewer):
    viewer.add_image(PHOTO[::-1].copy(), name="other")
    viewer.layers.selection.active = viewer.layers["other"]
    menu = panel.buttons["palettes"].menu()
    menu.aboutToShow.emit()
    actions = menu.actions()
    [of_layers] = [one for one in actions if one.menu() is not None]
    [action] = below(of_layers)
    assert action.text() == "photo labels"
    action.trigger()
    qtbot.waitUntil(lambda: "other labels" in viewer.layers, timeout=20_000)
    still(panel, qtbot)
    expected = np.asarray(viewer.layers["photo labels"].data)[::-1]
    np.testing.assert_array_equal(viewer.layers["other labels"].data, expected)
    assert steps(panel.clusters) == ["Palette of photo labels"]
