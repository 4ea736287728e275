"""Recognitions: thanks for an outcome, with the figures that show it."""

import json
import math
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import operations as history
from history.models import Event
from history.queries import rebuilt
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from learnings.models import Recognition
from learnings.operations import recognition as operations
from learnings.operations.recognition import Figures
from learnings.recipients import thanked
from people.operations import person
from people.states import Role
from tests.factories import meetings, people, risks, signals
from tests.factories.recognitions import CHANGED_ON, TYPED, recognition
from tests.moments import AT
from tests.whole_pages import whole_page

pytestmark = pytest.mark.django_db
LIST, API = "/learnings/recognitions/", "/api/v1/recognitions"


@pytest.fixture
def ana(client):
    people.organisation()  # in Berlin
    found = people.user("Ana")
    client.force_login(found)
    return found


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/Berlin"))


def measured(*, before=(0.4, 0.2), after=(0.1, 0.1)):
    """Return a series with daily points up to the midnight of CHANGED_ON in Berlin, and others from it on."""
    series = signals.series(values=(9.0,))  # at AT, two weeks later
    middle, day = midnight(CHANGED_ON), timedelta(days=1)
    signals.push(series, *before, start=middle - len(before) * day, step=day)
    signals.push(series, *after, start=middle, step=day)
    return series


# ------------------------------------------------------------------ giving


def test_the_figures_of_a_metric_are_its_means_before_and_from_the_day(ana):
    series = measured()

    given = recognition(figures=Figures(series=series, changed_on=CHANGED_ON, days=3), kind="drift_reduced")

    assert given.metric_before == pytest.approx(0.3)
    assert given.metric_after == pytest.approx(0.1)
    assert (given.metric_name, given.metric_days) == (series.subject_title, 3)


@pytest.mark.parametrize(
    ("figures", "field"),
    [
        (Figures(), "metric_series"),
        (Figures(name="Jobs", before=1.0, after=2.0), "metric_source"),
        (Figures(name="Jobs", before=1.0, source="Log"), "metric_after"),
        (Figures(before=1.0, after=2.0, source="Log"), "metric_name"),
        (Figures(name="Jobs", before=1.0, after=math.nan, source="Log"), "metric_after"),
        (Figures(name="Jobs", before=1e30, after=2.0, source="Log"), "metric_before"),
    ],
)
def test_what_changed_a_metric_needs_whole_figures(ana, figures, field):
    with pytest.raises(Refused) as refusal:
        recognition(kind="quicker_response", figures=figures)

    assert refusal.value.field == field
    assert not Recognition.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "metric_changed_on"),
        ({"changed_on": CHANGED_ON, "days": 181}, "metric_days"),
        ({"changed_on": date.min}, "metric_changed_on"),
        ({"changed_on": date.max}, "metric_changed_on"),
        ({"changed_on": CHANGED_ON, "before": 3.0}, "metric_before"),
        ({"changed_on": CHANGED_ON - timedelta(days=200)}, "metric_changed_on"),
        ({"changed_on": CHANGED_ON + timedelta(days=4), "days": 2}, "metric_changed_on"),
    ],
)
def test_a_metric_without_points_on_both_sides_is_refused(ana, values, field):
    series = measured()
    with pytest.raises(Refused) as refusal:
        recognition(kind="drift_reduced", figures=Figures(series=series, **values))

    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("limits", "figures", "is_refused"),
    [
        ({"warning": 0.5}, (0.1, 0.4), True),
        ({"warning": 0.5}, (0.4, 0.1), False),
        ({"warning": 0.5}, (0.4, 0.4), False),
        ({"warning": 0.05, "direction": "below"}, (0.1, 0.4), False),
        ({"warning": 0.05, "direction": "below"}, (0.4, 0.1), True),
        ({"warning": 0.5, "warning_low": 0.05, "kind": "range"}, (0.1, 0.4), False),
        ({"warning": 0.3, "warning_low": 0.05, "kind": "range"}, (0.1, 0.4), True),
        ({"warning": 50, "kind": "deviation", "window_hours": 48, "direction": "both"}, (0.1, 0.4), False),
        (None, (0.1, 0.4), False),
    ],
)
def test_a_measured_outcome_did_not_get_worse_by_the_rule_in_force(ana, limits, figures, is_refused):
    series = measured(before=(figures[0],), after=(figures[1],))
    if limits:
        signals.agreed(series, **limits)

    def thank(kind: str):
        return recognition(figures=Figures(series=series, changed_on=CHANGED_ON, days=3), kind=kind)

    thank("found_early")
    for kind in ("drift_reduced", "quicker_response", "steadier_deployment"):
        if not is_refused:
            assert thank(kind).metric_after == figures[1]
            continue
        with pytest.raises(Refused, match="its threshold counts as worse") as refusal:
            thank(kind)
        assert refusal.value.field == "metric_series"


def test_a_small_adjustment_needs_no_figures(ana):
    given = recognition(kind="small_adjustment", figures=Figures())

    assert not given.has_figures


