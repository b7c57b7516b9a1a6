"""Samples: pixels and their distinct colors, exact for every dtype."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_kmeans.core.data import codes as module
from napari_kmeans.core.data import samples
from napari_kmeans.core.data.codes import Codes, count
from napari_kmeans.core.data.counted import from_colors
from napari_kmeans.core.data.samples import from_pixels

INTEGERS = [f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)]
FLOATS = ["f2", "f4", "f8"]


@st.composite
def integer_channels(draw, dtypes=("?", *INTEGERS), max_channels=3):
    """Draw channels of few values, anywhere in the dtype's range."""
    dtype = np.dtype(draw(st.sampled_from(dtypes)))
    n_channels = draw(st.integers(1, max_channels))
    n = draw(st.integers(1, 60))
    if dtype.kind == "b":
        lowest, highest = 0, 1
    else:
        info = np.iinfo(dtype)
        lowest, highest = int(info.min), int(info.max)
    channels = []
    for _ in range(n_channels):
        start = draw(st.one_of(st.just(lowest), st.integers(lowest, highest)))
        stop = min(start + draw(st.sampled_from([0, 1, 5, 40])), highest)
        values = st.integers(start, stop)
        channel = draw(st.lists(values, min_size=n, max_size=n))
        channels.append(np.array(channel, dtype))
    return channels


def colors_of(channels):
    codes = Codes.of(channels)
    return from_colors(codes, *count(channels, codes))


def exact(samples_):
    """Return the data's values as Python integers."""
    return [
        [int(value) + least for value in row]
        for row, least in zip(
            samples_.values.tolist(), samples_.frame.origin, strict=True
        )
    ]


@given(integer_channels(), st.sampled_from([0, 2**20]))
def test_colors_are_the_distinct_pixels_and_their_counts(channels, sort_up_to):
    codes = Codes.of(channels)
    assert codes is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SORTED", sort_up_to)
        colors = from_colors(codes, *count(channels, codes))
    rows = np.stack(channels, axis=1)
    expected = Counter(map(tuple, rows.tolist()))
    found = zip(zip(*exact(colors), strict=True), colors.weights, strict=True)
    assert dict(found) == expected
    assert colors.n_colors == colors.n == len(expected)
    assert colors.total_weight == len(rows)
    assert colors.integral


@given(integer_channels(), st.sampled_from([np.uint8, np.uint16]))
def test_each_pixel_gets_the_label_of_its_color(channels, dtype):
    colors = colors_of(channels)
    labels = np.arange(colors.n).astype(dtype)
    found = module.look_up(channels, colors.codes, colors.table(labels + dtype(1)))
    assert found.dtype == dtype
    assert found.min() >= 1
    values = np.array(exact(colors), object)[:, found - 1]
    assert values.tolist() == [channel.tolist() for channel in channels]


@given(integer_channels())
def test_codes_are_numbers_of_colors(channels):
    codes = Codes.of(channels)
    numbers = codes.encode(channels)
    assert numbers.dtype.kind == "u"
    assert numbers.max() < codes.n
    values = codes.decode(numbers).astype(int).astype(object)
    for row, least, channel in zip(values, codes.minima, channels, strict=True):
        assert (row + least).tolist() == channel.astype(object).tolist()


@given(integer_channels())
def test_integer_pixels_are_held_exactly(channels):
    pixels = from_pixels(channels)
    assert exact(pixels) == [c.astype(object).tolist() for c in channels]
    assert pixels.weights.size == 0
    assert pixels.frame.unit == 1
    assert pixels.integral
    restored = pixels.frame.inverse(pixels.values.T.astype(float)).T
    np.testing.assert_array_equal(restored, np.array(channels, float))


