"""Workloads: the inputs, and what is asked of each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .targets import MB, Targets

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True)
class Workload:
    """An input and what is asked of it.

    `make` gets `shape`, that of the labels, and returns the data. These have channels
    on `channel_axis`: -1 is RGB, or the coordinates of points; None is a gray image.
    """

    name: str
    title: str
    make: Callable[[tuple[int, ...]], Array]
    shape: tuple[int, ...]
    k: int
    epsilon: float
    channel_axis: int | None = None
    points: bool = False
    attempts: int = 10
    max_iter: int = 10
    targets: Targets = field(default_factory=Targets)

    @property
    def n(self) -> int:
        """Number of pixels or points."""
        return int(np.prod(self.shape))

    @property
    def rgb(self) -> bool:
        return self.channel_axis == -1 and not self.points

    @property
    def settings(self) -> str:
        what = "points" if self.points else "pixels"
        many = "s" if self.attempts > 1 else ""
        return (
            f"{self.n:,} {what}, K={self.k}, {self.attempts} attempt{many}, "
            f"criteria ({self.max_iter}, {self.epsilon:.4g})"
        )

    def data(self) -> Array:
        return self.make(self.shape)

    def quick(self) -> Workload:
        """Return the same with 1/16 of the pixels or points."""
        if len(self.shape) == 1:
            return replace(self, shape=(self.n // 16,))
        *planes, rows, columns = self.shape
        return replace(self, shape=(*planes, rows // 4, columns // 4))

    def small(self) -> Workload:
        """Return the same with few enough pixels or points to warm up with."""
        if len(self.shape) == 1:
            return replace(self, shape=(min(self.n, 16_384),))
        *planes, rows, columns = self.shape
        planes = [min(n, 4) for n in planes]
        return replace(self, shape=(*planes, min(rows, 128), min(columns, 128)))

    def rows(self, data: Array) -> Array:
        """Return the data as (n, n_channels), a view where possible."""
        if self.channel_axis is None:
            return data.reshape(-1, 1)
        channels_last = np.moveaxis(data, self.channel_axis, -1)
        return channels_last.reshape(-1, channels_last.shape[-1])

    def paint(self, data: Array, centers: Array, labels: Array) -> Array | None:
        """Return the quantized image, as the tutorials make it; None for points."""
        if self.points:
            return None
        painted = centers.astype(data.dtype)[labels.ravel()]
        if self.channel_axis is None:
            return painted.reshape(data.shape)
        channels_last = np.moveaxis(data, self.channel_axis, -1)
        painted = painted.reshape(channels_last.shape)
        return np.moveaxis(painted, -1, self.channel_axis)


def _tissue(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return scikit-image's immunohistochemistry, resized linearly."""
    import cv2
    from skimage.data import immunohistochemistry

    picture = immunohistochemistry()
    if shape == picture.shape[:2]:
        return picture
    # The exact kind gives the same bits with every version of OpenCV.
    return cv2.resize(picture, shape[::-1], interpolation=cv2.INTER_LINEAR_EXACT)


