"""Tabulation: the clusters of each region that a layer says, as a table."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core.palettes.colors import hexadecimal
from ..core.run.progress import stage
from .job import Question
from .regions import is_region, numbers, region_names

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from napari.layers import Labels, Shapes

    from .clusters import Clusters
    from .job import Job

#: Which part of it is done, about, once each pixel has the number of its region.
PLACED = 0.3


class Tabulation:
    """The table of the clusters of each region; knows no Qt.

    Parameters
    ----------
    clusters : Clusters

    Examples
    --------
    >>> import numpy as np
    >>> from napari.components import ViewerModel
    >>> from napari_kmeans.plugin.clusters import Clusters
    >>> from napari_kmeans.plugin.model import KMeansModel
    >>> viewer = ViewerModel()
    >>> _ = viewer.add_image(np.array([[1, 2], [8, 9]], np.uint8), name="tiny")
    >>> leaves = viewer.add_labels(np.array([[3, 5], [3, 0]]))
    >>> model = KMeansModel(viewer)
    >>> model.change(k=2)
    >>> model.run()
    >>> table = Tabulation(Clusters(model)).of(leaves)
    >>> table[["region", "label", "pixels"]].to_numpy().tolist()
    [[3, 1, 1], [3, 2, 1], [5, 1, 1], [5, 2, 0]]
    """

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    @property
    def layers(self) -> list[Labels | Shapes]:
        """The layers whose regions can be told of: not those that show the clusters."""
        model = self._clusters.model
        there: list[Any] = [*model.viewer.layers]
        return [one for one in there if is_region(one) and not model.shows(one)]

    def of(self, layer: Labels | Shapes) -> pd.DataFrame:
        """Return the table of the clusters of each region of a layer.

        Parameters
        ----------
        layer : napari.layers.Labels or napari.layers.Shapes
            Wherever it lies in the world. Each label, or shape, is a region; where
            shapes overlap, a pixel is of the one on top.

        Returns
        -------
        pandas.DataFrame
            As `tabulate` returns it, areas in the units of the image; with a column
            ``region name`` where the layer's features have names, in a column "name".

        Raises
        ------
        TypeError, ValueError
            Where there are no clusters of an image, or the layer has no regions in it.
        """
        found: list[pd.DataFrame] = []
        job = self._job(layer, found.append)
        if job.question is not None:
            job.question.then(job.question.ask(None, job), job)
        return found[0]

    def save(self, path: Path | str, layer: Labels | Shapes) -> None:
        """Write that table as CSV, by what does the model's jobs."""

        def write(table: pd.DataFrame) -> None:
            table.to_csv(path, index=False)
            self._clusters.wrote.emit(f"Saved {Path(path).name}.")

        self._clusters.model.do(partial(self._job, layer, write))

    def _job(self, layer: Labels | Shapes, take: Callable[[pd.DataFrame], Any]) -> Job:
        """Return the job of making the table, which is then handed on."""
        clusters = self._clusters
        result = clusters.shown and clusters.shown.result
        looks = Looks(clusters.pixel, hexadecimal(clusters.colors), region_names(layer))

        def ask(_samples: None, job: Job) -> pd.DataFrame:
            return _table(job, result, layer, looks)

        def then(table: pd.DataFrame, _job: Job) -> None:
            take(table)

        return clusters.model.told_of(Question(ask, then, reads=False))


class Looks(NamedTuple):
    """What a table tells of pixels, clusters and regions.

    Attributes
    ----------
    pixel : (float, str)
        Their area, or volume, and its unit.
    colors : list of str
        In which clusters are seen: hexadecimal.
    names : dict
        Of regions, by their numbers.
    """

    pixel: tuple[float, str]
    colors: list[str]
    names: dict[int, str]


def _table(job: Job, result: Any, layer: Labels | Shapes, looks: Looks) -> pd.DataFrame:
    """Return the table, in whatever thread."""
    from ..core.results.image import QuantizedImage
    from ..core.tabulation import tabulate

    if job.reading is None:
        raise TypeError("reading=None should be how an image is read.")
    with stage("Regions", 0, PLACED):
        source: Any = job.sources[0]
        regions = numbers(layer, source)[job.reading.cut]
    (size, unit), image = looks.pixel, job.reading.image()
    with stage("", PLACED):
        table = tabulate(image, result, regions, pixel_area=size, unit=unit)
    if isinstance(result, QuantizedImage):
        table["color"] = [looks.colors[label - 1] for label in table["label"]]
    if looks.names:
        named = table["region"].map(looks.names).fillna("")
        table.insert([*table].index("region") + 1, "region name", named)
    return table
