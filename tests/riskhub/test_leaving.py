"""Everything that a person owns, handed over in one step."""

import json
from datetime import timedelta

import pytest

from catalogue.models import DecisionRight
from history.models import Event
from kit.actor import SYSTEM
from kit.refusals import Refused
from meetings.models import Meeting, MeetingSeries
from meetings.operations.meeting import replan
from people.models import DutyRoster, Team, User
from people.operations import roster as rosters
from people.states import Role
from riskhub.leaving import operations as leaving
from risklog.models import Reviewer, Risk, Rung
from risklog.states import Who
from saved import operations as views
from saved.models import SavedView
from tests.factories import actions, catalogue, leaders, meetings, people, risklog_review, risks

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return people.user("Adam Admin", role=Role.ADMINISTRATOR)


@pytest.fixture
def ana(at, admin):
    """A person who owns one of each kind, one of it restricted."""
    science = people.function("data-science")
    team, _ = meetings.crew("data-engineering", "risk-management")
    ana = people.user("Ana", function=science, teams=[team])
    risks.risk("Scores drift", owner=ana)
    risks.restricted("Zanzibar", team, owner=ana)
    actions.action(owner=ana)
    leaders.goal(owner=ana)
    risklog_review.review()
    model = risklog_review.model(developer=ana)
    assert model.developer == ana
    meetings.series(team, participants=[ana])
    rosters.add(function=science, people=[ana], starts_on=at.date(), by=SYSTEM, at=at)
    views.add(list="risks", name="Mine", query="", is_shared=True, by=risks.by(ana), at=at)
    led = people.team("Fraud", lead=ana)
    assert led.lead == ana
    catalogue.right(person=ana)
    catalogue.workflow(owner=ana)
    return ana


def kinds_of(person, reader):
    return {one.holding.name: (len(one.subjects), one.hidden) for one in leaving.held_by(person, reader)}


def test_the_list_names_what_the_reader_may_see_and_counts_the_rest(ana, admin):
    own, of_admin = kinds_of(ana, ana), kinds_of(ana, admin)

    assert own["risks"] == (2, 0)
    assert of_admin["risks"] == (1, 1)
    assert {
        "actions",
        "goals",
        "reviews",
        "series",
        "duties",
        "views",
        "teams",
        "models",
        "rights",
        "workflows",
    } <= set(own)


def test_all_goes_over_in_one_step_and_the_person_is_deactivated(client, ana, admin):
    ben = people.user("Ben", function=ana.function, teams=[Team.objects.get(memberships__user=ana)])
    carl = people.user("Carl")
    client.force_login(admin)
    url = f"/people/{ana.pk}/hand-over/"
    page = client.get(f"{url}?deactivate=1").content.decode()
    assert "Zanzibar" not in page
    assert "Scores drift" in page

    sent = {"to": ben.pk, "of_actions": carl.pk, "deactivates": "on", "version": ana.version}
    answer = client.post(url, sent)

    assert answer.status_code == 303, answer.content
    assert kinds_of(ana, ana) == {}
    assert {risk.owner for risk in Risk.objects.all()} == {ben}
    assert kinds_of(carl, carl)["actions"] == (1, 0)
    assert DutyRoster.objects.get().people == [ben.pk]
    assert SavedView.objects.get().owner == ben
    assert Reviewer.objects.unanswered().filter(user=ana).count() == 0
    assert not User.objects.get(pk=ana.pk).is_active
    assert Event.objects.get(verb="people.work_handed_over").data["to"] == sorted(
        [ben.subject_id, carl.subject_id]
    )


def test_a_second_press_finds_nothing_left_and_writes_no_event(at, ana):
    ben = people.user("Ben", function=ana.function)
    for _ in range(2):
        leaving.hand_over(ana, to=ben, by=SYSTEM, at=at)

    assert Event.objects.filter(verb="people.work_handed_over").count() == 1


