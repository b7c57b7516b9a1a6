"""Mixers: what labels pixels so that their colors, seen from afar, are mixed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .. import kernels
from ..run.progress import at
from ..run.threads import map_blocks, n_parallel, spans
from ..spaces import to_light, way
from .thresholds import SIZE, void_and_cluster

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data.pixels import Pixels
    from ..palettes.quantizer import Quantizer

#: Distances to centers that are measured without a pause, about.
PART = 2**26

#: Pixels whose light is held at once, about.
MOST_PIXELS = 2**20

#: Colors between which ways are looked for.
MOST = 2**12

#: Light of red, green and blue, as the eye adds them up.
LUMINANCE = (0.2126, 0.7152, 0.0722)


@dataclass(frozen=True)
class Mixer:
    """Labels the pixels of RGB images.

    Light is what is mixed: the values of sRGB, decoded. The nearest center is found
    where the palette measures distances, as the eye does not see light evenly: nearest
    in light, all that is dark would be alike.

    Attributes
    ----------
    quantizer : Quantizer
        For the dtype of the images.
    method : {"diffusion", "ordered"}
    strength : float
        The part of what is left over that is handed on.
    """

    quantizer: Quantizer
    method: Literal["diffusion", "ordered"]
    strength: float

    def __call__(self, pixels: Pixels, *places: NDArray[np.intp]) -> NDArray[Any]:
        """Return the labels of pixels, 1..k, and 0 for those left out.

        Parameters
        ----------
        pixels : Pixels
            Whole planes, but where ordered.
        *places : (height,) and (width,) intp, optional
            Where in their plane the rows and columns are.
        """
        height, width = pixels.shape[-2:]
        image = pixels.image.reshape(-1, height, width, pixels.image.shape[-1])
        valid = self._valid(pixels).reshape(-1, height, width)
        labels = np.empty(valid.shape, self.quantizer.label_dtype)
        n_rows = max(1, min(PART // self._weight, MOST_PIXELS) // width)
        for plane in range(len(labels)):
            errors = np.zeros((2, width + 2, 3))
            for start, stop in spans(height, n_rows):
                at((plane + start / height) / len(labels))
                some = slice(start, stop)
                given = image[plane, some], valid[plane, some], labels[plane, some]
                if self.method == "diffusion":
                    self._diffuse(*given, start, errors)
                else:
                    rows, columns = places or (np.arange(height), np.arange(width))
                    self._mix(*given, rows[some], columns)
        return labels.reshape(pixels.shape)

    def _valid(self, pixels: Pixels) -> NDArray[np.bool_]:
        """Return which pixels the palette labels."""
        valid, quantizer = pixels.valid()[0], self.quantizer
        if quantizer.reject is not None or not self._owned.all():
            return quantizer.label(pixels, valid) > 0
        return np.ones(pixels.size, np.bool_) if valid is None else valid

    def _diffuse(
        self,
        image: NDArray[Any],
        valid: NDArray[np.bool_],
        labels: NDArray[Any],
        first: int,
        errors: NDArray[np.float64],
    ) -> None:
        given: Any = self._light(image), valid, *self._given, first, errors, labels
        kernels.diffuse(*given)

    def _mix(
        self,
        image: NDArray[Any],
        valid: NDArray[np.bool_],
        labels: NDArray[Any],
        rows: NDArray[np.intp],
        columns: NDArray[np.intp],
    ) -> None:
        bright = (self._painted * LUMINANCE).sum(axis=1)
        ranks = np.argsort(np.argsort(bright, kind="stable"))
        thresholds = void_and_cluster() * kernels.MIXED // SIZE**2

        def part(start: int, stop: int) -> None:
            some = slice(start, stop)
            places = ranks, thresholds, rows[some], columns
            given: Any = (*self._given, *places, labels[some])
            kernels.mix(self._light(image[some]), valid[some], *given)

        map_blocks(part, len(labels), -(-len(labels) // n_parallel()))

    @property
    def _weight(self) -> int:
        """How many distances are measured for a pixel."""
        n_centers = len(self.quantizer.centers)
        return n_centers * (kernels.MIXED if self.method == "ordered" else 1)

    def _light(self, image: NDArray[Any]) -> NDArray[np.float64]:
        """Return the light of pixels, or of colors, (..., at least 3): (..., 3)."""
        values = image[..., :3]
        if values.dtype.kind == "u" and values.dtype.itemsize <= 2:
            return np.ascontiguousarray(self._table[values])
        return to_light(values.astype(np.float64) / self._full)

    @cached_property
    def _table(self) -> NDArray[np.float64]:
        return to_light(np.arange(self._full + 1) / self._full)

    @property
    def _full(self) -> float:
        """The value of full intensity."""
        dtype = self.quantizer.values.dtype
        return float(np.iinfo(dtype).max) if dtype.kind in "iu" else 1.0

    @cached_property
    def _painted(self) -> NDArray[np.float64]:
        """The light of the clusters, (k, 3)."""
        return self._light(self.quantizer.values)

    @property
    def _owners(self) -> NDArray[np.intp]:
        """The cluster of each center, from 0; -1 of one that labels no pixel."""
        owners = self.quantizer.owners
        return np.arange(len(self.quantizer.centers)) if owners is None else owners

    @property
    def _owned(self) -> NDArray[np.bool_]:
        return self._owners >= 0

    @cached_property
    def _given(self) -> tuple[Any, ...]:
        """What kernels are to know of the palette."""
        frame, centers = self.quantizer.frame, self.quantizer.centers
        into, curve, out = way(frame.space)
        if frame.converts:
            scale = np.ones(3)
        else:
            # Values of sRGB, from 0 to 1, as the frame has them: but for its origin.
            scale = np.full(3, self._full / frame.unit)
            centers = centers - frame.relative(np.zeros((1, 3)))
        if frame.scale:
            scale = scale * frame.scale
        return (
            into,
            curve(np.arange(kernels.LOW, 2 + 1 / kernels.STEPS, 1 / kernels.STEPS)),
            scale[:, np.newaxis] * out,
            np.ascontiguousarray(centers[self._owned]),
            self._owners[self._owned],
            self._painted,
            np.stack([self._painted.min(axis=0), self._painted.max(axis=0)]),
            self.strength,
            self._most,
        )

    @property
    def _most(self) -> float:
        """How much may be left over of a pixel, at the most.

        The longest way from a color to the next on the shortest ways to all of them,
        which is what it takes to mix two, and half of that again, to mix several. Were
        there no limit, what cannot be mixed would add up, and run over into what can.
        """
        from scipy.cluster.hierarchy import linkage

        some = self._painted[:: 1 + len(self._painted) // MOST]
        if len(some) == 1:
            return 0.0
        return 1.5 * float(linkage(some, "single")[:, 2].max())
