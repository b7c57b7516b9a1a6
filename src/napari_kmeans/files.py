"""Files: images read by what their files say, and results written to a folder.

A result's folder holds the quantized image and the labels, each as PNG where that
format has room for it and as TIFF elsewhere, the table of centers as CSV, and the
settings as JSON.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import numpy as np
from PIL import Image

from . import omezarr, replacement
from .layers.metadata import METADATA
from .omezarr.source import reason
from .pictures import Picture, beginning, check_room, open_picture

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from .core.results.image import QuantizedImage
    from .core.results.planes import QuantizedPlanes
    from .layers.metadata import LayerData
    from .pictures import Source

#: What a file of classic or of big TIFF begins with.
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

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
    path: str | os.PathLike[str],
    *,
    layer: int | None = None,
    plugin: str | None = None,
    types: tuple[str, ...] = ("image",),
) -> LayerData:
    """Read an image as its file says that it is to be seen.

    Pictures and TIFF are read by what they say of themselves: channels, palette,
    photometric interpretation, alpha, transparent color, orientation and frames. What
    cannot be heeded is an error. OME-Zarr is read lazily, and so is a folder of images,
    which is a stack of them. Whatever else there is, napari's readers read.

    Parameters
    ----------
    path : str or path-like
        A file, a folder or a URL.
    layer : int, optional
        Which of several images to take, from 0. By default there should be one only.
    plugin : str, optional
        The napari plugin to read with, instead.
    types : tuple of str, default ("image",)
        The types of layers that will do.

    Returns
    -------
    data, attributes, type
        Napari's LayerDataTuple. Frames and pages are the first axes of the data, colors
        the last. In the attributes are a `name`; `rgb`, where the file says whether it
        is in color; or `channel_axis`, where it says that it has channels; and
        `metadata`, a dict, with what else it says, as far as it does: ``alpha``, of the
        shape of a gray image, 0 where a pixel is transparent; ``channel_names``;
        ``no_data``, the value that stands for none.

    Raises
    ------
    ModuleNotFoundError
        Without napari, or zarr for an OME-Zarr.
    ValueError
        Where there is no such file, or it cannot be read, or holds no such image.

    Examples
    --------
    A gray picture, 1 pixel of which is transparent:

    >>> import tempfile
    >>> from PIL import Image
    >>> from napari_kmeans import quantize
    >>> gray, alpha = (Image.new("L", (3, 1)) for _ in range(2))
    >>> gray.putdata([10, 20, 30])
    >>> alpha.putdata([255, 0, 255])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Image.merge("LA", [gray, alpha]).save(f"{folder}/photo.png")
    ...     data, attributes, kind = read(f"{folder}/photo.png")
    >>> data.tolist(), attributes["name"], attributes["rgb"], kind
    ([[10, 20, 30]], 'photo', False, 'image')
    >>> mask = attributes["metadata"]["alpha"] > 0
    >>> quantize(data, k=2, rgb=attributes["rgb"], mask=mask).labels.tolist()
    [[1, 0, 2]]
    """
    path = os.fspath(path)
    if "://" not in path and not Path(path).exists():
        raise ValueError(f"{path} should be a file or a folder, but there is none.")
    images = [image for image in _images(path, plugin) if image[2] in types]
    data, attributes, kind = _pick(images, layer, path)
    if isinstance(data, Picture):
        return _layer_data(data, _pixels(data, path))
    return data, attributes, kind


def _images(path: str, plugin: str | None) -> list[LayerData]:
    """Return the images that are there; a `Picture` stands for what is not yet read."""
    if plugin is None:
        if reader := omezarr.napari_get_reader(path):
            return [_complete(layer_data, path) for layer_data in reader(path)]
        if Path(path).is_dir():
            found = _stack(Path(path))
        else:
            found = [
                (picture, {"name": picture.name}, "image")
                for picture in _pictures(path)
            ]
        if found:
            return found
    opened = [_complete(layer_data, path) for layer_data in _by_napari(path, plugin)]
    return [image for image in opened if image[0] is not None]


def _pictures(path: str) -> list[Picture]:
    """Return the pictures in a file; none where it is of another kind."""
    source: Source = path
    with _saying_where(path):
        if "://" in path:
            try:
                with urlopen(path) as response:
                    source = response.read()
            except (OSError, ValueError):  # napari may know what it is
                return []
        if beginning(source).startswith(_TIFF):
            from . import tiff

            return tiff.pictures(source, stem(path))
        found = open_picture(source, stem(path))
        return [] if found is None else [found]


def _pixels(picture: Picture, path: str) -> NDArray[Any]:
    with _saying_where(path):
        check_room(prod(picture.stored) * picture.dtype.itemsize)
        return picture.read()


@contextmanager
def _saying_where(path: str) -> Iterator[None]:
    """Name the file that cannot be read, whatever a library raises."""
    try:
        yield
    except Exception as error:
        raise ValueError(f"{path} could not be read: {reason(error)}.") from error


def _stack(folder: Path) -> list[LayerData]:
    """Return the images in a folder as one, lazily; none where it holds no pictures."""
    paths = [path for path in folder.iterdir() if path.is_file()]
    paths = [path for path in paths if not path.name.startswith(".")]
    paths.sort(key=lambda path: _natural(path.name))
    found = [(path, _pictures(str(path))) for path in paths]
    if not any(pictures for _, pictures in found):
        return []
    for path, pictures in found:
        if len(pictures) != 1:
            held = f"holds {len(pictures)}" if pictures else "is none"
            raise ValueError(f"{folder} should hold images, but {path.name} {held}.")
    frames = [(path, pictures[0]) for path, pictures in found]
    first, picture = frames[0]
    for path, other in frames[1:]:
        if other.kind != picture.kind:
            raise ValueError(
                f"{folder} should hold images of one size and kind, but {first.name} "
                f"is {picture}, and {path.name} is {other}."
            )
    picture = replace(picture, name=stem(str(folder)))
    if len(frames) == 1:
        return [_layer_data(picture, _pixels(picture, str(first)))]
    try:
        import dask.array as da
        from dask import delayed
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"{folder} needs dask, which is missing: pip install 'napari-kmeans[zarr]'."
        ) from error
    blocks = [
        da.from_delayed(
            delayed(_pixels)(frame, str(path)), shape=frame.stored, dtype=frame.dtype
        )
        for path, frame in frames
    ]
    if picture.channel_axis is not None:
        picture = replace(picture, channel_axis=picture.channel_axis + 1)
    return [_layer_data(picture, da.stack(blocks))]


def _natural(name: str) -> list[tuple[int, str]]:
    """Return what sorts names so that 10 comes after 9."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part)
        for part in re.split(r"(\d+)", name)
    ]


