"""History: figures of a run kept as JSON, and how those of a later run compare."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from .report import figure, table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: A time beyond this ratio to an earlier one is marked.
SLOWER = 1.1

#: A compactness beyond this ratio is marked, too.
WORSE = 1.0001


class Figures(NamedTuple):
    """Median seconds, and the compactness where it is judged."""

    seconds: float
    compactness: float | None = None


def write(path: Path, figures: Mapping[str, Figures]) -> None:
    """Keep figures, each by what was measured."""
    found = {name: of._asdict() for name, of in figures.items()}
    path.write_text(json.dumps(found, indent=2) + "\n")


def read(path: Path) -> dict[str, Figures]:
    """Return the figures that were kept."""
    return {name: Figures(**of) for name, of in json.loads(path.read_text()).items()}


def compared(now: Mapping[str, Figures], before: Mapping[str, Figures]) -> str:
    """Return a table of ratios of what was measured both times, slower ones marked."""
    columns = ("what", "seconds", "before", "time", "compactness", "")
    rows = []
    for name in (name for name in now if name in before):
        new, old = now[name], before[name]
        time = new.seconds / old.seconds
        marks = ["slower"] if time > SLOWER else []
        ratio = "-"
        if new.compactness is not None and old.compactness is not None:
            # An input of few colors is clustered to zero.
            same = new.compactness == old.compactness
            worse = 1.0 if same else new.compactness / max(old.compactness, 1e-300)
            ratio = f"{worse:.6f}x"
            marks += ["worse"] if worse > WORSE else []
        seconds = figure(new.seconds), figure(old.seconds)
        rows.append((name, *seconds, f"{time:.2f}x", ratio, ", ".join(marks)))
    lines = [
        "## Beside an earlier run",
        "",
        "Ratios of this run to the earlier one.",
        "",
    ]
    return "\n".join([*lines, *table(columns, rows, (0, 5)), ""])
