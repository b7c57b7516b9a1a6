"""Settling: from OpenCV's best attempt to the bottom of a good valley.

`cv2.kmeans` searches few samples and stops by the user's criteria, often far from rest,
and from random starts in a poor place: at many clusters, or where a few outliers have a
cluster of their own. What follows costs little, since it works on weighted samples:

1. Lloyd steps to rest, with Anderson acceleration (Zhang et al., "Fast K-means
   clustering with Anderson acceleration", 2018).
2. Swaps: the clusters that are missed least are taken away, and as many centers put
   where the squared distances are (as k-means++ draws them); what does not lower the
   compactness is undone (P. Fränti, "Efficiency of random swap clustering", 2018).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..run.progress import at, step
from . import lloyd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data.samples import Samples

    Centers = NDArray[np.float64]

#: The most swaps.
SETTLING = 32

#: Where shifts of centers end to matter, as a part of the data's range.
TOLERANCE = 2.0**-16

#: Samples to settle on, at least; and those to end on, which are all where these are
#: colors, or pixels in the tens of thousands for the error of a sample to be small.
COARSE, FINE = 2**14, 2**17

#: The most accelerated steps to rest on these.
STEPS, FINE_STEPS = 50, 12

#: Steps between a swap and its trial.
TRIAL_STEPS = 8

#: Beyond this many clusters the distances between all centers take too much memory.
MOST_SWAPPED = 4096

#: How many differences of steps the acceleration remembers.
MEMORY = 5


def settle(samples: Samples, centers: Centers, seed: int) -> Centers:
    """Carry centers on to rest in a good place.

    Parameters
    ----------
    samples : Samples
    centers : (k, n_channels) float64
    seed : int
        Of the draws of the swaps.

    Returns
    -------
    (k, n_channels) float64
    """
    coarse = samples.coarse(max(COARSE, 64 * len(centers)), seed)
    centers = rest(coarse, centers, STEPS)
    if 2 < len(centers) <= MOST_SWAPPED:
        centers = _swaps(coarse, centers, seed)
    fine = samples if samples.compact else samples.coarse(FINE, seed)
    if fine.compact and fine is not coarse:
        centers = rest(fine, centers, FINE_STEPS)
    return centers


def _swaps(samples: Samples, centers: Centers, seed: int) -> Centers:
    """Try swaps, ever smaller, and keep those that lower the compactness.

    As many as there are clusters, up to `SETTLING`.
    """
    rng = np.random.default_rng(seed)
    assigned = lloyd.assign(samples, centers, each=True)
    size = max(1, len(centers) // 4)
    for n_swaps in range(1, min(len(centers), SETTLING) + 1):
        trial = _swap(samples, centers, assigned, size, rng)
        trial = rest(samples, trial, TRIAL_STEPS)
        tried = lloyd.assign(samples, trial, each=True)
        if tried.squared.sum() < assigned.squared.sum():
            centers, assigned = trial, tried
        elif size > 1:
            size //= 2
        step(n_swaps)
    return rest(samples, centers, STEPS)


def rest(samples: Samples, centers: Centers, steps: int) -> Centers:
    """Take accelerated Lloyd steps until the centers rest; never to a worse place."""
    tolerance = TOLERANCE * samples.range
    before: list[tuple[Centers, Centers]] = []
    least: lloyd.Merit = (True, np.inf)
    safe = centers
    for _ in range(steps):
        moved, merit = lloyd.step_and_merit(samples, centers)
        at(0.0)
        if merit > least:  # the acceleration went too far: go on from the plain step
            centers, before = safe, []
            least = (True, np.inf)
            continue
        least, safe = merit, moved
        residual = moved - centers
        if np.abs(residual).max() <= tolerance:
            break
        before = [*before[-MEMORY:], (residual, moved)]
        centers = _accelerated(before)
    return safe


def _accelerated(before: list[tuple[Centers, Centers]]) -> Centers:
    """Return where the remembered steps, combined, point to."""
    residual, moved = before[-1]
    if len(before) < 2:
        return moved
    residuals = np.diff([r.ravel() for r, _ in before], axis=0).T
    moves = np.diff([m.ravel() for _, m in before], axis=0).T
    factors = np.linalg.lstsq(residuals, residual.ravel(), rcond=1e-8)[0]
    return np.asarray(moved - (moves @ factors).reshape(moved.shape))


def _swap(
    samples: Samples,
    centers: Centers,
    assigned: lloyd.Assigned,
    size: int,
    rng: np.random.Generator,
) -> Centers:
    """Move the centers that are missed least to where the distances are great."""
    removed = _least_missed(centers, assigned.weights, size)
    cumulative = np.cumsum(assigned.each)
    places = (np.arange(len(removed)) + rng.random(len(removed))) / len(removed)
    index = np.searchsorted(cumulative, places * cumulative[-1], side="right")
    swapped = centers.copy()
    swapped[removed] = samples.values[:, np.minimum(index, samples.n - 1)].T
    return swapped


def _least_missed(
    centers: Centers, weights: NDArray[np.float64], size: int
) -> list[int]:
    """Return the clusters that, joined to their neighbor, would cost the least.

    Of two neighbors at most one is taken. The cost is that of Ward's method.
    """
    about = centers - centers.mean(axis=0)  # far from zero, squares hide distances
    norms = (about**2).sum(axis=1)
    distances = norms[:, np.newaxis] + norms - 2 * (about @ about.T)
    np.fill_diagonal(distances, np.inf)
    neighbors = distances.argmin(axis=1)
    nearest = np.maximum(distances.min(axis=1), 0)
    heavy = np.maximum(weights + weights[neighbors], np.finfo(float).tiny)
    costs = weights * weights[neighbors] / heavy * nearest
    taken: list[int] = []
    kept: set[int] = set()
    for k in np.argsort(costs, kind="stable"):
        if len(taken) == size:
            break
        if int(k) not in kept:
            taken.append(int(k))
            kept.add(int(neighbors[k]))
    return taken
