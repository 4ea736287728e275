"""Templates: every verb has a line, none is unused, nothing inline."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = [
    "kit",
    "rest",
    "history",
    "people",
    "actions",
    "catalogue",
    "signals",
    "risklog",
    "learnings",
    "meetings",
    "notices",
    "riskhub",
]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
CODE = {
    path: path.read_text()
    for room in ROOMS
    for path in sorted((ROOT / room).rglob("*.py"))
    if "migrations" not in path.parts
}


def verbs() -> set[str]:
    """Every event verb written in the code: "room.noun_pasttense" in MOVES and in calls of history."""
    found = set()
    for path, text in CODE.items():
        if not any(part.startswith(("operations", "states")) for part in path.relative_to(ROOT).parts):
            continue
        for node in ast.walk(ast.parse(text)):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.fullmatch(r"[a-z]+\.[a-z]+_[a-z_]+", node.value)
            ):
                found.add(node.value)
    return found


def test_every_verb_has_a_history_line():
    have = {path.stem for path in (ROOT / "templates/history/lines").glob("*.html")}
    dues = set(
        re.findall(r'"([a-z]+\.[a-z_]+)"', " ".join(t for p, t in CODE.items() if p.name == "flows.py"))
    )

    assert sorted(verbs() - have - dues) == []


def test_no_template_is_unused():
    text = " ".join(CODE.values()) + " ".join(path.read_text() for path in TEMPLATES)
    unused = []
    for path in TEMPLATES:
        name = str(path.relative_to(ROOT / "templates"))
        if name.startswith(("history/lines/", "notices/", "errors/")):
            continue  # chosen by verb or status
        if name not in text:
            unused.append(name)

    assert unused == []


def test_nothing_is_inline_and_nothing_needs_eval():
    wrong = []
    for path in TEMPLATES:
        if "notices" in path.parts:
            continue  # mails are read elsewhere, and cannot link a style sheet
        text = path.read_text()
        for bad in (
            r"\sstyle=",
            r"<style",
            r"\son[a-z]+=",
            r"hx-on",
            r"js:",
            r"javascript:",
            r"hx-trigger=\"[^\"]*\[",
        ):
            if re.search(bad, text):
                wrong.append(f"{path.relative_to(ROOT)}: {bad}")
        for script in re.findall(r"<script[^>]*>", text):
            if "src=" not in script:
                wrong.append(f"{path.relative_to(ROOT)}: {script}")

    assert wrong == []
