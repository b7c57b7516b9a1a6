"""What the dock offers and chooses as layers come, go and change, in the viewer."""

import threading

import numpy as np
import pytest
import skimage.data

from dock import by_script, click, names, run, select, wait
from napari_kmeans import quantize, to_layers
from napari_kmeans.plugin.reading import Reading

METADATA = "napari-kmeans"


def listed(box):
    """The titles of a box, in any order."""
    return {title for title, _ in box._widget._mgui_get_choices()}


def choose(box, title, qtbot):
    """Choose by the keyboard, as a user does."""
    native = box.native
    native.setFocus()
    native.setCurrentIndex(native.findText(title))


def paint(viewer, image, name="painted"):
    """Add labels to start from, and make the image active again."""
    labels = np.zeros(image.data.shape[:2], np.uint8)
    labels[10:20, 10:20], labels[30:40, 30:40] = 1, 2
    layer = viewer.add_labels(labels, name=name)
    viewer.layers.selection.active = image
    return layer


def test_a_result_is_clustered_only_where_it_is_chosen(viewer, road, qtbot):
    image = viewer.add_image(skimage.data.camera(), name="camera")
    widget = road(viewer)
    run(widget, qtbot)
    result = viewer.layers["camera quantized"]
    viewer.layers.selection.active = result
    assert widget.layer.value is image
    select(viewer, result, viewer.layers["camera centers"])
    assert widget.layer.value is image
    choose(widget.layer, "camera quantized", qtbot)
    viewer.add_labels(np.zeros((5, 5), int))
    assert widget.layer.value is result
    widget.k.value = 2
    run(widget, qtbot)
    assert widget.layer.value is result
    np.testing.assert_array_equal(
        viewer.layers["camera quantized labels"].data, quantize(result.data, 2).labels
    )


def test_results_opened_again_are_not_chosen(viewer, road, qtbot):
    result = quantize(skimage.data.camera(), 3)
    for data, attributes, kind in to_layers(result, "camera"):
        getattr(viewer, f"add_{kind}")(data, **attributes)
    widget = road(viewer)
    assert widget.layer.value is None
    assert widget.layer.current_choice == "choose a layer"
    assert not widget.run_button.enabled
    viewer.layers.selection.active = viewer.layers["camera quantized"]
    assert widget.layer.value is None
    widget.init.value = "k-means++"
    choose(widget.layer, "camera quantized", qtbot)
    assert widget.run_button.enabled
    choose(widget.layer, "choose a layer", qtbot)
    assert not widget.run_button.enabled
    image = viewer.add_image(np.eye(9), name="eye")
    assert widget.layer.value is image
    assert "choose a layer" not in listed(widget.layer)
    viewer.layers.remove(image)
    assert widget.layer.value is None
    assert widget.init.value == "k-means++"


def test_a_copy_of_a_result_is_one(viewer, qtbot):
    image = viewer.add_image(skimage.data.camera(), name="camera")
    widget = by_script(viewer)
    run(widget, qtbot)
    data, attributes, _ = viewer.layers["camera quantized"].as_layer_data_tuple()
    copy = viewer.add_image(data, **attributes | {"name": "copy"})
    assert viewer.layers.selection.active is copy
    assert widget.layer.value is image


def test_a_layer_chosen_by_hand_stays(viewer, qtbot):
    first = viewer.add_image(skimage.data.camera(), name="first")
    second = viewer.add_image(skimage.data.camera()[:99], name="second")
    viewer.layers.selection.active = first
    widget = by_script(viewer)
    choose(widget.layer, "second", qtbot)
    assert viewer.layers.selection.active is first
    viewer.add_labels(np.zeros((5, 5), int))
    viewer.layers.selection.active = first
    assert widget.layer.value is first  # selected again
    choose(widget.layer, "second", qtbot)
    second.name = "renamed"
    assert widget.layer.value is second
    run(widget, qtbot)
    assert widget.layer.value is second
    assert "Compactness" in widget.message.value
    viewer.layers.remove("renamed labels")
    assert widget.layer.value is second
    viewer.layers.remove(second)
    assert widget.layer.value is first


