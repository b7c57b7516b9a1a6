"""Components: pixels of one label that touch, their borders, and who takes whom in.

Words
-----
component
    A number from 1, and of pixels left out 0; in the order of their first pixels.
step
    A row of `steps`: from a pixel to one that touches it, and comes before it.
border
    A pair of components of different labels, and how many faces they share; 0 where
    they touch at edges or corners only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .jit import kernel, part

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int32]


@part
def _row_at(row: int, shape: NDArray[np.int64], step: NDArray[np.int64]) -> int:
    """Return the row that is a step from another, -1 outside."""
    there, stride, rest = 0, 1, row
    for axis in range(shape.shape[0] - 2, -1, -1):
        at = rest % shape[axis] + step[axis]
        rest //= shape[axis]
        if at < 0 or at >= shape[axis]:
            return -1
        there += at * stride
        stride *= shape[axis]
    return there


@part
def _root(parents: Ints, of: int) -> int:
    """Return the first of all that are joined with one."""
    while parents[of] != of:
        parents[of] = parents[parents[of]]
        of = parents[of]
    return of


@part
def _join(parents: Ints, a: int, b: int) -> int:
    """Join all that are joined with either; return the first."""
    a, b = _root(parents, a), _root(parents, b)
    low, high = min(a, b), max(a, b)
    parents[high] = low
    return low


@kernel
def join(parents: Ints, first: Ints, second: Ints) -> None:
    """Join pairs: the parent of each becomes itself, or one before it."""
    for i in range(first.shape[0]):
        _join(parents, first[i], second[i])


@kernel
def find_runs(rows: NDArray[Any], joined: bool, components: Ints) -> int:
    """Find the runs of one label in rows, if they are `joined`, or their pixels.

    Returns
    -------
    int
        How many there are: `components` has their numbers.
    """
    n = 0
    for row in range(rows.shape[0]):
        for x in range(rows.shape[1]):
            label = rows[row, x]
            if label == 0:
                components[row, x] = 0
                continue
            if not joined or x == 0 or rows[row, x - 1] != label:
                n += 1
            components[row, x] = n
    return n


@kernel
def find_components(
    rows: NDArray[Any],
    shape: NDArray[np.int64],
    steps: NDArray[np.int64],
    n_runs: int,
    components: Ints,
) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    """Find the components of runs that are already numbered.

    Parameters
    ----------
    rows : (n_rows, width) unsigned integers
        The labels.
    shape : (ndim,) int64
        That of the array, whose last axis is that of the rows.
    steps : (n_steps, ndim) int64
    n_runs : int
    components : (n_rows, width) int32
        The runs; receives the components.

    Returns
    -------
    labels, sizes, firsts : (n,) arrays
        The label of each, its pixels, and its first pixel in the order of C.
    """
    width = rows.shape[1]
    parents = np.arange(n_runs + 1).astype(np.int32)
    for row in range(rows.shape[0]):
        for i in range(steps.shape[0]):
            there, dx = _row_at(row, shape, steps[i]), steps[i, -1]
            if there < 0 or there == row:  # within a row, runs are joined already
                continue
            last, last_there = 0, 0
            for x in range(max(0, -dx), min(width, width - dx)):
                if rows[row, x] != rows[there, x + dx] or rows[row, x] == 0:
                    continue
                a, b = components[row, x], components[there, x + dx]
                if a != last or b != last_there:
                    _join(parents, a, b)
                    last, last_there = a, b
    n = 0
    for run in range(1, n_runs + 1):
        if parents[run] == run:
            n += 1
            parents[run] = n
        else:  # that of an earlier run is a number by now
            parents[run] = parents[parents[run]]
    labels, sizes = np.empty(n, rows.dtype), np.zeros(n, np.int64)
    firsts = np.empty(n, np.int64)
    for row in range(rows.shape[0]):
        for x in range(width):
            component = parents[components[row, x]]
            components[row, x] = component
            if component == 0:
                continue
            if sizes[component - 1] == 0:
                labels[component - 1] = rows[row, x]
                firsts[component - 1] = row * width + x
            sizes[component - 1] += 1
    return labels, sizes, firsts


@kernel
def find_borders(
    components: Ints,
    shape: NDArray[np.int64],
    steps: NDArray[np.int64],
    sizes: NDArray[np.int64],
    least: int,
) -> tuple[Ints, Ints]:
    """Find the borders of components of fewer than `least` pixels.

    A pair may be found several times, each with a part of its faces.

    Parameters
    ----------
    components : (n_rows, width) int32
    shape, steps
        As for `find_components`.
    sizes : (n,) int64
    least : int

    Returns
    -------
    pairs : (2, n_borders) int32
    faces : (n_borders,) int32
    """
    width = components.shape[1]
    pairs, faces = np.empty((2, 0), np.int32), np.empty(0, np.int32)
    are_faces = np.abs(steps).sum(axis=1) == 1
    n = 0
    for filling in (False, True):
        if filling:
            pairs, faces = np.empty((2, n), np.int32), np.empty(n, np.int32)
        n = 0
        for row in range(components.shape[0]):
            for i in range(steps.shape[0]):
                there, dx = _row_at(row, shape, steps[i]), steps[i, -1]
                if there < 0:
                    continue
                last, last_there = 0, 0
                for x in range(max(0, -dx), min(width, width - dx)):
                    a, b = components[row, x], components[there, x + dx]
                    if a == b or a == 0 or b == 0:
                        continue
                    if a != last or b != last_there:
                        if sizes[a - 1] >= least and sizes[b - 1] >= least:
                            continue
                        last, last_there = a, b
                        if filling:
                            pairs[0, n], pairs[1, n], faces[n] = a, b, 0
                        n += 1
                    if filling:
                        faces[n - 1] += are_faces[i]
    return pairs, faces


@kernel
def sort_borders(
    pairs: Ints, faces: Ints, sizes: NDArray[np.int64], least: int
) -> tuple[NDArray[np.int64], Ints, Ints]:
    """Sort borders by the component, of fewer than `least` pixels, whose they are.

    Parameters
    ----------
    pairs : (2, n_borders) int32
        Of components from 0.
    faces : (n_borders,) int32
    sizes : (n,) int64
    least : int

    Returns
    -------
    starts : (n + 1,) int64
        Where the borders of each component begin; they end where the next begin.
    neighbors, faces : (n_found,) int32
        Of each border.
    """
    starts = np.zeros(sizes.shape[0] + 1, np.int64)
    for side in range(2):
        for i in range(faces.shape[0]):
            if sizes[pairs[side, i]] < least:
                starts[pairs[side, i] + 1] += 1
    for i in range(sizes.shape[0]):
        starts[i + 1] += starts[i]
    ends = starts[:-1].copy()
    neighbors = np.empty(starts[-1], np.int32)
    sorted_faces = np.empty(starts[-1], np.int32)
    for side in range(2):
        for i in range(faces.shape[0]):
            component = pairs[side, i]
            if sizes[component] < least:
                neighbors[ends[component]] = pairs[1 - side, i]
                sorted_faces[ends[component]] = faces[i]
                ends[component] += 1
    return starts, neighbors, sorted_faces


@part
def _nearest(
    component: int,
    parents: Ints,
    following: Ints,
    labels: Ints,
    starts: NDArray[np.int64],
    neighbors: Ints,
    faces: Ints,
    shared: NDArray[np.int64],
) -> int:
    """Return the label with which a component shares the most faces, -1 for none."""
    member, best = component, -1
    while True:
        for i in range(starts[member], starts[member + 1]):
            other = _root(parents, neighbors[i])
            if other != component:
                shared[labels[other]] += faces[i]
        member = following[member]
        if member == component:
            break
    for clearing in (False, True):
        while True:
            for i in range(starts[member], starts[member + 1]):
                label = labels[_root(parents, neighbors[i])]
                if clearing:
                    shared[label] = 0
                    continue
                most = shared[best] if best >= 0 else 0
                if shared[label] > most or (shared[label] == most > 0 and label < best):
                    best = label
            member = following[member]
            if member == component:
                break
    return best


@kernel
def dissolve(
    some: NDArray[np.intp],
    most: int,
    labels: Ints,
    sizes: NDArray[np.int64],
    parents: Ints,
    following: Ints,
    starts: NDArray[np.int64],
    neighbors: Ints,
    faces: Ints,
    shared: NDArray[np.int64],
) -> None:
    """Give components, one after another, to the neighbors they share most faces with.

    Parameters
    ----------
    some : (n_some,) int
        Components, from 0.
    most : int
        Pixels of a component that is one with others by the time it is its turn, and is
        passed over.
    labels : (n,) int32
        From 0; changed, as are the next three.
    sizes : (n,) int64
    parents : (n,) int32
    following : (n,) int32
        A ring of those that are joined.
    starts, neighbors, faces
        As of `sort_borders`.
    shared : (n_labels,) int64
        Zeros; scratch.
    """
    found = np.empty(sizes.shape[0], np.int32)
    for at in range(some.shape[0]):
        component = some[at]
        if parents[component] != component or sizes[component] >= most:
            continue
        label = _nearest(
            component, parents, following, labels, starts, neighbors, faces, shared
        )
        if label < 0:
            continue
        # The ring stays as it is until all who join are found.
        root, member, n = component, component, 0
        while True:
            for i in range(starts[member], starts[member + 1]):
                other = _root(parents, neighbors[i])
                if other != root and labels[other] == label:
                    total = sizes[root] + sizes[other]
                    root = _join(parents, root, other)
                    labels[root], sizes[root] = label, total
                    found[n] = other
                    n += 1
            member = following[member]
            if member == component:
                break
        for i in range(n):
            other = found[i]
            following[component], following[other] = (
                following[other],
                following[component],
            )
