"""Many images on the command line: the same clusters, one table, and going on."""

import json
import os
import re
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from skimage.io import imread, imsave
from tifffile import imwrite
from typer.testing import CliRunner

from napari_kmeans import Canceled, Palette, cli, omezarr, quantize, tabulate
from napari_kmeans.batch import rows
from napari_kmeans.batch.listing import beside, listed, titles
from napari_kmeans.cli import many as many_images
from test_cli import start, wait_for


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def images(folder):
    """Return three color images, written to in/a.png, b.png and c.png."""
    rng = np.random.default_rng(0)
    Path("in").mkdir()
    found = {name: rng.integers(0, 256, (40, 50, 3), np.uint8) for name in "abc"}
    for name, image in found.items():
        imsave(f"in/{name}.png", image)
    return found


@pytest.fixture
def model(images):
    """Return a palette of the first image, with a name, saved as model.json."""
    palette = quantize(images["a"], 4).palette.rename(2, "sky")
    palette.save("model.json")
    return palette


def run(*arguments):
    return CliRunner().invoke(cli.main, list(map(str, arguments)))


def succeed(*arguments):
    done = run(*arguments)
    assert (done.exit_code, done.stderr) == (0, ""), done.exception or done.output
    return done.stdout


def fail(*arguments):
    """Run what should fail, and return the one sentence that says why."""
    before = files_in(".")
    done = run(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert files_in(".") == before
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("Error: ")
    assert sentence.endswith(".")
    return sentence.removeprefix("Error: ")


def files_in(path):
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(Path(path).rglob("*"))
        if file.is_file()
    }


def labels_in(folder):
    return imread(f"{folder}/labels.png")


# -- apply -----------------------------------------------------------------------------


def test_a_model_is_put_on_other_images(images, model):
    printed = succeed("apply", "model.json", "in/b.png", "in/c.png", "-o", "out")
    assert printed == f"Written to {Path('out/b')}\nWritten to {Path('out/c')}\n"
    for name in "bc":
        labels, quantized = model.apply(images[name])
        np.testing.assert_array_equal(labels_in(f"out/{name}"), labels)
        written = imread(f"out/{name}/quantized.png")
        np.testing.assert_array_equal(written, quantized)
        assert list(pd.read_csv(f"out/{name}/centers.csv")["pixels"]) == [
            *np.bincount(labels.ravel(), minlength=5)[1:]
        ]
        assert Palette.load(f"out/{name}/palette.json").names == model.names


def test_the_model_of_a_result_gives_its_labels_again(images):
    succeed("quantize", "in/a.png", "-k", 3, "-o", "first")
    succeed("apply", "first/palette.json", "in/a.png")
    np.testing.assert_array_equal(labels_in("a-kmeans"), labels_in("first"))


def test_colors_of_other_programs_are_a_model(images, model):
    for suffix in ("gpl", "hex", "csv"):
        done = run("palette", "convert", "model.json", f"colors.{suffix}")
        assert (done.exit_code, done.stderr) == (
            0,
            f"Warning: colors.{suffix} holds the centers as colors, rounded to 8 bits; "
            "a .json would hold them as they are.\n",
        )
        succeed("apply", f"colors.{suffix}", "in/b.png", "-o", suffix)
        expected = Palette.load(f"colors.{suffix}").label(images["b"])
        np.testing.assert_array_equal(labels_in(f"{suffix}/b"), expected)


def test_what_differs_is_told_and_other_channels_are_refused(images, model):
    gray = images["a"][..., 0]
    imsave("gray.png", gray)
    np.save("deep.npy", images["a"].astype(np.uint16) * 257)
    given = ("gray.png", "deep.npy", "in/a.png")
    done = run("apply", "model.json", *given, "-o", "out")
    assert done.exit_code == 3
    _, rest = done.stderr.split("Error: ")
    assert rest.startswith("2 of 3 images could not be done.\n  gray.png: ")
    assert "  deep.npy: image of dtype uint16 should be of uint8, as colors" in rest
    assert sorted(path.name for path in Path("out").iterdir()) == ["a"]
    quantize(gray, 3).palette.save("gray.json")
    np.save("deep.npy", gray.astype(np.uint16) * 257)
    done = run("apply", "gray.json", "deep.npy", "-o", "gray")
    assert done.exit_code == 0
    warning = "Warning: deep.npy: image of dtype uint16 should be of uint8, as before"
    assert warning in done.stderr


