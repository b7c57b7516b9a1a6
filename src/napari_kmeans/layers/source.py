"""Sources: what the layers of a result take over from those that were clustered."""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.arrays import plain
from ..core.run.lazy import is_lazy
from ..core.validation import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

#: What layers of a result are for.
ROLES = ("quantized", "labels", "centers")

#: The longest name of several layers; of more, it says how many.
LONG = 24


def check(
    source: Any, roles: Any, attribute: str, channels: tuple[str, ...] | None
) -> None:
    """Raise where a source, or the roles of layers, are not such as `to_layers` wants.

    Parameters
    ----------
    attribute : str
        What all layers of the kind of the source have.
    channels : tuple of str, optional
        What layers of several may be one each.
    """
    several = source if isinstance(source, list) else [source]
    if not all(isinstance(one, str) or hasattr(one, attribute) for one in several):
        kind = "an Image" if attribute == "contrast_limits" else "a Points"
        raise TypeError(
            f"source={shown(source)} should be {kind} layer of napari, a name, or of "
            "channels a list of layers."
        )
    if isinstance(source, list) and channels is None:
        raise ValueError(
            f"source={shown(source)} should be one layer or name, not a list."
        )
    if isinstance(source, list) and len(source) != len(channels or ()):
        raise ValueError(
            f"source of {len(source)} layers should have one for each channel, "
            f"{', '.join(channels or ())}."
        )
    known = not isinstance(roles, str) and isinstance(roles, Collection)
    if not known or not set(map(str, roles)) <= set(ROLES):
        raise ValueError(
            f"roles={shown(roles)} should be some of {', '.join(map(repr, ROLES))}."
        )


def lower_levels(source: Any) -> list[Any]:
    """Return the lower levels of a multiscale source, as images like the highest."""
    sources = source if isinstance(source, list) else [source]
    if not all(getattr(layer, "multiscale", False) for layer in sources):
        return []
    levels = list(zip(*(layer.data[1:] for layer in sources), strict=False))
    if not isinstance(source, list):
        return [level for (level,) in levels]
    return [stacked(level) for level in levels]


def stacked(channels: Sequence[Any]) -> Any:
    """Return images as the channels of one, along its first axis."""
    channels = list(map(plain, channels))
    if not any(map(is_lazy, channels)):
        return np.stack(channels)
    import dask.array as da

    return da.stack([da.asarray(channel) for channel in channels])


def title(sources: list[Any], channel: Any = None) -> str:
    """Return the name of layers together, or of the one that is a channel of these.

    Of many, how many they are, and of a channel what it has not in common with others.
    """
    names = [name_of(source) for source in sources]
    together = ", ".join(names)
    if len(names) == 1 or len(together) <= LONG:
        return together if channel is None else f"{together}: {name_of(channel)}"
    if channel is None:
        return f"{len(names)} channels"
    letters = zip(*names, strict=False)
    alike = sum(1 for _ in takewhile(lambda those: len(set(those)) == 1, letters))
    common = re.sub("[^ _:;,./-]*$", "", names[0][:alike])
    return f"{name_of(channel).removeprefix(common)} of {len(names)}"


def name_of(source: Any) -> str:
    """Return the name of a layer, or that which stands for one."""
    return str(source if isinstance(source, str) else source.name)


def without_axis(placement: dict[str, Any], axis: int) -> dict[str, Any]:
    """Return the placement of a layer that lacks the axis of the channels."""
    ndim = len(placement["scale"])
    shear = np.zeros((ndim, ndim))
    shear[np.triu_indices(ndim, 1)] = placement["shear"]
    vectors = {"scale", "translate", "units", "axis_labels"}
    reduced: dict[str, Any] = {
        name: tuple(v for i, v in enumerate(value) if i != axis)
        for name, value in placement.items()
        if name in vectors
    }
    matrices = {name: placement[name] for name in ("rotate", "affine")}
    for name, matrix in {**matrices, "shear": shear}.items():
        reduced[name] = np.delete(np.delete(matrix, axis, 0), axis, 1)
    above = np.triu_indices(ndim - 1, 1)
    return {**reduced, "shear": np.asarray(reduced["shear"])[above]}


def placement_of(source: Any) -> dict[str, Any]:
    """Return what puts a layer into the world where its source is."""
    if isinstance(source, str):
        return {}
    return {
        "scale": source.scale,
        "translate": source.translate,
        "rotate": source.rotate,
        "shear": source.shear,
        "affine": source.affine.affine_matrix,
        "units": source.units,
        "axis_labels": source.axis_labels,
    }


def placement_in(source: Any, ndim: int, channel_axis: int | None) -> dict[str, Any]:
    """Return what puts a layer of so many dimensions where its source is.

    Parameters
    ----------
    source : napari.layers.Layer or str
    ndim : int
    channel_axis : int or None
        The axis of the source that the layer may lack.
    """
    placement = placement_of(source)
    if channel_axis is not None and len(placement.get("scale", ())) > ndim:
        return without_axis(placement, channel_axis)
    return placement


def attribute_of(source: Any, name: str, default: Any) -> Any:
    """Return an attribute of a layer; of a name alone, the default."""
    return default if isinstance(source, str) else getattr(source, name)
