"""Quantization: the contract of `quantize`, for every image."""

import json
import threading
import warnings

import dask.array as da
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import reference
from napari_kmeans import Criteria, quantize
from napari_kmeans.core.reading.painted import extend_labels
from napari_kmeans.core.run import threads as run

TO_THE_END = Criteria(None, 0)

INTEGERS = [f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)]
DTYPES = ["?", *INTEGERS, "f2", "f4", "f8"]


def values(dtype):
    """Return ways to draw values: few, so that ties and doubles are common, or many."""
    kind, size = np.dtype(dtype).kind, np.dtype(dtype).itemsize
    if kind == "b":
        return [st.booleans()]
    if kind == "f":
        many = st.floats(-1e4, 1e4, width=16 if size == 2 else 32)
        return [st.integers(-3, 3).map(float), many]
    lowest = 0 if kind == "u" else -4
    bits = min(8 * size, 40) - 1
    return [
        st.integers(lowest, 4),
        st.integers(100, 108),
        st.integers(-(2**bits) if lowest else 0, 2**bits - 1),
    ]


@st.composite
def images(draw, dtypes=tuple(DTYPES)):
    """Draw an image, what says where its channels are, and its pixels as rows."""
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=6))
    kind = draw(st.sampled_from(["gray", "rgb", "channels"]))
    n_channels = {"gray": 1, "rgb": 3, "channels": 2}[kind]
    size = int(np.prod(shape)) * n_channels
    drawn = draw(st.sampled_from(values(dtype)))
    palette = draw(st.lists(drawn, min_size=2, max_size=12))
    index = draw(hnp.arrays(np.intp, size, elements=st.integers(0, len(palette) - 1)))
    flat = np.array(palette, dtype)[index]
    if kind == "gray":
        image = flat.reshape(shape)
        return image, {"rgb": False}, image.reshape(-1, 1)
    image = flat.reshape(*shape, n_channels)
    rows = image.reshape(-1, n_channels)
    if kind == "rgb" and draw(st.booleans()):
        return image, {"rgb": True}, rows
    axis = draw(st.integers(-len(shape) - 1, len(shape)))
    where = {"rgb": kind == "rgb", "channel_axis": axis}
    return np.moveaxis(image, -1, axis), where, rows


options = st.fixed_dictionaries(
    {
        "attempts": st.integers(1, 3),
        "init": st.sampled_from(["random", "k-means++"]),
        "seed": st.integers(0, 100),
        # 6 pixels of a sample: larger images of integers are counted.
        "max_samples": st.sampled_from([None, 6, 65_536]),
    }
)


def few_enough(rows, most=6):
    return st.integers(1, min(most, len(np.unique(rows, axis=0))))


def photo(shape=(60, 70), dtype=np.uint8, n_channels=3, seed=0):
    """Return a few soft-edged color patches with noise."""
    rng = np.random.default_rng(seed)
    patches = rng.integers(20, 235, (4, 5, n_channels))
    rows = np.linspace(0, 3, shape[0]).round().astype(int)
    columns = np.linspace(0, 4, shape[1]).round().astype(int)
    image = patches[rows][:, columns] + rng.normal(0, 12, (*shape, n_channels))
    return np.clip(image, 0, 255).astype(dtype)


