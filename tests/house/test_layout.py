"""Rules of the layout that import-linter cannot check: strings, templates, names."""

import ast
import re
from pathlib import Path

from django.apps import apps
from django.db.models import ForeignObject

from tests.house.rooms import COLUMN, ROOT

HEIGHT = {room: height for height, room in enumerate(COLUMN)}
SOURCES = [
    path
    for room in COLUMN
    for path in sorted((ROOT / room).rglob("*.py"))
    if "migrations" not in path.parts and "__pycache__" not in path.parts
]


def _room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_foreign_keys_point_down_and_leave_no_accessor_in_a_lower_room():
    wrong = []
    for model in apps.get_models():
        if model._meta.app_label not in HEIGHT:
            continue
        for field in model._meta.get_fields():
            if not isinstance(field, ForeignObject) or field.auto_created:
                continue
            here, there = model._meta.app_label, field.related_model._meta.app_label
            if there not in HEIGHT:
                wrong.append(f"{model._meta.label}.{field.name} points out of the house, to {there}")
            elif HEIGHT[there] > HEIGHT[here]:
                wrong.append(f"{model._meta.label}.{field.name} points up, to {there}")
            elif here != there and not field.remote_field.hidden:
                wrong.append(
                    f"{model._meta.label}.{field.name} hangs an accessor on {there}: related_name='+'"
                )

    assert wrong == []


def _clock_calls(node: ast.Call, path: Path) -> list[str]:
    """What is wrong with a call that asks for the present: there is one clock, and operations take `at`."""
    called = ast.unparse(node.func)
    if called in {"clock.now", "clock.today"} and "operations" in str(path):
        return ["an operation asks the clock instead of taking `at`"]
    is_another = called in {"timezone.now", "datetime.now"} or (
        called in {"timezone.localdate", "timezone.localtime"} and not node.args
    )
    return ["it asks another clock than kit.clock"] if is_another and path.name != "clock.py" else []


def test_no_bans_are_broken():
    assert {_name(path): found for path in SOURCES if (found := _broken_bans(path))} == {}
    assert len(SOURCES) > 300


def _broken_bans(path: Path) -> list[str]:
    said = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr == "get_model":
            said.append("get_model names a model by a string")
        if isinstance(node, ast.Call):
            said += _clock_calls(node, path)
        if isinstance(node, ast.ImportFrom | ast.Import):
            said += _banned_imports(node, path)
    return said


def _banned_imports(node: ast.ImportFrom | ast.Import, path: Path) -> list[str]:
    names = [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
    said = []
    for name in names:
        if name.startswith("django.core.mail") and _room(path) != "notices":
            said.append("mail is sent by notices alone")
        if name.startswith("django.dispatch") and path.name != "apps.py":
            said.append("receivers live in apps.py")
        if name.startswith("django.contrib.admin"):
            said.append("no Django admin: it writes past operations")
    return said


def test_only_operations_of_signals_read_the_points_that_are_not_packed():
    allowed = {"signals/models/__init__.py", "signals/models/series.py"}
    names = re.compile(r"\bsignals_point\b|\bPoint\.objects\b|import .*\bPoint\b")
    wrong = [
        f"{_name(path)} reads Point: old points are packed, so read SeriesValue (signals_seriesvalue)"
        for path in SOURCES
        if not _name(path).startswith("signals/operations/") and _name(path) not in allowed
        if names.search(path.read_text())
    ]

    assert wrong == []


def test_only_operations_write_history():
    wrong = []
    for path in SOURCES:
        parts = path.relative_to(ROOT).parts
        if parts[0] in {"history", "riskhub"} or any(part.startswith("operations") for part in parts):
            continue
        if re.search(
            r"from history(\.operations)? import .*operations|from history import operations",
            path.read_text(),
        ):
            wrong.append(_name(path))

    assert wrong == []


def test_rooms_import_only_allowed_modules_of_each_other():
    doors = {
        "models",
        "states",
        "queries",
        "recipients",
        "operations",
        "permissions",
        "templatetags",
        "middleware",
        "authentication",
    }
    doors |= {
        "working",
        "days_off",
        "roster",
        "rotation",
        "turns",
        "slugs",
        "icalendars",
    }  # people's pure reckoning: no tables, no queries
    wrong = []
    for path in SOURCES:
        room = _room(path)
        if room == "riskhub":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ImportFrom) or not node.module:
                continue
            parts = node.module.split(".")
            if (
                parts[0] in HEIGHT
                and parts[0] not in {room, "kit", "lists", "outgoing", "rest", "pages", "history"}
                and len(parts) > 1
                and parts[1] not in doors
            ):
                wrong.append(f"{_name(path)} imports {node.module}")

    assert wrong == []


def test_no_module_has_a_name_that_says_nothing():
    nothing = {"utils", "helpers", "common", "base", "manager", "service", "util", "misc"}

    named_by_django = {"riskhub/database/base.py"}  # the module that it imports of a database backend
    assert [
        _name(path) for path in SOURCES if path.stem in nothing and _name(path) not in named_by_django
    ] == []


def test_templates_name_no_upper_rooms_address():
    """A url tag counts as an import: templates of a room name its own addresses and those of lower rooms."""
    wrong = []
    for room in COLUMN[3:-1]:
        for path in sorted((ROOT / "templates" / room).rglob("*.html")):
            for address in re.findall(r"{%\s*url\s+['\"]([a-z_]+):", path.read_text()):
                if HEIGHT.get(address, 0) > HEIGHT[room]:
                    wrong.append(f"{_name(path)} names {address}:…")

    assert wrong == []


def test_kit_stays_small():
    lines = sum(len(path.read_text().splitlines()) for path in (ROOT / "kit").rglob("*.py"))

    assert lines < 1000
