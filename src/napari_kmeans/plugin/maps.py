"""Maps: values of each pixel, such as its error, as a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.run.lazy import is_lazy
from ..layers.levels import downsampled
from ..layers.metadata import METADATA
from ..layers.source import lower_levels, placement_in, title
from .layers import put_instead
from .sources import part

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from napari.layers import Image, Layer

    from .job import Job

#: The colormap of each map, and its limits where they are known.
LOOKS: dict[str, dict[str, Any]] = {
    "error": {"colormap": "magma"},
    "CIEDE2000": {"colormap": "magma"},
    "margin": {"colormap": "viridis", "contrast_limits": (0, 1)},
}


def levels_of(job: Job, mask: Any, of: Callable[..., Any]) -> list[Any]:
    """Return a map in the levels of what it is of.

    Planes of stacks are mapped when they are shown.

    Parameters
    ----------
    job : Job
        What was read.
    mask : array of bool or None
    of : callable
        Gets an image and the argument `mask`.
    """
    if job.reading is None:
        raise ValueError("Maps should be of an image, not of points.")
    image = job.reading.image()
    color = bool(job.reading.options["rgb"])
    levels = [of(_by_planes(image, color=color), mask=mask)]
    source = job.sources[0] if len(job.sources) == 1 else job.sources
    for level in [] if job.reading.cut else lower_levels(source):
        around = None
        if mask is not None:
            shape = job.sources[0].data[0].shape[: job.sources[0].ndim]
            sizes = level.shape[-len(shape) - color :][: len(shape)]
            around = downsampled(np.asarray(mask), sizes)
        levels.append(of(level, mask=around))
    return levels


def _by_planes(image: Any, *, color: bool) -> Any:
    """Return an image in memory of several planes as one of dask, with each a chunk."""
    apart = image.ndim - 2 - color
    if is_lazy(image) or apart < 1:
        return image
    import dask.array as da

    return da.from_array(image, chunks=(*(1,) * apart, *image.shape[apart:]))


def show_map(viewer: ViewerModel, job: Job, name: str, levels: list[Any]) -> None:
    """Add a map as a layer, or put it into the one that was added for that before.

    One that has another name since is the user's.
    """
    from napari.layers import Image

    sources: list[Image] = list(job.sources)
    cut = job.reading.cut if job.reading else ()
    placed = [part(source, cut) if cut else source for source in sources]
    called = f"{title(placed)} {name}"
    key = {"map": name, "source_id": " ".join(str(one.unique_id) for one in sources)}
    attributes: dict[str, Any] = {
        "name": called,
        "multiscale": len(levels) > 1,
        "metadata": {METADATA: key},
        **placement_in(placed[0], levels[0].ndim, None),
        **LOOKS[name],
    }
    new = Image(levels if len(levels) > 1 else levels[0], **attributes)
    old = next((one for one in viewer.layers if _is_for(one, key)), None)
    if old is None:
        viewer.add_layer(new)
    else:
        put_instead(viewer, old, new)
    new.metadata = {METADATA: {**key, "name": new.name}}


def _is_for(layer: Layer, key: dict[str, str]) -> bool:
    """Whether a layer is what was added for a map, under the name it has."""
    return bool(layer.metadata.get(METADATA) == {**key, "name": layer.name})
