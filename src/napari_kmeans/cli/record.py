"""Record: what a batch has done, for one that goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

#: In the folder of a batch: what it is to do.
BATCH = "batch.json"

#: In the folder of each of its results: of what, and its rows of the table.
RECORD = "record.json"


def stamp(path: str | None) -> Any:
    """Return what changes with a file, or with what is in a folder."""
    if path is None or not os.path.exists(path):
        return path
    if os.path.isdir(path):
        below = sorted(str(each) for each in Path(path).rglob("*") if each.is_file())
        return _digest([[each, *_of_file(each)] for each in below])
    return _of_file(path)


def _of_file(path: str) -> list[int]:
    found = os.stat(path)
    return [found.st_size, found.st_mtime_ns]


def digest_of(file: Path) -> str:
    """Return what is the same only where a file holds the same."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        reason = error.strerror or error
        raise ValueError(f"model={file} could not be read: {reason}.") from error


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Asked:
    """What a batch is to do: as plain values, so that they can be compared.

    Attributes
    ----------
    settings : dict
        What it does with each image.
    """

    settings: dict[str, Any]

    def begin(self, folder: Path, stamps: dict[str, Any]) -> None:
        """Note in a folder what is to be done there."""
        from ..core.run import replacement

        folder.mkdir(parents=True, exist_ok=True)
        with replacement.replacing_file(folder / BATCH) as new:
            told = {"settings": self.settings, "files": stamps}
            new.write_text(json.dumps(told, indent=2) + "\n")

    def check_same(self, folder: Path) -> dict[str, Any]:
        """Raise where what was begun in a folder is not this; return its files."""
        try:
            begun = json.loads((folder / BATCH).read_bytes())
            theirs, stamps = dict(begun["settings"]), dict(begun["files"])
        except FileNotFoundError:
            return {}
        except (ValueError, LookupError, TypeError, RecursionError):
            raise ValueError(f"{folder / BATCH} should be of a batch.") from None
        for name in {**theirs, **self.settings}:
            before, now = theirs.get(name), self.settings.get(name)
            if before != json.loads(json.dumps(now)):
                raise ValueError(
                    f"output={folder} should be resumed with the settings it was begun "
                    f"with, but {name} was {before}, and is {now}; with --force, and "
                    "not --resume, all is done anew."
                )
        return stamps

    def key(self, *stamps: Any) -> str:
        """Return what is the same only where the same is done with the same."""
        return _digest([self.settings, *stamps])


def write(folder: Path, key: str, table: pd.DataFrame) -> None:
    """Note in a folder what it is a result of, and its rows of the table."""
    told = {"key": key, "table": table.to_dict("list")}
    (folder / RECORD).write_text(json.dumps(told) + "\n")


def read(folder: Path, key: str) -> pd.DataFrame | None:
    """Return the rows of a result; None where it is not, or not of that."""
    import pandas as pd

    try:
        found = json.loads((folder / RECORD).read_bytes())
        return pd.DataFrame(found["table"]) if found["key"] == key else None
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
