"""Progress: what a long computation tells of itself, and where it can be stopped.

A computation says what it is at, by `stage`, and how far it has come, by `step` and
`at`. Whoever follows it hears of that, and may stop it there. Where nobody does, to say
so costs next to nothing; so no function has to hand on what its caller is told.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    #: What is told the stage of a computation, and the part of all that is done.
    Report = Callable[[str, float], object]

R = TypeVar("R")

#: Seconds after which who waits looks whether to go on waiting.
PATIENCE = 0.1


class Canceled(Exception):
    """Stops a computation: raised by what it tells its progress to, or by its tasks.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_kmeans import Canceled, quantize
    >>> def stop(stage, part):
    ...     raise Canceled
    >>> quantize(np.eye(5), k=2, progress=stop)
    Traceback (most recent call last):
    napari_kmeans.core.run.progress.Canceled
    """


def follow(function: Callable[[], R], report: Report | None = None) -> R:
    """Call a function, tell how far it has come, and return its result.

    It runs in a thread of its own, so that what cannot be interrupted can be left: by a
    signal, or by what `report` raises, which comes out at once. The thread then goes on
    to where it next would tell something, and ends there, unheard.

    Parameters
    ----------
    function : callable
    report : callable, optional
        Is told all that is new, and at least each `PATIENCE` seconds the same again;
        never less than before.
    """
    if report is None and threading.current_thread() is not threading.main_thread():
        return function()  # no signal comes here
    told: SimpleQueue[Any] = SimpleQueue()
    listener = _Listener(None if report is None else told)

    def work() -> R:
        _scope.set(_Scope(listener, "Preparing"))
        return function()

    _begin(work, told)
    try:
        result: R = _hear(told, _unheard if report is None else report)
        return result
    finally:
        listener.stopped.set()


def apart(function: Callable[[], R]) -> R:
    """Call a function in a thread of its own, and return its result.

    For what would change this thread, such as the state of a random generator.
    """
    told: SimpleQueue[Any] = SimpleQueue()
    _begin(function, told)
    result: R = _hear(told, _unheard)
    return result


def _begin(function: Callable[[], object], told: SimpleQueue[Any]) -> None:
    """Call a function in another thread, that ends with the program at the latest."""
    context = copy_context()

    def work() -> None:
        try:
            told.put(_Ended(context.run(function)))
        except BaseException as error:
            told.put(error)

    threading.Thread(target=work, name="napari-kmeans-apart", daemon=True).start()


def _unheard(_stage: str, _part: float) -> None:
    """Hear what nobody wants to."""


def _hear(told: SimpleQueue[Any], report: Report) -> Any:
    """Pass on what is told until the result is there, and return that."""
    latest, furthest = "Preparing", 0.0
    while True:
        try:
            found = told.get(timeout=PATIENCE)
        except Empty:
            found = latest, furthest
        if isinstance(found, _Ended):
            report("Done", 1.0)
            return found.result
        if isinstance(found, BaseException):
            raise found
        latest, furthest = found[0], max(furthest, found[1])
        report(latest, furthest)


@dataclass(frozen=True)
class _Ended:
    result: Any


class _Stopped(BaseException):
    """Ends the thread of a computation that nobody follows any more."""


class _Listener:
    """Where a computation tells what is new, and learns that it is to stop."""

    def __init__(self, told: SimpleQueue[Any] | None) -> None:
        self.stopped = threading.Event()
        self._told = told
        self._latest = ("", -1.0)

    def tell(self, text: str, part: float) -> None:
        """Say what is new; raise where nobody listens any more."""
        if self.stopped.is_set():
            raise _Stopped
        if self._told is not None and (text, part) != self._latest:
            self._latest = text, part
            self._told.put(self._latest)


@dataclass
class _Scope:
    """A part of a computation: how it is called, and where in the whole it lies."""

    listener: _Listener
    name: str
    low: float = 0.0
    high: float = 1.0
    n_steps: int = 0
    whole: bool = False
    n_done: int = 0

    def tell(self, part: float) -> None:
        """Tell that this part of it is done, or of its next step."""
        steps = (self.n_done + part) / self.n_steps if self.n_steps else part
        share = min(steps, 1.0)
        here = self.low + share * (self.high - self.low)
        self.listener.tell(self._text(part), here)

    def _text(self, part: float) -> str:
        if not self.n_steps or self.whole:
            return f"{self.name}, {part:.0%}" if part and not self.whole else self.name
        if not self.n_done:
            return self.name.partition(",")[0]
        within = f", {part:.0%} of the next" if part else ""
        return f"{self.name} {self.n_done}{within}"

    def within(
        self, name: str, low: float, high: float, n_steps: int, whole: bool
    ) -> _Scope:
        """Return a part of this part."""
        span = self.high - self.low
        return _Scope(
            self.listener,
            self.name if self.whole else name or self.name,
            self.low + low * span,
            self.low + high * span,
            n_steps,
            whole or self.whole,
        )


_scope: ContextVar[_Scope | None] = ContextVar("scope", default=None)


@contextmanager
def stage(
    name: str = "",
    low: float = 0.0,
    high: float = 1.0,
    *,
    n_steps: int = 0,
    whole: bool = False,
) -> Iterator[None]:
    """Say what the computation is at, from here on to the end of the block.

    Parameters
    ----------
    name : str, optional
        By default that of the stage it is a part of.
    low, high : float
        Which part of that stage it takes.
    n_steps : int, optional
        How many steps it has, at the most, to be told by `step`.
    whole : bool, default False
        Whether its name stands for all stages within.
    """
    outer = _scope.get()
    if outer is None:
        yield
        return
    token = _scope.set(outer.within(name, low, high, n_steps, whole))
    try:
        at(0.0)
        yield
    finally:
        _scope.reset(token)


def step(n_done: int) -> None:
    """Tell how many steps of the stage are done; the place where it may be stopped."""
    scope = _scope.get()
    if scope is not None:
        scope.n_done = n_done
        scope.tell(0.0)


def at(part: float) -> None:
    """Tell what part of the stage, or of its next step, is done; it may stop here."""
    scope = _scope.get()
    if scope is not None:
        scope.tell(part)
