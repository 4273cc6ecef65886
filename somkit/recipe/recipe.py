"""Recipe: every part of a map, resolved and frozen."""

from __future__ import annotations

import json
import secrets
import tomllib
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, final

import attrs
import numpy as np

from somkit.components import Component, Initialiser, Metric, Neighbourhood, Schedule, Topology, Trainer
from somkit.engine import State, Task
from somkit.errors import DataWarning, ParameterError, RecipeError
from somkit.lattice import Lattice
from somkit.plugins import current
from somkit.run import Run, check_missing, check_resume, check_resume_lattice, check_weights, with_order
from somkit.samples import Samples, Scaling
from somkit.spelling import resolve
from somkit.trained import TrainedMap, check_codebook, check_features, check_limits
from somkit.validators import check_integer, did_you_mean

Array = np.ndarray[Any, Any]

PARTS: dict[str, str] = {
    "topology": "topology",
    "metric": "metric",
    "neighbourhood": "neighbourhood",
    "learning_rate": "schedule",
    "radius": "schedule",
    "initialiser": "initialiser",
    "trainer": "trainer",
}
SCALES = (None, "standard", "minmax")
NO_SCALE = "none"  # None, where there is no None: in TOML and on the command line
UNEVEN = 30.0  # a standard deviation this many times the median one drowns the other features
CHECKED = 10_001  # values of a schedule that are checked before any work is done


DEFAULTS: dict[str, Any] = {
    "topology": "standard/hex",
    "metric": "standard/euclidean",
    "neighbourhood": "standard/gaussian",
    "radius": "standard/linear",
    "initialiser": "standard/pca",
    "trainer": "standard/batch",
}


def _topology(spec: Any) -> Topology:
    part: Topology = resolve("topology", spec)
    return part


def _metric(spec: Any) -> Metric:
    part: Metric = resolve("metric", spec)
    return part


def _neighbourhood(spec: Any) -> Neighbourhood:
    part: Neighbourhood = resolve("neighbourhood", spec)
    return part


def _initialiser(spec: Any) -> Initialiser:
    part: Initialiser = resolve("initialiser", spec)
    return part


def _trainer(spec: Any) -> Trainer:
    part: Trainer = resolve("trainer", spec)
    return part


def _scale(spec: Any) -> str | None:
    scale: str | None = None if spec == NO_SCALE else spec
    return scale


def _schedule(spec: Any) -> Schedule:
    if isinstance(spec, int | float) and not isinstance(spec, bool):
        message = f"a schedule must be given as text, a dict or an object, got {spec!r}; write 'constant:value={spec}'."
        raise ParameterError(message)
    schedule: Schedule = resolve("schedule", spec)
    return schedule


def read_toml(path: str | Path) -> dict[str, Any]:
    """Return what a recipe file says, and nothing of what it leaves out.

    Raises
    ------
    ParameterError
        If the file cannot be read, or is no TOML.
    """
    try:
        with Path(path).open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise ParameterError(message) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path} is not a TOML file: {error}."
        raise ParameterError(message) from error


