"""From text, dicts, TOML tables and objects to parts: one door, `resolve`, for everybody."""

from __future__ import annotations

import sys
import types
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any

import attrs

from somkit.components import KINDS, Component
from somkit.errors import ParameterError, SomkitError
from somkit.notation import parse
from somkit.plugins import current
from somkit.registry import Registry
from somkit.validators import did_you_mean


def resolve(kind: str, spec: Any, registry: Registry | None = None) -> Any:
    """Return the part that ``spec`` spells.

    Parameters
    ----------
    kind : str
        "topology", "metric", "schedule", "neighbourhood", "initialiser", "trainer", "measure", "visualiser" or
        "exporter".
    spec : str, dict, Component or, for a topology, networkx.Graph
        ``"hex:rows=10"``, ``{"name": "hex", "rows": 10}``, ``Hex(rows=10)`` or a graph.
    registry : Registry, optional
        Where names are looked up; by default that of the plugins in use.

    Raises
    ------
    ParameterError
        If the spelling cannot be read, or a parameter is unknown or not allowed.
    UnknownComponent, AmbiguousComponent
        If no plugin, or more than one, provides the name.

    Examples
    --------
    >>> resolve("topology", "hex:rows=10,columns=12")
    Hex(rows=10, columns=12, offset='odd', periodic='none', distance='plane', shape='rectangle', mask=())
    """
    if isinstance(spec, Component):
        if spec.kind != kind:
            message = f"{type(spec).__name__} is a {spec.kind}, but a {kind} is wanted here."
            raise ParameterError(message)
        return spec
    registry = registry or current().registry
    if kind == "topology" and _is_graph(spec):
        return registry.find(kind, "standard/graph").component.of(spec)  # type: ignore[attr-defined]  # Graph.of
    if isinstance(spec, str):
        name, fields = parse(spec)
    elif isinstance(spec, Mapping):
        fields = dict(spec)
        name = fields.pop("name", None)
        if not isinstance(name, str):
            message = f"a {kind} given as a dict needs a 'name', got {dict(spec)!r}."
            raise ParameterError(message)
    else:
        ways = "text, a dict or an object of a part" + (", or a networkx graph" if kind == "topology" else "")
        message = f"a {kind} must be given as {ways}, got {spec!r}."
        raise ParameterError(message)
    return build(kind, name, fields, registry)


def _is_graph(spec: Any) -> bool:
    # A graph cannot exist before networkx is loaded; while another thread loads it, it may lack anything.
    graph = getattr(sys.modules.get("networkx"), "Graph", None)
    return graph is not None and isinstance(spec, graph)


def build(kind: str, name: str, fields: Mapping[str, Any], registry: Registry) -> Component:
    """Build the part of a name from fields as they were spelt."""
    component = registry.find(kind, name).component
    known = [field.name for field in attrs.fields(component) if field.init]
    extra = component.extra_field
    others = {str(field): value for field, value in fields.items() if field not in known}
    if others and extra is None:
        raise ParameterError(_no_parameter(kind, component.name, next(iter(others)), known))
    if others:
        own = {field: value for field, value in fields.items() if field in known}
        fields = own | {str(extra): sorted({**dict(own.get(str(extra), ())), **others}.items())}
    parts = nested_kinds(component)
    names = {field.name: field.metadata.get("name") for field in attrs.fields(component)}
    values = {
        key: _nested(parts[key], value, registry, names.get(key)) if key in parts else value
        for key, value in fields.items()
    }
    try:
        return component(**values)
    except SomkitError:
        raise
    except (TypeError, ValueError) as error:
        message = f"{kind} {name!r} cannot be built from {dict(fields)!r}: {error}."
        raise ParameterError(message) from error


def _no_parameter(kind: str, name: str, field: str, known: list[str]) -> str:
    rest = f" Its parameters are {', '.join(known)}." if known else " It has no parameters."
    return f"{kind} {name!r} has no parameter {field!r}{did_you_mean(field, known)}{rest}"


def _nested(kind: str, value: Any, registry: Registry, name: str | None) -> Any:
    """Resolve nested parts; a dict without a name is the part that the field's metadata names, if it names one."""
    if isinstance(value, list | tuple):
        return tuple(_nested(kind, item, registry, name) for item in value)
    if isinstance(value, Mapping) and name is not None:
        value = {"name": name, **value}
    if isinstance(value, str | Mapping) or _is_graph(value):
        return resolve(kind, value, registry)
    return value


@cache
def nested_kinds(component: type[Component]) -> dict[str, str]:
    """Return, for each field of a class that is annotated as a part or a tuple of parts, the kind of part."""
    module = sys.modules.get(component.__module__)
    names = {**(vars(module) if module else {}), **{kind.__name__: kind for kind in KINDS.values()}}
    found = {}
    for field in attrs.fields(component):
        annotation = field.type
        if isinstance(annotation, str):
            try:
                annotation = eval(annotation, names)  # noqa: S307 - a class's own annotation, not data from outside
            except Exception:  # noqa: BLE001, S112 - an annotation for type checkers alone names no part
                continue
        kind = _kind_in(annotation)
        if kind:
            found[field.name] = kind
    return found


def _kind_in(annotation: Any) -> str | None:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return annotation.kind if issubclass(annotation, Component) else None
    return next(filter(None, map(_kind_in, typing.get_args(annotation))), None)
