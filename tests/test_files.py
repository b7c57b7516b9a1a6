"""Files: what napari reads is read, what is written comes back, nothing is lost."""

import contextlib
import dataclasses
import json
import sys

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from napari.layers import Image
from skimage.io import imread, imsave

from napari_kmeans import files, omezarr, quantize, quantize_planes
from napari_kmeans.core.progress import exhaust


def tree(folder):
    """Return every file and folder below, hidden ones too, with what it holds."""
    return {
        path.relative_to(folder).as_posix(): (
            path.read_text(errors="replace") if path.is_file() else ""
        )
        for path in folder.rglob("*")
    }


@pytest.fixture
def reader(npe2pm):
    """Give a function that makes napari read every .fake file as given layers."""
    with contextlib.ExitStack() as stack:

        def contribute(layers, name="fake-reader"):
            plugin = stack.enter_context(npe2pm.tmp_plugin(name=name))

            @plugin.contribute.reader(filename_patterns=["*.fake"])
            def get_reader(path):
                return lambda path: layers  # noqa: ARG005

        yield contribute


@pytest.fixture
def fake(tmp_path):
    path = tmp_path / "cells.fake"
    path.touch()
    return str(path)


PNG, TIFF = {"quantized.png"}, {"quantized.tif"}
ROUND_TRIPS = [
    ("u1", (40, 50), None, PNG, "labels.png"),
    ("u2", (40, 50), None, PNG, "labels.png"),
    (">u2", (40, 50), None, PNG, "labels.png"),
    ("u1", (40, 50, 3), True, PNG, "labels.png"),
    ("u1", (40, 50, 4), True, PNG, "labels.png"),
    ("u2", (40, 50, 3), True, TIFF, "labels.png"),
    ("f4", (40, 50, 3), True, TIFF, "labels.png"),
    ("i1", (40, 50), None, TIFF, "labels.png"),
    ("i4", (40, 50), None, TIFF, "labels.png"),
    ("f2", (40, 50), None, TIFF, "labels.png"),
    (">f8", (40, 50), None, TIFF, "labels.png"),
    ("?", (40, 50), None, TIFF, "labels.png"),
    ("u1", (6, 40, 50), None, TIFF, "labels.tif"),
    ("u1", (6, 40, 50, 3), True, TIFF, "labels.tif"),
    ("u1", (40, 50, 3), False, TIFF, "labels.tif"),
]


@pytest.mark.parametrize(("dtype", "shape", "rgb", "image", "labels"), ROUND_TRIPS)
def test_what_is_written_comes_back(dtype, shape, rgb, image, labels, tmp_path):
    random = np.random.default_rng(0)
    data = random.integers(0, 100, shape).astype(dtype)
    q = quantize(data, k=2, rgb=rgb)
    files.write(tmp_path, q)
    assert set(tree(tmp_path)) == image | {labels, "centers.csv", "settings.json"}
    written, written_labels = (
        (imread if name.endswith(".png") else tifffile.imread)(tmp_path / name)
        for name in (*image, labels)
    )
    assert written.dtype == data.dtype.newbyteorder("=")
    np.testing.assert_array_equal(written, q.quantized)
    assert written_labels.dtype == np.uint8
    np.testing.assert_array_equal(written_labels, q.labels)
    table = pd.read_csv(tmp_path / "centers.csv")
    pd.testing.assert_frame_equal(table, q.features, check_dtype=False)


def test_many_clusters_are_written_as_16_bit_labels(tmp_path):
    q = quantize(np.arange(300, dtype=np.uint16).reshape(20, 15), k=300)
    files.write(tmp_path, q)
    labels = imread(tmp_path / "labels.png")
    assert labels.dtype == np.uint16
    np.testing.assert_array_equal(labels, q.labels)


@given(
    arrays.arrays(
        st.sampled_from([np.uint8, np.uint16]),
        arrays.array_shapes(min_dims=2, max_dims=2, max_side=9),
    )
)
def test_every_gray_image_comes_back(tmp_path_factory, image):
    folder = tmp_path_factory.mktemp("gray")
    q = quantize(image, k=1)
    files.write(folder, q)
    np.testing.assert_array_equal(imread(folder / "quantized.png"), q.quantized)


@pytest.mark.parametrize("suffix", ["png", "tif", "npy"])
def test_what_napari_opens_is_read(suffix, tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (40, 50), np.uint8)
    path = tmp_path / f"some.image.{suffix}"
    np.save(path, image) if suffix == "npy" else imsave(path, image)
    data, attributes, kind = files.read(str(path))
    np.testing.assert_array_equal(data, image)
    assert (attributes["name"], kind) == ("some.image", "image")


