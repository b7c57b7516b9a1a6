"""The examples: they run without a window, and find what OpenCV itself finds."""

import re
import runpy
import shlex
import tempfile
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import napari
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from napari.components import ViewerModel
from scipy.spatial.distance import cdist
from skimage.color import rgb2lab
from skimage.data import coffee
from typer.testing import CliRunner

from napari_kmeans import Palette
from napari_kmeans.cli import main
from napari_kmeans.sample_data import blobs

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
CRITERIA = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 1.0)


def unique_colors(image):
    return np.unique(image.reshape(-1, 3), axis=0)


def opencv(samples, k):
    """Return the compactness that the articles' own call finds."""
    cv2.setRNGSeed(0)
    rows = np.float32(samples)
    return cv2.kmeans(rows, k, None, CRITERIA, 10, cv2.KMEANS_RANDOM_CENTERS)[0]


class Tutorial(NamedTuple):
    """What a tutorial has defined, printed and drawn."""

    names: dict[str, Any]
    printed: str
    figures: list[Figure]


@contextmanager
def tutorial(name, folder):
    """Run a tutorial in a folder, which is empty again at the end."""
    pyplot.switch_backend("agg")
    pyplot.close("all")
    printed = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        patch.chdir(folder)
        patch.setattr(tempfile, "tempdir", str(folder))
        names = runpy.run_path(str(EXAMPLES / "tutorials" / name))
    assert [*folder.iterdir()] == []
    figures = [pyplot.figure(number) for number in pyplot.get_fignums()]
    yield Tutorial(names, printed.getvalue(), figures)
    pyplot.close("all")


