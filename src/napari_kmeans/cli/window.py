"""The window: napari with an image and its result."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from .. import signals

if TYPE_CHECKING:
    from napari import Viewer

    from ..core.results.image import QuantizedImage
    from ..core.results.planes import QuantizedPlanes
    from ..layers.metadata import LayerData

    Result = QuantizedImage | QuantizedPlanes


def show(source: LayerData, result: Result) -> None:
    """Open napari with the image and its result, until it is closed."""
    import napari

    viewer = napari.Viewer()
    apart = result.layout.channel_axis is not None and not result.rgb
    (_add_channels if apart else _add)(viewer, source, result)
    # Qt's loop lets no handler of Python's run.
    with signals.handled(signal.SIG_DFL):
        napari.run()


def _add(viewer: Viewer, source: LayerData, result: Result) -> None:
    """Add an image that is one layer, and its result."""
    import numpy as np
    from napari.layers import Layer

    from ..layers.metadata import PLACEMENT, placement_for
    from ..layers.tuples import to_layers

    data, attributes, kind = source
    axis = result.layout.channel_axis
    if axis is not None:  # of color, which a viewer wants last
        data = np.moveaxis(data, axis, -1)
    placement = placement_for(attributes, result.labels.ndim, axis)
    attributes = {k: v for k, v in attributes.items() if k not in PLACEMENT}
    attributes |= {**placement, "rgb": result.rgb}
    attributes.pop("channel_axis", None)
    layer = viewer.add_layer(Layer.create(data, attributes, kind))
    for layer_data in to_layers(result, layer):
        viewer.add_layer(Layer.create(*layer_data))


def _add_channels(viewer: Viewer, source: LayerData, result: Result) -> None:
    """Add channels as napari opens them: a layer each, all as large as the labels."""
    from ..layers.metadata import placement_for
    from ..layers.tuples import to_layers

    data, attributes, _ = source
    axis, name = result.layout.channel_axis, attributes["name"]
    placement = placement_for(attributes, result.labels.ndim, axis)
    viewer.add_image(data, channel_axis=axis, name=name, **placement)
    for data, attributes, kind in to_layers(result, name):
        if kind == "image":
            attributes["channel_axis"] = axis
        getattr(viewer, f"add_{kind}")(data, **attributes, **placement)
