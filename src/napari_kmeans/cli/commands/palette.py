"""Palette: files of clusters are shown, converted and mended."""

import typer

from .. import options, sentences
from ..output import check_file


def show(file: options.Model) -> None:
    """Show the colors, names and shares of a palette, of whatever format."""
    from rich.console import Console

    from ..model import loaded
    from ..summary import tell_palette

    with sentences.told():
        palette = loaded(file)
    tell_palette(palette, Console(highlight=False))


def convert(
    file: options.Model, output: options.Converted, force: options.Force = False
) -> None:
    """Convert a palette to the format that the output ends with."""
    from ..model import is_of_8_bits, loaded

    with sentences.told(output):
        check_file(output, force=force)
        palette = loaded(file)
        palette.save(output)
    if output.suffix.lower() != ".json" and not is_of_8_bits(palette):
        sentences.warn(
            f"{output} holds the centers as colors, rounded to 8 bits; a .json would "
            "hold them as they are."
        )
    typer.echo(f"Written to {output}")


def merge(
    file: options.Model,
    labels: options.Labels,
    output: options.Merged,
    name: options.Name = None,
    force: options.Force = False,
) -> None:
    """Merge clusters, by their labels, in a model that apply and batch take."""
    from ..model import loaded

    with sentences.told(output):
        check_file(output, force=force)
        loaded(file).merge(labels, name).save(output)
    typer.echo(f"Written to {output}")
