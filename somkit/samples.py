"""Samples: what a map is trained on or asked about, checked at the front door and read in blocks."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, TypeVar, final

import attrs
import numpy as np

from somkit.errors import SampleError, SampleTypeError
from somkit.kernels import BLOCK_ROWS, TreeSum, map_blocks
from somkit.validators import plain

Array = np.ndarray[Any, Any]
Result = TypeVar("Result")

COVARIANCE_FEATURES = 2_000  # up to this many features the covariance matrix is formed: 32 MB


@final
@attrs.frozen(eq=False)
class Scaling:
    """A shift and a factor for each feature: scaled = (x - offset) * factor.

    Parameters
    ----------
    kind : "standard" | "minmax"
    offset, factor : arrays of shape (d,), float64
        The factor of a constant feature is 1, so that it stays a constant.
    """

    kind: str
    offset: Array
    factor: Array

    def apply(self, X: Array) -> Array:
        """Return X in scaled units, in its own dtype."""
        return ((X - self.offset) * self.factor).astype(X.dtype)

    def undo(self, X: Array) -> Array:
        """Return X in the units of the data, in its own dtype."""
        return (X / self.factor + self.offset).astype(X.dtype)

    @classmethod
    def fitted(cls, kind: str, samples: Samples) -> Scaling:
        """Learn a scaling: to weighted mean 0 and standard deviation 1, or to minimum 0 and maximum 1."""
        low, high = samples.bounds
        if kind == "standard":
            offset, spread = samples.mean, samples.deviations
        else:
            offset, spread = low, high - low
        constant = (high == low) | (spread == 0)
        offset = np.where(high == low, low, offset)
        return cls(kind=kind, offset=offset, factor=1 / np.where(constant, 1.0, spread))


def describe_cell(row: int, column: int, names: tuple[str, ...] | None) -> str:
    """Name a cell of X as an error does."""
    return f"X[{row}, {column}]" + (f" (feature {names[column]!r})" if names else "")


def describe_limits(low: float, high: float) -> str:
    """Say in words which numbers lie within limits, of which one may be infinite."""
    if np.isfinite(low) and np.isfinite(high):
        return f"from {low:g} to {high:g}"
    return f">= {low:g}" if np.isfinite(low) else f"<= {high:g}"


def feature_names_of(X: Any) -> tuple[str, ...] | None:
    """Return the column names of a DataFrame (pandas, polars), None for anything else or if they are not all text."""
    columns = getattr(X, "columns", None)
    if columns is None or not hasattr(X, "__array__"):
        return None
    names = tuple(columns)
    return names if names and all(isinstance(name, str) for name in names) else None


def _is_sparse(X: Any) -> bool:
    scipy_sparse = sys.modules.get("scipy.sparse")  # a sparse X cannot exist before scipy.sparse is loaded
    return scipy_sparse is not None and scipy_sparse.issparse(X)


def _as_array(X: Any, name: str) -> Array:
    if _is_sparse(X):
        message = f"{name} is a scipy sparse matrix, which is not supported yet; pass {name}.toarray()."
        raise SampleTypeError(message)
    try:
        array = X if isinstance(X, np.ndarray) else np.asarray(X)
    except (TypeError, ValueError):
        array = np.empty(0, dtype=object)
        if isinstance(X, list | tuple):
            message = f"{name} is ragged: its rows have different lengths; give every row as many values."
            raise SampleError(message) from None
        raise
    if array.dtype.kind == "c":
        message = f"Complex data not supported: {name} has dtype {array.dtype}; give real numbers, such as {name}.real."
        raise SampleError(message)
    if array.ndim != 2:
        message = (
            f"{name} must have shape (n_samples, n_features), got {array.ndim}D of shape {array.shape}. Reshape your "
            f"data with {name}.reshape(-1, 1) if it has one feature or {name}.reshape(1, -1) if it is one sample."
        )
        raise SampleError(message)
    return array


def _as_numbers(array: Array, names: tuple[str, ...] | None) -> Array:
    if array.dtype.kind == "f":
        return array if array.dtype in (np.float32, np.float64) else array.astype(_wider(array.dtype))
    if array.dtype.kind in "iub":
        return array
    if array.dtype.kind in "mM":
        message = f"X holds dates or times ({array.dtype}), not numbers; turn them into numbers that mean something."
        raise SampleTypeError(message)
    numbers = np.empty(array.shape)
    for row in range(array.shape[0]):
        for column in range(array.shape[1]):
            value = array[row, column]
            try:
                numbers[row, column] = np.nan if value is None else value
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
        If the shape is not (n,), a weight is negative, NaN or infinite, or all are 0.
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


@final
@attrs.frozen(eq=False)
class Samples:
    """X and its weights, read-only, read in blocks of 2 048 rows; built with `Samples.of`.

    Parameters
    ----------
    X : array of shape (n, d)
        As it was given: in memory or mapped from a file.
    weight : array of shape (n,), float64, or None
    feature_names : tuple of d str, or None
    scaling : Scaling, optional
        Applied to every block as it is read.
    dtype : numpy dtype
        Of the blocks: X's own where that is float32 or float64, else float64.
    """

    X: Array
    weight: Array | None = None
    feature_names: tuple[str, ...] | None = None
    scaling: Scaling | None = None

    @classmethod
    def of(
        cls,
        X: Any,
        sample_weight: Any = None,
        *,
        feature_names: tuple[str, ...] | None = None,
        scaling: Scaling | None = None,
    ) -> Samples:
        """Check X and its weights and wrap them, without copying what need not be copied.

        Parameters
        ----------
        X : array, memmap or DataFrame of shape (n, d)
            Finite real numbers; n >= 1, d >= 1.
        sample_weight : array of shape (n,), optional
            Finite, >= 0, not all 0.
        feature_names : tuple of str, optional
            Names for the columns; a DataFrame brings its own.
        scaling : Scaling, optional
            Applied to the blocks.

        Raises
        ------
        SampleError
            If X is empty, not two-dimensional, ragged, complex or not finite, or the weights do not fit.
        SampleTypeError
            If X holds something that is no number, or is sparse.
        """
        if X is None:
            message = "X is needed here: the samples, of shape (n_samples, n_features)."
            raise SampleError(message)
        names = feature_names_of(X) or feature_names
        array = _as_array(X, "X")
        n, d = array.shape
        if not n or not d:
            lacks = "sample(s)" if not n else "feature(s)"
            message = f"X has 0 {lacks} (shape={array.shape}) while a minimum of 1 is required."
            raise SampleError(message)
        numbers = _as_numbers(array, names).view()
        numbers.flags.writeable = False
        samples = cls(numbers, check_weight(sample_weight, n), names, scaling)
        samples._check_finite()
        return samples

    def __len__(self) -> int:
        """Return the number of samples, n."""
        return len(self.X)

    @property
    def features(self) -> int:
        """The number of features, d."""
        return int(self.X.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The floating dtype of the blocks, and so of a codebook trained on them."""
        return np.dtype(np.float32 if self.X.dtype == np.float32 else np.float64)

    @property
    def block_count(self) -> int:
        """How many blocks there are."""
        return -(-len(self) // BLOCK_ROWS)

    def rows(self, index: Any) -> Array:
        """Return some rows as a dense, C-ordered, read-only array of shape (k, d), scaled."""
        block = np.ascontiguousarray(self.X[index], dtype=self.dtype)
        if self.scaling is not None:
            block = self.scaling.apply(block)
        if block.flags.writeable:
            block.flags.writeable = False
        return block

    def block(self, number: int) -> Array:
        """Return block ``number`` as `rows` would."""
        return self.rows(slice(number * BLOCK_ROWS, (number + 1) * BLOCK_ROWS))

    def block_weight(self, number: int) -> Array | None:
        """Return the weights of block ``number``; None where every sample counts once."""
        return None if self.weight is None else self.weight[number * BLOCK_ROWS : (number + 1) * BLOCK_ROWS]

    def map(self, function: Callable[[Array, Array | None], Result], n_jobs: int | None = None) -> Iterator[Result]:
        """Yield ``function(block, weights)`` for each block, in order, worked out by ``n_jobs`` threads."""
        return map_blocks(
            lambda number: function(self.block(number), self.block_weight(number)), self.block_count, n_jobs
        )

    def scaled(self, scaling: Scaling | None) -> Samples:
        """Return the same samples seen through a scaling."""
        return attrs.evolve(self, scaling=scaling)

    def columns(self, chosen: tuple[int, ...]) -> Samples:
        """Return the same samples with some of their features only; a copy where these are not side by side."""
        first, last = chosen[0], chosen[-1] + 1
        index: Any = slice(first, last) if chosen == tuple(range(first, last)) else list(chosen)
        names = None if self.feature_names is None else tuple(self.feature_names[column] for column in chosen)
        scaling = self.scaling
        if scaling is not None:
            scaling = attrs.evolve(scaling, offset=scaling.offset[index], factor=scaling.factor[index])
        return Samples(self.X[:, index], self.weight, names, scaling)

    @cached_property
    def total_weight(self) -> float:
        """The sum of the weights; n where none were given."""
        return float(len(self)) if self.weight is None else float(self.weight.sum())

    @cached_property
    def digest(self) -> str:
        """A SHA-256 of the samples and their weights as they were given, by which a resumed run knows them again."""
        seen = hashlib.sha256(f"{self.X.shape} {self.X.dtype}".encode())
        for start in range(0, len(self), BLOCK_ROWS):
            seen.update(np.ascontiguousarray(self.X[start : start + BLOCK_ROWS]).data)
        seen.update(b"" if self.weight is None else self.weight.tobytes())
        return seen.hexdigest()

    def _check_finite(self) -> None:
        if self.X.dtype.kind != "f":
            return
        for start in range(0, len(self), BLOCK_ROWS):
            bad = ~np.isfinite(self.X[start : start + BLOCK_ROWS])
            if bad.any():
                row, column = (int(index[0]) for index in np.nonzero(bad))
                value = "NaN" if np.isnan(self.X[start + row, column]) else "infinite (inf)"
                cell = describe_cell(start + row, column, self.feature_names)
                message = f"{cell} is {value}; impute it or leave the row out first."
                raise SampleError(message)

    def check_within(self, limits: tuple[Array, Array], owner: str) -> None:
        """Raise if a value, scaled, is below the first or above the second of two arrays (d,): what ``owner`` takes."""
        low, high = limits
        if np.isneginf(low).all() and np.isposinf(high).all():
            return
        for number in range(self.block_count):
            block = self.block(number)
            bad = (block < low) | (block > high)
            if bad.any():
                row, column = (int(index[0]) for index in np.nonzero(bad))
                cell = describe_cell(number * BLOCK_ROWS + row, column, self.feature_names)
                once, way_out = ("", "values") if self.scaling is None else (" once scaled", "a scale")
                message = (
                    f"{cell} is {float(block[row, column]):g}{once}, but {owner} measures numbers "
                    f"{describe_limits(low[column], high[column])} there; use {way_out} within them, or another metric."
                )
                raise SampleError(message)

    @cached_property
    def bounds(self) -> tuple[Array, Array]:
        """The smallest and largest value of each feature over samples of weight > 0; two arrays (d,), float64."""

        def extremes(block: Array, weight: Array | None) -> Array:
            counted = block if weight is None else block[weight > 0]
            if not len(counted):
                return np.array([np.full(self.features, np.inf), np.full(self.features, -np.inf)])
            return np.array([counted.min(axis=0), counted.max(axis=0)], dtype=np.float64)

        lowest, highest = np.full(self.features, np.inf), np.full(self.features, -np.inf)
        for low, high in self.map(extremes, 1):
            lowest, highest = np.minimum(lowest, low), np.maximum(highest, high)
        return lowest, highest

    @cached_property
    def box(self) -> tuple[Array, Array]:
        """The middle of `bounds`, and the exponents e for which (x - middle) * 2^-e lies in [-1, 1]; arrays (d,)."""
        low, high = self.bounds
        middle = low / 2 + high / 2
        middle = np.where(low == high, low, middle)
        exponent = np.clip(np.frexp(np.maximum(high - middle, middle - low))[1], -1000, 1000)
        return middle, exponent

    def _moments(self) -> tuple[Array, Array]:
        centre, exponent = self.box

        def sums(block: Array, weight: Array | None) -> Array:
            scaled = np.ldexp(block - centre, -exponent)
            counted = scaled if weight is None else scaled * weight[:, None]
            return np.array([counted.sum(axis=0), (counted * scaled).sum(axis=0)])

        total = TreeSum()
        for value in self.map(sums, 1):
            total.add(value)
        first, second = total.result() / self.total_weight
        return first, second

    @cached_property
    def mean(self) -> Array:
        """The weighted mean of each feature, shape (d,), float64."""
        centre, exponent = self.box
        return np.asarray(centre + np.ldexp(self._moments()[0], exponent))

    @cached_property
    def deviations(self) -> Array:
        """The weighted standard deviation of each feature (over the total weight), shape (d,), float64."""
        _, exponent = self.box
        first, second = self._moments()
        return np.asarray(np.ldexp(np.sqrt(np.maximum(second - first**2, 0)), exponent))

    def principal_components(self, count: int) -> tuple[Array, Array]:
        """Return the standard deviations along the first principal components and the components themselves.

        Parameters
        ----------
        count : int
            How many; fewer come back where there are fewer features.

        Returns
        -------
        deviations : array of shape (c,), float64
            Weighted, in descending order, c = min(count, d).
        components : array of shape (c, d), float64
            Of length 1; the largest entry of each is positive, so that the same data give the same signs.
        """
        count = min(count, self.features)
        if self.features <= COVARIANCE_FEATURES:
            values, vectors = np.linalg.eigh(self._covariance())
            values, vectors = values[::-1][:count], vectors.T[::-1][:count]
        else:
            values, vectors = self._leading_components(count)
        heaviest = np.abs(vectors).argmax(axis=1)
        signs = np.where(vectors[np.arange(count), heaviest] < 0, -1.0, 1.0)
        return np.ldexp(np.sqrt(np.maximum(values, 0)), self.box[1].max()), vectors * signs[:, None]

    def _weighted_products(self, function: Callable[[Array, Array], Array]) -> Array:
        """Sum ``function(block, its weighted copy)`` over the blocks, centred and scaled by one power of two."""
        mean, exponent = self.mean, self.box[1].max()

        def products(block: Array, weight: Array | None) -> Array:
            centred = np.ldexp(block - mean, -exponent)
            return function(centred, centred if weight is None else centred * weight[:, None])

        total = TreeSum()
        for value in self.map(products, 1):
            total.add(value)
        return total.result() / self.total_weight

    def _covariance(self) -> Array:
        return self._weighted_products(lambda centred, weighted: centred.T @ weighted)

    def _leading_components(self, count: int) -> tuple[Array, Array]:
        from scipy.sparse.linalg import LinearOperator, eigsh

        def apply(vector: Array) -> Array:
            return self._weighted_products(lambda centred, weighted: weighted.T @ (centred @ vector.ravel()))

        d = self.features
        operator = LinearOperator((d, d), matvec=apply, dtype=np.float64)
        values, vectors = eigsh(operator, k=count, v0=np.ones(d))
        order = np.argsort(values)[::-1]
        return values[order], vectors.T[order]
