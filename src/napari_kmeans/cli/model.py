"""The model: a palette of a file, and images that it labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .source import asked_of

if TYPE_CHECKING:
    from pathlib import Path

    from ..core.palettes.palette import Palette
    from ..core.results.image import QuantizedImage
    from ..core.run.progress import Report
    from ..layers.metadata import LayerData

#: In the folder of a result: its palette.
MODEL = "palette.json"


def loaded(file: Path, option: str = "model") -> Palette:
    """Read a palette, of whatever format.

    Raises
    ------
    ValueError
        Where there is none.
    """
    from ..core.palettes.palette import Palette

    try:
        return Palette.load(file)
    except OSError as error:
        raise ValueError(
            f"{option}={file} could not be read: {error.strerror or error}."
        ) from error


def painted(
    source: LayerData,
    palette: Palette,
    mask: str | None,
    progress: Report | None,
    distance: str | None = None,
) -> QuantizedImage:
    """Label and paint an image by a palette; its channels are as the file says.

    Distances are measured as the palette does, or in another space.
    """
    from ..batch import result
    from ..core.quantize import quantize
    from ..core.reading.source import Source
    from ..core.run.progress import follow

    options = _options(source, palette, mask)
    if distance is not None:
        fixed: Any = {"init": palette, "fixed": True, "color_space": distance}
        return quantize(source[0], progress=progress, **options, **fixed)
    opened = Source.of(source[0], **options)
    return follow(lambda: result.painted(opened, palette), progress)


def _options(source: LayerData, palette: Palette, mask: str | None) -> dict[str, Any]:
    """Return what an image is: as its file says, or else as the palette's was."""
    layout = palette.layout
    open_ = {"rgb": None, "channel_axis": None, "no_data": None}
    options = asked_of(source, open_, mask)
    if options["rgb"] is None and options["channel_axis"] is None:
        options["rgb"], options["channel_axis"] = layout.rgb, layout.channel_axis
    if options["no_data"] is None:
        options["no_data"] = layout.no_data
    return options


def differences(source: LayerData, palette: Palette) -> tuple[str, ...]:
    """Return what of an image is not as what the palette was made of.

    Raises
    ------
    ValueError
        Where it does not have the channels.
    """
    import numpy as np

    image, layout = source[0], palette.layout
    options = _options(source, palette, None)
    axis, own = options["channel_axis"], layout.channel_axis
    if axis is None and options["rgb"]:
        axis = -1
    if own is None and layout.rgb:
        own = -1
    if axis is not None and own is not None and axis != own:
        image = np.moveaxis(image, axis, own)
    layout.arrange(image)
    return palette.differences(image)
