"""Write docs/reference/components.md anew, from the parts that the standard plugin registers.

Run it as ``python docs/make_reference.py``, with somkit installed. A test compares the page with `text`.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import attrs

sys.path.insert(0, str(Path(__file__).resolve().parent))

import make_pictures  # its folder is put on the path by the line above

from somkit.components import KINDS, Component
from somkit.plugins import Plugins
from somkit.registry import Entry

PAGE = Path(__file__).resolve().parent / "reference" / "components.md"

HEAD = """# Components

Every part that ships with somkit, generated from the registry by `docs/make_reference.py`. `somkit components` lists
the parts of the plugins that are installed where you are, `somkit show KIND NAME` shows one of them.

A part is spelt `name:parameter=value,...` ([spelling](spelling.md)); as a class it is imported from `somkit.standard`.

Sentences, formulas and sources are taken from the docstring of each part ([how](hooks.md#what-a-docstring-says)).

Pictures of views are those of the [gallery](../how-to/gallery.md). The others, by `docs/make_pictures.py`, show parts
with their defaults (`graph` is Zachary's karate club, `line` has 9 units, `join` is a warm-up and a cosine): a topology
as it becomes for 40 samples, with edges over a seam in orange, a metric as lines of equal distance from a point
(`haversine` in degrees), a schedule in both roles as a share of its largest value,
and the map on samples of two features before training (initialisers; orange for trainers) and after it (blue for
trainers).
"""

KIND_NOTES = {
    "topology": (
        "`SOM(topology=...)`: which units a map has, where they lie and which are joined. "
        "[How to choose](../how-to/choose-a-topology.md), with pictures."
    ),
    "metric": "`SOM(metric=...)`: how far a sample x is from a unit's vector w.",
    "schedule": (
        "`SOM(learning_rate=..., radius=...)`: the value at progress p, from 0 at the first step to 1 at the last "
        "([progress](../explanation/progress.md)). A start or stop that is left out is the role's: for the learning "
        "rate 0.5 and 0.01, for the radius max(s, D/4) and s/2, where D is the largest finite map distance and s the "
        "median length of an edge: 1 on regular lattices and where edges are counted."
    ),
    "neighbourhood": (
        "`SOM(neighbourhood=...)`: how strongly a unit at map distance d from the best-matching unit is moved, for "
        "radius r."
    ),
    "initialiser": "`SOM(initialiser=...)`: the codebook that training starts from.",
    "trainer": "`SOM(trainer=...)`: how an epoch changes the codebook.",
    "measure": "`TrainedMap.measure(name, X)`: one number that says how good a map is.",
    "visualiser": "`TrainedMap.draw(name, ...)`: one picture of a map.",
    "exporter": "`TrainedMap.export(name, path, ...)`: a map written for other programs and other people.",
}

PLURALS = {"topology": "Topologies"}

_HEADING = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)
_DOI = re.compile(r"doi:(10\.(?:[^\s,;()]|\([^\s()]*\))*[^\s,;.()]|10\.\S+\))")  # a DOI ends with no stop
_URL = re.compile(r"(?<!\()https://[^\s,;]*[^\s,;.]")
_FORMULA = re.compile(r"^Formula: (.+?)(?:[.:;](?: |$))", re.MULTILINE)
_PARAMETER = re.compile(r"^(\w[\w, ]*) : (.+)\n((?:[ \t]+.*\n?|\n)*)", re.MULTILINE)


def sections(documentation: str) -> dict[str, str]:
    """Return a numpydoc docstring's sections by heading; what comes before the first is under ""."""
    pieces = _HEADING.split(inspect.cleandoc(documentation))
    return {"": pieces[0].strip(), **{pieces[at]: pieces[at + 1].rstrip() for at in range(1, len(pieces), 2)}}


def parameters(component: type[Component]) -> dict[str, tuple[str, str]]:
    """Return what the docstrings of a class and its bases say of each parameter: its type, and what it means."""
    found: dict[str, tuple[str, str]] = {}
    for owner in component.__mro__:
        text = sections(owner.__doc__ or "").get("Parameters", "") + "\n"
        for names, kind, meaning in _PARAMETER.findall(text):
            for name in names.split(","):
                found.setdefault(name.strip(), (kind.partition(", default")[0], " ".join(meaning.split())))
    return found


def shown(value: Any) -> str:
    """Return a default as a reader of the page would write it."""
    if value is None:
        return "left out"
    if isinstance(value, attrs.Factory):
        return shown(value.factory())
    if isinstance(value, Component):
        return f"`{value}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(shown(item).strip('`') for item in value)}]`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def sentence(component: type[Component]) -> str:
    """Return the first line of a docstring: what the part does, and its formula where it has one."""
    return inspect.cleandoc(component.__doc__ or "").partition("\n")[0]


def formula(component: type[Component]) -> str:
    """Return the formula that the notes of a docstring begin a paragraph with, or "" where the first line says it."""
    paragraphs = sections(component.__doc__ or "").get("Notes", "").split("\n\n")
    found = _FORMULA.search("\n".join(" ".join(paragraph.split()) for paragraph in paragraphs))
    return found[1].replace("`", "") if found else ""


def sources(component: type[Component]) -> list[str]:
    """Return the papers, books and programs that a docstring refers to, one for each paragraph, with links."""
    paragraphs = sections(component.__doc__ or "").get("References", "").split("\n\n")
    return [_linked(" ".join(paragraph.split())) for paragraph in paragraphs if paragraph.strip()]


def _linked(text: str) -> str:
    text = _URL.sub(lambda found: f"<{found[0]}>", text)
    return _DOI.sub(lambda found: f"[doi:{found[1]}](https://doi.org/{quote(found[1])})", text)


def _row(entry: Entry, anchor: str) -> str:
    expression = formula(entry.component)
    said = _escaped(sentence(entry.component)) + (f"<br>`{_escaped(expression)}`" if expression else "")
    cited = "<br>".join(_escaped(source) for source in sources(entry.component))
    picture = make_pictures.shown_by(entry.kind, entry.name)
    image = f' <img src="../images/{picture}" alt="{entry.name}" width="240"> |' if picture else ""
    return f"| [`{entry.name}`](#{anchor}) | {said} | {cited} |{image}"


def part(entry: Entry) -> list[str]:
    """Return the lines of one part."""
    component = entry.component
    documentation = sections(component.__doc__ or "")
    lines = [f"### `{entry.name}`", "", documentation[""], ""]
    lines += [f"Class `somkit.standard.{component.__name__}`."]
    fields = attrs.fields(component)
    if fields:
        lines += ["", "| parameter | may be | default | meaning |", "|---|---|---|---|"]
        said = parameters(component)
        for field in fields:
            kind, meaning = said.get(field.name, (str(field.type).replace("| None", "").strip(), ""))
            lines.append(f"| `{field.name}` | {_escaped(kind)} | {shown(field.default)} | {_escaped(meaning)} |")
    if documentation.get("Notes"):
        lines += ["", *documentation["Notes"].splitlines()]
    lines += [line for source in sources(component) for line in ("", f"Source: {source}")]
    if documentation.get("Examples"):
        lines += ["", "```pycon", documentation["Examples"], "```"]
    return [*lines, ""]


def text() -> str:
    """Return the page."""
    registry = Plugins(only=["standard"]).registry
    lines = [HEAD]
    for kind in KINDS:
        entries = registry.entries(kind)
        lines += [f"## {PLURALS.get(kind, kind.capitalize() + 's')}", "", KIND_NOTES[kind], ""]
        drawn = any(make_pictures.shown_by(kind, entry.name) for entry in entries)
        lines += [f"| part | in a sentence, with its formula | source |{' picture |' * drawn}"]
        lines += [f"|---|---|---|{'---|' * drawn}"]
        lines += [_row(entry, _anchor(entries, entry, registry)) for entry in entries]
        lines.append("")
        for entry in entries:
            lines += part(entry)
    return "\n".join(lines).rstrip() + "\n"


def _anchor(entries: list[Entry], entry: Entry, registry: Any) -> str:
    """Return the anchor of a part's heading: a name that an earlier kind has too gets a number, as forges do it."""
    del entries
    earlier = [other for other in registry.entries() if other.name == entry.name]
    place = earlier.index(entry)
    return f"{entry.name}-{place}" if place else entry.name


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
