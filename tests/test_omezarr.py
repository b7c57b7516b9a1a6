"""OME-Zarr: what is written comes back, and what is broken is said, by its place."""

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import dask.array as da
import numpy as np
import pandas as pd
import pint
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.components import ViewerModel
from napari.layers import Image, Labels
from numcodecs import Zstd
from scipy.ndimage import gaussian_filter

from napari_kmeans import Canceled, omezarr, quantize, quantize_planes
from napari_kmeans.core.run.threads import n_threads
from napari_kmeans.omezarr import disk, pyramid, writing
from napari_kmeans.omezarr.gate import Gate
from telling import Told

SMALL = 16


@pytest.fixture
def small(monkeypatch):
    """Make pyramids of small images, out of small regions."""
    monkeypatch.setattr(pyramid, "EDGE", SMALL)
    monkeypatch.setattr(writing, "REGION_BYTES", 4000)


def noise(shape, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(1, 200, shape).astype(dtype)


def lazy(result, chunks):
    """Return a result as it is of a lazy image: labels and quantized image lazy."""
    labels = da.from_array(result.labels, chunks=chunks)
    chunks = list(labels.chunks)
    channel = result.labels.ndim if result.rgb else result.settings["channel_axis"]
    if channel is not None:
        chunks.insert(channel, result.quantized.shape[channel])
    quantized = da.from_array(result.quantized, chunks=chunks)
    return dataclasses.replace(result, labels=labels, quantized=quantized)


def write(path, result, attributes=None, **options):
    omezarr.write(path, result, attributes, **options)
    return str(path)


def levels_of(layer):
    data, attributes, _ = layer
    assert attributes.get("multiscale", False) == isinstance(data, list)
    return data if isinstance(data, list) else [data]


def assert_pyramid(layer, image, last):
    """Assert that a layer has the image, and every second pixel of each level."""
    levels = levels_of(layer)
    axes = [slice(None)] * (image.ndim - last)
    step = slice(None, None, 2)
    for level in levels:
        assert isinstance(level, da.Array)
        assert level.dtype == image.dtype
        np.testing.assert_array_equal(level.compute(), image)
        plane = image.shape[-2 - last : image.ndim - last]
        axes[-2:] = [step, step]
        image = image[tuple(axes)]
    assert max(plane) <= pyramid.EDGE
    assert len(levels) == 1 or 2 * max(plane) > pyramid.EDGE


def store(group, name, image, **options):
    array = group.create_array(name, shape=image.shape, dtype=image.dtype, **options)
    array[...] = image


def make(path, levels, names, *, version="0.5", attributes=None, **multiscale):
    """Write an image as other programs do; return its group."""
    zarr_format = 3 if version == "0.5" else 2
    group = zarr.open_group(str(path), mode="w", zarr_format=zarr_format)
    datasets = []
    for index, level in enumerate(levels):
        scale = [1.0] * (level.ndim - 2) + [2.0**index] * 2
        steps = [{"type": "scale", "scale": scale}]
        datasets.append({"path": f"s{index}", "coordinateTransformations": steps})
        chunks = (1,) * (level.ndim - 2) + (64, 64)
        store(group, f"s{index}", level, chunks=chunks)
    multiscale = {"axes": names, "datasets": datasets} | multiscale
    metadata = {"version": version, "multiscales": [multiscale]} | (attributes or {})
    group.attrs.update({"ome": metadata} if version == "0.5" else metadata)
    return group


def axes(names, **units):
    types = {"t": "time", "c": "channel"}
    return [
        {"name": name, "type": types.get(name, "space")}
        | ({"unit": units[name]} if name in units else {})
        for name in names
    ]


def colors(*names):
    return {"omero": {"channels": [{"color": name} for name in names]}}


# What is written


@pytest.mark.parametrize("chunks", [None, 7, 16, 50])
@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((40, 50), {}),
        ((40, 50, 3), {"rgb": True}),
        ((40, 50, 4), {"rgb": True}),
        ((5, 40, 50), {}),
        ((2, 3, 20, 35, 3), {"rgb": True}),
        ((2, 3, 20, 35), {}),
        ((2, 40, 50), {"channel_axis": 0}),
        ((5, 2, 40, 50), {"channel_axis": 1}),
        ((40, 50, 2), {"channel_axis": -1}),
        ((10, 12), {}),
    ],
)
@pytest.mark.usefixtures("small")
def test_what_is_written_comes_back(shape, options, chunks, tmp_path):
    result = quantize(noise(shape), 3, attempts=1, **options)
    given = result if chunks is None else lazy(result, chunks)
    image, labels = omezarr.read(write(tmp_path / "out.zarr", given))
    assert (image[2], labels[2]) == ("image", "labels")
    quantized = result.quantized
    if "channel_axis" in options:
        stored = image[1]["channel_axis"]
        assert "rgb" not in image[1]
        quantized = np.moveaxis(quantized, options["channel_axis"], stored)
    else:
        assert image[1]["rgb"] == result.rgb
    assert_pyramid(image, quantized, last=int(result.rgb))
    assert_pyramid(labels, result.labels, last=0)


@pytest.mark.parametrize("dtype", ["?", "u2", ">u2", "i4", "f2", "f4", ">f8", "u8"])
def test_every_dtype_comes_back(dtype, tmp_path):
    result = quantize(noise((9, 9)).astype(dtype), 1)
    image, _ = omezarr.read(write(tmp_path / "out.zarr", result))
    assert image[0].dtype == np.dtype(dtype).newbyteorder("=")
    np.testing.assert_array_equal(image[0].compute(), result.quantized)


