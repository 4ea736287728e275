"""Another sheet or encoding of the file of an import, its undo, and the cost of many changed rows."""

import io
from datetime import timedelta

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile

from history import relay
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from notices.models import Entry
from people.states import Role
from risklog.models import Acceptance, Import, ImportFile, Risk
from risklog.operations import import_apply, import_check, import_undo, imports, risk_bulk
from risklog.operations import risk as operations
from risklog.states import ImportState
from talk.operations import comment
from tests.conftest import AT
from tests.factories import people, risks

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=1)


@pytest.fixture
def ana(client):
    risks.category()
    person = people.user("Ana", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def workbook(**rows) -> bytes:
    """Return a workbook with these sheets."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        for name, lines in rows.items():
            sheet = book.add_worksheet(name)
            for number, line in enumerate(lines):
                sheet.write_row(number, 0, line)
    return file.getvalue()


BOOK = workbook(
    Old=[["ID", "Risk", "Category"], ["1", "Old risk", "Data drift"]],
    Present=[["ID", "Risk", "Category"], ["7", "Present risk", "Data drift"], ["8", "Other", "Data drift"]],
)


def read(person, raw=BOOK, name="risks.xlsx", **how):
    return imports.read(io.BytesIO(raw), name=name, by=Actor(person, "page"), at=AT, **how)


def taken(person, text: str, *, at=AT):
    sheet = io.BytesIO(text.encode())
    return imports.take(sheet, name="risks.csv", by=Actor(person, "page"), at=at, dry_run=False)


def undo(person, found, at=LATER):
    found.refresh_from_db()
    return import_undo.undo(found, by=Actor(person, "page"), at=at)


# ------------------------------------------------------------------ sheets and encodings


def test_another_sheet_is_read_on_the_page_without_another_upload(client, ana):
    found = read(ana)
    page = client.get(f"/risks/imports/{found.pk}/").content.decode()
    assert "Old risk" in page
    assert '<option value="Present">' in page

    answer = client.post(
        f"/risks/imports/{found.pk}/read/", {"sheet": "Present", "version": found.version}, follow=True
    )

    assert "Present risk" in answer.content.decode()
    assert "Old risk" not in answer.content.decode()
    found.refresh_from_db()
    assert (found.sheet, found.state, found.rows.count()) == ("Present", ImportState.READ, 2)
    import_check.check(found, mapping=found.mapping, by=Actor(ana, "page"), at=AT)
    import_apply.apply(found, by=Actor(ana, "page"), at=AT)
    assert set(Risk.objects.values_list("title", flat=True)) == {"Present risk", "Other"}
    assert not ImportFile.objects.exists()


def test_a_text_that_is_not_unicode_is_read_in_the_chosen_encoding(client, ana):
    raw = "Risk,Category\nЖизни,Data drift\n".encode("cp1251")
    found = read(ana, raw, "risks.csv", encoding="cp1252")
    page = client.get(f"/risks/imports/{found.pk}/").content.decode()
    assert "Жизни" not in page
    assert "Cyrillic (Windows-1251)" in page

    answer = client.post(
        f"/risks/imports/{found.pk}/read/", {"encoding": "cp1251", "version": found.version}, follow=True
    )

    assert "Жизни" in answer.content.decode()


def test_a_file_without_a_choice_offers_none_and_is_not_kept(client, ana):
    found = read(ana, b"Risk,Category\nDrift,Data drift\n", "risks.csv")

    assert "Read the file again" not in client.get(f"/risks/imports/{found.pk}/").content.decode()
    assert not ImportFile.objects.exists()
    with pytest.raises(Refused, match="one sheet and one encoding"):
        imports.read_again(found, sheet="Other", by=Actor(ana, "page"), at=AT)


def test_a_sheet_without_rows_is_refused_and_the_former_reading_stays(client, ana):
    found = read(ana, workbook(Risks=[["Risk", "Category"], ["Drift", "Data drift"]], Empty=[]))

    answer = client.post(f"/risks/imports/{found.pk}/read/", {"sheet": "Empty", "version": found.version})

    assert answer.status_code == 422
    assert "The sheet “Empty” has no rows" in answer.content.decode()
    assert found.rows.count() == 1


def test_by_api_a_sheet_is_chosen_with_the_file(client, ana):
    file = SimpleUploadedFile("risks.xlsx", BOOK)
    made = client.post("/api/v1/imports", {"file": file, "sheet": "Present"}).json()
    assert (made["sheet"], made["sheets"], made["counts"]["new"]) == ("Present", ["Old", "Present"], 2)

    wrong = client.post("/api/v1/imports", {"file": SimpleUploadedFile("risks.xlsx", BOOK), "sheet": "No"})
    assert wrong.status_code == 422
    assert "no sheet “No”" in wrong.json()["detail"]


# ------------------------------------------------------------------ undo


def test_an_undo_restores_what_changed_and_closes_what_was_created(ana):
    known = risks.risk("Known", external_id="7", likelihood=2, impact=2, owner=ana)
    found = taken(ana, "ID,Risk,Category,Likelihood,Impact\n7,Renamed,Data drift,5,5\n8,New,Data drift,3,3\n")
    known.refresh_from_db()
    assert (known.title, known.likelihood) == ("Renamed", 5)

    result = undo(ana, found)

    assert (result.restored, result.closed, result.left) == (1, 1, {})
    known.refresh_from_db()
    assert (known.title, known.likelihood, known.impact) == ("Known", 2, 2)
    created = Risk.objects.get(external_id="8")
    assert (created.state, created.closing_evidence) == ("closed", "The import of risks.csv was undone.")
    found.refresh_from_db()
    assert found.state == ImportState.UNDONE
    with pytest.raises(IllegalMove, match="undone already"):
        undo(ana, found)
    relay.relay(at=LATER)
    assert not Entry.objects.filter(event__verb="risklog.risk_closed").exists()


def test_what_somebody_changed_since_stays_and_is_named(ana):
    known = risks.risk("Known", external_id="7", likelihood=2, impact=2)
    found = taken(
        ana,
        "ID,Risk,Category,Likelihood\n7,Renamed,Data drift,5\n8,New,Data drift,3\n9,Talked of,Data drift,3\n",
    )
    known.refresh_from_db()
    by = Actor(people.user("Ben", role=Role.RISK_MANAGER), "page")
    operations.change(known, {"title": "Better"}, by=by, at=LATER)
    new, talked_of = (Risk.objects.get(external_id=key) for key in ("8", "9"))
    operations.assess(new, by=by, at=LATER)
    comment.add(about=talked_of.subject, text="I saw it", by=by, at=LATER)

    result = undo(ana, found, LATER + timedelta(hours=1))

    assert (result.restored, result.closed) == (1, 0)
    assert set(result.left) == {known.reference, new.reference, talked_of.reference}
    assert "title" in result.left[known.reference]
    known.refresh_from_db()
    assert (known.title, known.likelihood) == ("Better", 2)
    assert new.reference in import_undo.as_text(found)


def test_what_riskhub_itself_does_meanwhile_is_no_change(ana):
    from risklog.operations import appetite

    found = taken(ana, "ID,Risk,Category,Likelihood,Impact\n8,New,Data drift,5,5\n")
    appetite.add(max_score=4, why="Agreed by the board.", by=SYSTEM, at=AT)

    assert undo(ana, found).closed == 1


def test_the_acceptance_of_a_created_risk_ends(ana):
    owner = people.user("Olga")
    until = (AT + timedelta(days=30)).date().isoformat()
    text = "ID,Risk,Category,State,Accepted until,Reason for accepting,Owner\n"
    found = taken(ana, f"{text}8,New,Data drift,Accepted,{until},It is small,{owner.email}\n")
    assert Risk.objects.get().state == "accepted"

    assert undo(ana, found).closed == 1
    assert Acceptance.objects.get().state == "ended"


def test_more_rows_are_undone_than_a_bulk_change_may_select(ana, monkeypatch):
    monkeypatch.setattr(risk_bulk, "MAX_RISKS", 2)
    head = "ID,Risk,Category,Likelihood\n"
    taken(ana, head + "".join(f"{number},Risk {number},Data drift,2\n" for number in range(4)))
    changed = head + "".join(f"{number},Risk {number},Data drift,4\n" for number in range(4))
    found = taken(ana, changed, at=LATER)

    assert undo(ana, found, LATER + timedelta(hours=1)).restored == 4
    assert set(Risk.objects.values_list("likelihood", flat=True)) == {2}


def test_by_page_and_by_api(client, ana):
    first = taken(ana, "ID,Risk,Category\n1,One,Data drift\n")
    page = client.get(f"/risks/imports/{first.pk}/").content.decode()
    assert "Undo this import" in page

    answer = client.post(f"/risks/imports/{first.pk}/undo/", {"version": first.version}, follow=True)

    assert "Import undone: 0 restored, 1 closed" in answer.content.decode()
    assert "Undo this import" not in client.get(f"/risks/imports/{first.pk}/").content.decode()
    again = client.post(f"/risks/imports/{first.pk}/undo/", {"version": first.version + 1}, follow=True)
    assert "This import was undone already." in again.content.decode()
    second = taken(ana, "ID,Risk,Category\n2,Two,Data drift\n")
    url = f"/api/v1/imports/{second.pk}"
    json = {"content_type": "application/json"}
    assert client.post(f"{url}/undo", **json).status_code == 428
    tag = {"If-Match": client.get(url)["ETag"]}
    undone = client.post(f"{url}/undo", headers=tag, **json).json()
    assert (undone["state"], undone["closed"], undone["left"]) == ("undone", 1, {})
    unchecked = Import.objects.get(pk=read(ana).pk)
    with pytest.raises(IllegalMove, match="Nothing was imported"):
        undo(ana, unchecked)


def test_many_changed_rows_cost_a_constant_number_of_statements(ana, django_assert_max_num_queries):
    lines = [f"{number},Risk {number},Data drift,2" for number in range(60)]
    head = "ID,Risk,Category,Likelihood\n"
    taken(ana, head + "\n".join(lines))
    changed = head + "\n".join(line[:-1] + "4" for line in lines)

    with django_assert_max_num_queries(60):
        taken(ana, changed, at=LATER)

    assert set(Risk.objects.values_list("likelihood", flat=True)) == {4}
