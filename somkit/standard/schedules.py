"""Schedules: how the learning rate and the radius change with progress p from 0 to 1."""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import pairwise
from typing import Any, ClassVar, TypeVar, final

import attrs
import numpy as np

from somkit.components import Role, Schedule
from somkit.errors import ParameterError
from somkit.lattice import Lattice
from somkit.validators import number

Array = np.ndarray[Any, Any]
Ranged = TypeVar("Ranged", bound=Schedule)


def role_range(role: Role, lattice: Lattice) -> tuple[float, float]:
    """Return where a schedule starts and stops unless it says.

    A learning rate goes from 0.5 to 0.01; a radius from a quarter of the map's diameter, at least one edge, to half an
    edge, edges being `Lattice.spacing` long: 1 on regular lattices and wherever edges are counted.
    """
    if role == "learning_rate":
        return 0.5, 0.01
    return max(lattice.spacing, lattice.diameter / 4), lattice.spacing / 2


def _filled(schedule: Ranged, role: Role, lattice: Lattice) -> Ranged:
    """Fill ``start`` and ``stop`` where they are None."""
    wanted = {name: getattr(schedule, name) for name in ("start", "stop") if name in attrs.fields_dict(type(schedule))}
    if None not in wanted.values():
        return schedule
    start, stop = role_range(role, lattice)
    default = {"start": start, "stop": stop}
    return attrs.evolve(schedule, **{name: default[name] for name, value in wanted.items() if value is None})


def _known(schedule: Schedule, **values: float | None) -> list[float]:
    for name, value in values.items():
        if value is None:
            message = f"{type(schedule).__name__}.{name} was left out; give it, or let a recipe fill it in (for_role)."
            raise ParameterError(message)
    return [float(value) for value in values.values() if value is not None]


def _optional() -> Any:
    return attrs.field(default=None, validator=number(optional=True))


@final
@attrs.frozen(kw_only=True)
class Constant(Schedule):
    """Always the same: value.

    Parameters
    ----------
    value : float, optional
        Left out, the role's start: learning rate 0.5, radius a quarter of the map's diameter.

    References
    ----------
    Sutton & Barto (2018), Reinforcement Learning: An Introduction, 2nd edition, section 2.5, MIT Press.

    Examples
    --------
    >>> Constant(value=0.1)(0.7)
    0.1
    """

    name: ClassVar[str] = "constant"
    value: float | None = _optional()

    def __call__(self, progress: Any) -> Any:
        """Return the value in the shape of ``progress``."""
        (value,) = _known(self, value=self.value)
        return np.full(np.shape(progress), value) if np.ndim(progress) else value

    def for_role(self, role: Role, lattice: Lattice) -> Constant:
        """Take the role's start where the value was left out."""
        return self if self.value is not None else Constant(value=role_range(role, lattice)[0])


@final
@attrs.frozen(kw_only=True)
class Linear(Schedule):
    """A straight line: start + (stop - start) p.

    Parameters
    ----------
    start : float, optional
        Where it starts; left out, the role's: learning rate 0.5, radius a quarter of the map's diameter.
    stop : float, optional
        Where it stops; left out, the role's: learning rate 0.01, radius half an edge.

    References
    ----------
    Kohonen (2001), Self-Organizing Maps, 3rd edition, doi:10.1007/978-3-642-56927-2.

    Examples
    --------
    >>> Linear(start=3, stop=1)(0.5)
    2.0
    """

    name: ClassVar[str] = "linear"
    start: float | None = _optional()
    stop: float | None = _optional()

    def __call__(self, progress: Any) -> Any:
        """Return the value at a progress."""
        start, stop = _known(self, start=self.start, stop=self.stop)
        return start * (1 - progress) + stop * progress

    def for_role(self, role: Role, lattice: Lattice) -> Linear:
        """Fill in what was left out."""
        return _filled(self, role, lattice)


