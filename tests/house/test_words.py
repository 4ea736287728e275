"""The rules of plain writing that a tool can check: private words, untyped people, long functions."""

import ast
import re
from collections import defaultdict
from pathlib import Path

from tests.house.rooms import COLUMN, ROOT

SOURCES = [
    path
    for room in COLUMN
    for path in sorted((ROOT / room).rglob("*.py"))
    if "migrations" not in path.parts and "__pycache__" not in path.parts
]
TEXTS = [
    *SOURCES,
    *sorted((ROOT / "templates").rglob("*.html")),
    *sorted((ROOT / "templates").rglob("*.txt")),
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *(ROOT / name for name in ("Makefile", "Dockerfile", "docker-compose.yml", "pyproject.toml")),
    *sorted((ROOT / "static/js").glob("*.js")),
    *(path for path in sorted((ROOT / "tests").rglob("*.py")) if path != Path(__file__)),
    *(path for folder in ("bench", "chaos") for path in sorted((ROOT / folder).rglob("*.py"))),
]
# Words and idioms of an early version that a stranger cannot know. Each has a standard word instead.
BANNED = {
    r"\bmend(s|ed|ing)?\b": "fix",
    r"\bbefell\b": "happened",
    r"\bhearken\b": "listen",
    r"\bin hand\b": "acknowledged, claimed or in progress",
    r"\bstands? on (it|the|an|no|which|that)\b": "is on",
    r"\bstands? there\b": "is there",
    r"\blets? go of\b": "releases",
    r"\bis born\b|\bare born\b|\bbirths?\b": "is created, creation",
    r"\bkin\b": "related",
    r"\bthe ladder calls\b": "escalated to you",
    r"\bwhat is wanted\b": "what is needed",
    r"\bat hand\b": "available",
    r"\b(?<!/)rota\b": "rotation, roster",
    r"\bnursery\b": "worker pool",
    r"\banew\b": "again",
    r"\bhang(s|ing)? (on|below)\b|\bhung on\b": "belongs to, is under",
    r"\bcarr(y|ies|ied) no truth\b": "has no data",
    r"\bthe roof\b": "riskhub",
    r"\bforerunner\b": "previous",
    r"\bin earnest\b": "in production",
    r"\bfor ever\b": "permanently",
    r"\blook(s|ed)? at\b": "checks, reviews",
    r"\bstands? on a\b": "is on",
    r"\bconcerns?\b": "is about, affects",
    r"\bpresent (rows?|ones?|state|version)\b": "current",
    r"\bto come\b": "upcoming",
    r"\bone (module|list|file|function|line) a \w+": "per",
    r"\bwhat (came|comes|became|becomes) of\b": "the result of, related",
    r"\bhand(s|ed|ing)? on\b": "process",
    r"\bworked off\b": "processed",
    r"\bbear(s|ing)?\b": "has",
    r"\bhears?\b": "receives",
    r"\bgathers?\b": "collects",
    r"\bof (one's|our) own\b": "separate, embedded",
    r"\blets? slip\b": "shows",
    r"\bwho(ever)? (acts|acted) (is|was)\b": "the actor",
}
MAX_FUNCTION = 45
MAX_FILE = 420


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_private_word_is_left():
    # One search a line, because there are many. If all patterns begin with a boundary and letters, the
    # engine skips a word by its first letter. It cannot do that with IGNORECASE.
    any_of_them = re.compile("|".join(BANNED))
    wrong = [
        f"{_name(path)}:{number} “{match[0]}”: write {instead}"
        for path in TEXTS
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if any_of_them.search(line.lower())
        for pattern, instead in BANNED.items()
        if (match := re.search(pattern, line, re.IGNORECASE))
    ]

    assert wrong == []


def test_people_are_typed_and_an_ignored_type_says_why():
    wrong = []
    for path in SOURCES:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(r"\b(user|reader|person): Any\b", line):
                wrong.append(f"{_name(path)}:{number} names the person Any")
            ignored = re.search(r"# type: ignore(\[[\w\-, ]+\])?(.*)$", line)
            if ignored and not re.search(r"#\s*\w", ignored[2]):
                wrong.append(f"{_name(path)}:{number} ignores a type without a reason")

    assert wrong == []


def test_functions_and_files_stay_short():
    wrong = []
    measured = [path for folder in ("bench", "chaos") for path in sorted((ROOT / folder).rglob("*.py"))]
    for path in [*SOURCES, *measured]:
        text = path.read_text()
        if (lines := text.count("\n")) > MAX_FILE:
            wrong.append(f"{_name(path)} has {lines} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > MAX_FUNCTION:
                    wrong.append(f"{_name(path)}:{node.lineno} {node.name} has {length} lines")

    assert wrong == []


def test_a_class_name_has_one_meaning():
    places = defaultdict(list)
    for path in SOURCES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and node.name not in {"Command", "Meta"}:
                places[node.name].append(_name(path))

    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}
