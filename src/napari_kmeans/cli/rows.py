"""Rows: what a table of many images has of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    size: tuple[float, str] | None,
    progress: Report,
) -> pd.DataFrame:
    """Return the rows of an image: one for each plane, region and cluster.

    Parameters
    ----------
    regions : str, optional
        The file that has them.
    size : (float, str), optional
        Of a pixel's edge, with its unit; by default as the file says.
    """
    import numpy as np

    from ..core.tabulation import tabulate
    from ..files import read

    labels = None
    if regions is not None:
        data = read(regions, types=("image", "labels"))[0]
        labels = np.asarray(data)
    found = tabulate(source[0], result, labels, progress=progress)
    area, unit = area_of(source[1], result.labels.ndim, size)
    table = found.assign(
        file=file,
        area=np.nan if area is None else found["pixels"] * area,
        unit=unit,
        **{"%": 100 * found["share"]},
    )
    axes = [name for name in table if name.startswith("axis_")]
    if axes:  # several: told together
        table["plane"] = table[axes].astype(str).agg(",".join, axis=1)
    for name in ("plane", "region"):
        if name not in table:
            table[name] = None
    left_out = [name for name in table if name.startswith(LEFT_OUT)]
    return table[[*COLUMNS, *left_out]]


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

    reasons = [name for table in tables for name in table if name.startswith(LEFT_OUT)]
    left_out = [*dict.fromkeys(reasons)]
    whole = [table.reindex(columns=[*COLUMNS, *left_out]) for table in tables]
    columns: dict[str, Any] = {
        name: [value for table in whole for value in table[name].tolist()]
        for name in [*COLUMNS, *left_out]
    }
    found = pd.DataFrame(columns)
    found[left_out] = found[left_out].fillna(0).astype("int64")
    for name in ("plane", "region"):
        is_text = any(isinstance(value, str) for value in columns[name])
        found[name] = found[name].astype("string" if is_text else "Int64")
    return found
