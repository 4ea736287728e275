"""Check-ins: noted in seconds, found again, and made into an agenda item, an action or a risk."""

import json
from datetime import timedelta

import pytest
from django.test import Client

from actions.models import Action
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from meetings.models import AgendaItem, CheckIn
from meetings.operations import agenda
from meetings.operations import check_in as check_ins
from meetings.operations import meeting as meetings
from people.operations import token
from people.states import TokenScope
from risklog.models import Risk
from tests.factories import catalogue, people, risks
from tests.factories import meetings as make
from tests.moments import AT

pytestmark = pytest.mark.django_db
FEED = "/meetings/check-ins/"


@pytest.fixture
def ana():
    return people.user("Ana")


def note(text="The share of empty incomes rose", *, by=None, **values) -> CheckIn:
    at = values.pop("at", AT)
    return check_ins.note(text=text, by=Actor(by, "page") if by else SYSTEM, at=at, **values)


def act(person) -> dict:
    return {"by": Actor(person, "page"), "at": AT}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"text": "  "}, "text"),
        ({"text": "x" * 2001}, "text"),
        ({"kind": "rumour"}, "kind"),
        ({"link": "javascript:alert(1)"}, "link"),
        ({"link": "grafana/d/3"}, "link"),
    ],
)
def test_a_bad_check_in_is_refused_with_the_field(values, field):
    with pytest.raises(Refused) as refusal:
        note(**{"text": "Fine", **values})

    assert refusal.value.field == field
    assert not CheckIn.objects.exists()


def test_the_title_is_the_first_line():
    check_in = note("Counts are low\nSince Tuesday.")

    assert check_in.subject.title == "Counts are low"
    check_ins.change(check_in, {"text": "Counts are back\nToday."}, by=SYSTEM, at=AT)
    check_in.subject.refresh_from_db()
    assert check_in.subject.title == "Counts are back"


def test_a_check_in_about_a_restricted_model_is_seen_by_those_who_see_the_model(client, ana):
    team = people.team()
    mate = people.user(teams=[team])
    model = catalogue.model(viewers=[team.subject_id])
    check_in = note("Quetzal drift", model=model, by=mate)

    client.force_login(ana)
    assert "Quetzal" not in client.get(FEED).content.decode()
    assert client.get(f"{FEED}{check_in.pk}/").status_code == 404
    for step in ("place", "action", "risk"):
        assert client.post(f"{FEED}{check_in.pk}/{step}/").status_code == 404
    client.force_login(mate)
    assert "Quetzal" in client.get(FEED).content.decode()


def test_one_click_puts_it_on_the_agenda_of_its_focus_once(ana):
    team, _ = make.crew()
    series = make.series(team)
    check_in = note(kind="feature_distribution", model=catalogue.model(owner_team=team))

    item = check_ins.place(check_in, **act(ana))
    again = check_ins.place(check_in, **act(ana))

    assert item.pk == again.pk
    assert item.meeting_id == make.planned(series, 1).pk  # model performance lists drift
    assert item.why == "Check-in: feature distribution; next meeting on Model performance"


def test_without_a_fitting_meeting_the_reason_is_given(ana):
    with pytest.raises(Refused, match="no team"):
        check_ins.place(note(), **act(ana))


def test_one_click_makes_one_action_of_the_person(ana):
    check_in = note("Ask the vendor\nTheir feed is late.", link="https://grafana.example/d/3")
    action = check_ins.act_on(check_in, **act(ana))
    again = check_ins.act_on(check_in, **act(ana))

    assert action.pk == again.pk
    assert Action.objects.count() == 1
    assert (action.title, action.owner, action.about_id) == ("Ask the vendor", ana, check_in.subject_id)
    assert "Their feed is late." in action.details
    assert action.link == "https://grafana.example/d/3"


def test_one_click_makes_one_risk_filled_in(ana):
    risks.category()
    model = catalogue.model()
    check_in = note("Labels are late again", kind="ingestion_delay", model=model, by=ana)
    risk = check_ins.make_risk(check_in, **act(ana))
    again = check_ins.make_risk(CheckIn.objects.get(pk=check_in.pk), **act(ana))

    assert risk.pk == again.pk
    assert Risk.objects.count() == 1
    assert (risk.title, risk.model, risk.category.kind) == ("Labels are late again", model, "data_quality")
    assert "Noted by Ana on 23 Nov 2026." in risk.description


# ------------------------------------------------------------------ the next agenda


def test_the_next_agenda_mentions_the_check_ins_since_the_last_meeting(at):
    team, (member, _) = make.crew()
    series = make.series(team)
    model = catalogue.model(owner_team=team)
    first = make.planned(series)  # data-quality signals
    note("Before", kind="ingestion_delay", model=model, at=at)
    meetings.start(first, by=SYSTEM, at=first.starts_at)
    meetings.close(first, by=SYSTEM, at=first.ends_at)
    later = first.ends_at + timedelta(days=1)
    note("Of this focus", kind="retraining_trigger", model=model, at=later)
    note("Of another focus", kind="ingestion_delay", model=model, at=later)
    note("Of another team", kind="retraining_trigger", model=catalogue.model("x", name="X"), at=later)
    note("Without a model", by=member, at=later)

    second = make.planned(series, 1)  # model performance
    agenda.build(second, at=later)
    item = AgendaItem.objects.get(meeting=second, title="Check-ins since last time")
    assert item.why == "2 check-ins for this meeting"

    note("One more", kind="feature_distribution", model=model, at=later)
    agenda.build(second, at=later)
    item.refresh_from_db()
    assert item.why == "3 check-ins for this meeting"


