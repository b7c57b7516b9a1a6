"""Reading: an image becomes samples, once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

from .. import validation
from ..data.codes import Codes
from ..data.distance import Space
from ..data.layout import Layout
from ..data.pixels import Pixels
from ..data.stream import Stream
from ..labeled import unlabeled
from ..options.keywords import READ, keywords, split
from ..run.lazy import is_distributed, is_lazy
from ..run.memory import free_memory
from ..run.progress import follow, stage
from ..spaces import full_of
from .fit import check_given, check_plain
from .held import HeldSamples
from .streamed import StreamedSamples

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from ..options.keywords import ReadOptions
    from ..options.settings import Settings
    from ..run.progress import Report
    from .fit import ImageSamples

#: Images of dask of at most this many pixels are read into memory.
SMALL = 2**20

#: Which part of it is done, about, once an image is read to be held.
READING = 2 / 3


@keywords(READ)
def read_samples(
    image: ArrayLike,
    *,
    memory: int | None = None,
    progress: Report | None = None,
    **options: Unpack[ReadOptions],
) -> ImageSamples:
    """Read an image once, to cluster it as often as one likes.

    The first step of `quantize`, for when several K are to be tried, or other seeds.
    Where colors are counted, these are kept: some megabytes, however large the image.
    Other images are kept as they are clustered, or, of dask and larger than `memory`,
    read again by each clustering. The image is referred to, and should not be changed.

    Parameters
    ----------
    image, mask, no_data, weights
        As for `quantize`; what is made of the samples of a DataArray are plain arrays.
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
    validation.check_progress(progress)
    _, plain = unlabeled(image, options)
    (read,) = split("read_samples", plain, READ)

    def work() -> ImageSamples:
        samples = Source.of(image, memory=memory, **read).read()
        samples.prepare()
        return samples

    return follow(work, progress)


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
        mask: Any = READ["mask"],
        weights: Any = READ["weights"],
        color_space: Any = READ["color_space"],
        scaling: Any = READ["scaling"],
        memory: Any = None,
        **layout: Any,
    ) -> Source:
        """Check what `read_samples` is given."""
        array = validation.check_image(image)
        made = Layout.of(array, **layout)
        arranged = made.arrange(array)
        shape = arranged.shape[:-1]
        name = validation.check_color_space(color_space, made.rgb)
        scaled_by = validation.check_scaling(scaling, made.n_channels)
        validation.check_unscaled(name, scaled_by)
        space = Space(made.rgb, name, scaled_by, full_of(array.dtype))
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
        """Raise where the image cannot be clustered so, as far as is known."""
        if self.held is not None:
            self.held.check(settings)
            return
        check_given(self.layout, self.space, settings)
        if not settings.refine:
            check_plain(self.space, weighted=self.weights is not None)

    @cached_property
    def held(self) -> HeldSamples | None:
        """The samples of an image of NumPy; None of one of dask."""
        if is_lazy(self.image):
            return None
        layout = self.layout
        pixels = Pixels(self.image, layout.n_channels, self.mask, layout.no_data)
        return HeldSamples(pixels, layout, self.space, self.weights)

    @property
    def stream(self) -> Stream:
        """An image of dask in blocks."""
        layout = self.layout
        return Stream(self.image, layout.n_channels, self.mask, layout.no_data)

    def read(self) -> ImageSamples:
        """Return the samples; an image that is to be held is read."""
        if self.held is not None:
            return self.held
        if not self.is_to_be_held:
            return StreamedSamples(self.stream, self.layout, self.space)
        stream = self.stream
        with stage("Reading"):
            pixels = stream.read()
        return HeldSamples(pixels, self.layout, self.space, self.weights, stream)

    @property
    def share(self) -> float:
        """Which part of quantizing it `read` is, about."""
        return READING if self.held is None and self.is_to_be_held else 0.0

    @cached_property
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
