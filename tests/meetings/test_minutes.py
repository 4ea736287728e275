"""Minutes: what they hold on the page, in the mail and in the API; corrections; the handover."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import relay
from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from meetings.models import AgendaItem, Meeting
from meetings.operations import decision, minutes, recording
from meetings.operations import item as items
from meetings.operations import meeting as operations
from meetings.queries import minutes as queries
from notices.models import Entry, Message
from notices.queries import rendered_mail
from people.states import Role
from risklog.operations.risk import restrict
from talk.models import Watch
from tests.factories import actions, catalogue, meetings, people, risks
from tests.moments import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def members():
    people.organisation()
    team, found = meetings.crew(each=2)
    found[0].crew = team
    return found


@pytest.fixture
def held(members):
    """A live meeting: a decision with an action, one agreed without, a restricted item, one left over."""
    meeting = meetings.live(meetings.series(members[0].crew))
    start = meeting.starts_at
    decided = meetings.current(meeting, title="Label delay")
    items.note(decided, notes="Labels are **late**.", by=SYSTEM, at=start)
    decision.record(
        text="Buy labels",
        reason="They are late",
        item=decided,
        actions=[{"title": "Ask the vendor", "owner": members[1]}],
        by=Actor(members[0], "page"),
        at=start + timedelta(minutes=7),
    )
    agreed = meetings.current(meeting, title="Tests of drift")
    items.agree(agreed, title="Write a test", owner=members[0], by=SYSTEM, at=start)
    items.finish(agreed, outcome="actions", by=SYSTEM, at=start + timedelta(minutes=12))
    secret = meetings.restricted([members[0]], "Canary")
    hidden = meetings.current(meeting, about=secret)
    items.note(hidden, notes="Canary notes", by=SYSTEM, at=start)
    items.finish(hidden, outcome="no_change", by=SYSTEM, at=start + timedelta(minutes=20))
    meetings.item(meeting, title="Left for later")
    return meeting


def close(meeting):
    at = meeting.starts_at + timedelta(minutes=50)
    operations.close(Meeting.objects.get(pk=meeting.pk), by=SYSTEM, at=at)
    while relay.relay(at=at).done:
        pass
    return Meeting.objects.select_related("series", "subject", "handed_to").get(pk=meeting.pk)


def page_of(client, meeting):
    return client.get(f"/meetings/{meeting.reference}/minutes/").content.decode()


def mail_of(meeting, reader):
    message = Message.objects.select_related("user", "subject", "event", "digest").get(
        user=reader, verb="meetings.meeting_closed", subject=meeting.subject
    )
    return rendered_mail.render(message, at=meeting.closed_at)


def test_the_page_says_once_when_it_was_held(client, held, members):
    meeting = close(held)
    client.force_login(members[0])

    page = page_of(client, meeting)

    assert page.count("<dt>Held</dt>") == 1
    assert "· 50 min" in page


def test_the_page_has_all_that_happened(client, held, members):
    meeting = close(held)
    client.force_login(members[0])

    page = page_of(client, meeting)

    for text in (
        "50 min",
        "Buy labels",
        "Ask the vendor",
        "Actions agreed without a decision",
        "Write a test",
        "Labels are <strong>late</strong>.",
        "Canary notes",
        "Carried over",
        "Left for later",
        "moved on 1 time so far",
    ):
        assert text in page, text


def test_a_restricted_item_is_a_slot_to_others(client, held, members):
    meeting = close(held)
    client.force_login(members[1])

    page, mail = page_of(client, meeting), mail_of(meeting, members[1])

    assert "Canary" not in page + mail.text + mail.html
    assert "Restricted item, 10 min" in page
    assert "Restricted item, 10 min" in mail.text
    assert "Canary notes" in mail_of(meeting, members[0]).text


def test_the_mail_has_actions_agreed_without_a_decision_and_opens_the_minutes(held, members):
    meeting = close(held)

    mail = mail_of(meeting, members[1])

    assert f"/meetings/{meeting.reference}/minutes/" in mail.text
    assert f"/meetings/{meeting.reference}/minutes/" in mail.html
    for body in (mail.text, mail.html):
        for text in ("Write a test", "Ask the vendor", "Buy labels", "moved on 1 time so far", "50 min"):
            assert text in body, text
    assert "Labels are **late**." in mail.text
    assert "<strong>late</strong>" in mail.html


def test_the_mail_lists_what_a_decision_changed_for_who_may_see_it(held, members):
    known = actions.action("Cap the feature", owner=members[0])
    tagged = actions.action("Drop <script>", owner=members[0])
    secret = actions.action("Canary action", owner=members[0], viewers=[members[0].subject_id])
    later = date(2026, 12, 18)
    decision.record(
        text="Move them",
        reason="The vendor is late",
        effects=[
            {"kind": "change_action", "target": one.subject, "due_on": later}
            for one in (known, secret, tagged)
        ],
        item=AgendaItem.objects.get(title="Left for later"),
        by=Actor(members[0], "page"),
        at=held.starts_at + timedelta(minutes=30),
    )
    meeting = close(held)

    mail = mail_of(meeting, members[1])

    for body in (mail.text, mail.html):
        assert f"{known.reference} Cap the feature (due 18 December 2026)" in " ".join(body.split())
        assert "Canary" not in body
    assert "<script>" not in mail.html
    assert "Canary action (due" in mail_of(meeting, members[0]).text


def test_an_item_that_is_carried_on_is_counted(client, held, members):
    meeting = close(held)
    copy = AgendaItem.objects.get(carried_from__title="Left for later")
    following = operations.start(copy.meeting, by=SYSTEM, at=copy.meeting.starts_at)

    again = close(following)

    line = next(one for one in queries.minutes(again, members[0]).carried if one.title == "Left for later")
    assert line.times_carried == 2
    assert meeting.pk != again.pk


def test_the_minutes_cost_the_same_whatever_they_hold(held, members):
    def cost(meeting):
        with CaptureQueriesContext(connection) as captured:
            queries.minutes(meeting, members[1])
        return len(captured)

    raise_risk(held, members[0])
    members[1].sight, cost(held)
    before = cost(held)
    for number in range(3):
        raise_risk(held, members[0], f"Risk {number}")
        one = meetings.current(held, title=f"More {number}")
        decision.record(
            text="Do",
            reason="It helps",
            item=one,
            actions=[{"title": "Act", "owner": members[0]}],
            by=SYSTEM,
            at=held.starts_at,
        )

    assert cost(held) == before


# ------------------------------------------------------------------ risks


def raise_risk(held, owner, line="The vendor changed it 5x5", team=None):
    """Record a risk about a risk that everybody, or only this team, may see. Returns the new one."""
    known = risks.risk(model=catalogue.model(), category=risks.category())
    if team:
        restrict(known, teams=[team], by=SYSTEM, at=held.starts_at)
    one = meetings.current(held, about=known.subject)
    return recording.record(one, kind="risk", line=f"{line} @{owner.handle}", by=Actor(owner, "page"), at=AT)


def test_risks_that_were_recorded_are_in_the_minutes_for_those_who_may_see_them(client, held, members):
    team = people.team("Leak watch")
    people.member(team, members[0])
    secret = raise_risk(held, members[0], "Canary leaks", team=team)
    open_one = raise_risk(held, members[0])
    meeting = close(held)
    client.force_login(members[1])

    page, mail = page_of(client, meeting), mail_of(meeting, members[1])
    answer = client.get(f"/api/v1/meetings/{meeting.reference}/minutes").json()

    for body in (page, mail.text, mail.html):
        assert "Risks recorded" in body
        assert "The vendor changed it" in body
        assert open_one.reference in body
        assert "Canary leaks" not in body
    assert f"{open_one.reference} The vendor changed it: Critical, {members[0].name}" in mail.text
    assert answer["raised"] == [
        {
            "reference": open_one.reference,
            "title": "The vendor changed it",
            "level": 5,
            "owner_name": members[0].name,
            "state": "open",
        }
    ]
    shown = queries.minutes(meeting, members[0])
    assert [one.risk for one in shown.raised] == [secret, open_one]
    assert {secret.subject_id, open_one.subject_id} <= shown.names
    assert "Canary leaks" in mail_of(meeting, members[0]).text


# ------------------------------------------------------------------ corrections


def test_a_correction_is_seen_by_all_and_changes_nothing_else(client, held, members):
    meeting = close(held)
    client.force_login(members[0])
    address = f"/meetings/{meeting.reference}/minutes/correct/"

    answer = client.post(address, {"text": "The vendor is Labelbox.", "once": "k"})
    client.post(address, {"text": "The vendor is Labelbox.", "once": "k"})

    assert answer.url == f"/meetings/{meeting.reference}/minutes/"
    client.force_login(members[1])
    page = page_of(client, meeting)
    assert "The vendor is Labelbox." in page
    assert members[0].name in page
    assert meeting.corrections.count() == 1
    event = Event.objects.get(subject=meeting.subject, verb="meetings.minutes_corrected")
    assert event.actor_id == members[0].subject_id


def test_minutes_of_a_live_meeting_are_not_corrected(held, members):
    with pytest.raises(Refused) as refusal:
        minutes.correct(held, text="No", by=Actor(members[0], "page"), at=held.starts_at)

    assert refusal.value.field == "state"


def test_an_empty_correction_is_refused_beside_its_field(client, held, members):
    meeting = close(held)
    client.force_login(members[0])

    answer = client.post(f"/meetings/{meeting.reference}/minutes/correct/", {"text": " "})

    assert answer.status_code == 422
    assert "Enter what is wrong" in answer.content.decode()


def test_a_stranger_reads_the_minutes_and_does_not_correct_them(client, held):
    meeting = close(held)
    client.force_login(people.user())

    assert client.get(f"/meetings/{meeting.reference}/minutes/").status_code == 200
    assert client.post(f"/meetings/{meeting.reference}/minutes/correct/", {"text": "X"}).status_code == 403
    assert client.post(f"/meetings/{meeting.reference}/handover/", {"version": 1}).status_code == 403


# ------------------------------------------------------------------ the handover


def test_open_follow_ups_pass_to_the_next_facilitator_who_takes_them(client, held, members):
    meeting = close(held)
    following = queries.next_of(meeting)
    leader = following.facilitator
    assert meeting.handed_to == leader
    assert Entry.objects.filter(user=leader, event__verb="meetings.handover_written").exists()
    client.force_login(leader)
    page = page_of(client, meeting)
    assert "Take the follow-ups" in page

    client.post(f"/meetings/{meeting.reference}/handover/", {"version": meeting.version})

    meeting.refresh_from_db()
    assert (meeting.handed_to, meeting.handover_taken_at is not None) == (leader, True)
    watched = Watch.objects.filter(user=leader, is_muted=False).values_list("about__title", flat=True)
    assert {"Ask the vendor", "Write a test"} <= set(watched)
    assert "Take the follow-ups" not in page_of(client, meeting)


def test_follow_ups_are_taken_once(held, members):
    meeting = close(held)
    minutes.take(meeting, by=Actor(members[0], "page"), at=meeting.closed_at)

    with pytest.raises(Refused) as refusal:
        minutes.take(meeting, by=Actor(members[1], "page"), at=meeting.closed_at)

    assert members[0].name in refusal.value.message


def test_a_meeting_without_open_actions_hands_nothing_over(members):
    meeting = close(meetings.live(meetings.series(members[0].crew)))

    assert meeting.handed_to is None
    assert not Event.objects.filter(verb="meetings.handover_written").exists()


# ------------------------------------------------------------------ API


def test_the_api_reads_and_corrects(client, held, members):
    meeting = close(held)
    address = f"/api/v1/meetings/{meeting.reference}/minutes"
    client.force_login(members[1])

    body = client.get(address).json()
    assert [one["text"] for one in body["decisions"]] == ["Buy labels"]
    assert [one["title"] for one in body["decisions"][0]["actions"]] == ["Ask the vendor"]
    assert [one["title"] for one in body["agreed"]] == ["Write a test"]
    restricted = next(one for one in body["items"] if one["is_restricted"])
    assert (restricted["title"], restricted["notes"], restricted["reference"]) == (
        "Restricted item, 10 min",
        "",
        None,
    )
    assert {one["title"] for one in body["handover"]["follow_ups"]} == {"Ask the vendor", "Write a test"}
    answer = client.post(address, {"text": "It was Tuesday."}, content_type="application/json")

    assert answer.status_code == 201, answer.content
    assert [one["text"] for one in answer.json()["corrections"]] == ["It was Tuesday."]
    empty = client.post(address, {}, content_type="application/json")
    assert empty.status_code == 400


def test_the_api_takes_the_follow_ups(client, held, members):
    meeting = close(held)
    client.force_login(people.user(role=Role.RISK_MANAGER))

    answer = client.post(
        f"/api/v1/meetings/{meeting.reference}/handover",
        content_type="application/json",
        headers={"If-Match": f'"meeting-{meeting.pk}-{meeting.version}"'},
    )

    assert answer.status_code == 200, answer.content
    assert Meeting.objects.get(pk=meeting.pk).handover_taken_at is not None
