"""The contracts: `Component` and the nine kinds of parts that a map is made of.

Every part is a frozen attrs class, ``@attrs.frozen(kw_only=True)``, abstract or final, with a ``name``, a docstring and
a default for every field. It holds no mutable state and no random generator. n samples, m units, d features throughout.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

import attrs
import numpy as np

from somkit.errors import ParameterError, RecipeError
from somkit.kernels import BLOCK_ROWS, rank, tie
from somkit.lattice import Influence, Lattice, lattice_of_graph
from somkit.notation import write
from somkit.samples import Samples, Scaling, check_within, nothing_observed
from somkit.searching import MovingCodebook, PiecewiseSearcher, PlainCodebook, PlainSearcher, Searcher, Tiles
from somkit.validators import holds_nan, number, plain, refuse

if TYPE_CHECKING:
    from pathlib import Path

    import networkx as nx
    from matplotlib.axes import Axes

    from somkit.engine import State, Task
    from somkit.recipe import Recipe
    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]
Role = Literal["learning_rate", "radius"]

PAIRWISE_NUMBERS = 1 << 22  # distances that the default `Metric.nearest` holds at once: 32 MB


@attrs.frozen(kw_only=True)
class Component(ABC):
    """A named, frozen, comparable part of a map.

    Fields are bools, numbers, strings, tuples of these, or components; numpy scalars become Python's and lists become
    tuples when a part is built; NaN is refused, and so is a bool for a number.
    None may only be a field's default: it stands for "left out".

    Attributes
    ----------
    extra_field : str or None
        The field, if any, that takes parameters of other names, as a tuple of pairs (name, value) in the order of their
        names: those of a function that the part calls. They are spelt as the part's own are.
    """

    name: ClassVar[str]
    kind: ClassVar[str]
    extra_field: ClassVar[str | None] = None

    def __attrs_post_init__(self) -> None:
        """Make the fields plain values; a part that has its own ``__attrs_post_init__`` calls this one first."""
        for field in attrs.fields(type(self)):
            value = plain(getattr(self, field.name))
            if holds_nan(value):
                message = f"{type(self).__name__}.{field.name} must not be NaN."
                raise ParameterError(message)
            if isinstance(value, bool) and type(field.default) in {int, float}:
                raise refuse(self, field.name, "a number", value)
            object.__setattr__(self, field.name, value)

    def changed_fields(self) -> dict[str, Any]:
        """Return the fields that differ from their defaults, by name, as they are."""
        fields = attrs.fields(type(self))
        return {
            field.name: getattr(self, field.name)
            for field in fields
            if type(getattr(self, field.name)) is not type(field.default) or getattr(self, field.name) != field.default
        }

    def spelt_fields(self, *, explicit: bool = False) -> dict[str, Any]:
        """Return the fields that differ from their defaults, or all; those in `extra_field` under their own names."""
        own = {field.name: getattr(self, field.name) for field in attrs.fields(type(self))}
        fields = own if explicit else self.changed_fields()
        return fields if self.extra_field is None else fields | dict(fields.pop(self.extra_field, ()))

    def to_dict(self) -> dict[str, Any]:
        """Return the name and the fields that differ from their defaults, as JSON and TOML can hold them."""
        return {"name": self.name} | {key: _unwrapped(value) for key, value in self.spelt_fields().items()}

    def __str__(self) -> str:
        """Spell the part as text, with its bare name: ``hex:rows=10``."""
        fields = self.to_dict()
        return write(str(fields.pop("name")), fields)


def _unwrapped(value: Any) -> Any:
    if isinstance(value, Component):
        return value.to_dict()
    return [_unwrapped(item) for item in value] if isinstance(value, tuple) else value


@attrs.frozen(kw_only=True)
class Topology(Component):
    """Which units a map has, where they lie and which are joined.

    Implement `graph`; a regular grid that knows its distances overrides `lattice` instead of building a graph first.

    Examples
    --------
    >>> import attrs, networkx as nx
    >>> from somkit import Topology, validators
    >>> @attrs.frozen(kw_only=True)
    ... class Wheel(Topology):
    ...     "A hub and a ring of units round it."
    ...     name = "wheel"
    ...     units: int = attrs.field(default=12, validator=validators.integer(minimum=4))
    ...     def graph(self):
    ...         return nx.wheel_graph(self.units)
    >>> Wheel(units=6).lattice().diameter
    2.0
    """

    kind: ClassVar[str] = "topology"

    @abstractmethod
    def graph(self) -> nx.Graph:
        """Return an undirected graph; nodes may be any hashables, with ``pos`` (2 or 3 floats) if they have one."""

    def lattice(self) -> Lattice:
        """Return the lattice that maps are trained on; by default `graph`'s, counting edges."""
        return lattice_of_graph(self.graph())

    def sized_for(self, samples: Samples) -> Topology:
        """Return this topology with every field that is "auto" turned into a number that suits the samples."""
        del samples
        return self


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
                raise nothing_observed(number_ * BLOCK_ROWS + int(unseen[0]), where)

    def check_means(self, samples: Samples) -> None:
        """Raise `SampleError` if means of these samples, or medians, may not lie among them; by default never."""
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


