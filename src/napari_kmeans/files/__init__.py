"""Files: images read by what their files say, and results written to a folder."""

from .indexed import write_indexed
from .reading import read, read_mask, said, stem
from .saying import asked_of, left_open
from .writing import check, replacing, write

__all__ = [
    "asked_of",
    "check",
    "left_open",
    "read",
    "read_mask",
    "replacing",
    "said",
    "stem",
    "write",
    "write_indexed",
]
