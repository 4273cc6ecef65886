"""All the measures of a map, and how sure one is: its value on samples drawn again from those it was given."""

from __future__ import annotations

import contextlib
import warnings
from collections import Counter
from typing import TYPE_CHECKING, Any, final

import attrs
import numpy as np

from somkit.components import Measure
from somkit.errors import DataWarning, MeasureError, ParameterError
from somkit.plugins import current
from somkit.validators import check_integer

if TYPE_CHECKING:
    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]

LEVEL = 0.95


@final
@attrs.frozen(eq=False, kw_only=True)
class Estimate:
    """A measure, and what it was on samples drawn again: how far chance in the samples may have moved it.

    Parameters
    ----------
    value : float
        On the samples themselves.
    replicates : array of shape (b,)
        On each of b draws of as many samples, with replacement, from them (the bootstrap); NaN for a draw on which the
        measure has no value.

    Notes
    -----
    The map stays as it is, so this says nothing of how another map, trained on other samples, would do. Efron &
    Tibshirani (1993), An introduction to the bootstrap, chapter 13, doi:10.1007/978-1-4899-4541-9.

    Examples
    --------
    >>> found = Estimate(value=0.2, replicates=np.array([0.1, 0.2, 0.2, 0.3, 0.2]))
    >>> found.interval(0.5)
    (0.2, 0.2)
    >>> float(found)
    0.2
    >>> print(found)
    0.2 (0.11 to 0.29)
    """

    value: float
    replicates: Array = attrs.field(repr=False)

    def interval(self, level: float = LEVEL) -> tuple[float, float]:
        """Return the percentile interval that holds a share ``level``, in (0, 1), of the replicates with a value."""
        if not 0 < level < 1:
            message = f"level must be a number > 0 and < 1, got {level!r}."
            raise ParameterError(message)
        low, high = np.nanquantile(self.replicates, [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    @property
    def low(self) -> float:
        """The lower end of the 95 % interval."""
        return self.interval()[0]

    @property
    def high(self) -> float:
        """The upper end of the 95 % interval."""
        return self.interval()[1]

    def __float__(self) -> float:
        """Return the value."""
        return self.value

    def __str__(self) -> str:
        """Write the value and the 95 % interval."""
        return f"{self.value:.6g} ({self.low:.6g} to {self.high:.6g})"


def estimate(
    part: Measure, trained: TrainedMap, X: Any, y: Any, sample_weight: Any, *, bootstrap: Any, rng: Any
) -> Estimate:
    """Return a measure with its replicates; `TrainedMap.measure` says what the arguments are.

    Draws are told apart by weights, a sample drawn twice has twice its weight: a measure that averages over samples is
    worked out once, any other anew for each draw.
    """
    resamples = check_integer("TrainedMap.measure", "bootstrap", bootstrap, minimum=2)
    try:
        generator = np.random.default_rng(rng)
    except (TypeError, ValueError):
        message = f"rng must be an integer >= 0 or a numpy Generator, got {rng!r}."
        raise ParameterError(message) from None
    samples = trained.samples(X, sample_weight)
    weight = np.ones(len(samples)) if samples.weight is None else samples.weight
    value = float(part(trained, X, y, sample_weight))
    values = part.per_sample(trained, X, y, sample_weight) if part.averages else None
    counted = np.flatnonzero(weight > 0 if values is None else (weight > 0) & ~np.isnan(values))
    replicates = np.full(resamples, np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)  # said once already
        for number in range(resamples):
            times = np.bincount(generator.integers(len(counted), size=len(counted)), minlength=len(counted))
            again = np.zeros(len(weight))
            again[counted] = times * weight[counted]
            if values is not None:
                replicates[number] = np.average(values[counted], weights=again[counted])
                continue
            with contextlib.suppress(MeasureError):
                replicates[number] = part(trained, X, y, again)
    if np.isnan(replicates).all():
        message = f"measure '{part.name}' has no value on samples drawn again from so few; give it more."
        raise MeasureError(message)
    replicates.flags.writeable = False
    return Estimate(value=value, replicates=replicates)


def every_measure(
    trained: TrainedMap, X: Any, y: Any, sample_weight: Any = None
) -> tuple[dict[str, float], dict[str, str]]:
    """Return every registered measure that has a value, by name, and why others have none.

    Measures that need labels are in neither where ``y`` is None.
    """
    entries = current().registry.entries("measure")
    shared = Counter(entry.name for entry in entries)
    values, reasons = {}, {}
    for entry in entries:
        part = entry.component()
        if not isinstance(part, Measure) or (y is None and part.needs_labels):
            continue
        name = entry.name if shared[entry.name] == 1 else entry.key
        try:
            values[name] = float(part(trained, X, y, sample_weight))
        except MeasureError as error:
            reasons[name] = str(error)
    return values, reasons
