"""Clouds: colors as points, where distances are those that were measured."""

from itertools import pairwise

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from napari.layers import Layer, Points
from skimage.color import rgb2lab

from napari_kmeans import cloud, fit, read_samples
from napari_kmeans.core.reading.distinct import distinct, frequent

RNG = np.random.default_rng(0)
PHOTO = RNG.integers(0, 256, (40, 50, 3), np.uint8) // 16 * 15
DTYPES = ["?", "u1", "i1", "u2", ">u2", "i2", "i4", "u8", "i8", "f4", "f8"]


def image_of(dtype, n_channels, seed=0):
    """Return few colors, some of them near the ends of the dtype, channels last."""
    values = np.random.default_rng(seed).integers(0, 9, (30, 20, n_channels))
    if np.dtype(dtype).kind in "iu":
        info = np.iinfo(dtype)
        least = info.min if info.min < 0 else info.max - 8
        return values.astype(dtype) + np.array(least, dtype)
    return values.astype(dtype)


def rows_of(image, inside):
    return np.unique(image[inside], axis=0, return_counts=True)


def in_order(values, *beside):
    order = np.lexsort(values.T)
    return [each[order] for each in (values, *beside)]


@given(
    dtype=st.sampled_from(DTYPES),
    n_channels=st.integers(1, 4),
    lazy=st.booleans(),
    seed=st.integers(0, 3),
)
def test_all_colors_are_told_as_they_are(dtype, n_channels, lazy, seed):
    image = image_of(dtype, n_channels, seed)
    inside = np.random.default_rng(seed).random(image.shape[:2]) < 0.8
    some = da.from_array(image, chunks=(9, 20, n_channels)) if lazy else image
    found = distinct(read_samples(some, mask=inside, channel_axis=2, rgb=False), 9**4)
    values, pixels = in_order(*found)
    expected, counts = in_order(*rows_of(image, inside))
    assert values.dtype == image.dtype.newbyteorder("=")
    np.testing.assert_array_equal(values, expected)
    np.testing.assert_array_equal(pixels, counts)


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_a_large_lazy_image_has_the_points_of_one_in_memory(dtype, n_channels):
    values = np.random.default_rng(0).integers(0, 200, (1030, 1020, n_channels))
    image = values.astype(dtype)
    said = {"channel_axis": 2, "rgb": False}
    lazily = da.from_array(image, chunks=(500, 1020, n_channels))
    held = read_samples(image, **said)
    streamed = read_samples(lazily, memory=1, **said)
    assert type(held) is not type(streamed)
    most = 100 if dtype == "u1" else 5000
    for ours, theirs in zip(
        distinct(held, most), distinct(streamed, most), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


@given(
    counts=st.lists(st.integers(1, 5), min_size=1, max_size=60),
    most=st.integers(1, 70),
)
def test_the_most_frequent_of_each_run(counts, most):
    weights, n = np.array(counts, float), len(counts)
    expected = [*range(n)]
    if n > most:
        ends = [i * n // most for i in range(most + 1)]
        runs = [range(*pair) for pair in pairwise(ends)]
        expected = [max(run, key=lambda i: (weights[i], -i)) for run in runs]
    assert frequent(weights, most).tolist() == expected


@given(
    n_channels=st.integers(1, 6),
    scaling=st.sampled_from(["none", "range", "variance"]),
    k=st.integers(1, 6),
    merged=st.booleans(),
)
def test_in_the_world_distances_are_those_that_were_measured(
    n_channels, scaling, k, merged
):
    values = RNG.integers(
        0, [9, 90, 900, 5, 50, 500][:n_channels], (20, 30, n_channels)
    )
    image = values.astype(np.uint16)
    samples = read_samples(image, channel_axis=2, scaling=scaling, rgb=False)
    palette = fit(samples, k=k)
    if merged and k > 1:
        palette = palette.merge([1, k])
    points, centers = (Layer.create(*layer) for layer in cloud(samples, palette))
    assert isinstance(points, Points)
    assert points.ndim == min(max(n_channels, 2), 3)
    assert points.features["pixels"].sum() == 600
    found = distinct(samples, 20_000)
    np.testing.assert_array_equal(points.features["pixels"], found.pixels)
    names = [f"value_{name}" for name in palette.channels]
    values = points.features[names if n_channels > 1 else ["value"]]
    np.testing.assert_array_equal(values, found.values)
    labels = palette.label(found.values[np.newaxis], mask=None)[0]
    np.testing.assert_array_equal(points.features["label"], labels)
    np.testing.assert_allclose(
        points.face_color[:, :3], palette.colors[labels - 1], atol=1e-6
    )
    frame = palette.quantizer.frame
    rows = frame.forward(list(np.ascontiguousarray(found.values.T))).T
    if n_channels > 3:  # as a rotation and a projection
        centered = rows - np.average(rows, axis=0, weights=found.pixels)
        _, singular, _ = np.linalg.svd(
            centered * np.sqrt(found.pixels)[:, np.newaxis], full_matrices=False
        )
        data = points.data * np.sqrt(found.pixels)[:, np.newaxis]
        np.testing.assert_allclose(np.linalg.norm(data, axis=0), singular[:3])
        parts = singular[:3] ** 2 / (singular**2).sum()
        assert points.axis_labels == tuple(
            f"component {i}: {part:.0%}" for i, part in enumerate(parts, 1)
        )
        return
    assert points.axis_labels[-n_channels:] == palette.channels
    world = points.data * points.scale
    if n_channels > 1:
        np.testing.assert_allclose(world - world[0], rows - rows[0], atol=1e-9)
        np.testing.assert_allclose(points.data, found.values)
        np.testing.assert_allclose(centers.data, palette.centers)
    else:
        np.testing.assert_allclose(points.data[:, 1], found.values[:, 0])
        np.testing.assert_array_equal(points.data[:, 0], found.pixels)
        np.testing.assert_allclose(centers.data[:, 1], palette.centers[:, 0])
        assert np.ptp(world[:, 0]) < np.ptp(world[:, 1])
    assert (centers.scale == points.scale).all()


@pytest.mark.parametrize("scaling", ["none", "range"])
def test_colors_lie_in_their_space(scaling):
    samples = read_samples(PHOTO, color_space="cielab", scaling=scaling)
    palette = fit(samples, k=5)
    points, centers = (Layer.create(*layer) for layer in cloud(samples, palette))
    values = distinct(samples, 20_000).values
    np.testing.assert_allclose(points.data, rgb2lab(values), atol=1e-2)
    assert points.axis_labels == ("L*", "a*", "b*")
    assert (scaling == "none") == (tuple(points.scale) == (1, 1, 1))
    nearest = np.linalg.norm(
        points.data[:, np.newaxis] * points.scale - centers.data * centers.scale, axis=2
    ).argmin(axis=1)
    np.testing.assert_array_equal(nearest + 1, points.features["label"])


def test_own_colors():
    samples = read_samples(PHOTO)
    points, _ = cloud(samples, fit(samples, k=2), own_colors=True)
    np.testing.assert_allclose(points[1]["face_color"][:, :3] * 255, points[0])
    gray = read_samples(np.arange(5, 16, dtype=np.uint8).reshape(1, -1))
    points, _ = cloud(gray, fit(gray, k=2), own_colors=True)
    np.testing.assert_allclose(points[1]["face_color"][:, 0], np.linspace(0, 1, 11))


def test_centers_have_their_numbers_and_a_ring():
    samples = read_samples(PHOTO)
    palette = fit(samples, k=4).rename(2, "sky").recolor(4, "#000000")
    layer = cloud(samples, palette)[1]
    centers = Layer.create(*layer)
    assert centers.features["label"].tolist() == [1, 2, 3, 4]
    assert centers.features["name"][1] == "sky"
    assert centers.text.values.tolist() == ["1", "2", "3", "4"]
    np.testing.assert_array_equal(centers.border_color[3], [1, 1, 1, 1])


def test_points_are_as_large_as_they_are_frequent():
    image = np.repeat(np.uint8([10, 20, 200]), [1, 8, 64]).reshape(1, -1)
    samples = read_samples(image)
    points = Layer.create(*cloud(samples, fit(samples, k=2))[0])
    smallest, middle, largest = points.size
    assert 0 < smallest < middle < largest < 200
    np.testing.assert_allclose((middle - smallest) / (largest - smallest), 1 / 3)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3), (4, 5, 7)])