@given(
    st.sampled_from(FLOATS).flatmap(
        lambda dtype: hnp.arrays(
            dtype,
            hnp.array_shapes(min_dims=2, max_dims=2, max_side=20),
            elements=hnp.from_dtype(
                np.dtype(dtype), allow_nan=False, allow_infinity=False
            ),
        )
    )
)
def test_float_pixels_are_held_exactly_in_their_unit(array):
    pixels = from_pixels(list(array))
    largest = float(np.abs(pixels.values).max())
    assert largest == 0 or samples.EXTREME**-1 <= largest <= samples.EXTREME
    restored = pixels.frame.inverse(pixels.values.T.astype(float)).T
    # Beside extreme values, others may be too small to tell from zero.
    atol = np.abs(array).max() * 1e-300 if pixels.frame.unit > 1 else 0
    np.testing.assert_allclose(restored, array, rtol=0, atol=atol)
    assert not pixels.integral
    assert not any(pixels.frame.origin)
    assert pixels.n_colors == len(np.unique(pixels.values, axis=1).T)


@pytest.mark.parametrize(
    "value", [1e300, -1e300, 1e-300, 5e-324, 1.7976931348623157e308]
)
def test_extreme_floats_are_brought_near_one(value):
    pixels = from_pixels([np.array([0.0, value])])
    assert 0.5 <= np.abs(pixels.values).max() <= 2
    assert pixels.frame.unit == 2.0 ** np.log2(pixels.frame.unit).round()
    assert pixels.frame.inverse(pixels.values.T.astype(float)).T.tolist() == [
        [0.0, value]
    ]


@pytest.mark.parametrize("dtype", ["i8", "u8"])
def test_64_bit_integers_count_from_their_least_where_float64_would_round(dtype):
    info = np.iinfo(dtype)
    top = np.array([info.max - 3, info.max, info.max - 1], dtype)
    pixels = from_pixels([top, top - np.array(5, dtype)])
    assert pixels.frame.origin == (int(info.max) - 3, int(info.max) - 8)
    assert pixels.values.tolist() == [[0, 3, 2], [0, 3, 2]]
    ordinary = np.array([0, 2**53, 5], dtype)
    assert from_pixels([ordinary + np.array(3, dtype)]).frame.origin == (3,)
    whole = np.array([info.min, info.max], dtype)
    # Where these reach too far, from one that most are close to.
    assert from_pixels([whole]).values.tolist() == [[-(2.0**64), 0]]
    assert from_pixels([whole]).frame.origin == (info.max,)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS])
def test_either_byte_order_and_any_strides_will_do(dtype, order):
    array = np.arange(24).reshape(2, 12).astype(dtype)
    stored = np.zeros((2, 24), np.dtype(dtype).newbyteorder(order))
    stored[:, ::-2] = array
    stored.flags.writeable = False
    for channels in (list(array), list(stored[:, ::-2])):
        pixels = from_pixels(channels)
        values = pixels.values
        restored = pixels.frame.inverse(values.T).T
        np.testing.assert_array_equal(restored, array.astype(values.dtype))
        assert values.flags.c_contiguous
        assert values.dtype == np.float64


@pytest.mark.parametrize("dtype", [*INTEGERS, *FLOATS])
def test_many_pixels_are_held_as_float32_where_it_holds_them(dtype, monkeypatch):
    monkeypatch.setattr("napari_kmeans.core.data.frame.SINGLE", 20)
    many = from_pixels([np.arange(24).astype(dtype)]).values
    exact = np.dtype(dtype).itemsize <= 2 or dtype == "f4"
    assert many.dtype == (np.float32 if exact else np.float64)
    np.testing.assert_array_equal(many[0], np.arange(24))


@pytest.mark.parametrize(
    ("dtype", "n_channels", "expected"),
    [
        ("?", 3, 2**3),
        ("?", 24, 2**24),
        ("u1", 1, 2**8),
        ("i1", 3, 2**24),
        ("u1", 3, 2**24),
        ("i2", 1, 2**16),
        ("u2", 1, 2**16),
    ],
)
def test_short_dtypes_are_numbered_whatever_they_hold(dtype, n_channels, expected):
    channels = [np.array([0, 1], dtype)] * n_channels
    assert Codes.of(channels).n == expected


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "u8"])
def test_longer_ones_where_their_values_lie_close_together(dtype):
    channels = [np.array([100, 103], dtype)] * 4
    assert Codes.of(channels) == Codes((100,) * 4, (4,) * 4)


