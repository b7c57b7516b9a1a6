"""Limits: what cannot be clustered so, by what the data are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..spaces import MOST_INTENSITY
from .values import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Squared distances of values beyond this may overflow float32, in which OpenCV works.
MOST_PLAIN = 1e18

#: How many times the least of the weights all may be together, for an optimum.
MOST_OPTIMAL_WEIGHT = 1e12


class Full(NamedTuple):
    """The value of full intensity of colors, and their dtype."""

    dtype: np.dtype[Any]
    value: float


def check_enough(k: int, n_samples: int, what: str) -> None:
    """Raise where there are fewer samples than clusters."""
    if n_samples == 0:
        raise ValueError(f"{what} should have at least one valid sample, but has none.")
    if k > n_samples:
        raise ValueError(f"k={k} should be at most the {n_samples} samples given.")


def check_values(
    name: str,
    channels: Sequence[NDArray[Any]],
    valid: NDArray[np.bool_] | None,
    *,
    color_space: str,
    refine: bool,
) -> None:
    """Raise where values are beyond what can be squared, where they will be.

    That is in plain OpenCV, in float32, and of floats in a color space.
    """
    most, why = np.inf, ""
    if not refine:
        most = MOST_PLAIN / max(1.0, np.sqrt(len(channels)) / 8)
        why = "refine=False, which is plain OpenCV"
    elif color_space != "rgb" and channels[0].dtype.kind == "f":
        most, why = MOST_INTENSITY, f"color_space={shown(color_space)}"
    if most == np.inf or channels[0].dtype.itemsize < 4:
        return
    for channel in channels:
        some = channel if valid is None else channel[valid]
        largest = max(-some.min().item(), some.max().item())
        if largest > most:
            raise ValueError(
                f"{name} with values up to {largest:.3g} should have none beyond "
                f"{most:.0e} with {why}."
            )


def check_unchanged(
    color_space: str, scaling: str | tuple[float, ...], *, weighted: bool
) -> None:
    """Raise where plain OpenCV is asked for what it does not do."""
    asked = {"color_space": color_space, "scaling": scaling}
    for name, plain in (("color_space", "rgb"), ("scaling", "none")):
        if asked[name] != plain:
            raise ValueError(
                f"{name}={shown(asked[name])} should not go with refine=False, which "
                "is plain OpenCV."
            )
    if weighted:
        raise ValueError(
            "weights should not go with refine=False, which is plain OpenCV."
        )


def check_same(name: str, found: tuple[Any, ...], expected: tuple[Any, ...]) -> None:
    """Raise where an image, or what is of one, is not as another.

    Of each: how many channels it has, whether they are color, and, where it matters,
    the space in which distances are measured, and how channels are scaled for that.
    """
    told = ("{} channels", "rgb={}", "color_space={!r}", "scaling={!r}")
    for text, is_, should in zip(told, found, expected, strict=False):
        if is_ != should:
            raise ValueError(
                f"{name} of {text.format(is_)} should be of {text.format(should)}."
            )


def check_optimal_weights(weights: NDArray[np.float64]) -> None:
    """Raise where sums of weights would lose some that are above 0."""
    least, total = float(weights.min()), float(weights.sum())
    if total > least * MOST_OPTIMAL_WEIGHT:
        raise ValueError(
            f"weights from {least:.3g}, and of {total:.3g} together, should not be "
            "further apart than 1e12 to go with init='optimal'."
        )


def check_reach(
    ends: NDArray[np.float64], window: NDArray[np.float64], init: str, *, vanish: bool
) -> None:
    """Raise where a few values are too far off for the others to be told apart.

    Parameters
    ----------
    ends, window : (2, n_channels) float64
        Between what all, and most of the values are.
    vanish : bool
        Whether the others have no squares beside them; else only the optimum is lost.
    """
    if not vanish and init != "optimal":
        return
    why = "" if vanish else " with init='optimal'"
    raise ValueError(
        f"values from {ends.min():.3g} to {ends.max():.3g}, most of them from "
        f"{window.min():.3g} to {window.max():.3g}, should have none so far off{why}: "
        "no_data, or a mask, leaves some out."
    )


def check_full(name: str, image: Full, palette: Full) -> None:
    """Raise where full intensity is another in the colors of an image and a palette.

    Parameters
    ----------
    name : str
        Of what is refused: "image", "samples", or an option that the palette is of.
    image, palette : Full
    """
    if image.value == palette.value:
        return
    of_image = name in ("image", "samples")
    found, wanted = (image, palette) if of_image else (palette, image)
    times = palette.value / image.value
    converted = f"image * {times}" if times > 1 else f"image / {1 / times}"
    if palette.dtype.kind != "f":
        converted = f"np.rint({converted}).astype({str(palette.dtype)!r})"
    raise ValueError(
        f"{name} of dtype {found.dtype} should be of {wanted.dtype}, as colors of that "
        f"have values up to {wanted.value:g}, not {found.value:g}: convert an image of "
        f"values up to {image.value:g} by {converted}, one of values as before by "
        f"image.astype({str(palette.dtype)!r})."
    )


def check_near(name: str, centers: NDArray[np.float64], near: bool) -> None:
    """Raise where centers are so far off that there are no squares of distances."""
    if not near:
        largest = float(np.abs(centers).max())
        raise ValueError(
            f"{name} with centers up to {largest:.3g} should have none so far off the "
            "values that are clustered."
        )


def check_left_out(n_labeled: int, n_clustered: int) -> None:
    """Raise where labels do not leave out as many pixels as those they replace."""
    if n_labeled != n_clustered:
        raise ValueError(
            f"labels other than 0 of {n_labeled:,} pixels should be those of the "
            f"{n_clustered:,} that are clustered."
        )


def check_present(counts: NDArray[np.int64], present: NDArray[np.bool_]) -> None:
    """Raise where pixels of a plane have a number that it lacks."""
    planes, numbers = np.nonzero((counts > 0) & ~present)
    if planes.size:
        raise ValueError(
            f"labels of plane {planes[0]} should not be {numbers[0] + 1}, which has no "
            "cluster there."
        )