@final
@attrs.frozen(kw_only=True)
class Recipe:
    """Every part of a map, resolved and frozen, and how long to train.

    Parameters
    ----------
    topology : str, dict, Topology or networkx.Graph
    metric, neighbourhood, radius, initialiser, trainer : str, dict or part
    learning_rate : str, dict, Schedule or None
        None: the trainer's own.
    epochs : int >= 1
    scale : None | "none" | "standard" | "minmax"
        To mean 0 and standard deviation 1, or to [0, 1], feature by feature; remembered with the map.
    n_jobs : int >= 1 or None
        Threads; None uses every core. The result does not depend on it.
    random_state : int >= 0 or None
        None draws one, which the trained map's recipe then holds.

    Raises
    ------
    ParameterError, UnknownComponent, AmbiguousComponent
        If a part cannot be resolved.
    RecipeError
        If the parts cannot work together.

    Examples
    --------
    >>> recipe = Recipe(topology="hex:rows=4,columns=5", epochs=10, random_state=0)
    >>> trained = recipe.fit([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    >>> trained.codebook.shape
    (20, 2)
    """

    topology: Topology = attrs.field(default=DEFAULTS["topology"], converter=_topology)
    metric: Metric = attrs.field(default=DEFAULTS["metric"], converter=_metric)
    neighbourhood: Neighbourhood = attrs.field(default=DEFAULTS["neighbourhood"], converter=_neighbourhood)
    learning_rate: Schedule | None = attrs.field(default=None, converter=attrs.converters.optional(_schedule))
    radius: Schedule = attrs.field(default=DEFAULTS["radius"], converter=_schedule)
    initialiser: Initialiser = attrs.field(default=DEFAULTS["initialiser"], converter=_initialiser)
    trainer: Trainer = attrs.field(default=DEFAULTS["trainer"], converter=_trainer)
    epochs: int = 20
    scale: str | None = attrs.field(default=None, converter=_scale)
    n_jobs: int | None = None
    random_state: int | None = None

    def __attrs_post_init__(self) -> None:
        """Check the numbers, then let the trainer look at the parts."""
        object.__setattr__(self, "epochs", check_integer("Recipe", "epochs", self.epochs, minimum=1))
        if self.scale not in SCALES:
            message = f"Recipe.scale must be None, 'standard' or 'minmax', got {self.scale!r}."
            raise ParameterError(message)
        if self.n_jobs is not None:
            object.__setattr__(self, "n_jobs", check_integer("Recipe", "n_jobs", self.n_jobs, minimum=1))
        if self.random_state is not None:
            object.__setattr__(
                self, "random_state", check_integer("Recipe", "random_state", self.random_state, minimum=0)
            )
        if self.scale is not None and not self.metric.accepts_scale:
            message = (
                f"metric '{self.metric}' measures features in units of their own, which scale={self.scale!r} would "
                f"change; leave scale out, or write scale='none'."
            )
            raise RecipeError(message)
        self.trainer.check(self)

    def parts(self) -> dict[str, Component]:
        """Return the parts by the recipe's names for them, those that are None left out."""
        found = {name: getattr(self, name) for name in PARTS}
        return {name: part for name, part in found.items() if part is not None}

    def to_dict(self, *, qualified: bool = False) -> dict[str, Any]:
        """Return the recipe as JSON and TOML can hold it.

        Parameters
        ----------
        qualified : bool
            With qualified names and every field of every part, as map files hold it; by default with bare names and
            the fields that differ from their defaults.
        """
        registry = current().registry
        parts = {
            name: registry.qualified(part, explicit=True) if qualified else part.to_dict()
            for name, part in self.parts().items()
        }
        return parts | self._settings()

    def _settings(self) -> dict[str, Any]:
        """Return what a recipe holds beside its parts, as JSON and TOML can; not n_jobs, which changes no map."""
        settings = {"epochs": self.epochs, "scale": self.scale or NO_SCALE, "random_state": self.random_state}
        return {name: value for name, value in settings.items() if value is not None}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Recipe:
        """Build the recipe of a dict: parts as text or dicts, and settings."""
        known = [field.name for field in attrs.fields(cls)]
        for name in document:
            if name not in known:
                message = f"a recipe has no {name!r}{did_you_mean(str(name), known)} It may have {', '.join(known)}."
                raise ParameterError(message)
        return cls(**document)

    @classmethod
    def from_toml(cls, path: str | Path) -> Recipe:
        """Read a recipe file.

        Examples
        --------
        A file that says::

            epochs = 30
            radius = "linear:start=5,stop=1"

            [topology]
            name = "hex"
            rows = 10
            columns = 12
        """
        return cls.from_dict(read_toml(path))

    def to_toml(self) -> str:
        """Return the recipe as the text of a TOML file, each part spelt in a line."""
        registry = current().registry
        lines = [
            f"{name} = {json.dumps(registry.spell(part), ensure_ascii=False)}" for name, part in self.parts().items()
        ]
        lines += [f"{name} = {json.dumps(value)}" for name, value in self._settings().items()]
        return "\n".join(lines) + "\n"

    def start(
        self,
        X: Any,
        sample_weight: Any = None,
        *,
        initial_codebook: Any = None,
        order: Any = None,
        resume: State | None = None,
        incremental: bool = False,
    ) -> Run:
        """Return a run of this recipe on some data, at its first epoch or where ``resume`` stopped."""
        given = self.metric.read(X, sample_weight)
        samples = given.levelled()
        check_missing(samples, self.trainer)
        check_weights(samples, self.trainer, order)
        scaling = None if self.scale is None else Scaling.fitted(self.scale, samples)
        samples = samples.scaled(scaling)
        metric = self.metric.fitted(samples)
        check_features(metric, samples.features, "X")
        metric.check_samples(samples)
        seed = secrets.randbits(63) if self.random_state is None else self.random_state
        topology = self.topology.sized_for(given.scaled(scaling))
        lattice = topology.lattice()
        if resume is not None:
            if initial_codebook is not None:
                message = "initial_codebook has no meaning with resume, which goes on from the codebook of its state."
                raise RecipeError(message)
            check_resume_lattice(resume, lattice, self.trainer)
        default = "standard/linear" if incremental else self.trainer.own_learning_rate()
        learning_rate: Schedule = self.learning_rate or resolve("schedule", default)
        recipe = attrs.evolve(
            self,
            topology=topology,
            metric=metric,
            learning_rate=learning_rate.for_role("learning_rate", lattice),
            radius=self.radius.for_role("radius", lattice),
            random_state=seed,
        )
        _check_schedules(recipe)
        task = with_order(recipe.task(samples), recipe.trainer, order)
        if resume is None:
            state = recipe.first_state(samples, lattice, initial_codebook)
        else:
            state = check_resume(resume, samples)
        return Run(recipe=recipe, task=task, state=state, scaling=scaling, n_samples=len(samples))

    def task(self, samples: Samples) -> Task:
        """Return what does not change while this recipe, once started, is trained on some samples."""
        if self.learning_rate is None:
            message = (
                "a recipe's learning rate is known only when it has been started; take the task of Recipe.start(X)."
            )
            raise RecipeError(message)
        return Task(
            samples=samples,
            metric=self.metric,
            neighbourhood=self.neighbourhood,
            learning_rate=self.learning_rate,
            radius=self.radius,
            epochs=self.epochs,
            n_jobs=self.n_jobs,
        )

    def first_state(self, samples: Samples, lattice: Lattice, initial_codebook: Any = None) -> State:
        """Return the state before the first epoch; initialiser and trainer draw from separate children of the seed."""
        first, second = np.random.SeedSequence(self.random_state).spawn(2)
        m, d = len(lattice), samples.features
        low, high = limits = self.metric.limits(d)
        if initial_codebook is None:
            found = self.initialiser.initialise(samples, lattice, np.random.default_rng(first))
            codebook = check_codebook(found, m, d, samples.dtype)
            codebook = check_codebook(np.clip(codebook, low, high), m, d, samples.dtype)
        else:
            codebook = check_codebook(initial_codebook, m, d, samples.dtype)
            if samples.scaling is not None:
                codebook = check_codebook(samples.scaling.apply(codebook), m, d, samples.dtype)
            check_limits(limits, codebook, self.metric.name, "the initial codebook")
        return State(lattice=lattice, codebook=codebook, rng_state=np.random.PCG64(second).state)

    def train(
        self,
        X: Any,
        sample_weight: Any = None,
        *,
        initial_codebook: Any = None,
        order: Any = None,
        resume: State | None = None,
    ) -> Iterator[State]:
        """Yield the state after each epoch: for progress bars, live plots, early stopping and checkpoints.

        Parameters
        ----------
        X : array of shape (n, d)
            Samples: array, memmap, DataFrame or scipy sparse matrix; finite, but for NaN where the metric takes missing
            values.
        sample_weight : array of shape (n,), optional
        initial_codebook : array of shape (m, d), optional
            In the units of X; by default the initialiser's.
        order : integer array, optional
            The samples that an online trainer takes, one after the other, in all epochs together.
        resume : State, optional
            Go on from this state, of the same recipe on the same data.
        """
        run = self.start(X, sample_weight, initial_codebook=initial_codebook, order=order, resume=resume)
        yield from run.states()

    def fit(
        self,
        X: Any,
        sample_weight: Any = None,
        *,
        initial_codebook: Any = None,
        order: Any = None,
        resume: State | None = None,
    ) -> TrainedMap:
        """Train to the last epoch and return the map; parameters as for `train`."""
        run = self.start(X, sample_weight, initial_codebook=initial_codebook, order=order, resume=resume)
        return run.trained(run.last_state())


def _check_schedules(recipe: Recipe) -> None:
    """Raise before any work is done if a schedule has a value that is not finite or negative."""
    progress = np.linspace(0, 1, min(max(recipe.epochs, 2), CHECKED))
    recipe.radius.values(progress, "radius")
    if recipe.learning_rate is not None:
        recipe.learning_rate.values(progress, "learning_rate")


def warn_if_uneven(samples: Samples, metric: Metric) -> None:
    """Warn if one feature's spread, as the metric counts it, drowns the others'."""
    weights = metric.feature_weights(samples.features)
    spread = samples.deviations * weights
    moving = spread[spread > 0]
    if len(moving) < 2 or spread.max() / UNEVEN <= np.median(moving):
        return
    feature = int(spread.argmax())
    label = repr(samples.feature_names[feature]) if samples.feature_names else f"number {feature}"
    ratio = spread.max() / np.median(moving)
    counted = ", by its weight," if np.ptp(weights) > 0 else ""
    message = (
        f"the standard deviation of feature {label}{counted} is {ratio:.0f} times the median one, so it alone decides "
        f"which unit is best; scale the data with scale='standard' unless that is what you want."
    )
    warnings.warn(message, DataWarning, stacklevel=3)
