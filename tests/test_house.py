"""The house: what importing costs, which way imports go, how the code is written."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
LONGEST = 400  # lines of a module
HEAVY = ("matplotlib", "sklearn", "scipy", "pandas", "click", "networkx", "tqdm")


def run(*command):
    """Run a program of this environment in the checkout and return what it printed, failing with it."""
    done = subprocess.run([str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("statement", ["import somkit", "from somkit import hookimpl, Topology, Recipe, TrainedMap"])
def test_importing_is_light(statement):
    """Importing somkit and its contracts loads none of the heavy packages."""
    script = f"import sys, json; {statement}; print(json.dumps(sorted(sys.modules)))"
    loaded = set(json.loads(run("python", "-c", script)))
    assert not loaded & set(HEAVY)


def test_discovering_plugins_is_light():
    """Finding out which parts there are loads no drawing library."""
    script = "import sys, json; from somkit import Plugins; Plugins(); print(json.dumps(sorted(sys.modules)))"
    assert not set(json.loads(run("python", "-c", script))) & {"matplotlib", "sklearn"}


def test_lint():
    """Ruff finds nothing, and would format nothing."""
    run("ruff", "check", ".")
    run("ruff", "format", "--check", ".")


def test_types():
    """mypy, strict, finds nothing."""
    run("mypy")


def test_layers():
    """Imports go one way, and the framework never imports the standard plugin."""
    run("lint-imports")


def test_modules_are_short():
    """No module of somkit is longer than can be read in one sitting."""
    lengths = {path: len(path.read_text().splitlines()) for path in (ROOT / "somkit").rglob("*.py")}
    assert not {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > LONGEST}


def test_contracts_have_one_home():
    """The public names and the names in their modules are the same objects."""
    import somkit
    from somkit import components, hookspecs

    assert somkit.Topology is components.Topology
    assert somkit.hookimpl is hookspecs.hookimpl
    assert set(somkit.__all__) <= set(dir(somkit))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = somkit.nonsense
    assert somkit.__version__
