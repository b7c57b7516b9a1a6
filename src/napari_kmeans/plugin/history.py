"""History: values one after another, of which one is the current."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")

#: The most values that are remembered.
LONGEST = 100


class History(Generic[T]):
    """Values in the order in which they came; going on drops what was undone.

    Attributes
    ----------
    values : list
        All that are remembered, those that were undone, too.
    place : int
        Where in these the current is; -1 before the first.

    Examples
    --------
    >>> history = History()
    >>> history.add("first"), history.add("second")
    (None, None)
    >>> history.undo(), history.undo(), history.redo()
    ('first', 'first', 'second')
    >>> history.values, history.go(0), history.go(-1)
    (['first', 'second'], 'first', None)
    """

    def __init__(self) -> None:
        self.values: list[T] = []
        self.place = -1

    @property
    def current(self) -> T | None:
        """The value there is now; None before the first."""
        return self.values[self.place] if self.place >= 0 else None

    @property
    def can_undo(self) -> bool:
        """Whether there is an earlier value."""
        return self.place > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is one that was undone."""
        return self.place < len(self.values) - 1

    def add(self, value: T) -> None:
        """Go on with a value; one that equals the current takes its place."""
        if value == self.current:
            self.values[self.place] = value
        else:
            kept = self.values[: self.place + 1]
            self.values = [*kept, value][-LONGEST:]
            self.place = len(self.values) - 1

    def undo(self) -> T | None:
        """Go back, where there is an earlier value; return the current."""
        return self.go(self.place - self.can_undo)

    def redo(self) -> T | None:
        """Go forth again, where one was undone; return the current."""
        return self.go(self.place + self.can_redo)

    def go(self, place: int) -> T | None:
        """Go to a value by its place in `values`, or before all, which is -1."""
        if self.values and not -1 <= place < len(self.values):
            raise ValueError(
                f"place={place} should be one of -1 to {len(self.values) - 1}."
            )
        self.place = place
        return self.current
