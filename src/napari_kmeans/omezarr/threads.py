"""Threads: work that several do at a time, and that can be left at once."""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Self, TypeVar

from ..core.blocks import Canceled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")

#: Progress is told at least after so many seconds.
TELLING = 0.1


def for_each(
    call: Callable[[T], object],
    items: Sequence[T],
    n_threads: int,
    tell: Callable[[float], object],
) -> None:
    """Call a function for each item, in their order, some at a time.

    Parameters
    ----------
    call : callable
    items : sequence
    n_threads : int
        How many calls there are at a time.
    tell : callable
        Is told the part that is done, in the thread of the caller. What it raises, or a
        call, comes out at once: calls under way go on to their end, unheard, and no
        more are begun.
    """
    waiting: SimpleQueue[T | None] = SimpleQueue()
    ended: SimpleQueue[BaseException | None] = SimpleQueue()
    stopped = threading.Event()

    def work() -> None:
        try:
            for item in iter(waiting.get, None):
                if stopped.is_set():
                    return
                call(item)
                ended.put(None)
        except BaseException as error:
            ended.put(error)

    for item in [*items, *[None] * n_threads]:
        waiting.put(item)
    done = 0
    try:
        for _ in range(min(n_threads, len(items))):
            threading.Thread(target=work, name="omezarr", daemon=True).start()
        while done < len(items):
            tell(done / len(items))
            try:
                error = ended.get(timeout=TELLING)
            except Empty:
                continue
            if error is not None:
                raise error
            done += 1
        tell(1.0)
    finally:
        stopped.set()


class Gate:
    """A gate to a folder, which calls that nobody waits for any more find closed.

    Those that are in the gate when it is to be closed leave it first.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._closed = False

    def __enter__(self) -> Self:
        """Come in; raise `Canceled` where it is closed."""
        with self._changed:
            if self._closed:
                raise Canceled
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
