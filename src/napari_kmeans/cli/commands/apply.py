"""Apply: images get the clusters of a palette that is there."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ... import signals
from ...batch import listing
from ...batch.painting import differences, painted
from .. import groups, options, sentences
from ..bar import bar
from ..each import FAILURES, each, said_of
from ..folders import check_folder, end_with, write_result
from ..model import loaded
from ..output import check_apart, check_named
from ..source import dithered, read

if TYPE_CHECKING:
    from ...core.run.progress import Report


def apply(
    opening: groups.Opening,
    dithering: groups.Dithering,
    model: options.Model,
    files: options.Files,
    output: options.Folder = None,
    distance: options.Distance = None,
    jobs: options.Jobs = 1,
    force: options.Force = False,
) -> None:
    """Label and paint images by a palette: that of a result, or one of any format."""
    from rich.console import Console

    def folder_of(title: str) -> Path:
        return Path(f"{title}-kmeans") if output is None else output / title

    with sentences.told(output), signals.handled(signals.unwind):
        options.check_jobs(jobs)
        check_named(output)
        how = groups.mixing(dithering)
        palette = loaded(model)
        files = listing.expanded(files)
        titles = dict(zip(files, listing.titles(files), strict=True))
        folders = {file: folder_of(titles[file]) for file in files}
        for file, folder in folders.items():
            check_apart(folder, [file, opening.mask, str(model)])
            check_folder(folder, force=force)
        failed: dict[str, str] = {}
        for file in files:
            try:
                source = read(file, opening.layer, opening.plugin)
                for sentence in differences(source, palette):
                    sentences.warn(f"{file}: {sentence}")
            except FAILURES as error:
                failed[file] = said_of(file, error)

        def work(file: str, progress: "Report") -> None:
            source = read(file, opening.layer, opening.plugin)
            mask = listing.beside(opening.mask, file)
            result = painted(source, palette, mask, progress, distance)
            mixed = dithered(result, source, *how, progress)
            write_result(folders[file], source, mixed, force=force)

        rest = [file for file in files if file not in failed]
        with bar(Console(stderr=True)) as progress:
            failed |= each(rest, work, jobs=jobs, progress=progress)
    for file in files:
        if file not in failed:
            typer.echo(f"Written to {folders[file]}")
    end_with({file: failed[file] for file in files if file in failed}, len(files))
