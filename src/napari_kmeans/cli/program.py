"""The program: its commands under one name."""

from typing import Annotated

import typer

from .commands import palette
from .commands.apply import apply
from .commands.batch import batch
from .commands.quantize import quantize
from .commands.sweep import sweep
from .groups import grouped

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


def _example(*lines: str) -> str:
    """Return what ends the help of a command; the mark keeps its lines apart."""
    return "\n".join(["\b", "Example:", *(f"  {line}" for line in lines)])


main.command(
    epilog=_example(
        "napari-kmeans quantize photo.png -k 5",
        "napari-kmeans quantize photo.png --settings photo-kmeans/settings.json",
        "napari-kmeans quantize slide.zarr -k 4 --into-source --label tissue",
    )
)(grouped(quantize))
main.command(
    epilog=_example("napari-kmeans sweep photo.png -k 2..12 -o photo-sweep.csv")
)(grouped(sweep))
main.command(
    epilog=_example(
        "napari-kmeans apply photo-kmeans/palette.json *.png",
        "napari-kmeans apply threads.csv photo.png --dither diffusion -o in-threads",
    )
)(grouped(apply))
main.command(
    epilog=_example(
        "napari-kmeans batch slides -k 5 --common -o out",
        'napari-kmeans batch "leaves/*.tif" --model palette.json --regions masks',
        "napari-kmeans batch slides -k 5 --common -o out --resume",
    )
)(grouped(batch))

_palette = typer.Typer(
    name="palette",
    help="Show, convert and mend palettes.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
_palette.command(
    epilog=_example("napari-kmeans palette show photo-kmeans/palette.json")
)(palette.show)
_palette.command(
    epilog=_example("napari-kmeans palette convert photo-kmeans/palette.json photo.gpl")
)(palette.convert)
_palette.command(
    epilog=_example(
        "napari-kmeans palette merge palette.json 2 3 --name sky -o merged.json"
    )
)(palette.merge)
main.add_typer(_palette)
