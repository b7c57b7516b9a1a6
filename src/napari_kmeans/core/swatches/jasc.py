"""PAL: palettes of Paint Shop Pro, by JASC.

References
----------
JASC Software, "Paint Shop Pro palette file format": the lines JASC-PAL, 0100, how many
colors there are, and one for each.
"""

from __future__ import annotations

from ..validation import shown
from .swatches import MOST, Swatches
from .text import lines_of, three, whole

HEAD = ["JASC-PAL", "0100"]


def encode(swatches: Swatches) -> bytes:
    """Return the bytes of a file; it has no names."""
    colors = (" ".join(map(str, color)) for color in swatches.colors.tolist())
    lines = [*HEAD, str(len(swatches.colors)), *colors]
    return "".join(f"{line}\r\n" for line in lines).encode()


def decode(data: bytes, file: str) -> Swatches:
    """Return what a file holds; alpha is left out."""
    lines = [line.strip() for line in lines_of(data)]
    if lines[:2] != HEAD:
        raise ValueError(
            f"{file} should begin with the lines JASC-PAL and 0100, as Paint Shop Pro "
            "writes them."
        )
    told = lines[2] if len(lines) > 2 else ""
    rows = [
        ("", three(line.split(), f"line {number} of {file}", line))
        for number, line in enumerate(lines[3:], 4)
        if line
    ]
    if whole(told, MOST) != len(rows):
        raise ValueError(
            f"line 3 of {file} should be how many colors follow, {len(rows):,}, but is "
            f"{shown(told)}."
        )
    return Swatches.of(rows, file)
