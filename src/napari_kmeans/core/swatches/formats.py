"""Formats: which of them a file is of, by how its name ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import aco, act, ase, chart, gpl, hexes, jasc, strip

if TYPE_CHECKING:
    from types import ModuleType

    from .swatches import Swatches

#: Of each suffix, what reads and writes it; .json is told apart by what it holds.
FORMATS: dict[str, ModuleType] = {
    ".aco": aco,
    ".act": act,
    ".ase": ase,
    ".csv": chart,
    ".gpl": gpl,
    ".hex": hexes,
    ".pal": jasc,
    ".png": strip,
}


def encode(swatches: Swatches, suffix: str) -> bytes:
    """Return the bytes of a file of a format.

    Raises
    ------
    ValueError
        Where it does not hold so many colors.
    """
    data: bytes = FORMATS[suffix].encode(swatches)
    return data


def decode(data: bytes, suffix: str, file: str) -> Swatches:
    """Return what a file of a format holds.

    Raises
    ------
    ValueError
        Where it is not of that format, cut off, or without colors.
    """
    swatches: Swatches = FORMATS[suffix].decode(data, file)
    return swatches
