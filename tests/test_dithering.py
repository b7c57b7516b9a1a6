"""Dithering: against plain Python, light that is kept, blocks that do not matter."""

import dask
import dask.array as da
import numpy as np
import pytest
import skimage.data
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import reference
from napari_kmeans import Canceled, dither, fit, read_samples
from napari_kmeans.core import kernels, spaces
from napari_kmeans.core.dithering import mixer
from napari_kmeans.core.dithering.thresholds import SIZE, void_and_cluster
from reference import curved, light_of

COFFEE = skimage.data.coffee()[::8, ::8]
RGBA = np.dstack([COFFEE, COFFEE[..., 0] // 64 * 80])
BLACK_AND_WHITE = np.repeat([[[0], [255]]], 3, axis=-1).astype(np.uint8)
METHODS = ["diffusion", "ordered"]

IMAGES = {
    "8 bit": COFFEE,
    "16 bit": COFFEE.astype(np.uint16) * 257,
    "float": COFFEE / 255,
    "swapped": (COFFEE / 255).astype(">f4"),
    "transparent": RGBA,
    "planes": np.stack([COFFEE, COFFEE[::-1], COFFEE[:, ::-1]]),
    "signed": COFFEE.astype(np.int32) * 2**23,
}


def palette_of(image, k=6, reject=None, **options):
    return fit(read_samples(image, rgb=True, **options), k, reject=reject)


def full_of(image):
    return np.iinfo(image.dtype).max if image.dtype.kind in "iu" else 1.0


def reference_of(palette, full, strength=1):
    quantizer = palette.quantizer
    owners = quantizer.owners
    return reference.Dithering(
        quantizer.centers + quantizer.frame.origin,
        range(palette.k) if owners is None else owners,
        quantizer.values,
        full,
        strength,
        void_and_cluster() * 16 // SIZE**2,
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["8 bit", "float", "transparent", "signed"])
@pytest.mark.parametrize("strength", [1, 0.5])
def test_labels_are_those_of_plain_python(method, name, strength):
    image = IMAGES[name][:20, 10:35]
    palette = palette_of(image).merge([2, 4]).recolor(1, "#102030")
    mask = np.random.default_rng(0).random(image.shape[:2]) > 0.2
    found = dither(image, palette, method=method, strength=strength, mask=mask)
    valid = palette.label(image, mask=mask) > 0
    full = full_of(image)
    light = light_of(image[..., :3] / full)
    plain = reference_of(palette, full, strength)
    expected = getattr(plain, method)(light, valid)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("space", spaces.SPACES)
def test_ways_from_light_lead_where_colors_are_converted_to(space):
    rgb = np.random.default_rng(0).random((3, 1000))
    into, curve, out = spaces.way(space)
    found = out @ curve(into @ spaces.to_light(rgb))
    expected = rgb if space == "rgb" else spaces.convert(rgb, space)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("space", spaces.SPACES[:3])
@pytest.mark.parametrize("scaling", ["none", (1, 2, 0.5)])
def test_a_little_of_it_is_nearly_the_nearest_center(space, scaling):
    palette = palette_of(COFFEE, color_space=space, scaling=scaling)
    expected = palette.label(COFFEE)
    for method in METHODS:
        found = dither(COFFEE, palette, method=method, strength=1e-9)
        assert (found == expected).mean() > 0.995


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", IMAGES)
def test_none_of_it_is_the_nearest_center(method, name):
    image = IMAGES[name]
    palette = palette_of(image)
    found = dither(image, palette, method=method, strength=0)
    np.testing.assert_array_equal(found, palette.label(image))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("space", spaces.SPACES[:3])
@settings(max_examples=10)
@given(seed=st.integers(0, 999), k=st.integers(2, 8))
def test_the_light_of_a_flat_patch_is_kept(method, space, seed, k):
    rng = np.random.default_rng(seed)
    colors = rng.integers(0, 65536, (1, k, 3), np.uint16)
    palette = palette_of(colors, k, color_space=space)
    shares = rng.dirichlet(np.ones(palette.k))
    lights = light_of(palette.quantizer.values / 65535)
    flat = shares @ lights
    value = np.rint(curved(np.broadcast_to(flat, (64, 64, 3))) * 65535)
    labels = dither(value.astype(np.uint16), palette, method=method)
    mean = lights[labels - 1].mean(axis=(0, 1))
    np.testing.assert_allclose(mean, flat, atol=0.2 if space == "cielab" else 0.1)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [10, 60, 128, 188, 240])
def test_of_black_and_white_as_much_is_white_as_there_is_light(method, value):
    palette = palette_of(BLACK_AND_WHITE, 2)
    labels = dither(np.full((128, 128, 3), value, np.uint8), palette, method=method)
    light = float(light_of(np.array(value / 255)))
    assert abs((labels == 2).mean() - light) < (
        0.005 if method == "diffusion" else 0.04
    )


@pytest.mark.parametrize("method", METHODS)
def test_seen_from_afar_it_is_closer_to_the_image(method):
    image = skimage.data.astronaut()
    palette = palette_of(image, 8)
    lights = light_of(palette.colors)

    def far(labels):
        light = lights[labels - 1] - light_of(image / 255)
        return np.abs(light.reshape(32, 16, 32, 16, 3).mean(axis=(1, 3))).mean()

    assert far(dither(image, palette, method=method)) < 0.9 * far(palette.label(image))


@pytest.mark.parametrize("method", METHODS)
def test_planes_are_each_on_their_own(method):
    image = IMAGES["planes"]
    palette = palette_of(image)
    found = dither(image, palette, method=method)
    for plane, labels in zip(image, found, strict=True):
        np.testing.assert_array_equal(labels, dither(plane, palette, method=method))


def test_pixels_left_out_neither_take_errors_nor_hand_them_on():
    palette, mask = palette_of(COFFEE), np.ones(COFFEE.shape[:2], np.bool_)
    mask[:, 20] = False
    other = COFFEE.copy()
    other[:, 20:] = 255 - other[:, 20:]
    found, changed = (dither(image, palette, mask=mask) for image in (COFFEE, other))
    assert not found[:, 20].any()
    assert found[mask].all()
    np.testing.assert_array_equal(found[:, :20], changed[:, :20])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", IMAGES)
def test_lazy_labels_are_the_same(method, name):
    image = IMAGES[name]
    palette = palette_of(image)
    mask = palette.label(image) != 2
    whole = dither(image, palette, method=method)
    left = dither(image, palette, method=method, mask=mask)
    assert (left == 0).sum() > (whole == 0).sum()
    for chunks in (17, (11, 30, 7, 2)[-image.ndim :], -1):
        lazy = da.from_array(image, chunks=chunks)
        found = dither(lazy, palette, method=method)
        assert (found.dtype, found.shape) == (whole.dtype, whole.shape)
        with dask.config.set(num_workers=1 if chunks == -1 else 2):
            np.testing.assert_array_equal(found, whole)
        lazy_mask = da.from_array(mask, chunks=23)
        found = dither(lazy, palette, method=method, mask=lazy_mask)
        np.testing.assert_array_equal(found, left)


@pytest.mark.parametrize("method", METHODS)
def test_lazy_labels_are_made_when_asked_for(method):
    def fail(block_id):
        raise AssertionError

    kwargs = {"dtype": np.uint8, "meta": np.empty((0, 0, 0), np.uint8)}
    lazy = da.map_blocks(fail, chunks=((40, 5), (70,), (3,)), **kwargs)
    assert dither(lazy, palette_of(COFFEE), method=method).shape == (45, 70)


def test_ordered_is_made_block_by_block():
    read = []

    def block(block_id):
        read.append(block_id)
        return np.zeros((40, 40, 3), np.uint8)

    kwargs = {"dtype": np.uint8, "meta": np.empty((0, 0, 0), np.uint8)}
    lazy = da.map_blocks(block, chunks=((40, 40), (40, 40), (3,)), **kwargs)
    dither(lazy, palette_of(COFFEE), method="ordered")[:10, 50:].compute()
    assert read == [(0, 1, 0)]


@pytest.mark.parametrize("method", METHODS)
def test_bands_and_threads_do_not_matter(method, monkeypatch):
    palette = palette_of(COFFEE)
    before = dither(COFFEE, palette, method=method)
    monkeypatch.setattr(mixer, "PART", 10_000)
    with dask.config.set(num_workers=1):
        np.testing.assert_array_equal(dither(COFFEE, palette, method=method), before)
    monkeypatch.setattr("napari_kmeans.core.run.threads.n_threads", lambda: 5)
    monkeypatch.setattr(mixer, "PART", 50_000)
    np.testing.assert_array_equal(dither(COFFEE, palette, method=method), before)


@pytest.mark.parametrize("method", METHODS)
def test_colors_beyond_those_of_the_palette_do_not_run_over(method):
    # A gray palette owes all the color there is, and would never be done paying.
    gray = np.repeat(np.arange(0, 256, 51, np.uint8)[np.newaxis, :, np.newaxis], 3, 2)
    image = np.zeros((64, 128, 3), np.uint8)
    image[:, :64], image[:, 64:] = (255, 0, 0), 128
    palette = palette_of(gray, 6)
    labels = dither(image, palette, method=method)
    assert labels[:, 80:].min() >= 2
    assert labels[:, 80:].max() <= 4
    lights = light_of(palette.colors)[:, 0]
    mean = lights[labels[:, 72:] - 1].mean()
    np.testing.assert_allclose(mean, light_of(np.array(128 / 255)), atol=0.02)


@pytest.mark.parametrize("method", METHODS)
def test_of_one_color_and_of_extreme_values(method):
    palette = palette_of(COFFEE, 1)
    assert (dither(COFFEE, palette, method=method) == 1).all()
    palette = palette_of(COFFEE / 255, 4)
    image = (COFFEE / 255)[:8, :8].copy()
    image[0, :5] = [[1e300] * 3, [-1e300] * 3, [np.nan] * 3, [np.inf] * 3, [5e-324] * 3]
    labels = dither(image, palette, method=method)
    assert (labels[0, :5] == 0).tolist() == [False, False, True, True, False]
    assert labels.max() <= 4


@pytest.mark.parametrize("method", METHODS)
def test_what_the_palette_rejects_is_left_out(method):
    palette = palette_of(COFFEE, reject=25)
    left = palette.label(COFFEE) == 0
    assert 0 < left.mean() < 1
    labels = dither(COFFEE, palette, method=method)
    np.testing.assert_array_equal(labels == 0, left)


@pytest.mark.parametrize("method", METHODS)
def test_given_colors_are_mixed(method):
    centers = [[0, 0, 0], [255, 255, 255], [200, 30, 10], [20, 40, 180]]
    samples = read_samples(COFFEE, rgb=True, color_space="ciede2000")
    palette = fit(samples, init=centers, fixed=True)
    lights = light_of(palette.colors)

    def mean(labels):
        return np.abs((lights[labels - 1] - light_of(COFFEE / 255)).mean(axis=(0, 1)))

    mixed, near = mean(dither(COFFEE, palette, method=method)), palette.label(COFFEE)
    assert mixed.sum() < 0.7 * mean(near).sum()


def test_labels_of_a_data_array_are_one():
    image = xr.DataArray(COFFEE, dims=("y", "x", "c"), coords={"y": range(50)})
    palette = palette_of(COFFEE)
    labels = dither(image, palette)
    assert labels.dims == ("y", "x")
    assert labels.coords["y"].equals(image.coords["y"])
    np.testing.assert_array_equal(labels, dither(COFFEE, palette))


def test_thresholds_are_ranks_that_keep_apart():
    ranks = void_and_cluster()
    assert sorted(ranks.ravel().tolist()) == list(range(SIZE**2))
    for n in (64, 256):
        y, x = np.nonzero(ranks < n)
        offsets = [np.abs(at[:, np.newaxis] - at) for at in (y, x)]
        offsets = [np.minimum(offset, SIZE - offset) for offset in offsets]
        distances = np.hypot(*offsets) + np.diag(np.full(n, np.inf))
        # On a square grid, each would be that far from the next.
        assert distances.min() > 0.5 * SIZE / np.sqrt(n)


def test_progress_is_told_and_stops_it(monkeypatch):
    monkeypatch.setattr(mixer, "PART", 10_000)
    palette, told = palette_of(COFFEE), []
    for method in METHODS:
        told.clear()
        dither(COFFEE, palette, method=method, progress=lambda *x: told.append(x))
        assert any("Dithering" in stage for stage, _ in told)
        parts = [part for _, part in told]
        assert parts == sorted(parts)
        assert parts[-1] == 1

        def stop(stage, part):
            if part > 0.3:
                raise Canceled

        with pytest.raises(Canceled):
            dither(COFFEE, palette, method=method, progress=stop)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"palette": 3}, TypeError, "palette=3 should be a Palette"),
        ({"strength": 1.5}, ValueError, "strength=1.5 should be from 0 to 1."),
        ({"strength": float("nan")}, ValueError, "strength=nan should be from 0 to 1."),
        ({"strength": True}, TypeError, "strength=True should be a number."),
        ({"method": "bayer"}, ValueError, "'bayer' should be one of 'diffusion', 'ord"),
        ({"method": ["a"]}, ValueError, "method=.* should be one of"),
        ({"image": COFFEE[..., :2]}, ValueError, "rgb=True should go with"),
        (
            {"mask": COFFEE[..., 0] > 0, "image": COFFEE[1:]},
            ValueError,
            "mask of shape",
        ),
        ({"progress": 3}, TypeError, "progress=3 should be callable"),
    ],
)
def test_what_cannot_be_dithered_is_refused(changes, error, message):
    given = {"image": COFFEE, "palette": palette_of(COFFEE)} | changes
    with pytest.raises(error, match=message):
        dither(**given)


def test_palettes_of_other_images_are_refused():
    gray = fit(read_samples(COFFEE[..., 0]), 3)
    with pytest.raises(ValueError, match="palette should be of an RGB image"):
        dither(COFFEE, gray)


def test_kernels_tell_how_many_colors_are_mixed():
    assert SIZE**2 % kernels.MIXED == 0
