"""K-means as an estimator of scikit-learn, for its pipelines."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from .core import validation

try:
    from sklearn.base import (
        BaseEstimator,
        ClassNamePrefixFeaturesOutMixin,
        ClusterMixin,
        TransformerMixin,
    )
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.utils import check_random_state
    from sklearn.utils.validation import check_is_fitted
except ImportError as error:
    raise ImportError(
        "KMeansQuantizer takes scikit-learn: pip install scikit-learn"
    ) from error

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from .core.reading.points import PointSamples

#: What the dtypes of points may be; all others become the first.
DTYPES = (np.float64, np.float32)


class KMeansQuantizer(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    ClusterMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """K-means as an estimator of scikit-learn: `kmeans` for its pipelines.

    Arguments and attributes are called as those of ``sklearn.cluster.KMeans``; defaults
    are those of `kmeans`, so that both find the same, to the last bit. What all
    estimators have, such as ``fit_transform``, ``get_params`` and ``set_output``, it
    has too. It takes scikit-learn 1.5 or newer, which napari-kmeans does not bring
    along.

    Parameters
    ----------
    n_clusters : int, default 8
        Number of clusters, 1 to 65,535: `k` of `kmeans`.
    init : {"random", "k-means++", "optimal"} or array_like, default "random"
        How attempts start; or centers, (n, n_features). As for `kmeans`.
    n_init : int, default 10
        How often is searched, from different starts: `attempts`.
    max_iter : int or None, default 10
        The most refining steps, over all points; None for any number, until nothing
        moves farther than `tol` says.
    tol : float, optional
        Stop when no center has moved farther than the root of this part of the mean
        variance of the features. 0 is until nothing moves. By default stop at 1/255 of
        the range of the data, the default of `epsilon`.
    random_state : int, numpy.random.RandomState or None, default 0
        An int is the `seed`, 0 to 2**31 - 1. Of others a seed is drawn, so None is
        another answer each time.
    max_samples : int or None, default 65_536
        How many points are searched; all are refined over. None searches all.

    Attributes
    ----------
    cluster_centers_ : (n_clusters, n_features) float64
        From dark to bright: in the order of their means. Fewer than were asked for,
        with a warning, where there are fewer distinct points.
    labels_ : (n_samples,) int32
        0..n_clusters - 1, of the points it was fitted to.
    inertia_ : float
        The sum of the squared distances to the centers, weighted where there are
        weights: `compactness`.
    n_iter_ : int
        Refining steps done.
    n_features_in_ : int
        How many features the points have.
    feature_names_in_ : (n_features,) array of str
        Where the points had such names.

    References
    ----------
    F. Pedregosa et al., "Scikit-learn: Machine Learning in Python", JMLR 12 (2011).

    Examples
    --------
    >>> points = np.array([[0.0, 0], [0, 1], [10, 10], [10, 11]])
    >>> quantizer = KMeansQuantizer(2).fit(points)
    >>> quantizer.labels_.tolist(), quantizer.inertia_
    ([0, 0, 1, 1], 1.0)
    >>> quantizer.predict([[9.0, 9.0]]).tolist()
    [1]
    >>> quantizer.transform([[10.0, 0.5]]).tolist()
    [[10.0, 10.0]]
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        init: str | ArrayLike = "random",
        n_init: int = 10,
        max_iter: int | None = 10,
        tol: float | None = None,
        random_state: int | np.random.RandomState | None = 0,
        max_samples: int | None = 65_536,
    ) -> None:
        self.n_clusters = n_clusters
        self.init = init
        self.n_init = n_init
        self.max_iter = max_iter
        self.tol = tol
        self.random_state = random_state
        self.max_samples = max_samples

    def fit(
        self,
        X: ArrayLike,
        y: object = None,  # noqa: ARG002
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Find the clusters of points.

        Parameters
        ----------
        X : (n_samples, n_features) array_like
            Of finite numbers; what is not float32 is taken as float64.
        y
            Not used.
        sample_weight : (n_samples,) array_like, optional
            How much each point counts, at least 0; by default 1 each.

        Returns
        -------
        KMeansQuantizer
            Itself.

        Raises
        ------
        TypeError, ValueError
            Where an argument, of this or of the class, is not as described.

        Warns
        -----
        sklearn.exceptions.ConvergenceWarning
            Where there are fewer distinct points than clusters.
        """
        from .core.kmeans import clustered
        from .core.run.progress import follow

        k = validation.check_integer(
            "n_clusters", self.n_clusters, 1, validation.MOST_CLUSTERS
        )
        points = self._checked(X, reset=True)
        if len(points) < k:
            raise ValueError(
                f"n_clusters={k} should be at most n_samples={len(points)}."
            )
        samples, options = _weighted(points, sample_weight), self._options(points)
        found = follow(lambda: clustered(samples, k, None, options))
        if found.k < k:
            warnings.warn(
                f"n_clusters={k} should be at most the {found.k} distinct points "
                f"given: there are {found.k} clusters.",
                ConvergenceWarning,
                stacklevel=2,
            )
        self.cluster_centers_ = found.centers
        self.labels_ = found.labels
        self.inertia_ = found.compactness
        self.n_iter_ = found.n_iter
        return self

    def fit_predict(
        self, X: ArrayLike, y: object = None, sample_weight: ArrayLike | None = None
    ) -> NDArray[np.int32]:
        """Find the clusters of points, and return their labels.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        (n_samples,) int32
            0..n_clusters - 1.
        """
        labels: NDArray[np.int32] = self.fit(X, y, sample_weight).labels_
        return labels

    def predict(self, X: ArrayLike) -> NDArray[np.int32]:
        """Return the index of the nearest center of each point, ties to the lowest.

        Parameters
        ----------
        X : (n_samples, n_features) array_like
            As for `fit`.

        Returns
        -------
        (n_samples,) int32
            0..n_clusters - 1; those of the points it was fitted to are `labels_`.
        """
        return self._nearest(X, None)[0]

    def transform(self, X: ArrayLike) -> NDArray[np.floating[Any]]:
        """Return how far points are from each center.

        Parameters
        ----------
        X : (n_samples, n_features) array_like
            As for `fit`.

        Returns
        -------
        (n_samples, n_clusters) float64, or float32 where the points are
            Euclidean distances.
        """
        from scipy.spatial.distance import cdist

        check_is_fitted(self)
        points = self._checked(X)
        return np.asarray(cdist(points, self.cluster_centers_), points.dtype)

    def score(
        self,
        X: ArrayLike,
        y: object = None,  # noqa: ARG002
        sample_weight: ArrayLike | None = None,
    ) -> float:
        """Return the sum of the squared distances to the nearest center, negated.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        float
            The more, the better; of the points it was fitted to ``-inertia_``.
        """
        return -self._nearest(X, sample_weight)[1]

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn is to know, from 1.6 on."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _more_tags(self) -> dict[str, Any]:
        """Return what scikit-learn is to know, before 1.6."""
        return {"preserves_dtype": [*DTYPES]}

    @property
    def _n_features_out(self) -> int:
        return len(self.cluster_centers_)

    def _checked(self, X: ArrayLike, *, reset: bool = False) -> NDArray[Any]:
        """Return points as an array, as scikit-learn checks them."""
        given = {"reset": reset, "dtype": DTYPES, "order": "C"}
        try:
            from sklearn.utils.validation import validate_data
        except ImportError:  # before 1.6
            points: NDArray[Any] = self._validate_data(X, **given)
        else:
            points = validate_data(self, X, **given)
        return points

    def _options(self, points: NDArray[Any]) -> dict[str, Any]:
        """Return the options of `kmeans`."""
        from .core.options.criteria import Criteria

        epsilon = None
        if self.tol is not None:
            tol = validation.check_distance("tol", self.tol)
            variance = np.var(points, axis=0, dtype=np.float64).mean()
            epsilon = math.sqrt(tol * float(variance))
        seed = self.random_state
        if seed is None or isinstance(seed, np.random.RandomState):
            seed = int(check_random_state(seed).randint(2**31 - 1))
        most = 2**31 - 1
        return {
            "criteria": Criteria(self.max_iter, epsilon),
            "attempts": validation.check_integer("n_init", self.n_init, 1, most),
            "init": self.init,
            "seed": validation.check_integer("random_state", seed, 0, most),
            "max_samples": self.max_samples,
        }

    def _nearest(
        self, X: ArrayLike, weights: ArrayLike | None
    ) -> tuple[NDArray[np.int32], float]:
        """Return the labels of points, and their compactness."""
        check_is_fitted(self)
        samples = _weighted(self._checked(X), weights)
        found = samples.assign(self.cluster_centers_)
        return samples.label(found, None), found.compactness


def _weighted(points: NDArray[Any], sample_weight: ArrayLike | None) -> PointSamples:
    from .core.reading.points import PointSamples

    weights = validation.check_weights(sample_weight, len(points), "sample_weight")
    return PointSamples(points, weights)
