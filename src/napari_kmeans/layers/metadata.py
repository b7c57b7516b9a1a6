"""Metadata: tuples of layers, and how those of this program are told."""

from __future__ import annotations

from typing import Any

#: Data, the attributes of the layer, and its type.
LayerData = tuple[Any, dict[str, Any], str]

#: The key in a layer's metadata under which stands what made it.
METADATA = "napari-kmeans"

#: What puts an image into the world; with channels apart, without their axis.
PLACEMENT = ("scale", "translate", "units", "axis_labels")


def ndim_of(data: Any, attributes: dict[str, Any], kind: str) -> int:
    """Return the number of dimensions in which a layer is shown."""
    if kind == "points":
        return int(data.shape[1])
    first = data[0] if attributes.get("multiscale", False) else data
    return int(first.ndim) - bool(attributes.get("rgb", False))
