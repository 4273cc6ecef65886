"""The page as text: a template that escapes what it is given, one style and one script, each known by its hash."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Template

    from somkit_explorer.packing import Packed

# In the order in which they use each other; one script in the end, so that one hash allows it.
SCRIPTS = (
    "numbers",
    "data",
    "clusters",
    "looks",
    "geometry",
    "paint",
    "figure",
    "details",
    "rows",
    "planes",
    "table",
    "app",
)


def _asset(name: str) -> str:
    return (resources.files("somkit_explorer") / "assets" / name).read_text(encoding="utf-8")


@cache
def script() -> str:
    """Return the page's script."""
    parts = "\n".join(_asset(f"{name}.js") for name in SCRIPTS)
    return f'"use strict";\n(() => {{\n{parts}}})();\n'


@cache
def style() -> str:
    """Return the page's style."""
    return _asset("page.css")


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("somkit_explorer", "assets"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("page.html.jinja")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def policy() -> str:
    """Return the content security policy: this script and this style, nothing else, from nowhere."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(script())}'",
            f"style-src '{_hash(style())}'",
            "img-src data:",
            "connect-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        )
    )


def render(
    document: Mapping[str, Any],
    packed: Sequence[Packed],
    rows: Sequence[Packed] = (),
    names: Sequence[str] | None = None,
) -> str:
    """Return the page.

    Parameters
    ----------
    document : mapping
        What can be written as JSON: names, labels, settings.
    packed : sequence of Packed
        Numbers of the units, which the first picture is drawn from.
    rows : sequence of Packed
        Numbers of the rows, which come after the script in the page: the first picture does not wait for them.
    names : sequence of str, optional
        Of the rows.
    """
    from markupsafe import Markup

    return _template().render(
        document=document,
        packed=packed,
        rows=rows,
        names=names,
        policy=policy(),
        script=Markup(script()),  # noqa: S704 - our own files, which the hash in the policy is of
        style=Markup(style()),  # noqa: S704 - likewise
    )
