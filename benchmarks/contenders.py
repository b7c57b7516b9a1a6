"""Contenders: ways to do a workload, each with the calls its own users would write.

Each takes the data and gives centers, labels and, for images, the quantized image.
What a library needs for that, conversions included, is part of its time and memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import distribution, packages_distributions
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from .workloads import Workload

    Array = NDArray[Any]


class Answer(NamedTuple):
    """What a contender found; None for what it does not give.

    `centers` is (k, n_channels) in the units of the data.
    """

    centers: Array | None
    labels: Array | None
    quantized: Array | None


class SkippedError(Exception):
    """Why a contender has no measurement."""


@dataclass(frozen=True)
class Contender:
    """A way to do a workload with the library of an importable module."""

    key: str
    title: str
    module: str
    run: Callable[[Array, Workload], Answer]
    only_rgb8: bool = False

    @property
    def installed(self) -> bool:
        return find_spec(self.module) is not None

    @property
    def version(self) -> str:
        """Name and version of the distribution that has the module."""
        # An editable install does not list its modules.
        names = packages_distributions().get(self.module, [self.module])
        found = distribution(names[0])
        return f"{found.name} {found.version}"

    def check(self, data: Array, workload: Workload) -> None:
        """Raise `SkippedError` if it cannot do a workload."""
        if not self.installed:
            raise SkippedError("not installed")
        if self.only_rgb8 and not (workload.rgb and data.dtype == np.uint8):
            raise SkippedError("takes 8-bit RGB only")


def cluster(data: Array, workload: Workload, **settings: Any) -> Any:
    """Call the package: `kmeans` for points, `quantize` for images."""
    from napari_kmeans import kmeans, quantize

    if workload.points:
        return kmeans(data, workload.k, **settings)
    axis = None if workload.rgb else workload.channel_axis
    return quantize(data, workload.k, rgb=workload.rgb, channel_axis=axis, **settings)


def ours(data: Array, workload: Workload, seed: int = 0) -> Answer:
    """Take the defaults, but for what the workload asks."""
    from napari_kmeans import Criteria

    found = cluster(
        data,
        workload,
        criteria=Criteria(workload.max_iter, workload.epsilon),
        attempts=workload.attempts,
        seed=seed,
    )
    return Answer(found.centers, found.labels, getattr(found, "quantized", None))


def _opencv(rows: Array, workload: Workload, flags: int) -> tuple[Array, Array]:
    """Return the centers and labels of OpenCV."""
    import cv2

    kind = cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER
    criteria = (kind, workload.max_iter, workload.epsilon)
    cv2.setRNGSeed(0)
    k, attempts = workload.k, workload.attempts
    _, labels, centers = cv2.kmeans(rows, k, None, criteria, attempts, flags)
    return centers, labels


def opencv(data: Array, workload: Workload) -> Answer:
    """Do what OpenCV's tutorial on color quantization does."""
    import cv2

    rows = np.float32(workload.rows(data))
    centers, labels = _opencv(rows, workload, cv2.KMEANS_RANDOM_CENTERS)
    return Answer(centers, labels, workload.paint(data, centers, labels))


def opencv_spread(data: Array, workload: Workload) -> Answer:
    """Start by k-means++, the other flag that OpenCV has."""
    import cv2

    rows = np.float32(workload.rows(data))
    centers, labels = _opencv(rows, workload, cv2.KMEANS_PP_CENTERS)
    return Answer(centers, labels, workload.paint(data, centers, labels))


def opencv_sampled(data: Array, workload: Workload) -> Answer:
    """Fit 12,000 pixels by k-means++ and assign all: the few lines by hand."""
    import cv2
    from scipy.cluster.vq import vq

    rows = np.float32(workload.rows(data))
    random = np.random.default_rng(0)
    index = random.choice(len(rows), min(len(rows), 12_000), replace=False)
    centers, _ = _opencv(rows[index], workload, cv2.KMEANS_PP_CENTERS)
    labels, _ = vq(rows, centers)
    return Answer(centers, labels, workload.paint(data, centers, labels))


def _scikit_learn(rows: Array, workload: Workload, counts: Array | None = None) -> Any:
    from sklearn.cluster import KMeans

    # Its tolerance is of the squared shift, as a part of the mean variance.
    tolerance = workload.epsilon**2 / float(rows.var(axis=0).mean())
    return KMeans(
        workload.k,
        n_init=workload.attempts,
        max_iter=workload.max_iter,
        tol=tolerance,
        random_state=0,
    ).fit(rows, sample_weight=counts)


