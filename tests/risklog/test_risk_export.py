"""The export of risks: the rows of the list in its order, without what the reader may not see."""

import csv
import io
import json
import zipfile
from datetime import timedelta

import pytest

from people.states import Role
from risklog.states import RiskState
from tests.factories import people, risks

pytestmark = pytest.mark.django_db
PAGE, API = "/risks/export/", "/api/v1/risks/export"


@pytest.fixture
def ana(client):
    person = people.user("Ana Moreau", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def content(client, url):
    answer = client.get(url)
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def exported(client, query, address=PAGE):
    return json.loads(content(client, f"{address}?format=json&{query}"))


def listed(client, query):
    return [row["reference"] for row in client.get(f"/risks/?{query}").context["page"].rows]


@pytest.mark.parametrize(
    "query", ["", "level=4,5", "state=closed", "owner=me&order=opened_at", "q=scores", "order=severity"]
)
def test_the_page_exports_the_rows_that_it_lists_in_their_order(client, ana, at, query):
    for number in range(6):
        risks.risk(
            f"Scores {number}",
            likelihood=1 + number % 5,
            owner=ana if number % 2 else None,
            state=RiskState.CLOSED if number == 5 else RiskState.OPEN,
            at=at + timedelta(hours=number),
        )

    references = [row["reference"] for row in exported(client, query)]

    assert references == listed(client, query)
    assert references or query == "level=4,5"


def test_the_api_exports_closed_risks_too_as_its_list_does(client, ana):
    first, second = risks.risk(), risks.risk(state=RiskState.CLOSED)

    rows = exported(client, "order=id", API)

    assert [row["reference"] for row in rows] == [first.reference, second.reference]
    assert rows[0]["link"] == f"http://testserver/risks/{first.reference}/"
    assert (rows[0]["state"], rows[0]["level"], rows[0]["owner"]) == ("open", 4, None)


def test_more_rows_than_a_batch_are_all_exported(client, ana, monkeypatch):
    monkeypatch.setattr("lists.exporting.BATCH", 2)
    made = [risks.risk().reference for _ in range(5)]

    assert [row["reference"] for row in exported(client, "order=id")] == made


def test_csv_of_the_page_is_marked_as_utf_8_and_the_one_of_the_api_is_not(client, ana):
    risk = risks.risk("=Häuser", owner=ana, tags=["a", "b"])

    by_page, by_api = (content(client, f"{address}?format=csv") for address in (PAGE, API))

    assert by_page == b"\xef\xbb\xbf" + by_api
    row = next(csv.DictReader(io.StringIO(by_api.decode())))
    assert (row["Reference"], row["Title"], row["Level"]) == (risk.reference, "'=Häuser", "High")
    assert (row["Owner"], row["Tags"], row["State"]) == ("Ana Moreau", "a, b", "Open")


@pytest.mark.parametrize("address", [PAGE, API])
@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_every_format_is_a_named_file_of_its_type(client, ana, at, address, form):
    risks.risk()

    answer = client.get(f"{address}?format={form}")

    assert answer["Content-Disposition"] == f'attachment; filename="risks-{at.date()}.{form}"'
    assert {"csv": "csv", "xlsx": "spreadsheet", "json": "json"}[form] in answer["Content-Type"]
    if form == "xlsx":
        parts = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
        assert b"Scores drift" in parts.read("xl/worksheets/sheet1.xml")


@pytest.mark.parametrize(
    ("query", "name", "fix"),
    [
        ("format=pdf", "format", "Use one of csv, xlsx, json."),
        ("format=csv&limit=5", "limit", "No such parameter. Known: appetite,"),
        ("state=odd", "state", "Use one of open"),
        ("colour=red", "colour", "No such parameter."),
    ],
)
def test_page_and_api_name_what_is_wrong(client, ana, query, name, fix):
    by_page, by_api = client.get(f"{PAGE}?{query}"), client.get(f"{API}?{query}")

    assert (by_page.status_code, by_api.status_code) == (400, 400)
    assert by_api.json()["errors"][0]["field"] == name
    assert fix in by_api.json()["errors"][0]["detail"]
    assert f"{name}: {fix}" in by_page.content.decode()


@pytest.mark.usefixtures("ana")
def test_a_sheet_of_too_many_rows_is_refused_with_another_format(client, monkeypatch):
    monkeypatch.setattr("lists.exporting.MAX_SHEET_ROWS", 1)
    risks.risk()
    risks.risk()

    assert "at most 1 rows" in client.get(f"{API}?format=xlsx").json()["errors"][0]["detail"]
    assert client.get(f"{API}?format=csv").status_code == 200


def test_an_accept_header_for_the_format_is_no_error(client, ana):
    answer = client.get(f"{API}?format=csv", headers={"Accept": "text/csv"})

    assert answer.status_code == 200


def test_what_a_reader_may_not_see_is_not_exported(client):
    team = people.team("Fraud")
    other = people.team("Growth")
    inside, outside = people.user(teams=[team]), people.user(teams=[other])
    hidden = risks.model("Secret scoring", viewers=[team.subject_id])
    risks.restricted("A secret", team)
    risks.restricted("Shared", team, other, model=hidden)

    client.force_login(outside)
    for address in (PAGE, API):
        (row,) = exported(client, "", address)
        assert (row["title"], row["model"]) == ("Shared", None)
        assert b"ecret" not in content(client, f"{address}?format=csv")
    client.force_login(inside)
    assert {row["title"]: row["model"] for row in exported(client, "")} == {
        "Shared": "Secret scoring",
        "A secret": None,
    }


def test_the_menu_of_the_list_exports_its_query(client, ana):
    page = client.get("/risks/?level=4,5&order=severity").content.decode()

    assert "/risks/export/?level=4,5&amp;order=severity&amp;format=xlsx" in page
