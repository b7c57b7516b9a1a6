"""Folders: images of files get the clusters of a palette, and a table tells of all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from .. import files
from ..core.run import replacement, systems
from ..core.run.calls import take_calls
from ..core.run.progress import stage
from . import listing
from .painting import differences, painted
from .rows import joined, rows_of

if TYPE_CHECKING:
    import os

    import pandas as pd

    from ..core.palettes.palette import Palette

#: What the table is called, and the palette of all.
TABLE, MODEL = "table.csv", "palette.json"

#: What an image that cannot be worked on raises.
FAILURES = (ValueError, TypeError, ModuleNotFoundError, OSError, MemoryError)


class Done(NamedTuple):
    """What became of the images of a folder.

    Attributes
    ----------
    n : int
        How many there are.
    failed : dict
        Why some could not be worked on, by their paths.
    differing : dict
        What of some is not as what the palette was made of.
    """

    n: int
    failed: dict[str, str]
    differing: dict[str, str]


class Folder(NamedTuple):
    """Images of files, and where what they become is written to.

    Attributes
    ----------
    output : Path
    results : dict
        The folder of the result of each file.
    """

    output: Path
    results: dict[str, Path]

    @classmethod
    def of(cls, folder: str | os.PathLike[str], output: str | os.PathLike[str]) -> Self:
        """List the images of a folder, and say where each goes; nothing is read.

        Raises
        ------
        ValueError
            Where there are none, or the output is the folder itself, or around it.
        """
        source, target = Path(folder), Path(output)
        if not source.is_dir():
            raise ValueError(f"folder={source} should be a folder.")
        if systems.holds(target, source):
            raise ValueError(
                f"output={target} should be a folder apart from {source}, which is "
                "read: neither it nor around it."
            )
        if target.exists() and not target.is_dir():
            raise ValueError(f"output={target} should be a folder.")
        found = listing.listed(str(source))
        places = [target / name for name in listing.titles(found, {TABLE, MODEL})]
        return cls(target, dict(zip(found, places, strict=True)))

    @property
    def there(self) -> list[Path]:
        """The results that would be replaced; where there is none, the table."""
        found = [path for path in self.results.values() if path.exists()]
        return found or [path for path in [self.output / TABLE] if path.exists()]

    def check(self, *, force: bool) -> None:
        """Raise where something may not be written: results are replaced by force."""
        for path in self.results.values():
            files.check(path, force=force)
        for path in (self.output / TABLE, self.output / MODEL):
            if path.exists() and not force:
                raise ValueError(f"output={path} is there already.")

    def first(self, palette: Palette) -> tuple[str, ...]:
        """Return what is not as before of the first image that can be read."""
        for file in self.results:
            try:
                source = files.read(file)
            except FAILURES:
                continue
            try:
                found = differences(source, palette)
            except ValueError as error:
                found = (str(error),)
            return tuple(f"{Path(file).name}: {sentence}" for sentence in found)
        return ()

    def apply(self, palette: Palette, *, force: bool = False) -> Done:
        """Label and paint each image, and write it as the command line does.

        Each is there when it is whole, whatever becomes of others; the palette and the
        table at last.
        """
        self.check(force=force)
        tables: dict[int, pd.DataFrame] = {}
        failed: dict[int, str] = {}
        differing: dict[int, str] = {}

        def take(at: int, found: _Painted) -> None:
            if found.rows is not None:
                tables[at] = found.rows
            for why, told in ((found.failed, failed), (found.differing, differing)):
                if why:
                    told[at] = why

        calls = [(file, place, palette, force) for file, place in self.results.items()]
        self.output.mkdir(parents=True, exist_ok=True)
        with stage("Images", n_steps=0):
            take_calls(take, _painted, calls)
        if tables:
            palette.save(self.output / MODEL)
            with replacement.replacing_file(self.output / TABLE) as new:
                joined([tables[at] for at in sorted(tables)]).to_csv(new, index=False)
        paths = [*self.results]
        named = [{paths[i]: why[i] for i in sorted(why)} for why in (failed, differing)]
        return Done(len(paths), *named)


class _Painted(NamedTuple):
    """Of an image its rows of the table, or why there are none; and what differs."""

    rows: pd.DataFrame | None = None
    failed: str = ""
    differing: str = ""


def _painted(file: str, place: Path, palette: Palette, force: bool) -> _Painted:
    """Paint an image of a file, and write what it becomes."""
    try:
        source = files.read(file)
        told = " ".join(differences(source, palette))
        result = painted(source, palette, None, None)
        rows = rows_of(file, source, result, None, None, None, None)
        with files.replacing(place, force=force) as new:
            files.write(new, result, files.said(source, "alpha"))
    except FAILURES as error:
        said = str(error).partition("\n")[0] or type(error).__name__
        return _Painted(failed=said)
    return _Painted(rows, differing=told)
