"""Options: what the command line takes, and the values that its texts mean."""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

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
K = Annotated[
    int | None,
    typer.Option(
        "-k",
        help="Number of clusters.",
        show_default="5, or as many as there are centers to start from",
    ),
]
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
    typer.Option(
        metavar="NAME|FILE|CENTERS",
        help="How attempts start: random or k-means++; or, gray, optimal; or from "
        "centers: the file of a palette, or JSON as [[0,0,0],[255,255,255]].",
    ),
]
Fixed = Annotated[
    str | None,
    typer.Option(
        metavar="all|LABELS",
        help="Which of those centers do not move: all, or some with commas in between.",
    ),
]
Reject = Annotated[
    float | None,
    typer.Option(
        metavar="DISTANCE",
        help="Pixels farther than this from all centers get label 0.",
    ),
]
Distance = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Where distances between colors are measured: rgb, cielab, oklab or "
        "ciede2000.",
        show_default="as the palette says",
    ),
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
        help="Where distances between colors are measured: rgb, cielab or "
        "oklab; or, with --fixed all, ciede2000."
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


Model = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL",
        help="A palette: the palette.json of a result, or .gpl, .ase, .aco, .act, "
        ".pal, .hex, .csv or .png with colors.",
        show_default=False,
    ),
]
Files = Annotated[
    list[str], typer.Argument(help="Images, as for quantize.", show_default=False)
]
Images = Annotated[
    str,
    typer.Argument(
        metavar="FOLDER|GLOB|LIST",
        help="Images: those in a folder; those of a pattern, in quotes; or those in a "
        "text file that ends in .txt, a path a line.",
        show_default=False,
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FOLDER",
        help="Where to write a folder for each image.",
        show_default="<name>-kmeans",
    ),
]
Jobs = Annotated[
    int, typer.Option(help="How many images to work on at once; the same comes out.")
]
Dither = Annotated[
    str | None,
    typer.Option(
        metavar="METHOD",
        help="Mix colors, of color images: diffusion or ordered.",
    ),
]
Strength = Annotated[
    float, typer.Option(help="How much of each error is made good, from 0 to 1.")
]
BatchK = Annotated[
    int | None,
    typer.Option(
        "-k",
        help="Number of clusters: each image has its own, matched to the first's.",
        show_default="5",
    ),
]
BatchModel = Annotated[
    Path | None,
    typer.Option("--model", metavar="FILE", help="Apply a palette that is there."),
]
Common = Annotated[
    bool, typer.Option("--common", help="Cluster all images as one, with one palette.")
]
Regions = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|FOLDER|PATTERN",
        help="Labels of regions, which have rows of their own: for all images, or from "
        "a folder the one with the same stem, which * stands for in a pattern.",
    ),
]
Planes = Annotated[
    str | None,
    typer.Option(
        metavar="AXES",
        help="Rows of their own for each plane along these axes, with commas in "
        "between.",
    ),
]
PixelSize = Annotated[
    float | None,
    typer.Option(
        help="The edge of a pixel, for areas.", show_default="as the file says"
    ),
]
Unit = Annotated[str, typer.Option(help="Of that edge, as µm.")]
TableName = Annotated[
    Path | None,
    typer.Option(
        "--table",
        metavar="FILE",
        help="Where the table goes: as CSV, or where it ends in .parquet as that.",
        show_default="table.csv in the folder",
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume", help="Go on where it was interrupted; what has changed is redone."
    ),
]
Converted = Annotated[
    Path, typer.Argument(metavar="OUT", help="Ends as its format.", show_default=False)
]
Labels = Annotated[
    list[int], typer.Argument(help="The clusters to merge.", show_default=False)
]
Merged = Annotated[
    Path, typer.Option("-o", "--output", metavar="FILE", help="Where the model goes.")
]
Name = Annotated[
    str | None,
    typer.Option(
        help="What the merged cluster is called.",
        show_default="as the largest that has a name",
    ),
]


def start(text: str) -> Any:
    """Return how attempts start: a name, a palette of a file, or centers."""
    if text.lstrip().startswith("["):
        import numpy as np

        centers = np.empty(0)
        with suppress(ValueError, TypeError, OverflowError, RecursionError):
            centers = np.array(json.loads(text), np.float64)
        if centers.ndim != 2 or not centers.size:
            raise ValueError(
                f"init={text!r} should be centers as JSON, as [[0], [255]]."
            )
        return centers.tolist()
    if "." not in text:
        return text
    from .model import loaded

    return loaded(Path(text), "init")


def which(text: str | None) -> bool | list[int]:
    """Return which centers do not move, as the API has it."""
    if text in (None, "none", "all"):
        return text == "all"
    try:
        return [*map(int, str(text).split(","))]
    except ValueError:
        raise ValueError(
            f"fixed={text!r} should be all, or labels with commas in between."
        ) from None


def check_jobs(jobs: int) -> None:
    """Raise where it is no number of jobs."""
    if not 1 <= jobs <= 256:
        raise ValueError(f"jobs={jobs} should be from 1 to 256.")


def size(rows: Any) -> tuple[float, str] | None:
    """Return the edge of a pixel with its unit; None where the file is to say."""
    if rows.pixel_size is None:
        if rows.unit:
            raise ValueError(f"unit={rows.unit!r} should go with --pixel-size.")
        return None
    if not 0 < rows.pixel_size < float("inf"):
        raise ValueError(f"pixel_size={rows.pixel_size} should be above 0.")
    edge = re.sub(r"(\s*([²³]|\^?[23]))+$", "", rows.unit)
    if edge != rows.unit:
        raise ValueError(
            f"unit={rows.unit!r} should be that of an edge, as {edge or 'µm'}."
        )
    return rows.pixel_size, rows.unit


def axes(text: str | None, name: str = "each") -> tuple[int, ...] | None:
    """Return the axes of planes; None where there is none."""
    if text is None:
        return None
    try:
        return tuple(map(int, text.split(",")))
    except ValueError:
        raise ValueError(
            f"{name}={text!r} should be an axis, or several with commas in between."
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
