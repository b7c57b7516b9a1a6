"""Centroids: where in an image the pixels of each label are."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..run.lazy import each_block, is_lazy
from ..run.progress import follow
from ..run.threads import map_blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..run.progress import Report


class Located:
    """A result that knows where its clusters are, once that was asked for."""

    @cached_property
    def positions(self) -> NDArray[np.float64]:
        """The mean position of each cluster's pixels, in pixels: (k, labels.ndim).

        Of planes, (n_planes, k, labels.ndim): along their axes, the plane's index; NaN
        for a number without pixels.
        """
        return self._positions()

    def _positions(self) -> NDArray[np.float64]:
        raise NotImplementedError

    def locate(self, progress: Report | None = None) -> NDArray[np.float64]:
        """Find the `positions`, which takes long where labels are made when asked for.

        Parameters
        ----------
        progress : callable, optional
            As for `quantize`.

        Returns
        -------
        (..., k, labels.ndim) float64
            The `positions`, which are kept.
        """
        return follow(lambda: self.positions, progress)


def centroids(labels: Any, k: int) -> NDArray[np.float64]:
    """Find the mean position of the pixels of each label 1..k: (k, labels.ndim).

    NaN for a label without pixels. Labels of dask are made block by block.
    """
    if is_lazy(labels):
        parts = each_block([labels], labels.chunks, _moments_of, k)
    else:
        parts = [moments(labels, (0,) * labels.ndim, k)]
    sums = np.sum(parts, axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray(sums[:-1] / sums[-1]).T


def _moments_of(
    chunks: list[NDArray[Any]], start: tuple[int, ...], k: int
) -> NDArray[np.int64]:
    return moments(chunks[0], start, k)


def moments(labels: NDArray[Any], start: tuple[int, ...], k: int) -> NDArray[np.int64]:
    """Return the sums of positions of a block's labels, and how many there are.

    Parameters
    ----------
    labels : array of unsigned integers
    start : tuple of int
        Where the block begins.
    k : int

    Returns
    -------
    (labels.ndim + 1, k) int64
    """
    from .. import kernels

    rows = labels.reshape(-1, labels.shape[-1])
    leading = np.indices(labels.shape[:-1]).reshape(labels.ndim - 1, -1)

    def part(begin: int, end: int) -> NDArray[np.int64]:
        counts = np.zeros((end - begin, k + 1), np.int64)
        columns = np.zeros(k + 1, np.int64)
        kernels.tally(rows[begin:end], counts, columns)
        sums = leading[:, begin:end] @ counts
        return np.vstack([sums, columns, counts.sum(axis=0)])[:, 1:]

    size = max(1, 2**18 // (labels.shape[-1] + k))
    sums = np.sum(map_blocks(part, len(rows), size), axis=0)
    sums[:-1] += np.array(start)[:, np.newaxis] * sums[-1]
    return np.asarray(sums, np.int64)
