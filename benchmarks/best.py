"""Best: the lowest compactness known of an input, found once and kept in a file.

Long runs of several published methods on a subset, bred with each other; the best
converge on all rows, and the best of these is mended there. What the package finds
takes part, too: the record is the lowest of all that is known.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from . import methods
from .compactness import compactness
from .contenders import cluster
from .subset import subset, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from .compactness import Samples
    from .workloads import Workload

    Array = np.ndarray[Any, Any]

#: Seconds of a search, about, but for the last convergence.
SECONDS = 30.0

#: Runs of each method and of the package, and how many of all converge on all rows.
SEEDS, CHOSEN = 3, 6

#: Names of who found a record, beside the methods.
PACKAGE, ALL = "napari-kmeans", "HG-means of all, then random swap"

#: Rows beyond which nothing is swapped among all of them, only converged.
MOST = 2**19

#: Steps of Lloyd on all rows: to choose, and to converge.
STEPS, CONVERGING = 20, 300

#: Of two compactnesses nearer than this, relatively, none is lower.
SAME = 1e-7


def best(
    workload: Workload,
    data: Array,
    samples: Samples,
    kept: Path,
    *,
    anew: bool,
    seconds: float = SECONDS,
) -> float:
    """Return the lowest compactness known of a workload; see `record`."""
    from napari_kmeans import Criteria

    # A thousandth of what the workload calls rest.
    criteria = Criteria(max_iter=None, epsilon=workload.epsilon / 1000)
    return record(
        f"{workload.name} {'x'.join(map(str, workload.shape))}",
        data,
        samples,
        workload.k,
        lambda seed: cluster(data, workload, criteria=criteria, seed=seed).centers,
        kept,
        anew=anew,
        seconds=seconds,
    )


def record(
    key: str,
    data: Array,
    samples: Samples,
    k: int,
    package: Callable[[int], Array],
    kept: Path,
    *,
    anew: bool,
    seconds: float,
) -> float:
    """Return the lowest compactness known of an input.

    Parameters
    ----------
    key : str
        The name of input and K.
    data : array
        The input, to know it again.
    samples : Samples
        The same, to search and to judge by.
    k : int
    package : callable
        Returns the centers of the package from a seed.
    kept : Path
        A JSON file of what was found before, for the same K and the same input.
    anew : bool
        Whether to search in any case, otherwise than before; the lowest is kept.
    seconds : float
        How long to search, about.
    """
    from threadpoolctl import threadpool_limits

    found = json.loads(kept.read_text()) if kept.exists() else {}
    parameters = {
        "k": k,
        "shape": list(data.shape),
        "dtype": str(data.dtype),
        "crc32": zlib.crc32(np.ascontiguousarray(data).data),
    }
    entry = found.get(key)
    if entry is not None and entry["parameters"] != parameters:
        entry = None
    if anew or entry is None:
        searches = 0 if entry is None else entry["searches"]
        others = [(PACKAGE, package(seed)) for seed in range(SEEDS)]
        # Threads that wait for each other make a busy machine slower, not faster.
        with threadpool_limits(1):
            lowest, method = search(samples, k, seconds, others, seed=searches)
        if entry is None or lowest < entry["compactness"]:
            entry = {"parameters": parameters, "compactness": lowest, "method": method}
        entry["searches"] = searches + 1
        found[key] = entry
        kept.write_text(json.dumps(dict(sorted(found.items())), indent=2) + "\n")
    return float(entry["compactness"])


def search(
    samples: Samples,
    k: int,
    seconds: float,
    others: Sequence[tuple[str, Array]] = (),
    *,
    seed: int = 0,
) -> tuple[float, str]:
    """Return the lowest compactness of all methods, and which one found it.

    `others` are names and centers to compete with, and to breed with.
    """
    random = np.random.default_rng(seed)
    few, every = subset(samples, random), whole(samples)
    each = seconds / 4 / len(methods.METHODS) / SEEDS
    runs = [
        (name, method(few, k, random, each))
        for name, method in methods.METHODS.items()
        for _ in range(SEEDS)
    ]
    runs += [(name, methods.converged(few, centers)) for name, centers in others]
    runs.sort(key=lambda run: methods.cost(few, run[1]))
    bred = methods.bred(few, [centers for _, centers in runs], random, seconds / 4)
    bred = methods.swapped(few, bred, random, seconds / 4)
    runs = [(ALL, bred), *runs[:CHOSEN]]
    runs = [(name, methods.converged(every, run, steps=STEPS)) for name, run in runs]
    runs += others
    judged = [compactness(samples, centers) for _, centers in runs]
    lowest, (name, centers) = min(judged), runs[int(np.argmin(judged))]
    if len(every.values) <= MOST:
        centers = methods.swapped(every, centers, random, seconds / 4)
    centers = methods.converged(every, centers, 0.0, CONVERGING)
    last = compactness(samples, centers)
    if last < lowest * (1 - SAME) and name != ALL:
        name += ", then random swap"
    return min(lowest, last), name
