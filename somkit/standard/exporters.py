"""Exporters: maps as files for spreadsheets, graph programs and the older SOM programs."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, final

import attrs
import numpy as np

from somkit.components import Exporter
from somkit.errors import OutputError, ParameterError
from somkit.standard.topologies import Grid, Hex

if TYPE_CHECKING:
    from somkit.trained import TrainedMap


def _write_text(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}."
        raise OutputError(message) from error


def _unit_rows(trained: TrainedMap, X: Any, y: Any, sample_weight: Any) -> list[dict[str, Any]]:
    """Return a row a unit: number, node, position, hits and label where there are samples, and its vector."""
    rows = []
    hits = None if X is None else trained.hits(X, sample_weight)
    labels = None if X is None or y is None else trained.label_units(y, X, sample_weight=sample_weight)
    for unit, (node, position) in enumerate(zip(trained.lattice.nodes, trained.lattice.positions, strict=True)):
        row: dict[str, Any] = {"unit": unit, "node": str(node)}
        row |= {axis: float(value) for axis, value in zip("xyz", position, strict=False)}
        if hits is not None:
            row["hits"] = float(hits[unit])
        if labels is not None:
            row["label"] = "" if labels[unit] is None else str(labels[unit])
        vector = trained.codebook_in_units[unit].tolist()
        row |= {f"feature {name}": value for name, value in zip(trained.feature_labels, vector, strict=True)}
        rows.append(row)
    return rows


@final
@attrs.frozen(kw_only=True)
class Csv(Exporter):
    """A table with a row a unit: number, node, position, hits and label if samples are given, and the codebook.

    References
    ----------
    Shafranovich (2005), Common format and MIME type for comma-separated values (CSV) files, RFC 4180.
    """

    name: ClassVar[str] = "csv"

    def write(self, trained: TrainedMap, path: Path, X: Any = None, y: Any = None, sample_weight: Any = None) -> None:
        """Write the table, features in the units of the data."""
        rows = _unit_rows(trained, X, y, sample_weight)
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        _write_text(path, text.getvalue())


@final
@attrs.frozen(kw_only=True)
class Graphml(Exporter):
    """The map as a graph, for Gephi, Cytoscape, igraph and networkx: units with their vectors, edges with lengths.

    References
    ----------
    Brandes, Eiglsperger, Herman, Himsolt & Marshall (2002), GraphML progress report, Graph Drawing 2001, LNCS 2265,
    501-512.
    """

    name: ClassVar[str] = "graphml"

    def write(self, trained: TrainedMap, path: Path, X: Any = None, y: Any = None, sample_weight: Any = None) -> None:
        """Write the graph; node ids are unit numbers, labels are in ``node``."""
        import networkx as nx

        graph = nx.Graph()
        for row in _unit_rows(trained, X, y, sample_weight):
            graph.add_node(row.pop("unit"), **row)
        for (first, second), length in zip(
            trained.lattice.edges.tolist(), trained.lattice.lengths.tolist(), strict=True
        ):
            graph.add_edge(first, second, length=length)
        _write_text(path, "\n".join(nx.generate_graphml(graph)) + "\n")


@final
@attrs.frozen(kw_only=True)
class SomPak(Exporter):
    """A codebook file of SOM_PAK (``.cod``), read by the SOM Toolbox too; for grids and hexagons that are not periodic.

    References
    ----------
    Kohonen, Hynninen, Kangas & Laaksonen (1996), SOM_PAK: the self-organizing map program package, technical report
    A31, Helsinki University of Technology.
    """

    name: ClassVar[str] = "som_pak"

    def write(self, trained: TrainedMap, path: Path, X: Any = None, y: Any = None, sample_weight: Any = None) -> None:
        """Write dimension, lattice, size and neighbourhood, then a line a unit, labels last."""
        kind, rows, columns = _shape(trained)
        bubble = trained.recipe is not None and trained.recipe.neighbourhood.name == "bubble"
        names = " ".join(name.replace(" ", "_") for name in trained.feature_labels)
        lines = [
            f"{trained.codebook.shape[1]} {kind} {columns} {rows} {'bubble' if bubble else 'gaussian'}",
            f"#n {names}",
        ]
        labels = None if X is None or y is None else trained.label_units(y, X, sample_weight=sample_weight)
        for unit, vector in enumerate(trained.codebook_in_units.tolist()):
            words = [repr(value) for value in vector]
            if labels is not None and labels[unit] is not None:
                words.append(str(labels[unit]).replace(" ", "_"))
            lines.append(" ".join(words))
        _write_text(path, "\n".join(lines) + "\n")


def _shape(trained: TrainedMap) -> tuple[str, int, int]:
    """Return SOM_PAK's word for the lattice and its size, or refuse a lattice that it has no word for."""
    lattice = trained.lattice
    nodes = lattice.nodes
    if isinstance(nodes[-1], tuple) and len(nodes[-1]) == 2 and all(isinstance(index, int) for index in nodes[-1]):
        rows, columns = nodes[-1][0] + 1, nodes[-1][1] + 1
        if rows * columns == len(nodes):
            for kind, topology in (
                ("rect", Grid(rows=rows, columns=columns)),
                ("hexa", Hex(rows=rows, columns=columns)),
            ):
                known = topology.lattice()
                if np.allclose(known.positions, lattice.positions) and np.array_equal(known.edges, lattice.edges):
                    return kind, rows, columns
    message = (
        "SOM_PAK's format holds only grids with 4 neighbours and hexagons with offset 'odd', neither periodic; export "
        "this map as 'graphml' or 'csv'."
    )
    raise ParameterError(message)
