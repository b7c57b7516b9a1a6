"""ACT: color tables of Adobe Photoshop.

References
----------
Adobe, "Adobe Photoshop File Formats Specification" (2019), Color Table.
"""

from __future__ import annotations

import struct

import numpy as np

from .swatches import Swatches

#: How many colors there are, used or not.
ENTRIES = 256

#: What says that no color is transparent.
NONE = 0xFFFF


def encode(swatches: Swatches) -> bytes:
    """Return the bytes of a file; it has no names.

    Raises
    ------
    ValueError
        Where there are more than 256 colors.
    """
    k = len(swatches.colors)
    if k > ENTRIES:
        raise ValueError(f"palette of {k:,} colors should have at most 256 in .act.")
    table = swatches.colors.tobytes().ljust(3 * ENTRIES, b"\0")
    return table if k == ENTRIES else table + struct.pack(">HH", k, NONE)


def decode(data: bytes, file: str) -> Swatches:
    """Return what a file holds: 256 colors, or as many as it says.

    That which is transparent is left out.
    """
    if len(data) not in (3 * ENTRIES, 3 * ENTRIES + 4):
        raise ValueError(f"{file} of {len(data):,} bytes should have 768 or 772.")
    k, transparent = ENTRIES, NONE
    if len(data) > 3 * ENTRIES:
        k, transparent = struct.unpack(">HH", data[-4:])
    if not 0 < k <= ENTRIES:
        raise ValueError(f"{file} of {k:,} colors should have 1 to {ENTRIES}.")
    colors = np.frombuffer(data, np.uint8, 3 * k).reshape(k, 3)
    kept = [at for at in range(k) if at != transparent]
    return Swatches.of([("", colors[at].tolist()) for at in kept], file)
