"""Edits: changes of palettes as values, to be done again, told and written as code."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, NamedTuple

from ..options.code import call, literal
from ..validation import shown

if TYPE_CHECKING:
    from ..reading.fit import ImageSamples
    from .palette import Palette

#: What edits are called where that is not their name.
TITLES = {"rename": "Name", "merge_closer": "Merge closer than", "reorder": "Order by"}


class Edit(NamedTuple):
    """A change of a palette by one of its methods.

    Attributes
    ----------
    method : str
        The name of a method of `Palette` that returns a palette.
    args : tuple
        What it gets, but for samples: a method that takes some gets those of the image.
    kwargs : dict
        And by name.

    Examples
    --------
    >>> edit = Edit("merge", ([2, 3],), {"name": "sky"})
    >>> edit.title, edit.code
    ('Merge 2, 3 sky', "merge([2, 3], name='sky')")
    >>> Edit("split", (3,), {"k": 2}).code
    'split(3, samples, k=2)'
    >>> Edit("add", ([143.25, 90.0, 61.5],)).title
    'Add 143, 90, 61.5'
    """

    method: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}  # noqa: RUF012

    def apply(self, palette: Palette, samples: ImageSamples | None = None) -> Palette:
        """Return the palette that it makes of another.

        Raises
        ------
        TypeError, ValueError
            Where there is no such edit, or the palette cannot be edited so.
        """
        args = self._with(samples, self.args)
        changed: Palette = getattr(palette, self.method)(*args, **self.kwargs)
        return changed

    @property
    def sampled(self) -> bool:
        """Whether samples of the image are needed for it."""
        return self._with("samples", ()) != ()

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
        """The call of the method, as Python."""
        args = self._with("samples", tuple(map(literal, self.args)))
        kwargs = {name: literal(value) for name, value in self.kwargs.items()}
        return call(self.method, args, kwargs)

    def _with(self, samples: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return arguments with samples where the method takes them."""
        from .palette import Palette  # which brings the kernels along

        method = getattr(Palette, self.method, None)
        signature = inspect.signature(method) if inspect.isfunction(method) else None
        hidden = self.method.startswith("_")
        if hidden or signature is None or signature.return_annotation != "Self":
            raise ValueError(
                f"method={shown(self.method)} should be an edit of palettes, such as "
                "'merge'."
            )
        _self, *names = signature.parameters
        if "samples" not in names:
            return args
        place = names.index("samples")
        return (*args[:place], samples, *args[place:])


def _told(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_told, value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)