@final
@attrs.frozen(kw_only=True)
class Power(Schedule):
    """Equal factors in equal steps: start (stop / start)^p, for start and stop > 0.

    Parameters
    ----------
    start : float, optional
        Where it starts; left out, the role's: learning rate 0.5, radius a quarter of the map's diameter.
    stop : float, optional
        Where it stops; left out, the role's: learning rate 0.01, radius half an edge.

    References
    ----------
    Martinetz, Berkovich & Schulten (1993), "Neural-gas" network for vector quantization, doi:10.1109/72.238311.

    Examples
    --------
    >>> Power(start=4, stop=1)(0.5)
    2.0
    """

    name: ClassVar[str] = "power"
    start: float | None = attrs.field(default=None, validator=number(above=0, optional=True))
    stop: float | None = attrs.field(default=None, validator=number(above=0, optional=True))

    def __call__(self, progress: Any) -> Any:
        """Return the value at a progress."""
        start, stop = _known(self, start=self.start, stop=self.stop)
        return start ** (1 - progress) * stop**progress

    def for_role(self, role: Role, lattice: Lattice) -> Power:
        """Fill in what was left out."""
        return _filled(self, role, lattice)


@final
@attrs.frozen(kw_only=True)
class CosineSchedule(Schedule):
    """Half a cosine wave: stop + (start - stop) (1 + cos(pi p)) / 2, slow at both ends.

    Parameters
    ----------
    start : float, optional
        Where it starts; left out, the role's: learning rate 0.5, radius a quarter of the map's diameter.
    stop : float, optional
        Where it stops; left out, the role's: learning rate 0.01, radius half an edge.

    References
    ----------
    Loshchilov & Hutter (2017), SGDR: stochastic gradient descent with warm restarts, arXiv:1608.03983.

    Examples
    --------
    >>> CosineSchedule(start=3, stop=1)(0.5)
    2.0
    """

    name: ClassVar[str] = "cosine"
    start: float | None = _optional()
    stop: float | None = _optional()

    def __call__(self, progress: Any) -> Any:
        """Return the value at a progress."""
        start, stop = _known(self, start=self.start, stop=self.stop)
        share = (1 + np.cos(np.pi * np.asarray(progress, dtype=np.float64))) / 2
        value = start * share + stop * (1 - share)
        return value if np.ndim(progress) else float(value)

    def for_role(self, role: Role, lattice: Lattice) -> CosineSchedule:
        """Fill in what was left out."""
        return _filled(self, role, lattice)


@final
@attrs.frozen(kw_only=True)
class ExponentialSchedule(Schedule):
    """Decay at a rate: start exp(-rate p).

    Parameters
    ----------
    start : float, optional
        Where it starts; left out, the role's: learning rate 0.5, radius a quarter of the map's diameter.
    rate : float, optional
        Left out, the rate that ends at the role's stop.

    References
    ----------
    Ritter, Martinetz & Schulten (1992), Neural Computation and Self-Organizing Maps, Addison-Wesley.

    Examples
    --------
    >>> ExponentialSchedule(start=1, rate=0)(0.5)
    1.0
    """

    name: ClassVar[str] = "exponential"
    start: float | None = _optional()
    rate: float | None = _optional()

    def __call__(self, progress: Any) -> Any:
        """Return the value at a progress."""
        start, rate = _known(self, start=self.start, rate=self.rate)
        with np.errstate(over="ignore"):  # a value that is not finite is refused, in a sentence, where it is used
            value = start * np.exp(-rate * np.asarray(progress, dtype=np.float64))
        return value if np.ndim(progress) else float(value)

    def for_role(self, role: Role, lattice: Lattice) -> ExponentialSchedule:
        """Fill in what was left out."""
        start, stop = role_range(role, lattice)
        rate = math.log(start / stop) if self.rate is None else self.rate
        return ExponentialSchedule(start=start if self.start is None else self.start, rate=rate)


