"""Samples: what a map is trained on or asked about, checked at the front door and read in blocks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, TypeVar, final

import attrs
import numpy as np

from somkit.errors import SampleError, SampleTypeError
from somkit.kernels import BLOCK_ROWS, map_blocks, power_of_two
from somkit.samples import statistics
from somkit.samples.reading import (
    as_array,
    as_csr,
    as_numbers,
    check_finite,
    check_finite_sparse,
    check_weight,
    feature_names_of,
    is_sparse,
)
from somkit.samples.scaling import Scaling

Array = np.ndarray[Any, Any]
Result = TypeVar("Result")

WIDE, WIDE_ROWS = 256, 512  # features from which rows come in smaller blocks, and how many of them (measured)
SAFE_WEIGHT = 2.0**400  # the largest weight above which, or below one over which, products and sums may lose it


@final
@attrs.frozen(eq=False)
class Samples:
    """X and its weights, read-only, read in blocks of `block_rows` rows; built with `Samples.of`.

    Parameters
    ----------
    X : array or CSR array of shape (n, d)
        As it was given: in memory, mapped from a file, or sparse.
    weight : array of shape (n,), float64, or None
    feature_names : tuple of d str, or None
    scaling : Scaling, optional
        Applied to every block as it is read.
    dtype : numpy dtype
        Of the blocks: X's own where that is float32 or float64, else float64.
    missing : bool
        Whether any cell is missing, NaN.
    """

    X: Any
    weight: Array | None = None
    feature_names: tuple[str, ...] | None = None
    scaling: Scaling | None = None
    missing: bool = False

    @classmethod
    def of(
        cls,
        X: Any,
        sample_weight: Any = None,
        *,
        feature_names: tuple[str, ...] | None = None,
        scaling: Scaling | None = None,
        missing: bool = False,
        sparse: bool = False,
    ) -> Samples:
        """Check X and its weights and wrap them, without copying what need not be copied.

        Parameters
        ----------
        X : array, memmap, DataFrame or scipy sparse matrix of shape (n, d)
            Finite real numbers; n >= 1, d >= 1. Samples come back as they are if no weights are given.
        sample_weight : array of shape (n,), optional
            Finite, >= 0, not all 0.
        feature_names : tuple of str, optional
            Names for the columns; a DataFrame brings its own.
        scaling : Scaling, optional
            Applied to the blocks.
        missing, sparse : bool
            Whether NaN may stand for a missing value, and whether X may be sparse (then without missing values).
            pandas' NA, None, polars' null and what is masked become NaN.

        Raises
        ------
        SampleError
            If X is empty, not two-dimensional, ragged, complex, not finite or too large to measure distances, has a
            row without any value, or is sparse and to be scaled, or the weights do not fit.
        SampleTypeError
            If X holds something that is no number, or is sparse and must not be.
        """
        if X is None:
            message = "X is needed here: the samples, of shape (n_samples, n_features)."
            raise SampleError(message)
        if isinstance(X, Samples):
            if sample_weight is None and (missing or not X.missing) and (sparse or not X.is_sparse):
                return X if scaling is None else X.scaled(scaling)
            X, feature_names = X.X, X.feature_names
        names = feature_names_of(X) or feature_names
        if is_sparse(X):
            _check_sparse(scaling, allowed=sparse)
            array = as_csr(X)
        else:
            array = as_array(X)
        n, d = array.shape
        if not n or not d:
            lacks = "sample(s)" if not n else "feature(s)"
            message = f"X has 0 {lacks} (shape={array.shape}) while a minimum of 1 is required."
            raise SampleError(message)
        if is_sparse(array):
            check_finite_sparse(array)
            return cls(array, check_weight(sample_weight, n), names, scaling)
        numbers = as_numbers(array, names).view()
        numbers.flags.writeable = False
        weight = check_weight(sample_weight, n)
        return cls(numbers, weight, names, scaling, missing=check_finite(numbers, names, missing=missing))

    def __len__(self) -> int:
        """Return the number of samples, n."""
        return int(self.X.shape[0])

    @property
    def features(self) -> int:
        """The number of features, d."""
        return int(self.X.shape[1])

    @property
    def is_sparse(self) -> bool:
        """Whether X is sparse."""
        return is_sparse(self.X)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The floating dtype of the blocks, and so of a codebook trained on them."""
        return np.dtype(np.float32 if self.X.dtype == np.float32 else np.float64)

    @property
    def block_rows(self) -> int:
        """Rows in a block: 2 048, or 512 of 256 features and more, which few blocks would share out unevenly."""
        return BLOCK_ROWS if self.features < WIDE or self.is_sparse else WIDE_ROWS

    @property
    def block_count(self) -> int:
        """How many blocks there are."""
        return -(-len(self) // self.block_rows)

    def rows(self, index: Any) -> Array:
        """Return some rows as a dense, C-ordered, read-only array of shape (k, d), scaled; NaN where one is missing."""
        listed = isinstance(index, np.ndarray) and index.dtype.kind == "i" and not self.is_sparse
        kept = self.X.take(index, axis=0) if listed else self.X[index]  # the same, but ten times as fast
        block = np.ascontiguousarray(kept.toarray() if self.is_sparse else kept, dtype=self.dtype)
        if self.scaling is not None:
            block = self.scaling.apply(block)
        if block.flags.writeable:
            block.flags.writeable = False
        return block

    def _of_block(self, number: int) -> slice:
        return slice(number * self.block_rows, (number + 1) * self.block_rows)

    def block(self, number: int) -> Array:
        """Return block ``number`` as `rows` would."""
        return self.rows(self._of_block(number))

    def filled_rows(self, index: Any) -> Array:
        """Return rows as `rows` does, each missing value replaced by its feature's mean: finite, for initialisers."""
        rows = self.rows(index)
        return np.where(np.isnan(rows), self.mean, rows).astype(self.dtype) if self.missing else rows

    def kept_rows(self, index: Any) -> Any:
        """Return some rows as X is kept: in CSR form where X is sparse, else as `rows` would."""
        return self.X[index] if self.is_sparse else self.rows(index)

    def kept_block(self, number: int) -> Any:
        """Return block ``number`` as `kept_rows` would."""
        return self.kept_rows(self._of_block(number))

    def block_weight(self, number: int) -> Array | None:
        """Return the weights of block ``number``; None where every sample counts once."""
        return None if self.weight is None else self.weight[self._of_block(number)]

    def map(
        self, function: Callable[[Any, Array | None], Result], n_jobs: int | None = None, *, kept: bool = False
    ) -> Iterator[Result]:
        """Yield ``function(block, weights)`` for each block, in order, worked out by ``n_jobs`` threads.

        With ``kept`` the blocks are those of `kept_block`, for functions that know sparse matrices.
        """
        read: Callable[[int], Any] = self.kept_block if kept else self.block
        return map_blocks(lambda number: function(read(number), self.block_weight(number)), self.block_count, n_jobs)

    def scaled(self, scaling: Scaling | None) -> Samples:
        """Return the same samples seen through a scaling."""
        return attrs.evolve(self, scaling=scaling)

    def levelled(self) -> Samples:
        """Return the same samples, all weights times one power of two where the largest is near 0 or infinity.

        Means do not change by it, and can be taken. Weights that would underflow become the smallest number.
        """
        largest = 1.0 if self.weight is None else float(self.weight.max())
        if 1 / SAFE_WEIGHT <= largest <= SAFE_WEIGHT:
            return self
        level = self.weight * power_of_two(largest)
        smallest = np.finfo(np.float64).smallest_subnormal
        return attrs.evolve(self, weight=np.where(self.weight == 0, 0.0, np.maximum(level, smallest)))

    def columns(self, chosen: tuple[int, ...]) -> Samples:
        """Return the same samples with some of their features only; a copy where these are not side by side."""
        first, last = chosen[0], chosen[-1] + 1
        index: Any = slice(first, last) if chosen == tuple(range(first, last)) else list(chosen)
        names = None if self.feature_names is None else tuple(self.feature_names[column] for column in chosen)
        scaling = self.scaling
        if scaling is not None:
            scaling = attrs.evolve(scaling, offset=scaling.offset[index], factor=scaling.factor[index])
        return attrs.evolve(self, X=self.X[:, index], feature_names=names, scaling=scaling)

    @cached_property
    def total_weight(self) -> float:
        """The sum of the weights, infinite where it overflows; n where none were given."""
        with np.errstate(over="ignore"):
            return float(len(self)) if self.weight is None else float(self.weight.sum())

    @cached_property
    def digest(self) -> str:
        """A SHA-256 of the samples and their weights as they were given, by which a resumed run knows them again."""
        seen = hashlib.sha256(f"{self.X.shape} {self.X.dtype}".encode())
        for part in (self.X.data, self.X.indices, self.X.indptr) if self.is_sparse else (self.X,):
            for start in range(0, len(part), BLOCK_ROWS):
                seen.update(np.ascontiguousarray(part[start : start + BLOCK_ROWS]).data)
        seen.update(b"" if self.weight is None else self.weight.tobytes())
        return seen.hexdigest()

    @cached_property
    def observed(self) -> Array:
        """Which features have a value in any sample of weight > 0, shape (d,), bool."""
        return statistics.observed(self) if self.missing else np.ones(self.features, dtype=bool)

    @cached_property
    def bounds(self) -> tuple[Array, Array]:
        """The smallest and largest value of each feature over samples of weight > 0; two arrays (d,), float64.

        Of what is observed; 0 and 0 for a feature that has no value at all.
        """
        return statistics.bounds(self)

    @cached_property
    def box(self) -> tuple[Array, Array]:
        """The middle of `bounds`, and the exponents e for which (x - middle) * 2^-e lies in [-1, 1]; arrays (d,).

        For a sparse X the middle is 0: it is never shifted.
        """
        low, high = self.bounds
        middle = np.zeros(self.features) if self.is_sparse else np.where(low == high, low, low / 2 + high / 2)
        exponent = np.clip(np.frexp(np.maximum(high - middle, middle - low))[1], -1000, 1000)
        return middle, exponent

    @cached_property
    def _mean_and_deviations(self) -> tuple[Array, Array]:
        return statistics.mean_and_deviations(self.levelled())

    @property
    def mean(self) -> Array:
        """The weighted mean of each feature over what is observed of it, shape (d,), float64; 0 where nothing is."""
        return self._mean_and_deviations[0]

    @property
    def deviations(self) -> Array:
        """The weighted standard deviation of each feature (over the total weight observed), shape (d,), float64."""
        return self._mean_and_deviations[1]

    def principal_components(self, count: int) -> tuple[Array, Array]:
        """Return the standard deviations along the first principal components and the components themselves.

        A missing value counts as its feature's mean.

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
        return statistics.principal_components(self.levelled(), min(count, self.features))


def _check_sparse(scaling: Scaling | None, *, allowed: bool) -> None:
    if not allowed:
        message = "X is sparse, which the metric does not take; use metric='euclidean', or pass X.toarray()."
        raise SampleTypeError(message)
    if scaling is not None:
        message = (
            f"this map scales its samples ({scaling.kind!r}), which would fill a sparse X; pass X.toarray() in parts."
        )
        raise SampleError(message)
