"""Long imports: a worker applies them, all rows or none and once, whatever happens to it."""

import io
from contextlib import contextmanager
from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection, connections, transaction
from django.db.models.functions import Now

from history import claims
from history.claims import Tally
from history.models import Event
from history.states import Work
from kit import progress
from kit.actor import SYSTEM, Actor
from kit.refusals import IllegalMove, Refused
from people.operations import person as persons
from people.operations import token
from people.states import Role
from riskhub import schedule
from riskhub.retention import deleting
from risklog.models import Import, ImportRun, Risk
from risklog.operations import import_check, import_run, import_undo, imports
from risklog.operations import risk as operations
from risklog.queries import imports as queries
from risklog.states import ImportState, ImportTask, RiskState
from tests.conftest import AT
from tests.factories import people, risks

pytestmark = pytest.mark.django_db
LONG = import_run.AT_ONCE + 1
LATER = AT + timedelta(minutes=1)


@pytest.fixture
def ana(db):
    risks.category()
    return people.user("Ana", role=Role.RISK_MANAGER)


def checked(person, rows=LONG, more=(), by=None):
    lines = ["ID,Risk,Category", *more, *(f"N-{number},Risk {number},Data drift" for number in range(rows))]
    sheet = io.BytesIO("\n".join(lines).encode())
    by = by or Actor(person, "page")
    found = imports.read(sheet, name="risks.csv", by=by, at=AT)
    return import_check.check(found, mapping=found.mapping, by=by, at=AT)


def started(person, rows=LONG, more=(), by=None):
    found = checked(person, rows, more, by)
    return import_run.apply(found, by=by or Actor(person, "page"), at=AT)


def claimed():
    (run,) = claims.claim(ImportRun.objects.order_by("id"), limit=1)
    return run


def expire_leases():
    """Let as much time pass as after a worker was killed."""
    ImportRun.objects.filter(state=Work.CLAIMED).update(lease_until=Now() - timedelta(seconds=1))
    ImportRun.objects.filter(state=Work.PENDING).update(not_before=Now())


def test_a_short_import_is_applied_at_once(ana):
    found = started(ana, rows=import_run.AT_ONCE)

    assert (found.state, Risk.objects.count()) == (ImportState.APPLIED, import_run.AT_ONCE)
    assert not ImportRun.objects.exists()


def test_a_long_import_is_applied_by_a_worker_in_the_name_of_its_author(ana):
    risk = risks.risk("Before", external_id="OLD")
    found = started(ana, more=["OLD,After,Data drift"])
    assert (found.state, Risk.objects.count()) == (ImportState.APPLYING, 1)

    assert import_run.run_due(at=LATER) == Tally(done=1)

    found = Import.objects.get()
    assert (found.state, found.applied_at, found.problem) == (ImportState.APPLIED, LATER, "")
    assert Risk.objects.count() == LONG + 1
    risk.refresh_from_db()
    assert risk.title == "After"
    written = Event.objects.filter(verb__in=["risklog.risk_opened", "risklog.risk_changed"], at=LATER)
    assert set(written.values_list("actor", "via", "batch")) == {(ana.subject_id, "import", found.batch)}
    assert written.count() == LONG + 1
    assert found.rows.filter(risk__isnull=True).count() == 0


def test_a_long_import_is_undone_as_a_short_one(ana):
    risks.risk("Before", external_id="OLD")
    found = started(ana, more=["OLD,After,Data drift"])
    import_run.run_due(at=LATER)

    result = import_undo.undo(Import.objects.get(pk=found.pk), by=Actor(ana, "page"), at=LATER)

    assert (result.restored, result.closed, result.left) == (1, LONG, {})
    assert Risk.objects.get(external_id="OLD").title == "Before"
    assert Risk.objects.filter(state=RiskState.CLOSED).count() == LONG


def test_pressed_twice_it_is_applied_once(ana):
    found = checked(ana)
    for _ in range(2):
        again = Import.objects.get(pk=found.pk)
        again.version = found.version  # of the page from before the first press
        try:
            import_run.apply(again, by=Actor(ana, "page"), at=AT)
        except IllegalMove as refusal:
            assert refusal.message == "This import is running. Its page shows how far it is."

    assert [import_run.run_due(at=LATER).done for _ in range(2)] == [1, 0]
    assert Risk.objects.count() == LONG


def test_while_it_runs_it_is_not_checked_read_or_deleted_and_it_is_kept(ana):
    found = started(ana)
    by = {"by": Actor(ana, "page"), "at": AT}

    for act in (
        lambda: import_check.check(found, mapping=found.mapping, **by),
        lambda: imports.read_again(found, encoding="cp1252", **by),
        lambda: imports.delete(found, **by),
        lambda: import_undo.undo(found, **by),
    ):
        with pytest.raises(IllegalMove):
            act()
    assert deleting.run(AT + timedelta(days=60))["imports"] == 0


def test_after_a_killed_worker_another_one_applies_it_and_the_first_has_no_effect(ana):
    started(ana)
    lost = claimed()
    assert import_run.run_due(at=LATER) == Tally(), "the first worker still has its lease"
    expire_leases()

    assert import_run.run_due(at=LATER) == Tally(done=1)
    assert import_run.run_claimed(lost, at=LATER) == Tally()

    assert Risk.objects.count() == LONG
    assert Import.objects.get().state == ImportState.APPLIED


