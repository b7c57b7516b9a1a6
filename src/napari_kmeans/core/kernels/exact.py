"""Exact sums: the quanta that addends are split at, so that any order gives one sum.

A floating-point sum depends on its order, hence on the number of threads and the size
of the blocks. `visit` therefore splits each addend at two fixed quanta, chosen by
`quanta` so coarse that every partial sum is a multiple of its quantum below 2**53 of
them: additions are then exact, in any order. The method is the pre-rounding of
Demmel and Nguyen, "Fast reproducible floating-point summation", ARITH 21 (2013).
Together the two levels resolve about 2**-54 of the largest addend for 2**24 samples.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Adding and subtracting a quantum times this rounds to the quantum.
SPLITTER = 1.5 * 2.0**52


def quanta(largest: float, total_weight: float, n: int) -> NDArray[np.float64]:
    """Return the two quanta at which `visit` splits what it adds.

    Parameters
    ----------
    largest : float
        An upper bound of the absolute values, before weights.
    total_weight : float
        The sum of all weights.
    n : int
        The number of samples.

    Returns
    -------
    (2,) float64
        Powers of two, the first so coarse that the sum of all stays below 2**52 of
        them, the second the same for the remainders.

    Examples
    --------
    >>> quanta(255, 1000, 1000).tolist() == [2.0**-33, 2.0**-75]
    True
    """
    bound = largest * total_weight
    if not 0 < bound < math.inf:
        return np.array([1.0, 2.0**-51])
    # Below 2**-1074 there is nothing left to split.
    first = max(math.frexp(bound)[1] - 51, -1074)
    second = max(first + math.frexp(n)[1] - 52, -1074)
    return np.array([2.0**first, 2.0**second])


def halves(
    addends: NDArray[np.float64],
    first: NDArray[np.float64],
    second: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Split addends by splitters, as `_split` does, in NumPy; to be summed exactly."""
    high = (addends + first) - first
    low = ((addends - high) + second) - second
    return high, low
