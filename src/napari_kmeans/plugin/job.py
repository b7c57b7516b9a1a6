"""A job: one run of the dock, to be done in a thread. Touches no viewer and no Qt."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from ..core.blocks import apart
from ..core.run.progress import Progress, located
from ..layers.source import ROLES, stacked

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator

    from numpy.typing import NDArray

    from ..core.results.image import QuantizedImage
    from ..core.results.planes import QuantizedPlanes
    from ..core.results.points import ClusteredPoints

    Result = QuantizedImage | QuantizedPlanes | ClusteredPoints

R = TypeVar("R")

#: Seconds between two reports of progress; a canceled job ends at the next.
INTERVAL = 0.1


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
    cut : tuple of slice, optional
        The part of the image that is clustered; by default all.
    needed : int, optional
        The bytes that the image would need as a whole, where these are too many: then
        it is worked on by blocks.
    roles : collection of str
        Which layers are wanted; without "centers", these need not be located.
    """

    data: Any
    rgb: bool | None
    k: int
    settings: dict[str, Any]
    start_labels: Any = None
    mask: Callable[[], NDArray[np.bool_]] | None = None
    axes: tuple[int, ...] = ()
    cut: tuple[slice, ...] = ()
    needed: int | None = None
    roles: Collection[str] = ROLES


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
    preparing = Progress("Preparing", 0, 1)
    yield preparing
    try:
        # Apart, since the kernels may have to be compiled: seconds after an install.
        result = yield from _sparse(apart(_steps(job), preparing))
        # Imports pandas, which takes long, here and not in the window's thread.
        _ = result.features
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
    # First of all, before the user paints on: the first imports may take seconds.
    mask = None if job.mask is None else job.mask()[job.cut]
    labels = None if job.start_labels is None else job.start_labels[job.cut]
    if isinstance(labels, np.ndarray):
        labels = labels.copy()

    from ..core.kmeans import kmeans_steps
    from ..core.planes import quantize_planes_steps
    from ..core.quantize import extend_labels, quantize_steps

    if job.rgb is None:
        return (yield from kmeans_steps(job.data, job.k, **job.settings))
    image, settings = _image(job), job.settings | {"rgb": job.rgb}
    if isinstance(job.data, list):
        settings["channel_axis"] = 0
    if mask is not None:
        settings["mask"] = mask
    if labels is not None:
        axis = settings.get("channel_axis")
        init = extend_labels(image, labels, job.k, rgb=job.rgb, channel_axis=axis)
        settings["init"] = init
    if job.axes:
        # Channels are stacked in front of all other axes.
        before = isinstance(job.data, list)
        axes = tuple(axis + before for axis in job.axes)
        steps = quantize_planes_steps(image, job.k, axes=axes, **settings)
        planes = yield from steps
        if "centers" in job.roles:  # located here, not in the window's thread
            yield from located(planes.locate())
        return planes
    result = yield from quantize_steps(image, job.k, **settings)
    if "centers" in job.roles:
        yield from located(result.locate())
    return result


def _image(job: Job) -> Any:
    """Return the image as one array; of dask where it is that, or too large."""
    if isinstance(job.data, list):
        channels = [channel[job.cut] for channel in job.data]
        if job.needed is None:
            return stacked(channels)
        return stacked([_blocks(channel) for channel in channels])
    image = job.data[job.cut]
    return image if job.needed is None else _blocks(image)


def _blocks(array: Any) -> Any:
    import dask.array as da

    return da.asarray(array)
