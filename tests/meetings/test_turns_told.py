"""Changed turns: each person is notified once for each change."""

from datetime import timedelta

import pytest

from history.models import Event
from kit.actor import SYSTEM
from meetings.models import Meeting
from notices.models import Entry
from people.operations import person as persons
from riskhub import schedule
from tests.conftest import AT
from tests.factories import meetings

pytestmark = pytest.mark.django_db


def test_a_change_of_many_turns_is_told_to_each_person_once():
    """The absence of one facilitator gives many meetings another one: each of them is notified once."""
    _, found = meetings.crew("data-science", "data-engineering", each=2)
    series = meetings.series(found[0].teams.get())
    before = Entry.objects.count()
    absent = Meeting.objects.filter(series=series).order_by("starts_at")[0].facilitator
    until = AT.date() + timedelta(days=80)
    persons.be_away(absent, from_on=AT.date(), until_on=until, by=SYSTEM, at=AT)

    schedule.act(AT)

    changed = Event.objects.filter(verb="meetings.meeting_replanned")
    told = Entry.objects.filter(event__in=changed)
    assert changed.count() > 4
    assert before == 0
    assert len(told) == len({entry.user_id for entry in told}) > 1
    assert "Several of your turns changed" in {entry.why for entry in told}
