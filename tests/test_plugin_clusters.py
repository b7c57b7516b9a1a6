"""Clusters in the hand: what is done to them, without a window."""

import numpy as np
import pandas as pd
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel
from napari.layers import Image

from napari_kmeans import quantize
from napari_kmeans.core.palettes.colors import hexadecimal
from napari_kmeans.plugin.clusters import Clusters
from napari_kmeans.plugin.model import KMeansModel
from napari_kmeans.plugin.sources import Scope, pixel_size

RNG = np.random.default_rng(0)
COLOR = RNG.integers(0, 255, (40, 50, 3), np.uint8)
STACK = RNG.integers(0, 60_000, (4, 20, 30), np.uint16)
GRAY = skimage.data.camera()[::8, ::8].copy()
IMAGES = {"color": COLOR, "stack": STACK, "gray": GRAY, "float": GRAY / 255}


def begun(kind="color", k=5, **settings):
    """Return clusters of an image that was run."""
    viewer = ViewerModel()
    if kind == "channels":
        layers = [viewer.add_image(GRAY + i, name=n) for i, n in enumerate("abc")]
        model = KMeansModel(viewer)
        viewer.layers.selection.update(layers)
    else:
        viewer.add_image(IMAGES[kind].copy(), name="first")
        model = KMeansModel(viewer)
    model.change(k=k, **settings)
    model.run()
    return Clusters(model)


def labels_of(clusters):
    return np.asarray(clusters.layer.data)


@pytest.fixture(params=["color", "stack", "gray", "float", "channels"])
def clusters(request):
    return begun(request.param)


def test_labels_after_a_merge_are_those_of_the_merged(clusters):
    before = labels_of(clusters).copy()
    clusters.merge([2, 4])
    np.testing.assert_array_equal(
        labels_of(clusters), np.array([0, 1, 2, 3, 2, 4])[before]
    )
    counts = np.bincount(labels_of(clusters).ravel(), minlength=5)[1:]
    assert clusters.table["pixels"].tolist() == counts.tolist()
    assert clusters.k == 4


def test_edits_show_what_the_palette_says(clusters):
    for act in (
        lambda: clusters.split(2),
        lambda: clusters.delete([1]),
        lambda: clusters.merge([1, 3], "both"),
        lambda: clusters.reorder("share"),
        lambda: clusters.lock([1]),
    ):
        act()
        sources = [np.asarray(layer.data) for layer in clusters.model.sources]
        image = sources[0] if len(sources) == 1 else np.stack(sources)
        labels, quantized = clusters.palette.apply(image)
        np.testing.assert_array_equal(labels_of(clusters), labels)
        [shown, *_] = [
            layer for layer in clusters.model.viewer.layers if "quantized" in layer.name
        ]
        one = quantized if len(sources) == 1 else quantized[0]
        np.testing.assert_array_equal(shown.data, one)
        counts = np.bincount(labels.ravel(), minlength=clusters.k + 1)[1:]
        assert clusters.palette.counts.tolist() == counts.tolist()


ACTS = st.lists(
    st.sampled_from(
        ["merge", "split", "delete", "name", "color", "undo", "redo", "run", "closer"]
    ),
    max_size=6,
)


@settings(max_examples=12)
@given(ACTS)
def test_undo_and_redo_lead_through_the_same_states(acts):
    clusters = begun("gray", k=4)
    states = []

    def state():
        features = clusters.layer.features.to_dict("list")
        return labels_of(clusters).copy(), features, clusters.palette

    def same(one, other):
        return (
            np.array_equal(one[0], other[0])
            and repr(one[1]) == repr(other[1])
            and one[2] == other[2]
        )

    for number, act in enumerate(acts):
        do = {
            "merge": lambda: clusters.merge([1, 2]),
            "split": lambda: clusters.split(clusters.k),
            "delete": lambda: clusters.delete([1]),
            "name": lambda n=number: clusters.rename(1, f"name {n}"),
            "color": lambda n=number: clusters.recolor(1, f"#0000{n:02x}"),
            "undo": clusters.undo,
            "redo": clusters.redo,
            "run": clusters.model.run,
            "closer": lambda: clusters.merge_closer(20),
        }[act]
        if act in ("merge", "delete") and clusters.k < 2:
            continue
        do()
    places = range(len(clusters.history.values))
    clusters.go(0)
    states = []
    for place in places:
        clusters.go(place)
        states.append(state())
    for place in reversed(places):
        clusters.go(place)
        assert same(state(), states[place])


