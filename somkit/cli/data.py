"""The user's own data: CSV, Parquet and .npy files, as samples and labels."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, final

import attrs
import numpy as np

from somkit.cli.files import check_data_file
from somkit.errors import DataWarning, MissingDependency, SampleError
from somkit.trained import TrainedMap
from somkit.validators import did_you_mean

Array = np.ndarray[Any, Any]

_TO_IGNORE = "leave it out with --ignore {0}, or say --label {0} if it holds the classes"
_TO_REMOVE = "this map was trained on columns without names, so leave it out of the file, or say --label {0}"
_TO_CORRECT = "this map was trained on numbers there"


@final
@attrs.frozen(eq=False)
class Data:
    """Samples and, where a column of them was named, labels.

    Parameters
    ----------
    path : Path
    X : DataFrame or array of shape (n, d)
    y : array of shape (n,) or None
    """

    path: Path
    X: Any
    y: Array | None = None


def read_data(path: Path, *, label: str | None = None, ignore: Iterable[str] = ()) -> Data:
    """Return what a file holds: every column is a feature but the label's and the ignored ones.

    Raises
    ------
    SampleError
        If the file cannot be read, lacks a column that is named, or has a column of text that is not.
    MissingDependency
        If it is a Parquet file and pyarrow is not installed.
    """
    ignore = tuple(ignore)
    table = _read(path, label)
    for name in (*ignore, *(() if label is None else (label,))):
        _check_column(table, name)
    features = [name for name in table.names if name != label and name not in ignore]
    if not features:
        message = f"{path} has no column to train on, once the label and the ignored columns are left out."
        raise SampleError(message)
    _warn_of_row_numbers(table, features[0])
    return _data(table, features, label, _TO_IGNORE)


def read_data_for(trained: TrainedMap, path: Path, *, label: str | None = None) -> Data:
    """Return what a file holds for a map: its features by name where both have names, else by position.

    Raises
    ------
    SampleError, MissingDependency
        As for `read_data`; and if the file lacks a feature of the map.
    """
    table = _read(path, label)
    if label is not None:
        _check_column(table, label)
    if trained.feature_names is None or table.positional:
        features = [name for name in table.names if name != label]
    else:
        features = list(trained.feature_names)
        missing = [name for name in features if name not in table.names]
        if missing:
            message = f"{path} lacks the column(s) {', '.join(map(repr, missing))} that this map was trained on."
            raise SampleError(message)
    return _data(table, features, label, _TO_REMOVE if trained.feature_names is None else _TO_CORRECT)


@final
@attrs.frozen(eq=False)
class _Table:
    """A file's columns before anything is made of them."""

    path: Path
    names: tuple[str, ...]
    columns: Any  # DataFrame, or array where the names are only numbers of columns
    words: Any = None  # the label's column as it is written, where the file is text

    @property
    def positional(self) -> bool:
        """Whether the columns are known by number only."""
        return isinstance(self.columns, np.ndarray)


def _read(path: Path, label: str | None) -> _Table:
    check_data_file(path)
    for suffixes, reader in _READERS.items():
        if path.name.lower().endswith(suffixes):
            return reader(path, label)
    known = [suffix for suffixes in _READERS for suffix in suffixes]
    message = f"{path} is of a kind that somkit does not read; it reads {', '.join(known[:-1])} and {known[-1]} files."
    raise SampleError(message)


def _check_column(table: _Table, name: str) -> None:
    if name in table.names:
        return
    if table.positional:
        message = f"{table.path} has no column {name!r}; its columns have no names but 0 to {len(table.names) - 1}."
        raise SampleError(message)
    listed = ", ".join(table.names[:20]) + (", ..." if len(table.names) > 20 else "")
    message = f"{table.path} has no column {name!r}{did_you_mean(name, table.names)} Its columns are {listed}."
    raise SampleError(message)


def _data(table: _Table, features: Sequence[str], label: str | None, way_out: str) -> Data:
    y = None if label is None else _labels(table, label)
    if table.positional:
        whole = len(features) == len(table.names)
        X = table.columns if whole else table.columns[:, [int(name) for name in features]]
        return Data(table.path, X, y)
    return Data(table.path, _numeric(table, features, way_out), y)


def _numeric(table: _Table, features: Sequence[str], way_out: str) -> Any:
    """Return the features as a DataFrame over one array of floats, which numpy then sees without a copy."""
    import pandas as pd

    array = np.column_stack([_numbers(table, name, way_out) for name in features])
    return pd.DataFrame(array, columns=list(features), copy=False)


def _numbers(table: _Table, name: str, way_out: str) -> Array:
    from pandas.api import types

    column = table.columns[name]
    if types.is_numeric_dtype(column.dtype):
        dtype = np.float32 if column.dtype == np.float32 else np.float64
        numbers: Array = column.to_numpy(dtype=dtype, na_value=np.nan)
        return numbers
    row = _first_text(column)
    if row is None:
        return np.array([np.nan if value is None else float(value) for value in column], dtype=np.float64)
    hint = way_out.format(_quoted(name))
    if len(table.names) == 1 and (found := re.search("[;\t|]", name)):
        hint = f"its columns seem to be separated by {found[0]!r}, but a .csv file needs commas"
    message = (
        f"column {name!r} of {table.path} holds {str(column.iloc[row])!r} in row {row}, which is no number; {hint}."
    )
    raise SampleError(message)


