"""What several measures need: weights, blocks of rows, draws from too many pairs, and maps in parts."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from somkit.errors import DataWarning, MeasureError
from somkit.kernels import power_of_two

if TYPE_CHECKING:
    from somkit.components import MeanSpace, Measure, Metric
    from somkit.lattice import Lattice
    from somkit.samples import Samples
    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]
Better = Literal["lower", "higher", "zero"]

NUMBERS = 1 << 20  # distances worked on at once: 8 MB an array
FEWEST = 100  # a draw of fewer says nothing
MOST = 2_000  # samples or units whose pairs are looked at unless more are asked for: a second or two
SHOWN = 3  # units of a part that an error names


def weights(samples: Samples) -> Array:
    """Return the weight of each sample, 1 where none were given; shape (n,), float64."""
    return np.ones(len(samples)) if samples.weight is None else samples.weight


def mean(values: Array, weight: Array) -> float:
    """Return the weighted mean of the values that are not NaN."""
    known = ~np.isnan(values)
    level = weight[known] * power_of_two(weight[known].max(initial=0))  # their sum may be infinite
    return float(np.average(values[known], weights=level))


def in_spaces(metric: Metric, means: Array, average: Callable[[Callable[[Array], Array]], Array]) -> Array:
    """Return plain means, (k, d), with those that `Metric.mean_spaces` take in a space of their own put right.

    ``average(f)`` is to return the means of f(rows), (k, e), where f makes (n, e) of (n, d).
    """
    found = np.array(means, dtype=np.float64)
    for space in metric.mean_spaces(found.shape[1]):
        columns = space.columns
        vectors = space.back(average(partial(_into, space)))
        found[:, columns] = np.where(np.isnan(vectors), found[:, columns], vectors)
    return found


def _into(space: MeanSpace, rows: Array) -> Array:
    return space.into(rows[:, space.columns])


def blocks(rows: int, width: int) -> Iterator[slice]:
    """Yield slices of rows, so many that a block of ``width`` columns stays small."""
    step = max(1, NUMBERS // max(1, width))
    yield from (slice(start, start + step) for start in range(0, rows, step))


def drawn(candidates: Array, most: int, seed: int, what: str) -> Array:
    """Return the candidates, or as many as allowed drawn from them at random and sorted, with a warning."""
    count = len(candidates)
    if count <= most:
        return candidates
    times = (count / most) ** 2
    message = (
        f"measures that look at all pairs of {what} took {most} of the {count}, drawn at random; max_{what}={count} "
        f"takes all, in {times:.{0 if times >= 10 else 1}f} times the time."
    )
    warnings.warn(message, DataWarning, stacklevel=1)  # from one place, so that several measures say it once
    return np.sort(np.random.default_rng(seed).choice(candidates, most, replace=False))


def distances_between(lattice: Lattice, units: Array) -> Array:
    """Return the map distances among some units, shape (k, k)."""
    found = np.empty((len(units), len(units)))
    for rows in blocks(len(units), len(lattice)):
        found[rows] = lattice.distances_from(units[rows])[:, units]
    return found


def check_parts(measure: Measure, trained: TrainedMap, parts: str) -> Array:
    """Return the part of the map that each unit is in, or raise if they are several and that is not allowed.

    Raises
    ------
    MeasureError
        Naming the parts.
    """
    found = trained.lattice.parts
    count = int(found.max()) + 1
    if count > 1 and parts != "within":
        named = [_named(trained.lattice, np.flatnonzero(found == part)) for part in range(min(count, SHOWN))]
        more = "" if count <= SHOWN else f" and {count - SHOWN} more"
        message = (
            f"measure '{measure.name}' needs a map in one part, but this one is in {count}: {', '.join(named)}{more}; "
            f"give parts='within' to measure each by itself."
        )
        raise MeasureError(message)
    return found


def _named(lattice: Lattice, units: Array) -> str:
    nodes = [repr(lattice.nodes[unit]) for unit in units[:SHOWN]]
    return f"{{{', '.join(nodes)}{', ...' if len(units) > SHOWN else ''}}} ({len(units)} unit(s))"
