"""A job: one run of the dock, to be done in a thread. Touches no viewer and no Qt."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ..core.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Generator

    from ..core.result import ClusteredPoints, QuantizedImage


R = TypeVar("R")

#: Seconds between two reports of progress; a canceled job ends at the next.
INTERVAL = 0.03


@dataclass(frozen=True)
class Job:
    """What to cluster, and how.

    Attributes
    ----------
    data : array
        An image, in full resolution, or points.
    rgb : bool or None
        Whether the image is in color; None for points.
    k : int
    settings : dict
        Further arguments of ``quantize`` and ``kmeans``.
    start_labels : array, optional
        Labels 1..k of some or all pixels to start from; 0 where there is none.
    """

    data: Any
    rgb: bool | None
    k: int
    settings: dict[str, Any]
    start_labels: Any = None


class Outcome(NamedTuple):
    """How a job ended: with a result, or with an error."""

    result: QuantizedImage | ClusteredPoints | None
    error: Exception | None
    seconds: float


def run(job: Job) -> Generator[Progress, None, Outcome]:
    """Do a job in steps; an error comes back in the outcome.

    Raised in a napari worker, it would be reported twice, and a warning not at all.
    """
    start = time.perf_counter()
    # The first import compiles or loads the kernels: seconds after an install.
    yield Progress("Preparing", 0, 1)
    try:
        result = yield from _sparse(_steps(job))
    except Exception as error:
        return Outcome(None, error, time.perf_counter() - start)
    return Outcome(result, None, time.perf_counter() - start)


def _sparse(steps: Generator[Progress, None, R]) -> Generator[Progress, None, R]:
    """Pass on what is yielded no faster than a window draws it."""
    passed = -math.inf
    while True:
        try:
            progress = next(steps)
        except StopIteration as stop:
            result: R = stop.value
            return result
        if time.perf_counter() - passed >= INTERVAL:
            yield progress
            passed = time.perf_counter()


def _steps(job: Job) -> Generator[Progress, None, QuantizedImage | ClusteredPoints]:
    from ..core.kmeans import kmeans_steps
    from ..core.quantize import extend_labels, quantize_steps

    if job.rgb is None:
        return (yield from kmeans_steps(job.data, job.k, **job.settings))
    settings = job.settings
    if job.start_labels is not None:
        init = extend_labels(job.data, job.start_labels, job.k, rgb=job.rgb)
        settings = settings | {"init": init}
    result = yield from quantize_steps(job.data, job.k, rgb=job.rgb, **settings)
    if result.labels.ndim == 2:
        _ = result.positions  # computed here, not in the window's thread
    return result
