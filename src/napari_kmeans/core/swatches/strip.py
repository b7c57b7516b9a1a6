"""PNG: a strip of squares, each of a color."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from .swatches import Swatches

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: How wide and high a square is that is written, in pixels.
SIDE = 16

#: The most squares in a row.
ROW = 16

#: What is larger, or of more colors, is a photo by mistake.
MOST_PIXELS, MOST_COLORS = 2**24, 4096

#: Modes of Pillow whose values are colors of 8 bits.
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")


def encode(swatches: Swatches) -> bytes:
    """Return the bytes of a file, row by row; what is left of the last is transparent.

    It has no names, and is read as it was where all colors differ.
    """
    from PIL import Image

    image = Image.fromarray(squares(swatches.colors))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def squares(colors: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture of colors, RGB, or RGBA where the last row has a rest.

    Examples
    --------
    >>> squares(np.zeros((3, 3), np.uint8)).shape
    (16, 48, 3)
    """
    k = len(colors)
    width = min(k, ROW)
    cells = np.zeros((-(-k // width) * width, 4), np.uint8)
    cells[:k, :3], cells[:k, 3] = colors, 255
    grid = cells.reshape(-1, width, 4).repeat(SIDE, axis=0).repeat(SIDE, axis=1)
    # Opaque pictures have no alpha.
    return grid if len(cells) > k else grid[..., :3].copy()


def decode(data: bytes, file: str) -> Swatches:
    """Return the colors of a picture that differ, in the order of reading."""
    pixels = _pixels(data, file)
    opaque = pixels[pixels[:, 3] == 255, :3].astype(np.uint32)
    if len(opaque) < np.count_nonzero(pixels[:, 3]):
        raise ValueError(f"{file} should have no pixels that are half transparent.")
    packed = opaque @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    first = np.sort(np.unique(packed, return_index=True)[1])
    if len(first) > MOST_COLORS:
        raise ValueError(
            f"{file} of {len(first):,} colors should be squares of at most "
            f"{MOST_COLORS:,}."
        )
    return Swatches.of((("", color) for color in opaque[first].tolist()), file)


def _pixels(data: bytes, file: str) -> Any:
    """Return the pixels of a picture, (n, 4) uint8."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            size, mode = image.size, image.mode
            if size[0] * size[1] <= MOST_PIXELS and mode in MODES:
                return np.asarray(image.convert("RGBA")).reshape(-1, 4)
    except UnidentifiedImageError:
        raise ValueError(f"{file} should be a PNG, but is not.") from None
    # What Pillow raises of broken files is of many kinds.
    except Exception as error:
        told = " ".join(str(error).split()).rstrip(".")
        raise ValueError(f"{file} should be a PNG, but is not: {told}.") from None
    raise ValueError(
        f"{file} of {size[0]:,} x {size[1]:,} pixels and mode {mode} should have at "
        f"most {MOST_PIXELS:,}, of 8 bits."
    )
