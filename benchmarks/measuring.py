"""What every program is measured with: time, anonymous memory, and the answer as one line of JSON."""

from __future__ import annotations

import json
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SHORT = 2.0  # seconds; what takes less is run again, and the first run then counts as warming up
AGAIN = 3


def anonymous_bytes() -> int | None:
    """Memory of this process that no file backs; None where the system does not say (it is Linux that does)."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("RssAnon:")]
    return int(found[0]) * 1024 if found else None


class Peak:
    """Watch anonymous memory from a thread; ``bytes`` is the highest seen."""

    def __init__(self, every: float = 0.01) -> None:
        self._stop, self._every = threading.Event(), every
        self.bytes = anonymous_bytes()

    def _watch(self) -> None:
        while not self._stop.wait(self._every):
            self.bytes = max(self.bytes or 0, anonymous_bytes() or 0)

    def __enter__(self) -> Self:
        """Begin to watch."""
        if self.bytes is not None:
            self._thread = threading.Thread(target=self._watch, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        """Stop watching."""
        self._stop.set()
        if self.bytes is not None:
            self._thread.join()
            self.bytes = max(self.bytes, anonymous_bytes() or 0)


def timed(make: Callable[[], Any], run: Callable[[Any], Any]) -> tuple[Any, list[float]]:
    """Return the last result of ``run(make())`` and the seconds of each run; making is not timed."""

    def once() -> tuple[Any, float]:
        subject = make()
        start = time.perf_counter()
        result = run(subject)
        return result, time.perf_counter() - start

    result, first = once()
    if first >= SHORT:
        return result, [first]
    times = []
    for _ in range(AGAIN):
        result, seconds = once()
        times.append(seconds)
    return result, times


def median(values: list[float]) -> float:
    """Return the median."""
    return float(statistics.median(values))


def task() -> dict[str, Any]:
    """Return what this program is asked to do: the JSON of its only argument."""
    return dict(json.loads(sys.argv[1]))


def answer(**values: Any) -> None:
    """Print the answer as the last line."""
    print("\n" + json.dumps(values), flush=True)
