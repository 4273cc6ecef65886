# ruff: noqa: D401 - the first line of a law's docstring says what holds, and is shown where it does not
"""Laws of topologies: the lattice that a map is trained on."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
from hypothesis import strategies as st

from somkit.components import Topology
from somkit.lattice import Coordinates, Influence, Lattice, Path, Table, lattice_of_graph, networkx_of_lattice
from somkit.records import lattice_from, record_lattice
from somkit.storage import decode_label, encode_label
from somkit.testing.law import ULP, Draw, close, law
from somkit.testing.strategies import samples

Array = np.ndarray[Any, Any]
MOST = 40  # units whose distances are looked at; of a larger map, so many spread over it


def _lattice(part: Topology, draw: Draw) -> Lattice:
    return part.sized_for(draw(samples())).lattice()


def _some(lattice: Lattice, most: int = MOST) -> Array:
    return np.unique(np.linspace(0, len(lattice) - 1, min(most, len(lattice))).astype(int))


def _only_sized(before: Any, after: Any) -> bool:
    if isinstance(before, tuple) and isinstance(after, tuple) and len(before) == len(after):
        return all(map(_only_sized, before, after))
    return before == "auto" != after or bool(before == after)


@law("topology")
def sized_once_and_for_all(part: Topology, draw: Draw) -> None:
    """Given samples, every field that is "auto" becomes a number, and the others stay as they were."""
    chosen = draw(samples())
    sized = part.sized_for(chosen)
    assert sized.sized_for(chosen) == sized, f"{sized!r} was sized again."
    for field in attrs.fields(type(part)):
        before, after = getattr(part, field.name), getattr(sized, field.name)
        assert "auto" not in (after if isinstance(after, tuple) else (after,)), f"{sized!r} has still to be sized."
        assert _only_sized(before, after), f"{part!r} became {sized!r}."


@law("topology")
def lattice_is_well_formed(part: Topology, draw: Draw) -> None:
    """Units have labels of their own, and edges join two of them, each once, the lower first, in ascending order."""
    lattice = _lattice(part, draw)
    m, edges = len(lattice), lattice.edges
    assert isinstance(lattice, Lattice), f"{part!r}.lattice() is {lattice!r}."
    assert len(set(lattice.nodes)) == m, f"{part!r} gives a label to more than one unit."
    assert np.isfinite(lattice.positions).all(), f"{part!r} has positions {lattice.positions}."
    assert (edges[:, 0] < edges[:, 1]).all(), f"{part!r} has edges {edges.tolist()}."
    assert edges.tolist() == sorted(map(list, set(map(tuple, edges.tolist())))), f"{part!r} has edges {edges.tolist()}."
    if lattice.cells is not None:
        assert lattice.cells.shape[::2] == (m, 2), f"{part!r} has cells of shape {lattice.cells.shape}."


@law("topology")
def lattice_is_the_same_every_time(part: Topology, draw: Draw) -> None:
    """Two lattices of one topology are the same to the bit."""
    sized = part.sized_for(draw(samples()))
    first, second = sized.lattice(), sized.lattice()
    units = _some(first)
    assert first.nodes == second.nodes, f"{sized!r} gave other nodes."
    assert np.array_equal(first.edges, second.edges), f"{sized!r} gave other edges."
    assert np.array_equal(first.positions, second.positions), f"{sized!r} gave other positions."
    assert np.array_equal(first.distances_from(units), second.distances_from(units)), f"{sized!r} gave other distances."


@law("topology")
def graph_and_lattice_agree(part: Topology, draw: Draw) -> None:
    """`graph` and `lattice` have the same units in the same order, joined by the same edges."""
    sized = part.sized_for(draw(samples()))
    lattice, graph = sized.lattice(), sized.graph()
    unit = {node: number for number, node in enumerate(graph)}
    assert tuple(graph) == lattice.nodes, f"{sized!r}: nodes {list(graph)} and {lattice.nodes}."
    joined = sorted({tuple(sorted((unit[one], unit[other]))) for one, other in graph.edges() if one != other})
    assert joined == list(map(tuple, lattice.edges.tolist())), f"{sized!r}: {joined} and {lattice.edges.tolist()}."


@law("topology")
def distances_are_a_metric(part: Topology, draw: Draw) -> None:
    """Map distances are symmetric, 0 from a unit to itself alone, and no detour is shorter."""
    lattice = _lattice(part, draw)
    units = _some(lattice)
    rows = lattice.distances_from(units)
    assert rows.shape == (len(units), len(lattice)), f"{part!r} gave distances of shape {rows.shape}."
    among = rows[:, units]
    if isinstance(lattice.rule, Path) and not lattice.unit_lengths:  # lengths are added up from either end
        assert close(among.T, among, ULP * len(lattice)), f"{part!r} has other distances back: {among.tolist()}."
    else:
        assert np.array_equal(among, among.T), f"{part!r} has other distances back: {among.tolist()}."
    assert np.array_equal(among == 0, np.eye(len(units), dtype=bool)), f"{part!r} has distances {among.tolist()}."
    detours = among[:, :, None] + among[None, :, :]
    # Sums of lengths are rounded once a step, square roots once.
    shorter = among[:, None, :] > detours * (1 + 4 * ULP * len(units))
    assert not shorter.any(), f"{part!r} has a detour that is shorter: {among.tolist()}."


def _counts_paths(lattice: Lattice) -> bool:
    rule = lattice.rule
    if isinstance(rule, Path):
        return True
    if not isinstance(rule, Coordinates):
        return False
    return rule.norm not in {"euclidean", "great_circle"} or rule.points.shape[1] == 1


@law("topology")
def path_distances_are_shortest_paths(part: Topology, draw: Draw) -> None:
    """Where distance is counted along edges it is that of networkx's shortest paths, infinite where there is none."""
    import networkx as nx

    lattice = _lattice(part, draw)
    if not _counts_paths(lattice):
        return
    graph = nx.Graph()
    graph.add_nodes_from(range(len(lattice)))
    graph.add_weighted_edges_from(np.column_stack([lattice.edges, lattice.lengths]).tolist(), weight="length")
    for unit in _some(lattice, 8).tolist():
        paths = nx.single_source_dijkstra_path_length(graph, unit, weight="length")
        wanted = np.array([paths.get(other, np.inf) for other in range(len(lattice))])
        found = lattice.distances_from([unit])[0]
        # Lengths may be added up in another order.
        tolerance = 0 if lattice.unit_lengths else 1e-12
        assert close(found, wanted, tolerance), f"{part!r}: from {unit} {found.tolist()}, not {wanted.tolist()}."


