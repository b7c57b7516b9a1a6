"""The command: what is asked for is read, quantized, written and summed up."""

from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from .. import signals
from . import options, sentences
from .bar import bar
from .output import named_after, writing
from .resources import UNUSED, check_room, cluster, limited
from .source import left_out_by, measured, quantized, read
from .summary import summarize

if TYPE_CHECKING:
    from ..core.options.keywords import PlanesOptions

main = typer.Typer(
    name="napari-kmeans",
    help="K-means quantization of images.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from .. import __version__

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
    file: options.File = None,
    k: options.K = 5,
    max_iter: options.MaxIter = 10,
    epsilon: options.Epsilon = None,
    attempts: options.Attempts = 10,
    init: options.Init = "random",
    seed: options.Seed = 0,
    mask: options.Mask = None,
    rgb: options.RGB = None,
    channel_axis: options.ChannelAxis = None,
    color_space: options.ColorSpace = "rgb",
    scaling: options.Scaling = "none",
    no_data: options.NoData = None,
    each: options.Each = None,
    max_samples: options.MaxSamples = 65_536,
    refine: options.Refine = True,
    memory: options.Memory = None,
    scheduler: options.Scheduler = None,
    layer: options.Layer = None,
    plugin: options.Plugin = None,
    output: options.Output = None,
    force: options.Force = False,
    show: options.Show = False,
) -> None:
    """Quantize an image to k colors or gray values by k-means."""
    from rich.console import Console

    from ..core.options.criteria import Criteria
    from ..core.run.lazy import is_lazy

    folder, stderr = output or named_after(file), Console(stderr=True)
    with (
        sentences.told(folder),
        signals.handled(signals.unwind),
        writing(folder, [file, mask], force=force) as write,
        limited(memory) as budget,
        cluster(scheduler),
    ):
        axes = options.axes(each)
        asked: PlanesOptions = {
            "criteria": Criteria(max_iter, epsilon),
            "attempts": attempts,
            "init": init,
            "seed": seed,
            "no_data": options.number(no_data),
            "rgb": rgb,
            "channel_axis": channel_axis,
            "color_space": color_space,
            "scaling": options.factors(scaling),
            "max_samples": max_samples,
            "refine": refine,
        }
        source = read(file, layer, plugin)
        if scheduler is not None and not is_lazy(source[0]):
            sentences.warn(UNUSED)
        if budget is not None:
            check_room(budget, source[0], axes, folder)
        begun = monotonic()
        with bar(stderr) as progress:
            result, samples = quantized(
                source,
                k,
                asked,
                axes=axes,
                mask=mask,
                memory=None if budget is None else budget.of_pixels,
                progress=progress,
            )
        seconds = monotonic() - begun
        with bar(stderr) as progress:
            quality = measured(result, samples, progress)
        del samples  # their memory is for what writes
        with bar(stderr) as progress:
            write(result, source, progress)
    name, masked = file or "coffee, the sample", left_out_by(mask, source)
    console = Console(highlight=False)
    summarize(result, name, seconds, console, masked, quality)
    typer.echo(f"Written to {folder}")
    if show:
        from .window import show as open_window

        open_window(source, result)
