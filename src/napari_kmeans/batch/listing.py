"""Listing: the images of a batch, and what the result of each is called."""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.run.systems import is_hidden, usable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

#: What a list of images ends with.
LIST = ".txt"

#: What marks a folder as an image of its own.
IMAGES = (".zarr", ".n5")


def listed(text: str) -> list[str]:
    """Return the images that a folder, a pattern or a list of files means.

    A folder means the files in it, and the OME-Zarr; a list is a text file with a path
    a line, from its own folder.

    Raises
    ------
    ValueError
        Where there are none.
    """
    path = Path(text)
    if path.is_dir() and path.suffix not in IMAGES:
        found = [str(each) for each in path.iterdir() if _is_image(each)]
    elif path.suffix == LIST and path.is_file():
        lines = [line.strip() for line in _text(path).splitlines()]
        found = [line for line in lines if line and not line.startswith("#")]
        found = [line if "://" in line else str(path.parent / line) for line in found]
        return _checked(text, list(dict.fromkeys(found)))
    elif path.exists():
        raise ValueError(
            f"images={text} should be a folder, a pattern in quotes or a list that "
            f"ends in {LIST}."
        )
    else:
        matches = glob.glob(text, recursive=True)
        found = [each for each in matches if _is_image(Path(each))]
        if not (matches or glob.has_magic(text)):
            raise ValueError(
                f"images={text} should be a folder, a pattern in quotes or a list that "
                f"ends in {LIST}, but there is nothing of that name."
            )
    return _checked(text, sorted(found, key=_natural))


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")  # editors may begin it with a mark
    except UnicodeDecodeError:
        raise ValueError(f"images={path} should be a list in UTF-8.") from None


def expanded(files: Iterable[str]) -> list[str]:
    """Return files, and in the place of a pattern those of it that there are.

    For shells that leave that to a program, as those of Windows do.
    """
    found: list[str] = []
    for file in files:
        is_one = os.path.exists(file) or "://" in file
        matches = [] if is_one else glob.glob(file, recursive=True)
        found += sorted(matches, key=_natural) or [file]
    return found


def _is_image(path: Path) -> bool:
    if is_hidden(path.name):
        return False
    return path.is_file() or path.suffix in IMAGES


def _checked(text: str, found: list[str]) -> list[str]:
    if not found:
        raise ValueError(f"images={text} should be some images, but there are none.")
    return found


def _natural(path: str) -> list[tuple[int, str]]:
    """Return what sorts names so that 10 comes after 9."""
    parts = re.split(r"(\d+)", path)
    return [(int(p), "") if p.isdecimal() else (-1, p) for p in parts]


def titles(files: list[str], taken: Collection[str] = ()) -> list[str]:
    """Return what the results are called: as short as they differ, and as folders may.

    Parameters
    ----------
    files : list of str
    taken : collection of str
        What other files beside them are called, in small letters.

    Examples
    --------
    >>> titles(["in/a.png", "in/b.png", "in/b.tif"])
    ['a', 'b.png', 'b.tif']
    >>> titles(["in/a.png", "in/more/a.png"])
    ['a.png', 'more-a.png']
    """
    paths = [Path(file) for file in files]
    whole = [Path(os.path.abspath(file)).parts for file in files]
    # What all are in; of Windows these may be on several drives, and have none.
    levels = zip(*(parts[:-1] for parts in whole), strict=False)
    n_above = len([*takewhile(lambda level: len({*level}) == 1, levels)])
    long = ["-".join(part.strip(":\\/") for part in parts[n_above:]) for parts in whole]
    names = [path.name for path in paths]
    found = [usable(path.stem) for path in paths]
    for candidates in (names, long):
        n_of = Counter(name.casefold() for name in found)
        found = [
            usable(longer) if n_of[name.casefold()] > 1 else name
            for name, longer in zip(found, candidates, strict=True)
        ]
    twice = [name for name, n in Counter(map(str.casefold, found)).items() if n > 1]
    if twice:
        raise ValueError(
            f"images should have names that differ, but {twice[0]} is of several."
        )
    return [f"{name}-" if name.casefold() in taken else name for name in found]


def beside(pattern: str | None, file: str) -> str | None:
    """Return which file of a pattern goes with an image.

    A file goes with all; of a folder it is the one with the same stem; in a pattern,
    ``*`` stands for that.

    Raises
    ------
    ValueError
        Where there is none.
    """
    if pattern is None:
        return None
    stem = Path(file).stem
    if "*" in pattern:
        found = pattern.replace("*", stem)
        if not os.path.exists(found):
            raise ValueError(f"{file} should have {found}, but there is none.")
        return found
    folder = Path(pattern)
    if not folder.is_dir() or folder.suffix in IMAGES:
        return pattern
    matches = sorted(each for each in folder.iterdir() if each.stem == stem)
    if len(matches) != 1:
        many = len(matches) or "none"
        raise ValueError(f"{file} should have one {stem}.* in {folder}, not {many}.")
    return str(matches[0])
