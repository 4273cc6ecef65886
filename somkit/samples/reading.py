"""Reading: what is given as X or as weights, turned into arrays or refused in one sentence."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from somkit.errors import SampleError, SampleTypeError
from somkit.kernels import BLOCK_ROWS
from somkit.validators import plain

Array = np.ndarray[Any, Any]

# By the size of a number: up to this no difference, no first codebook and no sum over samples or features overflows.
LARGEST = {4: float(np.finfo(np.float32).max) / 4, 8: 2.0**1000}


def describe_cell(row: int, column: int, names: tuple[str, ...] | None) -> str:
    """Name a cell of X as an error does."""
    return f"X[{row}, {column}]" + (f" (feature {names[column]!r})" if names else "")


def feature_names_of(X: Any) -> tuple[str, ...] | None:
    """Return the column names of a DataFrame (pandas, polars), None for anything else or if they are not all text."""
    columns = getattr(X, "columns", None) if hasattr(X, "__array__") else None  # a LazyFrame would warn of its own
    names = () if columns is None else tuple(columns)
    return names if names and all(isinstance(name, str) for name in names) else None


def is_sparse(X: Any) -> bool:
    """Tell whether X is a scipy sparse matrix or array."""
    # A sparse X cannot exist before scipy.sparse is loaded; while another thread loads it, it may lack anything.
    issparse = getattr(sys.modules.get("scipy.sparse"), "issparse", None)
    return issparse is not None and issparse(X)


def as_array(X: Any) -> Array:
    """Return X as an array with two dimensions, of whatever it holds, or raise."""
    if isinstance(X, np.ma.MaskedArray):
        return as_array(_unmasked(X))
    _check_polars(X)
    try:
        array = X if isinstance(X, np.ndarray) else np.asarray(X)
    except (TypeError, ValueError):
        array = np.empty(0, dtype=object)
        if isinstance(X, list | tuple):
            message = "X is ragged: its rows have different lengths; give every row as many values."
            raise SampleError(message) from None
        raise
    _refuse_complex(array.dtype)
    if array.ndim != 2:
        message = (
            f"X must have shape (n_samples, n_features), got {array.ndim}D of shape {array.shape}. Reshape your data "
            f"with X.reshape(-1, 1) if it has one feature or X.reshape(1, -1) if it is one sample."
        )
        raise SampleError(message)
    return array


def _check_polars(X: Any) -> None:
    """Refuse what numpy would not: a frame of polars without rows yet, and dates, which it makes numbers of."""
    polars = sys.modules.get("polars")
    lazy, frame = getattr(polars, "LazyFrame", ()), getattr(polars, "DataFrame", ())
    if isinstance(X, lazy):
        message = "X is a LazyFrame of polars, which holds no rows yet; pass X.collect()."
        raise SampleError(message)
    for name, dtype in X.schema.items() if isinstance(X, frame) else ():
        if dtype.is_temporal():
            raise _dates(dtype, name)


def _dates(dtype: Any, name: str | None = None) -> SampleTypeError:
    where = "" if name is None else f", feature {name!r}"
    message = f"X holds dates or times ({dtype}{where}), not numbers; turn them into numbers that mean something."
    return SampleTypeError(message)


def _unmasked(X: np.ma.MaskedArray[Any, Any]) -> Array:
    """Return a masked array as a plain one, NaN where it is masked; as it is where nothing is."""
    masked = np.ma.getmaskarray(X)
    if not masked.any():
        return np.asarray(X.data)
    values = X.data if X.dtype.kind in "fcO" else X.data.astype(np.float64)
    return np.where(masked, np.nan, values).astype(values.dtype)


def _refuse_complex(dtype: np.dtype[Any]) -> None:
    if dtype.kind == "c":
        message = f"Complex data not supported: X has dtype {dtype}; give real numbers, such as X.real."
        raise SampleError(message)


def as_csr(X: Any) -> Any:
    """Return a sparse X as a read-only CSR array of float32 or float64, each cell stored once, columns ascending."""
    from scipy.sparse import csr_array

    _refuse_complex(X.dtype)
    if X.dtype.kind not in "fiub" or X.ndim != 2:
        message = f"a sparse X must hold numbers in two dimensions, got {X.dtype} of shape {X.shape}."
        raise SampleTypeError(message)
    given = X.tocsr()
    dtype = given.dtype if given.dtype in (np.float32, np.float64) else np.dtype(np.float64)
    matrix = csr_array((given.data, given.indices, given.indptr), shape=given.shape)
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    parts = matrix.data.astype(dtype, copy=False).view(), matrix.indices.view(), matrix.indptr.view()
    for part in parts:
        part.flags.writeable = False
    frozen = csr_array(parts, shape=matrix.shape)
    frozen.has_canonical_format = True
    return frozen


def as_numbers(array: Array, names: tuple[str, ...] | None) -> Array:
    """Return an array of real numbers, NaN for None and pandas' NA, or raise naming the first cell that holds none."""
    if array.dtype.kind == "f":
        return array if array.dtype in (np.float32, np.float64) else array.astype(_wider(array.dtype))
    if array.dtype.kind in "iub":
        return array
    if array.dtype.kind in "mM":
        raise _dates(array.dtype)
    numbers = _as_floats(array)
    return _cell_by_cell(array, names) if numbers is None else numbers