@attrs.frozen(kw_only=True)
class Schedule(Component):
    """How the learning rate or the radius changes while a map is trained."""

    kind: ClassVar[str] = "schedule"

    @abstractmethod
    def __call__(self, progress: Any) -> Any:
        """Return the value at a progress in [0, 1], a scalar or an array: finite, in the same shape."""

    def for_role(self, role: Role, lattice: Lattice) -> Schedule:
        """Return the schedule with every field that was left out filled in for its role on this lattice."""
        del role, lattice
        return self

    @final
    def values(self, progress: Any, role: Role) -> Array:
        """Return what the trainer uses: finite values >= 0 as float64, or raise naming the schedule."""
        values = np.asarray(self(np.asarray(progress, dtype=np.float64)), dtype=np.float64)
        if values.shape != np.shape(progress):
            message = f"schedule '{self}' returned shape {values.shape} for progress of shape {np.shape(progress)}."
            raise RecipeError(message)
        wrong = ~np.isfinite(values) | (values < 0)
        if wrong.any():
            first = values[wrong].flat[0]
            label = role.replace("_", " ")
            message = f"the {label} must be finite and >= 0, got {first} from schedule '{self}'; change its parameters."
            raise RecipeError(message)
        return values


@attrs.frozen(kw_only=True)
class Neighbourhood(Component):
    """How strongly a unit is moved when the best-matching unit is a map distance away.

    Parameters
    ----------
    reach : float >= 0 or "none"
        Units farther than this, in map distance, are not moved; a unit at exactly this distance is.

    Attributes
    ----------
    lowest : float
        The smallest influence it ever has. The batch trainer refuses negative ones: its weights would not be a mean's.
    falling : bool
        Whether the influence never rises with distance.
    product : "euclidean" | "manhattan" | "chebyshev" | None
        The norm for which h(|(a, b)|) = h(a) h(b); regular lattices that measure by it are then spread axis by axis.
    """

    kind: ClassVar[str] = "neighbourhood"
    lowest: ClassVar[float] = 0.0
    falling: ClassVar[bool] = True
    product: ClassVar[Literal["euclidean", "manhattan", "chebyshev"] | None] = None

    reach: float | str = attrs.field(default="none", validator=number(minimum=0, words=("none",)))

    @abstractmethod
    def __call__(self, distance: Any, radius: Any) -> Any:
        """Return the influence at finite distances for radii > 0, arrays of one shape; 1 at distance 0."""

    @final
    @property
    def longest_reach(self) -> float:
        """`reach` as a number, infinite for "none"."""
        return math.inf if isinstance(self.reach, str) else float(self.reach)

    @property
    def product_felt(self) -> str | None:
        """`product` where it still holds within `reach`: a limited reach is no product, but for a square's."""
        return self.product if math.isinf(self.longest_reach) or self.product == "chebyshev" else None

    @final
    def influences(self, distance: Any, radius: Any) -> Array:
        """Return the influence that training uses, for distances and radii that broadcast.

        It is 0 at infinite distance and beyond `reach`; at radius 0 it is 1 at distance 0 and 0 elsewhere. The numbers
        are float32 where distances and radii are, else float64.
        """
        distance, radius = np.asarray(distance), np.asarray(radius)
        dtype = np.result_type(distance, radius, np.float32)
        shape = np.broadcast_shapes(distance.shape, radius.shape)
        finite, wide = np.isfinite(distance), radius > 0
        near = distance if finite.all() else np.where(finite, distance, 0)
        broad = radius if wide.all() else np.where(wide, radius, 1)
        with np.errstate(over="ignore", under="ignore"):
            influence = np.asarray(self(*np.broadcast_arrays(near, broad)), dtype=dtype)
        if influence.shape != shape or not np.isfinite(influence).all():
            message = f"neighbourhood '{self}' must return finite influences in the shape of its distances."
            raise RecipeError(message)
        unfelt = ~finite | (distance > self.longest_reach)
        if unfelt.any():
            influence = np.where(unfelt, 0, influence)
        return influence if wide.all() else np.where(wide, influence, np.asarray(distance == 0, dtype=dtype))

    @final
    def at(self, radius: float) -> Influence:
        """Return the influence at one radius, for `Lattice.spread`."""
        function = lambda distance: self.influences(distance, radius)  # noqa: E731 - it closes over the radius
        return Influence(function, reach=self.longest_reach, product=self.product_felt if radius > 0 else None)


