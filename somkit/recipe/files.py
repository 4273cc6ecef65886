"""Map files and checkpoints read back: a recipe with what it left."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from somkit.engine import State
from somkit.errors import MapFileError, MapFileWarning, SomkitError
from somkit.recipe.recipe import PARTS, Recipe
from somkit.records import lattice_from, records_from, scaling_from, state_from
from somkit.spelling import resolve
from somkit.storage import Record, read_record
from somkit.trained import TrainedMap, check_codebook


def load_checkpoint(path: str | Path) -> tuple[Recipe, State]:
    """Return the recipe and the state of a checkpoint: ``recipe.fit(X, resume=state)`` goes on with it.

    Raises
    ------
    MapFileError
        If the file is no checkpoint, or a part's plugin is not installed.
    """
    record = _read(path, "checkpoint")
    try:
        return Recipe.from_dict(record.document["recipe"]), state_from(record.document, record.arrays)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise _damaged(path, error) from error


def _damaged(path: str | Path, error: Exception) -> MapFileError:
    return (
        error if isinstance(error, MapFileError) else MapFileError(f"{path} is damaged, or was tampered with: {error}")
    )


def load(path: str | Path) -> TrainedMap:
    """Read a map file; nothing in it is run, and names in it are only looked up among the registered parts.

    Raises
    ------
    MapFileError
        If the file is missing, damaged, not a map file, or its metric's plugin is not installed.

    Warns
    -----
    MapFileWarning
        If another part's plugin is not installed: the map can be read and drawn, but its recipe is None.

    Examples
    --------
    >>> import somkit, tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "line.somkit"
    >>> somkit.TrainedMap.from_codebook("line:units=2", [[0.0], [1.0]]).save(path)
    >>> somkit.load(path).bmu([[0.8]])
    array([1])
    """
    record = _read(path, "map")
    try:
        return _map_from(path, record)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise _damaged(path, error) from error


def _read(path: str | Path, holds: str) -> Record:
    record = read_record(path)
    found = record.document.get("holds")
    if found != holds:
        message = f"{path} holds a {found}, not a {holds}."
        raise MapFileError(message)
    return record


def _map_from(path: str | Path, record: Record) -> TrainedMap:
    document, arrays = record.document, record.arrays
    versions = document["provenance"]
    try:
        metric = resolve("metric", document["metric"])
    except SomkitError as error:
        way_out = _way_out(document["metric"], versions)
        message = f"{path} needs metric {document['metric'].get('name')!r}: {way_out}."
        raise MapFileError(message) from error
    lattice = lattice_from(document, arrays)
    codebook = arrays["codebook"]
    return TrainedMap(
        codebook=check_codebook(codebook, len(lattice), codebook.shape[1], codebook.dtype),
        lattice=lattice,
        metric=metric,
        recipe=_recipe_from(path, document["recipe"], versions),
        recipe_document=document["recipe"],
        history=tuple(document["history"]),
        feature_names=None if document["feature_names"] is None else tuple(document["feature_names"]),
        scaling=scaling_from(document, arrays),
        records=records_from(arrays),
        n_samples=document["n_samples"],
        provenance=versions,
    )


def _recipe_from(path: str | Path, document: Mapping[str, Any] | None, versions: Mapping[str, Any]) -> Recipe | None:
    if document is None:
        return None
    try:
        return Recipe.from_dict(document)
    except SomkitError as error:
        missing = []
        for name, kind in PARTS.items():
            try:
                if name in document:
                    resolve(kind, document[name])
            except SomkitError:
                missing.append(f"{name} {document[name]['name']!r}: {_way_out(document[name], versions)}")
        reasons = "; ".join(missing) or str(error)
        message = f"{path} can be read and drawn, but not trained on, for want of {reasons}."
        warnings.warn(message, MapFileWarning, stacklevel=4)
        return None


def _way_out(part: Mapping[str, Any], versions: Mapping[str, Any]) -> str:
    plugin = str(part.get("name")).partition("/")[0]
    origin = versions.get("plugins", {}).get(plugin)
    if origin is None:
        return "register its class with somkit.register before loading"
    return f"install {origin['distribution']} (it was made with {origin['version']})"
