"""Marks of arrays, which change where a value does, whatever their layout."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_kmeans.plugin import reading

DTYPES = st.sampled_from(["u1", "i2", ">u2", "f4", "f8", "?", "u8", "f2"])
SHAPES = hnp.array_shapes(min_dims=2, max_dims=4, max_side=9)


def mark(*arrays, cut=()):
    return reading.marks_of(reading.Reading(list(arrays), cut, {}, None, False))


def laid_out(array, order, back):
    """Return the values of an array, lying otherwise in memory."""
    other = np.empty([array.shape[axis] for axis in order], array.dtype)
    other = other.transpose(np.argsort(order))
    other[...] = array
    return other[::-1] if back else other


@given(st.data(), DTYPES, SHAPES, st.booleans())
def test_a_mark_changes_with_any_value(data, dtype, shape, back):
    order = data.draw(st.permutations(range(len(shape))))
    values = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    array = laid_out(values, order, back)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "PIECE", data.draw(st.sampled_from([1, 8, 100, 2**20])))
        before = mark(array)
        assert mark(array) == before
        place = data.draw(st.tuples(*(st.integers(0, n - 1) for n in shape)))
        array[place] = not array[place]
        assert mark(array) != before
        array[place] = not array[place]
        assert mark(array) == before


def test_values_that_change_places_change_the_mark():
    array = np.arange(300_000, dtype=np.float32).reshape(300, 1000)
    before = mark(array)
    array[...] = array[::-1].copy()
    assert mark(array) != before


def test_only_the_part_that_is_read_is_looked_at():
    array = np.zeros((3, 4, 5))
    cut = (slice(1, 2), slice(None), slice(None))
    before = mark(array, cut=cut)
    array[0] = 1
    assert mark(array, cut=cut) == before
    array[1, 2, 3] = 1
    assert mark(array, cut=cut) != before


def test_a_mark_of_dask_is_its_name():
    array = da.zeros((40, 50), chunks=10)
    before = mark(array)
    assert mark(array) == before
    array[0] = 1
    assert mark(array) != before
    assert mark(array + 1) != mark(array)


def test_what_lies_on_disk_has_no_mark(tmp_path):
    mapped = np.memmap(tmp_path / "image", np.uint8, "w+", shape=(4, 5))
    assert mark(np.zeros((4, 5)), mapped)[1] is None


def test_dask_has_copies_of_arrays():
    values = np.ones((4, 5))
    lazy = da.from_array(values, chunks=2)
    values[...] = 0
    assert lazy.sum().compute() == 20  # so a mark need not look into it
