"""Opened: a palette that was put on an image, told as code."""

from __future__ import annotations

from pprint import pformat
from typing import TYPE_CHECKING, NamedTuple

from ..core.options.code import WIDTH, call, literal

if TYPE_CHECKING:
    from ..core.palettes.palette import Palette


class Opened(NamedTuple):
    """A palette that was there before the image.

    Attributes
    ----------
    palette : Palette
        As it was made, of whatever image.
    path : str, optional
        The file that it was read from.

    Examples
    --------
    >>> from napari_kmeans import Palette
    >>> for line in Opened(Palette.of_colors(["#ff8000"], ["rust"])).lines:
    ...     print(line)
    palette = Palette.of_colors(['#ff8000'], ['rust'])
    palette = palette.placed_on(samples)
    >>> Opened(Palette.of_colors(["#ff8000"]), "threads.gpl").lines[0]
    "palette = Palette.load('threads.gpl')"
    """

    palette: Palette
    path: str | None = None

    @property
    def lines(self) -> list[str]:
        """The code that makes it ``palette``, as it is of ``samples``."""
        model, made = [], self._made
        if made is None:
            from ..core.palettes.model import model_of

            told = pformat(
                model_of(self.palette), width=WIDTH, compact=True, sort_dicts=False
            )
            model = [f"model = {told}"]
            made = 'palette = Palette(**parts_of(model, "palette"))'
        return [*model, made, "palette = palette.placed_on(samples)"]

    @property
    def _made(self) -> str | None:
        """The line that makes it; None where that would be too long."""
        if self.path is not None:
            return call("palette = Palette.load", [literal(self.path)], {})
        from ..core.palettes.colors import hexadecimal
        from ..core.palettes.placing import is_chart

        palette = self.palette
        if not is_chart(palette):
            return None
        given = [literal(hexadecimal(palette.colors))]
        given += [literal([*palette.names])] * any(palette.names)
        dtype = str(palette.layout.dtype)
        kept = {} if dtype == "uint8" else {"dtype": literal(dtype)}
        return call("palette = Palette.of_colors", given, kept)
