"""Benches: what was made of the clusters of one image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from .history import History

if TYPE_CHECKING:
    from napari.layers import Layer

    from .settings import DockSettings
    from .steps import Step
    from .swept import Swept


class Shown(NamedTuple):
    """What layers show.

    Attributes
    ----------
    result : QuantizedImage, QuantizedPlanes or ClusteredPoints
    settings : DockSettings or None
        What was chosen when it was clustered.
    layers : list of napari.layers.Layer
    """

    result: Any
    settings: DockSettings | None
    layers: list[Layer]


@dataclass
class Bench:
    """What was made of the clusters of one image, or of several as channels.

    Attributes
    ----------
    history : History
        The steps of its clusters.
    shown : Shown or None
        What layers show; None before the first run.
    said : str
        What was said of it.
    swept : Swept or None
        What was found for several K; None before the first sweep.
    """

    history: History[Step] = field(default_factory=History)
    shown: Shown | None = None
    said: str = ""
    swept: Swept | None = None
