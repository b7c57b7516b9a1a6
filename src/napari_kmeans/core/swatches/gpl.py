"""GPL: palettes of GIMP, and of Inkscape, Krita and others.

References
----------
GIMP developer documentation, "GIMP Palette File Format" (gpl.txt).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .swatches import Swatches, on_a_line
from .text import lines_of, three

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = "GIMP Palette"

#: What GIMP calls colors without a name.
UNNAMED = "Untitled"


def encode(swatches: Swatches) -> bytes:
    """Return the bytes of a file, as GIMP writes them."""
    lines = [HEAD, f"Name: {on_a_line(swatches.title)}", "Columns: 0", "#"]
    for name, color in zip(swatches.names, swatches.colors.tolist(), strict=True):
        red, green, blue = color
        told = on_a_line(name) or UNNAMED
        lines.append(f"{red:3d} {green:3d} {blue:3d}\t{told}")
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def decode(data: bytes, file: str) -> Swatches:
    """Return what a file holds."""
    head, *lines = lines_of(data)
    if head.strip() != HEAD:
        raise ValueError(f"{file} should begin with {HEAD!r}.")
    title, has_alpha = "", False
    for line in lines:
        if line.startswith("Name:"):
            title = line.removeprefix("Name:").strip()
        elif re.fullmatch(r"Channels:\s*RGBA\s*", line):  # as Aseprite writes it
            has_alpha = True
    return Swatches.of(_rows(lines, file, 4 if has_alpha else 3), file, title)


def _rows(
    lines: list[str], file: str, n_numbers: int
) -> Iterator[tuple[str, list[int]]]:
    for number, line in enumerate(lines, 2):
        if not line.strip() or re.match(r"#|(Name|Columns|Channels):", line.lstrip()):
            continue
        *parts, name = [*line.split(maxsplit=n_numbers), ""][: n_numbers + 1]
        color = three(parts, f"line {number} of {file}", line)
        name = name.strip()
        yield "" if name == UNNAMED else name, color
