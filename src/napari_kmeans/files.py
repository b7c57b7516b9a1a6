"""Files: images read by napari's readers, and results written to a folder.

A result's folder holds the quantized image and the labels, each as PNG where that
format has room for it and as TIFF elsewhere, the table of centers as CSV, and the
settings as JSON.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import omezarr, replacement
from .core.layerdata import METADATA

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from .core.layerdata import LayerData
    from .core.planes import QuantizedPlanes
    from .core.result import QuantizedImage

#: What puts a layer into the world; with channels apart, without their axis.
PLACEMENT = ("scale", "translate", "units", "axis_labels")

#: What a result was made with; and by what: without it, a folder is no result.
SETTINGS = "settings.json"

#: All that a result's folder may hold.
NAMES = (
    "quantized.png",
    "quantized.tif",
    "labels.png",
    "labels.tif",
    "centers.csv",
    SETTINGS,
)


def read(
    path: str,
    *,
    layer: int | None = None,
    plugin: str | None = None,
    types: tuple[str, ...] = ("image",),
) -> LayerData:
    """Read an image by napari's readers; an OME-Zarr by our own, and lazily.

    Parameters
    ----------
    path : str
        A file, a folder or a URL.
    layer : int, optional
        Which of several images to take, from 0. By default there should be one only.
    plugin : str, optional
        The napari plugin to read with. By default our own where it is an OME-Zarr, and
        the first that can elsewhere.
    types : tuple of str, default ("image",)
        The types of layers that will do.

    Returns
    -------
    data, attributes, type
        Napari's LayerDataTuple; the attributes have a name.

    Raises
    ------
    ModuleNotFoundError
        Without napari, or zarr for an OME-Zarr.
    ValueError
        Where there is no such file, or it cannot be read, or holds no such image.
    """
    reader = omezarr.napari_get_reader(path) if plugin is None else None
    opened = reader(path) if reader else _by_napari(path, plugin)
    images = [_complete(layer_data, path) for layer_data in opened]
    images = [image for image in images if image[0] is not None and image[2] in types]
    return _pick(images, layer, path)


def _by_napari(path: str, plugin: str | None) -> Any:
    """Return what napari's readers make of a path."""
    try:
        import napari  # noqa: F401 (it brings readers of its own)
        import npe2
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{path} should be read by napari, which is missing: "
            "pip install 'napari-kmeans[all]'."
        ) from error
    if "://" not in path and not Path(path).exists():
        raise ValueError(f"{path} should be a file or a folder, but there is none.")
    if path.endswith(".py"):  # napari would run it
        raise ValueError(f"{path} should be an image, not a script.")
    npe2.PluginManager.instance().discover()
    try:
        return npe2.read([path], stack=False, plugin_name=plugin)
    except Exception as error:  # a reader may raise anything
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ValueError(f"{path} could not be read: {reason}") from error


def _complete(opened: Any, path: str) -> LayerData:
    """Return what a reader returned with all its parts, and with a name."""
    if not isinstance(opened, tuple):  # a layer
        opened = opened.as_layer_data_tuple()
    data, attributes, kind = opened + (None, {}, "image")[len(opened) :]
    if isinstance(data, (list, tuple)):  # of one image, from large to small
        data = data[0]
    attributes = {"name": stem(path)} | dict(attributes)
    attributes.pop("multiscale", None)
    if attributes.get("channel_axis") is not None:
        # Napari makes a layer a channel and takes a list of every other attribute.
        kept = {key: attributes[key] for key in PLACEMENT if key in attributes}
        axis = attributes["channel_axis"]
        attributes = {"channel_axis": axis, "name": stem(path), **kept}
    return data, attributes, kind


def _pick(images: list[LayerData], layer: int | None, path: str) -> LayerData:
    """Return the image that was asked for, or the only one."""
    if not images:
        raise ValueError(f"{path} should hold an image, but holds none.")
    if layer is None and len(images) > 1:
        names = ", ".join(f"{i}: {image[1]['name']}" for i, image in enumerate(images))
        raise ValueError(
            f"{path} holds {len(images)} images; layer should be one of {names}."
        )
    layer = layer or 0
    if not 0 <= layer < len(images):
        raise ValueError(
            f"layer={layer} should be from 0 to {len(images) - 1}, as {path} holds "
            f"{len(images)} images."
        )
    return images[layer]


def stem(path: str) -> str:
    """Return the name of a file, a folder or a URL, without its suffix.

    Examples
    --------
    >>> stem("https://example.org/bricks.jpg")
    'bricks'
    """
    return (Path(path) if "://" in path else Path(path).resolve()).stem or "image"


def replacing(folder: Path, *, force: bool = False) -> AbstractContextManager[Path]:
    """Give a new folder to `write` into, that takes its place at the end.

    As `replacement.replacing`: an earlier result is replaced where `force` is True, and
    nothing else is.
    """
    return replacement.replacing(folder, _written, force=force)


def _written(folder: Path) -> str:
    """Return a regular expression of what a result holds; "" where there is none."""
    try:
        record = json.loads((folder / SETTINGS).read_bytes())
    except (OSError, ValueError, RecursionError):
        return ""
    is_ours = isinstance(record, dict) and METADATA in record
    return "|".join(map(re.escape, NAMES)) if is_ours else ""


def write(folder: Path, result: QuantizedImage | QuantizedPlanes) -> None:
    """Write the quantized image, the labels, the centers and the settings to a folder.

    The settings, `SETTINGS`, are JSON as layers have them in their metadata.
    """
    _write_image(folder / "quantized", result.quantized, rgb=result.rgb)
    _write_image(folder / "labels", result.labels, rgb=False)
    result.features.to_csv(folder / "centers.csv", index=False)
    record = {METADATA: omezarr.plain(result.settings)}
    (folder / SETTINGS).write_text(json.dumps(record, indent=2) + "\n")


def _write_image(path: Path, image: NDArray[Any], *, rgb: bool) -> None:
    """Write an image as PNG, or TIFF where that cannot hold it; at once, if lazy."""
    image = np.asarray(image)
    native = image.astype(image.dtype.newbyteorder("="), copy=False)
    # PNG holds colors of 16 bits, too, but what napari reads with halves them.
    depths = (np.uint8,) if rgb else (np.uint8, np.uint16)
    if native.dtype in depths and native.ndim == 2 + rgb:
        from .core.opencv import encode_png

        path.with_suffix(".png").write_bytes(encode_png(native))
    else:
        import tifffile

        kind = "rgb" if rgb else "minisblack"
        tifffile.imwrite(
            path.with_suffix(".tif"), native, photometric=kind, compression="zlib"
        )
