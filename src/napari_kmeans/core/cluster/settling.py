"""Settling: from OpenCV's attempts to the bottom of a good valley.

`cv2.kmeans` searches few samples, and from random starts it ends in a poor place: at
many clusters, or where a few outliers have a cluster of their own. What follows costs
little, since it works on weighted samples, each for many:

1. Centers are merged, added and merged again: see `breathing`.
2. Lloyd steps to rest, with Anderson acceleration (Zhang et al., "Fast K-means
   clustering with Anderson acceleration", 2018).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..run.progress import at
from . import lloyd
from .breathing import breathed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..data.samples import Samples

    Centers = NDArray[np.float64]

#: Where shifts of centers end to matter, as a part of the data's range.
TOLERANCE = 2.0**-16

#: Samples to settle on, at least: means of colors close to each other; and pixels, as
#: an error of theirs is one of the sample.
COARSE, COARSE_PIXELS = 2**11, 2**14

#: Up to this many clusters, these are enough; of more, their grain is what limits.
FEW = 8

#: Samples to end on, which are all where these are colors, or pixels in the tens of
#: thousands for the error of a sample to be small.
FINE = 2**16

#: The most accelerated steps to rest on these.
STEPS, FINE_STEPS = 50, 8

#: Up to this many clusters more samples judge what few have found.
MOST_JUDGED = 64

#: Beyond this many clusters all pairs of centers take too long.
MOST_PAIRED = 2**13

#: How many differences of steps the acceleration remembers.
MEMORY = 5


def coarse_size(k: int, *, counted: bool) -> int:
    """Return how many samples to settle on, of colors that were counted or of pixels.

    Examples
    --------
    >>> [coarse_size(k, counted=True) for k in (5, 50, 256, 2000)]
    [2048, 9600, 24576, 32000]
    >>> [coarse_size(k, counted=False) for k in (5, 50, 256, 2000)]
    [16384, 16384, 24576, 32000]
    """
    least = COARSE if counted else COARSE_PIXELS
    if k <= FEW:
        return least
    return max(least, 4 * COARSE, min(192 * k, 24 * 2**10), 16 * k)


def settle(samples: Samples, starts: Sequence[Centers], seed: int) -> Centers:
    """Carry centers on to rest in a good place.

    Parameters
    ----------
    samples : Samples
    starts : sequence of (k, n_channels) float64
        The best first.
    seed : int
        Of what is drawn.

    Returns
    -------
    (k, n_channels) float64
    """
    centers, k = starts[0], len(starts[0])
    coarse = samples.coarse(coarse_size(k, counted=samples.compact), seed)
    fine = samples if samples.compact else samples.coarse(FINE, seed)
    if 1 < k <= MOST_PAIRED:
        judge = coarse if samples.compact or k > MOST_JUDGED else fine
        centers = breathed(coarse, judge, starts, seed)
    else:
        centers = rest(coarse, centers, STEPS)
    return rest(fine, centers, FINE_STEPS)


def settle_beside(
    samples: Samples, starts: Sequence[Centers], seed: int, fixed: lloyd.Fixed
) -> Centers:
    """Carry centers on to rest, from the best of the starts, but for some that stay.

    Parameters
    ----------
    samples, starts, seed
        As for `settle`.
    fixed : (k,) int
        Not below 0 for centers that stay where they are.
    """
    coarse = samples.coarse(coarse_size(len(fixed), counted=samples.compact), seed)
    fine = samples if samples.compact else samples.coarse(FINE, seed)
    begun = [rest(coarse, centers, FINE_STEPS, fixed) for centers in starts]
    centers = rest(coarse, best(coarse, begun, fixed), STEPS, fixed)
    return rest(fine, centers, FINE_STEPS, fixed)


def best(
    samples: Samples, starts: Sequence[Centers], fixed: lloyd.Fixed | None = None
) -> Centers:
    """Return the centers from which a step leads to the best place."""
    merits = [lloyd.step_and_merit(samples, centers, fixed)[1] for centers in starts]
    return starts[min(range(len(starts)), key=merits.__getitem__)]


def rest(
    samples: Samples,
    centers: Centers,
    steps: int,
    fixed: lloyd.Fixed | None = None,
) -> Centers:
    """Take accelerated Lloyd steps until the centers rest; never to a worse place.

    Those that are `fixed`, not below 0, stay where they are.
    """
    tolerance = TOLERANCE * samples.range
    before: list[tuple[Centers, Centers]] = []
    least: lloyd.Merit = (True, np.inf)
    safe = centers
    for _ in range(steps):
        moved, merit = lloyd.step_and_merit(samples, centers, fixed)
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
