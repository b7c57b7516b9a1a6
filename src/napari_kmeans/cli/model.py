"""The model: the palette of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from ..core.palettes.palette import Palette

#: In the folder of a result: its palette.
MODEL = "palette.json"


def loaded(file: Path, option: str = "model") -> Palette:
    """Read a palette, of whatever format.

    Raises
    ------
    ValueError
        Where there is none.
    """
    from ..core.palettes.palette import Palette

    try:
        return Palette.load(file)
    except OSError as error:
        raise ValueError(
            f"{option}={file} could not be read: {error.strerror or error}."
        ) from error


def is_of_8_bits(palette: Palette) -> bool:
    """Whether the centers of a palette are its colors, and these are of 8 bits."""
    import numpy as np

    if not palette.layout.rgb:
        return False
    full = palette.space.full
    held = np.rint(palette.colors * 255) / 255 * full
    return np.allclose(held, palette.centers, rtol=0, atol=1e-9 * full)
