"""Files: what napari reads is read, what is written comes back, nothing is lost."""

import contextlib
import dataclasses
import json
import re
import sys

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from napari import layers
from napari.components import ViewerModel
from PIL import Image
from skimage.io import imread, imsave

from napari_kmeans import files, omezarr, quantize, quantize_planes, read, to_layers
from napari_kmeans.files import writing


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


PNG, TIFF = "quantized.png", "quantized.tif"
KINDS = [
    ("u1", (40, 50), {}, PNG, "labels.png"),
    ("u2", (40, 50), {}, PNG, "labels.png"),
    (">u2", (40, 50), {}, PNG, "labels.png"),
    ("u1", (40, 50, 3), {"rgb": True}, PNG, "labels.png"),
    ("u1", (3, 40, 50), {"rgb": True, "channel_axis": 0}, PNG, "labels.png"),
    ("u1", (40, 50, 4), {"rgb": True}, PNG, "labels.png"),
    ("u2", (40, 50, 3), {"rgb": True}, TIFF, "labels.png"),
    ("f4", (40, 50, 3), {"rgb": True}, TIFF, "labels.png"),
    ("i1", (40, 50), {}, TIFF, "labels.png"),
    ("?", (40, 50), {}, TIFF, "labels.png"),
    ("u1", (6, 40, 50), {}, TIFF, "labels.tif"),
    ("u1", (6, 40, 50, 3), {"rgb": True}, TIFF, "labels.tif"),
    ("u1", (40, 50, 3), {"rgb": False}, TIFF, "labels.tif"),
    ("u1", (2, 40, 50), {"channel_axis": 0}, TIFF, "labels.png"),
]


@pytest.mark.parametrize(("dtype", "shape", "said", "image", "labels"), KINDS)
def test_files_are_those_that_others_read(dtype, shape, said, image, labels, tmp_path):
    data = np.random.default_rng(0).integers(0, 100, shape).astype(dtype)
    q = quantize(data, k=2, **said)
    files.write(tmp_path, q)
    others = {"centers.csv", "palette.json", "settings.json"}
    assert set(tree(tmp_path)) == {image, labels} | others
    written, written_labels = (
        (imread if name.endswith(".png") else tifffile.imread)(tmp_path / name)
        for name in (image, labels)
    )
    assert written.dtype == data.dtype.newbyteorder("=")
    expected = q.quantized
    if said.get("rgb"):
        expected = np.moveaxis(expected, q.channel_axis, -1)
    np.testing.assert_array_equal(written, expected)
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


DTYPES = ["?", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8"]


@given(st.data())
def test_what_is_written_reads_back_the_same(tmp_path_factory, data):
    """Of every dtype and shape: gray, with alpha, in color, or of channels."""
    folder = tmp_path_factory.mktemp("written")
    dtype = np.dtype(data.draw(st.sampled_from([*DTYPES, ">u2", ">f4", ">i8"])))
    shape = data.draw(st.lists(st.integers(1, 6), min_size=2, max_size=4))
    kind = data.draw(st.sampled_from(["gray", "alpha", "rgb", "channels"]))
    said = {"rgb": kind == "rgb"}
    if kind in ("rgb", "channels"):
        axis = said["channel_axis"] = data.draw(st.integers(0, len(shape)))
        n = st.sampled_from([3, 4]) if kind == "rgb" else st.integers(1, 6)
        shape.insert(axis, data.draw(n))
    values = st.integers(0, 1 if dtype == "?" else 100)
    image = data.draw(arrays.arrays(dtype, shape, elements=values))
    if kind == "rgb" and shape[axis] == 4:
        np.moveaxis(image, axis, -1)[..., 3].flat[0] = 1  # not all is transparent
    alpha = None
    if kind == "alpha":
        alpha = data.draw(arrays.arrays(dtype, shape, elements=values))
        alpha.flat[0] = 1
    q = quantize(image, 1, mask=None if alpha is None else alpha > 0, **said)
    files.write(folder, q, alpha)
    (path,) = folder.glob("quantized.*")
    again, attributes, _ = read(path)
    expected = q.quantized
    if kind == "rgb":
        expected = np.moveaxis(expected, axis, -1)
    if kind == "channels":
        assert attributes["channel_axis"] == axis
    else:
        assert attributes["rgb"] == (kind == "rgb")
    assert again.dtype == dtype.newbyteorder("=")
    np.testing.assert_array_equal(again, expected)
    assert again.shape == expected.shape
    np.testing.assert_array_equal(attributes["metadata"].get("alpha"), alpha)
    (path,) = folder.glob("labels.*")
    np.testing.assert_array_equal(read(path)[0], q.labels)


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


def test_names_of_a_stack_are_sorted_as_numbers(tmp_path):
    for index in (10, 9, 1):
        Image.new("L", (5, 4), index).save(tmp_path / f"{index}.png")
    (tmp_path / ".hidden").touch()
    (tmp_path / "folder").mkdir()
    np.testing.assert_array_equal(read(tmp_path)[0][:, 0, 0], [1, 9, 10])


def test_stack_of_one_is_the_image(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    imsave(tmp_path / "0.png", image)
    data, attributes, _ = read(tmp_path)
    np.testing.assert_array_equal(data, image)
    assert attributes == {"name": tmp_path.name, "rgb": True, "metadata": {}}


def test_stack_has_what_its_images_have(tmp_path):
    both = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 2), np.uint8)
    for index, image in enumerate(both):
        Image.fromarray(image).save(tmp_path / f"{index}.png")
    data, attributes, _ = read(tmp_path)
    np.testing.assert_array_equal(data, both[..., 0])
    np.testing.assert_array_equal(attributes["metadata"]["alpha"], both[..., 1])


