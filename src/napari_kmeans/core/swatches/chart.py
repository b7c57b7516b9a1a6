"""CSV: charts of threads, beads and paints, a row a color."""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, NamedTuple

from ..validation import shown
from .swatches import Swatches, on_a_line
from .text import hex_color, lines_of, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What columns are called, the likeliest first, in small letters and digits alone.
CODES = ["code", "floss", "dmc", "number", "no", "nr", "id", "sku", "reference", "ref"]
NAMES = ["name", "dmcname", "colorname", "colourname", "description", "label", "title"]
HEXES = [
    "hex",
    "hexcode",
    "hexcolor",
    "hexcolour",
    "rgbcode",
    "rgbhex",
    "html",
    "rgb",
    "color",
    "colour",
    "colorcode",
    "colourcode",
]
CHANNELS = (("r", "red"), ("g", "green"), ("b", "blue"))

DELIMITERS = ",;\t"

#: In how many rows the header is looked for.
MOST_ABOVE = 20

HEADER = ("name", "hex", "red", "green", "blue")


class Columns(NamedTuple):
    """Where in a row there is what.

    Attributes
    ----------
    names : list of int
        What a color is called: its code and its name, where there are these.
    channels : list of int
        Red, green and blue; or empty.
    hex : int or None
        Of all three.
    """

    names: list[int]
    channels: list[int]
    hex: int | None

    @classmethod
    def of(cls, header: Sequence[str]) -> Columns | None:
        """Return the columns of a header; None where it has no colors."""
        titles = [re.sub("[^a-z0-9]", "", title.lower()) for title in header]
        channels = [_first(titles, titled) for titled in CHANNELS]
        found = [at for at in channels if at is not None]
        at_hex = _first(titles, HEXES)
        if len(found) < 3 and at_hex is None:
            return None
        named = (_first(titles, CODES), _first(titles, NAMES))
        names = [at for at in named if at is not None]
        return cls(names, found if len(found) == 3 else [], at_hex)

    def read(self, row: Sequence[str], where: str) -> tuple[str, Sequence[int]]:
        """Return the name and the color of a row."""
        cells = [on_a_line(cell) for cell in row]
        cells += [""] * (max([*self.names, *self.channels, self.hex or 0]) + 1)
        name = " ".join(cells[at] for at in self.names if cells[at])
        if not self.channels:
            return name, hex_color(cells[self.hex or 0], where)
        color = [whole(cells[at]) for at in self.channels]
        found = [value for value in color if value is not None]
        if len(found) < 3:
            raise ValueError(
                f"{where} should have red, green and blue from 0 to 255, but has "
                f"{shown([cells[at] for at in self.channels])}."
            )
        return name, found


def _first(titles: list[str], wanted: Sequence[str]) -> int | None:
    """Return where the first title is that there is."""
    return next((titles.index(title) for title in wanted if title in titles), None)


def encode(swatches: Swatches) -> bytes:
    """Return the bytes of a file."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(HEADER)
    told = swatches.names, swatches.hexes, swatches.colors.tolist()
    for name, digits, color in zip(*told, strict=True):
        writer.writerow([on_a_line(name), f"#{digits}", *color])
    return file.getvalue().encode("utf-8", "replace")


def decode(data: bytes, file: str) -> Swatches:
    """Return what a file holds: columns in any order, told by a header.

    Codes and names, where there are both, are one name. What is above the header is
    left out.
    """
    lines = [f"{line}\n" for line in lines_of(data)]
    delimiter = max(DELIMITERS, key=lambda d: _width(lines[:MOST_ABOVE], d))
    reader = csv.reader(lines, delimiter=delimiter)
    columns: Columns | None = None
    rows: list[tuple[str, Sequence[int]]] = []
    try:
        for row in reader:
            if columns is None:
                columns = Columns.of(row) if reader.line_num <= MOST_ABOVE else None
            elif any(map(str.strip, row)):
                rows.append(columns.read(row, f"line {reader.line_num} of {file}"))
    except csv.Error as error:
        raise ValueError(f"{file} should be a table, but is not: {error}.") from None
    if columns is None:
        raise ValueError(
            f"{file} should have a header with the columns red, green and blue, or hex."
        )
    return Swatches.of(rows, file)


def _width(lines: list[str], delimiter: str) -> int:
    """Return how many columns the header has, if it is told by a delimiter."""
    rows = (line.split(delimiter) for line in lines)
    return max((len(row) for row in rows if Columns.of(row)), default=0)
