"""Reading: images by what their files say of them."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import numpy as np

from .. import omezarr
from ..core.run.lazy import is_lazy
from ..core.run.systems import is_hidden
from ..layers.metadata import PLACEMENT
from ..omezarr.source import reason
from . import scale
from .pictures import Picture, beginning, check_room, open_picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ..layers.metadata import LayerData
    from .pictures import Source

#: What a file of classic or of big TIFF begins with.
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


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
        the last. In the attributes are a ``name``; ``rgb``, where the file says whether
        it is in color; or ``channel_axis``, where it says that it has channels;
        ``scale`` and ``units``, of each axis but that of channels or colors, where a
        TIFF or an OME-Zarr says how large a pixel is, and ``axis_labels``, where it
        names the axes; and ``metadata``, a dict, with what else it says, as far as it
        does: ``alpha``, of the shape of a gray image, 0 where a pixel is transparent;
        ``channel_names``; ``no_data``, the value that stands for none.

    Raises
    ------
    ModuleNotFoundError
        Without napari, or zarr for an OME-Zarr.
    ValueError
        Where there is no such file, or it cannot be read, or holds no such image.

    Notes
    -----
    Of a TIFF, a pixel is as large as its OME-XML says, else as ImageJ has described it,
    else as its tags of resolution say. Most of these are of a screen or a printer, and
    do not count: dots an inch up to 5,080, and what of dots a centimeter is a usual
    number of dots an inch. PNG and JPEG have no others. Lengths are all told in the
    unit of the last axis; what is no metric length is not told.

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


def read_mask(path: str, *, lazy: bool = False) -> Any:
    """Read which pixels of an image take part: an array of bool.

    Of colors, black is 0, and so is what is transparent.

    Parameters
    ----------
    path : str
        An image, or labels, that is 0 where pixels are to be left out.
    lazy : bool, default False
        Whether what is read lazily stays an array of dask.

    Raises
    ------
    ModuleNotFoundError, ValueError
        As `read`.
    """
    data, attributes, kind = source = read(path, types=("image", "labels"))
    if not (lazy and is_lazy(data)):
        data = np.asarray(data)
    if kind == "image" and attributes.get("rgb"):
        mask = (data[..., :3] != 0).any(axis=-1)
        alpha = data[..., 3] if data.shape[-1] == 4 else None
    else:
        mask, alpha = data.astype(np.bool_), said(source, "alpha")
    return mask if alpha is None else mask & (alpha > 0)


def said(image: LayerData, what: str) -> Any:
    """Return what else a file says of an image, None where it does not."""
    return image[1].get("metadata", {}).get(what)


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
    paths = [path for path in paths if not is_hidden(path.name)]
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
            f'{folder} needs dask, which is missing: pip install "napari-kmeans[zarr]".'
        ) from error
    blocks = [
        da.from_delayed(
            delayed(_pixels)(frame, str(path)), shape=frame.stored, dtype=frame.dtype
        )
        for path, frame in frames
    ]
    if picture.channel_axis is not None:
        picture = replace(picture, channel_axis=picture.channel_axis + 1)
    placement = scale.stacked([frame.placement for _, frame in frames])
    picture = replace(picture, placement=placement)
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
    attributes |= picture.placement
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
            'pip install "napari-kmeans[all]".'
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
