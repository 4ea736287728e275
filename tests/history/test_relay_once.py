"""A handler takes effect once, also if workers die, run late or run at once; and keys of handlers.

The handlers here have no protection of their own: called twice, they write two events.
"""

from datetime import timedelta
from threading import Event as Signal
from threading import Thread

import pytest
from django.db import OperationalError, connection
from django.db.models.functions import Now

from history import claims, relay, wiring
from history import operations as history
from history.models import Event, Handover
from history.states import Work
from history.wiring import handler
from kit.actor import SYSTEM
from tests.factories import people

calls: list[int] = []
during: dict = {}


@handler("tests.count_up")
def count_up(event, *, at):
    """Write one event. during: functions that run between the effect and its commit."""
    calls.append(event.pk)
    history.record(event.subject, "people.team_counted", by=SYSTEM, at=at, cause=event)
    if "then" in during:
        during.pop("then")()


@pytest.fixture
def wired():
    tables = (
        wiring._handlers,
        wiring._subscribed,
        wiring._on_demand,
        wiring._dues,
        wiring._chained,
        wiring._first,
        wiring._former,
    )
    kept = [table.copy() for table in tables]
    wiring.install(
        flows={"people.team_changed": (count_up,)},
        dues={},
        former={"tests.old:count_up": "tests.count_up", "tests.old:gone": None},
    )
    calls.clear()
    during.clear()
    yield
    for table, content in zip(tables, kept, strict=True):
        table.clear()
        table.update(content)


@pytest.fixture
def changed(wired, at):
    team = people.team("Fraud")
    return history.change(team, {"name": "Fraud ML"}, by=SYSTEM, at=at)


def _effects() -> int:
    return Event.objects.filter(verb="people.team_counted").count()


def _expire_leases() -> None:
    Handover.objects.filter(state=Work.CLAIMED).update(lease_until=Now() - timedelta(seconds=1))


def _claimed() -> Handover:
    (row,) = claims.claim(Handover.objects.select_related("event__subject"), has_outside_effect=False)
    return row


def in_thread(act) -> Thread:
    def run():
        try:
            act()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
def test_while_a_worker_is_late_nobody_else_begins_the_same_handover(changed, at):
    begun, may_end = Signal(), Signal()
    during["then"] = lambda: (begun.set(), may_end.wait(10))
    slow = in_thread(lambda: relay.relay(at=at))
    assert begun.wait(10)
    with pytest.raises(OperationalError), connection.cursor() as cursor:  # locked: nobody can claim it
        cursor.execute("SELECT 1 FROM history_handover FOR UPDATE NOWAIT")

    second = relay.relay(at=at)
    may_end.set()
    slow.join()

    assert second.done == 0
    assert calls == [changed.pk]
    assert _effects() == 1
    assert relay.relay(at=at).done == 0


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_claimed_the_same_handover_have_one_effect(changed, at):
    first = _claimed()
    _expire_leases()
    second = _claimed()
    gate = Signal()

    def act(row):
        gate.wait(10)
        relay.hand_over(row, at=at)

    threads = [in_thread(lambda row=row: act(row)) for row in (first, second)]
    gate.set()
    for thread in threads:
        thread.join()

    assert calls == [changed.pk]
    assert _effects() == 1
    assert Handover.objects.get().state == Work.DONE


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_between_the_effect_and_its_commit_leaves_nothing_and_another_does_it(changed, at):
    def kill_own_connection():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    during["then"] = kill_own_connection
    in_thread(lambda: relay.relay(at=at)).join()
    row = Handover.objects.get()
    assert (row.state, row.tries, _effects()) == (Work.PENDING, 1, 0)
    assert "OperationalError" in row.error

    Handover.objects.update(not_before=Now() - timedelta(seconds=1))
    assert relay.relay(at=at).done == 1

    assert calls == [changed.pk, changed.pk]
    assert _effects() == 1


@pytest.mark.django_db
def test_a_handover_that_is_done_has_no_effect_when_a_worker_comes_back_with_its_claim(changed, at):
    row = _claimed()
    assert relay.hand_over(row, at=at).done == 1

    again = relay.hand_over(row, at=at)

    assert (again.done, again.failed) == (0, 0)
    assert (calls, _effects()) == ([changed.pk], 1)


@pytest.mark.django_db
def test_handovers_out_of_order_have_one_effect_each(changed, at):
    later = history.record(changed.subject, "people.team_changed", by=SYSTEM, at=at + timedelta(hours=1))
    rows = claims.claim(
        Handover.objects.select_related("event__subject").order_by("-id"), has_outside_effect=False
    )

    for row in [*rows, *reversed(rows)]:
        relay.hand_over(row, at=at)

    assert calls == [later.pk, changed.pk]
    assert _effects() == 2


@pytest.mark.django_db
def test_a_failed_try_leaves_no_receipt(changed, at):
    def fail():
        raise ValueError("not yet")

    during["then"] = fail
    assert relay.relay(at=at).failed == 1
    assert (Handover.objects.get().state, _effects()) == (Work.PENDING, 0)
    Handover.objects.update(not_before=Now() - timedelta(seconds=1))

    assert relay.relay(at=at).done == 1
    assert _effects() == 1


# ------------------------------------------------------------------ keys


@pytest.mark.django_db
def test_a_row_that_waits_under_a_former_key_finds_its_handler(changed, at):
    Handover.objects.update(handler="tests.old:count_up")

    assert relay.relay(at=at).done == 1
    assert _effects() == 1


@pytest.mark.django_db
def test_a_row_whose_handler_has_nothing_left_to_do_is_settled(changed, at):
    Handover.objects.update(handler="tests.old:gone")

    assert relay.relay(at=at).done == 1
    assert (Handover.objects.get().state, _effects()) == (Work.DONE, 0)


@pytest.mark.django_db
def test_a_row_with_an_unknown_key_waits_with_the_error(changed, at):
    Handover.objects.update(handler="tests.never_was")

    assert relay.relay(at=at).failed == 1
    assert "No handler has the key tests.never_was." in Handover.objects.get().error


def test_a_handler_without_a_key_is_refused(wired):
    def nameless(event, *, at):
        """Has no key."""

    with pytest.raises(ValueError, match="has no key"):
        wiring.install(flows={"people.team_changed": (nameless,)}, dues={})


def test_a_key_is_used_once_and_has_a_shape():
    with pytest.raises(ValueError, match="is used by"):
        handler("tests.count_up")(lambda event, *, at: None)
    with pytest.raises(ValueError, match="Use a handler key such as"):
        handler("module:function")


def test_a_former_key_that_leads_to_an_unknown_key_is_refused(wired):
    with pytest.raises(ValueError, match="must lead to a current key"):
        wiring.install(
            flows={"people.team_changed": (count_up,)}, dues={}, former={"tests.old": "tests.missing"}
        )
