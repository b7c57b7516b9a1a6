"""Space: where the pixels of a result are, as NGFF has it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from ..layers.metadata import PLACEMENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ..core.results.clusters import ImageClusters

_DEFAULT_NAMES = {2: "yx", 3: "zyx", 4: "tzyx", 5: "tvzyx"}


class Space:
    """The axes of a result as NGFF has them: time first, then channels, then space.

    Attributes
    ----------
    name : str
        Of the image that was quantized.
    axes : list of dict
        Of the labels.
    scale, translate : list of float
        Of the labels.
    source_channel : int or None
        The axis of the channels in the result.
    channel : int
        Where that axis is stored.
    """

    def __init__(
        self,
        name: str,
        axes: list[dict[str, str]],
        placement: dict[str, list[float]],
        source_channel: int | None,
    ) -> None:
        self.name = name
        self.axes = axes
        self.scale, self.translate = placement["scale"], placement["translate"]
        self.source_channel = source_channel
        self.channel = sum(axis.get("type") != "space" for axis in axes)

    @classmethod
    def of(cls, result: ImageClusters, attributes: dict[str, Any]) -> Space:
        """Find the axes of a result, by the attributes of what was quantized."""
        ndim = result.labels.ndim
        source_channel = result.channel_axis
        if ndim + (source_channel is not None) > 5:
            raise ValueError(
                f"image with {ndim} axes besides its channels should have at most "
                f"{5 - (source_channel is not None)} to be written as OME-Zarr."
            )
        placed = {
            key: list(value)
            for key in PLACEMENT
            if (value := attributes.get(key)) is not None and not isinstance(value, str)
        }
        names = _names([str(v) for v in _of_length(placed, "axis_labels", ndim, "")])
        units = _of_length(placed, "units", ndim, "pixel")
        axes = [_axis(*of_axis) for of_axis in zip(names, units, strict=True)]
        placement = {
            key: [float(v) for v in _of_length(placed, key, ndim, default)]
            for key, default in (("scale", 1.0), ("translate", 0.0))
        }
        return cls(attributes.get("name", "image"), axes, placement, source_channel)

    def stored(self, block: NDArray[Any]) -> NDArray[Any]:
        """Return a block of the quantized image with its axes as they are stored."""
        if self.source_channel is None:
            return block
        return np.moveaxis(block, self.source_channel, self.channel)

    def insert(self, of_axes: Sequence[Any], value: Any) -> tuple[Any, ...]:
        """Return what labels have of each axis, with that of stored channels."""
        return self._inserted(of_axes, value, self.channel)

    def insert_in_source(self, of_axes: Sequence[Any], value: Any) -> tuple[Any, ...]:
        """Return what labels have of each axis, with that of the source's channels."""
        return self._inserted(of_axes, value, self.source_channel)

    def _inserted(
        self, of_axes: Sequence[Any], value: Any, axis: int | None
    ) -> tuple[Any, ...]:
        if self.source_channel is None:
            return tuple(of_axes)
        return *of_axes[:axis], value, *of_axes[axis:]

    def multiscale(self, role: str, n_levels: int) -> dict[str, Any]:
        """Return the multiscale of the quantized image, or of the labels."""
        axes, scale, translate = self.axes, self.scale, self.translate
        if role == "quantized":
            axes = list(self.insert(axes, {"name": "c", "type": "channel"}))
            scale = list(self.insert(scale, 1.0))
            translate = list(self.insert(translate, 0.0))
        datasets = []
        for level in range(n_levels):
            factors = [*scale[:-2], *(s * 2**level for s in scale[-2:])]
            steps: list[dict[str, Any]] = [{"type": "scale", "scale": factors}]
            if any(translate):
                steps.append({"type": "translation", "translation": translate})
            datasets.append({"path": str(level), "coordinateTransformations": steps})
        return {
            "name": f"{self.name} {role}",
            "axes": axes,
            "datasets": datasets,
            "type": "nearest",
        }


def _of_length(
    placed: dict[str, list[Any]], key: str, n: int, default: Any
) -> list[Any]:
    values = placed.get(key, [])
    return values if len(values) == n else [default] * n


def _names(names: list[str]) -> list[str]:
    """Return names of axes: those given where NGFF takes them in their order."""
    times = [name in ("t", "time") for name in names]
    n_space = len(names) - sum(times)
    given = all(name and not re.fullmatch(r"-?\d+|axis.*|c|v", name) for name in names)
    in_order = not any(times[1:]) and 2 <= n_space <= 3
    if given and in_order and len(set(names)) == len(names):
        return names
    return list(_DEFAULT_NAMES[len(names)])


def _axis(name: str, unit: Any) -> dict[str, str]:
    """Return an axis as NGFF has it; its unit by its long name, if it has one."""
    if name == "v":
        return {"name": name}
    axis = {"name": name, "type": "time" if name in ("t", "time") else "space"}
    base = {"time": "second", "space": "meter"}[axis["type"]]
    try:
        import pint

        known = pint.get_application_registry().Unit(str(unit))
        if known.is_compatible_with(base):
            axis["unit"] = str(known)
    except ModuleNotFoundError:  # no pint: the file that was read has long names
        if str(unit).endswith(base):
            axis["unit"] = str(unit)
    except Exception:  # a name that pint does not know
        return axis
    return axis
