"""Commands that ask a trained map: predict, measure, draw, dashboard and export."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

import click

from somkit.cli.data import Data, read_data_for
from somkit.cli.files import PATH, check_output, check_picture, read_map
from somkit.cli.pictures import check_view, samples_of, save_figure, save_picture
from somkit.cli.say import complain, number, table
from somkit.components import Measure
from somkit.measuring import every_measure
from somkit.spelling import resolve
from somkit.trained import TrainedMap

map_argument = click.argument("map_file", metavar="MAP", type=PATH)
data_argument = click.argument("data", type=PATH)
optional_data = click.argument("data", type=PATH, required=False)
label_option = click.option("--label", metavar="COLUMN", help="The column of DATA that holds the classes.")


def out_option(metavar: str) -> Callable[..., Any]:
    """Return the option that names the file to write."""
    return click.option("--out", required=True, type=PATH, metavar=metavar, help="The file to write.")


def _read(trained: TrainedMap, data: Path | None, label: str | None) -> Data | None:
    if data is None:
        if label is not None:
            message = "--label names a column of DATA, but no DATA is given."
            raise click.UsageError(message, click.get_current_context())
        return None
    return read_data_for(trained, data, label=label)


@click.command()
@map_argument
@data_argument
@click.option("--out", type=PATH, metavar="FILE.csv", help="The file to write; stdout if left out.")
def predict(map_file: Path, data: Path, out: Path | None) -> None:
    """Find the best-matching unit of each row of DATA.

    Writes its number, its node and how far away it is, in the metric and the scaling of the map.
    """
    if out is not None:
        check_output(out, map_file, data)
    trained = read_map(map_file)
    units, distances = trained.search(read_data_for(trained, data).X)
    rows = list(zip(units[:, 0].tolist(), distances[:, 0].tolist(), strict=True))
    if out is None:
        _write_rows(trained, rows, sys.stdout)
        sys.stdout.flush()  # here, where a closed pipe is still an error that can be handled
        return
    with out.open("w", encoding="utf-8", newline="") as file:
        _write_rows(trained, rows, file)


def _write_rows(trained: TrainedMap, rows: list[tuple[int, float]], file: TextIO) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["unit", "node", "distance"])
    nodes = [str(node) for node in trained.lattice.nodes]
    writer.writerows((unit, nodes[unit], distance) for unit, distance in rows)


@click.command()
@map_argument
@data_argument
@click.argument("chosen", metavar="[MEASURE]...", nargs=-1)
@label_option
@click.option(
    "--bootstrap", type=click.IntRange(min=2), metavar="N", help="Add the 95 % interval of N draws from DATA."
)
@click.option("--random-state", type=click.IntRange(min=0), default=0, show_default=True, help="Of these draws.")
def measure(
    map_file: Path, data: Path, chosen: tuple[str, ...], label: str | None, bootstrap: int | None, random_state: int
) -> None:
    """Say how well MAP stands for DATA, by every measure or by those named.

    'somkit components measure' lists them; parameters follow a colon, as in trustworthiness:k=10. Classes are measured
    if --label names their column.
    """
    trained = read_map(map_file)
    samples = read_data_for(trained, data, label=label)
    for spelling in chosen:
        if label is None and resolve("measure", spelling).needs_labels:
            message = f"measure '{spelling}' needs labels: give the column that holds them, --label COLUMN."
            raise click.UsageError(message, click.get_current_context())
    values, reasons = (
        ({spelling: trained.measure(spelling, samples.X, samples.y) for spelling in chosen}, {})
        if chosen
        else every_measure(trained, samples.X, samples.y)
    )
    columns = {"value": values}
    if bootstrap is not None:
        draws = {"bootstrap": bootstrap, "rng": random_state}
        found = {name: trained.measure(name, samples.X, samples.y, **draws) for name in values}
        columns |= {"low": {name: estimate.low for name, estimate in found.items()}}
        columns |= {"high": {name: estimate.high for name, estimate in found.items()}}
    click.echo(measures_table(columns))
    for reason in reasons.values():
        complain(f"left out: {reason}")


def measures_table(columns: dict[str, dict[str, float]]) -> str:
    """Return measures by name, for one map or several, and which way is better."""
    names = list(next(iter(columns.values())))
    rows = []
    for name in names:
        part: Measure = resolve("measure", name)
        rows.append([name, *(number(values[name]) for values in columns.values()), part.better])
    return table(rows, ["measure", *columns, "better"])


@click.command()
@map_argument
@click.argument("view")
@optional_data
@out_option("FILE.png")
@label_option
def draw(map_file: Path, view: str, data: Path | None, out: Path, label: str | None) -> None:
    """Draw one VIEW of MAP.

    'somkit components visualiser' lists the views; parameters follow a colon, as in labels:method=wins.
    """
    check_output(out, map_file, data)
    check_picture(out)
    trained = read_map(map_file)
    samples = _read(trained, data, label)
    check_view(view, samples)
    save_picture(trained, view, out, samples)


@click.command()
@map_argument
@optional_data
@out_option("FILE.png")
@label_option
def dashboard(map_file: Path, data: Path | None, out: Path, label: str | None) -> None:
    """Draw the usual views of MAP in one picture.

    Without DATA these are the views of the map alone; with a --label they are all there.
    """
    check_output(out, map_file, data)
    check_picture(out)
    trained = read_map(map_file)
    save_figure(trained.dashboard(**samples_of(_read(trained, data, label))), out)


@click.command()
@map_argument
@click.argument("format_", metavar="FORMAT")
@optional_data
@out_option("FILE")
@label_option
def export(map_file: Path, format_: str, data: Path | None, out: Path, label: str | None) -> None:
    """Write MAP in a FORMAT for other programs.

    'somkit components exporter' lists the formats.
    """
    check_output(out, map_file, data)
    resolve("exporter", format_)
    trained = read_map(map_file)
    trained.export(format_, out, **samples_of(_read(trained, data, label)))
