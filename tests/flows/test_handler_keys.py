"""Every stored handler key leads to a handler, so that rows that wait during an upgrade are processed."""

from pathlib import Path

import pytest

from history import relay, wiring
from history.models import Event, Handover
from history.states import Work
from risklog.models import Review
from tests.factories import risklog_review

LIST = Path(__file__).with_name("handler_keys.txt")


def stored_keys() -> set[str]:
    return {line for line in LIST.read_text().splitlines() if line and not line.startswith("#")}


def test_every_key_that_was_ever_stored_is_present_or_former():
    lost = stored_keys() - wiring.known_keys()

    assert not lost, f"Rows may wait under {sorted(lost)}: add a line to riskhub/former_handlers.py."


def test_every_present_key_is_on_the_list():
    new = set(wiring._handlers) - stored_keys()

    assert not new, f"Add {sorted(new)} to {LIST.name}: from now on rows are stored under these keys."


@pytest.mark.django_db
def test_a_breach_that_waited_under_the_name_of_023c733_still_opens_its_review(at):
    event = risklog_review.breach_group().opened_by
    waiting = Handover.objects.filter(event=event, handler="risklog.review.open_for_breach_group")
    assert waiting.update(handler="risklog.operations.review:on_breach_group_opened") == 1

    relay.relay(at=at)

    assert Review.objects.get().about_id == event.subject_id
    assert Event.objects.get(verb="risklog.review_opened").cause_id == event.pk
    assert set(Handover.objects.filter(event=event).values_list("state", flat=True)) == {Work.DONE}
