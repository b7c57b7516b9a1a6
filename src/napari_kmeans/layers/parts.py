"""Parts: labels as a layer for each cluster."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core import validation
from ..core.arrays import plain
from ..core.cluster.sums import label_dtype
from ..core.palettes.colors import label_colormap
from ..core.palettes.palette import Palette
from ..core.run.lazy import is_lazy
from ..core.run.memory import free_memory
from ..core.run.progress import follow, stage, step
from .levels import LONGEST, thinned
from .source import placement_in, title
from .tuples import by_label, one_or_all

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from ..core.run.progress import Report
    from .metadata import LayerData


def one_layer_each(
    labels: Any,
    palette: Palette,
    source: Any,
    *,
    only: Iterable[int] | None = None,
    progress: Report | None = None,
) -> list[LayerData]:
    """Return labels as a Labels layer for each cluster.

    To show, hide, paint on and save clusters one by one. The layers are the user's own:
    no later run changes them.

    Parameters
    ----------
    labels : ndarray, dask.array.Array, or list of these
        1..k and 0, as in the Labels layer of a result; of a multiscale layer, its
        levels from the highest. Those of dask give lazy layers.
    palette : Palette
        The clusters.
    source : napari.layers.Image, str, or list of these
        What was clustered, where the layers are to lie; or just a name. A list where
        each was a channel.
    only : iterable of int, optional
        The labels of some clusters; by default all of 1..k.
    progress : callable, optional
        As for `quantize`.

    Returns
    -------
    list of (data, attributes, type)
        Napari's LayerDataTuples, for ``napari.layers.Layer.create``: of each cluster a
        Labels layer of uint8 or uint16 that holds its label and 0, in its color, with
        its row of the table. It is named as the cluster is, or by source and label.

    Raises
    ------
    TypeError, ValueError
        Where there is no such cluster, or no room for so many layers.

    Examples
    --------
    >>> from napari_kmeans import quantize
    >>> q = quantize(np.array([[1, 2], [8, 9]], np.uint8), k=2)
    >>> for data, attributes, kind in one_layer_each(q.labels, q.palette, "photo"):
    ...     print(attributes["name"], kind, data.tolist())
    photo cluster 1 labels [[1, 1], [0, 0]]
    photo cluster 2 labels [[0, 0], [2, 2]]
    """
    validation.check_progress(progress)
    if not isinstance(palette, Palette):
        raise validation.no_palette("palette", palette)
    wanted: list[Any] = [*range(1, palette.k + 1)]
    if only is not None:
        wanted = validation.check_labels("only", only)
    wanted = [validation.check_integer("only", n, 1, palette.k) for n in wanted]
    several = isinstance(labels, Sequence)  # as what napari has for levels is, too
    levels = list(map(plain, labels if several else [labels]))
    if not several and max(labels.shape) > LONGEST:
        levels = thinned(levels[0])
    _check_room(levels, len(wanted), np.dtype(label_dtype(palette.k)).itemsize)

    def work() -> list[LayerData]:
        layers = []
        table = palette.table().rename(columns={"label": "index"})
        with stage("Separating clusters", n_steps=len(wanted)):
            for done, label in enumerate(wanted):
                step(done)
                layers.append(_layer(levels, label, palette, source, table))
        return layers

    return follow(work, progress)


def _check_room(levels: list[Any], n: int, itemsize: int) -> None:
    """Raise where there is no room for so many layers."""
    held = [level for level in levels if not is_lazy(level)]
    needed = sum(prod(level.shape) for level in held) * n * itemsize
    free = free_memory()
    if needed > free:
        raise ValueError(
            f"labels of shape {levels[0].shape} should be lazy, or of fewer clusters "
            f"than {n}: a layer each needs {needed / 1e9:.1f} GB, and {free / 1e9:.1f} "
            "are free."
        )


def _layer(
    levels: list[Any], label: int, palette: Palette, source: Any, table: pd.DataFrame
) -> LayerData:
    """Return the layer of a cluster."""
    sources = source if isinstance(source, list) else [source]
    number, layout = label_dtype(palette.k)(label), palette.layout
    data, attributes = one_or_all([(level == label) * number for level in levels], {})
    ndim = levels[0].ndim
    axis = ndim if layout.rgb and layout.channel_axis is None else layout.channel_axis
    own = {
        "name": palette.names[label - 1] or f"{title(sources)} cluster {label}",
        "colormap": label_colormap([label], palette.colors[label - 1 : label]),
        "features": by_label(table[table["index"] == label]),
    }
    return data, {**placement_in(sources[0], ndim, axis), **own, **attributes}, "labels"
