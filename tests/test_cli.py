"""The command line: what it writes is what the API returns; what fails, fails early."""

import contextlib
import errno
import io
import itertools
import os
import re
import signal
import subprocess
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import dask.array as da
import napari
import numpy as np
import pandas as pd
import pytest
import tifffile
import zarr
from napari.components import ViewerModel
from PIL import Image
from rich.console import Console
from skimage.data import coffee
from skimage.io import imread, imsave
from typer.testing import CliRunner

import napari_kmeans
from napari_kmeans import (
    Criteria,
    Quality,
    cli,
    files,
    measure,
    omezarr,
    quantize,
    quantize_planes,
    read_samples,
)
from napari_kmeans.cli import bar, resources, summary
from napari_kmeans.core.quantize import read_and_quantized
from napari_kmeans.core.run.threads import n_threads
from napari_kmeans.omezarr import writing
from napari_kmeans.omezarr.source import Source


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def image(folder):
    """Return a color image, written to image.png."""
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    imsave(folder / "image.png", image)
    return image


@pytest.fixture
def written(monkeypatch):
    """Return the results that are written, instead of writing them."""
    results = []
    monkeypatch.setattr(files, "write", lambda _, result, __: results.append(result))
    return results


def run(*arguments):
    return CliRunner().invoke(cli.main, list(map(str, arguments)))


def succeed(*arguments):
    done = run("quantize", *arguments)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    return done.stdout


def fail(*arguments):
    """Run what should fail, and return the one sentence that says why."""
    before = sorted(Path().rglob("*"))
    done = run("quantize", *arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert sorted(Path().rglob("*")) == before
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("Error: ")
    assert sentence.endswith(".")
    return sentence.removeprefix("Error: ")


def assert_written(folder, result):
    np.testing.assert_array_equal(imread(f"{folder}/quantized.png"), result.quantized)
    np.testing.assert_array_equal(imread(f"{folder}/labels.png"), result.labels)
    table = pd.read_csv(f"{folder}/centers.csv")
    pd.testing.assert_frame_equal(table, result.features, check_dtype=False)


def test_file_is_quantized_as_by_the_api(image):
    succeed("image.png")
    assert sorted(path.name for path in Path("image-kmeans").iterdir()) == [
        "centers.csv",
        "labels.png",
        "palette.json",
        "quantized.png",
        "settings.json",
    ]
    assert_written("image-kmeans", quantize(image))


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        ("-k 3", {"k": 3}),
        ("--max-iter 1", {"criteria": Criteria(1)}),
        ("--max-iter none --epsilon 0", {"criteria": Criteria(None, 0)}),
        ("--epsilon 40", {"criteria": Criteria(epsilon=40)}),
        ("--attempts 1", {"attempts": 1}),
        ("--init k-means++", {"init": "k-means++"}),
        ("--seed 7", {"seed": 7}),
        ("--gray", {"rgb": False}),
        ("--rgb", {"rgb": True}),
        ("--channel-axis 2", {"channel_axis": 2}),
        ("--max-samples 100", {"max_samples": 100}),
        ("--max-samples none", {"max_samples": None}),
        ("--no-refine", {"refine": False}),
        ("--color-space cielab", {"color_space": "cielab"}),
        ("--color-space oklab", {"color_space": "oklab"}),
        ("--scaling range", {"scaling": "range"}),
        ("--scaling variance", {"scaling": "variance"}),
        ("--scaling 1,2,0.5", {"scaling": (1, 2, 0.5)}),
        ("--no-data 7", {"no_data": 7}),
        ("--no-data 7.5", {"no_data": 7.5}),
        ("--memory 1GB", {}),
    ],
)
def test_every_option_is_the_argument_of_the_api(arguments, settings, image, written):
    succeed("image.png", *arguments.split())
    expected = quantize(image, **settings)
    assert written[0].settings == expected.settings
    np.testing.assert_array_equal(written[0].labels, expected.labels)
    np.testing.assert_array_equal(written[0].centers, expected.centers)


@pytest.mark.parametrize("each", ["0", "1,0"])
@pytest.mark.parametrize("output", ["out", "out.zarr"])
def test_each_plane_is_clustered_on_its_own(each, output, opened):
    movie = np.random.default_rng(0).integers(0, 256, (3, 5, 40, 50), np.uint8)
    opened(movie, rgb=False)
    printed = succeed("any.tif", "-k", 3, "--each", each, "-o", output)
    axes = tuple(map(int, each.split(",")))
    expected = quantize_planes(movie, 3, axes=axes)
    assert f"Compactness    {expected.compactness.sum():,.6g}" in printed
    assert f"in {len(expected.centers)} planes together\n" in printed
    assert "Unique" not in printed
    table = pd.read_csv(f"{output}/centers.csv")
    pd.testing.assert_frame_equal(table, expected.features, check_dtype=False)
    assert len(table) == 3 * len(expected.centers)
    if output == "out":
        images = [imread(f"out/{name}.tif") for name in ("quantized", "labels")]
    else:
        images = [layer[0] for layer in omezarr.read(output)]
    np.testing.assert_array_equal(images[0], expected.quantized)
    np.testing.assert_array_equal(images[1], expected.labels)


