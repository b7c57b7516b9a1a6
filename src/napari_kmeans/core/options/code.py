"""Code: values and calls as Python that makes them again."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..validation import shown
from .criteria import Criteria

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The longest line.
WIDTH = 88


def literal(value: Any) -> str:
    """Return a value as code that makes it again, exactly.

    Arrays become lists.

    Raises
    ------
    TypeError
        Where it is none of numbers, text, None, `Criteria`, and sequences and arrays of
        these.

    Examples
    --------
    >>> literal((np.float64(0.1), [np.int64(3)], Criteria(max_iter=5)))
    '(0.1, [3], Criteria(max_iter=5))'
    """
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, Criteria):
        given = {
            field.name: literal(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if getattr(value, field.name) != field.default
        }
        return call("Criteria", [], given)
    if isinstance(value, (list, tuple)):
        parts = ", ".join(map(literal, value))
        if isinstance(value, list):
            return f"[{parts}]"
        return f"({parts},)" if len(value) == 1 else f"({parts})"
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if value is None or isinstance(value, (bool, int, float, str)):
        return repr(value)
    raise TypeError(f"{shown(value)} should be a value that can be written as code.")


def changed(options: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, str]:
    """Return as code the options that are not those by default, which is None for some.

    Examples
    --------
    >>> changed({"k": 5, "seed": 0, "mask": None}, {"seed": 0})
    {'k': '5'}
    """
    told = {name: literal(value) for name, value in options.items()}
    usual = {name: literal(value) for name, value in defaults.items()}
    return {
        name: text for name, text in told.items() if text != usual.get(name, "None")
    }


def call(function: str, args: Sequence[str], kwargs: Mapping[str, str]) -> str:
    """Return a call as code, over several lines where it is long.

    Examples
    --------
    >>> call("a = f", ["b"], {"c": "1"})
    'a = f(b, c=1)'
    """
    parts = [*args, *(f"{name}={text}" for name, text in kwargs.items())]
    line = f"{function}({', '.join(parts)})"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{function}(", *(f"    {part}," for part in parts), ")"])
