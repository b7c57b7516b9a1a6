"""Measure what one waits for while one works: another K, a sweep, a small picture.

``python -m benchmarks.interactive`` prints a table as Markdown: medians of several runs
after a warm-up, beside what is to be reached.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import history, machine, workloads
from .contenders import opencv
from .history import Figures
from .large import frames
from .report import figure, table
from .workloads import TUTORIAL, Workload, photo

if TYPE_CHECKING:
    from collections.abc import Callable

    Shape = tuple[int, ...]

#: Runs to take the median of: at most so many, and no more once they took so long.
RUNS, LONG = 9, 6.0

#: The name of what is a ratio to a call of OpenCV.
ANOTHER = "another K of kept samples, 14 megapixels, K=5"

#: What a process of its own does: prints seconds from the first import to the labels.
FRESH = """\
import time
start = time.perf_counter()
import sys
import numpy
import napari_kmeans
napari_kmeans.quantize(numpy.load(sys.argv[1]), 5, rgb=True).labels
print(time.perf_counter() - start)
"""


@dataclass(frozen=True)
class Gesture:
    """What one waits for: `prepare` returns what a run calls, `most` is in seconds.

    What a run returns, if it is a number, are the seconds that count.
    """

    name: str
    prepare: Callable[[], Callable[[], Any]]
    most: float | None = None


def another(k: int, shape: Shape = TUTORIAL) -> Callable[[], Any]:
    """Fit kept samples with another K than before; labels and quantized image, too."""
    from napari_kmeans import quantize_samples, read_samples

    samples = read_samples(photo(shape), rgb=True)
    quantize_samples(samples, k - 1)

    def run() -> None:
        found = quantize_samples(samples, k)
        assert found.labels.shape == found.quantized.shape[:-1]

    return run


def sweep(shape: Shape = TUTORIAL) -> Callable[[], Any]:
    """Read the pixels, and fit each K from 2 to 16."""
    from napari_kmeans import fit, read_samples

    image = photo(shape)

    def run() -> list[Any]:
        samples = read_samples(image, rgb=True)
        return [fit(samples, k) for k in range(2, 17)]

    return run


def picture(
    name: str, part: tuple[slice, ...], k: int, attempts: int = 10
) -> Callable[[], Any]:
    """Quantize a part of a picture of scikit-image."""
    import skimage.data

    image = np.ascontiguousarray(getattr(skimage.data, name)()[part])
    return partial(_quantized, image, k, attempts)


def noise(shape: Shape, k: int) -> Callable[[], Any]:
    """Quantize noise in which all pixels differ, with one attempt."""
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    return partial(_quantized, image, k, 1)


def _quantized(image: np.ndarray, k: int, attempts: int) -> None:
    from napari_kmeans import quantize

    found = quantize(image, k, rgb=True, attempts=attempts)
    assert found.labels.shape == found.quantized.shape[:-1]


def movie(n: int) -> Callable[[], Any]:
    """Quantize each frame on its own."""
    from napari_kmeans import quantize_planes

    return partial(quantize_planes, frames(n), 5)


def fresh() -> Callable[[], float]:
    """Import the package in a process of its own, and quantize a photo."""
    from skimage.data import coffee

    # As one starts Python: what is compiled is kept.
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def run() -> float:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "photo.npy"
            np.save(path, coffee())
            done = subprocess.run(
                [sys.executable, "-c", FRESH, str(path)],
                env=environment,
                capture_output=True,
                check=True,
                text=True,
            )
        return float(done.stdout)

    return run


def _side(side: int) -> tuple[slice, ...]:
    return (slice(side), slice(side))


_WHOLE = (slice(None),)
_SMALL = [
    Gesture(
        f"{side} x {side} RGB, K=5, 10 attempts",
        partial(picture, "immunohistochemistry", _side(side), 5),
        0.02,
    )
    for side in (512, 256, 128, 64)
]

GESTURES = [
    Gesture(ANOTHER, partial(another, 5)),
    Gesture("the same, K=16", partial(another, 16), 0.1),
    Gesture("the same, K=256", partial(another, 256), 0.3),
    Gesture("14 megapixels, a sweep K=2..16 from the pixels", sweep, 1.0),
    *_SMALL,
    Gesture("coffee, K=64, 10 attempts", partial(picture, "coffee", _WHOLE, 64), 0.1),
    Gesture("coffee, K=256, 10 attempts", partial(picture, "coffee", _WHOLE, 256), 0.4),
    Gesture(
        "512 x 400 of coffee, K=300, 10 attempts",
        partial(picture, "coffee", (slice(None), slice(512)), 300),
        0.5,
    ),
    Gesture("60,000 pixels of noise, K=2000", partial(noise, (200, 300), 2000), 1.0),
    Gesture("200 frames of 512 x 512, each on its own", partial(movie, 200), 1.4),
    Gesture("a fresh process, from import to labels of coffee", fresh, 0.8),
]

#: How many times as fast as a call of OpenCV another K should be.
TIMES = 500.0


def measure(gesture: Gesture) -> float:
    """Return the median seconds of several runs, after one that warms up."""
    run = gesture.prepare()
    run()
    taken: list[float] = []
    while len(taken) < RUNS and (len(taken) < 3 or sum(taken) < LONG):
        start = time.perf_counter()
        own = run()
        seconds = time.perf_counter() - start
        taken.append(own if isinstance(own, float) else seconds)
    return statistics.median(taken)


def times_opencv(seconds: float, workload: Workload) -> float:
    """Return how many times as long one call of OpenCV takes."""
    data = workload.data()
    start = time.perf_counter()
    opencv(data, workload)
    return (time.perf_counter() - start) / seconds


def row(gesture: Gesture, seconds: float, times: float | None = None) -> list[str]:
    """Return the cells of a gesture; with the target as a ratio where there is one."""
    cells = [gesture.name, figure(seconds)]
    if gesture.most is not None:
        reached = seconds <= gesture.most
        return [*cells, f"{gesture.most:g} s", _reached(reached)]
    if times is None:
        return [*cells, "-", "-"]
    told = f"{TIMES:g} times cv2.kmeans"
    return [*cells, told, f"{_reached(times >= TIMES)} ({figure(times)} times)"]


def _reached(reached: bool) -> str:
    return "reached" if reached else "missed"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.interactive", description=__doc__
    )
    parser.add_argument("--only", nargs="+", metavar="WORD", help="names with a word")
    parser.add_argument("--json", type=Path, help="a file to keep the figures in")
    parser.add_argument("--compare", type=Path, help="the file of an earlier run")
    arguments = parser.parse_args()
    words = arguments.only or [""]
    rows, figures = [], {}
    for gesture in GESTURES:
        if any(word in gesture.name for word in words):
            print(gesture.name, file=sys.stderr, flush=True)
            seconds = measure(gesture)
            times = None
            if gesture.name == ANOTHER:
                times = times_opencv(seconds, workloads.WORKLOADS[0])
            rows.append(row(gesture, seconds, times))
            figures[gesture.name] = Figures(seconds)
    print(f"On {machine.machine()}; {machine.versions([])}.\n")
    print(*table(("what", "seconds", "to reach", ""), rows, (0, 2, 3)), sep="\n")
    if arguments.json:
        history.write(arguments.json, figures)
    if arguments.compare:
        print("\n" + history.compared(figures, history.read(arguments.compare)))


if __name__ == "__main__":
    main()
