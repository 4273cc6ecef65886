"""Commands that say what there is: components, show, plugins and info."""

from __future__ import annotations

import inspect
import platform
import warnings
from typing import Any

import attrs
import click
import numpy as np

from somkit import kernels
from somkit.cli.say import table
from somkit.components import KINDS, Component
from somkit.errors import ParameterError, PluginWarning
from somkit.plugins import Plugin, Plugins, current
from somkit.validators import did_you_mean


def _check_kind(kind: str) -> None:
    if kind in KINDS:
        return
    message = f"there is no kind {kind!r}{did_you_mean(kind, KINDS)} The kinds are {', '.join(KINDS)}."
    raise ParameterError(message)


def _docstring(component: type[Component]) -> str:
    return inspect.cleandoc(component.__doc__ or "")


@click.command()
@click.argument("kind", required=False)
def components(kind: str | None) -> None:
    """List the parts that maps are made of."""
    if kind is not None:
        _check_kind(kind)
    rows = [
        [entry.kind, entry.key, entry.origin, _docstring(entry.component).partition("\n")[0]]
        for entry in current().registry.entries(kind)
    ]
    click.echo(table(rows, ["kind", "name", "from", "what it is"]))


@click.command()
@click.argument("kind")
@click.argument("name")
def show(kind: str, name: str) -> None:
    """Describe one part and its parameters."""
    _check_kind(kind)
    entry = current().registry.find(kind, name)
    click.echo(f"{entry.kind} {entry.key}, from {entry.origin}\n\n{_docstring(entry.component)}\n")
    fields = [field for field in attrs.fields(entry.component) if field.init]
    if not fields:
        click.echo("It has no parameters.")
        return
    part = entry.component()
    rows = [[field.name, _default(getattr(part, field.name))] for field in fields]
    click.echo(table(rows, ["parameter", "default"]))


def _default(value: Any) -> str:
    if value is None:
        return "left out"
    return str(value) if isinstance(value, Component | str) else repr(value)


@click.command()
def plugins() -> None:
    """List the plugins: loaded, failed and blocked."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PluginWarning)  # said below, at length
        found = current()
    click.echo("\n".join(_described(found)))


def _described(found: Plugins) -> list[str]:
    lines = []
    for plugin in found.loaded:
        lines.append(f"{_titled(plugin)}: loaded")
        parts: dict[str, list[str]] = {}
        for part in plugin.components:
            kind, _, name = part.partition(" ")
            parts.setdefault(kind, []).append(name)
        lines += [f"  {kind}: {', '.join(sorted(names))}" for kind, names in parts.items()]
    lines += [f"{_source(item.plugin, item)}: failed to {item.stage}: {item.error}" for item in found.failures]
    return lines + [f"{_titled(plugin)}: blocked" for plugin in found.blocked]


def _titled(plugin: Plugin) -> str:
    return _source(plugin.name, plugin)


def _source(name: str, origin: Any) -> str:
    return f"{name} ({f'{origin.distribution} {origin.version}'.strip()})"


@click.command()
def info() -> None:
    """Say which versions are in use."""
    from somkit import __version__

    found = current()
    rows = [
        ["somkit", __version__],
        ["python", f"{platform.python_version()} ({platform.system()} {platform.machine()})"],
        ["numpy", np.__version__],
        ["kernels", kernels.describe()],
        ["cores", str(kernels.usable_cores())],
        ["plugins", ", ".join(_titled(plugin) for plugin in found.loaded) or "none"],
    ]
    rows += [["failed", str(failure)] for failure in found.failures]
    rows += [["blocked", _titled(plugin)] for plugin in found.blocked]
    width = max(len(name) for name, _ in rows)
    click.echo("\n".join(f"{name.ljust(width)}  {value}" for name, value in rows))
