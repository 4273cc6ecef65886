"""Metrics of layers: groups of features, each with a metric and a weight of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit.components import Metric
from somkit.errors import ParameterError, RecipeError, SampleError
from somkit.standard.metrics.euclidean import Euclidean
from somkit.validators import did_you_mean, number

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

    def __attrs_post_init__(self) -> None:
        """Check the columns, and that the metric is for as many."""
        Metric.__attrs_post_init__(self)
        columns = self.columns if isinstance(self.columns, tuple) else (None,)
        fits = [isinstance(c, str) or (isinstance(c, int) and not isinstance(c, bool) and c >= 0) for c in columns]
        if not all(fits) or len(set(columns)) < len(columns):
            message = f"Layer.columns must be a list of different numbers >= 0 or names, got {self.columns!r}."
            raise ParameterError(message)
        if columns and self.metric.features not in {None, len(columns)}:
            message = f"Layer.columns must be {self.metric.features} for metric '{self.metric}', got {len(columns)}."
            raise ParameterError(message)

    @property
    def centre(self) -> Literal["mean", "normalised_mean", "mode"] | None:
        """The other metric's, but for mean directions, which would be those of all features."""
        return None if self.metric.centre == "normalised_mean" else self.metric.centre

    @property
    def features(self) -> int | None:
        """The other metric's number, where it is for all features."""
        return None if self.columns else self.metric.features

    def _numbers(self, features: int) -> list[int]:
        """Return the columns as numbers, or raise if there are fewer features."""
        if not self.columns:
            return list(range(features))
        numbers = [column for column in self.columns if isinstance(column, int)]
        if len(numbers) < len(self.columns):
            message = "metric 'layer' finds columns by name when training starts; to use it before, give their numbers."
            raise RecipeError(message)
        if max(numbers) >= features:
            message = f"metric 'layer' measures column {max(numbers)}, but there are only {features}, from 0."
            raise SampleError(message)
        return numbers

    def limits(self, features: int) -> tuple[Array, Array]:
        """Return those of the other metric in its columns."""
        low, high = Metric.limits(self, features)
        columns = self._numbers(features)
        low[columns], high[columns] = self.metric.limits(len(columns))
        return low, high

    def fitted(self, samples: Samples) -> Layer:
        """Return the layer with names turned into numbers and the other metric fitted."""
        names = samples.feature_names or ()
        for column in self.columns:
            if isinstance(column, str) and column not in names:
                way_out = "; give a DataFrame, or the number of the column."
                if names:
                    way_out = f"{did_you_mean(column, names)} Its columns are {', '.join(names)}."
                message = f"metric 'layer' measures column {column!r}, which X has not{way_out}"
                raise SampleError(message)
        columns = tuple(names.index(c) if isinstance(c, str) else c for c in self.columns)
        found = attrs.evolve(self, columns=columns)
        taken = tuple(found._numbers(samples.features))  # noqa: SLF001 - its own
        return attrs.evolve(found, metric=self.metric.fitted(samples.columns(taken)))

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances."""
        columns = self._numbers(X.shape[1])
        return np.asarray(self.weight * np.asarray(self.metric.pairwise(X[:, columns], W[:, columns])))


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

    Notes
    -----
    Formula: sum over layers l of v_l d_l(x, w), each on its own features.

    The batch trainer takes means where they suit every layer, else it refuses the metric. R's kohonen takes means
    whatever the metrics (``batch:centre=mean``), and multiplies its ``user.weights`` by ``distance.weights``, from the
    mean distance within each layer, and makes them add up to 1: give the products as weights.

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

    def __attrs_post_init__(self) -> None:
        """Refuse what is no layer."""
        Metric.__attrs_post_init__(self)
        layers = self.layers if isinstance(self.layers, tuple) else ()
        if not layers or not all(isinstance(layer, Layer) for layer in layers):
            message = "Layers.layers must be a list of layers, such as [{columns=[0,1]},{columns=[2],weight=0.5}]."
            raise ParameterError(message)

    @property
    def centre(self) -> Literal["mean", "normalised_mean", "mode"] | None:
        """The mean where it suits every layer; the mode where any layer needs it."""
        centres = {layer.centre for layer in self.layers}
        return "mode" if "mode" in centres else "mean" if centres == {"mean"} else None

    @property
    def features(self) -> int | None:
        """The number that a layer of all features is for."""
        return next((layer.features for layer in self.layers if layer.features is not None), None)

    def limits(self, features: int) -> tuple[Array, Array]:
        """Return the narrowest of the layers'."""
        low, high = zip(*(layer.limits(features) for layer in self.layers), strict=True)
        return np.max(low, axis=0), np.min(high, axis=0)

    def fitted(self, samples: Samples) -> Layers:
        """Return the metric with every layer fitted."""
        return attrs.evolve(self, layers=tuple(layer.fitted(samples) for layer in self.layers))

    def pairwise(self, X: Array, W: Array) -> Array:
        """Return all distances."""
        total = np.zeros((len(X), len(W)))
        for layer in self.layers:
            total += layer.pairwise(X, W)
        return total
