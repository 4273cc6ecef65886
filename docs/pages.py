"""Run the documentation: every page's blocks in order, in one folder and one namespace.

The tests run each page so, and `make_images.py` keeps the pictures that the pages save. What a block is:

- ``python`` is executed;
- ``console``: each line ``$ somkit ...`` is run and must exit with 0; ``$ pip install .`` makes the page's own plugin
  known without a build, ``$ pip install ./plugins/NAME`` one kept in this repository; other lines are what the reader
  sees or does;
- any block below a comment ``<!-- file: NAME -->`` is written to that file;
- a block below a comment ``<!-- not run: REASON -->`` is left alone.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
import sys
import tomllib
import types
from collections.abc import Iterator
from pathlib import Path

import attrs

import somkit

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent

_FENCE = re.compile(
    r"(?:^<!-- (?P<note>file|not run): (?P<value>.+?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@attrs.frozen
class Block:
    """A fenced block of a page."""

    language: str
    text: str
    line: int
    file: str | None = None
    reason: str | None = None


def pages() -> list[Path]:
    """Return README and every page of the documentation."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        note, value = match["note"], match["value"]
        found.append(
            Block(
                language=match["language"],
                text=match["text"],
                line=text.count("\n", 0, match.start("text")) + 1,
                file=value if note == "file" else None,
                reason=value if note == "not run" else None,
            )
        )
    return found


def runs(block: Block) -> bool:
    """Tell whether running a page does anything with a block."""
    return block.reason is None and (block.language in {"python", "console"} or block.file is not None)


def run(page: Path, folder: Path) -> None:
    """Run the blocks of a page in an empty folder; what they raise comes out with the page's own line numbers."""
    module = types.ModuleType("page")
    site = folder / ".site"
    site.mkdir()
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.chdir(folder))
        stack.enter_context(_importable(module, site))
        stack.enter_context(somkit.use(somkit.Plugins()))
        for block in blocks(page):
            if block.reason is not None:
                continue
            if block.file is not None:
                target = folder / block.file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(block.text, encoding="utf-8")
            elif block.language == "python":
                code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
                exec(code, module.__dict__)  # noqa: S102 - the page's own example, which is what is to be run
            elif block.language == "console":
                _run_console(block, page, site, stack)


@contextlib.contextmanager
def _importable(module: types.ModuleType, site: Path) -> Iterator[None]:
    """Let classes of the page find their module, and plugins of the page their folder."""
    sys.modules[module.__name__] = module
    sys.path.insert(0, str(site))
    before = set(sys.modules)
    try:
        yield
    finally:
        sys.path.remove(str(site))
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(site)):
                del sys.modules[name]
        del sys.modules[module.__name__]


def _run_console(block: Block, page: Path, site: Path, stack: contextlib.ExitStack) -> None:
    """Run the block's commands; what one of them installs is there for those after it."""
    for number, line in enumerate(block.text.replace("\\\n", "  ").splitlines()):
        words = shlex.split(line.removeprefix("$ "), comments=True) if line.startswith("$ ") else []
        if words[:1] == ["somkit"]:
            _run_somkit(words[1:], f"{page}:{block.line + number}")
        elif words[:2] == ["pip", "install"] and (words[-1] == "." or words[-1].startswith("./plugins/")):
            install(Path() if words[-1] == "." else ROOT / words[-1], site)
            stack.enter_context(somkit.use(somkit.Plugins()))


def _run_somkit(arguments: list[str], where: str) -> None:
    from somkit.cli import main

    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            main(arguments, prog_name="somkit")
        except SystemExit as leaving:
            code = leaving.code
    if code:
        message = f"{where}: somkit {shlex.join(arguments)} exited with {code}:\n{said.getvalue()}"
        raise AssertionError(message)


def install(project: Path, site: Path) -> None:
    """Put a distribution into ``site``, as installing it would: its modules, or its ``src``, and its entry points."""
    document = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    name, version = document["project"]["name"], document["project"]["version"]
    for module in document["tool"]["setuptools"].get("py-modules", ()):
        (site / f"{module}.py").write_bytes((project / f"{module}.py").read_bytes())
    if (project / "src").is_dir():
        shutil.copytree(project / "src", site, dirs_exist_ok=True)
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8")
    points = document["project"]["entry-points"]["somkit"]
    lines = ["[somkit]", *(f"{key} = {value}" for key, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
