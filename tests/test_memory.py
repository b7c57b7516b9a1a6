"""Memory: more of it never allows less, and more to do never needs less of it."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_kmeans.core.run.memory import (
    PROCESS,
    STREAMING,
    THREAD,
    Budget,
    forecast,
    keepable,
    least,
)

BYTES = st.integers(0, 2**45)
SHAPES = st.lists(st.integers(1, 2**12), min_size=2, max_size=4).map(tuple)
DTYPES = st.sampled_from(["u1", "u2", "i8", "f4", "f8", "?"]).map(np.dtype)


def held(shape, dtype):
    """Return an image of NumPy that takes no memory here."""
    return np.broadcast_to(np.zeros((), dtype), shape)


def lazy(shape, dtype):
    return da.zeros(shape, dtype=dtype, chunks=-1)


@given(BYTES, BYTES, st.integers(1, 256))
def test_more_memory_allows_no_less(a, b, most):
    small, large = Budget(min(a, b)), Budget(max(a, b))
    assert 1 <= small.n_threads(most) <= large.n_threads(most) <= most
    assert 1 <= small.of_pixels <= large.of_pixels


@given(st.integers(STREAMING, 2**45))
def test_threads_and_pixels_have_room_in_it(n_bytes):
    budget = Budget(n_bytes)
    n_threads = budget.n_threads(2**20)
    assert STREAMING + (n_threads - 1) * THREAD <= n_bytes
    assert STREAMING + 2 * budget.of_pixels <= max(n_bytes, STREAMING + 2)


@given(SHAPES, DTYPES)
def test_an_image_in_memory_needs_itself_and_its_forecast(shape, dtype):
    image = held(shape, dtype)
    expected = PROCESS + image.nbytes + forecast(shape, dtype, rgb=False)
    assert least(image) == least(image, axes=(0,)) == expected


@given(SHAPES, DTYPES)
def test_blocks_need_what_is_held_only(shape, dtype):
    image = lazy(shape, dtype)
    assert least(image, is_result_held=False) == STREAMING
    assert least(image) == STREAMING + 3 * image.nbytes


@pytest.mark.parametrize("axes", [(0,), (-4,), (1, 0), (0, -3)])
@pytest.mark.parametrize("is_result_held", [False, True])
def test_of_planes_one_is_held(axes, is_result_held):
    image = lazy((7, 5, 300, 400), "f4")
    planes = 5 if len(axes) == 1 else 1
    plane = held((planes, 300, 400), "f4")
    needed = least(image, axes=axes, is_result_held=is_result_held)
    without = least(image, is_result_held=is_result_held)
    assert needed - without == least(plane) - PROCESS


@given(SHAPES, DTYPES, st.integers(1, 9), st.booleans())
def test_more_pixels_need_no_less(shape, dtype, more, is_result_held):
    larger = (*shape[:-1], shape[-1] + more)
    for make in (held, lazy):
        assert least(make(shape, dtype), is_result_held=is_result_held) <= least(
            make(larger, dtype), is_result_held=is_result_held
        )


@given(BYTES, BYTES)
def test_what_is_kept_leaves_room(nbytes, free):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("napari_kmeans.core.run.memory.free_memory", lambda: free)
        assert keepable(nbytes) == (4 * nbytes <= free)
        assert keepable(0)
