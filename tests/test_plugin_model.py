"""The dock's model: what it offers, refuses, runs and keeps, without a window."""

import gc
import subprocess
import sys
import weakref

import dask.array as da
import hypothesis
import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from napari.components import ViewerModel
from napari.layers import Image

from dock import names, select
from napari_kmeans import Canceled, kmeans, quantize, quantize_planes
from napari_kmeans.core.options.criteria import Criteria
from napari_kmeans.core.reading import source
from napari_kmeans.plugin import job as job_module
from napari_kmeans.plugin.clusters import Clusters
from napari_kmeans.plugin.model import KMeansModel
from napari_kmeans.plugin.settings import DockSettings

RNG = np.random.default_rng(0)
GRAY = RNG.integers(0, 255, (20, 30), np.uint8)
COLOR = RNG.integers(0, 255, (40, 50, 3), np.uint8)
MOVIE = RNG.integers(0, 60_000, (3, 20, 30), np.uint16)


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def reads(monkeypatch):
    """The images that were read."""
    images, read_samples = [], source.read_samples

    def reading(image, **options):
        images.append(image)
        return read_samples(image, **options)

    monkeypatch.setattr(source, "read_samples", reading)
    return images


@pytest.fixture
def camera(viewer):
    return viewer.add_image(skimage.data.camera()[::4, ::4].copy(), name="camera")


def show(viewer, kind):
    """Add what is clustered, and return the model of a dock."""
    if kind == "points":
        viewer.add_points(RNG.random((30, 2)), name="first")
    elif kind == "channels":
        layers = [viewer.add_image(GRAY + i, name=n) for i, n in enumerate(("a", "b"))]
        model = KMeansModel(viewer)
        select(viewer, *layers)
        return model
    elif kind:
        data = {"gray": GRAY, "color": COLOR, "movie": MOVIE}[kind]
        viewer.add_image(data.copy(), name="first")
    return KMeansModel(viewer)


# -- what is offered, shown and possible -----------------------------------------------


