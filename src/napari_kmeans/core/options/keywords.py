"""Options: the keyword arguments that public functions share, written once."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from .criteria import Criteria

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import ArrayLike

    F = TypeVar("F", bound=Callable[..., Any])

#: How many clusters there are to be, where nothing says so.
K = 5

#: The most 8-bit samples whose sum float32 holds exactly: 255 * n < 2**24.
MAX_SAMPLES = 65_536


class ReadOptions(TypedDict, total=False):
    """What an image is, and what of it takes part; see `quantize`."""

    mask: ArrayLike | None
    no_data: float | None
    weights: ArrayLike | None
    rgb: bool | None
    channel_axis: int | str | None
    channel_names: Sequence[str] | None
    color_space: str
    scaling: str | Sequence[float]


class FitOptions(TypedDict, total=False):
    """How samples are clustered; see `quantize`."""

    criteria: Criteria | tuple[int, int, float]
    attempts: int
    init: Any
    seed: int
    max_samples: int | None
    refine: bool


class BoundOptions(TypedDict, total=False):
    """Which centers do not move, and how far from them labels go; see `quantize`."""

    fixed: bool | Sequence[int] | Sequence[bool]
    reject: float | None


class KeepOptions(TypedDict, total=False):
    """What a clustering is to have of another; see `quantize`."""

    keep: Any
    like: Any


class PointsOptions(FitOptions, BoundOptions, total=False):
    """How points are clustered."""


class SamplesOptions(FitOptions, BoundOptions, KeepOptions, total=False):
    """How the samples of an image are clustered."""


class PlanesOptions(ReadOptions, FitOptions, BoundOptions, total=False):
    """What an image is, and how its planes are clustered."""


class SweepOptions(ReadOptions, FitOptions, total=False):
    """What an image is, and how it is clustered for several K."""


class QuantizeOptions(ReadOptions, SamplesOptions, total=False):
    """What an image is, and how it is clustered."""


#: What is meant where one is not given.
READ: ReadOptions = {
    "mask": None,
    "no_data": None,
    "weights": None,
    "rgb": None,
    "channel_axis": None,
    "channel_names": None,
    "color_space": "rgb",
    "scaling": "none",
}

#: What is meant where one is not given.
FIT: FitOptions = {
    "criteria": Criteria(),
    "attempts": 10,
    "init": "random",
    "seed": 0,
    "max_samples": MAX_SAMPLES,
    "refine": True,
}

#: What is meant where one is not given.
BOUND: BoundOptions = {"fixed": False, "reject": None}

#: What is meant where one is not given.
KEEP: KeepOptions = {"keep": None, "like": None}


def keywords(*defaults: Mapping[str, Any]) -> Callable[[F], F]:
    """Show in the signature of a function what options it takes.

    Parameters
    ----------
    *defaults : mapping
        Some of `READ`, `FIT`, `BOUND` and `KEEP`.
    """

    def shown(function: F) -> F:
        signature = inspect.signature(function)
        *before, _options = signature.parameters.values()
        listed = [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default)
            for some in defaults
            for name, default in some.items()
        ]
        place = sum(one.kind is not one.KEYWORD_ONLY for one in before)
        parameters = [*before[:place], *listed, *before[place:]]
        function.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
        return function

    return shown


def merged(options: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return options of several kinds as one."""
    return {name: value for some in options for name, value in some.items()}


def split(
    function: str, options: Mapping[str, Any], *defaults: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the options of each kind that were given.

    Raises
    ------
    TypeError
        Where one is of none of these kinds.
    """
    for name in options:
        if not any(name in some for some in defaults):
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")
    return [
        {name: value for name, value in options.items() if name in some}
        for some in defaults
    ]
