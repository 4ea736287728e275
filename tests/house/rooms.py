"""The rooms in the order of the column, the lowest first, as pyproject.toml has it for import-linter."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
# "rest | pages" are two rooms at the same height.
COLUMN = tuple(room for layer in reversed(_CONTRACTS[0]["layers"]) for room in layer.split(" | "))
