"""Despeckling: components that are too small go to their neighbors."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .. import validation
from ..labeled import Labeling, labeled
from ..run.lazy import each_block, is_lazy
from ..run.progress import at, follow, stage
from ..run.threads import map_blocks, n_parallel, spans
from .adjacency import Neighborhood, assemble, flattened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from ..run.progress import Report
    from .adjacency import Adjacency, Survey

T = TypeVar("T")

#: Pixels of labels in memory that are searched as one block.
SIZE = 2**21

#: Small components that are merged before the work may be stopped again.
TOGETHER = 2**18


@dataclass(frozen=True, eq=False)
class Despeckled:
    """Labels without small components, and what they were before.

    Attributes
    ----------
    labels : array
        Of the shape and the dtype of those given; of dask where they went by blocks,
        and a DataArray where they were one.
    index : (n,) array of int
        The labels that occurred, in ascending order; 0 is none.
    n_before, n_after : (n,) int64
        How many components had, and have, each of them.
    counts_before, counts_after : (n,) int64
        How many pixels had, and have, each of them.
    """

    labels: Any
    index: NDArray[Any]
    n_before: NDArray[np.int64]
    n_after: NDArray[np.int64]
    counts_before: NDArray[np.int64]
    counts_after: NDArray[np.int64]

    def __repr__(self) -> str:
        """Return a line with how many components there are, and were."""
        return f"Despeckled({self._said})"

    def _repr_html_(self) -> str:
        """Return the same, and the table."""
        return f"<p>{self._said}</p>{self.features.to_html(index=False)}"

    @property
    def _said(self) -> str:
        shape = " x ".join(map(str, self.labels.shape))
        after, before = int(self.n_after.sum()), int(self.n_before.sum())
        return f"{shape}, {after:,} components of {before:,}"

    @property
    def features(self) -> pd.DataFrame:
        """A table with a row a label that occurred.

        Columns ``index`` (the label), ``components`` and ``pixels``, and the same of
        before: ``components_before`` and ``pixels_before``.
        """
        import pandas as pd

        return pd.DataFrame(
            {
                "index": self.index,
                "components_before": self.n_before,
                "components": self.n_after,
                "pixels_before": self.counts_before,
                "pixels": self.counts_after,
            }
        )


def despeckle(
    labels: ArrayLike,
    size: float,
    *,
    spacing: float | Sequence[float] | None = None,
    axes: int | str | Sequence[int | str] | None = None,
    connectivity: int = 1,
    progress: Report | None = None,
) -> Despeckled:
    """Give small components to the label that they share the longest border with.

    For labels with specks: of noise, of JPEG, of colors between two clusters.

    The smallest component comes first; of equally small ones, the one whose first pixel
    comes first in C order. It takes the label that it shares the most faces with (in
    2-D: edges of pixels), the lowest of several, and is one component with all of that
    label that it touches from then on, which may be large enough together. So none is
    left that is smaller than `size` and has a neighbor, and a second time nothing
    changes. Pixels of 0 are left out: they stay, and a component whose faces are all
    toward them, or the end of the labels, stays as well.

    Parameters
    ----------
    labels : array_like, dask.array.Array, zarr.Array or xarray.DataArray
        Integers of at least one axis. They are not changed. By blocks, these are read
        twice: now, to find components, and when the result is asked for. Labels are not
        held in memory, but some 200 bytes a component, and 8 a pixel at the cuts
        between blocks.
    size : float
        The least size of a component that stays: in pixels, or with `spacing` as area
        or volume. 0 and 1 pixels change nothing.
    spacing : float or sequence of float, optional
        The size of a pixel along all axes, or along each axis, of the labels: `size` is
        in this unit squared, for volumes cubed. By default 1.
    axes : int, str or sequence of these, optional
        The axes along which planes lie, each on its own, as for `quantize_planes`; of a
        DataArray also by the names of its dims. The size is that within a plane.
    connectivity : int, default 1
        Along how many axes neighbors in one component may differ, as of scikit-image: 1
        is across faces, 2 also across corners (in 3-D: edges), and so on. Borders are
        always counted in faces.
    progress : callable, optional
        As for `quantize`.

    Returns
    -------
    Despeckled
        `labels`, of the same shape and dtype, and of each label how many components and
        pixels it had and has. The same for any chunks, of NumPy or dask.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described; before any work.

    References
    ----------
    The removal of areas below a minimum mapping unit, as by ``gdal_sieve``, with the
    longest border in place of the largest neighbor, and smallest areas first.

    Examples
    --------
    >>> import numpy as np
    >>> labels = np.array([[1, 1, 1, 2], [1, 3, 1, 2], [1, 1, 0, 3]], np.uint8)
    >>> cleaned = despeckle(labels, 2)
    >>> cleaned.labels.tolist()
    [[1, 1, 1, 2], [1, 1, 1, 2], [1, 1, 0, 2]]
    >>> cleaned
    Despeckled(3 x 4, 2 components of 4)
    >>> cleaned.counts_after.tolist()
    [8, 3, 0]
    """
    array = validation.check_label_image(labels)
    labeling = Labeling.of(labels, rgb=False, channel_axis=None)
    planes = _planes(axes if labeling is None else labeling.axes(axes), array.shape)
    own = tuple(axis for axis in range(array.ndim) if axis not in planes)
    pixel = math.prod(validation.check_spacing(spacing, array.ndim)[i] for i in own)
    least = _least(validation.check_size(size), pixel)
    reach = validation.check_integer("connectivity", connectivity, 1, len(own))
    validation.check_progress(progress)
    neighborhood = Neighborhood(array.shape, own, reach, least)
    function = _lazily if is_lazy(array) else _held
    result = follow(lambda: function(array, neighborhood), progress)
    return labeled(result, labeling)


def _planes(axes: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the axes of the planes."""
    if axes is None:
        return ()
    return validation.check_axes(axes, shape, rgb=False, channel_axis=None)


