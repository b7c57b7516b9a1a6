"""Distances: where they are measured, and how channels are scaled for that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .. import kernels
from .frame import Frame
from .samples import Samples

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

#: Relative luminance of linear RGB (ITU-R BT.709), as in scikit-image's rgb2gray.
LUMINANCE = np.array([0.2125, 0.7154, 0.0721])


@dataclass(frozen=True)
class Space:
    """Where distances are measured.

    Attributes
    ----------
    rgb : bool
        Whether the channels are red, green and blue.
    name : str
        Of the color space: "rgb" for the values as they are; "ciede2000" where
        distances are not Euclidean.
    scaling : {"none", "range", "variance"} or tuple of float
        What the channels are multiplied by.
    full : float
        The value of full intensity.
    """

    rgb: bool
    name: str
    scaling: str | tuple[float, ...]
    full: float

    @property
    def converted(self) -> Frame | None:
        """The frame of another color space; None for the values as they are."""
        if self.name == "rgb":
            return None
        return Frame((0,) * 3, space=self.name, full=self.full)

    @property
    def scaled(self) -> bool:
        """Whether channels are multiplied."""
        return self.scaling != "none"

    def luminance(self, frame: Frame, n_channels: int) -> NDArray[np.float64] | None:
        """Return what to order clusters by; None for the mean of the channels."""
        if frame.converts:
            return np.array([1.0, 0.0, 0.0])  # its first channel is the lightness
        if not frame.scale:
            return LUMINANCE if self.rgb else None
        bright = LUMINANCE if self.rgb else np.full(n_channels, 1 / n_channels)
        return np.asarray(bright / np.array(frame.scale))


def framing(
    space: Space,
) -> Callable[[NDArray[np.float64], NDArray[np.float64]], Frame] | None:
    """Return what makes the frame of counted colors; None for the usual one."""
    if not (space.converted or space.scaled):
        return None

    def framed(values: NDArray[np.float64], counts: NDArray[np.float64]) -> Frame:
        frame = space.converted or Frame(tuple(int(row.min()) for row in values))
        if not space.scaled:
            return frame
        samples = Samples(frame.forward(list(values)), counts, frame, False, None)
        return replace(frame, scale=scale_of(samples, space.scaling))

    return framed


def scale_of(samples: Samples, scaling: str | tuple[float, ...]) -> tuple[float, ...]:
    """Return what to multiply the channels by; the widest of them by one."""
    if not isinstance(scaling, str):
        return scaling
    reach = samples.maxima - samples.minima
    if scaling == "variance":
        n = samples.total_weight
        splitters = splitters_of([*reach, *reach**2], n, samples.n)
        summing = samples.each(_powers, samples.minima, splitters)
        sums = np.sum((summing), axis=0).sum(axis=-1)
        first, second = np.split(sums / n, 2)
        reach = np.sqrt(np.maximum(second - first**2, 0))
    widest = reach.max() or 1.0
    return tuple(float(widest / r) if r > 0 else 1.0 for r in reach)


def splitters_of(
    reach: Sequence[float], total_weight: float, n: int
) -> NDArray[np.float64]:
    """Return what splits addends of a given reach, (n, 2): see `kernels`."""
    quanta = [kernels.quanta(float(r), total_weight, n) for r in reach]
    return kernels.SPLITTER * np.array(quanta)


def _powers(
    samples: Samples, origin: NDArray[np.float64], splitters: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return exact sums of the channels less `origin`, and of their squares."""
    sums = np.zeros((2 * samples.n_channels, 2))
    for channel, row in enumerate(samples.values):
        centered = row - origin[channel]
        for power in (1, 2):
            addends = centered**power
            if samples.weights.size:
                addends = addends * samples.weights
            at = channel + (power - 1) * samples.n_channels
            high, low = kernels.halves(addends, *splitters[at])
            sums[at] += high.sum(), low.sum()
    return sums
