"""Despeckling: small components go to the longest border, whatever the chunks."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from napari_kmeans import Canceled, despeckle, quantize, quantize_planes
from napari_kmeans.core.despeckling import despeckle as module
from telling import Told


def components_of(labels, connectivity):
    """Return for each component: its size, its first pixel, its label and a mask."""
    structure = ndimage.generate_binary_structure(labels.ndim, connectivity)
    found = []
    for label in set(labels.ravel().tolist()) - {0}:
        numbered, n = ndimage.label(labels == label, structure)
        for number in range(1, n + 1):
            inside = numbered == number
            first = int(np.flatnonzero(inside)[0])
            found.append((int(inside.sum()), first, label, inside))
    return sorted(found, key=lambda one: one[:2])


def faces_of(labels, inside):
    """Return how many faces a component shares with each other label."""
    faces = {}
    for axis in range(labels.ndim):
        for before, after in ((slice(-1), slice(1, None)), (slice(1, None), slice(-1))):
            here = (*(slice(None),) * axis, before)
            there = (*(slice(None),) * axis, after)
            across = inside[here] & ~inside[there] & (labels[there] != 0)
            for label in labels[there][across].tolist():
                faces[label] = faces.get(label, 0) + 1
    return faces


def brute(labels, least, connectivity=1):
    """Despeckle pixel by pixel, looking at everything again after each step."""
    labels = labels.copy()
    while True:
        for size, _, _, inside in components_of(labels, connectivity):
            if size < least and (faces := faces_of(labels, inside)):
                labels[inside] = min(faces, key=lambda one: (-faces[one], one))
                break
        else:
            return labels


@st.composite
def label_images(draw, max_dims=3, dtype=np.uint8):
    ndim = draw(st.integers(1, max_dims))
    side = {1: 20, 2: 9, 3: 5}.get(ndim, 3)
    shape = draw(st.tuples(*[st.integers(1, side)] * ndim))
    most = draw(st.integers(1, 5))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    labels = rng.integers(draw(st.integers(0, 1)), most + 1, shape).astype(dtype)
    if draw(st.booleans()):  # larger components, too
        labels = labels.repeat(2, axis=-1)
    return labels[np.newaxis] if ndim < 3 and draw(st.booleans()) else labels


@st.composite
def chunked(draw, shape):
    """Return the sizes of chunks along each axis."""
    return tuple(
        tuple(np.diff([0, *sorted(draw(st.sets(st.integers(1, n - 1)))), n]).tolist())
        if n > 1
        else (1,)
        for n in shape
    )


sizes = st.integers(0, 12)


@pytest.mark.usefixtures("jit")
@given(st.data(), label_images(), sizes)
def test_it_is_what_brute_force_does(data, labels, size):
    connectivity = data.draw(st.integers(1, labels.ndim))
    before = labels.copy()
    found = despeckle(labels, size, connectivity=connectivity)
    np.testing.assert_array_equal(labels, before)
    np.testing.assert_array_equal(found.labels, brute(labels, size, connectivity))
    assert found.labels.dtype == labels.dtype


@given(st.data(), label_images(), sizes)
def test_chunks_do_not_matter(data, labels, size):
    connectivity = data.draw(st.integers(1, labels.ndim))
    whole = despeckle(labels, size, connectivity=connectivity)
    lazy = da.from_array(labels, chunks=data.draw(chunked(labels.shape)))
    parts = despeckle(lazy, size, connectivity=connectivity)
    assert parts.labels.chunks == lazy.chunks
    assert parts.labels.dtype == labels.dtype
    np.testing.assert_array_equal(parts.labels.compute(), whole.labels)
    assert parts.features.equals(whole.features)


@given(st.data(), label_images(), sizes)
def test_strips_do_not_matter(data, labels, size):
    whole = despeckle(labels, size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "SIZE", data.draw(st.integers(1, labels.size)))
        parts = despeckle(labels, size)
    np.testing.assert_array_equal(parts.labels, whole.labels)
    assert parts.features.equals(whole.features)


@given(st.data(), label_images(), sizes)
def test_nothing_small_has_a_neighbor_then(data, labels, size):
    """So a second time nothing changes."""
    connectivity = data.draw(st.integers(1, labels.ndim))
    cleaned = despeckle(labels, size, connectivity=connectivity).labels
    for n, _, _, inside in components_of(cleaned, connectivity):
        assert n >= size or not faces_of(cleaned, inside)
    again = despeckle(cleaned, size, connectivity=connectivity).labels
    np.testing.assert_array_equal(again, cleaned)


@given(label_images(), sizes)
def test_no_label_is_new_and_none_is_none(labels, size):
    cleaned = despeckle(labels, size).labels
    assert {*cleaned.ravel().tolist()} <= {*labels.ravel().tolist()}
    np.testing.assert_array_equal(cleaned == 0, labels == 0)


@given(st.data(), label_images(), sizes)
def test_both_counts_are_told(data, labels, size):
    connectivity = data.draw(st.integers(1, labels.ndim))
    found = despeckle(labels, size, connectivity=connectivity)
    assert found.index.tolist() == sorted({*labels.ravel().tolist()} - {0})
    told = {
        "before": (labels, found.n_before, found.counts_before),
        "after": (found.labels, found.n_after, found.counts_after),
    }
    for of, n_components, counts in told.values():
        given = [label for _, _, label, _ in components_of(of, connectivity)]
        assert n_components.tolist() == [given.count(i) for i in found.index]
        assert counts.tolist() == [(of == i).sum() for i in found.index]


@given(st.data(), label_images(), sizes)
def test_planes_are_despeckled_each_on_its_own(data, labels, size):
    stack = np.stack([labels, labels[::-1], np.roll(labels, 1)])
    stack = stack if labels.ndim > 1 else stack[:, np.newaxis]
    axis = data.draw(st.integers(0, stack.ndim - 1))
    stack = np.moveaxis(stack, 0, axis)
    found = despeckle(stack, size, axes=axis)
    planes = [despeckle(one, size) for one in np.moveaxis(stack, axis, 0)]
    expected = np.stack([one.labels for one in planes], axis)
    np.testing.assert_array_equal(found.labels, expected)
    assert found.n_after.sum() == sum(one.n_after.sum() for one in planes)
    lazy = da.from_array(stack, chunks=data.draw(chunked(stack.shape)))
    parts = despeckle(lazy, size, axes=axis)
    np.testing.assert_array_equal(parts.labels.compute(), found.labels)


@given(st.data(), label_images(), sizes)
def test_labels_are_of_any_integers(data, labels, size):
    """Only their order matters."""
    dtype = data.draw(st.sampled_from(["i1", ">u2", "i4", ">i8", "u8"]))
    low = 0 if np.dtype(dtype).kind == "u" else -1
    values = np.array([0, low or 1, 2, 30, 100, 120], dtype)
    found = despeckle(values[labels], size)
    assert found.labels.dtype == dtype
    np.testing.assert_array_equal(found.labels, values[despeckle(labels, size).labels])


@pytest.mark.parametrize("order", ["F", "step", "read-only"])
def test_labels_lie_in_memory_in_any_way(order):
    labels = np.random.default_rng(0).integers(0, 4, (30, 40)).astype(np.uint8)
    given = {
        "F": np.asfortranarray(labels),
        "step": labels.repeat(2, axis=1)[:, ::2],
        "read-only": labels.copy(),
    }[order]
    given.setflags(write=False)
    np.testing.assert_array_equal(
        despeckle(given, 9).labels, despeckle(labels, 9).labels
    )


def test_the_longest_border_wins_and_the_lowest_label_of_equals():
    labels = np.array([[1, 1, 2, 2], [1, 3, 2, 2], [1, 2, 2, 2], [2, 2, 2, 2]])
    assert despeckle(labels, 2).labels[1, 1] == 1
    labels[1:3, 0] = 2
    assert despeckle(labels, 2).labels[1, 1] == 2


def test_specks_side_by_side_may_be_large_enough_together():
    labels = np.array([5, 5, 5, 1, 2, 5, 5, 5])
    assert despeckle(labels, 2).labels.tolist() == [5, 5, 5, 2, 2, 5, 5, 5]
    assert despeckle(labels, 3).labels.tolist() == [5] * 8


def test_what_only_touches_pixels_left_out_stays():
    labels = np.array([[0, 0, 0, 1], [0, 2, 0, 1], [0, 0, 0, 1]], np.uint8)
    assert despeckle(labels, 100).labels.tolist() == labels.tolist()
    assert despeckle(np.zeros_like(labels), 100).index.size == 0


def test_a_corner_joins_a_component_but_is_no_border():
    labels = np.array([[2, 0, 1], [0, 2, 1], [1, 1, 1]])
    assert despeckle(labels, 2).labels.tolist() == [[2, 0, 1], [0, 1, 1], [1, 1, 1]]
    assert despeckle(labels, 2, connectivity=2).labels.tolist() == labels.tolist()
    alone = np.array([[2, 0], [0, 1]])
    assert despeckle(alone, 2, connectivity=2).labels.tolist() == alone.tolist()


def test_a_size_is_an_area_in_the_unit_of_the_spacing():
    labels = np.ones((2, 9, 9), np.uint8)
    labels[:, 1, 1:5] = 2  # 8 pixels, and 4 in each plane
    changed = {}
    for size, spacing, axes in (
        (8, None, None),
        (8.5, None, None),
        (8 * 0.1**3, 0.1, None),
        (8 * 0.1**3 + 1e-6, 0.1, None),
        (24, (3, 1, 1), None),
        (24.1, (3, 1, 1), None),
        (4, (100, 2, 0.5), 0),
        (4.1, (100, 2, 0.5), 0),
    ):
        found = despeckle(labels, size, spacing=spacing, axes=axes)
        changed[size, spacing, axes] = bool((found.labels != labels).any())
    assert [*changed.values()] == [False, True] * 4


@pytest.mark.parametrize("size", [0, 1, 0.5])
def test_no_pixel_is_smaller_than_one(size):
    labels = np.random.default_rng(0).integers(0, 4, (9, 9))
    assert despeckle(labels, size).labels.tolist() == labels.tolist()


@pytest.mark.parametrize(("size", "spacing"), [(1e300, 1), (1e300, 1e-9), (1, 1e-200)])
def test_everything_may_be_small(size, spacing):
    labels = np.random.default_rng(0).integers(1, 4, (9, 9))
    cleaned = despeckle(labels, size, spacing=spacing).labels
    assert len(np.unique(cleaned)) == 1


@pytest.mark.parametrize("lazy", [False, True])
def test_it_is_told_and_stops(lazy, monkeypatch):
    monkeypatch.setattr(module, "SIZE", 100)
    labels = np.random.default_rng(0).integers(1, 4, (60, 60)).astype(np.uint8)
    given = da.from_array(labels, chunks=20) if lazy else labels
    told = Told()
    found = despeckle(given, 9, progress=told)
    assert told.parts == sorted(told.parts)
    assert told[-1] == ("Done", 1.0)
    assert {name.split(",")[0] for name in told.stages} > {
        "Finding components",
        "Joining components",
    }
    np.testing.assert_array_equal(found.labels, despeckle(labels, 9).labels)
    stopping = Told(lambda name, _: name.startswith("Joining"))
    with pytest.raises(Canceled):
        despeckle(given, 9, progress=stopping)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"labels": np.ones((3, 3))}, "labels of dtype float64 should be integers"),
        ({"labels": np.ones((3, 3), bool)}, "labels of dtype bool should be integers"),
        ({"labels": np.ones((0, 3), int)}, r"labels of shape \(0, 3\) should not be"),
        ({"labels": 3}, r"labels of shape \(\) should have at least one"),
        ({"size": "4"}, "size='4' should be a number"),
        ({"size": True}, "size=True should be a number"),
        ({"size": -1}, "size=-1 should be finite, and at least 0"),
        ({"size": 10**400}, "size=1000.* should be finite"),
        ({"size": np.nan}, "size=nan should be finite"),
        ({"spacing": 0}, "spacing=0 should be finite, and above 0"),
        ({"spacing": (1, 2, 3)}, r"spacing=\(1, 2, 3\) should be a number, or one for"),
        ({"spacing": "x"}, "spacing='x' should be a number"),
        ({"connectivity": 3}, "connectivity=3 should be at most 2"),
        ({"connectivity": 0}, "connectivity=0 should be at least 1"),
        ({"axes": 0}, "axes=0 should leave at least two axes"),
        ({"progress": 3}, "progress=3 should be callable or None"),
    ],
)
def test_a_wrong_argument_is_named(given, message):
    arguments = {"labels": np.ones((3, 3), int), "size": 2} | given
    with pytest.raises((TypeError, ValueError), match=message):
        despeckle(**arguments)


def test_chunks_may_be_empty_or_left_out():
    labels = np.zeros((4, 6), np.uint8)
    labels[1, 1:3], labels[1, 3] = 1, 2
    lazy = da.from_array(labels, chunks=((1, 3), (3, 0, 3)))
    cleaned = despeckle(lazy, 2).labels
    assert cleaned.compute().tolist() == despeckle(labels, 2).labels.tolist()


# -- in a result ---------------------------------------------------------------


def noisy(shape, *, channels=(), seed=0):
    rng = np.random.default_rng(seed)
    smooth = np.add.outer(*(np.arange(n) // 10 * 60 for n in shape[-2:]))
    smooth = np.broadcast_to(
        smooth[(..., *[np.newaxis] * len(channels))], shape + channels
    )
    return np.clip(smooth + rng.normal(0, 30, shape + channels), 0, 255).astype(
        np.uint8
    )


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("kind", ["gray", "rgb", "rgba", "channels"])
def test_a_result_is_painted_and_counted_anew(kind, lazy):
    channels = {"gray": (), "rgb": (3,), "rgba": (4,), "channels": (2,)}[kind]
    image = noisy((36, 32), channels=channels)
    options = {"channel_axis": 0} if kind == "channels" else {}
    image = np.moveaxis(image, -1, 0) if kind == "channels" else image
    mask = np.ones((36, 32), bool)
    mask[:3] = False
    given = da.from_array(image, chunks=20) if lazy else image
    result = quantize(given, k=4, mask=mask, **options)
    found = despeckle(result.labels, 20)
    cleaned = result.relabeled(found.labels)
    labels, quantized = np.asarray(cleaned.labels), np.asarray(cleaned.quantized)
    assert isinstance(cleaned.labels, type(result.labels))
    assert isinstance(cleaned.quantized, type(result.quantized))
    assert cleaned.labels.dtype == result.labels.dtype
    assert labels.tolist() == despeckle(np.asarray(result.labels), 20).labels.tolist()
    assert cleaned.counts.tolist() == [(labels == i).sum() for i in (1, 2, 3, 4)]
    assert cleaned.features["pixels"].tolist() == cleaned.counts.tolist()
    assert np.isnan(cleaned.compactness)
    values = np.asarray(result.palette.quantizer.values)
    expected = image.copy()
    if kind == "channels":
        expected[:, labels > 0] = values[labels[labels > 0] - 1].T
    elif kind == "gray":
        expected[labels > 0] = values[labels[labels > 0] - 1, 0]
    else:
        expected[..., :3][labels > 0] = values[labels[labels > 0] - 1]
    np.testing.assert_array_equal(quantized, expected)
    row = np.nonzero(labels == 1)[0].mean()
    assert cleaned.locate()[0, 0] == pytest.approx(row)


@pytest.mark.parametrize("lazy", [False, True])
def test_planes_are_painted_and_counted_anew(lazy):
    image = np.stack([noisy((30, 32), seed=seed) for seed in range(3)], axis=1)
    image[:, 2] = 7  # a single color
    given = da.from_array(image, chunks=20) if lazy else image
    with pytest.warns(UserWarning, match="fewer clusters"):
        result = quantize_planes(given, k=3, axes=1)
    cleaned = result.relabeled(despeckle(result.labels, 20, axes=1).labels)
    labels, quantized = np.asarray(cleaned.labels), np.asarray(cleaned.quantized)
    for plane in range(3):
        own = np.asarray(result.labels)[:, plane]
        here = labels[:, plane]
        assert here.tolist() == despeckle(own, 20).labels.tolist()
        for number in (1, 2, 3):
            assert cleaned.counts[plane, number - 1] == (here == number).sum()
            colors = np.unique(np.asarray(result.quantized)[:, plane][own == number])
            found = np.unique(quantized[:, plane][here == number])
            assert {*found} <= {*colors}
    with pytest.raises(ValueError, match="labels of plane 2 should not be"):
        result.relabeled(np.where(labels == labels[0, 2, 0], labels.max(), labels))


def test_other_labels_of_a_result_are_checked():
    result = quantize(np.array([[1, 2, 9], [1, 2, 8]], np.uint8), k=2)
    for labels, message in (
        ([[1, 1, 2]], "should have the shape of those they replace"),
        ([[1, 1, 2], [1, 1, 3]], "labels from 1 to 3 should be from 0 to k=2"),
        ([[1, 1, 2], [1, 1, 0]], "labels other than 0 of 5 pixels should be those of"),
        (np.ones((2, 3)), "labels of dtype float64 should be integers"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            result.relabeled(labels)
