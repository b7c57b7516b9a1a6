"""Maps: errors and margins of each pixel, by brute force."""

import dask
import dask.array as da
import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.color import deltaE_ciede2000, rgb2lab

import reference
from napari_kmeans import (
    Canceled,
    error_map,
    fit,
    margin_map,
    measure,
    read_samples,
    reject,
)

COFFEE = skimage.data.coffee()[::4, ::4]
SIX = np.stack([np.roll(COFFEE[..., 0], i, axis=0) for i in range(6)], axis=1)
RGBA = np.dstack([COFFEE, COFFEE[..., 0] // 64 * 80])

IMAGES = {
    "color": (COFFEE, {"rgb": True}),
    "color, large": (np.tile(COFFEE, (10, 10, 1)), {"rgb": True}),
    "color, 16 bit": (COFFEE.astype(np.uint16) * 257, {"rgb": True}),
    "color, float": (COFFEE / 255, {"rgb": True}),
    "color, swapped": ((COFFEE / 255).astype(">f4"), {"rgb": True}),
    "transparent": (RGBA, {"rgb": True}),
    "gray": (COFFEE[..., 0], {"rgb": False}),
    "gray, signed": (COFFEE[..., 0].astype(np.int16) - 99, {"rgb": False}),
    "gray, float": ((COFFEE[..., 1] / 7).astype(np.float32), {"rgb": False}),
    "boolean": (COFFEE[..., 0] > 99, {"rgb": False}),
    "channels": (SIX, {"channel_axis": 1}),
    "scaled": (SIX, {"channel_axis": 1, "scaling": (1, 2, 1, 5, 1, 0.5)}),
    "stack": (np.stack([COFFEE[..., 0], COFFEE[..., 1]]), {"rgb": False}),
}


def made(name):
    """Return an image, its palette and its pixels, (n, n_channels)."""
    image, options = IMAGES[name]
    palette = fit(read_samples(image, **options), 2 if name == "boolean" else 6)
    rows = np.moveaxis(image, options.get("channel_axis", -1), -1)
    if not options.get("rgb") and "channel_axis" not in options:
        rows = image[..., np.newaxis]
    rows = rows.reshape(-1, rows.shape[-1])[:, : len(palette.channels)]
    return image, palette, rows.astype(float)


def least_of(squared, owners):
    """Return the least and the second squared distance, each of another cluster."""
    own = [squared[:, owners == at].min(axis=1) for at in np.unique(owners)]
    return np.sort(own, axis=0)[:2]


@pytest.mark.parametrize("name", IMAGES)
def test_errors_are_distances_to_the_centers(name):
    image, palette, rows = made(name)
    labels = palette.label(image)
    found = error_map(image, palette)
    assert found.dtype == np.float32
    assert found.shape == labels.shape
    valid = labels > 0
    assert (np.isnan(found) == ~valid).all()
    there = valid.ravel()
    difference = rows[there] - palette.centers[labels.ravel()[there] - 1]
    expected = np.sqrt((difference**2).sum(axis=1))
    np.testing.assert_allclose(found[valid], expected, rtol=1e-6)


@pytest.mark.parametrize("name", [name for name in IMAGES if "color" in name])
def test_color_differences_are_those_to_what_is_painted(name):
    image, palette, rows = made(name)
    palette = palette.recolor(2, "#00ff00")
    found = error_map(image, palette, metric="ciede2000")
    painted = palette.paint(image).reshape(rows.shape)
    full = np.iinfo(image.dtype).max if image.dtype.kind == "u" else 1.0
    labs = [rgb2lab((colors / full)[np.newaxis]) for colors in (rows, painted)]
    expected = deltaE_ciede2000(*labs).reshape(found.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    quality = measure(read_samples(image, rgb=True), palette)
    np.testing.assert_allclose(found.mean(dtype=float), quality.mean_delta_e, rtol=1e-6)


def test_another_color_is_a_greater_error():
    image, palette, _ = made("color")
    before = error_map(image, palette, metric="ciede2000")
    edited = palette.recolor(3, "#00ff00")
    after, labels = error_map(image, edited, metric="ciede2000"), palette.label(image)
    assert (after[labels == 3] > before[labels == 3]).all()
    assert (after[labels != 3] == before[labels != 3]).all()
    # The center is where it was.
    assert (error_map(image, edited) == error_map(image, palette)).all()


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("merged", [False, True])
def test_margins_are_of_the_two_nearest_clusters(name, merged):
    image, palette, _ = made(name)
    if merged and palette.k > 2:
        palette = palette.merge([1, 4]).merge([2, 4])
    quantizer = palette.quantizer
    found, labels = margin_map(image, palette), palette.label(image)
    pixels = np.moveaxis(image, palette.layout.channel_axis or -1, -1)
    if len(palette.channels) == 1:
        pixels = image[..., np.newaxis]
    native = pixels.astype(pixels.dtype.newbyteorder("="))
    channels = [native[..., at].ravel() for at in range(len(palette.channels))]
    rows = quantizer.frame.forward(channels).T
    squared = reference.squared_distances(rows, quantizer.centers)
    owners = quantizer.owners
    owners = np.arange(len(quantizer.centers)) if owners is None else owners
    nearest, second = least_of(squared, owners)
    expected = (1 - np.sqrt(nearest / second)).reshape(labels.shape)
    valid = labels > 0
    assert found.dtype == np.float32
    assert (np.isnan(found) == ~valid).all()
    np.testing.assert_allclose(found[valid], expected[valid], rtol=1e-5, atol=1e-7)
    assert found[valid].min() >= 0
    assert found[valid].max() <= 1


@pytest.mark.parametrize("space", ["cielab", "oklab"])
def test_margins_are_measured_where_distances_are(space):
    palette = fit(read_samples(COFFEE, color_space=space), 5)
    found = margin_map(COFFEE, palette)
    frame = palette.quantizer.frame
    rows = frame.forward([COFFEE[..., at].ravel() for at in range(3)]).T
    squared = reference.squared_distances(rows, palette.quantizer.centers)
    nearest, second = np.sort(squared, axis=1)[:, :2].T
    expected = (1 - np.sqrt(nearest / second)).reshape(found.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert np.abs(found - margin_map(COFFEE, fit(read_samples(COFFEE), 5))).max() > 0.1


def test_ties_are_undecided_and_centers_sure():
    palette = fit(read_samples(np.array([[0, 0, 8, 8]], np.uint8)), 2)
    found = margin_map(np.array([[0, 2, 4, 8, 255]], np.uint8), palette)
    expected = [[1, 1 - 2 / 6, 0, 1, 1 - 247 / 255]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_of_one_cluster_all_are_sure():
    image, palette, _ = made("transparent")
    one = palette.merge(range(1, 7))
    labels = palette.label(image)
    for found in (margin_map(image, one), margin_map(image, fit_one(image))):
        assert (found[labels > 0] == 1).all()
        assert np.isnan(found[labels == 0]).all()


def fit_one(image):
    return fit(read_samples(image, rgb=True), 1)


values = st.floats(-1e6, 1e6, width=32)


@given(
    hnp.arrays(np.float32, (5, 8), elements=st.integers(-50, 50)),
    hnp.arrays(np.float64, (4, 6), elements=values | st.sampled_from([1e200, np.nan])),
    st.integers(1, 5),
    st.data(),
)
def test_of_any_image_and_palette(clustered, image, k, data):
    palette = fit(read_samples(clustered, rgb=False), min(k, len(np.unique(clustered))))
    if palette.k > 2 and data.draw(st.booleans()):
        palette = palette.merge([1, palette.k])
    margins, errors = margin_map(image, palette), error_map(image, palette)
    there, labels = np.isfinite(image), palette.label(image)
    assert ((labels == 0) == ~there).all()
    assert labels.max() <= palette.k
    assert ((margins[there] >= 0) & (margins[there] <= 1)).all()
    assert (errors[there] >= 0).all()
    assert np.isnan(margins[~there]).all()
    assert np.isnan(errors[~there]).all()


@pytest.mark.parametrize("name", IMAGES)
def test_lazy_maps_are_the_same(name):
    image, palette, _ = made(name)
    mask = palette.label(image) != 2
    whole, left = {}, {}
    for of in ("distance", "ciede2000", "margin"):
        if of == "ciede2000" and not palette.layout.rgb:
            continue

        def mapped(image, mask=None, of=of):
            if of == "margin":
                return margin_map(image, palette, mask=mask)
            return error_map(image, palette, metric=of, mask=mask)

        whole[of], left[of] = mapped(image), mapped(image, mask)
        np.testing.assert_array_equal(left[of][mask], whole[of][mask])
        assert np.isnan(left[of][~mask]).all()
        sizes = (400, 1000) if image.size > 2**22 else (61, (37, 11, 2)[: image.ndim])
        for chunks in (*sizes, -1):
            lazy = da.from_array(image, chunks=chunks)
            found = mapped(lazy)
            assert (found.dtype, found.shape) == (np.float32, whole[of].shape)
            with dask.config.set(num_workers=1 if chunks == -1 else 2):
                np.testing.assert_array_equal(found, whole[of])
            np.testing.assert_array_equal(mapped(lazy, mask), left[of])
            lazy_mask = da.from_array(mask, chunks=153)
            np.testing.assert_array_equal(mapped(lazy, lazy_mask), left[of])


def test_lazy_maps_are_made_when_asked_for():
    _, palette, _ = made("gray")

    def fail(block_id):
        raise AssertionError

    kwargs = {"dtype": np.uint8, "meta": np.empty((0, 0), np.uint8)}
    lazy = da.map_blocks(fail, chunks=((5, 5), (7,)), **kwargs)
    assert error_map(lazy, palette).shape == (10, 7)
    assert margin_map(lazy, palette).chunks == lazy.chunks


@pytest.mark.parametrize("name", ["color, large", "color, float", "gray", "channels"])
def test_blocks_do_not_matter(name, monkeypatch):
    image, palette, _ = made(name)
    before = error_map(image, palette), margin_map(image, palette)
    monkeypatch.setattr("napari_kmeans.core.losses.SIZE", 777)
    monkeypatch.setattr("napari_kmeans.core.maps.PART", 5000)
    monkeypatch.setattr("napari_kmeans.core.maps.SPARSE", 0)  # pixels, not colors
    after = error_map(image, palette), margin_map(image, palette)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_of_another_dtype():
    _, palette, _ = made("gray, signed")
    image = np.array([[0, 3, 250]], np.uint8)
    labels = palette.label(image)
    expected = np.abs(image - palette.centers[:, 0][labels - 1])
    np.testing.assert_allclose(error_map(image, palette), expected, rtol=1e-6)
    far = fit(read_samples(np.array([[3000, 3001, 9000]], np.uint16)), 2)
    np.testing.assert_allclose(error_map(image, far), 3000.5 - image, rtol=1e-6)


@pytest.mark.parametrize("lazy", [False, True])
def test_unsure_labels_are_rejected_and_counted(lazy):
    image, palette, _ = made("transparent")
    labels, margins = palette.label(image), margin_map(image, palette)
    unsure = (labels > 0) & (np.nan_to_num(margins, nan=1) < 0.3)
    expected = np.where(unsure, 0, labels)
    if lazy:
        image = da.from_array(image, chunks=50)
        labels, margins = palette.label(image), margin_map(image, palette)
    found, n = reject(labels, margins, 0.3)
    assert found.dtype == labels.dtype
    assert isinstance(found, da.Array) == lazy
    np.testing.assert_array_equal(found, expected)
    assert int(n) == unsure.sum() > 0
    assert isinstance(n, int) != lazy
    none, n = reject(labels, margins, 0)
    np.testing.assert_array_equal(none, labels)
    assert int(n) == 0


def test_progress_is_told_and_stops_it():
    image, palette, _ = made("color")
    for mapped, name in ((error_map, "errors"), (margin_map, "margins")):
        told = []
        mapped(image, palette, progress=lambda *at, told=told: told.append(at))
        assert f"Measuring {name}" in {stage for stage, _ in told}
        assert told[-1] == ("Done", 1.0)

        def stop(stage, part):
            raise Canceled

        with pytest.raises(Canceled):
            mapped(image, palette, progress=stop)


@pytest.mark.parametrize(
    ("image", "settings", "error", "sentence"),
    [
        (COFFEE, {"metric": "l1"}, ValueError, "metric='l1' should be one of"),
        (COFFEE, {"metric": None}, ValueError, "metric=None should be one of"),
        (COFFEE, {"progress": 1}, TypeError, "progress=1 should be callable"),
        (COFFEE, {"mask": COFFEE > 3}, ValueError, "mask of shape .* should have"),
        (COFFEE[..., 0, 0], {}, ValueError, "image of shape .* should have at least"),
    ],
)
def test_what_cannot_be_mapped_is_refused(image, settings, error, sentence):
    _, palette, _ = made("color")
    with pytest.raises(error, match=sentence):
        error_map(image, palette, **settings)
    if "metric" not in settings:
        with pytest.raises(error, match=sentence):
            margin_map(image, palette, **settings)


def test_color_differences_are_of_colors_only():
    image, palette, _ = made("gray")
    with pytest.raises(ValueError, match="'ciede2000' should go with the palette of"):
        error_map(image, palette, metric="ciede2000")
    with pytest.raises(TypeError, match="palette=3 should be a Palette"):
        margin_map(image, 3)


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"labels": np.ones((2, 3))}, TypeError, "labels of dtype float64 should be"),
        ({"margins": np.ones((2, 3), int)}, TypeError, "margins of dtype int64 should"),
        ({"margins": np.ones((3, 2))}, ValueError, r"shape \(3, 2\) should have the"),
        ({"least": 1.5}, ValueError, "least=1.5 should be from 0 to 1"),
        ({"least": np.nan}, ValueError, "least=nan should be from 0 to 1"),
        ({"least": "most"}, TypeError, "least='most' should be a number"),
    ],
)
def test_what_cannot_be_rejected_is_refused(change, error, sentence):
    given_all = {"labels": np.ones((2, 3), int), "margins": np.ones((2, 3))}
    with pytest.raises(error, match=sentence):
        reject(**given_all | {"least": 0.5} | change)
