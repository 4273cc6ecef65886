# ruff: noqa: D401 - the first line of a law's docstring says what holds, and is shown where it does not
"""Laws of initialisers and trainers: how a codebook begins and how it changes."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from hypothesis import strategies as st

from somkit.components import Initialiser, Neighbourhood, Trainer
from somkit.engine import State
from somkit.errors import RecipeError
from somkit.kernels import BLOCK_ROWS
from somkit.plugins import current
from somkit.recipe import Recipe, load_checkpoint
from somkit.samples import Samples
from somkit.spelling import resolve
from somkit.testing.law import ULP, Draw, close, law
from somkit.testing.strategies import codebooks, graphs, lattices, normal, samples

Array = np.ndarray[Any, Any]
SEEDS = st.integers(0, 99)
EPOCHS = 3
SEEDS_AVERAGED = 30


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@law("initialiser")
def codebook_is_finite_and_fits(part: Initialiser, draw: Draw) -> None:
    """A first codebook has a finite vector for each unit, whatever the samples are."""
    chosen, lattice = draw(samples()), draw(lattices())
    found = np.asarray(part.initialise(chosen, lattice, _rng(draw(SEEDS))))
    assert found.shape == (len(lattice), chosen.features), f"'{part}' returned shape {found.shape}."
    assert np.isfinite(found).all(), f"'{part}' returned {found.tolist()}."


@law("initialiser")
def same_generator_same_codebook(part: Initialiser, draw: Draw) -> None:
    """The first codebook is decided by samples, lattice and generator alone."""
    chosen, lattice, seed = draw(samples()), draw(lattices()), draw(SEEDS)
    first = np.asarray(part.initialise(chosen, lattice, _rng(seed)))
    again = Samples.of(chosen.X.copy(), chosen.weight)
    second = np.asarray(part.initialise(again, lattice, _rng(seed)))
    assert np.array_equal(first, second), f"'{part}' returned {first.tolist()}, then {second.tolist()}."


@law("initialiser", claim="missing")
def missing_values_are_no_values(part: Initialiser, draw: Draw) -> None:
    """Where values are missing the first codebook is finite all the same.

    A feature that no sample has a value of takes no part in the others.
    """
    X = _with_gaps(normal(draw(SEEDS), draw(st.integers(1, 30)), draw(st.integers(1, 3))), draw)
    lattice, seed = draw(lattices()), draw(SEEDS)
    found = np.asarray(part.initialise(Samples.of(X, missing=True), lattice, _rng(seed)))
    assert found.shape == (len(lattice), X.shape[1]), f"'{part}' returned shape {found.shape}."
    assert np.isfinite(found).all(), f"'{part}' returned {found.tolist()}."
    wider = np.column_stack([X, np.full(len(X), np.nan)])
    beside = np.asarray(part.initialise(Samples.of(wider, missing=True), lattice, _rng(seed)))
    # Principal directions are as good as the gap between their variances.
    assert close(beside[:, :-1], found, 1e-7), (
        f"'{part}' returned {found.tolist()}, beside no values {beside.tolist()}."
    )


def _with_gaps(X: Array, draw: Draw) -> Array:
    """Return a copy with values missing, but for one at least in every row, and one in every feature."""
    rng = _rng(draw(SEEDS))
    gaps = rng.random(X.shape) < draw(st.sampled_from([0.0, 0.2, 0.6]))
    gaps[np.arange(len(X)), rng.integers(0, X.shape[1], len(X))] = False
    gaps[rng.integers(0, len(X), X.shape[1]), np.arange(X.shape[1])] = False
    return np.where(gaps, np.nan, X)


@law("trainer", examples=40)
def constants_stay_constant_where_values_are_missing(part: Trainer, draw: Draw) -> None:
    """A feature all of whose observed values are the same stays that constant, whatever is missing of it."""
    if not part.accepts_missing:
        return
    X, graph = _with_gaps(_data(draw), draw), draw(graphs(weighted=False))
    X[:, 0] = np.where(np.isnan(X[:, 0]), np.nan, 1.1)
    initial = draw(codebooks(len(graph), X.shape[1]))
    initial[:, 0] = 1.1
    try:
        recipe = _recipe(part, draw, topology=graph, metric="standard/euclidean:missing=ignore")
    except RecipeError:
        return
    found = recipe.fit(X, initial_codebook=initial).codebook
    assert np.isfinite(found).all(), f"'{part}' trained {found.tolist()}."
    assert close(found[:, 0], initial[:, 0], 4 * ULP), f"'{part}' made {found[:, 0].tolist()} of a constant 1.1."


@law("initialiser", claim="order_free")
def rows_of_samples_in_any_order(part: Initialiser, draw: Draw) -> None:
    """The order of the samples does not matter to the first codebook."""
    seed, lattice = draw(SEEDS), draw(lattices())
    X = normal(seed, draw(st.integers(5, 40)), draw(st.integers(1, 3)))
    order = _rng(seed).permutation(len(X))
    first = part.initialise(Samples.of(X), lattice, _rng(seed))
    second = part.initialise(Samples.of(X[order]), lattice, _rng(seed))
    # Principal directions are as good as the gap between their variances, of which these data may have a small one.
    assert close(second, first, 1e-7), f"'{part}' returned {first.tolist()}, permuted {second.tolist()}."


def recipe_for(trainer: Trainer, **settings: Any) -> Recipe:
    """Return a recipe that a trainer accepts: the default parts, else the first registered ones that it takes."""
    try:
        return Recipe(trainer=trainer, **settings)
    except RecipeError:
        registry = current().registry
        for metric in registry.entries("metric"):
            for neighbourhood in registry.entries("neighbourhood"):
                parts: dict[str, Any] = {"metric": metric.component(), "neighbourhood": neighbourhood.component()}
                try:
                    return Recipe(trainer=trainer, **parts, **settings)
                except RecipeError:
                    continue
        raise


def _data(draw: Draw, most: int = 30) -> Array:
    return normal(draw(SEEDS), draw(st.integers(2, most)), draw(st.integers(1, 3)))


def _recipe(part: Trainer, draw: Draw, **settings: Any) -> Recipe:
    if "topology" not in settings:
        settings["topology"] = draw(graphs(weighted=False))
    if "random_state" not in settings:
        settings["random_state"] = draw(SEEDS)
    return recipe_for(part, epochs=EPOCHS, n_jobs=1, **settings)


@law("trainer", examples=50)
def arguments_are_left_alone(part: Trainer, draw: Draw) -> None:
    """An epoch returns another state, one epoch on with its line of history, and changes nothing it was given."""
    X = _data(draw)
    run = _recipe(part, draw).start(X)
    state = attrs.evolve(run.state, codebook=run.state.codebook.copy(), rng_state=copy.deepcopy(run.state.rng_state))
    before, data = _snapshot(state), X.copy()
    for epoch in range(EPOCHS):
        after = part.run_epoch(run.task, state)
        assert _snapshot(state) == before, f"'{part}' changed the state it was given in epoch {epoch}."
        assert np.array_equal(X, data), f"'{part}' changed the samples in epoch {epoch}."
        assert (after.epoch, len(after.history)) == (epoch + 1, epoch + 1), f"'{part}' returned epoch {after.epoch}."
        assert after.updates > state.updates, f"'{part}' counted no update in epoch {epoch}."
        state = attrs.evolve(after, codebook=after.codebook.copy())
        before = _snapshot(state)


def _snapshot(state: State) -> tuple[Any, ...]:
    records = sorted((name, array.tobytes()) for name, array in state.records.items())
    history = [tuple(line.items()) for line in state.history]
    return state.epoch, state.updates, state.codebook.tobytes(), repr(state.rng_state), records, history


def _size(X: Array) -> float:
    return float(np.abs(X).max())


def _same_map(first: Any, second: Any) -> bool:
    return bool(np.array_equal(first.codebook, second.codebook)) and first.history == second.history


@law("trainer", examples=2)
def same_bits_for_any_number_of_threads(part: Trainer, draw: Draw) -> None:
    """The same seed gives the same map, to the bit, whatever ``n_jobs`` is."""
    seed = draw(SEEDS)
    X = normal(seed, 3 * BLOCK_ROWS + 57, 2)  # four blocks, the last one short
    recipe = recipe_for(part, topology="standard/hex:rows=3,columns=3", epochs=2, random_state=seed)
    first = attrs.evolve(recipe, n_jobs=1).fit(X)
    for jobs in (1, 2, 3):
        again = attrs.evolve(recipe, n_jobs=jobs).fit(X)
        assert _same_map(first, again), f"'{part}' trained another map with n_jobs={jobs}."


@law("trainer", examples=25)
def a_resumed_run_is_the_whole_run(part: Trainer, draw: Draw) -> None:
    """A run that goes on from a saved checkpoint ends in the same map, to the bit, as one never interrupted."""
    X, recipe = _data(draw), _recipe(part, draw)
    run = recipe.start(X)
    stop = draw(st.integers(0, EPOCHS - 1))
    states = [run.state, *run.states()]
    with tempfile.TemporaryDirectory() as folder:
        run.save_checkpoint(Path(folder) / "checkpoint", states[stop])
        loaded, state = load_checkpoint(Path(folder) / "checkpoint")
    assert _snapshot(state) == _snapshot(states[stop]), f"'{part}' left something out of the checkpoint."
    resumed = loaded.fit(X, resume=state)
    assert _same_map(resumed, states[-1]), f"'{part}' trained another map when resumed after {stop} epochs."


@law("trainer", examples=25)
def the_same_within_another(part: Trainer, draw: Draw) -> None:
    """Two phases of one trainer are that trainer, to the bit, with an explicit order of samples or without."""
    X, recipe = _data(draw), _recipe(part, draw)
    boundary = draw(st.sampled_from([0.0, 0.25, 0.5, 1.0]))
    both = resolve("trainer", {"name": "standard/two_phase", "rough": part, "fine": part, "boundary": boundary})
    taken = sum(part.order_length(len(X), epoch / (EPOCHS - 1)) for epoch in range(EPOCHS))
    order = _rng(draw(SEEDS)).integers(0, len(X), taken) if taken and draw(st.booleans()) else None
    rate = recipe.start(X).recipe.learning_rate
    alone, within = (
        attrs.evolve(recipe, trainer=trainer, learning_rate=rate).train(X, order=order) for trainer in (part, both)
    )
    for first, second in zip(alone, within, strict=False):  # either may end early: the fine phase is asked by itself
        assert _same_map(first, second), f"'{part}' trained another map as both phases of '{both}'."


@law("trainer", examples=25)
def names_of_nodes_do_not_matter(part: Trainer, draw: Draw) -> None:
    """Renaming a graph's nodes changes nothing but names, to the bit."""
    import networkx as nx

    X, graph, seed = _data(draw), draw(graphs(weighted=False)), draw(SEEDS)
    renamed = nx.relabel_nodes(graph, {node: ("unit", f"{node}") for node in graph})
    first = _recipe(part, draw, topology=graph, random_state=seed).fit(X)
    second = _recipe(part, draw, topology=renamed, random_state=seed).fit(X)
    assert second.lattice.nodes == tuple(renamed), f"'{part}' lost the nodes' names."
    assert _same_map(first, second), f"'{part}' trained another map when the nodes were renamed."