def test_who_left_cannot_be_thanked_and_stays_on_old_recognitions(client, ana):
    wei = people.user("Wei Gone")
    given = recognition(people=[wei])
    wei.refresh_from_db()
    person.deactivate(wei, by=SYSTEM, at=AT)
    wei.refresh_from_db()

    with pytest.raises(Refused, match="Wei Gone has left") as refusal:
        recognition(people=[wei])

    assert refusal.value.field == "people"
    assert "Wei Gone" in client.get(f"{LIST}{given.pk}/").content.decode()
    assert client.get(f"{API}/{given.pk}").json()["people"] == [wei.pk]


def test_who_is_thanked_is_checked(ana):
    wei, team = people.user(), people.team()
    secret = risks.risk(viewers=[team.subject_id]).subject
    for values, field in (
        ({"people": [], "team": None}, "people"),
        ({"people": [wei, wei]}, "people"),
        ({"people": [ana], "by": ana}, "people"),
        ({"people": [people.user() for _ in range(21)]}, "people"),
        ({"people": [wei], "about": secret}, "people"),
        ({"people": [], "team": people.team(), "about": secret}, "team"),
        ({"people": [wei], "about": team.subject}, "about"),
        ({"people": [wei], "kind": "best_of_all"}, "kind"),
        ({"people": [wei], "title": "  "}, "title"),
    ):
        with pytest.raises(Refused) as refusal:
            operations.give(
                **{
                    "title": "Thanks",
                    "kind": "found_early",
                    "about": risks.risk().subject,
                    "figures": TYPED,
                    "at": AT,
                    **values,
                    "by": Actor(values.get("by", people.user()), "page"),
                }
            )
        assert refusal.value.field == field, values


def test_the_thanked_and_the_team_are_told_until_it_is_withdrawn(ana):
    wei, mate = people.user(), people.user()
    team = people.team()
    people.member(team, mate)
    people.member(team, ana)
    given = recognition(people=[wei], team=team, by=ana)
    event = Event.objects.get(verb="learnings.recognition_given")

    assert thanked(event) == {wei.pk: "You are thanked", mate.pk: "Your team is thanked"}
    operations.withdraw(given, by=Actor(ana, "page"), at=AT, reason="The wrong team")
    assert thanked(event) == {}
    with pytest.raises(IllegalMove):
        operations.change(given, {"title": "Other"}, by=SYSTEM, at=AT)
    assert rebuilt("learnings.recognition", given.pk)["state"] == "withdrawn"


# ------------------------------------------------------------------ who sees it


def test_it_is_hidden_with_its_outcome(client, ana):
    about = risks.risk("Canary risk").subject
    given = recognition("Canary thanks", about=about)
    assert "Canary" in client.get(LIST).content.decode()
    history.restrict(about, [people.team().subject_id])

    for path in (LIST, "/learnings/", f"{API}?q=canary"):
        assert "Canary" not in client.get(path).content.decode()
    for path in (f"{LIST}{given.pk}/", f"{LIST}{given.pk}/edit/", f"{API}/{given.pk}"):
        assert client.get(path).status_code == 404
    hidden = {"title": "T", "kind": "small_adjustment", "people": [people.user().pk]}
    answers = [
        client.post(API, json.dumps({**hidden, "about": name}), content_type="application/json")
        for name in (about.reference, "R-99999")
    ]
    assert [answer.status_code for answer in answers] == [400, 400]
    errors = [answer.content.decode().replace(about.reference, "R-99999") for answer in answers]
    assert errors[0] == errors[1]


def test_the_figures_of_a_hidden_metric_are_not_shown(client, ana):
    series = measured()
    given = recognition(figures=Figures(series=series, changed_on=CHANGED_ON), kind="drift_reduced")
    page, row = client.get(f"{LIST}{given.pk}/").content.decode(), client.get(f"{API}/{given.pk}").json()
    assert "psi" in page and "<svg" in page
    assert row["metric_before"] == pytest.approx(0.3)
    history.restrict(series.subject, [people.team().subject_id])

    for path in (f"{LIST}{given.pk}/", LIST):
        assert "psi" not in client.get(path).content.decode()
    row = client.get(f"{API}/{given.pk}").json()
    assert {value for name, value in row.items() if name.startswith("metric_")} == {None}


# ------------------------------------------------------------------ pages and API


