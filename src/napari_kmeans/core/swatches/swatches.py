"""Swatches: colors and what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

#: More colors than this are no palette that labels could index.
MOST = 65_535


class Swatches(NamedTuple):
    """Colors and what they are called.

    Attributes
    ----------
    title : str
        Of all; empty for none.
    names : tuple of str
        Of each; empty where one has none.
    colors : (k, 3) uint8
        Of sRGB.
    """

    title: str
    names: tuple[str, ...]
    colors: NDArray[np.uint8]

    @classmethod
    def of(
        cls, rows: Iterable[tuple[str, Sequence[int]]], file: str, title: str = ""
    ) -> Swatches:
        """Return the swatches of rows of a name and red, green and blue.

        Parameters
        ----------
        rows : iterable
        file : str
            The name of the file that they are of.
        title : str, optional

        Raises
        ------
        ValueError
            Where there is none, or there are more than 65,535.
        """
        names, colors = [], []
        for name, color in rows:
            names.append(name)
            colors.append([*color])
        if not 0 < len(colors) <= MOST:
            raise ValueError(
                f"{file} of {len(colors):,} colors should have 1 to {MOST:,}."
            )
        return cls(title, tuple(names), np.array(colors, np.uint8))

    @property
    def hexes(self) -> list[str]:
        """The colors as six digits each."""
        return [color.tobytes().hex() for color in self.colors]


def on_a_line(text: str) -> str:
    r"""Return text without what would end a line.

    Examples
    --------
    >>> on_a_line("light blue\nof the sky")
    'light blue of the sky'
    """
    return " ".join(text.split())
