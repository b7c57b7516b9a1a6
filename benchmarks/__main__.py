"""Measure contenders on workloads; print a table for each, as Markdown.

``pip install --group benchmark`` installs the contenders; those missing are skipped.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from . import history, machine, report, workloads
from .best import SECONDS
from .comparison import compare
from .contenders import CONTENDERS

if TYPE_CHECKING:
    from .history import Figures

FOLDER = Path(__file__).parent

#: Seconds after which a contender is skipped, but for OpenCV, the measure of all.
LIMIT = 180.0


def _arguments() -> argparse.Namespace:
    keys = [contender.key for contender in CONTENDERS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--workload",
        nargs="+",
        metavar="NAME",
        help=f"some of {', '.join(w.name for w in workloads.WORKLOADS)}; W2 is all W2",
    )
    parser.add_argument("--contender", nargs="+", choices=keys, default=keys)
    parser.add_argument("--quick", action="store_true", help="1/16 of the pixels")
    parser.add_argument(
        "--slow",
        action="store_true",
        help=f"wait for contenders of more than {LIMIT:g} s, not skip them",
    )
    parser.add_argument(
        "--best",
        action="store_true",
        help="search again for the best compactness known",
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=SECONDS,
        help=f"of that search, about; {SECONDS:g} by default, longer finds better",
    )
    parser.add_argument("--json", type=Path, help="a file to keep the figures in")
    parser.add_argument(
        "--compare", type=Path, help="the figures of an earlier run: ratios are told"
    )
    parser.add_argument(
        "--output",
        type=Path,
        help="a file to write, too; what is measured whole goes to results.md",
    )
    arguments = parser.parse_args()
    chosen = arguments.workload or arguments.quick or arguments.contender != keys
    if arguments.output is None and not chosen:
        arguments.output = FOLDER / "results.md"
    try:
        arguments.workload = workloads.named(arguments.workload)
    except ValueError as error:
        parser.error(str(error))
    return arguments


def main() -> None:
    arguments = _arguments()
    contenders = [c for c in CONTENDERS if c.key in arguments.contender]
    command = " ".join(["python -m benchmarks", *sys.argv[1:]])
    where, what = machine.machine(), machine.versions(contenders)
    figures: dict[str, Figures] = {}
    parts = [report.heading(where, what, command, arguments.quick)]
    print(parts[0], flush=True)
    for workload in arguments.workload:
        comparison = compare(
            workload.quick() if arguments.quick else workload,
            contenders,
            FOLDER / "best.json",
            anew=arguments.best,
            seconds=arguments.seconds,
            limit=None if arguments.slow else LIMIT,
        )
        figures |= comparison.figures()
        parts.append(report.section(comparison))
        print(parts[-1], flush=True)
    if arguments.json:
        history.write(arguments.json, figures)
    if arguments.compare:
        parts.append(history.compared(figures, history.read(arguments.compare)))
        print(parts[-1])
    if arguments.output:
        arguments.output.write_text("\n".join(parts))


if __name__ == "__main__":
    main()
