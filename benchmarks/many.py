"""Measure many images with one palette, and a palette put on one; print a table.

``python -m benchmarks.many`` writes pictures of tissue, each a little different, as PNG
files, and reads them in each way once; the ways of others are those that their users
have: all pictures as one, or batch by batch. Each is measured in a process of its own,
reading included. The compactness is of all pixels, each with its nearest center.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import machine, memory
from .compactness import compactness, count
from .contenders import CONTENDERS
from .targets import MB
from .workloads import WORKLOADS, photo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Array = NDArray[Any]
    Way = Callable[[list[Path], int], Array | None]

#: How long a common palette may take, as a part of the time that reading takes.
MOST_TIMES = 2.0

#: Seconds that a palette may take to label 14 megapixels.
MOST_SECONDS = 0.1

#: Clusters.
K = 5


class Measured(NamedTuple):
    """What a way took: seconds, bytes above the process before; and what it found."""

    seconds: float
    peak: int | None
    centers: Array | None


def pictures(folder: Path, n: int, side: int) -> list[Path]:
    """Write pictures of tissue, no two alike: colors wrap around."""
    from PIL import Image

    tissue = photo((side, side))
    paths = [folder / f"{index:03}.png" for index in range(n)]
    for index, path in enumerate(paths):
        shifted = np.roll(tissue, 37 * index, axis=(0, 1))
        shifted = shifted + np.array([index % 3, index % 5, index % 7], np.uint8)
        Image.fromarray(shifted).save(path, compress_level=1)
    return paths


# -- the ways --------------------------------------------------------------------------


def reading(paths: list[Path], k: int) -> None:  # noqa: ARG001
    """Read all pictures, in as many threads as there are processors."""
    for _ in _read(paths):
        pass


def common(paths: list[Path], k: int) -> Array:
    """Find one palette for all."""
    from napari_kmeans import quantize_many

    return np.asarray(quantize_many(paths, k).palette.centers)


def labeled(paths: list[Path], k: int) -> Array:
    """Find one palette for all, and label each: each is read twice."""
    from napari_kmeans import quantize_many

    many = quantize_many(paths, k)
    with ThreadPoolExecutor() as pool:
        for _ in pool.map(lambda at: many[at].labels.max(), range(len(many))):
            pass
    return np.asarray(many.palette.centers)


def scikit_learn(paths: list[Path], k: int) -> Array:
    """Fit picture by picture, as its MiniBatchKMeans does what does not fit at once."""
    from sklearn.cluster import MiniBatchKMeans

    found = MiniBatchKMeans(k, random_state=0)
    for image in _read(paths):
        found.partial_fit(np.float32(image.reshape(-1, 3)))
    return np.asarray(found.cluster_centers_)


def libimagequant(paths: list[Path], k: int) -> Array:
    """Quantize all pictures as one, below each other."""
    from imagequant import quantize_raw_rgba_bytes

    rgb = np.concatenate(list(_read(paths)))
    rgba = np.full((*rgb.shape[:2], 4), 255, np.uint8)
    rgba[..., :3] = rgb
    rows, columns = rgb.shape[:2]
    pixels, palette = quantize_raw_rgba_bytes(
        rgba.tobytes(), columns, rows, dithering_level=0.0, max_colors=k
    )
    return np.array(palette).reshape(-1, 4)[: int(max(pixels)) + 1, :3]


WAYS: dict[str, tuple[str, Way]] = {
    "reading alone": ("napari_kmeans", reading),
    "napari-kmeans, one palette": ("napari_kmeans", common),
    "the same, and the labels of each": ("napari_kmeans", labeled),
    "scikit-learn, MiniBatchKMeans": ("sklearn", scikit_learn),
    "libimagequant, all as one": ("imagequant", libimagequant),
}


def _read(paths: list[Path]) -> Iterator[Array]:
    """Read pictures as the package does, a few at a time."""
    from napari_kmeans import read

    with ThreadPoolExecutor(machine.n_cores()) as pool:
        for start in range(0, len(paths), 8):
            yield from pool.map(lambda path: read(path)[0], paths[start : start + 8])


# -- their figures ---------------------------------------------------------------------


def measure(way: Way, paths: list[Path], k: int) -> Measured:
    """Measure a way; what is compiled or imported is not counted."""
    way(paths[:2], k)
    memory.reset_peak()
    before = memory.resident()
    start = time.perf_counter()
    centers = way(paths, k)
    seconds = time.perf_counter() - start
    peak = memory.peak()
    above = None if peak is None or before is None else peak - before
    return Measured(seconds, above, centers)


def compared(paths: list[Path], k: int) -> dict[str, Measured]:
    """Measure all ways that are installed, each in a process of its own."""
    installed = {c.module: c.installed for c in CONTENDERS}
    found = {}
    for title, (module, way) in WAYS.items():
        if not installed[module]:
            continue
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            found[title] = pool.apply(partial(measure, way, paths, k))
    return found


def loss(paths: list[Path], centers: Array) -> float:
    """Return the compactness of all pictures with some centers."""
    images = (count(image.reshape(-1, 3)) for image in _read(paths))
    return math.fsum(compactness(image, np.float64(centers)) for image in images)


def rows(found: dict[str, Measured], paths: list[Path]) -> list[str]:
    """Return the rows of a table, as Markdown."""
    base = found["reading alone"].seconds
    losses = {
        title: loss(paths, one.centers)
        for title, one in found.items()
        if one.centers is not None
    }
    least, told = min(losses.values()), []
    for title, one in found.items():
        peak = "-" if one.peak is None else f"{one.peak / MB:.0f}"
        above = f"{losses[title] / least - 1:.2%}" if title in losses else "-"
        times = f"{one.seconds / base:.2f}"
        told.append(f"| {title} | {one.seconds:.2f} | {times} | {peak} | {above} |")
    return told


def applied(n_runs: int = 9) -> tuple[float, float]:
    """Return seconds of labeling 14 megapixels by a palette, and of copying them."""
    from napari_kmeans import Palette, quantize

    (workload,) = [one for one in WORKLOADS if one.name == "W1"]
    image = workload.data()
    palette: Palette = quantize(image[::4, ::4], K).palette
    ways = (lambda: palette.label(image), image.copy)
    runs = [[_timed(way) for way in ways] for _ in range(n_runs + 1)][1:]
    labeling, copying = np.median(runs, axis=0)
    return float(labeling), float(copying)


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def verdict(what: str, found: float, most: float, unit: str) -> str:
    """Return whether a target was reached."""
    reached = "reached" if found <= most else "missed"
    return f"- Target: {what}, at most {most:g} {unit}: {reached} ({found:.3g})"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.many", description=__doc__
    )
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).with_suffix(".md")
    )
    arguments = parser.parse_args()
    n, side = arguments.images, arguments.side
    with tempfile.TemporaryDirectory() as folder:
        paths = pictures(Path(folder), n, side)
        found = compared(paths, K)
        table = rows(found, paths)
    labeling, copying = applied()
    times = found["napari-kmeans, one palette"].seconds / found["reading alone"].seconds
    known = [c for c in CONTENDERS if c.module in ("sklearn", "imagequant")]
    text = [
        f"# {n} pictures of {side} x {side}, 8-bit RGB, K={K}",
        "",
        f"On {machine.machine()}; {machine.versions(known)}; by "
        "`python -m benchmarks.many`.",
        "",
        "| way | seconds | times reading | peak MB | compactness above the least |",
        "| --- | ---: | ---: | ---: | ---: |",
        *table,
        "",
        f"A palette labels 14 megapixels in {labeling:.3f} s, "
        f"{labeling / copying:.0f} times a copy of the picture in memory.",
        "",
        verdict("one palette", times, MOST_TIMES, "times reading"),
        verdict("14 megapixels labeled", labeling, MOST_SECONDS, "s"),
    ]
    arguments.output.write_text("\n".join(text) + "\n")
    print(*text, sep="\n")


if __name__ == "__main__":
    main()
