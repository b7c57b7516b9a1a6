"""Images of dask: the same bits as those of NumPy, whatever the chunks."""

import threading
import weakref

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_kmeans import Canceled, quantize
from napari_kmeans.core.reading import source as module
from telling import Told

SHAPE = (190, 170)


def smooth(n_channels=1):
    rng = np.random.default_rng(0)
    field = rng.normal(size=(*SHAPE, n_channels)).cumsum(0).cumsum(1)
    return ((field - field.min()) / np.ptp(field)).squeeze()


def with_holes():
    image = smooth().astype(np.float32)
    image[np.random.default_rng(1).random(SHAPE) < 0.3] = np.nan
    image[:, :40] = np.inf
    return image


def with_far(image, value):
    image[3, 4] = value
    return image


IMAGES = {
    "8-bit RGB": ((smooth(3) * 255).astype(np.uint8), {"rgb": True}),
    "float RGB": (smooth(3).astype(np.float32), {"rgb": True}),
    "16-bit": ((smooth() * 60000).astype(np.uint16), {}),
    "two of 16 bits": ((smooth(2) * 60000).astype(np.uint16), {"channel_axis": 2}),
    "32-bit": ((smooth() * 1e6).astype(np.int32) - 5, {}),
    "wide 64-bit": ((smooth() * 1e14).astype(np.int64), {}),
    "float64": (smooth() * 1e200, {}),
    "a far one": (with_far(smooth().astype(np.float32), 1e30), {}),
    "a far integer": (with_far((smooth() * 200).astype(np.int64), -(2**63)), {}),
    "holes": (with_holes(), {}),
    "volume": (smooth().reshape(10, 19, 170).astype(np.float32), {}),
}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Let images of a few kilobytes be read as those of gigabytes are."""
    monkeypatch.setattr(module, "SMALL", 0)
    monkeypatch.setattr("napari_kmeans.core.data.samples.DISTINCT", 2**12)
    monkeypatch.setattr("napari_kmeans.core.reading.streamed.FINE", 2**12)
    monkeypatch.setattr("napari_kmeans.core.cluster.settling.FINE", 2**12)
    for name in ("COARSE", "COARSE_PIXELS"):
        monkeypatch.setattr(f"napari_kmeans.core.cluster.settling.{name}", 2**10)
    monkeypatch.setattr("napari_kmeans.core.data.stream.BLOCK", 2**15)


def assert_same(lazy, eager):
    for name in ("centers", "counts", "palette", "positions"):
        np.testing.assert_array_equal(getattr(lazy, name), getattr(eager, name))
    for name in ("labels", "quantized"):
        array = getattr(lazy, name)
        assert isinstance(array, da.Array)
        assert array.dtype == getattr(eager, name).dtype
        np.testing.assert_array_equal(array.compute(), getattr(eager, name))
    for name in (
        *("compactness", "n_iter", "converged", "n_colors", "n_excluded", "excluded"),
        *("value_range", "channels", "settings"),
    ):
        assert getattr(lazy, name) == getattr(eager, name), name


OPTIONS = {
    "plain": {},
    "cielab": {"color_space": "cielab"},
    "oklab": {"color_space": "oklab"},
    "range": {"scaling": "range"},
    "variance": {"scaling": "variance"},
    "variance of a space": {"color_space": "oklab", "scaling": "variance"},
    "factors of a space": {"color_space": "cielab", "scaling": (0.1, 1, 2)},
    "labels": {"init": "labels"},
    "mask": {"mask": True},
    "no data": {"no_data": 7},
    "many": {"init": "k-means++", "k": 20, "max_samples": 3000, "attempts": 2},
    "unrefined": {"refine": False, "max_samples": 3000},
    "whole": {"max_samples": None, "attempts": 1},
}


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("name", IMAGES)
def test_streamed_images_give_the_same_bits(name, option):
    image, given = IMAGES[name]
    given = {"k": 4, "attempts": 3, "max_samples": 4000, **given, **OPTIONS[option]}
    if "color_space" in given and not given.get("rgb"):
        pytest.skip("not in color")
    beyond = ("float64", "a far one", "a far integer")
    if name in beyond and not given.get("refine", True):
        pytest.skip("beyond float32, in which plain OpenCV works")
    shape = image.shape if image.ndim == 2 or name == "volume" else image.shape[:-1]
    rng = np.random.default_rng(0)
    if given.get("mask"):
        given["mask"] = rng.random(shape) < 0.5
    if given.get("init") == "labels":
        given["init"] = rng.integers(0, given["k"], shape)
    eager = quantize(image, **given)
    chunks = tuple(n // 3 + 7 for n in image.shape)
    lazy = quantize(da.from_array(image, chunks=chunks), **given, memory=1)
    assert_same(lazy, eager)


@settings(deadline=None, max_examples=20)
@given(
    st.sampled_from(["8-bit RGB", "holes", "volume"]),
    st.lists(st.integers(1, 200), min_size=3, max_size=3),
    st.sampled_from([2**12, 2**14, 2**30]),
)
def test_chunks_do_not_matter(name, sizes, block):
    image, given = IMAGES[name]
    chunks = tuple(
        max(size, n // 9) for size, n in zip(sizes, image.shape, strict=False)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("napari_kmeans.core.data.stream.BLOCK", block)
        lazy = quantize(da.from_array(image, chunks=chunks), 3, **given, memory=1)
    assert_same(lazy, quantize(image, 3, **given))


@pytest.mark.parametrize("option", ["plain", "oklab", "variance", "unrefined"])
def test_images_that_fit_are_held(option):
    image, given = IMAGES["float RGB"]
    given = given | OPTIONS[option]
    lazy = quantize(da.from_array(image, chunks=(50, 60, 2)), 3, **given)
    assert_same(lazy, quantize(image, 3, **given))


def test_a_lazy_mask_is_one():
    image, given = IMAGES["8-bit RGB"]
    mask = np.random.default_rng(0).random(SHAPE) < 0.5
    lazy_mask = da.from_array(mask, chunks=(31, 170))
    lazy = quantize(da.from_array(image, chunks=(50, 60, 3)), mask=lazy_mask, **given)
    assert_same(lazy, quantize(image, mask=mask, **given))


def test_weights_are_taken_where_the_image_fits():
    image, _ = IMAGES["float64"]
    weights = np.random.default_rng(0).integers(0, 3, SHAPE)
    chunked = da.from_array(image, chunks=64)
    assert_same(quantize(chunked, weights=weights), quantize(image, weights=weights))
    with pytest.raises(ValueError, match="weights should go with an image that fits"):
        quantize(chunked, weights=weights, memory=1)


def test_the_optimum_of_what_cannot_be_counted_needs_memory():
    chunked = da.from_array(smooth(), chunks=64)
    assert quantize(chunked, init="optimal").compactness > 0
    with pytest.raises(ValueError, match="init='optimal' should go with an image"):
        quantize(chunked, init="optimal", memory=1)


def test_too_few_pixels_are_told():
    nothing = da.full(SHAPE, np.nan, chunks=50)
    with pytest.raises(ValueError, match="at least one valid sample"):
        quantize(nothing, memory=1)
    gray = da.zeros(SHAPE, chunks=50, dtype=np.uint8)
    with pytest.raises(ValueError, match="at least one valid sample"):
        quantize(gray, mask=np.zeros(SHAPE, bool))


@pytest.mark.parametrize("name", ["8-bit RGB", "float RGB"])
def test_no_more_than_some_blocks_are_held_at_once(name, monkeypatch):
    monkeypatch.setattr("napari_kmeans.core.data.stream.BLOCK", 1000)
    image, given = IMAGES[name]
    alive, most, lock = [], [], threading.Lock()

    def read(block_info=None):
        where = block_info[None]["array-location"]
        part = image[tuple(slice(*map(int, ends)) for ends in where)].copy()
        with lock:
            alive.append(1)
            most.append(len(alive))
        weakref.finalize(part, alive.pop)
        return part

    chunks = da.core.normalize_chunks((19, 17, 3), image.shape)
    lazy = da.map_blocks(read, chunks=chunks, dtype=image.dtype, meta=image[:0])
    result = quantize(lazy, 3, **given, memory=1)
    assert len(most) >= 100
    assert max(most) < 30
    assert not alive
    assert_same(result, quantize(image, 3, **given))


def test_progress_moves_on_block_by_block():
    image, given = IMAGES["float RGB"]
    lazy = da.from_array(image, chunks=(50, 60, 3))
    told = Told()
    quantize(lazy, 3, **given, memory=1, progress=told)
    assert told.parts == sorted(told.parts)
    assert max(part for stage, part in told if stage != "Done") < 1
    assert any("%" in stage for stage in told.stages)


def test_closed_between_blocks_it_reads_no_more():
    image, given = IMAGES["float RGB"]
    blocks = []

    def read(block):
        blocks.append(block.shape)
        return block

    chunked = da.from_array(image, chunks=(10, 17, 3))
    lazy = chunked.map_blocks(read, dtype=image.dtype, meta=image[:0])
    with pytest.raises(Canceled):
        quantize(lazy, 3, **given, memory=1, progress=Told(lambda *_: bool(blocks)))
    assert len(blocks) < 190


def test_an_error_of_reading_comes_out():
    def fail(block):
        raise OSError("chunk 3 is gone")

    lazy = da.zeros(SHAPE, chunks=50).map_blocks(
        fail, dtype=float, meta=np.empty((0, 0))
    )
    with pytest.raises(OSError, match="chunk 3 is gone"):
        quantize(lazy, memory=1)


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("name", IMAGES)
def test_applied_to_its_own_image_a_result_comes_back(name, lazy):
    image, given = IMAGES[name]
    result = quantize(image, 4, attempts=2, **given)
    chunked = da.from_array(image, chunks=64) if lazy else image
    labels, quantized = result.palette.apply(chunked)
    assert isinstance(labels, da.Array) == isinstance(quantized, da.Array) == lazy
    np.testing.assert_array_equal(labels, result.labels)
    np.testing.assert_array_equal(quantized, result.quantized)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.uint64, np.int64])
def test_applied_to_values_below_and_above_it_labels_the_nearest(dtype):
    result = quantize(np.array([[50, 51], [90, 91]], dtype), 2)
    labels, quantized = result.palette.apply(np.array([[0, 70, 71, 120]], dtype))
    assert labels.tolist() == [[1, 1, 2, 2]]
    assert quantized.tolist() == [[50, 50, 90, 90]]


def test_applied_to_other_channels_it_says_so():
    result = quantize(np.zeros((4, 5, 2), np.uint8), 1, channel_axis=2)
    with pytest.raises(ValueError, match="image of 3 channels should have 2"):
        result.palette.apply(np.zeros((4, 5, 3), np.uint8))
