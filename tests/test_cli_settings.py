"""Settings that repeat a run: the same bits; what is given wins; sentences by name."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage.io import imread, imsave

from napari_kmeans import Palette, quantize, to_layers
from napari_kmeans.cli import settings
from napari_kmeans.omezarr import plain
from test_cli import fail, run, succeed


@pytest.fixture(autouse=True)
def image(tmp_path, monkeypatch):
    """Return a color image, written to image.png."""
    monkeypatch.chdir(tmp_path)
    image = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    imsave("image.png", image)
    return image


def recorded(folder):
    return json.loads(Path(folder, "settings.json").read_text())["napari-kmeans"]


#: What options say other than by default, and what is on record of it.
OPTIONS = {
    "-k 3": {"k": 3},
    "--max-iter none --epsilon 0": {"max_iter": None, "epsilon": 0},
    "--max-iter 2": {"max_iter": 2},
    "--epsilon 40.5": {"epsilon": 40.5},
    "--attempts 1": {"attempts": 1},
    "--init k-means++": {"init": "k-means++"},
    "--seed 7": {"seed": 7},
    "--gray": {"rgb": False},
    "--channel-axis 2": {"channel_axis": 2},
    "--max-samples 100": {"max_samples": 100},
    "--max-samples none": {"max_samples": None},
    "--no-refine": {"refine": False},
    "--color-space oklab": {"color_space": "oklab"},
    "--scaling range": {"scaling": "range"},
    "--scaling 1,2,0.1": {"scaling": [1.0, 2.0, 0.1]},
    "--no-data 7": {"no_data": 7},
    "--each 2 --gray": {"axes": [2], "rgb": False},
    "--init [[1,2,3],[200.5,0,9]] --fixed 2": {
        "init": [[1.0, 2.0, 3.0], [200.5, 0.0, 9.0]],
        "fixed": [2],
    },
    "--init [[0,0,0],[255,255,255]] --fixed all --color-space ciede2000": {
        "fixed": [1, 2]
    },
    "--reject 30": {"reject": 30.0},
}


@pytest.mark.parametrize(("arguments", "record"), OPTIONS.items(), ids=OPTIONS)
def test_a_run_is_repeated_to_the_bit(arguments, record):
    succeed("image.png", *arguments.split(), "-o", "first")
    succeed("image.png", "--settings", "first/settings.json", "-o", "again")
    assert record.items() <= recorded("first").items()
    names = sorted(path.name for path in Path("first").iterdir())
    assert names == sorted(path.name for path in Path("again").iterdir())
    for name in names:
        assert Path("first", name).read_bytes() == Path("again", name).read_bytes()


def test_every_field_is_an_option_or_on_record_only(image):
    fields = {*settings.FIELDS} | settings.RECORDED
    assert {*quantize(image, 2).settings} <= fields
    assert {*to_layers(quantize(image, 2), "a")[0][1]["metadata"]["napari-kmeans"]} <= (
        fields
    )


def test_what_is_given_wins_even_where_it_is_the_default(image):
    succeed("image.png", "-k", 3, "--seed", 7, "--no-refine", "-o", "first")
    given = ("--settings", "first/settings.json", "-k", 5, "--refine")
    succeed("image.png", *given, "-o", "again")
    expected = quantize(image, 5, seed=7)
    np.testing.assert_array_equal(imread("again/labels.png"), expected.labels)
    assert recorded("again") == plain(expected.settings)


def test_settings_of_a_layer_are_as_good(image):
    layer = to_layers(quantize(image, 3, seed=4), "image")[0]
    Path("layer.json").write_text(json.dumps(layer[1]["metadata"]))
    Path("bare.json").write_text(json.dumps(layer[1]["metadata"]["napari-kmeans"]))
    for name in ("layer", "bare"):
        succeed("image.png", "--settings", f"{name}.json", "-o", name)
        labels = imread(f"{name}/labels.png")
        np.testing.assert_array_equal(labels, quantize(image, 3, seed=4).labels)


def test_a_mask_that_is_not_given_again_is_told(image):
    imsave("mask.png", np.eye(40, 50, dtype=np.uint8), check_contrast=False)
    masked = ("image.png", "-k", 2, "--mask", "mask.png")
    succeed(*masked, "-o", "first")
    again = ("--settings", "first/settings.json")
    done = run("quantize", "image.png", *again)
    assert done.exit_code == 0
    assert done.stderr == (
        "Warning: settings=first/settings.json are of a run with a mask, which is not "
        "on record: without --mask all pixels take part.\n"
    )
    succeed(*masked, *again, "-o", "again")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "settings=s.json should be JSON, but is not."),
        ("[]", "settings=s.json should be an object of settings."),
        ('{"napari-kmeans": 3}', "settings=s.json should be an object of settings."),
        ('{"colour": "rgb"}', "settings=s.json: 'colour' should be one of k, max_iter"),
        ('{"k": "5"}', 'settings=s.json: k="5" should be an integer.'),
        ('{"k": true}', "settings=s.json: k=true should be an integer."),
        ('{"refine": 1}', "settings=s.json: refine=1 should be true or false."),
        ('{"scaling": [1, "2"]}', 'scaling=[1, "2"] should be a text or a list of num'),
        ('{"epsilon": "x"}', "should be an integer or a number or null."),
        ('{"init": "labels"}', "that can be repeated, but what init was is not on rec"),
        (
            '{"weighted": true}',
            "can be repeated, but what weighted was is not on",
        ),
        ('{"like": [[1]]}', "can be repeated, but what like was is not on record"),
        ('{"init": [[1], "x"]}', 'init=[[1], "x"] should be a text or a list of'),
        ('{"k": 0}', "k=0 should be at least 1."),
        ('{"color_space": "hsv"}', "color_space='hsv' should be one of"),
    ],
)
def test_wrong_settings_fail_in_a_sentence(text, said):
    Path("s.json").write_text(text)
    assert said in fail("image.png", "--settings", "s.json")


def test_settings_that_cannot_be_read_fail_in_a_sentence():
    sentence = fail("image.png", "--settings", "none.json")
    assert (
        sentence == "settings=none.json could not be read: No such file or directory."
    )


@pytest.mark.parametrize("name", ["out.png", "out.gif"])
def test_labels_are_written_as_a_picture(name, image):
    succeed("image.png", "-k", 3, "-o", name)
    with Image.open(name) as picture:
        assert picture.mode == "P"
        np.testing.assert_array_equal(picture, quantize(image, 3).labels)
    assert "is there already" in fail("image.png", "-k", 2, "-o", name)
    succeed("image.png", "-k", 2, "-o", name, "--force")
    with Image.open(name) as picture:
        assert np.asarray(picture).max() == 2


def test_what_a_picture_cannot_hold_fails_before_any_work():
    assert "a picture holds at most 256" in fail("image.png", "-k", 300, "-o", "a.png")
    np.save("deep.npy", np.zeros((3, 40, 50), np.uint8))
    assert "two axes besides channels" in fail("deep.npy", "-o", "a.png")
    succeed("deep.npy", "-k", 1, "--channel-axis", 0, "-o", "channels.png")
    assert "folder that exists" in fail("image.png", "-o", "none/a.png")


def test_sweep_prints_and_writes_a_table(image):
    from napari_kmeans import sweep

    done = run("sweep", "image.png", "-k", "2..5", "-o", "table.csv")
    assert (done.exit_code, done.stderr) == (0, "")
    found = sweep(image, range(2, 6))
    *_, reason, written = done.stdout.splitlines()
    assert (reason, written) == (found.suggestion.reason, "Written to table.csv")
    rows = [line.split() for line in done.stdout.splitlines()[1:5]]
    assert [row[0] for row in rows] == ["2", "3", "4", "5"]
    assert [row[1] for row in rows] == [f"{part:.1%}" for part in found.explained]
    import pandas as pd

    pd.testing.assert_frame_equal(pd.read_csv("table.csv"), found.table)
    again = run("sweep", "image.png", "-o", "table.csv")
    assert (again.exit_code, again.stdout) == (2, "")
    assert "table.csv is there already: --force replaces it." in again.stderr


def test_sweep_takes_some_numbers_and_settings(image):
    succeed("image.png", "-k", 4, "--seed", 3, "-o", "first")
    done = run("sweep", "image.png", "-k", "3,2", "--settings", "first/settings.json")
    assert [line.split()[0] for line in done.stdout.splitlines()[1:3]] == ["2", "3"]
    wrong = run("sweep", "image.png", "-k", "few")
    assert (wrong.exit_code, wrong.stderr) == (
        2,
        "Error: k='few' should be numbers of clusters, as 2..16 or 2,4,8.\n",
    )


@pytest.mark.parametrize("dithering", ["diffusion --strength 0.5", "ordered"])
def test_dithering_is_repeated(dithering):
    method, *more = dithering.split()
    succeed("image.png", "-k", 3, "--dither", method, *more, "-o", "first")
    said = {"dither": method, "strength": 0.5 if more else 1.0}
    assert said.items() <= recorded("first").items()
    succeed("image.png", "--settings", "first/settings.json", "-o", "again")
    for name in ("labels.png", "settings.json"):
        assert Path("first", name).read_bytes() == Path("again", name).read_bytes()


@pytest.mark.parametrize("more", [[], ["--distance", "cielab"]])
def test_settings_of_an_applied_palette_say_what_to_use(more):
    succeed("image.png", "-k", 3, "-o", "first")
    Image.fromarray(np.asarray(Image.open("image.png"))[::-1]).save("other.png")
    given = ("first/palette.json", "other.png", *more, "-o", "applied")
    assert run("apply", *given).exit_code == 0
    folder = "applied/other"
    assert fail("other.png", "--settings", f"{folder}/settings.json", "-o", "no") == (
        f"settings={folder}/settings.json should be of a run that found clusters, but "
        f"these were a palette's: use napari-kmeans apply {folder}/palette.json."
    )
    again = (f"{folder}/palette.json", "other.png", "-o", "again")
    assert run("apply", *again).exit_code == 0
    for name in ("labels.png", "quantized.png"):
        parts = [Path(folder, name), Path("again", "other", name)]
        assert parts[0].read_bytes() == parts[1].read_bytes()


def test_settings_of_a_batch_with_one_palette_say_what_to_use():
    Path("in").mkdir()
    Path("image.png").rename("in/image.png")
    assert run("batch", "in", "-k", 2, "--common", "-o", "out").exit_code == 0
    sentence = fail("in/image.png", "--settings", "out/image/settings.json")
    assert "use napari-kmeans apply out/image/palette.json." in sentence


def test_named_clusters_are_repeated_with_their_palette(image):
    chart = Palette.of_colors(["#000000", "#ffffff"], names=["night", "snow"])
    chart.save("chart.gpl")
    given = ("--init", "chart.gpl", "--fixed", "all")
    succeed("image.png", *given, "-o", "first")
    settings = ("--settings", "first/settings.json")
    assert fail("image.png", *settings, "-o", "again") == (
        "settings=first/settings.json should go with --init and the palette that some "
        "clusters were of, as only their centers are on record."
    )
    succeed("image.png", *settings, "--init", "chart.gpl", "-o", "again")
    for name in ("centers.csv", "labels.png", "settings.json"):
        assert Path("first", name).read_bytes() == Path("again", name).read_bytes()
    assert "snow" in Path("again", "centers.csv").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--dither floyd", "dither='floyd' should be one of 'diffusion', 'ordered'."),
        ("--dither ordered --strength 2", "strength=2.0 should be from 0 to 1."),
        ("--dither ordered --each 0", "dither='ordered' should not go with each."),
        ("-o a.jpg", "output=a.jpg should be a folder, or end in .png, .gif or .zarr."),
    ],
)
def test_what_cannot_be_written_fails_before_any_work(arguments, said):
    assert fail("image.png", *arguments.split()) == said


def test_the_summary_of_mixed_colors_tells_of_no_compactness():
    told = succeed("image.png", "-k", 3, "--dither", "ordered", "-o", "first")
    assert "Compactness" not in told
    given = ("--settings", "first/settings.json", "--dither", "none")
    plain = succeed("image.png", *given, "-o", "again")
    assert "Compactness" in plain
    assert "dither" not in recorded("again")


def test_the_summary_names_clusters():
    chart = Palette.of_colors(["#000000", "#ffffff"], names=["", "fresh snow"])
    chart.save("chart.gpl")
    told = succeed("image.png", "--init", "chart.gpl", "--fixed", "all")
    first, second = (line for line in told.splitlines() if line.endswith(("%", "snow")))
    assert first.endswith("%")
    assert second.endswith("%  fresh snow")


def test_a_batch_tells_what_it_leaves_out():
    Path("in").mkdir()
    Path("image.png").rename("in/image.png")
    succeed("in/image.png", "-k", 2, "--dither", "ordered", "-o", "first")
    done = run("batch", "in", "--settings", "first/settings.json", "-o", "out")
    assert done.exit_code == 0
    assert done.stderr == (
        "Warning: settings=first/settings.json: a batch leaves dither out of account.\n"
    )
