"""One act is one inbox line: participants of a series are notified once about changes of its meetings."""

from datetime import time, timedelta

import pytest

from history import relay
from history.models import Due
from kit.actor import SYSTEM
from meetings.models import Meeting
from meetings.operations import agenda
from meetings.operations import series as all_series
from notices.models import Entry, Message
from tests.factories import meetings as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def weekly(at):
    """A weekly series of two people with a published agenda: (series, one of its people)."""
    team, people = make.crew()
    series = make.series(team)
    first = make.planned(series)
    agenda.publish(_publication(first), at=at.replace(day=24))
    settle(at)
    Entry.objects.all().delete()
    Message.objects.all().delete()
    return series, people[0]


def _publication(meeting):
    return Due.objects.get(subject=meeting.subject, kind="meetings.publish")


def settle(at):
    for _ in range(5):
        relay.relay(at=at)


def verbs(user) -> list[str]:
    return list(Entry.objects.filter(user=user).values_list("event__verb", flat=True))


def test_another_length_is_one_line_and_no_second_agenda(at, weekly):
    series, person = weekly
    published = make.planned(series).published_at

    all_series.change(series, {"length_minutes": 60}, by=SYSTEM, at=at)
    settle(at)

    assert verbs(person) == ["meetings.series_changed"]
    assert set(Message.objects.values_list("verb", flat=True)) == {"meetings.series_changed"}
    assert Message.objects.filter(user=person).count() == 1
    meeting = make.planned(series)
    assert (meeting.published_at, meeting.ends_at - meeting.starts_at) == (published, timedelta(minutes=60))


@pytest.mark.parametrize("values", [{"starts_at": time(14)}, {"rrule": "FREQ=WEEKLY;INTERVAL=2"}])
def test_another_time_or_rule_is_one_line(at, weekly, values):
    series, person = weekly

    all_series.change(series, values, by=SYSTEM, at=at)
    settle(at)

    said = [verb for verb in verbs(person) if verb != "meetings.meeting_replanned"]
    assert said == ["meetings.series_changed"]


def test_a_retired_series_is_one_line(at, weekly):
    series, person = weekly

    all_series.retire(series, by=SYSTEM, at=at)
    settle(at)

    assert verbs(person) == ["meetings.series_retired"]
    assert not Meeting.objects.filter(series=series, state="planned").exists()


def test_another_name_or_purpose_notifies_nobody(at, weekly):
    series, person = weekly

    all_series.change(series, {"purpose": "Review drift"}, by=SYSTEM, at=at)
    settle(at)

    assert verbs(person) == []
