"""Arrays: whatever is given as one is read by blocks, held, or refused."""

import sys
import threading
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_kmeans import (
    despeckle,
    error_map,
    kmeans,
    margin_map,
    quantize,
    quantize_planes,
    read_samples,
    reject,
    sweep,
    write_indexed,
)
from napari_kmeans.core.arrays import EDGE, MOST, _blocks, goes_by_blocks, plain
from napari_kmeans.core.run.lazy import is_lazy
from napari_kmeans.layers.parts import one_layer_each
from napari_kmeans.layers.source import stacked

pytest.importorskip("dask.array")

RNG = np.random.default_rng(5)
LARGE = RNG.integers(0, 9, (1500, 1400, 3)).astype(np.uint8) * 25


class Recorded:
    """An array that says its chunks, and notes how many values were asked for at once.

    It has no `__array__`: whole, it can only be indexed.
    """

    def __init__(self, values, chunks):
        self._values, self.chunks = values, chunks
        self.shape, self.dtype, self.ndim = values.shape, values.dtype, values.ndim
        self.asked, self._lock = [], threading.Lock()

    def __getitem__(self, index):
        part = self._values[index]
        with self._lock:
            self.asked.append(part.size)
        return part

    @property
    def most(self):
        return max(self.asked, default=0)


def recorded(values=LARGE, chunks=(256, 256, 3)):
    return Recorded(values, chunks)


def check_parts(array, least=2):
    """See that an array was read, but never most of it at once."""
    assert array.asked
    assert array.most <= prod(array.shape) // least


# -- by blocks -----------------------------------------------------------------------


def test_an_array_with_chunks_is_quantized_by_blocks():
    image = recorded()
    q = quantize(image, 4, rgb=True, seed=1)
    expected = quantize(LARGE, 4, rgb=True, seed=1)
    assert is_lazy(q.labels)
    assert is_lazy(q.quantized)
    assert q.palette == expected.palette
    np.testing.assert_array_equal(q.labels, expected.labels)
    np.testing.assert_array_equal(q.quantized, expected.quantized)
    check_parts(image)


def test_nothing_is_read_before_it_is_asked_for():
    image = recorded()
    palette = quantize(LARGE, 3, rgb=True).palette
    for made in (*palette.apply(image), palette.label(image), palette.paint(image)):
        assert is_lazy(made)
    assert is_lazy(error_map(image, palette))
    margins = margin_map(image, palette)
    labels = recorded(palette.label(LARGE), (256, 256))
    kept, _ = reject(labels, margins, 0.5)
    assert is_lazy(kept)
    assert not image.asked
    assert not labels.asked
    np.testing.assert_array_equal(margins, margin_map(LARGE, palette))
    check_parts(image)


def test_labels_with_chunks_are_cleaned_up_by_blocks():
    labels = quantize(LARGE, 3, rgb=True).labels
    array = recorded(labels, (300, 300))
    cleaned = despeckle(array, 4)
    check_parts(array)
    np.testing.assert_array_equal(cleaned.labels, despeckle(labels, 4).labels)


def test_planes_and_sweeps_read_by_blocks():
    movie = recorded(LARGE.transpose(2, 0, 1), (1, 500, 500))
    q = quantize_planes(movie, 2, axes=0)
    assert is_lazy(q.labels)
    check_parts(movie)
    image = recorded()
    assert sweep(image, [2, 3], rgb=True).ks == (2, 3)
    check_parts(image)


def test_a_mask_with_chunks_goes_with_an_image_of_either_kind():
    inside = LARGE[..., 0] > 60
    mask = recorded(inside, (256, 256))
    expected = quantize(LARGE, 3, rgb=True, mask=inside).labels
    found = quantize(LARGE, 3, rgb=True, mask=mask).labels
    assert not is_lazy(found)
    np.testing.assert_array_equal(found, expected)
    mask.asked.clear()
    by_blocks = quantize(recorded(), 3, rgb=True, mask=mask)
    np.testing.assert_array_equal(by_blocks.labels, expected)
    check_parts(mask)


def test_results_take_labels_and_images_with_chunks():
    image = recorded()
    q = quantize(image, 3, rgb=True)
    sure = q.rejected(image, 0.2)
    labels = recorded(np.asarray(q.labels), (300, 300))
    np.testing.assert_array_equal(q.relabeled(labels).labels, q.labels)
    check_parts(image)
    check_parts(labels)
    assert sure.excluded["rejected"] > 0
    for data, _, _ in one_layer_each(labels, q.palette, "photo"):
        assert is_lazy(data)


