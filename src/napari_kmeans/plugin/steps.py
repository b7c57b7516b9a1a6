"""Steps: what has led to a palette, to be done again and told as code."""

from __future__ import annotations

import dataclasses
import inspect
import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..core.options.criteria import Criteria
from ..core.options.keywords import FIT
from ..core.palettes.palette import Palette
from ..core.validation import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..core.reading.fit import ImageSamples

#: The longest line of code.
WIDTH = 88


class Run(NamedTuple):
    """A run: clusters that were found in samples.

    Attributes
    ----------
    k : int
    options : mapping
        As for `fit`.
    started : bool
        Whether it began from painted labels; in code, these are ``init``.
    kept : bool
        Whether it kept what was locked in the palette before; in code, ``palette``.

    Examples
    --------
    >>> Run(3, {"seed": 4, "attempts": 10}).code
    'palette = fit(samples, k=3, seed=4)'
    """

    k: int
    options: Mapping[str, Any] = MappingProxyType({})
    started: bool = False
    kept: bool = False

    @property
    def arguments(self) -> dict[str, str]:
        """The arguments as code, but for the samples; without those by default."""
        given = {**self.options, "init": "random"} if self.started else self.options
        told = {"k": literal(self.k), **changed(given, FIT)}
        told |= {"init": "init"} if self.started else {}
        return told | ({"keep": "palette"} if self.kept else {})

    @property
    def code(self) -> str:
        """The statement that does it."""
        return call("palette = fit", ["samples"], self.arguments)


class Edit(NamedTuple):
    """An edit: a method of `Palette` that returns a new one, and its arguments.

    Attributes
    ----------
    method : str
    args : tuple
    kwargs : mapping
        Without ``samples``: a method that takes them gets those of the palette. What
        comes after them is given by name.

    Examples
    --------
    >>> Edit("merge", ([1, 2],), {"name": "sky"}).code
    "palette = palette.merge([1, 2], name='sky')"
    """

    method: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = MappingProxyType({})

    @property
    def takes_samples(self) -> bool:
        """Whether the method needs samples.

        Raises
        ------
        ValueError
            Where it is no method that returns a palette.
        """
        method = getattr(Palette, self.method, None)
        signature = inspect.signature(method) if inspect.isfunction(method) else None
        hidden = self.method.startswith("_")
        if hidden or signature is None or signature.return_annotation != "Self":
            raise ValueError(
                f"method={shown(self.method)} should be an edit of palettes, such as "
                "'merge'."
            )
        return "samples" in signature.parameters

    def apply(self, palette: Palette, samples: ImageSamples | None = None) -> Palette:
        """Return a palette that was edited so."""
        kwargs = {**self.kwargs, **({"samples": samples} if self.takes_samples else {})}
        edited: Palette = getattr(palette, self.method)(*self.args, **kwargs)
        return edited

    @property
    def code(self) -> str:
        """The statement that does it."""
        kwargs = {"samples": "samples"} if self.takes_samples else {}
        kwargs |= {name: literal(value) for name, value in self.kwargs.items()}
        args = [literal(value) for value in self.args]
        return call(f"palette = palette.{self.method}", args, kwargs)


def changed(options: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, str]:
    """Return as code the options that are not those by default."""
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


def literal(value: Any) -> str:
    """Return a value as code that makes it again, exactly.

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
