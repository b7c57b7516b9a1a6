"""Settings: what is chosen and typed in the dock, as a value."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..core.options.criteria import Criteria
from ..core.options.keywords import FIT, READ
from ..core.validation import check_attempts, check_seed
from ..layers.source import ROLES
from .preferences import preferences
from .sources import Scope

if TYPE_CHECKING:
    from napari.layers import Labels, Layer, Shapes

    from ..core.options.keywords import FitOptions

BOTH, MAX_ITER, EPSILON = "both", "max iterations", "epsilon"
RANDOM, PLUSPLUS, OPTIMAL = "random", "k-means++", "optimal"
LABELS = "Labels layer"

#: What a setting is called where that is not its name.
TITLES = {"scope": "cluster", "init": "start", "k": "K"}


#: Settings that say nothing of what comes out.
ASIDE = {"layer", "live", "add_quantized", "add_labels", "add_centers"}


@dataclass(frozen=True)
class DockSettings:
    """What is chosen and typed; of a number that is none, the text that was typed.

    Attributes
    ----------
    layer : napari.layers.Layer or None
        The layer to cluster, or one of several that are its channels.
    scope : Scope
        The whole image, ``Scope()``; each plane along some axes on its own,
        ``Scope((0,))``; or, with ``current=True``, the one that is shown.
    k, max_iter, attempts, seed : int or str
        As for `quantize` and `Criteria`.
    criteria : {"both", "max iterations", "epsilon"}
        What ends an iteration.
    epsilon : float
        The distance, in the layer's units, below which centers are at rest.
    init : {"random", "k-means++", "optimal", "Labels layer"}
        How attempts start: of the last, from `start_labels`.
    start_labels : napari.layers.Labels or None
        Labels 1..k where they are to start from, and 0 elsewhere.
    color_space, scaling : str
        As for `quantize`.
    mask : napari.layers.Labels, napari.layers.Shapes or None
        What is outside of its labels, or shapes, is left out.
    no_data : str
        The value that stands for none; empty where there is no such value.
    add_quantized, add_labels, add_centers : bool
        Which layers are wanted.
    live : bool
        Whether results follow what is chosen.
    """

    layer: Layer | None = None
    scope: Scope = field(default_factory=Scope)
    k: int | str = 5
    criteria: str = BOTH
    max_iter: int | str = 10
    epsilon: float = 1.0
    attempts: int | str = FIT["attempts"]
    init: str = RANDOM
    start_labels: Labels | None = None
    seed: int | str = FIT["seed"]
    color_space: str = READ["color_space"]
    scaling: str = "none"
    mask: Labels | Shapes | None = None
    no_data: str = ""
    add_quantized: bool = True
    add_labels: bool = True
    add_centers: bool = True
    live: bool = True

    @classmethod
    def preferred(cls) -> DockSettings:
        """Return those that a dock begins with, as its user prefers them."""
        mine = preferences()
        return cls(
            k=mine.k, color_space=mine.color_space, seed=mine.seed, live=mine.live
        )

    @property
    def idle(self) -> set[str]:
        """The settings that, because of others, do not count."""
        if self.init == OPTIMAL:
            return {"criteria", "max_iter", "epsilon", "attempts", "seed"}
        return {EPSILON: {"max_iter"}, MAX_ITER: {"epsilon"}}.get(self.criteria, set())

    @property
    def essence(self) -> dict[str, Any]:
        """Those that say what comes out, by name."""
        return {name: value for name, value in vars(self).items() if name not in ASIDE}

    def fitting(self, default: float) -> FitOptions:
        """Return how to cluster, as options of `fit`; what does not count is left out.

        Parameters
        ----------
        default : float
            The epsilon that stands for the default, of which not all digits are shown.

        Raises
        ------
        ValueError
            Where one that counts is not valid.
        """
        if self.init == OPTIMAL:
            return {"init": OPTIMAL}
        epsilon = None if self.epsilon == default else self.epsilon
        return {
            "criteria": Criteria(
                None if "max_iter" in self.idle else self.integer("max_iter"),
                0.0 if "epsilon" in self.idle else epsilon,
            ),
            "attempts": check_attempts(self.integer("attempts")),
            "init": RANDOM if self.init == LABELS else self.init,
            "seed": check_seed(self.integer("seed")),
        }

    def roles(self, *, points: bool) -> list[str]:
        """Return which layers to add; of points there is no quantized image."""
        possible = ROLES[points:]
        roles = [role for role in possible if getattr(self, f"add_{role}")]
        if not roles:
            titles = ", ".join(role.capitalize() for role in possible)
            raise ValueError(f"Add should have one of {titles} ticked, but has none.")
        return roles

    def integer(self, name: str) -> int:
        """Return a setting that should be an integer."""
        if isinstance(value := getattr(self, name), str):
            raise ValueError(f"{name}={value!r} should be an integer.")
        return int(value)

    def number(self) -> float | int | None:
        """Return the value that stands for no data; None where there is none."""
        if not (text := self.no_data.strip()):
            return None
        with suppress(ValueError):
            if math.isfinite(value := float(text)):
                whole = text.lstrip("+-").isdecimal()
                return int(text) if whole else value  # as a float, it may be another
        raise ValueError(f"no data={self.no_data!r} should be a number or empty.")


def said_of(shown: DockSettings, now: DockSettings) -> str:
    """Return that the settings differ from those of what is shown, and in what.

    Examples
    --------
    >>> said_of(DockSettings(k=5), DockSettings(k=7))
    'Not run yet: K 5 → 7'
    >>> said_of(DockSettings(k=5), DockSettings(k=5, live=False))
    ''
    """
    said = changes(shown, now)
    return f"Not run yet: {said}" if said else ""


def changes(before: DockSettings, now: DockSettings) -> str:
    """Return in what settings differ, as far as it counts.

    Examples
    --------
    >>> changes(DockSettings(k=5, seed=0), DockSettings(k=7, seed=1))
    'K 5 → 7, seed 0 → 1'
    """
    idle = before.idle & now.idle
    said = []
    for name, was in before.essence.items():
        is_now = getattr(now, name)
        if was == is_now or name in idle:
            continue
        title = TITLES.get(name, name.replace("_", " "))
        plain = all(isinstance(value, (int, float, str)) for value in (was, is_now))
        said.append(f"{title} {was} → {is_now}" if plain else title)
    return ", ".join(said)
