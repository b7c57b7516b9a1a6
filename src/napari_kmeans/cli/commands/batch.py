"""Batch: many images get their clusters, and one table tells of all."""

import typer

from ... import signals
from ...batch import listing
from .. import groups, options, sentences, settings
from ..bar import bar
from ..folders import end_with
from ..output import check_named


def batch(
    opening: groups.Opening,
    measuring: groups.Measuring,
    search: groups.Search,
    bounds: groups.Bounds,
    rows: groups.Rows,
    images: options.Images,
    k: options.BatchK = None,
    model: options.BatchModel = None,
    common: options.Common = False,
    output: options.Folder = None,
    jobs: options.Jobs = 1,
    force: options.Force = False,
    resume: options.Resume = False,
) -> None:
    """Quantize many images alike, and tell of all in one table."""
    from rich.console import Console

    from ..many import Many, Way

    with sentences.told(output), signals.handled(signals.unwind):
        options.check_jobs(jobs)
        check_named(output)
        settings.warn_of_idle(search.settings)
        files = listing.listed(images)
        asked = {**groups.keywords(measuring, search), **groups.bound(bounds)}
        way = Way.of(k, model, common, asked, opening)
        many = Many.of(images, files, output, way, rows)
        many.check(force=force, resume=resume)
        try:
            with bar(Console(stderr=True)) as progress:
                failed = many.run(jobs, resume=resume, progress=progress)
        except SystemExit:  # by a signal
            typer.echo(
                f"Interrupted: {many.n_written} of {len(files)} images are written; "
                "--resume goes on.",
                err=True,
            )
            raise
    done = len(files) - len(failed)
    typer.echo(f"{done} of {len(files)} images written to {many.folder}")
    typer.echo(f"Table written to {many.table}")
    end_with(failed, len(files))
