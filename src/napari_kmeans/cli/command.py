"""The command line: quantize an image file, and show what came out."""

from __future__ import annotations

import os
import re
import signal
import warnings
from contextlib import contextmanager, suppress
from math import prod
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from . import signals

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from rich.console import Console

    from .core.planes_result import QuantizedPlanes
    from .core.progress import Progress
    from .core.result import ImageClusters, QuantizedImage
    from .layers.metadata import LayerData

R = TypeVar("R")

#: Runs longer than this, in seconds, show how far they have come.
PATIENCE = 0.5

#: Seconds to wait for the scheduler of a cluster.
CONNECTING = 10

#: What is said of a cluster that has nothing to do.
UNUSED = "the cluster is not used, as only an OME-Zarr is read by blocks."

#: Clusters that the summary shows; the table of centers holds all.
MOST_SHOWN = 32

main = typer.Typer(
    name="napari-kmeans",
    help="K-means quantization of images.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _number_or_none(value: str | int) -> int | None:
    try:
        return None if str(value).lower() == "none" else int(value)
    except ValueError:
        raise typer.BadParameter(f"{value!r} should be an integer or none.") from None


def _show_version(wanted: bool) -> None:
    if wanted:
        from . import __version__

        typer.echo(f"napari-kmeans {__version__}")
        raise typer.Exit


@main.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Show the version and stop.",
            callback=_show_version,
            is_eager=True,
        ),
    ] = False,
) -> None: ...


@main.command()
def quantize(
    file: Annotated[
        str | None,
        typer.Argument(
            help="An image: any file, folder or URL that napari opens, as the file "
            "says of itself. Without it, a photo that comes with the program.",
            show_default=False,
        ),
    ] = None,
    k: Annotated[int, typer.Option("-k", help="Number of clusters.")] = 5,
    max_iter: Annotated[
        int | None,
        typer.Option(
            parser=_number_or_none,
            metavar="N|none",
            help="Most iterations; none for no limit.",
        ),
    ] = 10,
    epsilon: Annotated[
        float | None,
        typer.Option(
            help="Stop when no center moves farther, in the image's units.",
            show_default="1/255 of the range of the data",
        ),
    ] = None,
    attempts: Annotated[
        int, typer.Option(help="Searches from different starts; the best counts.")
    ] = 10,
    init: Annotated[
        str,
        typer.Option(
            help="How attempts start: random or k-means++; or, gray, optimal."
        ),
    ] = "random",
    seed: Annotated[int, typer.Option(help="The same seed gives the same answer.")] = 0,
    mask: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="An image that is 0 where pixels are to be left out."
        ),
    ] = None,
    rgb: Annotated[
        bool | None,
        typer.Option(
            "--rgb/--gray",
            help="Whether the channels, of which there are 3 or 4, are color.",
            show_default="as the file says, or napari guesses",
        ),
    ] = None,
    channel_axis: Annotated[
        int | None,
        typer.Option(
            help="The axis of the channels; with --rgb, of color that is not last.",
            show_default="as the file says",
        ),
    ] = None,
    color_space: Annotated[
        str,
        typer.Option(
            help="Where distances between colors are measured: rgb, cielab or oklab."
        ),
    ] = "rgb",
    scaling: Annotated[
        str,
        typer.Option(
            metavar="NAME|FACTORS",
            help="What channels are multiplied by: none, to equal range or variance, "
            "or factors with commas in between.",
        ),
    ] = "none",
    no_data: Annotated[
        str | None,
        typer.Option(
            metavar="VALUE",
            help="The value that says that a pixel has no data.",
            show_default="as the file says",
        ),
    ] = None,
    each: Annotated[
        str | None,
        typer.Option(
            metavar="AXES",
            help="Cluster each plane along these axes, with commas in between, on its "
            "own; and number the clusters alike.",
        ),
    ] = None,
    max_samples: Annotated[
        int | None,
        typer.Option(
            parser=_number_or_none,
            metavar="N|none",
            help="Search a sample of this many pixels; none for all.",
        ),
    ] = 65_536,
    refine: Annotated[
        bool,
        typer.Option(
            "--refine/--no-refine",
            help="Refine the centers over all pixels, or leave them as OpenCV does.",
        ),
    ] = True,
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="BYTES",
            help="The most memory to take, as 1GB: an OME-Zarr is read block by block, "
            "and written as one.",
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="The scheduler of a dask cluster whose workers read the blocks, as "
            "tcp://host:8786.",
        ),
    ] = None,
    layer: Annotated[
        int | None,
        typer.Option(help="Which image of a file that holds several, from 0."),
    ] = None,
    plugin: Annotated[
        str | None,
        typer.Option(
            help="The napari plugin to read with.",
            show_default="for what the program does not read, the first that can",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FOLDER",
            help="Where to write the quantized image, the labels and the centers; as "
            "OME-Zarr where it ends in .zarr.",
            show_default="<name>-kmeans",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an earlier result.")
    ] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Open napari with the result.")
    ] = False,
) -> None:
    """Quantize an image to k colors or gray values by k-means."""
    from rich.console import Console

    from . import files
    from .core.lazy import is_lazy

    folder = output or Path(f"{files.stem(file) if file else 'coffee'}-kmeans")
    console = Console(stderr=True)
    try:
        with (
            signals.handled(signals.unwind),
            _warnings(),
            _writing(folder, [file, mask], force, console) as write,
            _limited(memory) as limit,
            _cluster(scheduler),
        ):
            source, axes = _source(file, layer, plugin), _each(each)
            if scheduler is not None and not is_lazy(source[0]):
                typer.echo(f"Warning: {UNUSED}", err=True)
            steps = _steps(
                source,
                each=axes,
                rgb=rgb,
                channel_axis=channel_axis,
                mask=mask,
                criteria=(max_iter, epsilon),
                k=k,
                attempts=attempts,
                init=init,
                seed=seed,
                color_space=color_space,
                scaling=_scaling(scaling),
                no_data=_value(no_data),
                max_samples=max_samples,
                refine=refine,
                memory=_left(limit, source[0], folder, axes),
            )
            begun = monotonic()
            result = _run(steps, console)
            seconds = monotonic() - begun
            write(result, source)
    except (ValueError, ModuleNotFoundError) as error:
        _fail(str(error))
    except ConnectionError as error:
        _fail(str(error))
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        reason = f"{error.strerror or error}{where}"
        _fail(f"output={folder} could not be written: {reason}.")
    if result.note:
        typer.echo(f"Warning: {result.note}", err=True)
    name = file or "coffee, the sample"
    masked = "masked" if _said(source, "alpha") is None else "transparent"
    if mask and masked == "transparent":
        masked = "masked or transparent"
    _summarize(result, name, seconds, Console(highlight=False), masked)
    typer.echo(f"Written to {folder}")
    if show:
        _show(source, result)


