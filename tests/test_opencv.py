"""OpenCV: without refinement the answer is that of ``cv2.kmeans``, bit for bit."""

import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

import napari_kmeans
from napari_kmeans import Canceled, kmeans, quantize
from napari_kmeans.core.cluster import opencv
from napari_kmeans.core.run.progress import follow, stage
from telling import Told

BOTH = cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER
FLAGS = {
    "random": cv2.KMEANS_RANDOM_CENTERS,
    "k-means++": cv2.KMEANS_PP_CENTERS,
}


def photo(shape=(60, 70), dtype=np.uint8, n_channels=3):
    """Return a few soft-edged color patches with noise."""
    rng = np.random.default_rng(0)
    patches = rng.integers(20, 235, (4, 5, n_channels))
    rows = np.linspace(0, 3, shape[0]).round().astype(int)
    columns = np.linspace(0, 4, shape[1]).round().astype(int)
    image = patches[rows][:, columns] + rng.normal(0, 12, (*shape, n_channels))
    return np.clip(image, 0, 255).astype(dtype)


def article(pixels, k, criteria, attempts, flags, seed, labels=None):
    """Do what both articles do."""
    rows = np.float32(pixels)
    cv2.setRNGSeed(seed)
    if labels is not None:
        flags |= cv2.KMEANS_USE_INITIAL_LABELS
        labels = labels.reshape(-1, 1).astype(np.int32)
    compactness, labels, centers = cv2.kmeans(
        rows, k, labels, criteria, attempts, flags
    )
    return compactness, labels.ravel(), centers


def assert_same(result, labels, expected):
    """Compare with OpenCV's answer, up to the order of the clusters."""
    compactness, expected_labels, expected_centers = expected
    assert result.compactness == compactness
    found = [tuple(center) for center in result.centers.tolist()]
    rank = [found.index(tuple(center)) for center in expected_centers.tolist()]
    assert sorted(rank) == list(range(len(found)))
    np.testing.assert_array_equal(labels, np.array(rank)[expected_labels])


@pytest.mark.parametrize("init", FLAGS)
@pytest.mark.parametrize("attempts", [1, 2, 10])
@pytest.mark.parametrize("labeled", [False, True])
@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
def test_quantize_is_the_articles_call(init, attempts, labeled, seed):
    image = photo()
    labels = np.arange(image[..., 0].size).reshape(image.shape[:2]) % 5
    q = quantize(
        image,
        5,
        criteria=(BOTH, 10, 1.0),
        attempts=attempts,
        init=labels if labeled else init,
        seed=seed,
        max_samples=None,
        refine=False,
    )
    flags = FLAGS["random" if labeled else init]
    expected = article(
        image.reshape((-1, 3)),
        5,
        (BOTH, 10, 1.0),
        attempts,
        flags,
        seed,
        labels if labeled else None,
    )
    assert_same(q, q.labels.ravel() - 1, expected)
    assert not q.converged
    assert q.n_iter == 0


@pytest.mark.parametrize(
    "criteria",
    [
        (BOTH, 10, 1.0),
        (BOTH, 1, 0.0),
        (BOTH, 500, 0.0),
        (cv2.TERM_CRITERIA_MAX_ITER, 7, 0.0),
        (cv2.TERM_CRITERIA_EPS, 10, 0.5),
    ],
)
@pytest.mark.parametrize("k", [1, 2, 8])
def test_every_kind_of_criteria_is_opencv_s(criteria, k):
    image = photo()
    q = quantize(image, k, criteria=criteria, refine=False)
    expected = article(
        image.reshape((-1, 3)), k, criteria, 10, cv2.KMEANS_RANDOM_CENTERS, 0
    )
    assert_same(q, q.labels.ravel() - 1, expected)


def test_as_many_steps_are_taken_as_opencv_takes_at_the_most():
    # Many clusters on a line move together, and slowly.
    image = np.random.default_rng(0).random((100, 100), np.float32)
    found = []
    for max_iter in (50, 99, 100, 500):
        criteria = (BOTH, max_iter, 0.0)
        q = quantize(image, 30, criteria=criteria, attempts=1, refine=False)
        rows = image.reshape((-1, 1))
        expected = article(rows, 30, criteria, 1, cv2.KMEANS_RANDOM_CENTERS, 0)
        assert_same(q, q.labels.ravel() - 1, expected)
        found.append(q.compactness)
    assert found[0] > found[1] > found[2] == found[3]


