"""Sayings: what a file says of its image, as options to quantize it with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .reading import said

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..layers.metadata import LayerData


def left_open(source: LayerData, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file says of its channels, and of no data, as far as it counts.

    What the options say counts more. With the `alpha` of a gray image, where there is.

    Parameters
    ----------
    source : tuple
        What `read` has returned.
    options : mapping
        Some of those of `read_samples`.
    """
    attributes = source[1]
    axis = attributes.get("channel_axis")
    rgb, channel_axis = options.get("rgb"), options.get("channel_axis")
    found: dict[str, Any] = {}
    if channel_axis is None and rgb is not False:
        channel_axis = axis
        rgb = attributes.get("rgb") if rgb is None else rgb
        found = {"rgb": rgb, "channel_axis": channel_axis}
    named = options.get("channel_names") is not None
    if channel_axis is not None and channel_axis == axis and not (rgb or named):
        found["channel_names"] = said(source, "channel_names")
    if options.get("no_data") is None:
        found["no_data"] = said(source, "no_data")
    if (alpha := said(source, "alpha")) is not None:
        found["alpha"] = alpha
    return found
