"""The output: where a result is written to, whole or not at all."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from ..core.results.image import QuantizedImage
    from ..core.results.planes import QuantizedPlanes
    from ..core.run.progress import Report
    from ..layers.metadata import LayerData

    Result = QuantizedImage | QuantizedPlanes
    Write = Callable[[Result, LayerData, Report], None]

#: What labels are called in the image that they are of.
LABEL = "kmeans"

#: How a picture ends whose palette are the clusters, and of how many at most.
PICTURES, MOST = (".png", ".gif"), 256

#: How pictures end that are not written: no folder is called so but by mistake.
OTHERS = (".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".svg", ".pdf")


@dataclass(frozen=True)
class Place:
    """Where a result goes to, and as what."""

    path: Path
    kind: Literal["folder", "omezarr", "picture", "source"]
    #: Of labels that go into their source: that, and what they are called there.
    source: str = ""
    label: str = LABEL

    @property
    def is_result_held(self) -> bool:
        """Whether it is written as one, not by regions."""
        return self.kind in ("folder", "picture")

    def check(self, k: int | None, source: LayerData, asked: dict[str, Any]) -> None:
        """Raise where a picture could not hold the result."""
        if self.kind != "picture":
            return
        shape, said = source[0].shape, {**source[1], **_given(asked)}
        rgb, axis = said.get("rgb"), said.get("channel_axis")
        ndims = {len(shape) - bool(rgb or axis is not None)}
        if rgb is None and axis is None and shape[-1] in (3, 4):  # may be color
            ndims.add(len(shape) - 1)
        is_film = self.path.suffix.lower() == ".gif"
        if (k or 0) > MOST or not ndims & ({2, 3} if is_film else {2}):
            axes = "two or three axes" if is_film else "two axes"
            raise ValueError(
                f"output={self.path} should be a folder: a picture holds at most "
                f"{MOST} clusters, and {axes} besides channels, but k is {k or 'open'} "
                f"and the image {' x '.join(map(str, shape))}."
            )


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Return what the user says of the channels."""
    names = ("rgb", "channel_axis")
    return {name: options[name] for name in names if options[name] is not None}


def place_of(
    file: str | None, output: Path | None, label: str | None, *, into_source: bool
) -> Place:
    """Return where the result of a file goes to; by default a folder named after it."""
    if into_source:
        if output is not None:
            raise ValueError(f"output={output} should not go with --into-source.")
        if file is None:
            raise ValueError("--into-source should go with a file.")
        name = LABEL if label is None else label
        return Place(Path(file, "labels", name), "source", file, name)
    if label is not None:
        raise ValueError(f"label={label!r} should go with --into-source.")
    path = output or named_after(file)
    if path.suffix == ".zarr":
        return Place(path, "omezarr")
    if path.suffix.lower() in OTHERS and not path.is_dir():
        raise ValueError(
            f"output={path} should be a folder, or end in .png, .gif or .zarr."
        )
    return Place(path, "picture" if path.suffix.lower() in PICTURES else "folder")


def check_named(folder: Path | None) -> None:
    """Raise where what is to be a new folder is called as a picture is."""
    if folder is None or folder.exists():
        return
    if folder.suffix.lower() in (*PICTURES, *OTHERS):
        raise ValueError(f"output={folder} should be a folder, not a picture.")


def named_after(file: str | None) -> Path:
    """Return the folder that a result goes to where none was named."""
    from ..core.run.systems import usable
    from ..files import stem

    return Path(usable(f"{stem(file) if file else 'coffee'}-kmeans"))


@contextmanager
def writing(place: Place, sources: list[str | None], *, force: bool) -> Iterator[Write]:
    """Check where the result is to be, and give what writes it there."""
    from .. import files, omezarr

    path = place.path
    if place.kind == "source":
        with omezarr.labeling(place.source, place.label, force=force) as labels:
            yield lambda result, _, progress: labels.fill(result, progress=progress)
        return
    check_apart(path, sources)
    if place.kind == "omezarr":
        with omezarr.replacing(path, force=force) as new:
            yield lambda result, source, progress: omezarr.fill(
                new, result, _placed(source[1], result), progress=progress
            )
    elif place.kind == "picture":
        check_file(path, force=force)
        yield lambda result, _, progress: _write_picture(path, result, progress)
    else:
        with files.replacing(path, force=force) as new:
            yield lambda result, source, _: files.write(
                new, result, files.said(source, "alpha")
            )


def _placed(attributes: dict[str, Any], result: Result) -> dict[str, Any]:
    """Return the name of an image, and what its file says of the axes of its labels."""
    from ..layers.metadata import placement_for

    axis = result.layout.channel_axis
    placement = placement_for(attributes, result.labels.ndim, axis)
    return {"name": attributes["name"], **placement}


def _write_picture(path: Path, result: Result, progress: Report) -> None:
    from ..core.results.planes import QuantizedPlanes
    from ..files import write_indexed

    if isinstance(result, QuantizedPlanes):
        raise ValueError(f"output={path} should be a folder, as there are planes.")
    write_indexed(path, result.labels, result.palette, progress=progress)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV, or as Parquet where the path ends so."""
    from ..core.run import replacement

    with replacement.replacing_file(path) as new:
        if path.suffix == ".parquet":
            table.to_parquet(new, index=False)
        else:
            table.to_csv(new, index=False)


def check_file(path: Path, *, force: bool, made: bool = False) -> None:
    """Raise where a file cannot be written to, or is there and is to stay.

    Its folder is `made`, or should be there.
    """
    if path.is_dir():
        raise ValueError(f"output={path} should be a file, but is a folder.")
    if not (made or path.parent.is_dir()):
        raise ValueError(f"output={path} should be in a folder that exists.")
    if path.exists() and not force:
        raise ValueError(f"output={path} is there already: --force replaces it.")


def check_apart(output: Path, sources: list[str | None]) -> None:
    """Raise where the output is not on its own, beside what is read."""
    from ..core.run.systems import holds

    if re.match(r"\w\w+:/", output.as_posix()):
        raise ValueError(f"output={output} should be a folder, not a URL.")
    for source in sources:
        if source and (holds(source, output) or holds(output, source)):
            raise ValueError(
                f"output={output} should be a folder apart from {source}, which is "
                "read: neither in it nor around it."
            )
