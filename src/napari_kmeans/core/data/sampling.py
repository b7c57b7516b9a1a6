"""Sampling: which of many samples are searched, or looked at, when not all are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Samples that tell where most lie.
PROBE = 2**13

#: The most samples, each as heavy as a great many others, that are not drawn the more.
MOST_HEAVY, HEAVY = 16, 64

#: Integer weights are repetitions up to this many, where there is no other limit.
MOST_REPEATED = 2**24

NO_WEIGHTS = np.empty(0)


def probe(n: int) -> NDArray[np.int64]:
    """Return which of n samples are looked at to know where most lie."""
    return stratified(n, NO_WEIGHTS, min(n, PROBE), seed=0)


def select(
    n: int, weights: NDArray[np.float64], most: int | None
) -> NDArray[np.int64] | slice | None:
    """Return what picks n samples whole, or None where they are more than `most`.

    Integer weights count as repetitions, so that the answer is that of the samples
    repeated.

    Parameters
    ----------
    weights : (n,) float64, or (0,)
        Empty where every weight is 1.
    most : int or None
        None for no limit.
    """
    if not weights.size:
        return slice(None) if most is None or n <= most else None
    if weights.sum() <= (most or MOST_REPEATED) and (weights == np.rint(weights)).all():
        return np.repeat(np.arange(n), weights.astype(np.int64))
    return None


def stratified(
    n: int, weights: NDArray[np.float64], size: int, seed: int
) -> NDArray[np.int64]:
    """Pick `size` of n samples, spread evenly over their weights.

    The whole weight is cut into `size` equal parts and one place is drawn in each: a
    fixed step would fall in with the period of a striped image. Of weights see `drawn`.

    Parameters
    ----------
    weights : (n,) float64, or (0,)
        Above 0; empty where every weight is 1.

    Returns
    -------
    (size,) int64
        Ascending; a sample of large weight comes several times.

    Examples
    --------
    >>> stratified(2, np.array([1.0, 3.0]), 4, seed=0).tolist()
    [0, 1, 1, 1]
    """
    places = np.arange(size) + np.random.default_rng(seed).random(size)
    if not weights.size:
        return np.minimum(places * (n / size), n - 1).astype(np.int64)
    cumulative = np.cumsum(drawn(weights))
    places *= cumulative[-1] / size
    index = np.searchsorted(cumulative, places, side="right")
    return np.asarray(np.minimum(index, n - 1), np.int64)


def drawn(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by what weights samples are drawn.

    By their own, unless a few are heavier than all others together, which would then
    never be drawn: those count as much as all the others.

    Examples
    --------
    >>> drawn(np.array([1.0, 1e30, 2.0])).tolist()
    [1.0, 3.0, 2.0]
    """
    for _ in range(MOST_HEAVY):
        heavy = weights > weights.sum() / (MOST_HEAVY + 1)
        if not heavy.any():
            break
        rest = weights[~heavy].sum()
        if not 0 < HEAVY * rest < weights[heavy].min():
            break
        weights = np.where(heavy, rest, weights)
    return weights
