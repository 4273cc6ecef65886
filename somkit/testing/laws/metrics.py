# ruff: noqa: D401 - the first line of a law's docstring says what holds, and is shown where it does not
"""Laws of metrics: distances between samples and units, and the search for the nearest."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from somkit.components import Metric
from somkit.samples import Samples
from somkit.testing.law import ULP, Draw, close, law
from somkit.testing.strategies import matrices, normal, within

Array = np.ndarray[Any, Any]
FEW = st.integers(1, 6)
SMALL = 2.0**-486  # times a margin it is 2^-536 and more: distances below 2^-537 are lost where they are squared
FAR = 1e8  # |w|^2 - 2 x.w keeps no digit of a distance of 1 out there


def _drawn(part: Metric, draw: Draw, *, far: bool = False) -> tuple[Metric, Array, Array]:
    """Return the metric, fitted to samples of full rank if it fits itself, and samples and units within its limits."""
    d = part.features or draw(FEW)
    part = part.fitted(Samples.of(within(part.limits(d), normal(d, 40, d))))
    X, W = draw(matrices(draw(FEW), d)), draw(matrices(draw(FEW), d))
    if far and draw(st.booleans()):
        X, W = X.astype(np.float64) + FAR, W.astype(np.float64) + FAR
    X, W = within(part.limits(d), X), within(part.limits(d), W)
    X.flags.writeable = W.flags.writeable = False
    return part, X, W


def _same_but(values: Array) -> Array:
    """Return a copy to compare with; the argument itself is read-only, so a metric that writes to it fails at once."""
    return values.copy()


@law("metric")
def distances_are_distances(part: Metric, draw: Draw) -> None:
    """All distances are finite and not negative, one for each sample and unit, and arguments are left alone."""
    part, X, W = _drawn(part, draw, far=True)
    before = _same_but(X), _same_but(W)
    found = np.asarray(part.pairwise(X, W))
    assert found.shape == (len(X), len(W)), f"'{part}' returned shape {found.shape} for {len(X)} x {len(W)}."
    assert np.isfinite(found).all(), f"'{part}' returned {found}."
    assert (found >= 0).all(), f"'{part}' returned {found}."
    assert np.array_equal(X, before[0]), f"'{part}' changed its samples."
    assert np.array_equal(W, before[1]), f"'{part}' changed its codebook."


@law("metric")
def zero_on_itself(part: Metric, draw: Draw) -> None:
    """A vector is at distance 0 from itself, within 4 ulp where directions are compared."""
    part, X, _ = _drawn(part, draw, far=True)
    found = np.diagonal(part.pairwise(X, X))
    allowed = 4 * ULP if part.batch_update == "normalised_mean" else 0.0
    assert (found <= allowed).all(), f"'{part}' puts {X.tolist()} at {found} from themselves."


@law("metric")
def the_way_back_is_as_long(part: Metric, draw: Draw) -> None:
    """Exchanging samples and units transposes the distances."""
    part, X, W = _drawn(part, draw, far=True)
    there, back = np.asarray(part.pairwise(X, W)), np.asarray(part.pairwise(W, X))
    assert close(back.T, there, 4 * ULP), f"'{part}' is {there} there and {back.T} back."


def _ranked(measured: Array, k: int, margin: float) -> tuple[list[int], bool]:
    """Return the k nearest units of one row, written as the contract says, and whether rounding might say otherwise."""
    left = list(range(len(measured)))
    order, close_call = [], False
    for _ in range(k):
        smallest = min(measured[unit] for unit in left)
        tied = [unit for unit in left if measured[unit] <= smallest * (1 + margin)]
        close_call |= any(smallest * (1 + margin / 2) < measured[unit] < smallest * (1 + 2 * margin) for unit in left)
        order.append(tied[0])
        left.remove(tied[0])
    return order, close_call


def _margin(d: int) -> float:
    return (d + 4) * ULP


@law("metric")
def nearest_agrees_with_pairwise(part: Metric, draw: Draw) -> None:
    """The k nearest units are those of the smallest pairwise distances, nearest first, the lowest unit among ties."""
    part, X, W = _drawn(part, draw, far=True)
    k, margin = draw(st.integers(1, len(W))), _margin(X.shape[1])
    measured = np.asarray(part.pairwise(X, W), dtype=np.float64)
    units, distances = part.nearest(X, W, k)
    assert units.shape == distances.shape == (len(X), k), f"'{part}' returned {units.shape} and {distances.shape}."
    assert (units.dtype, distances.dtype) == (np.int64, np.float64), f"'{part}' gave {units.dtype}, {distances.dtype}."
    for row, found in enumerate(units.tolist()):
        wanted, close_call = _ranked(measured[row], k, margin)
        if not close_call:
            assert found == wanted, f"'{part}' found units {found} for distances {measured[row].tolist()}, k = {k}."
        # Either way of computing a distance is good to half the margin.
        assert close(distances[row], measured[row, found], margin), f"'{part}' reported {distances[row]}."


@law("metric")
def one_sample_as_many(part: Metric, draw: Draw) -> None:
    """A sample's nearest unit and its distance do not depend on the samples beside it, nor on asking for it alone."""
    part, X, W = _drawn(part, draw, far=True)
    units, distances = part.nearest(X, W, 1)
    for x, unit, distance in zip(X, units[:, 0].tolist(), distances[:, 0].tolist(), strict=True):
        _, close_call = _ranked(np.asarray(part.pairwise(x[None], W), dtype=np.float64)[0], 1, _margin(len(x)))
        row, row_distance = part.nearest(x[None], W, 1)
        dtype = np.result_type(X, W)
        alone = part.online(W.astype(dtype)).nearest(x.astype(dtype))
        for found, measured in ((int(row[0, 0]), float(row_distance[0, 0])), alone):
            assert close_call or found == unit, f"'{part}' found unit {found} alone, {unit} among others."
            assert close([measured], [distance], _margin(len(x))), (
                f"'{part}' found {measured}, {distance} among others."
            )


