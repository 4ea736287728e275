"""Rules for the tests themselves: no real clock, and no test that cannot fail."""

import ast
from collections.abc import Callable
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
SOURCES = sorted(TESTS.rglob("*.py"))
CLOCKS = {
    "clock.now",
    "kit.clock.now",
    "timezone.now",
    "timezone.localdate",
    "timezone.localtime",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "datetime.datetime.now",
    "date.today",
    "datetime.date.today",
    "time.time",
    "time.time_ns",
}
# Calls that check something: names that contain one of these words.
CHECKS = ("assert", "raises", "expect", "check", "run_state_machine_as_test", "warns")


def test_no_test_reads_the_clock_of_the_machine():
    """Use AT of tests.conftest, or the fixture `move_clock`; in the database, Now()."""
    assert wrong_in(SOURCES, clock_calls) == {}
    assert len(SOURCES) > 200


def test_every_test_asserts_something():
    assert wrong_in(SOURCES, functions_without_assertion) == {}


def test_a_page_is_asked_by_functions_until_it_is_ready():
    """An expression is evaluated again by eval, which our CSP forbids: it fails if it is not true at once."""
    assert wrong_in(SOURCES, expressions_waited_for) == {}


def wrong_in(paths: list[Path], rule: Callable[[str], list[str]]) -> dict[str, list[str]]:
    """Return what a rule finds in each file, without the files in which it finds nothing."""
    return {str(path.relative_to(TESTS)): found for path in paths if (found := rule(path.read_text()))}


def test_the_rules_find_what_they_forbid():
    source = "def test_it(client):\n    client.get(f'/?at={timezone.now()}')\n"

    assert clock_calls(source) == ["line 2: timezone.now()"]
    assert functions_without_assertion(source) == ["line 1: test_it"]
    assert functions_without_assertion("def test_it():\n    assert 1\n") == []
    assert expressions_waited_for("page.wait_for_function('a === 1')") == ["line 1: a === 1"]
    assert expressions_waited_for("page.wait_for_function('() => a === 1')") == []


def clock_calls(source: str) -> list[str]:
    """Return the calls in `source` that read the clock, each with its line."""
    return [
        f"line {node.lineno}: {ast.unparse(node.func)}()"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in CLOCKS
    ]


def expressions_waited_for(source: str) -> list[str]:
    """Return the expressions in `source` that wait_for_function() is given instead of a function."""
    return [
        f"line {node.lineno}: {node.args[0].value}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "wait_for_function"
        and isinstance(node.args[0], ast.Constant)
        and "=>" not in str(node.args[0].value)
    ]


def functions_without_assertion(source: str) -> list[str]:
    """Return the test functions in `source` that neither assert nor call a function that does.

    A function of the same module that asserts counts as a check.
    """
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    asserting = {node.name for node in functions if _asserts(node, set())}
    return [
        f"line {node.lineno}: {node.name}"
        for node in functions
        if node.name.startswith("test_") and not _asserts(node, asserting)
    ]


def _asserts(function: ast.FunctionDef, helpers: set[str]) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in helpers or any(word in name for word in CHECKS):
                return True
    return False
