"""The epsilon that the dock shows, and what was typed."""

import dask.array as da
import numpy as np
import pytest
import skimage.data
from magicgui.widgets import FloatSpinBox
from napari.layers import Image, Points

from dock import by_script, select
from napari_kmeans.plugin.epsilon import MOST, Epsilon


def test_an_epsilon_is_kept_for_its_layer(viewer, qtbot):
    first = viewer.add_image(skimage.data.camera(), name="first")
    second = viewer.add_image(skimage.data.camera() / 255, name="second")
    widget = by_script(viewer)
    viewer.layers.selection.active = first
    default = widget.epsilon.value
    widget.epsilon.value = 7
    viewer.layers.selection.active = second
    assert widget.epsilon.value == pytest.approx(1 / 255, rel=1e-3)
    widget.epsilon.value = 0.5
    viewer.layers.selection.active = first
    assert widget.epsilon.value == 7
    first.data = first.data // 2
    assert widget.epsilon.value == 7
    widget.epsilon.value = widget.model.choice.epsilon.default
    first.data = first.data * 2
    assert widget.epsilon.value == pytest.approx(default, rel=0.02)
    viewer.layers.selection.active = second
    assert widget.epsilon.value == 0.5
    select(viewer, first, second)
    assert widget.epsilon.value == pytest.approx(default, rel=0.02)


def test_the_default_epsilon_follows_the_data(viewer, qtbot):
    image = viewer.add_image(skimage.data.camera(), name="camera")
    widget = by_script(viewer)
    image.data = skimage.data.camera().astype(np.float32) / 255
    assert widget.epsilon.value == pytest.approx(1 / 255, rel=1e-3)
    spots = viewer.add_points([[0, 0], [0, 255]])
    assert widget.epsilon.value == 1
    spots.add([0, 510])
    assert widget.epsilon.value == 2


VALUES = {
    "as wide as float64": np.array([[-1.7e308, 1.7e308]] * 3),
    "wide": np.array([[0, 1e305]] * 3),
    "narrow": np.array([[0, 5e-324]] * 3),
    "nothing finite": np.array([[np.nan, np.inf]] * 3),
    "one value": np.full((3, 3), 7, np.uint8),
    "bool": np.eye(3, dtype=bool),
    "wide integers": np.array([[-(2**63), 2**63 - 1]] * 3),
}


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("values", VALUES)
def test_any_values_have_an_epsilon(qapp, values, lazy):
    data = VALUES[values]
    image = Image(da.from_array(data) if lazy else data, contrast_limits=(0, 1))
    epsilon = Epsilon()
    shown = epsilon.of([image], 1.0)
    assert 0 <= shown < np.inf
    assert shown == epsilon.default
    box = FloatSpinBox(min=-MOST, max=MOST)
    box.native.setDecimals(epsilon.decimals)
    box.value = shown
    assert box.value == shown
    shown = epsilon.of([Points(np.zeros((0, 2)))], 3)
    assert shown == epsilon.default
    shown = epsilon.of([], shown)
    assert epsilon.of([image], shown) == 3
