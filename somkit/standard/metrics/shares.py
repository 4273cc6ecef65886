"""Metrics of counts, shares and categories: how much of two samples is not in common."""

from __future__ import annotations

from typing import Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit import kernels
from somkit.components import Metric
from somkit.standard.metrics.direct import direct
from somkit.validators import choice

Array = np.ndarray[Any, Any]

DOWN = 2.0**-64  # no sum of d numbers overflows once they are multiplied by it


def _not_negative(features: int) -> tuple[Array, Array]:
    return np.zeros(features), np.full(features, np.inf)


def _ratio(part: Array, whole: Array) -> Array:
    """Return part / whole, 0 / 0 being 0."""
    return np.asarray(part / np.where(whole > 0, whole, 1.0))


@final
@attrs.frozen(kw_only=True)
class Braycurtis(Metric):
    """The share of two amounts that they have not in common: sum |x - w| / sum (x + w), between 0 and 1; 0 / 0 is 0.

    For numbers >= 0, such as counts of species; negative ones are refused.

    References
    ----------
    Bray and Curtis (1957), An ordination of the upland forest communities of southern Wisconsin, doi:10.2307/1942268.

    Examples
    --------
    >>> Braycurtis().pairwise(np.array([[6.0, 0.0, 4.0]]), np.array([[2.0, 4.0, 4.0]]))
    array([[0.4]])
    """

    name: ClassVar[str] = "braycurtis"

    @property
    def weight_power(self) -> float:
        """Amounts are multiplied by weights."""
        return 1.0

    def limits(self, features: int) -> tuple[Array, Array]:
        """Return 0 and infinity."""
        return _not_negative(features)

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances."""
        from scipy.spatial import distance

        x, w = X.astype(np.float64) * DOWN, W.astype(np.float64) * DOWN
        total = np.abs(x).sum(axis=1)[:, None] + np.abs(w).sum(axis=1)
        return np.minimum(_ratio(distance.cdist(x, w, "cityblock"), total), 1.0)


@final
@attrs.frozen(kw_only=True)
class Jaccard(Metric):
    """One minus the share in common: 1 - sum min(x, w) / sum max(x, w), between 0 and 1; 0 / 0 counts as 0.

    Of samples of 0 and 1 it is the Jaccard distance: features that only one of the two has, over features that any
    has. Units are means, so it is Ruzicka's generalisation to any numbers >= 0; negative ones are refused.

    References
    ----------
    Jaccard (1912), The distribution of the flora in the alpine zone, doi:10.1111/j.1469-8137.1912.tb05611.x.

    Examples
    --------
    >>> Jaccard().pairwise(np.array([[1.0, 1.0, 0.0]]), np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]]))
    array([[0.5, 0.5]])
    """

    name: ClassVar[str] = "jaccard"

    @property
    def weight_power(self) -> float:
        """Amounts are multiplied by weights."""
        return 1.0

    def limits(self, features: int) -> tuple[Array, Array]:
        """Return 0 and infinity."""
        return _not_negative(features)

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances: 2b / (1 + b), with b that of Bray and Curtis, as max - min is the difference."""
        share = Braycurtis().pairwise(X, W)
        return np.asarray(2 * share / (1 + share))


@final
@attrs.frozen(kw_only=True)
class Tanimoto(Metric):
    """One minus the product in common: 1 - x.w / (|x|^2 + |w|^2 - x.w), between 0 and 4/3; 0 / 0 counts as 0.

    Of samples of 0 and 1 it is the Jaccard distance; where units are means, it weighs their features by squares.

    Notes
    -----
    The form is that of Willett, Barnard and Downs.

    References
    ----------
    Rogers & Tanimoto (1960), A computer program for classifying plants, doi:10.1126/science.132.3434.1115.

    Willett, Barnard & Downs (1998), Chemical similarity searching, doi:10.1021/ci9800211.

    Examples
    --------
    >>> Tanimoto().pairwise(np.array([[1.0, 1.0, 0.0]]), np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])).round(4)
    array([[0.5, 0. ]])
    """

    name: ClassVar[str] = "tanimoto"

    @property
    def weight_power(self) -> float:
        """Products are multiplied by weights."""
        return 0.5

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances: 2r^2 / (1 + r^2), with r = |x - w| / (|x|^2 + |w|^2)^(1/2), which loses no digits."""
        x, w = X.astype(np.float64) * DOWN, W.astype(np.float64) * DOWN
        length = np.hypot(_lengths(x)[:, None], _lengths(w))
        share = np.minimum(_ratio(direct(x, w, "euclidean"), length) ** 2, 2.0)
        return np.asarray(2 * share / (1 + share))


def _lengths(X: Array) -> Array:
    scale = kernels.power_of_two(np.abs(X).max(axis=1, keepdims=True))
    return np.asarray(np.linalg.norm(X * scale, axis=1) / scale[:, 0])


@final
@attrs.frozen(kw_only=True)
class Hamming(Metric):
    """The share of features that differ, between 0 and 1.

    Parameters
    ----------
    values : "binary" | "categorical", default "binary"
        "binary": samples of 0 and 1. A unit's feature is a mean, the share of its samples that have a 1, and counts
        for the mean |x - w|, the share of those that differ from x; numbers outside [0, 1] are refused.
        "categorical": any numbers, as codes of categories, which are the same or differ. Units must then hold codes
        too: start with ``initialiser="sample"`` and train with ``trainer="batch:centre=mode"``.

    Notes
    -----
    Formula: (1/d) sum_k [x_k != w_k].

    References
    ----------
    Hamming (1950), Error detecting and error correcting codes, doi:10.1002/j.1538-7305.1950.tb00463.x.

    Examples
    --------
    >>> Hamming().pairwise(np.array([[1.0, 0.0]]), np.array([[1.0, 1.0], [0.75, 0.0]]))
    array([[0.5  , 0.125]])
    >>> Hamming(values="categorical").pairwise(np.array([[7.0, 3.0]]), np.array([[7.0, 1.0]]))
    array([[0.5]])
    """

    name: ClassVar[str] = "hamming"
    values: str = attrs.field(default="binary", validator=choice("binary", "categorical"))

    @property
    def centre(self) -> Literal["mean", "normalised_mean", "mode"] | None:
        """The mode of categories."""
        return "mode" if self.values == "categorical" else None

    def limits(self, features: int) -> tuple[Array, Array]:
        """Return 0 and 1 for binary samples."""
        if self.values == "categorical":
            return Metric.limits(self, features)
        return np.zeros(features), np.ones(features)

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances."""
        from scipy.spatial import distance

        x, w = X.astype(np.float64), W.astype(np.float64)
        if self.values == "categorical":
            return np.asarray(distance.cdist(x, w, "hamming"))
        return np.asarray(distance.cdist(x, w, "cityblock") / x.shape[1])