@settings(max_examples=15)
@given(
    st.lists(st.integers(1, 45), min_size=2, max_size=3),
    st.booleans(),
    st.integers(1, 45),
    st.integers(1, 5000),
)
def test_cutting_changes_nothing(tmp_path_factory, shape, rgb, size, n_bytes):
    path = tmp_path_factory.mktemp("any") / "out.zarr"
    result = quantize(noise((*shape, 3) if rgb else shape), 1, rgb=rgb)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyramid, "EDGE", SMALL)
        patch.setattr(writing, "REGION_BYTES", n_bytes)
        image, labels = omezarr.read(write(path, lazy(result, size)))
        assert_pyramid(image, result.quantized, last=int(rgb))
        assert_pyramid(labels, result.labels, last=0)


def test_placement_comes_back(tmp_path):
    result = quantize(noise((4, 5, 40, 50)), 2)
    registry = pint.get_application_registry()
    attributes = {
        "name": "embryo",
        "scale": np.array([30, 2, 0.5, 0.5]),
        "translate": [0, 1, 2, 3],
        "units": ["min", registry.micrometer, "um", registry.um],
        "axis_labels": ("t", "z", "y", "x"),
    }
    layers = omezarr.read(write(tmp_path / "out.zarr", result, attributes))
    for (_, read, _), role in zip(layers, ("quantized", "labels"), strict=True):
        assert read["name"] == f"embryo {role}"
        assert read["scale"] == (30, 2, 0.5, 0.5)
        assert read["translate"] == (0, 1, 2, 3)
        assert read["units"] == ("minute", *["micrometer"] * 3)
        assert read["axis_labels"] == ("t", "z", "y", "x")