def test_show_opens_planes(opened, monkeypatch):
    viewer = ViewerModel()
    monkeypatch.setattr(napari, "Viewer", lambda: viewer)
    monkeypatch.setattr(napari, "run", lambda: None)
    opened(np.random.default_rng(0).random((3, 40, 50)))
    succeed("any.tif", "-k", 3, "--each", 0, "--show")
    assert len(viewer.layers) == 4
    assert viewer.layers["opened labels"].data.shape == (3, 40, 50)


def test_memory_that_cannot_be_held_is_told(opened):
    huge = da.zeros((100_000, 100_000), np.uint8)
    opened(huge)
    assert "output end in .zarr" in fail("any.zarr", "--memory", "1GB")
    assert "be at least 600,000,000 bytes." in fail(
        "any.zarr", "--memory", "400MB", "-o", "out.zarr"
    )
    opened(huge[np.newaxis], rgb=False)
    arguments = ("any.zarr", "--memory", "1GB", "-o", "out.zarr", "--each", 0)
    assert "should be at least" in fail(*arguments)


def test_memory_is_what_the_image_and_the_threads_are_given(pyramid, monkeypatch):
    given = []

    def spy(image, k, memory, *options):
        given.append((memory, n_threads()))
        return read_and_quantized(image, k, memory, *options)

    monkeypatch.setattr("napari_kmeans.core.quantize.read_and_quantized", spy)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(64), raising=False)
    for memory in ("600MB", "800MB", "1GB", "100GB"):
        succeed("in.zarr", "--memory", memory, "-o", "out.zarr", "--force")
    assert [threads for _, threads in given] == [1, 2, 3, 64]
    assert [memory for memory, _ in given] == [1, 1e8, 2e8, 49.7e9]


def test_without_dask_or_distributed_it_says_what_to_install(image, monkeypatch):
    for name, arguments, extra in (
        ("dask", ["--memory", "1GB"], "zarr"),
        ("distributed", ["--scheduler", "tcp://127.0.0.1:1"], "distributed"),
    ):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, name, None)
            sentence = fail("image.png", *arguments)
        assert f'pip install "napari-kmeans[{extra}]"' in sentence


def test_a_cluster_that_is_lost_is_told(opened, monkeypatch):
    def lost(*_, **__):
        raise ConnectionError("The cluster has given up blocks: block 1.")

    monkeypatch.setattr("napari_kmeans.core.quantize.read_and_quantized", lost)
    opened(np.eye(40))
    assert fail("any.png") == "The cluster has given up blocks: block 1."


def test_mask_leaves_out_what_is_zero(image, folder, written):
    mask = np.zeros((40, 50), np.uint8)
    mask[:10] = 200
    imsave(folder / "mask.png", mask, check_contrast=False)
    printed = succeed("image.png", "--mask", "mask.png")
    np.testing.assert_array_equal(written[0].labels > 0, mask > 0)
    assert "2,000, 1,500 left out: masked\n" in printed


def test_mask_in_color_leaves_out_black_and_what_is_transparent(image, written):
    mask = np.zeros((40, 50, 4), np.uint8)
    mask[..., 3] = 255
    mask[:10, :, 2] = 1
    mask[:5, :, 3] = 0
    Image.fromarray(mask).save("mask.png")
    succeed("image.png", "--mask", "mask.png")
    assert (written[0].labels[5:10] > 0).all()
    assert written[0].counts.sum() == 5 * 50


def test_transparent_gray_is_left_out_and_stays_transparent(folder):
    both = np.random.default_rng(0).integers(0, 256, (40, 50, 2), np.uint8)
    both[:10, :, 1] = 0
    both[10:, :, 1] |= 1
    Image.fromarray(both).save("both.png")
    assert "2,000, 500 left out: transparent\n" in succeed("both.png", "-k", 3)
    expected = quantize(both[..., 0], 3, mask=both[..., 1] > 0)
    written = np.asarray(Image.open("both-kmeans/quantized.png"))
    np.testing.assert_array_equal(written[..., 0], expected.quantized)
    np.testing.assert_array_equal(written[..., 1], both[..., 1])
    imsave("mask.png", np.eye(40, 50, dtype=np.uint8), check_contrast=False)
    both = ("both.png", "--mask", "mask.png", "-k", 2)
    assert "2,000, 1,970 left out: masked or transparent\n" in succeed(
        *both, "-o", "a", "--no-data", 300
    )
    value = int(expected.quantized[20, 20])
    Image.fromarray(written).save("both.png")
    printed = succeed("both.png", "-k", 1, "--no-data", value, "-o", "b")
    assert re.search(r"left out: 500 transparent, [\d,]+ no data\n", printed)


def test_channels_are_named_as_in_the_file(written):
    stack = np.random.default_rng(0).integers(0, 256, (2, 40, 50), np.uint8)
    said = {"axes": "CYX", "Channel": {"Name": ["DAPI", "GFP"]}}
    tifffile.imwrite("cells.ome.tif", stack, metadata=said)
    succeed("cells.ome.tif", "-k", 3)
    assert written[0].channels == ("DAPI", "GFP")
    assert written[0].settings == quantize(stack, 3, channel_axis=0).settings


def test_value_that_the_file_has_for_no_data_is_left_out(folder):
    field = np.random.default_rng(0).random((40, 50), np.float32)
    field[:10] = -9999
    tags = [(42_113, "s", 0, "-9999", True)]
    tifffile.imwrite("field.tif", field, metadata=None, extratags=tags)
    assert "2,000, 500 left out: no data\n" in succeed("field.tif", "-k", 3)
    printed = succeed("field.tif", "-k", 3, "--no-data", 2, "-o", "all")
    assert "left out" not in printed