def test_names_locks_and_colors_survive_another_k():
    clusters = begun("color", k=4)
    clusters.rename(1, "dark")
    clusters.recolor(4, "#ff0000")
    clusters.lock([2])
    center = clusters.palette.centers[1].copy()
    clusters.model.change(k=7)
    clusters.model.run()
    palette = clusters.palette
    assert palette.k == 7
    [locked] = np.flatnonzero(palette.locked)
    np.testing.assert_array_equal(palette.centers[locked], center)
    assert palette.names.count("dark") <= 1


def test_locked_clusters_stay_exactly_where_they_are():
    clusters = begun("gray", k=3)
    clusters.rename(2, "middle")
    clusters.lock([2])
    center = clusters.palette.centers[1].copy()
    for k in (2, 5, 9):
        clusters.model.change(k=k)
        clusters.model.run()
        [at] = np.flatnonzero(clusters.palette.locked)
        np.testing.assert_array_equal(clusters.palette.centers[at], center)
        assert clusters.palette.names[at] == "middle"
        assert clusters.k == k


def test_what_is_hidden_or_faded_is_only_a_matter_of_color():
    clusters = begun("color")
    layer = clusters.layer
    labels, colors = layer.data.copy(), np.asarray(layer.colormap.colors).copy()
    clusters.hide([2])
    clusters.select([3, 4])
    clusters.isolate()
    seen = np.asarray(layer.colormap.colors)
    np.testing.assert_array_equal(seen[2], [0, 0, 0, 1])
    np.testing.assert_allclose(seen[3:5], colors[3:5])
    np.testing.assert_allclose(seen[1], [0, 0, 0, 0.85])
    np.testing.assert_array_equal(layer.data, labels)
    clusters.reveal()
    clusters.isolate(False)
    np.testing.assert_allclose(layer.colormap.colors, colors)


def test_what_is_hidden_stays_hidden_after_an_edit():
    clusters = begun("color")
    clusters.hide([5])
    clusters.merge([1, 2])
    assert clusters.hidden == {4}
    np.testing.assert_array_equal(clusters.layer.colormap.colors[4], [0, 0, 0, 1])
    clusters.undo()
    assert clusters.hidden == {5}


def test_colors_of_labels_that_are_hidden_are_not_taken_for_given_ones():
    clusters = begun("color")
    clusters.hide([1])
    clusters.model.change(k=4)
    clusters.model.run()
    clusters.reveal()
    expected = quantize(COLOR, 4).colors
    np.testing.assert_allclose(
        clusters.layer.colormap.colors[1:5, :3], expected, atol=1e-6
    )


def test_areas_are_in_the_units_of_the_layer():
    viewer = ViewerModel()
    viewer.add_image(GRAY, name="first", scale=(0.5, 0.5), units=("um", "um"))
    model = KMeansModel(viewer)
    model.change(k=3)
    model.run()
    table = Clusters(model).table
    np.testing.assert_allclose(table["area (µm²)"], table["pixels"] * 0.25)


@pytest.mark.parametrize(
    ("labels", "units", "expected"),
    [
        ("zyx", ("um", "um", "um"), (6, "µm³")),
        ("tyx", ("s", "um", "um"), (2, "µm²")),
        ("tyx", ("pixel", "um", "um"), (2, "µm²")),
        ("zyx", ("pixel", "um", "um"), (1, "")),
        ("zyx", ("pixel",) * 3, (6, "")),
    ],
)
def test_a_pixel_is_as_large_as_its_axes_of_space(labels, units, expected):
    placement = {"scale": (3, 2, 1), "units": units, "axis_labels": tuple(labels)}
    assert pixel_size(Image(np.zeros((2, 3, 4)), **placement)) == expected


def test_planes_and_points_have_a_table_that_is_not_edited():
    viewer = ViewerModel()
    viewer.add_points(RNG.random((30, 2)), name="points")
    model = KMeansModel(viewer)
    model.run()
    clusters = Clusters(model)
    assert clusters.palette is None
    assert len(clusters.table) == clusters.k == 5
    assert hexadecimal(clusters.colors) == clusters.table["color"].tolist()


