"""SOM: the scikit-learn estimator, a thin face over Recipe and TrainedMap."""

from __future__ import annotations

from collections import deque
from typing import Any, Self

import attrs
import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from somkit.components import Component, Metric
from somkit.engine import State
from somkit.errors import SampleError, SomkitError
from somkit.recipe import PARTS, Recipe, warn_if_uneven
from somkit.run import Run
from somkit.spelling import resolve
from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]

# Settings of a recipe that are numbers and words, not parts.
SETTINGS = ("epochs", "scale", "n_jobs")


class SOM(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):  # type: ignore[misc]  # untyped bases
    """Self-organising map, as a scikit-learn estimator.

    Parameters
    ----------
    topology : str, dict, Topology or networkx.Graph, default "hex"
        Any undirected graph is a map: ``"grid:rows=10,columns=12"``, ``nx.karate_club_graph()``.
    metric : str, dict or Metric, default "euclidean"
    neighbourhood : str, dict or Neighbourhood, default "gaussian"
    learning_rate : str, dict, Schedule or None, default None
        None: the trainer's own, 1 for ``batch``, ``linear`` for ``online`` and for `partial_fit`.
    radius : str, dict or Schedule, default "linear"
        In map distance; where its start or stop is left out, from a quarter of the map's diameter, at least one edge,
        to half an edge; edges are 1 long on regular lattices and wherever they are counted.
    initialiser : str, dict or Initialiser, default "pca"
    trainer : str, dict or Trainer, default "batch"
    epochs : int >= 1, default 20
    scale : None | "standard" | "minmax", default None
        Scale each feature to mean 0 and standard deviation 1, or to [0, 1], here and in `predict`.
    n_jobs : int >= 1 or None, default None
        Threads; None uses every core. The result does not depend on it.
    random_state : int, RandomState or None, default None
    verbose : int, default 0
        Show a progress bar if > 0.

    Attributes
    ----------
    map_ : TrainedMap
        The map itself: measures, pictures, files.
    codebook_ : array of shape (m, d)
        In scaled units where ``scale`` is set.
    lattice_ : Lattice
    history_ : list of dict
        An entry an epoch.
    n_iter_ : int
        Epochs trained.
    n_features_in_ : int
    feature_names_in_ : array of shape (d,)
        Only for DataFrames.

    Notes
    -----
    Kohonen (2001), Self-Organizing Maps, 3rd edition, doi:10.1007/978-3-642-56927-2.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from somkit import SOM
    >>> X = load_iris().data
    >>> som = SOM(topology="hex:rows=5,columns=7", random_state=0).fit(X)
    >>> som.codebook_.shape
    (35, 4)
    """

    def __init__(
        self,
        topology: Any = "hex",
        metric: Any = "euclidean",
        neighbourhood: Any = "gaussian",
        learning_rate: Any = None,
        radius: Any = "linear",
        initialiser: Any = "pca",
        trainer: Any = "batch",
        epochs: int = 20,
        scale: str | None = None,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.topology = topology
        self.metric = metric
        self.neighbourhood = neighbourhood
        self.learning_rate = learning_rate
        self.radius = radius
        self.initialiser = initialiser
        self.trainer = trainer
        self.epochs = epochs
        self.scale = scale
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @classmethod
    def classic(cls, n_samples: int, random_state: Any = None, verbose: int = 0) -> SOM:
        """Return the recipe that somkit began with: a unit a sample, 75 000 updates, immediate neighbours only.

        A square grid of side ceil(sqrt(n)), weights uniform in [0, 1), learning rate exp(-s / 1000) at update s, the
        best unit moved by the rate and its neighbours by exp(-1/16) of it, samples drawn with replacement, every
        win recorded.

        Parameters
        ----------
        n_samples : int >= 1
            Number of samples it will be fitted to.

        Examples
        --------
        >>> SOM.classic(150).topology
        Grid(rows=13, columns=13, periodic='none', distance='path')
        """
        side = int(np.ceil(np.sqrt(n_samples)))
        return cls(
            topology=resolve("topology", f"standard/grid:rows={side},columns={side},distance=path"),
            neighbourhood="standard/exponential:reach=1",
            learning_rate="standard/exponential:start=1,rate=74.999",
            radius="standard/constant:value=4",
            initialiser="standard/uniform",
            trainer="standard/online:updates=1000,order=replacement,record_wins=true",
            epochs=75,
            random_state=random_state,
            verbose=verbose,
        )

    def __sklearn_tags__(self) -> Any:
        """Say which samples the metric takes."""
        tags = super().__sklearn_tags__()
        metric = self._part("metric")
        tags.input_tags.allow_nan = isinstance(metric, Metric) and metric.accepts_missing
        tags.input_tags.sparse = isinstance(metric, Metric) and metric.accepts_sparse
        return tags

    def recipe(self) -> Recipe:
        """Return the recipe that the parameters spell.

        Raises
        ------
        ParameterError, UnknownComponent, AmbiguousComponent, RecipeError
            If a parameter is not allowed, or parts cannot work together.
        """
        settings = {name: getattr(self, name) for name in (*PARTS, *SETTINGS)}
        return Recipe(**settings, random_state=self._seed())

    def _seed(self) -> Any:
        if isinstance(self.random_state, np.random.RandomState):
            return int(self.random_state.randint(2**31 - 1))
        if isinstance(self.random_state, np.random.Generator):
            return int(self.random_state.integers(2**63 - 1))
        return self.random_state

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        initial_codebook: Any = None,
        order: Any = None,
    ) -> Self:
        """Train a map, always from the start.

        Parameters
        ----------
        X : array of shape (n, d)
            Samples: array, memmap, DataFrame (pandas, polars) or scipy sparse matrix; n >= 2. Finite, but for NaN where
            the metric takes missing values, as ``"euclidean:missing=ignore"`` does.
        y : ignored
        sample_weight : array of shape (n,), optional
            A sample of weight k counts as k copies of it, one of weight 0 as none.
        initial_codebook : array of shape (m, d), optional
            In the units of X; by default the initialiser's.
        order : integer array, optional
            For online trainers: the samples to take, one after the other, epochs x updates of them.

        Returns
        -------
        SOM
            Itself.
        """
        del y
        recipe = self.recipe()
        samples = recipe.metric.read(X, sample_weight)
        validate_data(self, X, skip_check_array=True)
        if len(samples) < 2:
            message = "X has 1 sample, and a map to be fitted needs at least 2 (got n_samples=1)."
            raise SampleError(message)
        if self.scale is None:
            warn_if_uneven(samples)
        run = recipe.start(samples, initial_codebook=initial_codebook, order=order)
        last = deque(self._watched(run), maxlen=1)
        return self._keep(run, last[0])

    def _watched(self, run: Run) -> Any:
        states = run.states()
        if not self.verbose:
            return states
        from tqdm.auto import tqdm

        return tqdm(states, total=run.recipe.epochs, initial=run.state.epoch, desc="training", unit="epoch")

    def _keep(self, run: Run, state: State) -> Self:
        self._state = attrs.evolve(state, hints={})  # what partial_fit goes on from; no samples are kept
        self.map_: TrainedMap = run.trained(state)
        self.codebook_ = self.map_.codebook
        self.lattice_ = self.map_.lattice
        self.history_ = list(self.map_.history)
        self.n_iter_ = state.epoch
        self._n_features_out = len(self.lattice_)
        return self

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Train one epoch on some samples, at the next progress; past the planned epochs progress stays 1.

        The first call sets up the map, its size, its scaling and which features are observed at all, from its samples.
        ``learning_rate=None`` means ``linear`` here for every trainer, so that a chunk does not erase the ones before
        it.
        """
        del y
        first = not hasattr(self, "_state")
        recipe = self.recipe() if first else None
        samples = (self.map_ if recipe is None else recipe).metric.read(X, sample_weight)
        validate_data(self, X, skip_check_array=True, reset=first)
        if recipe is not None:
            run = recipe.start(samples, incremental=True)
        else:
            run = Run.continued(self.map_, self._state, samples.X, sample_weight)
        return self._keep(run, run.one_epoch())

    def _checked(self, X: Any) -> Any:
        samples = self.map_.metric.read(X)
        validate_data(self, X, skip_check_array=True, reset=False)
        return samples.X

    def _fitted(self) -> TrainedMap:
        check_is_fitted(self)
        return self.map_

    def predict(self, X: Any) -> Array:
        """Return the best-matching unit of each sample, shape (n,)."""
        return self._fitted().bmu(self._checked(X))

    def fit_predict(self, X: Any, y: Any = None, sample_weight: Any = None) -> Array:
        """Train a map and return the best-matching unit of each sample, shape (n,)."""
        return self.fit(X, y, sample_weight).predict(X)

    def transform(self, X: Any) -> Array:
        """Return the distance from each sample to each unit, shape (n, m)."""
        return self._fitted().distances(self._checked(X))

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return minus the quantisation error, so that higher is better.

        A search over map sizes by this score always prefers the largest map.
        """
        del y
        return -self._fitted().quantisation_error(self._checked(X), sample_weight)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, and where ``deep`` the fields of each part as ``topology__rows``."""
        params: dict[str, Any] = super().get_params(deep=False)
        if deep:
            for name in PARTS:
                part = self._part(name)
                if part is not None:
                    params |= {f"{name}__{field.name}": getattr(part, field.name) for field in attrs.fields(type(part))}
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters: whole parts first, then fields of parts such as ``topology__rows``.

        What a field may hold is checked when the map is fitted, as for every scikit-learn estimator.
        """
        nested = {name: value for name, value in params.items() if name.partition("__")[0] in PARTS and "__" in name}
        super().set_params(**{name: value for name, value in params.items() if name not in nested})
        for name, value in nested.items():
            part, _, field = name.partition("__")
            setattr(self, part, self._changed(part, field, value))
        return self

    def _part(self, name: str) -> Component | None:
        try:
            part: Component = resolve(PARTS[name], getattr(self, name))
        except SomkitError:
            return None
        return part

    def _changed(self, name: str, field: str, value: Any) -> Any:
        """Return a part with one field changed: an object if that is possible, else a dict for `fit` to refuse."""
        part = self._part(name)
        spec = getattr(self, name)
        if part is None:
            return {**(spec if isinstance(spec, dict) else {"name": str(spec)}), field: value}
        try:
            return attrs.evolve(part, **{field: value})
        except (SomkitError, TypeError, ValueError):
            return {**part.to_dict(), field: value}