@law("topology")
def neighbours_are_at_one(part: Topology, draw: Draw) -> None:
    """Where every edge has length 1, joined units are at distance 1 exactly, and no two units are nearer."""
    lattice = _lattice(part, draw)
    if isinstance(lattice.rule, Table) or not lattice.unit_lengths:
        return
    units = _some(lattice)
    rows = lattice.distances_from(units)
    for unit, row in zip(units.tolist(), rows, strict=True):
        joined = lattice.edges[(lattice.edges == unit).any(axis=1)].sum(axis=1) - unit
        assert (row[joined] == 1).all(), f"{part!r}: the neighbours of {unit} are at {row[joined].tolist()}."
        assert (np.delete(row, unit) >= 1).all(), f"{part!r}: units nearer than a neighbour, {row.tolist()}."


@law("topology")
def diameter_is_the_largest_distance(part: Topology, draw: Draw) -> None:
    """The diameter is the largest finite distance between any two units."""
    lattice = _lattice(part, draw)
    rows = lattice.distances_from(_some(lattice, len(lattice)))
    largest = rows[np.isfinite(rows)].max()
    assert lattice.diameter == largest, f"{part!r} has diameter {lattice.diameter}, not {largest}."


@law("topology")
def spreading_is_a_weighted_sum(part: Topology, draw: Draw) -> None:
    """What arrives at a unit is the sum of what all units hold, each times its influence at their distance."""
    lattice = _lattice(part, draw)
    reach, width = draw(st.sampled_from([0.0, 1.0, 2.5, np.inf])), draw(st.floats(0.25, 8))
    influence = Influence(lambda distance: np.where(distance <= reach, np.exp(-distance / width), 0.0), reach=reach)
    m = len(lattice)
    held = np.random.default_rng(draw(st.integers(0, 9))).normal(size=(m, 2))
    held[draw(st.lists(st.integers(0, m - 1)))] = 0
    found, wanted = lattice.spread(held, influence), np.zeros((m, 2))
    for unit in range(m):
        wanted += influence(lattice.distances_from([unit])[0])[:, None] * held[unit]
    # m terms are added in another order
    assert close(found, wanted, 4 * ULP * m), (
        f"{part!r} spread {held.tolist()} to {found.tolist()}, not {wanted.tolist()}."
    )


