"""The manifest: valid, and everything it names is there."""

from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Layer
from npe2 import PluginManifest
from npe2.manifest.utils import import_python_name

import napari_kmeans
from napari_kmeans import Palette, one_layer_each, quantize, to_layers
from napari_kmeans.core.palettes.filing import SUFFIXES
from napari_kmeans.plugin.clusters import Clusters
from napari_kmeans.plugin.model import KMeansModel

PACKAGED = Path(napari_kmeans.__file__).with_name("napari.yaml")
MANIFEST = PluginManifest.from_file(PACKAGED)
COMMANDS = MANIFEST.contributions.commands
WIDGET = "napari-kmeans.quantize"


def test_napari_finds_the_manifest_by_the_name_of_the_distribution():
    (entry,) = entry_points(group="napari.manifest", name="napari-kmeans")
    assert entry.value == "napari_kmeans:napari.yaml"
    assert MANIFEST.name == "napari-kmeans"


def test_top_level_manifest_is_the_packaged_one():
    top = Path(__file__).parents[1] / "napari.yaml"
    assert top.samefile(PACKAGED)


def test_command_ids_are_unique_and_begin_with_the_name():
    ids = [command.id for command in COMMANDS]
    assert len(set(ids)) == len(ids)
    assert all(name.startswith("napari-kmeans.") for name in ids)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.id)
def test_every_command_can_be_imported(command):
    assert callable(import_python_name(command.python_name))


def test_everything_that_runs_a_command_runs_one_of_ours():
    contributions = MANIFEST.contributions
    used = [widget.command for widget in contributions.widgets]
    used += [sample.command for sample in contributions.sample_data]
    used += [reader.command for reader in contributions.readers]
    used += [writer.command for writer in contributions.writers]
    used += [item.command for menu in contributions.menus.values() for item in menu]
    assert set(used) == {command.id for command in COMMANDS}


def test_widgets_are_in_plugins_and_the_dock_in_layers_segment():
    widgets = MANIFEST.contributions.widgets
    assert {widget.display_name: widget.command for widget in widgets} == {
        "K-means quantization": WIDGET,
        "Clusters": "napari-kmeans.clusters",
        "Choose K": "napari-kmeans.choose",
    }
    (item,) = MANIFEST.contributions.menus["napari/layers/segment"]
    assert item.command == WIDGET


def test_menus_are_ones_that_napari_shows():
    from napari._app_model.constants import MenuId

    shown = {menu.value for menu in MenuId.contributables()}
    assert MANIFEST.contributions.menus.keys() <= shown


def test_samples_open_by_their_keys(npe2pm):
    with npe2pm.tmp_plugin(manifest=MANIFEST):
        contributed = MANIFEST.contributions.sample_data
        samples = {sample.key: sample.open() for sample in contributed}
    assert {key: layers[0][2] for key, layers in samples.items()} == {
        "photo": "image",
        "microscopy": "image",
        "blobs": "points",
        "large": "image",
    }


CHART = Palette.of_colors(["#102030", "#ff8000", "#ffffff"], ["night", "rust", "milk"])
TINY = np.array([[1, 2, 250], [3, 251, 252]], np.uint8)


@pytest.fixture
def viewer(npe2pm):
    """Return a viewer that knows this plugin, and no other."""
    with npe2pm.tmp_plugin(manifest=MANIFEST):
        yield ViewerModel()


@pytest.mark.parametrize(
    "suffix", [".kmeans.json", ".gpl", ".ase", ".aco", ".act", ".hex", ".pal"]
)
def test_a_palette_opens_as_squares_of_its_colors(viewer, tmp_path, suffix):
    CHART.save(path := tmp_path / f"paint{suffix}")
    [layer] = viewer.open(path, plugin="napari-kmeans")
    assert (layer.name, layer.rgb) == ("paint", True)
    np.testing.assert_array_equal(layer.data[8, 8::16], np.rint(CHART.colors * 255))
    palette = layer.metadata["napari-kmeans"]["palette"]
    assert palette == Palette.load(path)


def test_files_of_others_are_left_to_others(viewer, tmp_path):
    for name in ("photo.json", "table.csv", "photo.png"):
        (path := tmp_path / name).write_text("{}")
        with pytest.raises(ValueError, match=r"(?i)reader|plugin"):
            viewer.open(path, plugin="napari-kmeans")