def test_names_that_change_hands_do_not_change_what_is_chosen(viewer, qtbot):
    image = viewer.add_image(skimage.data.camera(), name="camera")
    first, second = paint(viewer, image, "first"), paint(viewer, image, "second")
    widget = by_script(viewer)
    widget.k.value = 2
    widget.init.value = "optimal"
    widget.init.value = "Labels layer"
    widget.start_labels.value = widget.mask.value = first
    first.name = "other"
    second.name = "first"
    assert widget.start_labels.value is first
    assert widget.mask.value is first
    assert widget.start_labels.current_choice == "other"
    first.name, image.name = "camera", "first"
    assert widget.layer.value is image
    assert widget.init.value == "Labels layer"
    assert widget.start_labels.value is first
    assert widget.mask.value is first
    assert widget.message.value == ""


def test_start_labels_are_none_until_they_are_chosen(viewer, road, qtbot):
    image = viewer.add_image(skimage.data.camera(), name="camera")
    widget = road(viewer)
    run(widget, qtbot)
    viewer.add_labels(np.zeros((20, 20), int), name="of another image")
    painted = paint(viewer, image)
    choose(widget.init, "Labels layer", qtbot)
    assert widget.start_labels.value is None
    assert "of another image" not in listed(widget.start_labels)
    run(widget, qtbot)
    assert widget.message.value == (
        "Failed: start='Labels layer' should go with a Labels layer, but none is "
        "chosen."
    )
    choose(widget.start_labels, "painted", qtbot)
    assert widget.start_labels.value is painted
    assert "Failed" not in widget.message.value
    assert "Not run yet: start random → Labels layer" in widget.message.value


def test_start_labels_that_go_leave_a_random_start(viewer, road, qtbot):
    image = viewer.add_image(skimage.data.camera(), name="camera")
    widget = road(viewer)
    painted = paint(viewer, image)
    paint(viewer, image, "others")
    choose(widget.init, "Labels layer", qtbot)
    choose(widget.start_labels, "painted", qtbot)
    viewer.layers.remove(painted)
    assert widget.start_labels.value is None
    assert widget.init.value == "random"
    assert widget.start_labels.native.isHidden()
    assert widget.message.value == "start is random again: 'painted' is gone."
    run(widget, qtbot)
    record = viewer.layers["camera labels"].metadata[METADATA]
    assert record["init"] == "random"


def test_start_labels_do_not_fit_another_image(viewer, qtbot):
    image = viewer.add_image(skimage.data.camera(), name="camera")
    widget = by_script(viewer)
    painted = paint(viewer, image)
    widget.init.value, widget.start_labels.value = "Labels layer", painted
    same = viewer.add_image(image.data[::-1], name="of this shape")
    assert widget.layer.value is same
    assert widget.start_labels.value is painted
    viewer.add_image(np.zeros((20, 30)), name="small")
    assert widget.init.value == "random"
    assert widget.message.value == (
        "start is random again: 'painted' does not fit 'small'."
    )


def test_start_labels_of_levels_and_of_blocks(viewer, qtbot):
    da = pytest.importorskip("dask.array")
    image = viewer.add_image(skimage.data.camera(), name="camera")
    labels = paint(viewer, image).data
    widget = by_script(viewer)
    widget.k.value, widget.attempts.value = 2, 1
    widget.init.value = "Labels layer"
    found = []
    for data in (labels, da.from_array(labels), [labels, labels[::2, ::2]]):
        several = isinstance(data, list)
        layer = viewer.add_labels(data, name="start", multiscale=several)
        widget.start_labels.value = layer
        run(widget, qtbot)
        assert widget.message.value.startswith("Compactness")
        found.append(viewer.layers["camera labels"].data.copy())
        viewer.layers.remove(layer)
        widget.init.value = "Labels layer"
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


