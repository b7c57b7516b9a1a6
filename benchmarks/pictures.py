"""Measure how good clusters are, and how fast: pictures and points, beside the peers.

``python -m benchmarks.pictures`` prints tables as Markdown and draws a plot. The color
pictures are scikit-image's, the points are made by formula.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import machine, plots, quality, report, sets
from .best import SECONDS
from .contenders import CONTENDERS
from .sets import SETS
from .workloads import Workload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .quality import Quality

BEST = Path(__file__).parent / "best.json"
PLOT = Path(__file__).parents[1] / "docs" / "figures" / "quality.png"

#: Color pictures that come with scikit-image.
PICTURES = (
    "astronaut",
    "chelsea",
    "coffee",
    "hubble_deep_field",
    "immunohistochemistry",
    "retina",
    "rocket",
    "stereo_motorcycle",
)

#: What to reach: K, and the part above the best compactness known.
TARGETS = {8: 1e-4, 16: 5e-4, 64: 2e-3, 256: 5e-3}

#: Of OpenCV, scikit-learn and faiss: attempts up to a K, and one beyond it.
ATTEMPTS, MANY = 10, 16

LEGEND = f"""\
How far compactness is above the best that is known, by the same function for all: the
lowest of long runs of random swap, FLS++, HG-means and breathing k-means. Of the
package the median and the worst of several seeds, with random starts, as OpenCV; the
others run once: OpenCV, scikit-learn and faiss with {ATTEMPTS} attempts up to K={MANY},
one beyond it, and none on more than a megapixel. All stop after 10 steps, or at an
epsilon of 1, or of 1/255 of the range of points.
"""


def picture(shape: tuple[int, ...], name: str) -> NDArray[np.uint8]:
    """Return the upper left of a picture of scikit-image."""
    import skimage.data

    found = getattr(skimage.data, name)()
    if isinstance(found, tuple):  # left and right views, and disparities
        found = found[0]
    return found[: shape[0], : shape[1]]


def workload(name: str, k: int, shape: tuple[int, ...] | None = None) -> Workload:
    """Return a picture to be quantized to K colors, whole or its upper left."""
    whole: Any = (None, None)
    return Workload(
        f"{name} K={k}",
        name,
        partial(picture, name=name),
        picture(whole, name).shape[:2] if shape is None else shape,
        k,
        epsilon=1.0,
        channel_axis=-1,
        attempts=ATTEMPTS if k <= MANY else 1,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.pictures", description=__doc__
    )
    parser.add_argument("--pictures", nargs="*", choices=PICTURES, default=PICTURES)
    parser.add_argument("--sets", nargs="*", choices=list(SETS), default=list(SETS))
    parser.add_argument("-k", type=int, nargs="+", default=list(TARGETS))
    parser.add_argument("--seeds", type=int, default=10, help="runs of the package")
    parser.add_argument(
        "--best", action="store_true", help="search again for the best known"
    )
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of that search")
    parser.add_argument("--output", type=Path, help="a file to write the tables to")
    parser.add_argument(
        "--picture", type=Path, default=PLOT, help=f"the plot; {PLOT} by default"
    )
    return parser.parse_args()


def main() -> None:
    arguments = _arguments()
    search = {
        "seeds": arguments.seeds,
        "anew": arguments.best,
        "seconds": arguments.seconds,
    }
    command = " ".join(["python -m benchmarks.pictures", *sys.argv[1:]])
    parts = [heading(command)]
    if arguments.pictures:
        workloads = [
            workload(name, k) for k in arguments.k for name in arguments.pictures
        ]
        found = quality.measured(workloads, BEST, _tell, **search)
        parts.append(of_pictures(found))
        plots.quality(found, arguments.picture)
    if arguments.sets:
        workloads = [sets.workload(name) for name in arguments.sets]
        parts.append(of_sets(quality.measured(workloads, BEST, _tell, **search)))
    text = "\n".join(parts)
    print(text)
    if arguments.output:
        arguments.output.write_text(text)


def heading(command: str) -> str:
    """Return what comes before the tables."""
    missing = [peer.title for peer in quality.PEERS if not peer.installed]
    here = machine.versions([*CONTENDERS[:1], *quality.PEERS])
    lines = ["# Quality", "", f"Made by `{command}` on {machine.machine()}.", ""]
    lines += [f"{here}.", "", LEGEND]
    lines += [f"- Skipped: {title}: not installed" for title in missing]
    return "\n".join(lines)


def of_pictures(found: list[Quality]) -> str:
    """Return the tables and verdicts of pictures."""
    verdicts = [f"- Target: {line}" for line in quality.within(found, TARGETS)]
    lines = ["## Pictures of scikit-image", "", *quality.own_table(found), ""]
    lines += [*verdicts, "", "### All contenders, medians over the pictures", ""]
    lines += [*quality.summary(found), "", "### All contenders, each picture", ""]
    return "\n".join([*lines, *quality.peers_table(found), ""])


def of_sets(found: list[Quality]) -> str:
    """Return the tables of points, with how many clusters are in the wrong place."""
    titles = list(dict.fromkeys(q.title for q in found))
    rows = []
    for name in dict.fromkeys(q.workload.name for q in found):
        true = sets.made(name).centers
        wrong = {
            q.title: str(sets.centroid_index(q.centers, true))
            for q in found
            if q.workload.name == name
        }
        rows.append([name, *[wrong.get(title, "-") for title in titles]])
    lines = ["## Points in two dimensions", "", *quality.own_table(found), ""]
    lines += [*quality.peers_table(found), "", "Clusters in the wrong place:", ""]
    return "\n".join([*lines, *report.table(["input", *titles], rows), ""])


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
