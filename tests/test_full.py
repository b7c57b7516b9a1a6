"""Full intensity: a palette goes on images with the same, a chart on all."""

import re

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_kmeans import (
    Palette,
    dither,
    error_map,
    fit,
    margin_map,
    measure,
    paint_samples,
    quantize,
    read_samples,
    tabulate,
)

FULL = {"u1": 255.0, "u2": 65535.0, "i2": 32767.0, "f4": 1.0, "f8": 1.0}
COLORS = np.random.default_rng(0).integers(0, 256, (6, 7, 3), np.uint8)
dtypes = st.sampled_from([*FULL])


def of(dtype, colors=COLORS):
    """Return an image of the same colors in a dtype."""
    scaled = colors.astype(float) * FULL[dtype] / 255
    return (np.rint(scaled) if FULL[dtype] > 1 else scaled).astype(dtype)


def read(image):
    return read_samples(image, rgb=True)


#: All that put a palette on an image.
WAYS = {
    "label": lambda p, x: p.label(x),
    "lazy label": lambda p, x: p.label(da.from_array(x, (3, 4, 3))),
    "paint": lambda p, x: p.paint(x),
    "apply": lambda p, x: p.apply(x)[1],
    "paint_samples": lambda p, x: paint_samples(read(x), p),
    "measure": lambda p, x: measure(read(x), p),
    "error_map": lambda p, x: error_map(x, p),
    "ciede2000": lambda p, x: error_map(x, p, metric="ciede2000"),
    "margin_map": lambda p, x: margin_map(x, p),
    "dither": lambda p, x: dither(x, p),
    "tabulate": lambda p, x: tabulate(x, p),
    "like": lambda p, x: quantize(x, 3, rgb=True, like=p.present),
    "init": lambda p, x: quantize(x, init=p, rgb=True),
}
FITTED_ONLY = {
    "placed_on": lambda p, x: p.placed_on(read(x)),
    "keep": lambda p, x: quantize(x, 3, rgb=True, keep=p.lock(1)),
    "split": lambda p, x: p.split(1, read(x)),
    "delete": lambda p, x: p.delete(1, read(x)),
    "add": lambda p, x: p.add((x[0, 0] // 2 * 2).tolist(), read(x)),
}


@pytest.mark.parametrize("way", [*WAYS, *FITTED_ONLY])
@pytest.mark.parametrize("other", FULL)
def test_a_fitted_palette_goes_on_images_of_its_full_intensity_only(way, other):
    palette = fit(read(COLORS), 3)
    put = (WAYS | FITTED_ONLY)[way]
    if other == "u1":
        put(palette, of(other, COLORS[::-1]))
        return
    with pytest.raises(ValueError, match=r"of dtype .* should be of .*uint8|uint8 sh"):
        put(palette, of(other))


@pytest.mark.parametrize("first", FULL)
@pytest.mark.parametrize("second", FULL)
def test_what_the_message_says_makes_it_right(first, second):
    image, palette = of(second), fit(read(of(first)), 3)
    expected = palette.label(of(first))
    try:
        labels = palette.label(image)
    except ValueError as error:
        assert FULL[first] != FULL[second]
        told = re.search(" by (.*), one of values as before by (.*)[.]$", str(error))
        labels = palette.label(eval(told[1], {"np": np, "image": image}))
        same = of(first).astype(second)  # such as the mean of frames
        if (same == of(first)).all():
            found = palette.label(eval(told[2], {"np": np, "image": same}))
            np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", FULL)
def test_a_chart_goes_on_images_of_any_full_intensity(way, dtype):
    given_ = np.array([[0, 0, 0], [90, 200, 40], [255, 255, 255]], np.uint8)
    image, put = of(dtype), WAYS[way]
    chart, own = Palette.of_colors(given_), Palette.of_colors(given_, dtype=dtype)
    found, expected = put(chart, image), put(own, image)
    if way in ("paint_samples", "like", "init"):
        assert found.palette == expected.palette
        found, expected = found.labels, expected.labels
    np.testing.assert_equal(*map(np.asarray, (found, expected)))


@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 6), st.just(3))), dtypes)
@settings(max_examples=20)
def test_fixed_colors_of_a_chart_are_those_of_the_image(given_, dtype):
    image = of(dtype)
    names = [f"color {at}" for at in range(len(given_))]
    chart = Palette.of_colors(given_, names)
    result = quantize(image, init=chart, fixed=True, rgb=True)
    own = Palette.of_colors(given_, dtype=dtype)
    np.testing.assert_array_equal(result.centers, own.centers)
    np.testing.assert_array_equal(result.labels, own.label(image))
    assert [*result.palette.names] == names


def test_images_that_are_not_in_color_are_of_any_dtype():
    gray = COLORS[..., 0]
    palette = fit(read_samples(gray), 3)
    labels = palette.label(gray)
    for dtype in FULL:
        if np.dtype(dtype).itemsize > 1:
            np.testing.assert_array_equal(palette.label(gray.astype(dtype)), labels)
