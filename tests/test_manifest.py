"""The manifest: valid, and everything it names is there."""

from importlib.metadata import entry_points
from pathlib import Path

import pytest
from npe2 import PluginManifest
from npe2.manifest.utils import import_python_name

import napari_kmeans

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