def test_a_page_thanks_offers_the_metrics_of_the_outcome_and_edits(client, ana):
    series, wei = measured(), people.user("Wei")
    risk = risks.risk(model=series.model, series=series)
    form = client.get(f"{LIST}new/?about={risk.reference}").context["form"]
    assert list(form.fields["metric_series"].queryset) == [series]
    body = {
        "title": "The scores are calm again",
        "kind": "drift_reduced",
        "about": risk.reference.lower(),
        "people": [wei.pk],
        "metric_series": series.pk,
        "metric_changed_on": CHANGED_ON.isoformat(),
        "metric_days": 14,
    }
    refused = client.post(f"{LIST}new/", {**body, "metric_changed_on": ""})
    assert refused.status_code == 422
    assert refused.context["form"].errors["metric_changed_on"]

    assert client.post(f"{LIST}new/", body).status_code == 303
    given = Recognition.objects.get()
    assert (given.author, given.about_id) == (ana, risk.subject_id)
    assert "The scores are calm again" in whole_page(client, f"/risks/{risk.reference}/")
    edit = {"title": "Calm scores", "text": "We refit.", "version": given.version}
    assert client.post(f"{LIST}{given.pk}/edit/", edit).status_code == 303
    given.subject.refresh_from_db()
    assert given.subject.title == "Calm scores"
    assert client.post(f"{LIST}{given.pk}/withdraw/", {"version": 2}).status_code == 303
    assert "Calm scores" not in client.get(LIST).content.decode()


@pytest.mark.usefixtures("ana")
def test_the_form_says_why_there_is_no_metric_to_choose(client):
    about_no_model = risks.risk(model=None)

    first = client.get(f"{LIST}new/").content.decode()
    then = client.get(f"{LIST}new/?about={about_no_model.reference}").content.decode()

    assert "are those of what you name under" in first
    assert f"{about_no_model.reference} and its model have no metrics." in then


def test_the_page_of_a_decision_shows_who_was_thanked_for_it(client, ana):
    decision = meetings.decision(about=risks.risk().subject)
    address = f"/meetings/decisions/{decision.reference}/"
    assert f"/learnings/recognitions/new/?about={decision.reference}" in whole_page(client, address)
    recognition("Decided in time", about=decision.subject)
    with CaptureQueriesContext(connection) as captured:
        page = client.get(address).content.decode()

    assert len(captured) <= 15
    assert "Decided in time" not in page and "Decided in time" in whole_page(client, address)


def test_only_the_author_and_risk_managers_change_it(client, ana):
    given = recognition()
    assert client.get(f"{LIST}{given.pk}/edit/").status_code == 403
    client.force_login(people.user(role=Role.RISK_MANAGER))
    assert client.get(f"{LIST}{given.pk}/edit/").status_code == 200


def test_the_api_gives_changes_and_withdraws(client, ana):
    series, wei = measured(), people.user("Wei")
    team, about = people.team(), risks.risk().subject
    body = {
        "title": "Calm",
        "kind": "drift_reduced",
        "about": about.reference,
        "people": [wei.email],
        "team": team.slug,
        "metric_series": series.pk,
        "metric_changed_on": CHANGED_ON.isoformat(),
    }
    made = client.post(API, json.dumps(body), content_type="application/json")
    row = made.json()
    assert made.status_code == 201
    assert (row["people"], row["team_id"], row["about_reference"]) == ([wei.pk], team.pk, about.reference)
    assert row["metric_days"] == 14
    tag = {"If-Match": made["ETag"], "content_type": "application/json"}
    change = client.patch(
        f"{API}/{row['id']}",
        json.dumps({"text": "x"}),
        headers={"If-Match": made["ETag"]},
        content_type="application/json",
    )
    assert change.json()["version"] == 2
    stale = client.post(
        f"{API}/{row['id']}/withdraw",
        "{}",
        headers={"If-Match": tag["If-Match"]},
        content_type="application/json",
    )
    assert stale.status_code == 412
    done = client.post(
        f"{API}/{row['id']}/withdraw",
        "{}",
        headers={"If-Match": change["ETag"]},
        content_type="application/json",
    )
    assert done.json()["state"] == "withdrawn"


def test_the_list_is_filtered(client, ana):
    team, about = people.team(), risks.risk().subject
    one = recognition("Early", people=[ana], about=about)
    two = recognition("Calm", team=team, kind="small_adjustment")
    for query, found in (
        ("person=me", one),
        (f"person={ana.pk}", one),
        (f"team={team.slug}", two),
        ("kind=small_adjustment", two),
        ("q=calm", two),
        (f"about={about.reference}", one),
    ):
        assert [row["id"] for row in client.get(f"{API}?{query}").json()["results"]] == [found.pk], query


@pytest.mark.parametrize("path", [LIST, API, "/learnings/"])
def test_lists_cost_the_same_at_one_and_three_rows(client, ana, path):
    about = risks.risk().subject
    counts = []
    for _ in range(2):
        recognition(about=about)
        with CaptureQueriesContext(connection) as found:
            assert client.get(path).status_code == 200
        counts.append(len(found))
        recognition(about=about, people=[people.user(), people.user()])

    assert counts[0] == counts[1]


def test_people_and_teams_show_what_they_were_thanked_for(client, ana):
    wei, team = people.user(), people.team()
    recognition("Early find", people=[wei], team=team)

    assert "Early find" in client.get(f"/people/{wei.pk}/").content.decode()
    assert "Early find" in client.get(f"/people/teams/{team.slug}/").content.decode()
