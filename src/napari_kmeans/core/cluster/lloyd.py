"""Lloyd's iteration over all samples: means in float64 of what is nearest.

The method is that of S. P. Lloyd, "Least squares quantization in PCM", IEEE Trans.
Inf. Theory 28 (1982); empty clusters are treated as `cv2.kmeans` treats them.
"""

from __future__ import annotations

from functools import partial
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .. import kernels
from ..data.samples import TILES
from ..run.progress import at, step
from ..run.threads import map_blocks
from . import sums

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ..data.samples import Samples

    Centers = NDArray[np.float64]

    #: For each center whether it stays where it is: at least 0, where it does.
    Fixed = NDArray[np.intp]

    #: Returns the order of centers, given also which are fixed.
    Order = Callable[[Centers, Fixed | None], NDArray[np.intp]]


#: Whether clusters were summed each on its own, as merits of the two ways differ by
#: more than a step is worth; and the merit.
Merit = tuple[bool, float]

#: What a compactness may be off by, as a part of it.
PRECISION = 2.0**-40


class Refined(NamedTuple):
    """Where the iteration ended."""

    centers: Centers
    n_iter: int
    converged: bool
    fixed: Fixed | None = None


class Assigned(NamedTuple):
    """Each sample's nearest center, ties to the lowest index.

    `weights` and `squared` are the sums of the weights, and of the weighted squared
    distances, for each center. `labels` and `each`, the squared distances, are for each
    sample, where these are in memory.
    """

    labels: NDArray[np.unsignedinteger]
    weights: NDArray[np.float64]
    squared: NDArray[np.float64]
    each: NDArray[np.float64]


def refine(
    samples: Samples,
    centers: Centers,
    max_iter: int | None,
    epsilon: float,
    order: Order,
    fixed: Fixed | None = None,
) -> Refined:
    """Move the centers to the means of their samples, again and again.

    Parameters
    ----------
    samples : Samples
    centers : (k, n_channels) float64
        Where to start from.
    max_iter : int or None
        The most steps; None for no limit.
    epsilon : float
        Stop after a step that moves no center farther than this.
    order : callable
        Returns the order that centers will be used in, given them and `fixed`: a sample
        as near to one as to another belongs to the first, so that at rest the order
        must not change.
    fixed : (k,) int, optional
        Not below 0 for centers that stay where they are.

    Returns
    -------
    Refined
        `converged` is whether epsilon was what stopped it; `fixed` is in the order of
        the centers.
    """
    ordered = order(centers, fixed)
    centers = earlier = centers[ordered]
    fixed = None if fixed is None else fixed[ordered]
    for n_iter in count(1):
        moved, _ = step_and_merit(samples, centers, fixed)
        shift = np.sqrt(((moved - centers) ** 2).sum(axis=1).max())
        ordered = order(moved, fixed)
        centers = moved[ordered]
        fixed = None if fixed is None else fixed[ordered]
        step(n_iter)
        if shift <= epsilon:
            return Refined(centers, n_iter, True, fixed)
        # Between equally good centers, rounding might send it around for ever: sooner
        # or later it would meet the centers of a step that is a power of two.
        if n_iter == max_iter or np.array_equal(centers, earlier):
            break
        if n_iter & (n_iter - 1) == 0:
            earlier = centers
    return Refined(centers, n_iter, False, fixed)