def _weightings() -> list[Neighbourhood]:
    found: list[Any] = [entry.component() for entry in current().registry.entries("neighbourhood")]
    return [part for part in found if part.lowest >= 0]


@law("trainer", claim="convex", examples=60)
def codebook_stays_in_the_box(part: Trainer, draw: Draw) -> None:
    """Units that only move towards samples stay within the box of the data and the initial codebook, to 4 ulp."""
    X, graph = _data(draw), draw(graphs(weighted=False))
    initial = draw(codebooks(len(graph), X.shape[1])) * draw(st.sampled_from([0.25, 1.0, 10.0]))
    offset = draw(st.sampled_from([0.0, 1e6]))
    X, initial = X + offset, initial + offset
    neighbourhood = draw(st.sampled_from(_weightings()))
    recipe = _recipe(part, draw, topology=graph, neighbourhood=neighbourhood)
    found = recipe.fit(X, initial_codebook=initial).codebook
    low = np.minimum(X.min(axis=0), initial.min(axis=0))
    high = np.maximum(X.max(axis=0), initial.max(axis=0))
    slack = 4 * np.spacing(np.maximum(np.abs(low), np.abs(high)))
    outside = (found < low - slack) | (found > high + slack)
    assert not outside.any(), f"'{part}' left the box from {low} to {high}: {found[outside.any(axis=1)].tolist()}."