def test_what_cannot_be_read_does_not_keep_others_from_being_done(images, model):
    np.save("in/bad.npy", np.zeros((4, 5), complex))
    done = run("apply", "model.json", "in/bad.npy", "in/a.png", "-o", "out")
    assert done.exit_code == 3
    assert done.stdout == f"Written to {Path('out/a')}\n"
    assert "1 of 2 images could not be done.\n  in/bad.npy" in done.stderr
    assert [path.name for path in Path("out").iterdir()] == ["a"]


def test_an_earlier_result_is_kept_without_force(images, model):
    succeed("apply", "model.json", "in/a.png", "-o", "out")
    assert "--force" in fail("apply", "model.json", "in/a.png", "-o", "out")
    succeed("apply", "model.json", "in/a.png", "-o", "out", "--force")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["none.json", "in/a.png"], "model=none.json could not be read: No such"),
        (["in", "in/a.png"], "path=in should end in one of"),
        (["model.json", "in/a.png", "--jobs", 0], "jobs=0 should be from 1 to 256."),
        (["model.json", "in/a.png", "in/a.png"], "but a.png is of several"),
        (["model.json", "in/a.png", "-o", "in/a.png"], "apart from in/a.png"),
    ],
)
def test_what_cannot_be_applied_fails_in_a_sentence(arguments, said, model):
    assert said in fail("apply", *arguments)


def test_distances_may_be_others(images, model):
    succeed("apply", "model.json", "in/b.png", "--distance", "ciede2000")
    expected = quantize(
        images["b"], init=model, fixed=True, color_space="ciede2000", rgb=True
    )
    np.testing.assert_array_equal(labels_in("b-kmeans"), expected.labels)
    assert Palette.load("b-kmeans/palette.json").names == model.names


@pytest.mark.parametrize("method", ["diffusion", "ordered"])
def test_colors_are_mixed(method, images, model):
    from napari_kmeans import dither

    given = ("--dither", method, "--strength", 0.5)
    succeed("apply", "model.json", "in/b.png", "-o", "out", *given)
    expected = dither(images["b"], model, method=method, strength=0.5)
    np.testing.assert_array_equal(labels_in("out/b"), expected)
    printed = succeed("quantize", "in/b.png", "-k", 4, "-o", "own", *given)
    own = quantize(images["b"], 4).palette
    expected = dither(images["b"], own, method=method, strength=0.5)
    np.testing.assert_array_equal(labels_in("own"), expected)
    assert "Quality" not in printed


# -- palette ---------------------------------------------------------------------------


def test_palettes_are_shown_converted_and_merged(model):
    lines = succeed("palette", "show", "model.json").splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2", "3", "4"]
    assert lines[1].endswith("%  sky")
    succeed("palette", "merge", "model.json", 2, 3, "-o", "merged.json")
    assert Palette.load("merged.json") == model.merge([2, 3])
    succeed("palette", "merge", "model.json", 1, 4, "--name", "ends", "-o", "two.json")
    assert Palette.load("two.json").names[0] == "ends"
    assert run("palette", "convert", "merged.json", "merged.gpl").exit_code == 0
    succeed("palette", "convert", "merged.gpl", "merged.ase")  # nothing is rounded
    succeed("palette", "convert", "merged.ase", "converted.json")
    assert "sky" in Path("merged.gpl").read_text()
    again = ("palette", "convert", "model.json", "merged.gpl")
    assert "is there already: --force replaces it." in fail(*again)
    assert run(*again, "--force").exit_code == 0
    assert "should end in one of" in fail("palette", "convert", "model.json", "a.doc")
    wrong = ("palette", "merge", "model.json", 2, 9, "-o", "a.json")
    assert "9" in fail(*wrong)


