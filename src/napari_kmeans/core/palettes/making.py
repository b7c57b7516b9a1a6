"""Making: palettes of colors that are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from .. import validation
from ..cluster.moments import Moments
from ..data.distance import Space
from ..data.frame import Frame
from ..data.layout import Layout
from ..spaces import full_of
from .centers import Centered
from .colors import of_centers
from .quantizer import Quantizer
from .values import to_dtype

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, DTypeLike, NDArray

CHANNELS = ("red", "green", "blue")


@dataclass(frozen=True, eq=False, repr=False)
class Made(Centered):
    """How palettes are made of given colors: see `Palette`."""

    @classmethod
    def of_colors(
        cls,
        colors: ArrayLike | Sequence[str],
        names: Sequence[str] = (),
        *,
        dtype: DTypeLike = np.uint8,
    ) -> Self:
        """Return a palette of given colors, that labels and paints images in color.

        For when colors are there before the image: those of a brand, of threads or
        beads, or of a screen. Clusters are in the order given, and count no pixels.

        Parameters
        ----------
        colors : (k, 3) array_like, or sequence of str
            Red, green and blue: integers from 0 to 255, or floats from 0 to 1. Or such
            as ``"#ff8000"``.
        names : sequence of str, optional
            One for each; empty for none.
        dtype : dtype, default uint8
            Of the images: those of integers reach from 0 to the most that it holds,
            those of floats from 0 to 1.

        Raises
        ------
        TypeError, ValueError
            Where an argument is not as described.

        Examples
        --------
        >>> from napari_kmeans import Palette
        >>> palette = Palette.of_colors(["#ffffff", "#ff0000"], ["paper", "ink"])
        >>> palette.label(np.array([[[250, 9, 0], [240, 240, 240]]], np.uint8)).tolist()
        [[2, 1]]
        """
        numerators, denominator = _checked_colors(colors)
        k = len(numerators)
        checked = _checked_names(names, k)
        image_dtype = _checked_dtype(dtype)
        full = full_of(image_dtype)
        centers = numerators * full / denominator
        layout = Layout(True, None, CHANNELS, image_dtype, None)
        space = Space(True, "rgb", "none", full)
        values = to_dtype(centers, image_dtype)
        zeros = np.zeros(k)
        return cls(
            centers=centers,
            counts=np.zeros(k, np.int64),
            compactness=0.0,
            names=checked,
            colors=of_centers(centers, (0.0, full), full),
            locked=(False,) * k,
            n_iter=0,
            converged=True,
            value_range=(0.0, full),
            settings={
                "k": k,
                "rgb": True,
                "channel_axis": None,
                "no_data": None,
                "color_space": space.name,
                "scaling": space.scaling,
            },
            layout=layout,
            space=space,
            quantizer=Quantizer(centers, values, Frame((0,) * 3)),
            moments=Moments(centers, zeros, zeros, np.zeros((k, 3))),
        )


def _checked_colors(colors: Any) -> tuple[NDArray[np.float64], float]:
    """Return colors, (k, 3), and what they are parts of."""
    if isinstance(colors, (list, tuple)) and colors and isinstance(colors[0], str):
        rows = [validation.check_color(color) for color in colors]
        return np.rint(np.array(rows) * 255), 255.0
    try:
        found = np.asarray(colors)
    except ValueError:
        found = np.empty(0)
    numbers = found.dtype.kind in "iuf"
    most = 1.0 if found.dtype.kind == "f" else 255.0
    if found.ndim != 2 or found.shape[1:] != (3,) or not numbers:
        raise ValueError(
            f"colors={validation.shown(colors)} should be rows of red, green and blue, "
            "or text such as '#ff8000'."
        )
    if not 0 < len(found) <= validation.MOST_CLUSTERS:
        raise ValueError(
            f"colors of {len(found):,} rows should be 1 to "
            f"{validation.MOST_CLUSTERS:,}."
        )
    if not ((found >= 0) & (found <= most)).all():
        raise ValueError(
            f"colors={validation.shown(colors)} should be integers from 0 to 255, or "
            "floats from 0 to 1."
        )
    return found.astype(np.float64), most


def _checked_names(names: Any, k: int) -> tuple[str, ...]:
    """Return a name for each of k colors."""
    given = names if isinstance(names, (list, tuple)) else None
    if given is None or not all(isinstance(name, str) for name in given):
        raise TypeError(f"names={validation.shown(names)} should be a list of text.")
    if len(given) not in (0, k):
        raise ValueError(
            f"names={validation.shown(names)} should be {k:,}, one for each color."
        )
    return tuple(map(str, given)) or ("",) * k


def _checked_dtype(dtype: Any) -> np.dtype[Any]:
    """Return the dtype of images."""
    try:
        found: np.dtype[Any] = np.dtype(dtype)
    except TypeError:
        raise TypeError(f"dtype={validation.shown(dtype)} should be a dtype.") from None
    if found.kind not in "iuf" or found.itemsize > 8:
        raise TypeError(
            f"dtype={found} should be of integers or floats of at most 64 bits."
        )
    return found
