"""Planes: each as `quantize` has it, and numbers that stay with their colors."""

import dataclasses
import itertools
import pickle
import threading
import time
import warnings

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer, Points

import reference
from napari_kmeans import (
    Canceled,
    Criteria,
    QuantizedPlanes,
    quantize,
    quantize_planes,
    to_layers,
)
from napari_kmeans.core.palettes.matching import match
from telling import Told

RED, GREEN, BLUE = np.eye(3)

#: 4 planes of 5 x 6 pixels.
MOVIE = np.random.default_rng(0).integers(0, 256, (4, 5, 6)).astype(np.uint8)


def quietly(image, k, **settings):
    """Quantize planes without a warning of few colors."""
    return without_warning(quantize_planes, image, k, **settings)


def quantize_alone(image, k, **settings):
    return without_warning(quantize, image, k, **settings)


def without_warning(function, *args, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return function(*args, **settings)


@st.composite
def movies(draw):
    """Draw an image, its axes, what says where its channels are, and its planes."""
    dtype = np.dtype(draw(st.sampled_from(["?", "u1", "u2", "i4", ">f4", "f8"])))
    n_axes = draw(st.integers(1, 2))
    sizes = draw(st.tuples(*[st.integers(1, 3)] * n_axes))
    rest = draw(st.tuples(*[st.integers(2, 4)] * draw(st.integers(2, 3))))
    kind = draw(st.sampled_from(["gray", "rgb", "rgba", "channels"]))
    n_channels = {"gray": 1, "rgb": 3, "rgba": 4, "channels": 2}[kind]
    colors = draw(st.lists(st.integers(0, 200), min_size=2, max_size=8))
    shape = (*sizes, *rest, n_channels)
    index = draw(hnp.arrays(np.intp, shape, elements=st.integers(0, len(colors) - 1)))
    image = np.array(colors).astype(dtype)[index]
    planes = [image[where] for where in np.ndindex(sizes)]
    if kind == "rgba":  # so many are not transparent, in each plane
        image[..., 3].reshape(*sizes, -1)[..., :4] = 1
    where, alone = {"rgb": kind in ("rgb", "rgba")}, {}
    if kind == "gray":
        image, planes = image[..., 0], [plane[..., 0] for plane in planes]
    anywhere = kind == "channels" or (kind != "gray" and draw(st.booleans()))
    if anywhere:
        alone = {"channel_axis": -1}
        source = draw(st.permutations(range(image.ndim)))
    else:
        moving = image.ndim - (kind != "gray")
        source = [*draw(st.permutations(range(moving))), *range(moving, image.ndim)]
    # The axes that remain stay in order, so that planes are what they were.
    kept = iter(sorted(a for a in source if n_axes <= a))
    source = [a if a < n_axes else next(kept) for a in source]
    image = image.transpose(source)
    if anywhere:
        where["channel_axis"] = source.index(len(source) - 1)
    axes = tuple(source.index(axis) for axis in range(n_axes))
    return image, axes, where, planes, {**where, **alone}


def plane_of(array, axes, index):
    """Return what is left of an array with an index chosen on each axis."""
    order = [*axes, *(axis for axis in range(array.ndim) if axis not in axes)]
    return array.transpose(order)[index]


def assert_same_but_for_numbers(labels, others):
    """Check that labels are others with other numbers, and 0 is 0."""
    np.testing.assert_array_equal(labels == 0, others == 0)
    pairs = np.unique(np.stack([labels, others]).reshape(2, -1), axis=1)
    assert all(len(np.unique(numbers)) == pairs.shape[1] for numbers in pairs)


def assert_equal(a, b):
    """Compare two results, bit by bit."""
    for name in ("labels", "quantized", "centers", "counts", "compactness", "n_iter"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
        assert getattr(a, name).dtype == getattr(b, name).dtype
    assert a.excluded == b.excluded
    np.testing.assert_array_equal(a.converged, b.converged)
    assert a.n_excluded == b.n_excluded


@given(movies(), st.integers(1, 4), st.integers(0, 5))
def test_each_plane_is_quantized_as_on_its_own(drawn, k, seed):
    image, axes, where, planes, alone = drawn
    settings = {"attempts": 2, "seed": seed}
    q = None
    label_axes = tuple(a - (a > where.get("channel_axis", 99)) for a in axes)
    for number, plane in enumerate(planes):
        one = quantize_alone(plane, k, **alone, **settings)
        q = q or quietly(image, k, axes=axes, **where, **settings)
        index = np.unravel_index(number, q.plane_shape)
        labels = plane_of(q.labels, label_axes, index)
        assert_same_but_for_numbers(labels, one.labels)
        np.testing.assert_array_equal(plane_of(q.quantized, axes, index), one.quantized)
        present = q.present[number]
        assert present.sum() == one.k
        # The number of each cluster, from a pixel of it.
        numbers = [labels[one.labels == i + 1][0] - 1 for i in range(one.k)]
        np.testing.assert_array_equal(q.centers[number][numbers], one.centers)
        np.testing.assert_array_equal(q.counts[number][numbers], one.counts)
        assert q.counts[number].sum() == one.counts.sum()
        assert q.compactness[number] == one.compactness
        assert q.n_iter[number] == one.n_iter
        assert q.converged[number] == one.converged
    assert q.labels.dtype == np.uint8
    assert q.quantized.shape == image.shape
    assert q.quantized.dtype == image.dtype
    assert q.axes == axes
    assert q.plane_shape == tuple(image.shape[axis] for axis in axes)
    assert q.n_excluded == (q.labels == 0).sum()


@given(movies(), st.integers(1, 4))
def test_the_order_of_the_planes_changes_nothing_but_numbers(drawn, k):
    image, axes, where, *_ = drawn
    q = quietly(image, k, axes=axes, attempts=1, **where)
    back = quietly(np.flip(image, axes), k, axes=axes, attempts=1, **where)
    label_axes = tuple(a - (a > where.get("channel_axis", 99)) for a in axes)
    for index in np.ndindex(q.plane_shape):
        mirrored = tuple(n - 1 - i for n, i in zip(q.plane_shape, index, strict=True))
        assert_same_but_for_numbers(
            plane_of(q.labels, label_axes, index),
            plane_of(back.labels, label_axes, mirrored),
        )
    np.testing.assert_array_equal(q.quantized, np.flip(back.quantized, axes))
    np.testing.assert_array_equal(q.compactness, back.compactness[::-1])


@given(movies(), st.integers(1, 4))
def test_the_first_plane_is_in_the_order_of_brightness(drawn, k):
    image, axes, where, planes, alone = drawn
    one = quantize_alone(planes[0], k, attempts=1, **alone)
    q = quietly(image, k, axes=axes, attempts=1, **where)
    np.testing.assert_array_equal(q.centers[0][: one.k], one.centers)


@given(
    hnp.arrays(np.float64, (3, 4, 5), elements=st.integers(0, 9).map(float)),
    st.integers(1, 4),
    st.integers(0, 3),
)
def test_a_movie_that_stands_still_has_the_same_labels_in_every_plane(stack, k, axis):
    image = np.repeat(np.expand_dims(stack, axis), 3, axis)
    q = quietly(image, k, axes=axis, attempts=1, rgb=False)
    first = np.take(q.labels, [0], axis)
    np.testing.assert_array_equal(q.labels, np.broadcast_to(first, q.labels.shape))
    np.testing.assert_array_equal(q.centers, np.repeat(q.centers[:1], 3, axis=0))


centers_of = st.integers(1, 5).flatmap(
    lambda k: st.tuples(
        hnp.arrays(np.float64, (k, 2), elements=st.integers(-9, 9).map(float)),
        hnp.arrays(np.float64, (k, 2), elements=st.integers(-9, 9).map(float)),
        st.integers(1, k),
    )
)


@given(centers_of, st.sampled_from([1.0, 1e-200, 1e200]))
def test_the_assignment_is_the_best_of_all(drawn, scale):
    known, centers, m = drawn
    numbers = match(centers[:m] * scale, known * scale)
    squared = reference.squared_distances(centers[:m], known)
    best = min(
        sum(squared[row, number] for row, number in enumerate(order))
        for order in itertools.permutations(range(len(known)), m)
    )
    assert len(set(numbers.tolist())) == m
    assert squared[np.arange(m), numbers].sum() == best


@given(centers_of, st.data())
def test_with_numbers_to_spare_the_assignment_is_the_best_of_all(drawn, data):
    known, centers, m = drawn
    k, seen = len(known), data.draw(st.integers(1, len(known)))
    known[seen:] = np.nan
    numbers = match(centers[:m], known)
    assert len(set(numbers.tolist())) == m
    new = numbers[numbers >= seen].tolist()
    assert new == list(range(seen, seen + len(new)))
    if seen == 1:  # nothing to compare with: the nearest has the number
        squared = reference.squared_distances(centers[:m], known[:1])[:, 0]
        assert squared[numbers == 0].tolist() == [squared.min()]
        return
    squared = reference.squared_distances(centers[:m], known[:seen])
    among = reference.squared_distances(known[:seen], known[:seen])
    among[np.arange(seen), np.arange(seen)] = np.inf
    # A new number costs half the way from the nearest center to its nearest other.
    bad = among.min(axis=1)[squared.argmin(axis=1)] / 4
    cost = np.hstack([squared, np.repeat(bad[:, np.newaxis], k - seen, axis=1)])
    best = min(
        sum(cost[row, number] for row, number in enumerate(order))
        for order in itertools.permutations(range(k), m)
    )
    assert cost[np.arange(m), numbers].sum() == pytest.approx(best, rel=1e-12)


def test_numbers_stay_while_the_order_of_brightness_changes():
    n = 21
    up, down = np.linspace(30, 220, n), np.linspace(220, 30, n)
    movie = np.zeros((n, 4, 6, 3))
    movie[:, :, :2] = up[:, np.newaxis, np.newaxis, np.newaxis] * RED
    movie[:, :, 2:4] = down[:, np.newaxis, np.newaxis, np.newaxis] * GREEN
    movie[:, :, 4:] = 100 * BLUE
    movie += np.random.default_rng(0).normal(0, 3, movie.shape)
    q = quantize_planes(movie, 3, rgb=True)
    first, last = (quantize(movie[i], 3, rgb=True).labels for i in (0, -1))
    assert not np.array_equal(first, last)  # the order has changed
    for labels in q.labels:
        np.testing.assert_array_equal(labels, first)
    # From plane to plane, no other numbers would be nearer.
    for before, after in itertools.pairwise(q.centers):
        squared = reference.squared_distances(after, before)
        costs = [
            squared[np.arange(3), list(order)].sum()
            for order in itertools.permutations(range(3))
        ]
        assert np.trace(squared) == min(costs)


def movie_of(*planes):
    """Return a gray movie of planes of one row."""
    return np.array([[plane] for plane in planes], float)


def test_a_missing_number_is_remembered():
    q = quietly(movie_of([10, 50, 90], [10, 10, 90], [90, 90, 90], [52, 12, 88]), 3)
    assert q.labels[:, 0].tolist() == [[1, 2, 3], [1, 1, 3], [3, 3, 3], [2, 1, 3]]
    assert q.counts.tolist() == [[1, 1, 1], [2, 0, 1], [0, 0, 3], [1, 1, 1]]
    missing = [[False] * 3, [False, True, False], [True, True, False], [False] * 3]
    assert np.isnan(q.centers[..., 0]).tolist() == missing
    assert q.present.tolist() == (~np.array(missing)).tolist()
    assert q.k == 3
    assert "2 of 4 planes have fewer clusters" in q.note


def test_a_number_never_used_is_free_for_a_color_never_seen():
    q = quietly(movie_of([10, 10, 90], [10, 90, 200], [200, 90, 10]), 3)
    assert q.labels[:, 0].tolist() == [[1, 1, 2], [1, 2, 3], [3, 2, 1]]
    # 90 and 200 are 110 apart: 200 is no 90, though 90 is missing, but 100 is.
    q = quietly(movie_of([10, 10, 90], [10, 10, 200], [10, 10, 100]), 3)
    assert q.labels[:, 0].tolist() == [[1, 1, 2], [1, 1, 3], [1, 1, 2]]


def test_a_color_that_drifts_keeps_its_number_while_others_are_free():
    q = quietly(movie_of(*[[10 + 9 * t] * 2 + [200] for t in range(10)]), 3)
    assert q.labels[:, 0].tolist() == [[1, 1, 2]] * 10
    assert q.k == 2
    q = quietly(movie_of(*[[10 + 9 * t] * 3 for t in range(10)]), 3)
    assert q.labels[:, 0].tolist() == [[1, 1, 1]] * 10
    assert q.centers.shape == (10, 1, 1)


def test_new_numbers_are_taken_in_the_order_of_brightness():
    q = quietly(movie_of([0, 0, 0, 0], [255, 0, 80, 160]), 4)
    assert q.labels[:, 0].tolist() == [[1, 1, 1, 1], [4, 1, 2, 3]]


def test_a_plane_without_valid_pixels_has_labels_0_and_changes_nothing_else():
    movie = MOVIE.astype(float)
    mask = np.ones(movie.shape, bool)
    mask[1] = False
    movie[2] = np.nan
    mask[3, :, 3:] = False
    q = quietly(movie, 2, mask=mask)
    rest = quietly(movie[[0, 3]], 2, mask=mask[[0, 3]])
    np.testing.assert_array_equal(q.labels[[0, 3]], rest.labels)
    np.testing.assert_array_equal(q.centers[[0, 3]], rest.centers)
    assert not q.labels[1:3].any()
    np.testing.assert_array_equal(q.quantized[1:3], movie[1:3])
    assert np.isnan(q.centers[1:3]).all()
    assert q.counts[1:3].tolist() == [[0, 0], [0, 0]]
    assert q.compactness[1:3].tolist() == [0, 0]
    assert q.n_iter[1:3].tolist() == [0, 0]
    assert q.converged[1:3].all()
    assert q.n_excluded == 30 + 30 + 15 == (q.labels == 0).sum()
    assert q.excluded == {"masked": 45, "not finite": 30}
    assert q.note == "2 of 4 planes have no valid pixel."


def test_the_first_plane_may_be_empty():
    mask = np.ones(MOVIE.shape, bool)
    mask[0] = False
    q = quietly(MOVIE, 3, mask=mask)
    rest = quietly(MOVIE[1:], 3)
    np.testing.assert_array_equal(q.labels[1:], rest.labels)
    assert not q.labels[0].any()


@pytest.mark.parametrize("refine", [True, False])
@pytest.mark.parametrize("init", ["random", "labels"])
def test_a_plane_may_have_fewer_valid_pixels_than_there_are_clusters(refine, init):
    mask = np.ones(MOVIE.shape, bool)
    mask[2] = False
    mask[2, 1, 1:3] = True
    if init == "labels":
        init = np.arange(MOVIE.size).reshape(MOVIE.shape) % 4
    q = quietly(MOVIE, 4, mask=mask, refine=refine, init=init)
    assert q.counts[2].sum() == q.present[2].sum() == 2
    assert sorted(q.centers[2][q.present[2], 0]) == sorted(MOVIE[2, 1, 1:3])
    np.testing.assert_array_equal(q.quantized[2], MOVIE[2])
    assert q.settings["k"] == 4


def test_the_settings_are_those_asked_for_wherever_few_pixels_are():
    mask = np.zeros(MOVIE.shape, bool)
    mask[0, 0, :2] = mask[1:] = True
    init = np.arange(MOVIE.size).reshape(MOVIE.shape) % 4
    q = quietly(MOVIE, 4, mask=mask, init=init, criteria=Criteria(7), seed=3, axes=-3)
    expected = {
        "k": 4,
        "init": "labels",
        "max_iter": 7,
        "epsilon": None,
        "seed": 3,
        "axes": (0,),
        "masked": True,
        "rgb": False,
        "channel_axis": None,
    }
    assert expected.items() <= q.settings.items()
    assert q.settings == q.summary.settings


@pytest.mark.parametrize("lazy_mask", [False, True])
def test_masks_weights_and_initial_labels_are_those_of_the_plane(lazy_mask):
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (5, 2, 4, 6, 3)).astype(np.uint8)
    shape = image.shape[:1] + image.shape[2:]
    mask, init = rng.random(shape) < 0.8, rng.integers(0, 3, shape)
    weights = rng.integers(0, 4, shape)
    q = quietly(
        da.from_array(image) if lazy_mask else image,
        3,
        axes=(-1, 0),
        channel_axis=1,
        mask=da.from_array(mask) if lazy_mask else mask,
        init=init,
        weights=weights,
        attempts=1,
    )
    assert q.plane_shape == (3, 5)
    q = dataclasses.replace(
        q, labels=np.asarray(q.labels), quantized=np.asarray(q.quantized)
    )
    for number, (z, t) in enumerate(np.ndindex(3, 5)):
        one = quantize_alone(
            image[t, ..., z],
            3,
            channel_axis=0,
            mask=mask[t, ..., z],
            init=init[t, ..., z],
            weights=weights[t, ..., z],
            attempts=1,
        )
        assert_same_but_for_numbers(q.labels[t, ..., z], one.labels)
        np.testing.assert_array_equal(q.quantized[t, ..., z], one.quantized)
        assert q.compactness[number] == one.compactness


def test_planes_without_weight_or_data_are_empty():
    movie = np.where(MOVIE == 7, 8, MOVIE)
    movie[1] = movie[2, 0] = 7
    weights = np.ones(movie.shape)
    weights[0] = 0
    weights[3] = 0
    weights[3, 0, :2] = 1
    q = quietly(movie, 3, no_data=7, weights=weights)
    assert q.present.sum(axis=1).tolist() == [0, 0, 3, 2]
    assert q.excluded == {"no data": 36, "no weight": 30}
    assert q.n_excluded == 66 == (q.labels == 0).sum()
    assert q.counts[3].sum() == 30  # all are labeled
    assert sorted(q.centers[3][q.present[3], 0]) == sorted(movie[3, 0, :2])


@pytest.mark.parametrize(
    ("scaling", "labels"), [("none", [1, 2]), ((1, 100), [2, 1]), ((100, 1), [1, 2])]
)
def test_centers_are_matched_as_scaling_measures_them(scaling, labels):
    # In the first channel 1 stays near 1; in the second it is where 2 was.
    first, second = [[0, 0], [100, 10]], [[10, 10], [90, 0]]
    movie = np.array([[first], [second]], float)
    q = quantize_planes(movie, 2, channel_axis=-1, rgb=False, scaling=scaling)
    assert q.labels.tolist() == [[[1, 2]], [labels]]


@pytest.mark.parametrize("space", ["cielab", "oklab"])
def test_planes_are_clustered_in_a_color_space(space):
    movie = np.random.default_rng(0).integers(0, 256, (3, 6, 7, 3)).astype(np.uint8)
    q = quantize_planes(movie, 3, rgb=True, color_space=space)
    for plane, labels in zip(movie, q.labels, strict=True):
        one = quantize(plane, 3, rgb=True, color_space=space)
        assert_same_but_for_numbers(labels, one.labels)
    assert q.settings["color_space"] == space


def test_channels_may_have_names():
    movie = np.random.default_rng(0).integers(0, 256, (3, 2, 6, 7)).astype(np.uint8)
    q = quantize_planes(movie, 2, channel_axis=1, channel_names=["DAPI", "GFP"])
    assert q.channels == ("DAPI", "GFP")
    assert q.features.columns[3:5].tolist() == ["center_DAPI", "center_GFP"]


def test_what_is_kept_of_a_plane_is_small():
    movie = np.random.default_rng(0).integers(0, 9, (2, 400, 400, 3)).astype(np.uint8)
    q = quantize_planes(movie, 2, rgb=True)
    assert [palette.quantizer.table for palette in q.palettes] == [None, None]
    assert all(len(pickle.dumps(palette)) < 10_000 for palette in q.palettes)


@pytest.mark.parametrize("lazily", [False, True])
def test_each_plane_has_a_palette_that_labels_it(lazily):
    movie = MOVIE.copy()
    movie[1] = np.where(MOVIE[1] > 99, 200, 7)  # two colors
    image = da.from_array(movie, chunks=(1, 5, 6)) if lazily else movie
    image = np.concatenate([image.astype(float), np.full((1, 5, 6), np.nan)])
    q = quietly(image, 3)
    assert q.palettes[4] is None
    for plane, palette in enumerate(q.palettes[:4]):
        numbers = np.flatnonzero(q.present[plane]) + 1
        np.testing.assert_array_equal(palette.centers, q.centers[plane, numbers - 1])
        np.testing.assert_array_equal(palette.counts, q.counts[plane, numbers - 1])
        assert palette.compactness == q.compactness[plane]
        labels = numbers[palette.label(np.asarray(image[plane])) - 1]
        np.testing.assert_array_equal(labels, q.labels[plane])
        painted = palette.paint(np.asarray(image[plane]))
        np.testing.assert_array_equal(painted, q.quantized[plane])


def test_color_is_guessed_from_the_whole_image():
    movie = np.random.default_rng(0).integers(0, 256, (2, 31, 32, 3)).astype(np.uint8)
    q = quantize_planes(movie, 2, attempts=1)
    assert q.rgb
    assert q.channels == ("red", "green", "blue")
    assert q.labels.shape == (2, 31, 32)
    assert quantize_planes(movie[:, :30], 2, attempts=1).labels.shape == (2, 30, 32, 3)


def test_the_last_of_several_axes_varies_fastest():
    image = np.arange(2 * 3 * 2 * 2, dtype=float).reshape(2, 3, 2, 2)
    q = quantize_planes(image, 1, axes=(1, 0))
    assert q.plane_shape == (3, 2)
    means = image.mean(axis=(2, 3)).T.reshape(-1)
    np.testing.assert_array_equal(q.centers[:, 0, 0], means)


@pytest.mark.parametrize("k", [255, 256])
def test_labels_have_room_for_all_numbers(k):
    movie = np.random.default_rng(0).permutation(
        2 * 400.0 * np.ones(1) + np.arange(800)
    )
    q = quantize_planes(movie.reshape(2, 20, 20), k, attempts=1)
    assert q.labels.dtype == (np.uint8 if k == 255 else np.uint16)
    assert q.labels.max() == k


def test_the_same_arguments_give_the_same_answer():
    movie = np.random.default_rng(3).normal(size=(3, 30, 30))
    assert_equal(quantize_planes(movie, 4), quantize_planes(movie, 4))
    memory = np.asfortranarray(movie).transpose(2, 0, 1)
    assert_equal(
        quantize_planes(memory, 4, axes=1),
        quantize_planes(np.ascontiguousarray(memory), 4, axes=1),
    )


@pytest.mark.parametrize("chunks", [(1, 5, 6), (3, 2, 4), (4, 5, 6)])
@pytest.mark.parametrize("axes", [0, -1])
@pytest.mark.parametrize("dtype", ["u1", ">f4"])
def test_a_dask_array_gives_the_same_bits(chunks, axes, dtype):
    movie = MOVIE.astype(dtype)
    q = quantize_planes(da.from_array(movie, chunks), 3, axes=axes)
    assert_equal(q, quantize_planes(movie, 3, axes=axes))
    assert isinstance(q.labels, da.Array)
    assert q.labels.chunks == da.core.normalize_chunks(chunks, q.labels.shape)


@given(movies(), st.integers(1, 4), st.data())
def test_lazy_planes_are_those_of_the_image_in_memory(drawn, k, data):
    image, axes, where, *_ = drawn
    channels = image.ndim - 1 if where.get("rgb") else where.get("channel_axis")
    shape = tuple(n for axis, n in enumerate(image.shape) if axis != channels)
    settings = {"attempts": 2, "axes": axes, **where}
    settings["refine"] = data.draw(st.booleans())
    settings["no_data"] = data.draw(st.sampled_from([None, 0, 1]))
    settings["mask"] = data.draw(st.none() | hnp.arrays(np.bool_, shape))
    chunks = tuple(data.draw(st.integers(1, n)) for n in image.shape)
    chunked = da.from_array(image, chunks)
    try:
        expected = quietly(image, k, **settings)
    except ValueError:  # too few valid pixels in all
        reject()
    if settings["mask"] is not None and data.draw(st.booleans()):
        settings["mask"] = da.from_array(settings["mask"])
    q = quietly(chunked, k, **settings)
    assert isinstance(q.labels, da.Array) == settings["refine"]
    assert_equal(q, expected)
    np.testing.assert_array_equal(q.positions, expected.positions)


def test_lazy_planes_are_labeled_when_they_are_asked_for():
    read = []
    q = quietly(lazy(read), 3)
    assert read == [0, 1, 2, 3]
    np.testing.assert_array_equal(q.labels[2], quietly(MOVIE, 3).labels[2])
    assert read == [0, 1, 2, 3, 2]
    told = Told()
    q.locate(told)
    assert {0, 0.25, 0.5, 0.75, 1} <= {*told.parts}
    assert read[5:] == [0, 1, 2, 3]


def lazy(read, reading=None):
    """Return MOVIE as a dask array that notes which planes it has read."""

    def block(block_info):
        (start, _), *_ = block_info[None]["array-location"]
        read.append(start)
        if reading is not None:
            reading(start)
        return MOVIE[start : start + 1]

    chunks = ((1,) * 4, (5,), (6,))
    return da.map_blocks(block, dtype=MOVIE.dtype, chunks=chunks, meta=MOVIE[:0])


def test_planes_of_a_dask_array_are_computed_each_at_its_turn():
    read, told = [], Told()

    def reading(start):
        while f"Plane {start + 1} of 4" not in told.stages:
            assert f"Plane {start + 2} of 4" not in told.stages
            time.sleep(0.001)

    quantize_planes(lazy(read, reading), 2, progress=told)
    assert read == [0, 1, 2, 3]


def test_arguments_are_checked_without_computing_a_dask_array():
    read = []
    with pytest.raises(ValueError, match="seed=-1"):
        quantize_planes(lazy(read), 2, seed=-1)
    with pytest.raises(TypeError, match="image of dtype complex128"):
        quantize_planes(lazy(read).astype(complex), 2)
    with pytest.raises(ValueError, match="mask of shape"):
        quantize_planes(lazy(read), 2, mask=np.ones((4, 5), bool))
    assert read == []


def test_a_dask_array_without_valid_pixels_is_an_error_in_the_end():
    with pytest.raises(ValueError, match="at least one valid sample"):
        quantize_planes(da.full((2, 3, 4), np.nan), 2)


def test_values_beyond_plain_opencv_are_an_error_wherever_they_are():
    movie = MOVIE.astype(float)
    movie[2, 1, 1] = 1e19
    message = "up to 1e[+]19 should have none beyond 1e[+]18 with refine=False"
    with pytest.raises(ValueError, match=message):
        quantize_planes(movie, 3, refine=False)
    with pytest.raises(ValueError, match=message):
        quantize_planes(da.from_array(movie), 3, refine=False)


def test_progress_names_the_plane_and_only_moves_on():
    told = Told()
    quantize_planes(MOVIE, 3, attempts=3, progress=told)
    stages = [stage for stage in told.stages if stage != "Preparing"]
    assert stages == [*(f"Plane {i} of 4" for i in range(1, 5)), "Done"]
    assert told.parts == sorted(told.parts)
    for i in range(4):
        assert next(part for stage, part in told if stage == stages[i]) == i / 4


def test_what_is_raised_stops_between_planes():
    read, go_on = [], threading.Event()

    def wait(start):
        if start == 1:
            go_on.wait()

    told = Told(lambda stage, _: stage.startswith("Plane 2") and read == [0, 1])
    with pytest.raises(Canceled):
        quantize_planes(lazy(read, wait), 2, progress=told)
    (thread,) = [t for t in threading.enumerate() if t.name == "napari-kmeans-apart"]
    go_on.set()
    thread.join()
    assert read == [0, 1]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"axes": 3}, ValueError, r"axes=3 should be axes of the image, from -3 to 2."),
        ({"axes": (0, -4)}, ValueError, r"axes=\(0, -4\) should be axes of the image"),
        ({"axes": (0, -3)}, ValueError, r"axes=\(0, -3\) should be one axis, or sev"),
        ({"axes": ()}, ValueError, r"axes=\(\) should be one axis, or several that"),
        ({"axes": (0, 1)}, ValueError, r"axes=\(0, 1\) should leave at least two axes"),
        ({"axes": 1.0}, TypeError, r"axes=1.0 should be an integer or a sequence of"),
        ({"axes": "0"}, TypeError, r"axes='0' by name should go with a DataArray"),
        ({"axes": True}, TypeError, r"axes=True should be an integer or a sequence"),
        ({"axes": None}, TypeError, r"axes=None should be an integer or a sequence"),
        ({"k": 0}, ValueError, "k=0 should be at least 1"),
        ({"k": 31}, ValueError, "k=31 should be at most the 30 pixels of a plane."),
        ({"attempts": 0}, ValueError, "attempts=0"),
        ({"atempts": 1}, TypeError, "atempts"),
        ({"seed": 0.5}, TypeError, "seed=0.5"),
        ({"mask": np.ones((5, 6), bool)}, ValueError, r"mask of shape \(5, 6\) should"),
        ({"mask": np.zeros((4, 5, 6), bool)}, ValueError, "at least one valid sample"),
        ({"init": np.ones((5, 6), int)}, ValueError, r"init of shape \(5, 6\) should"),
        ({"init": np.full((4, 5, 6), 5)}, ValueError, "init with labels from 5 to 5"),
        ({"channel_axis": 1}, ValueError, "should leave at least two axes"),
        ({"channel_axis": 0}, ValueError, r"axes=\(0,\) should not include axis 0"),
        ({"rgb": True}, ValueError, "rgb=True should go with a last axis of 3 or 4"),
    ],
)
def test_arguments_are_checked_before_any_work(arguments, error, message):
    with pytest.raises(error, match=message):
        quantize_planes(MOVIE, **arguments)


