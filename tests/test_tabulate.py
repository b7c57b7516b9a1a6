"""A table of the clusters of each region: counted exactly, in whatever order."""

from dataclasses import replace
from fractions import Fraction

import dask.array as da
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_kmeans import (
    Canceled,
    despeckle,
    fit,
    quantize,
    quantize_planes,
    read_samples,
    tabulate,
)
from napari_kmeans.core import census, kernels
from napari_kmeans.core.run import threads

RNG = np.random.default_rng(5)


def pixels_of(image, result, regions):
    """Return a row a pixel: its region, label, and squared distance to the center."""
    labels = np.asarray(result.labels)
    values = image.reshape(*labels.shape, -1).astype(np.float64)
    centers = np.vstack([np.zeros((1, values.shape[-1])), result.centers])
    squares = ((values - centers[labels]) ** 2).sum(axis=-1)
    columns = {"region": regions, "label": labels, "squares": squares}
    return pd.DataFrame({name: array.ravel() for name, array in columns.items()})


def reference(image, result, regions):
    """Return region, label, pixels, share and compactness, by pandas."""
    pixels = pixels_of(image, result, regions)
    pixels = pixels[pixels.region != 0]
    rows = []
    for region, some in pixels.groupby("region"):
        total = (some.label > 0).sum()
        for label in range(1, result.k + 1):
            squares = some.squares[some.label == label]
            share = len(squares) / total if total else 0
            rows.append((region, label, len(squares), share, squares.sum()))
    return pd.DataFrame(
        rows, columns=["region", "label", "pixels", "share", "compactness"]
    )


def assert_same(table, expected):
    """Check that a table has these columns, sums of floats but for their rounding."""
    pd.testing.assert_frame_equal(
        table[[*expected]], expected, rtol=1e-12, atol=1e-9, check_dtype=False
    )


def equal(table, other):
    """Whether two tables have the same bits."""
    return table.equals(other) and [*table] == [*other]


@given(
    data=st.data(),
    dtype=st.sampled_from(["u1", "i2", "u4", "f4", "f8", ">f4"]),
    channels=st.sampled_from([0, 2, 3]),
)
@settings(max_examples=25)
def test_it_is_what_pandas_counts(data, dtype, channels):
    seed = data.draw(st.integers(0, 2**16))
    rng = np.random.default_rng(seed)
    shape = (rng.integers(2, 20), rng.integers(2, 20))
    image = rng.integers(0, 100, (*shape, *[channels] * bool(channels))).astype(dtype)
    options = {"rgb": False, "channel_axis": 2 if channels else None}
    mask = rng.random(shape) < 0.9
    mask[0, :2] = True
    result = quantize(image, k=2, mask=mask, attempts=1, **options)
    numbers = np.array([0, 1, -7, 2**40, 9])
    regions = rng.choice(numbers, shape)
    table = tabulate(image, result, regions)
    assert_same(table, reference(image, result, regions))
    regrown = regions[mask == 0]
    for region, n in zip(
        *np.unique(regrown[regrown != 0], return_counts=True), strict=True
    ):
        assert set(table["left out: masked"][table.region == region]) == {n}


@given(
    chunks=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    lazy_regions=st.booleans(),
    dtype=st.sampled_from(["u1", "f4"]),
)
@settings(max_examples=20)
def test_blocks_give_the_same_bits(chunks, lazy_regions, dtype):
    rng = np.random.default_rng(0)
    image = (rng.random((40, 33, 3)) * 255).astype(dtype)
    regions = rng.integers(0, 50, (40, 33)).astype(np.uint16)
    result = quantize(image, k=4, rgb=True, attempts=1)
    expected = tabulate(image, result, regions)
    lazily = da.from_array(image, chunks=(*chunks, 2))
    labels = da.from_array(result.labels, chunks=chunks[::-1])
    given_regions = da.from_array(regions, chunks=(7, 8)) if lazy_regions else regions
    found = tabulate(lazily, replace(result, labels=labels), given_regions)
    assert equal(found, expected)
    assert equal(tabulate(lazily, result.palette, given_regions), expected)


def test_parts_in_memory_give_the_same_bits(monkeypatch):
    image = RNG.random((50, 70)).astype(np.float32)
    image[RNG.random(image.shape) < 0.1] = np.nan
    regions = RNG.integers(0, 2000, image.shape)
    result = quantize(image, k=3)
    expected = tabulate(image, result, regions)
    monkeypatch.setattr(census, "PART", 100)
    monkeypatch.setattr(census, "ROWS", 1)
    monkeypatch.setattr(threads, "SIZE", 33)
    assert equal(tabulate(image, result, regions), expected)
    lazily = da.from_array(image, chunks=(9, 9))
    assert equal(tabulate(lazily, result.palette, regions), expected)


