"""Hypothesis strategies: parts of a class, lattices, samples, codebooks, and maps trained on them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import attrs
import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from somkit.components import Component
from somkit.lattice import Lattice, lattice_of_graph
from somkit.plugins import current
from somkit.samples import Samples
from somkit.spelling import nested_kinds

if TYPE_CHECKING:
    import networkx as nx

    from somkit.trained import TrainedMap

Array = np.ndarray[Any, Any]

SPAN = 100.0  # numbers without a bound of their own are drawn up to this far from 0, or from the bound they have
STEPS = 6  # the same for whole numbers: maps of a few units say as much as large ones


def components(
    component: type[Component], examples: Sequence[Component] | SearchStrategy[Any] = ()
) -> SearchStrategy[Any]:
    """Return parts of a class: the default one and the examples, or with each field varied as its validator allows.

    Numbers are drawn within the bounds of `somkit.validators`, words and choices among theirs, nested parts among the
    registered ones of their kind. A value that another field forbids is left out.
    """
    if isinstance(examples, SearchStrategy):
        return st.just(component()) | examples
    if examples:
        return st.sampled_from([component(), *examples])
    return _varied(component)


@st.composite
def _varied(draw: st.DrawFn, component: type[Component]) -> Component:
    part = component()
    nested = nested_kinds(component)
    for field in attrs.fields(component):
        values = _nested_values(field, nested[field.name]) if field.name in nested else _plain_values(field)
        if not field.init or values is None or not draw(st.booleans()):
            continue
        try:
            part = attrs.evolve(part, **{field.name: draw(values)})
        except (ValueError, TypeError):
            continue
    return part


def _nested_values(field: Any, kind: str) -> SearchStrategy[Any]:
    parts = st.sampled_from([entry.component() for entry in current().registry.entries(kind)])
    return st.lists(parts, min_size=1, max_size=3).map(tuple) if isinstance(field.default, tuple) else parts


def _plain_values(field: Any) -> SearchStrategy[Any] | None:
    allowed = _allowed(field.validator)
    if allowed.get("options"):
        return st.sampled_from(sorted(allowed["options"], key=repr))
    if isinstance(field.default, bool):
        return st.booleans()
    numbers = _numbers(field, allowed)
    words = st.sampled_from(allowed["words"]) if allowed.get("words") else None
    found = [values for values in (numbers, words) if values is not None]
    return st.one_of(found) if found else None


def _allowed(validator: Any) -> dict[str, Any]:
    """Return what a validator says that it allows: the bounds and words that it was made with."""
    if inspect.isfunction(validator):
        return dict(inspect.getclosurevars(validator).nonlocals)
    return {"options": getattr(validator, "options", None)}  # attrs.validators.in_


def is_number(field: Any) -> bool:
    """Tell whether a field is declared to hold one number, alone or beside words."""
    declared = field.type if isinstance(field.type, str) else getattr(field.type, "__name__", str(field.type))
    default = isinstance(field.default, int | float) and not isinstance(field.default, bool)
    return default or bool(re.fullmatch(r"[^\[]*\b(int|float)\b[^\[]*", str(declared)))


def _numbers(field: Any, allowed: dict[str, Any]) -> SearchStrategy[Any] | None:
    if not is_number(field):
        return None
    low, above = allowed.get("minimum"), allowed.get("above")
    high, below = allowed.get("maximum"), allowed.get("below")
    whole = isinstance(field.default, int) or not re.search(r"\bfloat\b", str(field.type))
    span = STEPS if whole else SPAN
    lowest = low if low is not None else above if above is not None else -span
    highest = high if high is not None else below if below is not None else max(lowest, 0) + span
    if whole:
        return st.integers(int(lowest), int(highest))
    return st.floats(lowest, highest, exclude_min=low is None and above is not None, exclude_max=below is not None)


@st.composite
def graphs(
    draw: st.DrawFn, max_units: int = 9, *, weighted: bool | None = None, placed: bool | None = None
) -> nx.Graph:
    """Return undirected networkx graphs, connected or not.

    Parameters
    ----------
    max_units : int
    weighted : bool, optional
        Whether edges have an attribute ``length`` > 0; both by default.
    placed : bool, optional
        Whether nodes have an attribute ``pos``; both by default.
    """
    import networkx as nx

    m = draw(st.integers(1, max_units))
    pairs = [(first, second) for second in range(m) for first in range(second)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    graph = nx.Graph()
    graph.add_nodes_from(draw(st.permutations(range(m))))
    graph.add_edges_from(edges)
    if draw(st.booleans()) if weighted is None else weighted:
        for edge in edges:
            graph.edges[edge]["length"] = draw(st.floats(0.125, 8))
    if draw(st.booleans()) if placed is None else placed:
        for unit in graph:
            graph.nodes[unit]["pos"] = (float(np.cos(unit)), float(np.sin(unit)))
    return graph


@st.composite
def lattices(draw: st.DrawFn, max_units: int = 9) -> Lattice:
    """Return lattices of `graphs`, counting edges or adding up their lengths."""
    weighted = draw(st.booleans())
    graph = draw(graphs(max_units, weighted=weighted, placed=True))
    return lattice_of_graph(graph, "length" if weighted else None)


@st.composite
def matrices(draw: st.DrawFn, rows: int, columns: int) -> Array:
    """Return read-only arrays of whole numbers, rich in ties, or of any numbers up to 1000, float64 or float32."""
    from hypothesis.extra.numpy import arrays

    width = draw(st.sampled_from([64, 32]))
    whole = st.integers(-3, 3).map(float)
    array: Array = draw(
        arrays(
            np.float64 if width == 64 else np.float32,
            (rows, columns),
            elements=draw(st.sampled_from([whole, st.floats(-1000, 1000, width=64 if width == 64 else 32)])),
        )
    )
    array.flags.writeable = False
    return array


def normal(seed: int, n: int, d: int) -> Array:
    """Return an array of normal numbers, the columns of standard deviation d, ..., 2, 1; free of ties."""
    return np.random.default_rng(seed).normal(size=(n, d)) * np.arange(d, 0, -1)


def within(limits: tuple[Array, Array], X: Array) -> Array:
    """Return a copy of X whose numbers are folded back at a metric's limits; whole ones stay rich in ties."""
    folded = np.array(X)
    for feature, (low, high) in enumerate(zip(*limits, strict=True)):
        x = folded[:, feature]
        if np.isfinite(low) and np.isfinite(high):
            back = np.mod(np.abs(x - low), 2 * (high - low))
            x = low + np.minimum(back, 2 * (high - low) - back)
        elif np.isfinite(low):
            x = low + np.abs(x - low)
        elif np.isfinite(high):
            x = high - np.abs(high - x)
        folded[:, feature] = np.clip(x, low, high)
    return folded