def _generic(draw: Draw) -> Any:
    """Return a topology no two units of which are alike, so that no two vectors of a map become equal and tie."""
    graph = draw(graphs(weighted=False, placed=True))
    lengths = _rng(draw(SEEDS)).uniform(0.5, 2, graph.number_of_edges())
    for (_, _, data), length in zip(graph.edges(data=True), lengths, strict=True):
        data["length"] = float(length)
    return graph


def _is_close_call(recipe: Recipe, X: Array, initial: Array, weight: Array | None = None) -> bool:
    """Tell whether at some epoch the two nearest units of a sample are as good as equally near.

    Which of them wins may then rest on the last bit. It happens however free of ties the data are: where one unit of a
    part wins all its samples, every unit of that part moves to the same mean.
    """
    run = recipe.start(X, weight, initial_codebook=initial)
    for state in (run.state, *run.states()):
        distances = np.sort(recipe.metric.pairwise(run.task.samples.rows(slice(None)), state.codebook), axis=1)[:, :2]
        if distances.shape[1] == 2 and (np.diff(distances) <= 1e-9 * distances[:, 1:]).any():
            return True
    return False


def _wired(graph: Any) -> Any:
    kind: Any = type(resolve("topology", graph))
    return kind.of(graph, weight="length")


@law("trainer", claim="order_free", examples=40)
def samples_in_any_order(part: Trainer, draw: Draw) -> None:
    """Permuting the samples changes nothing, to 1e-12."""
    X, graph = _data(draw), _generic(draw)
    initial = draw(codebooks(len(graph), X.shape[1]))
    order = _rng(draw(SEEDS)).permutation(len(X))
    recipe = _recipe(part, draw, topology=_wired(graph))
    if _is_close_call(recipe, X, initial):
        return
    first, second = recipe.fit(X, initial_codebook=initial), recipe.fit(X[order], initial_codebook=initial)
    # Sums are taken in another order; the data have no ties that this could decide.
    assert close(second.codebook, first.codebook, 1e-12, _size(X)), (
        f"'{part}' trained another map when samples were permuted."
    )


