"""Metrics of layers: groups of features, each with a metric and a weight of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit.components import MeanSpace, Metric
from somkit.errors import ParameterError, SampleError
from somkit.samples import describe_cell
from somkit.standard.metrics.columns import check_columns, different_features, find_columns, numbers_of
from somkit.standard.metrics.euclidean import Euclidean
from somkit.validators import choice, number

if TYPE_CHECKING:
    from somkit.samples import Samples

Array = np.ndarray[Any, Any]


@final
@attrs.frozen(kw_only=True)
class Layer(Metric):
    """Another metric on some of the features, times a weight: v d(x, w).

    Parameters
    ----------
    columns : list of int >= 0 or str
        The features, by number, from 0, or by name; names become numbers when training starts. Left out: all.
    metric : Metric, default euclidean
    weight : float > 0, default 1
    unobserved : tuple of int
        The features, of all, that no training sample has a value of. Training fills it in, whatever it was.

    Notes
    -----
    Missing and sparse samples are taken where the other metric takes them. Features outside the layer may be missing
    then, too; a row that has nothing in it is refused.

    References
    ----------
    Wehrens & Kruisselbrink (2018), Flexible self-organizing maps in kohonen 3.0, doi:10.18637/jss.v087.i07.

    Examples
    --------
    >>> Layer(columns=[0, 2], weight=2).pairwise(np.array([[0.0, 9.0, 0.0]]), np.array([[3.0, 0.0, 4.0]]))
    array([[10.]])
    """

    name: ClassVar[str] = "layer"
    columns: tuple[int | str, ...] = ()
    metric: Metric = attrs.field(default=Euclidean())
    weight: float = attrs.field(default=1.0, validator=number(above=0))
    unobserved: tuple[int, ...] = attrs.field(default=(), validator=different_features)

    def __attrs_post_init__(self) -> None:
        """Check the columns, and that the metric is for as many."""
        Metric.__attrs_post_init__(self)
        columns = check_columns("Layer", self.columns)
        if columns and self.metric.features not in {None, len(columns)}:
            message = f"Layer.columns must be {self.metric.features} for metric '{self.metric}', got {len(columns)}."
            raise ParameterError(message)

    @property
    def centre(self) -> Literal["mean", "normalised_mean", "mode"] | None:
        """The other metric's."""
        return self.metric.centre

    @property
    def accepts_missing(self) -> bool:
        """Whether the other metric does."""
        return self.metric.accepts_missing

    @property
    def accepts_sparse(self) -> bool:
        """Whether the other metric does."""
        return self.metric.accepts_sparse

    @property
    def accepts_scale(self) -> bool:
        """Whether the other metric does."""
        return self.metric.accepts_scale

    @property
    def features(self) -> int | None:
        """The other metric's number, where it is for all features."""
        return None if self.columns else self.metric.features

    def numbers(self, features: int) -> list[int]:
        """Return the columns as numbers, or raise if there are fewer features."""
        return numbers_of(self.columns, features, self.name) if self.columns else list(range(features))

    def limits(self, features: int) -> tuple[Array, Array]:
        """Return those of the other metric in its columns."""
        low, high = Metric.limits(self, features)
        columns = self.numbers(features)
        low[columns], high[columns] = self.metric.limits(len(columns))
        return low, high

    def directed(self, features: int) -> tuple[Array, ...]:
        """Return the other metric's groups, by the numbers of its columns."""
        columns = np.array(self.numbers(features))
        return tuple(columns[group] for group in self.metric.directed(len(columns)))

    def mean_spaces(self, features: int) -> tuple[MeanSpace, ...]:
        """Return the other metric's, by the numbers of its columns."""
        columns = np.array(self.numbers(features))
        spaces = self.metric.mean_spaces(len(columns))
        return tuple(attrs.evolve(space, columns=columns[space.columns]) for space in spaces)

    def feature_weights(self, features: int) -> Array:
        """Return the other metric's in its columns, times the weight."""
        columns, weights = self.numbers(features), np.zeros(features)
        weights[columns] = self.weight * self.metric.feature_weights(len(columns))
        return weights

    def named(self, names: tuple[str, ...] | None) -> Layer:
        """Return the layer with names turned into numbers, or raise if a name is none of these."""
        return attrs.evolve(self, columns=find_columns(self.columns, names, self.name))

    def fitted(self, samples: Samples) -> Layer:
        """Return the layer with names turned into numbers and the other metric fitted."""
        found = self.named(samples.feature_names)
        metric = self.metric.fitted(samples.columns(tuple(found.numbers(samples.features))))
        return attrs.evolve(found, metric=metric, unobserved=_unobserved(samples) if self.accepts_missing else ())

    def observes(self, X: Array) -> Array:
        """Ask the other metric about its columns."""
        return self.metric.observes(X[:, self.numbers(X.shape[1])])

    def check_means(self, samples: Samples) -> None:
        """Let the other metric look at its columns."""
        self.metric.check_means(samples.columns(tuple(self.numbers(samples.features))))

    def towards(self, W: Array, targets: Array, factors: Any) -> Array:
        """Move the columns as the other metric does, and the others straight."""
        columns = self.numbers(W.shape[1])
        moved = Metric.towards(self, W, targets, factors)
        moved[:, columns] = self.metric.towards(W[:, columns], targets[..., columns], factors)
        return moved

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances."""
        columns = self.numbers(X.shape[1])
        return np.asarray(self.weight * np.asarray(self.metric.pairwise(X[:, columns], W[:, columns])))


def _unobserved(samples: Samples) -> tuple[int, ...]:
    return tuple(np.flatnonzero(~samples.observed).tolist())


@final
@attrs.frozen(kw_only=True)
class Layers(Metric):
    """The sum of the distances in several layers of features, each with a metric and a weight of its own.

    ``layers:layers=[{columns=[0,1],metric=manhattan,weight=0.5},{columns=[2,3,4]}]``: by default a layer is Euclidean
    and of weight 1.

    Parameters
    ----------
    layers : list of layers
        Each as for ``layer``: columns, metric and weight. Features in no layer are carried along; one in several
        layers counts in each.
    missing : "raise" | "ignore"
        Whether a sample may lack whole layers, whatever their metrics. Single values may be missing in a layer whose
        own metric takes that, such as ``euclidean:missing=ignore``, which also lets a sample lack the layer.
    unobserved : tuple of int
        The features that no training sample has a value of. Training fills it in, whatever it was.

    Notes
    -----
    Formula: sum over layers l of v_l d_l(x, w), each on its own features.

    Where a sample has values in the layers o only, the distance is V / V_o sum over o of v d(x, w), with V the weights
    v of all layers that have a value anywhere in training, and V_o those of o; each d is by its layer's own rule. So
    what a sample lacks counts like the mean of what it has; a sample that lacks no layer has the ordinary distance, a
    layer that no sample has is as good as none, and a layer in two halves of half its weight is the layer.

    The batch trainer takes means where they suit every layer, and mean directions or places within layers of
    ``cosine``, ``angular`` or ``haversine`` that share no feature with others; else it refuses the metric.

    R's kohonen takes means whatever the metrics (``batch:centre=mean``), and multiplies its ``user.weights`` by
    ``distance.weights``, from the mean distance within each layer, and makes them add up to 1: give the products as
    weights. With values missing its distances are these; a sample that lacks a layer it leaves out.

    References
    ----------
    Wehrens and Kruisselbrink (2018), Flexible self-organizing maps in kohonen 3.0, doi:10.18637/jss.v087.i07.

    Examples
    --------
    >>> metric = Layers(layers=[Layer(columns=[0, 1]), Layer(columns=[2], weight=0.5)])
    >>> metric.pairwise(np.array([[0.0, 0.0, 0.0]]), np.array([[3.0, 4.0, 6.0]]))
    array([[8.]])
    """

    name: ClassVar[str] = "layers"
    layers: tuple[Metric, ...] = attrs.field(default=(Layer(),), metadata={"name": "layer"})
    missing: str = attrs.field(default="raise", validator=choice("raise", "ignore"))
    unobserved: tuple[int, ...] = attrs.field(default=(), validator=different_features)

    def __attrs_post_init__(self) -> None:
        """Refuse what is no layer."""
        Metric.__attrs_post_init__(self)
        layers = self.layers if isinstance(self.layers, tuple) else ()
        if not layers or not all(isinstance(layer, Layer) for layer in layers):
            message = "Layers.layers must be a list of layers, such as [{columns=[0,1]},{columns=[2],weight=0.5}]."
            raise ParameterError(message)

    @property
    def centre(self) -> Literal["mean", "normalised_mean", "mode"] | None:
        """The mean where it suits every layer, or directions where they share no feature; or the mode."""
        centres = {layer.centre for layer in self.layers}
        if "mode" in centres:
            return "mode"
        if centres == {"mean"}:
            return "mean"
        columns = [column for layer in self._parts for column in layer.columns]
        apart = len(set(columns)) == len(columns) and all(layer.columns for layer in self._parts)
        return "normalised_mean" if None not in centres and (apart or len(self.layers) == 1) else None

    @property
    def _parts(self) -> tuple[Layer, ...]:
        return tuple(layer for layer in self.layers if isinstance(layer, Layer))

    @property
    def accepts_missing(self) -> bool:
        """Whether a layer may be missing, or values in one."""
        return self.missing == "ignore" or any(layer.accepts_missing for layer in self.layers)

    @property
    def accepts_sparse(self) -> bool:
        """Whether all layers do."""
        return all(layer.accepts_sparse for layer in self.layers)

    @property
    def accepts_scale(self) -> bool:
        """Whether all layers do."""
        return all(layer.accepts_scale for layer in self.layers)

    @property
    def features(self) -> int | None:
        """The number that a layer of all features is for."""
        return next((layer.features for layer in self.layers if layer.features is not None), None)

    def limits(self, features: int) -> tuple[Array, Array]:
        """Return the narrowest of the layers'."""
        low, high = zip(*(layer.limits(features) for layer in self.layers), strict=True)
        return np.max(low, axis=0), np.min(high, axis=0)

    def directed(self, features: int) -> tuple[Array, ...]:
        """Return the groups of all layers."""
        every = [group for layer in self.layers for group in layer.directed(features)]
        return tuple(every) if self.centre == "normalised_mean" else ()

    def mean_spaces(self, features: int) -> tuple[MeanSpace, ...]:
        """Return those of all layers."""
        every = [space for layer in self.layers for space in layer.mean_spaces(features)]
        return tuple(every) if self.centre == "normalised_mean" else ()

    def feature_weights(self, features: int) -> Array:
        """Return the sum of the layers'."""
        return np.asarray(sum(layer.feature_weights(features) for layer in self._parts))

    def fitted(self, samples: Samples) -> Layers:
        """Return the metric with every layer fitted to the samples that have it; one that none has stays as it is."""
        named = tuple(layer.named(samples.feature_names) for layer in self._parts)
        unobserved = _unobserved(samples) if self.accepts_missing else ()
        found = attrs.evolve(self, layers=named, unobserved=unobserved)
        found.check_gaps(samples)
        used = found.used(samples.features)
        layers = tuple(layer.fitted(_those_with(layer, samples)) if layer in used else layer for layer in named)
        return attrs.evolve(found, layers=layers)

    def used(self, features: int) -> list[Layer]:
        """Return the layers that some training sample had a value in."""
        observed = np.isin(np.arange(features), self.unobserved, invert=True)
        return [layer for layer in self._parts if observed[layer.numbers(features)].any()]

    def observes(self, X: Array) -> Array:
        """Tell which rows have a value in some layer."""
        has = np.zeros(len(X), dtype=bool)
        for layer in self.used(X.shape[1]):
            has |= layer.observes(X)
        return has

    def check_samples(self, samples: Samples) -> None:
        """Refuse samples outside the limits, those that have no layer, and gaps in layers that take none."""
        Metric.check_samples(self, samples)
        self.check_gaps(samples)

    def check_gaps(self, samples: Samples) -> None:
        """Refuse values missing in layers that take none."""
        strict = [layer for layer in self.used(samples.features) if not layer.accepts_missing]
        for number_ in range(samples.block_count if samples.missing else 0):
            block = samples.block(number_)
            for layer in strict:
                columns = layer.numbers(samples.features)
                gaps = np.isnan(block[:, columns])
                if self.missing == "ignore":
                    gaps &= layer.observes(block)[:, None]
                if gaps.any():
                    row, place = (int(index[0]) for index in np.nonzero(gaps))
                    raise _gap(samples, number_ * samples.block_rows + row, columns[place], layer)

    def check_means(self, samples: Samples) -> None:
        """Let every layer look at its columns."""
        for layer in self.layers:
            layer.check_means(samples)

    def towards(self, W: Array, targets: Array, factors: Any) -> Array:
        """Move the columns of each layer as its metric does, and the others straight."""
        moved = Metric.towards(self, W, targets, factors)
        for layer in self._parts:
            columns = layer.numbers(W.shape[1])
            moved[:, columns] = layer.metric.towards(W[:, columns], targets[..., columns], factors)
        return moved

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances."""
        total, felt, whole = np.zeros((len(X), len(W))), np.zeros(len(X)), 0.0
        for layer in self.used(X.shape[1]):
            has = layer.observes(X)
            if has.all():
                total += layer.pairwise(X, W)
            else:
                total[has] += layer.pairwise(X[has], W)
            felt += layer.weight * has
            whole += layer.weight
        return np.asarray(total * (whole / felt)[:, None])


def _those_with(layer: Layer, samples: Samples) -> Samples:
    """Return the samples that a layer's metric can learn from: where it takes no gaps, those that have the layer."""
    if not samples.missing or layer.accepts_missing:
        return samples
    has = layer.observes(samples.X)
    weight = None if samples.weight is None else samples.weight[has]
    return attrs.evolve(samples, X=samples.X[has], weight=weight)


def _gap(samples: Samples, row: int, column: int, layer: Layer) -> SampleError:
    cell = describe_cell(row, column, samples.feature_names)
    message = f"{cell} is NaN, and metric '{layer.metric}' of its layer takes no missing values; impute it first"
    return SampleError(f"{message}, or leave out the sample's values in the whole layer, with 'layers:missing=ignore'.")