@pytest.mark.parametrize("name", ["image.npy", "image.tif"])
def test_color_whose_channels_do_not_lie_last(name, written, monkeypatch):
    image = np.random.default_rng(0).integers(0, 256, (3, 40, 50), np.uint8)
    if name == "image.npy":
        np.save(name, image)
        arguments = ("--rgb", "--channel-axis", 0)
    else:  # the file says where they are
        axes = {"axes": "CYX"}
        tifffile.imwrite(name, image, photometric="minisblack", metadata=axes)
        arguments = ("--rgb",)
    viewer = ViewerModel()
    monkeypatch.setattr(napari, "Viewer", lambda: viewer)
    monkeypatch.setattr(napari, "run", lambda: None)
    succeed(name, *arguments, "--color-space", "oklab", "--show")
    expected = quantize(np.moveaxis(image, 0, -1), rgb=True, color_space="oklab")
    np.testing.assert_array_equal(written[0].labels, expected.labels)
    np.testing.assert_array_equal(written[0].centers, expected.centers)
    assert written[0].quantized.shape == (3, 40, 50)
    assert viewer.layers["image"].rgb
    shown = viewer.layers["image quantized"]
    np.testing.assert_array_equal(shown.data, expected.quantized)


def test_sample_is_quantized_without_a_file(written):
    assert "240,000" in succeed("-k", 3)
    np.testing.assert_array_equal(written[0].labels, quantize(coffee(), 3).labels)
    assert Path("coffee-kmeans").is_dir()