def test_what_cannot_be_done_is_told_and_changes_nothing(notified):
    clusters = begun("gray", k=3)
    clusters.lock([1])
    labels = labels_of(clusters).copy()
    clusters.merge([1, 2])
    assert notified == ["labels=1 should be a cluster that is not locked."]
    np.testing.assert_array_equal(labels_of(clusters), labels)
    assert clusters.history.current.name == "Lock 1"


def test_seeds_are_where_a_run_starts():
    clusters = begun("gray", k=3)
    clusters.add_center()
    [seeds] = [x for x in clusters.model.viewer.layers if x.name == "first seeds"]
    seeds.add([[5, 5], [500, 5], [30, 30]])
    clusters.model.run()
    chosen = clusters.history.current.run.fitting["init"]
    around = [GRAY[3:8, 3:8].mean(), GRAY[28:33, 28:33].mean()]
    np.testing.assert_allclose(chosen.ravel(), around)
    assert clusters.model.sources[0].name == "first"


@pytest.mark.parametrize("init", ["optimal", "Labels layer"])
def test_centers_to_start_from_go_with_no_other_start(init, notified):
    clusters = begun("gray", k=3)
    viewer = clusters.model.viewer
    clusters.add_center()
    viewer.layers["first seeds"].add([[5, 5]])
    start = viewer.add_labels(np.ones(GRAY.shape, int), name="start")
    viewer.layers.selection.active = viewer.layers["first"]
    clusters.model.change(init=init, start_labels=start)
    clusters.model.run()
    said = f"start={init!r} should not go with centers that were added to the image"
    assert said in clusters.model.message


def test_components_that_are_small_are_cleaned_up():
    clusters = begun("gray", k=4)
    before = labels_of(clusters).copy()
    clusters.despeckle(40)
    after = labels_of(clusters)
    assert (after != before).any()
    counts = np.bincount(after.ravel(), minlength=5)[1:]
    assert clusters.table["pixels"].tolist() == counts.tolist()
    clusters.undo()
    np.testing.assert_array_equal(labels_of(clusters), before)


def test_a_result_that_is_kept_is_left_alone():
    clusters = begun("gray", k=3)
    kept = {
        layer.name: np.asarray(layer.data).copy()
        for layer in clusters.model.viewer.layers
    }
    clusters.model.keep()
    clusters.model.change(k=6)
    clusters.model.run()
    layers = clusters.model.viewer.layers
    for name, data in kept.items():
        if name != "first":
            np.testing.assert_array_equal(layers[f"{name} K=3"].data, data)
    assert layers["first labels"].data.max() == 6
    clusters.model.keep()
    clusters.model.side_by_side()
    shown = [layer.name for layer in layers if layer.visible]
    assert shown == ["first", "first quantized K=3", "first quantized K=6"]
    viewer = clusters.model.viewer
    grid = getattr(viewer, "canvas", viewer).grid
    told = list(layers) if hasattr(viewer, "canvas") else len(layers)
    places = [grid.position(place, told) for place in range(3)]
    assert places == sorted(places)
    assert places[0] == (0, 0)


def test_a_given_color_is_that_of_its_label_whatever_the_image():
    for kind in ("gray", "channels"):
        clusters = begun(kind)
        clusters.recolor(2, "#ff0000")
        shown = np.asarray(clusters.layer.colormap.colors)[1:6, :3]
        np.testing.assert_allclose(shown[1], [1, 0, 0])
        assert clusters.table["color"].tolist() == hexadecimal(shown)


def test_labels_that_were_painted_on_are_left_and_are_no_basis_of_others():
    clusters = begun("gray")
    painted = clusters.layer
    before = painted.data.copy()
    painted.data[:10] = 3
    own = painted.data.copy()
    clusters.merge([1, 2])
    np.testing.assert_array_equal(
        labels_of(clusters), np.array([0, 1, 1, 2, 3, 4])[before]
    )
    np.testing.assert_array_equal(painted.data, own)


@pytest.mark.parametrize("how", ["kept", "renamed"])
def test_layers_of_the_user_share_no_memory_with_others(how):
    clusters = begun("gray")
    theirs = clusters.layer
    if how == "kept":
        clusters.model.keep()
    else:
        theirs.name = "mine"
    clusters.rename(1, "dark")
    assert clusters.layer is not theirs
    assert not np.shares_memory(clusters.layer.data, theirs.data)