def test_stack_of_channels(tmp_path):
    stack = np.random.default_rng(0).integers(0, 256, (3, 2, 4, 5), np.uint8)
    for index, channels in enumerate(stack):
        path = tmp_path / f"{index}.tif"
        tifffile.imwrite(path, channels, metadata={"axes": "CYX"})
    data, attributes, _ = read(tmp_path)
    np.testing.assert_array_equal(data, stack)
    assert attributes["channel_axis"] == 1


@pytest.mark.parametrize(
    ("second", "told"),
    [
        (np.zeros((20, 50), np.uint8), "20 x 50 uint8"),
        (np.zeros((40, 50), np.uint16), "40 x 50 uint16"),
        (np.zeros((40, 50, 3), np.uint8), "40 x 50 x 3 uint8, RGB"),
        (np.zeros((40, 50, 2), np.uint8), "40 x 50 uint8, with alpha"),
    ],
)
def test_stack_of_images_that_differ_is_refused(second, told, tmp_path):
    Image.fromarray(np.zeros((40, 50), np.uint8)).save(tmp_path / "a.png")
    Image.fromarray(second).save(tmp_path / "b.png")
    sentence = f"of one size and kind, but a.png is 40 x 50 uint8, and b.png is {told}."
    with pytest.raises(ValueError, match=re.escape(sentence)):
        read(tmp_path)


@pytest.mark.parametrize("held", ["is none", "holds 2"])
def test_stack_with_something_else_is_refused(held, tmp_path):
    Image.new("L", (5, 4)).save(tmp_path / "a.png")
    if held == "is none":
        (tmp_path / "notes.txt").write_text("not an image")
    else:
        with tifffile.TiffWriter(tmp_path / "notes.txt") as tiff:
            tiff.write(np.zeros((4, 5)), metadata=None)
            tiff.write(np.zeros((4, 6)), metadata=None)
    with pytest.raises(ValueError, match=rf"images, but notes\.txt {held}\.$"):
        read(tmp_path)


