"""The record bar of a live meeting, and decisions that are completed before the meeting ends."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from actions.models import Action
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from meetings.models import AgendaItem, Decision, RaisedRisk
from meetings.operations import completion, recording
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.queries import glance
from meetings.states import ItemState, MeetingState
from people.states import Role
from risklog.models import Risk
from risklog.operations.risk import restrict as restrict_risk
from tests.factories import catalogue, people, risks
from tests.factories import meetings as make
from tests.factories import risklog_review as risklog

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def crew():
    people.organisation()
    return make.crew()[1]


@pytest.fixture
def meeting(crew, move_clock):
    """A live meeting on Wednesday, which the first of the crew controls."""
    planned = make.planned(make.series(crew[0].memberships.get().team))
    move_clock(planned.starts_at)
    return meetings.start(planned, by=Actor(crew[0], "page"), at=planned.starts_at)


@pytest.fixture
def on(meeting):
    return items.take_up(make.item(meeting, title="Drift"), by=SYSTEM, at=meeting.starts_at)


@pytest.fixture
def ben(client, crew):
    """A participant who does not control the meeting."""
    client.force_login(crew[1])
    return crew[1]


def record(client, on, record_as, line, **more):
    said = {"record_as": record_as, "line": line, "once": f"{record_as} {line}"}
    return client.post(reverse("meetings:item_record", args=[on.pk]), said, headers=HTMX, **more)


def page_of(client, meeting) -> str:
    return client.get(reverse("meetings:meeting_live", args=[meeting.reference])).content.decode()


# ------------------------------------------------------------------ one line


def test_an_action_with_owner_and_date(client, crew, ben, meeting, on):
    answer = record(client, on, "action", f"Serve the capped feature @{crew[0].handle} fri")

    assert answer.status_code == 200
    assert "recorded" in answer.headers["HX-Trigger"]
    assert 'hx-target="#meeting-log"' in answer.content.decode()
    action = Action.objects.get()
    assert (action.title, action.owner, action.due_on, action.origin) == (
        "Serve the capped feature",
        crew[0],
        date(2026, 11, 27),
        meeting.subject,
    )


def test_the_same_form_sent_twice_records_once_and_the_next_one_again(client, ben, on):
    record(client, on, "action", "Do it")
    record(client, on, "action", "Do it")
    assert Action.objects.count() == 1

    said = {"record_as": "action", "line": "Do it", "once": "another"}
    client.post(reverse("meetings:item_record", args=[on.pk]), said, headers=HTMX)
    assert Action.objects.count() == 2


def test_a_decision_in_one_line_is_complete_with_owner_and_reason(client, crew, ben, on):
    record(client, on, "decision", f"Cap it @{crew[0].handle} in 2 weeks because it drifts")

    decision, action = Decision.objects.get(), Action.objects.get()
    assert (decision.text, decision.reason, decision.is_incomplete) == ("Cap it", "it drifts", False)
    assert (action.title, action.due_on, action.origin) == ("Cap it", date(2026, 12, 9), decision.subject)
    assert AgendaItem.objects.get(pk=on.pk).state == ItemState.CURRENT


@pytest.mark.parametrize(
    ("record_as", "line", "said"),
    [
        ("action", "Do it @nobody fri", "Nobody has the handle @nobody"),
        ("action", "Do it 5/12", "may be two days"),
        ("action", " ", "Enter what to record"),
        ("action", "x" * 201, "at most 200"),
        ("decision", "x" * 4001, "at most 4000 characters, this one has 4001"),
        ("spell", "Do it", "Select a valid choice"),
        ("risk", "It may break", "does not know the model"),
    ],
)
@pytest.mark.usefixtures("ben")
def test_a_refused_line_is_told_beside_the_bar_and_records_nothing(client, on, record_as, line, said):
    answer = record(client, on, record_as, line)

    assert answer.status_code == 422
    assert 'id="record-said"' in answer.content.decode()
    assert said in answer.content.decode()
    assert not Action.objects.exists()
    assert not Risk.objects.exists()


def test_the_first_part_of_a_handle_is_enough_if_one_person_has_it(client, ben, on):
    ana = people.user("Ana Moreau")

    assert record(client, on, "action", "Ask the vendor @ana").status_code == 200
    assert Action.objects.get().owner == ana

    other = people.user("Ana Weber")
    refused = record(client, on, "action", "Ask the bank @ana").content.decode()
    assert f"Write @{ana.handle} or @{other.handle}." in refused


def test_without_scripts_the_refused_line_stays_in_the_bar(client, ben, on):
    said = {"record_as": "action", "line": "Do it @nobody", "once": "k"}

    answer = client.post(reverse("meetings:item_record", args=[on.pk]), said)

    assert answer.status_code == 422
    assert 'value="Do it @nobody"' in answer.content.decode()


def test_a_viewer_cannot_own_an_action(client, ben, on):
    viewer = people.user(role=Role.VIEWER)

    assert record(client, on, "action", f"Do it @{viewer.handle}").status_code == 422
    assert not Action.objects.exists()


def test_a_parked_line_is_an_item_of_the_backlog(client, ben, meeting, on):
    record(client, on, "park", "Who approves challengers?")

    item = meeting.items.get(title="Who approves challengers?")
    assert (item.state, item.parked_by) == (ItemState.BACKLOG, ben)
    assert "Who approves challengers?" in page_of(client, meeting)


def test_a_risk_is_about_the_model_of_the_item(client, ben, meeting, crew):
    model = catalogue.model(owner_team=crew[0].memberships.get().team)
    known = risks.risk(model=model, category=risks.category())
    item = items.take_up(make.item(meeting, about=known.subject), by=SYSTEM, at=meeting.starts_at)

    answer = record(client, item, "risk", f"The vendor changed it @{ben.handle} 2x5")

    assert answer.status_code == 200
    risk = Risk.objects.exclude(pk=known.pk).get()
    assert (risk.title, risk.model, risk.category, risk.owner) == (
        "The vendor changed it", model, known.category, ben,
    )  # fmt: skip
    assert (risk.raised_by, risk.team) == (ben, model.owner_team)
    assert (risk.likelihood, risk.impact) == (2, 5)
    assert meeting.reference in risk.description


def test_a_recorded_risk_is_shown_with_its_level_and_tells_the_others(client, ben, crew, meeting):
    item = items.take_up(
        make.item(meeting, about=risks.risk(model=catalogue.model()).subject), by=SYSTEM, at=meeting.starts_at
    )
    before = glance.stamp(meeting.pk, crew[0], meeting.starts_at)

    said = record(client, item, "risk", "The vendor changed it 2x5").content.decode()

    risk = Risk.objects.get(title="The vendor changed it")
    raised = RaisedRisk.objects.get(risk=risk)
    assert (raised.meeting, raised.item) == (meeting, item)
    assert glance.stamp(meeting.pk, crew[0], meeting.starts_at) != before
    for text in (said, page_of(client, meeting)):
        log = text[text.index('id="meeting-log"') :]
        assert f"Risk {risk.reference}" in log
        assert "The vendor changed it" in log
        assert "1 risk" in log
        assert 'class="level level-' in log
    assert "recorded this risk in a meeting" in client.get(f"/risks/{risk.reference}/").content.decode()


def test_a_recorded_risk_is_shown_only_to_those_who_may_see_it(client, ben, crew, meeting):
    known = risks.risk(model=catalogue.model(), category=risks.category())
    restrict_risk(known, teams=[ben.memberships.get().team], by=SYSTEM, at=make.AT)
    item = items.take_up(make.item(meeting, about=known.subject), by=SYSTEM, at=meeting.starts_at)
    outsider = people.user()
    before = glance.stamp(meeting.pk, outsider, meeting.starts_at)

    record(client, item, "risk", "It leaks")

    assert glance.stamp(meeting.pk, outsider, meeting.starts_at) == before
    assert "It leaks" in page_of(client, meeting)
    assert not glance.sees_all(meeting.pk, outsider)
    client.force_login(outsider)
    shown = page_of(client, meeting)
    assert "It leaks" not in shown
    assert "1 risk" not in shown


def test_the_page_takes_as_many_queries_for_three_recorded_risks_as_for_one(client, ben, meeting):
    item = items.take_up(
        make.item(meeting, about=risks.risk(model=catalogue.model()).subject), by=SYSTEM, at=meeting.starts_at
    )

    def counted() -> int:
        page_of(client, meeting)
        with CaptureQueriesContext(connection) as found:
            page_of(client, meeting)
        return len(found)

    record(client, item, "risk", "It may break")
    few = counted()
    for count in range(2):
        record(client, item, "risk", f"It may break {count}")
    assert "3 risks" in page_of(client, meeting)
    assert counted() == few


def test_a_line_about_a_restricted_item_is_not_parked_for_everybody(client, ben, meeting):
    hidden = make.item(meeting, about=make.restricted([ben], "Secret"))
    on = items.take_up(hidden, by=SYSTEM, at=meeting.starts_at)

    answer = record(client, on, "park", "The secret supplier leaves")

    assert answer.status_code == 422
    assert "everybody in the meeting would see" in answer.content.decode()
    assert not AgendaItem.objects.filter(title__contains="supplier").exists()


def test_a_risk_on_a_restricted_item_is_as_restricted(client, ben, meeting):
    known = risks.risk(model=catalogue.model(), category=risks.category())
    restrict_risk(known, teams=[ben.memberships.get().team], by=SYSTEM, at=make.AT)
    item = items.take_up(make.item(meeting, about=known.subject), by=SYSTEM, at=meeting.starts_at)

    record(client, item, "risk", "It leaks")

    assert not Risk.objects.visible_to(people.user()).exists()
    assert Risk.objects.visible_to(ben).count() == 2


def test_a_risk_of_a_review_is_about_its_model():
    model = catalogue.model()
    review = risklog.review(of_model=model, kind="data_quality")
    people.organisation()
    item = make.item(about=review.subject)

    assert recording.origin_of(item, people.user()).model == model


# ------------------------------------------------------------------ completing decisions


def decide(on, line="Cap it", by=SYSTEM):
    return recording.record(on, kind="decision", line=line, by=by, at=on.meeting.starts_at)


def test_a_decision_without_reason_and_action_is_incomplete_and_the_page_asks_for_both(client, ben, on):
    decision = decide(on)

    assert decision.is_incomplete
    page = page_of(client, on.meeting)
    assert "Add the reason" in page
    assert "an action or why none is needed" in page


def test_an_action_recorded_next_belongs_to_the_decision_and_completes_it(ben, on):
    decision = decide(on, "Cap it because it drifts")
    assert decision.is_incomplete

    action = recording.record(on, kind="action", line="Do it", by=SYSTEM, at=on.meeting.starts_at)

    assert action.origin == decision.subject
    assert not Decision.objects.get().is_incomplete


def test_the_reason_is_added_on_the_page(client, ben, on):
    decision = decide(on)
    url = reverse("meetings:decision_complete", args=[decision.reference])
    assert client.post(url, {"version": decision.version}, follow=True).status_code == 200
    assert Decision.objects.get().is_incomplete

    client.post(url, {"version": decision.version, "reason": "It drifts"})
    half = Decision.objects.get()
    assert (half.reason, half.is_incomplete) == ("It drifts", True)
    client.post(url, {"version": half.version, "no_action_reason": "Nothing to do"})

    whole = Decision.objects.get()
    assert (whole.no_action_reason, whole.is_incomplete) == ("Nothing to do", False)
    with pytest.raises(Refused):
        completion.complete(whole, reason="Another", by=SYSTEM, at=on.meeting.starts_at)


def test_the_end_asks_for_what_is_missing_and_refuses_without(client, crew, meeting, on):
    decision = decide(on)
    client.force_login(crew[0])
    url = reverse("meetings:meeting_close", args=[meeting.reference])
    assert f'name="reason-{decision.pk}"' in page_of(client, meeting)

    refused = client.post(url, {"version": meeting.version, f"reason-{decision.pk}": "It drifts"})

    assert refused.status_code == 422
    assert f"{decision.reference} needs an action or why none is needed" in refused.content.decode()
    assert 'value="It drifts"' in refused.content.decode()
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.LIVE
    given = {f"reason-{decision.pk}": "It drifts", f"no_action_reason-{decision.pk}": "Nothing to do"}
    client.post(url, {"version": meeting.version, **given})
    meeting.refresh_from_db()
    assert meeting.state == MeetingState.CLOSED
    assert not Decision.objects.get().is_incomplete


def test_an_incomplete_decision_on_a_restricted_item_is_not_named_to_a_stranger(crew, meeting):
    insider = people.user(role=Role.RISK_MANAGER)
    hidden = make.item(meeting, about=make.restricted([insider], "Secret"))
    items.take_up(hidden, by=SYSTEM, at=meeting.starts_at)
    decision = decide(hidden, "Canary", by=Actor(insider, "page"))

    with pytest.raises(Refused) as refusal:
        meetings.close(meeting, by=Actor(crew[0], "page"), at=meeting.starts_at)

    assert decision.reference not in refusal.value.message
    assert "restricted" in refusal.value.message


def test_outside_a_live_meeting_the_rules_stay_strict():
    for fields in ({"reason": ""}, {"no_action_reason": ""}):
        with pytest.raises(Refused):
            make.decision(may_be_incomplete=True, **fields)


def test_by_api_a_decision_is_recorded_incomplete_and_completed(client, ben, on):
    body = {"text": "Cap it", "item": on.pk, "may_be_incomplete": True}
    made = client.post("/api/v1/decisions", body, content_type="application/json")
    assert made.status_code == 201, made.content
    assert made.json()["is_incomplete"]

    done = client.post(
        f"/api/v1/decisions/{made.json()['reference']}/complete",
        {"reason": "It drifts", "no_action_reason": "Nothing to do"},
        content_type="application/json",
        headers={"If-Match": made["ETag"]},
    )

    assert done.status_code == 200, done.content
    assert not done.json()["is_incomplete"]
