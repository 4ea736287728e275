"""What other pages show of incidents: charts, the model page, the digest, home, register checks, leaving."""

from datetime import timedelta

import pytest

from incidents.models import Incident
from incidents.operations import role
from incidents.queries.elsewhere import mine
from kit.actor import SYSTEM, Actor
from meetings.queries.model_health import health
from notices.queries.digest import content_for
from people.states import Role
from riskhub.leaving import operations as leaving
from signals.queries.marks import marks_of
from tests.conftest import AT
from tests.factories import catalogue, people
from tests.factories.incidents import incident, reviewed

pytestmark = pytest.mark.django_db
BY = {"by": SYSTEM, "at": AT}
HOUR = timedelta(hours=1)


def test_charts_mark_the_incidents_of_their_models_that_the_reader_may_see():
    main, further, team = catalogue.model(), catalogue.model(), people.team("Security")
    shown = incident(model=main, models=[further], started_at=AT - HOUR)
    incident(model=main, viewers=[team.subject_id])
    incident(model=main, state="withdrawn")
    incident(model=main, started_at=AT - 50 * HOUR)
    reader = people.user()

    for model in (main, further):
        (mark,) = marks_of(reader, [model.pk], AT - 24 * HOUR, AT + HOUR)
        assert (mark["model"], mark["kind"], mark["at"]) == (model.pk, "critical", (AT - HOUR).isoformat())
        assert mark["label"].startswith(shown.reference)


def test_an_ongoing_incident_is_the_health_of_its_model_and_on_its_axis(move_clock):
    model, reader = catalogue.model(), people.user()
    incident(models=[model])
    found = health(reader, model)

    assert found.level == "bad" and found.sentence.startswith("1 incident is open")
    lane = next(lane for lane in found.lanes if lane.name == "Incidents")
    assert [entry.tone for entry in lane.entries] == ["critical"]
    assert next(tile.value for tile in found.tiles if tile.name == "Incidents") == 1


def test_the_digest_tells_declared_and_reviewed_incidents_as_each_reader_may_see_them(move_clock):
    people.organisation()
    team = people.team("Security")
    member, stranger = people.user(teams=[team]), people.user()
    incident("Scores are old")
    incident("Zanzibar leak", viewers=[team.subject_id])
    reviewed(incident("It came back", state="resolved"))
    move_clock(AT + timedelta(days=7))
    texts = {}
    for person in (member, stranger):
        texts[person] = str(content_for(person, since=AT - HOUR, at=AT + timedelta(days=7)))
    assert "Scores are old" in texts[stranger] and "Zanzibar" not in texts[stranger]
    assert "Zanzibar leak" in texts[member]


def test_my_week_has_the_incidents_that_i_handle_and_the_reviews_that_i_observe(client):
    people.organisation()
    ana, observer = people.user("Ana"), people.user("Oskar", function=people.function("engineering"))
    ongoing = incident()
    role.assign(ongoing, role="lead", person=ana, **BY)
    resolved = incident("It is over", person=ana, state="resolved")
    client.force_login(ana)
    assert 'hx-get="/incidents/mine/"' in client.get("/").content.decode()
    assert ongoing.title in client.get("/incidents/mine/").content.decode()
    assert [row.incident_id for row in mine(observer).reviews] == [resolved.pk]
    client.force_login(observer)
    assert "Post-incident review: It is over" in client.get("/incidents/mine/").content.decode()


def test_an_overdue_review_is_on_the_page_of_register_checks(client, move_clock):
    people.organisation()
    client.force_login(people.user(role=Role.RISK_MANAGER))
    resolved = incident(severity="critical", state="resolved")
    assert "Overdue post-incident" not in client.get("/risks/checks/").content.decode()
    move_clock(AT + timedelta(days=7))
    page = client.get("/risks/checks/").content.decode()
    assert "Overdue post-incident" in page and resolved.title in page


def test_who_leaves_hands_over_their_roles():
    people.organisation()
    ana, ben, manager = people.user("Ana"), people.user("Ben"), people.user(role=Role.ADMINISTRATOR)
    declared = incident()
    for name in ("lead", "scribe"):
        role.assign(declared, role=name, person=ana, **BY)
    leaving.hand_over(ana, to=ben, by=Actor(manager, "page"), at=AT)
    found = Incident.objects.get()
    assert (found.lead, found.scribe) == (ben, ben)
