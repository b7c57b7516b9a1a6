"""Comparison: contenders on one workload, and the best that is known of it."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .best import SECONDS, best
from .compactness import count
from .history import Figures
from .measurement import SkippedError, measure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .contenders import Contender
    from .measurement import Measurement
    from .workloads import Workload


@dataclass(frozen=True)
class Comparison:
    """What was measured on a workload.

    Attributes
    ----------
    workload : Workload
    input_bytes : int
    best : float
        The best compactness known.
    measured : dict
        From contenders, in their order.
    skipped : dict
        From contenders to reasons.
    """

    workload: Workload
    input_bytes: int
    best: float
    measured: dict[Contender, Measurement]
    skipped: dict[Contender, str]

    def of(self, key: str) -> Measurement | None:
        """Return what was measured of a contender, if anything was."""
        return next((m for c, m in self.measured.items() if c.key == key), None)

    def figures(self) -> dict[str, Figures]:
        """Return seconds and compactness of each contender, by what was measured."""
        shape = "x".join(map(str, self.workload.shape))
        return {
            f"{self.workload.name} {shape}: {contender.title}": Figures(
                measured.seconds, measured.compactness
            )
            for contender, measured in self.measured.items()
        }

    def verdicts(self) -> Iterator[str]:
        """Yield a line for each target of the workload, with the figure reached."""
        ours = self.of("ours")
        if ours is not None:
            others = [m for c, m in self.measured.items() if c.key != "ours"]
            yield from self.workload.targets.verdicts(
                ours, self.of("opencv"), others, self.best, self.input_bytes
            )


def compare(
    workload: Workload,
    contenders: Sequence[Contender],
    kept: Path,
    *,
    anew: bool = False,
    seconds: float = SECONDS,
    limit: float | None = None,
) -> Comparison:
    """Measure contenders on a workload, one after the other.

    Parameters
    ----------
    kept : Path
        The file of the best compactness known.
    anew : bool
        Whether to search for that again.
    seconds : float
        How long to search, about.
    limit : float or None
        Seconds after which a contender is skipped, but for OpenCV.
    """
    data = workload.data()
    samples = count(workload.rows(data))
    _tell(f"{workload.name}: the best compactness known")
    lowest = best(workload, data, samples, kept, anew=anew, seconds=seconds)
    measured, skipped = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.npy"
        np.save(path, data)
        for contender in contenders:
            _tell(f"{workload.name}: {contender.title}")
            try:
                contender.check(data, workload)
                # All targets of speed are ratios to OpenCV.
                wait = None if contender.key == "opencv" else limit
                measured[contender] = measure(contender, workload, path, samples, wait)
            except SkippedError as skip:
                skipped[contender] = str(skip)
    return Comparison(workload, data.nbytes, lowest, measured, skipped)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
