"""Every case, somkit and its peers side by side: one command that installs, runs in rounds, judges and writes results.

    python benchmarks/run.py [--cases A1 ...] [--programs somkit ...] [--rounds 3] [--quick] [--with-r] [--output DIR]

Needs nothing but Python; each program runs in a process of its own, in the peers' or in somkit's environment.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import environments
from cases import CASES, THREADED, Case, Cut, curves
from environments import HERE, PEERS, SOMKIT, interpreter

LIMIT = 3600  # seconds for one process
EXTRAS = ("S1", "S2", "S3", "T1", "K1")  # scaling curves, threads, kernels

Row = dict[str, Any]


class Programs:
    """Starts the programs, in a folder for what they share."""

    def __init__(self, folder: Path, missing: dict[str, str]) -> None:
        self.folder, self.missing = folder, missing

    def ask(self, environment: Path, script: str, variables: dict[str, str] | None = None, **task: Any) -> Row:
        """Run a script on a task and return its answer, or ``{"error": ...}``."""
        command = [interpreter(environment), HERE / script, json.dumps({**task, "work": str(self.folder)})]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=LIMIT, cwd=self.folder,
                env={**os.environ, **(variables or {})},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return {"error": f"took more than {LIMIT} s"}
        if done.returncode:
            return {"error": (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1][:300]}
        return dict(json.loads(done.stdout.splitlines()[-1]))

    def prepare(self, case: Case) -> None:
        """Make the data and the starting codebook of a case."""
        said = self.ask(SOMKIT, "arbiter.py", do="prepare", case=case.document())
        if "error" in said:
            message = f"case {case.name} cannot be prepared: {said['error']}"
            raise SystemExit(message)

    def run(self, case: Case, program: str, number: int, *, judged: bool = True, n_jobs: int | None = None) -> Row:
        """Run one program on a case once; the first time, judge what it leaves."""
        cut = case.runs[program]
        row: Row = {"case": case.name, "program": program, "round": number, "cut": scale(case, cut) != 1}
        if program in self.missing:
            return {**row, "missing": self.missing[program]}
        file = f"{case.name}-left.npy"
        task: Row = {"case": case.document(), "cut": vars(cut), "program": program, "file": file, "n_jobs": n_jobs}
        if program.startswith("somkit"):
            variables = {"SOMKIT_KERNELS": "numpy"} if program == "somkit-numpy" else {}
            said = self.ask(SOMKIT, "ours.py", variables, **task)
        else:
            said = self.ask(PEERS, "peers.py", **task)
        if "error" not in said:
            said["seconds_full"] = said["seconds"] * scale(case, cut)
            if judged and number == 0 and not row["cut"] and case.kind != "epochs":
                said.update(self.ask(SOMKIT, "arbiter.py", do="judge", case=case.document(), file=file))
        return {**row, **said}


def scale(case: Case, cut: Cut) -> float:
    """Return how many times the reduced work goes into the whole."""
    whole = case.n / (cut.n or case.n) if case.kind != "online" else 1.0
    if case.kind == "online":
        return whole * case.updates / (cut.updates or case.updates)
    return whole * case.epochs / (cut.epochs or case.epochs)


def told(row: Row) -> str:
    """Say in a line what a run gave."""
    name = f"{row['case']:16s} {row['program']:20s} round {row['round'] + 1}: "
    if "seconds" not in row:
        return name + (f"missing: {row['missing']}" if "missing" in row else f"FAILED: {row.get('error')}")
    known = ("quantisation_error", "topographic_error", "wrong_units")
    quality = [f"{key} {row[key]:.4f}" for key in known if key in row]
    return name + f"{'~' if row['cut'] else ''}{row['seconds_full']:.4g} s  {'  '.join(quality)}"


def in_rounds(programs: Programs, cases: list[Case], rounds: int) -> Iterator[Row]:
    """Yield every run: round by round, and within a case the programs in turn, each round beginning with another."""
    for number in range(rounds):
        for case in cases:
            order = list(case.runs)
            turn = number % len(order)
            for program in order[turn:] + order[:turn]:
                yield programs.run(case, program, number)


def threads(programs: Programs, cases: list[Case]) -> Iterator[Row]:
    """Yield the SHA-256 of the codebook for 1, 2, 4 and 8 threads."""
    for case in cases:
        for n_jobs in (1, 2, 4, 8):
            row = programs.run(case, "somkit", 0, judged=False, n_jobs=n_jobs)
            yield {**row, "threads": n_jobs}


def kernel_rows(*, quick: bool) -> list[Row]:
    """Return the micro-benchmarks of the kernels."""
    command = [interpreter(SOMKIT), HERE / "kernels.py", "--json", *(["--quick"] if quick else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE)
    if done.returncode:
        return [{"error": (done.stderr.strip().splitlines() or ["failed"])[-1][:300]}]
    return list(json.loads(done.stdout.splitlines()[-1]))


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = [case.name for case in CASES] + list(EXTRAS)
    parser.add_argument("--cases", nargs="+", metavar="CASE", help=f"A1 takes in A1-covtype; of {', '.join(known)}")
    parser.add_argument("--programs", nargs="+", metavar="PROGRAM", help="only these, of those that a case names")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the table (default 3); curves take one")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: shows that all runs, not how fast")
    parser.add_argument("--with-r", action="store_true", help="install R and its kohonen with apt-get")
    parser.add_argument("--output", type=Path, help="where the results go (default benchmarks/, --quick: a new folder)")
    asked = parser.parse_args()
    asked.chosen = [name for name in known if not asked.cases or {name, name.split("-")[0]} & set(asked.cases)]
    strange = set(asked.cases or ()) - set(known) - {name.split("-")[0] for name in known}
    if strange:
        parser.error(f"no case {', '.join(sorted(strange))}; there are {', '.join(known)}")
    return asked


def measure(asked: argparse.Namespace, programs: Programs, cases: list[Case], found: dict[str, list[Row]]) -> None:
    """Run everything that was asked for; what is done is in ``found`` even if something stops it."""
    for case in cases:
        programs.prepare(case)

    def keep(kind: str, rows: Iterator[Row]) -> None:
        for row in rows:
            print(told(row), flush=True)
            found[kind].append(row)

    if "K1" in asked.chosen:
        found["kernels"] = kernel_rows(quick=asked.quick)
    keep("rows", in_rounds(programs, cases, asked.rounds))
    if "T1" in asked.chosen:
        by_name = {case.name: case.quick() if asked.quick else case for case in CASES}
        for name in THREADED:
            programs.prepare(by_name[name])
        keep("threads", threads(programs, [by_name[name] for name in THREADED]))
    for curve, points in curves().items():
        chosen = [case.quick() if asked.quick else case for case in points] if curve in asked.chosen else []
        for case in chosen:
            programs.prepare(case)
        keep("curves", in_rounds(programs, chosen, 1))


def main() -> None:
    """Install, run, judge, write."""
    asked, load = arguments(), os.getloadavg()[0]  # before there is work of our own
    cases = [case.quick() if asked.quick else case for case in CASES if case.name in asked.chosen]
    if asked.programs:
        cases = [replace(case, runs={p: cut for p, cut in case.runs.items() if p in asked.programs}) for case in cases]
        cases = [case for case in cases if case.runs]
    wanted = {program for case in cases for program in case.runs}
    wanted |= {"xpysom"} if {"S1", "S2", "S3"} & set(asked.chosen) else set()
    print("installing somkit from a copy of the checkout ...", flush=True)
    environments.install_somkit(HERE.parent)
    missing = environments.install_peers(wanted)
    if "kohonen" in wanted and (reason := environments.install_kohonen(with_r=asked.with_r)):
        missing["kohonen"] = reason
    output = asked.output or (Path(tempfile.mkdtemp(prefix="somkit-quick-")) if asked.quick else HERE)
    output.mkdir(parents=True, exist_ok=True)
    begun = datetime.now(UTC)
    about = {
        "date": begun.date().isoformat(), "quick": asked.quick, "rounds": asked.rounds, "missing": missing,
        "load_before": round(load, 2), "machine": environments.machine(),
        "cases": {case.name: {**case.document(), "runs": list(case.runs)} for case in cases},
    }  # fmt: skip
    found: dict[str, list[Row]] = {"rows": [], "curves": [], "threads": [], "kernels": []}
    try:
        with tempfile.TemporaryDirectory(prefix="somkit-benchmarks-") as folder:
            measure(asked, Programs(Path(folder), missing), cases, found)
    finally:
        (output / "results.json").write_text(json.dumps({**about, **found}, indent=1) + "\n", encoding="utf-8")
        subprocess.run([interpreter(SOMKIT), HERE / "report.py", output], check=True)
        print(f"wrote results.json, results.md and pictures to {output}")


if __name__ == "__main__":
    main()