@law("trainer", claim="order_free", examples=40)
def nodes_in_any_order(part: Trainer, draw: Draw) -> None:
    """Reordering a graph's nodes reorders the codebook, and changes nothing else, to 1e-12."""
    X, graph = _data(draw), _generic(draw)
    initial = draw(codebooks(len(graph), X.shape[1]))
    order = _rng(draw(SEEDS)).permutation(len(graph))
    nodes = list(graph)
    other = type(graph)()
    other.add_nodes_from((nodes[unit], graph.nodes[nodes[unit]]) for unit in order)
    other.add_edges_from(graph.edges(data=True))
    recipe = _recipe(part, draw, topology=_wired(graph))
    if _is_close_call(recipe, X, initial):
        return
    first = recipe.fit(X, initial_codebook=initial)
    second = attrs.evolve(recipe, topology=_wired(other)).fit(X, initial_codebook=initial[order])
    assert close(second.codebook, first.codebook[order], 1e-12, _size(X)), (
        f"'{part}' trained another map on reordered nodes."
    )


@law("trainer", claim="weighted", examples=40)
def weight_counts_rows(part: Trainer, draw: Draw) -> None:
    """Weight k counts as the row repeated k times, and weight 0 as no row at all, to 1e-12."""
    X, graph = _data(draw), _generic(draw)
    initial = draw(codebooks(len(graph), X.shape[1]))
    weight = _rng(draw(SEEDS)).integers(0, 4, len(X))
    weight[0] = max(weight[0], 1)
    recipe = _recipe(part, draw, topology=_wired(graph), scale=draw(st.sampled_from([None, "standard", "minmax"])))
    if _is_close_call(recipe, X, initial, weight):
        return
    first = recipe.fit(X, weight, initial_codebook=initial)
    second = recipe.fit(np.repeat(X, weight, axis=0), initial_codebook=initial)
    first_codebook, second_codebook = first.codebook_in_units, second.codebook_in_units
    assert close(first_codebook, second_codebook, 1e-12, _size(X)), f"'{part}' trained another map on rows repeated."
    errors = [[line["quantisation_error"] for line in trained.history] for trained in (first, second)]
    assert close(errors[0], errors[1], 1e-12), f"'{part}' reported errors {errors[0]}, on rows repeated {errors[1]}."


