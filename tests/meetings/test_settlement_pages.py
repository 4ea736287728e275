"""What people read and press to settle proposals before the meeting: the page, the mails and the API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history.relay import act_on_dues
from meetings.models import AgendaItem, Contest, Decision, Meeting
from meetings.operations import agenda, settlement
from meetings.operations import meeting as meetings
from meetings.queries import agenda as agendas
from meetings.states import ItemState
from notices.models import Message
from people.states import Role
from riskhub import schedule
from signals.operations import threshold as thresholds
from tests.factories import people
from tests.factories.settlement import Before, act

pytestmark = pytest.mark.django_db
JSON = "application/json"


@pytest.fixture
def before(at):
    return Before(at).publish()


def page(client, before, person) -> str:
    client.force_login(person)
    answer = client.get(f"/meetings/{before.meeting.reference}/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def press(client, before, person, what, **data):
    client.force_login(person)
    return client.post(f"/meetings/{what}/", data, follow=True)


def settle_page(client, before, person, **data):
    digest, version = before.seen_by(person).digest, before.meeting.version
    sent = {"digest": digest, "version": version, **data}
    return press(client, before, person, f"{before.meeting.reference}/settle", **sent)


def test_the_page_lists_each_proposal_with_its_reason_and_who_decides(client, before):
    reader, decider = page(client, before, before.ben), page(client, before, before.boss)

    for text in (reader, decider):
        assert "Settle before the meeting" in text
        assert f"Agree to version 1 of {before.version.threshold.name}: warning above 0.3" in text
        assert f"Proposed by {before.ana.name}: Less noise" in text
        assert "Discuss it in the meeting" in text
    assert "Decided by risk managers who neither own the risk nor proposed its acceptance." in reader
    assert "uncontested" not in reader
    assert "You decide." in decider
    assert "Agree to 2 uncontested" in decider
    assert "2 decisions are recorded, and the items leave the agenda." in decider


def test_before_the_publication_the_page_says_when_proposals_can_be_settled(client, at):
    before = Before(at)
    secret = before.acceptance(viewers=[before.team.subject_id], title="Quiet leak")

    shown = page(client, before, before.boss)

    assert "Settle before the meeting" not in shown
    opens = "can be settled before the meeting once this agenda is published, on Tuesday 24 November, 10:00."
    assert f"2 proposals {opens}" in shown
    assert f"3 proposals {opens}" in page(client, before, before.ben)
    AgendaItem.objects.exclude(pk=before.item(secret).pk).filter(meeting=before.meeting).delete()
    assert "can be settled" not in page(client, before, before.boss)


def test_an_agenda_that_is_published_earlier_opens_then(client, before, at):
    assert before.meeting.starts_at - at > agenda.PUBLISHED_BEFORE

    shown = page(client, before, before.boss)

    assert "Agree to 2 uncontested" in shown
    assert "once this agenda is published" not in shown
    assert "Agreed to 2 proposals" in settle_page(client, before, before.boss).content.decode()


def test_a_live_meeting_lists_none(client, before):
    meetings.start(before.meeting, by=act(before.ana), at=before.meeting.starts_at)
    shown = page(client, before, before.boss)
    assert "Settle before the meeting" not in shown
    assert "can be settled" not in shown


def test_contesting_and_taking_it_back_by_the_page(client, before):
    pk = before.item(before.version).pk
    answer = press(client, before, before.ben, f"items/{pk}/contest", reason="Too lax")
    assert "Contested. The meeting discusses it." in answer.content.decode()

    shown = page(client, before, before.boss)
    assert f"Contested by {before.ben.name}: Too lax" in shown
    assert "Agree to 1 uncontested" in shown
    contest = Contest.objects.get()
    press(client, before, before.ben, f"items/{pk}/withdraw-contest", version=contest.version)

    assert "Agree to 2 uncontested" in page(client, before, before.boss)


def test_a_contest_without_a_reason_shows_its_form_again(client, before):
    answer = press(client, before, before.ben, f"items/{before.item(before.version).pk}/contest", reason=" ")

    assert answer.status_code == 422
    assert "This field is required." in answer.content.decode()
    assert not Contest.objects.exists()


def test_people_outside_the_series_and_viewers_do_not_contest(client, before):
    pk = before.item(before.version).pk
    for person in (people.user("Out"), people.user("Vic", role=Role.VIEWER, teams=[before.team])):
        assert press(client, before, person, f"items/{pk}/contest", reason="x").status_code == 403
        assert "Discuss it in the meeting" not in page(client, before, person)


def test_one_press_settles_and_the_agenda_and_the_minutes_say_by_whom(client, before):
    answer = settle_page(client, before, before.boss)
    assert "Agreed to 2 proposals" in answer.content.decode()

    shown = page(client, before, before.ben)
    assert "Settled before the meeting: 2" in shown
    assert "Settled before the meeting by Mia" in shown
    assert agendas.agenda(before.meeting, before.ben).minutes == 0
    decision = Decision.objects.order_by("id").first()
    assert f'Settled before <a href="/meetings/{before.meeting.reference}/">' in " ".join(
        client.get(f"/meetings/decisions/{decision.reference}/").content.decode().split()
    )

    start = before.meeting.starts_at
    live = meetings.start(Meeting.objects.get(pk=before.meeting.pk), by=act(before.ben), at=start)
    meetings.close(live, by=act(before.ben), at=live.ends_at)
    minutes = client.get(f"/meetings/{before.meeting.reference}/minutes/").content.decode()
    assert "Settled before the meeting by Mia" in minutes
    assert "Agree to version 1" in minutes  # its decision
    answer = client.get(f"/api/v1/meetings/{before.meeting.reference}/minutes").json()
    assert [one["settled_by_name"] for one in answer["settled"]] == ["Mia", "Mia"]
    assert answer["items"] == []


def test_a_stale_page_agrees_to_nothing_and_says_so(client, before):
    digest = before.seen_by(before.boss).digest
    before.contest(before.version, before.ben)

    answer = settle_page(client, before, before.boss, digest=digest)

    assert "has changed since you opened this page" in answer.content.decode()
    assert not Decision.objects.exists()


def test_a_restricted_proposal_is_neither_shown_nor_counted(client, before):
    secret = before.acceptance(viewers=[before.team.subject_id], title="Quiet leak")
    before.contest(secret, before.ben, "Hush")
    settlement.withdraw(Contest.objects.get(), by=act(before.ben), at=before.at)
    insider = people.user("Ida", role=Role.RISK_MANAGER, teams=[before.team])

    outside, inside = page(client, before, before.boss), page(client, before, insider)
    assert "Quiet leak" in inside and "Agree to 3 uncontested" in inside
    for text in ("Quiet leak", "Hush", "contested the proposal"):
        assert text not in outside
    assert "Agree to 2 uncontested" in outside
    pk = before.item(secret).pk
    assert press(client, before, before.boss, f"items/{pk}/contest", reason="x").status_code == 404
    settle_page(client, before, insider)
    assert "Settled before the meeting: 2" in page(client, before, before.boss)
    assert "Settled before the meeting: 3" in page(client, before, insider)


def test_the_page_takes_as_many_queries_for_three_proposals_as_for_one(client, at):
    before = Before(at).publish()
    AgendaItem.objects.filter(pk=before.item(before.risk).pk).delete()

    def counted() -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            page(client, before, before.ben)
        return len(found)

    page(client, before, before.ben)
    before.acceptance()
    before.contest(before.version, before.ana)
    few = counted()
    for number in range(2):
        before.contest(before.threshold(feature=f"f{number}"), before.ana)
        before.acceptance()
    assert len(before.seen_by(before.ben).proposals) == 6
    assert counted() == few


def test_the_pre_read_asks_the_deciders_and_names_the_restricted_to_nobody_else(settings, at):
    settings.IS_MAIL_KEPT = True
    before = Before(at)
    boss = people.user("Max", role=Role.RISK_MANAGER, teams=[before.team])
    thresholds.propose(before.version.threshold.series, warning=0.5, reason="x", by=act(boss), at=at)
    published_at = before.meeting.starts_at - agenda.PUBLISHED_BEFORE

    act_on_dues(at=published_at)
    schedule.tick(published_at)

    mails = {mail.user: mail for mail in Message.objects.filter(verb="meetings.agenda_published")}
    asked, reader = mails[boss].sent_text, mails[before.ben].sent_text
    for text in (asked, reader):
        assert "Settle before the meeting" in text
        assert f"- Agree to version 1 of {before.version.threshold.name}: warning above 0.3" in text
        assert f"Proposed by {before.ana.name}: Less noise" in text
    assert "You decide 2 of the proposals below" in asked
    assert "You decide" not in reader
    assert "Decided by risk managers" in reader


# ------------------------------------------------------------------ the API


def call(client, person, path, body=None, **headers):
    client.force_login(person)
    return client.post(f"/api/v1/{path}", body or {}, content_type=JSON, headers=headers)


def test_the_api_contests_and_takes_it_back(client, before):
    pk = before.item(before.version).pk
    answer = call(client, before.ben, f"agenda-items/{pk}/contest", {"reason": "Too lax"})
    assert answer.status_code == 200
    (row,) = answer.json()["contested_by"]
    assert (row["person_id"], row["reason"]) == (before.ben.pk, "Too lax")
    tag = answer["ETag"]

    assert call(client, before.ben, f"agenda-items/{pk}/contest", {"reason": "Again"}).status_code == 422
    assert call(client, before.boss, f"agenda-items/{pk}/withdraw-contest").status_code == 422
    answer = call(client, before.ben, f"agenda-items/{pk}/withdraw-contest")
    assert answer.json()["contested_by"] == []
    assert answer["ETag"] != tag


def test_the_api_says_what_would_be_agreed_and_then_agrees_to_it(client, before):
    path = f"meetings/{before.meeting.reference}/settle"
    before.contest(before.version, before.ben)
    would = call(client, before.boss, path, {"dry_run": True}).json()
    assert [(one["about_kind"], one["decision_reference"]) for one in would["agreed"]] == [("risk", None)]
    assert [one["contested_by"][0]["person_name"] for one in would["left"]] == [before.ben.name]
    assert not Decision.objects.exists()

    assert call(client, before.boss, path, {"digest": "0" * 32}).status_code == 412
    done = call(client, before.boss, path, {"digest": would["digest"]}).json()

    decision = Decision.objects.get()
    assert [one["decision_reference"] for one in done["agreed"]] == [decision.reference]
    (row,) = client.get("/api/v1/agenda-items?state=settled").json()["results"]
    assert (row["settled_by_id"], row["outcome"]) == (before.boss.pk, "decided")
    nothing = call(client, before.boss, path, {"dry_run": True}).json()
    assert (nothing["agreed"], nothing["digest"]) == ([], "")
    assert call(client, before.boss, path, {"digest": ""}).status_code == 422
    assert call(client, before.ben, path, {"dry_run": True}).json()["agreed"] == []


def test_the_api_agrees_to_nothing_without_the_digest_of_a_dry_run(client, before):
    path = f"meetings/{before.meeting.reference}/settle"
    for body in ({}, {"dry_run": False}):
        answer = call(client, before.boss, path, body)
        assert (answer.status_code, "digest of a dry run" in answer.json()["detail"]) == (428, True)
    assert not Decision.objects.exists()

    declared = client.get("/api/v1/schema", headers={"Accept": JSON}).json()
    responses = declared["paths"]["/api/v1/meetings/{key}/settle"]["post"]["responses"]
    assert responses["428"]["description"] == "The digest is missing."


def test_the_api_refuses_after_the_start_and_an_old_version(client, before):
    path = f"meetings/{before.meeting.reference}/settle"
    sent = {"digest": before.seen_by(before.boss).digest}
    assert call(client, before.boss, path, sent, **{"If-Match": '"meeting-1-999"'}).status_code == 412
    meetings.start(before.meeting, by=act(before.ana), at=before.meeting.starts_at)
    for body in ({"digest": "0" * 32}, {"dry_run": True}):
        answer = call(client, before.boss, path, body)
        assert answer.status_code == 409
        assert "The meeting has started" in str(answer.json())


def test_the_api_hides_who_contested_a_restricted_item(client, before):
    secret = before.acceptance(viewers=[before.team.subject_id], title="Quiet leak")
    before.contest(secret, before.ben, "Hush")
    item = before.item(secret)
    client.force_login(before.boss)

    row = client.get(f"/api/v1/agenda-items/{item.pk}").json()
    assert (row["is_hidden"], row["contested_by"], row["settled_by_id"]) == (True, [], None)
    would = call(client, before.boss, f"meetings/{before.meeting.reference}/settle", {"dry_run": True})
    assert "Quiet" not in would.content.decode()
    assert call(client, before.boss, f"agenda-items/{item.pk}/contest", {"reason": "x"}).status_code == 404


def test_the_list_takes_as_many_queries_for_three_contests_as_for_one(client, before):
    client.force_login(before.boss)

    def counted() -> int:
        with CaptureQueriesContext(connection) as found:
            client.get("/api/v1/agenda-items")
        return len(found)

    before.contest(before.version, before.ben)
    counted()
    few = counted()
    before.contest(before.version, before.ana)
    before.contest(before.risk, before.ben)
    assert counted() == few
    assert before.item(before.version).state == ItemState.WAITING