def _fail(sentence: str) -> NoReturn:
    typer.echo(f"Error: {sentence}", err=True)
    raise typer.Exit(2)


def _source(file: str | None, layer: int | None, plugin: str | None) -> LayerData:
    if file is None:
        from .plugin.samples import photo

        return photo()[0]
    from .files import read

    return read(file, layer=layer, plugin=plugin)


@contextmanager
def _warnings() -> Iterator[None]:
    """Show warnings as sentences, without the place in the code."""

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        sentence = str(message).partition("\n")[0]
        typer.echo(f"Warning: {sentence}", err=True)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


@contextmanager
def _writing(
    output: Path, sources: list[str | None], force: bool, console: Console
) -> Iterator[Callable[[QuantizedImage | QuantizedPlanes, LayerData], None]]:
    """Check where the result is to be, and give what writes it there."""
    from . import files, omezarr

    if re.match(r"\w\w+:/", output.as_posix()):
        raise ValueError(f"output={output} should be a folder, not a URL.")
    for source in sources:
        if source and (_holds(source, output) or _holds(output, source)):
            raise ValueError(
                f"output={output} should be a folder apart from {source}, which is "
                "read: neither in it nor around it."
            )
    if output.suffix == ".zarr":
        with omezarr.replacing(output, force=force) as new:
            yield lambda result, source: _run(
                omezarr.fill_steps(new, result, source[1]), console
            )
    else:
        with files.replacing(output, force=force) as new:
            yield lambda result, source: files.write(
                new, result, _said(source, "alpha")
            )


def _holds(outer: str | Path, inner: str | Path) -> bool:
    """Whether a file or a folder is another, or lies below it; links are followed."""
    path = Path(os.path.realpath(inner))
    return os.path.exists(outer) and any(
        os.path.samefile(outer, above)
        for above in (path, *path.parents)
        if above.exists()
    )