def test_sample_needs_no_napari():
    code = (
        "import sys; sys.modules['napari'] = None\n"
        "from napari_kmeans.cli import main; main(['quantize', '-k', '2'])"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert_written("coffee-kmeans", quantize(coffee(), 2))


@pytest.fixture
def opened(monkeypatch):
    """Give a function that makes any file be read as data with attributes."""

    def as_(data, **attributes):
        layer_data = (data, {"name": "opened", **attributes}, "image")
        monkeypatch.setattr(files, "read", lambda *_, **__: layer_data)

    return as_


def test_what_the_file_says_of_its_channels_holds(opened, written):
    stack = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    for says in ({"rgb": True}, {"rgb": False}, {"channel_axis": 2}):
        opened(stack, **says)
        succeed("any.png", "--force")
        expected = quantize(stack, **says)
        assert written[-1].settings == expected.settings


def test_what_the_user_says_of_the_channels_goes_before(opened, written):
    opened(np.zeros((40, 50, 3), np.uint8), rgb=True)
    succeed("any.png", "-k", 1, "--gray")
    opened(np.zeros((40, 50, 3), np.uint8), channel_axis=2)
    succeed("any.png", "-k", 1, "--rgb", "-o", "rgb")
    succeed("any.png", "-k", 1, "--channel-axis", 1, "-o", "axis")
    said = [(w.settings["rgb"], w.settings["channel_axis"]) for w in written]
    assert said == [(False, None), (True, None), (False, 1)]


@pytest.fixture
def pyramid(folder):
    """Return a color image, written to in.zarr with a smaller level."""
    image = np.random.default_rng(0).integers(0, 256, (40, 1100, 3), np.uint8)
    placed = {"name": "in", "scale": (2, 3), "units": ("um", "um")}
    omezarr.write("in.zarr", quantize(image, 50), placed)
    return quantize(image, 50).quantized


def test_omezarr_becomes_omezarr(pyramid):
    printed = succeed("in.zarr", "-k", 3, "-o", "a/out.zarr")
    assert printed.endswith("Written to a/out.zarr\n")
    expected = quantize(pyramid, 3)
    image, labels = omezarr.read("a/out.zarr")
    for layer, data in ((image, expected.quantized), (labels, expected.labels)):
        assert isinstance(layer[0][0], da.Array)
        np.testing.assert_array_equal(layer[0][0], data)
        np.testing.assert_array_equal(layer[0][1], data[::2, ::2])
        assert layer[1]["scale"] == (2, 3)
        assert layer[1]["units"] == ("micrometer", "micrometer")
    assert image[1]["name"] == "in quantized quantized"
    table = pd.read_csv("a/out.zarr/centers.csv")
    pd.testing.assert_frame_equal(table, expected.features, check_dtype=False)


def test_omezarr_larger_than_a_block_is_read_region_by_region(monkeypatch):
    """It is read twice: to count its colors, and to write; never as a whole."""
    image = np.random.default_rng(0).integers(0, 256, (1100, 2100), np.uint8)
    expected = quantize(image, 200)
    omezarr.write("in.zarr", expected)
    blocks, read = [], Source.read
    monkeypatch.setattr(
        Source, "read", lambda self, block: blocks.append(block) or read(self, block)
    )
    succeed("in.zarr", "-k", 3, "-o", "out.zarr")
    starts = Counter(tuple(part.start for part in block) for block in blocks)
    assert starts == {(y, x): 2 for y in (0, 1024) for x in (0, 1024, 2048)}
    again = quantize(expected.quantized, 3)
    for layer, data in zip(
        omezarr.read("out.zarr"), (again.quantized, again.labels), strict=True
    ):
        np.testing.assert_array_equal(layer[0][0], data)


def test_masks_are_omezarr_too(pyramid):
    mask = np.zeros((40, 1100), np.uint16)
    mask[:10] = 2
    group = zarr.open_group("mask.zarr", mode="w")
    group.create_array("0", shape=mask.shape, dtype=mask.dtype)[...] = mask
    axes = [{"name": name, "type": "space"} for name in "yx"]
    multiscale = {"axes": axes, "datasets": [{"path": "0"}]}
    group.attrs["ome"] = {"version": "0.5", "multiscales": [multiscale]}
    imsave("image.png", pyramid)
    expected = quantize(pyramid, 3, mask=mask > 0)
    for name in ("in.zarr", "image.png"):
        succeed(name, "-k", 3, "--mask", "mask.zarr", "-o", "out.zarr", "--force")
        np.testing.assert_array_equal(
            omezarr.read("out.zarr")[1][0][0], expected.labels
        )


def test_any_file_becomes_omezarr(image):
    succeed("image.png", "-o", "out.zarr")
    layers = omezarr.read("out.zarr")
    np.testing.assert_array_equal(layers[0][0], quantize(image).quantized)
    np.testing.assert_array_equal(layers[1][0], quantize(image).labels)


def test_omezarr_becomes_files(pyramid):
    succeed("in.zarr", "-k", 3)
    assert_written("in-kmeans", quantize(pyramid, 3))


def test_channels_of_an_omezarr_stay_channels(opened):
    image = np.random.default_rng(0).integers(0, 256, (6, 2, 40, 50), np.uint8)
    placed = {"scale": (4, 2, 2), "axis_labels": ("z", "y", "x")}
    opened(image, channel_axis=1, **placed)
    succeed("any.tif", "-k", 3, "-o", "out.zarr")
    expected = quantize(image, 3, channel_axis=1)
    (data, attributes, _), labels = omezarr.read("out.zarr")
    np.testing.assert_array_equal(data, np.moveaxis(expected.quantized, 1, 0))
    np.testing.assert_array_equal(labels[0], expected.labels)
    assert attributes["channel_axis"] == 0
    assert attributes["scale"] == labels[1]["scale"] == (4, 2, 2)


@pytest.mark.usefixtures("pyramid")
def test_earlier_omezarr_is_kept_without_force():
    succeed("in.zarr", "-k", 3, "-o", "out.zarr")
    assert "--force" in fail("in.zarr", "-k", 2, "-o", "out.zarr")
    assert omezarr.read("out.zarr")[1][0][0].max().compute() == 3
    succeed("in.zarr", "-k", 2, "-o", "out.zarr", "--force")
    assert omezarr.read("out.zarr")[1][0][0].max().compute() == 2
    sentence = fail("in.zarr", "-o", "./in.zarr", "--force")
    assert "should be a folder apart from in.zarr" in sentence


@pytest.mark.usefixtures("pyramid")
@pytest.mark.parametrize("output", ["out", "out.zarr"])
def test_corrupt_block_fails_in_a_sentence(output):
    chunk = Path("in.zarr/0/c/0/0/1")
    data = bytearray(chunk.read_bytes())
    data[len(data) // 2] ^= 0xFF
    chunk.write_bytes(data)
    sentence = fail("in.zarr", "-o", output)
    assert sentence.startswith(
        "in.zarr/0: the block at (0, 0, 1024) could not be read: "
    )


@pytest.mark.usefixtures("pyramid")
def test_interrupted_omezarr_leaves_nothing_behind(folder, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(writing._Cut, "compute", interrupted)
    done = run("quantize", "in.zarr", "-o", "a/out.zarr")
    assert (done.exit_code, done.output) == (130, "")
    assert [path.name for path in folder.iterdir()] == ["in.zarr"]


@pytest.mark.usefixtures("pyramid")
def test_show_opens_an_omezarr_with_its_result(monkeypatch):
    viewer = ViewerModel()
    monkeypatch.setattr(napari, "Viewer", lambda: viewer)
    monkeypatch.setattr(napari, "run", lambda: None)
    succeed("in.zarr", "-o", "out.zarr", "--show")
    assert [layer.name for layer in viewer.layers] == [
        "in quantized",
        "in quantized quantized",
        "in quantized labels",
        "in quantized centers",
    ]
    for layer in viewer.layers:
        np.testing.assert_array_equal(layer.scale, (2, 3))
        assert tuple(map(str, layer.units)) == ("micrometer", "micrometer")


def test_summary_tells_what_came_out(image):
    printed = succeed("image.png", "-k", 3, "-o", "some/where")
    q = quantize(image, k=3)
    lines = dict(line.split(maxsplit=1) for line in printed.splitlines())
    assert lines["File"] == "image.png"
    assert lines["Shape"] == "40 x 50 x 3 uint8, RGB"
    assert lines["Pixels"] == "2,000"
    assert lines["Unique"] == f"colors  {q.n_colors:,} before, 3 after"
    assert float(lines["Compactness"].replace(",", "")) == pytest.approx(
        q.compactness, rel=1e-5
    )
    quality = measure(read_samples(image), q.palette)
    assert lines["Quality"] == str(quality)
    assert "ΔE" in lines["Quality"]
    assert lines["Steps"].startswith(f"{q.n_iter}, ")
    assert float(lines["Seconds"]) >= 0
    for index, color, share in zip("123", q.features["color"], q.shares, strict=True):
        assert lines[index].split() == [color, f"{100 * share:.1f}%"]
    assert lines["Written"] == "to some/where"


def test_summary_tells_no_quality_that_it_would_have_to_read_for(
    opened, pyramid, image, monkeypatch
):
    monkeypatch.setattr("napari_kmeans.core.reading.source.SMALL", 0)
    streamed = ("--memory", "600MB", "-k", 3, "-o")
    assert "Quality  " in succeed("in.zarr", *streamed, "counted.zarr")
    assert "Quality  " not in succeed("image.png", "--no-refine")
    values = np.random.default_rng(0).random((2, 300, 300))
    opened(values)
    assert "Quality  " not in succeed("any.tif", "--each", 0)
    opened(da.from_array(values, chunks=100))
    assert "Quality  " not in succeed("any.zarr", *streamed, "pixels.zarr")


def test_summary_is_told_to_any_terminal():
    q = quantize(np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8), k=1, rgb=True)
    quality = Quality(9.0, 0.5, 3.0, 4.0, 2, 2)
    for encoding, said in (("utf-8", "ΔE"), ("ascii", "delta E")):
        file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        console = Console(file=file, width=200)
        summary.summarize(q, "a.png", 0.1, console, quality=quality)
        file.seek(0)
        assert f"Quality        PSNR 9.0 dB, {said} 3.0 (95 %: 4.0)" in file.read()


@pytest.mark.parametrize(
    ("data", "arguments", "expected"),
    [
        (np.eye(40), [], "Unique values  2 before, 2 after"),
        (np.eye(300), ["--no-refine"], "Steps          not told by OpenCV"),
        (np.random.default_rng(0).random((300, 300)), [], "not counted before, 2"),
    ],
)
def test_summary_of_gray_images(data, arguments, expected, opened):
    opened(data)
    assert expected in succeed("any.tif", "-k", 2, *arguments)


def test_long_palette_is_cut(opened):
    opened(np.arange(40 * 40, dtype=np.uint16).reshape(40, 40))
    printed = succeed("any.tif", "-k", 40)
    assert printed.count("#") == summary.MOST_SHOWN
    assert "and 8 more" in printed


def test_palette_is_shown_in_its_colors_on_a_terminal():
    q = quantize(np.array([[[255, 0, 0], [0, 0, 255]]], np.uint8), k=2, rgb=True)
    console = Console(
        force_terminal=True, color_system="truecolor", record=True, width=200
    )
    with console.capture() as captured:
        summary.summarize(q, "a [bold]name[/bold].png", 0.1, console)
    printed = captured.get()
    assert re.search(r"\x1b\[48;2;0;0;255m +\x1b\[0m  #0000ff   50.0%", printed)
    assert re.search(r"\x1b\[48;2;255;0;0m +\x1b\[0m  #ff0000   50.0%", printed)
    assert "a [bold]name[/bold].png" in printed


def test_fewer_colors_than_clusters_are_warned_of(opened):
    opened(np.eye(40, dtype=np.uint8))
    done = run("quantize", "any.png", "-k", 5)
    assert done.exit_code == 0
    assert done.stderr == (
        "Warning: k=5 should be at most the 2 distinct colors or points given: there "
        "are 2 clusters.\n"
    )


@pytest.mark.parametrize("ignored", [False, True])
def test_fewer_colors_in_planes_are_warned_of_once(ignored, opened):
    opened(np.zeros((3, 40, 40), np.uint8), rgb=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if ignored else "error")
        done = run("quantize", "any.png", "-k", 5, "--each", 0)
    assert done.exit_code == 0
    assert done.stderr == (
        "Warning: k=5 should be at most the distinct colors of a plane: 3 of 3 planes "
        "have fewer clusters.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-k", 0], "k=0 should be at least 1."),
        (["-k", 99999], "k=99999 should be at most 65,535."),
        (["--attempts", 0], "attempts=0 should be at least 1."),
        (["--max-iter", 0], "max_iter=0 should be at least 1."),
        (["--epsilon", -1], "epsilon=-1.0 should be a finite number of at least 0."),
        (["--seed", -1], "seed=-1 should be at least 0."),
        (["--rgb", "--channel-axis", 0], "channel_axis=0 should have 3 or 4 channels"),
        (["--mask", "mask.png"], "mask of shape (4, 5) should have the shape"),
        (["--mask", "none.png"], "none.png should be a file or a folder"),
        (["--init", "best"], "init='best' should be one of 'random', 'k-means++'"),
        (["--layer", 1], "layer=1 should be from 0 to 0"),
        (["--plugin", "none"], "image.png could not be read: Given reader 'none'"),
        (["--color-space", "hsv"], "color_space='hsv' should be one of 'rgb'"),
        (["--color-space", "oklab", "--gray"], "color_space='oklab' should go with"),
        (["--scaling", "most"], "scaling='most' should be one of 'none', 'range'"),
        (["--scaling", "1,2"], "scaling=(1.0, 2.0) should have a factor for each"),
        (["--no-data", "none"], "no_data='none' should be a number"),
        (["--each", "x"], "each='x' should be an axis, or several"),
        (["--each", "2"], "axes=(2,) should not include axis 2"),
        (["--each", "0"], "axes=(0,) should leave at least two axes"),
        (["--memory", "much"], "memory='much' should be a number of bytes"),
        (
            ["--memory", "100MB"],
            "memory=100,000,000 should be at least 450,024,000",
        ),
        (["--scheduler", "here"], "scheduler='here' should be the address of a dask"),
        (["--scheduler", "tcp://127.0.0.1:1"], "should be the address of a dask"),
    ],
)
@pytest.mark.usefixtures("image")
def test_bad_arguments_fail_in_a_sentence(arguments, sentence, monkeypatch):
    monkeypatch.setattr(resources, "CONNECTING", 0.5)
    Image.new("L", (5, 4)).save("mask.png")
    assert sentence in fail("image.png", *arguments)


