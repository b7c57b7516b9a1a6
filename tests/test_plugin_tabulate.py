"""The table of regions: of layers anywhere in the world, by script and by menu."""

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import skimage.data
from napari.components import ViewerModel
from napari.layers import Image, Labels, Shapes
from qtpy.QtWidgets import QFileDialog

from dock import below, by_script, run
from napari_kmeans import quantize, quantize_planes, tabulate
from napari_kmeans.plugin.clusters import Clusters
from napari_kmeans.plugin.docks import CLUSTERS, open_panel
from napari_kmeans.plugin.model import KMeansModel
from napari_kmeans.plugin.regions import mask, numbers, region_names
from napari_kmeans.plugin.settings import DockSettings
from napari_kmeans.plugin.sources import Scope
from napari_kmeans.plugin.tabulation import Tabulation

PHOTO = skimage.data.coffee()[::4, ::4].copy()
RNG = np.random.default_rng(3)
BOX = np.array([[10.0, 10], [10, 60], [50, 60], [50, 10]])


@pytest.fixture
def model():
    """Return the model of a photo whose pixels are 0.5 µm wide."""
    viewer = ViewerModel()
    viewer.add_image(PHOTO, name="photo", scale=(0.5, 0.5), units=("µm", "µm"))
    return KMeansModel(viewer)


def table_of(model, layer):
    return Tabulation(Clusters(model)).of(layer)


def region_numbers():
    return RNG.integers(0, 5, PHOTO.shape[:2])


# -- where regions are ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("least", "most", "dtype"),
    [(0, 200, "u1"), (-(2**62), 2**62, "i8"), (0, 2**64 - 1, "u8")],
)
def test_labels_keep_their_numbers_wherever_they_lie(least, most, dtype):
    image = Image(np.zeros((20, 30)), scale=(2, 2), translate=(5, 1), rotate=20)
    data = RNG.integers(least, most, (25, 25), dtype=dtype)
    labels = Labels(data, scale=(1.7, 2.1), rotate=-10, translate=(2, -3))
    found = numbers(labels, image)
    for pixel in np.ndindex(20, 30):
        at = labels.world_to_data(image.data_to_world(pixel))
        if np.abs(at - np.floor(at) - 0.5).min() < 1e-3:
            continue  # halfway between two
        place = tuple(np.rint(at).astype(int))
        inside = all(0 <= i < n for i, n in zip(place, data.shape, strict=True))
        assert found[pixel] == (data[place] if inside else 0)
    np.testing.assert_array_equal(found != 0, mask(labels, image))


def test_shapes_are_numbered_in_their_order_with_the_topmost_on_top():
    image = Image(np.zeros((8, 8)))
    shapes = Shapes()
    shapes.add_rectangles([[0, 0], [5, 5]])
    shapes.add_lines([[0, 0], [7, 7]])
    shapes.add_rectangles([[3, 3], [7, 7]])
    assert numbers(shapes, image)[3, 3] == 3
    shapes.selected_data = {0}
    shapes.move_to_front()
    found = numbers(shapes, image)
    each = [np.zeros((8, 8), bool), np.zeros((8, 8), bool)]
    each[0][:6, :6] = each[1][3:, 3:] = True
    np.testing.assert_array_equal(found, np.where(each[0], 1, 3 * each[1]))
    np.testing.assert_array_equal(found > 0, mask(shapes, image))


def test_more_shapes_than_a_byte_counts():
    boxes = [[[0, x], [3, x]] for x in range(300)]
    image = Image(np.zeros((4, 300)))
    found = numbers(Shapes(boxes, shape_type="rectangle"), image)
    assert np.unique(found).tolist() == [*range(1, 301)]


def test_lazy_labels_are_regions():
    data = RNG.integers(0, 5, (9, 9))
    found = numbers(Labels(da.from_array(data, chunks=4)), Image(np.zeros((9, 9))))
    np.testing.assert_array_equal(found, data)


def test_names_are_those_of_features():
    shapes = Shapes([BOX, BOX], features={"name": ["leaf", None]})
    assert region_names(shapes) == {1: "leaf"}
    labels = Labels(np.array([[1, 2]]), features={"name": ["", "stem", "leaf"]})
    assert region_names(labels) == {1: "stem", 2: "leaf"}
    assert region_names(Labels(np.array([[1, 2]]))) == {}


# -- the table, by a script ----------------------------------------------------------


def test_a_table_has_the_units_and_looks_of_the_image(model):
    model.change(k=4)
    model.run()
    clusters = Clusters(model)
    clusters.merge([2, 3], "wood")
    clusters.recolor(1, "#ff0000")
    regions = region_numbers()
    layer = Labels(regions, scale=(0.5, 0.5), units=("µm", "µm"))
    table = Tabulation(clusters).of(layer)
    result = clusters.shown.result
    expected = tabulate(PHOTO, result, regions, pixel_area=0.25, unit="µm²")
    pd.testing.assert_frame_equal(table, expected)
    assert "area (µm²)" in table
    assert table["name"][1] == "wood"
    assert table["color"][0] == "#ff0000"


def test_a_table_is_of_labels_as_they_were_cleaned_up(model):
    model.change(k=4)
    model.run()
    clusters = Clusters(model)
    clusters.despeckle(30)
    layer = Labels(np.ones(PHOTO.shape[:2], int), scale=(0.5, 0.5))
    table = Tabulation(clusters).of(layer)
    assert table["pixels"].tolist() == clusters.table["pixels"].tolist()


