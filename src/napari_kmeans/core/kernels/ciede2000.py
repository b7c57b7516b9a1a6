"""Color differences: the nearest centers by CIEDE2000, and sums of what is nearest.

The formula is that of G. Sharma, W. Wu and E. N. Dalal, "The CIEDE2000 color-difference
formula: Implementation notes, supplementary test data, and mathematical observations",
Color Res. Appl. 30 (2005); its weights are 1.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .jit import kernel, part
from .tiles import TILE, _add, _add_tile, _count, _load

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: A squared difference is at most so many times the squared distance in CIELAB: chroma
#: is stretched by at most 1.5, and what turns hues adds less than the rest again.
LONGEST = 4.5

#: The part of the squares of chroma and hue that is left, at least, where these are
#: turned against each other: 1 - sin(60°) is 0.134.
LEFT = 0.13

CHROMA = 25.0**7


@part
def _length(a: float, b: float) -> float:
    return math.sqrt(a * a + b * b)


@part
def _saturation(chroma: float) -> float:
    """Return how far a chroma is beyond gray, from 0 to 1."""
    cubed = chroma * chroma * chroma
    seventh = cubed * cubed * chroma
    return math.sqrt(seventh / (seventh + CHROMA))


@part
def _hue(a: float, b: float) -> float:
    """Return the angle of a hue, from 0 to 2 pi."""
    angle = math.atan2(b, a)
    return angle + 2 * math.pi if angle < 0 else angle


@part
def _squared(
    lab: tuple[float, float, float], other: tuple[float, float, float], limit: float
) -> float:
    """Return the squared difference of two colors; inf where it is above `limit`.

    It is told early: what is added to a part of it is never negative, even if rounded.
    """
    middle = (0.5 * (lab[0] + other[0]) - 50.0) ** 2
    light = (other[0] - lab[0]) / (1.0 + 0.015 * middle / math.sqrt(20.0 + middle))
    light *= light
    if light > limit:
        return math.inf
    chromas = _length(lab[1], lab[2]), _length(other[1], other[2])
    stretch = 1.5 - 0.5 * _saturation(0.5 * (chromas[0] + chromas[1]))
    a, other_a = lab[1] * stretch, other[1] * stretch
    c, other_c = _length(a, lab[2]), _length(other_a, other[2])
    mean = 0.5 * (c + other_c)
    chroma = (other_c - c) / (1.0 + 0.045 * mean)
    if light + LEFT * (chroma * chroma) > limit:
        return math.inf
    turn, angle = 0.0, 0.0  # of grays, which have no hue
    h, other_h = _hue(a, lab[2]), _hue(other_a, other[2])
    if c * other_c == 0.0:
        angle = h + other_h
    else:
        turn, angle = other_h - h, 0.5 * (h + other_h)
        if abs(turn) > math.pi:
            angle += math.pi if angle < math.pi else -math.pi
            turn += -2 * math.pi if turn > 0 else 2 * math.pi
    weight = (
        1.0
        - 0.17 * math.cos(angle - math.radians(30))
        + 0.24 * math.cos(2 * angle)
        + 0.32 * math.cos(3 * angle + math.radians(6))
        - 0.20 * math.cos(4 * angle - math.radians(63))
    )
    hue = 2.0 * math.sqrt(c * other_c) * math.sin(0.5 * turn)
    hue /= 1.0 + 0.015 * mean * weight
    blue = (math.degrees(angle) - 275.0) / 25.0
    turned = math.sin(math.radians(60) * math.exp(-blue * blue))
    turned *= 2.0 * _saturation(mean)
    return light + max(0.0, chroma * chroma + hue * hue - turned * chroma * hue)


@part
def _row(values: NDArray[np.float64], row: int) -> tuple[float, float, float]:
    return values[row, 0], values[row, 1], values[row, 2]


@part
def _nearest(
    local: NDArray[np.float64],
    size: int,
    centers: NDArray[np.float64],
    squared: NDArray[np.float64],
    labels: NDArray[np.int32],
) -> None:
    """Find the nearest center, ties to the lowest, for the samples of a tile.

    The center that is nearest in CIELAB is not far: most others are told to be farther
    before the whole formula is done.
    """
    for i in range(size):
        lab = (local[0, i], local[1, i], local[2, i])
        near, least = 0, math.inf
        for k in range(centers.shape[0]):
            a, b, c = (
                lab[0] - centers[k, 0],
                lab[1] - centers[k, 1],
                lab[2] - centers[k, 2],
            )
            distance = a * a + b * b + c * c
            if distance < least:
                near, least = k, distance
        limit = _squared(lab, _row(centers, near), math.inf)
        squared[i], labels[i] = math.inf, near
        for k in range(centers.shape[0]):
            distance = _squared(lab, _row(centers, k), limit)
            if distance < squared[i]:
                squared[i], labels[i] = distance, k
                limit = min(limit, distance)


@kernel
def visit_ciede2000(
    values: NDArray[Any],
    weights: NDArray[np.float64],
    origin: NDArray[np.float64],
    boxes: NDArray[np.float64],  # noqa: ARG001
    totals: NDArray[np.float64],  # noqa: ARG001
    centers: NDArray[np.float64],
    splitters: NDArray[np.float64],
    start: int,
    stop: int,
    labels: NDArray[Any],
    squared: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Do what `visit` does, of colors in CIELAB, by CIEDE2000."""
    n_channels, n = values.shape
    k = centers.shape[0]
    assigning, weighted = labels.shape[0] > 0, weights.shape[0] > 0
    sums = np.zeros((k, n_channels + 2, 2))
    local, scratch = np.empty((n_channels, TILE)), np.empty(TILE)
    nearest, distances = np.empty(TILE, np.int32), np.empty(TILE)
    halves = np.empty((2, TILE))
    every = np.arange(k).astype(np.int32)
    for tile in range(start, stop):
        at = tile * TILE
        size = min(TILE, n - at)
        _load(values, at, size, local)
        _nearest(local, size, centers, distances, nearest)
        if not assigning:
            given = weights, at, size, nearest, every, k, origin, splitters
            _add_tile(sums, local, *given, scratch, halves)
            continue
        for i in range(size):
            labels[at + i] = nearest[i]
            scratch[i] = weights[at + i] if weighted else 1.0
            distances[i] *= scratch[i]
            if squared.shape[0] > 0:
                squared[at + i] = distances[i]
        if not weighted:
            _count(sums, n_channels, nearest, size, every, k)
        for column in range(0 if weighted else 1, 2):
            addends = distances if column else scratch
            given_of = nearest, size, every, k, splitters, halves
            _add(sums, n_channels + column, addends, *given_of)
    return sums


@kernel
def squares_ciede2000(
    values: NDArray[np.float64],
    center: NDArray[np.float64],
    squared: NDArray[np.float64],
) -> None:
    """Write the squared differences of colors, (3, n), in CIELAB, to one: (n,)."""
    other = (center[0], center[1], center[2])
    for i in range(values.shape[1]):
        lab = (values[0, i], values[1, i], values[2, i])
        squared[i] = _squared(lab, other, math.inf)
