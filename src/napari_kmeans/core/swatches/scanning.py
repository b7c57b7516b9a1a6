"""Scanning: a file of bytes, read from front to back."""

from __future__ import annotations

import struct
from typing import Any


class Scan:
    """What is left of a file to be read, big-endian.

    Parameters
    ----------
    data : bytes
    file : str
        Its name.
    """

    def __init__(self, data: bytes, file: str) -> None:
        self.data, self.file, self.at = data, file, 0

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self.data) - self.at

    def take(self, n: int) -> bytes:
        """Return the next bytes.

        Raises
        ------
        ValueError
            Where there are not so many.
        """
        if n > self.left:
            raise ValueError(
                f"{self.file} of {len(self.data):,} bytes should have "
                f"{self.at + n:,} or more, and is cut off."
            )
        self.at += n
        return self.data[self.at - n : self.at]

    def unpack(self, form: str) -> tuple[Any, ...]:
        """Return the next values, in the form that `struct` tells."""
        return struct.unpack(f">{form}", self.take(struct.calcsize(f">{form}")))

    def name(self, n: int) -> str:
        """Return a name of n units of UTF-16, without the zero at its end."""
        return self.take(2 * n).decode("utf-16-be", "replace").rstrip("\0")


def name_units(name: str) -> bytes:
    """Return a name in UTF-16, with a zero at its end."""
    return f"{name}\0".encode("utf-16-be", "replace")
