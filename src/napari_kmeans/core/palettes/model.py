"""Models: palettes as plain values, as a file of JSON has them, to the last bit.

What they are is told in `palette.schema.json` beside this module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..cluster.moments import Moments
from ..data.distance import Space
from ..data.frame import Frame
from ..data.layout import Layout
from ..spaces import SPACES
from ..validation import MOST_CLUSTERS, shown
from .colors import hexadecimal
from .fields import Field, written
from .quantizer import Quantizer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .parts import Parts

#: What tells such a file from others.
FORMAT = "napari-kmeans palette"

#: Of the format: more where what it says could be misread by what came before.
VERSION = 1

#: What channels may be multiplied by, by name.
SCALINGS = ("none", "range", "variance")

#: What images are of: these, and with "<" or ">" in front of ``i2`` and such.
DTYPES = tuple(
    ["bool"]
    + [f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)]
    + [f"float{bits}" for bits in (16, 32, 64)]
    + [f"{order}{kind}{size}" for order in "<>" for kind in "iuf" for size in (2, 4, 8)]
)

#: Axes that arrays of NumPy may have.
MOST_AXES = 64

#: The most that int64 and uint64 hold.
LONG, UNSIGNED = 2**63 - 1, 2**64 - 1


def model_of(palette: Parts) -> dict[str, Any]:
    """Return a palette as what JSON has: dictionaries, lists, text and numbers."""
    layout, space, used = palette.layout, palette.space, palette.quantizer
    frame, moments = used.frame, palette.moments
    clusters = zip(
        palette.names,
        hexadecimal(palette.colors),
        *(palette.colors, palette.centers, used.values),
        *(palette.counts, palette.locked),
        strict=True,
    )
    names = "name", "hex", "color", "center", "value", "count", "locked"
    model = {
        "format": FORMAT,
        "version": VERSION,
        "image": {
            "channels": layout.channels,
            "rgb": layout.rgb,
            "channel_axis": layout.channel_axis,
            "dtype": str(layout.dtype),
            "value_range": palette.value_range,
            "no_data": layout.no_data,
        },
        "clusters": [dict(zip(names, each, strict=True)) for each in clusters],
        "distances": {
            "color_space": space.name,
            "scaling": space.scaling,
            "full": space.full,
            "reject": used.reject,
            "frame": {
                "origin": frame.origin,
                "unit": frame.unit,
                "scale": frame.scale,
                "color_space": frame.space,
                "full": frame.full,
            },
        },
        "nearest": [
            {"label": owner + 1, "center": center}
            for owner, center in zip(palette.owners, used.centers, strict=True)
        ],
        "fit": {
            "compactness": palette.compactness,
            "n_iter": palette.n_iter,
            "converged": palette.converged,
        },
        "moments": moments._asdict(),
        "settings": palette.settings,
    }
    found: dict[str, Any] = written(model)
    return found


def parts_of(model: Any, file: str) -> dict[str, Any]:
    """Return the attributes of the palette that a model is of.

    Parameters
    ----------
    model : object
        What a file of JSON holds.
    file : str
        The name of that file.

    Raises
    ------
    ValueError
        Where it is no model, or one of a later version, or some of it is not as the
        schema says.
    """
    fields = _fields(Field(model, file))
    layout, value_range = _layout(fields["image"])
    space, frame, reject = _distances(fields["distances"], layout)
    clusters = _clusters(fields["clusters"], layout)
    k = len(clusters["names"])
    owners, centers = _nearest(fields["nearest"], k, layout.n_channels)
    fit = fields["fit"].record("compactness", "n_iter", "converged")
    settings = fields["settings"]
    if type(settings.value) is not dict:
        raise settings.refused("an object")
    values = clusters.pop("values")
    return {
        **clusters,
        "compactness": fit["compactness"].number(),
        "n_iter": fit["n_iter"].integer(0, LONG),
        "converged": fit["converged"].flag(),
        "value_range": value_range,
        "settings": settings.plain(),
        "layout": layout,
        "space": space,
        "quantizer": Quantizer(centers, values, frame, owners=owners, reject=reject),
        "moments": _moments(fields["moments"], k, layout.n_channels),
    }


def is_model(value: Any) -> bool:
    """Whether what a file of JSON holds says that it is a model."""
    return type(value) is dict and value.get("format") == FORMAT


def _fields(model: Field) -> dict[str, Field]:
    """Return the fields of a model of this version."""
    if not is_model(model.value):
        raise ValueError(f"{model.file} should have the format {FORMAT!r}.")
    version = model.value.get("version")
    if type(version) is int and version > VERSION:
        raise ValueError(
            f"{model.file} of version {shown(version)} should be of version {VERSION}: "
            "a later napari-kmeans reads it."
        )
    names = ("image", "clusters", "distances", "nearest", "fit", "moments", "settings")
    fields = model.record("format", "version", *names)
    fields["version"].integer(VERSION, VERSION)
    return fields


def _layout(image: Field) -> tuple[Layout, tuple[float, float]]:
    """Return how the image was laid out, and the range of its values."""
    names = "channels", "rgb", "channel_axis", "dtype", "value_range", "no_data"
    fields = image.record(*names)
    rgb, names_of = fields["rgb"].flag(), fields["channels"]
    axis = fields["channel_axis"].optional(lambda f: f.integer(0, MOST_AXES - 1))
    n = 3 if rgb else 1 if axis is None else None
    channels = tuple(f.text() for f in names_of.rows(n or 1, n or MOST_CLUSTERS))
    if len({*channels}) < len(channels):
        raise names_of.refused("names that differ")
    value_range = fields["value_range"].numbers(2)
    if value_range[0] > value_range[1]:
        raise fields["value_range"].refused("the least and the greatest value")
    low, high = value_range.tolist()
    dtype = np.dtype(_dtype(fields["dtype"]))
    no_data = fields["no_data"].optional(_no_data)
    return Layout(rgb, axis, channels, dtype, no_data), (low, high)


def _dtype(field: Field) -> str:
    """Return the name of a dtype that images may have."""
    if field.value not in DTYPES:
        raise field.refused("a dtype such as 'uint8' or '>f4'")
    return field.text()


def _no_data(field: Field) -> float | int:
    """Return the value that says that there is none: an integer where it is one."""
    return field.value if type(field.value) is int else field.number()


def _distances(distances: Field, layout: Layout) -> tuple[Space, Frame, float | None]:
    """Return where distances are measured, the frame there, and which are too far."""
    names = "color_space", "scaling", "full", "reject", "frame"
    fields = distances.record(*names)
    reject = fields["reject"].optional(lambda field: field.distance())
    spaces = SPACES if layout.rgb else ("rgb",)
    scaling: str | tuple[float, ...]
    if type(fields["scaling"].value) is list:
        scaling = _factors(fields["scaling"], layout.n_channels)
    else:
        scaling = fields["scaling"].one_of(SCALINGS)
    name, full = fields["color_space"].one_of(spaces), fields["full"].positive()
    frame = fields["frame"].record("origin", "unit", "scale", "color_space", "full")
    n, scale = layout.n_channels, frame["scale"]
    made = Frame(
        tuple(f.integer(-LONG - 1, UNSIGNED) for f in frame["origin"].rows(n, n)),
        frame["unit"].positive(),
        () if scale.value == [] else _factors(scale, n),
        frame["color_space"].one_of(spaces),
        frame["full"].positive(),
    )
    return Space(layout.rgb, name, scaling, full), made, reject


def _factors(field: Field, n: int) -> tuple[float, ...]:
    """Return what channels are multiplied by."""
    return tuple(each.positive() for each in field.rows(n, n))


def _clusters(clusters: Field, layout: Layout) -> dict[str, Any]:
    """Return what a palette has of each cluster."""
    n, rows = layout.n_channels, []
    for cluster in clusters.rows(1, MOST_CLUSTERS):
        names = "name", "hex", "color", "center", "value", "count", "locked"
        fields = cluster.record(*names)
        color = fields["color"].numbers(3, 0, 1)
        (shown,) = hexadecimal(color[np.newaxis])
        if fields["hex"].value != shown:
            raise fields["hex"].refused(f"{shown!r}, as its color")
        rows.append(
            (
                fields["name"].text(),
                color,
                fields["center"].numbers(n),
                fields["value"].values(n, layout.dtype),
                fields["count"].integer(0, LONG),
                fields["locked"].flag(),
            )
        )
    names_of, colors, centers, values, counts, locked = zip(*rows, strict=True)
    if sum(counts) > LONG:
        raise ValueError(f"clusters of {clusters.file} should count at most 2**63 - 1.")
    return {
        "names": names_of,
        "colors": np.array(colors),
        "centers": np.array(centers),
        "values": np.array(values, layout.dtype),
        "counts": np.array(counts, np.int64),
        "locked": locked,
    }


def _nearest(
    nearest: Field, k: int, n: int
) -> tuple[NDArray[np.intp] | None, NDArray[np.float64]]:
    """Return the centers in the frame, and the cluster, from 0, that each is of."""
    owners, centers = [], []
    for row in nearest.rows(1, MOST_CLUSTERS):
        fields = row.record("label", "center")
        owners.append(fields["label"].integer(1, k) - 1)
        centers.append(fields["center"].numbers(n))
    flat = owners == [*range(k)]
    return None if flat else np.array(owners, np.intp), np.array(centers)


def _moments(moments: Field, k: int, n: int) -> Moments:
    """Return what is known of the samples of clusters."""
    fields = moments.record(*Moments._fields)
    squared = fields["squared"].optional(lambda field: field.any_numbers(k))
    drift = fields["drift"].optional(
        lambda field: np.array([row.any_numbers(n) for row in field.rows(k, k)])
    )
    means = np.array([row.numbers(n) for row in fields["means"].rows(k, k)])
    weights = fields["weights"].numbers(k, 0)
    return Moments(means, weights, squared, drift)
