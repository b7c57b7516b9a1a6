"""Writing: a result as a folder of files that other programs open.

It holds the quantized image and the labels, each as PNG where that format has room for
it and as TIFF elsewhere, the table of centers as CSV, and the settings as JSON.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from .. import omezarr
from ..core.run import replacement
from ..layers.metadata import METADATA

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from numpy.typing import NDArray

    from ..core.results.image import QuantizedImage
    from ..core.results.planes import QuantizedPlanes

#: What a result was made with; and by what: without it, a folder is no result.
SETTINGS = "settings.json"

#: The clusters as a palette, for other images.
MODEL = "palette.json"

#: What a batch notes of a result.
RECORD = "record.json"

#: All that a result's folder may hold.
NAMES = (
    "quantized.png",
    "quantized.tif",
    "labels.png",
    "labels.tif",
    "centers.csv",
    MODEL,
    RECORD,
    SETTINGS,
)


def replacing(folder: Path, *, force: bool = False) -> AbstractContextManager[Path]:
    """Give a new folder to `write` into, that takes its place at the end.

    As `replacement.replacing`: an earlier result is replaced where `force` is True, and
    nothing else is.
    """
    return replacement.replacing(folder, _written, force=force)


def check(folder: Path, *, force: bool = False) -> None:
    """Check that a result may be written to a folder, as `replacing` does."""
    replacement.check(folder, _written, force=force)


def _written(folder: Path) -> str:
    """Return a regular expression of what a result holds; "" where there is none."""
    try:
        record = json.loads((folder / SETTINGS).read_bytes())
    except (OSError, ValueError, RecursionError):
        return ""
    is_ours = isinstance(record, dict) and METADATA in record
    return "|".join(map(re.escape, NAMES)) if is_ours else ""


def write(
    folder: Path,
    result: QuantizedImage | QuantizedPlanes,
    alpha: NDArray[Any] | None = None,
) -> None:
    """Write the quantized image, the labels, the centers and the settings to a folder.

    And the palette, as `Palette.load` reads it, unless planes have their own.

    The settings, `SETTINGS`, are JSON as layers have them in their metadata. A gray
    image may have alpha, an array of its shape and dtype.
    """
    image, axis = np.asarray(result.quantized), result.layout.channel_axis
    if result.rgb and axis is not None:
        image, axis = np.moveaxis(image, axis, -1), None
    _write_image(folder / "quantized", image, result.rgb, axis, alpha)
    _write_image(folder / "labels", np.asarray(result.labels))
    result.features.to_csv(folder / "centers.csv", index=False)
    if (palette := getattr(result, "palette", None)) is not None:
        palette.save(folder / MODEL)
    record = {METADATA: omezarr.plain(result.settings)}
    (folder / SETTINGS).write_text(json.dumps(record, indent=2) + "\n")


def _write_image(
    path: Path,
    image: NDArray[Any],
    rgb: bool = False,
    channel_axis: int | None = None,
    alpha: NDArray[Any] | None = None,
) -> None:
    """Write an image as PNG, or as TIFF where that cannot hold it."""
    pixels = image.astype(image.dtype.newbyteorder("="), copy=False)
    if alpha is not None:
        pixels = np.stack([pixels, np.asarray(alpha)], axis=-1)
    several = rgb or alpha is not None
    # PNG holds several channels of 16 bits, too, but many readers halve them.
    depths = (np.uint8,) if several else (np.uint8, np.uint16)
    if pixels.dtype in depths and pixels.ndim == 2 + several:
        Image.fromarray(pixels).save(path.with_suffix(".png"), compress_level=1)
        return
    import tifffile

    axes = ["Q"] * (image.ndim - 2 - rgb - (channel_axis is not None)) + ["Y", "X"]
    if channel_axis is not None:
        axes.insert(channel_axis, "C")
    samples: dict[str, Any] = {"photometric": "minisblack"}
    if several:
        axes.append("S")
        # Tifffile loses booleans that are samples of a pixel; as planes it keeps them.
        if pixels.dtype != np.bool_:
            samples = {"photometric": "rgb" if rgb else "minisblack"}
            samples["planarconfig"] = "contig"
            if pixels.shape[-1] in (2, 4):
                samples["extrasamples"] = ["unassalpha"]
    tifffile.imwrite(
        path.with_suffix(".tif"),
        pixels,
        compression="zlib",
        # Tifffile decides so itself only of what is not compressed.
        bigtiff=pixels.nbytes > 2**32 - 2**25,
        metadata={"axes": "".join(axes)},
        **samples,
    )
