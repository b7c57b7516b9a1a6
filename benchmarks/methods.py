"""Methods: published ways to a low compactness, told plainly and without haste.

Nothing of the package, which is one of the judged, is in here. Each method takes
weighted samples, K, a random generator and the seconds it may search, and returns
centers. None is worse than the converged k-means++ it starts from.
"""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from .subset import Weighted

    Array = NDArray[Any]
    Method = Callable[[Weighted, int, np.random.Generator, float], Array]

#: Of a search: the tolerance of scikit-learn, and the most steps of Lloyd.
TOLERANCE, STEPS = 1e-5, 50

#: Centers around a removed and around a new one that a trial moves, and its steps.
NEAR, TRIAL_STEPS = 8, 8

#: Trials of a swap between two looks at all samples.
ROUND = 200

#: Parents that are kept, and solutions at which all others are dismissed.
PARENTS, POPULATION = 8, 16

#: Centers breathed in and out, and the part of the mean distance that is near.
BREATH, FREEZING = 5, 1.1


def random_swap(
    samples: Weighted, k: int, random: np.random.Generator, seconds: float
) -> Array:
    """Move centers to random samples, and keep what is better.

    A trial is repaired where it happened, in the clusters around both places. Each
    other center is any, as published; the rest are of those that are missed least.

    P. Fränti, "Efficiency of random swap clustering", Journal of Big Data 5:13 (2018).
    """
    return swapped(samples, start(samples, k, random), random, seconds)


def foresight(
    samples: Weighted, k: int, random: np.random.Generator, seconds: float
) -> Array:
    """Move the centers that are missed least to samples far from theirs.

    S. Lattanzi, C. Sohler, "A better k-means++ algorithm via local search", ICML
    (2019), judges a swap at once; T. Conrads et al., "Local search k-means++ with
    foresight", SEA (2024), after a step of Lloyd.
    """
    centers = start(samples, k, random)
    return swapped(samples, centers, random, seconds, foresight=True)


def hg_means(
    samples: Weighted, k: int, random: np.random.Generator, seconds: float
) -> Array:
    """Breed solutions: match the centers of two, take one of each pair, mutate.

    D. Gribel, T. Vidal, "HG-means: A scalable hybrid genetic algorithm for minimum
    sum-of-squares clustering", Pattern Recognition 88 (2019).
    """
    first = [start(samples, k, random)]
    return bred(samples, first, random, seconds)


def breathing(
    samples: Weighted, k: int, random: np.random.Generator, seconds: float
) -> Array:
    """Add centers where the error is large, remove those that are missed least.

    B. Fritzke, "Breathing k-means", arXiv:2006.15666 (2020). With time left, again from
    another start.
    """
    found = []
    for _ in _until(seconds):
        centers = start(samples, k, random)
        found.append((cost(samples, centers), centers))
        breath = min(BREATH, k)
        while breath:
            centers = _inhaled(samples, centers, breath, random)
            centers = _exhaled(samples, centers, breath)
            now = cost(samples, centers)
            if now < found[-1][0] * (1 - 1e-7):
                found[-1] = now, centers
            else:
                breath -= 1
    return min(found, key=lambda entry: entry[0])[1]


METHODS: dict[str, Method] = {
    "random swap": random_swap,
    "FLS++": foresight,
    "HG-means": hg_means,
    "breathing k-means": breathing,
}


def start(samples: Weighted, k: int, random: np.random.Generator) -> Array:
    """Return converged centers of greedy k-means++."""
    from sklearn.cluster import kmeans_plusplus

    seed = int(random.integers(2**31))
    values, weights = samples
    centers, _ = kmeans_plusplus(values, k, sample_weight=weights, random_state=seed)
    return converged(samples, centers)


def converged(
    samples: Weighted,
    centers: Array,
    tolerance: float = TOLERANCE,
    steps: int = STEPS,
) -> Array:
    """Return the centers after steps of Lloyd; empty clusters get the farthest."""
    from sklearn.cluster import KMeans

    found = KMeans(
        len(centers),
        init=centers,
        n_init=1,
        tol=tolerance,
        max_iter=steps,
        algorithm="lloyd",
    ).fit(samples.values, sample_weight=samples.weights)
    return found.cluster_centers_


