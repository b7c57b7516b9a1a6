"""Labeled arrays: what goes in as DataArray comes out as one."""

import numpy as np
import pytest

from napari_kmeans import (
    apply_many,
    despeckle,
    error_map,
    fit,
    margin_map,
    quantize,
    quantize_many,
    quantize_planes,
    read_samples,
    reject,
    sweep,
    tabulate,
    to_layers,
)
from napari_kmeans.layers.parts import one_layer_each

xr = pytest.importorskip("xarray")
da = pytest.importorskip("dask.array")

RNG = np.random.default_rng(3)
BANDS = ["blue", "green", "nir"]


def labeled(lazy=False, name="scene"):
    """Return an image of 3 bands, (band, y, x), with coordinates of every kind."""
    values = RNG.integers(0, 255, (3, 40, 50)).astype(np.uint16)
    coords = {
        "band": BANDS,
        "wavelength": ("band", [490.0, 560.0, 850.0]),
        "y": np.linspace(5.0, 1.0, 40),
        "x": np.arange(50) * 0.5,
        "area": (("y", "x"), RNG.random((40, 50))),
        "time": 7,
    }
    data = da.from_array(values, chunks=(1, 20, 25)) if lazy else values
    array = xr.DataArray(data, coords, ("band", "y", "x"), name, {"units": "1"})
    array.encoding["scale_factor"] = 0.1
    return array


def movie():
    """Return a movie with an axis of channels in its middle: (time, c, y, x)."""
    values = RNG.integers(0, 255, (3, 2, 12, 10)).astype(np.uint8)
    return xr.DataArray(values, {"time": [1, 2, 4]}, ("time", "c", "y", "x"))


def check_labels(labels, image, dropped=("band", "wavelength")):
    assert isinstance(labels, xr.DataArray)
    assert labels.dims == ("y", "x")
    assert labels.attrs == image.attrs
    assert not labels.encoding
    kept = set(image.coords) - {*dropped}
    assert set(labels.coords) == kept
    for name in kept:
        xr.testing.assert_identical(
            labels.coords[name].reset_coords(drop=True),
            image.coords[name].reset_coords(drop=True),
        )


def check_like(array, image):
    assert isinstance(array, xr.DataArray)
    assert array.dims == image.dims
    assert array.dtype == image.dtype
    assert array.name == image.name
    assert array.attrs == image.attrs
    assert not array.encoding
    assert set(array.coords) == set(image.coords)


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("axis", ["band", 0, -3])
def test_quantize_gives_what_it_gives_of_the_values_with_their_labels(lazy, axis):
    image = labeled(lazy)
    q = quantize(image, 4, channel_axis=axis)
    plain = quantize(np.asarray(image.data), 4, channel_axis=0, channel_names=BANDS)
    check_labels(q.labels, image)
    check_like(q.quantized, image)
    assert q.labels.name == "labels"
    np.testing.assert_array_equal(q.labels, plain.labels)
    np.testing.assert_array_equal(q.quantized, plain.quantized)
    assert (q.labels.chunks is not None) == lazy
    assert q.palette == plain.palette
    assert q.channels == tuple(BANDS)
    assert q.settings == plain.settings
    assert image.encoding  # as it was


def test_color_is_guessed_as_of_numpy():
    values = RNG.integers(0, 255, (40, 50, 3)).astype(np.uint8)
    image = xr.DataArray(values, dims=("y", "x", "band"))
    q = quantize(image, 3)
    assert q.rgb
    assert q.labels.dims == ("y", "x")
    named = quantize(image, 3, rgb=True, channel_axis="band")
    assert named.palette == q.palette
    assert not quantize(image, 3, channel_axis="band").rgb


def test_an_image_without_channels_keeps_all_dims():
    image = labeled().isel(band=0)
    q = quantize(image, 3)
    check_labels(q.labels, image, ())
    assert q.channels == ("value",)


def test_channels_of_equal_names_have_their_numbers():
    image = labeled().assign_coords(band=["a", "a", "b"])
    assert quantize(image, 2, channel_axis="band").channels == ("0", "1", "2")
    own = quantize(labeled(), 2, channel_axis="band", channel_names=["r", "s", "t"])
    assert own.channels == ("r", "s", "t")


