"""Keeping: the locked clusters of a palette in another that was made beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..cluster.clusters import brightness
from .values import in_dtype

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .palette import Palette


def with_kept(found: Palette, keep: Palette, which: NDArray[np.intp]) -> Palette:
    """Return a palette in which the locked clusters of another are as they were.

    Parameters
    ----------
    found : Palette
        With a cluster for each center.
    keep : Palette
    which : (k,) int
        For each cluster found, which of the centers of locked clusters it is; or -1.
    """
    locked = np.flatnonzero(keep.locked)
    owners = keep.owners[np.isin(keep.owners, locked)]
    # Which of the locked each is of, or one of its own.
    of = np.where(which < 0, -1, owners[which])
    groups = [np.flatnonzero(of == at).tolist() for at in locked]
    groups += [[at] for at in np.flatnonzero(of < 0).tolist()]
    frame = found.quantizer.frame
    kept = frame.adopt(keep.moments.means[locked], keep.quantizer.frame)
    means = np.vstack([kept, found.moments.means[of < 0]])
    luminance = found.space.luminance(frame, found.layout.n_channels)
    order = brightness(means, luminance)
    palette = found.grouped([groups[at] for at in order], means[order])
    places = np.argsort(order)[: len(locked)]
    return _as_they_were(palette, places, keep, locked)


def _as_they_were(
    palette: Palette, places: NDArray[np.intp], keep: Palette, locked: NDArray[np.intp]
) -> Palette:
    """Return a palette in which clusters are told and shown as in another, and locked.

    Parameters
    ----------
    palette : Palette
    places : (n,) int
        Where in it they are.
    keep : Palette
    locked : (n,) int
        Where they are there.
    """
    centers, colors = palette.centers.copy(), palette.colors.copy()
    names, are_locked = [*palette.names], [*palette.locked]
    values = palette.quantizer.values.copy()
    centers[places], colors[places] = keep.centers[locked], keep.colors[locked]
    values[places] = in_dtype(keep.quantizer.values, keep.centers, values.dtype)[locked]
    for place, at in zip(places.tolist(), locked.tolist(), strict=True):
        names[place], are_locked[place] = keep.names[at], True
    return replace(
        palette,
        centers=centers,
        colors=colors,
        names=tuple(names),
        locked=tuple(are_locked),
        quantizer=replace(palette.quantizer, values=values),
    )