@st.composite
def samples(draw: st.DrawFn, max_samples: int = 40, max_features: int = 4, *, weighted: bool | None = None) -> Samples:
    """Return samples: normal, of whole numbers, with a constant feature, or all the same; with weights or without."""
    n, d = draw(st.integers(1, max_samples)), draw(st.integers(1, max_features))
    X = normal(draw(st.integers(0, 99)), n, d)
    shape = draw(st.sampled_from(["normal", "whole", "constant feature", "constant", "float32"]))
    if shape == "whole":
        X = np.rint(X)
    elif shape == "constant feature":
        X[:, 0] = 3.0
    elif shape == "constant":
        X[:] = X[0]
    elif shape == "float32":
        X = X.astype(np.float32)
    weight = None
    if draw(st.booleans()) if weighted is None else weighted:
        weight = np.array(draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)), dtype=np.float64)
        weight[draw(st.integers(0, n - 1))] += 1
    return Samples.of(X, weight)


def codebooks(units: int, features: int) -> SearchStrategy[Array]:
    """Return codebooks of shape (units, features), float64, free of ties."""
    return st.integers(0, 99).map(lambda seed: normal(seed + 100, units, features))


class Situation(NamedTuple):
    """A trained map and what it can be asked about."""

    trained: TrainedMap
    X: Array
    y: Array
    weight: Array | None


@st.composite
def trained_maps(draw: st.DrawFn, *, hexagons: bool | None = None) -> Situation:
    """Return maps trained on a few samples, on hexagons or on any graph, with the samples, labels and weights.

    The labels and, where there are any, the weights are of the samples that the map was trained on.
    """
    from somkit.recipe import Recipe

    flat = draw(st.booleans()) if hexagons is None else hexagons
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(2, 4))
    topology = f"standard/hex:rows={rows},columns={columns}" if flat else draw(graphs(weighted=False))
    n, d, seed = draw(st.integers(3, 25)), draw(st.integers(1, 3)), draw(st.integers(0, 99))
    X = normal(seed, n, d)
    trainer = draw(st.sampled_from(["standard/batch", "standard/online:record_wins=true"]))
    trained = Recipe(topology=topology, trainer=trainer, epochs=2, n_jobs=1, random_state=seed).fit(X)
    weight = np.random.default_rng(seed).uniform(0.5, 2, n) if draw(st.booleans()) else None
    return Situation(trained, X, np.array(["a", "b", "c"])[np.arange(n) % 3], weight)
