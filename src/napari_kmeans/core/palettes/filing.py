"""Filing: palettes as files, and of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

import numpy as np

from .. import validation
from ..run import replacement
from ..swatches import listed
from ..swatches.formats import FORMATS, decode, encode
from ..swatches.swatches import Swatches
from .making import Made
from .model import is_model, model_of, parts_of

if TYPE_CHECKING:
    import os

#: The most bytes that a file may have: a model of most clusters has some hundred MB.
MOST_BYTES = 2**30


#: Returns JSON on one line; what is no number there has been made text.
LINE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode

#: How a file may end.
SUFFIXES = (".json", *FORMATS)


@dataclass(frozen=True, eq=False, repr=False)
class Filed(Made):
    """How palettes are written to files, and read from them: see `Palette`."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the palette to a file, for `load` and for other programs.

        The file is there when it is whole; one that was there before is replaced.

        Parameters
        ----------
        path : str or path-like
            In a folder that exists. Ends in ``.json``: all of the palette, to the last
            bit, as ``palette.schema.json`` in this package describes it. Or its colors,
            rounded to 8 bits, for other programs: with the names in ``.gpl`` (GIMP),
            ``.ase``, ``.aco`` (Adobe) and ``.csv``; without in ``.hex`` (Lospec),
            ``.act`` (Adobe, at most 256 colors), ``.pal`` (JASC) and ``.png``, a strip
            of squares.

        Raises
        ------
        TypeError, ValueError
            Where it is not that, or the file does not hold so many colors.
        OSError
            Where the file cannot be written.

        Examples
        --------
        >>> import tempfile
        >>> import numpy as np
        >>> from napari_kmeans import Palette, fit, read_samples
        >>> palette = fit(read_samples(np.array([[1, 3], [8, 9]], np.uint8)), k=2)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     palette.rename(2, "sky").save(f"{folder}/model.json")
        ...     Palette.load(f"{folder}/model.json").names
        ('', 'sky')
        """
        target, suffix = _checked(path)
        if not target.parent.is_dir():
            raise ValueError(f"path={target} should be in a folder that exists.")
        if suffix in FORMATS:
            rounded = np.rint(np.clip(self.colors, 0, 1) * 255).astype(np.uint8)
            swatches = Swatches(target.stem, self.names, rounded)
            data = encode(swatches, suffix)
        else:
            data = _dumped(model_of(self)).encode("utf-8", "backslashreplace")
        with replacement.replacing_file(target) as new:
            new.write_bytes(data)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        r"""Return the palette that a file holds.

        A model labels and paints as the palette that was saved, to the last bit. The
        colors of other programs are a palette as `of_colors` returns, for images of
        8 bits; for others, pass its ``colors`` and ``names`` to that.

        Parameters
        ----------
        path : str or path-like
            Ends as for `save`. A ``.json`` may also be a list of colors, as Lospec has
            it; a ``.csv`` is a chart, such as of threads or beads, with columns told by
            their header: code, name, and hex or red, green and blue.

        Raises
        ------
        TypeError, ValueError
            Where it is not that, or what it holds is not what it should be: all of it
            is checked.
        OSError
            Where the file cannot be read.

        Examples
        --------
        >>> import pathlib, tempfile
        >>> from napari_kmeans import Palette
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = pathlib.Path(folder, "threads.csv")
        ...     _ = path.write_text("Floss,Name,Hex\n310,Black,#000000")
        ...     Palette.load(path)
        Palette(1 cluster: 1 #000000 0.0 % '310 Black')
        """
        source, suffix = _checked(path)
        size = source.stat().st_size
        if size > MOST_BYTES:
            raise ValueError(
                f"{source.name} of {size:,} bytes should have at most {MOST_BYTES:,}."
            )
        data = source.read_bytes()
        if suffix in FORMATS:
            return cls._of_swatches(decode(data, suffix, source.name))
        try:
            value = _parsed(data, source.name)
            if is_model(value):
                return cls(**parts_of(value, source.name))
            return cls._of_swatches(listed.decode(value, source.name))
        except RecursionError:
            raise ValueError(f"{source.name} should not be nested so deep.") from None

    @classmethod
    def _of_swatches(cls, swatches: Swatches) -> Self:
        return cls.of_colors(swatches.colors, swatches.names)


def _checked(path: Any) -> tuple[Path, str]:
    """Return the path of a file, and how it ends."""
    try:
        found = Path(path)
    except TypeError:
        raise TypeError(f"path={validation.shown(path)} should be a path.") from None
    suffix = found.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"path={found} should end in one of {', '.join(SUFFIXES)}.")
    if found.is_dir():
        raise ValueError(f"path={found} should be a file, but is a folder.")
    return found, suffix


def _parsed(data: bytes, name: str) -> Any:
    """Return what a file of JSON holds."""
    try:
        return json.loads(data, parse_constant=_refuse)
    except ValueError as error:  # of the syntax, the encoding, or far too many digits
        raise ValueError(f"{name} should be JSON, but is not: {error}.") from None


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number there")


def _dumped(value: Any, indent: str = "") -> str:
    """Return JSON that people can read: what holds no objects is on one line."""
    inner = f"{indent}  "
    if isinstance(value, dict):
        parts = [f"{LINE(n)}: {_dumped(each, inner)}" for n, each in value.items()]
        ends = "{}"
    elif isinstance(value, list) and any(isinstance(v, (dict, list)) for v in value):
        parts, ends = [_dumped(each, inner) for each in value], "[]"
    else:
        return LINE(value)
    if not parts:
        return ends
    inside = f",\n{inner}".join(parts)
    return f"{ends[0]}\n{inner}{inside}\n{indent}{ends[1]}"
