"""Validation: every check on what a user passes, and every message.

A message is one sentence: the argument, its value, and what it should be.
"""

from .arrays import (
    check_image,
    check_image_weights,
    check_init,
    check_mask,
    check_numeric,
    check_painted,
    check_points,
    check_scaling,
    check_weights,
)
from .axes import (
    check_axes,
    check_channel_axis,
    check_channel_names,
    check_channels,
    check_plane,
    check_rgb,
)
from .limits import (
    check_enough,
    check_optimal_weights,
    check_reach,
    check_unchanged,
    check_values,
)
from .values import (
    check_attempts,
    check_color,
    check_color_space,
    check_flag,
    check_integer,
    check_k,
    check_max_samples,
    check_memory,
    check_no_data,
    check_optimal,
    check_progress,
    check_samples,
    check_seed,
    shown,
)

__all__ = [
    "check_attempts",
    "check_axes",
    "check_channel_axis",
    "check_channel_names",
    "check_channels",
    "check_color",
    "check_color_space",
    "check_enough",
    "check_flag",
    "check_image",
    "check_image_weights",
    "check_init",
    "check_integer",
    "check_k",
    "check_mask",
    "check_max_samples",
    "check_memory",
    "check_no_data",
    "check_numeric",
    "check_optimal",
    "check_optimal_weights",
    "check_painted",
    "check_plane",
    "check_points",
    "check_progress",
    "check_reach",
    "check_rgb",
    "check_samples",
    "check_scaling",
    "check_seed",
    "check_unchanged",
    "check_values",
    "check_weights",
    "shown",
]
