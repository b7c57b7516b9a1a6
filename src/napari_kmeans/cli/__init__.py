"""The command line: it quantizes an image file, and shows what came out.

As `--help` has to be there at once, what takes its time is imported where it is used.
"""

from .command import main

__all__ = ["main"]
