"""HEX: six digits a line, as Lospec has palettes."""

from __future__ import annotations

from .swatches import Swatches
from .text import hex_color, lines_of


def encode(swatches: Swatches) -> bytes:
    """Return the bytes of a file; it has no names."""
    return "".join(f"{color}\n" for color in swatches.hexes).encode()


def decode(data: bytes, file: str) -> Swatches:
    """Return what a file holds."""
    rows = [
        ("", hex_color(line, f"line {number} of {file}"))
        for number, line in enumerate(lines_of(data), 1)
        if line.strip()
    ]
    return Swatches.of(rows, file)