def test_damaged_image_of_a_stack_is_named(tmp_path):
    for name in "ab":
        image = np.random.default_rng(0).integers(0, 256, (40, 50), np.uint8)
        Image.fromarray(image).save(tmp_path / f"{name}.png")
    whole = (tmp_path / "b.png").read_bytes()
    (tmp_path / "b.png").write_bytes(whole[: len(whole) // 2])
    data = read(tmp_path)[0]
    with pytest.raises(ValueError, match=r"b\.png could not be read: "):
        data.compute()


def test_stack_without_dask_says_what_to_install(tmp_path, monkeypatch):
    for name in "ab":
        Image.new("L", (5, 4)).save(tmp_path / f"{name}.png")
    monkeypatch.setitem(sys.modules, "dask", None)
    with pytest.raises(ModuleNotFoundError, match=r"napari-kmeans\[zarr\]"):
        read(tmp_path)


def test_url_is_read_as_a_file(tmp_path):
    both = np.random.default_rng(0).integers(0, 256, (4, 5, 2), np.uint8)
    Image.fromarray(both).save(tmp_path / "both.png")
    data, attributes, _ = read((tmp_path / "both.png").as_uri())
    np.testing.assert_array_equal(data, both[..., 0])
    np.testing.assert_array_equal(attributes["metadata"]["alpha"], both[..., 1])
    assert attributes["name"] == "both"
    with tifffile.TiffWriter(tmp_path / "pages.tif") as tiff:
        tiff.write(both[..., 0], compression="zlib", metadata=None)
    data = read((tmp_path / "pages.tif").as_uri())[0]
    np.testing.assert_array_equal(data, both[..., 0])


def test_what_is_read_opens_in_napari(tmp_path):
    viewer = ViewerModel()
    for axes, shape in [("YXS", (4, 5, 3)), ("CYX", (2, 4, 5))]:
        path, meaning = tmp_path / f"{axes}.tif", "rgb" if "S" in axes else "minisblack"
        pixels = np.zeros(shape, np.uint8)
        tifffile.imwrite(path, pixels, photometric=meaning, metadata={"axes": axes})
        data, attributes, _ = read(path)
        viewer.add_image(data, **attributes)
    assert [layer.name for layer in viewer.layers] == ["YXS", "CYX", "CYX [1]"]
    assert [layer.rgb for layer in viewer.layers] == [True, False, False]


def test_reading_and_writing_need_no_napari(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "napari", None)
    image = np.random.default_rng(0).integers(0, 256, (4, 5), np.uint8)
    files.write(tmp_path, quantize(image, 2))
    assert read(tmp_path / "quantized.png")[0].shape == (4, 5)


IMAGE = np.zeros((40, 50))


@pytest.mark.parametrize(
    "returned",
    [
        (IMAGE,),
        (IMAGE, {}),
        (IMAGE, {}, "image"),
        ([IMAGE, IMAGE[::2, ::2]], {"multiscale": True}, "image"),
        layers.Image(IMAGE, name="cells"),
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
    said = {"name": "cells", "metadata": {"channel_names": ("a", "b")}}
    assert files.read(fake)[1] == {"channel_axis": 0, **said, **placement}


def test_level_of_a_pyramid_is_no_pyramid(reader, fake):
    reader([([IMAGE, IMAGE[::2, ::2]], {"multiscale": True}, "image")])
    assert "multiscale" not in files.read(fake)[1]


def test_omezarr_is_read_lazily_and_without_napari(tmp_path, monkeypatch):
    image = np.random.default_rng(0).integers(1, 9, (40, 50, 3), np.uint8)
    path = tmp_path / "cells.zarr"
    omezarr.write(path, quantize(image, 2, rgb=True), {"name": "cells"})
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
    said = {"name": "DAPI", "scale": (2, 2)}
    assert files.read(fake)[1] == {"metadata": {}, **said}


def test_channels_stay_together(reader, fake):
    lists = {"name": ["a", "b"], "colormap": ["red", "green"]}
    reader([(np.zeros((2, 40, 50)), {"channel_axis": 0, **lists}, "image")])
    data, attributes, _ = files.read(fake)
    assert data.shape == (2, 40, 50)
    names = {"channel_names": ("a", "b")}
    assert attributes == {"channel_axis": 0, "name": "cells", "metadata": names}


def test_one_of_several_images_is_picked(reader, fake):
    points = (np.zeros((4, 2)), {}, "points")
    reader([points, (IMAGE, {"name": "first"}), (IMAGE, {"name": "second"})])
    assert files.read(fake, layer=1)[1]["name"] == "second"
    with pytest.raises(
        ValueError, match=r"holds 2 images; .* 0: first \(40 x 50\), 1: second"
    ):
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
        ModuleNotFoundError, match=r'pip install "napari-kmeans\[all\]"'
    ):
        files.read(fake)


def test_stem_of_a_folder_that_has_no_name_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert files.stem(".") == tmp_path.name
    assert files.stem("/") == "image"


def put(folder, *names):
    folder.mkdir()
    for name in names:
        (folder / name).write_text("old")


def replace(folder, result, *, force):
    with files.replacing(folder, force=force) as new:
        files.write(new, result)


Q = quantize(np.arange(20, dtype=np.uint8).reshape(4, 5), k=2)
GRAY = {"quantized.png", "labels.png"}
GRAY |= {"centers.csv", "palette.json", "settings.json"}


def test_earlier_result_is_replaced_by_force_only_and_as_a_whole(tmp_path):
    folder = tmp_path / "out"
    floats = quantize(np.random.default_rng(0).random((4, 5)), k=3)
    replace(folder, floats, force=False)
    before = tree(tmp_path)
    with pytest.raises(ValueError, match="holds a result already: --force replaces"):
        replace(folder, Q, force=False)
    assert tree(tmp_path) == before
    replace(folder, Q, force=True)
    assert set(tree(folder)) == GRAY
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("name", writing.NAMES)
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
        _, attributes, _ = to_layers(result, "image")[0]
        kept = attributes["metadata"]["napari-kmeans"]
        kept = {name: value for name, value in kept.items() if name in result.settings}
        assert record == {"napari-kmeans": json.loads(json.dumps(kept))}
        # The same result is the same files.
        assert tree(tmp_path / "one") == tree(tmp_path / "other")
