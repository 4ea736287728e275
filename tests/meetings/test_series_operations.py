from datetime import UTC, date, datetime, time, timedelta

import pytest

from history.models import Due, Event
from kit.actor import SYSTEM
from kit.refusals import ChangedMeanwhile, Refused
from meetings.models import Meeting, MeetingSeries
from meetings.operations import focus as focuses
from meetings.operations import meeting as meetings
from meetings.operations import series as all_series
from meetings.operations import turns
from meetings.states import MeetingState
from tests.factories import meetings as make
from tests.factories import people

pytestmark = pytest.mark.django_db


def to_come(series) -> list[Meeting]:
    return list(
        Meeting.objects.filter(series=series, state=MeetingState.PLANNED)
        .select_related("focus", "facilitator", "series")
        .order_by("starts_at")
    )


def test_add_plans_twelve_weeks_with_focus_facilitator_stand_in_and_why(at):
    for slug in ("data-engineering", "data-science"):
        people.function(slug)

    series = make.series()

    found = to_come(series)
    assert len(found) == 12
    assert found[0].starts_at == datetime(2026, 11, 25, 9, tzinfo=UTC)
    assert [one.focus.name for one in found[:4]] == [
        "Data-quality signals",
        "Model performance",
        "Deployment readiness and rollback",
        "Data-quality signals",
    ]
    assert all(one.facilitator and one.stand_in_id != one.facilitator_id for one in found)
    assert found[0].why.startswith("Next in rotation: data engineering; ")
    first = series.focuses.get(position=1)
    assert {function.slug for function in first.functions.all()} == {"data-engineering", "data-science"}
    assert any("Labelling quality" in question for question in first.questions)


def test_planning_again_makes_nothing_and_writes_no_event(at):
    series = make.series()
    before = Event.objects.count(), Meeting.objects.count()

    meetings.plan(series, at=at)

    assert (Event.objects.count(), Meeting.objects.count()) == before


def test_the_plan_grows_week_by_week(at):
    series = make.series()
    due = Due.objects.get(kind=turns.PLAN, subject=series.subject_id)

    meetings.plan_due(due, at=due.at)

    assert due.occurrence == "2026-W49"
    assert len(to_come(series)) == 13
    assert Due.objects.filter(kind=turns.PLAN).count() == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("rrule", "FREQ=SECONDLY"),
        ("rrule", "every week"),
        ("time_zone", "Berlin"),
        ("length_minutes", 0),
        ("first_on", date(2025, 11, 21)),
        ("first_on", date(1970, 1, 1)),
    ],
)
def test_add_refuses_what_cannot_be_and_names_the_field(field, value):
    with pytest.raises(Refused) as refusal:
        make.series(**{field: value})

    assert refusal.value.field == field
    assert not MeetingSeries.objects.exists()


def test_a_series_that_began_long_ago_can_be_changed_and_gets_no_other_day_of_long_ago(at):
    series = make.series(first_on=date(2025, 11, 24))
    MeetingSeries.objects.filter(pk=series.pk).update(first_on=date(2019, 11, 25))
    series.refresh_from_db()

    all_series.change(series, {"starts_at": time(11, 0)}, by=SYSTEM, at=at)
    with pytest.raises(Refused, match="18 November 2019 is more than a year ago") as refusal:
        all_series.change(series, {"first_on": date(2019, 11, 18)}, by=SYSTEM, at=at)

    assert refusal.value.field == "first_on"


def test_another_time_of_day_moves_the_meetings_to_come(at):
    series = make.series()
    first = make.planned(series)

    all_series.change(series, {"starts_at": time(14)}, by=SYSTEM, at=at)

    found = to_come(series)
    assert found[0].pk == first.pk
    assert len(found) == 12
    assert found[0].starts_at == datetime(2026, 11, 25, 13, tzinfo=UTC)
    assert (found[0].ends_at - found[0].starts_at) == timedelta(minutes=45)