def test_the_model_needs_no_qt():
    code = """
import sys
import numpy as np
import napari.layers
from napari.components import ViewerModel
from napari.utils import notifications

viewer = ViewerModel()
viewer.add_image(np.arange(20, dtype=np.uint8).reshape(4, 5), name="image")
before = set(sys.modules)  # an older napari brings Qt by itself
from napari_kmeans.plugin.model import KMeansModel

model = KMeansModel(viewer)
model.run()
assert len(viewer.layers) == 4, model.message
print(*set(sys.modules) - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    roots = {name.split(".")[0] for name in done.stdout.split()}
    assert not roots & {"qtpy", "PySide6", "PyQt6", "PyQt5"}


HIDDEN = {
    None: {
        *("start_labels", "channels", "scope", "color_space", "scaling"),
        *("mask", "no_data"),
    },
    "gray": {"start_labels", "channels", "scope", "color_space", "scaling"},
    "color": {"start_labels", "channels", "scope"},
    "movie": {"start_labels", "channels", "color_space", "scaling"},
    "channels": {"start_labels", "scope", "color_space"},
    "points": {
        *("start_labels", "channels", "scope", "color_space", "scaling"),
        *("mask", "no_data"),
    },
}


@pytest.mark.parametrize("kind", HIDDEN)
def test_only_what_has_a_meaning_is_shown(viewer, kind):
    model = show(viewer, kind)
    assert model.hidden == HIDDEN[kind] | {"progress"}
    off = {None: {"run"}, "points": {"add_quantized"}}.get(kind, set())
    assert model.disabled == off | {"cancel"}


SEARCH = {"criteria", "max_iter", "epsilon", "attempts", "seed"}


@pytest.mark.parametrize(
    ("settings", "idle"),
    [
        ({}, set()),
        ({"criteria": "epsilon"}, {"max_iter"}),
        ({"criteria": "max iterations"}, {"epsilon"}),
        ({"init": "optimal"}, SEARCH),
        ({"init": "optimal", "criteria": "epsilon"}, SEARCH),
    ],
)
def test_what_does_not_count_is_disabled_and_not_looked_at(viewer, settings, idle):
    model = show(viewer, "gray")
    model.change(**settings)
    assert model.disabled == idle | {"cancel"}
    model.change(**dict.fromkeys(idle & {"max_iter", "attempts"}, 0))
    model.change(**dict.fromkeys(idle & {"epsilon"}, -1.0))
    model.run()
    assert model.message.startswith("Compactness")


INITS = ["random", "k-means++"]


@pytest.mark.parametrize(
    ("kind", "inits"),
    [
        (None, INITS),
        ("points", INITS),
        ("gray", [*INITS, "optimal", "Labels layer"]),
        ("color", [*INITS, "Labels layer"]),
        ("channels", [*INITS, "Labels layer"]),
    ],
)
def test_starts_are_those_that_the_layers_can_have(viewer, kind, inits):
    model = show(viewer, kind)
    assert [choice for _, choice in model.choice.offers.of("init")] == inits


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("init", "optimal"),
        ("init", "none"),
        ("criteria", "all"),
        ("color_space", "hsv"),
        ("layer", None),
        ("layer", Image(GRAY)),
    ],
)
def test_what_is_not_offered_cannot_be_chosen(viewer, name, value):
    model = show(viewer, "color")
    before = model.settings
    with pytest.raises(ValueError, match=f"^{name}=.* should be one of "):
        model.change(**{name: value})
    assert model.settings is before


def test_layers_are_followed_without_a_window(viewer, camera):
    model = KMeansModel(viewer)
    assert model.sources == [camera]
    other = viewer.add_image(GRAY, name="other")
    assert model.sources == [other]
    select(viewer, camera, other)
    assert model.sources == [camera, other]
    viewer.layers.remove(other)
    assert model.sources == [camera]
    viewer.layers.clear()
    assert model.sources == []
    assert model.settings.layer is None


def test_a_choice_that_cannot_stay_is_told(viewer, camera):
    labels = viewer.add_labels(np.ones(camera.data.shape, np.uint8), name="start")
    viewer.layers.selection.active = camera
    model = KMeansModel(viewer)
    model.change(init="Labels layer", start_labels=labels, mask=labels)
    viewer.layers.remove(labels)
    assert model.message.split("\n") == [
        "start is random again: 'start' is gone.",
        "mask is none again: 'start' is gone.",
    ]
    model.change(init="optimal")
    viewer.add_image(COLOR, name="photo")
    assert model.message == "start is random again: 'optimal' does not fit 'photo'."


def add(viewer, kind, rng):
    """Add a layer."""
    data = rng.integers(
        0, 9, {"movie": (3, 8, 9), "photo": (40, 50, 3)}.get(kind, (8, 9))
    )
    if kind in ("labels", "shapes", "points"):
        data = {"shapes": [data[:4, :2]], "points": data[:, :2]}.get(kind, data)
        getattr(viewer, f"add_{kind}")(data, name=str(rng.integers(4)))
    else:
        viewer.add_image(data.astype(np.uint8), name=str(rng.integers(4)))


def disturb(viewer, model, what, rng):
    """Do something in a viewer, or choose something."""
    layers = list(viewer.layers)
    layer = layers[rng.integers(len(layers))] if layers else None
    if what in ("image", "movie", "photo", "labels", "shapes", "points"):
        add(viewer, what, rng)
    elif what == "order":
        viewer.dims.order = rng.permutation(viewer.dims.ndim).tolist()
    elif what == "clear":
        viewer.layers.clear()
    elif what == "choose":
        for name in vars(model.settings):
            if choices := model.choice.offers.of(name):
                model.change(**{name: choices[rng.integers(len(choices))][1]})
    elif layer is None:
        return
    elif what == "remove":
        viewer.layers.remove(layer)
    elif what == "rename":
        layer.name = str(rng.integers(4))
    elif what == "select":
        select(viewer, *(one for one in layers if rng.random() > 0.5))
    elif what == "move":
        viewer.layers.move(0, len(layers))
    elif what == "data" and isinstance(layer, Image) and not layer.rgb:
        shape = (2, 8, 9) if layer.ndim == 2 else (8, 9)
        layer.data = rng.integers(0, 9, shape).astype(np.uint8)


@given(
    st.lists(
        st.sampled_from(
            [
                *("image", "movie", "photo", "labels", "shapes", "points", "order"),
                *("clear", "choose", "remove", "rename", "select", "move", "data"),
            ]
        ),
        min_size=3,
        max_size=20,
    )
)
def test_what_is_chosen_is_offered_whatever_happens(steps):
    rng, viewer = np.random.default_rng(len(steps)), ViewerModel()
    model = KMeansModel(viewer)

    def look():
        for name, value in vars(model.settings).items():
            choices = [choice for _, choice in model.choice.offers.of(name)]
            if name in ("start_labels", "mask"):
                choices.append(None)
            assert not choices or value in choices, name
        assert {*model.sources} <= {*viewer.layers}
        assert model.settings.layer in (model.sources or [None])

    model.changed.connect(look)
    for step in steps:
        disturb(viewer, model, step, rng)
        look()


def test_changes_are_told_once_there_are_any(viewer, camera):
    model = KMeansModel(viewer)
    changes = []
    model.changed.connect(lambda: changes.append(model.settings.k))
    model.change(k=5)
    assert changes == []
    model.change(k=7)
    assert changes == [7]


def test_a_model_that_nobody_has_is_gone(viewer, camera):
    model = weakref.ref(KMeansModel(viewer))
    gc.collect()
    assert model() is None
    camera.data = camera.data[:9]
    viewer.layers.clear()


# -- what is refused -------------------------------------------------------------------

REFUSED = [
    ({"k": 0}, "k=0 should be at least 1."),
    ({"k": 70_000}, "k=70000 should be at most 65,535."),
    ({"k": ""}, "k='' should be an integer."),
    ({"seed": "-"}, "seed='-' should be an integer."),
    ({"max_iter": 0}, "max_iter=0 should be at least 1."),
    ({"attempts": 0}, "attempts=0 should be at least 1."),
    (
        {"attempts": 3_000_000_000},
        "attempts=3000000000 should be at most 2,147,483,647.",
    ),
    ({"seed": -1}, "seed=-1 should be at least 0."),
    ({"seed": 2**31}, "seed=2147483648 should be at most 2,147,483,647."),
    ({"epsilon": -1.0}, "epsilon=-1.0 should be a finite number of at least 0."),
    ({"no_data": "none"}, "no data='none' should be a number or empty."),
    ({"no_data": "inf"}, "no data='inf' should be a number or empty."),
    (
        {"init": "Labels layer"},
        "start='Labels layer' should go with a Labels layer, but none is chosen.",
    ),
    (
        {"add_quantized": False, "add_labels": False, "add_centers": False},
        "Add should have one of Quantized, Labels, Centers ticked, but has none.",
    ),
]


@pytest.mark.parametrize(("settings", "message"), REFUSED)
def test_what_is_not_valid_is_told_before_any_work(viewer, notified, settings, message):
    model = show(viewer, "gray")
    before, valid = names(viewer), model.settings
    model.change(**settings)
    with pytest.raises(ValueError, match=r"\.$") as error:
        model.job()
    assert str(error.value) == message
    model.run()
    assert notified == [message]
    assert model.message == f"Failed: {message}"
    assert names(viewer) == before
    assert not model.running
    # It stays until its cause has gone.
    model.change(scope=model.settings.scope, color_space="oklab")
    assert model.message == f"Failed: {message}"
    model.change(**{name: getattr(valid, name) for name in settings})
    assert model.message == ""


def test_of_points_no_quantized_image_can_be_added(viewer):
    model = show(viewer, "points")
    model.change(add_labels=False, add_centers=False)
    with pytest.raises(ValueError, match="one of Labels, Centers ticked"):
        model.job()


def test_without_layers_there_is_no_job(viewer):
    model = KMeansModel(viewer)
    with pytest.raises(ValueError, match=r"^layer=None should be an Image or Points"):
        model.job()


def test_layers_that_cannot_be_channels_are_refused(viewer):
    first = viewer.add_image(np.zeros((4, 5)), name="a")
    second = viewer.add_image(np.zeros((4, 6)), name="b")
    model = KMeansModel(viewer)
    select(viewer, first, second)
    with pytest.raises(ValueError, match=r"'a' of shape \(4, 5\) and 'b' of shape"):
        model.job()
    second.data = np.zeros((4, 5))
    second.translate = (3, 0)
    with pytest.raises(ValueError, match="'a' and 'b' should lie in one place"):
        model.job()
    color = viewer.add_image(COLOR, name="color")
    select(viewer, first, color)
    with pytest.raises(ValueError, match="'color' should not be in color to be a"):
        model.job()


def test_a_plane_that_lies_outside_is_refused(viewer):
    viewer.add_image(np.zeros((2, 9, 9)), translate=(5, 0, 0), name="later")
    viewer.add_image(MOVIE, name="movie")
    model = KMeansModel(viewer)
    [_, (_, current), *_] = model.choice.offers.of("scope")
    model.change(scope=current)
    viewer.dims.set_point(0, 6)
    model.run()
    assert model.message.startswith("Failed: The plane that is shown should cut")
    viewer.dims.set_point(0, 1)
    assert model.message == ""


# -- jobs, and what becomes of them ----------------------------------------------------


def test_settings_reach_the_job(viewer):
    model = show(viewer, "color")
    model.change(k=7, criteria="max iterations", max_iter=4, attempts=2)
    model.change(init="k-means++", seed=11, color_space="oklab", scaling="range")
    job = model.job()
    assert job.k == 7
    assert job.fitting == {
        "criteria": Criteria(4, 0.0),
        "attempts": 2,
        "init": "k-means++",
        "seed": 11,
    }
    assert job.reading.options == {
        "rgb": True,
        "no_data": None,
        "color_space": "oklab",
        "scaling": "range",
    }
    assert model.job().generation == job.generation
    model.change(criteria="epsilon")
    assert model.job().fitting["criteria"] == Criteria(None, None)
    model.change(epsilon=0.5, no_data=str(2**63 + 1))
    assert model.job().fitting["criteria"] == Criteria(None, 0.5)
    assert model.job().reading.options["no_data"] == 2**63 + 1


def test_a_job_is_of_the_moment_it_was_made(viewer, camera):
    model = KMeansModel(viewer)
    job = model.begin()
    model.change(k=2, add_centers=False)
    for _ in model.finish(job, job_module.run(job)):
        pass
    assert names(viewer) == ["camera", *(f"camera {r}" for r in job.roles)]
    np.testing.assert_array_equal(
        viewer.layers["camera labels"].data, quantize(camera.data, 5).labels
    )


@pytest.mark.parametrize("kind", ["gray", "color", "movie", "channels", "points"])
def test_a_run_finds_what_a_script_does(viewer, kind):
    model = show(viewer, kind)
    model.change(k=3)
    model.run()
    data = [layer.data for layer in model.sources]
    if kind == "points":
        expected = kmeans(data[0], 3)
        table = viewer.layers["first labels"].features
        assert list(table["cluster"]) == list(expected.labels + 1)
        assert model.palette is None
        return
    several = kind == "channels"
    options = {"channel_axis": 0, "channel_names": ["a", "b"]} if several else {}
    expected = quantize(np.stack(data) if several else data[0], 3, **options)
    labels = next(layer for layer in viewer.layers if layer.name.endswith(" labels"))
    np.testing.assert_array_equal(labels.data, expected.labels)
    assert model.palette == expected.palette


def test_planes_have_labels_and_no_palette_of_all(viewer):
    model = show(viewer, "movie")
    model.change(k=2, scope=model.choice.offers.of("scope")[2][1])
    model.run()
    np.testing.assert_array_equal(
        viewer.layers["first labels"].data, quantize_planes(MOVIE, 2).labels
    )
    assert model.palette is None


def test_a_stale_answer_is_dropped(viewer, camera):
    model = KMeansModel(viewer)
    first = model.begin()
    assert model.begin() is None
    model.cancel()
    assert (model.message, model.running) == ("Canceled", False)
    model.change(k=2)
    second = model.begin()
    assert second.generation > first.generation
    model.report(first, "Searching", 0.5)
    assert model.progress is None
    model.report(second, "Searching", 0.5)
    assert (model.message, model.progress) == ("Searching", 0.5)
    assert list(model.finish(first, job_module.run(first))) == []
    assert names(viewer) == ["camera"]
    assert model.running
    for _ in model.finish(second, job_module.run(second)):
        assert "cancel" in model.disabled
        model.cancel()  # too late
    assert viewer.layers["camera labels"].data.max() == 2
    assert list(model.finish(second, job_module.run(second))) == []
    assert "progress" in model.hidden


def test_an_answer_after_cancel_adds_nothing(viewer, camera):
    model = KMeansModel(viewer)
    job = model.begin()
    outcome = job_module.run(job)
    model.cancel()
    assert list(model.finish(job, outcome)) == []
    assert names(viewer) == ["camera"]
    assert model.palette is None


@pytest.mark.parametrize("kind", ["gray", "movie", "points"])
def test_a_job_stops_where_its_progress_raises(viewer, kind):
    def stop(stage, part):
        raise Canceled

    model = show(viewer, kind)
    outcome = job_module.run(model.job(), stop)
    assert outcome.result is None
    assert isinstance(outcome.error, Canceled)


@pytest.mark.parametrize("again", [False, True])
def test_progress_of_a_job_never_goes_back(viewer, again):
    model = show(viewer, "color")
    if again:
        model.run()
    told = []
    job_module.run(model.job(), lambda *progress: told.append(progress))
    parts = [part for _, part in told]
    assert parts == sorted(parts)
    assert (parts[0], parts[-1]) == (0.0, 1.0)
    stages = [stage.split()[0].strip(",") for stage, _ in told]
    assert {"Searching", "Painting", "Locating"} <= {*stages}


def test_whole_numbers_stand_for_no_data_to_the_last_digit(viewer):
    image = np.array([[2**63 + 1, 2**63, 3, 4]] * 3, np.uint64)
    viewer.add_image(image, name="large")
    model = KMeansModel(viewer)
    model.change(k=2, no_data=str(2**63 + 1))
    model.run()
    assert "3 pixels left out: no data" in model.message


def test_fewer_clusters_are_one_notification(viewer, notified):
    viewer.add_image(np.repeat([[3], [9]], 40, axis=1).astype(np.uint8), name="two")
    model = KMeansModel(viewer)
    model.run()
    [message] = notified
    assert "k=5 should be at most the 2 distinct colors" in message
    assert message in model.message


def test_an_error_of_a_run_is_one_notification_and_changes_nothing(viewer, notified):
    viewer.add_image(np.arange(12, dtype=np.uint8).reshape(3, 4), name="tiny")
    model = KMeansModel(viewer)
    model.change(k=13)
    model.run()
    assert notified == ["k=13 should be at most the 12 samples given."]
    assert names(viewer) == ["tiny"]
    model.change(k=2)
    assert model.message == ""


# -- what was read is kept -------------------------------------------------------------


def again(model, **settings):
    """Run, and once more otherwise."""
    model.run()
    model.change(k=3, seed=7, criteria="max iterations", max_iter=3, attempts=2)
    model.change(init="k-means++", **settings)
    model.run()


@pytest.mark.parametrize("kind", ["gray", "color", "movie", "channels"])
def test_another_k_reads_nothing_again(viewer, reads, kind):
    again(show(viewer, kind))
    assert len(reads) == 1


@pytest.mark.parametrize("chunks", [-1, 10])
def test_images_of_dask_are_read_once_too(viewer, reads, chunks):
    viewer.add_image(da.from_array(GRAY, chunks=chunks), name="lazy")
    again(KMeansModel(viewer))
    assert len(reads) == 1
    assert isinstance(viewer.layers["lazy labels"].data, da.Array)


def test_the_plane_that_is_shown_is_read_once(viewer, reads):
    model = show(viewer, "movie")
    model.change(scope=model.choice.offers.of("scope")[1][1])
    again(model)
    assert len(reads) == 1
    viewer.dims.set_point(0, 0 if viewer.dims.point[0] else 1)
    model.run()
    assert len(reads) == 2


def test_planes_and_points_are_read_anew(viewer):
    model = show(viewer, "movie")
    model.change(k=2, scope=model.choice.offers.of("scope")[2][1])
    model.run()
    assert model.job().kept is None
    model = show(viewer, "points")
    model.run()
    assert model.job().kept is None


@pytest.mark.parametrize(
    "settings",
    [
        {"no_data": "7"},
        {"color_space": "cielab"},
        {"scaling": "variance"},
    ],
)
def test_what_is_read_otherwise_is_read_anew(viewer, reads, settings):
    model = show(viewer, "color")
    again(model, **settings)
    assert len(reads) == 2
    expected = quantize(
        COLOR,
        3,
        seed=7,
        criteria=model.job().fitting["criteria"],
        attempts=2,
        init="k-means++",
        no_data=7 if "no_data" in settings else None,
        **{name: value for name, value in settings.items() if name != "no_data"},
    )
    np.testing.assert_array_equal(viewer.layers["first labels"].data, expected.labels)


def test_what_lies_on_disk_is_read_anew(viewer, reads, tmp_path):
    mapped = np.memmap(tmp_path / "image", np.uint8, "w+", shape=GRAY.shape)
    mapped[...] = GRAY
    viewer.add_image(mapped, name="mapped")
    again(KMeansModel(viewer))
    assert len(reads) == 2


def test_zarr_is_read_anew(viewer, reads, tmp_path):
    zarr = pytest.importorskip("zarr")
    array = zarr.create_array(tmp_path / "image.zarr", data=GRAY)
    viewer.add_image(array, name="stored", contrast_limits=(0, 255))
    model = KMeansModel(viewer)
    model.run()
    assert model.job().kept is None


def test_nothing_is_kept_where_memory_is_short(viewer, reads, monkeypatch):
    model = show(viewer, "color")
    model.run()
    monkeypatch.setattr("napari_kmeans.core.run.memory.free_memory", lambda: 1000)
    model.run()
    assert len(reads) == 2
    assert model.job().kept is None
    monkeypatch.undo()


@pytest.mark.parametrize("kind", ["gray", "channels"])
@pytest.mark.parametrize("how", ["other data", "removed"])
def test_data_that_no_layer_has_are_let_go(viewer, kind, how):
    model = show(viewer, kind)
    model.run()
    layer = model.sources[0]
    data = weakref.ref(layer.data)
    assert model.job().kept is not None
    if how == "removed":
        viewer.layers.remove(layer)
        del layer
    else:
        layer.data = layer.data[::-1].copy()
    gc.collect()
    assert model._kept is None
    if how == "other data":
        assert data() is None


def test_a_mask_that_was_painted_on_is_read_anew(viewer, camera, reads):
    region = viewer.add_labels(np.ones(camera.data.shape, np.uint8), name="region")
    viewer.layers.selection.active = camera
    model = KMeansModel(viewer)
    model.change(mask=region)
    again(model)
    assert len(reads) == 1
    region.data[:9] = 0
    model.run()
    assert len(reads) == 2
    assert (viewer.layers["camera labels"].data[:9] == 0).all()
    model.change(mask=None)
    model.run()
    assert (viewer.layers["camera labels"].data > 0).all()


KINDS = {
    "8-bit": lambda rng: rng.integers(0, 255, (20, 30), np.uint8),
    "color": lambda rng: rng.integers(0, 9, (40, 50, 3), np.uint8),
    "alpha": lambda rng: rng.integers(0, 9, (40, 50, 4), np.uint8),
    "float": lambda rng: rng.random((20, 30)),
    "16-bit stack": lambda rng: rng.integers(0, 60_000, (4, 20, 30), np.uint16),
    "bool": lambda rng: rng.random((20, 30)) > 0.3,
    "reversed": lambda rng: rng.integers(0, 255, (30, 20), np.int16)[::-1].T,
    "channels": lambda rng: rng.integers(0, 255, (20, 30), np.uint8),
    "lazy": lambda rng: da.from_array(rng.integers(0, 255, (20, 30), np.uint8), 11),
}
MOVES = st.sampled_from(
    ["k", "seed", "criteria", "optimal", "pixel", "all", "other", "region", "no mask"]
)


def move(model, viewer, step, rng):
    """Change a setting, the data or the mask."""
    image, region = viewer.layers["image"], viewer.layers["region"]
    if step == "k":
        model.change(k=int(rng.integers(1, 4)))
    elif step == "seed":
        model.change(seed=int(rng.integers(9)))
    elif step == "criteria":
        model.change(criteria="max iterations", max_iter=int(rng.integers(1, 5)))
    elif step == "optimal":
        offered = [choice for _, choice in model.choice.offers.of("init")]
        model.change(init=offered[-2] if "optimal" in offered else "k-means++")
    elif step == "other":
        image.data = image.data[..., ::-1] if image.rgb else image.data[::-1]
    elif step == "region":
        region.data[tuple(rng.integers(0, region.data.shape))] ^= 1
        model.change(mask=region)
    elif step == "no mask":
        model.change(mask=None)
    else:
        place = (0,) if step == "all" else tuple(rng.integers(0, image.data.shape))
        value = image.data[place]
        image.data[place] = ~value if image.data.dtype == bool else value + 1


def shown(viewer):
    """What there is to see of results."""
    found = {}
    for layer in viewer.layers:
        if record := dict(layer.metadata.get("napari-kmeans", {})):
            for name in ("id", "source_id", "result", "digest"):
                record.pop(name, None)
            table = getattr(layer, "features", None)
            table = None if table is None else table.to_csv()
            kind = type(layer.data), np.asarray(layer.data).dtype
            data = np.asarray(layer.data).tobytes()
            found[layer.name] = kind, data, table, str(record)
    return found


def fresh(viewer, settings):
    """Return what a dock that has seen nothing yet shows of a copy."""
    other = ViewerModel()
    copies = {}
    for layer in viewer.layers:
        if "napari-kmeans" not in layer.metadata:
            add, looks = other.add_labels, {}
            if isinstance(layer, Image):
                add, looks = other.add_image, {"rgb": layer.rgb}
                looks["contrast_limits"] = layer.contrast_limits
            copies[layer] = add(layer.data.copy(), name=layer.name, **looks)
    model = KMeansModel(other)
    select(other, *(copies[layer] for layer in copies if isinstance(layer, Image)))
    chosen = vars(settings) | {
        name: copies.get(getattr(settings, name)) for name in ("layer", "mask")
    }
    del chosen["epsilon"]  # it is the default, which follows the data
    model.change(**chosen)
    model.run()
    return shown(other)


@hypothesis.settings(max_examples=20)
@given(st.sampled_from(sorted(KINDS)), st.lists(MOVES, min_size=1, max_size=4))
def test_a_run_shows_what_a_fresh_one_would(kind, steps):
    rng = np.random.default_rng(len(steps))
    viewer, data = ViewerModel(), KINDS[kind](rng)
    image = viewer.add_image(data, name="image")
    layers = [image]
    if kind == "channels":
        layers.append(viewer.add_image(data[::-1].copy(), name="beside"))
    inside = np.ones(data.shape[:2] if image.rgb else data.shape, np.uint8)
    viewer.add_labels(inside, name="region")
    model = KMeansModel(viewer)
    select(viewer, *layers)
    model.change(k=2, attempts=2)
    model.run()
    for step in steps:
        move(model, viewer, step, rng)
        model.run()
        assert shown(viewer) == fresh(viewer, model.settings), model.message


# -- palettes --------------------------------------------------------------------------


def test_palettes_are_undone_and_redone(viewer):
    model = show(viewer, "color")
    for k in (2, 3, 4):
        model.change(k=k)
        model.run()
    assert model.palette.k == 4
    assert (model.undo().k, model.undo().k, model.undo().k) == (3, 2, 2)
    assert model.redo().k == 3
    model.change(k=6)
    model.run()
    assert model.palette.k == 6
    assert not model.history.can_redo
    assert model.undo().k == 3


def test_a_palette_says_what_the_layers_show(viewer):
    model = show(viewer, "color")
    model.run()
    np.testing.assert_array_equal(
        model.palette.label(COLOR), viewer.layers["first labels"].data
    )


def test_palettes_are_of_their_sources(viewer, camera):
    other = viewer.add_image(COLOR, name="other")
    model = KMeansModel(viewer)
    model.run()
    palette = model.palette
    model.change(layer=camera)
    assert model.palette is None
    model.change(layer=other)
    assert model.palette is palette
    viewer.layers.remove(other)
    assert all(other.unique_id not in ids for ids in model._benches)


def test_what_was_set_for_a_layer_is_there_again(viewer, camera):
    model = KMeansModel(viewer)
    model.change(k=3, attempts=4, init="optimal")
    other = viewer.add_image(COLOR, name="other")
    assert model.sources == [other]
    model.change(k=9, color_space="oklab", attempts=2)
    model.change(layer=camera)
    assert (model.settings.k, model.settings.attempts) == (3, 4)
    assert model.settings.init == "optimal"
    model.change(layer=other)
    assert (model.settings.k, model.settings.color_space) == (9, "oklab")
    assert model.settings.init == "random"


def test_all_settings_have_a_default():
    assert DockSettings() == DockSettings()
    assert DockSettings().idle == set()


# -- arrays that are not of NumPy ------------------------------------------------------


class Chunked:
    """An array that says its chunks, and notes what was asked of it."""

    def __init__(self, values, chunks):
        self._values, self.chunks, self.asked = values, chunks, []
        self.shape, self.dtype, self.ndim = values.shape, values.dtype, values.ndim

    def __getitem__(self, index):
        part = self._values[index]
        self.asked.append(part.size)
        return part

    def __array__(self, dtype=None, copy=None):
        self.asked.append(self._values.size)
        return self._values


def test_a_layer_with_chunks_is_read_by_blocks(viewer):
    values = RNG.integers(0, 255, (1300, 1400), np.uint8)
    data = Chunked(values, (300, 350))
    viewer.add_image(data, name="disk", contrast_limits=(0, 255))
    model = KMeansModel(viewer)
    assert not model.settings.live
    data.asked.clear()
    model.change(k=3)
    model.run()
    assert 0 < max(data.asked) < values.size
    labels = viewer.layers["disk labels"].data
    assert isinstance(labels, da.Array)
    np.testing.assert_array_equal(labels, quantize(values, 3).labels)
    Clusters(model).merge([1, 2])
    assert model.palette.k == 2
    assert max(data.asked) < values.size


def test_channels_and_planes_with_chunks_are_read_by_blocks(viewer):
    movie = RNG.integers(0, 255, (3, 700, 800), np.uint8)
    layers = [Chunked(movie + np.uint8(i), (1, 350, 400)) for i in range(2)]
    for at, data in enumerate(layers):
        viewer.add_image(data, name=f"c{at}", contrast_limits=(0, 255))
    model = KMeansModel(viewer)
    planes = model.choice.offers.of("scope")
    model.change(k=2, scope=planes[2][1])
    model.run()
    expected = quantize_planes(layers[1]._values, 2).labels
    np.testing.assert_array_equal(viewer.layers["c1 labels"].data, expected)
    viewer.layers.selection = {viewer.layers["c0"], viewer.layers["c1"]}
    model.change(k=2, scope=planes[0][1])
    model.run()
    assert all(max(data.asked) < movie.size for data in layers)


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_a_layer_of_zarr_has_lazy_labels(viewer, zarr_format):
    zarr = pytest.importorskip("zarr")
    data = zarr.create_array(
        {}, shape=COLOR.shape, chunks=(20, 20, 3), dtype="u1", zarr_format=zarr_format
    )
    data[:] = COLOR
    viewer.add_image(data, name="disk", rgb=True)
    model = KMeansModel(viewer)
    model.change(k=3)
    model.run()
    labels = viewer.layers["disk labels"].data
    assert isinstance(labels, da.Array)
    np.testing.assert_array_equal(labels, quantize(COLOR, 3).labels)
    model.preview().reading.image()


@pytest.mark.parametrize("lazy", [False, True])
def test_a_labeled_layer_gives_plain_ones(viewer, reads, lazy):
    xr = pytest.importorskip("xarray")
    values = da.from_array(GRAY, chunks=10) if lazy else GRAY
    viewer.add_image(xr.DataArray(values, dims=("y", "x")), name="labeled")
    model = KMeansModel(viewer)
    again(model)
    assert len(reads) == 1
    labels = viewer.layers["labeled labels"].data
    assert isinstance(labels, da.Array if lazy else np.ndarray)
    quantized = viewer.layers["labeled quantized"].data
    assert isinstance(quantized, da.Array if lazy else np.ndarray)
    np.testing.assert_array_equal(labels, quantize(GRAY, model.settings.k).labels)
    job_module.run(model.preview())
