"""Tripwires: what brings a decision back to a meeting."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import relay
from history.models import Due, Event
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from meetings.models import AgendaItem, Decision, Tripwire
from meetings.operations import tripwire as tripwires
from meetings.states import TripwireState
from notices.models import Entry
from people.models import Organisation
from people.operations import organisation as organisations
from people.states import Role
from riskhub import schedule
from tests.factories import catalogue, people, risks
from tests.factories import meetings as make
from tests.factories import signals as signal

pytestmark = pytest.mark.django_db
HOUR, ON = timedelta(hours=1), date(2026, 12, 1)


@pytest.fixture
def team():
    people.organisation()
    return make.crew()[0]


@pytest.fixture
def model(team):
    return catalogue.model("fraud-score", owner_team=team)


def watched(at, about=None, by=None, direction="above", value=0.3, **fields):
    """A decision with a tripwire on a metric."""
    series = signal.series()
    wire = {"series": series, "direction": direction, "value": value, **fields}
    return series, make.decision(about=about, by=by, tripwires=[wire])


def run(at):
    for _ in range(4):
        schedule.act(at)


def test_a_metric_that_crosses_brings_the_decision_to_the_next_suitable_meeting(team, model, at):
    owner, recorder = people.user("Ana"), people.user("Rita")
    risk = risks.risk(model=model, team=team, owner=owner)
    weekly = make.series(team)
    series, decision = watched(at, about=risk.subject, by=recorder)

    signal.push(series, 0.25, start=at + HOUR)
    run(at + 2 * HOUR)
    assert not AgendaItem.objects.filter(about=decision.subject).exists()
    signal.push(series, 0.34, start=at + 3 * HOUR)
    run(at + 4 * HOUR)

    item = AgendaItem.objects.get(about=decision.subject)
    assert item.meeting.series == weekly
    assert item.why.startswith("Tripwire: fraud-score: psi · age above 0.3 (it was 0.34); ")
    assert (item.purpose, item.title, item.added_by) == ("decide", decision.text, None)
    wire = decision.tripwires.get()
    assert (wire.state, wire.crossed_value) == (TripwireState.CROSSED, 0.34)
    told = dict(Entry.objects.filter(event__verb="meetings.tripwire_crossed").values_list("user", "why"))
    assert told == {
        recorder.pk: "You recorded this decision",
        owner.pk: "It is about an object that you own",
    }


def test_it_crosses_once_and_only_by_points_after_the_decision(model, at):
    series, decision = watched(at)
    before = decision.tripwires.get()
    signal.push(series, 0.9, start=at - 5 * HOUR)
    run(at)
    before.refresh_from_db()
    assert before.state == TripwireState.ARMED

    signal.push(series, 0.9, 0.1, 0.8, start=at + HOUR)
    for hours in (4, 5):
        run(at + hours * HOUR)

    assert Event.objects.filter(verb="meetings.tripwire_crossed").count() == 1
    assert decision.tripwires.get().crossed_value == 0.9


def test_below_and_late_points_count_too(model, at):
    series, decision = watched(at, direction="below", value=0.05)
    signal.push(series, 0.2, start=at + 30 * HOUR)
    run(at + 31 * HOUR)
    signal.push(series, 0.01, start=at + 5 * HOUR)  # it arrives a day late
    signal.push(series, 0.2, start=at + 32 * HOUR)
    run(at + 33 * HOUR)

    assert decision.tripwires.get().crossed_value == 0.01


def test_nothing_new_costs_one_query(model, at, django_assert_num_queries):
    series, _ = watched(at)
    signal.push(series, 0.2, start=at + HOUR)
    assert tripwires.check(at=at + 2 * HOUR).done == 1

    with django_assert_num_queries(1):
        assert tripwires.check(at=at + 2 * HOUR).done == 0


def test_on_its_date_the_decision_is_back_in_the_morning_of_the_organisation(team, model, at):
    make.series(team)
    decision = make.decision(about=model.subject, tripwires=[{"due_on": ON}])
    moment = datetime(2026, 12, 1, 8, tzinfo=UTC)  # 9:00 in Berlin
    run(moment - HOUR)
    assert decision.tripwires.get().state == TripwireState.ARMED

    run(moment)

    assert decision.tripwires.get().state == TripwireState.CROSSED
    assert Event.objects.get(verb="meetings.tripwire_crossed").at == moment


def test_a_change_of_the_time_zone_moves_the_date(team, model, at):
    make.decision(tripwires=[{"due_on": ON}])
    organisations.change(Organisation.objects.get(), {"time_zone": "Asia/Tokyo"}, by=SYSTEM, at=at)
    relay.relay(at=at)

    assert Due.objects.get(kind=tripwires.DUE).at == datetime(2026, 12, 1, 0, tzinfo=UTC)


def test_without_a_team_it_goes_to_the_series_that_decided(team, at):
    weekly = make.series(team)
    item = make.current(make.live(weekly), title="Odds and ends")
    decision = make.decision(item=item, at=item.meeting.starts_at, tripwires=[{"due_on": date(2026, 12, 1)}])

    run(datetime(2026, 12, 1, 9, tzinfo=UTC))

    found = AgendaItem.objects.get(about=decision.subject)
    assert found.meeting.series == weekly
    assert found.why == "Tripwire: on 1 December 2026"


def test_a_replaced_decision_does_not_come_back(team, model, at):
    series, decision = watched(at)
    Decision.objects.filter(pk=decision.pk).update(state="replaced")
    signal.push(series, 0.9, start=at + HOUR)

    run(at + 2 * HOUR)

    assert decision.tripwires.get().state == TripwireState.ARMED


def test_a_decision_that_is_replaced_before_the_meeting_leaves_the_agenda(team, model, at):
    make.series(team)
    series, decision = watched(at, about=risks.risk(model=model, team=team).subject)
    signal.push(series, 0.9, start=at + HOUR)
    run(at + 2 * HOUR)

    latest = make.decision(replaces=decision, at=at + 3 * HOUR)

    item = AgendaItem.objects.get(about=decision.subject)
    assert (item.state, item.why) == ("done", f"Replaced by {latest.reference} before the meeting")


def test_a_restricted_metric_is_not_named_on_the_agenda(team, at):
    insiders = people.team()
    catalogue_model = risks.model("Fraud score", viewers=[insiders.subject_id])
    series = signal.series("fraud-score")
    assert series.subject.viewers is not None
    weekly = make.series(team)
    item = make.current(make.live(weekly), title="Odds and ends")
    wire = {"series": series, "direction": "above", "value": 0.3}
    decision = make.decision(item=item, at=item.meeting.starts_at, tripwires=[wire])
    signal.push(series, 0.9, start=item.meeting.starts_at + HOUR)

    run(item.meeting.starts_at + 2 * HOUR)

    assert AgendaItem.objects.get(about=decision.subject).why == "Tripwire: its metric crossed the value"
    assert catalogue_model.slug == "fraud-score"


@pytest.mark.parametrize(
    ("field", "wire"),
    [
        ("due_on", {}),
        ("due_on", {"due_on": date(2026, 11, 23)}),
        ("series", {"kind": "metric", "value": 1.0}),
        ("kind", {"kind": "hope"}),
    ],
)
def test_a_wrong_tripwire_refuses_the_decision_by_field(at, field, wire):
    with pytest.raises(Refused) as refusal:
        make.decision(tripwires=[wire])

    assert refusal.value.field == f"tripwires[0].{field}"
    assert not Decision.objects.exists()


def test_a_metric_needs_a_value_and_a_direction(at):
    series = signal.series()
    for field, wire in (("value", {}), ("direction", {"value": 1.0, "direction": "sideways"})):
        with pytest.raises(Refused) as refusal:
            tripwires.add(make.decision(), series=series, by=SYSTEM, at=at, **wire)
        assert refusal.value.field == field


def test_a_tripwire_is_added_later_and_removed_with_a_reason(at):
    decision = make.decision()
    wire = tripwires.add(decision, due_on=ON, note="The vendor delivers", by=SYSTEM, at=at)

    with pytest.raises(Refused) as refusal:
        tripwires.remove(wire, by=SYSTEM, at=at)
    assert refusal.value.field == "reason"
    tripwires.remove(wire, reason="Delivered early", by=SYSTEM, at=at)

    assert Tripwire.objects.get().state == TripwireState.REMOVED
    with pytest.raises(IllegalMove):
        tripwires.remove(wire, reason="Again", by=SYSTEM, at=at)
    run(datetime(2026, 12, 1, 9, tzinfo=UTC))
    assert not Event.objects.filter(verb="meetings.tripwire_crossed").exists()


def test_a_decision_that_is_over_takes_no_tripwire_and_one_takes_ten(at):
    old = make.decision()
    Decision.objects.filter(pk=old.pk).update(state="replaced")
    with pytest.raises(Refused):
        tripwires.add(old, due_on=ON, by=SYSTEM, at=at)
    full = make.decision(tripwires=[{"due_on": ON + timedelta(days=n)} for n in range(10)])
    with pytest.raises(Refused) as refusal:
        tripwires.add(full, due_on=ON, by=SYSTEM, at=at)
    assert refusal.value.field == "kind"


# ------------------------------------------------------------------ pages and API


@pytest.fixture
def mia(client):
    found = people.user("Mia", role=Role.RISK_MANAGER)
    client.force_login(found)
    return found


def page(client, url, status=200) -> str:
    answer = client.get(url)
    assert answer.status_code == status
    return " ".join(answer.content.decode().split())


def test_the_form_takes_options_dissent_and_both_tripwires(client, model, mia, at):
    series = signal.series(model)
    url = f"/meetings/decisions/new/?about={risks.risk(model=model).reference}"
    assert "fraud-score: psi · age" in page(client, url)
    reference = url.rpartition("=")[2]
    values = {
        "about": reference,
        "text": "Keep the model",
        "reason": "It holds",
        "no_action_reason": "None",
        "options": "Retrain it",
        "dissent": "Ben: too slow",
        "tripwire_on": "2026-12-01",
        "tripwire_series": series.pk,
        "tripwire_direction": "above",
        "tripwire_value": "0.3",
    }
    assert client.post(url, {**values, "tripwire_on": "2026-01-01"}).status_code == 422
    assert client.post(url, {**values, "tripwire_value": ""}).status_code == 422

    answer = client.post(url, values)

    assert answer.status_code == 303
    shown = page(client, answer["Location"])
    for text in (
        "Retrain it",
        "Ben: too slow",
        "On 1 December 2026",
        "When fraud-score: psi · age above 0.3",
        "Armed",
    ):
        assert text in shown


def test_tripwires_are_added_and_removed_on_their_pages(client, model, mia, at):
    decision = make.decision(about=model.subject)
    series = signal.series(model)
    add = f"/meetings/decisions/{decision.reference}/tripwires/"
    assert "psi · age" in page(client, add)
    both = {"due_on": "2026-12-01", "series": series.pk, "value": "1"}
    assert client.post(add, both).status_code == 422
    assert client.post(add, {"due_on": "2026-12-01", "note": "The vendor delivers"}).status_code == 303

    wire = Tripwire.objects.get()
    remove = f"/meetings/tripwires/{wire.pk}/remove/"
    assert "Remove tripwire" in page(client, remove)
    assert client.post(remove, {"version": wire.version}).status_code == 422
    assert client.post(remove, {"version": wire.version, "reason": "Delivered"}).status_code == 303
    assert "Removed" in page(client, f"/meetings/decisions/{decision.reference}/")

    client.force_login(people.user())
    assert client.get(add).status_code == 403
    assert client.get(remove).status_code == 403


def test_the_api_lists_adds_and_removes_tripwires(client, model, mia, at):
    series = signal.series(model)
    body = {
        "text": "Keep it",
        "reason": "It holds",
        "no_action_reason": "None",
        "options": "Retrain",
        "dissent": "Ben",
        "tripwires": [{"series": series.pk, "value": 0.3}],
    }
    made = client.post("/api/v1/decisions", body, content_type="application/json")
    assert made.status_code == 201, made.content
    assert (made.json()["options"], made.json()["dissent"]) == ("Retrain", "Ben")
    address = f"/api/v1/decisions/{made.json()['reference']}/tripwires"
    (row,) = client.get(address).json()["results"]
    assert (row["kind"], row["series_id"], row["direction"], row["state"]) == (
        "metric",
        series.pk,
        "above",
        "armed",
    )

    second = client.post(address, {"due_on": "2026-12-01"}, content_type="application/json")
    assert second.status_code == 201
    assert client.get(second["Location"]).json() == second.json()
    wrong = client.post(address, {"due_on": "2026-01-01"}, content_type="application/json")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "due_on")
    remove = f"{second['Location']}/remove"
    assert client.post(remove, {"reason": "x"}, content_type="application/json").status_code == 428
    headers = {"If-Match": second["ETag"]}
    gone = client.post(remove, {"reason": "x"}, content_type="application/json", headers=headers)
    assert gone.json()["state"] == "removed"
    assert len(client.get(f"{address}?state=armed").json()["results"]) == 1
    client.force_login(people.user())
    assert client.post(address, {"due_on": "2026-12-01"}, content_type="application/json").status_code == 403


def test_a_restricted_metric_is_hidden_in_the_api_and_on_the_page(client, team, mia, at):
    insiders = people.team()
    risks.model("Fraud score", viewers=[insiders.subject_id])
    series = signal.series("fraud-score")
    decision = make.decision(by=mia, tripwires=[{"series": series, "value": 0.3}])

    shown = page(client, f"/meetings/decisions/{decision.reference}/")
    (row,) = client.get(f"/api/v1/decisions/{decision.reference}/tripwires").json()["results"]

    assert "When a restricted metric crosses a value" in shown
    assert "psi" not in shown
    assert (row["series_id"], row["value"]) == (None, None)


def test_tripwires_cost_the_same_at_one_and_three(client, model, mia, at):
    decision, counts = make.decision(about=model.subject), []
    for day in (1, 2, 3):
        series = signal.series(model, f"psi-{day}")
        tripwires.add(decision, series=series, value=0.3, by=Actor(mia, "page"), at=at)
        found = []
        for url in (f"/meetings/decisions/{decision.reference}/", "/api/v1/decisions"):
            client.get(url)
            with CaptureQueriesContext(connection) as queries:
                client.get(url)
            found.append(len(queries))
        counts.append(found)

    assert counts[0] == counts[-1]
