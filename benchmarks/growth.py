"""Measure how time grows with pixels and with K; print tables, draw a plot.

``python -m benchmarks.growth`` measures the package beside ``cv2.kmeans`` and
scikit-learn, each with one attempt. A curve ends with the first point that takes too
long.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from . import machine, plots, report
from .contenders import CONTENDERS
from .workloads import Workload, photo

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

PLOT = Path(__file__).parents[1] / "docs" / "figures" / "growth.png"

#: Seconds after which a curve ends, and pixels beyond which a peer is not asked.
LIMIT, MOST = 20.0, 16e6

#: Rows and columns of the picture that a very large one is made of.
TILE = 4096

#: Runs of a point, where the first one was short.
RUNS, SHORT = 5, 3.0

#: In megapixels, and clusters.
MEGAPIXELS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
KS = (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)

#: Clusters while the pixels grow, and rows and columns while K does.
K, SIDE = 5, 512

MEASURED = [c for c in CONTENDERS if c.key in ("ours", "opencv", "sklearn")]

#: Pairs of what grows and seconds.
Curve = list[tuple[float, float]]


def of_pixels(megapixels: Sequence[float]) -> list[tuple[float, Workload]]:
    """Return noisy tissue of so many megapixels, to be quantized to five colors."""
    return [(size, _workload(round((size * 1e6) ** 0.5), K)) for size in megapixels]


def of_k(ks: Sequence[int], side: int = SIDE) -> list[tuple[float, Workload]]:
    """Return the same picture, to be quantized to more and more colors."""
    return [(k, _workload(side, k)) for k in ks]


def tissue(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return noisy tissue; of very many pixels it is laid out again and again."""
    tile = photo((min(shape[0], TILE), min(shape[1], TILE)))
    rows, columns = (np.arange(side) % TILE for side in shape)
    return tile[rows[:, np.newaxis], columns]


def _workload(side: int, k: int) -> Workload:
    shape = (side, side)
    return Workload(
        "growth", "", tissue, shape, k, epsilon=1.0, channel_axis=-1, attempts=1
    )


def curve(key: str, grown: Sequence[tuple[float, Workload]], limit: float) -> Curve:
    """Return seconds for each size, as far as a contender comes within the limit."""
    contender = next(c for c in MEASURED if c.key == key)
    small = replace(grown[0][1].small(), k=2)
    contender.run(small.data(), small)
    found: Curve = []
    for size, workload in grown:
        if key != "ours" and workload.n > MOST:
            break
        data = workload.data()
        seconds = next(times := _times(partial(contender.run, data, workload)))
        if seconds < SHORT:
            seconds = float(np.median([seconds, *times]))
        found.append((size, seconds))
        if seconds > limit:
            break
    return found


def _times(function: partial[object]) -> Iterator[float]:
    for _ in range(RUNS):
        start = time.perf_counter()
        function()
        yield time.perf_counter() - start


def curves(grown: Sequence[tuple[float, Workload]], limit: float) -> dict[str, Curve]:
    """Return the curve of each contender, from a process of its own."""
    found = {}
    for contender in MEASURED:
        print(f"{contender.title}: growth", file=sys.stderr, flush=True)
        if contender.installed:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                arguments = contender.key, grown, limit
                found[contender.title] = pool.apply(curve, arguments)
    return found


def table(label: str, found: dict[str, Curve]) -> list[str]:
    """Return a row for each size: the seconds of each contender."""
    columns = {title: dict(pairs) for title, pairs in found.items()}
    sizes = sorted({size for of in columns.values() for size in of})
    rows = [
        [f"{size:g}", *[_cell(of.get(size)) for of in columns.values()]]
        for size in sizes
    ]
    return report.table([label, *[f"{title}, s" for title in columns]], rows, ())


def _cell(seconds: float | None) -> str:
    return "-" if seconds is None else report.figure(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.growth", description=__doc__
    )
    parser.add_argument("--megapixels", type=float, nargs="+", default=MEGAPIXELS)
    parser.add_argument("-k", type=int, nargs="+", default=KS)
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds of a point")
    parser.add_argument("--output", type=Path, help="a file to write the tables to")
    parser.add_argument(
        "--picture", type=Path, default=PLOT, help=f"the plot; {PLOT.name} by default"
    )
    arguments = parser.parse_args()
    pixels = curves(of_pixels(sorted(arguments.megapixels)), arguments.limit)
    ks = curves(of_k(sorted(arguments.k)), arguments.limit)
    command = " ".join(["python -m benchmarks.growth", *sys.argv[1:]])
    lines = ["# Growth", "", f"Made by `{command}` on {machine.machine()}.", ""]
    lines += [f"{machine.versions(MEASURED)}.", ""]
    lines += [f"Noisy tissue in 8-bit RGB, one attempt, K={K}:", ""]
    lines += [*table("megapixels", pixels), "", f"{SIDE} x {SIDE} pixels:", ""]
    text = "\n".join([*lines, *table("K", ks), ""])
    print(text)
    if arguments.output:
        arguments.output.write_text(text)
    panels = [(f"megapixels, K = {K}", pixels), (f"K, {SIDE} x {SIDE} pixels", ks)]
    plots.growth(panels, arguments.picture)


if __name__ == "__main__":
    main()