def assert_equal(a, b):
    """Compare two results, bit by bit."""
    for name in ("labels", "centers", "counts", "quantized", "palette"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    for name in ("compactness", "n_iter", "converged", "n_excluded", "n_colors"):
        assert getattr(a, name) == getattr(b, name)


@given(images(), options, st.data())
def test_labels_and_compactness_are_those_of_brute_force(drawn, settings, data):
    image, where, rows = drawn
    k = data.draw(few_enough(rows))
    q = quantize(image, k, **where, **settings)
    labels = reference.nearest(rows, q.centers)
    np.testing.assert_array_equal(q.labels.reshape(-1), labels + 1)
    exact = reference.compactness(rows, labels, q.centers)
    assert q.compactness == pytest.approx(exact, rel=1e-12, abs=1e-300)
    np.testing.assert_array_equal(q.counts, np.bincount(labels, minlength=k))
    assert q.k == k
    assert (q.counts > 0).all()
    assert q.n_excluded == 0


@given(images(), options, st.data())
def test_each_pixel_is_quantized_to_its_center(drawn, settings, data):
    image, where, rows = drawn
    k = data.draw(few_enough(rows))
    q = quantize(image, k, **where, **settings)
    assert q.quantized.shape == image.shape
    assert q.quantized.dtype == image.dtype
    assert q.palette.quantizer.values.dtype == image.dtype
    expected = q.palette.quantizer.values[q.labels - 1]
    if "channel_axis" in where:
        expected = np.moveaxis(expected, -1, where["channel_axis"])
    np.testing.assert_array_equal(q.quantized, expected.reshape(image.shape))
    if image.dtype.kind in "iu":
        rounded = [[round(value) for value in center] for center in q.centers.tolist()]
        assert q.palette.quantizer.values.tolist() == rounded
    elif image.dtype.kind == "b":
        np.testing.assert_array_equal(q.palette.quantizer.values, q.centers >= 0.5)
    else:
        np.testing.assert_array_equal(
            q.palette.quantizer.values, q.centers.astype(image.dtype)
        )


@given(images(), options, st.data())
def test_a_converged_center_is_the_mean_of_its_pixels(drawn, settings, data):
    image, where, rows = drawn
    k = data.draw(few_enough(rows))
    q = quantize(image, k, criteria=TO_THE_END, **where, **settings)
    if not q.converged:
        return
    reach = float(np.abs(rows.astype(np.float64)).max())
    for label, center in enumerate(q.centers, start=1):
        mean = reference.mean(rows[q.labels.reshape(-1) == label].astype(np.float64))
        np.testing.assert_allclose(center, mean, rtol=1e-12, atol=1e-15 * reach)


@pytest.mark.parametrize("dtype", ["u2", "i4", "u8"])
def test_a_pixel_between_two_centers_belongs_to_the_nearer_as_told(dtype):
    # 3 is halfway from 4/3 to 14/3, which round now up, now down.
    pixels = np.array([[0, 1, 3, 4, 5, 5]], dtype)
    labels = np.array([[0, 0, 0, 1, 1, 1]])
    for offset in range(0, 2000, 7):
        image = pixels + np.array(offset, dtype)
        q = quantize(image, 2, init=labels, attempts=1, criteria=TO_THE_END)
        nearest = reference.nearest(image.reshape(-1, 1), q.centers)
        np.testing.assert_array_equal(q.labels[0], nearest + 1)
        means = [image[q.labels == label].mean() for label in (1, 2)]
        np.testing.assert_allclose(q.centers.ravel(), means, rtol=1e-14)


@pytest.mark.parametrize("init", ["random", "optimal"])
def test_the_compactness_is_that_of_the_centers_as_told(init):
    # At 1e12, floats are 1e-4 apart: 4/3 cannot be told.
    image = np.array([[0, 1, 3, 14, 15, 15]]) + 10**12
    q = quantize(image, 2, init=init)
    exact = reference.compactness(image.reshape(-1, 1), q.labels[0] - 1, q.centers)
    assert q.compactness == pytest.approx(exact, rel=1e-12)


@given(images(), options, st.data())
def test_clusters_are_in_the_order_of_their_brightness(drawn, settings, data):
    image, where, rows = drawn
    q = quantize(image, data.draw(few_enough(rows)), **where, **settings)
    luminance = [0.2125, 0.7154, 0.0721] if q.rgb else np.ones(rows.shape[1])
    brightness = q.centers @ luminance
    tolerance = 1e-12 * np.abs(brightness).max()
    assert (np.diff(brightness) >= -tolerance).all()


@given(images(dtypes=["u1", "i1"]), st.data())
def test_the_order_of_pixels_changes_nothing_for_counted_images(drawn, data):
    _, _, rows = drawn
    k = data.draw(few_enough(rows))
    assume(len(rows) > max(k, 6))
    order = np.random.default_rng(len(rows)).permutation(len(rows))
    a = quantize(rows[np.newaxis], k, channel_axis=2, max_samples=6)
    b = quantize(rows[np.newaxis, order], k, channel_axis=2, max_samples=6)
    np.testing.assert_array_equal(a.centers, b.centers)
    np.testing.assert_array_equal(a.labels[:, order], b.labels)
    assert a.compactness == b.compactness


@given(images(dtypes=["u1", "i1"]), st.data())
def test_each_pixel_twice_changes_nothing_for_counted_images(drawn, data):
    _, _, rows = drawn
    k = data.draw(few_enough(rows))
    assume(len(rows) > max(k, 6))
    a = quantize(rows[np.newaxis], k, channel_axis=2, max_samples=6)
    b = quantize(np.stack([rows, rows]), k, channel_axis=2, max_samples=6)
    np.testing.assert_array_equal(a.centers, b.centers)
    np.testing.assert_array_equal(2 * a.counts, b.counts)
    assert b.compactness == pytest.approx(2 * a.compactness, rel=1e-15)


@pytest.mark.parametrize("max_samples", [500, 65_536])
@pytest.mark.parametrize("dtype", ["u1", "u2", "i4"])
@pytest.mark.parametrize("k", [2, 5, 9])
def test_shifting_an_integer_image_shifts_the_centers(dtype, k, max_samples):
    image = photo(dtype=dtype) // 2
    shifts = {"u1": [1, 100], "u2": [77, 60_000], "i4": [-5000, 10**6, -(2**31)]}
    a = quantize(image, k, max_samples=max_samples)
    for shift in shifts[dtype]:
        shifted = (image.astype(np.int64) + shift).astype(dtype)
        b = quantize(shifted, k, max_samples=max_samples)
        atol = 1e-15 * abs(shift)
        np.testing.assert_allclose(b.centers - shift, a.centers, 1e-12, atol)
        np.testing.assert_array_equal(a.labels, b.labels)
        assert b.compactness == pytest.approx(a.compactness, rel=1e-9)


FORMS = {
    "eight bits": (photo((90, 100)), {}),
    "eight bits, counted": (photo((90, 100)), {"max_samples": 1000}),
    "gray": (photo((90, 100), n_channels=1)[..., 0], {"max_samples": 1000}),
    "two channels": (
        photo((90, 100), np.uint16, 2) * 256,
        {"channel_axis": 2, "max_samples": 1000},
    ),
    "float": (photo((90, 100), np.float32) / 255, {"max_samples": 1000}),
    "double": (photo((90, 100), np.float64) + 1e9, {"max_samples": 1000}),
    "masked": (
        photo((90, 100)),
        {"mask": np.arange(9000).reshape(90, 100) % 7 > 0, "max_samples": 1000},
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_bits_do_not_depend_on_threads_or_blocks(form, monkeypatch):
    image, settings = FORMS[form]
    expected = quantize(image, 6, **settings)
    monkeypatch.setattr("napari_kmeans.core.data.codes.SORTED", 0)
    for threads, size in ((1, 2**18), (2, 4_000), (8, 1_024), (8, 997)):
        monkeypatch.setattr(run, "n_threads", lambda threads=threads: threads)
        monkeypatch.setattr(run, "SIZE", size)
        assert_equal(quantize(image, 6, **settings), expected)


@pytest.mark.parametrize("form", FORMS)
def test_bits_do_not_depend_on_the_order_in_memory(form):
    image, settings = FORMS[form]
    expected = quantize(image, 6, **settings)
    padded = np.zeros(tuple(2 * size for size in image.shape), image.dtype)
    strided = padded[tuple(slice(None, None, 2) for _ in image.shape)]
    strided[:] = image
    backward = np.ascontiguousarray(image[::-1, ::-1])[::-1, ::-1]
    frozen = image.copy()
    frozen.flags.writeable = False
    swapped = image.astype(image.dtype.newbyteorder(">"))
    for other in (np.asfortranarray(image), strided, backward, frozen, swapped):
        q = quantize(other, 6, **settings)
        assert_equal(q, expected)
        assert q.quantized.dtype == other.dtype


@pytest.mark.parametrize("form", FORMS)
def test_the_same_arguments_give_the_same_bits_in_every_thread(form):
    image, settings = FORMS[form]
    expected, found = quantize(image, 6, **settings), []
    threads = [
        threading.Thread(target=lambda: found.append(quantize(image, 6, **settings)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    for q in found:
        assert_equal(q, expected)
        assert q.settings == expected.settings


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("refine", [True, False])
def test_the_input_is_not_modified(form, refine):
    image, settings = FORMS[form]
    labels = (np.arange(9000) % 6).reshape(90, 100)
    before, labels_before = image.copy(), labels.copy()
    q = quantize(image, 6, init=labels, refine=refine, **settings)
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(labels, labels_before)
    assert not np.shares_memory(q.quantized, image)


def test_another_seed_may_give_another_answer():
    image = np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8)
    found = {quantize(image, 8, attempts=1, seed=s).compactness for s in range(5)}
    assert len(found) > 1


@given(images(), st.data())
def test_a_mask_leaves_as_if_only_its_pixels_were_there(drawn, data):
    image, where, rows = drawn
    assume("channel_axis" not in where)
    shape = image.shape[:-1] if where["rgb"] else image.shape
    mask = data.draw(hnp.arrays(bool, shape))
    inside = rows[mask.reshape(-1)]
    assume(len(inside))
    k = data.draw(few_enough(inside))
    q = quantize(image, k, mask=mask, **where)
    alone = quantize(inside[np.newaxis] if where["rgb"] else inside, k, **where)
    np.testing.assert_array_equal(q.labels[mask], alone.labels.reshape(-1))
    assert not q.labels[~mask].any()
    assert q.n_excluded == (~mask).sum()
    np.testing.assert_array_equal(q.quantized[~mask], image[~mask])
    np.testing.assert_array_equal(q.centers, alone.centers)
    assert q.compactness == alone.compactness


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("max_samples", [100, 65_536])
def test_pixels_that_are_not_finite_are_left_out(dtype, bad, max_samples):
    image = photo((40, 50), dtype)
    invalid = np.random.default_rng(0).random((40, 50)) < 0.2
    spoilt = image.copy()
    spoilt[invalid, np.arange(invalid.sum()) % 3] = bad
    q = quantize(spoilt, 4, max_samples=max_samples)
    masked = quantize(image, 4, mask=~invalid, max_samples=max_samples)
    np.testing.assert_array_equal(q.labels, masked.labels)
    np.testing.assert_array_equal(q.centers, masked.centers)
    np.testing.assert_array_equal(q.quantized[invalid], spoilt[invalid])
    assert q.n_excluded == invalid.sum()
    assert q.counts.sum() == (~invalid).sum()


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_alpha_is_kept_and_what_it_hides_is_left_out(dtype):
    color = photo((40, 50), dtype)
    rng = np.random.default_rng(0)
    alpha = rng.choice(np.array([0, 0.2, 1]), (40, 50, 1))
    alpha = (alpha if dtype == "f4" else alpha * np.iinfo(dtype).max).astype(dtype)
    image = np.concatenate([color, alpha], axis=-1)
    hidden = alpha[..., 0] == 0
    q, opaque = quantize(image, 4), quantize(color, 4, mask=~hidden)
    assert q.rgb
    assert q.centers.shape == (4, 3)
    np.testing.assert_array_equal(q.labels, opaque.labels)
    np.testing.assert_array_equal(q.centers, opaque.centers)
    np.testing.assert_array_equal(q.quantized[..., 3], image[..., 3])
    np.testing.assert_array_equal(q.quantized[..., :3], opaque.quantized)
    assert q.n_excluded == hidden.sum() > 0


def test_four_channels_of_a_channel_axis_are_all_clustered():
    image = photo((40, 50), n_channels=4)
    image[:5, :5, 3] = 0
    q = quantize(image, 4, channel_axis=-1)
    assert not q.rgb
    assert q.centers.shape == (4, 4)
    assert q.n_excluded == 0
    assert q.settings["channel_axis"] == 2


@pytest.mark.parametrize("n_channels", [3, 4])
@pytest.mark.parametrize("axis", [0, 1, 2, -2])
@pytest.mark.parametrize("lazy", [False, True])
def test_color_may_lie_along_any_axis(n_channels, axis, lazy):
    last = photo((40, 50), n_channels=n_channels)
    image = np.moveaxis(last, -1, axis)
    if lazy:
        image = da.from_array(image, chunks=17)
    options = {"rgb": True, "color_space": "oklab"}
    q = quantize(image, 4, channel_axis=axis, **options)
    expected = quantize(last, 4, **options)
    assert q.rgb
    assert q.channel_axis == axis % 3
    assert q.channels == expected.channels
    np.testing.assert_array_equal(q.labels, expected.labels)
    np.testing.assert_array_equal(q.centers, expected.centers)
    np.testing.assert_array_equal(q.colors, expected.colors)
    quantized = np.moveaxis(expected.quantized, -1, axis)
    np.testing.assert_array_equal(q.quantized, quantized)
    labels, painted = q.palette.apply(image)
    np.testing.assert_array_equal(labels, q.labels)
    np.testing.assert_array_equal(painted, q.quantized)


def test_rgb_is_guessed_as_by_napari():
    assert quantize(photo((31, 31)), 2).rgb
    assert not quantize(photo((30, 31)), 2).rgb
    assert quantize(photo((30, 31)), 2, rgb=True).rgb
    gray = quantize(photo((31, 31)), 2, rgb=False)
    assert not gray.rgb
    assert gray.labels.shape == (31, 31, 3)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("max_samples", [10, None])
def test_one_cluster_is_the_mean(dtype, max_samples):
    image = (photo((40, 50)) // 2).astype(dtype)
    q = quantize(image, 1, max_samples=max_samples)
    mean = reference.mean(image.reshape(-1, 3).astype(float))
    np.testing.assert_allclose(q.centers[0], mean, rtol=1e-14)
    assert (q.labels == 1).all()
    assert q.converged


@pytest.mark.parametrize(("k", "warned"), [(1, False), (5, True)])
def test_a_constant_image_has_its_value_as_center_at_any_size(k, warned):
    image = np.full((5_000, 6_800), 100, np.uint8)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        q = quantize(image, k)
    assert len(seen) == warned
    assert q.centers.tolist() == [[100.0]]
    assert q.compactness == 0
    assert q.counts.tolist() == [34_000_000]
    assert (q.quantized == 100).all()


def test_a_stack_of_16_bits_is_right_where_float32_is_not():
    # The sum of these 8 million voxels is far beyond what float32 can count.
    stack = np.empty((32, 512, 512), np.uint16)
    stack[::2], stack[1::2] = 60_001, 1_003
    stack[:, 0, 0] += 1
    q = quantize(stack, 2)
    n = stack[::2].size
    expected = [1_003 + 16 / n, 60_001 + 16 / n]
    np.testing.assert_allclose(q.centers.ravel(), expected, rtol=1e-12)
    assert q.compactness == pytest.approx(2 * 16 * (1 - 16 / n), rel=1e-9)


@pytest.mark.parametrize("max_samples", [100, 65_536])
def test_integers_around_a_million_are_right(max_samples):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 3, (60, 60)).astype(np.int32) + 1_000_000
    image += 10 * rng.integers(0, 3, image.shape).astype(np.int32)
    q = quantize(image, 3, criteria=TO_THE_END, max_samples=max_samples)
    for label in (1, 2, 3):
        mean = (image[q.labels == label].astype(float) - 1e6).mean() + 1e6
        assert q.centers[label - 1, 0] == pytest.approx(mean, rel=1e-15)
    assert np.unique(q.labels[image < 1_000_005]).tolist() == [1]
    assert np.unique(q.labels[image > 1_000_015]).tolist() == [3]


@pytest.mark.parametrize("max_samples", [100, 65_536])
def test_doubles_around_a_billion_are_right(max_samples):
    rng = np.random.default_rng(0)
    groups = rng.integers(-1, 2, (60, 60))
    image = 1e9 + groups + rng.normal(0, 0.01, groups.shape)
    q = quantize(image, 3, max_samples=max_samples)
    np.testing.assert_array_equal(q.labels, groups + 2)
    np.testing.assert_allclose(q.centers.ravel() - 1e9, [-1, 0, 1], atol=0.01)


def test_an_image_from_0_to_1_is_not_left_after_one_step():
    image = photo((100, 100), np.float32) / 255
    bytes_ = photo((100, 100))
    q, expected = quantize(image, 6), quantize(bytes_, 6)
    assert q.compactness * 255**2 == pytest.approx(expected.compactness, rel=0.01)
    assert q.settings["epsilon"] == pytest.approx(np.ptp(image) / 255)


@pytest.mark.parametrize("dtype", ["i8", "u8"])
@pytest.mark.parametrize("max_samples", [10, 65_536])
def test_64_bit_integers_at_their_limits(dtype, max_samples):
    info = np.iinfo(dtype)
    image = np.array([[0, 1, 2, 50, 51, 52] * 4] * 4).astype(dtype)
    for low in (info.min, info.max - 52):
        shifted = image + np.array(low, dtype)
        q = quantize(shifted, 2, max_samples=max_samples)
        assert q.labels[0, :6].tolist() == [1, 1, 1, 2, 2, 2]
        assert q.palette.quantizer.values.ravel().tolist() == [
            int(low) + 1,
            int(low) + 51,
        ]
        assert q.compactness == 64.0
        assert q.n_colors == 6
    ends = np.array([[info.min, info.max] * 20] * 4, dtype)
    q = quantize(ends, 2, max_samples=max_samples)
    np.testing.assert_array_equal(q.quantized, ends)
    assert q.compactness == 0


@pytest.mark.parametrize("exponent", [-1000, -300, -80, 80, 300, 900])
@pytest.mark.parametrize("max_samples", [100, 65_536])
def test_floats_may_be_huge_or_tiny(exponent, max_samples):
    image, factor = photo((40, 50), np.float64), 2.0**exponent
    a = quantize(image, 4, max_samples=max_samples)
    b = quantize(image * factor, 4, max_samples=max_samples)
    np.testing.assert_array_equal(a.labels, b.labels)
    np.testing.assert_array_equal(a.centers * factor, b.centers)
    np.testing.assert_array_equal(b.quantized, b.centers[b.labels - 1])
    assert b.compactness == float(a.compactness) * factor * factor
    assert b.value_range == (image.min() * factor, image.max() * factor)


@pytest.mark.parametrize("extreme", [1.7e308, 5e-324])
def test_floats_may_be_at_their_limits(extreme):
    image = extreme * np.array([[-1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    q = quantize(image, 3)
    np.testing.assert_array_equal(q.quantized, image)
    assert quantize(image, 2).k == 2


@pytest.mark.parametrize("dtype", ["?", "u1", "u2", "f4"])
@pytest.mark.parametrize("max_samples", [5, 65_536])
@pytest.mark.parametrize("refine", [True, False])
def test_fewer_colors_than_clusters_warn_once(dtype, max_samples, refine):
    image = (np.arange(400).reshape(20, 20) % 2).astype(dtype)
    with pytest.warns(UserWarning, match="^k=5 should be at most the 2 ") as seen:
        q = quantize(image, 5, max_samples=max_samples, refine=refine)
    assert len(seen) == 1
    assert seen[0].filename == __file__
    assert q.centers.tolist() == [[0.0], [1.0]]
    assert q.counts.tolist() == [200, 200]
    assert q.note == str(seen[0].message)
    np.testing.assert_array_equal(q.quantized, image)


@pytest.mark.parametrize(("k", "dtype"), [(255, "u1"), (256, "u2")])
@pytest.mark.parametrize("max_samples", [300, 65_536])
def test_labels_are_as_short_as_they_can_be(k, dtype, max_samples):
    image = np.arange(400, dtype=np.uint16).reshape(20, 20)
    q = quantize(image, k, attempts=1, max_samples=max_samples)
    assert q.labels.dtype == dtype
    assert q.labels.max() == k
    assert q.labels.min() == 1


def test_as_many_clusters_as_colors_are_the_colors():
    image = np.random.default_rng(0).permutation(256).reshape(16, 16).astype(np.uint8)
    for max_samples in (256, 255 + 1, None):
        q = quantize(image, 256, max_samples=max_samples)
        np.testing.assert_array_equal(q.quantized, image)
        np.testing.assert_array_equal(q.labels, image.astype(int) + 1)


@pytest.mark.parametrize("k", [97, 98, 99, 100])
def test_nearly_as_many_clusters_as_pixels(k):
    image = np.random.default_rng(0).random((10, 10)).astype(np.float32)
    q = quantize(image, k, attempts=1)
    assert (q.counts > 0).all()
    assert q.k == k


@pytest.mark.parametrize("max_samples", [50, None])
def test_initial_labels_are_where_the_first_attempt_starts(max_samples):
    square = np.array([[0, 0], [0, 100], [120, 0], [120, 100]], np.uint8)
    index = np.random.default_rng(0).integers(0, 4, (30, 30))
    image = square[index]
    for labels in (index % 2, index // 2):
        q = quantize(
            image,
            2,
            channel_axis=-1,
            init=labels.astype(np.uint8),
            attempts=1,
            max_samples=max_samples,
        )
        same = (q.labels - 1 == labels).mean()
        assert same in (0, 1)
        assert q.settings["init"] == "labels"


@pytest.mark.parametrize("dtype", ["u2", "f4", "i8"])
def test_initial_labels_go_with_their_pixels(dtype):
    square = np.array([[0, 0], [0, 100], [120, 0], [120, 100]], dtype)
    index = np.random.default_rng(0).integers(0, 4, (30, 30))
    image, mask = square[index], np.ones((30, 30), bool)
    mask[:, ::3] = False
    q = quantize(
        image,
        2,
        channel_axis=2,
        init=index // 2,
        attempts=1,
        mask=mask,
        max_samples=50,
    )
    assert (q.labels[mask] - 1 == index[mask] // 2).all()


def test_what_made_it_is_on_record():
    image = photo((40, 50))
    q = quantize(image, 3, criteria=(3, 7, 0.5), attempts=2, seed=9, max_samples=1000)
    json.dumps(q.settings)
    expected = {
        "k": 3,
        "max_iter": 7,
        "epsilon": 0.5,
        "attempts": 2,
        "init": "random",
        "seed": 9,
        "max_samples": 1000,
        "refine": True,
        "rgb": True,
        "channel_axis": None,
        "masked": False,
    }
    assert expected.items() <= q.settings.items()
    assert set(q.settings["versions"]) >= {"napari-kmeans", "numpy", "opencv", "numba"}


@pytest.mark.parametrize(
    ("image", "n_colors"),
    [
        (photo((40, 50)), len(np.unique(photo((40, 50)).reshape(-1, 3), axis=0))),
        (np.zeros((300, 300), np.uint8), 1),
        (np.arange(90_000, dtype=np.uint32).reshape(300, 300), 90_000),
        (np.arange(40_000.0).reshape(200, 200), 40_000),
        (np.arange(90_000.0).reshape(300, 300), None),
    ],
)
def test_distinct_colors_are_told_where_they_are_counted(image, n_colors):
    assert quantize(image, 1).n_colors == n_colors


def test_lists_and_other_arrays_are_images():
    image = [[1, 2], [8, 9]]
    expected = quantize(np.array(image), 2)
    assert_equal(quantize(image, 2), expected)
    da = pytest.importorskip("dask.array")
    lazy = da.from_array(np.array(image), chunks=1)
    assert_equal(quantize(lazy, 2), expected)


def test_a_subclass_of_arrays_is_an_array():
    class Tagged(np.ndarray):
        pass

    image = photo((40, 50))
    q = quantize(image.view(Tagged), 3)
    assert_equal(q, quantize(image, 3))
    assert type(q.quantized) is np.ndarray


@pytest.mark.parametrize("rgb", [False, True])
def test_painted_labels_are_extended_to_their_nearest(rgb):
    image = photo((40, 50)) if rgb else photo((40, 50))[..., 0]
    painted = np.zeros((40, 50), np.uint8)
    painted[2, 3:6], painted[30, 8:20], painted[20, 40:45] = 1, 3, 4
    extended = extend_labels(image, painted, 5, rgb=rgb)
    assert extended.dtype == np.int32
    np.testing.assert_array_equal(extended[painted > 0], painted[painted > 0] - 1)
    rows = image.reshape(-1, 3 if rgb else 1)
    means = [rows[painted.ravel() == label].mean(axis=0) for label in (1, 3, 4)]
    nearest = np.array([0, 2, 3])[reference.nearest(rows, np.array(means))]
    rest = painted.ravel() == 0
    np.testing.assert_array_equal(extended.ravel()[rest], nearest[rest])
    assert quantize(image, 5, init=extended, attempts=1, rgb=rgb).k == 5


def test_painting_only_pixels_that_are_left_out_is_refused():
    image = np.array([[np.nan, 1.0], [2.0, 3.0]])
    with pytest.raises(ValueError, match=r"^start labels should have .* finite\.$"):
        extend_labels(image, np.array([[1, 0], [0, 0]]), 2, rgb=False)
    extended = extend_labels(image, np.array([[1, 1], [0, 2]]), 2, rgb=False)
    assert extended.tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize("attempts", [2, 10])
def test_more_attempts_do_not_lose_a_good_start(attempts):
    image = photo((300, 400))
    good = quantize(image, 5)
    init = good.labels.astype(np.intp) - 1
    once = quantize(image, 5, init=init, attempts=1)
    again = quantize(image, 5, init=init, attempts=attempts)
    assert again.compactness <= once.compactness * (1 + 1e-4)
    assert once.compactness <= good.compactness * (1 + 1e-4)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_half_a_value_is_rounded_alike_for_every_dtype(dtype):
    image = np.array([[1, 3], [3, 3]], dtype)
    assert quantize(image, 1).palette.quantizer.values.tolist() == [[2]]
