"""Mutes of thresholds and deployment windows: crossings are recorded, but open a review only afterwards."""

from datetime import timedelta

import pytest

from history import operations as history
from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from notices.models import Entry
from people.states import Role
from riskhub import schedule
from risklog.models import Review
from signals.models import Breach, BreachGroup, Mute
from signals.operations import mute
from signals.queries.chart import chart
from signals.queries.mute import muted_breaches
from tests.conftest import AT
from tests.factories import catalogue, people, signals

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


@pytest.fixture
def watched(ana):
    model = catalogue.model("fraud-score", owner_team=people.team("Growth ML", lead=ana))
    found = signals.series(model)
    signals.agreed(found, warning=0.2, critical=0.5)
    return found


def muted(on, by, *, hours=4, **values):
    threshold = on.thresholds.get()
    values = {"ends_at": AT + hours * HOUR, "reason": "The data is rebuilt.", **values}
    return mute.add(threshold, by=Actor(by, "page"), at=AT, **values)


def window(model, *, until=4):
    return catalogue.change(
        model,
        title="Deploy 2.4",
        kind="deployment",
        is_emergency=True,
        window_from=AT,
        window_until=AT + until * HOUR,
    )


def reviews():
    return Review.objects.count()


def test_a_muted_crossing_opens_no_review_until_the_mute_ends(watched, ana):
    muted(watched, ana)

    signals.push(watched, 0.3)
    schedule.act(AT + HOUR)
    group = BreachGroup.objects.get()
    assert (group.is_muted, group.state, reviews()) == (True, "open", 0)
    assert Breach.objects.get().mute.author == ana

    assert mute.note_over(at=AT + 3 * HOUR).done == 0
    assert mute.note_over(at=AT + 4 * HOUR).done == 1
    assert mute.note_over(at=AT + 4 * HOUR).done == 0
    schedule.act(AT + 4 * HOUR)

    group.refresh_from_db()
    assert (group.is_muted, Breach.objects.get().mute, reviews()) == (False, None, 1)
    assert Review.objects.get().why.startswith("Still open after it was muted: psi of age was 0.3")


def test_a_crossing_that_clears_while_it_is_muted_opens_no_review_and_says_so(watched, ana, client):
    muted(watched, ana)

    signals.push(watched, 0.3, 0.1)
    signals.push(watched, 0.4, start=AT + 3 * HOUR)
    signals.push(watched, 0.1, start=AT + 5 * HOUR)
    mute.note_over(at=AT + 5 * HOUR)
    schedule.act(AT + 5 * HOUR)

    group = BreachGroup.objects.get()
    assert (group.state, group.is_muted, reviews()) == ("cleared", True, 0)
    assert (
        "Muted by Ana until" in client.get(f"/signals/breaches/{group.subject.reference}/").content.decode()
    )
    assert len(client.get("/api/v1/breaches?muted=true").json()["results"]) == 1


def test_a_crossing_of_a_threshold_that_is_not_muted_ends_the_silence_of_its_group(watched, ana):
    income = signals.series(watched.model, feature="income")
    signals.agreed(income, warning=0.2)
    muted(watched, ana)

    signals.push(watched, 0.3)
    signals.push(income, 0.4, start=AT + 2 * HOUR)
    schedule.act(AT + 2 * HOUR)

    group = BreachGroup.objects.get()
    verbs = Event.objects.filter(subject=group.subject).order_by("id").values_list("verb", flat=True)
    assert list(verbs)[:2] == ["signals.breach_group_opened", "signals.breach_group_unmuted"]
    assert (group.is_muted, reviews()) == (False, 1)


def test_a_review_that_is_open_is_not_made_critical_while_it_is_muted_but_afterwards(watched, ana):
    signals.push(watched, 0.3)
    schedule.act(AT + HOUR)
    muted(watched, ana)

    signals.push(watched, 0.7, start=AT + 2 * HOUR)
    schedule.act(AT + 2 * HOUR)
    assert Review.objects.get().severity == "warning"

    mute.note_over(at=AT + 4 * HOUR)
    schedule.act(AT + 4 * HOUR)
    assert Review.objects.get().severity == "critical"


def test_a_deployment_window_mutes_alerts_and_points_of_its_model_only(watched, ana):
    other = signals.series(catalogue.model("churn"), "auc", feature="")
    signals.agreed(other, warning=0.2)
    change = window(watched.model)

    signals.push(watched, 0.3)
    signals.push(other, 0.3)
    signals.alerts(signals.sent_alert("income"), at=AT + HOUR)

    muted_ones = Breach.objects.filter(window=change)
    assert {breach.group.model_name for breach in muted_ones} == {"fraud-score"}
    assert [muted_ones.count(), BreachGroup.objects.filter(is_muted=False).get().model_name] == [2, "churn"]
    assert mute.note_over(at=AT + 4 * HOUR).done == 2


def test_the_end_of_a_mute_is_told_once_to_its_author(watched, ana):
    muted(watched, ana)
    signals.push(watched, 0.3)

    schedule.act(AT + 5 * HOUR)

    told = Event.objects.filter(verb="signals.mute_ended")
    assert [event.data["open"] for event in told] == [1]
    assert Entry.objects.filter(user=ana, event__in=told).count() == 1