@law("metric")
def prepared_as_at_once(part: Metric, draw: Draw) -> None:
    """A prepared codebook gives what `nearest` does, whatever it is told of tiles, seeds and the epoch before."""
    part, X, W = _drawn(part, draw, far=True)
    X, W = X.astype(np.result_type(X, W)), W.astype(np.result_type(X, W))
    m = len(W)
    k = draw(st.integers(1, m))
    expected = part.nearest(X, W, k)
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    tiles = (rng.permutation(m), np.unique([0, m // 2, m]))
    last = part.prepare(W[::-1].copy(), tiles=tiles)
    for searcher in (part.prepare(W), part.prepare(W, last=last, tiles=tiles)):
        for seeds in (None, rng.integers(-1, m, len(X))):
            units, distances = searcher.nearest(X, k, seeds)
            assert np.array_equal(units, expected[0]), f"'{part}' found {units} prepared, {expected[0]} at once."
            assert np.array_equal(distances, expected[1]), f"'{part}' measured other distances when prepared."


@law("metric")
def moved_towards_the_sample(part: Metric, draw: Draw) -> None:
    """A codebook under online training moves as `towards` says: by default w + factor (x - w), its best unit before."""
    part, X, W = _drawn(part, draw)
    X, W = X.astype(np.float64), W.astype(np.float64)
    m = len(W)
    moving, by_hand = part.online(W), W.copy()
    table = np.array([[1.0, 0.25]] * len(X))
    classes = np.where(np.eye(m, dtype=bool), 0, 1).astype(np.uint16)
    units, _ = moving.run(X, np.arange(len(X)), np.full(len(X), 0.5), table, classes)
    for x, unit in zip(X, units.tolist(), strict=True):
        factors = 0.5 * table[0][classes[unit]]
        by_hand = part.towards(by_hand, x, factors[:, None])
    scale = max(np.abs(X).max(), np.abs(W).max())
    # A few roundings for each of the moves.
    assert np.abs(moving.codebook() - by_hand).max() <= 8 * ULP * len(X) * scale, f"'{part}' moved otherwise."


@law("metric")
def the_way_leads_there(part: Metric, draw: Draw) -> None:
    """Moved by 0 a vector stays, moved by 1 it is at its target, and on the way it stays where the metric measures."""
    part, X, W = _drawn(part, draw)
    X, W = X.astype(np.float64), W.astype(np.float64)
    x = X[:1]
    assert np.array_equal(part.towards(W, x[0], 0.0), W), f"'{part}' moved vectors that were to stay."
    scale = max(np.abs(X).max(), np.abs(W).max())
    there = part.towards(W, x[0], np.ones((len(W), 1)))
    for moved in there:
        # A few roundings; where numbers are others, as 190 degrees for -170, the place must be the same.
        near = np.abs(moved - x[0]).max() <= 8 * ULP * scale or part.pairwise(x, moved[None])[0, 0] <= 1e-6
        assert near, f"'{part}' moved to {moved.tolist()}, not to {x[0].tolist()}."
    low, high = part.limits(X.shape[1])
    half = part.towards(W, x[0], 0.5)
    slack = 8 * ULP * scale
    assert ((half >= low - slack) & (half <= high + slack)).all(), f"'{part}' left its limits for {half.tolist()}."


@law("metric")
def means_lead_back(part: Metric, draw: Draw) -> None:
    """A point in a space of means leads back to the vector that it comes from."""
    part, X, _ = _drawn(part, draw)
    back = np.array(X, dtype=np.float64)
    for space in part.mean_spaces(X.shape[1]):
        points = space.into(back[:, space.columns])
        assert points.shape == (len(X), space.dimensions), f"'{part}' made points of shape {points.shape}."
        back[:, space.columns] = space.back(points)
    for x, found in zip(X, back, strict=True):
        there = np.array_equal(found, x) or part.pairwise(x[None], found[None])[0, 0] <= 1e-6
        assert there, f"'{part}' led {x.tolist()} back to {found.tolist()}."


@law("metric")
def weights_are_copies(part: Metric, draw: Draw) -> None:
    """Where a weight scales its feature, by `weight_power`, 0 leaves it out, and 4 is 4 copies of it if these count."""
    power = part.weight_power
    if power is None or part.features is not None:
        return
    assert power > 0, f"'{part}' has weight_power {power}, which is not above 0."
    part, X, W = _drawn(part, draw)
    X, W = (np.where(np.abs(rows) < SMALL, 0, rows).astype(np.float64) for rows in (X, W))
    d, factor = X.shape[1], 4.0**power
    bounds = np.concatenate(part.limits(d))
    assert (np.isinf(bounds) | (bounds == 0)).all(), (
        f"'{part}' has limits {bounds.tolist()}, which scaled values leave."
    )
    place = draw(st.integers(0, d - 1))
    scales = np.ones(d)
    scales[place] = factor
    plain, weighted = part.pairwise(X, W), part.pairwise(X * scales, W * scales)
    without = part.pairwise(np.insert(X, place, 0, axis=1), np.insert(W, place, 0, axis=1))
    copied = part.pairwise(*(np.repeat(rows, np.where(np.arange(d) == place, 4, 1), axis=1) for rows in (X, W)))
    scale = max(float(np.max(copied)), SMALL, 1.0 if part.batch_update == "normalised_mean" else 0.0)
    if np.frexp(factor)[0] != 0.5:  # what is scaled is rounded
        scale = max(scale, factor * float(max(np.abs(X).max(), np.abs(W).max())))
    margin = _margin(d + 4)
    assert close(without, plain, margin, scale), f"'{part}' is {without} with a feature of 0, not {plain}."
    counts = close(weighted, copied, margin, scale) or close(copied, plain, margin, scale)
    assert counts, f"'{part}' is {weighted} with a weight of 4, {copied} with 4 copies."


def _with_gaps(X: Array, draw: Draw) -> Array:
    """Return a read-only copy with values missing, but for one at least in every row."""
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    gaps = rng.random(X.shape) < draw(st.sampled_from([0.2, 0.6, 1.0]))
    gaps[np.arange(len(X)), rng.integers(0, X.shape[1], len(X))] = False
    found = np.where(gaps, X.dtype.type(np.nan), X)
    found.flags.writeable = False
    return found


@law("metric")
def missing_values_are_passed_over(part: Metric, draw: Draw) -> None:
    """Where a metric takes missing values its distances are finite, and every way of searching agrees on them."""
    if not part.accepts_missing:
        return
    part, X, W = _drawn(part, draw, far=True)
    X, W = _with_gaps(X.astype(np.result_type(X, W)), draw), W.astype(np.result_type(X, W))
    k, margin = draw(st.integers(1, len(W))), _margin(X.shape[1])
    measured = np.asarray(part.pairwise(X, W), dtype=np.float64)
    assert np.isfinite(measured).all(), f"'{part}' returned {measured} for {X.tolist()}."
    units, distances = part.nearest(X, W, k)
    prepared = part.prepare(W).nearest(X, k)
    assert np.array_equal(prepared[0], units), f"'{part}' found {prepared[0]} prepared, {units} at once."
    assert np.array_equal(prepared[1], distances), f"'{part}' measured other distances when prepared."
    moving = part.online(W)
    for row, found in enumerate(units.tolist()):
        wanted, close_call = _ranked(measured[row], k, margin)
        assert close_call or found == wanted, f"'{part}' found {found} for distances {measured[row].tolist()}."
        assert close(distances[row], measured[row, found], margin), f"'{part}' reported {distances[row]}."
        alone, _ = moving.nearest(X[row])
        assert close_call or alone == found[0], f"'{part}' found unit {alone} alone, {found[0]} among others."


@law("metric")
def missing_values_move_no_unit(part: Metric, draw: Draw) -> None:
    """Under online training a unit moves in the features that a sample has a value of, and stays in the others."""
    if not part.accepts_missing:
        return
    part, X, W = _drawn(part, draw)
    X, W = _with_gaps(X.astype(np.float64), draw), W.astype(np.float64)
    moving = part.online(W)
    factors = np.linspace(0, 1, len(W))[:, None]
    for x in X:
        before = moving.codebook()
        moving.move(x, factors[:, 0])
        wanted = part.towards(before, np.where(np.isnan(x), before, x), factors)
        assert close(moving.codebook(), wanted, 8 * ULP), f"'{part}' moved otherwise towards {x.tolist()}."


@law("metric")
def missing_values_are_made_up_for(part: Metric, draw: Draw) -> None:
    """Where weights scale features and values may be missing, a distance is scaled for those that a sample lacks."""
    power = part.weight_power
    if power is None or not part.accepts_missing or part.features is not None or part.unobserved:
        return
    part, X, W = _drawn(part, draw)
    d = X.shape[1]
    if d == 1:
        return
    place = draw(st.integers(0, d - 1))
    wanted = np.asarray(part.pairwise(np.delete(X, place, 1), np.delete(W, place, 1))) * (d / (d - 1)) ** power
    X = np.where(np.arange(d) == place, X.dtype.type(np.nan), X)
    assert close(part.pairwise(X, W), wanted, _margin(d)), f"'{part}' is {part.pairwise(X, W)}, not {wanted}."


@law("metric")
def sparse_rows_as_dense_ones(part: Metric, draw: Draw) -> None:
    """Where a metric takes sparse samples it finds the units it finds among dense ones, at the same distances."""
    from scipy.sparse import csr_array

    if not part.accepts_sparse:
        return
    part, X, W = _drawn(part, draw, far=True)
    X, W = X.astype(np.result_type(X, W)), W.astype(np.result_type(X, W))
    k, margin = draw(st.integers(1, len(W))), _margin(X.shape[1])
    units, distances = part.prepare_sparse(W).nearest(csr_array(X), k)
    measured = np.asarray(part.pairwise(X, W), dtype=np.float64)
    for row, found in enumerate(units.tolist()):
        wanted, close_call = _ranked(measured[row], k, margin)
        assert close_call or found == wanted, f"'{part}' found {found} for distances {measured[row].tolist()}."
        size = max(measured[row, found].max(), SMALL)
        assert close(distances[row], measured[row, found], margin, size), f"'{part}' reported {distances[row]}."


LAWS = (
    weights_are_copies,
    missing_values_are_made_up_for,
    missing_values_are_passed_over,
    missing_values_move_no_unit,
    sparse_rows_as_dense_ones,
    prepared_as_at_once,
    moved_towards_the_sample,
    the_way_leads_there,
    means_lead_back,
    distances_are_distances,
    zero_on_itself,
    the_way_back_is_as_long,
    nearest_agrees_with_pairwise,
    one_sample_as_many,
)
