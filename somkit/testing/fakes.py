"""Fake distributions: real folders on ``sys.path`` for a while, found as installed ones are."""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import final

import attrs

from somkit.hookspecs import GROUP
from somkit.plugins import Plugins, use


@final
@attrs.frozen(kw_only=True)
class FakeDistribution:
    """A distribution made of text.

    Parameters
    ----------
    name, version : str
        As ``pip`` would list it.
    plugins : mapping of str to str
        Entry points in group ``somkit``: the plugin's name to ``module`` or ``module:attribute``.
    modules : mapping of str to str
        The source of each module, by its name.
    """

    name: str
    version: str = "1.0"
    plugins: Mapping[str, str] = attrs.field(factory=dict)
    modules: Mapping[str, str] = attrs.field(factory=dict)

    def write(self, folder: Path) -> None:
        """Lay out the modules and the metadata in a folder, as an installer would."""
        for module, source in self.modules.items():
            (folder / f"{module}.py").write_text(source, encoding="utf-8")
        metadata = folder / f"{self.name.replace('-', '_')}-{self.version}.dist-info"
        metadata.mkdir()
        lines = f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n"
        (metadata / "METADATA").write_text(lines, encoding="utf-8")
        points = "".join(f"{name} = {target}\n" for name, target in self.plugins.items())
        (metadata / "entry_points.txt").write_text(f"[{GROUP}]\n{points}", encoding="utf-8")


@contextmanager
def fake_distributions(*distributions: FakeDistribution | Path) -> Iterator[Path]:
    """Have distributions installed within a ``with`` block, and take every trace of them away afterwards.

    Parameters
    ----------
    *distributions : FakeDistribution or Path
        A path is a folder that ``pip install --target`` has filled.

    Yields
    ------
    Path
        The temporary folder that the fake ones are in.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for distribution in distributions:
            if isinstance(distribution, FakeDistribution):
                distribution.write(folder)
        folders = [temporary, *(str(path) for path in distributions if isinstance(path, Path))]
        tops = {path.stem for one in folders for path in Path(one).iterdir() if path.suffix in {"", ".py"}}
        hidden = _take_modules(tops)
        sys.path[:0] = folders
        importlib.invalidate_caches()
        try:
            yield folder
        finally:
            for path in folders:
                sys.path.remove(path)
            _take_modules(tops)
            sys.modules.update(hidden)
            importlib.invalidate_caches()


def _take_modules(tops: set[str]) -> dict[str, ModuleType]:
    """Take modules of some top-level names out of those that are imported, and return them."""
    taken = [name for name in sys.modules if name.partition(".")[0] in tops]
    return {name: sys.modules.pop(name) for name in taken}


@contextmanager
def fake_plugins(
    *distributions: FakeDistribution | Path,
    only: Iterable[str] | None = None,
    blocked: Iterable[str] = (),
    strict: bool = False,
) -> Iterator[Plugins]:
    """Have distributions installed, and their plugins beside the installed ones in use, within a ``with`` block.

    Parameters
    ----------
    *distributions : FakeDistribution or Path
        As for `fake_distributions`.
    only, blocked, strict
        As for `somkit.Plugins`.

    Examples
    --------
    >>> source = '''
    ... import attrs, networkx as nx
    ... from somkit import Topology, hookimpl
    ... @attrs.frozen(kw_only=True)
    ... class Star(Topology):
    ...     "A hub and its leaves."
    ...     name = "star"
    ...     def graph(self):
    ...         return nx.star_graph(6)
    ... @hookimpl
    ... def somkit_topologies():
    ...     return [Star]
    ... '''
    >>> acme = FakeDistribution(name="acme-som", plugins={"acme": "acme_som"}, modules={"acme_som": source})
    >>> with fake_plugins(acme, only=["acme"]) as plugins:
    ...     plugins.loaded
    (Plugin(name='acme', distribution='acme-som', version='1.0', components=('topology star',)),)
    """
    with fake_distributions(*distributions), use(Plugins(only=only, blocked=blocked, strict=strict)) as plugins:
        yield plugins
