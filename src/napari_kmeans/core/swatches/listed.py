"""JSON: lists of colors, as Lospec and others have them."""

from __future__ import annotations

from typing import Any

from ..validation import shown
from .swatches import Swatches
from .text import hex_color

#: What a color is called that has a name beside it.
KEYS = ("hex", "color", "rgb")


def decode(value: Any, file: str) -> Swatches:
    """Return what a file of JSON holds: a list, or an object with one of ``colors``.

    Each of these is text such as ``"#ff8000"``, or an object with the same as ``hex``
    or ``color``, or a list of red, green and blue as ``rgb``; and with a ``name``.
    """
    title, colors, within = "", value, ""
    if isinstance(value, dict):
        name, within = value.get("name"), "colors"
        title = name if isinstance(name, str) else ""
        colors = value.get(within)
    if not isinstance(colors, list):
        raise ValueError(
            f"{file} should be a model, a list of colors, or an object with colors."
        )
    rows = [_row(c, f"{within}[{at}] of {file}") for at, c in enumerate(colors)]
    return Swatches.of(rows, file, title)


def _row(color: Any, where: str) -> tuple[str, Any]:
    """Return a name and a color."""
    if not isinstance(color, dict):
        return "", hex_color(color, where)
    name = color.get("name")
    found = next((color[key] for key in KEYS if key in color), None)
    if isinstance(found, list):
        if len(found) != 3 or not all(
            type(value) is int and 0 <= value <= 255 for value in found
        ):
            raise ValueError(
                f"{where} should have red, green and blue from 0 to 255, but has "
                f"{shown(found)}."
            )
    else:
        found = hex_color(found, where)
    return name if isinstance(name, str) else "", found
