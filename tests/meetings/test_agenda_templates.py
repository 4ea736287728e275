"""Templates of agendas: by operation, page and API, and the series and meetings that begin with one."""

import json
from datetime import date, time, timedelta

import pytest
from django.test import Client

from history.models import Event
from kit.actor import SYSTEM
from kit.refusals import ChangedMeanwhile, Refused
from meetings.models import AgendaItem, AgendaTemplate, Meeting, MeetingSeries
from meetings.operations import agenda, extra
from meetings.operations import agenda_template as templates
from meetings.operations import series as all_series
from people.operations import token
from people.states import Role, TokenScope
from tests.factories import meetings as make
from tests.factories import people
from tests.moments import AT

pytestmark = pytest.mark.django_db

OUTLOOK = {"title": "Outlook", "purpose": "discuss", "minutes": 15}
BUDGET = {"title": "Budget", "purpose": "decide", "minutes": 10}


def titles(meeting: Meeting) -> list[str]:
    return list(meeting.items.order_by("rank", "id").values_list("title", flat=True))


def last_verb(template: AgendaTemplate) -> str:
    return Event.objects.filter(subject=template.subject).latest("pk").verb


# ------------------------------------------------------------------ operations


def test_a_template_is_added_changed_retired_and_restored_with_its_history():
    template = templates.add(name=" Quarterly  review ", items=[OUTLOOK], by=SYSTEM, at=AT)
    assert (template.name, template.items) == ("Quarterly review", [OUTLOOK])
    assert last_verb(template) == "meetings.agenda_template_added"

    templates.change(template, {"name": "Quarter", "items": [BUDGET, OUTLOOK]}, by=SYSTEM, at=AT)
    template.refresh_from_db()
    assert (template.name, template.items, template.version) == ("Quarter", [BUDGET, OUTLOOK], 2)
    assert template.subject.title == "Quarter"
    assert last_verb(template) == "meetings.agenda_template_changed"

    templates.retire(template, by=SYSTEM, at=AT)
    assert (template.is_retired, last_verb(template)) == (True, "meetings.agenda_template_retired")
    templates.restore(template, by=SYSTEM, at=AT)
    assert (template.is_retired, last_verb(template)) == (False, "meetings.agenda_template_restored")


@pytest.mark.parametrize(
    ("values", "field", "text"),
    [
        ({"name": " "}, "name", "Enter a name"),
        ({"name": "retro"}, "name", "exists already"),
        ({"items": []}, "items", "at least one item"),
        ({"items": [OUTLOOK] * 21}, "items", "at most 20 items"),
        ({"items": [{**OUTLOOK, "minutes": 0}]}, "items", "1 to 240 minutes"),
        ({"items": [{**OUTLOOK, "purpose": "talk"}]}, "items", "inform, discuss, decide"),
        ({"items": [{**OUTLOOK, "title": ""}]}, "items", "a title"),
    ],
)
def test_invalid_templates_are_refused_with_the_field(values, field, text):
    make.agenda_template(name="Retro")
    template = make.agenda_template()

    for write in (
        lambda: templates.add(**{"name": "New", "items": [OUTLOOK], **values}, by=SYSTEM, at=AT),
        lambda: templates.change(template, values, by=SYSTEM, at=AT),
    ):
        with pytest.raises(Refused, match=text) as refusal:
            write()
        assert refusal.value.field == field


def test_who_saves_an_old_version_is_told():
    template = make.agenda_template()
    templates.change(template, {"items": [BUDGET]}, by=SYSTEM, at=AT, seen=1)

    with pytest.raises(ChangedMeanwhile):
        templates.change(
            AgendaTemplate.objects.get(pk=template.pk), {"name": "Other"}, by=SYSTEM, at=AT, seen=1
        )


def test_a_series_begins_with_the_items_of_a_template_and_keeps_them():
    template = make.agenda_template("Retro", "Outlook")
    series = make.series(template=template, standing_items=[BUDGET])
    templates.change(template, {"items": [BUDGET]}, by=SYSTEM, at=AT)

    series.refresh_from_db()
    assert [item["title"] for item in series.standing_items] == ["Retro", "Outlook", "Budget"]
    meeting = make.planned(series)
    agenda.build(meeting, at=AT)
    assert titles(meeting)[:3] == ["Retro", "Outlook", "Budget"]


def test_a_single_meeting_begins_with_the_items_of_a_template():
    series = make.series(rrule="FREQ=DAILY;COUNT=1", template=make.agenda_template("Retro"))
    meeting = Meeting.objects.get(series=series)
    agenda.build(meeting, at=AT)

    assert titles(meeting) == ["Retro"]


