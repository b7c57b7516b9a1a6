"""Edits: changes of palettes as values, to be done again, told and written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ..reading.fit import ImageSamples
    from .palette import Palette

#: Edits for which the samples of the image are needed.
SAMPLED = {"split", "delete"}

#: What edits are called where that is not their name.
TITLES = {"rename": "Name", "merge_closer": "Merge closer than", "reorder": "Order by"}


class Edit(NamedTuple):
    """A change of a palette by one of its methods.

    Attributes
    ----------
    method : str
        The name of a method of `Palette` that returns a palette.
    args : tuple
        What it gets, but for samples.
    kwargs : dict
        And by name.

    Examples
    --------
    >>> edit = Edit("merge", ([2, 3],), {"name": "sky"})
    >>> edit.title, edit.code
    ('Merge 2, 3 sky', "merge([2, 3], name='sky')")
    """

    method: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}  # noqa: RUF012

    def apply(self, palette: Palette, samples: ImageSamples) -> Palette:
        """Return the palette that it makes of another."""
        args = self.args
        if self.method in SAMPLED:
            args = (args[0], samples, *args[1:])
        changed: Palette = getattr(palette, self.method)(*args, **self.kwargs)
        return changed

    @property
    def title(self) -> str:
        """What it is called in a list of steps."""
        name = TITLES.get(self.method, self.method.capitalize())
        if self.kwargs.get("locked") is False:
            name = "Unlock"
        told = [*self.args, *(v for n, v in self.kwargs.items() if n == "name")]
        return " ".join([name, ", ".join(map(_told, told[:1])), *map(str, told[1:])])

    @property
    def code(self) -> str:
        """The call that it is, as Python."""
        args = [*map(repr, self.args)]
        if self.method in SAMPLED:
            args.insert(1, "samples")
        args += [f"{name}={value!r}" for name, value in self.kwargs.items()]
        return f"{self.method}({', '.join(args)})"


def _told(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)