# -- batch -----------------------------------------------------------------------------


def test_each_has_its_own_palette_in_the_order_of_the_first(images):
    succeed("batch", "in", "-k", 3, "-o", "out")
    first = quantize(images["a"], 3)
    assert Palette.load("out/palette.json") == first.palette
    np.testing.assert_array_equal(labels_in("out/a"), first.labels)
    for name in "bc":
        expected = quantize(images[name], 3, like=first.palette)
        np.testing.assert_array_equal(labels_in(f"out/{name}"), expected.labels)


def test_all_have_one_palette(images):
    succeed("batch", "in", "-k", 3, "--common", "-o", "out")
    side_by_side = np.concatenate([*images.values()])
    expected = quantize(side_by_side, 3).palette
    for name, image in images.items():
        np.testing.assert_array_equal(labels_in(f"out/{name}"), expected.label(image))
    table = pd.read_csv("out/table.csv")
    assert list(table.groupby("label")["pixels"].sum()) == expected.counts.tolist()


def test_the_table_has_a_row_for_each_region_and_cluster(images, model):
    Path("masks").mkdir()
    for name in "abc":
        regions = np.zeros((40, 50), np.uint8)
        regions[: 10 + ord(name) % 7] = 1
        regions[30:, :5] = 7
        imsave(f"masks/{name}.png", regions, check_contrast=False)
    areas = ("--pixel-size", 0.5, "--unit", "µm")
    given = ("batch", "in", "--model", "model.json", "--regions", "masks", *areas)
    succeed(*given, "-o", "out", "--table", "all.parquet")
    table = pd.read_parquet("all.parquet")
    assert list(table) == rows.COLUMNS
    assert table["plane"].isna().all()
    for name, image in images.items():
        own = table[table["file"] == os.path.join("in", f"{name}.png")]
        expected = tabulate(image, model, imread(f"masks/{name}.png"))
        for column in ("region", "label", "name", "color", "pixels", "compactness"):
            assert own[column].tolist() == expected[column].tolist()
        assert own["area"].tolist() == (expected["pixels"] * 0.25).tolist()
        assert set(own["unit"]) == {"µm²"}
        sums = own.groupby("region")["%"].sum()
        np.testing.assert_allclose(sums, 100)


def test_planes_have_rows_of_their_own(images):
    stack = np.random.default_rng(0).integers(0, 256, (2, 3, 20, 30), np.uint8)
    np.save("stack.npy", stack)
    regions = np.zeros((20, 30), np.uint8)
    regions[:5], regions[10:] = 1, 4
    imsave("regions.png", regions, check_contrast=False)
    given = ("batch", "stack.np*", "-k", 2, "--gray", "--regions", "regions.png")
    succeed(*given, "-o", "out", "--planes", "1")
    table = pd.read_csv("out/table.csv").set_index(["plane", "region", "label"])
    labels = quantize(stack, 2, rgb=False).labels
    assert len(table) == 3 * 2 * 2
    for (plane, region, label), pixels in table["pixels"].items():
        inside = np.broadcast_to(regions == region, (2, 20, 30))
        assert pixels == (labels[:, plane][inside] == label).sum()
    succeed(*given[:-2], "-o", "both", "--planes", "1,0")
    table = pd.read_csv("both/table.csv").set_index(["plane", "label"])
    for (place, label), pixels in table["pixels"].items():
        first, second = map(int, place.split(","))
        assert pixels == (labels[second, first] == label).sum()
    done = run(*given, "-o", "bad", "--planes", "7")
    assert "planes=7 should be some of the axes 0..3" in done.stderr


def test_what_is_left_out_is_told_by_reason(images):
    clear = np.dstack([images["a"], np.full((40, 50), 255, np.uint8)])
    clear[:5, :, 3] = 0
    imsave("in/d.png", clear)
    succeed("batch", "in", "-k", 3, "-o", "out")
    table = pd.read_csv("out/table.csv").set_index("file")["left out: transparent"]
    assert set(table[os.path.join("in", "d.png")]) == {250}
    assert set(table[os.path.join("in", "a.png")]) == {0}