def test_an_agenda_without_check_ins_does_not_mention_them(at):
    meeting = make.planned()
    agenda.build(meeting, at=at)

    assert not meeting.items.exists()


def test_a_check_in_series_discusses_all_kinds(at):
    team, _ = make.crew()
    meeting = make.planned(make.series(team, is_check_in=True))
    model = catalogue.model(owner_team=team)
    for kind in ("ingestion_delay", "feature_distribution", "other"):
        note(kind=kind, model=model, at=at)
    agenda.build(meeting, at=at)

    assert meeting.items.get().why == "3 check-ins for this meeting"


def test_a_restricted_check_in_is_not_counted_and_shown_only_to_who_may_see_it(client, at):
    team, (member, _) = make.crew()
    series = make.series(team, participants=[people.user("Olga")])
    model = catalogue.model(owner_team=team, viewers=[team.subject_id])
    note("Quetzal drift", kind="ingestion_delay", model=model, at=at)
    meeting = make.planned(series)
    agenda.build(meeting, at=at)

    assert not meeting.items.filter(title="Check-ins since last time").exists()
    for reader, is_shown in ((member, True), (series.participants.get(), False)):
        client.force_login(reader)
        assert ("Quetzal" in client.get(f"/meetings/{meeting.reference}/").content.decode()) is is_shown


# ------------------------------------------------------------------ pages and API


def test_a_check_in_is_noted_on_the_feed_filtered_found_and_edited(client, ana):
    client.force_login(ana)
    model = catalogue.model()
    values = {"text": "Counts are low", "kind": "ingestion_delay", "model": model.pk}
    assert client.post(f"{FEED}new/", values).status_code == 303
    check_in = CheckIn.objects.get()
    assert (check_in.author, check_in.model) == (ana, model)

    assert "Counts are low" in client.get(FEED).content.decode()
    assert "Counts are low" in client.get(f"{FEED}?kind=ingestion_delay&q=counts").content.decode()
    assert "Counts are low" not in client.get(f"{FEED}?kind=other").content.decode()
    assert "Counts are low" in client.get("/search/?q=counts").content.decode()
    page = client.get(f"{FEED}{check_in.pk}/").content.decode()
    assert all(text in page for text in ("Put on an agenda", "Make an action", "Make a risk"))

    edited = {"text": "Counts are back", "kind": "other", "link": "", "version": check_in.version}
    assert client.post(f"{FEED}{check_in.pk}/edit/", edited).status_code == 303
    stale = {**edited, "text": "Counts are low again"}
    assert client.post(f"{FEED}{check_in.pk}/edit/", stale).status_code == 409
    assert client.post(f"{FEED}new/", {"text": ""}).status_code == 422


def test_only_its_author_or_a_risk_manager_edits_a_check_in(client, ana):
    check_in = note(by=ana)
    client.force_login(people.user("Eve"))

    assert client.get(f"{FEED}{check_in.pk}/edit/").status_code == 403


@pytest.mark.parametrize("number", [1, 3])
def test_the_feed_takes_the_same_queries_for_any_number(client, ana, number, django_assert_num_queries):
    model = catalogue.model()
    for _ in range(number):
        note(model=model, by=ana)
    client.force_login(ana)
    client.get(FEED)

    with django_assert_num_queries(8):
        assert client.get(FEED).content.decode().count("data-row") == number


def test_the_feed_has_pages(client, ana):
    for number in range(60):
        note(f"Note {number}")
    client.force_login(ana)
    first = client.get(FEED).content.decode()

    assert first.count("data-row") == 50
    assert "after=" in first


def test_the_api_notes_lists_changes_and_promotes(ana):
    risks.category()
    team, _ = make.crew()
    make.series(team)
    model = catalogue.model(owner_team=team)
    _, text = token.issue(ana, name="t", scope=TokenScope.WRITE, by=SYSTEM, at=AT)
    client = Client(headers={"Authorization": f"Bearer {text}"})

    def send(method, path, body=None, **headers):
        return getattr(client, method)(
            f"/api/v1/{path}", json.dumps(body or {}), content_type="application/json", headers=headers
        )

    body = {"text": "Counts are low", "kind": "ingestion_delay", "model": model.slug}
    made = send("post", "check-ins", body)
    assert made.status_code == 201, made.content
    path = f"check-ins/{made.json()['id']}"
    changed = send("patch", path, {"text": "Counts are very low"}, **{"If-Match": made["ETag"]})
    assert changed.json()["text"] == "Counts are very low"
    assert send("patch", path, {"text": "x"}, **{"If-Match": made["ETag"]}).status_code == 412
    listed = client.get(f"/api/v1/check-ins?kind=ingestion_delay&model={model.pk}").json()
    assert [row["id"] for row in listed["results"]] == [made.json()["id"]]

    assert send("post", f"{path}/place").json()["reference"].startswith("M-")
    assert send("post", f"{path}/action").json()["reference"].startswith("A-")
    assert send("post", f"{path}/risk").json()["reference"].startswith("R-")
    assert send("post", "check-ins", {"text": "x", "kind": "rumour"}).status_code == 400
