"""Disk: the levels of an image on disk, written by several threads."""

from __future__ import annotations

from pathlib import Path
from queue import SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

from ..core.run.lazy import is_distributed, n_tasks
from ..core.run.progress import at, stage
from . import pyramid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .gate import Gate
    from .layout import Layout, Piece

#: Regions that may come back from a cluster at once.
MOST_REGIONS = 32


def in_threads(
    write: Callable[[pyramid.Slices], None], regions: Sequence[pyramid.Slices]
) -> None:
    """Write regions, one a thread at a time; once that has failed, no more.

    The threads end with the program at the latest, whatever they are at.
    """
    # Of a cluster: some are computed while others are on their way.
    n_threads = min(2 * n_tasks(), MOST_REGIONS) if is_distributed() else n_tasks()
    waiting: SimpleQueue[pyramid.Slices | None] = SimpleQueue()
    ended: SimpleQueue[BaseException | None] = SimpleQueue()

    def work() -> None:
        try:
            for region in iter(waiting.get, None):
                write(region)
                ended.put(None)
        except BaseException as error:
            ended.put(error)

    for region in (*regions, *[None] * n_threads):
        waiting.put(region)
    for _ in range(n_threads):
        Thread(target=work, name="omezarr", daemon=True).start()
    with stage("Writing"):
        for done in range(len(regions)):
            at(done / len(regions))
            if error := ended.get():
                raise error


class Stored:
    """The levels of an image on disk.

    Parameters
    ----------
    group : zarr.Group
        Of Zarr 3, or 2.
    layout : Layout
    names : sequence of str
        Of the axes.
    gate : Gate
        What all writes go through.
    paths : sequence of str, optional
        Of the levels in the group; by default their numbers.
    """

    def __init__(
        self,
        group: Any,
        layout: Layout,
        names: Sequence[str],
        gate: Gate,
        paths: Sequence[str] | None = None,
    ) -> None:
        self.layout, self._gate = layout, gate
        self._format = group.metadata.zarr_format
        self._folder = Path(group.store.root)
        self._lock = Lock()
        self._levels = []
        own: dict[str, Any] = {"dimension_names": names}
        if self._format == 2:
            own = {"chunk_key_encoding": {"name": "v2", "separator": "/"}}
        for level, (shape, size) in enumerate(layout.levels):
            array = group.create_array(
                name=str(level) if paths is None else paths[level],
                shape=shape,
                chunks=size,
                dtype=layout.dtype.newbyteorder("="),
                fill_value=0,
                # So that a missing chunk is known to be missing.
                config={"write_empty_chunks": True},
                **own,
                **layout.codecs(self._format),
            )
            self._levels.append((array.path, pyramid.Chunks(shape, size)))

    def put(self, pieces: Iterable[Piece]) -> None:
        """Write the chunks that pieces are, or make whole."""
        for level, start, content in pieces:
            if isinstance(content, bytes):
                self._write(level, start, content)
                continue
            _, chunks = self._levels[level]
            with self._lock:
                whole = list(chunks.add(start, content))
            for begin, chunk in whole:
                self._write(level, begin, self.layout.encode(level, chunk))

    def _write(self, level: int, start: Sequence[int], encoded: bytes) -> None:
        _, size = self.layout.levels[level]
        names = [str(begin // n) for begin, n in zip(start, size, strict=True)]
        of_chunks = ["c", *names] if self._format == 3 else names
        path = Path(self._folder, self._levels[level][0], *of_chunks)
        with self._gate:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded)
