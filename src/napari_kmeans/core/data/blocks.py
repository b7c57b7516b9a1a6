"""Blocks: pixels that are read block by block and never held together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .block import counted, gather, in_blocks, joined, survey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from .block import Survey
    from .codes import Codes
    from .frame import Frame

T = TypeVar("T")


class Blocks(ABC):
    """Pixels in blocks.

    Attributes
    ----------
    n_channels : int
        Channels to cluster by: without alpha.
    mask : array or None
        Which pixels take part, where that was given.
    """

    n_channels: int
    mask: Any

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of all without channels."""

    @property
    @abstractmethod
    def dtype(self) -> np.dtype[Any]:
        """Of the pixels, in native byte order."""

    @property
    @abstractmethod
    def starts(self) -> list[tuple[int, ...]]:
        """Where the blocks begin, along each axis but that of the channels."""

    @abstractmethod
    def take(
        self, take: Callable[[int, Any], None], function: Callable[..., Any], *args: Any
    ) -> None:
        """Call ``take(index, function(block, *args))`` for each block.

        As soon as its result is there; `function` in some thread, or on a cluster.
        """

    def each(self, function: Callable[..., T], *args: Any) -> list[T]:
        """Call ``function(block, *args)`` for each block; return what it returned."""
        results: dict[int, T] = {}
        self.take(results.__setitem__, function, *args)
        return [results[index] for index in sorted(results)]

    def survey(self, most: int, frame: Frame | None) -> tuple[Survey, list[Survey]]:
        """Read all pixels once; return what is known of all, and of each block.

        Parameters
        ----------
        most : int
            How many distinct pixels to tell.
        frame : Frame or None
            Of the color space whose extent is to be told, too.
        """
        blocks = self.each(survey, most, frame)
        return joined(blocks, most), blocks

    def count(
        self, codes: Codes
    ) -> tuple[NDArray[np.uint32], NDArray[np.float64], dict[str, int]]:
        """Count the colors; return those that occur, ascending, and how often.

        And, for each reason, the number of pixels that are left out.
        """
        table = np.zeros(codes.n)
        excluded: Counter[str] = Counter()

        def add(_: int, found: tuple[Any, Any, dict[str, int]]) -> None:
            table[found[0]] += found[1]
            for reason, n in found[2].items():
                excluded[reason] += n

        self.take(add, counted, codes)
        occurring = np.flatnonzero(table).astype(np.uint32)
        return occurring, table[occurring], dict(excluded)

    def gather(
        self, ranks: NDArray[np.int64], surveys: Sequence[Survey]
    ) -> tuple[list[NDArray[Any]], NDArray[np.int64]]:
        """Return pixels by their rank among those that take part, in C order.

        Parameters
        ----------
        ranks : (n,) int64
            Ascending.
        surveys : sequence of Survey
            Of the blocks.

        Returns
        -------
        list of (n,) arrays
            A channel each.
        (n,) int64
            Where they stand in the image without channels, in C order.
        """
        wanted = in_blocks(ranks, surveys)
        starts = self.starts
        by_start = {starts[block]: where for block, where in wanted.items()}
        found = self.each(gather, by_start)
        some = [found[block] for block in wanted]
        ordered = np.argsort(np.concatenate([where.which for where in wanted.values()]))
        channels = [
            np.concatenate([channels[channel] for channels, _ in some])[ordered]
            for channel in range(self.n_channels)
        ]
        return channels, np.concatenate([positions for _, positions in some])[ordered]