def test_the_numbers_of_regions_do_not_matter():
    image = RNG.integers(0, 255, (30, 30)).astype(np.uint8)
    regions = RNG.integers(0, 10, image.shape)
    result = quantize(image, k=3)
    numbers = np.concatenate([[0], RNG.permutation(np.arange(1, 10)) * 1000])
    table = tabulate(image, result, regions)
    other = tabulate(image, result, numbers[regions])
    table["region"] = numbers[table["region"]]
    table = table.sort_values(["region", "label"], ignore_index=True)
    assert equal(table, other)


@pytest.mark.parametrize("color_space", ["rgb", "cielab"])
def test_regions_add_up_to_the_whole(color_space):
    image = RNG.integers(0, 255, (30, 30, 4)).astype(np.uint8)
    image[..., 3] *= RNG.random((30, 30)) < 0.8
    mask = RNG.random((30, 30)) < 0.9
    options = {"rgb": True, "color_space": color_space, "scaling": "range"}
    result = quantize(image, k=4, mask=mask, **options)
    regions = RNG.integers(1, 6, mask.shape)
    whole = tabulate(image, result)
    by_label = tabulate(image, result, regions).groupby("label")
    assert by_label["pixels"].sum().tolist() == whole["pixels"].tolist()
    assert by_label["pixels"].sum().tolist() == result.counts.tolist()
    np.testing.assert_allclose(
        by_label["compactness"].sum(), whole["compactness"], rtol=1e-12
    )
    np.testing.assert_allclose(whole["compactness"].sum(), result.compactness)
    for reason, n in result.excluded.items():
        assert set(by_label[f"left out: {reason}"].sum()) == {n}
        assert set(whole[f"left out: {reason}"]) == {n}
    assert equal(tabulate(image, result, regions > 0).drop(columns="region"), whole)


@pytest.mark.parametrize("color_space", ["rgb", "ciede2000"])
def test_given_centers_and_what_is_far_from_them(color_space):
    image = RNG.integers(0, 255, (30, 30, 3)).astype(np.uint8)
    centers = np.array([[20.0, 30, 40], [200, 100, 20], [90, 200, 210]])
    options = {"rgb": True, "color_space": color_space, "fixed": [1, 2, 3]}
    reject = 90 if color_space == "rgb" else 30
    result = quantize(image, k=3, init=centers, reject=reject, **options)
    whole = tabulate(image, result)
    table = tabulate(image, result, RNG.integers(1, 4, image.shape[:2]))
    by_label = table.groupby("label")
    assert by_label["pixels"].sum().tolist() == result.counts.tolist()
    assert by_label["compactness"].sum().sum() == pytest.approx(result.compactness)
    assert set(by_label["left out: far"].sum()) == {result.excluded["far"]}
    assert set(whole["left out: far"]) == {result.excluded["far"]}
    of_palette = tabulate(image, result.palette)
    np.testing.assert_allclose(of_palette["compactness"], whole["compactness"])
    assert equal(
        of_palette.drop(columns="compactness"), whole.drop(columns="compactness")
    )


def test_what_is_known_is_not_read():
    image = RNG.integers(0, 255, (20, 20)).astype(np.uint8)
    result = quantize(image, k=3)

    def read(block):
        raise AssertionError("It should not be read.")

    unread = da.from_array(image).map_blocks(read, dtype=np.uint8)
    table = tabulate(unread, result)
    assert table["pixels"].tolist() == result.counts.tolist()
    assert table["compactness"].sum() == pytest.approx(result.compactness, rel=1e-14)
    with pytest.raises(AssertionError, match="not be read"):
        tabulate(unread, result, np.ones(image.shape, int))


def test_weights_do_not_count():
    image = RNG.integers(0, 255, (20, 20)).astype(np.uint8)
    weights = np.where(np.indices(image.shape).sum(axis=0) % 2, 0.5, 1.5)
    result = quantize(image, k=3, weights=weights)
    expected = reference(image, result, np.ones(image.shape, int))
    assert_same(tabulate(image, result), expected.drop(columns="region"))


