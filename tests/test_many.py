"""Many images: one palette for all, or each its own; every one read in its turn."""

import threading
from functools import partial
from itertools import permutations

import dask
import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_kmeans import (
    Canceled,
    QuantizedMany,
    apply_many,
    fit,
    paint_samples,
    quantize,
    quantize_many,
    read_samples,
)
from napari_kmeans.core.run.calls import take_calls
from napari_kmeans.core.run.progress import follow
from reference import compactness, mean, nearest
from telling import Told


def pictures(n=4, seed=0):
    """Return pictures of other sizes, each smooth, in colors of its own."""
    rng = np.random.default_rng(seed)
    return [
        np.clip(
            rng.normal(size=(36 + 3 * at, 40, 3)).cumsum(0).cumsum(1) * 3 + 128, 0, 255
        ).astype(np.uint8)
        for at in range(n)
    ]


PICTURES = pictures()
GRAYS = [picture[..., 0].astype(np.uint16) * 200 for picture in PICTURES]
FLOATS = [(picture / 255).astype(np.float32) for picture in PICTURES]


def together(images, n_channels=3):
    """Return all pixels of images as one, a row of them."""
    rows = [image.reshape(-1, n_channels) for image in images]
    row = np.concatenate(rows)[np.newaxis]
    return row if n_channels > 1 else row[..., 0]


@pytest.fixture
def files(tmp_path):
    paths = [tmp_path / f"{at}.png" for at in range(len(PICTURES))]
    for path, picture in zip(paths, PICTURES, strict=True):
        Image.fromarray(picture).save(path)
    return paths


@given(
    st.lists(st.lists(st.integers(0, 255), min_size=1, max_size=9), min_size=1),
    st.integers(1, 4),
)
def test_few_pixels_are_clustered_as_one(images, k):
    arrays = [np.array([values], np.uint8) for values in images]
    rows = np.concatenate([array.reshape(-1, 1) for array in arrays])
    if len(rows) < k:
        with pytest.raises(ValueError, match=f"k={k} should be at most"):
            quantize_many(arrays, k)
        return
    if len(np.unique(rows)) < k:
        with pytest.warns(UserWarning, match="should be at most the"):
            many = quantize_many(arrays, k)
    else:
        many = quantize_many(arrays, k)
    centers, labels = many.palette.centers, nearest(rows, many.palette.centers)
    for at, center in enumerate(centers):
        np.testing.assert_allclose(center, mean(rows[labels == at]))
    assert many.palette.counts.sum() == len(rows)
    assert many.palette.compactness == pytest.approx(compactness(rows, labels, centers))


@pytest.mark.parametrize(
    ("images", "options"),
    [
        (PICTURES, {"rgb": True}),
        (PICTURES, {"rgb": True, "color_space": "oklab"}),
        (PICTURES, {"rgb": True, "scaling": "variance", "no_data": 255}),
        (GRAYS, {}),
        (GRAYS, {"init": "optimal"}),
    ],
)
def test_a_common_palette_is_that_of_all_pixels_to_the_bit(images, options):
    many = quantize_many(images, k=6, **options)
    n_channels = 3 if options.get("rgb") else 1
    whole = quantize(together(images, n_channels), k=6, **options)
    assert many.palette == whole.palette
    counts = np.sum([result.counts for result in many], axis=0)
    np.testing.assert_array_equal(counts, whole.counts)


@pytest.mark.parametrize("images", [PICTURES, GRAYS, FLOATS])
def test_the_order_does_not_matter(images, monkeypatch):
    monkeypatch.setattr("napari_kmeans.core.reading.streamed.FINE", 2**10)
    options = {"k": 5, "max_samples": 2**10}
    palette = quantize_many(images, **options).palette
    for order in list(permutations(range(4)))[1::5]:
        again = quantize_many([images[at] for at in order], **options).palette
        assert again == palette
    with dask.config.set(num_workers=1):
        assert quantize_many(images, **options).palette == palette
    lazy = [da.from_array(image, chunks=17) for image in images]
    assert quantize_many(lazy, **options).palette == palette


def test_floats_have_the_palette_of_all_pixels_in_some_order():
    many = quantize_many(FLOATS, k=3)
    orders = [[FLOATS[at] for at in order] for order in permutations(range(4))]
    wholes = (quantize(together(order), k=3, rgb=True).palette for order in orders)
    assert any(many.palette == whole for whole in wholes)