@attrs.frozen(kw_only=True)
class Initialiser(Component):
    """The codebook that training starts from.

    Attributes
    ----------
    draws_samples : bool
        Whether every vector is a sample's, as metrics of categories need it.
    """

    kind: ClassVar[str] = "initialiser"
    draws_samples: ClassVar[bool] = False

    @abstractmethod
    def initialise(self, samples: Samples, lattice: Lattice, rng: np.random.Generator) -> Array:
        """Return a finite codebook of shape (m, d); values outside a metric's `limits` are moved to them.

        Where the metric takes missing values the samples may hold NaN: `Samples.filled_rows` has none, and neither have
        `mean`, `bounds` and `principal_components`.
        """


@attrs.frozen(kw_only=True)
class Trainer(Component):
    """How an epoch changes the codebook.

    Attributes
    ----------
    default_learning_rate : str
        The spelling of the schedule that ``learning_rate=None`` stands for.

    Notes
    -----
    A trainer made of others names them in `within`, and hands them the task and the state as they are. What they take,
    refuse and change it then takes, refuses and changes. Its own `own_learning_rate`, `order_length`, `phase` and
    `finished` ask the one whose turn it is.
    """

    kind: ClassVar[str] = "trainer"
    default_learning_rate: ClassVar[str] = "standard/linear"

    @property
    def within(self) -> tuple[Trainer, ...]:
        """The trainers that this one is made of; none by default."""
        return ()

    @property
    def takes_order(self) -> bool:
        """Whether samples are taken one after the other, so that an explicit ``order`` of them has a meaning.

        False, or where it is made of others: whether one of them does.
        """
        return any(trainer.takes_order for trainer in self.within)

    @property
    def accepts_missing(self) -> bool:
        """Whether samples may hold NaN, for metrics that take it; False, or whether all within do."""
        return bool(self.within) and all(trainer.accepts_missing for trainer in self.within)

    @property
    def changes_lattice(self) -> bool:
        """Whether the lattice of the state may become another one, as in growing maps.

        False, or where it is made of others: whether one of them changes it.
        """
        return any(trainer.changes_lattice for trainer in self.within)

    def check(self, recipe: Recipe) -> None:
        """Raise `RecipeError` if a part of the recipe cannot work with this trainer; called when a recipe is built.

        By default those within are asked.
        """
        for trainer in self.within:
            trainer.check(recipe)

    def own_learning_rate(self) -> Any:
        """Return the spelling of what ``learning_rate=None`` stands for; a trainer made of others asks them."""
        return self.default_learning_rate

    def order_length(self, n: int, progress: float) -> int:
        """Return how many numbers of an explicit ``order`` the epoch at a progress takes, of n samples.

        `Task.order_of` has them. By default n where the trainer takes an order, else 0.
        """
        del progress
        return n if self.takes_order else 0

    def phase(self, progress: float) -> Any:
        """Return what tells the epoch at a progress from those whose errors it cannot be compared with.

        By default None, for all: one trainer, on one lattice.
        """
        del progress

    def finished(self, task: Task, state: State) -> bool:
        """Tell whether training ends with this state: by default after the planned epochs.

        It may rest on nothing but its arguments, so that a resumed run ends at the same epoch.
        """
        return state.epoch >= task.epochs

    @abstractmethod
    def run_epoch(self, task: Task, state: State) -> State:
        """Return the state after one more epoch; neither argument is modified."""