def test_edited_clusters_are_those_that_are_counted():
    image = RNG.integers(0, 255, (25, 25, 3)).astype(np.uint8)
    result = quantize(image, k=5, rgb=True)
    palette = result.palette.merge([2, 3]).rename(2, "leaf").recolor(1, "#ff0000")
    edited = result.regrouped(palette)
    regions = RNG.integers(0, 4, image.shape[:2])
    table = tabulate(image, edited, regions)
    assert_same(table, reference(image, edited, regions))
    assert table["name"][1] == "leaf"
    assert table["color"][0] == "#ff0000"
    assert equal(tabulate(image, palette, regions), table)


def test_labels_that_are_not_the_nearest_are_counted_as_they_are():
    image = RNG.integers(0, 255, (25, 25)).astype(np.uint8)
    result = quantize(image, k=3)
    cleaned = result.relabeled(despeckle(result.labels, 9).labels)
    regions = np.ones(image.shape, int)
    expected = reference(image, cleaned, regions)
    assert_same(tabulate(image, cleaned, regions), expected)
    assert_same(tabulate(image, cleaned), expected.drop(columns="region"))


def test_a_reason_that_pixels_do_not_tell_is_that_of_the_result():
    image = RNG.integers(0, 255, (25, 25)).astype(np.float32)
    image[0] = np.nan
    result = quantize(image, k=3).rejected(image, 0.3)
    regions = np.repeat([[1], [2]], [5, 20], axis=0) * np.ones(image.shape, int)
    rows = tabulate(image, result, regions).drop_duplicates("region")
    rejected = (result.labels == 0) & np.isfinite(image)
    assert rows["left out: not finite"].tolist() == [25, 0]
    assert rows["left out: rejected"].tolist() == [
        np.count_nonzero(rejected & (regions == region)) for region in (1, 2)
    ]


def test_a_region_without_clustered_pixels_has_rows_of_zeros():
    image = np.array([[1.0, 5.0, np.nan, 9.0]], np.float32)
    table = tabulate(image, quantize(image, k=2), np.array([[0, 1, 2, 1]]))
    of_two = table[table.region == 2]
    assert of_two["pixels"].tolist() == of_two["share"].tolist() == [0, 0]
    assert table["left out: not finite"].tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("lazy", [False, True])
def test_planes_have_rows_each(lazy):
    movie = RNG.integers(0, 255, (3, 12, 14)).astype(np.float32)
    movie[1] = np.nan
    movie[2] = 7
    movie[2, :3] = 200
    image = da.from_array(movie, chunks=(2, 5, 14)) if lazy else movie
    with pytest.warns(UserWarning, match="of 3 planes"):
        result = quantize_planes(image, k=3)
    regions = RNG.integers(0, 3, movie.shape[1:])
    table = tabulate(image, result, regions, pixel_area=2)
    assert [*table][:2] == ["plane", "region"]
    assert len(table) == 3 * 2 * 3
    labels = np.asarray(result.labels)
    for at in (0, 2):
        plane = table[table.plane == at].drop(columns="plane").reset_index(drop=True)
        names = ["region", "label", "pixels", "share", "compactness"]
        one = replace(
            quantize(movie[0], k=3), labels=labels[at], centers=result.centers[at]
        )
        assert_same(plane, reference(movie[at], one, regions)[names])
        features = result.features.query("plane == @at")
        assert plane["color"][:3].tolist() == features["color"].tolist()
    assert set(table["left out: not finite"][table.plane == 1]) == {
        np.count_nonzero(regions == region) for region in (1, 2)
    }
    assert (table["area"] == 2 * table["pixels"]).all()
    whole = tabulate(image, result)
    assert whole["pixels"].tolist() == result.counts.ravel().tolist()
    totals = whole.groupby("plane")["compactness"].sum()
    np.testing.assert_allclose(totals, result.compactness, rtol=1e-12)


def test_planes_of_several_axes_have_a_column_each():
    image = RNG.integers(0, 255, (2, 3, 8, 8)).astype(np.uint8)
    result = quantize_planes(image, k=2, axes=(0, 1))
    table = tabulate(image, result)
    assert [*table][:3] == ["axis_0", "axis_1", "label"]
    assert table[["axis_0", "axis_1"]].drop_duplicates().to_numpy().tolist() == [
        [a, b] for a in range(2) for b in range(3)
    ]


