"""Sample data: as described, always the same, and without a download."""

import hashlib
import socket
import subprocess
import sys

import numpy as np
import pytest
from napari.layers import Layer
from skimage.data import immunohistochemistry

from napari_kmeans import sample_data
from napari_kmeans.core.cluster.opencv import enlarge

SAMPLES = [
    sample_data.photo,
    sample_data.microscopy,
    sample_data.blobs,
    sample_data.large,
]


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a sample asked for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_sample_is_a_layer_of_its_own_name(sample):
    (layer_data,) = sample()
    layer = Layer.create(*layer_data)
    assert layer.name == layer_data[1]["name"]
    assert np.asarray(layer.data).size > 0


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_sample_is_new_and_the_same_each_time(sample):
    first, second = sample()[0][0], sample()[0][0]
    np.testing.assert_array_equal(first, second)
    assert not np.shares_memory(first, second)


@pytest.mark.parametrize(
    ("sample", "shape"),
    [
        (sample_data.photo, (400, 600, 3)),
        (sample_data.microscopy, (512, 512, 3)),
        (sample_data.large, (3072, 4608, 3)),
    ],
)
def test_pictures_are_8_bit_color(sample, shape):
    image, attributes, kind = sample()[0]
    assert (image.shape, image.dtype, kind) == (shape, np.uint8, "image")
    assert Layer.create(image, attributes, kind).rgb


def test_blobs_are_those_of_scikit_learn():
    # sha256 of the bytes of make_blobs(n_samples=100, centers=5, cluster_std=1.5,
    # random_state=10) of scikit-learn 1.9.1, little-endian.
    points, attributes, kind = sample_data.blobs()[0]
    assert (points.shape, points.dtype, kind) == ((100, 2), np.float64, "points")
    assert (
        hashlib.sha256(points.astype("<f8").tobytes()).hexdigest()
        == "200e00192db18414c69874c4668778b271df9a8075b3909a659a1830635df856"
    )
    clusters = attributes["features"]["true_cluster"]
    assert np.bincount(clusters).tolist() == [0, 20, 20, 20, 20, 20]
    assert clusters[:10].tolist() == [4, 2, 5, 3, 1, 4, 4, 5, 1, 4]
    for cluster in range(1, 6):
        assert 0.8 < points[clusters == cluster].std(axis=0, ddof=1).mean() < 2.2


def test_blobs_equal_scikit_learn_where_it_is_installed():
    datasets = pytest.importorskip("sklearn.datasets")
    points, attributes, _ = sample_data.blobs()[0]
    expected, clusters = datasets.make_blobs(
        n_samples=100, centers=5, cluster_std=1.5, random_state=10
    )
    np.testing.assert_array_equal(points, expected)
    np.testing.assert_array_equal(attributes["features"]["true_cluster"], clusters + 1)


def test_blobs_are_drawn_as_a_plot_has_its_axes():
    layer = Layer.create(*sample_data.blobs()[0])
    right, up = layer.data_to_world([1, 0]), layer.data_to_world([0, 1])
    assert tuple(right) == (0, 1)
    assert tuple(up) == (-1, 0)


def test_large_picture_is_the_tissue_and_gray_noise_of_sigma_8():
    image = sample_data.large()[0][0].astype(np.int32)
    noise = image - enlarge(immunohistochemistry(), sample_data.LARGE)
    # Noise cannot be seen where it was clipped.
    inside = ((image > 0) & (image < 255)).all(axis=2)
    assert inside.mean() > 0.9
    seen = noise[inside]
    assert abs(seen.mean()) < 0.1
    assert seen.std() == pytest.approx(8, abs=0.1)
    assert (seen == seen[:, :1]).all()
    codes = image @ np.array([2**16, 2**8, 1])
    assert np.count_nonzero(np.bincount(codes.ravel())) == pytest.approx(
        340_000, rel=0.01
    )


def test_enlarging_is_linear():
    ramp = np.arange(0, 250, 10, dtype=np.uint8)
    image = np.broadcast_to(ramp[:, np.newaxis], (4, 25, 3)).copy()
    wide = enlarge(image, (8, 250))
    # The middle of an enlarged pixel lies at (i + 1/2) / 10 - 1/2 of the image.
    at = (np.arange(250) + 0.5) / 10 - 0.5
    expected = 10 * np.clip(at, 0, 24)
    assert wide.shape == (8, 250, 3)
    np.testing.assert_allclose(
        wide, np.broadcast_to(expected[:, np.newaxis], wide.shape), atol=1
    )


def test_samples_import_nothing_before_they_are_opened():
    code = (
        "import sys; import napari_kmeans.sample_data;"
        "print(sorted({'cv2', 'skimage', 'napari', 'numba'} & sys.modules.keys()))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"
