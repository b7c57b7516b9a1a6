"""Parts: a layer a cluster; together they are the labels."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from napari.layers import Image, Labels, Layer

from napari_kmeans import one_layer_each, quantize, to_layers
from napari_kmeans.layers import parts

PHOTO = np.random.default_rng(0).integers(0, 256, (31, 40, 3), np.uint8)


@given(k=st.integers(1, 12), lazy=st.booleans(), data=st.data())
def test_parts_add_up_to_the_labels(k, lazy, data):
    q = quantize(PHOTO, k=k, mask=PHOTO[..., 1] > 30)
    labels = da.from_array(q.labels, chunks=16) if lazy else q.labels
    every = [*range(1, k + 1)]
    only = data.draw(st.none() | st.lists(st.sampled_from(every), unique=True))
    layers = one_layer_each(labels, q.palette, "photo", only=only)
    assert [kind for *_, kind in layers] == ["labels"] * len(
        every if only is None else only
    )
    for label, (part, _, _) in zip(
        every if only is None else only, layers, strict=True
    ):
        assert isinstance(part, da.Array) == lazy
        assert part.dtype == np.uint8
        np.testing.assert_array_equal(part, np.where(q.labels == label, label, 0))
    if only is None:
        np.testing.assert_array_equal(sum(part for part, *_ in layers), q.labels)


def test_a_layer_lies_where_its_source_does_with_name_color_and_row():
    photo = Image(
        PHOTO,
        name="photo",
        scale=(2, 3),
        translate=(5, 7),
        rotate=20,
        units=("um", "um"),
    )
    q = quantize(PHOTO, k=3)
    palette = q.palette.rename(2, "sky").recolor(3, "#ff8000")
    first, second, third = (
        Layer.create(*layer) for layer in one_layer_each(q.labels, palette, photo)
    )
    assert [first.name, second.name] == ["photo cluster 1", "sky"]
    assert isinstance(second, Labels)
    np.testing.assert_array_equal(
        second.data_to_world((3, 4)), photo.data_to_world((3, 4))
    )
    assert second.units == photo.units
    np.testing.assert_allclose(second.get_color(2)[:3], palette.colors[1], atol=1e-6)
    np.testing.assert_allclose(third.get_color(3)[:3], (1, 128 / 255, 0), atol=1e-6)
    row = second.features.loc[2]
    assert (row["name"], row["pixels"]) == ("sky", palette.counts[1])
    assert third.features.loc[3, "color"] == "#ff8000"


def test_channels_of_one_layer_or_of_several():
    channels = np.random.default_rng(0).integers(0, 99, (2, 20, 30), np.uint8)
    q = quantize(channels, k=2, channel_axis=0)
    one = Image(channels, scale=(9, 2, 3), name="both")
    two = [
        Image(channel, scale=(2, 3), name=f"c{i}") for i, channel in enumerate(channels)
    ]
    for source, name in ((one, "both cluster 1"), (two, "c0, c1 cluster 1")):
        layer = Layer.create(*one_layer_each(q.labels, q.palette, source)[0])
        assert layer.name == name
        assert tuple(layer.scale) == (2, 3)


def test_levels_stay_levels_and_long_labels_get_some():
    photo = Image([PHOTO, PHOTO[::2, ::2]], multiscale=True, rgb=True)
    q = quantize(PHOTO, k=3)
    labels = Layer.create(*to_layers(q, photo, roles=["labels"])[0])
    layer = Layer.create(*one_layer_each(labels.data, q.palette, photo, only=[2])[0])
    assert layer.multiscale
    for part, level in zip(layer.data, labels.data, strict=True):
        np.testing.assert_array_equal(part, np.where(level == 2, 2, 0))
    long = np.ones((2, 20_000), np.uint8)
    data, attributes, _ = one_layer_each(long, q.palette, "long", only=[1])[0]
    assert attributes["multiscale"]
    assert [level.shape[1] for level in data] == [20_000, 10_000, 5_000, 2_500, 1_250]


def test_more_than_255_clusters():
    image = np.arange(300, dtype=np.uint16).reshape(20, 15)
    q = quantize(image, k=300, init="optimal")
    (layer,) = one_layer_each(q.labels, q.palette, "ramp", only=[299])
    assert layer[0].dtype == np.uint16
    assert layer[0].max() == 299


def test_progress_is_told():
    told = []
    q = quantize(PHOTO, k=3)
    one_layer_each(
        q.labels, q.palette, "photo", progress=lambda *said: told.append(said)
    )
    assert "Separating clusters" in {stage for stage, _ in told}


def test_what_cannot_be_is_refused(monkeypatch):
    q = quantize(PHOTO, k=3)
    with pytest.raises(TypeError, match="palette='a' should be a Palette"):
        one_layer_each(q.labels, "a", "photo")
    with pytest.raises(ValueError, match="only=4 should be at most 3"):
        one_layer_each(q.labels, q.palette, "photo", only=[4])
    with pytest.raises(TypeError, match="only=3 should be a sequence"):
        one_layer_each(q.labels, q.palette, "photo", only=3)
    monkeypatch.setattr(parts, "free_memory", lambda: 1000)
    with pytest.raises(ValueError, match="should be lazy, or of fewer clusters than 3"):
        one_layer_each(q.labels, q.palette, "photo")
    one_layer_each(da.from_array(q.labels), q.palette, "photo")
