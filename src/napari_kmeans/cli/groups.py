"""Groups: options that several commands share, as one parameter of each.

A command has a parameter whose type is a group; to the program, `grouped` shows the
options in it one by one.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, get_type_hints

from . import options, settings

if TYPE_CHECKING:
    from ..core.options.keywords import BoundOptions, SweepOptions


@dataclass(frozen=True)
class Opening:
    """How a file is opened, and what of its image takes part."""

    mask: options.Mask = None
    layer: options.Layer = None
    plugin: options.Plugin = None


@dataclass(frozen=True)
class Measuring:
    """What an image is, and where its distances are measured."""

    rgb: options.RGB = None
    channel_axis: options.ChannelAxis = None
    color_space: options.ColorSpace = "rgb"
    scaling: options.Scaling = "none"
    no_data: options.NoData = None


@dataclass(frozen=True)
class Search:
    """How clusters are searched for."""

    max_iter: options.MaxIter = 10
    epsilon: options.Epsilon = None
    attempts: options.Attempts = 10
    init: options.Init = "random"
    seed: options.Seed = 0
    max_samples: options.MaxSamples = 65_536
    refine: options.Refine = True
    settings: options.Settings = None


@dataclass(frozen=True)
class Bounds:
    """Which centers do not move, and how far from them labels go."""

    fixed: options.Fixed = None
    reject: options.Reject = None


@dataclass(frozen=True)
class Means:
    """What a run may take."""

    memory: options.Memory = None
    scheduler: options.Scheduler = None


@dataclass(frozen=True)
class Dithering:
    """How labels are mixed."""

    dither: options.Dither = None
    strength: options.Strength = 1.0


@dataclass(frozen=True)
class Rows:
    """What a table has of each image."""

    regions: options.Regions = None
    planes: options.Planes = None
    pixel_size: options.PixelSize = None
    unit: options.Unit = ""
    table: options.TableName = None


def keywords(measuring: Measuring, search: Search) -> "SweepOptions":
    """Return options as the arguments that the API has for them."""
    from ..core.options.criteria import Criteria

    settings.check_init(search.settings, search.init)
    return {
        "criteria": Criteria(search.max_iter, search.epsilon),
        "attempts": search.attempts,
        "init": options.start(search.init),
        "seed": search.seed,
        "max_samples": search.max_samples,
        "refine": search.refine,
        "no_data": options.number(measuring.no_data),
        "rgb": measuring.rgb,
        "channel_axis": measuring.channel_axis,
        "color_space": measuring.color_space,
        "scaling": options.factors(measuring.scaling),
    }


def bound(bounds: Bounds) -> "BoundOptions":
    """Return bounds as the arguments that the API has for them."""
    return {"fixed": options.which(bounds.fixed), "reject": bounds.reject}


def mixing(dithering: Dithering) -> tuple[str | None, float]:
    """Return how colors are mixed, None for not at all, and by how much."""
    from ..core.validation.values import DITHERINGS

    method, strength = dithering.dither, dithering.strength
    if method is not None and method not in ("none", *DITHERINGS):
        known = ", ".join(map(repr, DITHERINGS))
        raise ValueError(f"dither={method!r} should be one of {known}.")
    if not 0 <= strength <= 1:
        raise ValueError(f"strength={strength} should be from 0 to 1.")
    return None if method == "none" else method, strength


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Return a command that takes the options in its groups one by one.

    Examples
    --------
    >>> def command(file: str, means: Means) -> None:
    ...     print(file, means)
    >>> print(*inspect.signature(grouped(command)).parameters)
    file memory scheduler
    >>> grouped(command)(file="a.png", memory="1GB", scheduler=None)
    a.png Means(memory='1GB', scheduler=None)
    """
    parameters = []
    groups: dict[str, Any] = {}
    for parameter in _typed(command, inspect.signature(command).parameters):
        if is_dataclass(parameter.annotation):
            groups[parameter.name] = parameter.annotation
            parameters += _options(parameter.annotation)
        else:
            parameters.append(parameter)

    def run(**given: Any) -> None:
        for name, group in groups.items():
            own = {field.name: given.pop(field.name) for field in fields(group)}
            given[name] = group(**own)
        command(**given)

    of_keywords = [one.replace(kind=one.KEYWORD_ONLY) for one in parameters]
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {one.name: one.annotation for one in of_keywords}
    run.__signature__ = inspect.Signature(of_keywords)  # type: ignore[attr-defined]
    return run


def _options(group: Any) -> list[inspect.Parameter]:
    """Return the options in a group."""
    return _typed(group, inspect.signature(group).parameters)


def _typed(owner: Any, parameters: Any) -> list[inspect.Parameter]:
    """Return parameters, whose types may have been text."""
    types = get_type_hints(owner, include_extras=True)
    return [one.replace(annotation=types[one.name]) for one in parameters.values()]