def test_start_labels_that_change_their_shape(viewer, qtbot):
    image = viewer.add_image(skimage.data.camera(), name="camera")
    widget = by_script(viewer)
    painted = paint(viewer, image)
    widget.init.value, widget.start_labels.value = "Labels layer", painted
    painted.data = np.ones((3, 4), np.uint8)
    assert widget.init.value == "random"
    assert widget.message.value == (
        "start is random again: 'painted' does not fit 'camera'."
    )


def test_a_start_that_is_not_for_this_layer(viewer, qtbot):
    gray = viewer.add_image(skimage.data.camera(), name="camera")
    viewer.add_image(skimage.data.coffee(), name="photo")
    viewer.layers.selection.active = gray
    widget = by_script(viewer)
    choose(widget.init, "optimal", qtbot)
    gray.name = "renamed"
    assert widget.init.value == "optimal"
    viewer.layers.selection.active = viewer.layers["photo"]
    assert widget.init.value == "random"
    assert widget.message.value == (
        "start is random again: 'optimal' does not fit 'photo'."
    )
    widget.init.value = "Labels layer"
    viewer.add_points(np.eye(2), name="spots")
    assert widget.message.value == (
        "start is random again: 'Labels layer' does not fit 'spots'."
    )


@pytest.mark.parametrize("kind", ["labels", "shapes"])
def test_a_mask_that_goes_leaves_none(viewer, road, qtbot, kind):
    image = viewer.add_image(skimage.data.camera(), name="camera")
    square = np.array([[20, 20], [20, 90], [90, 90], [90, 20]])
    for name in ("region", "other"):
        if kind == "labels":
            viewer.add_labels(np.ones((512, 512), int), name=name)
        else:
            viewer.add_shapes([square], name=name)
    viewer.layers.selection.active = image
    widget = road(viewer)
    assert widget.mask.value is None
    choose(widget.mask, "region", qtbot)
    viewer.layers["region"].name = "inside"
    assert widget.mask.value is viewer.layers["inside"]
    viewer.layers.remove("inside")
    assert widget.mask.value is None
    assert widget.message.value == "mask is none again: 'inside' is gone."
    run(widget, qtbot)
    assert "masked" not in widget.message.value
    assert (viewer.layers["camera labels"].data > 0).all()


def test_both_that_go_at_once_are_told(viewer, qtbot):
    image = viewer.add_image(skimage.data.camera(), name="camera")
    painted = paint(viewer, image)
    widget = by_script(viewer)
    widget.init.value = "Labels layer"
    widget.start_labels.value = widget.mask.value = painted
    viewer.layers.remove(painted)
    assert widget.message.value.split("\n") == [
        "start is random again: 'painted' is gone.",
        "mask is none again: 'painted' is gone.",
    ]


def test_what_goes_in_a_run_is_told_with_its_result(viewer, qtbot):
    image = viewer.add_image(skimage.data.camera(), name="camera")
    mask = paint(viewer, image)
    widget = by_script(viewer)
    widget.mask.value = mask
    widget.run()
    viewer.layers.remove(mask)
    wait(widget, qtbot)
    first, *others = widget.message.value.split("\n")
    assert first == "mask is none again: 'painted' is gone."
    assert others[0].startswith("Compactness")
    assert any("masked" in line for line in others)
    assert others[-1] == "Not run yet: mask"


