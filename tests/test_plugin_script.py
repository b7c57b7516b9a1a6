"""Scripts: what is copied as Python makes the same result, to the bit."""

import dask.array as da
import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from napari.components import ViewerModel
from npe2 import PluginManifest
from PIL import Image as Picture

from dock import select
from napari_kmeans import fit, kmeans, quantize_planes, read_samples
from napari_kmeans.core.options.code import literal
from napari_kmeans.core.options.criteria import Criteria
from napari_kmeans.core.palettes.edit import Edit
from napari_kmeans.plugin.clusters import Clusters
from napari_kmeans.plugin.model import KMeansModel
from napari_kmeans.plugin.script import Fitted, code
from napari_kmeans.plugin.seeds import add_seeds
from napari_kmeans.plugin.sources import Scope

RNG = np.random.default_rng(0)
GRAY = skimage.data.camera()[::8, ::8]
COLOR = skimage.data.coffee()[::8, ::8]

EDITS = [
    Edit("merge", ([1, np.int64(3)],)),
    Edit("rename", (2, 'it\'s "sky"\n')),
    Edit("recolor", (1, (0.1, 1 / 3, np.float32(0.7)))),
    Edit("recolor", (2,), {"color": "#ff8000"}),
    Edit("reorder", ([3, 1, 4, 2],)),
    Edit("lock", (1, 2)),
    Edit("lock", (1,), {"locked": False}),
    Edit("merge", ([1, 3],), {"name": "ground"}),
    Edit("lock", (), {"locked": False}),
    Edit("split", (1,), {"k": 2, "seed": 3}),
    Edit("delete", ([2],)),
    Edit("merge_closer", (np.float64(0.1),)),
    Edit("reorder", ("share",)),
]


@pytest.fixture
def viewer():
    return ViewerModel()


def told(model, edits=(), **more):
    """Return as code what a model has done and what was edited then."""
    job, settings = model.job(), model.settings
    run = Fitted(job.k, job.fitting, started=job.start_labels is not None)
    reading = job.reading
    return code(
        job.sources,
        [run, *edits],
        read=reading.options,
        cut=reading.cut,
        by_blocks=reading.by_blocks,
        mask=settings.mask,
        start_labels=settings.start_labels if run.started else None,
        axes=job.axes,
        **more,
    )


def done(text, viewer=None):
    """Do what a script says; return all that it has made."""
    made = {} if viewer is None else {"viewer": viewer}
    exec(text, made)
    return made


def color(viewer):
    viewer.add_image(COLOR, name="photo", scale=(2, 2), translate=(3, 5))
    return {"color_space": "oklab", "scaling": "range"}


def gray(viewer):
    viewer.add_image(GRAY, name="photo")
    return {"criteria": "epsilon", "epsilon": 0.1, "init": "k-means++"}


def optimal(viewer):
    viewer.add_image(GRAY.astype(float), name="photo")
    return {"init": "optimal", "no_data": "200"}


def channels(viewer):
    for i, channel in enumerate(RNG.random((3, 30, 40))):
        viewer.add_image(channel, name=f"it's {i}")
    select(viewer, *viewer.layers)
    return {"scaling": "variance", "seed": 4}


def labels_mask(viewer):
    layer = viewer.add_image(COLOR, name="photo")
    viewer.add_labels(RNG.integers(0, 2, (25, 40)), name="mask", scale=(2, 2))
    viewer.layers.selection.active = layer
    return {"mask": viewer.layers["mask"]}


def shapes_mask(viewer):
    layer = viewer.add_image(COLOR, name="photo", scale=(2, 2))
    shape = [[5.3, 7], [90, 100.1]]
    viewer.add_shapes([shape], shape_type="ellipse", name="mask", rotate=10)
    viewer.layers.selection.active = layer
    return {"mask": viewer.layers["mask"], "attempts": 3, "max_iter": 20}


def painted(viewer):
    layer = viewer.add_image(COLOR, name="photo")
    labels = np.zeros(COLOR.shape[:2], int)
    labels[5, :4], labels[30, 3], labels[40:, 50] = 1, 2, 5
    viewer.add_labels(labels, name="seeds")
    viewer.layers.selection.active = layer
    return {"init": "Labels layer", "start_labels": viewer.layers["seeds"]}


