"""The result of a batch: of each image, made when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

import numpy as np

from ..core import validation
from ..core.palettes.measuring import check_alike, measured
from ..core.quantize import painted_samples
from ..core.results.image import QuantizedImage
from ..core.run.progress import follow, stage
from ..core.tabulation import Part, area_of, part_of, table_of
from .blank import emptied, is_blank, unlabeled
from .images import called

if TYPE_CHECKING:
    import pandas as pd

    from ..core.palettes.palette import Palette
    from ..core.reading.source import Source
    from ..core.run.progress import Report
    from .images import Images


@dataclass(frozen=True, eq=False, repr=False)
class QuantizedMany(Sequence[QuantizedImage]):
    """Images quantized together: a sequence of a `QuantizedImage` for each.

    Each is made when it is asked for: its image is read then, and labeled by its
    palette. None is kept.

    Attributes
    ----------
    palette : Palette or None
        That of all images; None where each has its own.
    palettes : tuple of Palette
        That of each.
    names : tuple of str or int
        The path of each image, or its place among those given where it has none.
    failed : dict
        Why images were left out, by their names: of what was to skip them.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_kmeans import quantize_many
    >>> images = [np.array([[1, 2, 9]], np.uint8), np.array([[8, 2]], np.uint8)]
    >>> many = quantize_many(images, k=2)
    >>> many
    QuantizedMany(2 images, 2 clusters: 1 #151515 60.0 %, 2 #efefef 40.0 %)
    >>> [result.labels.tolist() for result in many]
    [[[1, 1, 2]], [[2, 1]]]
    """

    palette: Palette | None
    palettes: tuple[Palette, ...]
    failed: dict[str | int, str]
    images: Images = field(repr=False)
    #: What was found of each image with its palette, once that is known.
    known: dict[int, Part] = field(default_factory=dict, repr=False)

    @property
    def names(self) -> tuple[str | int, ...]:
        """The path of each image, or its place among those given."""
        return self.images.names

    def __len__(self) -> int:
        """Return how many images there are."""
        return len(self.images)

    @overload
    def __getitem__(self, index: int) -> QuantizedImage: ...

    @overload
    def __getitem__(self, index: slice) -> list[QuantizedImage]: ...

    def __getitem__(self, index: int | slice) -> QuantizedImage | list[QuantizedImage]:
        """Read an image, and return it quantized."""
        places = range(len(self))[index]
        if isinstance(places, range):
            return [self[place] for place in places]
        images, palette = self.images, self.palettes[places]
        given = images.items[places], images.read, images.kind, False
        result: QuantizedImage = follow(lambda: called(*given, painted, palette))
        self.known[places] = part_of(result.palette, result.excluded)
        return result

    def table(
        self,
        pixel_area: float = 1.0,
        unit: str = "",
        *,
        progress: Report | None = None,
    ) -> pd.DataFrame:
        """Return a table with a row for each image and cluster.

        What is not known yet is counted: images are read for that, several at a time.

        Parameters
        ----------
        pixel_area : float, default 1.0
            What area, or volume, a pixel has; above 0.
        unit : str, optional
            Of that area, such as ``"µm²"``.
        progress : callable, optional
            As for `quantize`.

        Returns
        -------
        pandas.DataFrame
            Columns ``file`` (see `names`), ``label``, ``name``, ``color`` (hexadecimal)
            ``pixels``, ``share``, where a pixel's area or a unit was given ``area`` or
            ``area (unit)``, ``compactness`` (the sum of the squared distances of these
            pixels to their center), and for each reason why pixels of any image were
            left out, how many of its image were: ``left out: masked`` and so on.

        Raises
        ------
        TypeError, ValueError
            Where an argument is not as described, or an image cannot be read.

        Examples
        --------
        >>> import numpy as np
        >>> from napari_kmeans import quantize_many
        >>> images = [np.array([[1, 2, 9]], np.uint8), np.array([[8, 2]], np.uint8)]
        >>> table = quantize_many(images, k=2).table(0.5, "mm²")
        >>> table[["file", "label", "pixels", "area (mm²)"]].to_numpy().tolist()
        [[0, 1, 2, 1.0], [0, 2, 1, 0.5], [1, 1, 1, 0.5], [1, 2, 1, 0.5]]
        """
        area = area_of(pixel_area, unit)
        validation.check_progress(progress)
        follow(self._measure, progress)
        rows = [self.known[place] for place in range(len(self))]
        return table_of(rows, {"file": np.array(self.names, object)}, area)

    def _measure(self) -> None:
        """Count the clusters of images of which that is not known."""
        unknown = [at for at in range(len(self)) if at not in self.known]
        if not unknown:
            return
        images, palettes = self.images.among(unknown), self.palettes
        with stage("Counting"):
            _, rows, _ = images.each(counted, [(palettes[at],) for at in unknown])
        self.known.update(zip(unknown, rows, strict=True))

    def __repr__(self) -> str:
        """Return a line with how many images there are, and their clusters."""
        return f"QuantizedMany({self._said})"

    def _repr_html_(self) -> str:
        """Return a line with how many images there are, and a table of the clusters."""
        if self.palette is None:
            return f"<p>{self._said}</p>"
        return f"<p>{self._n}</p>{self.palette._repr_html_()}"

    @property
    def _n(self) -> str:
        n = "1 image" if len(self) == 1 else f"{len(self):,} images"
        return f"{n}, {len(self.failed):,} left out" if self.failed else n

    @property
    def _said(self) -> str:
        if self.palette is None:
            return f"{self._n}, each with its own clusters"
        return f"{self._n}, {repr(self.palette)[len('Palette(') : -1]}"


def painted(source: Source, palette: Palette) -> QuantizedImage:
    """Label and paint an image; where no pixel takes part, it stays as it is."""
    samples = source.read()
    check_alike(samples, palette)
    if is_blank(samples):
        return unlabeled(samples, palette)
    return painted_samples(samples, palette)


def counted(source: Source, palette: Palette) -> Part:
    """Return what a palette is told of an image."""
    samples = source.read()
    if is_blank(samples):
        return part_of(emptied(palette), samples.excluded)
    fit, own = measured(samples, palette)
    return part_of(own, fit.excluded)
