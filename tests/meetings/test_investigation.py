"""Check-ins that are attached to an investigation."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import operations as history
from history.models import Event
from kit.actor import SYSTEM, Actor
from kit.refusals import Refused
from meetings.models import CheckIn
from meetings.operations import check_in, investigation
from meetings.queries import investigation as queries
from tests.factories import actions, catalogue, people, risklog_review, risks
from tests.factories.incidents import incident
from tests.moments import AT
from tests.whole_pages import whole_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    people.organisation()
    person = people.user("Ana")
    client.force_login(person)
    return person


def note(text: str = "The null share doubled.", **fields) -> CheckIn:
    return check_in.note(text=text, by=SYSTEM, at=AT, **fields)


def test_a_check_in_is_attached_moved_and_detached_on_record(client, ana):
    noted, risk, review = note(), risks.risk(), risklog_review.review(about=people.team().subject)
    address = f"/meetings/check-ins/{noted.pk}/"

    for version, about in enumerate((risk.reference, review.reference.lower(), ""), 1):
        answer = client.post(f"{address}attach/", {"about": about, "version": version})
        assert answer.status_code == 303, about
        noted.refresh_from_db()
        assert (noted.about.reference if noted.about else "") == about.upper()

    assert Event.objects.filter(verb="meetings.check_in_attached").count() == 3
    assert client.post(f"{address}attach/", {"about": risk.reference, "version": 1}).status_code == 409


def test_the_pages_of_investigations_show_it(client, ana):
    for about, address in (
        (risks.risk(), "/risks/{}/"),
        (incident(), "/incidents/{}/"),
        (risklog_review.review(about=people.team().subject), "/risks/reviews/{}/"),
    ):
        noted = note(f"Seen at {about.reference}")
        investigation.attach(noted, about=about.subject, by=Actor(ana, "page"), at=AT)

        assert f"Seen at {about.reference}" in whole_page(client, address.format(about.reference))
        assert about.reference in client.get(f"/meetings/check-ins/{noted.pk}/").content.decode()


def test_other_kinds_and_what_the_reader_may_not_see_are_refused(client, ana):
    noted, action = note(), actions.action()
    secret = risks.risk("Canary", viewers=[people.team().subject_id])
    with pytest.raises(Refused) as refusal:
        investigation.attach(noted, about=action.subject, by=SYSTEM, at=AT)
    assert refusal.value.field == "about"

    for reference in (secret.reference, "R-99999"):
        form = {"about": reference, "version": 1}
        answer = client.post(f"/meetings/check-ins/{noted.pk}/attach/", form)
        assert answer.status_code == 422
        assert f"{reference} was not found" in answer.content.decode()


def test_neither_side_tells_of_the_other_to_who_may_not_see_it(client, ana):
    team = people.team()
    secret, open_risk = risks.risk("Canary", viewers=[team.subject_id]), risks.risk()
    model = catalogue.model()
    shown, hidden = note(), note("Canary note", model=model)
    investigation.attach(shown, about=secret.subject, by=SYSTEM, at=AT)
    investigation.attach(hidden, about=open_risk.subject, by=SYSTEM, at=AT)
    history.restrict(model.subject, [team.subject_id])

    assert "Canary" not in client.get(f"/meetings/check-ins/{shown.pk}/").content.decode()
    assert client.get(f"/api/v1/check-ins/{shown.pk}").json()["about_reference"] is None
    assert "Canary" not in whole_page(client, f"/risks/{open_risk.reference}/")


def test_it_is_attached_by_api_at_the_version_that_was_read(client, ana):
    noted, risk = note(), risks.risk()
    address = f"/api/v1/check-ins/{noted.pk}"
    tag = {"If-Match": client.get(address)["ETag"]}
    body = {"about": risk.reference}

    assert client.post(f"{address}/attach", body, "application/json").status_code == 428
    done = client.post(f"{address}/attach", body, "application/json", headers=tag)

    assert (done.status_code, done.json()["about_reference"]) == (200, risk.reference)
    assert client.post(f"{address}/attach", body, "application/json", headers=tag).status_code == 412


def test_the_panel_costs_one_query(ana):
    risk = risks.risk()
    assert queries.of_subject(ana, risk) is None  # reads what Ana may see
    for _ in range(3):
        investigation.attach(note(), about=risk.subject, by=SYSTEM, at=AT)
        with CaptureQueriesContext(connection) as found:
            rows = queries.of_subject(ana, risk)
            assert all(row.subject and row.author is None for row in rows)
        assert len(found) == 1
