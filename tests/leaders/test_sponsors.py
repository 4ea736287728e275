"""Sponsors: what waits for them, their answers, attendance, hours, and a start page that is never empty."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from actions.models import Action
from actions.operations import action as actions
from actions.operations import blocked
from actions.states import ActionState
from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from leaders import tallies
from leaders.models import Allotment, NightlyFigures
from leaders.operations import allotment, answer, snapshot
from leaders.queries import overview, waiting
from meetings.operations import attendance
from notices.models import Entry
from people.operations import organisation, token
from people.states import Role, TokenScope
from riskhub import schedule
from risklog.operations import acceptance
from risklog.states import RiskState
from talk.models import Comment
from tests.factories import actions as make_actions
from tests.factories import leaders as make
from tests.factories import meetings as make_meetings
from tests.factories import people, risks
from tests.moments import AT

pytestmark = pytest.mark.django_db

LATER = AT + timedelta(hours=5)


@pytest.fixture
def sponsor(db):
    organisation.found(name="Northwind", time_zone="Europe/Berlin", by=SYSTEM, at=AT)
    return people.user("Sven Sponsor")


def raised(sponsor, title="Get access to the lake", **fields) -> Action:
    action = make_actions.blocked(title=title, **fields)
    blocked.raise_to(action, sponsor, at=AT)
    return Action.objects.select_related("subject", "owner", "raised_to").get(pk=action.pk)


def by(person) -> dict:
    return {"by": Actor(person, "page"), "at": LATER}


def test_a_sponsor_who_only_reads_answers_too_and_nobody_else_who_only_reads(client, sponsor):
    leader, other = (people.user(name, role=Role.VIEWER) for name in ("Lea Leader", "Otto Other"))
    action = raised(leader)
    address = f"/executive/answers/{action.reference}/"
    body = {"answer": "goes_on", "text": "Granted", "version": action.version}
    client.force_login(other)
    assert client.post(address, body).status_code == 403

    client.force_login(leader)
    assert f'action="{address}"' in client.get("/executive/").content.decode()
    assert client.post(address, body).status_code == 303

    action.refresh_from_db()
    assert action.state != ActionState.BLOCKED


def test_an_answer_lets_the_action_go_on_tells_the_owner_and_ends_the_waiting(sponsor):
    owner = people.user("Olga Owner")
    action = raised(sponsor, owner=owner)
    assert [one.action for one in waiting.raised(sponsor)] == [action]

    answer.give(action, answer="goes_on", text="You have the right now.", seen=action.version, **by(sponsor))

    action.refresh_from_db()
    assert (action.state, action.raised_at) == (ActionState.DOING, None)
    assert Comment.objects.get().text == "You have the right now."
    assert waiting.raised(sponsor) == []


def test_an_answer_that_it_stays_blocked_ends_the_waiting_until_it_is_raised_again(sponsor):
    owner = people.user("Olga Owner")
    action = raised(sponsor, owner=owner)

    with pytest.raises(Refused) as refusal:
        answer.give(action, answer="stays", text=" ", **by(sponsor))
    assert refusal.value.field == "text"
    answer.give(action, answer="stays", text="The budget comes in January.", **by(sponsor))
    schedule.tick(LATER)

    action.refresh_from_db()
    assert (action.state, action.raised_to) == (ActionState.BLOCKED, sponsor)
    assert waiting.raised(sponsor) == []
    assert Entry.objects.filter(user=owner, event__verb="leaders.block_kept").exists()


def test_a_comment_of_the_sponsor_is_an_answer_and_one_of_others_is_not(sponsor):
    from talk.operations import comment

    action = raised(sponsor)
    comment.add(about=action.subject, text="Any news?", by=Actor(people.user(), "page"), at=LATER)
    assert len(waiting.raised(sponsor)) == 1

    comment.add(about=action.subject, text="On Friday.", by=Actor(sponsor, "page"), at=LATER)
    assert waiting.raised(sponsor) == []


def test_an_answer_that_came_too_late_is_refused(sponsor):
    action = raised(sponsor)
    stale = action.version
    actions.change(action, {"title": "Get access at last"}, by=SYSTEM, at=AT)
    with pytest.raises(ChangedMeanwhile):
        again = Action.objects.select_related("subject").get(pk=action.pk)
        answer.give(again, answer="goes_on", seen=stale, **by(sponsor))
    answer.give(action, answer="dropped", text="Not needed.", **by(sponsor))
    action.refresh_from_db()
    assert action.state == ActionState.DROPPED
    with pytest.raises(IllegalMove):
        answer.give(action, answer="goes_on", **by(sponsor))


@pytest.mark.parametrize("page", ["/", "/executive/"])
def test_what_waits_is_first_on_the_page_and_is_answered_there(client, sponsor, page):
    action = raised(sponsor)
    client.force_login(sponsor)
    text = client.get(page).content.decode()
    assert "Get access to the lake" in text
    assert f'action="/executive/answers/{action.reference}/"' in text

    address = f"/executive/answers/{action.reference}/"
    refused = client.post(address, {"answer": "stays", "version": action.version})
    assert (refused.status_code, "until when" in refused.content.decode()) == (422, True)
    given = {"answer": "goes_on", "text": "Go on.", "version": action.version}
    assert client.post(address, given).status_code == 303
    assert "Get access to the lake" not in client.get(page).content.decode()


def test_only_the_sponsor_and_risk_managers_answer(client, sponsor):
    action = raised(sponsor)
    client.force_login(people.user("Other"))

    assert client.get("/executive/").content.decode().count("Get access") == 0
    given = {"answer": "goes_on", "version": action.version}
    assert client.post(f"/executive/answers/{action.reference}/", given).status_code == 403
    secret = raised(sponsor, "Secret", viewers=[people.team("Growth").subject_id])
    given["version"] = secret.version
    assert client.post(f"/executive/answers/{secret.reference}/", given).status_code == 404


def test_the_start_page_of_a_sponsor_without_work_shows_their_series_and_goals(client, sponsor):
    series = make_meetings.series(sponsor=sponsor, name="Steering")
    make.goal("Fewer late actions", start=5)
    client.force_login(sponsor)

    page = client.get("/").content.decode()

    assert "Nothing waits for your answer." in page
    assert make_meetings.planned(series).subject.title in page
    assert "Fewer late actions" in page
    client.force_login(people.user("Member"))
    assert "Nothing is waiting for you" in client.get("/").content.decode()


def test_the_start_page_has_what_was_raised_to_somebody_who_sponsors_no_series(client, sponsor):
    action = raised(sponsor)

    for reader, is_shown in ((sponsor, True), (people.user("Member"), False)):
        client.force_login(reader)
        page = client.get("/")
        assert [one.action for one in page.context["raised"]] == [action] * is_shown
        assert page.context["sponsored"] == []


def test_the_snapshot_has_attendance_answers_and_hours_of_sponsors(sponsor):
    team, crew = make_meetings.crew("data-science", "engineering")
    series = make_meetings.series(team, sponsor=sponsor, participants=[sponsor], length_minutes=60)
    meeting = make_meetings.live(series)
    attendance.attend(meeting, present=[sponsor, *crew], by=SYSTEM, at=meeting.starts_at)
    make_meetings.live(series, 1)
    answer.give(raised(sponsor), answer="stays", text="In January.", **by(sponsor))
    make_actions.done(owner=crew[0], effort="l", at=AT)
    make_actions.done(owner=crew[0], at=AT)
    allotment.put(hours=40, **by(sponsor))
    allotment.put(hours=10, team=team, **by(sponsor))

    at = make_meetings.planned(series, 1).ends_at
    snapshot.take(at)

    found = overview.read(people.user(), at.date())
    assert (found.sponsors_present.part, found.sponsors_present.whole) == (1, 2)
    hours = found.hours
    assert (hours.allotted, hours.meetings, hours.reviews, hours.actions) == (50, 3, 0, 32)
    of_team = NightlyFigures.objects.get(team=team).figures
    assert (of_team["allotted"], of_team["meeting_minutes"]) == (10, 180)
    answers = next(one for one in found.durations if one.name == "Until a sponsor answers")
    assert (answers.number, answers.hours) == (1, 5.0)
    assert tallies.hours_of_reviews({"answers": 3}) == 1.5


def test_hours_are_set_once_for_each_team_and_by_everyone_for_themselves(client, sponsor):
    client.force_login(sponsor)
    for hours in ("20", "30"):
        assert client.post("/executive/hours/", {"hours": hours}).status_code == 303
    assert client.post("/executive/hours/", {"hours": "2001"}).status_code == 422
    one = Allotment.objects.get()
    assert (one.sponsor, one.hours, one.version) == (sponsor, 30, 2)
    assert Event.objects.filter(subject=one.subject).count() == 2


# ------------------------------------------------------------------ acceptances of risks


def proposed(title="Labels lag", **fields):
    """Return an acceptance that Riskhub itself proposed."""
    risk = risks.risk(title, state=RiskState.ASSESSING, **fields)
    return acceptance.propose(risk, until=risks.ACCEPTED_UNTIL, reason="It is small", by=SYSTEM, at=AT)


@pytest.fixture
def manager(sponsor):
    return people.user("Mia Manager", role=Role.RISK_MANAGER)


def test_a_proposed_acceptance_waits_on_the_executive_page_and_is_decided_there(client, manager):
    client.force_login(manager)
    found = proposed()
    address = f"/executive/acceptances/{found.pk}/"
    text = client.get("/executive/").content.decode()
    assert "Labels lag" in text and "It is small" in text and f'action="{address}"' in text
    assert "It is small" in client.get(address).content.decode()

    # Nothing is chosen beforehand, so that nobody accepts by opening the form and pressing its button.
    empty = client.post(address, {"is_accepted": "", "reason": "Agreed", "version": found.version})
    assert (empty.status_code, list(empty.context["form"].errors)) == (422, ["is_accepted"])
    declined = client.post(address, {"is_accepted": "false", "version": found.version})
    assert (declined.status_code, "reason for declining" in declined.content.decode()) == (422, True)
    assert client.post(address, {"is_accepted": "true"}).status_code == 428
    given = {"is_accepted": "true", "reason": "Agreed", "version": found.version}
    answer = client.post(address, given)
    assert (answer.status_code, answer.url) == (303, "/executive/")

    found.refresh_from_db()
    assert (found.state, found.decided_by, found.risk.state) == ("accepted", manager, "accepted")
    assert waiting.waiting_for(manager).acceptances == []
    assert client.post(address, given).status_code == 409


def test_an_acceptance_waits_only_for_who_may_decide_on_it(client, manager):
    own = proposed("Owned by Mia", owner=manager)
    by_mia = risks.risk("Proposed by Mia", state=RiskState.ASSESSING)
    act = {"by": Actor(manager, "page"), "at": AT}
    by_mia = acceptance.propose(by_mia, until=risks.ACCEPTED_UNTIL, reason="Small", **act)
    team = people.team("Growth")
    hidden = proposed("Hidden", viewers=[team.subject_id])
    others = people.user(role=Role.RISK_MANAGER, teams=[team])

    assert waiting.waiting_for(manager).acceptances == []
    assert [one.acceptance for one in waiting.waiting_for(others).acceptances] == [own, by_mia, hidden]
    assert waiting.waiting_for(people.user(teams=[team])).acceptances == []
    client.force_login(manager)
    for one, status in ((own, 403), (by_mia, 403), (hidden, 404)):
        given = {"is_accepted": "true", "version": one.version}
        assert client.post(f"/executive/acceptances/{one.pk}/", given).status_code == status
    client.force_login(people.user())
    assert client.get(f"/executive/acceptances/{own.pk}/").status_code == 403


def test_the_executive_page_takes_the_same_queries_for_three_acceptances_as_for_one(client, manager):
    client.force_login(manager)
    client.get("/executive/")
    counts = []
    for _number in range(3):
        proposed()
        with CaptureQueriesContext(connection) as captured:
            client.get("/executive/")
        counts.append(len(captured))

    assert counts[0] == counts[2] <= 15


def test_the_api_lists_the_acceptances_to_decide_on(manager):
    found = proposed()
    for person, is_listed in ((manager, True), (people.user(), False)):
        _, text = token.issue(person, name="t", scope=TokenScope.WRITE, by=SYSTEM, at=AT)
        client = Client(headers={"Authorization": f"Bearer {text}"})
        rows = client.get("/api/v1/executive/acceptances").json()["results"]
        assert [row["risk_reference"] for row in rows] == [found.risk.reference] * is_listed
    _, text = token.issue(manager, name="t", scope=TokenScope.WRITE, by=SYSTEM, at=AT)
    client = Client(headers={"Authorization": f"Bearer {text}"})
    path = f"/api/v1/risks/{found.risk.reference}/acceptances/{found.pk}"
    headers = {"If-Match": client.get(path)["ETag"]}
    decided = client.post(
        f"{path}/decide", '{"is_accepted": true}', content_type="application/json", headers=headers
    )
    assert decided.json()["state"] == "accepted"
    assert client.get("/api/v1/executive/acceptances").json()["results"] == []


# ------------------------------------------------------------------ API


def test_the_api_lists_what_waits_answers_and_sets_hours(sponsor):
    action = raised(sponsor)
    raised(people.user("Another"))
    _, text = token.issue(sponsor, name="t", scope=TokenScope.WRITE, by=SYSTEM, at=AT)
    client = Client(headers={"Authorization": f"Bearer {text}"})
    rows = client.get("/api/v1/executive/raised").json()["results"]
    assert [row["reference"] for row in rows] == [action.reference]

    def post(path, body, **headers):
        content = json.dumps(body)
        return client.post(f"/api/v1/{path}", content, content_type="application/json", headers=headers)

    path, body = f"executive/raised/{action.reference}/answer", {"answer": "goes_on"}
    assert post(path, body).status_code == 428
    tag = client.get(f"/api/v1/actions/{action.reference}")["ETag"]
    assert post(path, {"answer": "stays"}, **{"If-Match": tag}).status_code == 422
    answered = post(path, body, **{"If-Match": tag})
    assert (answered.status_code, answered.json()["state"]) == (200, "doing")
    assert client.get("/api/v1/executive/raised").json()["results"] == []

    assert post("allotments", {"hours": 12}).json()["hours"] == 12
    assert post("allotments", {"hours": 15}).json()["hours"] == 15
    assert [row["hours"] for row in client.get("/api/v1/allotments").json()["results"]] == [15]
    assert post("allotments", {"hours": -1}).status_code == 400
