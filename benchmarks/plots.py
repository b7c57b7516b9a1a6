"""Plots: pictures of measurements for the documentation, by matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from .quality import Quality

#: What is nearer to the best than this, as a part, is drawn here.
FLOOR = 1e-6

#: Colors that are told apart by color-blind eyes, too; ours first and stronger.
COLORS = (
    *("#d1495b", "#edae49", "#00798c", "#30638e", "#8d96a3"),
    *("#5b8e55", "#7d5ba6", "#b5713a", "#4d4d4d", "#c78fb8"),
)
MARKERS = "ooDs^vPX<>"

STYLE = {
    "font.size": 9,
    "axes.edgecolor": "#888888",
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titleweight": "bold",
    "grid.color": "#e6e6e6",
    "legend.frameon": False,
    "savefig.dpi": 150,
}


def quality(found: Sequence[Quality], path: Path) -> None:
    """Draw time against the distance from the best, a panel for each K.

    A small mark is a picture, the large one the median of all.
    """
    from matplotlib import pyplot, rc_context

    pyplot.switch_backend("agg")  # files need no window

    ks = sorted({quality.workload.k for quality in found})
    titles = list(dict.fromkeys(quality.title for quality in found))
    with rc_context(STYLE):
        n_columns = min(2, len(ks))
        n_rows = -(-len(ks) // n_columns)
        drawing, panels = pyplot.subplots(
            n_rows,
            n_columns,
            figsize=(4.6 * n_columns, 3.1 * n_rows + 0.8),
            sharex=True,
            sharey=True,
            squeeze=False,
            layout="constrained",
        )
        for k, panel in zip(ks, panels.flat, strict=False):
            for at, title in enumerate(titles):
                of = [q for q in found if q.workload.k == k and q.title == title]
                _marks(panel, of, COLORS[at], MARKERS[at], title)
            panel.set(xscale="log", yscale="log", title=f"K = {k}")
            panel.yaxis.set_major_formatter(_percent)
            panel.xaxis.set_major_formatter(_seconds)
        for panel in panels[-1]:
            panel.set_xlabel("time")
        for panel in panels[:, 0]:
            panel.set_ylabel("compactness above the best known")
        _legend(drawing, panels[0, 0])
        drawing.savefig(path)
        pyplot.close(drawing)


def _marks(panel: Any, of: list[Quality], color: str, marker: str, title: str) -> None:
    if not of:
        return
    seconds = np.array([q.seconds for q in of])
    above = np.maximum([q.median for q in of], FLOOR)
    style = {"color": color, "marker": marker}
    panel.scatter(seconds, above, s=14, alpha=0.35, linewidths=0, **style)
    style |= {"label": title, "edgecolors": "white", "zorder": 3}
    panel.scatter(np.median(seconds), np.median(above), s=80, **style)


def growth(
    panels: Sequence[tuple[str, Mapping[str, Sequence[tuple[float, float]]]]],
    path: Path,
) -> None:
    """Draw seconds against what grows, a panel for each: its label, and the curves.

    A curve is a list of pairs, from small to large.
    """
    from matplotlib import pyplot, rc_context

    pyplot.switch_backend("agg")  # files need no window

    titles = list(dict.fromkeys(title for _, curves in panels for title in curves))
    with rc_context(STYLE):
        drawing, axes = pyplot.subplots(
            1,
            len(panels),
            figsize=(4.6 * len(panels), 3.9),
            squeeze=False,
            layout="constrained",
        )
        for panel, (label, curves) in zip(axes[0], panels, strict=True):
            for title, curve in curves.items():
                at = titles.index(title)
                panel.plot(
                    *zip(*curve, strict=True),
                    color=COLORS[(0, 2, 3, 4)[at % 4]],
                    marker="oDs^"[at % 4],
                    markersize=4,
                    label=title,
                )
            panel.set(xscale="log", yscale="log", xlabel=label)
            panel.xaxis.set_major_formatter("{x:g}")
            panel.yaxis.set_major_formatter(_seconds)
        axes[0, 0].set_ylabel("time")
        _legend(drawing, axes[0, 0])
        drawing.savefig(path)
        pyplot.close(drawing)


def _legend(drawing: Any, panel: Any) -> None:
    handles, labels = panel.get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside lower center", ncols=3)


def _percent(part: float, _: int) -> str:
    least = "≤ " if np.isclose(part, FLOOR) else ""
    return f"{least}{100 * part:g} %"


def _seconds(seconds: float, _: int) -> str:
    return f"{1000 * seconds:g} ms" if seconds < 1 else f"{seconds:g} s"
