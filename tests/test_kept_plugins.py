"""The distributions in plugins/: each is installed as anybody's would be, and passes its own tests."""

import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from somkit.testing import fake_plugins

ROOT = Path(__file__).resolve().parents[1]
KEPT = sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))


@pytest.fixture(scope="module", params=KEPT, ids=lambda folder: folder.name)
def kept(request, install_distribution):
    """Return a distribution's folder, what its pyproject.toml says of the project, and where it is installed."""
    project = tomllib.loads((request.param / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return request.param, project, install_distribution(request.param)


def test_it_is_loaded_beside_the_standard_plugin(kept):
    """Every entry point in group "somkit" becomes a plugin with parts, and says which distribution it came in."""
    folder, project, site = kept
    assert project["name"] == folder.name
    with fake_plugins(site, strict=True) as plugins:
        loaded = {plugin.name: plugin for plugin in plugins.loaded}
        for name in project["entry-points"]["somkit"]:
            assert (loaded[name].distribution, loaded[name].version) == (project["name"], project["version"])
            assert loaded[name].components


def test_it_passes_its_own_tests(kept):
    """Its tests, the laws of the conformance kit among them, pass where it is installed."""
    folder, project, site = kept
    written = "".join(path.read_text(encoding="utf-8") for path in folder.glob("tests/test_*.py"))
    for name in project["entry-points"]["somkit"]:
        assert f'check_plugin("{name}")' in written
    path = os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "tests"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment |= {"PYTHONPATH": path.rstrip(os.pathsep), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    skipped = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED")]
    if skipped:
        pytest.skip("; ".join(skipped))  # so that what was left out, and why, is read in the report of all tests


def test_every_example_of_its_readme_runs(kept, tmp_path):
    """The examples in its README run, from top to bottom, where it is installed."""
    folder, _, site = kept
    spec = importlib.util.spec_from_file_location("somkit_docs_pages", ROOT / "docs" / "pages.py")
    pages = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = pages  # where its classes look for their module
    spec.loader.exec_module(pages)
    with fake_plugins(site):
        pages.run(folder / "README.md", tmp_path)