def _steps(
    source: LayerData,
    *,
    rgb: bool | None,
    channel_axis: int | None,
    mask: str | None,
    criteria: tuple[int | None, float | None],
    each: tuple[int, ...] | None,
    memory: int | None,
    **settings: Any,
) -> Generator[Progress, None, QuantizedImage | QuantizedPlanes]:
    """Check the arguments; what they leave open, the file itself may say."""
    from .core.criteria import Criteria
    from .core.lazy import is_lazy
    from .core.planes import quantize_planes_steps
    from .core.quantize import quantize_steps

    data, attributes, _ = source
    axis = attributes.get("channel_axis")
    if channel_axis is None and rgb is not False:
        channel_axis = axis
        rgb = attributes.get("rgb") if rgb is None else rgb
    if channel_axis is not None and channel_axis == axis and not rgb:
        settings["channel_names"] = _said(source, "channel_names")
    if settings["no_data"] is None:
        settings["no_data"] = _said(source, "no_data")
    if each is None:
        settings["memory"] = memory
    else:
        settings["axes"] = each
    try:
        return (quantize_steps if each is None else quantize_planes_steps)(
            data,
            rgb=rgb,
            channel_axis=channel_axis,
            mask=_mask(mask, _said(source, "alpha"), lazy=is_lazy(data)),
            criteria=Criteria(*criteria),
            **settings,
        )
    except TypeError as error:  # of the data, as the command line has typed the rest
        raise ValueError(error) from error


def _said(source: LayerData, what: str) -> Any:
    """Return what else a file says of an image, None where it does not."""
    return source[1].get("metadata", {}).get(what)


def _each(text: str | None) -> tuple[int, ...] | None:
    """Return the axes of planes; None where the whole is clustered."""
    if text is None:
        return None
    try:
        return tuple(map(int, text.split(",")))
    except ValueError:
        raise ValueError(
            f"each={text!r} should be an axis, or several with commas in between."
        ) from None


def _scaling(text: str) -> str | tuple[float, ...]:
    """Return a name, which is checked elsewhere, or factors."""
    try:
        return tuple(map(float, text.split(",")))
    except ValueError:
        return text


def _value(text: str | None) -> float | None:
    """Return a number, as an integer where it is one."""
    if text is None:
        return None
    with suppress(ValueError):
        return int(text)
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"no_data={text!r} should be a number.") from None


@contextmanager
def _limited(text: str | None) -> Iterator[int | None]:
    """Start few enough threads for some memory; give its bytes."""
    if text is None:
        yield None
        return
    from .core.memory import STREAMING, THREAD
    from .core.threads import n_threads

    try:
        from dask import config
        from dask.utils import parse_bytes
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"memory={text} needs dask, which is missing: "
            "pip install 'napari-kmeans[zarr]'."
        ) from error
    try:
        limit = int(parse_bytes(text))
    except ValueError:
        raise ValueError(
            f"memory={text!r} should be a number of bytes, as 1GB."
        ) from None
    threads = 1 + max(0, limit - STREAMING) // THREAD
    with config.set(num_workers=min(threads, n_threads())):
        yield limit


def _left(
    limit: int | None, data: Any, folder: Path, each: tuple[int, ...] | None
) -> int | None:
    """Return the memory that pixels may take; check that what is held has room."""
    from .core.lazy import is_lazy
    from .core.memory import PROCESS, STREAMING, forecast

    if limit is None:
        return None
    if not is_lazy(data):
        least, advice = PROCESS + data.nbytes, "."
        least += forecast(data.shape, data.dtype, rgb=False)
    else:
        least, advice = STREAMING, "."
        if each is not None:  # a plane is held
            axes = {axis % data.ndim for axis in each}
            plane = tuple(n for axis, n in enumerate(data.shape) if axis not in axes)
            least += prod(plane) * data.dtype.itemsize
            least += forecast(plane, data.dtype, rgb=False)
        if folder.suffix != ".zarr":  # the result is held
            least, advice = least + 3 * data.nbytes, ", or output end in .zarr."
    if limit < least:
        raise ValueError(f"memory={limit:,} should be at least {least:,} bytes{advice}")
    # Twice what `quantize` counts is needed at its peak.
    return max(1, (limit - STREAMING) // 2) if is_lazy(data) else None


@contextmanager
def _cluster(address: str | None) -> Iterator[None]:
    """Have the workers of a cluster do what is lazy."""
    if address is None:
        yield
        return
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"scheduler={address} needs distributed, which is missing: "
            "pip install 'napari-kmeans[distributed]'."
        ) from error
    unreached = ValueError(
        f"scheduler={address!r} should be the address of a dask scheduler, as "
        f"tcp://host:8786, that answers within {CONNECTING} seconds."
    )
    if not re.search(r":\d+$", address):  # dask would look for it for longer
        raise unreached
    try:
        # A default client stays dask's scheduler even where it fails to connect.
        Client(address, timeout=CONNECTING, set_as_default=False).close()
    except (OSError, ValueError, TypeError) as error:
        raise unreached from error
    with Client(address):
        yield


