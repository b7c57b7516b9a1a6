"""Dithering: labels whose colors are mixed by the eye."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from .. import validation
from ..data.pixels import Pixels
from ..data.stream import Stream
from ..labeled import labeled, masked
from ..palettes.placing import as_of
from ..run.lazy import is_lazy
from ..run.progress import follow, stage
from .mixer import Mixer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from ..palettes.palette import Palette
    from ..run.progress import Report


def dither(
    image: ArrayLike,
    palette: Palette,
    *,
    strength: float = 1.0,
    method: Literal["diffusion", "ordered"] = "diffusion",
    mask: ArrayLike | None = None,
    progress: Report | None = None,
) -> Any:
    """Return labels of an RGB image that, painted, look like colors between theirs.

    For pictures in few colors without bands, such as `write_indexed` writes. Each pixel
    may get another label than that of its nearest center, so for measurements
    `Palette.label` is what one wants.

    Parameters
    ----------
    image : array_like, dask.array.Array, zarr.Array or xarray.DataArray
        As for `quantize`: RGB or RGBA, with the axes of the image that was clustered.
        Floats are from 0 to 1.
    palette : Palette
        Of an RGB image. What is painted is what is mixed, so colors that were given by
        `Palette.recolor`, and clusters that were merged, count as they look. Of
        "ciede2000", distances are those in CIELAB.
    strength : float, default 1.0
        The part of each error that is made good, from 0 to 1: 0 is `Palette.label`; at
        1 the mean color of an area is kept, where the palette's colors can be mixed to
        it. Less is less grain.
    method : {"diffusion", "ordered"}, default "diffusion"
        "diffusion" hands what a pixel lacks on to its neighbors, row by row, to and
        fro. "ordered" makes a mixture for each color, and its place tells which of 16
        the pixel takes: coarser, but a pixel knows of no other, so that what does not
        change in a film stays still.
    mask : array of bool, optional
        Of the shape of the image without channels; False leaves a pixel out. Pixels
        left out, also by the palette's `reject`, neither take errors nor hand them on.
    progress : callable, optional
        As for `quantize`; of an image of NumPy.

    Returns
    -------
    array of uint8 or uint16
        1..k, and 0 for pixels left out; of the shape of the image without channels.
        Each plane, of the last two axes, is on its own. Of dask, made when asked for,
        where the image goes by blocks: block by block where ordered; "diffusion" needs
        the pixels before, and so holds a plane in memory. The values are the same. A
        DataArray where the image is one.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described; before any work.

    References
    ----------
    R. W. Floyd and L. Steinberg, "An adaptive algorithm for spatial grey scale", Proc.
    Soc. Inf. Disp. 17 (1976), on the light of sRGB, in serpentine order. T. Knoll,
    "Pattern dithering", US patent 6,606,166 (1999, expired), with the thresholds of
    R. Ulichney, "The void-and-cluster method for dither array generation", Proc. SPIE
    1913 (1993).

    Examples
    --------
    >>> import numpy as np
    >>> from napari_kmeans import fit, read_samples
    >>> black_and_white = np.repeat([[[0], [255]]], 3, axis=-1).astype(np.uint8)
    >>> palette = fit(read_samples(black_and_white, rgb=True), k=2)
    >>> gray = np.full((64, 64, 3), 188, np.uint8)  # of half the light of white
    >>> float((dither(gray, palette) == 2).mean().round(1))
    0.5
    >>> np.unique(palette.label(gray)).tolist()
    [2]
    """
    validation.check_palette(palette)
    layout = palette.layout
    strength = validation.check_dithering(method, strength, layout.rgb)
    if strength == 0:
        return palette.label(image, mask=mask, progress=progress)
    validation.check_progress(progress)
    labeling, mask = masked(image, mask, layout)
    array = validation.check_image(image)
    arranged, lazy = layout.arrange(array), is_lazy(array)
    checked = validation.check_mask(mask, arranged.shape[:-1], lazy=lazy)
    palette = as_of(palette, array.dtype)
    mixer = Mixer(palette.quantizer_of(array.dtype), method, strength)
    given = layout.n_channels, checked, layout.no_data
    if lazy:
        return labeled(_lazily(mixer, arranged, *given), labeling, "labels")

    def work() -> NDArray[Any]:
        with stage("Dithering"):
            return mixer(Pixels(arranged, *given))

    return labeled(follow(work, progress), labeling, "labels")


def _lazily(mixer: Mixer, image: Any, *given: Any) -> Any:
    """Return labels of dask, made when asked for."""
    import dask.array as da

    dtype, axes = mixer.quantizer.label_dtype, (image.ndim - 3, image.ndim - 2)
    if mixer.method == "diffusion":
        whole = image.rechunk(dict.fromkeys(axes, -1))
        return Stream(whole, *given).mapped(mixer, dtype)
    places: list[Any] = []
    for axis in axes:
        along = da.arange(image.shape[axis], chunks=(image.chunks[axis],))
        places += [along, (axis,)]
    return Stream(image, *given).mapped(mixer, dtype, *places)