def test_one_refused_part_changes_nothing(at, ana, admin):
    ben = people.user("Ben")
    with pytest.raises(Refused, match="Choose who takes over: Actions"):
        leaving.hand_over(ana, to=None, of_kind={"risks": ben}, by=risks.by(admin), at=at)

    assert kinds_of(ana, ana)["risks"] == (2, 0)
    assert not Event.objects.filter(verb="people.work_handed_over").exists()


@pytest.mark.parametrize("kept", ["rights", "teams"])
def test_nobody_gives_away_alone_what_only_others_assign(at, ana, kept):
    """A right is assigned by risk managers, the lead of a team by administrators."""
    ben = people.user("Ben", function=ana.function, teams=[Team.objects.get(memberships__user=ana)])
    if kept == "rights":
        Team.objects.filter(lead=ana).update(lead=None)
    else:
        DecisionRight.objects.filter(person=ana).update(is_withdrawn=True)

    with pytest.raises(Refused, match="Ask an administrator to hand over your work"):
        leaving.hand_over(ana, to=ben, by=risks.by(ana), at=at)

    assert kinds_of(ana, ana)["risks"] == (2, 0)


@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_a_viewer_or_the_person_takes_nothing_over(at, ana, admin, role):
    successor = people.user(role=role) if role else ana
    with pytest.raises(Refused):
        leaving.hand_over(ana, to=successor, by=risks.by(admin), at=at)


def test_what_the_writer_may_not_see_goes_only_to_those_who_see_it(at, ana, admin):
    for outsider in (admin, people.user("Otto")):
        with pytest.raises(Refused, match="1 restricted risk: choose somebody of their teams") as refused:
            leaving.hand_over(ana, to=outsider, by=risks.by(admin), at=at)
        assert "Zanzibar" not in refused.value.message
    assert Risk.objects.get(title="Zanzibar").owner == ana

    insider = people.user("Ines", teams=[Team.objects.get(memberships__user=ana)])
    leaving.hand_over(ana, to=insider, by=risks.by(admin), at=at)

    assert Risk.objects.get(title="Zanzibar").owner == insider
    assert not Risk.objects.visible_to(admin).filter(title="Zanzibar").exists()


@pytest.mark.parametrize("deactivates", [False, True])
def test_every_turn_goes_to_the_named_person(at, ana, admin, deactivates):
    ben = people.user("Ben", function=ana.function, teams=[Team.objects.get(memberships__user=ana)])
    turns = set(Meeting.objects.filter(facilitator=ana).values_list("pk", flat=True))
    assert turns

    leaving.hand_over(ana, to=ben, deactivates=deactivates, by=risks.by(admin), at=at)

    assert turns <= set(Meeting.objects.filter(facilitator=ben).values_list("pk", flat=True))
    assert not Meeting.objects.filter(facilitator=ana, state="planned").exists()
    replan(MeetingSeries.objects.get(), at=at)
    assert turns <= set(Meeting.objects.filter(facilitator=ben).values_list("pk", flat=True))


@pytest.mark.parametrize("reason", ["takes no part in", "is away on"])
def test_a_turn_that_the_rotation_would_take_away_is_refused_with_the_reason(at, admin, reason):
    team, (lea,) = meetings.crew("data-engineering")
    ben = people.user("Ben", function=lea.function)
    meetings.series(team)
    if reason == "is away on":
        people.member(team, ben)
        meetings.away(ben, at.date(), at.date() + timedelta(days=90))
    assert Meeting.objects.filter(facilitator=lea).exists()

    with pytest.raises(Refused, match=f"Meetings to facilitate: Ben {reason}"):
        leaving.hand_over(lea, to=ben, deactivates=True, by=risks.by(admin), at=at)

    assert User.objects.get(pk=lea.pk).is_active