def test_folder_of_images_is_read_as_a_stack(tmp_path):
    stack = np.random.default_rng(0).integers(0, 256, (3, 40, 50), np.uint8)
    for index, image in enumerate(stack):
        imsave(tmp_path / f"{index}.png", image, check_contrast=False)
    data, attributes, _ = files.read(f"{tmp_path}/")
    np.testing.assert_array_equal(np.asarray(data), stack)
    assert attributes["name"] == tmp_path.name


IMAGE = np.zeros((40, 50))


@pytest.mark.parametrize(
    "returned",
    [
        (IMAGE,),
        (IMAGE, {}),
        (IMAGE, {}, "image"),
        ([IMAGE, IMAGE[::2, ::2]], {"multiscale": True}, "image"),
        Image(IMAGE, name="cells"),
    ],
)
def test_whatever_a_reader_returns_is_a_named_image(returned, reader, fake):
    reader([returned])
    data, attributes, kind = files.read(fake)
    assert data is IMAGE
    assert (attributes["name"], kind) == ("cells", "image")


def test_placement_of_channels_is_kept(reader, fake):
    placement = {"scale": (2, 3), "units": ("um", "um"), "axis_labels": ("y", "x")}
    attributes = {"channel_axis": 0, "name": ["a", "b"], **placement}
    reader([([np.zeros((2, 40, 50))], attributes | {"multiscale": True}, "image")])
    assert files.read(fake)[1] == {"channel_axis": 0, "name": "cells", **placement}


def test_level_of_a_pyramid_is_no_pyramid(reader, fake):
    reader([([IMAGE, IMAGE[::2, ::2]], {"multiscale": True}, "image")])
    assert "multiscale" not in files.read(fake)[1]


def test_omezarr_is_read_lazily_and_without_napari(tmp_path, monkeypatch):
    image = np.random.default_rng(0).integers(1, 9, (40, 50, 3), np.uint8)
    path = tmp_path / "cells.zarr"
    exhaust(omezarr.write_steps(path, quantize(image, 2, rgb=True), {"name": "cells"}))
    monkeypatch.setitem(sys.modules, "napari", None)
    data, attributes, kind = files.read(str(path))
    assert isinstance(data, da.Array)
    assert (attributes["name"], attributes["rgb"], kind) == (
        "cells quantized",
        True,
        "image",
    )
    data, attributes, kind = files.read(str(path), types=("labels",))
    assert (attributes["name"], kind) == ("cells labels", "labels")
    # Read to be written as PNG, it is computed.
    lazy = dataclasses.replace(quantize(image, 1, rgb=True), labels=data)
    files.write(tmp_path, lazy)
    np.testing.assert_array_equal(imread(tmp_path / "labels.png"), data)


def test_name_that_a_reader_gives_is_kept(reader, fake):
    reader([(IMAGE, {"name": "DAPI", "scale": (2, 2)})])
    assert files.read(fake)[1] == {"name": "DAPI", "scale": (2, 2)}


def test_channels_stay_together(reader, fake):
    lists = {"name": ["a", "b"], "colormap": ["red", "green"]}
    reader([(np.zeros((2, 40, 50)), {"channel_axis": 0, **lists}, "image")])
    data, attributes, _ = files.read(fake)
    assert data.shape == (2, 40, 50)
    assert attributes == {"channel_axis": 0, "name": "cells"}


def test_one_of_several_images_is_picked(reader, fake):
    points = (np.zeros((4, 2)), {}, "points")
    reader([points, (IMAGE, {"name": "first"}), (IMAGE, {"name": "second"})])
    assert files.read(fake, layer=1)[1]["name"] == "second"
    with pytest.raises(ValueError, match=r"holds 2 images; .* 0: first, 1: second\.$"):
        files.read(fake)
    for layer in (-1, 2):
        with pytest.raises(ValueError, match=rf"^layer={layer} should be from 0 to 1"):
            files.read(fake, layer=layer)


def test_types_of_layers_are_looked_for(reader, fake):
    reader([(IMAGE, {}, "image"), (IMAGE.astype(int), {}, "labels")])
    assert files.read(fake)[2] == "image"
    assert files.read(fake, types=("labels",))[2] == "labels"


def test_plugin_is_picked(reader, fake):
    reader([(IMAGE, {"name": "one"})], "one")
    reader([(IMAGE, {"name": "other"})], "other")
    for plugin in ("one", "other"):
        assert files.read(fake, plugin=plugin)[1]["name"] == plugin
    with pytest.raises(ValueError, match=r"'third' does not exist"):
        files.read(fake, plugin="third")


def test_file_without_images_fails(reader, fake):
    reader([(np.zeros((4, 2)), {}, "points")])
    with pytest.raises(ValueError, match="should hold an image, but holds none"):
        files.read(fake)


def test_missing_file_fails(tmp_path):
    with pytest.raises(ValueError, match=r"none\.png should be a file or a folder"):
        files.read(str(tmp_path / "none.png"))