@pytest.mark.parametrize(
    "channels",
    [
        [np.array([0.0, 1.0])],
        [np.array([0, 2**24], np.uint32)],
        [np.array([0, 2**17], np.uint32)],  # few pixels: not worth a table
        [np.array([-(2**63), 2**63 - 1])],
        [np.array([0, 255], np.uint8)] * 4,
        [np.array([0, 65_535], np.uint16)] * 2,
        [np.array([0, 1], "?")] * 25,
    ],
)
def test_no_codes_where_they_would_be_too_many(channels):
    assert Codes.of(channels) is None


def test_a_table_may_be_as_long_as_the_image_makes_it_pay():
    channel = np.zeros(2**15, np.uint32)
    channel[0] = 4 * channel.size + 2**16 - 1
    assert Codes.of([channel]) is not None
    channel[0] += 1
    assert Codes.of([channel]) is None


def test_large_integers_of_a_wide_table_are_held_exactly():
    channel = np.arange(3, 3 + 2**22, dtype=np.uint32)
    channel[-1] = 2**24 + 2
    colors = colors_of([channel])
    restored = colors.frame.inverse(colors.values.T)
    assert restored[-1, 0] == 2**24 + 2
    assert restored[0, 0] == 3


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_counting_does_not_depend_on_threads_or_blocks(threads, monkeypatch):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 4, (50_000, 3), np.uint8)
    monkeypatch.setattr("napari_kmeans.core.run.threads.n_threads", lambda: threads)
    monkeypatch.setattr("napari_kmeans.core.run.threads.SIZE", 7_777)
    monkeypatch.setattr(module, "SORTED", 0)
    codes = Codes.of(list(image.T))
    occurring, counts = count(list(image.T), codes)
    numbers, expected = np.unique(codes.encode(list(image.T)), return_counts=True)
    np.testing.assert_array_equal(occurring, numbers)
    np.testing.assert_array_equal(counts, expected)


@given(
    hnp.arrays(np.float32, (2, 300), elements=st.sampled_from([0.0, -0.0, 0.5, 7.0])),
    st.integers(1, 8),
)
def test_distinct_samples_are_told_up_to_a_number(values, most):
    pixels = from_pixels(list(values))
    found = pixels.distinct(most)
    expected = np.unique(values.T, axis=0)
    assert len(np.unique(found, axis=0)) == len(found)
    if len(expected) <= most:
        np.testing.assert_array_equal(np.unique(found, axis=0), expected)
    else:
        assert len(found) > most


def test_distinct_samples_are_found_to_the_last():
    channel = np.zeros(200_000)
    channel[-1] = 5.0
    assert sorted(from_pixels([channel]).distinct(2).ravel()) == [0.0, 5.0]
    assert from_pixels([channel]).n_colors is None


def test_weights_add_up():
    pixels = from_pixels([np.array([1.0, 2.0, 1.0])], np.array([1.0, 2.0, 0.5]))
    assert pixels.n_colors == 2
    assert pixels.total_weight == 3.5
    assert from_pixels([np.array([1.0, 2.0, 1.0])]).total_weight == 3.0


@given(integer_channels())
def test_ranges_are_those_of_the_data(channels):
    pixels = from_pixels(channels)
    for channel, low, high, least in zip(
        channels, pixels.minima, pixels.maxima, pixels.frame.origin, strict=True
    ):
        assert int(low) + least == channel.min()
        assert int(high) + least == channel.max()
    assert pixels.range == max(int(c.max()) - int(c.min()) for c in channels)


@given(integer_channels(), st.floats(0, 1))
def test_rounded_values_are_those_that_are_told(channels, fraction):
    pixels = from_pixels(channels)
    centers = (pixels.values.T * fraction).astype(float)
    rounded = pixels.rounded(centers)
    np.testing.assert_array_equal(
        pixels.frame.inverse(rounded), pixels.frame.inverse(centers)
    )
    np.testing.assert_array_equal(pixels.rounded(rounded), rounded)


def test_relative_is_the_inverse_of_restore():
    for pixels in (
        from_pixels([np.array([0.0, 1e300]), np.array([1e299, 1e300])]),
        from_pixels([np.array([2**63 - 5, 2**63 - 1])] * 2),
    ):
        values = pixels.values.T.astype(float)
        np.testing.assert_array_equal(
            pixels.frame.inverse(pixels.frame.relative(pixels.frame.inverse(values))),
            pixels.frame.inverse(values),
        )
