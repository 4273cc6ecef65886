"""``somkit fit``: a map of the user's own data, with checkpoints on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import click

from somkit.cli.data import Data, read_data
from somkit.cli.files import PATH, check_output
from somkit.cli.say import Interrupted, number
from somkit.engine import State
from somkit.errors import MapFileError, ParameterError, RecipeError, SampleError
from somkit.recipe import NO_SCALE, PARTS, Recipe, load_checkpoint, read_toml, warn_if_uneven
from somkit.run import Run


def recipe_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add an option for each part and setting of a recipe."""
    options = [
        *(
            click.option(f"--{name.replace('_', '-')}", name, metavar=kind.upper(), help=f"See 'components {kind}'.")
            for name, kind in PARTS.items()
        ),
        click.option("--epochs", type=int, help="How often every sample is looked at.  [default: 20]"),
        click.option(
            "--scale",
            type=click.Choice(["standard", "minmax", NO_SCALE]),
            help="To mean 0 and standard deviation 1, to [0, 1], or not at all.  "
            "[default: standard, if the metric lets]",
        ),
        click.option("--random-state", type=int, help="For the same map again; drawn, and kept with it, if left out."),
        click.option("--jobs", "n_jobs", type=int, help="Threads; every core if left out. The map is the same."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("data", type=PATH)
@click.option(
    "--out", required=True, type=PATH, metavar="MAP", help="The file to write the map to, such as iris.somkit."
)
@click.option("--recipe", "recipe_file", type=PATH, help="A recipe in TOML; options beside it override it.")
@recipe_options
@click.option("--label", metavar="COLUMN", help="A column of classes; kept out of training.")
@click.option("--ignore", metavar="COLUMN", multiple=True, help="A column to leave out; may be given several times.")
@click.option("--checkpoint", type=PATH, help="A file to keep the state in after each epoch.")
@click.option("--resume", is_flag=True, help="Go on where the checkpoint was left.")
@click.option("--quiet", is_flag=True, help="Show neither the progress nor the result.")
def fit(
    data: Path,
    out: Path,
    recipe_file: Path | None,
    label: str | None,
    ignore: tuple[str, ...],
    checkpoint: Path | None,
    resume: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Train a map on DATA.

    DATA is a table of numbers: .csv, .csv.gz, .tsv, .parquet or .npy.
    """
    if resume and checkpoint is None:
        message = "--resume needs --checkpoint, the file to go on with."
        raise ParameterError(message)
    check_output(out, data, recipe_file, checkpoint)
    if checkpoint is not None:
        _check_checkpoint(checkpoint, data, resume=resume)
    given = _given(recipe_file, options)
    samples = read_data(data, label=label, ignore=ignore)
    _check_rows(samples)
    run = _resumed(checkpoint, given, samples) if resume and checkpoint is not None else _recipe(given).start(samples.X)
    if run.scaling is None:
        warn_if_uneven(run.task.samples, run.recipe.metric)
    trained = run.trained(_trained_state(run, checkpoint, quiet=quiet))
    trained.save(out)
    if not quiet:
        error = number(trained.quantisation_error(samples.X))
        click.echo(f"{out}: {len(trained.lattice)} units, {run.recipe.epochs} epochs, quantisation error {error}")


def _given(recipe_file: Path | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the recipe file and the options say, the options having the last word."""
    given = {} if recipe_file is None else read_toml(recipe_file)
    given |= {name: value for name, value in options.items() if value is not None}
    for name in ("learning_rate", "radius"):
        given |= {name: _as_number(given[name])} if name in given else {}
    return given


def _recipe(given: Mapping[str, Any]) -> Recipe:
    """Return the recipe, with features scaled unless it says otherwise, or its metric has units of its own."""
    recipe = Recipe.from_dict(given)
    return attrs.evolve(recipe, scale="standard") if "scale" not in given and recipe.metric.accepts_scale else recipe


def _as_number(spec: Any) -> Any:
    """Return text that is a bare number as that number, which the recipe refuses with the way to write it."""
    try:
        return float(spec) if isinstance(spec, str) else spec
    except ValueError:
        return spec


def _check_rows(data: Data) -> None:
    if len(data.X) < 2:
        message = f"{data.path} has {len(data.X)} row(s) of data; at least 2 are needed to train a map."
        raise SampleError(message)


def _check_checkpoint(path: Path, data: Path, *, resume: bool) -> None:
    """Raise if there is nothing to resume, or if work or a stranger's file would be overwritten."""
    check_output(path, data)
    if not path.exists():
        if resume:
            message = f"{path} does not exist, so there is nothing to go on with; leave out --resume to start anew."
            raise MapFileError(message)
        return
    recipe, state = load_checkpoint(path)
    if not resume and state.epoch < recipe.epochs:
        message = (
            f"{path} holds epoch {state.epoch} of {recipe.epochs} of another run; go on with it by --resume, or "
            f"remove the file to start anew."
        )
        raise MapFileError(message)


def _resumed(checkpoint: Path, given: Mapping[str, Any], data: Data) -> Run:
    """Return the run that a checkpoint holds; whatever the recipe given says beside it must be the same."""
    recipe, state = load_checkpoint(checkpoint)
    known = attrs.asdict(recipe, recurse=False)
    run = Recipe.from_dict({**known, **given}).start(data.X, resume=state)
    for name in given:
        now, then = getattr(run.recipe, name, None), known[name]
        if name != "n_jobs" and now != then:  # the result does not depend on the number of threads
            message = (
                f"{checkpoint} was trained with {name} {str(then)!r}, not {str(now)!r}; give the same, or nothing."
            )
            raise RecipeError(message)
    return run


def _trained_state(run: Run, checkpoint: Path | None, *, quiet: bool) -> State:
    """Train to the last epoch, keeping each state in the checkpoint."""
    state = kept = run.state
    try:
        for state in progress(run, "training", quiet=quiet):
            if checkpoint is not None:
                run.save_checkpoint(checkpoint, state)
                kept = state
    except KeyboardInterrupt:
        raise Interrupted(_left_over(run.recipe.epochs, state.epoch, kept.epoch, checkpoint)) from None
    return state


def _left_over(epochs: int, done: int, kept: int, checkpoint: Path | None) -> str:
    text = f"interrupted after epoch {done} of {epochs}"
    if checkpoint is None:
        return f"{text}; nothing was written, for want of --checkpoint."
    if not kept:
        return f"{text}; nothing was written to {checkpoint} yet."
    return f"{text}; {checkpoint} holds epoch {kept}: give the same command with --resume to go on."


def progress(run: Run, description: str, *, quiet: bool = False) -> Any:
    """Return the states that a run goes through, shown as a bar on stderr."""
    from tqdm import tqdm

    states, epochs = run.states(), run.recipe.epochs
    return tqdm(states, desc=description, total=epochs, initial=run.state.epoch, unit="epoch", disable=quiet)
