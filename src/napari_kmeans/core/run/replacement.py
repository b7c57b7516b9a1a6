"""Replacement: a folder, or a file, takes an earlier one's place, whole or not at all.

While there is work on a folder, a hidden folder lies beside the one that is to be:

``.napari-kmeans-<name>``
    ``lock``, held by the process that works there, as long as it lives;
    ``new``, what it writes;
    ``old``, what was there before, from when it is moved away until ``new`` is in its
    place: the two never lack both.

Every step may be the last one. What a process that was killed leaves, the next one
finds, puts back, or removes.
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING
from uuid import uuid4

from . import systems
from .systems import patiently

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def replacing(
    folder: Path, written: Callable[[Path], str], *, force: bool = False
) -> Iterator[Path]:
    """Give a new folder to write a result into, that takes its place at the end.

    Where the work in between fails or is interrupted, at whatever moment, all is as it
    was before.

    Parameters
    ----------
    folder : Path
        Where the result is to be. A link to a folder is followed.
    written : callable
        Gets a folder and returns a regular expression of all that a result there may
        hold: paths from there with slashes, folders end in one. Of a folder that is no
        result it returns "".
    force : bool, default False
        Whether an earlier result may be replaced.

    Yields
    ------
    Path
        An empty folder, on the same disk.

    Raises
    ------
    ValueError
        As `check`; and where another process is writing there.
    OSError
        Before any work, where nothing can be written there.
    """
    check(folder, written, force=force)
    place = _Place(folder)
    try:
        try:
            place.take()
            # As it is now: put back, or written by another process since.
            check(folder, written, force=force)
            place.new.mkdir()
            yield place.new
            check(folder, written, force=force)
            place.swap()
        finally:
            place.leave()
    except BaseException:  # such as a signal that came just before it was left
        place.leave()
        raise


@contextmanager
def replacing_file(path: Path) -> Iterator[Path]:
    """Give a path to write a file to, that takes the place of an earlier at the end.

    Where the work in between fails or is interrupted, all is as it was before.

    Parameters
    ----------
    path : Path
        Where the file is to be. A link to a file is followed.

    Yields
    ------
    Path
        Of the same name, in a hidden folder beside it.

    Raises
    ------
    OSError
        Before any work, where nothing can be written there.
    """
    target = Path(os.path.realpath(path))
    systems.check_replaceable(target)
    hidden = target.with_name(f".napari-kmeans-{uuid4().hex}")
    new = hidden / target.name
    try:
        systems.make_private(hidden)
        yield new
        if target.exists():
            shutil.copymode(target, new)
        patiently(os.replace, new, target)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def check(folder: Path, written: Callable[[Path], str], *, force: bool = False) -> None:
    """Check that a result may be written to a folder; parameters as of `replacing`.

    Raises
    ------
    ValueError
        Where it, or one above it, is a file or a link to nothing; where it holds what
        is not `written`, or a result and `force` is False; where it cannot be moved.
    """
    above = (folder, *folder.absolute().parents)
    existing = next((path for path in above if os.path.lexists(path)), None)
    if existing is None:  # such as a drive of Windows
        raise ValueError(
            f"output={folder} should be a folder, but {above[-1]} is not there."
        )
    if not existing.exists():
        raise ValueError(
            f"output={folder} should be a folder: {existing} is a link to "
            f"{os.path.realpath(existing)}, which does not exist."
        )
    if not existing.is_dir():
        raise ValueError(f"output={folder} should be a folder: {existing} is a file.")
    target = Path(os.path.realpath(folder))
    if systems.holds(target, Path.cwd()):
        raise ValueError(
            f"output={folder} should be a folder of its own, but this runs in it."
        )
    if os.path.ismount(target):
        raise ValueError(
            f"output={folder} should be a folder of its own, such as {folder}/result: "
            "a disk is mounted there."
        )
    if not target.exists() or next(_tree(target), None) is None:
        return
    ours = re.compile(written(target))
    for name in _tree(target):
        if not ours.fullmatch(name):
            raise ValueError(
                f"output={folder} should be a new or empty folder or an earlier "
                f"result, but holds {name}, which is not of one."
            )
    if not force:
        raise ValueError(
            f"output={folder} holds a result already: --force replaces it."
        )
    for name in _tree(target):
        systems.check_replaceable(target / name)


def _tree(folder: Path, above: str = "") -> Iterator[str]:
    """Yield the path of all below; of a folder with a slash, of no file with a mark."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if systems.is_clutter(entry.name):
            continue
        name = above + entry.name
        if entry.is_dir(follow_symlinks=False):
            yield f"{name}/"
            yield from _tree(Path(entry), f"{name}/")
        else:
            yield name if entry.is_file(follow_symlinks=False) else f"{name} (no file)"


class _Place:
    """A folder that is to be, and the hidden one beside it.

    What was interrupted at any point may be called again, `leave` above all.
    """

    def __init__(self, folder: Path) -> None:
        self.shown = folder
        self.target = Path(os.path.realpath(folder))
        self.hidden = self.target.with_name(f".napari-kmeans-{self.target.name}")
        self.new, self.old = self.hidden / "new", self.hidden / "old"
        self.missing = [path for path in self.target.parents if not path.exists()]
        self.lock: IO[bytes] | None = None
        self.is_ours = False

    def take(self) -> None:
        """Keep others out, and put right what one that was killed has left."""
        while not self._is_held():  # one that another process has just removed
            self._release()
        if self.old.exists() and self.new.exists():  # killed between its two moves
            if self.target.exists():
                raise ValueError(
                    f"output={self.shown} should not be there beside {self.old}, "
                    "which a run that was killed has left: move that elsewhere."
                )
            patiently(os.replace, self.old, self.target)
        for folder in (self.new, self.old):
            if folder.exists():
                patiently(shutil.rmtree, folder)

    def _is_held(self) -> bool:
        """Try to lock; return whether the lock is the one that others find."""
        self.target.parent.mkdir(parents=True, exist_ok=True)
        try:
            systems.make_private(self.hidden)
            self.is_ours = True
        except FileExistsError:
            if self.hidden.is_symlink():
                raise
        path = self.hidden / "lock"
        try:
            if self.lock is None or self.lock.closed:
                self.lock = path.open("ab")
            self._hold(self.lock)
            return os.path.samestat(os.fstat(self.lock.fileno()), path.stat())
        except FileNotFoundError:
            return False

    def _hold(self, lock: IO[bytes]) -> None:
        busy = ValueError(
            f"output={self.shown} should be written by one run at a time, but another "
            f"is at work in {self.hidden}."
        )
        try:
            systems.lock(lock)
        except (BlockingIOError, PermissionError):
            raise busy from None
        except OSError:  # some network disks have no locks
            if not self.is_ours:
                raise busy from None

    def swap(self) -> None:
        """Put what is new in the place of what was there."""
        if self.target.exists():
            shutil.copymode(self.target, self.new)
            patiently(os.replace, self.target, self.old)
        patiently(os.replace, self.new, self.target)

    def leave(self) -> None:
        """Leave nothing behind but what was there before, or has taken its place."""
        for _ in range(2):  # a signal may make an OSError of rmtree's
            with suppress(OSError, ValueError):
                self.take()
                break
        else:
            return self._release()
        if systems.keeps_open():
            self._release()
        with suppress(OSError):
            (self.hidden / "lock").unlink()
            self.hidden.rmdir()
        self._release()
        for folder in self.missing:
            with suppress(OSError):  # it holds something
                folder.rmdir()
        return None

    def _release(self) -> None:
        if self.lock is not None:
            self.lock.close()
