"""The relay gives each event to each handler once, also after failures, killed workers and repeats."""

from datetime import timedelta
from threading import Barrier, Thread
from types import SimpleNamespace

import pytest
from django.db import connection
from django.db.models.functions import Now

from history import claims, relay, wiring
from history import operations as history
from history.models import Due, Event, Handover
from history.states import Work
from history.wiring import handler
from kit import bell
from kit.actor import SYSTEM
from tests.factories import people


@handler("tests.note_it")
def note_it(event, *, at):
    """Write a further event, as a flow does."""
    history.record(event.subject, "people.team_noted", by=SYSTEM, at=at, cause=event)


@handler("tests.hurry")
def hurry(event, *, at):
    history.record(event.subject, "people.team_hurried", by=SYSTEM, at=at, cause=event)


@handler("tests.break_down")
def break_down(event, *, at):
    note_it(event, at=at)
    raise ValueError("this handler is broken")


def on_date(due, *, at):
    history.record(due.subject, "people.date_acted", by=SYSTEM, at=at)
    history.put_due("tests.date", due.subject_id, f"{due.occurrence}+", at + timedelta(days=1))


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
        flows={
            "people.team_changed": (note_it,),
            "people.team_broken": (break_down, note_it),
            "people.team_called": (hurry,),
        },
        dues={"tests.date": on_date},
        chained={"people.role_changed"},
        first=(hurry,),
    )
    yield
    for table, content in zip(tables, kept, strict=True):
        table.clear()
        table.update(content)


def _noted():
    return Event.objects.filter(verb="people.team_noted").count()


@pytest.mark.django_db
def test_an_event_reaches_its_handler_once_however_often_the_relay_runs(wired, at):
    history.change(people.team("Fraud"), {"name": "Fraud ML"}, by=SYSTEM, at=at)

    first, second = relay.relay(), relay.relay()

    assert (first.done, second.done) == (1, 0)
    assert _noted() == 1
    assert Event.objects.get(verb="people.team_noted").cause.verb == "people.team_changed"


@pytest.mark.django_db
def test_handlers_that_notify_people_run_before_older_handovers(wired, at):
    teams = [people.team() for _ in range(20)]
    history.record_many(teams, "people.team_changed", by=SYSTEM, at=at)
    history.record(teams[0], "people.team_called", by=SYSTEM, at=at)

    relay.relay()

    told = list(Event.objects.filter(cause__isnull=False).order_by("id").values_list("verb", flat=True))
    assert told == ["people.team_hurried"] + ["people.team_noted"] * 20


@pytest.mark.django_db
def test_a_claim_is_on_disk_first_where_its_work_leaves_the_database_and_only_there(wired, at):
    team = people.team()
    found = []
    for has_outside_effect in (True, False):
        history.record(team, "people.team_changed", by=SYSTEM, at=at)
        claims.claim(Handover.objects.order_by("id"), has_outside_effect=has_outside_effect)
        with connection.cursor() as cursor:  # in the transaction of the test, so that the setting applies
            cursor.execute("SHOW synchronous_commit")
            found.append(cursor.fetchone()[0])

    assert found[1] == "off" != found[0]


@handler("tests.keep_setting")
def keep_setting(event, *, at):
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronous_commit")
        history.record(event.subject, f"people.commit_{cursor.fetchone()[0]}", by=SYSTEM, at=at)


@pytest.mark.django_db
def test_the_commit_of_a_handler_does_not_wait_for_the_disk(wired, at):
    wiring.install(flows={"people.team_changed": (keep_setting,)}, dues={})
    history.change(people.team("Fraud"), {"name": "Fraud ML"}, by=SYSTEM, at=at)

    relay.relay()

    assert Event.objects.filter(verb="people.commit_off").count() == 1


