from datetime import UTC, date, datetime, timedelta

import pytest

from history import relay
from history.models import Due, Event
from history.templatetags.timeline import lines
from kit.actor import SYSTEM, Actor
from kit.refusals import ChangedMeanwhile, IllegalMove, Refused
from meetings.models import AgendaItem, Meeting
from meetings.operations import agenda, attendance, extra, turn, turn_handlers, turns
from meetings.operations import item as items
from meetings.operations import meeting as meetings
from meetings.states import ItemOutcome, ItemState, MeetingState
from people.operations import team as teams
from people.states import Role
from tests.factories import meetings as make
from tests.factories import people

pytestmark = pytest.mark.django_db


def fresh(meeting: Meeting) -> Meeting:
    return Meeting.objects.select_related("series", "subject", "focus").get(pk=meeting.pk)


def to_come(series) -> list[Meeting]:
    return list(Meeting.objects.filter(series=series, state=MeetingState.PLANNED).order_by("starts_at"))


def test_a_cancelled_week_loses_no_focus_and_no_turn(at):
    series = make.series()
    first, second = to_come(series)[:2]

    meetings.cancel(fresh(first), reason="Holiday", by=SYSTEM, at=at)

    second.refresh_from_db()
    assert (second.focus_id, second.facilitator_id) == (first.focus_id, first.facilitator_id)
    assert Event.objects.get(verb="meetings.meeting_cancelled").data["reason"] == "Holiday"


def test_a_cancelled_meeting_is_not_planned_again_and_can_be_reinstated(at):
    series = make.series()
    first = make.planned(series)
    meetings.cancel(first, by=SYSTEM, at=at)

    assert meetings.plan(series, at=at) == []
    meetings.reinstate(first, by=SYSTEM, at=at)

    assert to_come(series)[0].pk == first.pk


def test_the_rota_turns_by_meetings_held_and_never_rewrites_the_past(at):
    series = make.series()
    first = make.closed(series)
    before = Meeting.objects.values("focus_id", "facilitator_id", "why").get(pk=first.pk)
    missed = to_come(series)[0]

    meetings.replan(series, at=missed.ends_at)

    following = to_come(series)[1]
    assert following.focus_id == missed.focus_id
    assert Meeting.objects.values("focus_id", "facilitator_id", "why").get(pk=first.pk) == before
    missed.refresh_from_db()
    assert missed.state == MeetingState.PLANNED


def test_an_absence_passes_the_turn_on_and_says_so(at):
    team, (ana, ben) = make.crew("data-science", each=2)
    series = make.series(team)
    first = make.planned(series)
    assert first.facilitator == ana
    make.away(ana, date(2026, 11, 25))

    turn_handlers.on_absence_changed(Event(subject=ana.subject), at=at)

    first = fresh(first)
    assert first.facilitator == ben
    assert f"{ana.name} is away" in first.why
    event = Event.objects.get(verb="meetings.meeting_replanned", subject=first.subject)
    assert event.data["rows"][0]["changes"]["facilitator_id"] == [ana.pk, ben.pk]
    assert event.data["rows"][0]["changes"]["why"] == ["(changed)", "(changed)"]


def test_take_over_moves_the_turn_and_its_credit(at):
    team, (ana, ben, chi) = make.crew("data-science", each=3)
    series = make.series(team)

    turn.take_over(make.planned(series), by=Actor(ben, "page"), at=at)
    meetings.plan(series, at=at)

    led = [one.facilitator_id for one in to_come(series)[:5]]
    assert led == [ben.pk, ana.pk, chi.pk, ben.pk, ana.pk]
    assert fresh(make.planned(series)).is_taken_over


def test_take_over_is_for_those_who_take_part(at):
    meeting = make.planned()

    with pytest.raises(Refused):
        turn.take_over(meeting, by=Actor(people.user(), "page"), at=at)
    with pytest.raises(Refused):
        viewer = people.user(role=Role.VIEWER, teams=meeting.series.teams.all())
        turn.take_over(meeting, by=Actor(viewer, "page"), at=at)


def test_a_viewer_and_a_deactivated_person_have_no_turn(at):
    team, (ana,) = make.crew("data-science")
    people.user(role=Role.VIEWER, function=ana.function, teams=[team])
    people.user(is_active=False, function=ana.function, teams=[team])

    series = make.series(team)

    assert {one.facilitator_id for one in to_come(series)} == {ana.pk}


