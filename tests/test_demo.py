"""The demo: two maps of the irises, their measures and their pictures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import somkit
from somkit.cli import main

VIEWS = ("u_matrix", "hits", "labels", "component_planes")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Run the demo once, and return its folder and what it said."""
    folder = tmp_path_factory.mktemp("demo") / "deep" / "folder"
    result = CliRunner().invoke(main, ["demo", "--out", str(folder)])
    assert result.exit_code == 0, result.stderr
    return folder, result


def test_demo_writes_maps_and_pictures(ran):
    """Two maps and four pictures of each lie in the folder, and nothing else."""
    folder, _ = ran
    maps = {f"{name}.somkit" for name in ("default", "classic")}
    pictures = {f"{name}-{view}.png" for name in ("default", "classic") for view in VIEWS}
    assert {path.name for path in folder.iterdir()} == maps | pictures
    assert all((folder / name).read_bytes().startswith(b"\x89PNG") for name in pictures)


def test_demo_says_where_it_wrote(ran):
    """The last lines name the folder and each file."""
    folder, result = ran
    where, *names = result.stdout.rpartition("\n\n")[2].splitlines()
    assert where == f"Written to {folder.resolve()}:"
    assert sorted(name.strip() for name in names) == sorted(path.name for path in folder.iterdir())


def test_demo_shows_progress_on_stderr(ran):
    """A bar an epoch runs to its end for each of the two recipes."""
    _, result = ran
    assert re.search(r"default recipe: 100%.* 20/20 ", result.stderr)
    assert re.search(r"classic recipe: 100%.* 75/75 ", result.stderr)


def test_demo_prints_the_measures_of_both_maps(ran):
    """The table's values are those of the maps that were written."""
    sklearn_datasets = pytest.importorskip("sklearn.datasets")
    folder, result = ran
    X = sklearn_datasets.load_iris().data
    lines = [line.split() for line in result.stdout.splitlines() if "quantisation_error" in line]
    assert len(lines) == 1
    _, default, classic, better = lines[0]
    assert float(default) == pytest.approx(somkit.load(folder / "default.somkit").quantisation_error(X), rel=1e-5)
    assert float(classic) == pytest.approx(somkit.load(folder / "classic.somkit").quantisation_error(X), rel=1e-5)
    assert better == "lower"


def test_demo_maps_are_the_two_recipes(ran):
    """The first has the default recipe, the second the blog's with a unit a sample and its wins."""
    folder, _ = ran
    default, classic = somkit.load(folder / "default.somkit"), somkit.load(folder / "classic.somkit")
    assert (default.recipe.topology.name, default.recipe.trainer.name) == ("hex", "batch")
    assert len(classic.lattice) == 169
    assert classic.wins.sum() == 75_000


def test_demo_refuses_a_file_as_folder(tmp_path):
    """A file where the folder should be is told in a sentence."""
    file = tmp_path / "file"
    file.touch()
    result = CliRunner().invoke(main, ["demo", "--out", str(file)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"somkit: {file} cannot be made a folder: File exists.\n"
    assert Path(file).read_bytes() == b""