def test_what_is_hidden_is_so_in_each_image_alone():
    clusters = begun("gray")
    viewer, model = clusters.model.viewer, clusters.model
    other = viewer.add_image(GRAY.copy(), name="other")
    model.change(layer=other, k=5)
    model.run()
    model.change(layer=viewer.layers["first"])
    clusters.hide([2])
    model.change(layer=other)
    assert not clusters.hidden
    model.change(layer=viewer.layers["first"])
    assert clusters.hidden == {2}
    np.testing.assert_array_equal(clusters.layer.colormap.colors[2], [0, 0, 0, 1])


def test_a_result_that_is_kept_shows_all_of_its_colors():
    clusters = begun("gray")
    layer = clusters.layer
    colors = np.asarray(layer.colormap.colors).copy()
    clusters.hide([2])
    clusters.model.keep()
    np.testing.assert_allclose(layer.colormap.colors, colors)


def test_another_mask_is_heeded_where_the_centers_are_the_same():
    viewer = ViewerModel()
    viewer.add_image(np.tile(np.array([[0, 9]], np.uint8), (6, 5)), name="first")
    mask = viewer.add_labels(np.repeat([1, 0], 30).reshape(6, 10), name="mask")
    model = KMeansModel(viewer)
    model.change(layer=viewer.layers["first"])
    model.change(k=2)
    model.run()
    model.change(mask=mask)
    model.run()
    clusters = Clusters(model)
    np.testing.assert_array_equal(labels_of(clusters) > 0, mask.data > 0)
    clusters.undo()
    assert labels_of(clusters).min() == 1


def test_the_saved_table_of_planes_tells_of_each_plane(tmp_path):
    clusters = begun("stack")
    clusters.model.change(scope=Scope((0,)))
    clusters.model.run()
    clusters.save_table(tmp_path / "movie.csv")
    table = pd.read_csv(tmp_path / "movie.csv").set_index(["plane", "label"])
    for plane, labels in enumerate(labels_of(clusters)):
        counts = np.bincount(labels.ravel(), minlength=6)[1:]
        assert table.loc[plane, "pixels"].tolist() == counts.tolist()


def test_planes_each_on_their_own_are_not_edited_and_can_be_undone(notified):
    clusters = begun("stack")
    whole = labels_of(clusters).copy()
    clusters.model.change(scope=Scope((0,)))
    clusters.model.run()
    assert clusters.palette is None
    assert len(clusters.table) == 5
    clusters.merge([1, 2])
    assert notified == [
        "There should be clusters of an image to change, not of points, or of planes "
        "each on its own."
    ]
    clusters.undo()
    np.testing.assert_array_equal(labels_of(clusters), whole)


def test_a_run_from_the_same_seeds_adds_no_step():
    clusters = begun("gray", k=3)
    clusters.add_center()
    clusters.model.viewer.layers["first seeds"].add([[5, 5], [30, 30]])
    clusters.model.run()
    steps = len(clusters.history.values)
    clusters.model.run()
    assert len(clusters.history.values) == steps


def test_steps_that_are_not_there_are_told(notified):
    clusters = begun("gray", k=3)
    clusters.rename(7, "none")
    clusters.go(5)
    clusters.go(-1)
    assert notified == [
        "label=7 should be at most 3.",
        "place=5 should be that of one of the 1 steps.",
        "place=-1 should be that of one of the 1 steps.",
    ]


def test_what_is_to_be_undone_after_a_run_leads_no_farther_than_the_first():
    clusters = begun("gray", k=3)
    clusters.merge([1, 2])
    job = clusters.model.begin()
    for _ in range(4):
        clusters.undo()
    clusters.model.wait(job)
    assert clusters.history.place == 0
    assert labels_of(clusters).max() == 3


def test_what_is_to_be_done_next_is_not_done_to_others(notified):
    clusters = begun("gray", k=3)
    viewer, model = clusters.model.viewer, clusters.model
    other = viewer.add_image(GRAY.copy(), name="other")
    model.run()
    model.change(layer=viewer.layers["first"])
    job = model.begin()
    clusters.merge([1, 2])
    model.change(layer=other)
    model.wait(job)
    assert [step.name for step in model.history.values] == ["K=3"]
    assert notified == ["'first' should stay chosen until all is done to it."]