def pointed(viewer):
    layer = viewer.add_image(COLOR, name="photo")
    add_seeds(viewer, [layer]).add([[5, 5], [30, 30]])
    viewer.layers.selection.active = layer
    return {"init": "k-means++"}


def plane(viewer):
    viewer.add_image(np.stack([GRAY // 2, GRAY, GRAY // 3]), name="movie")
    viewer.dims.current_step = (1, 0, 0)
    return {"scope": Scope((0,), current=True)}


def lazy(viewer):
    viewer.add_image([da.from_array(GRAY), da.from_array(GRAY[::2, ::2])], name="zarr")
    return {"seed": 1}


CASES = [
    *(color, gray, optimal, channels, labels_mask, shapes_mask, painted, pointed),
    *(plane, lazy),
]


def ran(viewer, case):
    """Return a model that has run, and its labels."""
    model = KMeansModel(viewer)
    settings = case(viewer)
    model.change(k=5, **settings)
    model.run()
    assert model.palette, model.message
    (layer,) = (one for one in viewer.layers if one.name.endswith(" labels"))
    return model, np.asarray(layer.data[0] if layer.multiscale else layer.data)


@pytest.mark.parametrize("case", CASES)
def test_code_makes_the_same_labels(viewer, case):
    model, labels = ran(viewer, case)
    result = done(told(model), viewer)["result"]
    np.testing.assert_array_equal(result.labels, labels)
    assert result.palette == model.palette


@pytest.mark.parametrize("case", CASES)
def test_code_makes_the_same_edits(viewer, case):
    model, _ = ran(viewer, case)
    reading = model.job().reading
    image, inside = reading.image(), reading.inside()
    samples = read_samples(image, **reading.masked(inside))
    palette = model.palette
    for edit in EDITS:
        palette = edit.apply(palette, samples)
    made = done(told(model, EDITS), viewer)
    assert made["palette"] == palette
    labels, quantized = palette.apply(image, mask=inside)
    np.testing.assert_array_equal(made["result"].labels, labels)
    np.testing.assert_array_equal(made["result"].quantized, quantized)


def test_planes_each_on_its_own(viewer):
    movie = np.stack([GRAY, GRAY // 2])
    viewer.add_image(movie, name="movie")
    model = KMeansModel(viewer)
    model.change(k=3, scope=Scope((0,)))
    result = done(told(model), viewer)["result"]
    expected = quantize_planes(movie, k=3, criteria=model.job().fitting["criteria"])
    np.testing.assert_array_equal(result.labels, expected.labels)


def test_where_none_can_be_copied_it_is_said_of_what_it_can(viewer):
    viewer.add_image(np.stack([GRAY, GRAY // 2]), name="movie")
    model = KMeansModel(viewer)
    clusters = Clusters(model)
    with pytest.raises(ValueError, match="to copy as Python: run first"):
        _ = clusters.code
    model.change(k=3, scope=Scope((0,)))
    model.run()
    with pytest.raises(ValueError, match=r"of an image .*, not of points, or of"):
        _ = clusters.code


def test_planes_of_several_channels(viewer):
    for name in "ab":
        viewer.add_image(RNG.random((2, 20, 30)), name=name)
    select(viewer, *viewer.layers)
    model = KMeansModel(viewer)
    model.change(k=3, scope=Scope((0,)))
    text = told(model)
    model.run()
    labels = viewer.layers["a, b labels"].data
    np.testing.assert_array_equal(done(text, viewer)["result"].labels, labels)


def test_a_clean_up_is_told(viewer):
    layer = viewer.add_image(GRAY, name="photo")
    lines = code(
        [layer], [Fitted(3)], despeckled={"size": 9, "axes": (0,)}
    ).splitlines()
    assert (
        lines[1]
        == "from napari_kmeans import despeckle, quantize_samples, read_samples"
    )
    assert lines[-2:] == [
        "labels = despeckle(result.labels, size=9, axes=(0,)).labels",
        "result = result.relabeled(labels)",
    ]


def test_points(viewer):
    layer = viewer.add_points(RNG.random((50, 2)), name="points")
    text = code([layer], [Fitted(3, {"seed": 2})])
    assert "kmeans(points, k=3, seed=2)" in text
    expected = kmeans(layer.data, k=3, seed=2)
    np.testing.assert_array_equal(done(text, viewer)["result"].labels, expected.labels)


def test_of_a_file_the_script_stands_alone(viewer, tmp_path, npe2pm):
    Picture.fromarray(COLOR).save(path := tmp_path / "it's a photo.png")
    with npe2pm.tmp_plugin(manifest=PluginManifest.from_distribution("napari")):
        viewer.open(path, plugin="napari")
        model = KMeansModel(viewer)
        model.run()
        text = told(model, EDITS[:1])
        assert "viewer" not in text
        expected = model.palette.merge([1, 3]).label(COLOR)
        np.testing.assert_array_equal(done(text)["result"].labels, expected)
        Picture.fromarray(COLOR[1:]).save(path)
        with pytest.raises(AssertionError):
            done(text)


def test_an_image_too_large_is_worked_on_by_blocks(viewer):
    layer = viewer.add_image(GRAY, name="photo")
    text = code([layer], [Fitted(3)], read={"rgb": False}, by_blocks=True)
    result = done(text, viewer)["result"]
    assert isinstance(result.labels, da.Array)
    expected = fit(read_samples(GRAY), k=3).label(GRAY)
    np.testing.assert_array_equal(result.labels, expected)


def test_told_is_what_has_led_to_the_last_palette(viewer):
    layer = viewer.add_image(GRAY, name="photo")
    last = [Fitted(4), EDITS[0]]
    assert code([layer], [Fitted(9), EDITS[0], *last]) == code([layer], last)
    with pytest.raises(ValueError, match="should have a fit that does not go on"):
        code([layer], EDITS)


def test_what_was_kept_and_passed_on_is_told(viewer):
    layer = viewer.add_image(GRAY, name="photo")
    edits = [Edit("rename", (1, "sky")), Edit("lock", (1,))]
    steps = [Fitted(4), *edits, Fitted(6, kept=True, inherited=True), EDITS[0]]
    text = code([layer], steps, read={"rgb": False})
    assert "palette = fit(samples, k=6, keep=palette).inherit(palette)\n" in text
    samples = read_samples(GRAY)
    before = fit(samples, k=4).rename(1, "sky").lock(1)
    expected = fit(samples, k=6, keep=before).inherit(before)
    made = done(code([layer], steps[:-1], read={"rgb": False}), viewer)
    assert made["palette"] == expected
    assert "sky" in expected.names


def test_only_what_is_not_the_default_is_said(viewer):
    viewer.add_image(GRAY, name="photo")
    model = KMeansModel(viewer)
    model.change(k=3, criteria="max iterations")
    assert told(model).splitlines() == [
        "# For napari's console, where the viewer is `viewer`.",
        "from napari_kmeans import Criteria, quantize_samples, read_samples",
        "",
        "image = viewer.layers['photo'].data",
        "samples = read_samples(image, rgb=False)",
        "result = quantize_samples(samples, k=3, criteria=Criteria(epsilon=0.0))",
    ]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.tuples(inner) | st.tuples(inner, inner)
    ),
    max_leaves=9,
)


@given(VALUES)
def test_values_are_written_exactly(value):
    again = eval(literal(value))
    assert repr(again) == repr(value)
    assert type(again) is type(value)


@given(st.lists(st.floats(width=32), min_size=1))
def test_arrays_are_written_exactly(values):
    array = np.array(values, np.float32)
    np.testing.assert_array_equal(np.array(eval(literal(array)), np.float32), array)


@given(st.none() | st.integers(1, 99), st.none() | st.floats(0, 1e300))
def test_criteria_are_written_exactly(max_iter, epsilon):
    criteria = Criteria(max_iter, epsilon)
    assert eval(literal(criteria)) == criteria


def test_what_cannot_be_written_is_refused():
    with pytest.raises(TypeError, match="should be a value that can be written"):
        literal(object())


@pytest.mark.parametrize(
    "method", ["apply", "label", "k", "_picked", "nothing", "__repr__"]
)
def test_edits_are_methods_that_return_a_palette(method):
    palette = fit(read_samples(GRAY), k=3)
    with pytest.raises(ValueError, match=f"method='{method}' should be an edit"):
        Edit(method).apply(palette)
    with pytest.raises(ValueError, match="should be an edit of palettes"):
        _ = Edit(method).code
