"""Settings: what made a result, read to make it again.

They are what options are where the user does not give them: click's `default_map`.
"""

import json
from pathlib import Path
from typing import Any

import typer

from . import sentences

#: The key below which a folder and a layer have them: see `layers.metadata`.
METADATA = "napari-kmeans"

#: What fields may hold; each is the option of its name.
FIELDS: dict[str, tuple[type, ...]] = {
    "k": (int,),
    "max_iter": (int, type(None)),
    "epsilon": (int, float, type(None)),
    "attempts": (int,),
    "init": (str, list),
    "fixed": (bool, list),
    "reject": (int, float, type(None)),
    "seed": (int,),
    "max_samples": (int, type(None)),
    "refine": (bool,),
    "rgb": (bool, type(None)),
    "channel_axis": (int, type(None)),
    "no_data": (int, float, type(None)),
    "color_space": (str,),
    "scaling": (str, list),
    "axes": (list, type(None)),
    "dither": (str,),
    "strength": (int, float),
}

#: What is on record only, or of the window alone.
RECORDED = {
    *("masked", "weighted", "versions"),
    *("source", "source_id", "layer", "name", "result", "id", "kept"),
    *("applied", "of_palette"),
}

#: What no option can repeat: palettes, of which the centers alone are on record.
UNREPEATED = ("like", "keep")

_SAID = {int: "an integer", float: "a number", str: "a text", bool: "true or false"}
_SAID |= {list: "a list of numbers", type(None): "null"}


def remember(context: typer.Context, file: Path | None) -> Path | None:
    """Have options that are not given be those of a file; also return the file."""
    if file is not None:
        with sentences.told():
            remembered = _options(read(file))
        context.default_map = {**(context.default_map or {}), **remembered}
    return file


def warn_of_mask(file: Path | None, *, masked: bool) -> None:
    """Say so where settings are of a run with a mask, and this one has none."""
    if file is not None and not masked and read(file).get("masked") is True:
        sentences.warn(
            f"settings={file} are of a run with a mask, which is not on record: "
            "without --mask all pixels take part."
        )


def warn_of_idle(file: Path | None) -> None:
    """Say so where settings have what is not done to many images."""
    if file is None:
        return
    found = read(file)
    idle = [name for name in ("axes", "dither") if found.get(name) is not None]
    if idle:
        sentences.warn(
            f"settings={file}: a batch leaves {' and '.join(idle)} out of account."
        )


def check_init(file: Path | None, init: str) -> None:
    """Raise where settings are of a run whose centers were a palette's, not given now.

    Of that the centers alone are on record: not the names, colors and merged clusters.
    """
    if file is None or not init.startswith("["):
        return
    if read(file).get("of_palette") is True:
        raise ValueError(
            f"settings={file} should go with --init and the palette that some clusters "
            "were of, as only their centers are on record."
        )


def read(file: Path) -> dict[str, Any]:
    """Return the settings in a file, checked.

    Raises
    ------
    ValueError
        Where a field is unknown, or not as it should be; names the first such.
    """
    try:
        found = json.loads(file.read_bytes())
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(f"settings={file} could not be read: {reason}.") from error
    except (ValueError, RecursionError):
        raise ValueError(f"settings={file} should be JSON, but is not.") from None
    if isinstance(found, dict):
        found = found.get(METADATA, found)
    if not isinstance(found, dict):
        raise ValueError(f"settings={file} should be an object of settings.")
    for name, value in found.items():
        _check(file, name, value)
    return found


def _check(file: Path, name: str, value: Any) -> None:
    """Check a field."""
    if name == "applied" and value is True:
        model = file.with_name("palette.json")
        raise ValueError(
            f"settings={file} should be of a run that found clusters, but these were "
            f"a palette's: use napari-kmeans apply {model}."
        )
    is_unknown = value == {"init": "labels", "weighted": True}.get(name, ...)
    if is_unknown or name in UNREPEATED:
        raise ValueError(
            f"settings={file} should be of a run that can be repeated, but what "
            f"{name} was is not on record."
        )
    if name in RECORDED:
        return
    if name not in FIELDS:
        known = ", ".join(FIELDS)
        raise ValueError(f"settings={file}: {name!r} should be one of {known}.")
    types = FIELDS[name]
    is_one = type(value) in types
    if isinstance(value, list) and is_one:
        rows = value if name == "init" else [value]
        is_one = all(isinstance(row, list) and _are_numbers(row) for row in rows)
    if not is_one:
        said = " or ".join(_SAID[kind] for kind in types)
        raise ValueError(
            f"settings={file}: {name}={json.dumps(value)} should be {said}."
        )


def _are_numbers(values: list[Any]) -> bool:
    return all(type(one) in (int, float) for one in values)


def _options(found: dict[str, Any]) -> dict[str, Any]:
    """Return the texts that options would be given as."""
    texts = {}
    for name, value in found.items():
        if name in FIELDS:
            option = "each" if name == "axes" else name
            texts[option] = _text(name, value)
    return texts


def _text(name: str, value: Any) -> Any:
    if value is None:
        return "none" if name in ("max_iter", "max_samples") else None
    if name == "init" and isinstance(value, list):
        return json.dumps(value)
    if name == "fixed" and isinstance(value, bool):
        return "all" if value else "none"
    if isinstance(value, list):
        return ",".join(map(repr, value))
    return value if isinstance(value, bool) else str(value)
