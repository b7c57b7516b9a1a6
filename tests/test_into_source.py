"""Labels that go into the image that they are of, as OME-Zarr has it."""

import json
import os
import signal
import warnings
from pathlib import Path

import numpy as np
import pytest
import zarr

from napari_kmeans import omezarr, quantize
from napari_kmeans.omezarr import disk, labels
from test_cli import fail, run, succeed

#: By the version of OME-Zarr: that of Zarr.
FORMATS = {"0.4": 2, "0.5": 3}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def create(path, levels, version, *, axes="cyx", factors=(2, 2), shift=0.0):
    """Write an image with its levels, as others do."""
    group = zarr.open_group(path, mode="w", zarr_format=FORMATS[version])
    kinds = {"c": "channel", "t": "time"}
    multiscale = {
        "name": "cells",
        "axes": [
            {"name": axis, "type": kinds.get(axis, "space"), "unit": "micrometer"}
            if axis not in kinds
            else {"name": axis, "type": kinds[axis]}
            for axis in axes
        ],
        "datasets": [],
    }
    for i, level in enumerate(levels):
        array = group.create_array(f"s{i}", shape=level.shape, dtype=level.dtype)
        array[...] = level
        scale = [1.0] * (len(axes) - 2) + [0.5 * factor**i for factor in factors]
        steps = [{"type": "scale", "scale": scale}]
        if shift:
            moved = [0.0] * (len(axes) - 2)
            moved += [0.5 * (factor**i - 1) * shift for factor in factors]
            steps.append({"type": "translation", "translation": moved})
        multiscale["datasets"].append(
            {"path": f"s{i}", "coordinateTransformations": steps}
        )
    if version == "0.4":
        group.attrs["multiscales"] = [{**multiscale, "version": version}]
    else:
        group.attrs["ome"] = {"version": version, "multiscales": [multiscale]}
    return multiscale


@pytest.fixture(params=FORMATS)
def version(request):
    return request.param


@pytest.fixture
def image(version):
    """Return an image of two channels, written to in.zarr with two smaller levels."""
    image = np.random.default_rng(0).integers(0, 256, (2, 41, 90), np.uint8)
    create("in.zarr", [image, image[:, ::2, ::2], image[:, ::4, ::4]], version)
    return image


def files_in(path):
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(Path(path).rglob("*"))
        if file.is_file()
    }


def attributes_of(path):
    """Return what a group says as the specification of its version has it."""
    if (file := Path(path, "zarr.json")).exists():
        found = json.loads(file.read_text())
        assert (found["zarr_format"], found["node_type"]) == (3, "group")
        return found["attributes"]["ome"]
    assert json.loads(Path(path, ".zgroup").read_text()) == {"zarr_format": 2}
    return json.loads(Path(path, ".zattrs").read_text())


def test_labels_are_as_the_specification_has_them(image, version):
    before = files_in("in.zarr")
    printed = succeed("in.zarr", "-k", 3, "--into-source")
    assert printed.endswith(f"Written to {Path('in.zarr/labels/kmeans')}\n")
    after = files_in("in.zarr")
    assert {name: after[name] for name in before} == before
    assert all(name.startswith("labels") for name in {*after} - {*before})

    result = quantize(image, 3, channel_axis=0)
    listed = attributes_of("in.zarr/labels")
    assert listed["labels"] == ["kmeans"]
    own = attributes_of("in.zarr/labels/kmeans")
    label = own["image-label"]
    assert label["version"] == version
    assert label["source"] == {"image": "../../"}
    rgba = np.rint(result.colors * 255).astype(int)
    assert label["colors"] == [
        {"label-value": value, "rgba": [*color, 255]}
        for value, color in enumerate(rgba.tolist(), 1)
    ]
    assert [row["label-value"] for row in label["properties"]] == [1, 2, 3]
    (multiscale,) = own["multiscales"]
    assert [axis["name"] for axis in multiscale["axes"]] == ["y", "x"]
    assert [item["path"] for item in multiscale["datasets"]] == ["s0", "s1", "s2"]
    for i, item in enumerate(multiscale["datasets"]):
        (step,) = item["coordinateTransformations"]
        assert step == {"type": "scale", "scale": [0.5 * 2**i] * 2}
    if version == "0.4":
        assert multiscale["version"] == version
    else:
        assert own["version"] == listed["version"] == version


def test_labels_are_read_back_with_every_level(image, version):
    succeed("in.zarr", "-k", 3, "--into-source", "--label", "tissue 1")
    layers = omezarr.read("in.zarr")
    assert [layer[2] for layer in layers] == ["image", "labels"]
    data, attributes, _ = layers[1]
    expected = quantize(image, 3, channel_axis=0).labels
    for level, step in zip(data, (1, 2, 4), strict=True):
        np.testing.assert_array_equal(level, expected[::step, ::step])
    assert attributes["name"] == "tissue 1"
    assert attributes["scale"] == (0.5, 0.5)
    group = zarr.open_group("in.zarr/labels/tissue 1", mode="r")
    assert group.metadata.zarr_format == FORMATS[version]
    np.testing.assert_array_equal(group["s1"][...], expected[::2, ::2])


def test_levels_are_sampled_where_their_pixels_are(version):
    image = np.random.default_rng(0).integers(0, 256, (42, 90), np.uint8)
    smaller = image[1::3, :][:, :90]
    create("in.zarr", [image, smaller], version, axes="yx", factors=(3, 1), shift=0.5)
    succeed("in.zarr", "-k", 3, "--into-source")
    first, second = omezarr.read("in.zarr")[1][0]
    np.testing.assert_array_equal(second, np.asarray(first)[1::3])


