"""OpenCV: the search for centers by ``cv2.kmeans``. The one module that imports cv2."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from ..options.criteria import COUNT, EPS
from ..run.progress import apart, step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# The wheel with OpenCV's own windows points Qt at its plugins and fonts on import; a
# PyQt5 that starts later, here or in a child process, would abort on them. And it adds
# to LD_LIBRARY_PATH what no child process needs.
_saved = dict(os.environ)
import cv2  # noqa: E402

for _name in [name for name, value in os.environ.items() if _saved.get(name) != value]:
    if _name in _saved:
        os.environ[_name] = _saved[_name]
    else:
        del os.environ[_name]

VERSION: str = cv2.__version__

# OpenCV 5 has moved it.
_set_log_level = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel

#: No two rows are farther apart; beyond its square OpenCV would end the process.
MOST_EPSILON = 1e100

FLAGS = {
    "random": cv2.KMEANS_RANDOM_CENTERS,
    "k-means++": cv2.KMEANS_PP_CENTERS,
}


class Found(NamedTuple):
    """The best of the attempts: OpenCV's three return values.

    `attempts` are the centers of all of them, the best first.
    """

    compactness: float
    labels: NDArray[np.int32]
    centers: NDArray[np.float32]
    attempts: Sequence[NDArray[np.float32]] = ()


def search(
    rows: NDArray[np.float32],
    k: int,
    *,
    max_iter: int | None,
    epsilon: float,
    attempts: int,
    init: str,
    initial_labels: NDArray[np.int32] | None,
    seed: int,
) -> Found:
    """Run ``cv2.kmeans``, attempt by attempt.

    One call of ``cv2.kmeans`` with ``attempts=n`` and n calls with ``attempts=1`` draw
    the same random numbers and so give the same bits. OpenCV's random generator belongs
    to the thread, so it is seeded in the thread that uses it, and that of the caller
    is left alone.

    Parameters
    ----------
    rows : (n, n_channels) float32
        C-contiguous.
    initial_labels : (n,) int32 or None
        Where the first attempt starts from; the others start by `init`.

    Returns
    -------
    Found
        Labels are 0..k-1, in `rows` order.
    """
    kind = EPS if max_iter is None else COUNT | EPS
    # OpenCV reads a C int and holds it to 2..100.
    criteria = (kind, min(max_iter or 100, 100), min(epsilon, MOST_EPSILON))
    if len(rows) == 1:  # OpenCV would take its channels for rows
        return Found(0.0, np.zeros(1, np.int32), rows.copy(), [rows.copy()])

    def tries() -> Found:
        best: Found | None = None
        attempted: list[tuple[float, NDArray[np.float32]]] = []
        cv2.setRNGSeed(seed)
        for attempt in range(attempts):
            flags = FLAGS[init]
            labels: NDArray[np.int32] | None = None
            if initial_labels is not None and attempt == 0:
                flags |= cv2.KMEANS_USE_INITIAL_LABELS
                labels = initial_labels.reshape(-1, 1).copy()
            # OpenCV's stubs do not know that the labels may be None.
            compactness, found, centers = cv2.kmeans(
                rows, k, cast("NDArray[np.int32]", labels), criteria, 1, flags
            )
            centers = np.asarray(centers, np.float32).reshape(k, -1)
            attempted.append((compactness, centers))
            if best is None or compactness < best.compactness:
                # Of no other attempt the labels are kept: one a row is much.
                best = Found(compactness, np.asarray(found, np.int32).ravel(), centers)
            step(attempt + 1)
        assert best is not None
        attempted.sort(key=lambda one: one[0])
        return best._replace(attempts=[centers for _, centers in attempted])

    return apart(tries)


def enlarge(image: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Enlarge an image linearly, to the same bits with every version of OpenCV.

    Parameters
    ----------
    image : (rows, columns, n_channels) uint8
    shape : tuple of int
        Rows and columns to enlarge it to.
    """
    enlarged = cv2.resize(image, shape[::-1], interpolation=cv2.INTER_LINEAR_EXACT)
    return np.asarray(enlarged, np.uint8)


def decode(content: bytes, page: int = 0) -> NDArray[Any]:
    """Decode an image file, with as many bits as it has.

    Parameters
    ----------
    content : bytes
        All that is in the file.
    page : int, default 0
        Which of several images.

    Returns
    -------
    (rows, columns) or (rows, columns, 3 or 4)
        Gray, RGB or RGBA; of gray with alpha, too. Not turned upright.

    Raises
    ------
    ValueError
        Where OpenCV cannot read it.
    """
    level = _set_log_level(0)  # it would print
    try:
        whole = np.frombuffer(content, np.uint8)
        _, images = cv2.imdecodemulti(
            whole, cv2.IMREAD_UNCHANGED, range=(page, page + 1)
        )
    except cv2.error as error:
        raise ValueError("OpenCV cannot read it") from error
    finally:
        _set_log_level(level)
    if not images:
        raise ValueError("OpenCV cannot read it")
    # OpenCV gives blue first.
    bgr = images[0]
    return bgr[..., [2, 1, 0, 3][: bgr.shape[2]]] if bgr.ndim == 3 else bgr
