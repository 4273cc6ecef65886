"""Run the laws on a part, a class of parts or a whole plugin."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from somkit.components import Component
from somkit.errors import PluginError
from somkit.plugins import check_class, current, use
from somkit.registry import LOCAL, Entry, Registry
from somkit.testing.law import Law
from somkit.testing.laws import LAWS
from somkit.testing.strategies import components


def laws_of(component: type[Component], claims: Iterable[str] = ()) -> tuple[Law, ...]:
    """Return the laws that parts of a class must keep, with those of the ``claims`` made for it.

    Examples
    --------
    >>> from somkit import resolve
    >>> [law.name for law in laws_of(type(resolve("exporter", "csv")))][-1]
    'a_file_is_written'
    """
    made = {None, *claims}
    return tuple(
        law for law in LAWS if law.kind in {None, component.kind} and law.claim in made and law.applies(component)
    )


def check_component(
    component: Component | type[Component],
    *,
    examples: Sequence[Component] | SearchStrategy[Any] = (),
    claims: Iterable[str] = (),
    laws: Sequence[Law] | None = None,
) -> tuple[str, ...]:
    """Run every law of its kind on a part, or on parts of a class with varied fields.

    Parameters
    ----------
    component : Component or class
        It need not be registered.
    examples : sequence of parts or Hypothesis strategy, optional
        Parts of the class to try beside the default one, where fields cannot be varied one by one. By default they are
        varied within what their validators allow.
    claims : iterable of str
        What the part promises beyond its contract: ``"convex"`` (trainers: every unit moves to a weighted mean of
        itself and samples), ``"order_free"`` (initialisers and trainers: the order of the samples does not matter),
        ``"weighted"`` (trainers: weight k is a row repeated k times) and ``"missing"`` (initialisers: samples may have
        missing values).
    laws : sequence of Law, optional
        Run these alone.

    Returns
    -------
    tuple of str
        The names of the laws that were kept.

    Raises
    ------
    AssertionError
        At the first law that is broken, naming it, with the smallest example that was found.

    Examples
    --------
    >>> from somkit import resolve
    >>> "one_at_distance_zero" in check_component(resolve("neighbourhood", "bubble"))
    True
    """
    own = component if isinstance(component, type) else type(component)
    label = f"{getattr(own, 'kind', 'part')} {getattr(own, 'name', own.__name__)!r}"
    try:
        check_class(own, getattr(own, "kind", None))
    except PluginError as error:
        message = f"{label} breaks the law 'well_formed': {error}"
        raise AssertionError(message) from error
    kept = []
    with _registered(own):
        parts = components(own, examples) if isinstance(component, type) else st.just(component)
        for law in laws_of(own, claims) if laws is None else laws:
            _run(law, parts, label)
            kept.append(law.name)
    return tuple(kept)


def check_plugin(name: str) -> tuple[str, ...]:
    """Run every law on every part of a loaded plugin; the laws kept are returned as ``kind name: law``.

    Raises
    ------
    AssertionError
        If the plugin is not loaded, saying why, brings no parts, or one of them breaks a law.

    Examples
    --------
    A plugin's own test::

        def test_acme_keeps_the_laws():
            assert check_plugin("acme")
    """
    plugins = current()
    if name not in {plugin.name for plugin in plugins.loaded}:
        reasons = [str(failure) for failure in plugins.failures if failure.plugin == name]
        reasons += [f"Plugin {name!r} is blocked." for plugin in plugins.blocked if plugin.name == name]
        message = " ".join(reasons) or f"Plugin {name!r} is not installed."
        raise AssertionError(message)
    entries = [entry for entry in plugins.registry.entries() if entry.plugin == name]
    if not entries:
        message = f"Plugin {name!r} brings no parts."
        raise AssertionError(message)
    return tuple(f"{entry.kind} {entry.name}: {kept}" for entry in entries for kept in check_component(entry.component))


@contextmanager
def _registered(component: type[Component]) -> Iterator[None]:
    """Have a class that no plugin brings registered for a while, without touching the plugins in use."""
    plugins = current()
    entries = plugins.registry.entries()
    if any(entry.component is component for entry in entries):
        yield
        return
    beside = copy.copy(plugins)
    beside.registry = Registry([*entries, Entry(component.kind, component.name, LOCAL, component)])
    with use(beside):
        yield


def _run(law: Law, parts: SearchStrategy[Any], label: str) -> None:
    # A law leaves no folder of examples behind, is never timed, and tells of one way to break it at a time.
    @settings(
        phases=[phase for phase in settings().phases if phase != Phase.explain],
        max_examples=min(law.examples, settings().max_examples),
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(part=parts, data=st.data())
    def holds(part: Component, data: st.DataObject) -> None:
        law.check(part, data.draw)

    try:
        holds()
    except Exception as error:
        reason = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
        notes = "\n".join(getattr(error, "__notes__", ()))
        message = f"{label} breaks the law {law.name!r}: {law.sentence} {reason}\n{notes}"
        raise AssertionError(message) from error
