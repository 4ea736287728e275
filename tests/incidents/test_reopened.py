"""A reviewed incident that comes back: its review stays on record, and is open again when it is resolved."""

from datetime import timedelta

import pytest

from actions.models import Action
from history.models import Due, Event
from incidents.models import Incident, Postmortem
from incidents.operations import incident as incidents
from incidents.operations import postmortem as reviews
from incidents.operations import role
from incidents.queries.timeline import timeline
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from meetings.models import AgendaItem
from notices.models import Entry
from people.models import User
from people.operations import token
from people.states import Role
from riskhub import schedule
from tests.conftest import AT
from tests.factories import meetings, people, signals
from tests.factories.incidents import incident, reviewed

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}
DAY = timedelta(days=1)


def back(**fields) -> tuple[Incident, Postmortem]:
    """Return an incident that was reviewed and is reopened, and its review."""
    review = reviewed(incident(state="resolved", **fields))
    declared = Incident.objects.select_related("subject").get(pk=review.incident_id)
    incidents.reopen(declared, reason="It is back", **BY)
    return declared, Postmortem.objects.select_related("subject", "incident").get()


def test_a_reviewed_incident_is_reopened_and_its_review_stays_done():
    people.organisation()
    declared, review = back()
    assert (declared.state, declared.mitigated_at, declared.resolved_at) == ("open", None, None)
    assert review.state == "done" and review.finished_at == AT and review.lessons
    assert not Due.objects.filter(subject=review.subject_id, state="pending").exists()
    event = Event.objects.get(subject=declared.subject_id, verb="incidents.incident_reopened")
    assert event.data["reason"] == "It is back"
    with pytest.raises(IllegalMove, match="done"):
        reviews.change(review, {"lessons": "Others"}, **BY)


def test_the_review_is_open_again_with_its_texts_when_the_incident_is_resolved_again():
    people.organisation()
    lead, observer = people.user("Lea"), people.user("Oskar")
    review = reviewed(incident(state="resolved"))
    declared = Incident.objects.get(pk=review.incident_id)
    role.assign(declared, role="lead", person=lead, **BY)
    later = {"by": SYSTEM, "at": AT + 30 * DAY}
    incidents.reopen(declared, reason="It is back", **later)
    incidents.resolve(declared, **later)

    again = Postmortem.objects.get()
    assert (again.pk, again.state, again.finished_at) == (review.pk, "open", None)
    assert again.lessons == review.lessons and again.risk_id == review.risk_id
    assert again.due_on > review.due_on and again.opened_at == AT + 30 * DAY
    assert Due.objects.filter(subject=again.subject_id, state="pending").count() == 2
    schedule.tick(AT + 30 * DAY)
    told = Entry.objects.filter(event__verb="incidents.postmortem_reopened")
    assert {lead, observer} <= {entry.user for entry in told}

    reviews.finish(Postmortem.objects.select_related("subject", "incident").get(), **later)
    declared.refresh_from_db()
    assert declared.state == "reviewed"


def test_the_timeline_keeps_what_was_reached_before_each_reopening(client):
    people.organisation()
    declared = incident(state="resolved")
    incidents.reopen(declared, reason="It is back", by=SYSTEM, at=AT + DAY)
    incidents.resolve(declared, by=SYSTEM, at=AT + 2 * DAY)
    client.force_login(people.user("Rena", role=Role.RISK_MANAGER))

    rows = timeline(User.objects.get(name="Rena"), declared, until=AT + 3 * DAY).rows
    page = client.get(f"/incidents/{declared.reference}/").content.decode()

    reached = [(row.at, row.text) for row in rows if "resolved" in row.text or "reopened" in row.text]
    assert reached == [
        (AT, "The incident was resolved"),
        (AT + DAY, "The incident was reopened: It is back"),
        (AT + 2 * DAY, "The incident was resolved"),
    ]
    assert page.count("The incident was resolved") == 2 and "The incident was reopened: It is back" in page


