"""Settings: how samples are to be clustered, as the user asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .. import validation
from .criteria import Criteria
from .keywords import FIT, MAX_SAMPLES

if TYPE_CHECKING:
    import numpy as np
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
    ) -> Settings:
        """Check the arguments that images and points share.

        Parameters
        ----------
        shape : tuple of int
            What the initial labels' shape should be.
        n_channels : int
            How many channels there are to cluster by.
        """
        k = validation.check_k(k)
        name, initial_labels = validation.check_init(init, k, shape)
        refine = validation.check_flag("refine", refine)
        if name == "optimal":
            validation.check_optimal(n_channels, refine)
        return cls(
            k,
            Criteria.of(criteria),
            validation.check_attempts(attempts),
            name,
            initial_labels,
            validation.check_seed(seed),
            validation.check_max_samples(max_samples, k),
            refine,
        )

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
        return min(most, max(SEARCHED, 4 * self.k)) if self.brief else most

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
        return {
            "k": self.k,
            "max_iter": self.criteria.max_iter,
            "epsilon": self.criteria.epsilon,
            "attempts": self.attempts,
            "init": self.init if self.initial_labels is None else "labels",
            "seed": self.seed,
            "max_samples": self.max_samples,
            "refine": self.refine,
        }
