"""Measure the package and its peers on color pictures."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .workloads import Workload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Color pictures that come with scikit-image.
PICTURES = (
    "astronaut",
    "chelsea",
    "coffee",
    "hubble_deep_field",
    "immunohistochemistry",
    "retina",
    "rocket",
    "stereo_motorcycle",
)

#: What to reach: K, and the part above the best compactness known.
TARGETS = {8: 1e-4, 16: 5e-4, 64: 2e-3, 256: 5e-3}

#: Of OpenCV, scikit-learn and faiss: attempts up to a K, and one beyond it.
ATTEMPTS, MANY = 10, 16


def picture(shape: tuple[int, ...], name: str) -> NDArray[np.uint8]:
    """Return the upper left of a picture of scikit-image."""
    import skimage.data

    found = getattr(skimage.data, name)()
    if isinstance(found, tuple):  # left and right views, and disparities
        found = found[0]
    return found[: shape[0], : shape[1]]


def workload(name: str, k: int, shape: tuple[int, ...] | None = None) -> Workload:
    """Return a picture to be quantized to K colors, whole or its upper left."""
    whole: Any = (None, None)
    return Workload(
        f"{name} K={k}",
        name,
        partial(picture, name=name),
        picture(whole, name).shape[:2] if shape is None else shape,
        k,
        epsilon=1.0,
        channel_axis=-1,
        attempts=ATTEMPTS if k <= MANY else 1,
    )
