"""Sayings: what a file says of its image, as options to quantize it with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .reading import read_mask, said

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


def asked_of(
    source: LayerData, options: Mapping[str, Any], mask: str | None
) -> dict[str, Any]:
    """Return options, and what they leave open as the file says it."""
    from ..core.validation import check_image

    try:
        check_image(source[0])
    except TypeError as error:  # to a user it is a value, as the rest is typed
        raise ValueError(error) from error
    found = left_open(source, options)
    found.pop("alpha", None)
    return {**options, **found, "mask": _mask(mask, source)}


def _mask(file: str | None, source: LayerData) -> Any:
    """Return where pixels take part: by the user's mask, and by the image's alpha."""
    from ..core.run.lazy import is_lazy

    alpha = said(source, "alpha")
    shown = None if alpha is None else alpha > 0
    if file is None:
        return shown
    mask = read_mask(file, lazy=is_lazy(source[0]))
    return mask if shown is None or shown.shape != mask.shape else mask & shown
