"""Pictures: images in files, by what the files say of themselves.

Pillow reads them, and OpenCV what Pillow would make 8 bits of. TIFF has a module of its
own.
"""

from __future__ import annotations

import os
import struct
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..core.run.memory import free_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray
    from PIL.ImageFile import ImageFile

#: A path, or all that is in a file.
Source = str | bytes

#: Formats that Pillow knows, but does not read well, or not at all.
_LEFT = ("BUFR", "EPS", "FITS", "GRIB", "HDF5", "MPEG", "WMF")

#: Where several images are frames; elsewhere they are views, sizes or layers of one.
_ANIMATED = ("AVIF", "DCX", "FLI", "GIF", "PNG", "WEBP")

#: Modes of Pillow that are read as they are, and what they hold.
_PLAIN: dict[str, Any] = {
    "1": np.bool_,
    "I": np.int32,
    "I;16": np.uint16,
    "F": np.float32,
}
_COLOR = ("P", "PA", "RGB", "RGBX", "RGBA", "RGBa", "CMYK", "YCbCr")

#: As EXIF and TIFF number what they say of orientation.
ORIENTATION = 0x0112

_LOCK = Lock()


@dataclass(frozen=True)
class Picture:
    """An image in a file: what the file says of it, and what reads its pixels.

    Attributes
    ----------
    name : str
    shape : tuple of int
        Upright; frames come first and colors last. Without the alpha of gray values.
    dtype : numpy.dtype
    read : callable
        Returns the pixels; gray values and their alpha along a last axis of 2.
    rgb : bool
        Whether the last axis is red, green, blue (, alpha).
    alpha : bool
        Whether gray values have alpha.
    channel_axis : int or None
        The axis of channels that are not color.
    channel_names : tuple of str
        Their names, where they have some.
    no_data : float or None
        The value that says that there is none.
    placement : dict
        What puts it into the world: see `scale.placement`.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    read: Callable[[], NDArray[Any]]
    rgb: bool = False
    alpha: bool = False
    channel_axis: int | None = None
    channel_names: tuple[str, ...] = ()
    no_data: float | None = None
    placement: dict[str, Any] = field(default_factory=dict)

    @property
    def stored(self) -> tuple[int, ...]:
        """The shape of what is read."""
        return (*self.shape, 2) if self.alpha else self.shape

    @property
    def kind(self) -> tuple[Any, ...]:
        """What images have in common that may lie in a stack."""
        return self.shape, self.dtype, self.rgb, self.alpha, self.channel_axis

    def __str__(self) -> str:
        """Return its size and kind in words."""
        size = " x ".join(map(str, self.shape))
        kind = ", RGB" if self.rgb else ", with alpha" if self.alpha else ""
        return f"{size} {self.dtype}{kind}"


def open_picture(source: Source, name: str) -> Picture | None:
    """Return the picture in a file; None where it is not one that Pillow reads.

    Raises
    ------
    Exception
        Pillow's, or a ValueError, with the reason why it cannot be read.
    """
    try:
        image, depth, mode = _open(source)
    except UnidentifiedImageError:
        return None
    with image:
        if image.format in _LEFT:
            return None
        if image.format == "AVIF" and depth > 8:
            warnings.warn(
                f"{name} has more than the 8 bits that are read.", stacklevel=2
            )
            depth = 8
        first = int(getattr(image, "default_image", False))  # no frame of the others
        n = getattr(image, "n_frames", 1) if image.format in _ANIMATED else 1
        if n - first > 1:
            if depth > 8:
                raise ValueError(f"it has frames of {depth} bits a channel")
            pixels, mode = _frames(image, range(first, n))
            shape = pixels.shape[:-1] if mode == "LA" else pixels.shape
            dtype, read = pixels.dtype, lambda: pixels
        else:
            shape = image.size[::-1] if _orientation(image) < 5 else image.size
            shape += (len(mode),) if mode[:3] == "RGB" else ()
            dtype = np.dtype(np.uint16 if depth > 8 else _PLAIN.get(mode, np.uint8))
            read = partial(_read_deep if depth > 8 else _read, source, mode)
    return Picture(name, shape, dtype, read, mode[:3] == "RGB", mode == "LA")


def upright(image: NDArray[Any], orientation: int, y: int, x: int) -> NDArray[Any]:
    """Return an image as it is to be seen, by the number that EXIF and TIFF have.

    Parameters
    ----------
    image : array
    orientation : int
        1 to 8: where the first row and the first column are; others mean 1.
    y, x : int
        The axes of rows and columns.

    Examples
    --------
    >>> upright(np.array([[1, 2, 3]]), 8, 0, 1).tolist()
    [[3], [2], [1]]
    """
    if orientation in (5, 6, 7, 8):
        image = np.swapaxes(image, y, x)
    if orientation in (2, 3, 6, 7):
        image = np.flip(image, x)
    return np.flip(image, y) if orientation in (3, 4, 7, 8) else image


def check_room(n_bytes: int) -> None:
    """Raise where the pixels of a file are more than the memory that is free."""
    if n_bytes > (free := free_memory()):
        raise ValueError(f"it needs {n_bytes:,} bytes of memory, and {free:,} are free")


def opened(source: Source) -> str | BytesIO:
    """Return what libraries open."""
    return BytesIO(source) if isinstance(source, bytes) else source


def beginning(source: Source) -> bytes:
    """Return the first bytes of a file."""
    with BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
        return file.read(16)


def content(source: Source) -> bytes:
    """Return all that is in a file."""
    return source if isinstance(source, bytes) else Path(source).read_bytes()


def pillow_mode(image: ImageFile) -> str:
    """Return what to read an image of Pillow's as: as it is, L, LA, RGB or RGBA."""
    mode = "I;16" if image.mode.startswith("I;16") else image.mode
    alpha = "A" if image.has_transparency_data else ""
    if mode in _PLAIN and not alpha:
        return mode
    if mode in _COLOR:
        return f"RGB{alpha}"
    if mode in ("L", "LA", "La", "1", "I;16"):
        return f"L{alpha}"
    raise ValueError(f"its colors are {mode}; RGB, CMYK and YCbCr are read")


