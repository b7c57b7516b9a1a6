"""Images: those of a batch, each opened when it is its turn."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from operator import getitem
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from .. import files
from ..core.labeled import labeled, unlabeled
from ..core.reading.source import Source
from ..core.results.image import QuantizedImage
from ..core.run.calls import take_calls
from ..core.run.progress import Canceled
from ..core.validation import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..core.data.distance import Space
    from ..core.data.layout import Layout
    from ..core.labeled import Labeling

T = TypeVar("T")

#: Sequences whose entries are there already.
_HELD = (list, tuple, np.ndarray)


class Failure(NamedTuple):
    """Why an image could not be worked on, in a sentence that names it."""

    why: str


class Item(NamedTuple):
    """An image, and what of it takes part, as they were given.

    Attributes
    ----------
    place : int
    image, mask : array, path or callable
        What returns one; of a mask also None.
    """

    place: int
    image: Any
    mask: Any

    @property
    def name(self) -> str | int:
        """The path, where it is one, else where it was among those given."""
        return os.fspath(self.image) if _is_path(self.image) else self.place

    @property
    def title(self) -> str:
        """What a message calls it."""
        return f"images[{self.name}]" if self.name == self.place else str(self.name)

    def failure(self, error: Exception) -> Failure:
        """Return what is said where an error came up."""
        said = str(error) or type(error).__name__
        return Failure(said if self.title in said else f"{self.title}: {said}")


class Kind(NamedTuple):
    """What all images of a batch have in common.

    Attributes
    ----------
    layout : Layout
    space : Space
    by : str
        Whose that is.
    any_dtype : bool
        Whether values mean the same in other dtypes.
    """

    layout: Layout
    space: Space
    by: str = "the first"
    any_dtype: bool = False

    def check(self, title: str, layout: Layout) -> None:
        """Raise where an image is not of this kind."""
        told = zip(_told(layout), _told(self.layout), strict=True)
        for is_, should in list(told)[: 2 if self.any_dtype else 3]:
            if is_ != should:
                raise ValueError(
                    f"{title} of {is_} should be of {should}, as {self.by}."
                )


def _told(layout: Layout) -> tuple[str, str, str]:
    """Return what a message says of an image."""
    dtype = layout.dtype.newbyteorder("=")
    return f"rgb={layout.rgb}", f"{layout.n_channels} channels", f"dtype {dtype}"


@dataclass(frozen=True)
class Images:
    """The images of a batch.

    Attributes
    ----------
    items : tuple of Item
    read : dict
        Options of `read_samples` for all of them: what was given.
    kind : Kind or None
        What they should be; None where it is not known yet.
    skip : bool
        Whether what cannot be worked on is left out.
    """

    items: tuple[Item, ...]
    read: dict[str, Any]
    kind: Kind | None
    skip: bool

    @classmethod
    def of(
        cls,
        images: Any,
        masks: Any,
        read: dict[str, Any],
        kind: Kind | None,
        errors: Any,
    ) -> Images:
        """Check what a batch is given; nothing is read."""
        if errors not in ("raise", "skip"):
            raise ValueError(f"errors={shown(errors)} should be 'raise' or 'skip'.")
        some = _each("images", images)
        if not some:
            raise ValueError(f"images={shown(images)} should have at least one image.")
        others = [None] * len(some) if masks is None else _each("masks", masks)
        if len(others) != len(some):
            raise ValueError(
                f"masks of {len(others)} should be as many as the images, {len(some)}."
            )
        pairs = zip(some, others, strict=True)
        items = tuple(Item(index, *pair) for index, pair in enumerate(pairs))
        return cls(items, read, kind, errors == "skip")

    def __len__(self) -> int:
        return len(self.items)

    @property
    def names(self) -> tuple[str | int, ...]:
        """The path of each, or its index where it has none."""
        return tuple(item.name for item in self.items)

    def told(
        self, function: Callable[..., T], *args: Any
    ) -> tuple[Images, T, dict[str | int, str]]:
        """Return these from the first on that can be worked on, which tells their kind.

        And ``function(source, *args)`` of that, and why those before it cannot.
        """
        failed: dict[str | int, str] = {}
        for at, item in enumerate(self.items):
            found = called(item, self.read, None, self.skip, _with_kind, function, args)
            if not isinstance(found, Failure):
                kind, value = found
                return replace(self, items=self.items[at:], kind=kind), value, failed
            failed[item.name] = found.why
        raise ValueError(next(iter(failed.values())))

    def take(
        self,
        take: Callable[[int, Any], None],
        function: Callable[..., Any],
        args: Sequence[tuple[Any, ...]],
    ) -> tuple[Images, dict[str | int, str]]:
        """Call ``function(source, *args[i])`` for each image; ``take(i, result)`` here.

        Returned are those that did not fail, which are not to fail any more, and why
        the others did, by their names.
        """
        failed: dict[int, str] = {}

        def taken(index: int, result: Any) -> None:
            if isinstance(result, Failure):
                failed[index] = result.why
            else:
                take(index, result)

        calls = [
            (item, self.read, self.kind, self.skip, function, *given)
            for item, given in zip(self.items, args, strict=True)
        ]
        take_calls(taken, called, calls)
        kept = [at for at in range(len(self)) if at not in failed]
        why = {self.names[at]: failed[at] for at in sorted(failed)}
        return replace(self.among(kept), skip=False), why

    def each(
        self, function: Callable[..., T], args: Sequence[tuple[Any, ...]]
    ) -> tuple[Images, list[T], dict[str | int, str]]:
        """Call ``function(source, *args[i])`` for each; return also the results."""
        found: dict[int, T] = {}
        kept, failed = self.take(found.__setitem__, function, args)
        return kept, [found[at] for at in sorted(found)], failed

    def check_some(self, failed: dict[str | int, str]) -> None:
        """Raise where none is left, with why the first of those that failed did."""
        if not self.items:
            raise ValueError(next(iter(failed.values())))

    def among(self, places: Sequence[int]) -> Images:
        """Return some of them."""
        return replace(self, items=tuple(self.items[at] for at in places))


def called(
    item: Item,
    read: dict[str, Any],
    kind: Kind | None,
    skip: bool,
    function: Callable[..., Any],
    *args: Any,
) -> Any:
    """Return ``function(source, *args)`` of an image, or why there is no such thing.

    What it makes of a DataArray has DataArrays.
    """
    try:
        source, labeling = _source(item, read, kind)
        made = function(source, *args)
        return labeled(made, labeling) if isinstance(made, QuantizedImage) else made
    except Canceled:
        raise
    except Exception as error:
        failure = item.failure(error)
        if skip:
            return failure
        raise ValueError(failure.why) from error


def _with_kind(
    source: Source, function: Callable[..., T], args: tuple[Any, ...]
) -> tuple[Kind, T]:
    return Kind(source.layout, source.space), function(source, *args)


def _source(
    item: Item, read: dict[str, Any], kind: Kind | None
) -> tuple[Source, Labeling | None]:
    """Open an image as its file says, and as the first was, and check its kind."""
    data, options = _opened(item.image, read)
    mask = _mask(item.mask)
    alpha = options.pop("alpha", None)
    if alpha is not None:
        mask = alpha > 0 if mask is None else mask & (alpha > 0)
    unsaid = options.get("rgb") is None and options.get("channel_axis") is None
    if kind is not None and unsaid:
        own = kind.layout
        options |= {"rgb": own.rgb, "channel_axis": own.channel_axis}
    labeling, options = unlabeled(data, options | {"mask": mask})
    source = Source.of(data, **options)
    if kind is not None:
        kind.check(item.title, source.layout)
    return source, labeling


def _opened(image: Any, read: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return an image, and what is known of it."""
    if _is_path(image):
        opened = files.read(image)
        return opened[0], {**read, **files.left_open(opened, read)}
    return image() if callable(image) else image, {**read}


def _mask(mask: Any) -> Any:
    if _is_path(mask):
        return files.read_mask(os.fspath(mask))
    return mask() if callable(mask) else mask


def _is_path(value: Any) -> bool:
    return isinstance(value, (str, os.PathLike))


def _each(name: str, values: Any) -> list[Any]:
    """Return the entries of a sequence; what returns them, where they may be made."""
    several = hasattr(values, "__len__") and hasattr(values, "__getitem__")
    if not several or isinstance(values, (str, bytes, dict)):
        raise TypeError(
            f"{name}={shown(values)} should be a sequence of arrays, paths or "
            "functions that return an array."
        )
    if isinstance(values, _HELD):
        return list(values)
    # Each is made where it is worked on.
    return [partial(getitem, values, index) for index in range(len(values))]
