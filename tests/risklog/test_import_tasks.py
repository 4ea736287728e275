"""The check and the undo of long imports by a worker, and the cancelling of each task."""

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.db.models.functions import Now

from history import claims
from history.claims import Tally
from history.models import Event
from history.states import Work
from kit import progress
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove
from people.operations import person as persons
from people.states import Role
from riskhub.retention import deleting
from risklog.models import Import, ImportRun, Risk
from risklog.operations import import_check, import_run, import_undo, imports
from risklog.operations import risk as operations
from risklog.operations.import_saving import finish
from risklog.states import ImportState, RiskState, RowResult
from tests.conftest import AT
from tests.factories import people, risks
from tests.risklog.test_import_apply import in_thread, wait_for_first_part

pytestmark = pytest.mark.django_db
LONG = import_run.AT_ONCE + 60
LATER = AT + timedelta(minutes=1)
LIST, API = "/risks/imports/", "/api/v1/imports"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def ana(client):
    risks.category()
    person = people.user("Ana", role=Role.RISK_MANAGER)
    client.force_login(person)
    return person


def sheet(rows=LONG, more=()):
    lines = ["ID,Risk,Category", *more, *(f"N-{number},Risk {number},Data drift" for number in range(rows))]
    return "\n".join(lines).encode()


def by(person):
    return {"by": Actor(person, "page"), "at": AT}


def read(person, **which):
    return imports.read(io.BytesIO(sheet(**which)), name="risks.csv", **by(person))


def checking(person, **which):
    found = read(person, **which)
    return import_run.check(found, mapping=found.mapping, **by(person))


def checked(person, **which):
    found = read(person, **which)
    return import_check.check(found, mapping=found.mapping, **by(person))


def applied(person, **which):
    import_run.apply(checked(person, **which), **by(person))
    import_run.run_due(at=AT)
    return Import.objects.get()


def claimed():
    (run,) = claims.claim(ImportRun.objects.order_by("id"), limit=1)
    return run


def expire_leases():
    ImportRun.objects.filter(state=Work.CLAIMED).update(lease_until=Now() - timedelta(seconds=1))
    ImportRun.objects.filter(state=Work.PENDING).update(not_before=Now())


# ------------------------------------------------------------------ the check


def test_a_short_sheet_is_checked_at_once(ana):
    assert checking(ana, rows=import_run.AT_ONCE).state == ImportState.CHECKED
    assert not ImportRun.objects.exists()


def test_a_long_sheet_is_checked_by_a_worker_and_nothing_is_written(ana):
    risks.risk("Before", external_id="OLD")
    found = checking(ana, more=["OLD,After,Data drift", "X,Other,Nothing"])
    assert (found.state, found.checked_at) == (ImportState.CHECKING, None)

    assert import_run.run_due(at=LATER) == Tally(done=1)

    found = Import.objects.get()
    assert (found.state, found.checked_at, found.problem) == (ImportState.CHECKED, LATER, "")
    results = [found.rows.filter(result=result).count() for result in RowResult]
    assert results == [LONG, 1, 0, 1]
    assert ["title", "Before", "After"] in found.rows.get(line=2).changes
    assert found.rows.get(line=3).problems[0][0] == 2
    assert Risk.objects.count() == 1


def test_a_new_check_has_no_results_of_the_mapping_before(ana):
    found = checked(ana)
    import_run.check(found, mapping=["", "title", "category"], **by(ana))

    assert (found.state, found.rows.exclude(result=None).count()) == (ImportState.CHECKING, 0)
    import_run.run_due(at=LATER)
    assert Import.objects.get().mapping == ["", "title", "category"]


def test_after_a_killed_worker_the_check_is_done_by_another_and_only_once(ana):
    checking(ana)
    lost = claimed()
    expire_leases()

    assert import_run.run_due(at=LATER) == Tally(done=1)
    assert import_run.run_claimed(lost, at=LATER) == Tally()

    found = Import.objects.get()
    assert (found.state, found.version) == (ImportState.CHECKED, 3)