def _layer_data(picture: Picture, pixels: Any) -> LayerData:
    """Return what napari opens, of a picture and its pixels."""
    metadata: dict[str, Any] = {}
    if picture.alpha:
        pixels, metadata["alpha"] = pixels[..., 0], pixels[..., 1]
    if picture.channel_names:
        metadata["channel_names"] = picture.channel_names
    if picture.no_data is not None:
        metadata["no_data"] = picture.no_data
    attributes: dict[str, Any] = {"name": picture.name, "metadata": metadata}
    if picture.channel_axis is None:
        attributes["rgb"] = picture.rgb
    else:
        attributes["channel_axis"] = picture.channel_axis
    return pixels, attributes, "image"


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
    if path.endswith(".py"):  # napari would run it
        raise ValueError(f"{path} should be an image, not a script.")
    npe2.PluginManager.instance().discover()
    with _saying_where(path):
        return npe2.read([path], stack=False, plugin_name=plugin)


def _complete(opened: Any, path: str) -> LayerData:
    """Return what a reader returned with all its parts, and with a name."""
    if not isinstance(opened, tuple):  # a layer
        opened = opened.as_layer_data_tuple()
    data, attributes, kind = opened + (None, {}, "image")[len(opened) :]
    if isinstance(data, (list, tuple)):  # of one image, from large to small
        data = data[0]
    attributes = {"name": stem(path), "metadata": {}} | dict(attributes)
    attributes.pop("multiscale", None)
    if attributes.get("channel_axis") is not None:
        # Napari makes a layer a channel and takes a list of every other attribute.
        kept = {key: attributes[key] for key in PLACEMENT if key in attributes}
        axis, name = attributes["channel_axis"], attributes["name"]
        names = {} if isinstance(name, str) else {"channel_names": tuple(name)}
        attributes = {
            "channel_axis": axis,
            "name": stem(path),
            "metadata": names,
            **kept,
        }
    return data, attributes, kind


def _pick(images: list[LayerData], layer: int | None, path: str) -> LayerData:
    """Return the image that was asked for, or the only one."""
    if not images:
        raise ValueError(f"{path} should hold an image, but holds none.")
    if layer is None and len(images) > 1:
        choices = ", ".join(
            f"{i}: {attributes['name']} ({' x '.join(map(str, data.shape))})"
            for i, (data, attributes, _) in enumerate(images)
        )
        raise ValueError(
            f"{path} holds {len(images)} images; layer should be one of {choices}."
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


def write(
    folder: Path,
    result: QuantizedImage | QuantizedPlanes,
    alpha: NDArray[Any] | None = None,
) -> None:
    """Write the quantized image, the labels, the centers and the settings to a folder.

    The settings, `SETTINGS`, are JSON as layers have them in their metadata. A gray
    image may have alpha, an array of its shape and dtype.
    """
    image, axis = np.asarray(result.quantized), result.settings["channel_axis"]
    if result.rgb and axis is not None:
        image, axis = np.moveaxis(image, axis, -1), None
    _write_image(folder / "quantized", image, result.rgb, axis, alpha)
    _write_image(folder / "labels", np.asarray(result.labels))
    result.features.to_csv(folder / "centers.csv", index=False)
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