@attrs.frozen(kw_only=True)
class Measure(Component):
    """One number that says how good a map is.

    Where it has no value for a map or samples, it raises `somkit.errors.MeasureError` saying why;
    `TrainedMap.measures` leaves it out then.

    Attributes
    ----------
    better : "lower" | "higher" | "zero"
        Which way is better; "zero": the nearer to 0, from either side.
    needs_labels : bool
        Whether it cannot be had without ``y``.
    averages : bool
        Whether it is the weighted mean of `per_sample`, leaving NaN out, so that resampling it costs nothing.
    """

    kind: ClassVar[str] = "measure"
    better: ClassVar[Literal["lower", "higher", "zero"]] = "lower"
    needs_labels: ClassVar[bool] = False
    averages: ClassVar[bool] = False

    @abstractmethod
    def __call__(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> float:
        """Return the measure of a map on samples in the data's own units."""

    def per_sample(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array | None:
        """Return the measure sample by sample, shape (n,), NaN where a sample has none; None if it has no such form."""
        del trained, X, y, sample_weight
        return None

    def per_unit(self, trained: TrainedMap, X: Any = None, y: Any = None, sample_weight: Any = None) -> Array | None:
        """Return the measure unit by unit, shape (m,), NaN where a unit has none; None if it has no such form.

        By default the weighted mean of `per_sample` over the samples of each unit.
        """
        values = self.per_sample(trained, X, y, sample_weight)
        if values is None:
            return None
        samples, m = trained.samples(X, sample_weight), len(trained.lattice)
        weight = np.where(np.isnan(values), 0.0, 1.0 if samples.weight is None else samples.weight)
        units = trained.search(samples)[0][:, 0]
        total = np.bincount(units, weights=weight, minlength=m)
        summed = np.bincount(units, weights=weight * np.nan_to_num(values), minlength=m)
        return np.asarray(np.divide(summed, total, out=np.full(m, np.nan), where=total > 0))


@attrs.frozen(kw_only=True)
class Visualiser(Component):
    """One picture of a map.

    Attributes
    ----------
    needs : "map" | "samples" | "labels"
        What it cannot be drawn without: the map alone, samples ``X``, or samples and their labels ``y``.
    projection : str or None
        matplotlib's name of the projection it draws on, ``"3d"`` for instance.
    """

    kind: ClassVar[str] = "visualiser"
    needs: ClassVar[Literal["map", "samples", "labels"]] = "map"
    projection: ClassVar[str | None] = None

    def figure_size(self, trained: TrainedMap) -> tuple[float, float]:
        """Return the width and height, in inches, of a figure that suits the picture when none is given."""
        del trained
        return 6.4, 4.8

    @abstractmethod
    def draw(self, trained: TrainedMap, ax: Axes, X: Any = None, y: Any = None, sample_weight: Any = None) -> Axes:
        """Draw on ``ax`` and return it; several panels go into ``ax.inset_axes``; nothing of pyplot is touched."""


@attrs.frozen(kw_only=True)
class Exporter(Component):
    """A map written to a file for other programs and other people."""

    kind: ClassVar[str] = "exporter"

    @abstractmethod
    def write(self, trained: TrainedMap, path: Path, X: Any = None, y: Any = None, sample_weight: Any = None) -> None:
        """Write the map to ``path``."""


KINDS: dict[str, type[Component]] = {
    kind.kind: kind
    for kind in (Topology, Metric, Schedule, Neighbourhood, Initialiser, Trainer, Measure, Visualiser, Exporter)
}