def test_after_three_killed_workers_the_sheet_is_unchecked_again(ana):
    checking(ana)
    while ImportRun.objects.get().tries < ImportRun.MAX_TRIES:
        claims.claim(ImportRun.objects.order_by("id"), limit=1)
        expire_leases()

    import_run.run_due(at=LATER)

    found = Import.objects.get()
    assert (found.state, found.problem_title) == (ImportState.READ, "Not checked")
    assert found.problem.startswith("This failed 3 times for a technical reason. Nothing was checked.")


def test_the_page_of_a_check_shows_its_progress_and_then_the_results(client, ana):
    found = read(ana)
    fields = {f"column_{place}": name for place, name in enumerate(found.mapping)}
    page = client.get(f"{LIST}{found.pk}/").text
    assert all(f'name="{name}"' in page for name in fields)

    started = client.post(
        f"{LIST}{found.pk}/", {**fields, "date_order": "auto", "version": found.version}, follow=True
    ).text

    assert "The check has started" in started
    assert ("Waiting for a worker." in started, f"0 of {LONG} rows" in started) == (True, True)
    for refused in ("apply", "delete", "read", "undo"):
        assert f"{LIST}{found.pk}/{refused}/" not in started
    run = claimed()
    progress.note(str(run.claim), 130)
    for running in (client.get(f"{LIST}{found.pk}/").text, client.get(f"{LIST}{found.pk}/progress/").text):
        assert f"130 of {LONG} rows" in running
        assert "Checking" in running
    import_run.run_claimed(run, at=AT)
    assert client.get(f"{LIST}{found.pk}/progress/", headers=HTMX)["HX-Redirect"] == f"{LIST}{found.pk}/"
    assert f"Import {LONG} new and 0 changed" in client.get(f"{LIST}{found.pk}/").text


def test_a_long_sheet_by_api_is_created_and_checked_where_the_answer_says(client, ana):
    made = client.post(API, {"file": SimpleUploadedFile("risks.csv", sheet())})

    assert (made.status_code, made["Retry-After"], made.json()["state"]) == (201, "1", "checking")
    assert made.json()["progress"] == {"task": "check", "done": 0, "total": LONG}
    import_run.run_due(at=AT)
    body = client.get(made["Location"]).json()
    assert (body["state"], body["counts"]["new"], body["progress"]) == ("checked", LONG, None)


def test_a_long_sheet_with_a_refused_row_is_checked_and_not_applied(client, ana):
    file = SimpleUploadedFile("risks.csv", sheet(more=["X,Other,Nothing"]))
    made = client.post(API, {"file": file, "dry_run": "false"}).json()
    assert (made["state"], made["progress"]["task"]) == ("applying", "both")

    import_run.run_due(at=AT)

    body = client.get(f"{API}/{made['id']}").json()
    assert (body["state"], body["problem"], body["counts"]["refused"]) == ("checked", "", 1)
    assert not Risk.objects.exists()
    (row,) = client.get(f"{API}/{made['id']}/rows", {"result": "refused"}).json()["results"]
    assert (row["line"], row["problems"][0][0]) == (2, 2)


def test_a_sheet_of_300_columns_names_the_row_and_the_column_at_fault(client, ana):
    head = ",".join(["Risk", "Category", "Impact", *(f"Extra {number}" for number in range(297))])
    cells = ["Drift", "Data drift", "seven", *["x"] * 297]
    lines = [head, *[",".join(["Drift", "Data drift", "3", *["x"] * 297])] * LONG, ",".join(cells)]
    made = client.post(API, {"file": SimpleUploadedFile("wide.csv", "\n".join(lines).encode())}).json()

    import_run.run_due(at=AT)

    (row,) = client.get(f"{API}/{made['id']}/rows", {"result": "refused"}).json()["results"]
    assert (row["line"], row["problems"][0][0]) == (LONG + 2, 2)


