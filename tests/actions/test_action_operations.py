"""The operations of actions, and the dates of their reminders."""

from datetime import date, timedelta

import pytest

from actions.models import Action
from actions.operations import action as operations
from actions.operations import reminder
from actions.operations.reminder import OVERDUE, REMINDER
from history import operations as history
from history.models import Due, Event
from history.states import Work
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from people.models import User
from people.states import Role
from tests.conftest import AT
from tests.factories import actions, people

pytestmark = pytest.mark.django_db
FRIDAY = date(2026, 11, 27)


def waiting(action: Action) -> dict[str, Due]:
    rows = Due.objects.filter(subject_id=action.subject_id, state=Work.PENDING)
    return {due.occurrence.split("/")[0]: due for due in rows}


def verbs(action: Action) -> list[str]:
    return list(
        Event.objects.filter(subject_id=action.subject_id).order_by("id").values_list("verb", flat=True)
    )


def test_add_opens_it_with_its_reminders(at):
    people.organisation()
    ana = people.user("Ana")

    action = operations.add(title=" Cap it ", owner=ana, due_on=FRIDAY, by=Actor(ana, "page"), at=at)

    assert (action.title, action.state, action.reference[:2]) == ("Cap it", "open", "A-")
    assert verbs(action) == ["actions.action_opened"]
    assert {when: due.kind for when, due in waiting(action).items()} == {
        "before": REMINDER,
        "after": REMINDER,
        "overdue": OVERDUE,
    }


def test_add_takes_it_without_owner_and_date(at):
    action = operations.add(title="Cap it", by=SYSTEM, at=at)

    assert (action.owner, action.due_on) == (None, None)
    assert waiting(action) == {}


def test_add_refuses_an_empty_title_and_a_person_who_left(at):
    gone = people.user("Gone", is_active=False)

    with pytest.raises(Refused) as empty:
        operations.add(title="  ", by=SYSTEM, at=at)
    with pytest.raises(Refused) as left:
        operations.add(title="Cap", owner=gone, by=SYSTEM, at=at)

    assert (empty.value.field, left.value.field) == ("title", "owner")
    assert not Action.objects.exists()


def test_an_action_about_something_restricted_is_restricted_and_its_owner_may_see_both(at):
    team, ana, stranger = people.team(), people.user("Ana"), people.user("Strange")
    secret = actions.action("Secret", viewers=[team.subject_id])

    action = operations.add(title="Cap", about=secret.subject, owner=ana, by=SYSTEM, at=at)

    seen = Action.objects.visible_to(User.objects.get(pk=ana.pk))
    assert set(seen) == {secret, action}
    assert not Action.objects.visible_to(stranger).exists()


def test_change_of_the_date_moves_the_reminders(at):
    action = actions.action(owner=people.user(), due_on=FRIDAY)

    operations.change(action, {"due_on": FRIDAY + timedelta(days=7)}, by=SYSTEM, at=at)

    found = waiting(action)
    assert set(found) == {"before", "after", "overdue"}
    assert all(due.occurrence.split("/")[1] == "2026-12-04" for due in found.values())


def test_a_date_moved_away_and_back_acts_again(at):
    action = actions.action(owner=people.user(), due_on=FRIDAY)
    operations.change(action, {"due_on": None}, by=SYSTEM, at=at)
    assert waiting(action) == {}

    operations.change(action, {"due_on": FRIDAY}, by=SYSTEM, at=at)

    assert set(waiting(action)) == {"before", "after", "overdue"}


def test_a_change_of_the_owner_notifies_the_new_owner_who_can_see_the_risk(at):
    team, ana, wei = people.team(), people.user("Ana"), people.user("Wei")
    action = actions.action(owner=ana, viewers=[team.subject_id])

    operations.change(action, {"owner": wei}, by=SYSTEM, at=at)

    assert "actions.action_assigned" in verbs(action)
    assert Action.objects.visible_to(wei).get() == action


def test_change_keeps_the_first_of_two_writers(at):
    action = actions.action("Old")
    operations.change(Action.objects.get(pk=action.pk), {"title": "First"}, by=SYSTEM, at=at, seen=1)

    with pytest.raises(ChangedMeanwhile):
        operations.change(action, {"title": "Second"}, by=SYSTEM, at=at, seen=1)

    assert Action.objects.get().title == "First"


def test_a_change_without_a_difference_writes_no_event(at):
    action = actions.action("Same")

    operations.change(action, {"title": "Same"}, by=SYSTEM, at=at, seen=1)

    assert verbs(action) == ["actions.action_opened"]


def test_the_steps_of_its_states(at):
    action = actions.action(due_on=FRIDAY)
    operations.start(action, by=SYSTEM, at=at)
    operations.block(action, reason="No access", by=SYSTEM, at=at)
    assert action.blocked_by == "No access"
    operations.put_back(action, by=SYSTEM, at=at)
    assert action.blocked_by == ""
    operations.finish(action, by=SYSTEM, at=at, note="p99 capped")
    assert (action.settled_at, waiting(action)) == (at, {})
    operations.reopen(action, by=SYSTEM, at=at)
    assert (action.settled_at, len(waiting(action))) == (None, 3)
    operations.drop(action, reason="Not needed", by=SYSTEM, at=at)

    assert verbs(action)[1:] == [
        f"actions.action_{step}" for step in ("started", "blocked", "put_back", "done", "reopened", "dropped")
    ]


