"""Preferences: the dock's defaults, as they are set in napari's Preferences."""

from __future__ import annotations

from typing import NamedTuple

from ..core.options.keywords import FIT, READ


class Preferences(NamedTuple):
    """What the dock begins with.

    Attributes
    ----------
    k : int
    color_space : {"rgb", "cielab", "oklab"}
    seed : int
    live : bool
        Whether results follow the controls.
    memory : int
        The most bytes that an image is to take as a whole; 0 for half of what is free.
    """

    k: int = 5
    color_space: str = READ["color_space"]
    seed: int = FIT["seed"]
    live: bool = True
    memory: int = 0


def preferences() -> Preferences:
    """Return what is set in napari's Preferences; before napari 0.9 there is no page.

    Examples
    --------
    >>> preferences().k
    5
    """
    try:
        from napari.settings import get_plugin_settings
    except ImportError:
        return Preferences()
    try:
        page = get_plugin_settings("napari-kmeans").dock
    except (AttributeError, KeyError):  # the plugin is used from a script alone
        return Preferences()
    return Preferences(
        page.k, page.color_space, page.seed, page.live, int(page.memory * 1e9)
    )