def test_regions_of_the_last_axes_hold_for_each_plane():
    stack = RNG.integers(0, 255, (4, 10, 11)).astype(np.uint8)
    result = quantize(stack, k=3)
    regions = RNG.integers(0, 3, (10, 11))
    everywhere = np.broadcast_to(regions, stack.shape)
    expected = reference(stack, result, everywhere)
    assert_same(tabulate(stack, result, regions), expected)
    lazily = da.from_array(regions, chunks=(3, 4)), da.from_array(stack, chunks=3)
    assert_same(tabulate(lazily[1], result, lazily[0]), expected)


def test_many_regions():
    image = RNG.integers(0, 255, (256, 256)).astype(np.uint8)
    regions = np.arange(1, image.size + 1).reshape(image.shape)
    table = tabulate(image, quantize(image, k=5, attempts=1), regions)
    assert len(table) == 5 * image.size
    assert table.groupby("region")["pixels"].sum().eq(1).all()


@given(
    addends=st.lists(st.floats(0, 2.0**1000), min_size=1, max_size=50),
    random=st.randoms(use_true_random=False),
)
def test_words_hold_sums_exactly(jit, addends, random):
    random.shuffle(addends)
    array = np.array(addends)
    first, n_words = kernels.word_range(array)
    words, zeros = np.zeros((1, 1, n_words), np.int64), np.zeros(len(array), np.int64)
    kernels.add_words(array.view(np.int64), zeros, zeros, first, words)
    exact = sum(
        (
            Fraction(word) * Fraction(2) ** (24 * (first + at) - 1074)
            for at, word in enumerate(words.ravel().tolist())
        ),
        Fraction(),
    )
    assert exact == sum(map(Fraction, addends), Fraction())
    found = float(kernels.values_of(words, first)[0, 0])
    assert found == pytest.approx(float(exact), rel=1e-15, abs=5e-324)


def test_it_can_be_followed_and_stopped():
    image = RNG.integers(0, 255, (20, 20)).astype(np.uint8)
    result, told = quantize(image, k=2), []
    regions = np.ones(image.shape, int)
    tabulate(image, result, regions, progress=lambda *said: told.append(said))
    assert told[-1] == ("Done", 1.0)
    assert "Counting" in {stage.partition(",")[0] for stage, _ in told}

    def stop(_stage, _part):
        raise Canceled

    with pytest.raises(Canceled):
        tabulate(image, result, regions, progress=stop)


@pytest.mark.parametrize(
    ("given_", "error", "message"),
    [
        ({"regions": np.ones((3, 3), int)}, ValueError, r"regions of shape \(3, 3\)"),
        ({"regions": np.ones((4, 4))}, TypeError, "regions of dtype float64"),
        ({"regions": np.int64(3)}, ValueError, r"regions of shape \(\)"),
        (
            {"regions": np.full((4, 4), 2**64 - 1, np.uint64)},
            ValueError,
            "regions up to 18446744073709551615",
        ),
        ({"image": np.ones((5, 4), np.uint8)}, ValueError, r"image of shape \(5, 4\)"),
        ({"result": "palette"}, TypeError, "result='palette'"),
        ({"pixel_area": 0}, ValueError, "pixel_area=0"),
        ({"unit": 3}, TypeError, "unit=3 should be text"),
        ({"progress": 3}, TypeError, "progress=3"),
    ],
)
def test_what_cannot_be_is_refused(given_, error, message):
    image = np.arange(16, dtype=np.uint8).reshape(4, 4)
    arguments = {"image": image, "result": quantize(image, k=2), **given_}
    with pytest.raises(error, match=message):
        tabulate(**arguments)


def test_another_image_is_refused():
    image = np.arange(16, dtype=np.float32).reshape(4, 4)
    result = quantize(image, k=2)
    image[1, 1] = np.nan
    with pytest.raises(ValueError, match="image with a pixel that has a label"):
        tabulate(image, result, np.ones(image.shape, int))


def test_labels_that_are_not_of_the_clusters_are_refused():
    image = np.arange(16, dtype=np.uint8).reshape(4, 4)
    result = quantize(image, k=2)
    result.labels[2, 2] = 9
    with pytest.raises(ValueError, match="labels from 1 to 9 should be from 0 to k=2"):
        tabulate(image, result, np.ones(image.shape, int))


def test_a_palette_labels_the_image():
    image = np.arange(16, dtype=np.uint8).reshape(4, 4)
    palette = fit(read_samples(image), k=2)
    found = tabulate(image + np.uint8(1), palette)
    assert found["pixels"].tolist() == [7, 9]
