"""Blanks: images of which no pixel takes part, as a tile that is all transparent."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..core.cluster.moments import Moments
from ..core.reading.held import HeldSamples
from ..core.results.image import QuantizedImage

if TYPE_CHECKING:
    from typing import TypeGuard

    from ..core.palettes.palette import Palette
    from ..core.reading.fit import ImageSamples


def is_blank(samples: ImageSamples) -> TypeGuard[HeldSamples]:
    """Whether an image that is held has no pixel that takes part."""
    return isinstance(samples, HeldSamples) and not samples.n


def emptied(palette: Palette) -> Palette:
    """Return a palette as it is measured on no pixels."""
    none, means = np.zeros(palette.k), palette.moments.means
    return replace(
        palette,
        counts=np.zeros(palette.k, np.int64),
        compactness=0.0,
        moments=Moments(means, none, none, np.zeros(means.shape)),
    )


def unlabeled(samples: HeldSamples, palette: Palette) -> QuantizedImage:
    """Return an image as it is, with label 0 everywhere."""
    own, pixels = emptied(palette), samples.pixels
    return QuantizedImage(
        labels=np.zeros(samples.shape, palette.quantizer.label_dtype),
        centers=own.centers,
        counts=own.counts,
        compactness=own.compactness,
        n_iter=own.n_iter,
        converged=own.converged,
        n_excluded=sum(samples.excluded.values()),
        asked=own.present.k,
        method="refined",
        settings=own.settings,
        quantized=samples.layout.restore(pixels.image.copy()),
        palette=own,
        n_colors=0,
        value_range=own.value_range,
        layout=samples.layout,
        excluded={reason: n for reason, n in samples.excluded.items() if n},
        mask=samples.mask,
    )