def test_small_ones_have_lazy_results_too(tmp_path):
    image = recorded(LARGE[:60, :50], (20, 20, 3))
    q = quantize(image, 3)
    assert is_lazy(q.labels)
    labels = recorded(np.asarray(q.labels), (20, 20))
    write_indexed(tmp_path / "small.png", labels, q.palette)
    with Image.open(tmp_path / "small.png") as written:
        np.testing.assert_array_equal(written, q.labels)


def test_weights_and_points_with_chunks_are_held():
    points = recorded(RNG.random((300, 2)), (100, 2))
    weights = recorded(RNG.random(300), (100,))
    found = kmeans(points, 3, weights=weights)
    assert isinstance(found.labels, np.ndarray)
    expected = kmeans(points._values, 3, weights=weights._values)
    np.testing.assert_array_equal(found.labels, expected.labels)


@pytest.mark.parametrize(
    ("zarr_format", "shards"), [(2, None), (3, None), (3, (512, 512, 3))]
)
def test_arrays_of_zarr_are_read_by_blocks(tmp_path, zarr_format, shards):
    zarr = pytest.importorskip("zarr")
    array = zarr.create_array(
        tmp_path / "image.zarr",
        shape=LARGE.shape,
        chunks=(128, 128, 3),
        shards=shards,
        dtype=LARGE.dtype,
        zarr_format=zarr_format,
    )
    array[:] = LARGE
    q = quantize(array, 4, rgb=True)
    assert is_lazy(q.labels)
    np.testing.assert_array_equal(q.labels, quantize(LARGE, 4, rgb=True).labels)
    again = zarr.open_array(tmp_path / "image.zarr")
    assert plain(array).name == plain(again).name


def test_a_store_is_never_asked_for_all_chunks_before_blocks_are(tmp_path):
    zarr = pytest.importorskip("zarr")
    from zarr.storage import MemoryStore, WrapperStore

    class Counting(WrapperStore):
        asked = 0

        async def get(self, key, *args, **options):
            if "c/" in key:
                Counting.asked += 1
            return await super().get(key, *args, **options)

    array = zarr.create_array(
        Counting(MemoryStore()), shape=(2000, 2000), chunks=(100, 100), dtype="u1"
    )
    array[:] = np.arange(4_000_000).reshape(2000, 2000) % 200
    palette = quantize(np.arange(200, dtype=np.uint8).reshape(10, 20), 3).palette
    Counting.asked = 0
    labels = palette.label(array)
    assert Counting.asked == 0
    labels[:50, :50].compute()
    assert 0 < Counting.asked <= 100


def test_datasets_without_chunks_are_cut_by_size():
    image = recorded(LARGE, None)
    assert is_lazy(plain(image))
    assert max(map(prod, zip(*plain(image).chunks, strict=False))) <= MOST
    nested = recorded(LARGE, ((1500,), (700, 700), (3,)))
    assert plain(nested).chunks == nested.chunks


@given(st.data(), st.lists(st.integers(1, 4000), min_size=1, max_size=4), st.booleans())
@settings(max_examples=200)
def test_blocks_are_whole_stored_chunks(data, shape, large):
    stored = [data.draw(st.integers(1, max(1, n))) for n in shape]
    blocks = _blocks(tuple(stored), tuple(shape), np.dtype("f8" if large else "u1"))
    assert tuple(map(sum, blocks)) == tuple(shape)
    for of_block, of_chunk, length in zip(blocks, stored, shape, strict=True):
        assert all(n % of_chunk == 0 for n in of_block[:-1])
        assert of_block[0] <= max(EDGE, min(of_chunk, length))
    assert prod(sizes[0] for sizes in blocks) <= max(MOST, prod(stored))


def test_the_same_array_has_the_same_name():
    zarr = pytest.importorskip("zarr")
    array = zarr.array(LARGE)
    name = plain(array).name
    assert plain(array).name == name
    array[0, 0, 0] += 1
    assert plain(array).name != name


def test_without_dask_it_says_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.array", None)
    with pytest.raises(
        ModuleNotFoundError, match=r"^test_arrays.Recorded needs dask, "
    ):
        quantize(recorded(), 3)


def test_channels_with_chunks_are_stacked_by_blocks():
    channels = [recorded(LARGE[..., n], (256, 256)) for n in range(2)]
    both = stacked(channels)
    assert is_lazy(both)
    assert not any(channel.asked for channel in channels)
    np.testing.assert_array_equal(both, LARGE[..., :2].transpose(2, 0, 1))


