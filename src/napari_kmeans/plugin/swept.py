"""What a sweep over several K has found, of what, and how it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..core.sweeping.result import Sweep
    from .steps import Run


class Swept(NamedTuple):
    """A sweep, and of what it was.

    Attributes
    ----------
    sweep : Sweep
    thumbnails : (n_ks, height, width) or (n_ks, height, width, 3) uint8
        The image, small, at each K.
    note : str
        What to warn of.
    ran : Run
        What was clustered, and how; its K does not count.
    edits : int
        How often data of the layers had changed before.
    """

    sweep: Sweep
    thumbnails: NDArray[np.uint8]
    note: str
    ran: Run
    edits: int
