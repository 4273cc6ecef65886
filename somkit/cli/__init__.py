"""The ``somkit`` command."""

from somkit.cli.app import main

__all__ = ["main"]
