"""The examples: they run without a window, and find what OpenCV itself finds."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import cv2
import napari
import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from PIL import Image
from skimage.data import coffee
from skimage.io import imread, imsave

from napari_kmeans import Palette
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


def test_a_stain_that_was_named_is_measured_in_a_folder(tmp_path):
    printed = run("slides.py", tmp_path)
    palette = Palette.load(tmp_path / "stain.json")
    assert palette.k == 4
    assert palette.names.count("stain") == 1
    table = pd.read_csv(tmp_path / "table.csv")
    slides = sorted((tmp_path / "slides").glob("*.png"))
    assert len(slides) == 9
    assert len(table) == 4 * len(slides)
    for slide, rows in zip(slides, table.groupby("file"), strict=True):
        labels = palette.label(imread(slide))
        counts = np.bincount(labels.ravel(), minlength=5)[1:]
        assert rows[1]["pixels"].tolist() == counts.tolist()
        assert rows[1]["area (µm²)"].tolist() == (counts / 4).tolist()
        with Image.open(tmp_path / f"{slide.stem}-labels.png") as picture:
            np.testing.assert_array_equal(np.asarray(picture), labels)
        assert slide.name in printed
    assert imread(tmp_path / "stain.png").any()
