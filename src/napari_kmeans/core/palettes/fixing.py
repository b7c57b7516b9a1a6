"""Fixing: clusters that stay as they are in a palette that was made beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..cluster.clusters import brightness
from .values import in_dtype

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..options.anchors import Anchors
    from .palette import Palette


def told_as(
    centers: NDArray[np.float64], anchors: Anchors, which: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return centers, in the units of the image, those that are fixed as they were.

    Parameters
    ----------
    centers : (k, n_channels) float64
    anchors, which
        As for `with_fixed`.
    """
    fixed = anchors.centers[anchors.owners][which]
    return np.where(which[:, np.newaxis] < 0, centers, fixed)


def with_fixed(found: Palette, anchors: Anchors, which: NDArray[np.intp]) -> Palette:
    """Return a palette in which clusters that were given to stay are as they were.

    Parameters
    ----------
    found : Palette
        With a cluster for each center.
    anchors : Anchors
    which : (k,) int
        For each cluster found, which of the centers that stay it is; or -1.
    """
    of = np.where(which < 0, -1, anchors.owners[which])
    groups = [np.flatnonzero(of == at).tolist() for at in range(anchors.n)]
    groups += [[at] for at in np.flatnonzero(of < 0).tolist()]
    means = found.moments.means[[group[0] for group in groups]]
    frame = found.quantizer.frame
    if anchors.is_of(frame.space):  # merged ones are where they were, too
        given = anchors.palette
        own = given.moments.means[anchors.places]
        means[: anchors.n] = frame.adopt(own, given.quantizer.frame)
    order = np.arange(len(groups))
    if not anchors.leading:
        luminance = found.space.luminance(frame, found.layout.n_channels)
        order = brightness(means, luminance)
    palette = found.grouped([groups[at] for at in order], means[order])
    return _as_they_were(palette, np.argsort(order)[: anchors.n], anchors)


def _as_they_were(
    palette: Palette, places: NDArray[np.intp], anchors: Anchors
) -> Palette:
    """Return a palette whose clusters at some places are as given, and locked."""
    centers, locked = palette.centers.copy(), [*palette.locked]
    centers[places] = anchors.centers
    for place in places.tolist():
        locked[place] = True
    palette = replace(palette, centers=centers, locked=tuple(locked))
    given, at = anchors.palette, anchors.places
    if given is None:
        return palette
    colors, values = palette.colors.copy(), palette.quantizer.values.copy()
    colors[places] = given.colors[at]
    values[places] = in_dtype(given.quantizer.values, given.centers, values.dtype)[at]
    names = [*palette.names]
    for place, name in zip(places.tolist(), at.tolist(), strict=True):
        names[place] = given.names[name]
    return replace(
        palette,
        colors=colors,
        names=tuple(names),
        quantizer=replace(palette.quantizer, values=values),
    )
