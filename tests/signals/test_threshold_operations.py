"""Thresholds are proposed, agreed and declined, and one version is in force."""

import pytest

from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from signals.models import Threshold, ThresholdVersion
from signals.operations import threshold
from tests.factories import people, signals

pytestmark = pytest.mark.django_db


def test_agreeing_retires_the_former_in_the_same_event(at):
    found, ana = signals.series(), people.user("Ana")
    first = signals.agreed(found, warning=0.2)
    second = threshold.propose(first.threshold, warning=0.3, reason="Quieter.", by=Actor(ana, "page"), at=at)

    threshold.agree(second, by=Actor(ana, "page"), at=at)

    first.refresh_from_db(), second.refresh_from_db()
    assert (first.state, second.state, second.number, second.agreed_by) == ("retired", "active", 2, ana)
    event = Event.objects.filter(verb="signals.threshold_agreed").latest("id")
    assert [row["changes"]["state"] for row in event.data["rows"]] == [
        ["active", "retired"],
        ["proposed", "active"],
    ]
    assert event.data["replaces"] == 1


def test_a_version_is_settled_once(at):
    version = signals.agreed(signals.series())

    with pytest.raises(IllegalMove):
        threshold.agree(version, by=SYSTEM, at=at)
    with pytest.raises(IllegalMove):
        threshold.decline(version, reason="No.", by=SYSTEM, at=at)


def test_a_declined_proposal_says_why(at):
    version = threshold.propose(signals.series(), warning=1, reason="Why not.", by=SYSTEM, at=at)

    with pytest.raises(Refused):
        threshold.decline(version, reason=" ", by=SYSTEM, at=at)
    with pytest.raises(ChangedMeanwhile):
        threshold.decline(version, reason="No.", by=SYSTEM, at=at, seen=7)
    threshold.decline(version, reason="Too loose.", by=SYSTEM, at=at)

    assert Event.objects.get(verb="signals.threshold_declined").data["why"] == "Too loose."
    assert Threshold.objects.get().subject_id == version.subject_id


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({}, "warning"),
        ({"warning": 1, "critical": 0}, "critical"),
        ({"warning": 1, "clear": 2}, "clear"),
        ({"warning": 1, "reason": ""}, "reason"),
        ({"warning": float("inf")}, "warning"),
    ],
)
def test_a_proposal_that_cannot_be_so_names_its_field(at, limits, field):
    with pytest.raises(Refused) as refusal:
        threshold.propose(signals.series(), **{"reason": "x", **limits}, by=SYSTEM, at=at)

    assert refusal.value.field == field
    assert not ThresholdVersion.objects.exists()


def test_a_rule_of_a_tool_is_not_ours_to_change(at):
    signals.alerts(signals.sent_alert())

    with pytest.raises(Refused, match="source"):
        threshold.propose(Threshold.objects.get(), warning=1, reason="x", by=SYSTEM, at=at)
