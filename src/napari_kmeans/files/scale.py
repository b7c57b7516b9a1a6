"""Scale: how large a pixel is, by what a TIFF says.

Three tell it, and the first that has both width and height of a pixel counts: the XML
of OME, the description of ImageJ, the tags of resolution. What is no length, or one
that cannot be, is as if it were not said: it is no reason not to read an image.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: By the letters of axes: the edge of a pixel, and its unit, as they are said.
Edges = dict[str, tuple[Any, Any]]

#: Powers of ten: units in meters.
_POWERS = {
    "kilometer": 3,
    "meter": 0,
    "decimeter": -1,
    "centimeter": -2,
    "millimeter": -3,
    "micrometer": -6,
    "nanometer": -9,
    "angstrom": -10,
    "picometer": -12,
}
_SHORT = dict(
    zip(("km", "m", "dm", "cm", "mm", "μm", "nm", "Å", "pm"), _POWERS, strict=True)
)
_SHORT["um"] = "micrometer"

#: In meters: what is smaller, or larger, is an error of what wrote it.
_LEAST, _MOST = 1e-12, 1e6

#: Tags: how many pixels lie along an axis of so long a unit.
_RESOLUTIONS = (("X", 282), ("Y", 283))
_UNIT = 296
_INCH, _CENTIMETER = 2, 3

#: Dots an inch that screens and printers have.
_PRINTED = [72, 96, 100, 120, 144, 150, 180, 200, 220, 240, 300, 350, 360, 400, 600]
_PRINTED += [720, 1200, 2400]

#: Dots an inch: no printer has more, and few scanners.
_FINEST = 5080


def of_ome(pixels: Mapping[str, Any], shape: Mapping[str, int]) -> Edges:
    """Return what OME-XML says of pixels; nothing where it is of another image.

    Parameters
    ----------
    pixels : mapping
        The attributes of the element Pixels.
    shape : mapping
        The lengths of the axes X and Y, by which the element is known.
    """
    if any(pixels[f"Size{axis}"] != length for axis, length in shape.items()):
        return {}
    named = [(axis, f"PhysicalSize{axis}") for axis in "XYZ"]
    return {
        axis: (pixels[name], pixels.get(f"{name}Unit", "µm"))  # as the schema has it
        for axis, name in named
        if name in pixels
    }


def of_imagej(description: Mapping[str, Any], tags: Any) -> Edges:
    """Return what ImageJ says: a unit, and in the tags how many pixels it has."""
    unit = description.get("unit")
    edges: dict[str, Any] = {"Z": description.get("spacing")}
    edges |= {axis: _inverse(tags.valueof(code)) for axis, code in _RESOLUTIONS}
    return {
        axis: (edge, description.get(f"{axis.lower()}unit", unit))
        for axis, edge in edges.items()
    }


def of_tags(tags: Any) -> Edges:
    """Return what the tags of resolution say, where that is not a size in print.

    Most have it from a screen or a printer, of which pixels know nothing: what an inch
    holds counts beyond all that is printed only, as microscopes write it, and what a
    centimeter holds unless it is a usual number of dots an inch.
    """
    unit = tags.valueof(_UNIT)
    if unit not in (_INCH, _CENTIMETER):
        return {}
    inches = 1.0 if unit == _INCH else 2.54
    edges: Edges = {}
    for axis, code in _RESOLUTIONS:
        edge = _inverse(tags.valueof(code))  # in inches, or in centimeters
        dots = inches / edge
        if unit == _INCH and dots <= _FINEST:
            return {}
        if unit == _CENTIMETER and _is_printed(dots):
            return {}
        edges[axis] = (edge * (25_400 if unit == _INCH else 10_000), "µm")
    return edges


def placement(
    sources: Iterable[Edges], axes: Sequence[str], *, named: bool
) -> dict[str, Any]:
    """Return what a layer has of the first of these that says how large a pixel is.

    Parameters
    ----------
    sources : iterable of dict
    axes : sequence of str
        Their letters, without that of channels.
    named : bool
        Whether the file has named them, so that the layer may.

    Returns
    -------
    dict
        ``scale`` and ``units``, of an axis each, where a size is known: all lengths in
        the unit of X, as viewers take them for the same; 1 pixel for other axes. And
        ``axis_labels``, where they are named.

    Examples
    --------
    >>> said = {"X": (250, "nm"), "Y": (0.25, "µm"), "Z": (0.001, "mm")}
    >>> placed = placement([{}, said], "TZYX", named=True)
    >>> placed["scale"]
    (1.0, 1000.0, 250.0, 250.0)
    >>> placed["units"]
    ('pixel', 'nanometer', 'nanometer', 'nanometer')
    >>> placed["axis_labels"]
    ('t', 'z', 'y', 'x')
    """
    placed: dict[str, Any] = {}
    for source in sources:
        edges = {axis: found for axis in source if (found := _edge(*source[axis]))}
        if edges.keys() >= {"X", "Y"}:
            unit = edges["X"][1]
            of_axes = [_in(unit, *edges[a]) if a in edges else 1.0 for a in axes]
            placed["scale"] = tuple(of_axes)
            placed["units"] = tuple(unit if a in edges else "pixel" for a in axes)
            break
    if named:
        placed["axis_labels"] = tuple(axis.lower() for axis in axes)
    return placed


def stacked(placements: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the placement of images in a stack, as far as they have the same.

    Examples
    --------
    >>> one = {"scale": (2.0, 2.0), "units": ("meter", "meter")}
    >>> stacked([one, one])
    {'scale': (1.0, 2.0, 2.0), 'units': ('pixel', 'meter', 'meter')}
    >>> stacked([one, {}])
    {}
    """
    first, *others = placements
    if any(other != first for other in others):
        return {}
    of_frames = {"scale": 1.0, "units": "pixel", "axis_labels": "frame"}
    return {key: (of_frames[key], *value) for key, value in first.items()}


def _edge(number: Any, unit: Any) -> tuple[float, str] | None:
    """Return a length with the name of its unit; None where it is none."""
    name = _named(unit)
    if name is None or isinstance(number, bool) or not isinstance(number, int | float):
        return None
    with suppress(OverflowError):
        if _LEAST <= number * 10.0 ** _POWERS[name] <= _MOST:
            return float(number), name
    return None


def _named(unit: Any) -> str | None:
    """Return the name that pint and NGFF have for a unit of length.

    Examples
    --------
    >>> [_named(unit) for unit in ("um", "µm", "microns", "Metre", "inch", None)]
    ['micrometer', 'micrometer', 'micrometer', 'meter', None, None]
    """
    # ImageJ writes what is beyond ASCII as Java does; there are two of µ and of Å.
    said = str(unit).replace("\\u00B5", "µ").replace("\\u00C5", "Å")
    said = normalize("NFKC", said).strip()
    word = said.lower().replace("metre", "meter").removesuffix("s")
    word = "micrometer" if word == "micron" else word
    return _SHORT.get(said) or (word if word in _POWERS else None)


def _in(unit: str, length: float, own: str) -> float:
    """Return a length in another unit, rounded once."""
    power = _POWERS[own] - _POWERS[unit]
    factor: int = 10 ** abs(power)
    return length * factor if power >= 0 else length / factor


def _inverse(rational: tuple[int, int]) -> float:
    return rational[1] / rational[0]


def _is_printed(dots: float) -> bool:
    """Whether dots an inch are usual ones; some are rounded to the centimeter."""
    return any(abs(dots - usual) < 2.54 / 2 for usual in _PRINTED)
