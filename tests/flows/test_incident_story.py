"""A breach becomes an incident, three people handle it, others observe its review, and a risk is rescored."""

from datetime import timedelta

import pytest

from actions.models import Action
from history.models import Event
from incidents.models import Incident, Postmortem
from meetings.models import AgendaItem
from notices.models import Entry, Message
from people.states import Role
from riskhub import schedule
from tests.conftest import AT
from tests.factories import catalogue, meetings, people, risklog_review
from tests.factories import risks as make_risk
from tests.factories.signals import breach_group
from tests.flows.signed_in import Browser

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def at_work(client, move_clock):
    """Two teams with a weekly meeting, and people to observe."""
    people.organisation()
    team = people.team("Growth ML")
    wei = people.user("Wei", teams=[team], function=people.function("data-science"))
    ken = people.user("Ken", teams=[team], function=people.function("engineering"))
    mia = people.user("Mia", role=Role.RISK_MANAGER, function=people.function("risk-management"))
    observer = people.user(
        "Oskar", teams=[people.team("Fraud")], function=people.function("platform-operations")
    )
    risklog_review.ladder(("team_lead", 240, None))
    meetings.series(team)
    model = catalogue.model("credit-pd", owner_team=team, developer=wei)
    return {"team": team, "wei": wei, "ken": ken, "mia": mia, "observer": observer, "model": model}


def test_from_the_breach_to_the_rescored_risk(client, at_work, move_clock):
    group = breach_group(at_work["model"], value=0.9)
    risk = make_risk.risk("The job fails silently", model=at_work["model"], likelihood=2, impact=3)
    catalogue.deployment(at_work["model"], "7", deployed_at=AT)
    move_clock(AT + 2 * HOUR)
    wei, ken, mia = (Browser(type(client), at_work[name]) for name in ("wei", "ken", "mia"))

    # Two people declare it from the breach: one incident.
    new = f"/incidents/new/?about={group.reference}"
    values = {
        "about": group.reference,
        "title": group.title,
        "severity": "critical",
        "model": at_work["model"].pk,
    }
    address = wei.send(new, "/incidents/new/", **values)
    assert ken.send(new, "/incidents/new/", **values) == address
    incident = Incident.objects.get()
    schedule.tick(AT + 2 * HOUR)
    assert AgendaItem.objects.get(about=incident.subject).why.startswith("Critical incident")
    assert Message.objects.filter(user=at_work["ken"], event__verb="incidents.incident_declared").exists()

    # Three people handle it.
    def version():
        return Incident.objects.get().version

    for browser, role in ((wei, "lead"), (ken, "scribe"), (mia, "communications")):
        browser.send(address, f"{address}roles/take/", role=role)
    ken.send(address, f"{address}timeline/", text="The job hung", happened_at="2026-11-23T12:30")
    mia.send(address, f"{address}updates/", text="Decisions wait for a person.")
    wei.send(address, f"{address}mitigate/", version=version(), text="Rolled back")
    wei.send(address, f"{address}resolve/", version=version())
    page = ken.read(address)
    for text in (
        "The job hung",
        "Decisions wait for a person.",
        f"Breach opened: {group.reference}",
        "Deployed:",
    ):
        assert text in page
    schedule.tick(AT + 3 * HOUR)
    update = Event.objects.get(verb="incidents.update_sent")
    assert Entry.objects.filter(event=update, user=at_work["wei"]).exists()

    # Somebody of another team observes the review. Which risk should have caught it is answered.
    review = Postmortem.objects.get()
    assert [row.user for row in review.observers.all()] == [at_work["observer"]]
    assert AgendaItem.objects.get(about=review.subject).state == "waiting"
    assert review.subject_title in Browser(type(client), at_work["observer"]).read("/incidents/mine/")

    def edited():
        return Postmortem.objects.get().version

    base = f"{address}review/"
    texts = {
        "factors": "No alert",
        "why_1": "It hung",
        "why_2": "A lock",
        "why_3": "Nobody owns it",
        "lessons": "Alert",
    }
    wei.send(base, f"{base}edit/", version=edited(), **texts)
    answer = {"answer": "rescored", "risk": risk.reference, "likelihood": 4, "impact": 4}
    mia.send(base, f"{base}risk/", version=edited(), **answer)
    wei.send(
        base, f"{base}actions/", title="Alert on jobs that hang", owner=at_work["ken"].pk, due_on="2026-12-07"
    )
    wei.send(base, f"{base}finish/", version=edited())
    schedule.tick(AT + 4 * HOUR)

    risk.refresh_from_db()
    incident.refresh_from_db()
    assert (risk.likelihood, risk.impact, incident.state) == (4, 4, "reviewed")
    action = Action.objects.get(owner=at_work["ken"])
    assert action.about == review.subject and action.origin == incident.subject
    assert AgendaItem.objects.get(about=review.subject).state == "done"
    assert risk.reference in ken.read(base)

    # The page of the breach and its history show all of it.
    assert incident.reference in ken.read(f"/signals/breaches/{group.reference}/")
    assert "incidents.incident_reviewed" in Event.objects.filter(subject=incident.subject).values_list(
        "verb", flat=True
    )