def test_a_series_nobody_takes_part_in_says_so():
    meeting = make.planned(make.series(people.team()))

    assert meeting.facilitator is None
    assert meeting.why == "No participant is available on that day"


def test_start_counts_the_turn_for_who_leads(at):
    team, (ana, ben) = make.crew("data-science", each=2)
    series = make.series(team)
    first = make.planned(series)

    meetings.start(first, led_by=ben, by=SYSTEM, at=first.starts_at)

    assert fresh(first).facilitator == ben
    assert to_come(series)[0].facilitator == ana
    with pytest.raises(IllegalMove):
        meetings.start(first, by=SYSTEM, at=at)


def test_move_takes_agenda_focus_and_reminders_along(at):
    meeting = make.planned()
    friday = datetime(2026, 11, 27, 9, tzinfo=UTC)
    focus = meeting.focus_id

    meetings.move(meeting, starts_at=friday, by=SYSTEM, at=at)

    assert fresh(meeting).focus_id == focus
    assert "27 November 2026" in fresh(meeting).subject.title
    due = Due.objects.get(subject=meeting.subject, kind=agenda.PUBLISH, state="pending")
    assert due.at == friday - timedelta(days=1)
    with pytest.raises(Refused):
        meetings.move(meeting, starts_at=at, by=SYSTEM, at=at)


@pytest.mark.parametrize(
    ("start", "fix"),
    [
        (datetime(9999, 12, 31, 23, 59, tzinfo=UTC), "within 50 years"),
        (datetime(2077, 1, 1, tzinfo=UTC), "within 50 years"),
        (datetime(2020, 1, 1, tzinfo=UTC), "in the future"),
    ],
)
def test_a_meeting_is_not_moved_or_added_out_of_reach(at, start, fix):
    meeting = make.planned()

    with pytest.raises(Refused, match=fix) as moved:
        meetings.move(meeting, starts_at=start, by=SYSTEM, at=at)
    with pytest.raises(Refused, match=fix):
        extra.add(meeting.series, starts_at=start, by=SYSTEM, at=at)

    assert moved.value.field == "starts_at"


def test_two_meetings_of_a_series_do_not_start_together(at):
    series = make.series()
    first, second = to_come(series)[:2]

    with pytest.raises(Refused, match="Choose another time"):
        meetings.move(first, starts_at=second.starts_at, by=SYSTEM, at=at)

    meetings.cancel(second, by=SYSTEM, at=at)
    meetings.move(fresh(first), starts_at=second.starts_at, by=SYSTEM, at=at)
    with pytest.raises(Refused, match="Choose another time") as refused:
        meetings.reinstate(fresh(second), by=SYSTEM, at=at)
    assert refused.value.field == "starts_at"


def test_the_timeline_of_a_new_turn_shows_names_and_no_numbers(at):
    first, second = to_come(make.series())[:2]
    meetings.move(first, starts_at=second.starts_at + timedelta(days=1), by=SYSTEM, at=at)
    events = Event.objects.filter(subject=first.subject, verb="meetings.meeting_replanned")

    shown = {change.field: change for line in lines(events) for change in line.changes}

    assert fresh(first).focus_id != first.focus_id
    assert "facilitator" in shown
    assert "focus" not in shown


def test_close_carries_over_what_is_unfinished_and_fixes_the_minutes(at):
    series = make.series()
    meeting = make.live(series)
    item = make.current(meeting, title="Label leakage")

    meetings.close(meeting, improvement="Start on time", was_worth_it=True, by=SYSTEM, at=meeting.ends_at)

    item.refresh_from_db()
    carried = AgendaItem.objects.get(carried_from=item)
    assert item.state == ItemState.CARRIED
    assert carried.meeting.starts_at == meeting.starts_at + timedelta(weeks=1)
    assert (carried.times_carried, carried.state) == (1, ItemState.WAITING)
    assert carried.why == f"Carried over from {meeting.reference}"
    with pytest.raises(Refused) as refusal:
        make.item(meeting, title="Late")
    assert "minutes are final" in refusal.value.message


