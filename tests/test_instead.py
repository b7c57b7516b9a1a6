"""What is given in the place of something else: the error says where that is."""

import numpy as np
import pytest

from napari_kmeans import (
    despeckle,
    dither,
    error_map,
    fit,
    margin_map,
    measure,
    paint_samples,
    quantize,
    read_samples,
    write_indexed,
)

IMAGE = np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 4
SAMPLES = read_samples(IMAGE, rgb=True)
Q = quantize(IMAGE, 3, rgb=True)
P = Q.palette


@pytest.mark.parametrize(
    "call",
    [
        lambda image: P.split(1, image),
        lambda image: P.add([0, 4, 8], image),
        lambda image: P.delete(1, image),
        lambda image: P.placed_on(image),
        lambda image: paint_samples(image, P),
        lambda image: measure(image, P),
        lambda image: fit(image, 3),
    ],
)
def test_where_an_image_is_no_samples_these_are_named(call):
    with pytest.raises(TypeError, match=r"samples=array.*, as read_samples\(image\)"):
        call(IMAGE)
    call(SAMPLES)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("palette", lambda p: margin_map(IMAGE, p)),
        ("palette", lambda p: error_map(IMAGE, p)),
        ("palette", lambda p: dither(IMAGE, p)),
        ("palette", lambda p: measure(SAMPLES, p)),
        ("palette", lambda p: paint_samples(SAMPLES, p)),
        ("like", lambda p: quantize(IMAGE, like=p, rgb=True)),
        ("keep", lambda p: quantize(IMAGE, keep=p, rgb=True)),
        ("other", lambda p: P.matched(p)),
        ("other", lambda p: P.inherit(p)),
    ],
)
def test_where_a_result_is_no_palette_its_own_is_named(name, call):
    said = rf"{name}=QuantizedImage.* should be a Palette.*; {name}\.palette is one\.$"
    with pytest.raises(TypeError, match=said):
        call(Q)
    call(Q.palette.lock(1))


def test_where_a_result_is_no_labels_its_own_are_named(tmp_path):
    path = tmp_path / "a.png"
    for call in (
        lambda labels: despeckle(labels, 20),
        lambda labels: write_indexed(path, labels, P),
    ):
        with pytest.raises(TypeError, match="should be an array, as its attribute lab"):
            call(Q)
        call(Q.labels)
    with pytest.raises(TypeError, match=r"QuantizedImage.*; palette\.palette is one"):
        write_indexed(path, Q.labels, Q)
