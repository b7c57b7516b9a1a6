"""Adjacency: which components labels have, found block by block, and their borders.

A component, or a border, that blocks cut is put together again, so that what is found
is the same for any blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..run.lazy import corners

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Neighborhood:
    """What pixels touch.

    Attributes
    ----------
    shape : tuple of int
        That of the labels.
    axes : tuple of int
        The axes along which pixels touch: all but those of planes.
    connectivity : int
        Along how many of these they may differ by 1.
    least : int
        Pixels of a component that is not small.
    """

    shape: tuple[int, ...]
    axes: tuple[int, ...]
    connectivity: int
    least: int

    @property
    def steps(self) -> NDArray[np.int64]:
        """The steps to pixels that touch a pixel, and come before it: (n, ndim)."""
        ndim = len(self.shape)
        reach = [(-1, 0, 1) if axis in self.axes else (0,) for axis in range(ndim)]
        steps = [
            step
            for step in product(*reach)
            if step < (0,) * ndim and sum(map(abs, step)) <= self.connectivity
        ]
        return np.array(steps, np.int64).reshape(-1, ndim)

    def components(self, block: NDArray[Any]) -> tuple[Ints, Any]:
        """Return the components of a block, and their labels, sizes and firsts.

        That is: of each pixel its component, counted from 1, and 0 for those left out.
        """
        from .. import kernels

        rows = np.ascontiguousarray(block).reshape(-1, block.shape[-1])
        # Only whether they are equal matters: one compiled kernel for each size.
        raw = rows.view(f"u{rows.dtype.itemsize}")
        components = np.empty(rows.shape, np.int32)
        joined = block.ndim - 1 in self.axes
        n_runs = kernels.find_runs(raw, joined, components)
        shape = np.array(block.shape, np.int64)
        labels, sizes, firsts = kernels.find_components(
            raw, shape, self.steps, n_runs, components
        )
        return components, (labels.view(rows.dtype), sizes, firsts)

    def survey(
        self, block: NDArray[Any], start: tuple[int, ...], *, kept: bool = False
    ) -> Survey:
        """Find the components of a block, and their borders within it."""
        from .. import kernels

        components, (labels, sizes, firsts) = self.components(block)
        shape = np.array(block.shape, np.int64)
        pairs, faces = kernels.find_borders(
            components, shape, self.steps, sizes, self.least
        )
        inside = np.unravel_index(firsts, block.shape)
        at = tuple(a + b for a, b in zip(inside, start, strict=True))
        array = components.reshape(block.shape)
        ends = {
            axis: (_end(array, axis, 0), _end(array, axis, -1)) for axis in self.axes
        }
        return Survey(
            np.asarray(labels, labels.dtype.newbyteorder("=")),
            sizes,
            np.ravel_multi_index(at, self.shape),
            pairs,
            faces,
            ends,
            array if kept else None,
        )

    def across(self, low: Ints, high: Ints, axis: int) -> Iterator[tuple[Ints, int]]:
        """Yield pairs of components that touch across a cut, and their faces each.

        Parameters
        ----------
        low, high : arrays of int32
            The components on both sides of it.
        axis : int
            The axis that is cut.

        Yields
        ------
        pairs : (2, n) int32
        faces : int
            1, or 0 where the pixels touch at edges or corners only.
        """
        others = [other for other in range(len(self.shape)) if other != axis]
        reach = [(-1, 0, 1) if other in self.axes else (0,) for other in others]
        for step in product(*reach):
            if sum(map(abs, step)) < self.connectivity:
                here = tuple(slice(max(0, -d), min(0, -d) or None) for d in step)
                there = tuple(slice(max(0, d), min(0, d) or None) for d in step)
                pairs = np.stack([low[here].reshape(-1), high[there].reshape(-1)])
                yield pairs[:, pairs.all(axis=0)], int(not any(step))


def _end(array: Ints, axis: int, index: int) -> Ints:
    return np.array(array[(slice(None),) * axis + (index,)])


class Survey(NamedTuple):
    """The components of a block, counted from 1, and their borders within it.

    Attributes
    ----------
    labels, sizes, firsts : (n,) arrays
        The label of each, its pixels, and the index of its first pixel in all labels.
    pairs : (2, n_borders) int32
    faces : (n_borders,) int32
    ends : dict
        For each axis, the components of the first and the last pixels along it.
    components : array of int32 or None
        Those of the pixels, if they are kept.
    """

    labels: NDArray[Any]
    sizes: NDArray[np.int64]
    firsts: NDArray[np.int64]
    pairs: Ints
    faces: Ints
    ends: dict[int, tuple[Ints, Ints]]
    components: Ints | None


class Adjacency(NamedTuple):
    """All components, in the order of their first pixels, and their borders.

    Attributes
    ----------
    labels, sizes : (n,) arrays
    pairs : (2, n_borders) int32
        Of components from 0.
    faces : (n_borders,) int32
    numbers : list of arrays of int32
        For each block, the components that its own are, or are a part of.
    """

    labels: NDArray[Any]
    sizes: NDArray[np.int64]
    pairs: Ints
    faces: Ints
    numbers: list[Ints]


def assemble(
    surveys: Sequence[Survey],
    chunks: Sequence[Sequence[int]],
    neighborhood: Neighborhood,
) -> Adjacency:
    """Put together what was found block by block.

    Parameters
    ----------
    surveys : sequence of Survey
        In the order of the blocks.
    chunks : sequence of sequences of int
        The sizes of the blocks along each axis.
    neighborhood : Neighborhood
    """
    from .. import kernels

    offsets = [*accumulate((len(one.sizes) for one in surveys), initial=0)]
    if offsets[-1] >= 2**31:
        raise MemoryError(
            f"labels of {offsets[-1]:,} components should have less than {2**31:,}."
        )
    labels = np.concatenate([one.labels for one in surveys])
    order = np.argsort(np.concatenate([one.firsts for one in surveys]), kind="stable")
    ranks = np.empty(order.size, np.int32)
    ranks[order] = np.arange(order.size, dtype=np.int32)
    labels = labels[order]
    parents, across = np.arange(order.size, dtype=np.int32), []
    for low, high, axis in _cuts(surveys, offsets, chunks, neighborhood.axes):
        for pairs, shared in neighborhood.across(low, high, axis):
            first, second = ranks[pairs - 1]
            same = labels[first] == labels[second]
            kernels.join(parents, first[same], second[same])
            across.append((pairs[:, ~same], shared))
    roots = flattened(parents)
    are_first = roots == np.arange(roots.size)
    by_rank = (np.cumsum(are_first, dtype=np.int32) - np.int32(1))[roots]
    sizes = np.zeros(int(np.count_nonzero(are_first)), np.int64)
    np.add.at(sizes, by_rank, np.concatenate([one.sizes for one in surveys])[order])
    by_place = by_rank[ranks]
    numbers = np.split(by_place, offsets[1:-1])
    within = zip(numbers, surveys, strict=True)
    found = [(some[one.pairs - 1], one.faces) for some, one in within]
    for pairs, shared in across:
        faces = np.full(pairs.shape[1], shared, np.int32)
        found.append((by_place[pairs - 1], faces))
    return Adjacency(
        labels[are_first],
        sizes,
        np.concatenate([pairs for pairs, _ in found], axis=1),
        np.concatenate([faces for _, faces in found]),
        numbers,
    )


def flattened(parents: Ints) -> Ints:
    """Return the first of all that each is joined with."""
    roots = parents[parents]
    while (roots != parents).any():
        parents, roots = roots, roots[roots]
    return roots


def _cuts(
    surveys: Sequence[Survey],
    offsets: Sequence[int],
    chunks: Sequence[Sequence[int]],
    axes: tuple[int, ...],
) -> Iterator[tuple[Ints, Ints, int]]:
    """Yield the components on both sides of each cut between blocks, and its axis."""
    blocks = np.arange(len(surveys)).reshape(*map(len, chunks))
    for axis in axes:
        others = [*chunks[:axis], *chunks[axis + 1 :]]
        for cut in range(1, len(chunks[axis])):
            sides = []
            for side in (0, 1):
                found = np.empty([*map(sum, others)], np.int32)
                some = blocks.take(cut - 1 + side, axis).reshape(-1).tolist()
                for block, start in zip(some, corners(others), strict=True):
                    end = surveys[block].ends[axis][1 - side]
                    there = tuple(
                        slice(a, a + n) for a, n in zip(start, end.shape, strict=True)
                    )
                    found[there] = end + np.where(end, np.int32(offsets[block]), 0)
                sides.append(found)
            yield sides[0], sides[1], axis
