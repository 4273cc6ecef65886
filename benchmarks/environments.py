"""The two environments: the peers' own, and somkit's, installed from a copy of the checkout and not editable."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PEERS, SOMKIT = HERE / ".venv-peers", HERE / ".venv-somkit"
PACKAGES = {
    "xpysom": "xpysom", "intrasom": "intrasom", "minisom": "minisom", "faiss": "faiss-cpu", "torch": "torch==2.13.0",
}  # fmt: skip
R_PACKAGES = ("r-base-core", "r-cran-kohonen")
LEFT_OUT = shutil.ignore_patterns(".*", "benchmarks", "build", "dist", "*.egg-info", "__pycache__", "*.so", "*.pyd")
VERSIONS = """
import importlib.metadata, json
print(json.dumps({one.name.lower(): one.version for one in importlib.metadata.distributions()}))
"""


def interpreter(environment: Path) -> Path:
    """Return the Python of an environment."""
    return environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _made(environment: Path) -> Path:
    if not interpreter(environment).exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
    return interpreter(environment)


def _pip(python: Path, *what: str) -> str:
    """Install and return "" or, in a line, why not."""
    command = [python, "-m", "pip", "install", "--quiet", *what]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["pip failed"])[-1]


def install_somkit(checkout: Path) -> None:
    """Install somkit from a copy, so that nothing is built inside the checkout, and stop where that fails."""
    python = _made(SOMKIT)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "somkit"
        shutil.copytree(checkout, copy, ignore=LEFT_OUT)
        failed = _pip(python, str(copy))
    if failed:
        message = f"somkit cannot be installed: {failed}"
        raise SystemExit(message)


def versions(environment: Path) -> dict[str, str]:
    """Return what is installed in an environment."""
    said = subprocess.run([interpreter(environment), "-c", VERSIONS], capture_output=True, text=True, check=True)
    return dict(json.loads(said.stdout))


def install_peers(wanted: set[str]) -> dict[str, str]:
    """Install the wanted peers one by one and return those that are missing, with the reason."""
    python, missing = _made(PEERS), {}
    for peer in sorted(wanted & PACKAGES.keys()):
        name = PACKAGES[peer].split("==")[0]
        if name not in versions(PEERS):
            print(f"installing {name} ...", flush=True)
            if failed := _pip(python, PACKAGES[peer]):
                missing[peer] = failed
    return missing


def install_kohonen(*, with_r: bool) -> str:
    """Find R's kohonen, install it from the system's packages if asked to or if R is there; return "" or why not."""
    check = ["Rscript", "-e", "library(kohonen)"]

    def works() -> bool:
        return bool(shutil.which("Rscript")) and subprocess.run(check, capture_output=True, check=False).returncode == 0

    if works():
        return ""
    if not (with_r or shutil.which("Rscript")):
        return "Rscript is not here; run with --with-r to install it"
    if not shutil.which("apt-get"):
        return "no apt-get here; install R and its package kohonen by hand"
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *R_PACKAGES]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if works() else (done.stderr.strip().splitlines() or ["R's kohonen cannot be loaded"])[-1]


def _kohonen_version() -> str | None:
    if not shutil.which("Rscript"):
        return None
    command = ["Rscript", "-e", 'cat(as.character(packageVersion("kohonen")))']
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    return said.stdout.strip() if said.returncode == 0 else None


def machine() -> dict[str, Any]:
    """Return what ran the benchmark, without its name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    peers, ours = versions(PEERS) if PEERS.exists() else {}, versions(SOMKIT)
    found = {peer: peers.get(package.split("==")[0]) for peer, package in PACKAGES.items()}
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "somkit": {name: ours.get(name) for name in ("somkit", "numpy", "scipy")},
        "peers": {**found, "numpy": peers.get("numpy"), "kohonen": _kohonen_version()},
    }