def test_an_extra_meeting_begins_with_the_items_of_a_template_and_other_meetings_do_not():
    series = make.series(standing_items=[BUDGET])
    template = make.agenda_template("Retro", "Outlook", name="Quarterly")
    meeting = extra.add(series, starts_at=AT + timedelta(days=2), template=template, by=SYSTEM, at=AT)
    make.item(meeting, title="Of a person")
    agenda.build(meeting, at=AT)

    assert titles(meeting)[:3] == ["Retro", "Outlook", "Budget"]
    first = meeting.items.order_by("rank").first()
    assert (first.why, first.purpose, first.minutes) == ("From the template “Quarterly”", "discuss", 10)
    assert AgendaItem.objects.filter(title="Retro").count() == 1


def test_a_retired_template_is_refused_and_nothing_is_added():
    series = make.series()
    template = templates.retire(make.agenda_template(), by=SYSTEM, at=AT)
    before = Meeting.objects.count()

    with pytest.raises(Refused) as refusal:
        extra.add(series, starts_at=AT + timedelta(days=2), template=template, by=SYSTEM, at=AT)
    assert refusal.value.field == "template"
    with pytest.raises(Refused) as refusal:
        all_series.add(
            name="S", first_on=date(2026, 12, 1), starts_at=time(9), time_zone="UTC", template=template,
            by=SYSTEM, at=AT,
        )  # fmt: skip
    assert refusal.value.field == "template"
    assert Meeting.objects.count() == before


def test_template_and_standing_items_together_are_limited():
    template = make.agenda_template(*(f"Item {n}" for n in range(20)))

    with pytest.raises(Refused, match="at most 20 items") as refusal:
        make.series(template=template, standing_items=[BUDGET])
    assert refusal.value.field == "standing_items"


# ------------------------------------------------------------------ pages