def step_and_merit(
    samples: Samples, centers: Centers, fixed: Fixed | None = None
) -> tuple[Centers, Merit]:
    """Return the means of what is nearest, and what this is worth: less is better.

    The merit is the compactness of the samples about these means, but for a constant;
    those that are fixed stay, even if nothing is nearest to them.
    """
    own = samples.dominated
    free = np.ones(len(centers), np.bool_) if fixed is None else fixed < 0
    if not own:
        added = totals(samples, centers)
        origins = np.broadcast_to(samples.minima, centers.shape)
        constant, own = 0.0, sums.are_lost(samples, added[free, -2])
    if own:
        added = sums.own_sums(samples, centers)
        origins, constant = centers, float(added[:, -1].sum())
    summed, weights = added[:, :-2], added[:, -2]
    idle = ~free & (weights <= 0)
    summed[idle], weights[idle] = (centers - origins)[idle], 1.0
    if (weights <= 0).any():
        _fill(samples, centers, origins, summed, weights)
    means = summed / weights[:, np.newaxis]
    worth = weights * (means**2).sum(axis=1)
    if not free.all():  # about where they are, not about their means
        way = (means - (centers - origins))[~free]
        worth[~free] -= weights[~free] * (way**2).sum(axis=1)
        worth[idle] = 0.0
    merit = constant - float(worth.sum())
    # A rounding error must not take a mean out of the data's range.
    moved = np.clip(origins + means, samples.minima, samples.maxima)
    moved = np.where(free[:, np.newaxis], samples.rounded(moved), centers)
    return moved, (own, merit)


def _fill(
    samples: Samples,
    centers: Centers,
    origins: Centers,
    totals: Centers,
    weights: NDArray[np.float64],
) -> None:
    """Give each empty cluster the farthest sample of the largest, as OpenCV does.

    `totals` are sums less `origins`, of each cluster its own.
    """
    assigned, _ = _assigned(samples, centers, 0.0, each=False)
    taken = np.empty((0, samples.n_channels))
    whole: set[int] = set()  # of one color: to split these would gain nothing
    for k in np.flatnonzero(weights <= 0):
        for donor in map(int, np.argsort(-weights, kind="stable")):
            if weights[donor] <= 0:
                # Nothing left to give: the center stays where it is.
                totals[k], weights[k] = centers[k] - origins[k], 1.0
                break
            if donor in whole:
                continue
            mean = origins[donor] + totals[donor] / weights[donor]
            far = partial(
                _farthest, samples, centers, assigned.labels, donor, taken=taken
            )
            distance, sample = far(mean)
            # Rounded, the mean of one color may lie beside it.
            if distance <= 0 or (far(sample))[0] <= 0:
                whole.add(donor)
                continue
            # The weight of all samples that equal it: to part them would be vain.
            weight = sum(samples.each(_weight, sample))
            if weight >= weights[donor]:  # the others are lost in rounding
                whole.add(donor)
                continue
            totals[donor] -= weight * (sample - origins[donor])
            weights[donor] -= weight
            totals[k], weights[k] = weight * (sample - origins[k]), weight
            taken = np.vstack([taken, sample])
            break


def _weight(samples: Samples, sample: Centers) -> float:
    """Return the weight of all samples that equal one."""
    equal = (samples.values == sample[:, np.newaxis]).all(axis=0)
    return float(samples.weights[equal].sum() if samples.weights.size else equal.sum())


def _farthest(
    samples: Samples,
    centers: Centers,
    labels: NDArray[np.unsignedinteger],
    label: int,
    center: Centers,
    taken: Centers,
) -> tuple[float, Centers]:
    """Return the last of the samples of a cluster that are farthest from `center`.

    With its squared distance, which is -1 where there is none. Labels that are not in
    memory are found anew.
    """
    given = label, center, taken
    if samples.in_memory:
        at(0.0)
        found = [_farthest_of(samples, labels, *given)]
    else:
        found = samples.each(_farthest_there, centers, *given)
    distance, _, sample = max(found, key=lambda far: far[:2])
    return distance, sample


def _farthest_there(
    samples: Samples, centers: Centers, label: int, center: Centers, taken: Centers
) -> tuple[float, int, Centers]:
    labels, _ = sums.labeled(samples, centers, each=False)
    return _farthest_of(samples, labels, label, center, taken)


def _farthest_of(
    samples: Samples,
    labels: NDArray[np.unsignedinteger],
    label: int,
    center: Centers,
    taken: Centers,
) -> tuple[float, int, Centers]:
    given = samples.values, samples.boxes, labels
    found = map_blocks(
        lambda start, stop: kernels.farthest(*given, label, center, taken, start, stop),
        samples.n_tiles,
        TILES,
    )
    distance, index = max(found, default=(-1.0, -1))
    if distance < 0:
        return distance, index, center
    sample = samples.values[:, index].astype(np.float64)
    return distance, samples.position(index), sample


