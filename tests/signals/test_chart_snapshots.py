"""A snapshot of one chart: from its series, from a breach and by the API, beside what it is pinned to."""

from datetime import timedelta

import pytest

from history import operations as history
from kit.actor import Actor
from people.operations import token
from people.states import Role
from riskhub import schedule
from signals.models import Correction, Snapshot
from signals.queries import snapshot as snapshots
from tests.conftest import AT
from tests.factories import catalogue, meetings, people, risks, signals
from tests.factories.incidents import incident

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


@pytest.fixture
def series(ana):
    return signals.series(catalogue.model("fraud-score"), values=(0.1, 0.2, 0.3))


@pytest.fixture
def api(client, ana):
    _, text = token.issue(ana, name="ci", scope="write", by=Actor(ana, "page"), at=AT)

    def post(body):
        headers = {"Authorization": f"Bearer {text}"}
        return client.post("/api/v1/snapshots", body, "application/json", headers=headers)

    return post


def take(client, series, **given):
    body = {"name": "Before the fix", "once": "a" * 32, **given}
    return client.post(f"/signals/series/{series.pk}/snapshot/?period=7", body)


def correct(series):
    """Correct the value before the last one. The chart ends before the last one, which is of its end."""
    signals.push(series, 7.5, start=series.points.order_by("-ts")[1].ts)
    assert Correction.objects.count() == 1


def values_of(user, snapshot) -> list[float]:
    [picture] = snapshots.pictures_of(user, snapshot)
    return [value for line in picture["lines"] for _, value in line["points"]]


def test_the_page_of_a_series_pins_its_chart_to_an_incident_where_no_correction_changes_it(
    client, ana, series
):
    declared = incident("Scores are old", person=ana)
    page = client.get(f"/signals/series/{series.pk}/?pin={declared.reference}").content.decode()
    assert f'value="{declared.reference}"' in page and 'id="snapshot" open' in page

    sent = take(client, series, pinned_to=declared.reference)
    assert sent.status_code == 303
    kept = Snapshot.objects.get()
    correct(series)

    assert (kept.pinned_to_id, kept.dashboard_id) == (declared.subject_id, None)
    assert values_of(ana, Snapshot.objects.get()) == [0.1, 0.2]
    assert "Before the fix" in client.get(sent["Location"]).content.decode()
    assert "Before the fix" in client.get(f"/incidents/{declared.reference}/").content.decode()
    live = client.get(kept.link)
    assert live.status_code == 200 and live.context["chart"].start == kept.start


def test_a_refused_snapshot_keeps_what_was_typed_and_the_period(client, ana, series):
    wrong = take(client, series, pinned_to="M-99999")
    text = wrong.content.decode()
    assert wrong.status_code == 422 and "no object with this reference" in text
    assert 'value="M-99999"' in text and "Before the fix" in text
    assert wrong.context["chart"].end - wrong.context["chart"].start == timedelta(days=7)
    assert not Snapshot.objects.exists()


def test_a_breach_offers_a_snapshot_of_its_evidence(client, ana):
    group = signals.breach_group("fraud-score")
    page = client.get(f"/signals/breaches/{group.reference}/")
    drawn = page.context["chart"]
    action = f"/signals/series/{drawn.series.pk}/snapshot/"
    assert action in page.content.decode()
    assert f'value="{group.reference} {drawn.series.display_name}"' in page.content.decode()

    body = {"name": "Evidence", "pinned_to": group.reference, "once": "a" * 32}
    sent = client.post(f"{action}?{page.context['chart_query']}", body)

    assert sent.status_code == 303
    kept = Snapshot.objects.get()
    assert (kept.start, kept.end) == (drawn.start, drawn.end)
    assert [len(picture["lines"]) for picture in kept.pictures] == [1]
    assert "Evidence" in client.get(f"/panels/{group.subject_id}/").content.decode()


def test_a_snapshot_is_beside_the_agenda_item_about_what_it_is_pinned_to(client, ana, series):
    risk = risks.risk("Labels lag")
    item = meetings.current(about=risk.subject)
    take(client, series, pinned_to=risk.reference)
    page = client.get(f"/meetings/{item.meeting.reference}/live/").content.decode()
    assert "Before the fix" in page
    for later in (f"/risks/{risk.reference}/", f"/panels/{risk.subject_id}/"):
        shown = "Before the fix" in client.get(later).content.decode()
        assert shown == later.startswith("/panels/")


def test_the_api_takes_a_snapshot_of_one_chart(client, ana, series, api):
    declared = incident("Scores are old", person=ana)
    sent = api({"series": series.pk, "from": "-7d", "pinned_to": declared.reference})
    row = sent.json()
    assert sent.status_code == 201 and sent["Location"].endswith(f"snapshots/{row['id']}")
    assert (row["name"], row["pinned_to_reference"]) == (series.display_name, declared.reference)
    assert [[line["series"] for line in picture["lines"]] for picture in row["pictures"]] == [[series.pk]]
    correct(series)
    assert values_of(ana, Snapshot.objects.get()) == [0.1, 0.2]
    assert api({"from": "-7d"}).status_code in (400, 422)
    late = api({"series": series.pk, "from": "soon"})
    assert late.status_code == 422 and late.json()["errors"][0]["field"] == "from"


def test_a_stranger_takes_none_of_a_restricted_series_and_sees_none(client, ana, series, api):
    team = people.team("Security")
    insider, viewer = people.user("Ina", teams=[team]), people.user("Vic", role=Role.VIEWER)
    history.restrict(series.model.subject, [team.subject_id])
    assert take(client, series).status_code == 404
    hidden, unknown = api({"series": series.pk}), api({"series": series.pk + 999})
    assert hidden.status_code == unknown.status_code != 201
    client.force_login(insider)
    meeting = meetings.planned()
    assert take(client, series, pinned_to=meeting.reference).status_code == 303
    kept = Snapshot.objects.get()
    assert Snapshot.objects.visible_to(insider).exists() and not Snapshot.objects.visible_to(ana).exists()
    client.force_login(ana)
    assert client.get(f"/signals/snapshots/{kept.pk}/").status_code == 404
    client.force_login(viewer)
    assert take(client, series).status_code == 403


def test_the_snapshot_of_a_metric_that_a_restricted_model_claims_is_restricted_with_it(client, ana):
    team = people.team("Security")
    series = signals.series("not-registered", values=(0.1, 0.2))
    take(client, series, pinned_to=meetings.planned().reference)
    sam = people.user("Sam")
    assert Snapshot.objects.visible_to(sam).exists()
    catalogue.model("not-registered", viewers=[team.subject_id])
    schedule.tick(AT)
    assert not Snapshot.objects.visible_to(sam).exists()
