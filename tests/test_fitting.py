"""Reading once and fitting often: each fit is what `quantize` finds."""

import warnings

import dask.array as da
import numpy as np
import pytest
import skimage.data

from napari_kmeans import (
    Canceled,
    fit,
    kmeans,
    quantize,
    quantize_planes,
    read_samples,
)
from napari_kmeans.core.data import block, codes, stream
from napari_kmeans.core.reading import held
from napari_kmeans.core.reading import source as reading

COFFEE = skimage.data.coffee()[::2, ::2]
FLOATS = COFFEE.astype(np.float32) / 255
IMAGES = {
    "8-bit RGB": (COFFEE, {}),
    "small": (COFFEE[:90, :80], {}),
    "gray": (COFFEE[..., 0], {}),
    "16-bit": (COFFEE.astype(np.uint16) * 7, {"rgb": False, "channel_axis": 2}),
    "float": (FLOATS, {}),
    "float Oklab": (FLOATS, {"color_space": "oklab"}),
    "CIELAB, scaled": (COFFEE, {"color_space": "cielab", "scaling": "variance"}),
    "masked": (COFFEE, {"mask": COFFEE[..., 1] > 70}),
    "masked float": (FLOATS, {"mask": COFFEE[..., 1] > 70, "scaling": "range"}),
    "no data": (COFFEE, {"no_data": 0}),
    "channels first": (np.moveaxis(COFFEE, 2, 0), {"rgb": True, "channel_axis": 0}),
}
SETTINGS = [
    {"k": 5},
    {"k": 3, "seed": 4, "attempts": 2},
    {"k": 8, "init": "k-means++", "criteria": (1, 3, 0)},
    {"k": 5, "max_samples": 5_000},
    {"k": 4, "max_samples": None, "attempts": 2},
    {"k": 90, "attempts": 1},
    {"k": 5},
]


def assert_fits(kept, image, given, settings):
    palette = fit(kept, **settings)
    q = quantize(image, **given, **settings)
    assert palette == q.palette
    assert palette.settings == q.settings
    assert (palette.n_iter, palette.converged) == (q.n_iter, q.converged)
    np.testing.assert_array_equal(palette.counts, q.counts)
    np.testing.assert_array_equal(palette.centers, q.centers)
    assert palette.compactness == q.compactness
    mask = given.get("mask")
    for found, expected in (
        (palette.label(image, mask=mask), q.labels),
        (palette.paint(image, mask=mask), q.quantized),
    ):
        np.testing.assert_array_equal(found, expected)
    assert (kept.n, kept.excluded) == (q.counts.sum(), {**kept.excluded, **q.excluded})


@pytest.mark.parametrize("name", IMAGES)
def test_fits_are_what_quantize_finds(name):
    image, given = IMAGES[name]
    kept = read_samples(image, **given)
    for settings in SETTINGS:
        assert_fits(kept, image, given, settings)


@pytest.mark.parametrize("name", ["8-bit RGB", "16-bit", "float", "float Oklab"])
@pytest.mark.parametrize("memory", [None, 1000])
def test_fits_of_lazy_images_are_what_quantize_finds(name, memory, monkeypatch):
    monkeypatch.setattr(reading, "SMALL", 0)
    monkeypatch.setattr(stream, "BLOCK", 2**16)
    image, given = IMAGES[name]
    chunks = (60, 70, *image.shape[2:])
    lazy, given = da.from_array(image, chunks=chunks), given | {"memory": memory}
    kept = read_samples(lazy, **given)
    for settings in SETTINGS:
        assert_fits(kept, lazy, given, settings)


def test_plain_opencv_is_what_quantize_finds():
    kept = read_samples(COFFEE)
    settings = {"k": 4, "attempts": 2, "refine": False}
    assert fit(kept, **settings) == quantize(COFFEE, **settings).palette


def test_initial_labels_are_what_quantize_starts_from():
    kept = read_samples(COFFEE)
    start = (COFFEE[..., 0] > 100).astype(int)
    settings = {"k": 2, "attempts": 1, "init": start}
    assert fit(kept, **settings) == quantize(COFFEE, **settings).palette


def test_weights_count_in_the_fit_and_their_lack_in_no_count():
    weights = np.indices(COFFEE.shape[:2]).sum(axis=0) % 3
    palette = fit(read_samples(COFFEE, weights=weights), k=4)
    q = quantize(COFFEE, k=4, weights=weights)
    np.testing.assert_array_equal(palette.centers, q.centers)
    assert palette.counts.sum() == np.count_nonzero(weights)
    assert q.counts.sum() == weights.size


@pytest.mark.parametrize("lazy", [False, True])
def test_an_image_is_counted_once(lazy, monkeypatch):
    calls = []
    for module in (held, block):
        monkeypatch.setattr(
            module, "count", lambda *args: calls.append(1) or codes.count(*args)
        )
    image = np.tile(COFFEE, (2, 2, 1))
    kept = read_samples(da.from_array(image) if lazy else image)
    n_read = len(calls)
    assert n_read
    for k in range(2, 9):
        fit(kept, k)
    assert len(calls) == n_read


