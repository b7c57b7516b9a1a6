"""Notebooks: what results and palettes show of themselves, without computing much."""

import re
from base64 import b64decode
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from napari_kmeans import (
    despeckle,
    fit,
    kmeans,
    measure,
    quantize,
    quantize_planes,
    read_samples,
    sweep,
)

RNG = np.random.default_rng(8)
COLOR = RNG.integers(0, 9, (300, 500, 3)).astype(np.uint8) * 30


def thumbnail(html):
    """Return the picture in a result's HTML, as RGBA."""
    [data] = re.findall(r'<img alt="labels" src="data:image/png;base64,(.*?)"/>', html)
    with Image.open(BytesIO(b64decode(data))) as picture:
        return np.asarray(picture.convert("RGBA"))


def test_a_quantized_image_shows_itself_small():
    mask = np.ones(COLOR.shape[:2], bool)
    mask[:30] = False
    q = quantize(COLOR, 4, mask=mask)
    shown = thumbnail(q._repr_html_())
    assert shown.shape == (100, 167, 4)
    expected = q.quantized[::3, ::3]
    assert not shown[:10, :, 3].any()
    assert (shown[10:, :, 3] == 255).all()
    assert np.abs(shown[10:, :, :3].astype(int) - expected[10:]).max() <= 1


@pytest.mark.parametrize("channel_axis", [None, 0])
def test_it_is_shown_in_the_colors_and_names_that_clusters_were_given(channel_axis):
    image = RNG.integers(0, 255, (5, 40, 50))
    q = quantize(image, 2, channel_axis=channel_axis)
    palette = q.palette.recolor(1, "#ff0000").recolor(2, "#0000ff")
    palette = palette.rename(1, "<script>")
    html = q.regrouped(palette)._repr_html_()
    shown, labels = thumbnail(html), q.labels if channel_axis == 0 else q.labels[2]
    np.testing.assert_array_equal(shown[..., 0] > 0, labels == 1)
    np.testing.assert_array_equal(shown[..., 2] > 0, labels == 2)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_what_is_lazy_is_not_computed():
    da = pytest.importorskip("dask.array")
    asked = []

    def read(block):
        asked.append(block.shape)
        return block

    image = da.from_array(COLOR, chunks=(100, 100, 3)).map_blocks(read, dtype="u1")
    q = quantize(image, 3)
    asked.clear()
    html = q._repr_html_()
    assert not asked
    assert "<img" not in html
    assert "<table" in html


def test_every_result_has_something_to_show():
    planes = quantize_planes(RNG.integers(0, 255, (3, 40, 50)), 3)
    html = planes._repr_html_()
    assert thumbnail(html).shape == (40, 50, 4)
    assert "3 planes of 3 x 40 x 50" in html
    samples = read_samples(COLOR)
    cleaned = despeckle(planes.labels, 3, axes=0)
    for one in (
        fit(samples, 3),
        kmeans(RNG.random((30, 2)), 3),
        sweep(samples, [2, 3]),
        cleaned,
    ):
        assert "<table" in one._repr_html_()
    assert "components of" in cleaned._repr_html_()
    quality = measure(samples, fit(samples, 3))
    assert quality._repr_html_() == f"<p>{quality}</p>"
