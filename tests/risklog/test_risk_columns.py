"""The columns of the list of risks: chosen in the address, kept in a view, exported as they are seen."""

import csv
import io
import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from people.states import Role
from risklog.columns import LISTED
from risklog.queries.risk_export import RISK_EXPORT
from saved import operations as views
from tests.conftest import AT
from tests.factories import people, risks
from tests.factories.risks import by

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana(client):
    person = people.user("Ana Moreau", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def heads(client, query):
    text = client.get(f"/risks/?{query}").content.decode()
    head = text[text.index("<thead>") : text.index("</thead>")]
    return [
        " ".join(re.sub(r"<[^>]*>", "", part).split()) for part in re.findall(r"<th.*?</th>", head, re.S)
    ][1:]


def exported(client, query):
    body = b"".join(client.get(f"/risks/export/?{query}").streaming_content)
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))


def test_the_list_shows_the_columns_of_its_address(client, ana):
    risks.risk("Scores drift", owner=ana, tags=["income"], affected="Applicants")
    assert heads(client, "") == ["Level", "Risk", "Team", "State", "14 days", "Owner", "Updated"]
    assert heads(client, "columns=title,tags,affected,review_on") == [
        "Risk",
        "Tags",
        "Affected",
        "Next review",
    ]
    assert heads(client, "columns=tags") == ["Risk", "Tags"]
    text = client.get("/risks/?columns=tags,affected").content.decode()
    assert re.search(r"<td[^>]*>income<td[^>]*>Applicants", text)


def test_every_column_can_be_listed_and_exported(client, ana, at):
    risks.risk("Scores drift", owner=ana)
    assert set(LISTED) - {"spark"} == {column.name for column in RISK_EXPORT.columns}
    every = ",".join(LISTED)
    assert heads(client, f"columns={every}") == list(LISTED.values())


def test_boxes_are_sent_as_one_choice(client, ana):
    risks.risk()
    assert heads(client, "columns=level&columns=owner") == ["Risk", "Level", "Owner"]
    form = client.get("/risks/columns/?team=none&columns=level").content.decode()
    assert '<input type="hidden" name="team" value="none">' in form
    assert re.search(r'value="level"\s+checked', form)
    assert not re.search(r'value="owner"\s+checked', form)


@pytest.mark.parametrize("columns", ["colour", "level,level", "level,"])
def test_a_strange_column_is_refused_by_name(client, ana, columns):
    answer = client.get(f"/risks/?columns={columns}")
    assert answer.status_code == 400
    assert "columns: Use some of" in answer.content.decode()


def test_the_export_has_what_is_seen(client, ana):
    risk = risks.risk("Scores drift", owner=ana)
    rows = exported(client, "columns=owner,level")
    assert rows[0] == ["Reference", "Title", "Owner", "Level", "Link"]
    assert rows[1][:4] == [risk.reference, "Scores drift", "Ana Moreau", "High"]
    page = client.get("/risks/?columns=owner").content.decode()
    assert "/risks/export/?columns=title,owner&amp;format=csv" in page
    answer = client.get("/api/v1/risks/export?format=json&columns=tags")
    assert list(json.loads(b"".join(answer.streaming_content))[0]) == ["reference", "title", "tags", "link"]
    assert len(exported(client, "")[0]) == len(RISK_EXPORT.columns) + 1


@pytest.mark.parametrize("url", ["/risks/export/", "/api/v1/risks/export"])
def test_an_export_refuses_a_column_that_only_the_page_draws(client, ana, url):
    answer = client.get(f"{url}?format=csv&columns=owner,spark")
    assert answer.status_code == 400
    assert "Leave out spark" in answer.content.decode()
    links = client.get("/risks/?columns=owner,spark").content.decode()
    assert "/risks/export/?columns=title,owner&amp;format=csv" in links


def test_a_view_keeps_its_columns(client, ana):
    view = views.add(list="risks", name="My tags", query="owner=me&columns=level,tags", by=by(ana), at=AT)
    assert view.query == "owner=me&columns=level,tags"
    risks.risk(owner=ana)
    assert "Save view" not in client.get(f"/risks/?{view.query}").content.decode()
    assert "Save view" in client.get("/risks/?owner=me&columns=level").content.decode()
    assert "Columns: Level, Tags" in client.get(f"/views/{view.pk}/edit/").content.decode()


def test_many_columns_cost_the_same_for_one_and_three_rows(client, ana):
    counts = []
    for number in range(3):
        risks.risk(f"Risk {number}", model=risks.model(f"Model {number}"), owner=people.user())
        with CaptureQueriesContext(connection) as found:
            client.get(f"/risks/?columns={','.join(LISTED)}")
        counts.append(len(found))
    assert counts[0] == counts[2]
