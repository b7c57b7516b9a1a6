"""Labeled arrays: those of xarray, whose axes have names, as what goes in comes out.

Inside, all is done with plain arrays: public functions take the names off and put them
on again.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, is_dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from . import validation
from .arrays import is_labeled, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .data.layout import Layout

    F = TypeVar("F", bound=Callable[..., Any])
    T = TypeVar("T")

#: Options that are arrays of the shape of the image without channels.
OF_PIXELS = ("mask", "weights", "init")


@dataclass(frozen=True, eq=False)
class Labeling:
    """What a DataArray has beside its values, for what is made of it.

    Attributes
    ----------
    image : xarray.DataArray
    channel : int or None
        The axis of its channels.
    """

    image: Any
    channel: int | None

    @classmethod
    def of(cls, image: Any, rgb: Any, channel_axis: Any) -> Labeling | None:
        """Return the labeling of an image; None of one that is no DataArray."""
        if not is_labeled(image):
            return None
        axis = validation.check_dim("channel_axis", channel_axis, image.dims)
        color, axis = validation.check_channels(rgb, axis, image.shape)
        return cls(image, image.ndim - 1 if color and axis is None else axis)

    @property
    def dims(self) -> tuple[Any, ...]:
        """The dims of the image."""
        return tuple(self.image.dims)

    @property
    def label_dims(self) -> tuple[Any, ...]:
        """The dims of what has no channels."""
        return tuple(dim for at, dim in enumerate(self.dims) if at != self.channel)

    def like(self, array: Any, name: str | None = None) -> Any:
        """Return an array as DataArray, with channels where it has as many axes.

        It has no encoding, as that is of how the values of the image are stored.
        """
        import xarray as xr

        dims, coords = self.dims, self.image.coords.to_dataset()
        if array.ndim < len(dims):
            of_channels = self.dims[cast("int", self.channel)]
            dims = self.label_dims
            own = [key for key, one in coords.coords.items() if of_channels in one.dims]
            coords = coords.drop_vars(own)
        attrs, name = dict(self.image.attrs), name or self.image.name
        return xr.DataArray(array, coords.coords, dims, name=name, attrs=attrs)

    def aligned(self, name: str, array: Any, *, last: bool = False) -> Any:
        """Return an array that belongs to the image, its axes in the same order.

        They may be those that come `last`.

        Raises
        ------
        ValueError
            Where it is a DataArray of other dims, or of other coordinates.
        """
        if not is_labeled(array):
            return array
        dims = self.dims if array.ndim == len(self.dims) else self.label_dims
        if last and array.ndim < len(dims):
            dims = dims[len(dims) - array.ndim :]
        if set(array.dims) != set(dims):
            raise ValueError(
                f"{name} with the dims {_told(array.dims)} should have those of the "
                f"image, {_told(dims)}."
            )
        for dim in dims:
            ours, theirs = (one.indexes.get(dim) for one in (self.image, array))
            both = ours is not None and theirs is not None
            if both and len(ours) == len(theirs) and not ours.equals(theirs):
                raise ValueError(
                    f"{name} should have the coordinates of the image along {dim!r}."
                )
        return plain(array.transpose(*dims))

    def axes(self, axes: Any) -> Any:
        """Return axes of the image by their numbers."""
        if isinstance(axes, (tuple, list)):
            return [validation.check_dim("axes", one, self.dims) for one in axes]
        return validation.check_dim("axes", axes, self.dims)

    @property
    def channel_names(self) -> list[str] | None:
        """The coordinates of the channels, where these differ."""
        if self.channel is None:
            return None
        coords = self.image.coords.get(self.dims[self.channel])
        names = [] if coords is None else [str(one) for one in coords.values.tolist()]
        return names if names and len(set(names)) == len(names) else None


def _told(dims: Any) -> str:
    return ", ".join(map(repr, dims))


def unlabeled(
    image: Any, options: Mapping[str, Any]
) -> tuple[Labeling | None, dict[str, Any]]:
    """Return the labeling of an image, and the options of reading it as plain ones.

    Of a DataArray the channels may be given by the name of their dim, and are called by
    its coordinates; mask, weights and initial labels get the order of its dims.
    """
    own = dict(options)
    axis = own.get("channel_axis")
    labeling = Labeling.of(image, own.get("rgb"), axis)
    if labeling is None:
        return None, own
    for name in OF_PIXELS:
        dims = set(getattr(own.get(name), "dims", ()))
        # To start from there may be centers, whose dims are others.
        if name in own and (name != "init" or dims == {*labeling.label_dims}):
            own[name] = labeling.aligned(name, own[name])
    if axis is not None:
        own["channel_axis"] = labeling.channel
        if own.get("channel_names") is None and not own.get("rgb"):
            own["channel_names"] = labeling.channel_names
    return labeling, own


def masked(image: Any, mask: Any, layout: Layout) -> tuple[Labeling | None, Any]:
    """Return the labeling of an image of some layout, and its mask as a plain array."""
    labeling = Labeling.of(image, layout.rgb, layout.channel_axis)
    return labeling, mask if labeling is None else labeling.aligned("mask", mask)


def labeled(made: T, labeling: Labeling | None, name: str | None = None) -> T:
    """Return what was made of an image, an array or a result, with its labeling."""
    if labeling is None:
        return made
    if not is_dataclass(made):
        return cast("T", labeling.like(made, name))
    result = cast("Any", made)
    arrays = {"labels": labeling.like(result.labels, "labels")}
    if hasattr(result, "quantized"):
        arrays["quantized"] = labeling.like(result.quantized)
    return cast("T", replace(result, **arrays))


def stripped(result: T) -> T:
    """Return a result of an image whose arrays have no labeling."""
    of: Any = result
    if not is_labeled(of.labels):
        return result
    arrays = {"labels": plain(of.labels), "quantized": plain(of.quantized)}
    return cast("T", replace(of, **arrays))


def relabels(method: F) -> F:
    """Let a method that gives another result of the same pixels keep their labeling.

    What it takes, where that is a DataArray, gets the order of their dims.
    """
    _, first, *_ = inspect.signature(method).parameters

    @wraps(method)
    def kept(self: Any, *args: Any, **options: Any) -> Any:
        layout = self.layout
        labeling = Labeling.of(self.quantized, layout.rgb, layout.channel_axis)
        if labeling is None:
            return method(self, *args, **options)
        args = tuple(labeling.aligned(first, one) for one in args)
        options = {name: labeling.aligned(name, one) for name, one in options.items()}
        return labeled(method(stripped(self), *args, **options), labeling)

    return cast("F", kept)