@pytest.mark.parametrize("lazy", [False, True])
def test_palettes_and_maps_give_labeled_arrays(lazy):
    image = labeled(lazy)
    values = np.asarray(image.data)
    palette = quantize(image, 4, channel_axis="band").palette
    labels, quantized = palette.apply(image)
    check_labels(labels, image)
    check_like(quantized, image)
    xr.testing.assert_identical(labels, palette.label(image))
    xr.testing.assert_identical(quantized, palette.paint(image))
    np.testing.assert_array_equal(labels, palette.label(values))
    for function in error_map, margin_map:
        found = function(image, palette)
        check_labels(found, image)
        np.testing.assert_array_equal(found, function(values, palette))
    margins = margin_map(image, palette)
    kept, n = reject(labels, margins.transpose("x", "y"), 0.3)
    check_labels(kept, image)
    assert int(n) == reject(np.asarray(labels), np.asarray(margins), 0.3)[1] > 0


@pytest.mark.parametrize("lazy", [False, True])
def test_edited_results_stay_labeled(lazy):
    image = labeled(lazy)
    q = quantize(image, 4, channel_axis="band")
    plain = quantize(np.asarray(image.data), 4, channel_axis=0)
    cleaned = despeckle(q.labels, 3)
    check_labels(cleaned.labels, image)
    merged = q.palette.merge([1, 2])
    pairs = [
        (q.regrouped(merged), plain.regrouped(merged)),
        (q.rejected(image, 0.3), plain.rejected(image.values, 0.3)),
        (
            q.relabeled(cleaned.labels.transpose("x", "y")),
            plain.relabeled(despeckle(plain.labels, 3).labels),
        ),
    ]
    for found, expected in pairs:
        check_labels(found.labels, image)
        check_like(found.quantized, image)
        np.testing.assert_array_equal(found.labels, expected.labels)
        np.testing.assert_array_equal(found.quantized, expected.quantized)
        np.testing.assert_array_equal(found.counts, expected.counts)
        np.testing.assert_array_equal(found.positions, expected.positions)
        assert "QuantizedImage(3 x 40 x 50 uint16" in repr(found)
        assert found._repr_html_()


def test_regions_go_by_the_names_of_their_dims():
    image = labeled()
    q = quantize(image, 3, channel_axis="band")
    regions = (q.labels > 1) + 1
    found = tabulate(image, q, regions.transpose("x", "y"))
    plain = quantize(image.values, 3, channel_axis=0)
    expected = tabulate(image.values, plain, regions.values)
    assert found.equals(expected)


def test_regions_of_the_last_dims_are_those_of_each_plane():
    stack = xr.DataArray(
        RNG.integers(0, 255, (3, 8, 9), np.uint8), dims=("t", "y", "x")
    )
    q = quantize(stack, k=2)
    regions = xr.DataArray(RNG.integers(0, 3, (9, 8)), dims=("x", "y"))
    found = tabulate(stack, q, regions)
    plain = quantize(stack.values, k=2)
    assert found.equals(tabulate(stack.values, plain, regions.values.T))
    with pytest.raises(ValueError, match="regions with the dims 't', 'x' should have"):
        tabulate(stack, q, xr.DataArray(np.ones((3, 9), int), dims=("t", "x")))


@pytest.mark.parametrize("common", [True, False])
def test_many_images_go_by_the_names_of_their_dims(common):
    images = [labeled(), labeled(lazy=True)]
    masks = [None, (images[1].isel(band=0) > 90).transpose("x", "y").compute()]
    given = {"k": 3, "common": common, "channel_axis": "band"}
    many = quantize_many(images, masks=masks, **given)
    plain = quantize_many(
        [image.values for image in images],
        masks=[None, masks[1].values.T],
        **{**given, "channel_axis": 0},
    )
    assert many.palettes[0].layout.channels == tuple(BANDS)
    for image, found, expected in zip(images, many, plain, strict=True):
        assert found.labels.dims == ("y", "x")
        assert found.quantized.dims == image.dims
        np.testing.assert_array_equal(found.labels.values, expected.labels)
        np.testing.assert_array_equal(found.quantized.values, expected.quantized)
    assert apply_many(images, many.palettes[0])[1].labels.dims == ("y", "x")


def test_centers_to_start_from_may_be_labeled():
    image = labeled()
    centers = quantize(image, 3, channel_axis="band").centers
    init = xr.DataArray(centers, dims=("cluster", "band"))
    found = quantize(image, 3, channel_axis="band", init=init)
    expected = quantize(image, 3, channel_axis="band", init=centers)
    np.testing.assert_array_equal(found.labels, expected.labels)


