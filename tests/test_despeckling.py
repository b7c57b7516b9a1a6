"""Despeckling: small components go to the longest border, whatever the chunks."""

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from napari_kmeans import Canceled, despeckle
from napari_kmeans.core.despeckling import despeckle as module
from telling import Told


def components_of(labels, connectivity):
    """Return for each component: its size, its first pixel, its label and a mask."""
    structure = ndimage.generate_binary_structure(labels.ndim, connectivity)
    found = []
    for label in set(labels.ravel().tolist()) - {0}:
        numbered, n = ndimage.label(labels == label, structure)
        for number in range(1, n + 1):
            inside = numbered == number
            first = int(np.flatnonzero(inside)[0])
            found.append((int(inside.sum()), first, label, inside))
    return sorted(found, key=lambda one: one[:2])


def faces_of(labels, inside):
    """Return how many faces a component shares with each other label."""
    faces = {}
    for axis in range(labels.ndim):
        for before, after in ((slice(-1), slice(1, None)), (slice(1, None), slice(-1))):
            here = (*(slice(None),) * axis, before)
            there = (*(slice(None),) * axis, after)
            across = inside[here] & ~inside[there] & (labels[there] != 0)
            for label in labels[there][across].tolist():
                faces[label] = faces.get(label, 0) + 1
    return faces


def brute(labels, least, connectivity=1):
    """Despeckle pixel by pixel, looking at everything again after each step."""
    labels = labels.copy()
    while True:
        for size, _, _, inside in components_of(labels, connectivity):
            if size < least and (faces := faces_of(labels, inside)):
                labels[inside] = min(faces, key=lambda one: (-faces[one], one))
                break
        else:
            return labels


@st.composite
def label_images(draw, max_dims=3, dtype=np.uint8):
    ndim = draw(st.integers(1, max_dims))
    side = {1: 20, 2: 9, 3: 5}.get(ndim, 3)
    shape = draw(st.tuples(*[st.integers(1, side)] * ndim))
    most = draw(st.integers(1, 5))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    labels = rng.integers(draw(st.integers(0, 1)), most + 1, shape).astype(dtype)
    if draw(st.booleans()):  # larger components, too
        labels = labels.repeat(2, axis=-1)
    return labels


@st.composite
def chunked(draw, shape):
    """Return the sizes of chunks along each axis."""
    return tuple(
        tuple(np.diff([0, *sorted(draw(st.sets(st.integers(1, n - 1)))), n]).tolist())
        if n > 1
        else (1,)
        for n in shape
    )


sizes = st.integers(0, 12)


@given(st.data(), label_images(), sizes)
def test_it_is_what_brute_force_does(data, labels, size):
    connectivity = data.draw(st.integers(1, labels.ndim))
    before = labels.copy()
    found = despeckle(labels, size, connectivity=connectivity)
    np.testing.assert_array_equal(labels, before)
    np.testing.assert_array_equal(found.labels, brute(labels, size, connectivity))
    assert found.labels.dtype == labels.dtype


@given(st.data(), label_images(), sizes)
def test_chunks_do_not_matter(data, labels, size):
    connectivity = data.draw(st.integers(1, labels.ndim))
    whole = despeckle(labels, size, connectivity=connectivity)
    lazy = da.from_array(labels, chunks=data.draw(chunked(labels.shape)))
    parts = despeckle(lazy, size, connectivity=connectivity)
    assert parts.labels.chunks == lazy.chunks
    assert parts.labels.dtype == labels.dtype
    np.testing.assert_array_equal(parts.labels.compute(), whole.labels)
    assert parts.features.equals(whole.features)