def test_areas_are_of_the_file_where_it_says(images):
    Path("zarrs").mkdir()
    placed = {"name": "a", "scale": (2, 3), "units": ("um", "um")}
    omezarr.write("zarrs/a.zarr", quantize(images["a"], 9), placed)
    succeed("batch", "zarrs", "-k", 2, "-o", "out")
    table = pd.read_csv("out/table.csv")
    assert table["area"].tolist() == (6.0 * table["pixels"]).tolist()
    assert set(table["unit"]) == {"micrometer²"}


@pytest.mark.parametrize(
    ("axes", "area", "unit"),
    [
        ("YX", 0.125, "micrometer²"),
        ("TYX", 0.125, "micrometer²"),
        ("ZYX", 0.25, "micrometer³"),
        ("CYX", 0.125, "micrometer²"),
        ("ZCYX", 0.25, "micrometer³"),
    ],
)
def test_areas_are_of_the_tiff_where_it_says(folder, axes, area, unit):
    Path("tiffs").mkdir()
    shape = [{"Y": 9, "X": 7}.get(axis, 2) for axis in axes]
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    sizes = {"PhysicalSizeX": 0.25, "PhysicalSizeY": 500, "PhysicalSizeZ": 2}
    metadata = {"axes": axes, "PhysicalSizeYUnit": "nm", **sizes}
    imwrite("tiffs/a.ome.tif", pixels, ome=True, metadata=metadata)
    in_microns = {"axes": axes, "unit": "micron", "spacing": 2}
    imwrite("tiffs/b.tif", pixels, imagej=True, resolution=(4, 2), metadata=in_microns)
    succeed("batch", "tiffs", "-k", 2, "-o", "out")
    table = pd.read_csv("out/table.csv")
    assert table["area"].tolist() == (area * table["pixels"]).tolist()
    assert set(table["unit"]) == {unit}
    if "C" in axes:  # of other channels, the file has not said what the axes are
        other = ("--channel-axis", axes.index("Y"))
        succeed("batch", "tiffs", "-k", 2, "-o", "other", *other)
        assert pd.read_csv("other/table.csv")["area"].isna().all()
    given = ("--pixel-size", 3, "--unit", "m")
    succeed("batch", "tiffs", "-k", 2, "-o", "given", *given)
    power = 3 if "Z" in axes else 2
    table = pd.read_csv("given/table.csv")
    assert table["area"].tolist() == (3.0**power * table["pixels"]).tolist()


def test_any_number_of_jobs_gives_the_same_bits(images):
    for jobs in (1, 3):
        succeed("batch", "in", "-k", 3, "-o", f"out{jobs}", "--jobs", jobs)
    assert files_in("out1") == files_in("out3")


def test_what_cannot_be_read_is_listed_at_the_end(images):
    np.save("in/0.npy", np.zeros((4, 5), complex))
    Path("in/notes.xyz").touch()
    done = run("batch", "in", "-k", 3, "-o", "out")
    assert done.exit_code == 3
    assert done.stdout.startswith("3 of 5 images written to out\n")
    told = done.stderr.splitlines()
    assert told[0] == "Error: 2 of 5 images could not be done."
    assert [line.split()[0].rstrip(":") for line in told[1:]] == [
        os.path.join("in", "0.npy"),
        os.path.join("in", "notes.xyz"),
    ]
    assert set(pd.read_csv("out/table.csv")["file"]) == {
        os.path.join("in", f"{name}.png") for name in "abc"
    }


@pytest.fixture
def worked(monkeypatch):
    """Return the files that are worked on."""
    found, result = [], many_images.Way.result

    def spy(self, file, *arguments):
        found.append(Path(file).name)
        return result(self, file, *arguments)

    monkeypatch.setattr(many_images.Way, "result", spy)
    return found


