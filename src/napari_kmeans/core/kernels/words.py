"""Words: exact sums in one pass, of addends whose size nobody knows beforehand.

The quanta of `exact` need a bound of all addends. Where one is not known, a sum is held
in words instead: integers that count units of 2**(24 * n - 1074), n the number of the
word, so that each addend is parted among four of them, and none of its bits is lost. A
word has room for 2**39 addends. These are the small superaccumulators of R. M. Neal,
"Fast exact summation using small and large superaccumulators", arXiv:1505.05571 (2015).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Bits of a word that one addend may fill.
BITS = 24

#: How many words one addend is parted among: of 53 bits, that begin in any of them.
SPAN = 4

#: The exponent of the unit of the first word: that of the least number above zero.
LEAST = -1074

#: Bits of a float64 that are not its exponent; where they are.
FRACTION = 52

MASK = 2**BITS - 1


@kernel
def squares(
    values: NDArray[Any],
    labels: NDArray[Any],
    centers: NDArray[np.float64],
    found: NDArray[np.float64],
) -> None:
    """Write the squared distance of each sample to the center of its label, 1..k.

    Zero for those of label 0.
    """
    for i in range(labels.shape[0]):
        found[i] = 0.0
        k = int(labels[i]) - 1
        if k >= 0:
            for channel in range(values.shape[0]):
                a = values[channel, i] - centers[k, channel]
                found[i] += a * a


@kernel
def count_pairs(
    rows: NDArray[np.int64], columns: NDArray[np.int64], counts: NDArray[np.int64]
) -> None:
    """Count pairs of a row and a column; those of a row below 0 are left out."""
    for i in range(rows.shape[0]):
        if rows[i] >= 0:
            counts[rows[i], columns[i]] += 1


@kernel
def add_words(
    bits: NDArray[np.int64],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    first: int,
    words: NDArray[np.int64],
) -> None:
    """Add numbers, none below zero, to the words of sums.

    Parameters
    ----------
    bits : (n,) int64
        The numbers: float64, as their bits.
    rows, columns : (n,) int64
        Which sum each is added to; none where the row is below 0, or the number zero.
    first : int
        The number of the first word.
    words : (n_rows, n_columns, n_words) int64
        Is added to.
    """
    for i in range(rows.shape[0]):
        if rows[i] < 0 or bits[i] == 0:
            continue
        mantissa = bits[i] & ((1 << FRACTION) - 1)
        place = bits[i] >> FRACTION
        if place > 0:
            mantissa |= 1 << FRACTION
            place -= 1
        word, shift = place // BITS - first, place % BITS
        sums = words[rows[i], columns[i]]
        sums[word] += (mantissa & (MASK >> shift)) << shift
        sums[word + 1] += (mantissa >> (BITS - shift)) & MASK
        sums[word + 2] += (mantissa >> (2 * BITS - shift)) & MASK
        if 3 * BITS - shift <= FRACTION:
            sums[word + 3] += mantissa >> (3 * BITS - shift)


def word_range(addends: NDArray[np.float64]) -> tuple[int, int]:
    """Return the number of the first word that numbers fill, and how many they do.

    Examples
    --------
    >>> word_range(np.array([0.0, 1.0])), word_range(np.zeros(2))
    ((42, 4), (0, 0))
    """
    some = addends[addends > 0]
    if not some.size:
        return 0, 0
    ends = np.array([some.min(), some.max()]).view(np.int64) >> FRACTION
    low, high = (np.maximum(ends - 1, 0) // BITS).tolist()
    return low, high - low + SPAN


def values_of(words: NDArray[np.int64], first: int) -> NDArray[np.float64]:
    """Return sums, whose words are along the last axis, as float64.

    Examples
    --------
    >>> addends = np.array([0.1, 1e-9, 3.0])
    >>> first, n = word_range(addends)
    >>> words, zeros = np.zeros((1, 1, n), np.int64), np.zeros(3, np.int64)
    >>> add_words(addends.view(np.int64), zeros, zeros, first, words)
    >>> values_of(words, first) == np.array([[3.100000001]])
    array([[ True]])
    """
    sums = np.zeros(words.shape[:-1])
    for place in range(words.shape[-1]):  # from small to large
        addend = words[..., place].astype(np.float64)
        with np.errstate(over="ignore"):
            sums += np.ldexp(addend, BITS * (first + place) + LEAST)
    return sums
