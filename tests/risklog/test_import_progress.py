"""The pages and the API of a long import: pressed, running, finished."""

import io
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from history import claims
from kit import progress
from kit.actor import Actor
from people.states import Role
from riskhub import schema
from risklog.models import Import, ImportRun, Risk
from risklog.operations import import_check, import_run, imports
from risklog.operations import risk as operations
from tests.conftest import AT
from tests.factories import people, risks

pytestmark = pytest.mark.django_db
LIST, API = "/risks/imports/", "/api/v1/imports"
ROWS = 240
SHEET = "\n".join(["ID,Risk,Category", *(f"N-{number},Risk {number},Data drift" for number in range(ROWS))])


@pytest.fixture
def ana(client):
    risks.category()
    person = people.user("Ana", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def an_import(person, sheet=SHEET):
    by = Actor(person, "page")
    found = imports.read(io.BytesIO(sheet.encode()), name="risks.csv", by=by, at=AT)
    return import_check.check(found, mapping=found.mapping, by=by, at=AT)


def started(person):
    return import_run.apply(an_import(person), by=Actor(person, "page"), at=AT)


def claimed(*, done):
    (run,) = claims.claim(ImportRun.objects.order_by("id"), limit=1)
    progress.note(str(run.claim), done)
    return run


def page_of(client, found):
    return client.get(f"{LIST}{found.pk}/").text


# ------------------------------------------------------------------ the pages


def test_pressed_the_page_shows_the_progress_until_the_result(client, ana):
    found = an_import(ana)

    pressed = client.post(f"{LIST}{found.pk}/apply/", {"version": found.version}, follow=True).text

    assert "The import has started" in pressed
    assert f'<progress class="progress" max="{ROWS}" value="0"' in pressed.replace("\n", " ")
    assert "Waiting for a worker." in pressed
    assert not Risk.objects.exists()
    run = claimed(done=130)
    for page in (page_of(client, found), client.get(f"{LIST}{found.pk}/progress/", headers=HTMX).text):
        assert f'<progress class="progress" max="{ROWS}" value="130"' in page.replace("\n", " ")
        assert f"130 of {ROWS} rows" in page
        assert '<p class="visually-hidden" role="status">50 percent done</p>' in page
        assert "Waiting for a worker." not in page

    import_run.run_claimed(run, at=AT)

    answer = client.get(f"{LIST}{found.pk}/progress/", headers=HTMX)
    assert answer["HX-Redirect"] == f"{LIST}{found.pk}/"
    page = page_of(client, found)
    assert ("What was imported" in page, "Undo this import" in page, "<progress" in page) == (
        True,
        True,
        False,
    )


HTMX = {"HX-Request": "true"}


def test_while_it_runs_the_page_offers_nothing_that_would_be_refused(client, ana):
    found = started(ana)

    page = page_of(client, found)

    for act in ("apply", "delete", "read", "undo"):
        assert f"{LIST}{found.pk}/{act}/" not in page
    assert "Check again" not in page
    assert "Being imported" in client.get(LIST).text


def test_what_prevented_it_is_on_its_page_until_it_is_checked_again(client, ana):
    risk = risks.risk("Before", external_id="N-7")
    found = started(ana)
    operations.change(risk, {"title": "Of a colleague"}, by=Actor(ana, "page"), at=AT)
    import_run.run_due(at=AT)

    answer = client.get(f"{LIST}{found.pk}/progress/", headers=HTMX)
    page = page_of(client, found)

    assert "HX-Trigger" not in answer
    assert "Something changed since the check, first for line 9." in page
    assert f"Import {ROWS - 1} new and 1 changed" in page
    found = Import.objects.get()
    import_check.check(found, mapping=found.mapping, by=Actor(ana, "page"), at=AT)
    assert "Something changed since the check" not in page_of(client, found)


def test_a_progress_that_is_lost_is_zero(client, ana):
    started(ana)
    claims.claim(ImportRun.objects.order_by("id"), limit=1)

    assert f"0 of {ROWS} rows" in page_of(client, Import.objects.get())


def test_nobody_else_sees_the_progress(client, ana):
    found = started(people.user("Ben", role=Role.RISK_MANAGER))

    assert client.get(f"{LIST}{found.pk}/progress/").status_code == 404


# ------------------------------------------------------------------ the API


def apply_by_api(client, found, **headers):
    tag = client.get(f"{API}/{found.pk}")["ETag"]
    headers = {"If-Match": tag, **headers}
    return client.post(f"{API}/{found.pk}/apply", content_type="application/json", headers=headers)


def test_a_long_import_is_accepted_and_its_progress_is_read_where_the_answer_says(client, ana):
    found = an_import(ana)

    answer = apply_by_api(client, found)

    assert (answer.status_code, answer["Retry-After"]) == (202, "1")
    assert answer["Location"] == f"{API}/{found.pk}"
    assert (answer.json()["state"], answer.json()["progress"]) == (
        "applying",
        {"task": "apply", "done": 0, "total": ROWS},
    )
    run = claimed(done=200)
    running = client.get(answer["Location"], headers={"If-None-Match": answer["ETag"]})
    assert (running.status_code, running["Retry-After"]) == (200, "1")
    assert running.json()["progress"] == {"task": "apply", "done": 200, "total": ROWS}
    assert not running.has_header("ETag")
    import_run.run_claimed(run, at=AT)
    finished = client.get(answer["Location"])
    assert (finished.json()["state"], finished.json()["progress"]) == ("applied", None)
    assert not finished.has_header("Retry-After")
    assert finished.has_header("ETag")
    assert Risk.objects.count() == ROWS


def test_the_program_reads_what_prevented_it(client, ana):
    risk = risks.risk("Before", external_id="N-7")
    found = an_import(ana)
    apply_by_api(client, found)
    operations.change(risk, {"title": "Of a colleague"}, by=Actor(ana, "page"), at=AT)
    import_run.run_due(at=AT)

    body = client.get(f"{API}/{found.pk}").json()

    assert (body["state"], body["counts"]["changed"]) == ("checked", 1)
    assert body["problem"].startswith("Something changed since the check, first for line 9.")


def test_asked_twice_it_is_refused_and_with_the_same_key_it_is_the_same_answer(client, ana):
    found = an_import(ana)
    tag = client.get(f"{API}/{found.pk}")["ETag"]
    keyed = {"If-Match": tag, "Idempotency-Key": "once"}
    url = f"{API}/{found.pk}/apply"

    first, again = (client.post(url, content_type="application/json", headers=keyed) for _ in range(2))
    other = client.post(url, content_type="application/json", headers={"If-Match": "*"})

    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 409)
    assert (again.content, again["Location"], again["Retry-After"]) == (first.content, first["Location"], "1")
    assert "This import is running." in other.json()["detail"]
    assert ImportRun.objects.count() == 1


def test_a_long_sheet_that_is_sent_to_be_applied_is_created_and_runs(client, ana):
    file = io.BytesIO(SHEET.encode())
    file.name = "risks.csv"

    answer = client.post(API, {"file": file, "dry_run": "false"})

    assert (answer.status_code, answer.json()["state"]) == (201, "applying")
    assert import_run.run_due(at=AT).done == 1
    assert client.get(answer["Location"]).json()["state"] == "applied"


def test_the_list_of_imports_asks_the_same_for_one_and_three_that_run(client, ana):
    def asked():
        client.get(API)
        with CaptureQueriesContext(connection) as captured:
            assert all(row["progress"] for row in client.get(API).json()["results"])
        return len(captured)

    started(ana)
    one = asked()
    started(ana), started(ana)

    assert asked() == one


def test_the_schema_has_both_answers_of_apply():
    answers = schema.document()["paths"][f"{API}/{{key}}/apply"]["post"]["responses"]

    assert set(answers["202"]["headers"]) == {"Location", "Retry-After"}
    assert json.dumps(answers["202"]["content"]) == json.dumps(answers["200"]["content"])