def test_what_is_painted_in_a_run_is_for_the_next(viewer, qtbot, monkeypatch):
    image = viewer.add_image(skimage.data.camera(), name="camera")
    start, mask = paint(viewer, image, "start"), paint(viewer, image, "mask")
    mask.data[...] = 1
    widget = by_script(viewer)
    widget.k.value, widget.attempts.value = 2, 1
    widget.init.value = "Labels layer"
    widget.start_labels.value, widget.mask.value = start, mask
    read, go_on = threading.Event(), threading.Event()
    image_of = Reading.image

    def held(reading):
        read.set()
        go_on.wait()
        return image_of(reading)

    monkeypatch.setattr(Reading, "image", held)
    widget.run()
    qtbot.waitUntil(read.is_set, timeout=60_000)
    start.data[...], mask.data[...] = 9, 0
    go_on.set()
    wait(widget, qtbot)
    assert widget.message.value.startswith("Compactness")
    assert (viewer.layers["camera labels"].data > 0).all()


def test_planes_of_a_stack_that_becomes_an_image(viewer, qtbot):
    stack = np.random.default_rng(0).integers(0, 255, (4, 30, 40)).astype(np.uint8)
    layer = viewer.add_image(stack, name="stack")
    widget = by_script(viewer)
    choose(widget.scope, "each plane along axis 0", qtbot)
    layer.data = stack[0]
    assert widget.scope.value.axes == ()
    assert widget.scope.native.isHidden()
    assert widget.message.value == (
        "cluster is whole image again: 'each plane along axis 0' does not fit 'stack'."
    )
    run(widget, qtbot)
    assert viewer.layers["stack labels"].data.shape == (30, 40)
    layer.data = stack
    assert not widget.scope.native.isHidden()


def test_the_current_plane_stays_where_other_axes_are_shown(viewer, qtbot):
    stack = np.random.default_rng(0).integers(0, 255, (4, 30, 40)).astype(np.uint8)
    viewer.add_image(stack, name="stack")
    widget = by_script(viewer)
    choose(widget.scope, "current plane", qtbot)
    viewer.dims.order = (2, 0, 1)
    assert widget.scope.value.current
    assert widget.scope.value.axes == (2,)
    run(widget, qtbot)
    assert viewer.layers["stack plane labels"].data.shape == (4, 30, 1)


def test_names_of_channels_follow_the_layers(viewer, qtbot):
    layers = [viewer.add_image(np.eye(9) * i, name=f"c{i}") for i in range(3)]
    widget = by_script(viewer)
    select(viewer, *layers[:2])
    layers[0].name = "DAPI"
    assert widget.channels.value == "DAPI\nc1"
    select(viewer, *layers)
    assert widget.channels.value == "DAPI\nc1\nc2"
    click(widget.run_button, qtbot)
    wait(widget, qtbot)
    assert "DAPI, c1, c2 labels" in names(viewer)


def test_a_name_that_stands_for_no_layer(viewer, qtbot):
    results = to_layers(quantize(skimage.data.camera(), 3), "camera")
    [(data, attributes, _)] = [layer for layer in results if layer[2] == "image"]
    result = viewer.add_image(data, **attributes | {"name": "choose a layer"})
    labels = viewer.add_labels(np.ones((512, 512), int), name="-----")
    widget = by_script(viewer)
    assert widget.layer.value is widget.mask.value is widget.start_labels.value is None
    widget.layer.value = result
    widget.mask.value = widget.start_labels.value = labels
    viewer.layers.remove(labels)
    assert widget.layer.value is result
    assert widget.mask.value is widget.start_labels.value is None


def test_a_result_opened_from_an_omezarr_is_not_chosen(viewer, qtbot, tmp_path):
    omezarr = pytest.importorskip("napari_kmeans.omezarr.writing")
    result = quantize(skimage.data.camera(), 3)
    omezarr.write(tmp_path / "result.zarr", result)
    widget = by_script(viewer)
    viewer.open(tmp_path / "result.zarr", plugin="napari-kmeans")
    assert len(viewer.layers) == 2
    assert widget.layer.value is None
    image = viewer.add_image(skimage.data.camera(), name="quantized source")
    assert widget.layer.value is image
    choose(widget.layer, viewer.layers[0].name, qtbot)
    widget.k.value = 2
    run(widget, qtbot)
    assert widget.message.value.startswith("Compactness")
    assert len(viewer.layers) == 6