def test_planes_by_the_name_of_their_dim():
    image = movie()
    q = quantize_planes(image, 3, axes="time", channel_axis="c")
    plain = quantize_planes(image.values, 3, axes=0, channel_axis=1)
    assert q.labels.dims == ("time", "y", "x")
    assert q.quantized.dims == image.dims
    np.testing.assert_array_equal(q.labels, plain.labels)
    np.testing.assert_array_equal(q.positions, plain.positions)
    cleaned = despeckle(q.labels, 2, axes="time")
    assert cleaned.labels.dims == q.labels.dims
    again = q.relabeled(cleaned.labels)
    assert again.labels.dims == q.labels.dims
    np.testing.assert_array_equal(again.labels.coords["time"], [1, 2, 4])
    several = sweep(image, [2, 3], axes=["time"], channel_axis="c")
    assert several.plane_shape == (3,)


@pytest.mark.parametrize("lazy", [False, True])
def test_masks_and_weights_go_by_the_names_of_their_dims(lazy):
    image = labeled(lazy)
    inside = image.isel(band=0, drop=True) > 90
    weights = inside * 1.0 + 0.5
    given = {"channel_axis": "band", "mask": inside.transpose("x", "y")}
    q = quantize(image, 3, **given, weights=weights.transpose("x", "y"))
    expected = quantize(
        image.values,
        3,
        channel_axis=0,
        mask=inside.values,
        weights=weights.values,
        channel_names=BANDS,
    )
    np.testing.assert_array_equal(q.labels, expected.labels)
    assert not isinstance(q.mask, xr.DataArray)
    assert read_samples(image, **given).n == int(inside.sum())
    start = (q.labels.astype(np.int32) - 1).clip(0)
    again = quantize(image, 3, **given, init=start.transpose("x", "y"))
    assert again.labels.dims == ("y", "x")
    labels = q.palette.label(image, mask=given["mask"])
    np.testing.assert_array_equal(labels == 0, ~inside)


def test_other_dims_and_coordinates_are_refused():
    image = labeled()
    mask = image.isel(band=0) > 90
    given = {"k": 2, "channel_axis": "band"}
    with pytest.raises(ValueError, match=r"^mask with the dims 'y', 'z' should have"):
        quantize(image, **given, mask=mask.rename(x="z"))
    with pytest.raises(ValueError, match=r"^mask should have the coordinates .* 'x'"):
        quantize(image, **given, mask=mask.assign_coords(x=np.arange(50) + 1.0))
    with pytest.raises(
        ValueError, match=r"^channel_axis='bands' should be one of the "
    ):
        quantize(image, 2, channel_axis="bands")
    with pytest.raises(
        ValueError, match=r"^axes='t' should be one of the dims, 'time'"
    ):
        quantize_planes(movie(), 2, axes="t", channel_axis="c")
    with pytest.raises(ValueError, match=r"^axes=0 should not include axis 0"):
        quantize_planes(image, 2, axes="band", channel_axis="band")


@pytest.mark.parametrize("name", ["channel_axis", "axes"])
def test_names_of_axes_go_with_labeled_arrays_only(name):
    given = {"axes": 0, "channel_axis": 1} | {name: "band"}
    with pytest.raises(
        TypeError, match=f"^{name}='band' by name should go with a Data"
    ):
        quantize_planes(movie().values, 2, **given)


def test_a_dataset_is_refused_in_a_sentence():
    with pytest.raises(TypeError, match=r"^image of xarray.Dataset should be an array"):
        quantize(labeled().to_dataset(), 2)


def test_layers_are_of_plain_arrays():
    q = quantize(labeled(), 3, channel_axis="band")
    planes = quantize_planes(movie(), 2, axes="time", channel_axis="c")
    for result in q, planes:
        for data, _, _ in to_layers(result, "scene"):
            assert isinstance(data, np.ndarray)
    for data, _, _ in one_layer_each(q.labels, q.palette, "scene"):
        assert isinstance(data, np.ndarray)


def test_a_palette_of_a_labeled_image_labels_others():
    image = labeled()
    palette = fit(read_samples(image, channel_axis="band"), 3)
    assert isinstance(palette.label(image.values), np.ndarray)
    assert palette.label(image).dims == ("y", "x")


def test_an_opened_file_is_read_by_blocks(tmp_path):
    pytest.importorskip("zarr")
    image = labeled().drop_vars(["band", "time"])
    image.encoding = {"chunks": (1, 20, 50)}
    image.to_dataset(name="scene").to_zarr(tmp_path / "scene.zarr", consolidated=False)
    opened = xr.open_zarr(tmp_path / "scene.zarr", chunks=None, consolidated=False)
    q = quantize(opened["scene"], 3, channel_axis="band")
    assert q.labels.chunks is not None
    assert not opened["scene"].variable._in_memory
    expected = quantize(image.values, 3, channel_axis=0).labels
    np.testing.assert_array_equal(q.labels, expected)