def test_units_come_back_without_pint(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pint", None)
    result = quantize(noise((4, 40, 50)), 2)
    for units in (("second", "meter", "meter"), ("pixel", "micrometer", "micrometer")):
        attributes = {"units": units, "axis_labels": ("t", "y", "x")}
        path = write(tmp_path / f"{units[1]}.zarr", result, attributes)
        assert omezarr.read(path)[0][1]["units"] == units


@pytest.mark.parametrize(
    ("ndim", "given", "expected"),
    [
        (2, None, "yx"),
        (3, ("-3", "-2", "-1"), "zyx"),
        (3, ("t", "y", "x"), "tyx"),
        (3, ("plane", "row", "column"), ("plane", "row", "column")),
        (4, None, "tzyx"),
        (4, ("z", "t", "y", "x"), "tzyx"),  # which NGFF does not have
        (3, ("c", "y", "x"), "zyx"),
        (3, ("x", "y", "x"), "zyx"),
        (3, ("y", "x"), "zyx"),
    ],
)
def test_axes_are_named_as_given_where_ngff_lets_them(ndim, given, expected, tmp_path):
    result = quantize(noise((2,) * ndim), 2)
    layers = omezarr.read(write(tmp_path / "out.zarr", result, {"axis_labels": given}))
    assert layers[0][1]["axis_labels"] == tuple(expected)


def test_time_is_no_length_and_pixels_are_no_unit(tmp_path):
    result = quantize(noise((2, 4, 4)), 2)
    attributes = {"units": ("um", "pixel", "s"), "axis_labels": ("t", "y", "x")}
    layers = omezarr.read(write(tmp_path / "out.zarr", result, attributes))
    assert layers[0][1]["units"] == ("pixel",) * 3


@pytest.mark.usefixtures("small")
def test_metadata_are_those_of_ngff(tmp_path):
    result = quantize(noise((40, 50, 3)), 3, rgb=True)
    path = Path(write(tmp_path / "out.zarr", result, {"scale": (2, 3)}))
    ome = json.loads((path / "zarr.json").read_text())["attributes"]["ome"]
    (multiscale,) = ome["multiscales"]
    assert ome["version"] == "0.5"
    assert multiscale["axes"] == axes("cyx")
    assert multiscale["datasets"] == [
        {
            "path": str(n),
            "coordinateTransformations": [
                {"type": "scale", "scale": [1, 2 * 2**n, 3 * 2**n]}
            ],
        }
        for n in range(3)
    ]
    for level in range(3):
        array = json.loads((path / str(level) / "zarr.json").read_text())
        assert array["dimension_names"] == ["c", "y", "x"]
    labels = json.loads((path / "labels" / "zarr.json").read_text())["attributes"]
    assert labels == {"ome": {"version": "0.5", "labels": ["kmeans"]}}


def test_labels_have_colors_and_table_of_the_clusters(tmp_path):
    result = quantize(noise((40, 50, 3)), 3, rgb=True)
    _, (_, attributes, _) = omezarr.read(write(tmp_path / "out.zarr", result))
    assert list(attributes["colormap"]) == [None, 0, 1, 2, 3]
    assert attributes["colormap"][0][3] == 0
    for color, expected in zip([1, 2, 3], result.colors, strict=True):
        np.testing.assert_allclose(
            attributes["colormap"][color], [*expected, 1], atol=0.5 / 255
        )
    pd.testing.assert_frame_equal(
        attributes["features"], result.features, check_dtype=False
    )


def test_settings_and_centers_are_in_the_folder(tmp_path):
    result = quantize(noise((40, 50)), 3, seed=5)
    path = Path(write(tmp_path / "out.zarr", result))
    record = zarr.open_group(str(path), mode="r").attrs["napari-kmeans"]
    assert record == json.loads(json.dumps(result.settings, default=str))
    assert record["seed"] == 5
    pd.testing.assert_frame_equal(
        pd.read_csv(path / "centers.csv"), result.features, check_dtype=False
    )


def test_floats_in_color_are_color_again(tmp_path):
    result = quantize(noise((40, 50, 3)) / np.float32(255), 3, rgb=True)
    image, _ = omezarr.read(write(tmp_path / "out.zarr", result))
    assert image[1]["rgb"] is True


def test_colors_are_interleaved_on_disk(tmp_path):
    result = quantize(noise((40, 50, 3)), 3, rgb=True)
    path = write(tmp_path / "out.zarr", result)
    chunk = (Path(path) / "0" / "c" / "0" / "0" / "0").read_bytes()
    assert Zstd().decode(chunk) == result.quantized.tobytes()


def test_too_many_axes_fail_at_once(tmp_path):
    result = quantize(noise((2, 2, 2, 2, 3, 3)), 2, channel_axis=0)
    write(tmp_path / "5.zarr", quantize(noise((2, 2, 2, 3, 3)), 2, channel_axis=0))
    write(tmp_path / "5 without.zarr", quantize(noise((2, 2, 2, 3, 3)), 2))
    with pytest.raises(ValueError, match="image with 5 axes besides its channels"):
        omezarr.write(tmp_path / "6.zarr", result)


# How it is written


@pytest.mark.usefixtures("small")
def test_source_is_read_once_and_region_by_region(tmp_path, monkeypatch):
    image = noise((48, 64, 3))
    result = quantize(image, 2, rgb=True)
    read = []

    def labels(block, block_info=None):
        read.append(tuple(block_info[0]["chunk-location"]))
        return block

    source = da.from_array(result.labels, chunks=(8, 16))
    labeled = source.map_blocks(labels, dtype=np.uint8, meta=source._meta)
    lut = np.vstack([np.zeros((1, 3), np.uint8), result.palette.quantizer.values])
    quantized = labeled.map_blocks(
        lambda block: lut[block],
        chunks=(*labeled.chunks, (3,)),
        new_axis=2,
        dtype=np.uint8,
        meta=np.empty((0, 0, 0), np.uint8),
    )
    given = dataclasses.replace(result, labels=labeled, quantized=quantized)
    threads, sizes, compute = set(), [], writing._Cut.compute

    def counted(self, labels, quantized, region):
        threads.add(threading.get_ident())
        sizes.append(labels.size)
        return compute(self, labels, quantized, region)

    monkeypatch.setattr(writing._Cut, "compute", counted)
    write(tmp_path / "out.zarr", given)
    # Each thread has a region at a time; 4,000 bytes are 1,000 pixels, 7 blocks.
    assert len(threads) <= n_threads() < len(sizes)
    assert max(sizes) <= 7 * 8 * 16
    assert sorted(read) == sorted(np.ndindex(6, 4))
    read_back = omezarr.read(str(tmp_path / "out.zarr"))
    assert_pyramid(read_back[0], result.quantized, last=1)


@pytest.mark.usefixtures("small")
def test_progress_moves_on_from_nothing_to_all(tmp_path):
    told = Told()
    write(tmp_path / "out.zarr", quantize(noise((100, 100)), 2), progress=told)
    assert told.parts == sorted(told.parts)
    assert (told.parts[0], told[-1]) == (0, ("Done", 1))
    assert len({part for stage, part in told if stage.startswith("Writing")}) > 2


def tree(folder):
    return {
        path.relative_to(folder): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
    }


class Interrupting:
    """Labels that fail to be given beyond the first rows."""

    def __init__(self, labels, error):
        self.labels, self.error = labels, error
        self.shape, self.ndim, self.dtype = labels.shape, labels.ndim, labels.dtype
        self.size = labels.size

    def __getitem__(self, key):
        if key[0].start:
            raise self.error
        return self.labels[key]


@pytest.mark.parametrize("existing", [False, True])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, None])
@pytest.mark.usefixtures("small")
def test_what_does_not_end_leaves_everything_as_it_was(existing, error, tmp_path):
    path = tmp_path / "out.zarr"
    if existing:
        write(path, quantize(noise((20, 20)), 2))
    before = tree(tmp_path)
    result = quantize(noise((100, 100)), 2)
    if error:
        labels = Interrupting(result.labels, error)
        failing = dataclasses.replace(result, labels=labels)
        with pytest.raises(error):
            write(path, failing, force=True)
    else:
        told = Told(lambda _, part: part > 0)
        with pytest.raises(Canceled):
            write(path, result, force=True, progress=told)
        assert 0 < told.parts[-1] < 1
    assert tree(tmp_path) == before


@pytest.mark.usefixtures("small")
def test_a_region_under_way_is_left_at_once_and_writes_nothing_more(tmp_path):
    go_on, threads = threading.Event(), set()

    def labels(block):
        if block.size:
            threads.add(threading.current_thread())
            go_on.wait()
        return block

    result = quantize(noise((100, 100)), 2)
    slow = da.from_array(result.labels, chunks=(20, 100))
    slow = slow.map_blocks(labels, dtype=np.uint8, meta=slow._meta)
    given = dataclasses.replace(result, labels=slow)
    told = Told(lambda *_: bool(threads))
    with pytest.raises(Canceled):
        write(tmp_path / "a" / "out.zarr", given, progress=told)
    assert not tree(tmp_path)
    go_on.set()
    for thread in threads:
        thread.join()
    assert not tree(tmp_path)


def test_a_gate_is_closed_once_nobody_is_inside():
    gate, inside, go_on, order = Gate(), threading.Event(), threading.Event(), []

    def write():
        with gate:
            inside.set()
            go_on.wait()
            order.append("written")

    def close():
        gate.close()
        order.append("closed")

    threads = [threading.Thread(target=each) for each in (write, close)]
    threads[0].start()
    inside.wait()
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join()
    assert order == ["written", "closed"]
    with pytest.raises(Canceled):
        write()


def test_full_disk_leaves_everything_as_it_was(tmp_path, monkeypatch):
    def put(*_):
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(disk.Stored, "put", put)
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path / "out.zarr", quantize(noise((20, 20)), 2))
    assert tree(tmp_path) == {}


