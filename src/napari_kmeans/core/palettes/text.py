"""Text: what representations say of clusters."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    #: Label, color, share and name of a cluster.
    Row = tuple[int, str, float, str]

#: The most clusters that a representation shows.
SHOWN = 32


def told(shares: Sequence[float] | NDArray[np.float64]) -> str:
    """Return the shares of clusters as text.

    Examples
    --------
    >>> told([0.25, 0.75])
    '25.0 %, 75.0 %'
    """
    some = [f"{share * 100:.1f} %" for share in shares[:SHOWN]]
    return ", ".join([*some, "..."] if len(shares) > SHOWN else some)


def line(rows: Sequence[Row]) -> str:
    """Return the clusters in a line, each with its color, share and name."""
    some = [
        f"{label} {color} {told([share])}" + (f" {name!r}" if name else "")
        for label, color, share, name in rows[:SHOWN]
    ]
    more = ["..."] if len(rows) > SHOWN else []
    clusters = "cluster" if len(rows) == 1 else "clusters"
    return f"{len(rows)} {clusters}: {', '.join([*some, *more])}"


def table(rows: Sequence[Row]) -> str:
    """Return the clusters as a table of HTML, each with a swatch of its color."""
    some = "".join(
        f'<tr><td>{label}</td><td style="background:{color};width:3em"></td>'
        f"<td>{color}</td><td>{told([share])}</td><td>{escape(name)}</td></tr>"
        for label, color, share, name in rows[:SHOWN]
    )
    more = f"<p>{len(rows) - SHOWN} more</p>" if len(rows) > SHOWN else ""
    head = "".join(f"<th>{title}</th>" for title in ("", "color", "", "share", "name"))
    return f"<table><tr>{head}</tr>{some}</table>{more}"