@law("topology")
def chart_is_standardised(part: Topology, draw: Draw) -> None:
    """The chart that codebooks are laid out with has columns of mean 0 and standard deviation 1."""
    lattice = _lattice(part, draw)
    chart = lattice.chart
    assert chart.shape[0] == len(lattice), f"{part!r} has a chart of shape {chart.shape}."
    # A mean of m coordinates, at most m large, is rounded m times.
    tolerance = 4 * ULP * len(lattice) ** 2
    assert (np.abs(chart.mean(axis=0)) <= tolerance).all(), f"{part!r} has means {chart.mean(axis=0)}."
    assert (np.abs(chart.std(axis=0) - 1) <= tolerance).all(), f"{part!r} has deviations {chart.std(axis=0)}."


@law("topology")
def lattice_survives_a_file(part: Topology, draw: Draw) -> None:
    """A lattice comes back from a map file as it was, labels included where a file can hold them."""
    lattice = _lattice(part, draw)
    kept = all(encode_label(node)[1] for node in lattice.nodes)
    if not kept:
        return
    found = lattice_from(*record_lattice(lattice))
    units = _some(lattice)
    assert found.nodes == lattice.nodes, f"{part!r} came back with nodes {found.nodes}."
    assert [decode_label(encode_label(node)[0]) for node in lattice.nodes] == list(lattice.nodes), f"{part!r}: labels."
    assert np.array_equal(found.edges, lattice.edges), f"{part!r} came back with edges {found.edges.tolist()}."
    assert np.array_equal(found.positions, lattice.positions), f"{part!r} came back somewhere else."
    assert np.array_equal(found.distances_from(units), lattice.distances_from(units)), f"{part!r}: other distances."


@law("topology")
def a_graph_of_the_lattice_is_the_map(part: Topology, draw: Draw) -> None:
    """The lattice as a networkx graph, read as a topology, has the same units and edges."""
    lattice = _lattice(part, draw)
    found = lattice_of_graph(networkx_of_lattice(lattice), "length")
    assert found.nodes == lattice.nodes, f"{part!r} came back with nodes {found.nodes}."
    assert np.array_equal(found.edges, lattice.edges), f"{part!r} came back with edges {found.edges.tolist()}."
    assert np.array_equal(found.lengths, lattice.lengths), f"{part!r} came back with lengths {found.lengths.tolist()}."
    assert np.array_equal(found.positions, lattice.positions), f"{part!r} came back somewhere else."


LAWS = (
    sized_once_and_for_all,
    lattice_is_well_formed,
    lattice_is_the_same_every_time,
    graph_and_lattice_agree,
    distances_are_a_metric,
    path_distances_are_shortest_paths,
    neighbours_are_at_one,
    diameter_is_the_largest_distance,
    spreading_is_a_weighted_sum,
    chart_is_standardised,
    lattice_survives_a_file,
    a_graph_of_the_lattice_is_the_map,
)
