"""Pools: the pixels of all images of a batch as those of one, of which each is a block.

Their order is that of a digest of their content, so that it does not matter in which
order the images were given.
"""

from __future__ import annotations

from hashlib import blake2b
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.data.block import Block, counted, joined, survey
from ..core.data.blocks import Blocks
from ..core.data.pixels import Pixels
from ..core.run.lazy import is_lazy

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.data.block import Survey
    from ..core.data.frame import Frame
    from ..core.data.layout import Layout
    from ..core.reading.source import Source
    from .images import Images


class Pool(Blocks):
    """The pixels of images, one after another along a single axis.

    Parameters
    ----------
    images : Images
    layout : Layout
        Of all of them.

    Attributes
    ----------
    failed : dict
        Why images were left out, by their names.
    """

    def __init__(self, images: Images, layout: Layout) -> None:
        self.images, self.layout = images, layout
        self.n_channels = layout.n_channels
        self.mask = True if any(i.mask is not None for i in images.items) else None
        self.failed: dict[str | int, str] = {}
        self._reset()

    @property
    def shape(self) -> tuple[int, ...]:
        """How many pixels there are, those left out included; 0 if not known yet."""
        return (sum(self._sizes),)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of all images."""
        return self.layout.dtype.newbyteorder("=")

    @property
    def starts(self) -> list[tuple[int, ...]]:
        """How many pixels there are before those of each image."""
        return [(start,) for start in accumulate((0, *self._sizes[:-1]))]

    def take(
        self, take: Callable[[int, Any], None], function: Callable[..., Any], *args: Any
    ) -> None:
        """Call ``take(index, function(block, *args))`` for each image."""
        places = zip(self._order, self.starts, strict=True)
        of = {at: (place, start) for place, (at, start) in enumerate(places)}
        given = [
            (of[at][1], self.shape, function, args) for at in range(len(self.images))
        ]
        self.images, failed = self.images.take(
            lambda at, found: take(of[at][0], found), _on_image, given
        )
        self.images.check_some(failed)
        if failed:  # only where it is the first that is asked of them, in any order
            self.failed |= failed
            self._reset()

    def _reset(self) -> None:
        """Let the order of the images be that in which they were given."""
        #: Which image is where, and how many pixels each of these has.
        self._order, self._sizes = [*range(len(self.images))], [0] * len(self.images)

    def survey(self, most: int, frame: Frame | None) -> tuple[Survey, list[Survey]]:
        """Read all pixels once; return what is known of all, and of each image.

        And put these in order.
        """
        found: dict[int, Any] = {}
        self._reset()
        self.take(found.__setitem__, _surveyed, most, frame)
        some = [found[at] for at in sorted(found)]
        self._order = sorted(range(len(some)), key=lambda at: some[at][1])
        self._sizes = [some[at][2] for at in self._order]
        blocks = [some[at][0] for at in self._order]
        return joined(blocks, most), blocks


def _on_image(
    source: Source,
    start: tuple[int, ...],
    whole: tuple[int, ...],
    function: Callable[..., Any],
    args: tuple[Any, ...],
) -> Any:
    """Return what a function has to say of an image as a block."""
    if function is counted and is_lazy(source.image):
        return source.stream.count(*args)  # which need not hold it
    held = source.held
    pixels = source.stream.read() if held is None else held.pixels
    flat = Pixels(
        pixels.image.reshape(-1, pixels.image.shape[-1]),
        pixels.n_channels,
        None if pixels.mask is None else pixels.mask.reshape(-1),
        pixels.no_data,
    )
    return function(Block(flat, start, whole), *args)


def _surveyed(
    block: Block, most: int, frame: Frame | None
) -> tuple[Survey, bytes, int]:
    """Return what is known of an image, a digest of its content, and its size."""
    digest = blake2b(np.ascontiguousarray(block.pixels.image).data, digest_size=32)
    valid = block.valid[0]
    if valid is not None:
        digest.update(valid.data)
    return survey(block, most, frame), digest.digest(), block.pixels.size
