"""What escalations and ladders refuse: viewers, steps that the state does not allow, old versions."""

import json
from datetime import timedelta

import pytest

from kit.actor import SYSTEM
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from people.operations import person as persons
from people.operations import token
from people.states import Role
from risklog.models import Climb
from risklog.operations import escalation as escalations
from risklog.operations import escalation_pauses
from risklog.operations import ladder as ladders
from risklog.states import EscalationState, Who
from talk.models import Watch
from tests.conftest import AT
from tests.factories import people
from tests.factories import risklog_review as make

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def lead():
    people.organisation(time_zone="UTC")
    return people.user("Lead")


@pytest.fixture
def escalation(lead):
    make.ladder((Who.PERSON, 60, {"people": [lead]}), (Who.PERSON, 60, {"people": [lead]}))
    return make.escalation(about=make.model().subject)


@pytest.fixture
def api(client):
    manager = people.user(role=Role.RISK_MANAGER)
    _, text = token.issue(manager, name="all", scope="write", by=SYSTEM, at=AT)

    def call(method, path, body=None, **headers):
        sent = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
        headers["Authorization"] = f"Bearer {text}"
        return getattr(client, method)(f"/api/v1/{path}", **sent, headers=headers)

    return call


# ------------------------------------------------------------------ viewers only read


def test_an_escalation_is_not_handed_over_to_a_viewer_nor_to_oneself(escalation, lead):
    escalations.acknowledge(escalation, by=make.actor(lead), at=AT)

    with pytest.raises(Refused, match="is a viewer and may not write") as refusal:
        escalations.hand_over(escalation, people.user(role=Role.VIEWER), by=make.actor(lead), at=AT)
    assert refusal.value.field == "to"
    with pytest.raises(Refused, match="to yourself"):
        escalations.hand_over(escalation, lead, by=make.actor(lead), at=AT)
    with pytest.raises(Refused, match="has it already"):
        escalations.hand_over(escalation, lead, by=make.actor(people.user()), at=AT)


def test_a_ladder_refuses_a_rung_of_a_viewer_and_offers_none(client, lead, api):
    viewer = people.user("Vera View", role=Role.VIEWER)
    for fields in ({"who": Who.PERSON, "people": [viewer]}, {"who": Who.SPONSOR, "person": viewer}):
        with pytest.raises(Refused, match="Rung 1: Vera View is a viewer") as refusal:
            ladders.add(name="Wrong", rungs=[{**fields, "within_minutes": 60}], by=SYSTEM, at=AT)
        assert refusal.value.field == "rungs"
    rung = {"who": "person", "people": [viewer.email], "within_minutes": 60}
    assert api("post", "ladders", {"name": "Wrong", "rungs": [rung]}).status_code == 422
    client.force_login(people.user(role=Role.RISK_MANAGER))
    assert "Vera View" not in client.get("/risks/ladder/new/").content.decode()


def test_a_rung_leaves_out_who_became_a_viewer_and_they_take_no_step(client, lead):
    other = people.user()
    make.ladder((Who.PERSON, 60, {"people": [lead]}), (Who.PERSON, 60, {"people": [lead, other]}))
    earlier = make.escalation(about=make.model().subject)
    persons.set_role(lead, Role.VIEWER, by=SYSTEM, at=AT)

    later = make.escalation(about=make.model().subject)

    climbs = (
        Climb.objects.filter(escalation=later).order_by("position").values_list("notified_ids", "skipped")
    )
    assert list(climbs) == [([], "is a viewer, who may only read"), ([other.pk], "")]
    client.force_login(lead)
    page = f"/risks/escalations/{earlier.reference}/"
    steps = {
        "acknowledge": {}, "call-again": {}, "hand-over": {"to": other.pk}, "resume": {},
        "pause": {"hours": 4, "reason": "x"}, "resolve": {"reason": "x"}, "step-down": {"reason": "x"},
    }  # fmt: skip
    for step, body in steps.items():
        sent = {**body, "version": earlier.version}
        assert client.post(f"{page}{step}/", sent).status_code == 403
    assert f"{page}acknowledge/" not in client.get(page).content.decode()


