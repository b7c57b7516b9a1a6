"""Single values: numbers, names and flags."""

from __future__ import annotations

import re
from collections.abc import Iterable
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from ..spaces import SPACES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Labels are at most uint16, and 0 is taken.
MOST_CLUSTERS = 65_535

#: OpenCV's ``setRNGSeed`` takes a C int.
MOST_SEED = 2**31 - 1

#: How errors are measured.
METRICS = ("distance", "ciede2000")

#: How colors are mixed by the eye.
DITHERINGS = ("diffusion", "ordered")

#: Characters of a value in a message.
MOST_SHOWN = 72


def check_integer(name: str, value: Any, least: int, most: int) -> int:
    """Return `value` as an int between `least` and `most`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(f"{name}={shown(value)} should be an integer.")
    integer = int(value)
    if not least <= integer <= most:
        bounds = f"at least {least}" if integer < least else f"at most {most:,}"
        raise ValueError(f"{name}={shown(integer)} should be {bounds}.")
    return integer


def check_k(k: Any) -> int:
    """Return the number of clusters as an int."""
    return check_integer("k", k, 1, MOST_CLUSTERS)


def check_ks(ks: Any) -> list[int]:
    """Return several numbers of clusters, ascending, each once."""
    if isinstance(ks, (str, bytes)) or not isinstance(ks, Iterable):
        raise TypeError(f"k={shown(ks)} should be a sequence of integers.")
    found = sorted({check_k(k) for k in ks})
    if not found:
        raise ValueError(f"k={shown(ks)} should have at least one number of clusters.")
    return found


def check_attempts(attempts: Any) -> int:
    """Return the number of attempts as an int."""
    return check_integer("attempts", attempts, 1, MOST_SEED)


def check_distance(name: str, value: Any) -> float:
    """Return a distance as a float."""
    number = _as_float(name, value)
    if not number >= 0:
        raise ValueError(f"{name}={shown(value)} should be at least 0.")
    return number


def check_positive(name: str, value: Any) -> float:
    """Return a finite number above 0 as a float."""
    number = _as_float(name, value)
    if not 0 < number < np.inf:
        raise ValueError(f"{name}={shown(value)} should be finite and above 0.")
    return number


def check_unit(unit: Any) -> str:
    """Return the unit of an area, which is text."""
    if not isinstance(unit, str):
        raise TypeError(f"unit={shown(unit)} should be text.")
    return unit


def _as_float(name: str, value: Any) -> float:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise TypeError(f"{name}={shown(value)} should be a number.")
    try:
        return float(value)
    except OverflowError:  # an integer that is no float
        return np.inf


def check_color(color: Any) -> NDArray[np.float64]:
    """Return a color as red, green and blue from 0 to 1."""
    if isinstance(color, str):
        if re.fullmatch("#[0-9a-fA-F]{6}", color):
            return np.array([*bytes.fromhex(color[1:])]) / 255
        raise ValueError(f"color={shown(color)} should be such as '#ff8000'.")
    try:
        found = np.asarray(color, np.float64)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.shape != (3,) or not ((found >= 0) & (found <= 1)).all():
        raise ValueError(
            f"color={shown(color)} should be red, green and blue, each from 0 to 1."
        )
    return found


def check_center(center: Any, n_channels: int) -> NDArray[np.float64]:
    """Return a center as a finite float for each channel."""
    try:
        found = np.atleast_1d(np.asarray(center, np.float64))
    except (TypeError, ValueError, OverflowError):
        found = np.empty(0)
    if found.shape != (n_channels,) or not np.isfinite(found).all():
        numbers = "a number" if n_channels == 1 else f"{n_channels} numbers"
        raise ValueError(f"center={shown(center)} should be {numbers}, all finite.")
    return found


def check_samples(samples: Any) -> None:
    """Raise where something is not the samples of an image."""
    if not hasattr(samples, "prepare"):
        raise TypeError(
            f"samples={shown(samples)} should be what read_samples has returned, as "
            "read_samples(image) is."
        )


def check_palette(palette: Any) -> None:
    """Raise where something is not a palette."""
    if not hasattr(palette, "quantizer_of"):
        raise no_palette("palette", palette, ", such as fit returns")


def no_palette(name: str, given: Any, otherwise: str = "") -> TypeError:
    """Return the error where something is no palette; a result has one."""
    has = f"; {name}.palette is one" if hasattr(given, "palette") else ""
    return TypeError(f"{name}={shown(given)} should be a Palette{otherwise}{has}.")


def check_result(result: Any) -> None:
    """Raise where something is neither what quantized an image nor a palette."""
    if not (hasattr(result, "quantized") or hasattr(result, "quantizer_of")):
        raise TypeError(
            f"result={shown(result)} should be what quantize or quantize_planes "
            "returns, or a Palette."
        )


def check_same_channels(n_channels: int, n_clustered: int) -> None:
    """Raise where an image has not as many channels as the palette."""
    if n_channels != n_clustered:
        raise ValueError(
            f"samples of {n_channels} channels should have {n_clustered}, as the "
            "image that was clustered."
        )


def check_metric(metric: Any, rgb: bool) -> None:
    """Raise where errors cannot be measured so."""
    if not isinstance(metric, str) or metric not in METRICS:
        raise ValueError(
            f"metric={shown(metric)} should be one of {', '.join(map(repr, METRICS))}."
        )
    if metric == "ciede2000" and not rgb:
        raise ValueError(
            f"metric={shown(metric)} should go with the palette of an RGB image."
        )


def check_least(least: Any) -> float:
    """Return the least margin as a float from 0 to 1."""
    return _as_part("least", least)


def check_dithering(method: Any, strength: Any, rgb: bool) -> float:
    """Return the strength as a float; raise where images cannot be dithered so."""
    if not rgb:
        raise ValueError(
            "palette should be of an RGB image, whose colors can be mixed."
        )
    if not isinstance(method, str) or method not in DITHERINGS:
        raise ValueError(
            f"method={shown(method)} should be one of "
            f"{', '.join(map(repr, DITHERINGS))}."
        )
    return _as_part("strength", strength)


def _as_part(name: str, value: Any) -> float:
    number = _as_float(name, value)
    if not 0 <= number <= 1:
        raise ValueError(f"{name}={shown(value)} should be from 0 to 1.")
    return number


def check_progress(progress: Any) -> None:
    """Raise where progress cannot be told."""
    if progress is not None and not callable(progress):
        raise TypeError(f"progress={shown(progress)} should be callable or None.")


def check_seed(seed: Any) -> int:
    """Return the seed as an int."""
    return check_integer("seed", seed, 0, MOST_SEED)


def check_max_samples(max_samples: Any, k: int) -> int | None:
    """Return the size of the search's sample as an int, None for no limit."""
    if max_samples is None:
        return None
    size = check_integer("max_samples", max_samples, 1, MOST_SEED)
    if size < k:
        raise ValueError(f"max_samples={size} should be at least k={k}, or None.")
    return size


