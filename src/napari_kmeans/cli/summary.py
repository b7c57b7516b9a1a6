"""The summary: what was quantized, how well, and to which colors."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from ..core.palettes.palette import Palette
    from ..core.quality import Quality
    from ..core.results.clusters import ImageClusters
    from ..core.results.image import QuantizedImage
    from ..core.results.planes import QuantizedPlanes
    from ..core.sweeping.result import Sweep

#: Clusters that the summary shows; the table of centers holds all.
MOST_SHOWN = 32


def summarize(
    given: QuantizedImage | QuantizedPlanes,
    name: str,
    seconds: float,
    console: Console,
    masked: str = "masked",
    quality: Quality | None = None,
) -> None:
    """Print what was quantized, how well, and to which colors.

    What a mask has left out is called `masked`; `quality` is told where it is known.
    """
    from rich.text import Text

    from ..core.results.planes import QuantizedPlanes

    result = given.summary if isinstance(given, QuantizedPlanes) else given
    shape = " x ".join(map(str, result.quantized.shape))
    ended = f"{result.n_iter}, {'' if result.converged else 'not '}converged"
    unique = {}
    if isinstance(given, QuantizedPlanes):  # each plane has values of its own
        ended += f", in {len(given.centers):,} planes together"
    else:
        what = "colors" if len(given.channels) > 1 else "values"
        before = "not counted" if given.n_colors is None else f"{given.n_colors:,}"
        after = f"{given.n_colors_quantized:,} after"
        unique = {f"Unique {what}": f"{before} before, {after}"}
    compactness = f"{result.compactness:,.6g}"
    lines = {
        "File": name,
        "Shape": f"{shape} {result.quantized.dtype}{', RGB' if result.rgb else ''}",
        "Pixels": f"{result.labels.size:,}{_left_out(result, masked)}",
        **unique,
        **({} if isnan(result.compactness) else {"Compactness": compactness}),
        **({} if quality is None else {"Quality": _told(quality, console)}),
        "Steps": "not told by OpenCV" if result.method == "plain" else ended,
        "Seconds": f"{seconds:.2f}",
    }
    for key, value in lines.items():
        console.print(Text(f"{key:<15}{value}"), soft_wrap=True)
    colors = result.features["color"][:MOST_SHOWN]
    names = ("",) * result.k
    if not isinstance(given, QuantizedPlanes):
        names = given.palette.names
    shown = zip(colors, result.shares, names, strict=False)
    for index, (color, share, named) in enumerate(shown, start=1):
        line = Text(f"{index:>6}  ").append("      ", style=f"on {color}")
        line.append(f"  {color}  {share:6.1%}{f'  {named}' if named else ''}")
        console.print(line, soft_wrap=True)
    if result.k > MOST_SHOWN:
        console.print(f"   and {result.k - MOST_SHOWN} more")


def tell_palette(palette: Palette, console: Console) -> None:
    """Print the color, the share and the name of each cluster."""
    from rich.text import Text

    from ..core.palettes.colors import hexadecimal

    colors = hexadecimal(palette.colors)
    known = palette.counts.sum() > 0
    rows = zip(colors, palette.shares, palette.names, strict=True)
    for label, (color, share, name) in enumerate(rows, 1):
        line = Text(f"{label:>6}  ").append("      ", style=f"on {color}")
        shown = f"  {share:6.1%}" if known else ""
        line.append(f"  {color}{shown}{f'  {name}' if name else ''}")
        console.print(line, soft_wrap=True)


def tell_sweep(found: Sweep, console: Console) -> None:
    """Print what each K gives, and which to take."""
    from rich.text import Text

    console.print(
        f"{'K':>5}  {'Explained':>9}  {'Silhouette':>10}  {'Compactness':>12}"
    )
    columns = found.ks, found.explained, found.silhouettes, found.compactness
    for k, explained, silhouette, compactness in zip(*columns, strict=True):
        shown = "-" if silhouette != silhouette else f"{silhouette:.3f}"
        line = f"{k:>5}  {explained:>9.1%}  {shown:>10}  {compactness:>12,.6g}"
        mark = "  <- suggested" if k == found.suggestion.k else ""
        console.print(Text(line + mark), soft_wrap=True)
    console.print(Text(found.suggestion.reason), soft_wrap=True)


def _told(quality: Quality, console: Console) -> str:
    """Return the quality as text that the console can show."""
    text = str(quality)
    return text.replace("Δ", "delta ") if console.options.ascii_only else text


def _left_out(result: ImageClusters, masked: str) -> str:
    """Return how many pixels were left out, and why, as the end of a line."""
    if not result.n_excluded:
        return ""
    names = {"masked": masked}
    counts = {names.get(why, why): n for why, n in result.excluded.items()}
    if len(counts) == 1:
        return f", {result.n_excluded:,} left out: {next(iter(counts))}"
    listed = ", ".join(f"{n:,} {why}" for why, n in counts.items())
    return f", {result.n_excluded:,} left out: {listed}"
