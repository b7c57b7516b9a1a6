"""Layouts: what the axes and the values of an image are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import validation
from .pixels import channels_last, channels_restored

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np


@dataclass(frozen=True)
class Layout:
    """What one has to know of an image to find its pixels in it, or in one like it.

    Attributes
    ----------
    rgb : bool
        Whether the channels are red, green, blue (and alpha).
    channel_axis : int or None
        The axis of the channels: None where they are the last of an RGB image, or where
        there are none.
    channels : tuple of str
        Their names, without alpha.
    dtype : dtype
        Of the image.
    no_data : float or None
        The value that, in all channels, says that there is none.
    """

    rgb: bool
    channel_axis: int | None
    channels: tuple[str, ...]
    dtype: np.dtype[Any]
    no_data: float | None

    @classmethod
    def of(
        cls,
        image: Any,
        *,
        rgb: bool | None = None,
        channel_axis: int | None = None,
        channel_names: Sequence[str] | None = None,
        no_data: float | None = None,
    ) -> Layout:
        """Check the arguments that say what an image, already checked, is."""
        is_rgb, axis = validation.check_channels(rgb, channel_axis, image.shape)
        n_channels = 3 if is_rgb else 1 if axis is None else image.shape[axis]
        return cls(
            is_rgb,
            axis,
            validation.check_channel_names(channel_names, axis, n_channels, is_rgb),
            image.dtype,
            validation.check_no_data(no_data),
        )

    @property
    def n_channels(self) -> int:
        """How many channels there are to cluster by."""
        return len(self.channels)

    def arrange(self, image: Any) -> Any:
        """Return an image, of NumPy or dask, with its channels as last axis.

        Raises
        ------
        ValueError
            Where these are not as many, or no axis can be that of the channels.
        """
        axes = validation.check_channels(self.rgb, self.channel_axis, image.shape)
        arranged, n_channels = channels_last(image, *axes)
        if n_channels != self.n_channels:
            raise ValueError(
                f"image of {n_channels} channels should have {self.n_channels}, as the "
                "image that was clustered."
            )
        return arranged

    def restore(self, image: Any) -> Any:
        """Return an arranged image with its channels where they were."""
        return channels_restored(image, self.rgb, self.channel_axis)
