"""Targets: what the package should reach, and whether it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .measurement import Measurement

MB = 10**6

#: Two compactnesses nearer than this, relatively, differ by rounding alone.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Targets:
    """What to reach in a workload; None where there is no such target.

    A compactness at or below every contender's is the target of every workload.

    Attributes
    ----------
    speedup : float or None
        At least this many times as fast as ``cv2.kmeans`` on every pixel.
    seconds : float or None
        At most.
    memory : int or None
        Bytes above the input, at most.
    memory_of_input : float or None
        The same, as a multiple of the input's bytes.
    above_best : float or None
        At most this part above the best compactness known.
    """

    speedup: float | None = None
    seconds: float | None = None
    memory: int | None = None
    memory_of_input: float | None = None
    above_best: float | None = None

    def verdicts(
        self,
        ours: Measurement,
        opencv: Measurement | None,
        others: Sequence[Measurement],
        best: float,
        input_bytes: int,
    ) -> Iterator[str]:
        """Yield a line for each target: what it is, and the figure reached.

        Parameters
        ----------
        opencv : Measurement or None
            Of ``cv2.kmeans`` on every pixel.
        others : sequence of Measurement
            Of every contender but the package.
        best : float
            The best compactness known.
        input_bytes : int
        """
        if self.speedup is not None:
            yield from self._speed(ours, opencv)
        if self.seconds is not None:
            yield _verdict(
                f"time <= {1000 * self.seconds:g} ms",
                ours.seconds <= self.seconds,
                f"{1000 * ours.seconds:.1f} ms",
            )
        yield from self._memory(ours.peak, input_bytes)
        judged = [m.compactness for m in others if m.compactness is not None]
        if judged:
            lowest = min(judged)
            yield _verdict(
                "compactness <= every contender's",
                ours.compactness <= lowest * (1 + ROUNDING),
                f"{percent(ours.compactness / lowest - 1)} to the lowest of theirs",
            )
        if self.above_best is not None:
            above = ours.compactness / best - 1
            yield _verdict(
                f"compactness within {100 * self.above_best:g}% of the best known",
                above <= self.above_best,
                percent(above),
            )

    def _speed(self, ours: Measurement, opencv: Measurement | None) -> Iterator[str]:
        what = f"speed >= {self.speedup:g}x cv2.kmeans"
        if opencv is None:
            yield f"{what}: cv2.kmeans was not measured"
        else:
            speedup = opencv.seconds / ours.seconds
            yield _verdict(what, speedup >= self.speedup, f"{speedup:.3g}x")

    def _memory(self, peak: int | None, input_bytes: int) -> Iterator[str]:
        if self.memory is not None:
            what, most = f"memory <= {self.memory / MB:g} MB", self.memory
        elif self.memory_of_input is not None:
            what = f"memory <= {self.memory_of_input:g} times the input"
            most = self.memory_of_input * input_bytes
        else:
            return
        if peak is None:
            yield f"{what}: not measured on this system"
        else:
            figure = f"{peak / MB:.0f} MB, {peak / input_bytes:.2f} times the input"
            yield _verdict(what, peak <= most, figure)


def percent(part: float) -> str:
    """Return a signed part of one as three digits of percent."""
    return f"{100 * part:+.3g}%"


def _verdict(what: str, reached: bool, figure: str) -> str:
    return f"{what}: {'reached' if reached else 'missed'} ({figure})"