def test_bad_files_fail_in_a_sentence(folder, monkeypatch):
    (folder / "unknown.xyz").touch()
    assert "could not be read" in fail("unknown.xyz")
    assert "there is none" in fail("none.png")
    np.save("complex.npy", np.zeros((40, 50), complex))
    assert "dtype complex128 should hold" in fail("complex.npy")
    monkeypatch.setitem(sys.modules, "napari", None)
    assert "pip install" in fail("complex.npy")


@pytest.mark.parametrize("option", ["-k", "--seed", "--max-iter", "--max-samples"])
def test_words_for_numbers_are_usage_errors(option):
    done = run("quantize", option, "many")
    assert done.exit_code == 2
    assert re.search(rf"Invalid value for '{option}'.*", done.stderr)


def test_earlier_result_is_kept_without_force(image, monkeypatch):
    succeed("image.png", "-k", 2)
    with monkeypatch.context() as patch:
        patch.setattr(files, "read", lambda *_, **__: pytest.fail("work before check"))
        sentence = fail("image.png", "-k", 3)
    assert "--force" in sentence
    assert_written("image-kmeans", quantize(image, 2))
    succeed("image.png", "-k", 3, "--force")
    assert_written("image-kmeans", quantize(image, 3))


@pytest.mark.usefixtures("image")
def test_full_disk_is_said_in_a_sentence(monkeypatch):
    def write(folder, result, alpha):
        (folder / "labels.png").touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "labels.png")

    monkeypatch.setattr(files, "write", write)
    sentence = fail("image.png")
    assert sentence.startswith("output=image-kmeans could not be written: No space")


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
@pytest.mark.parametrize("output", ["out", "out.zarr"])
def test_full_disk_leaves_nothing_behind(output, image, folder):
    import resource

    done = subprocess.run(
        ["napari-kmeans", "quantize", "image.png", "-k", "99", "-o", output],
        capture_output=True,
        text=True,
        # Python would write modules it has compiled, cut off, for all that come later.
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        # To a program it is as if the disk were full, but for its words.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (999, 999)),
    )
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"Error: output={output} could not be written: File too la")
    assert [path.name for path in folder.iterdir()] == ["image.png"]


