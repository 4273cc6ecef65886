"""Registry: parts by kind and name, under qualified keys; nobody shadows anybody."""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

import attrs

from somkit.components import KINDS, Component
from somkit.errors import AmbiguousComponent, UnknownComponent
from somkit.notation import write
from somkit.validators import did_you_mean

LOCAL = "local"  # the plugin name of parts registered in the running process, or not registered at all


@final
@attrs.frozen
class Entry:
    """One registered part and where it came from."""

    kind: str
    name: str
    plugin: str
    component: type[Component]
    distribution: str = ""
    version: str = ""

    @property
    def key(self) -> str:
        """The qualified name, ``plugin/name``."""
        return f"{self.plugin}/{self.name}"

    @property
    def origin(self) -> str:
        """The distribution and version that it came with."""
        return f"{self.distribution} {self.version}".strip() or "this process"


@final
class Registry:
    """Entries by kind; found by bare name where one plugin provides it, by qualified name always."""

    def __init__(self, entries: Iterable[Entry] = (), failures: Iterable[str] = ()) -> None:
        self._entries: dict[tuple[str, str], Entry] = {}
        self._failures = tuple(failures)
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """Add an entry; one of the same kind and qualified name is replaced, as a notebook cell run twice wants."""
        self._entries[entry.kind, entry.key] = entry

    def entries(self, kind: str | None = None) -> list[Entry]:
        """Return the entries of a kind, or all of them, sorted by kind, name and plugin."""
        found = (entry for entry in self._entries.values() if kind in {None, entry.kind})
        order = list(KINDS)
        return sorted(found, key=lambda entry: (order.index(entry.kind), entry.name, entry.plugin))

    def find(self, kind: str, name: str) -> Entry:
        """Return the entry of a bare or qualified name.

        Raises
        ------
        UnknownComponent
            If no plugin provides it; the message lists what is known, what is similar, and plugins that failed to load.
        AmbiguousComponent
            If several plugins provide it; the message lists all of them.
        """
        if "/" in name and (kind, name) in self._entries:
            return self._entries[kind, name]
        found = [entry for entry in self.entries(kind) if entry.name == name]
        if len(found) == 1:
            return found[0]
        if found:
            ways = [f"'{entry.key}' ({entry.origin})" for entry in found]
            count = {2: "two", 3: "three"}.get(len(found), str(len(found)))
            message = f"{kind} {name!r} is provided by {count} plugins; write {', '.join(ways[:-1])} or {ways[-1]}."
            raise AmbiguousComponent(message)
        raise UnknownComponent(self._unknown(kind, name))

    def _unknown(self, kind: str, name: str) -> str:
        known = sorted({entry.name for entry in self.entries(kind)})
        guess = did_you_mean(name.rpartition("/")[2], known)
        plugin = name.partition("/")[0] if "/" in name else ""
        if plugin and all(entry.plugin != plugin for entry in self.entries()):
            return f"unknown {kind} {name!r}: plugin {plugin!r} is not loaded; see 'somkit plugins'."
        elsewhere = [entry.kind for entry in self.entries() if name in {entry.name, entry.key}]
        hint = f" There is a {elsewhere[0]} of that name." if elsewhere else ""
        failed = "".join(f" {failure}" for failure in self._failures)
        return f"unknown {kind} {name!r}{guess}{hint} Known: {', '.join(known) or 'none'}.{failed}"

    def entry_of(self, component: Component | type[Component]) -> Entry:
        """Return the entry of a part's class; one that is not registered counts as plugin "local"."""
        wanted = component if isinstance(component, type) else type(component)
        for entry in self._entries.values():
            if entry.component is wanted:
                return entry
        return Entry(kind=wanted.kind, name=wanted.name, plugin=LOCAL, component=wanted)

    def qualified(self, component: Component, *, explicit: bool = False) -> dict[str, object]:
        """Return a part as a dict with qualified names, and with every field where ``explicit``."""
        return {"name": self.entry_of(component).key} | {
            key: self._qualified_value(value, explicit=explicit)
            for key, value in component.spelt_fields(explicit=explicit).items()
        }

    def _qualified_value(self, value: object, *, explicit: bool) -> object:
        if isinstance(value, Component):
            return self.qualified(value, explicit=explicit)
        if isinstance(value, tuple):
            return [self._qualified_value(item, explicit=explicit) for item in value]
        return value

    def spell(self, component: Component) -> str:
        """Spell a part with its qualified name: ``standard/hex:rows=10``."""
        fields = self.qualified(component)
        return write(str(fields.pop("name")), fields)
