"""Requests: what the dock's settings ask for, as a job."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ..core.run.memory import forecast, free_memory
from ..core.validation import check_k
from .job import Job
from .preferences import preferences
from .reading import Reading
from .regions import mask
from .seeds import colors_at, seeds_of
from .settings import LABELS, OPTIMAL
from .sources import check_channels, full_resolution, plane

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Layer

    from ..core.options.keywords import ReadOptions
    from .choice import Choice
    from .settings import DockSettings


def request(viewer: ViewerModel, choice: Choice) -> Job:
    """Return what is to be done, as a job; raise where that is not valid."""
    settings, sources, images = choice.settings, choice.sources, choice.offers.images
    if not sources:
        raise ValueError("layer=None should be an Image or Points layer.")
    job: dict[str, Any] = {
        "sources": sources,
        "data": [full_resolution(source) for source in sources],
        "k": check_k(settings.integer("k")),
        "fitting": settings.fitting(choice.epsilon.default),
        "roles": settings.roles(points=not images),
        "settings": replace(settings, layer=None),
    }
    if not images:
        return Job(**job)
    check_channels(images)
    scope = settings.scope
    together = scope.current or not scope.axes
    if together and (seeds := _seeds(viewer, images)) is not None:
        if settings.init in (LABELS, OPTIMAL):
            raise ValueError(
                f"start={settings.init!r} should not go with centers that were added "
                "to the image: delete their points."
            )
        job["fitting"] = {**job["fitting"], "init": seeds}
    reading = reading_of(viewer, images, settings)
    needed = _needed(images, job["data"])
    return Job(
        **job,
        reading=reading,
        start_labels=_painted(settings),
        axes=() if scope.current else scope.axes,
        needed=needed if reading.by_blocks else None,
    )


def _seeds(viewer: ViewerModel, images: list[Image]) -> Any:
    """Return the colors to start from that were pointed at; None where none were."""
    layer = seeds_of(viewer, images)
    if layer is None or not len(layer.data):
        return None
    colors = colors_at(images, layer.data)
    return colors if len(colors) else None


def _needed(images: list[Image], data: list[Any]) -> int:
    """Return the bytes that images would need as a whole."""
    rgb = bool(images[0].rgb)
    return sum(forecast(array.shape, array.dtype, rgb=rgb) for array in data)


def reading_of(
    viewer: ViewerModel, images: list[Image], settings: DockSettings
) -> Reading:
    """Return what is read of images, and how."""
    data = [full_resolution(image) for image in images]
    scope = settings.scope
    most = preferences().memory or free_memory() // 2
    around = partial(mask, settings.mask, images[0]) if settings.mask else None
    cut = plane(viewer.dims, images[0], scope.axes) if scope.current else ()
    by_blocks = _needed(images, data) > most
    return Reading(data, cut, _options(images, settings), around, by_blocks)


def _options(images: list[Image], settings: DockSettings) -> ReadOptions:
    """Return how images are read."""
    rgb = bool(images[0].rgb)
    options: ReadOptions = {"rgb": rgb, "no_data": settings.number()}
    if rgb:
        options["color_space"] = settings.color_space
    if rgb or len(images) > 1:
        options["scaling"] = settings.scaling
    if len(images) > 1:
        options["channel_axis"] = 0
        options["channel_names"] = [image.name for image in images]
    return options


def _painted(settings: DockSettings) -> Any:
    """Return the labels to start from, where that was asked for."""
    if settings.init != LABELS:
        return None
    start: Layer | None = settings.start_labels
    if start is None:
        raise ValueError(
            "start='Labels layer' should go with a Labels layer, but none is chosen."
        )
    return full_resolution(start)