OUTPUTS = {
    "the image itself": ("images/a.png", "apart from images/a.png, which is read"),
    "the image by a link": ("alias", "apart from images/a.png, which is read"),
    "the folder of the image": ("images", "apart from images/a.png, which is read"),
    "around the mask": ("masks", "apart from masks/mask.png, which is read"),
    "a file": ("taken", "should be a folder: taken is a file"),
    "a link to nothing": ("dangling", "should be a folder: dangling is a link to"),
    "nothing": ("", "output=. should be a folder apart from"),
    "the current folder": (".", "output=. should be a folder apart from"),
    "an image of others": ("data.zarr", "but holds zarr.json, which is not of one"),
    "a folder of others": ("others", "but holds thesis.tex, which is not of one"),
    "a URL": ("s3://bucket/out.zarr", "should be a folder, not a URL"),
    "too long": ("x" * 300, "could not be written: File name too long"),
}


@pytest.mark.parametrize("zarr", ["", ".zarr"])
@pytest.mark.parametrize(("output", "said"), OUTPUTS.values(), ids=OUTPUTS)
@pytest.mark.skipif(sys.platform == "win32", reason="no links for everyone there")
def test_output_that_cannot_be_one_fails_before_any_work(
    output, said, zarr, image, folder, monkeypatch
):
    for name in ("images", "masks", "data.zarr", "others"):
        (folder / name).mkdir()
    (folder / "image.png").rename(folder / "images" / "a.png")
    for name in ("taken", "masks/mask.png", "data.zarr/zarr.json", "others/thesis.tex"):
        (folder / name).touch()
    Path("alias").symlink_to("images/a.png")
    Path("dangling").symlink_to("nowhere")
    monkeypatch.setattr(
        files, "read", lambda *_, **__: pytest.fail("work before check")
    )
    if zarr and output in ("taken", "dangling", "others"):
        Path(output).rename(output + zarr)
        output, said = output + zarr, said.replace(output, output + zarr)
    arguments = ("images/a.png", "--mask", "masks/mask.png", "-o", output, "--force")
    assert said in fail(*arguments)


def test_output_in_a_folder_that_is_read_fails(image, folder):
    Path("images").mkdir()
    (folder / "image.png").rename(folder / "images" / "0.png")
    omezarr.write("in.zarr", quantize(image, 2))
    for source in ("images", "in.zarr"):
        for output in (source, f"{source}/out", f"{source}/a/out.zarr"):
            assert f"apart from {source}, which is read" in fail(source, "-o", output)


