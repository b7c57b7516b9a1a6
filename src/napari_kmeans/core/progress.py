"""Progress: what a long computation yields between its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .blocks import apart, patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    #: What is told the stage of a computation, and the part of all that is done.
    Report = Callable[[str, float], object]

R = TypeVar("R")


class Progress(NamedTuple):
    """How far a computation has come."""

    stage: str
    done: int
    total: int


def follow(steps: Generator[Progress, None, R], report: Report | None) -> R:
    """Run a computation to its end, telling its progress, and return its result.

    It is told at least each half second, whatever the computation is at, and never less
    than before. What is raised then stops the computation and comes out of it.
    """
    if report is None:
        return exhaust(steps)
    furthest = 0.0
    told = apart(steps, Progress("Preparing", 0, 1))
    try:
        while True:
            stage, done, total = next(told)
            furthest = max(furthest, done / total)
            report(stage, furthest)
    except StopIteration as stop:
        result: R = stop.value
    finally:
        told.close()
    report("Done", 1.0)
    return result


def exhaust(steps: Generator[Any, None, R]) -> R:
    """Run a computation to its end and return its result."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: R = stop.value
            return result


#: The most steps of settling.
SETTLING = 32


#: Steps that locating the centers counts for, after all else.
LOCATING = 100

#: Steps that the reading of a stream counts for.
READING = 100


def n_steps(attempts: int, max_iter: int | None, refine: bool = True) -> int:
    """Return how many steps a clustering has for a progress bar, at the most."""
    return attempts + (SETTLING + (max_iter or 100) if refine else 0) + 1


def staged(
    steps: Generator[float, None, R], stage: str, done: int, total: int
) -> Generator[Progress, None, R]:
    """Run a stage that yields its steps; yield progress, and return its result.

    Within a step it may yield the part that is done, to be shown and stopped there.
    """
    furthest = 0.0
    while True:
        try:
            furthest = max(furthest, next(steps))
        except StopIteration as stop:
            result: R = stop.value
            return result
        step, part = divmod(furthest, 1)
        within = f", {part:.0%} of the next" if part else ""
        yield Progress(
            f"{stage} {step:.0f}{within}", min(done + int(step), total - 1), total
        )


def waited(
    function: Callable[[], R], stage: str, done: int, total: int
) -> Generator[Progress, None, R]:
    """Call a function in another thread; yield progress while it takes long."""
    steps = patiently(function)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: R = stop.value
            return result
        yield Progress(stage, done, total)


def shifted(
    steps: Generator[Progress, None, R], by: int
) -> Generator[Progress, None, R]:
    """Yield the progress of what comes after `by` other steps."""
    while True:
        try:
            stage, done, total = next(steps)
        except StopIteration as stop:
            result: R = stop.value
            return result
        yield Progress(stage, done + by, total + by)


def located(steps: Generator[float, None, R]) -> Generator[Progress, None, R]:
    """Yield the progress of what only remains."""
    while True:
        try:
            part = next(steps)
        except StopIteration as stop:
            result: R = stop.value
            return result
        done = int(LOCATING * part)
        yield Progress(f"Locating centers, {part:.0%}", done, LOCATING)
