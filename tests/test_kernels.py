"""The kernels, compiled and as plain Python, against NumPy and exact fractions."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import reference
from napari_kmeans.core import kernels
from napari_kmeans.core.data.codes import BITS, Codes, packed_rgb, words_of
from napari_kmeans.core.data.frame import Frame
from napari_kmeans.core.data.samples import Samples

pytestmark = pytest.mark.usefixtures("jit")

NO_WEIGHTS = np.empty(0)


def morton(color):
    """Interleave the bits of red, green and blue, from the highest down."""
    digits = zip(*(f"{value:08b}" for value in color), strict=True)
    return int("".join("".join(bits) for bits in digits), 2)


def random_values(n_channels, n, dtype, seed=0):
    rng = np.random.default_rng(seed)
    # Few different values: ties and doubles are what goes wrong.
    return rng.integers(0, 6, (n_channels, n)).astype(dtype)


def quanta_of(values, weights, origin):
    total = weights.sum() if weights.size else values.shape[1]
    reach = np.abs(values - origin[:, np.newaxis]).max(axis=1)
    return np.array([kernels.quanta(r, total, values.shape[1]) for r in (*reach, 1.0)])


def samples_of(values, weights=NO_WEIGHTS, compact=False):
    origin = (0,) * len(values)
    return Samples(values, weights, Frame(origin), False, None, compact)


def boxes_of(values):
    return samples_of(values).boxes


def accumulate(values, weights, centers, start=0, stop=None, totaled=False):
    origin = values.min(axis=1).astype(np.float64)
    splitters = kernels.SPLITTER * quanta_of(values, weights, origin)
    boxes = boxes_of(values)
    totals = samples_of(values, weights, compact=totaled).totals
    assert len(totals) == (len(boxes) if totaled else 0)
    splitters = np.vstack([splitters, [1.0, 1.0]])
    stop = len(boxes) if stop is None else stop
    given = values, weights, origin, boxes, totals, centers, splitters, start, stop
    sums = kernels.visit(*given, np.empty(0, np.uint8), np.empty(0))
    assert not sums[:, -1].any()
    return sums[:, :-1]


def assign(values, weights, centers):
    labels = np.full(values.shape[1], 255, np.uint8)
    reach = 1 + np.ptp(np.hstack([values, centers.T]), axis=1)
    origin = values.min(axis=1).astype(np.float64)
    total = weights.sum() if weights.size else values.shape[1]
    quanta = np.vstack(
        [
            quanta_of(values, weights, origin),
            kernels.quanta((reach**2).sum(), total, labels.size),
        ]
    )
    boxes, each = boxes_of(values), np.empty(labels.size)
    totals = np.empty((0, len(values) + 1, 2))
    given = values, weights, origin, boxes, totals, centers
    sums = kernels.visit(
        *given, kernels.SPLITTER * quanta, 0, len(boxes), labels, each
    ).sum(axis=-1)
    assert not sums[:, :-2].any()
    np.testing.assert_allclose(each.sum(), sums[:, -1].sum(), rtol=1e-12)
    return labels, sums[:, -2:]


@pytest.mark.parametrize("n", [1, 127, 128, 129, 1000])
def test_boxes_bound_their_tiles(n):
    values = random_values(3, n, np.float32)
    for tile, (least, greatest) in enumerate(boxes_of(values)):
        inside = values[:, tile * kernels.TILE : (tile + 1) * kernels.TILE]
        np.testing.assert_array_equal(least, inside.min(axis=1))
        np.testing.assert_array_equal(greatest, inside.max(axis=1))


@pytest.mark.parametrize("n_channels", [1, 2, 3, 5])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("k", [2, 20, 200])
def test_compact_tiles_with_few_candidates_change_nothing(n_channels, weighted, k):
    # Sorted, so that tiles have few candidates, often one; on a grid, so that ties
    # between centers that are not all candidates are common.
    rng = np.random.default_rng(0)
    values = np.sort(rng.integers(0, 300, (n_channels, 3000)), axis=1) / 4
    weights = rng.integers(1, 9, 3000).astype(float) if weighted else NO_WEIGHTS
    centers = rng.integers(0, 75, (k, n_channels)).astype(float)
    labels, _ = assign(values, weights, centers)
    expected = reference.nearest(values.T, centers)
    np.testing.assert_array_equal(labels, expected)
    plain = accumulate(values, weights, centers)
    np.testing.assert_array_equal(
        plain, accumulate(values, weights, centers, totaled=True)
    )
    counts = np.bincount(expected, weights if weighted else None, k)
    np.testing.assert_array_equal(plain[:, -1].sum(axis=-1), counts)


@given(
    st.floats(1e-90, 1e90),
    st.floats(1e-50, 1e60),
    st.integers(1, 2**32),
)
def test_quanta_keep_every_sum_below_the_exact_integers(largest, total, n):
    first, second = kernels.quanta(largest, total, n)
    for quantum in (first, second):
        assert np.frexp(quantum)[0] == 0.5
    assert largest * total < 2.0**52 * first
    # What the first level leaves is at most half a quantum each.
    assert n * first / 2 <= 2.0**52 * second
    assert second < first


@pytest.mark.parametrize("largest", [0.0, 5e-324, 1e-310, 1e-300, 1e300, np.inf])
def test_quanta_of_extreme_values_split_without_overflow(largest):
    quanta = kernels.quanta(largest, 1.0, 1)
    assert (quanta > 0).all()
    splitters = 1.5 * 2.0**52 * quanta
    assert np.isfinite(splitters).all()
    np.testing.assert_array_equal(np.spacing(splitters), quanta)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 7])
def test_visit_finds_the_nearest_center_ties_to_the_lowest(dtype, n_channels):
    values = random_values(n_channels, 1500, dtype)
    # Two centers are equal, and many samples lie midway between two others.
    centers = random_values(6, n_channels, np.float64, seed=1).round()
    centers[4] = centers[1]
    labels, sums = assign(values, NO_WEIGHTS, centers)
    expected = reference.nearest(values.T, centers)
    np.testing.assert_array_equal(labels, expected)
    squared = reference.squared_distances(values.T, centers).min(axis=1)
    np.testing.assert_array_equal(sums[:, 0], np.bincount(expected, minlength=6))
    np.testing.assert_array_equal(
        sums[:, 1], np.bincount(expected, squared, minlength=6)
    )


@given(
    hnp.arrays(
        np.float64,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=40),
        elements=st.floats(-1e90, 1e90),
    ),
    st.integers(1, 5),
    st.integers(0, 2**32 - 1),
)
def test_visit_is_exact_to_the_last_bits(values, k, seed):
    rng = np.random.default_rng(seed)
    n_channels, n = values.shape
    centers = values.T[rng.integers(0, n, k)]
    weights = rng.random(n)
    sums = accumulate(values, weights, centers).sum(axis=-1)
    labels = reference.nearest(values.T, centers)
    origin = values.min(axis=1)
    for label in range(k):
        inside = labels == label
        for channel in range(n_channels):
            # The subtraction and the product round once each, the sum does not.
            addends = (values[channel] - origin[channel]) * weights
            exact = sum(map(Fraction, addends[inside].tolist()), Fraction(0))
            bound = np.ptp(values[channel]) * weights.sum()
            assert abs(Fraction(sums[label, channel]) - exact) <= bound * 2.0**-52
        exact = sum(map(Fraction, weights[inside].tolist()), Fraction(0))
        assert abs(Fraction(sums[label, -1]) - exact) <= weights.sum() * 2.0**-52


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
def test_visit_adds_up_to_the_same_bits_however_it_is_cut(dtype, weighted):
    rng = np.random.default_rng(0)
    values = rng.random((3, 2500)).astype(dtype)
    weights = rng.random(2500) if weighted else NO_WEIGHTS
    centers = rng.random((4, 3))
    whole = accumulate(values, weights, centers)
    n_tiles = -(-2500 // kernels.TILE)
    for size in (1, 3, 7):
        cuts = range(0, n_tiles, size)
        parts = [
            accumulate(values, weights, centers, a, min(a + size, n_tiles))
            for a in cuts
        ]
        np.testing.assert_array_equal(np.sum(parts[::-1], axis=0), whole)


def test_visit_counts_unweighted_samples():
    values = random_values(2, 1100, np.float32)
    centers = np.array([[1.0, 1.0], [4.0, 4.0], [100.0, 100.0]])
    counts = accumulate(values, NO_WEIGHTS, centers)[:, -1].sum(axis=-1)
    expected = np.bincount(reference.nearest(values.T, centers), minlength=3)
    np.testing.assert_array_equal(counts, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_farthest_is_the_last_of_the_farthest_free_samples(dtype):
    values = random_values(2, 1300, dtype)
    labels = np.random.default_rng(1).integers(0, 3, 1300).astype(np.uint8)
    taken = np.array([[5.0, 5.0], [3.0, 5.0]])
    mean = np.array([3.7, 4.2])
    boxes = boxes_of(values)
    distance, index = kernels.farthest(
        values, boxes, labels, 1, mean, taken, 0, len(boxes)
    )
    free = labels == 1
    for row in taken:
        free &= (row != values.T).any(axis=1)
    squared = reference.squared_distances(values.T, mean[np.newaxis])[:, 0]
    squared = np.where(free, squared, -1)
    assert distance == squared.max()
    assert index == np.flatnonzero(squared == squared.max())[-1]


def test_farthest_says_where_there_is_none():
    values = np.ones((1, 5), np.float32)
    labels, none = np.zeros(5, np.uint8), np.empty((0, 1))
    arguments = (values, boxes_of(values), labels, 1, np.ones(1), none, 0, 1)
    assert kernels.farthest(*arguments) == (-1.0, -1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.uint64])
def test_count1_counts_from_start_to_stop(dtype):
    codes = np.random.default_rng(0).integers(0, 200, 500).astype(dtype)
    codes.flags.writeable = False
    table = np.zeros(200, np.uint32)
    touched = np.zeros(1, np.bool_)
    kernels.count1(codes, table, touched, 100, 400)
    assert touched.all()
    counts = np.bincount(codes[100:400].astype(np.int64), minlength=200)
    np.testing.assert_array_equal(table, counts)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int64])
def test_count3_counts_colors_from_start_to_stop(dtype):
    image = np.random.default_rng(0).integers(0, 3, (300, 3)).astype(dtype) * 127
    table = np.zeros(2**24, np.uint32)
    touched = np.zeros(2**24 // 512, np.bool_)
    red, green, blue = image.T
    kernels.count3(red, green, blue, BITS, table, touched, 10, 300)
    np.testing.assert_array_equal(touched, table.reshape(-1, 512).any(axis=1))
    expected = Counter(morton(color) for color in image[10:].tolist())
    found = np.flatnonzero(table).tolist()
    assert dict(zip(found, table[found].tolist(), strict=True)) == expected


@pytest.mark.parametrize("two", [False, True])
def test_collect_tells_the_codes_that_occur_and_how_often(two):
    tables = np.random.default_rng(0).integers(0, 3, (2, 2000)).astype(np.uint32)
    tables[:, 1100] = 2**32 - 1
    first, second = tables[0], tables[1] if two else tables[1, :0]
    cells = np.array([2, 3])
    codes, counts = np.empty(1536, np.uint32), np.empty(1536)
    found = kernels.collect(first, second, cells, codes, counts)
    codes, counts = codes[:found], counts[:found]
    total = first + (second.astype(float) if two else 0)
    expected = 1024 + np.flatnonzero(total[1024:])
    np.testing.assert_array_equal(codes, expected)
    np.testing.assert_array_equal(counts, total[expected])


def test_collect_of_an_empty_table_is_empty():
    none = np.zeros(10, np.uint32)
    codes, counts = np.empty(512, np.uint32), np.empty(512)
    assert kernels.collect(none, none[:0], np.array([0]), codes, counts) == 0


@pytest.mark.parametrize("codes_dtype", [np.uint8, np.uint16, np.uint32, np.uint64])
@pytest.mark.parametrize("labels_dtype", [np.uint8, np.uint16])
def test_look_up1_writes_from_start_to_stop(codes_dtype, labels_dtype):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 200, 50).astype(codes_dtype)
    lut = rng.integers(1, 255, 200).astype(labels_dtype)
    labels = np.zeros(50, labels_dtype)
    kernels.look_up1(codes, lut, labels, 5, 45)
    np.testing.assert_array_equal(labels[5:45], lut[codes[5:45]])
    assert not labels[:5].any()
    assert not labels[45:].any()


def test_look_up3_finds_the_code_of_each_color():
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (40, 3), np.uint8)
    image[:2] = [[0, 0, 0], [255, 255, 255]]
    lut = np.zeros(2**24, np.uint8)
    codes = [morton(color) for color in image.tolist()]
    lut[codes] = np.arange(1, 41)
    labels = np.zeros(40, np.uint8)
    kernels.look_up3(*image.T, BITS, lut, labels, 0, 40)
    np.testing.assert_array_equal(labels, lut[codes])
    assert labels.min() > 0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.uint64])
def test_paint_leaves_unlabeled_pixels_and_further_channels(dtype):
    palette = np.array([[1, 2], [3, np.iinfo(dtype).max]], dtype)
    pixels = np.full((5, 3), 9, dtype)
    labels = np.array([0, 1, 2, 0, 2], np.uint16)
    kernels.paint(labels, palette, pixels, 0, 4)
    most = int(np.iinfo(dtype).max)
    assert pixels.tolist() == [[9] * 3, [1, 2, 9], [3, most, 9], [9] * 3, [9] * 3]


@given(st.integers(0, 40), st.integers(0, 7), st.integers(0, 99), st.booleans())
def test_words_are_counted_looked_up_and_painted_as_bytes_are(n, offset, seed, alike):
    rng = np.random.default_rng(seed)
    memory = rng.integers(0, 2 if alike else 256, 3 * n + 16, np.uint8)
    image = memory[offset : offset + 3 * n].reshape(n, 3)
    words = words_of(list(image.T))
    # Those that do not begin where words do are left to the bytes.
    assert words.size in (0, n // 4 * 3)
    fours = words.size // 3
    counts, touched = np.zeros((2, 2**24), np.uint32), np.zeros((2, 2**15), np.bool_)
    codes = Codes((0, 0, 0), (256, 256, 256)).encode(list(image.T))
    kernels.count4(words, BITS, counts[0], touched[0], 0, fours)
    kernels.count3(*image.T, BITS, counts[1], touched[1], 0, 4 * fours)
    np.testing.assert_array_equal(*counts[:, codes])
    np.testing.assert_array_equal(*touched)
    lut = np.zeros(2**24, np.uint8)
    lut[codes] = rng.integers(1, 250, n)
    labels = np.zeros((2, n), np.uint8)
    kernels.look_up4(words, BITS, lut, labels[0], 0, fours)
    kernels.look_up3(*image.T, BITS, lut, labels[1], 0, 4 * fours)
    np.testing.assert_array_equal(*labels)
    colors = rng.integers(0, 256, (255, 3), np.uint8)
    painted = np.zeros((2, n, 3), np.uint8)
    labels += 1
    into = words_of(list(painted[0].T), write=True)
    assert into.size == n // 4 * 3
    kernels.paint4(labels[0], packed_rgb(colors), into, 0, n // 4)
    kernels.paint(labels[0], colors, painted[1], 0, n // 4 * 4)
    np.testing.assert_array_equal(*painted)


@pytest.mark.parametrize("cut", [np.s_[:, ::2], np.s_[::-1], np.s_[:, 1:]])
def test_only_pixels_that_lie_side_by_side_are_words(cut):
    image = np.zeros((8, 16, 3), np.uint8)[cut]
    assert words_of([image[..., c].reshape(-1) for c in range(3)]).size == 0
    assert words_of([image.reshape(-1, 3)[:, c] for c in (2, 1, 0)]).size == 0


def test_tally_counts_labels_and_sums_their_columns():
    labels = np.random.default_rng(0).integers(0, 4, (7, 5)).astype(np.uint8)
    counts, columns = np.ones((7, 5), np.int64), np.ones(5, np.int64)
    kernels.tally(labels, counts, columns)
    for label in range(5):
        found = labels == label
        assert columns[label] - 1 == np.nonzero(found)[1].sum()
        np.testing.assert_array_equal(counts[:, label] - 1, found.sum(axis=1))


def test_next_costs_are_those_of_one_cluster_more():
    values, weights = np.array([0.0, 1.0, 5.0, 6.0, 20.0]), np.array([1.0, 2, 1, 1, 3])
    sums = np.zeros((3, 6))
    for row, power in zip(sums, (0, 1, 2), strict=True):
        row[1:] = np.cumsum(weights * values**power)
    one = np.empty(6)
    kernels.first_costs(sums, one)
    assert one[:3].tolist() == [0, 0, pytest.approx(2 / 3)]
    begins = np.zeros(6, np.int32)
    two = kernels.next_costs(sums, one, 1, begins)
    assert begins[[4, 5]].tolist() == [2, 4]
    assert two[4] == pytest.approx(2 / 3 + 0.5)
    assert two[5] == pytest.approx(one[4])


@pytest.mark.parametrize("ordered", [False, True])
def test_pixels_are_dithered_one_after_another(ordered):
    rng = np.random.default_rng(0)
    image, centers = rng.random((9, 11, 3)), rng.random((5, 3))
    owners, thresholds = np.array([0, 1, 2, 1, 3]), rng.integers(0, 16, (4, 4))
    valid = rng.random(image.shape[:2]) > 0.1
    plain = reference.Dithering(centers, owners, centers[:4], 1, 0.9, thresholds)
    light, painted = reference.light_of(image), plain.lights
    box = np.stack([painted.min(axis=0), painted.max(axis=0)])
    same = np.eye(3)
    given = light, valid, same, reference.CURVE, same, centers, owners, painted, box
    labels = np.empty(valid.shape, np.uint8)
    if ordered:
        ranks = np.argsort(np.argsort(painted @ [0.2126, 0.7152, 0.0722]))
        places = np.arange(9), np.arange(11)
        kernels.mix(*given, 0.9, plain.most, ranks, thresholds, *places, labels)
        expected = plain.ordered(light, valid)
    else:
        errors = np.zeros((2, 13, 3))
        for rows in (slice(0, 4), slice(4, 9)):
            some = light[rows], valid[rows], *given[2:]
            first = rows.start
            kernels.diffuse(*some, 0.9, plain.most, first, errors, labels[rows])
        expected = plain.diffusion(light, valid)
    np.testing.assert_array_equal(labels, expected)