@pytest.fixture
def manager(client):
    person = people.user("Manager", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def test_the_pages_create_edit_retire_and_restore(client, manager):
    new = "/meetings/agenda-templates/new/"
    answer = client.post(new, {"name": "Quarterly", "items": "Outlook | 15 | discuss\nNews"})
    template = AgendaTemplate.objects.get()
    address = f"/meetings/agenda-templates/{template.pk}/"
    assert (answer.status_code, answer["Location"]) == (303, address)
    assert template.items == [OUTLOOK, {"title": "News", "purpose": "inform", "minutes": 5}]

    page = client.get(f"{address}edit/").content.decode()
    assert "Outlook | 15 | discuss\nNews | 5 | inform</textarea>" in page
    fields = {"name": "Quarterly", "items": "Budget | 10 | decide", "version": template.version}
    assert client.post(f"{address}edit/", fields).status_code == 303
    template.refresh_from_db()
    assert template.items == [BUDGET]
    assert client.post(f"{address}edit/", {**fields, "items": "Other"}).status_code == 409

    assert "Budget" in client.get(address).content.decode()
    client.post(f"{address}retire/", {"version": template.version})
    assert "Retired" in client.get("/meetings/agenda-templates/").content.decode()
    template.refresh_from_db()
    client.post(f"{address}restore/", {"version": template.version})
    assert "Retired" not in client.get("/meetings/agenda-templates/").content.decode()


def test_the_form_refuses_minutes_that_are_no_number(client, manager):
    answer = client.post("/meetings/agenda-templates/new/", {"name": "Q", "items": "Outlook | soon"})

    assert answer.status_code == 422
    assert "Write the minutes of “Outlook” as a number." in answer.content.decode()


def test_members_read_templates_and_do_not_change_them(client):
    template = make.agenda_template()
    client.force_login(people.user("Member"))

    assert client.get("/meetings/agenda-templates/").status_code == 200
    page = client.get(f"/meetings/agenda-templates/{template.pk}/").content.decode()
    assert "Retire" not in page
    assert client.get("/meetings/agenda-templates/new/").status_code == 403
    path = f"/meetings/agenda-templates/{template.pk}/retire/"
    assert client.post(path, {"version": template.version}).status_code == 403


def test_the_forms_of_series_and_extra_meetings_offer_templates_in_use(client, manager):
    template = make.agenda_template("Retro", name="Quarterly")
    templates.retire(make.agenda_template(name="Former"), by=SYSTEM, at=AT)
    page = client.get("/meetings/series/new/").content.decode()
    assert f'<option value="{template.pk}">Quarterly</option>' in page
    assert "Former" not in page

    fields = {
        "name": "Steering", "repeats": "FREQ=WEEKLY", "first_on": "2026-12-01", "starts_at": "10:00",
        "length_minutes": "45", "time_zone": "Europe/Berlin", "template": template.pk,
    }  # fmt: skip
    assert client.post("/meetings/series/new/", fields).status_code == 303
    series = MeetingSeries.objects.get(name="Steering")
    assert [item["title"] for item in series.standing_items] == ["Retro"]
    assert 'name="template"' not in client.get(f"/meetings/series/{series.pk}/edit/").content.decode()

    added = {"starts_at": "2026-12-03T10:00", "template": template.pk}
    assert client.post(f"/meetings/series/{series.pk}/meetings/new/", added).status_code == 303
    assert titles(Meeting.objects.get(is_extra=True)) == ["Retro"]


def test_standing_items_of_a_series_are_saved_as_a_template(client, manager):
    series = make.series(standing_items=[OUTLOOK], name="Steering")
    address = f"/meetings/agenda-templates/new/?series={series.pk}"
    assert address in client.get(f"/meetings/series/{series.pk}/").content.decode()

    page = client.get(address).content.decode()

    assert 'value="Steering"' in page
    assert "Outlook | 15 | discuss</textarea>" in page


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_takes_the_same_queries_for_any_number(
    client, manager, number, django_assert_max_num_queries
):
    for _ in range(number):
        make.agenda_template()
    client.get("/meetings/agenda-templates/")

    with django_assert_max_num_queries(11):
        page = client.get("/meetings/agenda-templates/").content.decode()
    assert page.count('class="task-row"') == number


# ------------------------------------------------------------------ API


class Caller:
    """A client of the API with a token of one person."""

    def __init__(self, role: str = Role.RISK_MANAGER) -> None:
        person = people.user("Caller", role=role)
        _, text = token.issue(person, name="t", scope=TokenScope.WRITE, by=SYSTEM, at=AT)
        self.client = Client(headers={"Authorization": f"Bearer {text}"})

    def get(self, path):
        return self.client.get(f"/api/v1/{path}")

    def send(self, method, path, body=None, **headers):
        write = getattr(self.client, method)
        return write(
            f"/api/v1/{path}", json.dumps(body or {}), content_type="application/json", headers=headers
        )


def test_the_api_creates_changes_retires_and_restores():
    caller = Caller()
    made = caller.send("post", "agenda-templates", {"name": "Quarterly", "items": [OUTLOOK]})
    assert made.status_code == 201, made.content
    row = made.json()
    path = f"agenda-templates/{row['id']}"
    assert row == {
        "id": row["id"],
        "version": 1,
        "name": "Quarterly",
        "items": [OUTLOOK],
        "is_retired": False,
    }

    assert caller.send("patch", path, {"items": [BUDGET]}).status_code == 428
    changed = caller.send("patch", path, {"items": [BUDGET]}, **{"If-Match": made["ETag"]})
    assert (changed.status_code, changed.json()["items"]) == (200, [BUDGET])
    assert caller.send("patch", path, {"name": "Q"}, **{"If-Match": made["ETag"]}).status_code == 412
    retired = caller.send("post", f"{path}/retire", **{"If-Match": changed["ETag"]})
    assert retired.json()["is_retired"] is True
    assert caller.get("agenda-templates?retired=false").json()["results"] == []
    restored = caller.send("post", f"{path}/restore", **{"If-Match": retired["ETag"]})
    assert restored.json()["is_retired"] is False
    assert caller.send("post", "agenda-templates", {"name": "Q", "items": []}).status_code == 400


def test_the_api_begins_series_and_meetings_with_a_template():
    caller, template = Caller(), make.agenda_template("Retro", name="Quarterly")
    body = {"name": "S", "first_on": "2026-12-01", "starts_at": "10:00", "time_zone": "UTC"}
    made = caller.send("post", "meeting-series", {**body, "template": "Quarterly"})
    assert made.status_code == 201, made.content
    assert [item["title"] for item in made.json()["standing_items"]] == ["Retro"]

    added = {"series": made.json()["id"], "starts_at": "2026-12-03T10:00:00Z", "template": template.pk}
    meeting = caller.send("post", "meetings", added)
    assert meeting.status_code == 201, meeting.content
    assert titles(Meeting.objects.get(pk=meeting.json()["id"])) == ["Retro"]
    assert caller.send("post", "meeting-series", {**body, "template": "No such"}).status_code == 400
    templates.retire(template, by=SYSTEM, at=AT)
    assert caller.send("post", "meeting-series", {**body, "template": "Quarterly"}).status_code == 422


def test_the_api_lets_members_read_and_not_write():
    make.agenda_template()
    caller = Caller(Role.MEMBER)

    assert caller.get("agenda-templates").json()["count"] == 1
    assert caller.send("post", "agenda-templates", {"name": "Q", "items": [OUTLOOK]}).status_code == 403


@pytest.mark.parametrize("number", [1, 3])
def test_the_api_list_takes_the_same_queries_for_any_number(number, django_assert_num_queries):
    for _ in range(number):
        make.agenda_template()
    caller = Caller()
    caller.get("agenda-templates")

    with django_assert_num_queries(2):
        answer = caller.get("agenda-templates")
    assert answer.json()["count"] == number
