"""Thresholds: which of its colors a pixel takes, so that the eye sees no pattern."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Rows and columns, after which they repeat.
SIZE = 64

#: How far pixels keep away from each other: the standard deviation of a Gaussian.
SPREAD = 1.5

#: How many pixels are scattered at first.
FEW = SIZE * SIZE // 10


@cache
def void_and_cluster() -> NDArray[np.intp]:
    """Return ranks of pixels, from 0: however many are taken, they lie far apart.

    Bayer's matrix would keep the mean as well, but its crosses look like structures of
    the image; of these ranks the eye sees none.

    Returns
    -------
    (SIZE, SIZE) intp

    References
    ----------
    R. Ulichney, "The void-and-cluster method for dither array generation", Proc. SPIE
    1913 (1993).
    """
    n = SIZE * SIZE
    taken, crowd = np.zeros(n, np.bool_), np.zeros((SIZE, SIZE), np.int64)
    around = _around()

    def change(at: int) -> None:
        taken[at] ^= True
        there = np.roll(around, divmod(at, SIZE), axis=(0, 1))
        np.add(crowd, there if taken[at] else -there, out=crowd)

    def cluster() -> int:
        return int(np.where(taken, crowd.ravel(), -1).argmax())

    def void() -> int:
        return int(np.where(taken, np.iinfo(np.int64).max, crowd.ravel()).argmin())

    # What the raw numbers of this generator are will not change.
    scattered = np.argsort(np.random.PCG64(0).random_raw(n), kind="stable")[:FEW]
    for at in scattered.tolist():
        change(at)
    while True:  # from the closest together to the largest void, until that is there
        change(crowded := cluster())
        change(empty := void())
        if crowded == empty:
            break
    ranks, spread = np.empty(n, np.intp), np.flatnonzero(taken)
    for rank in reversed(range(FEW)):
        change(at := cluster())
        ranks[at] = rank
    for at in spread.tolist():
        change(at)
    for rank in range(FEW, n):
        change(at := void())
        ranks[at] = rank
    return ranks.reshape(SIZE, SIZE)


def _around() -> NDArray[np.int64]:
    """Return how a pixel crowds the others: in whole numbers, the same everywhere."""
    offsets = np.arange(SIZE)
    squared = np.minimum(offsets, SIZE - offsets) ** 2
    distances = squared[:, np.newaxis] + squared
    weights = np.exp(distances / (-2 * SPREAD * SPREAD))
    around: NDArray[np.int64] = np.rint(weights * 2**30).astype(np.int64)
    return around
