"""Measurement: one contender on one workload, in a process of its own."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from . import memory
from .compactness import compactness
from .contenders import SkippedError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

    from .compactness import Samples
    from .contenders import Answer, Contender
    from .workloads import Workload

#: A run longer than this, in seconds, is repeated once; a shorter one more often.
LONG = 5.0

#: A run longer than this counts itself, though nothing has warmed up but the library.
VERY_LONG = 30.0


@dataclass(frozen=True)
class Measurement:
    """What a contender took, and what it gave.

    `peak` is in bytes above the process before the run, with the input and the library
    loaded and warmed up on a small input; None where it cannot be measured.
    """

    seconds: float
    runs: int
    peak: int | None
    compactness: float | None
    gives: tuple[str, ...]


class _Taken(NamedTuple):
    """What the process sends back: a measurement without its judgment."""

    seconds: list[float]
    peak: int | None
    centers: np.ndarray | None
    gives: tuple[str, ...]


def measure(
    contender: Contender,
    workload: Workload,
    path: Path,
    samples: Samples,
    limit: float | None,
) -> Measurement:
    """Measure a contender.

    Parameters
    ----------
    path : Path
        The data of the workload, as NumPy saves it.
    samples : Samples
        The same data, to judge the centers by.
    limit : float or None
        The most seconds to wait.

    Raises
    ------
    SkippedError
        If it takes longer, or fails.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_take, args=(sender, contender, workload, path))
    process.start()
    sender.close()
    try:
        if not receiver.poll(limit):
            raise SkippedError(f"takes more than {limit:g} s")
        taken: _Taken = receiver.recv()
    except EOFError:
        process.join()
        raise SkippedError(f"failed with exit code {process.exitcode}") from None
    finally:
        process.kill()
        process.join()
    found = None
    if taken.centers is not None:
        found = compactness(samples, np.asarray(taken.centers, np.float64))
    seconds = statistics.median(taken.seconds)
    return Measurement(seconds, len(taken.seconds), taken.peak, found, taken.gives)


def _take(
    sender: Connection, contender: Contender, workload: Workload, path: Path
) -> None:
    small = workload.small()
    contender.run(small.data(), small)
    data = np.load(path)
    before = memory.resident()
    memory.reset_peak()
    seconds, answer = _run(1, contender, workload, data)
    if seconds[0] <= VERY_LONG:
        del answer
        # Of compiling, only what it leaves behind is counted.
        memory.reset_peak()
        n = 1 if seconds[0] > LONG else min(15, max(3, int(LONG / seconds[0])))
        seconds, answer = _run(n, contender, workload, data)
    peak = memory.peak()
    above = None if before is None or peak is None else max(0, peak - before)
    gives = _gives(answer, workload, data)
    sender.send(_Taken(seconds, above, answer.centers, gives))


def _run(
    n: int, contender: Contender, workload: Workload, data: np.ndarray
) -> tuple[list[float], Answer]:
    """Return the seconds of n runs, and the last answer: no run holds another's."""
    seconds, answer = [], None
    for _ in range(n):
        del answer
        start = time.perf_counter()
        answer = contender.run(data, workload)
        seconds.append(time.perf_counter() - start)
    return seconds, answer


def _gives(answer: Answer, workload: Workload, data: np.ndarray) -> tuple[str, ...]:
    """Return what an answer holds, once it is seen to be whole."""
    if answer.centers is None:  # a copy, to compare with
        return ()
    gives: list[str] = []
    if answer.labels is not None:
        assert answer.labels.size == workload.n
        gives.append("labels")
    if answer.quantized is not None:
        assert answer.quantized.shape == data.shape
        assert answer.quantized.dtype == data.dtype
        gives.append("image")
    return tuple(gives)