def test_what_cannot_be_counted_is_read_again_and_refined(monkeypatch):
    monkeypatch.setattr("napari_kmeans.core.reading.streamed.FINE", 2**10)
    palette = quantize_many(FLOATS, k=4, max_samples=2**10).palette
    rows = together(FLOATS)[0].astype(np.float64)
    labels = nearest(rows, palette.centers)
    np.testing.assert_array_equal(np.bincount(labels), palette.counts)
    assert palette.compactness == pytest.approx(
        compactness(rows, labels, palette.centers)
    )


@pytest.mark.parametrize("images", [PICTURES, GRAYS, FLOATS])
@pytest.mark.parametrize("common", [True, False])
def test_results_are_those_of_the_palettes(images, common):
    many = quantize_many(images, k=4, common=common)
    assert len(many) == 4
    assert isinstance(many, QuantizedMany)
    for image, palette, result in zip(images, many.palettes, many, strict=True):
        expected = paint_samples(read_samples(image), palette)
        for name in ("labels", "quantized", "counts", "centers"):
            np.testing.assert_array_equal(
                getattr(result, name), getattr(expected, name)
            )
        assert result.compactness == expected.compactness
        assert result.palette == expected.palette
    np.testing.assert_array_equal(many[-1].labels, many[3].labels)
    assert [part.k for part in many[1:3]] == [4, 4]


def test_each_its_own_is_matched_to_the_first_or_to_another():
    own = [quantize(picture, k=4).palette for picture in PICTURES]
    many = quantize_many(PICTURES, k=4, common=False)
    assert many.palette is None
    assert [*many.palettes] == [palette.matched(own[0]) for palette in own]
    like = own[2].rename(3, "stain").reorder([4, 3, 2, 1])
    many = quantize_many(PICTURES, common=False, like=like)
    assert [*many.palettes] == [palette.matched(like) for palette in own]
    again = quantize_many(PICTURES[::-1], common=False, like=like)
    assert [*again.palettes] == [*many.palettes[::-1]]
    assert {palette.names[1] for palette in many.palettes} == {"stain"}
    assert quantize_many(PICTURES, like=like).palette.names[1] == "stain"


def test_fixed_centers_come_first_in_each():
    given = np.array([[250, 250, 250], [0, 0, 0], [90, 60, 20]], float)
    for fixed in (True, [1, 3]):
        many = quantize_many(PICTURES, init=given, fixed=fixed, common=False)
        own = [quantize(picture, init=given, fixed=fixed) for picture in PICTURES]
        assert [*many.palettes] == [result.palette for result in own]
        n = 3 if fixed is True else 2
        for palette in many.palettes:
            np.testing.assert_array_equal(
                palette.centers[:n], given[[0, 1, 2] if fixed is True else [0, 2]]
            )


def test_what_is_told_of_images_is_warned_of_once():
    images = [np.array([[1, 5, 9, 9]], np.uint8), *[np.full((2, 4), 7, np.uint8)] * 2]
    with pytest.warns(UserWarning, match="distinct colors") as warned:
        quantize_many(images, k=3, common=False)
    (said,) = [str(one.message) for one in warned]
    assert said.startswith("images[1]: k=3 should be at most the 1 distinct")
    assert said.endswith("1 more.")


def test_paths_functions_and_stacks_are_images(files):
    expected = quantize_many(PICTURES, k=5).palette
    assert quantize_many(files, k=5).palette == expected
    assert quantize_many([str(path) for path in files], k=5).names == (
        *[str(path) for path in files],
    )
    functions = [partial(picture.copy) for picture in PICTURES]
    assert quantize_many(functions, k=5).palette == expected
    stack = np.stack([picture[:36] for picture in PICTURES])
    assert (
        quantize_many(stack, k=5).palette
        == quantize_many(da.from_array(stack), k=5).palette
        == quantize_many([*stack], k=5).palette
    )
    assert quantize_many(stack, k=5).names == (0, 1, 2, 3)


def test_files_say_what_is_transparent_or_no_color(tmp_path):
    gray = np.arange(100, dtype=np.uint8).reshape(10, 10)
    alpha = np.where(gray < 50, 0, 255).astype(np.uint8)
    for name in "ab":
        Image.fromarray(np.stack([gray, alpha], -1), "LA").save(
            tmp_path / f"{name}.png"
        )
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    many = quantize_many(paths, k=2)
    assert many.palette.counts.sum() == 100
    assert ((many[0].labels == 0) == (gray < 50)).all()
    masks = [None, gray > 70]
    assert quantize_many(paths, k=2, masks=masks).palette.counts.sum() == 50 + 29