def nearest(samples: Weighted, centers: Array, n: int = 1) -> tuple[Array, Array]:
    """Return squared distances to the n nearest centers, and which these are."""
    from scipy.spatial import cKDTree

    distances, labels = cKDTree(centers).query(samples.values, n)
    return distances**2, labels


def cost(samples: Weighted, centers: Array) -> float:
    """Return the weighted sum of squared distances to the nearest center."""
    return float(nearest(samples, centers)[0] @ samples.weights)


def swapped(
    samples: Weighted,
    centers: Array,
    random: np.random.Generator,
    seconds: float,
    *,
    foresight: bool = False,
) -> Array:
    """Return the centers after trials to move one of them, rounds of Lloyd between."""
    lowest, best = cost(samples, centers), centers
    if len(centers) == 1:
        return best
    steps = 1 if foresight else TRIAL_STEPS
    end = time.monotonic() + seconds
    for _ in _until(seconds):
        partition = Partition(samples, best.copy(), random)
        for _ in islice(_until(end - time.monotonic()), ROUND):
            partition.swap(partition.chosen(foresight), steps)
        centers = converged(samples, partition.centers, steps=4)
        now = cost(samples, centers)
        if now < lowest:
            lowest, best = now, centers
    return best


class Partition:
    """Centers, and the samples divided among them, while swaps are tried."""

    def __init__(
        self, samples: Weighted, centers: Array, random: np.random.Generator
    ) -> None:
        self.samples, self.centers, self.random = samples, centers, random
        squared, labels = nearest(samples, centers, 2)
        self.labels = labels[:, 0]
        self.error = squared[:, 0] * samples.weights
        loss = (squared[:, 1] - squared[:, 0]) * samples.weights
        self.loss = np.bincount(self.labels, loss, len(centers))

    def chosen(self, foresight: bool) -> int:
        """Return a center to remove: any, or one of those that are missed least."""
        k = len(self.centers)
        if not foresight and self.random.random() < 0.5:
            return int(self.random.integers(k))
        few = min(k, 1 + k // 8)
        return int(self.random.choice(np.argpartition(self.loss, few - 1)[:few]))

    def swap(self, removed: int, steps: int) -> None:
        """Try to move a center to a sample far from its own, drawn by the error.

        Only clusters near both places take part; with few clusters these are all.
        """
        total = np.cumsum(self.error)
        at = np.searchsorted(total, self.random.random() * total[-1])
        new = self.samples.values[min(at, len(total) - 1)]
        part = np.union1d(self._around(self.centers[removed]), self._around(new))
        taking = np.zeros(len(self.centers), bool)
        taking[part] = taking[removed] = True
        index = np.flatnonzero(taking[self.labels])
        part = np.flatnonzero(taking)
        centers = self.centers[part]
        centers[np.searchsorted(part, removed)] = new
        before = self.error[index].sum()
        values, weights = self.samples.values[index], self.samples.weights[index]
        centers, labels, error = _repaired(values, weights, centers, steps, before)
        if error.sum() < before * (1 - 1e-12):
            self.centers[part] = centers
            self.labels[index] = part[labels]
            self.error[index] = error
            self.loss[part] = np.bincount(labels, error, len(part))

    def _around(self, place: Array) -> Array:
        n = min(NEAR, len(self.centers) - 1)
        squared = ((self.centers - place) ** 2).sum(axis=1)
        return np.argpartition(squared, n)[: n + 1]


def _repaired(
    values: Array, weights: Array, centers: Array, steps: int, least: float
) -> tuple[Array, Array, Array]:
    """Return centers after steps of Lloyd, and for each value its label and error.

    The steps end where so many as the last one would not come below what is asked.
    """
    from scipy.spatial.distance import cdist

    k = len(centers)
    rows = np.arange(len(values))
    weighted = (values * weights[:, np.newaxis]).T.copy()
    before = np.inf
    for left in range(steps, -1, -1):
        squared = cdist(values, centers, "sqeuclidean")
        labels = squared.argmin(axis=1)
        error = squared[rows, labels] * weights
        now = error.sum()
        if not left or now - left * (before - now) > least:
            break
        before = now
        counts = np.bincount(labels, weights, k)
        sums = np.stack([np.bincount(labels, row, k) for row in weighted], axis=1)
        full = counts > 0
        centers[full] = sums[full] / counts[full, np.newaxis]
    return centers, labels, error


def bred(
    samples: Weighted,
    population: list[Array],
    random: np.random.Generator,
    seconds: float,
) -> Array:
    """Return the best of a population and its offspring; at least one is born."""
    k = len(population[0])
    solutions = [(cost(samples, centers), centers) for centers in population]
    for _ in _until(seconds):
        if len(solutions) < PARENTS:
            child = start(samples, k, random)
        else:
            mother, father = (_tournament(solutions, random) for _ in range(2))
            child = _mutated(samples, _crossed(mother, father, random), random)
            child = converged(samples, child)
        solutions.append((cost(samples, child), child))
        if len(solutions) >= POPULATION:
            solutions = _survivors(solutions)
    return min(solutions, key=lambda solution: solution[0])[1]


def _tournament(
    solutions: list[tuple[float, Array]], random: np.random.Generator
) -> Array:
    """Return the better of two random solutions."""
    pair = [solutions[i] for i in random.integers(len(solutions), size=2)]
    return min(pair, key=lambda solution: solution[0])[1]


def _crossed(mother: Array, father: Array, random: np.random.Generator) -> Array:
    """Return one center of each pair of a matching of least distance."""
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    _, matched = linear_sum_assignment(cdist(mother, father))
    take = random.random(len(mother)) < 0.5
    return np.where(take[:, np.newaxis], mother, father[matched])


def _mutated(samples: Weighted, centers: Array, random: np.random.Generator) -> Array:
    """Remove a random center, and put it to a sample drawn by its distance."""
    centers = centers.copy()
    removed = random.integers(len(centers))
    left = np.delete(centers, removed, axis=0) if len(centers) > 1 else centers
    chance = np.sqrt(nearest(samples, left)[0]) * samples.weights
    if chance.sum() > 0:
        at = random.choice(len(chance), p=chance / chance.sum())
        centers[removed] = samples.values[at]
    return centers


def _survivors(solutions: list[tuple[float, Array]]) -> list[tuple[float, Array]]:
    """Return the best solutions; of the same compactness only one."""
    ordered = sorted(solutions, key=lambda solution: solution[0])
    alone = [
        solution
        for i, solution in enumerate(ordered)
        if i == 0 or solution[0] > ordered[i - 1][0] * (1 + 1e-9)
    ]
    return alone[:PARENTS]


def _inhaled(
    samples: Weighted, centers: Array, breath: int, random: np.random.Generator
) -> Array:
    """Add a center beside each of those whose clusters have the largest error."""
    k = len(centers)
    squared, labels = nearest(samples, centers)
    error = np.bincount(labels, squared * samples.weights, k)
    largest = np.argsort(-error)[:breath]
    spread = np.sqrt(error.sum() / samples.weights.sum())
    offset = random.normal(size=(len(largest), centers.shape[1])) * 0.01 * spread
    return converged(samples, np.concatenate([centers, centers[largest] + offset]))


def _exhaled(samples: Weighted, centers: Array, breath: int) -> Array:
    """Remove the centers that are missed least, of neighbors only one."""
    from scipy.spatial.distance import cdist

    k = len(centers)
    squared, labels = nearest(samples, centers, 2)
    loss = (squared[:, 1] - squared[:, 0]) * samples.weights
    loss = np.bincount(labels[:, 0], loss, k)
    error = squared[:, 0] @ samples.weights / samples.weights.sum()
    near = cdist(centers, centers) < FREEZING * np.sqrt(error)
    frozen = np.zeros(k, bool)
    removed: list[int] = []
    for center in np.argsort(loss):
        if len(removed) == breath:
            break
        if not frozen[center]:
            removed.append(int(center))
            if (frozen | near[center]).sum() + breath < k:
                frozen |= near[center]
    rest = np.setdiff1d(np.argsort(loss), removed)
    rest = rest[np.argsort(loss[rest])]
    removed += rest[: breath - len(removed)].tolist()
    return converged(samples, np.delete(centers, removed, axis=0))


def _until(seconds: float) -> Iterator[None]:
    """Go on at least once, and until the time is over."""
    end = time.monotonic() + seconds
    yield
    while time.monotonic() < end:
        yield