def test_a_mute_that_somebody_ends_ends_at_once_and_is_not_told_again(watched, ana):
    found = muted(watched, ana)
    signals.push(watched, 0.3)

    mute.end(found, by=Actor(ana, "page"), at=AT + 2 * HOUR)
    assert mute.note_over(at=AT + 2 * HOUR).done == 1
    schedule.act(AT + 5 * HOUR)

    assert not Event.objects.filter(verb="signals.mute_ended").exists()
    with pytest.raises(IllegalMove):
        mute.end(found, by=SYSTEM, at=AT + 3 * HOUR)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"hours": 0}, "ends_at"),
        ({"hours": 24 * 91}, "ends_at"),
        ({"starts_at": AT + 5 * HOUR}, "ends_at"),
        ({"starts_at": AT + 30 * HOUR, "hours": 50}, "ends_at"),
    ],
)
def test_a_mute_that_cannot_be_is_refused(watched, ana, values, field):
    muted(watched, ana, starts_at=AT + 40 * HOUR, hours=60)
    with pytest.raises(Refused) as refused:
        muted(watched, ana, **values)
    assert refused.value.field == field


def test_groups_under_long_mutes_do_not_keep_others_muted(watched, ana, monkeypatch):
    monkeypatch.setattr(mute, "_AT_ONCE", 1)
    muted(watched, ana, hours=24)
    signals.push(watched, 0.3)
    later = signals.series(catalogue.model("churn"), "auc", feature="")
    signals.agreed(later, warning=0.2)
    muted(later, ana, hours=2)
    signals.push(later, 0.3)

    assert mute.note_over(at=AT + 3 * HOUR).done == 1

    assert BreachGroup.objects.get(is_muted=False).model_name == "churn"


def test_a_planned_mute_that_is_ended_is_over(watched, ana, client):
    planned = muted(watched, ana, starts_at=AT + 10 * HOUR, hours=20)
    mute.end(planned, by=Actor(ana, "page"), at=AT)

    with pytest.raises(IllegalMove):
        mute.end(planned, by=Actor(ana, "page"), at=AT + HOUR)
    muted(watched, ana, hours=30)

    assert chart(ana, watched, start=AT - HOUR, end=AT + 40 * HOUR).mutes[0].end == AT + 30 * HOUR
    page = client.get(f"/signals/thresholds/{watched.thresholds.get().pk}/").text
    assert page.count("End the mute") == 1


def test_who_sees_only_the_group_does_not_read_why_its_threshold_is_muted(watched, ana):
    muted(watched, ana)
    signals.push(watched, 0.3)
    (seen,) = muted_breaches(BreachGroup.objects.get(), ana)
    history.restrict(watched.model.subject, [ana.subject_id])

    (hidden,) = muted_breaches(BreachGroup.objects.get(), people.user("Gast"))

    assert (seen.is_mute_seen, hidden.is_mute_seen) == (True, False)


def test_pages_and_api_mute_and_end_it(watched, ana, client):
    threshold = watched.thresholds.get()
    page = f"/signals/thresholds/{threshold.pk}/"

    refused = client.post(f"{page}mute/", {"mute-ends_at": "2026-01-01T10:00", "mute-reason": "Late"})
    assert (refused.status_code, "must end after it starts" in refused.content.decode()) == (422, True)
    ends_at = (AT + HOUR).isoformat()
    body = {"ends_at": ends_at, "reason": "Rebuilt"}
    made = client.post(f"/api/v1/thresholds/{threshold.pk}/mutes", body, content_type="application/json")
    assert (made.status_code, made.json()["author_name"]) == (201, "Ana")
    assert "Rebuilt" in client.get(page).content.decode()

    found = Mute.objects.get()
    client.post(f"/signals/mutes/{found.pk}/end/", {"version": found.version})
    found.refresh_from_db()
    assert (found.ended_by, "Never muted" in client.get(page).content.decode()) == (ana, False)


def test_only_the_team_and_who_decides_may_mute(watched, client):
    client.force_login(people.user("Mia Member"))
    path = f"/api/v1/thresholds/{watched.thresholds.get().pk}/mutes"
    body = {"ends_at": (AT + HOUR).isoformat(), "reason": "Rebuilt"}

    assert client.post(path, body, content_type="application/json").status_code == 403


def test_the_chart_of_a_series_shows_its_mutes_and_the_windows_of_its_model(watched, ana, client, move_clock):
    move_clock(AT + 2 * HOUR)
    muted(watched, ana)
    change = window(watched.model)

    shown = chart(ana, watched, start=AT - HOUR, end=AT + HOUR).mutes

    labels = {mute.label for mute in shown}
    assert labels == {"Muted: The data is rebuilt.", f"Deployment window of {change.reference}"}
    assert "Muted: The data is rebuilt." in client.get(f"/signals/series/{watched.pk}/").content.decode()


def test_a_group_that_joins_a_muted_one_under_another_name_ends_its_silence(watched, ana):
    muted(watched, ana)
    other = signals.series("PD_Fraud", feature="income")
    signals.agreed(other, warning=0.2)
    signals.push(watched, 0.3)
    signals.push(other, 0.4, start=AT + 2 * HOUR)
    schedule.act(AT + 2 * HOUR)

    catalogue.alias(watched.model, "PD_Fraud")
    schedule.act(AT + 3 * HOUR)

    kept = BreachGroup.objects.get(state="open")
    assert (kept.is_muted, kept.breaches.count()) == (False, 2)
    assert Review.objects.filter(about=kept.subject, state="open").exists()
