"""Looks: what clusters are called and how they are shown, and whether that may change.

Each edit returns a new palette.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from .. import validation
from .matching import still_there
from .parts import Parts

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, eq=False, repr=False)
class Looks(Parts):
    """How others are made of a palette that label the same: see `Palette`."""

    def label_of(self, name: int | str) -> int:
        """Return the label of the cluster that has a name.

        For when pixels of a cluster are to be found in an array of labels. All edits
        take names in the place of labels, too.

        Parameters
        ----------
        name : str or int
            That only one cluster has. A label is its own.

        Returns
        -------
        int
            1..k.

        Raises
        ------
        TypeError, ValueError
            Where there is no such cluster, or several have the name.

        Examples
        --------
        >>> import numpy as np
        >>> from napari_kmeans import fit, read_samples
        >>> image = np.array([[1, 2], [8, 9]], np.uint8)
        >>> palette = fit(read_samples(image), k=2).rename({1: "dark", 2: "bright"})
        >>> (palette.label(image) == palette.label_of("bright")).tolist()
        [[False, False], [True, True]]
        """
        return self._at("name", name) + 1

    def rename(
        self, label: int | str | Mapping[int | str, str], name: str | None = None
    ) -> Self:
        """Return a palette in which a cluster has a name, or several have.

        Parameters
        ----------
        label : int, str or mapping
            1..k, or the name it has; or a mapping of such to names.
        name : str
            Empty for none. Not with a mapping.

        Returns
        -------
        Palette

        Raises
        ------
        TypeError, ValueError
            Where there is no such cluster, or it is locked.

        Examples
        --------
        >>> import numpy as np
        >>> from napari_kmeans import fit, read_samples
        >>> palette = fit(read_samples(np.array([[1, 2], [8, 9]], np.uint8)), k=2)
        >>> palette.rename(1, "dark").names
        ('dark', '')
        >>> palette.rename({1: "dark", 2: "bright"}).names
        ('dark', 'bright')
        """
        if isinstance(label, Mapping):
            return self._each("rename", label, "name", name)
        at = self._free("label", label)
        if not isinstance(name, str):
            raise TypeError(f"name={validation.shown(name)} should be text.")
        names = (*self.names[:at], name, *self.names[at + 1 :])
        return replace(self, names=names)

    def _each(
        self, edit: str, given: Mapping[Any, Any], title: str, other: Any
    ) -> Self:
        """Return a palette in which clusters, by their labels here, are edited.

        `other` is what was given beside the mapping, as `title`: nothing should be.
        """
        if other is not None:
            raise TypeError(
                f"{title}={validation.shown(other)} should not go with a mapping."
            )
        palette = self
        for at, value in [(self._at("label", x), value) for x, value in given.items()]:
            palette = getattr(palette, edit)(at + 1, value)
        return palette

    def recolor(
        self,
        label: int | str | Mapping[int | str, Sequence[float] | str],
        color: Sequence[float] | str | None = None,
    ) -> Self:
        """Return a palette in which a cluster is shown, and painted, in a color.

        Or several are.

        Its center stays what it is, and what is nearest to it. Images that are not in
        color are painted as before.

        Parameters
        ----------
        label : int, str or mapping
            1..k, or its name; or a mapping of such to colors.
        color : str or sequence of float
            Such as ``"#ff8000"``, or red, green and blue from 0 to 1. Not with a
            mapping.

        Returns
        -------
        Palette

        Raises
        ------
        TypeError, ValueError
            Where there is no such cluster, it is locked, or it is no color.

        Examples
        --------
        >>> import numpy as np
        >>> from napari_kmeans import fit, read_samples
        >>> palette = fit(read_samples(np.array([[1, 2], [8, 9]], np.uint8)), k=2)
        >>> palette.recolor(2, "#ff8000").colors[1].round(2).tolist()
        [1.0, 0.5, 0.0]
        """
        if isinstance(label, Mapping):
            return self._each("recolor", label, "color", color)
        at = self._free("label", label)
        return self.shown_in(at, validation.check_color(color))

    def lock(self, *labels: int | str, locked: bool = True) -> Self:
        """Return a palette in which clusters are locked, or are not any more.

        Parameters
        ----------
        *labels : int or str
            1..k, or names; none for all.
        locked : bool, default True
            False unlocks them.

        Returns
        -------
        Palette

        Raises
        ------
        TypeError, ValueError
            Where there is no such cluster.

        Examples
        --------
        >>> import numpy as np
        >>> from napari_kmeans import fit, read_samples
        >>> palette = fit(read_samples(np.array([[1, 2], [8, 9]], np.uint8)), k=2)
        >>> palette.lock(2).locked
        (False, True)
        """
        flag = validation.check_flag("locked", locked)
        places = {self._at("label", label) for label in labels} or {*range(self.k)}
        new = [flag if at in places else was for at, was in enumerate(self.locked)]
        return replace(self, locked=tuple(new))

    def inherit(self, other: Parts) -> Self:
        """Return a palette with the names, locks and given colors of another.

        Of those of its clusters that are still there: where a center lies within half
        the way from the other's to the nearest of its neighbors, and none of these is
        closer to it. For when the same image, or the next, was clustered again.

        Parameters
        ----------
        other : Palette
            Of as many channels; of others nothing is still there.

        Returns
        -------
        Palette

        Raises
        ------
        TypeError
            Where it is no palette.

        Examples
        --------
        >>> import numpy as np
        >>> from napari_kmeans import fit, read_samples
        >>> samples = read_samples(np.array([[1, 2], [8, 90]], np.uint8))
        >>> named = fit(samples, k=2).rename(1, "dark")
        >>> fit(samples, k=3).inherit(named).names
        ('dark', '', '')
        """
        if not isinstance(other, Parts):
            raise validation.no_palette("other", other)
        names, locked, palette = [*self.names], [*self.locked], self
        recolored = other.recolored
        there = still_there(self.scaled(other.centers), self.scaled(self.centers))
        for old, new in there.items():
            names[new] = other.names[old] or names[new]
            locked[new] |= other.locked[old]
            if recolored[old]:
                palette = palette.shown_in(new, other.colors[old])
        return replace(palette, names=tuple(names), locked=tuple(locked))