def test_a_file_of_50_mb_is_refused_before_anything_is_stored(client, ana):
    answer = client.post(
        LIST, {"file": SimpleUploadedFile("big.csv", b"Risk,Category\n" * (50 * 2**20 // 14))}
    )

    assert answer.status_code == 422
    assert "The file is larger than 25 MB. Save the sheet as CSV." in answer.text
    assert not Import.objects.exists()


# ------------------------------------------------------------------ the undo


def test_a_long_import_is_undone_by_a_worker_in_the_name_of_its_author(ana):
    old, others = (risks.risk("Before", external_id=key) for key in ("OLD", "OTHER"))
    applied(ana, more=["OLD,After,Data drift", "OTHER,Of the sheet,Data drift"])
    others.refresh_from_db()
    operations.change(others, {"title": "Of Ben"}, by=Actor(people.user("Ben"), "page"), at=AT)
    found = import_run.undo(Import.objects.get(), **by(ana))
    assert found.state == ImportState.UNDOING

    assert import_run.run_due(at=LATER) == Tally(done=1)

    found = Import.objects.get()
    assert (found.state, found.undone_at) == (ImportState.UNDONE, LATER)
    assert (found.restored, found.closed, set(found.left)) == (1, LONG, {others.reference})
    assert Risk.objects.get(pk=old.pk).title == "Before"
    assert Risk.objects.get(pk=others.pk).title == "Of Ben"
    assert Risk.objects.filter(state=RiskState.CLOSED).count() == LONG
    written = Event.objects.filter(at=LATER, verb__in=["risklog.risk_closed", "risklog.risk_changed"])
    assert set(written.values_list("actor", "via")) == {(ana.subject_id, "import")}
    assert written.count() == LONG + 1


def test_after_a_killed_worker_the_undo_is_done_once(ana):
    import_run.undo(applied(ana), **by(ana))
    lost = claimed()
    expire_leases()

    assert import_run.run_due(at=LATER) == Tally(done=1)
    assert import_run.run_claimed(lost, at=LATER) == Tally()

    assert Event.objects.filter(verb="risklog.risk_closed").count() == LONG
    with pytest.raises(IllegalMove, match="undone already"):
        import_run.undo(Import.objects.get(), **by(ana))


def test_while_it_is_undone_nothing_else_is_done_with_it(ana):
    found = import_run.undo(applied(ana), **by(ana))

    for act in (import_run.undo, import_undo.undo, import_run.apply, imports.delete):
        with pytest.raises(IllegalMove, match="This import is running"):
            act(found, **by(ana))
    assert deleting.run(AT + timedelta(days=60))["imports"] == 0


def test_a_long_undo_by_page_and_by_api(client, ana):
    found = applied(ana)
    url = f"{API}/{found.pk}"
    assert client.get(url).json()["restored"] is None

    accepted = client.post(
        f"{url}/undo", content_type="application/json", headers={"If-Match": client.get(url)["ETag"]}
    )

    assert (accepted.status_code, accepted["Location"], accepted["Retry-After"]) == (202, url, "1")
    assert (accepted.json()["state"], accepted.json()["progress"]["task"]) == ("undoing", "undo")
    page = client.get(f"{LIST}{found.pk}/").text
    assert ("Undoing" in page, f"0 of {LONG} rows" in page, "Undo this import" in page) == (True, True, False)
    import_run.run_due(at=AT)
    body = client.get(url).json()
    assert (body["state"], body["restored"], body["closed"], body["left"]) == ("undone", 0, LONG, {})
    assert client.get(f"{LIST}{found.pk}/progress/", headers=HTMX)["HX-Redirect"] == f"{LIST}{found.pk}/"
    assert f"0 risks restored, {LONG} closed." in " ".join(client.get(f"{LIST}{found.pk}/").text.split())


def test_a_risk_that_the_author_may_no_longer_see_is_not_named_among_those_left(client, ana):
    old = risks.risk("Before", external_id="OLD")
    found = applied(ana, more=["OLD,After,Data drift"])
    old.refresh_from_db()
    operations.change(old, {"title": "Of Ben"}, by=Actor(people.user("Ben"), "page"), at=AT)
    import_run.undo(found, **by(ana))
    import_run.run_due(at=AT)
    assert old.reference in client.get(f"{API}/{found.pk}").json()["left"]
    old.refresh_from_db()
    persons.set_role(ana, Role.MEMBER, by=SYSTEM, at=AT)
    operations.restrict(old, teams=[people.team("Fraud")], by=SYSTEM, at=AT)

    assert client.get(f"{API}/{found.pk}").json()["left"] == {}
    assert old.reference not in client.get(f"{LIST}{found.pk}/").text


# ------------------------------------------------------------------ cancel


@pytest.mark.parametrize(
    ("begin", "state", "problem"),
    [
        (checking, ImportState.READ, "You cancelled the check. The sheet is as it was read."),
        (
            lambda person: import_run.apply(checked(person), **by(person)),
            ImportState.CHECKED,
            "You cancelled the import. Nothing was imported.",
        ),
        (
            lambda person: import_run.undo(applied(person), **by(person)),
            ImportState.APPLIED,
            "You cancelled the undo. Nothing was undone.",
        ),
    ],
)
def test_what_no_worker_has_begun_is_cancelled_at_once_and_can_be_asked_again(ana, begin, state, problem):
    found = begin(ana)
    before = Event.objects.count()

    for _ in range(2):  # a second press changes nothing
        import_run.cancel(found, **by(ana))
        assert (found.state, found.problem, found.problem_title) == (state, problem, "Cancelled")

    assert import_run.run_due(at=LATER) == Tally()
    assert Event.objects.count() == before
    if state == ImportState.READ:
        import_run.check(found, mapping=found.mapping, **by(ana))
    else:
        (import_run.apply if state == ImportState.CHECKED else import_run.undo)(found, **by(ana))
    assert (found.problem, import_run.run_due(at=LATER)) == ("", Tally(done=1))
    assert not Import.objects.get().is_cancelled


def test_a_worker_that_died_does_not_delay_the_cancelling_and_has_no_effect_later(ana):
    found = import_run.apply(checked(ana), **by(ana))
    run = claimed()

    import_run.cancel(found, **by(ana))

    assert found.state == ImportState.CHECKED
    assert import_run.run_claimed(run, at=LATER) == Tally()
    assert not Risk.objects.exists()


def test_cancelled_too_late_it_is_complete_and_offers_the_undo(client, ana):
    found = import_run.apply(checked(ana), **by(ana))
    version = found.version
    import_run.run_due(at=LATER)

    pressed = client.post(f"{LIST}{found.pk}/cancel/", {"version": version}, follow=True).text
    answer = client.post(f"{API}/{found.pk}/cancel", content_type="application/json")

    assert "The import is complete. Undo it instead." in pressed
    assert "Undo this import" in pressed
    assert (answer.status_code, answer.json()["detail"]) == (409, "The import is complete. Undo it instead.")
    assert Risk.objects.count() == LONG


def test_what_nobody_started_is_not_cancelled(ana):
    with pytest.raises(IllegalMove, match="Nothing of this import is running"):
        import_run.cancel(read(ana), **by(ana))


def test_cancel_by_page_and_by_api(client, ana):
    found = import_run.apply(checked(ana), **by(ana))
    page = client.get(f"{LIST}{found.pk}/").text
    assert f'action="{LIST}{found.pk}/cancel/"' in page

    pressed = client.post(f"{LIST}{found.pk}/cancel/", {"version": found.version}, follow=True).text

    assert "You cancelled the import. Nothing was imported." in pressed
    assert 'class="notice notice-info"' in pressed
    found.refresh_from_db()
    import_run.apply(found, **by(ana))
    answers = [client.post(f"{API}/{found.pk}/cancel", content_type="application/json") for _ in range(2)]
    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].json()["state"] == "checked"
    assert answers[0].json()["cancel_asked_at"]


def test_nobody_else_cancels_it(client, ana):
    found = import_run.apply(checked(people.user("Ben", role=Role.RISK_MANAGER)), **by(ana))

    assert client.post(f"{LIST}{found.pk}/cancel/", {"version": found.version}).status_code == 404
    assert client.post(f"{API}/{found.pk}/cancel", content_type="application/json").status_code == 404


def test_an_author_who_is_deactivated_imports_nothing(ana):
    found = import_run.apply(checked(ana), **by(ana))
    persons.deactivate(ana, by=SYSTEM, at=AT)

    import_run.run_due(at=LATER)

    found = Import.objects.get()
    assert (found.state, Risk.objects.count()) == (ImportState.CHECKED, 0)
    assert found.problem == "You may not import risks any more. Nothing was imported. Ask an administrator."


# ------------------------------------------------------------------ against a worker that is at it


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("meanwhile", ["cancelled", "deactivated"])
def test_a_worker_stops_at_its_next_part_and_nothing_of_it_is_kept(ana, client, meanwhile):
    risk = risks.risk("Before", external_id="OLD")
    found = import_run.apply(checked(ana, more=["OLD,After,Data drift"]), **by(ana))
    tag = f"{LIST}{found.pk}/cancel/"
    with connection.cursor() as cursor:  # the worker creates its first risks, and waits for this one
        cursor.execute("BEGIN")
        cursor.execute("SELECT 1 FROM risklog_risk WHERE id = %s FOR UPDATE", [risk.pk])
        thread = in_thread(lambda: import_run.run_due(at=LATER))
        wait_for_first_part()
        other = in_thread(
            (lambda: [client.post(tag, {"version": found.version}) for _ in range(2)])
            if meanwhile == "cancelled"
            else (lambda: persons.deactivate(ana, by=SYSTEM, at=AT))
        )
        other.join(20)
        running = Import.objects.get()
        assert running.state == ImportState.APPLYING
        assert (running.cancel_asked_at is not None) == (meanwhile == "cancelled")
        cursor.execute("COMMIT")
    thread.join(20)

    found = Import.objects.get()
    assert (found.state, Risk.objects.count()) == (ImportState.CHECKED, 1)
    expected = (
        "You cancelled the import." if meanwhile == "cancelled" else "You may not import risks any more."
    )
    assert found.problem == f"{expected} Nothing was imported." + (
        "" if meanwhile == "cancelled" else " Ask an administrator."
    )
    assert Risk.objects.get().title == "Before"
    assert ImportRun.objects.get().state == Work.DONE
    assert not Event.objects.filter(at=LATER).exists()


@pytest.mark.django_db(transaction=True)
def test_cancelled_while_the_worker_commits_it_waits_and_is_told_that_it_is_complete(ana):
    import_run.apply(checked(ana), **by(ana))
    told = []

    def cancel():
        try:
            import_run.cancel(Import.objects.get(), **by(ana))
        except IllegalMove as refusal:
            told.append(refusal.message)

    with transaction.atomic():  # as the worker does last
        found = Import.objects.get()
        found.state, found.applied_at = ImportState.APPLIED, AT
        finish(found)
        thread = in_thread(cancel)
        wait_for_a_lock()
    thread.join(20)

    assert told == ["The import is complete. Undo it instead."]
    assert Import.objects.get().state == ImportState.APPLIED


def wait_for_a_lock():
    for _ in range(3000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pid FROM pg_locks WHERE NOT granted")
            if cursor.fetchone():
                return
    raise AssertionError("Nobody waits.")
