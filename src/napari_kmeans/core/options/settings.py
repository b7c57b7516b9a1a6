"""Settings: how samples are to be clustered, as the user asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from .. import validation
from .anchors import Anchors
from .criteria import Criteria
from .keywords import BOUND, FIT, KEEP, MAX_SAMPLES, K

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
    #: Centers that are given; None where there are none.
    anchors: Anchors | None = None
    #: Farther than this from every center, samples are of no cluster.
    reject: float | None = None
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
        fixed: Any = BOUND["fixed"],
        reject: Any = BOUND["reject"],
        keep: Any = KEEP["keep"],
        like: Any = KEEP["like"],
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
        name, labels, centers = validation.check_init(init, shape, n_channels)
        k = validation.check_k(_default_k(centers, like) if k is None else k)
        if labels is not None:
            labels = validation.check_initial_labels(labels, k)
        refine = validation.check_flag("refine", refine)
        if name == "optimal":
            validation.check_optimal(n_channels, refine)
        kept = validation.check_keep(keep, k, n_channels)
        if centers is not None:
            n_kept = 0 if kept is None else sum(kept.locked)
            validation.check_n_centers(len(centers), k, n_kept)
        far = validation.check_reject(reject, refine)
        for option, value in {"keep": kept, "init with centers": centers}.items():
            validation.check_search(option, value, name, refine)
        return cls(
            k,
            Criteria.of(criteria),
            validation.check_attempts(attempts),
            name,
            labels,
            validation.check_seed(seed),
            validation.check_max_samples(max_samples, k),
            refine,
            Anchors.of(init, centers, fixed, kept, like),
            far,
            like,
        )

    @property
    def n_fixed(self) -> int:
        """How many clusters stay where they are."""
        return 0 if self.anchors is None else self.anchors.n

    @property
    def least(self) -> int:
        """How many samples there should be: one for each cluster that is found."""
        return max(1, self.k - self.n_fixed)

    @property
    def n_centers(self) -> int:
        """How many centers there are to be: of a given cluster there may be several."""
        if self.anchors is None:
            return self.k
        return self.k + len(self.anchors.owners) - self.anchors.n

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
        given = {} if self.anchors is None else self.anchors.record
        far = {} if self.reject is None else {"reject": self.reject}
        like = {} if self.like is None else {"like": self.like.centers.tolist()}
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
            **far,
            **like,
        }


def _default_k(centers: NDArray[np.float64] | None, like: Any) -> int:
    """Return the number of clusters where it is not given."""
    if centers is not None:
        return len(centers)
    return K if like is None else int(like.k)