# -- in memory -----------------------------------------------------------------------


class Foreign:
    """An array of another library, such as of torch, on some device."""

    def __init__(self, values, device="cpu", error=None):
        self._values, self.device, self._error = values, device, error
        self.shape, self.dtype = values.shape, values.dtype

    def __array_namespace__(self):
        return np

    def __array__(self, dtype=None, copy=None):
        if self._error:
            raise self._error
        return self._values


class OnlyDLPack:
    """An array that tells of itself by DLPack only, as the standard asks."""

    def __init__(self, values):
        self._values = values

    def __dlpack__(self, **options):
        return self._values.__dlpack__(**options)

    def __dlpack_device__(self):
        return self._values.__dlpack_device__()


SMALL = np.arange(60, dtype=np.float32).reshape(6, 10)


@pytest.mark.parametrize("kind", [Foreign, OnlyDLPack])
def test_arrays_of_other_libraries_work(kind):
    expected = quantize(SMALL, 3)
    found = quantize(kind(SMALL), 3, weights=kind(np.ones((6, 10))))
    assert isinstance(found.labels, np.ndarray)
    np.testing.assert_array_equal(found.labels, expected.labels)
    np.testing.assert_array_equal(expected.palette.label(kind(SMALL)), found.labels)
    labels = kind(found.labels.astype(np.int64))
    np.testing.assert_array_equal(despeckle(labels, 1).labels, found.labels)


def test_strict_arrays_of_the_standard_work():
    strict = pytest.importorskip("array_api_strict")
    found = quantize(strict.asarray(SMALL), 3)
    np.testing.assert_array_equal(found.labels, quantize(SMALL, 3).labels)


def test_arrays_on_another_device_are_refused_in_a_sentence():
    why = TypeError("can't convert cuda:0 tensor to numpy. Use Tensor.cpu().\nMore.")
    image = Foreign(SMALL, "cuda:0", why)
    told = (
        r"^image of test_arrays.Foreign on cuda:0 should be an array in main memory: "
    )
    with pytest.raises(TypeError, match=told + r"can't convert .*Tensor.cpu\(\)\.$"):
        quantize(image, 3)
    with pytest.raises(TypeError, match=r"^points of test_arrays.Foreign on cuda:0 "):
        kmeans(image, 3)
    with pytest.raises(TypeError, match=r"^mask of test_arrays.Foreign on cuda:0 "):
        quantize(SMALL, 3, mask=image)


def test_sparse_matrices_are_refused_in_a_sentence():
    from scipy import sparse

    told = r"^image of scipy.csr_matrix should be an array, as its toarray\(\) gives\.$"
    with pytest.raises(TypeError, match=told):
        quantize(sparse.csr_matrix(SMALL), 2)
    with pytest.raises(TypeError, match=r"^points of scipy.coo_array should be"):
        kmeans(sparse.coo_array(SMALL), 2)


@pytest.mark.parametrize(
    ("image", "kind"), [(object(), "object"), (None, "NoneType"), ({1: 2}, "dict")]
)
def test_what_is_no_array_is_refused_in_a_sentence(image, kind):
    with pytest.raises(TypeError, match=rf"^image of {kind} should be an array\.$"):
        read_samples(image)


def test_tables_and_pictures_are_arrays():
    import pandas as pd

    expected = quantize(SMALL, 3).labels
    np.testing.assert_array_equal(quantize(pd.DataFrame(SMALL), 3).labels, expected)
    values = LARGE[:40, :40]
    picture = Image.fromarray(values)
    found = quantize(picture, 3)
    assert found.rgb
    np.testing.assert_array_equal(found.labels, quantize(values, 3).labels)


def test_tables_of_text_and_uneven_rows_are_refused_in_a_sentence():
    import pandas as pd

    table = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    with pytest.raises(TypeError, match=r"^image of dtype object should hold booleans"):
        quantize(table, 2)
    with pytest.raises(
        ValueError, match=r"^image of 2 nested sequences should have row"
    ):
        quantize([np.zeros((2, 3)), np.zeros((3, 3))], 2)
    with pytest.raises(TypeError, match=r"^image of dtype <U1 should hold booleans"):
        quantize("x", 2)


def test_it_is_known_what_goes_by_blocks():
    assert goes_by_blocks(recorded())
    assert goes_by_blocks(plain(recorded()))
    assert not goes_by_blocks(SMALL)
    assert not goes_by_blocks([1, 2])
    assert not goes_by_blocks(Foreign(SMALL))
