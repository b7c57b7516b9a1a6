"""Resources: the memory that a run may take, and the cluster that works for it."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from . import sentences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..core.run.memory import Budget

#: Seconds to wait for the scheduler of a cluster.
CONNECTING = 10

#: What is said of a cluster that has nothing to do.
UNUSED = "the cluster is not used, as only an OME-Zarr is read by blocks."


@contextmanager
def limited(text: str | None) -> Iterator[Budget | None]:
    """Start few enough threads for some memory, as 1GB; give what that allows."""
    if text is None:
        yield None
        return
    from ..core.run.memory import Budget
    from ..core.run.threads import n_threads

    try:
        from dask import config
        from dask.utils import parse_bytes
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"memory={text} needs dask, which is missing: "
            'pip install "napari-kmeans[zarr]".'
        ) from error
    try:
        budget = Budget(int(parse_bytes(text)))
    except ValueError:
        raise ValueError(
            f"memory={text!r} should be a number of bytes, as 1GB."
        ) from None
    with config.set(num_workers=budget.n_threads(n_threads())):
        yield budget


def check_room(
    budget: Budget, image: Any, axes: tuple[int, ...] | None, *, is_result_held: bool
) -> None:
    """Raise where what is held of an image, and of its result, has no room."""
    from ..core.run.lazy import is_lazy
    from ..core.run.memory import least

    needed = least(image, axes=axes, is_result_held=is_result_held)
    if budget.n_bytes < needed:
        avoidable = is_result_held and is_lazy(image)
        raise ValueError(
            f"memory={budget.n_bytes:,} should be at least {needed:,} bytes"
            f"{', or output end in .zarr' if avoidable else ''}."
        )


@contextmanager
def cluster(address: str | None) -> Iterator[None]:
    """Have the workers of a cluster do what is lazy."""
    if address is None:
        yield
        return
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"scheduler={address} needs distributed, which is missing: "
            'pip install "napari-kmeans[distributed]".'
        ) from error
    unreached = ValueError(
        f"scheduler={address!r} should be the address of a dask scheduler, as "
        f"tcp://host:8786, that answers within {CONNECTING} seconds."
    )
    if not re.search(r":\d+$", address):  # dask would look for it for longer
        raise unreached
    try:
        # A default client stays dask's scheduler even where it fails to connect.
        Client(address, timeout=CONNECTING, set_as_default=False).close()
    except (OSError, ValueError, TypeError) as error:
        raise unreached from error
    with Client(address):
        yield


def warn_of_unused(scheduler: str | None, image: Any) -> None:
    """Say so where a cluster has nothing to do."""
    from ..core.run.lazy import is_lazy

    if scheduler is not None and not is_lazy(image):
        sentences.warn(UNUSED)