def test_the_last_recorded_attendance_counts(at):
    meeting = make.live()
    ana, ben = people.user(), people.user()

    attendance.attend(meeting, present=[ana, ben], by=SYSTEM, at=at)
    attendance.attend(meeting, present=[ben], by=SYSTEM, at=at)
    attendance.attend(meeting, present=[ben], by=SYSTEM, at=at)

    present = meeting.attendances.filter(is_present=True)
    assert [row.user_id for row in present] == [ben.pk]
    assert Event.objects.filter(verb="meetings.attendance_noted").count() == 2


def test_the_facilitator_is_notified_a_week_and_a_day_before(at):
    meeting = make.planned(position=1)
    dues = Due.objects.filter(kind=turns.TURN, subject=meeting.subject).order_by("at")
    assert [due.at for due in dues] == [meeting.starts_at - timedelta(days=n) for n in (7, 1)]

    for due in dues:
        turn.remind(due, at=due.at)
    turn.remind(dues[1], at=meeting.ends_at)

    events = Event.objects.filter(verb="meetings.turn_near").order_by("id")
    assert [event.data["days"] for event in events] == [7, 1]
    assert events[0].data["facilitator"] == meeting.facilitator.subject_id


def test_the_objective_is_changed_at_the_version_seen(at):
    meeting = make.planned()
    meetings.change(meeting, {"objective": "Agree the cap"}, by=SYSTEM, at=at)

    with pytest.raises(ChangedMeanwhile):
        meetings.change(fresh(meeting), {"objective": "Other"}, seen=1, by=SYSTEM, at=at)


def test_what_waits_on_a_meeting_that_nobody_starts_goes_to_the_next_one(at):
    series = make.series()
    first, second = to_come(series)[:2]
    waiting = make.item(fresh(first), title="Whose feature is it?")
    due = Due.objects.get(kind=turns.UNHELD, subject=first.subject_id)
    assert due.at == first.ends_at + timedelta(days=1)

    for _ in range(2):
        meetings.note_unheld(due, at=due.at)

    carried = AgendaItem.objects.get(carried_from=waiting)
    assert (carried.meeting, carried.times_carried) == (second, 1)
    assert fresh(first).state == MeetingState.CANCELLED
    told = Event.objects.get(subject=first.subject_id, verb="meetings.meeting_cancelled")
    assert told.data["reason"] == "Nobody started it."
    assert fresh(second).focus_id == first.focus_id


def test_what_nobody_got_to_goes_on_from_a_meeting_that_nobody_closes(at):
    series = make.series()
    meeting = make.live(series)
    left, done = make.item(meeting, title="Left"), make.item(meeting, title="Done")
    items.finish(done, outcome=ItemOutcome.NO_CHANGE, by=SYSTEM, at=meeting.starts_at)
    due = Due.objects.get(kind=turns.UNHELD, subject=meeting.subject_id)

    for _ in range(2):
        meetings.note_unheld(due, at=due.at)

    assert AgendaItem.objects.get(carried_from=left).meeting == make.planned(series, 1)
    assert AgendaItem.objects.filter(title="Done").count() == 1
    meetings.close(fresh(meeting), by=SYSTEM, at=due.at)
    assert AgendaItem.objects.filter(carried_from=left).count() == 1


def test_a_meeting_that_was_started_or_moved_is_not_called_unheld(at):
    series = make.series()
    started, moved = to_come(series)[:2]
    meetings.start(fresh(started), by=SYSTEM, at=started.starts_at)
    old = Due.objects.get(kind=turns.UNHELD, subject=moved.subject_id)
    meetings.move(fresh(moved), starts_at=moved.starts_at + timedelta(days=3), by=SYSTEM, at=at)

    meetings.note_unheld(Due.objects.get(kind=turns.UNHELD, subject=started.subject_id), at=old.at)
    meetings.note_unheld(old, at=old.at)

    assert fresh(started).state == MeetingState.LIVE
    assert fresh(moved).state == MeetingState.PLANNED
    assert Due.objects.filter(kind=turns.UNHELD, subject=moved.subject_id, state="pending").count() == 1


def test_a_lead_who_comes_with_the_lead_has_turns_at_once(at):
    team, _ = make.crew()
    series = make.series(team)
    lead = people.user(function=people.function("security"))
    relay.relay(at=at)

    teams.change(team, {"lead": lead}, by=SYSTEM, at=at)
    relay.relay(at=at)

    assert Meeting.objects.filter(series=series, facilitator=lead).exists()