def pillow_pixels(image: ImageFile, mode: str) -> NDArray[Any]:
    """Return the pixels of an image of Pillow's, as one of these modes."""
    image.load()
    array = np.asarray(image if mode in _PLAIN else image.convert(mode))
    return array.astype(array.dtype.newbyteorder("="), copy=False)


@contextmanager
def trusting() -> Iterator[None]:
    """Have Pillow open images of any size, and warn of nothing."""
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _open(source: Source) -> tuple[ImageFile, int, str]:
    """Open an image; return it, its bits a channel, and the mode to read it as."""
    with trusting():
        image = Image.open(opened(source))
    try:
        if image.format in _LEFT:
            return image, 8, ""
        if image.format == "PNG":
            return image, *_png(image, source)
        return image, _depth(image, source), pillow_mode(image)
    except Exception:
        image.close()
        raise


def _png(image: ImageFile, source: Source) -> tuple[int, str]:
    """Return the bits a channel of a PNG, and the mode to read it as."""
    chunks = _png_chunks(source)
    depth, color = chunks["IHDR"][8:10]
    if "tRNS" in chunks and color == 0 and depth < 8:
        # Pillow has the values go up to 255, but not the transparent one.
        key = int.from_bytes(chunks["tRNS"])
        image.info["transparency"] = key * 255 // (2**depth - 1)
    if "eXIf" in chunks and "exif" not in image.info:
        image.load()  # it is behind the pixels
    # Pillow has no mode for gray of 16 bits with alpha.
    return depth, "LA" if (color, depth) == (4, 16) else pillow_mode(image)