def test_after_three_killed_workers_it_is_returned_with_the_reason(ana):
    found = started(ana)
    while ImportRun.objects.get().tries < ImportRun.MAX_TRIES:
        claims.claim(ImportRun.objects.order_by("id"), limit=1)
        expire_leases()

    import_run.run_due(at=LATER)

    returned = Import.objects.get()
    assert (returned.state, returned.version) == (ImportState.CHECKED, found.version + 1)
    assert returned.problem.startswith("This failed 3 times for a technical reason. Nothing was imported.")
    import_run.apply(returned, by=Actor(ana, "page"), at=LATER)
    assert import_run.run_due(at=LATER) == Tally(done=1)
    assert Risk.objects.count() == LONG


def test_what_changed_before_it_ran_is_shown_and_nothing_is_written(ana):
    risk = risks.risk("Before", external_id="OLD")
    started(ana, more=["OLD,After,Data drift"])
    operations.change(risk, {"title": "Of a colleague"}, by=Actor(ana, "page"), at=AT)

    import_run.run_due(at=LATER)

    found = Import.objects.get()
    assert (found.state, Risk.objects.count()) == (ImportState.CHECKED, 1)
    assert found.problem.startswith("Something changed since the check, first for line 2.")
    assert ["title", "Of a colleague", "After"] in found.rows.get(line=2).changes
    import_run.apply(found, by=Actor(ana, "page"), at=LATER)
    assert (Import.objects.get().problem, import_run.run_due(at=LATER)) == ("", Tally(done=1))
    assert Risk.objects.get(external_id="OLD").title == "After"


def test_a_refused_row_is_told_at_once(ana):
    found = checked(ana, more=["X,Other,Nothing"])

    with pytest.raises(Refused, match="Line 2 is refused"):
        import_run.apply(found, by=Actor(ana, "page"), at=AT)
    assert Import.objects.get().state == ImportState.CHECKED


def test_without_the_right_to_import_when_it_runs_nothing_is_written(ana):
    started(ana)
    persons.set_role(ana, Role.VIEWER, by=SYSTEM, at=AT)

    import_run.run_due(at=LATER)

    found = Import.objects.get()
    assert (found.state, Risk.objects.count()) == (ImportState.CHECKED, 0)
    assert found.problem.startswith("You may not import risks any more.")


def test_the_token_of_a_program_must_still_be_valid_when_it_runs(ana):
    one, _ = token.issue(ana, name="Nightly", scope="write", by=SYSTEM, at=AT)
    started(ana, by=Actor(ana, "api", token=one))
    token.revoke(one, by=SYSTEM, at=AT)

    import_run.run_due(at=LATER)

    found = Import.objects.get()
    assert (found.state, Risk.objects.count()) == (ImportState.CHECKED, 0)
    assert found.problem.startswith("The token that started the import is revoked or has expired.")
    again, _ = token.issue(ana, name="Nightly", scope="write", by=SYSTEM, at=AT)
    import_run.apply(found, by=Actor(ana, "api", token=again), at=AT)
    import_run.run_due(at=LATER)
    assert set(Event.objects.filter(verb="risklog.risk_opened").values_list("token", flat=True)) == {
        again.subject_id
    }


def test_one_long_import_runs_at_a_time(ana):
    started(ana)
    first = claimed()
    started(people.user("Ben", role=Role.RISK_MANAGER))

    assert import_run.run_due(at=LATER) == Tally()
    assert import_run.run_claimed(first, at=LATER) == Tally(done=1)
    assert import_run.run_due(at=LATER) == Tally(done=1)


def test_the_tick_of_a_house_without_workers_applies_it(ana):
    started(ana)

    schedule.tick(LATER)

    assert Import.objects.get().state == ImportState.APPLIED


# ------------------------------------------------------------------ against other transactions


def in_thread(act):
    def run():
        try:
            act()
        finally:
            connections.close_all()

    thread = Thread(target=run)
    thread.start()
    return thread


def wait_for_first_part():
    """Wait until the worker has written a part and waits for a lock. Return the process of its connection."""
    run = ImportRun.objects.get()
    for _ in range(3000):
        run.refresh_from_db()
        if run.claim and progress.of_each([str(run.claim)]):
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                    " AND datname = current_database()"
                )
                if row := cursor.fetchone():
                    return row[0]
    raise AssertionError("The worker wrote nothing.")


@contextmanager
def worker_before_a_change(person):
    """Run a worker that has created risks and waits for one that a colleague changes.

    Yields the process of its connection. At the end of the block the change is committed.
    """
    risk = risks.risk("Before", external_id="OLD")
    started(person, more=["OLD,After,Data drift"])
    with transaction.atomic():
        operations.change(risk, {"description": "Of a colleague"}, by=Actor(person, "page"), at=AT)
        thread = in_thread(lambda: import_run.run_due(at=LATER))
        yield wait_for_first_part()
    thread.join(20)


@pytest.mark.django_db(transaction=True)
def test_a_risk_that_changes_while_it_runs_ends_it_with_nothing_written(ana):
    with worker_before_a_change(ana):
        pass

    found = Import.objects.get()
    assert (found.state, Risk.objects.count()) == (ImportState.CHECKED, 1)
    assert found.problem.startswith("Somebody changed one of the risks at the same moment.")
    assert not Event.objects.filter(at=LATER).exists()


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_loses_the_database_half_way_leaves_nothing_and_it_is_repeated(ana):
    with worker_before_a_change(ana) as process, connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [process])
    found = Import.objects.get()
    assert (found.state, Risk.objects.count()) == (ImportState.APPLYING, 1)
    assert queries.progress_for(found) == queries.ImportProgress(
        ImportTask.APPLY, 0, LONG + 1, is_begun=False, is_repeated=True
    )
    expire_leases()

    assert import_run.run_due(at=LATER) == Tally(done=1)
    assert Risk.objects.count() == LONG + 1
