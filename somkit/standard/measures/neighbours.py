"""Whether the nearest samples of a sample are its nearest on the map: measures of ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, final

import attrs
import numpy as np

from somkit.components import Measure
from somkit.errors import MeasureError
from somkit.standard.measures._common import (
    FEWEST,
    MOST,
    Array,
    Better,
    blocks,
    distances_between,
    drawn,
    mean,
    weights,
)
from somkit.validators import choice, integer

if TYPE_CHECKING:
    from collections.abc import Callable

    from somkit.trained import TrainedMap

    Judge = Callable[[Array, int], Array]
    Ranked: TypeAlias = "Trustworthiness | Continuity | NeighbourhoodPreservation"


def places_of_neighbours(near: Array, far: Array, self_at: Array, k: int, *, worst: bool) -> Array:
    """Return which place, from 1, each of a sample's k nearest by one distance has by another.

    Parameters
    ----------
    near, far : arrays of shape (r, s)
        Distances from r samples to s: by the one that says which are the k nearest, and by the other. Infinite ones
        come last.
    self_at : array of shape (r,)
        Where each sample itself is among the s; it is nobody's neighbour.
    k : int in 1..s-1
    worst : bool
        Order ties so that the places are as high as they can be, not as low.

    Returns
    -------
    array of shape (r, k), int64
    """
    near, far = near.copy(), far.copy()
    rows = np.arange(len(near))
    near[rows, self_at] = far[rows, self_at] = -1.0  # before all others, at place 0
    if worst:
        by_near = np.lexsort((-far, near), axis=-1)
        by_far = near.shape[1] - 1 - np.lexsort((-near[:, ::-1], far[:, ::-1]), axis=-1)  # and the last of equals first
    else:
        by_near, by_far = np.lexsort((far, near), axis=-1), np.lexsort((near, far), axis=-1)
    places = np.empty_like(by_far)
    np.put_along_axis(places, by_far, np.arange(near.shape[1])[None, :], axis=-1)
    return np.asarray(np.take_along_axis(places, by_near[:, 1 : k + 1], axis=-1))


def not_far(k: int) -> Judge:
    """Return the judge that takes from 1 how far beyond k places are, over the most that this can be."""
    return lambda places, count: 1 - 2 / (k * (2 * count - 3 * k - 1)) * np.maximum(places - k, 0).sum(axis=1)


def judged(measure: Ranked, trained: TrainedMap, X: Any, sample_weight: Any, judge: Judge, *, on_map: bool) -> Array:
    """Return a judgement of each sample's k nearest, (n,); NaN for samples that were not drawn or have no weight.

    Parameters
    ----------
    judge : callable
        Takes the places (r, k) that the nearest of r samples have by the other distance, and the number of samples.
    on_map : bool
        Whether the nearest are those on the map, and their places those in the data.
    """
    samples = trained.samples(X, sample_weight)
    index = drawn(np.flatnonzero(weights(samples) > 0), measure.max_samples, measure.seed, "samples")
    if len(index) < measure.fewest:
        message = f"measure '{measure}' needs at least {measure.fewest} samples, got {len(index)}; lower its k."
        raise MeasureError(message)
    vectors = samples.filled_rows(index)
    units, which = np.unique(trained.search(samples)[0][index, 0], return_inverse=True)
    table = distances_between(trained.lattice, units)
    orders = [worst for worst in (False, True) if measure.ties in {"mean", "worst" if worst else "best"}]
    found = np.full(len(samples), np.nan)
    for rows in blocks(len(index), len(index)):
        data = np.asarray(trained.metric.pairwise(vectors[rows], vectors), dtype=np.float64)
        laid = table[which[rows]][:, which]
        near, far = (laid, data) if on_map else (data, laid)
        at = np.arange(len(index))[rows]
        places = [places_of_neighbours(near, far, at, measure.k, worst=worst) for worst in orders]
        found[index[rows]] = np.mean([judge(place, len(index)) for place in places], axis=0)
    return found


@final
@attrs.frozen(kw_only=True)
class Trustworthiness(Measure):
    """Whether a sample's neighbours on the map are its neighbours in the data, in [0, 1]; higher is better.

    1: nobody stands near on the map who is not near in the data, so what the map shows together belongs together.

    Parameters
    ----------
    k : int >= 1, default 5
        Neighbours of a sample; fewer than half of the samples.
    ties : "mean" | "best" | "worst", default "mean"
        Samples on one unit are all at distance 0 on the map, and equally far on many others. ``best`` orders equals as
        is best for the map, ``worst`` as is worst, ``mean`` takes the mean of both.
    max_samples : int >= 100, default 2000
        Of more samples so many are drawn at random, and a warning says so. Time n^2 log n without a draw, memory a few
        blocks of 8 MB.
    seed : int >= 0, default 0
        Of that draw.

    Notes
    -----
    Formula: 1 - 2/(n k (2n - 3k - 1)) sum_i sum_{j in U_k(i)} max(0, r(i, j) - k): U_k(i) are the k samples nearest to
    i by the map distance between best-matching units, r(i, j) is the rank of j by distance from i in the data. Both are
    the map's own distances; samples in another part of the map come last. scikit-learn's ``trustworthiness`` is the
    same for positions without ties. Ranks count samples; weights say how much each sample's share counts in the mean,
    and a sample of weight 0 is nobody's neighbour.

    References
    ----------
    Venna & Kaski (2001), Neighborhood preservation in nonlinear projection methods, doi:10.1007/3-540-44668-0_68.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> X = [[0.0], [1.0], [2.5], [4.5], [7.0]]
    >>> TrainedMap.from_codebook("line:units=5", X).measure("trustworthiness", X, k=2)
    1.0
    """

    name: ClassVar[str] = "trustworthiness"
    better: ClassVar[Better] = "higher"
    averages: ClassVar[bool] = True

    k: int = attrs.field(default=5, validator=integer(minimum=1))
    ties: str = attrs.field(default="mean", validator=choice("mean", "best", "worst"))
    max_samples: int = attrs.field(default=MOST, validator=integer(minimum=FEWEST))
    seed: int = attrs.field(default=0, validator=integer(minimum=0))

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the weighted mean."""
        return mean(self.per_sample(trained, X, y, sample_weight), weights(trained.samples(X, sample_weight)))

    @property
    def fewest(self) -> int:
        """The number of samples that it needs."""
        return 2 * self.k + 1

    def per_sample(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array:
        """Return 1 less each sample's share of the penalty; NaN for samples that were not drawn."""
        del y
        return judged(self, trained, X, sample_weight, not_far(self.k), on_map=True)


@final
@attrs.frozen(kw_only=True)
class Continuity(Measure):
    """Whether a sample's neighbours in the data are its neighbours on the map, in [0, 1]; higher is better.

    1: nobody who is near in the data stands far off on the map, so the map tears nothing apart.

    Parameters
    ----------
    k : int >= 1, default 5
        Neighbours of a sample; fewer than half of the samples.
    ties : "mean" | "best" | "worst", default "mean"
        As for ``trustworthiness``.
    max_samples : int >= 100, default 2000
        As for ``trustworthiness``.
    seed : int >= 0, default 0
        As for ``trustworthiness``.

    Notes
    -----
    Formula: 1 - 2/(n k (2n - 3k - 1)) sum_i sum_{j in N_k(i)} max(0, s(i, j) - k): N_k(i) are the k samples nearest to
    i in the data, s(i, j) is the rank of j on the map. It is trustworthiness with the data and the map in each other's
    place. In 2001 Venna and Kaski called it neighbourhood preservation, and so does SOMperf.

    References
    ----------
    Venna & Kaski (2001), Neighborhood preservation in nonlinear projection methods, doi:10.1007/3-540-44668-0_68.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> X = [[0.0], [1.0], [2.5], [4.5], [7.0]]
    >>> TrainedMap.from_codebook("line:units=5", X).measure("continuity", X, k=2)
    1.0
    """

    name: ClassVar[str] = "continuity"
    better: ClassVar[Better] = "higher"
    averages: ClassVar[bool] = True

    k: int = attrs.field(default=5, validator=integer(minimum=1))
    ties: str = attrs.field(default="mean", validator=choice("mean", "best", "worst"))
    max_samples: int = attrs.field(default=MOST, validator=integer(minimum=FEWEST))
    seed: int = attrs.field(default=0, validator=integer(minimum=0))

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the weighted mean."""
        return mean(self.per_sample(trained, X, y, sample_weight), weights(trained.samples(X, sample_weight)))

    @property
    def fewest(self) -> int:
        """The number of samples that it needs."""
        return 2 * self.k + 1

    def per_sample(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array:
        """Return 1 less each sample's share of the penalty; NaN for samples that were not drawn."""
        del y
        return judged(self, trained, X, sample_weight, not_far(self.k), on_map=False)


@final
@attrs.frozen(kw_only=True)
class NeighbourhoodPreservation(Measure):
    """Share of a sample's nearest in the data that are also its nearest on the map, in [0, 1]; higher is better.

    Stricter than trustworthiness and continuity: it counts who is among the nearest, not by how far one missed it.

    Parameters
    ----------
    k : int >= 1, default 5
        Neighbours of a sample; fewer than the samples.
    ties : "mean" | "best" | "worst", default "mean"
        As for ``trustworthiness``.
    max_samples : int >= 100, default 2000
        As for ``trustworthiness``.
    seed : int >= 0, default 0
        As for ``trustworthiness``.

    Notes
    -----
    Formula: (1/(n k)) sum_i |N_k(i) and U_k(i)|: the k nearest in the data and the k nearest on the map. Places at
    random have k/(n - 1). It is Q_NX of Lee and Verleysen. What Venna and Kaski called neighbourhood preservation in
    2001 is here ``continuity``.

    References
    ----------
    Lee & Verleysen (2009), Quality assessment of dimensionality reduction, doi:10.1016/j.neucom.2008.12.017.

    Examples
    --------
    >>> from somkit import TrainedMap
    >>> X = [[0.0], [1.0], [3.0]]
    >>> trained = TrainedMap.from_codebook("line:units=3", [[0.0], [3.0], [1.0]])
    >>> trained.measure_samples("neighbourhood_preservation", X, k=1)  # 3 stands between 0 and 1, equally near to both
    array([0. , 0. , 0.5])
    """

    name: ClassVar[str] = "neighbourhood_preservation"
    better: ClassVar[Better] = "higher"
    averages: ClassVar[bool] = True

    k: int = attrs.field(default=5, validator=integer(minimum=1))
    ties: str = attrs.field(default="mean", validator=choice("mean", "best", "worst"))
    max_samples: int = attrs.field(default=MOST, validator=integer(minimum=FEWEST))
    seed: int = attrs.field(default=0, validator=integer(minimum=0))

    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the weighted mean."""
        return mean(self.per_sample(trained, X, y, sample_weight), weights(trained.samples(X, sample_weight)))

    @property
    def fewest(self) -> int:
        """The number of samples that it needs."""
        return self.k + 1

    def per_sample(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array:
        """Return the share of each sample; NaN for samples that were not drawn."""
        del y
        judge = lambda places, _: (places <= self.k).mean(axis=1)  # noqa: E731 - it closes over k
        return judged(self, trained, X, sample_weight, judge, on_map=True)