def test_masks_leave_pixels_out(tmp_path):
    rng = np.random.default_rng(5)
    masks = [rng.random(picture.shape[:2]) < 0.5 for picture in PICTURES]
    many = quantize_many(PICTURES, k=4, masks=masks)
    rows = [p[mask] for p, mask in zip(PICTURES, masks, strict=True)]
    assert many.palette == quantize(together(rows), k=4, rgb=True).palette
    np.testing.assert_array_equal(many[1].labels > 0, masks[1])
    Image.fromarray(masks[0].astype(np.uint8) * 255).save(tmp_path / "mask.png")
    others = [tmp_path / "mask.png", lambda: masks[1], *masks[2:]]
    assert quantize_many(PICTURES, k=4, masks=others).palette == many.palette


def test_a_blank_image_is_labeled_0():
    images = [np.full((3, 4), np.nan), np.arange(12.0).reshape(3, 4)]
    many = quantize_many(images, k=2)
    blank = many[0]
    assert not blank.labels.any()
    np.testing.assert_array_equal(blank.quantized, images[0])
    assert blank.excluded == {"not finite": 12}
    assert many.table()["pixels"].tolist() == [0, 0, 6, 6]
    assert many.table()["left out: not finite"].tolist() == [12, 12, 0, 0]


def test_images_are_read_in_their_turn_and_given_up():
    there, most, lock = [0], [0], threading.Lock()

    class Tracked(np.ndarray):
        def __del__(self):
            if self.base is None:
                with lock:
                    there[0] -= 1

    def make(at):
        with lock:
            there[0] += 1
            most[0] = max(most[0], there[0])
        image = Tracked((60, 60), np.uint8)
        image[:] = at
        image[0] = np.arange(60)
        return image

    with dask.config.set(num_workers=2):
        many = quantize_many([partial(make, at) for at in range(30)], k=3)
        assert most[0] <= 5
        many.table()
    assert most[0] <= 5
    assert many[7].labels.shape == (60, 60)


def test_a_model_is_applied_to_others(files):
    palette = fit(read_samples(PICTURES[0]), k=4).rename(1, "dark").merge([2, 3])
    many = apply_many(files, palette)
    assert many.palette == palette
    for picture, result in zip(PICTURES, many, strict=True):
        expected = paint_samples(read_samples(picture), palette)
        np.testing.assert_array_equal(result.labels, expected.labels)
        assert result.palette == expected.palette
    table = many.table(0.25, "µm²")
    assert table["file"].tolist() == [str(path) for path in files for _ in range(3)]
    assert table["name"].tolist() == ["dark", "", ""] * 4
    pixels = np.concatenate([result.counts for result in many])
    np.testing.assert_array_equal(table["pixels"], pixels)
    np.testing.assert_array_equal(table["area (µm²)"], pixels * 0.25)
    sums = table.groupby("file")["compactness"].sum()
    np.testing.assert_allclose(sums, [result.compactness for result in many])


def test_counts_that_are_known_are_not_read_again():
    calls = []

    def make(at):
        calls.append(at)
        return PICTURES[at]

    functions = [partial(make, at) for at in range(4)]
    many = quantize_many(functions, k=3, common=False)
    calls.clear()
    table = many.table()
    assert not calls
    common = quantize_many(functions, k=3)
    calls.clear()
    expected = common.table()
    assert sorted(calls) == [0, 1, 2, 3]
    assert common.table().equals(expected)
    assert len(calls) == 4
    assert table.columns.tolist() == expected.columns.tolist()
    assert "QuantizedMany(4 images, 3 clusters: 1 #" in repr(common)
    assert common._repr_html_().startswith("<p>4 images</p><table>")
    assert "each with its own clusters" in repr(many)
    assert "each with its own clusters" in many._repr_html_()


def test_what_cannot_be_read_is_named_or_skipped(files):
    files[1].write_bytes(files[1].read_bytes()[:300])
    files[2].unlink()
    images = [None, *files, GRAYS[0]]
    for at, named in ((1, r"1\.png"), (2, r"2\.png")):
        with pytest.raises(ValueError, match=named):
            quantize_many([files[0], files[at]], k=3)
    with pytest.raises(ValueError, match=r"images\[0\]: image"):
        quantize_many(images, k=3)
    for common in (True, False):
        many = quantize_many(images, k=3, common=common, errors="skip")
        assert many.names == (str(files[0]), str(files[3]))
        assert [*many.failed] == [0, str(files[1]), str(files[2]), 5]
        assert all(why.count(str(name)) == 1 for name, why in many.failed.items())
        assert len([*many]) == 2
        assert "4 left out" in repr(many)
    alone = quantize_many([files[0], files[3]], k=3)
    assert quantize_many(images, k=3, errors="skip").palette == alone.palette
    floats = [np.zeros((2, 2), np.uint8), FLOATS[0], FLOATS[1], "none.png"]
    many = quantize_many(floats[1:], k=3, errors="skip")
    assert many.palette == quantize_many(FLOATS[:2], k=3).palette
    assert [*many.failed] == ["none.png"]
    for common in (True, False):
        with pytest.raises(ValueError, match=r"none\.png"):
            quantize_many(["none.png"], k=3, common=common, errors="skip")
        one = quantize_many([PICTURES[0], "none.png"], 3, common=common, errors="skip")
        assert (len(one), [*one.failed]) == (1, ["none.png"])