def _as_floats(array: Array) -> Array | None:
    """Return an array of objects as float64, missing values as NaN; None if one of them is no number."""
    isna = getattr(sys.modules.get("pandas"), "isna", None)  # its NA cannot exist before pandas is loaded
    if isna is not None and array.dtype.kind == "O":
        array = np.where(isna(array), np.nan, array)
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError):
        return None


def _cell_by_cell(array: Array, names: tuple[str, ...] | None) -> Array:
    numbers = np.empty(array.shape)
    for row in range(array.shape[0]):
        for column in range(array.shape[1]):
            value = array[row, column]
            try:
                numbers[row, column] = np.nan if value is None or type(value).__name__ == "NAType" else value
            except (TypeError, ValueError):
                cell = f"{describe_cell(row, column, names)} is {plain(value)!r}"
                message = (
                    f"{cell}; an argument must be a string of digits or a real number: encode or leave out columns of "
                    f"text."
                )
                raise SampleTypeError(message) from None
    return numbers


def _wider(dtype: np.dtype[Any]) -> type:
    return np.float32 if dtype.itemsize < 4 else np.float64


def check_weight(sample_weight: Any, n: int) -> Array | None:
    """Return sample weights as float64 of shape (n,), or raise; None stays None.

    Raises
    ------
    SampleError
        If the shape is not (n,), a weight is negative, NaN, infinite or masked, or all are 0.
    """
    if sample_weight is None:
        return None
    if np.asarray(sample_weight).dtype.kind == "c":
        message = "sample_weight must hold real numbers, got complex ones."
        raise SampleTypeError(message)
    try:
        weight = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError):
        message = "sample_weight must hold numbers."
        raise SampleTypeError(message) from None
    if weight.ndim == 0:
        weight = np.full(n, float(weight))
    if weight.shape != (n,):
        message = f"sample_weight must have shape ({n},), one weight for each sample, got {weight.shape}."
        raise SampleError(message)
    if isinstance(sample_weight, np.ma.MaskedArray) and np.ma.is_masked(sample_weight):
        masked = np.flatnonzero(np.ma.getmaskarray(sample_weight))
        message = f"sample_weight is masked at sample {masked[0]}; give 0 for a sample that is not to count."
        raise SampleError(message)
    wrong = np.flatnonzero(~np.isfinite(weight) | (weight < 0))
    if len(wrong):
        message = f"sample_weight must be finite and >= 0, got {weight[wrong[0]]} at sample {wrong[0]}."
        raise SampleError(message)
    if not weight.any():
        message = "sample_weight is zero for every sample; at least one must count."
        raise SampleError(message)
    weight = weight.copy()
    weight.flags.writeable = False
    return weight


def check_finite(X: Array, names: tuple[str, ...] | None, *, missing: bool) -> bool:
    """Return whether an array holds NaN; raise if it holds infinities, or NaN and they are not allowed.

    Raises
    ------
    SampleError
        Naming the cell, also if it is too large to measure distances; or the row, where nothing of it is observed.
    """
    found, largest = False, LARGEST.get(X.dtype.itemsize, np.inf)
    for start in range(0, len(X) if X.dtype.kind == "f" else 0, BLOCK_ROWS):
        block = X[start : start + BLOCK_ROWS]
        if block.max() <= largest and block.min() >= -largest:
            continue
        absent = np.isnan(block)
        bad = np.isinf(block) if missing else ~np.isfinite(block)
        if bad.any():
            row, column = (int(index[0]) for index in np.nonzero(bad))
            raise _not_finite(start + row, column, X[start + row, column], names)
        large = np.abs(block) > largest
        if large.any():
            row, column = (int(index[0]) for index in np.nonzero(large))
            raise _too_large(describe_cell(start + row, column, names), block[row, column], X)
        empty = np.flatnonzero(absent.all(axis=1))
        if len(empty):
            raise nothing_observed(start + int(empty[0]))
        found = True
    return found


def nothing_observed(row: int, where: str = "every value of it is missing") -> SampleError:
    """Build the sentence for a row that no unit can be found for."""
    return SampleError(f"X[{row}] has nothing observed: {where}; leave the row out.")


def check_finite_sparse(X: Any) -> None:
    """Raise, naming the cell, if a sparse X stores a value that is not finite, or too large to measure distances."""
    bad = np.flatnonzero(~(np.abs(X.data) <= LARGEST[X.dtype.itemsize]))
    if len(bad):
        value, column = X.data[bad[0]], int(X.indices[bad[0]])
        row = int(np.searchsorted(X.indptr, bad[0], side="right")) - 1
        if np.isfinite(value):
            raise _too_large(describe_cell(row, column, None), value, X)
        raise _not_finite(row, column, value, None)


def _too_large(cell: str, value: Any, X: Any) -> SampleError:
    message = (
        f"{cell} is {float(value):g}, and {X.dtype} measures distances between numbers up to "
        f"{LARGEST[X.dtype.itemsize]:.1e}; if it stands for a missing value, impute it or leave the row out first, "
        f"else divide the feature by a constant."
    )
    return SampleError(message)


def _not_finite(row: int, column: int, value: Any, names: tuple[str, ...] | None) -> SampleError:
    what = "NaN" if np.isnan(value) else "infinite (inf)"
    return SampleError(f"{describe_cell(row, column, names)} is {what}; impute it or leave the row out first.")