@pytest.mark.parametrize("shape", [(20, 20), (3, 70, 50)])
@pytest.mark.usefixtures("small")
def test_earlier_result_is_replaced_by_force_only_and_whole(shape, tmp_path):
    path = tmp_path / "out.zarr"
    write(path, quantize(noise(shape), 2))
    before = tree(tmp_path)
    result = quantize(noise((30, 30)), 3)
    with pytest.raises(ValueError, match="holds a result already: --force replaces"):
        write(path, result)

    def look(*_):
        assert {k: v for k, v in tree(tmp_path).items() if k in before} == before

    write(path, result, force=True, progress=look)
    write(tmp_path / "new.zarr", result)
    assert tree(path) == tree(tmp_path / "new.zarr")
    assert {item.name for item in tmp_path.iterdir()} == {"out.zarr", "new.zarr"}


def test_planes_and_channels_are_replaced_too(tmp_path):
    image = noise((3, 40, 30))
    path = tmp_path / "out.zarr"
    for result in (
        quantize_planes(image, 2),
        quantize(image, 2, channel_axis=0),
        quantize(image[..., :3], 2, rgb=True),
    ):
        write(path, result, force=True)
    assert omezarr.read(str(path))[0][1]["rgb"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("notes.txt", "notes.txt"),
        ("1/zarr.json", "1/"),
        ("0/more", "0/more"),
        ("0/c/x", "0/c/x"),
        ("labels/cells/zarr.json", "labels/cells/"),
    ],
)
def test_result_with_more_in_it_is_not_replaced(name, said, tmp_path):
    path = tmp_path / "out.zarr"
    write(path, quantize(noise((20, 20)), 2))
    (path / name).parent.mkdir(exist_ok=True)
    (path / name).write_text("precious")
    before = tree(tmp_path)
    with pytest.raises(ValueError, match=rf"but holds {said}, which is not of one"):
        omezarr.write(path, quantize(noise((20, 20)), 2), force=True)
    assert tree(tmp_path) == before


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_omezarr_of_others_is_not_replaced(version, tmp_path):
    make(tmp_path / "out.zarr", [noise((40, 50))], axes("yx"), version=version)
    before = tree(tmp_path)
    for force in (False, True):
        with pytest.raises(ValueError, match="be a new or empty folder or an earlier"):
            omezarr.write(
                tmp_path / "out.zarr", quantize(noise((20, 20)), 2), force=force
            )
    assert tree(tmp_path) == before


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"attributes": []}', "[" * 10**5])
def test_folder_that_is_no_omezarr_is_not_replaced(text, tmp_path):
    path = tmp_path / "out.zarr"
    path.mkdir()
    (path / "zarr.json").write_text(text)
    with pytest.raises(ValueError, match=r"but holds zarr\.json, which is not of one"):
        omezarr.write(path, quantize(noise((20, 20)), 2), force=True)


def test_folder_below_a_file_fails(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="should be a folder"):
        omezarr.write(tmp_path / "file" / "out.zarr", quantize(noise((20, 20)), 2))


def test_folders_above_are_made_and_all_have_the_usual_permissions(tmp_path):
    (tmp_path / "usual").mkdir()
    path = Path(write(tmp_path / "a" / "b.zarr", quantize(noise((9, 9)), 2)))
    usual = (tmp_path / "usual").stat().st_mode
    assert path.stat().st_mode == path.parent.stat().st_mode == usual


# What is read


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_images_of_other_programs_are_read(version, tmp_path):
    image = noise((6, 70, 50), np.uint16)
    make(
        tmp_path / "cells.zarr",
        [image, image[:, ::2, ::2]],
        axes("zyx", z="micrometer", y="micrometer", x="parsecs of doom"),
        version=version,
        name="DAPI",
        coordinateTransformations=[
            {"type": "scale", "scale": [2, 0.5, 0.5]},
            {"type": "translation", "translation": [1, 2, 3]},
        ],
    )
    ((data, attributes, kind),) = omezarr.read(str(tmp_path / "cells.zarr"))
    assert kind == "image"
    np.testing.assert_array_equal(data[0], image)
    np.testing.assert_array_equal(data[1], image[:, ::2, ::2])
    assert attributes == {
        "name": "DAPI",
        "scale": (2, 0.5, 0.5),
        "translate": (1, 2, 3),
        "units": ("micrometer", "micrometer", "pixel"),
        "axis_labels": ("z", "y", "x"),
        "multiscale": True,
        "rgb": False,
    }


def test_later_transformations_act_on_earlier_ones(tmp_path):
    group = make(tmp_path / "cells.zarr", [noise((40, 50))], axes("yx"))
    ome = dict(group.attrs["ome"])
    ome["multiscales"][0]["datasets"][0]["coordinateTransformations"] = [
        {"type": "scale", "scale": [2, 3]},
        {"type": "translation", "translation": [5, 7]},
    ]
    ome["multiscales"][0]["coordinateTransformations"] = [
        {"type": "scale", "scale": [10, 100]}
    ]
    group.attrs["ome"] = ome
    ((_, attributes, _),) = omezarr.read(str(tmp_path / "cells.zarr"))
    assert attributes["scale"] == (20, 300)
    assert attributes["translate"] == (50, 700)
    assert attributes["name"] == "cells"


RGB = ("FF0000", "00FF00", "0000FF")