def scikit_learn(data: Array, workload: Workload) -> Answer:
    found = _scikit_learn(np.float32(workload.rows(data)), workload)
    centers, labels = found.cluster_centers_, found.labels_
    return Answer(centers, labels, workload.paint(data, centers, labels))


def scikit_learn_sampled(data: Array, workload: Workload) -> Answer:
    """Fit 1,000 pixels and predict all, as scikit-learn's example does."""
    rows = np.float32(workload.rows(data))
    index = np.random.default_rng(0).integers(len(rows), size=1000)
    found = _scikit_learn(rows[index], workload)
    centers, labels = found.cluster_centers_, found.predict(rows)
    return Answer(centers, labels, workload.paint(data, centers, labels))


def scikit_learn_counted(data: Array, workload: Workload) -> Answer:
    """Fit the distinct colors with their counts as weights."""
    rows = workload.rows(data)
    colors, inverse, counts = np.unique(
        rows, axis=0, return_inverse=True, return_counts=True
    )
    found = _scikit_learn(np.float32(colors), workload, counts)
    centers, labels = found.cluster_centers_, found.labels_[inverse.ravel()]
    return Answer(centers, labels, workload.paint(data, centers, labels))


def _faiss(data: Array, workload: Workload, **settings: Any) -> Answer:
    import faiss

    rows = np.ascontiguousarray(workload.rows(data), np.float32)
    found = faiss.Kmeans(
        rows.shape[1],
        workload.k,
        niter=workload.max_iter,
        nredo=workload.attempts,
        seed=0,
        **settings,
    )
    found.train(rows)
    _, labels = found.assign(rows)
    return Answer(
        found.centroids, labels, workload.paint(data, found.centroids, labels)
    )


def faiss_sampled(data: Array, workload: Workload) -> Answer:
    """Take its default: at most 256 pixels for each center."""
    return _faiss(data, workload)


def faiss(data: Array, workload: Workload) -> Answer:
    return _faiss(data, workload, max_points_per_centroid=workload.n)


def pillow(data: Array, workload: Workload) -> Answer:
    """Refine Pillow's median cut until at most ten pixels change their color."""
    from PIL import Image

    found = Image.fromarray(data).quantize(
        workload.k, method=Image.Quantize.MEDIANCUT, kmeans=10
    )
    palette = np.array(found.getpalette()).reshape(-1, 3)[: workload.k]
    return Answer(palette, np.array(found), np.array(found.convert("RGB")))


def libimagequant(data: Array, workload: Workload) -> Answer:
    """Quantize without dithering, at the highest quality."""
    from imagequant import quantize_raw_rgba_bytes

    rows, columns = workload.shape
    rgba = np.full((rows, columns, 4), 255, np.uint8)
    rgba[..., :3] = data
    pixels, palette = quantize_raw_rgba_bytes(
        rgba.tobytes(), columns, rows, dithering_level=0.0, max_colors=workload.k
    )
    labels = np.frombuffer(pixels, np.uint8)
    # The palette is filled up to 256.
    centers = np.array(palette).reshape(-1, 4)[: int(labels.max()) + 1, :3]
    return Answer(centers, labels, workload.paint(data, centers, labels))


def copy(data: Array, workload: Workload) -> Answer:  # noqa: ARG001
    return Answer(None, None, data.copy())


CONTENDERS = (
    Contender("ours", "napari-kmeans", "napari_kmeans", ours),
    Contender("opencv", "cv2.kmeans, every pixel", "cv2", opencv),
    Contender("opencv++", "cv2.kmeans, k-means++", "cv2", opencv_spread),
    Contender("opencv-12000", "cv2.kmeans, 12,000 pixels", "cv2", opencv_sampled),
    Contender("sklearn", "scikit-learn, every pixel", "sklearn", scikit_learn),
    Contender(
        "sklearn-counts",
        "scikit-learn, colors and counts",
        "sklearn",
        scikit_learn_counted,
    ),
    Contender(
        "sklearn-1000", "scikit-learn, 1,000 pixels", "sklearn", scikit_learn_sampled
    ),
    Contender("faiss", "faiss, its own sample", "faiss", faiss_sampled),
    Contender("faiss-full", "faiss, every pixel", "faiss", faiss),
    Contender("pillow", "Pillow, median cut and k-means", "PIL", pillow, True),
    Contender("imagequant", "libimagequant", "imagequant", libimagequant, True),
    Contender("copy", "a copy in memory, the limit", "numpy", copy),
)
