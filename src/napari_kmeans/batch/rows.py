"""Rows: what a table of many images has of one."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from ..core.results.image import QuantizedImage
    from ..core.results.planes import QuantizedPlanes
    from ..core.run.progress import Report
    from ..layers.metadata import LayerData

#: What columns begin with that tell why pixels are in no cluster.
LEFT_OUT = "left out: "

#: The columns that every table has; after them, why pixels were left out.
COLUMNS = ["file", "plane", "region", "label", "name", "color", "pixels", "%"]
COLUMNS += ["area", "unit", "compactness"]


def rows_of(
    file: str,
    source: LayerData,
    result: QuantizedImage | QuantizedPlanes,
    regions: str | None,
    axes: tuple[int, ...] | None,
    size: tuple[float, str] | None,
    progress: Report | None,
) -> pd.DataFrame:
    """Return the rows of an image: one for each plane, region and cluster.

    Parameters
    ----------
    regions : str, optional
        The file that has them.
    axes : tuple of int, optional
        Of the image without channels, along which planes lie.
    size : (float, str), optional
        Of a pixel's edge, with its unit; by default as the file says.
    """
    from ..core.tabulation import tabulate
    from ..files import read
    from ..layers.metadata import placement_for

    labels = None
    if regions is not None:
        labels = np.asarray(read(regions, types=("image", "labels"))[0])
    shape = result.labels.shape
    planes = None if axes is None else Planes(shape, axes)
    given = labels if planes is None else planes.crossed(labels)
    found = tabulate(source[0], result, given, progress=progress)
    said = placement_for(source[1], len(shape), result.layout.channel_axis)
    area, unit = area_of(said, len(shape), size)
    table = found.assign(
        file=file,
        area=np.nan if area is None else found["pixels"] * area,
        unit=unit,
        **{"%": 100 * found["share"]},
    )
    table["plane"] = None
    if planes is not None:
        table["plane"], table["region"] = planes.split(found["region"].to_numpy())
    if labels is None:
        table["region"] = None
    left_out = [name for name in map(str, table) if name.startswith(LEFT_OUT)]
    return table[[*COLUMNS, *left_out]]


@dataclass(frozen=True)
class Planes:
    """The planes of an image, which have rows of their own.

    Attributes
    ----------
    shape : tuple of int
        Of the image without channels.
    axes : tuple of int
        Along which they lie.

    Examples
    --------
    >>> planes = Planes((2, 1, 3), (0,))
    >>> planes.crossed(None).tolist()
    [[[1, 1, 1]], [[2, 2, 2]]]
    >>> crossed = planes.crossed(np.array([[0, 1, 4]]))
    >>> crossed.tolist()
    [[[0, 1, 7]], [[0, 2, 8]]]
    >>> planes.split(np.array([1, 2, 7, 8]))
    ([0, 1, 0, 1], [1, 1, 4, 4])
    """

    shape: tuple[int, ...]
    axes: tuple[int, ...]

    def __post_init__(self) -> None:
        ndim = len(self.shape)
        if len(set(self.axes)) < len(self.axes) or not {*self.axes} < {*range(ndim)}:
            raise ValueError(
                f"planes={','.join(map(str, self.axes))} should be some of the axes "
                f"0..{ndim - 1} of an image of shape {self.shape} without channels."
            )

    @property
    def _sizes(self) -> list[int]:
        return [self.shape[axis] for axis in self.axes]

    def crossed(self, regions: Any) -> Any:
        """Return a number, from 1, for each plane and region."""
        n = prod(self._sizes)
        lengths = [size if i in self.axes else 1 for i, size in enumerate(self.shape)]
        numbers = np.arange(1, n + 1).reshape(self._sizes)
        numbers = numbers.transpose(np.argsort(self.axes)).reshape(lengths)
        if regions is None:
            return np.broadcast_to(numbers, self.shape)
        wide = regions.astype(np.int64)
        crossed = np.where(wide > 0, (wide - 1) * n + numbers, 0)
        return np.broadcast_to(crossed, self.shape)

    def split(self, numbers: Any) -> tuple[list[Any], list[int]]:
        """Return planes and regions: of several axes, a text with commas."""
        regions, flat = np.divmod(numbers - 1, prod(self._sizes))
        places = np.stack(np.unravel_index(flat, self._sizes), axis=1).tolist()
        if len(self.axes) == 1:
            planes: list[Any] = [place[0] for place in places]
        else:
            planes = [",".join(map(str, place)) for place in places]
        return planes, (regions + 1).tolist()


def area_of(
    attributes: dict[str, Any], ndim: int, size: tuple[float, str] | None
) -> tuple[float | None, str]:
    """Return what area, or volume, a pixel has, and its unit; None where it is unknown.

    Examples
    --------
    >>> area_of({"scale": (0.5, 0.5), "units": ("um", "um")}, 2, None)
    (0.25, 'um²')
    >>> area_of({}, 2, (0.25, "µm")), area_of({}, 2, None)
    ((0.0625, 'µm²'), (None, ''))
    """
    axes = [str(name) for name in attributes.get("axis_labels") or [""] * ndim]
    kept = [i for i, name in enumerate(axes) if name.lower() not in ("t", "time", "v")]
    power = {2: "²", 3: "³"}.get(len(kept), f"^{len(kept)}")
    if size is not None:
        edge, unit = size
        return edge ** len(kept), f"{unit}{power}" if unit else ""
    scale, units = (attributes.get(name) or () for name in ("scale", "units"))
    if len(scale) != len(axes) or len(units) != len(axes):
        return None, ""
    of_space = {str(units[i]) for i in kept}
    if len(of_space) != 1 or of_space & {"pixel", "pixels", ""}:
        return None, ""
    area = 1.0
    for i in kept:
        area *= float(scale[i])
    return area, f"{of_space.pop()}{power}"


def joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of all images: what a reason has left out of none is 0."""
    import pandas as pd

    names = dict.fromkeys(str(name) for table in tables for name in table)
    left_out = [name for name in names if name.startswith(LEFT_OUT)]
    whole = [table.reindex(columns=[*COLUMNS, *left_out]) for table in tables]
    columns: dict[str, Any] = {
        name: [value for table in whole for value in table[name].tolist()]
        for name in [*COLUMNS, *left_out]
    }
    found = pd.DataFrame(columns)
    for name in left_out:
        found[name] = found[name].fillna(0).astype("int64")
    for name in ("plane", "region"):
        is_text = any(isinstance(value, str) for value in columns[name])
        found[name] = found[name].astype("string" if is_text else "Int64")
    return found
