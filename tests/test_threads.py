"""Maps trained in several threads at a time, and what is left of them afterwards."""

import os
import platform
import re
import subprocess
import sys
import time
from pathlib import Path
from threading import get_ident
from types import ModuleType

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import somkit
from somkit import resolve
from somkit.kernels import map_blocks, one_blas_thread


def blas_threads():
    """Return the numbers of threads that BLAS may use; not that of scipy, which no sum here is taken with."""
    found = [library for library in threadpool_info() if library["user_api"] == "blas"]
    return {library["num_threads"] for library in found if "scipy.libs" not in library["filepath"]}


def test_blas_gets_its_threads_back_when_the_last_of_several_fits_ends():
    """Fits that overlap hold it to one thread from the first to the last, whichever began or ended first."""
    with threadpool_limits(2, user_api="blas"):
        first, second = one_blas_thread(), one_blas_thread()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert blas_threads() == {1}
        second.__exit__(None, None, None)
        assert blas_threads() == {2}


def threads_at_work():
    """Return how many threads take part where two may."""
    return len({thread for _, thread in map_blocks(lambda _: (time.sleep(0.05), get_ident()), 8, n_jobs=2)})


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_starts_threads_of_its_own():
    """Those kept for the next time do not live on in it."""
    assert threads_at_work() == 2
    child = os.fork()
    if not child:
        os._exit(threads_at_work())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2


def test_nothing_of_a_map_that_was_given_up_goes_on():
    """Blocks that others have begun are waited for, and those that nobody has begun are not."""
    begun, ended = [], []

    def work(number):
        begun.append(number)
        time.sleep(0.05)
        ended.append(number)

    blocks = map_blocks(work, 8, n_jobs=2)
    next(blocks)
    blocks.close()
    assert sorted(begun) == sorted(ended)
    count = len(begun)
    time.sleep(0.2)
    assert len(begun) == count < 8


def test_topologies_are_spelt_while_another_thread_loads_networkx(monkeypatch):
    """A module that is only half loaded has no names yet; another map on a graph loads it when it is fitted."""
    monkeypatch.setitem(sys.modules, "networkx", ModuleType("networkx"))
    assert resolve("topology", "grid:rows=2").rows == 2


def test_parts_of_scipy_are_loaded_after_what_holds_them():
    """`from scipy.spatial.distance import cdist` fails while another thread is halfway through scipy.spatial."""
    sources = "".join(file.read_text("utf-8") for file in Path(somkit.__file__).parent.rglob("*.py"))
    assert re.findall(r"(?:from|import) scipy\.\w+\.\w+.*", sources) == []


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be brought to keep what is freed")
def test_memory_freed_by_an_epoch_is_kept_for_the_next():
    """A fit after the first takes hardly a new page from the system: each costs some microseconds."""
    program = """
import resource, numpy, somkit
X = numpy.random.default_rng(0).random((2_000, 4))
recipe = somkit.Recipe(topology="grid:rows=10,columns=10", trainer="online", epochs=5, random_state=0)
taken = [resource.getrusage(resource.RUSAGE_SELF).ru_minflt for _ in range(4) if recipe.fit(X)]
print(taken[3] - taken[2])
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert int(done.stdout) < 100