@pytest.mark.parametrize(("axes", "left"), [(3, None), (-1, None), ((0, 1), 1)])
def test_axes_of_color_images_leave_the_color_and_two_more(axes, left):
    image = np.zeros((2, 4, 4, 3), np.uint8)
    message = "axis 3, that of the channels" if left is None else "1 would be left"
    with pytest.raises(ValueError, match=message):
        quantize_planes(image, 2, axes=axes, rgb=True)


@pytest.mark.parametrize("image", [np.ones((4, 5)), [[1, 2], [3, 4]]])
def test_an_image_of_one_plane_has_no_planes(image):
    with pytest.raises(ValueError, match="should leave at least two axes"):
        quantize_planes(image, 1)


def test_few_colors_are_warned_of():
    with pytest.warns(UserWarning, match="k=3 should be .*: 1 of 2 planes") as caught:
        quantize_planes([[[1, 2, 3]], [[1, 1, 1]]], 3)
    assert caught[0].filename == __file__
    assert quantize_planes(MOVIE, 3).note == ""


def test_results_are_frozen_and_show_no_settings():
    q = quantize_planes(MOVIE, 2)
    assert isinstance(q, QuantizedPlanes)
    with pytest.raises(dataclasses.FrozenInstanceError):
        q.labels = None
    assert "versions" not in repr(q)
    assert q != quantize_planes(MOVIE, 2)


