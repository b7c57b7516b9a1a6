"""TIFF: images by what their tags say.

Tifffile reads them. What is compressed in a way that it knows with the package
imagecodecs only is decoded by Pillow, or, beyond 8 bits, by OpenCV.
"""

from __future__ import annotations

import logging
import re
import struct
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import tifffile
from PIL import Image
from tifffile import PHOTOMETRIC

from . import scale
from .pictures import (
    ORIENTATION,
    Picture,
    content,
    opened,
    pillow_mode,
    pillow_pixels,
    trusting,
    upright,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from .pictures import Source

#: What tifffile says of what it can decode with imagecodecs only.
_LACKING = "imagecodecs|not supported"

_PHOTOMETRIC, _INK_SET, _GDAL_NODATA = 262, 332, 42_113

#: What is said of an extra sample that is alpha.
_PREMULTIPLIED, _ALPHA = 1, 2

_GRAY = (PHOTOMETRIC.MINISWHITE, PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.MASK)
_COLOR: dict[int, int] = {
    PHOTOMETRIC.RGB: 3,
    PHOTOMETRIC.SEPARATED: 4,
    PHOTOMETRIC.YCBCR: 3,
}


def pictures(source: Source, name: str) -> list[Picture]:
    """Return the images in a TIFF, without those that are smaller views of others.

    Raises
    ------
    Exception
        Tifffile's, or a ValueError, with the reason why it cannot be read.
    """
    with _open(source) as tiff:
        images = _images(tiff)
        return [
            image.picture(name if len(images) == 1 else f"{name} {image.where}", source)
            for image in images
        ]


@contextmanager
def _open(source: Source) -> Iterator[tifffile.TiffFile]:
    """Open a TIFF that is whole, and keep tifffile from printing."""
    logger = logging.getLogger("tifffile")

    def drop(_: Any) -> bool:
        return False

    logger.addFilter(drop)
    try:
        with tifffile.TiffFile(opened(source)) as tiff:
            if not (tiff.is_lsm or tiff.is_ndpi):  # they bend the rules beyond 4 GB
                _check_chain(tiff)
            yield tiff
    finally:
        logger.removeFilter(drop)


def _check_chain(tiff: tifffile.TiffFile) -> None:
    """Raise where a page begins behind the end, as in a file that is cut off."""
    file, form = tiff.filehandle, tiff.tiff

    def number(at: int, size: int, layout: str) -> int:
        file.seek(at)
        if len(read := file.read(size)) < size:
            raise ValueError("it is cut off")
        return int(struct.unpack(layout, read)[0])

    at, seen = form.offsetsize, set()  # where the header says where the first page is
    while page := number(at, form.offsetsize, form.offsetformat):
        if page in seen:
            raise ValueError("its pages form a circle")
        seen.add(page)
        n_tags = number(page, form.tagnosize, form.tagnoformat)
        at = page + form.tagnosize + n_tags * form.tagsize


def _images(tiff: tifffile.TiffFile) -> list[_Tiff]:
    """Return the images; smaller views and masks of one are none of their own."""
    images = [
        _Tiff(tiff, index)
        for index, series in enumerate(tiff.series)
        if not (series.keyframe.is_reduced or series.keyframe.is_mask)
    ]
    if not images:
        raise ValueError("it holds smaller views of an image, and not the image")
    return images


class _Tiff:
    """An image in a TIFF: pages that belong together, and what their tags say.

    Attributes
    ----------
    index : int
        Its place among all that tifffile finds.
    axes, shape : list
        Letters and lengths of the axes, without that of the samples of a pixel.
    y, x : int
        The axes of rows and columns.
    samples : int or None
        The axis of the samples, where a pixel has several.
    colors : int
        3 for color, 1 for gray, 0 where samples are channels of another kind.
    alpha : bool
    """

    def __init__(self, tiff: tifffile.TiffFile, index: int) -> None:
        self.tiff, self.index = tiff, index
        self.series: Any = tiff.series[index]
        self.page = self.series.keyframe
        self.axes, self.shape = list(self.series.axes), list(self.series.shape)
        self.samples, n = None, self.page.samplesperpixel
        if n > 1:
            last = len(self.axes) - (1 if self.page.planarconfig == 1 else 3)
            self.samples = self.axes.index("S") if "S" in self.axes else last
        elif self.axes[-1] == "S" and self.shape[-1] in (2, 3, 4):  # by their name
            self.samples, n = len(self.axes) - 1, self.shape[-1]
        if self.samples is not None:
            del self.axes[self.samples], self.shape[self.samples]
        last = len(self.axes) - 1
        self.y = self.axes.index("Y") if "Y" in self.axes else last - 1
        self.x = self.axes.index("X") if "X" in self.axes else last
        # Where nothing is said, 0 is dark, whatever tifffile takes for granted.
        said = _PHOTOMETRIC in self.page.tags
        self.meaning = self.page.photometric if said else PHOTOMETRIC.MINISBLACK
        if self.page.samplesperpixel == n:
            self.colors, self.alpha = self._colors()
        else:
            self.colors, self.alpha = 3 if n > 2 else 1, n in (2, 4)

    def _colors(self) -> tuple[int, bool]:
        n, extra = self.page.samplesperpixel, self.page.extrasamples
        alpha = n > 1 and any(kind in (_PREMULTIPLIED, _ALPHA) for kind in extra)
        if self.meaning == PHOTOMETRIC.PALETTE and n == 1:
            return 3, False
        stored = 1 if self.meaning in _GRAY else _COLOR.get(self.meaning)
        if stored is None or self.page.tags.valueof(_INK_SET, 1) != 1:
            name = getattr(self.meaning, "name", self.meaning)
            raise ValueError(
                f"its photometric interpretation is {name}; gray, RGB, YCbCr, CMYK and "
                "palettes are read"
            )
        # A fourth sample of which nothing is said is taken for alpha by Pillow, too.
        alpha = alpha or (n == 4 and stored == 3 and not extra)
        if n == stored + alpha:
            return min(stored, 3), alpha
        channels = (PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.RGB)
        if alpha or n < stored or self.meaning not in channels:
            raise ValueError(f"its {n} samples a pixel are more than color and alpha")
        return 0, False

    @property
    def where(self) -> str:
        """Its own name, or the page where it begins."""
        return str(self.series.name or f"page {self.page.index + 1}")

    def picture(self, name: str, source: Source) -> Picture:
        """Return what is said of it."""
        shape, dtype = list(self.shape), self.series.dtype.newbyteorder("=")
        if _orientation(self.page) >= 5:
            shape[self.y], shape[self.x] = shape[self.x], shape[self.y]
        axis = next((self.axes.index(c) for c in "CS" if c in self.axes), None)
        if self.colors == 3:
            shape, axis = [*shape, 3 + self.alpha], None
        elif self.colors == 0:
            shape, axis = [*shape, self.page.samplesperpixel], len(shape)
        if self.meaning == PHOTOMETRIC.PALETTE:
            dtype = _palette(self.page).dtype
        alpha = self.alpha and self.colors == 1
        stored = (*shape, 2) if alpha else tuple(shape)
        return Picture(
            name,
            tuple(shape),
            dtype,
            partial(_read, source, self.index, stored, dtype),
            rgb=self.colors == 3,
            alpha=alpha,
            channel_axis=axis,
            channel_names=() if axis is None else self._channel_names(shape[axis]),
            no_data=self._no_data(),
            placement=self._placement(None if axis == len(self.axes) else axis),
        )

    def _no_data(self) -> float | None:
        try:
            return float(self.page.tags.valueof(_GDAL_NODATA, ""))
        except ValueError:
            return None

    def _channel_names(self, n: int) -> tuple[str, ...]:
        """Return the names that OME or ImageJ has for channels, where all have one."""
        names: list[Any] = []
        if self.series.kind == "ome":
            with suppress(Exception):  # names are no reason not to read an image
                channels = _listed(self._ome_pixels().get("Channel"))
                names = [channel.get("Name") for channel in channels]
        elif self.series.kind == "imagej" and self.axes == ["C", "Y", "X"]:
            names = (self.tiff.imagej_metadata or {}).get("Labels") or []
        told = tuple(str(name) for name in names if name)
        return told if len(set(told)) == n == len(names) else ()

    def _ome_pixels(self) -> dict[str, Any]:
        """Return what OME has of its pixels."""
        said = tifffile.xml2dict(self.tiff.ome_metadata or "")
        pixels: dict[str, Any] = _listed(said["OME"]["Image"])[self.index]["Pixels"]
        return pixels

    def _placement(self, channel: int | None) -> dict[str, Any]:
        """Return what puts it into the world; that of channels is no axis of it."""
        axes, kind = [axis.upper() for axis in self.axes], self.series.kind
        axes[self.y], axes[self.x] = "Y", "X"
        sources: list[scale.Edges] = []
        with suppress(Exception):  # nor is their size
            if kind == "ome":
                shape = {"Y": self.shape[self.y], "X": self.shape[self.x]}
                sources.append(scale.of_ome(self._ome_pixels(), shape))
        with suppress(Exception):
            if kind == "imagej":
                said = self.tiff.imagej_metadata or {}
                sources.append(scale.of_imagej(said, self.page.tags))
        with suppress(Exception):
            sources.append(scale.of_tags(self.page.tags))
        if _orientation(self.page) >= 5:
            turned = {"X": "Y", "Y": "X"}
            sources = [{turned.get(a, a): s[a] for a in s} for s in sources]
        kept = [axis for i, axis in enumerate(axes) if i != channel]
        return scale.placement(sources, kept, named=kind in ("ome", "imagej"))

    def pixels(self, source: Source) -> NDArray[Any]:
        """Return the image as it is to be seen, its colors or alpha last."""
        if self.meaning == PHOTOMETRIC.YCBCR or self.page.bitspersample in (2, 4):
            return self._by_pillow(source)
        try:
            stored = self.series.asarray()
        except Exception as error:
            if not isinstance(error, ImportError) and not re.search(
                _LACKING, str(error)
            ):
                raise
            if self.page.bitspersample <= 8:
                return self._by_pillow(source)
            stored = self._by_opencv(source)
        else:
            if self.samples is not None:
                stored = np.moveaxis(stored, self.samples, -1)
        pages = self._differing_pages()
        if not pages:
            return self._shown(stored, self.page, self.y, self.x)
        leading = self.shape[:-2]
        flat = stored.reshape(len(pages), *stored.shape[len(leading) :])
        shown = [self._shown(*pair, 0, 1) for pair in zip(flat, pages, strict=True)]
        return np.stack(shown).reshape(*leading, *shown[0].shape)

    def _check_whole(self) -> None:
        """Raise where pixels lie behind the end, of which libtiff would print."""
        for page in self.series.pages:
            ends = np.add(page.dataoffsets, page.databytecounts)
            if ends.max(initial=0) > self.tiff.filehandle.size:
                raise ValueError("it is cut off")

    def _differing_pages(self) -> list[Any]:
        """Return the pages, where they are not all to be seen in the same way."""
        if self.series.kind not in ("generic", "uniform"):
            return []
        pages = [page.aspage() for page in self.series.pages]
        palette = self.meaning == PHOTOMETRIC.PALETTE
        kinds = {
            (_orientation(page), _palette(page).tobytes() if palette else b"")
            for page in pages
        }
        return pages if len(kinds) > 1 else []

    def _shown(self, stored: NDArray[Any], page: Any, y: int, x: int) -> NDArray[Any]:
        """Return an image, or a page of it, as it is to be seen."""
        colors = stored[..., :-1] if self.alpha else stored
        if self.meaning == PHOTOMETRIC.PALETTE:
            colors = _palette(page)[stored]
        elif self.meaning == PHOTOMETRIC.MINISWHITE:
            if stored.dtype.kind == "f":
                raise ValueError("0 is white, and no value of floats is black")
            colors = colors ^ colors.dtype.type(_most(page))
        elif self.meaning == PHOTOMETRIC.SEPARATED:
            light = _most(page) - colors
            colors = _scaled(light[..., :3], light[..., 3:], _most(page))
        if self.alpha:
            alpha = stored[..., -1:]
            if _PREMULTIPLIED in page.extrasamples:
                whole = np.where(alpha > 0, colors, 0)
                colors = _scaled(whole, _most(page), np.where(alpha > 0, alpha, 1))
            colors = np.concatenate([colors, alpha], axis=-1)
        return upright(colors, _orientation(page), y, x)

    def _by_pillow(self, source: Source) -> NDArray[Any]:
        """Return the image as Pillow decodes and shows it, with 8 bits a channel."""
        self._check_whole()
        shown = []
        with trusting(), Image.open(opened(source)) as image:
            for page in self.series.pages:
                image.seek(page.index)
                if self.meaning == PHOTOMETRIC.PALETTE:
                    shown.append(_palette(page.aspage())[np.asarray(image)])
                else:
                    shown.append(pillow_pixels(image, pillow_mode(image)))
        return np.stack(shown).reshape(*self.shape[:-2], *shown[0].shape)

    def _by_opencv(self, source: Source) -> NDArray[Any]:
        """Return the image as it is stored, its samples last."""
        from ..core.cluster.opencv import decode

        self._check_whole()
        whole = content(source)
        pages = [decode(whole, page.index) for page in self.series.pages]
        return np.stack(pages).reshape(*self.shape[:-2], *pages[0].shape)


def _read(
    source: Source, index: int, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[Any]:
    with _open(source) as tiff:
        image = _Tiff(tiff, index).pixels(source)
    if image.shape != shape or image.dtype != dtype:  # not by tifffile
        raise ValueError("its compression needs imagecodecs: pip install imagecodecs")
    return image


def _orientation(page: Any) -> int:
    said = page.tags.valueof(ORIENTATION, 1)
    return int(said) if said in range(1, 9) else 1


def _palette(page: Any) -> NDArray[Any]:
    """Return the colors of a palette, (n, 3): uint8 where that holds them."""
    colors = page.colormap.T
    if (colors < 256).all():  # as some write them
        return np.asarray(colors.astype(np.uint8))
    low, high = colors & 255, colors >> 8
    small = ((low == 0) | (low == high)).all()
    return np.asarray(high.astype(np.uint8) if small else colors)


def _most(page: Any) -> Any:
    """Return the greatest value that a sample may have; of floats, that of white."""
    return 1.0 if page.sampleformat == 3 else 2**page.bitspersample - 1


def _scaled(values: NDArray[Any], factor: Any, divisor: Any) -> NDArray[Any]:
    """Return values times a factor by a divisor; integers to the nearest they have."""
    if values.dtype.kind == "f":
        return np.asarray(values * factor / divisor, values.dtype)
    wide = values.astype(np.uint32 if values.dtype.itemsize <= 2 else np.uint64)
    scaled = (wide * factor + divisor // 2) // divisor
    return np.asarray(scaled.clip(max=np.iinfo(values.dtype).max), values.dtype)


def _listed(found: Any) -> list[Any]:
    """Return what was found in XML as a list, be it several, one or none."""
    return found if isinstance(found, list) else [] if found is None else [found]
