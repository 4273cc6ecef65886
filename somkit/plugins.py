"""Plugins: discovered once, each loaded behind its own guard, so that a broken one harms nobody else."""

from __future__ import annotations

import inspect
import os
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import metadata
from typing import Any, final

import attrs
import pluggy

from somkit import hookspecs
from somkit.components import KINDS, Component
from somkit.errors import PluginError, PluginWarning
from somkit.hookspecs import GROUP, HOOKS
from somkit.registry import LOCAL, Entry, Registry

VARIABLE = "SOMKIT_PLUGINS"
STANDARD = "standard"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@final
@attrs.frozen
class Plugin:
    """A plugin that was loaded."""

    name: str
    distribution: str
    version: str
    components: tuple[str, ...] = ()


@final
@attrs.frozen
class PluginFailure:
    """A plugin that was left out: at which stage, and why."""

    plugin: str
    distribution: str
    version: str
    stage: str
    error: str

    def __str__(self) -> str:
        """Say it in one sentence."""
        source = f"{self.distribution} {self.version}".strip()
        return f"Plugin {self.plugin!r} ({source}) failed to {self.stage}: {self.error.rstrip('.')}."


@final
@attrs.frozen
class Found:
    """An entry point and the distribution that declares it."""

    entry_point: metadata.EntryPoint
    distribution: str
    version: str

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.entry_point.name


def find_entry_points() -> list[Found]:
    """Return the entry points of group ``somkit``, sorted by name, then distribution."""
    found = []
    for point in metadata.entry_points(group=GROUP):
        dist = point.dist
        found.append(Found(point, dist.metadata["Name"] if dist else "", dist.version if dist else ""))
    unique = {(item.name, item.distribution, item.entry_point.value): item for item in found}
    return [unique[key] for key in sorted(unique)]


def selection(text: str) -> tuple[frozenset[str] | None, frozenset[str]]:
    """Read ``SOMKIT_PLUGINS``: the only plugins to load (None: all), and those not to load."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    blocked = frozenset(word[1:] for word in words if word.startswith("-"))
    only = frozenset(word for word in words if not word.startswith("-"))
    return (only or None), blocked


class _Stop(Exception):  # noqa: N818 - never leaves this module: it carries a stage and its reason out of a guard
    def __init__(self, stage: str, error: str) -> None:
        super().__init__(error)
        self.stage, self.error = stage, error


@final
class Plugins:
    """What is loaded, what failed, what was blocked, and the registry of everybody's parts.

    Parameters
    ----------
    only : iterable of str, optional
        Load these plugins alone. By default ``SOMKIT_PLUGINS`` decides: ``"standard,acme"`` loads these alone,
        ``"-acme"`` all but that one.
    blocked : iterable of str, optional
        Do not load these; they are not even imported.
    strict : bool, default False
        Raise `PluginError` for the first plugin that fails, instead of leaving it out with a warning.

    Attributes
    ----------
    loaded : tuple of Plugin
    failures : tuple of PluginFailure
    blocked : tuple of Plugin
    registry : Registry

    Examples
    --------
    >>> plugins = Plugins(only=["standard"])
    >>> [plugin.name for plugin in plugins.loaded]
    ['standard']
    """

    def __init__(self, *, only: Iterable[str] | None = None, blocked: Iterable[str] = (), strict: bool = False) -> None:
        chosen, barred = selection(os.environ.get(VARIABLE, ""))
        if only is not None:
            chosen = frozenset(only)
        barred |= frozenset(blocked)
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        self._strict = strict
        loaded: list[Plugin] = []
        failures: list[PluginFailure] = []
        skipped: list[Plugin] = []
        entries: list[Entry] = []
        for found in self._in_order():
            if found.name in barred or (chosen is not None and found.name not in chosen):
                skipped.append(Plugin(found.name, found.distribution, found.version))
                continue
            try:
                own = self._load(found, {plugin.name: plugin for plugin in loaded})
            except _Stop as stop:
                failures.append(self._failure(found, stop))
                continue
            entries += own
            keys = tuple(f"{entry.kind} {entry.name}" for entry in own)
            loaded.append(Plugin(found.name, found.distribution, found.version, keys))
        self.loaded, self.failures, self.blocked = tuple(loaded), tuple(failures), tuple(skipped)
        self.registry = Registry(entries, failures=[str(failure) for failure in self.failures])

    @staticmethod
    def _in_order() -> list[Found]:
        """Return the entry points by name and distribution; "standard" is somkit's own, whoever else claims it."""
        return sorted(find_entry_points(), key=lambda found: (found.name, found.distribution != "somkit"))

    def _failure(self, found: Found, stop: _Stop) -> PluginFailure:
        failure = PluginFailure(found.name, found.distribution, found.version, stop.stage, stop.error)
        if self._strict:
            raise PluginError(str(failure)) from stop
        warnings.warn(str(failure), PluginWarning, stacklevel=4)
        return failure

    def _load(self, found: Found, loaded: dict[str, Plugin]) -> list[Entry]:
        if found.name in loaded:
            other = loaded[found.name]
            raise _Stop("load", f"the name is taken by {other.distribution} {other.version}")
        if found.name in {STANDARD, LOCAL} and found.distribution != "somkit":
            raise _Stop("load", f"the name {found.name!r} is somkit's own")
        if not _NAME.fullmatch(found.name.replace("-", "_")):
            raise _Stop("load", "a plugin's name is made of a-z, 0-9, - and _")
        plugin = _guard("load", found.entry_point.load)
        try:
            _guard("register", lambda: self._manager.register(plugin, name=found.name))
            self._check_hooks(plugin)
            return self._collect(plugin, found)
        except _Stop:
            if self._manager.has_plugin(found.name):
                self._manager.unregister(name=found.name)
            raise

    def _check_hooks(self, plugin: Any) -> None:
        known = set(HOOKS.values())
        callers = self._manager.get_hookcallers(plugin) or []
        for caller in callers:
            if caller.name not in known:
                raise _Stop("register", f"there is no hook {caller.name!r}; the hooks are {', '.join(sorted(known))}")
        marked = {caller.name for caller in callers}
        for name in dir(plugin):
            if name.startswith("somkit_") and name not in marked and inspect.isroutine(getattr(plugin, name)):
                raise _Stop("register", f"{name!r} is not marked with @hookimpl")

    def _collect(self, plugin: Any, found: Found) -> list[Entry]:
        entries: list[Entry] = []
        for kind, hook in HOOKS.items():
            for implementation in getattr(self._manager.hook, hook).get_hookimpls():
                if implementation.plugin is not plugin:
                    continue
                classes = _guard(f"list its parts in {hook}", lambda run=implementation.function: list(run() or ()))
                for component in classes:
                    _guard("offer its parts", lambda item=component, kind=kind: check_class(item, kind))
                    entry = Entry(kind, component.name, found.name, component, found.distribution, found.version)
                    if any((entry.kind, entry.key) == (other.kind, other.key) for other in entries):
                        raise _Stop("offer its parts", f"it offers {kind} {component.name!r} twice")
                    entries.append(entry)
        return entries

    def register(self, component: type[Component]) -> type[Component]:
        """Add a part of the running process under the plugin name "local"; usable as a decorator."""
        check_class(component, getattr(component, "kind", None))
        self.registry.add(Entry(component.kind, component.name, LOCAL, component))
        return component