def test_what_is_opened_goes_on_an_image_and_is_none_itself(viewer, tmp_path):
    image = viewer.add_image(np.tile(TINY, (40, 40)), name="tiny")
    found = quantize(image.data, 2).palette.rename(2, "bright")
    found.save(path := tmp_path / "slide.kmeans.json")
    [strip] = viewer.open(path, plugin="napari-kmeans")
    model = KMeansModel(viewer)
    assert model.sources == [image]
    clusters = Clusters(model)
    clusters.open(strip)
    assert clusters.palette == found
    model.run()
    assert strip in viewer.layers
    clusters.model.keep()
    clusters.model.side_by_side()


@pytest.mark.parametrize("suffix", sorted([*SUFFIXES, ".gif"]))
def test_labels_are_saved_as_their_palette_or_an_indexed_picture(
    viewer, tmp_path, suffix
):
    from PIL import Image as Picture

    viewer.add_image(np.tile(TINY, (40, 40)), name="tiny")
    model = KMeansModel(viewer)
    model.change(k=3)
    model.run()
    clusters = Clusters(model)
    clusters.rename(2, "middle")
    clusters.merge([1, 2])
    viewer.layers.selection = {clusters.layer}
    path = str(tmp_path / f"tiny{suffix}")
    written = viewer.layers.save(path, selected=True, plugin="napari-kmeans")
    assert written == [path]
    if suffix in (".png", ".gif"):
        with Picture.open(path) as picture:
            assert picture.mode == "P"
            np.testing.assert_array_equal(picture, clusters.layer.data)
        return
    saved = Palette.load(path)
    assert saved.k == 2
    if suffix == ".json":
        assert saved == clusters.palette


def test_labels_of_a_script_are_saved_in_full_resolution(viewer, tmp_path):
    from PIL import Image as Picture

    image = np.zeros((3, 20_000), np.uint8)
    image[:, ::3] = 9
    result = quantize(image, 2)
    _, labels, _ = to_layers(result, "long")
    layer = viewer.add_layer(Layer.create(*labels))
    assert layer.multiscale
    path = str(tmp_path / "long.png")
    layer.save(path, plugin="napari-kmeans")
    with Picture.open(path) as picture:
        np.testing.assert_array_equal(picture, result.labels)


def test_labels_of_others_are_refused_in_a_sentence(viewer, tmp_path):
    layer = viewer.add_labels(np.ones((3, 3), int), name="cells")
    with pytest.raises(RuntimeError, match="layer='cells' should be the labels of a"):
        layer.save(str(tmp_path / "cells.gpl"), plugin="napari-kmeans")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("suffix", [".png", ".gif", ".PNG"])
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
@pytest.mark.parametrize("most", [1, 49, 255])
def test_any_labels_are_saved_as_a_picture_of_what_is_shown(
    viewer, tmp_path, suffix, dtype, most
):
    from PIL import Image as Picture

    labels = np.resize([0, 1, most // 2, most], (7, 9)).astype(dtype)
    layer = viewer.add_labels(labels, name="cells")
    path = tmp_path / f"cells{suffix}"
    assert layer.save(str(path)) == [str(path)]
    with Picture.open(path) as picture:
        np.testing.assert_array_equal(picture, labels)
        rgba = np.asarray(picture.convert("RGBA"))
    np.testing.assert_array_equal(rgba[..., 3] == 255, labels > 0)
    shown = np.rint(layer.colormap.map(labels)[..., :3] * 255)
    np.testing.assert_array_equal(rgba[labels > 0, :3], shown[labels > 0])


def test_one_cluster_alone_is_saved_in_its_color(viewer, tmp_path):
    from PIL import Image as Picture

    result = quantize(TINY, 3)
    for data in one_layer_each(result.labels, result.palette, "tiny"):
        layer = viewer.add_layer(Layer.create(*data))
        layer.save(path := str(tmp_path / f"{layer.name}.png"))
        own = np.asarray(layer.data)
        with Picture.open(path) as picture:
            rgba = np.asarray(picture.convert("RGBA"))
        np.testing.assert_array_equal(rgba[..., 3] == 255, own > 0)
        color = np.rint(result.palette.colors[own.max() - 1] * 255)
        assert (rgba[own > 0, :3] == color).all()


@pytest.mark.parametrize("wrong", [-1, 256, 70_000])
def test_labels_that_no_picture_holds_are_refused_before_a_file_is_touched(
    viewer, tmp_path, wrong
):
    layer = viewer.add_labels(np.array([[0, 1], [2, wrong]]), name="cells")
    (path := tmp_path / "cells.png").write_bytes(b"before")
    said = f"layer='cells' should have labels from 0 to 255, .* but one is {wrong}"
    with pytest.raises(RuntimeError, match=said):
        layer.save(str(path))
    assert path.read_bytes() == b"before"
    assert [*tmp_path.iterdir()] == [path]
