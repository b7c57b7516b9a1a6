"""Progress: what a long computation yields between its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator

R = TypeVar("R")


class Progress(NamedTuple):
    """How far a computation has come."""

    stage: str
    done: int
    total: int


def exhaust(steps: Generator[Progress, None, R]) -> R:
    """Run a computation to its end and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: R = stop.value
            return result


def n_steps(attempts: int, max_iter: int | None, refine: bool = True) -> int:
    """Return how many times a clustering yields at the most, but for unlimited ones."""
    return attempts + ((max_iter or 100) if refine else 0) + 1
