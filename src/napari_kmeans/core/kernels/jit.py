"""Compilation: what numba makes of a kernel, and where that is kept."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba
from numba.core.caching import FunctionCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

F = TypeVar("F", bound="Callable[..., Any]")


class _Cache(FunctionCache):
    """What is compiled, on disk; where that fails, the kernel runs all the same."""

    def load_overload(self, *signature: Any) -> Any:
        with _compiled_anew():
            return super().load_overload(*signature)  # type: ignore[no-untyped-call]

    def save_overload(self, *compiled: Any) -> None:
        with _compiled_anew():
            super().save_overload(*compiled)  # type: ignore[no-untyped-call]


@contextmanager
def _compiled_anew() -> Iterator[None]:
    try:
        yield
    except OSError:
        _tell_compiled_anew()


@cache
def _tell_compiled_anew() -> None:
    """Warn, once, that there is no place for what is compiled."""
    warnings.warn(
        "napari-kmeans compiles anew at each start, for some seconds, as it cannot "
        "write what it has compiled to its own folder or to that of the user: "
        "NUMBA_CACHE_DIR should name a folder where it can.",
        stacklevel=2,
    )


def kernel(function: F) -> F:
    """Compile what is called from Python; what comes of it is kept on disk."""
    compiled: Any = numba.njit(nogil=True)(function)
    try:
        # As `cache=True` does, which fails without a folder that can be written to.
        compiled._cache = _Cache(function)  # type: ignore[no-untyped-call]
    except RuntimeError:
        _tell_compiled_anew()
    return cast("F", compiled)


#: Of what is called by kernels only, nothing is kept but what it becomes in them.
_PART: dict[str, Any] = {"nogil": True, "no_cpython_wrapper": True}


def part(function: F) -> F:
    """Compile what is called by kernels only."""
    return cast("F", numba.njit(**_PART)(function))


def reordered(function: F) -> F:
    """Compile with leave to reorder sums, which vector instructions need."""
    return cast("F", numba.njit(**_PART, fastmath={"reassoc", "nsz"})(function))


def finite(function: F) -> F:
    """Compile what never meets NaN, so that minima become vector instructions.

    Sums keep their order.
    """
    return cast("F", numba.njit(**_PART, fastmath={"nnan", "nsz"})(function))
