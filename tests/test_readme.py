"""README: its commands, its examples and its length."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"


def _pages():
    spec = importlib.util.spec_from_file_location("somkit_pages", ROOT / "docs" / "pages.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


pages = _pages()


def test_two_commands_begin_with_a_fresh_environment():
    """README has exactly two lines that begin with ``python3 -m venv``: one runs the demo, one the tests."""
    commands = re.findall(r"^(?:\$ )?(python3 -m venv .*)$", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert commands == [
        "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/somkit demo",
        "python3 -m venv .venv-test && .venv-test/bin/pip install '.[test]' && .venv-test/bin/pytest -n auto",
    ]


def test_every_example_runs(tmp_path):
    """The examples of README run from top to bottom, without a warning, and save the pictures that it shows."""
    pages.run(README, tmp_path)
    assert (tmp_path / "iris.png").stat().st_size
    assert (tmp_path / "karate.png").stat().st_size


@pytest.mark.parametrize(("number", "lines"), [(0, 12), (3, 15)])
def test_examples_are_as_short_as_promised(number, lines):
    """The first example has at most 12 lines and the module of a plugin at most 15, blank ones not counted."""
    found = [block for block in pages.blocks(README) if block.language == "python"][number]
    assert len([line for line in found.text.splitlines() if line.strip()]) <= lines
