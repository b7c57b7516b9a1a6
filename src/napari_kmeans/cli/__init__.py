"""The command line: it quantizes image files, and shows what came out.

As `--help` has to be there at once, what takes its time is imported where it is used.
"""

from .program import main

__all__ = ["main"]
