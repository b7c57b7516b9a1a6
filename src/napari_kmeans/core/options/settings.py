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
    def search_size(self) -> int:
        """How many samples are searched of data that are not searched whole.

        Some thousand tell OpenCV's attempts from each other, and settling does the
        rest. Plain OpenCV does not settle, nor does a start that the user chose.
        """
        most = self.max_samples or MAX_SAMPLES
        if not self.refine or self.initial_labels is not None:
            return most
        return min(most, max(4_096, 64 * self.k))

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
