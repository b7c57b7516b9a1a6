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


def placement_for(
    attributes: dict[str, Any], ndim: int, channel_axis: int | None
) -> dict[str, Any]:
    """Return what a file says of the axes, where they are those that labels have.

    A user may see channels where the file does not, or none.

    Parameters
    ----------
    attributes : dict
        What the file says of its image.
    ndim : int
        How many axes the labels have.
    channel_axis : int or None
        The axis of the image that they lack; None where there is none, or where it is
        the last, of color.

    Examples
    --------
    >>> said = {"channel_axis": 0, "scale": (3.0, 2.0, 2.0)}
    >>> placement_for(said, 3, 0), placement_for(said, 3, 1), placement_for(said, 4, 0)
    ({'scale': (3.0, 2.0, 2.0)}, {}, {})
    """
    own = ndim if channel_axis is None else channel_axis
    told = attributes.get("channel_axis", ndim if "rgb" in attributes else own)
    if told % (ndim + 1) != own:
        return {}
    return {
        key: attributes[key]
        for key in PLACEMENT
        if len(attributes.get(key) or ()) == ndim
    }
