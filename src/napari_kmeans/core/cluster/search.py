"""Search: OpenCV's attempts, on rows that are brought to where float32 holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..options.settings import Settings
    from .clusters import Limits

    #: Rows to search, (n, n_channels), and the labels to start from, or None.
    Picked = tuple[NDArray[Any], NDArray[np.int32] | None]

#: How far off, in ranges of the others, a few far values are searched.
MARGIN = 2.0**10

#: Iterations of an attempt that settling goes on from: more would be taken twice.
SHORT = 3


class Found(NamedTuple):
    """OpenCV's best attempt, its centers as the rows are.

    `attempts` are the centers of all, the best first.
    """

    compactness: float
    labels: NDArray[np.int32]
    centers: NDArray[np.float64]
    attempts: list[NDArray[np.float64]]


def search(
    picked: Picked,
    settings: Settings,
    limits: Limits,
    offset: NDArray[np.float64],
    scale: float,
) -> Found:
    """Search by OpenCV, in the rows less `offset`, times `scale`."""
    from . import opencv

    rows, initial_labels = picked
    max_iter = limits.max_iter
    if settings.brief:
        max_iter = min(max_iter or SHORT, SHORT)
    found = opencv.search(
        np.ascontiguousarray((rows - offset) * scale, np.float32),
        settings.k,
        max_iter=max_iter,
        epsilon=limits.epsilon * scale,
        attempts=1 if settings.k == 1 else settings.attempts,
        init=settings.init,
        initial_labels=initial_labels,
        seed=settings.seed,
    )
    attempts = [c.astype(np.float64) / scale + offset for c in found.attempts]
    return Found(found.compactness, found.labels, attempts[0], attempts)
