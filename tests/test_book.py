"""The reference: all that there is is on its pages, by the names that it has."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import typer
from napari.components import ViewerModel
from skimage.data import coffee

import napari_kmeans
from napari_kmeans import (
    despeckle,
    kmeans,
    omezarr,
    quantize,
    quantize_many,
    quantize_planes,
    sweep,
    tabulate,
    to_layers,
)
from napari_kmeans.batch.rows import COLUMNS
from napari_kmeans.cli import main
from napari_kmeans.cli.settings import FIELDS, RECORDED, UNREPEATED
from napari_kmeans.core.palettes import model
from napari_kmeans.core.palettes.filing import SUFFIXES
from napari_kmeans.files.writing import NAMES
from napari_kmeans.layers.metadata import METADATA
from napari_kmeans.plugin.clusters import Clusters
from napari_kmeans.plugin.model import KMeansModel
from napari_kmeans.plugin.sweeps import Sweeps
from napari_kmeans.plugin.tabulation import Tabulation

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
LEFT_OUT = "left out: masked"


def page(name):
    return (REFERENCE / f"{name}.md").read_text(encoding="utf-8")


def section(title):
    """Return what is below a heading of the page of files, to the next like it."""
    _, _, rest = page("files").partition(f"\n## {title}\n")
    return rest.partition("\n## ")[0]


def code(text):
    """Return all that is code in a text, in its order."""
    return re.findall(r"`([^`\n]+)`", text)


def row(title):
    """Return the columns that the page lists of a table."""
    (found,) = re.findall(
        rf"^\| .*{re.escape(title)}.*\| (`.*) \|$", page("files"), re.M
    )
    return code(found)


def commands(command, *names):
    """Return the names of all commands that are no groups."""
    below = getattr(command, "commands", None)
    if below is None:
        return [" ".join(names)]
    return [each for name in below for each in commands(below[name], *names, name)]


def test_all_that_is_public_is_in_the_api():
    listed = re.findall(r"^   (\w+)$", page("api"), re.M)
    assert sorted(listed) == sorted(napari_kmeans.__all__)


def test_every_command_is_on_the_page():
    shown = re.findall(r"^```\{command\} (.+)$", page("command_line"), re.M)
    assert shown == commands(typer.main.get_command(main))


@pytest.mark.parametrize("of", [KMeansModel, Clusters, Tabulation, Sweeps])
def test_members_of_the_window_that_are_listed_are_there(of):
    name = f"{of.__module__}.{of.__name__}"
    (listed,) = re.findall(
        rf"^\.\. members:: {re.escape(name)}\n\n((?: +.+\n)+)", page("scripting"), re.M
    )
    assert [each for each in listed.split() if not hasattr(of, each)] == []


def test_all_files_of_a_result_are_listed():
    assert {*NAMES} <= {*code(section("A result in a folder"))}


def test_all_formats_of_palettes_are_listed():
    _, _, rest = section("Palettes").partition("### Palettes of other programs")
    assert {*re.findall(r"^\| `(\.\w+)` \|", rest, re.M)} == {*SUFFIXES}


def test_fields_of_a_palette_are_those_of_its_schema():
    schema = json.loads(
        Path(model.__file__).with_name("palette.schema.json").read_text()
    )
    made = model.model_of(quantize(coffee()[:40, :40], k=3).palette)
    assert {*made} == {*schema["properties"]}
    for name in "image", "distances", "fit", "moments":
        assert {*made[name]} == {*schema["properties"][name]["properties"]}
    for name in "clusters", "nearest":
        of_each = schema["properties"][name]["items"]["properties"]
        assert {*made[name][0]} == {*of_each}


def test_all_settings_are_told_of():
    listed = re.findall(r"^\| (`.+?) \|", section("Settings"), re.M)
    names = {name for cell in listed for name in code(cell)}
    assert names == {*FIELDS} | RECORDED | {*UNREPEATED}


def test_a_result_records_settings_that_are_told_of():
    listed = {*code(section("Settings"))}
    for result in (
        quantize(coffee()[:40, :40], k=3, mask=np.eye(40, dtype=bool)),
        quantize_planes(coffee()[np.newaxis, :40, :40], k=3, axes=0),
        kmeans([[1, 2], [3, 4]], k=2),
    ):
        assert {*result.settings} <= listed


@pytest.fixture(scope="module")
def image():
    gray = coffee()[:40, :40, 0]
    mask = np.ones(gray.shape, bool)
    mask[0] = False
    regions = np.ones(gray.shape, int)
    return gray, mask, regions


def areas(table):
    """Return the columns of a table, that of areas without its unit."""
    return [re.sub(r" \(.*\)", "", name) for name in table]


def test_columns_of_results_are_those_listed(image):
    gray, mask, _ = image
    named = quantize(
        gray, init=quantize(gray, k=3).palette.rename(1, "dark"), fixed=True
    )
    assert list(named.features) == row("QuantizedImage.features")
    planes = quantize_planes(np.stack([gray, gray]), k=3, axes=0)
    assert list(planes.features) == row("QuantizedPlanes")
    points = kmeans([[1, 2], [3, 4], [9, 9]], k=2)
    assert list(points.features) == row("ClusteredPoints.features")
    cleaned = despeckle(quantize(gray, k=3).labels, 4)
    assert list(cleaned.features) == row("Despeckled.features")
    assert list(sweep(gray, [2, 3]).table) == row("Sweep.table")
    table = quantize(gray, k=3, mask=mask).palette.table(0.25, "µm²")
    assert areas(table) == row("Palette.table")


def test_columns_of_tables_of_regions_and_of_many_are_those_listed(image):
    gray, mask, regions = image
    stack = np.stack([gray, gray])
    planes = quantize_planes(stack, k=3, axes=0, mask=np.stack([mask, mask]))
    table = tabulate(stack, planes, np.stack([regions, regions]), unit="µm²")
    assert areas(table) == row("tabulate")
    many = quantize_many([gray, gray], k=3, masks=[mask, mask])
    assert areas(many.table(unit="µm²")) == row("QuantizedMany.table")
    assert [*COLUMNS, LEFT_OUT] == row("of a batch")


def test_all_columns_are_told_of():
    tables, _, told = section("Tables").partition("| Column | What it is |")
    rows = re.findall(r"^\| .+? \| (`.*) \|$", tables, re.M)
    columns = {column for cell in rows for column in code(cell)}
    cells = re.findall(r"^\| (.+?) \|", told, re.M)
    explained = {column for cell in cells for column in code(cell)}
    assert columns - explained == {"center_0", "center_1"}


def keys(value):
    """Return the names of all that is in JSON, however deep."""
    if isinstance(value, list):
        return {name for each in value for name in keys(each)}
    if not isinstance(value, dict):
        return set()
    return {*value} | {name for each in value.values() for name in keys(each)}


def test_attributes_of_an_ome_zarr_are_told_of(tmp_path):
    result = quantize(coffee()[:40, :40], k=3)
    placed = {"translate": (1, 2), "units": ("micrometer",) * 2}
    omezarr.write(tmp_path / "out.zarr", result, placed)
    listed = {*code(section("OME-Zarr"))} | {*code(section("Settings"))}
    listed |= {part for name in listed for part in name.split(".")}
    # What else the specification has there, and what channels are called.
    listed |= {"path", "image", "channels", "rdefs", "model", "min", "max", "start"}
    listed |= {"end", "center_red", "center_green", "center_blue"}
    for group in "", "labels", "labels/kmeans":
        file = tmp_path / "out.zarr" / group / "zarr.json"
        attributes = json.loads(file.read_bytes())["attributes"]
        attributes.get(METADATA, {}).pop("versions", None)
        assert keys(attributes) <= listed


def test_metadata_of_layers_are_told_of():
    listed = {*code(section("Layers of napari"))} | {*code(section("Settings"))}
    gray = coffee()[:40, :40, 0]
    layers = to_layers(quantize(gray, k=3), "coffee")
    assert len(layers) == 3
    for _, attributes, _ in layers:
        assert {*attributes["metadata"][METADATA]} <= listed
        assert {*attributes.get("features", ())} <= listed


def test_metadata_of_layers_in_the_window_are_told_of():
    listed = {*code(section("Layers of napari"))} | {*code(section("Settings"))}
    viewer = ViewerModel()
    viewer.add_image(coffee()[:40, :40], name="coffee", rgb=True)
    model = KMeansModel(viewer)
    model.run()
    model.keep()
    records = [layer.metadata.get(METADATA, {}) for layer in viewer.layers]
    names = {name for record in records for name in record}
    assert names <= listed
    assert "kept" in names
