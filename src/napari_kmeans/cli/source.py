"""The source: an image that is read, and quantized as its file and the user say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..core.options.keywords import PlanesOptions
    from ..core.results.image import QuantizedImage
    from ..core.results.planes import QuantizedPlanes
    from ..core.run.progress import Report
    from ..layers.metadata import LayerData


def read(file: str | None, layer: int | None, plugin: str | None) -> LayerData:
    """Read a file; or, without one, the sample photo."""
    from .. import files, sample_data

    if file is None:
        return sample_data.photo()[0]
    return files.read(file, layer=layer, plugin=plugin)


def quantized(
    source: LayerData,
    k: int,
    options: PlanesOptions,
    *,
    axes: tuple[int, ...] | None,
    mask: str | None,
    memory: int | None,
    progress: Report,
) -> QuantizedImage | QuantizedPlanes:
    """Quantize an image, or each plane along these axes.

    What the options leave open, the file itself may say.
    """
    from ..core.planes import quantize_planes
    from ..core.quantize import quantize
    from ..core.validation import check_image

    data = source[0]
    try:
        check_image(data)
    except TypeError as error:  # to a user it is a value, as the rest is typed
        raise ValueError(error) from error
    options = {**options, **_left_open(source, options), "mask": _mask(mask, source)}
    if axes is not None:
        return quantize_planes(data, k, axes=axes, progress=progress, **options)
    return quantize(data, k, memory=memory, progress=progress, **options)


def _left_open(source: LayerData, options: PlanesOptions) -> PlanesOptions:
    """Return what a file says of its channels, and of no data, as far as it counts."""
    from ..files import said

    attributes = source[1]
    axis = attributes.get("channel_axis")
    rgb, channel_axis = options["rgb"], options["channel_axis"]
    found: PlanesOptions = {}
    if channel_axis is None and rgb is not False:
        channel_axis = axis
        rgb = attributes.get("rgb") if rgb is None else rgb
        found = {"rgb": rgb, "channel_axis": channel_axis}
    if channel_axis is not None and channel_axis == axis and not rgb:
        found["channel_names"] = said(source, "channel_names")
    if options["no_data"] is None:
        found["no_data"] = said(source, "no_data")
    return found


def _mask(file: str | None, source: LayerData) -> Any:
    """Return where pixels take part: by the user's mask, and by the image's alpha."""
    from ..core.run.lazy import is_lazy
    from ..files import read_mask, said

    alpha = said(source, "alpha")
    shown = None if alpha is None else alpha > 0
    if file is None:
        return shown
    mask = read_mask(file, lazy=is_lazy(source[0]))
    return mask if shown is None or shown.shape != mask.shape else mask & shown


def left_out_by(mask: str | None, source: LayerData) -> str:
    """Return what to call pixels that `quantized` has left out by a mask."""
    from ..files import said

    if said(source, "alpha") is None:
        return "masked"
    return "masked or transparent" if mask else "transparent"
