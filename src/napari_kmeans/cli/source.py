"""The source: an image that is read, and quantized as its file and the user say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..core.quality import Quality
    from ..core.reading.fit import ImageSamples
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
    k: int | None,
    options: Mapping[str, Any],
    *,
    axes: tuple[int, ...] | None,
    mask: str | None,
    memory: int | None,
    progress: Report,
) -> tuple[QuantizedImage | QuantizedPlanes, ImageSamples | None]:
    """Quantize an image, or each plane along these axes; also return what was read.

    What the options leave open, the file itself may say.
    """
    from ..core.options.keywords import BOUND, FIT, KEEP, READ, merged, split
    from ..core.planes import quantize_planes
    from ..core.quantize import read_and_quantized
    from ..core.run.progress import follow
    from ..files import asked_of

    data, options = source[0], asked_of(source, options, mask)
    if axes is not None:
        return quantize_planes(data, k, axes=axes, progress=progress, **options), None
    reading, *searching = split("quantize", {**options}, READ, FIT, BOUND, KEEP)
    given = data, k, memory, reading, merged(searching)
    samples, result = follow(lambda: read_and_quantized(*given), progress)
    result.warn()
    return result, samples


def measured(
    result: QuantizedImage | QuantizedPlanes,
    samples: ImageSamples | None,
    progress: Report,
) -> Quality | None:
    """Return how well an image was quantized, if it need not be read again for that."""
    from ..core.quality import measure
    from ..core.results.image import QuantizedImage

    if not isinstance(result, QuantizedImage) or samples is None:
        return None
    # Of plain OpenCV, not every label is that of the nearest center.
    if result.method == "plain" or not samples.is_read:
        return None
    return measure(samples, result.palette, progress=progress)


def is_masked(mask: str | None, source: LayerData) -> bool:
    """Whether pixels may be left out by a mask, the user's or the image's alpha."""
    from ..files import said

    return mask is not None or said(source, "alpha") is not None


def left_out_by(mask: str | None, source: LayerData) -> str:
    """Return what to call pixels that `quantized` has left out by a mask."""
    from ..files import said

    if said(source, "alpha") is None:
        return "masked"
    return "masked or transparent" if mask else "transparent"


def dithered(
    result: QuantizedImage | QuantizedPlanes,
    source: LayerData,
    method: Any,
    strength: float,
    progress: Report,
) -> QuantizedImage | QuantizedPlanes:
    """Return a result whose labels are mixed by the eye; the same without a method.

    How they are mixed is on record with the settings of the result.
    """
    if method is None:
        return result
    from ..core.dithering.dither import dither
    from ..core.results.planes import QuantizedPlanes

    if isinstance(result, QuantizedPlanes):
        raise ValueError(f"dither={method!r} should not go with each.")
    labels = dither(
        source[0],
        result.palette,
        method=method,
        strength=strength,
        mask=result.labels > 0,
        progress=progress,
    )
    mixed = result.relabeled(labels)
    how = {"dither": method, "strength": strength}
    return replace(mixed, settings={**mixed.settings, **how})
