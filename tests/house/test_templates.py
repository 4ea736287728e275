"""Templates: every verb has a history line, none is unused, nothing is inline, and all are readable."""

import ast
import re
from pathlib import Path

from kit import rights
from tests.house.rooms import COLUMN, ROOT

TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
CODE = {
    path: path.read_text()
    for room in COLUMN
    for path in sorted((ROOT / room).rglob("*.py"))
    if "migrations" not in path.parts
}


def verbs() -> set[str]:
    """Return every event verb in the code: "room.noun_pasttense" in MOVES and in calls of history."""
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

    assert sorted(verbs() - have - dues - rights.names()) == []


def test_no_template_is_unused():
    text = " ".join(CODE.values()) + " ".join(path.read_text() for path in TEMPLATES)
    unused = []
    for path in TEMPLATES:
        name = str(path.relative_to(ROOT / "templates"))
        if name.startswith(("history/lines/", "notices/", "django/forms/")):
            continue  # chosen by verb, or by a widget of Django
        if name not in text:
            unused.append(name)

    assert unused == []


def test_nothing_is_inline_and_nothing_needs_eval():
    wrong = []
    for path in TEMPLATES:
        if "notices" in path.parts:
            continue  # mails are read in mail programs, and cannot link a style sheet
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


OPENING_TAG = re.compile(r"<[a-zA-Z]")
# Browsers show a newline as a space, so a comma at the beginning of a line has a space before it on the page.
LOOSE_COMMA = re.compile(r"^\s*(?:{%[^%]*%})*[,.;:](?:\s|{|$)")
LONGEST_LINE, MOST_TAGS, MOST_LINES = 120, 3, 120


def unreadable(text: str) -> list[str]:
    """Return the faults of a template, one line each: packed lines, and too many lines."""
    lines = text.splitlines()
    wrong = [f"has {len(lines)} lines; split it into partials"] if len(lines) > MOST_LINES else []
    for number, line in enumerate(lines, start=1):
        if len(line) > LONGEST_LINE:
            wrong.append(f"line {number} has {len(line)} characters")
        if len(tags := OPENING_TAG.findall(line)) > MOST_TAGS:
            wrong.append(f"line {number} opens {len(tags)} elements")
        if LOOSE_COMMA.match(line):
            wrong.append(f"line {number} begins with a punctuation mark")
    return wrong


def test_templates_are_readable():
    wrong = []
    for path in TEMPLATES:
        name = str(path.relative_to(ROOT / "templates"))
        wrong += [f"{name} {what}" for what in unreadable(path.read_text())]

    assert wrong == []


_INCLUDE = re.compile(r'{% include "([^"]+)"([^%]*)%}')


def includes_without_token(texts: dict[str, str]) -> list[str]:
    """Return the includes with `only` of templates with a form, to which they do not pass the CSRF token.

    Django gives an isolated template no token, so its form is answered 403. texts: of templates, by name.
    """
    needing = {name for name, text in texts.items() if "{% csrf_token %}" in text}
    included = {name: {found for found, _ in _INCLUDE.findall(text)} for name, text in texts.items()}
    while more := {name for name, names in included.items() if names & needing} - needing:
        needing |= more
    return [
        f"{name} includes {found}"
        for name, text in texts.items()
        for found, options in _INCLUDE.findall(text)
        if found in needing and "only" in options.split() and "csrf_token=csrf_token" not in options
    ]


def test_an_isolated_form_gets_its_token():
    texts = {str(path.relative_to(ROOT / "templates")): path.read_text() for path in TEMPLATES}

    assert includes_without_token(texts) == []


def test_a_missing_token_is_found():
    texts = {
        "page.html": '{% include "middle.html" with row=row only %}{% include "form.html" %}',
        "middle.html": '{% include "form.html" with row=row csrf_token=csrf_token only %}',
        "form.html": "<form>{% csrf_token %}</form>",
    }

    assert includes_without_token(texts) == ["page.html includes middle.html"]


def test_the_readability_check_can_fail():
    packed = "<p>" * 4 + "\n" + "x" * 121 + "\n  {% if more %}, more{% endif %}" + "\n" * 120

    assert unreadable(packed) == [
        "has 122 lines; split it into partials",
        "line 1 opens 4 elements",
        "line 2 has 121 characters",
        "line 3 begins with a punctuation mark",
    ]


def blocks(path: Path) -> list[tuple[str, int]]:
    """Return the name of each block of a template, and how many blocks it is inside of."""
    found, depth = [], 0
    for tag, name in re.findall(r"{%\s*(block|endblock)\b\s*(\w*)", path.read_text()):
        if tag == "block":
            found.append((name, depth))
        depth += 1 if tag == "block" else -1
    return found


def parents(path: Path) -> list[Path]:
    """Return the templates that a template extends, the nearest first."""
    extends = re.search(r'{%\s*extends "([^"]+)"', path.read_text())
    return [parent := ROOT / "templates" / extends[1], *parents(parent)] if extends else []


def test_blocks_are_unique_and_fill_one_of_a_parent():
    """A block that no parent has is never shown. Django refuses a duplicate block only at rendering."""
    wrong = []
    for path in (*TEMPLATES, *sorted((ROOT / "templates").rglob("*.txt"))):
        own = blocks(path)
        names = [name for name, _ in own]
        wrong += [f"{path.relative_to(ROOT)}: {name} twice" for name in names if names.count(name) > 1]
        if above := parents(path):
            known = {name for parent in above for name, _ in blocks(parent)}
            wrong += [
                f"{path.relative_to(ROOT)}: {name} is in no parent"
                for name, depth in own
                if depth == 0 and name not in known
            ]

    assert wrong == []


def test_an_empty_block_is_filled_somewhere():
    filled = {name for path in TEMPLATES if parents(path) for name, _ in blocks(path)}
    empty = {
        name
        for path in TEMPLATES
        for name in re.findall(r"{%\s*block (\w+)\s*%}{%\s*endblock", path.read_text())
    }

    assert sorted(empty - filled) == []


def test_a_named_part_is_used():
    """An inline part is shown in its page. A view that answers with only the part names `page.html#part`."""
    text = " ".join(CODE.values()) + " ".join(path.read_text() for path in TEMPLATES)
    unused = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in TEMPLATES
        for name in re.findall(r"{%\s*partialdef ([\w-]+)", path.read_text())
        if not re.search(rf"#{name}\b|[\"']{name}[\"']|partial {name}\b", text)
    ]

    assert unused == []
