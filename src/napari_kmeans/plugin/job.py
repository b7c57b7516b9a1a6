"""A job: one run of the dock, to be done in a thread. Touches no viewer and no Qt."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from ..core.blocks import is_lazy
from ..core.progress import Progress, located

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from numpy.typing import NDArray

    from ..core.planes import QuantizedPlanes
    from ..core.result import ClusteredPoints, QuantizedImage

    Result = QuantizedImage | QuantizedPlanes | ClusteredPoints

R = TypeVar("R")

#: Seconds between two reports of progress; a canceled job ends at the next.
INTERVAL = 0.03


@dataclass(frozen=True)
class Job:
    """What to cluster, and how.

    Attributes
    ----------
    data : array, or list of arrays
        An image, in full resolution, or points; of several images, each is a channel.
    rgb : bool or None
        Whether the image is in color; None for points.
    k : int
    settings : dict
        Further arguments of ``quantize`` and ``kmeans``.
    start_labels : array, optional
        Labels 1..k of some or all pixels to start from; 0 where there is none.
    mask : callable, optional
        Returns the mask: to make it may take long.
    axes : tuple of int, optional
        Each plane along these axes is clustered on its own.
    only : tuple of int, optional
        Of these planes the only one, by its index along the axes.
    needed : int, optional
        The bytes that the image would need as a whole, where these are too many: then
        it is worked on by blocks.
    centers : bool
        Whether the centers are to be shown, and so to be located.
    """

    data: Any
    rgb: bool | None
    k: int
    settings: dict[str, Any]
    start_labels: Any = None
    mask: Callable[[], NDArray[np.bool_]] | None = None
    axes: tuple[int, ...] = ()
    only: tuple[int, ...] | None = None
    needed: int | None = None
    centers: bool = True


class Outcome(NamedTuple):
    """How a job ended: with a result, or with an error."""

    result: Result | None
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


def _steps(job: Job) -> Generator[Progress, None, Result]:
    from ..core.kmeans import kmeans_steps
    from ..core.planes import quantize_planes_steps
    from ..core.quantize import extend_labels, quantize_steps

    if job.rgb is None:
        return (yield from kmeans_steps(job.data, job.k, **job.settings))
    image, settings = _image(job), dict(job.settings)
    if isinstance(job.data, list):
        settings["channel_axis"] = 0
    if job.mask is not None:
        settings["mask"] = job.mask()
    if job.start_labels is not None:
        settings["init"] = extend_labels(
            image,
            job.start_labels,
            job.k,
            rgb=job.rgb,
            channel_axis=settings.get("channel_axis"),
        )
    settings["rgb"] = job.rgb
    if job.axes:
        given = {"axes": job.axes, "only": None if job.only is None else [job.only]}
        return (yield from quantize_planes_steps(image, job.k, **given, **settings))
    result = yield from quantize_steps(image, job.k, **settings)
    if job.centers:  # located here, not in the window's thread
        yield from located(result.locate())
    return result


def _image(job: Job) -> Any:
    """Return the image as one array: of NumPy, or where it is lazy or large, of dask."""
    several = isinstance(job.data, list)
    if job.needed is None and not any(
        map(is_lazy, job.data if several else [job.data])
    ):
        return np.stack(job.data) if several else job.data
    import dask.array as da

    if several:
        return da.stack([da.asarray(channel) for channel in job.data])
    return da.asarray(job.data)
