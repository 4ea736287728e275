"""The rooms in the order of the column, the lowest first."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COLUMN = (
    "kit",
    "lists",
    "rest",
    "pages",
    "history",
    "people",
    "talk",
    "actions",
    "catalogue",
    "signals",
    "risklog",
    "learnings",
    "meetings",
    "notices",
    "riskhub",
)