def test_a_reopened_review_has_room_for_three_more_actions():
    people.organisation()
    first = reviewed(incident(state="resolved"))
    declared = Incident.objects.get(pk=first.incident_id)
    later = {"by": SYSTEM, "at": AT + DAY}
    incidents.reopen(declared, reason="It is back", **BY)
    incidents.resolve(declared, **BY)
    for number in range(3):
        reviews.add_action(Postmortem.objects.get(), title=f"Step {number}", **BY)
    reviews.finish(Postmortem.objects.select_related("subject", "incident").get(), **BY)
    declared.refresh_from_db()
    incidents.reopen(declared, reason="It is back", **later)
    incidents.resolve(declared, **later)

    for number in range(3):
        reviews.add_action(Postmortem.objects.get(), title=f"Further step {number}", **later)
    with pytest.raises(Refused, match="has 3 actions"):
        reviews.add_action(Postmortem.objects.get(), title="One too many", **later)
    assert Action.objects.count() == 6


def test_the_reopened_review_is_on_the_agenda_again():
    team = people.team("Growth ML")
    people.member(team, people.user())
    meetings.series(team)
    declared, review = back(team=team)
    schedule.tick(AT)
    assert not AgendaItem.objects.filter(about=review.subject_id, state="waiting").exists()
    incidents.resolve(declared, **BY)
    schedule.tick(AT)
    assert AgendaItem.objects.filter(about=review.subject_id, state="waiting").count() == 1


def test_a_reviewed_incident_is_not_reopened_beside_a_new_one_or_without_a_reason():
    people.organisation()
    group = signals.breach_group()
    review = reviewed(incident(about=group.subject, state="resolved"))
    first = Incident.objects.get(pk=review.incident_id)
    with pytest.raises(Refused) as refusal:
        incidents.reopen(first, reason=" ", **BY)
    assert refusal.value.field == "reason"
    incident(about=group.subject)
    with pytest.raises(Refused, match="Another incident about the same breach is ongoing"):
        incidents.reopen(first, reason="It is back", **BY)


def test_who_may_change_the_incident_reopens_it_on_its_page_and_the_review_says_so(client):
    people.organisation()
    mia, stranger = people.user("Mia", role=Role.RISK_MANAGER), people.user("Sam")
    review = reviewed(incident(state="resolved"))
    address = f"/incidents/{review.incident.reference}/"
    body = {"reason": "It is back", "version": Incident.objects.get().version}
    client.force_login(stranger)
    assert "Reopen" not in client.get(address).content.decode()
    assert client.post(f"{address}reopen/", body).status_code == 403
    client.force_login(mia)
    assert "Reopen" in client.get(address).content.decode()
    assert client.post(f"{address}reopen/", {**body, "reason": ""}).status_code == 422
    assert client.post(f"{address}reopen/", body).status_code == 303

    assert Incident.objects.get().state == "open"
    page = client.get(f"{address}review/").content.decode()
    assert "The incident was reopened." in page and "Done" in page
    assert client.post(f"{address}reopen/", {**body, "version": 99}).status_code == 409


def test_the_api_reopens_a_reviewed_incident(client):
    people.organisation()
    mia = people.user("Mia", role=Role.RISK_MANAGER)
    review = reviewed(incident(state="resolved", person=mia))
    _, text = token.issue(mia, name="ci", scope="write", by=Actor(mia, "page"), at=AT)
    head = {"Authorization": f"Bearer {text}"}
    address = f"/api/v1/incidents/{review.incident.reference}"
    body, kind = {"reason": "It is back"}, "application/json"
    assert client.post(f"{address}/reopen", body, kind, headers=head).status_code == 428
    match = {**head, "If-Match": client.get(address, headers=head)["ETag"]}
    answer = client.post(f"{address}/reopen", body, kind, headers=match)
    assert answer.status_code == 200 and answer.json()["state"] == "open"
    shown = client.get(f"/api/v1/post-incident-reviews/{review.incident.reference}", headers=head).json()
    assert (shown["state"], shown["waits"]) == ("done", False)
    assert client.post(f"{address}/reopen", body, kind, headers={**head, "If-Match": "*"}).status_code == 409
