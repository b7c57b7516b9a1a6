"""Pointing: a click on a pixel selects its cluster, and the cursor tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .clusters import Clusters

#: Pixels of the screen that a hand may move between press and release of a click.
STEADY = 4


class Pointing:
    """What listens to the mouse over the canvas.

    Parameters
    ----------
    clusters : Clusters
    hovered : callable
        Gets the label below the cursor, 0 for none.

    Attributes
    ----------
    label : int
        The latest of these.
    """

    def __init__(self, clusters: Clusters, hovered: Callable[[int], None]) -> None:
        self._clusters, self._hovered = clusters, hovered
        self.label = 0
        self._viewer = clusters.model.viewer

    def listen(self, listening: bool = True) -> None:
        """Listen, or no more."""
        for callbacks, mine in (
            (self._viewer.mouse_drag_callbacks, self._on_press),
            (self._viewer.mouse_move_callbacks, self._on_move),
        ):
            if listening and mine not in callbacks:
                callbacks.append(mine)
            elif not listening and mine in callbacks:
                callbacks.remove(mine)

    def _on_press(self, _viewer: Any, event: Any) -> Iterator[None]:
        begun = np.array(event.pos)
        yield
        while event.type == "mouse_move":
            yield
        if np.abs(np.array(event.pos) - begun).max() <= STEADY and self._is_free:
            label = self._clusters.at(event.position)
            more = "Shift" in event.modifiers or "Control" in event.modifiers
            self._select(label, more=more)

    @property
    def _is_free(self) -> bool:
        """Whether a click means nothing else: to draw, or to pick."""
        active = self._viewer.layers.selection.active
        return active is None or str(active.mode) == "pan_zoom"

    def _select(self, label: int, *, more: bool) -> None:
        """Select a cluster; beside those that are, or among them no more."""
        clusters = self._clusters
        before = {*clusters.selected} if more else set()
        clusters.select(before ^ {label} if label else before)
        clusters.isolate(bool(clusters.selected))

    def _on_move(self, _viewer: Any, event: Any) -> None:
        label = self._clusters.at(event.position)
        if label != self.label:
            self.label = label
            self._hovered(label)
