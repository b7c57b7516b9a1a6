"""ASE: Adobe Swatch Exchange, of Illustrator, InDesign and others.

References
----------
C. Camera, "Reading Adobe Swatch Exchange (ase) files" (iamacamera.org, 2005).
"""

from __future__ import annotations

import struct
from math import isfinite
from typing import TYPE_CHECKING

from ..validation import shown
from . import mixing
from .scanning import Scan, name_units
from .swatches import Swatches

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Mix = Callable[[Sequence[float]], list[int]]

HEAD = b"ASEF"

#: What a block is.
COLOR, GROUP, END = 0x0001, 0xC001, 0xC002

#: Of a color: that it is neither global nor a spot color.
NORMAL = 2

#: For each model, how many numbers a color has, and what it is.
MODELS: dict[bytes, tuple[int, Mix]] = {
    b"RGB ": (3, mixing.rgb),
    b"CMYK": (4, mixing.cmyk),
    b"LAB ": (3, lambda values: mixing.lab([100 * values[0], *values[1:]])),
    b"Gray": (1, mixing.gray),
}


def encode(swatches: Swatches) -> bytes:
    """Return the bytes of a file; where there is a title, as a group of that name."""
    blocks = [
        _block(COLOR, name, b"RGB " + struct.pack(">3fH", *(color / 255), NORMAL))
        for name, color in zip(swatches.names, swatches.colors, strict=True)
    ]
    if swatches.title:
        end = struct.pack(">HI", END, 0)
        blocks = [_block(GROUP, swatches.title), *blocks, end]
    return HEAD + struct.pack(">HHI", 1, 0, len(blocks)) + b"".join(blocks)


def _block(kind: int, name: str, rest: bytes = b"") -> bytes:
    units = name_units(name)
    body = struct.pack(">H", len(units) // 2) + units + rest
    return struct.pack(">HI", kind, len(body)) + body


def decode(data: bytes, file: str) -> Swatches:
    """Return what a file holds, group by group; the title is that of the first."""
    scan = Scan(data, file)
    if scan.take(min(4, scan.left)) != HEAD:
        raise ValueError(f"{file} should begin with ASEF, as Adobe writes it.")
    *_, n_blocks = scan.unpack("HHI")
    rows: list[tuple[str, list[int]]] = []
    titles: list[str] = []
    for _ in range(n_blocks):
        kind, length = scan.unpack("HI")
        block = Scan(scan.take(length), file)
        if kind == GROUP:
            titles.append(block.name(*block.unpack("H")))
        elif kind == COLOR:
            rows.append(_color(block, f"color {len(rows) + 1} of {file}"))
    return Swatches.of(rows, file, titles[0] if titles else "")


def _color(block: Scan, where: str) -> tuple[str, list[int]]:
    name, model = block.name(*block.unpack("H")), block.take(4)
    if model not in MODELS:
        raise ValueError(
            f"{where} should be of RGB, CMYK, LAB or Gray, but is of {shown(model)}."
        )
    n, mix = MODELS[model]
    values = block.unpack(f"{n}f")
    if not all(map(isfinite, values)):
        raise ValueError(f"{where} should have finite numbers, but has {values}.")
    return name, mix(values)
