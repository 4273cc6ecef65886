"""Work in fixed blocks on one pool of threads, with sums that do not depend on how many threads there are."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from functools import cache
from threading import Lock
from typing import Any, TypeVar

import numpy as np

Result = TypeVar("Result")
Array = np.ndarray[Any, Any]

BLOCK_ROWS = 2_048  # part of the result: sums are taken block by block, so changing it changes last bits
KEPT_BYTES = 31 << 20  # the most that glibc can be brought to keep (32 MB), less what it puts before an array


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def keep_freed_memory() -> None:
    """Let glibc keep what is freed, up to 64 MB, for what comes next: new pages cost as much as the work done on them.

    It hands back at once whatever is larger than the largest array ever freed (M_MMAP_THRESHOLD in mallopt(3)), so an
    array is freed that nobody has touched. With other C libraries nothing comes of it.
    """
    np.empty(KEPT_BYTES, np.uint8)


@cache
def _blas() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


class _OneBlasThread(AbstractContextManager[None]):
    """The one limit there is: BLAS counts its threads for the whole process, so the last holder to leave lifts it."""

    def __init__(self) -> None:
        self._lock, self._holders, self._limit = Lock(), 0, None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = Lock()  # the thread that held it may not live on

    def __enter__(self) -> None:
        with self._lock:
            if not self._holders:
                self._limit = _blas().limit(limits=1, user_api="blas")
            self._holders += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._holders -= 1
            if not self._holders and self._limit is not None:
                self._limit.restore_original_limits()


_ONE_BLAS_THREAD = _OneBlasThread()


def one_blas_thread() -> AbstractContextManager[None]:
    """Hold BLAS to one thread: it is not bit-identical over thread counts, and would only fight the pool for cores."""
    return _ONE_BLAS_THREAD


@cache
def _helpers(count: int) -> ThreadPoolExecutor:
    """So many threads beside the caller's, kept for the next time: starting one takes longer than a small block."""
    return ThreadPoolExecutor(count, thread_name_prefix="somkit")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_helpers.cache_clear)  # threads do not live on


def map_blocks(function: Callable[[int], Result], count: int, n_jobs: int | None = None) -> Iterator[Result]:
    """Yield ``function(0)``, ``function(1)``, ... in order, worked out by ``n_jobs`` threads (None: every core).

    The caller's thread is one of them: it would only take a core from the others by being woken for every result.
    BLAS is held to one thread meanwhile. Only a few results are held at once, whatever ``count`` is.
    """
    jobs = min(n_jobs or usable_cores(), count)
    with one_blas_thread():
        if jobs <= 1:
            yield from map(function, range(count))
            return
        pool = _helpers(jobs - 1)
        waiting = deque[tuple[int, Future[Result]]]()
        try:
            for number in range(count):
                waiting.append((number, pool.submit(function, number)))
                if len(waiting) > 4 * jobs:
                    yield _first(function, waiting)
            while waiting:
                yield _first(function, waiting)
        finally:
            wait([result for _, result in waiting if not result.cancel()])


def _first(function: Callable[[int], Result], waiting: deque[tuple[int, Future[Result]]]) -> Result:
    """Take off the first result; until it is there, work out others that no thread has begun."""
    for place, (number, result) in enumerate(waiting):
        if waiting[0][1].done():
            break
        if result.cancel():
            own: Future[Result] = Future()
            own.set_result(function(number))
            waiting[place] = number, own
    return waiting.popleft()[1].result()


class TreeSum:
    """A running sum of arrays along the binary tree of their numbers: block 2k with 2k + 1, then pairs of pairs.

    Only log2(count) partial sums are held, and any aligned range of blocks adds up to the same bits anywhere.

    Examples
    --------
    >>> total = TreeSum()
    >>> for value in (1.0, 2.0, 3.0):
    ...     total.add(np.array([value]))
    >>> total.result()
    array([6.])
    """

    def __init__(self) -> None:
        self._partial: list[tuple[int, Array]] = []

    def add(self, value: Array) -> None:
        """Add the next block's array, which now belongs to the sum."""
        level = 0
        while self._partial and self._partial[-1][0] == level:
            last = self._partial.pop()[1]
            last += value  # in place, where it can be
            value = last
            level += 1
        self._partial.append((level, value))

    def result(self) -> Array:
        """Return the sum of all blocks added so far; at least one."""
        total = self._partial[-1][1]
        for _, value in self._partial[-2::-1]:
            total = value + total
        return total
