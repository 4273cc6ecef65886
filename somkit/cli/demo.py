"""``somkit demo``: two maps of Fisher's irises, measured and drawn."""

from __future__ import annotations

from pathlib import Path

import click

from somkit.cli.data import Data
from somkit.cli.files import PATH
from somkit.cli.maps import measures_table
from somkit.cli.pictures import USUAL, save_picture
from somkit.cli.training import progress
from somkit.errors import OutputError
from somkit.recipe import Recipe
from somkit.trained import TrainedMap

MEASURES = ("quantisation_error", "explained_variance", "topographic_error", "trustworthiness", "purity")
SEED = 0  # the same maps for everybody


@click.command()
@click.option(
    "--out", "folder", type=PATH, default=Path("somkit-demo"), show_default=True, help="The folder to write into."
)
def demo(folder: Path) -> None:
    """Train two maps on the iris data, measure and draw them.

    One map has the default recipe, the other the classic one: a unit a sample, 75 000 updates.
    """
    from somkit.som import SOM

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{folder} cannot be made a folder: {error.strerror}."
        raise OutputError(message) from error
    data = _iris()
    recipes = {"default": Recipe(random_state=SEED), "classic": SOM.classic(len(data.X), random_state=SEED).recipe()}
    maps = {name: _train(recipe, data, f"{name} recipe") for name, recipe in recipes.items()}
    columns = {
        name: {spelling: trained.measure(spelling, data.X, data.y) for spelling in MEASURES}
        for name, trained in maps.items()
    }
    click.echo("\n" + measures_table(columns) + "\n")
    written = []
    for name, trained in maps.items():
        written.append(f"{name}.somkit")
        trained.save(folder / written[-1])
        for view in USUAL:
            written.append(f"{name}-{view}.png")
            save_picture(trained, _spelling(name, view), folder / written[-1], data)
    click.echo(f"Written to {folder.resolve()}:\n  " + "\n  ".join(written))


def _spelling(name: str, view: str) -> str:
    """Return the view; the classic recipe labels a unit by the sample that won it most often."""
    return "labels:method=wins" if (name, view) == ("classic", "labels") else view


def _train(recipe: Recipe, data: Data, description: str) -> TrainedMap:
    run = recipe.start(data.X)
    for state in progress(run, description):
        run = run.after(state)
    return run.trained(run.state)


def _iris() -> Data:
    """Return the 150 irises with their species, in centimetres."""
    from sklearn.datasets import load_iris

    iris = load_iris(as_frame=True)
    return Data(Path("iris"), iris.data, iris.target_names[iris.target.to_numpy()])
