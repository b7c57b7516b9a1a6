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