def _first_text(column: Any) -> int | None:
    """Return the first row of a column that holds no number, None if there is none (empty, or numbers as objects)."""
    from numbers import Number

    for row, value in enumerate(column):
        if isinstance(value, Number) or type(value).__name__ == "Decimal" or value is None:
            continue
        if not _is_number(value):
            return row
    is_text = [row for row, value in enumerate(column) if isinstance(value, str)]
    return is_text[0] if is_text else None


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[\w.-]+", name) else f"'{name}'"


def _labels(table: _Table, label: str) -> Array:
    """Return the labels: whole numbers as such, anything else as text, so that they can be sorted."""
    if table.words is not None:
        values = table.words.to_numpy()
    else:
        values = table.columns[:, int(label)] if table.positional else table.columns[label].to_numpy()
    for row, value in enumerate(values):
        if value is None or value == "" or value != value:  # noqa: PLR0124 - NaN and NaT are what differs from itself
            message = f"row {row} of {table.path} has no label in column {label!r}; give it one, or leave the row out."
            raise SampleError(message)
    words = [str(value) for value in values]
    if all(re.fullmatch(r"-?\d{1,18}(\.0)?", word) for word in words):
        return np.array([int(float(word)) for word in words], dtype=np.int64)
    return np.array(words)


def _read_text(path: Path, label: str | None, separator: str) -> _Table:
    import pandas as pd

    try:
        # Two lines, for a first row longer than the header would make pandas take a column for row names.
        head = pd.read_csv(path, sep=separator, header=None, nrows=2, dtype=str, keep_default_na=False)
        frame = pd.read_csv(path, sep=separator, low_memory=False)
        words = None
        if label in frame.columns:  # a label "NA" or "None" is a label, where pandas would see a missing value
            words = pd.read_csv(path, sep=separator, usecols=[label], dtype=str, keep_default_na=False)[label]
    except pd.errors.EmptyDataError:
        message = f"{path} is empty."
        raise SampleError(message) from None
    except UnicodeDecodeError:
        message = f"{path} is not text in UTF-8; save it in that encoding."
        raise SampleError(message) from None
    except (pd.errors.ParserError, OSError, EOFError, ValueError) as error:
        raise SampleError(_unparsed(path, error)) from error
    _warn_of_numbers(path, [str(word) for word in head.iloc[0]])
    return _Table(path, tuple(map(str, frame.columns)), frame, words)


def _unparsed(path: Path, error: Exception) -> str:
    if found := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error)):
        expected, line, saw = found.groups()
        return f"{path} is ragged: line {line} has {saw} values, where {expected} are expected."
    return f"{path} cannot be read as a table: {str(error).strip().rstrip('.')}."


def _warn_of_numbers(path: Path, header: list[str]) -> None:
    """Warn if the header looks like a sample: numbers that are not just columns counted or years."""
    counted = len(set(header)) == len(header) and all(word.strip().isdigit() for word in header)
    if not counted and all(map(_is_number, header)):
        message = (
            f"the first line of {path} holds only numbers and is taken for the columns' names; if it is a sample, put "
            f"a line of names above it."
        )
        warnings.warn(message, DataWarning, stacklevel=2)


def _warn_of_row_numbers(table: _Table, name: str) -> None:
    """Warn if the first feature only counts the rows, as the nameless column does that pandas and R write."""
    if table.positional or not name.startswith("Unnamed: "):
        return
    values = table.columns[name].to_numpy()
    if values.dtype.kind in "iu" and (np.diff(values) == 1).all():
        message = (
            f"the first column of {table.path} has no name and counts the rows, yet the map is trained on it; leave it "
            f"out with --ignore {_quoted(name)}."
        )
        warnings.warn(message, DataWarning, stacklevel=2)


def _read_csv(path: Path, label: str | None) -> _Table:
    return _read_text(path, label, ",")


def _read_tsv(path: Path, label: str | None) -> _Table:
    return _read_text(path, label, "\t")


def _read_parquet(path: Path, label: str | None) -> _Table:
    del label
    try:
        import pyarrow as pa
    except ImportError:
        message = f"reading {path} needs pyarrow; install it with: pip install 'somkit[parquet]'"
        raise MissingDependency(message) from None
    import pandas as pd

    try:
        frame = pd.read_parquet(path, engine="pyarrow")
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).rpartition(": ")[2].strip().rstrip(".")
        message = f"{path} is not a Parquet file, or it is damaged: {reason}."
        raise SampleError(message) from error
    frame.columns = [str(name) for name in frame.columns]
    return _Table(path, tuple(frame.columns), frame)


def _read_npy(path: Path, label: str | None) -> _Table:
    del label
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:  # numpy's own words would advise to unpickle a stranger's file
        message = f"{path} is not an .npy file of numbers, or it is damaged."
        raise SampleError(message) from error
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
        what = f"values of type {array.dtype}" if isinstance(array, np.ndarray) else "several arrays"
        message = f"{path} must hold one array of real numbers, but it holds {what}."
        raise SampleError(message)
    if array.ndim != 2:
        message = f"{path} must hold an array of shape (n_samples, n_features), got shape {array.shape}."
        raise SampleError(message)
    return _Table(path, tuple(map(str, range(array.shape[1]))), array)


_READERS: dict[tuple[str, ...], Callable[[Path, str | None], _Table]] = {
    (".csv", ".csv.gz"): _read_csv,
    (".tsv", ".tsv.gz"): _read_tsv,
    (".parquet",): _read_parquet,
    (".npy",): _read_npy,
}
