"""Auditors: viewers who read everything until a date, with each reading logged."""

from datetime import timedelta

import pytest
from django.urls import reverse

from history.models import Event, Subject
from kit.actor import SYSTEM
from kit.refusals import Refused
from people.models import User
from people.operations import auditor, token
from people.operations import person as persons
from people.states import Role, TokenScope
from tests.factories import meetings, people, risks, talk

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def hidden():
    return risks.restricted("Zanzibar", people.team())


@pytest.fixture
def olga(at, hidden):
    """An auditor until the day after tomorrow."""
    people.organisation()
    olga = people.user("Olga", role=Role.VIEWER)
    return auditor.appoint(olga, until=at.date() + 2 * DAY, by=SYSTEM, at=at)


def readings(person):
    rows = Event.objects.filter(subject=person.subject_id, verb="people.auditor_read").order_by("id")
    return [(event.data["path"], event.data["restricted"]) for event in rows]


def test_an_auditor_reads_restricted_objects_and_each_reading_is_logged(client, olga, hidden):
    client.force_login(olga)

    page = client.get(f"/risks/{hidden.reference}/")
    listed = client.get("/api/v1/risks?q=Zanzibar")

    assert "Zanzibar" in page.content.decode()
    assert listed.json()["count"] == 1
    assert readings(olga) == [
        (f"/risks/{hidden.reference}/", [hidden.reference]),
        ("/api/v1/risks?q=Zanzibar", [hidden.reference]),
    ]


def test_the_right_ends_by_itself_after_its_last_day(client, at, olga, hidden, move_clock):
    client.force_login(olga)
    move_clock(at + 2 * DAY)
    assert client.get(f"/risks/{hidden.reference}/").status_code == 200

    move_clock(at + 3 * DAY)

    assert client.get(f"/risks/{hidden.reference}/").status_code == 404
    assert client.get("/api/v1/risks?q=Zanzibar").json()["count"] == 0
    assert len(readings(olga)) == 1


def test_the_last_day_is_one_of_the_organisation(client, at, hidden, move_clock):
    people.organisation(time_zone="America/Los_Angeles")
    olga, early = people.user("Olga", role=Role.VIEWER), at.replace(hour=3)  # 19:00 of the day before there
    move_clock(early)
    auditor.appoint(olga, until=early.date() - DAY, by=SYSTEM, at=early)
    client.force_login(olga)

    assert client.get(f"/risks/{hidden.reference}/").status_code == 200


def test_a_token_of_an_auditor_is_logged_too_and_mails_and_tasks_do_not_see_more(client, at, olga, hidden):
    _, text = token.issue(olga, name="Export", scope=TokenScope.READ, days=1, by=people_actor(olga), at=at)
    answer = client.get("/api/v1/risks", headers={"Authorization": f"Bearer {text}"})

    assert answer.json()["count"] == 1
    assert readings(olga) == [("/api/v1/risks", [hidden.reference])]
    in_a_task = User.objects.get(pk=olga.pk)
    assert not Subject.objects.visible_to(in_a_task).filter(pk=hidden.subject_id).exists()
    assert not Subject.objects.get(pk=hidden.subject_id).is_visible_to(in_a_task)


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
@pytest.mark.parametrize("noun", ["risks", "decisions"])
def test_the_log_has_what_an_export_showed(client, olga, hidden, noun, form):
    decision = meetings.decision(text="Zanzibar it is", about=hidden.subject)
    client.force_login(olga)

    page = reverse({"risks": "risklog:risk_export", "decisions": "meetings:decision_export"}[noun])
    for path in (page, f"/api/v1/{noun}/export"):
        answer = client.get(f"{path}?format={form}")
        content = answer.getvalue()
        assert answer.status_code == 200
        assert form == "xlsx" or b"Zanzibar" in content

    shown = {hidden.reference} if noun == "risks" else {decision.reference, hidden.reference}
    assert [shown & set(names) for _, names in readings(olga)] == [shown, shown]


def test_the_log_has_what_a_file_belongs_to(client, olga, hidden):
    file = talk.file(hidden.subject)
    client.force_login(olga)

    pages = [client.get(file.content_url), client.get(f"/api/v1/files/{file.pk}/content")]

    assert all(page.status_code == 200 and page.getvalue() for page in pages)
    assert [names for _, names in readings(olga)] == [[hidden.reference]] * 2


def test_a_write_is_no_reading(client, olga, hidden):
    client.force_login(olga)
    client.post("/notices/mark/", {"all": "1"})
    client.post(f"/risks/{hidden.reference}/close/", {"evidence": "x" * 30}, follow=False)
    client.post("/api/v1/risks", {}, content_type="application/json")

    assert readings(olga) == []


def people_actor(person):
    return risks.by(person)


def test_an_auditor_changes_nothing(client, olga, hidden):
    client.force_login(olga)
    answer = client.post(f"/api/v1/risks/{hidden.reference}/reconfirm", {"evidence": "x" * 30})

    assert answer.status_code == 403


@pytest.mark.parametrize("role", [Role.MEMBER, Role.ADMINISTRATOR])
def test_only_a_viewer_becomes_an_auditor_and_another_role_ends_it(at, olga, role):
    with pytest.raises(Refused, match="role viewer"):
        auditor.appoint(people.user(role=role), until=at.date(), by=SYSTEM, at=at)

    persons.set_role(olga, role, by=SYSTEM, at=at)

    assert olga.audits_until is None


@pytest.mark.parametrize("days", [-1, 367])
def test_the_date_is_within_a_year(at, hidden, days):
    with pytest.raises(Refused, match="Choose a date until"):
        auditor.appoint(people.user(role=Role.VIEWER), until=at.date() + days * DAY, by=SYSTEM, at=at)


def test_administrators_appoint_read_the_log_and_end_it(client, at, olga, hidden):
    client.force_login(olga)
    client.get(f"/risks/{hidden.reference}/")
    client.force_login(people.user(role=Role.ADMINISTRATOR))
    page = client.get(f"/people/{olga.pk}/readings/").content.decode()
    assert f"/risks/{hidden.reference}/" in page
    assert "Zanzibar" not in page
    rows = client.get(f"/api/v1/people/{olga.pk}/readings").json()["results"]
    assert [(row["path"], row["restricted"]) for row in rows] == readings(olga)

    seen = {"If-Match": client.get(f"/api/v1/people/{olga.pk}")["ETag"]}
    url = f"/api/v1/people/{olga.pk}/end-audit"
    ended = client.post(url, {}, content_type="application/json", headers=seen)

    assert ended.json()["audits_until"] is None
    client.force_login(olga)
    assert client.get(f"/risks/{hidden.reference}/").status_code == 404
    assert client.get(f"/people/{olga.pk}/readings/").status_code == 403


def test_the_page_of_a_person_appoints_an_auditor(client, at, hidden):
    viewer = people.user(role=Role.VIEWER)
    client.force_login(people.user(role=Role.ADMINISTRATOR))
    until = (at.date() + DAY).isoformat()

    answer = client.post(f"/people/{viewer.pk}/audit/", {"until": until, "version": viewer.version})

    assert answer.status_code == 303
    viewer.refresh_from_db()
    assert viewer.audits_until.isoformat() == until
