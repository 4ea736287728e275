"""The record line by the API: what it makes, who may, and what a line that is not understood answers."""

import pytest

from actions.models import Action
from kit.actor import SYSTEM
from meetings.models import AgendaItem, Decision, RaisedRisk
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from people.states import Role
from risklog.models import Risk
from tests.factories import catalogue, people, risks
from tests.factories import meetings as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def crew():
    people.organisation()
    return make.crew()


@pytest.fixture
def meeting(crew):
    return make.live(make.series(crew[0]))


@pytest.fixture
def item(meeting):
    """The item that is discussed now, about a risk."""
    about = risks.risk(model=catalogue.model()).subject
    return items.take_up(make.item(meeting, about=about), by=SYSTEM, at=meeting.starts_at)


@pytest.fixture
def record(client, crew, meeting, move_clock):
    """Send a line as the first of the crew, on Wednesday 25 November."""
    client.force_login(crew[1][0])
    move_clock(meeting.starts_at)

    def send(kind, line, *, headers=None, **body):
        address = f"/api/v1/meetings/{meeting.reference}/record"
        body = {"kind": kind, "line": line, **body}
        return client.post(address, body, content_type="application/json", headers=headers)

    return send


def test_each_kind_of_line_makes_its_object_on_the_current_item(client, record, crew, item):
    ben = crew[1][1]

    decided = record("decision", "Cap it because it drifts")
    agreed = record("action", f"Ask the vendor @{ben.handle} fri")
    raised = record("risk", "The vendor changed it 4x5")
    parked = record("park", "Costs of labels")

    decision, action = Decision.objects.get(), Action.objects.get()
    risk = Risk.objects.get(title="The vendor changed it")
    assert [one.status_code for one in (decided, agreed, raised, parked)] == [201] * 4
    assert decided.json() == {
        "kind": "decision",
        "id": decision.pk,
        "reference": decision.reference,
        "is_incomplete": True,
    }
    assert (decision.text, decision.reason, decision.item) == ("Cap it", "it drifts", item)
    assert (action.owner, f"{action.due_on}", agreed.json()["kind"]) == (ben, "2026-11-27", "action")
    assert (risk.likelihood, risk.impact, RaisedRisk.objects.get().risk) == (4, 5, risk)
    waiting = AgendaItem.objects.get(title="Costs of labels")
    assert parked.json() == {
        "kind": "agenda_item",
        "id": waiting.pk,
        "reference": None,
        "is_incomplete": False,
    }
    for answer in (decided, agreed, raised, parked):
        assert client.get(answer["Location"]).json()["id"] == answer.json()["id"]


def test_a_decision_by_a_line_has_its_effect(record, crew, meeting):
    action = make.action.add(title="Cap it", owner=crew[1][0], by=SYSTEM, at=make.AT)
    items.take_up(make.item(meeting, about=action.subject), by=SYSTEM, at=meeting.starts_at)

    answer = record("decision", "More time !due 18 dec because they wait")

    assert (answer.status_code, answer.json()["is_incomplete"]) == (201, False)
    action.refresh_from_db()
    assert f"{action.due_on}" == "2026-12-18"


@pytest.mark.parametrize(
    ("kind", "line", "said"),
    [
        ("decision", "Cap it !dew fri", "“!dew” is no effect"),
        ("decision", "Cap it !resolve for good", "“for good” after !resolve"),
        ("decision", "Cap it !due the fair", "Write a date after !due"),
        ("action", "Ask @ana-moreau and @wei fri", "@ana-moreau and @wei: name one owner"),
        ("action", "Ask @nobody fri", "Nobody has the handle @nobody"),
        ("action", "Ask them next fri", "“next fri” may be Fri 27 Nov or Fri 4 Dec"),
        ("action", "Ask them 31 nov", "There is no 31 November 2026"),
        ("risk", "It drifts 4x9", "likelihood and impact as 1 to 5 each"),
        ("risk", "It drifts !accept", "leave !accept out"),
    ],
)
def test_a_line_that_is_not_understood_names_the_part_and_records_nothing(record, item, kind, line, said):
    answer = record(kind, line)

    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["field"] == "line"
    assert said in str(error)
    assert not (Decision.objects.exists() or Action.objects.exists() or RaisedRisk.objects.exists())


def test_a_line_may_name_another_item_of_the_meeting_and_only_of_it(record, crew, meeting, item):
    second, strange = make.item(meeting), make.item(make.planned(make.series(crew[0])))

    assert record("decision", "Cap it", item=second.pk).status_code == 201
    assert Decision.objects.get().item == second
    refused = record("decision", "Cap it", item=strange.pk)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "item")


def test_without_a_current_item_the_line_names_one(record, meeting):
    refused = record("decision", "Cap it")

    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "item")
    assert "discussed now" in refused.content.decode()


def test_a_restricted_item_is_no_item_to_others(record, crew, meeting):
    secret = make.restricted([people.user()], "Canary")
    hidden = items.take_up(make.item(meeting, about=secret), by=SYSTEM, at=meeting.starts_at)

    named, unnamed = record("decision", "Cap it", item=hidden.pk), record("decision", "Cap it")
    unknown = record("decision", "Cap it", item=hidden.pk + 10_000)

    assert named.status_code == unknown.status_code == 400
    assert named.json()["errors"] == [
        {**error, "detail": error["detail"].replace(f"{hidden.pk + 10_000}", f"{hidden.pk}")}
        for error in unknown.json()["errors"]
    ]
    assert unnamed.status_code == 422
    assert "restricted" in unnamed.content.decode()
    assert "Canary" not in (named.content + unnamed.content).decode()
    assert not Decision.objects.exists()


def test_who_takes_no_part_does_not_record(client, record, item):
    client.force_login(people.user())
    assert record("decision", "Cap it").status_code == 403
    client.force_login(people.user(role=Role.RISK_MANAGER))
    assert record("decision", "Cap it").status_code == 201


def test_a_line_that_is_sent_twice_is_recorded_once(record, item):
    first = record("decision", "Cap it", headers={"Idempotency-Key": "k1"})
    again = record("decision", "Cap it", headers={"Idempotency-Key": "k1"})

    assert first.content == again.content
    assert Decision.objects.count() == 1


def test_after_the_end_of_the_meeting_nothing_is_recorded(record, meeting, item):
    meetings.close(meeting, by=SYSTEM, at=meeting.ends_at)

    assert record("decision", "Cap it", item=item.pk).status_code == 422
    assert not Decision.objects.exists()
