"""Style sheets and scripts: every class has a rule, every rule is used, names are words, files are short.

Mails are left out, because their classes are in a separate sheet (templates/notices/_mail_layout.html).
"""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from pages.static_files import INDEX

ROOT = Path(__file__).resolve().parents[2]
SHEETS = sorted((ROOT / "static/css").rglob("*.css"))
SCRIPTS = sorted((ROOT / "static/js").glob("*.js"))
MAILS = re.compile(r"templates/notices/(\w+/|_mail_layout|_mail_style|_limits)")
TEMPLATES = [p for p in sorted((ROOT / "templates").rglob("*.html")) if not MAILS.search(p.as_posix())]
# The example of a new room, which people copy.
EXAMPLES = sorted((ROOT / "tests/notebook/templates").rglob("*.html"))
# Python that writes markup or names of classes.
MARKUP = [
    *(ROOT / "pages").rglob("*.py"),
    *(path for path in ROOT.glob("*/templatetags/*.py")),
    *(path for path in ROOT.glob("*/forms*/**/*.py")),
    *ROOT.glob("*/forms.py"),
    *ROOT.glob("*/queries/*.py"),
]
TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
ATTRIBUTE = re.compile(r'(?<![\w-])(?:class|css)="((?:\{%.*?%\}|\{\{.*?\}\}|[^"{]|\{(?![%{]))*)"', re.DOTALL)
BLOCK = re.compile(r"\{% block (?:sheet|column_class) %\}([^{]*)\{% endblock")

# Classes that need no rule, with their purpose.
WITHOUT_RULE: dict[str, str] = {}
# Abbreviations that look like words. A segment without a vowel or under three letters always counts as one.
NOT_WORDS = frozenset(
    ("acc", "cap", "cur", "err", "idx", "num", "opt", "pos", "prev", "sec", "sel", "seg", "skel", "val")
)
SHORT_WORDS = frozenset(("no", "on"))


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def rules() -> dict[str, str]:
    """Return each class that a selector names, with its sheet."""
    found: dict[str, str] = {}
    for path in SHEETS:
        for selector in re.findall(r"([^{};]+)\{", without_comments(path.read_text())):
            if selector.strip().startswith("@"):
                continue
            plain = re.sub(r'"[^"]*"', "", selector)
            for name in re.findall(r"\.([A-Za-z][\w-]*)", plain):
                found.setdefault(name, path.relative_to(ROOT).as_posix())
    return found


def literals(value: str) -> tuple[set[str], set[str]]:
    """Return the names in a class attribute: whole ones, and prefixes before a variable (`level-{{ n }}`)."""
    names: set[str] = set()
    beginnings: set[str] = set()
    text = re.sub(r"\{%.*?%\}", " ", value, flags=re.DOTALL)
    for word in re.sub(r"\{\{.*?\}\}", "\0", text, flags=re.DOTALL).split():
        if "\0" not in word:
            names.add(word)
        elif word.split("\0")[0]:
            beginnings.add(word.split("\0")[0])
    return names, beginnings


def written(paths: Iterable[Path] = (*TEMPLATES, *MARKUP)) -> tuple[dict[str, str], dict[str, str]]:
    """Return names and prefixes in class attributes of these files, each with one of the files."""
    names: dict[str, str] = {}
    beginnings: dict[str, str] = {}
    for path in paths:
        text = re.sub(r"\{#.*?#\}", "", path.read_text())
        if path.suffix == ".py":
            text = re.sub(r"\{[^{}]*\}", "{{ it }}", text)
        for value in [*ATTRIBUTE.findall(text), *BLOCK.findall(text)]:
            whole, begun = literals(value)
            names |= dict.fromkeys(whole - set(names), path.relative_to(ROOT).as_posix())
            beginnings |= dict.fromkeys(begun, path.relative_to(ROOT).as_posix())
    return names, beginnings


def words_in_code() -> set[str]:
    """Return every word in the strings of scripts and of Python that names classes."""
    text = " ".join(path.read_text() for path in [*SCRIPTS, *MARKUP])
    return set(re.findall(r"[a-z][a-z0-9-]*", " ".join(re.findall(r'"[^"\n]*"|`[^`]*`', text))))


def begins(name: str, beginnings: Iterable[str]) -> bool:
    return any(name.startswith(beginning) for beginning in beginnings)


def test_every_class_in_a_template_has_a_rule_or_a_use_in_a_script() -> None:
    names, beginnings = written([*TEMPLATES, *EXAMPLES, *MARKUP])
    known = set(rules()) | set(WITHOUT_RULE)
    in_scripts = set(re.findall(r"\.([a-z][\w-]*)", " ".join(path.read_text() for path in SCRIPTS)))
    lost = {name: path for name, path in names.items() if name not in known | in_scripts}
    lost |= {
        start: path for start, path in beginnings.items() if not any(name.startswith(start) for name in known)
    }

    assert lost == {}


def test_every_rule_has_a_use() -> None:
    names, beginnings = written()
    in_code = words_in_code()
    beginnings |= {word: "" for word in in_code if word.endswith("-")}
    used = set(names) | in_code

    assert {n: path for n, path in rules().items() if n not in used and not begins(n, beginnings)} == {}


def test_every_allowed_class_is_still_used() -> None:
    names, _ = written()

    assert set(WITHOUT_RULE) <= set(names)


def is_word(segment: str) -> bool:
    if segment.isdigit() or segment in SHORT_WORDS:
        return True
    return len(segment) >= 3 and bool(re.search("[aeiouy]", segment)) and segment not in NOT_WORDS


@pytest.mark.parametrize("name", ["ag-i", "mt-st", "btn", "button-p", "rail-sec", "lvl"])
def test_an_abbreviation_is_distinguished_from_a_word(name: str) -> None:
    assert not all(is_word(segment) for segment in name.split("-"))


def test_the_names_of_classes_and_tokens_are_whole_words() -> None:
    tokens = set(re.findall(r"(?m)^\s*--([\w-]+):", " ".join(path.read_text() for path in SHEETS)))

    assert sorted(n for n in set(rules()) | tokens if not all(is_word(part) for part in n.split("-"))) == []


@pytest.mark.parametrize("path", SHEETS, ids=lambda p: p.relative_to(ROOT / "static/css").as_posix())
def test_a_line_of_a_style_sheet_holds_one_declaration(path: Path) -> None:
    text = re.sub(r'"[^"]*"', '""', without_comments(path.read_text()))
    crowded = [
        line for line in text.splitlines() if line.count(";") > 1 or re.search(r"\{.*:.*;|;.*\}", line)
    ]

    assert crowded == []


def test_the_index_names_every_part_once() -> None:
    named = re.findall(r'@import url\("([^"]+)"\)', (ROOT / "static" / INDEX).read_text())
    parts = [path.relative_to(ROOT / "static/css").as_posix() for path in SHEETS if path.name != "index.css"]

    assert sorted(named) == sorted(parts)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda p: p.name)
def test_a_script_is_short_and_its_exports_are_described(path: Path) -> None:
    text = path.read_text()

    assert len(text.splitlines()) <= 150
    for export in re.finditer(r"^export ", text, flags=re.MULTILINE):
        assert text[: export.start()].rstrip().endswith("*/"), text[export.start() :].splitlines()[0]