def _least(size: float, pixel: float) -> int:
    """Return the pixels of the smallest component that has a size.

    Examples
    --------
    >>> _least(5.5, 1.0), _least(1.1, 0.1)
    (6, 11)
    """
    n = size / max(pixel, 5e-324)
    whole = round(n) if math.isfinite(n) else 0
    # Of a whole number, a quotient may miss it by a bit.
    least = whole if math.isclose(n, whole) else math.ceil(min(n, 2.0**62))
    return min(least, 2**62)


def _held(labels: NDArray[Any], neighborhood: Neighborhood) -> Despeckled:
    """Despeckle labels in memory, in strips that are searched side by side."""
    n_strips = -(-labels.size // SIZE)
    # Along the first axis that can be cut, so that strips lie together in memory.
    axis = next((i for i, n in enumerate(labels.shape) if n > 1), 0)
    length, leading = labels.shape[axis], (slice(None),) * axis
    strips = spans(length, max(1, length // n_strips))
    cuts = [(*leading, slice(start, stop)) for start, stop in strips]

    def survey(strip: int) -> Survey:
        start = [0] * labels.ndim
        start[axis] = strips[strip][0]
        return neighborhood.survey(labels[cuts[strip]], tuple(start), kept=True)

    with stage("Finding components", 0, 0.5):
        surveys = _each(survey, len(strips))
    chunks = [[n] for n in labels.shape]
    chunks[axis] = [stop - start for start, stop in strips]
    with stage("Joining components", 0.5, 0.9):
        adjacency = assemble(surveys, chunks, neighborhood)
        result, tables = _dissolved(adjacency, neighborhood.least, labels.dtype)
    cleaned = np.empty(labels.shape, labels.dtype)

    def write(strip: int) -> None:
        _look_up(surveys[strip].components, tables[strip], cleaned[cuts[strip]])

    with stage("Labeling", 0.9):
        _each(write, len(strips))
    return replace(result, labels=cleaned)


def _each(function: Callable[[int], T], n: int) -> list[T]:
    """Call a function for each of n strips, in threads; it may stop between some."""
    results: list[T] = []
    for start, stop in spans(n, n_parallel()):
        at(start / n)

        def one(index: int, _: int, start: int = start) -> T:
            return function(start + index)

        results += map_blocks(one, stop - start, size=1)
    return results


def _lazily(labels: Any, neighborhood: Neighborhood) -> Despeckled:
    """Despeckle labels of dask: find components now, make labels when asked for."""
    import dask
    import dask.array as da

    chunks = tuple(tuple(filter(None, sizes)) for sizes in labels.chunks)
    labels = labels.rechunk(chunks)  # none of them empty
    with stage("Finding components", 0, 0.8):
        surveys = each_block([labels], chunks, _survey_block, neighborhood)
    with stage("Joining components", 0.8):
        adjacency = assemble(surveys, chunks, neighborhood)
        result, tables = _dissolved(adjacency, neighborhood.least, labels.dtype)
    by_block = np.empty(labels.numblocks, object)
    for block, table in zip(np.ndindex(by_block.shape), tables, strict=True):
        by_block[block] = table
    cleaned = labels.map_blocks(
        _clean_block,
        da.from_array(by_block, chunks=1, name=False),
        neighborhood=dask.delayed(neighborhood, traverse=False),
        dtype=labels.dtype,
        meta=np.empty((0,) * labels.ndim, labels.dtype),
    )
    return replace(result, labels=cleaned)


def _survey_block(
    blocks: list[NDArray[Any]], start: tuple[int, ...], neighborhood: Neighborhood
) -> Survey:
    return neighborhood.survey(np.asarray(blocks[0]), start)


def _clean_block(
    block: NDArray[Any], table: NDArray[Any], *, neighborhood: Neighborhood
) -> NDArray[Any]:
    components, _ = neighborhood.components(np.asarray(block))
    cleaned = np.empty(block.shape, block.dtype)
    _look_up(components, table.item(), cleaned)
    return cleaned


def _look_up(components: Any, table: NDArray[Any], labels: NDArray[Any]) -> None:
    """Write the new label of each pixel's component."""
    from .. import kernels

    # Bytes are bytes: one compiled kernel for each size of a label.
    raw = f"u{labels.dtype.itemsize}"
    flat, codes = labels.reshape(-1).view(raw), components.reshape(-1)
    kernels.look_up1(codes, table.view(raw), flat, 0, flat.size)


def _dissolved(
    adjacency: Adjacency, least: int, dtype: np.dtype[Any]
) -> tuple[Despeckled, list[NDArray[Any]]]:
    """Dissolve small components.

    Returns
    -------
    result : Despeckled
        Without labels.
    tables : list of arrays
        For each block, the new label of each of its components, the first being 0.
    """
    index, before = np.unique(adjacency.labels, return_inverse=True)
    after, roots = _merged(adjacency, before.astype(np.int32), least)
    tables = [np.zeros(len(some) + 1, dtype) for some in adjacency.numbers]
    for table, some in zip(tables, adjacency.numbers, strict=True):
        table[1:] = index[after[some]]
    n, sizes = len(index), adjacency.sizes
    are_first = roots == np.arange(roots.size)
    result = Despeckled(
        labels=None,
        index=index,
        n_before=np.bincount(before, minlength=n).astype(np.int64),
        n_after=np.bincount(after[are_first], minlength=n).astype(np.int64),
        counts_before=np.bincount(before, sizes, n).astype(np.int64),
        counts_after=np.bincount(after, sizes, n).astype(np.int64),
    )
    return result, tables


def _merged(
    adjacency: Adjacency, labels: NDArray[np.int32], least: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Merge small components, the smallest first.

    Those of `lowest` pixels and up, below twice that, become components of at least
    twice `lowest` pixels: so their order is known before any is merged.

    Returns
    -------
    labels, roots : (n,) int32
        Of each component, its label, and the first of those it is one with.
    """
    from .. import kernels

    sizes, n = adjacency.sizes.copy(), adjacency.sizes.size
    borders = kernels.sort_borders(
        adjacency.pairs, adjacency.faces, adjacency.sizes, least
    )
    parents = np.arange(n, dtype=np.int32)
    following, labels = parents.copy(), labels.copy()
    shared = np.zeros(labels.max(initial=0) + 1, np.int64)
    lowest, stop = 1, min(least, int(sizes.sum()))
    while lowest < stop:
        are_some = (sizes >= lowest) & (sizes < min(2 * lowest, least))
        some = np.flatnonzero(are_some & (parents == np.arange(n)))
        some = some[np.argsort(sizes[some], kind="stable")]
        with stage(low=1 - 1 / lowest, high=1 - 1 / (2 * lowest)):
            for first, last in spans(some.size, TOGETHER):
                at(first / some.size)
                given = some[first:last], 2 * lowest, labels, sizes, parents
                kernels.dissolve(*given, following, *borders, shared)
        lowest *= 2
    roots = flattened(parents)
    return labels[roots], roots