def test_counted_samples_take_little_memory():
    image = np.tile(COFFEE, (6, 6, 1))
    kept = read_samples(image)
    assert 0 < kept.nbytes < image.nbytes / 2
    before = kept.nbytes
    fit(kept, 5)
    assert before < kept.nbytes < image.nbytes
    pixels = read_samples(FLOATS)
    assert pixels.nbytes >= FLOATS.nbytes


def test_what_cannot_be_is_refused_in_a_sentence():
    for none in (np.full((3, 3), np.nan), da.full((2**11, 2**11), np.nan)):
        with pytest.raises(ValueError, match="at least one valid sample"):
            read_samples(none, memory=1000)
    with pytest.raises(ValueError, match="color_space='x' should be"):
        read_samples(COFFEE, color_space="x")
    with pytest.raises(TypeError, match=r"samples=.* should be what read_samples"):
        fit(np.eye(5), 2)
    kept = read_samples(np.array([[1.0, 2.0, 3.0]]))
    with pytest.raises(ValueError, match="k=4 should be at most the 3 samples"):
        fit(kept, 4)
    with pytest.raises(ValueError, match="should not go with refine=False"):
        fit(read_samples(COFFEE, scaling="range"), refine=False)
    with pytest.raises(ValueError, match="init of shape"):
        fit(kept, 2, init=np.zeros((2, 2), int))


def test_fewer_colors_than_k_are_warned_of_at_the_caller():
    kept = read_samples(np.array([[1, 1, 3, 3]]))
    with pytest.warns(UserWarning, match="k=3 should be at most the 2") as seen:
        assert fit(kept, 3).k == 2
    assert seen[0].filename == __file__


def test_the_follow_up_of_a_picture_read_once():
    samples = read_samples(COFFEE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = [fit(samples, k).compactness for k in range(2, 17)]
    assert found == sorted(found, reverse=True)


def calls(image, progress):
    """Call all that tells its progress."""
    samples = read_samples(image, progress=progress)
    palette = fit(samples, 4, progress=progress)
    palette.label(image, progress=progress)
    palette.paint(image, progress=progress)
    palette.apply(image, progress=progress)
    quantize(image, 4, progress=progress)
    quantize_planes(image[:, :, 0][np.newaxis], 4, progress=progress)
    kmeans(image[0], 4, progress=progress)


def test_progress_grows_to_the_end():
    told = []
    calls(COFFEE, lambda stage, part: told.append((stage, part)))
    runs = np.split(told, np.flatnonzero([part == 1 for _, part in told]) + 1)
    assert len(runs) == 9
    assert runs[-1].size == 0
    for run in runs[:-1]:
        parts = run[:, 1].astype(float)
        assert (np.diff(parts) >= 0).all()
        assert (parts[:-1] < 1).all()
        assert run[-1, 0] == "Done"
        assert all(run[:, 0])


@pytest.mark.parametrize("n", [0, 3, 12])
def test_what_progress_raises_comes_out(n):
    told = []

    def stop(stage, part):
        told.append(stage)
        if len(told) > n:
            raise Canceled

    with pytest.raises(Canceled):
        calls(COFFEE, stop)
    assert len(told) == n + 1
    expected = quantize(COFFEE, 4)
    np.testing.assert_array_equal(quantize(COFFEE, 4).labels, expected.labels)


def test_what_progress_is_told_does_not_change_the_result():
    told = quantize(COFFEE, 4, progress=lambda *_: None)
    assert told.palette == quantize(COFFEE, 4).palette


def test_samples_are_whole_after_a_fit_was_canceled():
    kept = read_samples(COFFEE)

    def stop(stage, part):
        if part:
            raise Canceled

    for _ in range(3):
        with pytest.raises(Canceled):
            fit(kept, 5, progress=stop)
    assert fit(kept, 5) == quantize(COFFEE, 5).palette


def test_warnings_come_out_where_progress_is_told():
    with pytest.warns(UserWarning, match="k=3 should be at most the 2") as seen:
        quantize(np.array([[1, 1, 3, 3]]), 3, progress=lambda *_: None)
    assert seen[0].filename == __file__


@pytest.mark.parametrize(
    "call",
    [
        lambda: quantize(COFFEE, progress=5),
        lambda: quantize_planes(COFFEE, progress=5),
        lambda: kmeans(COFFEE[0], progress=5),
        lambda: read_samples(COFFEE, progress=5),
        lambda: fit(read_samples(COFFEE), progress=5),
        lambda: quantize(COFFEE).palette.label(COFFEE, progress=5),
        lambda: quantize(COFFEE).palette.paint(COFFEE, progress=5),
    ],
)
def test_progress_that_is_no_callable_is_refused(call):
    with pytest.raises(TypeError, match="progress=5 should be callable or None"):
        call()


@pytest.mark.parametrize("lazy", [False, True])
def test_samples_say_what_they_are(lazy):
    image = np.zeros((1100, 1000, 3), np.uint8)
    image[:, :10] = np.arange(10)[:, np.newaxis]
    mask = np.ones(image.shape[:2], bool)
    mask[0] = False
    kept = read_samples(da.from_array(image) if lazy else image, mask=mask)
    said = repr(kept)
    assert said.startswith("ImageSamples(1,099,000 pixels of 1100 x 1000 uint8, red,")
    assert said.endswith(f"{kept.nbytes / 1e6:,.1f} MB kept)")
