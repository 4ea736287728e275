"""Who ends a large meeting is told first how many people get its minutes."""

import pytest
from django.urls import reverse

from kit.actor import Actor
from kit.refusals import Refused
from meetings.operations import meeting as meetings
from meetings.states import MeetingState
from people.models import User
from tests.factories import meetings as make
from tests.factories import people

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def crew(settings):
    """The people of a series, more than may be mailed without a question."""
    people.organisation()
    settings.MAILS_TO_CONFIRM = 1
    return make.crew()[1]


@pytest.fixture
def meeting(crew, move_clock):
    """A live meeting that the first of the crew started and controls."""
    planned = make.planned(make.series(crew[0].memberships.get().team))
    move_clock(planned.starts_at)
    return meetings.start(planned, by=Actor(crew[0], "page"), at=planned.starts_at)


def count_of(crew) -> int:
    return User.objects.filter(teams=crew[0].memberships.get().team, is_active=True).count()


def test_the_operation_needs_the_number(crew, meeting):
    count, act = count_of(crew), {"by": Actor(crew[0], "page"), "at": meeting.starts_at}
    assert count > 1

    for known in (0, count - 1):
        with pytest.raises(Refused) as refusal:
            meetings.close(meeting, mails_to=known, **act)
        assert refusal.value.field == "mails_to"
        assert f"to {count} people" in refusal.value.message
    meetings.close(meeting, mails_to=count, **act)

    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CLOSED


def test_a_small_meeting_ends_without_a_question(crew, meeting, settings):
    settings.MAILS_TO_CONFIRM = 50

    meetings.close(meeting, by=Actor(crew[0], "page"), at=meeting.starts_at)

    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CLOSED


def test_the_page_says_the_number_and_asks_for_it(crew, meeting, client):
    client.force_login(crew[0])
    label = f"Mail the minutes to {count_of(crew)} people"
    page = client.get(reverse("meetings:meeting_live", args=[meeting.reference])).content.decode()
    assert label in page
    url, sent = reverse("meetings:meeting_close", args=[meeting.reference]), {"version": meeting.version}

    refused = client.post(url, sent)
    assert refused.status_code == 422
    assert "This mails the minutes" in refused.content.decode()
    assert client.post(url, {**sent, "mails_to": "on"}).status_code == 303
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CLOSED


def test_the_api_names_the_number(crew, meeting, client):
    client.force_login(crew[0])
    url = f"/api/v1/meetings/{meeting.reference}/close"

    refused = client.post(url, {}, content_type=JSON, headers={"If-Match": "*"})
    error = refused.json()["errors"][0]
    assert (refused.status_code, error["field"]) == (422, "mails_to")
    sent = {"mails_to": count_of(crew)}
    assert client.post(url, sent, content_type=JSON, headers={"If-Match": "*"}).status_code == 200
