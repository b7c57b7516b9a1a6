"""Tell where the time of W1 goes, stage by stage; print a table as Markdown.

``python -m benchmarks.stages`` quantizes the photo of 14 megapixels again and again and
takes the median of each stage, as the progress tells them. Beside it stands how often a
copy of the photo in memory would fit into that time: nothing that reads the whole photo
can be faster than about one.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from typing import TYPE_CHECKING, Any

from . import machine
from .workloads import WORKLOADS

if TYPE_CHECKING:
    from collections.abc import Callable

    from .workloads import Workload


def stages(run: Callable[[Callable[[str, float], object]], Any]) -> dict[str, float]:
    """Return the seconds of each stage of a run, which gets what it is to tell."""
    told = [("Preparing", time.perf_counter())]

    def progress(stage: str, _: float) -> None:
        told.append((stage.split(",")[0].split(" ")[0], time.perf_counter()))

    run(progress)
    told.append(("", time.perf_counter()))
    seconds: dict[str, float] = {}
    for (stage, start), (_, stop) in itertools.pairwise(told):
        if stop > start and stage != "Done":
            seconds[stage] = seconds.get(stage, 0.0) + stop - start
    return seconds


def table(workload: Workload, n_runs: int) -> str:
    """Measure a workload of an image; return its table."""
    from napari_kmeans import Criteria, quantize

    data = workload.data()
    settings = {
        "k": workload.k,
        "criteria": Criteria(workload.max_iter, workload.epsilon),
        "attempts": workload.attempts,
        "rgb": workload.rgb,
        "channel_axis": None if workload.rgb else workload.channel_axis,
    }

    def run(progress: Callable[[str, float], object]) -> Any:
        return quantize(data, **settings, progress=progress)

    run(lambda *_: None)
    copies, runs = [], []
    for _ in range(n_runs):
        start = time.perf_counter()
        copied = data.copy()
        copies.append(time.perf_counter() - start)
        del copied
        runs.append(stages(run))
    copy = statistics.median(copies)
    names = dict.fromkeys(name for found in runs for name in found)
    rows = {
        name: statistics.median(found.get(name, 0.0) for found in runs)
        for name in names
    }
    rows["all"] = statistics.median(sum(found.values()) for found in runs)
    lines = [
        f"{workload.name}: {workload.title}; {workload.settings}. "
        f"A copy in memory: {1000 * copy:.1f} ms.",
        "",
        "| stage | ms | times a copy |",
        "| --- | ---: | ---: |",
        *[f"| {n} | {1000 * s:.1f} | {s / copy:.1f} |" for n, s in rows.items()],
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stages", description=__doc__
    )
    images = [workload for workload in WORKLOADS if not workload.points]
    names = [workload.name for workload in images]
    parser.add_argument("--workload", nargs="+", choices=names, default=["W1"])
    parser.add_argument("--runs", type=int, default=15)
    arguments = parser.parse_args()
    print(f"On {machine.machine()}; {machine.versions([])}.\n")
    for workload in images:
        if workload.name in arguments.workload:
            print(table(workload, arguments.runs), flush=True)


if __name__ == "__main__":
    main()