@final
@attrs.frozen(kw_only=True)
class Asymptotic(Schedule):
    """Decay towards 0: start / (1 + rate p), for rate >= 0.

    Parameters
    ----------
    start : float, optional
        Where it starts; left out, the role's: learning rate 0.5, radius a quarter of the map's diameter.
    rate : float >= 0, default 2

    References
    ----------
    Vettigli (2018), MiniSom: minimalistic and NumPy-based implementation of the Self Organizing Map,
    https://github.com/JustGlowing/minisom.

    Examples
    --------
    >>> Asymptotic(start=3)(1.0)
    1.0
    """

    name: ClassVar[str] = "asymptotic"
    start: float | None = _optional()
    rate: float = attrs.field(default=2.0, validator=number(minimum=0))

    def __call__(self, progress: Any) -> Any:
        """Return the value at a progress."""
        (start,) = _known(self, start=self.start)
        return start / (1 + self.rate * progress)

    def for_role(self, role: Role, lattice: Lattice) -> Asymptotic:
        """Fill in what was left out."""
        return _filled(self, role, lattice)


def _check_schedules(instance: Any, attribute: Any, value: Any) -> None:
    parts = value if isinstance(value, tuple | list) else ()
    if not parts or not all(isinstance(part, Schedule) for part in parts):
        message = f"{type(instance).__name__}.{attribute.name} must be one schedule or more, got {value!r}."
        raise ParameterError(message)


def _check_boundaries(instance: Any, attribute: Any, value: Any) -> None:
    inner = list(value) if isinstance(value, tuple | list) else [math.nan]
    whole = [0.0, *inner, 1.0]
    try:
        rising = all(low < high for low, high in pairwise(whole))
    except TypeError:
        rising = False
    if not rising or len(inner) != len(instance.schedules) - 1:
        count = len(instance.schedules) - 1
        message = (
            f"{type(instance).__name__}.{attribute.name} must be {count} rising number(s) in (0, 1), got {value!r}."
        )
        raise ParameterError(message)


@final
@attrs.frozen(kw_only=True)
class Join(Schedule):
    """Schedules one after the other; each runs through its own progress from 0 to 1 between its boundaries.

    Parameters
    ----------
    schedules : tuple of Schedule
    boundaries : tuple of float
        Progress at which the next one takes over, one fewer than there are schedules, rising, in (0, 1).

    Notes
    -----
    Formula: s_i((p - c_i) / (c_{i+1} - c_i)) for c_i <= p < c_{i+1}, s_i being the schedules and c_i the boundaries
    with 0 and 1.

    References
    ----------
    somkit, after ``join_schedules`` of optax.

    Examples
    --------
    >>> rough_then_fine = Join(schedules=(Linear(start=8, stop=2), Linear(start=2, stop=1)), boundaries=(0.25,))
    >>> [float(rough_then_fine(p)) for p in (0, 0.125, 0.25, 1)]
    [8.0, 5.0, 2.0, 1.0]
    """

    name: ClassVar[str] = "join"
    schedules: tuple[Schedule, ...] = attrs.field(default=(Linear(),), validator=_check_schedules)
    boundaries: tuple[float, ...] = attrs.field(default=(), validator=_check_boundaries)

    def __call__(self, progress: Any) -> Any:
        """Return the value at a progress."""
        whole = np.atleast_1d(np.asarray(progress, dtype=np.float64))
        edges = [0.0, *self.boundaries, 1.0]
        which = np.array([bisect_right(self.boundaries, at) for at in whole.ravel()]).reshape(whole.shape)
        value = np.empty(whole.shape)
        for number_, schedule in enumerate(self.schedules):
            here = which == number_
            low, high = edges[number_], edges[number_ + 1]
            value[here] = schedule((whole[here] - low) / (high - low))
        return value.reshape(np.shape(progress)) if np.ndim(progress) else float(value[0])

    def for_role(self, role: Role, lattice: Lattice) -> Join:
        """Fill in what each of them left out."""
        return attrs.evolve(self, schedules=tuple(schedule.for_role(role, lattice) for schedule in self.schedules))
