"""Quantize: an image is read, quantized, written and summed up."""

from time import monotonic
from typing import Any

import typer

from ... import signals
from .. import groups, options, sentences, settings
from ..bar import bar
from ..output import place_of, writing
from ..resources import check_room, cluster, limited, warn_of_unused
from ..source import (
    dithered,
    is_masked,
    left_out_by,
    measured,
    quantized,
    read,
)
from ..summary import summarize


def quantize(
    opening: groups.Opening,
    measuring: groups.Measuring,
    search: groups.Search,
    bounds: groups.Bounds,
    means: groups.Means,
    dithering: groups.Dithering,
    file: options.File = None,
    k: options.K = None,
    each: options.Each = None,
    output: options.Output = None,
    into_source: options.IntoSource = False,
    label: options.Label = None,
    force: options.Force = False,
    show: options.Show = False,
) -> None:
    """Quantize an image to k colors or gray values by k-means."""
    from rich.console import Console

    stderr = Console(stderr=True)
    with sentences.told(output):
        axes, how = options.axes(each), groups.mixing(dithering)
        if axes is not None and how[0] is not None:
            raise ValueError(f"dither={how[0]!r} should not go with each.")
        place = place_of(file, output, label, into_source=into_source)
    with (
        sentences.told(place.path),
        signals.handled(signals.unwind),
        writing(place, [file, opening.mask], force=force) as write,
        limited(means.memory) as budget,
        cluster(means.scheduler),
    ):
        asked: dict[str, Any] = {
            **groups.keywords(measuring, search),
            **groups.bound(bounds),
        }
        source = read(file, opening.layer, opening.plugin)
        place.check(k, source, asked)
        settings.warn_of_mask(search.settings, masked=is_masked(opening.mask, source))
        warn_of_unused(means.scheduler, source[0])
        if budget is not None:
            check_room(budget, source[0], axes, is_result_held=place.is_result_held)
        begun = monotonic()
        with bar(stderr) as progress:
            result, samples = quantized(
                source,
                k,
                asked,
                axes=axes,
                mask=opening.mask,
                memory=None if budget is None else budget.of_pixels,
                progress=progress,
            )
            result = dithered(result, source, *how, progress)
        seconds = monotonic() - begun
        with bar(stderr) as progress:
            quality = None
            if how[0] is None:  # of the nearest centers
                quality = measured(result, samples, progress)
        del samples  # their memory is for what writes
        with bar(stderr) as progress:
            write(result, source, progress)
    name, masked = file or "coffee, the sample", left_out_by(opening.mask, source)
    console = Console(highlight=False)
    summarize(result, name, seconds, console, masked, quality)
    typer.echo(f"Written to {place.path}")
    if show:
        from ..window import show as open_window

        open_window(source, result)