@pytest.fixture(scope="module")
def quantization(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quantization")
    with tutorial("opencv_color_quantization.py", folder) as run:
        yield run


@pytest.fixture(scope="module")
def clustering(tmp_path_factory):
    with tutorial("opencv_kmeans.py", tmp_path_factory.mktemp("clustering")) as run:
        yield run


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    with tutorial("large_scene.py", tmp_path_factory.mktemp("scene")) as run:
        yield run


def nearest(pixels, centers):
    """Return the nearest center of each pixel, from 0, and its squared distance."""
    squared = cdist(pixels, centers, "sqeuclidean")
    return squared.argmin(axis=-1), squared.min(axis=-1)


def shown(figure):
    """Return the images that a figure shows."""
    return [axes.images[0].get_array() for axes in figure.axes]


def test_photo_has_three_colors_as_compact_as_opencv_finds_them(quantization):
    names, result = quantization.names, quantization.names["result"]
    np.testing.assert_array_equal(names["image"], coffee())
    np.testing.assert_array_equal(names["img"], coffee()[:, :, ::-1])
    pixels = coffee().reshape(-1, 3)
    labels, squared = nearest(pixels, result.centers)
    np.testing.assert_array_equal(result.labels.ravel() - 1, labels)
    assert result.compactness == pytest.approx(squared.sum(), rel=1e-9)
    assert f"compactness: {result.compactness:,.0f}" in quantization.printed
    assert result.compactness < 1.001 * opencv(pixels, 3)
    assert (np.diff(result.centers.sum(axis=1)) > 0).all()
    photo, theirs, ours = shown(quantization.figures[0])
    np.testing.assert_array_equal(photo, coffee())
    assert len(unique_colors(theirs)) == 3
    # Centers are rounded when they are painted.
    np.testing.assert_array_equal(ours, np.rint(result.centers)[result.labels - 1])


def test_what_differs_from_opencv_is_counted(quantization):
    theirs, ours = quantization.names["rows"].values()
    assert ours["compactness"] == pytest.approx(ours["computed anew"], rel=1e-9)
    assert theirs["compactness"] == pytest.approx(theirs["computed anew"], rel=1e-6)
    assert ours["not with the nearest"] == 0
    assert theirs["not with the nearest"] > 0
    # An epsilon for bytes ends what is from 0 to 1.
    told, good = quantization.names["told"], quantization.names["ours"].compactness
    assert told > 1.01 * good


def test_plain_is_opencv_to_the_bit(quantization):
    plain = quantization.names["plain"]
    assert plain.compactness == opencv(coffee()[:, :, ::-1].reshape(-1, 3), 3)
    for what in ("labels:     ", "centers:    ", "compactness:"):
        assert f"{what} True" in quantization.printed
    assert "False" not in quantization.printed


def test_photo_side_by_side_has_more_colors_in_each(quantization):
    photo, *pictures = shown(quantization.figures[1])
    np.testing.assert_array_equal(photo, coffee())
    several = [2, 3, 5, 8, 16]
    assert [len(unique_colors(picture)) for picture in pictures] == several
    told = re.findall(r"K=(\d+) +compactness +([\d,]+)", quantization.printed)
    assert [int(k) for k, _ in told] == several
    found = [int(compactness.replace(",", "")) for _, compactness in told]
    assert found == sorted(found, reverse=True)


def test_blobs_are_clustered_as_opencv_clusters_them(clustering):
    found, points = clustering.names["found"], blobs()[0][0]
    assert found.compactness == pytest.approx(opencv(points, 5), abs=0.005)
    np.testing.assert_array_equal(found.labels, nearest(points, found.centers)[0])
    assert str(found.compactness) in clustering.printed
    assert "False" not in clustering.printed


def test_blobs_are_drawn_in_the_colors_of_their_clusters(clustering):
    points, found = blobs()[0][0], clustering.names["found"]
    before, after = clustering.figures[:2]
    (dots,) = before.axes[0].collections
    np.testing.assert_array_equal(dots.get_offsets(), points)
    for axes in after.axes:  # those of OpenCV, and these
        dots, red = axes.collections
        np.testing.assert_array_equal(dots.get_offsets(), points)
        centers = sorted(red.get_offsets().tolist())
        np.testing.assert_allclose(centers, sorted(found.centers.tolist()), rtol=1e-5)
        np.testing.assert_array_equal(red.get_facecolor(), [to_rgba("red")])
    drawn = dots.get_facecolor()
    assert len({*map(tuple, drawn)}) == 5
    for label, color in enumerate(found.features["color"]):
        assert (drawn[found.labels == label] == to_rgba(color)).all()


def test_photo_has_five_unique_colors_after(clustering):
    before = len(unique_colors(coffee()))
    printed = clustering.printed
    assert re.findall(r"(\d+) unique RGB values out of (\d+) pixels", printed) == [
        (str(before), "240000"),
        ("5", "240000"),
    ]
    assert f"{before} unique RGB values before\n5 unique RGB values after" in printed
    photo, theirs, ours = shown(clustering.figures[2])
    np.testing.assert_array_equal(photo, coffee())
    assert len(unique_colors(theirs)) == len(unique_colors(ours)) == 5
    result, pixels = clustering.names["result"], coffee().reshape(-1, 3)
    assert result.compactness < 1.001 * opencv(pixels, 5)
    squared = nearest(pixels, result.centers)[1]
    assert result.compactness == pytest.approx(squared.sum(), rel=1e-9)


def test_one_center_is_the_mean_color(clustering):
    center = clustering.names["one"].centers[0]
    np.testing.assert_allclose(center, coffee().mean(axis=(0, 1)), rtol=1e-14)


def test_of_many_pixels_the_mean_is_exact(clustering):
    exact = clustering.names["exact"]
    assert (exact.centers.item(), exact.compactness) == (100, 0)
    assert abs(clustering.names["center"].item() - 100) > 1  # OpenCV's


def test_scene_is_labeled_where_there_is_land_and_no_cloud(scene):
    names, result = scene.names, scene.names["result"]
    pixels = names["scene"].reshape(4, -1).T
    used = (pixels > 0).any(axis=1) & ~names["clouds"].ravel()
    labels = np.zeros(len(pixels), np.uint8)
    labels[used] = nearest(pixels[used], result.centers)[0] + 1
    np.testing.assert_array_equal(names["labels"].ravel(), labels)
    assert sum(result.excluded.values()) == np.count_nonzero(~used)
    table = names["table"]
    assert table["pixels"].tolist() == np.bincount(labels)[1:].tolist()
    np.testing.assert_allclose(table["area (km²)"], table["pixels"] * 1e-4)
    assert table["name"].tolist() == [*names["SPECTRA"]]
    # The names are right, too.
    for label, spectrum in enumerate(names["SPECTRA"].values()):
        np.testing.assert_allclose(result.centers[label], spectrum, rtol=0.2)


def test_scene_is_the_same_in_other_chunks_and_on_disk(scene):
    told = re.findall(r"^the same .*: +(\w+)$", scene.printed, re.MULTILINE)
    assert told == ["True"] * 6
    assert "Written to classes.zarr" in scene.printed


def test_scene_with_names_of_axes_keeps_them(scene):
    array, labels = scene.names["array"], scene.names["cover"]
    assert labels.dims == ("y", "x")
    assert labels.attrs == array.attrs
    for axis in labels.dims:
        np.testing.assert_array_equal(labels[axis], array[axis])
    every_fourth = scene.names["labels"][::4, ::4]
    np.testing.assert_array_equal(labels == 0, every_fourth == 0)
    assert np.mean(labels.values == every_fourth) > 0.95


@pytest.mark.parametrize(
    ("name", "run", "layers"),
    [
        (
            "opencv_color_quantization.py",
            "quantization",
            ["photo", "photo quantized", "photo labels", "photo centers"],
        ),
        (
            "opencv_kmeans.py",
            "clustering",
            ["blobs", "blobs labels", "blobs centers"],
        ),
    ],
)
def test_napari_opens_with_the_layers(name, run, layers, request, monkeypatch):
    viewer, running = ViewerModel(), []
    monkeypatch.setattr(napari, "Viewer", lambda: viewer)
    monkeypatch.setattr(napari, "run", lambda: running.append(True))
    text = (EXAMPLES / "tutorials" / name).read_text(encoding="utf-8")
    blocks = re.findall(r"^# .. code-block:: python\n((?:#(?:    .*)?\n)+)", text, re.M)
    (block,) = [block for block in blocks if "napari.Viewer()" in block]
    code = re.sub(r"^#(    )?", "", block, flags=re.M)
    exec(compile(code, name, "exec"), {**request.getfixturevalue(run).names})
    assert [layer.name for layer in viewer.layers] == layers
    assert running == [True]


def follow(name, monkeypatch, folder):
    """Run a tutorial that writes into a folder, and return what it has named."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    names = runpy.run_path(str(EXAMPLES / "tutorials" / name))
    pyplot.close("all")
    return names


def commands(name):
    """Return the arguments of the commands that a tutorial shows."""
    text = (EXAMPLES / "tutorials" / name).read_text(encoding="utf-8")
    text = text.replace("\\\n#", "")  # a line that goes on in the next
    lines = re.findall(r"^#    napari-kmeans (.*)", text, re.MULTILINE)
    return [shlex.split(line) for line in lines]


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

    despeckled = names["clean"].labels
    assert (despeckled != labels).any()
    for region, row in names["glands"].set_index("region").iterrows():
        inside = despeckled[names["regions"] == region]
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
    # In less light much of the background is nuclei; corrected, most is what it was.
    nuclei, stain = names["areas"]["nuclei"], names["areas"]["stain"]
    assert nuclei["d dark"] > 2 * nuclei["d"]
    assert nuclei["d dark corrected"] == pytest.approx(nuclei["d"], rel=0.15)
    assert stain["d dark corrected"] == pytest.approx(stain["d"], rel=0.05)
    # A slide without empty glass loses by it.
    assert stain["a corrected"] < 0.9 * stain["a"]

    # The commands on the page find the same.
    monkeypatch.chdir(folder)
    batch, *by_hand, by_region = commands("stain_area.py")
    for arguments in [batch, *by_hand, by_region]:
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output
    again = pd.read_csv("slides-kmeans/table.csv")
    assert again["area"].tolist() == table["area (µm²)"].tolist()
    assert again["name"].tolist() == table["name"].tolist()
    assert again["%"].tolist() == pytest.approx((100 * table["share"]).tolist())
    assert set(again["unit"]) == {"µm²"}
    own = Palette.load(folder / "own.json")
    assert own.names == ("stain", "", "", "")
    np.testing.assert_array_equal(own.label(slide), labels)
    found = pd.read_csv("glands/table.csv").groupby(["region", "label"])["area"].sum()
    for (region, label), area in found.items():
        inside = names["regions"] == region
        assert area == (labels[inside] == label).sum() / 4


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
    rare = truth == number["pyrite"]
    assert names["lost"][rare].mean() > 3 * np.nanmean(names["lost"][~rare])

    # What the text says of it: the edges of small grains are why pyrite spreads most.
    assert palette.names[np.argmax(palette.spreads)] == "pyrite"
    edge, inner = names["grains"].values()
    assert edge.sum() > inner.sum()
    silicon = names["maps"][names["elements"].index("Si")]
    assert silicon[edge].mean() > 2 * silicon[inner].mean()

    monkeypatch.chdir(names["folder"])
    for arguments in commands("element_maps.py"):
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 0, done.output
    centers = pd.read_csv("xrf-kmeans/centers.csv")
    assert centers["pixels"].sum() == np.sum(truth > 0)
    assert centers["share"].tolist() == pytest.approx(palette.shares, abs=0.001)
    areas = pd.read_csv("areas/table.csv")
    assert areas["area"].tolist() == (centers["pixels"] * 4).tolist()
    assert set(areas["unit"]) == {"µm²"}