def test_a_map_of_another_plane_lies_there_and_a_renamed_one_is_left():
    clusters = begun("stack", k=3)
    viewer, model = clusters.model.viewer, clusters.model
    model.change(scope=Scope((0,), True))
    for plane in (1, 3):
        viewer.dims.set_point(0, plane)
        model.run()
        clusters.show_margins()
        assert viewer.layers["first plane margin"].translate[0] == plane
    viewer.layers["first plane margin"].name = "mine"
    clusters.show_margins()
    assert {"mine", "first plane margin"} <= {layer.name for layer in viewer.layers}
    clusters.apart()
    assert viewer.layers["first plane cluster 1"].translate[0] == 3


def test_channels_stay_chosen_when_a_result_is_selected():
    clusters = begun("channels")
    clusters.show_margins()
    clusters.model.viewer.layers.selection.active = clusters.layer
    assert len(clusters.model.sources) == 3
    clusters.split(1)
    assert clusters.k == 6


@pytest.mark.parametrize("current", [False, True])
def test_a_preview_of_a_plane_leaves_out_what_is_masked(current):
    viewer = ViewerModel()
    viewer.add_image(STACK, name="first")
    mask = viewer.add_labels((STACK > 30_000).astype(np.uint8), name="mask")
    model = KMeansModel(viewer)
    model.change(layer=viewer.layers["first"])
    viewer.dims.set_point(0, 3)
    model.change(mask=mask, scope=Scope((0,), True) if current else Scope())
    model.wait(model.begin_quietly(model.preview))
    [seen] = [one for one in viewer.layers if one.name.endswith(" labels")]
    np.testing.assert_array_equal(seen.data > 0, mask.data[3:4] > 0)
    assert seen.translate[0] == 3


def test_a_preview_of_a_lower_level_leaves_out_what_is_masked():
    viewer = ViewerModel()
    levels = [np.kron(GRAY, np.ones((2, 2), np.uint8)), GRAY]
    image = viewer.add_image(levels, name="first", multiscale=True)
    mask = viewer.add_labels((levels[0] > 90).astype(np.uint8), name="mask")
    model = KMeansModel(viewer)
    model.change(layer=image)
    model.change(mask=mask)
    image.data_level = 1
    model.wait(model.begin_quietly(model.preview))
    np.testing.assert_array_equal(viewer.layers["first labels"].data > 0, GRAY > 90)


def test_what_is_hidden_or_merged_leaves_nothing_faded():
    clusters = begun("color")
    clusters.select([2])
    clusters.isolate()
    clusters.hide([2])
    assert not clusters.alone
    assert clusters.selected == ()
    clusters.select([4, 5])
    clusters.isolate()
    clusters.merge([4, 5])
    assert not clusters.alone
    clusters.select([1])
    clusters.isolate()
    clusters.rename(1, "dark")
    assert clusters.alone


def test_colors_of_channels_stay_with_their_clusters():
    clusters = begun("channels", k=5)
    before = clusters.colors.copy()
    clusters.merge([2, 3])
    np.testing.assert_allclose(clusters.colors[[0, 2, 3]], before[[0, 3, 4]], atol=1e-6)
    assert len(np.unique(clusters.colors.round(5), axis=0)) == 4
    table = clusters.layer.features["label_color"].tolist()[1:]
    assert table == hexadecimal(clusters.colors)
    clusters.split(4)
    assert len(np.unique(clusters.colors.round(5), axis=0)) == 5
    np.testing.assert_allclose(clusters.colors[0], before[0], atol=1e-6)
    clusters.recolor(1, "#ff0000")
    np.testing.assert_allclose(clusters.colors[0], [1, 0, 0], atol=1e-6)
    clusters.go(0)
    np.testing.assert_allclose(clusters.colors, before, atol=1e-6)


def test_more_clusters_of_channels_than_colors_are_merged_too():
    random = np.random.default_rng(1)
    viewer = ViewerModel()
    channels = [
        viewer.add_image(random.integers(0, 255, (40, 40), np.uint8), name=name)
        for name in "ab"
    ]
    model = KMeansModel(viewer)
    viewer.layers.selection.update(channels)
    model.change(k=300)
    model.run()
    clusters = Clusters(model)
    clusters.merge([1, 300])
    assert clusters.k == 299
    assert clusters.colors.shape == (299, 3)
    clusters.split(2)
    assert clusters.k == 300