def test_a_single_color_is_a_point(shape):
    image = np.full(shape, 7, np.uint8)
    said = {"channel_axis": 2, "rgb": False} if len(shape) > 2 else {}
    samples = read_samples(image, **said)
    points, centers = (Layer.create(*one) for one in cloud(samples, fit(samples, k=1)))
    assert np.isfinite(points.data).all()
    assert len(points.data) == len(centers.data) == 1


def test_pixels_that_are_not_counted_are_picked():
    image = RNG.random((300, 200, 3))
    samples = read_samples(image, rgb=True)
    (points, *_), (again, *_) = (
        cloud(samples, fit(samples, k=3), most=1000)[0] for _ in range(2)
    )
    assert len(points) == 1000
    np.testing.assert_array_equal(points, again)


def test_progress_is_told():
    told = []
    samples = read_samples(PHOTO)
    cloud(samples, fit(samples, k=2), progress=lambda *said: told.append(said))
    assert {"Counting colors", "Placing points"} <= {stage for stage, _ in told}


def test_what_cannot_be_is_refused():
    samples = read_samples(PHOTO)
    palette = fit(samples, k=2)
    with pytest.raises(TypeError, match="samples=5 should be what read_samples"):
        cloud(5, palette)
    with pytest.raises(TypeError, match="palette=5 should be a Palette"):
        cloud(samples, 5)
    with pytest.raises(ValueError, match="most=0 should be at least 1"):
        cloud(samples, palette, most=0)
    with pytest.raises(TypeError, match="own_colors=1 should be True or False"):
        cloud(samples, palette, own_colors=1)
    gray = read_samples(PHOTO[..., 0])
    with pytest.raises(ValueError, match="palette of 3 channels should have 1"):
        cloud(gray, palette)