def photo(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the tissue with gray noise of standard deviation 8, in 8 bits."""
    noise = np.random.default_rng(0).normal(0, 8, (*shape, 1))
    return np.clip(np.rint(_tissue(shape) + noise), 0, 255).astype(np.uint8)


def float_photo(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the tissue in [0, 1] with the same noise, not rounded to 8 bits."""
    noise = np.random.default_rng(0).normal(0, 8, (*shape, 1))
    return np.clip((_tissue(shape) + noise) / 255, 0, 1).astype(np.float32)


def _smooth(random: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Return one plane of a slowly varying random field, about -2 to 2."""
    import cv2

    coarse = random.normal(size=(16, 16)).astype(np.float32)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)


def stack(shape: tuple[int, ...]) -> NDArray[np.uint16]:
    """Return planes of a fluorescent volume: four levels, and shot noise."""
    random = np.random.default_rng(0)
    levels = np.array([1_000, 5_000, 16_000, 38_000], np.float32)
    volume = np.empty(shape, np.uint16)
    first, last = _smooth(random, shape[1:]), _smooth(random, shape[1:])
    for i, plane in enumerate(volume):
        part = i / len(volume)
        field = (1 - part) * first + part * last
        signal = levels[np.digitize(field, [-0.5, 0.3, 1.0])]
        noise = random.standard_normal(plane.shape, np.float32)
        signal += 12 * np.sqrt(signal) * noise
        np.clip(signal, 0, 65_535, out=plane, casting="unsafe")
    return volume


def channels(shape: tuple[int, ...], n_channels: int) -> NDArray[np.uint16]:
    """Return channels, first axis, in which nearly every pixel differs."""
    random = np.random.default_rng(0)
    fields = np.stack([_smooth(random, shape) for _ in range(n_channels)])
    noise = random.standard_normal(fields.shape, np.float32)
    return np.clip(30_000 + 9_000 * fields + 3_000 * noise, 0, 65_535).astype(np.uint16)


def points(shape: tuple[int, ...], n_features: int) -> NDArray[np.float32]:
    """Return points around ten centers, some of them near each other."""
    random = np.random.default_rng(0)
    centers = random.uniform(-10, 10, (10, n_features))
    drawn = centers[random.integers(10, size=shape)]
    return (drawn + random.normal(0, 2, drawn.shape)).astype(np.float32)


TUTORIAL = (3072, 4608)

# The range of 16 bits over 255, as 1.0 is to 8 bits.
EPSILON16 = 257.0

WORKLOADS = (
    Workload(
        "W1",
        "the tutorial's: 8-bit RGB, 14 megapixels",
        photo,
        TUTORIAL,
        k=5,
        epsilon=1.0,
        channel_axis=-1,
        targets=Targets(speedup=250, memory=100 * MB, above_best=1e-4),
    ),
    Workload(
        "W2-16",
        "the same, K=16",
        photo,
        TUTORIAL,
        k=16,
        epsilon=1.0,
        channel_axis=-1,
        targets=Targets(speedup=400, above_best=5e-4),
    ),
    Workload(
        "W2-64",
        "the same, K=64",
        photo,
        TUTORIAL,
        k=64,
        epsilon=1.0,
        channel_axis=-1,
        attempts=1,
        targets=Targets(speedup=100, above_best=2e-3),
    ),
    Workload(
        "W2-256",
        "the same, K=256",
        photo,
        TUTORIAL,
        k=256,
        epsilon=1.0,
        channel_axis=-1,
        attempts=1,
        targets=Targets(speedup=300, above_best=5e-3),
    ),
    Workload(
        "W3",
        "the same as float32 in [0, 1]: nearly every pixel differs",
        float_photo,
        TUTORIAL,
        k=5,
        epsilon=1 / 255,
        channel_axis=-1,
        targets=Targets(speedup=80, memory_of_input=2.5, above_best=1e-4),
    ),
    Workload(
        "W4",
        "a uint16 stack",
        stack,
        (100, 512, 512),
        k=4,
        epsilon=EPSILON16,
        targets=Targets(speedup=150, memory_of_input=2.5, above_best=1e-4),
    ),
    Workload(
        "W5",
        "uint16, two channels: nearly every pixel differs",
        partial(channels, n_channels=2),
        (2048, 2048),
        k=8,
        epsilon=EPSILON16,
        channel_axis=0,
        targets=Targets(speedup=60, above_best=1e-4),
    ),
    Workload(
        "W6",
        "a small picture: the latency of an interactive run",
        _tissue,
        (512, 512),
        k=5,
        epsilon=1.0,
        channel_axis=-1,
        targets=Targets(speedup=1, seconds=0.02, above_best=1e-4),
    ),
    Workload(
        "W7-2",
        "points in two dimensions",
        partial(points, n_features=2),
        (1_000_000,),
        k=10,
        epsilon=0.1,
        channel_axis=-1,
        points=True,
        targets=Targets(speedup=1),
    ),
    Workload(
        "W7-16",
        "points in sixteen dimensions",
        partial(points, n_features=16),
        (100_000,),
        k=10,
        epsilon=0.1,
        channel_axis=-1,
        points=True,
        targets=Targets(speedup=1),
    ),
    Workload(
        "W8",
        "uint16, five channels",
        partial(channels, n_channels=5),
        (2048, 2048),
        k=8,
        epsilon=EPSILON16,
        channel_axis=0,
        targets=Targets(speedup=50, above_best=1e-4),
    ),
)


def named(names: list[str] | None) -> list[Workload]:
    """Return the workloads of these names; "W2" stands for all of W2, None for all.

    Raises
    ------
    ValueError
        If a name is not that of a workload.
    """
    if names is None:
        return list(WORKLOADS)
    known = {w.name for w in WORKLOADS} | {w.name.split("-")[0] for w in WORKLOADS}
    for name in names:
        if name not in known:
            raise ValueError(
                f"workload {name!r} should be one of {', '.join(sorted(known))}."
            )
    return [w for w in WORKLOADS if {w.name, w.name.split("-")[0]} & set(names)]
