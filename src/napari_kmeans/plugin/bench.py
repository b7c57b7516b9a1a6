"""Benches: what was made of the clusters of one image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..core.palettes.matching import still_there
from .history import History

if TYPE_CHECKING:
    from napari.layers import Layer

    from ..core.despeckling.despeckle import Despeckled
    from ..core.palettes.palette import Palette
    from ..core.quality import Quality
    from ..core.results.image import QuantizedImage
    from .reading import Reading
    from .settings import DockSettings
    from .steps import Step
    from .swept import Swept


class Look(NamedTuple):
    """What is looked at of clusters.

    Attributes
    ----------
    selected : tuple of int
        Labels, ascending.
    hidden : frozenset of int
        Those that are not shown.
    alone : bool
        Whether those that are selected are shown alone: the others are faded.
    palette : Palette or None
        Of which these are labels.
    """

    selected: tuple[int, ...] = ()
    hidden: frozenset[int] = frozenset()
    alone: bool = False
    palette: Palette | None = None

    def at(self, palette: Palette | None) -> Look:
        """Return the look at what those that were looked at have become.

        Where there are other clusters, none are seen alone: all is to be seen of them.
        """
        become = _become(self.palette, palette)
        selected = {become[x] for x in self.selected if x in become}
        hidden = frozenset(become[x] for x in self.hidden if x in become)
        alone = self.alone and _is_same(self.palette, palette)
        return Look(tuple(sorted(selected)), hidden, alone, palette)


def _is_same(before: Palette | None, after: Palette | None) -> bool:
    """Whether two palettes have the same clusters, whatever these are called."""
    if before is None or after is None:
        return before is after
    return np.array_equal(before.centers, after.centers)


def _become(before: Palette | None, after: Palette | None) -> dict[int, int]:
    """Return which label each one has become, of those that are still there."""
    if before is None or after is None:
        return {}
    if _is_same(before, after):
        return {label: label for label in range(1, before.k + 1)}
    there = still_there(before.centers, after.centers)
    return {old + 1: new + 1 for old, new in there.items()}


class Shown(NamedTuple):
    """What layers show.

    Attributes
    ----------
    result : QuantizedImage, QuantizedPlanes or ClusteredPoints
    settings : DockSettings or None
        What was chosen when it was clustered.
    layers : list of napari.layers.Layer
    cleaned : Despeckled or None
        What a clean-up has done.
    reading : Reading or None
        What was read; None of points.
    """

    result: Any
    settings: DockSettings | None
    layers: list[Layer]
    cleaned: Despeckled | None = None
    reading: Reading | None = None


@dataclass
class Bench:
    """What was made of the clusters of one image, or of several as channels.

    Attributes
    ----------
    history : History
        The steps of its clusters.
    first : Step or None
        A palette that was put on it when layers showed nothing of it; that step can be
        undone, too.
    shown : Shown or None
        What layers show; None before the first run.
    look : Look
        What is looked at.
    said : str
        What was said of it.
    swept : Swept or None
        What was found for several K; None before the first sweep.
    finest : QuantizedImage or None
        What layers show, or, where clusters were merged since, what they showed before.
    quality : Quality or None
        What is lost by it, once it was measured.
    """

    history: History[Step] = field(default_factory=History)
    first: Step | None = None
    shown: Shown | None = None
    look: Look = field(default_factory=Look)
    said: str = ""
    swept: Swept | None = None
    finest: QuantizedImage | None = None
    quality: Quality | None = None
