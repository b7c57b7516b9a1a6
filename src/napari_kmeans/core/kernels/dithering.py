"""Dithering: pixels labeled one after another, with what the ones before left over."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .jit import kernel, part

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Where the table of a curve begins, and how many of its steps are one.
LOW, STEPS = -1.0, 4096

#: Colors that a pixel is mixed of where it is not to know of its neighbors.
MIXED = 16

#: Mixtures that are kept for the next pixel of the color.
KNOWN = 4096


@part
def _curve(table: NDArray[np.float64], value: float) -> float:
    """Return the value of a curve between those in a table."""
    at = min(max((value - LOW) * STEPS, 0.0), table.shape[0] - 1.5)
    i = int(at)
    return float(table[i] + (at - i) * (table[i + 1] - table[i]))


@part
def _nearest(
    red: float,
    green: float,
    blue: float,
    into: NDArray[np.float64],
    table: NDArray[np.float64],
    out: NDArray[np.float64],
    centers: NDArray[np.float64],
) -> int:
    """Return the index of the center nearest to some light, ties to the lowest."""
    a = _curve(table, into[0, 0] * red + into[0, 1] * green + into[0, 2] * blue)
    b = _curve(table, into[1, 0] * red + into[1, 1] * green + into[1, 2] * blue)
    c = _curve(table, into[2, 0] * red + into[2, 1] * green + into[2, 2] * blue)
    x = out[0, 0] * a + out[0, 1] * b + out[0, 2] * c
    y = out[1, 0] * a + out[1, 1] * b + out[1, 2] * c
    z = out[2, 0] * a + out[2, 1] * b + out[2, 2] * c
    least, found = math.inf, 0
    for k in range(centers.shape[0]):
        p, q, r = x - centers[k, 0], y - centers[k, 1], z - centers[k, 2]
        squared = p * p + q * q + r * r
        nearer = squared < least
        least = squared if nearer else least
        found = k if nearer else found
    return found


@part
def _leave(
    pixel: NDArray[np.float64],
    error: NDArray[np.float64],
    painted: NDArray[np.float64],
    box: NDArray[np.float64],
    strength: float,
    most: float,
    left: NDArray[np.float64],
) -> None:
    """Write what is left over once a pixel, with the error it was handed, is painted.

    Of light that no color of the palette has nothing is left, nor is ever more than
    `most` in all.
    """
    squared = 0.0
    for c in range(3):
        value = min(max(pixel[c], box[0, c]), box[1, c])
        left[c] = strength * (value + error[c] - painted[c])
        squared += left[c] * left[c]
    if squared > most * most:
        share = most / math.sqrt(squared)
        for c in range(3):
            left[c] *= share


@kernel
def diffuse(
    light: NDArray[np.float64],
    valid: NDArray[np.bool_],
    into: NDArray[np.float64],
    table: NDArray[np.float64],
    out: NDArray[np.float64],
    centers: NDArray[np.float64],
    owners: NDArray[np.intp],
    painted: NDArray[np.float64],
    box: NDArray[np.float64],
    strength: float,
    most: float,
    first: int,
    errors: NDArray[np.float64],
    labels: NDArray[Any],
) -> None:
    """Write the labels of some rows of a plane; hand errors on to their neighbors.

    Parameters
    ----------
    light : (n_rows, width, 3) float64
    valid : (n_rows, width) bool
    into, table, out
        The way to where distances are measured: see `spaces.way`.
    centers : (n_centers, 3) float64
    owners : (n_centers,) intp
        The cluster, from 0, of each.
    painted : (k, 3) float64
        The light of each cluster.
    box : (2, 3) float64
        The least and the greatest of it.
    strength, most : float
        The part of errors that is handed on, and how much at the most.
    first : int
        Which row of the plane is the first of these: even ones go from left to right.
    errors : (2, width + 2, 3) float64
        What the rows before left over for the next, `errors[first % 2]`; and after it.
    labels : (n_rows, width)
        Receives 1..k, and 0 where a pixel is not valid.
    """
    n_rows, width = valid.shape
    left = np.empty(3)
    for row in range(n_rows):
        here, below = errors[(first + row) % 2], errors[(first + row + 1) % 2]
        below[:] = 0.0
        step = 1 if (first + row) % 2 == 0 else -1
        column = 0 if step == 1 else width - 1
        for _ in range(width):
            if not valid[row, column]:
                labels[row, column] = 0
                column += step
                continue
            pixel, error = light[row, column], here[column + 1]
            center = _nearest(
                pixel[0] + error[0],
                pixel[1] + error[1],
                pixel[2] + error[2],
                into,
                table,
                out,
                centers,
            )
            label = owners[center]
            labels[row, column] = label + 1
            _leave(pixel, error, painted[label], box, strength, most, left)
            for c in range(3):
                here[column + 1 + step, c] += left[c] * (7 / 16)
                below[column + 1 - step, c] += left[c] * (3 / 16)
                below[column + 1, c] += left[c] * (5 / 16)
                below[column + 1 + step, c] += left[c] * (1 / 16)
            column += step


@part
def _place(light: NDArray[np.float64]) -> int:
    """Return where the mixture of a color is kept, until another is kept there."""
    place = 0
    for c in range(3):
        level = int(min(max(light[c], 0.0), 1.0) * 65535)
        place = (place * 31 + level) % 65521
    return place % KNOWN


@kernel
def mix(
    light: NDArray[np.float64],
    valid: NDArray[np.bool_],
    into: NDArray[np.float64],
    table: NDArray[np.float64],
    out: NDArray[np.float64],
    centers: NDArray[np.float64],
    owners: NDArray[np.intp],
    painted: NDArray[np.float64],
    box: NDArray[np.float64],
    strength: float,
    most: float,
    ranks: NDArray[np.intp],
    thresholds: NDArray[np.intp],
    rows: NDArray[np.intp],
    columns: NDArray[np.intp],
    labels: NDArray[Any],
) -> None:
    """Write the labels of pixels, each the one of its mixture that its place asks for.

    The mixture of a pixel is of `MIXED` colors: each is the nearest to the pixel and
    what those before left over. From dark to bright, the threshold says which it is.

    Parameters
    ----------
    ranks : (k,) intp
        The place of each cluster in the order of brightness.
    thresholds : (n, n) intp
        From 0 to `MIXED` - 1, to be repeated.
    rows, columns : (n_rows,), (width,) intp
        Where in its plane a pixel is.
    light, valid, into, table, out, centers, owners, painted, box, strength, most
    labels
        As for `diffuse`.
    """
    n_rows, width = valid.shape
    size = thresholds.shape[0]
    known, mixtures = np.full((KNOWN, 3), np.nan), np.empty((KNOWN, MIXED), np.intp)
    error = np.empty(3)
    for row in range(n_rows):
        for column in range(width):
            if not valid[row, column]:
                labels[row, column] = 0
                continue
            pixel = light[row, column]
            place = _place(pixel)
            mixture, color = mixtures[place], known[place]
            if not (
                color[0] == pixel[0] and color[1] == pixel[1] and color[2] == pixel[2]
            ):
                color[:] = pixel
                error[:] = 0.0
                for n in range(MIXED):
                    center = _nearest(
                        pixel[0] + error[0],
                        pixel[1] + error[1],
                        pixel[2] + error[2],
                        into,
                        table,
                        out,
                        centers,
                    )
                    label = owners[center]
                    _leave(pixel, error, painted[label], box, strength, most, error)
                    at = n
                    while at > 0 and ranks[mixture[at - 1]] > ranks[label]:
                        mixture[at] = mixture[at - 1]
                        at -= 1
                    mixture[at] = label
            which = thresholds[rows[row] % size, columns[column] % size]
            labels[row, column] = mixture[which] + 1
