"""The contract of metrics."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit.components.component import Component
from somkit.errors import RecipeError
from somkit.kernels import rank, tie
from somkit.samples import Samples, Scaling, check_within, nothing_observed
from somkit.searching import MovingCodebook, PiecewiseSearcher, PlainCodebook, PlainSearcher, Searcher, Tiles

Array = np.ndarray[Any, Any]

PAIRWISE_NUMBERS = 1 << 22  # distances that the default `Metric.nearest` holds at once: 32 MB


@final
@attrs.frozen(eq=False)
class MeanSpace:
    """A space in which means of some features are taken, as of places on a globe among points in space.

    Parameters
    ----------
    columns : integer array of shape (c,)
        The features, by number.
    into : callable
        Samples (n, c) to points (n, e), float64; NaN to NaN.
    back : callable
        Means of points (m, e) to vectors (m, c); NaN where a mean stands for none, so that the unit stays.
    dimensions : int
        e, the number of coordinates.
    """

    columns: Array
    into: Callable[[Array], Array]
    back: Callable[[Array], Array]
    dimensions: int


@attrs.frozen(kw_only=True)
class Metric(Component):
    """How far a sample is from a unit's vector.

    Attributes
    ----------
    batch_update : "mean" | "normalised_mean" | None
        The centre of a set of samples that suits the metric: their mean, or the mean of their directions. None: the
        metric has no closed form for it, and the batch trainer refuses the metric.
    """

    kind: ClassVar[str] = "metric"
    batch_update: ClassVar[Literal["mean", "normalised_mean"] | None] = None

    @property
    def accepts_missing(self) -> bool:
        """Whether samples may hold NaN for what is missing.

        Then `pairwise` (and `nearest`, `prepare`, `online`, where they are overridden) take NaN in X, and the built-in
        trainers move each feature of a unit by the samples that have a value of it, with a denominator of its own.
        """
        return False

    @property
    def accepts_sparse(self) -> bool:
        """Whether samples may be scipy sparse matrices, which are searched by `prepare_sparse`."""
        return False

    @property
    def accepts_scale(self) -> bool:
        """Whether features may be scaled, by a recipe's ``scale``; not where it measures in units of their own."""
        return True

    @property
    def unobserved(self) -> tuple[int, ...]:
        """The features that no training sample had a value of: they weigh nothing, and cannot be imputed."""
        return ()

    @property
    def centre(self) -> Literal["mean", "normalised_mean", "mode"] | None:
        """What trainers take: ``batch_update``, unless it depends on the metric's fields.

        "normalised_mean": directions are averaged within each group of features that `directed` names. "mode": features
        are categories, and units must hold values that samples have; trainers and initialisers that make others refuse
        the metric.
        """
        return self.batch_update

    @property
    def features(self) -> int | None:
        """How many features a sample must have; None: any number."""
        return None

    def directed(self, features: int) -> tuple[Array, ...]:
        """Return the groups of features, by number, of whose directions trainers take means; they share no feature.

        By default one of all where `centre` is "normalised_mean", else none. Of features in no group the means are
        plain.
        """
        return (np.arange(features),) if self.centre == "normalised_mean" else ()

    def mean_spaces(self, features: int) -> tuple[MeanSpace, ...]:
        """Return the spaces in which trainers take means of groups of features that share none; none by default.

        Such features belong to no group of `directed`, and `centre` is "normalised_mean". Units go to their means by
        `towards`.
        """
        del features
        return ()

    @final
    def points(self, W: Array) -> Array:
        """Return vectors whose means may be taken, (m, d) -> (m, e): the points in `mean_spaces`, then the rest."""
        spaces, W = self.mean_spaces(W.shape[1]), np.asarray(W, dtype=np.float64)
        if not spaces:
            return W
        rest = np.setdiff1d(np.arange(W.shape[1]), np.concatenate([space.columns for space in spaces]))
        return np.hstack([*(space.into(W[:, space.columns]) for space in spaces), W[:, rest]])

    def towards(self, W: Array, targets: Array, factors: Any) -> Array:
        """Return vectors moved towards targets, W + factors (targets - W), (m, d) each; the way that training takes.

        Parameters
        ----------
        targets : array of shape (m, d) or (d,)
        factors : array of shape (m, 1) or float
            0 leaves a vector where it is, 1 puts it at its target. They may be negative.
        """
        return np.asarray(W + factors * (targets - W))

    def feature_weights(self, features: int) -> Array:
        """Return how much a difference of 1 in each feature adds, shape (d,), for a warning of uneven scales.

        0, the default: nothing that could be compared with the other features, because the metric scales them itself,
        or takes them together.
        """
        return np.zeros(features)

    @property
    def weight_power(self) -> float | None:
        """The power p by which weighting a feature by v is multiplying its values by v^p; None: there is no such power.

        It is what makes a metric one that `weighted` takes. A feature of weight 0 then counts as one that is not there,
        and `limits`, which scaled values must not leave, are 0 or infinite. With `accepts_missing`, distances over what
        a sample has are scaled by (features used / features it has)^p.
        """
        return None

    def limits(self, features: int) -> tuple[Array, Array]:
        """Return the smallest and the largest value that each feature may have, two arrays (d,); by default any.

        Samples outside are refused where they come in, and so is a first codebook that is given. What an initialiser
        puts outside is moved to the nearest limit; means of what is within stay there.
        """
        return np.full(features, -np.inf), np.full(features, np.inf)

    def fitted(self, samples: Samples) -> Metric:
        """Return this metric with what it learns from the samples trained on filled in; itself where there is nothing.

        Called once, when a run starts, with the samples as the map sees them, scaled and weighted. What comes back is
        trained with and saved with the map; one that has been fitted returns itself.
        """
        del samples
        return self

    def observes(self, X: Array) -> Array:
        """Tell which rows of a block have a value of some feature that the metric measures, (n,); by default of any."""
        return np.asarray(~np.isnan(X).all(axis=1))

    def check_samples(self, samples: Samples) -> None:
        """Raise `SampleError` if there is no distance from one of the samples; called for all that a map is given.

        By default for those with values outside `limits`, and those of which it `observes` nothing.
        """
        check_within(samples, self.limits(samples.features), f"metric '{self.name}'")
        for number_ in range(samples.block_count if samples.missing else 0):
            unseen = np.flatnonzero(~self.observes(samples.block(number_)))
            if len(unseen):
                where = f"it has values only where metric '{self.name}' measures none"
                raise nothing_observed(number_ * samples.block_rows + int(unseen[0]), where)

    def check_means(self, samples: Samples) -> None:
        """Raise `SampleError` if means of these samples, or medians, may not lie among them; by default never.

        Asked about plain means, feature by feature, not where `centre` is "normalised_mean" and trainers take it.
        """
        del samples

    @final
    def read(
        self,
        X: Any,
        sample_weight: Any = None,
        *,
        feature_names: tuple[str, ...] | None = None,
        scaling: Scaling | None = None,
    ) -> Samples:
        """Return samples of the kinds that this metric takes, checked as `Samples.of` does."""
        return Samples.of(
            X,
            sample_weight,
            feature_names=feature_names,
            scaling=scaling,
            missing=self.accepts_missing,
            sparse=self.accepts_sparse,
        )

    @abstractmethod
    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances, (n, d) and (m, d) -> (n, m), finite and >= 0.

        X is a dense read-only block; with `accepts_missing` it may hold NaN, but no row of nothing else. W is finite.
        """

    def nearest(self, X: Array, W: Array, k: int = 1) -> tuple[Array, Array]:
        """Return the k nearest units of each sample, nearest first, and their distances.

        Ties, distances that agree within (d + 4) * 2^-52 relative, go to the lowest unit. Override it only where the
        same answer can be had faster.

        Returns
        -------
        units : array of shape (n, k), int64
        distances : array of shape (n, k), float64
        """
        units = np.empty((len(X), k), dtype=np.int64)
        distances = np.empty((len(X), k))
        rows = max(1, PAIRWISE_NUMBERS // len(W))
        for start in range(0, len(X), rows):
            block = slice(start, start + rows)
            measured = np.asarray(self.pairwise(X[block], W), dtype=np.float64)
            if not np.isfinite(measured).all():
                message = f"metric '{self}' returned a distance that is not finite; it must not for finite samples."
                raise RecipeError(message)
            units[block], distances[block] = rank(measured, k, tie(X.shape[1]))
        return units, distances

    def prepare(self, W: Array, *, last: Searcher | None = None, tiles: Tiles | None = None) -> Searcher:
        """Lay a codebook out for searching many blocks of samples: `nearest`, for a whole epoch.

        Parameters
        ----------
        W : array of shape (m, d)
            Not changed while it is searched.
        last : Searcher, optional
            What this method returned for the codebook of the epoch before. It may save time, never change a result.
        tiles : (permutation, offsets), optional
            Groups of units that lie together on the map (`Lattice.tiles`). They may save time, never change a result.
        """
        del last, tiles
        return PlainSearcher(self, W)

    def prepare_sparse(self, W: Array) -> Searcher:
        """Lay a codebook out for searching blocks of sparse samples in CSR form, as `prepare` does for dense ones.

        By default a few rows at a time are made dense and searched by `prepare`.
        """
        return PiecewiseSearcher(self.prepare(W))

    def online(self, W: Array) -> MovingCodebook:
        """Take a codebook into online training; ``W`` itself is not changed."""
        return PlainCodebook(self, W, self.towards)
