"""Indexed pictures: labels as PNG or GIF, whose palette are the clusters' colors."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import GifImagePlugin, Image

from ..core import validation
from ..core.arrays import held, plain
from ..core.run import replacement
from ..core.run.progress import at, follow, stage

if TYPE_CHECKING:
    import os

    from numpy.typing import ArrayLike, NDArray

    from ..core.palettes.palette import Palette
    from ..core.run.progress import Report

#: The most entries of a palette.
MOST = 256

#: How many bits a pixel may take.
BITS = (1, 2, 4, 8)

#: What a picture's file may end in.
SUFFIXES = (".png", ".gif")

#: The most pixels along an axis of a GIF.
MOST_GIF = 2**16 - 1

#: Milliseconds for which a frame is shown.
SHOWN = 100

#: In a GIF: to begin again after the last frame, and again.
FOREVER = b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"

#: Which part of it is done, about, once lazy labels are there.
LABELED = 0.8


def write_indexed(
    path: str | os.PathLike[str],
    labels: ArrayLike,
    palette: Palette,
    *,
    progress: Report | None = None,
) -> None:
    """Write labels as an indexed picture, in the colors in which clusters are shown.

    For other programs, games and the web: each pixel is the number of its color, in a
    PNG in as few bits as hold it. The file is there when it is whole; one that was
    there before is replaced.

    Parameters
    ----------
    path : str or path-like
        Ends in ".png" or ".gif"; in a folder that exists.
    labels : ([n_planes,] height, width) array_like or dask.array.Array of int
        1..k, and 0 for pixels left out; those of dask are computed. Several planes are
        the frames of an animated GIF, each shown for a tenth of a second.
    palette : Palette
        Of at most 255 clusters, or 256 where no pixel is left out. Label i is entry i
        of the picture's palette, and entry 0 is black; of 256 clusters, label i is
        entry i - 1. Where pixels are left out, entry 0 is transparent.
    progress : callable, optional
        As for `quantize`.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described; but for the values of lazy labels, before
        any work.
    OSError
        Where the file cannot be written.

    References
    ----------
    Portable Network Graphics (PNG) Specification, Third Edition, W3C (2025): the chunks
    PLTE and tRNS. Graphics Interchange Format, Version 89a, CompuServe (1990).

    Examples
    --------
    >>> import tempfile
    >>> from napari_kmeans import quantize
    >>> q = quantize(np.array([[0, 9, 255], [1, 9, 254]], np.uint8), k=3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_indexed(f"{folder}/photo.png", q.labels, q.palette)
    ...     with Image.open(f"{folder}/photo.png") as image:
    ...         print(image.mode, np.asarray(image).tolist())
    P [[1, 2, 3], [1, 2, 3]]
    """
    from ..core.palettes.palette import Palette  # loads compiled kernels

    validation.check_progress(progress)
    target = _check_path(path)
    if not isinstance(palette, Palette):
        raise validation.no_palette("palette", palette)
    if palette.k > MOST:
        raise ValueError(
            f"palette of {palette.k:,} clusters should have at most {MOST - 1}, or "
            f"{MOST} where no pixel is left out."
        )
    array: Any = plain(labels)
    array = array if hasattr(array, "dtype") else held("labels", array)
    _check_labels(array, gif=target.suffix.lower() == ".gif")
    follow(lambda: _write(target, array, palette), progress)


def _check_labels(labels: Any, *, gif: bool) -> None:
    """Raise where they cannot be pixels of a PNG, or of a GIF."""
    axes, ndims = ("two or three axes", (2, 3)) if gif else ("two axes", (2,))
    if labels.ndim not in ndims or labels.dtype.kind not in "iu" or 0 in labels.shape:
        raise ValueError(
            f"labels of shape {tuple(labels.shape)} and dtype {labels.dtype} should be "
            f"integers of {axes} that are not empty."
        )
    if gif and max(labels.shape[-2:]) > MOST_GIF:
        raise ValueError(
            f"labels of shape {tuple(labels.shape)} should have at most {MOST_GIF:,} "
            "pixels along an axis to be written as GIF."
        )


def _check_path(path: Any) -> Path:
    """Return where the file is to be."""
    try:
        target = Path(path)
    except TypeError:
        raise TypeError(f"path={validation.shown(path)} should be a path.") from None
    if target.suffix.lower() not in SUFFIXES:
        raise ValueError(f"path={target} should end in {' or '.join(SUFFIXES)}.")
    if not target.parent.is_dir():
        raise ValueError(f"path={target} should be in a folder that exists.")
    if target.is_dir():
        raise ValueError(f"path={target} should be a file, but is a folder.")
    return target


def _write(target: Path, labels: Any, palette: Palette) -> None:
    with stage("Labeling", 0, LABELED):
        computed = np.asarray(labels)
    with stage("Writing", LABELED):
        least, most = int(computed.min()), int(computed.max())
        if least < 0 or most > palette.k:
            wrong = least if least < 0 else most
            raise ValueError(
                f"labels should be from 0 to {palette.k}, the clusters of the palette, "
                f"but one is {wrong}."
            )
        entries, index = _indexed(computed, palette, left_out=least == 0)
        save = _save_gif if target.suffix.lower() == ".gif" else _save_png
        with replacement.replacing_file(target) as new:
            save(new, entries, index, left_out=least == 0)


def _indexed(
    labels: NDArray[Any], palette: Palette, *, left_out: bool
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the entries of a palette, (n, 3), and that of each pixel."""
    colors = np.rint(np.clip(palette.colors, 0, 1) * 255).astype(np.uint8)
    if palette.k < MOST:
        entries, index = np.vstack([np.zeros((1, 3), np.uint8), colors]), labels
    elif left_out:
        raise ValueError(
            f"palette of {palette.k} clusters should have at most {MOST - 1}, as there "
            "are pixels left out."
        )
    else:
        entries, index = colors, labels - 1
    return entries, np.ascontiguousarray(index, np.uint8)


def _save_png(
    path: Path, entries: NDArray[np.uint8], index: NDArray[np.uint8], *, left_out: bool
) -> None:
    image = Image.fromarray(index)
    image.putpalette(entries.tobytes())  # of gray, now indexed
    bits = next(n for n in BITS if len(entries) <= 1 << n)
    transparent = {"transparency": 0} if left_out else {}
    image.save(path, "PNG", bits=bits, **transparent)


def _save_gif(
    path: Path, entries: NDArray[np.uint8], index: NDArray[np.uint8], *, left_out: bool
) -> None:
    """Save planes as frames.

    Pillow, asked for all, would leave out frames that are as the one before, and give
    pixels that do not change another entry: it is asked for the code of each alone.
    """
    *planes, height, width = index.shape
    bits = max(1, (len(entries) - 1).bit_length())
    table = entries.tobytes().ljust(3 << bits, b"\0")
    options: dict[str, Any] = {"transparency": 0} if left_out else {}
    if planes:  # each frame makes place for the next, or it would show through
        options |= {"duration": SHOWN, "disposal": 2 if left_out else 1}
    with path.open("wb") as file:
        size = struct.pack("<HHBBB", width, height, 0xF0 | bits - 1, 0, 0)
        file.write(b"GIF89a" + size + table + (FOREVER if planes else b""))
        frames = index.reshape(-1, height, width)
        for number, frame in enumerate(frames):
            at(number / len(frames))
            file.writelines(GifImagePlugin.getdata(Image.fromarray(frame), **options))
        file.write(b";")