def check_flag(name: str, value: Any) -> bool:
    """Return `value` as a bool."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}={shown(value)} should be True or False.")
    return bool(value)


def shown(value: Any) -> str:
    """Return a value as a message has it: on one line, and no longer than that.

    Examples
    --------
    >>> shown("five"), shown(np.zeros((2, 2)))
    ("'five'", 'array([[0., 0.], [0., 0.]])')
    """
    text = " ".join(repr(value).split())
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."


def check_no_data(no_data: Any) -> float | int | None:
    """Return the value that stands for none; NaN is left out anyway."""
    if no_data is None:
        return None
    if isinstance(no_data, (bool, np.bool_)) or not isinstance(no_data, Real):
        raise TypeError(f"no_data={shown(no_data)} should be a number or None.")
    if isinstance(no_data, Integral):
        return int(no_data)
    # There is one NaN that is the same as itself in a comparison of tuples.
    return np.nan if np.isnan(float(no_data)) else float(no_data)


def check_memory(memory: Any) -> int | None:
    """Return the memory that an image may take, in bytes."""
    return None if memory is None else check_integer("memory", memory, 1, 2**63 - 1)


def check_color_space(color_space: Any, rgb: bool) -> str:
    """Return the name of the space that colors are clustered in."""
    if not isinstance(color_space, str) or color_space not in SPACES:
        raise ValueError(
            f"color_space={shown(color_space)} should be one of "
            f"{', '.join(map(repr, SPACES))}."
        )
    if color_space != "rgb" and not rgb:
        raise ValueError(
            f"color_space={shown(color_space)} should go with an RGB image: rgb=True."
        )
    return str(color_space)


def check_optimal(n_channels: int, refine: bool) -> None:
    """Raise where the global optimum cannot be had."""
    if n_channels != 1:
        raise ValueError(
            f"init='optimal' should go with a single channel, not {n_channels}."
        )
    if not refine:
        raise ValueError(
            "init='optimal' should not go with refine=False, which is plain OpenCV."
        )


def check_keep(keep: Any, k: int, n_channels: int) -> Any:
    """Return the palette whose locked clusters stay; None where none is locked."""
    if keep is None:
        return None
    if not hasattr(keep, "locked"):
        raise no_palette("keep", keep, " or None")
    keep = keep.present
    if not any(keep.locked):
        return None
    n_locked = sum(keep.locked)
    if k < n_locked:
        raise ValueError(
            f"k={k} should be at least the {n_locked} locked clusters of keep."
        )
    if keep.centers.shape[1] != n_channels:
        raise ValueError(
            f"keep of {keep.centers.shape[1]} channels should have {n_channels}, as "
            "the image."
        )
    return keep


def check_like(like: Any) -> Any:
    """Return the palette whose numbers, names and colors clusters are to have."""
    if like is not None and not hasattr(like, "matched"):
        raise no_palette("like", like, " or None")
    return like


def check_n_centers(n: int, k: int, n_kept: int) -> None:
    """Raise where there are more centers to start from than clusters to be found."""
    if n > k - n_kept:
        most = f"the {k - n_kept} that k={k} leaves beside keep" if n_kept else f"k={k}"
        raise ValueError(f"init with {n} centers should have at most {most}.")


def check_fixed(fixed: Any, n: int | None) -> NDArray[np.bool_]:
    """Return which of n centers stay, by labels or booleans; None: there are none."""
    if isinstance(fixed, (bool, np.bool_)):
        given = [bool(fixed)] * (n or bool(fixed))
    else:
        given = check_labels("fixed", fixed)
    if n is None:
        if given:
            raise ValueError(f"fixed={shown(fixed)} should go with centers in init.")
        return np.zeros(0, np.bool_)
    if any(isinstance(one, (bool, np.bool_)) for one in given):
        if len(given) != n or not all(isinstance(x, (bool, np.bool_)) for x in given):
            raise ValueError(
                f"fixed={shown(fixed)} should have a boolean for each of the {n} "
                "centers of init, or the labels of some."
            )
        return np.array(given, np.bool_)
    stay = np.zeros(n, np.bool_)
    for label in given:
        stay[check_integer("fixed", label, 1, n) - 1] = True
    return stay


def check_alone(name: str, value: Any, acts: Any, other: str, given: Any) -> None:
    """Raise where an option acts, and another one is given that acts otherwise."""
    if acts and given is not None:
        raise ValueError(f"{name}={shown(value)} should not go with {other}.")


def check_reject(reject: Any, refine: bool) -> float | None:
    """Return how far from every center samples may be; None for any distance."""
    if reject is None:
        return None
    number = _as_float("reject", reject)
    if not 0 <= number < np.inf:
        raise ValueError(f"reject={shown(reject)} should be finite, and at least 0.")
    if not refine:
        raise ValueError(
            "reject should not go with refine=False, which is plain OpenCV."
        )
    return number


def check_mapping(color_space: str, n_fixed: int, k: int) -> None:
    """Raise where centers are searched for by distances that have no means."""
    if color_space == "ciede2000" and n_fixed < k:
        raise ValueError(
            f"color_space={shown(color_space)} should go with centers that are all "
            "fixed."
        )


def check_unscaled(color_space: str, scaling: str | tuple[float, ...]) -> None:
    """Raise where channels are to be scaled that have distances of their own."""
    if color_space == "ciede2000" and scaling != "none":
        raise ValueError(
            f"scaling={shown(scaling)} should not go with color_space='ciede2000'."
        )


def check_split(color_space: str) -> None:
    """Raise where clusters cannot be parted: that takes means."""
    if color_space == "ciede2000":
        raise ValueError(
            "color_space='ciede2000' should go with centers that are all fixed: a "
            "cluster is not split by it."
        )


def check_search(name: str, value: Any, init: str, refine: bool) -> None:
    """Raise where an option should go with a search, which there is none of."""
    if value is None:
        return
    if init == "optimal":
        raise ValueError(
            f"{name} should not go with init='optimal', which does not search."
        )
    if not refine:
        raise ValueError(
            f"{name} should not go with refine=False, which is plain OpenCV."
        )


def check_labels(name: str, labels: Any) -> list[Any]:
    """Return labels of clusters as a list."""
    if isinstance(labels, (str, bytes)) or not isinstance(labels, Iterable):
        raise TypeError(f"{name}={shown(labels)} should be a sequence of labels.")
    return list(labels)


def check_name(name: str, given: str, names: Sequence[str]) -> int:
    """Return where among the names of clusters one is that is there once."""
    places = [at for at, own in enumerate(names) if own == given and own]
    if len(places) == 1:
        return places[0]
    if places:
        several = ", ".join(str(at + 1) for at in places)
        raise ValueError(
            f"{name}={shown(given)} should be the name of one cluster, but is of "
            f"{several}."
        )
    known = ", ".join(map(repr, dict.fromkeys(filter(None, names)))) or "there is none"
    raise ValueError(f"{name}={shown(given)} should be the name of a cluster: {known}.")


def check_size(size: Any) -> float:
    """Return a size, in pixels, or as area or volume, as a float."""
    if isinstance(size, (bool, np.bool_)) or not isinstance(size, Real):
        raise TypeError(f"size={shown(size)} should be a number.")
    try:
        found = float(size)
    except OverflowError:
        found = np.inf
    if not 0 <= found < np.inf:
        raise ValueError(f"size={shown(size)} should be finite, and at least 0.")
    return found


def check_spacing(spacing: Any, ndim: int) -> tuple[float, ...]:
    """Return the size of a pixel along each axis; 1 for None."""
    if spacing is None:
        return (1.0,) * ndim
    try:
        given = np.asarray(spacing, np.float64)
    except (TypeError, ValueError):
        given = np.empty(0)
    if given.shape not in ((), (ndim,)):
        raise ValueError(
            f"spacing={shown(spacing)} should be a number, or one for each of the "
            f"{ndim} axes of the labels."
        )
    if not ((given > 0) & (given < np.inf)).all():
        raise ValueError(f"spacing={shown(spacing)} should be finite, and above 0.")
    return tuple(np.broadcast_to(given, ndim).tolist())
