"""A gate to a folder, which who works on unheard finds closed."""

from __future__ import annotations

import threading
from typing import Self

from ..core.run.progress import Canceled


class Gate:
    """What every write to a folder goes through.

    For when writing is stopped, and those that are under way cannot be waited for: once
    it is closed, they change nothing any more.

    Examples
    --------
    >>> gate = Gate()
    >>> with gate:
    ...     print("written")
    written
    >>> gate.close()
    >>> with gate:
    ...     print("written")
    Traceback (most recent call last):
    napari_kmeans.core.run.progress.Canceled
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._closed = False

    def check(self) -> None:
        """Raise `Canceled` where it is closed."""
        if self._closed:
            raise Canceled

    def __enter__(self) -> Self:
        with self._changed:
            self.check()
            self._inside += 1
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody in any more, and return once nobody is inside."""
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: not self._inside)