@pytest.mark.parametrize(
    ("n", "dtype", "shown", "rgb"),
    [
        (3, np.uint8, RGB, True),
        (3, np.uint8, ("#ff0000", "#00ff00", "#0000ff"), True),
        (4, np.uint8, (*RGB, "FFFFFF"), True),
        (3, np.uint8, RGB[::-1], False),
        (3, np.uint16, RGB, True),
        (2, np.uint8, RGB[:2], False),
        (5, np.uint8, (*RGB, "FFFFFF", "FFFFFF"), False),
        (3, np.uint8, (), False),
    ],
)
def test_colors_are_the_last_axis_other_channels_are_channels(
    n, dtype, shown, rgb, tmp_path
):
    image = noise((2, n, 70, 50), dtype)
    make(tmp_path / "cells.zarr", [image], axes("tcyx"), attributes=colors(*shown))
    ((data, attributes, _),) = omezarr.read(str(tmp_path / "cells.zarr"))
    assert attributes.get("rgb", False) == rgb
    assert attributes.get("channel_axis") == (None if rgb else 1)
    assert attributes["axis_labels"] == ("t", "y", "x")
    assert len(attributes["scale"]) == 3
    np.testing.assert_array_equal(data, np.moveaxis(image, 1, -1) if rgb else image)
    if rgb:
        assert data.chunksize[-1] == n


def test_single_channel_is_none(tmp_path):
    channel = {"label": "DAPI", "color": "0000FF", "window": {"start": 10, "end": 90}}
    image = noise((1, 40, 50))
    omero = {"omero": {"channels": [channel]}}
    make(tmp_path / "cells.zarr", [image], axes("cyx"), attributes=omero)
    ((data, attributes, _),) = omezarr.read(str(tmp_path / "cells.zarr"))
    np.testing.assert_array_equal(data, image[0])
    assert attributes["name"] == "cells"
    assert attributes["contrast_limits"] == (10, 90)
    assert "channel_axis" not in attributes


def test_labels_come_with_the_image(tmp_path):
    image = noise((1, 2, 1, 40, 50))
    group = make(tmp_path / "cells.zarr", [image], axes("tczyx"), version="0.4")
    labels = noise((1, 1, 1, 40, 50), np.int32)
    group.create_group("labels").attrs["labels"] = ["nuclei"]
    shown = [{"label-value": 1, "rgba": [255, 0, 0, 255]}, {"label-value": 2}]
    make(
        tmp_path / "cells.zarr" / "labels" / "nuclei",
        [labels],
        axes("tczyx"),
        version="0.4",
        attributes={"image-label": {"colors": shown}},
    )
    (_, of_image, _), layer = omezarr.read(str(tmp_path / "cells.zarr"))
    data, attributes, kind = layer
    assert kind == "labels"
    np.testing.assert_array_equal(data, labels[:, 0])
    assert attributes["name"] == "cells nuclei"
    assert attributes["scale"] == of_image["scale"] == (1, 1, 1, 1)
    assert attributes["colormap"][1] == [1, 0, 0, 1]
    assert 2 not in attributes["colormap"]
    # By themselves they are labels, too.
    ((alone, _, kind),) = omezarr.read(str(tmp_path / "cells.zarr/labels/nuclei"))
    assert kind == "labels"
    np.testing.assert_array_equal(alone, data)


def test_every_image_of_a_converted_file_is_read(tmp_path):
    group = zarr.open_group(str(tmp_path / "in.zarr"), mode="w", zarr_format=2)
    group.attrs["bioformats2raw.layout"] = 3
    group.create_group("OME")
    for name in ("0", "1", "10", "2"):
        image = noise((40, 50), seed=int(name))
        make(tmp_path / "in.zarr" / name, [image], axes("yx"), version="0.4")
    layers = omezarr.read(str(tmp_path / "in.zarr"))
    assert [layer[1]["name"] for layer in layers] == ["0", "1", "2", "10"]
    np.testing.assert_array_equal(layers[3][0], noise((40, 50), seed=10))


def test_blocks_are_whole_chunks_small_ones_joined(tmp_path):
    make(tmp_path / "in.zarr", [np.zeros((40, 2000, 100), np.uint8)], axes("zyx"))
    ((data, *_),) = omezarr.read(str(tmp_path / "in.zarr"))
    assert data.chunksize == (10, 1024, 100)


def test_parts_of_a_lazy_image_are_those_of_the_image(tmp_path):
    image = noise((6, 3, 70, 50))
    shown = colors(*RGB)
    make(tmp_path / "in.zarr", [image], axes("zcyx"), attributes=shown)
    ((data, *_),) = omezarr.read(str(tmp_path / "in.zarr"))
    image = np.moveaxis(image, 1, -1)
    for part in (
        2,
        np.s_[2, 3:9, ::-3],
        np.s_[..., 1],
        np.s_[:, None, 60:],
        np.s_[..., [2, 0]],
    ):
        np.testing.assert_array_equal(data[part].compute(), image[part])


# What is not read


def test_what_is_no_image_fails_in_a_sentence(tmp_path):
    zarr.create_array(str(tmp_path / "array.zarr"), shape=(4, 4), dtype="u1")
    zarr.create_group(str(tmp_path / "group.zarr"))
    (tmp_path / "text.zarr").write_text("no folder")
    for name in ("none", "array", "group", "text"):
        path = str(tmp_path / f"{name}.zarr")
        with pytest.raises(ValueError, match=f"{name}.zarr should be an OME-Zarr") as e:
            omezarr.read(path)
        assert str(e.value).count("\n") == 0
        assert omezarr.napari_get_reader(path) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"datasets": [{}]}, r"in\.zarr should have the metadata of OME-Zarr: .*path"),
        ({"datasets": [{"path": "9"}]}, r"in\.zarr/9 should be an array of Zarr"),
        (
            {"datasets": [{"path": "labels"}]},
            r"in\.zarr/labels should be an array of Z",
        ),
        ({"names": 5}, r"in\.zarr should have the metadata of OME-Zarr"),
        ({"names": [{"name": "y"}]}, r"in\.zarr should .*: 2 axes are named by 1"),
    ],
)
def test_broken_metadata_are_said(change, said, tmp_path):
    group = make(
        tmp_path / "in.zarr", [noise((40, 50))], **{"names": axes("yx")} | change
    )
    group.create_group("labels")
    with pytest.raises(ValueError, match=said):
        omezarr.read(str(tmp_path / "in.zarr"))


