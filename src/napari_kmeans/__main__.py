"""The program, as ``napari-kmeans`` and ``python -m napari_kmeans`` start it."""

from . import signals


def main() -> None:
    """Run the command line."""
    signals.handle(signals.end)
    from .cli import main as run  # takes its time

    run()


if __name__ == "__main__":
    main()