def assign(samples: Samples, centers: Centers, *, each: bool = False) -> Assigned:
    """Label each sample with its nearest center, ties to the lowest index.

    With `each`, also return the weighted squared distance of each sample.
    """
    lowest = np.minimum(samples.minima, centers.min(axis=0))
    highest = np.maximum(samples.maxima, centers.max(axis=0))
    most = float(((highest - lowest) ** 2).sum()) * samples.total_weight
    if not samples.frame.euclidean:
        most *= kernels.LONGEST
    found, quantum = _assigned(samples, centers, most, each)
    if samples.n * quantum > PRECISION * found.squared.sum():
        # Far fewer samples are far from their center than there might have been.
        largest = samples.each(sums.largest, centers)
        most = max(largest) * samples.n
        found, _ = _assigned(samples, centers, most, each)
    if samples.dominated or sums.are_lost(samples, found.weights):
        added = sums.own_sums(samples, centers)
        found = found._replace(weights=added[:, -2], squared=added[:, -1])
    return found


def _assigned(
    samples: Samples, centers: Centers, most: float, each: bool
) -> tuple[Assigned, float]:
    """Assign; `most` bounds the sum of the weighted squared distances.

    Also return the quantum to which these are rounded.
    """
    last = kernels.quanta(most, 1.0, samples.n)
    splitters = np.vstack([samples.splitters, kernels.SPLITTER * last])
    given = centers, samples.minima, splitters, samples.in_memory, each
    parts = samples.each(_assigned_of, *given)
    added = np.sum([part[0] for part in parts], axis=0).sum(axis=-1)
    _, labels, distances = parts[0]
    if len(parts) > 1:
        labels, distances = (np.concatenate([p[i] for p in parts]) for i in (1, 2))
    return Assigned(labels, added[:, -2], added[:, -1], distances), float(last[1])


def _assigned_of(
    samples: Samples,
    centers: Centers,
    origin: Centers,
    splitters: NDArray[np.float64],
    keep: bool,
    each: bool,
) -> tuple[NDArray[np.float64], NDArray[np.unsignedinteger], NDArray[np.float64]]:
    """Return sums, labels and distances; the labels empty but to be kept."""
    labels = np.empty(samples.n, sums.label_dtype(len(centers)))
    distances = np.empty(samples.n if each else 0)
    added = sums.visit(samples, centers, origin, splitters, labels, distances)
    # A view would hold all of them.
    return added, labels if keep else labels[:0].copy(), distances


def totals(samples: Samples, centers: Centers) -> NDArray[np.float64]:
    """Return the sums of the samples nearest to each center: (k, n_channels + 2).

    Those of the channels, less `samples.minima`, and of the weights; the last is zero.
    """
    last = kernels.quanta(0.0, 1.0, samples.n)
    splitters = np.vstack([samples.splitters, kernels.SPLITTER * last])
    parts = samples.each(_sums, centers, samples.minima, splitters)
    return np.asarray(np.sum(parts, axis=0).sum(axis=-1))


def _sums(
    samples: Samples, centers: Centers, origin: Centers, splitters: NDArray[np.float64]
) -> NDArray[np.float64]:
    none = np.empty(0, sums.label_dtype(len(centers)))
    return sums.visit(samples, centers, origin, splitters, none, np.empty(0))


def relocate(
    samples: Samples,
    centers: Centers,
    assigned: Assigned,
    missing: NDArray[np.bool_],
) -> Centers:
    """Return the centers with those of `missing` clusters put on far samples."""
    moved = centers.copy()
    taken = np.empty((0, samples.n_channels))
    largest = int(assigned.squared.argmax())
    for k in np.flatnonzero(missing):
        given = samples, centers, assigned.labels, largest, centers[largest]
        far = _farthest(*given, taken)
        distance, sample = far
        if distance > 0:
            moved[k] = sample
            taken = np.vstack([taken, sample])
    return moved
