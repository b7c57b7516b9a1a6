"""Memory: what the process has resident, and the most it had. Linux only."""

from __future__ import annotations

import ctypes
import gc
import sys
from pathlib import Path

LINUX = sys.platform == "linux"
STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")


def resident() -> int | None:
    """Return the bytes resident, less what is free; None where it is not known."""
    _release()
    return _read("VmRSS")


def reset_peak() -> None:
    """Begin to watch for the most that is resident."""
    _release()
    if LINUX:
        CLEAR.write_text("5")


def peak() -> int | None:
    """Return the most bytes resident since `reset_peak`; None where it is not known."""
    return _read("VmHWM")


def _release() -> None:
    """Hand back to the system what is free."""
    gc.collect()
    if LINUX:
        libc = ctypes.CDLL(None)
        if hasattr(libc, "malloc_trim"):  # glibc keeps freed memory for itself
            libc.malloc_trim(0)


def _read(field: str) -> int | None:
    if not LINUX:
        return None
    for line in STATUS.read_text().splitlines():
        name, value = line.split(":", 1)
        if name == field:
            return 1024 * int(value.split()[0])
    raise KeyError(field)
