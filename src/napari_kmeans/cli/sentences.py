"""Sentences: what goes wrong, told to who uses the command line."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def told(output: Path | None = None) -> Iterator[None]:
    """Show warnings without the place in the code, and end with what is an error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("default", UserWarning)
            warnings.showwarning = _show
            yield
    # To a user what is of another type is a value that is not as it should be.
    except (ValueError, TypeError, ModuleNotFoundError, ConnectionError) as error:
        fail(str(error))
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        reason = f"{error.strerror or error}{where}"
        fail(f"output={output} could not be written: {reason}." if output else reason)


def warn(sentence: str) -> None:
    """Show a warning."""
    typer.echo(f"Warning: {sentence}", err=True)


def _show(message: Warning | str, *_: Any, **__: Any) -> None:
    warn(str(message).partition("\n")[0])


def fail(sentence: str) -> NoReturn:
    """End with an error."""
    typer.echo(f"Error: {sentence}", err=True)
    raise typer.Exit(2)
