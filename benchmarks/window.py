"""Measure how long the window does not answer in a run; print a table as Markdown.

``python -m benchmarks.window`` opens napari, presses Run in the dock, and takes the
longest time between two turns of Qt's event loop until the layers are there and drawn.
Each picture and number of clusters has a process of its own, whose first run is the
first of its session. With ``--cold``, nothing that Numba compiles has been kept from an
earlier process. On Linux without a screen: ``xvfb-run -a python -m benchmarks.window``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from typing import TYPE_CHECKING, NamedTuple

from . import machine

if TYPE_CHECKING:
    from collections.abc import Callable

#: What to reach: seconds without an answer.
MOST = 0.25

#: Seconds of quiet before a run, and after its layers: what is drawn counts, too.
QUIET = 1.0

PICTURES = {"small": "0.2 megapixels", "large": "14 megapixels"}


class Measured(NamedTuple):
    """What a run took: seconds in all, and the longest without an answer."""

    seconds: float
    longest: float


class Watch:
    """The longest time between two turns of the event loop."""

    def __init__(self) -> None:
        from qtpy.QtCore import QTimer

        self.longest = 0.0
        self._latest = time.perf_counter()
        self._timer = QTimer()
        self._timer.timeout.connect(self._tick)
        self._timer.start(0)

    def _tick(self) -> None:
        now = time.perf_counter()
        self.longest = max(self.longest, now - self._latest)
        self._latest = now

    def reset(self) -> None:
        self.longest, self._latest = 0.0, time.perf_counter()


def measure(picture: str, k: int) -> list[Measured]:
    """Run three times, the last with another K."""
    import napari

    from napari_kmeans import sample_data

    viewer = napari.Viewer()
    sample = sample_data.photo if picture == "small" else sample_data.large
    [(data, attributes, _)] = sample()
    viewer.add_image(data, **attributes)
    _, widget = viewer.window.add_plugin_dock_widget("napari-kmeans")
    widget.live.value = False  # or it would run before it is asked to
    watch = Watch()
    _until(lambda: True)
    found = []
    for asked in (k, k, k + 1):
        widget.k.value = asked
        _until(lambda: True)
        watch.reset()
        start = time.perf_counter()
        widget.run_button.native.click()
        seconds = _until(lambda: not widget.running) - start
        assert len(viewer.layers) == 4
        found.append(Measured(seconds, watch.longest))
    viewer.close()
    return found


def _until(condition: Callable[[], bool]) -> float:
    """Let the event loop turn until a condition holds, and for a while more."""
    from qtpy.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    met: list[float] = []

    def look() -> None:
        if not met and condition():
            met.append(time.perf_counter())
        if met and time.perf_counter() - met[0] > QUIET:
            loop.quit()

    timer = QTimer()
    timer.timeout.connect(look)
    timer.start(10)
    loop.exec()
    timer.stop()
    return met[0]


def _alone(picture: str, k: int, cold: bool) -> list[Measured]:
    """Measure in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        if cold:
            os.environ["NUMBA_CACHE_DIR"] = folder
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            return pool.apply(measure, (picture, k))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.window", description=__doc__
    )
    parser.add_argument(
        "--picture", nargs="+", choices=list(PICTURES), default=list(PICTURES)
    )
    parser.add_argument("-k", type=int, nargs="+", default=[5, 300])
    parser.add_argument(
        "--cold", action="store_true", help="compile anew what Numba has compiled"
    )
    arguments = parser.parse_args()
    print(f"On {machine.machine()}; {machine.versions([])}.\n")
    print("| picture | K | run | seconds | longest without an answer |")
    print("| --- | ---: | --- | ---: | ---: |")
    worst = 0.0
    for picture in arguments.picture:
        for k in arguments.k:
            runs = _alone(picture, k, arguments.cold)
            for name, run in zip(("first", "second", "K + 1"), runs, strict=True):
                row = f"{name} | {run.seconds:.2f} | {run.longest:.3f} s"
                print(f"| {PICTURES[picture]} | {k} | {row} |", flush=True)
                worst = max(worst, run.longest)
    verdict = "reached" if worst <= MOST else "missed"
    print(f"\n- Target: an answer within {MOST} s: {verdict}")


if __name__ == "__main__":
    main()