def test_shapes_that_are_named_are_told_by_name(model):
    model.run()
    shapes = Shapes([BOX / 2, BOX / 2 + 20], features={"name": ["left", "right"]})
    table = table_of(model, shapes)
    assert [*table][:2] == ["region", "region name"]
    assert [*table["region name"].unique()] == ["left", "right"]
    whole = numbers(shapes, model.sources[0])
    sizes = table.groupby("region")["pixels"].sum()
    assert sizes.tolist() == np.bincount(whole.ravel())[1:].tolist()


def test_pixels_outside_the_mask_are_told(model):
    inside = model.viewer.add_labels(
        (np.indices(PHOTO.shape[:2])[1] < 60).astype(int), scale=(0.5, 0.5)
    )
    model.change(mask=inside)
    model.run()
    table = table_of(model, Labels(np.ones(PHOTO.shape[:2], int), scale=(0.5, 0.5)))
    assert set(table["left out: masked"]) == {PHOTO.shape[0] * (PHOTO.shape[1] - 60)}


@pytest.mark.parametrize("current", [False, True])
def test_planes_are_told_apart(current):
    viewer = ViewerModel()
    movie = RNG.integers(0, 255, (3, 20, 22)).astype(np.uint8)
    viewer.add_image(movie, name="movie")
    model = KMeansModel(viewer)
    viewer.dims.set_point(0, 1)
    model.change(k=3, scope=Scope((0,), current=current))
    model.run()
    regions = RNG.integers(0, 3, movie.shape[1:])
    table = table_of(model, Labels(regions))
    if current:
        expected = tabulate(movie[1], quantize(movie[1], k=3), regions)
    else:
        expected = tabulate(movie, quantize_planes(movie, k=3), regions)
    counted = ["region", "label", "pixels"] + ["plane"] * (not current)
    pd.testing.assert_frame_equal(table[counted], expected[counted])


def test_channels_of_several_layers_are_one_image():
    viewer = ViewerModel()
    channels = RNG.integers(0, 255, (2, 20, 22)).astype(np.uint8)
    layers = [viewer.add_image(one, name=f"c{at}") for at, one in enumerate(channels)]
    model = KMeansModel(viewer)
    viewer.layers.selection.update(layers)
    model.change(k=3, layer=layers[0])
    model.run()
    shown = Clusters(model).shown
    regions = RNG.integers(0, 3, channels.shape[1:])
    table = table_of(model, Labels(regions))
    image = channels if len(model.sources) == 2 else channels[0]
    expected = tabulate(image, shown.result, regions)
    assert table["pixels"].tolist() == expected["pixels"].tolist()


def test_what_has_no_regions_is_refused(model):
    layer = Labels(np.ones(PHOTO.shape[:2], int))
    with pytest.raises(ValueError, match="should be clusters of an image: run first"):
        table_of(model, layer)
    model.run()
    with pytest.raises(ValueError, match="should have a pixel of 'photo' inside"):
        table_of(model, Labels(np.zeros((3, 3), int)))
    with pytest.raises(TypeError, match="Labels or a Shapes layer to be regions"):
        table_of(model, model.sources[0])


def test_labels_of_the_clusters_are_no_regions(model):
    leaves = model.viewer.add_labels(region_numbers(), name="leaves")
    model.run()
    tabulation = Tabulation(Clusters(model))
    assert tabulation.layers == [leaves]


def test_a_table_is_saved_by_the_jobs_of_the_model(model, tmp_path):
    model.run()
    layer = Labels(region_numbers(), scale=(0.5, 0.5))
    tabulation = Tabulation(Clusters(model))
    tabulation.save(tmp_path / "table.csv", layer)
    saved = pd.read_csv(tmp_path / "table.csv", keep_default_na=False)
    expected = tabulation.of(layer)
    assert saved["pixels"].tolist() == expected["pixels"].tolist()
    assert [*saved] == [*expected]


# -- the table, by the menu ----------------------------------------------------------


def test_the_menu_saves_the_table_of_a_layer(viewer, qtbot, tmp_path, monkeypatch):
    viewer.add_image(PHOTO, name="photo")
    widget = by_script(viewer)
    widget.k.value = 3
    run(widget, qtbot)
    panel = open_panel(viewer, CLUSTERS)
    menu = panel.buttons["export"].menu()

    def offered():
        menu.aboutToShow.emit()
        [action] = [
            a for a in menu.actions() if a.text().startswith("Table of regions")
        ]
        return action

    assert not offered().isEnabled()
    viewer.add_shapes([BOX], shape_type="rectangle", name="box")
    leaves = viewer.add_labels(region_numbers(), name="leaves")
    assert offered().isEnabled()
    action = offered()
    texts = [one.text() for one in below(action)]
    assert texts == ["box…", "leaves…"]
    path = tmp_path / "regions.csv"
    asked = []

    def ask(parent, title, name, kinds):
        asked.append((title, name))
        return str(path.with_suffix("")), kinds

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    action = offered()
    below(action)[1].trigger()
    desk = panel.desk
    qtbot.waitUntil(lambda: not desk.model.busy and desk.worker is None, timeout=60_000)
    qtbot.waitUntil(path.exists, timeout=60_000)
    assert "leaves" in asked[0][0]
    assert asked[0][1].endswith("regions.csv")
    saved = pd.read_csv(path, keep_default_na=False)
    expected = desk.tabulation.of(leaves)
    for name in ("region", "label", "pixels", "color"):
        assert saved[name].tolist() == expected[name].tolist()


def test_settings_are_left_as_they_were(model):
    model.change(k=3)
    model.run()
    before = model.history.place, model.settings, [*model.viewer.layers]
    assert isinstance(model.settings, DockSettings)
    table_of(model, Labels(region_numbers(), scale=(0.5, 0.5)))
    assert (model.history.place, model.settings, [*model.viewer.layers]) == before