@given(movies(), st.integers(1, 4))
def test_shares_and_totals_add_up(drawn, k):
    image, axes, where, *_ = drawn
    q = quietly(image, k, axes=axes, attempts=1, **where)
    clustered = q.counts.sum(axis=1) > 0
    np.testing.assert_allclose(q.shares.sum(axis=1), clustered)
    np.testing.assert_array_equal(q.summary.counts, q.counts.sum(axis=0))
    assert q.summary.counts.sum() + q.n_excluded == q.labels.size
    assert q.summary.compactness == pytest.approx(q.compactness.sum())
    for number in range(q.k):
        some = q.present[:, number]
        assert some.any()
        mean = np.average(
            q.centers[some, number], axis=0, weights=q.counts[some, number]
        )
        np.testing.assert_allclose(q.summary.centers[number], mean, atol=1e-12)


def test_the_table_has_a_row_for_each_plane_and_number():
    q = quietly(movie_of([0, 0, 0, 100], [50, 50, 50, 50]), 2)
    table = q.features
    assert table.columns.tolist() == [
        "plane",
        "index",
        "color",
        "center",
        "pixels",
        "share",
    ]
    assert table["plane"].tolist() == [0, 0, 1, 1]
    assert table["index"].tolist() == [1, 2, 1, 2]
    assert table["pixels"].tolist() == [3, 1, 4, 0]
    assert table["share"].tolist() == [0.75, 0.25, 1, 0]
    assert table["center"].tolist()[:3] == [0, 100, 50]
    assert np.isnan(table["center"][3])
    # Gray from the least to the greatest value of all planes.
    assert table["color"].tolist()[:3] == ["#000000", "#ffffff", "#808080"]
    assert table["color"].isna().tolist() == [False] * 3 + [True]


