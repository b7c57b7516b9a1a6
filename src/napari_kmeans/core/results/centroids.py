"""Centroids: where in an image the pixels of each label are."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import validation
from ..arrays import plain
from ..run.lazy import each_block, is_lazy
from ..run.progress import follow
from ..run.threads import map_blocks

if TYPE_CHECKING:
    from collections.abc import Callable

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
    return means_of(summed(labels, k))


def summed(labels: Any, k: int) -> NDArray[np.int64]:
    """Return the `moments` of all labels; those of dask are made block by block."""
    return np.asarray(np.sum(_each(labels, moments, k), axis=0))


def means_of(sums: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return mean positions from `moments`: (k, labels.ndim)."""
    with np.errstate(invalid="ignore"):
        return np.asarray(sums[:-1] / sums[-1]).T


def count(labels: Any, k: int) -> NDArray[np.int64]:
    """Count the pixels of each label 1..k, and see that no label is another: (k,).

    Labels of dask are made block by block.
    """
    return np.asarray(np.sum(_each(labels, _counts, k), axis=0))


def exchanged(labels: Any, before: Any) -> Any:
    """Return labels that are to take the place of others: of dask where those are."""
    array = validation.check_other_labels(labels, before.shape)
    if not is_lazy(before):
        return np.asarray(array)
    if is_lazy(array):
        return array
    import dask.array as da

    return da.from_array(array, chunks=before.chunks)


def _each(
    labels: Any, function: Callable[..., NDArray[np.int64]], k: int
) -> list[NDArray[np.int64]]:
    labels = plain(labels)  # a DataArray may be among results
    if is_lazy(labels):
        return each_block([labels], labels.chunks, _of_block, function, k)
    return [function(labels, (0,) * labels.ndim, k)]


def _of_block(
    chunks: list[NDArray[Any]],
    start: tuple[int, ...],
    function: Callable[..., NDArray[np.int64]],
    k: int,
) -> NDArray[np.int64]:
    return function(chunks[0], start, k)


def _counts(labels: NDArray[Any], _start: tuple[int, ...], k: int) -> NDArray[np.int64]:
    validation.check_label_range(labels, k)
    flat = labels.reshape(-1)
    parts = map_blocks(
        lambda start, stop: np.bincount(flat[start:stop], minlength=k + 1), flat.size
    )
    return np.asarray(np.sum(parts, axis=0)[1:], np.int64)


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
