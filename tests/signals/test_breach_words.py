"""What mails and reviews say of a breach: each kind of rule with its unit and its limits, never empty."""

import pytest
from django.template.loader import render_to_string

from risklog.queries.evidence import _line
from signals.models import Breach, Series, Threshold, ThresholdVersion
from signals.states import BreachState

RULES = [
    (
        {"warning": 100},
        "; first 120 ms, worst 150.5 ms; warning above 100",
        "crossed at 120 ms, worst 150.5 ms, warning above 100",
    ),
    (
        {"kind": "range", "critical_low": 200},
        "; first 120 ms, worst 150.5 ms; critical below 200",
        "crossed at 120 ms, worst 150.5 ms, critical below 200",
    ),
    (
        {"kind": "change", "warning": 10, "window_hours": 2},
        "; first a rise of 120 %, worst a rise of 150.5 %;"
        " warning if the mean of 2 h rises by more than 10 % against the 2 h before",
        "crossed at a rise of 120 %, worst a rise of 150.5 %,"
        " warning if the mean of 2 h rises by more than 10 % against the 2 h before",
    ),
    (
        {"kind": "deviation", "warning": 1, "window_hours": 24},
        "; first 120 robust deviations, worst 150.5 robust deviations;"
        " warning if more than 1 robust deviation above the median of the last 24 h",
        "crossed at 120 robust deviations, worst 150.5 robust deviations,"
        " warning if more than 1 robust deviation above the median of the last 24 h",
    ),
    (
        {"kind": "silence", "warning": 6},
        "; first more than 120 h without data, worst more than 150.5 h without data;"
        " warning after 6 h without data",
        "crossed at more than 120 h without data, worst more than 150.5 h without data,"
        " warning after 6 h without data",
    ),
]


def breach(rule, *, state=BreachState.OPEN, **threshold):
    return Breach(
        is_external=bool(threshold),
        level=1,
        state=state,
        first_value=120,
        worst_value=150.5,
        series=Series(metric="latency", model_name="m", unit="ms", latest_value=0.1 + 0.2),
        threshold=Threshold(name="latency", **threshold),
        threshold_version=None if rule is None else ThresholdVersion(**rule),
    )


@pytest.mark.parametrize(("rule", "mail", "evidence"), RULES)
def test_a_mail_and_the_evidence_of_a_risk_name_unit_and_limits(rule, mail, evidence):
    crossed = breach(rule)

    assert render_to_string("notices/_limits.txt", {"breach": crossed}) == mail
    page = " ".join(render_to_string("notices/_limits.html", {"breach": crossed}).split())
    first, worst, limits = mail.removeprefix("; ").replace("; ", ", worst ", 1).split(", worst ")[:3]
    assert page == f"F{first[1:]}, worst {worst}. Limits: {limits}."
    assert _line(crossed).endswith(evidence)


@pytest.mark.parametrize("rule", [None, {}])
def test_a_rule_of_a_source_whose_limits_are_unknown_names_its_source(rule):
    crossed = breach(rule, external_rule="Slow")

    mail = render_to_string("notices/_limits.txt", {"breach": crossed})

    assert mail == "; first 120 ms, worst 150.5 ms; evaluated by its source, rule Slow"


def test_a_silence_that_ended_has_its_length():
    crossed = breach({"kind": "silence", "warning": 6}, state=BreachState.CLEARED)

    mail = render_to_string("notices/_limits.txt", {"breach": crossed})

    assert mail.startswith("; first 120 h without data, worst 150.5 h without data")


def test_a_review_shows_the_values_as_figures_with_their_unit():
    row = render_to_string("risklog/_review_breach_row.html", {"breach": breach({"warning": 100})})

    assert [
        " ".join(cell.split("</span>")[1].split("</td>")[0].split()) for cell in row.split("<td")[3:6]
    ] == ["120 ms", "150.5 ms", "0.3 ms"]
