"""The output: a folder that a result is written to, or nothing is."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..core.results.image import QuantizedImage
    from ..core.results.planes import QuantizedPlanes
    from ..core.run.progress import Report
    from ..layers.metadata import LayerData

    Write = Callable[[QuantizedImage | QuantizedPlanes, LayerData, Report], None]


def named_after(file: str | None) -> Path:
    """Return the folder that a result goes to where none was named."""
    from ..files import stem

    return Path(f"{stem(file) if file else 'coffee'}-kmeans")


@contextmanager
def writing(output: Path, sources: list[str | None], *, force: bool) -> Iterator[Write]:
    """Check where the result is to be, and give what writes it there."""
    from .. import files, omezarr

    _check_apart(output, sources)
    if output.suffix == ".zarr":
        with omezarr.replacing(output, force=force) as new:
            yield lambda result, source, progress: omezarr.fill(
                new, result, source[1], progress=progress
            )
    else:
        with files.replacing(output, force=force) as new:
            yield lambda result, source, _: files.write(
                new, result, files.said(source, "alpha")
            )


def _check_apart(output: Path, sources: list[str | None]) -> None:
    """Raise where the output is no folder of its own, beside what is read."""
    if re.match(r"\w\w+:/", output.as_posix()):
        raise ValueError(f"output={output} should be a folder, not a URL.")
    for source in sources:
        if source and (_holds(source, output) or _holds(output, source)):
            raise ValueError(
                f"output={output} should be a folder apart from {source}, which is "
                "read: neither in it nor around it."
            )


def _holds(outer: str | Path, inner: str | Path) -> bool:
    """Whether a file or a folder is another, or lies below it; links are followed."""
    path = Path(os.path.realpath(inner))
    return os.path.exists(outer) and any(
        os.path.samefile(outer, above)
        for above in (path, *path.parents)
        if above.exists()
    )