def test_two_runs_onto_one_folder_are_one_too_many(image, monkeypatch):
    sentences = []

    def write(folder, *arguments):
        sentences.append(fail("image.png", "-o", "out"))
        real(folder, *arguments)

    real = files.write
    monkeypatch.setattr(files, "write", write)
    succeed("image.png", "-o", "out")
    assert "output=out should be written by one run at a time" in sentences[0]
    assert_written("out", quantize(image))


SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] if hasattr(signal, "SIGHUP") else ["SIGINT"]


@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.usefixtures("image")
def test_signal_leaves_nothing_behind(name, folder, monkeypatch):
    number = signal.Signals[name]
    before = signal.getsignal(number)

    def interrupted(folder, *_):
        (folder / "labels.png").touch()
        signal.raise_signal(number)

    monkeypatch.setattr(files, "write", interrupted)
    done = run("quantize", "image.png")
    assert (done.exit_code, done.output) == (128 + number, "")
    assert [path.name for path in folder.iterdir()] == ["image.png"]
    assert signal.getsignal(number) == before


@pytest.mark.usefixtures("image")
def test_show_opens_napari_with_the_image_and_its_result(monkeypatch):
    viewer, running = ViewerModel(), []
    monkeypatch.setattr(napari, "Viewer", lambda: viewer)
    monkeypatch.setattr(napari, "run", lambda: running.append(True))
    succeed("image.png", "--show")
    names = ["image", "image quantized", "image labels", "image centers"]
    assert [layer.name for layer in viewer.layers] == names
    assert running == [True]


@pytest.mark.parametrize("axis", [0, -1])
def test_show_opens_a_layer_for_each_channel(axis, opened, monkeypatch):
    viewer = ViewerModel()
    monkeypatch.setattr(napari, "Viewer", lambda: viewer)
    monkeypatch.setattr(napari, "run", lambda: None)
    data = np.random.default_rng(0).random((2, 40, 50))
    opened(np.moveaxis(data, 0, axis), scale=(2, 3))
    succeed("any.tif", "--show", "--channel-axis", axis)
    shapes = {layer.name: layer.data.shape for layer in viewer.layers}
    assert shapes == {
        "opened": (40, 50),
        "opened [1]": (40, 50),
        "opened quantized": (40, 50),
        "opened quantized [1]": (40, 50),
        "opened labels": (40, 50),
        "opened centers": (5, 2),
    }
    np.testing.assert_array_equal(viewer.layers["opened [1]"].data, data[1])
    assert all(tuple(layer.scale) == (2, 3) for layer in viewer.layers)


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        (("--rgb",), [(0.5, 0.25)] * 4),
        (("--gray",), [(1, 1, 1)] * 4),
        (("--channel-axis", 0), [(1, 1)] * 4),
    ],
)
def test_pixels_are_as_large_as_a_tiff_says(option, shown, monkeypatch):
    viewer = ViewerModel()
    monkeypatch.setattr(napari, "Viewer", lambda: viewer)
    monkeypatch.setattr(napari, "run", lambda: None)
    colors = np.random.default_rng(0).integers(0, 256, (3, 40, 3), np.uint8)
    sizes = {"PhysicalSizeX": 0.25, "PhysicalSizeY": 0.5}
    tifffile.imwrite("a.tif", colors, ome=True, photometric="rgb", metadata=sizes)
    succeed("a.tif", *option, "-k", 2, "--show", "-o", "out.zarr")
    layers = [layer for layer in viewer.layers if layer.name[-1] != "]"]
    assert [tuple(layer.scale) for layer in layers] == shown
    for _, attributes, _ in omezarr.read("out.zarr"):
        assert attributes["scale"] == shown[0]
        unit = "micrometer" if option == ("--rgb",) else "pixel"
        assert set(attributes["units"]) == {unit}


@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("terminal", [False, True])
def test_slow_runs_show_progress_on_a_terminal(slow, terminal, monkeypatch):
    ticks = itertools.count(0, 1 if slow else 0)
    monkeypatch.setattr(bar, "monotonic", lambda: next(ticks))
    monkeypatch.setenv("TERM", "xterm")
    console = Console(force_terminal=terminal, width=80)
    image = np.random.default_rng(0).random((40, 40))
    with console.capture() as captured, bar.bar(console) as progress:
        result = quantize(image, progress=progress)
    assert result.k == 5
    shown = captured.get()
    assert ("100%" in shown) == (slow and terminal)
    assert bool(shown) == (slow and terminal)


def test_progress_is_gone_after_a_failure(monkeypatch):
    monkeypatch.setattr(bar, "monotonic", itertools.count().__next__)
    monkeypatch.setenv("TERM", "xterm")
    console = Console(force_terminal=True, width=80)

    def work():
        with bar.bar(console) as progress:
            progress("Searching", 0.5)
            raise ValueError("too bad")

    with console.capture() as captured, pytest.raises(ValueError, match="too bad"):
        work()
    hide, show, erase = "\x1b[?25l", "\x1b[?25h", "\x1b[2K"
    shown, _, after = captured.get().partition(show)
    assert shown.startswith(hide)
    assert "Searching" in shown
    assert after.endswith(erase)