def test_steps_that_need_a_reason_refuse_without(at):
    action = actions.action()

    for step in (operations.block, operations.drop):
        with pytest.raises(Refused) as refusal:
            step(action, reason=" ", by=SYSTEM, at=at)
        assert refusal.value.field == "reason"
    assert action.state == "open"


def test_finish_refuses_what_is_dropped(at):
    with pytest.raises(IllegalMove):
        operations.finish(actions.dropped(), by=SYSTEM, at=at)


def test_a_reminder_that_runs_after_the_due_date_notifies_nobody(at):
    action = actions.action(owner=people.user(), due_on=FRIDAY)
    before = waiting(action)["before"]

    reminder.remind(before, at=before.at + timedelta(days=1))  # the day itself
    reminder.remind(before, at=before.at + timedelta(days=2))

    assert verbs(action).count("actions.action_reminded") == 1


def test_remind_notifies_the_owner_before_and_after(at):
    ana = people.user("Ana")
    action = actions.action(owner=ana, due_on=FRIDAY)

    for when in ("before", "after"):
        reminder.remind(waiting(action)[when], at=at)

    notes = [event.data for event in Event.objects.filter(verb="actions.action_reminded").order_by("id")]
    assert [note["when"] for note in notes] == ["before", "after"]
    assert notes[0]["owner"] == ana.pk
    assert Action.objects.get().version == 1


def test_note_overdue_also_writes_an_event_without_an_owner(at):
    action = actions.action(due_on=FRIDAY)

    reminder.remind(waiting(action)["after"], at=at)
    reminder.note_overdue(waiting(action)["overdue"], at=at)

    assert verbs(action) == ["actions.action_opened", "actions.action_overdue"]


@pytest.mark.parametrize("step", ["finish", "move_date", "hand_on"])
def test_dates_of_what_is_moot_do_nothing(step, at):
    action = actions.action(owner=people.user(), due_on=FRIDAY)
    found = waiting(action)
    if step == "finish":
        operations.finish(action, by=SYSTEM, at=at)
    elif step == "move_date":
        operations.change(action, {"due_on": FRIDAY + timedelta(days=1)}, by=SYSTEM, at=at)
    else:
        operations.change(action, {"owner": people.user()}, by=SYSTEM, at=at)
    told = len(verbs(action))

    reminder.remind(found["after"], at=at)
    reminder.note_overdue(found["overdue"], at=at)

    assert len(verbs(action)) == told


def test_actions_follow_the_sight_of_what_they_are_for(at):
    team, ana, stranger = people.team(), people.user("Ana"), people.user()
    root = actions.action("Root")
    action = actions.action(about=root.subject, owner=ana)

    history.restrict(root.subject, [team.subject_id])

    assert not Action.objects.visible_to(stranger).filter(pk=action.pk).exists()
    assert set(Action.objects.visible_to(User.objects.get(pk=ana.pk))) == {root, action}


def test_a_viewer_does_not_become_the_owner_of_an_action(at):
    viewer = people.user("Vic", role=Role.VIEWER)
    made = operations.add(title="Cap the feature", by=SYSTEM, at=at)
    for attempt in (
        lambda: operations.add(title="x", owner=viewer, by=SYSTEM, at=at),
        lambda: operations.change(made, {"owner": viewer}, by=SYSTEM, at=at),
    ):
        with pytest.raises(Refused, match="Vic is a viewer") as refusal:
            attempt()
        assert refusal.value.field == "owner"


YESTERDAY = AT.date() - timedelta(days=1)


def test_a_due_date_that_is_over_is_refused_for_new_actions_and_new_dates():
    by = Actor(people.user("Ana"), "page")
    late = actions.action(due_on=YESTERDAY)  # by Riskhub, for example for a duty

    for act in (
        lambda: operations.add(title="Do it", due_on=YESTERDAY, by=by, at=AT),
        lambda: operations.change(late, {"due_on": YESTERDAY - timedelta(days=1)}, by=by, at=AT),
    ):
        with pytest.raises(Refused, match="today or a later day") as refusal:
            act()
        assert refusal.value.field == "due_on"
    with pytest.raises(Refused) as refusal:
        operations.add_many([{"title": "Do it", "due_on": YESTERDAY}], by=by, at=AT)
    assert refusal.value.field == "[0].due_on"


def test_a_late_action_is_changed_and_an_import_keeps_its_dates():
    user = people.user("Ana")
    late = actions.action(due_on=YESTERDAY)

    operations.change(late, {"title": "Do the rest", "due_on": YESTERDAY}, by=Actor(user, "api"), at=AT)
    imported = operations.add(title="Old", due_on=YESTERDAY, by=Actor(user, "import"), at=AT)
    operations.change(late, {"due_on": AT.date()}, by=Actor(user, "page"), at=AT)

    assert (late.title, late.due_on, imported.due_on) == ("Do the rest", AT.date(), YESTERDAY)