def test_missing_zarr_is_said(tmp_path, monkeypatch):
    make(tmp_path / "in.zarr", [noise((40, 50))], axes("yx"))
    monkeypatch.setitem(sys.modules, "zarr", None)
    reader = omezarr.napari_get_reader(str(tmp_path / "in.zarr"))
    said = r'\.zarr needs zarr, .*pip install "napari-kmeans\[zarr\]"'
    with pytest.raises(ModuleNotFoundError, match=said):
        reader(str(tmp_path / "in.zarr"))
    with pytest.raises(ModuleNotFoundError, match=said):
        omezarr.write(tmp_path / "out.zarr", quantize(noise((20, 20)), 2))


def spoil(path):
    """Change a byte in the middle of a file."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


@pytest.fixture
def result_on_disk(tmp_path, small):
    result = quantize(noise((100, 150, 3)), 3, rgb=True)
    return Path(write(tmp_path / "in.zarr", result))


def test_corrupt_block_is_named(result_on_disk):
    spoil(result_on_disk / "0" / "c" / "0" / "2" / "5")
    image, _ = omezarr.read(str(result_on_disk))
    data = image[0][0]
    said = (
        r"in\.zarr/0: the block at \(0, 32, 80\) could not be read: "
        r".*in\.zarr/0/c/0/2/5: .*[^.]\.$"
    )
    with pytest.raises(ValueError, match=said) as caught:
        data.compute()
    assert "\n" not in str(caught.value)
    data[:32].compute()  # what is whole can be read


def test_missing_block_is_named_where_a_coarser_level_has_it(tmp_path):
    result = quantize(noise((2000, 3000)), 3)
    path = Path(write(tmp_path / "in.zarr", result))
    (path / "0" / "c" / "1" / "2").unlink()
    data = omezarr.read(str(path))[0][0][0]
    said = (
        r"in\.zarr/0: the block at \(1024, 2048\) could not be read: "
        r".*in\.zarr/0/c/1/2 is missing, though a coarser level holds"
    )
    with pytest.raises(ValueError, match=said):
        data.compute()
    data[:1024].compute()


def test_missing_block_is_fill_value_where_nothing_tells_otherwise(tmp_path):
    image = np.zeros((128, 128), np.uint8)
    image[:64, :64] = 200
    make(tmp_path / "alone.zarr", [image], axes("yx"))
    make(tmp_path / "empty.zarr", [image, image[::2, ::2]], axes("yx"))
    for name in ("alone", "empty"):
        assert not (tmp_path / f"{name}.zarr" / "s0" / "c" / "1" / "1").exists()
        data = omezarr.read(str(tmp_path / f"{name}.zarr"))[0][0]
        data = data[0] if isinstance(data, list) else data
        np.testing.assert_array_equal(data.compute(), image)


def test_blurred_levels_do_not_make_an_empty_chunk_missing(tmp_path):
    image = np.zeros((128, 128), np.float32)
    image[:, :64] = 1
    blurred = gaussian_filter(image, 2)[::2, ::2]
    assert blurred[:, 32:].any()
    make(tmp_path / "in.zarr", [image, blurred], axes("yx"))
    assert not (tmp_path / "in.zarr" / "s0" / "c" / "0" / "1").exists()
    data = omezarr.read(str(tmp_path / "in.zarr"))[0][0]
    np.testing.assert_array_equal(data[0].compute(), image)


# napari


@pytest.fixture
def viewer(npe2pm):
    from npe2 import PluginManifest

    import napari_kmeans

    manifest = Path(napari_kmeans.__file__).with_name("napari.yaml")
    with npe2pm.tmp_plugin(manifest=PluginManifest.from_file(manifest)):
        yield ViewerModel()


MICRON = ("micrometer", "micrometer")


def units_of(layer):
    return tuple(map(str, layer.units))


@pytest.mark.usefixtures("small")
def test_napari_opens_a_result_in_color(viewer, tmp_path):
    result = quantize(noise((40, 50, 3)), 3, rgb=True)
    attributes = {"name": "tissue", "scale": (2, 3), "units": MICRON}
    path = write(tmp_path / "out.zarr", result, attributes)
    image, labels = viewer.open(path, plugin="napari-kmeans")
    assert (type(image), type(labels)) == (Image, Labels)
    assert (image.name, labels.name) == ("tissue quantized", "tissue labels")
    assert image.rgb
    assert image.multiscale
    assert labels.multiscale
    for layer in (image, labels):
        np.testing.assert_array_equal(layer.scale, (2, 3))
        assert units_of(layer) == MICRON
        assert layer.axis_labels == ("y", "x")
    np.testing.assert_array_equal(image.data[0], result.quantized)
    np.testing.assert_array_equal(labels.data[0], result.labels)
    for label, color in enumerate(result.colors, start=1):
        np.testing.assert_allclose(labels.get_color(label)[:3], color, atol=0.5 / 255)
    np.testing.assert_array_equal(labels.features["pixels"], result.counts)


def test_napari_opens_a_gray_stack(viewer, tmp_path):
    result = quantize(noise((6, 40, 50), np.uint16), 3)
    attributes = {"scale": (4, 2, 2), "translate": (1, 2, 3)}
    path = write(tmp_path / "out.zarr", result, attributes)
    image, labels = viewer.open(path, plugin="napari-kmeans")
    for layer in (image, labels):
        np.testing.assert_array_equal(layer.scale, (4, 2, 2))
        np.testing.assert_array_equal(layer.translate, (1, 2, 3))
    assert not image.rgb
    np.testing.assert_array_equal(image.data, result.quantized)
    np.testing.assert_array_equal(labels.data, result.labels)


@pytest.mark.parametrize("multiscale", [False, True])
def test_napari_opens_channels_as_layers(multiscale, viewer, tmp_path):
    image = noise((2, 6, 40, 50), np.uint16)
    levels = [image, image[..., ::2, ::2]] if multiscale else [image]
    channels = [
        {"label": "DAPI", "color": "0000FF", "window": {"start": 0, "end": 100}},
        {"label": "GFP", "color": "00FF00", "window": {"start": 5, "end": 90}},
    ]
    attributes = {"omero": {"channels": channels}}
    steps = [{"type": "scale", "scale": [1, 4, 2, 2]}]
    make(
        tmp_path / "in.zarr",
        levels,
        axes("czyx", z="micrometer", y="micrometer", x="micrometer"),
        attributes=attributes,
        coordinateTransformations=steps,
    )
    layers = viewer.open(str(tmp_path / "in.zarr"), plugin="napari-kmeans")
    assert [layer.name for layer in layers] == ["DAPI", "GFP"]
    for channel, layer in enumerate(layers):
        data = layer.data[0] if multiscale else layer.data
        np.testing.assert_array_equal(data, image[channel])
        np.testing.assert_array_equal(layer.scale, (4, 2, 2))
        assert units_of(layer) == ("micrometer",) * 3
    assert layers[1].contrast_limits == [5, 90]
    np.testing.assert_allclose(layers[0].colormap.colors[-1], (0, 0, 1, 1))


def test_other_readers_have_their_turn(tmp_path):
    from skimage.io import imsave

    imsave(tmp_path / "0.png", noise((40, 50)), check_contrast=False)
    (tmp_path / "zarr.json").write_text("[]")
    assert omezarr.napari_get_reader(str(tmp_path)) is None
    assert omezarr.napari_get_reader(str(tmp_path / "0.png")) is None
    assert omezarr.napari_get_reader("memory://none.zarr") is None
    make(tmp_path / "in.zarr", [noise((40, 50))], axes("yx"))
    path = str(tmp_path / "in.zarr")
    assert omezarr.napari_get_reader(path) is omezarr.read
    assert omezarr.napari_get_reader(path + "/") is omezarr.read
    assert omezarr.napari_get_reader([path, path]) is None


def test_looking_for_a_reader_imports_no_zarr(tmp_path):
    code = (
        "import sys; from napari_kmeans.omezarr import napari_get_reader as get\n"
        "assert get(sys.argv[1]) is None; assert 'zarr' not in sys.modules"
    )
    with contextlib.chdir(tmp_path):
        subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)


# What is optional, and what is not there

ODD = [None, True, 0, -1, 1.5, "", "x", "0", [], [1], ["a"], {}, {"a": 1}, [None] * 2]

SPOTS = [
    *(("multiscale", key) for key in ("name", "coordinateTransformations")),
    *(("dataset", key) for key in ("coordinateTransformations",)),
    *(("ome", key) for key in ("omero", "image-label")),
    *(("omero", key) for key in ("channels",)),
    *(("channel", key) for key in ("label", "color", "window")),
    *(("window", key) for key in ("start", "end")),
    *(("step", key) for key in ("scale", "type")),
    *(("axis", key) for key in ("unit", "type")),
    *(("labels", key) for key in ("labels",)),
    *(("shown", key) for key in ("colors", "properties")),
    *(("color", key) for key in ("label-value", "rgba")),
]


def metadata(spot, odd):
    """Return all that a file may say, of which one thing is odd."""
    step = {"type": "scale", "scale": [1.0, 2.0, 3.0]}
    axis = {"name": "y", "type": "space", "unit": "micrometer"}
    window = {"start": 0, "end": 90}
    channel = {"label": "DAPI", "color": "0000FF", "window": window}
    omero = {"channels": [channel, {**channel, "label": "GFP"}]}
    color = {"label-value": 1, "rgba": [255, 0, 0, 255]}
    shown = {"colors": [color], "properties": [{"label-value": 1, "size": 3}]}
    dataset = {"path": "0", "coordinateTransformations": [step]}
    names = [{"name": "c", "type": "channel"}, axis, {"name": "x", "type": "space"}]
    multiscale = {"name": "cells", "axes": names, "datasets": [dataset]}
    ome = {"version": "0.4", "multiscales": [multiscale], "omero": omero}
    labels = {"labels": ["kmeans", "gone"]}
    parts = locals()
    if spot[0] == "ome" and spot[1] == "image-label":
        return ome, labels, {spot[1]: odd}
    parts[spot[0]][spot[1]] = odd
    return ome, labels, {"image-label": shown}


@pytest.mark.parametrize("spot", SPOTS, ids="-".join)
def test_what_is_optional_never_keeps_the_image_from_being_opened(spot, tmp_path):
    image = noise((2, 9, 10))
    for index, odd in enumerate(ODD):
        group = zarr.open_group(
            str(tmp_path / f"{index}.zarr"), mode="w", zarr_format=2
        )
        store(group, "0", image)
        ome, labels, image_label = metadata(spot, odd)
        group.attrs.update(ome)
        group.create_group("labels").attrs.update(labels)
        kmeans = group.create_group("labels/kmeans")
        store(kmeans, "0", image[0])
        multiscale = {"axes": ["y", "x"], "datasets": [{"path": "0"}]}
        kmeans.attrs.update({"multiscales": [multiscale], **image_label})
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            first, *_ = layers = omezarr.read(str(tmp_path / f"{index}.zarr"))
        assert len(seen) <= 1
        np.testing.assert_array_equal(first[0], image)
        viewer = ViewerModel()
        for layer in layers:
            viewer._add_layer_from_data(*layer)
        assert len(viewer.layers) >= 2


def test_what_is_ignored_is_said_once(tmp_path):
    steps = [{"type": "scale", "scale": [np.nan, 1]}]
    make(
        tmp_path / "in.zarr",
        [noise((9, 10))] * 2,
        axes("yx"),
        name=5,
        attributes={"omero": {"channels": 7}},
        coordinateTransformations=steps,
    )
    with pytest.warns(UserWarning, match="in.zarr: ") as seen:
        ((_, attributes, _),) = omezarr.read(str(tmp_path / "in.zarr"))
    said = str(seen[0].message)
    assert said.endswith("in.zarr: scale, name, omero malformed, and ignored.")
    assert len(seen) == 1
    assert attributes["name"] == "in"
    assert attributes["scale"] == (1, 1)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("labels", [["Red", "green ", "BLUE"], ["R", "G", "B"]])
def test_channels_that_are_called_red_green_and_blue_are_color(dtype, labels, tmp_path):
    image = noise((3, 40, 50)).astype(dtype)
    omero = {"omero": {"channels": [{"label": label} for label in labels]}}
    make(tmp_path / "in.zarr", [image], axes("cyx"), attributes=omero)
    ((data, attributes, _),) = omezarr.read(str(tmp_path / "in.zarr"))
    assert attributes["rgb"]
    np.testing.assert_array_equal(data, np.moveaxis(image, 0, -1))


@pytest.mark.parametrize("labels", [["green", "red", "blue"], ["DAPI", "GFP", "RFP"]])
def test_other_channels_are_no_color(labels, tmp_path):
    omero = {"omero": {"channels": [{"label": label} for label in labels]}}
    make(tmp_path / "in.zarr", [noise((3, 9, 9))], axes("cyx"), attributes=omero)
    ((_, attributes, _),) = omezarr.read(str(tmp_path / "in.zarr"))
    assert attributes["channel_axis"] == 0


def test_plates_and_wells_name_their_fields(tmp_path):
    plate = zarr.open_group(str(tmp_path / "p.zarr"), mode="w", zarr_format=2)
    plate.attrs["plate"] = {"wells": [{"path": "B/2"}]}
    well = plate.create_group("B/2")
    well.attrs["well"] = {"images": [{"path": "3"}]}
    make(tmp_path / "p.zarr/B/2/3", [noise((9, 10))], axes("yx"), version="0.4")
    for path, field in (("p.zarr", "B/2/3"), ("p.zarr/B/2", "3")):
        with pytest.raises(ValueError, match=rf" is a (plate|well): .*{path}/{field}"):
            omezarr.napari_get_reader(str(tmp_path / path))(str(tmp_path / path))
    assert len(omezarr.read(str(tmp_path / "p.zarr/B/2/3"))) == 1
    plate.attrs["plate"] = {"wells": "none"}
    with pytest.raises(ValueError, match="is a plate"):
        omezarr.read(str(tmp_path / "p.zarr"))


@pytest.mark.parametrize("text", ['{"a":' * 10**5, "[" * 10**5, "\xff\xfe", "", "7"])
def test_metadata_that_are_none_fail_in_a_sentence(text, tmp_path):
    make(tmp_path / "in.zarr", [noise((9, 10))], axes("yx"), version="0.4")
    (tmp_path / "in.zarr" / ".zattrs").write_text(text, "latin-1")
    with pytest.raises(ValueError, match=r"in\.zarr should [^\n]*\.$"):
        omezarr.read(str(tmp_path / "in.zarr"))


def test_no_datasets_fail_in_a_sentence(tmp_path):
    group = make(tmp_path / "in.zarr", [noise((9, 10))], axes("yx"), version="0.4")
    group.attrs["multiscales"] = [{"axes": axes("yx"), "datasets": []}]
    with pytest.raises(ValueError, match=r"in\.zarr should have datasets"):
        omezarr.read(str(tmp_path / "in.zarr"))


@pytest.mark.parametrize(
    "array",
    [np.zeros((0, 5)), np.array(5), np.zeros(7), np.zeros((3, 4), complex)],
    ids=["empty", "0-D", "1-D", "complex"],
)
def test_arrays_that_are_no_image_fail_in_a_sentence(array, tmp_path):
    group = zarr.open_group(str(tmp_path / "in.zarr"), mode="w", zarr_format=2)
    store(group, "0", array)
    names = ["t", "y", "x"][: array.ndim]
    group.attrs["multiscales"] = [{"axes": names, "datasets": [{"path": "0"}]}]
    with pytest.raises(ValueError, match=r"in\.zarr/0 should be an array of Zarr"):
        omezarr.read(str(tmp_path / "in.zarr"))


def test_a_chunk_that_unpacks_to_more_than_its_shape_is_damage(tmp_path):
    group = zarr.open_group(str(tmp_path / "in.zarr"), mode="w", zarr_format=2)
    image = noise((20, 20))
    store(group, "0", image, chunks=(10, 10), compressors=None)
    group.attrs["multiscales"] = [{"axes": ["y", "x"], "datasets": [{"path": "0"}]}]
    (chunk,) = (tmp_path / "in.zarr" / "0").glob("0*0")
    chunk.write_bytes(chunk.read_bytes() * 2)
    ((data, _, _),) = omezarr.read(str(tmp_path / "in.zarr"))
    with pytest.raises(ValueError, match="could not be read"):
        data.compute()
