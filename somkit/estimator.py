"""MapEstimator: what every scikit-learn face of a map shares: its parameters, their fields, its training."""

from __future__ import annotations

from collections import deque
from typing import Any, Self

import attrs
import numpy as np
from sklearn.base import BaseEstimator
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


class MapEstimator(BaseEstimator):  # type: ignore[misc]  # an untyped base
    """A scikit-learn estimator that trains a map; see `somkit.SOM` for its parameters and attributes."""

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

    def _train(self, X: Any, sample_weight: Any, initial_codebook: Any = None, order: Any = None) -> Self:
        """Train a map from the start and keep it."""
        recipe = self.recipe()
        samples = recipe.metric.read(X, sample_weight)
        validate_data(self, X, skip_check_array=True)
        if len(samples) < 2:
            message = "X has 1 sample, and a map to be fitted needs at least 2 (got n_samples=1)."
            raise SampleError(message)
        run = recipe.start(samples, initial_codebook=initial_codebook, order=order)
        if self.scale is None:
            warn_if_uneven(samples, run.recipe.metric)
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
        return self

    def _checked(self, X: Any) -> Any:
        samples = self.map_.metric.read(X)
        validate_data(self, X, skip_check_array=True, reset=False)
        return samples.X

    def _fitted(self) -> TrainedMap:
        check_is_fitted(self)
        return self.map_

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