def _mask(file: str | None, alpha: Any, *, lazy: bool) -> Any:
    """Return where pixels take part: by the user's mask, and by the image's alpha."""
    shown = None if alpha is None else alpha > 0
    if file is None:
        return shown
    mask = _read_mask(file, lazy=lazy)
    return mask if shown is None or shown.shape != mask.shape else mask & shown


def _read_mask(file: str, *, lazy: bool) -> Any:
    """Read an array of bool; one of dask, where it is, for an image of dask only.

    Of colors, black is 0, and so is what is transparent.
    """
    import numpy as np

    from .core.lazy import is_lazy
    from .files import read

    data, attributes, kind = source = read(file, types=("image", "labels"))
    if not (lazy and is_lazy(data)):
        data = np.asarray(data)
    if kind == "image" and attributes.get("rgb"):
        mask = (data[..., :3] != 0).any(axis=-1)
        alpha = data[..., 3] if data.shape[-1] == 4 else None
    else:
        mask, alpha = data.astype(np.bool_), _said(source, "alpha")
    return mask if alpha is None else mask & (alpha > 0)


def _run(steps: Generator[Progress, None, R], console: Console) -> R:
    """Run to the end; once that takes long, show how far it has come."""
    from rich.progress import Progress as Bar

    bar = Bar(console=console, transient=True)
    task = bar.add_task("")
    begun = monotonic()
    try:
        while True:
            step = next(steps)
            bar.update(
                task, description=step.stage, completed=step.done, total=step.total
            )
            if console.is_terminal and monotonic() - begun > PATIENCE:
                bar.start()
    except StopIteration as stop:
        result: R = stop.value
        return result
    finally:
        if bar.live.is_started:
            bar.stop()


def _summarize(
    given: QuantizedImage | QuantizedPlanes,
    name: str,
    seconds: float,
    console: Console,
    masked: str = "masked",
) -> None:
    """Print what was quantized, how well, and to which colors.

    What a mask has left out is called `masked`.
    """
    from rich.text import Text

    from .core.planes_result import QuantizedPlanes

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
    lines = {
        "File": name,
        "Shape": f"{shape} {result.quantized.dtype}{', RGB' if result.rgb else ''}",
        "Pixels": f"{result.labels.size:,}{_left_out(result, masked)}",
        **unique,
        "Compactness": f"{result.compactness:,.6g}",
        "Steps": ended if result.settings["refine"] else "not told by OpenCV",
        "Seconds": f"{seconds:.2f}",
    }
    for key, value in lines.items():
        console.print(Text(f"{key:<15}{value}"), soft_wrap=True)
    shown = zip(result.features["color"][:MOST_SHOWN], result.shares, strict=False)
    for index, (color, share) in enumerate(shown, start=1):
        line = Text(f"{index:>6}  ").append("      ", style=f"on {color}")
        console.print(line.append(f"  {color}  {share:6.1%}"))
    if result.k > MOST_SHOWN:
        console.print(f"   and {result.k - MOST_SHOWN} more")


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


def _show(source: LayerData, result: QuantizedImage | QuantizedPlanes) -> None:
    """Open napari with the image and its result, until it is closed."""
    import napari
    import numpy as np
    from napari.layers import Layer

    from .files import PLACEMENT
    from .layers.tuples import to_layers

    data, attributes, kind = source
    axis = result.settings["channel_axis"]
    viewer = napari.Viewer()
    if result.rgb or axis is None:
        attributes = {**attributes, "rgb": result.rgb}
        attributes.pop("channel_axis", None)
        if axis is not None:  # of color, which a viewer wants last
            data = np.moveaxis(data, axis, -1)
        layer = viewer.add_layer(Layer.create(data, attributes, kind))
        for layer_data in to_layers(result, layer):
            viewer.add_layer(Layer.create(*layer_data))
    else:
        # As napari opens channels: a layer each, all as large as the labels.
        name = attributes["name"]
        ndim = result.labels.ndim
        placement = {
            key: attributes[key]
            for key in PLACEMENT
            if len(attributes.get(key, ())) == ndim
        }
        viewer.add_image(data, channel_axis=axis, name=name, **placement)
        for data, attributes, kind in to_layers(result, name):
            if kind == "image":
                attributes["channel_axis"] = axis
            getattr(viewer, f"add_{kind}")(data, **attributes, **placement)
    with signals.handled(
        signal.SIG_DFL
    ):  # as Qt's loop lets no handler of Python's run
        napari.run()