@pytest.mark.parametrize("way", ["", "--common"])
def test_it_goes_on_where_it_was(way, images, worked, monkeypatch):
    given = ("batch", "in", "-k", 3, *way.split())
    succeed(*given, "-o", "whole")
    worked.clear()

    def interrupted(folder, *arguments, **options):
        if folder.name == "b":
            signal.raise_signal(signal.SIGINT)
            time.sleep(0.5)  # the main thread hears of it
            raise Canceled
        write(folder, *arguments, **options)

    write = many_images.write_result
    with monkeypatch.context() as patch:
        patch.setattr(many_images, "write_result", interrupted)
        done = run(*given, "-o", "out")
    assert done.exit_code == 128 + signal.SIGINT
    assert not Path("out/table.csv").exists()
    assert not Path("out/b").exists()
    assert Path("out/a/record.json").exists()
    worked.clear()
    assert "--resume goes on with it" in fail(*given, "-o", "out")
    succeed(*given, "-o", "out", "--resume")
    assert "a.png" not in worked
    assert "b.png" in worked
    assert files_in("out") == files_in("whole")
    worked.clear()
    succeed(*given, "-o", "out", "--resume")
    assert worked == []


def test_a_changed_file_is_redone_and_a_changed_setting_refused(images, worked):
    given = ("batch", "in", "-o", "out", "-k")
    succeed(*given, 3)
    imsave("in/b.png", images["b"][:30])
    worked.clear()
    succeed(*given, 3, "--resume")
    assert worked == ["b.png"]
    assert labels_in("out/b").shape == (30, 50)
    sentence = fail(*given, 4, "--resume")
    assert "but k was 3, and is 4" in sentence
    imsave("in/a.png", images["a"][:30])
    worked.clear()
    succeed(*given, 3, "--resume")
    assert sorted(worked) == ["a.png", "b.png", "c.png"]
    succeed(*given, 4, "--force")
    assert labels_in("out/a").max() == 4


PROGRAM = """
import sys, time
from napari_kmeans.__main__ import main
from napari_kmeans.cli import many

def result(self, file, source, palette, progress):
    if file.endswith("b.png"):
        open("waiting", "w").close()
        while True:
            progress("Searching", 0.5)
            time.sleep(0.01)
    return known(self, file, source, palette, progress)

known, many.Way.result = many.Way.result, result
sys.argv[1:] = ["batch", "in", "-k", "3", "-o", "out"]
main()
"""

SAID = "Interrupted: 1 of 3 images are written; --resume goes on.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no signals to a child there")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_program_told_to_end_leaves_what_is_whole(name, images, folder):
    running = start(sys.executable, "-c", PROGRAM)
    wait_for(running, folder / "waiting")
    running.send_signal(signal.Signals[name])
    printed = running.communicate()
    assert (running.returncode, printed) == (128 + signal.Signals[name], ("", SAID))
    found = sorted(path.name for path in Path("out").iterdir())
    assert found == ["a", "batch.json", "palette.json"]
    succeed("batch", "in", "-k", 3, "-o", "out", "--resume")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["in", "-k", 3, "--model", "m.json"], "model=m.json should not go with -k."),
        (["in", "--common", "--model", "m.json"], "should not go with --common."),
        (
            ["none"],
            "images=none should be a folder, a pattern in quotes or a list that ends "
            "in .txt, but there is nothing of that name.",
        ),
        (["in/*.x"], "images=in/*.x should be some images, but there are none."),
        (["in", "-o", "o.png"], "output=o.png should be a folder, not a picture."),
        (["in/a.png"], "images=in/a.png should be a folder, a pattern in quotes or"),
        (["in", "--planes", "x"], "planes='x' should be an axis, or several"),
        (["in", "-k", 3, "--unit", "µm"], "unit='µm' should go with --pixel-size."),
        *[
            (
                ["in", "--pixel-size", 2, "--unit", unit],
                f"unit={unit!r} should be that of an edge, as µm.",
            )
            for unit in ("µm²", "µm^2", "µm2", "µm³", "²")
        ],
        (["in", "--pixel-size", 0], "pixel_size=0.0 should be above 0."),
        (["in", "-o", "in"], "apart from"),
        (["in", "--model", "m.json", "--no-data", 0], "should not go with no_data."),
        (["in", "--model", "m.json", "--max-iter", 3], "not go with criteria."),
        (["in", "--init", "[]"], "init='[]' should be centers as JSON"),
        (["in", "--init", '[["a"]]'], "should be centers as JSON"),
        (["in", "--init", "[[]]"], "should be centers as JSON"),
        (["in.zarr"], "images=in.zarr should be a folder, a pattern in quotes or"),
        (["in/latin.txt"], "images=in/latin.txt should be a list in UTF-8."),
        (["in", "--model", "none.json"], "model=none.json could not be read"),
        (["in", "-k", 0], "k=0 should be at least 1."),
        (["in", "--table", "none/t.csv"], "should be in a folder that exists"),
        (["in", "--table", "in/a.png", "--force"], "apart from in/a.png"),
        (["in/a*", "--table", "in/m.png", "--regions", "in/m.png"], "from in/m.png"),
        (["in/of.txt", "--table", "in/of.txt", "--force"], "apart from in/of.txt"),
    ],
)
def test_what_cannot_be_fails_in_a_sentence(arguments, said, images):
    Path("in.zarr").mkdir()
    Path("in/latin.txt").write_bytes("ü.png".encode("latin-1"))
    Path("in/of.txt").write_text("a.png")
    imsave("in/m.png", images["a"])
    assert said in fail("batch", *arguments)


