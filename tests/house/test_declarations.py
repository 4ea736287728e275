"""What the rooms declare is whole: kinds have a page, a permission, an icon; the checks at start see it."""

from dataclasses import replace

import pytest
from django.core.checks import run_checks

from kit import kinds, references
from kit.kinds import NoPage, Page
from riskhub import checks
from risklog.kinds import KINDS

RISK = KINDS[0]


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
    clash = replace(KINDS[3])
    object.__setattr__(clash, "key", "other")
    object.__setattr__(clash, "prefix", "R")
    with pytest.raises(ValueError, match="same prefix R"):
        kinds.install([RISK, clash])

    assert kinds.every() == declared


def test_references_have_the_letters_of_the_declared_kinds():
    assert kinds.prefixes() == {"R", "Q", "E", "B", "A", "D", "M", "L"}
    assert references.is_reference("r-12")
    assert not references.is_reference("X-12")
    with pytest.raises(ValueError, match="one capital letter"):
        references.sequence("risk; drop")


def test_search_groups_come_in_the_order_of_their_ranks():
    assert [kind.key for kind in kinds.searchable()] == [
        "risk",
        "breach",
        "review",
        "escalation",
        "action",
        "decision",
        "meeting",
        "meeting_series",
        "learning",
        "model",
        "series",
        "threshold",
        "source",
        "category",
        "ladder",
        "person",
        "team",
    ]
