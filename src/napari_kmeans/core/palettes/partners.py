"""Partners: the clusters of a palette numbered, named and shown as those of another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .matching import paired
from .values import in_dtype

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .parts import Parts

    P = TypeVar("P", bound=Parts)


def numbered_as(palette: P, other: Parts) -> P:
    """Return a palette whose clusters have the labels of their partners: see `matched`.

    Parameters
    ----------
    palette : Palette
        Of which each cluster has a center of the quantizer.
    other : Palette
    """
    used = palette.quantizer
    known = used.frame.adopt(other.moments.means, other.quantizer.frame)
    mine, theirs = paired(palette.moments.means, known)
    k = max(palette.k, other.k)
    places = np.full(palette.k, -1)
    places[mine] = theirs
    places[places < 0] = np.arange(other.k, k)

    def among(own: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
        """Return rows of this palette in their places, and between them the other's."""
        rows = np.empty((k, *own.shape[1:]), own.dtype)
        rows[: other.k] = others
        rows[places] = own
        return rows

    def told(own: tuple[Any, ...], others: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return what is said of clusters: by the other where it says something."""
        rows = [*others, *own[: k - other.k]]
        for place, at in zip(places.tolist(), own, strict=True):
            rows[place] = (others[place] if place < other.k else at) or at
        return tuple(rows)

    values = in_dtype(other.quantizer.values, other.centers, used.values.dtype)
    new = replace(
        palette,
        centers=among(palette.centers, other.centers),
        counts=among(palette.counts, np.zeros(other.k, palette.counts.dtype)),
        names=told(palette.names, other.names),
        colors=among(palette.colors, palette.own_colors(other.centers)),
        locked=told(palette.locked, other.locked),
        quantizer=replace(
            used,
            values=among(used.values, values),
            owners=places[palette.owners],
        ),
        moments=palette.moments.placed(places, among(palette.moments.means, known)),
    )
    given = np.flatnonzero(other.recolored)
    return new.shown_in(given, other.colors[given]) if given.size else new