def test_a_list_that_changed_since_it_was_read_is_not_handed_over(client, ana, admin):
    ben = people.user("Ben", function=ana.function, teams=[Team.objects.get(memberships__user=ana)])
    client.force_login(admin)
    url = f"/api/v1/people/{ana.pk}/holdings"
    old = client.get(url)["ETag"]
    page = client.get(f"/people/{ana.pk}/hand-over/").context["listed"]
    fresh = actions.action("Made since", owner=ana)

    body = json.dumps({"to": ben.email})
    answer = client.post(url, body, content_type="application/json", headers={"If-Match": old})
    sent = {"to": ben.pk, "version": ana.version, "read": page}

    assert answer.status_code == 412
    assert "Made since" in str(answer.json()["present"])
    assert client.get(url)["ETag"] == answer["ETag"] != old
    assert client.post(f"/people/{ana.pk}/hand-over/", sent).status_code == 409
    fresh.refresh_from_db()
    assert fresh.owner == ana
    schema = client.get("/api/v1/schema", headers={"Accept": "application/json"}).json()
    declared = schema["paths"]["/api/v1/people/{key}/holdings"]["post"]
    assert "428" in declared["responses"]
    assert any(one["name"] == "If-Match" and one["required"] for one in declared["parameters"])


def test_others_may_not_hand_over(client, ana):
    client.force_login(people.user("Mia", role=Role.RISK_MANAGER))

    assert client.get(f"/people/{ana.pk}/hand-over/").status_code == 403
    assert client.get(f"/api/v1/people/{ana.pk}/holdings").status_code == 403


def test_the_api_hands_over_with_exceptions(client, ana, admin):
    ben, carl = people.user("Ben", function=ana.function), people.user("Carl")
    risk = Risk.objects.get(title="Scores drift")
    Team.objects.filter(lead=ana).update(lead=None)
    DecisionRight.objects.filter(person=ana).update(is_withdrawn=True)
    client.force_login(ana)
    url = f"/api/v1/people/{ana.pk}/holdings"
    listed = client.get(url)
    assert {row["kind"]: row["number"] for row in listed.json()["results"]}["risks"] == 2

    def post(body, **headers):
        return client.post(url, json.dumps(body), content_type="application/json", headers=headers)

    body = {"to": ben.email, "others": [{"about": risk.reference, "to": carl.email}]}
    assert post(body).status_code == 428
    seen = {"If-Match": listed["ETag"]}
    assert post(body | {"deactivates": True}, **seen).status_code == 403
    wrong = post({"to": ben.email, "others": [{"to": carl.email}]}, **seen)
    assert (wrong.status_code, "others" in str(wrong.json()["errors"])) == (400, True)
    assert post(body, **seen).json() == {"results": []}
    risk.refresh_from_db()
    assert risk.owner == carl


def test_rungs_that_name_the_person_name_the_successor(at, admin):
    ana, ben, other = (people.user(name) for name in ("Ana", "Ben", "Olga"))
    ladder = risklog_review.ladder(
        (Who.PERSON, 60, {"people": [ana, other]}), (Who.SPONSOR, 60, {"person": ana}), (Who.OWNER, 90, None)
    )
    assert kinds_of(ana, admin)["ladders"] == (1, 0)

    leaving.hand_over(ana, to=ben, deactivates=True, by=risks.by(admin), at=at)

    rungs = list(Rung.objects.filter(ladder_version__ladder=ladder, ladder_version__is_current=True))
    assert [(rung.people, rung.person_id) for rung in sorted(rungs, key=lambda rung: rung.position)] == [
        ([ben.pk, other.pk], None),
        ([], ben.pk),
        ([], None),
    ]
    assert "ladders" not in kinds_of(ana, admin)


def test_a_person_cannot_hand_over_a_rung_alone(at):
    person, ben = people.user("Pia"), people.user("Ben")
    risklog_review.ladder((Who.PERSON, 60, {"people": [person]}))

    with pytest.raises(Refused, match="Ask an administrator"):
        leaving.hand_over(person, to=ben, by=risks.by(person), at=at)
