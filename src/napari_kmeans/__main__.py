"""The program, as ``napari-kmeans`` and ``python -m napari_kmeans`` start it."""

import io
import sys

from . import signals


def main() -> None:
    """Run the command line."""
    signals.handle(signals.end)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Windows writes into files and pipes with an encoding that lacks most letters.
        sys.stdout.reconfigure(errors="backslashreplace")
    from .cli import main as run  # takes its time

    # On Windows each pattern would become several arguments, also what is in quotes.
    run(windows_expand_args=False)


if __name__ == "__main__":
    main()
