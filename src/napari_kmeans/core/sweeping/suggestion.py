"""Suggestions: which K to take, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: How many times the next greatest jump the greatest is, where it stands out.
OUTSTANDING = 1.5

#: Silhouettes that differ by no more than this are as good as each other.
CLOSE = 0.05

#: A part of the variance that is not worth a cluster.
LITTLE = 0.02

#: Below this, clusters have no substantial structure, as Kaufman and Rousseeuw say.
WEAK = 0.25


class Suggestion(NamedTuple):
    """Which K to take.

    Attributes
    ----------
    k : int
    reason : str
        A sentence with the figures.
    """

    k: int
    reason: str


def jumps_of(ks: Sequence[int], unexplained: Floats, n_channels: int) -> Floats:
    """Return how much each K adds to the distortion raised to ``-n_channels / 2``.

    C. A. Sugar and G. M. James, "Finding the number of clusters in a dataset: an
    information-theoretic approach", J. Am. Stat. Assoc. 98 (2003).

    Parameters
    ----------
    ks : sequence of int
        Ascending.
    unexplained : (n_ks,) float64
        The distortion of each, as a part of that of a single cluster.
    n_channels : int

    Returns
    -------
    (n_ks,) float64
        From K - 1 to K: NaN where that was not swept, but for K=2, and of K=1. Infinite
        where the distortion is zero.

    Examples
    --------
    >>> jumps_of([2, 3, 4, 6], np.array([0.5, 0.1, 0.0, 0.0]), 2).tolist()
    [1.0, 8.0, inf, nan]
    """
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        powers = np.maximum(unexplained, 0.0) ** (-n_channels / 2)
        known = {1: 1.0, **dict(zip(ks, powers, strict=True))}
        before = np.array([known.get(k - 1, np.nan) for k in ks])
        return np.asarray(powers - before)


def elbow_of(ks: Sequence[int], explained: Floats) -> int:
    """Return the place of the K farthest above the line from a single cluster to all.

    V. Satopää et al., "Finding a 'kneedle' in a haystack" (2011).

    Examples
    --------
    >>> elbow_of([2, 3, 4, 5], np.array([0.4, 0.8, 0.85, 0.9]))
    1
    """
    line = (np.array(ks) - 1) / max(ks[-1] - 1, 1) * explained[-1]
    return int(np.argmax(explained - line))


def suggest(
    ks: Sequence[int], explained: Floats, silhouettes: Floats, jumps: Floats
) -> Suggestion:
    """Return which K to take: see `sweep`.

    Examples
    --------
    >>> ks, explained = [2, 3, 4], np.array([0.7, 0.96, 0.97])
    >>> suggest(ks, explained, np.array([0.5, 0.7, 0.6]), np.full(3, np.nan)).reason
    'K=3 has the greatest silhouette, 0.70; with K=4 but 1.0 % more is explained.'
    """
    if len(ks) == 1:
        return Suggestion(ks[0], f"K={ks[0]} is the only one.")
    at = _outstanding(jumps)
    if at is not None:
        next_one = _others(jumps, at)
        times = f", {jumps[at] / next_one:.3g} times the next" if next_one > 0 else ""
        return Suggestion(ks[at], f"K={ks[at]} has by far the greatest jump{times}.")
    elbow = elbow_of(ks, explained)
    part = f"{100 * explained[elbow]:.1f} %"
    told = f"K={ks[elbow]} is the elbow of what is explained, {part}"
    if np.isnan(silhouettes).all():
        return Suggestion(ks[elbow], f"{told}.")
    best = int(np.nanargmax(silhouettes))
    greatest = silhouettes[best]
    if greatest < WEAK:
        why = f"no clusters stand apart, as the greatest silhouette is {greatest:.2f}."
        return Suggestion(ks[elbow], f"{told}; {why}")
    if elbow != best and silhouettes[elbow] >= greatest - CLOSE:
        why = f"its silhouette, {silhouettes[elbow]:.2f}, is close to the greatest, "
        why += f"{greatest:.2f} of K={ks[best]}."
        return Suggestion(ks[elbow], f"{told}; {why}")
    return Suggestion(ks[best], _of_silhouette(ks, explained, best, greatest))


def _of_silhouette(
    ks: Sequence[int], explained: Floats, best: int, greatest: float
) -> str:
    """Return why the K with the greatest silhouette is suggested."""
    reason = f"K={ks[best]} has the greatest silhouette, {greatest:.2f}"
    if best + 1 < len(ks) and (grown := explained[best + 1] - explained[best]) < LITTLE:
        more = f"{100 * grown:.1f} % more is explained"
        return f"{reason}; with K={ks[best + 1]} but {more}."
    return f"{reason}, and explains {100 * explained[best]:.1f} %."


def _outstanding(jumps: Floats) -> int | None:
    """Return where a jump stands out from all others, and is followed by a lesser."""
    finite = np.where(np.isfinite(jumps), jumps, -np.inf)
    at = int(np.argmax(finite))
    if at + 1 == len(jumps) or not np.isfinite(jumps[at : at + 2]).all():
        return None
    return at if finite[at] > OUTSTANDING * max(_others(jumps, at), 0.0) else None


def _others(jumps: Floats, at: int) -> float:
    """Return the greatest jump but one."""
    rest = np.delete(jumps, at)
    return float(rest[np.isfinite(rest)].max())
