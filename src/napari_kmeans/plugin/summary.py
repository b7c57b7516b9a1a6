"""Summaries: what a run has done, in a few lines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..core.results.image import QuantizedImage
from ..core.results.points import ClusteredPoints

if TYPE_CHECKING:
    from ..core.despeckling.despeckle import Despeckled
    from ..core.results.planes import QuantizedPlanes
    from .job import Job


def by_blocks(job: Job) -> str:
    """Return what to say of a job too large for the memory; nothing of others."""
    if job.needed is None:
        return ""
    return f"By blocks: whole, it would need {job.needed / 1e9:,.1f} GB of memory.\n"


def summary(
    result: QuantizedImage | QuantizedPlanes | ClusteredPoints,
    seconds: float,
    edit: str | None = None,
    cleaned: Despeckled | None = None,
) -> str:
    """Return what came out, in a few lines; of an edit, with what it is called."""
    if not isinstance(result, (QuantizedImage, ClusteredPoints)):
        return "\n".join(_of_planes(result, seconds))
    steps = f"{_steps(result)}, {seconds:.2f} s" if edit is None else f"Last: {edit}"
    lines = []
    if not math.isnan(result.compactness):
        lines.append(f"Compactness {result.compactness:.6g}")
    if cleaned is not None:
        least, most = int(cleaned.n_after.sum()), int(cleaned.n_before.sum())
        lines.append(f"{most:,} → {least:,} components")
    if isinstance(result, QuantizedImage):
        before = "" if result.n_colors is None else f"{result.n_colors:,} → "
        what = "colors" if result.rgb else "values"
        lines.append(f"{before}{result.n_colors_quantized:,} unique {what}")
    lines.append(steps)
    if result.n_excluded:
        lines.append(_left_out(result))
    if result.note:
        lines.append(result.note)
    return "\n".join(lines)


def _steps(result: QuantizedImage | ClusteredPoints) -> str:
    """Return how the search ended."""
    if result.method == "optimal":
        return "The best there is"
    if result.method == "plain":
        return "OpenCV alone"
    steps = "1 step" if result.n_iter == 1 else f"{result.n_iter} steps"
    return f"Converged, {steps}" if result.converged else f"Stopped after {steps}"


def _of_planes(result: QuantizedPlanes, seconds: float) -> list[str]:
    n = int((result.counts.sum(axis=1) > 0).sum())
    planes = "1 plane" if n == 1 else f"{n:,} planes"
    lines = [
        f"{planes}, {seconds:.2f} s",
        f"Compactness {result.compactness.sum():.6g}",
    ]
    if result.n_excluded:
        lines.append(_left_out(result))
    if result.note:
        lines.append(result.note)
    return lines


def _left_out(result: QuantizedImage | QuantizedPlanes | ClusteredPoints) -> str:
    """Return how many were left out, and why."""
    if isinstance(result, ClusteredPoints):
        return f"{result.n_excluded:,} points left out: not finite"
    reasons = [f"{n:,} {reason}" for reason, n in result.excluded.items()]
    if len(reasons) == 1:
        return f"{result.n_excluded:,} pixels left out: {next(iter(result.excluded))}"
    return f"{result.n_excluded:,} pixels left out: {', '.join(reasons)}"