def test_a_viewer_watches_nothing_on_the_page_as_by_api(client, lead):
    about = make.model().subject
    client.force_login(people.user(role=Role.VIEWER))

    answer = client.post("/comments/watch/", {"about": about.pk, "watch": "start"})

    assert answer.status_code == 403
    assert not Watch.objects.exists()


# ------------------------------------------------------------------ a new version of a ladder


def test_a_second_editor_of_a_ladder_is_told_of_the_first_one(client, lead, api):
    ladder = make.ladder((Who.PERSON, 60, {"people": [lead]}))
    rungs = [{"who": "person", "people": [lead.email], "within_minutes": 30}]
    seen, tag = ladder.version, api("get", f"ladders/{ladder.pk}")["ETag"]

    changed = api("patch", f"ladders/{ladder.pk}", {"rungs": rungs}, **{"If-Match": tag})

    assert changed.status_code == 200
    assert changed["ETag"] != tag
    assert api("patch", f"ladders/{ladder.pk}", {"rungs": rungs}, **{"If-Match": tag}).status_code == 412
    assert api("get", f"ladders/{ladder.pk}", **{"If-None-Match": tag}).status_code == 200
    with pytest.raises(ChangedMeanwhile):
        ladders.change_rungs(ladder, [{"who": Who.OWNER, "within_minutes": 5}], by=SYSTEM, at=AT, seen=seen)
    client.force_login(people.user(role=Role.RISK_MANAGER))
    sent = {
        "name": ladder.name, "version": seen, "rung-TOTAL_FORMS": 1, "rung-INITIAL_FORMS": 0,
        "rung-0-who": "owner", "rung-0-amount": 5, "rung-0-unit": 1,
    }  # fmt: skip
    answer = client.post(f"/risks/ladder/{ladder.pk}/edit/", sent)
    assert answer.status_code == 409
    assert "Owner within 5 minutes" in answer.content.decode()
    assert "Lead within 30 minutes" in answer.content.decode()


# ------------------------------------------------------------------ what is wrong, plainly


def test_a_step_that_the_state_does_not_allow_says_what_is_wrong(escalation, lead):
    by = make.actor(lead)
    with pytest.raises(IllegalMove, match="This escalation is not paused"):
        escalation_pauses.resume(escalation, by=by, at=AT)
    escalation = escalation_pauses.pause(escalation, until=AT + HOUR, reason="Rollback", by=by, at=AT)
    with pytest.raises(Refused, match="Resume it first"):
        escalations.hand_over(escalation, people.user(), by=by, at=AT)
    with pytest.raises(IllegalMove, match="Resume it first"):
        escalations.acknowledge(escalation, by=by, at=AT)
    escalation = escalations.resolve(escalation, reason="Done", by=by, at=AT)
    assert escalation.state == EscalationState.RESOLVED
    with pytest.raises(IllegalMove, match="It is resolved already"):
        escalations.resolve(escalation, reason="Done", by=by, at=AT)
    with pytest.raises(Refused, match="It is resolved already"):
        escalations.hand_over(escalation, people.user(), by=by, at=AT)


def test_an_escalation_is_not_escalated_but_what_it_is_about(client, escalation, lead, api):
    risk = make.review().subject
    about_risk = make.escalation(about=risk)
    sent = {"about": about_risk.reference, "why": "Now"}

    refused = api("post", "escalations", sent)

    assert refused.status_code == 422
    assert f"Escalate what it is about, {risk.reference}." in refused.content.decode()
    client.force_login(lead)
    page = client.post("/risks/escalations/new/", sent)
    assert page.status_code == 422
    assert "is an escalation itself" in page.content.decode()


# ------------------------------------------------------------------ again, and for how long