@pytest.mark.parametrize(
    "dtype", ["u1", "i2", "<u2", ">u2", "i4", "u4", "i8", "u8", "f2", "<f4", ">f8"]
)
def test_every_dtype_is_searched_as_the_articles_convert_it(dtype):
    image = photo(dtype=np.float64).astype(dtype)
    if np.dtype(dtype).kind == "i":
        image -= 128
    q = quantize(image, 4, criteria=(BOTH, 10, 1.0), refine=False)
    expected = article(
        image.reshape((-1, 3)), 4, (BOTH, 10, 1.0), 10, cv2.KMEANS_RANDOM_CENTERS, 0
    )
    assert_same(q, q.labels.ravel() - 1, expected)


@pytest.mark.parametrize("init", FLAGS)
def test_beyond_the_sample_none_searches_every_pixel(init):
    image = photo((300, 310))
    q = quantize(
        image, 5, criteria=(BOTH, 10, 1.0), init=init, max_samples=None, refine=False
    )
    rows = image.reshape((-1, 3))
    expected = article(rows, 5, (BOTH, 10, 1.0), 10, FLAGS[init], 0)
    assert_same(q, q.labels.ravel() - 1, expected)


def test_a_gray_image_is_one_column():
    image = photo(n_channels=1)[..., 0]
    q = quantize(image, 3, criteria=(BOTH, 10, 1.0), refine=False)
    expected = article(
        image.reshape((-1, 1)), 3, (BOTH, 10, 1.0), 10, cv2.KMEANS_RANDOM_CENTERS, 0
    )
    assert_same(q, q.labels.ravel() - 1, expected)


def test_a_masked_image_is_its_valid_pixels():
    image = photo()
    mask = np.random.default_rng(1).random(image.shape[:2]) < 0.5
    q = quantize(image, 3, criteria=(BOTH, 10, 1.0), mask=mask, refine=False)
    expected = article(
        image[mask], 3, (BOTH, 10, 1.0), 10, cv2.KMEANS_RANDOM_CENTERS, 0
    )
    assert_same(q, q.labels[mask] - 1, expected)


@pytest.mark.parametrize("init", FLAGS)
@pytest.mark.parametrize("labeled", [False, True])
def test_points_are_clustered_as_in_the_article(init, labeled):
    rng = np.random.default_rng(10)
    points = np.float32(rng.normal(rng.integers(0, 20, (5, 1, 2)), 1.5, (5, 20, 2)))
    points = points.reshape(-1, 2)
    labels = rng.integers(0, 5, 100)
    c = kmeans(
        points,
        5,
        criteria=(BOTH, 10, 1.0),
        init=labels if labeled else init,
        seed=3,
        refine=False,
    )
    expected = article(
        points,
        5,
        (BOTH, 10, 1.0),
        10,
        FLAGS["random" if labeled else init],
        3,
        labels if labeled else None,
    )
    assert_same(c, c.labels, expected)


def search(rows, **changes):
    settings = {
        "max_iter": 10,
        "epsilon": 1.0,
        "attempts": 3,
        "init": "random",
        "initial_labels": None,
        "seed": 0,
    }
    return opencv.search(rows, 4, **settings | changes)


def test_the_search_tells_after_each_attempt():
    rows, told = np.float32(photo().reshape(-1, 3)), Told()

    def work():
        with stage("Attempt", n_steps=4):
            return search(rows, attempts=4)

    follow(work, told)
    attempts = [f"Attempt {n}" for n in (1, 2, 3, 4)]
    assert [stage for stage in told.stages if stage in attempts] == attempts


def test_the_search_is_seeded_in_the_thread_that_runs_it():
    rows = np.float32(photo().reshape(-1, 3))
    here, there = search(rows), []

    def work():
        cv2.setRNGSeed(99)
        there.append(search(rows))

    cv2.setRNGSeed(7)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert here.compactness == there[0].compactness
    np.testing.assert_array_equal(here.centers, there[0].centers)


