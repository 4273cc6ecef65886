"""Files that are read and written, checked before any work is done for them."""

from __future__ import annotations

import os
from pathlib import Path

import click

from somkit.errors import MapFileError, OutputError, ParameterError, SampleError
from somkit.recipe import load
from somkit.trained import TrainedMap

PATH = click.Path(path_type=Path)  # nothing is checked by click: its sentences do not say what is wanted

DPI = 150
PICTURES = (".png", ".jpg", ".svg", ".pdf")  # what matplotlib writes without any other program


def unreadable(path: Path) -> str | None:
    """Return why a file cannot be opened, None if it can."""
    if not path.exists():
        return f"{path} does not exist."
    if path.is_dir():
        return f"{path} is a folder, not a file."
    if not os.access(path, os.R_OK):
        return f"{path} cannot be read: permission denied."
    return None


def check_data_file(path: Path) -> None:
    """Raise `SampleError` if there is no file to read data from."""
    if reason := unreadable(path):
        raise SampleError(reason)


def read_map(path: Path) -> TrainedMap:
    """Return the map of a file."""
    if reason := unreadable(path):
        raise MapFileError(reason)
    return load(path)


def check_output(path: Path, *inputs: Path | None) -> None:
    """Raise unless a file can be written where no input of the command stands.

    Hours of training must not end in a misspelt folder, nor in the data being overwritten.
    """
    if path.is_dir():
        message = f"{path} cannot be written: it is a folder; give the name of a file."
        raise OutputError(message)
    if not path.parent.is_dir():
        message = f"{path} cannot be written: there is no folder {path.parent}."
        raise OutputError(message)
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        message = f"{path} cannot be written: permission denied."
        raise OutputError(message)
    for other in inputs:
        if other is not None and path.exists() and other.exists() and path.samefile(other):
            message = f"{path} would be overwritten, but it is read from; give another name with --out."
            raise OutputError(message)


def check_picture(path: Path) -> None:
    """Raise unless a file's suffix is that of a picture."""
    if path.suffix.lower() not in PICTURES:
        message = f"{path} is no name of a picture; let it end in {', '.join(PICTURES[:-1])} or {PICTURES[-1]}."
        raise ParameterError(message)
