"""Sweep: an image is clustered for several K, to choose one."""

import typer

from ... import signals
from .. import groups, options, sentences, settings
from ..bar import bar
from ..output import check_apart, check_file, write_table
from ..resources import cluster, limited, warn_of_unused
from ..source import is_masked, read
from ..summary import tell_sweep


def sweep(
    opening: groups.Opening,
    measuring: groups.Measuring,
    search: groups.Search,
    means: groups.Means,
    file: options.File = None,
    ks: options.Range = "2..16",
    each: options.Each = None,
    output: options.Table = None,
    force: options.Force = False,
) -> None:
    """Cluster an image for several K, and say which one to take."""
    from rich.console import Console

    with (
        sentences.told(output),
        signals.handled(signals.unwind),
        limited(means.memory) as budget,
        cluster(means.scheduler),
    ):
        axes, numbers = options.axes(each), options.numbers(ks)
        if output is not None:
            check_apart(output, [file, opening.mask])
            check_file(output, force=force)
        source = read(file, opening.layer, opening.plugin)
        settings.warn_of_mask(search.settings, masked=is_masked(opening.mask, source))
        warn_of_unused(means.scheduler, source[0])
        from ...files import asked_of

        asked = asked_of(source, groups.keywords(measuring, search), opening.mask)
        from ...core.sweeping.sweep import sweep as sweep_over

        with bar(Console(stderr=True)) as progress:
            found = sweep_over(
                source[0],
                numbers,
                axes=axes,
                memory=None if budget is None or axes else budget.of_pixels,
                progress=progress,
                **asked,
            )
        if output is not None:
            write_table(output, found.table)
    tell_sweep(found, Console(highlight=False))
    if output is not None:
        typer.echo(f"Written to {output}")
