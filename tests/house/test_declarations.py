"""Declarations of kinds and events are complete: by the checks at start, and by reading the code."""

import ast
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.checks import run_checks

from history import declarations
from history.declarations import EventType, Mail
from history.models import Event
from kit import kinds, references
from kit.kinds import NoPage, Page
from riskhub import checks
from risklog.events import EVENTS
from risklog.kinds import KINDS
from tests.house.test_templates import CODE, ROOT

RISK = KINDS[0]
WRITERS = {"record": 1, "record_many": 1, "Act": 1}  # the position of the event among the arguments


def test_the_checks_at_start_find_nothing():
    of_tests = "templates.E002"  # pytest-django lets an undefined variable fail; Django would have a string

    assert [str(fault) for fault in run_checks() if fault.id != of_tests] == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"page": Page("risklog:no_such_page")}, "has no address: risklog:no_such_page does not resolve"),
        ({"page": Page("risklog:risk_detail", "title")}, "has no address"),
        ({"page": NoPage("")}, "has no address"),
        ({"permission": "risklog.no_such_permission"}, "has no permission 'risklog.no_such_permission'"),
        ({"permission": ""}, "has no permission ''"),
        ({"label": ""}, "has no label"),
        ({"icon": "no-such-icon"}, "has no icon 'no-such-icon'"),
    ],
)
def test_a_kind_that_misses_something_fails_at_start(fault, words):
    errors = checks.faults_of(replace(RISK, **fault))

    assert [error.is_serious() for error in errors] == [True]
    assert words in errors[0].msg
    assert errors[0].hint


def test_a_recorded_model_without_a_kind_fails_at_start():
    declared = kinds.every()
    kinds.install(kind for kind in declared if kind.key != "risk")
    try:
        errors = checks.check_kinds(None)
    finally:
        kinds.install(declared)

    assert [error.msg for error in errors] == ["Risk has no kind."]


def test_two_kinds_of_one_key_or_one_prefix_are_refused():
    declared = kinds.every()
    with pytest.raises(ValueError, match="declared twice"):
        kinds.install([*declared, RISK])
    clash = replace(KINDS[3], row=SimpleNamespace(KIND="other", PREFIX="R"))
    with pytest.raises(ValueError, match="same prefix R"):
        kinds.install([RISK, clash])

    assert kinds.every() == declared


def test_references_have_the_letters_of_the_declared_kinds():
    assert kinds.prefixes() == {"R", "Q", "E", "B", "A", "C", "D", "M", "L", "T", "I", "X"}
    assert references.is_reference("r-12")
    assert references.is_reference("X-12")
    assert not references.is_reference("Z-12")
    with pytest.raises(ValueError, match="one capital letter"):
        references.sequence("risk; drop")


def test_search_groups_come_in_the_order_of_their_ranks():
    assert [kind.key for kind in kinds.searchable()] == [
        "risk",
        "incident",
        "postmortem",
        "breach",
        "review",
        "escalation",
        "experiment",
        "filled_template",
        "action",
        "change_request",
        "decision",
        "meeting",
        "meeting_series",
        "learning",
        "recognition",
        "learning_session",
        "check_in",
        "goal",
        "model",
        "workflow",
        "version",
        "deployment",
        "dashboard",
        "decision_right",
        "run",
        "rollback_procedure",
        "validation",
        "series",
        "threshold",
        "dashboard_snapshot",
        "source",
        "registry",
        "glossary_word",
        "category",
        "ladder",
        "person",
        "team",
        "service_account",
    ]


# ------------------------------------------------------------------ events


def _constants(node: ast.AST | None) -> list[str]:
    """Return the possible texts of an argument: `"a"`, `"a" if … else "b"`."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return [*_constants(node.body), *_constants(node.orelse)]
    return []


def _written(call: ast.Call) -> list[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    arguments: list[Any] = [keyword.value for keyword in call.keywords if keyword.arg in {"verb", "event"}]
    if name in WRITERS and len(call.args) > WRITERS[name]:
        arguments.append(call.args[WRITERS[name]])
    return [text for argument in arguments for text in _constants(argument) if "." in text]


def test_every_verb_that_the_code_writes_is_declared():
    written = {
        verb: path
        for path, text in CODE.items()
        if any(part.startswith("operations") for part in path.relative_to(ROOT).parts)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        for verb in _written(node)
    }

    assert {verb: path for verb, path in written.items() if declarations.find(verb) is None} == {}
    assert len(written) > 40  # the others are payloads of a declared class, or steps of MOVES


def test_every_payload_class_is_declared():
    of_rooms = {
        payload
        for payload in _subclasses(declarations.Payload)
        if payload.verb and not payload.__module__.startswith("tests")
    }

    assert {payload for payload in of_rooms if declarations.find(payload.verb) is None} == set()
    assert len(of_rooms) > 50


def _subclasses(of: type) -> set[Any]:
    return {below for direct in of.__subclasses__() for below in {direct, *_subclasses(direct)}}


def test_a_step_or_a_flow_of_an_undeclared_event_fails_at_start():
    declared = declarations.every()
    declarations.install(event for event in declared if event.verb != "risklog.risk_closed")
    try:
        errors = checks.check_events(None)
    finally:
        declarations.install(declared)

    assert [error.msg for error in errors] == ["The event risklog.risk_closed is not declared."]


def test_an_event_without_a_history_line_fails_at_start():
    (error,) = checks.faults_of_event(EventType("risklog.risk_painted"))

    assert error.is_serious()
    assert error.msg == "The event risklog.risk_painted has no history line."


def test_a_mailed_event_without_templates_or_recipients_fails_at_start():
    opened = next(event for event in EVENTS if event.verb == "risklog.risk_opened")
    mailed = replace(opened, mail=Mail("painting", lambda event, reader: {}))

    assert [error.msg for error in checks.faults_of_event(mailed)] == [
        f"The event risklog.risk_opened is mailed, and its mail has no {part}."
        for part in ("subject.txt", "body.txt", "body.html")
    ]
    to_nobody = replace(opened, recipients=(), mail=Mail("risk", lambda event, reader: {}))
    assert [error.msg for error in checks.faults_of_event(to_nobody)] == [
        "The event risklog.risk_opened is mailed to nobody."
    ]


def test_one_verb_is_declared_once():
    declared = declarations.every()
    with pytest.raises(ValueError, match="declared twice"):
        declarations.install([*declared, EventType("risklog.risk_opened")])

    assert declarations.every() == declared


def test_the_events_of_six_weeks_are_declared_and_complete(six_weeks):
    undeclared, wrong = set(), set()
    for event in Event.objects.iterator():
        declared = declarations.find(event.verb)
        if declared is None:
            undeclared.add(event.verb)
            continue
        given, payload = set(event.data) - {"rows"}, declared.payload
        if not payload and given:
            wrong.add(event.verb)
        if payload and not set(payload.required()) <= given <= set(payload.names()):
            wrong.add(event.verb)

    assert (undeclared, wrong) == (set(), set())