@pytest.mark.parametrize("output", ["out", "out.zarr"])
def test_progress_does_not_mix_with_the_summary(output, monkeypatch):
    consoles, stages = [], []

    @contextlib.contextmanager
    def spy(console):
        consoles.append(console)
        yield lambda stage, _: stages.append(stage)

    monkeypatch.setattr("napari_kmeans.cli.commands.quantize.bar", spy)
    succeed("-o", output)
    assert all(console.stderr for console in consoles)
    assert any(stage.startswith("Searching") for stage in stages)
    assert any(stage.startswith("Writing") for stage in stages) == ("." in output)


def test_version_is_shown():
    done = run("--version")
    assert (done.exit_code, done.stdout) == (
        0,
        f"napari-kmeans {napari_kmeans.__version__}\n",
    )


def test_help_names_every_option_and_imports_little():
    code = (
        "import sys; from napari_kmeans.cli import main\n"
        "try: main(['quantize', '--help'])\n"
        "finally: print([m for m in ('numpy', 'cv2', 'napari') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    for option in ("-k", "--mask", "--output", "--force", "--show", "--no-refine"):
        assert option in done.stdout


def test_program_runs_and_writes_no_color_codes(image):
    done = subprocess.run(
        ["napari-kmeans", "quantize", "image.png", "-k", "3"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "\x1b" not in done.stdout
    assert done.stderr == ""
    assert_written("image-kmeans", quantize(image, 3))


def heed():
    for name in SIGNALS:
        signal.signal(signal.Signals[name], signal.SIG_DFL)


def start(*command, **options):
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Children of a shell in the background, or of nohup, ignore some of them.
        preexec_fn=heed,
        **options,
    )


def wait_for(running, path):
    while not path.exists() and running.poll() is None:
        time.sleep(0.01)


#: Where a run is when it is told to end: a file that is there by then.
HIDDEN = ".napari-kmeans-coffee-kmeans"


@pytest.mark.skipif(sys.platform == "win32", reason="no signals to a child there")
@pytest.mark.parametrize("name", SIGNALS)
@pytest.mark.parametrize("n", [1, 3])
def test_program_told_to_end_leaves_nothing_behind(name, n, folder):
    running = start("napari-kmeans", "quantize", "--attempts", "1000000")
    wait_for(running, folder / HIDDEN / "new")
    for _ in range(n):
        running.send_signal(signal.Signals[name])
    printed = running.communicate()
    assert (running.returncode, printed) == (128 + signal.Signals[name], ("", ""))
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no signals to a child there")
@pytest.mark.parametrize("name", SIGNALS)
def test_program_told_to_end_while_it_starts_prints_no_traceback(name, folder):
    # In the place of the first library that the command line imports.
    (folder / "typer.py").write_text(
        "import pathlib, time\npathlib.Path('starting').touch()\ntime.sleep(600)"
    )
    path = {**os.environ, "PYTHONPATH": str(folder)}
    running = start("napari-kmeans", "quantize", env=path)
    wait_for(running, folder / "starting")
    running.send_signal(signal.Signals[name])
    printed = running.communicate()
    assert (running.returncode, printed) == (128 + signal.Signals[name], ("", ""))


WRITE = """
import pathlib, sys, time
from napari_kmeans.__main__ import main
from napari_kmeans.omezarr import writing

def compute(*_):
    pathlib.Path("writing").touch()
    time.sleep(600)

writing._Cut.compute = compute
sys.argv[1:] = ["quantize", "-o", "a/out.zarr"]
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no signals to a child there")
@pytest.mark.parametrize("name", SIGNALS)
def test_program_told_to_end_waits_for_nothing_that_is_under_way(name, folder):
    running = start(sys.executable, "-c", WRITE)
    wait_for(running, folder / "writing")
    running.send_signal(signal.Signals[name])
    out, err = running.communicate()
    # Of an old zarr, a codec says that it is old.
    said = [
        line for line in err.splitlines() if "crc32c usage is deprecated" not in line
    ]
    assert (running.returncode, out, said) == (128 + signal.Signals[name], "", [])
    assert [path.name for path in folder.iterdir()] == ["writing"]


@pytest.mark.skipif(sys.platform == "win32", reason="no nohup there")
def test_program_started_to_ignore_a_signal_ignores_it(folder):
    running = start("nohup", "napari-kmeans", "quantize", "--attempts", "1000000")
    wait_for(running, folder / HIDDEN / "new")
    running.send_signal(signal.SIGHUP)
    running.send_signal(signal.SIGTERM)
    running.communicate()
    assert running.returncode == 128 + signal.SIGTERM


@pytest.mark.skipif(sys.platform == "win32", reason="no signals to a child there")
def test_run_that_was_killed_is_cleaned_up_by_the_next(folder):
    running = start("napari-kmeans", "quantize", "--attempts", "1000000")
    wait_for(running, folder / HIDDEN / "new")
    assert "should be written by one run at a time" in fail()
    running.kill()
    running.communicate()
    assert [path.name for path in folder.iterdir()] == [HIDDEN]
    succeed()
    assert [path.name for path in folder.iterdir()] == ["coffee-kmeans"]


def test_module_is_the_program():
    done = subprocess.run(
        [sys.executable, "-m", "napari_kmeans", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"napari-kmeans {napari_kmeans.__version__}\n"
