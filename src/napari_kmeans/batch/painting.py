"""Painting: images that were read from files, labeled and painted by a palette."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..core.palettes.palette import Palette
    from ..core.results.image import QuantizedImage
    from ..core.run.progress import Report
    from ..layers.metadata import LayerData


def painted(
    source: LayerData,
    palette: Palette,
    mask: str | None,
    progress: Report | None,
    distance: str | None = None,
) -> QuantizedImage:
    """Label and paint an image by a palette; its channels are as the file says.

    Distances are measured as the palette does, or in another space. The settings are
    those that the palette was found with, and say that it was applied.
    """
    from ..core.palettes.placing import is_chart, placed
    from ..core.quantize import quantize
    from ..core.reading.source import Source
    from ..core.run.progress import follow
    from . import result

    options = _options(source, palette, mask)
    if distance is not None:
        fixed: Any = {"init": palette, "fixed": True, "color_space": distance}
        found = quantize(source[0], progress=progress, **options, **fixed)
    else:
        opened = Source.of(source[0], **options)
        if is_chart(palette):
            palette = placed(palette, opened.layout)
        found = follow(lambda: result.painted(opened, palette), progress)
    return replace(found, settings={**found.settings, "applied": True})


def _options(source: LayerData, palette: Palette, mask: str | None) -> dict[str, Any]:
    """Return what an image is: as its file says, or else as the palette's was."""
    from ..files import asked_of

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
    from ..core.data.layout import Layout
    from ..core.palettes.placing import placed, renamed

    image, options = source[0], _options(source, palette, None)
    said = "rgb", "channel_axis", "channel_names", "no_data"
    layout = Layout.of(image, **{name: options.get(name) for name in said})
    names = renamed(palette, layout)
    return *placed(palette, layout).differences(image), *([names] if names else [])
