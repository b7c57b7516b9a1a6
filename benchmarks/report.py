"""Report: measurements as Markdown that can be read in a terminal, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .targets import MB, percent

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from .comparison import Comparison
    from .measurement import Measurement

COLUMNS = (
    "contender",
    "seconds",
    "runs",
    "time / ours",
    "peak MB",
    "compactness",
    "above best",
    "gives",
)

LEGEND = """\
Seconds are the median of the runs after a warm-up; what takes more than 30 is run once.
Peak memory is what the runs, in a process of their own, needed above the input and the
loaded library, labels and quantized image included. Compactness is computed in float64
from each contender's centers by the same function; the best known is the lowest of long
runs of random swap, FLS++, HG-means and breathing k-means. cv2.kmeans starts at random,
as in its tutorial; scikit-learn and faiss start by their defaults. faiss has no
epsilon. Pillow and libimagequant have neither attempts nor criteria, and whole numbers
for colors.
"""


def section(comparison: Comparison) -> str:
    """Return the table of a workload, its targets, and what was skipped."""
    workload, best = comparison.workload, comparison.best
    ours = comparison.of("ours")
    rows = [
        _row(contender.title, found, ours, best)
        for contender, found in comparison.measured.items()
    ]
    lines = [
        f"## {workload.name}: {workload.title}",
        "",
        f"{workload.settings}. Input: {figure(comparison.input_bytes / MB)} MB. "
        f"Best compactness known: {best:.6g}.",
        "",
        *table(COLUMNS, rows, (0, len(COLUMNS) - 1)),
        "",
        *[f"- Target: {verdict}" for verdict in comparison.verdicts()],
        *[f"- Skipped: {c.title}: {why}" for c, why in comparison.skipped.items()],
    ]
    return "\n".join(lines).rstrip() + "\n"


def _row(
    title: str, found: Measurement, ours: Measurement | None, best: float
) -> tuple[str, ...]:
    missing = "-"
    judged = found.compactness is not None
    return (
        title,
        figure(found.seconds),
        str(found.runs),
        missing if ours is None else figure(found.seconds / ours.seconds),
        missing if found.peak is None else figure(found.peak / MB),
        f"{found.compactness:.6g}" if judged else missing,
        percent(found.compactness / best - 1) if judged else missing,
        ", ".join(found.gives),
    )


def figure(number: float) -> str:
    """Return a number with three digits, or all before the point."""
    return f"{number:.3g}" if number < 1000 else f"{number:.0f}"


def table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], words: Collection[int] = (0,)
) -> list[str]:
    """Return a Markdown table, padded: words to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if at in words else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = [
        "-" * width if at in words else "-" * (width - 1) + ":"
        for at, width in enumerate(widths)
    ]
    return [line(columns), line(rule), *map(line, rows)]


def heading(machine: str, versions: str, command: str, quick: bool) -> str:
    """Return what comes before the sections."""
    lines = [
        "# Benchmarks",
        "",
        f"Made by `{command}` on {machine}.",
        "",
        f"{versions}.",
    ]
    if quick:
        lines += ["", "1/16 of the pixels: the targets are for all of them."]
    return "\n".join([*lines, "", LEGEND])