def test_parquet_needs_pyarrow(images, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "pip install pyarrow" in fail("batch", "in", "--table", "t.parquet")


def test_what_has_no_part_in_a_common_palette_has_none_when_resumed(images):
    deep = images["b"].astype(np.uint16) * 257
    np.save("in/b1.npy", deep)
    given = ("batch", "in", "-k", 3, "--common", "-o", "out")
    first, found = run(*given), None
    found = files_in("out")
    assert (first.exit_code, Path("out/b1").exists()) == (3, False)
    again = run(*given, "--resume")
    assert (again.stdout, again.stderr) == (first.stdout, first.stderr)
    assert files_in("out") == found


def test_one_mask_that_is_missing_is_told_of_its_image(images):
    Path("masks").mkdir()
    for name in "ac":
        imsave(f"masks/{name}.png", images[name][..., 0] | 1)
    for common in ([], ["--common"]):
        given = ("in", "-k", 3, "--mask", "masks", "-o", f"out{len(common)}")
        done = run("batch", *given, *common)
        assert done.exit_code == 3
        assert done.stderr.endswith(
            "in/b.png should have one b.* in masks, not none.\n"
        )
        assert len(pd.read_csv(f"out{len(common)}/table.csv")) == 6
    done = run("batch", "in/b.png*", "-k", 3, "--mask", "masks", "--common")
    assert done.exit_code == 2


def test_a_blank_image_has_label_0(images, model):
    imsave("in/aa.png", np.zeros((40, 50, 4), np.uint8), check_contrast=False)
    succeed("batch", "in", "-k", 3, "--common", "-o", "common")
    succeed("batch", "in", "--model", "model.json", "-o", "out")
    succeed("apply", "model.json", "in/aa.png", "-o", "alone")
    for folder in ("common", "out", "alone"):
        assert not labels_in(f"{folder}/aa").any()
    table = pd.read_csv("out/table.csv").query("file.str.endswith('aa.png')")
    assert table["pixels"].tolist() == [0] * 4
    assert table["left out: transparent"].tolist() == [2000] * 4


def test_fixed_centers_come_first_in_each(images):
    given = ("--init", "[[250, 250, 250], [9, 9, 9]]", "--fixed", "all")
    succeed("batch", "in", "-k", 3, *given, "-o", "out")
    for name in "abc":
        palette = Palette.load(f"out/{name}/palette.json")
        assert palette.centers[:2].tolist() == [[250] * 3, [9] * 3]


def test_what_differs_from_a_model_is_told(images):
    gray = images["a"][..., 0]
    quantize(gray, 3).palette.save("gray.json")
    Path("deep").mkdir()
    np.save("deep/deep.npy", gray.astype(np.uint16) * 257)
    done = run("batch", "deep", "--model", "gray.json", "-o", "out")
    assert done.exit_code == 0
    told = "deep.npy: image of dtype uint16 should be of uint8, as before."
    assert told in done.stderr.splitlines()[0]


def test_colors_of_another_full_intensity_are_left_out(images, model):
    np.save("in/deep.npy", images["a"].astype(np.uint16) * 257)
    done = run("batch", "in", "--model", "model.json", "-o", "out")
    assert done.exit_code == 3
    assert "image of dtype uint16 should be of uint8, as colors" in done.stderr
    assert not Path("out/deep").exists()


def test_values_of_another_type_fail_in_a_sentence(images):
    said = fail("sweep", "in/a.png", "-k", "2..3", "--init", "[[1, 2, 3]]")
    assert said.startswith("init=[[1.0, 2.0, 3.0]] should be a name")


@pytest.mark.parametrize("command", [["quantize"], ["apply", "model.json"]])
def test_how_colors_are_mixed_is_checked_first(command, images, model):
    given = [*command, "in/a.png", "--dither"]
    assert "dither='no' should be one of" in fail(*given, "no")
    assert "should be from 0 to 1" in fail(*given, "ordered", "--strength", 2)


def test_files_of_others_are_kept(images):
    Path("out").mkdir()
    Path("out/table.csv").write_text("mine")
    assert "table.csv is there already" in fail("batch", "in", "-k", 2, "-o", "out")


# -- what is listed --------------------------------------------------------------------


def test_folders_patterns_and_lists_mean_images(images):
    Path("in/.hidden").touch()
    Path("in/more").mkdir()
    for name in ("in/10.png", "in/9.png", "in/more/a.png"):
        Path(name).touch()
    found = [Path(each).as_posix() for each in listed("in")]
    assert found == ["in/9.png", "in/10.png", "in/a.png", "in/b.png", "in/c.png"]
    assert [Path(each).name for each in listed("in/[ab].png")] == ["a.png", "b.png"]
    assert len(listed("in/**/*.png")) == 6
    Path("in/list.txt").write_text("# some\nb.png\n\nmore/a.png\nb.png\n")
    found = [Path(each).as_posix() for each in listed("in/list.txt")]
    assert found == ["in/b.png", "in/more/a.png"]
    Path("in/list.txt").write_bytes(b"\xef\xbb\xbfb.png\r\n# some\r\nc.png")
    found = [Path(each).as_posix() for each in listed("in/list.txt")]
    assert found == ["in/b.png", "in/c.png"]


def test_results_have_names_that_differ():
    assert titles(["a.png"]) == ["a"]
    assert titles(["x/a.png", "y/a.png", "x/b.png"]) == ["x-a.png", "y-a.png", "b"]
    with pytest.raises(ValueError, match=r"but a\.png is of several"):
        titles(["a.png", "a.png"])


def test_what_goes_with_an_image_has_its_stem(images):
    assert beside(None, "in/a.png") is None
    assert beside("in/a.png", "in/b.png") == "in/a.png"
    assert Path(beside("in", "else/b.tif")) == Path("in/b.png")
    assert beside("in/*.png", "else/b.tif") == "in/b.png"
    with pytest.raises(ValueError, match="should have one d"):
        beside("in", "else/d.tif")
    with pytest.raises(ValueError, match="but there is none"):
        beside("in/*.gif", "else/d.tif")


@pytest.mark.parametrize(
    "command",
    ["quantize", "apply", "batch", "sweep", "palette show", "palette convert"],
)
def test_help_ends_with_an_example(command):
    done = run(*command.split(), "--help")
    *_, last = done.stdout.strip().splitlines()
    assert re.match(rf"  +napari-kmeans {command} ", last)


def test_records_are_json(images, model):
    succeed("batch", "in", "--model", "model.json", "-o", "out")
    told = json.loads(Path("out/a/record.json").read_text())
    assert {*told} == {"key", "table"}
    with Image.open("out/a/labels.png") as picture:
        assert picture.size == (50, 40)