def test_escalating_again_answers_the_running_escalation_with_200(api, lead):
    make.ladder((Who.PERSON, 60, {"people": [lead]}))
    about = make.breach_group().subject.reference

    first = api("post", "escalations", {"about": about, "why": "Nobody answers"})
    again = api("post", "escalations", {"about": about, "why": "It became worse"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["reference"] == first.json()["reference"]
    assert "Location" not in again


def test_requesting_a_review_again_answers_the_open_one_with_200(api):
    make.reviewer("data-science"), make.reviewer("risk-management")
    body = {"about": make.breach_group().subject.reference, "kind": "drift", "why": "Seen again"}

    statuses = [api("post", "review-requests", body).status_code for _ in range(2)]

    assert statuses == [201, 200]


def test_all_pauses_of_an_escalation_together_have_a_limit(escalation, lead):
    act = {"by": make.actor(lead), "reason": "Holiday"}
    for number in range(2):
        at = AT + timedelta(days=14 * number)
        escalation = escalation_pauses.pause(escalation, until=at + timedelta(days=14), at=at, **act)
        escalation = escalation_pauses.resume(escalation, by=make.actor(lead), at=at + timedelta(days=14))

    later = AT + timedelta(days=28)
    with pytest.raises(Refused, match="28 days together: no time is left") as refusal:
        escalation_pauses.pause(escalation, until=later + HOUR, at=later, **act)
    assert refusal.value.field == "until"


def test_a_pause_that_is_ended_early_counts_as_long_as_it_was(escalation, lead):
    act = {"by": make.actor(lead), "reason": "Holiday"}
    for number in range(3):
        at = AT + timedelta(days=number)
        escalation = escalation_pauses.pause(escalation, until=at + timedelta(days=14), at=at, **act)
        escalation = escalation_pauses.resume(escalation, by=make.actor(lead), at=at + HOUR)

    assert escalation.paused_minutes == 180


# ------------------------------------------------------------------ branches that never apply


def rungs_of(*rows):
    return [{"within_minutes": 60, **row} for row in rows]


@pytest.mark.parametrize(
    ("rows", "is_never"),
    [
        (
            [{"who": Who.TEAM_LEAD}, {"who": Who.TEAM_LEAD, "severity": "critical", "is_alternative": True}],
            True,
        ),
        ([{"who": Who.TEAM_LEAD}, {"who": Who.TEAM_LEAD, "when": "outside", "is_alternative": True}], True),
        ([{"who": Who.TEAM_LEAD, "when": "working"}, {"who": Who.TEAM_LEAD, "is_alternative": True}], False),
        ([{"who": Who.TEAM_LEAD}, {"who": Who.OWNER, "is_alternative": True}], False),
        ([{"who": Who.TEAM_LEAD}, {"who": Who.TEAM_LEAD}], False),
    ],
)
def test_a_branch_that_repeats_an_earlier_one_is_refused(rows, is_never):
    if not is_never:
        assert ladders.add(name="Other", rungs=rungs_of(*rows), by=SYSTEM, at=AT).pk
        return
    with pytest.raises(Refused, match="Rung 1: branch 2 never applies") as refusal:
        ladders.add(name="Other", rungs=rungs_of(*rows), by=SYSTEM, at=AT)
    assert refusal.value.field == "rungs"


def test_named_people_whom_an_earlier_branch_names_are_refused(lead):
    other = people.user("Olga")
    both, one = ({"who": Who.PERSON, "people": named} for named in ([lead, other], [lead]))
    with pytest.raises(Refused, match="never applies"):
        ladders.add(name="Other", rungs=rungs_of(both, {**one, "is_alternative": True}), by=SYSTEM, at=AT)
    assert ladders.add(
        name="Other", rungs=rungs_of(one, {**both, "is_alternative": True}), by=SYSTEM, at=AT
    ).pk


def test_a_branch_for_warnings_is_refused_on_a_ladder_for_critical_escalations():
    rows = rungs_of({"who": Who.OWNER}, {"who": Who.TEAM_LEAD, "severity": "warning"})
    with pytest.raises(Refused, match="Rung 2: this ladder is for critical escalations"):
        ladders.add(name="Nights", severity="critical", rungs=rows, by=SYSTEM, at=AT)
