# ruff: noqa: D401 - the first line of a law's docstring says what holds, and is shown where it does not
"""Laws of schedules and neighbourhoods: functions of one number."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from hypothesis import strategies as st

from somkit.components import Component, Neighbourhood, Schedule
from somkit.testing.law import ULP, Draw, close, law
from somkit.testing.strategies import lattices

FOUR_ULP = 4 * ULP  # one for each of the few operations of a formula; numpy's exp and pow are good to one
ROLES = st.sampled_from(["learning_rate", "radius"])
PROGRESS = st.floats(0, 1)


def _filled(part: Schedule, draw: Draw) -> Schedule:
    return part.for_role(draw(ROLES), draw(lattices()))


@law("schedule")
def finite_on_the_unit_interval(part: Schedule, draw: Draw) -> None:
    """A schedule filled in for a role is finite wherever progress can be."""
    schedule = _filled(part, draw)
    for progress in (0.0, 1.0, draw(PROGRESS)):
        value = schedule(progress)
        assert np.ndim(value) == 0, f"{schedule!r} returned {value!r} at progress {progress}."
        assert np.isfinite(value), f"{schedule!r} is {value} at progress {progress}."


@law("schedule")
def scalar_and_array_agree(part: Schedule, draw: Draw) -> None:
    """A schedule gives an array the shape of the progress, holding what it gives for each number in it."""
    schedule = _filled(part, draw)
    shape = draw(st.sampled_from([(), (0,), (1,), (3,), (2, 2)]))
    progress = np.array([draw(PROGRESS) for _ in range(int(np.prod(shape)))], dtype=np.float64).reshape(shape)
    found = np.asarray(schedule(progress))
    assert found.shape == shape, f"{schedule!r} returned shape {found.shape} for progress of shape {shape}."
    for value, at in zip(found.ravel().tolist(), progress.ravel().tolist(), strict=True):
        # Terms of opposite sign may cancel, so the yardstick is what the schedule passes through, not the value.
        scale = max(abs(float(schedule(end))) for end in (0.0, at, 1.0))
        alone = float(schedule(at))
        assert abs(value - alone) <= FOUR_ULP * scale, f"{schedule!r} is {alone} at {at}, but {value} in an array."


@law("schedule")
def filling_in_twice_changes_nothing(part: Schedule, draw: Draw) -> None:
    """A schedule filled in for a role has nothing left to fill in, and keeps what it was given."""
    role, lattice = draw(ROLES), draw(lattices())
    once = part.for_role(role, lattice)
    assert once.for_role(role, lattice) == once, f"{once!r} was filled in again."
    for field in attrs.fields(type(part)):
        given = getattr(part, field.name)
        if given is not None and not isinstance(given, tuple | Component):
            found = getattr(once, field.name, given)
            assert found == given, f"{field.name}={given!r} of {part!r} became {found!r}."


def _has(*names: str) -> Any:
    return lambda component: set(names) <= {field.name for field in attrs.fields(component)}


@law("schedule", applies=_has("stop"))
def at_its_stop_at_the_end(part: Schedule, draw: Draw) -> None:
    """A schedule that has a stop is there, to the bit, at progress 1."""
    schedule: Any = _filled(part, draw)
    assert schedule(1.0) == schedule.stop, f"{schedule!r} ends at {schedule(1.0)}."
    assert schedule(np.ones(1))[0] == schedule.stop, f"{schedule!r} ends at {schedule(np.ones(1))[0]} in an array."


@law("schedule", applies=_has("start"))
def at_its_start_at_the_beginning(part: Schedule, draw: Draw) -> None:
    """A schedule that has a start is there, to the bit, at progress 0."""
    schedule: Any = _filled(part, draw)
    assert schedule(0.0) == schedule.start, f"{schedule!r} begins at {schedule(0.0)}."
    assert schedule(np.zeros(1))[0] == schedule.start, f"{schedule!r} begins at {schedule(np.zeros(1))[0]} in an array."


RADII = st.floats(1e-3, 1e3) | st.floats(1e-300, 1e300)
DISTANCES = st.lists(st.floats(0, 1e3) | st.integers(0, 9).map(float), min_size=1, max_size=8)


def _influence(part: Neighbourhood, distance: Any, radius: float) -> Any:
    distance = np.asarray(distance, dtype=np.float64)
    with np.errstate(over="ignore", under="ignore"):  # as `influences` calls it
        return np.asarray(part(distance, np.full(distance.shape, radius)))


@law("neighbourhood")
def one_at_distance_zero(part: Neighbourhood, draw: Draw) -> None:
    """The best-matching unit itself has influence 1, whatever the radius."""
    radius = draw(RADII)
    found = _influence(part, [0.0], radius)
    assert found.tolist() == [1.0], f"{part!r} is {found} at distance 0 for radius {radius}."


@law("neighbourhood")
def influence_in_range(part: Neighbourhood, draw: Draw) -> None:
    """The influence has the shape of the distances and lies in [lowest, 1]."""
    distance, radius = draw(DISTANCES), draw(RADII)
    found = _influence(part, distance, radius)
    assert found.shape == np.shape(distance), f"{part!r} returned shape {found.shape} for {np.shape(distance)}."
    inside = (part.lowest - FOUR_ULP <= found) & (found <= 1)
    assert inside.all(), f"{part!r} is {found} at {distance} for radius {radius}, outside [{part.lowest}, 1]."


@law("neighbourhood", applies=lambda component: bool(getattr(component, "falling", False)))
def influence_never_rises(part: Neighbourhood, draw: Draw) -> None:
    """The influence of a falling neighbourhood does not grow with distance."""
    distance, radius = sorted(draw(DISTANCES)), draw(RADII)
    found = _influence(part, distance, radius)
    rises = np.diff(found) > FOUR_ULP * np.abs(found[:-1])  # exp is good to one ulp, and monotone no closer than that
    assert not rises.any(), f"{part!r} is {found} at {distance} for radius {radius}."


@law("neighbourhood")
def influences_end_at_reach(part: Neighbourhood, draw: Draw) -> None:
    """Units beyond reach or without a way to them are not moved; those at reach are moved as the formula says."""
    radius = draw(RADII)
    limit = part.longest_reach
    distance = np.array(
        [*draw(DISTANCES), np.inf, *([limit, np.nextafter(limit, np.inf)] if np.isfinite(limit) else [])]
    )
    found = part.influences(distance, radius)
    moved = np.isfinite(distance) & (distance <= limit)
    assert not found[~moved].any(), f"{part!r} moves units at {distance[~moved]} by {found[~moved]}."
    wanted = _influence(part, distance[moved], radius)
    # numpy's exp may differ in the last bit with the length of its array
    assert close(found[moved], wanted, FOUR_ULP), f"{part!r} at {distance[moved]} is {found[moved]}, not {wanted}."


@law("neighbourhood")
def radius_zero_moves_one_unit(part: Neighbourhood, draw: Draw) -> None:
    """At radius 0 only the best-matching unit is moved, fully."""
    distance = np.array([0.0, *draw(DISTANCES), np.inf])
    found = part.influences(distance, 0.0)
    assert np.array_equal(found, distance == 0), f"{part!r} is {found} at {distance} for radius 0."


LAWS = (
    finite_on_the_unit_interval,
    scalar_and_array_agree,
    filling_in_twice_changes_nothing,
    at_its_stop_at_the_end,
    at_its_start_at_the_beginning,
    one_at_distance_zero,
    influence_in_range,
    influence_never_rises,
    influences_end_at_reach,
    radius_zero_moves_one_unit,
)
