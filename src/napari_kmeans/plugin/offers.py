"""Offers: what there is to choose from in the dock, for the layers there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .layers import is_result
from .regions import is_region
from .settings import BOTH, EPSILON, LABELS, MAX_ITER, OPTIMAL, PLUSPLUS, RANDOM
from .sources import Scope, axis_name, full_resolution, image_shape, sliders

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Image, Layer

    #: What can be chosen: titles, and what they stand for.
    Choices = list[tuple[str, Any]]

WHOLE, PLANE, EACH = "whole image", "current plane", "each plane along"

#: Titles that stand for no layer: where one has to be chosen, and where it need not.
CHOOSE, NONE = "choose a layer", "-----"

#: The settings of which none is a choice, too.
OPTIONAL = {"start_labels", "mask"}


class Offers:
    """What can be chosen for each setting.

    Attributes
    ----------
    chosen : list of Layer
        The layers that would be clustered, on which most offers depend.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self.chosen: list[Layer] = []

    def of(self, setting: str, _widget: Any = None) -> Choices:
        """Return the choices for a setting; nothing for one that is typed or ticked."""
        offer = {
            "layer": self._layers,
            "scope": self._scopes,
            "criteria": lambda: _same(BOTH, MAX_ITER, EPSILON),
            "init": self._inits,
            "start_labels": self._start_labels,
            "color_space": lambda: [
                ("RGB", "rgb"),
                ("CIELAB", "cielab"),
                ("Oklab", "oklab"),
            ],
            "scaling": lambda: [
                ("none", "none"),
                ("equal range", "range"),
                ("equal variance", "variance"),
            ],
            "mask": self._regions,
        }.get(setting)
        return offer() if offer else []

    @property
    def images(self) -> list[Image]:
        """The Image layers that would be clustered."""
        from napari.layers import Image

        return [layer for layer in self.chosen if isinstance(layer, Image)]

    def sources(self) -> list[Layer]:
        """Return the layers that are chosen where they are active, or at first.

        A result of ours is not: it is rarely meant to be clustered again.
        """
        return [layer for layer in self._clusterable() if not is_result(layer)]

    def _clusterable(self) -> list[Layer]:
        from napari.layers import Image, Points

        return [
            layer for layer in self._viewer.layers if isinstance(layer, (Image, Points))
        ]

    def _layers(self) -> Choices:
        """Offer what can be clustered; nothing at first, where all are results."""
        sources, layers = self.sources(), self._clusterable()
        results = [layer for layer in layers if layer not in sources]
        none: Choices = [(CHOOSE, None)]
        first = none if results and not sources else []
        return [*first, *map(_titled, [*sources, *results])]

    def _scopes(self) -> Choices:
        """Offer what can be clustered together: all, a plane, or each."""
        axes = sliders(self._viewer.dims, self.images[0]) if self.images else ()
        if not axes:
            return [(WHOLE, Scope())]
        # One by one, as the frames of a movie of volumes, and all together.
        some = [(axis,) for axis in axes] if len(axes) > 1 else []
        image = self.images[0]
        each = [
            (f"{EACH} {', '.join(axis_name(image, a) for a in group)}", Scope(group))
            for group in [*some, axes]
        ]
        return [(WHOLE, Scope()), (PLANE, Scope(axes, current=True)), *each]

    def _inits(self) -> Choices:
        """Offer the starts; points have no pixels that a Labels layer could label."""
        images = self.images
        if not images:
            return _same(RANDOM, PLUSPLUS)
        gray = len(images) == 1 and not images[0].rgb
        return _same(RANDOM, PLUSPLUS, *([OPTIMAL] if gray else []), LABELS)

    def _start_labels(self) -> Choices:
        """Offer the Labels that fit the image."""
        from napari.layers import Labels

        return [
            _titled(layer)
            for layer in self._viewer.layers
            if isinstance(layer, Labels)
            and self.images
            and full_resolution(layer).shape == image_shape(self.images[0])
        ]

    def _regions(self) -> Choices:
        """Offer the layers that can be a mask."""
        return [_titled(layer) for layer in self._viewer.layers if is_region(layer)]


def _same(*titles: str) -> Choices:
    """Return choices that are what they are called."""
    return [(title, title) for title in titles]


def _titled(layer: Layer) -> tuple[str, Layer]:
    """Return a layer with its name, unless that stands for no layer."""
    return f"{layer.name} " if layer.name in (CHOOSE, NONE) else layer.name, layer
