"""Parts: what a palette is made of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from .. import validation
from ..spaces import full_of
from .colors import of_centers
from .values import to_dtype

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..cluster.moments import Moments
    from ..data.distance import Space
    from ..data.layout import Layout
    from .quantizer import Quantizer


@dataclass(frozen=True, eq=False, repr=False)
class Parts:
    """What a palette is made of: see `Palette`."""

    centers: NDArray[np.float64]
    counts: NDArray[np.int64]
    compactness: float
    names: tuple[str, ...]
    colors: NDArray[np.float64]
    locked: tuple[bool, ...]
    n_iter: int
    converged: bool
    value_range: tuple[float, float]
    settings: dict[str, Any]
    layout: Layout = field(repr=False)
    space: Space = field(repr=False)
    quantizer: Quantizer = field(repr=False)
    moments: Moments = field(repr=False)

    @property
    def k(self) -> int:
        """Number of clusters."""
        return len(self.centers)

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels."""
        return self.layout.channels

    @property
    def shares(self) -> NDArray[np.float64]:
        """The part of the clustered pixels in each cluster: (k,), sum 1."""
        return np.asarray(self.counts / max(int(self.counts.sum()), 1))

    @property
    def spreads(self) -> NDArray[np.float64]:
        """How far the pixels of each cluster are from its center: (k,).

        The root of their mean squared distance, in the units in which distances are
        measured; NaN where it is not known, or a cluster has no pixels.

        Examples
        --------
        >>> from napari_kmeans import fit, read_samples
        >>> palette = fit(read_samples(np.array([[1, 3], [8, 8]], np.uint8)), k=2)
        >>> palette.spreads.tolist()
        [1.0, 0.0]
        """
        squared, weights = self.moments.squared, self.moments.weights
        if squared is None:
            return np.full(self.k, np.nan)
        unknown = np.full(self.k, np.nan)
        mean = np.divide(squared, weights, out=unknown, where=weights > 0)
        # Rounding may end below zero, and what a file says beyond all floats.
        with np.errstate(over="ignore"):
            spreads = np.sqrt(np.maximum(mean, 0)) * self.quantizer.frame.unit
        return np.asarray(spreads)

    @property
    def reject(self) -> float | None:
        """How far from every center pixels get the label 0; None for none.

        In the units in which distances are measured: see `quantize`.
        """
        return self.quantizer.reject

    @property
    def owners(self) -> NDArray[np.intp]:
        """The cluster, from 0, that each center of the quantizer is of."""
        used = self.quantizer
        return np.arange(self.k) if used.owners is None else used.owners

    @property
    def unmatched(self) -> tuple[int, ...]:
        """The labels of clusters that no pixel is given.

        Those of another palette that found no partner: see `matched`.
        """
        return tuple((np.flatnonzero(~self.has_centers) + 1).tolist())

    @property
    def has_centers(self) -> NDArray[np.bool_]:
        """Which clusters have a center that pixels may be nearest to."""
        return np.bincount(self.owners, minlength=self.k) > 0

    def own_colors(self, centers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return in what colors centers are shown by themselves."""
        full = self.space.full if self.layout.rgb else None
        return of_centers(centers, self.value_range, full)

    @property
    def recolored(self) -> NDArray[np.bool_]:
        """Which clusters have a color that was given to them."""
        own = self.own_colors(self.centers)
        return np.asarray((self.colors != own).any(axis=1))

    def scaled(self, centers: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return centers so that they are as far apart as the clustering has them.

        That is, each channel multiplied as it was there; but as they are where colors
        were converted.
        """
        frame = self.quantizer.frame
        if frame.converts or not frame.scale:
            return centers
        # Less what they have in common, which may be beyond all floats if multiplied.
        return np.asarray((centers - self.centers.min(axis=0)) * frame.scale)

    def shown_in(self, at: Any, colors: NDArray[np.float64]) -> Self:
        """Return a palette in which clusters are shown, and painted, in colors."""
        new, values = self.colors.copy(), self.quantizer.values
        new[at] = colors
        if self.layout.rgb:
            values = values.copy()
            values[at] = to_dtype(new[at] * self.space.full, values.dtype)
        quantizer = replace(self.quantizer, values=values)
        return replace(self, colors=new, quantizer=quantizer)

    def check_same(self, name: str, layout: Layout, space: Space) -> None:
        """Raise where these clusters cannot be compared to those of an image.

        How channels are scaled does not matter, as centers are known without.
        """
        own = self.layout
        found = own.n_channels, own.rgb, self.space.name
        validation.check_same(name, found, (layout.n_channels, layout.rgb, space.name))
        self.check_full(name, layout.dtype)

    def check_full(self, name: str, dtype: np.dtype[Any]) -> None:
        """Raise where colors of an image of a dtype have another full intensity.

        Then what is dark there would be bright here. `name` is what is refused.
        """
        if self.layout.rgb:
            image, own = (d.newbyteorder("=") for d in (dtype, self.layout.dtype))
            given = validation.Full(image, full_of(image))
            validation.check_full(name, given, validation.Full(own, self.space.full))

    def _at(self, name: str, label: Any) -> int:
        """Return where the cluster of a label, or of a name, is."""
        if isinstance(label, str):
            return validation.check_name(name, label, self.names)
        return validation.check_integer(name, label, 1, self.k) - 1

    def _free(self, name: str, label: Any) -> int:
        """Return where the cluster of a label is, which should not be locked."""
        at = self._at(name, label)
        if self.locked[at]:
            raise ValueError(
                f"{name}={validation.shown(label)} should be a cluster that is not "
                "locked."
            )
        return at
