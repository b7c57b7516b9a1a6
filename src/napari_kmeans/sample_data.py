"""Sample data: what File > Open Sample offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .layers.metadata import LayerData

#: Rows and columns of the large picture: 14,155,776 pixels.
LARGE = (3072, 4608)

# Napari counts rows downward; a plot has its first axis to the right, its second up.
_AS_PLOTTED = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]])


def photo() -> list[LayerData]:
    """Return a color photo of a cup of coffee: (400, 600, 3) uint8."""
    from skimage.data import coffee

    image = coffee()  # type: ignore[no-untyped-call]
    return [(image, {"name": "coffee", "rgb": True}, "image")]


def microscopy() -> list[LayerData]:
    """Return stained tissue under the microscope, in color: (512, 512, 3) uint8."""
    from skimage.data import immunohistochemistry

    image = immunohistochemistry()  # type: ignore[no-untyped-call]
    return [(image, {"name": "immunohistochemistry", "rgb": True}, "image")]


def blobs() -> list[LayerData]:
    """Return 100 points in 5 Gaussian clusters, drawn as a plot has its axes.

    The points are those of scikit-learn's ``make_blobs(n_samples=100, centers=5,
    cluster_std=1.5, random_state=10)``, bit for bit: (100, 2) float64. The feature
    ``true_cluster`` is the cluster, 1 to 5, that each was drawn from.
    """
    random = np.random.RandomState(10)
    centers = random.uniform(-10, 10, (5, 2))
    points = np.concatenate([random.normal(center, 1.5, (20, 2)) for center in centers])
    order = random.permutation(100)
    attributes: dict[str, Any] = {
        "name": "blobs",
        "features": {"true_cluster": np.repeat(np.arange(1, 6), 20)[order]},
        "affine": _AS_PLOTTED,
        "size": 0.5,
    }
    return [(points[order], attributes, "points")]


def large() -> list[LayerData]:
    """Return the tissue enlarged to 14,155,776 pixels: (3072, 4608, 3) uint8.

    Gray noise of standard deviation 8 gives it some 340,000 distinct colors, about as
    many as a photo of this size has.
    """
    from skimage.data import immunohistochemistry

    from .core.cluster.opencv import enlarge

    picture = immunohistochemistry()  # type: ignore[no-untyped-call]
    picture = enlarge(picture, LARGE)
    random = np.random.default_rng(0)
    for band in np.split(picture, 12):
        noise = random.normal(0, 8, (*band.shape[:2], 1))
        np.clip(np.rint(band + noise), 0, 255, out=band, casting="unsafe")
    attributes = {"name": "immunohistochemistry 14 megapixels", "rgb": True}
    return [(picture, attributes, "image")]
