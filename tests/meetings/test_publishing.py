"""An agenda that a person publishes before its time: by page and API, mailed once."""

from datetime import timedelta

import pytest

from history.models import Due, Event
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, Refused
from meetings.models import Meeting
from meetings.operations import agenda
from meetings.operations import meeting as meetings
from notices.models import Message
from people.states import Role
from riskhub import schedule
from tests.factories import meetings as make
from tests.factories import people

pytestmark = pytest.mark.django_db
TITLE = "Costs of labels"


@pytest.fixture
def crew():
    people.organisation()
    return make.crew(each=2)


@pytest.fixture
def meeting(crew):
    """The second meeting of a series, more than a week ahead, with an item that a person added."""
    meeting = make.planned(make.series(crew[0]), 1)
    make.item(meeting, title=TITLE)
    return meeting


def by(person) -> Actor:
    return Actor(person, "page")


def mails(meeting) -> list[str]:
    rows = Message.objects.filter(verb="meetings.agenda_published", subject=meeting.subject)
    return sorted(rows.values_list("user__email", flat=True))


def test_it_is_mailed_once_to_each_also_when_its_time_comes(settings, crew, meeting, at):
    settings.IS_MAIL_KEPT = True
    agenda.publish_now(meeting, by=by(meeting.facilitator), at=at)
    schedule.tick(at)

    others = sorted(person.email for person in crew[1] if person != meeting.facilitator)
    assert mails(meeting) == others
    sent = Message.objects.filter(verb="meetings.agenda_published", subject=meeting.subject)
    assert {mail.state for mail in sent} == {"done"}
    assert all(TITLE in mail.sent_text for mail in sent)

    due = Due.objects.get(kind=agenda.PUBLISH, subject=meeting.subject)
    agenda.publish(due, at=due.at)
    schedule.tick(due.at)
    assert mails(meeting) == others
    event = Event.objects.get(verb="meetings.agenda_published", subject=meeting.subject)
    assert (event.actor, event.data["items"]) == (meeting.facilitator.subject, 1)


@pytest.mark.parametrize("what", ["published", "started", "past", "draft"])
def test_it_is_refused_with_the_reason(crew, meeting, at, what):
    when, field = at, "state"
    if what == "published":
        agenda.publish_now(meeting, by=SYSTEM, at=at)
    elif what == "started":
        meetings.start(meeting, by=SYSTEM, at=meeting.starts_at)
    elif what == "past":
        when = meeting.starts_at + timedelta(minutes=1)
    elif what == "draft":
        meeting, field = make.planned(make.series(crew[0], is_draft=True)), "series"

    with pytest.raises(Refused) as refusal:
        agenda.publish_now(Meeting.objects.get(pk=meeting.pk), by=by(crew[1][0]), at=when)

    assert refusal.value.field == field


def test_who_publishes_an_agenda_that_somebody_else_just_published_is_told(meeting, at):
    other = Meeting.objects.select_related("series", "subject").get(pk=meeting.pk)
    agenda.publish_now(meeting, by=SYSTEM, at=at, seen=meeting.version)

    with pytest.raises(ChangedMeanwhile):
        agenda.publish_now(other, by=SYSTEM, at=at, seen=other.version)


def test_a_moved_meeting_is_published_again_because_its_mail_named_another_time(crew, meeting, at):
    agenda.publish_now(meeting, by=SYSTEM, at=at)
    meetings.move(meeting, starts_at=meeting.starts_at + timedelta(hours=3), by=SYSTEM, at=at)

    assert Meeting.objects.get(pk=meeting.pk).published_at is None
    agenda.publish_now(Meeting.objects.get(pk=meeting.pk), by=SYSTEM, at=at)
    assert Event.objects.filter(verb="meetings.agenda_published", subject=meeting.subject).count() == 2


def test_the_page_says_to_how_many_people_and_publishes(client, crew, meeting):
    client.force_login(meeting.facilitator)
    address = f"/meetings/{meeting.reference}/"
    page = " ".join(client.get(address).content.decode().split())
    assert "Publish agenda now" in page
    assert "Mails it to 3 people, once. Otherwise it is published on Tuesday 1 December, 10:00." in page

    answer = client.post(f"{address}publish/", {"version": meeting.version, "mails_to": 3}, follow=True)

    assert "Agenda published" in answer.content.decode()
    assert "Publish agenda now" not in answer.content.decode()
    assert Meeting.objects.get(pk=meeting.pk).published_at is not None


def test_the_page_offers_it_to_those_who_plan_the_meeting(client, crew, meeting):
    others = [one for one in crew[1] if one not in (meeting.facilitator, meeting.stand_in)]
    client.force_login(others[0])
    address = f"/meetings/{meeting.reference}/"

    assert "Publish agenda now" not in client.get(address).content.decode()
    assert client.post(f"{address}publish/", {"version": meeting.version}).status_code == 403
    client.force_login(people.user(role=Role.RISK_MANAGER))
    assert "Publish agenda now" in client.get(address).content.decode()


def test_by_the_api_a_large_number_of_mails_is_confirmed(client, settings, crew, meeting):
    settings.MAILS_TO_CONFIRM = 2
    client.force_login(meeting.facilitator)
    address = f"/api/v1/meetings/{meeting.reference}/publish"

    def send(body, etag):
        sent = {"content_type": "application/json", "headers": {"If-Match": etag} if etag else {}}
        return client.post(address, body, **sent)

    etag = client.get(f"/api/v1/meetings/{meeting.reference}")["ETag"]
    assert send({}, "").status_code == 428
    refused = send({"mails_to": 2}, etag)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "mails_to")
    assert "to 3 people" in refused.json()["errors"][0]["detail"]
    assert send({"mails_to": 3}, etag).json()["published_at"] is not None
    assert send({"mails_to": 3}, "*").status_code == 422
