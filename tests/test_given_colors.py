"""Palettes of given colors, and what of images differs from those of a palette."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import reference
from napari_kmeans import Palette, fit, read_samples

colors = hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.just(3)))


@given(colors, hnp.arrays(np.uint8, (4, 5, 3)), st.sampled_from(["u1", "u2", "f4"]))
def test_given_colors_label_as_a_brute_force_does(given_, image, dtype):
    palette = Palette.of_colors(given_, dtype=dtype)
    full = {"u1": 1, "u2": 257, "f4": 1 / 255}[dtype]
    scaled = (image.astype(float) * full).astype(dtype)
    labels = palette.label(scaled)
    exact = scaled.reshape(-1, 3), palette.centers
    expected = reference.nearest(*exact).reshape(4, 5) + 1
    np.testing.assert_array_equal(labels, expected)
    painted = palette.paint(scaled)
    np.testing.assert_array_equal(painted, palette.quantizer.values[labels - 1])
    back = np.rint(painted / full).astype(np.uint8)
    np.testing.assert_array_equal(back, given_[labels - 1])
    lazy = palette.label(da.from_array(scaled, (2, 3, 3)))
    np.testing.assert_array_equal(lazy, labels)


def test_given_colors_are_told_alike_however_they_are_given(tmp_path):
    text = Palette.of_colors(["#ff8000", "#000001"], ["a", ""])
    for other in (
        [[255, 128, 0], [0, 0, 1]],
        np.array([[1, 128 / 255, 0], [0, 0, 1 / 255]]),
    ):
        assert Palette.of_colors(other, ["a", ""]) == text
    assert text.counts.tolist() == [0, 0]
    assert text.centers.tolist() == [[255, 128, 0], [0, 0, 1]]
    assert not text.recolored.any()
    assert Palette.of_colors(text.colors, dtype=">u2").centers[0, 1] == 128 * 257
    text.save(tmp_path / "m.json")
    assert Palette.load(tmp_path / "m.json") == text


def test_given_colors_are_edited():
    palette = Palette.of_colors(["#000000", "#000002", "#ffffff"], ["a", "b", "c"])
    merged = palette.merge([1, 2])
    assert merged.centers.tolist() == [[0, 0, 1], [255] * 3]
    assert merged.compactness == 0
    assert palette.reorder("hue").k == 3
    samples = read_samples(np.full((2, 2, 3), 250, np.uint8), rgb=True)
    assert palette.delete(1, samples).counts.tolist() == [0, 4]
    palette.table(), repr(palette)


@pytest.mark.parametrize(
    ("args", "kwargs", "error", "said"),
    [
        ((["red"],), {}, ValueError, "color='red' should be such as '#ff8000'"),
        (([],), {}, ValueError, "colors=[] should be rows of red, green and blue"),
        (([[0, 0, 256]],), {}, ValueError, "should be integers from 0 to 255, or"),
        (([[0, 0, 1.5]],), {}, ValueError, "or floats from 0 to 1."),
        (([[0, 0, np.nan]],), {}, ValueError, "or floats from 0 to 1."),
        (([[0, 0]],), {}, ValueError, "should be rows of red, green and blue"),
        ((["#000000"], ["a", "b"]), {}, ValueError, "should be 1, one for each color"),
        ((["#000000"], "a"), {}, TypeError, "names='a' should be a list of text."),
        ((["#000000"],), {"dtype": "c8"}, TypeError, "dtype=complex64 should be of"),
        (
            (["#000000"],),
            {"dtype": "what"},
            TypeError,
            "dtype='what' should be a dtype",
        ),
    ],
)
def test_what_is_no_color_is_refused(args, kwargs, error, said):
    with pytest.raises(error) as caught:
        Palette.of_colors(*args, **kwargs)
    assert said in str(caught.value)


IMAGE = np.arange(200, dtype=np.uint8).reshape(10, 20)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (IMAGE, []),
        (IMAGE // 2 + 100, []),
        (IMAGE // 20, ["image of values from 0 to 9 should have some from 0 to 199"]),
        (IMAGE * 1.0, ["image of dtype float64 should be of uint8"]),
        (
            IMAGE / 255,
            [
                "image of dtype float64 should be of uint8",
                "image of values from 0 to 0.780392 should have some from 0 to 199",
            ],
        ),
        (
            IMAGE.astype(np.uint16) * 20,
            [
                "image of dtype uint16 should be of uint8",
                "image of values from 0 to 3980 should have some from 0 to 199",
            ],
        ),
        (np.full((3, 3), np.nan), ["image of dtype float64 should be of uint8"]),
    ],
)
def test_what_differs_in_an_image_is_told(image, expected):
    palette = fit(read_samples(IMAGE), 3)
    sentences = [f"{sentence}, as before." for sentence in expected]
    assert [*palette.differences(image)] == sentences
    lazy = da.from_array(image, 3)
    assert [*palette.differences(lazy, compute=True)] == sentences
    told = [sentence for sentence in sentences if "dtype" in sentence]
    assert [*palette.differences(lazy)] == told
    swapped = image.astype(image.dtype.newbyteorder(">"))
    assert [*palette.differences(swapped)] == sentences


def test_a_lazy_image_is_not_read_unless_asked():
    def read(block):
        raise AssertionError("read")

    lazy = da.from_array(IMAGE, 5).map_blocks(read, dtype=np.uint8, meta=IMAGE[:0])
    assert fit(read_samples(IMAGE), 3).differences(lazy) == ()


def test_channels_that_differ_are_told_as_label_refuses_them():
    palette = Palette.of_colors(["#000000", "#ffffff"])
    for image in (IMAGE, np.zeros((4, 4, 5), np.uint8)):
        with pytest.raises(ValueError, match="should") as caught:
            palette.label(image)
        assert palette.differences(image) == (str(caught.value),)
    assert palette.differences(np.full((4, 4, 4), 255, np.uint8)) == ()
    with pytest.raises(TypeError, match="compute=1 should be"):
        palette.differences(IMAGE, compute=1)
