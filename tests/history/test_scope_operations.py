"""Roots, scopes and grants: who sees which objects below a root, until when, also with concurrent changes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event as Signal

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from actions.models import Action
from history import operations as history
from history.models import Event, Grant, Subject
from history.operations import GrantReason, NewGrant, Placement, Reach
from kit.actor import SYSTEM
from people.models import User
from people.operations import person as persons
from tests.factories import people

pytestmark = pytest.mark.django_db


def action(at, title="Secret", **placed) -> Action:
    """Create an object of a kind that may be a root or below one."""
    found = Action(title=title, made_at=at)
    history.record(found, "actions.action_opened", by=SYSTEM, at=at, placed=Placement(**placed))
    return found


def sees(person: User, *objects: Action) -> list[bool]:
    """Return whether a person sees each object. The query and the loaded subject must agree."""
    reader = User.objects.get(pk=person.pk)
    answers = []
    for one in objects:
        subject = Subject.objects.get(pk=one.subject_id)
        by_query = Action.objects.visible_to(reader).filter(pk=one.pk).exists()
        assert subject.is_visible_to(reader) == by_query
        columns = Subject.objects.values_list("viewers", "granted").get(pk=one.subject_id)
        assert reader.sight.sees(*columns) == by_query
        answers.append(by_query)
    return answers


def granted(person: User, *objects: Action, at, reason=GrantReason.ASKED, source=None):
    subjects = [one.subject for one in objects]
    history.grant_sight(subjects, [person], reason=reason, source=source, by=SYSTEM, at=at)


def ended(person: User, *objects: Action, at, reason=GrantReason.ASKED, source=None):
    subjects = [one.subject for one in objects]
    history.end_sight(subjects, [person], reason=reason, source=source, by=SYSTEM, at=at)


def verbs(one: Action) -> list[str]:
    return list(Event.objects.filter(subject_id=one.subject_id).order_by("id").values_list("verb", flat=True))


# ------------------------------------------------------------------ roots


def test_what_is_created_below_a_root_has_its_root_and_its_viewers(at):
    team, stranger = people.team(), people.user()
    mate = people.user(teams=[team])
    root = action(at, viewers=[team.subject_id])
    below = action(at, parent=root.subject)
    far = action(at, parent=below.subject_id)

    assert [one.subject.root_id for one in (root, below, far)] == [None, root.subject_id, root.subject_id]
    assert sees(mate, root, below, far) == [True, True, True]
    assert sees(stranger, root, below, far) == [False, False, False]


def test_restricting_a_root_is_one_update_for_all_below_and_opening_it_too(at):
    team, stranger = people.team(), people.user()
    root, elsewhere = action(at), action(at)
    below = action(at, parent=root.subject)
    far = action(at, parent=below.subject)

    with CaptureQueriesContext(connection) as said:
        history.restrict(root.subject, [team.subject_id])
    assert sum("UPDATE history_subject" in query["sql"] for query in said.captured_queries) == 1
    assert sees(stranger, root, below, far, elsewhere) == [False, False, False, True]

    history.restrict(root.subject, None)
    assert sees(stranger, root, below, far) == [True, True, True]


def test_only_a_root_is_restricted_and_kept(at):
    below = action(at, parent=action(at).subject)

    with pytest.raises(ValueError, match="Only a root"):
        history.restrict(below.subject, [])
    with pytest.raises(ValueError, match="Only a root"):
        Placement(parent=below.subject, grants=[NewGrant(1, GrantReason.OWNER, Reach.ROOT)])


def test_restricting_to_nobody_leaves_it_to_its_keepers(at):
    owner, stranger = people.user(), people.user()
    root = action(at, is_root=True, grants=[NewGrant(owner.subject_id, GrantReason.OWNER, Reach.ROOT)])
    below = action(at, parent=root.subject)

    history.restrict(root.subject, [])

    assert sees(owner, root, below) == [True, True]
    assert sees(stranger, root, below) == [False, False]


def test_a_new_root_starts_with_the_viewers_of_its_subject(at):
    team, owner, stranger = people.team(), people.user(), people.user()
    about = action(at, viewers=[team.subject_id])
    keeps = [NewGrant(owner.subject_id, GrantReason.OWNER, Reach.ROOT)]
    own = action(at, parent=about.subject, is_root=True, grants=keeps)

    assert own.subject.root_id is None
    assert sees(owner, own, about) == [True, False]
    history.restrict(about.subject, None)
    assert sees(stranger, own, about) == [False, True]


def test_an_object_below_another_root_has_its_visibility(at):
    team, stranger = people.team(), people.user()
    first, second = action(at), action(at, viewers=[team.subject_id])
    below = action(at, parent=first.subject)
    far = action(at, parent=below.subject)

    history.reroot([below.subject_id, first.subject_id], second.subject)

    assert sees(stranger, first, below, far, second) == [False, False, False, False]
    roots = Subject.objects.filter(pk__in=[one.subject_id for one in (first, below, far)])
    assert set(roots.values_list("root_id", flat=True)) == {second.subject_id}
    history.restrict(second.subject, None)
    assert sees(stranger, first, below, far) == [True, True, True]


def test_the_number_of_statements_does_not_grow(at):
    """The statements of restricting and of granting, for any number of objects and grants."""
    counts = set()
    for number in (1, 3):
        root, reader = action(at), people.user()
        below = [action(at, parent=root.subject) for _ in range(number)]
        with CaptureQueriesContext(connection) as said:
            granted(reader, *below, at=at)
            history.restrict(root.subject, [people.team().subject_id])
        counts.add(len(said))
    assert len(counts) == 1


# ------------------------------------------------------------------ grants


def test_a_grant_outlasts_a_restriction_that_came_later(at):
    asked, root = people.user(), action(at)
    below, beside = action(at, parent=root.subject), action(at, parent=root.subject)
    granted(asked, below, at=at)
    assert "history.sight_granted" not in verbs(below)  # no effect on an open object

    history.restrict(root.subject, [people.team().subject_id])

    assert sees(asked, root, below, beside) == [False, True, False]


def test_sight_ends_with_the_last_of_several_reasons(at):
    asked, source = people.user(), action(at)
    one = action(at, viewers=[people.team().subject_id])
    granted(asked, one, at=at)
    granted(asked, one, at=at)
    granted(asked, one, at=at, source=source.subject)
    granted(asked, one, at=at, reason=GrantReason.CALLED)
    assert Grant.objects.filter(subject=one.subject).count() == 3
    assert verbs(one).count("history.sight_granted") == 1

    ended(asked, one, at=at)
    ended(asked, one, at=at, reason=GrantReason.CALLED)
    assert sees(asked, one) == [True]
    assert "history.grant_ended" not in verbs(one)

    ended(asked, one, at=at, source=source.subject)
    ended(asked, one, at=at, source=source.subject)
    assert sees(asked, one) == [False]
    assert verbs(one).count("history.grant_ended") == 1
    assert not Grant.objects.filter(subject=one.subject, ended_at=None).exists()


def test_whose_team_sees_it_loses_and_gains_nothing_by_a_grant(at):
    team = people.team()
    mate, one = people.user(teams=[team]), action(at, viewers=[team.subject_id])

    granted(mate, one, at=at)
    ended(mate, one, at=at)

    assert verbs(one) == ["actions.action_opened"]
    assert sees(mate, one) == [True]


def test_a_root_passes_from_one_keeper_to_another_with_all_below(at):
    old, new, team = people.user(), people.user(), people.team()
    keeps = [NewGrant(old.subject_id, GrantReason.OWNER, Reach.ROOT)]
    root = action(at, viewers=[team.subject_id], grants=keeps)
    below = action(at, parent=root.subject)
    assert sees(old, root, below) == [True, True]

    history.hand_over_roots([(root.subject, old, new)], reason=GrantReason.OWNER, by=SYSTEM, at=at)

    assert sees(old, root, below) == [False, False]
    assert sees(new, root, below) == [True, True]
    assert verbs(root)[-2:] == ["history.sight_granted", "history.grant_ended"]


def test_who_raised_what_they_hand_over_keeps_it(at):
    raiser = people.user()
    keeps = [
        NewGrant(raiser.subject_id, reason, Reach.ROOT) for reason in (GrantReason.RAISER, GrantReason.OWNER)
    ]
    root = action(at, viewers=[people.team().subject_id], grants=keeps)

    moves = [(root.subject, raiser, people.user())]
    history.hand_over_roots(moves, reason=GrantReason.OWNER, by=SYSTEM, at=at)

    assert sees(raiser, root) == [True]


def test_leaving_ends_all_grants_on_record_and_coming_back_gives_back_what_still_holds(at):
    leaver, admin = people.user(), people.user(role="administrator")
    by = {"by": SYSTEM, "at": at}
    viewers = [people.team().subject_id]
    root = action(at, viewers=viewers, grants=[NewGrant(leaver.subject_id, GrantReason.OWNER, Reach.ROOT)])
    raised = action(at, viewers=viewers, grants=[NewGrant(leaver.subject_id, GrantReason.RAISER, Reach.ROOT)])
    below, asked, passed = (
        action(at, parent=root.subject),
        action(at, viewers=viewers),
        action(at, viewers=viewers),
    )
    granted(leaver, asked, passed, at=at)

    persons.deactivate(leaver, **by)
    assert sees(leaver, root, below, asked, passed, raised) == [False] * 5
    assert verbs(asked)[-1] == verbs(root)[-1] == "history.grant_ended"
    assert "history.grant_ended" not in verbs(raised)  # it would name an anonymous person
    ended(leaver, passed, at=at)

    persons.reactivate(User.objects.get(pk=leaver.pk), **by)
    assert sees(leaver, root, below, asked, passed, raised) == [True, True, True, False, True]
    assert verbs(asked)[-1] == "history.sight_granted"
    assert sees(admin, root, asked) == [False, False]


# ------------------------------------------------------------------ two at once


def _in_thread(act):
    """Run `act` on a separate connection."""

    def run():
        try:
            return act()
        finally:
            connections.close_all()

    return ThreadPoolExecutor(1).submit(run)


def _waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0] > 0


def _until(condition) -> None:
    for _ in range(200):
        if condition():
            return
        Signal().wait(0.05)
    raise AssertionError("It never came to that.")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("depth", [0, 1])
def test_what_is_created_while_its_root_is_being_restricted_is_restricted(at, depth):
    team, stranger, root = people.team(), people.user(), action(at)
    parent = action(at, parent=root.subject) if depth else root

    with transaction.atomic():
        history.restrict(root.subject, [team.subject_id])
        created = _in_thread(lambda: action(at, parent=parent.subject))
        _until(_waits_for_a_lock)

    assert sees(stranger, created.result(20)) == [False]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("depth", [0, 1])
def test_a_root_that_is_restricted_while_something_is_created_below_it_restricts_that_too(at, depth):
    team, stranger, root = people.team(), people.user(), action(at)
    parent = action(at, parent=root.subject) if depth else root

    with transaction.atomic():
        created = action(at, parent=parent.subject)
        restricted = _in_thread(lambda: history.restrict(root.subject, [team.subject_id]))
        _until(_waits_for_a_lock)
        granted(stranger, parent, at=at)  # the remaining grants need no other lock

    restricted.result(20)
    assert sees(stranger, created, parent) == [False, True]


@pytest.mark.django_db(transaction=True)
def test_what_is_created_while_its_root_moves_below_another_belongs_to_that(at):
    team, stranger = people.team(), people.user()
    old, new = action(at), action(at, viewers=[team.subject_id])
    parent = action(at, parent=old.subject)

    with transaction.atomic():
        history.reroot([old.subject_id], new.subject)
        created = _in_thread(lambda: action(at, parent=parent.subject))
        _until(_waits_for_a_lock)

    assert created.result(20).subject.root_id == new.subject_id
    assert sees(stranger, created.result()) == [False]


@pytest.mark.django_db(transaction=True)
def test_two_grants_at_once_both_last(at):
    first, second = people.user(), people.user()
    one = action(at, viewers=[people.team().subject_id])

    with transaction.atomic():
        granted(first, one, at=at)
        other = _in_thread(lambda: granted(second, one, at=at + timedelta(seconds=1)))
        _until(_waits_for_a_lock)
    other.result(20)

    assert sees(first, one) == sees(second, one) == [True]
