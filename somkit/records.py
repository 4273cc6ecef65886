"""Lattices, scalings and states as the plain values and arrays that a file keeps, and back."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from somkit.engine import State
from somkit.errors import MapFileWarning
from somkit.lattice import Lattice
from somkit.lattice.rules import rule_of_record
from somkit.plugins import current
from somkit.samples import Scaling
from somkit.storage import decode_label, encode_label

Array = np.ndarray[Any, Any]
Fragment = tuple[dict[str, Any], dict[str, Array]]

_RULE, _RECORDS = "rule.", "records."


def _under(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def record_lattice(lattice: Lattice) -> Fragment:
    """Return a lattice as values and arrays; labels that a file cannot keep become their repr, with one warning."""
    encoded = [encode_label(node) for node in lattice.nodes]
    lost = [node for node, (_, kept) in zip(lattice.nodes, encoded, strict=True) if not kept]
    if lost:
        message = (
            f"{len(lost)} node label(s) cannot be kept in a file and are written as their repr, such as {lost[0]!r}."
        )
        warnings.warn(message, MapFileWarning, stacklevel=2)
    rule, rule_arrays = lattice.rule.to_record()
    arrays = {"positions": lattice.positions, "edges": lattice.edges, "lengths": lattice.lengths}
    if lattice.cells is not None:
        arrays["cells"] = lattice.cells
    arrays |= {_RULE + name: array for name, array in rule_arrays.items()}
    return {"nodes": [label for label, _ in encoded], "rule": rule}, arrays


def lattice_from(plain: Mapping[str, Any], arrays: Mapping[str, Array]) -> Lattice:
    """Return the lattice that `record_lattice` recorded."""
    return Lattice(
        tuple(decode_label(node) for node in plain["nodes"]),
        arrays["positions"],
        arrays["edges"],
        lengths=arrays["lengths"],
        rule=rule_of_record(plain["rule"], _under(_RULE, arrays)),
        cells=arrays.get("cells"),
    )


def record_scaling(scaling: Scaling | None) -> Fragment:
    """Return a scaling as values and arrays."""
    if scaling is None:
        return {"scaling": None}, {}
    return {"scaling": scaling.kind}, {"scaling_offset": scaling.offset, "scaling_factor": scaling.factor}


def scaling_from(plain: Mapping[str, Any], arrays: Mapping[str, Array]) -> Scaling | None:
    """Return the scaling that `record_scaling` recorded."""
    if plain["scaling"] is None:
        return None
    return Scaling(plain["scaling"], arrays["scaling_offset"], arrays["scaling_factor"])


def record_records(records: Mapping[str, Array]) -> dict[str, Array]:
    """Return a trainer's own arrays under names that no other array has."""
    return {_RECORDS + name: array for name, array in records.items()}


def records_from(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the arrays that `record_records` recorded."""
    return _under(_RECORDS, arrays)


def record_state(state: State) -> Fragment:
    """Return a state as values and arrays."""
    plain, arrays = record_lattice(state.lattice)
    plain |= {
        "epoch": state.epoch,
        "updates": state.updates,
        "rng_state": dict(state.rng_state),
        "history": list(state.history),
    }
    return plain, arrays | {"codebook": state.codebook} | record_records(state.records)


def state_from(plain: Mapping[str, Any], arrays: Mapping[str, Array]) -> State:
    """Return the state that `record_state` recorded."""
    return State(
        lattice=lattice_from(plain, arrays),
        codebook=arrays["codebook"],
        rng_state=plain["rng_state"],
        epoch=plain["epoch"],
        updates=plain["updates"],
        history=tuple(plain["history"]),
        records=records_from(arrays),
        trained_on=plain["trained_on"],
    )


def provenance() -> dict[str, Any]:
    """Return the versions that a map is made with."""
    plugins = current().loaded
    return {
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "plugins": {
            plugin.name: {"distribution": plugin.distribution, "version": plugin.version} for plugin in plugins
        },
    }
