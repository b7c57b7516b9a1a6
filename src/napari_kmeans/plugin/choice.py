"""Choice: the layers to cluster and the settings, following what is in the viewer."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from ..core.arrays import goes_by_blocks
from .epsilon import Epsilon
from .offers import OPTIONAL, Offers
from .settings import LABELS, RANDOM, TITLES, DockSettings
from .sources import full_resolution

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from napari.components import ViewerModel
    from napari.layers import Layer

#: Events of layers that change what is offered, what a run would find, or if it can be.
_TOUCHES = {
    *("name", "data", "paint"),
    *("translate", "scale", "rotate", "shear", "affine", "units"),
}


class Choice:
    """What is chosen in the dock, of what there is in a viewer.

    Parameters
    ----------
    viewer : napari.components.ViewerModel

    Attributes
    ----------
    changed : psygnal.Signal
        Emitted when what is chosen, or can be, may have changed.
    moved : psygnal.Signal
        Emitted when other layers are to be clustered than before.
    lost : psygnal.Signal
        Emitted with a line for each choice that could not stay.
    touched : psygnal.Signal
        Emitted when something may have changed that a run depends on: a setting, a
        layer, or the plane that is shown.
    settings : DockSettings
    offers : Offers
        What can be chosen.
    epsilon : Epsilon
        The default for the layers to cluster.
    held : bool
        Whether layers that come and go leave the choice as it is for now.
    """

    changed, moved, touched = Signal(), Signal(), Signal()
    lost = Signal(str)

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self.settings, self.offers = DockSettings.preferred(), Offers(viewer)
        self.epsilon, self.held = Epsilon(), False
        self._offered = {name: self.offers.of(name) for name in ("scope", "init")}
        self._followed: list[Layer] = []
        self._watched: set[Layer] = set()
        self._set: dict[tuple[UUID, ...], DockSettings] = {}
        self._edits: Counter[UUID] = Counter()
        dims, layers = viewer.dims.events, viewer.layers
        # Of a new layer, those of the dimensions come first.
        for event in (
            *(layers.events.inserted, layers.events.removed, layers.events.reordered),
            *(layers.selection.events.changed, dims.ndim, dims.order, dims.ndisplay),
        ):
            event.connect(self.follow)
        dims.point.connect(self._on_point)
        self.follow()

    @property
    def sources(self) -> list[Layer]:
        """The layers to cluster: the one chosen, or the images selected with it."""
        return self.offers.chosen

    def change(self, **settings: Any) -> None:
        """Choose or type something; raise where it cannot be chosen."""
        for name, value in settings.items():
            choices = [choice for _, choice in self.offers.of(name)]
            optional = name in OPTIONAL and value is None
            if choices and value not in choices and not optional:
                raise ValueError(f"{name}={value!r} should be one of {choices!r}.")
        before, self.settings = self.settings, replace(self.settings, **settings)
        if self.settings == before:
            return
        if self.settings.layer is before.layer:
            self.changed.emit()
        else:
            self._take()
        self._set[self._ids] = self.settings
        self.touched.emit()

    @property
    def _ids(self) -> tuple[UUID, ...]:
        return tuple(layer.unique_id for layer in self.sources)

    # -- the layers to cluster -----------------------------------------------------

    def follow(self, _event: Any = None) -> None:
        """Choose what was selected since; another that was chosen by hand stays."""
        if self.held:
            return
        offered = [layer for _, layer in self.offers.of("layer")]
        layer, selected = self.settings.layer, self._selected
        if layer not in offered:
            layer = offered[0] if offered else None
        if selected != self._followed:
            self._followed = selected
            if selected and layer not in selected:
                layer = selected[0]
        self.settings = replace(self.settings, layer=layer)
        if not selected and layer in self.sources and {*self.sources} <= {*offered}:
            self._renew_all()  # a result, or seeds, are selected: channels stay
        else:
            self._take()

    @property
    def _selected(self) -> list[Layer]:
        """The layers selected of those that are followed, in their order."""
        selection = self._viewer.layers.selection
        return [layer for layer in self.offers.sources() if layer in selection]

    def _take(self) -> None:
        """Take the layer chosen, or the images selected with it, to be clustered."""
        from napari.layers import Image

        layer = self.settings.layer
        images = [one for one in self._selected if isinstance(one, Image)]
        sources = images if layer in images else [] if layer is None else [layer]
        if sources != self.sources:
            self.offers.chosen = sources
            self._restore()
            self.moved.emit()
            self._show_epsilon()
        self._renew_all()

    def _restore(self) -> None:
        """Choose what was chosen for these layers before, as far as it is there."""
        if (before := self._set.get(self._ids)) is None:
            lazy = any(goes_by_blocks(full_resolution(layer)) for layer in self.sources)
            live = DockSettings.preferred().live and not lazy
            self.settings = replace(self.settings, live=live)
            return
        now: dict[str, Any] = {"layer": self.settings.layer}
        now["epsilon"] = self.settings.epsilon  # which remembers by itself
        for name in ("scope", "init", *OPTIONAL):
            choices = self.offers.of(name)
            there = getattr(before, name) in [choice for _, choice in choices]
            if not there and not (name in OPTIONAL and getattr(before, name) is None):
                now[name] = getattr(self.settings, name)
            elif name in self._offered:
                self._offered[name] = choices
        self.settings = replace(before, **now)

    def _show_epsilon(self) -> None:
        epsilon = self.epsilon.of(self.sources, self.settings.epsilon)
        self.settings = replace(self.settings, epsilon=epsilon)

    # -- what goes with them -------------------------------------------------------

    def _renew_all(self) -> None:
        """Choose what goes with the layers; say what does not any more."""
        lost = {"scope": self._renew("scope")}
        start = self._renew("start_labels")
        if start and self.settings.init == LABELS:
            self.settings = replace(self.settings, init=RANDOM)
            lost["init"] = start
        else:
            lost["init"] = self._renew("init")
        lost["mask"] = self._renew("mask")
        said = [self._said(name, was) for name, was in lost.items() if was]
        if said:
            self.lost.emit("\n".join(said))
        self._watch()
        self.changed.emit()

    def _renew(self, name: str) -> str | Layer | None:
        """Choose anew where what was chosen is gone, and return that, or its title.

        Layers are the same whatever their name, all else is by its title.
        """
        chosen, choices = getattr(self.settings, name), self.offers.of(name)
        lost: str | Layer | None = None
        if name in OPTIONAL:
            if chosen is not None and chosen not in [layer for _, layer in choices]:
                lost, chosen = chosen, None
        else:
            title = next(t for t, choice in self._offered[name] if choice == chosen)
            lost = None if title in dict(choices) else title
            chosen = dict(choices).get(title, choices[0][1])
            self._offered[name] = choices
        self.settings = replace(self.settings, **{name: chosen})
        return lost

    def _said(self, name: str, was: str | Layer) -> str:
        """Return what is chosen instead of what cannot be any more, and why."""
        chosen = getattr(self.settings, name)
        titles = [title for title, choice in self.offers.of(name) if choice == chosen]
        now = f"{TITLES.get(name, name)} is {titles[0] if titles else 'none'} again"
        title = was if isinstance(was, str) else was.name
        if was is not title and was not in self._viewer.layers:
            return f"{now}: {title!r} is gone."
        sources = ", ".join(repr(layer.name) for layer in self.sources)
        return f"{now}: {title!r} does not fit {sources}."

    # -- what becomes of layers ----------------------------------------------------

    def _watch(self) -> None:
        """Listen to the layers there are, and to no others."""
        layers = {*self._viewer.layers}
        for layer in self._watched ^ layers:
            for name in _TOUCHES & {*layer.events.emitters}:
                event = layer.events[name]
                if layer in layers:
                    event.connect(self._on_touched)
                else:
                    event.disconnect(self._on_touched)
        self._watched = layers

    def _on_touched(self, event: Any) -> None:
        """Heed that a layer has a new name, or that one that was chosen has changed."""
        if event.type == "name":
            self.follow()
            return
        settings = self.settings
        if event.type in ("data", "paint") or event.source is settings.mask:
            self._edits[event.source.unique_id] += 1
        if event.source in (*self.sources, settings.start_labels, settings.mask):
            if event.type == "data" and event.source in self.sources:
                self._show_epsilon()
            self._renew_all()
        self.touched.emit()

    def edits_of(self, layers: Iterable[Layer | None]) -> int:
        """Return how often data of layers have changed; of a mask, its place, too."""
        return sum(self._edits[one.unique_id] for one in layers if one is not None)

    def _on_point(self, _event: Any) -> None:
        self.touched.emit()

    # -- what has a meaning --------------------------------------------------------

    @property
    def hidden(self) -> set[str]:
        """The settings, and "channels", that have no meaning for the layers."""
        images = self.offers.images
        rgb, several = bool(images) and bool(images[0].rgb), len(images) > 1
        shown = {
            "start_labels": self.settings.init == LABELS,
            "channels": several,
            "scope": len(self.offers.of("scope")) > 1,
            "color_space": rgb,
            "scaling": rgb or several,
            "mask": bool(images),
            "no_data": bool(images),
        }
        return {name for name, is_shown in shown.items() if not is_shown}

    @property
    def disabled(self) -> set[str]:
        """The settings that, because of others or of the layers, do not count."""
        points = self.sources and not self.offers.images
        return self.settings.idle | ({"add_quantized"} if points else set())
