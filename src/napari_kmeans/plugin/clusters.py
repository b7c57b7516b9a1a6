"""Clusters: those of the layer that is chosen, to be looked at and changed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from psygnal import Signal

from ..core.palettes.colors import hexadecimal, spectral
from ..core.palettes.edit import Edit
from .job import Question
from .maps import levels_of, show_map
from .palettes import Palettes
from .script import Fitted, code
from .seeds import add_seeds
from .sources import part, pixel_size, sliders
from .steps import CleanUp
from .veil import canvas_color, is_veiled, unveiled, veil

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    import pandas as pd
    from napari.layers import Labels
    from numpy.typing import NDArray

    from ..core.palettes.palette import Palette
    from ..core.reading.fit import ImageSamples
    from .bench import Shown
    from .history import History
    from .job import Job
    from .model import KMeansModel
    from .steps import Step


class Clusters(Palettes):
    """What can be seen of clusters, and done to them; knows no Qt.

    Every change is a step of the model's history, that can be undone. Clusters are told
    by their labels, 1..k.

    Parameters
    ----------
    model : KMeansModel

    Attributes
    ----------
    changed : psygnal.Signal
        Emitted when there are other clusters, or the same with other names or colors.
    looked : psygnal.Signal
        Emitted when others are selected, hidden or isolated.

    Examples
    --------
    >>> from napari.components import ViewerModel
    >>> from napari_kmeans.plugin.model import KMeansModel
    >>> viewer = ViewerModel()
    >>> _ = viewer.add_image(np.array([[1, 2], [8, 20]], np.uint8), name="tiny")
    >>> model = KMeansModel(viewer)
    >>> clusters = Clusters(model)
    >>> model.change(k=3)
    >>> model.run()
    >>> clusters.merge([2, 3])
    >>> clusters.rename(2, "bright")
    >>> viewer.layers["tiny labels"].data.tolist(), clusters.palette.names
    ([[1, 1], [2, 2]], ('', 'bright'))
    >>> [step.name for step in model.history.values]
    ['K=3', 'Merge 2, 3', 'Name 2 bright']
    """

    changed, looked = Signal(), Signal()

    def __init__(self, model: KMeansModel) -> None:
        super().__init__(model)
        model.shown.connect(self._on_shown)
        model.choice.touched.connect(self._on_touched)
        self._told_in: tuple[float, str] = self.pixel
        self._on_shown()

    # -- what there is -------------------------------------------------------------

    @property
    def history(self) -> History[Step]:
        """The steps that led to the clusters."""
        return self.model.history

    @property
    def k(self) -> int:
        """How many clusters there are."""
        return int(self.shown.result.k) if self.shown else 0

    @property
    def table(self) -> pd.DataFrame:
        """A row a cluster: label, name, color, share, pixels, area, center and more."""
        import pandas as pd

        if self.shown is None:
            return pd.DataFrame()
        result = self.shown.result
        if self.palette is not None:
            palette: Palette = replace(result.palette, counts=result.counts)
            table: pd.DataFrame = palette.table(*self.pixel)
            table["color"] = hexadecimal(self.colors)
            if (cleaned := self.shown.cleaned) is not None:
                before = dict(zip(cleaned.index, cleaned.counts_before, strict=True))
                table["pixels before"] = table["label"].map(before).fillna(0)
                table["pixels before"] = table["pixels before"].astype("int64")
            return table
        features: pd.DataFrame = getattr(result, "summary", result).features
        return features.rename(columns={"index": "label"})

    @property
    def colors(self) -> NDArray[np.float64]:
        """The colors in which labels are shown, none hidden or faded: (k, 3)."""
        if (layer := self.layer) is not None:
            return unveiled(layer)[1 : self.k + 1, :3]
        result = self.shown.result if self.shown else None
        colors = getattr(getattr(result, "summary", result), "colors", None)
        return spectral(self.k) if colors is None else np.asarray(colors)  # of points

    @property
    def _labels(self) -> Any:
        """The labels that layers show."""
        if self.shown is None:
            raise ValueError("There should be clusters: run first.")
        return self.shown.result.labels

    @property
    def pixel(self) -> tuple[float, str]:
        """The area, or volume, of a pixel in the layer's units, and what these are."""
        sources = self.model.sources
        return pixel_size(sources[0]) if sources else (1.0, "")

    @property
    def planes(self) -> tuple[int, ...]:
        """The axes of the labels along which the planes that are seen lie."""
        images = self.model.choice.offers.images
        return sliders(self.model.viewer.dims, images[0]) if images else ()

    @property
    def layer(self) -> Labels | None:
        """The Labels layer that shows the clusters, where it is there."""
        there = self.model.viewer.layers
        for layer in self.shown.layers if self.shown else []:
            if layer in there and layer._type_string == "labels":
                return cast("Labels", layer)
        return None

    def at(self, position: Sequence[float]) -> int:
        """Return the label at a position in the world; 0 where there is none."""
        layer = self.layer
        if layer is None:
            return 0
        value = layer.get_value(position, world=True)
        if isinstance(value, tuple):  # of several levels
            value = value[1]
        return int(value or 0)

    def said(self, label: int) -> str:
        """Return number, name and share of a cluster."""
        if self.shown is None or not 1 <= label <= self.k:
            return ""
        name = self.palette.names[label - 1] if self.palette else ""
        share = 100 * float(self._shares[label - 1])
        return f"{label} {name}, {share:.1f} %" if name else f"{label}, {share:.1f} %"

    def share_of(self, labels: Collection[int]) -> float:
        """Return which part of the pixels some clusters have together."""
        return float(sum(self._shares[label - 1] for label in labels))

    @property
    def _shares(self) -> Any:
        result = cast("Shown", self.shown).result
        return getattr(result, "summary", result).shares

    @property
    def _source(self) -> Any:
        """What was clustered, as a layer, or a list of those that were its channels."""
        sources, reading = self.model.sources, self.shown and self.shown.reading
        if reading and reading.cut:
            sources = [part(source, reading.cut) for source in sources]
        return sources[0] if len(sources) == 1 else sources

    # -- what is looked at ---------------------------------------------------------

    @property
    def selected(self) -> tuple[int, ...]:
        """The labels that are selected, ascending."""
        return self.model.bench.look.selected

    @property
    def hidden(self) -> frozenset[int]:
        """The labels that are not shown."""
        return self.model.bench.look.hidden

    @property
    def alone(self) -> bool:
        """Whether those that are selected are shown alone: the others are faded."""
        return self.model.bench.look.alone

    def select(self, labels: Collection[int]) -> None:
        """Select clusters, and no others."""
        self._look(selected=tuple(sorted({*labels})))

    def isolate(self, alone: bool = True) -> None:
        """Show those that are selected alone, or all again."""
        self._look(alone=alone)

    def hide(self, labels: Collection[int]) -> None:
        """Show clusters no more, and all others as they are."""
        rest = tuple(label for label in self.selected if label not in {*labels})
        self._look(hidden=self.hidden | {*labels}, selected=rest, alone=False)

    def reveal(self, labels: Collection[int] | None = None) -> None:
        """Show clusters again; by default all."""
        self._look(hidden=self.hidden - {*(self.hidden if labels is None else labels)})

    def _look(self, **look: Any) -> None:
        if any(getattr(self, name) != value for name, value in look.items()):
            bench = self.model.bench
            bench.look = bench.look._replace(**look)
            self._veil()
            self.looked.emit()

    def _veil(self) -> None:
        """Let the Labels layer show what is looked at."""
        if (layer := self.layer) is None:
            return
        faded: set[int] = set()
        if self.alone and self.selected:
            faded = {*range(1, self.k + 1)} - {*self.selected}
        veil(layer, self.hidden, faded, canvas_color(self.model.viewer))

    def _unveil(self) -> None:
        """Show all of labels that are the user's now, such as those that were kept."""
        for layer in self.model.viewer.layers:
            if is_veiled(layer) and not self.model.shows(layer):
                veil(cast("Labels", layer), (), ())

    def _on_touched(self) -> None:
        """Tell areas anew where the layer has another scale, or other units."""
        if self.pixel != self._told_in:
            self._told_in = self.pixel
            self.changed.emit()

    def _on_shown(self) -> None:
        """Look at what those that were looked at have become."""
        bench = self.model.bench
        self._told_in = self.pixel
        bench.look = bench.look.at(self.palette)
        self._unveil()
        self._veil()
        self.changed.emit()

    # -- what is done --------------------------------------------------------------

    def edit(self, method: str, *args: Any, **kwargs: Any) -> None:
        """Change the palette by one of its methods, and show it.

        Parameters
        ----------
        method : str
            Such as "merge".
        *args, **kwargs
            What it gets, but for samples.
        """
        self.model.do(partial(self.model.edited, Edit(method, args, kwargs)))

    def merge(self, labels: Sequence[int], name: str | None = None) -> None:
        """Make several clusters one."""
        self.edit("merge", [*labels], **({} if name is None else {"name": name}))

    def split(self, label: int, k: int = 2) -> None:
        """Make several clusters of one, by k-means inside it."""
        self.edit("split", label, k=k)

    def add(self, center: Sequence[float]) -> None:
        """Make a cluster of the pixels that are nearest to a further center."""
        self.edit("add", [*center])

    def delete(self, labels: Sequence[int]) -> None:
        """Give the pixels of clusters to those nearest to them."""
        self.edit("delete", [*labels])

    def merge_closer(self, distance: float, place: int | None = None) -> None:
        """Merge clusters that are closer to each other than a distance.

        Parameters
        ----------
        distance : float
        place : int, optional
            The step of the history to do it to; by default the current.
        """
        edit = Edit("merge_closer", (distance,), {})
        self.model.do(partial(self.model.edited, edit, place))

    def rename(self, label: int, name: str) -> None:
        """Give a cluster a name."""
        names = self.palette.names if self.palette else ()
        if name not in names[label - 1 : label]:
            self.edit("rename", label, name)

    def recolor(self, label: int, color: Sequence[float] | str) -> None:
        """Show, and paint, a cluster in a color."""
        self.edit("recolor", label, color if isinstance(color, str) else tuple(color))

    def lock(self, labels: Sequence[int], *, locked: bool = True) -> None:
        """Lock clusters, so that a further run leaves them as they are, or unlock."""
        self.edit("lock", *labels, **({} if locked else {"locked": False}))

    def reorder(self, by: str | Sequence[int]) -> None:
        """Order clusters by "brightness", "share" or "hue", or as one likes."""
        self.edit("reorder", by)

    def despeckle(self, size: int, axes: tuple[int, ...] = ()) -> None:
        """Give components of fewer pixels to a neighbor; 0 leaves all as they are."""
        self._clean(size=size, axes=axes)

    def reject(self, least: float) -> None:
        """Leave out pixels whose label is less sure than that; 0 leaves out none.

        Parameters
        ----------
        least : float
            The least margin of a pixel that stays, 0 to 1.
        """
        self._clean(least=least)

    def _clean(self, **clean_up: Any) -> None:
        step = self.model.step
        now = CleanUp() if step is None else step.clean_up
        wanted = now._replace(**clean_up)
        if wanted != now:
            self.model.do(partial(self.model.cleaned, wanted))

    def show_errors(self, metric: str = "distance") -> None:
        """Add a layer that shows how far each pixel is from its center.

        Parameters
        ----------
        metric : {"distance", "ciede2000"}
            In the units of the image, or, of images in color, as seen by the eye.
        """
        from ..core.maps import error_map

        name = "error" if metric == "distance" else "CIEDE2000"
        self._show_map(name, error_map, metric=metric)

    def show_margins(self) -> None:
        """Add a layer that shows how sure the label of each pixel is, from 0 to 1."""
        from ..core.maps import margin_map

        self._show_map("margin", margin_map)

    def _show_map(self, name: str, of: Callable[..., Any], **given: Any) -> None:
        """Add a map of an image as a layer, or put it into the one that is there."""
        model, mapped = self.model, partial(of, palette=self._palette, **given)

        def ask(samples: ImageSamples, job: Job) -> list[Any]:
            return levels_of(job, samples.mask, mapped)

        def then(levels: list[Any], job: Job) -> None:
            show_map(model.viewer, job, name, levels)

        model.do(partial(model.asked, Question(ask, then)))

    def undo(self) -> None:
        """Go back by a step."""
        self.model.undo()

    def redo(self) -> None:
        """Go forth by a step that was undone."""
        self.model.redo()

    def go(self, place: int) -> None:
        """Go to a step of the history, by its place in it."""
        if place != self.history.place or (place >= 0 and self.palette is None):
            self.model.do(partial(self.model.gone, place))

    def add_center(self) -> None:
        """Let the next clicks on the image add centers for the next run to start from.

        They are points of a layer of their own: drag one out of the image, or delete
        it, to take it back.
        """
        images = self.model.choice.offers.images
        if not images:
            raise ValueError("Centers should be added to an image, not to points.")
        viewer = self.model.viewer
        layer = add_seeds(viewer, images)
        viewer.layers.selection.active = layer
        layer.mode = "add"

    # -- what is taken away --------------------------------------------------------

    def save_table(self, path: Path | str) -> None:
        """Write the table as CSV; of planes on their own, with rows for each."""
        table = self.table
        if self.shown is not None and hasattr(self.shown.result, "summary"):
            table = self.shown.result.features.rename(columns={"index": "label"})
        table.to_csv(path, index=False)
        self.wrote.emit(f"Saved {Path(path).name}.")

    def save_indexed(self, path: Path | str) -> None:
        """Write the labels as an indexed PNG in the colors of their clusters."""
        from ..files.indexed import write_indexed

        labels, shown = self._labels, self.shown
        if shown and shown.reading:
            labels = labels[shown.reading.flat_cut]
        write_indexed(path, labels, self._palette)
        self.wrote.emit(f"Saved {Path(path).name}.")

    def apart(self) -> None:
        """Add the labels as one layer a cluster."""
        from napari.layers import Layer

        from ..layers.parts import one_layer_each

        for data in one_layer_each(self._labels, self._palette, self._source):
            self.model.viewer.add_layer(Layer.create(*data))

    @property
    def code(self) -> str:
        """Python that makes this very result, edits included."""
        if self.shown is None:
            raise ValueError("There should be clusters to copy as Python: run first.")
        step, model = self.model.step, self.model
        if step is None or step.run.reading is None:
            raise ValueError(
                "There should be clusters of an image to copy as Python, not of "
                "points, or of planes each on its own."
            )
        reading, settings, clean_up = step.run.reading, step.run.settings, step.clean_up
        started = any(isinstance(one, Fitted) and one.started for one in step.made)
        return code(
            cast("Any", model.sources),
            step.made,
            read=reading.options,
            cut=reading.cut,
            by_blocks=reading.by_blocks,
            mask=settings.mask if settings else None,
            start_labels=settings.start_labels if settings and started else None,
            rejected=clean_up.least,
            despeckled=clean_up.despeckled,
        )
