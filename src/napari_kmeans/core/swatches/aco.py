"""ACO: swatches of Adobe Photoshop.

References
----------
Adobe, "Adobe Photoshop File Formats Specification" (2019), Color Swatches.
L. Tesler, "Adobe Photoshop 7 Color File Format" (nomodes.com/aco.html).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from . import mixing
from .scanning import Scan, name_units
from .swatches import Swatches

if TYPE_CHECKING:
    from collections.abc import Iterator

    #: What a swatch is called, and its color.
    Row = tuple[str, list[int]]

RGB, HSB, CMYK, LAB, GRAY, WIDE_CMYK = 0, 1, 2, 7, 8, 9

#: What 16 bits hold at most.
FULL = 0xFFFF

#: A hundred percent, where it is not that.
PERCENT = 10_000


def encode(swatches: Swatches) -> bytes:
    """Return the bytes of a file, as Photoshop does: without names, then with."""
    k = len(swatches.colors)
    plain, named = [struct.pack(">HH", 1, k)], [struct.pack(">HH", 2, k)]
    for name, color in zip(swatches.names, swatches.colors.tolist(), strict=True):
        entry = struct.pack(">5H", RGB, *(257 * value for value in color), 0)
        units = name_units(name)
        plain.append(entry)
        named.append(entry + struct.pack(">I", len(units) // 2) + units)
    return b"".join(plain + named)


def decode(data: bytes, file: str) -> Swatches:
    """Return what a file holds: with names, where it has them."""
    scan = Scan(data, file)
    version, k = scan.unpack("HH")
    if version not in (0, 1, 2):
        raise ValueError(f"{file} should begin with version 1 or 2, not {version}.")
    rows = [*_rows(scan, k, named=version == 2)]
    if version < 2 and scan.left >= 4 and scan.unpack("HH") == (2, k):
        rows = [*_rows(scan, k, named=True)]
    return Swatches.of(rows, file)


def _rows(scan: Scan, k: int, *, named: bool) -> Iterator[Row]:
    for number in range(1, k + 1):
        space, *values = scan.unpack("5H")
        color = _color(space, values, f"color {number} of {scan.file}")
        yield scan.name(*scan.unpack("I")) if named else "", color


def _color(space: int, values: list[int], where: str) -> list[int]:
    """Return a color of a space, by Photoshop's number."""
    if space == RGB:
        return mixing.rgb([value / FULL for value in values])
    if space == HSB:
        return mixing.hsb([value / FULL for value in values])
    if space == CMYK:  # where 0 is all ink
        return mixing.cmyk([1 - value / FULL for value in values])
    if space == WIDE_CMYK:
        return mixing.cmyk([value / PERCENT for value in values])
    if space == GRAY:
        return mixing.gray([values[0] / PERCENT])
    if space == LAB:
        lightness, *chroma = values
        signed = [value - (FULL + 1) * (value > FULL // 2) for value in chroma]
        return mixing.lab([lightness / 100, signed[0] / 100, signed[1] / 100])
    raise ValueError(
        f"{where} should be of RGB, HSB, CMYK, Lab or gray, but is of the color space "
        f"{space}, such as of a book of inks."
    )
