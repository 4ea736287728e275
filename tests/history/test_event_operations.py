"""The Event contract: one act, its rows and one event in one transaction."""

from datetime import timedelta

import pytest
from django.db import connection, transaction

from actions.models import Action
from history import operations as history
from history import queries, writing
from history.models import Due, Event, Handover, Subject
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove
from people.models import Team
from tests.factories import people

pytestmark = pytest.mark.django_db


def test_the_tests_work_as_the_application_role():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, has_table_privilege('history_event', 'UPDATE')")
        role, may_update = cursor.fetchone()

    assert role == "riskhub_app"
    assert not may_update


def test_record_gives_birth_to_object_subject_reference_and_event(at):
    action = Action(title="Cap the feature", made_at=at)

    event = history.record(action, "actions.action_opened", by=SYSTEM, at=at)

    subject = Subject.objects.get(pk=action.subject_id)
    assert (subject.kind, subject.object_id, subject.title) == ("action", action.pk, "Cap the feature")
    assert subject.reference == action.reference
    assert action.reference.startswith("A-")
    assert event.subject == subject
    assert event.data["rows"][0]["changes"]["title"] == [None, "Cap the feature"]
    assert event.data["rows"][0]["born"] is True


def test_change_keeps_old_and_new_and_bumps_the_version(at):
    team = people.team("Fraud")
    by = Actor(people.user("Ana"), "page")

    event = history.change(team, {"name": "Fraud ML"}, by=by, at=at)

    team.refresh_from_db()
    assert (team.name, team.version) == ("Fraud ML", 2)
    assert event.verb == "people.team_changed"
    assert event.data["rows"][0]["changes"] == {"name": ["Fraud", "Fraud ML"]}
    assert event.shown_actor.title == "Ana"


def test_change_that_changes_nothing_writes_nothing(at):
    team = people.team("Fraud")

    assert history.change(team, {"name": "Fraud"}, by=SYSTEM, at=at) is None
    assert Team.objects.get(pk=team.pk).version == 1


def test_change_refuses_a_version_that_is_no_longer_there(at):
    team = people.team("Fraud")
    stale = Team.objects.get(pk=team.pk)
    history.change(team, {"name": "Fraud ML"}, by=SYSTEM, at=at)

    with pytest.raises(ChangedMeanwhile) as refusal:
        history.change(stale, {"name": "Other"}, by=SYSTEM, at=at)

    assert refusal.value.present.name == "Fraud ML"
    assert stale.name == "Fraud"
    assert Team.objects.get(pk=team.pk).name == "Fraud ML"


def test_move_takes_its_verb_from_moves_and_refuses_others(at):
    action = Action(title="Cap", made_at=at)
    history.record(action, "actions.action_opened", by=SYSTEM, at=at)

    event = history.move(action, "doing", by=SYSTEM, at=at)

    assert event.verb == "actions.action_started"
    assert event.data["rows"][0]["changes"]["state"] == ["open", "doing"]
    with pytest.raises(IllegalMove, match="doing"):
        history.move(action, "doing", by=SYSTEM, at=at)


def test_bulk_forms_write_one_event_a_row_under_one_batch_with_constant_statements(
    at, django_assert_num_queries
):
    def acts(count):
        return [Action(title=f"Do {n}", made_at=at) for n in range(count)]

    with django_assert_num_queries(3):  # subjects with all ids, rows, events
        few = history.record_many(acts(1) + acts(1), "actions.unheard_of", by=SYSTEM, at=at)
    with django_assert_num_queries(3):
        many = history.record_many(acts(30), "actions.unheard_of", by=SYSTEM, at=at)

    assert len({event.batch for event in many}) == 1
    assert many[0].batch != few[0].batch
    rows = list(Action.objects.all())
    moved = history.move_many(rows, "doing", by=SYSTEM, at=at)
    assert {event.verb for event in moved} == {"actions.action_started"}
    changed = history.change_many([(row, {"title": row.title + "!"}) for row in rows], by=SYSTEM, at=at)
    assert len(changed) == 32
    assert set(Action.objects.values_list("version", flat=True)) == {3}


def test_history_omits_secrets_and_only_refers_to_what_is_erasable():
    person = people.user("Ana Moreau", email="ana@example.org")

    creation = Event.objects.get(subject_id=person.subject_id)

    changes = creation.data["rows"][0]["changes"]
    assert "password" not in changes
    assert "ana@example.org" not in str(creation.data)
    assert changes["name"] == [None, "(changed)"]


def test_a_hidden_actor_stays_hidden_behind_the_one_accessor(at):
    person = people.user("Ana")
    event = history.record(people.team(), "people.team_changed", by=Actor(person, "page").unnamed(), at=at)

    assert event.actor_id == person.subject_id
    assert event.shown_actor is None


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE history_event SET verb = 'x'",
        "DELETE FROM history_event",
        "TRUNCATE history_event CASCADE",
        "ALTER TABLE history_event DISABLE TRIGGER ALL",
        "DROP TABLE history_event CASCADE",
        "DROP TRIGGER history_event_append_only ON history_event",
        "SET session_replication_role = replica",
        "SELECT * FROM history_event FOR UPDATE",
    ],
)
def test_the_application_role_cannot_change_history(attack):
    people.team()
    before = Event.objects.count()

    with pytest.raises(Exception, match=r"permission denied|must be owner"), transaction.atomic():
        connection.cursor().execute(attack)

    assert Event.objects.count() == before


def test_rebuilding_from_history_gives_the_stored_row(at):
    action = Action(title="Cap", made_at=at)
    history.record(action, "actions.action_opened", by=SYSTEM, at=at)
    history.change(action, {"details": "p99", "due_on": (at + timedelta(days=3)).date()}, by=SYSTEM, at=at)
    history.move(action, "done", by=SYSTEM, at=at, values={"settled_at": at})

    rebuilt = queries.rebuilt("actions.action", action.pk)

    action.refresh_from_db()
    assert rebuilt == writing.snapshot(action)


def test_visible_to_shows_open_subjects_and_those_that_name_the_reader_or_a_team(at):
    insider, outsider, asked = people.user(), people.user(), people.user()
    team = people.team()
    people.member(team, insider)
    action = Action(title="Secret", made_at=at)
    history.record(action, "actions.action_opened", by=SYSTEM, at=at, viewers=[team.subject_id])

    assert Action.objects.visible_to(insider).exists()
    assert not Action.objects.visible_to(outsider).exists()
    assert not Event.objects.filter(subject_id=action.subject_id).visible_to(outsider).exists()

    history.grant_sight([action.subject], [asked], reason=history.GrantReason.ASKED, by=SYSTEM, at=at)

    assert Action.objects.visible_to(asked).exists()
    assert Event.objects.filter(subject_id=action.subject_id, verb="history.sight_granted").count() == 1


def test_put_due_counts_an_occurrence_once(at):
    team = people.team()

    history.put_due("people.reminder", team.subject_id, "2026-W48", at)
    history.put_due("people.reminder", team.subject_id, "2026-W48", at + timedelta(days=1))

    assert Due.objects.get().at == at


def test_a_failed_act_leaves_nothing_behind(at):
    team = people.team("Fraud")
    events = Event.objects.count()

    with pytest.raises(ChangedMeanwhile), transaction.atomic():
        history.record(Action(title="Along", made_at=at), "actions.action_opened", by=SYSTEM, at=at)
        history.change(team, {"name": "x"}, by=SYSTEM, at=at, seen=9)

    assert Event.objects.count() == events
    assert not Action.objects.exists()
    assert not Handover.objects.exists()