def test_the_table_names_axes_and_channels():
    image = np.random.default_rng(0).integers(0, 256, (2, 2, 4, 5, 3)).astype(np.uint8)
    q = quantize_planes(image, 2, axes=(1, -1), channel_axis=0)
    table = q.features
    assert table.columns.tolist()[:6] == [
        "axis_1",
        "axis_4",
        "index",
        "color",
        "center_0",
        "center_1",
    ]
    assert table["axis_1"].tolist() == [0] * 6 + [1] * 6
    assert table["axis_4"].tolist() == [0, 0, 1, 1, 2, 2] * 2
    np.testing.assert_array_equal(table["center_1"], q.centers[..., 1].reshape(-1))


@given(movies(), st.integers(1, 4))
def test_positions_are_mean_positions_in_the_plane(drawn, k):
    image, axes, where, *_ = drawn
    q = quietly(image, k, axes=axes, attempts=1, **where)
    assert q.positions.shape == (*q.counts.shape, q.labels.ndim)
    for number, index in enumerate(np.ndindex(q.plane_shape)):
        inside = np.ones(q.labels.shape, bool)
        for axis, i in zip(q.label_axes, index, strict=True):
            inside &= (
                np.arange(q.labels.shape[axis]).reshape(
                    [-1 if a == axis else 1 for a in range(q.labels.ndim)]
                )
                == i
            )
        for label in range(1, q.k + 1):
            where_ = np.argwhere(inside & (q.labels == label))
            found = q.positions[number, label - 1]
            if len(where_):
                np.testing.assert_allclose(found, where_.mean(axis=0))
            else:
                assert np.isnan(found).all()