@law("trainer", examples=4)
def weight_counts_rows_on_average(part: Trainer, draw: Draw) -> None:
    """A trainer that accepts weights takes weight k as the row repeated k times, on average over seeds.

    The map has one unit, which starts at the mean of the repeated rows: there only what is random moves it.
    """
    if not part.accepts_weights:
        return
    X = _data(draw, most=12)
    weight = np.where(X[:, 0] > np.median(X[:, 0]), 4, draw(st.integers(0, 1)))
    rows = np.repeat(X, weight, axis=0)
    settings: dict[str, Any] = {"topology": "standard/line:units=1", "epochs": EPOCHS, "n_jobs": 1}
    recipe, initial = recipe_for(part, **settings), rows.mean(axis=0, keepdims=True)
    found = np.empty((2, SEEDS_AVERAGED, X.shape[1]))
    for seed in range(SEEDS_AVERAGED):
        seeded = attrs.evolve(recipe, random_state=seed)
        found[0, seed] = seeded.fit(X, weight, initial_codebook=initial).codebook.mean(axis=0)
        found[1, seed] = seeded.fit(rows, initial_codebook=initial).codebook.mean(axis=0)
    weighted, repeated = found.mean(axis=1)
    error = np.sqrt((found.var(axis=1, ddof=1) / SEEDS_AVERAGED).sum(axis=0))
    # Six standard errors; where nothing is random, a few roundings.
    assert (np.abs(weighted - repeated) <= 6 * error + 1e-9 * _size(X)).all(), (
        f"'{part}' trained {weighted.tolist()} on average, on rows repeated {repeated.tolist()}."
    )


LAWS = (
    codebook_is_finite_and_fits,
    same_generator_same_codebook,
    missing_values_are_no_values,
    constants_stay_constant_where_values_are_missing,
    rows_of_samples_in_any_order,
    arguments_are_left_alone,
    same_bits_for_any_number_of_threads,
    a_resumed_run_is_the_whole_run,
    the_same_within_another,
    names_of_nodes_do_not_matter,
    codebook_stays_in_the_box,
    samples_in_any_order,
    nodes_in_any_order,
    weight_counts_rows,
    weight_counts_rows_on_average,
)
