"""The documentation: every example runs, and what it says of the code is what the code says."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import somkit
from somkit import hookspecs
from somkit.components import KINDS

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


def _script(name):
    spec = importlib.util.spec_from_file_location(f"somkit_docs_{name}", DOCS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


pages = _script("pages")
PAGES = [page for page in pages.pages() if page.name != "README.md"]
TEXTS = [*pages.pages(), *(ROOT / f"{name}.md" for name in ("CHANGELOG", "CONTRIBUTING", "SECURITY"))]


def _name(page):
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", [page for page in PAGES if any(map(pages.runs, pages.blocks(page)))], ids=_name)
def test_every_example_runs(page, tmp_path):
    """Every example of a page runs, from top to bottom, in an empty folder and without a warning."""
    pages.run(page, tmp_path)


@pytest.mark.parametrize("page", pages.pages(), ids=_name)
def test_blocks_that_do_not_run_say_why(page):
    """Every block of Python or of commands runs, or has a comment with the reason."""
    for block in pages.blocks(page):
        if block.language in {"python", "console"}:
            assert pages.runs(block) or len(block.reason) > 20, f"{page}:{block.line}"


def test_the_tutorials_plugin_passes_its_own_tests(tmp_path, monkeypatch):
    """The plugin of the tutorial, installed as its pyproject.toml says, passes the tests that the tutorial gives it."""
    monkeypatch.chdir(tmp_path)
    files = {block.file: block.text for block in pages.blocks(DOCS / "tutorials" / "first-plugin.md") if block.file}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    site = tmp_path / "site"
    site.mkdir()
    pages.install(tmp_path, site)
    monkeypatch.syspath_prepend(site)
    try:
        with somkit.use(somkit.Plugins()):
            namespace = {"__name__": "test_spiral"}
            exec(compile(files["test_spiral.py"], "test_spiral.py", "exec"), namespace)
            tests = [function for name, function in namespace.items() if name.startswith("test_")]
            assert len(tests) == 2
            for test in tests:
                test()
    finally:
        sys.modules.pop("somkit_spiral", None)


def test_reference_describes_every_hook_with_its_signature():
    """hooks.md has a section for each hook, in the order of the kinds, with its signature in hookspecs.py."""
    text = (DOCS / "reference" / "hooks.md").read_text(encoding="utf-8")
    assert re.findall(r"^## `(\w+)`$", text, re.MULTILINE) == [hookspecs.HOOKS[kind] for kind in KINDS]
    for name in hookspecs.HOOKS.values():
        signature = str(inspect.signature(getattr(hookspecs, name))).replace("'", "")
        assert f"## `{name}`\n\n```text\ndef {name}{signature}\n```\n" in text


def test_reference_describes_every_abstract_method_by_its_parameters():
    """hooks.md names each method that a kind leaves to its parts, with the parameters that the contract gives it."""
    text = (DOCS / "reference" / "hooks.md").read_text(encoding="utf-8")
    for kind, contract in KINDS.items():
        section = text.partition(f"## `{hookspecs.HOOKS[kind]}`")[2].partition("\n## ")[0]
        for name in sorted(contract.__abstractmethods__):
            parameters = inspect.signature(getattr(contract, name)).parameters.values()
            plain = [str(parameter.replace(annotation=parameter.empty)) for parameter in parameters]
            assert f"| `{name}({', '.join(plain)})" in section


def test_list_of_components_is_up_to_date():
    """components.md is what make_reference.py makes of the parts that are registered; run it anew after a change."""
    assert (DOCS / "reference" / "components.md").read_text(encoding="utf-8") == _script("make_reference").text()


def test_every_part_that_is_drawn_has_its_picture_and_no_other_is_left():
    """The folder holds a small picture for each part of the kinds that are drawn, and nothing else."""
    pictures = _script("make_pictures")
    found = {path.name: path.stat().st_size for path in pictures.FOLDER.iterdir()}
    assert found.keys() == pictures.wanted().keys()
    assert max(found.values()) < pictures.LARGEST


reference = _script("make_reference")
ENTRIES = somkit.Plugins(only=["standard", "globe", "explorer"]).registry.entries()
# A line that says only what the part is for leaves the reader of these kinds without what it computes.
WITH_FORMULA = {"metric", "schedule", "neighbourhood", "trainer", "measure"}
SOURCE = re.compile(r"somkit\b.*|.*\(\d{4}\), .*", re.DOTALL)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: f"{entry.kind}-{entry.name}")
def test_every_part_says_what_it_is_and_where_it_comes_from(entry):
    """A part has a sentence, with a formula where it computes a number, sources with their years, or "somkit"."""
    said, expression = reference.sentence(entry.component), reference.formula(entry.component)
    assert said.endswith(".")
    assert expression or entry.kind not in WITH_FORMULA or re.search(r": .*[a-z|)]|<=", said), said
    sources = reference.sources(entry.component)
    assert sources
    assert [source for source in sources if not SOURCE.fullmatch(source)] == []


def test_every_view_of_the_table_is_in_the_gallery():
    """The table shows a picture for each part of the kinds that are drawn, views included, and each is there."""
    shown = re.findall(r'<img src="([^"]+)"', reference.text())
    kinds = {*_script("make_pictures").DRAWN, "visualiser"}
    assert len(shown) == sum(entry.plugin == "standard" and entry.kind in kinds for entry in ENTRIES)
    assert [target for target in shown if not (DOCS / "reference" / target).is_file()] == []


def test_reference_names_every_public_name():
    """api.md names everything that ``from somkit import ...`` promises."""
    text = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    assert [name for name in somkit.__all__ if f"`{name}`" not in text] == []


def test_reference_names_every_error_and_warning():
    """errors.md names every class of somkit.errors."""
    text = (DOCS / "reference" / "errors.md").read_text(encoding="utf-8")
    own = [name for name, value in vars(somkit.errors).items() if inspect.isclass(value)]
    assert [name for name in own if f"`{name}`" not in text] == []


def _anchors(page):
    """Return the anchors of a page's headings, as forges make them."""
    found = []
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        earlier = len([anchor for anchor in found if re.fullmatch(rf"{re.escape(slug)}(-\d+)?", anchor)])
        found.append(f"{slug}-{earlier}" if earlier else slug)
    return found


