"""Clouds: the colors of clusters in a viewer of their own, and what is done there."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
from psygnal import Signal

from .job import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari.components import ViewerModel
    from napari.layers import Points
    from numpy.typing import NDArray

    from ..core.palettes.palette import Palette
    from ..core.reading.fit import ImageSamples
    from ..layers.metadata import LayerData
    from .clusters import Clusters
    from .job import Job

#: How opaque colors of clusters are that are faded, and how large for their size.
FADED, SHRUNK = 0.3, 0.4

#: From where a cloud in space is seen at first: no axis hides another; and how much
#: closer than where all corners of its box would be seen.
ANGLES, CLOSER = (-20.0, 35.0, 145.0), 1.2

#: What of a layer depends on the clusters, in the order in which it is to be set.
FOLLOWING = (
    *("scale", "axis_labels", "features", "face_color", "size"),
    *("border_width", "border_color", "text"),
)


class Content(NamedTuple):
    """What a cloud shows.

    Attributes
    ----------
    layers : list of (data, attributes, type)
        What `cloud` has returned.
    palette : Palette
    of : tuple
        Of which layers the colors are.
    name : str
        What these are called.
    """

    layers: list[LayerData]
    palette: Palette
    of: tuple[Any, ...]
    name: str


def question(clusters: Clusters, then: Callable[[Content, Job], None]) -> Question:
    """Return the question where the colors of clusters are; the answer is a content."""
    palette, sources = cast("Palette", clusters.palette), clusters.model.sources
    name = ", ".join(source.name for source in sources)
    of = tuple(source.unique_id for source in sources)

    def ask(samples: ImageSamples, _job: Job) -> Content:
        from ..layers.cloud import cloud

        return Content(cloud(samples, palette), palette, of, name)

    return Question(ask, then)


class Cloud:
    """The colors of clusters in a viewer, to be selected there; knows no Qt.

    Clusters that are selected are those of the colors that are selected, and their
    colors are shown larger and stronger than the others.

    Parameters
    ----------
    clusters : Clusters
    viewer : napari.components.ViewerModel
        A viewer of its own.

    Attributes
    ----------
    picked : psygnal.Signal
        Emitted when other colors are selected, or the mouse is to select some.
    """

    picked = Signal()

    def __init__(self, clusters: Clusters, viewer: ViewerModel) -> None:
        self.clusters, self.viewer = clusters, viewer
        self._content: Content | None = None
        self._layers: list[Points] = []
        self._own = False
        clusters.looked.connect(self._on_looked)

    def stop(self) -> None:
        """Follow the clusters no more."""
        self.clusters.looked.disconnect(self._on_looked)

    @property
    def is_stale(self) -> bool:
        """Whether there are other clusters than those that are shown."""
        now, there = self.clusters.palette, self._content
        of = tuple(source.unique_id for source in self.clusters.model.sources)
        return there is None or now != there.palette or of != there.of

    # -- what is shown -------------------------------------------------------------

    def show(self, content: Content) -> None:
        """Show other colors, or the same in other clusters; the camera stays there."""
        before, self._content = self._content, content
        self.viewer.title = f"Colors of {content.name}"
        with self._by_itself():
            there = all(layer in self.viewer.layers for layer in self._layers)
            ndim = content.layers[0][0].shape[1]
            if before is None or not there or self._layers[0].ndim != ndim:
                self._add(content.layers)
            else:
                for layer, (data, attributes, _) in self._pairs:
                    dress(layer, data, attributes)
            self._paint()
        labels = self._layers[0].axis_labels
        self.viewer.dims.axis_labels = labels
        if before is None or labels != before.layers[0][1]["axis_labels"]:
            self._look()
        if self._labels:
            self._on_picked()
        self.picked.emit()

    def clear(self) -> None:
        """Show nothing: there are no clusters that have colors."""
        self._content = None
        self.viewer.title = "Colors"
        with self._by_itself():
            self._remove()
        self.picked.emit()

    @property
    def _pairs(self) -> list[tuple[Points, LayerData]]:
        """The layers that are there, and what they are to show."""
        if self._content is None:
            return []
        pairs = zip(self._layers, self._content.layers, strict=True)
        return [pair for pair in pairs if pair[0] in self.viewer.layers]

    def _add(self, made: list[LayerData]) -> None:
        from napari.layers import Layer

        self._remove()
        self._layers = [cast("Points", Layer.create(*one)) for one in made]
        for layer in self._layers:
            self.viewer.add_layer(layer)
            layer.selected_data = set()
            layer.selected_data.events.items_changed.connect(self._on_picked)
            layer.events.data.connect(self._on_data)
            layer.events.mode.connect(lambda _event: self.picked.emit())
        self.viewer.layers.selection.active = self._layers[0]

    def _remove(self) -> None:
        for layer in self._layers:
            if layer in self.viewer.layers:
                self.viewer.layers.remove(layer)
        self._layers = []

    def _look(self) -> None:
        """Look at it from where one sees all of it, with axes."""
        viewer, layer = self.viewer, self._layers[0]
        camera, axes = camera_and_axes(viewer)
        axes.visible = axes.labels = True
        if layer.ndim == 3:
            viewer.dims.ndisplay = 3
            viewer.reset_view()
            camera.angles = ANGLES
            camera.zoom *= CLOSER
        else:
            viewer.dims.ndisplay = 2
            camera.orientation2d = ("up", "right")
            viewer.reset_view()

    def _paint(self) -> None:
        """Let what is looked at stand out, and hide what is hidden."""
        clusters = self.clusters
        for layer, (_, attributes, _) in self._pairs:
            labels = attributes["features"]["label"].to_numpy()
            hidden = np.isin(labels, [*clusters.hidden])
            if layer is not self._layers[0]:  # centers stay, to show the way
                layer.shown = ~hidden
                continue
            faded = np.zeros(len(labels), bool)
            if clusters.alone and clusters.selected:
                faded = ~np.isin(labels, clusters.selected)
            colors, size = attributes["face_color"].copy(), attributes["size"].copy()
            colors[faded, 3] *= FADED
            size[faded] *= SHRUNK
            layer.face_color = layer.border_color = colors
            layer.size, layer.shown = size, ~hidden

    # -- what is selected ----------------------------------------------------------

    @property
    def colors(self) -> NDArray[Any]:
        """The values of the colors that are selected: (n, n_channels)."""
        from ..layers.cloud import value_names

        if not self._pairs or self._content is None:
            return np.empty((0, 1))
        layer, (_, attributes, _) = self._pairs[0]
        names = value_names(self._content.palette)
        values = attributes["features"][names].to_numpy()
        return np.asarray(values[sorted(layer.selected_data)])

    def add(self) -> None:
        """Make a cluster of what is nearest to the mean of the colors selected."""
        colors = self.colors.astype(np.float64)
        if not len(colors):
            raise ValueError(
                "There should be colors to make a cluster of: select some."
            )
        layer, (_, attributes, _) = self._pairs[0]
        pixels = attributes["features"]["pixels"].to_numpy()
        weights = pixels[sorted(layer.selected_data)]
        mean = np.average(colors, axis=0, weights=weights)
        # That of equal colors may be another by rounding.
        mean = np.clip(mean, colors.min(axis=0), colors.max(axis=0))
        self.clusters.add(mean.tolist())

    @property
    def selecting(self) -> bool:
        """Whether the mouse selects colors; else it turns and moves the view."""
        return any(str(layer.mode) == "select" for layer, _ in self._pairs)

    @selecting.setter
    def selecting(self, on: bool) -> None:
        if on and self._layers:
            self.viewer.layers.selection.active = self._layers[0]
        for layer, _ in self._pairs[:1]:
            layer.mode = "select" if on else "pan_zoom"

    @property
    def _labels(self) -> set[int]:
        """The clusters of what is selected, colors and centers."""
        found: set[int] = set()
        for layer, (_, attributes, _) in self._pairs:
            labels = attributes["features"]["label"].to_numpy()
            found |= {*labels[sorted(layer.selected_data)].tolist()}
        return found

    def _on_picked(self, *_: Any) -> None:
        # Where points are deleted or added, they are put back before long.
        whole = all(len(layer.data) == len(data) for layer, (data, *_) in self._pairs)
        if self._own or not whole:
            return
        with self._by_itself():
            labels = self._labels
            self.clusters.select(labels)
            self.clusters.isolate(bool(labels))
            self._paint()
        self.picked.emit()

    def _on_looked(self) -> None:
        if self._own:
            return
        with self._by_itself():
            if self._labels != {*self.clusters.selected}:
                for layer, _ in self._pairs:
                    layer.selected_data = set()
            self._paint()
        self.picked.emit()

    def _on_data(self, _event: Any) -> None:
        """Put back what was dragged or deleted: colors are where they are."""
        if self._own:
            return
        with self._by_itself():
            for layer, (data, attributes, _) in self._pairs:
                dress(layer, data, attributes)
            self._paint()
        self._on_picked()

    @contextmanager
    def _by_itself(self) -> Iterator[None]:
        """Heed no signals of what is done here."""
        before, self._own = self._own, True
        try:
            yield
        finally:
            self._own = before


def dress(layer: Points, data: Any, attributes: dict[str, Any]) -> None:
    """Let points of a layer be those of layer data."""
    if not np.array_equal(layer.data, data):
        layer.selected_data = set()
        layer.data = data
    for name in FOLLOWING:
        if name in attributes:
            setattr(layer, name, attributes[name])


def camera_and_axes(viewer: ViewerModel) -> tuple[Any, Any]:
    """Return the camera and the axes of a viewer, in whatever version of napari."""
    scene = getattr(viewer, "scene", None)
    if scene is None:
        return viewer.camera, viewer.axes
    return scene.camera, scene.overlays.axes