def _png_chunks(source: Source) -> dict[str, bytes]:
    """Return what is in the chunks of a PNG, each up to 16 bytes."""
    chunks = {}
    with BytesIO(source) if isinstance(source, bytes) else open(source, "rb") as file:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            length, name = struct.unpack(">I4s", head)
            content = file.read(min(length, 16))
            chunks[name.decode("latin-1")] = content
            file.seek(length - len(content) + 4, os.SEEK_CUR)
    return chunks


def _depth(image: ImageFile, source: Source) -> int:
    """Return how many bits a channel has, where they may be more than Pillow's 8."""
    if image.format == "PPM":
        return 16 if _most(image) > 255 else 8
    if image.format == "JPEG2000":
        _, _, size = content(source).partition(b"\xff\x4f\xff\x51")
        return (size[38] & 0x7F) + 1
    if image.format == "AVIF":
        _, _, configuration = content(source).partition(b"av1C")
        return 10 if configuration[2] & 0x40 else 8
    return 8


def _most(image: ImageFile) -> int:
    """Return the value that is white in a PPM."""
    *_, parameters = image.tile[0]
    if isinstance(parameters, tuple) and isinstance(parameters[-1], int):
        return max(parameters[-1], 255)
    return 65_535 if image.mode.startswith("I") else 255


def _orientation(image: ImageFile) -> int:
    try:
        # Of a PNG, Pillow's own method would read the pixels, too.
        said = Image.Image.getexif(image).get(ORIENTATION, 1)
    except Exception:  # what is beside an image is no reason not to read it
        return 1
    return int(said) if said in range(1, 9) else 1


def _read(source: Source, mode: str) -> NDArray[Any]:
    image, _, _ = _open(source)
    with image:
        return upright(pillow_pixels(image, mode), _orientation(image), 0, 1)


def _read_deep(source: Source, mode: str) -> NDArray[Any]:
    """Read more than 8 bits a channel."""
    from ..core.cluster.opencv import decode

    image, _, _ = _open(source)
    with image:
        most = _most(image) if image.format == "PPM" else 65_535
        image.load()  # raises where it is damaged, of which OpenCV would print
        array = decode(content(source))
        array = array.reshape(*array.shape[:2], -1)
        n = 3 if mode[:3] == "RGB" else 1
        color, alpha = array[..., :n], array[..., -1:]
        if "transparency" in image.info:
            shown = color != np.array(image.info["transparency"])
            alpha = shown.any(axis=-1, keepdims=True) * np.uint16(65_535)
        if array.dtype != np.uint16 or array.shape[1::-1] != image.size:
            raise ValueError("its channels have more bits than the 8 that are read")
        if most < 65_535:
            color = np.rint(color * (65_535 / most)).astype(np.uint16)
        if mode.endswith("A"):
            color = np.concatenate([color, alpha], axis=-1)
        elif n == 1:
            color = color[..., 0]
        return upright(color, _orientation(image), 0, 1)


def _frames(image: ImageFile, indices: range) -> tuple[NDArray[Any], str]:
    """Return the frames of an animation, each as it is to be seen, and their mode."""
    check_room(4 * len(indices) * image.width * image.height)
    modes, sizes = set(), set()
    for index in indices:
        image.seek(index)
        modes.add(pillow_mode(image))
        sizes.add(image.size)
    if len(sizes) > 1:
        named = sorted(f"{rows} x {columns}" for columns, rows in sizes)
        raise ValueError(f"its frames differ in size: {' and '.join(named)}")
    mode = modes.pop()
    if modes:
        color = any(other[:3] == "RGB" for other in (mode, *modes))
        alpha = any(other.endswith("A") for other in (mode, *modes))
        mode = ("RGB" if color else "L") + ("A" if alpha else "")
    frames = []
    for index in indices:
        image.seek(index)
        frames.append(pillow_pixels(image, mode))
    return upright(np.stack(frames), _orientation(image), 1, 2), mode
