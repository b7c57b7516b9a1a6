"""Machine: where the figures were measured, and with which versions."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .targets import MB

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .contenders import Contender


def machine() -> str:
    """Return processor, cores, memory and system in a line."""
    parts = [_processor(), f"{n_cores()} cores"]
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        parts.append(f"{memory / MB / 1000:.0f} GB of memory")
    return ", ".join([*parts, f"{platform.system()} {platform.machine()}"])


def versions(contenders: Iterable[Contender]) -> str:
    """Return the versions of Python, NumPy and all contenders in a line."""
    found = [f"Python {platform.python_version()}", f"numpy {np.__version__}"]
    found += [c.version for c in contenders if c.installed]
    return ", ".join(dict.fromkeys(found))


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def n_cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
