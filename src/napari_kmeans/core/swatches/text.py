"""Text: files of lines, and colors in them."""

from __future__ import annotations

import re

from ..validation import shown


def lines_of(data: bytes) -> list[str]:
    """Return the lines of a file: of UTF-8, or of what came before that."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    # Not `splitlines`, which ends lines at control characters, too.
    return re.split("\r\n|\n|\r", text)


def hex_color(text: object, where: str) -> bytes:
    """Return a color of six digits, or three, with or without #.

    Examples
    --------
    >>> list(hex_color("#ff8000", "line 1")), list(hex_color("F80", "line 2"))
    ([255, 128, 0], [255, 136, 0])
    """
    digits = text.strip().removeprefix("#") if isinstance(text, str) else ""
    if re.fullmatch("[0-9a-fA-F]{3}", digits):
        digits = "".join(digit * 2 for digit in digits)
    if not re.fullmatch("[0-9a-fA-F]{6}", digits):
        raise ValueError(
            f"{where} should be a color such as '#ff8000', but is {shown(text)}."
        )
    return bytes.fromhex(digits)


def whole(text: str, most: int = 255) -> int | None:
    """Return a number from 0 to the most; None where it is none."""
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) > most:
        return None
    return int(text)


def three(parts: list[str], where: str, line: str) -> list[int]:
    """Return red, green and blue, which are the first three parts of a line."""
    color = [whole(part) for part in parts[:3]]
    found = [value for value in color if value is not None]
    if len(found) < 3:
        raise ValueError(
            f"{where} should begin with red, green and blue from 0 to 255, but is "
            f"{shown(line)}."
        )
    return found