def test_the_search_tells_the_centers_of_all_attempts_the_best_first():
    rows = np.float32(photo().reshape(-1, 3))
    found = search(rows, attempts=5)
    assert len(found.attempts) == 5
    np.testing.assert_array_equal(found.attempts[0], found.centers)
    costs = [
        ((rows[:, np.newaxis] - centers) ** 2).sum(axis=2).min(axis=1).sum()
        for centers in map(np.float64, found.attempts)
    ]
    assert costs[0] <= min(costs) * (1 + 1e-3)


def test_the_search_leaves_initial_labels_alone():
    rows = np.float32(photo().reshape(-1, 3))
    labels = np.arange(len(rows), dtype=np.int32) % 4
    before = labels.copy()
    search(rows, initial_labels=labels)
    np.testing.assert_array_equal(labels, before)


def test_only_one_module_of_the_core_imports_cv2():
    package = Path(napari_kmeans.__file__).parent
    importing = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"^\s*(import|from) cv2", path.read_text(), re.MULTILINE)
    ]
    assert importing == ["core/cluster/opencv.py"]


@pytest.mark.parametrize("value", [None, "/somewhere"])
def test_importing_opencv_leaves_the_environment_alone(value):
    names = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR", "LD_LIBRARY_PATH")
    environment = {k: v for k, v in os.environ.items() if k not in names}
    if value is not None:
        environment |= dict.fromkeys(names, value)
    # What a child process inherits is what the C library knows.
    child = "import os; print(dict(os.environ))"
    script = (
        "import os, subprocess, sys\n"
        "before = dict(os.environ)\n"
        "import napari_kmeans.core.cluster.opencv\n"
        "assert dict(os.environ) == before\n"
        "import cv2\n"
        "assert dict(os.environ) == before\n"
        f"child = subprocess.check_output([sys.executable, '-c', {child!r}])\n"
        "assert eval(child) == before\n"
    )
    subprocess.run([sys.executable, "-c", script], env=environment, check=True)


@pytest.mark.parametrize("refine", [True, False])
def test_an_attempt_that_takes_long_can_be_left(monkeypatch, refine):
    begun, go_on = threading.Event(), threading.Event()

    def endless(*_):
        begun.set()
        go_on.wait()
        return 0.0, np.zeros((4, 1), np.int32), np.zeros((2, 1), np.float32)

    monkeypatch.setattr(opencv.cv2, "kmeans", endless)
    told = Told(lambda *_: [name for name, _ in told[-3:]] == ["Searching"] * 3)
    image = np.random.default_rng(0).random((20, 30))
    with pytest.raises(Canceled):
        quantize(image, 3, refine=refine, progress=told)
    assert begun.is_set()
    go_on.set()


def test_the_random_numbers_of_the_caller_are_left_alone():
    pixels = photo().reshape(-1, 3)
    given = pixels, 4, (BOTH, 5, 0.0), 1, FLAGS["random"], 3
    _, expected, _ = article(*given)

    cv2.setRNGSeed(3)
    quantize(photo(), 3)
    criteria = (BOTH, 5, 0.0)
    _, found, _ = cv2.kmeans(np.float32(pixels), 4, None, criteria, 1, FLAGS["random"])
    np.testing.assert_array_equal(found.ravel(), expected)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3), (4, 5, 4)])
def test_what_is_decoded_is_in_the_order_of_red_green_blue(shape):
    image = np.random.default_rng(0).integers(0, 65_536, shape, np.uint16)
    stored = image[..., [2, 1, 0, 3][: shape[2]]] if len(shape) == 3 else image
    content = cv2.imencode(".png", stored)[1].tobytes()
    np.testing.assert_array_equal(opencv.decode(content), image)


@pytest.mark.parametrize("content", [b"", b"not an image"])
def test_what_is_no_image_is_not_decoded(content, capfd):
    with pytest.raises(ValueError, match="OpenCV cannot read it"):
        opencv.decode(content)
    assert capfd.readouterr() == ("", "")