def color_movie():
    """Return 3 planes: red and green halves, the red darkening; then all green."""
    movie = np.zeros((3, 8, 10, 3), np.uint8)
    movie[:, :, :5, 0] = np.array([200, 100, 0])[:, np.newaxis, np.newaxis]
    movie[:, :, 5:, 1] = movie[2, :, :, 1] = 90
    return movie


def test_layers_are_the_image_the_labels_and_each_planes_centers():
    viewer = ViewerModel()
    source = viewer.add_image(
        color_movie(),
        rgb=True,
        name="movie",
        scale=(5, 2, 3),
        translate=(1, 2, 3),
        units=("s", "um", "um"),
    )
    q = quietly(source.data, 2, rgb=True)
    layers = [Layer.create(*layer) for layer in to_layers(q, source)]
    quantized, labels, centers = layers
    assert [type(layer) for layer in layers] == [Image, Labels, Points]
    names = ["movie quantized", "movie labels", "movie centers"]
    assert [layer.name for layer in layers] == names
    for layer in layers:
        np.testing.assert_array_equal(layer.scale, source.scale)
        np.testing.assert_array_equal(layer.translate, source.translate)
        assert layer.units == source.units
        assert layer.metadata["napari-kmeans"]["axes"] == (0,)
    np.testing.assert_array_equal(quantized.data, source.data)
    np.testing.assert_array_equal(labels.data, q.labels)
    # Red: the mean of 200 and 100. Green is in all planes.
    np.testing.assert_allclose(labels.get_color(1)[:3], 150 / 255 * RED, atol=1e-6)
    np.testing.assert_allclose(labels.get_color(2)[:3], 90 / 255 * GREEN, atol=1e-6)
    assert labels.features["pixels"].tolist() == [0, 80, 160]
    assert centers.data.tolist() == [
        [0, 3.5, 2],
        [0, 3.5, 7],
        [1, 3.5, 2],
        [1, 3.5, 7],
        [2, 3.5, 4.5],
    ]
    assert centers.features["plane"].tolist() == [0, 0, 1, 1, 2]
    assert centers.features["label"].tolist() == [1, 2, 1, 2, 2]
    colors = np.array([200 * RED, 90 * GREEN, 100 * RED, 90 * GREEN, 90 * GREEN]) / 255
    np.testing.assert_allclose(centers.face_color[:, :3], colors, atol=1e-6)
    assert centers.features["color"].tolist()[0] == "#c80000"


