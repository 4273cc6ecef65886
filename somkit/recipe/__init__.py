"""Recipe: every part of a map, resolved and frozen; and how files that hold one are read."""

from __future__ import annotations

from somkit.recipe.files import load, load_checkpoint
from somkit.recipe.recipe import NO_SCALE, PARTS, Recipe, read_toml, warn_if_uneven

__all__ = ["NO_SCALE", "PARTS", "Recipe", "load", "load_checkpoint", "read_toml", "warn_if_uneven"]
