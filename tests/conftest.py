"""Hypothesis profiles, and distributions of this repository installed to be tested.

The profile `dev` looks for new examples every time, `ci` tries the same ones on every machine.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib

import pytest
from hypothesis import settings

from somkit.testing import FakeDistribution

settings.register_profile("dev", max_examples=40, deadline=None)
settings.register_profile("ci", max_examples=40, deadline=None, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def _can_build():
    found = [importlib.util.find_spec(name) for name in ("pip", "setuptools", "wheel")]
    return None not in found


@pytest.fixture(scope="session")
def install_distribution(tmp_path_factory):
    """Return a function that installs a distribution's source into a folder: by pip where it can build, else laid out alike."""

    def install(source):
        folder, copied = tmp_path_factory.mktemp("target"), tmp_path_factory.mktemp("source") / source.name
        shutil.copytree(source, copied)  # building leaves things behind
        if _can_build():
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
            command = [*pip, "--disable-pip-version-check", "--target", str(folder), str(copied)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            return folder
        project = tomllib.loads((copied / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        plugins = project["entry-points"]["somkit"]
        FakeDistribution(name=project["name"], version=project["version"], plugins=plugins).write(folder)
        shutil.copytree(copied / "src", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.egg-info"))
        return folder

    return install
