"""Warnings in examples are errors, as they are in the tests."""

import warnings
from contextlib import ExitStack
from typing import Any

_running = ExitStack()


def reset(gallery_conf: dict[str, Any], name: str, when: str) -> None:
    """Be strict while an example runs, and as before after it."""
    if when == "before":
        _running.enter_context(warnings.catch_warnings())
        warnings.simplefilter("error")
    else:
        _running.close()
