"""Levels of multiscale images and of labels too large for a texture."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_kmeans import quantize
from napari_kmeans.layers.levels import downsampled, levels_of, thinned


@given(
    hnp.arrays(bool, hnp.array_shapes(min_dims=1, max_dims=3, max_side=9)), st.data()
)
def test_downsampled(full, data):
    shape = tuple(data.draw(st.integers(1, n)) for n in full.shape)
    level = downsampled(full, shape)
    assert level.shape == shape
    for pixel in np.ndindex(shape):
        of = zip(pixel, full.shape, shape, strict=True)
        at = tuple(int(np.floor((i + 0.5) * n / m)) for i, n, m in of)
        assert level[pixel] == full[at]
    same = tuple(data.draw(st.lists(st.integers(1, 5), max_size=2)))
    view = np.broadcast_to(full, (*same, *full.shape))
    lower = downsampled(view, tuple(1 for _ in same) + shape)
    assert (lower == level).all()


def test_downsampled_views_stay_views():
    view = np.broadcast_to(np.eye(8, dtype=bool), (1000, 8, 8))
    level = downsampled(view, (500, 4, 4))
    assert level.shape == (500, 4, 4)
    assert level.strides[0] == 0
    np.testing.assert_array_equal(level[7], np.eye(8, dtype=bool)[1::2, 1::2])
    with pytest.raises(ValueError, match="the 3 dimensions of the mask"):
        downsampled(view, (4, 4))


@pytest.mark.parametrize("lazy", [False, True])
def test_levels_are_nearest_to_the_same_centers(lazy):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (40, 60, 3), np.uint8)
    mask = rng.random((40, 60)) < 0.7
    levels = [image, image[::2, ::2], image[::4, ::4]]
    if lazy:
        levels = [da.from_array(level, chunks=16) for level in levels]
    result = quantize(levels[0], 4, rgb=True, mask=mask, attempts=2)
    labels, quantized = levels_of(result, levels[1:])
    assert [level.shape for level in labels] == [(40, 60), (20, 30), (10, 15)]
    assert all(isinstance(level, da.Array) == lazy for level in labels + quantized)
    for n, level in ((2, labels[1]), (4, labels[2])):
        at = slice(n // 2, None, n)  # where the mask of the level is taken
        inside = mask[at, at]
        expected = np.asarray(labels[0])[::n, ::n]
        level = np.asarray(level)
        np.testing.assert_array_equal(level == 0, ~inside)
        both = inside & (expected > 0)
        np.testing.assert_array_equal(level[both], expected[both])


def test_labels_are_thinned_without_copies():
    labels = np.zeros((5000, 3000), np.uint8)
    levels = thinned(labels)
    assert [level.shape for level in levels] == [
        (5000, 3000),
        (2500, 1500),
        (1250, 750),
    ]
    assert all(np.shares_memory(level, labels) for level in levels)
