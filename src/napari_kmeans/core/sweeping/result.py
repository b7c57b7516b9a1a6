"""The result of a sweep: what each K gives, and which to take."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import validation
from ..results.planes import label_axes
from .plot import draw
from .thumbnails import painted, small

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from ..data.layout import Layout
    from ..palettes.palette import Palette
    from .suggestion import Suggestion

    #: Of an image; or of each of its planes, None for one without valid pixels.
    Palettes = Palette | tuple[Palette | None, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Sweep:
    """The clusters of one image for several K.

    ``sweep[5]`` is the palette of K=5; a notebook shows the table.

    Attributes
    ----------
    ks : tuple of int
        Numbers of clusters, ascending. The last is the number of distinct colors where
        more were asked for.
    palettes : tuple
        For each K the `Palette`; of planes, a tuple with the palette of each plane,
        None for those without valid pixels.
    compactness : (n_ks,) float64
        The sum of the squared distances to the centers, over all planes.
    explained : (n_ks,) float64
        The part of the variance that is explained, 0 to 1: one less the compactness as
        a part of that of a single cluster, where distances are measured. 1 where all
        samples are the same.
    silhouettes : (n_ks,) float64
        The mean silhouette, -1 to 1, of samples that stand for all; NaN of a single
        cluster. Of planes, the mean of theirs by their pixels.
    jumps : (n_ks,) float64
        How much a K adds to the distortion, as a part of that of a single cluster, to
        the power of minus half the number of channels. Infinite where the distortion
        is zero, NaN of K=1 and where K - 1 was not swept.
    n_silhouette : int
        How many samples silhouettes were measured on, of all planes.
    suggestion : Suggestion
        ``k``, and the ``reason`` as a sentence.
    layout : Layout
        What the axes and values of the image are.
    axes : tuple of int
        The axes of the image along which the planes lie; empty for an image.
    plane_shape : tuple of int
        The sizes of the image along `axes`.

    Examples
    --------
    >>> from napari_kmeans import sweep
    >>> found = sweep(np.array([[10, 11, 12, 99], [100, 200, 201, 202]]), [2, 3, 4])
    >>> found
    Sweep(K=2, 3, 4; K=3 has by far the greatest jump, 4.35 times the next.)
    >>> found[3].centers.ravel().tolist()
    [11.0, 99.5, 201.0]
    """

    ks: tuple[int, ...]
    palettes: tuple[Palettes, ...]
    compactness: NDArray[np.float64]
    explained: NDArray[np.float64]
    silhouettes: NDArray[np.float64]
    jumps: NDArray[np.float64]
    n_silhouette: int
    suggestion: Suggestion
    layout: Layout = field(repr=False)
    axes: tuple[int, ...] = ()
    plane_shape: tuple[int, ...] = ()

    def __len__(self) -> int:
        """Return how many K there are."""
        return len(self.ks)

    def __iter__(self) -> Iterator[int]:
        """Go through the K, as of a mapping."""
        return iter(self.ks)

    def __getitem__(self, k: int) -> Palettes:
        """Return the palette of a K; of planes, their palettes."""
        if k not in self.ks:
            some = ", ".join(map(str, self.ks))
            raise KeyError(f"k={validation.shown(k)} should be one of {some}.")
        return self.palettes[self.ks.index(k)]

    def __repr__(self) -> str:
        """Return a line with what was swept, and what is suggested."""
        some = ", ".join(map(str, self.ks))
        return f"Sweep(K={some}; {self.suggestion.reason})"

    def _repr_html_(self) -> str:
        """Return what is suggested, and the table."""
        table = self.table.to_html(index=False, float_format="{:.4g}".format)
        return f"<p>{escape(self.suggestion.reason)}</p>{table}"

    @property
    def table(self) -> pd.DataFrame:
        """A table with a row for each K.

        Columns ``k``, ``compactness``, ``explained``, ``silhouette``, ``jump`` and
        ``suggested``, which is true in one row.
        """
        import pandas as pd

        return pd.DataFrame(
            {
                "k": self.ks,
                "compactness": self.compactness,
                "explained": self.explained,
                "silhouette": self.silhouettes,
                "jump": self.jumps,
                "suggested": [k == self.suggestion.k for k in self.ks],
            }
        )

    def plot(self, axes: Any = None) -> Any:
        """Plot what is explained, and the silhouette, over K; mark what is suggested.

        Drawn in colors that are read on white and on black, on no background.

        Parameters
        ----------
        axes : matplotlib.axes.Axes, optional
            Where to plot: by default in a new figure of pyplot.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            Without matplotlib, which ``pip install "napari-kmeans[plots]"`` brings.
        """
        curves = self.explained, self.silhouettes
        return draw(self.ks, *curves, self.suggestion.k, axes)

    def thumbnails(self, image: ArrayLike, size: int = 96) -> NDArray[np.uint8]:
        """Return the image, small, as the palette of each K shows it.

        For display: of other than RGB images, gray from the least to the greatest
        value. Of more than two axes, the middle plane.

        Parameters
        ----------
        image : array_like or dask.array.Array
            The one that was swept. Only the pixels that are shown are labeled.
        size : int, default 96
            Pixels of the longer side, 1 to 4,096; no more than the image has.

        Returns
        -------
        (n_ks, height, width) or, of RGB, (n_ks, height, width, 3) uint8
            Black where pixels are left out as transparent, not finite or no data.

        Raises
        ------
        TypeError, ValueError
            Where an argument is not as described.

        Examples
        --------
        >>> from napari_kmeans import sweep
        >>> image = np.array([[0, 4, 100], [2, 8, 102]], np.uint8)
        >>> sweep(image, [2, 3]).thumbnails(image).tolist()
        [[[9, 9, 252], [9, 9, 252]], [[5, 5, 252], [5, 20, 252]]]
        """
        size = validation.check_integer("size", size, 1, 4_096)
        layout, array = self.layout, validation.check_image(image)
        planes = [array.shape[axis] for axis in self.axes if axis < array.ndim]
        if tuple(planes) != self.plane_shape:
            raise ValueError(
                f"image of shape {array.shape} should have {self.plane_shape} planes "
                f"along the axes {self.axes}, as the one that was swept."
            )
        axes = label_axes(self.axes, layout.channel_axis)
        plane, index = small(array, layout, axes, size)
        place = int(np.ravel_multi_index(index, self.plane_shape)) if axes else 0
        shown = [p[place] if isinstance(p, tuple) else p for p in self.palettes]
        return painted(plane, layout, shown)
