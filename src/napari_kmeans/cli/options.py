"""Options: what the command line takes, and the values that its texts mean."""

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from . import settings


def number_or_none(value: str | int) -> int | None:
    """Return an integer, or None for "none"."""
    try:
        return None if str(value).lower() == "none" else int(value)
    except ValueError:
        raise typer.BadParameter(f"{value!r} should be an integer or none.") from None


File = Annotated[
    str | None,
    typer.Argument(
        help="An image: any file, folder or URL that napari opens, as the file "
        "says of itself. Without it, a photo that comes with the program.",
        show_default=False,
    ),
]
K = Annotated[int, typer.Option("-k", help="Number of clusters.")]
MaxIter = Annotated[
    int | None,
    typer.Option(
        parser=number_or_none,
        metavar="N|none",
        help="Most iterations; none for no limit.",
    ),
]
Epsilon = Annotated[
    float | None,
    typer.Option(
        help="Stop when no center moves farther, in the image's units.",
        show_default="1/255 of the range of the data",
    ),
]
Attempts = Annotated[
    int, typer.Option(help="Searches from different starts; the best counts.")
]
Init = Annotated[
    str,
    typer.Option(help="How attempts start: random or k-means++; or, gray, optimal."),
]
Seed = Annotated[int, typer.Option(help="The same seed gives the same answer.")]
Mask = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="An image that is 0 where pixels are to be left out."
    ),
]
RGB = Annotated[
    bool | None,
    typer.Option(
        "--rgb/--gray",
        help="Whether the channels, of which there are 3 or 4, are color.",
        show_default="as the file says, or napari guesses",
    ),
]
ChannelAxis = Annotated[
    int | None,
    typer.Option(
        help="The axis of the channels; with --rgb, of color that is not last.",
        show_default="as the file says",
    ),
]
ColorSpace = Annotated[
    str,
    typer.Option(
        help="Where distances between colors are measured: rgb, cielab or oklab."
    ),
]
Scaling = Annotated[
    str,
    typer.Option(
        metavar="NAME|FACTORS",
        help="What channels are multiplied by: none, to equal range or variance, "
        "or factors with commas in between.",
    ),
]
NoData = Annotated[
    str | None,
    typer.Option(
        metavar="VALUE",
        help="The value that says that a pixel has no data.",
        show_default="as the file says",
    ),
]
Each = Annotated[
    str | None,
    typer.Option(
        metavar="AXES",
        help="Cluster each plane along these axes, with commas in between, on its "
        "own; and number the clusters alike.",
    ),
]
MaxSamples = Annotated[
    int | None,
    typer.Option(
        parser=number_or_none,
        metavar="N|none",
        help="Search a sample of this many pixels; none for all.",
    ),
]
Refine = Annotated[
    bool,
    typer.Option(
        "--refine/--no-refine",
        help="Refine the centers over all pixels, or leave them as OpenCV does.",
    ),
]
Memory = Annotated[
    str | None,
    typer.Option(
        metavar="BYTES",
        help="The most memory to take, as 1GB: an OME-Zarr is read block by block, "
        "and written as one.",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="The scheduler of a dask cluster whose workers read the blocks, as "
        "tcp://host:8786.",
    ),
]
Layer = Annotated[
    int | None,
    typer.Option(help="Which image of a file that holds several, from 0."),
]
Plugin = Annotated[
    str | None,
    typer.Option(
        help="The napari plugin to read with.",
        show_default="for what the program does not read, the first that can",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="PATH",
        help="Where to write the quantized image, the labels and the centers: a "
        "folder; an OME-Zarr, where it ends in .zarr; or, where it ends in .png or "
        ".gif, the labels as a picture whose palette are the clusters.",
        show_default="<name>-kmeans",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace an earlier result.")]
Settings = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Repeat what made a result: its settings.json, or a layer's metadata as "
        "JSON. Options that are given win.",
        callback=settings.remember,
        is_eager=True,
    ),
]
IntoSource = Annotated[
    bool,
    typer.Option(
        "--into-source",
        help="Write the labels into the image that is read, an OME-Zarr, beside those "
        "it has; nothing else of it changes.",
    ),
]
Label = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="What the labels are called there.",
        show_default="kmeans",
    ),
]
Range = Annotated[
    str,
    typer.Option(
        "-k",
        metavar="FROM..TO",
        help="Numbers of clusters: from one to another, or some with commas in "
        "between.",
    ),
]
Table = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="Write the table as CSV."),
]
Show = Annotated[bool, typer.Option("--show", help="Open napari with the result.")]


def axes(text: str | None) -> tuple[int, ...] | None:
    """Return the axes of planes; None where the whole is clustered."""
    if text is None:
        return None
    try:
        return tuple(map(int, text.split(",")))
    except ValueError:
        raise ValueError(
            f"each={text!r} should be an axis, or several with commas in between."
        ) from None


def numbers(text: str) -> list[int]:
    """Return numbers of clusters, as "2..16" or "2,4,8" has them."""
    try:
        first, dots, last = text.partition("..")
        if dots:
            return [*range(int(first), int(last) + 1)]
        return [*map(int, text.split(","))]
    except ValueError:
        raise ValueError(
            f"k={text!r} should be numbers of clusters, as 2..16 or 2,4,8."
        ) from None


def factors(text: str) -> str | tuple[float, ...]:
    """Return factors of scaling, or the name of one, which is checked elsewhere."""
    try:
        return tuple(map(float, text.split(",")))
    except ValueError:
        return text


def number(text: str | None) -> float | None:
    """Return the value for no data, as an integer where it is one."""
    if text is None:
        return None
    with suppress(ValueError):
        return int(text)
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"no_data={text!r} should be a number.") from None
