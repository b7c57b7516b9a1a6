"""Pyramids: every pixel is in one region, every chunk is put together once."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_kmeans.omezarr import pyramid


@st.composite
def cuts(draw):
    """Draw a shape, the sizes of its blocks, and how many pixels a region may have."""
    ndim = draw(st.integers(2, 4))
    sizes = [
        draw(st.lists(st.integers(1, 9), min_size=1, max_size=6)) for _ in range(ndim)
    ]
    shape = tuple(map(sum, sizes))
    lazy = draw(st.booleans())
    return shape, sizes if lazy else [()] * ndim, draw(st.integers(1, 2000))


def cut(shape, sizes, n_pixels):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyramid, "EDGE", 8)
        chunk = pyramid.chunk_shape(shape, sizes, n_pixels)
    return chunk, pyramid.regions(shape, sizes, chunk, n_pixels)


@given(cuts())
def test_every_pixel_is_in_one_region(drawn):
    shape, _, _ = drawn
    seen = np.zeros(shape, int)
    for region in cut(*drawn)[1]:
        seen[region] += 1
    assert (seen == 1).all()


@given(cuts())
def test_regions_are_whole_blocks_as_many_as_fit(drawn):
    shape, sizes, n_pixels = drawn
    chunk, regions = cut(*drawn)
    for axis, along in enumerate(sizes):
        size = chunk[axis]
        blocks = along or da.core.normalize_chunks((size,), (shape[axis],))[0]
        edges = {0, *np.cumsum(blocks).tolist()}
        assert {r[axis].start for r in regions} | {
            r[axis].stop for r in regions
        } <= edges
    for region in regions:
        lengths = [part.stop - part.start for part in region]
        single = [max(along or (n,)) for along, n in zip(sizes, chunk, strict=True)]
        assert np.prod(lengths) <= max(n_pixels, np.prod(single))


@given(cuts(), st.integers(0, 3), st.randoms(use_true_random=False))
def test_levels_are_put_together_from_regions_in_any_order(drawn, level, random):
    shape, *_ = drawn
    image = np.arange(np.prod(shape)).reshape(shape)
    chunk, regions = cut(*drawn)
    random.shuffle(regions)
    expected = image[..., :: 2**level, :: 2**level]
    assert pyramid.level_shape(shape, level) == expected.shape
    chunks = pyramid.Chunks(expected.shape, chunk)
    found, times = np.zeros_like(expected), np.zeros(expected.shape, int)
    for region in regions:
        start = [part.start for part in region]
        for low, whole in chunks.add(*pyramid.reduce(start, image[region], level)):
            assert not np.mod(low, chunk).any()
            high = np.minimum(np.add(low, chunk), expected.shape)
            where = tuple(map(slice, low, high))
            assert whole.shape == found[where].shape
            found[where] = whole
            times[where] += 1
    np.testing.assert_array_equal(found, expected)
    assert (times == 1).all()


@pytest.mark.parametrize(
    ("shape", "sizes", "expected"),
    [
        ((40000, 30000), [(), ()], (1024, 1024)),
        ((300, 200), [(), ()], (300, 200)),
        # Blocks are halved or joined to about 1024 a side.
        ((40000, 40000), [(1000,) * 40] * 2, (1000, 1000)),
        ((40000, 40000), [(4000,) * 10] * 2, (1000, 1000)),
        ((4096, 4096), [(256,) * 16] * 2, (1024, 1024)),
        ((4100, 4100), [(4100,)] * 2, (1025, 1025)),
        ((9001, 9001), [(9001,)] * 2, (1024, 1024)),
        # Planes: one of large ones, several of small ones, that are of one block.
        ((7, 40, 3000, 3000), [()] * 4, (1, 1, 1024, 1024)),
        ((7, 40, 256, 256), [()] * 4, (1, 16, 256, 256)),
        (
            (7, 40, 256, 256),
            [(1,) * 7, (12, 12, 12, 4), (256,), (256,)],
            (1, 12, 256, 256),
        ),
        ((7, 40, 256, 256), [(1,) * 7, (1,) * 40, (256,), (256,)], (1, 16, 256, 256)),
        # Deep blocks.
        ((512, 2048, 2048), [(256,) * 2, (256,) * 8, (256,) * 8], (16, 256, 256)),
    ],
)
def test_chunks_are_near_a_megapixel_and_fit_the_blocks(shape, sizes, expected):
    assert pyramid.chunk_shape(shape, sizes, 2**24) == expected


def test_few_chunks_are_unfinished_at_a_time():
    shape, chunk = (2**15, 2**15), (1024, 1024)
    levels = range(pyramid.n_levels(shape))
    chunks = [pyramid.Chunks(pyramid.level_shape(shape, n), chunk) for n in levels]
    pixel = np.zeros((1, 1), np.uint8)
    for region in pyramid.regions(shape, [(), ()], chunk, 2**22):
        start = [part.start for part in region]
        block = np.broadcast_to(pixel, [part.stop - part.start for part in region])
        for n, of_level in enumerate(chunks):
            list(of_level.add(*pyramid.reduce(start, block, n)))
        assert all(len(of_level._open) <= 1 for of_level in chunks)
    assert not any(of_level._open for of_level in chunks)
