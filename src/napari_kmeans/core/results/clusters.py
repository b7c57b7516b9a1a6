"""Clusters of images and points: what all results have in common."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..palettes.colors import of_centers
from ..palettes.tables import cluster_table
from ..spaces import full_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from ..data.layout import Layout
    from ..options.settings import Method
    from ..palettes.palette import Palette


#: What is said where every pixel or point is rejected.
ALL_FAR = "reject should be greater: all are farther than that from every center."


def note_of(asked: int, k: int) -> str:
    """Return what the user should be warned of where there are fewer clusters."""
    if k == asked:
        return ""
    return (
        f"k={asked} should be at most the {k} distinct colors or points given: there "
        f"are {k} clusters."
    )


def note_on(asked: int, palette: Palette) -> str:
    """Return what the user should be warned of a palette, of an image's pixels.

    That is where there are fewer clusters than `asked`, where some that were to be like
    others are missing, and where each pixel was too far from all.
    """
    lost = [
        f"{label} {name!r}" if name else f"{label}"
        for label in palette.unmatched
        for name in [palette.names[label - 1]]
    ]
    notes = [note_of(asked, palette.present.k)]
    if lost:
        clusters = "1 cluster" if len(lost) == 1 else f"{len(lost)} clusters"
        notes.append(f"No partner for {clusters} of like: {', '.join(lost)}.")
    if palette.reject is not None and not palette.counts.any():
        notes.append(ALL_FAR)
    return " ".join(filter(None, notes))


def warn(note: str, stacklevel: int = 3) -> None:
    """Issue a warning, if there is one, at the caller of the public function."""
    if note:
        warnings.warn(note, UserWarning, stacklevel=stacklevel)


@dataclass(frozen=True, eq=False)
class Clustering:
    """What images and points have in common.

    Attributes
    ----------
    labels : array
        The cluster of each pixel or point; see the subclass.
    centers : (k, n_channels) float64
        In the units of the data, from dark to bright, after those that were fixed.
    counts : (k,) int64
        How many pixels or points are in each cluster.
    compactness : float
        The sum over all pixels or points of the squared distance to their center,
        weighted where there are weights.
    n_iter : int
        Refining steps done; 0 where nothing was refined.
    converged : bool
        Whether epsilon, not `max_iter`, ended the refinement. False with
        ``refine=False``, as OpenCV does not tell.
    n_excluded : int
        How many pixels or points were left out: masked, transparent, not finite, or
        too far from all centers.
    asked : int
        How many clusters were asked for.
    method : {"refined", "plain", "optimal"}
        How the centers were found: by OpenCV's search, refined over all; by OpenCV
        alone; or as the best there are.
    settings : dict
        What made this result: the arguments, and the versions of what computed it. On
        record: nothing is decided by it.
    """

    labels: NDArray[Any]
    centers: NDArray[np.float64]
    counts: NDArray[np.int64]
    compactness: float
    n_iter: int
    converged: bool
    n_excluded: int
    asked: int
    method: Method
    settings: dict[str, Any] = field(repr=False)

    @property
    def k(self) -> int:
        """Number of clusters: as asked for, or fewer where there were fewer colors."""
        return len(self.centers)

    @property
    def note(self) -> str:
        """What the user should be warned of, or nothing."""
        far = "" if self.counts.any() else ALL_FAR
        return " ".join(filter(None, [note_of(self.asked, self.k), far]))

    def warn(self) -> None:
        """Issue `note` as a warning, at the caller of the public function."""
        warn(self.note, stacklevel=4)

    @property
    def shares(self) -> NDArray[np.float64]:
        """The part of the clustered pixels or points in each cluster: (k,), sum 1."""
        return self.counts / max(int(self.counts.sum()), 1)


@dataclass(frozen=True, eq=False)
class ImageClusters(Clustering):
    """The clusters of an image, or of the planes of an image together.

    Attributes
    ----------
    quantized : shape and dtype of the image
        Each pixel the value of its center. Pixels left out, and alpha, are as in the
        image.
    value_range : tuple of float
        The least and the greatest value among the clustered pixels.
    layout : Layout
        What the axes and values of the image are.
    excluded : dict
        Why pixels were left out, and how many for each reason: "masked", "not finite",
        "transparent", "no data" or "far".
    """

    quantized: NDArray[Any]
    value_range: tuple[float, float]
    layout: Layout
    excluded: dict[str, int]

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels.

        ``("red", "green", "blue")``, ``("value",)`` or ``("0", "1", ...)``, or as they
        were given.
        """
        return self.layout.channels

    @property
    def rgb(self) -> bool:
        """Whether the channels are red, green, blue (, alpha)."""
        return self.layout.rgb

    @property
    def channel_axis(self) -> int | None:
        """The axis of the channels in the image; None where there is none."""
        axis = self.layout.channel_axis
        return self.labels.ndim if self.rgb and axis is None else axis

    @property
    def colors(self) -> NDArray[np.float64]:
        """The colors of the centers as RGB from 0 to 1: (k, 3).

        Of an image without color: gray, from its least to its greatest value, and the
        mean of several channels.
        """
        full = full_of(self.quantized.dtype) if self.rgb else None
        return of_centers(self.centers, self.value_range, full)

    @property
    def features(self) -> pd.DataFrame:
        """A table with a row a cluster.

        Columns ``index`` (its label), ``color`` (hexadecimal), ``center`` (for several
        channels: ``center_red`` and so on), ``pixels`` and ``share``.
        """
        return cluster_table(
            self.colors, self.centers, self.channels, self.counts, self.shares
        )
