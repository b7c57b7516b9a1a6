"""What is shown of a sweep: the table, thumbnails, a plot."""

import sys

import dask.array as da
import numpy as np
import pytest
import skimage.data

from blobs import blobs
from napari_kmeans import sweep
from napari_kmeans.core.data.pixels import Pixels

COFFEE = skimage.data.coffee()[::4, ::4]
STACK = np.stack([blobs(4, seed) for seed in range(3)])


def test_the_table_has_a_row_for_each_k():
    found = sweep(COFFEE, [2, 3, 5])
    table = found.table
    columns = ["k", "compactness", "explained", "silhouette", "jump", "suggested"]
    assert table.columns.tolist() == columns
    assert table["k"].tolist() == [2, 3, 5]
    assert table.loc[table["suggested"], "k"].tolist() == [found.suggestion.k]
    assert np.isnan(table["jump"].iloc[2])
    assert repr(found) == f"Sweep(K=2, 3, 5; {found.suggestion.reason})"
    assert found.suggestion.reason in found._repr_html_()
    with pytest.raises(KeyError, match="k=4 should be one of 2, 3, 5"):
        found[4]


@pytest.mark.parametrize("lazy", [False, True])
def test_thumbnails_of_small_images_are_what_palettes_show(lazy):
    found = sweep(COFFEE, [2, 6])
    shown = found.thumbnails(da.from_array(COFFEE) if lazy else COFFEE, 150)
    assert shown.dtype == np.uint8
    assert shown.shape == (2, *COFFEE.shape)
    for one, palette in zip(shown, found.palettes, strict=True):
        colors = np.rint(palette.colors * 255)
        np.testing.assert_array_equal(one, colors[palette.label(COFFEE) - 1])


def test_thumbnails_are_small_and_take_little_of_the_image():
    image = np.tile(COFFEE, (4, 4, 1))
    found = sweep(COFFEE, [3])
    assert found.thumbnails(image).shape == (1, 64, 96, 3)
    assert found.thumbnails(image, 7).shape == (1, 5, 7, 3)
    assert found.thumbnails(image[:, :1], 7).shape == (1, 7, 1, 3)
    computed = []

    def block(block_info=None):
        computed.append(block_info[None]["chunk-location"])
        return COFFEE[np.newaxis]

    stack = da.map_blocks(
        block, chunks=((1,) * 5, *((n,) for n in COFFEE.shape)), dtype=np.uint8
    )
    computed.clear()
    assert found.thumbnails(stack).shape == (1, 64, 96, 3)
    assert computed == [(2, 0, 0, 0)]


def test_thumbnails_of_many_axes_show_the_middle_plane():
    stack = np.moveaxis(STACK, -1, 1)
    given = {"rgb": True, "channel_axis": 1}
    whole, planes = sweep(stack, [4], **given), sweep(stack, [4], axes=0, **given)
    for found, palette in ((whole, whole[4]), (planes, planes[4][1])):
        labels = palette.quantizer.label(Pixels(STACK[1], 3), None)
        expected = np.rint(palette.colors * 255)[labels - 1]
        np.testing.assert_array_equal(found.thumbnails(stack)[0], expected)
    across = sweep(STACK[..., 0], [2], axes=2)
    assert across.thumbnails(STACK[..., 0], 60).shape == (1, 3, 60)
    for other in (STACK[:2, ..., 0], STACK[0, ..., 0]):
        with pytest.raises(ValueError, match=r"should have \(70,\) planes along the"):
            across.thumbnails(other[..., :9])
    with pytest.raises(ValueError, match="size=0 should be at least 1"):
        across.thumbnails(STACK[..., 0], 0)
    with pytest.raises(ValueError, match="rgb=True should go with"):
        sweep(COFFEE, [2]).thumbnails(COFFEE[..., 0])


def test_thumbnails_of_other_than_color_are_gray():
    image = np.array([[0.0, 10, np.nan], [0, 10, 10]])
    assert sweep(image, [2]).thumbnails(image).tolist() == [
        [[0, 255, 0], [0, 255, 255]]
    ]
    phases = blobs(3, 1, n_channels=6)
    assert sweep(phases, [2, 3], channel_axis=2).thumbnails(phases).shape == (2, 60, 70)


def test_a_plot_marks_what_is_suggested():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    found = sweep(blobs(4, 0), rgb=True)
    axes = found.plot()
    explained, silhouettes, marked = axes.lines
    np.testing.assert_array_equal(explained.get_ydata(), found.explained)
    np.testing.assert_array_equal(silhouettes.get_ydata(), found.silhouettes)
    assert marked.get_xdata() == [4, 4]
    assert found.plot(axes) is axes
    single = sweep(np.ones((3, 3)), [1]).plot(axes.figure.add_subplot())
    single.figure.canvas.draw()
    pyplot.close(axes.figure)


def test_a_plot_without_matplotlib_says_what_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"napari-kmeans\[plots\]"):
        sweep(np.eye(4), [2]).plot()
