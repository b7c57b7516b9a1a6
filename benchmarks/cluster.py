"""Measure a cluster of processes on an image larger than memory; print a table.

``python -m benchmarks.cluster`` makes an 8-bit RGB image block by block on the workers
of a local cluster, fits it, and writes labels and quantized image to an OME-Zarr. The
making of the blocks is timed alone. A line through the figures tells what 100
gigapixels would take.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from . import large, machine
from .workloads import photo

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What is foretold, in pixels and in bytes.
FORECAST, BYTES = 100e9, 300e9

#: Bytes a second that a worker may be given to read: a gigabit network, a fast disk.
BANDWIDTHS = 125e6, 1e9


@cache
def _tile() -> NDArray[np.uint8]:
    """Return what blocks are made from: once in a process, and not sent."""
    return photo((large.BLOCK, large.BLOCK))


def _block(block_info: Any) -> NDArray[np.uint8]:
    return large._block(block_info, _tile())


def lazy_image(gigapixels: float) -> Any:
    """Return an 8-bit RGB image of dask: noisy tissue, no two blocks alike."""
    import dask.array as da

    chunks = large.lazy_image(gigapixels).chunks
    meta = np.empty((0, 0, 0), np.uint8)
    return da.map_blocks(_block, chunks=chunks, dtype=np.uint8, meta=meta)


class Measured(NamedTuple):
    """What a run took: seconds of each part."""

    workers: int
    n: int
    blocks: int
    making: float
    fit: float
    writing: float


def measure(image: Any, workers: int) -> Measured:
    """Measure an image on the cluster whose client is active."""
    from napari_kmeans import quantize
    from napari_kmeans.core.data.stream import Stream
    from napari_kmeans.omezarr import write

    seconds = [time.perf_counter()]
    stream = Stream(image, 3, None, None)
    blocks = len(stream.each(_size))
    seconds.append(time.perf_counter())
    result = quantize(image, 5, rgb=True)
    seconds.append(time.perf_counter())
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder) / "out.zarr", result, {"name": "large"})
        seconds.append(time.perf_counter())
    return Measured(workers, stream.size, blocks, *np.diff(seconds).tolist())


def _size(block: Any) -> int:
    return int(block.pixels.size)


def on_workers(workers: int, gigapixels: list[float]) -> list[Measured]:
    """Measure images on a cluster of so many processes of a thread each."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        Client(cluster),
    ):
        # What is compiled is not counted.
        measure(lazy_image(8 * large.BLOCK**2 / 1e9), workers)
        found = []
        for size in gigapixels:
            found.append(measure(lazy_image(size), workers))
            print(_row(found[-1]), flush=True)
    return found


def _row(measured: Measured) -> str:
    workers, n, blocks, *seconds = measured
    shown = " | ".join(f"{s:.1f}" for s in seconds)
    return f"| {workers} | {n / 1e9:.2f} | {blocks} | {shown} |"


def forecast(found: list[Measured]) -> str:
    """Return in a few lines what the sizes on a cluster say of larger ones."""
    sizes = np.array([measured.n for measured in found])
    fits = np.array([measured.fit - measured.making for measured in found])
    slope, constant = np.polyfit(sizes, fits, 1)
    counting = slope * FORECAST * found[0].workers
    hours = " and ".join(f"{BYTES / speed / 3600:.1f}" for speed in BANDWIDTHS)
    return (
        f"- On {found[0].workers}: a fit takes {slope * 1e9:.2f} s a gigapixel and "
        f"{constant:.1f} s more, but for the reading. 100 gigapixels: "
        f"{slope * FORECAST / 60:.0f} minutes, or {counting / 60:.0f} minutes of a "
        f"worker. Their {BYTES / 1e9:.0f} GB are read in {hours} hours at "
        f"{BANDWIDTHS[0] / 1e6:.0f} and {BANDWIDTHS[1] / 1e6:,.0f} MB a second, "
        "all workers together."
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.cluster", description=__doc__
    )
    parser.add_argument("--gigapixels", type=float, nargs="+", default=[0.25, 0.5, 1.0])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    arguments = parser.parse_args()
    print(f"On {machine.machine()}; {machine.versions([])}.\n")
    print(
        "| workers | gigapixels | blocks | making the blocks, s | fit, s "
        "| labels and image to Zarr, s |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    found = [on_workers(workers, arguments.gigapixels) for workers in arguments.workers]
    print()
    for of_workers in found:
        print(forecast(of_workers))


if __name__ == "__main__":
    main()
