"""Versions of all that has a part in the numbers."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import version


def versions() -> dict[str, str]:
    """Return the versions of all that has a part in the numbers."""
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    names = ("napari-kmeans", "numpy", "numba")
    found = {name: version(name) for name in names}
    from ..cluster import opencv

    return {"python": platform.python_version(), **found, "opencv": opencv.VERSION}
