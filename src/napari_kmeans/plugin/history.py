"""History: values one after another, of which one is the current."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")

#: The most values that are remembered.
LONGEST = 100


class History(Generic[T]):
    """Values in the order in which they came; going on drops what was undone.

    Examples
    --------
    >>> history = History()
    >>> history.add("first"), history.add("second")
    (None, None)
    >>> history.undo(), history.undo(), history.redo()
    ('first', 'first', 'second')
    """

    def __init__(self) -> None:
        self._values: list[T] = []
        self._undone: list[T] = []

    @property
    def current(self) -> T | None:
        """The value there is now; None before the first."""
        return self._values[-1] if self._values else None

    @property
    def can_undo(self) -> bool:
        """Whether there is an earlier value."""
        return len(self._values) > 1

    @property
    def can_redo(self) -> bool:
        """Whether there is one that was undone."""
        return bool(self._undone)

    def add(self, value: T) -> None:
        """Go on with a value; one that is the current already adds nothing."""
        if value != self.current:
            self._values = [*self._values, value][-LONGEST:]
            self._undone.clear()

    def undo(self) -> T | None:
        """Go back, where there is an earlier value; return the current."""
        if self.can_undo:
            self._undone.append(self._values.pop())
        return self.current

    def redo(self) -> T | None:
        """Go forth again, where one was undone; return the current."""
        if self.can_redo:
            self._values.append(self._undone.pop())
        return self.current