def test_other_labels_stay_and_one_of_that_name_too(image, version):
    succeed("in.zarr", "-k", 2, "--into-source", "--label", "a")
    succeed("in.zarr", "-k", 3, "--into-source", "--label", "b")
    before = files_in("in.zarr")
    sentence = fail("in.zarr", "-k", 4, "--into-source", "--label", "a")
    assert "holds a result already: --force replaces it." in sentence
    assert files_in("in.zarr") == before
    succeed("in.zarr", "-k", 4, "--into-source", "--label", "a", "--force")
    layers = {layer[1]["name"]: layer[0][0] for layer in omezarr.read("in.zarr")[1:]}
    assert {name: int(data.max().compute()) for name, data in layers.items()} == {
        "a": 4,
        "b": 3,
    }
    assert attributes_of("in.zarr/labels")["labels"] == ["a", "b"]


def test_what_is_no_label_is_never_replaced(image, version):
    Path("in.zarr/labels/kmeans").mkdir(parents=True)
    Path("in.zarr/labels/kmeans/thesis.tex").touch()
    sentence = fail("in.zarr", "--into-source", "--force")
    assert "holds thesis.tex, which is not of one" in sentence


@pytest.mark.parametrize("error", [OSError(28, os.strerror(28)), KeyboardInterrupt])
@pytest.mark.parametrize("where", ["put", "add"])
def test_what_fails_leaves_the_source_as_it_was(
    error, where, image, version, monkeypatch
):
    def fails(*_):
        raise error

    owner = disk.Stored if where == "put" else labels._List
    before = files_in("in.zarr")
    with monkeypatch.context() as patch:
        patch.setattr(owner, where, fails)
        assert run("quantize", "in.zarr", "--into-source").exit_code in (2, 130)
    assert files_in("in.zarr") == before
    assert not Path("in.zarr/labels").exists()


def test_signal_leaves_the_source_as_it_was(image, monkeypatch):
    before = files_in("in.zarr")
    monkeypatch.setattr(
        labels, "in_threads", lambda *_: signal.raise_signal(signal.SIGINT)
    )
    run("quantize", "in.zarr", "--into-source")
    assert files_in("in.zarr") == before
    assert not Path("in.zarr/labels").exists()


def test_what_a_killed_run_left_unlisted_is_replaced(image, version):
    succeed("in.zarr", "-k", 2, "--into-source")
    name = "zarr.json" if version == "0.5" else ".zattrs"
    Path("in.zarr/labels", name).unlink()
    assert len(omezarr.read("in.zarr")) == 1
    succeed("in.zarr", "-k", 3, "--into-source")
    assert attributes_of("in.zarr/labels")["labels"] == ["kmeans"]
    assert int(omezarr.read("in.zarr")[1][0][0].max().compute()) == 3


def test_planes_and_color_go_into_the_source(version):
    movie = np.random.default_rng(0).integers(0, 256, (3, 2, 20, 30), np.uint8)
    create("in.zarr", [movie], version, axes="tcyx")
    succeed("in.zarr", "-k", 2, "--each", 0, "--into-source")
    _, labels = omezarr.read("in.zarr")
    assert labels[0].shape == (3, 20, 30)
    assert labels[1]["axis_labels"] == ("t", "y", "x")
    result = quantize(np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8))
    omezarr.write("color.zarr", result)
    succeed("color.zarr", "-k", 3, "--into-source", "--label", "three")
    assert omezarr.read("color.zarr")[2][0].shape == (40, 50)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["in.zarr", "-o", "out"], "output=out should not go with --into-source."),
        ([], "--into-source should go with a file."),
        (["image.png"], "file=image.png should be an OME-Zarr image"),
        (["none.zarr"], "file=none.zarr should be an OME-Zarr image"),
        (["https://example.org/in.zarr"], "should be a folder for labels to go into"),
        (["in.zarr", "--label", "a/b"], "label='a/b' should be the name of a folder"),
        (["in.zarr", "--label", ".."], "label='..' should be the name of a folder"),
        (["in.zarr", "--label", "zarr.json"], "should be the name of a folder"),
    ],
)
def test_what_cannot_be_is_refused(arguments, said, image):
    Path("image.png").touch()
    assert said in fail(*arguments, "--into-source")


def test_what_is_read_only_consolidated_or_of_another_version_is_refused(
    image, version, monkeypatch
):
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_: False)
        assert "that can be written to" in fail("in.zarr", "--into-source")
    with warnings.catch_warnings():  # that Zarr 3 has none by its specification
        warnings.simplefilter("ignore")
        zarr.consolidate_metadata("in.zarr")
    assert "consolidated metadata" in fail("in.zarr", "--into-source")
    create("in.zarr", [image], version)
    group = zarr.open_group("in.zarr")
    if version == "0.5":
        group.attrs["ome"] = {**group.attrs["ome"], "version": "0.6"}
    else:
        group.attrs["multiscales"] = [
            {**group.attrs["multiscales"][0]} | {"version": "0.3"}
        ]
    assert "should be of version 0.4 or 0.5" in fail("in.zarr", "--into-source")
    assert "label='a' should go with --into-source" in fail("in.zarr", "--label", "a")
