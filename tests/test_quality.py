"""Quality: what an image loses when it is painted, by definition."""

import math
import pickle
from fractions import Fraction
from itertools import pairwise

import dask.array as da
import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.color import deltaE_ciede2000, rgb2lab

import napari_kmeans.core.quality
from napari_kmeans import Canceled, Quality, fit, measure, read_samples
from napari_kmeans.core.run.progress import follow

COFFEE = skimage.data.coffee()[::4, ::4]


def rows_of(image, channel_axis):
    """Return an image as pixels: (n, n_channels) float64."""
    last = image[..., np.newaxis] if channel_axis is None else image
    if channel_axis is not None:
        last = np.moveaxis(image, channel_axis, -1)
    return last.reshape(-1, last.shape[-1]).astype(float)


def by_definition(image, painted, *, channel_axis=None, rgb=False, valid=None, peak):
    """Return the quality of a painted image, from its pixels alone."""
    before, after = rows_of(image, channel_axis), rows_of(painted, channel_axis)
    if rgb:
        before, after = before[:, :3], after[:, :3]
    if valid is not None:
        before, after = before[valid.ravel()], after[valid.ravel()]
    error = ((before - after) ** 2).mean()
    variance = before.var(axis=0).sum()
    total = ((before - after) ** 2).sum(axis=1).mean()
    explained = (
        float(total == 0) if variance == 0 else np.clip(1 - total / variance, 0, 1)
    )
    psnr = math.inf if error == 0 else 10 * np.log10(peak**2 / error)
    if not rgb:
        return psnr, explained, None, None
    full = np.iinfo(image.dtype).max if image.dtype.kind == "u" else 1.0
    labs = [rgb2lab((pixels / full)[np.newaxis]) for pixels in (before, after)]
    differences = np.sort(deltaE_ciede2000(*labs).ravel())
    at = -(-95 * differences.size // 100) - 1
    return psnr, explained, differences.mean(), differences[at]


def assert_is(quality, expected):
    for found, value in zip(quality, expected, strict=False):
        if value is None:
            assert found is None
        else:
            np.testing.assert_allclose(found, value, rtol=1e-4, atol=1e-6)


SIX = np.stack([np.roll(COFFEE[..., 0], i, axis=0) for i in range(6)])
RGBA = np.dstack([COFFEE, COFFEE[..., 0] // 64 * 80])

IMAGES = {
    "color": (COFFEE, {"rgb": True}, 255),
    "color, 16 bit": (COFFEE.astype(np.uint16) * 257, {"rgb": True}, 65_535),
    "color, float": (COFFEE / 255, {"rgb": True}, np.ptp(COFFEE / 255)),
    "gray": (COFFEE[..., 0], {"rgb": False}, 255),
    "gray, 16 bit": (COFFEE[..., 0].astype(np.uint16) * 99, {"rgb": False}, 65_535),
    "gray, signed": (COFFEE[..., 0].astype(np.int16) - 99, {"rgb": False}, 65_535),
    "gray, float": (COFFEE[..., 1] / 7.0, {"rgb": False}, np.ptp(COFFEE[..., 1] / 7)),
    "boolean": (COFFEE[..., 0] > 99, {"rgb": False}, 1),
    "channels": (SIX, {"channel_axis": 0}, 255),
}


@pytest.mark.parametrize("space", ["rgb", "oklab"])
@pytest.mark.parametrize("name", IMAGES)
def test_is_what_a_brute_force_finds(name, space):
    image, options, peak = IMAGES[name]
    rgb = options.get("rgb", False)
    if not rgb and space != "rgb":
        return
    samples = read_samples(image, color_space=space, **options)
    palette = fit(samples, 2 if name == "boolean" else 5)
    quality = measure(samples, palette)
    axis = -1 if rgb else options.get("channel_axis")
    painted = palette.paint(image)
    assert_is(
        quality, by_definition(image, painted, channel_axis=axis, rgb=rgb, peak=peak)
    )
    assert quality.n == COFFEE[..., 0].size
    assert quality.n_delta_e == (quality.n if rgb else 0)


grays = st.sampled_from([np.uint8, np.int32, np.float32, np.float64]).flatmap(
    lambda dtype: hnp.arrays(dtype, (4, 6), elements=st.integers(0, 100))
)


@given(grays, st.integers(1, 4))
def test_is_what_a_brute_force_finds_for_any_gray_image(image, k):
    samples = read_samples(image, rgb=False)
    palette = fit(samples, min(k, len(np.unique(image))))
    peak = np.ptp(image)
    if image.dtype.kind in "iu":
        peak = float(np.iinfo(image.dtype).max) - float(np.iinfo(image.dtype).min)
    expected = by_definition(image, palette.paint(image), peak=peak)
    assert_is(measure(samples, palette), expected)


@pytest.mark.parametrize("k", [2, 4])
def test_pixels_left_out_are_not_measured(k):
    mask = np.ones(COFFEE.shape[:2], bool)
    mask[:20] = False
    samples = read_samples(RGBA, rgb=True, mask=mask)
    palette = fit(samples, k)
    valid = mask & (RGBA[..., 3] > 0)
    painted = palette.paint(RGBA, mask=mask)
    expected = by_definition(
        RGBA, painted, channel_axis=-1, rgb=True, valid=valid, peak=255
    )
    quality = measure(samples, palette)
    assert_is(quality, expected)
    assert quality.n == valid.sum()


def test_values_that_are_none_are_not_measured():
    image = COFFEE[..., 0] / 3.0
    image[5:9], image[10] = np.nan, np.inf
    valid = np.isfinite(image)
    samples = read_samples(image, rgb=False)
    palette = fit(samples, 4)
    peak = np.ptp(image[valid])
    expected = by_definition(image, palette.paint(image), valid=valid, peak=peak)
    assert_is(measure(samples, palette), expected)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_weights_are_repetitions(dtype):
    image = COFFEE[:20, :30].astype(dtype) / (1 if dtype is np.uint8 else 255)
    image = image.astype(dtype)
    weights = np.arange(600).reshape(20, 30) % 4
    weighted = read_samples(image, rgb=True, weights=weights)
    repeated = np.repeat(image.reshape(-1, 3), weights.ravel(), axis=0)[np.newaxis]
    palette = fit(weighted, 4)
    expected = measure(read_samples(repeated, rgb=True), palette)
    np.testing.assert_allclose(measure(weighted, palette)[:4], expected[:4], rtol=1e-9)


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("streamed", [False, True])
def test_lazy_images_have_the_same_quality(name, streamed, monkeypatch):
    image, options, _ = IMAGES[name]
    if streamed:
        monkeypatch.setattr("napari_kmeans.core.reading.source.SMALL", 0)
    samples = read_samples(image, **options)
    palette = fit(samples, 2 if name == "boolean" else 5)
    expected = measure(samples, palette)
    for chunks in (17, -1, (31, 40, 50)[: image.ndim]):
        lazy = da.from_array(image, chunks=chunks)
        read = read_samples(lazy, memory=1 if streamed else None, **options)
        assert (not hasattr(read, "pixels")) is streamed
        assert measure(read, palette) == expected


def test_color_differences_of_many_pixels_are_those_of_a_sample(monkeypatch):
    monkeypatch.setattr(napari_kmeans.core.quality, "MOST", 5000)
    monkeypatch.setattr("napari_kmeans.core.reading.source.SMALL", 0)
    image = COFFEE / 255 + np.random.default_rng(0).random(COFFEE.shape) / 1000
    samples = read_samples(image, rgb=True)
    palette = fit(samples, 5)
    quality = measure(samples, palette)
    painted = palette.paint(image)
    whole = by_definition(image, painted, channel_axis=-1, rgb=True, peak=np.ptp(image))
    assert_is(quality[:2], whole[:2])
    np.testing.assert_allclose(quality[2:4], whole[2:4], rtol=0.05)
    assert (quality.n, quality.n_delta_e) == (COFFEE[..., 0].size, 5000)
    assert "of 5,000 pixels" in str(quality)
    lazy = read_samples(da.from_array(image, chunks=29), rgb=True, memory=1)
    assert measure(lazy, palette) == quality


@pytest.mark.parametrize("name", ["color, 16 bit", "color, float", "gray, float"])
def test_blocks_do_not_matter(name, monkeypatch):
    image, options, _ = IMAGES[name]
    samples = read_samples(image, **options)
    palette = fit(samples, 5)
    expected = measure(samples, palette)
    monkeypatch.setattr("napari_kmeans.core.losses.SIZE", 777)
    monkeypatch.setattr("napari_kmeans.core.reading.held.PART", 5000)
    assert measure(samples, palette) == expected


def test_edits_are_measured_as_they_are_painted():
    samples = read_samples(COFFEE)
    palette = fit(samples, 6)
    before = measure(samples, palette)
    for edited in (palette.merge([1, 6]), palette.recolor(3, "#00ff00")):
        quality = measure(samples, edited)
        painted = edited.paint(COFFEE)
        expected = by_definition(COFFEE, painted, channel_axis=-1, rgb=True, peak=255)
        assert_is(quality, expected)
        assert quality.psnr < before.psnr
        assert quality.explained < before.explained
        assert quality.mean_delta_e > before.mean_delta_e
    assert measure(samples, palette.rename(1, "a")) == before


def test_more_colors_lose_less():
    samples = read_samples(COFFEE)
    found = [measure(samples, fit(samples, k)) for k in (1, 2, 4, 8, 16)]
    for less, more in pairwise(found):
        assert less.psnr < more.psnr
        assert less.explained < more.explained
    assert found[0].explained < 1e-3


def test_other_images_are_measured_in_their_own_dtype():
    options = {"rgb": False, "channel_axis": 2}
    palette = fit(read_samples(COFFEE, **options), 4)
    other = COFFEE[::2, ::3].astype(np.uint16)
    expected = by_definition(other, palette.paint(other), channel_axis=2, peak=65_535)
    assert_is(measure(read_samples(other, **options), palette), expected)


def test_nothing_is_lost_where_each_color_has_its_cluster():
    image = np.array([[[255, 0, 0], [0, 0, 255], [9, 9, 9]]], np.uint8)
    samples = read_samples(image, rgb=True)
    assert measure(samples, fit(samples, 3)) == (math.inf, 1.0, 0.0, 0.0, 3, 3)
    told = "lossless, ΔE 0.0 (95 %: 0.0), 100.0 % explained"
    assert str(measure(samples, fit(samples, 3))) == told


def test_of_one_value_nothing_or_all_is_lost():
    samples = read_samples(np.full((3, 4, 3), 0.25), rgb=True)
    palette = fit(samples, 1)
    assert measure(samples, palette)[:2] == (math.inf, 1.0)
    assert measure(samples, palette.recolor(1, "#ffffff"))[:2] == (-math.inf, 0.0)


@pytest.mark.parametrize(
    "image",
    [
        np.array([[1e300, -1e300, 3e299, 5e299]]),
        np.array([[1e-300, 5e-300, 9e-300, 2e-300]]),
        np.array([[1e9, 1e9 + 1, 1e9 + 5, 1e9 + 7]]),
        np.array([[1.7e308, -1.7e308, 1.0, 1e308]]),
        2**62 + np.array([[0, 1, 1000, 1003]]),
        np.array([[0, 2**40, 2**64 - 2**42, 2**64 - 1]], np.uint64),
    ],
)
def test_extreme_values(image):
    samples = read_samples(image, rgb=False)
    palette = fit(samples, 2)
    quality = measure(samples, palette)
    values = [Fraction(value) for value in image.ravel().tolist()]
    painted = [Fraction(value) for value in palette.paint(image).ravel().tolist()]
    errors = sum((a - b) ** 2 for a, b in zip(values, painted, strict=True))
    mean = sum(values) / len(values)
    total = sum((value - mean) ** 2 for value in values)
    peak = max(values) - min(values)
    if image.dtype.kind != "f":
        peak = Fraction(int(np.iinfo(image.dtype).max)) - int(np.iinfo(image.dtype).min)
    np.testing.assert_allclose(quality.explained, float(1 - errors / total), rtol=1e-12)
    ratio = float(peak**2 / (errors / len(values)))
    np.testing.assert_allclose(quality.psnr, 10 * math.log10(ratio), rtol=1e-12)


def test_progress_is_told_and_stops_it():
    samples = read_samples(COFFEE)
    palette, told = fit(samples, 3), []
    quality = measure(samples, palette, progress=lambda *at: told.append(at))
    assert quality == measure(samples, palette)
    assert told[-1] == ("Done", 1.0)
    assert [part for _, part in told] == sorted(part for _, part in told)

    def stop(stage, part):
        raise Canceled

    with pytest.raises(Canceled):
        measure(samples, palette, progress=stop)
    assert follow(lambda: measure(samples, palette)) == quality


def test_is_a_value():
    samples = read_samples(COFFEE)
    quality = measure(samples, fit(samples, 3))
    assert pickle.loads(pickle.dumps(quality)) == quality
    assert isinstance(quality, Quality)


@pytest.mark.parametrize(
    ("samples", "palette", "error", "sentence"),
    [
        (COFFEE, None, TypeError, "samples=.* should be what read_samples has"),
        (None, "red", TypeError, "palette='red' should be a Palette"),
        (COFFEE[..., 0], None, ValueError, "samples of 1 channels should have 3"),
    ],
)
def test_what_cannot_be_measured_is_refused(samples, palette, error, sentence):
    given_samples = read_samples(COFFEE)
    made = fit(given_samples, 3) if palette is None else palette
    if samples is not None:
        given_samples = samples if samples.ndim == 3 else read_samples(samples)
    with pytest.raises(error, match=sentence):
        measure(given_samples, made)