def _guard(stage: str, function: Any) -> Any:
    try:
        return function()
    except (Exception, SystemExit) as error:
        reason = str(error) or type(error).__name__
        text = reason if isinstance(error, PluginError) else f"{type(error).__name__}: {reason}"
        raise _Stop(stage, text) from error


def check_class(component: Any, kind: str | None) -> None:
    """Raise `PluginError` unless a class keeps the rules that every part keeps."""
    if not isinstance(component, type) or not issubclass(component, Component) or kind not in KINDS:
        message = f"{component!r} is not a class of one of somkit's kinds ({', '.join(KINDS)})"
        raise PluginError(message)
    label = component.__name__
    if not issubclass(component, KINDS[kind]):
        message = f"{label} is a {component.kind}, not a {kind}"
        raise PluginError(message)
    missing = sorted(getattr(component, "__abstractmethods__", ()))
    if missing:
        message = f"{label} does not implement {', '.join(missing)}"
        raise PluginError(message)
    name = getattr(component, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        message = f"{label}.name must be lower_snake_case, got {name!r}"
        raise PluginError(message)
    if "__attrs_attrs__" not in vars(component) or component.__setattr__ is object.__setattr__:
        message = f"{label} must be decorated with @attrs.frozen(kw_only=True)"
        raise PluginError(message)
    if not (component.__doc__ or "").strip():
        message = f"{label} needs a docstring that says what it is"
        raise PluginError(message)
    required = [field.name for field in attrs.fields(component) if field.init and field.default is attrs.NOTHING]
    if required:
        message = f"{label} must have a default for {', '.join(required)}"
        raise PluginError(message)
    try:
        hash(component())
    except Exception as error:
        message = f"{label}() cannot be built and hashed: {error}"
        raise PluginError(message) from error


@cache
def _discovered() -> Plugins:
    return Plugins()


_current: ContextVar[Plugins | None] = ContextVar("somkit_plugins", default=None)


def current() -> Plugins:
    """Return the plugins in use: those of `use`, else the installed ones, discovered when first asked for."""
    return _current.get() or _discovered()


@contextmanager
def use(plugins: Plugins) -> Iterator[Plugins]:
    """Use other plugins within a ``with`` block, for tests.

    Examples
    --------
    >>> import somkit
    >>> with somkit.use(somkit.Plugins(only=["standard"])) as plugins:
    ...     len(plugins.loaded)
    1
    """
    token = _current.set(plugins)
    try:
        yield plugins
    finally:
        _current.reset(token)


def register(component: type[Component]) -> type[Component]:
    """Make a part known by name in the running process; the class is returned, so it works as a decorator.

    Examples
    --------
    >>> import attrs, networkx as nx, somkit
    >>> @somkit.register
    ... @attrs.frozen(kw_only=True)
    ... class Ladder(somkit.Topology):
    ...     "Two rows of units."
    ...     name = "ladder"
    ...     rungs: int = 5
    ...     def graph(self):
    ...         return nx.ladder_graph(self.rungs)
    >>> somkit.Recipe(topology="ladder:rungs=3").topology
    Ladder(rungs=3)
    """
    return current().register(component)
