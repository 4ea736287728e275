"""Did it work: the question some weeks after a decision, and its answer."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history.models import Due, Event
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, Refused
from meetings.models import Decision
from meetings.operations import outcome as outcomes
from meetings.queries import metrics
from notices.models import Entry
from people.models import Organisation
from people.operations import organisation as organisations
from people.states import Role
from riskhub import schedule
from tests.factories import catalogue, people, risks
from tests.factories import meetings as make
from tests.factories import signals as signal

pytestmark = pytest.mark.django_db
ASKED_AT = datetime(2026, 12, 21, 8, tzinfo=UTC)  # four weeks later, 9:00 in Berlin
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def ours():
    return people.organisation()


def run(at):
    for _ in range(3):
        schedule.act(at)


def asked() -> dict[int, str]:
    return dict(Entry.objects.filter(event__verb="meetings.outcome_asked").values_list("user", "why"))


def test_four_weeks_later_recorder_and_facilitator_are_asked(at):
    team, (ana, jonas) = make.crew()
    meeting = make.live(make.series(team))
    item = make.current(meeting, title="Odds and ends")
    recorder = ana if meeting.facilitator != ana else jonas
    decision = make.decision(item=item, by=recorder, at=at)

    run(ASKED_AT - timedelta(hours=1))
    assert not asked()
    run(ASKED_AT)

    assert asked() == {
        recorder.pk: "You recorded this decision",
        meeting.facilitator_id: "You facilitated its meeting",
    }
    assert Event.objects.get(verb="meetings.outcome_asked").subject == decision.subject


def test_the_organisation_sets_the_weeks(at):
    organisations.change(Organisation.objects.get(), {"outcome_weeks": 2}, by=SYSTEM, at=at)
    with pytest.raises(Refused) as refusal:
        organisations.change(Organisation.objects.get(), {"outcome_weeks": 53}, by=SYSTEM, at=at)
    assert refusal.value.field == "outcome_weeks"

    make.decision()

    assert Due.objects.get(kind=outcomes.DUE).at == ASKED_AT - timedelta(weeks=2)


def test_who_answered_before_is_not_asked_and_a_replaced_decision_is_not_asked_about(at):
    answered, replaced = make.decision(), make.decision()
    outcomes.answer(answered, outcome="worked", by=SYSTEM, at=at)
    Decision.objects.filter(pk=replaced.pk).update(state="replaced")

    run(ASKED_AT)

    assert not Event.objects.filter(verb="meetings.outcome_asked").exists()


def test_too_early_asks_again_and_an_answer_can_change(at):
    rita = people.user("Rita")
    decision = make.decision(by=rita)
    run(ASKED_AT)
    outcomes.answer(decision, outcome="too_early", by=Actor(rita, "page"), at=ASKED_AT)

    run(ASKED_AT + timedelta(weeks=4))

    assert Event.objects.filter(verb="meetings.outcome_asked").count() == 2
    decision.refresh_from_db()
    outcomes.answer(decision, outcome="worked", by=SYSTEM, at=ASKED_AT + timedelta(weeks=5))
    decision.refresh_from_db()
    outcomes.answer(decision, outcome="did_not", note="It came back", by=SYSTEM, at=ASKED_AT)
    assert decision.outcome == "did_not"
    assert not Due.objects.filter(kind=outcomes.DUE, state="pending").exists()


def test_an_answer_is_refused_by_field_and_at_an_old_version(at):
    decision = make.decision()
    for field, values in (("outcome", {"outcome": "maybe"}), ("note", {"outcome": "did_not", "note": " "})):
        with pytest.raises(Refused) as refusal:
            outcomes.answer(decision, **values, by=SYSTEM, at=at)
        assert refusal.value.field == field
    outcomes.answer(decision, outcome="worked", by=SYSTEM, at=at)
    with pytest.raises(ChangedMeanwhile):
        outcomes.answer(decision, outcome="worked", note="x", by=SYSTEM, at=at, seen=1)


def decided_about_a_metric(at, user):
    """A decision about a metric with a mean of 0.5 in the two weeks before it, and 0.2 in the last two."""
    series = signal.series(catalogue.model("fraud-score"), values=(0.5,))
    signal.push(series, 0.4, 0.6, start=at - 3 * DAY)  # the point at the decision itself does not count
    signal.push(series, 9.0, start=at - 20 * DAY)  # longer ago than two weeks
    decision = make.decision(about=series.subject, by=user, at=at)
    signal.push(series, 0.9, start=at + 5 * DAY)  # before the last two weeks
    signal.push(series, 0.1, 0.3, start=at + 25 * DAY)
    return series, decision


def test_the_metric_before_and_after_is_the_mean_of_two_weeks_each(at):
    user = people.user()
    series, decision = decided_about_a_metric(at, user)

    (figure,) = metrics.figures(user, decision, ASKED_AT)

    assert figure.series == series
    assert figure.before == pytest.approx(0.5)
    assert figure.after == pytest.approx(0.2)


def test_figures_of_a_restricted_metric_are_not_shown(at):
    insiders = people.team()
    risks.model("Fraud score", viewers=[insiders.subject_id])
    series = signal.series("fraud-score")
    risk = risks.risk(series=series)
    decision = make.decision(about=risk.subject)

    assert metrics.figures(people.user(), decision, at) == []
    assert len(metrics.figures(people.user(teams=[insiders]), decision, at)) == 1


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


def test_the_answer_is_given_on_its_page_and_shown_with_the_metric(client, mia, at, move_clock):
    series, decision = decided_about_a_metric(at, mia)
    move_clock(ASKED_AT)
    client.force_login(mia)  # the session of four weeks ago has ended
    detail, url = (
        f"/meetings/decisions/{decision.reference}/",
        f"/meetings/decisions/{decision.reference}/outcome/",
    )
    shown = page(client, detail)
    assert "Did it work?" in shown
    assert str(series) in shown
    assert "> 0.2 <" in shown

    assert "Means of the 2 weeks before the decision" in page(client, url)
    assert client.post(url, {"version": 1, "outcome": "did_not"}).status_code == 422
    assert client.post(url, {"version": 1}).status_code == 422
    assert client.post(url, {"version": 1, "outcome": "worked", "note": "Halved"}).status_code == 303

    shown = page(client, detail)
    assert "Worked" in shown
    assert "Halved" in shown
    client.force_login(people.user())
    assert client.get(url).status_code == 403


def test_the_api_answers_at_the_version_that_it_names(client, mia, at, move_clock):
    series, decision = decided_about_a_metric(at, mia)
    move_clock(ASKED_AT)
    client.force_login(mia)  # the session of four weeks ago has ended
    url = f"/api/v1/decisions/{decision.reference}/outcome"
    read = client.get(url)
    assert (read.json()["outcome"], read.json()["asks_at"]) == ("", "2026-12-21T08:00:00Z")
    (figure,) = read.json()["metrics"]
    assert (figure["series_id"], figure["after"]) == (series.pk, pytest.approx(0.2))

    def post(body, **headers):
        return client.post(url, body, content_type="application/json", headers=headers)

    assert post({"outcome": "worked"}).status_code == 428
    wrong = post({"outcome": "did_not"}, **{"If-Match": read["ETag"]})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "note")
    done = post({"outcome": "did_not", "note": "No"}, **{"If-Match": read["ETag"]})
    assert (done.status_code, done.json()["outcome"], done.json()["answered_by_id"]) == (
        200,
        "did_not",
        mia.pk,
    )
    assert client.get(f"/api/v1/decisions/{decision.reference}").json()["outcome"] == "did_not"
    client.force_login(people.user())
    assert post({"outcome": "worked"}, **{"If-Match": "*"}).status_code == 403


def test_a_page_with_three_metrics_costs_no_more_than_with_one(client, mia, at):
    model, counts = catalogue.model("fraud-score"), []
    risk = risks.risk(model=model, series=signal.series(model))
    decision = make.decision(about=risk.subject)
    url = f"/meetings/decisions/{decision.reference}/outcome/"
    for name in ("psi", "auc", "latency"):
        signal.series(model, name)
        client.get(url)
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        counts.append(len(queries))

    assert counts[0] == counts[-1]
