"""The examples: they run without a window, and find what OpenCV itself finds."""

import re
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import napari
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from napari.components import ViewerModel
from skimage.color import rgb2lab
from skimage.data import coffee
from skimage.io import imread, imsave
from typer.testing import CliRunner

from napari_kmeans import Palette
from napari_kmeans.cli import main
from napari_kmeans.sample_data import blobs

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
CRITERIA = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 1.0)


def run(name, folder, *arguments):
    """Run an example in a folder as a user would, and return what it prints."""
    # Matplotlib before 3.11 calls what a newer pyparsing deprecates.
    theirs = ("matplotlib._fontconfig_pattern", "matplotlib._mathtext")
    ignored = [f"-Wignore::DeprecationWarning:{module}" for module in theirs]
    strict = [sys.executable, "-Werror", *ignored]
    command = [*strict, str(EXAMPLES / name), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def numbers(text):
    return [float(number.replace(",", "")) for number in re.findall(r"[\d.,]+", text)]


def unique_colors(image):
    return np.unique(image.reshape(-1, 3), axis=0)


def opencv(samples, k):
    """Return the compactness that the articles' own call finds."""
    cv2.setRNGSeed(0)
    rows = np.float32(samples)
    return cv2.kmeans(rows, k, None, CRITERIA, 10, cv2.KMEANS_RANDOM_CENTERS)[0]


@pytest.fixture(scope="module")
def quantization(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quantization")
    return folder, run("color_quantization.py", folder)


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tutorial")
    return folder, run("kmeans_tutorial.py", folder, "made/here")


def test_photo_has_three_colors_as_compact_as_opencv_finds_them(quantization):
    folder, printed = quantization
    np.testing.assert_array_equal(imread(folder / "photo.png"), coffee())
    image = imread(folder / "photo_3_colors.png")
    assert image.shape == coffee().shape
    colors = unique_colors(image).astype(float)
    assert len(colors) == 3
    # Every pixel has the nearest of them.
    differences = coffee()[:, :, np.newaxis].astype(float) - colors
    squared = (differences**2).sum(axis=-1)
    painted = ((coffee().astype(float) - image) ** 2).sum(axis=-1)
    # Centers are rounded when they are painted.
    assert painted.sum() == pytest.approx(squared.min(axis=-1).sum(), rel=1e-3)
    (compactness,) = numbers(re.search(r"^compactness (.*)", printed).group(1))
    assert compactness == pytest.approx(painted.sum(), rel=1e-3)
    assert compactness < 1.001 * opencv(coffee().reshape(-1, 3), 3)


def test_photo_side_by_side_has_more_colors_in_each(quantization):
    folder, printed = quantization
    image = imread(folder / "photo_several_k.png")
    rows, columns = coffee().shape[:2]
    tiles = [
        image[top : top + rows, left : left + columns]
        for top in (0, rows)
        for left in (0, columns, 2 * columns)
    ]
    np.testing.assert_array_equal(tiles[0], coffee())
    several = [2, 3, 5, 8, 16]
    assert [len(unique_colors(tile)) for tile in tiles[1:]] == several
    lines = [numbers(line) for line in re.findall(r"^K=.*", printed, re.MULTILINE)]
    assert [k for k, _ in lines] == several
    found = [compactness for _, compactness in lines]
    assert found == sorted(found, reverse=True)


def test_blobs_are_clustered_as_opencv_clusters_them(tutorial):
    _, printed = tutorial
    (line,) = re.findall(r"100 points, compactness (.*)", printed)
    points = blobs()[0][0]
    assert float(line) == pytest.approx(opencv(points, 5), abs=0.005)


def test_blobs_are_drawn_in_the_colors_of_their_clusters(tutorial):
    folder, _ = tutorial
    before = imread(folder / "made/here/blobs.png")
    after = imread(folder / "made/here/blobs_clusters.png")
    white = [255, 255, 255]
    assert len(unique_colors(before)) == 2
    colors = unique_colors(after).tolist()
    assert len(colors) == 7
    assert white in colors
    assert [255, 0, 0] in colors
    # As in a plot, the second axis goes up: this point is alone at the top.
    points = blobs()[0][0]
    highest = points[points[:, 1].argmax()]
    right = (highest[0] - points[:, 0].min()) / np.ptp(points[:, 0])
    row, column = np.argwhere((before != white).any(-1))[0]
    assert row < 40
    assert column == pytest.approx(640 * (0.05 + 0.9 * right), abs=6)
    # The same points in both, but for the centers drawn over them.
    red = (after == [255, 0, 0]).all(axis=-1)
    drawn_before, drawn_after = (before != white).any(-1), (after != white).any(-1)
    np.testing.assert_array_equal((drawn_before | red), drawn_after)


def test_photo_has_five_unique_colors_after(tutorial):
    folder, printed = tutorial
    before = len(unique_colors(coffee()))
    assert re.findall(r"(\d+) unique RGB values out of (\d+) pixels", printed) == [
        (str(before), "240000"),
        ("5", "240000"),
    ]
    assert len(unique_colors(imread(folder / "made/here/photo_5_colors.png"))) == 5
    (compactness,) = numbers(re.findall(r"^compactness (.*)", printed, re.M)[0])
    assert compactness < 1.001 * opencv(coffee().reshape(-1, 3), 5)


def test_one_center_is_the_mean_color(tutorial):
    _, printed = tutorial
    center, mean = re.search(r"K=1 (\[.*\]) mean (\[.*\])", printed).groups()
    assert center == mean


RESULT = ["photo quantized", "photo labels", "photo centers"]


@pytest.mark.parametrize(
    ("name", "layers"),
    [
        (
            "color_quantization.py",
            [["photo", "K=2", "K=3", "K=5", "K=8", "K=16", *RESULT]],
        ),
        (
            "kmeans_tutorial.py",
            [
                ["blobs", "blobs labels", "blobs centers"],
                ["photo", *RESULT],
            ],
        ),
    ],
)
def test_show_opens_napari_with_the_layers(name, layers, tmp_path, monkeypatch):
    viewers, running = [], []

    def viewer(**arguments):
        viewers.append(ViewerModel(**arguments))
        return viewers[-1]

    monkeypatch.setattr(napari, "Viewer", viewer)
    monkeypatch.setattr(napari, "run", lambda: running.append(True))
    monkeypatch.setattr(sys, "argv", [name, str(tmp_path), "--show"])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    assert [[layer.name for layer in viewer.layers] for viewer in viewers] == layers
    assert running == [True]


def test_a_picture_that_is_read_once_is_clustered_with_each_k(tmp_path):
    path = tmp_path / "photo.png"
    imsave(path, coffee())
    first, *rest = run("sweep.py", tmp_path, str(path)).splitlines()
    assert first.startswith("240,000 pixels read in ")
    assert [int(line.split()[0]) for line in rest] == [*range(2, 17)]
    found = [float(line.split()[1].replace(",", "")) for line in rest]
    assert found == sorted(found, reverse=True)


def follow(name, monkeypatch, folder):
    """Run a tutorial that writes into a folder, and return what it has named."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    names = runpy.run_path(str(EXAMPLES / "tutorials" / name))
    pyplot.close("all")
    return names


def commands(name):
    """Return the arguments of the commands that a tutorial shows."""
    text = (EXAMPLES / "tutorials" / name).read_text(encoding="utf-8")
    lines = re.findall(r"^#    napari-kmeans (.*)", text, re.MULTILINE)
    return [line.split() for line in lines]


def test_a_stain_that_was_named_is_measured_in_a_folder(tmp_path, monkeypatch, capsys):
    names = follow("stain_area.py", monkeypatch, tmp_path)
    folder, slide, palette = names["folder"], names["slide"], names["palette"]
    printed = capsys.readouterr().out

    # Brute force: each pixel is nearest to the mean of its cluster.
    lab = rgb2lab(slide).reshape(-1, 3)
    lab *= lab.std(axis=0).max() / lab.std(axis=0)
    found = names["result"].labels.ravel()
    means = np.array([lab[found == label].mean(axis=0) for label in range(1, 6)])
    nearest = 1 + np.square(lab[:, np.newaxis] - means).sum(axis=-1).argmin(axis=-1)
    assert np.mean(nearest == found) > 0.999

    # The two merged are brown, the others are not as much, and nuclei are blue.
    red, _, blue = names["result"].centers.T
    assert set(np.argsort(red - blue)[-2:]) == {0, 1}
    assert np.argmin(red - blue) == 3
    labels = np.array([0, 1, 1, 2, 3, 4])[found].reshape(slide.shape[:2])
    np.testing.assert_array_equal(names["labels"], labels)
    assert f"stain: {(labels == 1).sum() / 4:,.0f} µm²" in printed
    assert Palette.load(folder / "stain.json") == palette

    for region, row in names["glands"].set_index("region").iterrows():
        inside = labels[names["regions"] == region]
        assert row["area (µm²)"] == (inside == 1).sum() / 4
        assert row["share"] == pytest.approx((inside == 1).mean())

    table = pd.read_csv(folder / "areas.csv")
    quarters = {
        "a": labels[:256, :256],
        "b": labels[:256, 256:],
        "c": labels[256:, :256],
        "d": labels[256:, 256:],
    }
    for name, quarter in quarters.items():
        counts = np.bincount(quarter.ravel(), minlength=5)[1:]
        rows = table[table["slide"] == name]
        assert rows["pixels"].tolist() == counts.tolist()
        assert rows["area (µm²)"].tolist() == (counts / 4).tolist()
    # In less light much of the background is nuclei; corrected, it is what it was.
    nuclei = names["areas"]["nuclei"]
    assert nuclei["d dark"] > 2 * nuclei["d"]
    assert nuclei["d corrected"] == pytest.approx(nuclei["d"], rel=0.02)

    # The commands on the page find the same.
    monkeypatch.chdir(folder)
    for arguments in commands("stain_area.py"):
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output
    again = pd.read_csv("slides-kmeans/table.csv")
    assert again["area"].tolist() == table["area (µm²)"].tolist()
    assert set(again["unit"]) == {"µm²"}


def test_phases_of_element_maps_are_those_that_were_simulated(tmp_path, monkeypatch):
    names = follow("element_maps.py", monkeypatch, tmp_path)
    assert names["several"].suggestion.k == 5
    truth, labels, palette = names["truth"], names["labels"], names["palette"]
    number = {name: label for label, name in enumerate(names["minerals"], start=1)}
    found = np.array([0, *(number[name] for name in palette.names)])[labels]
    np.testing.assert_array_equal(found > 0, truth > 0)
    assert np.mean(found == truth) > 0.99
    assert names["wrong"].sum() == np.sum(found != truth)
    for name, label in number.items():
        assert names["areas"].loc[name].tolist() == [
            np.sum(truth == label),
            np.sum(found == label),
        ]
        mean = names["maps"][:, found == label].mean(axis=1)
        (at,) = np.flatnonzero(np.array(palette.names) == name)
        np.testing.assert_allclose(palette.centers[at], mean, rtol=0.01)  # epsilon
    # Iron alone is lost without scaling, until one points at it.
    iron = names["elements"].index("Fe")
    assert names["five"].centers[:, iron].max() < 30
    assert names["six"].centers[-1, iron] > 60

    monkeypatch.chdir(names["folder"])
    for arguments in commands("element_maps.py"):
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output
    centers = pd.read_csv("xrf-kmeans/centers.csv")
    assert centers["pixels"].sum() == np.sum(truth > 0)
    assert centers["share"].tolist() == pytest.approx(palette.shares, abs=0.001)