def test_gray_layers_have_the_colors_of_the_source():
    viewer = ViewerModel()
    source = viewer.add_image(
        movie_of([0, 0, 100], [50, 50, 50]), colormap="red", contrast_limits=(0, 200)
    )
    q = quietly(source.data, 2)
    _, labels, centers = (Layer.create(*layer) for layer in to_layers(q, source))
    red = centers.face_color[:, :3]
    np.testing.assert_allclose(red, np.outer([0, 0.5, 0.25], RED), atol=0.01)
    assert centers.features["color"].tolist()[0] == "#000000"
    # (2 * 0 + 3 * 50) / 5 = 30
    np.testing.assert_allclose(labels.get_color(1)[:3], 30 / 200 * RED, atol=0.01)


def test_layers_of_a_channel_axis_lack_it():
    viewer = ViewerModel()
    image = np.random.default_rng(0).random((2, 3, 4, 5))
    source = viewer.add_image(image, scale=(7, 5, 2, 3), name="a")
    q = quantize_planes(image, 2, axes=1, channel_axis=0)
    _, labels, centers = (Layer.create(*layer) for layer in to_layers(q, source))
    assert labels.scale.tolist() == centers.scale.tolist() == [5, 2, 3]
    np.testing.assert_array_equal(centers.data[:, 0], [0, 0, 1, 1, 2, 2])


@pytest.mark.parametrize(
    ("shape", "axes", "kinds"),
    [
        ((2, 3, 4, 5), 1, ["image", "labels", "points"]),
        ((2, 2, 3, 4), (0, 2), ["image", "labels", "points"]),
        ((2, 2, 2, 3, 4), 0, ["image", "labels"]),
    ],
)
def test_planes_of_two_or_three_dimensions_have_centers(shape, axes, kinds):
    q = quantize_planes(np.random.default_rng(0).random(shape), 2, axes=axes)
    layers = to_layers(q, "a")
    assert [kind for *_, kind in layers] == kinds
    if "points" in kinds:
        assert layers[2][0].shape == (2 * np.prod(q.plane_shape), len(shape))
        left = np.delete(shape, q.axes)
        assert layers[2][1]["size"] == left.max() / 25
