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


#: The most steps of settling.
SETTLING = 32


def n_steps(attempts: int, max_iter: int | None, refine: bool = True) -> int:
    """Return how many steps a clustering has for a progress bar, at the most."""
    return attempts + (SETTLING + (max_iter or 100) if refine else 0) + 1


def staged(
    steps: Generator[int, None, R], stage: str, done: int, total: int
) -> Generator[Progress, None, R]:
    """Run a stage that yields its steps; yield progress, and return its result.

    Within a step it may yield 0, to be stopped there.
    """
    step = 0
    while True:
        try:
            step = max(step, next(steps))
        except StopIteration as stop:
            result: R = stop.value
            return result
        yield Progress(f"{stage} {step}", min(done + step, total - 1), total)