@pytest.mark.django_db
def test_a_relay_claims_nothing_more_when_its_time_is_over(wired, at, monkeypatch):
    """A task that is cut off counts a try for rows that did not fail."""
    monkeypatch.setattr(relay, "_BATCH", 2)
    monkeypatch.setattr(relay, "_BATCH_BEHIND_FIRST", 2)
    for n in range(6):
        history.change(people.team(f"Team {n}"), {"name": f"ML {n}"}, by=SYSTEM, at=at)
    seconds = iter(range(1000))
    monkeypatch.setattr(relay, "time", SimpleNamespace(monotonic=lambda: next(seconds)))

    first, then = relay.relay(at=at, seconds=2).done, relay.relay(at=at).done

    assert (first, then) == (2, 4)


@pytest.mark.django_db
def test_an_act_notifies_workers_once_and_acts_of_the_relay_do_not(
    wired, at, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as rings:
        history.change(people.team("Fraud"), {"name": "Fraud ML"}, by=SYSTEM, at=at)
    with django_capture_on_commit_callbacks() as further:
        relay.relay()

    assert rings == [bell.ring]
    assert (further, _noted()) == ([], 1)


@pytest.mark.django_db
def test_a_broken_handler_writes_nothing_blocks_no_other_row_and_ends_as_dead(wired, at):
    history.record(people.team(), "people.team_broken", by=SYSTEM, at=at)

    for _ in range(6):
        relay.relay()
        Handover.objects.filter(state=Work.PENDING).update(not_before=Now() - timedelta(minutes=1))

    broken = Handover.objects.get(handler="tests.break_down")
    assert (broken.state, broken.tries) == (Work.DEAD, 5)
    assert "this handler is broken" in broken.error
    assert _noted() == 1  # of the healthy handler; those of the broken one were rolled back


@pytest.mark.django_db
def test_the_work_of_a_dead_worker_is_claimed_again_after_its_lease(wired, at):
    history.change(people.team("Fraud"), {"name": "Fraud ML"}, by=SYSTEM, at=at)
    claims.claim(Handover.objects.all())  # and dies

    assert relay.relay().done == 0
    Handover.objects.update(lease_until=Now() - timedelta(seconds=1))

    assert relay.relay().done == 1
    assert Handover.objects.get().tries == 2


def _let_time_pass():
    """Let leases expire, put the rows back, and let their pauses expire too."""
    past = Now() - timedelta(minutes=1)
    Handover.objects.filter(state=Work.CLAIMED).update(lease_until=past)
    for row in Handover.objects.filter(state=Work.CLAIMED, tries__range=(2, 4)):
        claims.claim(Handover.objects.filter(pk=row.pk))
    Handover.objects.filter(state=Work.PENDING).update(not_before=past)


@pytest.mark.django_db
def test_rows_whose_workers_died_twice_wait_as_after_a_failure(wired, at):
    history.change(people.team("Fraud"), {"name": "Fraud ML"}, by=SYSTEM, at=at)
    for _ in range(2):
        assert len(claims.claim(Handover.objects.all())) == 1
        Handover.objects.update(lease_until=Now() - timedelta(seconds=1))

    assert claims.claim(Handover.objects.all()) == []
    row = Handover.objects.get()
    assert (row.state, row.tries, row.claim) == (Work.PENDING, 2, None)
    assert Handover.objects.filter(not_before__gt=Now()).exists()
    assert "worker stopped" in row.error

    Handover.objects.update(not_before=Now() - timedelta(seconds=1))
    assert relay.relay().done == 1


@pytest.mark.django_db
def test_a_row_that_was_put_back_blocks_no_other_row(wired, at):
    for number in range(2):
        history.change(people.team(f"Team {number}"), {"name": f"Named {number}"}, by=SYSTEM, at=at)
    first = Handover.objects.order_by("id").first()
    past = Now() - timedelta(seconds=1)
    Handover.objects.filter(pk=first.pk).update(state=Work.CLAIMED, tries=2, lease_until=past)

    taken = claims.claim(Handover.objects.order_by("id"), limit=1)

    assert len(taken) == 1 and taken[0].pk != first.pk


@pytest.mark.django_db
def test_a_row_that_kills_every_worker_is_buried_after_its_last_try(wired, at):
    history.change(people.team("Fraud"), {"name": "Fraud ML"}, by=SYSTEM, at=at)
    for _ in range(5):
        assert len(claims.claim(Handover.objects.all())) == 1
        _let_time_pass()

    relay.relay()

    assert Handover.objects.get().state == Work.DEAD
    assert _noted() == 0


@pytest.mark.django_db
def test_a_row_that_kills_its_worker_uses_up_no_tries_of_other_rows(wired, at):
    for number in range(4):
        history.change(people.team(f"Team {number}"), {"name": f"Named {number}"}, by=SYSTEM, at=at)
    taken = claims.claim(Handover.objects.order_by("id"))
    assert len(taken) == 4
    poison = taken[1].pk

    for _ in range(20):  # each time the worker dies at the same row, before it reaches the others
        _let_time_pass()
        for row in claims.claim(Handover.objects.order_by("id")):
            if row.pk == poison:
                break
            claims.run(row, lambda row: None)

    assert Handover.objects.get(pk=poison).state == Work.DEAD
    assert Handover.objects.filter(state=Work.DONE).count() == 3


@pytest.mark.django_db
def test_a_lost_claim_rolls_its_effect_back(wired, at):
    history.change(people.team("Fraud"), {"name": "Fraud ML"}, by=SYSTEM, at=at)
    (mine,) = claims.claim(Handover.objects.all())
    Handover.objects.update(lease_until=Now() - timedelta(seconds=1))
    claims.claim(Handover.objects.all())  # another worker claims it

    tally = claims.run(mine, lambda row: note_it(row.event, at=at))

    assert tally.done == 0
    assert _noted() == 0


@pytest.mark.django_db
def test_a_date_acts_once_and_what_it_makes_for_later_waits(wired, at):
    team = people.team()
    history.put_due("tests.date", team.subject_id, "first", at)

    assert relay.act_on_dues(at=at - timedelta(seconds=1)).done == 0
    assert relay.act_on_dues(at=at + timedelta(days=3)).done == 1
    assert relay.act_on_dues(at=at + timedelta(days=3)).done == 0

    assert Event.objects.filter(verb="people.date_acted").count() == 1
    assert Due.objects.get(state=Work.PENDING).at == at + timedelta(days=4)


@pytest.mark.django_db
def test_chained_events_can_be_verified_and_a_forged_chain_is_found(wired, at):
    from history import chain

    person = people.user()
    for _ in range(3):
        history.record(person, "people.role_changed", by=SYSTEM, at=at)

    verdict = chain.verify()
    assert (verdict.length, verdict.broken_at, verdict.head.partition(":")[0]) == (3, None, "3")

    forged = Event.objects.get(chain_no=2)
    forged.pk, forged.chain_no, forged.data = None, 4, {"n": "forged"}
    forged.save(force_insert=True)
    assert chain.verify().broken_at == 4


@pytest.mark.django_db(transaction=True)
def test_eight_relays_at_once_hand_each_event_on_once(wired, at):
    teams = [people.team() for _ in range(40)]
    history.record_many(teams, "people.team_changed", by=SYSTEM, at=at)
    start = Barrier(8)

    def work():
        start.wait()
        relay.relay()
        connection.close()

    threads = [Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    relay.relay()

    assert Handover.objects.filter(state=Work.DONE).count() == 40
    assert _noted() == 40


@pytest.mark.django_db(transaction=True)
def test_an_event_committed_late_under_a_lower_id_is_still_handed_on(wired, at):
    team, late = people.team(), people.team()
    from django.db import transaction

    holds, may_commit = Barrier(2), Barrier(2)

    def slow_writer():
        with transaction.atomic():
            history.change(late, {"name": "Late"}, by=SYSTEM, at=at)
            holds.wait()
            may_commit.wait()
        connection.close()

    writer = Thread(target=slow_writer)
    writer.start()
    holds.wait()
    history.change(team, {"name": "Early"}, by=SYSTEM, at=at)  # a higher id, committed first
    assert relay.relay().done == 1
    may_commit.wait()
    writer.join()

    assert relay.relay().done == 1
    assert _noted() == 2
