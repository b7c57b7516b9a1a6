"""Indexed pictures: labels as a PNG whose palette are the colors of the clusters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ..core import validation
from ..core.arrays import plain
from ..core.run import replacement
from ..core.run.progress import follow, stage

if TYPE_CHECKING:
    import os

    from numpy.typing import ArrayLike, NDArray

    from ..core.palettes.palette import Palette
    from ..core.run.progress import Report

#: The most entries of a palette.
MOST = 256

#: How many bits a pixel may take.
BITS = (1, 2, 4, 8)

#: Which part of it is done, about, once lazy labels are there.
LABELED = 0.8


def write_indexed(
    path: str | os.PathLike[str],
    labels: ArrayLike,
    palette: Palette,
    *,
    progress: Report | None = None,
) -> None:
    """Write labels as an indexed PNG, in the colors in which their clusters are shown.

    For other programs, games and the web: each pixel is the number of its color, in as
    few bits as hold it. The file is there when it is whole; one that was there before
    is replaced.

    Parameters
    ----------
    path : str or path-like
        Ends in ".png"; in a folder that exists.
    labels : (height, width) array_like or dask.array.Array of int
        1..k, and 0 for pixels left out; those of dask are computed.
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
    PLTE and tRNS.

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
        raise TypeError(f"palette={validation.shown(palette)} should be a Palette.")
    if palette.k > MOST:
        raise ValueError(
            f"palette of {palette.k:,} clusters should have at most {MOST - 1}, or "
            f"{MOST} where no pixel is left out."
        )
    array: Any = plain(labels)
    array = array if hasattr(array, "dtype") else np.asarray(array)
    if array.ndim != 2 or array.dtype.kind not in "iu" or 0 in array.shape:
        raise ValueError(
            f"labels of shape {tuple(array.shape)} and dtype {array.dtype} should be "
            "integers of two axes that are not empty."
        )
    follow(lambda: _write(target, array, palette), progress)


def _check_path(path: Any) -> Path:
    """Return where the file is to be."""
    try:
        target = Path(path)
    except TypeError:
        raise TypeError(f"path={validation.shown(path)} should be a path.") from None
    if target.suffix.lower() != ".png":
        raise ValueError(f"path={target} should end in .png.")
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
        image, options = _indexed(computed, palette, left_out=least == 0)
        with replacement.replacing_file(target) as new:
            image.save(new, "PNG", **options)


def _indexed(
    labels: NDArray[Any], palette: Palette, *, left_out: bool
) -> tuple[Image.Image, dict[str, Any]]:
    """Return a picture, and how it is to be saved."""
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
    image = Image.fromarray(np.ascontiguousarray(index, np.uint8))
    image.putpalette(entries.tobytes())  # of gray, now indexed
    bits = next(n for n in BITS if len(entries) <= 1 << n)
    return image, {"bits": bits, **({"transparency": 0} if left_out else {})}
