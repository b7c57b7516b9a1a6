"""Folders: results of several images, and what is said of those that have none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ..layers.metadata import LayerData
    from .output import Result

#: The program's exit code where some images could not be done.
FAILED = 3


def check_folder(folder: Path, *, force: bool) -> None:
    """Raise where a result may not be written to a folder."""
    from .. import files

    files.check(folder, force=force)


def write_result(
    folder: Path,
    source: LayerData,
    result: Result,
    *,
    force: bool,
    noted: Callable[[Path], None] | None = None,
) -> None:
    """Write a result to a folder, with what is noted of it, whole or not at all."""
    from .. import files

    with files.replacing(folder, force=force) as new:
        files.write(new, result, files.said(source, "alpha"))
        if noted is not None:
            noted(new)


def end_with(failed: dict[str, str], n: int) -> None:
    """End the program, where some of n images could not be done."""
    if not failed:
        return
    typer.echo(f"Error: {len(failed)} of {n} images could not be done.", err=True)
    for sentence in failed.values():
        typer.echo(f"  {sentence}", err=True)
    raise typer.Exit(FAILED)
