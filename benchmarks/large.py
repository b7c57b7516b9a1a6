"""Measure images larger than memory, and movies; print a table as Markdown.

``python -m benchmarks.large`` makes an 8-bit RGB image block by block, never held, fits
it and writes labels and quantized image to an OME-Zarr. Each size is measured in a
process of its own; making the blocks, which happens for the fit and again for the
labels, is timed alone and taken off.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import machine, memory
from .targets import MB
from .workloads import photo

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

#: Rows and columns of a block.
BLOCK = 2048

#: What to reach: bytes above the process before, and pixels a second.
MOST_MEMORY, LEAST_SPEED = 1000 * MB, 120e6

#: What to reach: seconds of so many frames, and of others in proportion.
MOST_SECONDS, FRAMES = 1.4, 200


class Measured(NamedTuple):
    """What a run took: seconds of each part, the peak of memory in bytes."""

    what: str
    n: int
    seconds: dict[str, float]
    peak: int | None


def _block(block_info: Any, tile: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a block, each a little different: colors wrap around."""
    row, column, _ = block_info[None]["chunk-location"]
    return tile + np.array([row, column, row ^ column], np.uint8)


def lazy_image(gigapixels: float) -> Any:
    """Return an 8-bit RGB image of dask: noisy tissue, no two blocks alike."""
    import dask
    import dask.array as da

    n = max(1, round(gigapixels * 1e9 / BLOCK**2))
    columns = max(1, int(np.sqrt(n)))
    rows = -(-n // columns)
    return da.map_blocks(
        _block,
        tile=dask.delayed(photo((BLOCK, BLOCK)), traverse=False),
        chunks=((BLOCK,) * rows, (BLOCK,) * columns, (3,)),
        dtype=np.uint8,
        meta=np.empty((0, 0, 0), np.uint8),
    )


def large(gigapixels: float) -> Measured:
    from napari_kmeans import quantize
    from napari_kmeans.core.data.stream import Stream
    from napari_kmeans.omezarr import write

    # What is compiled is not counted.
    image = lazy_image(BLOCK**2 / 1e9)
    quantize(image, 5, rgb=True).labels.compute()
    image = lazy_image(gigapixels)
    n = image.shape[0] * image.shape[1]
    memory.reset_peak()
    before = memory.resident()
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        result = quantize(image, 5, rgb=True)
        seconds["fit"] = time.perf_counter() - start
        start = time.perf_counter()
        write(Path(folder) / "out.zarr", result, {"name": "large"})
        seconds["labels and image to Zarr"] = time.perf_counter() - start
        peak = memory.peak()
        shutil.rmtree(Path(folder) / "out.zarr")
    start = time.perf_counter()
    Stream(image, 3, None, None).each(_size)
    making = time.perf_counter() - start
    seconds["making the blocks twice, taken off"] = -2 * making
    above = None if peak is None or before is None else peak - before
    return Measured(f"{n / 1e9:.2f} gigapixels of 8-bit RGB", n, seconds, above)


def _size(block: Any) -> int:
    return int(block.pixels.size)


def frames(n: int) -> NDArray[np.uint8]:
    """Return a movie of tissue, in which the light comes and goes."""
    frame = photo((512, 512))[..., 0]
    light = 0.4 + 0.6 * np.cos(np.arange(n) / 20) ** 2
    return np.stack([(frame * part).astype(np.uint8) for part in light])


def movie(n: int) -> Measured:
    """Quantize each frame of a movie on its own, and match the clusters."""
    from napari_kmeans import quantize_planes

    data = frames(n)
    quantize_planes(data[:2], 5)
    memory.reset_peak()
    before = memory.resident()
    start = time.perf_counter()
    quantize_planes(data, 5)
    seconds = {"fit and labels": time.perf_counter() - start}
    peak = memory.peak()
    above = None if peak is None or before is None else peak - before
    what = f"{n} frames of 512 x 512, each on its own, matched"
    return Measured(what, data.size, seconds, above)


def _alone(function: Callable[[], Measured]) -> Measured:
    """Call a function in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function)


def _row(measured: Measured) -> str:
    total = sum(measured.seconds.values())
    parts = ", ".join(f"{name} {s:.1f}" for name, s in measured.seconds.items())
    peak = "-" if measured.peak is None else f"{measured.peak / MB:.0f}"
    speed = measured.n / total / 1e6
    return f"| {measured.what} | {total:.1f} | {parts} | {speed:.0f} | {peak} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.large", description=__doc__
    )
    parser.add_argument("--gigapixels", type=float, nargs="*", default=[0.25, 0.5, 1.0])
    parser.add_argument("--frames", type=int, default=FRAMES)
    arguments = parser.parse_args()
    print(f"On {machine.machine()}; {machine.versions([])}.\n")
    print("| what | seconds | of these | megapixels a second | peak MB |")
    print("| --- | ---: | --- | ---: | ---: |")
    verdicts = []
    for gigapixels in arguments.gigapixels:
        measured = _alone(partial(large, gigapixels))
        print(_row(measured), flush=True)
        verdicts = [large_verdict(measured)]
    if arguments.frames:
        measured = _alone(partial(movie, arguments.frames))
        print(_row(measured), flush=True)
        verdicts.append(movie_verdict(measured, arguments.frames))
    print("", *verdicts, sep="\n")


def large_verdict(measured: Measured) -> str:
    """Return whether the largest image reached its targets."""
    speed = measured.n / sum(measured.seconds.values())
    reached = measured.peak is None or measured.peak <= MOST_MEMORY
    reached &= speed >= LEAST_SPEED
    return (
        f"- Target: at most {MOST_MEMORY / MB / 1000:g} GB, at least "
        f"{LEAST_SPEED / 1e6:g} megapixels a second: "
        f"{'reached' if reached else 'missed'} ({speed / 1e6:.0f})"
    )


def movie_verdict(measured: Measured, n: int) -> str:
    """Return whether a movie of n frames reached its target."""
    most, seconds = MOST_SECONDS * n / FRAMES, sum(measured.seconds.values())
    return (
        f"- Target: {n} frames in {most:g} s: "
        f"{'reached' if seconds <= most else 'missed'} ({seconds:.2f} s)"
    )


if __name__ == "__main__":
    main()