def test_a_model_is_applied_lazily_or_to_what_can_be_read(files):
    files[1].write_bytes(files[1].read_bytes()[:300])
    palette = fit(read_samples(PICTURES[0]), k=4)
    many = apply_many(files, palette)
    assert len(many) == 4
    assert many[0].k == 4
    with pytest.raises(ValueError, match=r"1\.png"):
        many[1]
    with pytest.raises(ValueError, match=r"1\.png"):
        many.table()
    some = apply_many(files, palette, errors="skip")
    assert len(some) == 3
    assert [*some.failed] == [str(files[1])]
    assert len(some.table()) == 12
    with pytest.raises(
        ValueError, match="of rgb=False should be of rgb=True, as the pal"
    ):
        apply_many([GRAYS[0]], palette, rgb=False)[0]
    with pytest.raises(ValueError, match="of dtype float32 should be of dtype uint8"):
        apply_many([FLOATS[0]], palette)[0]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (PICTURES[0].astype(np.uint16), "of dtype uint16 should be of dtype uint8"),
        (PICTURES[0][..., 0], "rgb=True"),
        (np.zeros((9, 9, 5), np.uint8), "rgb=True"),
    ],
)
def test_images_of_another_kind_are_refused_by_name(other, said):
    for common in (True, False):
        with pytest.raises(ValueError, match=rf"images\[3\].*{said}"):
            quantize_many([*PICTURES[:3], other], k=2, common=common)


def test_bad_arguments_are_refused_before_anything_is_read():
    def never():
        raise AssertionError

    for given_, options, said in (
        (5, {}, "images=5 should be a sequence"),
        ("a.png", {}, "images='a.png' should be a sequence"),
        ([], {}, "should have at least one image"),
        ([never], {"k": 0}, "k=0 should be"),
        ([never], {"common": 1}, "common=1 should be True or False"),
        ([never], {"errors": "no"}, "errors='no' should be 'raise' or 'skip'"),
        ([never], {"masks": []}, "masks of 0 should be as many as the images, 1"),
        ([never], {"masks": 3}, "masks=3 should be a sequence"),
        ([never], {"like": 3}, "like=3 should be a Palette"),
        ([never], {"attempts": 0}, "attempts=0 should be"),
        ([never], {"weights": 3}, "unexpected keyword argument 'weights'"),
    ):
        with pytest.raises((TypeError, ValueError), match=said):
            quantize_many(given_, **options)
    with pytest.raises(TypeError, match="palette=3 should be a Palette"):
        apply_many([never], 3)
    many = quantize_many(PICTURES, k=2)
    with pytest.raises(ValueError, match="pixel_area=0"):
        many.table(0)
    with pytest.raises(TypeError, match="unit=3 should be text"):
        many.table(1, 3)
    with pytest.raises(IndexError):
        many[4]


def test_it_can_be_followed_and_stopped():
    told = Told()
    quantize_many(PICTURES, k=3, progress=told)
    parts = told.parts
    assert parts == sorted(parts)
    assert parts[-1] == 1
    begun = threading.Event()

    def slow(at):
        begun.set()
        return PICTURES[at]

    def stop(_stage, _part):
        if begun.is_set():
            raise Canceled

    with pytest.raises(Canceled):
        quantize_many([partial(slow, at % 4) for at in range(99)], progress=stop)


def test_calls_are_given_up_where_one_raises():
    done = []

    def call(at):
        done.append(at)
        if at == 3:
            raise ValueError("three")
        return at

    found = {}
    with pytest.raises(ValueError, match="three"):
        take_calls(found.__setitem__, call, [(at,) for at in range(999)])
    assert len(done) < 100
    # Of one that is itself one of several threads, too.
    nested = {}
    inner = partial(take_calls, lambda *_: None, call, [(0,), (1,)])
    follow(lambda: take_calls(nested.__setitem__, inner, [()] * 9))
    assert len(nested) == 9


@settings(max_examples=10)
@given(st.permutations(range(4)), st.integers(1, 3))
def test_workers_and_order_make_no_difference(order, n):
    expected = quantize_many(GRAYS, k=4).palette
    with dask.config.set(num_workers=n):
        assert quantize_many([GRAYS[at] for at in order], k=4).palette == expected
