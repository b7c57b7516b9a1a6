"""Colors: to count them, look up their labels, paint, and tally labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .jit import kernel, part

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Codes in a cell of a table: where nothing was counted, a cell need not be read.
CELL = np.uint32(512)


@kernel
def count1(
    codes: NDArray[Any],
    table: NDArray[np.uint32],
    touched: NDArray[np.bool_],
    start: int,
    stop: int,
) -> None:
    """Count the codes from `start` to `stop` into `table`.

    Parameters
    ----------
    codes : (n,) unsigned integers
    table : (n_codes,) uint32
    touched : (n_codes / CELL, rounded up) bool
        Set for the cells of the table in which something was counted.
    """
    for i in range(start, stop):
        table[codes[i]] += np.uint32(1)
        touched[codes[i] // CELL] = True


@kernel
def count3(
    red: NDArray[np.uint8],
    green: NDArray[np.uint8],
    blue: NDArray[np.uint8],
    bits: NDArray[np.uint32],
    table: NDArray[np.uint32],
    touched: NDArray[np.bool_],
    start: int,
    stop: int,
) -> None:
    """Count the 8-bit colors from `start` to `stop` into `table`: see `count1`.

    `bits`, (3, 256) uint32, is what each value contributes to the code of a color.
    """
    for i in range(start, stop):
        code = bits[0, red[i]] | bits[1, green[i]] | bits[2, blue[i]]
        table[code] += np.uint32(1)
        touched[code // CELL] = True


@part
def _four(words: NDArray[np.uint32], i: int) -> tuple[int, int, int, int]:
    """Return four pixels of 8-bit RGB, red in the lowest byte, from three words."""
    a, b, c = words[3 * i], words[3 * i + 1], words[3 * i + 2]
    return (
        a & np.uint32(0xFFFFFF),
        a >> np.uint32(24) | (b & np.uint32(0xFFFF)) << np.uint32(8),
        b >> np.uint32(16) | (c & np.uint32(0xFF)) << np.uint32(16),
        c >> np.uint32(8),
    )


@part
def _code(bits: NDArray[np.uint32], pixel: int) -> Any:
    """Return the code of a pixel."""
    red, green = pixel & np.uint32(255), pixel >> np.uint32(8) & np.uint32(255)
    return bits[0, red] | bits[1, green] | bits[2, pixel >> np.uint32(16)]


@kernel
def count4(
    words: NDArray[np.uint32],
    bits: NDArray[np.uint32],
    table: NDArray[np.uint32],
    touched: NDArray[np.bool_],
    start: int,
    stop: int,
) -> None:
    """Count as `count3` does, four pixels at a time, from `start` to `stop` fours.

    `words` are the bytes of pixels of red, green and blue, in little-endian order.
    """
    for i in range(start, stop):
        a, b, c, d = _four(words, i)
        if a == b and b == c and c == d:  # or each would wait for the one before
            code = _code(bits, a)
            table[code] += np.uint32(4)
            touched[code // CELL] = True
            continue
        for pixel in (a, b, c, d):
            code = _code(bits, pixel)
            table[code] += np.uint32(1)
            touched[code // CELL] = True


@kernel
def collect(
    first: NDArray[np.uint32],
    second: NDArray[np.uint32],
    cells: NDArray[np.intp],
    codes: NDArray[np.uint32],
    counts: NDArray[np.float64],
) -> int:
    """Write the codes that occur in some cells of two tables; return their number.

    Parameters
    ----------
    first, second : (n_codes,) uint32
        To be added up; the second may be empty.
    cells : (n_cells,) int
    codes : (n_cells * CELL,) uint32
        Receives the codes, in the order of the cells.
    counts : (n_cells * CELL,) float64
        Receives their counts.
    """
    n = 0
    for i in range(cells.shape[0]):
        begin = cells[i] * CELL
        for code in range(begin, min(begin + CELL, first.shape[0])):
            counted = int(first[code])
            if second.shape[0] > 0:
                counted += int(second[code])
            codes[n] = code
            counts[n] = counted
            n += counted > 0
    return n


@kernel
def look_up1(
    codes: NDArray[Any],
    lut: NDArray[Any],
    labels: NDArray[Any],
    start: int,
    stop: int,
) -> None:
    """Write the label of each code from `start` to `stop`."""
    for i in range(start, stop):
        labels[i] = lut[codes[i]]


@kernel
def look_up3(
    red: NDArray[np.uint8],
    green: NDArray[np.uint8],
    blue: NDArray[np.uint8],
    bits: NDArray[np.uint32],
    lut: NDArray[Any],
    labels: NDArray[Any],
    start: int,
    stop: int,
) -> None:
    """Write the label of each 8-bit color from `start` to `stop`: see `count3`."""
    for i in range(start, stop):
        code = bits[0, red[i]] | bits[1, green[i]] | bits[2, blue[i]]
        labels[i] = lut[code]


@kernel
def look_up4(
    words: NDArray[np.uint32],
    bits: NDArray[np.uint32],
    lut: NDArray[Any],
    labels: NDArray[Any],
    start: int,
    stop: int,
) -> None:
    """Write the label of each pixel, as `look_up3` does, from `start` to `stop` fours.

    `words` are as for `count4`.
    """
    for i in range(start, stop):
        a, b, c, d = _four(words, i)
        labels[4 * i] = lut[_code(bits, a)]
        labels[4 * i + 1] = lut[_code(bits, b)]
        labels[4 * i + 2] = lut[_code(bits, c)]
        labels[4 * i + 3] = lut[_code(bits, d)]


@kernel
def paint4(
    labels: NDArray[Any],
    palette: NDArray[np.uint32],
    words: NDArray[np.uint32],
    start: int,
    stop: int,
) -> None:
    """Write ``palette[label]``, as `paint` does, from `start` to `stop` fours.

    `words` are as for `count4`, and so are the pixels of `palette`; no label is passed
    over.
    """
    for i in range(start, stop):
        a, b = palette[labels[4 * i]], palette[labels[4 * i + 1]]
        c, d = palette[labels[4 * i + 2]], palette[labels[4 * i + 3]]
        words[3 * i] = a | b << np.uint32(24)
        words[3 * i + 1] = b >> np.uint32(8) | c << np.uint32(16)
        words[3 * i + 2] = c >> np.uint32(16) | d << np.uint32(8)


@kernel
def paint(
    labels: NDArray[Any],
    palette: NDArray[Any],
    pixels: NDArray[Any],
    start: int,
    stop: int,
) -> None:
    """Write ``palette[label - 1]`` into the pixels from `start` to `stop`, but for 0.

    Parameters
    ----------
    labels : (n,) unsigned integers
    palette : (k, n_channels)
    pixels : (n, at least n_channels), of the dtype of `palette`
    """
    n_channels = palette.shape[1]
    for i in range(start, stop):
        label = labels[i]
        if label == 0:
            continue
        if n_channels == 1:
            pixels[i, 0] = palette[label - 1, 0]
        elif n_channels == 3:
            pixels[i, 0] = palette[label - 1, 0]
            pixels[i, 1] = palette[label - 1, 1]
            pixels[i, 2] = palette[label - 1, 2]
        else:
            for channel in range(n_channels):
                pixels[i, channel] = palette[label - 1, channel]


@kernel
def tally(
    labels: NDArray[Any], counts: NDArray[np.int64], columns: NDArray[np.int64]
) -> None:
    """Count the pixels of each label, row by row, and sum their columns.

    Parameters
    ----------
    labels : (n_rows, width) unsigned integers, 0..k
    counts : (n_rows, k + 1) int64
        Added to.
    columns : (k + 1,) int64
        Added to.
    """
    for row in range(labels.shape[0]):
        for column in range(labels.shape[1]):
            label = labels[row, column]
            counts[row, label] += 1
            columns[label] += column
