"""The ledger of the simulated weeks finds what is wrong."""

from datetime import timedelta

import pytest

from chaos import weeks_ledger
from history.models import Handover
from meetings.models import Decision
from tests.conftest import AT
from tests.factories import actions, meetings, people, risklog_review

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(days=30)


def faults(what: str) -> list[str]:
    return weeks_ledger._select(weeks_ledger.FAULTS[what], LATER)


@pytest.mark.parametrize("what", weeks_ledger.FAULTS)
def test_an_empty_register_has_no_fault(what):
    assert faults(what) == []


def test_what_nobody_followed_up_is_found():
    late = actions.action("Fix the feed", owner=people.user("Ana"), due_on=AT.date())
    group = risklog_review.breach_group()
    review = risklog_review.review(about=risklog_review.breach_group().subject)

    assert faults("late actions without an escalation") == [late.reference]
    assert faults("breach groups without a review") == [f"B{group.pk}"]
    assert faults("reviews that reached no meeting") == [review.reference]


def test_a_decision_without_an_action_is_found():
    decision = meetings.decision()
    assert faults("decisions without an action or a reason") == []

    Decision.objects.filter(pk=decision.pk).update(no_action_reason="")

    assert faults("decisions without an action or a reason") == [decision.reference]


def test_a_handover_that_nobody_finished_is_found():
    actions.action("Fix the feed", owner=people.user("Ana"))
    waiting = Handover.objects.count()

    assert waiting
    assert len(faults("open or dead handovers")) == waiting