@pytest.mark.parametrize("name", ["broken.npy", "unknown.xyz"])
def test_unreadable_file_fails_in_one_line(name, tmp_path):
    path = tmp_path / name
    path.write_text("not an image")
    with pytest.raises(ValueError, match="could not be read") as caught:
        files.read(str(path))
    assert "\n" not in str(caught.value)


def test_script_is_not_run(tmp_path):
    path = tmp_path / "script.py"
    path.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    with pytest.raises(ValueError, match="should be an image, not a script"):
        files.read(str(path))
    assert not (tmp_path / "ran").exists()


def test_missing_napari_is_said(monkeypatch, fake):
    monkeypatch.setitem(sys.modules, "napari", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"pip install 'napari-kmeans\[all\]'"
    ):
        files.read(fake)


def test_stem_of_a_folder_that_has_no_name_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert files.stem(".") == tmp_path.name
    assert files.stem("/") == "image"


@pytest.mark.parametrize(("shape", "rgb"), [((4, 4, 40, 3), True), ((4, 40, 3), False)])
def test_tiff_says_whether_it_is_in_color(shape, rgb, tmp_path):
    image = np.arange(np.prod(shape), dtype=np.uint16).reshape(shape)
    files.write(tmp_path, quantize(image, k=2, rgb=rgb))
    with tifffile.TiffFile(tmp_path / "quantized.tif") as tiff:
        assert (tiff.pages[0].photometric == tifffile.PHOTOMETRIC.RGB) == rgb


def put(folder, *names):
    folder.mkdir()
    for name in names:
        (folder / name).write_text("old")


def replace(folder, result, *, force):
    with files.replacing(folder, force=force) as new:
        files.write(new, result)


Q = quantize(np.arange(20, dtype=np.uint8).reshape(4, 5), k=2)
GRAY = {"quantized.png", "labels.png", "centers.csv", "settings.json"}


def test_earlier_result_is_replaced_by_force_only_and_as_a_whole(tmp_path):
    folder = tmp_path / "out"
    floats = quantize(np.random.default_rng(0).random((4, 5)), k=3)
    replace(folder, floats, force=False)
    before = tree(tmp_path)
    with pytest.raises(ValueError, match="or go with --force to replace it"):
        replace(folder, Q, force=False)
    assert tree(tmp_path) == before
    replace(folder, Q, force=True)
    assert set(tree(folder)) == GRAY
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", files.NAMES)
def test_files_of_others_are_not_replaced_whatever_their_names(name, tmp_path):
    """Nothing there says that they are of a result."""
    put(tmp_path / "out", name)
    before = tree(tmp_path)
    for force in (False, True):
        with pytest.raises(ValueError, match=rf"but holds {name}, which is not of one"):
            replace(tmp_path / "out", Q, force=force)
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "record", ["", "[]", '"napari-kmeans"', '{"k": 2}', "[" * 10**5, b"\xff"]
)
def test_settings_of_others_make_no_result(record, tmp_path):
    replace(tmp_path / "out", Q, force=False)
    written = record if isinstance(record, bytes) else record.encode()
    (tmp_path / "out" / "settings.json").write_bytes(written)
    with pytest.raises(
        ValueError, match=r"but holds centers\.csv, which is not of one"
    ):
        replace(tmp_path / "out", Q, force=True)


@pytest.mark.parametrize("name", ["thesis.tex", "quantized.jpg", "labels.png.bak"])
def test_result_with_more_in_it_is_not_replaced(name, tmp_path):
    replace(tmp_path / "out", Q, force=False)
    (tmp_path / "out" / name).write_text("precious")
    before = tree(tmp_path)
    with pytest.raises(ValueError, match=rf"but holds {name}, which is not of one"):
        replace(tmp_path / "out", Q, force=True)
    assert tree(tmp_path) == before


def test_folder_in_the_place_of_a_file_is_not_replaced(tmp_path):
    replace(tmp_path / "out", Q, force=False)
    (tmp_path / "out" / "labels.tif").mkdir()
    with pytest.raises(
        ValueError, match=r"but holds labels\.tif/, which is not of one"
    ):
        replace(tmp_path / "out", Q, force=True)


def test_settings_are_as_in_the_metadata_of_layers(tmp_path):
    image = np.random.default_rng(0).integers(0, 99, (2, 4, 5), np.uint8)
    for result in (Q, quantize(image, 2, channel_axis=0), quantize_planes(image, 2)):
        for folder in ("one", "other"):
            replace(tmp_path / folder, result, force=True)
        record = json.loads((tmp_path / "one" / "settings.json").read_text())
        _, attributes, _ = result.to_layers("image")[0]
        kept = attributes["metadata"]["napari-kmeans"]
        kept = {name: value for name, value in kept.items() if name in result.settings}
        assert record == {"napari-kmeans": json.loads(json.dumps(kept))}
        # The same result is the same files.
        assert tree(tmp_path / "one") == tree(tmp_path / "other")
