"""Quality: how far contenders stay above the best compactness known, and how long."""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .best import best
from .compactness import compactness, count
from .contenders import CONTENDERS, SkippedError, ours
from .report import figure, table
from .targets import percent as exactly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from .contenders import Answer, Array, Contender
    from .workloads import Workload

#: The package twice, by its attempts, as titles in tables and pictures.
OURS = {"napari-kmeans, 10 attempts": 10, "napari-kmeans, 1 attempt": 1}

#: What is measured beside it: all, but second ways of two libraries, and a copy.
PEERS = [
    contender
    for contender in CONTENDERS
    if contender.key not in ("ours", "sklearn-1000", "faiss-full", "copy")
]

#: Pixels beyond which no peer is waited for.
MOST = 1_000_000


class Runs(NamedTuple):
    """Seconds and centers of each run; none where a contender cannot."""

    seconds: tuple[float, ...]
    centers: tuple[Array, ...]


@dataclass(frozen=True)
class Quality:
    """A contender on a workload: median seconds, and of each run the part above best.

    `centers` are those of the first run.
    """

    workload: Workload
    title: str
    seconds: float
    above: tuple[float, ...]
    centers: Array

    @property
    def median(self) -> float:
        return float(np.median(self.above))

    @property
    def worst(self) -> float:
        return max(self.above)


def measured(
    workloads: Sequence[Workload],
    kept: Path,
    tell: Callable[[str], None],
    *,
    seeds: int,
    anew: bool,
    seconds: float,
) -> list[Quality]:
    """Measure all contenders that are installed on all workloads.

    Parameters
    ----------
    kept : Path
        The file of the best compactness known.
    seeds : int
        Runs of the package.
    anew, seconds : bool, float
        Whether to search for the best again, and how long.
    """
    runs = {}
    for title, attempts in OURS.items():
        tell(title)
        runs[title] = _alone(partial(_ours, workloads, attempts, seeds))
    for contender in PEERS:
        if contender.installed:
            tell(contender.title)
            runs[contender.title] = _alone(partial(_peer, workloads, contender))
        else:
            tell(f"{contender.title}: not installed")
    found = []
    for at, workload in enumerate(workloads):
        tell(f"the best compactness known of {workload.name}")
        data = workload.data()
        samples = count(workload.rows(data))
        lowest = best(workload, data, samples, kept, anew=anew, seconds=seconds)
        for title, of_title in runs.items():
            times, centers = of_title[at]
            if times:
                above = [compactness(samples, c) / lowest - 1 for c in centers]
                median = float(np.median(times))
                found.append(Quality(workload, title, median, tuple(above), centers[0]))
    return found


def _alone(function: Callable[[], list[Runs]]) -> list[Runs]:
    """Call a function in a process of its own: libraries bring their own threads."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function)


def _ours(workloads: Sequence[Workload], attempts: int, seeds: int) -> list[Runs]:
    functions = [partial(ours, seed=seed) for seed in range(seeds)]
    return [_timed(functions, replace(w, attempts=attempts)) for w in workloads]


def _peer(workloads: Sequence[Workload], contender: Contender) -> list[Runs]:
    found = []
    for workload in workloads:
        try:
            if workload.n > MOST:
                raise SkippedError(f"more than {MOST:,} pixels")
            contender.check(workload.data(), workload)
        except SkippedError:
            found.append(Runs((), ()))
        else:
            found.append(_timed([contender.run], workload))
    return found


def _timed(
    functions: Sequence[Callable[[Array, Workload], Answer]], workload: Workload
) -> Runs:
    """Call functions one after the other, once one has warmed up."""
    # A corner may have few colors.
    data, small = workload.data(), replace(workload.small(), k=2)
    functions[0](small.data(), small)
    times, centers = [], []
    for function in functions:
        start = time.perf_counter()
        answer = function(data, workload)
        times.append(time.perf_counter() - start)
        centers.append(np.asarray(answer.centers, np.float64))
    return Runs(tuple(times), tuple(centers))


def within(found: Sequence[Quality], targets: dict[int, float]) -> Iterator[str]:
    """Yield for each K and kind of the package whether its target is reached."""
    for k, most in targets.items():
        for title in OURS:
            of = [q for q in found if q.workload.k == k and q.title == title]
            if of:
                medians = sum(q.median <= most for q in of)
                worsts = sum(q.worst <= most for q in of)
                highest = max(q.worst for q in of)
                yield (
                    f"K={k} within {100 * most:g}%, {title}: "
                    f"{'reached' if worsts == len(of) else 'missed'} (in the median on "
                    f"{medians} of {len(of)}, in the worst seed on {worsts}; "
                    f"the highest is {percent(highest)})"
                )


def percent(part: float) -> str:
    """Return percent to four digits after the point: beyond are others' roundings."""
    return exactly(round(part, 6) + 0.0)


def own_table(found: Sequence[Quality]) -> list[str]:
    """Return a table of the package alone: a row for a workload."""
    columns = ["input", "K"]
    for attempts in ("10 attempts", "1 attempt"):
        columns += [f"{attempts}: median", "worst", "seconds"]
    rows = []
    for of in _by_workload(found):
        row = [of[0].workload.title, str(of[0].workload.k)]
        for quality in (q for q in of if q.title in OURS):
            row += [percent(quality.median), percent(quality.worst)]
            row.append(figure(quality.seconds))
        rows.append(row)
    return table(columns, rows)


def peers_table(found: Sequence[Quality]) -> list[str]:
    """Return a table of all contenders: how far above the best, and seconds."""
    titles = list(dict.fromkeys(quality.title for quality in found))
    rows = []
    for of in _by_workload(found):
        cells = {q.title: f"{percent(q.median)} in {figure(q.seconds)} s" for q in of}
        row = [of[0].workload.title, str(of[0].workload.k)]
        rows.append([*row, *[cells.get(title, "-") for title in titles]])
    return table(["input", "K", *titles], rows)


def summary(found: Sequence[Quality]) -> list[str]:
    """Return a table of the medians over all inputs: a row for a contender and K."""
    rows = []
    for k in sorted({quality.workload.k for quality in found}):
        for title in dict.fromkeys(quality.title for quality in found):
            of = [q for q in found if q.workload.k == k and q.title == title]
            if of:
                seconds = float(np.median([q.seconds for q in of]))
                median = float(np.median([q.median for q in of]))
                worst = max(q.worst for q in of)
                cells = figure(seconds), percent(median), percent(worst)
                rows.append((title, str(k), *cells))
    return table(("contender", "K", "seconds", "above best", "at most"), rows)


def _by_workload(found: Sequence[Quality]) -> list[list[Quality]]:
    names = dict.fromkeys(quality.workload.name for quality in found)
    return [[q for q in found if q.workload.name == name] for name in names]
