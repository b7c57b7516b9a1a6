"""Fields: values of a file, each checked when it is read, and refused by its name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from ..validation import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

T = TypeVar("T")

#: How numbers are written that are none of JSON's.
NOT_FINITE = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}

#: How deep lists and objects on record may lie in each other.
MOST_DEPTH = 16


@dataclass(frozen=True)
class Field:
    """A value of a file, and what is said of it where it is refused.

    Attributes
    ----------
    value : object
        As JSON has it.
    file : str
        The name of the file.
    name : str
        Where it is there, such as ``"clusters[2].color"``; of the whole, nothing.

    Examples
    --------
    >>> Field({"k": "two"}, "model.json").record("k")["k"].integer(1, 9)
    Traceback (most recent call last):
        ...
    ValueError: k of model.json should be an integer from 1 to 9, but is 'two'.
    """

    value: Any
    file: str
    name: str = ""

    def refused(self, should: str) -> ValueError:
        """Return the error that says what it should be."""
        of = f"{self.name} of {self.file}" if self.name else self.file
        return ValueError(f"{of} should be {should}, but is {shown(self.value)}.")

    def record(self, *names: str) -> dict[str, Field]:
        """Return the fields of an object that has these, and no others."""
        if type(self.value) is not dict:
            raise self.refused("an object")
        above = f"{self.name}." if self.name else ""
        for name in names:
            if name not in self.value:
                raise ValueError(f"{self.file} should have {above}{name}.")
        for name in self.value:
            if name not in names:
                told = shown(f"{above}{name}")
                raise ValueError(f"{self.file} should not have {told}.")
        return {n: Field(self.value[n], self.file, f"{above}{n}") for n in names}

    def rows(self, least: int, most: int) -> list[Field]:
        """Return the fields of a list of so many."""
        if type(self.value) is not list or not least <= len(self.value) <= most:
            many = f"{least:,}" if least == most else f"{least:,} to {most:,}"
            raise self.refused(f"a list of {many}")
        name = self.name
        return [
            Field(value, self.file, f"{name}[{at}]")
            for at, value in enumerate(self.value)
        ]

    def optional(self, read: Callable[[Field], T]) -> T | None:
        """Return what is read of it; None where it is null."""
        return None if self.value is None else read(self)

    def text(self) -> str:
        """Return text."""
        if type(self.value) is not str:
            raise self.refused("text")
        return self.value

    def one_of(self, choices: Sequence[str]) -> str:
        """Return text that is one of some."""
        if type(self.value) is not str or self.value not in choices:
            raise self.refused(f"one of {', '.join(map(repr, choices))}")
        return self.value

    def flag(self) -> bool:
        """Return True or False."""
        if type(self.value) is not bool:
            raise self.refused("true or false")
        return self.value

    def integer(self, least: int, most: int) -> int:
        """Return an integer."""
        if type(self.value) is not int or not least <= self.value <= most:
            raise self.refused(f"an integer from {least:,} to {most:,}")
        return self.value

    def number(self) -> float:
        """Return any number: JSON's, or one of `NOT_FINITE`."""
        found = _number(self.value)
        if found is None:
            raise self.refused("a number")
        return found

    def positive(self) -> float:
        """Return a finite number above 0."""
        found = _number(self.value)
        if found is None or not 0 < found < np.inf:
            raise self.refused("a finite number above 0")
        return found

    def distance(self) -> float:
        """Return a finite number of at least 0."""
        found = _number(self.value)
        if found is None or not 0 <= found < np.inf:
            raise self.refused("a finite number of at least 0")
        return found

    def numbers(
        self, n: int, least: float = -np.inf, most: float = np.inf
    ) -> NDArray[np.float64]:
        """Return n finite numbers, from the least to the most: (n,)."""
        found = self._numbers(n)
        finite = found is not None and np.isfinite(found).all()
        if found is None or not finite or (found < least).any() or (found > most).any():
            reach = "" if least == -np.inf else f", at least {least:g}"
            if most < np.inf:
                reach = f" from {least:g} to {most:g}"
            raise self.refused(f"{n} finite numbers{reach}")
        return found

    def any_numbers(self, n: int) -> NDArray[np.float64]:
        """Return n numbers, be they finite or not: (n,)."""
        found = self._numbers(n)
        if found is None:
            raise self.refused(f"{n} numbers")
        return found

    def _numbers(self, n: int) -> NDArray[np.float64] | None:
        if type(self.value) is not list or len(self.value) != n:
            return None
        found = [_number(value) for value in self.value]
        return None if None in found else np.array(found, np.float64)

    def values(self, n: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return n values of pixels of a dtype, all finite: (n,)."""
        if dtype.kind == "f":
            info = np.finfo(dtype)
            return self.numbers(n, float(info.min), float(info.max)).astype(dtype)
        given = self.value if type(self.value) is list else []
        least, most = (0, 1) if dtype.kind == "b" else _reach(dtype)
        kind = bool if dtype.kind == "b" else int
        if len(given) != n or not all(
            type(value) is kind and least <= value <= most for value in given
        ):
            raise self.refused(f"{n} values of {dtype}")
        return np.array(given, dtype)

    def plain(self, depth: int = MOST_DEPTH) -> Any:
        """Return plain values, as they were written."""
        if type(self.value) is str:
            return NOT_FINITE.get(self.value, self.value)
        if type(self.value) not in (list, dict):
            return self.value
        if depth == 0:
            raise self.refused(f"at most {MOST_DEPTH} deep")
        below = depth - 1
        if type(self.value) is list:
            rows = self.rows(0, len(self.value))
            return [row.plain(below) for row in rows]
        record = self.record(*self.value)
        return {name: field.plain(below) for name, field in record.items()}


def written(value: Any) -> Any:
    """Return a value as JSON can have it.

    Examples
    --------
    >>> written({"a": np.array([1.0, np.nan]), "b": (np.int64(3), None)})
    {'a': [1.0, 'NaN'], 'b': [3, None]}
    """
    if isinstance(value, dict):
        return {str(name): written(each) for name, each in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [written(each) for each in value]
    if isinstance(value, float) and not np.isfinite(value):
        return "NaN" if np.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    return value


def _number(value: Any) -> float | None:
    """Return a number; None where it is none that a float holds."""
    if type(value) is str:
        return NOT_FINITE.get(value)
    if type(value) is float:
        return value
    if type(value) is not int:
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _reach(dtype: np.dtype[Any]) -> tuple[int, int]:
    """Return the least and the most that integers of a dtype are."""
    info = np.iinfo(dtype)
    return int(info.min), int(info.max)