@pytest.mark.parametrize("page", TEXTS, ids=_name)
def test_every_relative_link_leads_somewhere(page):
    """Every relative link and picture of a page is there, and every anchor is a heading."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"\w+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert not anchor or anchor in _anchors(linked), target


@pytest.mark.parametrize("folder", ["tutorials", "how-to", "reference", "explanation"])
def test_every_page_is_in_its_index(folder):
    """The index of each of the four parts links to every page in it."""
    index = (DOCS / folder / "index.md").read_text(encoding="utf-8")
    for page in (DOCS / folder).glob("*.md"):
        assert page.name == "index.md" or f"({page.name})" in index


OF_COMPILED_KERNELS = "somkit.kernels.compiled", "somkit.kernels.tiled"


def _modules():
    yield "somkit"
    yield from (
        info.name for info in pkgutil.walk_packages(somkit.__path__, "somkit.") if not info.name.endswith("__main__")
    )


@pytest.mark.parametrize("name", list(_modules()))
def test_every_docstring_example_runs(name):
    """The examples in a module's docstrings print what they say, with numpy at hand as np."""
    if name in OF_COMPILED_KERNELS and importlib.util.find_spec("somkit.kernels._compiled") is None:
        pytest.skip("built without a compiler")
    module = importlib.import_module(name)
    with somkit.use(somkit.Plugins()):  # what an example registers is gone afterwards
        for example in doctest.DocTestFinder(exclude_empty=True).find(module, name):
            example.globs.setdefault("np", np)
            report = []
            outcome = doctest.DocTestRunner().run(example, out=report.append)
            assert not outcome.failed, "".join(report)


# Public names whose docstrings need no example of their own, and where there is one.
WITHOUT_EXAMPLE = {
    "Component": "the base of the nine contracts; nobody derives from it directly",
    "Exporter": "docs/reference/hooks.md, somkit_exporters",
    "Initialiser": "docs/reference/hooks.md, somkit_initialisers",
    "Measure": "docs/reference/hooks.md, somkit_measures",
    "Metric": "docs/reference/hooks.md, somkit_metrics",
    "Neighbourhood": "docs/reference/hooks.md, somkit_neighbourhoods",
    "Schedule": "docs/reference/hooks.md, somkit_schedules",
    "Trainer": "docs/reference/hooks.md, somkit_trainers",
    "Visualiser": "docs/reference/hooks.md, somkit_visualisers",
    "Registry": "docs/reference/spelling.md; made by Plugins",
    "Samples": "made at the front door; parts are given it",
    "State": "made by a run; trainers are given it",
    "Task": "made by a run; trainers are given it",
    "TrainedMap": "its methods have examples; made by Recipe.fit",
    "hookimpl": "pluggy's marker, whose docstring is pluggy's; the example is that of somkit.hookspecs",
    "load_checkpoint": "docs/how-to/save-load-resume.md",
}


@pytest.mark.parametrize("name", somkit.__all__)
def test_every_public_name_has_an_example(name):
    """Every public name has a docstring with an example, or is listed with the reason why not, and never both."""
    documentation = inspect.getdoc(getattr(somkit, name)) or ""
    assert documentation
    assert bool(re.search(r"^Examples\n-+$", documentation, re.MULTILINE)) != (name in WITHOUT_EXAMPLE)
