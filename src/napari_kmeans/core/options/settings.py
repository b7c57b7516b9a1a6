"""Settings: how samples are to be clustered, as the user asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .. import validation
from .criteria import Criteria
from .keywords import FIT, MAX_SAMPLES, START, K

if TYPE_CHECKING:
    from numpy.typing import NDArray


#: OpenCV's search, refined over all samples; OpenCV's search alone; no search at all.
Method = Literal["refined", "plain", "optimal"]

#: Samples that OpenCV searches, at least, where its attempts are short.
SEARCHED = 2_048


@dataclass(frozen=True)
class Settings:
    """What the user asked for, validated."""

    k: int
    criteria: Criteria
    attempts: int
    init: str
    initial_labels: NDArray[np.int32] | None
    seed: int
    max_samples: int | None
    refine: bool
    #: The palette whose locked clusters stay; None where none is locked.
    keep: Any = None
    seeds: NDArray[np.float64] | None = None
    #: The palette whose numbers, names and colors the clusters get.
    like: Any = None

    @classmethod
    def of(
        cls,
        shape: tuple[int, ...],
        n_channels: int,
        *,
        k: Any,
        criteria: Any = FIT["criteria"],
        attempts: Any = FIT["attempts"],
        init: Any = FIT["init"],
        seed: Any = FIT["seed"],
        max_samples: Any = FIT["max_samples"],
        refine: Any = FIT["refine"],
        keep: Any = START["keep"],
        seeds: Any = START["seeds"],
        like: Any = START["like"],
    ) -> Settings:
        """Check the arguments that images and points share.

        Parameters
        ----------
        shape : tuple of int
            What the initial labels' shape should be.
        n_channels : int
            How many channels there are to cluster by.
        k : int or None
            None for as many clusters as `like` has, or `K`.
        """
        like = validation.check_like(like)
        k = validation.check_k(_default_k(like) if k is None else k)
        name, initial_labels = validation.check_init(init, k, shape)
        refine = validation.check_flag("refine", refine)
        if name == "optimal":
            validation.check_optimal(n_channels, refine)
        kept = validation.check_keep(keep, k, n_channels)
        n_free = k - (0 if kept is None else sum(kept.locked))
        start = validation.check_seeds(seeds, n_free, n_channels)
        for option, value in {"keep": kept, "seeds": start}.items():
            validation.check_search(option, value, name, refine)
        return cls(
            k,
            Criteria.of(criteria),
            validation.check_attempts(attempts),
            name,
            initial_labels,
            validation.check_seed(seed),
            validation.check_max_samples(max_samples, k),
            refine,
            kept,
            start,
            like,
        )

    @property
    def n_centers(self) -> int:
        """How many centers are to be found: of a kept cluster there may be several."""
        if self.keep is None or self.keep.quantizer.owners is None:
            return self.k
        locked = np.array(self.keep.locked)
        owned = locked[self.keep.quantizer.owners]
        return self.k + int(owned.sum() - locked.sum())

    @property
    def brief(self) -> bool:
        """Whether OpenCV's attempts are short: settling goes on from all of them.

        Not from those of plain OpenCV, nor from a start that the user chose, nor where
        all samples are asked for.
        """
        return (
            self.refine and self.initial_labels is None and self.max_samples is not None
        )

    @property
    def search_size(self) -> int:
        """How many samples are searched of data that are not searched whole."""
        most = self.max_samples or MAX_SAMPLES
        return min(most, max(SEARCHED, 4 * self.n_centers)) if self.brief else most

    @property
    def search_limit(self) -> int | None:
        """Up to how many samples are searched whole; None for any number."""
        return None if self.max_samples is None else self.search_size

    @property
    def method(self) -> Method:
        """How the centers are found."""
        if self.init == "optimal":
            return "optimal"
        return "refined" if self.refine else "plain"

    @property
    def record(self) -> dict[str, Any]:
        """The settings as plain values, to be kept with a result."""
        given: dict[str, Any] = {}
        if self.keep is not None:
            given["keep"] = self.keep.centers[np.array(self.keep.locked)].tolist()
        if self.seeds is not None:
            given["seeds"] = self.seeds.tolist()
        if self.like is not None:
            given["like"] = self.like.centers.tolist()
        return {
            "k": self.k,
            "max_iter": self.criteria.max_iter,
            "epsilon": self.criteria.epsilon,
            "attempts": self.attempts,
            "init": self.init if self.initial_labels is None else "labels",
            "seed": self.seed,
            "max_samples": self.max_samples,
            "refine": self.refine,
            **given,
        }


def _default_k(*given: Any) -> int:
    """Return how many clusters there are to be: as many as the first palette has."""
    return next((palette.k for palette in given if palette is not None), K)
