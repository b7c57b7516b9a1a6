"""Reading: an image becomes samples, once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from . import validation
from .blocks import is_distributed, is_lazy
from .distance import Space
from .held import HeldSamples
from .layout import Layout
from .memory import free_memory
from .pixels import Pixels
from .progress import READING, follow, staged
from .samples import Codes
from .stream import Stream
from .streamed import StreamedSamples

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from .fit import ImageSamples
    from .progress import Progress, Report
    from .settings import Settings

#: Images of dask of at most this many pixels are read into memory.
SMALL = 2**20

#: The arguments that say what an image is, and what of it takes part.
READ = {
    *("mask", "no_data", "weights"),
    *("rgb", "channel_axis", "channel_names", "color_space", "scaling"),
}


def read_samples(
    image: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    no_data: float | None = None,
    weights: ArrayLike | None = None,
    rgb: bool | None = None,
    channel_axis: int | None = None,
    channel_names: Sequence[str] | None = None,
    color_space: str = "rgb",
    scaling: str | Sequence[float] = "none",
    memory: int | None = None,
    progress: Report | None = None,
) -> ImageSamples:
    """Read an image once, to cluster it as often as one likes.

    The first step of `quantize`, for when several K are to be tried, or other seeds.
    Where colors are counted, these are kept: some megabytes, however large the image.
    Other images are kept as they are clustered, or, of dask and larger than `memory`,
    read again by each clustering. The image is referred to, and should not be changed.

    Parameters
    ----------
    image, mask, no_data, weights
        As for `quantize`.
    rgb, channel_axis, channel_names, color_space, scaling, memory, progress
        As for `quantize`.

    Returns
    -------
    ImageSamples
        For `fit`. ``n`` tells how many pixels take part, ``excluded`` how many do not,
        and why, ``nbytes`` how much memory is kept beside the image.

    Raises
    ------
    TypeError, ValueError
        Where an argument is not as described; before any work.

    Examples
    --------
    >>> import numpy as np
    >>> samples = read_samples(np.array([[1.0, np.nan], [3.0, 8.0]]))
    >>> samples.n, samples.excluded["not finite"]
    (3, 1)
    """
    source = Source.of(
        image,
        mask=mask,
        no_data=no_data,
        weights=weights,
        rgb=rgb,
        channel_axis=channel_axis,
        channel_names=channel_names,
        color_space=color_space,
        scaling=scaling,
        memory=memory,
    )
    validation.check_progress(progress)
    return follow(source.reading(), progress)


@dataclass(frozen=True)
class Source:
    """An image that was asked to be read, and how; its channels are last.

    Attributes
    ----------
    image : array
        Of NumPy or dask.
    layout : Layout
    space : Space
    mask : array of bool, or None
    weights : array of float64, or None
    memory : int or None
        Bytes that an image of dask may take.
    """

    image: Any
    layout: Layout
    space: Space
    mask: Any
    weights: NDArray[np.float64] | None
    memory: int | None

    @classmethod
    def of(
        cls,
        image: Any,
        *,
        mask: Any = None,
        weights: Any = None,
        color_space: Any = "rgb",
        scaling: Any = "none",
        memory: Any = None,
        **layout: Any,
    ) -> Source:
        """Check what `read_samples` is given."""
        array = validation.check_image(image)
        made = Layout.of(array, **layout)
        arranged = made.arrange(array)
        shape = arranged.shape[:-1]
        space = Space(
            made.rgb,
            validation.check_color_space(color_space, made.rgb),
            validation.check_scaling(scaling, made.n_channels),
            float(np.iinfo(array.dtype).max) if array.dtype.kind in "iu" else 1.0,
        )
        return cls(
            arranged,
            made,
            space,
            validation.check_mask(mask, shape, lazy=is_lazy(array)),
            validation.check_image_weights(weights, shape),
            validation.check_memory(memory),
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the image without channels."""
        return tuple(self.image.shape[:-1])

    def check(self, settings: Settings) -> None:
        """Raise where plain OpenCV is asked for what it does not do."""
        if not settings.refine:
            validation.check_unchanged(
                self.space.name, self.space.scaling, weighted=self.weights is not None
            )

    @cached_property
    def held(self) -> HeldSamples | None:
        """The samples of an image of NumPy; None of one of dask."""
        if is_lazy(self.image):
            return None
        return self._held(
            Pixels(self.image, self.layout.n_channels, self.mask, self.layout.no_data)
        )

    def _held(self, pixels: Pixels, stream: Stream | None = None) -> HeldSamples:
        return HeldSamples(pixels, self.layout, self.space, self.weights, stream)

    @property
    def stream(self) -> Stream:
        """An image of dask in blocks."""
        layout = self.layout
        return Stream(self.image, layout.n_channels, self.mask, layout.no_data)

    @property
    def streamed(self) -> StreamedSamples:
        """The samples of an image of dask that is not to be held."""
        return StreamedSamples(self.stream, self.layout, self.space)

    def holding(self) -> Generator[Progress, None, HeldSamples]:
        """Read an image of dask into memory, in steps."""
        stream = self.stream
        pixels = yield from staged(stream.read(), "Reading", 0, READING)
        return self._held(pixels, stream)

    def reading(self) -> Generator[Progress, None, ImageSamples]:
        """Do what `read_samples` does, in steps."""
        samples: ImageSamples
        if self.held is not None:
            samples = self.held
        elif self.is_to_be_held():
            samples = yield from self.holding()
        else:
            samples = self.streamed
        yield from samples.prepare()
        return samples

    def is_to_be_held(self) -> bool:
        """Whether to hold an image of dask: small, not to be counted, or weighted.

        On a cluster nothing but what is small comes together.
        """
        image, n_channels = self.image, self.layout.n_channels
        size = self.stream.size
        needed = size * (image.dtype.itemsize * image.shape[-1] + 8 * n_channels + 2)
        memory = free_memory() // 2 if self.memory is None else self.memory
        fits = needed <= memory
        if self.weights is not None:
            if not fits:
                raise ValueError(
                    f"weights should go with an image that fits in memory, but this "
                    f"needs {needed:,} bytes."
                )
            return True
        if size <= SMALL:
            return True
        counted = Codes.of_dtype(image.dtype, n_channels) is not None
        return fits and not counted and not is_distributed()