def test_another_day_cancels_what_the_rule_no_longer_names_and_brings_it_back_when_it_does(at):
    series = make.series(rrule="FREQ=WEEKLY;BYDAY=WE")
    first = make.planned(series)

    all_series.change(series, {"rrule": "FREQ=WEEKLY;BYDAY=TH"}, by=SYSTEM, at=at)
    assert {one.starts_at.weekday() for one in to_come(series)} == {3}

    all_series.change(series, {"rrule": "FREQ=WEEKLY;BYDAY=WE"}, by=SYSTEM, at=at)
    assert {one.starts_at.weekday() for one in to_come(series)} == {2}
    first.refresh_from_db()
    assert first.state == MeetingState.PLANNED


def test_a_meeting_moved_by_hand_stays_where_it_was_put(at):
    series = make.series()
    friday = datetime(2026, 11, 27, 9, tzinfo=UTC)
    meetings.move(make.planned(series), starts_at=friday, by=SYSTEM, at=at)

    all_series.change(series, {"starts_at": time(14)}, by=SYSTEM, at=at)
    meetings.plan(series, at=at)

    found = to_come(series)
    assert found[0].starts_at == friday
    assert len(found) == 12


def test_a_change_of_people_recalculates_the_rotation_and_is_recorded(at):
    series = make.series()
    team, (ana, ben) = make.crew("security", "product")

    all_series.change(series, {"teams": [team]}, by=SYSTEM, at=at)

    assert {one.facilitator_id for one in to_come(series)} == {ana.pk, ben.pk}
    event = Event.objects.get(verb="meetings.series_changed")
    assert event.data["teams"][1] == [team.subject_id]
    assert Event.objects.filter(verb="meetings.meeting_replanned").count() == 12


def test_change_refuses_a_version_that_is_no_longer_there(at):
    series = make.series()
    stale = MeetingSeries.objects.get(pk=series.pk)
    all_series.change(series, {"name": "Other"}, by=SYSTEM, at=at)

    with pytest.raises(ChangedMeanwhile):
        all_series.change(stale, {"name": "Third"}, by=SYSTEM, at=at)


def test_retire_cancels_what_is_to_come_and_keeps_the_past(at):
    series = make.series()
    make.closed(series)

    all_series.retire(series, by=SYSTEM, at=at + timedelta(days=5))

    assert not to_come(series)
    assert Meeting.objects.filter(series=series, state=MeetingState.CLOSED).count() == 1
    assert meetings.plan(series, at=at + timedelta(days=6)) == []


def test_focuses_change_places_and_the_meetings_follow(at):
    series = make.series()
    one, two, three = series.focuses.order_by("position")

    focuses.reorder(series, [three, one, two], by=SYSTEM, at=at)

    assert [meeting.focus_id for meeting in to_come(series)[:3]] == [three.pk, one.pk, two.pk]
    with pytest.raises(Refused):
        focuses.reorder(series, [one, two], by=SYSTEM, at=at)


def test_a_retired_focus_leaves_the_cycle_and_a_new_one_joins_its_end(at):
    series = make.series()
    one, two, three = series.focuses.order_by("position")

    focuses.retire(two, by=SYSTEM, at=at)
    new = focuses.add(series, name="Fairness", kinds=["performance"], by=SYSTEM, at=at)

    assert [meeting.focus_id for meeting in to_come(series)[:3]] == [one.pk, three.pk, new.pk]
    with pytest.raises(Refused) as refusal:
        focuses.change(new, {"kinds": ["weather"]}, by=SYSTEM, at=at)
    assert refusal.value.field == "kinds"


def test_summer_time_keeps_the_wall_time(at):
    series = make.series(at=datetime(2026, 3, 2, tzinfo=UTC), first_on=date(2026, 3, 4))

    hours = [(one.starts_at.month, one.starts_at.day, one.starts_at.hour) for one in to_come(series)[3:5]]

    assert hours == [(3, 25, 9), (4, 1, 8)]
