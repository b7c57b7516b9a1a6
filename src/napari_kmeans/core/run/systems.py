"""Systems: what Windows and macOS do otherwise than Linux.

Here and, of signals, in `napari_kmeans.signals`; no other module asks where it runs.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: What desktops put into folders unasked, in small letters.
CLUTTER = {".ds_store", "thumbs.db", "desktop.ini"}

#: What Windows takes for a device, and not for a file, whatever follows after a dot.
DEVICES = r"(?i:con|prn|aux|nul|(com|lpt)\d)(?=\.|$)"

#: For how many seconds one waits for a file that is in use, and how often one looks.
PATIENCE, PAUSE = 2.0, 0.05


def n_processors() -> int:
    """Return the number of processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS or Windows
        return os.cpu_count() or 1


def keeps_open() -> bool:
    """Whether what is open, or read-only, can be neither replaced nor removed."""
    return sys.platform == "win32"


def check_replaceable(path: Path) -> None:
    """Raise where a file or folder that is there cannot be replaced, nor removed.

    Elsewhere that is a matter of the folder it is in, on Windows of its own, too.
    """
    if keeps_open() and path.exists() and not path.stat().st_mode & stat.S_IWRITE:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def patiently(function: Callable[..., object], *args: object) -> None:
    """Change what is on a disk, as by `os.replace`, when nobody has it open any more.

    On Windows scanners and indexers open for a moment what is new.
    """
    begun = monotonic()
    while True:
        try:
            function(*args)
        except PermissionError:
            if not keeps_open() or monotonic() - begun > PATIENCE:
                raise
        else:
            return
        sleep(PAUSE)


def make_private(folder: Path) -> None:
    """Make a folder that only its user looks into, and what is moved out is as usual.

    On Windows that would stay closed to others, on a disk that is shared: Python has
    the mode 0o700 mean a list of who has access, which all that is in there inherits.
    """
    folder.mkdir(mode=0o777 if sys.platform == "win32" else 0o700)


def lock(file: IO[bytes]) -> None:
    """Lock a file for as long as it is open in this process; fail where it is.

    Raises
    ------
    BlockingIOError, PermissionError
        Where it is locked already.
    OSError
        Where there are no locks, as on some network disks.
    """
    if sys.platform == "win32":
        import msvcrt

        with suppress(OSError):  # what is held cannot be locked again
            msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def holds(outer: str | Path, inner: str | Path) -> bool:
    """Whether a file or a folder is another, or one above it, which need not be there.

    Links are followed, and capitals count only where the disk tells them apart.
    """
    path = Path(os.path.realpath(inner))
    return os.path.exists(outer) and any(
        os.path.samefile(outer, above)
        for above in (path, *path.parents)
        if above.exists()
    )


def is_clutter(name: str) -> bool:
    """Whether desktops put a file of this name into folders unasked.

    Examples
    --------
    >>> is_clutter("Thumbs.db"), is_clutter("thumbs.png")
    (True, False)
    """
    # Of "a.png", macOS has a "._a.png" on disks that are not its own.
    return name.casefold() in CLUTTER or name.startswith("._")


def is_hidden(name: str) -> bool:
    """Whether those who look into a folder do not see a file of this name."""
    return name.startswith(".") or is_clutter(name)


def usable(name: str) -> str:
    """Return a name as files and folders may have it on any system.

    Examples
    --------
    >>> usable("photo (1)"), usable("render?id=3"), usable("Aux"), usable("a. ")
    ('photo (1)', 'render_id=3', 'Aux_', 'a')
    """
    plain = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "_", name).rstrip(". ")
    return re.sub(rf"^({DEVICES})", r"\1_", plain) or "_"
